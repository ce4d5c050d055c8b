"""The kernels are the naive world, only faster; and what holds of every world."""

from __future__ import annotations

import random
from dataclasses import replace
from operator import attrgetter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kindergarten.scenarios import SCENARIOS
from kindergarten.world.codes import Action, Control, End, Intent, Kind, SignalReliability
from kindergarten.world.config import Config, Scenario
from kindergarten.world.geometry import distance_to_box, overlap
from kindergarten.world.observation import NUM_EGO, NUM_USER, columns
from kindergarten.world.reward import PASSING_DISTANCE
from kindergarten.world.simulator import Simulator
from kindergarten.world.step import contacts
from kindergarten.world.users import (
    CAR_LENGTH,
    CAR_WIDTH,
    CYCLIST_LENGTH,
    CYCLIST_WIDTH,
    ROAD_USER,
    TRUCK_LENGTH,
    TRUCK_WIDTH,
)
from tests.driving import at_random, batch, drive, same, sample
from tests.naive import NaiveWorld
from tests.naive_parts import User, touch
from tests.worlds import ALL, EVERY_TERM, controls, scenarios, worlds

pytestmark = pytest.mark.kernels

# ---- the naive world

PLACE = {"x": "at.real", "y": "at.imag", "cos": "heading.real", "sin": "heading.imag"}
FIELDS = {name: attrgetter(PLACE.get(name, name)) for name in ROAD_USER.names or ()}


def compare(simulator: Simulator, naive: NaiveWorld) -> None:
    """Everything that changes: numbers to 1e-6, for who follows closely doubles what is rounded; codes exactly."""
    world = simulator.worlds[0]
    assert int(world["rng"]) == naive.random.state
    for name in ("tick", "hands_on", "time_limit", "cast", "leg", "signaller", "end"):
        assert world[name] == getattr(naive, name), name
    for name in ("target_speed", "target_offset"):
        assert abs(world[name] - getattr(naive, name)) <= 1e-6, name
    for name, of in FIELDS.items():
        found, expected = simulator.users[0][name], [*map(of, naive.users)]
        if found.tolist() != expected:
            assert np.abs(found - np.array(expected)).max() <= 1e-6, (name, found, expected)


def actions_of(style: str, wildness: float, naive: NaiveWorld, dice: random.Random):
    """An action for this moment: chance, or following the route and straying from it."""
    if not naive.continuous:
        return dice.choice([*Action, *[Action.IDLE] * 4]) if style == "dither" else Action[style.upper()]
    pedal = {"faster": 1.0, "slower": -1.0, "dither": dice.uniform(-1.0, 1.0)}.get(style, 0.0)
    pull = {"left": 0.2, "right": -0.2}.get(style, 0.0) + wildness * dice.uniform(-1.0, 1.0)
    return pedal, min(max(naive.pursue() / 0.6 + pull, -1.0), 1.0)


#: [s] Of delays. Few values, for each asks for a map of its own; half a minute seldom, for it takes half a minute.
LONGEST = [0.0, 0.5, 2.0, 8.0] * 3 + [32.0]


@pytest.mark.drawn
@worlds
@controls
@settings(max_examples=sample(3, 1))
@given(
    seed=st.integers(0, 2**64 - 1),
    longest=st.sampled_from(LONGEST),
    shortest=st.floats(0.0, 1.0),
    signal_rate=st.sampled_from([0.0, 0.5, 1.0]),
    signals=st.sampled_from(SignalReliability),
    rewritten=st.sampled_from([0.0, 0.5, 1.0]),
    held=st.integers(1, 3),
    spurious=st.sampled_from([-1.0, -0.5, 0.0, 0.7]),
    shuffled=st.booleans(),
    hands_on=st.booleans(),
    style=st.sampled_from(["dither", "faster", "slower", "idle", "left", "right"]),
    wildness=st.sampled_from([0.0, 0.05, 1.0]),
    wanted=st.none() | st.sampled_from(Intent),
)
def test_the_kernels_do_what_the_naive_world_does(
    scenario: Scenario,
    control,
    seed,
    longest,
    shortest,
    signal_rate,
    signals,
    rewritten,
    held,
    spurious,
    shuffled,
    hands_on,
    style,
    wildness,
    wanted,
):
    config = Config(
        control=control,
        delay_s=(shortest * longest, longest),
        signal_rate=signal_rate,
        signals=signals,
        hands_on=hands_on,
        rewritten=rewritten,
        held=held,
        spurious=spurious,
        shuffled=shuffled,
    )
    scenario = replace(scenario, task=tuple(replace(task, weights=EVERY_TERM) for task in scenario.tasks))
    simulator = Simulator(scenario, 1, config)
    naive = NaiveWorld(scenario, config, seed, simulator.road)
    simulator.seed(np.array([seed], np.uint64))
    intents = np.full((1, simulator.num_users - 1), -1 if wanted is None else wanted)
    dice, table = random.Random(seed), [column.name for column in columns(simulator.num_users)]
    for _ in range(2):  # the second scene goes on with the generator where the first one left it
        seen = simulator.reset(intents=intents)[0]
        expected = naive.reset(dict.fromkeys(range(1, simulator.num_users), wanted))
        compare(simulator, naive)
        places = [table.index(name) for name in expected]  # those columns that the naive world knows
        assert np.abs(seen[places] - list(expected.values())).max() <= 1e-6
        while naive.end == End.RUNNING:
            action = actions_of(style, wildness, naive, dice)
            found = simulator.step(np.array([action]))
            expected, terms = naive.step(action)
            compare(simulator, naive)
            assert np.abs(found.observations[0, places] - list(expected.values())).max() <= 2e-6
            assert np.abs(found.terms[0] - list(terms.values())).max() <= 1e-5
            assert abs(found.rewards[0] - sum(terms.values())) <= 1e-4
            assert found.truncated[0] == (naive.end == End.TIME_LIMIT)
            assert found.terminated[0] == (naive.end not in (End.RUNNING, End.TIME_LIMIT))


