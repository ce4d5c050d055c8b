"""``kindergarten evaluate``: score a run, a file, or anybody's agent by its name in Python."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from kindergarten.api import load, score
from kindergarten.files import place_of
from kindergarten.output import columns, print_json
from kindergarten.scoring.agent import Agent, agent_of


def evaluate(
    name: str, scenario: str | None, delays: Sequence[float], ladder: bool, as_json: bool, allow_pickle: bool
) -> None:
    """Score an agent and print what came out.

    Args:
        name: as for `named`; or the folder of several seeds, each of which is scored.
        scenario: where it drives; a run drives where it was trained if it is left out.
        delays: each of them [s]; its own, or the default ones, if there are none.
        ladder: whether they are the whole ladder, which a run keeps.
        as_json: print JSON instead of a table: a list where there may be several scores, else an object.
        allow_pickle: read a .zip, which may run code.

    Raises:
        ValueError: there is no such agent, or nobody says where it drives.
    """
    place, seeds = place_of(name), list[Path]()
    if place.is_dir():
        from kindergarten.agents.runs.evaluate import evaluate_runs
        from kindergarten.agents.runs.folders import runs_in

        if scenario is None:
            evaluate_runs(place, delays, ladder, allow_pickle, as_json)
            return
        seeds = runs_in(place)
    if seeds:
        agents = {str(seed): load(seed, allow_pickle=allow_pickle) for seed in seeds}
    else:
        agents = {name: named(name, allow_pickle)}
    if scenario is None:
        raise ValueError(f"{name} does not say where it drives: name it with --scenario")
    settings: list[dict[str, Any]] = [{"delay_s": delay} for delay in delays] or [{}]
    scores = [(each, score(agent, scenario, **its)) for each, agent in agents.items() for its in settings]
    if as_json:
        found = [its.to_dict() for _, its in scores]
        print_json(found if seeds or delays else found[0])
    else:
        print("\n\n".join(f"{each}\n" * bool(seeds) + its.table(columns()) for each, its in scores))


def named(name: str, allow_pickle: bool = False) -> Agent:
    """The agent that ``name`` means: a run's folder, .onnx, .zip, module:attribute, or one who has not learned.

    What is there is read, whatever it is called: a name with a colon in it imports nothing then.

    Raises:
        ValueError: there is no such agent.
    """
    imported = ":" in name and not os.path.lexists(name)
    return agent_of(attribute(name)) if imported else load(name, allow_pickle=allow_pickle)


def attribute(name: str) -> Any:
    """What ``module:attribute`` means; modules are looked for in the working directory too.

    Raises:
        ValueError: there is no such module, or nothing of that name in it.
    """
    module, _, attributes = name.partition(":")
    if os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())
    try:
        found: Any = import_module(module)
        for part in attributes.split("."):
            found = getattr(found, part)
    except (ImportError, AttributeError, TypeError, ValueError) as error:  # the latter of names that no module has
        raise ValueError(f"there is no agent {name}: {error}") from None
    return found
