"""The world once more, in plain Python and apart from the kernels, which must agree with it step by step.

Clear rather than fast: one world, objects instead of arrays, and the plane as complex numbers, where x + iy is
a place and a direction is a number of length 1 (so that turning is multiplying, and ``.real`` and ``.imag`` of
``d * heading.conjugate()`` are how far ahead and how far to the left something is). Shared with the package:
codes, configurations, the sizes of bodies, and the road's map, which is data and has tests of its own.
"""

from __future__ import annotations

import cmath
import math
from bisect import bisect_right
from itertools import accumulate

from kindergarten.world.codes import Action, Colour, Control, End, Intent, Kind, Phase, Signal, SignalReliability
from kindergarten.world.config import Config, Member, Scenario
from kindergarten.world.road import RoadMap, route_numbers
from kindergarten.world.users import (
    CAR_LENGTH,
    CAR_WIDTH,
    CYCLIST_LENGTH,
    CYCLIST_WIDTH,
    MAX_STEERING,
    TRUCK_LENGTH,
    TRUCK_WIDTH,
    WHEELBASE,
)
from tests.naive_parts import Pair, Road, SplitMix64, User, clamp, distance, in_the_way, rectangle, touch

LEG_TO_COME = 2**19  # [physics steps] the t3 of a leg that has not begun
SIZES = {
    Kind.CAR: (CAR_LENGTH, CAR_WIDTH),
    Kind.CYCLIST: (CYCLIST_LENGTH, CYCLIST_WIDTH),
    Kind.TRUCK: (TRUCK_LENGTH, TRUCK_WIDTH),
}
TURNS = {Intent.LEFT: Signal.LEFT, Intent.RIGHT: Signal.RIGHT}


