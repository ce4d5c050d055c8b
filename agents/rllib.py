"""RLlib's PPO so that it learns here, and what it has trained as ``kindergarten.score`` takes it.

Needs ``ray[rllib]``, which is of none of our extras: it pins a Gymnasium of its own.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from gymnasium import spaces
from gymnasium.vector import AutoresetMode

from kindergarten.agents import open_forget_gates
from kindergarten.envs.common import check_seed
from kindergarten.envs.rows import KindergartenRowsEnv
from kindergarten.extras import explained
from kindergarten.playground import playground_named
from kindergarten.playground.drivers import IDLE
from kindergarten.playground.rules import make_rules
from kindergarten.scenarios import id_of, scenario_named
from kindergarten.scoring.agent import Decision
from kindergarten.world.kinds import Whole
from kindergarten.world.words import quoted

with explained(__name__, "ray[rllib]"):
    import torch as th
    from ray.rllib.algorithms.ppo import PPOConfig  # pyright: ignore[reportMissingImports]
    from ray.rllib.algorithms.ppo.torch.default_ppo_torch_rl_module import (  # pyright: ignore[reportMissingImports]
        DefaultPPOTorchRLModule,
    )
    from ray.rllib.core.columns import Columns  # pyright: ignore[reportMissingImports]
    from ray.rllib.core.rl_module.default_model_config import DefaultModelConfig  # pyright: ignore[reportMissingImports]
    from ray.rllib.core.rl_module.rl_module import RLModule, RLModuleSpec  # pyright: ignore[reportMissingImports]
    from ray.rllib.env.multi_agent_env import MultiAgentEnv  # pyright: ignore[reportMissingImports]


class OpenGatesRLModule(DefaultPPOTorchRLModule):
    """RLlib's own network with an LSTM, whose forget gates begin open."""

    def setup(self) -> None:
        """Build it as RLlib does."""
        super().setup()
        open_forget_gates(self.encoder.encoder.lstm)


def ppo_config(scenario: str, decisions: int, worlds: int = 64, seed: int | None = None) -> PPOConfig:
    """A config that learns ``scenario`` in about ``decisions`` decisions; change what you like before you build it.

    The rate and the entropy bonus fall to nothing by then: without that, a policy that samples well is a poor one when
    it always takes the likeliest action. ``worlds`` are each runner's, stepped as one batch. Rollouts are cut where a
    batch is full. Leave that so if there is a seed: whole episodes (``batch_mode="complete_episodes"``) begin every
    sample anew with it, in the same worlds for ever.

    Raises:
        ValueError: there is no such scenario, or a number makes no sense.
    """
    name = scenario_named(scenario).name
    decisions, worlds = Whole(1).settle("decisions", decisions), Whole(1).settle("worlds", worlds)
    return (
        PPOConfig()
        .environment(f"kindergarten:{id_of(name)}")
        .env_runners(num_env_runners=0, num_envs_per_env_runner=worlds, gym_env_vectorize_mode="vector_entry_point")
        .training(
            train_batch_size=64 * worlds,
            minibatch_size=16 * worlds,
            num_epochs=4,
            lr=[[0, 5e-4], [decisions, 0.0]],
            entropy_coeff=[[0, 0.02], [decisions, 0.0]],
            lambda_=0.95,
            clip_param=0.2,
            use_kl_loss=False,
            vf_loss_coeff=0.5,
            grad_clip=0.5,
        )
        .rl_module(
            rl_module_spec=RLModuleSpec(module_class=OpenGatesRLModule),
            model_config=DefaultModelConfig(
                use_lstm=True, lstm_cell_size=64, max_seq_len=64, fcnet_hiddens=[64], vf_share_layers=True
            ),
        )
        .debugging(seed=None if seed is None else check_seed(seed))
    )


class SeveralAgents(MultiAgentEnv):
    """``kindergarten.envs.parallel_env`` for RLlib's multi-agent API; its ``env_config`` holds what that takes.

    RLlib's own wrapper of PettingZoo knows no other seats than those of agents in its first world, and misses the end
    of a world in which one agent comes to its goal in the decision in which another's time is up.
    """

    def __init__(self, config: Mapping[str, Any] | None = None) -> None:
        from kindergarten.envs import parallel_env

        super().__init__()
        self.world = parallel_env(**config or {})
        self.agents = self.possible_agents = self.world.possible_agents
        self.observation_spaces = {seat: self.world.observation_space(seat) for seat in self.agents}
        self.action_spaces = {seat: self.world.action_space(seat) for seat in self.agents}

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[dict, dict]:
        """See ``parallel_env``."""
        return self.world.reset(seed=seed, options=options)

    def step(self, action_dict: Mapping[str, Any]) -> tuple[dict, dict, dict, dict, dict]:
        """Likewise; ``__all__`` says whether the world is over."""
        observations, rewards, terminated, truncated, infos = self.world.step(action_dict)
        over, late = not self.world.agents, all(truncated.values())
        return observations, rewards, terminated | {"__all__": over and not late}, truncated | {"__all__": late}, infos


