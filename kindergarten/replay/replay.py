"""Replays: episodes of one scenario, written to one file and read back exactly.

A file is an archive of plain arrays and one line of JSON. Whatever is wrong with a file that somebody hands
over, reading it ends in one clear line.
"""

from __future__ import annotations

import json
import math
import os
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Any

import numpy as np

from kindergarten import __version__
from kindergarten.replay import archive
from kindergarten.replay.episode import Episode
from kindergarten.replay.thoughts import FLOATS, TABLE, Thoughts
from kindergarten.world.codes import Action, Colour, Control, End, Intent, Kind, Phase, Signal, names
from kindergarten.world.limits import HUGE, Limits
from kindergarten.world.reward import TERMS
from kindergarten.world.road import RoadMap
from kindergarten.world.simulator import Simulator
from kindergarten.world.users import ROAD_USER, WORLD
from kindergarten.world.words import quoted

SCHEMA = 4  # goes up whenever an older program could not read the file, or would read it wrongly
#: What fields of ROAD_USER were called in schema 3, which is read as well.
FORMER_FIELDS = {"shows": "cue_signal", "signals": "truthful", "later": "drawn_kind", "dawdle": "last_speed_factor"}
MAX_USERS, MAX_CASTS, MAX_ACTIONS, MAX_CELLS, MAX_SAMPLES = 256, 256, 64, 4096, 1 << 20
MAX_META = 1 << 20  # [B] of JSON, which takes many times as much once it is parsed
LONGEST = 86_400.0  # [s] of an episode: a day, of which a video has 2.6 million pictures

CODES: dict[str, type[IntEnum]] = {
    "kind": Kind, "intent": Intent, "signal": Signal, "phase": Phase, "colour": Colour,
    "end": End, "action": Action, "control": Control,
}  # fmt: skip
#: Members of the archive with dtype and shape. F frames and D decisions of all episodes together, N road users,
#: A numbers per action, K reward terms, H cells; R routes, P samples, B buildings,
#: L lines, J junctions. A size that is a letter is free.
ARRAYS: archive.Table = {
    "meta": (np.dtype(np.uint8), ("bytes",)),
    "users": (ROAD_USER, ("F", "N")),
    "worlds": (WORLD, ("F",)),
    "actions": (FLOATS, ("D", "A")),
    "terms": (FLOATS, ("D", "K")),
    **TABLE,
    "road.points": (FLOATS, ("R", "P", 4)),
    "road.length": (FLOATS, ("R",)),
    "road.fork": (FLOATS, ("R",)),
    "road.pairs": (FLOATS, ("R", "R", 5)),
    "road.entry": (FLOATS, ()),
    "road.leg_length": (FLOATS, ()),
    "road.fog": (FLOATS, (4,)),
    "road.buildings": (FLOATS, ("B", 4)),
    "road.markings": (FLOATS, ("L", 5)),
    "road.junctions": (FLOATS, ("J", 3)),
    "road.lane_width": (FLOATS, ()),
}
OPTIONAL = set(TABLE)


class ReplayError(ValueError):
    """A file that is no replay, or a damaged one; the message names the file and what is wrong with it."""


@dataclass(frozen=True)
class Replay:
    """Episodes of one scenario, with everything that is needed to draw and to explain them."""

    scenario: str
    road: RoadMap
    episodes: tuple[Episode, ...]
    physics_step: float  # [s]
    substeps: int  # physics steps per decision
    control: Control = Control.DISCRETE
    agent: str = ""  # who drove, as people call it
    term_names: tuple[str, ...] = tuple(term.name for term in TERMS)
    version: str = __version__  # of the program that wrote it

    @classmethod
    def of(cls, simulator: Simulator, episodes: Sequence[Episode], agent: str = "") -> Replay:
        """A replay of episodes that were recorded from ``simulator``."""
        config = simulator.config
        return cls(
            scenario=simulator.scenario.name,
            road=simulator.road,
            episodes=tuple(episodes),
            physics_step=config.physics_step,
            substeps=config.substeps,
            control=config.control,
            agent=agent,
        )

    def write(self, path: str | os.PathLike[str]) -> None:
        """Write to ``path``, whose folder is made if need be. A reader never meets half a file.

        Raises:
            ValueError: nobody could read it; nothing was written.
        """
        try:
            archive.write(Path(path), _pack(self))
        except archive.ArchiveError as error:
            raise ValueError(f"this cannot be written as a replay: {error}") from None


def read(path: str | os.PathLike[str]) -> Replay:
    """Read a replay; its arrays are read-only.

    Raises:
        ReplayError: the file is not a replay that this version can show.
        OSError: there is no such file, or it cannot be opened.
    """
    with open(path, "rb") as file:
        try:
            with zipfile.ZipFile(file) as opened:
                replay = _unpack(*_load(opened))
            for episode in replay.episodes:
                _check_episode(episode, replay)
        except (ReplayError, archive.ArchiveError) as error:
            raise ReplayError(f"{os.fspath(path)}: {error}") from None
        except Exception as error:  # damage takes the readers of zip, array and JSON to many kinds of error
            reason = (str(error).strip().splitlines() or [type(error).__name__])[0][:120]
            raise ReplayError(f"{os.fspath(path)}: not a replay, or a damaged one ({reason})") from None
    return replay


