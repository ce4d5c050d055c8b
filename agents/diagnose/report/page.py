"""The report as one HTML page that needs nothing but itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from kindergarten.agents.diagnose.finding import Finding
from kindergarten.agents.diagnose.questions.reasons import CONDITIONS
from kindergarten.agents.diagnose.report import drawing
from kindergarten.agents.diagnose.report.pictures import PICTURES, Picture
from kindergarten.markup import markup

Numbers = Mapping[str, Any]


class Table(NamedTuple):
    """Words in rows, below a head."""

    head: Sequence[str]
    rows: Sequence[Sequence[str]]


class Section(NamedTuple):
    """One question with its answer, its figures as SVG text, and a table, which is shown if it has rows."""

    finding: Finding
    figures: Sequence[tuple[Picture, str]]
    table: Table


def page(title: str, lead: str, findings: Sequence[Finding], numbers: Mapping[str, Numbers]) -> str:
    """The whole page.

    Args:
        title, lead: what it is about.
        findings: the answers, in order.
        numbers: of each finding by its key, as the JSON file has them.
    """
    sections = [section(finding, numbers[finding.key]) for finding in findings]
    return markup("kindergarten.agents.diagnose.report", "page.html", title=title, lead=lead, sections=sections)


def section(finding: Finding, numbers: Numbers) -> Section:
    """What the page shows of one question."""
    pictures = [picture for picture in PICTURES[finding.key] if picture.present(numbers)]
    drawn = [(picture, drawing.svg(picture.name, picture.draw, numbers)) for picture in pictures]
    tables = {"reasons": reasons_table, "credit": credit_table}
    return Section(finding, drawn, tables[finding.key](numbers) if finding.key in tables else Table((), ()))


def reasons_table(numbers: Numbers) -> Table:
    """Every agent by condition, and its reliance: which cue is preferred varies by seed. No rows for one alone."""
    rows = [
        [name, *(f"{found[c]['right']['mean']:.0%}" for c in CONDITIONS), f"{found['reliance']:+.2f}"]
        for name, found in numbers["agents"].items()
    ]
    return Table(("right answers", *CONDITIONS, "reliance"), rows if len(rows) > 1 else [])


def credit_table(numbers: Numbers) -> Table:
    """Slope, half-life and selectivity of every memory."""
    rows = [
        [
            name,
            f"{found['slope']:+.3f}",
            "{:+.3f} .. {:+.3f}".format(*found["slope_ci95"]),
            f"{found['half_life']:.1f}" if found["half_life"] else "none",
            f"{found['share']:.0%}",
            f"{found['share_by_count']:.0%}",
        ]
        for name, found in numbers["agents"].items()
        if found and found["slope"] is not None
    ]
    head = ("gradient at the cue", "nats a frame", "95 %", "half-life, frames", "cue's credit", "cue's frames")
    return Table(head, rows)
