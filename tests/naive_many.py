"""The naive world with several agents: it becomes the world of each of them in turn."""

from __future__ import annotations

import math

from kindergarten.playground.drivers import Deed
from kindergarten.playground.rules import Lamps, Rules
from kindergarten.world.codes import Action, End, Intent, Kind, Signal
from kindergarten.world.config import Config, Scenario
from kindergarten.world.road import RoadMap
from tests.naive import NaiveWorld
from tests.naive_parts import SplitMix64, User
from tests.naive_scene import TURNS

LAMP = {Deed.SIGNAL_LEFT: Signal.LEFT, Deed.SIGNAL_OFF: Signal.NONE, Deed.SIGNAL_RIGHT: Signal.RIGHT}
BLAME = {End.GOAL: "goal", End.COLLISION: "collision", End.OFF_ROAD: "wrong_way"}
SIDE = {Signal.LEFT: 1.0, Signal.RIGHT: -1.0}


class Driver:
    """What an agent has beside its body; or the scripted human who sits there instead."""

    def __init__(self, body: User, human: bool, works: bool, guided: bool, tick: int, time_limit: int) -> None:
        self.body, self.human, self.works, self.guided = body, human, works, guided
        self.target, self.end, self.time_limit = body.desired_speed, End.RUNNING, time_limit
        self.lamp, self.since, self.born = Signal.NONE, tick, tick
        self.terms: dict[str, float] = {}
        body.cue_signal, body.truthful = (TURNS.get(body.intent, Signal.NONE), True) if human else (Signal.NONE, False)
        body.reveal = 0 if body.choices < 2 else body.t3 if human else 1 << 40

    @property
    def drives(self) -> bool:
        return not self.human and self.end == End.RUNNING


