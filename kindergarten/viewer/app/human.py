"""The window of ``kindergarten watch`` on a simulator while it runs: ``render_mode="human"``."""

from __future__ import annotations

import pygame

from kindergarten.viewer.app.controls import Controls
from kindergarten.viewer.app.live import draw
from kindergarten.viewer.app.window import open_window
from kindergarten.viewer.model.keys import LIVE
from kindergarten.viewer.model.view import SIZE, Hud, View
from kindergarten.world.simulator import Simulator


class LiveControls(Controls):
    """The keys of a window that shows what is happening now."""

    def __init__(self) -> None:
        super().__init__(View(reveal=False, ghosts=False))

    def key_play(self, place: int) -> None:
        """Go on, or hold the caller up."""
        self.playing = not self.playing


class LiveWindow:
    """Shows a simulator while it runs, for ``render_mode="human"``: the window of ``kindergarten watch``, live.

    Opens when there is something to show. While it is paused the caller waits.
    """

    def __init__(self, size: tuple[int, int] = SIZE) -> None:
        self._size, self._clock, self._controls = size, pygame.time.Clock(), LiveControls()
        self._opened = self._closed = False

    def show(self, simulator: Simulator, w: int = 0, action: object = None) -> None:
        """Show world ``w`` as it stands, in real time; nothing any more once the window was closed.

        Raises:
            NoDisplay: there is no screen.
        """
        while not self._closed:
            surface = pygame.display.get_surface() if pygame.display.get_init() else None
            if surface is None:
                title = f"Kindergarten: {simulator.scenario.name}"
                surface = open_window(self._size, title, "set DISPLAY, or use render_mode='rgb_array'", invisible=True)
                self._opened = True
            if not all([self._controls.obey(event, LIVE) for event in pygame.event.get()]):
                self.close()
                return
            status = "live,  ? for help" if self._controls.playing else "paused,  space to go on"
            draw(surface, simulator, w, action, self._controls.view, Hud(status))
            self._controls.draw_help(surface, LIVE)
            pygame.display.flip()
            self._clock.tick(1.0 / simulator.config.decision_step)
            if self._controls.playing:
                return

    def close(self) -> None:
        """Close the window. What the caller does goes on."""
        self._closed = True
        if self._opened and pygame.display.get_init():
            pygame.display.quit()  # never pygame.quit(): others may be using the rest of it
