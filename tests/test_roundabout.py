"""The roundabout's ways: on to the circle, round it, and off it into the lane on the right."""

from __future__ import annotations

import numpy as np
import pytest

from kindergarten.world.codes import ARMS, Intent
from kindergarten.world.config import Roundabout
from kindergarten.world.road import NOWHERE, SPACING, START, STOP, RoadMap, build, route_numbers

pytestmark = pytest.mark.kernels

WAYS = ((Intent.RIGHT, 1), (Intent.STRAIGHT, 2), (Intent.LEFT, 3))


def road_of(road: Roundabout) -> RoadMap:
    return build(road, 60.0, 3.5, (0.0, 0.0, 0.0, 0.0), ())


@pytest.mark.parametrize("exit_bend", [4.0, 6.0, 13.0])
def test_every_way_leaves_in_the_lane_on_the_right_of_its_exit(exit_bend: float):
    road, numbers = road_of(Roundabout(exit_bend=exit_bend)), route_numbers(Roundabout())
    ends = {"south": (-1.75, -1j), "east": (-1.75j, 1), "north": (1.75, 1j), "west": (1.75j, -1)}
    for arm in ARMS:
        for intent, quarters in WAYS:
            lane, out = ends[ARMS[(ARMS.index(arm) + quarters) % 4]]
            x, y, cos, sin = road.points[numbers[arm, intent], -1]
            assert complex(cos, sin) == pytest.approx(out, abs=1e-9)
            assert (complex(x, y) / out).imag == pytest.approx((lane / out).imag, abs=1e-9)


def test_all_stay_outside_of_the_island_and_move_by_one_spacing():
    road, numbers = road_of(Roundabout(radius=13.0)), route_numbers(Roundabout())
    for route in numbers.values():
        x, y, *_ = road.points[route, : round(road.length[route] / SPACING) + 1].T
        assert np.hypot(x, y).min() == pytest.approx(13.0, abs=0.01)
        assert np.hypot(np.diff(x), np.diff(y)) == pytest.approx(SPACING, abs=0.001)


def test_the_tighter_the_exit_the_later_the_ways_part():
    forks = [road_of(Roundabout(exit_bend=bend)).fork[0] for bend in (16.0, 11.0, 8.0, 6.0)]
    assert forks == sorted(set(forks))


def test_whoever_comes_on_shares_the_circle_with_those_who_pass_and_not_with_those_who_leave():
    road, numbers = road_of(Roundabout()), route_numbers(Roundabout())
    ego = numbers["south", Intent.STRAIGHT]
    for arm, passing, leaving in (("west", Intent.STRAIGHT, Intent.RIGHT), ("north", Intent.LEFT, Intent.STRAIGHT)):
        assert road.entry < road.pairs[ego, numbers[arm, passing], START] < road.pairs[ego, numbers[arm, passing], STOP]
        assert road.pairs[ego, numbers[arm, leaving], START] == NOWHERE
