"""What the shells share: from keyword arguments to a simulator and its spaces."""

from __future__ import annotations

from typing import Any

from kindergarten.scenarios import scenario_named
from kindergarten.world.config import Config, Scenario
from kindergarten.world.simulator import Simulator
from kindergarten.world.words import quoted

RENDER_MODES = ["rgb_array", "human"]


def build(scenario: str | Scenario, num_worlds: int, config: Config) -> Simulator:
    """A simulator of ``scenario``, given itself or by name.

    Raises:
        ValueError: there is no such scenario.
    """
    chosen = scenario if isinstance(scenario, Scenario) else scenario_named(scenario)
    return Simulator(chosen, num_worlds, config)


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
        ValueError: names the unknown key and the choices.
    """
    options = options or {}
    for key in options:
        if key not in known:
            raise ValueError(f"unknown option {quoted(key)}: choose from {', '.join(known)}")
    return options
