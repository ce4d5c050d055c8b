"""The street with everybody on it."""

from __future__ import annotations

import numpy as np
import pygame

from kindergarten.codes import Kind, Phase
from kindergarten.road import SPACING
from kindergarten.viewer import palette
from kindergarten.viewer.camera import Camera
from kindergarten.viewer.figures import draw_user
from kindergarten.viewer.frame import Frame, Story, depth_in_fog
from kindergarten.viewer.ground import FOG_EDGE, Ground, smoothstep
from kindergarten.viewer.palette import Colour
from kindergarten.viewer.text import Typeface, label

FINE = 2  # times as many pixels while the ground is drawn
UNSEEN = 0.4  # opacity of whoever is beyond the ego's sight
RIBBON = 24.0  # [m] of the ego's way that are drawn ahead of it
PHASE_COLOURS: dict[Phase, Colour] = {
    Phase.BEFORE: palette.WAITING,
    Phase.CUE: palette.SIGNAL,
    Phase.DELAY: palette.MEMORY,
    Phase.AFTER: palette.PLAIN,
}


class Scene:
    """Draws the street of one road."""

    def __init__(self, ground: Ground, typeface: Typeface) -> None:
        self._ground, self._typeface = ground, typeface
        self._paper = pygame.Surface((1, 1), 0, 32)

    def draw(
        self, surface: pygame.Surface, story: Story, frame: Frame, camera: Camera, tags: bool = True
    ) -> None:
        """Fill ``surface``, which is as large as the camera says."""
        fine = camera.times(FINE)
        sheet = self._sheet(fine.width, fine.height)
        self._ground.draw(sheet, fine)
        if frame.users[0]["kind"] != Kind.NOBODY:
            _ribbon(sheet, story, frame, fine)
        surface.blit(pygame.transform.smoothscale(sheet, (camera.width, camera.height)), (0, 0))
        users, opacity = frame.users, visibility(story, frame)
        for i in range(len(users) - 1, 0, -1):
            body = _body(users[i], i == 1)
            draw_user(surface, camera, users[i], float(frame.arms[i]), body, float(opacity[i]))
        self._ground.fog(surface, camera)
        draw_user(surface, camera, users[0], 0.0, palette.EGO)
        if tags and len(users) > 1 and opacity[1] > 0.5 and users[1]["kind"] != Kind.NOBODY:
            self._tag(surface, story, frame, camera)

    def _sheet(self, width: int, height: int) -> pygame.Surface:
        """A part of one large surface, which is kept: a new one for every picture costs more than the drawing."""
        large = max(width, self._paper.get_width()), max(height, self._paper.get_height())
        if large != self._paper.get_size():
            self._paper = pygame.Surface(large, 0, 32)
        return self._paper.subsurface((0, 0, width, height))

    def _tag(self, surface: pygame.Surface, story: Story, frame: Frame, camera: Camera) -> None:
        """A flag with the signaller's phase above it: which of the road users the story is about."""
        user, phase = frame.users[1], frame.phase(story)
        ((x, y),) = camera.project(np.array([[user["x"], user["y"]]]))
        unit = self._typeface.unit
        width, height = self._typeface.width(phase.name, 15) + 14 * unit, 19 * unit
        top = y - max(2.4 * camera.scale, 26.0) - 10 * unit - height
        box = pygame.Rect(round(x - width / 2), round(top), round(width), round(height))
        label(surface, PHASE_COLOURS[phase], box, 5 * unit, pointer=6 * unit)
        self._typeface.write(surface, phase.name, box.center, 15, (255, 255, 255), 0.5)


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
            colour = palette.mix(palette.ASPHALT, (120, 200, 255), 0.85 * (1.0 - 2.0 * k / RIBBON))
            pygame.draw.circle(surface, colour, (x, y), max(0.24 * camera.scale, 2.0))
