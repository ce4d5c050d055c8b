"""Two episodes side by side: twins, or two agents in the same world."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pygame

from kindergarten.output import decimals
from kindergarten.viewer.draw.painter import STREET, Painter
from kindergarten.viewer.draw.panel import draw_belief, draw_chances
from kindergarten.viewer.draw.text import Card, card, label, rect
from kindergarten.viewer.draw.timeline import (
    Axis,
    draw_bookmarks,
    draw_marks,
    draw_play_head,
    draw_role,
    track_in,
    write_beside,
)
from kindergarten.viewer.model.frame import Frame, differences
from kindergarten.viewer.model.labels import Area, ends, steady
from kindergarten.viewer.model.palette import DARKNESS
from kindergarten.viewer.model.story import Story
from kindergarten.viewer.model.view import Hud, View, unit_of
from kindergarten.viewer.model.words import does_of, end_tone, end_words
from kindergarten.world.codes import Action, End

LEAST_WIDTH = 480  # [px] in a narrower picture there is room for the two streets alone
POLICY, MEMORY, TIMES = 84, 118, 152  # points
SEAM = 3  # points between the two
#: Where signs may stand in a street, the best first.
PLACES = "topleft", "topright", "midtop", "bottomleft", "bottomright", "midbottom"
Sign = tuple[pygame.Rect, tuple[str, list[tuple[str, int, str]]]]  # where; the ground's colour; words, points, colour


class Pair:
    """Draws two stories in step, and says where their pictures begin to differ."""

    def __init__(self, painters: Sequence[Painter], stories: Sequence[Story]) -> None:
        self._painters, self._stories = painters, stories
        self._typeface = painters[0].typeface
        a, b = (story.episode for story in stories)
        assert a is not None and b is not None
        self._differ = differences(a, b)
        self._times = max((story.times for story in stories), key=len)
        self.duration = max(story.duration for story in stories)
        self._parting = self._first_parting()

    def _first_parting(self) -> float | None:
        """When [s] the two egos first act differently, though nothing that they see then tells them to."""
        a, b = (story.episode for story in self._stories)
        assert a is not None and b is not None
        length = min(len(a.actions), len(b.actions))
        if a.actions.shape[1] != b.actions.shape[1]:
            return None
        begins = np.maximum(a.worlds["hands_on"][:length], b.worlds["hands_on"][:length])
        driven = a.worlds["tick"][:length] >= begins
        idle = Action.IDLE if a.actions.shape[1] == 1 else -9.0
        other = np.any(a.actions[:length] != b.actions[:length], axis=1) & driven
        other &= np.any((a.actions[:length] != idle) | (b.actions[:length] != idle), axis=1)
        return float(self._times[np.flatnonzero(other)[0]]) if other.any() else None

    def draw(self, surface: pygame.Surface, frames: Sequence[Frame], view: View, hud: Hud) -> None:
        """Fill ``surface``."""
        halves, times = self.halves(surface, view), self._bottom(surface, view)
        frames = [painter.visible(frame, view) for painter, frame in zip(self._painters, frames, strict=True)]
        unit, theme = self._typeface.unit, self._typeface.theme
        said = self._card(surface, halves, view, hud, frames[0].time) if hud.card else None
        for painter, story, frame, half in zip(self._painters, self._stories, frames, halves, strict=True):
            painter.typeface.unit = unit
            signs = self._signs(half, story, frame, view)
            boxes = [box for box, _ in signs] + ([rect(said.area)] if said else [])
            taken = [Area(b.left - half.left, b.top, b.right - half.left, b.bottom) for b in boxes]
            painter.street(surface.subsurface(half), story, frame, view, Hud(), taken)
            for box, (tone, lines) in signs:
                self._sign(surface, box, tone, lines)
            if times.height:
                self._thoughts(surface, painter, half, story, frame, view, times.top)
        seam = halves[0].right, 0, halves[1].left - halves[0].right, times.top if times.height else surface.get_height()
        surface.fill(theme.ink, seam)
        if said:
            said.draw(surface, self._typeface, hud.tone)
        if times.height:
            self._timeline(surface, times, frames, view, hud)

    def halves(self, surface: pygame.Surface, view: View) -> list[pygame.Rect]:
        """Where the two streets lie."""
        width, height = surface.get_size()
        self._typeface.unit = unit = unit_of((width, height), view.large)
        seam, low = round(SEAM * unit), self._bottom(surface, view).height
        for points in self._panels(view) if low else ():
            low += round(points * unit) * self._fits(low + points * unit, height)
        half = (width - seam) // 2
        return [pygame.Rect(0, 0, half, height - low), pygame.Rect(width - half, 0, half, height - low)]

    def _panels(self, view: View) -> tuple[float, float]:
        """How tall [points] what the cars think and what they hold in memory is; 0 if it is not shown."""
        return POLICY * view.policy, MEMORY * (view.memory and any(story.remembers for story in self._stories))

    @staticmethod
    def _fits(low: float, height: int) -> bool:
        return height - low >= STREET[1] * height

    def _bottom(self, surface: pygame.Surface, view: View) -> pygame.Rect:
        width, height = surface.get_size()
        low = round(TIMES * unit_of((width, height), view.large))
        low *= view.panels and view.timeline and self._fits(low, height) and width >= LEAST_WIDTH
        return pygame.Rect(0, height - low, width, low)

    def axis(self, surface: pygame.Surface, view: View) -> tuple[pygame.Rect, Axis] | None:
        """Where the timeline lies on ``surface``, and the times on it; None where none is drawn."""
        self.halves(surface, view)
        area = self._bottom(surface, view)
        return (area, self._axis(area)) if area.height else None

    def _axis(self, area: pygame.Rect) -> Axis:
        return Axis(track_in(area, 30, self._typeface.unit), self.duration)

    def _card(self, surface: pygame.Surface, halves: list[pygame.Rect], view: View, hud: Hud, time: float) -> Card:
        """What the player has to say, above or below the signs of both streets, or of the left one."""
        width = surface.get_width() if hud.both else halves[0].width
        said = card(self._typeface, hud.card, width, hud.points, 64)
        crowds = tuple((story, half.left) for story, half in zip(self._stories, halves, strict=True))
        crowds = crowds if hud.both else crowds[:1]
        return said._replace(area=steady(crowds, halves[0].size, view, time, ends(said.area, halves[0].height)))

    def _signs(self, half: pygame.Rect, story: Story, frame: Frame, view: View) -> list[Sign]:
        """Who drives and what nobody can see, and in the end how it ended: where they cover nobody."""
        type_, unit = self._typeface, self._typeface.unit
        i = story.watched(view.focus, frame.time)
        does = [
            does_of(story.lanes)[story.role(k, frame.time).intent] if view.reveal else "? (press h)" for k in (0, i)
        ]
        aim = f"itself: {does[0]}, " if story.roles[0][0].choice else ""
        lines = [(story.agent or story.scenario, 18, "ink"), (f"{aim}road user {i}: {does[1]}", 17, "heading")]
        width = max(type_.width(words, size) for words, size, _ in lines)
        inner = half.inflate(-2 * round(10 * unit), -2 * round(10 * unit))
        size = max(min(round(width + 20 * unit), inner.width), 1), round(46 * unit)
        box = self._free(size, inner, half, frame.time, view)
        signs = [(box, ("paper", lines))]
        if frame.end is not End.RUNNING:
            size = round(type_.width(end_words(story), 22) + 20 * unit), round(32 * unit)
            badge = self._free(size, inner, half, frame.time, view, box)
            signs.append((badge, (end_tone(frame.end), [(end_words(story), 22, "white")])))
        return signs

    def _free(
        self, size: tuple[int, int], inner: pygame.Rect, half: pygame.Rect, time: float, view: View,
        other: pygame.Rect | None = None,
    ) -> pygame.Rect:  # fmt: skip
        """Where a sign of ``size`` [px] stands at the edge of ``inner``, beside the ``other`` one."""
        boxes = [pygame.Rect(0, 0, *size) for _ in PLACES]
        for box, name in zip(boxes, PLACES, strict=True):
            setattr(box, name, getattr(inner, name))
        boxes = [box for box in boxes if other is None or not box.colliderect(other)] or boxes
        areas = tuple(Area(box.left, box.top, box.right, box.bottom) for box in boxes)
        return rect(steady(tuple((each, half.left) for each in self._stories), half.size, view, time, areas))

    def _sign(self, surface: pygame.Surface, box: pygame.Rect, tone: str, lines: list[tuple[str, int, str]]) -> None:
        type_, unit = self._typeface, self._typeface.unit
        label(surface, getattr(type_.theme, tone), box, 6 * unit)
        for k, (words, size, colour) in enumerate(lines):
            at = box.left + 10 * unit, box.centery + (19 * k - 9.5 * (len(lines) - 1)) * unit
            type_.write(surface, words, at, size, getattr(type_.theme, colour), most=box.width - 16 * unit)

    def _thoughts(
        self, surface: pygame.Surface, painter: Painter, half: pygame.Rect, story: Story, frame: Frame, view: View,
        bottom: int,
    ) -> None:  # fmt: skip
        """Below a street: belief, actions, reward; and what the memory holds."""
        type_, unit = painter.typeface, self._typeface.unit
        theme = type_.theme
        area = pygame.Rect(half.left, half.bottom, half.width, bottom - half.bottom)
        surface.fill(theme.paper, area)
        top = area.top
        if view.policy and area.height >= round(POLICY * unit):
            inner = pygame.Rect(area.left + round(14 * unit), top, area.width - round(28 * unit), round(POLICY * unit))
            belief = frame.belief(story.watched(view.focus, frame.time))
            left = pygame.Rect(inner.left, top + round(32 * unit), round(inner.width * 0.43), round(24 * unit))
            right = pygame.Rect(round(inner.left + inner.width * 0.5), left.top, round(inner.width * 0.5), left.height)
            type_.write(surface, "The car believes", (left.left, top + 18 * unit), 17, theme.faded)
            if belief is not None:
                draw_belief(surface, left, belief, story.intents, type_)
            else:
                type_.write(surface, "(it did not say)", (left.left, left.centery), 17, theme.faded)
            words = frame.action or ("cruising" if frame.end is End.RUNNING else "it is over")
            type_.write(surface, f"does: {words}", (right.left, top + 18 * unit), 17, theme.faded)
            reward = decimals(frame.terms.sum(), sign="+")
            type_.write(surface, f"reward {reward}", (inner.right, top + 18 * unit), 17, None, 1.0)
            if frame.thoughts.probabilities is not None:
                draw_chances(surface, right, frame, type_)
            top += round(POLICY * unit)
        if area.bottom - top > 40 * unit:
            painter.strip(surface, pygame.Rect(area.left, top, area.width, area.bottom - top), story, frame)

    def _timeline(
        self, surface: pygame.Surface, area: pygame.Rect, frames: Sequence[Frame], view: View, hud: Hud
    ) -> None:
        """Both lanes, and between them where the pictures are the same."""
        type_, unit, axis = self._typeface, self._typeface.unit, self._axis(area)
        theme, track = type_.theme, axis.track
        surface.fill(theme.paper, area)
        pygame.draw.line(surface, theme.rule, area.topleft, (area.right, area.top))
        middle = pygame.Rect(track.left, track.bottom + round(2 * unit), track.width, round(16 * unit))
        second = pygame.Rect(track.left, middle.bottom + round(2 * unit), track.width, track.height)
        for story, frame, box in zip(self._stories, frames, (track, second), strict=True):
            focus = story.watched(view.focus, frame.time)
            draw_role(surface, axis, box, story, focus, type_, view.reveal, time=frame.time)
        self._differing(surface, axis, middle, max(frame.time for frame in frames))
        draw_bookmarks(surface, axis, hud.marks, second.bottom, type_)
        draw_play_head(surface, axis, max(frame.time for frame in frames), second.bottom, type_)
        draw_marks(surface, axis, area, self._events(), (second.bottom, 6, 17), type_)
        clock = f"{max(frame.time for frame in frames):.1f} of {self.duration:.1f} s"
        y = area.bottom - 13 * unit
        type_.write(surface, clock, (track.left, y), 19)
        type_.write(surface, hud.status, (track.right, y), 17, theme.faded, 1.0)

    def _differing(self, surface: pygame.Surface, axis: Axis, box: pygame.Rect, time: float) -> None:
        """The band between the lanes: where what the two cars see is the same, and where it is not."""
        type_, theme = self._typeface, self._typeface.theme
        borders = [0, *(np.flatnonzero(np.diff(self._differ)) + 1).tolist(), len(self._differ)]
        times = [*self._times.tolist(), self.duration]
        for begin, stop in zip(borders[:-1], borders[1:], strict=True):
            left, right = round(axis.x_of(times[begin])), round(axis.x_of(times[stop]))
            piece = pygame.Rect(left, box.top, max(right - left, 1), box.height)
            differ = bool(self._differ[begin])
            surface.fill(theme.belief if differ else theme.card, piece)
            words = ("they see different pictures", "different") if differ else ("the same picture", "same")
            write_beside(surface, words, piece, axis.x_of(time), type_, 15, DARKNESS if differ else theme.faded)

    def _events(self) -> list[tuple[float, str, str]]:
        """When the pictures begin to differ, and when the cars begin to act differently."""
        marks = []
        if self._differ.any():
            marks.append((float(self._times[np.flatnonzero(self._differ)[0]]), *2 * ("the pictures begin to differ",)))
        if self._parting is not None:
            marks.append((self._parting, *2 * ("the cars begin to act differently",)))
        return sorted(marks)
