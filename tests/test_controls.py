"""What the player's keys and the mouse do, and a live window."""

from __future__ import annotations

import dataclasses
import os
import sys

import pytest

os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
import pygame

from kindergarten.replay.replay import Replay
from kindergarten.viewer import LiveWindow, NoDisplay, Painter, View
from kindergarten.viewer.app.player import Player
from kindergarten.viewer.model.frame import frame_at
from kindergarten.viewer.model.keys import PLAYER
from kindergarten.viewer.model.story import story_of
from kindergarten.world.codes import Action, Intent, Kind
from tests.painting import drive, paint, seed_with
from tests.recording import twins


@pytest.fixture(scope="module")
def cyclist() -> Replay:
    return drive("Follow", seed_with(Kind.CYCLIST))


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
    assert player.help and len(PLAYER) > 20
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
