"""One agent for all scenarios, and what it makes of one that it never saw.

python -m benchmarks.graduates [--without Crossing Crossroads] [--seeds 3] [--runs DIR] [--out FILE]

Trains what DIR lacks, with ``--scenario all``: DIR/all/seedS, and DIR/without-NAME/seed0 without each that is held out.
Then each is scored in all scenarios, on the 256 seeds of the references, and FILE is written anew; rows that were not
asked for stay.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

import kindergarten
from benchmarks import agents
from benchmarks.common import about, command_line, read, show_row, write
from benchmarks.demo import KEPT
from kindergarten.agents.runs.run import PACKAGES
from kindergarten.scenarios import SCENARIOS


def row_of(folder: Path, without: str | None, seed: int, *words: object) -> dict[str, Any]:
    """What one agent, which is trained first, scores: where it was, and in the scenario that it never saw."""
    agents.finish(folder, "all", seed, *words, *(["--without", without] if without else []))
    about_run = json.loads((folder / "config.json").read_text())
    found = {name: kindergarten.score(str(folder), name).to_dict() for name in SCENARIOS}
    scores = {name: round(score["anticipation"], 3) for name, score in found.items() if name != without}
    least = min(scores, key=scores.__getitem__)
    return {
        "without": without,
        "seed": seed,
        "decisions": about_run["options"]["steps"],
        "commit": about_run["made_with"]["commit"],
        "mean": round(float(np.mean(list(scores.values()))), 3),
        "least": {"scenario": least, "anticipation": scores[least]},
        "scores": scores,
        "never_seen": {name: found[without][name] for name in KEPT} if without else None,
    }


def main(argv: list[str] | None = None) -> int:
    """Train what is missing, score, print, write."""
    parser = command_line("graduates", __doc__, seeds=3, runs=True)
    parser.add_argument("--without", nargs="*", choices=SCENARIOS, default=[], metavar="NAME", help="those to hold out")
    parser.add_argument("--steps", type=int, default=14_000_000, help="decisions of each (default: %(default)s)")
    parser.add_argument("--worlds", type=int, help="side by side, for a trial; as many as there are if left out")
    options = parser.parse_args(argv)
    words = ["--steps", options.steps, *(["--worlds", options.worlds] if options.worlds else [])]
    plan = [(options.runs / "all" / f"seed{seed}", None, seed) for seed in range(options.seeds)]
    plan += [(options.runs / f"without-{name}" / "seed0", name, 0) for name in options.without]
    made = about("graduates", PACKAGES)
    rows = {(row["without"], row["seed"]): row for row in read(options.out)["rows"]}
    for folder, without, seed in plan:
        rows[without, seed] = {**row_of(folder, without, seed, *words), **made}
        show_row(rows[without, seed])
        if options.out:
            order = [None, *SCENARIOS]
            ordered = [rows[key] for key in sorted(rows, key=lambda key: (order.index(key[0]), key[1]))]
            write(options.out, {"benchmark": made["benchmark"], "rows": ordered})
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
