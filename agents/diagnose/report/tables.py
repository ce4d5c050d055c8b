"""The tables of a report, each made of a finding's numbers alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from kindergarten.agents.diagnose.questions.reasons import CONDITIONS
from kindergarten.agents.diagnose.report.drawing import Numbers
from kindergarten.output import decimals


class Table(NamedTuple):
    """Words in rows, below a head."""

    head: Sequence[str]
    rows: Sequence[Sequence[str]]


NOTHING = Table((), ())


def reasons_table(numbers: Numbers) -> Table:
    """Every agent by condition, and its reliance: which cue is preferred varies by seed. No rows for one alone."""
    rows = [
        [name, *(f"{found[c]['right']['mean']:.0%}" for c in CONDITIONS), decimals(found["reliance"], sign="+")]
        for name, found in numbers["agents"].items()
    ]
    return Table(("right answers", *CONDITIONS, "reliance"), rows if len(rows) > 1 else [])


def credit_table(numbers: Numbers) -> Table:
    """Slope, half-life and selectivity of every memory."""
    rows = [
        [
            name,
            decimals(found["slope"], 3, "+"),
            "{} .. {}".format(*(decimals(end, 3, "+") for end in found["slope_ci95"])),
            f"{found['half_life']:.1f}" if found["half_life"] else "none",
            f"{found['share']:.0%}",
            f"{found['share_by_count']:.0%}",
        ]
        for name, found in numbers["agents"].items()
        if found and found["slope"] is not None
    ]
    head = ("gradient at the cue", "nats a frame", "95 %", "half-life, frames", "cue's credit", "cue's frames")
    return Table(head, rows)


def worth_table(numbers: Numbers) -> Table:
    """All measures of each."""
    rows = []
    for name, found in numbers["agents"].items():
        its = found["language"]
        measures = decimals(found["communication"]), f"{its['bits']:.2f}", f"{its['bits_by_chance']:.2f}"
        told = f"{its['listening']:.0%}", decimals(its["convention"], sign="+")
        rows.append([name, *measures, *told, f"{found['goal_rate']:.1%}", f"{found['collision_rate']:.1%}"])
    return Table(("", "communication", "bits", "by chance", "listening", "convention", "goals", "collisions"), rows)


def company_table(numbers: Numbers) -> Table:
    """Everyone with everyone; no rows for one alone."""
    met = list(numbers["met"].items())
    rows = [[f"{k}: {name}", *map(decimals, scores)] for k, (name, scores) in enumerate(met, 1)]
    head = ("communication; the row sits in the first seat", *(str(k + 1) for k in range(len(met))))
    return Table(head, rows if len(rows) > 1 else [])


#: By the finding that they belong to.
TABLES: dict[str, Callable[[Numbers], Table]] = {
    "reasons": reasons_table,
    "credit": credit_table,
    "worth": worth_table,
    "company": company_table,
}
