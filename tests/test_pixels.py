"""Pictures: the same as in plain Python, of this frame and of those in sight alone, and with every signal in them."""

from __future__ import annotations

import math
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kindergarten.scenarios import SCENARIOS
from kindergarten.scoring.planner import twins
from kindergarten.world import terrain
from kindergarten.world.codes import Colour, End, Kind, Phase, Signal
from kindergarten.world.config import Config, Scenario
from kindergarten.world.observation import NUM_EGO
from kindergarten.world.params import road_of
from kindergarten.world.pixels import GREY, LINEAR_RANGE, SIGNAL, Rasterizer
from kindergarten.world.road import RoadMap
from kindergarten.world.simulator import Simulator
from kindergarten.world.users import ROAD_USER
from tests.driving import JIT, at_random, batch, drive, same, sample
from tests.naive_pixels import Picture
from tests.test_twins import Family
from tests.worlds import ALL, BUSY, MADE_UP

pytestmark = pytest.mark.kernels

SMALL = (32, 40)
scenarios = pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=SCENARIOS.keys())
angle = st.floats(-math.pi, math.pi)
sides = st.sampled_from([32, 40, 104, 128])  # few, for each pair of them takes a map


def somewhere(scenario: Scenario, worlds: int, decisions: int) -> tuple[Simulator, np.ndarray]:
    """Worlds that have been driven about in for a while, and their observations."""
    simulator = batch(scenario, np.arange(worlds))
    for _, step in zip(range(decisions), drive(simulator, at_random(1)), strict=False):
        del step
    return simulator, simulator.observe()


def turned(road: RoadMap, users: np.ndarray) -> tuple[RoadMap, np.ndarray]:
    """The world a quarter turn to the left."""

    def boxes(old: np.ndarray) -> np.ndarray:
        new = old.copy()
        new[..., 0], new[..., 1], new[..., 2], new[..., 3] = -old[..., 3], old[..., 0], -old[..., 1], old[..., 2]
        return new

    points, markings, there = road.points.copy(), road.markings.copy(), users.copy()
    for x in (0, 2):
        points[..., x], points[..., x + 1] = -road.points[..., x + 1], road.points[..., x]
        markings[..., x], markings[..., x + 1] = -road.markings[..., x + 1], road.markings[..., x]
    there["x"], there["y"], there["cos"], there["sin"] = -users["y"], users["x"], -users["sin"], users["cos"]
    fog, houses = boxes(road.fog), boxes(road.buildings)
    return road._replace(points=points, markings=markings, fog=fog, buildings=houses), there


def user(kind: Kind, x: float, y: float, way: float, signal: Signal = Signal.NONE) -> tuple:
    """What ``scene`` makes a road user of."""
    return kind, x, y, way, signal


def scene(*who: tuple) -> np.ndarray:
    """One world (1, N) of road users in sight."""
    users = np.zeros((1, len(who)), ROAD_USER)
    for row, (kind, x, y, way, signal) in zip(users[0], who, strict=True):
        row["kind"], row["x"], row["y"], row["signal"], row["seen"] = kind, x, y, signal, 1
        row["cos"], row["sin"], row["colour"] = math.cos(way), math.sin(way), Colour.BLUE
        row["length"], row["width"] = (1.8, 0.65) if kind is Kind.CYCLIST else (4.5, 1.8)
    return users


ROAD = Simulator(BUSY).road
NOTHING = np.zeros((1, NUM_EGO), np.float32)
EGO = user(Kind.CAR, 1.75, -40.0, math.pi / 2)


@cache
def rasterizer_of(height: int, width: int, grayscale: bool = False) -> Rasterizer:
    """Of ``ROAD``, whose map takes a thousand times as long as a picture."""
    return Rasterizer(ROAD, (height, width), grayscale)


# ---- the rasteriser


@pytest.mark.drawn
@pytest.mark.parametrize("scenario", ALL.values(), ids=ALL.keys())
@pytest.mark.parametrize("way", [None, 0.7], ids=["as it drives", "askew"])
def test_a_picture_is_what_plain_python_paints(scenario: Scenario, way: float | None):
    simulator, frames = somewhere(scenario, sample(1, 1), 25)
    users = simulator.users.copy()
    if way is not None:
        users["cos"][:, 0], users["sin"][:, 0] = math.cos(way), math.sin(way)
    images = Rasterizer(simulator.road, SMALL).paint(users, frames)
    for w in range(len(users)):
        plain = Picture(simulator.road, users[w], frames[w], *SMALL)
        unclear = 0
        for r, c in np.ndindex(SMALL):
            colour = plain.colour(r, c)
            unclear += colour is None
            assert colour is None or tuple(images[w, r, c].tolist()) == colour, (w, r, c)
        assert unclear < 0.12 * images[w, :, :, 0].size


