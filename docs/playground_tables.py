"""What the page on several agents says of benchmarks/results."""

from __future__ import annotations

from collections.abc import Callable
from statistics import mean

from docs.benchmark_tables import made_with
from docs.beyond_tables import grouped
from docs.tables import measured, percent, table


def learned_together() -> str:
    """What agents reach that learn together, what they say, and who listens; seed by seed where it differs."""
    result, rows = measured("playground_learning"), []
    for kind, mine in grouped(result["rows"], "kind"):
        said = [row["language"] for row in mine]
        bits, chance, listening = (mean(its[name] for its in said) for name in ("bits", "bits_by_chance", "listening"))
        fates = [*(mean(row[name] for row in mine) for name in ("goal_rate", "collision_rate"))]
        fates.append(mean(row["among_honest_humans"]["collision_rate"] for row in mine))
        scores = ", ".join(f"{row['communication'] + 0.0:.2f}" for row in mine)
        signs = ", ".join(f"{its['convention'] + 0.0:+.2f}" for its in said)
        shares = (percent(share, 1) for share in fates)
        rows.append((kind, scores, f"{bits:.2f} ({chance:.2f})", percent(listening), signs, *shares))
    head = ("communication, each seed", "bits (by chance)", "listening", "convention", "goals", "collisions")
    head = ("", *head, "collisions with humans")
    return table(head, rows, 7) + "\n\n" + made_with(next(reversed(result["rows"]), {}))


def met() -> str:
    """What comes of it where agents of one seed meet those of another."""
    parts, result = [], measured("playground_learning")
    for kind, scores in result.get("meetings", {}).items():
        seeds = [f"seed {row['seed']}" for row in result["rows"] if row["kind"] == kind]
        rows = [(seed, *(f"{score + 0.0:.2f}" for score in row)) for seed, row in zip(seeds, scores, strict=True)]
        parts.append(table((kind, *seeds), rows, len(seeds)))
    return "\n\n".join(parts)


MAKERS: tuple[Callable[[], str], ...] = (learned_together, met)
