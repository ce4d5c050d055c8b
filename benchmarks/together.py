"""What agents who learn together in Meeting say to each other, who listens, and how they get on with other populations.

python -m benchmarks.together --out benchmarks/results/playground_learning.json [--kinds free] [--seeds 5] [--runs DIR]

Trains what DIR lacks, kind by kind with one seed, then with the next; with seeds that nothing was tuned on. Some kinds
begin with the agents of another, such as those of honest lamps, and go on by other rules. After each the
result is written anew, so it may be stopped at any time, and goes on where it was.
"""

from __future__ import annotations

import json
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

import torch as th

from benchmarks.agents import course
from benchmarks.common import about, command_line, kindergarten, read, show_row, write
from kindergarten.agents.evaluation.agent import PolicyAgent
from kindergarten.agents.runs.run import PACKAGES, Run
from kindergarten.agents.runs.together import crossed, rules_of

FIRST = 200  # budgets and numbers were chosen on seeds from 0 on, and on 100
STEPS, REST = 1_000_000, 500_000  # decisions, and of those who begin with another's agents
TEAM = ("--social", 0.5)  # while both drive, an agent earns the mean of both
HELP = ("--legible", 0.1)
#: Whoever has learned to brake for lamps goes on with less noise: else its own lamps tell nobody anything.
CALM = ("--n-epochs", 5, "--noise-hold", 4, "--ent-coef", 0.01, "--learning-rate", 0.0015)


class Course(NamedTuple):
    """What a training is told on the command line, and the kind whose agents it begins with, if it does."""

    words: tuple[object, ...]
    after: str = ""
    memory: str = "lstm"


KINDS = {
    "honest": Course(("--signals", "honest")),
    "told": Course(("--signals", "told"), "honest"),
    "free": Course(("--fade", 0.6, *HELP), "honest"),
    "free, a tenth humans": Course(("--humans", 0.1, "--fade", 0.6, *HELP), "honest"),
    "free, a quarter humans": Course(("--humans", 0.25, "--fade", 0.6, *HELP), "honest"),
    "free, half humans": Course(("--humans", 0.5, "--fade", 0.6, *HELP), "honest"),
    "a quarter humans, broken lamps": Course(("--humans", 0.25, "--defects", 0.1, "--fade", 0.6, *HELP), "honest"),
    "free, past selves": Course(("--past", 0.25, "--fade", 0.6, *HELP), "honest"),
    "early": Course(("--signals", "early", "--fade", 0.6, *HELP), "honest"),
    "muted": Course(("--signals", "off"), "honest"),
    "told, from nothing": Course(("--signals", "told")),
    "told, no memory": Course(("--signals", "told"), memory="none"),
    "honest, no memory": Course(("--signals", "honest"), memory="none"),
    "early, no memory": Course(("--signals", "early", "--fade", 0.6, *HELP), "honest, no memory", "none"),
    "free, from nothing": Course(HELP),
}
SPEAK = ("free", "free, a quarter humans")  # of whose seeds everyone meets everyone


def trained(runs: Path, name: str, seed: int) -> Path:
    """The folder of an agent. If it is not there yet it is trained; if it has begun already, it goes on."""
    kind, folder = KINDS[name], runs / name.replace(",", "").replace(" ", "-") / f"seed{seed}"
    if not (folder / "evaluation.json").exists():
        first: tuple[object, ...] = ("--steps", STEPS)
        if kind.after:
            first = ("--init", trained(runs, kind.after, seed), "--steps", REST, *CALM)
        named = ("--scenario", "Meeting", "--memory", kind.memory, "--seed", seed, "--threads", 1, "--out", folder)
        begun = (folder / "config.json").exists()
        kindergarten("train", "--quiet", *(["--resume", folder] if begun else [*named, *TEAM, *kind.words, *first]))
    return folder


def found_in(folder: Path) -> dict[str, Any]:
    """The evaluation of a finished run, its learning curve, and what it took."""
    found = json.loads((folder / "evaluation.json").read_text())
    curve, seconds = course(folder, "communication")
    return {**found, "seconds": round(seconds), "curves": curve}


def meetings(folders: list[Path]) -> list[list[float]]:
    """``communication`` of each run's agents in the first seat, row by row, with each run's in the second."""
    runs = [Run.open(folder) for folder in folders]
    agents, (scenario,) = [PolicyAgent(run.load_model().policy) for run in runs], runs[0].scenarios
    home = [run.read_json("evaluation.json")["communication"] for run in runs]
    return crossed(agents, scenario, [rules_of(run) for run in runs], home).round(3).tolist()


def main(words: list[str] | None = None) -> None:
    """Train what is missing, print and write."""
    parser = command_line("together", (__doc__ or "").splitlines()[0], seeds=5, runs=True)
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=list(KINDS), metavar="KIND", help="these alone")
    asked = parser.parse_args(words)
    measure(asked.kinds, asked.seeds, asked.runs, asked.out)


def measure(kinds: list[str], seeds: int, runs: Path, out: Path | None) -> None:
    """All that was asked for, seed by seed, and how agents of different seeds get on."""
    th.set_num_threads(1)  # small networks: a second thread waits longer than it works
    made, result, numbers = about("playground_learning", PACKAGES, "together"), read(out), range(FIRST, FIRST + seeds)
    rows = {(row["kind"], row["seed"]): row for row in result["rows"]}
    folders: dict[str, list[Path]] = {name: [] for name in kinds}
    for seed, name in product(numbers, kinds):
        folders[name].append(trained(runs, name, seed))
        if (name, seed) not in rows:
            rows[name, seed] = {"kind": name, **found_in(folders[name][-1]), **made}
            show_row(rows[name, seed])
        if FIRST < seed == numbers[-1] and name in SPEAK:
            result.setdefault("meetings", {})[name] = meetings(folders[name])
        if out is not None:
            ordered = [rows[key] for key in sorted(rows, key=lambda key: (list(KINDS).index(key[0]), key[1]))]
            write(out, {**result, "benchmark": made["benchmark"], "rows": ordered})


if __name__ == "__main__":
    main()
