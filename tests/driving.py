"""What the tests of the world share: making batches, and drivers to drive them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import numpy as np
from numba.extending import is_jitted

from kindergarten.world.codes import Action, Control, End, Intent
from kindergarten.world.config import Config, Scenario
from kindergarten.world.dynamics import steering_towards
from kindergarten.world.simulator import Simulator, Step
from kindergarten.world.users import MAX_STEERING

JIT = is_jitted(steering_towards)
#: How many times as many examples as `make test` draws: `make slow` asks for more of them.
EXAMPLES = int(os.environ.get("KINDERGARTEN_EXAMPLES", "1"))
Driver = Callable[[Simulator], np.ndarray]


def sample(many: int, few: int) -> int:
    """How many worlds to try: ``many`` with compiled kernels, ``few`` without; more where more are asked for."""
    return EXAMPLES * (many if JIT else few)


def batch(scenario: Scenario, seeds: np.ndarray, config: Config | None = None) -> Simulator:
    """A simulator, reset, with one world for each of ``seeds``."""
    simulator = Simulator(scenario, len(seeds), config)
    simulator.seed(seeds)
    simulator.reset()
    return simulator


def steadily(action: Action) -> Driver:
    """Always the same meta-action."""
    return lambda simulator: np.full(simulator.num_worlds, action)


def at_random(seed: int = 0) -> Driver:
    """Any action, whatever the control: mostly IDLE, or any pedal and a hand that is not quite steady."""
    rng = np.random.default_rng(seed)

    def act(simulator: Simulator) -> np.ndarray:
        if simulator.config.control is Control.CONTINUOUS:
            return rng.uniform(-1.0, 1.0, (simulator.num_worlds, 2)) * (1.0, 0.02)
        return rng.choice(5, simulator.num_worlds, p=(0.1, 0.6, 0.1, 0.1, 0.1))

    return act


def along_the_route(pedal: float = 0.0, way: Intent | None = None) -> Driver:
    """Continuous control that steers along the ego's route, or along that of another way."""

    def act(simulator: Simulator) -> np.ndarray:
        actions = np.full((simulator.num_worlds, 2), pedal)
        for action, users in zip(actions, simulator.users, strict=True):
            ego = users[:1].copy()[0]
            if way is not None:
                ego["route"] = simulator.params[0]["branches"][way]
            action[1] = steering_towards(ego, simulator.road.points, 0.0) / MAX_STEERING
        return actions

    return act


def drive(simulator: Simulator, driver: Driver, most: int = 2000) -> Iterator[Step]:
    """Step until every world has ended."""
    for _ in range(most):
        yield simulator.step(driver(simulator))
        if (simulator.worlds["end"] != End.RUNNING).all():
            return
    raise AssertionError(f"a world still runs after {most} decisions")


def same(a: np.ndarray, b: np.ndarray) -> bool:
    """Whether two arrays are the same bit for bit: NaN equals NaN, 0 is not -0."""
    a, b = np.asarray(a), np.asarray(b)  # of one world success is a bool
    return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
