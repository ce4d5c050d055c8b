"""README's first picture: what the car sees, and what it believes, at three moments. No caption is needed."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pygame

from kindergarten.viewer import Stage
from kindergarten.viewer.draw.ground import Ground
from kindergarten.viewer.draw.scene import Scene
from kindergarten.viewer.draw.text import Typeface, dot, label
from kindergarten.viewer.model.camera import Camera, close_up
from kindergarten.viewer.model.frame import Frame
from kindergarten.viewer.model.palette import DARK, LIGHT
from kindergarten.viewer.model.story import Story
from kindergarten.viewer.model.view import View, tones
from kindergarten.viewer.model.words import badges, does_of, will_of
from kindergarten.world.codes import Intent, Phase

SIZE, GAP = (1280, 640), 16  # [px]
HEAD, BUBBLE, LETTERS = 92, 92, 56  # [px] tall: words for what there is to see; what the car believes; letters
RIDER, CAR = (11.0, 0.0), (16.0, 1.9)  # [m] across, and how far below the middle they stand


def write(path: Path, stage: Stage, dark: bool = False) -> None:
    """The rider above, the car below it: with the arm out, in the delay, and when the body tells."""
    surface = pygame.Surface(SIZE, 0, 32)
    letters, story = Typeface(1.0, DARK if dark else LIGHT), stage.stories[0]
    surface.fill(letters.theme.paper)
    scene = Scene(Ground(story.road), letters)
    role = story.role(story.watched(0, story.start), story.start)
    width = (SIZE[0] - 2 * GAP) // 3
    for k, time in enumerate(((role.t1 + role.t2) / 2, 0.35 * role.t2 + 0.65 * role.t3, role.t3 + 1.1)):
        cell = surface.subsurface((k * (width + GAP), 0, width, SIZE[1]))
        _moment(cell, scene, letters, story, stage.frames(time)[0], View(dark=dark))
    pygame.image.save(surface, os.fspath(path))


def _moment(cell: pygame.Surface, scene: Scene, letters: Typeface, story: Story, frame: Frame, view: View) -> None:
    """One moment, from top to bottom: words, the rider, the car's belief, the car."""
    i, theme = story.watched(0, frame.time), letters.theme
    role, phase, (width, height) = story.role(i, frame.time), frame.phase(story, i), cell.get_size()
    half = (height - HEAD - GAP) // 2
    for user, top, place in ((i, HEAD, RIDER), (0, height - half, CAR)):
        near = cell.subsurface((0, top, width, half))
        scene.draw(near, story, frame, _from_near(story, frame, user, near.get_size(), *place), view, words=False)
    ground, ink = tones(theme, phase)
    cell.fill(ground, (0, 0, width, HEAD))
    words = f"it {does_of(story.lanes)[role.intent]}" if phase is Phase.AFTER else badges(role)[phase]
    letters.write(cell, words, (width / 2, HEAD / 2), LETTERS, ink, 0.5)
    belief = frame.belief(i)
    assert belief is not None
    said = f"It will {will_of(story.lanes)[Intent(int(belief.argmax()))]}"
    box = pygame.Rect(0, 0, letters.width(said, LETTERS) + 48, BUBBLE)
    box.midtop = width // 2, height - half + 14
    label(cell, theme.belief, box, BUBBLE / 2)
    for below, radius in ((14, 11), (38, 7)):
        dot(cell, theme.belief, (width / 2, box.bottom + below), radius)
    letters.write(cell, said, box.center, LETTERS, theme.outline, 0.5)


def _from_near(story: Story, frame: Frame, i: int, size: tuple[int, int], across: float, below: float) -> Camera:
    """Looks at ``across`` metres of the street, with road user ``i`` so far ``below`` the middle."""
    user, scale, (cos, sin) = frame.users[i], size[0] / across, story.heading
    camera = close_up(story, user, size)
    return replace(camera, x=camera.x - below * sin, y=camera.y + below * cos, scale=scale, level=scale)
