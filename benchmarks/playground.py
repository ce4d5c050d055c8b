"""What a lamp can be worth and how fast several agents are: ``python -m benchmarks.playground [--seeds N]``.

The joint planner drives every pair of plans in every pair of goals. Speed: random actions on one core, processor time,
the best of several rounds; an agent decision is one decision of one agent, two physics steps of its world.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace

import numpy as np

from kindergarten.playground import PLAYGROUNDS
from kindergarten.playground.drivers import Deed
from kindergarten.playground.planner import channel
from kindergarten.playground.world import Playground
from kindergarten.world.codes import ARMS
from kindergarten.world.config import Scenario

STEPS = 20  # before most episodes have ended


def crowd() -> Scenario:
    """Eight agents and nobody else: two on each arm of Meeting's junction, one behind the other."""
    meeting = PLAYGROUNDS["Meeting"]
    seats = [replace(meeting.casts[0][0], arm=arm, arrival_position=-1.0 - 12.0 * k) for k in range(2) for arm in ARMS]
    return replace(meeting, name="Crowd", casts=(tuple(seats),))


def agent_decisions(scenario: Scenario, worlds: int, rounds: int = 10) -> float:
    """Decisions of agents per second of processor time, of those that drive on."""
    playground = Playground(scenario, worlds)
    playground.reset()
    start, best = playground.snapshot(), 0.0
    deeds = np.random.default_rng(0).integers(0, len(Deed), (STEPS, worlds, playground.agents))
    for _ in range(rounds):
        playground.restore(start)
        seconds, decisions = 0.0, 0
        for row in deeds:
            decisions += int(playground.acting().sum())
            began = time.process_time()
            playground.step(row)
            seconds += time.process_time() - began
        best = max(best, decisions / seconds)
    return best


def main(words: list[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seeds", type=int, default=8, help="on which the planner drives; 0: it does not")
    parser.add_argument("--worlds", type=int, default=1024, help="that the speed is measured with")
    asked = parser.parse_args(words)
    for scenario in PLAYGROUNDS.values() if asked.seeds else ():
        found = channel(scenario, np.arange(asked.seeds))
        told, muted, unbraked = (values.mean() for values in (found.told, found.muted, found.unbraked))
        print(
            f"{scenario.name}: told {told:.3f}, muted {muted:.3f}, never braking {unbraked:.3f}; the channel is worth "
            f"{told - muted:.3f}, {found.worth:.0%} of what never braking costs"
        )
    for scenario in (*PLAYGROUNDS.values(), crowd()):
        seats = sum(member.learns for member in scenario.casts[0])
        rate = agent_decisions(scenario, asked.worlds)
        print(f"{scenario.name}, {seats} agents of {scenario.num_users} road users: {rate:,.0f} agent decisions/s")


if __name__ == "__main__":
    main()
