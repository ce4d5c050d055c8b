"""What a scenario and an environment are made of: frozen numbers, checked where they are made."""

from __future__ import annotations

import math
from dataclasses import dataclass
from numbers import Real

from kindergarten.codes import ARMS, Control, Intent, Observation, parse

Range = tuple[float, float]


@dataclass(frozen=True)
class Member:
    """One road user of the cast. Whoever is due at ``due_at`` at a given time starts so that it gets there.

    Its t3 is the scene's t3 plus ``due``; t2 = t3 - delay, t1 = t2 - cue.
    """

    arm: str  # where it comes from, one of ARMS
    intents: tuple[tuple[Intent, float], ...]  # what it may do, with probabilities
    speed: Range  # [m/s] drawn uniformly
    due: Range = (0.0, 0.0)  # [s] after the scene's t3, drawn uniformly
    due_at: float = -1.0  # [m] where it is then, counted from the junction's edge
    cue: Range = (1.0, 4.0)  # [s] length of the signal, drawn log-uniformly (1..4: median 2, FACTS: unverified)
    cyclist: float = 0.5  # probability that it is a cyclist; else a car
    signals: bool = True  # False: it never does, whatever the signal rate
    turn_speed: float = 4.0  # [m/s] to which it slows from t3 on if it turns
    urge: float = 1.0  # desired over initial speed; above 1 it closes up to whoever is ahead
    convoy: bool = False  # True: it takes the kind and the speed of the member before it

    def __post_init__(self) -> None:
        if self.arm not in ARMS:
            raise ValueError(f"unknown arm {self.arm!r}: choose from {', '.join(ARMS)}")
        _check_range("speed", self.speed, 0.1)
        _check_range("cue", self.cue, 0.1)
        _check_range("due", self.due, -math.inf)
        if not self.intents or abs(sum(p for _, p in self.intents) - 1.0) > 1e-9:
            raise ValueError(f"the probabilities of the intents {self.intents} do not add up to 1")


@dataclass(frozen=True)
class Weights:
    """Reward per unit of each term in ``reward.TERMS``."""

    progress: float = 0.0
    time: float = 0.0
    collision: float = 0.0
    clearance: float = 0.0
    harsh_braking: float = 0.0
    goal: float = 0.0
    wrong_way: float = 0.0


@dataclass(frozen=True)
class Task:
    """The ego's job: member 0 of the cast is the ego itself."""

    weights: Weights
    branches: tuple[Intent, ...] = (Intent.STRAIGHT,)  # the ways that the ego may take
    goal: Intent | None = Intent.STRAIGHT  # the right way; None: the one that road user 1 takes
    goal_at: float = 30.0  # [m] behind the junction's edge, where the episode ends
    lead: float = 3.0  # [s] before t3 the agent gets the controls, or at t2 if that is later
    max_speed: float = 14.0  # [m/s]
    speed_step: float = 3.5  # [m/s] that FASTER and SLOWER move the target speed
    acceleration: float = 2.5  # [m/s^2]
    braking: float = 5.0  # [m/s^2]
    time_limit: float = 20.0  # [s] after t3


@dataclass(frozen=True)
class Scenario:
    """A scene as numbers. ``cast[0]`` is the ego, ``cast[1]`` the one whose intent has to be remembered."""

    name: str
    summary: str
    cast: tuple[Member, ...]
    task: Task
    first: Range = (0.4, 1.0)  # [s] t1 of road user 1
    half_width: float = 8.0  # [m] of the junction
    lane_width: float = 3.5  # [m]
    leave: float = 80.0  # [m] of road behind the junction
    sight: float = 60.0  # [m] the ego sees no further
    fog: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)  # [m] x0, y0, x1, y1
    revealed: bool = True  # whether the ego sees road user 1 move at t3

    @property
    def intents(self) -> tuple[Intent, ...]:
        """What road user 1 may do: the twins of this scenario."""
        return tuple(intent for intent, _ in self.cast[1].intents)

    @property
    def chances(self) -> tuple[float, ...]:
        """The probability of each of ``intents``: what means over twins are weighted by."""
        return tuple(chance for _, chance in self.cast[1].intents)


@dataclass(frozen=True)
class Config:
    """Everything else that decides what an environment does; the keyword arguments of ``gymnasium.make``."""

    control: Control = Control.DISCRETE
    delay: Range = (1.0, 4.0)  # [s] t3 - t2, drawn uniformly; (0, 0) is the control: shown until t3
    signal_rate: float = 1.0  # probability that a road user signals at all
    hands_on: bool = False  # True: the agent drives from the first frame
    physics_step: float = 0.1  # [s]
    substeps: int = 2  # physics steps per decision

    def __post_init__(self) -> None:
        _check_range("delay_s", self.delay, 0.0, 600.0)
        if not 0.0 <= self.signal_rate <= 1.0:
            raise ValueError(f"signal_rate is {self.signal_rate!r}: it must be between 0 and 1")
        if self.physics_step <= 0 or self.substeps < 1:
            raise ValueError(f"physics_step {self.physics_step!r} and substeps {self.substeps!r} must be positive")

    @property
    def decision_step(self) -> float:
        """Seconds per decision."""
        return self.physics_step * self.substeps


def make_config(
    observation: str = "features",
    control: str = "discrete",
    delay_s: float | Range = (1.0, 4.0),
    signal_rate: float = 1.0,
    hands_on: bool = False,
) -> Config:
    """A Config from what people type.

    Raises:
        ValueError: a value makes no sense; the message names it and the choices.
    """
    parse(Observation, observation, "observation")
    ends = delay_s if isinstance(delay_s, (tuple, list)) else (delay_s, delay_s)
    if len(ends) != 2 or not all(isinstance(end, Real) for end in ends):
        raise ValueError(f"delay_s is {delay_s!r}: it must be seconds, or a pair (low, high) of them")
    if not isinstance(signal_rate, Real):
        raise ValueError(f"signal_rate is {signal_rate!r}: it must be between 0 and 1")
    delay = float(ends[0]), float(ends[1])
    return Config(parse(Control, control, "control"), delay, float(signal_rate), bool(hands_on))


def _check_range(name: str, value: Range, least: float, most: float = math.inf) -> None:
    low, high = value
    if not (least <= low <= high <= most):  # also refuses NaN
        raise ValueError(f"{name} is {value!r}: it must be (low, high) with {least:g} <= low <= high <= {most:g}")
