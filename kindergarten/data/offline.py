"""A recording once more, as a Minari data set."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from gymnasium import spaces

from kindergarten.data.read import files_of
from kindergarten.data.record import Recording
from kindergarten.data.table import TIMES
from kindergarten.extras import explained
from kindergarten.files import whole_folder
from kindergarten.scenarios import id_of
from kindergarten.world.observation import columns
from kindergarten.world.spaces import parted

with explained(__name__):
    import minari  # pyright: ignore[reportMissingImports]  # of an extra that the tests lack
    from minari.data_collector import EpisodeBuffer  # pyright: ignore[reportMissingImports]
    from minari.dataset.minari_storage import MinariStorage  # pyright: ignore[reportMissingImports]


def to_minari(wanted: Recording, out: Path) -> Path:
    """Make the data set anew of the shards in the folder ``out``, whole or not at all, and return its folder.

    It lies where ``minari.load_dataset`` looks for it if MINARI_DATASETS_PATH is ``out/minari``. Pictures are kept as
    they are, without JPEG. Infos hold ``intents``, ``phases`` and ``times`` as ``table_of`` names them. Minari wants
    one frame more than decisions: the last one stands there twice.
    """
    out = out.absolute()  # Minari's storage joins names of its own to the folder, and knows no other working directory
    env = gymnasium.make(f"kindergarten:{id_of(wanted.scenario)}", **wanted.settings)
    name = f"{wanted.scenario.lower()}-{Path(wanted.driver).stem}-v0"
    with whole_folder(out / "minari" / name, anew=True) as draft:
        storage = MinariStorage.new(
            draft / "data", env.observation_space, env.action_space, env.spec, jpeg_encoding=False
        )
        about = {"dataset_id": name, "minari_version": minari.__version__, "algorithm_name": wanted.driver}
        storage.update_metadata(about)
        for file in files_of(out):
            storage.update_episodes(_episodes(pq.read_table(file), env))
    return out / "minari" / name


def _episodes(table: pa.Table, env: gymnasium.Env) -> Iterator[EpisodeBuffer]:
    arrays = {name: _numbers(table[name]) for name in table.schema.names}
    seen, done = _frames(arrays, env), _actions(arrays)
    users = [name.removesuffix(".phase") for name in arrays if name.endswith(".phase")]
    infos = {
        "intents": np.stack([arrays[f"{user}.intent"] for user in users], axis=1),
        "phases": np.stack([arrays[f"{user}.phase"] for user in users], axis=1),
        "times": np.stack([np.stack([arrays[f"{user}.{time}"] for time in TIMES], axis=1) for user in users], axis=1),
    }
    for rows in np.split(np.arange(len(table)), np.flatnonzero(np.diff(arrays["episode"])) + 1):
        twice = np.append(rows, rows[-1])
        yield EpisodeBuffer(
            seed=int(arrays["seed"][rows[0]]),
            observations=_taken(seen, twice),
            actions=done[rows],  # pyright: ignore[reportArgumentType]  # an array is stored as a list is
            rewards=arrays["reward"][rows],  # pyright: ignore[reportArgumentType]
            terminations=arrays["terminated"][rows],  # pyright: ignore[reportArgumentType]
            truncations=arrays["truncated"][rows],  # pyright: ignore[reportArgumentType]
            infos=_taken(infos, twice),
        )


def _numbers(column: pa.ChunkedArray) -> np.ndarray:
    if pa.types.is_fixed_size_binary(column.type):
        return np.stack([np.frombuffer(row.as_py(), np.uint8) for row in column])
    return column.to_numpy()


def _frames(arrays: dict[str, np.ndarray], env: gymnasium.Env) -> Any:
    """Of every decision, as the environment shows it."""
    if "image" in arrays:
        return arrays["image"].reshape(-1, *(env.observation_space.shape or ()))
    num_users = env.unwrapped.simulator.num_users  # pyright: ignore[reportAttributeAccessIssue]
    frames = np.stack([arrays[column.name] for column in columns(num_users)], axis=1)
    return parted(frames) if isinstance(env.observation_space, spaces.Dict) else frames


def _actions(arrays: dict[str, np.ndarray]) -> np.ndarray:
    if "action" in arrays:
        return arrays["action"].astype(np.int64)
    return np.stack([arrays["pedal"], arrays["steering"]], axis=1)


def _taken(arrays: Any, rows: np.ndarray) -> Any:
    return {name: its[rows] for name, its in arrays.items()} if isinstance(arrays, dict) else arrays[rows]
