"""Who hides behind what: against points along the line of sight, in every position."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from kindergarten.world.codes import Kind
from kindergarten.world.users import ROAD_USER, TRUCK_LENGTH, TRUCK_WIDTH
from kindergarten.world.visibility import look, occlude
from tests.driving import sample

pytestmark = pytest.mark.kernels

place = st.tuples(st.floats(-40.0, 40.0), st.floats(-40.0, 40.0)).map(lambda xy: complex(*xy))
angle = st.floats(-math.pi, math.pi)
box = st.tuples(st.floats(-40.0, 30.0), st.floats(-40.0, 30.0), st.floats(0.5, 20.0), st.floats(0.5, 20.0)).map(
    lambda b: (b[0], b[1], b[0] + b[2], b[1] + b[3])
)
NOTHING = np.zeros(4)
ALONG = np.linspace(0.0, 1.0, 2001)
THIN = 0.05  # [m] by less than that a line may graze a body without being asked about


def depth(points: np.ndarray, centre: complex, heading: complex, length: float, width: float) -> np.ndarray:
    """How deep [m] points of the plane lie in a box; negative outside."""
    local = (points - centre) * heading.conjugate()
    return np.minimum(length / 2 - abs(local.real), width / 2 - abs(local.imag))


def scene(*who: tuple[Kind, complex, complex]) -> np.ndarray:
    """Road users (N,) at their places, with their headings; the first is the ego."""
    users = np.zeros(len(who), ROAD_USER)
    for user, (kind, at, heading) in zip(users, who, strict=True):
        user["kind"], user["x"], user["y"] = kind, at.real, at.imag
        user["cos"], user["sin"] = heading.real, heading.imag
        user["length"], user["width"] = (TRUCK_LENGTH, TRUCK_WIDTH) if kind == Kind.TRUCK else (1.8, 0.65)
    return users


def seen(users: np.ndarray, buildings: tuple[tuple[float, ...], ...] = ()) -> list[bool]:
    look(users, 0, NOTHING, 1000.0)
    occlude(users, 0, np.array(buildings, float).reshape(-1, 4))
    return [bool(user["seen"]) for user in users[1:]]


@pytest.mark.drawn
@settings(max_examples=sample(300, 150))
@given(place, place, place, angle)
def test_a_truck_hides_whoever_is_behind_it(here: complex, there: complex, at: complex, way: float):
    heading = complex(math.cos(way), math.sin(way))
    within = depth(here + ALONG * (there - here), at, heading, TRUCK_LENGTH, TRUCK_WIDTH).max()
    assume(abs(within) > THIN)
    users = scene((Kind.CAR, here, 1 + 0j), (Kind.CYCLIST, there, 1j), (Kind.TRUCK, at, heading))
    assert seen(users)[0] == (within < 0.0)
    assert seen(users)[1], "nobody hides behind itself"
    users["kind"][2] = Kind.CAR
    assert all(seen(users)), "whoever looks over a car sees what is behind it"


@pytest.mark.drawn
@settings(max_examples=sample(300, 150))
@given(place, place, st.lists(box, min_size=1, max_size=3))
def test_a_building_hides_whoever_is_behind_it(here: complex, there: complex, boxes: list[tuple[float, ...]]):
    line, hidden = here + ALONG * (there - here), False
    for x0, y0, x1, y1 in boxes:
        within = depth(line, complex(x0 + x1, y0 + y1) / 2, 1 + 0j, x1 - x0, y1 - y0).max()
        assume(abs(within) > THIN)
        hidden |= within > 0.0
    users = scene((Kind.CAR, here, 1 + 0j), (Kind.CYCLIST, there, 1j))
    assert seen(users, tuple(boxes)) == [not hidden]


def test_a_line_of_sight_along_an_axis_is_as_good_as_any():
    users = scene((Kind.CAR, 0j, 1 + 0j), (Kind.CYCLIST, 20 + 0j, 1j), (Kind.CYCLIST, 20j, 1j))
    assert seen(users, ((5.0, -1.0, 8.0, 1.0),)) == [False, True]
    assert seen(users, ((-1.0, 5.0, 1.0, 8.0),)) == [True, False]
    assert seen(users, ((5.0, 1.0, 8.0, 2.0), (1.0, 5.0, 2.0, 8.0))) == [True, True]


@settings(max_examples=sample(200, 100))
@given(place, place, st.floats(1.0, 60.0), box)
def test_nobody_sees_into_the_fog_or_further_than_sight(here: complex, there: complex, sight: float, fog):
    assume(abs(abs(there - here) - sight) > 1e-6)
    users = scene((Kind.CAR, here, 1 + 0j), (Kind.CYCLIST, there, 1j), (Kind.NOBODY, there, 1j))
    look(users, 0, np.array(fog), sight)
    x0, y0, x1, y1 = fog
    foggy = x0 < there.real < x1 and y0 < there.imag < y1
    assert bool(users["seen"][1]) == (abs(there - here) < sight and not foggy)
    assert not users["seen"][2]
