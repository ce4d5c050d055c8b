"""What road users look like from above: parts in metres, x ahead and y to the left of a body's middle.

The window and the page paint the same parts. Bodies are as large as in the world, so that nobody touches in a picture
who does not touch there; signals are larger than life: an arm and a lit lamp must be seen at any zoom.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from kindergarten.world.codes import Kind

LARGER = 1.6  # times life size: a cyclist, where there is room
ROOM = 0.45  # of the gap to whoever is nearest that one may grow into: two never meet
BRAKING = -0.8  # [m/s^2] below this the brake lights are on
REACH = 1.45  # [m] from a cyclist's middle to an arm's hand
SHADOW = 0.16  # [m] to the right and down in the picture
CYCLIST_SHADOW = 1.3, 0.5  # [m] length and width
CYCLIST = 1.8, 0.65  # [m] length and width of the cyclist that is drawn below


class Part(NamedTuple):
    """One stroke of the brush.

    when: the state in which it is seen; always if empty. See ``states``.
    form: what ``numbers`` mean, in metres:
        box: x0, y0, x1, y1, radius of the corners; wheel: the same, turned with the front wheels;
        poly: x, y, x, y, ...; line: x0, y0, x1, y1, width; disc, glow: x, y, radius;
        reach, hand: x0, y0, x1, y1, x2, y2, width, the line from the first point to where between the other two the
        hand is, and a disc there.
    colour: a theme's, or ``body``; ``a/b/0.35`` is a with 0.35 of b in it.
    """

    when: str
    form: str
    colour: str
    numbers: tuple[float, ...]


def states(side: int, braking: bool, arm: float) -> frozenset[str]:
    """What can be seen of a road user: ``side`` 1 where its left lamp is lit, -1 the right one; ``arm`` -1..1."""
    lit = {1: ("left", "right off"), -1: ("left off", "right")}.get(side, ("left off", "right off"))
    arms = ("arm left" if arm > 0.02 else "rest left", "arm right" if arm < -0.02 else "rest right")
    return frozenset(("", "brake" if braking else "coast", *lit, *arms))


@lru_cache(64)
def parts_of(kind: Kind, length: float, width: float) -> tuple[Part, ...]:
    """A road user of this size [m], from the ground up."""
    if kind is Kind.CYCLIST:
        scale = min(length / CYCLIST[0], width / CYCLIST[1])
        return tuple(part._replace(numbers=tuple(n * scale for n in part.numbers)) for part in _cyclist())
    front, side = length / 2, width / 2
    body = _truck(front, side) if kind is Kind.TRUCK else _car(front, side)
    return (*_glows(front, side), *body, *_lamps(front, side))


def larger(users: np.ndarray) -> np.ndarray:
    """How many times life size road users (..., N) are drawn: cyclists as far as there is room around them."""
    apart = gaps(users[..., :, None], users[..., None, :])
    apart[..., np.eye(users.shape[-1], dtype=bool)] = np.inf
    apart[np.broadcast_to(users["kind"][..., None, :] == Kind.NOBODY, apart.shape)] = np.inf
    half = np.maximum(np.hypot(users["length"], users["width"]) / 2, 0.1)
    room = np.clip(ROOM * apart.min(axis=-1, initial=np.inf) / half, 0.0, LARGER - 1.0)
    return np.where(users["kind"] == Kind.CYCLIST, 1.0 + room, 1.0)


def gaps(one: np.ndarray | np.void, others: np.ndarray) -> np.ndarray:
    """How far [m] road users are at least from others, shapes broadcast; 0 or less where they touch."""
    dx, dy = others["x"] - one["x"], others["y"] - one["y"]
    turned = np.abs(others["cos"] * one["cos"] + others["sin"] * one["sin"])
    across = np.abs(others["sin"] * one["cos"] - others["cos"] * one["sin"])
    found = np.full(np.shape(dx), -np.inf)
    for (cos, sin), mine, theirs in (
        ((one["cos"], one["sin"]), (one["length"], one["width"]), (others["length"], others["width"])),
        ((others["cos"], others["sin"]), (others["length"], others["width"]), (one["length"], one["width"])),
    ):
        along, aside = np.abs(dx * cos + dy * sin), np.abs(dy * cos - dx * sin)
        found = np.maximum(found, along - (mine[0] + theirs[0] * turned + theirs[1] * across) / 2)
        found = np.maximum(found, aside - (mine[1] + theirs[0] * across + theirs[1] * turned) / 2)
    return found


def _car(front: float, side: float) -> tuple[Part, ...]:
    ahead, behind = front * 0.36, -front * 0.72
    cabin = (ahead, side * 0.86, ahead + 0.12, 0.0, ahead, -side * 0.86, behind, -side * 0.8, behind, side * 0.8)
    return (
        *_wheels(front - 0.85, side, "wheel"),
        *_wheels(0.85 - front, side, "box"),
        Part("", "box", "body/outline/0.35", (-front, -side, front, side, 0.55)),
        Part("", "box", "body", (0.07 - front, 0.07 - side, front - 0.07, side - 0.07, 0.5)),
        Part("", "poly", "glass", cabin),
        Part("", "box", "body/white/0.12", (behind + 0.42, -side * 0.68, ahead - 0.62, side * 0.68, 0.22)),
        *(
            Part("", "line", "body/outline/0.22", (ahead + 0.35, y * side, front - 0.5, y * side * 0.84, 0.05))
            for y in (0.5, -0.5)
        ),
    )


def _truck(front: float, side: float) -> tuple[Part, ...]:
    """A cab, and behind it a box that is as high as it looks."""
    cab = front - min(2.1, 0.3 * 2 * front)
    return (
        *_wheels(front - 1.2, side, "wheel"),
        *_wheels(1.6 - front, side, "box"),
        *_wheels(2.9 - front, side, "box"),
        Part("", "box", "body/outline/0.35", (cab - 0.2, -side, front, side, 0.35)),
        Part("", "box", "body", (cab - 0.2, 0.08 - side, front - 0.08, side - 0.08, 0.3)),
        Part("", "box", "glass", (front - 0.85, 0.2 - side, front - 0.3, side - 0.2, 0.15)),
        Part("", "box", "cargo/outline/0.4", (-front, -side, cab - 0.25, side, 0.12)),
        Part("", "box", "cargo", (0.1 - front, 0.1 - side, cab - 0.35, side - 0.1, 0.08)),
        *(
            Part("", "line", "cargo/outline/0.12", (x - front, 0.15 - side, x - front, side - 0.15, 0.05))
            for x in range(1, int(min(cab - 0.25 + front, 20.0)))
        ),
    )


def _wheels(x: float, side: float, form: str) -> tuple[Part, ...]:
    middles = (side - 0.14, 0.14 - side)
    return tuple(Part("", form, "tyre", (x - 0.36, y - 0.14, x + 0.36, y + 0.14, 0.08)) for y in middles)


def _glows(front: float, side: float) -> tuple[Part, ...]:
    """The light around brake lights and indicators that are on."""
    return (
        *(Part("brake", "glow", "alarm", (-front, y, 0.95)) for y in (side - 0.3, 0.3 - side)),
        *(
            Part(name, "glow", "signal", (x, y, 2.2))
            for name, y in (("left", side), ("right", -side))
            for x in (front - 0.25, 0.2 - front)
        ),
    )


def _lamps(front: float, side: float) -> tuple[Part, ...]:
    """Headlights, tail lights and indicators."""
    found = []
    for y in (side - 0.38, 0.38 - side):
        found.append(Part("", "box", "headlight", (front - 0.3, y - 0.2, front - 0.08, y + 0.2, 0.08)))
        for name, colour, size in (("brake", "alarm", 0.3), ("coast", "tail", 0.2)):
            found.append(Part(name, "box", colour, (0.04 - front, y - size, 0.04 - front + size, y + size, 0.06)))
    for name, y in (("left", side), ("right", -side)):
        for x in (front - 0.3, 0.25 - front):
            found.append(Part(f"{name} off", "disc", "lamp", (x, y * 0.85, 0.13)))
            for colour, radius in (("outline", 0.5), ("signal", 0.42), ("spark", 0.2)):
                found.append(Part(name, "disc", colour, (x, y * 0.92, radius)))
    return tuple(found)


def _cyclist() -> tuple[Part, ...]:
    length, width = CYCLIST[0] / 2, CYCLIST[1] / 2
    return (
        *(Part(f"arm {name}", "glow", "signal", (0.1, y, 1.5)) for name, y in (("left", 0.9), ("right", -0.9))),
        Part("", "box", "tyre", (-length, -0.07, 0.7 - length, 0.07, 0.06)),
        Part("", "wheel", "tyre", (length - 0.7, -0.07, length, 0.07, 0.06)),
        Part("", "line", "frame", (-0.5, 0.0, 0.52, 0.0, 0.08)),
        Part("", "line", "tyre", (0.44, 0.28, 0.44, -0.28, 0.08)),
        *_arm("left", 1.0),
        *_arm("right", -1.0),
        Part("", "box", "body/outline/0.4", (-0.5, -0.23, 0.0, 0.23, 0.22)),
        Part("", "box", "body/outline/0.4", (-0.34, -width, 0.24, width, 0.26)),
        Part("", "box", "body", (-0.29, 0.04 - width, 0.19, width - 0.04, 0.22)),
        Part("", "disc", "outline", (0.16, 0.0, 0.235)),
        Part("", "disc", "helmet", (0.16, 0.0, 0.19)),
        Part("", "line", "helmet/outline/0.3", (0.06, 0.0, 0.26, 0.0, 0.05)),
    )


def _arm(name: str, side: float) -> tuple[Part, ...]:
    """An arm on the handlebar, or out to its ``side``; it goes from the one to the other."""
    shoulder, grip, hand = (0.06, 0.2 * side), (0.42, 0.22 * side), (0.1, REACH * side)
    way = (*shoulder, *grip, *hand)
    return (
        Part(f"rest {name}", "line", "body/outline/0.4", (*shoulder, *grip, 0.15)),
        Part(f"rest {name}", "disc", "helmet", (*grip, 0.09)),
        Part(f"arm {name}", "reach", "outline", (*way, 0.4)),
        Part(f"arm {name}", "reach", "signal", (*way, 0.29)),
        Part(f"arm {name}", "hand", "outline", (*way, 0.58)),
        Part(f"arm {name}", "hand", "helmet", (*way, 0.42)),
    )
