"""Scenarios, configs and resets that make no sense are refused."""

from __future__ import annotations

from dataclasses import fields, replace
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kindergarten.playground import PLAYGROUNDS
from kindergarten.scenarios import scenario_named
from kindergarten.world.codes import ARMS, LANES, Action, Intent
from kindergarten.world.config import Config, Junction, Lanes, Roundabout, Scenario, Weights
from kindergarten.world.road import _plan, route_numbers, sample
from kindergarten.world.sense import LIMITS
from kindergarten.world.simulator import Simulator
from kindergarten.world.ways import exit_of
from tests.driving import EXAMPLES
from tests.worlds import ALL, CIRCLE, LEGS, worlds
from tests.worlds import LANES as TWO_LANES


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (dict(speed=(3.0, 2.0)), "speed"),
        (dict(cue=(0.0, 1.0)), "cue"),
        (dict(arrival_offset=(float("nan"), 1.0)), "arrival_offset"),
        (dict(intents=((Intent.LEFT, 0.5),)), "probabilities"),
        (dict(intents=()), "probabilities"),
        (dict(intents=((Intent.LEFT, 1.5), (Intent.RIGHT, -0.5))), "intents is .*1.5"),
        (dict(intents=((Intent.LEFT, float("nan")),)), "intents is .*nan"),
        (dict(intents=((Intent.LEFT, 0.5), (Intent.LEFT, 0.5))), "each intent once"),
        (dict(intents=(("left", 1.0),)), "intents is .*'left'"),
        (dict(cyclist=2.0), "cyclist is 2.0: it must be between 0 and 1"),
        (dict(cyclist=0.6, truck=0.6), "cyclist 0.6 and truck 0.6"),
        (dict(presence=5.0), "presence is 5.0"),
        (dict(speed=5.0), r"speed is 5.0: it must be \(low, high\)"),
    ],
)
def test_a_member_without_sense_is_refused(change: dict, words: str):
    with pytest.raises(ValueError, match=words):
        replace(scenario_named("Crossing").casts[0][1], **change)


def test_a_scenario_without_sense_is_refused():
    crossing = scenario_named("Crossing")
    (cast,) = crossing.casts
    ego, signaller, *others = cast
    with pytest.raises(ValueError, match="'down'.*south, east"):
        replace(crossing, casts=((ego, replace(signaller, arm="down"), *others),))
    with pytest.raises(ValueError, match="same number"):
        replace(crossing, casts=(cast, cast[:-1]))
    with pytest.raises(ValueError, match="same intents"):
        replace(crossing, casts=(cast, (ego, *others, others[0])))
    with pytest.raises(ValueError, match="signaller of leg 0"):
        replace(crossing, casts=((ego, replace(signaller, arrival_offset=(0.0, 1.0)), *others),))
    for change, words in (
        (dict(training=0), "training is 0"),
        (dict(noise_hold=0.0), "noise_hold is 0.0: it must be at least 1"),
        (dict(first=(5, 1)), r"first is \(5, 1\)"),
        (dict(fog=(1.0, 0.0, 0.0, 0.0)), "fog is .*x0 <= x1"),
        (dict(casts=((ego,),)), "fewer than two members"),
        (dict(casts=()), "casts"),
        (dict(casts=((ego, signaller, *(replace(other, leg=3) for other in others)),)), r"leg is \[0, 0, 3, 3"),
        (dict(road=Junction(legs=2)), "leg is .*from 0 to 1"),
        (dict(road=Junction(arms=("south", "north", "east"))), "from north the road has no way <Intent.RIGHT: 2>: ch"),
        (dict(road=Junction(half_width=1.0)), "half_width is 1.0"),
        (dict(task=replace(crossing.tasks[0], branches=(Intent.FIRST,))), "from south the road has no way <Intent.FI"),
    ):
        with pytest.raises(ValueError, match=words):
            replace(crossing, **change)
    for change, words in (
        (dict(speed_step=0.0), "speed_step is 0.0: it must be between 0.1 and 60"),
        (dict(min_speed=20.0), "min_speed is 20.0: it must be at most max_speed, 16.0"),
        (dict(branches=("left",)), r"branches is \('left',\): .*LEFT, STRAIGHT"),
        (dict(weights=Weights(), time_limit=float("nan")), "time_limit is nan"),
    ):
        with pytest.raises(ValueError, match=words):
            replace(crossing.tasks[0], **change)
    with pytest.raises(ValueError, match="time is inf"):
        Weights(time=float("inf"))
    with pytest.raises(ValueError, match="leave is 20.0: it must be at least change, 30.0"):
        Lanes(leave=20.0)


