"""The scripted drivers: car following by the Intelligent Driver Model (Treiber, Hennecke, Helbing 2000)."""

from __future__ import annotations

import math

from kindergarten.codes import Intent, Kind
from kindergarten.jit import njit
from kindergarten.road import locate

NOBODY, CYCLIST, STRAIGHT = int(Kind.NOBODY), int(Kind.CYCLIST), int(Intent.STRAIGHT)
COMFORTABLE_BRAKING = 2.0  # [m/s^2] b; 1.5..2.0 in town
HARDEST_BRAKING = 6.0  # [m/s^2] what a scripted driver brakes at most


@njit
def leader_of(users, i, road):
    """Row of the nearest road user ahead of ``i`` on the same strip of road, and the bumper gap [m]; -1 if none."""
    best, gap = -1, math.inf
    me = users[i]
    for j in range(len(users)):
        other = users[j]
        ahead = other["s"] - me["s"]
        if j == i or other["kind"] == NOBODY or ahead <= 0.0:
            continue
        if other["s"] < road.shared[me["route"], other["route"]] and ahead < gap:
            best, gap = j, ahead
    if best >= 0:
        gap -= 0.5 * (me["length"] + users[best]["length"])
    return best, gap


@njit
def idm(user, desired_speed, leader_speed, gap):
    """Acceleration [m/s^2]: a (1 - (v/v0)^4 - (s*/gap)^2), s* = s0 + v T + v dv / (2 sqrt(a b)).

    Cyclists ride closer and gentler (a 0.8 m/s^2, T 0.25 s, s0 0.5 m, as in a group ride: unverified) than cars
    in town (1.5, 1.0, 2.0).
    """
    cyclist = user["kind"] == CYCLIST
    a, headway, standstill = (0.8, 0.25, 0.5) if cyclist else (1.5, 1.0, 2.0)
    speed = user["speed"]
    ratio = (speed / desired_speed) ** 2
    wanted = standstill + speed * headway
    wanted += speed * (speed - leader_speed) / (2.0 * math.sqrt(a * COMFORTABLE_BRAKING))
    closeness = max(wanted, standstill) / max(gap, 0.1)
    free = a * (1.0 - ratio * ratio)
    if gap == math.inf:  # alone, nobody brakes harder than is comfortable
        return max(free, -COMFORTABLE_BRAKING)
    return max(free - a * closeness * closeness, -HARDEST_BRAKING)


@njit
def drive(users, i, road, tick, dt):
    """Decide ``users[i]``'s acceleration for the next physics step: follow the leader, slow for a turn from t3."""
    user = users[i]
    desired = user["desired_speed"]
    if user["intent"] != STRAIGHT and tick >= user["t3"]:
        desired = min(desired, user["turn_speed"])
    leader, gap = leader_of(users, i, road)
    user["acceleration"] = idm(user, desired, users[leader]["speed"] if leader >= 0 else 0.0, gap)


@njit
def advance(user, road, dt):
    """Move a scripted road user along its route by one physics step; at the route's end it leaves the scene."""
    speed = max(user["speed"] + user["acceleration"] * dt, 0.0)
    user["acceleration"] = (speed - user["speed"]) / dt
    user["s"] += 0.5 * (user["speed"] + speed) * dt
    user["speed"] = speed
    if user["s"] >= road.length[user["route"]]:
        user["kind"] = NOBODY
    user["x"], user["y"], user["cos"], user["sin"] = locate(road, user["route"], user["s"])
