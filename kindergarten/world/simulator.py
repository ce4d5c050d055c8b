"""The simulator: many worlds in two structured arrays, stepped by one compiled loop.

The core never resets by itself: a world whose episode has ended stands still until ``reset``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from kindergarten.world import observation, params
from kindergarten.world.codes import Control, End, Intent, Kind, names
from kindergarten.world.config import Config, Scenario
from kindergarten.world.dynamics import choose, move_ego
from kindergarten.world.geometry import distance_to_box, overlap
from kindergarten.world.jit import Direct, njit
from kindergarten.world.kinds import Whole, array_of
from kindergarten.world.limits import Limits
from kindergarten.world.observation import observe_users, write_ego
from kindergarten.world.params import NEVER
from kindergarten.world.reward import (
    NUM_TERMS,
    PASSING_DISTANCE,
    add_end_terms,
    add_step_terms,
)
from kindergarten.world.rng import seed_generator
from kindergarten.world.road import locate
from kindergarten.world.scene import dismiss, draw_cast, leg_limit, next_leg, sample_world
from kindergarten.world.signals import phase, shown
from kindergarten.world.traffic import advance, drive
from kindergarten.world.users import ROAD_USER, TRUCK_LENGTH, TRUCK_WIDTH, WORLD
from kindergarten.world.visibility import look, occlude
from kindergarten.world.words import quoted

NOBODY, CYCLIST, DISCRETE = int(Kind.NOBODY), int(Kind.CYCLIST), int(Control.DISCRETE)
RUNNING, GOAL, WRONG_WAY = int(End.RUNNING), int(End.GOAL), int(End.WRONG_WAY)
AGENTS = 1  # of the cast: the ego alone
#: [m] between centres: two trucks that touch are nearer, and so is a cyclist who is passed too close.
CONTACT_RANGE = math.hypot(TRUCK_LENGTH, TRUCK_WIDTH)
COLLISION, OFF_ROAD, TIME_LIMIT = int(End.COLLISION), int(End.OFF_ROAD), int(End.TIME_LIMIT)


@njit
def contacts(users, me):
    """Whether ``users[me]`` touches anybody, and whether a cyclist is nearer to it than PASSING_DISTANCE."""
    ego = users[me]
    x, y, touched, close = ego["x"], ego["y"], False, False
    for i in range(len(users)):
        other = users[i]
        dx, dy = other["x"] - x, other["y"] - y
        if i == me or dx * dx + dy * dy > CONTACT_RANGE * CONTACT_RANGE or other["kind"] == NOBODY:
            continue
        touched = touched or overlap(ego, other)
        if other["kind"] == CYCLIST:
            gap = distance_to_box(ego, other["x"], other["y"]) - 0.5 * other["width"]
            close = close or gap < PASSING_DISTANCE
    return touched, close


@njit
def end_of(world, users, me, touched, time_limit, params):
    """How the episode of ``users[me]`` stands after a physics step: an End. ``time_limit``: [physics steps]."""
    ego = users[me]
    if touched:
        return COLLISION
    if ego["s"] >= params["goal_at"] and world["leg"] + 1 == params["legs"]:
        right = params["follow"] == 0 or ego["intent"] == users[world["signaller"]]["intent"]
        return GOAL if right else WRONG_WAY
    if abs(ego["offset"]) > params["off_road"]:
        return OFF_ROAD
    if world["tick"] >= time_limit:
        return TIME_LIMIT
    return RUNNING


@njit
def step_world(world, users, road, casts, params, action, terms):
    """One decision of one world: decide, move, collide, reward, end. ``action`` is a pair, as ``move_ego`` has it."""
    driven = world["tick"] >= world["hands_on"]
    if params["held"] > 1:
        dismiss(world, users)
    if driven and params["control"] == DISCRETE:
        choose(world, users[0], int(action[0]), road.entry, params)
    time_limit = min(world["time_limit"], leg_limit(world, users, params))
    for done in range(1, params["substeps"] + 1):
        drive(users, AGENTS, road.pairs, road.fork, road.entry, world["tick"])
        way = move_ego(world, users[0], action, driven, road.points, road.entry, params)
        advance(users, AGENTS, road.points, road.length, road.entry, world["tick"], params["dt"])
        world["tick"] += 1
        touched, close = contacts(users, 0)
        add_step_terms(terms, users[0], driven, way, close, params["dt"])
        world["end"] = end_of(world, users, 0, touched, time_limit, params)
        if world["end"] != RUNNING:
            add_end_terms(terms, world["end"])
            return
        if users[0]["s"] >= params["goal_at"]:
            if params["max_ticks"] < NEVER:  # whole decisions are counted: the rest of this one goes by as well
                world["time_limit"] -= params["substeps"] - done
            if world["tick"] >= world["time_limit"]:
                world["end"] = TIME_LIMIT
            else:
                next_leg(world, users, road, casts, params)
            return  # a decision belongs to one leg


@njit
def signal_and_see(world, users, road, params):
    """Set what this frame shows: everybody's signal and phase, and who is in sight."""
    for i in range(1, len(users)):
        users[i]["signal"] = shown(users[i], world["tick"], params["dt"], params["rewritten"])
        users[i]["phase"] = phase(users[i], world["tick"])
    look(users, 0, road.fog, params["sight"])
    if params["occlusion"] == 1:
        occlude(users, 0, road.buildings)
    if params["control"] != DISCRETE and world["tick"] >= world["hands_on"]:  # until then it cruises by its targets
        world["target_speed"], world["target_offset"] = users[0]["speed"], users[0]["offset"]