class Newest:
    """Reads a replay again whenever there is a newer one; for those who follow a training."""

    def __init__(self, find: Callable[[], Path]) -> None:
        """``find``: names the newest file, or raises a ValueError while there is none."""
        self._find, self._known = find, (Path(), 0)

    def __call__(self) -> Replay | None:
        """The newest replay; None if it is known already, or not there, or not to be read."""
        try:
            path = self._find()
            stamp = path, path.stat().st_mtime_ns
            if stamp == self._known:
                return None
            found = read(path)
        except (ValueError, OSError):
            return None
        self._known = stamp
        return found


def _pack(replay: Replay) -> dict[str, np.ndarray]:
    """The archive's members: the episodes one after the other, and how long each is."""
    episodes = replay.episodes
    if not episodes:
        raise ValueError("a replay needs at least one episode")
    for label in (replay.scenario, replay.agent, replay.version, *replay.term_names):
        if not _is_name(label):
            raise ValueError(f"this cannot be written as a replay: {quoted(label)} is not a short text")
    meta = {
        "schema": SCHEMA, "version": replay.version, "scenario": replay.scenario, "agent": replay.agent,
        "control": names(Control)[replay.control], "physics_step": replay.physics_step,
        "substeps": replay.substeps, "terms": replay.term_names, "seeds": [e.seed for e in episodes],
        "decisions": [len(e.actions) for e in episodes], "codes": {k: names(v) for k, v in CODES.items()},
    }  # fmt: skip
    arrays: dict[str, Any] = {"meta": np.frombuffer(json.dumps(meta).encode(), np.uint8)}
    for name in ("users", "worlds", "actions", "terms"):
        arrays[name] = np.concatenate([getattr(e, name) for e in episodes])
    arrays |= Thoughts.join([e.thoughts for e in episodes]).arrays()
    arrays |= {f"road.{name}": np.asarray(field, FLOATS) for name, field in replay.road._asdict().items()}
    problem = _misfit({name: (array.dtype, array.shape) for name, array in arrays.items()})
    if problem:
        raise ValueError(f"this cannot be written as a replay: {problem}")
    return arrays


def _load(opened: zipfile.ZipFile) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """What a file says about itself, and its arrays, of which neither type nor shape is a surprise."""
    packed = archive.packed_arrays(opened)
    if "meta" not in packed or packed["meta"].dtype != np.uint8:
        raise ReplayError("not a replay: it says nothing about itself")
    if problem := _too_long(packed["meta"].shape):
        raise ReplayError(f"damaged: {problem}")
    meta = _meta(archive.load(opened, packed["meta"], np.dtype(np.uint8)))  # an unknown schema is said first
    if meta["schema"] == 3 and "users" in packed:
        packed["users"] = archive.renamed(packed["users"], FORMER_FIELDS)
    problem = _misfit({name: (array.dtype, array.shape) for name, array in packed.items()})
    if problem:
        raise ReplayError(f"damaged: {problem}")
    return meta, {name: archive.load(opened, array, ARRAYS[name][0]) for name, array in packed.items()}


def _misfit(kinds: dict[str, tuple[np.dtype, tuple[int, ...]]]) -> str:
    """What is wrong with the arrays' dtypes and shapes; empty if nothing is."""
    problem = archive.misfit(kinds, ARRAYS, OPTIONAL)
    if problem:
        return problem
    users, choices = kinds["users"][1][1], kinds.get("probabilities", (None, (0, 0)))[1][1]
    routes, samples, _ = kinds["road.points"][1]
    if not 1 <= users <= MAX_USERS or choices > MAX_ACTIONS:
        return f"it has {users} road users and {choices} choices"
    for name in ("captions", "attention"):
        if name in kinds and kinds[name][1][1] != users - 1:
            return f"it has {name} of {kinds[name][1][1]} road users and not of {users - 1}"
    if "cells" in kinds and not 1 <= kinds["cells"][1][1] <= MAX_CELLS:
        return f"it has {kinds['cells'][1][1]} cells of memory"
    if routes < 1 or samples < 2 or routes * samples > MAX_SAMPLES:
        return f"it has {routes} routes of {samples} samples"
    return _too_long(kinds["meta"][1])


def _too_long(meta: archive.Shape) -> str:
    """What is wrong with the length of the JSON part; empty if nothing is."""
    return f"it says more than {MAX_META >> 20} MiB about itself" if math.prod(meta) > MAX_META else ""