@pytest.mark.drawn
@settings(max_examples=sample(400, 300))
@given(
    st.floats(-6.0, 6.0),
    st.floats(-6.0, 6.0),
    st.floats(-np.pi, np.pi),
    st.floats(-np.pi, np.pi),
    st.sampled_from([(4.5, 1.8), (1.8, 0.65)]),
)
def test_bodies_touch_when_their_corners_and_edges_do(x, y, angle, other_angle, size):
    rows = np.zeros(2, ROAD_USER)
    users = User(), User(length=size[0], width=size[1], at=complex(x, y))
    for row, user, way in zip(rows, users, (angle, other_angle), strict=True):
        user.heading = complex(np.cos(way), np.sin(way))
        row["x"], row["y"], row["cos"], row["sin"] = user.at.real, user.at.imag, np.cos(way), np.sin(way)
        row["length"], row["width"] = user.length, user.width
    assert overlap(rows[0], rows[1]) == touch(users[0].corners(), users[1].corners())
    assert overlap(rows[0], rows[1]) == overlap(rows[1], rows[0])


# ---- who stands where in the observation


@pytest.mark.jit
@pytest.mark.parametrize("shuffled", [False, True])
@pytest.mark.parametrize("name", ["Crossing", "Legs"])
def test_the_rows_begin_with_those_of_the_leg_unless_they_are_shuffled(name: str, shuffled: bool):
    simulator = batch(ALL[name], np.arange(sample(40, 10)), Config(shuffled=shuffled))
    assert (simulator.by_user(simulator.order()) == np.arange(1, simulator.num_users)).all()
    legs = set()
    for step in drive(simulator, at_random()):
        order, legs = simulator.order(), legs | set(simulator.worlds["leg"].tolist())
        shown = np.take_along_axis(simulator.users, order, axis=1)
        rows = step.observations[:, NUM_EGO:].reshape(*order.shape, NUM_USER)
        assert (rows[:, :, 0] == shown["seen"]).all()
        assert rows[:, :, 2] == pytest.approx(np.clip(shown["length"] / 10, 0, 1) * shown["seen"])
        assert shuffled or (order[:, 0] == simulator.worlds["signaller"]).all()
        assert (simulator.by_user(order) == np.arange(1, simulator.num_users)).all()
    assert len(legs) == ALL[name].road.legs


def test_whoever_keeps_its_speed_gets_through_however_slowly_a_leg_begins():
    """Where nobody turns left. It brakes behind each junction, for longer in some worlds than in others."""
    seeds, town = np.arange(sample(128, 6)), ALL["Town"]
    simulator = batch(town, seeds)
    intents = np.full((len(seeds), simulator.num_users - 1), -1)
    intents[:, np.array(town.signallers) - 1] = Intent.STRAIGHT
    simulator.seed(seeds)
    simulator.reset(intents=intents)
    while (simulator.worlds["end"] == End.RUNNING).any():
        signaller = simulator.users[seeds, simulator.worlds["signaller"]]
        passed = simulator.worlds["tick"] - signaller["t3"] - 14  # physics steps
        simulator.step(np.where((passed > 0) & (passed < seeds % 12), Action.SLOWER, Action.FASTER))
    assert (simulator.worlds["end"] == End.GOAL).all()


# ---- one seed, one world


