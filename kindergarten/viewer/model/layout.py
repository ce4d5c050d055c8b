"""Where everything lies that a street is made of, in metres: strips of road, paint, crossings, islands, trees."""

from __future__ import annotations

from collections import defaultdict
from typing import NamedTuple

import numpy as np

from kindergarten.world.codes import Marking
from kindergarten.world.road import RoadMap

STOP_LINE, LINE = 0.5, 0.16  # [m] wide
SOLID, DASH, PERIOD = 14.0, 3.0, 6.0  # [m] of solid centre line before the junction, then dashes
TOOTH, TEETH = 0.55, 1.0  # [m] a yield line's triangles: their width, and from one to the next
CROSSING, STRIPE, BEFORE = 2.4, 0.5, 0.7  # [m] a crossing: its length, its stripes and gaps, from the stop line to it
OURS = 0.5  # cosine between a lane and the road that a stop line lies on, above which it is one of that road's
BEYOND = 150.0  # [m] that a road goes on where a route begins or ends
PAVEMENT_WIDTH, KERB_WIDTH = 2.4, 0.35  # [m] beside the lane
TREE_CELL, TREE_FROM_ROAD = 13.0, 8.5  # [m] one tree per cell; far from lanes
FINE_CELL, MOST_CELLS = 2.0, 8000  # [m] in which roads are looked up; cells with trees, at most
SHADE = 1.1  # [m] that a house's shadow is long
#: A tree as discs: colour, how far to the right and down in the picture, radius; all in radii of the tree.
TREE = (("grass_shade", 0.35, 0.4, 1.0), ("tree", 0.0, 0.0, 1.0), ("tree_light", -0.2, -0.25, 0.62))


class Coat(NamedTuple):
    """Polygons (K, 2) [m] of one colour.

    beside: [m] if not None, they are the lanes and so much beside them.
    shade: [m] that they lie to the right and down in the picture.
    """

    colour: str
    polygons: list[np.ndarray]
    beside: float | None = None
    shade: float = 0.0


def layers_of(road: RoadMap) -> list[Coat]:
    """All that a street is made of but trees and fog, from the ground up."""
    pieces, half = pieces_of(road.points), road.lane_width / 2
    lanes = PavedArea(road.points[:, :, :2].reshape(-1, 2), road.lane_width)
    crossings = [stripe for line in lines(road, Marking.STOP_LINE) for stripe in crossing(line, road)]
    inner = [house + (0.45, 0.45, -0.45, -0.45) for house in road.buildings]
    houses = [box(house) for house in road.buildings]

    def lane(colour: str, beside: float) -> Coat:
        return Coat(colour, [strip(piece, half + beside) for piece in pieces], beside)

    return [
        lane("pavement", PAVEMENT_WIDTH), Coat("grass", islands(road, lanes)), lane("kerb", KERB_WIDTH),
        lane("asphalt", 0.05), Coat("asphalt/marking/0.62", crossings), Coat("marking", painted(road)),
        Coat("grass_shade", houses, shade=SHADE), Coat("wall", houses),
        Coat("roof", [box(house) for house in inner]),
        Coat("roof/wall/0.45", [ridge(house) for house in inner]),
    ]  # fmt: skip


