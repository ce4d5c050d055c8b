"""The street with everybody on it."""

from __future__ import annotations

import numpy as np
import pygame

from kindergarten.codes import Intent, Kind, Phase
from kindergarten.road import SPACING
from kindergarten.viewer import palette
from kindergarten.viewer.backdrop import Backdrop
from kindergarten.viewer.camera import Camera
from kindergarten.viewer.figures import Figures
from kindergarten.viewer.frame import Frame, Story, depth_in_fog
from kindergarten.viewer.ground import FOG_EDGE, Ground, smoothstep
from kindergarten.viewer.palette import Colour
from kindergarten.viewer.text import Typeface, dot, label

UNSEEN = 0.4  # opacity of whoever is beyond the ego's sight
RIBBON = 24.0  # [m] of the ego's way that are drawn ahead of it
PHASE_COLOURS: dict[Phase, Colour] = {
    Phase.BEFORE: palette.WAITING,
    Phase.CUE: palette.SIGNAL,
    Phase.DELAY: palette.MEMORY,
    Phase.AFTER: palette.PLAIN,
}


class Scene:
    """Draws the street of one road, or a part of it: each camera has a scene of its own."""

    def __init__(self, ground: Ground, typeface: Typeface) -> None:
        self._typeface = typeface
        self._backdrop, self._figures = Backdrop(ground), Figures()

    def draw(self, surface: pygame.Surface, story: Story, frame: Frame, camera: Camera, tags: bool = True) -> None:
        """Fill ``surface``, which is as large as the camera says."""
        self._backdrop.draw(surface, camera)
        if frame.users[0]["kind"] != Kind.NOBODY:
            _ribbon(surface, story, frame, camera)
        users, opacity = frame.users, visibility(story, frame)
        for i in range(len(users) - 1, 0, -1):
            body = _body(users[i], i == 1)
            self._figures.draw(surface, camera, users[i], float(frame.arms[i]), body, float(opacity[i]))
        self._figures.draw(surface, camera, users[0], 0.0, palette.EGO)
        if tags:
            self._tags(surface, story, frame, camera, opacity)

    def _tags(self, surface: pygame.Surface, story: Story, frame: Frame, camera: Camera, opacity: np.ndarray) -> None:
        """Flags above the road users that matter: what the car believes and, on the signaller, its phase.

        A belief about somebody out of sight is a thought, and stands above the one who thinks it.
        """
        phase = frame.phase(story)
        thoughts = []
        for i in range(1, len(frame.users)):
            belief, flags = frame.belief(i), []
            seen = opacity[i] > 0.5 and frame.users[i]["kind"] != Kind.NOBODY
            if i == 1 and seen:
                flags.append((phase.name, PHASE_COLOURS[phase], (255, 255, 255)))
            if belief is not None:
                flags.append((belief_words(belief), palette.BELIEF, palette.INK))
            if seen:
                self._flags(surface, frame.users[i], flags, camera)
            else:
                thoughts += flags
        self._flags(surface, frame.users[0], thoughts, camera)

    def _flags(
        self,
        surface: pygame.Surface,
        user: np.void,
        flags: list[tuple[str, Colour, Colour]],
        camera: Camera,
    ) -> None:
        """Words, each with its background's and its own colour, above a road user, the first one lowest."""
        ((x, y),) = camera.project(np.array([[user["x"], user["y"]]]))
        unit = self._typeface.unit
        height, tip = round(19 * unit), 6 * unit
        bottom = round(y - max(2.4 * camera.scale, 26.0) - 10 * unit)
        for words, colour, ink in flags:
            width = round(self._typeface.width(words, 15) + 14 * unit)
            box = pygame.Rect(round(x - width / 2), bottom - height, width, height)
            label(surface, colour, box, 5 * unit, pointer=tip)
            self._typeface.write(surface, words, box.center, 15, ink, 0.5)
            bottom, tip = box.top - round(3 * unit), 0.0


def belief_words(belief: np.ndarray) -> str:
    """The likeliest intent of a belief (intents,), and how likely it is."""
    best = Intent(int(belief.argmax()))
    return f"{best.name.lower()} {100 * belief[best]:.0f} %"


def visibility(story: Story, frame: Frame) -> np.ndarray:
    """Opacity (N,) of the road users: none in the fog, little beyond the ego's sight."""
    users = frame.users
    clear = smoothstep(-depth_in_fog(story.road, users["x"], users["y"]) / FOG_EDGE)
    opacity = np.where(clear > 0, clear * (UNSEEN + (1.0 - UNSEEN) * frame.seen), 0.0)
    opacity[0] = 1.0
    return opacity


def _body(user: np.void, signaller: bool) -> Colour:
    if user["kind"] == Kind.CYCLIST:
        return palette.JACKET if signaller else palette.JACKET_OTHER
    return palette.CAR if signaller else palette.CAR_OTHER


def _ribbon(surface: pygame.Surface, story: Story, frame: Frame, camera: Camera) -> None:
    """Where the ego is heading: dots along the way that it aims for."""
    ego, points = frame.users[0], story.road.points[int(frame.users[0]["route"])]
    first = float(ego["s"]) + float(ego["length"]) / 2 + 1.5
    for k in range(int(RIBBON / 2.0)):
        at = int((first + 2.0 * k) / SPACING)
        if 0 <= at < len(points):
            ((x, y),) = camera.project(points[at : at + 1, :2])
            dot(surface, palette.AHEAD, (x, y), max(0.24 * camera.scale, 1.0), 1.0 - 2.0 * k / RIBBON)
