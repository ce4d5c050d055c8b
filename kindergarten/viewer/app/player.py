"""What plays, and what keys and the mouse do to it. Knows nothing of windows, so tests can play it."""

from __future__ import annotations

import re
from dataclasses import replace

import pygame

from kindergarten.replay.replay import Replay
from kindergarten.viewer.app.controls import Controls, pressed
from kindergarten.viewer.app.lecture import Guess, Telling
from kindergarten.viewer.draw.stage import Painters, Stage, Take, same_world, twins_of
from kindergarten.viewer.model.keys import PLAYER, SPEEDS
from kindergarten.viewer.model.view import Hud, View

STORY = 34  # points of what story mode says


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
        self.story: Telling | None = None
        self._painters: Painters = {}
        self._dragging = False
        self.open(episode)

    def open(self, episode: int) -> None:
        """Go to the beginning of an episode; counts around."""
        self.episode = episode % len(self.replay.episodes)
        self.marks = (None, None)
        self._set_stage()
        self._look_at(self.view.focus, self.stage.start)
        if self.guess is not None:
            self.guess.ask(self.stage.stories[0], self.view.focus)

    def _look_at(self, focus: int, time: float) -> None:
        """Show road user ``focus`` (0: whoever has to be watched) from near, and tell of it from ``time`` [s] on."""
        self.view = replace(self.view, focus=focus)
        self._listen()
        self._go(time)

    def _listen(self) -> None:
        """Take down what the story is to tell of the left episode, and when [s] it is told of whatever is shown."""
        told = [self.stage.telling(self.view.focus, side) for side in range(len(self.stage.takes))]
        self._stops, self._told = told[0], max((stops[-1][0] for stops in told if stops), default=0.0)

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
        untold = self.story is not None and self.time < self._told
        return self.view.innocent if hidden or untold else self.view

    def advance(self, seconds: float) -> None:
        """Let ``seconds`` of the watcher's time go by."""
        if not self.playing or self._dragging:
            return
        if self.story is not None and self.story.waits(seconds):
            return
        time = self.time + seconds * self.speed
        if self.story is not None and (stop := self.story.stop(self._stops, self.time, time)) is not None:
            self.time = stop
            return
        if self.guess is not None and self.guess.stops(self.time, time):
            self.time, self.playing = self.guess.moment, False
            return
        begin, end = self._span()
        if time >= end and self.loop:
            self._go(begin)  # where a story begins anew
            time = begin if self.story is not None else begin + (time - end) % max(end - begin, 1e-6)
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
        hud = Hud(",  ".join(parts), self.marks, card, both=False)
        if self.story is not None:
            hud = replace(hud, card=self.story.words, points=STORY)
        self.stage.draw(surface, self.time, self.looking, hud)
        self.draw_help(surface, PLAYER)

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
        return self.obey(event, PLAYER)

    def _press(self, at: tuple[int, int], surface: pygame.Surface) -> None:
        """The mouse on the timeline takes the play head along; on a road user it looks at it from near."""
        found = self.stage.axis(surface, self.looking)
        if found is not None and found[0].collidepoint(at):
            self._dragging = True
            self._drag(at, surface)
        elif (i := self.stage.user_at(at, surface, self.time, self.looking)) is not None:
            self._look_at(i, self.time)

    def _drag(self, at: tuple[int, int], surface: pygame.Surface) -> None:
        found = self.stage.axis(surface, self.looking)
        if found is not None:
            self._go(max(found[1].time_at(at[0]), self.stage.start))

    def _go(self, time: float) -> None:
        """Move the play head by hand: what has been told was told of another moment, or of somebody else."""
        self.time = time
        if self.story is not None:
            self.story = Telling()

    # What the keys do.

    def key_play(self, place: int) -> None:
        """Play or pause; at the end, play again."""
        self.time = self.time if self.time < self.stage.duration else self.stage.start
        self.playing = not self.playing

    def key_step(self, place: int) -> None:
        """To the next decision, or to the last one before this moment."""
        self.playing, times = False, self.stage.times
        there = times[times > self.time + 1e-6] if place else times[times < self.time - 1e-6][::-1]
        self._go(float(there[0]) if there.size else self.time)

    def key_speed(self, place: int) -> None:
        """Faster or slower."""
        at = SPEEDS.index(self.speed) + 2 * place - 1
        self.speed = SPEEDS[min(max(at, 0), len(SPEEDS) - 1)]

    def key_ends(self, place: int) -> None:
        """To the beginning or to the end."""
        self._go(self.stage.duration if place else self.stage.start)

    def key_episode(self, place: int) -> None:
        """The next or the previous episode."""
        self.open(self.episode + (1 if place % 2 else -1))
        self.playing = True

    def key_mark(self, place: int) -> None:
        """Set a bookmark here."""
        a, b = self.marks
        self.marks = (a, self.time) if place else (self.time, b)
        self.loop = self.loop or None not in self.marks

    def key_unmark(self, place: int) -> None:
        """Take both bookmarks away."""
        self.marks, self.loop = (None, None), False

    def key_loop(self, place: int) -> None:
        """Loop or not."""
        self.loop = not self.loop

    def key_twins(self, place: int) -> None:
        """The next twin beside this episode; after the last one, none."""
        others = twins_of(self.replay, self.episode)
        if self.beside is not None or not others:
            self.message = "no twin: no other episode of the same seed"
            return
        self.twin = (self.twin + 1) % (len(others) + 1)
        self._set_stage()
        self._listen()
        self.time = min(self.time, self.stage.duration)

    def key_focus(self, place: int) -> None:
        """Another road user to look at from near."""
        story, i = self.stage.stories[0], self.stage.stories[0].watched(self.view.focus, self.time)
        if (others := len(story.roles) - 1) > 0:
            self._look_at(1 + (i - 1 + (1 if place else -1)) % others, self.time)

    def key_jump(self, place: int) -> None:
        """To t1, t2 or t3 of this leg, and pause."""
        self.playing = False
        self._go(self.stage.moment(place, self.view.focus, self.time))

    def key_story(self, place: int) -> None:
        """Tell the story, or stop telling it."""
        self.guess, self.story = None, Telling() if self.story is None else None
        if self.story is not None:
            self.open(self.episode)
            self.playing = True

    def key_guess(self, place: int) -> None:
        """Guess, or stop guessing."""
        self.story = None
        self.guess = None if self.guess is not None else Guess(self.stage.stories[0], self.view.focus)
        if self.guess is not None:
            self.twin = 0
            self.open(self.episode)
            self.playing = True

    def key_save(self, place: int) -> None:
        """Write this moment, or the contact sheet, as a PNG into the folder that one is in."""
        from kindergarten.viewer.export import sheet  # which draws stages itself

        scenario = re.sub(r"\W+", "-", self.replay.scenario)  # which whoever made the replay has named
        stem = f"{scenario}-{self.episode + 1}"
        name = f"{stem}-{self.time:.1f}s.png" if not place else f"{stem}-sheet.png"
        try:
            if not place:
                sheet.write_picture(name, self.stage, self.time, self.looking)
            else:
                sheet.write_sheet(name, self.stage, self.looking)
            self.message = f"wrote {name}"
        except OSError as error:
            self.message = f"not written: {error}"
