"""Junction4: four come to a crossing at once, one on each arm, and time is dear."""

from dataclasses import replace

from kindergarten.playground.meeting import SCENARIO as MEETING
from kindergarten.playground.meeting import SEAT as ONE
from kindergarten.world.codes import ARMS, Intent
from kindergarten.world.config import Weights

THIRD = 1.0 / 3.0
SEAT = replace(ONE, intents=((Intent.LEFT, THIRD), (Intent.STRAIGHT, THIRD), (Intent.RIGHT, THIRD)))
JITTER = (-0.5, 0.5)  # [s] else all would do the same at the same time, for ever
TASK = replace(
    MEETING.tasks[0],
    weights=Weights(progress=0.01, time=-0.4, collision=-1.5),
    acceleration=0.5,  # on ice
    braking=1.0,
)

SCENARIO = replace(
    MEETING,
    name="Junction4",
    summary="Four come to a crossing at once, one on each arm, and each may go anywhere.",
    casts=(
        tuple(replace(SEAT, arm=arm, arrival_offset=JITTER if k != 1 else (0.0, 0.0)) for k, arm in enumerate(ARMS)),
    ),
    task=TASK,
)
