"""A replay as one HTML page: it needs no server and no network, and it can do no harm.

All that the page shows travels as JSON in the page itself, numbers as whole multiples of a unit. Its policy lets
nothing run but its own script, and lets it fetch nothing.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
import os
from importlib import resources
from pathlib import Path
from string import Template
from typing import Any

import numpy as np

from kindergarten.files import PAGES, check_ending, write_whole
from kindergarten.replay.replay import Replay
from kindergarten.replay.thoughts import SPECS
from kindergarten.viewer.draw.stage import twins_of
from kindergarten.viewer.export import look
from kindergarten.viewer.model import words
from kindergarten.viewer.model.camera import extent, outlook
from kindergarten.viewer.model.frame import differences
from kindergarten.viewer.model.layout import layers_of, trees
from kindergarten.viewer.model.palette import DARK, LIGHT
from kindergarten.viewer.model.shapes import larger
from kindergarten.viewer.model.story import Role, Story, kind_of, one_way, story_of
from kindergarten.world.codes import Action, Control, End, Intent, Kind, Phase, Signal, names
from kindergarten.world.road import SPACING, RoadMap

SCRIPTS = ("replay.js", "street.js", "scene.js", "timeline.js", "panel.js", "app.js")
TYPES = {"Uint8": np.dtype("u1"), "Int16": np.dtype("<i2"), "Int32": np.dtype("<i4")}  # smallest first
POINT, ANGLE, PACE, WORTH = 0.01, 0.0002, 0.01, 0.0001  # [m], [rad], [m/s], [reward]
STRAIGHT = 1e-4  # [rad] from one sample to the next; where a road turns less, samples are left out
CODES = {"kind": Kind, "intent": Intent, "signal": Signal, "phase": Phase, "end": End, "action": Action}


def write_page(path: str | os.PathLike[str], replay: Replay) -> int:
    """Write ``replay`` as a page to ``path``, whose folder is made if need be. Returns its size [bytes].

    Raises:
        ValueError: the file's name does not end in .html or .htm, or a number of the replay cannot be shown.
        OSError: it cannot be written.
    """
    path = Path(path)
    check_ending(path, "a page", *PAGES)
    text = page(replay).encode()
    write_whole(path, text)
    return len(text)


def page(replay: Replay) -> str:
    """The page's text; the same for the same replay."""
    style = "".join(look.style(theme) for theme in (LIGHT, DARK)) + _read("style.css")
    script = "".join(_read(name) for name in SCRIPTS)
    data = json.dumps(content(replay), separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    for character in "<>&":  # no word of a replay may end the element that it stands in
        data = data.replace(character, f"\\u{ord(character):04x}")
    policy = f"default-src 'none'; img-src data:; style-src {_digest(style)}; script-src {_digest(script)}"
    title = html.escape(f"{replay.scenario}: {replay.agent}" if replay.agent else replay.scenario)
    return Template(_read("page.html")).substitute(
        title=title, policy=policy, style=style, script=script, data=data, version=html.escape(replay.version)
    )


def content(replay: Replay) -> dict[str, Any]:
    """What the page's script is given, ready for JSON.

    Raises:
        ValueError: a number is not finite or too large to be shown.
    """
    lanes = one_way(replay.road)
    return {
        "scenario": replay.scenario,
        "agent": replay.agent,
        "discrete": replay.control is Control.DISCRETE,
        "terms": list(replay.term_names),
        "names": {name: names(code) for name, code in CODES.items()},
        "will": list(words.will_of(lanes).values()),
        "does": list(words.does_of(lanes).values()),
        "look": look.look(),
        "shapes": _shapes(replay),
        "road": _road(replay.road),
        "episodes": [_episode(replay, index) for index in range(len(replay.episodes))],
    }


def _key(column: np.ndarray) -> tuple[Kind, float, float]:
    """Kind, length and width [m] of a road user (T + 1,)."""
    return kind_of(column), round(float(column["length"].max()), 2), round(float(column["width"].max()), 2)


def _shapes(replay: Replay) -> dict[str, Any]:
    """The parts of every road user there is, by what ``_key`` says of it."""
    keys = dict.fromkeys(_key(column) for episode in replay.episodes for column in episode.users.T)
    return {_name(key): look.shape(*key) for key in keys}


def _name(key: tuple[Kind, float, float]) -> str:
    return "{} {:g} {:g}".format(*key)


def _episode(replay: Replay, index: int) -> dict[str, Any]:
    """One episode: T + 1 frames of N road users, T decisions. Times are in seconds."""
    episode, dt = replay.episodes[index], replay.physics_step
    users, worlds, ego, thoughts = episode.users, episode.worlds, episode.users[:, 0], episode.thoughts.arrays()
    captions = episode.thoughts.captions
    places = {name: _column(users[name], POINT) for name in ("x", "y")}  # or there is no story to tell
    story = story_of(replay, index)
    others = twins_of(replay, index)
    return {
        "met": story.met,
        "ended": words.end_words(story),
        "legs": [(leg.begin, *words.moments(story, leg)) for leg in story.legs() if leg.i],
        "telling": words.telling_of(replay, index, story),
        "extent": extent(story),
        "shapes": [_name(_key(column)) for column in users.T],
        "larger": _column(larger(users), 0.01),
        "outlook": _column(np.array([outlook(story, row) for row in ego]), 0.1),
        "offset": _column(ego["offset"], POINT),
        "seed": None if episode.seed is None else str(episode.seed),
        "end": int(episode.end),
        "sizes": [_key(column)[1:] for column in users.T],
        "kinds": [int(kind_of(column)) for column in users.T],
        "plans": [[_plan(role, story) for role in roles] for roles in story.roles],
        "twins": others,
        "differs": [_turns(differences(episode, replay.episodes[k])) for k in others],
        "time": _column(worlds["tick"] * dt, dt),
        "hands_on": _column(worlds["hands_on"] * dt, dt),
        "signaller": _column(np.clip(worlds["signaller"], 0, users.shape[1] - 1)),
        **places,
        "heading": _column(np.arctan2(users["sin"], users["cos"]), ANGLE),
        "speed": _column(users["speed"], PACE),
        "acceleration": _column(users["acceleration"], PACE),
        **{name: _column(users[name]) for name in ("kind", "signal", "seen", "colour")},
        "steering": _column(ego["steering"], ANGLE),
        "route": _column(ego["route"]),
        "way": _column(ego["s"], POINT),
        "target_speed": _column(worlds["target_speed"], PACE),
        "actions": _column(episode.actions, WORTH),
        "terms": _column(episode.terms, WORTH),
        **{name: _column(array, SPECS[name].step) for name, array in thoughts.items() if SPECS[name].step},
        **({} if captions is None else {"captions": _column(words.percents(captions) / 100.0, 0.01)}),
    }


def _plan(role: Role, story: Story) -> dict[str, Any]:
    """What a road user is up to at one junction, from which frame on, and what is said of it."""
    return {
        "from": int(np.searchsorted(story.times, role.start - 1e-9)), "t1": role.t1, "t2": role.t2, "t3": role.t3,
        "intent": role.intent, "matters": role.choice, "shows": role.shows, "badges": words.badges(role),
        "bands": [[words.band_words(role, phase, reveal) for phase in Phase] for reveal in (False, True)],
        "labels": [words.signal_labels(role, reveal, story.lanes) for reveal in (False, True)],
    }  # fmt: skip


def _turns(differs: np.ndarray) -> list[int]:
    """Where (T,) turns from False to True and back: a few numbers, since each pair of twins has some."""
    return np.flatnonzero(np.diff(differs, prepend=False)).tolist()


def _road(road: RoadMap) -> dict[str, Any]:
    """What is drawn of a road. The lanes are drawn along the routes, and need no polygons."""
    fog = road.fog.tolist()
    return {
        "lane_width": road.lane_width,
        "fog": fog if fog[2] > fog[0] and fog[3] > fog[1] else None,
        "routes": [_route(points, length) for points, length in zip(road.points, road.length, strict=True)],
        "layers": [
            {"colour": layer.colour, "beside": layer.beside, "shade": layer.shade,
             **(_polygons(layer.polygons) if layer.beside is None else {})}
            for layer in layers_of(road)
        ],
        "trees": _column(trees(road), 0.1),
    }  # fmt: skip


def _polygons(polygons: list[np.ndarray]) -> dict[str, Any]:
    """The corners of all of them, and how many each has."""
    corners = np.concatenate([np.zeros((0, 2)), *polygons])
    return {"corners": _column(corners, POINT), "counts": [len(polygon) for polygon in polygons]}


def _route(points: np.ndarray, length: float) -> dict[str, Any]:
    """A route (P, 4) without its padding, and without the samples of its straight parts."""
    points = points[: max(int(length / SPACING + 1e-6) + 1, 2)]
    turn = np.abs(points[1:, 2] * points[:-1, 3] - points[1:, 3] * points[:-1, 2]) > STRAIGHT
    kept = np.concatenate([[True], turn[1:] | turn[:-1], [True]])
    arc = np.arange(len(points)) * SPACING
    return {
        "x": _column(points[kept, 0], POINT),
        "y": _column(points[kept, 1], POINT),
        "s": _column(arc[kept], SPACING),
        "ends": points[[0, -1], 2:].round(6).tolist(),  # directions, in which the road goes on
    }


def _column(values: np.ndarray, unit: float = 1.0) -> dict[str, Any]:
    """Numbers of any shape as whole multiples of ``unit``, row by row, in the smallest type that holds them.

    Raises:
        ValueError: one is not finite or too large.
    """
    whole = np.round(np.asarray(values, np.float64) / unit)
    for name, dtype in TYPES.items():
        limits = np.iinfo(dtype)
        if np.all((whole >= limits.min) & (whole <= limits.max)):  # nothing is so of NaN
            packed = base64.b64encode(whole.astype(dtype).tobytes()).decode()
            return {"type": name, "unit": unit, "data": packed}
    worst = float(np.ravel(values)[np.nan_to_num(np.abs(whole), nan=np.inf).argmax()])
    raise ValueError(f"a page cannot show {worst:g}: it must be finite, and at most {2**31 * unit:g}")


def _read(name: str) -> str:
    """A part of the page."""
    return (resources.files("kindergarten.viewer.export") / "page" / name).read_text(encoding="utf-8")


def _digest(text: str) -> str:
    """How a policy names the one style or script that it lets through."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
