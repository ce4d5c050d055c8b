"""The street with everybody on it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pygame

from kindergarten.viewer.draw.backdrop import Backdrop
from kindergarten.viewer.draw.figures import Figures
from kindergarten.viewer.draw.ground import Ground
from kindergarten.viewer.draw.text import Typeface, beam, dot, dots, halo, label, rect
from kindergarten.viewer.model.camera import Camera
from kindergarten.viewer.model.frame import Frame
from kindergarten.viewer.model.labels import EDGE, Area, Note, areas_of, notes_of, place
from kindergarten.viewer.model.palette import WHITE, Colour
from kindergarten.viewer.model.shapes import REACH
from kindergarten.viewer.model.story import Story
from kindergarten.viewer.model.view import View, visibility
from kindergarten.world.codes import End, Kind
from kindergarten.world.road import SPACING

RIBBON = 24.0  # [m] of the ego's way that are drawn ahead of it
NOTICED = 0.03  # attention below this is not drawn
HALO = 1.9, 20.0  # [m] of the ring around whom the agent attends to; points that it has at least
FAINT = 0.25  # opacity of the dots that lead there, if hardly any attention does
CRASH = (34, 4), (46, 2)  # points: radius and width of its rings
DOTS = 13.0  # points from one dot to the next of the line to whom the agent attends to
NOTE = 20, 14, 5  # points: how tall words' ground is, how much wider than they are, and the radius of its corners
HEADLIGHTS = 0.2  # [m] behind a car's front
INSET, RING = 104, 0.025  # points across; its border, as a share of that


class Scene:
    """Draws the street of one road, or a part of it: each camera has a scene of its own."""

    def __init__(self, ground: Ground, typeface: Typeface) -> None:
        self._typeface = typeface
        self._backdrop, self._figures = Backdrop(ground), Figures()

    def draw(
        self, surface: pygame.Surface, story: Story, frame: Frame, camera: Camera, view: View, words: bool = True,
        reserved: Sequence[Area] = (),
    ) -> None:  # fmt: skip
        """Fill ``surface``, which is as large as the camera says.

        Args:
            words: with what the view says of tags.
            reserved: where none of them may stand [px].
        """
        theme = self._typeface.theme
        self._backdrop.draw(surface, camera, theme)
        if frame.users[0]["kind"] != Kind.NOBODY and story.tells_aim(view.reveal):
            self._ribbon(surface, story, frame, camera)
        users, opacity = frame.users, visibility(story, frame, view.ghosts)
        if frame.thoughts.attention is not None and words:
            self._attention(surface, frame, camera, opacity)
        if theme.beams:
            self._beams(surface, users, camera, opacity)
        for i in range(len(users) - 1, -1, -1):
            self._figures.draw(surface, camera, frame, i, theme, float(frame.larger[i]), float(opacity[i]))
        if frame.end is End.COLLISION and story.met is not None:
            self._crash(surface, users[0], users[story.met], camera)
        if words and view.tags:
            self._labels(surface, story, frame, camera, view, reserved)

    def _ribbon(self, surface: pygame.Surface, story: Story, frame: Frame, camera: Camera) -> None:
        """Where the ego is heading: dots along the way that it aims for."""
        ego, points = frame.users[0], story.road.points[int(frame.users[0]["route"])]
        first = float(ego["s"]) + float(ego["length"]) / 2 + 1.5
        at = ((first + 2.0 * np.arange(int(RIBBON / 2.0))) / SPACING).astype(int)
        ahead = points[at.clip(0, len(points) - 1)]
        left = np.stack([-ahead[:, 3], ahead[:, 2]], axis=1) * float(ego["offset"])
        pixels = camera.project(ahead[:, :2] + left)
        size = max(0.24 * camera.scale, 1.0)
        for k, (x, y) in enumerate(pixels.tolist()):
            if 0 <= at[k] < len(points) and abs(x) < 2 * camera.width and abs(y) < 2 * camera.height:
                dot(surface, self._typeface.theme.ahead, (x, y), size, 1.0 - 2.0 * k / RIBBON)

    def _crash(self, surface: pygame.Surface, ego: np.void, other: np.void, camera: Camera) -> None:
        """Rings around where two have collided."""
        at, unit = camera.locate((ego["x"] + other["x"]) / 2, (ego["y"] + other["y"]) / 2), self._typeface.unit
        for radius, width in CRASH:
            pygame.draw.circle(surface, self._typeface.theme.alarm, at, radius * unit, max(round(width * unit), 1))

    def _beams(self, surface: pygame.Surface, users: np.ndarray, camera: Camera, opacity: np.ndarray) -> None:
        """What the headlights of cars and trucks throw on the road."""
        for user, share in zip(users, opacity.tolist(), strict=True):
            if user["kind"] in (Kind.CAR, Kind.TRUCK) and share > 0.3:
                ahead = float(user["length"]) / 2 - HEADLIGHTS
                at = camera.locate(user["x"] + ahead * user["cos"], user["y"] + ahead * user["sin"])
                right, up = camera.heading(user)
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
            radius = max(HALO[0] * camera.scale, HALO[1] * unit)
            halo(surface, colour, (x, y), radius, share)
            count = int(min(far, 4000.0) / (DOTS * unit))
            steps = range(2, count - int(radius / (DOTS * unit)))
            places = ((x0 + (x - x0) * k / count, y0 + (y - y0) * k / count) for k in steps)
            dots(surface, colour, places, (0.8 + 1.8 * share) * unit, FAINT + (1.0 - FAINT) * share)

    def _labels(
        self, surface: pygame.Surface, story: Story, frame: Frame, camera: Camera, view: View, reserved: Sequence[Area]
    ) -> None:
        """What there is to say about whom, where it covers nobody: lines to them first, and words above all lines."""
        areas, opacity = areas_of(frame, camera), visibility(story, frame, view.ghosts)
        taken = [*reserved, *(area for area, shown in zip(areas, opacity > 0.02, strict=True) if shown)]
        placed = []
        for note in notes_of(story, frame, opacity, story.watched(view.focus, frame.time)):
            area = place(self._size(note, surface), areas[note.i], surface.get_size(), taken, note.sides)
            if area is not None:
                taken.append(area)
                placed.append((note, area))
        for note, area in placed:
            self._leader(surface, getattr(self._typeface.theme, note.tone), area, areas[note.i])
        for note, area in placed:
            if note.words:
                self._note(surface, note, rect(area))
            else:
                self._inset(surface, frame, note.i, camera, rect(area))

    def _size(self, note: Note, surface: pygame.Surface) -> tuple[float, float]:
        """How large [px] a note is; one without words is an inset."""
        unit, (width, height) = self._typeface.unit, surface.get_size()
        wide = round(min(INSET * unit, 0.4 * width, 0.4 * height))
        if not note.words:
            return wide, wide
        return min(self._typeface.width(note.words, 17) + NOTE[1] * unit, width - 2 * EDGE), NOTE[0] * unit

    def _note(self, surface: pygame.Surface, note: Note, box: pygame.Rect) -> None:
        """Words on a coloured ground."""
        type_ = self._typeface
        most = box.width - 12 * type_.unit
        if most > 12 * type_.unit:
            label(surface, getattr(type_.theme, note.tone), box, NOTE[2] * type_.unit)
            type_.write(surface, note.words, box.center, 17, getattr(type_.theme, note.ink), 0.5, most=most)

    def _leader(self, surface: pygame.Surface, colour: Colour, area: Area, about: Area) -> None:
        """A line from a label to the edge of whom it is about."""
        (x0, y0), (x1, y1) = rect(area).center, rect(about).center
        far = max(math.hypot(x1 - x0, y1 - y0), 1.0)
        stop = max(1.0 - min(about.right - about.left, about.bottom - about.top) / 2 / far, 0.0)
        end = x0 + (x1 - x0) * stop, y0 + (y1 - y0) * stop
        pygame.draw.line(surface, colour, (x0, y0), end, max(round(2 * self._typeface.unit), 1))

    def _inset(self, surface: pygame.Surface, frame: Frame, i: int, camera: Camera, box: pygame.Rect) -> None:
        """A signal that is on, so large that it can be seen from the last row."""
        theme, user, wide = self._typeface.theme, frame.users[i], box.width
        scale = wide / 2 / max(float(user["length"]) / 2 + 0.4, REACH + 0.55)
        near = replace(camera, x=float(user["x"]), y=float(user["y"]), scale=scale, width=wide, height=wide)
        picture, disc = pygame.Surface(box.size, pygame.SRCALPHA, 32), pygame.Surface(box.size, pygame.SRCALPHA, 32)
        picture.fill(theme.asphalt)
        self._figures.draw(picture, near, frame, i, theme)
        dot(disc, WHITE, (wide / 2, wide / 2), wide / 2 - max(wide * RING, 1.5))
        picture.blit(disc, (0, 0), special_flags=pygame.BLEND_RGBA_MULT)  # light does not shine beyond its ring
        dot(surface, theme.signal, box.center, wide / 2)
        surface.blit(picture, box, special_flags=pygame.BLEND_PREMULTIPLIED)
