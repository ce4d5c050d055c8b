"""Scenarios, configs and resets that make no sense are refused."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kindergarten.scenarios import scenario_named
from kindergarten.world.codes import ARMS, LANES, Action, Intent
from kindergarten.world.config import Config, Junction, Lanes, Scenario, Weights
from kindergarten.world.road import route_numbers
from kindergarten.world.sense import LIMITS
from kindergarten.world.simulator import Simulator
from tests.driving import EXAMPLES
from tests.worlds import ALL, worlds


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
