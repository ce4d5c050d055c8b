"""``kindergarten record``: episodes by the thousand, as Parquet shards that are there whole or not at all."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import re
import signal
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from kindergarten.api import check_fits, load
from kindergarten.data.table import table_of
from kindergarten.files import alone, place_of, read_json, whole_file, write_whole
from kindergarten.interrupts import end_with_parent
from kindergarten.progress import Progress
from kindergarten.provenance import made_with
from kindergarten.scenarios import scenario_named
from kindergarten.scoring.agent import Agent
from kindergarten.scoring.drivers import DRIVERS
from kindergarten.scoring.exam import Exam
from kindergarten.world.config import Config, make_config
from kindergarten.world.words import quoted

SHARD = 1024  # episodes in a file, some 60,000 decisions; pictures: an eighth of that
COUNTED = "episodes", "decisions", "bytes"  # of each shard
MANIFEST = "manifest.json"
SAFE = "PYTHONSAFEPATH"  # without it new processes look for multiprocessing itself in the working directory first
PACKAGES = ("numpy", "numba", "pyarrow")


class Unfinished(Exception):
    """Something ended the work; what has been written until then is whole."""


@dataclass(frozen=True)
class Recording:
    """What is to be recorded. ``settings`` are the environment's own keywords; episode k is seed ``seed + k``."""

    scenario: str
    driver: str
    episodes: int
    seed: int
    settings: dict[str, Any]

    @property
    def config(self) -> Config:
        """The settings, checked."""
        return make_config(**self.settings)

    @property
    def about(self) -> dict[str, Any]:
        """All of it but how many episodes, which may grow; how many of them make a file, and the driver's weights."""
        size = SHARD // 8 if self.settings["observation"] == "pixels" else SHARD
        its = {**vars(self), "shard": size, "weights": weights_of(self.driver)}
        del its["episodes"]
        return json.loads(json.dumps(its))

    def shards(self, done: dict[str, Any]) -> list[range]:
        """The episodes of each file: as many as ``done``, the manifest, has of it; others fill the gaps and follow.

        A file stays as long as it was made, for whoever drives may do something else in other company: RandomDriver's
        actions are drawn for all worlds of a file at once.
        """
        size, last, found, first = self.about["shard"], max(done, default=""), [], 0
        while first < self.episodes or shard_name(len(found)) <= last:
            name = shard_name(len(found))
            own = done[name]["episodes"] if name in done else size if name < last else min(size, self.episodes - first)
            found.append(range(first, first + own))
            first += own
        return found


def record(wanted: Recording, out: Path, jobs: int) -> dict[str, Any]:
    """Write what is missing of ``wanted`` into the folder ``out``, and return its manifest.

    Args:
        wanted: what to record.
        out: a folder; what is there already must be of the same recording, and is kept, be it more than is wanted.
        jobs: processes at once.

    Raises:
        ValueError: the folder holds another recording, another process records there, or the driver cannot drive.
        OSError: there is no such driver, or no such folder can be made.
        Unfinished: the disk is full, or a process was ended from outside; the shards that are there are whole.
    """
    exam, about = Exam.of(scenario_named(wanted.scenario), wanted.config, [wanted.seed], as_drawn=True), wanted.about
    check_fits(agent_named(wanted.driver), exam)
    _opened(about, out)  # what is refused is left as it is
    out.mkdir(parents=True, exist_ok=True)
    with alone(out, "recorded"):
        return _record(wanted, about, out, jobs)


def _record(wanted: Recording, about: dict[str, Any], out: Path, jobs: int) -> dict[str, Any]:
    """Write what is missing, as ``record`` does, into a folder that nobody else records in."""
    done = _opened(about, out)
    shards = wanted.shards(done)
    missing = [k for k in range(len(shards)) if not _whole(out, done, k)]
    made, manifest = made_with(PACKAGES), _write(about, out, done)
    progress = Progress(sum(map(len, shards)), "episodes", manifest["episodes"])
    try:
        with _workers(jobs, len(missing)) as pool:
            work = [pool.submit(write_shard, wanted, about, out / shard_name(k), shards[k]) for k in missing]
            for finished in as_completed(work):
                name, its = finished.result()
                done[name] = {**its, "made_with": made}
                manifest = _write(about, out, done)
                progress.update(manifest["episodes"])
    except BrokenProcessPool:
        raise Unfinished("a process was ended from outside; if memory was short, fewer --jobs take less") from None
    except OSError as error:
        raise Unfinished(error) from error
    finally:
        progress.close()
    return manifest


