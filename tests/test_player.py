"""What keys and the mouse do: to what plays, to two episodes in step, to a guess, and to whoever drives himself."""

from __future__ import annotations

import dataclasses
import os

import numpy as np
import pytest

os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
import pygame

from kindergarten import cli
from kindergarten.codes import Action, End, Intent, Kind, Phase
from kindergarten.config import Config
from kindergarten.episode import Recorder
from kindergarten.reference import compute
from kindergarten.replay import Newest, Replay, read
from kindergarten.scenarios import SCENARIOS
from kindergarten.simulator import Simulator
from kindergarten.viewer import Game, NoDisplay, Stage, Take, View, play, score, stages_of, watch, window, write_sheet
from kindergarten.viewer.controls import LOOK, pressed
from kindergarten.viewer.frame import differences
from kindergarten.viewer.game import KEYS as GAME_KEYS
from kindergarten.viewer.human import LIVE_KEYS, LiveWindow
from kindergarten.viewer.player import KEYS, Player
from kindergarten.viewer.sheet import moments
from kindergarten.viewer.stage import same_world, twins_of
from kindergarten.viewer.story import story_of

SIZE = (1280, 720)


def thinking(name: str, seed: int = 3, agent: str = "idle", cells: int | None = 6, brakes: bool = False) -> Replay:
    """The twins of one seed with a mind made up by chance; ``brakes``: they brake for whoever turns left."""
    scenario = SCENARIOS[name]
    simulator = Simulator(scenario, len(scenario.intents))
    simulator.seed(np.full(simulator.num_worlds, seed))
    intents = np.full((simulator.num_worlds, simulator.num_users - 1), -1)
    intents[:, 0] = scenario.intents
    simulator.reset(intents=intents)
    recorders = [Recorder(simulator, w, seed) for w in range(simulator.num_worlds)]
    random = np.random.default_rng(seed)
    while not simulator.worlds["end"].all():
        left = simulator.users["intent"][:, 1] == Intent.LEFT
        actions = np.where(left & brakes, Action.SLOWER, Action.IDLE)
        simulator.step(actions)
        for w, recorder in enumerate(recorders):
            others = simulator.num_users - 1
            told = {"captions": random.dirichlet(np.ones(len(Intent)), others), "attention": random.random(others)}
            if cells:
                told |= {"cells": random.normal(size=cells), "gates": random.random((3, cells))}
            recorder.record(actions[w], 0.25, np.full(5, 0.2), **told)
    return Replay.of(simulator, [recorder.episode() for recorder in recorders], agent)


@pytest.fixture(scope="module")
def replay() -> Replay:
    return thinking("Crossing", brakes=True)


@pytest.fixture(scope="module")
def follow() -> Replay:
    return thinking("Follow")


def event(key: int, kind: int = pygame.KEYDOWN, unicode: str = "") -> pygame.event.Event:
    return pygame.event.Event(kind, key=key, unicode=unicode, mod=0)


def press(player: Player, *keys: int, unicode: str = "") -> None:
    for key in keys:
        assert player.handle(event(key, unicode=unicode), pygame.Surface(SIZE))


def picture(player: Player | Stage | Game, *when: object) -> np.ndarray:
    surface = pygame.Surface(SIZE, 0, 32)
    player.draw(surface, *when)  # pyright: ignore[reportArgumentType]
    return pygame.surfarray.array3d(surface)


# ------------------------------------------------------------------------------------------------ keys


@pytest.mark.parametrize("keys", [KEYS, LIVE_KEYS, GAME_KEYS + LOOK])
def test_every_key_does_one_thing(keys):
    used = [key for entry in keys for key in entry.keys]
    assert len(used) == len(set(used))
    assert all(entry.shown and entry.words and entry.does.__doc__ for entry in keys if entry not in LOOK)


