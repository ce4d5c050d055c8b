"""The learners: recurrent PPO with a choice of memory. Needs the extra ``agents`` (torch, stable-baselines3)."""

from kindergarten.agents.learner.choice import Memory
from kindergarten.agents.learner.config import PPOConfig
from kindergarten.agents.learner.policies import MemoryPolicy
from kindergarten.agents.learner.ppo import MemoryPPO

__all__ = ["Memory", "MemoryPPO", "MemoryPolicy", "PPOConfig"]
