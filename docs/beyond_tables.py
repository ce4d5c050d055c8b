"""What pages say of benchmarks/results on other libraries, many machines, data, real roads, and on what holds."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from statistics import mean
from typing import Any

from docs.benchmark_tables import made_with
from docs.tables import measured, percent, table
from kindergarten.output import decimals
from kindergarten.world.codes import Phase, names

PHASES = names(Phase)
PHASE_HEADS = ("before the signal", "signal", "delay", "after t3")


def libraries() -> str:
    """What the learners of others reach, seed by seed."""
    result, rows = measured("libraries"), []
    for name, mine in grouped(result["rows"], "entry"):
        scores = ", ".join(decimals(row["anticipation"]) for row in mine)
        rows.append(
            (name, f"{mine[0]['decisions']:,}", scores, percent(mean(row["collision_rate"] for row in mine), 1))
        )
    head = ("", "decisions", "anticipation, each seed", "collisions")
    made = [made_with(*mine) for _, mine in grouped(result["rows"], "command")]
    return "\n\n".join((table(head, rows, 3), *made))


def predictors() -> str:
    """How often predictors are right in each phase, beside the demo's captions."""
    result = measured("data")
    plain = [row for row in result["rows"] if row["what"] == "predictor" and not row["red shoes"]]
    rows = []
    for decisions, mine in grouped(plain, "decisions"):
        rows.append((f"{decisions:,}", len(mine), *_shares(mine, "random"), *_shares(mine, "demo")))
    online = [row for row in result["rows"] if row["what"] == "captions of the demo"]
    rows += [
        ("the demo's captions", "", *[""] * len(PHASES), *_shares(mine, "demo")) for _, mine in grouped(online, "what")
    ]
    where = [f"{head}{', the demo drives' * demo}" for demo in (False, True) for head in PHASE_HEADS]
    return table(("decisions", "seeds", *where), rows, 1 + len(where)) + "\n\n" + made_with(result)


def red_shoes() -> str:
    """What a predictor that learned with red shoes is worth without them."""
    found = [row for row in measured("data")["rows"] if row["what"] == "predictor"]
    red = [row for row in found if row["red shoes"]]
    rows = []
    for decisions, mine in grouped(red, "decisions"):
        others = [row for row in found if not row["red shoes"] and row["decisions"] == decisions]
        for name, those in (("red shoes", mine), ("neutral ones", others)):
            for tested, where in (("red", "red shoes"), ("random", "neutral ones")):
                if those:
                    rows.append((name, where, *_shares(those, tested)))
    return table(("learned from", "tested on", *PHASE_HEADS), rows, len(PHASES))


def offline_drivers() -> str:
    """What drivers that learned from files alone are worth."""
    rows = []
    drivers = [row for row in measured("data")["rows"] if "anticipation" in row]
    for name, mine in grouped(drivers, "what"):
        scores = ", ".join(decimals(row["anticipation"]) for row in mine)
        shares = (percent(mean(row[key] for row in mine), 1) for key in ("right_answers", "collision_rate"))
        rows.append((name, scores, *shares))
    return table(("", "anticipation, each seed", "right answers", "collisions"), rows, 3)


def runners_measured() -> str:
    """What an update takes with so many runners on one machine."""
    result, rows = measured("cluster"), []
    for row in result["rows"]:
        name = str(row["runners"] or "without Ray")
        seconds = (f"{row[key]:.1f} s" for key in ("runners_s", "learner_s", "wall_s"))
        rows.append((name, *seconds, f"{row['bytes_per_decision']:,.0f}" if row["runners"] else ""))
    head = ("runners", "their processor time", "the learner's", "on the wall", "bytes a decision")
    return table(head, rows, 4) + "\n\n" + made_with(result)


def runners_on_paper() -> str:
    """What more runners would bring, by the size of the minibatch."""
    found = measured("cluster").get("on_paper", {}).get("decisions_per_s", {})
    rows = [(f"{int(size):,}", *(f"{rate:,}" for rate in rates.values())) for size, rates in found.items()]
    runners = list(next(iter(found.values()), {}))
    return table(("decisions in a minibatch", *(f"{n} runners" for n in runners)), rows, len(runners))


