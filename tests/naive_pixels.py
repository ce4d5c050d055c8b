"""Pictures once more, pixel by pixel and without a map: what lies here, who stands here?

The plane is complex, as in ``naive.py``; a pixel that lies so near to an edge that rounding decides is None.
"""

from __future__ import annotations

import math

import numpy as np

from kindergarten.world.codes import Kind, Marking, Signal
from kindergarten.world.observation import EGO_COLUMNS
from kindergarten.world.road import RoadMap

LINEAR_RANGE, CELL, CLOSE = 6.0, 0.5, 0.01
GRASS, ASPHALT, PAINTED, BUILDING = ((66, 88, 60), (42, 45, 50), (146, 146, 142), (124, 92, 76))
PAINTS = ((232, 130, 58), (62, 96, 200), (196, 194, 188))
EGO, SIGNAL, MIST = (66, 222, 160), (255, 248, 40), (190, 198, 206)
Colour = tuple[int, int, int]


def ruled(metres: float) -> float:
    return math.copysign(math.log(1.0 + abs(metres) / LINEAR_RANGE), metres)


def metres(units: float) -> float:
    return math.copysign(LINEAR_RANGE * (math.exp(abs(units)) - 1.0), units)


def within(value: float, low: float, high: float) -> bool:
    """Whether the middle of a cell lies in low..high; on the lower edge it does, on the upper it does not."""
    return low - 1e-9 < value < high - 1e-9


