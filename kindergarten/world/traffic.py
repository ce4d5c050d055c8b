"""The scripted drivers: car following by the Intelligent Driver Model (Treiber, Hennecke, Helbing 2000), and yielding.

Nobody reckons with what a road user will do before its t3: until then it is followed as far as all ways from its
arm are one, and not yielded to. Otherwise the others' braking would tell its intent.
"""

from __future__ import annotations

import math

import numpy as np

from kindergarten.world.codes import Intent, Kind
from kindergarten.world.jit import njit
from kindergarten.world.road import ENTER, LEAVE, NOWHERE, SHIFT, START, STOP, locate

NOBODY, CYCLIST = int(Kind.NOBODY), int(Kind.CYCLIST)
LEFT, RIGHT = int(Intent.LEFT), int(Intent.RIGHT)
COMFORTABLE_BRAKING = 2.0  # [m/s^2] b; 1.5..2.0 in town
# Maximal acceleration a [m/s^2], headway T [s], standstill gap s0 [m]. Cars: town values. Cyclists: gentler, and
# closer, as in a group ride (unverified). The root is 1 / (2 sqrt(a b)).
CAR_ACCELERATION, CAR_HEADWAY, CAR_GAP = 1.5, 1.0, 2.0
CYCLIST_ACCELERATION, CYCLIST_HEADWAY, CYCLIST_GAP = 0.8, 0.25, 0.5
CAR_ROOT = 0.5 / math.sqrt(CAR_ACCELERATION * COMFORTABLE_BRAKING)
CYCLIST_ROOT = 0.5 / math.sqrt(CYCLIST_ACCELERATION * COMFORTABLE_BRAKING)
HARDEST_BRAKING = 6.0  # [m/s^2] what a scripted driver brakes at most
CRAWL = 0.01  # [m/s] whoever wants to be slower than that stands, and does not divide by nothing
MERGING = 15.0  # [m] before two ways become one, drivers on them begin to follow each other
YIELDING = 40.0  # [m] before ways cross, drivers on them begin to mind each other
PAUSE = 0.5  # [s] that whoever yields leaves behind the other
BEFORE_LINE = 1.0  # [m] from the bumper to the line of who has stopped


@njit
def follows(me, other, agents, where, start, fork, their_fork, tick):
    """Whether ``me`` follows ``other``, who is ahead on the strip that their ways share, or about to come on to it.

    Args:
        agents: members below that are driven by agents.
        where: [m] where ``other`` is, counted on ``me``'s route.
        start: [m] where the strip begins, counted likewise; 0 if both come from the same arm.
        fork, their_fork: [m] up to here their routes are those of all from their arms.
    """
    if abs(other["offset"]) > 0.5 * (me["width"] + other["width"]):  # an agent, on its way past
        return False
    if tick < me["reveal"] and (start > 0.0 or where >= fork):
        return False
    if tick < other["reveal"] and (start > 0.0 or other["s"] >= their_fork):
        return False
    # An agent is followed where it drives, not where it might: it may be waiting to come on to the road.
    return start == 0.0 or where >= start - (0.0 if other["member"] < agents else MERGING)


@njit
def yields_to(me, other, agents, enter, their_enter, their_leave, tick):
    """Whether ``me`` lets ``other`` pass where their ways cross.

    Whoever never yields goes first, then whoever cannot stop any more, then whoever is there first. Agents have to
    look out for themselves, but where everybody stops they have their turn like the others.

    Args:
        agents: members below that are driven by agents.
        enter: [m] where the zone begins for ``me``; ``their_enter``, ``their_leave``: begins and ends for ``other``.
    """
    if tick < other["reveal"] or tick < other["go"]:
        return False
    if other["member"] < agents and me["go"] == 0:
        return False
    way = enter - me["s"] - 0.5 * me["length"]
    their_way = their_enter - other["s"] - 0.5 * other["length"]
    rest = their_leave - other["s"] + 0.5 * other["length"]
    if way <= 0.0 or way > YIELDING or rest <= 0.0 or their_way > YIELDING:
        return False
    speed, their_speed = max(me["speed"], 1.0), max(other["speed"], 1.0)
    if their_way > 0.0 and other["yields"] == 1:
        bound = way < speed * speed / (2.0 * HARDEST_BRAKING)
        they_bound = their_way < their_speed * their_speed / (2.0 * HARDEST_BRAKING)
        if bound and not they_bound:
            return False
        if bound == they_bound:
            time, their_time = way / speed, their_way / their_speed
            if time < their_time or (time == their_time and me["member"] < other["member"]):
                return False
    return rest / their_speed + PAUSE > way / speed


@njit
def free_road(user, desired_speed):
    """Acceleration [m/s^2] with nobody ahead: a (1 - (v/v0)^4); nobody brakes harder than is comfortable."""
    if desired_speed < CRAWL:
        return -COMFORTABLE_BRAKING
    a = CYCLIST_ACCELERATION if user["kind"] == CYCLIST else CAR_ACCELERATION
    ratio = user["speed"] / desired_speed
    ratio *= ratio
    return max(a * (1.0 - ratio * ratio), -COMFORTABLE_BRAKING)


