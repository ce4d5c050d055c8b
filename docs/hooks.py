"""Fills in what the pages take from the code and from benchmarks/results, each time that they are built.

A line ``{{ name }}`` in a page becomes what the function of that name in ``FILL`` returns.
"""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from kindergarten.codes import Intent, names
from kindergarten.config import Scenario
from kindergarten.envs import KindergartenEnv
from kindergarten.reference import summary
from kindergarten.reward import TERMS
from kindergarten.scenarios import SCENARIOS
from kindergarten.viewer.controls import Key
from kindergarten.viewer.game import KEYS as GAME_KEYS
from kindergarten.viewer.player import KEYS as PLAYER_KEYS

RESULTS = Path(__file__).resolve().parent.parent / "benchmarks" / "results"


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Replace every ``{{ name }}``; an unknown name is an error, and so is a result that is missing."""
    return re.sub(r"^\{\{ (\w+) \}\}$", lambda match: FILL[match[1]](), markdown, flags=re.MULTILINE)


def table(header: Iterable[str], rows: Iterable[Iterable[Any]], numbers: int = 0) -> str:
    """A Markdown table whose last ``numbers`` columns are set to the right."""
    header = list(header)
    rule = ["---"] * (len(header) - numbers) + ["--:"] * numbers
    return "\n".join("| " + " | ".join(map(str, row)) + " |" for row in (header, rule, *rows))


def environment() -> str:
    """The environment's page: its class docstring."""
    return inspect.cleandoc(KindergartenEnv.__doc__ or "")


def scenarios() -> str:
    """What each scenario asks for and pays."""
    header = ("scenario", "road user 1 goes", "the ego may go", "top speed", "time limit after t3", "reward")
    return table(header, [_numbers_of(scenario) for scenario in SCENARIOS.values()])


def _numbers_of(scenario: Scenario) -> tuple[str, ...]:
    tasks, ways = scenario.tasks, names(Intent)
    chances = ", ".join(f"{ways[intent]} {chance:.0%}" for intent, chance in scenario.casts[0][1].intents)
    weights = {term: getattr(tasks[0].weights, term.name) for term in TERMS}
    paid = ", ".join(f"{term.name} {weight:+g} per {term.unit}" for term, weight in weights.items() if weight)
    own = [intent for cast in scenario.casts for intent, _ in cast[0].intents]
    branches = ", ".join(ways[branch] for branch in tasks[0].branches or dict.fromkeys(own))
    limits = (
        ", ".join(f"{number:g} {unit}" for number in dict.fromkeys(getattr(task, name) for task in tasks))
        for name, unit in (("max_speed", "m/s"), ("time_limit", "s"))
    )
    return scenario.name, chances, branches, *limits, paid.replace(" per 1", "")


def references() -> str:
    """Blind and oracle of every scenario and delay."""
    rows = []
    for scenario in SCENARIOS.values():
        found = summary(scenario)
        for delay, cell in {"1..4": found, **found["delay_ladder"]}.items():
            numbers = (f"{cell[name]:.3f}" for name in ("blind", "oracle", "collision"))
            rows.append((scenario.name, f"{delay} s", *numbers, f"{cell['stakes']:.2f}"))
    return table(("scenario", "delay", "blind", "oracle", "worst answer", "stakes"), rows, 5)


def simulator_rates() -> str:
    """Rates of the simulator and of what ran beside it."""
    rows = []
    for name, row in _result("simulator")["rates"].items():
        steps = row.get("road_user_steps_per_s")
        rows.append((name, _spread(row["decisions_per_s"]), f"{steps['median']:,.0f}" if steps else ""))
    return table(("", "decisions/s", "road-user steps/s"), rows, 2)


def simulator_ratios() -> str:
    """Ratios of those."""
    return _ratios(_result("simulator"))


def start_up() -> str:
    """Seconds to the first step."""
    rows = [
        (state, *(f"{row[part]['median']:.1f} s" for part in ("import", "first_step", "processor")))
        for state, row in _result("simulator")["start_up_s"].items()
    ]
    return table(("kernels", "import", "make, reset, first step", "processor time"), rows, 3)


def trainer_rates() -> str:
    """Rates of both trainers, and their ratio."""
    result = _result("trainer")
    rows = [(name, _spread(row["decisions_per_s"])) for name, row in result["rates"].items()]
    return table(("", "decisions/s"), rows, 1) + "\n\n" + _ratios(result)