@pytest.mark.parametrize(
    ("ego", "task", "words"),
    [
        (dict(arm="north"), {}, "arm of the ego is 'north': on a road of several legs it comes from south"),
        (dict(arm="east"), {}, "arm of the ego is 'east'"),
        (dict(intents=((Intent.LEFT, 1.0),)), {}, "the ego may go left: on a road of several legs it goes straight on"),
        (dict(intents=((Intent.STRAIGHT, 0.5), (Intent.RIGHT, 0.5))), {}, "the ego may go right"),
        ({}, dict(branches=(Intent.STRAIGHT, Intent.LEFT)), "the ego may go left"),
        (dict(speed=(0.0, 1.0)), {}, r"speed of the ego is \(0.0, 1.0\)"),
    ],
)
def test_an_ego_that_does_not_get_from_leg_to_leg_is_refused(ego: dict, task: dict, words: str):
    for scenario in (LEGS, scenario_named("Town")):
        casts = tuple((replace(cast[0], **ego), *cast[1:]) for cast in scenario.casts)
        with pytest.raises(ValueError, match=words):
            replace(scenario, casts=casts, task=replace(scenario.tasks[0], **task))
    replace(LEGS, task=replace(LEGS.tasks[0], branches=(Intent.STRAIGHT,)))  # nothing to choose between


def test_lanes_of_several_legs_are_driven_straight_on():
    """Whoever changes lanes would begin the next leg in the lane that it came from."""
    casts = tuple((*cast, replace(cast[1], leg=1)) for cast in TWO_LANES.casts)
    long = replace(TWO_LANES, casts=casts, road=Lanes(legs=2))
    assert long.road.legs == 2
    for intent, arm in ((Intent.LEFT, "right"), (Intent.RIGHT, "left")):
        turned = replace(casts[0][0], arm=arm, intents=((intent, 1.0),))
        with pytest.raises(ValueError, match=f"the ego may go {intent.name.lower()}"):
            replace(long, casts=((turned, *casts[0][1:]),))
        with pytest.raises(ValueError, match=f"the ego may go {intent.name.lower()}"):
            replace(
                long,
                casts=((replace(casts[0][0], arm=arm), *casts[0][1:]),),
                task=replace(long.tasks[0], branches=(intent,)),
            )
    with pytest.raises(ValueError, match="legs is 2: there is one roundabout at most"):
        replace(LEGS, casts=tuple(cast[:5] for cast in LEGS.casts), road=Roundabout(legs=2))


@worlds
def test_the_goal_lies_on_every_way_that_the_ego_may_take(scenario: Scenario):
    """At the very end it may; there the ego is as far as it has driven."""
    simulator = Simulator(scenario)
    road, routes = simulator.road, [*simulator.casts[:, 0]["routes"].flat, *simulator.params["branches"].flat]
    routes = [route for route in routes if route >= 0]
    end = float(road.length[routes].min() - road.entry)
    for goal_at, is_there in ((end, True), (end + 0.5, False), (1000.0, False)):
        task = tuple(replace(each, goal_at=goal_at) for each in scenario.tasks)
        if is_there:
            assert replace(scenario, task=task).tasks == task
        else:
            with pytest.raises(ValueError, match=f"goal_at is {goal_at!r}: the road of member 0 ends there"):
                replace(scenario, task=task)


def test_seats_have_their_goals_on_their_ways_too():
    meeting = PLAYGROUNDS["Meeting"]
    with pytest.raises(ValueError, match="goal_at is 99.0: the road of member 0"):
        replace(meeting, task=replace(meeting.tasks[0], goal_at=99.0))
    cast = meeting.casts[0]
    with pytest.raises(ValueError, match="presence is 0.5: member 1 is driven by an agent"):
        replace(meeting, casts=((cast[0], replace(cast[1], presence=0.5), *cast[2:]),))


@worlds
@pytest.mark.parametrize(
    ("change", "words"), [(dict(convoy=True), "convoy"), (dict(presence=0.99), "presence is 0.99")]
)
def test_an_ego_is_there_and_follows_nobody(scenario: Scenario, change: dict, words: str):
    cast, *casts = scenario.casts
    with pytest.raises(ValueError, match=words):
        replace(
            scenario,
            casts=(*casts, (replace(cast[0], **change), *cast[1:])),
            task=(*scenario.tasks[1:], scenario.tasks[0]),
        )


SIZES = (0.1, 2.0, 8.0, 13.0, 40.0, 100.0)


@pytest.mark.parametrize("lane_width", [0.1, 3.5, 20.0, 100.0])
def test_a_roundabout_is_built_or_refused_in_one_line(lane_width: float):
    """Whatever its three radii are; what is built goes round, and every way out ends in the lane on the right."""
    built = 0
    for radius, bend, exit_bend in product(SIZES, repeat=3):
        try:
            road = Roundabout(radius, bend, exit_bend)
            scenario = replace(CIRCLE, road=road, lane_width=lane_width, task=replace(CIRCLE.tasks[0], goal_at=0.0))
        except ValueError as error:
            assert "\n" not in str(error) and f"radius is {radius!r}" in str(error)
            continue
        built += 1
        assert all(length >= 0.0 for way in road.beyond(lane_width).values() for length, _ in way)
        for (arm, way), route in _plan(scenario.road, 60.0, lane_width).routes.items():
            side = {"south": -1j, "east": 1, "north": 1j, "west": -1}[exit_of(arm, way)]
            points = sample(*route)
            assert np.isfinite(points).all() and complex(*points[-1, 2:]) == pytest.approx(side, abs=1e-6)
    assert 0 < built < len(SIZES) ** 3 or lane_width == 100.0


