"""The pages of the scenarios: what their files say, with what follows from their numbers."""

from __future__ import annotations

import inspect
import re
from dataclasses import replace
from pathlib import Path
from textwrap import fill
from typing import Any

import numpy as np

from docs.tables import DOCS, ROOT, agent_table, curves, measured, table
from kindergarten.scenarios import FILES
from kindergarten.scoring.reference import BRAKES, RUNGS, stakes_by_braking, stored
from kindergarten.world.codes import Intent, names
from kindergarten.world.config import (
    SETTINGS,
    Cast,
    Config,
    Junction,
    Lanes,
    Member,
    Range,
    Roundabout,
    Scenario,
    Task,
)
from kindergarten.world.observation import EGO_COLUMNS, NUM_EGO, NUM_USER, USER_COLUMNS
from kindergarten.world.reward import TERMS

OURS: list[Scenario] = [file.SCENARIO for file in FILES.values()]
WAYS = names(Intent)
WIDTH = 120  # of a line of prose
UNKNOWN = "–"  # in a table: not computed yet, or nothing to say
#: What a scenario's lengths are counted from: the place from which the routes go apart.
EDGES: dict[type, str] = {
    Junction: "the edge of the junction",
    Roundabout: "the edge of the roundabout",
    Lanes: "the edge, which is where changes of lane begin",
}


def scenarios() -> str:
    """All scenarios, one line each."""
    rows = []
    for scenario in OURS:
        link = f"[`Kindergarten/{scenario.name}-v0`](scenarios/{scenario.name}.md)"
        numbers = _numbers(scenario, Config(), "blind oracle stakes")
        rows.append((link, scenario.summary, scenario.num_users, *numbers, *_braked(scenario)))
    head = ("id", "what happens", "road users", "blind", "oracle", "stakes")
    return table((*head, *(f"at {strength:g} m/s²" for strength in BRAKES)), rows, 4 + len(BRAKES))


def stakes() -> str:
    """The stakes of every scenario at the default delays and on every rung of the ladder."""
    delays = [f"{_between(config.delay_s)} s" for config in RUNGS.values()]
    rows = [
        (f"[{one.name}](scenarios/{one.name}.md)", *(_numbers(one, config, "stakes")[0] for config in RUNGS.values()))
        for one in OURS
    ]
    return table(("scenario", *delays), rows, len(delays))


ROWS_BY_LEG = """These are the places at the first junction. Behind it the road users of the second stand in them, and
so on: who signals where the ego comes next is always `user1`. Where the ego is decides that, and nobody's intent.

"""


def page(scenario: Scenario) -> str:
    """All of a scenario's page."""
    file = Path(inspect.getfile(FILES[scenario.name])).relative_to(ROOT).as_posix()
    texts = sections(inspect.getdoc(FILES[scenario.name]) or "")
    parts = {
        "What happens": [texts["What happens"], times(scenario)],
        "The point of no return": [texts["The point of no return"], commitment(scenario)],
        "Who is there": [_cast_table(scenario, k) for k in range(len(scenario.casts))],
        "Observation": [_observation(scenario)],
        "Reward": [_reward(scenario)],
        "Arguments": [arguments()],
        "References": [_references(scenario)],
        "Baselines": [_baselines(scenario), *([texts["Baselines"]] if "Baselines" in texts else [])],
        "Versions": [texts.get("Versions", "- v0: the first.")],
    }
    head = f"<!-- Made by `make pages`. The text is the docstring of {file}: change it there. -->\n\n# {scenario.name}"
    rest = ["\n\n".join([f"## {title}", *part]) for title, part in parts.items()]
    return "\n\n".join([head, _shown(scenario), texts[""], *rest]) + "\n"


def sections(text: str) -> dict[str, str]:
    """What a docstring says under each of its ``## Titles``, and under "" behind its first paragraph."""
    pieces = re.split(r"^## (.*)$", text, flags=re.MULTILINE)
    first, *others = (piece.strip() for piece in pieces)
    return {"": first.partition("\n\n")[2], **dict(zip(others[::2], others[1::2], strict=True))}


def _shown(scenario: Scenario) -> str:
    """What happens, in a sentence and in a picture, once somebody has made it (make pictures)."""
    picture = f"images/scenarios/{scenario.name}.gif"
    shown = f"\n\n![A trained agent drives](../{picture})" if (DOCS / picture).exists() else ""
    return wrapped(f"`Kindergarten/{scenario.name}-v0`: {scenario.summary}") + shown


