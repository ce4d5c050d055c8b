"""How far the scenes are from real roads, and what gentler ones are worth: python -m benchmarks.realism [--out FILE].

For every scenario: how hard its road users corner, how long the lorry's lane change takes, and from how far off a
signal is read, at the default delays and at the ladder's longest, while the ego does nothing. Then scenes with slower
riders, wider curves or a longer lane change, and what is at stake there: the most of those that were tried.
"""

from __future__ import annotations

import math
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np

from benchmarks.common import about, command_line, show_row, write
from kindergarten.envs import KindergartenEnv
from kindergarten.scenarios import SCENARIOS
from kindergarten.scoring.reference import BRAKES, braking, compute
from kindergarten.world.codes import Action, Intent, Kind
from kindergarten.world.config import Config, Junction, Lanes, Member, Roundabout, Scenario

PACKAGES = ("numpy", "numba", "gymnasium")
SEEDS = range(2_000_000, 2_000_012)  # nobody trains on them, and no page's scores are taken on them
LONGEST = 32.0  # [s] of the ladder
G = 9.81  # [m/s^2]


def frames_of(scenario: str, seed: int, intent: Intent, **settings: Any) -> Iterator[np.ndarray]:
    """The road users (N,) at every decision of a world, while the ego does nothing."""
    env = KindergartenEnv(scenario, **settings)
    over = False
    env.reset(seed=seed, options={"intents": [intent.name.lower()]})
    while not over:
        yield env.simulator.users[0].copy()
        *_, terminated, truncated, _ = env.step(Action.IDLE)
        over = terminated or truncated


def driven(scenario: Scenario, **settings: Any) -> list[list[np.ndarray]]:
    """The frames of every seed with every intent."""
    intents = [intent for intent, _ in scenario.casts[0][1].intents]
    return [[*frames_of(scenario.name, seed, intent, **settings)] for seed in SEEDS for intent in intents]


def cornering(worlds: list[list[np.ndarray]]) -> dict[str, float]:
    """The hardest that anybody corners, in g, by what they are: its speed times how fast its heading turns."""
    found: dict[str, float] = defaultdict(float)
    for before, after in (pair for frames in worlds for pair in pairwise(frames)):
        turned = np.arctan2(
            after["sin"] * before["cos"] - after["cos"] * before["sin"],
            after["cos"] * before["cos"] + after["sin"] * before["sin"],
        )
        hard = np.abs(turned) / Config().decision_step * after["speed"] / G
        for kind in (Kind.CYCLIST, Kind.CAR, Kind.TRUCK):
            its = (after["kind"] == kind) & (before["kind"] == kind) & (np.arange(len(after)) > 0)
            found[kind.name.lower()] = max(found[kind.name.lower()], float(hard[its].max(initial=0.0)))
    return {kind: round(most, 2) for kind, most in found.items()}


def read_from(worlds: list[list[np.ndarray]]) -> float:
    """[m] The farthest that a signal is from the ego while it shows."""
    found = 0.0
    for users in (users for frames in worlds for users in frames):
        away = np.hypot(users["x"] - users["x"][0], users["y"] - users["y"][0])
        found = max(found, float(away[(users["signal"] > 0) & (users["seen"] == 1)].max(initial=0.0)))
    return round(found)


def lane_change(scenario: Scenario) -> float | None:
    """[s] How long whoever changes lanes takes for it, at the speed that it slows to."""
    road, member = scenario.road, scenario.casts[0][1]
    return round(road.change / member.turn_speed, 1) if isinstance(road, Lanes) else None


def with_members(scenario: Scenario, change: Callable[[int, Member], Member], **more: Any) -> Scenario:
    """The same scene with other members of the cast."""
    (cast,) = scenario.casts
    return replace(scenario, casts=(tuple(change(i, member) for i, member in enumerate(cast)),), **more)


