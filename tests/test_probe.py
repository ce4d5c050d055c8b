"""A frame of the delay tells nothing: no probe finds the intent in it, though it finds it in frames of the cue."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
import pytest

from kindergarten.scenarios import SCENARIOS
from kindergarten.world.codes import Intent, Phase, Signal
from kindergarten.world.config import Config
from kindergarten.world.simulator import Simulator
from tests.driving import EXAMPLES, at_random, batch, drive

th = pytest.importorskip("torch")
WORLDS = 1500 * EXAMPLES  # half of them to learn from


@lru_cache
def frames(name: str) -> tuple[Simulator, dict[Phase, tuple[np.ndarray, np.ndarray]]]:
    """Worlds as they began; of the first signaller's cue and delay one frame (W, D) of each, drawn by lot, and the
    intent (W,).

    A random driver drives.
    """
    scenario = SCENARIOS[name]
    simulator = batch(scenario, 10_000_000 + np.arange(WORLDS), Config())
    rows = np.arange(WORLDS), simulator.worlds["signaller"].copy()
    start = Simulator(scenario, WORLDS)
    start.restore(simulator.snapshot())
    labels = start.users["intent"][rows]
    phases = (Phase.CUE, Phase.DELAY)
    dice = {phase: np.random.default_rng(0) for phase in phases}
    count = {phase: np.zeros(WORLDS) for phase in phases}
    found = {phase: simulator.observe().copy() for phase in phases}
    for step in drive(simulator, at_random(1)):
        users = simulator.users[rows]
        running = (simulator.worlds["end"] == 0) & (simulator.worlds["leg"] == 0)
        for phase in phases:
            here = running & (users["phase"] == phase)
            if phase == Phase.CUE:  # half of the time a lamp is dark
                here &= (users["signal"] != Signal.NONE) | (users["cue_signal"] == Signal.NONE)
            count[phase] += here
            chosen = here & (dice[phase].random(WORLDS) * count[phase] < 1.0)  # each of them is as likely to stay
            found[phase][chosen] = step.observations[chosen]
        if not (running & (users["phase"] != Phase.AFTER)).any():
            break
    assert all((count[phase] > 0).mean() > 0.9 for phase in phases)
    return start, {phase: (found[phase][count[phase] > 0], labels[count[phase] > 0]) for phase in phases}


def accuracy(frames: np.ndarray, labels: np.ndarray, hidden: int) -> float:
    """How often a probe is right about the half of the frames that it has not seen; linear if ``hidden`` is 0."""
    th.manual_seed(0)
    inputs = th.as_tensor((frames - frames.mean(0)) / (frames.std(0) + 1e-3))
    target, half = th.as_tensor(labels), len(labels) // 2
    layers = [th.nn.Linear(inputs.shape[1], hidden), th.nn.ReLU()] if hidden else []
    probe = th.nn.Sequential(*layers, th.nn.Linear(hidden or inputs.shape[1], len(Intent)))
    learner = th.optim.Adam(probe.parameters(), 0.01, weight_decay=1e-4)
    for _ in range(150):
        loss = th.nn.functional.cross_entropy(probe(inputs[:half]), target[:half])
        learner.zero_grad()
        loss.backward()
        learner.step()
    return float((probe(inputs[half:]).argmax(1) == target[half:]).float().mean())


@pytest.mark.drawn
@pytest.mark.parametrize("hidden", [0, 32], ids=["linear", "mlp"])
@pytest.mark.parametrize("name", SCENARIOS)
def test_a_frame_of_the_delay_tells_nothing_and_one_of_the_cue_does(name: str, hidden: int):
    simulator, found = frames(name)
    scores = {phase: accuracy(seen, labels, hidden) for phase, (seen, labels) in found.items()}
    casts = simulator.worlds["cast"]
    chance = float(simulator.casts["chances"][casts, 1].max(1).mean())  # which cast plays, a frame may tell
    bound = 4.0 * math.sqrt(chance * (1.0 - chance) / (WORLDS / 2))
    assert scores[Phase.DELAY] < chance + bound, f"{scores[Phase.DELAY]:.3f} of a chance of {chance:.3f}"
    assert scores[Phase.CUE] > chance + 0.3 * (1.0 - chance), f"{scores[Phase.CUE]:.3f} of a chance of {chance:.3f}"