@njit
def keep_distance(user, leader_speed, gap):
    """What a leader takes off it [m/s^2]: a (s*/gap)^2, with s* = s0 + v T + v dv / (2 sqrt(a b))."""
    speed = user["speed"]
    if user["kind"] == CYCLIST:
        a, wanted, root = CYCLIST_ACCELERATION, CYCLIST_GAP + CYCLIST_HEADWAY * speed, CYCLIST_ROOT
    else:
        a, wanted, root = CAR_ACCELERATION, CAR_GAP + CAR_HEADWAY * speed, CAR_ROOT
    wanted = max(wanted + speed * (speed - leader_speed) * root, 0.0)
    closeness = wanted / max(gap, 0.1)
    return a * closeness * closeness


@njit
def line_of(user, entry):
    """Arc length [m] at which ``user``'s middle is when it stands at the line."""
    return entry - BEFORE_LINE - 0.5 * user["length"]


@njit
def braking_for(user, s):
    """Deceleration [m/s^2] that brings ``user`` to a stop at ``s``, as soon as it is worth mentioning; else 0."""
    way = s - user["s"]
    if way <= 0.0:
        return 0.0
    needed = user["speed"] * user["speed"] / (2.0 * way)
    return needed if needed > 0.9 * COMFORTABLE_BRAKING else 0.0


@njit
def drive(users, agents, pairs, fork, entry, tick):
    """Decide every scripted road user's acceleration: follow, yield, stop at the line, slow for a turn from t3 on.

    It takes the whole cast and the arrays that it needs of the road, and calls nobody with an array. Members
    below ``agents`` are driven by agents, and nobody decides for them.
    """
    for i in range(len(users)):
        user = users[i]
        if user["kind"] == NOBODY or user["member"] < agents:
            continue
        desired = user["desired_speed"]
        if user["intent"] in (LEFT, RIGHT) and tick >= user["t3"]:
            desired = min(desired, user["turn_speed"])
        elif tick >= user["t1"] and tick < user["go"]:
            desired *= user["last_speed_factor"]
        # Routes are unsigned here, so that nobody asks whether an index is negative, and conditions are joined by &: a
        # tenth of the time less.
        route, s, half = np.uint64(user["route"]), user["s"], 0.5 * user["length"]
        leader_speed, gap, wait = 0.0, math.inf, math.inf
        yielding = user["yields"] == 1 and tick >= user["go"] and tick >= user["reveal"]
        for j in range(len(users)):
            other = users[j]
            if other["kind"] == NOBODY:
                continue
            theirs = np.uint64(other["route"])
            where = other["s"] + pairs[route, theirs, SHIFT]
            room = where - s - half - 0.5 * other["length"]
            if (s < where) & (where < pairs[route, theirs, STOP]) & (room < gap):
                start = pairs[route, theirs, START]
                if follows(user, other, agents, where, start, fork[route], fork[theirs], tick):
                    leader_speed, gap = other["speed"], room
            if yielding and s < pairs[route, theirs, ENTER] < NOWHERE:
                enter = pairs[route, theirs, ENTER]
                their_enter, their_leave = pairs[theirs, route, ENTER], pairs[theirs, route, LEAVE]
                if yields_to(user, other, agents, enter, their_enter, their_leave, tick):
                    wait = min(wait, enter - s - half)
        free = free_road(user, desired)
        acceleration = free
        if gap < math.inf:
            acceleration -= keep_distance(user, leader_speed, gap)
        if wait < math.inf:
            acceleration = min(acceleration, free - keep_distance(user, 0.0, wait))
        if tick < user["go"]:
            needed = braking_for(user, line_of(user, entry))
            if needed > 0.0:
                acceleration = min(acceleration, -needed)
        user["acceleration"] = max(acceleration, -HARDEST_BRAKING)


@njit
def advance(users, agents, points, length, entry, tick, dt):
    """Move every scripted road user along its route by one physics step; at the route's end it leaves the scene."""
    for i in range(len(users)):
        user = users[i]
        if user["kind"] == NOBODY or user["member"] < agents:
            continue
        speed = max(user["speed"] + user["acceleration"] * dt, 0.0)
        s = user["s"] + 0.5 * (user["speed"] + speed) * dt
        if tick < user["go"]:
            line = line_of(user, entry)
            if s > line - 0.3 and s < line + 1.0 and speed < 0.5:  # whoever stands stands on the line, to the bit
                s, speed = line, 0.0
        user["acceleration"] = (speed - user["speed"]) / dt
        user["s"], user["speed"] = s, speed
        if s >= length[user["route"]]:
            user["kind"] = NOBODY
        user["x"], user["y"], user["cos"], user["sin"] = locate(points, user["route"], s)
