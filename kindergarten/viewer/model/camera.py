"""From metres to pixels. The ego sets out to the right, so that the picture reads like a line of text."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from kindergarten.viewer.model.frame import Frame
from kindergarten.viewer.model.story import Story
from kindergarten.viewer.model.view import View

WIDEST, CLOSEST, USUAL = 3.6, 13.0, 960  # [px/m] in a picture of the usual width [px]
ZOOM = 1.15, 0.4, 4.0  # closer by one notch; the limits
AHEAD, BEFORE, BESIDE = 0.74, 0.28, 0.2  # of the picture: what lies ahead; how far the ego is from the middle
LEVEL = 1.08  # from one level of zoom to the next


@dataclass(frozen=True)
class Camera:
    """A view from above.

    x, y: [m] what is in the middle.
    scale: [px/m].
    cos, sin: direction in the world that points to the right in the picture.
    width, height: [px].
    level: [px/m] at least ``scale``; a camera that zooms all the time keeps it for a while, and so does the ground.
    """

    x: float
    y: float
    scale: float
    cos: float
    sin: float
    width: int
    height: int
    level: float

    def project(self, points: np.ndarray) -> np.ndarray:
        """Pixels (K, 2) of points (K, 2) in metres."""
        dx, dy = points[:, 0] - self.x, points[:, 1] - self.y
        right, up = dx * self.cos + dy * self.sin, dy * self.cos - dx * self.sin
        return np.stack([self.width / 2 + self.scale * right, self.height / 2 - self.scale * up], axis=1)

    def locate(self, x: float, y: float) -> tuple[float, float]:
        """The pixel of one point in metres."""
        dx, dy = float(x) - self.x, float(y) - self.y
        right, up = dx * self.cos + dy * self.sin, dy * self.cos - dx * self.sin
        return self.width / 2 + self.scale * right, self.height / 2 - self.scale * up

    def heading(self, user: np.void) -> tuple[float, float]:
        """Where a road user is heading in the picture: how far to the right and up, of 1."""
        cos, sin = float(user["cos"]), float(user["sin"])
        return cos * self.cos + sin * self.sin, sin * self.cos - cos * self.sin

    def unproject(self, points: np.ndarray) -> np.ndarray:
        """Metres (K, 2) of pixels (K, 2)."""
        right = (points[:, 0] - self.width / 2) / self.scale
        up = (self.height / 2 - points[:, 1]) / self.scale
        x = self.x + right * self.cos - up * self.sin
        return np.stack([x, self.y + right * self.sin + up * self.cos], axis=1)

    def times(self, factor: int) -> Camera:
        """The same view with ``factor`` times as many pixels."""
        size = {"width": self.width * factor, "height": self.height * factor}
        return replace(self, scale=self.scale * factor, level=self.level * factor, **size)


def camera_of(story: Story, frame: Frame, size: tuple[int, int], view: View) -> Camera:
    """The camera that a view asks for."""
    return follow(story, frame, size, view.zoom) if view.follow else overview(story, size, view.zoom)


def outlook(story: Story, ego: np.void) -> tuple[float, float]:
    """How far [m] to look ahead of the ego, and beside it: whoever comes from there comes on."""
    middle = story.to_middle(ego)
    ahead = max(min(middle + max(story.beyond, 0.0), story.reach) + 12.0, 50.0)
    return ahead, story.aside * max(middle, 10.0) + 9.0


def follow(story: Story, frame: Frame, size: tuple[int, int], zoom: float = 1.0) -> Camera:
    """Goes with the ego and looks ahead: far while the signaller is far, near at the junction.

    It depends on the ego and on what the ego could see, so that it gives no intent away.
    """
    width, height = size
    ego = frame.users[0]
    ahead, aside = outlook(story, ego)
    scale = min(max(AHEAD * width / ahead, WIDEST * width / USUAL), CLOSEST * width / USUAL)
    scale = min(scale, 0.5 * height / aside)
    steps = math.floor(math.log(CLOSEST * width / USUAL / scale) / math.log(LEVEL) + 1e-9)
    level = max(CLOSEST * width / USUAL / LEVEL**steps, scale) * zoom
    scale *= zoom
    x, y, (cos, sin) = float(ego["x"]), float(ego["y"]), story.heading
    camera = Camera(x, y, scale, cos, sin, width, height, level)
    right, up = camera.heading(ego)
    right, up = BEFORE * width * right / scale, BESIDE * height * up / scale
    return replace(camera, x=x + right * cos - up * sin, y=y + right * sin + up * cos)


def overview(story: Story, size: tuple[int, int], zoom: float = 1.0) -> Camera:
    """Stands still and shows the whole junction, or all of them."""
    (width, height), (cos, sin) = size, story.heading
    x, y, across, along = extent(story)
    scale = min(width / across, height / along) * zoom
    return Camera(x, y, scale, cos, sin, width, height, scale)


def extent(story: Story) -> tuple[float, float, float, float]:
    """The middle x, y of all junctions, and how much [m] there is to show along the way and across."""
    cos, sin = story.heading
    x, y, radius = story.road.junctions.T
    right, up = x * cos + y * sin, y * cos - x * sin
    middle = (float(np.min(part - radius) + np.max(part + radius)) / 2 for part in (right, up))
    across, along = (float(np.max(part + radius) - np.min(part - radius)) for part in (right, up))
    right, up = middle
    return right * cos - up * sin, right * sin + up * cos, across + 84.0, along + 46.0


def close_up(story: Story, user: np.void, size: tuple[int, int]) -> Camera:
    """Looks at one road user."""
    width, height = size
    reach = 5.7 if user["length"] < 3 else 8.0  # [m] from side to side: a cyclist's arms are in it
    scale = math.floor(height / reach)
    return Camera(float(user["x"]), float(user["y"]), scale, *story.heading, width, height, scale)