class SeatRows(KindergartenRowsEnv):
    """The rows of ``kindergarten.envs.rows_env`` for RLlib's single-agent API; ``env_config`` holds what that takes.

    Worlds are endless unless it says otherwise, and there are ``num_envs_per_env_runner`` rows. As RLlib wants it, the
    step that ends a row's episode returns what it saw last, and the next one begins another, whatever is asked there.
    RLlib leaves no row out: who waits for room sees zeros and earns nothing.
    """

    metadata: dict[str, Any] = {"render_modes": [], "autoreset_mode": AutoresetMode.NEXT_STEP}
    autoreset_mode = AutoresetMode.NEXT_STEP

    def __init__(self, config: Mapping[str, Any]) -> None:
        rules = {"endless": True, **config}
        rows = Whole(1).settle("num_envs_per_env_runner", rules.pop("num_envs", None))
        scenario = playground_named(rules.pop("scenario", "Meeting"))
        seats = sum(member.learns for member in scenario.casts[0])
        if rows % seats:
            raise ValueError(f"num_envs_per_env_runner is {rows}: {scenario.name} has {seats} seats, give a multiple")
        super().__init__(scenario, rows // seats, make_rules(**rules))
        self._ended = np.zeros(rows, bool)

    def reset(
        self, *, seed: int | Sequence[int | None] | None = None, options: dict[str, Any] | None = None
    ) -> tuple[np.ndarray, dict[str, Any]]:
        """See ``rows_env``."""
        found = super().reset(seed=seed, options=options)
        self._ended[:] = False
        return found

    def step(self, actions: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, dict[str, Any]]:
        """See ``rows_env``."""
        observations, rewards, terminated, truncated, infos = super().step(np.where(self._ended, IDLE, actions))
        self._ended = terminated | truncated
        for row in np.flatnonzero(self._ended):
            observations[row] = infos["final_obs"][row]
        return observations, rewards, terminated, truncated, {}


class RLlibAgent:
    """A network of RLlib's drives, and always does what it thinks best: ``kindergarten.score(RLlibAgent(...), ...)``.

    It takes what ``observation="features"`` or ``"pixels"`` shows, and drives with ``control="discrete"``.

    Args:
        module: ``algo.get_module()``, or the folder of a checkpoint of the algorithm.

    Raises:
        ValueError: it is none of them, or was trained with other observations or actions.
    """

    def __init__(self, module: Any) -> None:
        if isinstance(module, (str, os.PathLike)):
            folder = Path(module).absolute() / "learner_group" / "learner" / "rl_module" / "default_policy"
            if not folder.is_dir():
                raise ValueError(f"{os.fspath(module)} is no folder of a checkpoint: algo.save_to_path() makes one")
            module = RLModule.from_checkpoint(folder)
        if not isinstance(module, RLModule):
            raise ValueError(
                f"the module is {quoted(module)}: algo.get_module(), or a checkpoint's folder, was expected"
            )
        self.module = module
        self.observation_space, self.action_space = module.observation_space, module.action_space
        if not isinstance(self.observation_space, spaces.Box):
            raise ValueError(f"the module observes {self.observation_space}: train it with observation='features'")
        if not isinstance(self.action_space, spaces.Discrete):
            raise ValueError(f"the module's actions are {self.action_space}: train it with control='discrete'")

    @th.no_grad()
    def decide(self, observations: np.ndarray, state: Any, episode_starts: np.ndarray) -> Decision:
        """See `Agent.decide`."""
        first = {name: th.as_tensor(its) for name, its in self.module.get_initial_state().items()}
        if state is None:
            state = {name: its.expand(len(observations), *its.shape) for name, its in first.items()}
        anew = th.as_tensor(episode_starts, dtype=th.bool)
        state = {
            name: th.where(anew.view(-1, *[1] * first[name].ndim), first[name], its) for name, its in state.items()
        }
        frames = th.as_tensor(observations)
        said = self.module.forward_inference(
            {Columns.OBS: frames[:, None] if state else frames, Columns.STATE_IN: state}
        )
        logits = said[Columns.ACTION_DIST_INPUTS]
        return Decision((logits[:, 0] if state else logits).argmax(-1).numpy(), said.get(Columns.STATE_OUT, {}))
