"""One decision of a world, and of many: the compiled loop that the simulator steps them with."""

from __future__ import annotations

import math

from kindergarten.world.codes import Control, End, Kind
from kindergarten.world.dynamics import choose, move_ego
from kindergarten.world.geometry import distance_to_box, overlap
from kindergarten.world.jit import Direct, njit
from kindergarten.world.observation import observe_users, write_ego
from kindergarten.world.params import NEVER
from kindergarten.world.reward import PASSING_DISTANCE, add_end_terms, add_step_terms
from kindergarten.world.rng import seed_generator
from kindergarten.world.road import locate
from kindergarten.world.scene import dismiss, draw_cast, leg_limit, next_leg, sample_world
from kindergarten.world.signals import phase, shown
from kindergarten.world.traffic import advance, drive
from kindergarten.world.users import TRUCK_LENGTH, TRUCK_WIDTH
from kindergarten.world.visibility import look, occlude

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
