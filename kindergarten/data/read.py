"""A recording as arrays, file by file: what learners of sequences want."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from kindergarten.world.kinds import Maybe, Whole

PADDING = -1  # of phases


class Episodes(NamedTuple):
    """E episodes of up to T decisions, with U road users in the order of the observation's rows."""

    frames: np.ndarray  # (E, T, D) the observations
    actions: np.ndarray  # (E, T) meta-actions, or (E, T, 2) pedal and steering
    rewards: np.ndarray  # (E, T)
    terminated: np.ndarray  # (E, T) bool, where an episode ended: nothing is to come
    truncated: np.ndarray  # (E, T) bool, where its time was up: what was to come is to be estimated
    intents: np.ndarray  # (E, T, U) Intent, -1 for those who have no choice
    phases: np.ndarray  # (E, T, U) Phase; PADDING after an episode's end
    captions: np.ndarray | None  # (E, T, U, intents) how likely the driver thinks each, if it says


def files_of(folder: Path) -> list[Path]:
    """The files of a recording, in order; drafts of what is being written are none of them."""
    return sorted(folder.glob("part-*.parquet"))


def shards(folder: str | os.PathLike[str], decisions: int | None = None) -> Iterator[Episodes]:
    """The files of a recording of features or users, one after the other, until there are so many decisions.

    The last episode of those is cut where they end: it is neither terminated nor truncated.

    Raises:
        ValueError: there is no recording, it is one of pictures, or that is no number of decisions.
    """
    folder, decisions = Path(folder), Maybe(Whole(1)).settle("decisions", decisions)
    files = files_of(folder)
    if not files:
        raise ValueError(f"{folder} is no recording: kindergarten record --out {folder} makes one")
    if "image" in pq.read_schema(files[0]).names:
        raise ValueError(
            f"{folder} is a recording of pictures, which are read with pyarrow: for features or users record anew, "
            "with --observation features or users and another --out"
        )
    for file in files:
        table = pq.read_table(file)[:decisions]
        yield padded(table)
        if decisions is not None:
            decisions -= len(table)
            if decisions <= 0:
                return


def padded(table: pa.Table) -> Episodes:
    """The rows of a table, episode by episode."""
    names = table.schema.names
    _, lengths = np.unique(table["episode"].to_numpy(), return_counts=True)
    row, place = np.repeat(np.arange(len(lengths)), lengths), np.concatenate([np.arange(n) for n in lengths])

    def spread(columns: list[str], kind: type, empty: int = 0) -> np.ndarray:
        found = np.full((len(lengths), lengths.max(), len(columns)), empty, kind)
        for k, name in enumerate(columns):
            found[row, place, k] = table[name].to_numpy()
        return found

    done = [name for name in ("action", "pedal", "steering") if name in names]
    seen = [name for name in names[: names.index(done[0])] if name.startswith(("ego.", "user"))]
    users = [name.removesuffix(".phase") for name in names if name.endswith(".phase")]
    said = [name for name in names if ".caption." in name]
    actions = spread(done, np.int64) if done == ["action"] else spread(done, np.float32)
    captions = spread(said, np.float32)
    return Episodes(
        spread(seen, np.float32),
        actions[..., 0] if done == ["action"] else actions,
        spread(["reward"], np.float64)[..., 0],
        spread(["terminated"], np.bool_)[..., 0],
        spread(["truncated"], np.bool_)[..., 0],
        spread([f"{user}.intent" for user in users], np.int64),
        spread([f"{user}.phase" for user in users], np.int64, PADDING),
        captions.reshape(*captions.shape[:2], len(users), -1) if said else None,
    )
