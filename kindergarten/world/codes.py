"""The small whole numbers that the arrays hold, with their names."""

from __future__ import annotations

from enum import IntEnum

#: The arms of a junction, counterclockwise.
ARMS = ("south", "east", "north", "west")
#: What arms are called where there are two lanes and no junction.
LANES = ("right", "left")


class Kind(IntEnum):
    """What a road user is. A row that is ``NOBODY`` has left the scene, or is not there yet."""

    NOBODY = 0
    CAR = 1
    CYCLIST = 2
    TRUCK = 3


class Colour(IntEnum):
    """Of a car's paint or a cyclist's jacket. It tells something only where it is asked to: ``spurious``."""

    ORANGE = 0
    BLUE = 1
    WHITE = 2


class Intent(IntEnum):
    """What a road user will do at the junction; also the branch that the ego aims for.

    Where everybody stops, all go straight on and the question is in which order: whoever came before the ego goes
    ``FIRST``, whoever came after it goes ``LAST``.
    """

    LEFT = 0
    STRAIGHT = 1
    RIGHT = 2
    FIRST = 3
    LAST = 4


class Signal(IntEnum):
    """What a road user shows in one frame: an arm held out, or a lamp that is lit."""

    NONE = 0
    LEFT = 1
    RIGHT = 2


class Phase(IntEnum):
    """Where a road user stands between t1 (signal on), t2 (signal off) and t3 (the body moves)."""

    BEFORE = 0
    CUE = 1
    DELAY = 2
    AFTER = 3


class End(IntEnum):
    """How an episode ended."""

    RUNNING = 0
    GOAL = 1
    WRONG_WAY = 2
    COLLISION = 3
    OFF_ROAD = 4
    TIME_LIMIT = 5


class Action(IntEnum):
    """The discrete meta-actions, numbered as highway-env numbers them. Each moves a *target* that persists."""

    LEFT = 0
    IDLE = 1
    RIGHT = 2
    FASTER = 3
    SLOWER = 4


class SignalReliability(IntEnum):
    """How far signals are to be trusted: always, or as far as on real roads."""

    PERFECT = 0
    REAL = 1


class Marking(IntEnum):
    """A line that is painted on the road."""

    CENTRE_LINE = 0
    LANE_LINE = 1
    STOP_LINE = 2
    YIELD_LINE = 3


class Control(IntEnum):
    """How the agent drives: by ``Action``, or by acceleration and steering."""

    DISCRETE = 0
    CONTINUOUS = 1


class Observation(IntEnum):
    """What the agent sees: one frame as a row of numbers, the same with a row for each road user, or a picture."""

    FEATURES = 0
    USERS = 1
    PIXELS = 2


def names(codes: type[IntEnum]) -> list[str]:
    """The names as people type them: lower case, in the order of the codes."""
    return [code.name.lower() for code in codes]
