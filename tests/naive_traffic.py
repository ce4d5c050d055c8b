"""The naive world's scripted drivers: whom they follow, whom they yield to, and where they stop."""

from __future__ import annotations

import math

from kindergarten.world.codes import Kind
from tests.naive_parts import Pair, User
from tests.naive_scene import TURNS, NaiveScene


class NaiveTraffic(NaiveScene):
    """Everybody but the ego, as they drive."""

    def wish(self, user: User) -> float:
        """The acceleration that a scripted driver decides on."""
        desired = user.desired_speed
        if user.intent in TURNS and self.tick >= user.t3:
            desired = min(desired, user.turn_speed)
        elif user.t1 <= self.tick < user.go:
            desired *= user.last_speed_factor
        a = 0.8 if user.kind == Kind.CYCLIST else 1.5
        free = max(a * (1 - (user.speed / desired) ** 4), -2.0) if desired else -2.0
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
