"""The planner: drives every plan that a driver might have in every twin, in the simulator itself.

A plan is a prefix, followed until the first frame that tells the intents apart, and a continuation, chosen then. Where
no frame ever does (Follow), the prefix lasts to the end. Plans are made of the discrete meta-actions; what lies between
them (other switching times, several switches in the prefix) the search can miss.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from kindergarten.world.codes import Action, End, Intent
from kindergarten.world.config import Config, Scenario
from kindergarten.world.jit import njit
from kindergarten.world.params import NEVER
from kindergarten.world.reward import NUM_TERMS
from kindergarten.world.simulator import Simulator
from kindergarten.world.step import step_world
from kindergarten.world.users import ROAD_USER, WORLD

IDLE, FASTER, SLOWER = int(Action.IDLE), int(Action.FASTER), int(Action.SLOWER)
TURN_LEFT, TURN_RIGHT = int(Action.LEFT), int(Action.RIGHT)
RUNNING = int(End.RUNNING)
KEEP = 99.0  # a continuation's side: as before

#: When in the time between hands-on and the first frame that tells the prefix acts, as a share of it.
SHARES = tuple(np.arange(10) / 10)
#: When it goes back to the highest speed, as a share of what is left of that time then; at 1 not before its end.
BACK = (1.0, 0.7, 0.4)
#: [s] How long the continuation keeps its first speed before it goes on at the highest.
HOLDS = (*np.arange(0.0, 7.0, 0.2), *np.arange(7.0, 11.0, 0.5))


@dataclass(frozen=True)
class Plans:
    """prefixes (P, 4): share of the time until a frame tells, speed, side, share at which it is fast again.
    continuations (C, 3): speed, hold [s], side.

    Speeds count in the task's steps. The side is the branch to take, or, where LEFT and RIGHT move the ego aside, the
    offset to the left [m]; a continuation's may be ``KEEP``, that of the prefix.
    """

    prefixes: np.ndarray
    continuations: np.ndarray


def plans_of(scenario: Scenario) -> Plans:
    """Every plan that the search tries in ``scenario``."""
    task = scenario.tasks[0]
    speeds = np.arange(task.min_speed / task.speed_step, task.max_speed / task.speed_step + 1e-9)
    shares = SHARES if scenario.revealed else (0.0,)
    sides, later = task.branches or (Intent.STRAIGHT,), (KEEP,)
    if task.side_step > 0:
        sides = later = (-task.side_step, 0.0, task.side_step)
    cruises = scenario.revealed and scenario.casts[0][0].speed[1] >= task.max_speed
    prefixes = [
        (share, v, side, share + (1.0 - share) * back)
        for side in sides
        for v in speeds
        for share in shares
        for back in (BACK if cruises and v < speeds[-1] else (1.0,))
    ]
    holds = HOLDS[:: len(later)]
    then = [(v, hold) for v in speeds[:-1] for hold in holds] + [(speeds[-1], 0.0)]
    continuations = [(*plan, side) for side in later for plan in then]
    return Plans(np.array(prefixes, float), np.array(continuations if scenario.revealed else [(0.0, 0.0, KEEP)]))


@njit
def action_towards(world, ego, speed, side, params):
    """The meta-action that brings the targets nearer to ``side`` and ``speed``."""
    if params["side_step"] > 0.0:
        if abs(world["target_offset"] - side) > 0.1:
            return TURN_LEFT if side > world["target_offset"] else TURN_RIGHT
    elif ego["intent"] != side and params["branches"][int(side)] >= 0:
        return TURN_LEFT if side < ego["intent"] else TURN_RIGHT
    if world["target_speed"] > speed + 0.5 * params["speed_step"]:
        return SLOWER
    if world["target_speed"] < speed - 0.5 * params["speed_step"]:
        return FASTER
    return IDLE


@njit
def follow_plan(world, users, road, casts, params, speed, side, until, terms):
    """Drive towards ``speed`` and ``side`` until physics step ``until``, the end, or the next leg."""
    leg = world["leg"]
    while world["end"] == RUNNING and world["tick"] < until and world["leg"] == leg:
        action = float(action_towards(world, users[0], speed, side, params)), 0.0
        step_world(world, users, road, casts, params, action, terms)


@njit
def acting_times(world, users, prefix, told):
    """The physics steps at which a prefix acts, and goes back to the highest speed.

    If no frame ever tells they are shares of the time to t3, and the prefix lasts to the end.
    """
    start, tells = world["hands_on"], told < NEVER
    left = max((told if tells else users[world["signaller"]]["t3"]) - start, 0)
    return int(start + prefix[0] * left), int(start + prefix[3] * left) if tells else NEVER


@njit
def begin_plan(world, users, road, casts, params, prefix, told, terms):
    """Carry out a prefix: keep on until its share of the time to ``told`` is over, then towards its speed and side."""
    start = world["hands_on"]
    act_at, back_at = acting_times(world, users, prefix, told)
    keep = world["target_offset"] if params["side_step"] > 0.0 else float(users[0]["intent"])
    follow_plan(world, users, road, casts, params, 0.0, keep, start, terms)  # by itself, whatever is asked of it
    follow_plan(world, users, road, casts, params, world["target_speed"], keep, act_at, terms)
    speed = prefix[1] * params["speed_step"]
    follow_plan(world, users, road, casts, params, speed, prefix[2], back_at, terms)
    follow_plan(world, users, road, casts, params, params["max_speed"], prefix[2], told, terms)


@njit
def side_after(prefix, continuation):
    """The side on which the ego drives after the prefix."""
    return prefix[2] if continuation[2] == KEEP else continuation[2]


@njit
def hold(world, users, road, casts, params, side, continuation, told, terms):
    """Carry out the first part of a continuation: its speed for a while after ``told``."""
    until = told + int(continuation[1] / params["dt"])
    follow_plan(world, users, road, casts, params, continuation[0] * params["speed_step"], side, until, terms)


@njit
def finish(world, users, road, casts, params, side, terms):
    """Carry out the last part: the highest speed to the end of the leg."""
    follow_plan(world, users, road, casts, params, params["max_speed"], side, NEVER, terms)


@njit
def changes_nothing(world, ego, params, prefix):
    """Whether a prefix asks for what the ego does already, so that it does not matter when."""
    aside = world["target_offset"] if params["side_step"] > 0.0 else float(ego["intent"])
    return abs(world["target_speed"] - prefix[1] * params["speed_step"]) < 0.1 and prefix[2] == aside


class Desk(NamedTuple):
    """What the search works on, a row each: after the prefix, after the continuation's first part, and at the end.

    worlds: (3,) WORLD. users: (3, N) ROAD_USER. terms: (3, K) earned until then.
    """

    worlds: np.ndarray
    users: np.ndarray
    terms: np.ndarray


BEGUN, HELD, DONE = range(3)


@njit
def put_down(desk, row, worlds, users, w):
    """Lay world ``w`` of ``worlds`` and its ``users`` on a row of the desk."""
    desk.worlds[row] = worlds[w]
    for i in range(users.shape[1]):
        desk.users[row, i] = users[w, i]


@njit
def note(terms, until_now):
    """Write ``until_now`` (K,) into ``terms`` (K,)."""
    for k in range(len(terms)):
        terms[k] = until_now[k]


@njit
def search(worlds, users, road, casts, params, prefixes, continuations, told, desk, returns, survives):
    """Try every plan in each world, on the leg on which it is; told (W,): at which physics step a frame tells.

    Continuations that differ in how long they hold alone go on from each other: that takes a third of the time.
    Fills returns (W, P, C), what the plan earns on this leg, and survives (W, P, C), whether it gets to the next.
    """
    begun, held, done = desk.terms[BEGUN], desk.terms[HELD], desk.terms[DONE]
    for w in range(len(worlds)):
        leg, rules = worlds[w]["leg"], params[worlds[w]["cast"]]
        for p in range(len(prefixes)):
            if p > 0 and prefixes[p, 1] == prefixes[p - 1, 1] and prefixes[p, 2] == prefixes[p - 1, 2]:
                if changes_nothing(worlds[w], users[w, 0], rules, prefixes[p]):
                    for c in range(len(continuations)):
                        returns[w, p, c], survives[w, p, c] = returns[w, p - 1, c], survives[w, p - 1, c]
                    continue
            put_down(desk, BEGUN, worlds, users, w)
            begun[:] = 0.0
            begin_plan(desk.worlds[BEGUN], desk.users[BEGUN], road, casts, rules, prefixes[p], told[w], begun)
            for c in range(len(continuations)):
                other = c > 0 and continuations[c, 2] != continuations[c - 1, 2]
                if c == 0 or other or continuations[c, 0] != continuations[c - 1, 0]:
                    put_down(desk, HELD, desk.worlds, desk.users, BEGUN)
                    note(held, begun)
                side = side_after(prefixes[p], continuations[c])
                if desk.worlds[HELD]["leg"] == leg:
                    hold(desk.worlds[HELD], desk.users[HELD], road, casts, rules, side, continuations[c], told[w], held)
                put_down(desk, DONE, desk.worlds, desk.users, HELD)
                note(done, held)
                if desk.worlds[DONE]["leg"] == leg:
                    finish(desk.worlds[DONE], desk.users[DONE], road, casts, rules, side, done)
                returns[w, p, c] = return_of(done, rules)
                survives[w, p, c] = desk.worlds[DONE]["leg"] > leg


@njit
def return_of(terms, params):
    """The return of unweighted ``terms`` (K,)."""
    total = 0.0
    for k in range(len(terms)):
        total += terms[k] * params["weights"][k]
    return total


@njit
def carry_out(worlds, users, road, casts, params, prefixes, continuations, told, terms):
    """Drive each world to the end of its leg by a plan of its own: prefixes (W, 4), continuations (W, 3)."""
    for w in range(len(worlds)):
        leg, rules = worlds[w]["leg"], params[worlds[w]["cast"]]
        begin_plan(worlds[w], users[w], road, casts, rules, prefixes[w], told[w], terms)
        side = side_after(prefixes[w], continuations[w])
        if worlds[w]["leg"] == leg:
            hold(worlds[w], users[w], road, casts, rules, side, continuations[w], told[w], terms)
        if worlds[w]["leg"] == leg:
            finish(worlds[w], users[w], road, casts, rules, side, terms)


def array_of_seeds(seeds: Sequence[int]) -> np.ndarray:
    """Seeds (S,) whole: numpy makes floats of some that are on both sides of 2**63."""
    return np.array(seeds, np.int64 if max(seeds) <= np.iinfo(np.int64).max else np.uint64)


def twins(
    scenario: Scenario, config: Config, seeds: np.ndarray, leg: int = 0, first: np.ndarray | None = None
) -> Simulator:
    """A simulator, reset, whose world ``k * len(seeds) + j`` is seed ``seeds[j]`` with the k-th intent.

    It is the intent of whoever signals on ``leg``. first: (S,) that of whoever does on the first one, if not as drawn.
    """
    simulator = Simulator(scenario, len(scenario.intents) * len(seeds), config)
    every = np.tile(seeds, len(scenario.intents))
    simulator.seed(every)
    simulator.reset()  # in which row a signaller stands depends on the seed alone
    intents = np.full((simulator.num_worlds, simulator.num_users - 1), -1)
    wanted = {} if first is None else {0: np.tile(first, len(scenario.intents))}
    wanted[leg] = np.repeat([int(intent) for intent in scenario.intents], len(seeds))
    for number, its in wanted.items():
        rows = (simulator.users["member"] == scenario.signallers[number]).argmax(axis=1)
        intents[np.arange(simulator.num_worlds), rows - 1] = its
    simulator.seed(every)
    simulator.reset(intents=intents)
    return simulator


def drawn(scenario: Scenario, config: Config, seeds: np.ndarray) -> Simulator:
    """A world for each seed (S,), with the intents that it draws."""
    simulator = Simulator(scenario, len(seeds), config)
    simulator.seed(seeds)
    simulator.reset()
    return simulator


def chances(simulator: Simulator, leg: int = 0) -> np.ndarray:
    """Probability of each twin (I, S) of a simulator that ``twins`` made; sums to 1 over the intents."""
    scenario = simulator.scenario
    casts = simulator.worlds["cast"].reshape(len(scenario.intents), -1)[0]
    return simulator.casts["chances"][casts, scenario.signallers[leg]][:, list(scenario.intents)].T


def telling(simulator: Simulator) -> np.ndarray:
    """The physics step (W,) of the first frame after t2 that tells the twins apart, if the ego keeps on; or NEVER.

    Earlier than that a driver without memory cannot know what is to come, but for colours, which are `evidence`.
    """
    before, keep_on = simulator.snapshot(), np.full(simulator.num_worlds, IDLE)
    possible = chances(simulator, int(simulator.worlds["leg"].max())) > 0.0
    some, seeds = possible.argmax(0), np.arange(possible.shape[1])
    t2 = simulator.users["t2"][seeds, simulator.worlds["signaller"][seeds]]
    simulator.users["colour"], first = 0, np.full(len(seeds), NEVER)
    while (first == NEVER).any() and (simulator.worlds["end"] == End.RUNNING).any():
        frames = simulator.step(keep_on).observations
        frames = frames.reshape(len(possible), len(seeds), -1)
        ticks = simulator.worlds["tick"].reshape(possible.shape)[some, seeds]
        differ = ((frames != frames[some, seeds]).any(2) & possible).any(0)
        first = np.where((first == NEVER) & differ & (ticks >= t2), ticks, first)
    simulator.restore(before)
    return np.tile(first, len(possible))


def outcomes(simulator: Simulator, plans: Plans, told: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
    """What every plan earns in every world (W, P, C), and whether it gets to the next leg.

    told: (W,) the physics step at which prefixes end; at the first frame that tells if left out.
    """
    returns = np.zeros((simulator.num_worlds, len(plans.prefixes), len(plans.continuations)))
    survives, told = np.zeros(returns.shape, bool), telling(simulator) if told is None else told

    def part(rows: np.ndarray) -> None:
        found, lived = np.zeros((len(rows), *returns.shape[1:])), np.zeros((len(rows), *returns.shape[1:]), bool)
        arrays = (simulator.worlds[rows], simulator.users[rows], simulator.road, simulator.casts, simulator.params)
        desk = Desk(np.zeros(3, WORLD), np.zeros((3, simulator.num_users), ROAD_USER), np.zeros((3, NUM_TERMS)))
        search(*arrays, plans.prefixes, plans.continuations, told[rows], desk, found, lived)
        returns[rows], survives[rows] = found, lived

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(part, np.array_split(np.arange(simulator.num_worlds), min(16, simulator.num_worlds))))
    return returns, survives


def to_next_leg(simulator: Simulator, plans: Plans) -> None:
    """Drive every world to its next leg by the best plan of those that act at once: how it gets there is all one.

    Twins who differ on a later leg alone are told apart by no frame of this one: prefixes end at t3.
    """
    plans, told = Plans(plans.prefixes[plans.prefixes[:, 0] == 0.0], plans.continuations), simulator.signallers()["t3"]
    returns, survives = outcomes(simulator, plans, told)
    best = np.where(survives, returns, -np.inf).reshape(len(returns), -1).argmax(1)
    p, c = np.divmod(best, len(plans.continuations))
    arrays = (simulator.worlds, simulator.users, simulator.road, simulator.casts, simulator.params)
    carry_out(*arrays, plans.prefixes[p], plans.continuations[c], told, np.zeros(NUM_TERMS))
