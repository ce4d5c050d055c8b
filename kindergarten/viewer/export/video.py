"""Videos of replays, made without a display."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import closing, nullcontext
from pathlib import Path

import numpy as np
import pygame

from kindergarten.files import check_ending, whole_file
from kindergarten.progress import Progress
from kindergarten.viewer.draw.stage import Stage
from kindergarten.viewer.export.planes import fill_planes
from kindergarten.viewer.export.sheet import checked_size
from kindergarten.viewer.model.palette import DARK, LIGHT
from kindergarten.viewer.model.view import SIZE, View

FRAMES_PER_SECOND = 30
GIF_SIZE, GIF_FRAMES_PER_SECOND, GIF_COLOURS = (800, 450), 10.0, 96  # GIF counts in hundredths of a second
LAST = 1.2  # [s] that the last frame of an episode stands still
FASTEST = 100.0  # [1/s] of a video
X264 = "bframes=8:b-adapt=0:weightp=0"  # smaller by a quarter than ultrafast alone, for a little more time
PIPE = 1 << 20  # [B] between us and the encoder, where the system lets one choose
Span = tuple[float, float]  # [s] since the reset
Surfaces = Iterator[pygame.Surface]


class MissingTool(OSError):
    """A package is missing that writes this kind of file; the message says how to get it."""


def write_video(
    path: str | os.PathLike[str], stages: Sequence[Stage],
    view: View | None = None, size: tuple[int, int] | None = None,
    rate: float | None = None, span: Span | None = None, progress: bool = False,
) -> int:  # fmt: skip
    """Write episodes, one after the other, to an .mp4 or a .gif file in real time.

    For a small GIF choose one episode, a span, the street alone, a small size and few frames per second.

    Args:
        size: [px] rounded down to even numbers.
        rate: frames per second.
        span: which part of each episode; all of it if left out.
        progress: show a bar on stderr, if that is a terminal.

    Returns:
        How many frames were written.

    Raises:
        ValueError: the file's name ends in neither .mp4 nor .gif, or a number makes no sense.
        MissingTool: imageio-ffmpeg (or pillow for GIF) is not installed.
        OSError: it cannot be written.
    """
    path, view = Path(path), view or View()
    check_ending(path, "a video", ".mp4", ".gif")
    gif = path.suffix.lower() == ".gif"
    width, height = size or (GIF_SIZE if gif else SIZE)
    size = checked_size((width // 2 * 2, height // 2 * 2))
    rate = (GIF_FRAMES_PER_SECOND if gif else FRAMES_PER_SECOND) if rate is None else rate
    if not 0.1 <= rate <= FASTEST:
        raise ValueError(f"{rate:g} frames per second: it must be from 0.1 to {FASTEST:g}")
    if span is not None and not 0.0 <= span[0] < span[1]:
        raise ValueError(f"from {span[0]:g} to {span[1]:g} s: the first must come before the second")
    moments = [(stage, time) for stage in stages for time in _moments(stage, rate, span)]
    few = [(stage, time) for stage in stages[:3] for time in _moments(stage, 0.5, span)]
    frames, chosen = surfaces(moments, view, size, progress), surfaces(few, view, size)
    with whole_file(path) as draft:
        if gif:
            return _write_gif(draft, frames, chosen, size, rate, view.dark)
        return _write_mp4(draft, frames, size, rate)


def surfaces(
    moments: Sequence[tuple[Stage, float]], view: View, size: tuple[int, int], progress: bool = False
) -> Surfaces:
    """The frames of a video, with a bar that says how many are done. Each is overwritten by the next."""
    surface = pygame.Surface(size, 0, 32)
    with closing(Progress(len(moments), "frames", lines=False)) if progress else nullcontext() as bar:
        before = None
        for count, moment in enumerate(moments, 1):
            if moment != before:  # the last one of an episode stands still for a while
                (stage, time), before = moment, moment
                stage.draw(surface, time, view)
            yield surface
            if bar is not None:
                bar.update(count)


def _moments(stage: Stage, rate: float, span: Span | None) -> list[float]:
    """When [s] the frames of one stage are."""
    start, stop = (stage.start, stage.duration + LAST) if span is None else (max(stage.start, span[0]), span[1])
    start, stop = min(start, stage.duration), min(stop, stage.duration + LAST)
    return [min(start + k / rate, stage.duration) for k in range(max(round((stop - start) * rate), 1))]


def _write_mp4(path: Path, frames: Surfaces, size: tuple[int, int], rate: float) -> int:
    try:
        import imageio_ffmpeg
    except ImportError:
        raise MissingTool("writing .mp4 needs imageio-ffmpeg: pip install 'kindergarten[agents]'") from None
    width, height = size
    command = [
        imageio_ffmpeg.get_ffmpeg_exe(), "-y", "-loglevel", "error",
        "-f", "rawvideo", "-pix_fmt", "yuv420p", "-s", f"{width}x{height}", "-r", f"{rate:g}", "-i", "-",
        "-c:v", "libx264", "-threads", "1", "-preset", "ultrafast", "-crf", "20", "-x264-params", X264,
        f"file:{path}",
    ]  # fmt: skip
    # In a pipe of the usual size a frame would go by in twenty pieces, each of which waits for its turn.
    encoder = subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE, pipesize=PIPE)
    planes, count = np.empty(width * height * 3 // 2, np.uint8), 0
    luma, *colours = np.split(planes, [width * height, width * height * 5 // 4])
    parts = luma.reshape(height, width), *(colour.reshape(height // 2, width // 2) for colour in colours)
    try:
        assert encoder.stdin is not None
        for surface in frames:
            fill_planes(pygame.surfarray.pixels2d(surface).T, *parts)
            encoder.stdin.write(planes.data)
            count += 1
    except BrokenPipeError:
        pass  # it has given up, and says why below
    except BaseException:
        encoder.kill()
        raise
    finally:
        _, words = encoder.communicate()
    if encoder.returncode:
        raise OSError(f"the video was not written: {words.decode(errors='replace').strip()[-300:]}")
    return count


def _write_gif(path: Path, frames: Surfaces, few: Surfaces, size: tuple[int, int], rate: float, dark: bool) -> int:
    """Write ``frames``, in colours chosen by ``few`` of them: one palette, so that still things stay still."""
    try:
        from PIL import Image
    except ImportError:
        raise MissingTool("writing .gif needs pillow: pip install 'kindergarten[agents]'") from None

    def pictures(surfaces: Surfaces) -> Iterator[Image.Image]:
        return (Image.frombytes("RGB", size, pygame.image.tobytes(surface, "RGB")) for surface in surfaces)

    # What has a meaning keeps its colour, however small it is; the rest is shared out by area.
    named = list(dict.fromkeys((DARK if dark else LIGHT).colours()))
    common = Image.fromarray(np.concatenate([np.asarray(picture) for picture in pictures(few)]))
    shared = (common.quantize(GIF_COLOURS - len(named)).getpalette() or [])[: 3 * (GIF_COLOURS - len(named))]
    colours = Image.new("P", (1, 1))
    colours.putpalette([*(part for colour in named for part in colour), *shared])
    flat = [picture.quantize(palette=colours, dither=Image.Dither.NONE) for picture in pictures(frames)]
    pause = 10 * round(100 / rate)
    flat[0].save(path, save_all=True, append_images=flat[1:], duration=pause, loop=0, optimize=False)
    return len(flat)