def pieces_of(routes: np.ndarray) -> list[np.ndarray]:
    """All routes (R, P, 4) as curved pieces (K, 4) and straight ones (2, 4), each way but once.

    Routes begin and end where nobody drives any more; the road is drawn on from there, out of the picture.
    """
    curved, straight = {}, defaultdict(list)
    for points in routes:
        moved = np.any(np.diff(points[:, :2], axis=0) != 0, axis=1)
        points = points[np.concatenate([[True], moved])]
        points = np.concatenate([points[:1], points, points[-1:]])
        points[0, :2] -= BEYOND * points[0, 2:]
        points[-1, :2] += BEYOND * points[-1, 2:]
        turns = np.any(np.abs(np.diff(points[:, 2:], axis=0)) > 1e-9, axis=1)  # of each chord
        borders = [0, *(np.flatnonzero(np.diff(turns)) + 1).tolist(), len(turns)]
        for a, b in zip(borders[:-1], borders[1:], strict=True):
            if turns[a]:
                curved[points[a : b + 1].round(3).tobytes()] = points[a : b + 1]
            else:
                (x, y, cos, sin), (x1, y1, _, _) = points[a], points[b]
                line = (round(cos, 6) + 0.0, round(sin, 6) + 0.0, round(y * cos - x * sin, 3) + 0.0)
                straight[line].append((x * cos + y * sin, x1 * cos + y1 * sin))
    pieces = list(curved.values())
    for (cos, sin, left), spans in straight.items():
        for start, stop in _union(spans):
            ends = [(s * cos - left * sin, s * sin + left * cos, cos, sin) for s in (start, stop)]
            pieces.append(np.array(ends))
    return pieces


