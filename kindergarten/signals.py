"""Signals: t1, t2, t3, flashing indicators and arms held out. The memory lives here and only here.

Between t2 and t3 nothing that a frame shows depends on the intent.
"""

from __future__ import annotations

import math

from kindergarten.codes import Intent, Kind, Phase, Signal
from kindergarten.jit import njit
from kindergarten.rng import between, uniform

# Constants that kernels read are plain ints: the same under numba and without it.
CYCLIST = int(Kind.CYCLIST)
LEFT, STRAIGHT = int(Intent.LEFT), int(Intent.STRAIGHT)
NONE, SIGNAL_LEFT, SIGNAL_RIGHT = int(Signal.NONE), int(Signal.LEFT), int(Signal.RIGHT)
BEFORE, CUE, DELAY, AFTER = int(Phase.BEFORE), int(Phase.CUE), int(Phase.DELAY), int(Phase.AFTER)


@njit
def draw_flashing(world, user):
    """Rate and phase of a car's indicator: N(1.4, 0.15) Hz clipped to 1..2, any phase.

    Source: UN R48 (90 +- 30 flashes a minute), SAE J590 (60 to 120). Half of the time is dark, so that one
    frame never tells "off" from "dark". The normal is a Box-Muller draw: two uniforms, always.
    """
    radius = math.sqrt(-2.0 * math.log(1.0 - uniform(world)))
    normal = radius * math.cos(2.0 * math.pi * uniform(world))
    user["flash_rate"] = min(max(1.4 + 0.15 * normal, 1.0), 2.0)
    user["flash_phase"] = uniform(world)


@njit
def draw_cue(world, low, high):
    """Length of a signal [s], log-uniform: 1..4 s has median 2 (FACTS: no measurement found)."""
    return math.exp(between(world, math.log(low), math.log(high)))


@njit
def phase(user, tick):
    """Phase of ``user`` at physics step ``tick``."""
    if tick >= user["t3"]:
        return AFTER
    if tick >= user["t2"]:
        return DELAY
    if tick >= user["t1"]:
        return CUE
    return BEFORE


@njit
def shown(user, tick, dt):
    """The Signal that ``user`` shows at physics step ``tick``."""
    if user["signals"] == 0 or user["intent"] == STRAIGHT or tick < user["t1"] or tick >= user["t2"]:
        return NONE
    if user["kind"] != CYCLIST:
        cycles = (tick - user["t1"]) * dt * user["flash_rate"] + user["flash_phase"]
        if cycles - math.floor(cycles) >= 0.5:
            return NONE
    return SIGNAL_LEFT if user["intent"] == LEFT else SIGNAL_RIGHT
