"""Evaluation of a trained agent: its score, what it believes of the others, and a replay to look at."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from kindergarten.agents.evaluation.agent import PolicyAgent
from kindergarten.agents.evaluation.captions import PredictionLog, assess, attention_found, caption_table
from kindergarten.agents.learner.ppo import MemoryPPO
from kindergarten.output import columns, decimals
from kindergarten.replay.replay import Replay
from kindergarten.scoring.exam import Exam
from kindergarten.scoring.reference import SEEDS
from kindergarten.scoring.rollout import rollout
from kindergarten.scoring.score import NOTHING_AT_STAKE, Score, anticipation_of, table_of
from kindergarten.scoring.statistics import mean_at_stake
from kindergarten.world.codes import Kind
from kindergarten.world.config import Config, Scenario
from kindergarten.world.spaces import settings_for

MATTERS = 1e-3  # of the return: where knowing the signaller's intent is worth more than that, it matters


def exam_for(model: MemoryPPO, scenario: Scenario, config: Config, seeds: np.ndarray | None = None) -> Exam:
    """The exam of a setting, its observations in the form that the agent takes."""
    return Exam.of(scenario, replace(config, **settings_for(model.observation_space, None)), seeds)


@dataclass(frozen=True)
class Evaluation:
    """What came out: the score, how long it was trained, and how good its captions and its attention are, if it has.

    last: the score of the last checkpoint and how long that was trained, if this is another one.
    """

    score: Score
    decisions: int
    captions: dict[str, Any] | None = None
    attention: dict[str, Any] | None = None
    last: tuple[Score, int] | None = None

    def to_dict(self) -> dict[str, Any]:
        """As ``evaluation.json`` holds it."""
        more = {"captions": self.captions, "attention": self.attention}
        kept = {name: value for name, value in more.items() if value is not None}
        if self.last is not None:
            score, decisions = self.last
            kept["last_checkpoint"] = {"decisions": decisions, **_short(score)}
        return {**self.score.to_dict(), "decisions": self.decisions, **kept}

    @property
    def total(self) -> int:
        """Decisions of the whole training."""
        return self.decisions if self.last is None else self.last[1]

    def print(self) -> None:
        """Print it as people read it."""
        beside = {} if self.last is None else {"last_checkpoint": self.last[0]}
        self.print_with(self.score.table(columns(), **beside))
        if self.captions is not None:
            print(f"\n{caption_table(self.captions, columns())}")
        if self.attention is not None:
            to, count = self.attention["matters"], self.attention["by_count"]
            print(f"attention to whoever matters, before t3: {to:.1%} (by count {count:.1%})")

    def print_with(self, table: str) -> None:
        """Print a table of it below what it is of."""
        print(f"best checkpoint, after {self.decisions:,} of {self.total:,} decisions:")
        print(table)
        if self.decisions == 0 < self.total:
            print(
                "That is what the training began with, an untrained network or --init: no other was checked. Train on."
            )


def print_all(found: Sequence[Evaluation]) -> None:
    """Print what came out; of several scenarios a line each."""
    scores = [each.score for each in found]
    if len({score.scenario for score in scores}) == 1:
        for each in found:
            each.print()
        return
    table, last = table_of(scores, columns()), [each.last[0] for each in found if each.last is not None]
    if last:
        mean = mean_at_stake([anticipation_of(vars(score)) for score in last])
        table += f"\nlast checkpoint: mean {NOTHING_AT_STAKE if math.isnan(mean) else decimals(mean, 3)}"
    found[0].print_with(table)


def _short(score: Score) -> dict[str, Any]:
    """What of a score stands beside another."""
    names = ("anticipation", "anticipation_ci95", "return_mean", "right_answers", "collision_rate", "goal_rate")
    return {name: value for name, value in score.to_dict().items() if name in names}


def evaluate(model: MemoryPPO, scenario: Scenario, config: Config) -> Evaluation:
    """Evaluate an agent on the setting's seeds."""
    exam = exam_for(model, scenario, config)
    if not model.policy.num_labels:
        rollout(PolicyAgent(model.policy), exam)
        return Evaluation(exam.score(), int(model.num_timesteps))
    log = PredictionLog(exam)
    rollout(PolicyAgent(model.policy), exam, [log])
    matters = np.where(exam.reference.oracle - exam.reference.blind > MATTERS, exam.chances, 0.0)
    attention = attention_found(log.attended, matters.flatten())
    return Evaluation(exam.score(), int(model.num_timesteps), assess(log.frames()), attention)


def record(model: MemoryPPO, scenario: Scenario, config: Config, agent: str, reward_scale: float = 1.0) -> Replay:
    """A replay of twins: the first seed on which a cyclist signals, once with every intent.

    ``reward_scale``: what rewards were multiplied by when the agent learned (see ``Run.reward_scale``).
    """
    simulator = exam_for(model, scenario, config, SEEDS).simulator
    signaller = simulator.signallers()[: len(SEEDS)]
    shows = (signaller["kind"] == Kind.CYCLIST) & (signaller["truthful"] == 1)
    exam = exam_for(model, scenario, config, SEEDS[[int(shows.argmax())]])
    agent_there = PolicyAgent(model.policy, look=True, reward_scale=reward_scale)
    episodes = rollout(agent_there, exam, record=range(exam.num_envs))
    return Replay.of(exam.simulator, episodes, agent)
