"""Pictures show what there is, where it is, and nothing else."""

from __future__ import annotations

import dataclasses
import os
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
import pygame

from kindergarten.replay.replay import Replay
from kindergarten.scenarios import SCENARIOS
from kindergarten.viewer import Painter, Stage, Take, View, render
from kindergarten.viewer.draw.scene import Scene
from kindergarten.viewer.draw.text import Typeface
from kindergarten.viewer.draw.timeline import Axis, draw_role
from kindergarten.viewer.model.camera import follow
from kindergarten.viewer.model.frame import frame_at
from kindergarten.viewer.model.palette import LIGHT
from kindergarten.viewer.model.story import story_of
from kindergarten.viewer.model.words import (
    BANDS,
    MEANS,
    UNSEEN,
    badge,
    band_words,
    does_of,
    meaning,
    percents,
    sentence,
    signal_labels,
)
from kindergarten.world.codes import Action, Intent, Kind, Phase, Signal
from kindergarten.world.config import Config
from tests.painting import SIZE, STREET, decision, drive, paint, seed_with, time_of, untouched
from tests.recording import record, twins


@pytest.fixture(scope="module")
def cyclist() -> Replay:
    return drive("Follow", seed_with(Kind.CYCLIST))


@pytest.fixture(scope="module")
def car() -> Replay:
    return drive("Follow", seed_with(Kind.CAR))


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
        for _ in range(2):  # every other frame is as good as all of them
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
    plain, magnified = (
        np.abs(paint(painter, story, frame, view) - paint(painter, story, silent, view)).max(axis=2)
        for view in (View(panels=False, tags=False), STREET)
    )
    changed = plain
    assert (magnified > 60).sum() > (plain > 60).sum() + 150, "an inset that can be seen from the last row"
    camera = follow(story, frame, SIZE)
    ((x, y),) = camera.project(np.array([[frame.users[1]["x"], frame.users[1]["y"]]]))
    rows, columns = np.nonzero(changed)
    assert np.hypot(columns - x, rows - y).max() < 5.0 * camera.scale
    assert (changed > 60).sum() > 40  # pixels that have plainly another colour


def test_left_is_the_left_of_who_signals(cyclist):
    k = decision(cyclist, Phase.CUE, signal=True)
    painter, story = Painter(cyclist.road), story_of(cyclist, 0)
    frame = frame_at(cyclist, 0, time_of(cyclist, k))
    view = View(panels=False, tags=False)
    arms = [dataclasses.replace(frame, arms=np.array([0.0, arm])) for arm in (0, 1, -1)]
    pictures = [paint(painter, story, each, view) for each in arms]
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
    clear = cyclist.road._replace(fog=np.zeros(4))
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
            dataclasses.replace(frame, thoughts=dataclasses.replace(frame.thoughts, captions=np.array([row])))
            for row in ([0.9, 0.1, 0], [0, 0, 1], [0, 0, 0])
        )
        pictures = [paint(painter, story, each) for each in (frame, left, right, none)]
        camera = follow(story, frame, SIZE)
        ((x, y),) = camera.project(np.array([[frame.users["x"][holder], frame.users["y"][holder]]]))
        for picture in pictures[1:3]:
            rows, columns = np.nonzero(np.abs(picture - pictures[0]).max(axis=2))
            assert abs(columns.mean() - x) < 8 and 12 < side * (rows.mean() - y) < 80
        assert (pictures[1] != pictures[2]).any() and (pictures[3] == pictures[0]).all()
        for view in (View(beliefs=False), View(beliefs=False, dark=True)):
            plain, shown = (paint(painter, story, each, view, (1280, 720)) for each in (frame, left))
            assert (plain == shown).all()


def test_what_the_car_believes_and_what_the_watcher_knows_are_two_sentences(cyclist):
    story, user = story_of(cyclist, 0), cyclist.episodes[0].users[0, 1]
    t1, t2 = (float(user[name]) * cyclist.physics_step for name in ("t1", "t2"))
    belief = np.zeros(len(Intent))
    belief[Intent.LEFT], belief[Intent.STRAIGHT] = 0.94, 0.06
    frames = [frame_at(cyclist, 0, time) for time in (t1 - 0.1, t1, t2 + 0.6)]
    assert {sentence(story, frame, 1, belief) for frame in frames} == {"cyclist 1 will turn left, 94 %"}
    assert [badge(story, frame, 1) for frame in frames] == ["no signal yet", "signal on", "nothing to see for 0.6 s"]
    straight = int(np.flatnonzero([e.users[0, 1]["cue_signal"] == Signal.NONE for e in cyclist.episodes])[0])
    assert badge(story_of(cyclist, straight), frame_at(cyclist, straight, t1), 1) == "no signal"


def test_nobody_turns_where_all_ways_lead_in_one_direction():
    assert [*does_of(lanes=False).values()] == [
        "turns left",
        "goes straight on",
        "turns right",
        "goes first",
        "goes last",
    ]
    assert [*does_of(lanes=True).values()][:3] == [
        "moves over to the left",
        "keeps its lane",
        "moves over to the right",
    ]
    for name, turns in (("CutIn", False), ("Crossing", True)):
        replay = drive(name, 3)
        stories = [story_of(replay, k) for k in range(len(replay.episodes))]
        said = "".join(signal_labels(story.role(1), True, story.lanes)[2] for story in stories)
        assert ("turns" in said) == turns and ("lane" in said) != turns


