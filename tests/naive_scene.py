"""The naive world's scenes: who is drawn, and when and where everybody begins, leg by leg."""

from __future__ import annotations

import math
from bisect import bisect_right
from itertools import accumulate

from kindergarten.world.codes import Colour, Control, End, Intent, Kind, Signal, SignalReliability
from kindergarten.world.config import Config, Member, Scenario
from kindergarten.world.road import RoadMap, route_numbers
from kindergarten.world.users import (
    CAR_LENGTH,
    CAR_WIDTH,
    CYCLIST_LENGTH,
    CYCLIST_WIDTH,
    TRUCK_LENGTH,
    TRUCK_WIDTH,
)
from tests.naive_parts import Road, SplitMix64, User, clamp

LEG_TO_COME = 2**19  # [physics steps] the t3 of a leg that has not begun
SIZES = {
    Kind.CAR: (CAR_LENGTH, CAR_WIDTH),
    Kind.CYCLIST: (CYCLIST_LENGTH, CYCLIST_WIDTH),
    Kind.TRUCK: (TRUCK_LENGTH, TRUCK_WIDTH),
}
TURNS = {Intent.LEFT: Signal.LEFT, Intent.RIGHT: Signal.RIGHT}


class NaiveScene:
    """Who takes part in one world of a scenario, on the map ``road``, and where everybody begins."""

    def __init__(self, scenario: Scenario, config: Config, seed: int, road: RoadMap) -> None:
        self.scenario, self.config = scenario, config
        self.dt, self.road, self.random = config.physics_step, Road(road), SplitMix64(seed)
        self.numbers = route_numbers(scenario.road)
        self.continuous = config.control == Control.CONTINUOUS

    # ---- a new scene

    def draw_scene(self, intents: dict[int, Intent | None]) -> None:
        """Draw a new scene; ``intents`` overrides what was drawn, by row."""
        draw = self.random.uniform
        self.cast = int(draw() * len(self.scenario.casts))
        self.members, self.task = self.scenario.casts[self.cast], self.scenario.tasks[self.cast]
        members = self.draw_rows()
        drawn: list[User] = []
        for i, member in enumerate(self.members):
            drawn.append(self.draw_user(i, member, drawn[-1] if drawn else None))
        self.users, self.ego = [drawn[i] for i in members], drawn[0]
        for user, member in zip(drawn, self.members, strict=True):
            wanted = intents.get(members.index(user.member))
            if wanted is not None and wanted in [intent for intent, _ in member.intents]:
                user.intent = wanted
            self.apply_intent(user, member)
        self.draw_times(drawn)
        self.tick, self.leg, self.end = 0, 0, End.RUNNING
        self.place(self.ego, self.members[0])
        for user in drawn[1:]:
            user.kind = Kind.NOBODY
        self.begin_leg(0)

    def draw_rows(self) -> list[int]:
        """Which member stands in which row."""
        rows = list(range(len(self.members)))
        if self.config.shuffled:
            apart = SplitMix64(0)
            apart.state = SplitMix64.mix(self.random.state ^ 0x1075)
            for i in reversed(range(2, len(rows))):
                j = 1 + int(apart.uniform() * i)
                rows[i], rows[j] = rows[j], rows[i]
        return rows

    def draw_user(self, i: int, member: Member, before: User | None) -> User:
        draw = self.random.uniform
        present, which, speed = draw() < member.presence, draw(), draw(*member.speed)
        kind = Kind.TRUCK if which < member.cyclist + member.truck else Kind.CAR
        if which < member.cyclist:
            kind = Kind.CYCLIST
        if member.convoy and before:
            kind, speed = before.drawn_kind, before.speed
        normal = math.sqrt(-2 * math.log(1 - draw())) * math.cos(2 * math.pi * draw())  # Box and Muller
        flash_rate, flash_phase = clamp(1.4 + 0.15 * normal, 1.0, 2.0), draw()
        ways, chances = zip(*sorted((way, chance) for way, chance in member.intents if chance > 0), strict=True)
        intent = ways[bisect_right(list(accumulate(chances))[:-1], draw())]
        drawn_kind = kind if present else Kind.NOBODY
        length, width = SIZES.get(kind, SIZES[Kind.CAR])
        return User(
            kind=drawn_kind,
            drawn_kind=drawn_kind,
            speed=speed,
            desired_speed=speed * member.desired_speed_factor,
            turn_speed=member.turn_speed,
            yields=member.yields,
            leg=member.leg,
            flash_rate=flash_rate,
            flash_phase=flash_phase,
            intent=intent,
            choices=len(ways),
            length=length,
            width=width,
            member=i,
        )

    def apply_intent(self, user: User, member: Member) -> None:
        """What follows from the intent: the way, the signal, the colour, and whether it comes slowly."""
        way = user.intent if user.intent <= Intent.RIGHT else Intent.STRAIGHT
        user.route = self.numbers[member.arm, way] + user.leg * len(self.numbers)
        user.cue_signal = self.draw_signal(user.intent, member)
        dice, user.colour = self.random.uniform(), Colour(int(self.random.uniform() * len(Colour)))
        ways = sorted(intent for intent, chance in member.intents if chance > 0)
        if dice < abs(self.config.spurious) and len(ways) > 1:
            shift = 0 if self.config.spurious > 0 else 1
            user.colour = Colour((sum(way < user.intent for way in ways) + shift) % len(ways) % len(Colour))
        user.truthful = user.cue_signal == TURNS.get(user.intent, Signal.NONE) and self.willing
        if user.intent == Intent.LAST:
            user.last_speed_factor = member.last_speed_factor
        if user.member == 0:
            user.truthful, user.cue_signal = False, Signal.NONE

    def draw_signal(self, intent: Intent, member: Member) -> Signal:
        rate, dice = self.config.signal_rate, self.random.uniform()
        self.willing = member.signals and dice < rate
        truth = TURNS.get(intent, Signal.NONE)
        if not self.willing or self.config.signals == SignalReliability.PERFECT:
            return truth if self.willing else Signal.NONE
        share = dice / rate
        if intent not in TURNS:
            return Signal.NONE if share >= 0.05 else Signal.LEFT if share < 0.025 else Signal.RIGHT
        wrong = Signal.RIGHT if truth == Signal.LEFT else Signal.LEFT
        return wrong if share < 0.03 else truth if share < 0.75 else Signal.NONE

    def draw_times(self, drawn: list[User]) -> None:
        draw, dt = self.random.uniform, self.dt
        scene_t3, delay, legs = round(draw(*self.scenario.first) / dt), 0, set()
        for user, member in list(zip(drawn, self.members, strict=True))[1:]:
            signaller = member.leg not in legs
            if signaller:
                legs.add(member.leg)
                delay = round(draw(*self.config.delay_s) / dt)
            cue = round(math.exp(draw(math.log(member.cue[0]), math.log(member.cue[1]))) / dt)
            offset = round(draw(*member.arrival_offset) / dt)
            if signaller:
                scene_t3 = scene_t3 + cue + delay if member.leg == 0 else LEG_TO_COME
            user.t3 = scene_t3 + offset
            user.t2 = max(user.t3 - delay, 0)
            user.t1 = max(user.t2 - cue, 0)
            user.reveal = user.t3 if user.choices > 1 else 0
            if member.stops:
                user.go = user.t3 + (round(member.patience / dt) if user.intent == Intent.LAST else 0)
        self.ego.t3 = drawn[1].t3 + round(draw(*self.members[0].arrival_offset) / dt)
        if self.members[0].stops:
            self.ego.t1 = drawn[1].t1

    def place(self, user: User, member: Member, ahead: float = 0.0, until: int | None = None) -> None:
        """Where it must be now to arrive in time; or so far ``ahead`` of that place at step ``until``."""
        arrival = (user.t1 if member.stops else user.t3) if until is None else until
        user.s = self.road.entry + member.arrival_position - ahead - user.speed * (arrival - self.tick) * self.dt
        user.at, user.heading = self.road.locate(user.route, user.s)
        user.kind = user.drawn_kind

    def begin_leg(self, shift: int) -> None:
        """Everybody of the leg appears; their times count from now on."""
        theirs = sorted((user.member, row) for row, user in enumerate(self.users) if row and user.leg == self.leg)
        self.signaller = theirs[0][1]
        alone = self.leg % self.config.held == 0  # else its signaller has signalled on another leg
        for k, (member, row) in enumerate(theirs):
            user = self.users[row]
            user.t3 += shift
            if alone or k > 0:
                user.t1, user.t2 = user.t1 + shift, user.t2 + shift
            user.reveal += shift if user.choices > 1 else 0
            user.go += shift if user.go else 0
            self.place(user, self.members[member])
        signaller = self.users[self.signaller]
        for leg in range(self.leg + 1, self.leg + self.config.held) if alone else ():
            for user in sorted((u for u in self.users if u.leg == leg), key=lambda u: u.member)[:1]:
                user.t1, user.t2 = signaller.t1, signaller.t2
                self.place(user, self.members[user.member], 20.0, user.t2)
        ready = signaller.t3 - round(self.task.lead / self.dt)
        if signaller.t2 < signaller.t3:
            ready = max(ready, signaller.t2)
        self.hands_on = self.tick if self.config.hands_on else max(ready, self.tick)
        self.time_limit = signaller.t3 + round(self.task.time_limit / self.dt)
        self.target_speed, self.target_offset = self.ego.desired_speed, 0.0

    def next_leg(self) -> None:
        """The ego will drive as it drove at first; the leg begins so that it then arrives in time."""
        ego, task = self.ego, self.task
        offset = ego.t3 - self.users[self.signaller].t3
        self.leg += 1
        ego.s -= self.road.leg_length
        ego.route += len(self.numbers)
        change = ego.desired_speed - ego.speed
        seconds = change / task.acceleration if change > 0 else -change / task.braking
        rest = (
            self.road.entry + self.members[0].arrival_position - ego.s - (ego.speed + ego.desired_speed) / 2 * seconds
        )
        ego.t3 = self.tick + math.ceil((seconds + rest / ego.desired_speed) / self.dt - 1e-6)
        self.begin_leg(ego.t3 - offset - LEG_TO_COME)
