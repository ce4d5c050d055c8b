"""The report as one HTML page that needs nothing but itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from kindergarten.agents.diagnose.finding import Finding
from kindergarten.agents.diagnose.report import drawing
from kindergarten.agents.diagnose.report.drawing import Numbers
from kindergarten.agents.diagnose.report.pictures import PICTURES, Picture
from kindergarten.agents.diagnose.report.spoken import SPOKEN
from kindergarten.agents.diagnose.report.tables import NOTHING, TABLES, Table
from kindergarten.markup import markup


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
    pictures = [picture for picture in (PICTURES | SPOKEN)[finding.key] if picture.present(numbers)]
    drawn = [(picture, drawing.svg(picture.name, picture.draw, numbers)) for picture in pictures]
    return Section(finding, drawn, TABLES[finding.key](numbers) if finding.key in TABLES else NOTHING)
