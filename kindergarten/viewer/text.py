"""Words on a surface, in pygame's own font, so that they look the same everywhere."""

from __future__ import annotations

import pygame

from kindergarten.viewer.palette import INK, Colour


class Typeface:
    """One font at any size; keeps what it has opened."""

    def __init__(self, unit: float = 1.0) -> None:
        """``unit``: pixels per point; grows with the window."""
        self.unit = unit
        self._fonts: dict[int, pygame.font.Font] = {}

    def font(self, size: float) -> pygame.font.Font:
        """The font at ``size`` points."""
        if not pygame.font.get_init():  # somebody else may have quit pygame meanwhile
            pygame.font.init()
            self._fonts.clear()
        pixels = max(round(size * self.unit), 8)
        if pixels not in self._fonts:
            self._fonts[pixels] = pygame.font.Font(None, pixels)
        return self._fonts[pixels]

    def width(self, text: str, size: float) -> int:
        """Width [px] of ``text``."""
        return self.font(size).size(text)[0]

    def write(
        self,
        surface: pygame.Surface,
        text: str,
        at: tuple[float, float],
        size: float = 18,
        colour: Colour = INK,
        anchor: float = 0.0,
        most: float | None = None,
    ) -> pygame.Rect:
        """Write one line; returns where it stands.

        Args:
            at: x [px] of the anchor and y of the line's middle.
            anchor: what stands at x: 0 the line's beginning, 0.5 its middle, 1 its end.
            most: [px] it is cut to this width, with dots.
        """
        if most is not None:
            text = self.fitted(text, size, most)
        try:
            image = self.font(size).render(text, True, colour)
        except pygame.error:  # opened before pygame was quit and initialised again
            self._fonts.clear()
            image = self.font(size).render(text, True, colour)
        place = image.get_rect(left=round(at[0] - anchor * image.get_width()), centery=round(at[1]))
        surface.blit(image, place)
        return place

    def fitted(self, text: str, size: float, most: float) -> str:
        """``text``, cut so that it is at most ``most`` pixels wide."""
        if self.width(text, size) <= most:
            return text
        while text and self.width(text + "...", size) > most:
            text = text[:-1]
        return text.rstrip() + "..."
