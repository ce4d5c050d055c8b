"""Signals: t1, t2, t3, flashing indicators and arms held out. The memory lives here and only here.

Between t2 and t3 nothing that a frame shows depends on the intent.
"""

from __future__ import annotations

import math

from kindergarten.world.codes import Intent, Kind, Phase, Signal, SignalReliability
from kindergarten.world.jit import njit
from kindergarten.world.rng import between, uniform

# Constants that kernels read are plain ints: the same under numba and without it.
CYCLIST = int(Kind.CYCLIST)
LEFT, RIGHT, REAL = int(Intent.LEFT), int(Intent.RIGHT), int(SignalReliability.REAL)
NONE, SIGNAL_LEFT, SIGNAL_RIGHT = int(Signal.NONE), int(Signal.LEFT), int(Signal.RIGHT)
BEFORE, CUE, DELAY, AFTER = int(Phase.BEFORE), int(Phase.CUE), int(Phase.DELAY), int(Phase.AFTER)
SIGNALLING, WRONG_SIDE, STALE = 0.75, 0.03, 0.05  # the share of turns, turns, and others
TAKEN_BACK, AGAIN = 0.4, 0.55  # of the cue: until then the first signal shows, and from then on the last


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
def draw_signal(world, user, may_signal, signal_rate, reliability):
    """Draw what ``user`` shows from t1 to t2, and whether that is the truth. One number is drawn, always.

    On real roads 75 % of those who turn signal (Ponziani 2012; Sullivan et al. 2015), 3 % on the wrong side, and
    5 % of those who do not turn have one left on (unverified).
    """
    u, turns = uniform(world), user["intent"] in (LEFT, RIGHT)
    truth = NONE
    if turns:
        truth = SIGNAL_LEFT if user["intent"] == LEFT else SIGNAL_RIGHT
    willing = may_signal == 1 and u < signal_rate
    signal = truth if willing else NONE
    if willing and reliability == REAL:
        u /= signal_rate
        if turns and u >= SIGNALLING:
            signal = NONE
        elif turns and u < WRONG_SIDE:
            signal = SIGNAL_RIGHT if truth == SIGNAL_LEFT else SIGNAL_LEFT
        elif not turns and u < STALE:
            signal = SIGNAL_LEFT if u < 0.5 * STALE else SIGNAL_RIGHT
    user["cue_signal"] = signal
    user["truthful"] = 1 if willing and signal == truth else 0


@njit
def first_signal(user, rewritten):
    """The Signal that ``user`` shows first: not what it means, if it is one of the share that takes it back.

    Which of them do stands in digits of the flashing's phase that make no difference to a lamp: so the world is the
    same with and without, but for what is shown.
    """
    digits = user["flash_phase"] * 4096.0
    digits -= math.floor(digits)
    last = user["cue_signal"]
    if digits >= rewritten or user["truthful"] == 0 or user["choices"] < 2:
        return last
    if last == NONE:
        return SIGNAL_LEFT if digits < 0.5 * rewritten else SIGNAL_RIGHT
    return SIGNAL_RIGHT if last == SIGNAL_LEFT else SIGNAL_LEFT


@njit
def shown(user, tick, dt, rewritten):
    """The Signal that ``user`` shows at physics step ``tick``.

    Whoever takes a signal back shows it first, then none, and then what it means; lamps begin each of these lit.
    """
    signal, since, cycles = user["cue_signal"], user["t1"], user["flash_phase"]
    if tick < since or tick >= user["t2"]:
        return NONE
    first = first_signal(user, rewritten)
    if first != signal:
        cycles, cue = 0.0, user["t2"] - since
        if tick - since < TAKEN_BACK * cue:
            signal = first
        elif tick - since < AGAIN * cue:
            return NONE
        else:
            since += math.ceil(AGAIN * cue)
    if signal == NONE:
        return NONE
    if user["kind"] != CYCLIST:
        cycles += (tick - since) * dt * user["flash_rate"]
        if cycles - math.floor(cycles) >= 0.5:
            return NONE
    return signal
