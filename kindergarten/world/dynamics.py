"""The ego: a kinematic bicycle, and the small controller that follows the meta-actions' targets.

    x' = v cos(psi + beta)    y' = v sin(psi + beta)    psi' = v / l_r sin(beta)
    beta = atan(l_r / (l_f + l_r) tan(delta))

Source: Kong et al., IV 2015; valid to about half of the friction limit (Polack et al., IV 2017).
"""

from __future__ import annotations

import math

from kindergarten.world.codes import Action, Control, Intent
from kindergarten.world.jit import njit
from kindergarten.world.road import locate
from kindergarten.world.traffic import braking_for, line_of
from kindergarten.world.users import MAX_STEERING, WHEELBASE

ACTION_LEFT, ACTION_RIGHT = int(Action.LEFT), int(Action.RIGHT)
ACTION_FASTER, ACTION_SLOWER = int(Action.FASTER), int(Action.SLOWER)
CONTINUOUS = int(Control.CONTINUOUS)
LEFT, RIGHT = int(Intent.LEFT), int(Intent.RIGHT)
REAR = WHEELBASE / 2  # [m] l_r: the centre of gravity lies in the middle
COMMITTED = 6.0  # [m] behind the junction's edge: from here on the ways have parted by more than a car


@njit
def choose(world, ego, action, entry, params):
    """Apply one meta-action: it moves the target speed or the target branch, and the target persists."""
    step = params["speed_step"]
    if action == ACTION_FASTER:
        world["target_speed"] = min(world["target_speed"] + step, params["max_speed"])
    elif action == ACTION_SLOWER:
        world["target_speed"] = max(world["target_speed"] - step, params["min_speed"])
    elif action in (ACTION_LEFT, ACTION_RIGHT) and params["side_step"] > 0.0:
        side = params["side_step"] if action == ACTION_LEFT else -params["side_step"]
        world["target_offset"] = min(max(world["target_offset"] + side, -abs(side)), abs(side))
    elif action in (ACTION_LEFT, ACTION_RIGHT) and ego["s"] < entry:
        side = -1 if action == ACTION_LEFT else 1
        branch = ego["intent"] + side
        while LEFT <= branch <= RIGHT:
            if params["branches"][branch] >= 0:
                ego["intent"], ego["route"] = branch, params["branches"][branch]
                break
            branch += side


@njit
def steering_towards(ego, points, offset):
    """Steering angle [rad] of pure pursuit: the arc through a point down the road, ``offset`` left of the route.

    The point is half a second ahead; up to a whole second while the car moves aside, or it would swerve.
    """
    aside = min(max(abs(offset - ego["offset"]) - 0.5, 0.0), 1.0)
    x, y, cos, sin = locate(points, ego["route"], ego["s"] + max(3.0, (0.5 + 0.5 * aside) * ego["speed"]))
    dx, dy = x - offset * sin - ego["x"], y + offset * cos - ego["y"]
    left = dy * ego["cos"] - dx * ego["sin"]
    if left == 0.0:
        return left  # straight on, which is most of the time, and 0 to the bit
    curvature = 2.0 * left / max(dx * dx + dy * dy, 1.0)
    sin_beta = min(max(curvature * REAR, -0.9), 0.9)
    tan_beta = sin_beta / math.sqrt(1.0 - sin_beta * sin_beta)
    return min(max(math.atan(tan_beta * WHEELBASE / REAR), -MAX_STEERING), MAX_STEERING)


@njit
def bicycle(ego, acceleration, steering, dt):
    """Move the ego by one physics step; the speed never falls below 0. Returns the way that it went [m]."""
    speed = max(ego["speed"] + acceleration * dt, 0.0)
    way = 0.5 * (ego["speed"] + speed) * dt
    ego["acceleration"] = (speed - ego["speed"]) / dt
    ego["speed"], ego["steering"] = speed, steering
    cos, sin = ego["cos"], ego["sin"]
    if steering == 0.0:
        ego["x"] += way * cos
        ego["y"] += way * sin
        return way
    beta = math.atan(math.tan(steering) * REAR / WHEELBASE)
    cos_beta, sin_beta = math.cos(beta), math.sin(beta)
    ego["x"] += way * (cos * cos_beta - sin * sin_beta)
    ego["y"] += way * (sin * cos_beta + cos * sin_beta)
    turn = way / REAR * sin_beta
    cos_turn, sin_turn = math.cos(turn), math.sin(turn)
    cos, sin = cos * cos_turn - sin * sin_turn, sin * cos_turn + cos * sin_turn
    norm = math.sqrt(cos * cos + sin * sin)
    ego["cos"], ego["sin"] = cos / norm, sin / norm
    return way


@njit
def project(ego, points, route, s):
    """Arc length and offset to the left [m] of the ego on ``route``, searched near ``s``."""
    x, y, cos, sin = locate(points, route, s)
    s += (ego["x"] - x) * cos + (ego["y"] - y) * sin
    x, y, cos, sin = locate(points, route, s)
    return s, (ego["y"] - y) * cos - (ego["x"] - x) * sin


@njit
def nearest_branch(ego, points, params, s):
    """Under continuous control the branch is where the ego is: the way that it is nearest to."""
    best = abs(project(ego, points, ego["route"], s)[1])
    for branch in range(3):
        route = params["branches"][branch]
        if route >= 0:
            offset = abs(project(ego, points, route, s)[1])
            if offset < best:
                best = offset
                ego["intent"], ego["route"] = branch, route


@njit
def move_ego(world, ego, action, driven, points, entry, params):
    """Move the ego by one physics step.

    Args:
        action: a pair, acceleration and steering in -1..1; read under continuous control alone.
        driven: whether the agent has the controls; if not, the ego cruises.

    Returns:
        How far it got along its route [m].
    """
    dt = params["dt"]
    if driven and params["control"] == CONTINUOUS:
        pedal = action[0]
        acceleration = pedal * (params["acceleration"] if pedal > 0.0 else params["braking"])
        acceleration = min(acceleration, (params["max_speed"] - ego["speed"]) / dt)
        steering = action[1] * MAX_STEERING
    else:
        if params["stops"] == 1 and not driven:
            needed = braking_for(ego, line_of(ego, entry))
            if ego["speed"] < 0.5:
                world["target_speed"] = 0.0
            elif needed > 0.0:
                world["target_speed"] = max(ego["speed"] - needed * dt, 0.0)
        wanted = (world["target_speed"] - ego["speed"]) / dt
        acceleration = min(max(wanted, -params["braking"]), params["acceleration"])
        steering = steering_towards(ego, points, world["target_offset"])
    before = ego["s"]
    guess = before + bicycle(ego, acceleration, steering, dt)
    if params["control"] == CONTINUOUS and params["legs"] == 1 and guess < entry + COMMITTED:
        nearest_branch(ego, points, params, guess)
    ego["s"], ego["offset"] = project(ego, points, ego["route"], guess)
    return ego["s"] - before
