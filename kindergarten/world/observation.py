"""What the agent sees: one frame, never the past. One table makes the Box, the docstring and the columns.

All values are scaled to -1..1 and clipped to it.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from kindergarten.world.codes import Colour, Kind, Signal
from kindergarten.world.jit import njit

SPEED_UNIT = 20.0  # [m/s] that reads as 1
DISTANCE_UNIT = 60.0  # [m] that reads as 1; what is further away reads as 1 too


class Column(NamedTuple):
    """One number of the observation."""

    name: str
    low: float
    high: float
    unit: str
    meaning: str


EGO_COLUMNS = (
    Column("hands_on", 0, 1, "-", "1: the agent has the controls; 0: the car cruises by itself"),
    Column("speed", 0, 1, "20 m/s", "speed"),
    Column("target_speed", 0, 1, "20 m/s", "speed that the meta-actions ask for"),
    Column("branch", -1, 1, "-", "way that the ego aims for: -1 left, 0 straight, 1 right"),
    Column("to_junction", -1, 1, "60 m", "way to the junction's edge; negative behind it"),
    Column("offset", -1, 1, "5 m", "distance to the left of the route"),
    Column("target_offset", -1, 1, "5 m", "distance that the meta-actions ask for"),
    Column("drift", -1, 1, "-", "sine of the angle between the car and its route"),
    Column("steering", -1, 1, "0.6 rad", "angle of the front wheels"),
)
USER_COLUMNS = (
    Column("seen", 0, 1, "-", "1: in sight; if 0 the other columns are 0"),
    Column("cyclist", 0, 1, "-", "1: a cyclist; 0: a car or a truck"),
    Column("length", 0, 1, "10 m", "length of its body"),
    Column("ahead", -1, 1, "60 m", "distance ahead of the ego"),
    Column("left", -1, 1, "60 m", "distance to the left of the ego"),
    Column("cos", -1, 1, "-", "cosine of its heading against the ego's"),
    Column("sin", -1, 1, "-", "sine of it"),
    Column("speed", 0, 1, "20 m/s", "speed"),
    Column("signals_left", 0, 1, "-", "1: left arm out, or left lamp lit in this very frame"),
    Column("signals_right", 0, 1, "-", "1: right arm out, or right lamp lit in this very frame"),
    Column("orange", 0, 1, "-", "1: its paint or jacket is orange"),
    Column("blue", 0, 1, "-", "1: it is blue"),
    Column("white", 0, 1, "-", "1: it is white"),
)
NUM_EGO, NUM_USER = len(EGO_COLUMNS), len(USER_COLUMNS)
NOBODY, CYCLIST, TRUCK = int(Kind.NOBODY), int(Kind.CYCLIST), int(Kind.TRUCK)
ORANGE, BLUE, WHITE = int(Colour.ORANGE), int(Colour.BLUE), int(Colour.WHITE)
SIGNAL_LEFT, SIGNAL_RIGHT = int(Signal.LEFT), int(Signal.RIGHT)


def columns(num_users: int) -> list[Column]:
    """The OBSERVATION table of a world with ``num_users`` road users, the ego among them."""
    others = [
        column._replace(name=f"user{i}.{column.name}", meaning=f"road user {i}: {column.meaning}")
        for i in range(1, num_users)
        for column in USER_COLUMNS
    ]
    return [column._replace(name=f"ego.{column.name}") for column in EGO_COLUMNS] + others


def bounds(num_users: int) -> tuple[np.ndarray, np.ndarray]:
    """Lowest and highest observation, float32 (NUM_EGO + NUM_USER * (num_users - 1),)."""
    table = columns(num_users)
    return np.array([c.low for c in table], np.float32), np.array([c.high for c in table], np.float32)


@njit
def clip(value):
    """``value`` clipped to -1..1."""
    return min(max(value, -1.0), 1.0)


@njit
def crosses(box, x0, y0, x1, y1):
    """Whether the line from (x0, y0) to (x1, y1) passes through ``box`` (x0, y0, x1, y1): the slab method."""
    dx, dy, begin, end = x1 - x0, y1 - y0, 0.0, 1.0
    for low, high, at, way in ((box[0], box[2], x0, dx), (box[1], box[3], y0, dy)):
        if way == 0.0:
            if not low < at < high:
                return False
        else:
            a, b = (low - at) / way, (high - at) / way
            begin, end = max(begin, min(a, b)), min(end, max(a, b))
    return begin < end


@njit
def hides(truck, ego, x, y):
    """Whether ``truck`` stands between the ego and (x, y): asked in its own frame."""
    cos, sin = truck["cos"], truck["sin"]
    ex, ey, dx, dy = ego["x"] - truck["x"], ego["y"] - truck["y"], x - truck["x"], y - truck["y"]
    half, wide = 0.5 * truck["length"], 0.5 * truck["width"]
    return crosses(
        (-half, -wide, half, wide), ex * cos + ey * sin, ey * cos - ex * sin, dx * cos + dy * sin, dy * cos - dx * sin
    )


@njit
def look(users, fog, sight):
    """Mark who is seen: present, within ``sight`` metres of the ego, and not in the fog."""
    ego = users[0]
    for i in range(1, len(users)):
        user = users[i]
        x, y = user["x"], user["y"]
        dx, dy = x - ego["x"], y - ego["y"]
        hidden = fog[0] < x < fog[2] and fog[1] < y < fog[3]
        user["seen"] = user["kind"] != NOBODY and dx * dx + dy * dy <= sight * sight and not hidden


@njit
def occlude(users, buildings):
    """Take from sight whoever is behind a building or a truck."""
    ego = users[0]
    for i in range(1, len(users)):
        user = users[i]
        for k in range(len(buildings)):
            if crosses(buildings[k], ego["x"], ego["y"], user["x"], user["y"]):
                user["seen"] = 0
        for j in range(1, len(users)):
            if j != i and users[j]["kind"] == TRUCK and hides(users[j], ego, user["x"], user["y"]):
                user["seen"] = 0


@njit
def observe_ego(row, world, ego, entry, drift):
    """Write the ego's columns into ``row``."""
    row[0] = 1.0 if world["tick"] >= world["hands_on"] else 0.0
    row[1] = clip(ego["speed"] / SPEED_UNIT)
    row[2] = clip(world["target_speed"] / SPEED_UNIT)
    row[3] = ego["intent"] - 1.0
    row[4] = clip((entry - ego["s"]) / DISTANCE_UNIT)
    row[5] = clip(ego["offset"] / 5.0)
    row[6] = clip(world["target_offset"] / 5.0)
    row[7] = clip(drift)
    row[8] = clip(ego["steering"] / 0.6)


