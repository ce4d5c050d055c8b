"""Who is scored: anything that decides. One protocol, and a way to it from everything that people have.

W worlds are driven side by side; observations have W as their first axis, and so have actions.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol, runtime_checkable

import numpy as np
from gymnasium import spaces

from kindergarten.replay.thoughts import Thoughts
from kindergarten.world.spaces import Observed, channels_last


class Decision(NamedTuple):
    """One decision of W worlds, and what is behind it.

    actions: (W,) Action, or (W, 2) acceleration and steering. state: what the agent wants to be handed at the next
    frame. thoughts: in the order of the observation's rows.
    """

    actions: np.ndarray
    state: Any
    thoughts: Thoughts = Thoughts()


@runtime_checkable
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
    """An agent of Stable-Baselines3, or of anybody who took over its ``predict``; deterministic."""

    def __init__(self, model: Any) -> None:
        self.model = model
        self.observation_space = channels_last(getattr(model, "observation_space", None))
        self.action_space: spaces.Space | None = getattr(model, "action_space", None)

    def decide(self, observations: Observed, state: Any, episode_starts: np.ndarray) -> Decision:
        """``predict(observation, state, episode_start, deterministic)``."""
        actions, state = self.model.predict(observations, state=state, episode_start=episode_starts, deterministic=True)
        return Decision(np.asarray(actions), state)


class FunctionAgent:
    """A function ``observations -> actions``, or ``(observations, state, episode_starts) -> (actions, state)``."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function, self.remembers = function, _takes(function, 3)
        if not self.remembers and not _takes(function, 1):
            raise ValueError(
                f"the agent {_short(function)} takes other arguments than (observations), which returns actions, "
                "or (observations, state, episode_starts), which returns actions and state"
            )

    def decide(self, observations: Observed, state: Any, episode_starts: np.ndarray) -> Decision:
        """Call the function."""
        if not self.remembers:
            return Decision(np.asarray(self.function(observations)), None)
        answer = self.function(observations, state, episode_starts)
        if not isinstance(answer, tuple) or len(answer) != 2:
            raise ValueError(f"the agent returned {_short(answer)}: (actions, state) was expected")
        return Decision(np.asarray(answer[0]), answer[1])


def agent_of(agent: Any) -> Agent:
    """What drives for ``agent``: an Agent itself, an object with ``predict``, or a callable.

    Raises:
        ValueError: it is none of them.
    """
    if isinstance(agent, type):
        raise ValueError(f"the agent is the class {agent.__name__}: name one that has been made, as {agent.__name__}()")
    if callable(getattr(agent, "decide", None)):
        return agent
    if callable(getattr(agent, "predict", None)):
        return PredictAgent(agent)
    if callable(agent):
        return FunctionAgent(agent)
    raise ValueError(
        f"the agent is {_short(agent)}: it must be an object with predict(observation, state, episode_start, "
        "deterministic), a callable of (observations) or of (observations, state, episode_starts), or a path"
    )


def _takes(function: Callable[..., Any], count: int) -> bool:
    try:
        inspect.signature(function).bind(*[None] * count)
    except TypeError:
        return False
    except ValueError:  # built in, and says nothing
        return count == 1
    return True


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
