"""The small whole numbers that the arrays hold, with their names."""

from __future__ import annotations

from enum import IntEnum
from typing import TypeVar

Code = TypeVar("Code", bound=IntEnum)

#: Where a route comes from. Route number = 3 * arm + Intent.
ARMS = ("south", "east", "north", "west")


class Kind(IntEnum):
    """What a road user is. A row that is ``NOBODY`` has left the scene."""

    NOBODY = 0
    CAR = 1
    CYCLIST = 2


class Intent(IntEnum):
    """What a road user will do at the junction; also the branch that the ego aims for."""

    LEFT = 0
    STRAIGHT = 1
    RIGHT = 2


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


class Control(IntEnum):
    """How the agent drives: by ``Action``, or by acceleration and steering."""

    DISCRETE = 0
    CONTINUOUS = 1


class Observation(IntEnum):
    """What the agent sees."""

    FEATURES = 0


def names(codes: type[IntEnum]) -> list[str]:
    """The names as people type them: lower case, in the order of the codes."""
    return [code.name.lower() for code in codes]


def parse(codes: type[Code], name: str, what: str) -> Code:
    """The code called ``name``.

    Raises:
        ValueError: there is none; the message names the value and the choices.
    """
    for code in codes:
        if name == code.name.lower():
            return code
    raise ValueError(f"unknown {what} {name!r}: choose from {', '.join(names(codes))}")
