"""Worlds of several scenarios as one batch of Stable-Baselines3's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import gymnasium
import numpy as np
from gymnasium import spaces
from stable_baselines3.common.vec_env import VecEnv
from stable_baselines3.common.vec_env.base_vec_env import VecEnvIndices, VecEnvStepReturn

from kindergarten.envs.common import check_seed
from kindergarten.envs.sb3 import KindergartenVecEnv, check_all, make_sb3
from kindergarten.scenarios import id_of, scenario_named
from kindergarten.scoring.reference import reference, stake
from kindergarten.world.codes import Observation
from kindergarten.world.config import Config, Scenario, Settings
from kindergarten.world.kinds import OneOf, Whole
from kindergarten.world.settings import spelled_out
from kindergarten.world.words import quoted

if TYPE_CHECKING:
    from typing_extensions import Unpack


class MixedVecEnv(VecEnv):
    """Batches of several scenarios as one. Where there are fewer road users, the last rows are of nobody in sight.

    The ``r`` of an episode is its anticipation. Whatever else ``KindergartenVecEnv`` says of its
    worlds, this one says of all.

    Args:
        parts: one after the other, with the same actions, and observations that differ in length alone.

    Attributes:
        groups: (W,) which part each world is of.
    """

    def __init__(self, parts: Sequence[KindergartenVecEnv]) -> None:
        self.parts = list(parts)
        sizes = [part.num_envs for part in parts]
        self.groups = np.repeat(np.arange(len(parts)), sizes)
        self.rows = [slice(end - size, end) for end, size in zip(np.cumsum(sizes).tolist(), sizes, strict=True)]
        widest = max((part.observation_space for part in parts), key=spaces.flatdim)
        super().__init__(sum(sizes), widest, parts[0].action_space)
        self.metadata = parts[0].metadata

    @cached_property
    def limits(self) -> list[tuple[float, float]]:
        """What an episode of each part is worth to the blind driver, and how much more to the oracle."""
        settings = [(part.envs.simulator.scenario, part.envs.simulator.config) for part in self.parts]
        return [(float(each.blind.mean()), each.unit) for each in (reference(*its) for its in settings)]

    def seed(self, seed: int | None = None) -> Sequence[int | None]:
        """World i is seeded with ``seed + i`` at the next reset."""
        seeds = list(super().seed(seed))
        for part, rows in zip(self.parts, self.rows, strict=True):
            part._seeds = seeds[rows]
        return seeds

    def reset(self) -> np.ndarray:
        """Sample new scenes, seeds and options as of ``KindergartenVecEnv``: observations (W, D), or pictures."""
        for part, rows in zip(self.parts, self.rows, strict=True):
            part._options = self._options[rows]
        observations = self._together([part.reset() for part in self.parts])
        self._gather_reset_infos()
        self._reset_seeds()
        self._reset_options()
        return observations

    def step_async(self, actions: np.ndarray) -> None:
        """Remember the actions (W,) or (W, 2)."""
        for part, rows in zip(self.parts, self.rows, strict=True):
            part.step_async(actions[rows])

    def step_wait(self) -> VecEnvStepReturn:
        """Observations (W, D), rewards (W,) float32, dones (W,), and a dict per world; all fresh."""
        observations, rewards, dones, infos = zip(*(part.step_wait() for part in self.parts), strict=True)
        self._gather_reset_infos()
        for (blind, worth), rows in zip(self.limits, infos, strict=True):
            for info in filter(None, rows):
                info["terminal_observation"] = self._widened(info["terminal_observation"])
                info["episode"]["r"] = (info["episode"]["r"] - blind) / worth
        return self._together(observations), np.concatenate(rewards), np.concatenate(dones), sum(infos, [])

    def _gather_reset_infos(self) -> None:
        self.reset_infos = [info for part in self.parts for info in part.reset_infos]

    def _together(self, observations: Sequence[np.ndarray]) -> np.ndarray:
        return np.concatenate([self._widened(seen) for seen in observations])

    def _widened(self, seen: np.ndarray) -> np.ndarray:
        missing = (self.observation_space.shape or (0,))[-1] - seen.shape[-1]
        return np.pad(seen, ((0, 0),) * (seen.ndim - 1) + ((0, missing),)) if missing else seen

    def snapshot(self) -> dict[str, np.ndarray]:
        """Everything that changes, part by part."""
        return {f"{k}/{name}": its for k, part in enumerate(self.parts) for name, its in part.snapshot().items()}

    def restore(self, snapshot: Mapping[str, np.ndarray]) -> None:
        """Continue from ``snapshot()``'s arrays, bit for bit.

        Raises:
            ValueError: they are of other worlds, or their numbers make no sense; nothing has changed.
        """
        apart = [
            {name: snapshot[key] for name in part.snapshot() if (key := f"{k}/{name}") in snapshot}
            for k, part in enumerate(self.parts)
        ]
        for part, its in zip(self.parts, apart, strict=True):
            part.checked(its)
        for part, its in zip(self.parts, apart, strict=True):
            part.restore(its)
        self._gather_reset_infos()

    def driven(self) -> np.ndarray:
        """(W,) bool, whether the agent's next decision has any effect."""
        return np.concatenate([part.driven() for part in self.parts])

    def labels(self) -> np.ndarray:
        """(W, N - 1) true Intent of the road users but the ego; -1 also for those whom a scenario lacks."""
        found = [part.labels() for part in self.parts]
        most = max(labels.shape[1] for labels in found)
        return np.concatenate([np.pad(x, ((0, 0), (0, most - x.shape[1])), constant_values=-1) for x in found])

    def close(self) -> None:
        """Nothing stays open."""
        for part in self.parts:
            part.close()

    def get_attr(self, attr_name: str, indices: VecEnvIndices = None) -> list[Any]:
        """The attribute of each world's batch."""
        return [getattr(self.parts[self.groups[i]].envs, attr_name) for i in self._get_indices(indices)]

    def set_attr(self, attr_name: str, value: Any, indices: VecEnvIndices = None) -> None:
        """Set the attribute of every batch.

        Raises:
            NotImplementedError: ``indices`` are not all worlds.
        """
        check_all(self, attr_name, indices)
        for part in self.parts:
            part.set_attr(attr_name, value)

    def env_method(self, method_name: str, *method_args, indices: VecEnvIndices = None, **method_kwargs) -> list[Any]:
        """Not to be had: the worlds are rows of batches.

        Raises:
            NotImplementedError: always.
        """
        return self.parts[0].env_method(method_name)

    def env_is_wrapped(self, wrapper_class: type[gymnasium.Wrapper], indices: VecEnvIndices = None) -> list[bool]:
        """As of each part."""
        return [self.parts[0].env_is_wrapped(wrapper_class, 0)[0] for _ in self._get_indices(indices)]


