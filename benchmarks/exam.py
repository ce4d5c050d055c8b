"""The leaderboard's report cards: those who have not learned anything, and whoever was trained.

python -m benchmarks.exam [--scenarios Follow Crossing] [--agents oracle blind last-signal random] [--runs DIR]
                          [--stock 5]

Writes benchmarks/results/exam/SCENARIO-AGENT.json for each of the agents, and for every finished run in DIR
(DIR/SCENARIO-MEMORY/seedS, the folders that ``benchmarks.agents`` trains). ``--stock``: sb3-contrib's RecurrentPPO with
our numbers, so many seeds, each trained for LONGER times the decisions of ours. What is there already is left alone, so
it can be stopped at any time; ``make pages`` then writes docs/leaderboard.md.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from benchmarks.agents import FIRST, finished
from benchmarks.common import ROOT, about
from benchmarks.trainer import LIKE_OURS, LONGER, Annealing, stock_like_ours
from kindergarten.agents.runs.options import usual
from kindergarten.agents.runs.run import PACKAGES
from kindergarten.evaluation import named
from kindergarten.files import write_whole
from kindergarten.reportcard.card import ReportCard, examine
from kindergarten.reportcard.command import cards
from kindergarten.scenarios import SCENARIOS
from kindergarten.scoring.agent import PredictAgent
from kindergarten.scoring.drivers import DRIVERS
from kindergarten.world.config import Scenario


def write_card(file: Path, card: ReportCard) -> None:
    """Write a card, and how it was made."""
    found = {**about("exam", PACKAGES), **card.to_dict()}
    write_whole(file, (json.dumps(found, indent=1) + "\n").encode())
    print(file.relative_to(ROOT) if file.is_relative_to(ROOT) else file, flush=True)


def stock(scenario: Scenario, seed: int) -> ReportCard:
    """The card of stock's RecurrentPPO with our numbers, which it trains."""
    model = stock_like_ours(seed, scenario.worlds, usual(scenario.name).learner, scenario.name)
    model.learn(LONGER * scenario.training, Annealing())
    (card,) = examine({f"{LIKE_OURS}, seed {seed}": PredictAgent(model)}, scenario)
    return card


def main(argv: list[str] | None = None) -> int:
    """Examine whoever has no card yet."""
    parser = argparse.ArgumentParser("python -m benchmarks.exam", description=__doc__)
    parser.add_argument("--scenarios", nargs="+", choices=SCENARIOS, default=list(SCENARIOS), metavar="NAME")
    parser.add_argument("--agents", nargs="*", choices=DRIVERS, default=list(DRIVERS), metavar="NAME")
    parser.add_argument("--runs", type=Path, default=ROOT / "runs" / "benchmark", metavar="DIR", help="trained agents")
    parser.add_argument("--stock", type=int, default=0, metavar="SEEDS", help="stock, trained here (default: none)")
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks" / "results" / "exam", metavar="DIR")
    options = parser.parse_args(argv)
    for scenario in options.scenarios:
        files = {name: options.out / f"{scenario}-{name}.json" for name in options.agents}
        missing = {name: named(name) for name, file in files.items() if not file.exists()}
        for card in examine(missing, SCENARIOS[scenario]):
            write_card(files[card.agent], card)
        for seed in range(FIRST, FIRST + options.stock):
            file = options.out / f"{scenario}-stock-seed{seed}.json"
            if not file.exists():
                write_card(file, stock(SCENARIOS[scenario], seed))
        for folder in sorted(options.runs.glob(f"{scenario}-*")):
            for run in finished(folder):
                file = options.out / f"{folder.name}-{run.name}.json"
                if not file.exists():
                    write_card(file, *cards(str(run), None))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
