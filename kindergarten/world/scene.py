"""Sampling a world: one generic kernel places any scenario's cast.

Every random number is drawn in the same order whatever comes out, and the intents are overridden before anything is
made of them: so one seed with other intents gives *twins*, worlds that differ in intent alone.
"""

from __future__ import annotations

import math

import numpy as np

from kindergarten.world.codes import Colour, End, Intent, Kind
from kindergarten.world.jit import njit
from kindergarten.world.params import NEVER
from kindergarten.world.rng import between, mix, uniform
from kindergarten.world.road import locate
from kindergarten.world.signals import draw_cue, draw_flashing, draw_signal
from kindergarten.world.traffic import CRAWL
from kindergarten.world.users import CAR_LENGTH, CAR_WIDTH, CYCLIST_LENGTH, CYCLIST_WIDTH, TRUCK_LENGTH, TRUCK_WIDTH

NOBODY, CAR, CYCLIST, TRUCK = int(Kind.NOBODY), int(Kind.CAR), int(Kind.CYCLIST), int(Kind.TRUCK)
RUNNING, LAST, NUM_INTENTS, NUM_COLOURS = int(End.RUNNING), int(Intent.LAST), len(Intent), len(Colour)
ROWS_STREAM = np.uint64(0x1075)  # sets the stream that rows are drawn from apart from the scene's
HELD_BACK = 20.0  # [m] before its own place whoever signals for a later leg leaves the scene, whatever it means
LEG_TO_COME = 1 << 19  # [physics steps] times on legs that have not begun count from here


@njit
def draw_intent(world, chances):
    """An Intent by its chances (NUM_INTENTS,)."""
    u, chosen = uniform(world), -1
    for intent in range(NUM_INTENTS):
        if chances[intent] > 0.0:
            chosen = intent
            if u < chances[intent]:
                break
            u -= chances[intent]
    return chosen


@njit
def draw_rows(world, users, shuffled):
    """Give every member of the cast a row: the ego the first, the others in order or at random.

    The random order comes from a stream of its own: a seed is the same scene, shuffled or not.
    """
    for i in range(len(users)):
        users[i]["member"] = i
    if shuffled == 1:
        kept, world["rng"] = world["rng"], mix(world["rng"] ^ ROWS_STREAM)
        for i in range(len(users) - 1, 1, -1):
            j = 1 + int(uniform(world) * i)
            users[i]["member"], users[j]["member"] = users[j]["member"], users[i]["member"]
        world["rng"] = kept


@njit
def row_of(users, member):
    """The row in which ``member`` stands."""
    for i in range(len(users)):
        if users[i]["member"] == member:
            return i
    return -1


@njit
def draw_user(world, user, member, before):
    """Draw what ``user`` is and will do: kind, size, speed, signal, intent; ``before`` is the member before it."""
    present, u = uniform(world) < member["presence"], uniform(world)
    kind = CYCLIST if u < member["cyclist"] else TRUCK if u < member["cyclist"] + member["truck"] else CAR
    speed = between(world, member["speed"][0], member["speed"][1])
    if member["convoy"] == 1:
        kind, speed = before["drawn_kind"], before["speed"]
    user["drawn_kind"] = kind if present else NOBODY
    user["length"], user["width"] = CAR_LENGTH, CAR_WIDTH
    if kind == CYCLIST:
        user["length"], user["width"] = CYCLIST_LENGTH, CYCLIST_WIDTH
    elif kind == TRUCK:
        user["length"], user["width"] = TRUCK_LENGTH, TRUCK_WIDTH
    user["speed"], user["desired_speed"] = speed, speed * member["desired_speed_factor"]
    user["turn_speed"], user["last_speed_factor"] = member["turn_speed"], 1.0
    user["leg"], user["yields"] = member["leg"], member["yields"]
    draw_flashing(world, user)
    user["intent"] = draw_intent(world, member["chances"])
    user["choices"] = 0
    for intent in range(NUM_INTENTS):
        user["choices"] += member["chances"][intent] > 0.0


