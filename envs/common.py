"""What the shells share: from keyword arguments to a simulator and its spaces."""

from __future__ import annotations

from typing import Any

import numpy as np
from gymnasium import spaces

from kindergarten.codes import Observation
from kindergarten.config import Config, Scenario
from kindergarten.observation import NUM_EGO, NUM_USER
from kindergarten.scenarios import scenario_named
from kindergarten.simulator import Simulator

RENDER_MODES = ["rgb_array", "human"]
Seen = Any
"""What an environment returns of a frame: see ``as_seen``."""


def build(scenario: str | Scenario, num_worlds: int, config: Config) -> Simulator:
    """A simulator of ``scenario``, given itself or by name.

    Raises:
        ValueError: there is no such scenario.
    """
    chosen = scenario if isinstance(scenario, Scenario) else scenario_named(scenario)
    return Simulator(chosen, num_worlds, config)


def observation_space(simulator: Simulator, observation: Observation) -> spaces.Box | spaces.Dict:
    """What ``as_seen`` returns of one world: a Box, float32 (D,), or a Dict of ego, users and mask."""
    bounds = simulator.observation_low, simulator.observation_high
    if observation is Observation.FEATURES:
        return spaces.Box(*bounds, dtype=np.float32)
    low, high = (as_seen(bound, observation) for bound in bounds)
    boxes = {name: spaces.Box(low[name], high[name], dtype=np.float32) for name in ("ego", "users")}
    return spaces.Dict({**boxes, "mask": spaces.MultiBinary(simulator.num_users - 1)})


def as_seen(frames: np.ndarray, observation: Observation) -> Any:
    """Frames (..., D) as the agent asked for them.

    FEATURES: as they are. USERS: a dict of the same numbers, "ego" (..., NUM_EGO), "users" (..., N - 1, NUM_USER), and
    "mask" (..., N - 1) int8, 1 for those in sight; the rows of the others are 0.
    """
    if observation is Observation.FEATURES:
        return frames
    users = frames[..., NUM_EGO:].reshape(*frames.shape[:-1], -1, NUM_USER)
    return {"ego": frames[..., :NUM_EGO], "users": users, "mask": users[..., 0].astype(np.int8)}


def action_space(simulator: Simulator) -> spaces.Space:
    """Discrete(5), in the order of ``Action``; or Box(2), acceleration and steering."""
    return spaces.Discrete(5) if simulator.discrete else spaces.Box(-1.0, 1.0, (2,), np.float32)


def check_render_mode(mode: str | None, modes: list[str]) -> None:
    """Refuse a render mode that does not exist.

    Raises:
        ValueError: names it and the choices.
    """
    if mode is not None and not (isinstance(mode, str) and mode in modes):
        raise ValueError(f"unknown render_mode {mode!r}: choose from None, {', '.join(modes)}")


def check_options(options: dict[str, Any] | None, known: tuple[str, ...]) -> dict[str, Any]:
    """``options`` of a reset, if all its keys are known.

    Raises:
        ValueError: names the unknown key and the choices.
    """
    options = options or {}
    for key in options:
        if key not in known:
            raise ValueError(f"unknown option {key!r}: choose from {', '.join(known)}")
    return options
