"""Moments are what was recorded; drawing them needs no screen and changes no data."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
import pygame

from kindergarten.replay.episode import Recorder
from kindergarten.replay.replay import Replay, ReplayError, read
from kindergarten.scenarios import SCENARIOS
from kindergarten.viewer import Painter, View, render
from kindergarten.viewer.draw.text import Typeface
from kindergarten.viewer.draw.timeline import apart
from kindergarten.viewer.model.camera import Camera, follow
from kindergarten.viewer.model.frame import frame_at
from kindergarten.viewer.model.labels import signalling
from kindergarten.viewer.model.story import story_of
from kindergarten.world.codes import Action, Control, Kind, Signal
from kindergarten.world.config import Config
from tests.driving import EXAMPLES
from tests.pages import still_life
from tests.painting import drive, paint, seed_with, time_of
from tests.recording import twins

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def cyclist() -> Replay:
    return drive("Follow", seed_with(Kind.CYCLIST))


@pytest.fixture(scope="module")
def car() -> Replay:
    return drive("Follow", seed_with(Kind.CAR))


# ------------------------------------------------------------------------------------------------ frames


def test_at_a_decision_a_frame_is_what_was_recorded(cyclist):
    for index, episode in enumerate(cyclist.episodes):
        for k in range(len(episode.users)):
            frame = frame_at(cyclist, index, episode.worlds["tick"][k] * cyclist.physics_step)
            assert frame.users.tobytes() == episode.users[k].tobytes()
            assert frame.end == episode.worlds["end"][k]
            assert frame.terms == pytest.approx(episode.terms[:k].sum(axis=0))
            if k < len(episode.users) - 1:
                assert frame.phase(story_of(cyclist, index)) == episode.users[k, 1]["phase"]


def test_between_decisions_things_move_smoothly(cyclist):
    episode = cyclist.episodes[0]
    k = len(episode.users) - 8
    time, step = time_of(cyclist, k), cyclist.physics_step * cyclist.substeps
    middle = frame_at(cyclist, 0, time + step / 2).users
    for name in ("x", "y", "speed"):
        assert middle[name] == pytest.approx((episode.users[name][k] + episode.users[name][k + 1]) / 2)
    assert np.hypot(middle["cos"], middle["sin"]) == pytest.approx(1.0)
    assert middle["signal"].tolist() == episode.users["signal"][k].tolist()


def test_whoever_jumps_or_leaves_does_not_fly_there():
    """As on the page: it stays where it was until the next decision."""
    replay = still_life()
    users = replay.episodes[0].users
    users["x"][1, 1:3] += 1.0, 60.0
    users["x"][1, 3], users["kind"][1, 3] = 0.0, Kind.NOBODY
    moved = frame_at(replay, 0, 0.1).users["x"] - users["x"][0]
    assert moved == pytest.approx([0.0, 0.5, 0.0, 0.0])


def test_an_arm_goes_up_smoothly(cyclist):
    arms = cyclist.episodes[0].users["signal"][:, 1] != Signal.NONE
    k = int(np.flatnonzero(arms)[0])
    time, step = time_of(cyclist, k), cyclist.physics_step * cyclist.substeps
    heights = [abs(frame_at(cyclist, 0, time - step + share * step).arms[1]) for share in (0.0, 0.25, 0.75, 1.0)]
    assert heights == pytest.approx([0.0, 0.25, 0.75, 1.0])
    story = story_of(cyclist, 0)
    on = [signalling(story, frame_at(cyclist, 0, time + share * step), 1) for share in (-0.25, 0.0, 0.25)]
    assert on == [False, True, True], "on its way up it is no signal yet, in the badge and in the inset"


@pytest.mark.parametrize("name", SCENARIOS)
def test_whoever_signals_is_in_the_picture(name):
    for seed in range(6):
        replay, size = drive(name, seed), (964, 586)
        story = story_of(replay, 0)
        row = int(replay.episodes[0].worlds["signaller"][0])
        for time in np.linspace(story.role(row).t1, story.role(row).t2, 8):
            frame = frame_at(replay, 0, time)
            both = np.stack([frame.users["x"], frame.users["y"]], axis=1)[[0, row]]
            pixels = follow(story, frame, size).project(both)
            assert ((pixels > 20) & (pixels < np.array(size) - 20)).all(), (seed, time, pixels)


def test_the_camera_maps_there_and_back():
    camera = Camera(3.0, -4.0, 7.5, 0.6, 0.8, 640, 400, 7.5)
    points = np.random.default_rng(0).uniform(-50, 50, (20, 2))
    assert camera.unproject(camera.project(points)) == pytest.approx(points)
    assert camera.project(np.array([[3.0, -4.0], [3.6, -3.2]])) == pytest.approx(np.array([[320, 200], [327.5, 200]]))


# ------------------------------------------------------------------------------------------------ drawing


def test_drawing_changes_no_data():
    simulator = twins("Crossing", 1)
    simulator.step(np.full(simulator.num_worlds, Action.IDLE))
    before, road = simulator.snapshot(), [np.array(field) for field in simulator.road]
    for w in range(simulator.num_worlds):
        first = render(simulator, w, Action.FASTER)
        assert (render(simulator, w, Action.FASTER) == first).all()
    assert before.worlds.tobytes() == simulator.worlds.tobytes()
    assert before.users.tobytes() == simulator.users.tobytes()
    assert all((a == b).all() for a, b in zip(road, simulator.road, strict=True))
    first[:] = 0  # the picture is the caller's
    assert render(simulator, 0).any()


def test_drawing_needs_no_screen():
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("SDL_", "DISPLAY", "WAYLAND", "XDG_"))}
    code = (
        "from kindergarten.world.simulator import Simulator; from kindergarten.scenarios import SCENARIOS\n"
        "from kindergarten.viewer import render; import pygame, os\n"
        "s = Simulator(SCENARIOS['Follow']); s.reset(); p = render(s)\n"
        "print(p.shape, p.dtype, pygame.display.get_init(), 'SDL_VIDEODRIVER' in os.environ)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert ran.stdout.strip() == "(720, 1280, 3) uint8 False False"


@pytest.mark.parametrize("size", [(1, 1), (3, 200), (160, 90), (479, 320), (480, 320), (1000, 340), (1920, 1080)])
@pytest.mark.parametrize("view", [View(), View(follow=False, zoom=4.0), View(panels=False, zoom=0.4)])
def test_any_size_can_be_drawn(car, size, view):
    paint(Painter(car.road), story_of(car, 0), frame_at(car, 0, 2.0), view, size)


def test_every_moment_and_every_control_can_be_drawn():
    for control in Control:
        replay = drive("Crossing", 5, control=control)
        painter, story = Painter(replay.road), story_of(replay, 0)
        for time in np.arange(0.0, story.duration + 0.5, 0.37):
            paint(painter, story, frame_at(replay, 0, time), View(), (480, 320))


@pytest.mark.parametrize("name", SCENARIOS)
@pytest.mark.parametrize("view", [View(), View(follow=False, zoom=1.7)])
def test_a_picture_does_not_depend_on_those_before_it(name, view):
    """Whatever is kept between pictures, the ground lies where it would lie without."""
    replay = drive(name, 2)
    painter, story = Painter(replay.road), story_of(replay, 0)
    for time in np.arange(0.0, story.duration, 4.4):
        frame = frame_at(replay, 0, time)
        kept = paint(painter, story, frame, view, (700, 420))
        fresh = paint(Painter(replay.road), story, frame, view, (700, 420))
        assert (np.abs(kept - fresh).max(axis=2) > 24).mean() < 2e-3  # edges may fall to the other side


@pytest.mark.drawn
@settings(max_examples=15 * EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_whatever_can_be_read_can_be_drawn(cyclist, tmp_path, data):
    cyclist.write(tmp_path / "x.npz")
    arrays = dict(np.load(tmp_path / "x.npz"))
    for _ in range(data.draw(st.integers(1, 6))):
        name = data.draw(st.sampled_from([name for name in sorted(arrays) if name != "meta"]))
        array = arrays[name].copy()
        field = array[data.draw(st.sampled_from(array.dtype.names))] if array.dtype.names else array
        value = data.draw(st.sampled_from([0, 1, 2, -1, 1e6, -1e6, 0.1, 100.0, 37.5]))
        field[...] = (
            value
            if data.draw(st.booleans())
            else np.where(np.arange(field.size).reshape(field.shape) % 3, field, value)
        )
        arrays[name] = array
    np.savez(tmp_path / "y.npz", **arrays)
    try:
        replay = read(tmp_path / "y.npz")
    except ReplayError:
        return
    story, painter = story_of(replay, 0), Painter(replay.road)
    for time, view in ((0.0, View()), (2.3, View(follow=False)), (story.duration, View())):
        paint(painter, story, frame_at(replay, 0, time), view, (480, 320))


@given(
    st.lists(st.tuples(st.floats(0, 1000), st.integers(1, 250)), min_size=1, max_size=4),
    st.floats(0, 20),
)
def test_labels_never_cover_each_other(labels, gap):
    labels.sort()
    at, widths = [x for x, _ in labels], [width for _, width in labels]
    lefts = apart(at, widths, (0.0, 1100.0), gap)
    for k in range(len(lefts) - 1):
        assert lefts[k] + widths[k] + gap <= lefts[k + 1] + 1e-6
    assert lefts[0] >= 0 and lefts[-1] + widths[-1] <= 1100.0 + 1e-6


@pytest.mark.parametrize("size", [(900, 500), (1280, 720), (3840, 2160)])
@pytest.mark.parametrize("delay", [0.0, 0.2, 2.0, 32.0])
def test_labels_are_whole_and_none_covers_another(size, delay, monkeypatch):
    simulator = twins("Crossing", 0, Config(delay_s=(delay, delay)))
    recorder = Recorder(simulator, seed=1_000_063)
    while not simulator.worlds["end"][0]:
        simulator.step(np.full(simulator.num_worlds, Action.IDLE))
        recorder.record(Action.IDLE)
    agent = "lstm-default, seed 10, 1,500,000 decisions"
    replay = Replay.of(simulator, [recorder.episode()], agent)
    story, written, write = story_of(replay, 0), [], Typeface.write

    def listen(typeface: Typeface, surface: pygame.Surface, text: str, *place: Any, **options: Any) -> pygame.Rect:
        area = write(typeface, surface, text, *place, **options)
        written.append((text, area.move(surface.get_abs_offset())))
        size = place[1] if len(place) > 1 else options.get("size", 18)
        assert typeface.width(text, size) <= (options.get("most") or np.inf), text
        return area

    monkeypatch.setattr(Typeface, "write", listen)
    paint(Painter(replay.road), story, frame_at(replay, 0, story.role(1).t1), View(), size)
    labels = [area for text, area in written if text.startswith(("t1", "t2", "t3", "hands on", "collision", agent))]
    assert len(labels) >= 6
    for k, area in enumerate(labels):
        assert pygame.Rect(0, 0, *size).contains(area)
        assert area.collidelist(labels[k + 1 :]) < 0
