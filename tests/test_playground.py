"""Several agents in one world: one physics, private goals, lamps, and what a channel between them is worth."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from kindergarten.playground import PLAYGROUNDS
from kindergarten.playground.drivers import Deed
from kindergarten.playground.meeting import SCENARIO as MEETING
from kindergarten.playground.rules import Rules, make_rules
from kindergarten.playground.sight import OWN_COLUMNS, columns_of_seat
from kindergarten.playground.world import CONFIG, Moment, Playground
from kindergarten.scenarios import SCENARIOS
from kindergarten.world.codes import End, Intent, Kind, Signal
from kindergarten.world.config import Scenario
from kindergarten.world.simulator import Simulator
from tests.worlds import BUSY, CIRCLE, LANES, STOP, everybody_a_cyclist, with_seat

pytestmark = pytest.mark.jit

COLUMNS = [column.name for column in columns_of_seat(MEETING.num_users)]
LAMPS = [COLUMNS.index(f"user1.{name}") for name in ("signals_left", "signals_right")]
OWN = [f"ego.{column.name}" for column in OWN_COLUMNS]
STEPS = 45


def started(count: int, scenario: Scenario = MEETING, goals: np.ndarray | None = None, **rules) -> Playground:
    playground = Playground(scenario, count, make_rules(**rules))
    playground.seed(np.arange(count))
    playground.reset(goals=goals)
    return playground


def driven(playground: Playground, seed: int = 0, deeds: int = len(Deed)) -> list[tuple[Moment, np.ndarray]]:
    """Moments and users after each of STEPS random decisions; SLOWER is rare, that something happens."""
    rng, shape = np.random.default_rng(seed), (playground.num_worlds, playground.agents)
    story = []
    for _ in range(STEPS):
        asked = rng.integers(0, deeds, shape)
        asked[(asked == Deed.SLOWER) & (rng.random(shape) < 0.8)] = Deed.FASTER
        story.append((playground.step(asked), playground.users.copy()))
    return story


ONE = {s.name: s for s in (*SCENARIOS.values(), BUSY, CIRCLE, LANES, STOP)}


def one_agent(scenario: Scenario, count: int, seed: int) -> int:
    """Drive one agent among many, and the ego of the simulator alike; returns how many decisions it took.

    Until its episode ends; from then on the simulator's world stands still, and the playground's goes on.
    """
    rng, decisions = np.random.default_rng(seed), 0
    playground, simulator = started(count, with_seat(scenario)), Simulator(scenario, count, CONFIG)
    simulator.seed(np.arange(count))
    simulator.reset()
    of_others = ("truthful", "cue_signal", "phase", "kind")  # which say nothing of an agent, or that it is gone
    own = [k for k, column in enumerate(columns_of_seat(scenario.num_users)) if column.name in OWN]
    for mine, its in zip(playground.reset(), simulator.reset(), strict=True):
        assert (np.delete(mine[0], own) == its).all()
    for _ in range(60 * scenario.road.legs):
        running = simulator.worlds["end"] == End.RUNNING
        decisions += int(running.sum())
        actions = rng.integers(0, 5, count)
        alone, moment = simulator.step(actions), playground.step(actions[:, None])
        for name in playground.users.dtype.names or ():
            ours, theirs = playground.users[name], simulator.users[name]
            assert name in of_others or (ours[running, 0] == theirs[running, 0]).all(), name
            on = simulator.worlds["end"] == End.RUNNING  # in the others the simulator stopped between two steps
            assert (ours[on, 1:] == theirs[on, 1:]).all(), name
        for mine, its in zip(moment[1:], alone[1:], strict=True):
            assert (mine[running, 0] == its[running]).all()
        assert (np.delete(moment.observations[on, 0], own, axis=1) == alone.observations[on]).all()
        assert (playground.drivers["end"][running, 0] == simulator.worlds["end"][running]).all()
    assert not running.all()
    assert playground.labels().shape == (count, 0), "alone there is nobody to ask about"
    return decisions


@pytest.mark.parametrize("scenario", ONE.values(), ids=ONE.keys())
def test_one_agent_among_many_is_the_ego_of_the_simulator_bit_for_bit(scenario: Scenario):
    one_agent(scenario, 16, seed=1)


@pytest.mark.slow
@pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=SCENARIOS.keys())
def test_and_so_it_is_for_a_hundred_thousand_decisions(scenario: Scenario):
    decisions, seed = 0, 2
    while decisions < 100_000:
        decisions, seed = decisions + one_agent(scenario, 512, seed), seed + 1


@pytest.mark.parametrize("scenario", PLAYGROUNDS.values(), ids=PLAYGROUNDS.keys())
def test_the_order_of_rows_does_not_matter(scenario: Scenario):
    """Each seat moved on to the next row: all else, and what each sees, stays as it is."""
    one, other = started(64, scenario), started(64, scenario)
    agents, rng = one.agents, np.random.default_rng(3)
    for mine, theirs in ((other.users, one.users), (other.drivers, one.drivers)):
        mine[:, :agents] = np.roll(theirs[:, :agents], 1, axis=1)
    for _ in range(STEPS):
        deeds = rng.integers(0, len(Deed), (64, agents))
        a, b = one.step(deeds), other.step(np.roll(deeds, 1, axis=1))
        assert (one.drivers == np.roll(other.drivers, -1, axis=1)).all()
        assert (one.users[:, agents:] == other.users[:, agents:]).all()
        for name in ("kind", "s", "x", "y", "cos", "sin", "speed", "signal", "reveal"):
            assert (one.users[name][:, :agents] == np.roll(other.users[name][:, :agents], -1, axis=1)).all(), name
        for mine, its in zip(a, b, strict=True):
            assert (mine == np.roll(its, -1, axis=1)).all()
    assert (one.drivers["end"] == End.COLLISION).any() and (one.drivers["end"] != End.RUNNING).any(axis=0).all()


def private(scenario: Scenario, count: int, rules: dict) -> None:
    """One goal flipped, the same seeds and actions: all others see and do the same until that body shows it."""
    ways = [Intent[name.upper()] for name in Playground(scenario).choices(0)]
    for way in ways[1:]:
        flipped(scenario, count, rules, ways[0], way)


def flipped(scenario: Scenario, count: int, rules: dict, *ways: Intent) -> None:
    others = [-1] * (Playground(scenario).agents - 1)
    one, other = (started(count, scenario, np.tile([int(way), *others], (count, 1)), **rules) for way in ways)
    secret, shown = one.drivers["present"][:, 0] == 1, np.zeros(count)
    for (a, mine), (b, theirs) in zip(driven(one), driven(other), strict=True):
        body = [mine[name][:, 0] == theirs[name][:, 0] for name in ("x", "y", "cos", "sin", "speed", "kind", "signal")]
        secret &= np.all(body, axis=0)
        shown = np.maximum(shown, np.where(secret, mine["s"][:, 0], 0.0))
        assert (a.observations[secret, 1:] == b.observations[secret, 1:]).all()
        for name in ("x", "y", "speed", "signal", "kind"):
            assert (mine[name][secret, 1:] == theirs[name][secret, 1:]).all(), name
    assert not secret.all() and shown.max() > one.road.entry - 6.0, "it is not told before, and told then"


RULES = [{}, {"signals": "early", "humans": 0.25}, {"signals": "off", "social": 0.0}]


@pytest.mark.parametrize("scenario", PLAYGROUNDS.values(), ids=PLAYGROUNDS.keys())
@pytest.mark.parametrize("rules", RULES, ids=str)
def test_goals_are_private(scenario: Scenario, rules: dict):
    private(scenario, 25, rules)


@pytest.mark.slow
@pytest.mark.parametrize("scenario", PLAYGROUNDS.values(), ids=PLAYGROUNDS.keys())
@pytest.mark.parametrize("rules", [*RULES, {"humans": 0.5, "endless": True}], ids=str)
def test_goals_are_private_in_a_thousand_worlds(scenario: Scenario, rules: dict):
    private(scenario, 1000, rules)


def test_lamps_persist_flash_and_are_seen():
    playground = started(8, goals=np.full((8, 2), int(Intent.STRAIGHT)))
    first = playground.step(np.full((8, 2), int(Deed.SIGNAL_LEFT)))
    frames = [first.observations, *(playground.step(np.full((8, 2), int(Deed.IDLE))).observations for _ in range(9))]
    lit = np.stack(frames)[:, :, :, LAMPS]
    assert 0.3 < lit[..., 0].mean() < 0.7 and not lit[..., 1].any()
    assert (np.stack(frames)[..., COLUMNS.index("ego.asks_left")] == 1.0).all()
    playground.step(np.full((8, 2), int(Deed.SIGNAL_OFF)))
    assert (playground.users["signal"][:, :2] == Signal.NONE).all()


def test_who_may_say_what():
    count, goals = 32, np.tile([int(Intent.LEFT), int(Intent.STRAIGHT)], (32, 1))
    silent = driven(started(count, goals=goals, signals="off"))
    for (a, mine), (b, theirs) in zip(
        driven(started(count), deeds=5), driven(started(count, signals="off"), deeds=5), strict=True
    ):
        assert (a.observations == b.observations).all() and (mine == theirs).all(), "free = off where nobody presses"
    assert all((users["signal"][:, :2] == Signal.NONE).all() for _, users in silent)
    honest = np.stack([users["signal"][:, :2] for _, users in driven(started(count, goals=goals, signals="honest"))])
    assert set(np.unique(honest[..., 0])) == {Signal.NONE, Signal.LEFT} and not honest[..., 1].any()
    early = started(count, signals="early", goals=goals)
    for _, users in driven(early):
        near = early.road.entry - users["s"][:, :2] <= 25.0
        assert (users["signal"][:, :2][near] == Signal.NONE).all()
    broken = driven(started(count, defects=1.0))
    assert all((users["signal"][:, :2] == Signal.NONE).all() for _, users in broken)


@pytest.mark.parametrize("rules", [{"signals": "honest"}, {"honest": 1.0}, {"signals": "told"}], ids=str)
def test_whose_lamps_the_simulator_sets_can_neither_hide_nor_shift_them(rules: dict):
    press, count = [int(Deed.SIGNAL_LEFT), int(Deed.SIGNAL_OFF), int(Deed.SIGNAL_RIGHT)], 64
    idle, busy = started(count, **rules), started(count, **rules)
    for k in range(STEPS):
        idle.step(np.full((count, 2), int(Deed.IDLE)))
        busy.step(np.full((count, 2), press[k % 3]))
        assert (idle.users == busy.users).all()
    assert (busy.drivers["lamp"] != idle.drivers["lamp"]).any()


#: One after the other, and on for a while.
ALONE = replace(
    MEETING,
    name="Alone",
    task=replace(MEETING.tasks[0], goal_at=35.0),
    casts=(
        tuple(replace(m, arrival_offset=(4.0 - 4.0 * k, 4.0 - 4.0 * k)) for k, m in enumerate(MEETING.casts[0][:2])),
    ),
)


def one_hand(lamp: Deed, **rules) -> np.ndarray:
    """Speeds (64,) of cyclists who ask to stop, 0.8 s after they have asked for ``lamp``."""
    playground = started(32, everybody_a_cyclist(MEETING), **rules)
    for deed in (lamp, Deed.SLOWER, Deed.SLOWER, Deed.IDLE):
        playground.step(np.full((32, 2), int(deed)))
    assert (playground.users["kind"][:, :2] == Kind.CYCLIST).all()
    shown = Signal.LEFT if lamp == Deed.SIGNAL_LEFT else Signal.NONE
    assert rules or (playground.users["signal"][:, :2] == shown).all(), "an arm does not flash"
    return playground.users["speed"][:, :2].ravel()


def test_a_cyclist_with_an_arm_out_brakes_with_one_hand():
    np.testing.assert_allclose(7.0 - one_hand(Deed.SIGNAL_OFF), 3 * 0.2 * MEETING.tasks[0].braking)
    np.testing.assert_allclose(7.0 - one_hand(Deed.SIGNAL_LEFT), 3 * 0.2 * MEETING.tasks[0].braking / 2)
    told = one_hand(Deed.SIGNAL_LEFT, signals="told")
    np.testing.assert_allclose(7.0 - told, 3 * 0.2 * MEETING.tasks[0].braking, err_msg="nobody need signal")


def test_a_car_switches_its_lamp_off_after_the_turn_and_a_cyclist_does_not():
    """And only the lamp of that side, as the wheel comes back."""
    goals, left = np.tile([int(Intent.LEFT), int(Intent.STRAIGHT)], (8, 1)), np.full((8, 2), int(Deed.SIGNAL_LEFT))
    for scenario, lamp in ((ALONE, Signal.NONE), (everybody_a_cyclist(ALONE), Signal.LEFT)):
        playground = started(8, scenario, goals)
        playground.step(left)
        for _ in range(2 * STEPS):
            turning = playground.users["steering"][:, 0] > 0.1
            assert (playground.drivers["lamp"][turning, 0] == Signal.LEFT).all()
            playground.step(np.full((8, 2), int(Deed.IDLE)))
        assert (playground.drivers["end"] == End.GOAL).all()
        assert (playground.drivers["lamp"][:, 0] == lamp).all()
        assert (playground.drivers["lamp"][:, 1] == Signal.LEFT).all(), "straight on, nothing switches it off"


def test_a_lamp_costs_what_it_costs():
    dear, free = (started(8, signal_cost=cost) for cost in (0.5, 0.0))
    left = np.full((8, 2), int(Deed.SIGNAL_LEFT))
    np.testing.assert_allclose(free.step(left).rewards - dear.step(left).rewards, 0.5 * 0.2)
    assert (free.step(left).terms == dear.step(left).terms).all()


def test_an_endless_world_refills_its_seats():
    """With somebody who drives at once, sees at once, has its own time, and is nobody's twin."""
    playground = started(64, PLAYGROUNDS["Square"], endless=True)
    episodes, waited, before = 0, 0, playground.acting()
    rng = np.random.default_rng(0)
    for _ in range(2 * STEPS):
        moment = playground.step(rng.choice([int(Deed.FASTER), *Deed], (64, 8)))
        done, acting = moment.terminated | moment.truncated, playground.acting()
        assert (before >= done).all() and not (done & acting).any()
        come = acting & ~before
        assert moment.observations[come].any(axis=-1).all() and not moment.rewards[come].any()
        assert (playground.drivers["born"][come] == playground.drivers["tick"][come]).all()
        assert (playground.drivers["time_limit"][come] > playground.drivers["tick"][come] + 100).all()
        assert (playground.users["kind"][acting] != Kind.NOBODY).all()
        episodes, waited, before = episodes + int(come.sum()), waited + int((~acting).sum()), acting
    assert episodes > 200 and 0 < waited < before.size * STEPS


