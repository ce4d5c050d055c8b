"""``kindergarten evaluate``: score a run, a file, or anybody's agent by its name in Python."""

from __future__ import annotations

import argparse
import json
import os
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

from kindergarten.api import score
from kindergarten.scoring.reference import LADDER


def main(argv: list[str]) -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser("kindergarten evaluate", description="How well an agent anticipates.")
    add = parser.add_argument
    add("agent", metavar="AGENT", help="a run's folder (or that of several seeds), .onnx, .zip, or module:attribute")
    add("--scenario", metavar="NAME", help="where it drives; a run drives where it was trained")
    add("--delay", metavar="S", type=float, help="one delay [s] instead of the default ones")
    add("--ladder", action="store_true", help=f"every delay of the ladder: {LADDER} s")
    add("--json", action="store_true", help="print JSON instead of a table")
    add("--allow-pickle", action="store_true", help="read a .zip, which may run code")
    options = parser.parse_args(argv)
    if options.ladder and options.delay is not None:
        raise ValueError(f"--ladder is every delay, --delay {options.delay:g} is one: give one of the two")
    delays = LADDER if options.ladder else () if options.delay is None else (options.delay,)
    if options.scenario is None and os.path.isdir(options.agent):
        from kindergarten.agents.runs.evaluate import evaluate_runs

        return evaluate_runs(Path(options.agent), delays, options.ladder, options.allow_pickle, options.json)
    if options.scenario is None:
        raise ValueError(f"{options.agent} does not say where it drives: name it with --scenario")
    agent = attribute(options.agent) if ":" in options.agent else options.agent
    settings: list[dict[str, Any]] = [{"delay_s": delay} for delay in delays] or [{}]
    scores = [score(agent, options.scenario, allow_pickle=options.allow_pickle, **each) for each in settings]
    if options.json:
        print(json.dumps([each.to_dict() for each in scores] if delays else scores[0].to_dict(), indent=2))
    else:
        print("\n\n".join(map(str, scores)))
    return 0


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
    except (ImportError, AttributeError) as error:
        raise ValueError(f"there is no agent {name}: {error}") from None
    return found
