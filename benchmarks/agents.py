"""What agents reach: every scenario with and without memory, several seeds, `train.py`'s defaults.

python -m benchmarks.agents --out benchmarks/results/agents.json [--scenarios Town] [--runs DIR] [--seeds 3]
                            [--memoryless 1]

Trains what DIR lacks (DIR/SCENARIO-MEMORY/seedS, the folders that ``train.py --seeds`` writes) and sums it up. With
``--scenarios``, or with 0 agents of a kind, the rows of all others stay as they are in the result. Each row says
how and with what it was made; what the result says of itself is about those that do not.
"""

from __future__ import annotations

import argparse
import csv
import json
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.common import ROOT, about, kindergarten, show_row, together, write
from kindergarten.scenarios import SCENARIOS
from kindergarten.scoring.score import anticipation_of

#: Left out: four million decisions take ten minutes.
LEFT_OUT = {("Town", "none")}
MEMORIES = ("lstm", "none")
PACKAGES = ("torch", "stable-baselines3", "sb3-contrib", "gymnasium", "numpy", "numba")


def run(folder: Path, scenario: str, memory: str, seed: int, *words: object) -> dict[str, Any]:
    """The evaluation of one run. If it is not there yet it is trained, with these words on the command line; if it has
    begun already, it goes on.
    """
    if not (folder / "evaluation.json").exists():
        named = ["--scenario", scenario, "--memory", memory, "--seed", seed, "--out", folder]
        kindergarten("train", *(["--resume", folder] if (folder / "config.json").exists() else [*named, *words]))
    return found_in(folder)


def finished(folder: Path) -> list[Path]:
    """The folders of the runs in ``folder`` that are finished: its seeds, in order."""
    return [path.parent for path in sorted(folder.glob("seed*/evaluation.json"))]


def found_in(folder: Path) -> dict[str, Any]:
    """The evaluation of a finished run, its learning curve, and what it took."""
    found = json.loads((folder / "evaluation.json").read_text())
    with (folder / "metrics.csv").open() as file:
        rows = list(csv.DictReader(file))
    curve = [[int(row["time/total_timesteps"]), round(float(row["evaluation/anticipation"]), 3)] for row in rows]
    config = json.loads((folder / "config.json").read_text())
    origin = {"steps": config["options"]["steps"], "commit": config["made_with"]["commit"]}
    return {**found, **origin, "seconds": float(rows[-1]["time/time_elapsed"]), "curve": curve[::4]}


def right_in_the_delay(runs: list[dict[str, Any]], who: str) -> float | None:
    """Share of the delay's frames in which ``who`` names the intent, the mean over the seeds."""
    found = [run["captions"][who]["by_phase"]["delay"]["accuracy"] for run in runs]
    return None if None in found else round(float(np.mean(found)), 4)


def row_of(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """One line of the table: what the seeds say together."""
    return {
        "scenario": runs[0]["scenario"],
        "memory": runs[0]["memory"],
        "decisions": runs[0]["steps"],
        "commits": sorted({run["commit"] for run in runs}),
        **together([anticipation_of(run) for run in runs]),
        "collision_rate": round(float(np.mean([run["collision_rate"] for run in runs])), 4),
        "goal_rate": round(float(np.mean([run["goal_rate"] for run in runs])), 4),
        **{f"{who}_right_in_the_delay": right_in_the_delay(runs, who) for who in ("agent", "single_frame")},
        "seconds": [round(run["seconds"]) for run in runs],
        "curves": [run["curve"] for run in runs],
    }


def main() -> None:
    """Train what is missing, print the table, write it."""
    parser = argparse.ArgumentParser("benchmarks.agents", description=__doc__)
    parser.add_argument("--out", type=Path, help="write the result here")
    parser.add_argument("--scenarios", nargs="+", choices=SCENARIOS, default=list(SCENARIOS), help="these alone")
    parser.add_argument("--runs", type=Path, default=ROOT / "runs" / "benchmark", help="where the runs are")
    parser.add_argument("--seeds", type=int, default=3, help="of each agent with an LSTM (default: %(default)s)")
    parser.add_argument("--memoryless", type=int, default=1, help="of each without (default: %(default)s)")
    options = parser.parse_args()
    made = about("agents", PACKAGES)
    before = json.loads(options.out.read_text()) if options.out and options.out.exists() else {"rows": []}
    rows = {(row["scenario"], row["memory"]): row for row in before["rows"]}
    for scenario, memory in product(options.scenarios, MEMORIES):
        count = options.seeds if memory == "lstm" else options.memoryless
        if count == 0 or (scenario, memory) in LEFT_OUT:
            continue
        folder = options.runs / f"{scenario}-{memory}"
        row = row_of([run(folder / f"seed{s}", scenario, memory, s) for s in range(count)])
        rows[scenario, memory] = {**row, **made}
        show_row(row)
    if options.out:
        ordered = [rows[key] for key in product(SCENARIOS, MEMORIES) if key in rows]
        write(options.out, {**made, **before, "rows": ordered})


if __name__ == "__main__":
    main()
