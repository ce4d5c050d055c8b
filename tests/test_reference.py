"""The 0 and the 1 of every score: blind, oracle, and what is made of them."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pytest

from kindergarten.scenarios import SCENARIOS
from kindergarten.scoring import reference
from kindergarten.scoring.planner import KEEP, NEVER, Plans, chances, outcomes, plans_of, telling, twins
from kindergarten.scoring.reference import (
    Reference,
    compute,
    stakes_by_braking,
)
from kindergarten.world.codes import Action, Control, End
from kindergarten.world.config import Config, Scenario
from kindergarten.world.simulator import Simulator

pytestmark = pytest.mark.kernels

scenarios = pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=SCENARIOS.keys())


# ---- the search


@pytest.fixture(params=SCENARIOS.values(), ids=list(SCENARIOS))
def found(request: pytest.FixtureRequest) -> Reference:
    """What is stored; that it is what the search finds today is tested below."""
    return reference.reference(request.param, Config())


def test_knowing_the_intents_never_hurts(found: Reference):
    assert (found.blind <= found.oracle).all()
    assert (found.worst <= found.oracle).all()


def test_much_is_at_stake(found: Reference):
    assert found.stakes >= 0.15
    assert found.anticipation(found.oracle) == pytest.approx(1.0)
    assert found.anticipation(found.blind) == pytest.approx(0.0, abs=1e-12)


@scenarios
def test_much_is_at_stake_however_hard_the_ego_brakes(scenario: Scenario):
    """By what is stored; what a richer search finds is tested in test_brakes.py."""
    stakes = stakes_by_braking(scenario)
    assert list(stakes) == ["task", "7", "8"] and min(stakes.values()) >= 0.15


@pytest.mark.jit
@scenarios
def test_blind_ends_at_the_first_frame_that_tells(scenario: Scenario):
    """Not at t3, when no frame has told anything yet; colours, which tell earlier, are another matter."""
    family = twins(scenario, Config(spurious=1.0), np.arange(32))
    told = telling(family)
    family.users["colour"] = 0
    t3 = family.users["t3"][np.arange(family.num_worlds), family.worlds["signaller"]]
    possible = chances(family) > 0.0
    assert (told == NEVER).all() if not scenario.revealed else ((told > t3) & (told <= t3 + 2)).all()
    while (family.worlds["tick"] < t3 + 2).any():
        frames = family.step(np.full(family.num_worlds, Action.IDLE)).observations.reshape(*possible.shape, -1)
        same = [(frames[possible[:, s], s] == frames[possible[:, s]][0, s]).all() for s in range(frames.shape[1])]
        tick = family.worlds["tick"][: len(same)]
        off = tick >= family.users["t2"][np.arange(len(same)), family.worlds["signaller"][: len(same)]]
        assert (np.array(same) == (tick < told[: len(same)]))[off & (tick <= told[: len(same)])].all()


@pytest.mark.jit
@scenarios
def test_control_does_not_matter_to_the_references(scenario: Scenario):
    a, b = (compute(scenario, Config(control=control), np.arange(1)) for control in Control)
    assert (a.oracle == b.oracle).all() and (a.blind == b.blind).all() and (a.worst == b.worst).all()


@pytest.mark.jit
@scenarios
def test_no_answer_is_right_for_all_twins(scenario: Scenario):
    """But where there are several casts, in some nothing may depend on the signaller, or a second may do."""
    table, weights = (array[:, : 8 * len(scenario.casts)] for array in searched(scenario))
    table = table.reshape(*weights.shape, -1)
    best = table >= table.max(2, keepdims=True) - 1e-9
    best |= (weights == 0.0)[:, :, None]
    right_for_all = best.all(0).any(1)
    assert right_for_all.mean() < (2 / 3 if len(scenario.casts) > 1 else 1e-9)


#: What is right for one intent may be worth much less if it is done always, where casts differ in what is right.
single = pytest.mark.parametrize(
    "scenario", [s for s in SCENARIOS.values() if len(s.casts) == s.road.legs == 1], ids=lambda s: s.name
)


@pytest.mark.jit
@single
def test_no_answer_is_a_refuge(scenario: Scenario):
    """Always to do what is right for one intent: the best such habit is as good as blind, none is far worse."""
    returns, weights, limits = first_leg(scenario)
    habits = (returns[:, :, (weights[k] @ returns[k]).argmax()] for k in range(len(weights)))
    scores = [limits.anticipation(np.einsum("is,is->s", weights, habit)) for habit in habits]
    assert -0.1 <= max(scores) <= 0.0 and min(scores) >= -1.0


@pytest.mark.jit
@scenarios
@pytest.mark.parametrize("late", [0.1, 0.2])
def test_the_right_answer_is_worth_something_even_if_begun_late(scenario: Scenario, late: float):
    """By a tenth or a fifth of the time to t3, that is a fifth and two fifths of a second."""
    prefixes, lead = plans_of(scenario).prefixes.copy(), scenario.tasks[0].lead
    if scenario.revealed:  # shares are those of the time until a frame tells: one decision more
        late *= lead / (lead + Config().decision_step)
    prefixes[:, 0] = np.minimum(prefixes[:, 0] + late, 1.0)
    prefixes[:, 3] = np.maximum(prefixes[:, 3], prefixes[:, 0])
    returns, weights, limits = first_leg(scenario)
    best, which = np.unique(returns.argmax(2), return_inverse=True)  # no other has to be tried once more
    delayed = tried(scenario, prefixes[best])[0].max(3)
    kept = np.take_along_axis(delayed, which.reshape(*weights.shape, 1), axis=2)[:, :, 0]
    assert limits.anticipation((weights * kept).sum(0)) >= 0.2


def tried(scenario: Scenario, prefixes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What plans earn on the first leg (I, S, P, C), and the chances of the twins (I, S); 8 seeds a cast."""
    family = twins(scenario, Config(), np.arange(8 * len(scenario.casts)))
    weights = chances(family)
    returns, _ = outcomes(family, Plans(prefixes, plans_of(scenario).continuations))
    return returns.reshape(*weights.shape, *returns.shape[1:]), weights


