"""The ladder: every memory on every delay, from 0 to 32 s, several seeds, trained with the curriculum.

python -m benchmarks.ladder [--scenarios Follow Crossing] [--memories lstm none ...] [--seeds 5] [--runs DIR]

Hours of work, so it can be stopped at any time and done in pieces: a run that has begun goes on where it was, one that
is finished (DIR/results/SCENARIO-MEMORY-seedS.json) is left alone. Whatever is there is summed up at the end, and with
``--sum-up`` nothing else is done: a memory may then have fewer seeds than another, or none.
"""

from __future__ import annotations

import argparse
import json
import math
import subprocess
import sys
from pathlib import Path
from typing import Any

from benchmarks.common import ROOT, command, made_with, write
from kindergarten.agents.compare import curve_of, delay_name, grouped, picture, print_groups
from kindergarten.agents.memory import Memory
from kindergarten.agents.run import Run
from kindergarten.agents.statistics import with_interval
from kindergarten.scenarios import SCENARIOS

#: Decisions; the default lengths of training, twice that of Follow: the curriculum takes as long as the lesson.
STEPS = {"Follow": 400_000, "Crossing": 1_200_000}
DELAY = ("1", "32")  # [s]
PACKAGES = ("torch", "stable-baselines3", "sb3-contrib", "gymnasium", "numpy", "numba")


def kindergarten(*words: object) -> None:
    """Run a command of ours; whatever goes wrong ends this program too."""
    subprocess.run([sys.executable, "-m", "kindergarten", *map(str, words)], cwd=ROOT, check=True)


def finish(folder: Path, result: Path, scenario: str, memory: str, seed: int, options: argparse.Namespace) -> None:
    """Train a run, or go on with it, drive the ladder, and write down what came out."""
    if (folder / "config.json").exists():
        kindergarten("train", "--resume", folder)
    else:
        steps = options.steps or STEPS.get(scenario, max(STEPS.values()))
        words = ["--scenario", scenario, "--memory", memory, "--seed", seed, "--steps", steps, "--out", folder]
        kindergarten("train", *words, "--worlds", options.worlds, "--curriculum", "--delay", *DELAY)
    kindergarten("evaluate", folder, "--ladder")
    write(result, result_of(Run.open(folder)))


def result_of(run: Run) -> dict[str, Any]:
    """What a finished run is worth."""
    rows = json.loads((run.folder / "ladder.json").read_text())
    curve = curve_of(run).T[:: max(1, curve_of(run).shape[1] // 20)]
    return {
        **run.identity,
        "steps": run.options["steps"],
        "anticipation": {delay_name(row["delay_s"]): round(row["anticipation"], 4) for row in rows},
        "collision_rate": {delay_name(row["delay_s"]): round(row["collision_rate"], 4) for row in rows},
        "curve": [[int(step), round(score, 3)] for step, score in curve],
        "made_with": made_with(PACKAGES),
    }


def summary(results: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A row per scenario and memory: interquartile mean and interval on every rung where something is at stake."""
    rows = []
    for scenario, memory in dict.fromkeys((result["scenario"], result["memory"]) for result in results):
        mine = [result for result in results if (result["scenario"], result["memory"]) == (scenario, memory)]
        scores = {delay: [result["anticipation"][delay] for result in mine] for delay in mine[0]["anticipation"]}
        staked = {delay: row for delay, row in scores.items() if not any(map(math.isnan, row))}
        found = {delay: [round(value, 3) for value in with_interval(row)] for delay, row in staked.items()}
        rows.append({"scenario": scenario, "memory": memory, "seeds": len(mine), "anticipation": found})
    return rows


def main(argv: list[str] | None = None) -> int:
    """Do what is missing, print the table, draw the picture."""
    parser = argparse.ArgumentParser("python -m benchmarks.ladder", description=__doc__)
    memories = [memory.value for memory in reversed(Memory)]
    parser.add_argument("--scenarios", nargs="+", choices=list(SCENARIOS), default=list(STEPS), metavar="NAME")
    parser.add_argument("--memories", nargs="+", choices=memories, default=memories, metavar="NAME")
    parser.add_argument("--seeds", type=int, default=5, help="of each (default: %(default)s)")
    parser.add_argument("--runs", type=Path, default=ROOT / "runs" / "ladder", help="where the runs are")
    parser.add_argument("--steps", type=int, help="decisions per run, instead of those that the table is made with")
    parser.add_argument("--worlds", type=int, default=256, help="side by side (default: %(default)s)")
    parser.add_argument("--sum-up", action="store_true", help="train nothing: only what is there already")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write the summary as JSON")
    parser.add_argument("--picture", type=Path, metavar="FILE", help="draw learning curves and ladder")
    options = parser.parse_args(argv)
    wanted = [(s, m, k) for k in range(options.seeds) for s in options.scenarios for m in options.memories]
    folders, results = [], []
    for scenario, memory, seed in wanted:  # seed by seed: whoever stops it early has all memories
        folder = options.runs / f"{scenario}-{memory}" / f"seed{seed}"
        result = options.runs / "results" / f"{scenario}-{memory}-seed{seed}.json"
        if not result.exists() and options.sum_up:
            continue
        if not result.exists():
            finish(folder, result, scenario, memory, seed, options)
        results.append(json.loads(result.read_text()))
        folders.append(folder)
    if not results:
        raise SystemExit(f"there are no results in {options.runs / 'results'} yet")
    groups = grouped(Run.open(folder) for folder in folders)
    print_groups(groups)
    if options.picture:
        picture(groups).savefig(options.picture)
    if options.out:
        result = {"benchmark": "ladder", "command": command("benchmarks.ladder"), "made_with": made_with(PACKAGES)}
        write(options.out, {**result, "rows": summary(results)})
    return 0


if __name__ == "__main__":
    sys.exit(main())
