"""A trained policy at the wheel: deterministic, with its memory, and ready to say what it thinks."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch as th
from sb3_contrib.common.recurrent.type_aliases import RNNStates

from kindergarten.agents.learner.encoders import AttentionFeatures
from kindergarten.agents.learner.policies import MemoryPolicy
from kindergarten.scoring.agent import Decision
from kindergarten.world.spaces import Observed


class PolicyAgent:
    """Drives by a MemoryPolicy; ``look`` inside its memory while at it, for those who watch.

    fewer: it has learned to drive among fewer road users than its observation shows, too. reward_scale: what rewards
    were multiplied by when it learned what to expect; its thoughts are in the world's own.
    """

    def __init__(
        self, policy: MemoryPolicy, look: bool = False, fewer: bool = False, reward_scale: float = 1.0
    ) -> None:
        policy.set_training_mode(False)
        self.policy, self.look, self.fewer, self.reward_scale = policy, look, fewer, reward_scale
        self.observation_space, self.action_space = policy.observation_space, policy.action_space
        self.any_crowd = isinstance(policy.features_extractor, AttentionFeatures)

    def decide(self, observations: Observed, state: RNNStates | None, episode_starts: np.ndarray) -> Decision:
        """The likeliest actions, or the means, and all thoughts behind them."""
        worlds, device = len(episode_starts), self.policy.device
        states = self.policy.no_memories(worlds) if state is None else state
        starts = th.as_tensor(episode_starts, dtype=th.float32, device=device)
        decision = self.policy.think(th.as_tensor(observations, device=device), states, starts, self.look)
        values = decision.thoughts.values
        if values is None or self.reward_scale == 1.0:
            return decision
        return decision._replace(thoughts=replace(decision.thoughts, values=values / self.reward_scale))
