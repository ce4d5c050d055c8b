"""The street without anybody on it: grass, trees, houses, pavement, asphalt, markings; and the fog above it."""

from __future__ import annotations

import numpy as np
import pygame

from kindergarten.viewer.draw.palette import Colour, Theme, mix
from kindergarten.viewer.model.camera import Camera
from kindergarten.viewer.model.layout import (
    PavedArea,
    box,
    crossing,
    islands,
    lines,
    painted,
    pieces_of,
    ridge,
    strip,
    trees,
)
from kindergarten.world.codes import Marking
from kindergarten.world.road import RoadMap

PAVEMENT_WIDTH, KERB_WIDTH = 2.4, 0.35  # [m] beside the lane
FOG_CELL = 8  # [px] the mist is drawn coarsely and smoothed
FOG_EDGE = 2.5  # [m] over which it gathers
SHADE = 1.1  # [m] that a house's shadow is long


class Ground:
    """The still part of the picture of one road."""

    def __init__(self, road: RoadMap) -> None:
        self.road = road
        pieces, half = pieces_of(road.points), road.lane_width / 2
        lanes = PavedArea(road.points[:, :, :2].reshape(-1, 2), road.lane_width)
        crossings = [stripe for line in lines(road, Marking.STOP_LINE) for stripe in crossing(line, road)]
        self._layers = [
            ("pavement", _Shapes([strip(piece, half + PAVEMENT_WIDTH) for piece in pieces])),
            ("grass", _Shapes(islands(road, lanes))),
            ("kerb", _Shapes([strip(piece, half + KERB_WIDTH) for piece in pieces])),
            ("asphalt", _Shapes([strip(piece, half + 0.05) for piece in pieces])),
            ("worn", _Shapes(crossings)),
            ("marking", _Shapes(painted(road))),
        ]
        self._houses = _Shapes([box(house) for house in road.buildings])
        self._trees = trees(road, lanes)

    def draw(self, surface: pygame.Surface, camera: Camera, theme: Theme) -> None:
        """Fill ``surface``."""
        surface.fill(theme.grass)
        for name, shapes in self._layers:
            colour = mix(theme.asphalt, theme.marking, 0.62) if name == "worn" else getattr(theme, name)
            shapes.fill(surface, colour, camera)
        self._draw_houses(surface, camera, theme)
        margin = 4.0 * camera.scale
        centres = camera.project(self._trees[:, :2])
        inside = np.all((centres > -margin) & (centres < (camera.width + margin, camera.height + margin)), axis=1)
        for (x, y), radius in zip(centres[inside].tolist(), self._trees[inside, 2].tolist(), strict=True):
            _tree(surface, x, y, radius * camera.scale, theme)

    def _draw_houses(self, surface: pygame.Surface, camera: Camera, theme: Theme) -> None:
        """Walls with a roof above them, and what light they take."""
        shade = SHADE * camera.scale
        self._houses.fill(surface, theme.grass_shade, camera, (shade, shade))
        self._houses.fill(surface, theme.wall, camera)
        inner = [house + (0.45, 0.45, -0.45, -0.45) for house in self.road.buildings]
        _Shapes([box(house) for house in inner]).fill(surface, theme.roof, camera)
        _Shapes([ridge(house) for house in inner]).fill(surface, mix(theme.roof, theme.wall, 0.45), camera)

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


def depth_in_fog(road: RoadMap, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """How deep [m] in the fog the points are; negative outside, minus infinity where there is no fog."""
    x0, y0, x1, y1 = road.fog
    if x1 <= x0 or y1 <= y0:
        return np.full(np.shape(x), -np.inf)
    return np.minimum(np.minimum(x - x0, x1 - x), np.minimum(y - y0, y1 - y))


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

    def fill(
        self, surface: pygame.Surface, colour: Colour, camera: Camera, shift: tuple[float, float] = (0.0, 0.0)
    ) -> None:
        """Fill them all, ``shift`` [px] to the right and down."""
        if not self._starts.size:
            return
        width, height = surface.get_size()
        pixels = camera.project(self._points) + shift
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


def _tree(surface: pygame.Surface, x: float, y: float, radius: float, theme: Theme) -> None:
    pygame.draw.circle(surface, theme.grass_shade, (x + 0.35 * radius, y + 0.4 * radius), radius)
    pygame.draw.circle(surface, theme.tree, (x, y), radius)
    pygame.draw.circle(surface, theme.tree_light, (x - 0.2 * radius, y - 0.25 * radius), 0.62 * radius)
