"""Does it help to pay rewards when they are decided? Follow with long delays, without captions, with and without.

python -m benchmarks.redistribution --out benchmarks/results/redistribution.json [--runs DIR] [--pictures DIR]

Captions would teach the memory at every frame; without them all that it ever hears of a signal is what the answer
earned. Trains what DIR lacks (DIR/plain/seedS, DIR/redistributed/seedS) and sums it up.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from benchmarks import agents
from benchmarks.common import about, command_line, show_row, write
from kindergarten.agents.diagnose.report import drawing
from kindergarten.agents.diagnose.report.drawing import MINE, OTHER, legend_above, line_at
from kindergarten.agents.runs.run import PACKAGES

DELAY = ("8", "32")  # [s]
STEPS = 600_000
ARMS = {"plain": (), "redistributed": ("--redistribute",)}


def finished(folder: Path, arm: str, seed: int, options: argparse.Namespace) -> dict[str, Any]:
    """Score and learning curve of one run, which is trained if it is not there yet."""
    words = ["--steps", str(options.steps), "--worlds", str(options.worlds), *ARMS[arm]]
    return agents.run(folder, "Follow", "lstm", seed, "--captions", "0", "--delay", *DELAY, *words)


def curves(axes: Axes, numbers: Mapping[str, Any]) -> None:
    """Learning curves: thin for each seed, thick for their mean."""
    for row, colour in zip(numbers["rows"], (OTHER, MINE), strict=False):
        found = np.array(row["curves"])  # (seeds, updates, 2)
        for curve in found:
            axes.plot(curve[:, 0] / 1e6, curve[:, 1], color=colour, linewidth=0.8, alpha=0.5)
        axes.plot(found[0, :, 0] / 1e6, found[:, :, 1].mean(axis=0), color=colour, linewidth=2.6, label=row["rewards"])
    line_at(axes, 0.0, "blind")
    line_at(axes, 1.0, "oracle")
    axes.set_ylim(-0.4, 1.08)
    axes.set_xlabel("million decisions")
    axes.set_ylabel("anticipation")
    legend_above(axes, 2)


def main(argv: list[str] | None = None) -> int:
    """Train what is missing, print, write, draw."""
    parser = command_line("redistribution", __doc__, seeds=5, runs=True)
    parser.add_argument("--steps", type=int, default=STEPS, help="decisions of each run (default: %(default)s)")
    parser.add_argument("--worlds", type=int, default=256, help="side by side (default: %(default)s)")
    parser.add_argument("--pictures", type=Path, metavar="DIR", help="draw the learning curves")
    options = parser.parse_args(argv)
    found: dict[str, list[dict[str, Any]]] = {arm: [] for arm in ARMS}
    for seed in range(options.seeds):  # seed by seed: whoever stops it early has both
        for arm, runs in found.items():
            runs.append(finished(options.runs / arm / f"seed{seed}", arm, seed, options))
    rows = [{"rewards": arm, **agents.row_of(runs)} for arm, runs in found.items()]
    for row in rows:
        show_row(row)
    if options.out:
        settings = {"scenario": "Follow", "delay": DELAY, "steps": options.steps, "captions": 0}
        write(options.out, {**about("redistribution", PACKAGES), "settings": settings, "rows": rows})
    if options.pictures:
        drawing.write(options.pictures, "redistribution", curves, {"rows": rows})
    return 0


if __name__ == "__main__":
    sys.exit(main())