@njit
def observe_world(world, users, road, params, row):
    """Write what the agent sees of this frame into ``row``; changes nothing else."""
    _, _, cos, sin = locate(road.points, users[0]["route"], users[0]["s"])
    drift = users[0]["sin"] * cos - users[0]["cos"] * sin
    write_ego(row, 0, world, users[0], road.entry, drift)
    observe_users(row, users, 1 if params["shuffled"] == 1 else world["signaller"])


@njit
def step_batch(worlds, users, road, casts, params, actions, out):
    """Step every world that is still running; the rows of the others are observed as they stand.

    Returns the first row of ``actions`` that is out of range, or else -1; if there is one, nothing has changed.
    """
    low, high = (0.0, 4.0) if params[0]["control"] == DISCRETE else (-1.0, 1.0)
    for w in range(len(actions)):
        for k in range(actions.shape[1]):
            if not low <= actions[w, k] <= high:  # NaN is in no range
                return w
    for w in range(len(worlds)):
        terms = out.terms[w]
        terms[:] = 0.0
        if worlds[w]["end"] == RUNNING:
            action = actions[w, 0], actions[w, -1]
            step_world(worlds[w], users[w], road, casts, params[worlds[w]["cast"]], action, terms)
        reward = 0.0
        for k in range(len(terms)):
            terms[k] *= params[worlds[w]["cast"]]["weights"][k]
            reward += terms[k]
        out.rewards[w] = reward
        out.terminated[w] = worlds[w]["end"] != RUNNING and worlds[w]["end"] != TIME_LIMIT
        out.truncated[w] = worlds[w]["end"] == TIME_LIMIT
        signal_and_see(worlds[w], users[w], road, params[worlds[w]["cast"]])
        observe_world(worlds[w], users[w], road, params[worlds[w]["cast"]], out.observations[w])
    return -1


@njit
def reset_batch(worlds, users, road, casts, params, mask, intents, observations):
    """Sample the worlds in ``mask`` (W,) anew and observe them."""
    for w in range(len(worlds)):
        if mask[w]:
            draw_cast(worlds[w], len(casts))
            sample_world(worlds[w], users[w], road, casts, params[worlds[w]["cast"]], intents[w])
            signal_and_see(worlds[w], users[w], road, params[worlds[w]["cast"]])
            observe_world(worlds[w], users[w], road, params[worlds[w]["cast"]], observations[w])


@njit
def observe_batch(worlds, users, road, params, observations):
    """Observe every world."""
    for w in range(len(worlds)):
        observe_world(worlds[w], users[w], road, params[worlds[w]["cast"]], observations[w])


@njit
def seed_batch(worlds, mask, seeds):
    """Start the generators of the worlds in ``mask`` from ``seeds`` (W,) uint64."""
    for w in range(len(worlds)):
        if mask[w]:
            seed_generator(worlds[w], seeds[w])


step_directly = Direct(step_batch)


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
    """Copies of a simulator's two arrays; exact."""

    worlds: np.ndarray
    users: np.ndarray


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
        self.observation_low, self.observation_high = observation.bounds(self.num_users)
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
        return Snapshot(self.worlds.copy(), self.users.copy())

    def restore(self, snapshot: Snapshot) -> None:
        """Continue from ``snapshot``, bit for bit.

        Raises:
            ValueError: it is no snapshot of these worlds; nothing has changed.
        """
        self.check(snapshot)
        self.worlds[:], self.users[:] = snapshot.worlds, snapshot.users

    @property
    def limits(self) -> Limits:
        """What the numbers of these worlds may be."""
        return Limits(self.num_users, len(self.road.points), self.scenario.road.legs, len(self.casts))

    def check(self, snapshot: Snapshot) -> None:
        """See that ``snapshot`` is one of these worlds.

        Raises:
            ValueError: it is not; the message says in what respect.
        """
        for mine, theirs in zip((self.worlds, self.users), snapshot, strict=True):
            if (theirs.shape, theirs.dtype) != (mine.shape, mine.dtype):
                raise ValueError(f"this is no snapshot of these worlds: {theirs.shape} rows and not {mine.shape}")
        if problem := self.limits.problem(*snapshot):
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
