"""What the shells share: from keyword arguments to a simulator and its spaces."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from numbers import Integral
from typing import Any

import numpy as np

from kindergarten.scenarios import scenario_named
from kindergarten.world.codes import End
from kindergarten.world.config import Config, Scenario, make_config
from kindergarten.world.simulator import Simulator
from kindergarten.world.words import quoted

ALL, GOAL = slice(None), int(End.GOAL)
WORD = 1 << 64  # a generator starts from less than that


class RenderModes(list[str]):
    """Render modes. What is no text is among them for Gymnasium, which would stumble over it; we refuse it."""

    def __contains__(self, mode: object) -> bool:
        return not isinstance(mode, str) or super().__contains__(mode)


RENDER_MODES = RenderModes(["rgb_array", "human"])


def build(scenario: str | Scenario, num_worlds: int, config: Config) -> Simulator:
    """A simulator of ``scenario``, given itself or by name.

    Raises:
        ValueError: there is no such scenario.
    """
    return Simulator(scenario_named(scenario), num_worlds, config)


def configured(settings: Mapping[str, Any]) -> Config:
    """A Config from keywords, in which -1 decisions at most are, as to Gymnasium, no limit of one's own.

    Raises:
        ValueError: there is no such setting, or a value makes no sense.
    """
    limit = settings.get("max_episode_steps")
    given: dict[str, Any] = {**settings}
    if isinstance(limit, Integral) and int(limit) == -1:
        given["max_episode_steps"] = None
    return make_config(**given)


def check_render_mode(mode: str | None, modes: list[str]) -> None:
    """Refuse a render mode that does not exist.

    Raises:
        ValueError: names it and the choices.
    """
    if mode is not None and not (isinstance(mode, str) and mode in modes):
        raise ValueError(f"unknown render_mode {quoted(mode)}: choose from None, {', '.join(modes)}")


def check_options(options: dict[str, Any] | None, known: tuple[str, ...]) -> dict[str, Any]:
    """``options`` of a reset, if all its keys are known.

    Raises:
        ValueError: it is no dict, or has an unknown key.
    """
    if options is None:
        return {}
    if not isinstance(options, dict):
        raise ValueError(f"options is {quoted(options)}: it must be a dict or None")
    for key in options:
        if key not in known:
            choices = f"choose from {', '.join(known)}" if known else "there are none"
            raise ValueError(f"unknown option {quoted(key)}: {choices}")
    return options


def check_seed(seed: object) -> int:
    """A seed as a whole number, however large.

    Raises:
        ValueError: it is none, or negative.
    """
    if not isinstance(seed, Integral) or seed < 0:  # pyright: ignore[reportOperatorIssue]
        raise ValueError(f"seed is {quoted(seed)}: it must be a whole number, at least 0")
    return int(seed)


def started(seeds: Iterable[int]) -> np.ndarray:
    """What generators start from, uint64: the seeds themselves, and something made of those that are larger."""
    return np.array([seed if seed < WORD else _hashed(seed) for seed in seeds], np.uint64)


def infos_of(simulator: Simulator, rows: int | slice = ALL) -> dict[str, Any]:
    """What the shells say beside the observations, of all worlds (W, ...) or one, fresh; see ``KindergartenEnv``."""
    users = simulator.users  # fields first: slicing whole records takes most of the time
    reached = simulator.worlds["end"][rows] == GOAL
    return {
        "intents": users["intent"][rows, 1:].copy(),
        "phases": users["phase"][rows, 1:].copy(),
        "terms": simulator.terms[rows].copy(),
        "is_success": reached if isinstance(rows, slice) else bool(reached),  # Gymnasium makes no array of np.bool_
    }


def _hashed(seed: int) -> int:
    return int(np.random.SeedSequence(seed).generate_state(1, np.uint64)[0])
