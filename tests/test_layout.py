"""Where paint lies, on any road that can be described."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kindergarten.scenarios import SCENARIOS
from kindergarten.viewer.model.layout import crossing, lines
from kindergarten.world.codes import ARMS, Marking
from kindergarten.world.config import Config, Junction
from kindergarten.world.params import road_of
from kindergarten.world.road import RoadMap, build

NO_FOG = (0.0, 0.0, 0.0, 0.0)
TEES = [arms for arms in (("south", "east", "north"), ("south", "east", "west")) if set(arms) <= set(ARMS)]


def stripes_of(road: RoadMap) -> list[np.ndarray]:
    return [stripe for line in lines(road, Marking.STOP_LINE) for stripe in crossing(line, road)]


def check(road: RoadMap) -> None:
    """No stripe lies where two roads cross, and none beside the road."""
    for stripe in stripes_of(road):
        from_middles = np.abs(stripe[:, None] - road.junctions[None, :, :2])  # corners, junctions, x and y
        nearest = from_middles[:, from_middles.max(2).min(0).argmin()]
        assert (nearest.max(axis=1) >= road.lane_width - 1e-6).all(), "on the lanes of another road"
        assert (nearest.min(axis=1) <= road.lane_width + 0.5).all(), "beside the road"


@settings(max_examples=60)
@given(
    st.floats(2.6, 8.0),
    st.floats(0.0, 12.0),
    st.sampled_from([ARMS, *TEES]),
    st.integers(1, 3),
)
def test_stripes_lie_on_the_road_and_in_no_junction(lane: float, more: float, arms: tuple[str, ...], legs: int):
    junction = Junction(arms=arms, half_width=lane + more, legs=legs if arms == ARMS else 1)
    check(build(junction, 60.0, lane, NO_FOG, (), 120.0 if junction.legs > 1 else 0.0))


@pytest.mark.parametrize("name", SCENARIOS)
def test_scenarios_have_crossings_where_there_is_room(name: str):
    road = road_of(SCENARIOS[name], Config())
    check(road)
    there = {"Follow", "Crossing", "PullOut", "Crossroads", "Town"}
    assert bool(stripes_of(road)) == (name in there)
