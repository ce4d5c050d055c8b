"""What a channel is worth, computed: the joint planner drives every pair of plans in every pair of goals.

A plan is a prefix and a continuation, which begins when the other's way first shows. ``told``: everybody knows all
goals. ``muted``: a prefix goes by one's own goal alone, and a continuation by both; all else is known, the scene and
what the other would do with each of its goals. Plans are open loops: what one could learn from how the other slows
down is not among them. Of more than two agents, two at a time are there.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import numpy as np

from kindergarten.playground.many import acts, step_world_many
from kindergarten.playground.world import Playground
from kindergarten.playground.worth import Channel
from kindergarten.world.codes import Action, Kind
from kindergarten.world.config import Scenario
from kindergarten.world.jit import njit
from kindergarten.world.params import NEVER

IDLE, FASTER, SLOWER, NOBODY = int(Action.IDLE), int(Action.FASTER), int(Action.SLOWER), int(Kind.NOBODY)
#: Speed [steps] that a prefix slows down to, and when, as a share of the time to t3.
PREFIXES = np.array([(2.0, 0.0), *((v, share) for v in (1.0, 0.0) for share in (0.4, 0.6, 0.75, 0.85, 0.95))])
#: Speed [steps] that a continuation begins with, and for how long [s]; then the highest.
CONTINUATIONS = np.array(
    [(2.0, 0.0), *((0.0, h) for h in (0.3, 0.6, 1.0, 1.6, 2.4, 4.0, 6.5)), *((1.0, h) for h in (0.6, 1.2, 2.4))]
)


@njit
def shows(user, road):
    """Whether ``user``'s way can be seen by now: it is gone, or steers for a place behind the fork."""
    return user["kind"] == NOBODY or user["s"] + max(3.0, 0.5 * user["speed"]) >= road.fork[user["route"]]


@njit
def deed_of(tick, t3, driver, plan, told, params):
    """The Action that a plan (4,), prefix and continuation, takes at physics step ``tick``; told: NEVER before."""
    speed = params["max_speed"]
    if tick >= told:
        if tick < told + plan[3] / params["dt"]:
            speed = plan[2] * params["speed_step"]
    elif tick >= plan[1] * t3:
        speed = plan[0] * params["speed_step"]
    missing = (speed - driver["target_speed"]) / params["speed_step"]
    return FASTER if missing > 0.5 else SLOWER if missing < -0.5 else IDLE


@njit
def drive_plans(worlds, users, drivers, road, params, casts, rules, plans, told, deeds, terms, returns):
    """Drive every world to its end by plans (W, 2, 4); fills returns (W, 2). told, deeds, terms are room."""
    for w in range(len(worlds)):
        terms[:] = 0.0
        told[:] = NEVER
        while acts(drivers[w, 0]) or acts(drivers[w, 1]):
            for a in range(2):
                if told[a] == NEVER and shows(users[w, 1 - a], road):
                    told[a] = worlds[w]["tick"]
                deeds[a] = deed_of(worlds[w]["tick"], users[w, a]["t3"], drivers[w, a], plans[w, a], told[a], params)
            step_world_many(worlds[w], users[w], drivers[w], road, params, casts, rules[0], deeds, terms)
        for a in range(2):
            returns[w, a] = 0.0
            for k in range(terms.shape[1]):
                returns[w, a] += terms[a, k] * params["weights"][k]


