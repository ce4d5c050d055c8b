"""Videos and pictures of replays, made without a display."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pygame

from kindergarten.replay import Replay
from kindergarten.viewer import palette
from kindergarten.viewer.frame import frame_at, story_of
from kindergarten.viewer.painter import SIZE, Painter, View

FRAMES_PER_SECOND = 30
GIF_SIZE, GIF_FRAMES_PER_SECOND, GIF_COLOURS = (800, 450), 10.0, 96  # GIF counts in hundredths of a second
LAST = 1.2  # [s] that the last frame of an episode stands still


class MissingTool(OSError):
    """A package is missing that writes this kind of file; the message says how to get it."""


def write_video(
    path: str | os.PathLike[str], replay: Replay, episodes: Iterable[int] | None = None,
    view: View | None = None, size: tuple[int, int] | None = None,
) -> int:  # fmt: skip
    """Write episodes, one after the other, to an .mp4 or a .gif file in real time.

    Args:
        episodes: which, from 0; all if left out.
        size: [px] rounded down to even numbers.

    Returns:
        How many frames were written.

    Raises:
        ValueError: the file's name ends in neither .mp4 nor .gif.
        MissingTool: imageio-ffmpeg (or pillow for GIF) is not installed.
        OSError: it cannot be written.
    """
    path, view = Path(path), view or View()
    chosen = list(range(len(replay.episodes)) if episodes is None else episodes)
    if path.suffix.lower() not in (".mp4", ".gif"):
        raise ValueError(f"{path}: a video is written as .mp4 or .gif")
    gif = path.suffix.lower() == ".gif"
    width, height = size or (GIF_SIZE if gif else SIZE)
    size = width // 2 * 2, height // 2 * 2
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.stem}.{os.getpid()}{path.suffix}")
    try:
        frames = surfaces(replay, chosen, view, size, GIF_FRAMES_PER_SECOND if gif else FRAMES_PER_SECOND)
        few = surfaces(replay, chosen[:3], view, size, 0.5)
        count = _write_gif(draft, frames, few, size) if gif else _write_mp4(draft, frames, size)
        os.replace(draft, path)
    finally:
        draft.unlink(missing_ok=True)
    return count


def write_picture(
    path: str | os.PathLike[str], replay: Replay, episode: int = 0, time: float | None = None,
    view: View | None = None, size: tuple[int, int] = SIZE,
) -> None:  # fmt: skip
    """Write one moment as a PNG.

    Args:
        time: [s] since the reset; the middle of the cue if left out.

    Raises:
        ValueError: the file's name does not end in .png, or the time is not within the episode.
    """
    path, story = Path(path), story_of(replay, episode)
    if path.suffix.lower() != ".png":
        raise ValueError(f"{path}: a picture is written as .png")
    time = min((story.t1 + story.t2) / 2, story.duration) if time is None else time
    if not 0.0 <= time <= story.duration:
        raise ValueError(f"{time:g} s is not within the episode, which lasts {story.duration:g} s")
    surface = pygame.Surface(size, 0, 32)
    Painter(replay.road).draw(surface, story, frame_at(replay, episode, time), view)
    path.parent.mkdir(parents=True, exist_ok=True)
    pygame.image.save(surface, os.fspath(path))


def surfaces(
    replay: Replay, episodes: Iterable[int], view: View, size: tuple[int, int], rate: float
) -> Iterator[pygame.Surface]:
    """The frames of a video. Each is overwritten by the next."""
    painter, surface = Painter(replay.road), pygame.Surface(size, 0, 32)
    for episode in episodes:
        story = story_of(replay, episode)
        start = float(replay.episodes[episode].worlds["tick"][0]) * replay.physics_step
        for k in range(round((story.duration - start + LAST) * rate)):
            time = min(start + k / rate, story.duration)
            painter.draw(surface, story, frame_at(replay, episode, time), view)
            yield surface


def _write_mp4(path: Path, frames: Iterator[pygame.Surface], size: tuple[int, int]) -> int:
    try:
        import imageio_ffmpeg
    except ImportError:
        raise MissingTool("writing .mp4 needs imageio-ffmpeg: pip install 'kindergarten[agents]'") from None
    options: dict[str, Any] = {
        "codec": "libx264", "quality": 8, "output_params": ["-preset", "veryfast"],
        "pix_fmt_in": "bgr0", "pix_fmt_out": "yuv420p",  # what a surface holds: nothing has to be converted here
    }  # fmt: skip
    writer = imageio_ffmpeg.write_frames(
        os.fspath(path), size, fps=FRAMES_PER_SECOND, macro_block_size=2, ffmpeg_log_level="error", **options
    )
    writer.send(None)
    count = 0
    try:
        for surface in frames:
            writer.send(surface.get_buffer().raw)
            count += 1
    finally:
        writer.close()
    return count


def _write_gif(
    path: Path, frames: Iterator[pygame.Surface], few: Iterator[pygame.Surface], size: tuple[int, int]
) -> int:
    """Write ``frames``, in colours chosen by ``few`` of them: one palette, so that still things stay still."""
    try:
        from PIL import Image
    except ImportError:
        raise MissingTool("writing .gif needs pillow: pip install 'kindergarten[agents]'") from None

    def pictures(surfaces: Iterator[pygame.Surface]) -> Iterator[Image.Image]:
        return (Image.frombytes("RGB", size, pygame.image.tobytes(surface, "RGB")) for surface in surfaces)

    # What has a meaning keeps its colour, however small it is; the rest is shared out by area.
    named = [colour for colour in vars(palette).values() if isinstance(colour, tuple)]
    common = Image.fromarray(np.concatenate([np.asarray(picture) for picture in pictures(few)]))
    shared = (common.quantize(GIF_COLOURS - len(named)).getpalette() or [])[: 3 * (GIF_COLOURS - len(named))]
    colours = Image.new("P", (1, 1))
    colours.putpalette([*(part for colour in named for part in colour), *shared])
    flat = [picture.quantize(palette=colours, dither=Image.Dither.NONE) for picture in pictures(frames)]
    pause = round(1000 / GIF_FRAMES_PER_SECOND)
    flat[0].save(path, save_all=True, append_images=flat[1:], duration=pause, loop=0, optimize=False)
    return len(flat)
