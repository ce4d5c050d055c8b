"""What knowing is worth and how fast several agents are.

python -m benchmarks.playground [--seeds N] [--out benchmarks/results/playground.json]

The joint planner drives every pair of plans in every pair of goals. In Meeting rules without memory drive as well.
Speed: random actions on one core, per second of processor time; an agent decision is one decision of one agent, two
physics steps of its world. After each seed the result is written anew, so it may be stopped, and goes on where it was.
"""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.common import about, command_line, read, show_row, spread, write
from kindergarten.playground import PLAYGROUNDS
from kindergarten.playground.drivers import Deed
from kindergarten.playground.planner import best_plans, chances_of, channel, mean_of, outcomes_of_plans, pairs_of
from kindergarten.playground.rules import make_rules
from kindergarten.playground.sight import columns_of_seat
from kindergarten.playground.world import Playground
from kindergarten.playground.worth import SEEDS, known_channel, store
from kindergarten.scoring.agent import FunctionAgent
from kindergarten.scoring.together import drive_together
from kindergarten.world.codes import ARMS, End
from kindergarten.world.config import Scenario

STEPS = 20  # before most episodes have ended
TEAMS = ("told", "muted", "unbraked")
FATES = {"goals": End.GOAL, "collisions": End.COLLISION}


def crowd() -> Scenario:
    """Eight agents and nobody else: two on each arm of Meeting's junction, one behind the other."""
    meeting = PLAYGROUNDS["Meeting"]
    seats = [replace(meeting.casts[0][0], arm=arm, arrival_position=-1.0 - 12.0 * k) for k in range(2) for arm in ARMS]
    return replace(meeting, name="Crowd", casts=(tuple(seats),))


def planned(scenario: Scenario, seed: int) -> dict[str, Any]:
    """Mean returns of an agent, and the shares of agents that come to their goals and that collide, of every team."""
    chances, found = chances_of(scenario), []
    for pair in pairs_of(scenario):
        returns, ends = outcomes_of_plans(pair, seed)
        plans = best_plans(returns, chances)
        fates = [mean_of((ends == end).mean(axis=-1), plans, chances) for end in FATES.values()]
        found.append([mean_of(returns, plans, chances), *fates])
    values = np.mean(found, axis=0).round(6).tolist()
    return {what: dict(zip(TEAMS, row, strict=True)) for what, row in zip(("returns", *FATES), values, strict=True)}


def columns_of(observations: np.ndarray) -> dict[str, np.ndarray]:
    """What each seat of Meeting sees (seats, D), by the names of its columns."""
    columns = [column.name for column in columns_of_seat(PLAYGROUNDS["Meeting"].num_users)]
    return dict(zip(columns, observations.T, strict=True))


def by_one_frame(observations: np.ndarray) -> np.ndarray:
    """What a rule without a state does in Meeting (seats, D): its own speed is all the memory that it needs.

    Who turns left says so. Who goes straight on brakes at every frame in which the other's left lamp is lit, stays as
    slow while it is dark, and speeds up once the other is past.
    """
    seen = columns_of(observations)
    tells = (seen["ego.goal_left"] == 1) & (seen["ego.asks_left"] == 0)
    past = (seen["user1.seen"] == 0) | (seen["user1.ahead"] * 60 < 6)  # [m]
    brakes = (seen["ego.goal_straight"] == 1) & (seen["user1.signals_left"] == 1) & (seen["ego.to_junction"] * 60 < 30)
    return np.select([tells, brakes & ~past, past], [Deed.SIGNAL_LEFT, Deed.SLOWER, Deed.FASTER], Deed.IDLE)


def by_the_brake(observations: np.ndarray) -> np.ndarray:
    """What a rule does that has neither a state nor a lamp (seats, D): the body speaks.

    Who turns left brakes once as it begins, and then is as fast as ever. Who goes straight on gives way to whoever is
    slower than all begin.
    """
    seen = columns_of(observations)
    speed, aim, other = (20 * seen[name] for name in ("ego.speed", "ego.target_speed", "user1.speed"))  # [m/s]
    way, past = 60 * seen["ego.to_junction"], (seen["user1.seen"] == 0) | (seen["user1.ahead"] * 60 < 6)  # [m]
    turns = seen["ego.goal_left"] == 1
    tells = turns & (way > 25.9) & (np.minimum(speed, aim) > 6.99)
    gives_way = ~turns & (way > 20.0) & (other < 6.9) & ~past
    return np.select([tells | gives_way, turns | past], [Deed.SLOWER, Deed.FASTER], Deed.IDLE)


