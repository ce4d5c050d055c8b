"""Scenarios, configs and resets that make no sense are refused."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kindergarten.scenarios import scenario_named
from kindergarten.world.codes import Intent
from kindergarten.world.config import Config, Weights
from kindergarten.world.simulator import Simulator


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (dict(speed=(3.0, 2.0)), "speed"),
        (dict(cue=(0.0, 1.0)), "cue"),
        (dict(arrival_offset=(float("nan"), 1.0)), "arrival_offset"),
        (dict(intents=((Intent.LEFT, 0.5),)), "probabilities"),
        (dict(intents=()), "probabilities"),
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
    with pytest.raises(ValueError, match="training is 0"):
        replace(crossing, training=0)


@pytest.mark.parametrize(
    "change",
    [
        dict(signal_rate=1.5),
        dict(physics_step=0.0),
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
    heavy = replace(scenario.tasks[0], weights=Weights(time=float("inf")))
    with pytest.raises(ValueError, match="weights"):
        Simulator(replace(scenario, task=heavy))


def test_the_names_of_intents_are_checked():
    simulator = Simulator(scenario_named("Crossing"))
    with pytest.raises(ValueError, match="'up'.*left, straight, right"):
        simulator.parse_intents(["up"])
    with pytest.raises(ValueError, match="road user 2 has no intent 'left'"):
        simulator.parse_intents([None, "left"])
    with pytest.raises(ValueError, match=f"at most {simulator.num_users - 1}"):
        simulator.parse_intents(["left"] * simulator.num_users)
    assert simulator.parse_intents([None, "straight"]).tolist()[:3] == [-1, Intent.STRAIGHT, -1]
