"""Right or wrong: what counts as the right answer, apart from how well it was driven."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from kindergarten.scoring.planner import Plans, chances, outcomes, plans_of, twins
from kindergarten.scoring.reference import relevant
from kindergarten.world.config import Config, Scenario

SEARCHED = 6  # seeds on which the answers are searched for
WRONG = 0.2  # of what the worst answer costs: an answer that costs less is as right as the best


@dataclass(frozen=True)
class Criterion:
    """What a world has to earn for its answer to count as right: more than half of the way from wrong to right.

    An answer is the one plan that is best for an intent on average over a few seeds. Other answers may be as right as
    the oracle's: where it does not matter whether somebody turns right or rides on. One mark holds for all seeds, the
    median of theirs: a plan that is good on average may fail on a few.

    pass_mark: (I, 1) return on the first leg. chances: (I, S) of the intents. chance: how often the best constant
    answer is right.
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
    earned, weights = answers(scenario, config, np.array(seeds)), chances(twins(scenario, config, np.array(seeds)))
    right = np.einsum("iis->is", earned)
    loss = (right[:, None] - earned).mean(2)
    wrong = loss > WRONG * loss.max(axis=1, keepdims=True)
    best_wrong = np.where(wrong[:, :, None], earned, -np.inf).max(axis=1)
    chance = (weights.mean(1)[:, None] * ~wrong).sum(axis=0).max()
    return Criterion(np.median((right + best_wrong) / 2.0, axis=1, keepdims=True), weights, float(chance))


def answers(scenario: Scenario, config: Config, seeds: np.ndarray) -> np.ndarray:
    """What each answer earns in the worlds of each intent, on the first leg: (I worlds, I answers, S)."""
    plans, intents = plans_of(scenario), len(scenario.intents)
    found, _ = outcomes(twins(scenario, config, seeds[:SEARCHED]), plans)
    best = found.reshape(intents, -1, found[0].size).mean(axis=1).argmax(axis=1)
    earned = []
    for p, c in zip(*np.divmod(best, len(plans.continuations)), strict=True):
        answer = Plans(plans.prefixes[p : p + 1], plans.continuations[c : c + 1])
        returns, _ = outcomes(twins(scenario, config, seeds), answer)
        earned.append(returns.reshape(intents, len(seeds)))
    return np.stack(earned, axis=1)
