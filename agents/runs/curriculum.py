"""From short delays to long ones: who has learned to remember for two seconds is asked for four."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from kindergarten.agents.learner.ppo import MemoryPPO
from kindergarten.agents.runs.run import Run
from kindergarten.envs.sb3 import KindergartenVecEnv
from kindergarten.scoring.reference import reference

#: [s] The longest delay at first: with 4 a scenario is learned without a curriculum. Shorter is no easier. At 1 s the
#: controls of Crossing come alive one second before t3, and an agent that began there settled for never braking.
FIRST = 4.0
PASS = 0.7  # anticipation in the last training episodes, chance included, at which the delay is doubled


class Curriculum:
    """Doubles the longest delay, up to the run's own, whenever the training episodes anticipate well enough.

    :param notes: what ``notes()`` returned where training goes on from; empty for a new run.
    """

    def __init__(self, run: Run, notes: dict[str, Any]) -> None:
        self.run = run
        self.low, self.high = run.config.delay_s
        self.longest = min(notes.get("longest", FIRST), self.high)
        self.success: float = notes.get("success", float("nan"))  # when there was last enough to measure it
        self._measure()

    def notes(self) -> dict[str, Any]:
        """All that changes."""
        return {"longest": self.longest, "success": self.success}

    def step(self, model: MemoryPPO) -> None:
        """Look at the last episodes, and set the delays of the next ones.

        Calling it twice changes nothing: who is asked for more starts without merits.
        """
        episodes = model.ep_info_buffer
        if episodes is not None and len(episodes) == episodes.maxlen:
            self.success = self.limits.anticipation(np.array([episode["r"] for episode in episodes]))
            if not self.success < PASS and self.longest < self.high:  # where nothing is at stake, nothing is asked
                self.longest = min(2.0 * self.longest, self.high)
                episodes.clear()
                self._measure()
        env = model.get_env()
        assert isinstance(env, KindergartenVecEnv)
        env.set_delay(min(self.low, self.longest), self.longest)

    def _measure(self) -> None:
        """Success is on the scale of the longest delay; returns hardly depend on it."""
        config = replace(self.run.config, delay_s=(self.longest, self.longest))
        self.limits = reference(self.run.scenario, config)
