"""Is anything lost? Trainings killed at random moments: python -m benchmarks.kills --kills 100.

Each kind of training is done once undisturbed, and then again and again with SIGKILL at random moments, from before its
folder is there to its evaluation, and --resume. What is there after a kill must be whole, and no less than before; what
comes out in the end must be that of the undisturbed one, bit for bit. What is found ends it with exit code 1.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch as th

from benchmarks.common import about, command_line, write
from kindergarten import cli
from kindergarten.agents.runs import checkpoint, train
from kindergarten.agents.runs.folders import runs_in
from kindergarten.agents.runs.metrics import read_rows
from kindergarten.agents.runs.run import PACKAGES, Run
from kindergarten.files import alone
from kindergarten.replay import replay

KINDS = {
    "Follow": "--scenario Follow",
    "Town with attention": "--scenario Town --encoder attention",
    "two seeds": "--scenario Follow --seeds 2",
    "curriculum": "--scenario Follow --curriculum --delay 1 8",
    "pixels": "--scenario Follow --encoder cnn --image-size 32",
}
SIZE = "--worlds 8 --steps 6144 --threads 1"  # six updates
CLOCKS = {"time/fps": "", "time/time_elapsed": ""}  # may differ


def forked(*words: object) -> int:
    """A process that runs a command line of ours, in a group of its own; its number."""
    process = os.fork()
    if process == 0:
        os.setsid()
        nowhere = os.open(os.devnull, os.O_RDWR)
        for stream in range(3):
            os.dup2(nowhere, stream)
        os._exit(cli.main(list(map(str, words))))
    return process


def ended(process: int, seconds: float, group: bool) -> int | None:
    """The exit code of a process; None if it was killed after so many seconds, with its ``group`` or alone."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        done, status = os.waitpid(process, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.002)
    (os.killpg if group else os.kill)(process, signal.SIGKILL)
    os.waitpid(process, 0)
    return None


def runs_of(folder: Path) -> list[Path]:
    """The run, or those of several seeds, in a folder that may not be there yet."""
    return runs_in(folder) or ([folder] if folder.exists() else [])


def kept(folder: Path) -> dict[str, int]:
    """How many decisions and how many rows of metrics there are to go on from; all of it is read.

    Raises:
        ValueError: something is damaged.
    """
    found = {}
    for path in runs_of(folder):
        while True:
            try:
                with alone(path, "trained"):
                    break
            except ValueError:  # its children end by themselves, soon
                time.sleep(0.05)
        last = train.last_of(Run.open(path))
        found[f"{path.name}: decisions"] = last.decisions if last is not None else 0
        found[f"{path.name}: rows"] = len(read_rows(path / "metrics.csv"))
    return found


def differences(one: Path, two: Path) -> Iterator[str]:
    """In what two runs differ, but for clocks."""
    for name in ("last", "best"):
        mine, theirs = (checkpoint.read(Run.open(path).checkpoint(name)) for path in (one, two))
        for key in mine.tensors.keys() | theirs.tensors.keys():
            if not (key in mine.tensors and key in theirs.tensors and th.equal(mine.tensors[key], theirs.tensors[key])):
                yield f"{name}: {key}"
        notes = [{k: v for k, v in each.notes.items() if k != "watcher"} for each in (mine, theirs)]
        for episode in [episode for note in notes for episode in note.get("episodes", [])]:
            episode.pop("t", None)
        if notes[0] != notes[1]:
            yield f"{name}: notes"
    mine, theirs = (read_rows(path / "metrics.csv") for path in (one, two))
    if [row | CLOCKS for row in mine] != [row | CLOCKS for row in theirs]:
        yield "metrics.csv"


def outcome(one: Path, two: Path) -> Iterator[str]:
    """What is not as it should be in a finished training, beside the undisturbed one."""
    for mine, theirs in zip(runs_of(one), runs_of(two), strict=True):
        yield from differences(mine, theirs)
        if (mine / "evaluation.json").read_bytes() != (theirs / "evaluation.json").read_bytes():
            yield "evaluation.json"
        replay.read(theirs / "replays" / "twins.npz")
    yield from (f"left behind: {path.name}" for path in two.parent.rglob(".*draft*"))


def endure(words: list[str], kills: int, folder: Path, rng: np.random.Generator) -> dict[str, Any]:
    """Train undisturbed, and with so many kills; what came of it."""
    whole, out, start = folder / "whole", folder / "run", time.monotonic()
    if code := ended(forked("train", *words, "--out", whole), 1e9, False):
        raise SystemExit(f"the undisturbed training ended with exit code {code}")
    found: dict[str, Any] = {"kills": 0, "before_a_checkpoint": 0, "finished": 0, "faults": []}
    duration, before = time.monotonic() - start, {}
    found["seconds"] = round(duration, 1)
    while found["kills"] < kills or out.exists():
        process = forked("train", *(["--resume", out] if out.exists() else [*words, "--out", out]))
        moment = rng.uniform(0.0, duration) if found["kills"] < kills else 1e9
        code = ended(process, moment, bool(rng.integers(2)))
        now = kept(out)
        if any(now.get(name, -1) < number for name, number in before.items()):
            found["faults"].append(f"lost: {before}, now {now}")
        found["before_a_checkpoint"] += code is None and not any(now.values())
        before = now
        if code is None:
            found["kills"] += 1
            continue
        found["faults"] += [f"exit code {code}"] if code else outcome(whole, out)
        found["finished"] += 1
        shutil.rmtree(out)
        before = {}
    return found


def main(argv: list[str] | None = None) -> int:
    """Run the command line; 0 if nothing was lost."""
    parser = command_line("kills", __doc__)
    parser.add_argument("--kills", type=int, default=100, help="in all (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of the moments (default: %(default)s)")
    options = parser.parse_args(argv)
    th.set_num_threads(1)
    result, rng, rows = about("kills", PACKAGES), np.random.default_rng(options.seed), {}
    with tempfile.TemporaryDirectory() as folder:  # what is imported late is imported once, and not by every fork
        cli.main(["train", *SIZE.split(), "--steps", "1", "--out", f"{folder}/run", "--quiet"])
    for name, words in KINDS.items():
        with tempfile.TemporaryDirectory() as folder:
            rows[name] = endure([*words.split(), *SIZE.split()], -(-options.kills // len(KINDS)), Path(folder), rng)
        print(f"{name}: {rows[name]}", flush=True)
    faults = sum(len(row["faults"]) for row in rows.values())
    kills, finished = (sum(row[key] for row in rows.values()) for key in ("kills", "finished"))
    print(f"{kills} kills, {finished} trainings finished by --resume: ", end="")
    print(f"{faults} faults" if faults else "all bit for bit as undisturbed, nothing lost")
    if options.out:
        write(options.out, {**result, "settings": {"size": SIZE, "kinds": KINDS}, "faults": faults, "rows": rows})
    return int(faults > 0)


if __name__ == "__main__":
    sys.exit(main())
