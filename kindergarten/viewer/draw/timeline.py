"""Who does what when, on a line that can be dragged along."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pygame

from kindergarten.viewer.draw.text import Typeface, dot, label
from kindergarten.viewer.model.frame import Frame
from kindergarten.viewer.model.palette import Colour
from kindergarten.viewer.model.story import Story
from kindergarten.viewer.model.view import Hud, View, tones
from kindergarten.viewer.model.words import band_words, end_tone, end_words, signal_labels
from kindergarten.world.codes import End, Phase

MARGIN = 26  # points left and right of the track
TRACK, LANE, GAP = 22, 4, 2  # points: the height of the first lane and of the others, and what is between them
MOST_LANES = 8
HANDS_ON = "hands on: the agent drives"


def lanes_of(story: Story, focus: int) -> list[int]:
    """The road users that get a thin lane: all but the ego and the one in focus."""
    return [i for i in range(1, len(story.roles)) if i != focus][:MOST_LANES]


def height_of(story: Story, view: View) -> int:
    """How tall a timeline is, in points."""
    lanes = len(lanes_of(story, story.watched(view.focus, story.start)))
    return 118 + lanes * (LANE + GAP)


class Axis:
    """Where the times of a story lie on ``track`` [px]."""

    def __init__(self, track: pygame.Rect, duration: float) -> None:
        self.track, self.duration = track, duration

    def x_of(self, time: float) -> float:
        """Where ``time`` [s] stands [px]."""
        share = time / max(self.duration, 1e-9)
        return self.track.left + min(max(share, 0.0), 1.0) * self.track.width

    def time_at(self, x: float) -> float:
        """Which time [s] stands at ``x`` [px]."""
        share = (x - self.track.left) / max(self.track.width, 1)
        return min(max(share, 0.0), 1.0) * self.duration


class Timeline:
    """The line of one story, laid out in ``area`` [px]."""

    def __init__(self, area: pygame.Rect, story: Story, typeface: Typeface, focus: int = 1) -> None:
        self.area, self._story, self._typeface, self._focus = area, story, typeface, focus
        self.axis = Axis(track_in(area, 34, typeface.unit), story.duration)
        self._bottom = self.axis.track.bottom

    def draw(self, surface: pygame.Surface, frame: Frame, view: View, hud: Hud) -> None:
        """Draw it."""
        theme, unit, story = self._typeface.theme, self._typeface.unit, self._story
        surface.fill(theme.paper, self.area)
        pygame.draw.line(surface, theme.rule, self.area.topleft, (self.area.right, self.area.top))
        track = self.axis.track
        role = story.role(self._focus, frame.time)
        labels = signal_labels(role, view.reveal, story.lanes)
        times, known = (role.t1, role.t2, role.t3), self._known(frame)
        draw_role(surface, self.axis, track, story, self._focus, self._typeface, view.reveal, known, frame.time)
        marks = [(times[k], f"t{k + 1} {labels[k]}".strip(), f"t{k + 1}") for k in range(3) if times[k] <= known]
        draw_marks(surface, self.axis, self.area, marks, (track.top, -5, -13), self._typeface)
        self._bottom = track.bottom
        lanes = lanes_of(story, self._focus)
        for i in lanes:
            box = self._lane()
            draw_role(surface, self.axis, box, story, i, self._typeface, view.reveal, known, frame.time)
            if story.met == i and not story.live:
                dot(surface, theme.alarm, (box.right, box.centery), 4.5 * unit)
        if lanes:
            words = str(lanes[0]) if len(lanes) == 1 else f"{lanes[0]}..{lanes[-1]}"
            middle = (track.bottom + self._bottom) / 2 + unit
            self._typeface.write(surface, words, (track.left - 3 * unit, middle), 14, theme.faded, 1.0)
        self._ego(surface, self._known(frame))
        if story.end is End.COLLISION and story.duration <= known:
            x = round(self.axis.x_of(story.duration))
            surface.fill(theme.alarm, (x - round(2 * unit), track.top, round(4 * unit), self._bottom - track.top))
        draw_bookmarks(surface, self.axis, hud.marks, track.bottom, self._typeface)
        draw_play_head(surface, self.axis, frame.time, self._bottom, self._typeface)
        clock = f"{frame.time:.1f} s" if story.live else f"{frame.time:.1f} of {story.duration:.1f} s"
        y = self.area.bottom - 12 * unit
        self._typeface.write(surface, clock, (track.left, y), 19)
        self._typeface.write(surface, hud.status, (track.right, y), 17, theme.faded, 1.0)

    def _lane(self) -> pygame.Rect:
        """Room for one more lane below the last one."""
        unit, track = self._typeface.unit, self.axis.track
        box = pygame.Rect(track.left, self._bottom + round(GAP * unit), track.width, max(round(LANE * unit), 2))
        self._bottom = box.bottom
        return box

    def _known(self, frame: Frame) -> float:
        """Until when [s] it is known what happens."""
        return frame.time if self._story.live else self._story.duration

    def _ego(self, surface: pygame.Surface, known: float) -> None:
        """The ego's lane: when the agent drives, and how it ends."""
        theme, unit, story = self._typeface.theme, self._typeface.unit, self._story
        box = self._lane()
        surface.fill(theme.card, box)
        below = []
        for begin, end in story.driven:
            left, right = (round(self.axis.x_of(time)) for time in (begin, min(end, known)))
            surface.fill(theme.ego, (left, box.top, max(right - left, 0), box.height))
            below += [(begin, HANDS_ON, HANDS_ON)] if begin <= min(end, known) else []
        if not story.live and story.end is not End.RUNNING:
            below.append((story.duration, end_words(story), end_words(story)))
            dot(surface, getattr(theme, end_tone(story.end)), (box.right, box.centery), 4.5 * unit)
        draw_marks(surface, self.axis, self.area, below, (box.bottom, 5, 16), self._typeface)