class NaiveMany(NaiveWorld):
    """One world whose first members are driven by agents, or by humans in their seats."""

    def __init__(self, scenario: Scenario, config: Config, seed: int, road: RoadMap, rules: Rules) -> None:
        super().__init__(scenario, config, seed, road)
        self.rules = rules

    def begin(self) -> None:
        """Draw a new scene."""
        self.draw_scene({})
        self.everybody, seats = self.users, [member.learns for member in self.members].count(True)
        scene, self.random = self.random, SplitMix64(0)
        self.random.state = SplitMix64.mix(scene.state ^ 0x5EA7)
        spared = int(self.random.uniform() * seats)
        self.drivers = []
        for i, body in enumerate(self.everybody[:seats]):
            human = self.random.uniform() < self.rules.humans and i != spared
            if human:
                body.member += len(self.everybody)
                body.t1, body.t2 = self.everybody[1].t1, self.everybody[1].t2
            self.drivers.append(self.sit(body, human, self.time_limit))
        self.random = scene
        self.show_all()

    def sit(self, body: User, human: bool, time_limit: int) -> Driver:
        luck = self.random.uniform()
        works, guided = luck >= self.rules.defects, luck >= 1.0 - self.rules.honest
        return Driver(body, human, works, works and guided, self.tick, time_limit)

    @property
    def bodies(self) -> list[User]:
        return [driver.body for driver in self.drivers if not driver.human]

    def become(self, driver: Driver) -> None:
        """From here on all is asked of ``driver``; the other seats come first, from the next one on."""
        i, seats = self.drivers.index(driver), len(self.drivers)
        self.ego, self.target_speed, self.time_limit = driver.body, driver.target, driver.time_limit
        turned = [self.everybody[(i + turn) % seats] for turn in range(seats)]
        self.users = [*turned, *self.everybody[seats:]]

    def act(self, deeds: list[int]) -> list[float]:
        """Take a decision; rewards."""
        driving = [driver for driver in self.drivers if driver.drives]
        for driver, deed in zip(self.drivers, deeds, strict=True):
            driver.terms = dict.fromkeys(self.task.weights.__dataclass_fields__, 0.0)
            if driver.drives:
                self.become(driver)
                if deed in LAMP and LAMP[Deed(deed)] != driver.lamp:
                    driver.lamp, driver.since = LAMP[Deed(deed)], self.tick
                self.choose(Action(deed) if deed not in LAMP else Action.IDLE)
                driver.target = self.target_speed
        for _ in range(self.config.substeps):
            self.everybody_moves()
        rewards = self.rewards(driving)
        if self.rules.endless:
            for i, driver in enumerate(self.drivers):
                if driver not in driving and not driver.body.present:
                    self.renew(i, driver.human)
        self.show_all()
        return rewards

    def rewards(self, driving: list[Driver]) -> list[float]:
        """Each one's own, and as far as it is social the mean of the others'."""
        weights, cost = vars(self.task.weights), self.rules.signal_cost * self.dt * self.config.substeps
        own = [
            sum(d.terms[name] * weight for name, weight in weights.items())
            - (cost if d in driving and d.lamp != Signal.NONE else 0.0)
            for d in self.drivers
        ]
        if len(driving) < 2:
            return own
        rest = [(sum(own) - its) / (len(driving) - 1) for its in own]
        mixed = [its + self.rules.social * (theirs - its) for its, theirs in zip(own, rest, strict=True)]
        return [reward if d in driving else 0.0 for d, reward in zip(self.drivers, mixed, strict=True)]

    def everybody_moves(self) -> None:
        """One physics step."""
        driving = [driver for driver in self.drivers if driver.drives]
        present = [user for user in self.everybody if user.present and not any(user is body for body in self.bodies)]
        self.users = self.everybody
        for user in present:
            user.acceleration = self.wish(user)
        for driver in driving:
            self.moves(driver)
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

    def moves(self, driver: Driver) -> None:
        """Along its way: braking with one hand if an arm is out; a car's lamp goes off as its wheel comes back."""
        self.become(driver)
        body, before, wheel = driver.body, driver.body.s, driver.body.steering
        if body.kind == Kind.CYCLIST and body.signal != Signal.NONE and self.rules.signals != Lamps.TOLD:
            self.target_speed = max(self.target_speed, body.speed - self.task.braking / 2 * self.dt)
        self.move_ego(Action.IDLE, True)
        driver.terms["progress"] += body.s - before
        side = SIDE.get(driver.lamp, 0.0)
        if body.kind != Kind.CYCLIST and side * wheel > 0.05 >= side * body.steering:
            driver.lamp = Signal.NONE

    def renew(self, i: int, human: bool) -> None:
        """Somebody else comes into seat ``i``, if nobody is within 14 m of where it begins."""
        member = self.members[i]
        body = self.draw_user(i, member, self.everybody[max(i - 1, 0)])
        self.apply_intent(body, member)
        seconds = math.exp(self.random.uniform(*map(math.log, member.cue)))
        body.member += len(self.everybody) if human else 0
        body.t1, body.t2 = self.tick, self.tick + round(seconds / self.dt)
        body.t3 = body.t2
        self.place(body, member, until=body.t3)
        others = [user for user in self.everybody if user.present]
        if not body.present or any(abs(user.at - body.at) < 14.0 for user in others):
            return
        self.everybody[i] = body
        self.drivers[i] = self.sit(body, human, body.t3 + round(self.task.time_limit / self.dt))

    def is_followed(self, user: User, other: User) -> bool:
        """Each agent is the ego to who is scripted."""
        self.ego = next(body for body in self.bodies if body is other or body is self.bodies[-1])
        return super().is_followed(user, other)

    def has_way(self, user: User, other: User) -> bool:
        """Likewise."""
        self.ego = next(body for body in self.bodies if body is other or body is self.bodies[-1])
        return super().has_way(user, other)

    def show_all(self) -> None:
        """What this frame shows of everybody."""
        for user in self.everybody:
            user.signal = self.show(user)

    def show(self, user: User) -> Signal:
        """An agent's lamps, as the rules have them; a human's, and all others', as ever."""
        driver = next((driver for driver in self.drivers if driver.body is user and not driver.human), None)
        if driver is None:
            return super().show(user)
        truth = TURNS.get(user.intent, Signal.NONE)
        if self.rules.signals == Lamps.TOLD:
            return truth
        near = self.rules.signals == Lamps.EARLY and self.road.entry - user.s <= 25.0
        if not driver.works or near or self.rules.signals == Lamps.OFF:
            return Signal.NONE
        guided = driver.guided or self.rules.signals == Lamps.HONEST
        lamp, since = (truth, driver.born) if guided else (driver.lamp, driver.since)
        cycles = (self.tick - since) * self.dt * user.flash_rate + user.flash_phase
        return lamp if user.kind == Kind.CYCLIST or cycles % 1.0 < 0.5 else Signal.NONE

    def seen_by(self, driver: Driver) -> dict[str, float]:
        """By the columns' names."""
        self.become(driver)
        row, goal, lamp = self.observe(), driver.body.intent, driver.lamp
        own = {f"goal_{way.name.lower()}": goal == way for way in (Intent.LEFT, Intent.STRAIGHT, Intent.RIGHT)}
        own |= {"asks_left": lamp == Signal.LEFT, "asks_right": lamp == Signal.RIGHT, "social": self.rules.social}
        return row | {f"ego.{name}": float(value) for name, value in own.items()}
