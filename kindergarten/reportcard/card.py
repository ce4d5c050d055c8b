"""An agent in every split of the exam: its report card, as numbers and as a table."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from statistics import mean
from typing import Any

from kindergarten.api import check_fits
from kindergarten.output import aligned
from kindergarten.progress import Progress
from kindergarten.scoring.agent import Agent
from kindergarten.scoring.exam import Exam
from kindergarten.scoring.reference import FEW, LADDER, SEEDS
from kindergarten.scoring.rollout import rollout
from kindergarten.scoring.score import NOTHING_AT_STAKE, Score, scale
from kindergarten.scoring.splits import NEUTRAL, Mark, Split, splits_of
from kindergarten.scoring.statistics import horizon
from kindergarten.world.config import Config, Scenario
from kindergarten.world.spaces import settings_for


@dataclass(frozen=True)
class ReportCard:
    """All marks of one agent, by split; its scores by delay [s], None where nothing is at stake.

    horizon_s: the delay at which these fall to one half; None if they never do, or none has a score.
    """

    agent: str
    scenario: str
    marks: dict[str, Mark]
    ladder: dict[float, float | None]
    horizon_s: float | None

    def to_dict(self) -> dict[str, Any]:
        """Everything, as plain JSON."""
        return {**asdict(self), "horizon": self.horizon}

    @property
    def horizon(self) -> str:
        """The horizon in words."""
        return horizon_named(self.ladder)

    def table(self, width: int) -> str:
        """The table, so many columns wide."""
        rows = [("", "anticipation", "right", "collided"), *(_row(name, mark) for name, mark in self.marks.items())]
        notes = [f"{name}: {mark.note}" for name, mark in self.marks.items() if mark.note]
        head = f"{self.scenario}, {self.agent}; horizon {self.horizon}"
        return "\n".join((head, aligned(rows, width), *notes))


def horizon_named(ladder: Mapping[float, float | None]) -> str:
    """The horizon of scores by delay [s] in words: "6.1 s", "over 32 s", or that nothing is at stake."""
    seconds = _horizon(ladder)
    if math.isnan(seconds):
        return NOTHING_AT_STAKE
    return f"over {max(ladder):g} s" if math.isinf(seconds) else f"{seconds:.2g} s"


def _horizon(ladder: Mapping[float, float | None]) -> float:
    return horizon({delay: math.nan if score is None else score for delay, score in ladder.items()})


def examine(agents: Mapping[str, Agent], scenario: Scenario) -> list[ReportCard]:
    """Let agents, by name, drive every split of ``scenario``'s exam, and every rung of the ladder; a card for each.

    Split by split: drivers who know the worlds share what is searched for there.

    Raises:
        ValueError: one of them does not fit the scenario.
    """
    candidates = {name: Candidate(agent, scenario) for name, agent in agents.items()}
    for candidate in candidates.values():
        candidate.check()
    marks: dict[str, dict[str, Mark]] = {name: {} for name in candidates}
    ladders: dict[str, dict[float, float | None]] = {name: {} for name in candidates}
    splits = splits_of(scenario)
    progress = Progress(len(splits) + len(LADDER), "splits and delays", lines=False)
    for done, split in enumerate(splits, start=1):
        for name, candidate in candidates.items():
            marks[name][split.name] = candidate.mark(split)
        progress.update(done, split.name)
    for done, delay in enumerate(LADDER, start=len(splits) + 1):
        for name, candidate in candidates.items():
            ladders[name][delay] = candidate.score(scenario, Config(delay_s=(delay, delay))).anticipation
        progress.update(done, f"{delay:g} s")
    progress.close()
    return [card_of(name, scenario.name, marks[name], ladders[name]) for name in candidates]


def card_of(name: str, scenario: str, marks: dict[str, Mark], ladder: dict[float, float | None]) -> ReportCard:
    """The card with its horizon."""
    seconds = _horizon(ladder)
    return ReportCard(name, scenario, marks, ladder, seconds if math.isfinite(seconds) else None)


class Candidate:
    """One agent under examination; what it has driven it need not drive again."""

    def __init__(self, agent: Agent, scenario: Scenario) -> None:
        self._agent, self._scenario = agent, scenario
        self._takes = settings_for(*(getattr(agent, space, None) for space in ("observation_space", "action_space")))
        self._scores: dict[tuple[Scenario, Config, Config | None], Score] = {}

    def check(self) -> None:
        """Refuse an agent that does not fit as the scenario is.

        Raises:
            ValueError: names what it takes, and what there is.
        """
        check_fits(self._agent, self._exam(self._scenario, NEUTRAL))

    def mark(self, split: Split) -> Mark:
        """What it gets in a split; where it does not fit, its mark says so."""
        worlds = split.worlds(self._scenario)
        try:
            for config in split.configs:
                check_fits(self._agent, self._exam(worlds, config))
        except ValueError:
            return Mark(split.about, note=f"it takes no {worlds.num_users} road users")
        scores = [self.score(worlds, config, split.scale) for config in split.configs]
        reached = [score.anticipation for score in scores if score.anticipation is not None]
        whole = len(reached) == len(scores)
        return Mark(
            split.about,
            mean(reached) if whole else None,
            scores[0].ci95 if whole and len(scores) == 1 else None,
            mean(score.right_answers for score in scores),
            mean(score.collision_rate for score in scores),
            mean(score.stakes for score in scores),
            split.most if whole else NOTHING_AT_STAKE,
        )

    def score(self, worlds: Scenario, config: Config, scale: Config | None = None) -> Score:
        """Its score in one setting."""
        key = worlds, config, scale
        if key not in self._scores:
            exam = self._exam(worlds, config, scale)
            rollout(self._agent, exam)
            self._scores[key] = exam.score()
        return self._scores[key]

    def _exam(self, worlds: Scenario, config: Config, scale: Config | None = None) -> Exam:
        """Seen and driven as the agent sees and drives."""
        seeds = SEEDS if (worlds, config) == (self._scenario, NEUTRAL) else SEEDS[:FEW]
        return Exam.of(worlds, replace(config, **self._takes), seeds, scale=scale)


def _row(name: str, mark: Mark) -> tuple[str, ...]:
    if mark.right_answers is None or mark.collision_rate is None:
        return name, "does not fit", "", ""
    return name, scale(mark.anticipation, mark.ci95), f"{mark.right_answers:.1%}", f"{mark.collision_rate:.1%}"
