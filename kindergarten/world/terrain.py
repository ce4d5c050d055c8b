"""The ground as a map of small cells, seen from above: what a picture of the street is sampled from."""

from __future__ import annotations

import math
from itertools import product
from typing import NamedTuple

import numpy as np

from kindergarten.world.codes import Marking
from kindergarten.world.road import SPACING, RoadMap

CELL = 0.5  # [m] a side of a cell
LINE, BAR = 0.5, 0.8  # [m] half of the width of lines between lanes, and of those to stop at
ASIDE = 3.0  # [m] of grass beside the road

#: What a cell is made of. In fog it is the same, but FOGGY later.
GRASS, ASPHALT, PAINTED, BUILDING, FOGGY = range(5)


class Terrain(NamedTuple):
    """The map, seen from above.

    cells: (Y, X) uint8, what each CELL by CELL metres are made of. x0, y0: [m] the corner that cells are counted from.
    row, column: the number of the first one, counted from there.
    row_strips, column_strips: (Y,) and (X,) neighbours of the same number are the same.
    """

    cells: np.ndarray
    x0: float
    y0: float
    row: int
    column: int
    row_strips: np.ndarray
    column_strips: np.ndarray


def ground_of(road: RoadMap) -> Terrain:
    """The map of a road. What lies beyond it looks like its edge: roads go on, and so does the grass.

    So it ends where nothing but straight roads goes on. The way in may be longer by kilometres.
    """
    margin = 0.5 * road.lane_width + ASIDE
    boxes = road.buildings.reshape(-1, 2)
    places = np.concatenate([road.points[:, :, :2].reshape(-1, 2), boxes])
    (x0, y0), (x1, y1) = places.min(axis=0) - margin, places.max(axis=0) + margin
    whole = math.ceil((x1 - x0) / CELL), math.ceil((y1 - y0) / CELL)
    (left, right), (low, high) = (
        _window(ends, start, count) for ends, start, count in zip(_extents(road), (x0, y0), whole, strict=True)
    )
    cells = np.full((high - low, right - left), GRASS, np.uint8)
    strips = np.zeros(high - low, np.int64), np.zeros(right - left, np.int64)
    ground = Terrain(cells, float(x0), float(y0), low, left, *strips)
    pave(ground, road.points, 0.5 * road.lane_width, max(whole) * CELL)
    for ax, ay, bx, by, kind in road.markings:
        half = LINE if kind in (Marking.CENTRE_LINE, Marking.LANE_LINE) else BAR
        fill(ground, min(ax, bx) - half, min(ay, by) - half, max(ax, bx) + half, max(ay, by) + half, PAINTED)
    for ax, ay, bx, by in road.buildings:
        fill(ground, ax, ay, bx, by, BUILDING)
    ax, ay, bx, by = road.fog
    blur(ground, ax, ay, bx, by)
    for numbers, lines in zip(strips, (ground.cells, ground.cells.T), strict=True):
        numbers[1:] = np.cumsum(np.any(lines[1:] != lines[:-1], axis=1))
    return ground


def _extents(road: RoadMap) -> tuple[np.ndarray, np.ndarray]:
    """All x and all y [m] at which there is anything else than straight roads along that axis."""
    x, y, cos, sin = road.points.reshape(-1, 4).T
    drawn = [road.buildings[:, :2], road.buildings[:, 2:], road.markings[:, :2], road.markings[:, 2:4]]
    corners = np.concatenate([*drawn, road.fog.reshape(2, 2)])
    along_x, along_y = np.abs(cos) == 1.0, np.abs(sin) == 1.0
    return np.concatenate([x[~along_x], corners[:, 0]]), np.concatenate([y[~along_y], corners[:, 1]])


def _window(places: np.ndarray, start: float, count: int) -> tuple[int, int]:
    """From which of ``count`` cells, counted from ``start``, up to which ``places`` lie, and what is beside them."""
    aside = 2 * ASIDE
    first, last = (places.min() - start - aside) / CELL, (places.max() - start + aside) / CELL
    return min(max(math.floor(first), 0), count - 1), min(max(math.ceil(last), 1), count)


def _cells(ground: Terrain, x0: float, y0: float, x1: float, y1: float) -> np.ndarray:
    """The cells whose middles lie in a box, to be written to."""
    axes = zip(
        ((y0, y1), (x0, x1)), (ground.y0, ground.x0), (ground.row, ground.column), ground.cells.shape, strict=True
    )
    rows, columns = (
        slice(*np.clip(np.ceil((np.array(ends) - start) / CELL - 0.5) - first, 0, count).astype(int))
        for ends, start, first, count in axes
    )
    return ground.cells[rows, columns]


def fill(ground: Terrain, x0: float, y0: float, x1: float, y1: float, what: int) -> None:
    """Let a box be made of ``what``."""
    _cells(ground, x0, y0, x1, y1)[:] = what


def blur(ground: Terrain, x0: float, y0: float, x1: float, y1: float) -> None:
    """Lay fog over a box."""
    _cells(ground, x0, y0, x1, y1)[:] += FOGGY


def pave(ground: Terrain, points: np.ndarray, half: float, beyond: float) -> None:
    """Cover with asphalt what is within ``half`` metres of a route's samples; roads go on for ``beyond`` metres."""
    ends = np.unique(np.concatenate([points[:, 0] * (1, 1, -1, -1), points[:, -1]]), axis=0)
    on = ends[:, None, :2] + np.arange(0.0, beyond, SPACING)[:, None] * ends[:, None, 2:]
    samples = np.concatenate([points[:, :, :2].reshape(-1, 2), on.reshape(-1, 2)])
    samples, reach, (high, wide) = (samples - (ground.x0, ground.y0)) / CELL, half / CELL, ground.cells.shape
    first = np.array([ground.column, ground.row])
    there = np.all((samples > first - reach) & (samples < first + (wide + reach, high + reach)), axis=1)
    places = np.unique(samples[there] @ (1.0, 1.0j))
    x, y = places.real, places.imag
    steps = range(math.ceil(2 * reach) + 1)
    for up, right in product(steps, steps):
        row, column = (np.floor(at - reach).astype(int) + step for at, step in ((y, up), (x, right)))
        near = np.hypot(row + 0.5 - y, column + 0.5 - x) <= reach
        row, column = row - ground.row, column - ground.column
        near &= (row >= 0) & (row < high) & (column >= 0) & (column < wide)
        ground.cells[row[near], column[near]] = ASPHALT