class Picture:
    """The colour of every pixel of one world: ``users`` (N,), the ego's columns ``frame``, and more."""

    def __init__(self, road: RoadMap, users: np.ndarray, frame: np.ndarray, height: int, width: int) -> None:
        self.road, self.users, self.height, self.width = road, users, height, width
        self.rows = height - height // 16
        self.row, self.column = round(0.77 * self.rows), (width - 1) / 2
        self.up, self.across = self.row / math.log(151.0), self.column / math.log(76.0)
        ego = users[0]
        self.here, self.heading = complex(ego["x"], ego["y"]), complex(ego["cos"], ego["sin"])
        ahead = road.points[:, :, 0] + 1j * road.points[:, :, 1]
        ways = road.points[:, :, 2] + 1j * road.points[:, :, 3]
        self.lanes = np.unique(ahead.round(9))
        ends = np.concatenate([np.stack([ahead[:, 0], -ways[:, 0]], 1), np.stack([ahead[:, -1], ways[:, -1]], 1)])
        self.roads_on = np.unique(ends.round(9), axis=0)  # where a route ends, and which way the road goes on
        corners = np.concatenate([ahead.ravel(), road.buildings[:, 0:2] @ (1, 1j), road.buildings[:, 2:4] @ (1, 1j)])
        margin = road.lane_width / 2 + 3.0
        self.corner = complex(corners.real.min() - margin, corners.imag.min() - margin)
        size = complex(corners.real.max() + margin, corners.imag.max() + margin) - self.corner
        self.cells = math.ceil(size.real / CELL), math.ceil(size.imag / CELL)
        self.bodies = [self.body(user) for user in users[1:] if user["seen"]]
        self.arms = [self.arm(user) for user in users[1:] if user["seen"] and user["signal"] != Signal.NONE]
        self.bars = [v if c.low == 0 else (v + 1) / 2 for v, c in zip(frame.tolist(), EGO_COLUMNS, strict=False)]

    def colour(self, r: int, c: int) -> Colour | None:
        if r >= self.rows:
            return self.gauge(c)
        for box, ink in reversed([(self.body(self.users[0])[0], EGO), *self.bodies, *self.arms]):
            inside = self.depth(box, r, c)
            if abs(inside) < 1e-6:
                return None
            if inside > 0:
                return ink
        return self.ground(r, c)

    def gauge(self, c: int) -> Colour:
        begin, k = 0, 0
        while (k + 1) * self.width // len(self.bars) <= c:
            begin, k = (k + 1) * self.width // len(self.bars), k + 1
        end = (k + 1) * self.width // len(self.bars)
        if c == end - 1:
            return 0, 0, 0
        shade = int(22 + 214 * min(max(self.bars[k] * (end - begin - 1) - (c - begin), 0.0), 1.0))
        return shade, shade, shade

    def body(self, user: np.void) -> tuple[tuple[float, float, complex, float, float], Colour]:
        """Row, column, heading (up and to the left) and half of the sides of a box, and its colour."""
        away = (complex(user["x"], user["y"]) - self.here) * self.heading.conjugate()
        heading = complex(user["cos"], user["sin"]) * self.heading.conjugate()
        scale = self.up / LINEAR_RANGE * max(LINEAR_RANGE / (LINEAR_RANGE + abs(away)), 0.6)
        scale *= 1.5 if user["kind"] == Kind.CYCLIST else 1.0
        row, column = self.row - self.up * ruled(away.real), self.column - self.across * ruled(away.imag)
        return (row, column, heading, scale * user["length"] / 2, scale * user["width"] / 2), PAINTS[user["colour"]]

    def arm(self, user: np.void) -> tuple[tuple[float, float, complex, float, float], Colour]:
        (row, column, heading, long, wide), _ = self.body(user)
        pixel = self.rows / 60
        out, thick = (4.0 * pixel / 2, 1.5 * pixel / 2) if user["kind"] == Kind.CYCLIST else (pixel, long)
        aside = heading * 1j * (max(wide, 0.75) + max(out, 0.75)) * (1 if user["signal"] == Signal.LEFT else -1)
        return (row - aside.real, column - aside.imag, heading, thick, out), SIGNAL

    @staticmethod
    def depth(box: tuple[float, float, complex, float, float], r: int, c: int) -> float:
        row, column, heading, *halves = box
        long, wide = (max(half, 0.75) for half in halves)
        away = complex(row - r, column - c) * heading.conjugate()
        return min(long - abs(away.real), wide - abs(away.imag))

    def beside(self, place: complex) -> float:
        """How far it is to the nearest road that goes on where a route ends."""
        away = (place - self.roads_on[:, 0]) * self.roads_on[:, 1].conj()
        return float(np.where(away.real > 0, np.abs(away.imag), np.inf).min())

    def ground(self, r: int, c: int) -> Colour | None:
        away = complex(metres((self.row - r) / self.up), metres((self.column - c) / self.across))
        at = (self.here + away * self.heading - self.corner) / CELL
        if any(abs(part - round(part)) < CLOSE for part in (at.real, at.imag)):
            return None
        i, j = (min(max(math.floor(part), 0), n - 1) for part, n in zip((at.real, at.imag), self.cells, strict=True))
        place = self.corner + CELL * complex(i + 0.5, j + 0.5)
        x, y, found = place.real, place.imag, GRASS
        aside = min(self.beside(place), float(np.abs(self.lanes - place).min())) - self.road.lane_width / 2
        if -0.05 < aside < 1e-6:  # a road is made of discs
            return None
        if aside < 0.0:
            found = ASPHALT
        for x0, y0, x1, y1, kind in self.road.markings.tolist():
            half = 0.5 if kind in (Marking.CENTRE_LINE, Marking.LANE_LINE) else 0.8
            if within(x, min(x0, x1) - half, max(x0, x1) + half) and within(y, min(y0, y1) - half, max(y0, y1) + half):
                found = PAINTED
        for x0, y0, x1, y1 in self.road.buildings.tolist():
            if within(x, x0, x1) and within(y, y0, y1):
                found = BUILDING
        x0, y0, x1, y1 = self.road.fog.tolist()
        if within(x, x0, x1) and within(y, y0, y1):
            r, g, b = (round(part + (mist - part) * 0.6) for part, mist in zip(found, MIST, strict=True))
            return r, g, b
        return found