def _union(spans: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Spans of one line, joined where they touch."""
    joined: list[tuple[float, float]] = []
    for start, stop in sorted(spans):
        if joined and start <= joined[-1][1] + 1e-6:
            joined[-1] = joined[-1][0], max(stop, joined[-1][1])
        else:
            joined.append((start, stop))
    return joined


def strip(piece: np.ndarray, half: float) -> np.ndarray:
    """The polygon of everything within ``half`` metres of a piece (K, 4) of a route."""
    left = np.stack([-piece[:, 3], piece[:, 2]], axis=1) * half
    return np.concatenate([piece[:, :2] + left, (piece[:, :2] - left)[::-1]])


def lines(road: RoadMap, kind: Marking) -> np.ndarray:
    """The markings (L, 4) of one kind."""
    return road.markings[road.markings[:, 4] == kind, :4]


def painted(road: RoadMap) -> list[np.ndarray]:
    """All markings but crossings."""
    return [
        *(dash for line in lines(road, Marking.CENTRE_LINE) for dash in _dashes(line, SOLID)),
        *(dash for line in lines(road, Marking.LANE_LINE) for dash in _dashes(line, 0.0)),
        *(_bar(line, STOP_LINE) for line in lines(road, Marking.STOP_LINE)),
        *(tooth for line in lines(road, Marking.YIELD_LINE) for tooth in _teeth(line, road)),
    ]


def _bar(line: np.ndarray, width: float) -> np.ndarray:
    """The rectangle of a line (4,) that is ``width`` metres wide."""
    a, b = line[:2], line[2:]
    along = (b - a) / max(np.hypot(*(b - a)), 1e-9)
    left = np.array([-along[1], along[0]]) * width / 2
    return np.array([a + left, b + left, b - left, a - left])


def _dashes(line: np.ndarray, solid: float) -> list[np.ndarray]:
    """A line (4,) between lanes: ``solid`` metres from the junction on, then dashes."""
    a, b = line[:2], line[2:]
    length = float(np.hypot(*(b - a)))
    along = (b - a) / max(length, 1e-9)
    starts = np.arange(solid + DASH if solid else 0.0, min(length, 2000.0), PERIOD)
    pieces = [(0.0, min(solid, length))] if solid else []
    pieces += [(s, min(s + DASH, length)) for s in starts]
    return [_bar(np.concatenate([a + along * s, a + along * e]), LINE) for s, e in pieces]


def _teeth(line: np.ndarray, road: RoadMap) -> list[np.ndarray]:
    """A yield line (4,): triangles that point at whoever has to wait."""
    a, b = line[:2], line[2:]
    length = float(np.hypot(*(b - a)))
    along = (b - a) / max(length, 1e-9)
    back = -_inwards(line, road)
    starts = np.arange(0.3, min(length, 100.0) - TOOTH, TEETH)
    return [
        np.array([a + along * s, a + along * (s + TOOTH), a + along * (s + TOOTH / 2) + back * 0.7]) for s in starts
    ]


def _inwards(line: np.ndarray, road: RoadMap) -> np.ndarray:
    """The direction (2,) across a line (4,), towards the nearest junction."""
    a, b = line[:2], line[2:]
    across = np.array([a[1] - b[1], b[0] - a[0]]) / max(np.hypot(*(b - a)), 1e-9)
    to_middle = road.junctions[:, :2] - (a + b) / 2
    nearest = to_middle[np.argmin((to_middle**2).sum(axis=1))] if len(to_middle) else across
    return across if nearest @ across >= 0 else -across


def crossing(line: np.ndarray, road: RoadMap) -> list[np.ndarray]:
    """Stripes for those on foot, between a stop line (4,) and the junction, from kerb to kerb.

    None where there is no room for them: on the lanes of another road nobody walks.
    """
    a, b = line[:2], line[2:]
    length = float(np.hypot(*(b - a)))
    if not 1.0 < length < 20.0:
        return []
    along, inwards = (b - a) / length, _inwards(line, road)
    steps = np.arange(-12.0, length + 12.0, 2 * STRIPE) + STRIPE / 2
    near = a + along * steps[:, None] + inwards * BEFORE
    points = road.points.reshape(-1, 4)
    ours = np.abs(points[:, 2:] @ inwards) > OURS
    lanes, others = (PavedArea(points[chosen, :2], road.lane_width) for chosen in (ours, ~ours))
    paved = lanes.cover(near) & lanes.cover(near + inwards * CROSSING)
    middle = int(np.argmin(np.abs(steps - length / 2)))
    gaps = np.flatnonzero(~paved)  # only what hangs together with the line itself
    first = max((g + 1 for g in gaps if g < middle), default=0)
    last = min((g for g in gaps if g > middle), default=len(steps))
    ends = near[first:last] if paved[middle] else near[:0]
    if any(others.cover(ends + inwards * far).any() for far in np.linspace(0.0, CROSSING, 4) if len(ends)):
        return []
    return [_bar(np.concatenate([start, start + inwards * CROSSING]), STRIPE) for start in ends]


def islands(road: RoadMap, lanes: PavedArea) -> list[np.ndarray]:
    """Grass in the middle of roundabouts: junctions whose middle nobody drives over."""
    islands, angles = [], np.linspace(0, 2 * np.pi, 73)[:-1]
    for x, y, radius in road.junctions[:64]:
        free = lanes.nearest(np.array([[x, y]]))[0] - road.lane_width / 2
        if 2.0 < free < max(radius, 0.0):
            islands.append(np.stack([x + free * np.cos(angles), y + free * np.sin(angles)], axis=1))
    return islands


def box(box: np.ndarray) -> np.ndarray:
    """The corners of x0, y0, x1, y1."""
    x0, y0, x1, y1 = box
    return np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y1)])


def ridge(box: np.ndarray) -> np.ndarray:
    """Where the two sides of a roof meet."""
    x0, y0, x1, y1 = box
    x, y, half = (x0 + x1) / 2, (y0 + y1) / 2, abs(x1 - x0 - (y1 - y0)) / 2
    line = (x - half, y, x + half, y) if x1 - x0 > y1 - y0 else (x, y - half, x, y + half)
    return _bar(np.array(line), 0.35)


class PavedArea:
    """Where people drive, to be asked for many places at once.

    Args:
        places: (K, 2) along the middles of lanes.
        width: of the lanes [m].
    """

    def __init__(self, places: np.ndarray, width: float) -> None:
        self._width = width
        self.points = places[np.unique(_cell(places, 0.05), return_index=True)[1]]  # many routes share their beginning
        self._cells = np.unique(_cell(self.points, FINE_CELL))

    def nearest(self, places: np.ndarray) -> np.ndarray:
        """How far [m] the nearest lane's middle is from each of a few places (K, 2)."""
        return np.array([np.sqrt(((self.points - place) ** 2).sum(axis=1).min()) for place in places])

    def cover(self, places: np.ndarray) -> np.ndarray:
        """Whether (K,) few places (K, 2), near to each other, are paved."""
        reach = np.abs(places - places[0]).max() + self._width
        near = self.points[np.abs(self.points - places[0]).max(axis=1) <= reach][:20_000]
        far = ((places[:, None] - near[None]) ** 2).sum(axis=2).min(axis=1, initial=np.inf)
        return far <= (self._width / 2) ** 2

    def clear(self, places: np.ndarray, far: float) -> np.ndarray:
        """Whether (K,) many places (K, 2) are about ``far`` metres from every lane."""
        free, reach = np.ones(len(places), bool), int(far / FINE_CELL)
        for i in range(-reach, reach + 1):
            for j in range(-reach, reach + 1):
                shift = np.array([i, j]) * FINE_CELL
                if np.hypot(*shift) <= far:
                    free &= ~np.isin(_cell(places + shift, FINE_CELL), self._cells)
        return free


def _cell(places: np.ndarray, size: float) -> np.ndarray:
    """A number (K,) for the square that each of (K, 2) places lies in."""
    x, y = np.floor(places / size).astype(np.int64).T
    return (x + (1 << 20)) * (1 << 21) + y + (1 << 20)


def trees(road: RoadMap) -> np.ndarray:
    """x, y and radius [m] (K, 3) of trees wherever a camera looks but on roads, scattered the same way every time."""
    first, last, steps = road.points[:, 0], road.points[:, -1], np.arange(0.0, BEYOND, FINE_CELL / 2)[:, None, None]
    ahead, behind = last[:, :2] + steps * last[:, 2:], first[:, :2] - steps * first[:, 2:]
    ways = [road.points[:, :, :2].reshape(-1, 2), ahead.reshape(-1, 2), behind.reshape(-1, 2)]
    lanes = PavedArea(np.concatenate(ways), road.lane_width)
    low, high = (edge(axis=0) // TREE_CELL for edge in (ways[0].min, ways[0].max))
    wide, tall = (high - low + 2 * BEYOND // TREE_CELL).clip(1, int(MOST_CELLS**0.5))
    columns, rows = np.meshgrid(np.arange(wide), np.arange(tall))
    corners = np.stack([columns.ravel(), rows.ravel()], axis=1) + ((low + high) // 2 - np.array([wide, tall]) // 2)
    codes = _cell(corners * TREE_CELL + TREE_CELL / 2, TREE_CELL)
    corner = np.stack([codes // (1 << 21) - (1 << 20), codes % (1 << 21) - (1 << 20)], axis=1) * TREE_CELL
    across, along, size, there = (_chance(codes, k) for k in range(4))
    places = corner + TREE_CELL * np.stack([across, along], axis=1)
    radius = 1.3 + 1.5 * size
    kept = (there < 0.6) & lanes.clear(places, TREE_FROM_ROAD)
    for x0, y0, x1, y1 in road.buildings[:256]:
        x, y = places.T
        kept &= (x < x0 - 3.0) | (x > x1 + 3.0) | (y < y0 - 3.0) | (y > y1 + 3.0)
    return np.concatenate([places, radius[:, None]], axis=1)[kept]


def _chance(codes: np.ndarray, stream: int) -> np.ndarray:
    """Numbers in 0..1 that look random and depend on the cell alone, by SplitMix64's mixer."""
    z = codes.astype(np.uint64) * np.uint64(4) + np.uint64(stream)
    z = z * np.uint64(0x9E3779B97F4A7C15)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        z = (z ^ (z >> np.uint64(shift))) * np.uint64(factor)
    return (z ^ (z >> np.uint64(31))).astype(np.float64) / 2.0**64
