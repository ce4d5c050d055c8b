"""What the pages say of benchmarks/results: a function for each place there."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from statistics import mean
from typing import Any

from docs.tables import measured, scored, spread, table
from kindergarten.output import decimals
from kindergarten.reportcard.card import horizon_named

#: Results of the same benchmark on other scenarios.
TIMES_TO_SCORE = (
    *("time_to_score", "time_to_score_two_threads"),
    *("time_to_score_crossing_rivals", "time_to_score_crossing_two_threads"),
)


def simulator_rates() -> str:
    """Rates of the simulator and of what ran beside it."""
    rows = []
    for name, row in measured("simulator")["rates"].items():
        steps = row.get("road_user_steps_per_s")
        rows.append((name, _spread(row["decisions_per_s"]), f"{steps['median']:,.0f}" if steps else ""))
    return table(("", "decisions/s", "road-user steps/s"), rows, 2)


def simulator_ratios() -> str:
    """Ratios of those."""
    return _ratios(measured("simulator"))


def start_up() -> str:
    """Seconds to the first step."""
    rows = [
        (state, *(f"{row[part]['median']:.1f} s" for part in ("import", "first_step", "processor")))
        for state, row in measured("simulator")["start_up_s"].items()
    ]
    return table(("kernels", "import", "make, reset, first step", "processor time"), rows, 3)


def trainer_rates() -> str:
    """Rates of both trainers, and their ratio."""
    result = measured("trainer")
    rows = [(name, _spread(row["decisions_per_s"])) for name, row in result["rates"].items()]
    return table(("", "decisions/s"), rows, 1) + "\n\n" + _ratios(result)


def trainer_phases() -> str:
    """Where the time of our updates goes."""
    result = measured("trainer")
    rows = [(phase, f"{share:.1%}") for phase, share in result["phases"].items()]
    rows += [("**in LSTM and linear kernels**", f"**{result['kernels']:.1%}**")]
    (beside,) = (ratio["median"] / result["kernels"] for ratio in result["ratios"].values())
    most = f"If these kernels alone took time, it would be {beside:.1f} times as fast as stock."
    return f"{table(('phase', 'share of the time on the wall'), rows, 1)}\n\n{most}"


def times_to_score() -> str:
    """Seconds to the score, run by run."""
    rows = []
    for result in map(measured, TIMES_TO_SCORE):
        settings = result["settings"]
        more = "" if settings["threads"] == 1 else f", {settings['threads']} threads"
        runs = ((agent, *run) for agent, found in result["runs"].items() for run in enumerate(found))
        for agent, seed, run in runs:
            end = f"{settings['score']:g} reached"
            end = end if run["reached"] else f"not reached: {decimals(run['anticipation'])}"
            cells = f"{run['wall_s']:,.0f} s", f"{run['processor_s']:,.0f} s", f"{run['decisions']:,}"
            rows.append((settings["scenario"], agent + more, seed, end, *cells))
    return table(("", "", "seed", "score", "on the wall", "processor time", "decisions"), rows, 3)


def cartpole() -> str:
    """CartPole without velocities: ours and stock, run by run."""
    result, rows = measured("cartpole"), []
    for name, runs in result["runs"].items():
        for run in runs:
            solved = run["solved"]
            when = (f"{solved['decisions']:,.0f}", f"{solved['wall_s']:.0f} s") if solved else ("not solved", "")
            end = f"{run['end']['wall_s']:.0f} s", f"{run['end']['processor_s']:.0f} s"
            rows.append((name, run["seed"], *when, *end, f"{run['final_return']:.0f} ({run['std']:.0f})"))
    head = ("", "seed", "solved after decisions", "on the wall", "whole training", "processor time", "final return")
    return table(head, rows, 5) + "\n\n" + made_with(result)


def ladder() -> str:
    """Every memory on every delay."""
    return _rungs("ladder")


def short_delays() -> str:
    """The same, trained on delays from 0 s."""
    return _rungs("ladder_short")


def _rungs(benchmark: str) -> str:
    """A ladder's rows; empty where nothing is at stake."""
    result = measured(benchmark)
    delays = list(result["rows"][0]["anticipation"])
    rows = [
        (
            row["scenario"],
            row["memory"],
            row["taught"],
            row["seeds"],
            *(_rung(row["anticipation"].get(delay), row["seeds"]) for delay in delays),
            horizon_named({float(delay.split()[0]): found[0] for delay, found in row["anticipation"].items()}),
        )
        for row in result["rows"]
    ]
    header = ("", "memory", "taught", "seeds", *delays, "horizon")
    return table(header, rows, 2 + len(delays)) + "\n\n" + made_with(result)


def _rung(found: list[float] | None, seeds: int) -> str:
    if found is None:
        return ""
    return spread(found) if seeds > 1 else decimals(found[0])


def agents_made_with() -> str:
    """Where and how the agents were trained."""
    return made_with(*measured("agents")["rows"])


