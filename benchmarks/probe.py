"""What a probe reads in a memory that nobody taught to caption: agents trained with `--captions 0`.

python -m benchmarks.probe [--scenarios Follow Crossing] [--seeds 3] [--runs DIR] [--out FILE]

Trains what DIR lacks, with `train.py`'s defaults otherwise; whatever is there is summed up. `benchmarks.agents` has
those whom the captions teach.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from benchmarks.agents import PACKAGES, found_in, row_of, run
from benchmarks.common import ROOT, command, made_with, write
from kindergarten.scenarios import SCENARIOS

USUAL = ["Follow", "Crossing"]


def by_phase(runs: list[dict[str, Any]]) -> dict[str, list[float | None]]:
    """How often the captions are right in each phase, for each seed."""
    phases = [one["captions"]["agent"]["by_phase"] for one in runs]
    return {name: [phase[name]["accuracy"] for phase in phases] for name in phases[0]}


def main(argv: list[str] | None = None) -> int:
    """Train what is missing, print the table, write it."""
    parser = argparse.ArgumentParser("python -m benchmarks.probe", description=__doc__)
    parser.add_argument(
        "--scenarios", nargs="+", choices=list(SCENARIOS), default=["Follow", "Crossing"], metavar="NAME"
    )
    parser.add_argument("--seeds", type=int, default=3, help="of each (default: %(default)s)")
    parser.add_argument("--runs", type=Path, default=ROOT / "runs" / "probe", help="where the runs are")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write the table as JSON")
    options = parser.parse_args(argv)
    for seed in range(options.seeds):
        for scenario in options.scenarios:
            run(options.runs / scenario / f"seed{seed}", scenario, "lstm", seed, "--captions", "0")
    rows = []
    for scenario in SCENARIOS:
        runs = [found_in(path.parent) for path in sorted((options.runs / scenario).glob("seed*/evaluation.json"))]
        if not runs:
            continue
        rows.append({**row_of(runs), "right_by_phase": by_phase(runs)})
        print(json.dumps({name: value for name, value in rows[-1].items() if name != "curves"}))
    if options.out:
        about = {"benchmark": "probe", "command": command("benchmarks.probe"), "made_with": made_with(PACKAGES)}
        write(options.out, {**about, "rows": rows})
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
