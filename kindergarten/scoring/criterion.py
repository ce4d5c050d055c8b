"""Right or wrong: what counts as the right answer, apart from how well it was driven."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from kindergarten.scoring.planner import Plans, array_of_seeds, chances, outcomes, plans_of, twins
from kindergarten.scoring.reference import relevant
from kindergarten.world.config import Config, Scenario

SEARCHED = 6  # seeds on which the answers are searched for
WRONG = 0.2  # of what the worst answer costs: an answer that costs less is as right as the best


@dataclass(frozen=True)
class Criterion:
    """What a world has to earn for its answer to count as right: more than half of the way from wrong to right.

    An answer is the one plan that is best for an intent on average over a few seeds. Other answers may be as right as
    the oracle's: where it does not matter whether somebody turns right or rides on; where all are, whatever is no worse
    than half way to the worst plan is right. One mark holds for all seeds of a cast, the median of theirs: a plan that
    is good on average may fail on a few.

    pass_mark: (I, S) return on the first leg. chances: (I, S) of the intents. chance: how often the best constant
    answer is right, where it may differ by cast.
    """

    pass_mark: np.ndarray
    chances: np.ndarray
    chance: float

    @classmethod
    def of(cls, scenario: Scenario, config: Config, seeds: np.ndarray) -> Criterion:
        """The criterion of a setting on ``seeds`` (S,); worked out once in a process."""
        return _criterion(scenario, relevant(config), tuple(int(seed) for seed in seeds))

    def right(self, first_leg: np.ndarray) -> np.ndarray:
        """Which answers are right (I, S) bool, by what was earned on the first leg (I, S)."""
        return first_leg > self.pass_mark


@lru_cache(maxsize=64)
def _criterion(scenario: Scenario, config: Config, seeds: tuple[int, ...]) -> Criterion:
    family = twins(scenario, config, array_of_seeds(seeds))
    weights, casts = chances(family), family.worlds["cast"][: len(seeds)]
    marks, chance = np.zeros(weights.shape), 0.0
    for cast in np.unique(casts):  # what there is to earn differs by cast
        rows = np.flatnonzero(casts == cast)
        marks[:, rows], its = _mark(scenario, config, array_of_seeds(seeds)[rows], weights[:, rows])
        chance += its * len(rows) / len(seeds)
    return Criterion(marks, weights, chance)


def _mark(scenario: Scenario, config: Config, seeds: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, float]:
    """What must be earned (I, 1) on ``seeds``, which are of one cast, and how often the best constant answer is right.

    weights: (I, S) chances of the intents; those that the cast does not have are nobody's answer.
    """
    earned, worst = answers(scenario, config, seeds)
    possible = weights.any(axis=1)
    right = np.einsum("iis->is", earned)
    loss = np.where(possible, (right[:, None] - earned).mean(2), 0.0)
    wrong = loss > WRONG * loss.max()  # of all intents: for one that calls for nothing every answer may be right
    best_wrong = np.where(wrong[:, :, None], earned, -np.inf).max(axis=1)
    best_wrong = np.where(wrong.any(axis=1, keepdims=True), best_wrong, worst[:, None])
    chance = (weights.mean(1)[:, None] * ~wrong)[:, possible].sum(axis=0).max()
    return np.median((right + best_wrong) / 2.0, axis=1, keepdims=True), float(chance)


def answers(scenario: Scenario, config: Config, seeds: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What each answer earns in the worlds of each intent, on the first leg: (I worlds, I answers, S).

    Also what the worst plan earns there (I,), on average over the few seeds on which the answers are searched for.
    """
    plans, intents = plans_of(scenario), len(scenario.intents)
    found, _ = outcomes(twins(scenario, config, seeds[:SEARCHED]), plans)
    on_average = found.reshape(intents, -1, found[0].size).mean(axis=1)
    earned = []
    for p, c in zip(*np.divmod(on_average.argmax(axis=1), len(plans.continuations)), strict=True):
        answer = Plans(plans.prefixes[p : p + 1], plans.continuations[c : c + 1])
        returns, _ = outcomes(twins(scenario, config, seeds), answer)
        earned.append(returns.reshape(intents, len(seeds)))
    return np.stack(earned, axis=1), on_average.min(axis=1)
