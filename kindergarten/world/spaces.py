"""What an agent sees of a simulator's worlds, and what it may do, as Gymnasium's spaces say it."""

from __future__ import annotations

from typing import Any

import numpy as np
from gymnasium import spaces

from kindergarten.world.codes import Observation
from kindergarten.world.config import Config
from kindergarten.world.observation import NUM_EGO, NUM_USER, SEEN
from kindergarten.world.pixels import Rasterizer
from kindergarten.world.simulator import Simulator

Observed = Any
"""What an agent sees of a frame: an array, or a dict of arrays; see ``Observer``."""


class Observer:
    """How an agent sees the worlds of a simulator: as ``config`` says, which may be the simulator's own or another.

    FEATURES: frames as they are. USERS: a dict of the same numbers, "ego" (..., NUM_EGO), "users" (..., N - 1,
    NUM_USER), and "mask" (..., N - 1) float32, 1 for those in sight; the rows of the others are 0. PIXELS: pictures
    (..., H, W, C) uint8.

    Attributes:
        space: of what is seen of one world.
    """

    def __init__(self, simulator: Simulator, config: Config) -> None:
        self._simulator, self._observation = simulator, config.observation
        drawn = self._observation is Observation.PIXELS
        self._rasterizer = Rasterizer(simulator.road, config.image_size, config.grayscale) if drawn else None
        self.space = self._space()

    def observe(self, frames: np.ndarray, w: int | None = None) -> Observed:
        """Frames (W, D) of all worlds as they stand, or (D,) of world ``w``, as the agent asked for them."""
        if self._rasterizer is not None:
            users = self._simulator.users if w is None else self._simulator.users[w : w + 1]
            images = self._rasterizer.paint(users, np.atleast_2d(frames))
            return images if w is None else images[0]
        return parted(frames) if self._observation is Observation.USERS else frames

    def _space(self) -> spaces.Space:
        if self._rasterizer is not None:
            return spaces.Box(0, 255, self._rasterizer.shape, np.uint8)
        bounds = self._simulator.observation_low, self._simulator.observation_high
        if self._observation is Observation.FEATURES:
            return spaces.Box(*bounds, dtype=np.float32)
        low, high = map(parted, bounds)
        boxes = {name: spaces.Box(low[name], high[name], dtype=np.float32) for name in ("ego", "users")}
        return spaces.Dict({**boxes, "mask": spaces.Box(0.0, 1.0, (self._simulator.num_users - 1,), np.float32)})


def channels_last(space: spaces.Space | None) -> spaces.Space | None:
    """``space`` as the environments paint it, (H, W, C), if it is Stable-Baselines3's (C, H, W) of pictures.

    Its models turn every picture that they are shown, and speak of them as turned.
    """
    if not isinstance(space, spaces.Box) or len(space.shape) != 3 or space.shape[0] > 3 or space.shape[2] <= 3:
        return space
    low, high = (np.moveaxis(limit, 0, -1) for limit in (space.low, space.high))
    return spaces.Box(low, high, dtype=space.dtype.type)


def settings_for(observation_space: spaces.Space | None, actions: spaces.Space | None) -> dict[str, Any]:
    """The environment's keywords that give an agent of these spaces what it takes; as far as its spaces tell."""
    settings: dict[str, Any] = {}
    if isinstance(observation_space, spaces.Dict):
        settings["observation"] = "users"
    elif isinstance(observation_space, spaces.Box) and len(observation_space.shape) == 3:
        height, width, channels = observation_space.shape
        settings |= {"observation": "pixels", "image_size": (height, width), "grayscale": channels == 1}
    if isinstance(actions, spaces.Box):
        settings["control"] = "continuous"
    return settings


def parted(frames: np.ndarray) -> dict[str, np.ndarray]:
    """Frames (..., D) with a row for each road user."""
    users = frames[..., NUM_EGO:].reshape(*frames.shape[:-1], -1, NUM_USER)
    return {"ego": frames[..., :NUM_EGO], "users": users, "mask": users[..., SEEN]}


def action_space(simulator: Simulator) -> spaces.Space:
    """Discrete(5), in the order of ``Action``; or Box(2), acceleration and steering."""
    return spaces.Discrete(5) if simulator.discrete else spaces.Box(-1.0, 1.0, (2,), np.float32)
