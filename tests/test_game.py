"""Whoever drives himself gets what an agent gets, and no more."""

from __future__ import annotations

import dataclasses
import json
import os
import signal

import numpy as np
import pytest

os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
import pygame

import kindergarten
from docs import exam_tables
from kindergarten import cli, viewer, watching
from kindergarten.output import decimals
from kindergarten.replay.replay import read
from kindergarten.scenarios import SCENARIOS
from kindergarten.scoring import reference
from kindergarten.scoring.reference import SEEDS, compute, reference_on
from kindergarten.viewer import Game, score
from kindergarten.viewer.app.game import anticipation, mark
from kindergarten.viewer.app.gamepad import Gamepad
from kindergarten.world.codes import Action, Control, End, Intent, Phase
from kindergarten.world.config import Config
from kindergarten.world.settings import plain
from kindergarten.world.simulator import Simulator
from tests.pressing import event, picture


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
    game = Game(scenario, Config(hands_on=True), np.array([5, 6]), agent="An agent: 0.94.")
    game.introduce()
    game.advance(1.0)
    assert "Space: begin" in game._card()[0] and game._due == 0.0  # it waits
    picture(game)
    game.handle(event(pygame.K_RETURN))
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
    assert not game.done and "An agent: 0.94." in game._card()[0] and "You: " in game._card()[0]
    picture(game)
    game.handle(event(pygame.K_SPACE))
    assert game.done and len(game.drives) == 2
    game.replay("you").write(tmp_path / "mine.npz")
    assert len(read(tmp_path / "mine.npz").episodes) == 2
    words = score(game)
    limits = compute(scenario, Config(hands_on=True), np.array([5, 6]))
    blind, weights = game.beside()  # the one goes right, which is half as likely as that the other goes left
    gained = weights @ ([each.earned for each in game.drives] - blind)
    assert weights == pytest.approx([1 / 3, 2 / 3])
    assert f"anticipation {gained / (limits.oracle - limits.blind).mean():.2f}" in words
    assert "2 episodes" in words and "guess" in words


@pytest.mark.parametrize("name", ["Crossing", pytest.param("PullOut", marks=pytest.mark.slow), "CutIn"])
def test_who_touches_no_key_gets_what_an_idle_agent_gets_in_the_exam(name):
    """Though in the first worlds one intent is more frequent than another."""
    game = Game(SCENARIOS[name], Config(), SEEDS[:8])
    for k in range(8):
        if k:
            game.key_go(0)
        drive(game, {})
    idle = kindergarten.score(lambda frames: np.full(len(frames), Action.IDLE), name, seeds=SEEDS[:8])
    assert anticipation(game) == pytest.approx(idle.anticipation, abs=0.25)


def test_where_nothing_was_at_stake_it_says_so():
    """In one cast of Crossroads nobody is in the way."""
    scenario, config = SCENARIOS["Crossroads"], Config(hands_on=True)
    seeds = np.arange(8)
    limits = compute(scenario, config, seeds)
    calm = seeds[limits.oracle == limits.blind][:1]
    game = Game(scenario, config, calm)
    drive(game, {})
    assert game.over and anticipation(game) is None and mark(game, "").anticipation is None
    assert "anticipation nothing at stake (0" in score(game)
    game.handle(event(pygame.K_SPACE))
    assert "You: nothing at stake." in game._card()[0]


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


def test_a_gamepad_drives():
    pad, event = Gamepad(), pygame.event.Event
    pushed = [
        event(pygame.JOYAXISMOTION, axis=1, value=-0.9), event(pygame.JOYAXISMOTION, axis=1, value=-0.8),
        event(pygame.JOYAXISMOTION, axis=1, value=0.9), event(pygame.JOYAXISMOTION, axis=1, value=0.0),
        event(pygame.JOYHATMOTION, value=(1, 0)), event(pygame.JOYBUTTONDOWN, button=0), event(pygame.QUIT),
    ]  # fmt: skip
    keys = [(each.type, getattr(each, "key", None)) for each in pad.keys(pushed)]
    down, up = pygame.KEYDOWN, pygame.KEYUP
    assert keys == [
        (down, pygame.K_UP), (up, pygame.K_UP), (down, pygame.K_DOWN), (up, pygame.K_DOWN), (down, pygame.K_RIGHT),
        (down, pygame.K_SPACE), (pygame.QUIT, None),
    ]  # fmt: skip


def test_the_agent_to_compare_with_is_the_one_that_was_evaluated_last_in_these_worlds(tmp_path, monkeypatch):
    """Not on other delays; of an agent of several scenarios it is the score in this one."""
    monkeypatch.setattr(watching, "RUNS", tmp_path)
    assert watching.known_agent("Follow", Config()) == ""

    def row(scenario, value, **settings):
        return {"scenario": scenario, "anticipation": value, "settings": plain(Config(**settings))}

    for k, found in enumerate(
        (
            row("Follow", 0.5, observation="pixels", shuffled=True),
            [row("Crossing", 0.25), row("Follow", 0.75)],
            row("Follow", 0.25, delay_s=(8, 8)),
            row("Follow", 0.125, control="continuous"),
            row("Crossing", 0.0),
            {"communication": 1.0},
        )
    ):
        path = tmp_path / str(k) / "evaluation.json"
        path.parent.mkdir()
        path.write_text(json.dumps(found))
        os.utime(path, (k, k))
    for config, known in (
        (Config(), "1: 0.75"),
        (Config(delay_s=(8.0, 8.0)), "2: 0.25"),
        (Config(control=Control.CONTINUOUS), "3: 0.12"),
    ):
        assert watching.known_agent("Follow", config) == f"The agent of {tmp_path / known}."
    assert watching.known_agent("Follow", Config(delay_s=(12.0, 12.0))) == ""


