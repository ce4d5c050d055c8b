"""The scenarios: one file each, found by itself.

A file of this folder makes a ``SCENARIO``; its docstring is the text of its page (docs/scenarios/NAME.md).
"""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType

from kindergarten.world.config import Scenario
from kindergarten.world.words import chosen


def _found() -> list[ModuleType]:
    """The files of this folder: as their places say, those without one at the end, by name."""
    files = [import_module(f"{__name__}.{file.name}") for file in iter_modules(__path__)]
    return sorted(files, key=lambda file: (file.SCENARIO.place, file.SCENARIO.name))


#: The file of each scenario that comes with the package.
FILES: dict[str, ModuleType] = {file.SCENARIO.name: file for file in _found()}
SCENARIOS: dict[str, Scenario] = {name: file.SCENARIO for name, file in FILES.items()}


def id_of(name: str, variant: str = "") -> str:
    """What Gymnasium calls the scenario of that name, or a variant of it."""
    return f"Kindergarten/{name}{variant}-v0"


def scenario_named(scenario: str | Scenario) -> Scenario:
    """The scenario of that name; one of one's own as it is.

    Raises:
        ValueError: there is none; the message names the choices.
    """
    return scenario if isinstance(scenario, Scenario) else chosen("scenario", scenario, SCENARIOS)
