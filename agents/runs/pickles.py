"""Agents that Stable-Baselines3 saved: pickles, which are read if somebody trusts them."""

from __future__ import annotations

from pathlib import Path

from sb3_contrib import RecurrentPPO
from sb3_contrib.common.recurrent.policies import RecurrentActorCriticPolicy
from stable_baselines3 import DQN, PPO
from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.policies import ActorCriticPolicy
from stable_baselines3.common.save_util import load_from_zip_file
from stable_baselines3.dqn.policies import DQNPolicy

from kindergarten.agents.learner.policies import MemoryPolicy
from kindergarten.agents.learner.ppo import MemoryPPO
from kindergarten.world.words import quoted

#: Who reads which policy; the first that fits.
ALGORITHMS: tuple[tuple[type, type[BaseAlgorithm]], ...] = (
    (MemoryPolicy, MemoryPPO),
    (RecurrentActorCriticPolicy, RecurrentPPO),
    (ActorCriticPolicy, PPO),
    (DQNPolicy, DQN),
)


def model_in(path: Path, allow_pickle: bool) -> BaseAlgorithm:
    """The model that ``model.save`` of Stable-Baselines3 or sb3-contrib has left.

    Raises:
        ValueError: it is a pickle and ``allow_pickle`` is not given, or no model that can be read.
        OSError: there is no such file.
    """
    if not path.exists():
        raise FileNotFoundError(f"{path} holds no policy: there is no such file")
    if not allow_pickle:
        raise ValueError(
            f"{path} is a pickle and may run code: if you trust it, add --allow-pickle (allow_pickle=True)"
        )
    try:
        data, _, _ = load_from_zip_file(path, device="cpu")
        policy = (data or {}).get("policy_class")
        reader = next((to for kind, to in ALGORITHMS if isinstance(policy, type) and issubclass(policy, kind)), None)
        if reader is not None:
            return reader.load(path, device="cpu")
    except Exception as error:  # whatever a damaged one may lead to, or one of a module that is not here
        raise ValueError(f"{path} holds no policy of Stable-Baselines3: {quoted(error)}") from None
    kinds = ", ".join(kind.__name__ for kind, _ in ALGORITHMS)
    raise ValueError(f"{path} holds a policy {policy!r}"[:200] + f": one of {kinds} can be read")
