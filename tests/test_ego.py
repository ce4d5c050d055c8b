"""The ego: held, driven by targets, driven by pedal and wheel."""

from __future__ import annotations

import numpy as np
import pytest

from kindergarten.scenarios import scenario_named
from kindergarten.world.codes import Action, Control, End, Intent, Kind
from kindergarten.world.config import Config, Lanes, Scenario
from kindergarten.world.simulator import Simulator
from kindergarten.world.users import CAR_WIDTH
from tests.driving import along_the_route, batch, drive, same, sample
from tests.worlds import controls, scenarios

pytestmark = pytest.mark.kernels

DISCRETE, CONTINUOUS = Control.DISCRETE, Control.CONTINUOUS
WAYS = (Intent.LEFT, Intent.STRAIGHT, Intent.RIGHT)


@scenarios
@controls
def test_a_held_ego_drives_by_itself_whatever_the_actions(scenario: Scenario, control: Control):
    simulator, alone = (
        batch(scenario, np.arange(sample(200, 3)), Config(control=control, delay_s=(4.0, 4.0))) for _ in range(2)
    )
    rng = np.random.default_rng(0)
    speed, cruises = simulator.users["speed"][:, 0].copy(), rules_of(simulator)["stops"] == 0
    nothing = np.zeros((len(speed), 2)) if not simulator.discrete else np.full(len(speed), Action.IDLE)
    assert simulator.worlds["hands_on"].min() > 0
    while (held := simulator.worlds["tick"] < simulator.worlds["hands_on"]).any():
        wild = rng.integers(5, size=len(held)) if simulator.discrete else rng.uniform(-1, 1, (len(held), 2))
        step, _ = simulator.step(wild), alone.step(nothing)
        assert same(simulator.users[held], alone.users[held]) and same(simulator.worlds[held], alone.worlds[held])
        ego, cruising = simulator.users[:, 0], held & cruises
        assert same(ego["speed"][cruising], speed[cruising]) and (ego["offset"][held] == 0.0).all()
        assert not step.terms[held].any()


@scenarios
def test_targets_persist(scenario: Scenario):
    simulator = batch(scenario, np.arange(sample(20, 2)), Config(hands_on=True, delay_s=(32.0, 32.0)))
    ego, worlds, rules = simulator.users[:, 0], simulator.worlds, rules_of(simulator)
    wanted = ego["speed"] - rules["speed_step"]
    simulator.step(np.full(len(ego), Action.SLOWER))
    for _ in range(40):
        assert worlds["target_speed"] == pytest.approx(wanted)
        simulator.step(np.full(len(ego), Action.IDLE))
    assert ego["speed"] == pytest.approx(wanted, abs=1e-6)
    own, branches = ego["intent"].copy(), scenario.tasks[0].branches
    for action, end, side in ((Action.LEFT, min, 1.0), (Action.RIGHT, max, -1.0)):
        for _ in range(3):
            simulator.step(np.full(len(ego), action))
        for _ in range(3):
            simulator.step(np.full(len(ego), Action.IDLE))
            assert (ego["intent"] == (end(branches) if branches else own)).all()
            assert (worlds["target_offset"] == side * rules["side_step"]).all()
    for action, extreme in ((Action.FASTER, rules["max_speed"]), (Action.SLOWER, rules["min_speed"])):
        for _ in range(10):
            simulator.step(np.full(len(ego), action))
        assert ((worlds["target_speed"] == extreme) | (worlds["end"] != End.RUNNING)).all()


def rules_of(simulator: Simulator) -> np.ndarray:
    """PARAMS of each world: those of its cast."""
    return simulator.params[simulator.worlds["cast"]]


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name.lower())
def test_the_small_controller_keeps_to_every_way_at_every_speed(way: Intent):
    scenario = scenario_named("Follow")
    simulator = batch(scenario, np.arange(sample(100, 3)), Config(hands_on=True))
    simulator.users["kind"][:, 1] = Kind.NOBODY  # an empty road
    simulator.worlds["target_speed"] = np.linspace(4.0, scenario.tasks[0].max_speed, simulator.num_worlds)
    spare = (scenario.lane_width - CAR_WIDTH) / 2  # what it may cut a corner by
    for _ in drive(simulator, lambda simulator: towards(simulator, way)):
        assert abs(simulator.users["offset"][:, 0]).max() < 0.75 * spare
    assert np.isin(simulator.worlds["end"], (End.GOAL, End.WRONG_WAY)).all()
    assert (simulator.users["intent"][:, 0] == way).all()


