"""The one rollout: an agent drives the worlds of an exam to their end, while hooks look on or interfere."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from kindergarten.replay.episode import Episode, Recorder
from kindergarten.scoring.agent import Agent, Decision, decision_of
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

    Raises:
        ValueError: what the agent decides is no Decision, or no actions of these worlds.
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
        decision = decision_of(agent, observations, state, starts)
        for hook in hooks:
            hook.decided(t, exam, decision)
        thoughts = decision.thoughts.by_user(exam.simulator) if recorders else decision.thoughts
        observations, *_ = exam.step(decision.actions)
        for w, recorder in recorders.items():
            recorder.record(decision.actions[w], thoughts[w])
        state, starts, t = decision.state, np.zeros(exam.num_envs, bool), t + 1
    return tuple(recorder.episode() for recorder in recorders.values())