def sizes_of(scenarios: Sequence[Scenario], num_envs: int) -> list[int]:
    """How many of ``num_envs`` worlds are of each scenario; none of some, where there are few."""
    shares = np.sqrt([scenario.training for scenario in scenarios])
    return np.diff(np.round(np.cumsum(shares) / shares.sum() * num_envs).astype(int), prepend=0).tolist()


@spelled_out(Config)
def make_mixed(
    scenarios: Sequence[Scenario | str],
    num_envs: int,
    seed: int | None = None,
    *,
    normalize_reward: bool = True,
    **settings: Unpack[Settings],
) -> MixedVecEnv:
    """A batch of at least ``num_envs`` worlds and one of each scenario; more of those that take longer to learn.

    With ``normalize_reward`` rewards are paid by their ``stake``, so that no scenario shouts another down.
    The shares are as the square roots of the scenarios' own ``training``: between equal ones, in which the longest
    are not learned, and those that would leave the shortest a world or two.

    Raises:
        ValueError: there is no scenario, or one is none; or an argument makes no sense: observations are no dicts.
    """
    if not isinstance(scenarios, (list, tuple)) or not scenarios:
        raise ValueError(f"scenarios is {quoted(scenarios)}: give a list of at least one")
    if OneOf(Observation).settle("observation", settings.get("observation", "features")) is Observation.USERS:
        raise ValueError(
            "observation is 'users': rows of several scenarios are one array, so it must be features or pixels"
        )
    scenarios, num_envs = [scenario_named(each) for each in scenarios], Whole(1).settle("num_envs", num_envs)
    seed = None if seed is None else check_seed(seed)
    parts = [
        make_sb3(
            id_of(scenario.name),
            max(size, 1),
            scenario=scenario,
            reward_scale=1 / stake(scenario) if normalize_reward else 1.0,
            **settings,
        )
        for scenario, size in zip(scenarios, sizes_of(scenarios, num_envs), strict=True)
    ]
    mixed = MixedVecEnv(parts)
    mixed.seed(seed)
    return mixed
