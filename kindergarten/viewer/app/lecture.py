"""For lectures: it stops and asks what you would do, or stops at each of the three times and tells."""

from __future__ import annotations

from collections.abc import Sequence

import pygame

from kindergarten.viewer.model.story import Story
from kindergarten.viewer.model.words import PAUSE, does_of
from kindergarten.world.codes import Intent

ARROWS = {
    Intent.LEFT: (pygame.K_LEFT, "left"), Intent.STRAIGHT: (pygame.K_UP, "up"),
    Intent.RIGHT: (pygame.K_RIGHT, "right"), Intent.FIRST: (pygame.K_UP, "up"), Intent.LAST: (pygame.K_DOWN, "down"),
}  # fmt: skip


class Guess:
    """What would you do? A question for each episode, and how often the answer was right.

    Attributes:
        moment: [s] when it stops to ask: nothing shows, and the car has to decide.
        answered: whether this episode's question was answered.
    """

    def __init__(self, story: Story, focus: int) -> None:
        self.right = self.asked = 0
        self.ask(story, focus)

    def ask(self, story: Story, focus: int) -> None:
        """Ask about another episode."""
        self._story, self._focus = story, story.watched(focus, story.start)
        role = story.role(self._focus)
        self._answers = {ARROWS[intent][0]: intent for intent in story.intents}
        self.moment = min(max(role.t2, story.hands_on_at(story.start)), role.t3, story.duration)
        self.answered, self._given = False, Intent.STRAIGHT

    def stops(self, time: float, later: float) -> bool:
        """Whether the question comes between two moments."""
        return not self.answered and time <= self.moment < later

    def answer(self, key: int, time: float) -> bool:
        """Take an answer; False if ``key`` is none, or it is too early."""
        if self.answered or key not in self._answers or time < self.moment - 1e-6:
            return False
        self.answered, self._given = True, self._answers[key]
        self.asked += 1
        self.right += self._given is self._story.role(self._focus, self.moment).intent
        return True

    def _options(self) -> list[str]:
        return [f"{intent.name.lower()}: arrow {ARROWS[intent][1]}" for intent in self._story.intents]

    def words(self, time: float) -> str:
        """The question, or how good the answer was."""
        if self.answered:
            truth = self._story.role(self._focus, self.moment).intent
            verdict = "Right" if self._given is truth else "Wrong"
            return f"{verdict}: it {does_of(self._story.lanes)[truth]}. {self.right} of {self.asked} so far"
        if time >= self.moment - 1e-6:
            return "What will it do?   " + "   ".join(self._options())
        return f"Watch road user {self._focus}: you will be asked what it does"


class Telling:
    """Story mode says one large sentence at each of the three times, and goes on by itself."""

    def __init__(self) -> None:
        self.words, self._left = "", 0.0

    def waits(self, seconds: float) -> bool:
        """Let ``seconds`` of the watcher's time go by; whether it still stands."""
        self._left = max(self._left - seconds, 0.0)
        return self._left > 0.0

    def stop(self, stops: Sequence[tuple[float, str]], time: float, later: float) -> float | None:
        """When [s] it stops between two moments, or at the first, unless it stands there already; None if nowhere."""
        for moment, words in stops:
            if (time < moment if self.words else time <= moment) and moment <= later:
                self.words, self._left = words, PAUSE
                return moment
        if not any(moment <= time for moment, _ in stops):
            self.words = ""  # it was wound back
        return None
