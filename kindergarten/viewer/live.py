"""Pictures of a simulator while it runs: Gymnasium's render modes."""

from __future__ import annotations

from weakref import WeakKeyDictionary

import numpy as np
import pygame

from kindergarten.simulator import Simulator
from kindergarten.viewer.frame import live_frame, live_story
from kindergarten.viewer.painter import SIZE, Painter, View
from kindergarten.viewer.window import open_window

#: A painter knows the shapes of a road. Making one takes longer than a picture, so it lives as long as its simulator.
_painters: WeakKeyDictionary[Simulator, Painter] = WeakKeyDictionary()


def draw(surface: pygame.Surface, simulator: Simulator, w: int = 0, action: object = None) -> None:
    """Fill ``surface`` with world ``w`` of ``simulator`` as it stands.

    Nothing gives away what an agent could not see, so that these pictures may serve as its observations.

    Args:
        action: what the agent has just done, for the caption.
    """
    if simulator not in _painters:
        _painters[simulator] = Painter(simulator.road)
    story, frame = live_story(simulator, w), live_frame(simulator, w, action)
    _painters[simulator].draw(surface, story, frame, View(reveal=False))


def render(simulator: Simulator, w: int = 0, action: object = None, size: tuple[int, int] = SIZE) -> np.ndarray:
    """World ``w`` of ``simulator`` as a picture (H, W, 3) uint8, fresh, for ``render_mode="rgb_array"``."""
    surface = pygame.Surface(size, 0, 32)
    draw(surface, simulator, w, action)
    width, height = size
    return np.frombuffer(pygame.image.tobytes(surface, "RGB"), np.uint8).reshape(height, width, 3).copy()


class LiveWindow:
    """Shows a simulator while it runs, for ``render_mode="human"``. Opens when there is something to show."""

    def __init__(self, size: tuple[int, int] = SIZE) -> None:
        self._size, self._clock = size, pygame.time.Clock()
        self._opened = self._closed = False

    def show(self, simulator: Simulator, w: int = 0, action: object = None) -> None:
        """Show world ``w`` as it stands, in real time; nothing any more once the window was closed.

        Raises:
            NoDisplay: there is no screen.
        """
        if self._closed:
            return
        surface = pygame.display.get_surface() if pygame.display.get_init() else None
        if surface is None:
            title = f"Kindergarten: {simulator.scenario.name}"
            surface = open_window(self._size, title, "use render_mode='rgb_array'", invisible=True)
            self._opened = True
        if any(event.type == pygame.QUIT for event in pygame.event.get()):
            self.close()
            return
        draw(surface, simulator, w, action)
        pygame.display.flip()
        self._clock.tick(1.0 / simulator.config.decision_step)

    def close(self) -> None:
        """Close the window. What the caller does goes on."""
        self._closed = True
        if self._opened and pygame.display.get_init():
            pygame.display.quit()  # never pygame.quit(): others may be using the rest of it