def test_where_nobody_signals_nobody_says_lamp():
    replay = drive("AllWayStop", 3)
    for k in range(len(replay.episodes)):
        story = story_of(replay, k)
        i = story.watched(0, story.start)
        role = story.role(i)
        frame = frame_at(replay, k, (role.t1 + role.t2) / 2)
        said = badge(story, frame, i) + meaning(story, frame, i) + "".join(signal_labels(role, True, story.lanes))
        assert "first" in said and "lamp" not in said and "signal" not in said


def test_the_timeline_says_only_what_is_so():
    """Whether there is a signal is no secret of the badge's, but one of the timeline's, which knows of it before."""
    silent, signs = (
        story_of(drive("Crossing", 3), k).role(1)._replace(cue_signal=signal)
        for k, signal in enumerate((Signal.NONE, Signal.LEFT))
    )
    assert band_words(silent, Phase.CUE, reveal=False) == band_words(signs, Phase.CUE, reveal=False)
    assert all("?" in words for words in band_words(signs, Phase.CUE, reveal=False))
    assert band_words(signs, Phase.CUE, reveal=True) == BANDS[Phase.CUE]
    wrong = band_words(signs._replace(truthful=False), Phase.CUE, reveal=True)
    assert not set(wrong) & set(BANDS[Phase.CUE]) and "no signal" in band_words(silent, Phase.CUE, reveal=True)


def test_whoever_goes_out_of_sight_is_so_at_one_moment(cyclist):
    """As on the page: by half, like the words above it."""
    k = int(np.flatnonzero(cyclist.episodes[0].users["phase"][:, 1] == Phase.AFTER)[0])
    story, frame = story_of(cyclist, 0), frame_at(cyclist, 0, time_of(cyclist, k))
    frames = [dataclasses.replace(frame, seen=np.array([1.0, seen])) for seen in (1.0, 0.6, 0.4, 0.0)]
    assert [meaning(story, each, 1) for each in frames] == [*2 * [MEANS[Phase.AFTER]], *2 * [UNSEEN]]


def test_no_light_shines_out_of_the_picture_of_a_signal(car):
    """The picture from near is a disc; what a lamp lights up beyond its ring, it does not show."""
    k = decision(car, Phase.CUE, signal=True)
    story, painter = story_of(car, 0), Painter(car.road)
    frame, boxes = frame_at(car, 0, time_of(car, k)), []
    inset = Scene._inset

    def listen(scene: Scene, surface: pygame.Surface, *rest: Any) -> None:
        boxes.append(rest[-1])
        before = pygame.surfarray.array3d(surface.subsurface(rest[-1])).astype(int)
        inset(scene, surface, *rest)
        changed = np.abs(pygame.surfarray.array3d(surface.subsurface(rest[-1])) - before).max(axis=2) > 0
        x, y = np.indices(changed.shape) + 0.5 - changed.shape[0] / 2
        assert not changed[np.hypot(x, y) > changed.shape[0] / 2 + 1.5].any()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Scene, "_inset", listen)
        paint(painter, story, frame, STREET, (1280, 720))
    assert boxes


def test_bystanders_are_grey_on_any_screen(car):
    """Their lanes are thin, in large type on a large screen as well."""
    lane = pygame.Surface((400, 17), 0, 32)
    story = dataclasses.replace(story_of(car, 0), duration=100.0)
    bystander = story.roles[1][0]._replace(choice=False, cue_signal=Signal.NONE)
    story = dataclasses.replace(story, roles=(story.roles[0], (bystander,)))
    draw_role(lane, Axis(lane.get_rect(), 100.0), lane.get_rect(), story, 1, Typeface(4.05), reveal=True)
    assert {tuple(lane.get_at((x, 8)))[:3] for x in range(0, 400, 10)} <= {LIGHT.rule, LIGHT.card}


def test_a_signal_that_is_taken_back_is_told_as_it_was_shown():
    family = twins("Crossing", 3, Config(rewritten=1.0))
    replay = record(family, untouched, seed=3)
    for k in range(len(replay.episodes)):
        stage = Stage(Take(replay, k))
        for time in stage.times:
            frame = stage.frames(float(time))[0]
            if frame.users[1]["signal"] and frame.phase(stage.stories[0]) is Phase.CUE:
                assert badge(stage.stories[0], frame, 1) == "signal on"
        role, (time, words) = stage.stories[0].role(1), stage.telling()[0]
        if role.shows:
            assert stage.frames(time)[0].users[1]["signal"] == role.cue_signal and role.cue_signal.name.lower() in words


@given(st.lists(st.floats(0, 1), min_size=1, max_size=5).filter(lambda shares: sum(shares) > 1e-3))
def test_percentages_add_up(shares):
    found = percents(np.array(shares) / sum(shares))
    assert found.sum() == 100 and (np.abs(found - 100 * np.array(shares) / sum(shares)) <= 1).all()


def test_brake_lights(car):
    frame = frame_at(car, 0, 0.0)
    users = frame.users.copy()
    users["acceleration"] = -3.0
    story, painter = story_of(car, 0), Painter(car.road)
    lit, dark = paint(painter, story, dataclasses.replace(frame, users=users)), paint(painter, story, frame)
    changed = np.abs(lit - dark).max(axis=2) > 30
    assert changed.sum() > 20 and (lit - dark)[changed][:, 0].mean() > 20  # redder
