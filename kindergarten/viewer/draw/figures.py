"""Road users from above, each as a small antialiased picture of its own."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import pygame

from kindergarten.viewer.model.camera import Camera
from kindergarten.viewer.model.frame import Frame
from kindergarten.viewer.model.palette import PAINTS, Colour, Theme, blend
from kindergarten.viewer.model.shapes import BRAKING, CYCLIST_SHADOW, SHADOW, Part, parts_of, states
from kindergarten.world.codes import Kind, Signal
from kindergarten.world.users import MAX_STEERING

FINE = 3  # times as many pixels while drawing
HALF = 3.6  # [m] from the middle of a figure to the edge of its picture
LONGEST = 20.0  # [m] of a body; a longer one is cut off
SIZE_STEP = 0.02  # figures grow in steps of this ratio
HEADINGS, FRACTIONS = 720, 24  # steps of a whole turn; of an arm and of the front wheels
KEPT = 1 << 22  # [px] of pictures that are kept


class Pen:
    """Draws parts of a body: x ahead, y to the left of its middle, in metres."""

    def __init__(self, size: int, scale: float, right: float, up: float) -> None:
        """``scale`` [px/m]; (right, up): where the body points to in the picture."""
        self.surface = pygame.Surface((size, size), pygame.SRCALPHA, 32)
        self._scale, self._right, self._up, self._middle = scale, right, up, size / 2

    def _at(self, x: float, y: float) -> tuple[float, float]:
        right, up = x * self._right - y * self._up, x * self._up + y * self._right
        return self._middle + right * self._scale, self._middle - up * self._scale

    def draw(self, part: Part, colour: Colour, arm: float, turn: float) -> None:
        """Draw one part; ``arm``: how far it is out; ``turn`` [rad] of the front wheels, to the left."""
        form, numbers = part.form, part.numbers
        if form in ("box", "wheel"):
            self._polygon(colour, rounded(numbers, turn if form == "wheel" else 0.0))
        elif form == "poly":
            self._polygon(colour, list(zip(numbers[::2], numbers[1::2], strict=True)))
        elif form == "line":
            self._line(colour, numbers[:2], numbers[2:4], numbers[4])
        elif form in ("reach", "hand"):
            x0, y0, x1, y1, x2, y2, width = numbers
            hand = x1 + arm * (x2 - x1), y1 + arm * (y2 - y1)
            self._line(colour, (x0, y0) if form == "reach" else hand, hand, width)
        elif form == "disc":
            self._circle(colour, *numbers)
        else:
            self._glow(colour, *numbers)

    def shadow(self, length: float, width: float) -> None:
        """Falls to the lower right of the picture, whichever way the body points."""
        shift = SHADOW * self._scale
        corners = [self._at(x * length / 2, y * width / 2) for x, y in ((1, 1), (-1, 1), (-1, -1), (1, -1))]
        pygame.draw.polygon(self.surface, (0, 0, 0, 62), [(x + shift, y + shift) for x, y in corners])

    def _polygon(self, colour: Colour, points: list[tuple[float, float]]) -> None:
        pygame.draw.polygon(self.surface, colour, [self._at(x, y) for x, y in points])

    def _circle(self, colour: Colour, x: float, y: float, radius: float) -> None:
        pygame.draw.circle(self.surface, colour, self._at(x, y), max(radius * self._scale, 1.0))

    def _glow(self, colour: Colour, x: float, y: float, radius: float) -> None:
        """Light around a point, thinner and thinner."""
        for k in range(5, 0, -1):
            share = 0.5 * (1.0 - k / 6) ** 2 + 0.06
            shade = tuple(round(c * share) for c in (*colour, 255))  # premultiplied
            pygame.draw.circle(self.surface, shade, self._at(x, y), radius * k / 5 * self._scale)

    def _line(self, colour: Colour, a: tuple[float, ...], b: tuple[float, ...], width: float) -> None:
        """A line with round ends."""
        length = max(math.hypot(b[0] - a[0], b[1] - a[1]), 1e-6)
        dx, dy = -(b[1] - a[1]) / length * width / 2, (b[0] - a[0]) / length * width / 2
        corners = [(a[0] + dx, a[1] + dy), (b[0] + dx, b[1] + dy), (b[0] - dx, b[1] - dy), (a[0] - dx, a[1] - dy)]
        self._polygon(colour, corners)
        self._circle(colour, a[0], a[1], width / 2)
        self._circle(colour, b[0], b[1], width / 2)


def rounded(numbers: tuple[float, ...], turn: float = 0.0) -> list[tuple[float, float]]:
    """A rectangle x0, y0, x1, y1 with corners of a radius, turned around its middle by ``turn`` [rad]."""
    x0, y0, x1, y1, corner = numbers
    corner = max(min(corner, (x1 - x0) / 2, (y1 - y0) / 2), 0.0)
    x, y, a, b = (x0 + x1) / 2, (y0 + y1) / 2, (x1 - x0) / 2 - corner, (y1 - y0) / 2 - corner
    cos, sin = math.cos(turn), math.sin(turn)
    points = []
    for quarter, (p, q) in enumerate(((a, b), (-a, b), (-a, -b), (a, -b))):
        for step in range(4):
            angle = (quarter + step / 3) * math.pi / 2
            dx, dy = p + corner * math.cos(angle), q + corner * math.sin(angle)
            points.append((x + dx * cos - dy * sin, y + dx * sin + dy * cos))
    return points


class Figures:
    """Draws road users; keeps the pictures, since most look as they did a moment ago."""

    def __init__(self) -> None:
        self._kept: dict[tuple[object, ...], pygame.Surface] = {}
        self._pixels = 0

    def draw(
        self, surface: pygame.Surface, camera: Camera, frame: Frame, i: int, theme: Theme,
        larger: float = 1.0, opacity: float = 1.0,
    ) -> None:  # fmt: skip
        """Draw road user ``i``, so many times ``larger`` than life, with an opacity of 0..1."""
        user = frame.users[i]
        if user["kind"] == Kind.NOBODY or opacity <= 0.004:
            return
        x, y = camera.locate(user["x"], user["y"])
        reach = max(HALF, min(round(float(user["length"]), 2), LONGEST) / 2 + 1.3)  # [m]
        most = reach * camera.scale * larger + 2  # [px]
        if not (-most < x < camera.width + most and -most < y < camera.height + most):
            return
        pose = pose_of(camera, user, float(frame.arms[i]), float(frame.steering[i]), larger)
        body = theme.ego if i == 0 else PAINTS[int(user["colour"]) % len(PAINTS)]
        half = math.ceil(reach * pose.scale) + 1
        key = (*pose, body, theme.name)
        if key not in self._kept:
            self._pixels += 4 * half * half
            if self._pixels > KEPT:
                self._kept.clear()
                self._pixels = 4 * half * half
            self._kept[key] = _picture(pose, half, body, theme)
        picture = self._kept[key]
        if opacity < 1.0:
            shade = round(255 * opacity)
            picture = picture.copy()
            picture.fill((shade, shade, shade, shade), special_flags=pygame.BLEND_RGBA_MULT)
        surface.blit(picture, (round(x) - half, round(y) - half), special_flags=pygame.BLEND_PREMULTIPLIED)


class Pose(NamedTuple):
    """All that a road user's picture depends on, rounded to what can be seen."""

    kind: Kind
    scale: float  # [px/m]
    heading: int  # in the picture, turned to the left [1/HEADINGS of a turn]
    length: float  # [m]
    width: float  # [m]
    arm: int  # in FRACTIONS
    steering: int  # of the largest angle, in FRACTIONS
    lit: int  # 1 the left indicators, -1 the right ones
    braking: bool


