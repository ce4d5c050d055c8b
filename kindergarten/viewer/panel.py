"""The panel beside the street: what the signaller shows, what the car does, what it got for it."""

from __future__ import annotations

import numpy as np
import pygame

from kindergarten.codes import End, Intent, Kind, Phase, Signal
from kindergarten.viewer import palette
from kindergarten.viewer.camera import close_up
from kindergarten.viewer.frame import CHOICES, Frame, Story
from kindergarten.viewer.palette import Colour
from kindergarten.viewer.scene import PHASE_COLOURS, Scene, visibility
from kindergarten.viewer.text import Typeface, label
from kindergarten.viewer.timeline import intent_words

PAD = 16  # points between the panel's edge and what stands in it
END_COLOURS: dict[End, Colour] = {End.GOAL: palette.PLAIN, End.RUNNING: palette.FADED}


class Panel:
    """Writes from top to bottom into ``area`` [px]."""

    def __init__(self, area: pygame.Rect, typeface: Typeface, scene: Scene) -> None:
        self._area, self._type, self._scene = area, typeface, scene
        self._left, self._right = area.left + PAD * typeface.unit, area.right - PAD * typeface.unit
        self._y = 0.0

    def draw(self, surface: pygame.Surface, story: Story, frame: Frame, reveal: bool) -> None:
        """Draw it."""
        pygame.draw.rect(surface, palette.PAPER, self._area)
        pygame.draw.line(surface, palette.RULE, self._area.topleft, self._area.bottomleft)
        self._y = self._area.top + 24 * self._type.unit
        self._head(surface, story)
        if len(frame.users) > 1:
            self._signaller(surface, story, frame, reveal)
        self._rule(surface)
        self._car(surface, story, frame)
        self._rule(surface)
        self._reward(surface, story, frame)

    def _head(self, surface: pygame.Surface, story: Story) -> None:
        self._line(surface, story.scenario, size=32, step=26)
        world = "" if story.seed is None else f"world seed {story.seed}"
        for words in (story.agent, ", ".join(part for part in (story.label, world) if part)):
            if words:
                self._line(surface, words, colour=palette.FADED, size=17, step=19)

    def _signaller(self, surface: pygame.Surface, story: Story, frame: Frame, reveal: bool) -> None:
        """The close-up of road user 1, its phase, and what nobody can see."""
        unit, phase = self._type.unit, frame.phase(story)
        box = pygame.Rect(
            round(self._left), round(self._y - 4 * unit), round(self._right - self._left), round(136 * unit)
        )
        self._close_up(surface.subsurface(box), story, frame)
        pygame.draw.rect(surface, PHASE_COLOURS[phase], box, max(round(3 * unit), 2))
        banner = pygame.Rect(box.left, box.bottom, box.width, round(46 * unit))
        pygame.draw.rect(surface, PHASE_COLOURS[phase], banner)
        title, words = phase_words(story, frame, phase)
        white = (255, 255, 255)
        self._type.write(surface, title, (banner.left + 10 * unit, banner.top + 14 * unit), 21, white)
        self._type.write(
            surface,
            words,
            (banner.left + 10 * unit, banner.top + 33 * unit),
            17,
            white,
            most=box.width - 14 * unit,
        )
        self._y = banner.bottom + 16 * unit
        hidden = intent_words(story.intent) if reveal else "?" if story.live else "? (press h)"
        self._pair(surface, "What it will do (hidden)", hidden, palette.MEMORY)
        belief = frame.belief(1)
        if belief is not None:
            blind = phase is Phase.DELAY or (phase is Phase.AFTER and not frame.seen[1])
            seeing = "with nothing to see" if blind else ""
            self._pair(surface, "The car believes", seeing, palette.MEMORY)
            self._belief(surface, belief)

    def _close_up(self, surface: pygame.Surface, story: Story, frame: Frame) -> None:
        unit, user = self._type.unit, frame.users[1]
        seen = user["kind"] != Kind.NOBODY and visibility(story, frame)[1] > 0.02
        if seen:
            camera = close_up(story, user, surface.get_size())
            self._scene.draw(surface, story, frame, camera, tags=False)
        else:
            surface.fill(palette.FOG)
            words = "has left the scene" if user["kind"] == Kind.NOBODY else "out of sight"
            self._type.write(surface, words, surface.get_rect().center, 20, palette.FADED, 0.5)
        title = f"Road user 1, a {story.kind.name.lower()}"
        width = self._type.width(title, 17) + 14 * unit
        pygame.draw.rect(surface, palette.PAPER, (0, 0, width, 22 * unit), border_bottom_right_radius=round(6 * unit))
        self._type.write(surface, title, (7 * unit, 11 * unit), 17)

    def _car(self, surface: pygame.Surface, story: Story, frame: Frame) -> None:
        ego = frame.users[0]
        self._line(surface, "The car", size=21, colour=palette.EGO)
        hands = frame.action or f"none: cruising until {story.hands_on:.1f} s"
        if frame.time >= story.hands_on - 1e-9 and not frame.action:
            hands = "none: it is over"
        self._pair(surface, "Agent's action", hands)
        self._pair(surface, "Speed, target", f"{ego['speed']:.1f}, {frame.target_speed:.1f} m/s")
        self._pair(surface, "Aims", Intent(int(ego["intent"])).name.lower())
        if frame.end is not End.RUNNING:
            self._end(surface, frame.end)
        elif frame.probabilities is not None:
            self._bars(surface, frame.probabilities, palette.EGO if frame.action else palette.WAITING)

    def _bars(self, surface: pygame.Surface, probabilities: np.ndarray, colour: Colour) -> None:
        """How likely the agent was to take each action; in grey while it has no say."""
        unit, count = self._type.unit, len(probabilities)
        names = CHOICES if count == len(CHOICES) else tuple(str(k) for k in range(count))
        width = (self._right - self._left) / count
        height, bottom = 26 * unit, self._y + 24 * unit
        for k, (name, chance) in enumerate(zip(names, probabilities.tolist(), strict=True)):
            x = self._left + k * width
            pygame.draw.rect(surface, palette.CARD, (x, bottom - height, width - 4 * unit, height))
            tall = max(height * min(max(chance, 0.0), 1.0), 1.0)
            pygame.draw.rect(surface, colour, (x, bottom - tall, width - 4 * unit, tall))
            self._type.write(surface, name, (x + (width - 4 * unit) / 2, bottom + 9 * unit), 14, palette.FADED, 0.5)
        self._y = bottom + 26 * unit

    def _end(self, surface: pygame.Surface, end: End) -> None:
        """How it ended, where the next action would have been."""
        unit = self._type.unit
        box = pygame.Rect(round(self._left), round(self._y), round(self._right - self._left), round(30 * unit))
        label(surface, END_COLOURS.get(end, palette.ALARM), box, 6 * unit)
        words = end.name.lower().replace("_", " ")
        self._type.write(surface, words, box.center, 22, (255, 255, 255), 0.5)
        self._y += 50 * unit

    def _belief(self, surface: pygame.Surface, belief: np.ndarray) -> None:
        """How likely the agent thinks each intent, as cells that fill up."""
        unit = self._type.unit
        width, height = (self._right - self._left) / len(Intent), 22 * unit
        best = int(belief.argmax())
        for intent, chance in zip(Intent, belief.tolist(), strict=True):
            box = pygame.Rect(
                round(self._left + intent * width),
                round(self._y - 8 * unit),
                round(width - 4 * unit),
                round(height),
            )
            pygame.draw.rect(surface, palette.CARD, box)
            full = round(box.width * min(max(chance, 0.0), 1.0))
            colour = palette.BELIEF if intent == best else palette.mix(palette.CARD, palette.BELIEF, 0.5)
            pygame.draw.rect(surface, colour, (box.left, box.top, full, box.height))
            words = f"{intent.name.lower()} {100 * chance:.0f} %"
            self._type.write(surface, words, box.center, 15, palette.INK, 0.5)
        self._y += 26 * unit

    def _reward(self, surface: pygame.Surface, story: Story, frame: Frame) -> None:
        title = "Reward of this step" if story.live else "Reward so far"
        self._line(surface, title, size=21, colour=palette.EGO, value=f"{frame.terms.sum():+.2f}")
        for name, value in zip(story.term_names, frame.terms.tolist(), strict=True):
            if value:
                self._pair(surface, name.replace("_", " "), f"{value:+.2f}")
        if frame.value is not None and frame.end is End.RUNNING:
            self._pair(surface, "expected from here on", f"{frame.value:+.2f}")

    def _line(
        self, surface: pygame.Surface, words: str, colour: Colour = palette.INK,
        size: float = 18, step: float = 22, value: str = "",
    ) -> None:  # fmt: skip
        self._type.write(surface, words, (self._left, self._y), size, colour, most=self._right - self._left)
        if value:
            self._type.write(surface, value, (self._right, self._y), size, palette.INK, 1.0)
        self._y += step * self._type.unit

    def _pair(self, surface: pygame.Surface, name: str, value: str, colour: Colour = palette.INK) -> None:
        self._type.write(surface, name, (self._left, self._y), 17, palette.FADED)
        self._type.write(surface, value, (self._right, self._y), 17, colour, 1.0)
        self._y += 20 * self._type.unit

    def _rule(self, surface: pygame.Surface) -> None:
        pygame.draw.line(surface, palette.RULE, (self._left, self._y - 4), (self._right, self._y - 4))
        self._y += 14 * self._type.unit


def phase_words(story: Story, frame: Frame, phase: Phase) -> tuple[str, str]:
    """A phase's name and what it means for somebody who watches."""
    signal = Signal(int(frame.users[1]["signal"]))
    by = "arm" if story.kind is Kind.CYCLIST else "lamp"
    if phase is Phase.BEFORE:
        return "BEFORE", "no signal yet"
    if phase is Phase.CUE:
        shows = f"{signal.name.lower()} {by} {'out' if by == 'arm' else 'lit'}" if signal else f"no {by} in this frame"
        return "CUE", f"look now: {shows}"
    if phase is Phase.DELAY:
        return "DELAY", "nothing shows any more: remember!"
    if not frame.seen[1]:
        return "AFTER", "it goes its way, out of sight"
    return "AFTER", "now its body tells"
