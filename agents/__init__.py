"""The learners: recurrent PPO with a choice of memory. Needs the extra ``agents`` (torch, stable-baselines3)."""

from kindergarten.agents.config import PPOConfig
from kindergarten.agents.memory import Memory
from kindergarten.agents.policies import MemoryPolicy
from kindergarten.agents.ppo import MemoryPPO

__all__ = ["Memory", "MemoryPPO", "MemoryPolicy", "PPOConfig"]
