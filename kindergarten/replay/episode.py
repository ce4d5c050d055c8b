"""Episodes: what happened in one world, and the recorder that notes it while a simulator runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from kindergarten.replay import archive
from kindergarten.world.codes import End, Intent
from kindergarten.world.reward import TERMS
from kindergarten.world.simulator import Simulator
from kindergarten.world.users import WORLD

FLOATS, HALVES = np.dtype(np.float64), np.dtype(np.float16)
MAX_HALF = 6e4  # float16 ends at 65,504
GATES = ("input", "forget", "output")  # of an LSTM, as ``Episode.gates`` has them
#: What an agent may tell of its mind at each decision, with dtype and shape: fields of Episode, arguments of
#: ``Recorder.record``. A size that is a letter is free.
MIND: archive.Table = {
    "values": (FLOATS, ("D",)),
    "probabilities": (FLOATS, ("D", "choices")),
    "captions": (FLOATS, ("D", "others", len(Intent))),
    "attention": (FLOATS, ("D", "others")),
    "cells": (HALVES, ("D", "H")),
    "gates": (HALVES, ("D", len(GATES), "H")),
}


@dataclass(frozen=True)
class Episode:
    """What happened in one world from a reset to the end. T decisions and hence T + 1 frames.

    users: (T + 1, N) ROAD_USER; column 0 is the ego, column 1 the one whose signal has to be remembered.
    worlds: (T + 1,) WORLD.
    actions: (T, A) what the agent did after each frame: an Action, or acceleration and steering in -1..1.
    terms: (T, K) weighted reward terms of each decision.
    seed: of the world, if it is known; twins have the same.
    values: (T,) what the agent expected, if it told.
    probabilities: (T, choices) of each action, if it told.
    captions: (T, N - 1, intents) how likely it thought each intent of each road user but itself; all 0 for
        those about whom it has no opinion, because they have no choice.
    attention: (T, N - 1) how much it attended to each road user but itself, 0..1.
    cells: (T, H) float16, what its memory held after each frame: an LSTM's cell state, another memory's state.
    gates: (T, 3, H) float16, how far an LSTM's GATES were open, 0..1.
    """

    users: np.ndarray
    worlds: np.ndarray
    actions: np.ndarray
    terms: np.ndarray
    seed: int | None = None
    values: np.ndarray | None = None
    probabilities: np.ndarray | None = None
    captions: np.ndarray | None = None
    attention: np.ndarray | None = None
    cells: np.ndarray | None = None
    gates: np.ndarray | None = None

    @property
    def end(self) -> End:
        """How it ended."""
        return End(int(self.worlds["end"][-1]))


class Recorder:
    """Records one world of a simulator, from the frame in which it stands now.

    Call ``record`` after every ``simulator.step``; once the world's episode has ended it does nothing more.
    """

    def __init__(self, simulator: Simulator, w: int = 0, seed: int | None = None) -> None:
        self._simulator, self._w, self._seed = simulator, w, seed
        self._users, self._worlds = [simulator.users[w].copy()], [simulator.worlds[w].copy()]
        self._actions: list[np.ndarray] = []
        self._terms: list[np.ndarray] = []
        self._mind: dict[str, list[np.ndarray]] = {}

    def record(
        self,
        action: Any,
        value: float | None = None,
        probabilities: np.ndarray | None = None,
        captions: np.ndarray | None = None,
        attention: np.ndarray | None = None,
        cells: np.ndarray | None = None,
        gates: np.ndarray | None = None,
    ) -> None:
        """Record the decision that the simulator has just taken, and the mind behind it: always or never.

        Args:
            action: an Action, or (2,) acceleration and steering.
            value: what the agent expected before it acted.
            probabilities: (choices,) of each action before it acted.
            captions: (N - 1, intents) what it thought the others would do, as in Episode.
            attention: (N - 1,) how much it attended to the others.
            cells: (H,) what its memory held when it acted.
            gates: (3, H) how far an LSTM's GATES were open.
        """
        if self._worlds[-1]["end"] != End.RUNNING:
            return
        self._actions.append(np.array(action, np.float64).reshape(-1))
        self._users.append(self._simulator.users[self._w].copy())
        self._worlds.append(self._simulator.worlds[self._w].copy())
        self._terms.append(self._simulator.terms[self._w].copy())
        told = (value, probabilities, captions, attention, cells, gates)
        for name, array in zip(MIND, told, strict=True):
            if array is not None:
                self._mind.setdefault(name, []).append(_as_stored(name, array))

    def episode(self) -> Episode:
        """What has been recorded so far."""
        width = 1 if self._simulator.discrete else 2
        return Episode(
            np.stack(self._users),
            np.array(self._worlds, WORLD),
            np.array(self._actions).reshape(-1, width),
            np.array(self._terms).reshape(-1, len(TERMS)),
            self._seed,
            *(np.stack(self._mind[name]) if name in self._mind else None for name in MIND),
        )


def _as_stored(name: str, array: Any) -> np.ndarray:
    """A copy of one decision's share of an array of MIND; what float16 cannot hold becomes the largest that it can."""
    dtype = MIND[name][0]
    return (
        np.clip(np.asarray(array, np.float64), -MAX_HALF, MAX_HALF).astype(dtype)
        if dtype == HALVES
        else np.array(array, dtype)
    )
