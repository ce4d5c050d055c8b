"""The three times on a line that can be dragged along."""

from __future__ import annotations

import pygame

from kindergarten.codes import End, Intent
from kindergarten.viewer import palette
from kindergarten.viewer.frame import Frame, Story
from kindergarten.viewer.palette import Colour
from kindergarten.viewer.text import Typeface, label

MARGIN = 26  # points left and right of the track
LONG_CUE = ("the cue: it shows", "the cue: it would show a turn")
LONG_DELAY = ("the delay: nothing shows, only memory knows", "delay: nothing shows")


class Timeline:
    """The line of one story, laid out in ``area`` [px]."""

    def __init__(self, area: pygame.Rect, story: Story, typeface: Typeface) -> None:
        self.area, self._story, self._typeface = area, story, typeface
        unit = typeface.unit
        self.track = pygame.Rect(
            round(area.left + MARGIN * unit), round(area.top + 52 * unit),
            round(area.width - 2 * MARGIN * unit), round(22 * unit),
        )  # fmt: skip

    def x_of(self, time: float) -> float:
        """Where ``time`` [s] stands [px]."""
        share = time / max(self._story.duration, 1e-9)
        return self.track.left + min(max(share, 0.0), 1.0) * self.track.width

    def time_at(self, x: float) -> float:
        """Which time [s] stands at ``x`` [px]."""
        share = (x - self.track.left) / max(self.track.width, 1)
        return min(max(share, 0.0), 1.0) * self._story.duration

    def draw(self, surface: pygame.Surface, frame: Frame, reveal: bool, status: str) -> None:
        """Draw it.

        Args:
            reveal: whether the labels may tell what the signaller is up to.
            status: a few words about the player, to be shown at the right.
        """
        pygame.draw.rect(surface, palette.PAPER, self.area)
        pygame.draw.line(surface, palette.RULE, self.area.topleft, (self.area.right, self.area.top))
        story, unit = self._story, self._typeface.unit
        self._blocks(surface, reveal and not shows(story))
        labels = signal_labels(story, reveal)
        times = (story.t1, story.t2, story.t3)
        marks = [(f"t{k + 1}", labels[k], times[k]) for k in range(3) if times[k] <= story.duration]
        self._marks(surface, marks, self.track.top - 14 * unit, -1)
        below = [("", "hands on: the agent drives", story.hands_on)]
        if story.live:
            below = below if story.hands_on <= story.duration else []
        elif story.end is not End.RUNNING:
            below.append(("", story.end.name.lower().replace("_", " "), story.duration))
        self._marks(surface, below, self.track.bottom + 19 * unit, 1)
        self._play_head(surface, self.x_of(frame.time))
        clock = f"{frame.time:.1f} s" if story.live else f"{frame.time:.1f} of {story.duration:.1f} s"
        y = self.area.bottom - 14 * unit
        self._typeface.write(surface, clock, (self.track.left, y), 19)
        self._typeface.write(surface, status, (self.track.right, y), 17, palette.FADED, 1.0)

    def _play_head(self, surface: pygame.Surface, x: float) -> None:
        unit, line = self._typeface.unit, self.track.inflate(0, round(8 * self._typeface.unit))
        for colour, width in ((palette.PAPER, 6 * unit), (palette.INK, 3 * unit)):
            surface.fill(colour, (round(x - width / 2), line.top, max(round(width), 2), line.height))
        handle = pygame.Rect(round(x - 7 * unit), line.bottom - round(4 * unit), round(14 * unit), round(10 * unit))
        label(surface, palette.INK, handle, 3 * unit)

    def _blocks(self, surface: pygame.Surface, silent: bool) -> None:
        """The track, coloured by phase and named where there is room. ``silent``: nothing is signalled."""
        story, unit = self._story, self._typeface.unit
        pieces: list[tuple[float, float, Colour, tuple[str, ...]]] = [
            (0.0, story.t1, palette.WAITING, ("before",)),
            (story.t1, story.t2, palette.SIGNAL, (LONG_CUE[silent], "cue")),
            (story.t2, story.t3, palette.MEMORY, (*LONG_DELAY, "delay")),
            (story.t3, story.duration, palette.PLAIN, ("after: it moves", "after")),
        ]  # fmt: skip
        for start, stop, colour, words in pieces:
            left, right = round(self.x_of(start)), round(self.x_of(stop))
            if right <= left:
                continue
            box = pygame.Rect(left, self.track.top, right - left, self.track.height)
            pygame.draw.rect(surface, colour, box)
            for word in words:
                if self._typeface.width(word, 16) < box.width - 12 * unit:
                    self._typeface.write(surface, word, box.center, 16, (255, 255, 255), 0.5)
                    break

    def _marks(self, surface: pygame.Surface, marks: list[tuple[str, str, float]], y: float, away: int) -> None:
        """Labels at their times, moved aside where they would cover each other."""
        unit = self._typeface.unit
        texts = [f"{name} {words}".strip() for name, words, _ in marks]
        at = [self.x_of(time) for _, _, time in marks]
        widths = [self._typeface.width(text, 17) for text in texts]
        borders = self.area.left + 8 * unit, self.area.right - 8 * unit
        start = self.track.top if away < 0 else self.track.bottom
        for text, x, left in zip(texts, at, apart(at, widths, borders, 14 * unit), strict=True):
            tick = (x, start), (x, start + away * 5 * unit)
            pygame.draw.line(surface, palette.INK, *tick, max(round(2 * unit), 1))
            self._typeface.write(surface, text, (left, y), 17, palette.INK)


def apart(at: list[float], widths: list[int], borders: tuple[float, float], gap: float) -> list[float]:
    """Left ends of labels that would like their middles at ``at`` (ascending), so that none covers another.

    All are within ``borders`` if there is room for them.
    """
    lefts, edge = [], borders[0]
    for k, (x, width) in enumerate(zip(at, widths, strict=True)):
        rest = sum(widths[k:]) + gap * (len(widths) - k - 1)  # what must still fit to the right
        lefts.append(max(min(x - width / 2, borders[1] - rest), edge))
        edge = lefts[-1] + width + gap
    return lefts


def signal_labels(story: Story, reveal: bool) -> tuple[str, str, str]:
    """What happens at t1, t2 and t3, in words."""
    if not reveal:
        return "signal on?", "signal off?", "turns?"
    moves = intent_words(story.intent)
    return ("signal on", "signal off", moves) if shows(story) else ("(no signal)", "(no signal)", moves)


def shows(story: Story) -> bool:
    """Whether the signaller signals: who goes straight on has nothing to show."""
    return story.signals and story.intent is not Intent.STRAIGHT


def intent_words(intent: Intent) -> str:
    """An intent as people say it."""
    return "goes straight on" if intent is Intent.STRAIGHT else f"turns {intent.name.lower()}"
