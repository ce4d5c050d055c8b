"""What the tests of replays share: twins, and a replay of whatever drives them and says what it thinks."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from kindergarten.playground import PLAYGROUNDS
from kindergarten.playground.drivers import Deed
from kindergarten.playground.rules import make_rules
from kindergarten.playground.world import Playground
from kindergarten.replay.episode import Recorder
from kindergarten.replay.replay import Replay
from kindergarten.replay.seats import SeatsRecorder, replay_of
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


def told_at_once() -> Replay:
    """Two who are shown each other's goals: in the very first frame something happens."""
    playground = Playground(PLAYGROUNDS["Meeting"], rules=make_rules(signals="told"))
    playground.seed(np.array([3]))
    playground.reset()
    recorder = SeatsRecorder(playground, seed=3)
    while playground.acting().any():
        deeds = np.full((1, 2), Deed.IDLE)
        playground.step(deeds)
        recorder.record(deeds[0], {})
    return replay_of(playground, recorder.episodes(), "idle")
