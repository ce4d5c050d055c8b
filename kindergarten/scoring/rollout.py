"""The one rollout: an agent drives the worlds of an exam to their end, while hooks look on or interfere."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from kindergarten.replay.episode import Episode, Recorder
from kindergarten.scoring.agent import Agent, Decision
from kindergarten.scoring.exam import Exam
from kindergarten.world.spaces import Observed


class Hook:
    """Looks on at every decision, or interferes. This one does neither: override what you need."""

    def observations(self, t: int, observations: Observed) -> Observed:
        """What the agent is shown at frame ``t`` instead of ``observations`` (W, ...)."""
        return observations

    def state(self, t: int, state: Any) -> Any:
        """What the agent is handed at frame ``t`` as what it remembers."""
        return state

    def decided(self, t: int, exam: Exam, decision: Decision) -> None:
        """The agent has decided, and the worlds stand as it saw them."""


def rollout(agent: Agent, exam: Exam, hooks: Sequence[Hook] = (), record: Sequence[int] = ()) -> tuple[Episode, ...]:
    """Drive every world of ``exam`` to its end; what was earned is in ``exam`` then.

    Args:
        agent: who drives.
        exam: the worlds; it begins anew.
        hooks: each sees what the one before it has left.
        record: the worlds whose episodes are wanted, with what the agent thought.

    Returns:
        These episodes.
    """
    observations, _ = exam.reset()
    if callable(enter := getattr(agent, "enter", None)):  # a driver who knows the worlds
        enter(exam)
    seeds = np.tile(exam.seeds, len(exam.scenario.intents))
    recorders = {w: Recorder(exam.simulator, w, int(seeds[w])) for w in record}
    state, starts, t = None, np.ones(exam.num_envs, bool), 0
    while not exam.done:
        for hook in hooks:
            observations, state = hook.observations(t, observations), hook.state(t, state)
        decision = agent.decide(observations, state, starts)
        for hook in hooks:
            hook.decided(t, exam, decision)
        thoughts = decision.thoughts.by_user(exam.simulator) if recorders else decision.thoughts
        actions, state = np.asarray(decision.actions), decision.state
        observations, *_ = exam.step(actions)
        for w, recorder in recorders.items():
            recorder.record(actions[w], thoughts[w])
        starts, t = np.zeros(exam.num_envs, bool), t + 1
    return tuple(recorder.episode() for recorder in recorders.values())