RULED = {by_one_frame: ("honest", "free", "early"), by_the_brake: ("off",)}  # by what lamps show


def ruled() -> dict[str, dict[str, dict[str, float]]]:
    """What those rules are worth: on the seeds and the scale of those who have learned."""
    found, meeting = {}, PLAYGROUNDS["Meeting"]
    for rule, lamps in RULED.items():
        found[rule.__name__] = {}
        for signals in lamps:
            story = drive_together([FunctionAgent(rule)], meeting, make_rules(signals=signals), SEEDS)
            score, hits = known_channel(meeting).communication(story.by_seed), story.share(End.COLLISION)
            found[rule.__name__][signals] = {"communication": round(score, 3), "collision_rate": round(hits, 4)}
    return found


def agent_decisions(scenario: Scenario, worlds: int, rounds: int) -> dict[str, float]:
    """Decisions of agents per second of processor time, of those that drive on; spread over rounds."""
    playground = Playground(scenario, worlds)
    playground.reset()
    start, rates = playground.snapshot(), []
    deeds = np.random.default_rng(0).integers(0, len(Deed), (STEPS, worlds, playground.agents))
    playground.step(deeds[0])  # compiles
    for _ in range(rounds):
        playground.restore(start)
        seconds, decisions = 0.0, 0
        for row in deeds:
            decisions += int(playground.acting().sum())
            began = time.process_time()
            playground.step(row)
            seconds += time.process_time() - began
        rates.append(decisions / seconds)
    return spread(rates)


def main(words: list[str] | None = None) -> None:
    """Measure what is missing, print and write."""
    parser = command_line("playground", __doc__, seeds=8)
    parser.add_argument("--scenarios", nargs="+", choices=PLAYGROUNDS, default=list(PLAYGROUNDS), metavar="NAME")
    parser.add_argument("--first", type=int, default=1000, help="seed; nothing was tuned on those from 1000 on")
    parser.add_argument("--worlds", type=int, default=1024, help="that the speed is measured with")
    parser.add_argument("--rounds", type=int, default=10, help="of the speed; 0: it is not measured")
    parser.add_argument("--store", action="store_true", help="keep what lamps are worth where two meet, and no more")
    asked = parser.parse_args(words)
    if asked.store:
        store({name: channel(its, SEEDS) for name, its in PLAYGROUNDS.items() if len(pairs_of(its)) == 1})
        return
    made, result = about("playground", ("numpy", "numba")), read(asked.out)
    there = {(row["scenario"], row["seed"]) for row in result["rows"]}
    for name in asked.scenarios:
        for seed in range(asked.first, asked.first + asked.seeds):
            if (name, seed) not in there:
                row = {"scenario": name, "seed": seed, **planned(PLAYGROUNDS[name], seed)}
                show_row(row)
                result["rows"].append(row | made)
                keep(asked.out, result)
    for name, its in ruled().items():
        result[name] = its | made
        print(f"{name}, in Meeting: {its}")
    keep(asked.out, result)
    for scenario in (*PLAYGROUNDS.values(), crowd()) if asked.rounds else ():
        seats = sum(member.learns for member in scenario.casts[0])
        rates = {"agent_decisions_per_s": agent_decisions(scenario, asked.worlds, asked.rounds)}
        size = {"agents": seats, "road_users": scenario.num_users}
        result.setdefault("rates", {})[scenario.name] = size | rates | made
        print(f"{scenario.name}: {rates}")
        keep(asked.out, result)


def keep(out: Path | None, result: dict[str, Any]) -> None:
    """Write ``result``, if it shall be written."""
    if out is not None:
        write(out, {"benchmark": "playground", **result})


if __name__ == "__main__":
    main()
