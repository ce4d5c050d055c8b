"""Does it hold? Random drivers in every scenario, seen in every way: python -m benchmarks.soak --decisions 1e8.

Every observation must be inside its space (so none is NaN), every reward a number, and memory as it was after the
first of the rounds, in each of which all worlds are made anew. What is found ends it with exit code 1.
"""

from __future__ import annotations

import resource
import sys
from collections.abc import Iterator
from itertools import product
from typing import Any

import numpy as np
from gymnasium import spaces

from benchmarks.common import Clocks, about, command_line, write
from kindergarten.envs.vector import KindergartenVectorEnv
from kindergarten.scenarios import SCENARIOS
from kindergarten.world.codes import Control, Observation, SignalReliability, names

PACKAGES = ("numpy", "numba", "gymnasium")
WORLDS, ROUNDS = 1024, 10
GROWTH = 16.0  # [MB] of the peak after the first round that is still called flat
#: How worlds are made: as by default, and with everything that may be otherwise.
SETTINGS: tuple[dict[str, Any], ...] = (
    {},
    {"delay_s": (0.0, 8.0), "signals": SignalReliability.REAL.name.lower(), "shuffled": True, "hands_on": True}
    | {"rewritten": 0.5, "held": 2}
    | {"spurious": 0.5, "signal_rate": 0.9, "image_size": (40, 72), "grayscale": True},
)


def kinds() -> Iterator[dict[str, Any]]:
    """The keywords of every environment that takes part."""
    for name, observation, control, settings in product(SCENARIOS, names(Observation), names(Control), SETTINGS):
        yield {"scenario": name, "observation": observation, "control": control, **settings}


def faults(space: spaces.Space, seen: Any) -> int:
    """How many of the numbers in a batch of observations are outside the space of one; NaN is."""
    if isinstance(space, spaces.Dict):
        return sum(faults(part, seen[name]) for name, part in space.spaces.items())
    low, high = (space.low, space.high) if isinstance(space, spaces.Box) else (0, 1)
    if seen.shape[1:] != space.shape or seen.dtype != space.dtype:
        return seen.size
    return int(seen.size - np.count_nonzero((low <= seen) & (seen <= high)))


def drive(keywords: dict[str, Any], seed: int, decisions: int, worlds: int) -> dict[str, int]:
    """Drive so many decisions, or a few more, at random; what was done, and what was wrong."""
    env = KindergartenVectorEnv(worlds, autoreset_mode="SameStep", **keywords)
    rng, found = np.random.default_rng(seed), {"decisions": 0, "episodes": 0, "outside": 0, "not_finite": 0}
    space = env.single_observation_space
    found["outside"] += faults(space, env.reset(seed=seed)[0])
    while found["decisions"] < decisions:
        discrete = isinstance(env.single_action_space, spaces.Discrete)
        actions = rng.integers(5, size=worlds) if discrete else rng.uniform(-1.0, 1.0, (worlds, 2))
        seen, rewards, terminated, truncated, infos = env.step(actions)
        found["decisions"] += worlds
        found["episodes"] += int((terminated | truncated).sum())
        found["outside"] += faults(space, seen)
        found["not_finite"] += sum(int((~np.isfinite(row)).sum()) for row in (rewards, infos["terms"]))
    users = env.simulator.users
    found["not_finite"] += sum(int((~np.isfinite(users[name])).sum()) for name in users.dtype.names or ())
    return found


def soak(decisions: int, rounds: int = ROUNDS, worlds: int = WORLDS) -> dict[str, Any]:
    """Drive them all, round after round, and say what was wrong, and how much memory it took at most."""
    made, every, start, peaks = about("soak", PACKAGES), list(kinds()), Clocks.now(), []
    rows: dict[str, dict[str, int]] = {}
    for n in range(rounds):
        for k, keywords in enumerate(every):
            one = drive(keywords, n * len(every) + k, -(-decisions // (rounds * len(every))), worlds)
            row = rows.setdefault(f"{keywords['scenario']}, {keywords['observation']}", dict.fromkeys(one, 0))
            row |= {name: row[name] + number for name, number in one.items()}
        peaks.append(round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1))
        print(f"round {n + 1} of {rounds}: at most {peaks[-1]:,.0f} MB", flush=True)
    wall, processor = Clocks.now().since(start)
    total = {name: sum(row[name] for row in rows.values()) for name in next(iter(rows.values()))}
    return {
        **made,
        "settings": {"worlds": worlds, "rounds": rounds, "kinds_of_environments": len(every)},
        "total": total,
        "memory_mb": {"after_each_round": peaks, "growth": round(peaks[-1] - peaks[0], 1), "allowed": GROWTH},
        "seconds": {"wall": round(wall), "processor": round(processor)},
        "rows": rows,
    }


def main(argv: list[str] | None = None) -> int:
    """Run the command line; 0 if nothing was wrong."""
    parser = command_line("soak", __doc__)
    parser.add_argument("--decisions", type=float, default=1e6, help="in all (default: %(default)g)")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="in which they are made (default: %(default)s)")
    parser.add_argument("--worlds", type=int, default=WORLDS, help="side by side (default: %(default)s)")
    options = parser.parse_args(argv)
    result = soak(int(options.decisions), options.rounds, options.worlds)
    total, memory = result["total"], result["memory_mb"]
    print(f"{total['decisions']:,} decisions, {total['episodes']:,} episodes, {len(result['rows'])} kinds of worlds:")
    print(f"{total['outside']} numbers outside their space, {total['not_finite']} rewards and states not finite,")
    print(f"{memory['growth']:g} MB more than after the first round")
    if options.out:
        write(options.out, result)
    return int(total["outside"] + total["not_finite"] > 0 or memory["growth"] > GROWTH)


if __name__ == "__main__":
    sys.exit(main())
