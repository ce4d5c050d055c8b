"""Pictures show what there is, where it is, and nothing else; drawing needs no screen and changes no data."""

from __future__ import annotations

import dataclasses
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

from kindergarten import planner
from kindergarten.codes import Action, Control, Intent, Kind, Phase, Signal
from kindergarten.config import Config
from kindergarten.episode import Recorder
from kindergarten.replay import Replay, ReplayError, read
from kindergarten.scenarios import SCENARIOS
from kindergarten.simulator import Simulator
from kindergarten.viewer import (
    LiveWindow,
    NoDisplay,
    Painter,
    Stage,
    Take,
    View,
    render,
    stages_of,
    write_picture,
    write_video,
)
from kindergarten.viewer.camera import Camera, follow
from kindergarten.viewer.frame import Frame, frame_at
from kindergarten.viewer.player import KEYS, Player
from kindergarten.viewer.sentence import sentence
from kindergarten.viewer.story import Story, story_of
from kindergarten.viewer.text import Typeface
from kindergarten.viewer.timeline import apart

ROOT = Path(__file__).resolve().parents[1]
STREET = View(panels=False)
SIZE = (640, 400)


def twins(name: str, seed: int, config: Config | None = None) -> Simulator:
    """One world for each intent of the signaller."""
    return planner.twins(SCENARIOS[name], config or Config(), np.array([seed]))


def drive(name: str, seed: int, decisions: int = 1000, control: Control = Control.DISCRETE) -> Replay:
    """Twins that nobody steers; at most so many decisions."""
    simulator = twins(name, seed, Config(control=control))
    recorders = [Recorder(simulator, w, seed) for w in range(simulator.num_worlds)]
    idle = np.full(simulator.num_worlds, Action.IDLE) if simulator.discrete else np.zeros((simulator.num_worlds, 2))
    while decisions and not simulator.worlds["end"].all():
        simulator.step(idle)
        for w, recorder in enumerate(recorders):
            recorder.record(idle[w], 0.25, np.full(5, 0.2))
        decisions -= 1
    return Replay.of(simulator, [recorder.episode() for recorder in recorders], "idle")


def seed_with(kind: Kind, name: str = "Follow") -> int:
    """The first seed with a signaller of this kind."""
    for seed in range(50):
        world = twins(name, seed)
        if world.users[0, world.worlds["signaller"][0]]["kind"] == kind:
            return seed
    pytest.skip(f"nobody signals in {name} who is a {kind.name.lower()}")


def paint(
    painter: Painter, story: Story, frame: Frame, view: View = STREET, size: tuple[int, int] = SIZE
) -> np.ndarray:
    """A picture (H, W, 3)."""
    surface = pygame.Surface(size, 0, 32)
    painter.draw(surface, story, frame, view)
    return np.frombuffer(pygame.image.tobytes(surface, "RGB"), np.uint8).reshape(size[1], size[0], 3).astype(int)


def decision(replay: Replay, phase: Phase, signal: bool | None = None) -> int:
    """A decision at which road user 1 of episode 0 is in ``phase`` and shows a signal or not."""
    user = replay.episodes[0].users[:, 1]
    fits = (user["phase"] == phase) & (user["seen"] == 1)
    if signal is not None:
        fits &= (user["signal"] != Signal.NONE) == signal
    return int(np.flatnonzero(fits)[-1])


def time_of(replay: Replay, k: int) -> float:
    return float(replay.episodes[0].worlds["tick"][k] * replay.physics_step)


@pytest.fixture(scope="module")
def cyclist() -> Replay:
    return drive("Follow", seed_with(Kind.CYCLIST))


@pytest.fixture(scope="module")
def car() -> Replay:
    return drive("Follow", seed_with(Kind.CAR))


# ------------------------------------------------------------------------------------------------ what is shown


@pytest.mark.parametrize("name", SCENARIOS)
@pytest.mark.parametrize("kind", [Kind.CAR, Kind.CYCLIST])
def test_twins_look_different_in_the_cue_and_the_same_in_the_delay(name, kind):
    simulator = twins(name, seed_with(kind, name))
    idle = np.full(simulator.num_worlds, Action.IDLE)
    shown, hidden, row = 0, 0, simulator.worlds["signaller"][0]
    while simulator.users[0, row]["phase"] != Phase.AFTER:
        left, other = render(simulator, 0, size=SIZE), render(simulator, 1, size=SIZE)
        if (simulator.users[:2, row]["signal"] != Signal.NONE).any():
            assert (left != other).any()
            shown += 1
        elif Intent.FIRST in SCENARIOS[name].intents and simulator.users[0, row]["phase"] == Phase.CUE:
            shown += (left != other).any()  # no signals: the order in which they come is the cue
        else:
            assert (left == other).all()
            hidden += simulator.users[0, row]["phase"] == Phase.DELAY
        simulator.step(idle)
    assert shown and hidden
    # Where the signaller turns out of sight, not even the camera may tell.
    while not simulator.worlds["end"][:2].any() and not simulator.users[:2, row]["seen"].any():
        assert (render(simulator, 0, size=SIZE) == render(simulator, 1, size=SIZE)).all()
        simulator.step(idle)


