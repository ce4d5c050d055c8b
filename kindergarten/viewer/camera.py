"""From metres to pixels. The ego sets out to the right, so that the picture reads like a line of text."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from kindergarten.viewer.frame import Frame, Story

WIDEST, CLOSEST = 3.6, 13.0  # [px/m] at a width of 960 px


@dataclass(frozen=True)
class Camera:
    """A view from above.

    x, y: [m] what is in the middle.
    scale: [px/m].
    cos, sin: direction in the world that points to the right in the picture.
    width, height: [px].
    """

    x: float
    y: float
    scale: float
    cos: float
    sin: float
    width: int
    height: int

    def project(self, points: np.ndarray) -> np.ndarray:
        """Pixels (K, 2) of points (K, 2) in metres."""
        dx, dy = points[:, 0] - self.x, points[:, 1] - self.y
        right, up = dx * self.cos + dy * self.sin, dy * self.cos - dx * self.sin
        return np.stack([self.width / 2 + self.scale * right, self.height / 2 - self.scale * up], axis=1)

    def unproject(self, points: np.ndarray) -> np.ndarray:
        """Metres (K, 2) of pixels (K, 2)."""
        right = (points[:, 0] - self.width / 2) / self.scale
        up = (self.height / 2 - points[:, 1]) / self.scale
        x = self.x + right * self.cos - up * self.sin
        return np.stack([x, self.y + right * self.sin + up * self.cos], axis=1)

    def times(self, factor: int) -> Camera:
        """The same view with ``factor`` times as many pixels."""
        return Camera(
            self.x, self.y, self.scale * factor, self.cos, self.sin, self.width * factor, self.height * factor
        )


def follow(story: Story, frame: Frame, size: tuple[int, int], zoom: float = 1.0) -> Camera:
    """Goes with the ego and looks ahead: far while the signaller is far, near at the junction.

    It depends on the ego and on what the ego could see, so that it gives no intent away.
    """
    width, height = size
    ego = frame.users[0]
    to_middle = story.road.entry + story.road.half_width - float(ego["s"])  # [m]
    ahead = max(min(to_middle + max(story.beyond, 0.0), story.reach) + 12.0, 50.0)  # [m] to show before it
    scale = min(max(0.74 * width / ahead, WIDEST * width / 960), CLOSEST * width / 960) * zoom
    cos, sin = story.heading
    right = float(ego["cos"]) * cos + float(ego["sin"]) * sin
    up = float(ego["sin"]) * cos - float(ego["cos"]) * sin
    right, up = 0.28 * width * right / scale, 0.2 * height * up / scale
    x, y = float(ego["x"]) + right * cos - up * sin, float(ego["y"]) + right * sin + up * cos
    return Camera(x, y, scale, cos, sin, width, height)


def overview(story: Story, frame: Frame, size: tuple[int, int], zoom: float = 1.0) -> Camera:
    """Stands still and shows the whole junction."""
    width, height = size
    scale = min(width / 100.0, height / 62.0) * zoom
    return Camera(0.0, 0.0, scale, *story.heading, width, height)


def close_up(story: Story, user: np.void, size: tuple[int, int]) -> Camera:
    """Looks at one road user."""
    width, height = size
    reach = 5.2 if user["length"] < 3 else 9.0  # [m] from side to side
    return Camera(float(user["x"]), float(user["y"]), math.floor(height / reach), *story.heading, width, height)
