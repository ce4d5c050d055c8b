"""The scenarios: one small file of numbers each."""

from __future__ import annotations

from kindergarten.scenarios.all_way_stop import ALL_WAY_STOP
from kindergarten.scenarios.crossing import CROSSING
from kindergarten.scenarios.crossroads import CROSSROADS
from kindergarten.scenarios.cut_in import CUT_IN
from kindergarten.scenarios.follow import FOLLOW
from kindergarten.scenarios.overtake import OVERTAKE
from kindergarten.scenarios.pullout import PULL_OUT
from kindergarten.scenarios.roundabout import ROUNDABOUT
from kindergarten.scenarios.town import TOWN
from kindergarten.world.config import Scenario

SCENARIOS: dict[str, Scenario] = {
    scenario.name: scenario
    for scenario in (FOLLOW, CROSSING, OVERTAKE, PULL_OUT, CUT_IN, ALL_WAY_STOP, ROUNDABOUT, CROSSROADS, TOWN)
}


def scenario_named(name: str) -> Scenario:
    """The scenario called ``name``.

    Raises:
        ValueError: there is none; the message names the choices.
    """
    if not isinstance(name, str) or name not in SCENARIOS:
        raise ValueError(f"unknown scenario {name!r}: choose from {', '.join(SCENARIOS)}")
    return SCENARIOS[name]