@pytest.mark.parametrize("replay_name", ["cyclist", "car"])
def test_a_signal_is_plain_to_see_and_is_where_its_owner_is(replay_name, request):
    replay: Replay = request.getfixturevalue(replay_name)
    k = decision(replay, Phase.CUE, signal=True)
    story, painter = story_of(replay, 0), Painter(replay.road)
    frame = frame_at(replay, 0, time_of(replay, k))
    dark = frame.users.copy()
    dark["signal"] = Signal.NONE
    silent = dataclasses.replace(frame, users=dark, arms=np.zeros(len(dark)))
    changed = np.abs(paint(painter, story, frame) - paint(painter, story, silent)).max(axis=2)
    camera = follow(story, frame, SIZE)
    ((x, y),) = camera.project(np.array([[frame.users[1]["x"], frame.users[1]["y"]]]))
    rows, columns = np.nonzero(changed)
    assert np.hypot(columns - x, rows - y).max() < 5.0 * camera.scale
    assert (changed > 60).sum() > 40  # pixels that have plainly another colour


def test_left_is_the_left_of_who_signals(cyclist):
    k = decision(cyclist, Phase.CUE, signal=True)
    painter, story = Painter(cyclist.road), story_of(cyclist, 0)
    frame = frame_at(cyclist, 0, time_of(cyclist, k))
    pictures = [paint(painter, story, dataclasses.replace(frame, arms=np.array([0.0, arm]))) for arm in (0, 1, -1)]
    camera = follow(story, frame, SIZE)
    y = camera.project(np.array([[frame.users[1]["x"], frame.users[1]["y"]]]))[0, 1]
    rows = [np.nonzero(np.abs(picture - pictures[0]).max(axis=2))[0] for picture in pictures[1:]]
    # The ego, and hence the picture, looks where the cyclist rides to: its left is up.
    assert rows[0].mean() < y - 5 and rows[1].mean() > y + 5


@pytest.mark.parametrize("view", [View(), STREET, View(follow=False), View(reveal=False)])
def test_fog_hides_who_is_in_it(cyclist, view):
    users = cyclist.episodes[0].users[:, 1]
    k = int(np.flatnonzero((users["seen"] == 0) & (users["kind"] != Kind.NOBODY))[0])
    story, painter = story_of(cyclist, 0), Painter(cyclist.road)
    frame = frame_at(cyclist, 0, time_of(cyclist, k))
    elsewhere = frame.users.copy()
    elsewhere["x"][1] += 3.0
    elsewhere["signal"][1] = Signal.LEFT
    moved = dataclasses.replace(frame, users=elsewhere, arms=np.array([0.0, 1.0]))
    if view == View():  # the panel describes the signal, seen or not; here it must not
        elsewhere["signal"][1] = frame.users["signal"][1]
    assert (paint(painter, story, frame, view) == paint(painter, story, moved, view)).all()
    clear = dataclasses.replace(cyclist.road, fog=np.zeros(4)) if False else cyclist.road._replace(fog=np.zeros(4))
    story = dataclasses.replace(story, road=clear)
    assert (paint(Painter(clear), story, frame, view) != paint(Painter(clear), story, moved, view)).any()


def test_who_is_gone_is_not_drawn(car):
    frame = frame_at(car, 0, 0.0)
    users = frame.users.copy()
    users["kind"][1] = Kind.NOBODY
    moved = users.copy()
    moved["x"][1] += 2.0
    story, painter = story_of(car, 0), Painter(car.road)
    pictures = [paint(painter, story, dataclasses.replace(frame, users=u)) for u in (users, moved, frame.users)]
    assert (pictures[0] == pictures[1]).all() and (pictures[0] != pictures[2]).any()


