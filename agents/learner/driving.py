"""How the trainer drives: rollouts of all worlds at once."""

from typing import Any

import numpy as np
import torch as th
from gymnasium import spaces
from sb3_contrib.common.recurrent.type_aliases import RNNStates
from sb3_contrib.ppo_recurrent.ppo_recurrent import RecurrentPPO
from stable_baselines3.common.buffers import RolloutBuffer
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.type_aliases import GymEnv
from stable_baselines3.common.vec_env import VecEnv

from kindergarten.agents.learner.buffer import AuxiliaryTargets, WorldRolloutBuffer
from kindergarten.agents.learner.legible import clarity
from kindergarten.agents.learner.machine import to_device
from kindergarten.agents.learner.past import PastSelves
from kindergarten.agents.learner.policies import MemoryPolicy
from kindergarten.agents.learner.redistribution import Redistribution


def auxiliary_targets_of(env: Any) -> AuxiliaryTargets | None:
    """What the environment tells the learner beside its observations, if it does (see MixedVecEnv)."""
    source = getattr(env, "unwrapped", env)
    if not hasattr(source, "labels"):
        return None
    fresh = source.fresh() if hasattr(source, "fresh") else None
    return AuxiliaryTargets(source.driven(), source.labels(), getattr(source, "groups", None), fresh)


class Driver(RecurrentPPO):
    """The half of the trainer that fills the buffer.

    Among several agents: ``legible``, the weight of a reward for being understood, which falls to 0; and ``past``, who
    drives in a share of the seats.
    """

    policy: MemoryPolicy
    redistribution: Redistribution | None
    legible: float = 0.0
    past: PastSelves | None = None

    @property
    def parts(self) -> dict[str, Redistribution | PastSelves]:
        """What changes beside the policy, and keeps its tensors itself."""
        found = {"redistribution": self.redistribution, "past": self.past}
        return {name: its for name, its in found.items() if its is not None}

    @staticmethod
    def _wrap_env(env: GymEnv, verbose: int = 0, monitor_wrapper: bool = True) -> VecEnv:
        """As in the parent class, but a VecEnv's pictures stay as they are, channels last."""
        return env if isinstance(env, VecEnv) else RecurrentPPO._wrap_env(env, verbose, monitor_wrapper)

    def collect_rollouts(
        self, env: VecEnv, callback: BaseCallback, rollout_buffer: RolloutBuffer, n_rollout_steps: int
    ) -> bool:
        """Fill the buffer with ``n_rollout_steps`` decisions of every world; False if a callback stops it.

        As in the parent class, except that only worlds that are done are looked at one by one.
        """
        assert isinstance(rollout_buffer, WorldRolloutBuffer)
        obs, starts, states = self._last_obs, self._last_episode_starts, self._last_lstm_states
        assert isinstance(obs, np.ndarray) and starts is not None and states is not None
        self.policy.set_training_mode(False)
        rollout_buffer.reset()
        callback.on_rollout_start()
        if self.past is not None:
            self.past.keep(self.num_timesteps // (n_rollout_steps * env.num_envs))
        for _ in range(n_rollout_steps):
            targets = self._targets(env)
            if targets is not None and targets.fresh is not None:
                starts = starts | targets.fresh
            with th.inference_mode():
                asked = to_device(obs, self.device), states, to_device(starts, self.device)
                actions, values, log_probs, new_states = self.policy(*asked)
                taken = actions if self.past is None else self.past.drive(*asked, actions, new_states)
            actions, taken = actions.cpu().numpy(), taken.cpu().numpy()
            new_obs, rewards, dones, infos = env.step(self._within_bounds(taken))
            assert isinstance(new_obs, np.ndarray)
            self.num_timesteps += env.num_envs
            callback.update_locals(locals())
            if not callback.on_step():
                return False
            rewards = self._bootstrapped(rewards, dones, infos, new_states)
            rollout_buffer.add(obs, actions, rewards, starts, values, log_probs, lstm_states=states, targets=targets)
            obs, starts, states = new_obs, dones, new_states
            self._last_obs, self._last_episode_starts, self._last_lstm_states = obs, starts, states
        self._pay(rollout_buffer, starts)
        rollout_buffer.compute_returns_and_advantage(self._values(obs, states.vf, starts), starts)
        callback.on_rollout_end()
        return True

    def _targets(self, env: VecEnv) -> AuxiliaryTargets | None:
        """What the environment tells the learner, of seats in which past selves drive nothing."""
        targets = auxiliary_targets_of(env)
        return targets if targets is None or self.past is None else self.past.unseen(targets)

    def _pay(self, buffer: WorldRolloutBuffer, starts: np.ndarray) -> None:
        """Redistribute the rewards, and add those for being understood."""
        if self.redistribution is not None:
            self.logger.record("train/redistribution_loss", self.redistribution(buffer, starts))
        if self.legible:
            self._update_current_progress_remaining(self.num_timesteps, self._total_timesteps)
            weight = self.legible * max(self._current_progress_remaining, 0.0)  # the last update goes beyond the end
            buffer.rewards += weight * clarity(self.policy, buffer)

    def _within_bounds(self, actions: np.ndarray) -> np.ndarray:
        if isinstance(self.action_space, spaces.Box):
            return np.clip(actions, self.action_space.low, self.action_space.high)
        return actions

    def _bootstrapped(
        self, rewards: np.ndarray, dones: np.ndarray, infos: list[dict[str, Any]], states: RNNStates
    ) -> np.ndarray:
        """Rewards plus the discounted value of what would have followed, where an episode was cut by time.

        rewards, dones: (worlds,). Also hands the finished episodes' infos to the statistics.
        """
        done = np.flatnonzero(dones)
        if len(done) == 0:
            return rewards
        self._update_info_buffer([infos[i] for i in done], dones[done])
        late = [int(i) for i in done if infos[i].get("TimeLimit.truncated", False)]
        late = [i for i in late if infos[i].get("terminal_observation") is not None]
        if not late:
            return rewards
        last = np.stack([infos[i]["terminal_observation"] for i in late])
        values = self._values(last, tuple(state[:, late] for state in states.vf), np.zeros(len(late), bool))
        rewards = rewards.copy()
        rewards[late] += self.gamma * values.cpu().numpy()
        return rewards

    @th.inference_mode()
    def _values(self, obs: np.ndarray, states: tuple[th.Tensor, ...], episode_starts: np.ndarray) -> th.Tensor:
        """The critic's values (n,) of observations (n, ...), from its states (1, n, hidden)."""
        h, c = states
        starts = to_device(episode_starts, self.device)
        return self.policy.predict_values(to_device(obs, self.device), (h, c), starts).flatten()