@njit
def apply_intent(world, user, member, params):
    """Make of the intent, now that it stands, what follows from it: the way, the signal, the colour."""
    intent = user["intent"]
    user["route"] = member["routes"][intent] + user["leg"] * params["routes_per_leg"]
    draw_signal(world, user, member["signals"], params["signal_rate"], params["reliability"])
    u, user["colour"] = uniform(world), int(uniform(world) * NUM_COLOURS)
    if u < abs(params["spurious"]) and user["choices"] > 1:
        rank = 0
        for other in range(intent):
            rank += member["chances"][other] > 0.0
        user["colour"] = rank if params["spurious"] > 0.0 else (rank + 1) % user["choices"]
        user["colour"] %= NUM_COLOURS
    if intent == LAST:
        user["last_speed_factor"] = member["last_speed_factor"]


@njit
def draw_times(world, users, cast, params):
    """Draw t1, t2, t3 of everybody.

    The signaller of a leg sets its scene: t3 is its own. On the first leg its t1 and signal come first, and the delay
    follows; on later legs times count from ``LEG_TO_COME`` until ``begin_leg`` knows better.
    """
    dt = params["dt"]
    t3 = round(between(world, params["first"][0], params["first"][1]) / dt)
    leg, delay = -1, 0
    for i in range(1, len(users)):
        member, user = cast[i], users[row_of(users, i)]
        signaller = member["leg"] != leg
        if signaller:
            leg, delay = member["leg"], round(between(world, params["delay"][0], params["delay"][1]) / dt)
        cue = round(draw_cue(world, member["cue"][0], member["cue"][1]) / dt)
        offset = round(between(world, member["arrival_offset"][0], member["arrival_offset"][1]) / dt)
        if signaller:
            t3 = t3 + cue + delay if leg == 0 else LEG_TO_COME
        user["t3"] = t3 + offset
        user["t2"] = max(t3 + offset - delay, 0)
        user["t1"] = max(user["t2"] - cue, 0)
        user["reveal"] = user["t3"] if user["choices"] > 1 else 0
        user["go"] = 0
        if member["stops"] == 1:
            waits = member["patience"] if user["intent"] == LAST else 0.0
            user["go"] = user["t3"] + round(waits / dt)
    offset = round(between(world, cast[0]["arrival_offset"][0], cast[0]["arrival_offset"][1]) / dt)
    ego = users[0]
    ego["t1"], ego["t2"], ego["t3"], ego["reveal"], ego["go"] = 0, 0, users[row_of(users, 1)]["t3"] + offset, 0, 0


@njit
def place(user, points, position, until, now, dt):
    """Put ``user`` where it must be at physics step ``now`` to be at ``position`` at step ``until``."""
    user["s"] = position - user["speed"] * (until - now) * dt
    user["x"], user["y"], user["cos"], user["sin"] = locate(points, user["route"], user["s"])
    user["offset"], user["steering"], user["acceleration"] = 0.0, 0.0, 0.0
    user["kind"] = user["drawn_kind"]


@njit
def time_of_arrival(user, member):
    """The physics step at which ``user`` is at its ``arrival_position``."""
    return user["t1"] if member["stops"] == 1 else user["t3"]


@njit
def signal_together(users, signaller, points, cast, params, now):
    """Bring on the signallers of so many of the next legs as have to be held at once, for as long as they signal.

    They do so with ``signaller``, whose leg begins; see ``dismiss``.
    """
    leg = signaller["leg"]
    last = leg + params["held"] - 1
    for i in range(1, len(users)):
        user = users[row_of(users, i)]
        if leg < user["leg"] <= last:
            leg, user["t1"], user["t2"] = user["leg"], signaller["t1"], signaller["t2"]
            place(user, points, cast[i]["arrival_position"] - HELD_BACK, user["t2"], now, params["dt"])


@njit
def dismiss(world, users):
    """Let those of later legs leave the scene who have signalled; they come again when their leg begins."""
    for i in range(1, len(users)):
        if users[i]["leg"] > world["leg"] and world["tick"] >= users[i]["t2"]:
            users[i]["kind"] = NOBODY


@njit
def leg_limit(world, users, params):
    """The physics step at which the time of the leg on which the ego is is over."""
    return users[world["signaller"]]["t3"] + round(params["time_limit"] / params["dt"])


