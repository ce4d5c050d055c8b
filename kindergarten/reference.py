"""The 0 and the 1 of every score: what the best driver without memory earns, and the best that knows the intents.

Both are found by search, running the simulator itself on twins. A plan is a prefix p, followed until the scene's
t3, and a continuation c, chosen after it. With every plan tried on every seed s and every intent i

    oracle = mean_s mean_i max_{p,c} return(s, i, p, c)
    blind  = mean_s max_p mean_i max_c return(s, i, p, c)      # one prefix for all intents, then free

where mean_i is weighted by the intents' probabilities. Where the ego never sees the intent acted out (Follow),
there is no "after t3": the prefix lasts to the end. Plans are made of the discrete meta-actions; what lies between
them (other switching times, several switches in the prefix) the search can miss, so an oracle found here is a
lower bound: an agent that scores above 1 has found a better plan.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from kindergarten.codes import Action, Control, End, Intent
from kindergarten.config import Config, Scenario
from kindergarten.jit import njit
from kindergarten.simulator import Simulator, step_world

IDLE, FASTER, SLOWER = int(Action.IDLE), int(Action.FASTER), int(Action.SLOWER)
TURN_LEFT, TURN_RIGHT = int(Action.LEFT), int(Action.RIGHT)
RUNNING, COLLISION = int(End.RUNNING), int(End.COLLISION)
NEVER = 1 << 40  # a tick that never comes

#: When in the time between hands-on and t3 the prefix acts, as a share of it.
SHARES = (0.0, 0.15, 0.3, 0.45, 0.6, 0.75, 0.9)
#: [s] How long the continuation keeps its first speed before it goes on at the highest.
HOLDS = (*np.arange(0.0, 6.0, 0.4), *np.arange(6.0, 16.0, 0.8))


@dataclass(frozen=True)
class Plans:
    """prefixes (P, 3): share of the time to t3, target speed [m/s], branch. continuations (C, 2): speed, hold [s]."""

    prefixes: np.ndarray
    continuations: np.ndarray


def plans_of(scenario: Scenario) -> Plans:
    """Every plan that the search tries in ``scenario``."""
    task = scenario.task
    speeds = np.arange(0.0, task.max_speed + 1e-9, task.speed_step)
    shares = SHARES if scenario.revealed else (0.0,)
    prefixes = [(share, v, branch) for branch in task.branches for v in speeds for share in shares]
    continuations = [(v, hold) for v in speeds[:-1] for hold in HOLDS] + [(speeds[-1], 0.0)]
    return Plans(np.array(prefixes), np.array(continuations if scenario.revealed else [(0.0, 0.0)]))


@njit
def action_towards(world, ego, speed, branch, speed_step):
    """The meta-action that brings the targets nearer to ``branch`` and ``speed``."""
    if ego["intent"] != branch:
        return TURN_LEFT if branch < ego["intent"] else TURN_RIGHT
    if world["target_speed"] > speed + 0.5 * speed_step:
        return SLOWER
    if world["target_speed"] < speed - 0.5 * speed_step:
        return FASTER
    return IDLE


@njit
def follow_plan(world, users, road, params, speed, branch, until, terms):
    """Drive towards ``speed`` and ``branch`` until physics step ``until`` or the end."""
    action = np.empty(1)
    while world["end"] == RUNNING and world["tick"] < until:
        action[0] = action_towards(world, users[0], speed, branch, params["speed_step"])
        step_world(world, users, road, params, action, terms)


@njit
def search(worlds, users, road, params, prefixes, continuations, revealed, returns, crashed):
    """Fill ``returns`` and ``crashed`` (W, P, C) with what each plan earns in each world, and whether it collides."""
    world, cast = worlds[:1].copy(), users[:1].copy()
    later_world, later_cast = worlds[:1].copy(), users[:1].copy()
    for w in range(len(worlds)):
        start, t3 = worlds[w]["hands_on"], users[w, 1]["t3"]
        for p in range(len(prefixes)):
            world[0], cast[0] = worlds[w], users[w]
            earned = np.zeros(len(params[0]["weights"]))
            share, speed, branch = prefixes[p, 0], prefixes[p, 1], int(prefixes[p, 2])
            act_at = int(start + share * max(t3 - start, 0))
            begin = world[0]["target_speed"]
            follow_plan(world[0], cast[0], road, params[0], begin, cast[0, 0]["intent"], act_at, earned)
            until = t3 if revealed else NEVER
            follow_plan(world[0], cast[0], road, params[0], speed, branch, until, earned)
            for c in range(len(continuations)):
                later_world[0], later_cast[0] = world[0], cast[0]
                total = earned.copy()
                hold = int(continuations[c, 1] / params[0]["dt"])
                first = continuations[c, 0]
                last = params[0]["max_speed"]
                follow_plan(later_world[0], later_cast[0], road, params[0], first, branch, t3 + hold, total)
                follow_plan(later_world[0], later_cast[0], road, params[0], last, branch, NEVER, total)
                returns[w, p, c] = (total * params[0]["weights"]).sum()
                crashed[w, p, c] = later_world[0]["end"] == COLLISION


def twins(scenario: Scenario, config: Config, seeds: np.ndarray) -> Simulator:
    """A simulator, reset, whose world ``k * len(seeds) + j`` is seed ``seeds[j]`` with road user 1's k-th intent."""
    simulator = Simulator(scenario, len(scenario.intents) * len(seeds), config)
    simulator.seed(np.tile(seeds, len(scenario.intents)))
    intents = np.full((simulator.num_worlds, simulator.num_users - 1), -1)
    intents[:, 0] = np.repeat([int(intent) for intent in scenario.intents], len(seeds))
    simulator.reset(intents=intents)
    return simulator
