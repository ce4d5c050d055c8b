"""The window that plays a replay."""

from __future__ import annotations

import os
import sys

import pygame

from kindergarten.replay import Replay
from kindergarten.viewer.painter import SIZE, View
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
            events = pygame.event.get()
            if surface is None or not all(player.handle(event, surface) for event in events):
                return
            changes = player.playing or events
            player.advance(clock.tick(FRAMES_PER_SECOND) / 1000.0)
            if changes:
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