@scenarios
def test_a_row_of_the_batch_is_the_world_alone(scenario: Scenario):
    simulator, frames = somewhere(scenario, 5, 20)
    rasterizer = Rasterizer(simulator.road, SMALL)
    before = simulator.snapshot()
    images = rasterizer.paint(simulator.users, frames)
    assert same(images, rasterizer.paint(simulator.users, frames)) and same(before.users, simulator.users)
    for w in range(5):
        alone = Rasterizer(simulator.road, SMALL).paint(simulator.users[w : w + 1], frames[w : w + 1])
        assert same(images[w], alone[0])


@pytest.mark.parametrize(
    "scenario", [SCENARIOS["Follow"], SCENARIOS["AllWayStop"], *MADE_UP.values()], ids=lambda s: s.name
)
def test_it_turns_with_the_ego(scenario: Scenario):
    """... so that a world that is turned as a whole looks the same, but where rounding chooses another cell."""
    simulator, frames = somewhere(scenario, 8, 25)
    road, users, pictures = simulator.road, simulator.users, []
    for _ in range(4):
        pictures.append(Rasterizer(road, SMALL).paint(users, frames))
        road, users = turned(road, users)
    for picture in pictures[1:]:
        assert (picture == pictures[0]).all(-1).mean() > 0.97
    people = np.isin(pictures[0], [SIGNAL, (66, 222, 160)]).all(-1)
    assert people.any() and all((picture[people] == pictures[0][people]).all() for picture in pictures)


@scenarios
def test_rows_that_are_copied_are_those_that_would_be_drawn(scenario: Scenario):
    simulator, frames = somewhere(scenario, sample(20, 2), 10)
    rasterizer, users = Rasterizer(simulator.road), simulator.users.copy()
    straight = (np.abs(users["cos"][:, 0]) < 1e-9) | (np.abs(users["sin"][:, 0]) < 1e-9)
    nearly = users.copy()
    nearly["cos"][:, 0] += np.where(np.abs(users["cos"][:, 0]) < 1e-9, 2e-9, 0.0)
    nearly["sin"][:, 0] += np.where(np.abs(users["sin"][:, 0]) < 1e-9, 2e-9, 0.0)
    one, two = rasterizer.paint(users, frames), rasterizer.paint(nearly, frames)
    assert straight.any() and (one == two).all(-1).mean() > 0.995


@settings(max_examples=sample(200, 10))
@given(sides, sides, st.booleans(), st.integers(0, 7))
def test_sizes_and_shades(height: int, width: int, grayscale: bool, w: int):
    """A grey picture is the coloured one's luminance."""
    simulator, frames = CROWD
    seen = simulator.users[w : w + 1], frames[w : w + 1]
    colour = rasterizer_of(height, width).paint(*seen)
    rasterizer = rasterizer_of(height, width, grayscale)
    image = rasterizer.paint(*seen)
    assert (
        image.shape == (1, *rasterizer.shape) == (1, height, width, 1 if grayscale else 3) and image.dtype == np.uint8
    )
    wanted = (colour @ np.array(GREY))[..., None] if grayscale else colour
    assert np.abs(image - wanted).max() <= 0.5 + 1e-9


CROWD = somewhere(BUSY, 8, 12)


# ---- what is in it


