"""Figures and tables on agents who learn together, each made of a finding's numbers alone."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import fill

import numpy as np
from matplotlib.axes import Axes

from kindergarten.agents.diagnose.report.drawing import (
    ASIDE,
    GREY,
    INTENTS,
    MINE,
    OTHER,
    Numbers,
    array,
    bars,
    legend_above,
    line_at,
    percent,
)
from kindergarten.agents.diagnose.report.pictures import Picture, always

LAMPS = {"left": MINE, "none": "#d5d9de", "right": OTHER}


def scale(axes: Axes, numbers: Numbers) -> None:
    """Where each stands between muted and told."""
    agents = list(numbers["agents"].items())
    at = np.arange(len(agents))[::-1]
    for place, (_, found), colour in zip(at, agents, (MINE, *[GREY] * len(agents)), strict=False):
        axes.plot(found["communication_ci95"], [place, place], color=colour, linewidth=2.2)
        axes.plot(found["communication"], place, "o", color=colour, markersize=8)
    for value, name in ((numbers["unbraked"], "never\nbraking"), (0.0, "muted"), (1.0, "told")):
        line_at(axes, value, name, upright=True)
    axes.set_yticks(at, [fill(name, 30) for name, _ in agents], fontsize=8.5)
    axes.set_ylim(-0.6, len(agents) - 0.4)
    axes.set_xlim(min(-1.0, axes.get_xlim()[0]), max(1.2, axes.get_xlim()[1]))
    axes.set_xlabel("communication")


def over_time(axes: Axes, numbers: Numbers, curve: Sequence[float], label: str, colour: str) -> None:
    """One value for each decision from the first on."""
    axes.plot(np.arange(len(curve)) * numbers["decision_step"], array(curve), color=colour, linewidth=2.4, label=label)
    axes.set_xlabel("seconds since they have met")


def bits(axes: Axes, numbers: Numbers) -> None:
    """Bits from goal to lamp."""
    over_time(axes, numbers, numbers["bits"], "", MINE)
    line_at(axes, numbers["chance"], "chance")
    axes.set_ylim(-0.02, max(1.05, max(numbers["bits"]) + 0.05))
    axes.set_ylabel("bits of the goal in the lamps")


def changed(axes: Axes, numbers: Numbers) -> None:
    """Who drives otherwise if it is shown other lamps."""
    bars(axes, numbers["changed"], None)
    axes.set_xlabel("worlds in which it drives otherwise")


def slower(axes: Axes, numbers: Numbers) -> None:
    """Who slows down, by the goals of all."""
    rows = list(numbers["slower"].items())
    seats = list(rows[0][1])
    at, height = np.arange(len(rows))[::-1], 0.8 / len(seats)
    for k, seat in enumerate(seats):
        shares = [found[seat] for _, found in rows]
        axes.barh(at + 0.4 - height * (k + 0.5), shares, height=height, color=(MINE, OTHER, *ASIDE)[k], label=seat)
    axes.set_yticks(at, [name.replace(", ", "\n") for name, _ in rows])
    percent(axes, "x")
    axes.set_xlabel("worlds in which it slows down")
    legend_above(axes, len(seats))


def said(axes: Axes, numbers: Numbers) -> None:
    """Which lamp has been lit longest, with each goal."""
    at = np.arange(len(numbers["said"]))[::-1]
    done = np.zeros(len(at))
    for lamp, colour in LAMPS.items():
        shares = np.array([found[lamp] for found in numbers["said"].values()])
        axes.barh(at, shares, left=done, height=0.6, color=colour, label=f"{lamp} lamp" if lamp != "none" else "none")
        done += shares
    axes.set_yticks(at, [f"goes {goal}" for goal in numbers["said"]])
    percent(axes, "x")
    axes.set_xlabel("agents")
    legend_above(axes, 3)


def sure(axes: Axes, numbers: Numbers) -> None:
    """What captions give to the truth."""
    for k, (goal, curve) in enumerate(numbers["sure"].items()):
        over_time(axes, numbers, curve, f"it goes {goal}", INTENTS[k])
    percent(axes)
    axes.set_ylabel("given to the true goal")
    legend_above(axes, 3)


SPOKEN: dict[str, tuple[Picture, ...]] = {
    "worth": (
        Picture(
            "scale",
            "Between muted and told",
            scale,
            always,
            "0 is the best that a team can do that heeds neither lamps nor speeds before ways show, 1 the best where "
            "everybody knows all goals; both are computed. Intervals are over seeds.",
        ),
    ),
    "speech": (
        Picture(
            "bits",
            "What lamps tell",
            bits,
            always,
            "Bits from goal to the lamp that was lit longest until then, decision by decision. Chance: what 19 of 20 "
            "permutations of the goals stay below at their best decision.",
        ),
    ),
    "listening": (
        Picture(
            "changed",
            "Shown the lamps of the other goal",
            changed,
            always,
            "The same world, but an agent sees of the other the lamps that it would have shown with its other goal. "
            "Lamps are never merely taken away: darkness may be new to it.",
        ),
        Picture(
            "slower",
            "Who gives way",
            slower,
            always,
            "Who aims for a lower speed before any way shows, by the goals of both. Who turns left crosses the way of "
            "whoever goes straight on: one of them must.",
        ),
    ),
    "convention": (
        Picture("said", "What is said", said, always, "Which lamp has been lit longest when lamps tell most."),
    ),
    "beliefs": (
        Picture(
            "sure",
            "How sure the others are",
            sure,
            lambda n: n["sure"],
            "What the captions of one agent give to the true goal of another, before any way shows.",
        ),
    ),
    "company": (),
}
