"""What the page on several agents says of benchmarks/results."""

from __future__ import annotations

from collections.abc import Callable
from statistics import mean

from docs.benchmark_tables import made_with
from docs.beyond_tables import grouped
from docs.tables import measured, percent, table
from kindergarten.output import decimals

TEAMS = {"told": "told", "muted": "muted", "unbraked": "never braking"}
TRAINED = ("honest", "told", "free", "free, a quarter humans")  # who has learned to brake
SPREAD = ("median", "min", "max")


def channels() -> str:
    """What a channel between agents is worth, by the joint planner."""
    result, rows = measured("playground"), []
    for name, mine in grouped(result["rows"], "scenario"):
        told, muted, unbraked = (mean(row["returns"][team] for row in mine) for team in TEAMS)
        worth = f"{decimals(told - muted, 3)}, {percent((told - muted) / (told - unbraked))}"
        rows.append((name, len(mine), *(decimals(value, 3) for value in (told, muted, unbraked)), worth))
    head = ("scenario", "seeds", *TEAMS.values(), "worth of the channel")
    return table(head, rows, len(head) - 1) + "\n\n" + made_with(*result["rows"])


def fates() -> str:
    """How agents fare whose plans the joint planner found, and how those who have learned."""
    rows = []
    for name, mine in grouped(measured("playground")["rows"], "scenario"):
        for team, words in TEAMS.items():
            rows.append((name, words, *(mean(row[what][team] for row in mine) for what in ("goals", "collisions"))))
    for kind, mine in grouped(measured("playground_learning")["rows"], "kind"):
        if kind in TRAINED:
            fate = (mean(row[rate] for row in mine) for rate in ("goal_rate", "collision_rate"))
            rows.append((mine[0]["scenario"], f"{len(mine)} trainings, *{kind}*", *fate))
    head = ("scenario", "who", "goals reached", "collisions")
    return table(head, [(*names, percent(goals, 1), percent(hits, 1)) for *names, goals, hits in rows], 2)


def many_rates() -> str:
    """How many decisions of agents a core takes."""
    rates = measured("playground").get("rates", {})
    rows = [
        (name, row["agents"], row["road_users"], *(f"{row['agent_decisions_per_s'][key]:,}" for key in SPREAD))
        for name, row in rates.items()
    ]
    return table(("scenario", "agents", "road users", *SPREAD), rows, 5) + "\n\n" + made_with(*rates.values())


def beside_before() -> str:
    """How fast the worlds of one car are beside those of before."""
    result = measured("before")
    rows = [(name, *(decimals(row[key], 3) for key in SPREAD)) for name, row in result.get("scenarios", {}).items()]
    return table(("scenario", *SPREAD), rows, 3) + "\n\n" + made_with(result)


def learned_together() -> str:
    """What agents reach that learn together, what they say, and who listens; seed by seed where it differs."""
    result, rows = measured("playground_learning"), []
    for kind, mine in grouped(result["rows"], "kind"):
        said = [row["language"] for row in mine]
        bits, chance, listening = (mean(its[name] for its in said) for name in ("bits", "bits_by_chance", "listening"))
        fates = [*(mean(row[name] for row in mine) for name in ("goal_rate", "collision_rate"))]
        fates.append(mean(row["among_honest_humans"]["collision_rate"] for row in mine))
        scores = ", ".join(decimals(row["communication"]) for row in mine)
        dark = [row["without_lamps"]["communication"] for row in mine if "without_lamps" in row]  # older rows have none
        signs = ", ".join(decimals(its["convention"], sign="+") for its in said)
        shares = (percent(share, 1) for share in fates)
        worth = decimals(mean(dark)) if dark else ""
        rows.append((kind, scores, worth, f"{bits:.2f} ({chance:.2f})", percent(listening), signs, *shares))
    head = ("communication, each seed", "all lamps dark", "bits (by chance)", "listening", "convention", "goals")
    head = ("", *head, "collisions", "collisions with humans")
    return table(head, rows, 8) + "\n\n" + made_with(*result["rows"])


def met() -> str:
    """What comes of it where agents of one seed meet those of another."""
    parts, result = [], measured("playground_learning")
    for kind, scores in result.get("meetings", {}).items():
        seeds = [f"seed {row['seed']}" for row in result["rows"] if row["kind"] == kind]
        rows = [(seed, *map(decimals, row)) for seed, row in zip(seeds, scores, strict=True)]
        parts.append(table((kind, *seeds), rows, len(seeds)))
    return "\n\n".join(parts)


MAKERS: tuple[Callable[[], str], ...] = (channels, fates, many_rates, beside_before, learned_together, met)
