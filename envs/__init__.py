"""The shells: one simulator as a Gymnasium environment, a vector environment, a Stable-Baselines3 VecEnv."""

from typing import TYPE_CHECKING, Any

from kindergarten.envs.env import KindergartenEnv
from kindergarten.envs.rows import rows_env
from kindergarten.envs.vector import KindergartenVectorEnv
from kindergarten.extras import explained

if TYPE_CHECKING:
    from kindergarten.envs.parallel import parallel_env
    from kindergarten.envs.sb3 import make_sb3

__all__ = ["KindergartenEnv", "KindergartenVectorEnv", "make_sb3", "parallel_env", "rows_env"]


def __getattr__(name: str) -> Any:
    """``make_sb3`` needs torch, ``parallel_env`` PettingZoo: only who asks for them pays."""
    with explained(name):
        if name == "make_sb3":
            from kindergarten.envs.sb3 import make_sb3

            return make_sb3
        if name == "parallel_env":
            from kindergarten.envs.parallel import parallel_env

            return parallel_env
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
