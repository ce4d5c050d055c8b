"""The world once more, in plain Python and apart from the kernels, which must agree with it step by step.

Clear rather than fast: one world, objects instead of arrays, and the plane as complex numbers, where x + iy is
a place and a direction is a number of length 1 (so that turning is multiplying, and ``.real`` and ``.imag`` of
``d * heading.conjugate()`` are how far ahead and how far to the left something is). Shared with the package:
codes, configurations, the sizes of bodies, and the road's map, which is data and has tests of its own.
"""

from __future__ import annotations

import cmath
import math

from kindergarten.world.codes import Action, Colour, End, Intent, Kind, Phase, Signal
from kindergarten.world.users import (
    MAX_STEERING,
    WHEELBASE,
)
from tests.naive_parts import User, clamp, distance, in_the_way, rectangle, touch
from tests.naive_traffic import NaiveTraffic


class NaiveWorld(NaiveTraffic):
    """One world of a scenario, on the map ``road``."""

    def reset(self, intents: dict[int, Intent | None] | None = None) -> dict[str, float]:
        """Draw a new scene; ``intents`` overrides what was drawn, by row. Returns the observation."""
        self.draw_scene(intents or {})
        return self.observe()

    # ---- one decision

    def step(self, action) -> tuple[dict[str, float], dict[str, float]]:
        """Take a decision. Returns the observation and the weighted reward terms."""
        terms = dict.fromkeys(self.task.weights.__dataclass_fields__, 0.0)
        if self.end == End.RUNNING:
            driven, leg = self.tick >= self.hands_on, self.leg
            for user in self.users:
                if user.leg > self.leg and self.tick >= user.t2:
                    user.kind = Kind.NOBODY
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
        signal, seconds, cycles = user.cue_signal, (self.tick - user.t1) * self.dt, user.flash_phase
        digits, share = user.flash_phase * 4096 % 1, self.config.rewritten
        if digits < share and user.truthful and user.choices > 1:
            cue = user.t2 - user.t1
            if 0.4 * cue <= self.tick - user.t1 < 0.55 * cue:
                return Signal.NONE
            if self.tick - user.t1 < 0.4 * cue:
                either = Signal.LEFT if digits < share / 2 else Signal.RIGHT
                signal = {Signal.LEFT: Signal.RIGHT, Signal.RIGHT: Signal.LEFT}.get(signal, either)
            else:
                seconds -= math.ceil(0.55 * cue) * self.dt
            cycles = 0.0
        if user.kind != Kind.CYCLIST and (seconds * user.flash_rate + cycles) % 1.0 >= 0.5:
            return Signal.NONE
        return signal

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
        if self.continuous and self.tick >= self.hands_on:
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
