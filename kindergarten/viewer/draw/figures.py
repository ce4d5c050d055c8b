"""Cars and cyclists from above, each as a small antialiased picture of its own.

Signals are larger than life: an arm and a lit lamp must be seen at any zoom.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import pygame

from kindergarten.viewer.draw.palette import DARKNESS, WHITE, Colour, Theme, mix
from kindergarten.viewer.model.camera import Camera
from kindergarten.world.codes import Kind, Signal
from kindergarten.world.users import MAX_STEERING

FINE = 3  # times as many pixels while drawing
CAR_LEAST, CYCLIST_LEAST = 34.0, 24.0  # [px] no figure is shorter than this, however far the camera
BRAKING = -0.8  # [m/s^2] below this the brake lights are on
CYCLIST_LARGER = 1.35  # a cyclist's body is drawn this much larger than its box
HALF = 3.6  # [m] from the middle of a figure to the edge of its picture
LONGEST = 20.0  # [m] of a body; a longer one is cut off
SIZE_STEP = 0.02  # figures grow in steps of this ratio
HEADINGS, FRACTIONS = 720, 24  # steps of a whole turn; of an arm and of the front wheels
KEPT = 1 << 22  # [px] of pictures that are kept


class Pen:
    """Draws shapes given in metres from the middle of a body: x ahead, y to the left."""

    def __init__(self, size: int, scale: float, right: float, up: float) -> None:
        """``scale`` [px/m]; (right, up): where the body points to in the picture."""
        self.surface = pygame.Surface((size, size), pygame.SRCALPHA, 32)
        self.scale, self._right, self._up, self._middle = scale, right, up, size / 2

    def at(self, x: float, y: float) -> tuple[float, float]:
        """Pixels of a point."""
        right, up = x * self._right - y * self._up, x * self._up + y * self._right
        return self._middle + right * self.scale, self._middle - up * self.scale

    def polygon(self, colour: Colour, points: list[tuple[float, float]]) -> None:
        """A filled polygon."""
        pygame.draw.polygon(self.surface, colour, [self.at(x, y) for x, y in points])

    def circle(self, colour: Colour, x: float, y: float, radius: float) -> None:
        """A filled circle."""
        pygame.draw.circle(self.surface, colour, self.at(x, y), max(radius * self.scale, 1.0))

    def glow(self, colour: Colour, x: float, y: float, radius: float) -> None:
        """Light around a point, thinner and thinner."""
        for k in range(5, 0, -1):
            share = 0.5 * (1.0 - k / 6) ** 2 + 0.06
            shade = tuple(round(c * share) for c in (*colour, 255))  # premultiplied
            pygame.draw.circle(self.surface, shade, self.at(x, y), radius * k / 5 * self.scale)

    def rounded(self, colour: Colour, box: tuple[float, float, float, float], corner: float, turn: float = 0.0) -> None:
        """A rectangle x0, y0, x1, y1 with round corners, turned around its middle by ``turn`` [rad]."""
        x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
        a, b = (box[2] - box[0]) / 2 - corner, (box[3] - box[1]) / 2 - corner
        cos, sin = math.cos(turn), math.sin(turn)
        points = []
        for quarter, (p, q) in enumerate(((a, b), (-a, b), (-a, -b), (a, -b))):
            for step in range(4):
                angle = (quarter + step / 3) * math.pi / 2
                dx, dy = p + corner * math.cos(angle), q + corner * math.sin(angle)
                points.append((x + dx * cos - dy * sin, y + dx * sin + dy * cos))
        self.polygon(colour, points)

    def limb(self, colour: Colour, a: tuple[float, float], b: tuple[float, float], width: float) -> None:
        """A line with round ends."""
        length = max(math.hypot(b[0] - a[0], b[1] - a[1]), 1e-6)
        dx, dy = -(b[1] - a[1]) / length * width / 2, (b[0] - a[0]) / length * width / 2
        self.polygon(
            colour,
            [(a[0] + dx, a[1] + dy), (b[0] + dx, b[1] + dy), (b[0] - dx, b[1] - dy), (a[0] - dx, a[1] - dy)],
        )
        self.circle(colour, *a, width / 2)
        self.circle(colour, *b, width / 2)


class Figures:
    """Draws road users; keeps the pictures, since most look as they did a moment ago."""

    def __init__(self) -> None:
        self._kept: dict[tuple[object, ...], pygame.Surface] = {}
        self._pixels = 0

    def draw(
        self,
        surface: pygame.Surface,
        camera: Camera,
        user: np.void,
        theme: Theme,
        body: Colour,
        arm: float = 0.0,
        steering: float = 0.0,
        opacity: float = 1.0,
    ) -> None:
        """Draw one road user.

        Args:
            user: a row of ROAD_USER.
            body: colour of the car or of the jacket.
            arm: how far it holds an arm out, 1 to the left, -1 to the right.
            steering: [rad] of the front wheel or wheels, to the left.
            opacity: 0..1.
        """
        if user["kind"] == Kind.NOBODY or opacity <= 0.004:
            return
        x, y = camera.locate(user["x"], user["y"])
        pose = _pose(camera, user, arm, steering)
        half = math.ceil(max(HALF, min(pose.length, LONGEST) / 2 + 1.3) * pose.scale) + 1
        if not (-half < x < camera.width + half and -half < y < camera.height + half):
            return
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


def _pose(camera: Camera, user: np.void, arm: float, steering: float) -> Pose:
    kind = Kind(int(user["kind"]))
    cyclist = kind is Kind.CYCLIST
    scale = camera.scale * (CYCLIST_LARGER if cyclist else 1.0)
    scale = max(scale, (CYCLIST_LEAST if cyclist else CAR_LEAST) / max(float(user["length"]), 1.0))
    right = float(user["cos"]) * camera.cos + float(user["sin"]) * camera.sin
    up = float(user["sin"]) * camera.cos - float(user["cos"]) * camera.sin
    return Pose(
        kind,
        math.exp(round(math.log(scale) / SIZE_STEP) * SIZE_STEP),
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
    if pose.kind is Kind.CYCLIST:
        _cyclist(pen, pose, body, theme)
    elif pose.kind is Kind.TRUCK:
        _truck(pen, pose, body, theme)
    else:
        _car(pen, pose, body, theme)
    return pygame.transform.smoothscale(pen.surface, (2 * half, 2 * half))


def _shadow(pen: Pen, length: float, width: float) -> None:
    """Falls to the lower right of the picture, whichever way the body points."""
    points = [
        (length / 2, width / 2),
        (-length / 2, width / 2),
        (-length / 2, -width / 2),
        (length / 2, -width / 2),
    ]
    shift = 0.16 * pen.scale
    pixels = [pen.at(x, y) for x, y in points]
    pygame.draw.polygon(pen.surface, (0, 0, 0, 62), [(x + shift, y + shift) for x, y in pixels])


def _car(pen: Pen, pose: Pose, body: Colour, theme: Theme) -> None:
    front, side = pose.length / 2, pose.width / 2
    _shadow(pen, 2 * front, 2 * side)
    _glows(pen, pose, theme)
    turn = pose.steering / FRACTIONS * MAX_STEERING
    for x, angle in ((front - 0.85, turn), (0.85 - front, 0.0)):
        for y in (side - 0.04, 0.04 - side):
            pen.rounded(theme.tyre, (x - 0.36, y - 0.14, x + 0.36, y + 0.14), 0.08, angle)
    pen.rounded(mix(body, DARKNESS, 0.35), (-front, -side, front, side), 0.55)
    pen.rounded(body, (0.07 - front, 0.07 - side, front - 0.07, side - 0.07), 0.5)
    _cabin(pen, front, side, body, theme)
    _lamps(pen, pose, theme)


def _truck(pen: Pen, pose: Pose, body: Colour, theme: Theme) -> None:
    """A cab, and behind it a box that is as high as it looks."""
    front, side = pose.length / 2, pose.width / 2
    _shadow(pen, 2 * front, 2 * side)
    _glows(pen, pose, theme)
    turn = pose.steering / FRACTIONS * MAX_STEERING
    for x, angle in ((front - 1.2, turn), (1.6 - front, 0.0), (2.9 - front, 0.0)):
        for y in (side - 0.02, 0.02 - side):
            pen.rounded(theme.tyre, (x - 0.5, y - 0.17, x + 0.5, y + 0.17), 0.08, angle)
    cab = front - 2.1
    pen.rounded(mix(body, DARKNESS, 0.35), (cab - 0.2, -side, front, side), 0.35)
    pen.rounded(body, (cab - 0.2, 0.08 - side, front - 0.08, side - 0.08), 0.3)
    pen.rounded(theme.glass, (front - 0.85, 0.2 - side, front - 0.3, side - 0.2), 0.15)
    box = mix(body, WHITE, 0.55)
    pen.rounded(mix(box, DARKNESS, 0.4), (-front, -side, cab - 0.25, side), 0.12)
    pen.rounded(box, (0.1 - front, 0.1 - side, cab - 0.35, side - 0.1), 0.08)
    for x in range(1, int(cab - 0.25 + front)):
        pen.limb(mix(box, DARKNESS, 0.12), (x - front, 0.15 - side), (x - front, side - 0.15), 0.05)
    _lamps(pen, pose, theme)


def _glows(pen: Pen, pose: Pose, theme: Theme) -> None:
    """The light around brake lights and indicators that are on."""
    front, side = pose.length / 2, pose.width / 2
    if pose.braking:
        for y in (side - 0.3, 0.3 - side):
            pen.glow(theme.alarm, -front, y, 0.95)
    if pose.lit:
        for x in (front - 0.25, 0.2 - front):
            pen.glow(theme.signal, x, pose.lit * side, 1.7)


def _lamps(pen: Pen, pose: Pose, theme: Theme) -> None:
    """Headlights, tail lights and indicators; a lit indicator is larger than life."""
    front, side = pose.length / 2, pose.width / 2
    for y in (side - 0.38, 0.38 - side):
        pen.rounded(theme.headlight, (front - 0.3, y - 0.2, front - 0.08, y + 0.2), 0.08)
        tail, size = (theme.alarm, 0.3) if pose.braking else (theme.tail, 0.2)
        pen.rounded(tail, (0.04 - front, y - size, 0.04 - front + size, y + size), 0.06)
    for y in (side, -side):
        for x in (front - 0.3, 0.25 - front):
            on = y * pose.lit > 0
            if on:
                pen.circle(DARKNESS, x, y * 0.92, 0.42)
            pen.circle(theme.signal if on else theme.lamp, x, y * 0.92, 0.35 if on else 0.13)
            if on:
                pen.circle((255, 214, 120), x, y * 0.92, 0.16)


def _cabin(pen: Pen, front: float, side: float, body: Colour, theme: Theme) -> None:
    """Windows all around and the roof between them."""
    ahead, behind = front * 0.36, -front * 0.72
    pen.polygon(
        theme.glass,
        [
            (ahead, side * 0.86),
            (ahead + 0.12, 0.0),
            (ahead, -side * 0.86),
            (behind, -side * 0.8),
            (behind, side * 0.8),
        ],
    )
    pen.rounded(mix(body, WHITE, 0.12), (behind + 0.42, -side * 0.68, ahead - 0.62, side * 0.68), 0.22)
    pen.limb(mix(body, DARKNESS, 0.22), (ahead + 0.35, side * 0.5), (front - 0.5, side * 0.42), 0.05)
    pen.limb(mix(body, DARKNESS, 0.22), (ahead + 0.35, -side * 0.5), (front - 0.5, -side * 0.42), 0.05)


def _cyclist(pen: Pen, pose: Pose, jacket: Colour, theme: Theme) -> None:
    _shadow(pen, 1.3, 0.5)
    arm, turn = pose.arm / FRACTIONS, pose.steering / FRACTIONS * MAX_STEERING
    for x, angle in ((-0.55, 0.0), (0.55, turn)):
        pen.rounded(theme.tyre, (x - 0.35, -0.07, x + 0.35, 0.07), 0.06, angle)
    pen.limb(theme.frame, (-0.5, 0.0), (0.52, 0.0), 0.08)
    pen.limb(theme.tyre, (0.44, 0.33), (0.44, -0.33), 0.09)
    dark = mix(jacket, DARKNESS, 0.4)
    for side in (1.0, -1.0):
        shoulder, grip = (0.06, 0.24 * side), (0.42, 0.29 * side)
        if (out := max(arm * side, 0.0)) > 0.0:  # the hand goes from the handlebar to far out
            hand = (grip[0] + out * (0.1 - grip[0]), grip[1] + out * (1.4 * side - grip[1]))
            pen.limb(DARKNESS, shoulder, hand, 0.36)
            pen.limb(theme.signal, shoulder, hand, 0.25)
            pen.circle(DARKNESS, *hand, 0.26)
            pen.circle(theme.helmet, *hand, 0.19)
        else:
            pen.limb(dark, shoulder, grip, 0.16)
            pen.circle(theme.helmet, *grip, 0.09)
    pen.rounded(dark, (-0.5, -0.26, 0.0, 0.26), 0.24)
    pen.rounded(dark, (-0.34, -0.38, 0.24, 0.38), 0.27)
    pen.rounded(jacket, (-0.29, -0.33, 0.19, 0.33), 0.23)
    pen.circle(DARKNESS, 0.16, 0.0, 0.235)
    pen.circle(theme.helmet, 0.16, 0.0, 0.19)
    pen.limb(mix(theme.helmet, DARKNESS, 0.3), (0.06, 0.0), (0.26, 0.0), 0.05)
