"""The calls that most people need: score anybody's agent, or load one from a file."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from gymnasium import spaces

from kindergarten.extras import explained
from kindergarten.files import DEMO, place_of
from kindergarten.scoring.agent import Agent, agent_of
from kindergarten.scoring.drivers import DRIVERS
from kindergarten.scoring.exam import Exam
from kindergarten.scoring.rollout import rollout
from kindergarten.scoring.score import Score
from kindergarten.world.config import Config, Scenario, Settings
from kindergarten.world.settings import spelled_out
from kindergarten.world.spaces import settings_for
from kindergarten.world.words import quoted

if TYPE_CHECKING:
    from typing_extensions import Unpack


@spelled_out(Config)
def score(
    agent: Any,
    scenario: str | Scenario,
    *,
    seeds: Sequence[int] | np.ndarray | None = None,
    allow_pickle: bool = False,
    **settings: Unpack[Settings],
) -> Score:
    """Let an agent drive every intent of every evaluation seed once, and say what it was worth.

    Args:
        agent: an object with Stable-Baselines3's batched ``predict(observation, state, episode_start,
            deterministic)``; a callable ``(observations) -> actions`` or ``(observations, state, episode_starts) ->
            (actions, state)``, whose state is None at first (if it can be called in both ways: the former, unless its
            second argument is called ``state``); or a path or a name, as for `load`.
        scenario: its name, or a Scenario.
        seeds: (S,) whole numbers from 0 to 2**64 - 1; those that everybody is scored on if left out.
        allow_pickle: read a ``.zip`` of Stable-Baselines3, which may run code.
        settings: the environment's keywords, as for ``gymnasium.make``. What an agent's own spaces tell
            (``observation``, ``control``) may be left out.

    Raises:
        ValueError: an unknown scenario or setting, or an agent that does not fit; the message names the value, what
            was expected and the choices.
    """
    driver = load(agent, allow_pickle=allow_pickle) if isinstance(agent, (str, os.PathLike)) else agent_of(agent)
    takes, acts = (getattr(driver, name, None) for name in ("observation_space", "action_space"))
    asked: Any = {**settings_for(takes, acts), **settings}
    exam = Exam(scenario, seeds=seeds, **asked)
    check_fits(driver, exam)
    rollout(driver, exam)
    return exam.score()


def load(path: str | os.PathLike[str], *, allow_pickle: bool = False) -> Agent:
    """The agent in a run's folder, in an ``.onnx`` that ``kindergarten export-onnx`` wrote, or in a ``.zip`` that
    Stable-Baselines3 saved; ``"demo"``, which comes with the package and drives in every scenario; or one of those who
    drive without having learned, by name: oracle, blind, last-signal, random. Who was trained in several scenarios is
    not told where it drives: its ``Thoughts.values`` are in units of what is at stake there, as it was paid.

    Raises:
        ValueError: it is none of them, or a pickle without ``allow_pickle``.
        OSError: there is no such file.
        ModuleNotFoundError: what it takes to read it is not installed.
    """
    place = place_of(path)
    if path in DRIVERS:
        return DRIVERS[str(path)]()
    if place.suffix == ".onnx":
        from kindergarten.scoring.onnx import OnnxAgent

        return OnnxAgent(place)
    if place.suffix != ".zip" and not os.path.isdir(place):  # Path's own fails if the name is too long for one
        named = place if os.path.exists(place) else quoted(str(place))
        raise ValueError(
            f"{named} is no agent: name a run's folder, an .onnx, or a .zip of Stable-Baselines3; or choose from "
            f"{', '.join([DEMO.name, *DRIVERS])}"
        )
    with explained(place):
        from kindergarten.agents.runs.load import agent_in
    return agent_in(place, allow_pickle)


def check_fits(agent: Agent, exam: Exam) -> None:
    """Refuse an agent of other spaces than the exam's; one that names none is taken at its word.

    Raises:
        ValueError: names both.
    """
    takes, shown = getattr(agent, "observation_space", None), exam.single_observation_space
    alike = type(shown) is type(takes) and takes is not None and len(shown.shape or ()) == len(takes.shape or ())
    crowds = getattr(agent, "any_crowd", False) and alike  # however many road users there are
    fewer = getattr(agent, "fewer", False) and _is_part(shown, takes)  # or no more than it has learned among
    check_fit("observations", None if crowds or fewer else takes, shown)
    check_fit("actions", getattr(agent, "action_space", None), exam.single_action_space)


def check_fit(what: str, theirs: spaces.Space | None, ours: spaces.Space) -> None:
    """Refuse an agent of other spaces than the exam's.

    Raises:
        ValueError: names both.
    """
    if theirs is None or type(theirs) is type(ours) and theirs.shape == ours.shape and _size(theirs) == _size(ours):
        return
    raise ValueError(
        f"the agent's {what} are {_said(theirs)}, and those of this scenario and setting are {_said(ours)}"
    )


def _is_part(ours: spaces.Space, theirs: spaces.Space | None) -> bool:
    """Whether these are columns of fewer road users than those."""
    shapes = [space.shape for space in (ours, theirs) if isinstance(space, spaces.Box)]
    return len(shapes) == 2 and len(shapes[0]) == len(shapes[1]) == 1 and shapes[0] <= shapes[1]


def _size(space: spaces.Space) -> Any:
    """What its shape does not tell."""
    if isinstance(space, spaces.Dict):
        return {name: part.shape for name, part in space.spaces.items()}
    return space.n if isinstance(space, spaces.Discrete) else None


def _said(space: spaces.Space) -> str:
    """A space in a few words; the bounds of each column say nothing here."""
    if isinstance(space, spaces.Dict):
        return f"a Dict of {', '.join(f'{name} {part.shape}' for name, part in space.spaces.items())}"
    return f"a Box of shape {space.shape}" if isinstance(space, spaces.Box) else quoted(space)
