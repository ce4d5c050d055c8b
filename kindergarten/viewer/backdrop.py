"""The ground as it was last drawn, a little larger than the picture, so that most pictures only copy from it."""

from __future__ import annotations

from dataclasses import replace

import pygame

from kindergarten.viewer.camera import Camera
from kindergarten.viewer.ground import Ground

FINE = 2  # times as many pixels while it is drawn
MARGIN = 0.25  # of the picture's width and height, drawn beyond each edge


class Backdrop:
    """Ground and fog under one camera. Keeps what it has drawn for as long as the zoom stays.

    It is drawn on the grid of the world's own pixels, so that pictures do not depend on those before them.
    """

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._paper = self._sheet = pygame.Surface((1, 1), 0, 32)
        self._camera: Camera | None = None  # of the sheet's middle, as large as the picture
        self._margin = (0, 0)  # [px] of the sheet beyond the picture

    def draw(self, surface: pygame.Surface, camera: Camera) -> None:
        """Fill ``surface``, which is as large as the camera says."""
        camera, old = _on_grid(camera), self._camera
        steady = old is not None and camera == replace(old, x=camera.x, y=camera.y)
        if old is None or not steady or max(self._beyond(old, camera)) > 0:
            share = MARGIN if steady else 0.0
            self._margin = int(share * camera.width), int(share * camera.height)
            self._make(camera)
        assert self._camera is not None
        right, down = _shift(self._camera, camera)
        surface.blit(self._sheet, (-right - self._margin[0], -down - self._margin[1]))

    def _beyond(self, old: Camera, new: Camera) -> list[int]:
        """How many pixels of the new picture are missing on the sheet, across and down; negative if none is."""
        return [abs(moved) - margin for moved, margin in zip(_shift(old, new), self._margin, strict=True)]

    def _make(self, camera: Camera) -> None:
        """Draw the sheet around ``camera``."""
        right, down = self._margin
        wide = replace(camera, width=camera.width + 2 * right, height=camera.height + 2 * down)
        fine = wide.times(FINE)
        # The large surface is kept: a new one for every picture costs more than the drawing.
        size = max(fine.width, self._paper.get_width()), max(fine.height, self._paper.get_height())
        if size != self._paper.get_size():
            self._paper = pygame.Surface(size, 0, 32)
        paper = self._paper.subsurface((0, 0, fine.width, fine.height))
        self._ground.draw(paper, fine)
        self._sheet = pygame.transform.smoothscale(paper, (wide.width, wide.height))
        self._ground.fog(self._sheet, wide)
        self._camera = camera


def _on_grid(camera: Camera) -> Camera:
    """The camera moved by less than a pixel, to a whole number of pixels from the world's origin."""
    right = round((camera.x * camera.cos + camera.y * camera.sin) * camera.scale) / camera.scale
    up = round((camera.y * camera.cos - camera.x * camera.sin) * camera.scale) / camera.scale
    return replace(camera, x=right * camera.cos - up * camera.sin, y=right * camera.sin + up * camera.cos)


def _shift(old: Camera, new: Camera) -> tuple[int, int]:
    """How many pixels the new camera stands further to the right and further down."""
    x, y = (new.x - old.x) * new.scale, (new.y - old.y) * new.scale
    return round(x * new.cos + y * new.sin), round(x * new.sin - y * new.cos)
