"""The naive world with several agents: it becomes the world of each of them in turn."""

from __future__ import annotations

from kindergarten.playground.drivers import Deed
from kindergarten.world.codes import Action, End, Kind, Signal
from tests.naive import NaiveWorld
from tests.naive_parts import User

LAMP = {Deed.SIGNAL_LEFT: Signal.LEFT, Deed.SIGNAL_OFF: Signal.NONE, Deed.SIGNAL_RIGHT: Signal.RIGHT}
BLAME = {End.GOAL: "goal", End.COLLISION: "collision", End.OFF_ROAD: "wrong_way"}


class Driver:
    """What an agent has beside its body."""

    def __init__(self, body: User) -> None:
        self.body, self.target, self.end = body, body.desired_speed, End.RUNNING
        self.lamp, self.since = Signal.NONE, 0
        self.terms: dict[str, float] = {}


class NaiveMany(NaiveWorld):
    """One world whose first members are driven by agents."""

    def begin(self) -> None:
        """Draw a new scene."""
        self.draw_scene({})
        self.everybody = self.users
        self.drivers = [Driver(self.users[i]) for i, member in enumerate(self.members) if member.learns]
        self.bodies = [driver.body for driver in self.drivers]
        self.scripted = self.everybody[len(self.bodies) :]
        for body in self.bodies:
            body.cue_signal, body.truthful = Signal.NONE, False
            body.reveal = 1 << 40 if body.choices > 1 else 0

    def become(self, driver: Driver) -> None:
        """From here on all is asked of ``driver``."""
        self.ego, self.target_speed = driver.body, driver.target
        self.users = [driver.body, *(user for user in self.everybody if user is not driver.body)]

    def act(self, deeds: list[int]) -> list[float]:
        """Take a decision; rewards."""
        for driver, deed in zip(self.drivers, deeds, strict=True):
            driver.terms = dict.fromkeys(self.task.weights.__dataclass_fields__, 0.0)
            if driver.end != End.RUNNING:
                continue
            self.become(driver)
            if deed in LAMP and LAMP[Deed(deed)] != driver.lamp:
                driver.lamp, driver.since = LAMP[Deed(deed)], self.tick
            self.choose(Action(deed) if deed not in LAMP else Action.IDLE)
            driver.target = self.target_speed
        for _ in range(self.config.substeps):
            self.everybody_moves()
        return [sum(d.terms[name] * weight for name, weight in vars(self.task.weights).items()) for d in self.drivers]

    def everybody_moves(self) -> None:
        """One physics step."""
        driving = [driver for driver in self.drivers if driver.end == End.RUNNING]
        present = [user for user in self.scripted if user.present]
        self.users = self.everybody
        for user in present:
            user.acceleration = self.wish(user)
        for driver in driving:
            self.become(driver)
            before = driver.body.s
            self.move_ego(Action.IDLE, True)
            driver.terms["progress"] += driver.body.s - before
        for user in present:
            self.move_along(user)
        self.tick += 1
        for driver in driving:
            self.become(driver)
            driver.terms["time"] += self.dt
            driver.terms["harsh_braking"] += max(-driver.body.acceleration - 3.4, 0.0) * self.dt
            driver.terms["clearance"] += self.dt * self.squeezes_a_cyclist()
            driver.end = self.how_it_stands()
            if driver.end in BLAME:
                driver.terms[BLAME[driver.end]] += 1.0
            if driver.body.s >= self.road.fork[driver.body.route]:
                driver.body.reveal = min(driver.body.reveal, self.tick)
        for driver in driving:
            if driver.end != End.RUNNING:
                driver.body.kind = Kind.NOBODY

    def is_followed(self, user: User, other: User) -> bool:
        """Each agent is the ego to who is scripted."""
        self.ego = other if other in self.bodies else self.bodies[0]
        return super().is_followed(user, other)

    def has_way(self, user: User, other: User) -> bool:
        """Likewise."""
        self.ego = other if other in self.bodies else self.bodies[0]
        return super().has_way(user, other)

    def lit(self, driver: Driver) -> Signal:
        """What its lamps show, if they are its own and work."""
        cycles = (self.tick - driver.since) * self.dt * driver.body.flash_rate + driver.body.flash_phase
        return driver.lamp if cycles % 1.0 < 0.5 else Signal.NONE
