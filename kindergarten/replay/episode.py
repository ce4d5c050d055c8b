"""Episodes: what happened in one world, and the recorder that notes it while a simulator runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from kindergarten.replay.thoughts import Thoughts
from kindergarten.world.codes import End
from kindergarten.world.reward import TERMS
from kindergarten.world.simulator import Simulator
from kindergarten.world.users import WORLD


@dataclass(frozen=True)
class Episode:
    """What happened in one world from a reset to the end. T decisions and hence T + 1 frames.

    users: (T + 1, N) ROAD_USER; column 0 is the ego, column 1 the one whose signal has to be remembered.
    worlds: (T + 1,) WORLD.
    actions: (T, A) what the agent did after each frame: an Action, or acceleration and steering in -1..1.
    terms: (T, K) weighted reward terms of each decision.
    seed: of the world, if it is known; twins have the same.
    thoughts: what the agent thought at each decision.
    """

    users: np.ndarray
    worlds: np.ndarray
    actions: np.ndarray
    terms: np.ndarray
    seed: int | None = None
    thoughts: Thoughts = Thoughts()

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
        self._thoughts: list[Thoughts] = []

    def record(self, action: Any, thoughts: Thoughts = Thoughts()) -> None:  # noqa: B008  # it is immutable
        """Record the decision that the simulator has just taken.

        Args:
            action: an Action, or (2,) acceleration and steering.
            thoughts: those behind it, of this world alone, in the order of the road users.
        """
        if self._worlds[-1]["end"] != End.RUNNING:
            return
        self._actions.append(np.array(action, np.float64).reshape(-1))
        self._users.append(self._simulator.users[self._w].copy())
        self._worlds.append(self._simulator.worlds[self._w].copy())
        self._terms.append(self._simulator.terms[self._w].copy())
        self._thoughts.append(thoughts)

    def episode(self) -> Episode:
        """What has been recorded so far."""
        width = 1 if self._simulator.discrete else 2
        return Episode(
            np.stack(self._users),
            np.array(self._worlds, WORLD),
            np.array(self._actions).reshape(-1, width),
            np.array(self._terms).reshape(-1, len(TERMS)),
            self._seed,
            Thoughts.stack(self._thoughts),
        )
