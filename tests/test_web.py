"""The page holds the replay, nothing else and nothing hostile; a browser shows it and its controls do what they say."""

from __future__ import annotations

import base64
import dataclasses
import json
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
import pygame

from kindergarten import cli
from kindergarten.codes import Action, Colour, Intent, Kind, Phase, Signal
from kindergarten.config import Config, Junction
from kindergarten.replay import Episode, Recorder, Replay, read
from kindergarten.road import build
from kindergarten.scenarios import SCENARIOS
from kindergarten.simulator import Simulator
from kindergarten.users import ROAD_USER, WORLD
from kindergarten.viewer import web

GOLDEN = Path(__file__).parent / "golden" / "web-street.png"
HOSTILE = "</script><script>window.hacked = 1</script><img src=x onerror='window.hacked = 2'>&amp;${data}<!--\u2028"


def drive(name: str, decisions: int = 1000) -> Replay:
    """Twins with one thought about everybody; the driver speeds up once it may."""
    scenario = SCENARIOS[name]
    simulator = Simulator(scenario, len(scenario.intents), Config())
    simulator.seed(np.full(simulator.num_worlds, 3))
    intents = np.full((simulator.num_worlds, simulator.num_users - 1), -1)
    intents[:, 0] = scenario.intents
    simulator.reset(intents=intents)
    recorders = [Recorder(simulator, w, 3) for w in range(simulator.num_worlds)]
    captions = np.zeros((simulator.num_users - 1, len(Intent)))
    captions[0, :2] = 0.75, 0.25
    while decisions and not simulator.worlds["end"].all():
        simulator.step(np.full(simulator.num_worlds, Action.FASTER))
        for recorder in recorders:
            chances = np.full(len(Action), 1 / len(Action))
            recorder.record(Action.FASTER, -0.5, chances, captions, np.linspace(1, 0, len(captions)))
        decisions -= 1
    return Replay.of(simulator, [recorder.episode() for recorder in recorders], "always faster")


def still_life() -> Replay:
    """Two frames of everything that there is to draw, at places of our own choice."""
    users = np.zeros((2, 4), ROAD_USER)
    for name, values in {
        "kind": (Kind.CAR, Kind.CYCLIST, Kind.CAR, Kind.CYCLIST), "route": (1, 6, 4, 11),
        "x": (1.75, -1.75, 14.0, -6.0), "y": (-16.0, 5.0, 1.75, 2.6),
        "cos": (0.0, 0.0, -1.0, -1.0), "sin": (1.0, -1.0, 0.0, 0.0), "s": (52.0, 0.0, 0.0, 0.0),
        "length": (4.5, 1.8, 4.5, 1.8), "width": (1.8, 0.65, 1.8, 0.65), "acceleration": (-3.0, 0.0, 0.0, 0.0),
        "signal": (Signal.NONE, Signal.LEFT, Signal.LEFT, Signal.NONE), "seen": (1, 1, 1, 1), "phase": Phase.CUE,
        "t2": 10, "t3": 20, "intent": Intent.LEFT, "signals": 1, "shows": Signal.LEFT, "choices": 3,
        "colour": (Colour.WHITE, Colour.ORANGE, Colour.WHITE, Colour.BLUE),
    }.items():  # fmt: skip
        users[name] = values
    worlds = np.zeros(2, WORLD)
    worlds["tick"], worlds["signaller"] = (0, 2), 1
    road = build(Junction(), 60.0, 3.5, (20.0, -50.0, 60.0, 50.0), [(-34.0, 12.0, -14.0, 26.0)])
    terms = np.zeros((1, 7))
    return Replay("Still life", road, (Episode(users, worlds, np.array([[float(Action.IDLE)]]), terms),), 0.1, 2)


