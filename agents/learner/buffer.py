"""The rollout buffer: minibatches are whole worlds, and states are kept only where sequences begin."""

from collections.abc import Generator
from typing import NamedTuple

import numpy as np
import torch as th
from gymnasium import spaces
from sb3_contrib.common.recurrent.buffers import RecurrentRolloutBuffer
from sb3_contrib.common.recurrent.type_aliases import RNNStates
from stable_baselines3.common.buffers import RolloutBuffer

from kindergarten.agents.learner.machine import to_device


class AuxiliaryTargets(NamedTuple):
    """What an environment tells the learner of each world, and never the policy: what its further losses need.

    driven: (worlds,) bool, whether the agent's decision has any effect.
    labels: (worlds, users) the true intent of each road user, -1 where there is nothing to tell.
    groups: (worlds,) which of several tasks each world is of; None: they are all of one.
    fresh: (worlds,) bool, whose episode begins here though none has ended just now: among several agents a row waits
        for its next one, and only where it is ``driven`` is there anything to learn, of values too; None: nobody waits.
    """

    driven: np.ndarray
    labels: np.ndarray
    groups: np.ndarray | None = None
    fresh: np.ndarray | None = None


class WorldSamples(NamedTuple):
    """A minibatch: RecurrentRolloutBufferSamples and the labels. All but the states are (rows, ...)."""

    observations: th.Tensor
    actions: th.Tensor
    old_values: th.Tensor
    old_log_prob: th.Tensor
    advantages: th.Tensor
    returns: th.Tensor
    lstm_states: RNNStates
    episode_starts: th.Tensor
    mask: th.Tensor  # 1 where the decision counts, else 0
    labels: th.Tensor  # (rows, users), see AuxiliaryTargets
    present: th.Tensor  # 1 where there is somebody whose value can be learned, else 0


class WorldRolloutBuffer(RecurrentRolloutBuffer):
    """A recurrent rollout buffer whose minibatches are all decisions of some of the worlds.

    sb3-contrib slices (world, time) rows after a random rotation: a slice's border cuts the gradient between a cue
    and the decision that it was for. Here an episode is cut only where the rollout ends. Rows need no padding,
    since the policy itself cuts at episode starts, and the memories' states are stored once per rollout instead of
    once per decision (at 256 worlds, 128 decisions and 64 cells: 0.3 MB instead of 34 MB).

    Arrays: observations (steps, worlds, *observation) and so on, as in the parent class.
    """

    ROWS = (
        "observations",
        "actions",
        "values",
        "log_probs",
        "advantages",
        "returns",
        "episode_starts",
        "driven",
        "labels",
        "present",
    )
    """The arrays (steps, worlds, ...) that minibatches are taken from."""

    def __init__(
        self,
        buffer_size: int,
        observation_space: spaces.Space,
        action_space: spaces.Space,
        hidden_state_shape: tuple[int, int, int, int],
        device: th.device | str = "auto",
        gae_lambda: float = 1,
        gamma: float = 0.99,
        n_envs: int = 1,
        num_labels: int = 0,
    ):
        self.driven, self.present = (np.ones((buffer_size, n_envs), np.float32) for _ in range(2))
        self.labels = np.full((buffer_size, n_envs, num_labels), -1)
        self.groups: np.ndarray | None = None  # (worlds,) see AuxiliaryTargets
        self.order = np.random.default_rng()  # of the worlds in minibatches
        shape = (1, *hidden_state_shape[1:])
        super().__init__(buffer_size, observation_space, action_space, shape, device, gae_lambda, gamma, n_envs)
        self._by_world: dict[str, th.Tensor] = {}
        self._states: list[th.Tensor] = []

    def reset(self) -> None:
        """Begin a new rollout in the same memory: every entry will be written again."""
        if not hasattr(self, "observations"):
            super().reset()
        self.pos, self.full, self.generator_ready = 0, False, False

    def add(self, *args, lstm_states: RNNStates, targets: AuxiliaryTargets | None = None, **kwargs) -> None:
        """Add one decision of every world; ``lstm_states`` count at the rollout's first only."""
        if targets is not None:
            self.driven[self.pos], self.groups = targets.driven, targets.groups
            self.present[self.pos] = 1.0 if targets.fresh is None else targets.driven
            if self.labels.shape[2]:  # a policy without captions has no use for them
                self.labels[self.pos] = targets.labels
        if self.pos == 0:
            self.hidden_states_pi[0], self.cell_states_pi[0] = (s.cpu().numpy() for s in lstm_states.pi)
            self.hidden_states_vf[0], self.cell_states_vf[0] = (s.cpu().numpy() for s in lstm_states.vf)
        RolloutBuffer.add(self, *args, **kwargs)

    def compute_returns_and_advantage(self, last_values: th.Tensor, dones: np.ndarray) -> None:
        """As in the parent class; of several tasks, the advantages of each have mean 0 and deviation 1.

        Else whoever is far from done on one task shouts the others down, and what is left to explore elsewhere is
        decided by the entropy bonus alone.
        """
        super().compute_returns_and_advantage(last_values, dones)
        for group in () if self.groups is None else np.unique(self.groups):
            worlds = self.groups == group
            counts, found = self.driven[:, worlds] > 0, self.advantages[:, worlds]
            if counts.sum() > 1:
                self.advantages[:, worlds] = (found - found[counts].mean()) / (found[counts].std() + 1e-8)

    def get(self, batch_size: int | None = None) -> Generator[WorldSamples, None, None]:
        """All worlds once, in random order, about ``batch_size`` decisions (at least one world) at a time."""
        assert self.full, "the rollout buffer must be full before sampling from it"
        if not self.generator_ready:
            for name in self.ROWS:
                self._by_world[name] = to_device(np.ascontiguousarray(getattr(self, name).swapaxes(0, 1)), self.device)
            states = (self.hidden_states_pi, self.cell_states_pi, self.hidden_states_vf, self.cell_states_vf)
            self._states = [self.to_torch(state[0]) for state in states]
            self.generator_ready = True
        worlds = max(1, (batch_size or self.buffer_size * self.n_envs) // self.buffer_size)
        order = self.to_torch(self.order.permutation(self.n_envs))
        for chosen in order.split(worlds):  # one after the other: of pictures a rollout has 400 MB
            yield self._samples(chosen)

    def _samples(self, worlds: th.Tensor) -> WorldSamples:
        rows = {name: array.index_select(0, worlds).flatten(0, 1) for name, array in self._by_world.items()}
        h_pi, c_pi, h_vf, c_vf = (state.index_select(1, worlds) for state in self._states)
        return WorldSamples(
            observations=rows["observations"],
            actions=rows["actions"],
            old_values=rows["values"],
            old_log_prob=rows["log_probs"],
            advantages=rows["advantages"],
            returns=rows["returns"],
            lstm_states=RNNStates((h_pi, c_pi), (h_vf, c_vf)),
            episode_starts=rows["episode_starts"],
            mask=rows["driven"],
            labels=rows["labels"],
            present=rows["present"],
        )
