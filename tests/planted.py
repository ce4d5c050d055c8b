"""Agents for Follow whose policies are known, because they were written by hand."""

from __future__ import annotations

import numpy as np
import torch as th

from kindergarten.world.codes import Action
from kindergarten.world.observation import columns

NAMES = [column.name for column in columns(2)]
SIGNALS = [NAMES.index("user1.signals_left"), NAMES.index("user1.signals_right")]
COLOURS = [NAMES.index(f"user1.{colour}") for colour in ("orange", "blue", "white")]  # left, straight, right if aligned
BRANCH, TARGET, SEEN = NAMES.index("ego.branch"), NAMES.index("ego.target_speed"), NAMES.index("user1.seen")
WIDTH, TO_JUNCTION = len(NAMES), NAMES.index("ego.to_junction")


def steer(frames: th.Tensor, side: th.Tensor) -> th.Tensor:
    """Logits (W, 5) that aim for the branch on that side (W,): negative left, positive right, 0 straight on."""
    logits = frames.new_zeros(len(frames), len(Action))
    logits[:, Action.IDLE] = 1e-3
    logits[:, Action.LEFT] = -1e3 * side * (frames[:, BRANCH] > -0.5)
    logits[:, Action.RIGHT] = 1e3 * side * (frames[:, BRANCH] < 0.5)
    return logits


class Planted:
    """A policy with ``size`` numbers of memory that takes the likeliest action."""

    size = 0

    def begin(self, worlds: int) -> th.Tensor:
        return th.zeros(worlds, self.size)

    def step(self, frames: th.Tensor, state: th.Tensor) -> tuple[th.Tensor, th.Tensor]:
        return steer(frames, th.zeros(len(frames))), state

    def act(self, outputs: th.Tensor) -> np.ndarray:
        return outputs.argmax(1).numpy()


class NeverRemembers(Planted):
    """Straight on, whatever it saw."""


class Remembers(Planted):
    """Takes the way of the last signal that it saw."""

    size = 2

    def step(self, frames: th.Tensor, state: th.Tensor) -> tuple[th.Tensor, th.Tensor]:
        signals = frames[:, SIGNALS]
        state = th.where(signals.sum(1, keepdim=True) > 0, signals, state)
        return steer(frames, state[:, 1] - state[:, 0]), state


class Fades(Planted):
    """Remembers, but of what it remembers a share is lost at every frame."""

    size, kept = 2, 0.9

    def step(self, frames: th.Tensor, state: th.Tensor) -> tuple[th.Tensor, th.Tensor]:
        state = self.kept * state + frames[:, SIGNALS]
        return steer(frames, state[:, 1] - state[:, 0]), state


class ReadsColour(Planted):
    """Remembers the leader's colour, and takes the way that goes with it."""

    size = 3

    def step(self, frames: th.Tensor, state: th.Tensor) -> tuple[th.Tensor, th.Tensor]:
        state = th.maximum(state, frames[:, COLOURS])
        return steer(frames, state[:, 2] - state[:, 0]), state


class WritesIntoSpeed(Planted):
    """Has no memory: drives slower by one step for a left signal, by two for a right one, and later reads its speed."""

    def step(self, frames: th.Tensor, state: th.Tensor) -> tuple[th.Tensor, th.Tensor]:
        speed, branch = frames[:, TARGET], frames[:, BRANCH]
        left, right = frames[:, SIGNALS].unbind(1)
        gone = frames[:, SEEN] < 0.5
        slower = ((left > 0) & (speed > 0.25)) | ((right > 0) & (speed > 0.15))
        side = 1.0 * (speed < 0.15) - 1.0 * ((speed > 0.15) & (speed < 0.25))
        logits = steer(frames, th.where(gone & (branch == 0), side, 0.0))
        logits[:, Action.SLOWER] = 2e3 * slower
        logits[:, Action.FASTER] = 2e3 * ((frames[:, TO_JUNCTION] < 0.1) & (branch != 0) & (speed < 0.35))
        return logits, state
