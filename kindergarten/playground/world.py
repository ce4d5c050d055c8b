"""The playground: many worlds, in each of them several agents with a goal that nobody else knows."""

from __future__ import annotations

from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from kindergarten.playground.drivers import BROKEN, DRIVER, GUIDED, RULES, Deed
from kindergarten.playground.many import reset_many, step_many
from kindergarten.playground.rules import Rules
from kindergarten.playground.sight import columns_of_seat
from kindergarten.world.codes import End, Intent, Kind, Signal, names
from kindergarten.world.config import Config, Scenario
from kindergarten.world.limits import ANY, FLAG, POSITIVE, SHARE, Interval, codes, outside
from kindergarten.world.observation import bounds
from kindergarten.world.origin import UNTOLD, check_origin, origin_of
from kindergarten.world.params import NEVER
from kindergarten.world.reward import NUM_TERMS
from kindergarten.world.simulator import Simulator, Snapshot

#: The time between t2 and t3 is nobody's here: agents speak when they like, and humans until they turn.
CONFIG = Config(hands_on=True, delay_s=(0.0, 0.0))
#: The least and the most of each field of DRIVER, as ``world.limits`` has those of a road user.
DRIVER_FIELDS: dict[str, Interval] = {
    **{"present": FLAG, "end": codes(End), "lamp": codes(Signal), "works": (BROKEN, GUIDED), "social": SHARE},
    **{"tick": POSITIVE, "hands_on": ANY, "born": ANY, "time_limit": ANY, "lamp_since": ANY},
    **{"target_speed": POSITIVE, "target_offset": ANY, "way": ANY},
}


class Moment(NamedTuple):
    """What a step returns, all of it fresh.

    observations: (W, A, D) float32. rewards: (W, A). terminated, truncated: (W, A) bool, of episodes that end now.
    terms: (W, A, NUM_TERMS) weighted.
    """

    observations: np.ndarray
    rewards: np.ndarray
    terminated: np.ndarray
    truncated: np.ndarray
    terms: np.ndarray


class PlaygroundSnapshot(NamedTuple):
    """Copies of a playground's arrays; exact. ``origin`` says what they are of."""

    worlds: np.ndarray
    users: np.ndarray
    drivers: np.ndarray
    origin: np.ndarray = UNTOLD


