"""What a driver can do at most: a search over every action at every decision, from snapshots, in one world's twins.

It knows nothing of the planner's plans. Cars that stand nearly at the same place, nearly as fast, count as one, and the
better of them is kept: so it does not find all, but what it finds was really driven.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from kindergarten.scoring.planner import (
    NEVER,
    chances,
    follow_plan,
    outcomes,
    plans_of,
    return_of,
    telling,
    to_next_leg,
    twins,
)
from kindergarten.world.codes import Action, Control, End
from kindergarten.world.config import Config, Scenario
from kindergarten.world.dynamics import steering_towards
from kindergarten.world.jit import njit
from kindergarten.world.reward import NUM_TERMS
from kindergarten.world.step import step_world
from kindergarten.world.users import MAX_STEERING

CONTINUOUS = int(Control.CONTINUOUS)
CELL = 0.1, 0.25  # [m], [m/s] of what counts as one; more, where there would be too many
LONGEST = 80  # [physics steps] after a frame has told; from then on at full speed
TRIED = 5  # leaves of the first search from which the second one goes on


class Nodes(NamedTuple):
    """worlds (n, ...), users (n, ..., N) and what was earned on the way to them (n, ...)."""

    worlds: np.ndarray
    users: np.ndarray
    earned: np.ndarray

    def some(self, rows: np.ndarray) -> Nodes:
        """Some of them."""
        return Nodes(*(array[rows] for array in self))


@njit
def act(worlds, users, road, casts, params, actions, terms, earned):
    """Take action ``k % len(actions)`` in world k: an Action, or pedal and place aside."""
    for k in range(len(worlds)):
        rules, terms[:] = params[worlds[k]["cast"]], 0.0
        first, second = actions[k % len(actions), 0], actions[k % len(actions), 1]
        if rules["control"] == CONTINUOUS:
            second = min(max(steering_towards(users[k, 0], road.points, second) / MAX_STEERING, -1.0), 1.0)
        step_world(worlds[k], users[k], road, casts, rules, (first, second), terms)
        earned[k] += return_of(terms, rules)


@njit
def go(worlds, users, road, casts, params, terms, earned):
    """Drive each world to the end of its leg at full speed."""
    for k in range(len(worlds)):
        rules, terms[:] = params[worlds[k]["cast"]], 0.0
        side = worlds[k]["target_offset"] if rules["side_step"] > 0.0 else float(users[k, 0]["intent"])
        follow_plan(worlds[k], users[k], road, casts, rules, rules["max_speed"], side, NEVER, terms)
        earned[k] += return_of(terms, rules)


class RawSearch:
    """The twins of one seed, on the last leg.

    planned: oracle, blind and worst answer by the planner. found: oracle and blind by this search, or better.
    """

    def __init__(self, scenario: Scenario, seed: int, control: Control, most: int) -> None:
        self.leg, self.most = scenario.road.legs - 1, most
        family = twins(scenario, Config(), np.array([seed]), self.leg)
        for _ in range(self.leg):
            to_next_leg(family, plans_of(scenario))
        self.told, self.weights = int(telling(family)[0]), chances(family, self.leg)[:, 0]
        self.possible = np.flatnonzero(self.weights)
        self.road, self.casts, self.plain, self.terms = family.road, family.casts, family.params, np.zeros(NUM_TERMS)
        self.params, self.discrete = self.plain.copy(), control == Control.DISCRETE
        self.params["control"] = int(control)
        self.actions = self._actions(scenario)
        returns, _ = outcomes(family, plans_of(scenario))
        flat = returns.reshape(len(returns), -1)
        worst = flat[self.possible][:, flat[self.possible].argmax(1)].min()
        blind = (self.weights @ returns.max(2)).max()
        self.planned = float(self.weights @ flat.max(1)), float(blind), float(worst)
        oracle, blind = self._search(Nodes(family.worlds[None], family.users[None], np.zeros((1, len(returns)))))
        self.found = max(oracle, self.planned[0]), max(blind, self.planned[1])

    def _actions(self, scenario: Scenario) -> np.ndarray:
        task = scenario.tasks[0]
        if self.discrete:
            beside = [Action.LEFT, Action.RIGHT] if task.side_step or task.branches else []
            return np.array([(float(a), 0.0) for a in (Action.FASTER, Action.IDLE, Action.SLOWER, *beside)])
        sides = (-task.side_step, 0.0, task.side_step) if task.side_step else (0.0,)
        return np.array([(pedal, side) for pedal in (1.0, 0.5, 0.0, -0.5, -1.0) for side in sides])

    def _search(self, root: Nodes) -> tuple[float, float]:
        leaves, over = self._until_told(root)
        if self.told >= NEVER:
            return float(self.weights @ over.max(0)), float((over @ self.weights).max())
        worth = leaves.earned + np.stack([self._values(leaves, i) for i in range(len(self.weights))], axis=1)
        tried, known = np.argsort(-(worth @ self.weights))[:TRIED], {}

        def best(leaf: Any, i: Any) -> float:
            if (leaf, i) not in known:
                known[leaf, i] = self._best(Nodes(*(array[leaf, i][None] for array in leaves)))
            return known[leaf, i]

        blind = max(sum(self.weights[i] * best(leaf, i) for i in self.possible) for leaf in tried)
        oracle = sum(self.weights[i] * max(best(k, i) for k in np.argsort(-worth[:, i])[:3]) for i in self.possible)
        return float(oracle), float(blind)

    def _until_told(self, nodes: Nodes) -> tuple[Nodes, np.ndarray]:
        """All that one can have done before a frame tells, in all twins at once; and what was earned by then ended."""
        idle, over = np.array([(float(Action.IDLE), 0.0)]), [np.zeros((0, len(self.weights)))]
        while nodes.worlds["tick"][0, 0] < nodes.worlds["hands_on"][0, 0]:
            nodes = self._step(nodes, self.plain, idle)
        nodes = nodes._replace(earned=np.zeros_like(nodes.earned))
        while len(nodes.worlds) and nodes.worlds["tick"].min() < self.told:
            nodes = self._step(nodes, self.params, self.actions)
            ended = self._ended(nodes).any(1)
            over.append(nodes.earned[ended])
            nodes = nodes.some(np.asarray(~ended))
            nodes = nodes.some(self._kept(nodes.worlds[:, 0], nodes.users[:, 0, 0], nodes.earned @ self.weights)[0])
        return nodes, np.concatenate(over)

    def _values(self, leaves: Nodes, i: int) -> np.ndarray:
        """About what is still to be had from each leaf (n,) with intent i, by induction from the end."""
        nodes, layers = Nodes(leaves.worlds[:, i], leaves.users[:, i], np.zeros(len(leaves.worlds))), []
        while len(nodes.worlds) and nodes.worlds["tick"].min() <= self.told + LONGEST:
            nodes = self._step(nodes._replace(earned=np.zeros(len(nodes.worlds))), self.params, self.actions)
            alive, child = np.flatnonzero(~self._ended(nodes)), np.full(len(nodes.worlds), -1)
            rows, child[alive] = self._kept(nodes.worlds[alive], nodes.users[alive, 0], nodes.earned[alive])
            layers.append((child, nodes.earned))
            nodes = nodes.some(alive[rows])
        value = self._at_full_speed(nodes._replace(earned=np.zeros(len(nodes.worlds))))
        for child, earned in reversed(layers):
            later = np.append(value, 0.0)[child]  # nothing where it has ended: child is -1
            value = (earned + later).reshape(-1, len(self.actions)).max(1)
        return value

    def _best(self, nodes: Nodes) -> float:
        """The best return that was driven from one world on."""
        best = -np.inf
        while len(nodes.worlds):
            best = max(best, self._at_full_speed(nodes).max())
            if nodes.worlds["tick"].min() > self.told + LONGEST:
                break
            nodes = self._step(nodes, self.params, self.actions)
            ended = self._ended(nodes)
            best = max(best, nodes.earned[ended].max(initial=-np.inf))
            nodes = nodes.some(np.asarray(~ended))
            nodes = nodes.some(self._kept(nodes.worlds, nodes.users[:, 0], nodes.earned)[0])
        return float(best)

    def _step(self, nodes: Nodes, params: np.ndarray, actions: np.ndarray) -> Nodes:
        """Every action in every world."""
        nodes = Nodes(*(np.repeat(array, len(actions), axis=0) for array in nodes))
        for i in range(nodes.earned[0].size if nodes.earned.ndim > 1 else 1):
            one = nodes if nodes.earned.ndim == 1 else Nodes(*(np.ascontiguousarray(array[:, i]) for array in nodes))
            act(one.worlds, one.users, self.road, self.casts, params, actions, self.terms, one.earned)
            if nodes.earned.ndim > 1:
                nodes.worlds[:, i], nodes.users[:, i], nodes.earned[:, i] = one
        return nodes

    def _ended(self, nodes: Nodes) -> np.ndarray:
        return (nodes.worlds["end"] != End.RUNNING) | (nodes.worlds["leg"] > self.leg)

    def _at_full_speed(self, nodes: Nodes) -> np.ndarray:
        """What is earned (n,) if each goes on at full speed."""
        worlds, users, earned = (array.copy() for array in nodes)
        go(worlds, users, self.road, self.casts, self.plain, self.terms, earned)
        return earned

    def _kept(self, worlds: np.ndarray, egos: np.ndarray, earned: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The rows that stand for all, at most ``most``: the best of each cell; and in which of them each row lies."""
        order, scale = np.argsort(-earned, kind="stable"), 1.0
        asked = (10 * worlds["target_speed"], worlds["target_offset"]) if self.discrete else ()
        while True:
            cells = (egos["s"] / CELL[0] / scale, egos["speed"] / CELL[1] / scale, *asked, 4 * egos["offset"])
            keys = np.stack([*map(np.floor, cells), egos["route"]], axis=1)[order]
            _, first, inverse = np.unique(keys, axis=0, return_index=True, return_inverse=True)
            if len(first) <= self.most:
                break
            scale *= 1.4
        place = np.empty(len(order), int)
        place[order] = inverse.ravel()
        return order[first], place
