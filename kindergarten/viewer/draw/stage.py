"""What is shown: one episode, or two in step. The window, videos and pictures all draw stages."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import pygame

from kindergarten.replay.replay import Replay
from kindergarten.viewer.draw.painter import Painter
from kindergarten.viewer.draw.pair import Pair
from kindergarten.viewer.draw.timeline import Axis, Timeline
from kindergarten.viewer.model.camera import camera_of
from kindergarten.viewer.model.frame import Frame, frame_at
from kindergarten.viewer.model.story import Story, story_of
from kindergarten.viewer.model.view import Hud, View
from kindergarten.viewer.model.words import moments, telling_of
from kindergarten.world.codes import Kind

Painters = dict[tuple[int, int], Painter]  # by the replay's id and the side
MIN_PAIR_WIDTH = 16  # [px] a narrower surface is no place for two


class Take(NamedTuple):
    """Episode ``index`` (from 0) of a replay."""

    replay: Replay
    index: int


class Stage:
    """One episode, or two side by side.

    Attributes:
        takes, stories: of the left and the right one.
        times: (T,) [s] at which something was decided in either.
        start, duration: [s] since the reset.
    """

    def __init__(self, *takes: Take, painters: Painters | None = None) -> None:
        """``painters``: to be used again and added to."""
        self.takes, self.stories = takes, tuple(story_of(*take) for take in takes)
        known = {} if painters is None else painters
        sides = [(id(replay), k) for k, (replay, _) in enumerate(takes)]  # each side keeps a ground of its own
        for side, (replay, _) in zip(sides, takes, strict=True):
            if side not in known:
                known[side] = Painter(replay.road, replay.episodes[0])
        self._painters = [known[side] for side in sides]
        self.times = np.unique(np.concatenate([story.times for story in self.stories]))
        self.start, self.duration = float(self.times[0]), float(self.times[-1])
        self._pair = Pair(self._painters, self.stories) if len(takes) == 2 else None

    def frames(self, time: float) -> list[Frame]:
        """The moment ``time`` [s] of each."""
        return [frame_at(*take, time) for take in self.takes]

    def moment(self, k: int, focus: int = 0, time: float = 0.0) -> float:
        """When [s] what happens at t1, t2 or t3 (``k``: 0, 1, 2) is to be seen, in the leg of ``time`` [s]."""
        story = self.stories[0]
        legs = story.legs(focus)
        return moments(story, legs[max(sum(leg.begin <= time + 1e-9 for leg in legs) - 1, 0)])[k]

    def telling(self, focus: int = 0, side: int = 0) -> list[tuple[float, str]]:
        """What story mode says, and when [s], one junction after the other; ``side``: 1 is the right one."""
        return telling_of(*self.takes[side], self.stories[side], focus)

    def draw(self, surface: pygame.Surface, time: float, view: View | None = None, hud: Hud | None = None) -> None:
        """Fill ``surface``."""
        view, hud = view or View(), hud or Hud()
        frames = self.frames(time)
        if self._pair is not None and surface.get_width() >= MIN_PAIR_WIDTH:
            self._pair.draw(surface, frames, view, hud)
        else:
            self._painters[0].draw(surface, self.stories[0], frames[0], view, hud)

    def axis(self, surface: pygame.Surface, view: View) -> tuple[pygame.Rect, Axis] | None:
        """Where the timeline lies on ``surface``, and the times on it; None where none is drawn."""
        if self._pair is not None:
            return self._pair.axis(surface, view)
        painter, story = self._painters[0], self.stories[0]
        area = painter.areas(surface, story, view).bottom
        return (area, Timeline(area, story, painter.typeface).axis) if area.height else None

    def streets(self, surface: pygame.Surface, view: View) -> list[pygame.Rect]:
        """Where the streets lie on ``surface``."""
        if self._pair is not None:
            return self._pair.halves(surface, view)
        return [self._painters[0].areas(surface, self.stories[0], view).street]

    def user_at(self, at: tuple[int, int], surface: pygame.Surface, time: float, view: View) -> int | None:
        """The road user, but not the ego, that is drawn at a pixel of the (left) street; None if there is none."""
        street, frame = self.streets(surface, view)[0], self.frames(time)[0]
        if not street.collidepoint(at):
            return None
        camera = camera_of(self.stories[0], frame, street.size, view)
        pixels = camera.project(np.stack([frame.users["x"], frame.users["y"]], axis=1)) + street.topleft
        far = np.hypot(*(pixels - at).T)
        far[frame.users["kind"] == Kind.NOBODY] = np.inf
        i = int(far.argmin())
        return i if i > 0 and far[i] < max(2.5 * camera.scale, 16.0) else None


def stages_of(
    replay: Replay, episodes: Iterable[int] | None = None, beside: Replay | None = None, twins: bool = False
) -> list[Stage]:
    """A stage for each episode (all if left out), which share what they keep.

    Args:
        beside: another replay, whose episode of the same world is shown at the right.
        twins: at the right its next twin; the last of them is not shown again.

    Raises:
        ValueError: the other replay is of another scenario.
    """
    if beside is not None and beside.scenario != replay.scenario:
        raise ValueError(f"a replay of {beside.scenario} beside one of {replay.scenario}: they have no world in common")
    painters: Painters = {}
    chosen = list(range(len(replay.episodes)) if episodes is None else episodes)
    stages = []
    for index in chosen:
        takes = [Take(replay, index)]
        if beside is not None:
            takes.append(Take(beside, same_world(replay, index, beside)))
        elif twins:
            others = [k for k in twins_of(replay, index) if k > index or len(chosen) == 1]
            takes += [Take(replay, k) for k in others[:1]]
            if not others and stages:
                continue  # it was shown beside another
        stages.append(Stage(*takes, painters=painters))
    return stages


def twins_of(replay: Replay, index: int) -> list[int]:
    """The other episodes of the same world seed, in order."""
    seed = replay.episodes[index].seed
    return [k for k, e in enumerate(replay.episodes) if k != index and seed is not None and e.seed == seed]


def same_world(replay: Replay, index: int, other: Replay) -> int:
    """The episode of ``other`` that is most like episode ``index``: seed and intents count."""
    mine = _world(story_of(replay, index))
    scores = [sum(a == b for a, b in zip(mine, _world(story_of(other, k)), strict=False)) for k in _all(other)]
    best = max(scores)
    return min((k for k in _all(other) if scores[k] == best), key=lambda k: abs(k - index))


def _world(story: Story) -> tuple[object, ...]:
    """What makes two worlds the same: the seed first, which counts as much as all the rest."""
    intents = [roles[0].intent for roles in story.roles[1:]]
    return (*(story.seed for _ in range(len(intents) + 1)), *intents)


def _all(replay: Replay) -> range:
    return range(len(replay.episodes))
