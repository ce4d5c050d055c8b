"""What the fields of a scenario may be: one table, for whoever makes one of his own.

Roads are built and kernels run with whatever stands in a scenario. So what is made is looked at: that no number is
missing, no road endless, nothing divided by 0.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection
from functools import partial
from typing import Any

from kindergarten.world.codes import ARMS, LANES, Intent
from kindergarten.world.kinds import Number, Switch, Text, Whole, check_range, finite
from kindergarten.world.words import quoted

Check = Callable[[str, Any], Any]  # of a field's name and its value: a ValueError if that makes no sense


def check(made: object) -> None:
    """Refuse a dataclass with a field that is not what ``LIMITS`` says.

    Raises:
        ValueError: names the field, its value and what it may be.
    """
    kind = next(one.__name__ for one in type(made).__mro__ if one.__name__ in LIMITS)  # or what it is derived from
    for name, its in LIMITS[kind].items():
        its(name, getattr(made, name))


def _box(name: str, value: Any) -> None:
    x0, y0, x1, y1 = map(finite, value if isinstance(value, tuple) and len(value) == 4 else [math.nan] * 4)
    if not (x0 <= x1 and y0 <= y1):
        raise ValueError(f"{name} is {quoted(value)}: it must be (x0, y0, x1, y1) with x0 <= x1 and y0 <= y1")


def _boxes(name: str, value: Any) -> None:
    for box in value if isinstance(value, tuple) else (value,):
        _box(name, box)


def _intents(name: str, value: Any) -> None:
    pairs = value if isinstance(value, tuple) and all(isinstance(p, tuple) and len(p) == 2 for p in value) else ()
    known = all(isinstance(intent, Intent) and 0.0 <= finite(chance) <= 1.0 for intent, chance in pairs)
    if not (pairs and known and len(dict(pairs)) == len(pairs) and abs(sum(p for _, p in pairs) - 1.0) <= 1e-9):
        raise ValueError(
            f"{name} is {quoted(value)}: it must be a tuple of (Intent, probability), each intent once, and the "
            "probabilities, from 0 to 1, must add up to 1"
        )


def _some(name: str, value: Any, choices: Collection[Any] = ARMS) -> None:
    if not isinstance(value, tuple) or any(value.count(one) > 1 or one not in choices for one in value):
        names = ", ".join(getattr(choice, "name", choice) for choice in choices)
        raise ValueError(f"{name} is {quoted(value)}: it must be a tuple of some of {names}, each once")


SHARE, SWITCH, SECONDS, FACTOR = Number(0.0, 1.0).settle, Switch().settle, 100.0, Number(0.01, 10.0).settle
FASTEST, STEEP = 60.0, Number(0.01, 100.0).settle  # [m/s], [m/s^2]
SIZE, STREET, LEGS = Number(0.1, 100.0).settle, Number(1.0, 1000.0).settle, Whole(1, 64).settle  # [m], [m], 1
#: By dataclass and field. Limits are wide: they add up to a road that is shorter than ``road.NOWHERE``.
LIMITS: dict[str, dict[str, Check]] = {
    "Member": {
        "intents": _intents,
        "speed": partial(check_range, least=0.0, most=FASTEST),
        "arrival_offset": partial(check_range, least=-SECONDS, most=SECONDS),
        "arrival_position": Number(-30_000.0, 1000.0).settle,
        "cue": partial(check_range, least=0.1, most=SECONDS),
        **dict.fromkeys(("cyclist", "truck", "presence"), SHARE),
        **dict.fromkeys(("signals", "convoy", "yields", "stops", "learns"), SWITCH),
        "turn_speed": Number(0.1, FASTEST).settle,
        **dict.fromkeys(("desired_speed_factor", "last_speed_factor"), FACTOR),
        "patience": Number(0.0, SECONDS).settle,
        "leg": Whole(0).settle,
    },
    "Weights": dict.fromkeys(
        ("progress", "time", "collision", "clearance", "harsh_braking", "goal", "wrong_way"), Number(-1e6, 1e6).settle
    ),
    "Task": {
        "branches": partial(_some, choices=tuple(Intent)),
        **dict.fromkeys(("follow", "stops"), SWITCH),
        "goal_at": Number(0.0, 1000.0).settle,
        "lead": Number(0.0, 600.0).settle,
        "max_speed": Number(0.1, FASTEST).settle,
        "min_speed": Number(0.0, FASTEST).settle,
        "speed_step": Number(0.1, FASTEST).settle,
        "side_step": Number(0.0, 100.0).settle,
        **dict.fromkeys(("acceleration", "braking"), STEEP),
        "time_limit": Number(0.1, 300.0).settle,
    },
    "Junction": {"arms": _some, "half_width": SIZE, "leave": STREET, "legs": LEGS},
    "Roundabout": {
        "arms": _some,
        **dict.fromkeys(("radius", "bend", "exit_bend"), SIZE),
        "leave": STREET,
        "legs": LEGS,
    },
    "Lanes": {"arms": partial(_some, choices=LANES), **dict.fromkeys(("change", "leave"), STREET), "legs": LEGS},
    "Scenario": {
        **dict.fromkeys(("name", "summary"), Text().settle),
        "lane_width": SIZE,
        "first": partial(check_range, least=0.0, most=SECONDS),
        "sight": Number(0.0, 1e6).settle,
        "fog": _box,
        "buildings": _boxes,
        "revealed": SWITCH,
        **dict.fromkeys(("training", "worlds"), Whole(1).settle),
        "noise_hold": Number(1.0).settle,
    },
    "Config": {"physics_step": Number(0.001, 1.0).settle, "substeps": Whole(1, 1000).settle},
}
