"""A playground where cars learn by themselves to read what others are about to do.

Importing it registers the environments with Gymnasium, and nothing else: no torch, no pygame, no kernel.
"""

import gymnasium

from kindergarten.scenarios import SCENARIOS
from kindergarten.world.config import Scenario

__version__ = "0.1.0"

#: The ids of the scenarios that come with the package.
IDS = tuple(f"Kindergarten/{name}-v0" for name in SCENARIOS)


def register(scenario: Scenario) -> str:
    """Make ``scenario`` known to Gymnasium and to the command line, and return its id.

    Raises:
        ValueError: there is another scenario of that name.
    """
    if SCENARIOS.setdefault(scenario.name, scenario) != scenario:
        raise ValueError(f"there is another scenario called {scenario.name!r}: give yours a name of its own")
    name = f"Kindergarten/{scenario.name}-v0"
    gymnasium.register(
        id=name,
        entry_point="kindergarten.envs.env:KindergartenEnv",
        vector_entry_point="kindergarten.envs.vector:KindergartenVectorEnv",
        kwargs={"scenario": scenario.name},
    )
    return name


for _scenario in tuple(SCENARIOS.values()):
    register(_scenario)
