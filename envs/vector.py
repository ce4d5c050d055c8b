"""The vector environment: one compiled batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import gymnasium
import numpy as np
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space

from kindergarten.envs.common import (
    RenderModes,
    build,
    check_options,
    check_render_mode,
    check_seed,
    configured,
    infos_of,
    started,
)
from kindergarten.world.config import Config, Scenario, Settings
from kindergarten.world.kinds import OneOf, Whole
from kindergarten.world.settings import spelled_out
from kindergarten.world.spaces import Observed, Observer, action_space
from kindergarten.world.words import quoted

if TYPE_CHECKING:
    from typing_extensions import Unpack

RENDER_MODES = RenderModes(["rgb_array"])


class KindergartenVectorEnv(VectorEnv):
    """``num_envs`` worlds in one batch: world i after ``reset(seed=s)`` is ``make(...).reset(seed=s + i)``.

    Args:
        num_envs: number of worlds.
        autoreset_mode: an ``AutoresetMode`` or its value. ``"NextStep"`` (Gymnasium's default): the step after an
            episode's end resets, whatever the action, and rewards 0. ``"SameStep"``: the step that ends an episode
            returns the next one's first observation, and the last one in ``infos["final_obs"]``. ``"Disabled"``:
            call ``reset(options={"reset_mask": mask})``.

    ``KindergartenEnv`` describes the other arguments and the infos; with ``"SameStep"`` those of an episode that has
    just ended are in ``infos["final_info"]``.
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
        check_render_mode(render_mode, RENDER_MODES)
        self.autoreset_mode = OneOf(AutoresetMode).settle("autoreset_mode", autoreset_mode)
        config, num_envs = configured(settings), Whole(1).settle("num_envs", num_envs)
        self.simulator = build(scenario, num_envs, config)
        self.num_envs = num_envs
        self.metadata = {
            "render_modes": RENDER_MODES,
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
        self, *, seed: int | Sequence[int | None] | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observed, dict[str, Any]]:
        """Sample new scenes.

        Args:
            seed: world i is seeded with ``seed + i``, or with ``seed[i]``; where that is None it goes on as it was.
            options: ``"intents"``, a list of names for every world, or a list of such lists, one for each;
                ``"reset_mask"`` (num_envs,) bool, which worlds (the others are observed as they stand).

        Raises:
            ValueError: an unknown option, intent, or seeds that do not fit; nothing has changed.
            gymnasium.error.ResetNeeded: the first reset leaves worlds out.
        """
        known = check_options(options, ("intents", "reset_mask"))
        intents = self._parse_intents(known.get("intents", []))
        mask = np.asarray(known.get("reset_mask", np.ones(self.num_envs, bool)))
        if mask.shape != (self.num_envs,) or mask.dtype.kind not in "bi":
            raise ValueError(
                f"reset_mask has shape {mask.shape} of {mask.dtype}: it must be ({self.num_envs},) of bool"
            )
        mask = mask.astype(bool)
        if not (self._seeded or mask.all()):
            raise gymnasium.error.ResetNeeded("reset_mask leaves out worlds that were never reset: reset all first")
        self._seed(self._check_seeds(seed), mask)
        observations = self.simulator.reset(mask, intents)
        if not mask.all():
            observations = self.simulator.observe()
        self._done &= ~mask
        return self._observer.observe(observations), infos_of(self.simulator)

    def _parse_intents(self, wanted: Any) -> np.ndarray:
        """Intents (num_envs, N - 1) as ``Simulator.reset`` takes them."""
        if isinstance(wanted, (list, tuple)) and wanted and all(isinstance(row, (list, tuple)) for row in wanted):
            if len(wanted) != self.num_envs:
                raise ValueError(f"intents has {len(wanted)} lists: give one for each of {self.num_envs} worlds")
            return np.stack([self.simulator.parse_intents(list(row)) for row in wanted])
        return np.tile(self.simulator.parse_intents(wanted), (self.num_envs, 1))

    def _check_seeds(self, seed: object) -> int | list[int | None] | None:
        if seed is None:
            return None
        if not isinstance(seed, (list, tuple, np.ndarray)):
            return check_seed(seed)
        if np.ndim(seed) != 1 or len(seed) != self.num_envs:
            raise ValueError(
                f"seed is {quoted(seed)}: give one whole number, or one for each of {self.num_envs} worlds"
            )
        return [None if each is None else check_seed(each) for each in seed]

    def _seed(self, seed: int | list[int | None] | None, mask: np.ndarray) -> None:
        """Seed the worlds in ``mask`` that are told a seed, and those that never had one."""
        seeds: list[int | None] = [None] * self.num_envs
        if isinstance(seed, list):
            seeds = seed
        elif seed is not None:
            super().reset(seed=seed)
            seeds = [seed + i for i in range(self.num_envs)]
        if not self._seeded and None in seeds:
            first = int(self.np_random.integers(1 << 62))
            seeds = [first + i if own is None else own for i, own in enumerate(seeds)]
        given = np.array([own is not None for own in seeds])
        if given.any():
            self.simulator.seed(started(own or 0 for own in seeds), mask & given)
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
        observations, rewards, terminated, truncated, _ = simulator.step(actions)
        infos = {}
        if mode is AutoresetMode.NEXT_STEP and self._done.any():
            self._replace(observations, self._done)
            terminated &= ~self._done
            truncated &= ~self._done
        self._done = terminated | truncated
        if mode is AutoresetMode.SAME_STEP and self._done.any():
            infos = self._final(observations)
            self._replace(observations, self._done)
        return self._observer.observe(observations), rewards, terminated, truncated, infos_of(simulator) | infos

    def _replace(self, observations: np.ndarray, mask: np.ndarray) -> None:
        """Reset the worlds in ``mask`` and put their first observations in place."""
        observations[mask] = self.simulator.reset(mask)[mask]

    def _final(self, observations: np.ndarray) -> dict[str, Any]:
        """The last observations and infos of the episodes that have just ended, as Gymnasium's SyncVectorEnv."""
        final = np.full(self.num_envs, None, dtype=object)
        for i in np.flatnonzero(self._done):
            final[i] = self._observer.observe(observations[i].copy(), int(i))
        done, info = self._done.copy(), infos_of(self.simulator)
        return {"final_obs": final, "_final_obs": done, "final_info": info, "_final_info": done.copy()}

    def render(self) -> tuple[np.ndarray, ...] | None:
        """The current frame of every world, (H, W, 3) uint8 each."""
        if self.render_mode is None:
            gymnasium.logger.warn('render() does nothing: make the environment with render_mode="rgb_array"')
            return None
        from kindergarten import viewer

        return tuple(viewer.render(self.simulator, i) for i in range(self.num_envs))
