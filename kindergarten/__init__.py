"""A playground where cars learn by themselves to read what others are about to do.

Importing it registers the environments with Gymnasium, and nothing else: no torch, no pygame, no kernel.
"""

import gymnasium

from kindergarten.scenarios import SCENARIOS

__version__ = "0.1.0"

#: The registered ids.
IDS = tuple(f"Kindergarten/{name}-v0" for name in SCENARIOS)

for _id, _name in zip(IDS, SCENARIOS, strict=True):
    gymnasium.register(
        id=_id,
        entry_point="kindergarten.envs.env:KindergartenEnv",
        vector_entry_point="kindergarten.envs.vector:KindergartenVectorEnv",
        kwargs={"scenario": _name},
    )
