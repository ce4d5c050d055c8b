"""Square: eight at a crossing, two on each arm, cyclists among them; made to go on without end."""

from dataclasses import replace

from kindergarten.playground.junction4 import JITTER, SEAT
from kindergarten.playground.junction4 import SCENARIO as JUNCTION4
from kindergarten.world.codes import ARMS

BEHIND = 14.0  # [m] that the second of an arm is behind the first
CYCLISTS = 0.25  # of them: whoever has an arm out brakes with one hand

SCENARIO = replace(
    JUNCTION4,
    name="Square",
    summary="Eight at a crossing, two on each arm and cyclists among them.",
    casts=(
        tuple(
            replace(
                SEAT,
                arm=arm,
                cyclist=CYCLISTS,
                arrival_position=SEAT.arrival_position - BEHIND * row,
                arrival_offset=JITTER if (row, arm) != (0, ARMS[1]) else (0.0, 0.0),
            )
            for row in range(2)
            for arm in ARMS
        ),
    ),
)
