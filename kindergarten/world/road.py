"""Roads: every route is a curve sampled by arc length, and every pair of routes knows how they meet.

Traffic keeps to the right. A route is a line, bends and lines, and all routes from one arm are the *same numbers*
up to where they fork: each is sampled from the same origin by the same formula, never resampled, so that a position
there does not tell where its owner is going.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from kindergarten.world.codes import ARMS, Intent, Marking
from kindergarten.world.config import Box
from kindergarten.world.jit import njit
from kindergarten.world.ways import SPACING, Junction, Lanes, Pieces, Road, Roundabout, exit_of

SAME_WAY = 0.05  # [m] two routes that are nearer than this are one
CROSSING_DISTANCE = 2.4  # [m] two routes that are nearer than this cross: half a car on either side, and a little
NOWHERE = 1e5  # [m] further than any route is long

#: What ``RoadMap.pairs[a, b]`` holds, all of it arc length on route a [m]. The strip is where the two are one: it
#: begins at ``START`` and ends at ``STOP``, and what is at s on b is at s + ``SHIFT`` on a. Where they cross, the
#: zone reaches from ``ENTER`` to ``LEAVE``. All are ``NOWHERE`` where there is no such thing, and the
#: shift -NOWHERE.
START, STOP, SHIFT, ENTER, LEAVE = range(5)
UNRELATED = (NOWHERE, NOWHERE, -NOWHERE, NOWHERE, NOWHERE)  # two routes that have nothing to do with each other


class RoadMap(NamedTuple):
    """Routes and what is drawn around them. R routes, P samples.

    points: (R, P, 4) x [m], y [m], and direction (cos, sin); padded by repeating the last sample.
    length: (R,) [m] of each route.
    fork: (R,) [m] up to here a route is that of all others from its arm.
    pairs: (R, R, 5) [m] how two routes meet; see START.
    entry: [m] arc length at which every route enters the junction.
    leg_length: [m] from one junction to the next.
    fog: (4,) x0, y0, x1, y1 [m]; nobody sees into it. All zero where there is none.
    buildings: (B, 4) x0, y0, x1, y1 [m]; nobody sees through them.
    markings: (L, 5) x0, y0, x1, y1 [m], Marking; to be drawn.
    junctions: (J, 3) x, y, radius [m]
    lane_width: [m]
    """

    points: np.ndarray
    length: np.ndarray
    fork: np.ndarray
    pairs: np.ndarray
    entry: float
    leg_length: float
    fog: np.ndarray
    buildings: np.ndarray
    markings: np.ndarray
    junctions: np.ndarray
    lane_width: float


@dataclass(frozen=True)
class Plan:
    """One leg of a road before it is sampled.

    routes: from (arm, intent) to where the route begins (x, y, cos, sin) and its pieces.
    """

    routes: dict[tuple[str, Intent], tuple[tuple[float, float, float, float], Pieces]]
    markings: list[tuple[float, float, float, float, Marking]]
    radius: float  # [m]


def build(
    road: Road, approach: float, lane_width: float, fog: Box, buildings: Sequence[Box], leg_length: float = 0.0
) -> RoadMap:
    """The map of ``road``.

    Args:
        approach: length of the way in [m]; rounded up to whole samples, so that a sample lies on the edge.
        leg_length: from one junction to the next [m].
    """
    return _build(road, math.ceil(approach / SPACING) * SPACING, lane_width, fog, tuple(buildings), leg_length)


def route_numbers(road: Road) -> dict[tuple[str, Intent], int]:
    """The rows of ``RoadMap.points`` in the first leg; each further leg adds as many."""
    return {key: k for k, key in enumerate(_plan(road, 1.0, 1.0).routes)}


@lru_cache(maxsize=64)
def _build(
    road: Road, entry: float, lane_width: float, fog: Box, buildings: tuple[Box, ...], leg_length: float
) -> RoadMap:
    plan = _plan(road, entry, lane_width)
    sampled = [sample(*route) for route in plan.routes.values()]
    longest = max(len(route) for route in sampled)
    points = np.array([np.concatenate([r, np.repeat(r[-1:], longest - len(r), axis=0)]) for r in sampled])
    lengths = np.array([(len(route) - 1) * SPACING for route in sampled])
    pairs = _pairs(points, lengths, entry)
    arms = [arm for arm, _ in plan.routes]
    siblings = np.array([[a == b for b in arms] for a in arms])
    legs = range(road.legs)
    moved = [points + (0.0, leg * leg_length, 0.0, 0.0) for leg in legs]
    every = np.tile(UNRELATED, (len(arms) * road.legs,) * 2 + (1,))
    for leg in legs:
        block = slice(leg * len(arms), (leg + 1) * len(arms))
        every[block, block] = pairs
    markings = [(x0, y0 + d, x1, y1 + d, m) for d in (leg * leg_length for leg in legs)
                for x0, y0, x1, y1, m in plan.markings]  # fmt: skip
    parts = (
        np.concatenate(moved),
        np.tile(lengths, road.legs),
        np.tile(np.where(siblings, pairs[:, :, STOP], np.inf).min(axis=1), road.legs),
        every,
        entry,
        leg_length,
        np.array(fog),
        np.array(buildings).reshape(-1, 4),
        np.array(markings).reshape(-1, 5),
        np.array([(0.0, leg * leg_length, plan.radius) for leg in legs]),
        lane_width,
    )
    # Kernels are compiled for floats, once, and are not asked again: a scenario's numbers may be whole ones.
    floats: Any = (np.ascontiguousarray(p, float) if isinstance(p, np.ndarray) else float(p) for p in parts)
    return RoadMap(*floats)


def _plan(road: Road, entry: float, lane_width: float) -> Plan:
    if isinstance(road, Junction):
        return _junction(road, entry, lane_width / 2)
    if isinstance(road, Roundabout):
        return _roundabout(road, entry, lane_width / 2)
    return _lanes(road, entry, lane_width)


def _junction(road: Junction, entry: float, lane: float) -> Plan:
    """Straight in, and what lies beyond the edge; from the south in the lane x = ``lane``."""
    half, beyond = road.half_width, road.beyond(2 * lane)
    routes, markings = {}, []
    for arm in road.arms:
        for intent, pieces in beyond.items():
            if exit_of(arm, intent) in road.arms:
                routes[arm, intent] = (_turned(arm, lane, -half - entry), [(entry, 0.0), *pieces])
        far = min(entry, road.leave)
        kind = Marking.STOP_LINE if len(road.arms) == 4 or exit_of(arm, Intent.STRAIGHT) not in road.arms else None
        if kind is not None:
            markings.append((*_line(arm, 0.0, -half, 2 * lane, -half), kind))
        markings.append((*_line(arm, 0.0, -half, 0.0, -half - far), Marking.CENTRE_LINE))
    return Plan(routes, markings, half)


def _roundabout(road: Roundabout, entry: float, lane: float) -> Plan:
    """Straight in to where the bend on to the circle begins, and what lies beyond."""
    (_, deep), beyond = road.tangency(road.bend, 2 * lane), road.beyond(2 * lane)
    routes, markings = {}, []
    for arm in road.arms:
        for intent, pieces in beyond.items():
            routes[arm, intent] = (_turned(arm, lane, -deep - entry), [(entry, 0.0), *pieces])
        markings.append((*_line(arm, 0.0, -deep, 2 * lane, -deep), Marking.YIELD_LINE))
        markings.append((*_line(arm, 0.0, -deep, 0.0, -deep - min(entry, road.leave)), Marking.CENTRE_LINE))
    return Plan(routes, markings, deep)


def _lanes(road: Lanes, entry: float, width: float) -> Plan:
    """Two lanes to the north, x = 0 and x = -width."""
    beyond = road.beyond(width)
    places = {"right": (0.0, -entry, 0.0, 1.0), "left": (-width, -entry, 0.0, 1.0)}
    routes = {(arm, intent): (places[arm], [(entry, 0.0), *beyond[intent]]) for arm, intent in road.ways}
    middle = -width / 2
    return Plan(routes, [(middle, -entry, middle, road.leave, Marking.LANE_LINE)], width)


def _turned(arm: str, x: float, y: float) -> tuple[float, float, float, float]:
    """A place given for the arm from the south, and the direction in from there, turned into ``arm``; exact."""
    cos, sin = ((1.0, 0.0), (0.0, 1.0), (-1.0, 0.0), (0.0, -1.0))[ARMS.index(arm)]
    return cos * x - sin * y, sin * x + cos * y, -sin, cos


def _line(arm: str, x0: float, y0: float, x1: float, y1: float) -> tuple[float, float, float, float]:
    return (*_turned(arm, x0, y0)[:2], *_turned(arm, x1, y1)[:2])


def sample(begin: tuple[float, float, float, float], pieces: Pieces) -> np.ndarray:
    """Samples (P, 4) of a route, every ``SPACING`` from its beginning (x, y, cos, sin)."""
    total = sum(length for length, _ in pieces)
    s = np.arange(int(total / SPACING + 1e-9) + 1) * SPACING
    points = np.empty((len(s), 4))
    x, y, cos, sin = begin
    done = 0.0
    for k, (length, curvature) in enumerate(pieces):
        here = s >= done if k == 0 else s > done
        points[here] = _along(x, y, cos, sin, s[here] - done, curvature)
        (x, y, cos, sin), done = _along(x, y, cos, sin, np.array([length]), curvature)[0], done + length
    return points


def _along(x: float, y: float, cos: float, sin: float, d: np.ndarray, curvature: float) -> np.ndarray:
    """Places and directions (D, 4) ``d`` metres down an arc, or a line if its curvature is 0."""
    if curvature == 0.0:
        ones = np.ones_like(d)
        return np.stack([x + d * cos, y + d * sin, cos * ones, sin * ones], axis=1)
    turned = d * curvature
    ahead, left = np.sin(turned) / curvature, (1.0 - np.cos(turned)) / curvature
    c, s = np.cos(turned), np.sin(turned)
    return np.stack(
        [x + ahead * cos - left * sin, y + ahead * sin + left * cos, cos * c - sin * s, sin * c + cos * s], axis=1
    )


def _pairs(points: np.ndarray, lengths: np.ndarray, entry: float) -> np.ndarray:
    """How all routes of one leg meet: (R, R, 5)."""
    pairs = np.tile(UNRELATED, (len(points), len(points), 1))
    first = max(int((entry - 40.0) / SPACING), 0)  # routes from different arms have nothing in common before
    for a in range(len(points)):
        for b in range(len(points)):
            if b < a:
                continue  # seen from the other side
            ours = points[a, : round(lengths[a] / SPACING) + 1, :2]
            theirs = points[b, : round(lengths[b] / SPACING) + 1, :2]
            if np.array_equal(ours[0], theirs[0]):  # one arm: one route until they fork
                size = min(len(ours), len(theirs))
                apart = np.flatnonzero((ours[:size] != theirs[:size]).any(axis=1))
                stop = lengths[a] if a == b else ((apart[0] if len(apart) else size) - 1) * SPACING
                pairs[a, b, :3] = pairs[b, a, :3] = 0.0, stop, 0.0
            else:
                pairs[a, b], pairs[b, a] = _meeting(ours[first:], theirs[first:], first * SPACING)
    return pairs


def _meeting(ours: np.ndarray, theirs: np.ndarray, origin: float) -> tuple[list[float], list[float]]:
    """How two routes from different arms meet, seen from each. Both are sampled from arc length ``origin`` on."""
    gaps = np.hypot(*(mine[:, None] - yours for mine, yours in zip(ours.T, theirs.T, strict=True)))
    nearest = gaps.argmin(axis=1)
    distance = gaps[np.arange(len(ours)), nearest]
    # Samples of routes that are one lie up to half a spacing apart along the road: so ask across it.
    with np.errstate(invalid="ignore"):
        heading = np.gradient(ours, axis=0)
        heading /= np.hypot(*heading.T)[:, None]
        offset = theirs[nearest] - ours
        across = np.abs(heading[:, 0] * offset[:, 1] - heading[:, 1] * offset[:, 0])
    course = np.gradient(theirs, axis=0)
    parallel = (heading * course[nearest]).sum(axis=1) > 0.99 * SPACING
    one = np.flatnonzero((distance < 0.75 * SPACING) & (across < SAME_WAY) & parallel)
    if len(one) > 2:
        runs = np.split(one, np.flatnonzero(np.diff(one) > 4) + 1)
        strips = []
        for start, stop in ((run[0], run[-1]) for run in runs):
            mine = [origin + k * SPACING for k in (start, stop)]
            yours = [origin + nearest[k] * SPACING for k in (start, stop)]
            if stop >= len(ours) - 2 or nearest[stop] >= len(theirs) - 2:
                mine[1] = yours[1] = NOWHERE
            shift = mine[0] - yours[0] + float(heading[start] @ offset[start])
            strips.append(([*mine, shift, NOWHERE, NOWHERE], [*yours, -shift, NOWHERE, NOWHERE]))
        # In a roundabout those who come from opposite sides and go left share two strips: the end of one's way is
        # the beginning of the other's. Each has to look out where it comes on to the circle.
        return min(strip[0] for strip in strips), min(strip[1] for strip in strips)
    ours_near = np.flatnonzero(distance < CROSSING_DISTANCE)
    theirs_near = np.flatnonzero(gaps.min(axis=0) < CROSSING_DISTANCE)
    if not len(ours_near):
        return list(UNRELATED), list(UNRELATED)
    return (
        [*UNRELATED[:ENTER], origin + ours_near[0] * SPACING, origin + ours_near[-1] * SPACING],
        [*UNRELATED[:ENTER], origin + theirs_near[0] * SPACING, origin + theirs_near[-1] * SPACING],
    )


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
