"""The report as one HTML page that needs nothing but itself."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from typing import Any

from kindergarten.agents.diagnose.finding import Finding, Verdict
from kindergarten.agents.diagnose.questions.reasons import CONDITIONS
from kindergarten.agents.diagnose.report import figures
from kindergarten.agents.diagnose.report.pictures import PICTURES

SHOWN = {Verdict.YES: "yes", Verdict.PARTLY: "partly", Verdict.NO: "no", Verdict.OPEN: "open"}

STYLE = """
:root { color-scheme: light; --ink: #1d2733; --soft: #5b6470; --line: #e3e6ea; --paper: #fbfaf8; }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 17px/1.5 system-ui, -apple-system, "Segoe UI",
  Roboto, sans-serif; -webkit-text-size-adjust: 100%; }
main { max-width: 1240px; margin: 0 auto; padding: 28px 18px 60px; }
h1 { font-size: clamp(1.7rem, 5vw, 2.6rem); line-height: 1.15; margin: 0 0 .3rem; letter-spacing: -.02em; }
h2 { font-size: clamp(1.25rem, 3.4vw, 1.7rem); line-height: 1.2; margin: 0; }
.lead { color: var(--soft); margin: 0 0 1.6rem; }
section { border-top: 1px solid var(--line); padding: 1.6rem 0 .6rem; margin-top: 1.2rem; }
.head { display: flex; gap: .8rem; align-items: baseline; flex-wrap: wrap; }
.answer { font-size: 1.08rem; max-width: 62ch; margin: .5rem 0 1rem; }
.pill { display: inline-block; min-width: 4.6em; text-align: center; padding: .12em .7em; border-radius: 99px;
  font-weight: 650; font-size: .92rem; color: #fff; white-space: nowrap; }
.yes { background: #12805c; } .partly { background: #b26a00; } .no { background: #b3261e; }
.open { background: #6b727c; }
.summary { list-style: none; padding: 0; margin: 0; display: grid; gap: .55rem; }
.summary a { display: grid; grid-template-columns: 5.6em 1fr; gap: .2rem .9rem; align-items: start;
  text-decoration: none; color: inherit; background: #fff; border: 1px solid var(--line); border-radius: 12px;
  padding: .7rem .9rem; }
.summary b { display: block; } .summary .why { color: var(--soft); font-size: .95rem; }
.figures { display: grid; gap: 1rem;
  grid-template-columns: repeat(auto-fill, minmax(min(100%, max(400px, 34%)), 1fr)); }
h3 { font-size: 1rem; margin: 0 0 .4rem .3rem; }
figure { margin: 0; background: #fff; border: 1px solid var(--line); border-radius: 12px; padding: .8rem .8rem .7rem; }
figure svg { display: block; width: 100%; height: auto; }
figcaption { color: var(--soft); font-size: .93rem; line-height: 1.4; padding: .5rem .3rem 0; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .95rem; background: #fff; }
.wide { overflow-x: auto; margin: .8rem 0; }
th, td { padding: .35rem .8rem; border-bottom: 1px solid var(--line); text-align: right; white-space: nowrap; }
th:first-child, td:first-child { text-align: left; }
footer { color: var(--soft); font-size: .9rem; margin-top: 2rem; }
@media (max-width: 480px) { main { padding: 20px 12px 40px; } .summary a { grid-template-columns: 1fr; } }
@media (min-width: 1600px) { body { font-size: 21px; } main { max-width: 1640px; } }
"""


def page(title: str, lead: str, findings: Sequence[Finding], numbers: Mapping[str, Mapping[str, Any]]) -> str:
    """The whole page.

    Args:
        title, lead: what it is about.
        findings: the answers, in order.
        numbers: of each finding by its key, as the JSON file has them.
    """
    summary = "\n".join(
        f'<li><a href="#{f.key}"><span>{pill(f.verdict)}</span><span><b>{html.escape(f.question)}</b>'
        f'<span class="why">{html.escape(f.answer)}</span></span></a></li>'
        for f in findings
    )
    sections = "\n".join(section(finding, numbers[finding.key]) for finding in findings)
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{html.escape(title)}</title>
<style>{STYLE}</style>
</head>
<body>
<main>
<h1>{html.escape(title)}</h1>
<p class="lead">{html.escape(lead)}</p>
<ul class="summary">
{summary}
</ul>
{sections}
<footer>All numbers are in numbers.json beside this page. Intervals: 95 %, bootstrap over seeds.</footer>
</main>
</body>
</html>
"""


def pill(verdict: Verdict) -> str:
    """A verdict as a coloured word."""
    return f'<span class="pill {SHOWN[verdict]}">{verdict.value}</span>'


def section(finding: Finding, numbers: Mapping[str, Any]) -> str:
    """One question with its answer and its figures."""
    drawn = "\n".join(
        f"<figure><h3>{html.escape(picture.title)}</h3>{figures.svg(picture.name, picture.draw, numbers)}"
        f"<figcaption>{html.escape(picture.caption)}</figcaption></figure>"
        for picture in PICTURES[finding.key]
        if picture.present(numbers)
    )
    tables = {"reasons": reasons_table, "credit": credit_table}
    table = tables[finding.key](numbers) if finding.key in tables else ""
    return f"""<section id="{finding.key}">
<div class="head"><h2>{html.escape(finding.question)}</h2>{pill(finding.verdict)}</div>
<p class="answer">{html.escape(finding.answer)}</p>
<div class="figures">
{drawn}
</div>
{table}
</section>"""


def table_of(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """An HTML table; none if there are no rows."""
    if not rows:
        return ""
    cells = "".join(f"<th>{html.escape(name)}</th>" for name in head)
    body = "".join("<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f'<div class="wide"><table><tr>{cells}</tr>{body}</table></div>'


def reasons_table(numbers: Mapping[str, Any]) -> str:
    """Every agent by condition, and its reliance: which cue is preferred varies by seed."""
    rows = [
        [name, *(f"{found[c]['right']['mean']:.0%}" for c in CONDITIONS), f"{found['reliance']:+.2f}"]
        for name, found in numbers["agents"].items()
    ]
    return table_of(("right answers", *CONDITIONS, "reliance"), rows if len(rows) > 1 else [])


def credit_table(numbers: Mapping[str, Any]) -> str:
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
    return table_of(head, rows)
