"""The kernels are the naive world, only faster; and what holds of every world."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kindergarten.codes import Action, Control, End, Intent, Kind
from kindergarten.config import Config, Scenario
from kindergarten.geometry import overlap
from kindergarten.scenarios import SCENARIOS
from kindergarten.simulator import Simulator
from kindergarten.users import ROAD_USER
from tests.driving import sample
from tests.naive import NaiveWorld, User, touch

DISCRETE, CONTINUOUS = Control.DISCRETE, Control.CONTINUOUS
scenarios = pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=SCENARIOS.keys())
controls = pytest.mark.parametrize("control", Control, ids=lambda control: control.name.lower())


# ---- the naive world


def compare(simulator: Simulator, naive: NaiveWorld) -> None:
    """Everything that changes: numbers to 1e-9, codes and ticks exactly."""
    world = simulator.worlds[0]
    assert int(world["rng"]) == naive.random.state
    for name in ("tick", "hands_on", "time_limit", "end"):
        assert world[name] == getattr(naive, name), name
    assert world["target_speed"] == pytest.approx(naive.target_speed, abs=1e-9)
    for i, (row, user) in enumerate(zip(simulator.users[0].tolist(), naive.users, strict=True)):
        place = {"x": user.at.real, "y": user.at.imag, "cos": user.heading.real, "sin": user.heading.imag}
        expected = {**vars(user), **place, "route": 3 * user.arm + user.intent}
        for name, value in zip(ROAD_USER.names or (), row, strict=True):
            tolerance = 1e-9 if isinstance(value, float) else 0
            assert abs(value - expected[name]) <= tolerance, (i, name, value, expected[name])


def actions_of(style: str, wildness: float, naive: NaiveWorld, dice: random.Random):
    """An action for this moment: chance, or following the route and straying from it."""
    if not naive.continuous:
        return dice.choice([*Action, *[Action.IDLE] * 4]) if style == "dither" else Action[style.upper()]
    pedal = {"faster": 1.0, "slower": -1.0, "dither": dice.uniform(-1.0, 1.0)}.get(style, 0.0)
    pull = {"left": 0.2, "right": -0.2}.get(style, 0.0) + wildness * dice.uniform(-1.0, 1.0)
    return pedal, min(max(naive.pursue() / 0.6 + pull, -1.0), 1.0)


@scenarios
@controls
@settings(max_examples=sample(40, 12))
@given(
    seed=st.integers(0, 2**64 - 1),
    delay=st.tuples(st.floats(0.0, 8.0), st.floats(0.0, 8.0)).map(sorted).map(tuple)
    | st.sampled_from([(0.0, 0.0), (0.5, 0.5), (32.0, 32.0)]),
    signal_rate=st.sampled_from([0.0, 0.5, 1.0]),
    hands_on=st.booleans(),
    style=st.sampled_from(["dither", "faster", "slower", "idle", "left", "right"]),
    wildness=st.sampled_from([0.0, 0.05, 1.0]),
    wanted=st.none() | st.integers(0, 2),
)
def test_the_kernels_do_what_the_naive_world_does(
    scenario: Scenario, control, seed, delay, signal_rate, hands_on, style, wildness, wanted
):
    config = Config(control, delay, signal_rate, hands_on)
    simulator, naive = Simulator(scenario, 1, config), NaiveWorld(scenario, config, seed)
    simulator.seed(np.array([seed], np.uint64))
    intent = None if wanted is None else scenario.intents[wanted % len(scenario.intents)]
    intents = np.full((1, simulator.num_users - 1), -1)
    if intent is not None:
        intents[0, 0] = intent
    dice = random.Random(seed)
    for _ in range(2):  # the second scene goes on with the generator where the first one left it
        seen = simulator.reset(intents=intents)[0]
        expected = naive.reset({} if intent is None else {1: intent})
        compare(simulator, naive)
        np.testing.assert_allclose(seen, expected, rtol=0.0, atol=1e-6)
        while naive.end == End.RUNNING:
            action = actions_of(style, wildness, naive, dice)
            found = simulator.step(np.array([action]))
            expected, terms = naive.step(action)
            compare(simulator, naive)
            np.testing.assert_allclose(found.observations[0], expected, rtol=0.0, atol=1e-6)
            np.testing.assert_allclose(found.terms[0], list(terms.values()), rtol=0.0, atol=1e-9)
            assert found.rewards[0] == pytest.approx(sum(terms.values()), abs=1e-9)
            assert found.truncated[0] == (naive.end == End.TIME_LIMIT)
            assert found.terminated[0] == (naive.end not in (End.RUNNING, End.TIME_LIMIT))


@settings(max_examples=sample(1000, 300))
@given(
    st.floats(-6.0, 6.0),
    st.floats(-6.0, 6.0),
    st.floats(-np.pi, np.pi),
    st.floats(-np.pi, np.pi),
    st.sampled_from([(4.5, 1.8), (1.8, 0.65)]),
)
def test_bodies_touch_when_their_corners_and_edges_do(x, y, angle, other_angle, size):
    rows = np.zeros(2, ROAD_USER)
    users = [
        User(Kind.CAR, *(0.0,) * 3, False, 0.0, 0.0, Intent.STRAIGHT, *wide) for wide in ((4.5, 1.8), size)
    ]
    users[1].at = complex(x, y)
    for row, user, way in zip(rows, users, (angle, other_angle), strict=True):
        user.heading = complex(np.cos(way), np.sin(way))
        row["x"], row["y"], row["cos"], row["sin"] = user.at.real, user.at.imag, np.cos(way), np.sin(way)
        row["length"], row["width"] = user.length, user.width
    assert overlap(rows[0], rows[1]) == touch(users[0].corners(), users[1].corners())
    assert overlap(rows[0], rows[1]) == overlap(rows[1], rows[0])
