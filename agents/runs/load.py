"""Agents from files: a run's folder, or a .zip that Stable-Baselines3 saved."""

from __future__ import annotations

from pathlib import Path

from kindergarten.agents.evaluation.agent import PolicyAgent
from kindergarten.agents.learner.ppo import MemoryPPO
from kindergarten.agents.runs.pickles import model_in
from kindergarten.agents.runs.run import Run
from kindergarten.scoring.agent import Agent, PredictAgent


def agent_in(path: Path, allow_pickle: bool = False) -> Agent:
    """The agent in a run's folder (its best checkpoint), or in a .zip.

    Raises:
        ValueError: there is none, or it is a pickle and ``allow_pickle`` is not given.
    """
    if path.suffix != ".zip":
        run = Run.open(path)
        scale = 1.0 if run.graduate else run.reward_scale(run.scenarios[0])  # who drives in all is not asked where
        return PolicyAgent(run.load_model(allow_pickle).policy, fewer=run.fewer, reward_scale=scale)
    model = model_in(path, allow_pickle)
    return PolicyAgent(model.policy) if isinstance(model, MemoryPPO) else PredictAgent(model)
