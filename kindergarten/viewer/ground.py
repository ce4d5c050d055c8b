"""The street without anybody on it: grass, trees, pavement, asphalt, markings; and the fog above it."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pygame

from kindergarten.codes import Marking
from kindergarten.road import RoadMap
from kindergarten.viewer.camera import Camera
from kindergarten.viewer.frame import depth_in_fog
from kindergarten.viewer.palette import Colour, Theme

PAVEMENT_WIDTH, KERB_WIDTH = 2.4, 0.35  # [m] beside the lane
STOP_LINE, CENTRE_LINE = 0.5, 0.16  # [m] wide
SOLID, DASH, PERIOD = 14.0, 3.0, 6.0  # [m] of solid centre line before the junction, then dashes
DASHED, ACROSS = (Marking.CENTRE_LINE, Marking.LANE_LINE), (Marking.STOP_LINE, Marking.YIELD_LINE)
BEYOND = 150.0  # [m] that a road goes on where a route begins or ends
TREE_CELL, TREE_FROM_ROAD = 13.0, 8.5  # [m] one tree per cell; so far from every lane's middle
FOG_CELL = 8  # [px] the mist is drawn coarsely and smoothed
FOG_EDGE = 2.5  # [m] over which it gathers


class Ground:
    """The still part of the picture of one road."""

    def __init__(self, road: RoadMap) -> None:
        self.road = road
        pieces = _pieces(road.points)
        half = road.lane_width / 2
        self._layers = [
            ("pavement", _Shapes([_strip(piece, half + PAVEMENT_WIDTH) for piece in pieces])),
            ("kerb", _Shapes([_strip(piece, half + KERB_WIDTH) for piece in pieces])),
            ("asphalt", _Shapes([_strip(piece, half + 0.05) for piece in pieces])),
            ("marking", _Shapes([dash for line in _lines(road, DASHED) for dash in _dashes(line)])),
            ("marking", _Shapes([_bar(line, STOP_LINE) for line in _lines(road, ACROSS)])),
        ]
        self._trees = _trees(road)

    def draw(self, surface: pygame.Surface, camera: Camera, theme: Theme) -> None:
        """Fill ``surface``."""
        surface.fill(theme.grass)
        for name, shapes in self._layers:
            shapes.fill(surface, getattr(theme, name), camera)
        margin = 4.0 * camera.scale
        centres = camera.project(self._trees[:, :2])
        inside = np.all((centres > -margin) & (centres < (camera.width + margin, camera.height + margin)), axis=1)
        for (x, y), radius in zip(centres[inside].tolist(), self._trees[inside, 2].tolist(), strict=True):
            _tree(surface, x, y, radius * camera.scale, theme)

    def fog(self, surface: pygame.Surface, camera: Camera, theme: Theme) -> None:
        """Lay the mist over ``surface``: soft at its edge, slightly uneven within."""
        if not np.isfinite(depth_in_fog(self.road, np.zeros(1), np.zeros(1))).any():
            return
        columns, rows = camera.width // FOG_CELL + 2, camera.height // FOG_CELL + 2
        x, y = np.meshgrid((np.arange(columns) + 0.5) * FOG_CELL, (np.arange(rows) + 0.5) * FOG_CELL)
        world = camera.unproject(np.stack([x.ravel(), y.ravel()], axis=1))
        x, y = world[:, 0], world[:, 1]
        cover = smoothstep((depth_in_fog(self.road, x, y) + FOG_EDGE) / (FOG_EDGE + 1.5))
        if not cover.any():
            return
        uneven = np.sin(0.21 * x + 1.7 * np.sin(0.11 * y)) + np.sin(0.17 * y + 2.1 * np.sin(0.07 * x + 1.0))
        alpha = cover * (0.87 + 0.045 * uneven)
        mist = np.empty((rows, columns, 4), np.uint8)
        mist[..., :3] = alpha.reshape(rows, columns, 1) * theme.fog
        mist[..., 3] = (255 * alpha).reshape(rows, columns)
        small = pygame.image.frombuffer(mist.tobytes(), (columns, rows), "RGBA")
        large = pygame.transform.smoothscale(small, (columns * FOG_CELL, rows * FOG_CELL))
        surface.blit(large, (0, 0), special_flags=pygame.BLEND_PREMULTIPLIED)


def _lines(road: RoadMap, kinds: tuple[Marking, ...]) -> np.ndarray:
    """The markings (L, 4) of some kinds."""
    return road.markings[np.isin(road.markings[:, 4], kinds), :4]


def smoothstep(t: np.ndarray) -> np.ndarray:
    """0 below 0, 1 above 1, and no kink between."""
    t = np.clip(t, 0.0, 1.0)
    return t * t * (3.0 - 2.0 * t)


class _Shapes:
    """Polygons of one colour, projected together. Rectangles, which most of a street is, are filled fast."""

    def __init__(self, polygons: list[np.ndarray]) -> None:
        self._points = np.concatenate([np.zeros((0, 2)), *polygons])
        self._ends = np.cumsum([len(polygon) for polygon in polygons], dtype=int)
        self._starts = np.concatenate([[0], self._ends]).astype(int)[:-1]

    def fill(self, surface: pygame.Surface, colour: Colour, camera: Camera) -> None:
        """Fill them all."""
        if not self._starts.size:
            return
        width, height = surface.get_size()
        pixels = camera.project(self._points)
        low, high = (f.reduceat(pixels, self._starts, axis=0) for f in (np.minimum, np.maximum))
        seen = np.all((high > 0) & (low < (width, height)), axis=1)
        for k in np.flatnonzero(seen).tolist():
            points = pixels[self._starts[k] : self._ends[k]]
            if len(points) == 4 and _is_upright(points):
                (left, top), (right, bottom) = low[k].tolist(), high[k].tolist()
                left, top = max(round(left), 0), max(round(top), 0)
                right, bottom = min(round(right), width), min(round(bottom), height)
                surface.fill(colour, (left, top, max(right - left, 1), max(bottom - top, 1)))
            else:
                pygame.draw.polygon(surface, colour, points.clip(-15000, 15000).tolist())  # it counts in 16 bits


def _is_upright(pixels: np.ndarray) -> bool:
    """Whether a rectangle's sides run along the picture's."""
    (ax, ay), (bx, by), (cx, cy) = pixels[:3].tolist()
    return min(abs(ax - bx), abs(ay - by)) < 1e-3 and min(abs(bx - cx), abs(by - cy)) < 1e-3


def _pieces(routes: np.ndarray) -> list[np.ndarray]:
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


def _strip(piece: np.ndarray, half: float) -> np.ndarray:
    """The polygon of everything within ``half`` metres of a piece (K, 4) of a route."""
    left = np.stack([-piece[:, 3], piece[:, 2]], axis=1) * half
    return np.concatenate([piece[:, :2] + left, (piece[:, :2] - left)[::-1]])


def _bar(line: np.ndarray, width: float) -> np.ndarray:
    """The rectangle of a line (4,) that is ``width`` metres wide."""
    a, b = line[:2], line[2:]
    along = (b - a) / max(np.hypot(*(b - a)), 1e-9)
    left = np.array([-along[1], along[0]]) * width / 2
    return np.array([a + left, b + left, b - left, a - left])


def _dashes(line: np.ndarray) -> list[np.ndarray]:
    """A centre line (4,), from the junction outwards."""
    a, b = line[:2], line[2:]
    length = float(np.hypot(*(b - a)))
    along = (b - a) / max(length, 1e-9)
    starts = np.arange(SOLID + DASH, min(length, 1000.0), PERIOD)
    pieces = [(0.0, min(SOLID, length)), *((s, min(s + DASH, length)) for s in starts)]
    return [_bar(np.concatenate([a + along * s, a + along * e]), CENTRE_LINE) for s, e in pieces]


def _trees(road: RoadMap) -> np.ndarray:
    """x, y and radius [m] (K, 3) of trees, scattered the same way every time and never on a road."""
    random = np.random.default_rng(3)
    side = np.arange(-150.0, 150.0, TREE_CELL)
    x, y = (axis.ravel() for axis in np.meshgrid(side, side))
    x, y = x + random.uniform(0, TREE_CELL, x.size), y + random.uniform(0, TREE_CELL, x.size)
    radius, there = random.uniform(1.3, 2.8, x.size), random.uniform(size=x.size) < 0.6
    lanes = road.points[:, ::8, :2].reshape(-1, 2)
    far = [
        np.min((lanes[:, 0] - p) ** 2 + (lanes[:, 1] - q) ** 2) > TREE_FROM_ROAD**2 for p, q in zip(x, y, strict=True)
    ]
    return np.stack([x, y, radius], axis=1)[there & np.array(far)]


def _tree(surface: pygame.Surface, x: float, y: float, radius: float, theme: Theme) -> None:
    pygame.draw.circle(surface, theme.grass_shade, (x + 0.35 * radius, y + 0.4 * radius), radius)
    pygame.draw.circle(surface, theme.tree, (x, y), radius)
    pygame.draw.circle(surface, theme.tree_light, (x - 0.2 * radius, y - 0.25 * radius), 0.62 * radius)
