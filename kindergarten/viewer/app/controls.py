"""The keys that change how one looks, whatever it is that plays; and the card that names all keys."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache

import pygame

from kindergarten.viewer.draw.text import Typeface, label
from kindergarten.viewer.model.camera import ZOOM
from kindergarten.viewer.model.keys import Key
from kindergarten.viewer.model.palette import DARK, LIGHT
from kindergarten.viewer.model.view import SIZE, View

#: Keys that are named by what they write, wherever it lies on the keyboard, and with whatever held down; for pygame
#: their numbers are those of the letters.
WRITTEN = {letter: ord(letter) for letter in "+-?,.[]0123456789"}
SAME = {
    pygame.K_F1: pygame.K_QUESTION, pygame.K_KP_PLUS: pygame.K_PLUS, pygame.K_KP_MINUS: pygame.K_MINUS,
    **{getattr(pygame, f"K_KP{digit}"): ord(digit) for digit in "0123456789"},
}  # fmt: skip
MOUSE = (
    ("drag", "along the timeline: to any moment"),
    ("click", "on a road user: look at it from near"),
    ("wheel", "closer, further"),
)


@cache
def codes(key: Key) -> tuple[int, ...]:
    """The keys as pygame counts them."""
    return tuple(getattr(pygame, f"K_{name}") for name in key.keys)


def pressed(event: pygame.event.Event) -> int:
    """The key of a KEYDOWN, or the one that writes the same."""
    written = getattr(event, "unicode", "")
    key = int(event.key)
    return WRITTEN.get(written, SAME.get(key, key))


class Controls:
    """A view, and what the keyboard and the mouse wheel change about it."""

    def __init__(self, view: View | None = None) -> None:
        self.view = view or View()
        self.playing, self.help, self.message = True, False, ""
        self._letters, self._windowed = Typeface(), SIZE

    def obey(self, event: pygame.event.Event, keys: Sequence[Key]) -> bool:
        """Do what an event asks for. Returns False if that was to quit."""
        if event.type == pygame.MOUSEWHEEL:
            self._zoom(ZOOM[0] ** event.y)
        if event.type != pygame.KEYDOWN:
            return event.type != pygame.QUIT
        key = pressed(event)
        if key in (pygame.K_q, pygame.K_ESCAPE):
            closes_help, self.help = self.help and key == pygame.K_ESCAPE, False
            return closes_help
        self.message = ""
        for entry in keys:
            if key in codes(entry):
                self._do(entry.does, codes(entry).index(key))
        return True

    def _do(self, what: str, place: int) -> None:
        """Call the method of that name, or switch that part of the view."""
        method = getattr(self, f"key_{what}", None)
        if method is not None:
            method(place)
        else:
            self.view = replace(self.view, **{what: not getattr(self.view, what)})

    def draw_help(self, surface: pygame.Surface, keys: Sequence[Key]) -> None:
        """All keys on a card in the middle, if they were asked for."""
        if not self.help:
            return
        width, height = surface.get_size()
        letters = self._letters
        letters.theme, letters.unit = DARK if self.view.dark else LIGHT, min(width / SIZE[0], height / SIZE[1])
        unit, theme = letters.unit, letters.theme
        rows = [*((key.shown, key.words) for key in keys), *MOUSE]
        half = -(-len(rows) // 2)
        columns = rows[:half], rows[half:]
        card = pygame.Rect(0, 0, round(940 * unit), round((84 + 30 * max(map(len, columns))) * unit))
        card.center = surface.get_rect().center
        veil = pygame.Surface(surface.get_size(), pygame.SRCALPHA)
        veil.fill((20, 22, 26, 130))
        surface.blit(veil, (0, 0))
        label(surface, theme.paper, card, 12 * unit)
        letters.write(surface, "Keys", (card.left + 30 * unit, card.top + 36 * unit), 30)
        words = "press ? to close"
        letters.write(surface, words, (card.right - 30 * unit, card.top + 36 * unit), 18, theme.faded, 1.0)
        for k, column in enumerate(columns):
            x = card.left + (30 + 460 * k) * unit
            for row, (shown, does) in enumerate(column):
                y = card.top + (80 + 30 * row) * unit
                letters.write(surface, shown, (x, y), 19, theme.heading)
                letters.write(surface, does, (x + 126 * unit, y), 19, most=320 * unit)

    def _zoom(self, factor: float) -> None:
        self.view = replace(self.view, zoom=min(max(self.view.zoom * factor, ZOOM[1]), ZOOM[2]))

    def key_zoom(self, place: int) -> None:
        """Closer, further, or as at first."""
        if place == 2:
            self.view = replace(self.view, zoom=1.0)
        else:
            self._zoom(1 / ZOOM[0] if place else ZOOM[0])

    def key_help(self, place: int) -> None:
        """Show the keys or hide them."""
        self.help = not self.help

    def key_fullscreen(self, place: int) -> None:
        """The whole screen, or a window."""
        surface = pygame.display.get_surface() if pygame.display.get_init() else None
        if surface is None:
            return
        if surface.get_flags() & pygame.FULLSCREEN:
            pygame.display.set_mode(self._windowed, pygame.RESIZABLE)
        else:  # pygame's own toggle keeps the size, and may open a second window in a corner
            self._windowed = surface.get_size()
            pygame.display.set_mode((0, 0), pygame.FULLSCREEN)

    def key_quit(self, place: int) -> None:
        """Nothing: who plays sees to it."""
