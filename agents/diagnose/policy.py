"""What is diagnosed: anything that makes outputs and a next state of a frame and a state."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import torch as th
from gymnasium import spaces
from sb3_contrib.common.recurrent.policies import RecurrentActorCriticPolicy

from kindergarten.agents.learner.memory import MemoryModule, look_inside


class Policy(Protocol):
    """An agent as a function. W worlds, D columns of a frame, K numbers of memory, A outputs.

    Whoever can be differentiated has gradients; the others are diagnosed without.
    """

    def begin(self, worlds: int) -> th.Tensor:
        """The state (W, K) in which nothing is remembered: K may be 0."""
        ...

    def step(self, frames: th.Tensor, state: th.Tensor) -> tuple[th.Tensor, th.Tensor]:
        """One decision: frames (W, D), state (W, K) -> outputs (W, A), the new state (W, K)."""
        ...

    def act(self, outputs: th.Tensor) -> np.ndarray:
        """The actions (W,) or (W, 2) that outputs (W, A) stand for, without chance."""
        ...


class RecurrentPolicy:
    """The actor of any recurrent policy of Stable-Baselines3, ours or sb3-contrib's own. Its state is (h, c)."""

    def __init__(self, policy: RecurrentActorCriticPolicy) -> None:
        policy.set_training_mode(False)
        self.policy, self.memory = policy, policy.lstm_actor
        self._dtype = next(policy.parameters()).dtype

    def begin(self, worlds: int) -> th.Tensor:
        """Zeros (W, K), K = 2 * layers * size."""
        layers, _, size = self.policy.lstm_hidden_state_shape
        return th.zeros(worlds, 2 * layers * size, dtype=self._dtype)

    def step(self, frames: th.Tensor, state: th.Tensor) -> tuple[th.Tensor, th.Tensor]:
        """Frames (W, D), state (W, K) -> logits, or means of continuous actions, (W, A); the new state (W, K)."""
        latent, state = self.remember(self.features(frames), state)
        return self.policy.action_net(self.policy.mlp_extractor.forward_actor(latent)), state

    @property
    def has_cells(self) -> bool:
        """Whether its state holds what it knows, cell by cell; that of others is nothing, or the frames themselves."""
        return not isinstance(self.memory, MemoryModule) or self.memory.has_cells

    def features(self, frames: th.Tensor) -> th.Tensor:
        """What goes into the memory: (W, D) -> (W, features)."""
        return self.policy.pi_features_extractor(frames.to(self._dtype))

    def remember(self, features: th.Tensor, state: th.Tensor) -> tuple[th.Tensor, th.Tensor]:
        """What comes out of the memory: features (W, features), state (W, K) -> (W, hidden), the new state."""
        latent, (h, c) = self.memory(features[None], self.unpack(state))
        return latent[0], th.cat((h, c)).transpose(0, 1).flatten(1)

    def unpack(self, state: th.Tensor) -> tuple[th.Tensor, th.Tensor]:
        """State (W, K) -> h and c, (layers, W, size) each."""
        layers, _, size = self.policy.lstm_hidden_state_shape
        both = state.view(len(state), 2 * layers, size).transpose(0, 1).contiguous()
        return both[:layers], both[layers:]

    def gates(self, frames: th.Tensor, before: th.Tensor, after: th.Tensor) -> th.Tensor | None:
        """How far an LSTM's input, forget and output gates were open at a frame: (W, 3, hidden); else None."""
        return look_inside(self.memory, self.features(frames), self.unpack(before), self.unpack(after)).gates

    def act(self, outputs: th.Tensor) -> np.ndarray:
        """The likeliest actions (W,), or the means (W, 2) within their bounds."""
        space = self.policy.action_space
        if isinstance(space, spaces.Box):
            return outputs.detach().numpy().clip(space.low, space.high)
        return outputs.argmax(1).numpy()
