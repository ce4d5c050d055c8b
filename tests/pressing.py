"""What the tests of players and games share: thoughts to look into, keys to press, a picture of it."""

from __future__ import annotations

import os

import numpy as np

os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
import pygame

from kindergarten.replay.replay import Replay
from kindergarten.replay.thoughts import Thoughts
from kindergarten.viewer import Game, Stage
from kindergarten.viewer.app.player import Player
from kindergarten.world.codes import Action, Intent
from kindergarten.world.simulator import Simulator
from tests.recording import record, twins

SIZE = (1280, 720)


def thinking(name: str, seed: int = 3, agent: str = "idle", cells: int | None = 6, brakes: bool = False) -> Replay:
    """The twins of one seed with thoughts made up by chance; ``brakes``: they brake for whoever turns left."""
    random, family = np.random.default_rng(seed), twins(name, seed)
    others = family.num_users - 1

    def act(simulator: Simulator) -> np.ndarray:
        left = simulator.users["intent"][:, 1] == Intent.LEFT
        return np.where(left & brakes, Action.SLOWER, Action.IDLE)

    def think(w: int) -> Thoughts:
        return Thoughts(
            captions=random.dirichlet(np.ones(len(Intent)), others),
            attention=random.random(others),
            cells=random.normal(size=cells) if cells else None,
            gates=random.random((3, cells)) if cells else None,
            values=np.array(0.25),
            probabilities=np.full(5, 0.2),
        )

    return record(family, act, think, agent, seed)


def event(key: int, kind: int = pygame.KEYDOWN, unicode: str = "") -> pygame.event.Event:
    return pygame.event.Event(kind, key=key, unicode=unicode, mod=0)


def press(player: Player, *keys: int, unicode: str = "") -> None:
    for key in keys:
        assert player.handle(event(key, unicode=unicode), pygame.Surface(SIZE))


def picture(player: Player | Stage | Game, *when: object) -> np.ndarray:
    surface = pygame.Surface(SIZE, 0, 32)
    player.draw(surface, *when)  # pyright: ignore[reportArgumentType]
    return pygame.surfarray.array3d(surface)
