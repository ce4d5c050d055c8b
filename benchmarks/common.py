"""What the benchmarks share: taking turns, two clocks, and results as files.

Rates are per second of processor time, so that another program on the same cores spoils them less; ``cores`` says
how many cores were really had (1 for an undisturbed single thread), and rates by the clock on the wall are theirs
times ``cores``. Ratios are taken within a round, in which everybody had their turn.
"""

from __future__ import annotations

import argparse
import json
import re
import shlex
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from kindergarten import cli
from kindergarten.files import whole_file, write_whole
from kindergarten.provenance import made_with
from kindergarten.scoring.statistics import summary

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ROOT = Path(__file__).resolve().parent.parent


class Done(NamedTuple):
    """What a bit of work was."""

    decisions: int
    user_steps: int = 0  # physics steps of single road users, where there are any


Work = Callable[[], Done]


class Clocks(NamedTuple):
    """Seconds by both clocks; on the wall, and of processor time of this process."""

    wall: float
    processor: float

    @classmethod
    def now(cls) -> Clocks:
        """Both clocks as they stand."""
        return cls(time.perf_counter(), time.process_time())

    def since(self, start: Clocks) -> Clocks:
        """What has passed since ``start``."""
        return Clocks(self.wall - start.wall, self.processor - start.processor)


@dataclass(frozen=True)
class Rates:
    """Rates per second of processor time, (rounds,) each."""

    decisions: np.ndarray
    user_steps: np.ndarray
    cores: np.ndarray  # processor time over time on the wall

    def summary(self) -> dict[str, Any]:
        """Median, least and most of each."""
        rows = {"decisions_per_s": spread(self.decisions), "cores": spread(self.cores, 2)}
        return rows | ({"road_user_steps_per_s": spread(self.user_steps)} if self.user_steps.any() else {})


def race(entries: Mapping[str, Work], rounds: int, seconds: float) -> dict[str, Rates]:
    """Let all entries work in turns, ``seconds`` each, so that what disturbs the machine disturbs all alike."""
    for work in entries.values():
        work()  # compiles, warms the caches
    table = np.array([[_turn(work, seconds) for work in entries.values()] for _ in range(rounds)])
    return {name: Rates(*table[:, i].T) for i, name in enumerate(entries)}


def _turn(work: Work, seconds: float) -> tuple[float, float, float]:
    decisions = user_steps = 0
    start = Clocks.now()
    while True:
        done = work()
        decisions, user_steps = decisions + done.decisions, user_steps + done.user_steps
        wall, processor = Clocks.now().since(start)
        if wall >= seconds:
            return decisions / processor, user_steps / processor, processor / wall


def spread(values: Iterable[float], digits: int = 0) -> dict[str, float]:
    """Median, least and most of ``values``."""
    row = np.array(list(values), float)
    found = {"median": np.median(row), "min": row.min(), "max": row.max()}
    return {name: round(float(value), digits or None) for name, value in found.items()}


def ratio(above: np.ndarray, below: np.ndarray, target: float | None = None) -> dict[str, float]:
    """Spread of the ratio, round by round, beside what it ought to reach."""
    return spread(above / below, 2) | ({} if target is None else {"target": target})


def together(scores: Sequence[float]) -> dict[str, Any]:
    """What the seeds of one agent say together, and each of them; an interval only if there are enough."""
    middle, low, high, failed = summary(scores)
    interval = {} if failed is None else {"ci95": [round(low, 3), round(high, 3)], "failed": round(failed, 3)}
    return {"anticipation": round(middle, 3), **interval, "seeds": [round(float(score), 3) for score in scores]}


def command_line(name: str, doc: str | None, seeds: int | None = None, runs: bool = False) -> argparse.ArgumentParser:
    """The options that benchmarks have in common: where the result goes; and, if they train, seeds and runs."""
    parser = argparse.ArgumentParser(f"python -m benchmarks.{name}", description=doc)
    parser.add_argument("--out", type=Path, metavar="FILE", help="write the result as JSON")
    if seeds is not None:
        parser.add_argument("--seeds", type=int, default=seeds, help="of each (default: %(default)s)")
    if runs:
        parser.add_argument("--runs", type=Path, default=ROOT / "runs" / name, help="where the runs are")
    return parser


def about(benchmark: str, packages: Iterable[str], module: str = "") -> dict[str, Any]:
    """What a result says of itself: its name, the command line that makes it again, and what it depends on."""
    command = shlex.join(["python", "-m", f"benchmarks.{module or benchmark}", *sys.argv[1:]])
    return {"benchmark": benchmark, "command": command, "made_with": made_with(packages)}


def kindergarten(*words: object) -> None:
    """Run a command of ours; whatever goes wrong ends this program too."""
    if code := cli.main([*map(str, words)]):
        raise SystemExit(code)


def show_row(row: Mapping[str, Any]) -> None:
    """Print a row of a table, without its long lists."""
    print(json.dumps({name: value for name, value in row.items() if name not in ("curves", "gradients")}), flush=True)


def report(out: Path | None, made: Mapping[str, Any], rows: Iterable[Mapping[str, Any]]) -> None:
    """Print rows as they come, and write them in the end, if anywhere."""
    shown = []
    for row in rows:
        show_row(row)
        shown.append(row)
    if out:
        write(out, {**made, "rows": shown})


def read(path: Path | None) -> dict[str, Any]:
    """A result that ``write`` has written, to be gone on with; without rows if there is none yet."""
    return json.loads(path.read_text(encoding="utf-8")) if path is not None and path.exists() else {"rows": []}


def save(path: Path, figure: Figure) -> None:
    """Write a figure, whole or not at all."""
    with whole_file(path) as draft:
        figure.savefig(draft)


def write(path: Path, result: Mapping[str, Any]) -> None:
    """Write a result as JSON, the innermost objects on one line each."""
    text = re.sub(r"\{[^{}\[\]]*\}", lambda leaf: " ".join(leaf[0].split()), json.dumps(result, indent=2))
    write_whole(path, f"{text}\n".encode())
