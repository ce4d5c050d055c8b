"""What agents have beside their bodies: targets, lamps and how their episode stands, one record for each seat."""

from __future__ import annotations

import math
from enum import IntEnum

import numpy as np

from kindergarten.playground.rules import Lamps
from kindergarten.world.codes import Action, Intent, Kind, Signal
from kindergarten.world.jit import njit

#: One seat. The kernels of one ego read the same names of its WORLD.
DRIVER = np.dtype(
    [
        ("present", np.int64),  # 1 from reset to the frame in which its episode ends, that frame included
        ("end", np.int64),  # End of its episode
        ("tick", np.int64),  # [physics steps] since reset
        ("hands_on", np.int64),  # [physics steps] 0: agents drive from the first frame
        ("born", np.int64),  # [physics steps] when its episode began: 0, or later in an endless world
        ("time_limit", np.int64),  # [physics steps] when it is truncated
        ("target_speed", np.float64),  # [m/s] what FASTER and SLOWER move
        ("target_offset", np.float64),  # [m] to the left of the route
        ("lamp", np.int64),  # Signal that it asks for; it persists
        ("lamp_since", np.int64),  # [physics steps] since when
        ("works", np.int64),  # 0: its lamps are broken, 2: the simulator sets them honestly; it sees neither
        ("way", np.float64),  # [m] along its route, in the last physics step
        ("social", np.float64),  # how much of the others' rewards it earns: 0 selfish, 1 their mean alone
    ]
)
#: What all worlds of a playground have in common: see ``rules.Rules``.
RULES = np.dtype(
    [
        ("signals", np.int64),
        ("humans", np.float64),
        ("social", np.float64),
        ("defects", np.float64),
        ("signal_cost", np.float64),
        ("honest", np.float64),
        ("endless", np.int64),
    ]
)


class Deed(IntEnum):
    """What an agent of many does: an Action, or it sets its lamps, which stay as they are set."""

    LEFT = 0
    IDLE = 1
    RIGHT = 2
    FASTER = 3
    SLOWER = 4
    SIGNAL_LEFT = 5
    SIGNAL_OFF = 6
    SIGNAL_RIGHT = 7


EARLY, OFF, HONEST, TOLD = int(Lamps.EARLY), int(Lamps.OFF), int(Lamps.HONEST), int(Lamps.TOLD)
NONE, SIGNAL_LEFT, SIGNAL_RIGHT = int(Signal.NONE), int(Signal.LEFT), int(Signal.RIGHT)
GOAL_LEFT, GOAL_RIGHT = int(Intent.LEFT), int(Intent.RIGHT)
CYCLIST = int(Kind.CYCLIST)
BROKEN, SOUND, GUIDED = 0, 1, 2  # lamps
IDLE, LAST_ACTION = int(Action.IDLE), int(max(Action))
PRESS_LEFT, PRESS_RIGHT = int(Deed.SIGNAL_LEFT), int(Deed.SIGNAL_RIGHT)
FAR = 25.0  # [m] before the junction's edge, where lamps that work early alone go off
TURNED = 0.05  # [rad] of steering: a car's wheel that comes back to it switches the lamp of that side off


@njit
def press(driver, deed):
    """Set the lamp that ``deed`` asks for; returns what is left of it, an Action."""
    if deed <= LAST_ACTION:
        return deed
    lamp = SIGNAL_LEFT if deed == PRESS_LEFT else SIGNAL_RIGHT if deed == PRESS_RIGHT else NONE
    if lamp != driver["lamp"]:
        driver["lamp"], driver["lamp_since"] = lamp, driver["tick"]
    return IDLE


@njit
def cancel(driver, user, before):
    """Switch a car's lamp off as its wheel comes back from that side; ``before`` is the last steering [rad].

    As indicator stalks do. An arm stays out until it is taken down.
    """
    side = 1.0 if driver["lamp"] == SIGNAL_LEFT else -1.0
    if user["kind"] != CYCLIST and side * before > TURNED >= side * user["steering"]:
        driver["lamp"] = NONE


@njit
def truth(user):
    """The Signal that tells where ``user`` is to go."""
    return SIGNAL_LEFT if user["intent"] == GOAL_LEFT else SIGNAL_RIGHT if user["intent"] == GOAL_RIGHT else NONE


@njit
def lit(driver, user, signals, entry, dt):
    """The Signal that an agent's body shows in this frame: indicators flash, as those of scripted drivers do.

    Whose lamps the simulator sets has them on from its first frame, whatever it asks for: it can neither hide them nor
    shift them.
    """
    if signals == TOLD:
        return truth(user)
    guided = signals == HONEST or driver["works"] == GUIDED
    lamp, since = (truth(user), driver["born"]) if guided else (driver["lamp"], driver["lamp_since"])
    if lamp == NONE or driver["works"] == BROKEN or signals == OFF or (signals == EARLY and entry - user["s"] <= FAR):
        return NONE
    if user["kind"] == CYCLIST:
        return lamp
    cycles = (driver["tick"] - since) * dt * user["flash_rate"] + user["flash_phase"]
    return lamp if cycles - math.floor(cycles) < 0.5 else NONE
