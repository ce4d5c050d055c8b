"""Windows open and close, and end nothing."""

from __future__ import annotations

import os

import numpy as np
import pytest

os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
import pygame

from kindergarten import cli
from kindergarten.replay.replay import Replay
from kindergarten.scenarios import SCENARIOS
from kindergarten.viewer import Game, NoDisplay, Stage, Take, View, play, watch
from kindergarten.viewer.app import window
from kindergarten.viewer.app.controls import Controls
from kindergarten.viewer.app.human import LiveWindow
from kindergarten.viewer.app.player import Player
from kindergarten.viewer.model.story import story_of
from kindergarten.world.codes import Intent, Kind
from kindergarten.world.config import Config
from kindergarten.world.simulator import Simulator
from tests.pressing import event, thinking


@pytest.fixture(scope="module")
def replay() -> Replay:
    return thinking("Crossing", brakes=True)


@pytest.fixture(scope="module")
def follow() -> Replay:
    return thinking("Follow")


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
        (["Follow", "--delay", "1", "2", "3"], "--delay is (1.0, 2.0, 3.0)"), (["Follow"], "screen"),
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


def test_the_whole_screen_and_back(monkeypatch):
    """Nothing but the size changes, and the window gets its own again."""
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    pygame.display.quit()
    controls = Controls()
    controls.key_fullscreen(0)  # without a window there is nothing to do
    window.open_window((640, 400), "", "", invisible=True)
    set_mode, asked = pygame.display.set_mode, []
    monkeypatch.setattr(pygame.display, "set_mode", lambda *mode: (asked.append(mode), set_mode(*mode))[1])
    try:
        for whole in (True, False):
            controls.key_fullscreen(0)
            surface = pygame.display.get_surface()
            assert surface is not None and bool(surface.get_flags() & pygame.FULLSCREEN) is whole
    finally:
        pygame.display.quit()
    assert asked == [((0, 0), pygame.FULLSCREEN), ((640, 400), pygame.RESIZABLE)]