@worlds
def test_every_field_of_a_scenario_has_its_limits(scenario: Scenario):
    """Those that are no numbers, and the dataclasses that have limits of their own, are looked at elsewhere."""
    elsewhere = {"arm", "weights", "casts", "task", "road", "place"}
    (member, *_), task = scenario.casts[0], scenario.tasks[0]
    for made in (member, task, task.weights, scenario.road, scenario):
        assert {each.name for each in fields(made)} - elsewhere == set(LIMITS[type(made).__name__])


@worlds
def test_a_road_has_the_ways_that_it_says(scenario: Scenario):
    assert tuple(route_numbers(scenario.road)) == scenario.road.ways


NUMBERS = st.sampled_from(
    [0, 1, 2.0, 1e-3, 0.5, 14.0, 60.0, 100.0, 600, -1.0, 1e9, 10**400, float("nan"), float("inf")]
)
WILD = st.one_of(
    *(NUMBERS, NUMBERS, st.booleans(), st.none(), st.text(max_size=2), st.tuples(NUMBERS, NUMBERS)),
    *(st.tuples(NUMBERS, NUMBERS, NUMBERS, NUMBERS), st.lists(st.sampled_from(Intent), max_size=3).map(tuple)),
    st.lists(st.tuples(st.sampled_from(Intent), NUMBERS), max_size=3).map(tuple),
    st.lists(st.sampled_from([*ARMS, *LANES, "down"]), max_size=3).map(tuple),
)


@pytest.mark.drawn
@settings(max_examples=40 * EXAMPLES, deadline=None)
@given(st.sampled_from(list(ALL.values())), st.data())
def test_any_change_makes_a_scenario_that_can_be_driven_or_is_refused_in_one_line(
    scenario: Scenario, data: st.DataObject
):
    """What is accepted is built, drawn and driven, and no number of it is missing."""
    (cast, *casts), task = scenario.casts, scenario.tasks[0]
    member = data.draw(st.integers(0, len(cast) - 1))
    made = data.draw(st.sampled_from([cast[member], task, task.weights, scenario.road, scenario]))
    names = sorted(
        {each.name for each in fields(made)} - {"name", "summary", "weights", "casts", "task", "road", "place"}
    )
    name, value = data.draw(st.sampled_from(names)), data.draw(WILD)
    try:
        changed: Any = replace(made, **{name: value})
        if made is cast[member]:
            changed = replace(scenario, casts=((*cast[:member], changed, *cast[member + 1 :]), *casts))
        elif made is task.weights:
            changed = replace(scenario, task=(replace(task, weights=changed),) * len(scenario.tasks))
        elif made is task:
            changed = replace(scenario, task=(changed,) * len(scenario.tasks))
        elif made is scenario.road:
            changed = replace(scenario, road=changed)
    except ValueError as error:
        assert "\n" not in str(error) and len(str(error)) < 400
        return
    simulator = Simulator(changed, 2)
    simulator.reset()
    for _ in range(10):
        step = simulator.step(np.full(2, Action.FASTER))
        assert np.isfinite(step.observations).all() and np.isfinite(step.rewards).all(), (name, value)


@pytest.mark.parametrize(
    "change",
    [
        dict(signal_rate=1.5),
        dict(physics_step=0.0),
        dict(physics_step=float("nan")),
        dict(substeps=0),
        dict(delay_s=(-1, 1)),
        dict(delay_s=(2, 1)),
    ],
)
def test_a_config_without_sense_is_refused(change: dict):
    with pytest.raises(ValueError):
        replace(Config(), **change)


def test_a_simulator_without_sense_is_refused():
    scenario = scenario_named("Follow")
    with pytest.raises(ValueError, match="num_worlds"):
        Simulator(scenario, 0)


def test_the_names_of_intents_are_checked():
    simulator = Simulator(scenario_named("Crossing"))
    with pytest.raises(ValueError, match="'up'.*left, straight, right"):
        simulator.parse_intents(["up"])
    with pytest.raises(ValueError, match="road user 2 has no intent 'left'"):
        simulator.parse_intents([None, "left"])
    with pytest.raises(ValueError, match=f"at most {simulator.num_users - 1}"):
        simulator.parse_intents(["left"] * simulator.num_users)
    assert simulator.parse_intents([None, "straight"]).tolist()[:3] == [-1, Intent.STRAIGHT, -1]