def towards(simulator: Simulator, way: Intent) -> np.ndarray:
    """Meta-actions that ask for ``way`` until it is aimed for."""
    aim = simulator.users["intent"][:, 0]
    return np.where(aim > way, Action.LEFT, np.where(aim < way, Action.RIGHT, Action.IDLE))


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name.lower())
def test_continuous_control_can_take_every_way(way: Intent):
    simulator = batch(scenario_named("Follow"), np.arange(sample(20, 2)), Config(control=CONTINUOUS))
    simulator.users["kind"][:, 1] = Kind.NOBODY
    for _ in drive(simulator, along_the_route(way=way)):
        assert abs(simulator.users["offset"][:, 0]).max() < 0.5
    assert np.isin(simulator.worlds["end"], (End.GOAL, End.WRONG_WAY)).all()
    assert (simulator.users["intent"][:, 0] == way).all()


@controls
@pytest.mark.parametrize("held", [1, 3])
def test_between_junctions_the_ego_cruises_to_the_next_one_on_time(control: Control, held: int):
    """However fast it left the last one, and however far from the middle of its lane."""
    simulator = batch(scenario_named("Town"), np.arange(sample(20, 2)), Config(control=control, held=held))
    ego, others, worlds = simulator.users[:, 0], simulator.users[:, 1:], simulator.worlds
    position, late = simulator.casts[0, 0]["arrival_position"], np.full((2, len(ego)), np.nan)
    others["kind"], others["drawn_kind"] = Kind.NOBODY, Kind.NOBODY
    pedals = np.linspace(-0.6, 0.3, len(ego))
    while (worlds["end"] == End.RUNNING).any():
        before, leg = ego.copy(), worlds["leg"].copy()
        if simulator.discrete:
            simulator.step(np.where((pedals < 0.0) & (worlds["target_speed"] > 8.0), Action.SLOWER, Action.IDLE))
        else:
            wheel = along_the_route()(simulator)[:, 1] + np.where(before["offset"] < 0.3, 0.01, -0.01)
            slow = np.where(before["speed"] > 8.0, pedals, 0.3)
            simulator.step(np.stack([slow, wheel.clip(-1.0, 1.0)], axis=1))
        cruising = (worlds["tick"] < worlds["hands_on"]) & (worlds["leg"] > 0)
        assert (worlds["target_speed"][cruising] == ego["desired_speed"][cruising]).all()
        assert (worlds["target_offset"][cruising] == 0.0).all()
        begins = ~(worlds["tick"] < worlds["hands_on"]) & (worlds["tick"] - 2 < worlds["hands_on"]) & (leg > 0)
        for w in np.flatnonzero(begins & (worlds["end"] == End.RUNNING)):
            assert ego["speed"][w] == pytest.approx(ego["desired_speed"][w]) and abs(ego["offset"][w]) < 0.05
            rest = (position - ego["s"][w]) / ego["speed"][w] - (ego["t3"][w] - worlds["tick"][w]) * 0.1
            late[leg[w] - 1, w] = rest
    assert np.isfinite(late).all() and (late < 0.01).all() and (late > -0.15).all()  # there by then, to a physics step


@scenarios
@pytest.mark.parametrize("wheel", [-1.0, 1.0])
def test_leaving_the_road_ends_the_episode(scenario: Scenario, wheel: float):
    simulator = batch(scenario, np.arange(sample(50, 2)), Config(control=CONTINUOUS, hands_on=True))
    *_, last = drive(simulator, lambda simulator: np.tile([0.0, wheel], (simulator.num_worlds, 1)))
    ends = simulator.worlds["end"]
    assert np.isin(ends, (End.OFF_ROAD, End.COLLISION)).all()
    beside = isinstance(scenario.road, Lanes) and wheel > 0  # there it meets whoever drives in the lane to the left
    assert beside or (ends == End.OFF_ROAD).mean() > 0.5
    assert last.terminated.all() and not last.truncated.any()


@scenarios
def test_continuous_control_never_exceeds_the_top_speed(scenario: Scenario):
    simulator = batch(scenario, np.arange(3), Config(control=CONTINUOUS, hands_on=True))
    for _ in drive(simulator, along_the_route(pedal=1.0)):
        assert (simulator.users["speed"][:, 0] <= rules_of(simulator)["max_speed"] + 1e-9).all()