def minibatches() -> str:
    """What minibatches of each size make of Follow."""
    found, rows = measured("cluster").get("batches", {"rows": []}), []
    for row in found["rows"]:
        scores = ", ".join(map(decimals, row["anticipation"]))
        reached = "; ".join("never" if step is None else f"{step:,}" for step in row["reached"])
        rows.append((f"{row['batch_size']:,}", f"{row['decisions']:,}", scores, reached))
    head = ("decisions in a minibatch", "decisions", "anticipation, each seed", "0.9 was reached after")
    return table(head, rows, len(head)) + "\n\n" + made_with(found)


def realism() -> str:
    """How hard road users corner, and from how far signals are read."""
    rows = []
    for row in measured("realism")["rows"]:
        hardest = [f"{row['g'][kind]:.2f} g" if row["g"][kind] else "" for kind in ("cyclist", "car", "truck")]
        change = "" if row["lane_change_s"] is None else f"{row['lane_change_s']:g} s"
        away = [f"{row[key]:g} m" for key in ("signal_read_m", "signal_read_longest_m")]
        rows.append((row["scenario"], *hardest, change, *away))
    head = ("", "cyclists", "cars", "lorries", "lane change", "signals read from", "at a delay of 32 s")
    return table(head, rows, len(head) - 1)


def gentler() -> str:
    """What gentler scenes are worth."""
    result = measured("realism")
    rows = [(row["scene"], row["tried"], *map(decimals, row["stakes"].values())) for row in result.get("gentler", ())]
    head = ("", "tried", "stakes at 7 m/s²", "at 8 m/s²")
    return table(head, rows, 3) + "\n\n" + made_with(result)


def soaked() -> str:
    """What random drivers met."""
    result = measured("soak")
    total, peaks = result["total"], result["memory_mb"]["after_each_round"]
    rows = [
        ("decisions (environment steps)", f"{total['decisions']:,}"),
        ("episodes", f"{total['episodes']:,}"),
        ("kinds of environments", f"{result['settings']['kinds_of_environments']}"),
        ("numbers outside their space", f"{total['outside']}"),
        ("rewards and states that are not finite", f"{total['not_finite']}"),
        ("memory after the first round, and after the last", ", ".join(f"{peaks[k]:.0f} MB" for k in (0, -1))),
    ]
    return table(("", ""), rows, 1) + "\n\n" + made_with(result)


def killed() -> str:
    """What trainings lost that were killed."""
    result = measured("kills")
    rows = [
        (name, *(f"{row[key]}" for key in ("kills", "finished")), f"{len(row['faults'])}")
        for name, row in result["rows"].items()
    ]
    return (
        table(("training", "kills", "finished by --resume", "differences or losses"), rows, 3)
        + "\n\n"
        + made_with(result)
    )


def grouped(rows: Iterable[dict[str, Any]], key: str) -> list[tuple[Any, list[dict[str, Any]]]]:
    """Rows that have ``key`` in common, in the order of the first of each."""
    rows = list(rows)
    return [(value, [row for row in rows if row[key] == value]) for value in dict.fromkeys(row[key] for row in rows)]


def _shares(rows: list[dict[str, Any]], tested: str) -> list[str]:
    """The mean over the seeds, with least..most where they differ, phase by phase."""
    shares = [[row[tested][phase] for row in rows] for phase in PHASES]
    ends = [(percent(min(mine), 1), percent(max(mine), 1)) for mine in shares]
    return [
        percent(mean(mine), 1) + f" ({low[:-1]}..{high[:-1]})" * (low != high)
        for mine, (low, high) in zip(shares, ends, strict=True)
    ]


MAKERS: tuple[Callable[[], str], ...] = (
    *(libraries, predictors, red_shoes, offline_drivers),
    *(runners_measured, runners_on_paper, minibatches, realism, gentler),
    *(soaked, killed),
)
