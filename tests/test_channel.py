"""What a channel between agents is worth, computed."""

from __future__ import annotations

import numpy as np
import pytest

from kindergarten.playground import PLAYGROUNDS, planner
from kindergarten.playground.drivers import Deed
from kindergarten.playground.meeting import SCENARIO as MEETING
from kindergarten.playground.planner import best_plans, channel, mean_of
from kindergarten.playground.world import Playground
from kindergarten.world.codes import End, Intent
from kindergarten.world.config import Scenario

pytestmark = pytest.mark.jit


def values_of(returns: np.ndarray) -> tuple[float, ...]:
    """Of who is told, muted, and never brakes, where both goals are as likely."""
    even = np.array([0.5, 0.5])
    return tuple(mean_of(returns, best_plans(returns, even), even))


def test_a_channel_is_worth_what_others_goals_would_have_changed():
    """Both prefixes go by the other's goal alone: who is told earns 1; who guesses is right half of the time."""
    returns = np.zeros((2, 2, 2, 1, 2, 1))
    for mine, its in np.ndindex(2, 2):
        returns[mine, its, its, 0, mine, 0] = 1.0
    told, muted, unbraked = values_of(returns)
    assert (told, muted, unbraked) == (1.0, 0.5, 0.25)
    by_own = np.zeros((2, 2, 2, 1, 2, 1))
    for mine, its in np.ndindex(2, 2):
        by_own[mine, its, mine, 0, its, 0] = 1.0
    assert values_of(by_own)[:2] == (1.0, 1.0), "a convention on one's own goal solves it"


@pytest.mark.slow  # a minute: every pair of plans
@pytest.mark.parametrize("scenario", PLAYGROUNDS.values(), ids=PLAYGROUNDS.keys())
def test_a_scenario_is_admitted_if_its_channel_is_worth_it(scenario: Scenario):
    found = channel(scenario, np.arange(3 if scenario.name != "Square" else 1))
    slack = 1e-9  # means of the same numbers in another order
    assert (found.unbraked <= found.muted + slack).all() and (found.muted <= found.told + slack).all()
    assert found.worth >= 0.15
    assert found.communication(found.told) == 1.0 and found.communication(found.muted) == 0.0


@pytest.mark.slow  # its kernels are compiled for this test alone: a minute and more
def test_the_planner_drives_as_anybody_does(monkeypatch: pytest.MonkeyPatch):
    """Never to brake is to ask for nothing."""
    monkeypatch.setattr(planner, "PREFIXES", planner.PREFIXES[:1])
    monkeypatch.setattr(planner, "CONTINUATIONS", planner.CONTINUATIONS[:1])
    planned, ends = (found[:, :, 0, 0, 0, 0] for found in planner.outcomes_of_plans(MEETING, 0))
    goals = np.array([(g, h) for g in (Intent.LEFT, Intent.STRAIGHT) for h in (Intent.LEFT, Intent.STRAIGHT)], int)
    playground = Playground(MEETING, 4)
    playground.seed(np.zeros(4, int))
    playground.reset(goals=goals)
    total = np.zeros((4, 2))
    while playground.acting().any():
        total += playground.step(np.full((4, 2), int(Deed.IDLE))).rewards
    np.testing.assert_allclose(planned.ravel(), total.mean(axis=1))
    assert (playground.drivers["end"] == ends.reshape(4, 2)).all() and (ends != End.RUNNING).all()
