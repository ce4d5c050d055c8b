"""The world once more, in plain Python and apart from the kernels, which must agree with it step by step.

Clear rather than fast: one world, objects instead of arrays, and the plane as complex numbers, where x + iy is
a place and a direction is a number of length 1 (so that turning is multiplying, and ``.real`` and ``.imag`` of
``d * heading.conjugate()`` are how far ahead and how far to the left something is). Shared with the package:
codes, configurations, and the sizes of bodies.
"""

from __future__ import annotations

import cmath
import math
from bisect import bisect_right
from dataclasses import astuple, dataclass
from functools import lru_cache
from itertools import accumulate

from kindergarten.codes import ARMS, Action, Control, End, Intent, Kind, Phase, Signal
from kindergarten.config import Config, Scenario
from kindergarten.users import (
    CAR_LENGTH,
    CAR_WIDTH,
    CYCLIST_LENGTH,
    CYCLIST_WIDTH,
    MAX_STEERING,
    WHEELBASE,
)

Route = tuple[int, Intent]  # (arm, way)
SPACING = 0.5  # [m] between a route's samples
WORD = 2**64


def clamp(value: float, low: float, high: float) -> float:
    return low if value < low else high if value > high else value


class SplitMix64:
    """Steele, Lea, Flood, OOPSLA 2014: a counter and a hash."""

    def __init__(self, seed: int) -> None:
        self.state = self.mix(seed ^ 0xBF58476D1CE4E5B9)

    @staticmethod
    def mix(z: int) -> int:
        z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 % WORD
        z = (z ^ z >> 27) * 0x94D049BB133111EB % WORD
        return z ^ z >> 31

    def uniform(self, low: float = 0.0, high: float = 1.0) -> float:
        self.state = (self.state + 0x9E3779B97F4A7C15) % WORD
        return low + (high - low) * ((self.mix(self.state) >> 11) / 2**53)


class Road:
    """A junction around the origin. A route goes straight in, turns on a quarter circle, goes straight out."""

    def __init__(self, scenario: Scenario, config: Config) -> None:
        self.half, self.lane, self.leave = scenario.half_width, scenario.lane_width / 2, scenario.leave
        last = scenario.first[1] + max(m.cue[1] for m in scenario.cast) + config.delay[1]
        approach = max(m.speed[1] * (last + m.due[1]) - m.due_at for m in scenario.cast) + 10.0
        self.entry = math.ceil(approach / SPACING) * SPACING
        self.longest = max(self.samples((0, way)) for way in Intent)
        self.sample = lru_cache(maxsize=None)(self.curve)

    def radius(self, way: Intent) -> float:
        return self.half + self.lane * {Intent.LEFT: 1, Intent.RIGHT: -1}[way]

    def samples(self, route: Route) -> int:
        """Number of a route's last sample."""
        inside = 2 * self.half if route[1] == Intent.STRAIGHT else self.radius(route[1]) * math.pi / 2
        return int((self.entry + inside + self.leave) / SPACING)

    def length(self, route: Route) -> float:
        return self.samples(route) * SPACING

    def shared(self, a: Route, b: Route) -> float:
        """Up to where two routes are one [m]."""
        if a == b:
            return self.length(a)
        return self.entry if a[0] == b[0] else 0.0

    def curve(self, route: Route, k: int) -> tuple[complex, complex]:
        """Place and heading of a route's ``k``-th sample; written for the arm from the south, then turned."""
        arm, way = route
        along = min(k, self.samples(route)) * SPACING - self.entry  # 0 at the junction's edge
        at, heading = complex(self.lane, along - self.half), 1j
        if way != Intent.STRAIGHT and along > 0.0:
            side, radius = (1 if way == Intent.LEFT else -1), self.radius(way)
            turned = cmath.exp(1j * side * min(along / radius, math.pi / 2))
            beyond = max(along - radius * math.pi / 2, 0.0)
            centre, heading = complex(self.lane - side * radius, -self.half), 1j * turned
            at = centre + side * radius * turned + beyond * heading
        rotation = (1, 1j, -1, -1j)[arm]
        return at * rotation, heading * rotation

    def locate(self, route: Route, s: float) -> tuple[complex, complex]:
        """Place and heading ``s`` metres down a route, on the line between its samples."""
        at = clamp(s / SPACING, 0.0, self.longest)
        k = min(int(at), self.longest - 1)
        (place, heading), (next_place, next_heading) = self.sample(route, k), self.sample(route, k + 1)
        return place + (at - k) * (next_place - place), heading + (at - k) * (next_heading - heading)


