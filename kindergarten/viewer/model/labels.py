"""Where words stand: off everybody's body, off each other, in the picture. The page places its words the same way."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from kindergarten.viewer.model.camera import Camera
from kindergarten.viewer.model.frame import Frame
from kindergarten.viewer.model.shapes import REACH
from kindergarten.viewer.model.story import Story
from kindergarten.viewer.model.view import TONES
from kindergarten.viewer.model.words import badge, sentence
from kindergarten.world.codes import Kind, Phase

Sides = tuple[tuple[int, int], ...]
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
