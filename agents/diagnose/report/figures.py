"""The figures of a report, each made of a finding's numbers alone."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes

from kindergarten.agents.diagnose.report.drawing import (
    ASIDE,
    GREY,
    INK,
    INTENTS,
    MINE,
    OTHER,
    Numbers,
    array,
    bars,
    bars_over_time,
    colour_of,
    legend_above,
    line_at,
    line_over_time,
    mark_t2,
    percent,
    seconds,
)


def sweep(axes: Axes, numbers: Numbers) -> None:
    """Anticipation against delay."""
    rows = numbers["sweep"]
    places = np.arange(len(rows))
    names = [name for name in rows[0] if name != "delay"]
    low, high = numbers["trained"]
    at = np.interp(np.log2([max(low, 0.25), max(high, 0.25)]), np.log2([row["delay"] for row in rows]), places)
    axes.axvspan(at[0] - 0.15, at[1] + 0.15, color="#f1e7dc", zorder=-1, linewidth=0)
    axes.text(at.mean(), 1.17, "trained on", ha="center", va="center", fontsize=9.5, color="#7a6a55")
    for k, name in enumerate(names):
        values = array(row[name] for row in rows)
        colour = (MINE, OTHER)[k] if k < 2 else ASIDE[(k - 2) % len(ASIDE)]
        axes.plot(places, np.maximum(values, -0.5), color=colour, marker="o", markersize=5, linewidth=2.2, label=name)
    line_at(axes, 1.0, "oracle")
    line_at(axes, 0.0, "blind")
    axes.set_xticks(places, [f"{row['delay']:g}" for row in rows])
    axes.set_xlabel("delay [s]")
    axes.set_ylabel("anticipation")
    axes.set_ylim(-0.55, 1.25)
    legend_above(axes, 2)


def tampered(axes: Axes, numbers: Numbers) -> None:
    """How often it is right, whole and with something taken away."""
    rows = dict(numbers["answers"])
    if numbers["rewriting"]:
        rows["rewritten: the later signal"] = numbers["rewriting"]
    bars(axes, rows, numbers["chance"], (MINE, OTHER))
    axes.set_xlabel("right answers")


def fading(axes: Axes, numbers: Numbers) -> None:
    """The cue's gradient against its distance from the decision."""
    for k, (name, found) in enumerate(numbers["agents"].items()):
        if not found or not found["points"]:
            continue
        x = array(point["distance"] for point in found["points"])
        low, middle, high = np.array([point["log_gradient"] for point in found["points"]]).T / np.log(10.0)
        mine, colour = name == "this agent", colour_of(name, k)
        axes.plot(
            x, middle, color=colour, linewidth=2.8 if mine else 1.5, marker="o", markersize=5 if mine else 3, label=name
        )
        if mine:
            axes.fill_between(x, low, high, color=colour, alpha=0.12, linewidth=0)
    axes.set_xlabel("frames from the cue to the decision")
    axes.set_ylabel("gradient at the cue (log10)")
    axes.legend(fontsize=8.5, loc="lower left")


def flips(axes: Axes, numbers: Numbers) -> None:
    """What it does to the decision if the cue is exchanged, or other frames."""
    rows = numbers["flips"]
    places = np.arange(len(rows))
    floor = 1e-3 * max((row["cue"] for row in rows), default=1.0) or 1e-3
    for shift, key, colour, label in (
        (-0.19, "cue", MINE, "the cue"),
        (0.19, "irrelevant", OTHER, "frames of the delay"),
    ):
        heights = np.maximum(array(row[key] for row in rows), floor)
        axes.bar(places + shift, heights, width=0.36, color=colour, label=label)
    axes.set_yscale("log")
    axes.set_xticks(places, [f"{row['delay']:g}" for row in rows])
    axes.set_xlabel("delay [s]")
    axes.set_ylabel("shift of the decision's margin")
    legend_above(axes, 2)


def placed(axes: Axes, numbers: Numbers) -> None:
    """The same cue early, in the middle and late."""
    rows = {f"{name}: {row['seconds_before']:.1f} s before": row for name, row in numbers["places"].items()}
    bars(axes, rows, None)
    axes.set_xlabel("right answers")


def profile(axes: Axes, numbers: Numbers) -> None:
    """Which frames get the credit."""
    found = numbers["agents"]["this agent"]["profile"]
    values = array(found["credit"])
    bars_over_time(axes, numbers, values, found["first"], "delay, up to the decision")
    axes.set_ylabel("share of the credit")
    shown = seconds(values, found["first"], numbers)[np.isfinite(values)]
    if shown.size:  # who has hardly been trained may give no frame any
        axes.set_xlim(shown.min() - 0.3, shown.max() + 0.3)
    legend_above(axes, 1)


def through_time(axes: Axes, numbers: Numbers) -> None:
    """Norm of dh_T/dx_t by distance."""
    for k, (name, curve) in enumerate(numbers["time"].items()):
        values = array(curve)
        values[values <= 0] = np.nan
        if np.isfinite(values).sum() < 2:
            continue
        axes.semilogy(values, color=colour_of(name, k), linewidth=2.8 if name == "this agent" else 1.6, label=name)
    _vanished(axes, "frames back in time: T - t", "|dh_T/dx_t|, relative")


def by_depth(axes: Axes, numbers: Numbers) -> None:
    """Norm of the gradient by depth of trunks."""
    for k, (name, curve) in enumerate(numbers["depth"].items()):
        axes.semilogy(np.maximum(array(curve), 1e-30), color=(OTHER, *ASIDE)[k], linewidth=2.2, label=name)
    _vanished(axes, "layers down from the output", "gradient, relative")


