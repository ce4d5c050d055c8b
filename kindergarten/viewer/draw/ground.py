"""The street without anybody on it: grass, trees, houses, pavement, asphalt, markings; and the fog above it."""

from __future__ import annotations

import numpy as np
import pygame

from kindergarten.viewer.model.camera import Camera
from kindergarten.viewer.model.layout import TREE, layers_of, trees
from kindergarten.viewer.model.palette import Colour, Theme, blend
from kindergarten.viewer.model.view import FOG_EDGE, depth_in_fog, smoothstep
from kindergarten.world.road import RoadMap

FOG_CELL = 8  # [px] the mist is drawn coarsely and smoothed
FOG_WHOLE = 1.5  # [m] within its edge it is as thick as it gets


class Ground:
    """The still part of the picture of one road."""

    def __init__(self, road: RoadMap) -> None:
        self.road = road
        self._layers = [(layer, _Shapes(layer.polygons)) for layer in layers_of(road)]
        self._trees = trees(road)

    def draw(self, surface: pygame.Surface, camera: Camera, theme: Theme) -> None:
        """Fill ``surface``."""
        surface.fill(theme.grass)
        for layer, shapes in self._layers:
            shapes.fill(surface, blend(layer.colour, theme), camera, layer.shade * camera.scale)
        margin = 4.0 * camera.scale
        centres = camera.project(self._trees[:, :2])
        inside = np.all((centres > -margin) & (centres < (camera.width + margin, camera.height + margin)), axis=1)
        for (x, y), radius in zip(centres[inside].tolist(), self._trees[inside, 2].tolist(), strict=True):
            size = radius * camera.scale
            for colour, right, down, share in TREE:
                at = x + right * size, y + down * size
                pygame.draw.circle(surface, getattr(theme, colour), at, share * size)

    def fog(self, surface: pygame.Surface, camera: Camera, theme: Theme) -> None:
        """Lay the mist over ``surface``: soft at its edge, slightly uneven within."""
        if not np.isfinite(depth_in_fog(self.road, np.zeros(1), np.zeros(1))).any():
            return
        columns, rows = camera.width // FOG_CELL + 2, camera.height // FOG_CELL + 2
        x, y = np.meshgrid((np.arange(columns) + 0.5) * FOG_CELL, (np.arange(rows) + 0.5) * FOG_CELL)
        world = camera.unproject(np.stack([x.ravel(), y.ravel()], axis=1))
        x, y = world[:, 0], world[:, 1]
        cover = smoothstep((depth_in_fog(self.road, x, y) + FOG_EDGE) / (FOG_EDGE + FOG_WHOLE))
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


class _Shapes:
    """Polygons of one colour, projected together. Rectangles, which most of a street is, are filled fast."""

    def __init__(self, polygons: list[np.ndarray]) -> None:
        self._points = np.concatenate([np.zeros((0, 2)), *polygons])
        self._ends = np.cumsum([len(polygon) for polygon in polygons], dtype=int)
        self._starts = np.concatenate([[0], self._ends]).astype(int)[:-1]

    def fill(self, surface: pygame.Surface, colour: Colour, camera: Camera, shift: float) -> None:
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
