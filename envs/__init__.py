"""The shells: one simulator as a Gymnasium environment, a vector environment, a Stable-Baselines3 VecEnv."""

from typing import TYPE_CHECKING

from kindergarten.envs.env import KindergartenEnv
from kindergarten.envs.rows import rows_env
from kindergarten.envs.vector import KindergartenVectorEnv
from kindergarten.extras import lazily

if TYPE_CHECKING:
    from kindergarten.envs.parallel import parallel_env
    from kindergarten.envs.sb3 import make_sb3

__all__ = ["KindergartenEnv", "KindergartenVectorEnv", "make_sb3", "parallel_env", "rows_env"]
__getattr__ = lazily(  # these need torch and PettingZoo
    __name__, {"make_sb3": "kindergarten.envs.sb3", "parallel_env": "kindergarten.envs.parallel"}
)
