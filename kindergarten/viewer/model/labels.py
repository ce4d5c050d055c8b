"""Where words stand: off everybody's body, off each other, in the picture. The page places its words the same way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from kindergarten.viewer.model.camera import Camera, camera_of
from kindergarten.viewer.model.frame import Frame, recorded
from kindergarten.viewer.model.shapes import REACH
from kindergarten.viewer.model.story import Story
from kindergarten.viewer.model.view import TONES, View, visibility
from kindergarten.viewer.model.words import badge, sentence
from kindergarten.world.codes import Kind, Phase

Sides = tuple[tuple[int, int], ...]
Crowds = tuple[tuple["Story", int], ...]  # stories, and how far [px] to the right the picture of each begins
#: Where a label may stand, seen from whom it is about: right, down; the first that is free is taken.
ABOVE = ((0, -1), (0, 1), (-1, -1), (1, -1), (-1, 0), (1, 0), (-1, 1), (1, 1))
BELOW = ((0, 1), (0, -1), (-1, 1), (1, 1), (-1, 0), (1, 0), (-1, -1), (1, -1))
STEPS, STEP = 4, 0.9  # further and further away, by so many of its heights
EDGE = 4.0  # [px] to the edge of the picture


class Note(NamedTuple):
    """Words about a road user; without any, a picture of its signal from near.

    tone, ink: colours of the theme, of the ground and of the letters.
    """

    i: int
    words: str
    tone: str
    ink: str
    sides: Sides


class Area(NamedTuple):
    """A rectangle [px]."""

    left: float
    top: float
    right: float
    bottom: float

    def free_of(self, others: Sequence[Area]) -> bool:
        """Whether it has no pixel in common with any of the others."""
        left, top, right, bottom = self
        for other in others:  # asked thousands of times for a picture
            if left < other[2] and other[0] < right and top < other[3] and other[1] < bottom:
                return False
        return True


def place(
    size: tuple[float, float], about: Area, room: tuple[float, float], taken: Sequence[Area], sides: Sides
) -> Area | None:
    """Where a label of ``size`` [px] stands that is ``about`` somebody; None if there is no free place.

    Args:
        room: width and height of the picture [px].
        taken: where it may not stand.
        sides: ``ABOVE`` or ``BELOW``.
    """
    (width, height), (left, top, right, bottom) = size, about
    last = room[0] - EDGE - width, room[1] - EDGE - height
    for step in range(STEPS):
        gap = (0.3 + STEP * step) * height
        far, off = (right - left + width) / 2 + gap, (bottom - top + height) / 2 + gap
        for across, down in sides:
            x = max(min((left + right) / 2 + across * far - width / 2, last[0]), EDGE)
            y = max(min((top + bottom) / 2 + down * off - height / 2, last[1]), EDGE)
            area = Area(x, y, x + width, y + height)
            if area.right <= room[0] and area.bottom <= room[1] and area.free_of(taken):
                return area
    return None


def notes_of(story: Story, frame: Frame, opacity: np.ndarray, focus: int) -> list[Note]:
    """What there is to say, the most important first: about ``focus``, then about the others.

    What the watcher knows stands above, what the car believes below whom it is about. A belief about somebody out of
    sight is a thought, and stands above the one who thinks it.
    """
    notes = []
    for i in range(1, len(frame.users)):
        there = frame.users[i]["kind"] != Kind.NOBODY
        seen, belief = bool(opacity[i] > 0.5 and there), frame.belief(i)
        if seen and (i == focus or story.role(i, frame.time).choice):
            notes.append(Note(i, badge(story, frame, i), *TONES[frame.phase(story, i)], ABOVE))
        if seen and i == focus and signalling(story, frame, i):
            notes.append(Note(i, "", *TONES[Phase.CUE], ABOVE))
        if belief is not None and (there or i == focus):  # whoever has left is not worth a thought
            words = sentence(story, frame, i, belief)
            notes.append(Note(i if seen else 0, words, "belief", "outline", BELOW if seen else ABOVE))
    return sorted(notes, key=lambda note: (note.i != focus, note.sides is BELOW))


def signalling(story: Story, frame: Frame, i: int) -> bool:
    """Whether a signal is on: a lamp that flashes stays on where what happens next is known."""
    if frame.users[i]["signal"]:  # not the arm, which is on its way up a moment before
        return True
    return not story.live and story.role(i, frame.time).shows and frame.phase(story, i) is Phase.CUE


def areas_of(frame: Frame, camera: Camera) -> list[Area]:
    """Where everybody is in the picture [px], arms and all."""
    users = frame.users
    pixels = camera.project(np.stack([users["x"], users["y"]], axis=1))
    along = np.abs(users["cos"] * camera.cos + users["sin"] * camera.sin)
    across = np.abs(users["sin"] * camera.cos - users["cos"] * camera.sin)
    length = users["length"] * frame.larger * camera.scale
    width = np.where(np.abs(frame.arms) > 0.02, 2 * REACH, users["width"]) * frame.larger * camera.scale
    half = np.stack([length * along + width * across, length * across + width * along], axis=1) / 2 + 1.0
    return [Area(*low, *high) for low, high in zip((pixels - half).tolist(), (pixels + half).tolist(), strict=True)]


def ends(area: Area, height: float) -> tuple[Area, Area]:
    """``area`` at the top of a picture so tall [px], and as far from its bottom."""
    top = max(height - area.bottom, 0.0)
    return area, area._replace(top=top, bottom=top + area.bottom - area.top)


def steady(crowds: Crowds, size: tuple[int, int], view: View, time: float, areas: tuple[Area, ...]) -> Area:
    """In which of ``areas`` [px] a sign stands at ``time`` [s]: it covers nobody, and moves only where somebody comes.

    Where there is somebody in each of them, it rather covers one of the others than whoever has to be watched. What
    is still going on cannot be looked ahead in: there it is the first.

    Args:
        size: of each picture [px].
    """
    crowds = tuple((story, left) for story, left in crowds if not story.live)
    if not crowds:
        return areas[0]
    seen = View(follow=view.follow, zoom=view.zoom, ghosts=view.ghosts, focus=view.focus)  # all that counts here
    times, places = _places(crowds, size, seen, areas)
    return areas[int(places[max(int(np.searchsorted(times, time + 1e-9, side="right")) - 1, 0)])]


@lru_cache(64)
def _places(
    crowds: Crowds, size: tuple[int, int], view: View, areas: tuple[Area, ...]
) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    """The times (T,) [s] of all frames, and which of the areas (T,) is taken from each on."""
    times = np.unique(np.concatenate([story.times for story, _ in crowds]))
    costs = np.zeros((len(times), len(areas)))
    for story, left in crowds:
        k = np.searchsorted(story.times, times + 1e-9, side="right") - 1
        costs = np.maximum(costs, _costs(story, size, view, left, areas)[k.clip(0)])
    places, last = np.zeros(len(times), int), 0
    for k, row in enumerate(costs):
        if not k or row[last] > row.min():
            free = [int(np.argmax([*(costs[k:, p] > row.min()), True])) if row[p] == row.min() else -1
                    for p in range(len(areas))]  # fmt: skip
            last = int(np.argmax(free))  # where one can stay the longest
        places[k] = last
    return times, places


def _costs(story: Story, size: tuple[int, int], view: View, left: float, areas: tuple[Area, ...]) -> np.ndarray:
    """Whom a sign would cover in each frame and area (T, A): 0 nobody, 1 somebody, 2 whoever has to be watched."""
    low, high = np.split(_bodies(story, size, replace(view, focus=0))[:, :, None], 2, axis=3)  # (T, N, 1, 2)
    places = np.array(areas) - (left, 0.0, left, 0.0)
    covers = np.all((low < places[:, 2:]) & (places[:, :2] < high), axis=3)  # (T, N, A); false where there is nobody
    covers[:-1] |= covers[1:].copy()  # on its way from one frame to the next
    watched = covers[np.arange(len(covers)), [story.watched(view.focus, time) for time in story.times]]
    return np.any(covers, axis=1) * 1.0 + watched


@lru_cache(8)
def _bodies(story: Story, size: tuple[int, int], view: View) -> np.ndarray:
    """Where everybody is in the pictures (T, N, 4) [px] of an episode, as ``Area`` has it; not a number: not drawn."""
    found = []
    for k in range(len(story.times)):
        frame = recorded(story, k)
        areas = np.array(areas_of(frame, camera_of(story, frame, size, view)))
        shown = (visibility(story, frame, view.ghosts) > 0.02) & (frame.users["kind"] != Kind.NOBODY)
        found.append(np.where(shown[:, None], areas, np.nan))
    return np.array(found)