@dataclass
class User:
    """One road user; the units are those of ``users.ROAD_USER``."""

    kind: Kind = Kind.CAR
    speed: float = 0.0
    desired_speed: float = 0.0
    turn_speed: float = 0.0
    signals: bool = False
    flash_rate: float = 0.0
    flash_phase: float = 0.0
    intent: Intent = Intent.STRAIGHT
    length: float = CAR_LENGTH
    width: float = CAR_WIDTH
    arm: int = 0
    s: float = 0.0
    at: complex = 0j
    heading: complex = 0j
    acceleration: float = 0.0
    signal: Signal = Signal.NONE
    phase: Phase = Phase.BEFORE
    seen: bool = False
    t1: int = 0
    t2: int = 0
    t3: int = 0
    offset: float = 0.0
    steering: float = 0.0

    @property
    def route(self) -> Route:
        return self.arm, self.intent

    def corners(self) -> list[complex]:
        """The body's corners, counterclockwise from its front left one."""
        along, across = self.heading * self.length / 2, self.heading * 1j * self.width / 2
        return [
            self.at + along + across,
            self.at - along + across,
            self.at - along - across,
            self.at + along - across,
        ]


def edges(polygon: list[complex]) -> list[tuple[complex, complex]]:
    return list(zip(polygon, polygon[1:] + polygon[:1], strict=True))


def touch(a: list[complex], b: list[complex]) -> bool:
    """Whether two convex polygons overlap: no edge of either has all of the other on its far side."""
    for one, other in ((a, b), (b, a)):
        for start, end in edges(one):  # counterclockwise: the inside lies to the left
            if all(((corner - start) * (end - start).conjugate()).imag < 0 for corner in other):
                return False
    return True


def distance(polygon: list[complex], point: complex) -> float:
    """From a point to a convex polygon [m]; 0 inside."""
    if touch(polygon, [point]):
        return 0.0
    nearest = []
    for start, end in edges(polygon):
        share = ((point - start) * (end - start).conjugate()).real / abs(end - start) ** 2
        nearest.append(abs(start + clamp(share, 0.0, 1.0) * (end - start) - point))
    return min(nearest)