@lru_cache
def searched(scenario: Scenario) -> tuple[np.ndarray, np.ndarray]:
    """Every plan of the search, tried."""
    return tried(scenario, plans_of(scenario).prefixes)


def first_leg(scenario: Scenario) -> tuple[np.ndarray, np.ndarray, Reference]:
    """What each prefix earns at best on the first leg (I, S, P), the chances (I, S), and the references there."""
    table, weights = searched(scenario)
    returns = table.max(3)
    limits = Reference(
        np.arange(returns.shape[1]),
        oracle=np.einsum("is,is->s", weights, returns.max(2)),
        blind=np.einsum("is,isp->sp", weights, returns).max(1),
        worst=returns.min((0, 2)),
    )
    return returns, weights, limits


@pytest.mark.jit
@scenarios
def test_a_plan_earns_what_its_actions_earn(scenario: Scenario):
    """The search against the simulator, driven step by step from outside."""
    config, every = Config(delay_s=(1.0, 1.0)), plans_of(scenario)
    some = Plans(some_of(every.prefixes, 8), some_of(every.continuations, 8))
    family = twins(scenario, config, np.arange(4))
    start, told = family.snapshot(), telling(family)
    returns, _ = outcomes(family, some)
    for p, prefix in enumerate(some.prefixes):
        for c, continuation in enumerate(some.continuations):
            family.restore(start)
            total = np.zeros(family.num_worlds)
            while (under_way := (family.worlds["end"] == End.RUNNING) & (family.worlds["leg"] == 0)).any():
                actions = [action_of(family, w, prefix, continuation, told[w]) for w in range(family.num_worlds)]
                total += family.step(np.array(actions)).rewards * under_way
            np.testing.assert_allclose(returns[:, p, c], total, atol=1e-9)


def some_of(rows: np.ndarray, count: int) -> np.ndarray:
    """Some of the rows, in their order: a longer hold goes on from a shorter one."""
    return rows[np.sort(np.random.default_rng(0).permutation(len(rows))[:count])]


def action_of(family: Simulator, w: int, prefix: np.ndarray, continuation: np.ndarray, told: int) -> Action:
    """What a plan asks for in world ``w`` as it stands: first the side, then the pace."""
    world, users, (share, steps, side, back) = family.worlds[w], family.users[w], prefix
    task = family.scenario.tasks[world["cast"]]
    tick, end = world["tick"], told if family.scenario.revealed else users[world["signaller"]]["t3"]
    start, left = world["hands_on"], max(end - world["hands_on"], 0)
    if tick < int(start + share * left):
        return Action.IDLE
    if family.scenario.revealed and int(start + back * left) <= tick < told:
        steps = task.max_speed / task.speed_step
    if tick >= told:
        first, hold, later = continuation
        side = side if later == KEEP else later
        held = tick < told + int(hold / family.config.physics_step)
        steps = first if held else task.max_speed / task.speed_step
    aim = world["target_offset"] if task.side_step else users[0]["intent"]
    more_left = side > aim if task.side_step else side < aim
    if (task.branches or task.side_step) and side != aim:
        return Action.LEFT if more_left else Action.RIGHT
    missing = steps - world["target_speed"] / task.speed_step
    return Action.FASTER if missing > 0.5 else Action.SLOWER if missing < -0.5 else Action.IDLE


# ---- the score, on made-up numbers


def made_up(oracle: list[float], blind: list[float], worst: list[float] | None = None) -> Reference:
    return Reference(np.arange(len(oracle)), *map(np.array, (oracle, blind, worst or [-1.0] * len(oracle))))


def test_the_score_is_a_ratio_of_means():
    ours = made_up([1.0, 10.0], [0.0, 0.0])
    assert ours.anticipation(np.array([1.0, 0.0])) == pytest.approx(1 / 11)  # the mean of the ratios would be 1/2
    assert ours.anticipation(ours.oracle) == 1.0 and ours.anticipation(ours.blind) == 0.0
    assert ours.anticipation(2 * ours.oracle) == 2.0 and ours.anticipation(-ours.oracle) == -1.0


def test_stakes_are_what_memory_is_worth_of_what_a_wrong_answer_costs():
    assert made_up([1.0, 3.0], [0.0, 2.0], [-2.0, -2.0]).stakes == pytest.approx(1 / 4)
    assert made_up([1.0], [1.0], [1.0]).stakes == 0.0


def test_where_nothing_is_at_stake_there_is_no_score():
    ours = made_up([1.0, 1.0], [1.0, 1.0])
    assert np.isnan(ours.anticipation(np.zeros(2))) and np.isnan(ours.interval(np.zeros(2))).all()


def test_the_interval_covers_the_score_and_narrows_with_more_seeds():
    rng = np.random.default_rng(0)
    widths = []
    for count in (16, 256):
        ours = made_up([1.0] * count, [0.0] * count)
        returns = rng.normal(0.5, 0.2, count)
        low, high = ours.interval(returns)
        assert low < ours.anticipation(returns) < high
        assert (low, high) == ours.interval(returns), "the same numbers at every call"
        error = returns.std() / np.sqrt(count)
        assert high - low == pytest.approx(2 * 1.96 * error, rel=0.15)
        widths.append(high - low)
    assert widths[1] < widths[0] / 2
    assert made_up([1.0] * 8, [0.0] * 8).interval(np.full(8, 0.25)) == pytest.approx((0.25, 0.25))