def crossing(speed: float, half_width: float, due: float) -> Scenario:
    """Crossing with a rider of another speed on a junction of another size; ego and group ride come later to fit."""
    scenario, before = SCENARIOS["Crossing"], 0.6

    def change(i: int, member: Member) -> Member:
        if i == 1:
            return replace(member, speed=(speed, speed), turn_speed=speed)
        low, high = member.arrival_offset
        return replace(member, arrival_offset=(low + due - before, high + due - before))

    return with_members(scenario, change, road=Junction(half_width=half_width))


def overtake(speed: float, turn_speed: float, half_width: float, due: float) -> Scenario:
    """Overtake with a rider of other speeds on a junction of another size, and an ego that comes at another time."""

    def change(i: int, member: Member) -> Member:
        if i == 0:
            return replace(member, arrival_offset=(due, due))
        return replace(member, speed=(speed, speed), turn_speed=turn_speed) if i == 1 else member

    return with_members(SCENARIOS["Overtake"], change, road=Junction(half_width=half_width))


def roundabout(exit_bend: float) -> Scenario:
    """Roundabout with wider bends off the circle."""
    scenario = SCENARIOS["Roundabout"]
    assert isinstance(scenario.road, Roundabout)
    return replace(scenario, road=replace(scenario.road, exit_bend=exit_bend))


def cut_in(change: float, ahead: float) -> Scenario:
    """CutIn with a longer lane change [m], and an ego so far behind the edge at t3."""

    def place(i: int, member: Member) -> Member:
        return member if i else replace(member, arrival_position=ahead)

    return with_members(SCENARIOS["CutIn"], place, road=Lanes(change=change))


DUES = (0.6, 0.75, 0.9, 1.0, 1.1)  # [s] after t3 the ego comes
GENTLER: dict[str, list[Scenario]] = {
    "Crossing, rider at 4.5 m/s": [crossing(4.5, 8.0, due) for due in DUES],
    "Crossing, junction of 24 m instead of 16": [crossing(6.0, 12.0, due) for due in DUES],
    "Overtake, rider at 4.5 m/s": [overtake(4.5, 4.3, 10.0, due) for due in (0.4, 0.5)],
    "Overtake, junction of 28 m instead of 20": [overtake(6.0, 5.0, 14.0, 0.4)],
    "CutIn, lane change of 6 s": [cut_in(85.0, ahead) for ahead in (3.0, 5.0)],
    "Roundabout, bends off it of 12 m instead of 5": [roundabout(12.0)],
}


def stakes(scenario: Scenario) -> list[float]:
    """What is at stake with each of the brakes; not a number where the worst answer costs nothing."""
    found = []
    for strength in BRAKES:
        limits = compute(braking(scenario, strength), Config(), np.array(SEEDS))
        oracle, blind, worst = (row.mean() for row in (limits.oracle, limits.blind, limits.worst))
        found.append(round(float((oracle - blind) / (oracle - worst)), 3) if oracle > worst else math.nan)
    return found


def main(argv: list[str] | None = None) -> int:
    """Measure all of it."""
    parser = command_line("realism", __doc__)
    parser.add_argument("--scenarios", nargs="+", choices=SCENARIOS, default=list(SCENARIOS), metavar="NAME")
    options = parser.parse_args(argv)
    result: dict[str, Any] = {**about("realism", PACKAGES), "rows": [], "gentler": []}
    for name in options.scenarios:
        scenario = SCENARIOS[name]
        usual, longest = driven(scenario), driven(scenario, delay_s=LONGEST)
        away = {"signal_read_m": read_from(usual), "signal_read_longest_m": read_from(longest)}
        row = {"scenario": name, "g": cornering(usual), "lane_change_s": lane_change(scenario), **away}
        result["rows"].append(row)
        show_row(row)
    for name, tried in GENTLER.items():
        if name.split(",")[0] in options.scenarios:
            best = np.nanmax([stakes(scenario) for scenario in tried], axis=0)
            result["gentler"].append(
                {"scene": name, "tried": len(tried), "stakes": dict(zip(map(str, BRAKES), best.tolist(), strict=True))}
            )
            show_row(result["gentler"][-1])
    if options.out:
        write(options.out, result)
    return 0


if __name__ == "__main__":
    sys.exit(main())