@pytest.fixture(scope="module")
def crossing() -> Replay:
    return drive("Crossing")


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
            "kind": users["kind"], "signal": users["signal"], "phase": users["phase"], "seen": users["seen"],
            "time": worlds["tick"] * crossing.physics_step, "target_speed": worlds["target_speed"],
            "route": users["route"][:, 0], "way": users["s"][:, 0], "steering": users["steering"][:, 0],
            **{name: getattr(episode, name) for name in ("actions", "terms", "values", "probabilities")},
            **{name: getattr(episode, name) for name in ("captions", "attention")},
        }  # fmt: skip
        for name, values in same.items():
            assert np.allclose(unpacked(raw[name]), np.ravel(values), rtol=0, atol=0.501 * raw[name]["unit"]), name
        heading = unpacked(raw["heading"]).reshape(users.shape)
        turned = np.exp(1j * heading) / (users["cos"] + 1j * users["sin"])
        assert np.abs(np.angle(turned)).max() <= 0.501 * raw["heading"]["unit"]
        (plan,) = raw["plans"][1]
        assert plan["intent"] == users["intent"][0, 1] and plan["t2"] == pytest.approx(users["t2"][0, 1] * 0.1)


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
    told = (getattr(long, name)[again] for name in ("values", "probabilities", "captions"))
    episode = Episode(users, worlds, long.actions[again], long.terms[again], 1, *told)
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
    with pytest.raises(ValueError, match="cannot show"):
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