def test_a_belief_stands_below_whom_it_is_about_or_out_of_sight_above_who_believes_it(cyclist):
    story, painter = story_of(cyclist, 0), Painter(cyclist.road)
    users = cyclist.episodes[0].users[:, 1]
    begins, unseen = np.flatnonzero(users["phase"] == Phase.DELAY)[0], np.flatnonzero(users["seen"] == 0)[-1]
    for k, holder, side in ((int(begins), 1, 1), (int(unseen), 0, -1)):
        frame = frame_at(cyclist, 0, time_of(cyclist, k))
        assert frame.belief(1) is None and frame.belief(0) is None
        left, right, none = (
            dataclasses.replace(frame, captions=np.array([row])) for row in ([0.9, 0.1, 0], [0, 0, 1], [0, 0, 0])
        )
        pictures = [paint(painter, story, each) for each in (frame, left, right, none)]
        camera = follow(story, frame, SIZE)
        ((x, y),) = camera.project(np.array([[frame.users["x"][holder], frame.users["y"][holder]]]))
        for picture in pictures[1:3]:
            rows, columns = np.nonzero(np.abs(picture - pictures[0]).max(axis=2))
            assert abs(columns.mean() - x) < 8 and 20 < side * (rows.mean() - y) < 80
        assert (pictures[1] != pictures[2]).any() and (pictures[3] == pictures[0]).all()
        for view in (View(beliefs=False), View(beliefs=False, dark=True)):
            plain, told = (paint(painter, story, each, view, (1280, 720)) for each in (frame, left))
            assert (plain == told).all()


def test_a_belief_reads_as_a_sentence(cyclist):
    story, user = story_of(cyclist, 0), cyclist.episodes[0].users[0, 1]
    t1, t2 = (float(user[name]) * cyclist.physics_step for name in ("t1", "t2"))
    belief = np.zeros(len(Intent))
    belief[Intent.LEFT], belief[Intent.STRAIGHT] = 0.94, 0.06
    said = [sentence(story, frame_at(cyclist, 0, time), 1, belief) for time in (t1 - 0.1, t1, t2 + 0.6)]
    assert said == [
        "cyclist 1 will turn left, 94 %",
        "cyclist 1 will turn left, 94 %, signals now",
        "cyclist 1 will turn left, 94 %, signalled 0.6 s ago",
    ]
    straight = int(np.flatnonzero([e.users[0, 1]["shows"] == Signal.NONE for e in cyclist.episodes])[0])
    quiet = sentence(story_of(cyclist, straight), frame_at(cyclist, straight, t2), 1, belief)
    assert quiet == "cyclist 1 will turn left, 94 %", "whoever shows nothing has not signalled"


def test_brake_lights(car):
    frame = frame_at(car, 0, 0.0)
    users = frame.users.copy()
    users["acceleration"] = -3.0
    story, painter = story_of(car, 0), Painter(car.road)
    lit, dark = paint(painter, story, dataclasses.replace(frame, users=users)), paint(painter, story, frame)
    changed = np.abs(lit - dark).max(axis=2) > 30
    assert changed.sum() > 20 and (lit - dark)[changed][:, 0].mean() > 20  # redder


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


def test_an_arm_goes_up_smoothly(cyclist):
    arms = cyclist.episodes[0].users["signal"][:, 1] != Signal.NONE
    k = int(np.flatnonzero(arms)[0])
    time, step = time_of(cyclist, k), cyclist.physics_step * cyclist.substeps
    heights = [abs(frame_at(cyclist, 0, time - step + share * step).arms[1]) for share in (0.0, 0.25, 0.75, 1.0)]
    assert heights == pytest.approx([0.0, 0.25, 0.75, 1.0])


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
        "from kindergarten.simulator import Simulator; from kindergarten.scenarios import SCENARIOS\n"
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
    for time in np.arange(0.0, story.duration, 1.1):
        frame = frame_at(replay, 0, time)
        kept = paint(painter, story, frame, view, (700, 420))
        fresh = paint(Painter(replay.road), story, frame, view, (700, 420))
        assert (np.abs(kept - fresh).max(axis=2) > 24).mean() < 2e-3  # edges may fall to the other side


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
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
    simulator = twins("Crossing", 0, Config(delay=(delay, delay)))
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


# ------------------------------------------------------------------------------------------------ player and window


def press(player: Player, key: int, unicode: str = "") -> bool:
    return player.handle(
        pygame.event.Event(pygame.KEYDOWN, key=key, unicode=unicode, mod=0), pygame.Surface((1280, 720))
    )


