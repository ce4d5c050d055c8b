"""A score: what an agent earned in an exam, on the scale from blind (0) to oracle (1)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from kindergarten.output import aligned, decimals

HEADS = ("", "return", "anticipation", "right", "collided", "goal")
NOTHING_AT_STAKE = "nothing at stake"  # the oracle earns hardly more than blind: there is no scale


@dataclass(frozen=True, eq=False)  # arrays are not compared in one go; to_dict() is
class Score:
    """What an agent earned in every world. Means over intents are weighted by the intents' probabilities.

    scenario: its name. settings: the environment's keywords.
    anticipation: 0 = the best without memory, 1 = the best with the intents known; None where nothing is at stake.
    ci95: its 95 % bootstrap interval over worlds (seeds); None likewise.
    right_answers: share of worlds with the right answer, apart from how well it was driven; of several junctions, at
        the first.
    collision_rate, goal_rate: shares of worlds.
    by_intent: return_mean, right_answers, collision_rate and goal_rate for each intent of the signaller.
    return_mean, blind, oracle: mean returns. stakes: what anticipation is worth, as a share of what the worst answer
    costs. returns: (I, S) of intents and seeds. seeds: (S,).
    """

    scenario: str
    settings: dict[str, Any]
    anticipation: float | None
    ci95: tuple[float, float] | None
    right_answers: float
    collision_rate: float
    goal_rate: float
    by_intent: dict[str, dict[str, float]]
    return_mean: float
    blind: float
    oracle: float
    stakes: float
    returns: np.ndarray
    seeds: np.ndarray

    def to_dict(self) -> dict[str, Any]:
        """Everything, as plain JSON."""
        return {
            "scenario": self.scenario,
            "settings": self.settings,
            "delay_s": self.settings["delay_s"],
            "episodes": int(self.returns.size),
            "return_mean": self.return_mean,
            "blind": self.blind,
            "oracle": self.oracle,
            "stakes": self.stakes,
            "anticipation": self.anticipation,
            "anticipation_ci95": self.ci95,
            "right_answers": self.right_answers,
            "collision_rate": self.collision_rate,
            "goal_rate": self.goal_rate,
            "by_intent": self.by_intent,
            "returns": np.round(self.returns, 6).tolist(),
            "seeds": self.seeds.tolist(),
        }

    def __str__(self) -> str:
        return self.table(80)

    def table(self, width: int, **beside: Score) -> str:
        """The table, so many columns wide; scores of the same exam ``beside`` it have a line each."""
        rows = [
            HEADS,
            ("blind: no memory", decimals(self.blind, 3), "0", "", "", ""),
            _row("this agent", vars(self), self.scale),
            *(_row(f"  user 1: {name}", row, "") for name, row in self.by_intent.items()),
            *(_row(name.replace("_", " "), vars(other), other.scale) for name, other in beside.items()),
            ("oracle: intents known", decimals(self.oracle, 3), "1", "", "", ""),
        ]
        head = f"{self.scenario}, delay {delay_name(self.settings['delay_s'])}, {self.returns.size:,} episodes"
        return f"{head}\n{aligned(rows, width)}"

    @property
    def scale(self) -> str:
        """The anticipation in words."""
        return scale(self.anticipation, self.ci95)


def table_of(scores: Sequence[Score], width: int) -> str:
    """A line for each of several scenarios or delays, so many columns wide, and the mean of all."""
    names = [f"{score.scenario}, {delay_name(score.settings['delay_s'])}" for score in scores]
    found = [score.anticipation for score in scores if score.anticipation is not None]
    mean = ("mean", "", decimals(np.mean(found), 3) if found else NOTHING_AT_STAKE, "", "", "")
    rows = [_row(name, vars(score), score.scale) for name, score in zip(names, scores, strict=True)]
    return aligned([HEADS, *rows, mean], width)


def scale(anticipation: float | None, ci95: Sequence[float] | None) -> str:
    """An anticipation in words: with its interval, or that nothing is at stake."""
    if anticipation is None:
        return NOTHING_AT_STAKE
    return decimals(anticipation, 3) + ("" if ci95 is None else " ({}..{})".format(*(decimals(end, 3) for end in ci95)))


def anticipation_of(found: Mapping[str, Any]) -> float:
    """The anticipation in what ``Score.to_dict`` has said; nan where nothing is at stake."""
    return math.nan if found["anticipation"] is None else float(found["anticipation"])


def delay_name(delay_s: Sequence[float]) -> str:
    """``(1, 4)`` -> "1..4 s", ``(8, 8)`` -> "8 s"."""
    low, high = delay_s
    return f"{low:g} s" if low == high else f"{low:g}..{high:g} s"


def _row(name: str, found: Mapping[str, Any], scale: str) -> tuple[str, ...]:
    shares = (f"{found[share]:.1%}" for share in ("right_answers", "collision_rate", "goal_rate"))
    return name, decimals(found["return_mean"], 3), scale, *shares