@njit
def observe_users(row, users, first):
    """Write the other road users' columns into ``row``, in the ego's frame; ``users[first]`` comes first.

    Those before it come last: on every leg whoever signals there stands in the same columns.
    """
    ego, others = users[0], len(users) - 1
    for i in range(1, len(users)):
        user = users[i]
        k = NUM_EGO + NUM_USER * (i - first if i >= first else i - first + others)
        if user["seen"] == 0:
            row[k : k + NUM_USER] = 0.0
            continue
        dx, dy = user["x"] - ego["x"], user["y"] - ego["y"]
        row[k] = 1.0
        row[k + 1] = 1.0 if user["kind"] == CYCLIST else 0.0
        row[k + 2] = clip(user["length"] / 10.0)
        row[k + 3] = clip((dx * ego["cos"] + dy * ego["sin"]) / DISTANCE_UNIT)
        row[k + 4] = clip((dy * ego["cos"] - dx * ego["sin"]) / DISTANCE_UNIT)
        row[k + 5] = clip(user["cos"] * ego["cos"] + user["sin"] * ego["sin"])
        row[k + 6] = clip(user["sin"] * ego["cos"] - user["cos"] * ego["sin"])
        row[k + 7] = clip(user["speed"] / SPEED_UNIT)
        row[k + 8] = 1.0 if user["signal"] == SIGNAL_LEFT else 0.0
        row[k + 9] = 1.0 if user["signal"] == SIGNAL_RIGHT else 0.0
        row[k + 10] = 1.0 if user["colour"] == ORANGE else 0.0
        row[k + 11] = 1.0 if user["colour"] == BLUE else 0.0
        row[k + 12] = 1.0 if user["colour"] == WHITE else 0.0
