"""What plays, and what keys and the mouse do to it. Knows nothing of windows, so tests can play it."""

from __future__ import annotations

from dataclasses import replace

import pygame

from kindergarten.replay.replay import Replay
from kindergarten.viewer.app.controls import LOOK, Controls, Key, pressed
from kindergarten.viewer.app.guess import Guess
from kindergarten.viewer.draw.stage import Painters, Stage, Take, same_world, twins_of
from kindergarten.viewer.model.view import Hud, View

SPEEDS = (0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
STEPS = {pygame.K_LEFT: -1, pygame.K_RIGHT: 1, pygame.K_UP: 1, pygame.K_DOWN: -1, pygame.K_n: 1, pygame.K_p: -1}
STEPS |= {pygame.K_PAGEDOWN: 1, pygame.K_PAGEUP: -1}


class Player(Controls):
    """A replay, perhaps a second one beside it, a play head, and how to look at them."""

    def __init__(
        self, replay: Replay, episode: int = 0, view: View | None = None, beside: Replay | None = None
    ) -> None:
        super().__init__(view)
        self.replay, self.beside = replay, beside
        self.speed, self.loop, self.twin = 1.0, False, 0
        self.marks: tuple[float | None, float | None] = (None, None)
        self.guess: Guess | None = None
        self._painters: Painters = {}
        self._dragging = False
        self.open(episode)

    def open(self, episode: int) -> None:
        """Go to the beginning of an episode; counts around."""
        self.episode = episode % len(self.replay.episodes)
        self.marks = (None, None)
        self._set_stage()
        self.time = self.stage.start
        if self.guess is not None:
            self.guess.ask(self.stage.stories[0], self.view.focus)

    def load(self, replay: Replay) -> None:
        """Go on with another replay, from its beginning."""
        self.replay, self._painters = replay, {}
        self.playing = True
        self.open(0)

    def _set_stage(self) -> None:
        takes = [Take(self.replay, self.episode)]
        if self.beside is not None:
            takes.append(Take(self.beside, same_world(self.replay, self.episode, self.beside)))
        elif self.twin:
            others = twins_of(self.replay, self.episode)
            self.twin = min(self.twin, len(others))
            takes += [Take(self.replay, others[self.twin - 1])] if others else []
        self.stage = Stage(*takes, painters=self._painters)

    @property
    def looking(self) -> View:
        """The view, less what would spoil the guessing."""
        hidden = self.guess is not None and not self.guess.answered
        return self.view.innocent if hidden else self.view

    def advance(self, seconds: float) -> None:
        """Let ``seconds`` of the watcher's time go by."""
        if not self.playing or self._dragging:
            return
        time = self.time + seconds * self.speed
        if self.guess is not None and self.guess.stops(self.time, time):
            self.time, self.playing = self.guess.moment, False
            return
        begin, end = self._span()
        if time >= end and self.loop:
            time = begin + (time - end) % max(end - begin, 1e-6)
        self.time = min(time, end)
        self.playing = self.time < end

    def _span(self) -> tuple[float, float]:
        """From where to where it plays [s]: between the bookmarks, if it loops."""
        a, b = self.marks
        begin, end = (self.stage.start if a is None else a), (self.stage.duration if b is None else b)
        whole = self.stage.start, self.stage.duration
        return (begin, end) if self.loop and begin < end and self.time <= end else whole

    def draw(self, surface: pygame.Surface) -> None:
        """Fill ``surface`` with the moment at the play head."""
        state = "playing" if self.playing else "paused"
        parts = [self.message or state, f"{self.speed:g} x speed", *(["loop"] if self.loop else []), "? for help"]
        card = "" if self.guess is None else self.guess.words(self.time)
        self.stage.draw(surface, self.time, self.looking, Hud(",  ".join(parts), self.marks, card))
        self.draw_help(surface, KEYS)

    def handle(self, event: pygame.event.Event, surface: pygame.Surface) -> bool:
        """Do what a key or the mouse asks for. Returns False if that was to quit."""
        if event.type == pygame.KEYDOWN and self.guess is not None and self.guess.answer(pressed(event), self.time):
            self.playing = True
            return True
        if event.type == pygame.MOUSEBUTTONDOWN and event.button == 1:
            self._press(event.pos, surface)
        elif event.type == pygame.MOUSEBUTTONUP and event.button == 1:
            self._dragging = False
        elif event.type == pygame.MOUSEMOTION and self._dragging:
            self._drag(event.pos, surface)
        return self.obey(event, KEYS)

    def _press(self, at: tuple[int, int], surface: pygame.Surface) -> None:
        """The mouse on the timeline takes the play head along; on a road user it looks at it from near."""
        found = self.stage.axis(surface, self.looking)
        if found is not None and found[0].collidepoint(at):
            self._dragging = True
            self._drag(at, surface)
        elif (i := self.stage.user_at(at, surface, self.time, self.looking)) is not None:
            self.view = replace(self.view, focus=i)

    def _drag(self, at: tuple[int, int], surface: pygame.Surface) -> None:
        found = self.stage.axis(surface, self.looking)
        if found is not None:
            self.time = max(found[1].time_at(at[0]), self.stage.start)

    # What the keys do.

    def key_play(self, key: int) -> None:
        """Play or pause; at the end, play again."""
        self.time = self.time if self.time < self.stage.duration else self.stage.start
        self.playing = not self.playing

    def key_step(self, key: int) -> None:
        """To the next decision, or to the last one before this moment."""
        self.playing, times = False, self.stage.times
        there = times[times > self.time + 1e-6] if STEPS[key] > 0 else times[times < self.time - 1e-6][::-1]
        self.time = float(there[0]) if there.size else self.time

    def key_speed(self, key: int) -> None:
        """Faster or slower."""
        at = SPEEDS.index(self.speed) + STEPS[key]
        self.speed = SPEEDS[min(max(at, 0), len(SPEEDS) - 1)]

    def key_ends(self, key: int) -> None:
        """To the beginning or to the end."""
        self.time = self.stage.start if key == pygame.K_HOME else self.stage.duration

    def key_episode(self, key: int) -> None:
        """The next or the previous episode."""
        self.open(self.episode + STEPS[key])
        self.playing = True

    def key_mark(self, key: int) -> None:
        """Set a bookmark here."""
        a, b = self.marks
        self.marks = (self.time, b) if key == pygame.K_COMMA else (a, self.time)
        self.loop = self.loop or None not in self.marks

    def key_unmark(self, key: int) -> None:
        """Take both bookmarks away."""
        self.marks, self.loop = (None, None), False

    def key_loop(self, key: int) -> None:
        """Loop or not."""
        self.loop = not self.loop

    def key_twin(self, key: int) -> None:
        """The next twin beside this episode; after the last one, none."""
        others = twins_of(self.replay, self.episode)
        if self.beside is not None or not others:
            self.message = "no twin: no other episode of the same seed"
            return
        self.twin = (self.twin + 1) % (len(others) + 1)
        self._set_stage()
        self.time = min(self.time, self.stage.duration)

    def key_focus(self, key: int) -> None:
        """Another road user to look at from near."""
        i = key - pygame.K_0
        if i < len(self.stage.stories[0].roles):
            self.view = replace(self.view, focus=i)

    def key_guess(self, key: int) -> None:
        """Guess, or stop guessing."""
        self.guess = None if self.guess is not None else Guess(self.stage.stories[0], self.view.focus)
        if self.guess is not None:
            self.twin = 0
            self.open(self.episode)
            self.playing = True

    def key_save(self, key: int) -> None:
        """Write this moment, or the contact sheet, as a PNG into the folder that one is in."""
        from kindergarten.viewer.export import sheet  # which draws stages itself

        stem = f"{self.replay.scenario}-{self.episode + 1}"
        name = f"{stem}-{self.time:.1f}s.png" if key == pygame.K_s else f"{stem}-sheet.png"
        try:
            if key == pygame.K_s:
                sheet.write_picture(name, self.stage, self.time, self.looking)
            else:
                sheet.write_sheet(name, self.stage, self.looking)
            self.message = f"wrote {name}"
        except OSError as error:
            self.message = f"not written: {error}"


KEYS: tuple[Key, ...] = (
    Key((pygame.K_SPACE,), "space", "play, pause", Player.key_play),
    Key((pygame.K_LEFT, pygame.K_RIGHT), "left, right", "one decision back, on", Player.key_step),
    Key((pygame.K_UP, pygame.K_DOWN), "up, down", "faster, slower: 0.1 to 16 times", Player.key_speed),
    Key((pygame.K_HOME, pygame.K_END), "home, end", "to the beginning, to the end", Player.key_ends),
    Key(
        (pygame.K_n, pygame.K_p, pygame.K_PAGEDOWN, pygame.K_PAGEUP),
        "n, p", "next, previous episode", Player.key_episode,
    ),
    Key((pygame.K_COMMA, pygame.K_PERIOD), "comma, period", "bookmark A, B here: it loops between", Player.key_mark),
    Key((pygame.K_x,), "x", "no bookmarks", Player.key_unmark),
    Key((pygame.K_l,), "l", "loop", Player.key_loop),
    Key((pygame.K_t,), "t", "its twins, one by one, beside it", Player.key_twin),
    Key((pygame.K_g,), "g", "guess: what will it do?", Player.key_guess),
    Key(tuple(range(pygame.K_1, pygame.K_9 + 1)), "1 .. 9", "look at this road user from near", Player.key_focus),
    Key((pygame.K_s, pygame.K_w), "s, w", "save this picture, a contact sheet", Player.key_save),
    *LOOK,
)  # fmt: skip