def eyes() -> str:
    """Attention beside the flat encoder, and in a crowd."""
    result, rows = measured("attention"), []
    crowds = next((row["crowds"] for row in result["rows"] if "crowds" in row), ())
    for row in result["rows"]:
        looks = row.get("attention")
        times = f"{looks['times']:.1f}, {looks['times_by_phase']['cue']:.1f}" if looks else ""
        in_delay = f"{row['agent_right_in_the_delay']:.1%}"
        cells = f"{row['weights']:,}", len(row["seeds"]), scored(row), f"{row['collision_rate']:.1%}", in_delay, times
        beside = (_scored_in(row["crowds"][crowd]) if looks else "" for crowd in crowds)
        trained = f"{row['encoder']}, up to {row['crowd']} more" if row["crowd"] else row["encoder"]
        rows.append((row["rows"], trained, *cells, *beside))
    head = ["rows", "encoder, trained among", "weights", "seeds", "anticipation", "collisions", "right in the delay"]
    head += ["times its share, in the cue", *(f"two more, {crowd}" for crowd in crowds)]
    return table(head, rows, 6 + len(crowds)) + "\n\n" + made_with(result)


def _scored_in(crowd: dict[str, Any]) -> str:
    return f"{scored(crowd)}, {crowd['collision_rate']:.1%}"


def depths() -> str:
    """What deep trunks score, seed by seed, and how much of the last layer's gradient is left at the first."""
    result = measured("depth")
    flat, *deep = result["rows"]
    rows = []
    for trunk in dict.fromkeys(row["trunk"] for row in deep):
        mine = {row["depth"]: row for row in deep if row["trunk"] == trunk}
        lefts = [row["first_over_last"] for row in mine.values()]
        cells = [", ".join(map(decimals, row["seeds"])) for row in (flat, *mine.values())]
        rows.append((trunk, *cells, *(f"{left['start']:.2g}, {left['end']:.2g}" for left in lefts)))
    found = list(dict.fromkeys(row["depth"] for row in deep))
    head = ("trunk", *(f"depth {n}" for n in (flat["depth"], *found)), *(f"gradient left at {n}" for n in found))
    return table(head, rows, 2 * len(found) + 1) + "\n\n" + made_with(result)


def probes() -> str:
    """What a probe reads in memories that nobody taught to caption."""
    result, rows = measured("probe"), []
    for row in result["rows"]:
        read = row["read_off_in_the_delay"]
        shares = (row["right_by_phase"]["delay"], *(read[name] for name in ("hidden", "cell", "both", "untrained")))
        in_delay = [", ".join(f"{share:.1%}" for share in column) for column in shares]
        rows.append((row["scenario"], ", ".join(decimals(seed, 3) for seed in row["seeds"]), *in_delay))
    head = ("scenario", "anticipation", "the captions", "hidden", "cell", "both", "untrained")
    return table(head, rows, 6) + "\n\n" + made_with(result)


def viewer_rates() -> str:
    """How fast pictures are drawn."""
    rows = [
        (name, f"{row['pictures_per_s']['mean']:,}", *(f"{row['ms'][share]:.1f}" for share in ("50 %", "95 %", "99 %")))
        for name, row in measured("viewer")["drawing"].items()
    ]
    return table(("", "pictures/s", "median ms", "95 % ms", "99 % ms"), rows, numbers=4)


def viewer_speeds() -> str:
    """How fast a long replay opens and a video is written."""
    found = measured("viewer")
    opened = found["opening_s"]
    size = f"{opened['decisions']:,} decisions and {opened['road_users']} road users"
    rows: list[tuple[str, ...]] = [
        (f"from a file of {size} to its first picture", f"{opened['median']:.2f} s", f"{opened['target']:g} s")
    ]
    for name, video in found["export_times_real_time"].items():
        speeds = (f"{video[part]:.1f} times real time" for part in ("median", "target"))
        rows.append((f"an .mp4, encoder included, {name}", *speeds))
    return table(("", "median", "target"), rows, numbers=2)


def viewer_made_with() -> str:
    """Where and how the viewer's figures were taken."""
    return made_with(measured("viewer"))


def simulator_made_with() -> str:
    """Where and how the simulator's figures were taken."""
    return made_with(measured("simulator"))


def trainer_made_with() -> str:
    """Where and how the trainer's figures were taken."""
    return made_with(measured("trainer"))


def time_to_score_made_with() -> str:
    """Where and how the times to the score were taken."""
    return "\n\n".join(made_with(measured(name)) for name in TIMES_TO_SCORE)


def pixels_rates() -> str:
    """Frames per second, ours and others'."""
    rates = measured("pixels")["frames_per_s"]
    return table(("", "picture", "frames/s"), [(name, row["shape"], _spread(row)) for name, row in rates.items()], 1)


def pixels_ratios() -> str:
    """Ratios of those."""
    return _ratios(measured("pixels"))