def track_in(area: pygame.Rect, top: float, unit: float) -> pygame.Rect:
    """The first lane of a timeline in ``area`` [px], ``top`` points below its upper edge."""
    left, width = round(area.left + MARGIN * unit), round(area.width - 2 * MARGIN * unit)
    return pygame.Rect(left, round(area.top + top * unit), width, round(TRACK * unit))


def draw_marks(
    surface: pygame.Surface, axis: Axis, area: pygame.Rect, marks: Sequence[tuple[float, str, str]],
    place: tuple[float, float, float], typeface: Typeface,
) -> None:  # fmt: skip
    """Words at their times [s], moved aside where they would cover each other; short ones where there is no room.

    Args:
        marks: when, the words, and the short ones.
        place: where [px] their ticks begin, how long those are, and how far from there the words stand [points].
    """
    unit, ink, (start, tick, away) = typeface.unit, typeface.theme.ink, place
    texts = [words for _, words, _ in marks]
    if sum(typeface.width(text, 17) for text in texts) > 0.9 * area.width:
        texts = [short for _, _, short in marks]
    at, widths = [axis.x_of(time) for time, _, _ in marks], [typeface.width(text, 17) for text in texts]
    borders = area.left + 8 * unit, area.right - 8 * unit
    for text, x, left in zip(texts, at, apart(at, widths, borders, 14 * unit), strict=True):
        pygame.draw.line(surface, ink, (x, start), (x, start + tick * unit), max(round(2 * unit), 1))
        typeface.write(surface, text, (left, start + away * unit), 17, ink)


def draw_role(
    surface: pygame.Surface, axis: Axis, box: pygame.Rect, story: Story, i: int, typeface: Typeface, reveal: bool,
    known: float = math.inf, time: float = -math.inf,
) -> None:  # fmt: skip
    """Road user ``i`` as a lane in ``box`` along ``axis``: coloured by phase, named where there is room.

    Args:
        known: until when [s] there is anything to tell.
        time: [s] where the play head stands, which covers no word.
    """
    surface.fill(typeface.theme.card, box)
    tall = box.height > 12 * typeface.unit
    for role in story.roles[min(i, len(story.roles) - 1)]:
        start, stop = max(role.start, story.start), min(role.stop, story.duration, known)
        borders = (start, role.t1, role.t2, role.t3, math.inf)
        for phase, begin, until in zip(Phase, borders[:-1], borders[1:], strict=True):
            begin, until = max(begin, start), min(until, stop)
            left, right = round(axis.x_of(begin)), round(axis.x_of(until))
            if right <= left or until <= begin:
                continue
            piece = pygame.Rect(left, box.top, right - left, box.height)
            ground, ink = tones(typeface.theme, phase)
            surface.fill(ground if role.choice or role.shows or tall else typeface.theme.rule, piece)
            if tall:
                words = band_words(role, phase, reveal)
                write_beside(surface, words, piece, axis.x_of(time), typeface, 16, ink)


def write_beside(
    surface: pygame.Surface, words: Sequence[str], piece: pygame.Rect, head: float, typeface: Typeface, points: float,
    ink: Colour,
) -> None:  # fmt: skip
    """The longest of ``words`` that fits into ``piece``, on the wider side of the play head at ``head`` [px]."""
    gap = 8 * typeface.unit
    spans = [(piece.left, piece.right)]
    if piece.left - gap < head < piece.right + gap:
        spans = [(piece.left, head - gap), (head + gap, piece.right)]
    left, right = max(spans, key=lambda span: span[1] - span[0])
    for word in words:
        half = typeface.width(word, points) / 2 + 6 * typeface.unit
        if 2 * half <= right - left:
            x = min(max(piece.centerx, left + half), right - half)
            typeface.write(surface, word, (x, piece.centery), points, ink, 0.5)
            return


def draw_bookmarks(
    surface: pygame.Surface, axis: Axis, marks: tuple[float | None, float | None], bottom: float, typeface: Typeface
) -> None:
    """The bookmarks A and B [s], as flags on the track, whose poles reach down to ``bottom`` [px]."""
    unit, theme, top = typeface.unit, typeface.theme, axis.track.top
    for name, time in zip("AB", marks, strict=True):
        if time is not None:
            flag = pygame.Rect(round(axis.x_of(time)), top, round(14 * unit), round(14 * unit))
            surface.fill(theme.ink, (flag.left, top, max(round(unit), 1), bottom - top))
            surface.fill(theme.ink, flag)
            typeface.write(surface, name, flag.center, 15, theme.paper, 0.5)


def draw_play_head(surface: pygame.Surface, axis: Axis, time: float, bottom: float, typeface: Typeface) -> None:
    """The present, from the track down to ``bottom`` [px]."""
    theme, unit, x = typeface.theme, typeface.unit, axis.x_of(time)
    top = axis.track.top - round(4 * unit)
    line = pygame.Rect(0, top, 0, round(bottom + 2 * unit) - top)
    for colour, width in ((theme.paper, 6 * unit), (theme.ink, 3 * unit)):
        surface.fill(colour, (round(x - width / 2), line.top, max(round(width), 2), line.height))
    handle = pygame.Rect(round(x - 7 * unit), line.bottom - round(4 * unit), round(14 * unit), round(10 * unit))
    label(surface, theme.ink, handle, 3 * unit)


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
