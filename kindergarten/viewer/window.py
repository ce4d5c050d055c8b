"""Windows: one that plays a replay, and one that shows a simulator while it runs."""

from __future__ import annotations

import os
import sys

import numpy as np
import pygame

from kindergarten.replay import Replay
from kindergarten.simulator import Simulator
from kindergarten.viewer.frame import live_frame, live_story
from kindergarten.viewer.painter import SIZE, Painter, View
from kindergarten.viewer.player import Player

FRAMES_PER_SECOND = 60
INVISIBLE = ("offscreen", "dummy")  # what SDL takes without a word if there is no screen


class NoDisplay(OSError):
    """There is no screen to open a window on; the message says what to do instead."""


def watch(replay: Replay, episode: int = 0, view: View | None = None) -> None:
    """Play a replay in a window until it is closed. The caller's process goes on.

    Raises:
        NoDisplay: there is no screen.
    """
    opened = not pygame.display.get_init()
    open_window(SIZE, f"Kindergarten: {replay.scenario}", "write a video instead: --headless --video FILE")
    try:
        pygame.key.set_repeat(350, 50)
        player, clock = Player(replay, episode, view), pygame.time.Clock()
        while True:
            surface = pygame.display.get_surface()
            if surface is None or not all(player.handle(event, surface) for event in pygame.event.get()):
                return
            player.advance(clock.tick(FRAMES_PER_SECOND) / 1000.0)
            player.draw(surface)
            pygame.display.flip()
    finally:
        if opened:
            pygame.display.quit()  # never pygame.quit(): others may be using the rest of it


def open_window(size: tuple[int, int], title: str, otherwise: str, invisible: bool = False) -> pygame.Surface:
    """Open a window that can be resized.

    Args:
        otherwise: what to do if there is no screen, for the message.
        invisible: accept a screen that nobody sees, if SDL_VIDEODRIVER asks for it.

    Raises:
        NoDisplay: there is no screen.
    """
    asked = os.environ.get("SDL_VIDEODRIVER", "")
    invisible = invisible and asked in INVISIBLE
    screenless = sys.platform.startswith(("linux", "freebsd")) and not (
        asked or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    )
    try:
        if screenless:  # asking SDL would only make it grumble on stderr
            raise pygame.error("neither DISPLAY nor WAYLAND_DISPLAY is set")
        pygame.display.init()
        if pygame.display.get_driver() in INVISIBLE and not invisible:
            pygame.display.quit()
            raise pygame.error("SDL found no screen")
        surface = pygame.display.set_mode(size, pygame.RESIZABLE)
    except pygame.error as error:
        raise NoDisplay(f"no display to open a window on ({error}); {otherwise}") from None
    pygame.display.set_caption(title)
    return surface


class Live:
    """Pictures of one world of a simulator as it stands, for ``render_mode="rgb_array"``."""

    def __init__(self, simulator: Simulator, w: int = 0, size: tuple[int, int] = SIZE) -> None:
        self._simulator, self._w = simulator, w
        self._painter, self._surface = Painter(simulator.road), pygame.Surface(size, 0, 32)

    def draw(self, surface: pygame.Surface, action: object = None) -> None:
        """Fill ``surface``. ``action``: what the agent has just done, for the caption."""
        story, frame = live_story(self._simulator, self._w), live_frame(self._simulator, self._w, action)
        self._painter.draw(surface, story, frame)

    def picture(self, action: object = None) -> np.ndarray:
        """The picture, (H, W, 3) uint8, fresh."""
        self.draw(self._surface, action)
        return pixels(self._surface)


class LiveWindow(Live):
    """Shows one world of a simulator while it runs, for ``render_mode="human"``."""

    def __init__(self, simulator: Simulator, w: int = 0, size: tuple[int, int] = SIZE) -> None:
        super().__init__(simulator, w, size)
        self._size, self._clock = size, pygame.time.Clock()
        self._opened = self._closed = False

    def show(self, action: object = None) -> None:
        """Show the world as it stands, one decision per decision step; nothing if the window was closed.

        Raises:
            NoDisplay: there is no screen.
        """
        if self._closed:
            return
        surface = pygame.display.get_surface() if pygame.display.get_init() else None
        if surface is None:
            title = f"Kindergarten: {self._simulator.scenario.name}"
            surface = open_window(self._size, title, "use render_mode='rgb_array'", invisible=True)
            self._opened = True
        if any(event.type == pygame.QUIT for event in pygame.event.get()):
            self.close()
            return
        self.draw(surface, action)
        pygame.display.flip()
        self._clock.tick(1.0 / self._simulator.config.decision_step)

    def close(self) -> None:
        """Close the window. What the caller does goes on."""
        self._closed = True
        if self._opened and pygame.display.get_init():
            pygame.display.quit()


def render(
    simulator: Simulator, w: int = 0, action: object = None, size: tuple[int, int] = SIZE
) -> np.ndarray:
    """World ``w`` of ``simulator`` as a picture (H, W, 3) uint8. ``Live`` is faster for many of them."""
    return Live(simulator, w, size).picture(action)


def pixels(surface: pygame.Surface) -> np.ndarray:
    """A surface as (H, W, 3) uint8, fresh."""
    width, height = surface.get_size()
    return np.frombuffer(pygame.image.tobytes(surface, "RGB"), np.uint8).reshape(height, width, 3).copy()
