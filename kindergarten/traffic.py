"""The scripted drivers: car following by the Intelligent Driver Model (Treiber, Hennecke, Helbing 2000)."""

from __future__ import annotations

import math

from kindergarten.codes import Intent, Kind
from kindergarten.jit import njit
from kindergarten.road import locate

NOBODY, CYCLIST, STRAIGHT = int(Kind.NOBODY), int(Kind.CYCLIST), int(Intent.STRAIGHT)
COMFORTABLE_BRAKING = 2.0  # [m/s^2] b; 1.5..2.0 in town
# Maximal acceleration a [m/s^2], headway T [s], standstill gap s0 [m]. Cars: town values. Cyclists: gentler, and
# closer, as in a group ride (unverified). The root is 1 / (2 sqrt(a b)).
CAR_ACCELERATION, CAR_HEADWAY, CAR_GAP = 1.5, 1.0, 2.0
CYCLIST_ACCELERATION, CYCLIST_HEADWAY, CYCLIST_GAP = 0.8, 0.25, 0.5
CAR_ROOT = 0.5 / math.sqrt(CAR_ACCELERATION * COMFORTABLE_BRAKING)
CYCLIST_ROOT = 0.5 / math.sqrt(CYCLIST_ACCELERATION * COMFORTABLE_BRAKING)
HARDEST_BRAKING = 6.0  # [m/s^2] what a scripted driver brakes at most


@njit
def leader_of(users, i, shared):
    """Speed [m/s] of whoever is next ahead of ``i`` on the same strip of road, and the bumper gap [m]; inf if nobody.

    It returns the speed, not the row: looking the row up afterwards tripled its time (measured).
    """
    me = users[i]
    s, route = me["s"], me["route"]
    speed, gap = 0.0, math.inf
    for j in range(len(users)):
        other = users[j]
        where = other["s"]
        if where > s and other["kind"] != NOBODY and where < shared[route, other["route"]]:
            bumper_gap = where - s - 0.5 * (other["length"] + me["length"])
            if bumper_gap < gap:
                speed, gap = other["speed"], bumper_gap
    return speed, gap


@njit
def free_road(user, desired_speed):
    """Acceleration [m/s^2] with nobody ahead: a (1 - (v/v0)^4); nobody brakes harder than is comfortable."""
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
def drive(users, shared, tick):
    """Decide every scripted road user's acceleration: follow the leader, slow for a turn from t3 on.

    It takes the whole cast and the one array that it needs of the road: passing the RoadMap to a function for each
    road user cost seven times as much (measured; six arrays' reference counts a call).
    """
    for i in range(1, len(users)):
        user = users[i]
        if user["kind"] == NOBODY:
            continue
        desired = user["desired_speed"]
        if user["intent"] != STRAIGHT and tick >= user["t3"]:
            desired = min(desired, user["turn_speed"])
        acceleration = free_road(user, desired)
        leader_speed, gap = leader_of(users, i, shared)
        if gap < math.inf:
            acceleration -= keep_distance(user, leader_speed, gap)
        user["acceleration"] = max(acceleration, -HARDEST_BRAKING)


@njit
def advance(users, points, length, dt):
    """Move every scripted road user along its route by one physics step; at the route's end it leaves the scene."""
    for i in range(1, len(users)):
        user = users[i]
        if user["kind"] == NOBODY:
            continue
        speed = max(user["speed"] + user["acceleration"] * dt, 0.0)
        user["acceleration"] = (speed - user["speed"]) / dt
        user["s"] += 0.5 * (user["speed"] + speed) * dt
        user["speed"] = speed
        if user["s"] >= length[user["route"]]:
            user["kind"] = NOBODY
        user["x"], user["y"], user["cos"], user["sin"] = locate(points, user["route"], user["s"])
