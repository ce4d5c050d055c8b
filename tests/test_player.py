"""What keys and the mouse do: to what plays, to two episodes in step, to a guess."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path

import numpy as np
import pytest

os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
import pygame

import kindergarten
from kindergarten.replay.replay import Newest, Replay, read
from kindergarten.viewer import Stage, Take, View, stages_of, write_sheet
from kindergarten.viewer.app.controls import codes, pressed
from kindergarten.viewer.app.game import Game
from kindergarten.viewer.app.human import LiveControls
from kindergarten.viewer.app.player import Player
from kindergarten.viewer.draw.stage import same_world, twins_of
from kindergarten.viewer.export.sheet import moments
from kindergarten.viewer.model.camera import camera_of
from kindergarten.viewer.model.frame import differences
from kindergarten.viewer.model.keys import GAME, LIVE, LOOK, PLAYER
from kindergarten.viewer.model.story import story_of
from kindergarten.viewer.model.words import does_of
from kindergarten.watching import newest_replay
from kindergarten.world.codes import Action, Intent, Phase
from kindergarten.world.config import Config
from tests.driving import steadily
from tests.painting import untouched
from tests.pressing import SIZE, event, picture, press, thinking
from tests.recording import record, told_at_once, twins


@pytest.fixture(scope="module")
def replay() -> Replay:
    return thinking("Crossing", brakes=True)


@pytest.fixture(scope="module")
def follow() -> Replay:
    return thinking("Follow")


# ------------------------------------------------------------------------------------------------ keys


@pytest.mark.parametrize(("who", "keys"), [(Player, PLAYER), (LiveControls, LIVE), (Game, GAME + LOOK)])
def test_every_key_does_one_thing(who, keys):
    used = [key for entry in keys for key in codes(entry)]
    assert len(used) == len(set(used))
    for entry in keys:
        does = getattr(who, f"key_{entry.does}", None)
        assert entry.shown and entry.words and (does.__doc__ if does else hasattr(View(), entry.does))


@pytest.mark.parametrize("entry", PLAYER, ids=[entry.shown for entry in PLAYER])
def test_every_key_can_be_pressed_at_any_time(entry, replay, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # two of them write a file
    player, small = Player(replay), pygame.Surface((640, 360))
    for key in codes(entry):
        for moment in (0.0, 5.0, 100.0):
            player.time = min(moment, player.stage.duration)
            player.handle(event(key), small)
            player.advance(0.3)
            player.draw(small)


@pytest.mark.parametrize("name", ["tags", "close_up", "policy", "reward", "memory", "timeline", "panels", "beliefs",
                                  "attention", "reveal", "dark", "follow"])  # fmt: skip
def test_every_panel_can_be_switched_off(replay, name):
    stage, other = Stage(Take(replay, 0)), dataclasses.replace(View(), **{name: not getattr(View(), name)})
    pictures = [picture(stage, 5.0, view) for view in (View(), other)]
    assert (pictures[0] != pictures[1]).any()


def test_keys_are_known_by_what_they_write():
    assert pressed(event(pygame.K_SLASH, unicode="?")) == pygame.K_QUESTION
    assert pressed(event(pygame.K_F1)) == pygame.K_QUESTION
    assert pressed(event(pygame.K_KP_PLUS)) == pygame.K_PLUS
    assert pressed(event(pygame.K_n, unicode="n")) == pygame.K_n
    assert pressed(event(pygame.K_KP2)) == pressed(event(pygame.K_KP2, unicode="2")) == pygame.K_2


def test_every_sign_that_the_help_names_is_known_on_any_keyboard():
    """Elsewhere brackets are written with AltGr and 9, say, and digits with Shift."""
    signs = {sign for entry in (*PLAYER, *LIVE, *GAME) for sign in entry.shown.split(", ") if not sign.isalpha()}
    assert signs == set("+-?[]0123")
    for sign in signs:
        for modifiers in (pygame.KMOD_NONE, pygame.KMOD_RALT | pygame.KMOD_MODE, pygame.KMOD_SHIFT):
            written = pygame.event.Event(pygame.KEYDOWN, key=pygame.K_AMPERSAND, unicode=sign, mod=modifiers)
            (entry,) = [entry for entry in PLAYER if sign in entry.shown.split(", ")]
            assert pressed(written) == codes(entry)[entry.shown.split(", ").index(sign)]


def test_a_german_keyboard_looks_at_another_road_user(replay):
    player = Player(replay)
    press(player, pygame.K_9, unicode="]")
    assert player.view.focus == 2
    press(player, pygame.K_8, unicode="[")
    assert player.view.focus == 1


def test_it_loops_between_two_bookmarks(replay):
    player = Player(replay)
    player.advance(2.0)
    press(player, pygame.K_COMMA)
    player.advance(1.0)
    press(player, pygame.K_PERIOD)
    assert player.marks == (2.0, 3.0) and player.loop
    player.advance(0.25)
    assert player.time == pytest.approx(2.25)
    for _ in range(40):
        player.advance(0.13)
        assert 2.0 <= player.time <= 3.0 and player.playing
    press(player, pygame.K_x)
    assert player.marks == (None, None) and not player.loop
    press(player, pygame.K_l, pygame.K_END)
    player.advance(0.5)
    assert player.time == pytest.approx(0.5) and player.playing


def test_speeds_go_from_a_tenth_to_sixteen(replay):
    player = Player(replay)
    press(player, *[pygame.K_UP] * 9)
    assert player.speed == 16.0
    press(player, *[pygame.K_DOWN] * 20)
    assert player.speed == 0.1


def test_a_click_looks_at_a_road_user_from_near(replay):
    player, surface = Player(replay), pygame.Surface(SIZE)
    player.time = 4.0
    frame, (street,) = player.stage.frames(4.0)[0], player.stage.streets(surface, player.view)
    camera = camera_of(player.stage.stories[0], frame, street.size, player.view)
    places = camera.project(np.stack([frame.users["x"], frame.users["y"]], axis=1)).round().astype(int).tolist()
    there = [i for i in range(1, len(places)) if player.stage.user_at(tuple(places[i]), surface, 4.0, player.view) == i]
    assert there
    player.handle(pygame.event.Event(pygame.MOUSEBUTTONDOWN, button=1, pos=tuple(places[there[-1]])), surface)
    assert player.view.focus == there[-1]
    player.view = dataclasses.replace(player.view, focus=1)
    press(player, pygame.K_RIGHTBRACKET)
    assert player.view.focus == 2
    press(player, pygame.K_LEFTBRACKET, pygame.K_LEFTBRACKET)
    assert player.view.focus == len(frame.users) - 1  # it counts around


# ------------------------------------------------------------------------------------------------ two in step


def test_twins_look_the_same_until_something_shows(follow):
    a, b = follow.episodes[:2]
    differ, phases = differences(a, b), a.users["phase"][:, 1]
    shows = np.array([(e.users["signal"][:, 1] != 0) for e in (a, b)])
    length = len(phases)
    assert not differ[:length][phases == Phase.BEFORE].any()
    assert not differ[:length][phases == Phase.DELAY].any()
    assert differ[:length][shows[0] != shows[1]].all()
    assert not differences(a, a).any()
    assert len(differences(a, b)) == max(len(a.users), len(b.users))


def test_the_next_twin_is_shown_beside_it(replay):
    player = Player(replay)
    alone = picture(player)
    press(player, pygame.K_t)
    assert [take.index for take in player.stage.takes] == [0, 1]
    beside = picture(player)
    assert (alone != beside).any()
    player.view = View(tags=False, attention=False)
    beside = picture(player)
    streets = player.stage.streets(pygame.Surface(SIZE), player.view)
    halves = [beside[street.left : street.right, 60 : street.height] for street in streets]
    assert (halves[0] == halves[1]).all()  # nobody has signalled yet
    press(player, pygame.K_t)
    assert [take.index for take in player.stage.takes] == [0, 2]
    press(player, pygame.K_t)
    assert len(player.stage.takes) == 1
    press(player, pygame.K_n, pygame.K_t)
    assert player.stage.takes[0].index == 1
    assert twins_of(replay, 1) == [0, 2]
    lonely = dataclasses.replace(replay, episodes=replay.episodes[:1])
    player = Player(lonely)
    press(player, pygame.K_t)
    assert len(player.stage.takes) == 1 and "no twin" in player.message


def test_two_agents_are_shown_in_the_same_world(replay):
    other = thinking("Crossing", agent="another", cells=None)
    turned = dataclasses.replace(other, episodes=other.episodes[::-1])
    for index in range(3):
        k = same_world(replay, index, turned)
        assert story_of(turned, k).role(1).intent is story_of(replay, index).role(1).intent
    player = Player(replay, 1, beside=turned)
    for time in (0.0, 4.0, player.stage.duration):
        player.time = time
        picture(player)
    press(player, pygame.K_n, pygame.K_m, pygame.K_v, pygame.K_i, pygame.K_TAB, pygame.K_d)
    picture(player)


def test_stages_of_twins_show_each_pair_once(replay):
    assert [[take.index for take in stage.takes] for stage in stages_of(replay, twins=True)] == [[0, 1], [1, 2]]
    assert [[take.index for take in stage.takes] for stage in stages_of(replay, [2], twins=True)] == [[2, 0]]


@pytest.mark.parametrize("size", [(1, 1), (160, 90), (640, 360), (1000, 400)])
def test_a_pair_of_any_size_can_be_drawn(replay, size):
    stage = Stage(Take(replay, 0), Take(replay, 1))
    for view in (View(), View(panels=False), View(memory=False, policy=False, dark=True)):
        stage.draw(pygame.Surface(size, 0, 32), 5.0, view)


# ------------------------------------------------------------------------------------------------ guessing


def test_it_asks_before_it_tells(follow):
    player = Player(follow)
    press(player, pygame.K_g)
    for _ in range(1000):
        player.advance(0.05)
    assert player.guess is not None and not player.playing
    assert player.time == pytest.approx(player.guess.moment)
    role = player.stage.stories[0].role(1)
    assert role.t2 <= player.time <= role.t3
    hidden = player.looking
    assert not (hidden.reveal or hidden.beliefs or hidden.policy or hidden.memory)
    picture(player)
    press(player, {Intent.LEFT: pygame.K_LEFT, Intent.RIGHT: pygame.K_RIGHT}.get(role.intent, pygame.K_UP))
    assert player.guess.answered and player.playing and player.guess.right == 1
    assert player.looking == player.view
    picture(player)
    press(player, pygame.K_n)
    assert not player.guess.answered
    player.time, player.playing = player.guess.moment, False
    wrong = pygame.K_LEFT if player.stage.stories[0].role(1).intent is not Intent.LEFT else pygame.K_UP
    press(player, wrong)
    assert (player.guess.right, player.guess.asked) == (1, 2)
    press(player, pygame.K_g)
    assert player.guess is None


def test_it_jumps_to_the_three_times(replay):
    player = Player(replay)
    for k, key in enumerate((pygame.K_1, pygame.K_2, pygame.K_3)):
        press(player, key)
        assert player.time == player.stage.moment(k) and not player.playing
    role = player.stage.stories[0].role(1)
    assert player.stage.moment(0) == pytest.approx(role.t1, abs=0.5) and player.stage.moment(2) == role.t3
    silent = Player(replay, 1).stage  # whoever goes straight on shows nothing: t1 is t1
    assert not silent.stories[0].role(1).shows and silent.moment(0) == silent.stories[0].role(1).t1


def test_story_mode_stops_asks_and_goes_on(follow):
    player, heard, hidden = Player(follow), {}, []
    press(player, pygame.K_e)
    assert player.story is not None
    for _ in range(600):
        player.advance(0.1)
        heard.setdefault(player.story.words, player.time)
        hidden.append((player.time, player.looking.beliefs))
    stops = player.stage.telling()
    assert list(heard)[1:] == [words for _, words in stops] and "What will it do?" in stops[1][1]
    assert [heard[words] for _, words in stops] == [time for time, _ in stops]
    assert all(shown == (time >= stops[2][0]) for time, shown in hidden)
    assert player.time == player.stage.duration
    picture(player)
    press(player, pygame.K_2)
    assert player.story.words == "", "what has been told was told of another moment"
    player.story.words = "it turns left"
    press(player, pygame.K_n)
    assert player.story.words == "", "and of another episode"
    press(player, pygame.K_e)
    assert player.story is None


@pytest.mark.parametrize("delay", [0.0, 0.2, 2.0])
def test_story_mode_tells_all_that_happens(delay):
    """Of two things at one moment the later one, which is what it was all about."""
    family = twins("Crossing", 3, Config(delay_s=(delay, delay)))
    player = Player(record(family, untouched, seed=3))
    press(player, pygame.K_e)
    heard, story = [], player.stage.stories[0]
    for _ in range(500):
        player.advance(0.2)
        assert player.story is not None
        heard += [player.story.words] if player.story.words not in ("", *heard) else []
    assert heard == [words for _, words in player.stage.telling()] and len(heard) == (3 if delay == 2.0 else 2)
    assert heard[-1].startswith(f"It {does_of(story.lanes)[story.role(1).intent]}.")


def test_story_mode_tells_what_happens_in_the_first_frame():
    """Once, however often it is resumed; and again in every round of a loop."""
    player = Player(told_at_once())
    (first, words), *later = player.stage.telling()
    assert first == player.stage.start == 0.0 and later
    press(player, pygame.K_e, pygame.K_l)
    heard = []
    for _ in range(2000):
        press(player, pygame.K_SPACE, pygame.K_SPACE)
        player.advance(0.1)
        assert player.story is not None
        heard += [player.story.words] if player.story.words not in ("", *heard[-1:]) else []
    assert heard[:2] == heard[2:4] == [words, *(each for _, each in later)]


def test_story_mode_tells_only_what_has_happened():
    """Whoever drives on while all wait has ended long before anybody moves."""
    family = twins("AllWayStop", 3, Config(delay_s=(32.0, 32.0), hands_on=True))
    stage = Stage(Take(record(family, steadily(Action.FASTER), seed=3), 0))
    story, told = stage.stories[0], stage.telling()
    i = story.watched(0, story.start)
    assert story.role(i).t3 > story.duration and told[-1] == (story.duration, "It is over before the car moves.")
    assert not any(does_of(story.lanes)[intent] in words for _, words in told for intent in story.intents)
    assert [time for time, _ in told] == sorted({time for time, _ in told})
    player = Player(stage.takes[0].replay)
    press(player, pygame.K_e)
    player.time = told[-1][0] - 0.1
    assert not player.looking.reveal, "what was not reached stays hidden"


def test_story_mode_tells_of_the_road_user_in_focus(replay):
    player = Player(replay)
    press(player, pygame.K_e)
    player.time = player.stage.telling()[1][0]
    assert player.story is not None
    player.story.words = "The cyclist holds out its left arm."
    press(player, pygame.K_RIGHTBRACKET)
    assert player.story.words == "", "it was told of another"
    stops = player.stage.telling(player.view.focus)
    assert player.view.focus == 2 and stops != player.stage.telling()
    for _ in range(300):
        player.advance(0.1)
    assert player.story.words == stops[-1][1]


def test_a_story_with_twins_is_told_of_the_left_one(replay):
    """Above its street alone: what is true of one twin is not of the other."""
    player = Player(replay)
    press(player, pygame.K_t, pygame.K_e)
    left, right = player.stage.streets(pygame.Surface(SIZE), player.looking)
    player.time = player.stage.telling()[-1][0]
    silent = picture(player)
    assert player.story is not None
    player.story.words = player.stage.telling()[-1][1]
    changed = (picture(player) != silent).any(axis=(1, 2))
    assert changed[left.left : left.right].any() and not changed[left.right :].any()
    assert right.left >= left.right


def test_what_the_left_episode_has_told_does_not_give_away_the_right_one():
    """Whoever comes later to its junctions has their ways hidden until then."""
    town = read(Path(kindergarten.__file__).parent / "demo" / "replays" / "Town.npz")
    player = Player(town, 1, beside=town)
    player.beside = dataclasses.replace(town, episodes=town.episodes[:1])
    press(player, pygame.K_e)
    early, late = (player.stage.telling(0, side)[-1][0] for side in (0, 1))
    assert early < late
    for time, told in ((early, False), (late - 0.1, False), (late, True)):
        player.time = time
        assert player.looking.reveal == told


def test_in_town_jumps_and_stories_are_of_the_junction_that_comes():
    town = read(Path(kindergarten.__file__).parent / "demo" / "replays" / "Town.npz")
    player, story = Player(town), story_of(town, 0)
    legs = story.legs()
    assert [leg.i for leg in legs] == [1, 6, 11] and [leg.end for leg in legs[:-1]] == [leg.begin for leg in legs[1:]]
    for leg in legs:
        for key, wanted in zip((pygame.K_1, pygame.K_2, pygame.K_3), leg.role[5:8], strict=True):
            player.time = leg.end - 0.1
            press(player, key)
            assert player.time == pytest.approx(wanted, abs=0.5)
    stops = player.stage.telling()
    assert len(stops) == 9 and [time for time, _ in stops] == sorted(time for time, _ in stops)
    for leg, (time, words) in zip(legs, stops[2::3], strict=True):
        assert time == leg.role.t3 and words.startswith(f"It {does_of(story.lanes)[leg.role.intent]}.")
    press(player, pygame.K_e)
    for time, told in ((stops[2][0], False), (stops[-1][0] - 0.1, False), (stops[-1][0], True)):
        player.time = time
        assert player.looking.reveal == told, "there is one more to come"


# ------------------------------------------------------------------------------------------------ files


def test_a_contact_sheet_shows_the_three_times_and_the_decision(replay, tmp_path):
    stage = Stage(Take(replay, 0))
    found = dict(moments(stage))
    role = stage.stories[0].role(1)
    assert role.t2 < found["t2: it is gone"] <= min(role.t2 + 0.5, role.t3)
    assert found["t3: it moves"] == pytest.approx(role.t3)
    assert found["the decision: slower"] == pytest.approx(stage.stories[0].hands_on[0], abs=0.2)
    write_sheet(tmp_path / "new" / "x.png", stage)
    assert pygame.image.load(tmp_path / "new" / "x.png").get_size() == SIZE
    write_sheet(tmp_path / "new" / "x.png", Stage(Take(replay, 0), Take(replay, 1)), View(dark=True), (800, 450))
    assert os.listdir(tmp_path / "new") == ["x.png"]
    for size in ((2, 2), (90, 30)):
        with pytest.raises(ValueError, match="small"):
            write_sheet(tmp_path / "y.png", stage, size=size)


def test_keys_write_pictures(replay, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    player = Player(replay)
    press(player, pygame.K_s, pygame.K_w)
    assert sorted(os.listdir(tmp_path)) == ["Crossing-1-0.0s.png", "Crossing-1-sheet.png"]
    player.replay = dataclasses.replace(replay, scenario="../up/\0x")  # a stranger's replay
    press(player, pygame.K_s)
    assert (tmp_path / "-up-x-1-0.0s.png").exists() and len(os.listdir(tmp_path)) == 3
    monkeypatch.chdir("/proc")
    press(player, pygame.K_s)
    assert "not written" in player.message


def test_who_follows_sees_what_is_newer(replay, follow, tmp_path):
    newest = Newest(lambda: newest_replay(tmp_path))
    assert newest() is None  # nothing yet
    (tmp_path / "a.npz").write_text("half a file")
    assert newest() is None
    replay.write(tmp_path / "a.npz")
    os.utime(tmp_path / "a.npz", (1, 1))
    first = newest()
    assert first is not None and first.scenario == "Crossing" and newest() is None
    follow.write(tmp_path / "b.npz")
    second = newest()
    assert second is not None and second.scenario == "Follow" and newest() is None
    player = Player(first, 2)
    player.load(second)
    assert player.episode == 0 and player.time == 0.0
    picture(player)


def test_in_each_leg_the_car_first_drives_by_itself():
    """The agent's lane has a piece for each leg, and nobody says that the agent drives between them."""
    town = thinking("Town")
    legs = [len(np.unique(episode.worlds["hands_on"])) for episode in town.episodes]
    story, episode = story_of(town, int(np.argmax(legs))), town.episodes[int(np.argmax(legs))]
    assert len(story.driven) > 1
    driven = np.zeros(len(story.times), bool)
    for begin, end in story.driven:
        driven |= (story.times >= begin - 1e-9) & (story.times < end - 1e-9)
    assert np.array_equal(driven[:-1], (episode.worlds["tick"] >= episode.worlds["hands_on"])[:-1])
    for time, its in zip(story.times[:-1], driven, strict=False):
        assert (time >= story.hands_on_at(time) - 1e-9) == its