def pose_of(camera: Camera, user: np.void, arm: float, steering: float, larger: float) -> Pose:
    """What a road user's picture depends on; it is never larger than asked for."""
    kind = Kind(int(user["kind"]))
    cyclist = kind is Kind.CYCLIST
    right, up = camera.heading(user)
    return Pose(
        kind,
        math.exp(math.floor(math.log(camera.scale * larger) / SIZE_STEP) * SIZE_STEP),
        round(math.atan2(up, right) / math.tau * HEADINGS) % HEADINGS,
        round(float(user["length"]), 2),
        round(float(user["width"]), 2),
        round(arm * FRACTIONS),
        round(min(max(steering / MAX_STEERING, -1.0), 1.0) * FRACTIONS),
        0 if cyclist else {Signal.LEFT: 1, Signal.RIGHT: -1}.get(Signal(int(user["signal"])), 0),
        not cyclist and bool(user["acceleration"] < BRAKING),
    )


def _picture(pose: Pose, half: int, body: Colour, theme: Theme) -> pygame.Surface:
    """A road user in the middle of ``2 * half`` pixels each way."""
    fine = FINE if pose.scale < 60.0 else 2  # large figures need it less, and would cost much more
    heading = pose.heading / HEADINGS * math.tau
    pen = Pen(2 * half * fine, pose.scale * fine, math.cos(heading), math.sin(heading))
    arm, shown = pose.arm / FRACTIONS, states(pose.lit, pose.braking, pose.arm / FRACTIONS)
    turn = pose.steering / FRACTIONS * MAX_STEERING
    pen.shadow(*(CYCLIST_SHADOW if pose.kind is Kind.CYCLIST else (pose.length, pose.width)))
    for part in parts_of(pose.kind, pose.length, pose.width):
        if part.when in shown:
            pen.draw(part, blend(part.colour, theme, body), abs(arm), turn)
    return pygame.transform.smoothscale(pen.surface, (2 * half, 2 * half))
