"""Roads as a scenario has them: their sizes, the ways that there are, and what these are made of."""

from __future__ import annotations

import math
from dataclasses import dataclass

from kindergarten.world.codes import ARMS, LANES, Intent
from kindergarten.world.sense import check

SPACING = 0.5  # [m] of arc length between samples; a chord of a 6 m turn is then 5 mm from its arc
TURNS = (Intent.LEFT, Intent.STRAIGHT, Intent.RIGHT)
Ways = tuple[tuple[str, Intent], ...]  # of a road: an arm, and what may be done from there
#: What a way is made of: (length [m], curvature [1/m], positive to the left), one after the other.
Pieces = list[tuple[float, float]]


def exit_of(arm: str, way: Intent) -> str:
    """The arm of a junction that a way from ``arm`` leaves by."""
    return ARMS[(ARMS.index(arm) + {Intent.RIGHT: 1, Intent.STRAIGHT: 2, Intent.LEFT: 3}[way]) % 4]


def way_of(intent: Intent) -> Intent:
    """The way that an intent takes: those about the order go straight on."""
    return Intent.STRAIGHT if intent in (Intent.FIRST, Intent.LAST) else intent


def sampled_length(pieces: Pieces) -> float:
    """How far samples reach [m] along what is made of ``pieces``."""
    return int(sum(length for length, _ in pieces) / SPACING + 1e-9) * SPACING


@dataclass(frozen=True)
class Junction:
    """A crossing of two roads at right angles, one lane each way; or several, one behind the other."""

    arms: tuple[str, ...] = ARMS
    half_width: float = 8.0  # [m] from the middle to the edge
    leave: float = 80.0  # [m] of road behind it
    legs: int = 1  # how many of them the ego passes, heading north

    def __post_init__(self) -> None:
        check(self)

    @property
    def ways(self) -> Ways:
        """Those that lead to an arm that is there."""
        return tuple((arm, intent) for arm in self.arms for intent in TURNS if exit_of(arm, intent) in self.arms)

    def check_width(self, lane_width: float) -> None:
        """Refuse lanes that are too wide for it."""
        if self.half_width <= lane_width / 2:
            raise ValueError(f"half_width is {self.half_width!r}: a lane is {lane_width!r} m wide")

    def beyond(self, lane_width: float) -> dict[Intent, Pieces]:
        """What ways are made of from the edge on: a quarter circle or straight on, then straight out."""
        half, lane, quarter = self.half_width, lane_width / 2, math.pi / 2
        inside = {
            Intent.LEFT: ((half + lane) * quarter, 1 / (half + lane)),
            Intent.STRAIGHT: (2 * half, 0.0),
            Intent.RIGHT: ((half - lane) * quarter, -1 / (half - lane)),
        }
        return {intent: [piece, (self.leave, 0.0)] for intent, piece in inside.items()}


@dataclass(frozen=True)
class Roundabout:
    """Four arms and a circle, driven counterclockwise; whoever is on it goes first."""

    radius: float = 13.0  # [m] of the line that one drives on
    bend: float = 13.0  # [m] radius of the curves on to it
    exit_bend: float = 8.0  # [m] radius of the curves off it; the tighter, the later ways part
    leave: float = 80.0  # [m] of road behind it
    arms: tuple[str, ...] = ARMS
    legs: int = 1

    def __post_init__(self) -> None:
        check(self)

    @property
    def ways(self) -> Ways:
        """All of them."""
        return tuple((arm, intent) for arm in self.arms for intent in TURNS)

    def check_width(self, lane_width: float) -> None:
        """Refuse lanes that do not meet the circle, or only where the next exit has begun."""
        if self.radius <= lane_width / 2:
            raise ValueError(f"radius is {self.radius!r}: a lane is {lane_width!r} m wide")
        if self.beyond(lane_width)[Intent.RIGHT][1][0] < 0.0:
            raise ValueError(
                f"radius is {self.radius!r}, bend {self.bend!r} and exit_bend {self.exit_bend!r}: whoever turns right "
                "would have to leave the circle before coming on to it; tighter bends, or a larger circle, have room"
            )

    def tangency(self, bend: float, lane_width: float) -> tuple[float, float]:
        """How far a bend between an arm's lane and the circle turns [rad], and how far from the middle it begins [m].

        It touches the circle from outside: its centre lies ``radius + bend`` from the middle and half a lane and
        ``bend`` from the arm's axis.
        """
        across = lane_width / 2 + bend
        deep = math.sqrt((self.radius + bend) ** 2 - across**2)
        return math.atan2(deep, across), deep

    def beyond(self, lane_width: float) -> dict[Intent, Pieces]:
        """What ways are made of from the edge on: a bend on to the circle, round it, a bend off it, straight out."""
        circle, bend, off = self.radius, self.bend, self.exit_bend
        (touch, _), (leave, _) = (self.tangency(each, lane_width) for each in (bend, off))
        ways: dict[Intent, Pieces] = {}
        for intent, quarters in ((Intent.LEFT, 3), (Intent.STRAIGHT, 2), (Intent.RIGHT, 1)):
            # The bends take their share of the quarters that lie between coming on and going off.
            round_it = (quarters - 2) * math.pi / 2 + touch + leave
            ways[intent] = [
                *((bend * touch, -1 / bend), (circle * round_it, 1 / circle), (off * leave, -1 / off)),
                (self.leave, 0.0),
            ]
        return ways


@dataclass(frozen=True)
class Lanes:
    """Two lanes the same way, to the north, and the changes between them, all of which begin at one place."""

    change: float = 30.0  # [m] length of a lane change
    leave: float = 200.0  # [m] of road behind its beginning
    arms: tuple[str, ...] = LANES
    legs: int = 1

    def __post_init__(self) -> None:
        check(self)
        if self.leave < self.change:
            raise ValueError(f"leave is {self.leave!r}: it must be at least change, {self.change!r}")

    @property
    def ways(self) -> Ways:
        """On, and into the other lane."""
        return (("right", Intent.LEFT), *((arm, Intent.STRAIGHT) for arm in LANES), ("left", Intent.RIGHT))

    def check_width(self, lane_width: float) -> None:
        """There is a way from lane to lane however wide they are."""

    def beyond(self, lane_width: float) -> dict[Intent, Pieces]:
        """What ways are made of from where changes begin: a change is two bends, one against the other."""
        angle = 2 * math.atan2(lane_width, self.change)
        bend = self.change / (2 * math.sin(angle))
        arc, rest = bend * angle, (self.leave - self.change, 0.0)
        return {
            Intent.LEFT: [(arc, 1 / bend), (arc, -1 / bend), rest],
            Intent.STRAIGHT: [(self.leave, 0.0)],
            Intent.RIGHT: [(arc, -1 / bend), (arc, 1 / bend), rest],
        }


Road = Junction | Roundabout | Lanes