def times(scenario: Scenario) -> str:
    """When t1, t2, t3 are, when the agent drives and when all ends."""
    cue, delay, edge = scenario.casts[0][1].cue, Config().delay_s, EDGES[type(scenario.road)]
    tasks = scenario.tasks
    leads, goals, limits = ({getattr(task, name) for task in tasks} for name in ("lead", "goal_at", "time_limit"))
    begins = f"{_either(leads)} s before t3, or until t2 if that is later" if any(leads) else "t3"
    again = " On each further leg they follow from when the ego will be there." if scenario.road.legs > 1 else ""
    return wrapped(
        f"t1 is {_between(scenario.first)} s after the reset, t2 {_between(cue)} s after t1, t3 {_between(delay)} s "
        f"(`delay_s`) after t2.{again} The car cruises by itself until {begins}; then the agent drives. The goal is "
        f"{_either(goals)} m behind {edge}; {_either(limits)} s after t3 time is up."
    )


def wrapped(text: str) -> str:
    """Prose in lines as long as the pages have them."""
    return fill(text, WIDTH, break_long_words=False, break_on_hyphens=False)


def commitment(scenario: Scenario) -> str:
    """What the ego can still change at t3: where it is if it has kept its speed, and what it needs to stop."""
    rows = [_ego_at_t3(cast[0], task) for cast, task in zip(scenario.casts, scenario.tasks, strict=True)]
    return table(("the ego goes", "at", "is at t3", "stops within", "may choose"), rows)


def _ego_at_t3(ego: Member, task: Task) -> tuple[str, ...]:
    """One line of ``commitment``; lengths at constant braking."""
    speed = ego.speed[1]
    ways = " or ".join(WAYS[intent] for intent in task.branches) or _chances(ego)
    soonest, latest = ego.arrival_offset
    where = _place((ego.arrival_position - speed * latest, ego.arrival_position - speed * soonest))
    stops = f"{speed**2 / (2 * task.braking):.1f} m ({task.braking:g} m/s²)"
    if task.stops:
        where, stops = "at the stop line", UNKNOWN
    speeds = ", ".join(f"{v:g}" for v in np.arange(task.min_speed, task.max_speed + 1e-9, task.speed_step))
    aside = f"; {task.side_step:g} m to either side" if task.side_step else ""
    return (
        ways,
        f"{_between(ego.speed)} m/s",
        where,
        stops,
        f"{speeds} m/s, gained at {task.acceleration:g} m/s²{aside}",
    )


def _baselines(scenario: Scenario) -> str:
    """What agents reached, and how."""
    found = [row for row in measured("agents")["rows"] if row["scenario"] == scenario.name]
    return f"{agent_table(found)}\n\n{curves(found)}" if found else "Not measured yet."


def _cast_table(scenario: Scenario, k: int) -> str:
    """The road users of cast ``k``; those that differ in nothing but when they come share a line."""
    cast: Cast = scenario.casts[k]
    groups: list[list[int]] = []
    for i, member in enumerate(cast):
        before = cast[groups[-1][0]] if groups else None
        may_differ = ("arrival_offset", "desired_speed_factor", "convoy")
        alike = before and replace(member, **{name: getattr(before, name) for name in may_differ}) == before
        groups[-1].append(i) if alike and i - 1 not in (0, *scenario.signallers) else groups.append([i])
    rows = [_members(scenario, cast, group) for group in groups]
    header = ("road user", "columns", "comes from", "may go", "kind", "speed", "signals", "where, when")
    title = f"Cast {k + 1} of {len(scenario.casts)}, all equally likely:\n\n" if len(scenario.casts) > 1 else ""
    return title + table(header, rows)


def _members(scenario: Scenario, cast: Cast, group: list[int]) -> tuple[str, ...]:
    """One line of ``_cast_table``."""
    first, last, member = group[0], group[-1], cast[group[0]]
    offsets = min(cast[i].arrival_offset[0] for i in group), max(cast[i].arrival_offset[1] for i in group)
    leg = f", leg {member.leg + 1}" if scenario.road.legs > 1 and first > 0 else ""
    signals = UNKNOWN if first == 0 else "yes" if member.signals else "no"
    return (
        *_row(first, last),
        f"{member.arm}{leg}",
        _chances(member),
        _kinds(member),
        f"{_between(member.speed)} m/s",
        signals,
        f"{_place((member.arrival_position, member.arrival_position))} {'at t1' if member.stops else _when(offsets)}",
    )


def _row(first: int, last: int) -> tuple[str, str]:
    """Which road users of the observation the members ``first`` to ``last`` are, and in which columns."""
    if first == 0:
        return "ego", f"0..{NUM_EGO - 1}"
    return _ends(first, last), f"{NUM_EGO + NUM_USER * (first - 1)}..{NUM_EGO + NUM_USER * last - 1}"


