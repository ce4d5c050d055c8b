"""The learners: recurrent PPO with a choice of memory. Needs the extra ``agents`` (torch, stable-baselines3)."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from kindergarten.agents.learner.choice import Memory
from kindergarten.agents.learner.config import PPOConfig
from kindergarten.extras import explained

if TYPE_CHECKING:
    from kindergarten.agents.learner.memory import open_forget_gates
    from kindergarten.agents.learner.policies import MemoryPolicy
    from kindergarten.agents.learner.ppo import MemoryPPO

__all__ = ["Memory", "MemoryPPO", "MemoryPolicy", "PPOConfig", "open_forget_gates"]
HEAVY = {
    "MemoryPolicy": "kindergarten.agents.learner.policies",
    "MemoryPPO": "kindergarten.agents.learner.ppo",
    "open_forget_gates": "kindergarten.agents.learner.memory",
}


def __getattr__(name: str) -> Any:
    """What needs torch, which takes seconds to import: only who asks for it pays."""
    if name in HEAVY:
        with explained(name):
            return getattr(import_module(HEAVY[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
