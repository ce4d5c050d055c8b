"""What a scenario and an environment are made of: frozen numbers, checked where they are made."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypedDict

from kindergarten.world.codes import ARMS, Control, Intent, Observation, SignalReliability
from kindergarten.world.kinds import Maybe, Number, OneOf, Range, Sides, Span, Switch, Whole
from kindergarten.world.sense import check
from kindergarten.world.settings import declared, refuse_unknown, setting, settle, spelled_out

# Whoever makes a scenario finds all that it takes here.
from kindergarten.world.ways import Junction as Junction  # noqa: PLC0414
from kindergarten.world.ways import Lanes as Lanes  # noqa: PLC0414
from kindergarten.world.ways import Road as Road  # noqa: PLC0414
from kindergarten.world.ways import Roundabout as Roundabout  # noqa: PLC0414
from kindergarten.world.ways import sampled_length, way_of
from kindergarten.world.words import quoted

if TYPE_CHECKING:
    from typing_extensions import Unpack

Box = tuple[float, float, float, float]  # [m] x0, y0, x1, y1


@dataclass(frozen=True)
class Member:
    """One road user of the cast. It starts so that it is at ``arrival_position`` at its t3, or at its t1 if it stops.

    Its t3 is the scene's t3 plus ``arrival_offset``; t2 = t3 - delay, t1 = t2 - cue.
    """

    arm: str  # where it comes from, one of the road's arms
    intents: tuple[tuple[Intent, float], ...]  # what it may do, with probabilities
    speed: Range  # [m/s] drawn uniformly
    arrival_offset: Range = (0.0, 0.0)  # [s] after the scene's t3, drawn uniformly
    arrival_position: float = -1.0  # [m] behind the junction's edge
    cue: Range = (1.0, 4.0)  # [s] length of the signal, drawn log-uniformly (1..4: median 2, FACTS: unverified)
    cyclist: float = 0.5  # probability that it is a cyclist
    truck: float = 0.0  # probability that it is a truck; else it is a car
    presence: float = 1.0  # probability that it is there at all
    signals: bool = True  # False: it never does, whatever the signal rate
    turn_speed: float = 4.0  # [m/s] to which it slows from t3 on if it turns
    desired_speed_factor: float = 1.0  # over its initial speed; above 1 it closes up to whoever is ahead
    convoy: bool = False  # True: it takes the kind and the speed of the member before it
    yields: bool = True  # False: where ways cross it has the right of way, or takes it
    stops: bool = False  # True: it stops at the line, and goes at its t3
    last_speed_factor: float = 1.0  # on its desired speed from t1 on, if it goes LAST
    patience: float = 0.0  # [s] after t3 that it waits for the ego if it goes LAST
    leg: int = 0  # which of the road's junctions it belongs to
    learns: bool = False  # True: a seat of a playground, in which an agent may sit; they are the first of the cast

    def __post_init__(self) -> None:
        check(self)
        if self.cyclist + self.truck > 1.0 + 1e-9:
            raise ValueError(f"cyclist {self.cyclist!r} and truck {self.truck!r}: together they must be at most 1")


Cast = tuple[Member, ...]


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

    def __post_init__(self) -> None:
        check(self)


@dataclass(frozen=True)
class Task:
    """The ego's job: member 0 of the cast is the ego itself."""

    weights: Weights
    branches: tuple[Intent, ...] = ()  # the ways between which LEFT and RIGHT choose; none: it takes its own
    follow: bool = False  # True: the right way is that of the signaller; else any that it may take
    goal_at: float = 30.0  # [m] behind the junction's edge, where the episode ends
    lead: float = 3.0  # [s] before t3 the agent gets the controls, or at t2 if that is later
    max_speed: float = 14.0  # [m/s]
    min_speed: float = 0.0  # [m/s] SLOWER goes no lower
    speed_step: float = 3.5  # [m/s] that FASTER and SLOWER move the target speed
    side_step: float = 0.0  # [m] to which LEFT and RIGHT move it aside; 0: they choose the way
    acceleration: float = 2.5  # [m/s^2]
    braking: float = 5.0  # [m/s^2]
    stops: bool = False  # True: as long as it cruises by itself it stops at the line
    time_limit: float = 20.0  # [s] after t3

    def __post_init__(self) -> None:
        check(self)
        if self.min_speed > self.max_speed:
            raise ValueError(f"min_speed is {self.min_speed!r}: it must be at most max_speed, {self.max_speed!r}")


