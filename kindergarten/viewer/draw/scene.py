"""The street with everybody on it."""

from __future__ import annotations

import math

import numpy as np
import pygame

from kindergarten.viewer.draw.backdrop import Backdrop
from kindergarten.viewer.draw.figures import Figures
from kindergarten.viewer.draw.ground import FOG_EDGE, Ground, depth_in_fog, smoothstep
from kindergarten.viewer.draw.palette import DARKNESS, PAINTS, WHITE, Colour, Theme
from kindergarten.viewer.draw.text import Typeface, beam, dot, halo, label
from kindergarten.viewer.model.camera import Camera
from kindergarten.viewer.model.frame import Frame
from kindergarten.viewer.model.sentence import sentence
from kindergarten.viewer.model.story import Story
from kindergarten.viewer.model.view import View
from kindergarten.world.codes import Kind, Phase
from kindergarten.world.road import SPACING

UNSEEN = 0.4  # opacity of whoever is beyond the ego's sight
RIBBON = 24.0  # [m] of the ego's way that are drawn ahead of it
NOTICED = 0.03  # attention below this is not drawn


class Scene:
    """Draws the street of one road, or a part of it: each camera has a scene of its own."""

    def __init__(self, ground: Ground, typeface: Typeface) -> None:
        self._typeface = typeface
        self._backdrop, self._figures = Backdrop(ground), Figures()

    def draw(
        self, surface: pygame.Surface, story: Story, frame: Frame, camera: Camera, view: View, words: bool = True
    ) -> None:
        """Fill ``surface``, which is as large as the camera says; ``words``: with what the view says of tags."""
        theme, focus = self._typeface.theme, story.watched(view.focus, frame.time)
        self._backdrop.draw(surface, camera, theme)
        if frame.users[0]["kind"] != Kind.NOBODY:
            self._ribbon(surface, story, frame, camera)
        users, opacity = frame.users, visibility(story, frame, view.ghosts)
        if frame.thoughts.attention is not None and words:
            self._attention(surface, frame, camera, opacity)
        if theme.beams:
            self._beams(surface, users, camera, opacity)
        for i in range(len(users) - 1, -1, -1):
            self._figures.draw(
                surface,
                camera,
                users[i],
                theme,
                body_of(theme, users[i], i),
                arm=float(frame.arms[i]),
                steering=float(frame.steering[i]),
                opacity=float(opacity[i]),
            )
        if words and view.tags:
            self._tags(surface, story, frame, camera, opacity, focus)

    def _ribbon(self, surface: pygame.Surface, story: Story, frame: Frame, camera: Camera) -> None:
        """Where the ego is heading: dots along the way that it aims for."""
        ego, points = frame.users[0], story.road.points[int(frame.users[0]["route"])]
        first = float(ego["s"]) + float(ego["length"]) / 2 + 1.5
        at = ((first + 2.0 * np.arange(int(RIBBON / 2.0))) / SPACING).astype(int)
        ahead = points[at.clip(0, len(points) - 1)]
        left = np.stack([-ahead[:, 3], ahead[:, 2]], axis=1) * float(ego["offset"])
        pixels = camera.project(ahead[:, :2] + left)
        for k, (x, y) in enumerate(pixels.tolist()):
            if 0 <= at[k] < len(points):
                size = max(0.24 * camera.scale, 1.0)
                dot(surface, self._typeface.theme.ahead, (x, y), size, 1.0 - 2.0 * k / RIBBON)

    def _beams(self, surface: pygame.Surface, users: np.ndarray, camera: Camera, opacity: np.ndarray) -> None:
        """What the headlights of cars and trucks throw on the road."""
        for user, share in zip(users, opacity.tolist(), strict=True):
            if user["kind"] in (Kind.CAR, Kind.TRUCK) and share > 0.3:
                ahead = float(user["length"]) / 2 - 0.2
                at = camera.locate(user["x"] + ahead * user["cos"], user["y"] + ahead * user["sin"])
                right = float(user["cos"]) * camera.cos + float(user["sin"]) * camera.sin
                up = float(user["sin"]) * camera.cos - float(user["cos"]) * camera.sin
                beam(surface, at, math.atan2(up, right), camera.scale)

    def _attention(self, surface: pygame.Surface, frame: Frame, camera: Camera, opacity: np.ndarray) -> None:
        """A halo around whom the agent attends to, and a dotted line that leads there."""
        assert frame.thoughts.attention is not None
        colour, unit = self._typeface.theme.notice, self._typeface.unit
        x0, y0 = camera.locate(frame.users[0]["x"], frame.users[0]["y"])
        for i, share in enumerate(frame.thoughts.attention.tolist(), start=1):
            if i >= len(frame.users) or share < NOTICED or opacity[i] < 0.02 or not frame.users[i]["kind"]:
                continue
            x, y = camera.locate(frame.users[i]["x"], frame.users[i]["y"])
            far, share = math.hypot(x - x0, y - y0), min(share, 1.0)
            radius = max(1.9 * camera.scale, 20.0 * unit)
            halo(surface, colour, (x, y), radius, share)
            count = int(min(far, 4000.0) / (9.0 * unit))
            for k in range(2, count - int(radius / (9.0 * unit))):
                at = x0 + (x - x0) * k / count, y0 + (y - y0) * k / count
                dot(surface, colour, at, (0.8 + 1.8 * share) * unit, 0.25 + 0.75 * share)

    def _tags(
        self, surface: pygame.Surface, story: Story, frame: Frame, camera: Camera, opacity: np.ndarray, focus: int
    ) -> None:
        """Above the road users that may signal, their phase; below whom the car has an opinion of, a sentence.

        A belief about somebody out of sight is a thought, and stands above the one who thinks it.
        """
        theme, thoughts = self._typeface.theme, []
        x, y = camera.locate(frame.users[0]["x"], frame.users[0]["y"])
        own = pygame.Rect(0, 0, *[2 * round(1.3 * camera.scale)] * 2)
        own.center = round(x), round(y)
        taken = [own]  # nothing is written over the ego, nor over another sentence
        for i in range(1, len(frame.users)):
            there, flags = frame.users[i]["kind"] != Kind.NOBODY, []
            belief, seen = frame.belief(i), bool(opacity[i] > 0.5 and there)
            if not there and i != focus:
                continue  # whoever is not there yet, or any more, is not worth a thought
            if seen and (i == focus or story.role(i, frame.time).choice):
                phase = frame.phase(story, i)
                flags.append((phase.name, phase_colour(theme, phase), phase_ink(phase)))
            self._flags(surface, frame.users[i], flags, camera)
            if belief is not None:
                said = (sentence(story, frame, i, belief), theme.belief, DARKNESS)
                if seen:
                    taken.append(self._below(surface, frame.users[i], said, camera, taken))
                else:
                    thoughts.append(said)
        self._flags(surface, frame.users[0], thoughts, camera)

    def _flags(
        self,
        surface: pygame.Surface,
        user: np.void,
        flags: list[tuple[str, Colour, Colour]],
        camera: Camera,
    ) -> None:
        """Words, each with its background's and its own colour, above a road user, the first one lowest."""
        x, y = camera.locate(user["x"], user["y"])
        unit = self._typeface.unit
        height, tip = round(20 * unit), 6 * unit
        bottom = round(y - max(2.4 * camera.scale, 26.0) - 10 * unit)
        for flag in flags:
            box = self._box(surface, flag[0], (x, bottom - height / 2))
            self._flag(surface, flag, box, tip)
            bottom, tip = box.top - round(3 * unit), 0.0

    def _below(
        self,
        surface: pygame.Surface,
        user: np.void,
        flag: tuple[str, Colour, Colour],
        camera: Camera,
        taken: list[pygame.Rect],
    ) -> pygame.Rect:
        """Words below a road user, and below what is ``taken``; where they stand."""
        x, y = camera.locate(user["x"], user["y"])
        unit = self._typeface.unit
        box = self._box(surface, flag[0], (x, y + max(2.4 * camera.scale, 26.0) + 10 * unit))
        for other in sorted(taken, key=lambda rect: rect.top):
            if box.inflate(10 * unit, 2 * unit).colliderect(other):
                box.centery = round(other.bottom + 13 * unit)
        self._flag(surface, flag, box)
        return box

    def _box(self, surface: pygame.Surface, words: str, at: tuple[float, float]) -> pygame.Rect:
        """The ground for words around ``at`` [px]: in the picture, if that is wide enough."""
        unit = self._typeface.unit
        box = pygame.Rect(0, 0, round(self._typeface.width(words, 17) + 14 * unit), round(20 * unit))
        box.center = round(at[0]), round(at[1])
        box.left = max(min(box.left, surface.get_width() - box.width), 0)
        return box

    def _flag(
        self, surface: pygame.Surface, flag: tuple[str, Colour, Colour], box: pygame.Rect, tip: float = 0.0
    ) -> None:
        """Words on a coloured ground, with a ``tip`` that points down."""
        words, colour, ink = flag
        label(surface, colour, box, 5 * self._typeface.unit, pointer=tip)
        self._typeface.write(surface, words, box.center, 17, ink, 0.5)


def visibility(story: Story, frame: Frame, ghosts: bool = True) -> np.ndarray:
    """Opacity (N,) of the road users: none in the fog, little beyond the ego's sight; none either without ghosts."""
    users, unseen = frame.users, UNSEEN if ghosts else 0.0
    clear = smoothstep(-depth_in_fog(story.road, users["x"], users["y"]) / FOG_EDGE)
    opacity = np.where(clear > 0, clear * (unseen + (1.0 - unseen) * frame.seen), 0.0)
    opacity[0] = 1.0
    return opacity


def phase_colour(theme: Theme, phase: Phase) -> Colour:
    """What stands for a phase wherever it is shown."""
    return (theme.waiting, theme.signal, theme.memory, theme.plain)[phase]


def phase_ink(phase: Phase) -> Colour:
    """The colour of letters on it."""
    return WHITE if phase in (Phase.DELAY, Phase.AFTER) else DARKNESS


def body_of(theme: Theme, user: np.void, i: int) -> Colour:
    """The colour of a car, or of a cyclist's jacket."""
    return theme.ego if i == 0 else PAINTS[int(user["colour"]) % len(PAINTS)]
