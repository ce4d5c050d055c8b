"""Fills in what the pages take from the code and from benchmarks/results, each time that they are built.

A line ``{{ name }}`` in a page becomes what the function of that name in ``FILL`` returns, and ``{{ name Scenario }}``
what scenario_pages.py says of that scenario. Nothing is computed here that takes long: where something has not been
computed or measured yet, the page says so.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable
from typing import Any

from benchmark_tables import BENCHMARKS
from result_tables import DOCS, agents, table
from scenario_pages import OF_SCENARIO, scenarios, stakes

from kindergarten.envs import KindergartenEnv
from kindergarten.scenarios import scenario_named
from kindergarten.viewer.app.controls import Key
from kindergarten.viewer.app.game import KEYS as GAME_KEYS
from kindergarten.viewer.app.player import KEYS as PLAYER_KEYS


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Replace every ``{{ name }}`` and ``{{ name Scenario }}``; a name that does not exist is an error.

    Raises:
        KeyError: there is no such function.
        ValueError: there is no such scenario.
    """
    return re.sub(r"^\{\{ (\w+)(?: (\w+))? \}\}$", _filled, markdown, flags=re.MULTILINE)


def _filled(match: re.Match[str]) -> str:
    name, scenario = match.groups()
    return FILL[name]() if scenario is None else OF_SCENARIO[name](scenario_named(scenario))


def environment() -> str:
    """The environment's page: its class docstring."""
    return inspect.cleandoc(KindergartenEnv.__doc__ or "")


def own_scenario() -> str:
    """The example of a scenario outside the package."""
    return (DOCS.parent / "examples" / "own_scenario.py").read_text(encoding="utf-8").rstrip()


def keys() -> str:
    """What the keys of the window do."""
    return _keys(PLAYER_KEYS)


def game_keys() -> str:
    """What the keys do for whoever drives."""
    return _keys(GAME_KEYS)


def _keys(entries: Iterable[Key]) -> str:
    return table(("key", "does"), [(f"`{key.shown}`", key.words) for key in entries])


FILL: dict[str, Callable[[], str]] = {
    function.__name__: function
    for function in (*BENCHMARKS, agents, scenarios, stakes, environment, own_scenario, keys, game_keys)
}