def times_to_score() -> str:
    """Seconds to the score, run by run."""
    result = _result("time_to_score")
    score = result["settings"]["score"]
    rows = []
    for name, runs in result["runs"].items():
        for seed, run in enumerate(runs):
            end = f"{score:g} reached" if run["reached"] else f"not reached: {run['anticipation']:.2f}"
            cells = f"{run['wall_s']:,.0f} s", f"{run['processor_s']:,.0f} s", f"{run['decisions']:,}"
            rows.append((name, seed, end, *cells))
    return table(("", "seed", "score", "on the wall", "processor time", "decisions"), rows, 3)


def agents() -> str:
    """What agents reach, with and without memory."""
    rows = []
    for row in _result("agents")["rows"]:
        low, high = row["ci95"]
        score = f"{row['anticipation']:.3f} ({low:.3f}..{high:.3f})"
        seeds = ", ".join(f"{seed:.3f}" for seed in row["seeds"])
        crashes = f"{row['collision_rate']:.1%}"
        rows.append((row["scenario"], row["memory"], f"{row['decisions']:,}", score, seeds, crashes))
    return table(("scenario", "memory", "decisions", "anticipation", "each seed", "collisions"), rows, 4)


def agents_made_with() -> str:
    """Where and how the agents were trained."""
    return _made_with(_result("agents"))


def keys() -> str:
    """What the keys of the window do."""
    return _keys(PLAYER_KEYS)


def game_keys() -> str:
    """What the keys do for whoever drives."""
    return _keys(GAME_KEYS)


def _keys(entries: Iterable[Key]) -> str:
    return table(("key", "does"), [(f"`{key.shown}`", key.words) for key in entries])


def viewer_rates() -> str:
    """How fast pictures are drawn."""
    rows = [
        (name, f"{row['pictures_per_s']['mean']:,}", *(f"{row['ms'][share]:.1f}" for share in ("50 %", "95 %", "99 %")))
        for name, row in _result("viewer")["drawing"].items()
    ]
    return table(("", "pictures/s", "median ms", "95 % ms", "99 % ms"), rows, numbers=4)


def viewer_speeds() -> str:
    """How fast a long replay opens and a video is written."""
    found = _result("viewer")
    opened = found["opening_s"]
    size = f"{opened['decisions']:,} decisions and {opened['road_users']} road users"
    rows: list[tuple[str, ...]] = [
        (f"from a file of {size} to its first picture", f"{opened['median']:.2f} s", f"{opened['target']:g} s")
    ]
    for name, video in found["export_times_real_time"].items():
        speeds = (f"{video[part]:.1f} times real time" for part in ("median", "target"))
        rows.append((f"an .mp4, encoder included, {name}", *speeds))
    return table(("", "median", "target"), rows, numbers=2)


def viewer_made_with() -> str:
    """Where and how the viewer's figures were taken."""
    return _made_with(_result("viewer"))


def simulator_made_with() -> str:
    """Where and how the simulator's figures were taken."""
    return _made_with(_result("simulator"))


def trainer_made_with() -> str:
    """Where and how the trainer's figures were taken."""
    return _made_with(_result("trainer"))


def time_to_score_made_with() -> str:
    """Where and how the times to the score were taken."""
    return _made_with(_result("time_to_score"))


def _result(name: str) -> dict[str, Any]:
    return json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8"))


def _spread(row: dict[str, float]) -> str:
    return f"{row['median']:,.0f} ({row['min']:,.0f}..{row['max']:,.0f})"


def _ratios(result: dict[str, Any]) -> str:
    rows = [
        (name, f"{row['median']:,.2f} ({row['min']:,.2f}..{row['max']:,.2f})", row.get("target", ""))
        for name, row in result["ratios"].items()
    ]
    return table(("", "ratio", "at least"), rows, 2)


def _made_with(result: dict[str, Any]) -> str:
    made = result["made_with"]
    packages = ", ".join(f"{name} {version}" for name, version in made["packages"].items() if version)
    machine = f"{made['machine']['cpu']}, {made['machine']['cores']} cores, load {made['load_average'][0]:g}"
    where = f"commit {made['commit']}, {made['date'][:10]}; {machine} before the start"
    return f"`{result['command']}`, {where}; Python {made['python']}, {packages}."


FILL: dict[str, Callable[[], str]] = {
    function.__name__: function
    for function in (
        *(environment, scenarios, references, simulator_rates, simulator_ratios, start_up, trainer_rates),
        *(times_to_score, simulator_made_with, trainer_made_with, time_to_score_made_with),
        *(agents, agents_made_with, keys, game_keys, viewer_rates, viewer_speeds, viewer_made_with),
    )
}
