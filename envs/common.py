"""What the shells share: from keyword arguments to a simulator and its spaces."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from numbers import Integral
from typing import Any

import numpy as np
from gymnasium.envs.registration import EnvSpec

from kindergarten.scenarios import scenario_named
from kindergarten.world.codes import End
from kindergarten.world.config import Config, Scenario
from kindergarten.world.params import longest_episode
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


def infos_of(simulator: Simulator, rows: int | slice = ALL) -> dict[str, np.ndarray]:
    """What the shells say beside the observations, of all worlds (W, ...) or one, fresh; see ``KindergartenEnv``."""
    users = simulator.users  # fields first: slicing whole records takes most of the time
    return {
        "intents": users["intent"][rows, 1:].copy(),
        "phases": users["phase"][rows, 1:].copy(),
        "terms": simulator.terms[rows].copy(),
        "is_success": simulator.worlds["end"][rows] == GOAL,
    }


class BoundedSpec:
    """An environment's ``spec``; it says how long an episode can be with these settings, unless somebody else did."""

    def __get__(self, env: Any, owner: type) -> EnvSpec | None:
        return self if env is None else vars(env).get("spec")  # pyright: ignore[reportReturnType]

    def __set__(self, env: Any, spec: EnvSpec | None) -> None:
        if spec is not None and spec.max_episode_steps is None:
            simulator: Simulator = env.simulator
            longest = longest_episode(simulator.scenario, simulator.config, simulator.road)
            spec = dataclasses.replace(spec, max_episode_steps=longest)
        vars(env)["spec"] = spec


def _hashed(seed: int) -> int:
    return int(np.random.SeedSequence(seed).generate_state(1, np.uint64)[0])
