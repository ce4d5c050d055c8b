"""The page tells stories, jumps to what happens, and is led there by links."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")

import kindergarten
from kindergarten.replay.replay import read
from kindergarten.viewer import Stage, Take, View
from kindergarten.viewer.model.labels import Area, steady
from kindergarten.viewer.model.story import story_of
from tests.browsing import drawn, now, pressed
from tests.recording import told_at_once


def test_it_jumps_to_the_three_times_and_tells_the_story(show, crossing):
    page = show(crossing)
    stops = Stage(Take(crossing, 0)).telling()
    for key, (time, _) in zip("123", stops, strict=True):
        page.keyboard.press(key)
        assert now(page) == pytest.approx(time, abs=0.06) and page.get_attribute("#play", "aria-label") == "Play"
    page.click("#t1")
    assert now(page) == pytest.approx(stops[0][0], abs=0.06)
    page.keyboard.press("e")
    for time, words in stops:
        page.evaluate(f"seek({time} - 0.01)")
        while not drawn(page).evaluate("state.told"):
            pass
        assert page.inner_text(".told") == words and now(page) == pytest.approx(time, abs=0.06)
        assert not page.is_visible(".belief")
    page.keyboard.press("e")
    assert not pressed(page, "story")


def test_it_tells_what_happens_in_the_first_frame(show):
    replay = told_at_once()
    page, (first, *later) = show(replay), Stage(Take(replay, 0)).telling()
    assert first[0] == 0.0 and later
    page.evaluate("story(); setPlaying(false); advance(0.05)")
    assert page.evaluate("[state.time, state.told]") == list(first)
    page.evaluate("advance(look.pause - 0.01); advance(0.05)")
    assert 0.0 < page.evaluate("state.time") < later[0][0] and page.evaluate("state.told") == first[1], "and goes on"


def test_until_the_story_has_told_it_nothing_gives_away_what_will_happen(show, crossing):
    """Neither the label, nor the timeline, nor the list; and of the other episodes the list does not even then."""
    page = show(crossing, "reveal&story&twins")
    places = (".label", ".track", "#episode option", "#status", ".answer")
    (t1, _), *_, (t3, _) = Stage(Take(crossing, 0)).telling()
    for time, told in ((t1, False), (t3 - 0.05, False), (t3, True), (t1, False)):
        drawn(page).evaluate(f"setPlaying(false); seek({time}); say()")
        words = [" ".join(drawn(page).locator(place).all_text_contents()) for place in places]
        knows = ["turns left" in each or "goes straight on" in each for each in words]
        assert knows == [told, told, False, told, told], (time, words)
        assert pressed(page, "reveal")
    page.keyboard.press("e")
    assert "turns left" in drawn(page).locator("#episode option").first.inner_text() and pressed(page, "reveal")


def test_a_story_is_told_of_the_episode_that_it_is_about(show, crossing):
    """What is true of one twin is not of the other, which stands beside it."""
    page = show(crossing, "story&twins")
    time, words = Stage(Take(crossing, 0)).telling()[-1]
    page.evaluate(f"seek({time} - 0.01)")
    while not drawn(page).evaluate("state.told"):
        pass
    assert page.locator(".told:visible").all_inner_texts() == [words] and "turns left" in words
    assert page.locator(".stage").first.locator(".told").is_visible()


def test_in_town_it_jumps_and_tells_junction_by_junction(show):
    replay = read(Path(kindergarten.__file__).parent / "demo" / "replays" / "Town.npz")
    stage, page = Stage(Take(replay, 0)), show(replay, "reveal")
    for leg in stage.stories[0].legs():
        for k, key in enumerate("123"):
            page.evaluate(f"seek({leg.begin})")
            page.keyboard.press(key)
            assert now(page) == pytest.approx(stage.moment(k, 0, leg.begin), abs=0.06), leg
    assert page.evaluate("episodes[0].telling") == [list(each) for each in stage.telling()]
    page.evaluate("story(); setPlaying(false); seek(20)")
    assert "turns left" not in drawn(page).inner_text(".label"), "there is one more to come"


@pytest.mark.parametrize("name", ["Roundabout", "PullOut"])
def test_what_is_told_does_not_cover_whom_it_is_about(show, name):
    """At the top or at the bottom, by the window's rule."""
    replay = read(Path(kindergarten.__file__).parent / "demo" / "replays" / f"{name}.npz")
    story, found = story_of(replay, 1), set()
    page = show(replay, "episode=2")
    for time, words in Stage(Take(replay, 1)).telling():
        page.evaluate("([time, words]) => { seek(time); state.told = words; draw(before); }", [time, words])
        told, bodies, size = page.evaluate("""() => {
            const [{ told, canvas, episode }] = state.stages, frame = episode.frame(state.time);
            const camera = cameraOf(canvas, episode, frame, view, look);
            return [boxIn(told, canvas), areasOf(frame, camera, look), [canvas.width, canvas.height]];
        }""")
        about, where = Area(*bodies[story.watched(0, time)]), Area(*told)
        assert where.free_of([about]), time
        top = Area(told[0], 0.8 * 15, told[2], 0.8 * 15 + told[3] - told[1])
        low = top._replace(top=size[1] - 2.8 * 15 - (told[3] - told[1]), bottom=size[1] - 2.8 * 15)
        assert list(where) == pytest.approx(list(steady(((story, 0),), tuple(size), View(), time, (top, low))), abs=1.0)
        found.add(page.evaluate("state.stages[0].told.className"))
    assert "told low" in found


def test_a_link_into_a_story_begins_where_it_says(show, crossing):
    page = show(crossing, "t=3.4&story")
    assert pressed(page, "story") and 3.3 < now(page) < 6


def test_a_link_into_a_page_that_is_open_opens_what_it_says(show, crossing):
    """All of it, as if the page were opened anew; but type and theme stay the reader's."""
    page = show(crossing, "reveal&twins&junction&theme=dark&large&story")
    follow = "wish => { location.hash = wish; return new Promise((done) => setTimeout(done)); }"
    page.evaluate(follow, "episode=2&t=1.5")
    assert now(page) == pytest.approx(1.5) and page.input_value("#episode") == "1"
    names = ("reveal", "beliefs", "twins", "story", "follow", "dark", "large")
    assert [pressed(page, name) for name in names] == [False] * 4 + [True] * 3
    assert page.get_attribute("#play", "aria-label") == "Play" and page.locator("canvas").count() == 1
    page.evaluate(follow, "t=3&reveal&twins&theme=light")
    assert [pressed(page, name) for name in names] == [True] * 3 + [False, True, False, True]
    assert now(page) == pytest.approx(3) and page.input_value("#episode") == "0"


@pytest.mark.parametrize(("said", "opened"), [("-4", 0), ("0", 0), ("x", 0), ("3", 2), ("98", 2)])
def test_a_link_to_an_episode_that_is_not_there_opens_the_nearest(show, crossing, said, opened):
    page = show(crossing, f"episode={said}&t=-9")
    assert page.input_value("#episode") == str(opened) and now(page) == 0
