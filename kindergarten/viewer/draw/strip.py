"""What the memory held, as a heat map over time that scrolls with the play head."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
import pygame

from kindergarten.replay.episode import Episode
from kindergarten.replay.thoughts import GATES
from kindergarten.viewer.draw.text import Typeface
from kindergarten.viewer.model.frame import Frame
from kindergarten.viewer.model.palette import Theme, mix
from kindergarten.viewer.model.story import Story
from kindergarten.viewer.model.view import tones
from kindergarten.world.codes import Phase

HEIGHT = 132  # points
WINDOW, HEAD = 10.0, 0.7  # [s] that are shown; where in it the present stands, but near the ends
LABELS, PAD = 96, 12  # points left for the rows' names; around everything
SHARES = {"cells": 0.52, **{name: 0.16 for name in GATES}}  # of the height


class Strip:
    """The memory of one agent; keeps what it has drawn of an episode.

    The cells stand in the order of how much they hold in the delay of the replay's first episode, so that twins can
    be compared row by row.
    """

    def __init__(self, typeface: Typeface, first: Episode) -> None:
        self._typeface, self._order = typeface, _order(first)
        self._kept: dict[tuple[object, ...], dict[str, pygame.Surface]] = {}

    def draw(self, surface: pygame.Surface, area: pygame.Rect, story: Story, frame: Frame) -> None:
        """Draw it in ``area`` [px]."""
        theme, unit = self._typeface.theme, self._typeface.unit
        surface.fill(theme.paper, area)
        pygame.draw.line(surface, theme.rule, area.topleft, area.topright)
        episode = story.episode
        if episode is None or episode.thoughts.cells is None or self._order is None:
            words = "It has no memory cells to show." if episode is not None else ""
            self._typeface.write(surface, words, area.center, 19, theme.faded, 0.5)
            return
        inner = area.inflate(-2 * round(PAD * unit), -2 * round(8 * unit))
        if inner.width < 240 * unit or inner.height < 20:
            return
        heat = pygame.Rect(inner)
        heat.left, heat.width = inner.left + round(LABELS * unit), inner.width - round(LABELS * unit)
        left = max(min(frame.time - HEAD * WINDOW, story.duration - WINDOW), story.start)  # [s]
        now = heat.left + (frame.time - left) / WINDOW * heat.width
        self._phases(surface, pygame.Rect(heat.left, heat.top, heat.width, round(6 * unit)), story, frame.time, left)
        top = heat.top + round(9 * unit)
        rows = self._rows(episode, theme, heat.bottom - top)
        for name, picture in rows.items():
            box = pygame.Rect(heat.left, top, heat.width, picture.get_height())
            self._row(surface, picture, box, (left - story.start) / story.step, WINDOW / story.step)
            words = f"{episode.thoughts.cells.shape[1]} cells" if name == "cells" else f"{name} gates"
            self._typeface.write(
                surface, words, (inner.left, box.centery - 9 * unit * (name == "cells")), 17, theme.faded
            )
            if name == "cells":
                self._legend(surface, inner.left, box.centery + 4 * unit)
            top = box.bottom + round(2 * unit)
        later = pygame.Surface((round(heat.right - now), top - heat.top), pygame.SRCALPHA)
        later.fill((*theme.paper, 170))  # what is still to come
        surface.blit(later, (round(now), heat.top))
        surface.fill(theme.ink, (round(now - unit), heat.top, max(round(2 * unit), 2), top - heat.top))

    def _legend(self, surface: pygame.Surface, left: float, top: float) -> None:
        """What the colours say, of cells and of gates."""
        theme, unit = self._typeface.theme, self._typeface.unit
        box = pygame.Rect(round(left), round(top), round((LABELS - 12) * unit), round(7 * unit))
        surface.blit(_scale(theme, *box.size), box)
        y = box.bottom + 7 * unit
        self._typeface.write(surface, "- shut", (box.left, y), 14, theme.low)
        self._typeface.write(surface, "open +", (box.right, y), 14, theme.high, 1.0)

    def _rows(self, episode: Episode, theme: Theme, height: int) -> dict[str, pygame.Surface]:
        """Each row's picture, one pixel wide for each decision, as tall as it is drawn."""
        key = (id(episode), theme.name, height)
        if key not in self._kept:
            if len(self._kept) > 8:
                self._kept.clear()
            self._kept[key] = self._pictures(episode, theme, height)
        return self._kept[key]

    def _pictures(self, episode: Episode, theme: Theme, height: int) -> dict[str, pygame.Surface]:
        assert episode.thoughts.cells is not None and self._order is not None
        cells, gates = episode.thoughts.cells.astype(np.float32), episode.thoughts.gates
        scale = max(float(np.quantile(np.abs(cells), 0.98)), 1e-6) if cells.size else 1.0
        arrays = {"cells": cells / scale}
        if gates is not None:
            arrays |= {name: 2.0 * gates[:, k].astype(np.float32) - 1.0 for k, name in enumerate(GATES)}
        total = sum(SHARES[name] for name in arrays)
        order = self._order if len(self._order) == cells.shape[1] else np.arange(cells.shape[1])
        gap = 2 * self._typeface.unit * (len(arrays) - 1)
        return {
            name: _heat(values[:, order], theme, max(round((height - gap) * SHARES[name] / total), 1))
            for name, values in arrays.items()
        }

    def _row(
        self, surface: pygame.Surface, picture: pygame.Surface, box: pygame.Rect, first: float, count: float
    ) -> None:
        """``count`` decisions of a row's picture from ``first`` on, both with fractions."""
        surface.fill(self._typeface.theme.card, box)
        column = box.width / count  # [px] per decision
        begin, stop = max(math.floor(first), 0), min(math.ceil(first + count), picture.get_width())
        if stop <= begin:
            return
        part = picture.subsurface((begin, 0, stop - begin, box.height))
        wide = pygame.transform.scale(part, (max(round((stop - begin) * column), 1), box.height))
        clip = surface.get_clip()
        surface.set_clip(box)
        surface.blit(wide, (round(box.left + (begin - first) * column), box.top))
        surface.set_clip(clip)

    def _phases(self, surface: pygame.Surface, box: pygame.Rect, story: Story, time: float, left: float) -> None:
        """A thin band that says when those who have to be watched signal; ``left`` [s]: where it begins."""
        role = story.role(story.watched(0, time), time)
        surface.fill(self._typeface.theme.card, box)
        borders = (max(role.start, story.start), role.t1, role.t2, role.t3, min(role.stop, story.duration))
        for phase, start, stop in zip(Phase, borders[:-1], borders[1:], strict=True):
            x0, x1 = (min(max(t - left, 0.0), WINDOW) / WINDOW * box.width for t in (start, stop))
            if x1 > x0:
                ground, _ = tones(self._typeface.theme, phase)
                surface.fill(ground, (round(box.left + x0), box.top, round(x1) - round(x0), box.height))