def _vanished(axes: Axes, x: str, y: str) -> None:
    axes.set_ylim(1e-12, 1e2)
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    axes.legend(fontsize=8.5, loc="center right", bbox_to_anchor=(1.0, 0.48))


def conditions(axes: Axes, numbers: Numbers) -> None:
    """Right answers under five conditions."""
    found = numbers["agents"]["this agent"]
    rows = {name: row["right"] for name, row in found.items() if name != "reliance"}
    bars(axes, rows, numbers["chance"], (MINE, GREY, OTHER, GREY, GREY))
    axes.set_xlabel("right answers")


def collisions(axes: Axes, numbers: Numbers) -> None:
    """Collisions under five conditions."""
    found = numbers["agents"]["this agent"]
    rows = {
        name: {key: row["collisions"] for key in ("mean", "low", "high")}
        for name, row in found.items()
        if name != "reliance"
    }
    bars(axes, rows, None, (MINE, GREY, OTHER, GREY, GREY))
    axes.set_xlabel("collisions")


def probed(axes: Axes, numbers: Numbers) -> None:
    """How well a probe names the intent, over time."""
    labels = {
        "memory": ("of the memory", INK, 2.8),
        "untrained": ("of an untrained memory", GREY, 1.8),
        "frame": ("of the frame", OTHER, 2.0),
    }
    for name, (label, colour, width) in labels.items():
        if name in numbers["intent"]:
            line_over_time(axes, numbers, numbers["intent"][name], label, colour, width)
    percent(axes)
    line_at(axes, numbers["guess"], "guessing")
    mark_t2(axes)
    axes.set_ylabel("intent named by a linear probe")
    axes.legend(loc="lower left")


def paths(axes: Axes, numbers: Numbers) -> None:
    """The state's mean path for each intent."""
    found, start = numbers["paths"], -numbers["span"][0]
    for k, (name, path) in enumerate(zip(numbers["intents"], found["points"], strict=True)):
        x, y = np.array([array(point) for point in path]).T
        axes.plot(x, y, color=INTENTS[k], linewidth=1.6, alpha=0.85, label=name)
        kept = np.flatnonzero(np.isfinite(x))
        axes.plot(x[kept[0]], y[kept[0]], "o", color="white", markeredgecolor=INTENTS[k], markersize=7)
        axes.plot(x[start], y[start], "s", color=INTENTS[k], markersize=7)
        axes.plot(x[kept[-1]], y[kept[-1]], "o", color=INTENTS[k], markersize=8)
    axes.set_xlabel(f"first component ({found['explained'][0]:.0%})")
    axes.set_ylabel(f"second ({found['explained'][1]:.0%})")
    legend_above(axes, 3)


def gates(axes: Axes, numbers: Numbers) -> None:
    """How far the gates were open."""
    colours = {"input": "#56B4E9", "forget": MINE, "output": "#009E73", "carriers' forget": INK}
    for name, values in numbers["gates"].items():
        line_over_time(axes, numbers, values, name, colours[name])
    percent(axes)
    mark_t2(axes)
    axes.set_ylabel("gate open")
    axes.legend(loc="lower left", ncols=2)


def silenced(axes: Axes, numbers: Numbers) -> None:
    """Right answers without so many cells."""
    rows = numbers["silenced"]
    places = np.arange(len(rows))
    for key, colour, label in (("right", MINE, "those that carry most"), ("any", OTHER, "any")):
        axes.plot(places, [row[key] for row in rows], color=colour, marker="o", linewidth=2.0, label=label)
    axes.set_xticks(places, [str(row["cells"]) for row in rows])
    percent(axes)
    line_at(axes, numbers["chance"], "guessing")
    axes.set_xlabel("cells held at zero from t2 on")
    axes.set_ylabel("right answers")
    axes.legend(loc="lower left")


def foreseen(axes: Axes, numbers: Numbers) -> None:
    """The predicted return for each intent, over time."""
    for k, (name, row) in enumerate(zip(numbers["intents"], numbers["predicted"], strict=False)):
        line_over_time(axes, numbers, row, name, INTENTS[k], max(4.6 - 1.2 * k, 1.0))  # of two that coincide both show
    mark_t2(axes)
    axes.set_ylabel("predicted return")
    axes.legend(loc="best")


def redistributed(axes: Axes, numbers: Numbers) -> None:
    """When the prediction moves."""
    bars_over_time(axes, numbers, array(numbers["size"]), numbers["span"][0], "delay, and after")
    axes.set_ylabel("redistributed reward, size")
    legend_above(axes, 2)


def written(axes: Axes, numbers: Numbers) -> None:
    """What the car's own columns tell at the moment of decision."""
    off, on = numbers["hands off"], numbers["hands on"]
    telling = sorted(on["columns"], key=lambda name: -max(on["columns"][name], off["columns"][name]))[:3]
    names = ["all together", *(name.replace("_", " ") for name in telling)]
    at = np.arange(len(names))[::-1]
    for shift, found, colour, label in (
        (0.19, off, MINE, "held until t2"),
        (-0.19, on, OTHER, "hands on from the start"),
    ):
        values = [found["probe"], *(found["columns"][name] for name in telling)]
        axes.barh(at + shift, values, height=0.36, color=colour, label=label)
    axes.set_yticks(at, names)
    percent(axes, "x")
    axes.axvline(off["guess"], color=GREY, linewidth=1.0, linestyle=":")
    axes.set_xlabel("intent named by a probe (dotted: guessing)")
    legend_above(axes, 2)
