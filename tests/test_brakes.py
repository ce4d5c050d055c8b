"""Memory is worth something however hard the ego brakes, and whatever it does: not by the planner's plans alone."""

from __future__ import annotations

import numpy as np
import pytest

from kindergarten.scenarios import SCENARIOS, scenario_named
from kindergarten.scoring.reference import BRAKES, braking
from kindergarten.world.codes import Control
from kindergarten.world.config import Scenario
from tests.raw_search import RawSearch

UNTUNED = 900_000  # seeds from here on were not looked at when the scenarios' numbers were chosen


def stakes(scenario: Scenario, seeds: range, control: Control, most: int) -> tuple[float, float]:
    """By the planner, and with every action at every decision."""
    searches = [RawSearch(scenario, seed, control, most) for seed in seeds]
    oracle, blind, worst = np.mean([search.planned for search in searches], axis=0)
    best, found = np.mean([search.found for search in searches], axis=0)
    return (oracle - blind) / (oracle - worst), (best - found) / (best - worst)


@pytest.mark.slow
@pytest.mark.parametrize("control", Control, ids=lambda control: control.name.lower())
@pytest.mark.parametrize("strength", BRAKES)
@pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=SCENARIOS.keys())
def test_whatever_a_driver_does_memory_is_worth_something(scenario: Scenario, strength: float, control: Control):
    found = stakes(braking(scenario, strength), range(UNTUNED, UNTUNED + 4), control, most=400)
    print(f"{scenario.name} at {strength:g} m/s^2, {control.name.lower()}: {found[0]:.3f} planned, {found[1]:.3f}")
    assert found[1] >= 0.15


def test_the_search_over_actions_is_no_weaker_than_the_planner():
    search = RawSearch(scenario_named("Follow"), UNTUNED, Control.DISCRETE, most=50)
    assert search.found[0] >= search.planned[0] > search.planned[1] and search.found[1] >= search.planned[1]