def _order(episode: Episode) -> np.ndarray | None:
    """The cells, from the one that holds the most in the delay to the one that holds the least; None without any."""
    if episode.thoughts.cells is None or not episode.thoughts.cells.size:
        return None
    signallers = np.minimum(episode.worlds["signaller"], episode.users.shape[1] - 1)
    delay = episode.users["phase"][np.arange(len(signallers)), signallers][:-1] == Phase.DELAY
    rows = episode.thoughts.cells[delay] if delay.any() else episode.thoughts.cells
    return np.argsort(-rows.astype(np.float32).mean(axis=0), kind="stable")


@lru_cache(8)
def _scale(theme: Theme, width: int, height: int) -> pygame.Surface:
    """All colours there are, from low to high."""
    return pygame.transform.smoothscale(_heat(np.linspace(-1.0, 1.0, 32)[:, None], theme, 6), (width, height))


def _heat(values: np.ndarray, theme: Theme, height: int) -> pygame.Surface:
    """Values (D, H) in -1..1 as a picture, D wide and ``height`` tall: blue is low, orange high."""
    amount = np.clip(values, -1.0, 1.0)[..., None]
    zero, low, high = (np.array(c, np.float32) for c in (mix(theme.paper, theme.ink, 0.06), theme.low, theme.high))
    colours = zero + np.abs(amount) ** 0.8 * (np.where(amount < 0, low, high) - zero)
    pixels = np.ascontiguousarray(colours.astype(np.uint8).transpose(1, 0, 2))
    picture = pygame.image.frombuffer(pixels.tobytes(), (pixels.shape[1], pixels.shape[0]), "RGB")
    return pygame.transform.smoothscale(picture, (pixels.shape[1], height)) if pixels.shape[1] else picture
