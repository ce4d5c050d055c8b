"""What the tests of the viewer share: episodes that nobody steers, and pictures of their moments."""

from __future__ import annotations

import os

import numpy as np
import pytest

os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
import pygame

from kindergarten.replay.replay import Replay
from kindergarten.replay.thoughts import Thoughts
from kindergarten.viewer import Painter, View
from kindergarten.viewer.model.frame import Frame
from kindergarten.viewer.model.story import Story
from kindergarten.world.codes import Action, Control, Kind, Phase, Signal
from kindergarten.world.config import Config
from kindergarten.world.simulator import Simulator
from tests.recording import record, twins

STREET = View(panels=False)
SIZE = (640, 400)


def drive(name: str, seed: int, decisions: int = 1000, control: Control = Control.DISCRETE) -> Replay:
    """Twins that nobody steers; at most so many decisions."""
    family, thoughts = twins(name, seed, Config(control=control)), Thoughts(np.array(0.25), np.full(5, 0.2))
    return record(family, untouched, lambda w: thoughts, seed=seed, decisions=decisions)


def untouched(simulator: Simulator) -> np.ndarray:
    """Whatever the control: nothing is done."""
    worlds = simulator.num_worlds
    return np.full(worlds, Action.IDLE) if simulator.discrete else np.zeros((worlds, 2))


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
