"""For the right reason? Agents whose training let colours go with the intents, and what they make of the colour.

python -m benchmarks.reasons --out benchmarks/results/reasons.json [--runs DIR] [--pictures docs/images/understanding]

Trains what DIR lacks (DIR/SCENARIO-SPURIOUS/seedS), with `train.py`'s defaults else, and asks every agent what
``kindergarten diagnose`` asks: right answers and collisions with colours that go with the intent, mean nothing, go
against it; with the signal deleted and the colour kept, and the other way round.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch as th
from matplotlib.axes import Axes

from benchmarks import agents
from benchmarks.common import about, command_line, show_row, write
from kindergarten.agents.diagnose import FULL, RecurrentPolicy
from kindergarten.agents.diagnose.questions.reasons import CONDITIONS, conditions
from kindergarten.agents.diagnose.rate import criterion_of
from kindergarten.agents.diagnose.report import drawing
from kindergarten.agents.diagnose.report.drawing import GREY, MINE, OTHER, legend_above, line_at, percent
from kindergarten.agents.diagnose.twin_set import TwinSet
from kindergarten.agents.runs.run import PACKAGES, Run
from kindergarten.scenarios import scenario_named
from kindergarten.scoring.criterion import Criterion
from kindergarten.scoring.reference import SEEDS
from kindergarten.world.config import Config

#: How far colours went with the intents in training, and on how many seeds.
PLAN = {"Follow": ((0.0, 0.5, 0.9, 1.0), 5), "Crossing": ((0.0, 0.9, 1.0), 3)}


def trained(folder: Path, scenario: str, spurious: float, seed: int, steps: int | None) -> Run:
    """A run, which is trained if it is not there yet."""
    trial = [] if steps is None else ["--steps", str(steps), "--worlds", "8"]
    agents.run(folder, scenario, "lstm", seed, "--spurious", f"{spurious:g}", *trial)
    return Run.open(folder)


def row_of(runs: Sequence[Run], twins: TwinSet, criterion: Criterion) -> dict[str, Any]:
    """What runs that differ in their seeds alone do: lists (seeds,), and the mean reliance."""
    found = [conditions(RecurrentPolicy(run.load_model().policy), twins, criterion) for run in runs]
    return {
        "scenario": twins.scenario.name,
        "spurious": runs[0].config.spurious,
        "commits": sorted(
            {json.loads((run.folder / "config.json").read_text())["made_with"]["commit"] for run in runs}
        ),
        "chance": round(criterion.chance, 4),
        "right": {name: [round(f[name]["right"]["mean"], 4) for f in found] for name in CONDITIONS},
        "collisions": {name: [round(f[name]["collisions"], 4) for f in found] for name in CONDITIONS},
        "reliance": [round(f["reliance"], 4) for f in found],
    }


def rows_of(scenario: str, options: argparse.Namespace) -> list[dict[str, Any]]:
    """All rows of a scenario."""
    shares, seeds = PLAN[scenario]
    twins = TwinSet(scenario_named(scenario), Config(), SEEDS[: FULL.seeds])
    criterion, rows = criterion_of(twins), []
    for spurious in shares:
        folder = options.runs / f"{scenario}-{spurious:g}"
        numbers = range(min(seeds, options.seeds or seeds))
        runs = [trained(folder / f"seed{k}", scenario, spurious, k, options.steps) for k in numbers]
        rows.append(row_of(runs, twins, criterion))
        show_row(rows[-1])
    return rows


def reliance(axes: Axes, numbers: Mapping[str, Any]) -> None:
    """Right answers by what the training taught of colours: a dot for each seed, a line through the means."""
    rows = numbers["rows"]
    places = np.arange(len(rows))
    for shift, name, colour in ((-0.12, "aligned", MINE), (0.0, "neutral", GREY), (0.12, "against", OTHER)):
        found = [row["right"][name] for row in rows]
        axes.plot(places + shift, [np.mean(values) for values in found], color=colour, linewidth=1.6, label=name)
        for place, values in zip(places + shift, found, strict=True):
            axes.plot([place] * len(values), values, "o", color=colour, markersize=5, alpha=0.7)
    percent(axes)
    line_at(axes, rows[0]["chance"], "guessing")
    axes.set_xticks(places, [f"{row['spurious']:.0%}" for row in rows])
    axes.set_xlabel("training worlds whose colour goes with the intent")
    axes.set_ylabel("right answers")
    legend_above(axes, 3)


def main(argv: list[str] | None = None) -> int:
    """Train what is missing, ask, print, write, draw."""
    parser = command_line("reasons", __doc__, runs=True)
    parser.add_argument("--scenarios", nargs="+", choices=list(PLAN), default=list(PLAN), metavar="NAME")
    parser.add_argument("--seeds", type=int, help="of each, at most (default: those of the plan)")
    parser.add_argument("--steps", type=int, help="decisions, for a trial; the scenario's own number if left out")
    parser.add_argument("--pictures", type=Path, metavar="DIR", help="draw a figure of each scenario")
    options = parser.parse_args(argv)
    th.set_num_threads(1)
    found = {scenario: rows_of(scenario, options) for scenario in options.scenarios}
    if options.out:
        write(options.out, {**about("reasons", PACKAGES), "rows": [row for rows in found.values() for row in rows]})
    for scenario, rows in found.items() if options.pictures else ():
        drawing.write(options.pictures, f"reasons-{scenario.lower()}", reliance, {"rows": rows})
    return 0


if __name__ == "__main__":
    sys.exit(main())