# ------------------------------------------------------------------------------------------------- in the browser


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Chromium. KINDERGARTEN_CHROMIUM says where it is, and then it must be there."""
    told = os.environ.get("KINDERGARTEN_CHROMIUM")
    path = told or shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if not path:
        pytest.skip("no chromium found to show the page in (Debian: apt install chromium)")
    try:
        from playwright.sync_api import sync_playwright
    except ModuleNotFoundError:
        if told:
            raise
        pytest.skip("playwright is not installed: pip install -e .[test]")
    with sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=path)
        yield opened
        opened.close()


@pytest.fixture
def show(browser, tmp_path) -> Iterator[Any]:
    """Opens a replay as a page; afterwards nothing may have been fetched, and nothing may have gone wrong."""
    requests, problems, contexts = [], [], []

    def opened(replay: Replay, wish: str = "", width: int = 1280, height: int = 720, scheme: str = "light") -> Any:
        web.write_page(tmp_path / "a.html", replay)
        context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme, offline=True)
        contexts.append(context)
        page = context.new_page()
        page.on("request", lambda request: requests.append(request.url))
        page.on("console", lambda message: problems.append(message.text))
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.goto(f"{(tmp_path / 'a.html').as_uri()}#{wish}")
        return drawn(page)

    yield opened
    for context in contexts:
        context.close()
    assert not problems
    assert all(url.split("#")[0] in ((tmp_path / "a.html").as_uri(), "data:,") for url in requests), requests


def drawn(page: Any) -> Any:
    """The page, once it has drawn what has happened to it."""
    page.evaluate("new Promise(requestAnimationFrame)")
    return page


def now(page: Any) -> float:
    """Where the play head stands [s]."""
    drawn(page)
    return float(page.get_attribute("[role=slider]", "aria-valuenow"))


def pressed(page: Any, name: str) -> bool:
    return page.get_attribute(f"#{name}", "aria-pressed") == "true"


def picture(png: bytes | Path) -> np.ndarray:
    """A PNG (H, W, 3)."""
    import io

    surface = pygame.image.load(str(png) if isinstance(png, Path) else io.BytesIO(png))
    return (
        np.frombuffer(pygame.image.tobytes(surface, "RGB"), np.uint8).reshape(*surface.get_size()[::-1], 3).astype(int)
    )


def blurred(image: np.ndarray, by: int = 4) -> np.ndarray:
    """Smaller by a factor, so that a pixel more or less at an edge does not matter."""
    height, width = (size // by * by for size in image.shape[:2])
    return image[:height, :width].reshape(height // by, by, width // by, by, 3).mean(axis=(1, 3))


def test_the_street_looks_as_it_did(show):
    page = show(still_life(), "t=0.1", 1000, 620)
    png = page.locator("canvas").screenshot()
    if os.environ.get("KINDERGARTEN_GOLDEN"):  # look at what you make!
        GOLDEN.parent.mkdir(exist_ok=True)
        GOLDEN.write_bytes(png)
    seen, golden = blurred(picture(png)), blurred(picture(GOLDEN))
    assert seen.shape == golden.shape
    apart = np.abs(seen - golden).max(axis=2)
    assert apart.mean() < 3 and (apart > 40).mean() < 0.01


def test_every_moment_is_what_was_recorded(show, crossing):
    page = show(crossing)
    for k in (0, 7, 20):
        wanted = crossing.episodes[1].users[k]
        got = page.evaluate("k => episodes[1].frame(episodes[1].time[k]).users", k)
        for i, user in enumerate(got):
            assert abs(user["x"] - wanted["x"][i]) < 0.006 and abs(user["y"] - wanted["y"][i]) < 0.006
            assert user["cyclist"] == (wanted["kind"][i] == Kind.CYCLIST) and user["signal"] == wanted["signal"][i]
    between = page.evaluate("episodes[1].frame((episodes[1].time[7] + episodes[1].time[8]) / 2).users[0].x")
    assert abs(between - crossing.episodes[1].users["x"][7:9, 0].mean()) < 0.01


def test_controls_do_what_they_say(show, crossing):
    page = show(crossing)
    assert page.inner_text("h1") == "Crossing" and now(page) == 0
    page.click("#on")
    page.click("#on")
    assert now(page) == pytest.approx(0.4)
    page.click("#back")
    assert now(page) == pytest.approx(0.2)
    page.select_option("#speed", "0.5")  # whatever the machine is busy with, it will not be over before the next click
    page.click("#play")
    while now(page) < 0.5:
        assert page.get_attribute("#play", "aria-label") == "Pause"
    page.click("#play")
    stopped = now(page)
    assert page.get_attribute("#play", "aria-label") == "Play" and stopped == now(page)
    box = page.locator(".track").bounding_box()
    page.mouse.move(box["x"] + 0.25 * box["width"], box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + box["height"] / 2, steps=3)
    page.mouse.up()
    assert now(page) == pytest.approx(0.5 * page.evaluate("timeline.duration"), abs=0.1)
    page.click("#next")
    assert now(page) == 0 and page.input_value("#episode") == "1"
    page.click("#previous")
    page.click("#loop")
    page.click("#camera")
    assert page.input_value("#episode") == "0" and pressed(page, "loop") and pressed(page, "camera")
    page.click("#theme")
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    page.click("#help")
    assert page.is_visible("dialog")
    page.click("#close")
    assert not page.is_visible("dialog")


def test_intents_are_hidden_until_they_are_revealed(show, crossing):
    page = show(crossing, "t=3")
    hidden = page.inner_text("body")
    assert "turns left" not in hidden and "signal on" not in hidden and not page.is_visible(".belief")
    page.click(".choices button >> nth=2")
    assert "You said right" in drawn(page).inner_text(".answer")
    page.click("#reveal")
    assert "It turns left. You said right." in drawn(page).inner_text(".answer")
    assert "75 %" in drawn(page).inner_text(".belief") and pressed(page, "captions")
    page.click("#captions")
    assert not drawn(page).is_visible(".belief") and pressed(page, "reveal")


def test_twins_stand_side_by_side(show, crossing):
    page = show(crossing, "t=3&twins&reveal")
    assert page.locator("canvas").count() == 2
    labels = page.locator(".label").all_inner_texts()
    assert "turns left" in labels[0] and "goes straight on" in labels[1]
    strips = page.locator(".line.pictures .block").evaluate_all("blocks => blocks.map(block => block.className)")
    assert strips[0] == "block same" and "block different" in strips  # twins begin as the same picture
    page.click("#twins")
    assert page.locator("canvas").count() == 1


def test_keys_do_what_the_help_says(show, crossing):
    page = show(crossing)
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowUp")
    assert now(page) == pytest.approx(0.2) and page.input_value("#speed") == "2"
    for key, name in {"h": "reveal", "b": "captions", "t": "twins", "c": "camera", "l": "loop"}.items():
        was = pressed(page, name)
        page.keyboard.press(key)
        assert pressed(page, name) != was, key
    page.keyboard.press("End")
    assert now(page) == pytest.approx(page.evaluate("timeline.duration"), abs=0.06)
    page.keyboard.press("Home")
    page.keyboard.press("n")
    assert now(page) == 0 and page.input_value("#episode") == "1"
    page.keyboard.press("?")
    assert page.is_visible("dialog")


@pytest.mark.parametrize(("width", "height"), [(390, 844), (844, 390), (1280, 720), (3840, 2160)])
def test_nothing_hangs_over_the_edge(show, crossing, width, height):
    for wish in ("t=5&reveal", "t=5&reveal&twins"):
        page = show(crossing, wish, width, height)
        assert page.evaluate(
            "document.documentElement.scrollWidth <= innerWidth && document.documentElement.scrollHeight <= innerHeight"
        )
        boxes = [button.bounding_box() for button in page.locator("button:visible, select:visible").all()]
        assert all(b["x"] >= 0 and b["x"] + b["width"] <= width + 0.5 for b in boxes)
        canvas = page.locator("canvas").first.bounding_box()
        assert canvas["height"] > 0.25 * height * (0.5 if "twins" in wish else 1.0)


@pytest.mark.parametrize(("frames", "users"), [(1, 4), (2, 1), (1, 1)])
def test_the_smallest_replays_can_be_shown(show, frames, users):
    replay = still_life()
    whole = replay.episodes[0]
    worlds, terms = whole.worlds[:frames].copy(), whole.terms[: frames - 1]
    part = Episode(whole.users[:frames, :users], worlds, whole.actions[: frames - 1], terms)
    page = show(dataclasses.replace(replay, episodes=(part,)))
    for key in ("ArrowRight", "End", "Home", "h", "c", " "):
        page.keyboard.press(key)
    assert now(page) <= 0.2 and page.locator("canvas").count() == 1


def test_the_space_bar_plays_even_after_a_click(show, crossing):
    page = show(crossing)
    page.click("#reveal")
    page.keyboard.press(" ")
    assert pressed(page, "reveal") and page.get_attribute("#play", "aria-label") == "Pause"


def test_the_theme_is_the_readers(show):
    page = show(still_life(), scheme="dark")
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    assert picture(page.screenshot()).mean() < 90
    assert not page.is_visible("#captions") and page.is_disabled("#next") and page.is_disabled("#twins")


def test_a_browser_runs_nothing_hostile(show):
    page = show(dataclasses.replace(still_life(), scenario=HOSTILE, agent=HOSTILE, term_names=(HOSTILE,) * 7))
    assert page.evaluate("window.hacked") is None and page.locator("img").count() == 0
    assert page.text_content("#agent") == HOSTILE and page.evaluate("replay.terms[0]") == HOSTILE


def test_every_button_has_a_name(show, crossing):
    page = show(crossing, "twins")
    for control in page.locator("button, select, [role=slider], canvas").all():
        name = control.evaluate("e => e.getAttribute('aria-label') || e.innerText || e.labels?.[0]?.innerText || ''")
        assert name.strip(), control.evaluate("e => e.outerHTML")


def test_the_one_to_watch_may_change(show):
    replay = still_life()
    replay.episodes[0].worlds["signaller"] = 1, 2
    page = show(replay, "reveal")
    assert page.evaluate("episodes[0].ending()") == "turns left, then turns left"
    assert page.locator(".track .line.thin").count() == 1  # of the third; the others share the first line
