"""Pictures of a simulator while it runs: Gymnasium's render modes."""

from __future__ import annotations

from weakref import WeakKeyDictionary

import numpy as np
import pygame

from kindergarten.viewer.draw.painter import Painter
from kindergarten.viewer.model.frame import live_frame
from kindergarten.viewer.model.story import live_story
from kindergarten.viewer.model.view import SIZE, Hud, View
from kindergarten.world.simulator import Simulator

#: A painter knows the shapes of a road. Making one takes longer than a picture, so it lives as long as its simulator.
_painters: WeakKeyDictionary[Simulator, Painter] = WeakKeyDictionary()


def draw(
    surface: pygame.Surface,
    simulator: Simulator,
    w: int = 0,
    action: object = None,
    view: View | None = None,
    hud: Hud | None = None,
) -> None:
    """Fill ``surface`` with world ``w`` of ``simulator`` as it stands.

    Unless the view asks for it, nothing gives away what an agent could not see, so that these pictures may serve as
    its observations.

    Args:
        action: what the agent has just done, for the caption.
    """
    if simulator not in _painters:
        _painters[simulator] = Painter(simulator.road)
    story, frame = live_story(simulator, w), live_frame(simulator, w, action)
    _painters[simulator].draw(surface, story, frame, view or View(reveal=False, ghosts=False), hud)


def render(simulator: Simulator, w: int = 0, action: object = None, size: tuple[int, int] = SIZE) -> np.ndarray:
    """World ``w`` of ``simulator`` as a picture (H, W, 3) uint8, fresh, for ``render_mode="rgb_array"``."""
    surface = pygame.Surface(size, 0, 32)
    draw(surface, simulator, w, action)
    width, height = size
    return np.frombuffer(pygame.image.tobytes(surface, "RGB"), np.uint8).reshape(height, width, 3).copy()
