"""What docs/leaderboard.md says of the exam and of benchmarks/results/exam."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from docs.benchmark_tables import made_with
from docs.tables import RESULTS, as_text, measured, spread, table
from kindergarten.files import read_json
from kindergarten.output import decimals
from kindergarten.reportcard.card import horizon_named
from kindergarten.scenarios import SCENARIOS
from kindergarten.scoring.drivers import DRIVERS
from kindergarten.scoring.score import scale
from kindergarten.scoring.splits import SPLITS
from kindergarten.scoring.statistics import summary

Card = dict[str, Any]


def splits() -> str:
    """The exam's splits, and the most that can be reached in each."""
    return table(("split", "what is different", "at most"), [(s.name, s.about, s.most or "1") for s in SPLITS])


def leaderboard() -> str:
    """One line for each agent: what its seeds got together in every split."""
    found = cards()
    rows = []
    for (scenario, agent), seeds in found.items():
        marks = [[card["marks"][split.name] for card in seeds if split.name in card["marks"]] for split in SPLITS]
        rows.append((scenario, agent, max(map(len, marks)), *map(cell, marks), horizons(seeds)))
    header = ("scenario", "agent", "seeds", *(split.name for split in SPLITS), "horizon")
    made = made_with(*(card for seeds in found.values() for card in seeds))
    return table(header, rows, len(header) - 2) + "\n\n" + made


def demo() -> str:
    """What the agent that comes with the package scores."""
    result = measured("demo")
    rows = [
        (
            row["scenario"],
            scale(row["anticipation"], row["anticipation_ci95"]),
            *(f"{row[share]:.1%}" for share in ("right_answers", "collision_rate")),
        )
        for row in result["rows"]
    ]
    rows.append(("mean", decimals(np.mean([row["anticipation"] for row in result["rows"]]), 3), "", ""))
    return table(("scenario", "anticipation", "right answers", "collisions"), rows, 3) + "\n\n" + made_with(result)


def graduates() -> str:
    """Agents of all scenarios: on average, in the worst, and in the one that they never saw."""
    result, rows = measured("graduates"), []
    for row in result["rows"]:
        seen, least = row["never_seen"], row["least"]
        new = ("", "", "")
        if seen:
            ci95 = spread((seen["anticipation"], *seen["anticipation_ci95"]))
            new = (ci95, *(f"{seen[share]:.1%}" for share in ("right_answers", "collision_rate")))
        trained = f"all but {row['without']}" if seen else "all"
        worst = f"{least['scenario']} {decimals(least['anticipation'])}"
        rows.append((trained, row["seed"], decimals(row["mean"], 3), worst, *new))
    header = ("trained in", "seed", "mean", "least", "never seen", "right answers", "collisions")
    return table(header, rows, 5) + "\n\n" + made_with(*result["rows"])


def cards() -> dict[tuple[str, str], list[Card]]:
    """All cards, by scenario and agent; those of one agent's seeds together."""
    every = [as_text(read_json(file)) for file in sorted(RESULTS.glob("exam/*.json"))]
    found: dict[tuple[str, str], list[Card]] = {}
    for card in sorted(every, key=_place):
        found.setdefault((card["scenario"], card["agent"].partition(", seed ")[0]), []).append(card)
    return found


def _place(card: Card) -> tuple[int, int, str]:
    """Scenarios as they come; first who has learned nothing, then the others by name."""
    drivers = list(DRIVERS)
    rank = drivers.index(card["agent"]) if card["agent"] in drivers else len(drivers)
    return list(SCENARIOS).index(card["scenario"]), rank, card["agent"]


def cell(marks: list[dict[str, Any]]) -> str:
    """What an agent's seeds got in a split; a person has a card for each split."""
    if any(mark["stakes"] is None for mark in marks):
        return "–"
    scores = [mark["anticipation"] for mark in marks if mark["anticipation"] is not None]
    return _several(scores) if scores and len(scores) == len(marks) else ""


def horizons(seeds: list[Card]) -> str:
    """The horizon of the mean of an agent's seeds."""
    ladders = [card["ladder"] for card in seeds]
    if not all(ladders):
        return ""  # a person has driven a few worlds of one split
    staked = {delay: [ladder[delay] for ladder in ladders] for delay in ladders[0]}
    means = {float(delay): sum(row) / len(row) for delay, row in staked.items() if None not in row}
    return horizon_named(means)


def _several(scores: list[float]) -> str:
    return spread(summary(scores)[:3]) if len(scores) > 1 else decimals(scores[0])


MAKERS: tuple[Callable[[], str], ...] = (splits, leaderboard, demo, graduates)