def test_settings_without_a_score_are_refused_before_anybody_drives(monkeypatch, capsys):
    monkeypatch.setattr(viewer, "play", None)
    assert cli.main(["play", "Follow", "--signals", "real", "--rewritten", "0.5"]) == 2
    assert "signals 'real' and rewritten 0.5 do not go together" in capsys.readouterr().err


@pytest.mark.parametrize("option", ["--replay", "--card"])
def test_what_cannot_be_written_is_said_before_anybody_drives(option, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(viewer, "play", None)
    (tmp_path / "file").touch()
    path = tmp_path / "file" / {"--replay": "me.npz", "--card": "me.json"}[option]
    assert cli.main(["play", "Follow", "--exam", "standard", option, str(path)]) == 2
    said = capsys.readouterr().err
    assert str(tmp_path / "file") in said and said.count("\n") == 1


def test_what_was_driven_is_kept_whatever_becomes_of_the_score(tmp_path, monkeypatch):
    def fail(*given):
        raise ValueError("no score")

    monkeypatch.setattr(viewer, "play", lambda game: drive(game, {}))
    monkeypatch.setattr(viewer, "score", fail)
    card = ["--exam", "long", "--card", str(tmp_path / "me.json")]
    assert cli.main(["play", "Follow", "--episodes", "1", *card, "--replay", str(tmp_path / "me.npz")]) == 2
    assert len(read(tmp_path / "me.npz").episodes) == 1
    about = json.loads((tmp_path / "me.json").read_text())["marks"]["long"]["about"]
    assert about == "one world with delays of 8 s alone, none with left or straight, driven by a person"


@pytest.mark.parametrize("code", [130, 143])
def test_who_is_stopped_from_outside_loses_nothing_that_was_driven(code, tmp_path, monkeypatch, capsys):
    def play(game):
        drive(game, {})
        if code == 130:  # Ctrl-C, which whoever runs in the background may not hear
            raise KeyboardInterrupt
        signal.raise_signal(signal.SIGTERM)

    monkeypatch.setattr(viewer, "play", play)
    words = ["--exam", "colours", "--card", str(tmp_path / "me.json"), "--replay", str(tmp_path / "me.npz")]
    assert cli.main(["play", "Follow", "--episodes", "2", *words]) == code
    assert len(read(tmp_path / "me.npz").episodes) == 1 and (tmp_path / "me.json").exists()
    assert "anticipation" in capsys.readouterr().out


@pytest.mark.parametrize("config", [Config(), Config(delay_s=(8.0, 8.0))])
def test_what_is_stored_is_not_searched_again(config, monkeypatch):
    monkeypatch.setattr(reference, "compute", None)
    game = Game(SCENARIOS["Follow"], config, SEEDS[:1])
    drive(game, {})
    assert "anticipation" in score(game)


def test_people_take_the_exam(tmp_path, monkeypatch, capsys):
    """The exam's own worlds, in order, scored on the split's own scale; the card makes a row of the leaderboard."""

    def play(game):
        while not game.over:
            game.advance(0.2)

    monkeypatch.setattr(viewer, "play", play)
    card = tmp_path / "me.json"
    words = ["play", "Follow", "--exam", "colours", "--episodes", "1", "--card", str(card)]
    assert cli.main(words) == 0 and f"{SEEDS[0]}" in capsys.readouterr().out
    found = json.loads(card.read_text())
    (name, mark), *_ = found["marks"].items()
    assert (name, found["agent"], found["scenario"]) == ("colours", "a person", "Follow")
    assert mark["about"] == "one world, none with left or straight, driven by a person"
    worth = reference_on(SCENARIOS["Follow"], Config(), SEEDS[:1])
    assert mark["stakes"] == pytest.approx(worth.stakes) and found["command"].startswith("kindergarten play Follow")
    shown = decimals(mark["anticipation"])
    assert exam_tables.cell([mark]) == shown and exam_tables.horizons([found]) == ""
    monkeypatch.setattr(exam_tables, "RESULTS", tmp_path)
    (tmp_path / "exam").mkdir()
    for name in ("colours", "long"):  # cards of several splits are one row
        (tmp_path / "exam" / f"{name}.json").write_text(json.dumps({**found, "marks": {name: mark}}))
    (row,) = (line for line in exam_tables.leaderboard().splitlines() if "a person" in line)
    assert [cell.strip() for cell in row.split("|")].count(shown) == 2 and "| 1 |" in row


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--exam", "nonsense"], "choose from standard, long"),
        (["--exam", "capacity"], "choose from standard, long"),
        (["--exam", "standard", "--seed", "3"], "--seed 3"),
        (["--exam", "standard", "--delay", "8"], "settings of its own"),
        (["--exam", "standard", "--episodes", "65"], "64 worlds"),
        (["--card", "me.json"], "add --exam"),
    ],
)
def test_an_exam_that_makes_no_sense_is_refused(words, said, capsys):
    assert cli.main(["play", "Follow", *words]) == 2
    assert said in capsys.readouterr().err
