"""Sampling a world: one generic kernel places any scenario's cast.

Every random number is drawn in the same order whatever comes out, and the intents are overridden only after
the last draw: so one seed with other intents gives *twins*, worlds that differ in intent alone.
"""

from __future__ import annotations

from kindergarten.codes import End, Intent, Kind
from kindergarten.jit import njit
from kindergarten.rng import between, uniform
from kindergarten.road import locate
from kindergarten.signals import draw_cue, draw_flashing
from kindergarten.users import CAR_LENGTH, CAR_WIDTH, CYCLIST_LENGTH, CYCLIST_WIDTH

CAR, CYCLIST, RUNNING = int(Kind.CAR), int(Kind.CYCLIST), int(End.RUNNING)
STRAIGHT = int(Intent.STRAIGHT)


@njit
def draw_intent(world, chances):
    """An Intent by its chances (3,)."""
    u, chosen = uniform(world), -1
    for intent in range(3):
        if chances[intent] > 0.0:
            chosen = intent
            if u < chances[intent]:
                break
            u -= chances[intent]
    return chosen


@njit
def draw_user(world, users, i, member, signal_rate):
    """Draw what member ``i`` of the cast is and will do: kind, size, speed, signal, intent."""
    user = users[i]
    cyclist = uniform(world) < member["cyclist"]
    speed = between(world, member["speed"][0], member["speed"][1])
    if member["convoy"] == 1:
        cyclist, speed = users[i - 1]["kind"] == CYCLIST, users[i - 1]["speed"]
    user["kind"] = CYCLIST if cyclist else CAR
    user["length"] = CYCLIST_LENGTH if cyclist else CAR_LENGTH
    user["width"] = CYCLIST_WIDTH if cyclist else CAR_WIDTH
    user["speed"], user["desired_speed"] = speed, speed * member["urge"]
    user["turn_speed"] = member["turn_speed"]
    user["signals"] = 1 if uniform(world) < signal_rate and member["signals"] == 1 else 0
    draw_flashing(world, user)
    user["intent"] = draw_intent(world, member["chances"])


@njit
def draw_times(world, users, cast, params):
    """Draw t1, t2, t3 of everybody and when the agent gets the controls. Returns the delay [physics steps].

    Road user 1 sets the scene: its t1 and signal come first, the delay follows, and its t3 is the scene's.
    """
    dt = params["dt"]
    t1 = round(between(world, params["first"][0], params["first"][1]) / dt)
    delay = round(between(world, params["delay"][0], params["delay"][1]) / dt)
    t3 = t1 + delay
    for i in range(1, len(users)):
        user, member = users[i], cast[i]
        cue = round(draw_cue(world, member["cue"][0], member["cue"][1]) / dt)
        due = round(between(world, member["due"][0], member["due"][1]) / dt)
        if i == 1:
            t3 += cue
        user["t3"] = t3 + due
        user["t2"] = max(t3 + due - delay, 0)
        user["t1"] = max(user["t2"] - cue, 0)
    ready = t3 - round(params["lead"] / dt)
    if delay > 0:  # with no delay at all the signal is still shown while the agent drives: the control
        ready = max(ready, users[1]["t2"])
    world["hands_on"] = 0 if params["hands_on"] == 1 else max(ready, 0)
    world["time_limit"] = t3 + round(params["time_limit"] / dt)
    users[0]["t1"], users[0]["t2"] = 0, 0
    users[0]["t3"] = t3 + round(between(world, cast[0]["due"][0], cast[0]["due"][1]) / dt)


@njit
def place(world, users, points, cast, dt):
    """Put everybody where they must start to be at their ``due_at`` at their t3."""
    for i in range(len(users)):
        user = users[i]
        user["s"] = cast[i]["due_at"] - user["speed"] * user["t3"] * dt
        user["x"], user["y"], user["cos"], user["sin"] = locate(points, user["route"], user["s"])
        user["offset"], user["steering"], user["acceleration"] = 0.0, 0.0, 0.0
    world["target_speed"] = users[0]["speed"]
    world["tick"] = 0
    world["end"] = RUNNING


@njit
def sample_world(world, users, points, cast, params, intents):
    """Draw a new scene from ``world``'s generator.

    Args:
        intents: (N - 1,) Intent of each road user but the ego, or -1 to keep what was drawn.
    """
    for i in range(len(users)):
        draw_user(world, users, i, cast[i], params["signal_rate"])
    draw_times(world, users, cast, params)
    ego = users[0]
    ego["signals"] = 0
    if params["ego_routes"][ego["intent"]] < 0:
        ego["intent"] = STRAIGHT
    ego["route"] = params["ego_routes"][ego["intent"]]
    for i in range(1, len(users)):
        if intents[i - 1] >= 0:
            users[i]["intent"] = intents[i - 1]
        users[i]["route"] = cast[i]["routes"][users[i]["intent"]]
    place(world, users, points, cast, params["dt"])