def write_shard(wanted: Recording, about: dict[str, Any], path: Path, episodes: range) -> tuple[str, dict[str, Any]]:
    """Drive these episodes and write them to ``path``; its name, and what the manifest says of it.

    Raises:
        ValueError: the driver is no longer the one that the recording is ``about``: it is being trained.
    """
    seeds = wanted.seed + np.arange(episodes.start, episodes.stop)
    exam = Exam.of(scenario_named(wanted.scenario), wanted.config, seeds, as_drawn=True)
    agent = agent_named(wanted.driver)
    _check_same(wanted.about, about, path.parent)
    table = table_of(agent, exam, episodes.start)
    few: Any = [name for name, kind in zip(table.schema.names, table.schema.types, strict=True) if kind != "float"]
    table = table.replace_schema_metadata({"kindergarten": json.dumps(about)})
    with whole_file(path) as draft:
        pq.write_table(table, draft, compression="zstd", compression_level=1, use_dictionary=few)
        digest = hashlib.sha256(draft.read_bytes()).hexdigest()
    its = {"episodes": len(episodes), "decisions": table.num_rows, "return_mean": float(exam.returns.mean())}
    return path.name, {**its, "bytes": path.stat().st_size, "sha256": digest}


@cache
def agent_named(name: str) -> Agent:
    """Who drives; read once in a process."""
    return load(name)


def weights_of(driver: str) -> str | None:
    """The SHA-256 of the file in which the driver's weights are; None if it has none."""
    place = place_of(driver)
    files = [place, place / "checkpoints" / "best.safetensors", place / "checkpoints" / "best.zip"]
    file = None if driver in DRIVERS else next((file for file in files if file.is_file()), None)
    return None if file is None else hashlib.sha256(file.read_bytes()).hexdigest()


def shard_name(k: int) -> str:
    """The name of the file."""
    return f"part-{k:06d}.parquet"


def _opened(about: dict[str, Any], out: Path) -> dict[str, Any]:
    """The shards that the folder's manifest knows; none if there is no manifest."""
    if not (out / MANIFEST).exists():
        if out.exists() and (not out.is_dir() or any(out.glob("[!.]*"))):  # hidden are drafts and a lock
            raise ValueError(f"{out} is there, and is no recording: choose another --out")
        return {}
    try:
        manifest = read_json(out / MANIFEST)
        theirs, shards = dict(manifest["recording"]), dict(manifest["shards"])
        for name, its in shards.items():
            counted = all(type(its[count]) is int and its[count] >= 0 for count in COUNTED)
            counted = counted and 0 < its["episodes"] <= theirs["shard"]
            if not counted or re.fullmatch(r"part-[0-9]{6}\.parquet", name) is None:
                raise ValueError
            its.setdefault("made_with", manifest.get("made_with"))  # older ones have one note for all
    except (ValueError, KeyError, TypeError):
        raise ValueError(f"{out / MANIFEST} is damaged: choose another --out") from None
    theirs.setdefault("weights", about["weights"])  # older ones kept no note
    _check_same(about, theirs, out)
    return shards


def _check_same(about: dict[str, Any], theirs: dict[str, Any], out: Path) -> None:
    """Refuse to go on in ``out``, which is about something else."""
    for name, value in about.items():
        if theirs.get(name) != value and name == "weights":
            raise ValueError(f"{out} was recorded before {about['driver']} got other weights: choose another --out")
        if theirs.get(name) != value:
            has = quoted(theirs.get(name))
            raise ValueError(f"{out} has {name} {has}, and not {quoted(value)}: choose another --out")


def _whole(out: Path, done: dict[str, Any], k: int) -> bool:
    """Whether shard ``k`` is there, as long as it was."""
    name = shard_name(k)
    path, its = out / name, done.get(name)
    return its is not None and path.exists() and path.stat().st_size == its["bytes"]


def _write(about: dict[str, Any], out: Path, done: dict[str, Any]) -> dict[str, Any]:
    total = {name: sum(its[name] for its in done.values()) for name in COUNTED}
    manifest = {"recording": about, **total, "shards": dict(sorted(done.items()))}
    write_whole(out / MANIFEST, json.dumps(manifest, indent=1).encode())
    return manifest


@contextmanager
def _workers(jobs: int, tasks: int) -> Iterator[ProcessPoolExecutor]:
    """Processes that begin anew, each with one thread for what is not ours: they are many already.

    They end when we do, however that may be, and at once if something ends the work. Of what happens to lie in the
    working directory they import nothing (from Python 3.11 on).
    """
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    unsafe = not os.environ.get(SAFE)
    os.environ[SAFE] = "1"
    context, others = multiprocessing.get_context("spawn"), multiprocessing.active_children()
    pool = ProcessPoolExecutor(max(1, min(jobs, tasks)), mp_context=context, initializer=_begin_work)
    try:
        yield pool
    except BaseException:
        for worker in multiprocessing.active_children():
            if worker not in others:
                worker.terminate()
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
        if unsafe:
            del os.environ[SAFE]


def _begin_work() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's affair
    end_with_parent()
