"""The page holds the replay, nothing else and nothing hostile."""

from __future__ import annotations

import base64
import dataclasses
import json
import re
from typing import Any

import numpy as np
import pytest

from kindergarten import cli
from kindergarten.replay.episode import Episode
from kindergarten.replay.replay import read
from kindergarten.scenarios import SCENARIOS
from kindergarten.viewer.draw.stage import twins_of
from kindergarten.viewer.export import web
from kindergarten.viewer.model.frame import differences
from kindergarten.world.codes import Intent
from kindergarten.world.users import WORLD
from tests.pages import HOSTILE, drive, still_life


def data_of(text: str) -> dict[str, Any]:
    """The JSON in a page."""
    return json.loads(re.findall(r'<script type="application/json" id="replay">(.*?)</script>', text, re.DOTALL)[0])


def unpacked(column: dict[str, Any]) -> np.ndarray:
    dtype = {"Uint8": "u1", "Int16": "<i2", "Int32": "<i4"}[column["type"]]
    return np.frombuffer(base64.b64decode(column["data"]), dtype) * column["unit"]


# ------------------------------------------------------------------------------------------------- what it holds


@pytest.mark.parametrize("name", SCENARIOS)
def test_the_page_needs_nothing_but_itself(name, tmp_path):
    replay = drive(name, 12)
    text = web.page(replay)
    assert not re.search(
        r"https?:|@import|url\(|<link (?!rel=\"icon\" href=\"data:,\")|\ssrc=|<iframe|import\(|fetch\(", text
    )
    assert "default-src 'none'" in text and "unsafe" not in text
    assert len(text) < 200_000
    replay.write(tmp_path / "a.npz")
    assert web.page(read(tmp_path / "a.npz")) == text  # the same replay, the same page
    assert web.write_page(tmp_path / "new" / "a.html", replay) == len((tmp_path / "new" / "a.html").read_bytes())
    assert [file.name for file in (tmp_path / "new").iterdir()] == ["a.html"]


def test_the_numbers_come_back(crossing):
    data = data_of(web.page(crossing))
    for raw, episode in zip(data["episodes"], crossing.episodes, strict=True):
        users, worlds = episode.users, episode.worlds
        same = {
            "x": users["x"], "y": users["y"], "speed": users["speed"], "acceleration": users["acceleration"],
            "kind": users["kind"], "signal": users["signal"], "seen": users["seen"],
            "time": worlds["tick"] * crossing.physics_step, "target_speed": worlds["target_speed"],
            "route": users["route"][:, 0], "way": users["s"][:, 0], "steering": users["steering"][:, 0],
            "actions": episode.actions, "terms": episode.terms,
            **{name: getattr(episode.thoughts, name) for name in ("values", "probabilities", "captions", "attention")},
        }  # fmt: skip
        for name, values in same.items():
            assert np.allclose(unpacked(raw[name]), np.ravel(values), rtol=0, atol=0.501 * raw[name]["unit"]), name
        heading = unpacked(raw["heading"]).reshape(users.shape)
        turned = np.exp(1j * heading) / (users["cos"] + 1j * users["sin"])
        assert np.abs(np.angle(turned)).max() <= 0.501 * raw["heading"]["unit"]
        (plan,) = raw["plans"][1]
        assert plan["intent"] == users["intent"][0, 1] and plan["t2"] == pytest.approx(users["t2"][0, 1] * 0.1)


def test_twins_are_those_of_the_window_and_where_they_differ(crossing):
    stranger = dataclasses.replace(crossing.episodes[0], seed=99)
    replay = dataclasses.replace(crossing, episodes=(*crossing.episodes, stranger))
    for k, raw in enumerate(web.content(replay)["episodes"]):
        assert raw["twins"] == twins_of(replay, k) and len(raw["twins"]) == (0 if k == 3 else 2)
        for other, turns in zip(raw["twins"], raw["differs"], strict=True):
            differs = differences(replay.episodes[k], replay.episodes[other])
            turned = np.zeros(len(differs), int)
            turned[turns] = 1
            assert ((np.cumsum(turned) % 2 == 1) == differs).all() and differs.any() and not differs.all()


