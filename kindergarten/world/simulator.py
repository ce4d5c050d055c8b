"""The simulator: many worlds in two structured arrays, stepped by one compiled loop.

The core never resets by itself: a world whose episode has ended stands still until ``reset``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from typing import NamedTuple

import numpy as np

from kindergarten.world import observation, params
from kindergarten.world.codes import Control, Intent, names
from kindergarten.world.config import Config, Scenario
from kindergarten.world.kinds import Whole, array_of
from kindergarten.world.limits import Limits
from kindergarten.world.origin import UNTOLD, check_origin, origin_of
from kindergarten.world.reward import NUM_TERMS
from kindergarten.world.step import observe_batch, reset_batch, seed_batch, step_directly
from kindergarten.world.users import ROAD_USER, WORLD
from kindergarten.world.words import quoted

LOOKS = ("observation", "image_size", "grayscale")  # settings that make no other worlds, but show them otherwise


class Step(NamedTuple):
    """What a step returns, all of it fresh.

    observations: (W, D) float32. rewards: (W,). terminated, truncated: (W,) bool.
    terms: (W, NUM_TERMS) weighted reward terms; a reward is their sum.
    """

    observations: np.ndarray
    rewards: np.ndarray
    terminated: np.ndarray
    truncated: np.ndarray
    terms: np.ndarray


class Snapshot(NamedTuple):
    """Copies of a simulator's two arrays; exact. ``origin`` says what they are of."""

    worlds: np.ndarray
    users: np.ndarray
    origin: np.ndarray = UNTOLD


