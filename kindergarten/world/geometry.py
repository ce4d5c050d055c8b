"""Oriented boxes: do two road users touch, how near is a point to one."""

from __future__ import annotations

import math

from kindergarten.world.jit import njit


@njit
def reach(user, cos, sin):
    """Half of the extent [m] of ``user``'s box along the direction (cos, sin)."""
    along = abs(user["cos"] * cos + user["sin"] * sin)
    across = abs(user["cos"] * sin - user["sin"] * cos)
    return 0.5 * (user["length"] * along + user["width"] * across)


@njit
def separated(a, b, cos, sin):
    """Whether the axis (cos, sin) separates the two boxes."""
    distance = abs((b["x"] - a["x"]) * cos + (b["y"] - a["y"]) * sin)
    return distance > reach(a, cos, sin) + reach(b, cos, sin)


@njit
def overlap(a, b):
    """Whether the boxes of two road users touch: the separating-axis theorem on their four axes."""
    if separated(a, b, a["cos"], a["sin"]) or separated(a, b, -a["sin"], a["cos"]):
        return False
    return not (separated(a, b, b["cos"], b["sin"]) or separated(a, b, -b["sin"], b["cos"]))


@njit
def distance_to_box(user, x, y):
    """Distance [m] from the point (x, y) to ``user``'s box; 0 inside."""
    dx, dy = x - user["x"], y - user["y"]
    along = abs(dx * user["cos"] + dy * user["sin"]) - 0.5 * user["length"]
    across = abs(dy * user["cos"] - dx * user["sin"]) - 0.5 * user["width"]
    return math.sqrt(max(along, 0.0) ** 2 + max(across, 0.0) ** 2)