def _kinds(member: Member) -> str:
    """What ``member`` may be, and how likely it is not there at all."""
    kinds = {"cyclist": member.cyclist, "truck": member.truck, "car": 1.0 - member.cyclist - member.truck}
    absent = f"; absent {1.0 - member.presence:.0%}" if member.presence < 1.0 else ""
    return " or ".join(name for name, chance in kinds.items() if chance > 1e-9) + absent


def _observation(scenario: Scenario) -> str:
    """The columns of the flat Box, with their numbers."""
    users = scenario.num_users
    rows: list[tuple[Any, ...]] = [(i, f"`ego.{c.name}`", *c.cells[1:]) for i, c in enumerate(EGO_COLUMNS)]
    for i, column in enumerate(USER_COLUMNS):
        numbers = [NUM_EGO + i + NUM_USER * k for k in range(users - 1)]
        shown = ", ".join(map(str, numbers if users < 5 else (*numbers[:2], "…", numbers[-1])))
        rows.append((shown, f"`user1.{column.name}`" + (" …" if users > 2 else ""), *column.cells[1:]))
    size = (
        f"{NUM_EGO + NUM_USER * (users - 1)} numbers, float32, scaled as the unit says and clipped to the bounds.\n\n"
    )
    turns = ROWS_BY_LEG if scenario.road.legs > 1 else ""
    return size + turns + table(("column", "name", "low", "high", "unit", "meaning"), rows)


def _reward(scenario: Scenario) -> str:
    """The terms that are paid, and how much: one number where all casts have the same."""
    rows = []
    for term in TERMS:
        weights = [getattr(task.weights, term.name) for task in scenario.tasks]
        if any(weights):
            paid = ", ".join(f"{weight:+g}" for weight in dict.fromkeys(weights))
            rows.append((f"`{term.name}`", paid, term.unit, term.meaning))
    return table(("term", "weight", "per", "meaning"), rows)


def arguments() -> str:
    """The keyword arguments of ``gymnasium.make``."""
    rows = [(f"`{its.name}`", f"`{its.written}`", its.explained) for its in SETTINGS.values()]
    return table(("argument", "default", "meaning"), [*rows, ("`render_mode`", "`None`", '`"rgb_array"`, `"human"`')])


def _references(scenario: Scenario) -> str:
    """Blind, oracle, worst answer and stakes at every delay."""
    wanted = "blind oracle worst stakes"
    rows = [(f"{_between(config.delay_s)} s", *_numbers(scenario, config, wanted)) for config in RUNGS.values()]
    text = "Returns, means over 256 seeds; [how they are found](../scores.md). At 0 s the signal is shown until t3.\n\n"
    brakes = "Stakes at the default delays" + "".join(
        f", {stakes} at {strength:g} m/s²" for strength, stakes in zip(BRAKES, _braked(scenario), strict=True)
    )
    return text + table(("delay", "blind", "oracle", "worst answer", "stakes"), rows, 4) + f"\n\n{brakes} of braking."


def _braked(scenario: Scenario) -> list[str]:
    """The stakes with the brakes of a real car."""
    stakes = stakes_by_braking(scenario)
    return [f"{stakes[f'{strength:g}']:.2f}" for strength in BRAKES]


def _numbers(scenario: Scenario, config: Config, wanted: str) -> tuple[str, ...]:
    """The means named in ``wanted`` as they are stored with the package."""
    found = stored(scenario, config)
    if found is None:
        return tuple(UNKNOWN for _ in wanted.split())
    digits = {name: 2 if name == "stakes" else 3 for name in wanted.split()}
    return tuple(f"{np.mean(getattr(found, name)):.{digits[name]}f}" for name in digits)


def _between(ends: Range) -> str:
    """A range, or the one number that it is."""
    return _ends(*(f"{end:.3g}" for end in ends))


def _ends(low: Any, high: Any) -> str:
    return f"{low}" if low == high else f"{low}..{high}"


def _place(ends: Range) -> str:
    """Where on its way somebody is, in metres from the edge, where the routes part."""
    low, high = ends
    if low == high == 0.0:
        return "at the edge"
    if high <= 0.0:
        return f"{_between((-high, -low))} m before the edge"
    return f"{_between(ends)} m behind the edge"


def _when(ends: Range) -> str:
    """Seconds from the scene's t3."""
    low, high = ends
    if low == high == 0.0:
        return "at t3"
    return f"{_between((-high, -low))} s before t3" if high < 0.0 else f"{_between(ends)} s after t3"


def _either(numbers: set[float]) -> str:
    return " or ".join(f"{number:g}" for number in sorted(numbers))


def _chances(member: Member) -> str:
    """What ``member`` may do, how likely if there is a choice."""
    intents = [(WAYS[intent], chance) for intent, chance in member.intents if chance > 0]
    return ", ".join(f"{way} {chance:.0%}" if len(intents) > 1 else way for way, chance in intents)