def outcomes_of_plans(scenario: Scenario, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """What comes of every pair of plans in every pair of goals, by the goals and plans of the one and the other.

    Returns:
        Mean returns of the two (G, G, P, C, P, C), and the End of each (G, G, P, C, P, C, 2).
    """
    goals = [int(goal) for goal, _ in scenario.casts[0][0].intents]
    plans = np.array([(*p, *c) for p in PREFIXES for c in CONTINUATIONS])
    size, count = (len(goals), len(goals), len(plans), len(plans)), len(goals) ** 2 * len(plans) ** 2
    g0, g1, p0, p1 = (index.ravel() for index in np.indices(size))
    playground = Playground(scenario, count)
    playground.seed(np.full(count, seed))
    playground.reset(goals=np.stack([np.take(goals, g0), np.take(goals, g1)], axis=1))
    pairs, returns = np.stack([plans[p0], plans[p1]], axis=1), np.zeros((count, 2))
    worlds, users, drivers, road, params, casts, rules = playground.arrays
    room = np.zeros(2, np.int64), np.zeros(2, np.int64), np.zeros_like(playground.terms[0])
    drive_plans(worlds, users, drivers, road, params[0], casts, rules, pairs, *room, returns)
    shape = *size[:2], *(len(PREFIXES), len(CONTINUATIONS)) * 2
    return returns.mean(axis=1).reshape(shape), drivers["end"].reshape(*shape, 2)


def best_plans(returns: np.ndarray, chances: np.ndarray) -> np.ndarray:
    """The plans (3, G, G, 4) of who is told, muted, and never brakes: prefix and continuation of the one and the other.

    Args:
        returns: as ``outcomes_of_plans`` has them.
        chances: (G,) of the goals.
    """
    size, count = returns.shape, len(chances)
    told = np.stack(np.unravel_index(returns.reshape(*size[:2], -1).argmax(axis=2), size[2:]), axis=-1)
    weights = chances[:, None, None, None] * chances[None, :, None, None]
    best = returns.max(axis=(3, 5)) * weights  # the continuations know both goals: (G, G, P, P)
    muted, most = np.zeros_like(told), -np.inf
    for own in np.ndindex(*size[2:3] * count):  # the first agent's prefix for each of its goals
        total = best[np.arange(count), :, own].sum(axis=0)  # (G, P): the other answers each of its goals by itself
        if (value := total.max(axis=1).sum()) > most:
            most, muted[..., 0], muted[..., 2] = value, np.array(own)[:, None], total.argmax(axis=1)
    for g, h in np.ndindex(count, count):
        after = returns[g, h, muted[g, h, 0], :, muted[g, h, 2], :]
        muted[g, h, 1::2] = np.unravel_index(after.argmax(), after.shape)
    return np.stack([told, muted, np.zeros_like(told)])


def mean_of(outcomes: np.ndarray, plans: np.ndarray, chances: np.ndarray) -> np.ndarray:
    """Means (K,) of ``outcomes`` (G, G, P, C, P, C) over goals by their chances (G,), with ``plans`` (K, G, G, 4)."""
    goals = np.indices(plans.shape[1:3])
    found = np.stack([outcomes[(*goals, *np.moveaxis(each, -1, 0))] for each in plans])
    return (found * np.outer(chances, chances)).sum(axis=(1, 2))


def pairs_of(scenario: Scenario) -> list[Scenario]:
    """The scenario with all seats empty but two, for every two who come from different arms."""
    cast = scenario.casts[0]
    seats = [member for member in cast if member.learns]
    return [
        replace(scenario, casts=((one, replace(other, arrival_offset=(0.0, 0.0)), *cast[len(seats) :]),))
        for one, other in combinations(seats, 2)
        if one.arm != other.arm
    ]


def chances_of(scenario: Scenario) -> np.ndarray:
    """(G,) of the goals, the same for all seats."""
    return np.array([chance for _, chance in scenario.casts[0][0].intents])


def channel(scenario: Scenario, seeds: np.ndarray) -> Channel:
    """Drive all plans of every pair in ``seeds``; one cast, the same goals for all."""
    chances, rows = chances_of(scenario), []
    for pair in pairs_of(scenario):
        for seed in seeds:
            returns, _ = outcomes_of_plans(pair, int(seed))
            rows.append(mean_of(returns, best_plans(returns, chances), chances))
    return Channel(*np.array(rows).T)
