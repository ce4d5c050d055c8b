"""A browser shows the page, and its controls do what they say."""

from __future__ import annotations

import base64
import dataclasses
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
import pygame

from kindergarten.replay.episode import Episode
from kindergarten.replay.replay import Replay
from kindergarten.replay.thoughts import Thoughts
from kindergarten.viewer import Stage, Take, View
from kindergarten.viewer.export.look import NUMBERS, css
from kindergarten.viewer.model.camera import ZOOM
from kindergarten.viewer.model.frame import frame_at
from kindergarten.viewer.model.keys import PAGE, SPEEDS
from kindergarten.viewer.model.labels import ABOVE, BELOW, Area, place
from kindergarten.viewer.model.palette import DARK
from kindergarten.viewer.model.story import story_of
from kindergarten.viewer.model.words import sentence
from kindergarten.world.codes import Kind
from tests.browsing import drawn, now, pressed
from tests.pages import HOSTILE, drive, still_life


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


def both(page: Any, replay: Replay, time: float, view: View) -> list[np.ndarray]:
    """What the page has painted, and what the window paints; without the page's words, which have another font."""
    seen = picture(base64.b64decode(page.evaluate("document.querySelector('canvas').toDataURL()").split(",")[1]))
    surface = pygame.Surface(seen.shape[1::-1], 0, 32)
    Stage(Take(replay, 0)).draw(surface, time, view)
    pictures = [seen, pygame.surfarray.array3d(surface).astype(int).swapaxes(0, 1)]
    for left, top, right, bottom in page.evaluate("view.placed.map(({ area }) => area.map(Math.round))"):
        for each in pictures:
            each[max(top - 3, 0) : bottom + 12, max(left - 3, 0) : right + 3] = 0
    return [blurred(each) for each in pictures]


@pytest.mark.parametrize(
    "name",
    [
        "still life",
        *(pytest.param(name, marks=pytest.mark.slow) for name in ("Follow", "Crossing", "CutIn", "Roundabout")),
    ],
)
def test_the_window_and_the_page_paint_the_same(show, name):
    replay = still_life() if name == "still life" else drive(name)
    last = float(replay.episodes[0].worlds["tick"][-1]) * replay.physics_step
    for wish, view in (("", View()), ("&junction", View(follow=False)), ("&theme=dark", View(dark=True))):
        time = round(0.6 * last, 1)
        page = show(replay, f"t={time}{wish}", 1000, 620)
        view = dataclasses.replace(view, panels=False, tags=False, attention=False)
        seen, painted = both(page, replay, time, view)
        apart = np.abs(seen - painted).max(axis=2)
        assert apart.mean() < 4 and (apart > 60).mean() < 0.012, wish


def test_the_page_reads_the_numbers_of_the_window(show):
    page = show(still_life())
    assert page.evaluate("look") == json.loads(json.dumps(NUMBERS))
    assert page.evaluate("Object.keys(DOES).sort()") == sorted(PAGE)
    assert page.evaluate("replay.look.themes.dark.signal") == css(DARK.signal)
    about, room, taken = Area(300, 200, 340, 220), (640, 400), [Area(250, 160, 420, 195), Area(200, 224, 500, 300)]
    for sides, name in ((ABOVE, "above"), (BELOW, "below")):
        there = page.evaluate(
            f"([about, taken]) => place([90, 20], about, {{width: 640, height: 400}}, taken, look.{name}, look)",
            [list(about), [list(area) for area in taken]],
        )
        assert there == pytest.approx(list(place((90, 20), about, room, taken, sides) or ()))


def test_the_page_has_no_numbers_of_its_own(show):
    """Where one is another, so is the picture; and the buttons."""
    replay = still_life()
    thoughts = Thoughts(attention=np.array([0.1, 0.5, 0.9]))[None]
    replay = dataclasses.replace(replay, episodes=(dataclasses.replace(replay.episodes[0], thoughts=thoughts),))
    page = show(replay, "beliefs&theme=dark")
    paint = "name => { draw(before); return document.querySelector('canvas').toDataURL(); }"
    for name in ("usual", "fogCell", "fogWhole", "halo", "faint", "note", "beam", "spread", "headlights", "shadow",
                 "cyclistShadow"):  # fmt: skip
        pictures = [page.evaluate(paint)]
        page.evaluate("name => (look[name] = [].concat(look[name]).map((n) => 1.3 * n))", name)
        page.evaluate("name => { if (look[name].length === 1) look[name] = look[name][0]; }", name)
        pictures.append(page.evaluate(paint))
        assert pictures[0] != pictures[1], name
    assert page.locator("#speed option").evaluate_all("all => all.map(({ value }) => Number(value))") == list(SPEEDS)
    page.keyboard.press("+")
    assert page.evaluate("view.zoom") == pytest.approx(ZOOM[0])
    for key, limit in (("-", ZOOM[1]), ("+", ZOOM[2])):
        for _ in range(30):
            page.keyboard.press(key)
        assert page.evaluate("view.zoom") == limit


