"""Pictures of single moments: one, or a contact sheet with those that matter."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pygame

from kindergarten.files import check_ending, whole_file
from kindergarten.viewer.draw.stage import Stage
from kindergarten.viewer.draw.text import Typeface
from kindergarten.viewer.model.palette import DARK, LIGHT
from kindergarten.viewer.model.story import Role
from kindergarten.viewer.model.view import SIZE, View, unit_of

LARGEST = 8192  # [px]


def write_picture(
    path: str | os.PathLike[str], stage: Stage, time: float | None = None,
    view: View | None = None, size: tuple[int, int] | None = None,
) -> None:  # fmt: skip
    """Write one moment as a PNG.

    Args:
        time: [s] since the reset; the middle of the cue if left out.

    Raises:
        ValueError: the file's name does not end in .png, or the time is not within the episode.
        OSError: it cannot be written.
    """
    role = watched_role(stage)
    time = min((role.t1 + role.t2) / 2, stage.duration) if time is None else time
    if not 0.0 <= time <= stage.duration:
        raise ValueError(f"{time:g} s is not within the episode, which lasts {stage.duration:g} s")
    surface = pygame.Surface(checked_size(size or SIZE), 0, 32)
    stage.draw(surface, time, view)
    _save(Path(path), surface)


def write_sheet(
    path: str | os.PathLike[str], stage: Stage, view: View | None = None, size: tuple[int, int] | None = None
) -> None:
    """Write the frames at t1, t2, t3 and of the decision as one PNG, ``size`` [px] in all.

    Raises:
        ValueError: the file's name does not end in .png.
        OSError: it cannot be written.
    """
    view = replace(view or View(), panels=False)
    width, height = checked_size(size or SIZE)
    letters = Typeface(unit_of((width, height), view.large), DARK if view.dark else LIGHT)
    unit, theme = letters.unit, letters.theme
    sheet = pygame.Surface((width, height), 0, 32)
    sheet.fill(theme.paper)
    story, gap, head, foot = stage.stories[0], round(12 * unit), round(44 * unit), round(32 * unit)
    seed = "" if story.seed is None else f", world seed {story.seed}"
    letters.write(sheet, story.scenario, (gap, head / 2), 28)
    agents = " and ".join(dict.fromkeys(story.agent for story in stage.stories))
    letters.write(sheet, f"{agents}{seed}", (width - gap, head / 2), 18, theme.faded, 1.0, most=0.7 * width)
    cell = (width - 3 * gap) // 2, (height - head - gap) // 2
    if min(cell[0], cell[1] - foot) < 8:
        raise ValueError(f"{width} x {height} pixels: too small for a contact sheet")
    for k, (words, time) in enumerate(moments(stage)):
        x, y = gap + (k % 2) * (cell[0] + gap), head + (k // 2) * cell[1]
        stage.draw(sheet.subsurface((x, y, cell[0], cell[1] - foot)), time, view)
        at = x, y + cell[1] - foot / 2
        letters.write(sheet, f"{words}, {time:.1f} s", at, 19, most=cell[0])
    _save(Path(path), sheet)


def moments(stage: Stage) -> list[tuple[str, float]]:
    """What a contact sheet shows: a name and a time [s] for each of t1, t2, t3 and the decision."""
    words, time = decided(stage)
    role, last = watched_role(stage), stage.stories[0].duration
    begun = {"t1: the signal": role.t1, "t2: it is gone": role.t2, "t3: it moves": role.t3}
    found = [(name if time <= last else "the end", stage.moment(k)) for k, (name, time) in enumerate(begun.items())]
    return sorted([*found, (f"the decision: {words}", time)], key=lambda moment: moment[1])


def watched_role(stage: Stage) -> Role:
    """What the first who has to be watched is up to."""
    story = stage.stories[0]
    return story.role(story.watched(0, story.start), story.start)


def decided(stage: Stage) -> tuple[str, float]:
    """What the agent first did that changed anything, and when [s]; when it could have, if it never did."""
    replay, index = stage.takes[0]
    story = stage.stories[0]
    hands_on = story.hands_on_at(story.start)
    for time in stage.times[stage.times >= hands_on - 1e-9].tolist():
        words = stage.frames(time)[0].action
        if words and words != "go on as before":
            return words, time
    return "go on as before", min(hands_on, story.duration)


def checked_size(size: tuple[int, int]) -> tuple[int, int]:
    """``size`` [px], if it makes sense.

    Raises:
        ValueError: it does not.
    """
    if min(size) < 2 or max(size) > LARGEST:
        raise ValueError(f"{size[0]} x {size[1]} pixels: both must be from 2 to {LARGEST}")
    return size


def _save(path: Path, surface: pygame.Surface) -> None:
    check_ending(path, "a picture", ".png")
    try:
        with whole_file(path) as draft:
            pygame.image.save(surface, os.fspath(draft))
    except pygame.error as error:
        raise OSError(f"{path} was not written: {error}") from None
