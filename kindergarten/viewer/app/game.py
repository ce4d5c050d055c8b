"""Playing oneself, under the agent's conditions: one picture per decision, and hands off until the agent may drive."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pygame

from kindergarten.output import decimals
from kindergarten.replay.episode import Recorder
from kindergarten.replay.replay import Replay
from kindergarten.scoring.drivers import DRIVERS
from kindergarten.scoring.exam import Exam
from kindergarten.scoring.reference import Reference, reference_on, relevant
from kindergarten.scoring.rollout import rollout
from kindergarten.scoring.score import NOTHING_AT_STAKE
from kindergarten.scoring.splits import Mark
from kindergarten.viewer.app.controls import Controls
from kindergarten.viewer.app.live import draw
from kindergarten.viewer.model.keys import GAME, LOOK, Key
from kindergarten.viewer.model.view import Hud, View
from kindergarten.world.codes import Action, End, Intent
from kindergarten.world.config import Config, Scenario

ACTIONS = {
    pygame.K_UP: Action.FASTER, pygame.K_DOWN: Action.SLOWER,
    pygame.K_LEFT: Action.LEFT, pygame.K_RIGHT: Action.RIGHT,
}  # fmt: skip
FULL_LOCK = 0.35  # how far a held arrow key turns the wheel, of the most that it can be turned


@dataclass(frozen=True)
class Drive:
    """What became of one episode."""

    seed: int
    intent: Intent  # of the last who had to be watched
    end: End
    earned: float


class Game(Controls):
    """Episodes of one scenario, one after the other, driven by the arrow keys. Knows nothing of windows.

    Attributes:
        drives: what became of those that are over.
        done: whether the last one is over and was looked at.
    """

    def __init__(
        self,
        scenario: Scenario,
        config: Config,
        seeds: np.ndarray,
        frames_only: bool = False,
        agent: str = "",
        scale: Config | None = None,
    ) -> None:
        """Set it up.

        Args:
            seeds: (S,) one episode each.
            frames_only: the street, and nothing that helps to remember.
            agent: what is known of an agent's score, in words, to be set beside one's own.
            scale: the setting whose references hold, if not ``config``.
        """
        super().__init__(View(reveal=False, ghosts=False, panels=not frames_only, tags=not frames_only))
        self._scenario, self._config, self._seeds, self._frames_only = scenario, config, seeds, frames_only
        self._scale = scale or config
        self._agent, self._opening, self._closing = agent, False, ""
        self.drives: list[Drive] = []
        self._recorders: list[Recorder] = []
        self.done = False
        self._begin()

    def _begin(self) -> None:
        self._exam = Exam.of(self._scenario, self._config, self._seeds[[len(self.drives)]], as_drawn=True)
        self._exam.reset()
        self._simulator = self._exam.simulator
        self._recorders.append(Recorder(self._simulator, 0, int(self._seeds[len(self.drives)])))
        self._due = 0.0
        self._pressed: Action | None = None
        self._held: set[int] = set()
        self._last: object = None

    @property
    def over(self) -> bool:
        """Whether this episode has ended."""
        return self._exam.done

    @property
    def driving(self) -> bool:
        """Whether the keys have any effect."""
        world = self._simulator.worlds[0]
        return not self.over and bool(world["tick"] >= world["hands_on"])

    def advance(self, seconds: float) -> None:
        """Let ``seconds`` go by: a decision is taken whenever one is due, as for an agent."""
        if not self.playing or self.over:
            return
        self._due += seconds
        step = self._simulator.config.decision_step
        while self._due >= step and not self.over:
            self._due -= step
            self._decide()

    def _decide(self) -> None:
        if self._simulator.discrete:
            action: object = Action.IDLE if self._pressed is None or not self.driving else self._pressed
        else:
            held = [key in self._held for key in ACTIONS]  # up, down, left, right
            action = np.array([float(held[0]) - float(held[1]), FULL_LOCK * (float(held[2]) - float(held[3]))])
        self._pressed, self._last = None, action
        self._exam.step(np.array([action]))
        self._recorders[-1].record(action)
        if self.over:
            user = self._simulator.users[0, int(self._simulator.worlds["signaller"][0])]
            intent, end = Intent(int(user["intent"])), End(int(self._exam.ends[0, 0]))
            seed = int(self._seeds[len(self.drives)])
            self.drives.append(Drive(seed, intent, end, float(self._exam.returns[0, 0])))

    def handle(self, event: pygame.event.Event) -> bool:
        """Do what a key asks for. Returns False if that was to quit."""
        if event.type == pygame.KEYUP:
            self._held.discard(event.key)
        if event.type == pygame.KEYDOWN and event.key in ACTIONS:
            self._held.add(event.key)
            self._pressed = ACTIONS[event.key]
            return True
        return self.obey(event, self.keys)

    @property
    def keys(self) -> tuple[Key, ...]:
        """What there is to press."""
        aids = () if self._frames_only else ("panels", "timeline", "close_up")
        wanted = ("help", "quit", "dark", "follow", "zoom", "large", "fullscreen", *aids)
        return (*GAME, *(key for key in LOOK if key.does in wanted))

    def key_go(self, place: int) -> None:
        """The next episode, if this one is over; else pause or go on."""
        if not self.over:
            self.playing, self._opening = not self.playing, False
        elif len(self.drives) < len(self._seeds):
            self._begin()
        elif not self._closing:
            self._closing = self._verdict()
        else:
            self.done = True

    def introduce(self) -> None:
        """Wait, and say what to do."""
        self.playing, self._opening = False, True

    def _verdict(self) -> str:
        """One's own score beside the agent's."""
        agent = f" {self._agent}" if self._agent else ""
        scale = "0 is the best without memory, 1 knows what they will do"
        return f"You: {_said(anticipation(self))}.{agent} {scale}. Space: close"

    def key_drive(self, place: int) -> None:
        """Nothing: ``handle`` has seen to it."""

    def draw(self, surface: pygame.Surface) -> None:
        """Fill ``surface`` with the frame that an agent would decide on."""
        status = f"episode {min(len(self._recorders), len(self._seeds))} of {len(self._seeds)},  ? for help"
        words, bad = self._card()
        hud = Hud(
            status, card=words, tone="alarm" if bad else "ego", points=28 if self._opening or self._closing else 22
        )
        draw(surface, self._simulator, 0, self._last, self.view, hud)
        self.draw_help(surface, self.keys)

    def _card(self) -> tuple[str, bool]:
        """What there is to say at the top, and whether it is bad."""
        if self._closing:
            return self._closing, False
        if self._opening:
            until = "It drives by itself at first: watch who signals, and remember. Then the arrow keys are yours"
            return (
                f"You are in the blue car. {self._scenario.summary} {until}: faster, slower, left, right. Space: begin",
                False,
            )
        if self.over:
            drive, more = self.drives[-1], len(self.drives) < len(self._seeds)
            words = f"{drive.end.name.lower().replace('_', ' ')}: {decimals(drive.earned, sign='+')}.   space: "
            return words + ("the next one" if more else "the score"), drive.end is not End.GOAL
        if not self.playing:
            return "Paused.   space: go on", False
        if self.driving:
            return ("You drive: arrow keys" if self._frames_only else ""), False
        return "Hands off: watch, and remember", False

    def replay(self, driver: str) -> Replay:
        """What was driven, to be watched."""
        episodes = [recorder.episode() for recorder in self._recorders]
        return Replay.of(self._simulator, [each for each in episodes if len(each.actions)] or episodes[:1], driver)

    def reference(self) -> Reference:
        """The 0 and the 1 for the seeds that were driven to the end."""
        return _limits(self._scenario, self._scale, tuple(drive.seed for drive in self.drives))

    def beside(self) -> tuple[np.ndarray, np.ndarray]:
        """What blind earns (S,) in the worlds that were driven to the end, and what each of them counts (S,)."""
        return _beside(self._scenario, self._scale, tuple(drive.seed for drive in self.drives))


@lru_cache(maxsize=1)  # asked for several times when a game ends: where nothing is stored, its plans are a search
def _limits(scenario: Scenario, config: Config, seeds: tuple[int, ...]) -> Reference:
    return reference_on(scenario, config, np.array(seeds))


@lru_cache(maxsize=1)
def _beside(scenario: Scenario, config: Config, seeds: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Of the very worlds that were driven (S,), with the intents that the seeds draw: what blind earns, and weights.

    Among a few worlds one intent may be twice as frequent as another: by the weights each counts by its chance.
    """
    exam = Exam.of(scenario, relevant(config), np.array(seeds), as_drawn=True)
    exam.reset()
    drawn = exam.simulator.signallers()["intent"] == np.array(scenario.intents)[:, None]  # (I, S)
    chances = Exam.of(scenario, relevant(config), np.array(seeds)).chances.mean(axis=1)
    weights = (drawn * chances[:, None] / np.maximum(drawn.sum(axis=1, keepdims=True), 1)).sum(axis=0)
    rollout(DRIVERS["blind"](), exam)
    return exam.returns[0], weights / weights.sum()


