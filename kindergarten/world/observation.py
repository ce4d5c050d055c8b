"""What the agent sees: one frame, never the past. One table makes the Box, the kernels, the docstring and the pages.

All values are clipped to their bounds. A column is one entry of the table: nothing else knows its place or its unit.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from kindergarten.world.codes import Colour, Intent, Kind, Signal
from kindergarten.world.jit import inlined, njit

CYCLIST, STRAIGHT = int(Kind.CYCLIST), int(Intent.STRAIGHT)
ORANGE, BLUE, WHITE = int(Colour.ORANGE), int(Colour.BLUE), int(Colour.WHITE)
SIGNAL_LEFT, SIGNAL_RIGHT = int(Signal.LEFT), int(Signal.RIGHT)


def ahead(user, ego):
    """How far ``user`` is ahead of ``ego`` [m]."""
    return (user["x"] - ego["x"]) * ego["cos"] + (user["y"] - ego["y"]) * ego["sin"]


def left(user, ego):
    """How far ``user`` is to the left of ``ego`` [m]."""
    return (user["y"] - ego["y"]) * ego["cos"] - (user["x"] - ego["x"]) * ego["sin"]


class Column(NamedTuple):
    """One number of the observation.

    Its value is made of sums, products and comparisons alone: then it can be asked of one record, compiled, and of
    arrays of them. An ego's is asked of (world, ego, entry, drift): ``entry`` is where the junction begins on its route
    [m], ``drift`` the sine of the angle between it and its route; another road user's of (user, ego).
    """

    name: str
    low: float
    high: float
    unit: str  # which reads as 1, such as "20 m/s"
    meaning: str
    value: Callable[..., Any]  # in SI units

    @property
    def cells(self) -> tuple[str, float, float, str, str]:
        """All that a table says of it."""
        return self[:5]

    @property
    def scale(self) -> float:
        """How many SI units read as 1."""
        return 1.0 if self.unit == "-" else float(self.unit.split()[0])


# fmt: off
EGO_COLUMNS = (
    Column("hands_on", 0, 1, "-", "1: the agent has the controls; 0: the car cruises by itself",
           lambda world, ego, entry, drift: world["tick"] >= world["hands_on"]),
    Column("speed", 0, 1, "20 m/s", "speed", lambda world, ego, entry, drift: ego["speed"]),
    Column("target_speed", 0, 1, "20 m/s", "speed that the meta-actions ask for",
           lambda world, ego, entry, drift: world["target_speed"]),
    Column("branch", -1, 1, "-", "way that the ego aims for: -1 left, 0 straight, 1 right",
           lambda world, ego, entry, drift: ego["intent"] - STRAIGHT),
    Column("to_junction", -1, 1, "60 m", "way to the junction's edge; negative behind it",
           lambda world, ego, entry, drift: entry - ego["s"]),
    Column("offset", -1, 1, "5 m", "distance to the left of the route",
           lambda world, ego, entry, drift: ego["offset"]),
    Column("target_offset", -1, 1, "5 m", "distance that the meta-actions ask for",
           lambda world, ego, entry, drift: world["target_offset"]),
    Column("drift", -1, 1, "-", "sine of the angle between the car and its route",
           lambda world, ego, entry, drift: drift),
    Column("steering", -1, 1, "0.6 rad", "angle of the front wheels", lambda world, ego, entry, drift: ego["steering"]),
)
USER_COLUMNS = (
    Column("seen", 0, 1, "-", "1: in sight; if 0 the other columns are 0", lambda user, ego: user["seen"] == 1),
    Column("cyclist", 0, 1, "-", "1: a cyclist; 0: a car or a truck", lambda user, ego: user["kind"] == CYCLIST),
    Column("length", 0, 1, "10 m", "length of its body", lambda user, ego: user["length"]),
    Column("ahead", -1, 1, "60 m", "distance ahead of the ego", ahead),
    Column("left", -1, 1, "60 m", "distance to the left of the ego", left),
    Column("cos", -1, 1, "-", "cosine of its heading against the ego's",
           lambda user, ego: user["cos"] * ego["cos"] + user["sin"] * ego["sin"]),
    Column("sin", -1, 1, "-", "sine of it",
           lambda user, ego: user["sin"] * ego["cos"] - user["cos"] * ego["sin"]),
    Column("speed", 0, 1, "20 m/s", "speed", lambda user, ego: user["speed"]),
    Column("signals_left", 0, 1, "-", "1: left arm out, or left lamp lit in this very frame",
           lambda user, ego: user["signal"] == SIGNAL_LEFT),
    Column("signals_right", 0, 1, "-", "1: right arm out, or right lamp lit in this very frame",
           lambda user, ego: user["signal"] == SIGNAL_RIGHT),
    Column("orange", 0, 1, "-", "1: its paint or jacket is orange", lambda user, ego: user["colour"] == ORANGE),
    Column("blue", 0, 1, "-", "1: it is blue", lambda user, ego: user["colour"] == BLUE),
    Column("white", 0, 1, "-", "1: it is white", lambda user, ego: user["colour"] == WHITE),
)
# fmt: on
NUM_EGO, NUM_USER = len(EGO_COLUMNS), len(USER_COLUMNS)
SEEN = [column.name for column in USER_COLUMNS].index("seen")


def columns(num_users: int, own: tuple[Column, ...] = EGO_COLUMNS) -> list[Column]:
    """The OBSERVATION table of a world with ``num_users`` road users, the ego among them; it sees ``own`` of itself."""
    others = [
        column._replace(name=f"user{i}.{column.name}", meaning=f"road user {i}: {column.meaning}")
        for i in range(1, num_users)
        for column in USER_COLUMNS
    ]
    return [column._replace(name=f"ego.{column.name}") for column in own] + others


def units(observation: str) -> dict[str, str]:
    """The columns that "features", "users" or "pixels" show, as "ego.speed" or "user.speed", and the unit of each."""
    shown = {"ego": EGO_COLUMNS} if observation == "pixels" else {"ego": EGO_COLUMNS, "user": USER_COLUMNS}
    return {f"{who}.{column.name}": column.unit for who, table in shown.items() for column in table}


def difference(then: dict[str, str], now: dict[str, str]) -> str:
    """In what the columns of two observations differ, each with its unit by its name."""
    lacks, had = ([name for name in one if name not in other] for one, other in ((now, then), (then, now)))
    changed = [f"{name} in {then[name]}, now in {now[name]}" for name in now if then.get(name, now[name]) != now[name]]
    parts = {"lacks": lacks, "has": [*had, *changed]}
    found = [f"{verb} {', '.join(names)}" for verb, names in parts.items() if names]
    return "; ".join(found) or "the same in another order"


def bounds(table: list[Column]) -> tuple[np.ndarray, np.ndarray]:
    """Lowest and highest observation, float32 (columns,)."""
    return np.array([c.low for c in table], np.float32), np.array([c.high for c in table], np.float32)


@njit
def clip(value):
    """``value`` clipped to -1..1."""
    return min(max(value, -1.0), 1.0)


def writer(name: str, table: tuple[Column, ...], arguments: str) -> Any:
    """A function ``name(row, k, *arguments)`` for kernels: it writes the columns of ``table`` into ``row`` from k on.

    Its text, ``row[k], row[k + 1], ... = clip(...), clip(...), ...``, is made of the table, because numba unrolls no
    loop over functions.
    """
    places = ", ".join(f"row[k + {i}]" for i in range(len(table)))
    values = ", ".join(f"clip(value_{i}({arguments}) / {column.scale})" for i, column in enumerate(table))
    scope = {"clip": clip} | {f"value_{i}": inlined(column.value) for i, column in enumerate(table)}
    exec(compile(f"def {name}(row, k, {arguments}): {places} = {values}", __file__, "exec"), scope)
    return inlined(scope[name])


write_ego = writer("write_ego", EGO_COLUMNS, "world, ego, entry, drift")
write_user = writer("write_user", USER_COLUMNS, "user, ego")


@inlined
def observe_user(row, k, user, ego):
    """Write the columns of ``user`` into ``row`` from k on, in the ego's frame; 0 if it is not in sight."""
    if user["seen"] == 0:
        row[k : k + NUM_USER] = 0.0
    else:
        write_user(row, k, user, ego)


@njit
def observe_users(row, users, first):
    """Write the other road users' columns into ``row``, in the ego's frame; ``users[first]`` comes first.

    Those before it come last: on every leg whoever signals there stands in the same columns.
    """
    others = len(users) - 1
    for i in range(1, len(users)):
        observe_user(row, NUM_EGO + NUM_USER * (i - first if i >= first else i - first + others), users[i], users[0])
