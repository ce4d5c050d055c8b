"""What agents reach: every scenario with an LSTM, and the controls beside it, with several seeds of each.

python -m benchmarks.agents --out benchmarks/results/agents.json [--scenarios Town] [--agents lstm none] [--runs DIR]
                            [--seeds 10] [--controls 5] [--picture FILE]

Trains what DIR lacks (DIR/SCENARIO-AGENT/seedS, the folders that ``train.py --seeds`` writes), with seeds that nothing
was tuned on (but see FIRST): the first of all agents everywhere, then the second. After each the result is written
anew, so it may be stopped at any time, and goes on where it was. Whatever has no finished run has no row; rows that
were not asked for stay as they are, and so do those of more seeds than there are yet.
"""

from __future__ import annotations

import json
from collections import defaultdict
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from benchmarks.common import ROOT, about, command_line, kindergarten, read, save, show_row, together, write
from kindergarten.agents.learner.choice import Memory
from kindergarten.agents.runs.compare import Group, picture
from kindergarten.agents.runs.metrics import STEPS, read_rows
from kindergarten.agents.runs.run import PACKAGES
from kindergarten.scenarios import SCENARIOS
from kindergarten.scoring.reference import reference
from kindergarten.scoring.score import anticipation_of
from kindergarten.scoring.statistics import ENOUGH
from kindergarten.world.config import make_config

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class AgentKind(NamedTuple):
    """A kind of agent: what it remembers with, what is called about it, and the words on the command line for that."""

    memory: str
    control: str
    words: tuple[object, ...] = ()


KINDS = {
    "lstm": AgentKind("lstm", ""),
    "none": AgentKind("none", ""),
    "shown": AgentKind("none", "signal shown until t3", ("--delay", 0)),
    # Where the last frame is not enough: a lamp is dark in half of them, and Follow hands over when the signal is gone.
    "recent": AgentKind("stack", "signal shown until t3", ("--delay", 0)),
    "rewards": AgentKind("lstm", "rewards alone", ("--captions", 0)),
    "raw": AgentKind("lstm", "raw rewards", ("--no-normalize-reward",)),
    "real": AgentKind("lstm", "signals real", ("--signals", "real")),
    "attention": AgentKind("lstm", "attention", ("--encoder", "attention")),
    "pixels": AgentKind("lstm", "from pixels", ("--encoder", "cnn")),
    "apart": AgentKind("lstm", "memories apart", ("--no-shared-memory",)),
    **{name: AgentKind(name, "") for name in ("stack", "rnn", "gru", "slstm", "mingru", "lru", "transformer")},
}
# The seed that is trained first. Budgets and numbers of the learner were chosen on those from 0 on; but that Crossroads
# has 512 worlds was decided on 100, so its first row is no test of it; and that Town holds its noise, on 101 and 102.
FIRST, LATER = 100, {"Town": 105}
CAPTIONERS = ("agent", "single_frame", "majority")
SHARES = ("right_answers", "collision_rate", "goal_rate")  # of worlds


def finish(folder: Path, scenario: str, seed: int, *words: object) -> None:
    """Train a run, with these words on the command line, or go on with it, unless it is finished.

    On one thread, however many cores are free: two numbers of threads differ by rounding, and so do their agents.
    """
    if not (folder / "evaluation.json").exists():
        named = ["--scenario", scenario, "--seed", seed, "--threads", 1, "--out", folder]
        kindergarten("train", *(["--resume", folder] if (folder / "config.json").exists() else [*named, *words]))


def run(folder: Path, scenario: str, memory: str, seed: int, *words: object) -> dict[str, Any]:
    """The evaluation of one run, which is finished first."""
    finish(folder, scenario, seed, "--memory", memory, *words)
    return found_in(folder)


def finished(folder: Path) -> list[Path]:
    """The folders of the runs in ``folder`` that are finished: its seeds, in order."""
    return [path.parent for path in sorted(folder.glob("seed*/evaluation.json"))]


def found_in(folder: Path) -> dict[str, Any]:
    """The evaluation of a finished run, its learning curve, and what it took."""
    found = json.loads((folder / "evaluation.json").read_text())
    config = json.loads((folder / "config.json").read_text())
    origin = {"steps": config["options"]["steps"], "commit": config["made_with"]["commit"]}
    curve, seconds = course(folder, "anticipation")
    return {**found, **origin, "seconds": seconds, "curve": curve}


def course(folder: Path, measure: str) -> tuple[list[list[float]], float]:
    """Every fourth point of a run's learning curve, (decisions, score), and how long it took [s]."""
    rows = read_rows(folder / "metrics.csv")
    curve = [[int(row[STEPS]), round(float(row[f"evaluation/{measure}"]), 3)] for row in rows]
    return curve[::4], float(rows[-1]["time/time_elapsed"])


