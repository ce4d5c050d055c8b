"""Roads: every route is a curve sampled by arc length.

The road is a junction of arms at right angles, driven on the right. A route comes in on one arm and goes out
on another, and all routes from one arm are the *same numbers* up to the junction's edge: each is sampled from
the same origin, never resampled, so that a position there does not tell where its owner is going.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from kindergarten.codes import ARMS, Intent
from kindergarten.jit import njit

SPACING = 0.5  # [m] of arc length between samples; a chord of a 6 m turn is then 5 mm from its arc


class RoadMap(NamedTuple):
    """Routes and what is drawn around them. R routes, P samples.

    points: (R, P, 4) x [m], y [m], and direction (cos, sin); padded by repeating the last sample.
    length: (R,) [m] of each route.
    shared: (R, R) [m] arc length up to which two routes are one; 0 if they come from different arms.
    entry: [m] arc length at which every route enters the junction.
    fog: (4,) x0, y0, x1, y1 [m]; nobody sees into it. All zero where there is none.
    stop_lines, centre_lines: (L, 4) x0, y0, x1, y1 [m], to be drawn.
    half_width: [m] from the junction's middle to its edge.
    lane_width: [m]
    """

    points: np.ndarray
    length: np.ndarray
    shared: np.ndarray
    entry: float
    fog: np.ndarray
    stop_lines: np.ndarray
    centre_lines: np.ndarray
    half_width: float
    lane_width: float


def junction(
    approach: float,
    leave: float = 80.0,
    half_width: float = 8.0,
    lane_width: float = 3.5,
    fog: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0),
) -> RoadMap:
    """A crossing of two roads around the origin, four arms, one lane each way.

    Args:
        approach: length of the way in [m]; rounded up to whole samples, so that a sample lies on the edge.
        leave: length of the way out [m].
        half_width: from the middle to the junction's edge [m].
        lane_width: [m], 3.05 to 3.66 in US street design guides.
        fog: x0, y0, x1, y1 [m].
    """
    entry = math.ceil(approach / SPACING) * SPACING
    routes = [
        _route(arm, intent, entry, leave, half_width, lane_width / 2) for arm in range(len(ARMS)) for intent in Intent
    ]
    longest = max(len(route) for route in routes)
    padded = [np.concatenate([route, np.repeat(route[-1:], longest - len(route), axis=0)]) for route in routes]
    same_arm = np.arange(12)[:, None] // 3 == np.arange(12) // 3
    lengths = np.array([(len(route) - 1) * SPACING for route in routes])
    shared = np.where(same_arm, entry, 0.0)
    np.fill_diagonal(shared, lengths)
    stop_lines, centre_lines = [], []
    for arm in range(len(ARMS)):
        turn = _rotation(arm)
        edge, far, inner = -half_width, -half_width - entry, lane_width
        stop_lines.append((turn @ [[0.0, inner], [edge, edge]]).T.ravel())
        centre_lines.append((turn @ [[0.0, 0.0], [edge, min(far, edge - leave)]]).T.ravel())
    return RoadMap(
        np.array(padded),
        lengths,
        shared,
        entry,
        np.array(fog),
        np.array(stop_lines),
        np.array(centre_lines),
        half_width,
        lane_width,
    )


def _rotation(arm: int) -> np.ndarray:
    """Turns the arm from the south into ``arm``; exact, as all its entries are -1, 0 or 1."""
    cos, sin = ((1, 0), (0, 1), (-1, 0), (0, -1))[arm]
    return np.array([[cos, -sin], [sin, cos]], dtype=float)


def _route(arm: int, intent: Intent, entry: float, leave: float, half: float, lane: float) -> np.ndarray:
    """Samples (P, 4) of one route: straight in, a quarter circle (or straight on), straight out.

    Written for the arm from the south (heading north in the lane x = ``lane``) and then turned.
    """
    side = {Intent.LEFT: 1.0, Intent.STRAIGHT: 0.0, Intent.RIGHT: -1.0}[intent]
    radius = half + side * lane if side else 0.0
    inside = radius * math.pi / 2 if side else 2 * half
    s = np.arange(int((entry + inside + leave) / SPACING) + 1) * SPACING
    along = s - entry  # 0 at the junction's edge
    if side:
        angle = np.clip(along / radius, 0.0, math.pi / 2)  # how far it has turned
        after = np.maximum(along - inside, 0.0)
        before = np.minimum(along, 0.0)
        x = lane - side * (radius * (1 - np.cos(angle)) + after)
        y = -half + before + radius * np.sin(angle)
        cos, sin = -side * np.sin(angle), np.cos(angle)
    else:
        x, y = np.full_like(s, lane), -half + along
        cos, sin = np.zeros_like(s), np.ones_like(s)
    # The way in is written once, for all intents alike.
    straight = along <= 0.0
    x[straight], y[straight] = lane, -half + along[straight]
    cos[straight], sin[straight] = 0.0, 1.0
    turn = _rotation(arm)
    return np.concatenate([turn @ [x, y], turn @ [cos, sin]]).T


@njit
def locate(points, route, s):
    """Position and direction (x, y, cos, sin) at arc length ``s`` of ``route``, between the two nearest samples."""
    last = points.shape[1] - 1
    at = min(max(s / SPACING, 0.0), float(last))
    k = min(int(at), last - 1)
    f = at - k
    x, y, cos, sin = points[route, k, 0], points[route, k, 1], points[route, k, 2], points[route, k, 3]
    return (
        x + f * (points[route, k + 1, 0] - x),
        y + f * (points[route, k + 1, 1] - y),
        cos + f * (points[route, k + 1, 2] - cos),
        sin + f * (points[route, k + 1, 3] - sin),
    )
