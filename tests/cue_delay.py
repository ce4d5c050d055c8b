"""A cue, a blank, an answer: the smallest task that cannot be done without memory, as a vectorised SB3 VecEnv."""

from typing import Any

import numpy as np
from gymnasium import spaces
from stable_baselines3.common.vec_env import VecEnv

CUE_STEPS = 3


class CueDelay(VecEnv):
    """One of three cues is shown for three steps, then nothing for ``delay`` steps, then it must be named.

    Observation (``width`` floats): the cue as one of three flags, "answer now", and noise in -1..1 that means
    nothing. Reward: +1 for the right answer, -1 for a wrong one. ``limit`` truncates episodes after so many steps.
    """

    def __init__(
        self,
        num_envs: int,
        delay: tuple[int, int] = (20, 40),
        width: int = 8,
        limit: int | None = None,
        seed: int = 0,
        box_actions: bool = False,
    ):
        box = spaces.Box(-1.0, 1.0, (width,), np.float32)
        actions = spaces.Box(-1.0, 1.0, (2,), np.float32) if box_actions else spaces.Discrete(3)
        super().__init__(num_envs, box, actions)
        self.delay, self.width, self.limit = delay, width, limit
        self.rng = np.random.default_rng(seed)
        self.cue, self.time, self.answer_at = (np.zeros(num_envs, np.int64) for _ in range(3))
        self.returns = np.zeros(num_envs)

    def _begin(self, worlds: np.ndarray) -> None:
        low, high = self.delay
        self.cue[worlds] = self.rng.integers(3, size=len(worlds))
        self.answer_at[worlds] = CUE_STEPS + self.rng.integers(low, high + 1, size=len(worlds))
        self.time[worlds] = 0

    def _observe(self) -> np.ndarray:
        obs = self.rng.uniform(-1, 1, (self.num_envs, self.width)).astype(np.float32)
        obs[:, :4] = 0.0
        shown = np.flatnonzero(self.time < CUE_STEPS)
        obs[shown, self.cue[shown]] = 1.0
        obs[:, 3] = self.time == self.answer_at
        return obs

    def reset(self) -> np.ndarray:
        self._begin(np.arange(self.num_envs))
        return self._observe()

    def step_async(self, actions: np.ndarray) -> None:
        self.actions = actions if actions.ndim == 1 else (actions[:, 0] > 0).astype(np.int64)

    def step_wait(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, list[dict[str, Any]]]:
        terminated = self.time == self.answer_at
        right = self.actions == self.cue
        rewards = np.where(terminated, np.where(right, 1.0, -1.0), 0.0).astype(np.float32)
        self.time += 1
        late = np.zeros_like(terminated) if self.limit is None else (self.time >= self.limit) & ~terminated
        dones = terminated | late
        infos: list[dict[str, Any]] = [{} for _ in range(self.num_envs)]
        obs = self._observe()
        if dones.any():
            ended = np.flatnonzero(dones)
            for i in ended:
                infos[i] = {
                    "terminal_observation": obs[i],
                    "TimeLimit.truncated": bool(late[i]),
                    "episode": {"r": float(rewards[i]), "l": int(self.time[i]), "t": 0.0},
                }
            self._begin(ended)
            fresh = self._observe()
            obs = np.where(dones[:, None], fresh, obs)
        return obs, rewards, dones, infos

    def close(self) -> None:
        pass

    def env_is_wrapped(self, wrapper_class: type, indices: Any = None) -> list[bool]:
        return [False] * self.num_envs

    def get_attr(self, attr_name: str, indices: Any = None) -> list[Any]:
        return [getattr(self, attr_name, None)] * self.num_envs

    def set_attr(self, attr_name: str, value: Any, indices: Any = None) -> None:
        setattr(self, attr_name, value)

    def env_method(self, method_name: str, *args: Any, indices: Any = None, **kwargs: Any) -> list[Any]:
        raise NotImplementedError(method_name)
