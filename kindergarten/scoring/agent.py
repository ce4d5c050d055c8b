"""Who is scored: anything that decides. One protocol, and a way to it from everything that people have.

W worlds are driven side by side; observations have W as their first axis, and so have actions.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

import numpy as np
from gymnasium import spaces

from kindergarten.replay.thoughts import Thoughts
from kindergarten.world.kinds import array_of
from kindergarten.world.spaces import Observed, channels_last
from kindergarten.world.words import quoted, shortened


class Decision(NamedTuple):
    """One decision of W worlds, and what is behind it.

    actions: (W,) Action, or (W, 2) acceleration and steering. state: what the agent wants to be handed at the next
    frame. thoughts: in the order of the observation's rows.
    """

    actions: np.ndarray
    state: Any
    thoughts: Thoughts = Thoughts()


class Agent(Protocol):
    """Whoever drives."""

    def decide(self, observations: Observed, state: Any, episode_starts: np.ndarray) -> Decision:
        """Decide on one frame of every world.

        Args:
            observations: (W, ...) in the form that the environment's ``observation`` names.
            state: what the last decision returned as its state; None before the first one.
            episode_starts: (W,) bool, where nothing is to be remembered any more.
        """
        ...


class PredictAgent:
    """An agent of Stable-Baselines3, or of anybody who took over its ``predict``; deterministic.

    What its own ``VecNormalize``, if it has one, makes of observations is what it sees.
    """

    def __init__(self, model: Any) -> None:
        if not _takes(model.predict, None, state=None, episode_start=None, deterministic=True):
            takes = shortened(str(_signature(model.predict)))
            raise ValueError(
                f"the agent's predict takes {takes}: it must take (observation, state, episode_start, deterministic)"
            )
        self.model = model
        self.observation_space = channels_last(getattr(model, "observation_space", None))
        self.action_space: spaces.Space | None = getattr(model, "action_space", None)
        find = getattr(model, "get_vec_normalize_env", None)
        normalizer: Any = find() if callable(find) else None
        self._seen: Callable[[Observed], Any] | None = (
            normalizer.normalize_obs if getattr(normalizer, "norm_obs", False) else None
        )

    def decide(self, observations: Observed, state: Any, episode_starts: np.ndarray) -> Decision:
        """``predict(observation, state, episode_start, deterministic)``."""
        seen = observations if self._seen is None else self._seen(observations)
        answer = self.model.predict(seen, state=state, episode_start=episode_starts, deterministic=True)
        return _with_state(answer, "the agent's predict")


class FunctionAgent:
    """A function ``observations -> actions``, or ``(observations, state, episode_starts) -> (actions, state)``.

    One that can be called in both ways is called in the first, unless its second argument is called ``state``.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        alone, three = _takes(function, None), _takes(function, None, None, None)
        if not alone and not three:
            raise ValueError(
                f"the agent {quoted(function)} takes other arguments than (observations), which returns actions, "
                "or (observations, state, episode_starts), which returns actions and state"
            )
        self.function = function
        self.remembers = three and (not alone or [*_signature(function).parameters][1:2] == ["state"])

    def decide(self, observations: Observed, state: Any, episode_starts: np.ndarray) -> Decision:
        """Call the function."""
        if not self.remembers:
            return Decision(self.function(observations), None)
        return _with_state(self.function(observations, state, episode_starts), "the agent")


def agent_of(agent: Any) -> Agent:
    """What drives for ``agent``: an Agent itself, an object with ``predict``, or a callable.

    Raises:
        ValueError: it is none of them.
    """
    if isinstance(agent, type):
        raise ValueError(f"the agent is the class {agent.__name__}: name one that has been made, as {agent.__name__}()")
    if callable(decide := getattr(agent, "decide", None)):
        if not _takes(decide, None, None, None):
            takes = shortened(str(_signature(decide)))
            raise ValueError(f"the agent's decide takes {takes}: it must take (observations, state, episode_starts)")
        return agent
    if callable(getattr(agent, "predict", None)):
        return PredictAgent(agent)
    if callable(agent):
        return FunctionAgent(agent)
    raise ValueError(
        f"the agent is {quoted(agent)}: it must be an object with predict(observation, state, episode_start, "
        "deterministic), a callable of (observations) or of (observations, state, episode_starts), or a path"
    )


def decision_of(agent: Agent, observations: Observed, state: Any, episode_starts: np.ndarray) -> Decision:
    """What an agent decides, which may be anybody's; its actions as an array, whose values the simulator looks at.

    Raises:
        ValueError: it is no Decision, or its actions are no array.
    """
    decision = agent.decide(observations, state, episode_starts)
    if not isinstance(decision, Decision):
        raise ValueError(f"the agent's decide returned {quoted(decision)}: a Decision(actions, state) was expected")
    return decision._replace(actions=array_of("the agent's actions are", decision.actions))


def _with_state(answer: Any, whose: str) -> Decision:
    """The decision in an answer ``(actions, state)``."""
    if not isinstance(answer, tuple) or len(answer) != 2:
        raise ValueError(f"{whose} returned {quoted(answer)}: (actions, state) was expected")
    return Decision(*answer)


def _takes(function: Callable[..., Any], *arguments: None, **named: Any) -> bool:
    """Whether ``function`` can be called so."""
    try:
        _signature(function).bind(*arguments, **named)
    except TypeError:
        return False
    return True


def _signature(function: Callable[..., Any]) -> inspect.Signature:
    """What ``function`` takes: a module of torch whatever its ``forward`` does; anything, if it does not say."""
    forward = getattr(function, "forward", None)
    try:
        return inspect.signature(forward if callable(forward) else function)
    except ValueError:  # built in
        return inspect.signature(lambda *arguments, **named: None)
