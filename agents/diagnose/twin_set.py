"""Driving twins while somebody tampers with what the agent sees or remembers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import torch as th

from kindergarten.agents.diagnose.policy import Policy
from kindergarten.scoring.agent import Decision
from kindergarten.scoring.exam import Exam
from kindergarten.scoring.planner import chances, twins
from kindergarten.scoring.rollout import Hook, rollout
from kindergarten.world.codes import End, Phase, Signal
from kindergarten.world.config import Config, Scenario
from kindergarten.world.observation import NUM_EGO, NUM_USER, USER_COLUMNS
from kindergarten.world.simulator import Simulator
from kindergarten.world.spaces import Observed

COLUMN = {column.name: k for k, column in enumerate(USER_COLUMNS)}
SIGNALS = [COLUMN["signals_left"], COLUMN["signals_right"]]
COLOURS = [COLUMN[name] for name in ("orange", "blue", "white")]


@dataclass(frozen=True)
class TwinSet:
    """Every seed with every intent: world ``k * S + j`` is seed j with intent k. W = I * S worlds."""

    scenario: Scenario
    config: Config
    seeds: np.ndarray  # (S,)

    def at(self, delay: float) -> TwinSet:
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
        return self.start.signallers()

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
class Rollout:
    """What an agent saw, said and remembered, T frames of W worlds, and what came of it."""

    frames: np.ndarray  # (T, W, D) as the world showed them, whatever the agent was shown
    outputs: np.ndarray  # (T, W, A)
    states: np.ndarray  # (T, W, K) after each frame; K is 0 unless they were asked for
    actions: np.ndarray  # (T, W) or (T, W, 2)
    phases: np.ndarray  # (T, W) Phase of the signaller
    running: np.ndarray  # (T, W) bool, on the first leg
    returns: np.ndarray  # (W,) of the whole episode
    earned: np.ndarray  # (W,) on the first leg
    collided: np.ndarray  # (W,) bool, on whichever leg


class ObservationHook(Hook):
    """Shows the agent ``change(t, frames)`` instead of the frames (W, D) of that number."""

    def __init__(self, change: Callable[[int, np.ndarray], np.ndarray]) -> None:
        self._change = change

    def observations(self, t: int, observations: Observed) -> Observed:
        """What it is shown."""
        return self._change(t, observations)


class StateHook(Hook):
    """Hands the agent ``change(t, state)`` instead of its state (W, K) before the frame of that number."""

    def __init__(self, change: Callable[[int, th.Tensor], th.Tensor]) -> None:
        self._change = change

    def state(self, t: int, state: Any) -> Any:
        """What it remembers; before the first frame there is nothing to change."""
        return state if state is None else self._change(t, state)


class _Log(Hook):
    """The agent and who takes notes of it: drives by a policy, and keeps all that it saw and said.

    And all that it ``remembered``, if so wanted: a memory that keeps frames has gigabytes of it.
    """

    def __init__(self, policy: Policy, remembered: bool) -> None:
        self._policy, self._remembered = policy, remembered
        self.frames: list[np.ndarray] = []
        self.said: list[tuple[np.ndarray, ...]] = []

    def decide(self, observations: Observed, state: th.Tensor | None, episode_starts: np.ndarray) -> Decision:
        """Drive."""
        before = self._policy.begin(len(episode_starts)) if state is None else state
        outputs, after = self._policy.step(th.as_tensor(observations), before)
        self._outputs = outputs.numpy(), after.numpy() if self._remembered else np.empty((len(before), 0))
        return Decision(self._policy.act(outputs), after)

    def observations(self, t: int, observations: Observed) -> Observed:
        """Keep the frame as it is, whatever later hooks make of it."""
        self.frames.append(observations)
        return observations

    def decided(self, t: int, exam: Exam, decision: Decision) -> None:
        """Keep the rest."""
        worlds, rows = exam.simulator.worlds, np.arange(exam.num_envs)
        phases = exam.simulator.users[rows, self._signaller(t, worlds)]["phase"].copy()
        first = (worlds["end"] == End.RUNNING) & (worlds["leg"] == 0)
        self.said.append((*self._outputs, decision.actions, phases, first))

    def _signaller(self, t: int, worlds: np.ndarray) -> np.ndarray:
        if t == 0:
            self._first_signaller = worlds["signaller"].copy()
        return self._first_signaller


@th.no_grad()
def drive(policy: Policy, twins: TwinSet, *hooks: Hook, remembered: bool = False) -> Rollout:
    """Drive every world of a twin set to its end; the hooks change what the agent is shown, or what it remembers.

    Args:
        policy, twins, hooks: who drives, where, and who interferes.
        remembered: keep the states, too.
    """
    exam, log = Exam.of(twins.scenario, twins.config, twins.seeds), _Log(policy, remembered)
    rollout(log, exam, (log, *hooks))
    outputs, states, actions, phases, running = (np.stack(column) for column in zip(*log.said, strict=True))
    return Rollout(
        frames=np.stack(log.frames),
        outputs=outputs,
        states=states,
        actions=actions,
        phases=phases,
        running=running,
        returns=exam.returns.ravel(),
        earned=exam.first_leg.ravel(),
        collided=(exam.ends == End.COLLISION).ravel(),
    )


def wipe(policy: Policy, at: np.ndarray) -> StateHook:
    """Let each world's memory be empty again before frame ``at`` (W,)."""
    blank = policy.begin(len(at))
    return StateHook(lambda t, state: th.where(th.as_tensor(at == t)[:, None], blank, state))


