"""Driving twins while somebody tampers with what the agent sees or remembers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import torch as th

from kindergarten.agents.diagnose.mind import Mind
from kindergarten.scoring.planner import chances, twins
from kindergarten.world.codes import End, Phase, Signal
from kindergarten.world.config import Config, Scenario
from kindergarten.world.observation import NUM_EGO, NUM_USER, USER_COLUMNS
from kindergarten.world.simulator import Simulator

Show = Callable[[int, np.ndarray], np.ndarray]
"""What the agent is shown instead of the frames (W, D) of that number."""

Touch = Callable[[int, th.Tensor], th.Tensor]
"""What becomes of the state (W, K) before the frame of that number is shown."""

COLUMN = {column.name: k for k, column in enumerate(USER_COLUMNS)}
SIGNALS = [COLUMN["signals_left"], COLUMN["signals_right"]]
COLOURS = [COLUMN[name] for name in ("orange", "blue", "white")]


@dataclass(frozen=True)
class Stage:
    """Every seed with every intent: world ``k * S + j`` is seed j with intent k. W = I * S worlds."""

    scenario: Scenario
    config: Config
    seeds: np.ndarray  # (S,)

    def at(self, delay: float) -> Stage:
        """The same with this delay [s]."""
        return replace(self, config=replace(self.config, delay_s=(delay, delay)))

    @cached_property
    def start(self) -> Simulator:
        """The worlds as they begin. To be looked at, not to be stepped."""
        return twins(self.scenario, self.config, self.seeds)

    @cached_property
    def weights(self) -> np.ndarray:
        """How likely each intent is: (I, S), sums to 1 over the intents."""
        return chances(self.start)

    @property
    def shape(self) -> tuple[int, int]:
        """(I, S)."""
        return len(self.scenario.intents), len(self.seeds)

    @cached_property
    def signaller(self) -> np.ndarray:
        """The record (W,) of whoever has to be remembered, as it begins."""
        return self.start.users[np.arange(self.start.num_worlds), self.start.worlds["signaller"]]

    @cached_property
    def labels(self) -> np.ndarray:
        """Which of the scenario's intents each world has: (W,) 0..I-1."""
        return np.repeat(np.arange(self.shape[0]), self.shape[1])

    @cached_property
    def first_column(self) -> np.ndarray:
        """Where the signaller's columns begin in a frame: (W,)."""
        return NUM_EGO + NUM_USER * (self.start.worlds["signaller"] - 1)

    def frame_of(self, ticks: np.ndarray) -> np.ndarray:
        """The first frame at or after physics steps ``ticks``."""
        return -(-ticks // self.config.substeps)

    @cached_property
    def hands(self) -> np.ndarray:
        """The first frame (W,) at which the agent's decision has any effect."""
        return self.frame_of(self.start.worlds["hands_on"])

    @cached_property
    def ready(self) -> np.ndarray:
        """The same (W,), were the car held until the signal is over, as it is unless ``hands_on``."""
        return replace(self, config=replace(self.config, hands_on=False)).hands

    @cached_property
    def off(self) -> np.ndarray:
        """The first frame (W,) without the signal: t2."""
        return self.frame_of(self.signaller["t2"])

    @property
    def shows(self) -> np.ndarray:
        """Whether a world's signaller shows a signal at all: (W,) bool."""
        return self.signaller["cue_signal"] != Signal.NONE


@dataclass(frozen=True)
class Tape:
    """What an agent saw, said and remembered, T frames of W worlds, and what came of it."""

    frames: np.ndarray  # (T, W, D) as the world showed them, whatever the agent was shown
    outputs: np.ndarray  # (T, W, A)
    states: np.ndarray  # (T, W, K) after each frame
    actions: np.ndarray  # (T, W) or (T, W, 2)
    phases: np.ndarray  # (T, W) Phase of the signaller
    running: np.ndarray  # (T, W) bool, on the first leg
    returns: np.ndarray  # (W,) of the whole episode
    earned: np.ndarray  # (W,) on the first leg
    collided: np.ndarray  # (W,) bool, on whichever leg


@th.no_grad()
def drive(mind: Mind, stage: Stage, show: Show | None = None, touch: Touch | None = None) -> Tape:
    """Drive every world of a stage to its end.

    Args:
        mind: who drives.
        stage: the worlds.
        show: what it is shown instead of what there is.
        touch: what becomes of its memory between the frames.
    """
    simulator = twins(stage.scenario, stage.config, stage.seeds)
    rows, signaller = np.arange(simulator.num_worlds), stage.start.worlds["signaller"]
    state, observations = mind.begin(simulator.num_worlds), simulator.observe()
    columns: list[tuple[np.ndarray, ...]] = []
    returns, earned = np.zeros(simulator.num_worlds), np.zeros(simulator.num_worlds)
    while (simulator.worlds["end"] == End.RUNNING).any():
        t = len(columns)
        seen = observations if show is None else show(t, observations)
        state = state if touch is None else touch(t, state)
        outputs, state = mind.step(th.as_tensor(seen), state)
        actions = mind.act(outputs)
        phases = simulator.users[rows, signaller]["phase"].copy()
        first = (simulator.worlds["end"] == End.RUNNING) & (simulator.worlds["leg"] == 0)
        columns.append((observations, outputs.numpy(), state.numpy(), actions, phases, first))
        observations, rewards, *_ = simulator.step(actions)
        returns += rewards
        earned += rewards * first
    frames, outputs, states, actions, phases, running = (np.stack(column) for column in zip(*columns, strict=True))
    collided = simulator.worlds["end"] == End.COLLISION
    return Tape(frames, outputs, states, actions, phases, running, returns, earned, collided)


def wipe(mind: Mind, at: np.ndarray) -> Touch:
    """Let each world's memory be empty again before frame ``at`` (W,)."""
    blank = mind.begin(len(at))
    return lambda t, state: th.where(th.as_tensor(at == t)[:, None], blank, state)


def erased(frames: np.ndarray, stage: Stage, columns: list[int]) -> np.ndarray:
    """Frames (..., W, D) in which these columns of the signaller read 0."""
    edited, rows = frames.copy(), np.arange(frames.shape[-2])
    for column in columns:
        edited[..., rows, stage.first_column + column] = 0.0
    return edited


def without(stage: Stage, columns: list[int]) -> Show:
    """The world, but for these columns of the signaller."""
    return lambda t, seen: erased(seen, stage, columns)


def past(frames: np.ndarray, stage: Stage) -> Show:
    """These frames (T, W, D) until the agent has the controls, then the world as it is."""
    return lambda t, seen: np.where((t < stage.hands)[:, None], frames[t], seen) if t < len(frames) else seen


def shuffled(frames: np.ndarray, stage: Stage, seed: int = 0) -> np.ndarray:
    """Frames (T, W, D), those before the agent has the controls in random order; the same for twins."""
    edited, rng = frames.copy(), np.random.default_rng(seed)
    for j in range(stage.shape[1]):
        until = stage.hands[j]
        order = rng.permutation(until)
        for w in range(j, len(stage.hands), stage.shape[1]):
            edited[:until, w] = frames[:until, w][order]
    return edited


def exchanged(frames: np.ndarray, stage: Stage, by: int = 1) -> np.ndarray:
    """Frames (T, W, D) of the twin whose intent comes ``by`` places later in the scenario's list."""
    return np.roll(frames, -by * stage.shape[1], axis=1)


def painted(frames: np.ndarray, stage: Stage, begin: np.ndarray, length: int, other: bool = False) -> np.ndarray:
    """Frames (T, W, D) in which whoever shows a signal shows it in ``length`` frames from ``begin`` (W,) on.

    Or that of the ``other`` side.
    """
    edited, rows = frames.copy(), np.flatnonzero(stage.shows)
    left = (stage.signaller["cue_signal"] == Signal.LEFT) != other
    column = stage.first_column + np.where(left, *SIGNALS)
    for k in range(length):
        edited[np.minimum(begin + k, len(frames) - 1)[rows], rows, column[rows]] = 1.0
    return edited


def in_phase(tape: Tape, stage: Stage, phase: Phase) -> np.ndarray:
    """Which frames (T, W) belong to a phase, before the agent has the controls."""
    before = np.arange(len(tape.frames))[:, None] < stage.hands
    return (tape.phases == phase) & before