@pytest.mark.parametrize("entry", KEYS, ids=[entry.shown for entry in KEYS])
def test_every_key_can_be_pressed_at_any_time(entry, replay, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # two of them write a file
    player = Player(replay)
    for key in entry.keys:
        for moment in (0.0, 5.0, 100.0):
            player.time = min(moment, player.stage.duration)
            player.handle(event(key), pygame.Surface(SIZE))
            player.advance(0.3)
            player.draw(pygame.Surface(SIZE))


@pytest.mark.parametrize("name", ["tags", "close_up", "mind", "reward", "memory", "timeline", "panels", "beliefs",
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
    frame, camera = player.stage.frames(4.0)[0], None
    (street,) = player.stage.streets(surface, player.view)
    for i in range(1, len(frame.users)):
        for x in range(0, street.width, 6):
            for y in range(0, street.height, 6):
                if player.stage.user_at((x, y), surface, 4.0, player.view) == i:
                    camera = (x, y)
        if camera is not None:
            player.handle(pygame.event.Event(pygame.MOUSEBUTTONDOWN, button=1, pos=camera), surface)
            assert player.view.focus == i
            break
    assert camera is not None
    press(player, pygame.K_1)
    assert player.view.focus == 1
    press(player, pygame.K_9)  # there are but seven
    assert player.view.focus == 1


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
    for view in (View(), View(panels=False), View(memory=False, mind=False, dark=True)):
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
    assert not (hidden.reveal or hidden.beliefs or hidden.mind or hidden.memory)
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


# ------------------------------------------------------------------------------------------------ files


def test_a_contact_sheet_shows_the_three_times_and_the_decision(replay, tmp_path):
    stage = Stage(Take(replay, 0))
    found = dict(moments(stage))
    role = stage.stories[0].role(1)
    assert role.t2 < found["t2: it is gone"] <= min(role.t2 + 0.5, role.t3)
    assert found["t3: it moves"] == pytest.approx(role.t3)
    assert found["the decision: slower"] == pytest.approx(stage.stories[0].hands_on, abs=0.2)
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
    monkeypatch.chdir("/proc")
    press(player, pygame.K_s)
    assert "not written" in player.message


def test_who_follows_sees_what_is_newer(replay, follow, tmp_path):
    newest = Newest(lambda: cli.newest_replay(tmp_path))
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


# ------------------------------------------------------------------------------------------------ playing


def drive(game: Game, keys: dict[float, int], seconds: float = 60.0) -> None:
    """Press keys at their times [s], in steps of a screen's frames, until the episode is over."""
    waiting, time = sorted(keys.items()), 0.0
    while not game.over and time < seconds:
        while waiting and waiting[0][0] <= time:
            assert game.handle(event(waiting.pop(0)[1]))
        game.advance(1 / 60)
        time += 1 / 60


def test_who_plays_gets_what_an_agent_gets():
    """The same decisions at the same rhythm earn the same; before hands-on keys do nothing."""
    scenario, seed = SCENARIOS["Crossing"], 5
    game = Game(scenario, Config(), np.array([seed]))
    drive(game, {0.5: pygame.K_DOWN, 1.0: pygame.K_DOWN})
    simulator = Simulator(scenario)
    simulator.seed(np.array([seed]))
    simulator.reset()
    earned = 0.0
    while not simulator.worlds["end"][0]:
        earned += float(simulator.step(np.array([Action.IDLE])).rewards[0])
    assert game.drives[0].earned == pytest.approx(earned) and game.drives[0].seed == seed
    assert game.drives[0].end == simulator.worlds["end"][0]
    recorded = game.replay("you").episodes[0]
    assert np.array_equal(recorded.users[-1], simulator.users[0])


def test_keys_drive(tmp_path):
    scenario = SCENARIOS["Crossing"]
    game = Game(scenario, Config(hands_on=True), np.array([5, 6]))
    drive(game, {0.0: pygame.K_DOWN, 0.3: pygame.K_DOWN}, 3.0)
    assert game.driving
    users = game.replay("you").episodes[0].users
    assert users["speed"][-1, 0] < users["speed"][0, 0] - 3
    drive(game, {0.0: pygame.K_UP, 0.3: pygame.K_UP})
    assert game.over and not game.done
    picture(game)
    game.handle(event(pygame.K_SPACE))
    assert not game.over
    game.handle(event(pygame.K_SPACE))
    assert not game.playing
    picture(game)
    game.handle(event(pygame.K_SPACE))
    drive(game, {})
    game.handle(event(pygame.K_SPACE))
    assert game.done and len(game.drives) == 2
    game.replay("you").write(tmp_path / "mine.npz")
    assert len(read(tmp_path / "mine.npz").episodes) == 2
    words = score(game)
    limits = compute(scenario, Config(hands_on=True), np.array([5, 6]))
    expected = limits.anticipation(np.full(2, np.mean([each.earned for each in game.drives])))
    assert f"anticipation {expected:.2f}" in words and "2 episodes" in words and "guess" in words


def test_held_keys_steer_under_continuous_control():
    config = dataclasses.replace(Config(hands_on=True), control=type(Config().control)(1))
    game = Game(SCENARIOS["Crossing"], config, np.array([5]))
    game.handle(event(pygame.K_UP))
    game.advance(1.01)
    game.handle(event(pygame.K_UP, pygame.KEYUP))
    game.handle(event(pygame.K_LEFT))
    game.advance(0.41)
    actions = game.replay("you").episodes[0].actions
    assert (actions[:5] == [1.0, 0.0]).all() and (actions[5:, 0] == 0).all() and (actions[5:, 1] > 0).all()


def test_frames_only_show_nothing_that_helps_to_remember():
    """The picture of the delay is the same for all twins, and the same as if nothing had been signalled."""
    pictures = []
    for intent in (Intent.LEFT, Intent.RIGHT):
        game = Game(SCENARIOS["Follow"], Config(), np.array([4]), frames_only=True)
        simulator = game._simulator
        simulator.seed(np.array([4]))
        simulator.reset(intents=np.array([[intent]]))
        while simulator.users["phase"][0, 1] != Phase.DELAY:
            game.advance(0.2)
        game.advance(0.6)
        pictures.append(picture(game))
    assert (pictures[0] == pictures[1]).all()
    shown = [key.shown for key in game.keys]
    assert "tab" not in shown and "h" not in shown and "i" not in shown


def test_no_score_without_an_episode():
    game = Game(SCENARIOS["Follow"], Config(), np.array([4]))
    assert "no score" in score(game)
    assert game.replay("you").episodes[0].end is End.RUNNING


# ------------------------------------------------------------------------------------------------ windows


def test_windows_open_and_close_and_end_nothing(replay, monkeypatch):
    """With a screen that nobody sees: they close when asked to, and let go of the display."""
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    pygame.display.quit()
    with pytest.raises(NoDisplay, match="--headless"):
        watch(replay)
    pressed = [event(pygame.K_UP), event(pygame.K_q)]
    monkeypatch.setattr(pygame.event, "get", lambda: [pressed.pop(0)] if pressed else [])
    game = Game(SCENARIOS["Follow"], Config(), np.array([4]))
    play(game)
    assert not pressed and not game.done and not pygame.display.get_init()


def test_a_live_window_has_the_keys_of_the_other(monkeypatch):
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    pygame.display.quit()
    simulator = Simulator(SCENARIOS["Follow"])
    simulator.reset()
    window = LiveWindow((640, 400))
    try:
        window.show(simulator)
        for key in (pygame.K_d, pygame.K_c, pygame.K_QUESTION, pygame.K_SPACE, pygame.K_SPACE):
            pygame.event.post(event(key))
        window.show(simulator)
        controls = window._controls
        assert controls.view.dark and not controls.view.follow and controls.help and controls.playing
        pygame.event.post(event(pygame.K_QUESTION))
        pygame.event.post(event(pygame.K_q))
        window.show(simulator)
        assert not pygame.display.get_init()
    finally:
        pygame.display.quit()


def test_play_says_what_is_wrong(capsys, monkeypatch):
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "SDL_VIDEODRIVER"):
        monkeypatch.delenv(name, raising=False)
    for words, said in (
        (["Nowhere"], "choose from"), (["Follow", "--episodes", "0"], "--episodes is 0"),
        (["Follow", "--seed", "-1"], "--seed is -1"), (["Follow", "--control", "x"], "'x'"),
        (["Follow", "--delay", "1", "2", "3"], "delay_s"), (["Follow"], "screen"),
    ):  # fmt: skip
        assert cli.main(["play", *words]) == 2
        printed = capsys.readouterr()
        assert said in printed.err and printed.err.count("\n") == 1 and printed.out == ""


def test_a_cyclist_and_a_car_steer_into_their_turns(replay):
    """Front wheels of those whom nobody steers follow from how they move."""
    episode = replay.episodes[0]
    stage = Stage(Take(replay, 0))
    turning = [
        frame.steering[1]
        for time in stage.times
        if (frame := stage.frames(float(time))[0]).users["kind"][1] != Kind.NOBODY
        and abs(frame.users["sin"][1] * frame.users["cos"][1]) > 0.2
    ]
    assert story_of(replay, 0).role(1).intent is Intent.LEFT and len(episode.users) > 10
    assert turning and np.mean(turning) > 0.05


def scripted(monkeypatch: pytest.MonkeyPatch, *events: pygame.event.Event) -> None:
    """A screen that nobody sees, and events that come one at a time; the last one closes the window."""
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    monkeypatch.setattr(window, "INVISIBLE", ())
    waiting = [*events, pygame.event.Event(pygame.QUIT)]
    monkeypatch.setattr(pygame.event, "get", lambda: [waiting.pop(0)])
    pygame.display.quit()


def test_the_window_plays_until_it_is_closed(replay, monkeypatch):
    drawn: list[tuple[int, View]] = []
    draw = Player.draw
    monkeypatch.setattr(Player, "draw", lambda self, s: (draw(self, s), drawn.append((self.episode, self.view)))[0])
    scripted(monkeypatch, event(pygame.K_d), event(pygame.K_n), event(pygame.K_t), event(pygame.K_SPACE))
    watch(replay, twins=True)
    assert drawn[-1][0] == 1 and drawn[-1][1].dark
    assert not pygame.display.get_init() and pygame.font.get_init()


def test_a_window_that_was_there_before_stays(replay, monkeypatch):
    scripted(monkeypatch)
    pygame.display.init()
    watch(replay)
    assert pygame.display.get_init()
    pygame.display.quit()


def test_who_follows_waits_for_the_first_episode(replay, follow, monkeypatch):
    scripted(monkeypatch, *[event(pygame.K_d)] * 12)
    monkeypatch.setattr(window, "LOOK_FOR", 0.0)
    waiting, opened = [None, replay, None, follow], []
    load = Player.load
    monkeypatch.setattr(Player, "load", lambda self, newer: (load(self, newer), opened.append(newer.scenario))[0])
    watch(None, fresh=lambda: waiting.pop(0) if waiting else None)
    assert not waiting and opened == ["Follow"]
