"""What every plan earns on every leg of a road: the search behind references, and drivers who know the worlds."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from kindergarten.scoring.planner import chances, outcomes, plans_of, to_next_leg, twins
from kindergarten.world.config import Config, Scenario
from kindergarten.world.simulator import Simulator


class Leg(NamedTuple):
    """One leg in all twins (I, S): what each prefix p and continuation c earns there, and whether it gets to the next.

    weights: (I, S) probability of each twin. returns, survives: (I, S, P, C).
    """

    number: int
    family: Simulator
    weights: np.ndarray
    returns: np.ndarray
    survives: np.ndarray

    def worth(self, to_come: np.ndarray) -> np.ndarray:
        """What each plan is worth (I, S, P, C), if ``to_come`` (S,) is what is to be had from the next leg on."""
        return self.returns + self.survives * to_come[:, None, None]


def legs(scenario: Scenario, config: Config, seeds: np.ndarray) -> tuple[Leg, ...]:
    """Search all plans on all ``seeds``, leg by leg from the last to the first; takes all cores.

    Before each leg the car cruises by itself until it drives as it drove before, so that what is to be had there does
    not depend on how it got there. The last search is kept: drivers of several kinds ask for the same.
    """
    kept = ("delay_s", "held", "hands_on", "max_episode_steps")  # neither colours nor signals earn anything themselves
    return _legs(scenario, Config(**{name: getattr(config, name) for name in kept}), tuple(seeds.tolist()))


@lru_cache(maxsize=1)
def _legs(scenario: Scenario, config: Config, seeds: tuple[int, ...]) -> tuple[Leg, ...]:
    plans, found = plans_of(scenario), []
    for number in reversed(range(scenario.road.legs)):
        family = twins(scenario, config, np.array(seeds), number)
        weights = chances(family, number)
        for _ in range(number):
            to_next_leg(family, plans)
        returns, survives = outcomes(family, plans)
        shape = (*weights.shape, *returns.shape[1:])
        found.append(Leg(number, family, weights, returns.reshape(shape), survives.reshape(shape)))
    return tuple(found)
