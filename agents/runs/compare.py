"""``kindergarten compare``: what runs say together, as a table and as a picture."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import cycle
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter

from kindergarten.agents.learner.choice import Memory
from kindergarten.agents.runs.folders import runs_in
from kindergarten.agents.runs.metrics import STEPS, read_rows
from kindergarten.agents.runs.options import usual
from kindergarten.agents.runs.run import Run, Unready
from kindergarten.files import check_ending, whole_file
from kindergarten.output import aligned, columns, decimals, note, print_json
from kindergarten.scoring.score import NOTHING_AT_STAKE, anticipation_of, delay_name
from kindergarten.scoring.statistics import ENOUGH, FAILED, interquartile_mean, profile, summary

SCORE, LADDER = "evaluation/anticipation", "ladder.json"
#: Okabe and Ito's colours, which everybody can tell apart, and two of Paul Tol's; strongest for what remembers best.
PALETTE = ["#666666", "#CC79A7", "#0072B2", "#009E73", "#D55E00", "#E69F00", "#56B4E9", "#F0E442", "#882255", "#44AA99"]
COLOURS = dict(zip(Memory, cycle(PALETTE)))
POINTS = 60  # of a learning curve
THRESHOLDS = np.linspace(-0.2, 1.05, 126)  # of a performance profile
Scores = dict[str, list[float]]
"""Anticipation of each run, by delay ("1..4 s", "8 s"); nan where nothing is at stake."""


@dataclass(frozen=True)
class Group:
    """Runs that differ in their seeds alone."""

    scenario: str
    memory: Memory
    trained: str  # on which delays, how, and with which eyes
    scores: Scores
    curves: list[np.ndarray]  # of runs (2, points): decisions, anticipation on the validation seeds
    runs: list[Path] = field(default_factory=list)  # all of them, one of all scenarios in each of its groups

    @property
    def kind(self) -> tuple[Memory, str]:
        """What it is, whatever the scenario."""
        return self.memory, self.trained

    @property
    def name(self) -> str:
        """What the table and the picture call it."""
        return f"{self.scenario}, {self.memory.value}"

    def to_dict(self) -> dict[str, Any]:
        """As JSON: by delay every run's score, and what they say together; None where nothing is at stake."""
        found = {}
        for delay, scores in self.scores.items():
            together = {name: _plain(number) for name, number in summary(scores)._asdict().items()}
            found[delay] = {**together, "runs": list(map(_plain, scores))}
        return {"scenario": self.scenario, "memory": self.memory.value, "trained": self.trained, "delays": found}


def _plain(number: float | None) -> float | None:
    return None if number is None or math.isnan(number) else number


def expand(folders: Iterable[Path]) -> list[Run]:
    """The runs that are meant: each folder is one, or holds several seeds. Whoever has no score is named and left out.

    Raises:
        ValueError: a folder is neither, or nobody has one.
    """
    runs, undone = [], []
    for path in [path for folder in folders for path in runs_in(folder) or [folder]]:
        try:
            run = Run.open(path)
            run.results("evaluation.json")
            runs.append(run)
            if (run.folder / LADDER).exists() and not rungs_of(run):
                note(f"left out: {run.folder / LADDER} is of an earlier agent: {run.scored_by(LADDER)}")
        except Unready as error:
            undone.append(error)
    if undone and not runs:
        raise undone[0]
    for error in undone:
        note(f"left out: {error}")
    return runs


def scores_of(run: Run, scenario: str) -> Scores:
    """What a run's agent was scored on in a scenario: its own delays, and the ladder if it was driven.

    Raises:
        ValueError: it has no evaluation yet, or a damaged one.
    """
    return {
        delay_name(row["delay_s"]): [anticipation_of(row)]
        for row in (*run.results("evaluation.json"), *rungs_of(run))
        if row.get("scenario", scenario) == scenario
    }


def rungs_of(run: Run) -> list[dict[str, Any]]:
    """The ladder, if it was driven by the same agent as the evaluation: none that had learned for shorter, or longer.

    Raises:
        ValueError: see ``scores_of``.
    """
    (now, *_), ladder = run.results("evaluation.json"), (run.folder / LADDER).exists()
    return [rung for rung in run.results(LADDER) if rung.get("decisions") == now.get("decisions")] if ladder else []


def curve_of(run: Run) -> np.ndarray:
    """Decisions and anticipation as the training went on: (2, updates)."""
    rows = [row for row in read_rows(run.folder / "metrics.csv") if row.get(SCORE)]
    return np.array([[float(row[name]) for row in rows] for name in (STEPS, SCORE)])


