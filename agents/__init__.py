"""The learners: recurrent PPO with a choice of memory. Needs the extra ``agents`` (torch, stable-baselines3)."""

from typing import TYPE_CHECKING

from kindergarten.agents.learner.choice import Memory
from kindergarten.agents.learner.config import PPOConfig
from kindergarten.extras import lazily

if TYPE_CHECKING:
    from kindergarten.agents.learner.memory import open_forget_gates
    from kindergarten.agents.learner.policies import MemoryPolicy
    from kindergarten.agents.learner.ppo import MemoryPPO

__all__ = ["Memory", "MemoryPPO", "MemoryPolicy", "PPOConfig", "open_forget_gates"]
__getattr__ = lazily(  # torch takes seconds to import
    __name__,
    {
        "MemoryPolicy": "kindergarten.agents.learner.policies",
        "MemoryPPO": "kindergarten.agents.learner.ppo",
        "open_forget_gates": "kindergarten.agents.learner.memory",
    },
)
