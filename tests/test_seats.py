"""Replays of several agents: all minds, one by one."""

from __future__ import annotations

import numpy as np
import pytest

from kindergarten import cli
from kindergarten.playground import PLAYGROUNDS
from kindergarten.playground.drivers import Deed
from kindergarten.playground.rules import make_rules
from kindergarten.playground.world import CONFIG, Playground
from kindergarten.replay import read
from kindergarten.replay.episode import Episode
from kindergarten.replay.replay import Replay
from kindergarten.replay.seats import SeatsRecorder, replay_of
from kindergarten.replay.thoughts import Thoughts
from kindergarten.scenarios import SCENARIOS
from kindergarten.viewer import Painter, View
from kindergarten.viewer.draw.stage import twins_of
from kindergarten.viewer.export import web
from kindergarten.viewer.model.frame import frame_at
from kindergarten.viewer.model.story import story_of
from kindergarten.world.codes import Action, End, Intent, Kind, Signal
from kindergarten.world.simulator import Simulator
from tests.painting import paint
from tests.worlds import with_seat

pytestmark = pytest.mark.jit
GOALS = [int(Intent.LEFT), int(Intent.STRAIGHT)]


def recorded(
    goals: list[int], before: Deed = Deed.SIGNAL_LEFT, after: Deed = Deed.SIGNAL_OFF
) -> tuple[list[Episode], list[np.ndarray], Playground]:
    """Seat 0 tells where it goes as long as it is far, and seat 1 believes it; with the users of each frame.

    before, after: what seat 0 does with its lamps as long as it is far, and once its way has begun to show.
    """
    playground = Playground(PLAYGROUNDS["Meeting"])
    playground.seed(np.array([5]))
    playground.reset(goals=np.array([goals]))
    recorder, frames = SeatsRecorder(playground, seed=5), [playground.users[0].copy()]
    captions = np.zeros((playground.num_users - 1, len(Intent)))
    captions[0, Intent.LEFT] = 1.0
    while playground.acting().any():
        shows = frames[-1]["reveal"][0] <= playground.worlds["tick"][0]
        lamp = before if len(frames) < 12 else after if shows else Deed.SIGNAL_OFF
        deeds = np.array([[lamp, Deed.SLOWER if len(frames) > 18 else Deed.IDLE]])
        playground.step(deeds)
        recorder.record(deeds[0], {a: Thoughts(captions=captions) for a in range(2)})
        frames.append(playground.users[0].copy())
    return recorder.episodes(), frames, playground


@pytest.fixture(scope="module")
def replay() -> Replay:
    (one, _, playground), (other, _, _) = recorded(GOALS), recorded(GOALS[::-1])
    return replay_of(playground, [*one, *other], "two who talk")


def test_each_seat_is_the_ego_of_an_episode_of_its_own():
    episodes, frames, playground = recorded(GOALS)
    for a, episode in enumerate(episodes):
        mine, its = np.stack(frames)[: len(episode.users), [a, 1 - a]], episode.users[:, :2]
        for name in ("x", "y", "speed", "intent", "signal"):
            assert (mine[name] == its[name]).all(), name
        assert episode.end == playground.drivers["end"][0, a] != End.RUNNING
        assert (episode.worlds["end"][:-1] == End.RUNNING).all() and len(episode.actions) == len(episode.users) - 1
        assert (its["kind"][:, 0] == Kind.CAR).all(), "it is there to its end"
        assert (episode.users["seen"][0, 1:] == (episode.users["kind"][0, 1:] != Kind.NOBODY)).all()
    assert (episodes[0].actions == Action.IDLE).all(), "a lamp is seen"
    assert (episodes[1].actions == Action.SLOWER).any()


def test_it_says_when_each_lamp_was_on_and_whether_that_was_true(replay: Replay):
    """Episodes of who sat where: the seat opposite is road user 1."""
    of_first, of_second, _, lied_to = replay.episodes
    told, silent, lied = (episode.users[0, 1] for episode in (of_second, of_first, lied_to))
    assert (told["cue_signal"], told["truthful"]) == (Signal.LEFT, 1) and told["t1"] < told["t2"] < told["t3"]
    assert (lied["cue_signal"], lied["truthful"]) == (Signal.LEFT, 0)
    assert silent["cue_signal"] == Signal.NONE and silent["truthful"] == 1