def test_the_player_plays_steps_and_changes_episodes(cyclist):
    player = Player(cyclist)
    player.advance(1.0)
    assert player.time == pytest.approx(1.0) and player.playing
    press(player, pygame.K_SPACE)
    player.advance(1.0)
    assert player.time == pytest.approx(1.0)
    press(player, pygame.K_RIGHT)
    assert player.time == pytest.approx(1.2)
    press(player, pygame.K_LEFT)
    press(player, pygame.K_LEFT)
    assert player.time == pytest.approx(0.8)
    press(player, pygame.K_UP)
    press(player, pygame.K_SPACE)
    player.advance(0.5)
    assert player.time == pytest.approx(1.8)
    press(player, pygame.K_p)
    assert player.episode == len(cyclist.episodes) - 1 and player.time == 0.0
    press(player, pygame.K_n)
    assert player.episode == 0
    press(player, pygame.K_END)
    player.advance(1.0)
    assert player.time == player.stage.duration and not player.playing
    press(player, pygame.K_SPACE)  # at the end: once more
    assert player.time == 0.0 and player.playing


def test_the_player_changes_the_view_and_quits(cyclist):
    player, surface = Player(cyclist), pygame.Surface((1280, 720))
    for key, unicode, change in (
        (pygame.K_c, "c", {"follow": False}),
        (pygame.K_h, "h", {"reveal": False}),
        (pygame.K_b, "b", {"beliefs": False}),
        (pygame.K_TAB, "\t", {"panels": False}),
    ):
        press(player, key, unicode)
        assert player.view == dataclasses.replace(View(), **change)
        player.draw(surface)
        press(player, key, unicode)
    assert player.view == View()
    press(player, pygame.K_SLASH, "?")
    assert player.help and len(KEYS) > 20
    player.draw(surface)
    assert press(player, pygame.K_ESCAPE) and not player.help
    assert not press(player, pygame.K_q)
    assert not player.handle(pygame.event.Event(pygame.QUIT), surface)


def test_the_timeline_can_be_dragged(cyclist):
    player, surface = Player(cyclist), pygame.Surface((1280, 720))
    send = lambda kind, **fields: player.handle(pygame.event.Event(kind, **fields), surface)  # noqa: E731
    send(pygame.MOUSEBUTTONDOWN, button=1, pos=(640, 650))
    assert player.time == pytest.approx(player.stage.duration / 2)
    send(pygame.MOUSEMOTION, pos=(5000, 20), rel=(0, 0), buttons=(1, 0, 0))
    assert player.time == player.stage.duration
    send(pygame.MOUSEMOTION, pos=(-10, 20), rel=(0, 0), buttons=(1, 0, 0))
    assert player.time == 0.0
    send(pygame.MOUSEBUTTONUP, button=1, pos=(0, 0))
    send(pygame.MOUSEMOTION, pos=(640, 650), rel=(0, 0), buttons=(0, 0, 0))
    assert player.time == 0.0
    send(pygame.MOUSEWHEEL, x=0, y=2)
    assert player.view.zoom > 1.0


def test_hiding_hides(cyclist):
    """With the intents hidden, twins look the same before the cue, panels and all."""
    painter, view = Painter(cyclist.road), View(reveal=False)
    pictures = []
    for index in range(2):
        # the number of the episode, its length and its end are what differs by right
        story = dataclasses.replace(story_of(cyclist, index), label="", duration=9.0, end=story_of(cyclist, 0).end)
        pictures.append(paint(painter, story, frame_at(cyclist, index, 0.0), view, (1280, 720)))
    assert (pictures[0] == pictures[1]).all()
    shown = [
        paint(painter, story_of(cyclist, index), frame_at(cyclist, index, 0.0), View(), (1280, 720))
        for index in range(2)
    ]
    assert (shown[0] != shown[1]).any()
    assert story_of(cyclist, 0).role(1).intent is Intent.LEFT


def test_a_live_window_that_is_closed_stays_closed_and_ends_nothing(monkeypatch):
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    pygame.display.quit()
    simulator, window = twins("Follow", 0), LiveWindow((480, 320))
    try:
        window.show(simulator)
        assert pygame.display.get_init()
        pygame.event.post(pygame.event.Event(pygame.QUIT))
        window.show(simulator, 1, Action.IDLE)
        assert not pygame.display.get_init()
        window.show(simulator)
        window.close()
        assert not pygame.display.get_init() and pygame.font.get_init()
        another = LiveWindow((480, 320))
        another.show(simulator)
        assert pygame.display.get_init()
        another.close()
    finally:
        pygame.display.quit()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere there is always a screen")
