"""What the tests of the shells share: making one of each kind, and actions to step it with."""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np
import pytest

import kindergarten
from kindergarten.envs import KindergartenEnv, KindergartenVectorEnv
from kindergarten.world.codes import Control, names
from kindergarten.world.simulator import Simulator

FOLLOW, CROSSING = "Kindergarten/Follow-v0", "Kindergarten/Crossing-v0"
QUICK = dict(delay_s=0.4)  # short episodes
ids = pytest.mark.parametrize("id", kindergarten.IDS)
controls = pytest.mark.parametrize("control", names(Control))


def make(id: str = CROSSING, **kwargs: Any) -> KindergartenEnv:
    env = gymnasium.make(id, **kwargs).unwrapped
    assert isinstance(env, KindergartenEnv)
    return env


def make_vec(id: str = CROSSING, num_envs: int = 3, **kwargs: Any) -> KindergartenVectorEnv:
    envs = gymnasium.make_vec(id, num_envs=num_envs, **kwargs)
    assert isinstance(envs, KindergartenVectorEnv)
    return envs


def make_sb3(id: str, num_envs: int, **kwargs: Any) -> Any:
    """Typed as anything: to SB3 an observation may be a dict, too."""
    from kindergarten.envs import make_sb3  # torch comes along

    return make_sb3(id, num_envs, **kwargs)


def actions_for(simulator: Simulator, rng: np.random.Generator) -> np.ndarray:
    """Any actions (W,) or (W, 2), braking more often than not, so that episodes end in more than one way."""
    if simulator.discrete:
        return rng.choice(5, simulator.num_worlds, p=(0.1, 0.3, 0.1, 0.1, 0.4))
    return rng.uniform((-1.0, -0.1), (0.5, 0.1), (simulator.num_worlds, 2)).astype(np.float32)
