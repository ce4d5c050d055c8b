"""Roads of every shape: what a route is, and how two of them meet."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from kindergarten.world.codes import ARMS, Intent, Marking
from kindergarten.world.config import Junction, Lanes, Road, Roundabout
from kindergarten.world.road import (
    CROSSING_DISTANCE,
    ENTER,
    LEAVE,
    NOWHERE,
    SAME_WAY,
    SHIFT,
    SPACING,
    START,
    RoadMap,
    _build,
    build,
    locate,
    route_numbers,
)
from tests.driving import same

pytestmark = pytest.mark.kernels

ROADS: dict[str, Road] = {
    "junction": Junction(),
    "narrow": Junction(half_width=6.0, leave=30.0),
    "tee": Junction(arms=("south", "east", "north"), half_width=12.0),
    "tee across": Junction(arms=("south", "east", "west")),
    "roundabout": Roundabout(),
    "small roundabout": Roundabout(radius=10.0, bend=14.0),
    "lanes": Lanes(),
    "short lanes": Lanes(change=20.0, leave=80.0),
    "legs": Junction(legs=3),
}
NO_FOG = (0.0, 0.0, 0.0, 0.0)
roads = pytest.mark.parametrize("name", ROADS)
MAPS = {name: build(road, 70.3, 3.5, NO_FOG, (), 150.0 if road.legs > 1 else 0.0) for name, road in ROADS.items()}


def routes(road: RoadMap) -> list[np.ndarray]:
    """The routes (P, 4) without their padding."""
    return [points[: round(s / SPACING) + 1] for points, s in zip(road.points, road.length, strict=True)]


def siblings(name: str) -> np.ndarray:
    """Which routes (R, R) come from one arm of one junction."""
    arms = [(leg, arm) for leg in range(ROADS[name].legs) for arm, _ in route_numbers(ROADS[name])]
    return np.array([[a == b for b in arms] for a in arms])


def place(road: RoadMap, route: int, s: float) -> complex:
    x, y, _, _ = locate(road.points, route, s)
    return complex(x, y)


# ---- routes


@roads
def test_a_route_is_sampled_by_arc_length_and_has_no_kinks(name: str):
    for points in routes(MAPS[name]):
        chord = np.hypot(*np.diff(points[:, :2], axis=0).T)
        assert (chord <= SPACING + 1e-9).all() and (chord >= 0.999 * SPACING).all()
        heading = points[:, 2] + 1j * points[:, 3]
        assert abs(heading) == pytest.approx(1.0)
        turned = np.angle(heading[1:] / heading[:-1])
        assert abs(turned).max() < SPACING / 4.0  # nowhere tighter than a circle of 4 m
        # A chord points halfway between the headings at its ends; where a bend begins within it, nearly so.
        middle = (heading[1:] + heading[:-1]) / abs(heading[1:] + heading[:-1])
        along = np.diff(points[:, 0] + 1j * points[:, 1]) / chord
        assert abs(np.angle(along / middle)).max() < 0.25 * abs(turned).max() + 1e-9


@roads
def test_routes_of_one_arm_are_one_up_to_the_fork(name: str):
    road, kin = MAPS[name], siblings(name)
    for a, fork in enumerate(road.fork):
        common = round(fork / SPACING)
        assert road.entry <= fork <= road.length[a]
        for b in np.flatnonzero(kin[a]):
            assert same(road.points[a, : common + 1], road.points[b, : common + 1])
            assert road.fork[b] == fork
        others = [b for b in np.flatnonzero(kin[a]) if b != a]
        assert not others or any(not same(road.points[a, common + 1], road.points[b, common + 1]) for b in others)


@roads
def test_a_sample_lies_on_the_edge_where_every_route_enters(name: str):
    road = MAPS[name]
    assert road.entry % SPACING == 0.0 and road.entry >= 70.3
    if not isinstance(ROADS[name], Lanes):
        for k, points in enumerate(routes(road)):
            x, y, radius = road.junctions[k * len(road.junctions) // len(road.points)]
            edge = points[round(road.entry / SPACING), :2] - (x, y)
            assert abs(edge).max() == pytest.approx(radius)


@pytest.mark.parametrize("name", [name for name in ROADS if "lanes" not in name])
def test_everybody_keeps_to_the_right_and_leaves_where_meant(name: str):
    road, numbers = MAPS[name], route_numbers(ROADS[name])
    outward: dict[str, complex] = dict(zip(ARMS, (-1j, 1, 1j, -1), strict=True))
    quarter = {Intent.RIGHT: 1, Intent.STRAIGHT: 2, Intent.LEFT: 3}
    arms: tuple[str, ...] = ARMS
    for (arm, way), points in zip(numbers, routes(road)[: len(numbers)], strict=True):
        for x, y, cos, sin in points[[0, -1]]:
            assert x * sin - y * cos == pytest.approx(road.lane_width / 2)  # the middle of the road is on the left
        (_, _, cos, sin), (x, y, out, up) = points[0], points[-1]
        assert complex(cos, sin) == pytest.approx(-outward[arm])
        left_by = arms[(arms.index(arm) + quarter[way]) % 4]
        assert complex(out, up) == pytest.approx(outward[left_by])
        assert (complex(x, y) * outward[left_by].conjugate()).real > road.junctions[0, 2]
    assert {arm for arm, _ in numbers} == set(ROADS[name].arms)


@pytest.mark.parametrize("name", ["lanes", "short lanes"])
def test_a_change_of_lanes_ends_in_the_other_lane(name: str):
    road, numbers = MAPS[name], route_numbers(ROADS[name])
    for (lane, way), route in numbers.items():
        begins, ends = road.points[route, 0], routes(road)[route][-1]
        assert ends[2:] == pytest.approx((0.0, 1.0))
        assert begins[0] == (0.0 if lane == "right" else -road.lane_width)
        moved = {Intent.LEFT: -road.lane_width, Intent.STRAIGHT: 0.0, Intent.RIGHT: road.lane_width}[way]
        assert ends[0] == pytest.approx(begins[0] + moved)


def test_legs_are_one_junction_several_times():
    road, one = MAPS["legs"], build(Junction(), 70.3, 3.5, NO_FOG, ())
    count = len(one.points)
    for leg in range(3):
        part = slice(leg * count, (leg + 1) * count)
        assert same(road.points[part], one.points + (0.0, 150.0 * leg, 0.0, 0.0))
        assert same(road.pairs[part, part], one.pairs)
        assert (
            road.pairs[part, np.r_[0 : leg * count, (leg + 1) * count : 3 * count]]
            == (NOWHERE, NOWHERE, -NOWHERE, NOWHERE, NOWHERE)
        ).all()
    assert road.junctions.tolist() == [[0.0, 150.0 * leg, 8.0] for leg in range(3)]
    assert len(road.markings) == 3 * len(one.markings)


@roads
def test_a_place_between_two_samples_lies_between_them(name: str):
    road = MAPS[name]
    for s in (-5.0, 0.0, 12.3, road.entry + 4.2, 1e6):
        found = locate(road.points, 1, s)
        k = min(max(s / SPACING, 0.0), len(road.points[1]) - 1.0)
        expected = [np.interp(k, np.arange(len(road.points[1])), column) for column in road.points[1].T]
        np.testing.assert_allclose(found, expected, atol=1e-9)


@roads
def test_lines_are_painted_where_no_wheel_rolls(name: str):
    """Or across a lane, before the junction."""
    road = MAPS[name]
    lanes = road.points[:, :, 0] + 1j * road.points[:, :, 1]
    for x0, y0, x1, y1, kind in road.markings:
        ends = complex(x0, y0), complex(x1, y1)
        along = np.linspace(*ends, 50)
        near = abs(along[:, None, None] - lanes).min(axis=(1, 2))
        if kind in (Marking.STOP_LINE, Marking.YIELD_LINE):
            assert near[25] < SPACING and abs(ends[1] - ends[0]) == pytest.approx(road.lane_width)
        elif "lanes" not in name:  # whoever changes lanes has to
            assert near.min() > 0.9 * road.lane_width / 2


# ---- how two routes meet


@roads
def test_on_the_strip_two_routes_are_one(name: str):
    road = MAPS[name]
    for a, b in product(range(len(road.points)), repeat=2):
        start, stop, shift = road.pairs[a, b, : SHIFT + 1]
        if start == NOWHERE:
            assert shift == -NOWHERE and stop == NOWHERE
            continue
        last = min(stop, road.length[a], road.length[b] + shift)
        assert last > start
        for s in np.linspace(start, last, 40):
            assert abs(place(road, a, s) - place(road, b, s - shift)) < 2 * SAME_WAY, (a, b, s)


@roads
def test_a_strip_ends_where_the_routes_part(name: str):
    road, kin = MAPS[name], siblings(name)
    for a, b in product(range(len(road.points)), repeat=2):
        start, stop, shift = road.pairs[a, b, : SHIFT + 1]
        if start == NOWHERE or a == b:
            continue
        if kin[a, b]:
            assert start == 0.0
        else:
            assert abs(place(road, a, start - 3.0) - place(road, b, start - 3.0 - shift)) > SAME_WAY
        if stop < NOWHERE:
            beyond = stop + 4.0
            assert abs(place(road, a, beyond) - place(road, b, beyond - shift)) > SAME_WAY
        else:
            assert max(road.length[a], road.length[b] + shift) - stop < SPACING


@roads
def test_a_zone_holds_all_that_is_near(name: str):
    road = MAPS[name]
    every = routes(road)[: len(route_numbers(ROADS[name]))]  # of one leg: the next has nothing to do with it
    for a, b in product(range(len(every)), repeat=2):
        enter, leave = road.pairs[a, b, ENTER], road.pairs[a, b, LEAVE]
        assert (enter == NOWHERE) == (leave == NOWHERE)
        if road.pairs[a, b, START] < NOWHERE:
            assert enter == NOWHERE  # they follow each other
            continue
        ours, theirs = (points[:, 0] + 1j * points[:, 1] for points in (every[a], every[b]))
        near = np.flatnonzero(abs(ours[:, None] - theirs).min(axis=1) < CROSSING_DISTANCE) * SPACING
        if enter == NOWHERE:
            assert not len(near)
        else:
            assert enter == near[0] and leave == near[-1]


@roads
def test_two_routes_meet_as_each_of_them_sees_it(name: str):
    pairs = MAPS[name].pairs
    for what in (START, ENTER):
        assert ((pairs[:, :, what] == NOWHERE) == (pairs[:, :, what].T == NOWHERE)).all()
    met, numbers = pairs[:, :, START] < NOWHERE, route_numbers(ROADS[name])
    if "roundabout" in name:  # they share two strips, and each looks out where it comes on to the circle
        for one, opposite in (("south", "north"), ("east", "west")):
            a, b = numbers[one, Intent.LEFT], numbers[opposite, Intent.LEFT]
            assert met[a, b] and pairs[a, b, START] < pairs[b, a, START] - pairs[b, a, SHIFT]
            met[a, b] = met[b, a] = False
    assert pairs[:, :, SHIFT][met] == pytest.approx(-pairs[:, :, SHIFT].T[met])


def test_whole_numbers_make_the_same_road():
    """Kernels are compiled for floats and not asked again: what is written without a point must be one too."""
    _build.cache_clear()  # to which 3 and 3.0 are one
    road = build(Junction(), 70, 3, (-20, 5, 20, 50), [(1, 2, 3, 4)], 0)
    assert all(part.dtype == float if isinstance(part, np.ndarray) else type(part) is float for part in road)
    _build.cache_clear()
    again = build(Junction(), 70.0, 3.0, (-20.0, 5.0, 20.0, 50.0), [(1.0, 2.0, 3.0, 4.0)], 0.0)
    assert all(same(np.asarray(a), np.asarray(b)) for a, b in zip(road, again, strict=True))