def test_whoever_jumps_or_leaves_does_not_fly_there(show):
    """As in the window: it stays where it was until the next decision."""
    replay = still_life()
    users = replay.episodes[0].users
    users["x"][1, 1:3] += 1.0, 60.0
    users["x"][1, 3], users["kind"][1, 3] = 0.0, Kind.NOBODY
    there = show(replay).evaluate("episodes[0].frame(0.1).users.map(({ x }) => x)")
    assert there == pytest.approx(frame_at(replay, 0, 0.1).users["x"].tolist(), abs=0.006)


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


@pytest.mark.parametrize("name", ["Crossing", "CutIn"])
def test_what_the_car_believes_is_said_as_in_the_window(show, name):
    replay = drive(name)
    page, wanted = show(replay, "beliefs"), []
    for k in range(len(replay.episodes)):
        story = story_of(replay, k)
        frames = [frame_at(replay, k, time) for time in np.arange(0.0, story.duration, 0.37)]
        beliefs = [(frame, i, frame.belief(i)) for frame in frames for i in range(1, len(frame.users))]
        wanted += [sentence(story, frame, i, belief) for frame, i, belief in beliefs if belief is not None]
        moments = [[k, i, frame.time] for frame, i, belief in beliefs if belief is not None]
        said = page.evaluate("moments => moments.map(([k, i, time]) => sentence(episodes[k], i, time))", moments)
        assert said == wanted[-len(said) :]


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
    page.click("#follow")
    assert page.input_value("#episode") == "0" and pressed(page, "loop") and not pressed(page, "follow")
    page.click("#dark")
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
    assert "75 %" in drawn(page).inner_text(".belief") and pressed(page, "beliefs")
    page.click("#beliefs")
    assert not drawn(page).is_visible(".belief") and pressed(page, "reveal")


def test_twins_stand_side_by_side(show, crossing):
    page = show(crossing, "t=3&twins&reveal")
    assert page.locator("canvas").count() == 2
    labels = page.locator(".label").all_inner_texts()
    assert "turns left" in labels[0] and "goes straight on" in labels[1]
    strips = page.locator(".line.pictures .block").evaluate_all("blocks => blocks.map(block => block.className)")
    assert strips[0] == "block same" and "block different" in strips  # twins begin as the same picture


def test_twins_come_one_by_one_as_in_the_window(show, crossing):
    """And whoever has none stays alone."""
    stranger = dataclasses.replace(crossing.episodes[0], seed=99)
    page, beside = show(dataclasses.replace(crossing, episodes=(*crossing.episodes, stranger)), "t=3"), []
    for press in [lambda: page.click("#twins"), *3 * [lambda: page.keyboard.press("t")]]:
        press()
        beside.append([label[:8] for label in page.locator(".label").all_inner_texts()][1:])
        assert pressed(page, "twins") == bool(beside[-1])
    assert beside == [["B: 2 of "], ["B: 3 of "], [], ["B: 2 of "]] and now(page) == pytest.approx(3, abs=0.06)
    page.click("#previous")
    assert page.is_disabled("#twins") and page.locator("canvas").count() == 1
    page.keyboard.press("t")
    assert page.locator("canvas").count() == 1


def test_the_lists_can_be_used_with_the_keyboard_alone(show, crossing):
    """They keep the focus until it is taken elsewhere; with the mouse they give it back."""
    page = show(crossing)
    focused = "document.activeElement.id"
    page.focus("#t3")
    page.keyboard.press("Tab")
    assert page.evaluate(focused) == "speed"
    for _ in range(3):
        page.keyboard.press("ArrowDown")
    assert page.input_value("#speed") == "8" and page.evaluate(focused) == "speed"
    for name in ("episode", "speed"):
        page.click(f"#{name}")
        assert page.evaluate(focused) == name
        page.evaluate("document.activeElement.dispatchEvent(new Event('change', { bubbles: true }))")  # the mouse chose
        assert page.evaluate(focused) == "", name