def test_without_a_screen_the_window_says_what_to_do(monkeypatch):
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "SDL_VIDEODRIVER"):
        monkeypatch.delenv(name, raising=False)
    pygame.display.quit()
    with pytest.raises(NoDisplay, match="rgb_array"):
        LiveWindow().show(twins("Follow", 0))
    assert not pygame.display.get_init()


# ------------------------------------------------------------------------------------------------ files


def test_an_mp4_has_the_size_and_the_frames_that_it_should(tmp_path):
    ffmpeg = pytest.importorskip("imageio_ffmpeg")
    replay = drive("Follow", 1, decisions=5)
    count = write_video(tmp_path / "new" / "x.mp4", stages_of(replay, [0, 1]), size=(321, 181))
    assert count == 2 * round((1.0 + 1.2) * 30)
    reader = ffmpeg.read_frames(tmp_path / "new" / "x.mp4")
    meta = next(reader)
    assert meta["size"] == (320, 180) and meta["fps"] == 30.0 and meta["codec"] == "h264"
    assert "yuv420p" in meta["pix_fmt"]
    frames = [np.frombuffer(frame, np.uint8).reshape(180, 320, 3) for frame in reader]
    assert len(frames) == count
    assert (frames[0] != frames[30]).any() and frames[0].std() > 10  # it moves, and it is not one colour
    assert os.listdir(tmp_path / "new") == ["x.mp4"]


def test_an_encoder_that_fails_leaves_nothing_and_says_why(tmp_path, monkeypatch):
    ffmpeg = pytest.importorskip("imageio_ffmpeg")
    replay = drive("Follow", 1, decisions=5)
    fake = tmp_path / "ffmpeg"
    fake.write_text("#!/bin/sh\necho no room >&2\nexit 1\n")
    fake.chmod(0o755)
    monkeypatch.setattr(ffmpeg, "get_ffmpeg_exe", lambda: str(fake))
    with pytest.raises(OSError, match="no room"):
        write_video(tmp_path / "x.mp4", stages_of(replay), size=(320, 180))
    assert os.listdir(tmp_path) == ["ffmpeg"]


def test_a_gif_has_few_colours_and_loops(tmp_path):
    images = pytest.importorskip("PIL.Image")
    replay = drive("Follow", 1, decisions=3)
    count = write_video(tmp_path / "x.gif", stages_of(replay, [0]), size=(480, 320))
    with images.open(tmp_path / "x.gif") as gif:
        assert gif.size == (480, 320) and gif.info["loop"] == 0
        assert 2 <= gif.n_frames <= count  # frames that change nothing are merged
        assert len(gif.convert("RGB").getcolors(1 << 20)) <= 96


def test_a_video_can_be_a_part_of_an_episode(tmp_path):
    images = pytest.importorskip("PIL.Image")
    replay = drive("Follow", 1, decisions=20)
    count = write_video(tmp_path / "x.gif", stages_of(replay, [0]), STREET, (321, 180), rate=5.0, span=(1.0, 2.4))
    assert count == 7
    with images.open(tmp_path / "x.gif") as gif:
        assert gif.size == (320, 180) and gif.info["duration"] == 200
    assert write_video(tmp_path / "x.gif", stages_of(replay, [0]), STREET, (320, 180), rate=5.0, span=(90.0, 99.0)) > 0
    for size, rate, span in (
        ((320, 1), None, None), ((-5, 90000), None, None), (None, -1.0, None), (None, 1e9, None),
        (None, None, (2.0, 1.0)), (None, None, (-1.0, 1.0)),
    ):  # fmt: skip
        with pytest.raises(ValueError):
            write_video(tmp_path / "y.gif", stages_of(replay, [0]), size=size, rate=rate, span=span)
    assert os.listdir(tmp_path) == ["x.gif"]


def test_a_picture_of_a_moment(cyclist, tmp_path):
    write_picture(tmp_path / "x.png", Stage(Take(cyclist, 0)))
    picture = pygame.image.load(tmp_path / "x.png")
    assert picture.get_size() == (1280, 720)
    with pytest.raises(ValueError, match="within the episode"):
        write_picture(tmp_path / "y.png", Stage(Take(cyclist, 0)), time=1000.0)
    with pytest.raises(ValueError, match=r"\.png"):
        write_picture(tmp_path / "y.jpg", Stage(Take(cyclist, 0)))
    with pytest.raises(ValueError, match=r"\.mp4 or \.gif"):
        write_video(tmp_path / "y.avi", stages_of(cyclist))
    assert os.listdir(tmp_path) == ["x.png"]
