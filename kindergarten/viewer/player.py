"""What plays, and what keys and the mouse do to it. Knows nothing of windows, so tests can play it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pygame

from kindergarten.replay import Replay
from kindergarten.viewer import palette
from kindergarten.viewer.frame import decision_times, frame_at, story_of
from kindergarten.viewer.painter import Painter, View
from kindergarten.viewer.text import Typeface

SPEEDS = (0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
HELP = (
    ("space", "play, pause"),
    ("left, right", "one decision back, on"),
    ("up, down", "faster, slower"),
    ("home, end", "to the beginning, to the end"),
    ("n, p", "next, previous episode"),
    ("mouse", "drag along the timeline, wheel to zoom"),
    ("c", "camera: with the car, above the junction"),
    ("h", "hide or show what will happen: guess first!"),
    ("b", "hide or show what the car believes"),
    ("tab", "the street alone"),
    ("0", "zoom as at first"),
    ("?", "this help"),
    ("q", "quit"),
)


class Player:
    """A replay, a play head, and how to look at it."""

    def __init__(self, replay: Replay, episode: int = 0, view: View | None = None) -> None:
        self.replay, self.view = replay, view or View()
        self.playing, self.help, self.speed = True, False, 1.0
        self._painter = Painter(replay.road)
        self._dragging = False
        self.open(episode)

    def open(self, episode: int) -> None:
        """Go to the beginning of an episode; counts around."""
        self.episode = episode % len(self.replay.episodes)
        self.story = story_of(self.replay, self.episode)
        self._times = decision_times(self.replay, self.episode)
        self.time = float(self._times[0])

    def advance(self, seconds: float) -> None:
        """Let ``seconds`` of the watcher's time go by."""
        if self.playing and not self._dragging:
            self.time = min(self.time + seconds * self.speed, self.story.duration)
            self.playing = self.time < self.story.duration

    def draw(self, surface: pygame.Surface) -> None:
        """Fill ``surface`` with the moment at the play head."""
        frame = frame_at(self.replay, self.episode, self.time)
        status = f"{'playing' if self.playing else 'paused'}, {self.speed:g} x speed.  Press ? for help"
        self._painter.draw(surface, self.story, frame, self.view, status)
        if self.help:
            _draw_help(surface)

    def handle(self, event: pygame.event.Event, surface: pygame.Surface) -> bool:
        """Do what a key or the mouse asks for. Returns False if that was to quit."""
        if event.type == pygame.QUIT:
            return False
        if event.type == pygame.KEYDOWN:
            return self._key(event)
        if event.type == pygame.MOUSEWHEEL:
            self._zoom(1.15**event.y)
        elif event.type == pygame.MOUSEBUTTONDOWN and event.button == 1:
            timeline = self._painter.timeline(surface, self.story, self.view)
            self._dragging = timeline is not None and bool(timeline.area.collidepoint(event.pos))
        elif event.type == pygame.MOUSEBUTTONUP and event.button == 1:
            self._dragging = False
        if self._dragging and event.type in (pygame.MOUSEBUTTONDOWN, pygame.MOUSEMOTION):
            timeline = self._painter.timeline(surface, self.story, self.view)
            if timeline is not None:
                self.time = max(timeline.time_at(event.pos[0]), float(self._times[0]))
        return True

    def _key(self, event: pygame.event.Event) -> bool:
        key = event.key
        if key in (pygame.K_q, pygame.K_ESCAPE):
            closes_help = self.help and key == pygame.K_ESCAPE
            self.help = False
            return closes_help
        if key == pygame.K_SPACE:
            self.time = self.time if self.time < self.story.duration else float(self._times[0])
            self.playing = not self.playing
        elif key in (pygame.K_LEFT, pygame.K_RIGHT):
            self._step(1 if key == pygame.K_RIGHT else -1)
        elif key in (pygame.K_UP, pygame.K_DOWN):
            at = SPEEDS.index(self.speed) + (1 if key == pygame.K_UP else -1)
            self.speed = SPEEDS[min(max(at, 0), len(SPEEDS) - 1)]
        elif key in (pygame.K_HOME, pygame.K_END):
            self.time = float(self._times[0 if key == pygame.K_HOME else -1])
        elif key in (pygame.K_n, pygame.K_p, pygame.K_PAGEDOWN, pygame.K_PAGEUP):
            self.open(self.episode + (1 if key in (pygame.K_n, pygame.K_PAGEDOWN) else -1))
            self.playing = True
        elif key == pygame.K_c:
            self.view = replace(self.view, follow=not self.view.follow)
        elif key == pygame.K_h:
            self.view = replace(self.view, reveal=not self.view.reveal)
        elif key == pygame.K_b:
            self.view = replace(self.view, beliefs=not self.view.beliefs)
        elif key == pygame.K_TAB:
            self.view = replace(self.view, panels=not self.view.panels)
        elif key == pygame.K_0:
            self.view = replace(self.view, zoom=1.0)
        elif key == pygame.K_F1 or event.unicode == "?":
            self.help = not self.help
        elif event.unicode in ("+", "-"):
            self._zoom(1.15 if event.unicode == "+" else 1 / 1.15)
        return True

    def _step(self, direction: int) -> None:
        """To the next decision, or to the last one before this moment."""
        self.playing = False
        if direction > 0:
            later = self._times[self._times > self.time + 1e-6]
            self.time = float(later[0]) if later.size else self.time
        else:
            earlier = self._times[self._times < self.time - 1e-6]
            self.time = float(earlier[-1]) if earlier.size else self.time

    def _zoom(self, factor: float) -> None:
        self.view = replace(self.view, zoom=float(np.clip(self.view.zoom * factor, 0.4, 4.0)))


def _draw_help(surface: pygame.Surface) -> None:
    """All keys on a card in the middle."""
    width, height = surface.get_size()
    typeface = Typeface(max(min(width / 1280, height / 720), 0.5))
    unit = typeface.unit
    card = pygame.Rect(0, 0, round(520 * unit), round((64 + 30 * len(HELP)) * unit))
    card.center = surface.get_rect().center
    veil = pygame.Surface(surface.get_size(), pygame.SRCALPHA)
    veil.fill((*palette.INK, 90))
    surface.blit(veil, (0, 0))
    pygame.draw.rect(surface, palette.PAPER, card, border_radius=round(12 * unit))
    typeface.write(surface, "Keys", (card.left + 28 * unit, card.top + 32 * unit), 28)
    for row, (keys, does) in enumerate(HELP):
        y = card.top + (70 + 30 * row) * unit
        typeface.write(surface, keys, (card.left + 28 * unit, y), 20, palette.EGO)
        typeface.write(surface, does, (card.left + 160 * unit, y), 20)