class NaiveWorld:
    """One world of a scenario."""

    def __init__(self, scenario: Scenario, config: Config, seed: int) -> None:
        self.scenario, self.task, self.config = scenario, scenario.task, config
        self.dt, self.road, self.random = config.physics_step, Road(scenario, config), SplitMix64(seed)
        self.continuous = config.control == Control.CONTINUOUS

    # ---- a new scene

    def reset(self, intents: dict[int, Intent] | None = None) -> list[float]:
        """Draw a new scene; ``intents`` overrides what was drawn, by road user. Returns the observation."""
        self.users: list[User] = []
        for i in range(len(self.scenario.cast)):
            self.users.append(self.draw_user(i))
        self.ego = self.users[0]
        self.draw_times()
        self.ego.signals = False
        if self.ego.intent not in self.task.branches:
            self.ego.intent = Intent.STRAIGHT
        for i, intent in (intents or {}).items():
            self.users[i].intent = intent
        for user, member in zip(self.users, self.scenario.cast, strict=True):
            user.arm = ARMS.index(member.arm)
            user.s = self.road.entry + member.due_at - user.speed * user.t3 * self.dt
            user.at, user.heading = self.road.locate(user.route, user.s)
        self.target_speed, self.tick, self.end = self.ego.speed, 0, End.RUNNING
        return self.observe()

    def draw_user(self, i: int) -> User:
        member, draw = self.scenario.cast[i], self.random.uniform
        cyclist, speed = draw() < member.cyclist, draw(*member.speed)
        if member.convoy:
            cyclist, speed = self.users[i - 1].kind == Kind.CYCLIST, self.users[i - 1].speed
        signals = draw() < self.config.signal_rate and member.signals
        normal = math.sqrt(-2 * math.log(1 - draw())) * math.cos(2 * math.pi * draw())  # Box and Muller
        flash_rate, flash_phase = clamp(1.4 + 0.15 * normal, 1.0, 2.0), draw()
        ways, chances = zip(*sorted(member.intents), strict=True)
        intent = ways[bisect_right(list(accumulate(chances))[:-1], draw())]
        kind = Kind.CYCLIST if cyclist else Kind.CAR
        size = (CYCLIST_LENGTH, CYCLIST_WIDTH) if cyclist else (CAR_LENGTH, CAR_WIDTH)
        plan = (bool(signals), flash_rate, flash_phase, intent)
        return User(kind, speed, speed * member.urge, member.turn_speed, *plan, *size)

    def draw_times(self) -> None:
        draw, dt = self.random.uniform, self.dt
        first = round(draw(*self.scenario.first) / dt)
        delay = round(draw(*self.config.delay) / dt)
        scene_t3 = 0
        for i, (user, member) in list(enumerate(zip(self.users, self.scenario.cast, strict=True)))[1:]:
            cue = round(math.exp(draw(math.log(member.cue[0]), math.log(member.cue[1]))) / dt)
            due = round(draw(*member.due) / dt)
            if i == 1:
                scene_t3 = first + cue + delay
            user.t3 = scene_t3 + due
            user.t2 = max(user.t3 - delay, 0)
            user.t1 = max(user.t2 - cue, 0)
        self.ego.t3 = scene_t3 + round(draw(*self.scenario.cast[0].due) / dt)
        ready = scene_t3 - round(self.task.lead / dt)
        if delay:
            ready = max(ready, self.users[1].t2)
        self.hands_on = 0 if self.config.hands_on else max(ready, 0)
        self.time_limit = scene_t3 + round(self.task.time_limit / dt)

    # ---- one decision

    def step(self, action) -> tuple[list[float], dict[str, float]]:
        """Take a decision. Returns the observation and the weighted reward terms."""
        terms = dict.fromkeys(self.task.weights.__dataclass_fields__, 0.0)
        if self.end == End.RUNNING:
            driven = self.tick >= self.hands_on
            if driven and not self.continuous:
                self.choose(Action(action))
            for _ in range(self.config.substeps):
                self.physics_step(action, driven, terms)
                if self.end != End.RUNNING:
                    break
        weights = astuple(self.task.weights)
        return self.observe(), {name: terms[name] * w for name, w in zip(terms, weights, strict=True)}

    def choose(self, action: Action) -> None:
        if action == Action.FASTER:
            self.target_speed = min(self.target_speed + self.task.speed_step, self.task.max_speed)
        elif action == Action.SLOWER:
            self.target_speed = max(self.target_speed - self.task.speed_step, 0.0)
        elif action != Action.IDLE and self.ego.s < self.road.entry:
            ways = sorted(self.task.branches)
            if action == Action.LEFT:
                self.ego.intent = max((w for w in ways if w < self.ego.intent), default=self.ego.intent)
            else:
                self.ego.intent = min((w for w in ways if w > self.ego.intent), default=self.ego.intent)

    def physics_step(self, action, driven: bool, terms: dict[str, float]) -> None:
        others = [user for user in self.users[1:] if user.kind != Kind.NOBODY]
        for user in others:
            user.acceleration = self.idm(user)
        before = self.ego.s
        self.move_ego(action, driven)
        for user in others:
            self.move_along(user)
        self.tick += 1
        if driven:
            terms["progress"] += self.ego.s - before
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

    def idm(self, user: User) -> float:
        """Acceleration by the Intelligent Driver Model (Treiber, Hennecke, Helbing 2000), bounded below."""
        a, b, headway, standstill = 1.5, 2.0, 1.0, 2.0
        if user.kind == Kind.CYCLIST:
            a, headway, standstill = 0.8, 0.25, 0.5
        desired = user.desired_speed
        if user.intent != Intent.STRAIGHT and self.tick >= user.t3:
            desired = min(desired, user.turn_speed)
        acceleration = max(a * (1 - (user.speed / desired) ** 4), -b)
        ahead = [
            (other.s - user.s - (other.length + user.length) / 2, other.speed)
            for other in self.users
            if other.kind != Kind.NOBODY and user.s < other.s < self.road.shared(user.route, other.route)
        ]
        if ahead:
            gap, leader_speed = min(ahead)
            approach = user.speed * (user.speed - leader_speed) / (2 * math.sqrt(a * b))
            wanted = max(standstill + headway * user.speed + approach, 0.0)
            acceleration -= a * (wanted / max(gap, 0.1)) ** 2
        return max(acceleration, -6.0)

    def move_along(self, user: User) -> None:
        speed = max(user.speed + user.acceleration * self.dt, 0.0)
        user.acceleration = (speed - user.speed) / self.dt
        user.s += (user.speed + speed) / 2 * self.dt
        user.speed = speed
        user.at, user.heading = self.road.locate(user.route, user.s)
        if user.s >= self.road.length(user.route):
            user.kind = Kind.NOBODY

    def move_ego(self, action, driven: bool) -> None:
        ego, task, dt = self.ego, self.task, self.dt
        if driven and self.continuous:
            pedal, wheel = float(action[0]), float(action[1])
            acceleration = pedal * (task.acceleration if pedal > 0 else task.braking)
            acceleration = min(acceleration, (task.max_speed - ego.speed) / dt)
            steering = wheel * MAX_STEERING
        else:
            acceleration = clamp((self.target_speed - ego.speed) / dt, -task.braking, task.acceleration)
            steering = self.pursue()
        guess = ego.s + self.bicycle(acceleration, steering)
        if self.continuous and guess < self.road.entry + 6.0:  # the way that it is nearest to; its own wins a tie
            ways = [ego.intent, *sorted(task.branches)]
            ego.intent = min(ways, key=lambda way: abs(self.project((ego.arm, way), guess)[1]))
        ego.s, ego.offset = self.project(ego.route, guess)

    def pursue(self) -> float:
        """Steering angle of pure pursuit [rad]: along the arc through a point of the route ahead."""
        ego, rear = self.ego, WHEELBASE / 2
        aim, _ = self.road.locate(ego.route, ego.s + max(3.0, 0.5 * ego.speed))
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

    def project(self, route: Route, s: float) -> tuple[float, float]:
        """The ego's arc length and its offset to the left of ``route`` [m], searched near ``s``."""
        place, heading = self.road.locate(route, s)
        s += ((self.ego.at - place) * heading.conjugate()).real
        place, heading = self.road.locate(route, s)
        return s, ((self.ego.at - place) * heading.conjugate()).imag

    def squeezes_a_cyclist(self) -> bool:
        body = self.ego.corners()
        cyclists = [user for user in self.users[1:] if user.kind == Kind.CYCLIST]
        return any(distance(body, user.at) - user.width / 2 < 1.5 for user in cyclists)

    def how_it_stands(self) -> End:
        ego, body = self.ego, self.ego.corners()
        if any(user.kind != Kind.NOBODY and touch(body, user.corners()) for user in self.users[1:]):
            return End.COLLISION
        if ego.s >= self.road.entry + self.task.goal_at:
            right = self.users[1].intent if self.task.goal is None else self.task.goal
            return End.GOAL if ego.intent == right else End.WRONG_WAY
        if abs(ego.offset) > 0.75 * self.scenario.lane_width + 1.0:
            return End.OFF_ROAD
        return End.TIME_LIMIT if self.tick >= self.time_limit else End.RUNNING

    # ---- what is seen

    def show(self, user: User) -> Signal:
        if not user.signals or user.intent == Intent.STRAIGHT or user.phase != Phase.CUE:
            return Signal.NONE
        cycles = (self.tick - user.t1) * self.dt * user.flash_rate + user.flash_phase
        if user.kind != Kind.CYCLIST and cycles % 1.0 >= 0.5:
            return Signal.NONE
        return Signal.LEFT if user.intent == Intent.LEFT else Signal.RIGHT

    def is_visible(self, user: User) -> bool:
        x0, y0, x1, y1 = self.scenario.fog
        foggy = x0 < user.at.real < x1 and y0 < user.at.imag < y1
        return user.kind != Kind.NOBODY and not foggy and abs(user.at - self.ego.at) <= self.scenario.sight

    def observe(self) -> list[float]:
        ego, bound = self.ego, lambda value: clamp(value, -1.0, 1.0)
        if self.continuous:
            self.target_speed = ego.speed
        _, along = self.road.locate(ego.route, ego.s)
        row = [
            float(self.tick >= self.hands_on),
            bound(ego.speed / 20),
            bound(self.target_speed / 20),
            ego.intent - 1.0,
            bound((self.road.entry - ego.s) / 60),
            bound(ego.offset / 5),
            bound((ego.heading * along.conjugate()).imag),
            bound(ego.steering / 0.6),
        ]
        for user in self.users[1:]:
            user.phase = Phase(sum(self.tick >= t for t in (user.t1, user.t2, user.t3)))
            user.signal, user.seen = self.show(user), self.is_visible(user)
            towards = (user.at - ego.at) * ego.heading.conjugate() / 60
            turned = user.heading * ego.heading.conjugate()
            columns = [
                1.0,
                float(user.kind == Kind.CYCLIST),
                bound(towards.real),
                bound(towards.imag),
                bound(turned.real),
                bound(turned.imag),
                bound(user.speed / 20),
                float(user.signal == Signal.LEFT),
                float(user.signal == Signal.RIGHT),
            ]
            row += columns if user.seen else [0.0] * len(columns)
        return row
