"""What the numbers of a world may be: one table, for all who take them from somewhere else.

Kernels look things up by these numbers and divide by them, and check nothing. So a snapshot, a checkpoint and a replay
are measured by this table before anything is made of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from kindergarten.world.codes import Colour, End, Intent, Kind, Phase, Signal

Interval = tuple[float, float]
HUGE = 1e6  # nothing in a world is larger: metres, seconds, physics steps
ANY, POSITIVE, SHARE, FLAG = (-HUGE, HUGE), (0.0, HUGE), (0.0, 1.0), (0, 1)
SIZE = (0.1, 100.0)  # [m] of a body
CROOKED = 0.2  # how far the length of (cos, sin) may be from 1


def codes(kind: type[IntEnum]) -> Interval:
    """The least and the largest of whole numbers with names."""
    return 0, len(kind) - 1


#: The least and the most of each field of ROAD_USER and of WORLD, but for those that depend on the worlds: ``Limits``.
USER_FIELDS: dict[str, Interval] = {
    **{"kind": codes(Kind), "drawn_kind": codes(Kind), "intent": codes(Intent), "choices": (0, len(Intent))},
    **{"cue_signal": codes(Signal), "signal": codes(Signal), "phase": codes(Phase), "colour": codes(Colour)},
    **{"truthful": FLAG, "seen": FLAG, "yields": FLAG, "length": SIZE, "width": SIZE},
    **{"s": ANY, "x": ANY, "y": ANY, "cos": ANY, "sin": ANY, "offset": ANY, "steering": ANY, "acceleration": ANY},
    **{"speed": POSITIVE, "desired_speed": POSITIVE, "turn_speed": POSITIVE, "last_speed_factor": POSITIVE},
    **{"t1": ANY, "t2": ANY, "t3": ANY, "reveal": ANY, "go": ANY, "flash_rate": POSITIVE, "flash_phase": SHARE},
}
WORLD_FIELDS: dict[str, Interval] = {
    **{"rng": (0, float(2**64)), "tick": POSITIVE, "hands_on": ANY, "time_limit": ANY, "end": codes(End)},
    **{"target_speed": POSITIVE, "target_offset": ANY},
}


@dataclass(frozen=True)
class Limits:
    """The limits of all numbers of worlds with so many road users, the ego among them, routes, legs and casts."""

    users: int
    routes: int
    legs: int
    casts: int

    @property
    def user_fields(self) -> dict[str, Interval]:
        """The least and the most of each field of ROAD_USER."""
        pointers = {"route": (0, self.routes - 1), "member": (0, self.users - 1), "leg": (0, self.legs - 1)}
        return USER_FIELDS | pointers

    @property
    def world_fields(self) -> dict[str, Interval]:
        """The least and the most of each field of WORLD."""
        return {
            **WORLD_FIELDS,
            "leg": (0, self.legs - 1),
            "cast": (0, self.casts - 1),
            "signaller": (1, self.users - 1),
        }

    def problem(self, worlds: np.ndarray, users: np.ndarray) -> str:
        """What is wrong with worlds (W,), WORLD, and their road users (W, N), ROAD_USER; empty if nothing is."""
        found = outside(worlds, self.world_fields) or outside(users, self.user_fields)
        if found:
            return found
        crooked = np.abs(np.hypot(users["cos"], users["sin"]) - 1.0) > CROOKED
        if crooked.any():
            cos, sin = (users[name][crooked][0] for name in ("cos", "sin"))
            return f"a direction (cos, sin) is ({cos:g}, {sin:g}): its length must be 1"
        if (np.sort(users["member"], axis=1) != np.arange(self.users)).any() or users["member"][:, 0].any():
            return f"members are {users['member'][0].tolist()}: they must be 0 for the ego, and 1..{self.users - 1}"
        still_to_come = (self.legs - 1 - worlds["leg"]) * (self.routes // self.legs)  # the ego goes on from leg to leg
        if (users["route"][:, 0] + still_to_come >= self.routes).any():
            return "the ego is on a route of a leg that is still to come"
        return ""


def outside(rows: np.ndarray, fields: Mapping[str, Interval]) -> str:
    """Which field of structured ``rows`` is beyond its least or most, in words; empty if none is."""
    for name, (low, high) in fields.items():
        wrong = ~((rows[name] >= low) & (rows[name] <= high))  # NaN is in no interval
        if wrong.any():
            return f"{name} is {rows[name][wrong][0]:g}: it must be within {low:g}..{high:g}"
    return ""
