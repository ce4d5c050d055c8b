"""Return redistribution: a reward is paid when it is decided, not when it arrives.

Source: Arjona-Medina et al., RUDDER: return decomposition for delayed rewards, NeurIPS 2019. An LSTM reads an episode,
frame by frame with what was done there, and predicts what it will have earned; the differences of its predictions are
the new rewards. Theirs predicts the whole return, and what it misses is paid at the end. Ours predicts what is *still
to come*, beside what was earned already: the sum is the same, and before the first update nothing is moved.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import torch as th
from gymnasium import spaces
from torch import nn

from kindergarten.agents.learner.buffer import WorldRolloutBuffer
from kindergarten.agents.learner.memory import FRAMES, MEMORIES
from kindergarten.agents.learner.sequences import Separated

HIDDEN = 32
FORGET_BIAS = 5.0  # sigmoid(5) = 0.993: of a gradient a third is left after 160 decisions, which are 32 s
LEARNING_RATE = 1e-2
PASSES = 4  # over the episodes that ended, per rollout
WORLDS = 64  # per gradient step
KEPT = 384  # decisions of every world, from which it learns


class ReturnPredictor(nn.Module):
    """What is still to be earned, after every frame and the decision there."""

    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.memory = MEMORIES["lstm"](inputs, HIDDEN, FORGET_BIAS, FRAMES)
        self.head = nn.Linear(HIDDEN, 1)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    def forward(self, inputs: th.Tensor, starts: th.Tensor) -> th.Tensor:
        """Inputs (worlds, steps, columns), episode starts (worlds, steps) -> predictions (worlds, steps)."""
        layout = Separated.of(starts)
        blank = inputs.new_zeros(1, len(inputs), HIDDEN)
        hidden = layout.run(self.memory, layout.arrange(inputs.flatten(0, 1)), (blank, blank))
        return self.head(hidden).view(starts.shape)


def side_by_side(frames: np.ndarray, actions: np.ndarray, driven: np.ndarray) -> np.ndarray:
    """What the predictor reads, (worlds, steps, D + A): frames (steps, worlds, D) beside actions (steps, worlds, A),
    which are 0 where they have no effect; driven: (steps, worlds).
    """
    return np.concatenate((frames, actions * driven[:, :, None]), axis=2, dtype=np.float32).swapaxes(0, 1)


def to_come(rewards: np.ndarray, ends: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What is earned after each decision until its episode ends, and whether its end is known; (worlds, steps) each.

    rewards, ends: (worlds, steps); ``ends``: the episode's last decision is this one.
    """
    later, known = np.zeros_like(rewards), np.zeros(rewards.shape, bool)
    known[:, -1] = ends[:, -1]
    for t in range(rewards.shape[1] - 2, -1, -1):
        known[:, t] = ends[:, t] | known[:, t + 1]
        later[:, t] = np.where(ends[:, t], 0.0, rewards[:, t + 1] + later[:, t + 1])
    return later, known