def test_a_road_keeps_its_shape_without_its_straight_samples(crossing):
    road, drawn = crossing.road, data_of(web.page(crossing))["road"]
    for route, points, length in zip(drawn["routes"], road.points, road.length, strict=True):
        x, y, s = (unpacked(route[name]) for name in "xys")
        assert len(s) < len(points) / 5 and s[0] == 0 and s[-1] == pytest.approx(length)
        every = np.arange(0, length, 0.5)
        assert np.allclose(np.interp(every, s, x), points[: len(every), 0], atol=0.02)
        assert np.allclose(np.interp(every, s, y), points[: len(every), 1], atol=0.02)


def test_several_junctions_are_several_plans():
    replay = still_life()
    users = replay.episodes[0].users.copy()
    users["t3"][1, 1], users["intent"][1, 1] = 90, Intent.RIGHT
    raw = web.content(dataclasses.replace(replay, episodes=(dataclasses.replace(replay.episodes[0], users=users),)))
    first, second = raw["episodes"][0]["plans"][1]
    assert (first["from"], first["t3"], second["from"], second["intent"]) == (0, 2.0, 1, Intent.RIGHT)
    assert second["t3"] == pytest.approx(9.0)


def test_a_long_replay_fits_into_a_megabyte(crossing):
    long = crossing.episodes[0]
    again = np.arange(3000) % len(long.actions)
    users, worlds = long.users[np.append(again, 0)], np.zeros(3001, WORLD)
    worlds["tick"] = 2 * np.arange(3001)
    thoughts = dataclasses.replace(long.thoughts, attention=None)[again]
    episode = Episode(users, worlds, long.actions[again], long.terms[again], 1, thoughts)
    assert len(web.page(dataclasses.replace(crossing, episodes=(episode,)))) < 1_000_000


def test_hostile_words_stay_words():
    replay = dataclasses.replace(
        still_life(), scenario=HOSTILE, agent=HOSTILE, term_names=(HOSTILE,) * 7, version=HOSTILE
    )
    text, honest = web.page(replay), web.page(still_life())
    for tag in ("<script", "</script", "<img", "<!--"):
        assert text.count(tag) == honest.count(tag), tag
    data = data_of(text)
    assert data["scenario"] == data["agent"] == data["terms"][6] == HOSTILE


@pytest.mark.parametrize("number", [np.nan, np.inf, 1e9])
def test_numbers_that_cannot_be_shown_are_refused(number):
    replay = still_life()
    replay.episodes[0].users["x"][1, 2] = number
    with pytest.raises(ValueError, match=re.escape(f"cannot show {number:g}: ")):
        web.page(replay)


# ---------------------------------------------------------------------------------------------- the command line


def test_export_web_writes_a_page(tmp_path, capsys):
    still_life().write(tmp_path / "replays" / "a.npz")
    for source in (tmp_path, tmp_path / "replays" / "a.npz"):
        assert cli.main(["export-web", str(source), str(tmp_path / "a.html")]) == 0
        assert capsys.readouterr().out == f"{tmp_path / 'a.html'}\n"
        assert data_of((tmp_path / "a.html").read_text())["scenario"] == "Still life"


def test_what_is_wrong_is_said_in_one_line(tmp_path, capsys):
    still_life().write(tmp_path / "a.npz")
    (tmp_path / "file").write_text("")
    (tmp_path / "folder.html").mkdir()
    for source, target, words in (
        ("missing.npz", "a.html", "missing.npz"),
        ("file", "a.html", "not a replay"),
        ("a.npz", "a.pdf", "a page is written as .html"),
        ("a.npz", "file/a.html", "file"),
        ("a.npz", "folder.html", "is a folder"),
    ):
        assert cli.main(["export-web", str(tmp_path / source), str(tmp_path / target)]) == 2
        error = capsys.readouterr().err
        assert error.count("\n") == 1 and error.startswith("kindergarten: error: ") and words in error
    assert cli.main(["export-web", str(tmp_path / "a.npz")]) == 2
    assert "OUT.html" in capsys.readouterr().err
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a.npz", "file", "folder.html"]