@dataclass(frozen=True)
class Scenario:
    """A scene as numbers. A cast's member 0 is the ego, member 1 the signaller: its intent has to be remembered.

    Where there are several casts, each world draws one of them. On a road of several legs the first member of each
    leg is the signaller there.
    """

    name: str
    summary: str
    casts: tuple[Cast, ...]
    task: Task | tuple[Task, ...]  # the same for all casts, or one for each; with as many steps of speed
    road: Road = Junction()
    lane_width: float = 3.5  # [m] 3.05 to 3.66 in US street design guides
    first: Range = (0.4, 1.0)  # [s] t1 of the first signaller
    sight: float = 60.0  # [m] the ego sees no further
    fog: Box = (0.0, 0.0, 0.0, 0.0)  # nobody sees into it
    buildings: tuple[Box, ...] = ()  # nobody sees through them
    revealed: bool = True  # whether the ego sees the signaller move at t3
    # Of the scene these say nothing, so they make no other scenario of it, and no other references.
    training: int = field(default=2_400_000, compare=False)  # decisions that an agent is trained for by default
    worlds: int = field(default=256, compare=False)  # and in how many worlds side by side
    noise_hold: float = field(default=4.0, compare=False)  # and for how many decisions exploration keeps its noise
    place: float = field(default=math.inf, compare=False)  # among those of the package: the easier ones come first

    def __post_init__(self) -> None:
        check(self)
        if any(len(cast) < 2 for cast in self.casts):
            raise ValueError("a cast has fewer than two members: the ego, and who signals")
        if len({(len(cast), frozenset(intent for intent, _ in cast[1].intents)) for cast in self.casts}) != 1:
            raise ValueError("the casts have not the same number of members, or not the same intents")
        if len(self.casts) != len(self.tasks) or len({_steps(t) for t in self.tasks}) != 1:
            raise ValueError("there is not one task for each cast, with as many steps of speed")
        self.road.check_width(self.lane_width)
        for cast, task in zip(self.casts, self.tasks, strict=True):
            for i, member in enumerate(cast):
                branches = task.branches if i == 0 else ()
                self._check_ways(member, branches)
                if i == 0 or member.learns:
                    self._check_driven(i, member, branches, task.goal_at)
            self._check_legs(cast, task)

    def _check_ways(self, member: Member, branches: tuple[Intent, ...]) -> None:
        """Refuse an arm, an intent or a branch of which the road has none."""
        if member.arm not in self.road.arms:
            raise ValueError(f"unknown arm {quoted(member.arm)}: choose from {', '.join(self.road.arms)}")
        there = {way: way.name.lower() for arm, way in self.road.ways if arm == member.arm}
        for way in (*(way_of(intent) for intent, _ in member.intents), *branches):
            if way not in there:
                raise ValueError(
                    f"from {member.arm} the road has no way {quoted(way)}: choose from {', '.join(there.values())}"
                )

    def _check_driven(self, i: int, member: Member, branches: tuple[Intent, ...], goal_at: float) -> None:
        """Refuse an ego, or a seat, that need not be there, or that has a way which ends before the goal."""
        if member.presence < 1.0:
            raise ValueError(f"presence is {member.presence!r}: member {i} is driven by an agent, so it must be 1")
        if i == 0 and member.convoy:
            raise ValueError("convoy is True: member 0 is the ego, and there is nobody before it")
        beyond = self.road.beyond(self.lane_width)
        ways = [way_of(intent) for intent, _ in member.intents] + list(branches)
        end = min(sampled_length(beyond[way]) for way in ways)
        if goal_at > end:
            raise ValueError(
                f"goal_at is {goal_at!r}: the road of member {i} ends there, so it must be at most {end:g}"
            )

    def _check_legs(self, cast: Cast, task: Task) -> None:
        """Refuse members who do not belong to the legs of the road, one after the other."""
        legs = [member.leg for member in cast]
        if legs != sorted(legs) or set(legs) != set(range(self.road.legs)):
            raise ValueError(f"leg is {quoted(legs)}, member by member: it must rise from 0 to {self.road.legs - 1}")
        if self.road.legs > 1:
            self._check_through(cast[0], task.branches)
        for k, i in enumerate(self.signallers):
            if cast[i].leg != k or cast[i].arrival_offset != (0.0, 0.0):
                raise ValueError(
                    f"member {i} is the signaller of leg {k}: its t3 is the scene's, so arrival_offset is (0, 0)"
                )

    def _check_through(self, ego: Member, branches: tuple[Intent, ...]) -> None:
        """Refuse what does not get from leg to leg where there are several: they lie in a line, northwards."""
        if isinstance(self.road, Roundabout):
            raise ValueError(
                f"legs is {self.road.legs}: there is one roundabout at most, or several junctions or lanes"
            )
        if ego.speed[0] <= 0.0:
            raise ValueError(f"speed of the ego is {ego.speed!r}: on a road of several legs it never stands")
        if ego.arm in ARMS and ego.arm != "south":
            raise ValueError(f"arm of the ego is {quoted(ego.arm)}: on a road of several legs it comes from south")
        for way in (*(way_of(intent) for intent, _ in ego.intents), *branches):
            if way is not Intent.STRAIGHT:
                raise ValueError(f"the ego may go {way.name.lower()}: on a road of several legs it goes straight on")

    @property
    def tasks(self) -> tuple[Task, ...]:
        """The task of each cast."""
        return self.task if isinstance(self.task, tuple) else (self.task,) * len(self.casts)

    @property
    def num_users(self) -> int:
        """Road users, the ego among them."""
        return len(self.casts[0])

    @property
    def signallers(self) -> tuple[int, ...]:
        """The member whose intent has to be remembered, for each leg."""
        legs = [member.leg for member in self.casts[0]]
        return (1, *(legs.index(leg) for leg in range(1, self.road.legs)))

    @property
    def intents(self) -> tuple[Intent, ...]:
        """What the signaller may do: the twins of this scenario."""
        return tuple(intent for intent, _ in self.casts[0][1].intents)