class NaiveWorld:
    """One world of a scenario, on the map ``road``."""

    def __init__(self, scenario: Scenario, config: Config, seed: int, road: RoadMap) -> None:
        self.scenario, self.config = scenario, config
        self.dt, self.road, self.random = config.physics_step, Road(road), SplitMix64(seed)
        self.numbers = route_numbers(scenario.road)
        self.continuous = config.control == Control.CONTINUOUS

    # ---- a new scene

    def reset(self, intents: dict[int, Intent | None] | None = None) -> dict[str, float]:
        """Draw a new scene; ``intents`` overrides what was drawn, by row. Returns the observation."""
        draw = self.random.uniform
        self.cast = int(draw() * len(self.scenario.casts))
        self.members, self.task = self.scenario.casts[self.cast], self.scenario.tasks[self.cast]
        members = self.draw_rows()
        drawn: list[User] = []
        for i, member in enumerate(self.members):
            drawn.append(self.draw_user(i, member, drawn[-1] if drawn else None))
        self.users, self.ego = [drawn[i] for i in members], drawn[0]
        for user, member in zip(drawn, self.members, strict=True):
            wanted = (intents or {}).get(members.index(user.member))
            if wanted is not None and wanted in [intent for intent, _ in member.intents]:
                user.intent = wanted
            self.apply_intent(user, member)
        self.draw_times(drawn)
        self.tick, self.leg, self.end = 0, 0, End.RUNNING
        self.place(self.ego, self.members[0])
        for user in drawn[1:]:
            user.kind = Kind.NOBODY
        self.begin_leg(0)
        return self.observe()

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

    def place(self, user: User, member: Member) -> None:
        """Where it must be now to arrive in time."""
        arrival = user.t1 if member.stops else user.t3
        user.s = self.road.entry + member.arrival_position - user.speed * (arrival - self.tick) * self.dt
        user.at, user.heading = self.road.locate(user.route, user.s)
        user.kind = user.drawn_kind

    def begin_leg(self, shift: int) -> None:
        """Everybody of the leg appears; their times count from now on."""
        theirs = sorted((user.member, row) for row, user in enumerate(self.users) if row and user.leg == self.leg)
        self.signaller = theirs[0][1]
        for member, row in theirs:
            user = self.users[row]
            user.t1, user.t2, user.t3 = user.t1 + shift, user.t2 + shift, user.t3 + shift
            user.reveal += shift if user.choices > 1 else 0
            user.go += shift if user.go else 0
            self.place(user, self.members[member])
        signaller = self.users[self.signaller]
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

    # ---- one decision

    def step(self, action) -> tuple[dict[str, float], dict[str, float]]:
        """Take a decision. Returns the observation and the weighted reward terms."""
        terms = dict.fromkeys(self.task.weights.__dataclass_fields__, 0.0)
        if self.end == End.RUNNING:
            driven, leg = self.tick >= self.hands_on, self.leg
            if driven and not self.continuous:
                self.choose(Action(action))
            for _ in range(self.config.substeps):
                self.physics_step(action, driven, terms)
                if self.end != End.RUNNING or self.leg > leg:
                    break
        return self.observe(), {name: terms[name] * weight for name, weight in vars(self.task.weights).items()}

    def choose(self, action: Action) -> None:
        task = self.task
        if action == Action.FASTER:
            self.target_speed = min(self.target_speed + task.speed_step, task.max_speed)
        elif action == Action.SLOWER:
            self.target_speed = max(self.target_speed - task.speed_step, task.min_speed)
        elif action == Action.IDLE:
            pass
        elif task.side_step > 0:
            moved = self.target_offset + (task.side_step if action == Action.LEFT else -task.side_step)
            self.target_offset = clamp(moved, -task.side_step, task.side_step)
        elif self.ego.s < self.road.entry:
            further = (lambda way: way < self.ego.intent) if action == Action.LEFT else (lambda w: w > self.ego.intent)
            ways = [way for way in task.branches if further(way)]
            if ways:
                self.take_way(min(ways, key=lambda way: abs(way - self.ego.intent)))

    def take_way(self, way: Intent) -> None:
        self.ego.intent, self.ego.route = way, self.numbers[self.members[0].arm, way]

    def physics_step(self, action, driven: bool, terms: dict[str, float]) -> None:
        others = [user for user in self.users[1:] if user.present]
        for user in others:
            user.acceleration = self.wish(user)
        before = self.ego.s
        self.move_ego(action, driven)
        way = self.ego.s - before
        for user in others:
            self.move_along(user)
        self.tick += 1
        if driven:
            terms["progress"] += way
            terms["time"] += self.dt
            terms["harsh_braking"] += max(-self.ego.acceleration - 3.4, 0.0) * self.dt
            terms["clearance"] += self.dt * self.squeezes_a_cyclist()
        self.end = self.how_it_stands()
        blame = {
            End.GOAL: "goal",
            End.COLLISION: "collision",
            End.WRONG_WAY: "wrong_way",
            End.OFF_ROAD: "wrong_way",
        }
        if self.end in blame:
            terms[blame[self.end]] += 1.0
        if self.end == End.RUNNING and self.is_through():
            self.next_leg()

    # ---- the scripted drivers

    def wish(self, user: User) -> float:
        """The acceleration that a scripted driver decides on."""
        desired = user.desired_speed
        if user.intent in TURNS and self.tick >= user.t3:
            desired = min(desired, user.turn_speed)
        elif user.t1 <= self.tick < user.go:
            desired *= user.last_speed_factor
        a = 0.8 if user.kind == Kind.CYCLIST else 1.5
        free = max(a * (1 - (user.speed / desired) ** 4), -2.0)
        wishes = [free]
        ahead = [self.ahead(user, other) for other in self.users if self.is_followed(user, other)]
        if ahead:
            gap, speed = min(ahead)
            wishes.append(free - self.idm(user, speed, gap))
        for enter in (self.pair(user, other).enter for other in self.users if self.has_way(user, other)):
            wishes.append(free - self.idm(user, 0.0, enter - user.s - user.length / 2))
        line = self.line(user) - user.s
        if self.tick < user.go and line > 0 and user.speed**2 / (2 * line) > 1.8:
            wishes.append(-(user.speed**2) / (2 * line))
        return max(min(wishes), -6.0)

    def idm(self, user: User, leader_speed: float, gap: float) -> float:
        """What a leader takes off by the Intelligent Driver Model (Treiber, Hennecke, Helbing 2000)."""
        a, headway, standstill = (0.8, 0.25, 0.5) if user.kind == Kind.CYCLIST else (1.5, 1.0, 2.0)
        approach = user.speed * (user.speed - leader_speed) / (2 * math.sqrt(a * 2.0))
        wanted = max(standstill + headway * user.speed + approach, 0.0)
        return a * (wanted / max(gap, 0.1)) ** 2

    def pair(self, user: User, other: User) -> Pair:
        return self.road.pairs[user.route][other.route]

    def ahead(self, user: User, other: User) -> tuple[float, float]:
        """The gap between their bumpers [m], and the other's speed."""
        return other.s + self.pair(user, other).shift - user.s - (user.length + other.length) / 2, other.speed

    def is_followed(self, user: User, other: User) -> bool:
        """Whether ``other`` is ahead on the same strip, as far as anybody may know."""
        if not other.present:
            return False
        pair = self.pair(user, other)
        where = other.s + pair.shift
        if not user.s < where < pair.stop:
            return False
        if abs(other.offset) > (user.width + other.width) / 2:  # the ego, on its way past
            return False
        one_arm = pair.start == 0.0
        # Before its reveal a road user is nowhere but on the way that all from its arm have in common.
        for who, s in ((user, where), (other, other.s)):
            if self.tick < who.reveal and not (one_arm and s < self.road.fork[who.route]):
                return False
        room = 0.0 if other is self.ego else 15.0
        return one_arm or where >= pair.start - room

    def has_way(self, user: User, other: User) -> bool:
        """Whether ``user`` has to let ``other`` pass where their ways cross."""
        if not (user.yields and other.present):
            return False
        mine, theirs = self.pair(user, other), self.pair(other, user)
        known = self.tick >= max(user.go, user.reveal, other.go, other.reveal)
        if not (known and mine.cross and user.s < mine.enter):
            return False
        if other is self.ego and user.go == 0:
            return False
        way = mine.enter - user.s - user.length / 2
        their_way, their_rest = (
            s - other.s for s in (theirs.enter - other.length / 2, theirs.leave + other.length / 2)
        )
        if not (0 < way <= 40 and their_rest > 0 and their_way <= 40):
            return False
        speed, their_speed = max(user.speed, 1.0), max(other.speed, 1.0)
        if other.yields and their_way > 0:
            stuck, they_are = way < speed**2 / 12, their_way < their_speed**2 / 12
            first = (way / speed, user.member) < (their_way / their_speed, other.member)
            if (stuck and not they_are) or (stuck == they_are and first):
                return False
        return their_rest / their_speed + 0.5 > way / speed

    def line(self, user: User) -> float:
        """Where its middle is when it stands at the line [m]."""
        return self.road.entry - 1.0 - user.length / 2

    def move_along(self, user: User) -> None:
        speed = max(user.speed + user.acceleration * self.dt, 0.0)
        s, line = user.s + (user.speed + speed) / 2 * self.dt, self.line(user)
        if self.tick < user.go and speed < 0.5 and -0.3 < s - line < 1.0:
            s, speed = line, 0.0
        user.acceleration = (speed - user.speed) / self.dt
        user.s, user.speed = s, speed
        user.at, user.heading = self.road.locate(user.route, user.s)
        if user.s >= self.road.length[user.route]:
            user.kind = Kind.NOBODY

    # ---- the ego

    def move_ego(self, action, driven: bool) -> None:
        ego, task, dt = self.ego, self.task, self.dt
        if driven and self.continuous:
            pedal, wheel = float(action[0]), float(action[1])
            acceleration = pedal * (task.acceleration if pedal > 0 else task.braking)
            acceleration = min(acceleration, (task.max_speed - ego.speed) / dt)
            steering = wheel * MAX_STEERING
        else:
            if task.stops and not driven:
                self.come_to_the_line()
            acceleration = clamp((self.target_speed - ego.speed) / dt, -task.braking, task.acceleration)
            steering = self.pursue()
        guess = ego.s + self.bicycle(acceleration, steering)
        if self.continuous and guess < self.road.entry + 6.0:  # the way that it is nearest to; its own wins a tie
            ways = [ego.intent, *sorted(task.branches)]
            routes = [ego.route, *(self.numbers[self.members[0].arm, way] for way in sorted(task.branches))]
            away = [abs(self.project(route, guess)[1]) for route in routes]
            best = away.index(min(away))
            ego.intent, ego.route = ways[best], routes[best]
        ego.s, ego.offset = self.project(ego.route, guess)

    def come_to_the_line(self) -> None:
        ego, way = self.ego, self.line(self.ego) - self.ego.s
        if ego.speed < 0.5:
            self.target_speed = 0.0
        elif way > 0 and ego.speed**2 / (2 * way) > 1.8:
            self.target_speed = max(ego.speed - ego.speed**2 / (2 * way) * self.dt, 0.0)

    def pursue(self) -> float:
        """Steering angle of pure pursuit [rad]: along the arc through a point ahead, beside the route."""
        ego, rear = self.ego, WHEELBASE / 2
        far = 0.5 + 0.5 * clamp(abs(self.target_offset - ego.offset) - 0.5, 0.0, 1.0)
        aim, heading = self.road.locate(ego.route, ego.s + max(3.0, far * ego.speed))
        aim += 1j * heading * self.target_offset
        curvature = 2 * ((aim - ego.at) * ego.heading.conjugate()).imag / max(abs(aim - ego.at) ** 2, 1.0)
        beta = math.asin(clamp(curvature * rear, -0.9, 0.9))
        return clamp(math.atan(math.tan(beta) * WHEELBASE / rear), -MAX_STEERING, MAX_STEERING)

    def bicycle(self, acceleration: float, steering: float) -> float:
        """The kinematic bicycle (Kong et al. 2015) with its centre of gravity in the middle. Returns its way [m]."""
        ego, rear = self.ego, WHEELBASE / 2
        speed = max(ego.speed + acceleration * self.dt, 0.0)
        way = (ego.speed + speed) / 2 * self.dt
        beta = math.atan(rear / WHEELBASE * math.tan(steering))
        ego.at += way * ego.heading * cmath.exp(1j * beta)
        ego.heading *= cmath.exp(1j * way / rear * math.sin(beta))
        ego.acceleration, ego.speed, ego.steering = (speed - ego.speed) / self.dt, speed, steering
        return way

    def project(self, route: int, s: float) -> tuple[float, float]:
        """The ego's arc length and its offset to the left of ``route`` [m], searched near ``s``."""
        place, heading = self.road.locate(route, s)
        s += ((self.ego.at - place) * heading.conjugate()).real
        place, heading = self.road.locate(route, s)
        return s, ((self.ego.at - place) * heading.conjugate()).imag

    def squeezes_a_cyclist(self) -> bool:
        body = self.ego.corners()
        cyclists = [user for user in self.users[1:] if user.kind == Kind.CYCLIST]
        return any(distance(body, user.at) - user.width / 2 < 1.5 for user in cyclists)

    def is_through(self) -> bool:
        return self.ego.s >= self.road.entry + self.task.goal_at

    def how_it_stands(self) -> End:
        ego, body = self.ego, self.ego.corners()
        if any(user.present and touch(body, user.corners()) for user in self.users[1:]):
            return End.COLLISION
        if self.is_through() and self.leg == self.scenario.road.legs - 1:
            wrong = self.task.follow and ego.intent != self.users[self.signaller].intent
            return End.WRONG_WAY if wrong else End.GOAL
        if abs(ego.offset) > 0.75 * self.scenario.lane_width + 1.0:
            return End.OFF_ROAD
        return End.TIME_LIMIT if self.tick >= self.time_limit else End.RUNNING

    # ---- what is seen

    def show(self, user: User) -> Signal:
        if not user.t1 <= self.tick < user.t2:
            return Signal.NONE
        cycles = (self.tick - user.t1) * self.dt * user.flash_rate + user.flash_phase
        if user.kind != Kind.CYCLIST and cycles % 1.0 >= 0.5:
            return Signal.NONE
        return user.cue_signal

    def is_visible(self, user: User) -> bool:
        x0, y0, x1, y1 = self.scenario.fog
        foggy = x0 < user.at.real < x1 and y0 < user.at.imag < y1
        if not user.present or foggy or abs(user.at - self.ego.at) > self.scenario.sight:
            return False
        here, there = self.ego.at, user.at
        for truck in self.users[1:]:
            if truck is user or truck.kind != Kind.TRUCK:
                continue
            box = rectangle(-truck.length / 2, -truck.width / 2, truck.length / 2, truck.width / 2)
            ends = [(place - truck.at) * truck.heading.conjugate() for place in (here, there)]  # in the truck's frame
            if in_the_way(box, *ends):
                return False
        return not any(in_the_way(rectangle(*box), here, there) for box in self.scenario.buildings)

    def observe(self) -> dict[str, float]:
        """By the columns' names."""
        ego, bound = self.ego, lambda value: clamp(value, -1.0, 1.0)
        if self.continuous:
            self.target_speed, self.target_offset = ego.speed, ego.offset
        _, along = self.road.locate(ego.route, ego.s)
        row = {
            "ego.hands_on": float(self.tick >= self.hands_on),
            "ego.speed": bound(ego.speed / 20),
            "ego.target_speed": bound(self.target_speed / 20),
            "ego.branch": ego.intent - 1.0,
            "ego.to_junction": bound((self.road.entry - ego.s) / 60),
            "ego.offset": bound(ego.offset / 5),
            "ego.target_offset": bound(self.target_offset / 5),
            "ego.drift": bound((ego.heading * along.conjugate()).imag),
            "ego.steering": bound(ego.steering / 0.6),
        }
        first = 1 if self.config.shuffled else self.signaller
        for k, user in enumerate(self.users[first:] + self.users[1:first], start=1):
            user.phase = Phase(sum(self.tick >= t for t in (user.t1, user.t2, user.t3)))
            user.signal, user.seen = self.show(user), self.is_visible(user)
            towards = (user.at - ego.at) * ego.heading.conjugate() / 60
            turned = user.heading * ego.heading.conjugate()
            columns = {
                "seen": 1.0,
                "cyclist": float(user.kind == Kind.CYCLIST),
                "length": bound(user.length / 10),
                "ahead": bound(towards.real),
                "left": bound(towards.imag),
                "cos": bound(turned.real),
                "sin": bound(turned.imag),
                "speed": bound(user.speed / 20),
                "signals_left": float(user.signal == Signal.LEFT),
                "signals_right": float(user.signal == Signal.RIGHT),
                **{colour.name.lower(): float(user.colour == colour) for colour in Colour},
            }
            row |= {f"user{k}.{name}": value if user.seen else 0.0 for name, value in columns.items()}
        return row