def pixels_agents() -> str:
    """What a CNN learns from pixels, by seed."""
    rows = []
    for row in measured("agents")["rows"]:
        if row["control"] != "from pixels":
            continue
        scores = ", ".join(decimals(score, 3) for score in row["seeds"])
        minutes = ", ".join(f"{seconds / 60:.1f}" for seconds in row["seconds"])
        in_delay = f"{row['agent_right_in_the_delay']:.1%}"
        rows.append((row["scenario"], f"{row['decisions']:,}", scores, minutes, in_delay))
    return table(("", "decisions", "anticipation by seed", "minutes", "right in the delay"), rows, 4)


def pixels_made_with() -> str:
    """Where and how those figures were taken."""
    return made_with(measured("pixels"))


def reasons() -> str:
    """What agents make of colours, by how far these went with the intents in training."""
    rows = []
    for row in measured("reasons")["rows"]:
        right = [f"{mean(values):.0%}" for values in row["right"].values()]
        crashes = "{:.1%} / {:.1%}".format(*(mean(row["collisions"][name]) for name in ("aligned", "against")))
        each = ", ".join(decimals(value, sign="+") for value in row["reliance"])
        reliance = decimals(mean(row["reliance"]), sign="+")
        rows.append((row["scenario"], f"{row['spurious']:.0%}", *right, reliance, each, crashes))
    names = ("aligned", "neutral", "against", "colour alone", "signal alone", "reliance", "each seed", "collisions")
    return table(("scenario", "colours in training", *names), rows, 9)


def reasons_made_with() -> str:
    """Where and how these were trained."""
    return made_with(measured("reasons"))


def redistribution() -> str:
    """Follow with long delays, with rewards where they arrive and where they are decided."""
    rows = []
    for row in measured("redistribution")["rows"]:
        each = ", ".join(decimals(score, 3) for score in row["seeds"])
        rows.append((row["rewards"], scored(row), each))
    return table(("rewards", "anticipation", "each seed"), rows, 2)


def redistribution_made_with() -> str:
    """Where and how these were trained."""
    return made_with(measured("redistribution"))


def _spread(row: dict[str, float]) -> str:
    return f"{row['median']:,.0f} ({row['min']:,.0f}..{row['max']:,.0f})"


def _ratios(result: dict[str, Any]) -> str:
    rows = [
        (name, f"{row['median']:,.2f} ({row['min']:,.2f}..{row['max']:,.2f})", row.get("target", ""))
        for name, row in result["ratios"].items()
    ]
    return table(("", "ratio", "at least"), rows, 2)


def made_with(*results: dict[str, Any]) -> str:
    """How, where and with what a result was made; of rows that were made one after the other, what they share."""
    results = tuple(result for result in results if "made_with" in result)
    if not results:
        return "Not measured yet in today's worlds."
    made = [result["made_with"] for result in results]
    packages = ", ".join(
        f"{name} {versions}"
        for name in dict.fromkeys(name for its in made for name in its["packages"])
        if (versions := _each(its["packages"].get(name) for its in made))
    )
    machine = _each(f"{its['machine']['cpu']}, {its['machine']['cores']} cores" for its in made)
    load = _ends((its["load_average"][0] for its in made), "{:g}")
    date = _ends(its["date"][:10] for its in made)
    rest = (
        f"{date}; {machine}, load {load} before the start; Python {_each(its['python'] for its in made)}, {packages}."
    )
    if len({(result["command"], result["made_with"]["commit"]) for result in results}) == 1:
        return f"`{results[0]['command']}`, commit {made[0]['commit']}, {rest}"
    program = _each(" ".join(result["command"].split()[:3]) for result in results)
    # Where rows are the sum of trainings, these have commits of their own.
    commits = {one for result in results for one in result.get("commits", [result["made_with"]["commit"]])}
    several = f"{len(commits)} commits" if len(commits) > 1 else f"commit {min(commits)}"
    own = "with other words for each row, which stand beside it in `benchmarks/results`"
    return f"`{program}` {own}; {several}, {rest}"


def _each(words: Iterable[str | None]) -> str:
    """All that there are, each once."""
    return " or ".join(dict.fromkeys(filter(None, words)))


def _ends(values: Iterable[Any], form: str = "{}") -> str:
    """The first and the last of ``values`` in their order; one where they are the same."""
    values = sorted(values)
    return " to ".join(dict.fromkeys(map(form.format, (values[0], values[-1]))))


MAKERS: tuple[Callable[[], str], ...] = (
    *(simulator_rates, simulator_ratios, start_up, simulator_made_with),
    *(trainer_rates, trainer_phases, trainer_made_with, times_to_score, time_to_score_made_with, cartpole),
    *(agents_made_with, ladder, short_delays),
    *(pixels_rates, pixels_ratios, pixels_agents, pixels_made_with, eyes, depths, probes),
    *(viewer_rates, viewer_speeds, viewer_made_with),
    *(reasons, reasons_made_with, redistribution, redistribution_made_with),
)