def moved(rewards: np.ndarray, predicted: np.ndarray, before: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """Rewards (worlds, steps) plus what each decision changed in the prediction of what is to come.

    predicted: (worlds, steps), 0 at an episode's end; before: (worlds,) the prediction before the first column;
    starts: (worlds, steps). Whatever is predicted, an episode's sum stays the same.
    """
    earlier = np.concatenate((before[:, None], predicted[:, :-1]), axis=1)
    return rewards + predicted - np.where(starts, 0.0, earlier)


class Redistribution:
    """Pays a rollout's rewards anew, and learns from the episodes that have ended.

    It reads the observations, and what was done where that had an effect.

    Raises:
        ValueError: the observations are pictures, of which it would learn nothing.
    """

    def __init__(self, worlds: int, observation_space: spaces.Space, action_space: spaces.Space) -> None:
        if len(observation_space.shape or ()) != 1:
            raise ValueError(f"redistribute needs frames of numbers, observation 'features', not {observation_space}")
        self.actions = spaces.flatdim(action_space)
        columns = spaces.flatdim(observation_space) + self.actions
        self.predictor = ReturnPredictor(columns)
        self.optimizer = th.optim.Adam(self.predictor.parameters(), LEARNING_RATE, fused=True)
        self.inputs = np.zeros((worlds, 0, columns), np.float32)
        self.rewards, self.starts = np.zeros((worlds, 0), np.float32), np.zeros((worlds, 0), np.float32)
        self.before = np.zeros(worlds, np.float32)  # what was predicted after the last decision

    def __call__(self, buffer: WorldRolloutBuffer, dones: np.ndarray) -> float:
        """Replace a full buffer's rewards, and learn; the error that remained. dones: (worlds,) after its last row."""
        rewards, starts = buffer.rewards.T.copy(), buffer.episode_starts.T.copy()
        self.inputs = np.concatenate((self.inputs, self.read(buffer)), axis=1)
        self.rewards = np.concatenate((self.rewards, rewards), axis=1)
        self.starts = np.concatenate((self.starts, starts), axis=1)
        ends = np.concatenate((self.starts[:, 1:], dones[:, None]), axis=1) > 0.5
        with th.no_grad():
            predicted = self.predictor(th.as_tensor(self.inputs), th.as_tensor(self.starts)).numpy()
        predicted = np.where(ends, 0.0, predicted)[:, -rewards.shape[1] :]
        buffer.rewards[:] = moved(rewards, predicted, self.before, starts > 0.5).T
        self.before = predicted[:, -1].astype(np.float32)
        error = self.learn(ends)
        self.forget(ends)
        return error

    def read(self, buffer: WorldRolloutBuffer) -> np.ndarray:
        """A rollout as the predictor reads it: (worlds, steps, columns)."""
        seen, done = buffer.observations.reshape(*buffer.driven.shape, -1), buffer.actions
        if isinstance(buffer.action_space, spaces.Discrete):
            done = np.eye(self.actions)[done[:, :, 0].astype(int)]
        return side_by_side(seen, done, buffer.driven)

    def learn(self, ends: np.ndarray) -> float:
        """Several passes over the episodes whose beginning and end are there: the last pass's mean squared error."""
        later, known = to_come(self.rewards, ends)
        whole = known & (np.cumsum(self.starts, axis=1) > 0.5)
        errors: list[float] = []
        for _ in range(PASSES):
            errors = [self._step(rows, later, whole) for rows in self._batches(whole)]
        return float(np.mean(errors)) if errors else float("nan")

    def _batches(self, whole: np.ndarray) -> Iterator[np.ndarray]:
        rows = np.flatnonzero(whole.any(axis=1))
        yield from (rows[first : first + WORLDS] for first in range(0, len(rows), WORLDS))

    def _step(self, rows: np.ndarray, later: np.ndarray, whole: np.ndarray) -> float:
        predicted = self.predictor(th.as_tensor(self.inputs[rows]), th.as_tensor(self.starts[rows]))
        counts = th.as_tensor(whole[rows])
        loss = (predicted - th.as_tensor(later[rows]))[counts].square().mean()
        self.optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(self.predictor.parameters(), 0.5)
        self.optimizer.step()
        return loss.item()

    def forget(self, ends: np.ndarray) -> None:
        """Keep the last KEPT decisions, and those of episodes that still go on."""
        length = ends.shape[1]
        last = np.where(self.starts > 0.5, np.arange(length), 0).max(axis=1)
        first = min(int(last[~ends[:, -1]].min(initial=length)), max(length - KEPT, 0))
        self.inputs, self.rewards, self.starts = (
            array[:, first:].copy() for array in (self.inputs, self.rewards, self.starts)
        )

    def tensors(self) -> dict[str, th.Tensor]:
        """Everything that changes, by name."""
        found = {f"predictor/{name}": weight.detach() for name, weight in self.predictor.named_parameters()}
        for name, weight in self.predictor.named_parameters():
            found |= {f"optimizer/{name}/{key}": value for key, value in self.optimizer.state[weight].items()}
        arrays = {name: th.as_tensor(getattr(self, name)) for name in ("inputs", "rewards", "starts", "before")}
        return found | arrays

    def put(self, tensors: Mapping[str, th.Tensor]) -> None:
        """Go on from what `tensors` returned."""
        with th.no_grad():
            for name, weight in self.predictor.named_parameters():
                weight.copy_(tensors[f"predictor/{name}"])
                prefix = f"optimizer/{name}/"
                state = {key.removeprefix(prefix): value for key, value in tensors.items() if key.startswith(prefix)}
                if state:  # there is none before the first step
                    self.optimizer.state[weight] = state
        for name in ("inputs", "rewards", "starts", "before"):
            setattr(self, name, tensors[name].numpy())