def right_in_the_delay(runs: list[dict[str, Any]], who: str) -> float | None:
    """Share of the delay's frames in which ``who`` names the intent, the mean over the seeds."""
    found = [run["captions"][who]["by_phase"]["delay"]["accuracy"] for run in runs]
    return None if None in found else round(float(np.mean(found)), 4)


def in_this_world(run: dict[str, Any], folder: Path) -> dict[str, Any]:
    """The same run, if its score was taken in the world as it is today."""
    today = reference(SCENARIOS[run["scenario"]], make_config(**run["settings"]))
    if not np.allclose([run["blind"], run["oracle"]], [today.blind.mean(), today.oracle.mean()], atol=1e-6):
        raise SystemExit(f"{folder} was scored in another {run['scenario']}: blind {run['blind']}; remove it first")
    return run


def row_of(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """One line of the table: what the seeds say together."""
    return {
        "scenario": runs[0]["scenario"],
        "memory": runs[0]["memory"],
        "decisions": runs[0]["steps"],
        "seed_numbers": [run["seed"] for run in runs],
        "commits": sorted({run["commit"] for run in runs}),
        **together([anticipation_of(run) for run in runs]),
        **{name: round(float(np.mean([run[name] for run in runs])), 4) for name in SHARES},
        **{f"{who}_right_in_the_delay": right_in_the_delay(runs, who) for who in CAPTIONERS},
        "seconds": [round(run["seconds"]) for run in runs],
        "curves": [run["curve"] for run in runs],
    }


def key_of(row: dict[str, Any]) -> tuple[str, str, str]:
    """Which line of the table it is."""
    return row["scenario"], row["memory"], row["control"]


def drawn(rows: list[dict[str, Any]]) -> Figure:
    """Learning curves and performance profiles, where several kinds of agents have seeds enough for an interval."""
    rows = [row for row in rows if len(row["seeds"]) >= ENOUGH]
    many = [row for row in rows if sum(other["scenario"] == row["scenario"] for other in rows) > 1]
    return picture(
        [
            Group(
                row["scenario"],
                Memory(row["memory"]),
                row["control"],
                {"1..4 s": row["seeds"]},
                [np.transpose(curve) for curve in row["curves"]],
            )
            for row in many
        ]
    )


def main() -> None:
    """Train what is missing, print the table, write it."""
    parser = command_line("agents", __doc__)
    parser.add_argument("--scenarios", nargs="+", choices=SCENARIOS, default=list(SCENARIOS), help="these alone")
    parser.add_argument("--agents", nargs="+", choices=KINDS, default=list(KINDS), help="these alone")
    parser.add_argument("--runs", type=Path, default=ROOT / "runs" / "benchmark", help="where the runs are")
    parser.add_argument("--seeds", type=int, default=10, help="of each agent with an LSTM (default: %(default)s)")
    parser.add_argument("--controls", type=int, default=5, help="of each other (default: %(default)s)")
    parser.add_argument("--picture", type=Path, metavar="FILE", help="draw who has seeds enough for an interval")
    options = parser.parse_args()
    made = about("agents", PACKAGES)
    rows: dict[tuple[str, str, str], dict[str, Any]] = {}
    order = [(scenario, kind.memory, kind.control) for scenario, kind in product(SCENARIOS, KINDS.values())]
    finished: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    cells = [(name, scenario) for name in options.agents for scenario in options.scenarios]
    wanted = {name: options.seeds if name == "lstm" else options.controls for name in KINDS}
    for i, (name, scenario) in product(range(max(wanted.values())), cells):
        if i >= wanted[name]:
            continue
        seed = LATER.get(scenario, FIRST) + i
        kind, folder = KINDS[name], options.runs / f"{scenario}-{name}" / f"seed{seed}"
        runs = finished[scenario, name]
        runs.append(in_this_world(run(folder, scenario, kind.memory, seed, *kind.words), folder))
        row = {**row_of(runs), "control": kind.control, **made}
        show_row(row)
        before = read(options.out)  # anew each time: another process may have written its own rows meanwhile
        rows |= {key_of(each): each for each in before["rows"]}
        if len(row["seeds"]) >= len(rows.get(key_of(row), row)["seeds"]):  # the first seeds of ten replace no ten
            rows[key_of(row)] = row
        if options.out:
            ordered = [rows[key] for key in order if key in rows]
            write(options.out, {"benchmark": made["benchmark"], **before, "rows": ordered})
    if options.picture:
        save(options.picture, drawn(list(rows.values())))


if __name__ == "__main__":
    main()
