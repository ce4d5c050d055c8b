"""Videos and pictures are written whole, in the size that was asked for, or not at all."""

from __future__ import annotations

import os
import sys

import numpy as np
import pytest

os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
import pygame

from kindergarten.extras import NotInstalled
from kindergarten.replay.replay import Replay
from kindergarten.viewer import Stage, Take, stages_of, write_picture, write_video
from kindergarten.viewer.export import video
from kindergarten.viewer.export.planes import fill_planes
from kindergarten.world.codes import Kind
from tests.painting import STREET, drive, seed_with


@pytest.fixture(scope="module")
def cyclist() -> Replay:
    return drive("Follow", seed_with(Kind.CYCLIST))


def test_an_mp4_has_the_size_and_the_frames_that_it_should(tmp_path):
    ffmpeg = pytest.importorskip("imageio_ffmpeg")
    replay = drive("Follow", 1, decisions=5)
    count = write_video(tmp_path / "new" / "x.mp4", stages_of(replay, [0, 1]), size=(321, 181))
    assert count == 2 * round((1.0 + 1.2) * 30)
    reader = ffmpeg.read_frames(tmp_path / "new" / "x.mp4")
    meta = next(reader)
    assert meta["size"] == (320, 180) and meta["fps"] == 30.0 and meta["codec"] == "h264"
    assert "yuv420p" in meta["pix_fmt"]
    frames = [np.frombuffer(frame, np.uint8).reshape(180, 320, 3) for frame in reader]
    assert len(frames) == count
    assert (frames[0] != frames[30]).any() and frames[0].std() > 10  # it moves, and it is not one colour
    assert os.listdir(tmp_path / "new") == ["x.mp4"]


@pytest.mark.kernels
def test_colours_are_turned_into_brightness_and_two_differences():
    """BT.601, as in every television: what its sums say, to the nearest whole number."""
    pixels = np.random.default_rng(0).integers(0, 1 << 24, (6, 8), np.uint32)
    rgb = np.stack([pixels >> 16 & 255, pixels >> 8 & 255, pixels & 255], axis=-1) / 255
    found = [np.zeros(shape, np.uint8) for shape in ((6, 8), (3, 4), (3, 4))]
    fill_planes(pixels, *found)
    few = rgb.reshape(3, 2, 4, 2, 3).mean(axis=(1, 3))
    wanted = (
        rgb @ (65.481, 128.553, 24.966) + 16,
        few @ (-37.797, -74.203, 112) + 128,
        few @ (112, -93.786, -18.214) + 128,
    )
    for plane, numbers in zip(found, wanted, strict=True):
        assert np.abs(plane - numbers).max() <= 1.0


def test_an_encoder_that_fails_leaves_nothing_and_says_why(tmp_path, monkeypatch):
    ffmpeg = pytest.importorskip("imageio_ffmpeg")
    replay = drive("Follow", 1, decisions=5)
    fake = tmp_path / "ffmpeg"
    fake.write_text("#!/bin/sh\necho no room >&2\nexit 1\n")
    fake.chmod(0o755)
    monkeypatch.setattr(ffmpeg, "get_ffmpeg_exe", lambda: str(fake))
    with pytest.raises(OSError, match="no room"):
        write_video(tmp_path / "x.mp4", stages_of(replay), size=(320, 180))
    assert os.listdir(tmp_path) == ["ffmpeg"]


def test_a_gif_has_few_colours_and_loops(tmp_path):
    images = pytest.importorskip("PIL.Image")
    replay = drive("Follow", 1, decisions=3)
    count = write_video(tmp_path / "x.gif", stages_of(replay, [0]), size=(480, 320))
    with images.open(tmp_path / "x.gif") as gif:
        assert gif.size == (480, 320) and gif.info["loop"] == 0
        assert 2 <= gif.n_frames <= count  # frames that change nothing are merged
        assert len(gif.convert("RGB").getcolors(1 << 20)) <= 96


