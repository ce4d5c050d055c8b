"""What the naive world is made of: chance, a road that can be asked, road users, and shapes in the plane.

The plane is that of complex numbers, as `tests.naive` says.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from kindergarten.world.codes import Colour, Intent, Kind, Phase, Signal
from kindergarten.world.road import RoadMap
from kindergarten.world.users import CAR_LENGTH, CAR_WIDTH

SPACING = 0.5  # [m] between a route's samples
WORD = 2**64


def clamp(value: float, low: float, high: float) -> float:
    return low if value < low else high if value > high else value


class SplitMix64:
    """Steele, Lea, Flood, OOPSLA 2014: a counter and a hash."""

    def __init__(self, seed: int) -> None:
        self.state = self.mix(seed ^ 0xBF58476D1CE4E5B9)

    @staticmethod
    def mix(z: int) -> int:
        z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 % WORD
        z = (z ^ z >> 27) * 0x94D049BB133111EB % WORD
        return z ^ z >> 31

    def uniform(self, low: float = 0.0, high: float = 1.0) -> float:
        self.state = (self.state + 0x9E3779B97F4A7C15) % WORD
        return low + (high - low) * ((self.mix(self.state) >> 11) / 2**53)


class Pair(NamedTuple):
    """How route b meets route a: what is at s on b is at s + shift on a; where they cross, from enter to leave."""

    start: float
    stop: float
    shift: float
    enter: float
    leave: float

    @property
    def cross(self) -> bool:
        return self.enter < 1e5


class Road:
    """A map that can be asked."""

    def __init__(self, road: RoadMap) -> None:
        places, headings = road.points.view(complex).transpose(2, 0, 1).tolist()
        self.samples = [list(zip(*route, strict=True)) for route in zip(places, headings, strict=True)]
        self.length, self.fork = road.length.tolist(), road.fork.tolist()
        self.pairs = [[Pair(*pair) for pair in row] for row in road.pairs.tolist()]
        self.entry, self.leg_length = road.entry, road.leg_length

    def locate(self, route: int, s: float) -> tuple[complex, complex]:
        """Place and heading ``s`` metres down a route, on the line between its samples."""
        samples = self.samples[route]
        at = clamp(s / SPACING, 0.0, len(samples) - 1.0)
        k = min(int(at), len(samples) - 2)
        (place, heading), (next_place, next_heading) = samples[k], samples[k + 1]
        return place + (at - k) * (next_place - place), heading + (at - k) * (next_heading - heading)


@dataclass
class User:
    """One road user; the units are those of ``users.ROAD_USER``."""

    kind: Kind = Kind.CAR
    drawn_kind: Kind = Kind.CAR
    speed: float = 0.0
    desired_speed: float = 0.0
    turn_speed: float = 0.0
    yields: bool = True
    leg: int = 0
    flash_rate: float = 0.0
    flash_phase: float = 0.0
    intent: Intent = Intent.STRAIGHT
    choices: int = 0
    length: float = CAR_LENGTH
    width: float = CAR_WIDTH
    member: int = 0
    route: int = 0
    cue_signal: Signal = Signal.NONE
    truthful: bool = False
    colour: Colour = Colour.ORANGE
    last_speed_factor: float = 1.0
    s: float = 0.0
    at: complex = 0j
    heading: complex = 1 + 0j
    acceleration: float = 0.0
    signal: Signal = Signal.NONE
    phase: Phase = Phase.BEFORE
    seen: bool = False
    t1: int = 0
    t2: int = 0
    t3: int = 0
    reveal: int = 0
    go: int = 0
    offset: float = 0.0
    steering: float = 0.0

    @property
    def present(self) -> bool:
        return self.kind != Kind.NOBODY

    def corners(self) -> list[complex]:
        """The body's corners, counterclockwise from its front left one."""
        along, across = self.heading * self.length / 2, self.heading * 1j * self.width / 2
        return [
            self.at + along + across,
            self.at - along + across,
            self.at - along - across,
            self.at + along - across,
        ]


def rectangle(x0: float, y0: float, x1: float, y1: float) -> list[complex]:
    """Its corners, counterclockwise."""
    return [complex(x0, y0), complex(x1, y0), complex(x1, y1), complex(x0, y1)]


def edges(polygon: list[complex]) -> list[tuple[complex, complex]]:
    return list(zip(polygon, polygon[1:] + polygon[:1], strict=True))


def side(point: complex, start: complex, end: complex) -> float:
    """Positive if ``point`` lies to the left of the line from ``start`` to ``end``."""
    return ((point - start) * (end - start).conjugate()).imag


def touch(a: list[complex], b: list[complex]) -> bool:
    """Whether two convex polygons overlap: no edge of either has all of the other on its far side."""
    for one, other in ((a, b), (b, a)):
        for start, end in edges(one):  # counterclockwise: the inside lies to the left
            if all(side(corner, start, end) < 0 for corner in other):
                return False
    return True


def distance(polygon: list[complex], point: complex) -> float:
    """From a point to a convex polygon [m]; 0 inside."""
    if touch(polygon, [point]):
        return 0.0
    nearest = []
    for start, end in edges(polygon):
        share = ((point - start) * (end - start).conjugate()).real / abs(end - start) ** 2
        nearest.append(abs(start + clamp(share, 0.0, 1.0) * (end - start) - point))
    return min(nearest)


def in_the_way(polygon: list[complex], here: complex, there: complex) -> bool:
    """Whether the line from ``here`` to ``there`` passes through a convex polygon: what every edge leaves of it."""
    begin, end = 0.0, 1.0
    for corner, following in edges(polygon):
        a, b = side(here, corner, following), side(there, corner, following)
        if a <= 0 and b <= 0:
            return False
        if a < 0:
            begin = max(begin, a / (a - b))
        elif b < 0:
            end = min(end, a / (a - b))
    return begin < end