@pytest.mark.drawn
@settings(max_examples=sample(200, 15))
@given(
    st.sampled_from([Kind.CAR, Kind.CYCLIST]), angle, st.floats(0.0, 1.0), angle, st.sampled_from([64, 96, 128]), angle
)
def test_an_arm_or_a_lamp_is_plain_to_see(kind: Kind, way: float, near: float, bearing: float, size: int, ego: float):
    """From 7 m to 400 m ahead, 200 m aside and 8 m behind, whichever way they head; left looks other than right."""
    far = 7.0 * (400.0 / 7.0) ** near
    ahead, left = max(far * math.cos(bearing), -8.0), max(min(far * math.sin(bearing), 200.0), -200.0)
    x = 1.75 + ahead * math.cos(ego) - left * math.sin(ego)
    y = -40.0 + ahead * math.sin(ego) + left * math.cos(ego)
    me, rasterizer = user(Kind.CAR, 1.75, -40.0, ego), rasterizer_of(size, size)
    none, one, two = (rasterizer.paint(scene(me, user(kind, x, y, way, signal)), NOTHING)[0] for signal in Signal)
    for image in (one, two):
        assert ((image != none).any(-1) & (image == SIGNAL).all(-1)).sum() >= 3 * (size // 64) ** 2
    assert ((one == SIGNAL).all(-1) != (two == SIGNAL).all(-1)).sum() >= 4


def test_the_ego_stands_below_the_middle_and_heads_up():
    image = Rasterizer(ROAD).paint(scene(EGO), NOTHING)[0]
    r, c = np.nonzero((image == (66, 222, 160)).all(-1))
    assert abs(r.mean() - 46) < 1 and abs(c.mean() - 31.5) < 1 and np.ptp(r) > 2 * np.ptp(c)


@pytest.mark.parametrize(("ahead", "left"), [(30.0, 0.0), (0.0, 30.0), (0.0, -30.0), (-12.0, 0.0)])
def test_whoever_is_on_the_left_is_on_the_left_of_the_picture(ahead: float, left: float):
    rasterizer = Rasterizer(ROAD)
    other = user(Kind.CAR, 1.75 - left, -40.0 + ahead, 0.3)
    changed = (rasterizer.paint(scene(EGO, other), NOTHING)[0] != rasterizer.paint(scene(EGO), NOTHING)[0]).any(-1)
    r, c = np.nonzero(changed)
    assert np.sign(round((46 - r.mean()) / 4)) == np.sign(ahead) and np.sign(round((31.5 - c.mean()) / 4)) == np.sign(
        left
    )


@scenarios
def test_nobody_is_drawn_who_is_not_seen(scenario: Scenario):
    simulator, frames = somewhere(scenario, 8, 15)
    rasterizer, users = Rasterizer(simulator.road, SMALL), simulator.users.copy()
    users["seen"][:, 1:] = 0
    blind = rasterizer.paint(users, frames)
    users[:, 1:] = np.zeros((), ROAD_USER)
    assert same(blind, rasterizer.paint(users, frames))
    there = (simulator.users["seen"][:, 1:] == 1).any(1)
    differs = (rasterizer.paint(simulator.users, frames) != blind).any((1, 2, 3))
    assert not differs[~there].any() and there.any() and differs[there].mean() > 0.5


@settings(max_examples=sample(200, 20))
@given(st.integers(0, NUM_EGO - 1), st.floats(0.0, 1.0, width=32), st.floats(0.0, 1.0, width=32))
def test_the_dashboard_shows_each_of_the_egos_columns(k: int, one: float, two: float):
    """The sum of a bar grows with its value, by a two-hundredth at the least; and no other bar changes."""
    rasterizer, bars = rasterizer_of(64, 64), []
    for value in (one, two):
        frame = NOTHING.copy()
        frame[0, k] = value
        bars.append(rasterizer.paint(scene(EGO), frame)[0, 60:, :, 0].astype(int))
    inside = slice(k * 64 // NUM_EGO, (k + 1) * 64 // NUM_EGO)
    assert same(np.delete(bars[0], np.r_[inside], 1), np.delete(bars[1], np.r_[inside], 1))
    more = int(bars[1][0, inside].sum() - bars[0][0, inside].sum())
    assert more * (two - one) >= 0 and (more != 0 or abs(two - one) < 0.005)
    assert (bars[0] == bars[0][0]).all(), "all its rows are alike"


@scenarios
@pytest.mark.parametrize("delay", [(1.0, 4.0), (32.0, 32.0)], ids=str)
def test_the_cue_is_in_the_picture_whenever_it_is_shown(scenario: Scenario, delay: tuple[float, float]):
    """Three pixels at the least, up to the ladder's longest delay, in every frame."""
    simulator = twins(scenario, Config(delay_s=delay), np.arange(sample(16, 1)))
    rasterizer, rows, shown = Rasterizer(simulator.road), np.arange(simulator.num_worlds), 0
    while (simulator.worlds["end"] == End.RUNNING).any() and (JIT or shown < 3):
        signaller = rows, simulator.worlds["signaller"]
        lit = (simulator.users[signaller]["signal"] != Signal.NONE) & (simulator.worlds["end"] == End.RUNNING)
        if lit.any():
            frames, dark = simulator.observe()[lit], simulator.users.copy()
            dark["signal"][signaller] = Signal.NONE
            one, two = (rasterizer.paint(users[lit], frames) for users in (simulator.users, dark))
            assert ((one != two).any(-1).sum((1, 2)) >= 3).all()
            shown += lit.sum()
        simulator.step(np.ones(simulator.num_worlds, int))
    assert shown > 2 or not any(member.signals for cast in scenario.casts for member in cast[1:2])


# ---- twins


class Album(Family):
    """Twins as pictures."""

    size = (32, 32)

    def watch(self, observations: np.ndarray) -> None:
        if not hasattr(self, "rasterizer"):
            self.rasterizer = Rasterizer(self.simulator.road, self.size)
        super().watch(self.rasterizer.paint(self.simulator.users, observations))


@pytest.mark.jit
@scenarios
@pytest.mark.parametrize(
    ("config", "count"),
    [(Config(), sample(64, 1)), (Config(delay_s=(0.5, 0.5), hands_on=True), sample(32, 1))],
    ids=["as registered", "hands on"],
)
def test_twins_look_the_same_in_the_delay_and_differ_in_the_cue(scenario: Scenario, config: Config, count: int):
    for leg in range(scenario.road.legs):
        album = Album(scenario, config, np.random.default_rng(5).integers(1 << 62, size=count), leg)
        album.check()
        if not config.hands_on:
            assert album.frames[Phase.DELAY].any() or leg > 0
            assert album.seen[Phase.CUE][album.differs & (album.frames[Phase.CUE] > 5)].all()
            if scenario.revealed and JIT:  # a few are wrecked right after t3
                assert album.seen[Phase.AFTER][album.near[Phase.AFTER] > 5].mean() > 0.98 or leg > 0


def test_rulers_are_logarithmic():
    rulers = Rasterizer(ROAD)._rulers
    assert rulers.ahead[0] == pytest.approx(900.0) and rulers.left[0] == pytest.approx(450.0) == -rulers.left[-1]
    steps = np.log1p(np.abs(rulers.ahead[:46]) / LINEAR_RANGE)
    np.testing.assert_allclose(np.diff(steps), np.diff(steps)[0])


@pytest.mark.jit
@pytest.mark.parametrize("delay", [0.0, pytest.param(4.0, marks=pytest.mark.slow), 32.0])
@pytest.mark.parametrize("name", ALL)
def test_the_map_ends_where_its_edge_goes_on(name: str, delay: float, monkeypatch: pytest.MonkeyPatch):
    """Clamped to its edge, the map is what one would be that covers all of the way in."""
    road = road_of(ALL[name], Config(delay_s=(0.0, delay)))
    part = terrain.ground_of(road)
    monkeypatch.setattr(terrain, "_window", lambda places, start, count: (0, count))
    whole = terrain.ground_of(road)
    assert (whole.x0, whole.y0, whole.row, whole.column) == (part.x0, part.y0, 0, 0)
    rows, columns = (
        np.clip(np.arange(count) - first, 0, size - 1)
        for count, first, size in zip(whole.cells.shape, (part.row, part.column), part.cells.shape, strict=True)
    )
    assert (part.cells[np.ix_(rows, columns)] == whole.cells).all()
    assert ((np.diff(part.row_strips[rows]) == 0) == (np.diff(whole.row_strips) == 0)).all()
    assert ((np.diff(part.column_strips[columns]) == 0) == (np.diff(whole.column_strips) == 0)).all()


@pytest.mark.jit
@pytest.mark.parametrize("name", [pytest.param(name, marks=[pytest.mark.slow] * (name == "Town")) for name in ALL])
def test_no_delay_that_is_accepted_makes_the_map_large(name: str):
    simulator = Simulator(ALL[name], 1, Config(delay_s=(600.0, 600.0)))
    frames, rasterizer = simulator.reset(), Rasterizer(simulator.road, SMALL)
    assert rasterizer._ground.cells.nbytes < 32e6
    assert rasterizer.paint(simulator.users, frames).shape == (1, *SMALL, 3)
