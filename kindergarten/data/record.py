"""``kindergarten record``: episodes by the thousand, as Parquet shards that are there whole or not at all."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from kindergarten.api import check_fits, load
from kindergarten.data.table import table_of
from kindergarten.files import whole_file, write_whole
from kindergarten.progress import Progress
from kindergarten.provenance import made_with
from kindergarten.scenarios import scenario_named
from kindergarten.scoring.agent import Agent
from kindergarten.scoring.exam import Exam
from kindergarten.world.config import Config, make_config

SHARD = 1024  # episodes in a file, some 60,000 decisions; pictures: an eighth of that
COUNTED = "episodes", "decisions", "bytes"  # of each shard
MANIFEST = "manifest.json"
PACKAGES = ("numpy", "numba", "pyarrow")


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
    def shards(self) -> list[range]:
        """The episodes of each file."""
        size = self.about["shard"]
        return [range(first, min(first + size, self.episodes)) for first in range(0, self.episodes, size)]

    @property
    def about(self) -> dict[str, Any]:
        """All of it but how many episodes, which may grow; and how many of them make a file."""
        size = SHARD // 8 if self.settings["observation"] == "pixels" else SHARD
        its = {**vars(self), "shard": size}
        del its["episodes"]
        return json.loads(json.dumps(its))


def record(wanted: Recording, out: Path, jobs: int) -> dict[str, Any]:
    """Write what is missing of ``wanted`` into the folder ``out``, and return its manifest.

    Args:
        wanted: what to record.
        out: a folder; what is there already must be of the same recording, and is kept.
        jobs: processes at once.

    Raises:
        ValueError: the folder holds another recording, or the driver cannot drive there.
        OSError: the disk is full, or it cannot be written; the shards that are there are whole.
    """
    exam = Exam.of(scenario_named(wanted.scenario), wanted.config, [wanted.seed], as_drawn=True)
    check_fits(agent_named(wanted.driver), exam)
    done = _opened(wanted, out)
    missing = [k for k, episodes in enumerate(wanted.shards) if not _whole(out, done, k, len(episodes))]
    about = {"recording": wanted.about, "made_with": made_with(PACKAGES)}
    manifest = _write(out, about, done)
    progress = Progress(wanted.episodes, "episodes", manifest["episodes"])
    try:
        with _workers(jobs, len(missing)) as pool:
            for finished in as_completed([pool.submit(write_shard, wanted, out, k) for k in missing]):
                name, its = finished.result()
                done[name] = its
                manifest = _write(out, about, done)
                progress.update(manifest["episodes"])
    finally:
        progress.close()
    return manifest


def write_shard(wanted: Recording, out: Path, k: int) -> tuple[str, dict[str, Any]]:
    """Drive the episodes of shard ``k`` and write them; its name, and what the manifest says of it."""
    episodes, path = wanted.shards[k], out / shard_name(k)
    seeds = wanted.seed + np.arange(episodes.start, episodes.stop)
    exam = Exam.of(scenario_named(wanted.scenario), wanted.config, seeds, as_drawn=True)
    table = table_of(agent_named(wanted.driver), exam, episodes.start)
    few: Any = [name for name, kind in zip(table.schema.names, table.schema.types, strict=True) if kind != "float"]
    table = table.replace_schema_metadata({"kindergarten": json.dumps(wanted.about)})
    with whole_file(path) as draft:
        pq.write_table(table, draft, compression="zstd", compression_level=1, use_dictionary=few)
        digest = hashlib.sha256(draft.read_bytes()).hexdigest()
    its = {"episodes": len(episodes), "decisions": table.num_rows, "return_mean": float(exam.returns.mean())}
    return path.name, {**its, "bytes": path.stat().st_size, "sha256": digest}


@cache
def agent_named(name: str) -> Agent:
    """Who drives; read once in a process."""
    return load(name)


def shard_name(k: int) -> str:
    """The name of the file."""
    return f"part-{k:06d}.parquet"


def _opened(wanted: Recording, out: Path) -> dict[str, Any]:
    """The shards that the folder's manifest knows; none if there is no manifest."""
    if not (out / MANIFEST).exists():
        if out.exists() and (not out.is_dir() or any(out.iterdir())):
            raise ValueError(f"{out} is there, and is no recording: choose another --out")
        return {}
    try:
        manifest = json.loads((out / MANIFEST).read_text("utf-8"))
        theirs, shards = dict(manifest["recording"]), dict(manifest["shards"])
        if not all(type(its[name]) is int for its in shards.values() for name in COUNTED):
            raise ValueError
    except (ValueError, KeyError, TypeError):
        raise ValueError(f"{out / MANIFEST} is damaged: choose another --out") from None
    for name, value in wanted.about.items():
        if theirs.get(name) != value:
            raise ValueError(f"{out} has {name} {theirs.get(name)!r}, and not {value!r}: choose another --out")
    return shards


def _whole(out: Path, done: dict[str, Any], k: int, episodes: int) -> bool:
    """Whether shard ``k`` is there, as long as it was and with as many episodes as it should have."""
    name = shard_name(k)
    path, its = out / name, done.get(name)
    return its is not None and its["episodes"] == episodes and path.exists() and path.stat().st_size == its["bytes"]


def _write(out: Path, about: dict[str, Any], done: dict[str, Any]) -> dict[str, Any]:
    total = {name: sum(its[name] for its in done.values()) for name in COUNTED}
    manifest = {**about, **total, "shards": dict(sorted(done.items()))}
    write_whole(out / MANIFEST, json.dumps(manifest, indent=1).encode())
    return manifest


@contextmanager
def _workers(jobs: int, tasks: int) -> Iterator[ProcessPoolExecutor]:
    """Processes that begin anew, each with one thread for what is not ours: they are many already."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(max(1, min(jobs, tasks)), mp_context=context)
    try:
        yield pool
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