@pytest.mark.jit
@scenarios
def test_shuffled_a_seed_is_the_same_scene_in_another_order(scenario: Scenario):
    seeds = np.arange(sample(500, 20))
    plain, shuffled = (batch(scenario, seeds, Config(shuffled=shuffled)) for shuffled in (False, True))
    for _ in range(30):
        for simulator in (plain, shuffled):
            simulator.step(np.full(len(seeds), Action.IDLE))
    order = shuffled.users["member"].argsort(axis=1)
    assert same(np.take_along_axis(shuffled.users, order, 1), plain.users)
    assert (shuffled.users["member"][:, 0] == 0).all()
    rows = order[:, 1]  # where the signaller stands
    if len(seeds) > 100 and plain.num_users > 2:
        counts = np.bincount(rows, minlength=plain.num_users)[1:]
        assert counts.min() > 0.5 * counts.mean()


@pytest.mark.jit
@pytest.mark.drawn
@worlds
@controls
@settings(max_examples=sample(4, 2))
@given(st.lists(st.integers(0, 2**63), min_size=1, max_size=sample(9, 3)), st.integers(0, 99))
def test_a_row_of_a_batch_is_that_seed_alone(scenario: Scenario, control: Control, seeds: list[int], chance: int):
    """Whatever stands beside it, and whoever is reset when."""
    config, rng = Config(control=control), np.random.default_rng(chance)
    together = batch(scenario, np.array(seeds, np.uint64), config)
    alone = [batch(scenario, np.array([seed], np.uint64), config) for seed in seeds]
    driver = at_random(chance)
    for _ in range(sample(150, 60)):
        actions = driver(together)
        step = together.step(actions)
        ended = step.terminated | step.truncated
        mask = ended & rng.choice([True, False], len(seeds)) | (rng.random(len(seeds)) < 0.01)
        first = together.reset(mask)
        for i, single in enumerate(alone):
            expected = single.step(actions[i : i + 1])
            for found, wanted in zip(step, expected, strict=True):
                assert same(found[i : i + 1], wanted)
            assert not first[i].any() if not mask[i] else same(first[i : i + 1], single.reset())
            assert same(together.users[i : i + 1], single.users) and same(together.worlds[i : i + 1], single.worlds)


@worlds
@controls
def test_nothing_outside_of_a_world_matters(scenario: Scenario, control: Control):
    def journey(burn: int) -> list[bytes]:
        random.seed(burn)
        np.random.seed(burn)
        simulator, driver = batch(scenario, np.arange(sample(50, 2)), Config(control=control)), at_random()
        frames = []
        for step in drive(simulator, driver):
            np.random.seed(random.randrange(1 << 32))
            frames += [part.tobytes() for part in step]
        return frames

    assert journey(1) == journey(2)


@pytest.mark.jit
@worlds
@controls
@pytest.mark.parametrize("moment", [0, 7, 30])
def test_a_restored_snapshot_goes_on_as_before(scenario: Scenario, control: Control, moment: int):
    simulator = batch(scenario, np.arange(sample(50, 2)), Config(control=control))
    driver = at_random()
    for _ in range(moment):
        simulator.step(driver(simulator))
    snapshot, frame = simulator.snapshot(), simulator.observe()
    kept = [array.copy() for array in snapshot]
    before = [part for step in drive(simulator, at_random(1)) for part in step]
    assert all(same(array, copy) for array, copy in zip(snapshot, kept, strict=True)), "a snapshot is a copy"
    other = batch(scenario, 1000 + np.arange(simulator.num_worlds), Config(control=control))
    for again in (simulator, other):
        again.restore(snapshot)
        assert same(again.observe(), frame)
        after = [part for step in drive(again, at_random(1)) for part in step]
        assert all(same(a, b) for a, b in zip(before, after, strict=True))
        assert same(again.reset(), batch_goes_on(snapshot, scenario, control)), "the generator is part of it"


def batch_goes_on(snapshot, scenario: Scenario, control: Control) -> np.ndarray:
    """The next scenes of a snapshot's generators."""
    simulator = Simulator(scenario, len(snapshot.worlds), Config(control=control))
    simulator.worlds["rng"] = snapshot.worlds["rng"]
    return simulator.reset()


# ---- what holds of every frame


@pytest.mark.jit  # plain Python's frames are those of the naive world
@worlds
@controls
@pytest.mark.parametrize("delay", [(1.0, 4.0), (0.0, 0.0), (32.0, 32.0)])
def test_every_frame_is_sound(scenario: Scenario, control: Control, delay):
    count = 200 if delay[0] < 30.0 else 50  # a long delay is many frames of each world
    simulator = batch(scenario, np.arange(count), Config(control=control, delay_s=delay, hands_on=delay[0] == 0.0))
    low, high = simulator.observation_low, simulator.observation_high
    running, last = np.ones(simulator.num_worlds, bool), simulator.observe()
    for step in drive(simulator, at_random()):
        assert step.observations.dtype == np.float32 and step.observations.shape == last.shape
        assert ((low <= step.observations) & (step.observations <= high)).all()  # NaN is in no interval
        assert not any(np.shares_memory(step.observations, array) for array in (last, simulator.users))
        np.testing.assert_allclose(step.rewards, step.terms.sum(1), rtol=0.0, atol=1e-12)
        assert (simulator.users["speed"] >= 0.0).all()
        ended = simulator.worlds["end"] != End.RUNNING
        assert (ended == (step.terminated | step.truncated)).all()
        assert not (step.terminated & step.truncated).any()
        assert not step.terms[~running].any() and same(step.observations[~running], last[~running])
        running, last = ~ended, step.observations


