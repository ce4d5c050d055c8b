"""The ground as a map of small cells, seen from above: what a picture of the street is sampled from."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from kindergarten.codes import Marking
from kindergarten.jit import njit
from kindergarten.road import SPACING, RoadMap

CELL = 0.5  # [m] a side of a cell
LINE, BAR = 0.5, 0.8  # [m] half of the width of lines between lanes, and of those to stop at
ASIDE = 3.0  # [m] of grass beside the road

#: What a cell is made of. In fog it is the same, but FOGGY later.
GRASS, ASPHALT, PAINTED, BUILDING, FOGGY = range(5)


class Ground(NamedTuple):
    """The map, seen from above.

    cells: (Y, X) uint8, what each CELL by CELL metres are made of. x0, y0: [m] its south-western corner.
    row_strips, column_strips: (Y,) and (X,) neighbours of the same number are the same.
    """

    cells: np.ndarray
    x0: float
    y0: float
    row_strips: np.ndarray
    column_strips: np.ndarray


def ground_of(road: RoadMap) -> Ground:
    """The map of a road. What lies beyond it looks like its edge: roads go on, and so does the grass."""
    margin = 0.5 * road.lane_width + ASIDE
    boxes = road.buildings.reshape(-1, 2)
    places = np.concatenate([road.points[:, :, :2].reshape(-1, 2), boxes])
    (x0, y0), (x1, y1) = places.min(axis=0) - margin, places.max(axis=0) + margin
    high, wide = shape = math.ceil((y1 - y0) / CELL), math.ceil((x1 - x0) / CELL)
    strips = np.zeros(high, np.int64), np.zeros(wide, np.int64)
    ground = Ground(np.full(shape, GRASS, np.uint8), float(x0), float(y0), strips[0], strips[1])
    pave(ground, road.points, 0.5 * road.lane_width, math.ceil(max(shape) * CELL / SPACING))
    for ax, ay, bx, by, kind in road.markings:
        half = LINE if kind in (Marking.CENTRE_LINE, Marking.LANE_LINE) else BAR
        fill(ground, min(ax, bx) - half, min(ay, by) - half, max(ax, bx) + half, max(ay, by) + half, PAINTED)
    for box in road.buildings:
        fill(ground, *box, BUILDING)
    blur(ground, *road.fog)
    for numbers, lines in zip(strips, (ground.cells, ground.cells.T), strict=True):
        numbers[1:] = np.cumsum(np.any(lines[1:] != lines[:-1], axis=1))
    return ground


def _cells(ground: Ground, x0: float, y0: float, x1: float, y1: float) -> np.ndarray:
    """The cells whose middles lie in a box, to be written to."""
    rows, columns = (
        slice(*np.clip(np.ceil((np.array(ends) - start) / CELL - 0.5), 0, count).astype(int))
        for ends, start, count in zip(((y0, y1), (x0, x1)), (ground.y0, ground.x0), ground.cells.shape, strict=True)
    )
    return ground.cells[rows, columns]


def fill(ground: Ground, x0: float, y0: float, x1: float, y1: float, what: int) -> None:
    """Let a box be made of ``what``."""
    _cells(ground, x0, y0, x1, y1)[:] = what


def blur(ground: Ground, x0: float, y0: float, x1: float, y1: float) -> None:
    """Lay fog over a box."""
    _cells(ground, x0, y0, x1, y1)[:] += FOGGY


@njit
def pave(ground, points, half, beyond):
    """Cover with asphalt what is within ``half`` metres of a route, drawn on by ``beyond`` samples at both ends."""
    cells, last = ground.cells, points.shape[1] - 1
    for route in range(len(points)):
        for k in range(-beyond, last + beyond + 1):
            at = min(max(k, 0), last)
            out = (k - at) * SPACING
            x = points[route, at, 0] + out * points[route, at, 2] - ground.x0
            y = points[route, at, 1] + out * points[route, at, 3] - ground.y0
            for i in range(max(int((y - half) / CELL), 0), min(int((y + half) / CELL) + 1, cells.shape[0])):
                for j in range(max(int((x - half) / CELL), 0), min(int((x + half) / CELL) + 1, cells.shape[1])):
                    dx, dy = (j + 0.5) * CELL - x, (i + 0.5) * CELL - y
                    if dx * dx + dy * dy <= half * half:
                        cells[i, j] = ASPHALT