class Playground:
    """W worlds of a scenario with A seats: the members of its cast that learn.

    Attributes:
        worlds: (W,) WORLD. users: (W, N) ROAD_USER, the first A columns the seats. drivers: (W, A) DRIVER.
        road, params, casts: as the simulator has them.
        terms: (W, A, NUM_TERMS) weighted reward terms of the last step.
    """

    def __init__(self, scenario: Scenario, num_worlds: int = 1, rules: Rules | None = None) -> None:
        seats = [[member.learns for member in cast] for cast in scenario.casts]
        self.agents = sum(seats[0])
        if self.agents < 1 or any(row != sorted(row, reverse=True) or sum(row) != self.agents for row in seats):
            raise ValueError(
                f"{scenario.name} has no seats for agents: the first members of a cast learn, as many in each"
            )
        self.rules = rules or Rules()
        if (self.agents > 1 or self.rules.endless) and scenario.road.legs > 1:
            raise ValueError(
                f"{scenario.name} has {scenario.road.legs} junctions: several agents, and endless worlds, have one"
            )
        self._core = Simulator(scenario, num_worlds, CONFIG)
        self.scenario, self.num_worlds, self.num_users = scenario, num_worlds, scenario.num_users
        self.worlds, self.users = self._core.worlds, self._core.users
        self.road, self.params, self.casts = self._core.road, self._core.params, self._core.casts
        self.drivers = np.zeros((num_worlds, self.agents), DRIVER)
        self.terms = np.zeros((num_worlds, self.agents, NUM_TERMS))
        self.observation_low, self.observation_high = bounds(columns_of_seat(self.num_users))
        self._rules = np.array([tuple(getattr(self.rules, name) for name in RULES.names or ())], RULES)
        self._as_drawn = np.full((num_worlds, self.num_users - 1), -1)

    @property
    def arrays(self) -> tuple[Any, ...]:
        """What kernels take first: worlds, users, drivers, road, params, casts, rules."""
        return self.worlds, self.users, self.drivers, self.road, self.params, self.casts, self._rules

    def seed(self, seeds: np.ndarray) -> None:
        """Start the generators from ``seeds`` (W,), whole numbers >= 0."""
        self._core.seed(seeds)

    def reset(self, mask: np.ndarray | None = None, goals: np.ndarray | None = None) -> np.ndarray:
        """Sample new scenes: observations (W, A, D), zero where none was sampled or no agent sits.

        Args:
            mask: (W,) bool, which worlds; all if left out.
            goals: (W, A) Intent of each seat, -1 where what was drawn shall stay. Nothing else changes: twins.
        """
        shape = (self.num_worlds, self.agents)
        mask = np.ones(self.num_worlds, bool) if mask is None else mask
        goals = np.full(shape, -1) if goals is None else np.asarray(goals, np.int64).reshape(shape)
        observations = np.zeros((*shape, len(self.observation_low)), np.float32)
        reset_many(*self.arrays, mask, self._as_drawn, goals, observations)
        self.terms = np.where(mask[:, None, None], 0.0, self.terms)
        return observations

    def step(self, deeds: np.ndarray) -> Moment:
        """Take one decision in every world; deeds (W, A) Deed, read where an agent drives on (``acting``).

        Raises:
            ValueError: the deeds have the wrong shape or type, or one is none; nothing has changed.
        """
        rows, shape = np.asarray(deeds), (self.num_worlds, self.agents)
        if rows.shape != shape or rows.dtype.kind not in "iu":
            raise ValueError(f"actions are {rows.shape} of {rows.dtype}: whole numbers {shape} are needed")
        wrong = rows[self.acting() & ((rows < 0) | (rows >= len(Deed)))]
        if len(wrong):
            raise ValueError(f"action {wrong[0]} is not within 0..{len(Deed) - 1}")
        out = Moment(
            np.empty((*shape, len(self.observation_low)), np.float32),
            np.empty(shape),
            np.empty(shape, np.bool_),
            np.empty(shape, np.bool_),
            np.empty((*shape, NUM_TERMS)),
        )
        step_many(*self.arrays, rows.astype(np.int64), out)
        self.terms = out.terms
        return out

    def set_honest(self, share: float) -> None:
        """Set honestly the lamps of so many of all agents to come; see ``Rules.honest``."""
        self._rules["honest"] = share

    def acting(self) -> np.ndarray:
        """(W, A) bool, in which seats agents drive on."""
        return (self.drivers["present"] == 1) & (self.drivers["end"] == End.RUNNING)

    def goals(self) -> np.ndarray:
        """(W, A) Intent of the seats."""
        return self.users["intent"][:, : self.agents].copy()

    def choices(self, seat: int) -> list[str]:
        """The names of the goals that ``seat`` may have."""
        return [names(Intent)[k] for k in Intent if (self.casts[:, seat]["routes"][:, k] >= 0).any()]

    def driven(self) -> np.ndarray:
        """(W * A,) bool, ``acting`` seat by seat."""
        return self.acting().ravel()

    def fresh(self) -> np.ndarray:
        """(W * A,) bool, for which seats this is the first frame of an episode."""
        return (self.acting() & (self.drivers["born"] == self.worlds["tick"][:, None])).ravel()

    def labels(self) -> np.ndarray:
        """(W * A, A - 1) the goals of the other seats, in the order of each seat's observation.

        -1 of who is gone, and for whom no agent drives on. For training: nobody is told.
        """
        here = self.users["kind"][:, : self.agents] != Kind.NOBODY
        goals = np.where(here, self.users["intent"][:, : self.agents], -1)
        others = (np.arange(self.agents)[:, None] + np.arange(1, self.agents)) % self.agents  # (A, A - 1)
        asked = np.where(self.acting()[..., None], goals[:, others], -1)
        return asked.reshape(self.num_worlds * self.agents, -1)

    def snapshot(self) -> PlaygroundSnapshot:
        """Everything that changes."""
        return PlaygroundSnapshot(self.worlds.copy(), self.users.copy(), self.drivers.copy(), self.origin)

    def restore(self, snapshot: PlaygroundSnapshot) -> None:
        """Continue from ``snapshot``, bit for bit.

        Raises:
            ValueError: it is no snapshot of these worlds; nothing has changed.
        """
        self.check(snapshot)
        self.worlds[:], self.users[:], self.drivers[:] = snapshot.worlds, snapshot.users, snapshot.drivers

    @cached_property
    def origin(self) -> np.ndarray:
        """What these worlds are of, as they were made; see ``world.origin``."""
        return origin_of(self.scenario, self.rules)

    def check(self, snapshot: PlaygroundSnapshot) -> None:
        """See that ``snapshot`` is one of these worlds.

        Raises:
            ValueError: it is not; the message says in what respect.
        """
        check_origin(self.origin, snapshot.origin.tobytes())
        users, drivers = snapshot.users, snapshot.drivers
        for mine, theirs in ((self.users, users), (self.drivers, drivers)):
            if (theirs.shape, theirs.dtype) != (mine.shape, mine.dtype):
                raise ValueError(f"this is no snapshot of these worlds: {theirs.shape} rows and not {mine.shape}")
        if wrong := outside(drivers, DRIVER_FIELDS):
            raise ValueError(f"this is no snapshot of these worlds: of a seat {wrong}")
        users = users.copy()
        seats = users[:, : self.agents]  # humans' members are above all others'
        seats["member"] -= np.where(seats["member"] >= self.num_users, self.num_users, 0)
        seats["reveal"][seats["reveal"] == NEVER] = 0  # of an agent's way nobody knows when it shows
        self._core.check(Snapshot(snapshot.worlds, users))
