"""The keys that change how one looks, whatever it is that plays; and the card that names all keys."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import pygame

from kindergarten.viewer.draw.text import Typeface, label
from kindergarten.viewer.model.palette import DARK, LIGHT
from kindergarten.viewer.model.view import SIZE, View

ZOOM_STEP, MIN_ZOOM, MAX_ZOOM = 1.15, 0.4, 4.0  # by one notch; the limits
#: Keys that are named by what they write, wherever it lies on the keyboard.
WRITTEN = {"+": pygame.K_PLUS, "-": pygame.K_MINUS, "?": pygame.K_QUESTION, ",": pygame.K_COMMA, ".": pygame.K_PERIOD}
SAME = {pygame.K_F1: pygame.K_QUESTION, pygame.K_KP_PLUS: pygame.K_PLUS, pygame.K_KP_MINUS: pygame.K_MINUS}
MOUSE = (
    ("drag", "along the timeline: to any moment"),
    ("click", "on a road user: look at it from near"),
    ("wheel", "closer, further"),
)


class Key(NamedTuple):
    """Keys that do something. ``does`` is called with whom they control and the key."""

    keys: tuple[int, ...]
    shown: str
    words: str
    does: Callable[[Any, int], None]


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
        self._letters = Typeface()

    def obey(self, event: pygame.event.Event, keys: Sequence[Key]) -> bool:
        """Do what an event asks for. Returns False if that was to quit."""
        if event.type == pygame.MOUSEWHEEL:
            self._zoom(ZOOM_STEP**event.y)
        if event.type != pygame.KEYDOWN:
            return event.type != pygame.QUIT
        key = pressed(event)
        if key in (pygame.K_q, pygame.K_ESCAPE):
            closes_help, self.help = self.help and key == pygame.K_ESCAPE, False
            return closes_help
        self.message = ""
        for entry in keys:
            if key in entry.keys:
                entry.does(self, key)
        return True

    def draw_help(self, surface: pygame.Surface, keys: Sequence[Key]) -> None:
        """All keys on a card in the middle, if they were asked for."""
        if not self.help:
            return
        width, height = surface.get_size()
        letters = self._letters
        letters.theme, letters.unit = DARK if self.view.dark else LIGHT, min(width / SIZE[0], height / SIZE[1])
        unit, theme = letters.unit, letters.theme
        rows = [(key.shown, key.words) for key in keys]
        half = -(-len(rows) // 2)
        columns = rows[:half], [*rows[half:], *MOUSE]
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
        self.view = replace(self.view, zoom=min(max(self.view.zoom * factor, MIN_ZOOM), MAX_ZOOM))

    def key_zoom(self, key: int) -> None:
        """Closer, further, or as at first."""
        if key == pygame.K_0:
            self.view = replace(self.view, zoom=1.0)
        else:
            self._zoom(ZOOM_STEP if key == pygame.K_PLUS else 1 / ZOOM_STEP)

    def key_help(self, key: int) -> None:
        """Show the keys or hide them."""
        self.help = not self.help

    def key_quit(self, key: int) -> None:
        """Nothing: who plays sees to it."""


def switch(name: str) -> Callable[[Controls, int], None]:
    """What turns one part of a view on and off."""

    def does(controls: Controls, key: int) -> None:
        controls.view = replace(controls.view, **{name: not getattr(controls.view, name)})

    return does


LOOK: tuple[Key, ...] = (
    Key((pygame.K_c,), "c", "camera: with the car, above the junction", switch("follow")),
    Key((pygame.K_PLUS, pygame.K_MINUS, pygame.K_0), "+, -, 0", "closer, further, as at first", Controls.key_zoom),
    Key((pygame.K_h,), "h", "what will happen, which nobody can see", switch("reveal")),
    Key((pygame.K_b,), "b", "what the car believes", switch("beliefs")),
    Key((pygame.K_a,), "a", "whom it attends to", switch("attention")),
    Key((pygame.K_m,), "m", "what its memory holds", switch("memory")),
    Key((pygame.K_v,), "v", "its actions and what it expects", switch("policy")),
    Key((pygame.K_r,), "r", "the reward, term by term", switch("reward")),
    Key((pygame.K_o,), "o", "a road user from near", switch("close_up")),
    Key((pygame.K_i,), "i", "the timeline", switch("timeline")),
    Key((pygame.K_TAB,), "tab", "the street alone", switch("panels")),
    Key((pygame.K_d,), "d", "dark, light", switch("dark")),
    Key((pygame.K_QUESTION,), "?", "this help", Controls.key_help),
    Key((pygame.K_q, pygame.K_ESCAPE), "q", "quit", Controls.key_quit),
)