@worlds
@controls
def test_a_world_that_has_ended_stands_still_until_it_is_reset(scenario: Scenario, control: Control):
    simulator, driver = batch(scenario, np.arange(sample(50, 2)), Config(control=control)), at_random()
    for _ in drive(simulator, driver):
        pass
    worlds, users, _ = simulator.snapshot()
    step = simulator.step(driver(simulator))
    assert same(simulator.worlds, worlds) and same(simulator.users, users)
    assert not step.rewards.any() and (step.terminated | step.truncated).all()
    simulator.reset()
    assert not simulator.worlds["end"].any() and not simulator.worlds["tick"].any()


@pytest.mark.parametrize("substeps", [1, 2, 3, 7])
@pytest.mark.parametrize("held", [1, 3])
def test_an_episode_is_cut_off_after_so_many_decisions_and_goes_as_ever_until_then(substeps: int, held: int):
    """However many of them end early, because they pass a junction."""
    seeds, config = np.arange(sample(8, 2)), Config(delay_s=(1.0, 1.0), substeps=substeps, held=held)
    endless, frames = batch(SCENARIOS["Town"], seeds, config), []
    endless.users["kind"][:, 1:] = endless.users["drawn_kind"][:, 1:] = Kind.NOBODY  # nobody ends it
    while (endless.worlds["end"] == End.RUNNING).any():
        endless.step(np.full(len(seeds), Action.IDLE))
        frames.append(endless.snapshot())
    legs = np.array([frame.worlds["leg"] for frame in frames])
    passed = 1 + np.flatnonzero((np.diff(legs, axis=0, prepend=0) > 0).any(axis=1))
    some = passed[:: max(len(passed) // 4, 1)]
    assert len(passed) >= 2
    for most in sorted({int(near) for k in some for near in (k - 1, k, k + 1)} | {1, len(frames), 10**9}):
        limited = batch(SCENARIOS["Town"], seeds, replace(config, max_episode_steps=most))
        limited.users["kind"][:, 1:] = limited.users["drawn_kind"][:, 1:] = Kind.NOBODY
        for k, frame in enumerate(frames[:most], start=1):
            step = limited.step(np.full(len(seeds), Action.IDLE))
            ended = frame.worlds["end"] != End.RUNNING
            assert (step.truncated == (~ended & (k == most))).all(), (most, k)
            on = ended | (limited.worlds["leg"] == frame.worlds["leg"])  # who is cut off as it passes stays on its leg
            assert on.all() or k == most
            assert same(limited.users[on], frame.users[on]) and same(limited.worlds["tick"], frame.worlds["tick"])


KINDS_OF_BODIES = {
    "car": (CAR_LENGTH, CAR_WIDTH),
    "rider": (CYCLIST_LENGTH, CYCLIST_WIDTH),
    "truck": (TRUCK_LENGTH, TRUCK_WIDTH),
}


@pytest.mark.parametrize("other", KINDS_OF_BODIES)
@pytest.mark.parametrize("ego", KINDS_OF_BODIES)
def test_whoever_touches_is_near_enough_to_be_looked_at(ego: str, other: str):
    """Of any two, at any angle: corner to corner they are the furthest apart."""
    users, random = np.zeros(2, ROAD_USER), np.random.default_rng(0)
    for user, kind in zip(users, (ego, other), strict=True):
        user["length"], user["width"] = KINDS_OF_BODIES[kind]
        user["kind"] = {"car": Kind.CAR, "rider": Kind.CYCLIST, "truck": Kind.TRUCK}[kind]
    found = 0
    corners = np.arctan2(users["width"], users["length"])
    for _ in range(sample(2000, 200)):
        turned = corners + random.choice([0.0, np.pi], 2) + random.normal(0.0, 0.1, 2)
        users["cos"], users["sin"] = np.cos(turned), np.sin(turned)  # each with a corner near to the line between
        distance = np.hypot(users["length"], users["width"]).sum() / 2 * random.uniform(0.9, 1.0)
        users["x"][1] = distance
        touched, close = contacts(users, 0)
        assert touched == overlap(users[0], users[1])
        gap = distance_to_box(users[0], distance, 0.0) - 0.5 * users["width"][1]
        assert close == (other == "rider" and gap < PASSING_DISTANCE)
        found += touched
    assert found > 0
