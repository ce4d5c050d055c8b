"""Videos of replays, made without a display."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import closing, nullcontext
from pathlib import Path

import numpy as np
import pygame

from kindergarten.extras import explained
from kindergarten.files import check_ending, whole_file
from kindergarten.progress import Progress
from kindergarten.viewer.draw.stage import Stage
from kindergarten.viewer.export.planes import fill_planes
from kindergarten.viewer.export.sheet import checked_size
from kindergarten.viewer.model.palette import DARK, LIGHT
from kindergarten.viewer.model.view import SIZE, View

FRAMES_PER_SECOND = 30
GIF_SIZE, GIF_FRAMES_PER_SECOND, GIF_COLOURS = (800, 450), 10.0, 96
SHORTEST, LONGEST = 2, 60_000  # [1/100 s] for which a picture of a GIF can stand; browsers take 1 for 10
TYPICAL = 32  # pictures of an episode at most, by which the colours of a GIF are chosen
LAST = 1.2  # [s] that the last frame of an episode stands still
FASTEST = 100.0  # [1/s] of a video
X264 = "bframes=8:b-adapt=0:weightp=0"  # smaller by a quarter than ultrafast alone, for a little more time
PIPE = 1 << 20  # [B] between us and the encoder, where the system lets one choose
Span = tuple[float, float]  # [s] since the reset
Surfaces = Iterator[pygame.Surface]


def write_video(
    path: str | os.PathLike[str], stages: Sequence[Stage],
    view: View | None = None, size: tuple[int, int] | None = None,
    rate: float | None = None, span: Span | None = None, progress: bool = False,
) -> int:  # fmt: skip
    """Write episodes, one after the other, to an .mp4 or a .gif file in real time.

    In a GIF each frame stands for a whole number of hundredths of a second, at least two: its rate is the nearest such.
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
        NotInstalled: imageio-ffmpeg (or pillow for GIF) is not there.
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
    pause = max(round(100 / rate), SHORTEST)
    rate = 100 / pause if gif else rate
    frames = surfaces([(stage, _moments(stage, rate, span)) for stage in stages], view, size, progress)
    with whole_file(path) as draft:
        if not gif:
            return _write_mp4(draft, frames, size, rate)
        few = [(stage, _moments(stage, 0.5, span)) for stage in stages[:3]]
        typical = surfaces([(stage, times[:: -(-len(times) // TYPICAL)]) for stage, times in few], view, size)
        return _write_gif(draft, frames, typical, size, pause, view.dark)


def surfaces(
    moments: Sequence[tuple[Stage, np.ndarray]], view: View, size: tuple[int, int], progress: bool = False
) -> Surfaces:
    """The frames of a video, with a bar that says how many are done. Each is overwritten by the next.

    moments: stages, and when [s] the frames (K,) of each are.
    """
    surface, count = pygame.Surface(size, 0, 32), 0
    total = sum(len(times) for _, times in moments)
    with closing(Progress(total, "frames", lines=False)) if progress else nullcontext() as bar:
        for stage, times in moments:
            before = None
            for time in times:
                if time != before:  # the last one of an episode stands still for a while
                    stage.draw(surface, float(time), view)
                before, count = time, count + 1
                yield surface
                if bar is not None:
                    bar.update(count)


def _moments(stage: Stage, rate: float, span: Span | None) -> np.ndarray:
    """When [s] the frames of one stage are (K,)."""
    start, stop = (stage.start, stage.duration + LAST) if span is None else (max(stage.start, span[0]), span[1])
    start, stop = min(start, stage.duration), min(stop, stage.duration + LAST)
    return np.minimum(start + np.arange(max(round((stop - start) * rate), 1)) / rate, stage.duration)


def _write_mp4(path: Path, frames: Surfaces, size: tuple[int, int], rate: float) -> int:
    with explained("writing .mp4"):
        import imageio_ffmpeg
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


def _write_gif(draft: Path, frames: Surfaces, few: Surfaces, size: tuple[int, int], pause: int, dark: bool) -> int:
    """Write ``frames``, in colours chosen by ``few`` of them: one palette, so that still things stay still.

    Each is written as it comes, the part that has changed: all together would fill the memory. pause: [1/100 s].
    """
    with explained("writing .gif"):
        from PIL import GifImagePlugin, Image, ImageChops

    def pictures(surfaces: Surfaces) -> Iterator[Image.Image]:
        return (Image.frombytes("RGB", size, pygame.image.tobytes(surface, "RGB")) for surface in surfaces)

    # What has a meaning keeps its colour, however small it is; the rest is shared out by area.
    named = list(dict.fromkeys((DARK if dark else LIGHT).colours()))
    common = Image.fromarray(np.concatenate([np.asarray(picture) for picture in pictures(few)]))
    shared = (common.quantize(GIF_COLOURS - len(named)).getpalette() or [])[: 3 * (GIF_COLOURS - len(named))]
    colours = Image.new("P", (1, 1))
    colours.putpalette([*(part for colour in named for part in colour), *shared])
    flat = (picture.quantize(palette=colours, dither=Image.Dither.NONE) for picture in pictures(frames))
    before = next(flat)
    part, corner, stands, count = before, (0, 0), pause, 1  # of the picture that is still to be written
    with open(draft, "wb", buffering=1 << 14) as file:
        file.writelines(GifImagePlugin.getheader(before.copy(), info={"duration": 10 * pause, "loop": 0})[0])
        for picture in flat:
            changed = ImageChops.subtract_modulo(picture, before).getbbox()
            if changed is None and stands + pause <= LONGEST:
                stands += pause
            else:
                file.writelines(GifImagePlugin.getdata(part, corner, duration=10 * stands))
                x0, y0, x1, y1 = changed or (0, 0, 1, 1)
                part, corner, stands = picture.crop((x0, y0, x1, y1)), (x0, y0), pause
            before, count = picture, count + 1
        file.writelines(GifImagePlugin.getdata(part, corner, duration=10 * stands))
        file.write(b";")
    return count