@pytest.mark.parametrize("before, said", [(Deed.SIGNAL_LEFT, Signal.LEFT), (Deed.SIGNAL_OFF, Signal.NONE)])
def test_what_is_shown_once_the_way_shows_is_no_word(before: Deed, said: Signal):
    (episode, *_), _, _ = recorded(GOALS, before, after=Deed.SIGNAL_RIGHT)
    user = episode.users[0, 0]
    assert (episode.users["signal"][:, 0] == Signal.RIGHT).any(), "later on it shows something else"
    assert (user["cue_signal"], user["truthful"]) == (said, said == Signal.LEFT)
    assert user["t1"] <= user["t2"] <= user["t3"] and (user["t1"] < user["t2"]) == (said != Signal.NONE)


def test_it_is_a_replay_like_any_other(replay: Replay, tmp_path, capsys):
    """All seats of a world, and those with other goals, are twins: side by side."""
    replay.write(tmp_path / "meeting.npz")
    again = read(tmp_path / "meeting.npz")
    assert [len(e.users) for e in again.episodes] == [len(e.users) for e in replay.episodes]
    assert twins_of(again, 0) == [1, 2, 3]
    belief = frame_at(again, 1, 1.0).belief(1)
    assert belief is not None and belief[Intent.LEFT] == 1.0, "what seat 1 thinks of seat 0"
    code = cli.main(["watch", str(tmp_path / "meeting.npz"), "--headless", "--twins", "--png", str(tmp_path / "a.png")])
    assert code == 0 and (tmp_path / "a.png").exists() and str(tmp_path / "a.png") in capsys.readouterr().out
    assert web.write_page(tmp_path / "meeting.html", again) > 100_000


def test_a_seats_own_goal_is_hidden_until_it_is_asked_for():
    """Two who do the same and have other goals look the same; lamps and beliefs are seen."""
    stories, frames = [], []
    for goals in (GOALS, [int(Intent.STRAIGHT)] * 2):
        episodes, _, playground = recorded(goals)
        alone = replay_of(playground, episodes[:1])
        stories.append(story_of(alone, 0))
        frames.append(frame_at(alone, 0, 1.0))
    assert frames[0].users["signal"][0] == frames[1].users["signal"][0]
    for reveal in (False, True):
        view = View(reveal=reveal, timeline=False)
        one, other = (
            paint(Painter(story.road), story, frame, view) for story, frame in zip(stories, frames, strict=True)
        )
        assert (one == other).all() != reveal
    assert stories[0].tells_aim(True) and not stories[0].tells_aim(False)


def test_whoever_drives_alone_through_several_junctions_thinks_of_whom_it_sees():
    """The observation begins with those of the junction ahead; in a replay each road user keeps its place."""
    town, numbers = SCENARIOS["Town"], np.array([0])
    simulator, playground = Simulator(town, 1, CONFIG), Playground(with_seat(town))
    for each in (simulator, playground):
        each.seed(numbers)
        each.reset()
    recorder, rows, wanted = SeatsRecorder(playground), np.linspace(0.0, 1.0, playground.num_users - 1), []
    while playground.acting().any():
        wanted.append((int(simulator.worlds["signaller"][0]), simulator.by_user(rows[None])[0]))
        simulator.step(np.array([Action.IDLE]))
        playground.step(np.array([[Deed.IDLE]]))
        recorder.record(np.array([Deed.IDLE]), {0: Thoughts(attention=rows)})
    (episode,), (signallers, attention) = recorder.episodes(), zip(*wanted, strict=True)
    assert len(set(signallers)) > 1, "it comes to another junction"
    assert episode.worlds["signaller"][:-1].tolist() == list(signallers)
    assert (episode.thoughts.attention == np.stack(attention)).all()


def test_endless_worlds_are_not_recorded():
    playground = Playground(PLAYGROUNDS["Square"], 1, make_rules(endless=True))
    with pytest.raises(ValueError, match="endless worlds are not recorded"):
        SeatsRecorder(playground)
