"""What figures are made of: SVG text to be put into a page, colours, and parts of a drawing."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from kindergarten.agents.learner.choice import Memory
from kindergarten.agents.runs.compare import COLOURS
from kindergarten.files import write_whole

Numbers = Mapping[str, Any]
MINE, OTHER, GREY, INK = "#D55E00", "#0072B2", "#8a8f98", "#1d2733"
ASIDE = ("#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#F0E442")
INTENTS = ("#D55E00", "#0072B2", "#009E73", "#CC79A7", "#E69F00")
SIZE = (4.7, 3.2)  # [inches] read at the width of a phone
STYLE: dict[Any, Any] = {
    "font.size": 11,
    "font.family": "sans-serif",
    "svg.fonttype": "none",  # letters stay letters: small, sharp, and in the reader's own font
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": GREY,
    "axes.labelcolor": INK,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "legend.frameon": False,
    "legend.fontsize": 9.5,
}


def svg(name: str, draw: Callable[[Axes, Numbers], None], numbers: Numbers) -> str:
    """One figure as SVG text, the same for the same numbers."""
    with mpl.rc_context({**STYLE, "svg.hashsalt": name}):
        figure = Figure(figsize=SIZE, layout="constrained")
        draw(figure.subplots(), numbers)
        text = io.StringIO()
        figure.savefig(text, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    drawn = text.getvalue()[text.getvalue().index("<svg") :]
    drawn = re.sub(r"<metadata>.*?</metadata>", "", drawn, flags=re.DOTALL)
    drawn = re.sub(r'(id="|url\(#|href="#)', rf"\g<1>{name}-", drawn)  # ids are one page's
    return re.sub(r'width="[\d.]+pt" height="[\d.]+pt"', 'width="100%"', drawn, count=1)


def write(folder: Path, name: str, draw: Callable[[Axes, Numbers], None], numbers: Numbers) -> None:
    """One figure as a file of its own, NAME.svg: of a page's width, white wherever it is shown."""
    drawn = svg(name, draw, numbers).replace('width="100%"', 'width="560" style="background:#fff"', 1)
    write_whole(folder / f"{name}.svg", drawn.encode())


def colour_of(name: str, place: int = 0) -> str:
    """Of an agent: its memory's if it is an untrained one, else by its place."""
    kind = name.removesuffix(", untrained")
    if name == "this agent":
        return INK
    return COLOURS[Memory(kind)] if kind in {memory.value for memory in Memory} else ASIDE[place % len(ASIDE)]


def array(values: Iterable[Any]) -> np.ndarray:
    """Numbers as JSON has them, None as nan."""
    return np.array([np.nan if value is None else value for value in values], float)


def percent(axes: Axes, which: str = "y") -> None:
    """An axis of shares, from 0 to 1."""
    (axes.set_ylim if which == "y" else axes.set_xlim)(0.0, 1.04)
    axis = axes.yaxis if which == "y" else axes.xaxis
    axis.set_ticks([0.0, 0.25, 0.5, 0.75, 1.0], ["0", "25 %", "50 %", "75 %", "100 %"])


def line_at(axes: Axes, value: float, text: str, upright: bool = False) -> None:
    """A dotted line with its meaning at its end, outside."""
    if upright:
        axes.axvline(value, color=GREY, linewidth=1.0, linestyle=":", zorder=0)
        where, at, align = axes.get_xaxis_transform(), (value, 1.01), ("center", "bottom")
    else:
        axes.axhline(value, color=GREY, linewidth=1.0, linestyle=":", zorder=0)
        where, at, align = axes.get_yaxis_transform(), (1.01, value), ("left", "center")
    axes.text(*at, text, transform=where, ha=align[0], va=align[1], color="#5b6470", fontsize=9.5)


def legend_above(axes: Axes, columns: int) -> None:
    """What the colours mean, where it covers nothing."""
    axes.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=columns, borderaxespad=0.2, handlelength=1.4)


def bars(
    axes: Axes, rows: Mapping[str, Mapping[str, float]], chance: float | None, colours: Iterable[str] = (MINE,)
) -> None:
    """Rates with their intervals, one below the other, and where guessing gets, if one can guess."""
    names, colours = list(rows), list(colours)
    at = np.arange(len(names))[::-1]
    for place, name, k in zip(at, names, range(len(names)), strict=True):
        rate = rows[name]
        axes.barh(place, rate["mean"], height=0.62, color=colours[min(k, len(colours) - 1)], alpha=0.9)
        axes.plot([rate["low"], rate["high"]], [place, place], color=INK, linewidth=1.6)
    axes.set_yticks(at, names)
    axes.tick_params(axis="y", length=0)
    percent(axes, "x")
    if chance is not None:
        line_at(axes, chance, "guessing", upright=True)


def line_over_time(
    axes: Axes, numbers: Numbers, values: Iterable[Any], label: str, colour: str, width: float = 2.0
) -> None:
    """What there is in each of the frames around t2; see ``mark_t2``."""
    found = array(values)
    axes.plot(seconds(found, numbers["span"][0], numbers), found, color=colour, linewidth=width, label=label)


def bars_over_time(axes: Axes, numbers: Numbers, values: np.ndarray, first: int, later: str) -> None:
    """What falls on each frame, from ``first`` on, in two colours: before t2, and ``later``."""
    at, step = seconds(values, first, numbers), numbers["decision_step"]
    for cue, colour, label in ((True, MINE, "signal, and before"), (False, OTHER, later)):
        axes.bar(at, np.where((at < 0) == cue, values, np.nan), width=0.9 * step, color=colour, label=label)
    axes.set_xlabel("seconds since the signal went off (t2)")


def seconds(values: np.ndarray, first: int, numbers: Numbers) -> np.ndarray:
    """When [s] since t2 frames are, of which the first is number ``first``."""
    return (np.arange(len(values)) + first) * numbers["decision_step"]


def mark_t2(axes: Axes) -> None:
    """Where the signal goes off, on an axis of seconds."""
    line_at(axes, 0.0, "t2: signal off", upright=True)
    axes.set_xlabel("seconds since the signal went off")
