"""Worlds of others, for the race of benchmarks.simulator. What is not installed does not take part, and says so.

They are never among the extras, for they pin what we do not: ``python -m venv others``, ``pip install -e '.[agents]'
highway-env minigrid metadrive-simulator``. MetaDrive fetches its models when it starts for the first time.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from importlib import import_module
from typing import Any

import gymnasium

from benchmarks.common import Done, Work

HIGHWAY, HIGHWAY_CLOCK = "highway-env intersection-v0", "highway-env, 2 physics steps per decision"
METADRIVE, MINIGRID = "MetaDrive, one map", "MiniGrid-MemoryS13-v0"


def single(env: Any, steps: int, count: Callable[[], int] = lambda: 0) -> Work:
    """One environment as it is made, wrappers and all; ``count``: the physics steps of road users in a decision."""
    env.reset(seed=0)
    env.action_space.seed(0)
    todo, at = [env.action_space.sample() for _ in range(251)], 0

    def work() -> Done:
        nonlocal at
        user_steps = 0
        for _ in range(steps):
            at = (at + 1) % len(todo)
            _, _, terminated, truncated, _ = env.step(todo[at])
            user_steps += count()
            if terminated or truncated:
                env.reset()
        return Done(steps, user_steps)

    return work


def highway(steps: int, **config: float) -> Work:
    """highway-env's junction; its vehicles come and go and are counted as they drive."""
    import_module("highway_env")  # registers
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it says that there is a v2
        env: Any = gymnasium.make("intersection-v0", config=config)
    core = env.unwrapped
    substeps = core.config["simulation_frequency"] // core.config["policy_frequency"]
    return single(env, steps, lambda: len(core.road.vehicles) * substeps)


def metadrive(steps: int) -> Work:
    """MetaDrive with its defaults, on one of its maps: nothing is drawn, the car sees by lidar."""
    env = import_module("metadrive").MetaDriveEnv({"num_scenarios": 1, "log_level": 50})
    return single(env, steps, lambda: len(env.engine.traffic_manager.vehicles) * env.config["decision_repeat"])


def minigrid(steps: int) -> Work:
    """MiniGrid's corridor, whose end has to be chosen by what lay at its beginning."""
    import_module("minigrid")  # registers
    return single(gymnasium.make(MINIGRID), steps)


def entries() -> dict[str, Work]:
    """Those that are installed."""
    makers: dict[str, Callable[[], Work]] = {
        HIGHWAY: lambda: highway(5),
        HIGHWAY_CLOCK: lambda: highway(20, simulation_frequency=10, policy_frequency=5),
        METADRIVE: lambda: metadrive(50),
        MINIGRID: lambda: minigrid(500),
    }
    found = {}
    for name, make in makers.items():
        try:
            found[name] = make()
        except (ModuleNotFoundError, OSError) as error:
            print(f"{name} is left out: {error}")
    return found
