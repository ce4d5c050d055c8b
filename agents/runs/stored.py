"""Options in files: a run's config.json, of whatever version, and files of one's own of its form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from kindergarten.agents.learner.config import PPOConfig
from kindergarten.agents.runs.options import ALL, Options, Together, usual
from kindergarten.files import read_json
from kindergarten.playground import PLAYGROUNDS
from kindergarten.playground.rules import Rules
from kindergarten.scenarios import SCENARIOS, scenario_named
from kindergarten.world.config import Config
from kindergarten.world.settings import declared
from kindergarten.world.words import quoted

#: All that there were when agents of all scenarios did not say yet which these are.
NINE = ("Follow", "Crossing", "Overtake", "PullOut", "CutIn", "AllWayStop", "Roundabout", "Crossroads", "Town")
ONCE = ("out", "seeds", "resume")  # in older files: they say where that run went

PARTS = {"options": Options, "environment": Config, "hyperparameters": PPOConfig}
TOGETHER = {"options": Together, "rules": Rules, "hyperparameters": PPOConfig}


def from_json(about: Any, scenario: str | None = None) -> Options:
    """The options in a config.json. Parts of it may be left out; those of older runs are read as well.

    What is left out is as ``usual`` in the scenario; in a run's own, as it was before there was a choice.

    Args:
        about: its content.
        scenario: where it shall be instead of where that says.

    Raises:
        ValueError: it holds something else, or the other scenario takes other options.
    """
    every = {*PARTS, *TOGETHER, "columns"}
    if not isinstance(about, Mapping) or not all(isinstance(about.get(part, {}), Mapping) for part in every):
        raise ValueError(f"{quoted(about)} is no config.json: it must be an object of objects")
    made = "made_with" in about
    if made:  # a run, perhaps of before there was a choice
        about = {**about, "hyperparameters": {"shared_memory": False, **about.get("hyperparameters", {})}}
        if about.get("options", {}).get("scenario") in (*SCENARIOS,):
            about["options"] = {"normalize_reward": False, **about["options"]}
    about = about if "environment" in about or "delay" not in about.get("options", {}) else _modern(about)
    own = about.get("options", {})
    where = scenario or own.get("scenario", Options.scenario)
    parts = TOGETHER if where in (*PLAYGROUNDS,) else PARTS
    if scenario and (own.get("scenario", scenario) in (*PLAYGROUNDS,)) != (scenario in PLAYGROUNDS):
        raise ValueError(f"it is of {quoted(own['scenario'])}: {scenario} takes other options")
    for part in about:
        if part not in (*parts, "scenarios", "schedule_begins", "columns", "made_with"):
            raise ValueError(f"unknown part {quoted(part)}: choose from {', '.join(parts)}")
    for part, declaration in parts.items():
        for name in about.get(part, {}):
            if name not in declared(declaration):
                choices = ", ".join(declared(declaration))
                raise ValueError(f"unknown name {quoted(name)} in {part}: choose from {choices}")
    base = parts["options"]() if made else usual(where)
    name, world = base.world
    inner: dict[str, Any] = {name: replace(world, **about.get(name, {}))}
    inner["learner"] = replace(base.learner, **about.get("hyperparameters", {}))
    if (every := about.get("scenarios", NINE if made and where == ALL else None)) is not None:
        if not isinstance(every, (list, tuple)) or not every or any(every.count(name) > 1 for name in every):
            raise ValueError(f"scenarios is {quoted(every)}: it must be a list of names, each once")
        for name in every:
            scenario_named(name)
        inner["every"] = tuple(every)
    return replace(base, **{**own, "scenario": where, **inner})


def read_file(path: Path, scenario: str | None = None) -> tuple[Options, dict[str, Any]]:
    """The options in a file of the form of config.json, see ``from_json``, and all that stands there.

    Raises:
        OSError: it cannot be read.
        ValueError: it holds something else.
    """
    try:
        about = read_json(path)
        return from_json(about, scenario), about
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


def _modern(about: Mapping[str, Any]) -> dict[str, Any]:
    """An older config.json in today's form: its options hold some settings, and some hyperparameters twice."""
    options, numbers = dict(about["options"]), about.get("hyperparameters", {})
    environment = {"delay_s": options.pop("delay")}
    environment |= {name: options.pop(name) for name in ("control", "spurious", "shuffled") if name in options}
    doubled = {*declared(PPOConfig), "captions", *ONCE}
    options = {name: value for name, value in options.items() if name not in doubled}
    return {"options": options, "environment": environment, "hyperparameters": numbers}