@njit
def begin_leg(world, users, points, cast, params, now, shift):
    """Bring on the cast of ``world["leg"]``, their times moved by ``shift``, and set when the agent drives."""
    dt, leg = params["dt"], world["leg"]
    first = True
    for i in range(1, len(users)):
        row = row_of(users, i)
        user = users[row]
        if cast[i]["leg"] != leg:
            continue
        if not first or leg % params["held"] == 0:  # else it has signalled already, on another leg
            user["t1"] += shift
            user["t2"] += shift
        user["t3"] += shift
        if user["choices"] > 1:
            user["reveal"] += shift
        if user["go"] > 0:
            user["go"] += shift
        place(user, points, cast[i]["arrival_position"], time_of_arrival(user, cast[i]), now, dt)
        if first:
            world["signaller"], first = row, False
    signaller = users[world["signaller"]]
    if params["held"] > 1 and leg % params["held"] == 0:
        signal_together(users, signaller, points, cast, params, now)
    ready = signaller["t3"] - round(params["lead"] / dt)
    if signaller["t2"] < signaller["t3"]:  # with no delay at all the signal still shows: the control
        ready = max(ready, signaller["t2"])
    world["hands_on"] = now if params["hands_on"] == 1 else max(ready, now)
    if params["max_ticks"] == NEVER:
        world["time_limit"] = leg_limit(world, users, params)
    world["target_speed"], world["target_offset"] = users[0]["desired_speed"], 0.0


@njit
def next_leg(world, users, road, casts, params):
    """Go on to the next junction: the ego cruises again, and whoever signals there arrives when it does.

    The ego is there by then: were it a few centimetres late, by rounding, those who close the junction behind it would
    hit it, however it drives.
    """
    ego, cast, dt = users[0], casts[world["cast"]], params["dt"]
    offset = ego["t3"] - users[world["signaller"]]["t3"]
    world["leg"] += 1
    ego["s"] -= road.leg_length
    ego["route"] += params["routes_per_leg"]
    cruise, now = ego["desired_speed"], ego["speed"]
    seconds = (cruise - now) / (params["acceleration"] if cruise > now else -params["braking"])
    way = cast[0]["arrival_position"] - ego["s"] - 0.5 * (cruise + now) * seconds
    t3 = world["tick"] + math.ceil((seconds + way / max(cruise, CRAWL)) / dt - 1e-6) - offset
    begin_leg(world, users, road.points, cast, params, world["tick"], t3 - LEG_TO_COME)
    ego["t3"] = t3 + offset


@njit
def draw_cast(world, casts):
    """Draw which of the ``casts`` plays."""
    world["cast"] = int(uniform(world) * casts)


@njit
def sample_world(world, users, road, casts, params, intents):
    """Draw a new scene from ``world``'s generator, for the cast that has been drawn.

    Args:
        intents: (N - 1,) Intent of each road user but the ego, or -1 to keep what was drawn.
    """
    cast = casts[world["cast"]]
    draw_rows(world, users, params["shuffled"])
    for i in range(len(users)):
        row = row_of(users, i)
        draw_user(world, users[row], cast[i], users[row_of(users, max(i - 1, 0))])
    for i in range(len(users)):
        row = row_of(users, i)
        if row > 0 and intents[row - 1] >= 0 and cast[i]["routes"][intents[row - 1]] >= 0:
            users[row]["intent"] = intents[row - 1]
        apply_intent(world, users[row], cast[i], params)
    draw_times(world, users, cast, params)
    ego = users[0]
    ego["truthful"], ego["cue_signal"] = 0, 0
    if cast[0]["stops"] == 1:  # it comes to the line while the others do
        ego["t1"] = users[row_of(users, 1)]["t1"]
    world["tick"], world["leg"], world["end"], world["time_limit"] = 0, 0, RUNNING, params["max_ticks"]
    place(ego, road.points, cast[0]["arrival_position"], time_of_arrival(ego, cast[0]), 0, params["dt"])
    for i in range(1, len(users)):
        user = users[i]
        user["kind"], user["s"], user["x"], user["y"], user["cos"], user["sin"] = NOBODY, 0.0, 0.0, 0.0, 1.0, 0.0
        user["offset"], user["steering"], user["acceleration"] = 0.0, 0.0, 0.0
    begin_leg(world, users, road.points, cast, params, 0, 0)