def erased(frames: np.ndarray, twins: TwinSet, columns: list[int]) -> np.ndarray:
    """Frames (..., W, D) in which these columns of the signaller read 0."""
    edited, rows = frames.copy(), np.arange(frames.shape[-2])
    for column in columns:
        edited[..., rows, twins.first_column + column] = 0.0
    return edited


def without(twins: TwinSet, columns: list[int]) -> ObservationHook:
    """The world, but for these columns of the signaller."""
    return ObservationHook(lambda t, seen: erased(seen, twins, columns))


def past(frames: np.ndarray, twins: TwinSet) -> ObservationHook:
    """These frames (T, W, D) until the agent has the controls, then the world as it is."""
    return ObservationHook(
        lambda t, seen: np.where((t < twins.ready)[:, None], frames[t], seen) if t < len(frames) else seen
    )


def halves(twins: TwinSet) -> np.ndarray:
    """Which worlds (W,) a probe is fitted on: those of every other seed."""
    return np.arange(len(twins.labels)) % twins.shape[1] % 2 == 0


def shuffled(frames: np.ndarray, twins: TwinSet) -> np.ndarray:
    """Frames (T, W, D), those before the agent has the controls in random order; the same for twins."""
    edited, rng = frames.copy(), np.random.default_rng(0)
    for j in range(twins.shape[1]):
        until = twins.ready[j]
        order = rng.permutation(until)
        for w in range(j, len(twins.ready), twins.shape[1]):
            edited[:until, w] = frames[:until, w][order]
    return edited


def exchanged(frames: np.ndarray, twins: TwinSet) -> np.ndarray:
    """Frames (T, W, D) of the twin whose intent comes next in the scenario's list."""
    return np.roll(frames, -twins.shape[1], axis=1)


def painted(frames: np.ndarray, twins: TwinSet, begin: np.ndarray, length: int, other: bool = False) -> np.ndarray:
    """Frames (T, W, D) in which whoever shows a signal shows it in ``length`` frames from ``begin`` (W,) on.

    Or that of the ``other`` side.
    """
    edited, rows = frames.copy(), np.flatnonzero(twins.shows)
    left = (twins.signaller["cue_signal"] == Signal.LEFT) != other
    column = twins.first_column + np.where(left, *SIGNALS)
    for k in range(length):
        edited[np.minimum(begin + k, len(frames) - 1)[rows], rows, column[rows]] = 1.0
    return edited


def in_phase(driven: Rollout, twins: TwinSet, phase: Phase) -> np.ndarray:
    """Which frames (T, W) belong to a phase, before the agent has the controls."""
    before = np.arange(len(driven.frames))[:, None] < twins.ready
    return (driven.phases == phase) & before
