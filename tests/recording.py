"""What the tests of replays share: twins, and a replay of whatever drives them and says what it thinks."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from kindergarten.replay.episode import Recorder
from kindergarten.replay.replay import Replay
from kindergarten.replay.thoughts import Thoughts
from kindergarten.scenarios import SCENARIOS
from kindergarten.scoring import planner
from kindergarten.world.config import Config
from kindergarten.world.simulator import Simulator
from tests.driving import Driver


def twins(name: str, seed: int, config: Config | None = None) -> Simulator:
    """One world for each intent of the signaller."""
    return planner.twins(SCENARIOS[name], config or Config(), np.array([seed]))


def record(
    simulator: Simulator,
    driver: Driver,
    thoughts_of: Callable[[int], Thoughts] = lambda w: Thoughts(),
    agent: str = "idle",
    seed: int | None = None,
    decisions: int = 1000,
) -> Replay:
    """A replay of every world, to its end or for so many decisions.

    Args:
        thoughts_of: what whoever drives world ``w`` thinks.
    """
    recorders = [Recorder(simulator, w, seed) for w in range(simulator.num_worlds)]
    while decisions and not simulator.worlds["end"].all():
        actions = driver(simulator)
        simulator.step(actions)
        for w, recorder in enumerate(recorders):
            recorder.record(actions[w], thoughts_of(w))
        decisions -= 1
    return Replay.of(simulator, [recorder.episode() for recorder in recorders], agent)
