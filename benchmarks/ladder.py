"""The ladder: every memory on every delay, from 0 to 32 s, several seeds, trained with the curriculum.

python -m benchmarks.ladder [--scenarios Follow Crossing] [--memories lstm none ...] [--captions 0.5 0] [--seeds 5]
                            [--delay 1 32]

Hours of work, so it can be stopped at any time and done in pieces: a run that has begun goes on where it was, one that
is finished (DIR/results/SCENARIO-MEMORY-seedS.json) is left alone. Whatever is there is summed up at the end, and with
``--sum-up`` nothing else is done: a memory may then have fewer seeds than another, or none.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

from benchmarks.agents import run
from benchmarks.common import about, command_line, kindergarten, save, write
from kindergarten.agents.learner.choice import Memory
from kindergarten.agents.learner.config import PPOConfig
from kindergarten.agents.runs.compare import curve_of, grouped, picture, table
from kindergarten.agents.runs.options import FIRST
from kindergarten.agents.runs.run import PACKAGES, Run
from kindergarten.output import columns
from kindergarten.provenance import made_with
from kindergarten.scenarios import SCENARIOS
from kindergarten.scoring.score import anticipation_of, delay_name
from kindergarten.scoring.statistics import summary as summary_of

#: Decisions with the curriculum; without it, the default length of training.
STEPS = {"Follow": 400_000, "Crossing": 1_200_000}
DELAY = (1.0, 32.0)  # [s]
KIND = ("scenario", "memory", "taught")  # what runs of one row of the table have in common


def beside(captions: float) -> str:
    """What stands behind a name if their weight is not the usual one."""
    return "" if captions == PPOConfig.caption_coef else f"-captions{captions:g}"


@dataclass(frozen=True)
class Wanted:
    """One run of the table."""

    scenario: str
    memory: str
    captions: float  # the weight of their loss; 0: nothing but rewards teaches the memory
    delay: tuple[float, float]  # [s] in training
    seed: int

    @property
    def name(self) -> str:
        """What it is, whatever its seed."""
        short = "" if self.delay == DELAY else "-delay{:g}-{:g}".format(*self.delay)
        return f"{self.scenario}-{self.memory}{beside(self.captions)}{short}"

    @property
    def curriculum(self) -> bool:
        """Whether it begins with short delays."""
        return self.delay[1] > FIRST

    @property
    def steps(self) -> int:
        """Decisions that the table is made with."""
        if not self.curriculum:
            return SCENARIOS[self.scenario].training
        return STEPS.get(self.scenario, max(STEPS.values()))


def finish(folder: Path, result: Path, wanted: Wanted, options: argparse.Namespace) -> None:
    """Train a run, or go on with it, drive the ladder, and write down what came out."""
    words = ["--captions", wanted.captions, "--steps", options.steps or wanted.steps, "--worlds", options.worlds]
    words += ["--curriculum"] if wanted.curriculum else []
    run(folder, wanted.scenario, wanted.memory, wanted.seed, *words, "--delay", *wanted.delay)
    kindergarten("evaluate", folder, "--ladder")
    write(result, result_of(Run.open(folder)))


def result_of(run: Run) -> dict[str, Any]:
    """What a finished run is worth."""
    rows = run.results("ladder.json")
    curve = curve_of(run).T[:: max(1, curve_of(run).shape[1] // 20)]
    return {
        **run.identity(run.options.scenario),
        "steps": run.options.steps,
        "anticipation": {delay_name(row["delay_s"]): round(anticipation_of(row), 4) for row in rows},
        "collision_rate": {delay_name(row["delay_s"]): round(row["collision_rate"], 4) for row in rows},
        "curve": [[int(step), round(score, 3)] for step, score in curve],
        "made_with": made_with(PACKAGES),
    }


def summary(results: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A row per KIND: middle, low and high on every rung where something is at stake."""
    rows = []
    for kind in dict.fromkeys(map(kind_of, results)):
        mine = [result for result in results if kind_of(result) == kind]
        scores = {delay: [result["anticipation"][delay] for result in mine] for delay in mine[0]["anticipation"]}
        staked = {delay: row for delay, row in scores.items() if not any(map(math.isnan, row))}
        found = {delay: [round(value, 3) for value in summary_of(row)[:3]] for delay, row in staked.items()}
        rows.append({**dict(zip(KIND, kind, strict=True)), "seeds": len(mine), "anticipation": found})
    return rows


def kind_of(result: dict[str, Any]) -> tuple[str, ...]:
    """What it is a result of, whatever its seed."""
    return tuple(result[name] for name in KIND)


def main(argv: list[str] | None = None) -> int:
    """Do what is missing, print the table, draw the picture."""
    parser = command_line("ladder", __doc__, seeds=5, runs=True)
    memories = [memory.value for memory in reversed(Memory)]
    parser.add_argument("--scenarios", nargs="+", choices=list(SCENARIOS), default=list(STEPS), metavar="NAME")
    parser.add_argument("--memories", nargs="+", choices=memories, default=memories, metavar="NAME")
    captions = [PPOConfig.caption_coef]
    parser.add_argument("--captions", type=float, nargs="+", default=captions, help="weights of their loss")
    parser.add_argument("--delay", type=float, nargs=2, default=DELAY, metavar="S", help="in training: from, to")
    parser.add_argument("--steps", type=int, help="decisions per run, instead of those that the table is made with")
    parser.add_argument("--worlds", type=int, default=256, help="side by side (default: %(default)s)")
    parser.add_argument("--sum-up", action="store_true", help="train nothing: only what is there already")
    parser.add_argument("--picture", type=Path, metavar="FILE", help="draw learning curves and ladder, for each weight")
    options = parser.parse_args(argv)
    rows = list(product(options.captions, options.scenarios, options.memories))
    folders: dict[str, list[Path]] = {beside(captions): [] for captions in options.captions}
    results = []
    for seed, (captions, scenario, memory) in product(range(options.seeds), rows):  # all have a seed before one has two
        wanted = Wanted(scenario, memory, captions, tuple(options.delay), seed)
        folder = options.runs / wanted.name / f"seed{seed}"
        result = options.runs / "results" / f"{wanted.name}-seed{seed}.json"
        if not result.exists() and options.sum_up:
            continue
        if not result.exists():
            finish(folder, result, wanted, options)
        results.append(json.loads(result.read_text()))
        folders[beside(captions)].append(folder)
    if not results:
        raise SystemExit(f"there are no results in {options.runs / 'results'} yet")
    found = {name: grouped(map(Run.open, some)) for name, some in folders.items() if some}
    print(table([group for groups in found.values() for group in groups], columns()))
    for name, groups in found.items() if options.picture else ():
        save(options.picture.with_stem(options.picture.stem + name), picture(groups))
    if options.out:
        write(options.out, {**about("ladder", PACKAGES), "rows": summary(results)})
    return 0


if __name__ == "__main__":
    sys.exit(main())