def _meta(text: np.ndarray) -> dict[str, Any]:
    """The JSON part, checked."""
    meta = json.loads(text.tobytes().decode())
    if not isinstance(meta, dict) or not isinstance(meta.get("schema"), int):
        raise ReplayError("not a replay: it has no schema number")
    if meta["schema"] not in (3, SCHEMA):
        age = "newer" if meta["schema"] > SCHEMA else "older"
        raise ReplayError(f"a replay of the {age} schema {meta['schema']}; this version reads schemas 3 and {SCHEMA}")
    if meta["codes"] != {kind: names(codes) for kind, codes in CODES.items()}:
        raise ReplayError("its codes have other names than in this version of Kindergarten")
    return meta


def _unpack(meta: dict[str, Any], arrays: dict[str, np.ndarray]) -> Replay:
    """The replay that the arrays hold."""
    for name, array in arrays.items():
        if array.dtype.kind == "f" and not float(np.abs(array).max(initial=0.0)) <= HUGE:  # also refuses NaN
            raise ReplayError(f"damaged: array {name} holds a number that is not finite or absurdly large")
    lengths, seeds, terms = meta["decisions"], meta["seeds"], meta["terms"]
    labels = (meta["scenario"], meta["agent"], meta["version"], *terms)
    step, substeps = meta["physics_step"], meta["substeps"]
    if not all(map(_is_name, labels)):
        raise ReplayError("damaged: a name is not a short text")
    if not (isinstance(step, float) and 0.0 < step <= 60.0 and type(substeps) is int and 1 <= substeps <= 1000):
        raise ReplayError(f"damaged: {substeps!r} physics steps of {step!r} s per decision")
    if not (lengths and len(lengths) == len(seeds) and all(type(n) is int and n >= 0 for n in lengths)):
        raise ReplayError("damaged: the lengths of its episodes make no sense")
    known = [seed for seed in seeds if seed is not None]
    if not all(type(seed) is int and 0 <= seed < 1 << 64 for seed in known) or len(terms) != arrays["terms"].shape[1]:
        raise ReplayError("damaged: its seeds or the names of its reward terms make no sense")
    if len(arrays["actions"]) != sum(lengths) or len(arrays["users"]) != sum(lengths) + len(lengths):
        raise ReplayError("damaged: its episodes are not as long as it says")
    fields: dict[str, Any] = {name: arrays[f"road.{name}"] for name in RoadMap._fields}
    fields |= {name: float(field) for name, field in fields.items() if field.ndim == 0}
    road = RoadMap(**fields)
    if not 0.0 <= road.lane_width <= 100.0 or np.any(np.abs(np.hypot(*road.points[:, :, 2:].T) - 1.0) > 0.2):
        raise ReplayError("damaged: its roads have no width or no direction")
    control = Control(names(Control).index(meta["control"]))
    episodes = _split(arrays, lengths, seeds)
    return Replay(
        scenario=meta["scenario"],
        road=road,
        episodes=episodes,
        physics_step=step,
        substeps=substeps,
        control=control,
        agent=meta["agent"],
        term_names=tuple(terms),
        version=meta["version"],
    )


def _is_name(label: Any) -> bool:
    """Whether it is a text that may be shown anywhere: a terminal would do what others tell it to."""
    return isinstance(label, str) and len(label) <= 200 and label.isprintable()


def _split(arrays: dict[str, np.ndarray], lengths: list[int], seeds: list[int | None]) -> tuple[Episode, ...]:
    episodes, frame, decision = [], 0, 0
    for length, seed in zip(lengths, seeds, strict=True):
        frames, decisions = slice(frame, frame + length + 1), slice(decision, decision + length)
        thoughts = Thoughts(**{name: arrays[name][decisions] for name in OPTIONAL if name in arrays})
        episodes.append(
            Episode(
                users=arrays["users"][frames],
                worlds=arrays["worlds"][frames],
                actions=arrays["actions"][decisions],
                terms=arrays["terms"][decisions],
                seed=seed,
                thoughts=thoughts,
            )
        )
        frame, decision = frames.stop, decisions.stop
    return tuple(episodes)


def _check_episode(episode: Episode, replay: Replay) -> None:
    """Whether the numbers of an episode can be drawn.

    Raises:
        ReplayError: they cannot.
    """
    users, worlds, actions = episode.users, episode.worlds, episode.actions
    limits = Limits(users.shape[1], len(replay.road.points), max(len(replay.road.junctions), 1), MAX_CASTS)
    if problem := limits.problem(worlds, users):
        raise ReplayError(f"damaged: {problem}")
    discrete = replay.control is Control.DISCRETE
    if discrete and not np.isin(actions, list(Action)).all():
        raise ReplayError("damaged: an action that does not exist")
    if actions.shape[1] != (1 if discrete else 2) or not np.all(np.diff(worlds["tick"]) > 0):
        raise ReplayError("damaged: its actions or its clock make no sense")
    if (seconds := float(worlds["tick"][-1]) * replay.physics_step) > LONGEST:
        raise ReplayError(f"damaged: an episode ends after {seconds:g} s, and not within {LONGEST:g}")
    if problem := episode.thoughts.problem():
        raise ReplayError(f"damaged: {problem}")
