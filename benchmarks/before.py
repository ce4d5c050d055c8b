"""How fast the worlds of one car are beside those of another checkout: has a change made them slower?

git worktree add --detach ../before COMMIT
python -m benchmarks.before ../before [--out benchmarks/results/before.json]

Two processes of one thread, one in each checkout, take turns with the same random actions. The ratio is that of
decisions per second of processor time, turn by turn; its median is less noisy than either rate.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.common import ROOT, about, command_line, spread, write
from kindergarten.scenarios import SCENARIOS

#: What a checkout does for each line that it reads, NAME SECONDS; it prints a rate.
TURNS = """
import sys, time
import numpy as np
from kindergarten.scenarios import SCENARIOS
from kindergarten.world.simulator import Simulator
worlds, cores = 256, {}
todo = np.random.default_rng(0).integers(5, size=(251, worlds))
for line in sys.stdin:
    name, seconds = line.split()
    if name not in cores:
        cores[name] = Simulator(SCENARIOS[name], worlds)
        cores[name].seed(np.arange(worlds))
        cores[name].reset()
    core, steps, start = cores[name], 0, time.process_time()
    while (passed := time.process_time() - start) < float(seconds) or steps < 50:
        out = core.step(todo[steps % len(todo)])
        steps += 1
        if (ended := out.terminated | out.truncated).any():
            core.reset(ended)
    print(steps * worlds / passed, flush=True)
"""


class Checkout:
    """A process in the checkout ``folder``."""

    def __init__(self, folder: Path) -> None:
        alone = {"PYTHONPATH": str(folder.resolve()), "OMP_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1"}
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        self._process = subprocess.Popen([sys.executable, "-c", TURNS], cwd=folder, env=os.environ | alone, **pipes)

    def rate(self, scenario: str, seconds: float) -> float:
        """Decisions per second of processor time in one turn."""
        its = self._process
        assert its.stdin is not None and its.stdout is not None
        its.stdin.write(f"{scenario} {seconds}\n")
        its.stdin.flush()
        return float(its.stdout.readline())

    def close(self) -> None:
        """End the process."""
        self._process.communicate()


def ratios(now: Checkout, before: Checkout, scenario: str, turns: int, seconds: float) -> list[float]:
    """Turn by turn, now over before; who begins changes."""
    found = []
    for its in (now, before):
        its.rate(scenario, 0.0)  # compiles
    for turn in range(turns):
        order = (now, before) if turn % 2 else (before, now)
        rates = {its: its.rate(scenario, seconds) for its in order}
        found.append(rates[now] / rates[before])
    return found


def main(argv: list[str] | None = None) -> int:
    """Measure, print and write."""
    parser = command_line("before", __doc__)
    parser.add_argument("folder", type=Path, help="the other checkout")
    parser.add_argument("--scenarios", nargs="+", choices=SCENARIOS, default=list(SCENARIOS), metavar="NAME")
    parser.add_argument("--turns", type=int, default=25, help="of each (default: %(default)s)")
    parser.add_argument("--seconds", type=float, default=0.3, help="of processor time, a turn (default: %(default)s)")
    asked = parser.parse_args(argv)
    commit = subprocess.check_output(["git", "rev-parse", "--short", "HEAD"], cwd=asked.folder, text=True).strip()
    result: dict[str, Any] = {**about("before", ("numpy", "numba")), "before": commit, "scenarios": {}}
    now, before = Checkout(ROOT), Checkout(asked.folder)
    for name in asked.scenarios:
        result["scenarios"][name] = row = spread(ratios(now, before, name, asked.turns, asked.seconds), 3)
        result["median"] = median(its["median"] for its in result["scenarios"].values())
        print(f"{name}: {row['median']:.3f} times as fast as {commit}", flush=True)
        if asked.out:
            write(asked.out, result)
    print(f"median of all: {result['median']:.3f}")
    for its in (now, before):
        its.close()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
