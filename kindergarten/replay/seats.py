"""Replays of a world with several agents: an episode for each seat, in which its agent is the ego.

So whoever shows replays shows all minds: the next episode is the next seat of the same world, its twins are the other
seats and the same seat with other goals, and everybody else's goal is hidden until it is asked for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from kindergarten.playground.drivers import Deed, truth
from kindergarten.playground.world import CONFIG, Playground
from kindergarten.replay.episode import Episode
from kindergarten.replay.replay import Replay
from kindergarten.replay.thoughts import SPECS, Thoughts
from kindergarten.world.codes import Action, End, Signal
from kindergarten.world.params import NEVER
from kindergarten.world.signals import phase
from kindergarten.world.visibility import look, occlude


class SeatsRecorder:
    """Records one world of a playground, from the frame in which it stands now.

    Call ``record`` after every ``playground.step``.

    Raises:
        ValueError: the playground is endless: one seat would be many drivers.
    """

    def __init__(self, playground: Playground, w: int = 0, seed: int | None = None) -> None:
        if playground.rules.endless:
            raise ValueError("endless worlds are not recorded: make the playground with endless=False")
        self._playground, self._w, self._seed = playground, w, seed
        self._frames: list[np.ndarray] = []
        self._drivers: list[np.ndarray] = []
        self._worlds: list[np.ndarray] = []
        self._decisions: list[tuple[np.ndarray, np.ndarray, Mapping[int, Thoughts]]] = []
        self._note()

    def record(self, deeds: Sequence[int] | np.ndarray, thoughts: Mapping[int, Thoughts] | None = None) -> None:
        """Record the decision that the playground has just taken.

        Args:
            deeds: (A,) Deed of each seat; lamps are seen, and so they are no actions of a replay.
            thoughts: those behind them, by seat, of this world alone; road users in the order of the seat's
                observation.
        """
        moved = np.where(np.asarray(deeds) < Deed.SIGNAL_LEFT, deeds, Action.IDLE)
        thoughts = {a: self._by_user(its) for a, its in (thoughts or {}).items()}
        self._decisions.append((moved, self._playground.terms[self._w].copy(), thoughts))
        self._note()

    def _note(self) -> None:
        users, drivers = self._playground.users[self._w].copy(), self._playground.drivers[self._w].copy()
        ending = np.flatnonzero((drivers["present"] == 1) & (drivers["end"] != End.RUNNING))
        if self._frames:  # who meets its end is seen doing so
            users["kind"][ending] = self._frames[-1]["kind"][ending]
        users["member"] = np.arange(len(users))
        self._frames.append(users)
        self._drivers.append(drivers)
        self._worlds.append(self._playground.worlds[self._w].copy())

    def episodes(self) -> list[Episode]:
        """One for each seat in which an agent sits, up to its own end."""
        frames = _told(np.stack(self._frames), np.stack(self._drivers), np.array(self._worlds)["tick"])
        return [self._of(a, frames) for a in range(self._playground.agents) if self._drivers[0][a]["present"]]

    def _of(self, a: int, frames: np.ndarray) -> Episode:
        """The episode of seat ``a``: its row the first, the other seats as it sees them, and whoever is scripted."""
        agents, drivers = self._playground.agents, np.stack(self._drivers)[:, a]
        length = int(drivers["present"].sum())
        order = [*((a + turn) % agents for turn in range(agents)), *range(agents, frames.shape[1])]
        users, worlds, drivers = frames[:length, order].copy(), np.array(self._worlds)[:length], drivers[:length]
        users["member"] = np.arange(len(order))
        road, params = self._playground.road, self._playground.params[worlds[0]["cast"]]
        for row in users:
            look(row, 0, road.fog, params["sight"])
            if params["occlusion"] == 1:
                occlude(row, 0, road.buildings)
        for name in ("end", "hands_on", "target_speed", "target_offset", "time_limit"):
            worlds[name] = drivers[name]
        decisions = self._decisions[: length - 1]
        return Episode(
            users,
            worlds,
            np.array([[moved[a]] for moved, _, _ in decisions], np.float64).reshape(-1, 1),
            np.array([terms[a] for _, terms, _ in decisions]).reshape(-1, self._playground.terms.shape[-1]),
            self._seed,
            Thoughts.stack([thoughts[a] for _, _, thoughts in decisions if a in thoughts]),
        )

    def _by_user(self, thoughts: Thoughts) -> Thoughts:
        """In the order of the road users: of whoever is scripted, the observation began with those of its leg."""
        near, first = self._playground.agents - 1, int(self._worlds[-1]["signaller"]) - 1

        def ordered(name: str, array: np.ndarray) -> np.ndarray:
            if not SPECS[name].by_user:
                return array
            return np.concatenate([array[:near], np.roll(array[near:], first, axis=0)])

        return thoughts.map(ordered)


def _told(frames: np.ndarray, drivers: np.ndarray, ticks: np.ndarray) -> np.ndarray:
    """Frames (T, N) that say of each agent when its lamp was on first and last, what it showed last, and its t3.

    Lamps count until t3: what is shown once the way shows tells nobody anything.
    """
    frames = frames.copy()
    for a in np.flatnonzero(drivers[0]["present"]):
        user = frames[:, a]
        reveal = int(user["reveal"].min())
        user["t3"] = reveal if 0 < reveal < NEVER else max(int(user["t3"][0]), int(ticks[-1]) + 1)
        user["reveal"] = user["t3"]
        on = np.flatnonzero((user["signal"] != Signal.NONE) & (ticks < user["t3"]))
        user["t1"] = ticks[on[0]] if len(on) else user["t3"]
        user["t2"] = min(int(ticks[on[-1]]) + CONFIG.substeps, int(user["t3"][0])) if len(on) else user["t3"]
        user["cue_signal"] = user["signal"][on[-1]] if len(on) else Signal.NONE
        user["truthful"] = int(user["cue_signal"][0]) == truth(user[0])
        user["phase"] = [phase(row, tick) for row, tick in zip(user, ticks, strict=True)]
    return frames


def replay_of(playground: Playground, episodes: Sequence[Episode], agent: str = "") -> Replay:
    """A replay of episodes that were recorded from ``playground``."""
    return Replay(
        scenario=playground.scenario.name,
        road=playground.road,
        episodes=tuple(episodes),
        physics_step=CONFIG.physics_step,
        substeps=CONFIG.substeps,
        agent=agent,
    )
