"""The one rollout: an agent drives the worlds of an exam to their end, while hooks look on or interfere."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from kindergarten.replay.episode import Episode, Recorder
from kindergarten.scoring.agent import Agent, Decision, decision_of
from kindergarten.scoring.exam import Exam
from kindergarten.world.spaces import Observed


class Informed:
    """A driver who knows the worlds: no agent, and for nobody but those whom this package brings along."""

    def enter(self, exam: Exam) -> None:
        """Make ready for an exam's worlds."""
        raise NotImplementedError


class Shuffled:
    """Shows an agent the worlds in an order that is drawn anew: in an exam's own the row gives the intent away."""

    def __init__(self, agent: Agent, worlds: int) -> None:
        self._agent, self._order = agent, np.random.default_rng().permutation(worlds)
        self._back = self._order.argsort()

    def decide(self, observations: Observed, state: Any, episode_starts: np.ndarray) -> Decision:
        """As the agent decides; its state stays in the order that it knows."""
        order, several = self._order, isinstance(observations, dict)
        shown = {name: rows[order] for name, rows in observations.items()} if several else observations[order]
        decision = decision_of(self._agent, shown, state, episode_starts[order])
        if decision.actions.shape[:1] != order.shape:
            return decision  # which the exam refuses, in words
        return decision._replace(actions=decision.actions[self._back], thoughts=decision.thoughts[self._back])


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
        agent: who drives. Where nobody looks on, it sees the worlds in an order of their own, drawn anew.
        exam: the worlds; it begins anew.
        hooks: each sees what the one before it has left, in the exam's order of worlds.
        record: the worlds whose episodes are wanted, with what the agent thought.

    Returns:
        These episodes.

    Raises:
        ValueError: what the agent decides is no Decision, or no actions of these worlds.
    """
    observations, _ = exam.reset()
    if isinstance(agent, Informed):
        agent.enter(exam)
    elif not hooks:  # whose states nobody else reads
        agent = Shuffled(agent, exam.num_envs)
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
