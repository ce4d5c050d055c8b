"""How often answers are right, and what the driving is worth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from kindergarten.agents.diagnose.twin_set import Rollout, TwinSet
from kindergarten.scoring.criterion import Criterion
from kindergarten.scoring.reference import reference_on
from kindergarten.scoring.statistics import bootstrap


@dataclass(frozen=True)
class Rate:
    """How often, with its 95 % bootstrap interval over seeds."""

    mean: float
    low: float
    high: float


def criterion_of(twins: TwinSet) -> Criterion:
    """What counts as the right answer in a twin set."""
    return Criterion.of(twins.scenario, twins.config, twins.seeds)


def right_rate(criterion: Criterion, rollout: Rollout) -> Rate:
    """How often the answers of a rollout are right."""
    return rate(criterion.right(rollout.earned.reshape(criterion.chances.shape)), criterion.chances)


def guesses(rate: Mapping[str, float], chance: float) -> bool:
    """Whether who is right so often (a Rate as JSON) is no better than whoever guesses."""
    return rate["low"] <= chance + 0.02


def rate(happened: np.ndarray, weights: np.ndarray) -> Rate:
    """How often something happened (I, S), intents weighted by their chances (I, S)."""
    by_seed = (happened * weights).sum(axis=0)
    return Rate(float(by_seed.mean()), *bootstrap(lambda rows: by_seed[rows].mean(axis=1), len(by_seed)))


def anticipation(rollout: Rollout, twins: TwinSet) -> float:
    """The score of a rollout between blind (0) and oracle (1); nan where nothing is at stake."""
    returns = (rollout.returns.reshape(twins.shape) * twins.weights).sum(axis=0)
    return reference_on(twins.scenario, twins.config, twins.seeds).anticipation(returns)
