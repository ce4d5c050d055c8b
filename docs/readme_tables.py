"""What README and the lists of scenarios in other files take from the code and from benchmarks/results."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from docs.scenario_pages import OURS
from docs.tables import measured, percent, scored, spread, table
from kindergarten.agents.learner.choice import Memory
from kindergarten.output import decimals

#: What taught an agent, by what benchmarks/results/ladder.json has.
TAUGHT = {"captions 0": "rewards alone", "": "captions"}
RUNGS = ("8 s", "32 s")
ACROSS = 3  # pictures of a row
#: What README calls those who took part in benchmarks.simulator, and where they live.
SPEEDS = {
    "vector env, 1,024 worlds": ("Kindergarten, Crossing, 1,024 worlds", ""),
    "Crossing-v0, gymnasium.make": ("Kindergarten, Crossing, one world", ""),
    "MiniGrid-MemoryS13-v0": ("MiniGrid, MemoryS13", "https://minigrid.farama.org"),
    "MetaDrive, one map": ("MetaDrive, one map, lidar", "https://github.com/metadriverse/metadrive"),
    "highway-env, 2 physics steps per decision": (
        "highway-env, intersection, two physics steps per decision",
        "https://github.com/Farama-Foundation/HighwayEnv",
    ),
}


def what_it_learns() -> str:
    """Each scenario with and without memory; empty cells where it was not measured in today's worlds."""
    rows = {(row["scenario"], row["memory"]): row for row in measured("agents")["rows"] if not row["control"]}
    header = ("scenario", "decisions", "with an LSTM", "without memory", "right answers", "collisions")
    return table(
        header, [(one.name, *_learned(rows.get((one.name, "lstm")), rows.get((one.name, "none")))) for one in OURS], 5
    )


def _learned(ours: dict[str, Any] | None, without: dict[str, Any] | None) -> tuple[str, ...]:
    """The cells of an agent with an LSTM, and of one without memory, as far as they were trained."""
    if ours is None:
        return ("",) * 5
    blind = decimals(without["anticipation"], 3) if without else ""
    right = percent(ours.get("right_answers"))
    return f"{ours['decisions']:,}", scored(ours), blind, right, f"{ours['collision_rate']:.1%}"


def how_long_it_lasts() -> str:
    """What is left of the score at long delays, by memory: the best first."""
    rows = measured("ladder")["rows"]
    columns = [(taught, row["scenario"]) for taught in TAUGHT for row in rows if row["taught"] == taught]
    columns = list(dict.fromkeys(columns))
    found = {(row["memory"], row["taught"], row["scenario"]): row["anticipation"] for row in rows}

    def score(memory: str, taught: str, scenario: str, rung: str) -> list[float] | None:
        return found.get((memory, taught, scenario), {}).get(rung)

    cells = {
        memory: [score(memory, *column, rung) for column in columns for rung in RUNGS]
        for memory in dict.fromkeys(row["memory"] for row in rows)
    }
    best = sorted(cells, key=lambda memory: [-round(cell[0], 2) if cell else 9.0 for cell in cells[memory]])
    header = (
        rung if k else f"{TAUGHT[taught]}, {scenario}: {rung}"
        for taught, scenario in columns
        for k, rung in enumerate(RUNGS)
    )
    lines = [(Memory(memory).called, *(spread(cell) if cell else "" for cell in cells[memory])) for memory in best]
    return table(("", *header), lines, len(columns) * len(RUNGS))


def memories() -> str:
    """What there is to remember with, from the least on."""
    return table(("`--memory`", "what it is"), [(f"`{memory.value}`", memory.meaning) for memory in Memory])


def grid() -> str:
    """What happens in each scenario, as moving pictures that lead to its page."""
    cells = [
        f'<td><a href="docs/scenarios/{one.name}.md"><img src="docs/images/scenarios/{one.name}.gif" width="300" '
        f'alt="{one.summary}" title="{one.summary}"><br><b>{one.name}</b></a></td>'
        for one in OURS
    ]
    rows = [cells[k : k + ACROSS] for k in range(0, len(cells), ACROSS)]
    return "\n".join(["<table>", *("\n".join(["<tr>", *row, "</tr>"]) for row in rows), "</table>"])


def speeds() -> str:
    """The simulator's rates, beside those of others that were measured in the same run."""
    found = measured("simulator")["rates"]
    rows = []
    for name, (said, link) in SPEEDS.items():
        row = found.get(name)
        steps = (row or {}).get("road_user_steps_per_s")
        cells = (_rounded(row["decisions_per_s"]["median"]) if row else "", _rounded(steps["median"]) if steps else "")
        rows.append((f"[{said}]({link})" if link else said, *cells))
    return table(("", "decisions/s", "road-user steps/s"), rows, 2)


def _rounded(rate: float) -> str:
    """Three figures, and M for a million."""
    exact = float(f"{rate:.3g}")
    return f"{exact / 1e6:.3g} M" if exact >= 1e6 else f"{exact:,.0f}"


def pages_of_scenarios() -> str:
    """For mkdocs.yml: a page for each scenario."""
    return "\n".join(f"      - scenarios/{one.name}.md" for one in OURS)


def budgets() -> str:
    """For rl_zoo3: how long to train on each scenario."""
    lines = (f"Kindergarten/{one.name}-v0:\n  <<: *defaults\n  n_timesteps: {one.training}" for one in OURS)
    return "\n\n".join(lines)


MAKERS: tuple[Callable[[], str], ...] = (
    *(what_it_learns, how_long_it_lasts, memories, grid, speeds, pages_of_scenarios, budgets),
)