def amount_of(run: Run) -> Iterator[str]:
    """How long it was trained, and in which order, if that is out of the ordinary."""
    own, ordinary = run.options, replace(usual(run.options.scenario), without=run.options.without)
    ordinary = replace(ordinary, environment=own.environment, learner=own.learner)
    if own.budget != ordinary.budget:
        yield f"{own.budget:,} decisions"
    if own.worlds != ordinary.worlds:
        yield f"{own.worlds} worlds"
    if own.curriculum:
        yield "curriculum"
    if own.init:
        yield "begun as another"


def grouped(runs: Iterable[Run]) -> list[Group]:
    """Runs by scenario, memory, training and eyes, in the order of scenarios given and of the ladder of memories."""
    groups: dict[tuple[str, Memory, str], Group] = {}
    for run in runs:
        memory, curve = run.options.memory, curve_of(run)
        parts = delay_name(run.config.delay_s), run.taught, run.eyes, *amount_of(run)
        trained = ", ".join(filter(None, parts))
        for scenario in (scenario.name for scenario in run.scenarios):
            group = groups.setdefault((scenario, memory, trained), Group(scenario, memory, trained, {}, []))
            for delay, scores in scores_of(run, scenario).items():
                group.scores.setdefault(delay, []).extend(scores)
            group.runs.append(run.folder)
            if curve.size and not run.graduate:  # whose curve is a mean over all scenarios
                group.curves.append(curve)
    scenarios, memories = list(dict.fromkeys(group.scenario for group in groups.values())), list(Memory)
    return sorted(groups.values(), key=lambda g: (scenarios.index(g.scenario), -memories.index(g.memory), g.trained))


def delays_of(groups: Iterable[Group]) -> list[str]:
    """All delays that somebody was scored on, shortest first, ranges before rungs."""
    found = dict.fromkeys(delay for group in groups for delay in group.scores)
    return sorted(found, key=lambda name: (".." not in name, seconds(name), name))


def seconds(delay: str) -> float:
    """The longest that a delay's name means."""
    return float(delay.removesuffix(" s").split("..")[-1])


def cell(*tasks: Sequence[float]) -> str:
    """What the runs of one scenario or more say together, see ``summary``; empty unless all were scored there."""
    if not all(tasks):
        return ""
    found = summary(*tasks)
    if math.isnan(found.middle):
        return NOTHING_AT_STAKE.replace(" ", "\n", 1)  # no wider than a number
    lines = [decimals(found.middle, 3)]
    if sum(map(len, tasks)) > 1:
        lines.append(f"{decimals(found.low)}..{decimals(found.high)}")
    if found.failed is not None:
        lines.append(f"{found.failed:.0%} failed")
    return "\n".join(lines)


def table(groups: list[Group], width: int) -> str:
    """The groups as people read them, so many columns wide."""
    delays = delays_of(groups)
    rows: list[tuple[str, ...]] = [("", "seeds", *delays)]
    for group in groups:
        cells = [cell(group.scores.get(delay, [])) for delay in delays]
        rows.append((f"{group.name}, {group.trained}", str(len(group.runs)), *cells))
    for kind in dict.fromkeys(group.kind for group in groups):
        tasks = [group for group in groups if group.kind == kind]
        if len(tasks) > 1:
            cells = [cell(*(group.scores.get(delay, []) for group in tasks)) for delay in delays]
            seeds = {run for group in tasks for run in group.runs}
            rows.append((f"all, {kind[0].value}, {kind[1]}", str(len(seeds)), *cells))
    few = f"fewer than {ENOUGH} runs: mean, least..most"
    many = f"from {ENOUGH} on: interquartile mean, 95 % stratified bootstrap interval, failed: below {FAILED:g}"
    words = textwrap.wrap(f"{few}; {many}", width)
    return "\n".join(["Anticipation", "", aligned(rows, width), "", *words])


Looks = dict[tuple[Memory, str], tuple[str, str]]
"""Name and colour of each kind of agent."""


def looks_of(groups: list[Group]) -> Looks:
    """The memory's name and colour, unless agents with the same memory differ in their delays or eyes."""
    kinds = list(dict.fromkeys(group.kind for group in groups))
    if len({memory for memory, _ in kinds}) == len(kinds):
        return {(memory, trained): (memory.value, COLOURS[memory]) for memory, trained in kinds}
    colours = [to_hex(colormaps["tab20"](k % 20)) for k in range(len(kinds))]
    return {kind: (", ".join(filter(None, (kind[0].value, kind[1]))), colours[k]) for k, kind in enumerate(kinds)}


