"""One picture: street, panel, timeline. Draws on any pygame surface; needs no display and changes no data."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pygame

from kindergarten.road import RoadMap
from kindergarten.viewer.camera import follow, overview
from kindergarten.viewer.frame import Frame, Story
from kindergarten.viewer.ground import Ground
from kindergarten.viewer.panel import Panel
from kindergarten.viewer.scene import Scene
from kindergarten.viewer.text import Typeface
from kindergarten.viewer.timeline import Timeline

SIZE = (1280, 720)  # [px] unless somebody wants another
LEAST = (480, 320)  # [px] on a smaller surface there is no room but for the street
STREET_UNIT = 0.85  # [px] per point at least, where the street's few words are all there is to read


@dataclass(frozen=True)
class View:
    """How to look at it."""

    follow: bool = True  # False: the camera stands still above the junction
    reveal: bool = True  # whether to show what the signaller will do
    beliefs: bool = True  # whether to show what the agent thinks it will do, which gives it away as well
    panels: bool = True  # False: the street alone
    zoom: float = 1.0


class Painter:
    """Draws the stories of one road; keeps fonts and the ground's shapes between pictures."""

    def __init__(self, road: RoadMap) -> None:
        self._typeface = Typeface()
        ground = Ground(road)
        self._scene, self._close_up = Scene(ground, self._typeface), Scene(ground, self._typeface)

    def draw(
        self, surface: pygame.Surface, story: Story, frame: Frame, view: View | None = None, status: str = ""
    ) -> None:
        """Fill ``surface`` with ``frame`` of ``story``. ``status``: words about the player, for the timeline."""
        view = view or View()
        if not (view.beliefs and view.reveal):
            frame = replace(frame, captions=None)
        street, side, bottom = self._areas(surface, view)
        camera = (follow if view.follow else overview)(story, frame, street.size, view.zoom)
        self._scene.draw(surface.subsurface(street), story, frame, camera)
        if side.width:
            Panel(side, self._typeface, self._close_up).draw(surface, story, frame, view.reveal)
            Timeline(bottom, story, self._typeface).draw(surface, frame, view.reveal, status)

    def timeline(self, surface: pygame.Surface, story: Story, view: View) -> Timeline | None:
        """The timeline as it lies on ``surface``; None where none is drawn."""
        area = self._areas(surface, view)[2]
        return Timeline(area, story, self._typeface) if area.width else None

    def _areas(self, surface: pygame.Surface, view: View) -> tuple[pygame.Rect, pygame.Rect, pygame.Rect]:
        """Where street, panel and timeline go; the type grows with the picture."""
        width, height = surface.get_size()
        self._typeface.unit = max(min(width / SIZE[0], height / SIZE[1]), 0.5)
        if not view.panels or width < LEAST[0] or height < LEAST[1]:
            self._typeface.unit = max(self._typeface.unit, STREET_UNIT)
            return surface.get_rect(), pygame.Rect(0, 0, 0, 0), pygame.Rect(0, 0, 0, 0)
        side, low = round(316 * self._typeface.unit), round(134 * self._typeface.unit)
        return (
            pygame.Rect(0, 0, width - side, height - low),
            pygame.Rect(width - side, 0, side, height - low),
            pygame.Rect(0, height - low, width, low),
        )
