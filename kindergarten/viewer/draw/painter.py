"""One picture: street, panels, timeline. Draws on any pygame surface; needs no display and changes no data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import pygame

from kindergarten.replay.episode import Episode
from kindergarten.viewer.draw.ground import Ground
from kindergarten.viewer.draw.panel import Panel
from kindergarten.viewer.draw.scene import Scene
from kindergarten.viewer.draw.strip import HEIGHT as STRIP
from kindergarten.viewer.draw.strip import Strip
from kindergarten.viewer.draw.text import Typeface, card
from kindergarten.viewer.draw.timeline import Timeline, height_of
from kindergarten.viewer.model.camera import camera_of
from kindergarten.viewer.model.frame import Frame
from kindergarten.viewer.model.labels import Area, ends, steady
from kindergarten.viewer.model.palette import DARK, LIGHT
from kindergarten.viewer.model.story import Story
from kindergarten.viewer.model.view import Hud, View, unit_of
from kindergarten.world.road import RoadMap

SIDE = 316  # points
STREET = 0.54, 0.5  # of the width and of the height that the street has at least; the panels have what is left


class Areas(NamedTuple):
    """Where things go; what is not shown is empty."""

    street: pygame.Rect
    side: pygame.Rect
    memory: pygame.Rect
    bottom: pygame.Rect


class Painter:
    """Draws the stories of one road; keeps fonts and the ground's shapes between pictures."""

    def __init__(self, road: RoadMap, first: Episode | None = None) -> None:
        """``first``: of a replay's episodes, by whose memory the cells are put in order."""
        self.typeface = Typeface()
        ground = Ground(road)
        self._scene, self._close_up = Scene(ground, self.typeface), Scene(ground, self.typeface)
        self._strip = None if first is None else Strip(self.typeface, first)

    def draw(
        self, surface: pygame.Surface, story: Story, frame: Frame, view: View | None = None, hud: Hud | None = None
    ) -> None:
        """Fill ``surface`` with ``frame`` of ``story``."""
        view = view or View()
        areas = self.areas(surface, story, view)
        frame = self.visible(frame, view)
        hud = hud or Hud()
        self.street(surface.subsurface(areas.street), story, frame, view, hud)
        if areas.side.width:
            Panel(areas.side, self.typeface, self._close_up).draw(surface, story, frame, view)
        if areas.memory.height:
            self.strip(surface, areas.memory, story, frame)
        if areas.bottom.height:
            focus = story.watched(view.focus, frame.time)
            Timeline(areas.bottom, story, self.typeface, focus).draw(surface, frame, view, hud)

    def visible(self, frame: Frame, view: View) -> Frame:
        """The frame without those thoughts that are not to be shown; sets the theme."""
        self.typeface.theme = DARK if view.dark else LIGHT
        thoughts = replace(
            frame.thoughts,
            captions=frame.thoughts.captions if view.beliefs else None,
            attention=frame.thoughts.attention if view.attention else None,
        )
        return replace(frame, thoughts=thoughts)

    def street(
        self, surface: pygame.Surface, story: Story, frame: Frame, view: View, hud: Hud, reserved: Sequence[Area] = ()
    ) -> None:
        """Fill ``surface`` with the street alone; ``reserved``: where no words may stand."""
        camera, size = camera_of(story, frame, surface.get_size(), view), surface.get_size()
        said = card(self.typeface, hud.card, size[0], hud.points) if hud.card else None
        if said:
            said = said._replace(area=steady(((story, 0),), size, view, frame.time, ends(said.area, size[1])))
        taken = [*reserved, said.area] if said else reserved
        self._scene.draw(surface, story, frame, camera, view, reserved=taken)
        if said:
            said.draw(surface, self.typeface, hud.tone)

    def strip(self, surface: pygame.Surface, area: pygame.Rect, story: Story, frame: Frame) -> None:
        """Draw what the memory holds into ``area``."""
        if self._strip is not None:
            self._strip.draw(surface, area, story, frame)

    def areas(self, surface: pygame.Surface, story: Story, view: View) -> Areas:
        """Where everything goes on ``surface``; the type grows with the picture."""
        width, height = surface.get_size()
        self.typeface.unit = unit = unit_of((width, height), view.large)
        side, low = round(SIDE * unit) * view.side, round(height_of(story, view) * unit) * view.timeline
        strip = round(STRIP * unit) * (view.memory and self._strip is not None and story.remembers)
        side *= view.panels and width - side >= STREET[0] * width
        low *= view.panels and height - low >= STREET[1] * height
        strip *= view.panels and height - low - strip >= STREET[1] * height
        return Areas(
            pygame.Rect(0, 0, width - side, height - low - strip),
            pygame.Rect(width - side, 0, side, height - low),
            pygame.Rect(0, height - low - strip, width - side, strip),
            pygame.Rect(0, height - low, width, low),
        )