def test_humans_sit_in_seats_and_leave_one_to_an_agent():
    playground = started(400, humans=1.0)
    assert (playground.drivers["present"].sum(axis=1) == 1).all()
    assert started(400, humans=0.25).drivers["present"].mean() == pytest.approx(1 - 0.25 / 2, abs=0.03)
    human = playground.drivers["present"] == 0
    shown = np.stack([users["signal"][:, :2] for _, users in driven(playground)])
    left = playground.users["intent"][:, :2] == Intent.LEFT
    assert (shown == Signal.LEFT).any(axis=0)[human & left].all() and not (shown[:, human & ~left] == Signal.LEFT).any()


def test_who_is_social_earns_what_the_others_earn():
    alone, team = (driven(started(64, social=social)) for social in (0.0, 1.0))
    (mine, _), (ours, _) = alone[0], team[0]
    np.testing.assert_allclose(ours.rewards, mine.rewards[:, ::-1])
    assert (ours.observations[..., COLUMNS.index("ego.social")] == 1.0).all()


def test_whose_episode_has_ended_is_gone_from_the_next_frame_on():
    playground, ended = started(64), np.zeros((64, 2), bool)
    for moment, users in driven(playground):
        assert not moment.observations[ended].any() and not moment.rewards[ended].any()
        now = moment.terminated | moment.truncated
        assert moment.observations[now].any(axis=-1).all() and not (now & ended).any()
        assert (users["kind"][:, :2][now] == Kind.NOBODY).all()
        ended |= now
    assert ended.any()


def test_what_is_no_deed_changes_nothing():
    playground = started(2)
    before = [array.tobytes() for array in playground.snapshot()]
    for deeds, said in (([[0, 8], [0, 0]], "action 8 is not within 0..7"), ([[0], [0]], "shape|whole numbers")):
        with pytest.raises(ValueError, match=said):
            playground.step(np.array(deeds))
    assert [array.tobytes() for array in playground.snapshot()] == before
    with pytest.raises(ValueError, match="Town has [0-9]+ junctions: several agents, and endless worlds"):
        town = SCENARIOS["Town"]
        Playground(replace(town, casts=tuple(tuple(replace(m, learns=True) for m in cast) for cast in town.casts)))
    with pytest.raises(ValueError, match="Town has [0-9]+ junctions"):
        Playground(with_seat(SCENARIOS["Town"]), rules=Rules(endless=True))
    with pytest.raises(ValueError, match="Follow has no seats"):
        Playground(SCENARIOS["Follow"])
    with pytest.raises(ValueError, match="signals 'loud': choose from free, early, off, honest"):
        Rules(signals="loud")  # pyright: ignore[reportArgumentType]
    with pytest.raises(ValueError, match="humans is 2: it must be .*between 0 and 1"):
        Rules(humans=2)
