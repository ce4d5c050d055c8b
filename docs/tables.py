"""What the pages take from benchmarks/results."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from kindergarten.output import decimals
from kindergarten.scoring.score import scale
from kindergarten.scoring.statistics import ENOUGH

DOCS = Path(__file__).resolve().parent
ROOT = DOCS.parent
RESULTS = ROOT / "benchmarks" / "results"
POINTS = 9  # of a learning curve are shown at most


def table(header: Iterable[str], rows: Iterable[Iterable[Any]], numbers: int = 0) -> str:
    """A Markdown table whose last ``numbers`` columns are set to the right."""
    header = list(header)
    rule = ["---"] * (len(header) - numbers) + ["--:"] * numbers
    return "\n".join("| " + " | ".join(map(str, row)) + " |" for row in (header, rule, *rows))


def as_text(found: Any) -> Any:
    """JSON that somebody sent, its texts such that they are one line of text, whatever Markdown or HTML they were."""
    if isinstance(found, dict):
        return {as_text(name): as_text(value) for name, value in found.items()}
    if isinstance(found, list):
        return [as_text(value) for value in found]
    if not isinstance(found, str):
        return found
    return re.sub(r"[][<>{}&|*`\\!\"'~#$]", lambda its: f"&#{ord(its[0])};", " ".join(found.split()))


def measured(name: str) -> dict[str, Any]:
    """What benchmarks/results holds under this name; no rows or runs where nothing was measured in today's worlds."""
    file = RESULTS / f"{name}.json"
    return json.loads(file.read_text(encoding="utf-8")) if file.exists() else {"rows": [], "runs": {}}


def scored(row: dict[str, Any]) -> str:
    """The score of some runs: with least..most if there are several, with the interval if there are enough."""
    seeds = row["seeds"]
    ends = row["ci95"] if len(seeds) >= ENOUGH else (min(seeds), max(seeds))
    return scale(row["anticipation"], ends if len(seeds) > 1 else None)


def percent(share: float | None, digits: int = 0) -> str:
    """A share in per cent; nothing where it was not measured."""
    return "" if share is None else f"{share:.{digits}%}"


def spread(found: Iterable[float]) -> str:
    """A middle and the ends of its interval."""
    return "{} ({}..{})".format(*map(decimals, found))


def _agent(row: dict[str, Any]) -> str:
    """What an agent of the table is called."""
    return ", ".join(filter(None, (row["memory"], row["control"])))


def agents() -> str:
    """What agents reach, with and without memory."""
    return agent_table(measured("agents")["rows"])


def agent_table(results: list[dict[str, Any]]) -> str:
    """One line for each of the benchmark's ``results``."""
    rows = []
    for row in results:
        seeds = ", ".join(
            f"{k}: {decimals(score, 3)}" for k, score in zip(row["seed_numbers"], row["seeds"], strict=True)
        )
        delay = [f"{who}_right_in_the_delay" for who in ("agent", "single_frame", "majority")]
        shares = (percent(row.get(name), 1) for name in ("right_answers", "collision_rate", *delay))
        score = scored(row), percent(row.get("failed"))
        rows.append((row["scenario"], _agent(row), f"{row['decisions']:,}", *score, seeds, *shares))
    header = ("scenario", "agent", "decisions", "anticipation", "failed", "each seed", "right answers", "collisions")
    return table((*header, "right in the delay", "one frame", "majority"), rows, 9)


def curves(results: list[dict[str, Any]]) -> str:
    """How each agent of ``results`` came to its score: a line for each, a column for each of some moments."""
    moments = [decisions for decisions, _ in results[0]["curves"][0]]
    shown = np.unique(np.linspace(0, len(moments) - 1, POINTS).astype(int))
    rows = [
        (
            _agent(row),
            seed,
            *(decimals(curve[k][1]) if k < len(curve) else "" for k in shown),
        )
        for row in results
        for seed, curve in zip(row["seed_numbers"], row["curves"], strict=True)
    ]
    header = ("agent", "seed", *(f"{moments[k] / 1000:,.0f} k" for k in shown))
    said = "While they learn, on 64 other seeds, after so many decisions; the 0 and the 1 are those of the table above"
    return f"{said}, which are not quite theirs:\n\n{table(header, rows, len(shown))}"
