"""The Stable-Baselines3 VecEnv: a thin coat over the vector environment."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import gymnasium
import numpy as np
from gymnasium.vector import AutoresetMode
from stable_baselines3.common.vec_env import VecEnv
from stable_baselines3.common.vec_env.base_vec_env import VecEnvIndices, VecEnvStepReturn

from kindergarten.envs.common import check_options, check_seed
from kindergarten.envs.rows import KindergartenRowsEnv
from kindergarten.envs.vector import KindergartenVectorEnv
from kindergarten.playground.world import Playground
from kindergarten.scenarios import SCENARIOS, id_of
from kindergarten.world.config import Config, Scenario, Settings
from kindergarten.world.kinds import Number
from kindergarten.world.origin import UNTOLD, check_origin
from kindergarten.world.settings import spelled_out
from kindergarten.world.simulator import Snapshot
from kindergarten.world.spaces import Observed
from kindergarten.world.words import quoted

if TYPE_CHECKING:
    from typing_extensions import Unpack


class KindergartenVecEnv(VecEnv):
    """A ``KindergartenVectorEnv``, or the rows of ``rows_env``, as Stable-Baselines3 wants it.

    Worlds reset in the step that ends them. Their infos then hold what ``KindergartenEnv`` says,
    ``terminal_observation``, ``TimeLimit.truncated`` and, as ``Monitor`` would write it, ``episode`` with return ``r``,
    length ``l`` [decisions] and time ``t`` [s]; those of the other worlds are empty. ``reset_infos`` are of the frames
    with which episodes began.

    ``reward_scale``: what rewards are multiplied by; the return ``r`` is without it.
    """

    def __init__(self, envs: KindergartenVectorEnv | KindergartenRowsEnv, reward_scale: float = 1.0) -> None:
        if envs.autoreset_mode is not AutoresetMode.SAME_STEP:
            raise ValueError(f"autoreset_mode is {envs.autoreset_mode.value!r}: Stable-Baselines3 needs 'SameStep'")
        self.envs: Any = envs  # what is asked of both has one name
        self.render_mode = envs.render_mode
        self.reward_scale = np.float32(Number().settle("reward_scale", reward_scale))
        self._began = time.time()
        self._returns, self._lengths = np.zeros(envs.num_envs), np.zeros(envs.num_envs, int)
        super().__init__(envs.num_envs, envs.single_observation_space, envs.single_action_space)
        self.metadata = envs.metadata

    def reset(self) -> Observed:
        """Sample new scenes: observations (W, D), or a dict.

        With the seeds of ``seed(...)`` and the options of ``set_options(...)``, each world with its own, if they were
        called since: ``set_options([{"intents": ["left"]}, {"intents": ["right"]}])``.

        Raises:
            ValueError: an option or an intent that does not exist, or not one for each world.
        """
        if len(self._options) != self.num_envs:
            raise ValueError(f"{len(self._options)} options: give one dict, or one for each of {self.num_envs} worlds")
        intents = [check_options(own, ("intents",)).get("intents", []) for own in self._options]
        for wanted in intents:
            if not isinstance(wanted, (list, tuple)):
                raise ValueError(f"intents is {quoted(wanted)}: give a list of names")
        observations, infos = self.envs.reset(
            seed=list(self._seeds), options={"intents": intents} if any(intents) else None
        )
        self.reset_infos = [_row(infos, i) for i in range(self.num_envs)]
        self._reset_seeds()
        self._reset_options()
        self._returns[:], self._lengths[:] = 0.0, 0
        return observations

    def step_async(self, actions: np.ndarray) -> None:
        """Remember the actions (W,) or (W, 2)."""
        self._actions = actions

    def step_wait(self) -> VecEnvStepReturn:
        """Observations (W, D) or a dict, rewards (W,) float32, dones (W,), and a dict per world; all fresh."""
        if (fresh := self.fresh()) is not None:
            self._lengths[fresh] = 0  # whoever waited did not decide
        observations, rewards, terminated, truncated, infos = self.envs.step(self._actions)
        dones = terminated | truncated
        self._returns += rewards
        self._lengths += 1
        rows: list[dict[str, Any]] = [{} for _ in range(self.num_envs)]
        for i in np.flatnonzero(dones).tolist():
            rows[i] = _row(infos["final_info"], i)
            rows[i] |= self._episode_info(i, infos["final_obs"][i], bool(truncated[i]))
            self.reset_infos[i] = _row(infos, i)
        self._returns[dones], self._lengths[dones] = 0.0, 0
        return observations, rewards.astype(np.float32) * self.reward_scale, dones, rows

    def _episode_info(self, i: int, last: Observed, truncated: bool) -> dict[str, Any]:
        length = int(self._lengths[i])
        episode = {"r": float(self._returns[i]), "l": length, "t": time.time() - self._began}
        return {"terminal_observation": last, "TimeLimit.truncated": truncated, "episode": episode}

    def snapshot(self) -> dict[str, np.ndarray]:
        """Everything that changes, as plain arrays: bytes of worlds, users and their origin, returns, lengths (W,)."""
        core = self.envs.simulator.snapshot()
        rows = {name: np.frombuffer(array.tobytes(), np.uint8) for name, array in core._asdict().items()}
        return {name: array.copy() for name, array in (rows | self._running()).items()}

    def restore(self, snapshot: Mapping[str, np.ndarray]) -> None:
        """Continue from ``snapshot()``'s arrays, bit for bit.

        Raises:
            ValueError: they are of other worlds, or their numbers make no sense; nothing has changed.
        """
        worlds = self.checked(snapshot)
        self.reset()  # seeds whoever has not been seeded, so that no later reset does
        self.envs.simulator.restore(worlds)
        for name, array in self._running().items():
            array[:] = snapshot[name]
        self.reset_infos = [{} for _ in range(self.num_envs)]  # nobody knows how those worlds began

    def checked(self, snapshot: Mapping[str, np.ndarray]) -> Snapshot:
        """The worlds of ``snapshot()``'s arrays.

        Raises:
            ValueError: they are of other worlds, or their numbers make no sense.
        """
        simulator, running = self.envs.simulator, self._running()
        now, arrays = simulator.snapshot(), {}
        known = {"origin": UNTOLD, **snapshot}  # those of older versions do not say it
        if missing := [name for name in (*now._fields, *running) if name not in known]:
            raise ValueError(f"this is no snapshot of {self.num_envs} worlds: it lacks {missing[0]}")
        check_origin(now.origin, np.asarray(known["origin"]).tobytes())
        for name, like in now._asdict().items():
            blob = np.asarray(known[name]).tobytes()
            if len(blob) != like.nbytes:
                raise ValueError(f"this is no snapshot of {self.num_envs} worlds of {simulator.scenario.name}")
            arrays[name] = np.frombuffer(blob, like.dtype).reshape(like.shape)
        worlds = type(now)(**arrays)
        simulator.check(worlds)
        if not all(
            np.shape(snapshot[name]) == (self.num_envs,) and np.isfinite(snapshot[name]).all() for name in running
        ):
            raise ValueError(
                f"this is no snapshot of {self.num_envs} worlds: its {' and '.join(running)} make no sense"
            )
        return worlds

    def _running(self) -> dict[str, np.ndarray]:
        return {"returns": self._returns, "lengths": self._lengths}

    def set_delay(self, low: float, high: float) -> None:
        """Draw the delays of all episodes to come between ``low`` and ``high`` [s].

        Raises:
            ValueError: that is longer than what the worlds were made for: their roads end there.
        """
        self.envs.simulator.set_delay(low, high)

    def driven(self) -> np.ndarray:
        """(W,) bool, whether the agent's next decision has any effect: not while the car cruises by itself."""
        return self.envs.simulator.driven()

    def fresh(self) -> np.ndarray | None:
        """(W,) bool, which rows drive their first decision though they have waited before; None where nobody waits."""
        simulator = self.envs.simulator
        return simulator.fresh() if isinstance(simulator, Playground) else None

    def labels(self) -> np.ndarray:
        """(W, N - 1) true Intent of the road users but the ego, in the order in which the observation has them.

        -1 for those who have no choice, or belong to another leg; among several agents, of the other seats alone. For
        training.
        """
        return self.envs.simulator.labels()

    def close(self) -> None:
        """Nothing stays open."""
        self.envs.close()

    def get_images(self) -> Sequence[np.ndarray | None]:
        """The current frame of every world."""
        return self.envs.render() or [None] * self.num_envs

    def get_attr(self, attr_name: str, indices: VecEnvIndices = None) -> list[Any]:
        """The batch's attribute, once per world."""
        return [getattr(self.envs, attr_name) for _ in self._get_indices(indices)]

    def set_attr(self, attr_name: str, value: Any, indices: VecEnvIndices = None) -> None:
        """Set the batch's attribute: it is one and the same for all worlds.

        Raises:
            NotImplementedError: ``indices`` are not all of them.
        """
        check_all(self, attr_name, indices)
        setattr(self.envs, attr_name, value)

    def env_method(self, method_name: str, *method_args, indices: VecEnvIndices = None, **method_kwargs) -> list[Any]:
        """Not to be had: the worlds are rows of one batch.

        Raises:
            NotImplementedError: always.
        """
        raise NotImplementedError(f"{method_name}: the worlds are rows of one batch; use .envs, the whole batch")

    def env_is_wrapped(self, wrapper_class: type[gymnasium.Wrapper], indices: VecEnvIndices = None) -> list[bool]:
        """No world is wrapped; but each is monitored (see the class)."""
        return [wrapper_class.__name__ == "Monitor" for _ in self._get_indices(indices)]


