"""The panel beside the street: what a road user shows, what the car thinks and does, what it got for it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pygame

from kindergarten.output import decimals
from kindergarten.viewer.draw.scene import Scene
from kindergarten.viewer.draw.text import Typeface, label
from kindergarten.viewer.model.camera import close_up
from kindergarten.viewer.model.frame import CHOICES, Frame
from kindergarten.viewer.model.palette import DARKNESS, WHITE, Colour, mix
from kindergarten.viewer.model.story import Story
from kindergarten.viewer.model.view import View, tones, visibility
from kindergarten.viewer.model.words import badge, does_of, end_tone, end_words, meaning, percents
from kindergarten.world.codes import End, Intent, Kind

PAD = 16  # points between the panel's edge and what stands in it


class Panel:
    """Writes from top to bottom into ``area`` [px]."""

    def __init__(self, area: pygame.Rect, typeface: Typeface, scene: Scene) -> None:
        self._area, self._type, self._scene = area, typeface, scene
        self._left, self._right = area.left + PAD * typeface.unit, area.right - PAD * typeface.unit
        self._y = 0.0

    def draw(self, surface: pygame.Surface, story: Story, frame: Frame, view: View) -> None:
        """Draw it."""
        theme = self._type.theme
        surface.fill(theme.paper, self._area)
        pygame.draw.line(surface, theme.rule, self._area.topleft, self._area.bottomleft)
        self._y = self._area.top + 24 * self._type.unit
        self._head(surface, story)
        i = story.watched(view.focus, frame.time)
        if view.close_up and i and self._room(196):
            self._watcher(surface, story, frame, view, i)
        belief = frame.belief(i)
        believes = belief is not None and self._room(90)
        decides = view.policy and self._room(165 + 54 * believes)
        if believes or decides:
            self._rule(surface)
            self._line(surface, "The car", size=21, colour=theme.heading)
            if belief is not None and believes:
                self._belief(surface, belief, story, f"Believes of road user {i}")
            if decides:
                self._car(surface, story, frame, view)
        if view.reward and self._room(60):
            self._rule(surface)
            self._reward(surface, story, frame)

    def _room(self, points: float) -> bool:
        """Whether so much fits below what stands there already."""
        return self._y + points * self._type.unit <= self._area.bottom

    def _head(self, surface: pygame.Surface, story: Story) -> None:
        self._line(surface, story.scenario, size=32, step=26)
        world = "" if story.seed is None else f"world seed {story.seed}"
        for words in (story.agent, ", ".join(part for part in (story.label, world) if part)):
            if words:
                self._line(surface, words, colour=self._type.theme.faded, size=17, step=19)

    def _watcher(self, surface: pygame.Surface, story: Story, frame: Frame, view: View, i: int) -> None:
        """What whoever watches knows of the road user in focus: its close-up, its phase, and what nobody can see."""
        unit, theme = self._type.unit, self._type.theme
        phase, role = frame.phase(story, i), story.role(i, frame.time)
        box = pygame.Rect(
            round(self._left), round(self._y - 4 * unit), round(self._right - self._left), round(114 * unit)
        )
        self._close_up(surface.subsurface(box.clip(surface.get_rect())), story, frame, view, i)
        ground, ink = tones(theme, phase)
        pygame.draw.rect(surface, ground, box, max(round(3 * unit), 2))
        banner = pygame.Rect(box.left, box.bottom, box.width, round(42 * unit))
        surface.fill(ground, banner)
        left, most = banner.left + 10 * unit, box.width - 14 * unit
        self._type.write(surface, badge(story, frame, i), (left, banner.top + 13 * unit), 21, ink, most=most)
        self._type.write(surface, meaning(story, frame, i), (left, banner.top + 31 * unit), 17, ink, most=most)
        self._y = banner.bottom + 15 * unit
        hidden = does_of(story.lanes)[role.intent] if view.reveal else "?" if story.live else "? (press h)"
        self._pair(surface, "What it will do (hidden)", hidden, theme.heading)

    def _close_up(self, surface: pygame.Surface, story: Story, frame: Frame, view: View, i: int) -> None:
        """A title, and below it the road user from near, arms and all."""
        unit, theme, user = self._type.unit, self._type.theme, frame.users[i]
        head, title = round(22 * unit), f"You see: road user {i}, a {story.role(i).kind.name.lower()}"
        near = surface.subsurface((0, head, surface.get_width(), surface.get_height() - head))
        surface.fill(theme.paper, (0, 0, near.get_width(), head))
        self._type.write(surface, title, (7 * unit, head / 2), 17)
        if user["kind"] != Kind.NOBODY and visibility(story, frame)[i] > 0.02:
            camera = close_up(story, user, near.get_size())
            self._scene.draw(near, story, frame, camera, view, words=False)
        else:
            near.fill(theme.fog)
            words = "has left the scene" if user["kind"] == Kind.NOBODY else "out of sight"
            self._type.write(near, words, near.get_rect().center, 20, mix(theme.fog, DARKNESS, 0.75), 0.5)

    def _car(self, surface: pygame.Surface, story: Story, frame: Frame, view: View) -> None:
        ego = frame.users[0]
        hands_on = story.hands_on_at(frame.time)
        until = "" if story.live else f" until {hands_on:.1f} s"
        hands = frame.action or f"none: cruising{until}"
        if frame.time >= hands_on - 1e-9 and not frame.action:
            hands = "none: it is over" if frame.end is not End.RUNNING else "none yet"
        self._pair(surface, "Agent's action", hands)
        self._pair(surface, "Speed, target", f"{ego['speed']:.1f}, {frame.target_speed:.1f} m/s")
        aim = Intent(int(ego["intent"])).name.lower()
        self._pair(surface, "Aims", aim if story.tells_aim(view.reveal) else "? (press h)")
        if frame.thoughts.values is not None and frame.end is End.RUNNING:
            self._pair(surface, "Expects from here on", decimals(frame.thoughts.values, sign="+"))
        if frame.end is not End.RUNNING:
            self._end(surface, story, frame.end)
        elif frame.thoughts.probabilities is not None:
            box = pygame.Rect(
                round(self._left), round(self._y - 2 * self._type.unit),
                round(self._right - self._left), round(20 * self._type.unit),
            )  # fmt: skip
            draw_chances(surface, box, frame, self._type)
            self._y = box.bottom + 24 * self._type.unit

    def _end(self, surface: pygame.Surface, story: Story, end: End) -> None:
        """How it ended, where the next action would have been."""
        unit = self._type.unit
        box = pygame.Rect(round(self._left), round(self._y), round(self._right - self._left), round(28 * unit))
        label(surface, getattr(self._type.theme, end_tone(end)), box, 6 * unit)
        words = end_words(story) if story.end is end else end.name.lower()
        self._type.write(surface, words, box.center, 21, WHITE, 0.5, most=box.width)
        self._y += 48 * unit

    def _belief(self, surface: pygame.Surface, belief: np.ndarray, story: Story, title: str) -> None:
        unit = self._type.unit
        self._pair(surface, title, "")
        box = pygame.Rect(
            round(self._left), round(self._y - 9 * unit), round(self._right - self._left), round(21 * unit)
        )
        draw_belief(surface, box, belief, story.intents, self._type)
        self._y = box.bottom + 12 * unit

    def _reward(self, surface: pygame.Surface, story: Story, frame: Frame) -> None:
        """Term by term, with a bar to the left or the right for what it took or gave."""
        theme, unit = self._type.theme, self._type.unit
        title = "Reward of this step" if story.live else "Reward so far"
        self._line(surface, title, size=21, colour=theme.heading, value=decimals(frame.terms.sum(), sign="+"))
        terms = [pair for pair in zip(story.term_names, frame.terms.tolist(), strict=True) if pair[1]]
        room = max(self._area.bottom - self._y - 4 * unit, 0.0)
        step = min(18 * unit, room / max(len(terms), 1))
        if step < 9 * unit:
            return  # no room for letters
        most = max((abs(value) for _, value in terms), default=1.0)
        for name, value in terms:
            self._type.write(surface, name.replace("_", " "), (self._left, self._y), 17, theme.faded)
            self._type.write(surface, decimals(value, sign="+"), (self._right, self._y), 17, theme.ink, 1.0)
            middle, half = self._left + 0.58 * (self._right - self._left), 38 * unit
            length = half * value / most
            bar = (round(min(middle, middle + length)), round(self._y - 4 * unit), max(round(abs(length)), 1))
            surface.fill(theme.plain if value > 0 else theme.alarm, (*bar, round(8 * unit)))
            surface.fill(theme.rule, (round(middle), round(self._y - 7 * unit), 1, round(14 * unit)))
            self._y += step

    def _line(
        self, surface: pygame.Surface, words: str, colour: Colour | None = None,
        size: float = 18, step: float = 21, value: str = "",
    ) -> None:  # fmt: skip
        self._type.write(surface, words, (self._left, self._y), size, colour, most=self._right - self._left)
        if value:
            self._type.write(surface, value, (self._right, self._y), size, None, 1.0)
        self._y += step * self._type.unit

    def _pair(self, surface: pygame.Surface, name: str, value: str, colour: Colour | None = None) -> None:
        self._type.write(surface, name, (self._left, self._y), 17, self._type.theme.faded)
        self._type.write(surface, value, (self._right, self._y), 17, colour, 1.0)
        self._y += 18.5 * self._type.unit

    def _rule(self, surface: pygame.Surface) -> None:
        y = self._y - 5 * self._type.unit
        pygame.draw.line(surface, self._type.theme.rule, (self._left, y), (self._right, y))
        self._y += 10 * self._type.unit


def draw_belief(
    surface: pygame.Surface, area: pygame.Rect, belief: np.ndarray, intents: Sequence[Intent], typeface: Typeface
) -> None:
    """How likely the agent thinks each of ``intents``, as cells that fill up."""
    unit, theme = typeface.unit, typeface.theme
    width, best, whole = area.width / max(len(intents), 1), int(belief.argmax()), percents(belief).tolist()
    for k, intent in enumerate(intents):
        chance, percent = float(belief[intent]), whole[intent]
        box = pygame.Rect(round(area.left + k * width), area.top, round(width - 4 * unit), area.height)
        surface.fill(theme.card, box)
        full = round(box.width * min(max(chance, 0.0), 1.0))
        colour = theme.belief if intent == best else mix(theme.card, theme.belief, 0.5)
        surface.fill(colour, (box.left, box.top, full, box.height))
        words, clip = f"{intent.name.lower()} {percent} %", surface.get_clip()
        size = 16 if typeface.width(words, 16) <= box.width else 13.5
        for part, ink in (((box.left, full), DARKNESS), ((box.left + full, box.width - full), theme.ink)):
            surface.set_clip(pygame.Rect(part[0], box.top, part[1], box.height).clip(clip))
            typeface.write(surface, words, box.center, size, ink, 0.5)
        surface.set_clip(clip)


def draw_chances(surface: pygame.Surface, area: pygame.Rect, frame: Frame, typeface: Typeface) -> None:
    """How likely the agent was to take each action, named below ``area``; in grey while it has no say."""
    probabilities = frame.thoughts.probabilities
    assert probabilities is not None
    unit, theme, count = typeface.unit, typeface.theme, len(probabilities)
    names = CHOICES if count == len(CHOICES) else tuple(str(k) for k in range(count))
    width = area.width / max(count, 1)
    colour = theme.ego if frame.action else theme.waiting
    for k, (name, chance) in enumerate(zip(names, probabilities.tolist(), strict=True)):
        x = area.left + k * width
        surface.fill(theme.card, (x, area.top, width - 4 * unit, area.height))
        tall = max(area.height * min(max(chance, 0.0), 1.0), 1.0)
        surface.fill(colour, (x, area.bottom - tall, width - 4 * unit, tall))
        middle = x + (width - 4 * unit) / 2
        typeface.write(surface, name, (middle, area.bottom + 9 * unit), 15, theme.faded, 0.5)