@dataclass(frozen=True, kw_only=True)
class Config:
    """What a scenario leaves open: the settings, keywords of ``gymnasium.make`` and options of the commands.

    They are declared here, and whatever else names them is made from this or tested against it. Choices may be given
    by their names, ``delay_s`` and ``image_size`` as one number.
    """

    observation: Observation = setting(
        Observation.FEATURES,
        OneOf(Observation),
        'one frame as a flat Box; `"users"`: a Dict of the same numbers, a row for each road user, and a mask; '
        '`"pixels"`: a picture, uint8 (H, W, C)',
    )
    control: Control = setting(
        Control.DISCRETE,
        OneOf(Control),
        'LEFT, IDLE, RIGHT, FASTER, SLOWER move targets that persist; `"continuous"`: pedal and steering',
    )
    delay_s: Range = setting(
        (1.0, 4.0),
        Span(0.0, 600.0, "seconds"),
        "seconds from t2 to t3, drawn between the two; a number fixes it; 0 shows the signal until t3",
        earns=True,
        option="delay",
    )
    signal_rate: float = setting(1.0, Number(0.0, 1.0), "share of road users that signal at all", earns=True)
    signals: SignalReliability = setting(
        SignalReliability.PERFECT,
        OneOf(SignalReliability),
        'always to be trusted; `"real"`: 25 % of those who turn do not signal, 3 % signal the wrong side, and 5 % of '
        "those who go straight on have one left on",
        earns=True,
    )
    rewritten: float = setting(
        0.0,
        Number(0.0, 1.0),
        "share of those who signal, or show that they go straight on, who first show something else and take it back: "
        "the last signal counts",
    )
    held: int = setting(
        1,
        Whole(1, 64),
        "where there are several junctions: for how many of them signals are shown together, before the first, and "
        "have to be held at once",
        earns=True,
    )
    hands_on: bool = setting(
        False,
        Switch(),
        "you drive from the first frame (and can cheat: brake when the arm goes up, and read your own speed later)",
        earns=True,
    )
    spurious: float = setting(
        0.0,
        Number(-1.0, 1.0),
        "how far the colour of paint and jackets goes with the intent: 1 always, -1 always with another, 0 not at all",
        earns=True,
    )
    shuffled: bool = setting(
        False,
        Switch(),
        "the road users stand in random order, so that no row of the observation tells who matters",
    )
    image_size: tuple[int, int] = setting(
        (64, 64),
        Sides(32, 256, 8),
        "pixels of a picture: a number or (height, width); Stable-Baselines3's CnnPolicy needs 40",
    )
    grayscale: bool = setting(False, Switch(), "pixels with one channel instead of three")
    max_episode_steps: int | None = setting(
        None,
        Maybe(Whole(1, 2**31)),
        "decisions after which an episode is truncated, if it has not ended before",
        earns=True,
    )
    physics_step: float = 0.1  # [s]
    substeps: int = 2  # physics steps per decision

    def __post_init__(self) -> None:
        settle(self)
        check(self)

    @property
    def decision_step(self) -> float:
        """Seconds per decision."""
        return self.physics_step * self.substeps


#: The declaration, by name.
SETTINGS = declared(Config)


class Settings(TypedDict, total=False):
    """The settings as people give them, for type checkers and editors: ``**settings: Unpack[Settings]``."""

    observation: Literal["features", "users", "pixels"]
    control: Literal["discrete", "continuous"]
    delay_s: float | tuple[float, float]
    signal_rate: float
    signals: Literal["perfect", "real"]
    rewritten: float
    held: int
    hands_on: bool
    spurious: float
    shuffled: bool
    image_size: int | tuple[int, int]
    grayscale: bool
    max_episode_steps: int | None


@spelled_out(Config)
def make_config(**settings: Unpack[Settings]) -> Config:
    """A Config from what people type.

    Raises:
        ValueError: there is no such setting, or a value makes no sense; the message names it and the choices.
    """
    refuse_unknown(Config, settings)
    given: dict[str, Any] = {**settings}
    return Config(**given)


def _steps(task: Task) -> Range:
    """The lowest and the highest target speed, in steps."""
    return task.min_speed / task.speed_step, task.max_speed / task.speed_step
