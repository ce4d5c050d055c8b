"""Several agents as rows of a vector environment: shared parameters are exactly that."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space

from kindergarten.envs.common import GOAL, check_options, check_seed, started
from kindergarten.playground import playground_named
from kindergarten.playground.drivers import Deed
from kindergarten.playground.rules import Rules, make_rules
from kindergarten.playground.world import Playground
from kindergarten.world.config import Scenario
from kindergarten.world.kinds import Whole
from kindergarten.world.settings import spelled_out
from kindergarten.world.words import quoted


class KindergartenRowsEnv(VectorEnv):
    """``num_worlds`` worlds with A seats each as ``num_worlds * A`` rows, world by world: ``rows_env`` makes it.

    A row is one agent, and its episode ends by itself: the step that ends it returns zeros, and what it saw last is in
    ``infos["final_obs"]``, as with Gymnasium's ``SameStep``. Then it waits, unrewarded, until nobody drives in its
    world any more; the same step begins the world anew. In an endless world it waits only until there is room for
    somebody else in its seat. A row in whose seat a scripted human sits waits as well.
    ``infos["present"]`` (num_envs,) says who drives: whatever is asked of the others has no effect, and a learner
    leaves them out of its losses. ``infos["final_info"]`` holds ``is_success`` and ``terms`` of those that end. How
    long episodes took is in ``KindergartenVecEnv``'s ``episode``: Gymnasium's ``RecordEpisodeStatistics`` and
    Stable-Baselines3's ``VecMonitor`` count in the decisions for which a row has waited.
    """

    metadata: dict[str, Any] = {"render_modes": [], "autoreset_mode": AutoresetMode.SAME_STEP}
    render_mode = None
    autoreset_mode = AutoresetMode.SAME_STEP

    def __init__(self, scenario: Scenario, num_worlds: int, rules: Rules) -> None:
        self.simulator = Playground(scenario, Whole(1).settle("num_worlds", num_worlds), rules)
        self.num_envs = num_worlds * self.simulator.agents
        low, high = self.simulator.observation_low, self.simulator.observation_high
        self.single_observation_space = spaces.Box(low, high, dtype=np.float32)
        self.single_action_space = spaces.Discrete(len(Deed))
        self.observation_space = batch_space(self.single_observation_space, self.num_envs)
        self.action_space = batch_space(self.single_action_space, self.num_envs)
        self._seeded = False

    def reset(
        self, *, seed: int | Sequence[int | None] | None = None, options: dict[str, Any] | None = None
    ) -> tuple[np.ndarray, dict[str, Any]]:
        """Begin all worlds anew.

        Args:
            seed: world w is seeded with ``seed + w``, or with that of its first row in a list of one for each row;
                those of other rows count for nothing. None, or a list of None alone: generators go on as they are.
            options: none.

        Raises:
            ValueError: an option, or seeds that do not fit; nothing has changed.
        """
        check_options(options, ())
        if (seeds := self._seeds(seed)) is not None:
            self.simulator.seed(started(seeds))
        self._seeded = True
        return self._by_row(self.simulator.reset()), {"present": self.simulator.driven()}

    def render(self) -> None:
        """Nothing: agents in rows are not drawn."""

    def step(self, actions: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, dict[str, Any]]:
        """Take one decision in every world.

        Raises:
            ValueError: the actions have the wrong shape, or one is none; nothing has changed.
            gymnasium.error.ResetNeeded: before the first reset.
        """
        if not self._seeded:
            raise gymnasium.error.ResetNeeded("call reset() before step()")
        if np.shape(actions) != (self.num_envs,):
            raise ValueError(f"actions have shape {np.shape(actions)}: one for each of {self.num_envs} rows is needed")
        playground = self.simulator
        moment = playground.step(np.reshape(actions, (playground.num_worlds, -1)))
        observations, done = self._by_row(moment.observations), (moment.terminated | moment.truncated).ravel()
        infos = self._final(observations, moment.terms, done) if done.any() else {}
        observations[done] = 0.0
        if not playground.rules.endless and (over := ~np.any(playground.acting(), axis=1)).any():
            rows = np.repeat(over, playground.agents)
            observations[rows] = self._by_row(playground.reset(over))[rows]
        infos["present"] = playground.driven()
        return observations, moment.rewards.ravel(), moment.terminated.ravel(), moment.truncated.ravel(), infos

    def _final(self, observations: np.ndarray, terms: np.ndarray, done: np.ndarray) -> dict[str, Any]:
        """What those saw last whose episodes have just ended, and how they ended."""
        final = np.full(self.num_envs, None, dtype=object)
        for i in np.flatnonzero(done):
            final[i] = observations[i].copy()
        ends = self.simulator.drivers["end"].ravel()
        info = {"is_success": ends == GOAL, "terms": terms.reshape(self.num_envs, -1)}
        return {"final_obs": final, "_final_obs": done, "final_info": info, "_final_info": done.copy()}

    def _by_row(self, observations: np.ndarray) -> np.ndarray:
        return observations.reshape(self.num_envs, -1)

    def _seeds(self, seed: Any) -> list[int] | None:
        """One for each world, or None where generators go on as they are."""
        if isinstance(seed, (list, tuple)) or getattr(seed, "ndim", 0):
            if len(seed) != self.num_envs:
                raise ValueError(f"seed is {quoted(seed)}: give one, or one for each of {self.num_envs} rows")
            every = [None if own is None else check_seed(own) for own in seed]
            firsts = [own for own in every[:: self.simulator.agents] if own is not None]
            if len(firsts) == self.simulator.num_worlds:
                return firsts
            if any(own is not None for own in every):
                raise ValueError(f"seed is {quoted(seed)}: give one in the first row of each world, or None in all")
            seed = None
        if seed is None:
            if self._seeded:
                return None
            seed = int(self.np_random.integers(1 << 62))
        return [check_seed(seed) + w for w in range(self.simulator.num_worlds)]


@spelled_out(Rules)
def rows_env(scenario: str | Scenario = "Meeting", num_worlds: int = 1, **rules: Any) -> KindergartenRowsEnv:
    """Worlds of several agents, each agent a row of a Gymnasium vector environment.

    Args:
        scenario: by name, or one whose first members learn.
        num_worlds: how many; there are as many rows as seats in all of them.
        rules: see ``kindergarten.playground.rules.Rules``.

    Raises:
        ValueError: there is no such scenario, it has no seats, or a rule makes no sense.
    """
    return KindergartenRowsEnv(playground_named(scenario), num_worlds, make_rules(**rules))
