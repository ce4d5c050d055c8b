"""What the agent that comes with the package scores: python -m benchmarks.demo --out benchmarks/results/demo.json."""

from __future__ import annotations

import kindergarten
from benchmarks.common import about, command_line, report
from kindergarten.agents.runs.run import PACKAGES
from kindergarten.scenarios import SCENARIOS

KEPT = (
    "scenario",
    "episodes",
    "blind",
    "oracle",
    "anticipation",
    "anticipation_ci95",
    "right_answers",
    "collision_rate",
)


def main(argv: list[str] | None = None) -> int:
    """Score it in every scenario, with the defaults."""
    parser = command_line("demo", __doc__)
    parser.add_argument("--scenarios", nargs="+", choices=SCENARIOS, default=list(SCENARIOS), metavar="NAME")
    options = parser.parse_args(argv)
    found = (kindergarten.score("demo", scenario).to_dict() for scenario in options.scenarios)
    report(options.out, about("demo", PACKAGES), ({name: score[name] for name in KEPT} for score in found))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
