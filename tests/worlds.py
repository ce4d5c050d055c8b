"""Scenarios that nobody should have to drive: together they make use of everything that a scenario can say."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kindergarten.scenarios import SCENARIOS
from kindergarten.world.codes import Control, Intent
from kindergarten.world.config import Junction, Lanes, Member, Roundabout, Scenario, Task, Weights

LEFT, STRAIGHT, RIGHT, FIRST, LAST = Intent
EVERY_TERM = Weights(1.0, -2.0, -3.0, -4.0, -5.0, 6.0, -7.0)  # so that none is multiplied by 0
ON = ((STRAIGHT, 1.0),)
ANY = ((LEFT, 0.25), (STRAIGHT, 0.25), (RIGHT, 0.5))

EGO = Member("south", ON, (9.0, 11.0), arrival_offset=(0.5, 1.5), arrival_position=-20.0, cyclist=0.0)
SIGNALLER = Member("north", ANY, (5.0, 8.0), truck=0.3)
CROSSER = Member("east", ON, (5.0, 9.0), arrival_offset=(-2.0, 3.0), truck=0.5, desired_speed_factor=1.2, presence=0.8)

BUSY = Scenario(
    name="Busy",
    summary="Two casts in any order, trucks and a house in the way, and somebody who stops.",
    casts=(
        (
            replace(EGO, speed=(6.0, 11.0)),
            SIGNALLER,
            CROSSER,
            replace(CROSSER, convoy=True, arrival_offset=(0.0, 5.0)),
            Member(
                "west",
                ((FIRST, 0.4), (LAST, 0.6)),
                (4.0, 7.0),
                cyclist=0.3,
                stops=True,
                last_speed_factor=0.7,
                patience=1.5,
            ),
            Member(
                "south",
                ANY,
                (9.0, 12.0),
                arrival_offset=(1.0, 4.0),
                cyclist=0.2,
                truck=0.3,
                desired_speed_factor=1.5,
                yields=False,
            ),
        ),
        (
            EGO,
            replace(SIGNALLER, arm="west", intents=((RIGHT, 0.2), (LEFT, 0.8)) + ((STRAIGHT, 0.0),)),
            replace(CROSSER, intents=ANY, signals=False),
            replace(CROSSER, arm="north", stops=True),
            CROSSER,
            replace(CROSSER, arm="west", intents=ANY),
        ),
    ),
    task=Task(EVERY_TERM, branches=(LEFT, STRAIGHT, RIGHT), follow=True, time_limit=8.0),
    buildings=((8.0, -40.0, 30.0, -8.0), (-30.0, 8.0, -8.0, 25.0)),
    fog=(-100.0, 30.0, 100.0, 60.0),
)
STOP = Scenario(
    name="Stop",
    summary="A junction of three arms at which all stop, the ego among them.",
    casts=(
        (
            Member("south", ON, (7.0, 9.0), arrival_offset=(1.0, 2.0), arrival_position=-30.0, cyclist=0.0, stops=True),
            Member(
                "north",
                ((FIRST, 0.5), (LAST, 0.5)),
                (5.0, 8.0),
                arrival_position=-20.0,
                stops=True,
                last_speed_factor=0.6,
                patience=2.0,
            ),
            Member(
                "east",
                ((LEFT, 0.5), (RIGHT, 0.5)),
                (5.0, 8.0),
                arrival_offset=(-1.0, 1.0),
                arrival_position=-20.0,
                stops=True,
            ),
        ),
    ),
    task=Task(EVERY_TERM, stops=True, time_limit=12.0),
    road=Junction(arms=("south", "east", "north"), half_width=10.0),
    lane_width=3.2,
)
CIRCLE = Scenario(
    name="Circle",
    summary="A roundabout.",
    casts=(
        (
            replace(EGO, speed=(6.0, 7.0)),
            replace(SIGNALLER, arm="west", arrival_position=2.0),
            replace(CROSSER, intents=ANY),
            replace(CROSSER, arm="north", intents=ANY),
            replace(CROSSER, arm="south", intents=ANY, arrival_offset=(2.0, 6.0)),
        ),
    ),
    task=Task(EVERY_TERM, branches=(STRAIGHT, RIGHT), max_speed=8.0, goal_at=20.0),
    road=Roundabout(radius=14.0, bend=9.0),
)
LANES = Scenario(
    name="Lanes",
    summary="Two lanes the same way, and room to move aside.",
    casts=(
        (
            Member("right", ON, (12.0, 12.0), arrival_position=-25.0, cyclist=0.0, desired_speed_factor=1.0),
            Member("left", ((STRAIGHT, 0.5), (RIGHT, 0.5)), (10.0, 12.0), truck=0.4, turn_speed=10.0, cyclist=0.0),
            Member(
                "right",
                ((STRAIGHT, 0.5), (LEFT, 0.5)),
                (10.0, 12.0),
                arrival_offset=(-2.0, -1.0),
                cyclist=0.2,
                desired_speed_factor=1.2,
            ),
        ),
    ),
    task=Task(EVERY_TERM, side_step=1.5, goal_at=120.0, max_speed=15.0, min_speed=6.0, speed_step=3.0),
    road=Lanes(),
)
LEGS = Scenario(
    name="Legs",
    summary="Three junctions, one behind the other, in the order in which fate has it.",
    casts=tuple(
        (
            replace(EGO, arrival_position=arrival_position),
            SIGNALLER,
            replace(CROSSER, yields=False),
            replace(SIGNALLER, arm="east", leg=1),
            replace(CROSSER, leg=1, arm="west"),
            replace(CROSSER, leg=1, arm="north", stops=True),
            replace(SIGNALLER, leg=2),
        )
        for arrival_position in (-20.0, -10.0)
    ),
    task=Task(EVERY_TERM, time_limit=9.0),
    road=Junction(legs=3),
)
MADE_UP = {scenario.name: scenario for scenario in (BUSY, STOP, CIRCLE, LANES, LEGS)}
ALL = {**SCENARIOS, **MADE_UP}

scenarios = pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=SCENARIOS.keys())
worlds = pytest.mark.parametrize("scenario", ALL.values(), ids=ALL.keys())
controls = pytest.mark.parametrize("control", Control, ids=lambda control: control.name.lower())


def everybody_a_cyclist(scenario: Scenario) -> Scenario:
    """The same, and every member rides."""
    return replace(scenario, casts=tuple(tuple(replace(m, cyclist=1.0) for m in cast) for cast in scenario.casts))


THREE = replace(
    BUSY,
    name="Three",
    casts=(
        (
            *(
                replace(BUSY.casts[0][1], arm=arm, learns=True, cyclist=0.0, truck=0.0)
                for arm in ("south", "north", "west")
            ),
            *BUSY.casts[0][2:],
        ),
    ),
    task=replace(BUSY.tasks[0], branches=(), follow=False),
)


def with_seat(scenario: Scenario) -> Scenario:
    """The same, with a seat for its ego."""
    return replace(scenario, casts=tuple((replace(cast[0], learns=True), *cast[1:]) for cast in scenario.casts))