class Simulator:
    """W worlds of one scenario.

    Attributes:
        worlds: (W,) structured array WORLD.
        users: (W, N) structured array ROAD_USER; column 0 is the ego.
        road: the RoadMap.
        terms: (W, NUM_TERMS) weighted reward terms of the last step; zero in worlds that were reset since.
    """

    def __init__(self, scenario: Scenario, num_worlds: int = 1, config: Config | None = None) -> None:
        num_worlds = Whole(1).settle("num_worlds", num_worlds)
        self.scenario, self.config = scenario, config or Config()
        self.num_worlds, self.num_users = num_worlds, scenario.num_users
        self.road = params.road_of(scenario, self.config)
        self.casts = params.members_of(scenario, self.road)
        self.params = params.params_of(scenario, self.config, self.road)
        self.worlds = np.zeros(num_worlds, WORLD)
        self.users = np.zeros((num_worlds, self.num_users), ROAD_USER)
        self.terms = np.zeros((num_worlds, NUM_TERMS))
        self.observation_low, self.observation_high = observation.bounds(observation.columns(self.num_users))
        self.discrete = self.config.control is Control.DISCRETE
        self._arrays = self.worlds, self.users, self.road, self.casts, self.params
        self._actions = ((num_worlds,), "iu") if self.discrete else ((num_worlds, 2), "iuf")  # their shape and kind
        self._as_drawn = np.full((num_worlds, self.num_users - 1), -1)
        self._everywhere = np.ones(num_worlds, bool)
        self.seed(np.arange(num_worlds))

    def seed(self, seeds: np.ndarray, mask: np.ndarray | None = None) -> None:
        """Start the generators from ``seeds`` (W,), whole numbers >= 0; those in ``mask`` (W,) bool or all."""
        mask = self._everywhere if mask is None else mask
        seed_batch(self.worlds, mask, np.asarray(seeds).astype(np.uint64))

    def reset(self, mask: np.ndarray | None = None, intents: np.ndarray | None = None) -> np.ndarray:
        """Sample new scenes.

        Args:
            mask: (W,) bool, which worlds; all if left out.
            intents: (W, N - 1) Intent per road user but the ego, -1 where what was drawn shall stay.

        Returns:
            Observations (W, D) float32, fresh; zero in the rows that were not reset.
        """
        observations = np.zeros((self.num_worlds, len(self.observation_low)), np.float32)
        mask = self._everywhere if mask is None else mask
        intents = self._as_drawn if intents is None else intents
        reset_batch(self.worlds, self.users, self.road, self.casts, self.params, mask, intents, observations)
        self.terms = np.where(mask[:, None], 0.0, self.terms)  # a new array: whoever has the old one keeps it
        return observations

    def set_delay(self, low: float, high: float) -> None:
        """Draw the delays of all scenes to come between ``low`` and ``high`` [s].

        Raises:
            ValueError: that is longer than what the worlds were made for: their roads end there.
        """
        if not 0.0 <= low <= high <= self.config.delay_s[1]:
            raise ValueError(f"delay {low:g}..{high:g} s: it must be within 0..{self.config.delay_s[1]:g} s")
        self.params["delay"] = low, high  # of every cast

    def step(self, actions: np.ndarray) -> Step:
        """Take one decision in every world that is still running.

        Args:
            actions: (W,) Action under discrete control, (W, 2) acceleration and steering under continuous.

        Raises:
            ValueError: the actions have the wrong shape or type, are not numbers, or out of range.
        """
        rows, size = self._rows(actions), self.num_worlds
        out = Step(
            np.empty((size, len(self.observation_low)), np.float32),
            np.empty(size),
            np.empty(size, np.bool_),
            np.empty(size, np.bool_),
            np.empty((size, NUM_TERMS)),
        )
        wrong = step_directly(*self._arrays, rows, out)
        if wrong >= 0:
            low, high = (0, 4) if self.discrete else (-1, 1)
            value = next(value for value in rows[wrong].tolist() if not low <= value <= high)
            raise ValueError(f"action {value:.17g} is not within {low}..{high}")
        self.terms = out.terms
        return out

    def _rows(self, actions: np.ndarray) -> np.ndarray:
        """``actions`` as rows (W, 1) or (W, 2) of float64, if they are what this control takes."""
        array = array_of("actions are", actions)
        shape, kinds = self._actions
        if array.shape != shape:
            raise ValueError(f"actions have shape {array.shape}: {self.num_worlds} worlds take {shape}")
        if array.dtype.kind not in kinds:
            needed = "whole numbers" if self.discrete else "floats"
            raise ValueError(f"action {quoted(array.ravel()[:1].tolist()[0])} is {array.dtype}: {needed} are needed")
        return array.astype(np.float64, order="C").reshape(self.num_worlds, -1)

    def parse_intents(self, wanted: Sequence[str | None]) -> np.ndarray:
        """Intents (N - 1,) for ``reset`` from names: None, or a list that is too short, keeps what was drawn.

        So does an intent that the road user has in other worlds only; see ``choices``.

        Raises:
            ValueError: too many names, or an intent that the road user has in no world.
        """
        if not isinstance(wanted, (list, tuple)) or len(wanted) > self.num_users - 1:
            raise ValueError(f"intents is {quoted(wanted)}: give a list of at most {self.num_users - 1} names")
        row = np.full(self.num_users - 1, -1)
        for i, name in enumerate(wanted):
            choices = self.choices(i + 1)
            if name is not None and name not in choices:
                raise ValueError(f"road user {i + 1} has no intent {quoted(name)}: choose from {', '.join(choices)}")
            if name is not None:
                row[i] = names(Intent).index(name)
        return row

    def choices(self, row: int) -> list[str]:
        """The names of the intents that the road user in ``row`` may have, in some world at least."""
        members = self.casts[:, 1:] if self.config.shuffled else self.casts[:, row : row + 1]
        return [names(Intent)[k] for k in Intent if (members["routes"][:, :, k] >= 0).any()]

    def snapshot(self) -> Snapshot:
        """A copy of everything that changes."""
        return Snapshot(self.worlds.copy(), self.users.copy(), self.origin)

    def restore(self, snapshot: Snapshot) -> None:
        """Continue from ``snapshot``, bit for bit.

        Raises:
            ValueError: it is no snapshot of these worlds; nothing has changed.
        """
        self.check(snapshot)
        self.worlds[:], self.users[:] = snapshot.worlds, snapshot.users

    @cached_property
    def origin(self) -> np.ndarray:
        """What these worlds are of, as they were made; see ``world.origin``."""
        shown = {name: getattr(Config(), name) for name in LOOKS}
        return origin_of(self.scenario, replace(self.config, **shown))

    @property
    def limits(self) -> Limits:
        """What the numbers of these worlds may be."""
        return Limits(self.num_users, len(self.road.points), self.scenario.road.legs, len(self.casts))

    def check(self, snapshot: Snapshot) -> None:
        """See that ``snapshot`` is one of these worlds.

        Raises:
            ValueError: it is not; the message says in what respect.
        """
        check_origin(self.origin, snapshot.origin.tobytes())
        for mine, theirs in ((self.worlds, snapshot.worlds), (self.users, snapshot.users)):
            if (theirs.shape, theirs.dtype) != (mine.shape, mine.dtype):
                raise ValueError(f"this is no snapshot of these worlds: {theirs.shape} rows and not {mine.shape}")
        if problem := self.limits.problem(snapshot.worlds, snapshot.users):
            raise ValueError(f"this is no snapshot of these worlds: {problem}")

    def order(self) -> np.ndarray:
        """Which road user, by its column in ``users``, each row of the observation shows: (W, N - 1).

        Those of the leg that comes next are the first, unless their order is random.
        """
        others = self.num_users - 1
        first = np.ones(self.num_worlds, int) if self.config.shuffled else self.worlds["signaller"]
        return 1 + (first[:, None] - 1 + np.arange(others)) % others

    def choosing(self) -> np.ndarray:
        """Whose intent is open: (W, N - 1), of those who have a choice and belong to the ego's leg."""
        others = self.users[:, 1:]
        return (others["choices"] > 1) & (others["leg"] == self.worlds["leg"][:, None])

    def possible(self) -> np.ndarray:
        """What each road user may do, as far as its intent is open: (W, N - 1, intents) bool."""
        members = self.casts[self.worlds["cast"][:, None], self.users["member"][:, 1:]]
        return (members["routes"] >= 0) & self.choosing()[:, :, None]

    def driven(self) -> np.ndarray:
        """(W,) bool, whether the agent's next decision has any effect: not while the car cruises by itself."""
        return self.worlds["tick"] >= self.worlds["hands_on"]

    def labels(self) -> np.ndarray:
        """The true Intent (W, N - 1) of the road users, in the order of the observation's rows.

        -1 for those who have no choice, or belong to another leg.
        """
        intents = np.where(self.choosing(), self.users["intent"][:, 1:], -1)
        return np.take_along_axis(intents, self.order() - 1, axis=1)

    def signallers(self) -> np.ndarray:
        """The road users (W,), ROAD_USER, whose intent has to be remembered on the leg on which each world is."""
        return self.users[np.arange(self.num_worlds), self.worlds["signaller"]]

    def by_user(self, rows: np.ndarray) -> np.ndarray:
        """What belongs to the observation's rows (W, N - 1, ...), put in the order of the road users."""
        places = self.order().argsort(axis=1)
        return np.take_along_axis(rows, places.reshape(*places.shape, *(1,) * (rows.ndim - 2)), axis=1)

    def observe(self) -> np.ndarray:
        """Observations (W, D) of the worlds as they stand; draws nothing and moves nobody."""
        observations = np.empty((self.num_worlds, len(self.observation_low)), np.float32)
        observe_batch(self.worlds, self.users, self.road, self.params, observations)
        return observations