def anticipation(game: Game) -> float | None:
    """What the drives were worth, on the scale from blind (0) to oracle (1); None where nothing is at stake.

    Each world is driven with one intent, and some are worth more than others, whoever drives: so a drive stands beside
    what blind earned with that intent, and each intent counts by its chance, as in an exam that asks for all of them.
    """
    limits, (blind, weights) = game.reference(), game.beside()
    gained = weights @ ([drive.earned for drive in game.drives] - blind)
    found = limits.anticipation(limits.blind + gained)
    return None if math.isnan(found) else found


def _said(anticipation: float | None) -> str:
    return NOTHING_AT_STAKE if anticipation is None else decimals(anticipation)


def mark(game: Game, about: str) -> Mark:
    """What the drives were worth, as a mark of the exam; whether they were right is not said of a few worlds."""
    collided = float(np.mean([drive.end is End.COLLISION for drive in game.drives]))
    return Mark(about, anticipation(game), collision_rate=collided, stakes=game.reference().stakes)


def score(game: Game) -> str:
    """What the drives were worth, in words, on the scale from blind (0) to oracle (1)."""
    drives = game.drives
    if not drives:
        return "No episode was driven to its end: no score."
    limits = game.reference()
    returns = np.mean([drive.earned for drive in drives]), limits.blind.mean(), limits.oracle.mean()
    earned, blind, oracle = (decimals(value, sign="+") for value in returns)
    lines = [f"{'seed':>9}  {'it did':9} {'end':12} {'return':>8}"]
    for drive in drives:
        end = drive.end.name.lower().replace("_", " ")
        lines.append(f"{drive.seed:9d}  {drive.intent.name.lower():9} {end:12} {decimals(drive.earned, sign='+'):>8}")
    lines.append(f"mean return {earned}; of these seeds with all intents: blind {blind}, oracle {oracle}")
    count = "one episode" if len(drives) == 1 else f"{len(drives)} episodes"
    lines.append(
        f"anticipation {_said(anticipation(game))} (0: the best without memory, 1: intents known). That is {count}: "
        "a lucky guess scores as high as a memory, and one crash weighs a lot."
    )
    return "\n".join(lines)
