"""Several agents at once: a process each, as many at a time as there are cores."""

from __future__ import annotations

import math
import os
import subprocess
import sys
import time
from collections import deque
from collections.abc import Sequence
from pathlib import Path

import kindergarten
from kindergarten.agents.runs.run import Run
from kindergarten.interrupts import code_of, politely
from kindergarten.output import decimals, pasteable, say
from kindergarten.provenance import cores
from kindergarten.scoring.score import NOTHING_AT_STAKE, anticipation_of
from kindergarten.scoring.statistics import mean_at_stake, summary

MOST = 4  # threads that pay: of a minibatch of 16 worlds, a quarter takes 0.43 of the time, an eighth 0.30
PAUSE = 0.2  # [s] between two looks at the processes
LOG = "train.log"
ROOT = str(Path(kindergarten.__file__).parent.parent)  # where the processes find the package, installed or not
#: What each process does. Nothing is ever written to it: its standard input ends when we do. Of what happens to lie in
#: the working directory, which Python puts first here (""), it imports nothing.
CHILD = """
import sys
sys.path = [place for place in sys.path if place]
from kindergarten.interrupts import end_with_parent
from kindergarten.cli import main
end_with_parent()
sys.exit(main(["train", "--resume", sys.argv[1]]))
"""


def free_cores() -> int:
    """How many of them nobody uses now; at least one, and no more than OMP_NUM_THREADS allows.

    Where the system does not say how many threads it is running, nobody uses any.
    """
    allowed = os.environ.get("OMP_NUM_THREADS", "")
    try:
        running = int(Path("/proc/loadavg").read_text().split()[3].partition("/")[0]) - 1  # without our own
    except OSError:
        running = 0
    free = min(cores(), (os.cpu_count() or 1) - running)
    return max(1, min(free, int(allowed)) if allowed.isdecimal() else free)


def threads(agents: int) -> int:
    """On how many threads each of several agents is best trained, that begin now side by side."""
    free = free_cores()
    return min(free // min(agents, free), MOST)


def resume(folder: Path, runs: list[Path]) -> int:
    """Train all ``runs`` to their end, and print their scores together; the exit code.

    What each has to say goes into a file beside its checkpoints.
    """
    print(f"{len(runs)} agents, {min(cores(), len(runs))} at a time: {folder}", flush=True)
    try:
        with politely():
            code = _train(deque(runs))
    except KeyboardInterrupt as stop:
        code = code_of(stop)
    if code:
        say(f"not all is done. Go on: {pasteable('train', '--resume', folder)}")
        return code
    print(f"{len(runs)} seeds: {_together(runs)}")
    return 0


def _score(run: Run) -> float:
    """The score of a run that is done, the mean over its scenarios; nan where nothing is at stake."""
    if run.together:
        return float(run.read_json("evaluation.json")["communication"])
    return mean_at_stake([anticipation_of(row) for row in run.results("evaluation.json")])


def _together(folders: Sequence[Path]) -> str:
    """What several seeds say together."""
    runs = [Run.open(folder) for folder in folders]
    measure = runs[0].measure
    middle, low, high, failed = summary([_score(run) for run in runs])
    if math.isnan(middle):
        return NOTHING_AT_STAKE
    mean, least, most = (decimals(value, 3) for value in (middle, low, high))
    if len(runs) == 1:
        return f"{measure} {mean}"
    if failed is None:
        return f"{measure} {mean} (mean; least {least}, most {most})"
    return f"{measure} {mean} (interquartile mean; 95 % {least}..{most}), {failed:.0%} failed"


def _train(waiting: deque[Path]) -> int:
    """Train them all; the exit code. After a failure those that are at work go on to their end, but none begins."""
    working: dict[Path, subprocess.Popen[bytes]] = {}
    code = 0
    try:
        while working or (waiting and code == 0):
            while waiting and len(working) < cores() and code == 0:
                run = waiting.popleft()
                working[run] = _start(run)
            time.sleep(PAUSE)
            for run in [run for run, process in working.items() if process.poll() is not None]:
                code = _ended(run, working.pop(run).returncode) or code
    finally:
        for process in working.values():
            process.terminate()
        for process in working.values():
            process.wait()
    return code


def _start(run: Path) -> subprocess.Popen[bytes]:
    with open(run / LOG, "ab") as log:
        path = os.pathsep.join(filter(None, [ROOT, os.environ.get("PYTHONPATH")]))
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": path}
        words = [sys.executable, "-c", CHILD, str(run)]
        return subprocess.Popen(words, stdin=subprocess.PIPE, stdout=log, stderr=log, env=environment)


def _ended(run: Path, code: int) -> int:
    """Say how a run ended; its exit code."""
    if code == 0:
        print(f"  {run.name}: {_together([run])}", flush=True)
    else:
        print(f"  {run.name}: ended with exit code {code}; see {run / LOG}", file=sys.stderr, flush=True)
    return code
