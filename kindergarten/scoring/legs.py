"""What every plan earns on every leg of a road: the search behind references, and drivers who know the worlds."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from kindergarten.scoring.planner import Plans, array_of_seeds, chances, outcomes, plans_of, to_next_leg, twins
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
    not depend on how it got there, but for some centimetres. The last search is kept: drivers of several kinds ask for
    the same.
    """
    return _legs(scenario, bare(config), tuple(seeds.tolist()))


def bare(config: Config) -> Config:
    """``config`` without what earns nothing itself, such as colours and signals."""
    return Config(**{name: getattr(config, name) for name in ("delay_s", "held", "hands_on", "max_episode_steps")})


@lru_cache(maxsize=1)
def _legs(scenario: Scenario, config: Config, seeds: tuple[int, ...]) -> tuple[Leg, ...]:
    plans, found = plans_of(scenario), []
    for number in reversed(range(scenario.road.legs)):
        family = twins(scenario, config, array_of_seeds(seeds), number)
        for _ in range(number):
            to_next_leg(family, plans)
        found.append(searched(number, family, plans))
    return tuple(found)


def searched(number: int, family: Simulator, plans: Plans) -> Leg:
    """What all plans earn on the leg on which the twins are."""
    weights = chances(family, number)
    returns, survives = outcomes(family, plans)
    shape = (*weights.shape, *returns.shape[1:])
    return Leg(number, family, weights, returns.reshape(shape), survives.reshape(shape))