@pytest.mark.parametrize(("rate", "pictures"), [(30.0, 67), (60.0, 100), (7.0, 14)])
def test_a_gif_is_in_real_time_at_any_rate(rate, pictures, tmp_path):
    """It counts in hundredths of a second, and browsers take one of them for ten."""
    images = pytest.importorskip("PIL.Image")
    stages = stages_of(drive("Follow", 1, decisions=20), [0])
    assert write_video(tmp_path / "x.gif", stages, STREET, (32, 18), rate=rate, span=(0.0, 2.0)) == pictures
    stands = []
    with images.open(tmp_path / "x.gif") as gif:
        for k in range(gif.n_frames):
            gif.seek(k)
            stands.append(gif.info["duration"])
    assert sum(stands) == pytest.approx(2000, abs=50) and min(stands) >= 20


def test_a_gif_is_written_as_its_pictures_come(tmp_path):
    """Those of a long replay fill no memory; what has not changed stands longer."""
    images = pytest.importorskip("PIL.Image")
    random, path, written = np.random.default_rng(0), tmp_path / "x.gif", []
    noise = [pygame.surfarray.make_surface(random.integers(0, 256, (160, 90, 3))) for _ in range(5)]

    def frames():
        for surface in (*noise, noise[-1]):
            yield surface
            written.append(path.stat().st_size)

    assert video._write_gif(path, frames(), iter(noise[:2]), (160, 90), 10, False) == 6
    assert written[-1] > written[2] > 0
    with images.open(path) as gif:
        assert gif.n_frames == 5
        gif.seek(4)
        assert gif.info["duration"] == 200


@pytest.mark.parametrize(("module", "name"), [("PIL", "x.gif"), ("imageio_ffmpeg", "x.mp4")])
def test_what_is_not_installed_is_named_with_the_command_that_brings_it(module, name, tmp_path, monkeypatch):
    replay = drive("Follow", 1, decisions=1)
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(NotInstalled, match=r"writing \.(gif|mp4) needs .*: pip install .*\[agents\]'?"):
        write_video(tmp_path / name, stages_of(replay, [0]), size=(32, 18))
    assert not os.listdir(tmp_path)


def test_a_video_can_be_a_part_of_an_episode(tmp_path):
    images = pytest.importorskip("PIL.Image")
    replay = drive("Follow", 1, decisions=20)
    count = write_video(tmp_path / "x.gif", stages_of(replay, [0]), STREET, (321, 180), rate=5.0, span=(1.0, 2.4))
    assert count == 7
    with images.open(tmp_path / "x.gif") as gif:
        assert gif.size == (320, 180) and gif.info["duration"] == 200
    assert write_video(tmp_path / "x.gif", stages_of(replay, [0]), STREET, (320, 180), rate=5.0, span=(90.0, 99.0)) > 0
    for size, rate, span in (
        ((320, 1), None, None), ((-5, 90000), None, None), (None, -1.0, None), (None, 1e9, None),
        (None, None, (2.0, 1.0)), (None, None, (-1.0, 1.0)),
    ):  # fmt: skip
        with pytest.raises(ValueError):
            write_video(tmp_path / "y.gif", stages_of(replay, [0]), size=size, rate=rate, span=span)
    assert os.listdir(tmp_path) == ["x.gif"]


def test_a_picture_of_a_moment(cyclist, tmp_path):
    write_picture(tmp_path / "x.png", Stage(Take(cyclist, 0)))
    picture = pygame.image.load(tmp_path / "x.png")
    assert picture.get_size() == (1280, 720)
    with pytest.raises(ValueError, match="within the episode"):
        write_picture(tmp_path / "y.png", Stage(Take(cyclist, 0)), time=1000.0)
    with pytest.raises(ValueError, match=r"\.png"):
        write_picture(tmp_path / "y.jpg", Stage(Take(cyclist, 0)))
    with pytest.raises(ValueError, match=r"\.mp4 or \.gif"):
        write_video(tmp_path / "y.avi", stages_of(cyclist))
    assert os.listdir(tmp_path) == ["x.png"]
