"""What the agent sees as a picture: from above, turned with the ego, near things large and far ones small.

Rows and columns are logarithmic rulers: so somebody who signals 800 m ahead is in the picture and yet the lane beside
the ego is four pixels wide, whoever comes nearer moves evenly, and a lane that leads straight ahead is a straight
column. Road users are oriented boxes that never shrink below a few pixels, and arms and lamps are larger than life.
The lowest rows are a dashboard: a bar for each of the ego's columns of the observation "features".

A picture is made of the current frame alone: of who is seen, and of the ego's columns.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from kindergarten.world.codes import Kind, Signal
from kindergarten.world.jit import njit
from kindergarten.world.observation import EGO_COLUMNS
from kindergarten.world.road import RoadMap
from kindergarten.world.terrain import CELL, ground_of

SIZE = 64  # [px] of the picture that all sizes here are meant for
LINEAR_RANGE = 6.0  # [m] as far as that the rulers are about linear
REACH, SIDEWAYS = (
    900.0,
    450.0,
)  # [m] at the upper edge and at the others: at the ladder's longest delay Crossing's rider
# waves 820 m ahead, and PullOut's car indicates 370 m to the left
BEHIND = 0.23  # share of the rows above the dashboard that lie behind the ego: 19 m
DASHBOARD = 16  # it is a 16th of the picture
SMALLEST_SHARE = 0.6  # nobody is drawn smaller than this share of the size beside the ego
CYCLISTS_LARGER = 1.5
HALF = 0.75  # [px] of any side at the least: so the middle of a pixel lies in every box, whichever way it points
ARM, THICK, LAMP = 4.0, 1.5, 2.0  # [px of a picture of SIZE] how far an arm or a lamp stands out; how thick an arm is
PARTS, SHIFT = 256, np.int32(8)  # of a cell, in which places on the map are counted; and their logarithm

#: By what the ground is made of, in the order of ``terrain``.
GROUNDS = ((66, 88, 60), (42, 45, 50), (146, 146, 142), (124, 92, 76))
MIST, HAZE = (190, 198, 206), 0.6  # its colour, and how much of it lies over the ground
#: By Colour: orange, blue, white. In shades of grey they differ as well.
PAINTS = ((232, 130, 58), (62, 96, 200), (196, 194, 188))
EGO, SIGNAL = (66, 222, 160), (255, 248, 40)
INKS = (*PAINTS, EGO, SIGNAL)
EGO_INK, SIGNAL_INK = len(PAINTS), len(PAINTS) + 1
GAUGE = (22, 236)  # brightness of an empty bar and of a full one
GREY = (0.299, 0.587, 0.114)  # ITU-R BT.601
NONE, SIGNAL_LEFT = int(Signal.NONE), int(Signal.LEFT)
ZERO, ONE = np.int32(0), np.int32(1)
U8, U16, U24, U32, U40, U48, U56 = (np.uint64(8 * k) for k in range(1, 8))
CYCLIST, NUM_BARS = int(Kind.CYCLIST), len(EGO_COLUMNS)
SIGNED = np.array([column.low < 0 for column in EGO_COLUMNS])


class Rulers(NamedTuple):
    """The rulers of a picture of H rows, R of them above the dashboard, and W columns.

    ahead: (R,) [m] from the ego's middle to each row's. left: (W,) [m] to each column's.
    row_unit, column_unit: [px] for each factor of e. row, column: [px] where the ego is.
    size: [px] that are one in a picture of SIZE.
    """

    ahead: np.ndarray
    left: np.ndarray
    row_unit: float
    column_unit: float
    row: float
    column: float
    size: float


class Palette(NamedTuple):
    """Colours, of one channel or three. grounds: (K,) uint64, channels packed. inks: (I, C) uint8."""

    grounds: np.ndarray
    inks: np.ndarray


def rulers_of(height: int, width: int) -> Rulers:
    """The rulers of a picture of ``height`` by ``width`` pixels."""
    rows = height - height // DASHBOARD
    row, column = round((1.0 - BEHIND) * rows), 0.5 * (width - 1)
    row_unit, column_unit = row / math.log1p(REACH / LINEAR_RANGE), column / math.log1p(SIDEWAYS / LINEAR_RANGE)
    ahead, left = (row - np.arange(rows)) / row_unit, (column - np.arange(width)) / column_unit
    ahead, left = (np.sign(units) * LINEAR_RANGE * np.expm1(np.abs(units)) for units in (ahead, left))
    return Rulers(ahead, left, row_unit, column_unit, float(row), column, rows / (SIZE - SIZE // DASHBOARD))


def palette_of(channels: int) -> Palette:
    """The colours, in ``channels`` channels."""
    plain = np.array(GROUNDS, float)
    colours = [np.round(c) for c in (*plain, *(plain + (np.array(MIST) - plain) * HAZE), *np.array(INKS, float))]
    table = np.array(colours) if channels == 3 else np.round(np.array(colours) @ GREY)[:, None]
    grounds = table[: 2 * len(plain)].astype(np.uint64) @ (np.uint64(256) ** np.arange(channels, dtype=np.uint64))
    return Palette(grounds, table[2 * len(plain) :].astype(np.uint8))


@njit
def mark(marks, ruler, origin, step):
    """Places on the map, in parts: ``step`` for each metre of a ruler, from ``origin`` on."""
    for k in range(len(ruler)):
        marks[k] = math.floor(origin + step * ruler[k])


@njit
def draw_ground(words, desk, rulers, ego, ground, colours):
    """Fill the rows ``words`` (R, W * C / 8) with what lies under each pixel; desk: (5, R or W) int32 to work on.

    Where the ego heads along an axis, as it mostly does, a row is that of the map: if the next is the same there, so it
    is here (of Crossing's 60 rows 40 are, and to copy them takes a fifth of the time).
    """
    rx, ry, cx, cy, places = desk[0], desk[1], desk[2], desk[3], desk[4, : len(rulers.left)]
    cos, sin, per = snapped(ego["cos"]), snapped(ego["sin"]), PARTS / CELL
    high, wide = np.int32(ground.cells.shape[0]), np.int32(ground.cells.shape[1])
    row, column = np.int32(ground.row), np.int32(ground.column)
    mark(rx, rulers.ahead, (ego["x"] - ground.x0) * per, cos * per)
    mark(ry, rulers.ahead, (ego["y"] - ground.y0) * per, sin * per)
    mark(cx, rulers.left, 0.0, -sin * per)
    mark(cy, rulers.left, 0.0, cos * per)
    before = -1
    for r in range(len(words)):
        strip = -1
        if cos == 0.0:
            strip = ground.row_strips[inside(ry[r], row, high)]
        elif sin == 0.0:
            strip = ground.column_strips[inside(rx[r], column, wide)]
        if strip == before and strip >= 0:
            for k in range(words.shape[1]):
                words[r, k] = words[r - 1, k]
            continue
        before = strip
        for c in range(len(places)):
            places[c] = inside(ry[r] + cy[c], row, high) * wide + inside(rx[r] + cx[c], column, wide)
        lay(words[r], places, ground.cells.reshape(ground.cells.size), colours)


@njit
def snapped(ratio):
    """A cosine or sine, 0 if it is as good as that."""
    return ratio if abs(ratio) > 1e-9 else 0.0


@njit
def inside(parts, first, count):
    """The cell in which a place lies, or the nearest of the map's ``count``; they are counted from its ``first``."""
    return min(max((parts >> SHIFT) - first, ZERO), count - ONE)


@njit
def lay(words, places, cells, colours):
    """Fill pixels with the colours of their cells, eight at a time: ``words`` (P * C / 8,) uint64 of C channels."""
    k = 0
    for p in range(0, len(places), 8):
        a, b = colours[cells[places[p]]], colours[cells[places[p + 1]]]
        c, d = colours[cells[places[p + 2]]], colours[cells[places[p + 3]]]
        e, f = colours[cells[places[p + 4]]], colours[cells[places[p + 5]]]
        g, h = colours[cells[places[p + 6]]], colours[cells[places[p + 7]]]
        if 8 * len(words) == len(places):
            words[k] = a | b << U8 | c << U16 | d << U24 | e << U32 | f << U40 | g << U48 | h << U56
            k += 1
        else:
            words[k] = a | b << U24 | c << U48
            words[k + 1] = c >> U16 | d << U8 | e << U32 | f << U56
            words[k + 2] = f >> U8 | g << U16 | h << U40
            k += 3


@njit
def ruled(metres):
    """Where a distance stands on a ruler, in units."""
    units = math.log1p(abs(metres) / LINEAR_RANGE)
    return units if metres > 0.0 else -units


@njit
def draw_box(image, ink, row, column, up, left, long, wide):
    """Fill a box around (row, column) [px] that points (up, left); long, wide: [px] half of its sides."""
    high, across = long * abs(up) + wide * abs(left), long * abs(left) + wide * abs(up)
    for r in range(max(math.ceil(row - high), 0), min(math.floor(row + high) + 1, image.shape[0])):
        for c in range(max(math.ceil(column - across), 0), min(math.floor(column + across) + 1, image.shape[1])):
            y, x = row - r, column - c
            if abs(y * up + x * left) <= long and abs(y * left - x * up) <= wide:
                for k in range(len(ink)):
                    image[r, c, k] = ink[k]


@njit
def draw_user(image, user, ego, rulers, ink, signals):
    """Draw a road user, or else the arm or the lamps that it shows."""
    dx, dy = user["x"] - ego["x"], user["y"] - ego["y"]
    ahead, left = dx * ego["cos"] + dy * ego["sin"], dy * ego["cos"] - dx * ego["sin"]
    row, column = rulers.row - rulers.row_unit * ruled(ahead), rulers.column - rulers.column_unit * ruled(left)
    turn_up = user["cos"] * ego["cos"] + user["sin"] * ego["sin"]
    turn_left = user["sin"] * ego["cos"] - user["cos"] * ego["sin"]
    share = LINEAR_RANGE / (LINEAR_RANGE + math.sqrt(dx * dx + dy * dy))
    scale = rulers.row_unit / LINEAR_RANGE * max(share, SMALLEST_SHARE)
    larger = CYCLISTS_LARGER if user["kind"] == CYCLIST else 1.0
    long, wide = max(0.5 * larger * scale * user["length"], HALF), max(0.5 * larger * scale * user["width"], HALF)
    if not signals:
        draw_box(image, ink, row, column, turn_up, turn_left, long, wide)
        return
    reach = max(0.5 * rulers.size * (ARM if user["kind"] == CYCLIST else LAMP), HALF)
    side = wide + reach if user["signal"] == SIGNAL_LEFT else -wide - reach
    along = max(0.5 * rulers.size * THICK, HALF) if user["kind"] == CYCLIST else long
    row, column = row + side * turn_left, column - side * turn_up
    draw_box(image, ink, row, column, turn_up, turn_left, along, reach)


@njit
def draw_dashboard(image, first, frame):
    """Fill the rows from ``first`` on: a bar for each of the ego's columns of ``frame``, in shades of grey."""
    empty, full = GAUGE
    begin = 0
    for k in range(NUM_BARS):
        end = (k + 1) * image.shape[1] // NUM_BARS
        level = 0.5 * (frame[k] + 1.0) if SIGNED[k] else frame[k]
        filled = level * (end - begin - 1)
        for c in range(begin, end):
            share = min(max(filled - (c - begin), 0.0), 1.0)
            shade = int(empty + (full - empty) * share) if c < end - 1 else 0
            for r in range(first, image.shape[0]):
                for channel in range(image.shape[2]):
                    image[r, c, channel] = shade
        begin = end


@njit
def paint_batch(images, words, users, frames, rulers, ground, palette, desk):
    """Paint every world: ``images`` (W, H, W, C) uint8, and ``words``, the same memory as (W, H, W * C / 8) uint64.

    desk: (5, H or W, whichever is more) int32 to work on.
    """
    rows = len(rulers.ahead)
    for w in range(len(images)):
        ego, street = users[w, 0], images[w, :rows]
        draw_ground(words[w, :rows], desk, rulers, ego, ground, palette.grounds)
        draw_user(street, ego, ego, rulers, palette.inks[EGO_INK], False)
        for i in range(1, len(users[w])):
            if users[w, i]["seen"] == 1:
                draw_user(street, users[w, i], ego, rulers, palette.inks[users[w, i]["colour"]], False)
        for i in range(1, len(users[w])):  # signals lie above everybody
            if users[w, i]["seen"] == 1 and users[w, i]["signal"] != NONE:
                draw_user(street, users[w, i], ego, rulers, palette.inks[SIGNAL_INK], True)
        draw_dashboard(images[w], rows, frames[w])


class Rasterizer:
    """Paints the worlds on one road.

    Attributes:
        shape: of a picture, (H, W, C) with C = 3 colours, or 1 if it is grey.
    """

    def __init__(self, road: RoadMap, size: tuple[int, int] = (SIZE, SIZE), grayscale: bool = False) -> None:
        self.shape = (*size, 1 if grayscale else 3)
        self._rulers, self._ground, self._palette = rulers_of(*size), ground_of(road), palette_of(self.shape[2])

    def paint(self, users: np.ndarray, frames: np.ndarray) -> np.ndarray:
        """Pictures (W, H, W, C) uint8 of users (W, N), ROAD_USER, and their observations (W, D); always fresh ones."""
        height, width, channels = self.shape
        words = np.empty((len(users), height, width * channels // 8), np.uint64)
        images = words.view(np.uint8).reshape(len(users), *self.shape)
        desk = np.empty((5, max(height, width)), np.int32)
        paint_batch(images, words, users, frames, self._rulers, self._ground, self._palette, desk)
        return images