def draw_curves(axes: Axes, groups: list[Group], looks: Looks) -> None:
    """How anticipation grows with decisions: the seeds' middle, as ``summary`` has it, and their range."""
    for group in groups:
        if not group.curves:
            continue
        decisions = np.linspace(0.0, max(curve[0, -1] for curve in group.curves), POINTS)
        rows = np.stack([np.interp(decisions, *curve) for curve in group.curves], axis=1)
        middle = interquartile_mean(rows) if len(group.curves) >= ENOUGH else rows.mean(axis=1)
        colour = looks[group.kind][1]
        axes.fill_between(decisions, rows.min(1), rows.max(1), color=colour, alpha=0.15, linewidth=0)
        axes.plot(decisions, middle, color=colour, linewidth=1.8)
    axes.set_xlabel("decisions")
    axes.set_ylabel("anticipation")
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x / 1e6:g} M" if x >= 1e6 else f"{x / 1e3:g} k"))


def draw_ladder(axes: Axes, groups: list[Group], looks: Looks) -> None:
    """Anticipation over the delay, from the least to the most that ``summary`` says."""
    rungs = sorted({seconds(delay) for group in groups for delay in group.scores if ".." not in delay})
    places = {rung: place for place, rung in enumerate(rungs)}
    for k, group in enumerate(groups):
        found = {seconds(d): s for d, s in group.scores.items() if ".." not in d and not np.isnan(s).all()}
        if not found:
            continue
        at = np.array([places[rung] for rung in sorted(found)]) + 0.06 * (k - (len(groups) - 1) / 2)
        middle, low, high = np.array([summary(found[rung])[:3] for rung in sorted(found)]).T
        bars = np.maximum([middle - low, high - middle], 0.0)
        colour = looks[group.kind][1]
        axes.errorbar(at, middle, bars, color=colour, marker="o", markersize=4, linewidth=1.5, capsize=2)
    axes.set_xticks(range(len(rungs)), [f"{rung:g}" for rung in rungs])
    axes.set_xlabel("delay [s]; 0: the signal is shown until the end")
    axes.tick_params(labelleft=False)  # those of the curves beside it


def draw_profiles(axes: Axes, groups: list[Group], looks: Looks) -> None:
    """Performance profiles: the share of seeds that score more than so much, with its interval, if there are enough."""
    for group in groups:
        scores = next(iter(group.scores.values()), [])
        if len(scores) < ENOUGH or np.isnan(scores).any():
            continue
        share, low, high = profile(scores, THRESHOLDS)
        colour = looks[group.kind][1]
        axes.fill_between(THRESHOLDS, low, high, color=colour, alpha=0.15, linewidth=0, step="mid")
        axes.step(THRESHOLDS, share, color=colour, linewidth=1.8, where="mid")
    axes.set_xlabel("anticipation of more than")
    axes.set_ylabel("share of seeds")


def picture(groups: list[Group]) -> Figure:
    """A row per scenario: learning curves; the ladder if somebody was scored on it; profiles if seeds are enough."""
    scenarios, looks = list(dict.fromkeys(group.scenario for group in groups)), looks_of(groups)
    draws = [draw_curves]
    draws += [draw_ladder] * any(".." not in delay for group in groups for delay in group.scores)
    draws += [draw_profiles] * any(len(scores) >= ENOUGH for group in groups for scores in group.scores.values())
    columns = 2 * len(draws) if any("," in name for name, _ in looks.values()) else len(looks)  # of the legend
    size = 5.6 * len(draws), 3.4 * len(scenarios) + 0.38 + 0.22 * math.ceil(len(looks) / columns)
    figure = Figure(figsize=size, dpi=120, layout="constrained")
    panels = np.atleast_2d(figure.subplots(len(scenarios), len(draws), squeeze=False))
    for row, scenario in zip(panels, scenarios, strict=True):
        mine = [group for group in groups if group.scenario == scenario]
        row[0].set_title(scenario, loc="left", fontweight="bold")
        for axes, draw in zip(row, draws, strict=True):
            draw(axes, mine, looks)
            axes.axhline(0.0, color="#999999", linewidth=0.8, linestyle=":")
            axes.axhline(1.0, color="#999999", linewidth=0.8, linestyle=":")
            axes.set_ylim(*((-0.05, 1.05) if draw is draw_profiles else (-0.35, 1.1)))
            axes.spines[["top", "right"]].set_visible(False)
    lines = [Line2D([], [], color=colour, linewidth=2.5, label=name) for name, colour in looks.values()]
    figure.legend(handles=lines, loc="outside lower center", ncols=columns, frameon=False)
    return figure


def compare(folders: Iterable[Path], out: Path | None = None, as_json: bool = False) -> None:
    """Print the table of the runs in ``folders``, and draw their picture if there is a file for it."""
    check_ending(out, "a picture", ".png", ".svg", ".pdf")
    groups = grouped(expand(folders))
    if as_json:
        print_json([group.to_dict() for group in groups])
    else:
        print(table(groups, columns()))
    if out is not None:
        with whole_file(out) as draft:
            picture(groups).savefig(draft)
        if not as_json:
            print(out)
