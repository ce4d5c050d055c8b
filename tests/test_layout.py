"""Where paint lies, on any road that can be described; who touches whom in a picture; where words stand."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
import pygame

import kindergarten
from kindergarten.replay.replay import read
from kindergarten.scenarios import SCENARIOS
from kindergarten.viewer import Painter, Stage, Take, View, stages_of
from kindergarten.viewer.draw import scene
from kindergarten.viewer.draw.figures import FRACTIONS, HEADINGS, pose_of, rounded
from kindergarten.viewer.draw.text import rect
from kindergarten.viewer.model.camera import Camera, camera_of, follow
from kindergarten.viewer.model.frame import Frame, frame_at
from kindergarten.viewer.model.labels import Area, areas_of, ends, steady
from kindergarten.viewer.model.layout import crossing, lines
from kindergarten.viewer.model.shapes import Part, gaps, parts_of, states
from kindergarten.viewer.model.story import story_of
from kindergarten.viewer.model.view import Hud, visibility
from kindergarten.world.codes import ARMS, Kind, Marking
from kindergarten.world.config import Config, Junction
from kindergarten.world.params import road_of
from kindergarten.world.road import RoadMap, build
from kindergarten.world.users import MAX_STEERING
from tests.driving import EXAMPLES
from tests.painting import drive
from tests.pressing import thinking

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


@pytest.mark.drawn
@settings(max_examples=20 * EXAMPLES)
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


@pytest.mark.parametrize("name", SCENARIOS)
def test_nothing_touches_in_a_picture_that_does_not_touch_in_the_world(name: str):
    """Bodies as they are drawn, in small pictures and in large ones."""
    replay = drive(name, 1)
    story, episode = story_of(replay, 0), replay.episodes[0]
    for k in range(0, len(episode.users), 12):
        frame = frame_at(replay, 0, float(episode.worlds["tick"][k]) * replay.physics_step)
        there = np.flatnonzero(frame.users["kind"] != Kind.NOBODY)
        pairs = [(i, j) for i in there for j in there if i < j and 0.3 < gaps(frame.users[i], frame.users[[j]])[0] < 12]
        for width in (320, 960, 3840) if pairs else ():
            camera = follow(story, frame, (width, width * 9 // 16))
            bodies = {i: body(camera, frame, i) for pair in pairs for i in pair}
            for i, j in pairs:
                assert not meet(bodies[i], bodies[j]), (width, frame.time, i, j)


def body(camera: Camera, frame: Frame, i: np.intp) -> np.ndarray:
    """The pixels (K, 2) of the corners of all parts of a road user but of its signals."""
    user = frame.users[i]
    pose = pose_of(camera, user, 0.0, float(frame.steering[i]), float(frame.larger[i]))
    angle, found = pose.heading / HEADINGS * np.pi * 2, []
    for part in parts_of(pose.kind, pose.length, pose.width):
        if part.when in states(0, False, 0.0):
            found += corners(part, pose.steering / FRACTIONS * MAX_STEERING)
    x, y = np.array(found).T * pose.scale
    right, up = x * np.cos(angle) - y * np.sin(angle), x * np.sin(angle) + y * np.cos(angle)
    return np.stack([right, -up], axis=1) + camera.locate(user["x"], user["y"])


def corners(part: Part, turn: float) -> list[tuple[float, float]]:
    numbers = part.numbers
    if part.form in ("box", "wheel"):
        return rounded(numbers, turn if part.form == "wheel" else 0.0)
    if part.form == "poly":
        return list(zip(numbers[::2], numbers[1::2], strict=True))
    ends, radius = (numbers[:-1], numbers[-1]) if part.form == "disc" else (numbers[:-1], numbers[-1] / 2)
    angles = np.linspace(0, 2 * np.pi, 13)[:-1]
    return [
        (x + radius * np.cos(a), y + radius * np.sin(a))
        for x, y in zip(ends[::2], ends[1::2], strict=True) for a in angles
    ]  # fmt: skip


def meet(a: np.ndarray, b: np.ndarray) -> bool:
    """Whether no line parts two clouds of points, which lie close around rectangles."""
    for points in (a, b):
        along = np.linalg.svd(points - points.mean(axis=0))[2]
        for axis in along:
            if (a @ axis).max() < (b @ axis).min() or (b @ axis).max() < (a @ axis).min():
                return False
    return True


@pytest.mark.parametrize("name", SCENARIOS)
@pytest.mark.parametrize("size", [(480, 270), (1280, 720)])
def test_words_cover_nobody_and_each_other_never(name: str, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch):
    replay = thinking(name, 1)
    stage, areas = Stage(Take(replay, 0)), []
    monkeypatch.setattr(scene, "label", lambda surface, colour, box, radius: areas.append(pygame.Rect(box)))
    story, street = stage.stories[0], View(panels=False)
    for time in np.linspace(story.start, story.duration, 4):
        areas.clear()
        stage.draw(pygame.Surface(size, 0, 32), time, street, Hud(card="What will it do?"))
        frame = stage.frames(time)[0]
        bodies = scene.areas_of(frame, camera_of(story, frame, size, street))
        shown = scene.visibility(story, frame) > 0.02
        bodies = [rect(area) for area, there in zip(bodies, shown, strict=True) if there and frame.users[0]["kind"]]
        for k, area in enumerate(areas):
            assert pygame.Rect(0, 0, *size).contains(area), time
            assert area.collidelist(areas[k + 1 :]) < 0, time
            if size[0] > 1000:  # in a small picture of many there may be no free place
                assert area.inflate(-2, -2).collidelist([body.inflate(-2, -2) for body in bodies]) < 0, time


DEMO = Path(kindergarten.__file__).parent / "demo" / "replays"


def bodies_of(stage: Stage, side: int, time: float, size: tuple[int, int]) -> dict[int, Area]:
    """Who is to be seen in a street of ``size`` [px], and where."""
    story, frame = stage.stories[side], stage.frames(time)[side]
    shown = (visibility(story, frame) > 0.02) & (frame.users["kind"] != Kind.NOBODY)
    areas = areas_of(frame, camera_of(story, frame, size, View()))
    return {i: area for i, area in enumerate(areas) if shown[i]}


@pytest.mark.parametrize("name", SCENARIOS)
@pytest.mark.parametrize("size", [(800, 450), pytest.param((1280, 720), marks=pytest.mark.slow)])
def test_signs_beside_each_other_cover_nobody_and_seldom_move(
    name: str, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
):
    signs: list[Any] = []
    monkeypatch.setattr(Painter, "street", lambda self, street, *rest: signs.append((street.get_size(), rest[-1])))
    monkeypatch.setattr(Painter, "strip", lambda *everything: None)
    for stage in stages_of(read(DEMO / f"{name}.npz"), twins=True)[:1]:
        places: tuple[list[tuple[float, float]], ...] = [], []
        surface = pygame.Surface(size, 0, 32)
        for time in np.linspace(stage.start, stage.duration, 40):
            signs.clear()
            stage.draw(surface, float(time), View())
            for side, (street, areas) in enumerate(signs):
                bodies = bodies_of(stage, side, float(time), street)
                for k, area in enumerate(areas):
                    assert area.free_of([*bodies.values(), *areas[k + 1 :]]), (time, side)
                    assert pygame.Rect(0, 0, *street).contains(rect(area))
                places[side].append((areas[0].left, areas[0].top))
        for side in places:
            assert sum(a != b for a, b in zip(side[:-1], side[1:], strict=True)) <= 1, "it jumps"


@pytest.mark.parametrize("name", SCENARIOS)
def test_what_story_mode_says_does_not_cover_whom_it_speaks_of(name: str):
    replay, size, said = read(DEMO / f"{name}.npz"), (964, 586), Area(132.0, 14.0, 832.0, 81.0)
    stage = Stage(Take(replay, 0))
    story = stage.stories[0]
    moments, places = [time for time, _ in stage.telling()], ends(said, size[1])
    assert [place.bottom - place.top for place in places] == [67.0, 67.0] and places[1].bottom == size[1] - 14.0
    for time in [*moments, *np.linspace(story.start, story.duration, 25).tolist()]:
        where, bodies = steady(((story, 0),), size, View(), time, places), bodies_of(stage, 0, time, size)
        watched = [bodies[i] for i in [story.watched(0, time)] if i in bodies]
        assert where.free_of(watched), time
        assert where.free_of([*bodies.values()]) or not any(other.free_of([*bodies.values()]) for other in places), time
