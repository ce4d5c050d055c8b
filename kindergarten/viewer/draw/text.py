"""Words and labels on a surface, in pygame's own font, so that they look the same everywhere."""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

import pygame

from kindergarten.viewer.model.labels import Area
from kindergarten.viewer.model.palette import LIGHT, WHITE, Colour, Theme

FINE = 3  # letters are set this much larger and scaled down: small ones are then evenly spaced
BEAM, TURNS = 17.0, 180  # [m] that headlights reach; steps of a whole turn
SPREAD = 0.09, 0.2  # [rad] to either side: that light has at least, and how much more where it is widest
BANDS = 32  # of light, one within the other
KEPT = 400  # rendered lines that are kept


class Typeface:
    """One font at any size, in the colours of a theme; keeps what it has rendered."""

    def __init__(self, unit: float = 1.0, theme: Theme = LIGHT) -> None:
        """``unit``: pixels per point; grows with the window."""
        self.unit, self.theme = unit, theme
        self._fonts: dict[int, pygame.font.Font] = {}
        self._lines: dict[tuple[str, int, Colour], pygame.Surface] = {}

    def _font(self, size: float) -> pygame.font.Font:
        pixels = round(size * self.unit * FINE)
        if not pygame.font.get_init():
            pygame.font.init()
            self._fonts.clear()
        if pixels not in self._fonts:
            self._fonts[pixels] = pygame.font.Font(None, pixels)
        return self._fonts[pixels]

    def _line(self, text: str, size: float, colour: Colour) -> pygame.Surface:
        """``text`` as a small picture."""
        key = (text, round(size * self.unit * FINE), colour)
        if key not in self._lines:
            if len(self._lines) >= KEPT:
                self._lines.clear()
            try:
                large = self._font(size).render(text, True, colour)
            except pygame.error:  # the font is of a pygame that somebody has quit and initialised again since
                self._fonts.clear()
                large = self._font(size).render(text, True, colour)
            width, height = -(-large.get_width() // FINE), -(-large.get_height() // FINE)
            # scaling nothing at all would crash the process
            self._lines[key] = pygame.transform.smoothscale(large, (width, height)) if width else large
        return self._lines[key]

    def width(self, text: str, size: float) -> int:
        """Width [px] of ``text``."""
        return self._line(text, size, self.theme.ink).get_width()

    def write(
        self,
        surface: pygame.Surface,
        text: str,
        at: tuple[float, float],
        size: float = 18,
        colour: Colour | None = None,
        anchor: float = 0.0,
        most: float | None = None,
    ) -> pygame.Rect:
        """Write one line; returns where it stands.

        Args:
            at: x [px] of the anchor and y of the line's middle.
            colour: the theme's ink if left out.
            anchor: what stands at x: 0 the line's beginning, 0.5 its middle, 1 its end.
            most: [px] it is cut to this width, with dots.
        """
        text = text.replace("\0", " ")
        if most is not None and self.width(text, size) > most:
            while text and self.width(text + "...", size) > most:
                text = text[:-1]
            text = text.rstrip() + "..."
        image = self._line(text, size, colour or self.theme.ink)
        width, height = image.get_size()
        place = pygame.Rect(round(at[0] - anchor * width), round(at[1]) - height // 2, width, height)
        surface.blit(image, place)
        return place


def rect(area: Area) -> pygame.Rect:
    """The whole pixels of an area."""
    return pygame.Rect(round(area.left), round(area.top), round(area.right - area.left), round(area.bottom - area.top))


def label(surface: pygame.Surface, colour: Colour, box: pygame.Rect, radius: float) -> None:
    """Fill a box with smooth round corners."""
    surface.blit(_label(colour, *box.size, round(radius, 1)), box.topleft, special_flags=pygame.BLEND_PREMULTIPLIED)


@lru_cache(64)
def _label(colour: Colour, width: int, height: int, radius: float) -> pygame.Surface:
    sheet = pygame.Surface((width * FINE, height * FINE), pygame.SRCALPHA, 32)
    pygame.draw.rect(sheet, colour, (0, 0, width * FINE, height * FINE), border_radius=round(radius * FINE))
    return pygame.transform.smoothscale(sheet, (width, height))


class Card(NamedTuple):
    """Words on a coloured ground."""

    lines: list[str]
    points: float
    area: Area

    def draw(self, surface: pygame.Surface, typeface: Typeface, tone: str) -> None:
        """Draw it; ``tone``: the theme's colour below."""
        colour, step = getattr(typeface.theme, tone), 1.25 * self.points * typeface.unit
        label(surface, colour, rect(self.area), 8 * typeface.unit)
        x, y = rect(self.area).center
        for k, line in enumerate(self.lines):
            ink = typeface.theme.paper if tone == "ink" else WHITE
            at = x, y + (k - (len(self.lines) - 1) / 2) * step
            typeface.write(surface, line, at, self.points, ink, 0.5)


def card(typeface: Typeface, words: str, width: float, points: float, top: float = 14.0) -> Card:
    """A card for a picture of ``width`` [px], ``top`` points below its upper edge; long words are broken into lines."""
    unit, lines = typeface.unit, [""]
    for word in words.split(" "):
        longer = f"{lines[-1]} {word}".strip(" ") if lines[-1] else word
        if lines[-1] and typeface.width(longer, points) > width - 60 * unit:
            lines.append(word)
        else:
            lines[-1] = longer
    wide = max(typeface.width(line, points) for line in lines) + 36 * unit
    tall = (1.25 * points * len(lines) + 0.7 * points) * unit
    left = (width - wide) / 2
    return Card(lines, points, Area(left, top * unit, left + wide, top * unit + tall))


def dot(surface: pygame.Surface, colour: Colour, at: tuple[float, float], radius: float, opacity: float = 1.0) -> None:
    """A small smooth disc."""
    dots(surface, colour, [at], radius, opacity)


def dots(
    surface: pygame.Surface, colour: Colour, places: Iterable[tuple[float, float]], radius: float, opacity: float = 1.0
) -> None:
    """Many small smooth discs."""
    picture = _dot(colour, round(radius * FINE), round(255 * opacity))
    half, whole, flags = picture.get_width() // 2, picture.get_rect(), pygame.BLEND_PREMULTIPLIED
    surface.blits([(picture, (round(x) - half, round(y) - half), whole, flags) for x, y in places], False)


@lru_cache(256)
def _dot(colour: Colour, radius: int, opacity: int) -> pygame.Surface:
    """``radius`` [1/FINE px], ``opacity`` 0..255."""
    size = 2 * -(-radius // FINE) + 1
    sheet = pygame.Surface((size * FINE, size * FINE), pygame.SRCALPHA, 32)
    shade = tuple(c * opacity // 255 for c in (*colour, 255))  # premultiplied
    pygame.draw.circle(sheet, shade, (size * FINE / 2, size * FINE / 2), radius)
    return pygame.transform.smoothscale(sheet, (size, size))


def halo(surface: pygame.Surface, colour: Colour, at: tuple[float, float], radius: float, opacity: float) -> None:
    """A soft ring."""
    picture = _halo(colour, max(round(radius), 2), round(24 * opacity))
    place = picture.get_rect(center=(round(at[0]), round(at[1])))
    surface.blit(picture, place, special_flags=pygame.BLEND_PREMULTIPLIED)


@lru_cache(128)
def _halo(colour: Colour, radius: int, opacity: int) -> pygame.Surface:
    """``opacity`` 0..24."""
    size = 2 * radius + 9
    sheet = pygame.Surface((size * FINE, size * FINE), pygame.SRCALPHA, 32)
    for width, strength in ((radius, 0.16), (max(radius // 5, 3), 0.5), (max(radius // 10, 2), 1.0)):
        share = strength * opacity / 24
        shade = tuple(round(c * share) for c in (*colour, 255))  # premultiplied
        pygame.draw.circle(sheet, shade, (size * FINE / 2, size * FINE / 2), radius * FINE, width * FINE)
    return pygame.transform.smoothscale(sheet, (size, size))


def beam(surface: pygame.Surface, at: tuple[float, float], angle: float, scale: float) -> None:
    """The light of a car's headlights: from ``at`` [px], towards ``angle`` [rad, to the left of right], at px/m."""
    picture = _beam(round(angle / math.tau * TURNS) % TURNS, round(math.log(max(scale, 0.1)) / 0.05))
    place = picture.get_rect(center=(round(at[0]), round(at[1])))
    surface.blit(picture, place, special_flags=pygame.BLEND_RGB_ADD)


@lru_cache(96)
def _beam(turn: int, size: int) -> pygame.Surface:
    """``turn`` [1/TURNS]; ``size``: logarithm of the scale. Its source is in the middle."""
    scale, angle = math.exp(size * 0.05), turn * math.tau / TURNS
    half = min(math.ceil(BEAM * scale) + 2, 900)
    sheet = pygame.Surface((half, half), 0, 32)  # coarser by half: light has no edges
    for k in range(BANDS):
        share = 1.0 - k / BANDS
        light = tuple(round(c * (0.006 + 0.022 * (k / BANDS) ** 2)) for c in (255, 240, 200))
        reach, wide = BEAM * scale / 2 * share, SPREAD[0] + SPREAD[1] * share
        corners = [(half / 2, half / 2)]
        for j in range(-4, 5):
            turned = angle + wide * j / 4
            corners.append((half / 2 + reach * math.cos(turned), half / 2 - reach * math.sin(turned)))
        layer = pygame.Surface((half, half), 0, 32)
        pygame.draw.polygon(layer, light, corners)
        sheet.blit(layer, (0, 0), special_flags=pygame.BLEND_RGB_ADD)
    return pygame.transform.smoothscale(sheet, (2 * half, 2 * half))