def _row(infos: dict[str, Any], i: int) -> dict[str, Any]:
    """The infos of one row; copies, as views would keep those of all rows for as long."""
    return {name: its[i].copy() for name, its in infos.items() if name.lstrip("_") not in ("final_obs", "final_info")}


def check_all(vec: VecEnv, attr_name: str, indices: VecEnvIndices) -> None:
    """Refuse to set an attribute in some worlds alone.

    Raises:
        NotImplementedError: ``indices`` are not all of them.
    """
    chosen = list(vec._get_indices(indices))
    if set(chosen) != set(range(vec.num_envs)):
        raise NotImplementedError(f"{attr_name}: all worlds share it, it cannot be set in {quoted(chosen)} alone")


@spelled_out(Config)
def make_sb3(
    id: str,
    num_envs: int = 256,
    seed: int | None = None,
    *,
    scenario: str | Scenario | None = None,
    render_mode: str | None = None,
    reward_scale: float = 1.0,
    **settings: Unpack[Settings],
) -> KindergartenVecEnv:
    """A Stable-Baselines3 VecEnv of ``num_envs`` worlds.

    Args:
        id: a registered id such as ``"Kindergarten/Crossing-v0"``.
        num_envs: number of worlds.
        seed: of world 0; world i gets ``seed + i``.
        scenario: another one than the id's.
        render_mode: None or ``"rgb_array"``.
        reward_scale: what rewards are multiplied by, for the learner's sake: 1 / ``stake(scenario)`` makes them of one
            size in all scenarios.
        settings: as for ``gymnasium.make``; see ``KindergartenEnv``.

    Raises:
        ValueError: an argument makes no sense, or the id is none of ours.
        gymnasium.error.Error: there is no such id.
    """
    seed = None if seed is None else check_seed(seed)
    known = gymnasium.registry.get(id.rpartition(":")[2]) if isinstance(id, str) else None
    if known is not None and "kindergarten" not in str(known.vector_entry_point):
        raise ValueError(f"id {quoted(id)} is none of ours: choose from {', '.join(map(id_of, SCENARIOS))}, ...")
    own: dict[str, Any] = {} if scenario is None else {"scenario": scenario}
    envs = gymnasium.make_vec(
        id,
        num_envs=num_envs,
        vectorization_mode="vector_entry_point",
        autoreset_mode="SameStep",
        render_mode=render_mode,
        **own,
        **settings,
    )
    assert isinstance(envs, KindergartenVectorEnv)
    vec = KindergartenVecEnv(envs, reward_scale)
    vec.seed(seed)
    return vec
