"""What README and the lists of scenarios in other files take from the code and from benchmarks/results."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from statistics import median
from typing import Any

from docs.scenario_pages import OURS
from docs.tables import measured, percent, scored, spread, table
from kindergarten.agents.learner.choice import Memory

#: How README calls what taught an agent, by what benchmarks/results/ladder.json has.
TAUGHT = {"captions 0": "rewards alone", "": "captions"}
RUNGS = ("8 s", "32 s")


def what_it_learns() -> str:
    """Each scenario with and without memory; empty cells where it was not measured in today's worlds."""
    rows = {(row["scenario"], row["memory"]): row for row in measured("agents")["rows"] if not row["control"]}
    header = ("scenario", "decisions", "with an LSTM", "right answers", "without memory", "collisions")
    return table(
        (*header, "right in the delay", "from one frame"),
        [(one.name, *_learned(rows.get((one.name, "lstm")), rows.get((one.name, "none")))) for one in OURS],
        7,
    )


def _learned(ours: dict[str, Any] | None, without: dict[str, Any] | None) -> tuple[str, ...]:
    """The cells of an agent with an LSTM, and of one without memory, as far as they were trained."""
    if ours is None:
        return ("",) * 7
    blind = f"{without['anticipation']:.3f}" if without else ""
    collisions = [f"{row['collision_rate']:.1%}" for row in (ours, without) if row]
    in_delay = (percent(ours[f"{who}_right_in_the_delay"]) for who in ("agent", "single_frame"))
    right = percent(ours.get("right_answers"))
    return f"{ours['decisions']:,}", scored(ours), right, blind, " / ".join(collisions), *in_delay


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


def what_there_is() -> str:
    """The scenarios' ids, and what happens there."""
    rows = [(f"`Kindergarten/{one.name}-v0`", one.summary) for one in OURS]
    return table(("id", "what happens"), rows)


def how_fast() -> str:
    """The simulator's and the trainer's rates, each beside something that one knows."""
    return table(("", "decisions/s on one core", ""), [*_simulator(), *_trainer()])


def _simulator() -> list[tuple[str, str, str]]:
    """The lines on the simulator and its shells."""
    result, users = measured("simulator"), {one.name: one.num_users for one in OURS}
    rates = {name: row["decisions_per_s"]["median"] for name, row in result["rates"].items()}
    steps = {name: row.get("road_user_steps_per_s", {}).get("median", 0) for name, row in result["rates"].items()}
    ratios = {name: f"{row['median']:.2f}" for name, row in result["ratios"].items()}
    start = {state: f"{row['first_step']['median']:.1f} s" for state, row in result["start_up_s"].items()}
    busy, crossroads, town = "simulator, 1,024 worlds", "simulator, Crossroads", "simulator, Town"
    vector, made = "vector env / simulator", "Crossing-v0 / CartPole-v1, gymnasium.make"
    return [
        (
            f"Crossing with {result['settings']['road_users']} road users, 1,024 worlds",
            _millions(rates[busy]),
            f"{steps[busy] / 1e6:.1f} M road-user steps/s",
        ),
        *(
            (f"{name} ({users[name]} road users), 1,024 worlds", _millions(rates[key]), f"{steps[key] / 1e6:.1f} M")
            for name, key in (("Crossroads", crossroads), ("Town", town))
        ),
        (
            "vector env, Crossing, 1,024 worlds",
            _millions(rates["vector env, 1,024 worlds"]),
            f"{ratios[vector]} of the simulator's",
        ),
        ("Stable-Baselines3 VecEnv, Crossing, 256 worlds", _millions(rates["SB3 VecEnv, 256 worlds"]), ""),
        (
            '`gymnasium.make("Kindergarten/Crossing-v0")`',
            f"{rates['Crossing-v0, gymnasium.make'] / 1e3:.0f} k",
            f"{ratios[made]} of CartPole-v1's through the same API",
        ),
        ("first step of a new process", "", f"{start['cold']} with all kernels to compile, {start['warm']} afterwards"),
    ]


def _trainer() -> list[tuple[str, str, str]]:
    """The lines on the trainer."""
    result, ours, stock = measured("trainer"), "MemoryPPO", "RecurrentPPO"
    ratio = result["ratios"][f"{ours} / {stock}"]
    runs = {
        name: measured(f"time_to_score{file}")["runs"] for name, file in (("Follow", ""), ("Crossing", "_crossing"))
    }
    took = {name: [run["processor_s"] for run in found[ours]] for name, found in runs.items() if found}
    times = ", ".join(
        f"{name} {median(seconds):.0f} s ({min(seconds):.0f}..{max(seconds):.0f} s, {len(seconds)} seeds)"
        for name, seconds in took.items()
    )
    rivals = "".join(
        f"; on Follow {name} {median(run['processor_s'] for run in found):.0f} s"
        for name, found in runs["Follow"].items()
        if name != ours
    )
    cartpole = measured("cartpole")["runs"]
    solved = {name: _listed(f"{run['solved']['wall_s']:.0f}" for run in cartpole[name]) for name in (ours, stock)}
    ended = {name: _listed(f"{run['final_return']:.0f}" for run in cartpole[name]) for name in (ours, stock)}
    return [
        (
            "trainer on Follow",
            f"{result['rates'][ours]['decisions_per_s']['median'] / 1e3:.1f} k",
            f"{ratio['median']:.1f} ({ratio['min']:.1f}..{ratio['max']:.1f}) times sb3-contrib's {stock} at equal "
            "worlds, batch and epochs, actor and critic sharing a memory in both; "
            f"{100 * result['kernels']:.0f} % of the time in LSTM and linear kernels",
        ),
        (
            "to the score of 0.9, with the defaults",
            "",
            f"{times} of processor time{rivals}",
        ),
        (
            "CartPole without velocities, solved",
            "",
            f"after {solved[ours]} s, and in the end a return of {ended[ours]}; "
            f"stock, with the same numbers, after {solved[stock]} s, and in the end {ended[stock]}",
        ),
    ]


def _millions(rate: float) -> str:
    return f"{rate / 1e6:.2f} M"


def _listed(words: Iterable[str]) -> str:
    """Words as one says them: "a, b and c"."""
    *most, last = words
    return f"{', '.join(most)} and {last}"


def pages_of_scenarios() -> str:
    """For mkdocs.yml: a page for each scenario."""
    return "\n".join(f"      - scenarios/{one.name}.md" for one in OURS)


def budgets() -> str:
    """For rl_zoo3: how long to train on each scenario."""
    lines = (f"Kindergarten/{one.name}-v0:\n  <<: *defaults\n  n_timesteps: {one.training}" for one in OURS)
    return "\n\n".join(lines)


MAKERS: tuple[Callable[[], str], ...] = (
    *(what_it_learns, how_long_it_lasts, memories, what_there_is, how_fast, pages_of_scenarios, budgets),
)