def test_only_the_first_button_of_the_mouse_plays(show, crossing):
    page = show(crossing, "t=2")
    box, track = page.locator("canvas").bounding_box(), page.locator(".track").bounding_box()
    for where in ((box["x"] + 200, box["y"] + 60), (track["x"] + 0.8 * track["width"], track["y"] + 20)):
        page.mouse.click(box["x"] + 200, box["y"] + 60)
        page.keyboard.press(" ")
        stopped = now(page)
        for button in ("right", "middle"):
            page.mouse.click(*where, button=button)
            page.mouse.move(box["x"] + 220, box["y"] + 60)
            assert page.get_attribute("#play", "aria-label") == "Play" and now(page) == stopped, button


def test_keys_do_what_the_help_says(show, crossing):
    page = show(crossing)
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowUp")
    assert now(page) == pytest.approx(0.2) and page.input_value("#speed") == "2"
    for key, name in {
        "h": "reveal",
        "b": "beliefs",
        "t": "twins",
        "c": "follow",
        "l": "loop",
        "z": "large",
        "d": "dark",
    }.items():
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


@pytest.mark.parametrize(
    ("width", "height"),
    [(390, 844)] + [pytest.param(*size, marks=pytest.mark.slow) for size in ((844, 390), (1280, 720), (3840, 2160))],
)
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


def test_fingers_play_and_zoom(show, crossing):
    page = show(crossing)
    box = page.locator("canvas").bounding_box()
    page.mouse.click(box["x"] + 200, box["y"] + 200)
    assert page.get_attribute("#play", "aria-label") == "Pause"
    page.evaluate("""() => {
        const canvas = document.querySelector("canvas");
        const send = (name, id, x) => canvas.dispatchEvent(
            new PointerEvent(name, { pointerId: id, clientX: x, clientY: 300, pointerType: "touch" }));
        send("pointerdown", 1, 300); send("pointerdown", 2, 400); send("pointermove", 2, 500);
        send("pointerup", 2, 500); send("pointerup", 1, 300);
    }""")
    assert page.evaluate("view.zoom") == pytest.approx(2.0) and page.input_value("#episode") == "0"


def test_the_space_bar_plays_even_after_a_click(show, crossing):
    page = show(crossing)
    page.click("#reveal")
    page.keyboard.press(" ")
    assert pressed(page, "reveal") and page.get_attribute("#play", "aria-label") == "Pause"


def test_the_theme_is_the_readers(show):
    page = show(still_life(), scheme="dark")
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    assert picture(page.screenshot()).mean() < 90
    assert not page.is_visible("#beliefs") and page.is_disabled("#next") and page.is_disabled("#twins")


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


def test_a_report_of_diagnose_needs_nothing_and_runs_nothing(browser, tmp_path):
    pytest.importorskip("torch")
    from kindergarten.agents.diagnose import Finding, Verdict
    from kindergarten.agents.diagnose.report.page import page as report

    numbers = {"time": {"this agent": [1.0, 0.5, 0.25]}, "depth": {"relu": [1.0, 0.5]}}
    finding = Finding("vanishing", HOSTILE, Verdict.OPEN, HOSTILE, numbers)
    (tmp_path / "a.html").write_text(report(HOSTILE, HOSTILE, [finding], {"vanishing": numbers}), encoding="utf-8")
    requests, problems = [], []
    with browser.new_context(offline=True) as context:
        page = context.new_page()
        page.on("request", lambda request: requests.append(request.url))
        page.on("console", lambda message: problems.append(message.text))
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.goto((tmp_path / "a.html").as_uri())
        assert page.evaluate("window.hacked") is None and page.text_content("h1") == page.title() == HOSTILE
        assert page.locator("figure svg").count() == 2 and page.locator("figure svg").first.is_visible()
        page.click(".summary a")
        assert page.url.endswith("#vanishing")
    assert not problems and {url.split("#")[0] for url in requests} == {(tmp_path / "a.html").as_uri()}
