"""The window that plays a replay."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

import pygame

from kindergarten.replay.replay import Replay
from kindergarten.viewer.app.controls import Controls
from kindergarten.viewer.app.game import Game
from kindergarten.viewer.app.gamepad import Gamepad
from kindergarten.viewer.app.player import Player
from kindergarten.viewer.draw.text import Typeface, card
from kindergarten.viewer.model.keys import LOOK
from kindergarten.viewer.model.palette import DARK, LIGHT
from kindergarten.viewer.model.view import SIZE, View, unit_of

FRAMES_PER_SECOND = 60
LOOK_FOR = 1.0  # [s] between two looks for something newer
INVISIBLE = ("offscreen", "dummy")  # what SDL takes without a word if there is no screen


class NoDisplay(OSError):
    """There is no screen to open a window on; the message says what to do instead."""


def watch(
    replay: Replay | None, episode: int = 0, view: View | None = None, beside: Replay | None = None,
    twins: bool = False, guess: bool = False, fresh: Callable[[], Replay | None] | None = None, awaited: str = "",
) -> None:  # fmt: skip
    """Play a replay in a window until it is closed. The caller's process goes on.

    Args:
        replay: None to wait for the first that ``fresh`` returns.
        beside: another one, to be shown beside it.
        twins: show each episode's twin beside it.
        guess: ask what road user 1 will do; about one episode, without its twin.
        awaited: what ``fresh`` waits for, in words.
        fresh: called once a second; returns a newer replay to go on with, or None.

    Raises:
        NoDisplay: there is no screen.
    """
    opened = not pygame.display.get_init()
    open_window(SIZE, "Kindergarten", "write a video instead: --headless --video FILE")
    try:
        pygame.key.set_repeat(350, 50)
        player = None if replay is None else Player(replay, episode, view, beside)
        if player is not None and twins:
            player.key_twins(0)
        if player is not None and guess:
            player.key_guess(0)
        _play(player, view, fresh, awaited)
    finally:
        if opened:
            pygame.display.quit()  # never pygame.quit(): others may be using the rest of it


def play(game: Game) -> None:
    """Drive oneself, in a window, until the last episode is over or the window is closed.

    Raises:
        NoDisplay: there is no screen.
    """
    opened = not pygame.display.get_init()
    open_window(SIZE, "Kindergarten: you drive", "playing needs a screen and a keyboard", invisible=True)
    try:
        clock, pad = pygame.time.Clock(), Gamepad()
        game.introduce()
        while not game.done:
            surface = pygame.display.get_surface()
            if surface is None or not all([game.handle(event) for event in pad.keys(pygame.event.get())]):
                return
            game.advance(clock.tick(FRAMES_PER_SECOND) / 1000.0)
            game.draw(surface)
            pygame.display.flip()
    finally:
        if opened:
            pygame.display.quit()


def _play(player: Player | None, view: View | None, fresh: Callable[[], Replay | None] | None, awaited: str) -> None:
    """Show ``player``, or that there is nothing yet, until the window is closed."""
    clock, waiting, unasked, drawn = pygame.time.Clock(), Controls(view), LOOK_FOR, False
    while True:
        surface, events = pygame.display.get_surface(), pygame.event.get()
        who = player or waiting
        if surface is None or not all([_handle(who, event, surface) for event in events]):
            return
        seconds = clock.tick(FRAMES_PER_SECOND) / 1000.0
        unasked += seconds
        if fresh is not None and unasked >= LOOK_FOR:
            unasked, newer = 0.0, fresh()
            if newer is not None:
                player, drawn = _newer(player, newer, view), False
        if player is None:
            _say(surface, awaited, waiting.view)
        elif player.playing or events or not drawn:
            player.advance(seconds)
            player.draw(surface)
            drawn = True
        pygame.display.flip()


def _handle(who: Player | Controls, event: pygame.event.Event, surface: pygame.Surface) -> bool:
    return who.handle(event, surface) if isinstance(who, Player) else who.obey(event, LOOK)


def _newer(player: Player | None, replay: Replay, view: View | None) -> Player:
    """A player of ``replay``: the one there is, if it plays already."""
    pygame.display.set_caption(f"Kindergarten: {replay.scenario}")
    if player is None:
        return Player(replay, 0, view)
    player.load(replay)
    return player


def _say(surface: pygame.Surface, words: str, view: View) -> None:
    theme = DARK if view.dark else LIGHT
    surface.fill(theme.paper)
    letters = Typeface(unit_of(surface.get_size()), theme)
    middle = surface.get_height() / 2 / letters.unit - 24
    card(letters, words, surface.get_width(), 24, middle).draw(surface, letters, "ink")


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
