"""The ground as it was last drawn, a little larger than the picture, so that most pictures only copy from it."""

from __future__ import annotations

import math
from dataclasses import replace

import pygame

from kindergarten.viewer.draw.ground import Ground
from kindergarten.viewer.model.camera import LEVEL, Camera
from kindergarten.viewer.model.palette import Theme

FINE = 2  # times as many pixels while it is drawn
MARGIN = 0.25  # of the picture's width and height, drawn beyond each edge
BRIEF = 0.06  # the same while the camera zooms: the next level comes before the edge does


class Backdrop:
    """Ground and fog under one camera. Keeps what it has drawn for as long as the level of zoom stays.

    It is drawn on the grid of the world's own pixels, so that pictures do not depend on those before them.
    """

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._paper = self._sheet = self._small = pygame.Surface((1, 1), 0, 32)
        self._camera: Camera | None = None  # of the sheet's middle, as large as the picture
        self._margin = (0, 0)  # [px] of the sheet beyond the picture
        self._theme: Theme | None = None

    def draw(self, surface: pygame.Surface, camera: Camera, theme: Theme) -> None:
        """Fill ``surface``, which is as large as the camera says."""
        fine = _on_grid(_at_level(camera))
        old = self._camera if theme is self._theme else None
        steady = old is not None and fine == replace(old, x=fine.x, y=fine.y)
        if old is None or not steady or max(self._beyond(old, fine)) > 0:
            share = MARGIN if steady else 0.0 if fine.scale == camera.scale else BRIEF
            self._margin = int(share * fine.width), int(share * fine.height)
            self._theme = theme
            self._make(fine, theme)
        assert self._camera is not None
        right, down = _shift(self._camera, fine)
        part = pygame.Rect(right + self._margin[0], down + self._margin[1], fine.width, fine.height)
        if fine.scale == camera.scale:
            surface.blit(self._sheet, (0, 0), part)
        else:
            self._scale_down(surface, camera, fine, part)

    def _scale_down(self, surface: pygame.Surface, camera: Camera, fine: Camera, part: pygame.Rect) -> None:
        """Copy ``part`` of the sheet, smaller, so that the world's pixels lie where ``camera`` wants them."""
        ratio = camera.scale / fine.scale
        size = math.ceil(part.width * ratio), math.ceil(part.height * ratio)
        if self._small.get_size() != size:
            self._small = pygame.Surface(size, 0, 32)
        small = pygame.transform.smoothscale(self._sheet.subsurface(part), size, self._small)
        x, y = camera.locate(fine.x, fine.y)  # what is in the middle of ``part``
        surface.blit(small, (round(x - size[0] / 2), round(y - size[1] / 2)))

    def _beyond(self, old: Camera, new: Camera) -> list[int]:
        """How many pixels of the new picture are missing on the sheet, across and down; negative if none is."""
        return [abs(moved) - margin for moved, margin in zip(_shift(old, new), self._margin, strict=True)]

    def _make(self, camera: Camera, theme: Theme) -> None:
        """Draw the sheet around ``camera``."""
        right, down = self._margin
        wide = replace(camera, width=camera.width + 2 * right, height=camera.height + 2 * down)
        fine = wide.times(FINE)
        # The large surface is kept: a new one for every picture costs more than the drawing.
        size = max(fine.width, self._paper.get_width()), max(fine.height, self._paper.get_height())
        if size != self._paper.get_size():
            self._paper = pygame.Surface(size, 0, 32)
        paper = self._paper.subsurface((0, 0, fine.width, fine.height))
        self._ground.draw(paper, fine, theme)
        self._sheet = pygame.transform.smoothscale(paper, (wide.width, wide.height))
        self._ground.fog(self._sheet, wide, theme)
        self._camera = camera


def _at_level(camera: Camera) -> Camera:
    """The camera at its level of zoom, a little larger than need be, so that rounding leaves no gap at the edges."""
    if camera.level == camera.scale:
        return camera
    width, height = (2 * math.ceil(size * LEVEL / 2) + 4 for size in (camera.width, camera.height))
    return replace(camera, scale=camera.level, width=width, height=height)


def _on_grid(camera: Camera) -> Camera:
    """The camera moved by less than a pixel, to a whole number of pixels from the world's origin."""
    right = round((camera.x * camera.cos + camera.y * camera.sin) * camera.scale) / camera.scale
    up = round((camera.y * camera.cos - camera.x * camera.sin) * camera.scale) / camera.scale
    return replace(camera, x=right * camera.cos - up * camera.sin, y=right * camera.sin + up * camera.cos)


def _shift(old: Camera, new: Camera) -> tuple[int, int]:
    """How many pixels the new camera stands further to the right and further down."""
    x, y = (new.x - old.x) * new.scale, (new.y - old.y) * new.scale
    return round(x * new.cos + y * new.sin), round(x * new.sin - y * new.cos)
