"""The vector environment: one compiled batch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import gymnasium
import numpy as np
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space

from kindergarten.envs.common import build, check_options, check_render_mode
from kindergarten.world.config import Config, Scenario, Settings, make_config
from kindergarten.world.reward import TERM_NAMES
from kindergarten.world.settings import spelled_out
from kindergarten.world.spaces import Observed, Observer, action_space

if TYPE_CHECKING:
    from typing_extensions import Unpack


class KindergartenVectorEnv(VectorEnv):
    """``num_envs`` worlds in one batch: world i after ``reset(seed=s)`` is ``make(...).reset(seed=s + i)``.

    Args:
        num_envs: number of worlds.
        autoreset_mode: an ``AutoresetMode`` or its value. ``"NextStep"`` (Gymnasium's default): the step after an
            episode's end resets, whatever the action, and rewards 0. ``"SameStep"``: the step that ends an episode
            returns the next one's first observation, and the last one in ``infos["final_obs"]``. ``"Disabled"``:
            call ``reset(options={"reset_mask": mask})``.

    ``KindergartenEnv`` describes the other arguments. Infos hold arrays over all worlds: ``intents`` and ``phases``
    (num_envs, N - 1), codes ``Intent`` and ``Phase``; ``terms``, a dict of (num_envs,).
    """

    @spelled_out(Config)
    def __init__(
        self,
        num_envs: int = 1,
        scenario: str | Scenario = "Crossing",
        *,
        render_mode: str | None = None,
        autoreset_mode: AutoresetMode | str = AutoresetMode.NEXT_STEP,
        **settings: Unpack[Settings],
    ) -> None:
        check_render_mode(render_mode, ["rgb_array"])
        config = make_config(**settings)
        self.simulator = build(scenario, num_envs, config)
        self.num_envs = num_envs
        self.autoreset_mode = AutoresetMode(autoreset_mode)
        self.metadata = {
            "render_modes": ["rgb_array"],
            "render_fps": 5,
            "autoreset_mode": self.autoreset_mode,
        }
        self.render_mode = render_mode
        self._observer = Observer(self.simulator, config)
        self.single_observation_space = self._observer.space
        self.single_action_space = action_space(self.simulator)
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.action_space = batch_space(self.single_action_space, num_envs)
        self._seeded = False
        self._done = np.zeros(num_envs, bool)

    def reset(
        self, *, seed: int | list[int] | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observed, dict[str, Any]]:
        """Sample new scenes.

        Args:
            seed: world i is seeded with ``seed + i``, or with ``seed[i]``.
            options: ``"intents"``, a list of names for every world; ``"reset_mask"`` (num_envs,) bool, which
                worlds (the others are observed as they stand).

        Raises:
            ValueError: an unknown option, intent, or seeds that do not fit.
        """
        known = check_options(options, ("intents", "reset_mask"))
        intents = np.tile(self.simulator.parse_intents(known.get("intents", [])), (self.num_envs, 1))
        mask = np.asarray(known.get("reset_mask", np.ones(self.num_envs)), bool)
        if mask.shape != (self.num_envs,):
            raise ValueError(f"reset_mask has shape {mask.shape}: it must be ({self.num_envs},)")
        self._seed(seed, mask)
        observations = self.simulator.reset(mask, intents)
        if not mask.all():
            observations = self.simulator.observe()
        self._done &= ~mask
        return self._observer.observe(observations), self._infos(self.simulator.terms)

    def _seed(self, seed: int | list[int] | None, mask: np.ndarray) -> None:
        if seed is None and self._seeded:
            return
        if isinstance(seed, (list, tuple, np.ndarray)):
            seeds = np.asarray(seed)
            if seeds.shape != (self.num_envs,) or not np.issubdtype(seeds.dtype, np.integer):
                raise ValueError(f"seed {seed!r}: give one whole number, or one for each of {self.num_envs} worlds")
            if (seeds < 0).any():
                raise ValueError(f"seed {seeds.min()} is negative")
        else:
            super().reset(seed=seed)
            first = seed if seed is not None else int(self.np_random.integers(1 << 62))
            seeds = first + np.arange(self.num_envs)
        self.simulator.seed(seeds, mask)
        self._seeded = True

    def step(self, actions: np.ndarray) -> tuple[Observed, np.ndarray, np.ndarray, np.ndarray, dict[str, Any]]:
        """Take one decision in every world.

        Raises:
            ValueError: the actions have the wrong shape, are out of range or not numbers.
            gymnasium.error.ResetNeeded: before the first reset, or in a world that has ended (mode "Disabled").
        """
        mode, simulator = self.autoreset_mode, self.simulator
        if not self._seeded or (mode is AutoresetMode.DISABLED and self._done.any()):
            raise gymnasium.error.ResetNeeded("reset the worlds that have ended before step()")
        observations, rewards, terminated, truncated, terms = simulator.step(actions)
        infos = {}
        if mode is AutoresetMode.NEXT_STEP and self._done.any():
            self._replace(observations, self._done)
            terminated &= ~self._done
            truncated &= ~self._done
        self._done = terminated | truncated
        if mode is AutoresetMode.SAME_STEP and self._done.any():
            infos = self._final(observations, terms)
            self._replace(observations, self._done)
        return self._observer.observe(observations), rewards, terminated, truncated, {**self._infos(terms), **infos}

    def _replace(self, observations: np.ndarray, mask: np.ndarray) -> None:
        """Reset the worlds in ``mask`` and put their first observations in place."""
        observations[mask] = self.simulator.reset(mask)[mask]

    def _final(self, observations: np.ndarray, terms: np.ndarray) -> dict[str, Any]:
        """The last observations and infos of the episodes that have just ended, as Gymnasium's SyncVectorEnv."""
        final = np.full(self.num_envs, None, dtype=object)
        for i in np.flatnonzero(self._done):
            final[i] = self._observer.observe(observations[i].copy(), int(i))
        done = self._done.copy()
        return {"final_obs": final, "_final_obs": done, "final_info": self._infos(terms), "_final_info": done.copy()}

    def _infos(self, terms: np.ndarray) -> dict[str, Any]:
        users = self.simulator.users
        return {
            "intents": users["intent"][:, 1:].copy(),
            "phases": users["phase"][:, 1:].copy(),
            "terms": {name: terms[:, k].copy() for k, name in enumerate(TERM_NAMES)},
        }

    def render(self) -> tuple[np.ndarray, ...] | None:
        """The current frame of every world, (H, W, 3) uint8 each."""
        if self.render_mode is None:
            gymnasium.logger.warn('render() does nothing: make the environment with render_mode="rgb_array"')
            return None
        from kindergarten import viewer

        return tuple(viewer.render(self.simulator, i) for i in range(self.num_envs))
