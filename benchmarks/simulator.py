"""How fast the worlds are: ``python -m benchmarks.simulator [--quick] [--out FILE]``.

All entries, those of others included, take turns in one process and on one core, with random actions drawn beforehand;
resets of finished worlds are part of it. A road-user step is one physics step (0.1 s, in ours) of one road user; one of
our decisions has two.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from itertools import cycle
from typing import Any

import gymnasium
import numpy as np

from benchmarks import others
from benchmarks.common import ROOT, Done, Rates, Work, about, command_line, race, ratio, spread, write
from kindergarten.envs.vector import KindergartenVectorEnv
from kindergarten.scenarios import SCENARIOS
from kindergarten.world.config import Scenario
from kindergarten.world.simulator import Simulator

PACKAGES = ("numpy", "numba", "gymnasium", "stable-baselines3", "highway-env", "metadrive-simulator", "minigrid")
USERS = 8
SIMULATOR, SINGLE_WORLD = "simulator, {:,} worlds", "simulator, 1 world"
OTHER, LARGE = "simulator, {}", ("Crossroads", "Town")
VECTOR, SB3 = "vector env, {:,} worlds", "SB3 VecEnv, {:,} worlds"
CROSSING, FOLLOW = "Crossing-v0, gymnasium.make", "Follow-v0, gymnasium.make"
CARTPOLE, CARTPOLES = "CartPole-v1, gymnasium.make", "CartPole-v1, vector env, {:,} worlds"

#: What another process does until it has taken its first step.
FIRST_STEP = """
import time
start = time.perf_counter()
import gymnasium, kindergarten.envs
imported = time.perf_counter()
env = gymnasium.make("Kindergarten/Crossing-v0")
env.reset(seed=0)
env.step(0)
print(imported - start, time.perf_counter() - imported, time.process_time())
"""


def crowd(size: int = USERS) -> Scenario:
    """Crossing with as many road users: the group ride is longer."""
    scenario = SCENARIOS["Crossing"]
    *_, before, last = scenario.casts[0]
    pace = last.arrival_offset[0] - before.arrival_offset[0]
    later = (tuple(offset + pace * k for offset in last.arrival_offset) for k in range(1, size))
    riders = [replace(last, arrival_offset=offset) for offset in later]
    return replace(scenario, casts=((*scenario.casts[0], *riders)[:size],))


def actions(choices: int, *shape: int) -> Iterator[Any]:
    """Random actions without end, drawn beforehand."""
    return cycle(np.random.default_rng(0).integers(choices, size=(251, *shape)))


def simulator(scenario: Scenario, worlds: int, steps: int) -> Work:
    """The core itself, with resets of what has ended."""
    core = Simulator(scenario, worlds)
    core.reset()
    todo, each = actions(5, worlds), core.num_users * core.config.substeps

    def work() -> Done:
        for _ in range(steps):
            out = core.step(next(todo))
            ended = out.terminated | out.truncated
            if ended.any():
                core.reset(ended)
        return Done(worlds * steps, worlds * steps * each)

    return work


def vector(env: Any, worlds: int, choices: int, steps: int) -> Work:
    """A vector environment: Gymnasium's, or Stable-Baselines3's, which differ in nothing that matters here."""
    env.reset()
    todo = actions(choices, worlds)
    core = env.unwrapped.simulator if isinstance(env, KindergartenVectorEnv) else None
    each = core.num_users * core.config.substeps if core else 0

    def work() -> Done:
        for _ in range(steps):
            env.step(next(todo))
        return Done(worlds * steps, worlds * steps * each)

    return work


def entries(worlds: int, sb3_worlds: int) -> dict[str, Work]:
    """All that take part: what is not installed does not."""
    kinder = {"vectorization_mode": "vector_entry_point", "num_envs": worlds}
    ours = gymnasium.make_vec("Kindergarten/Crossing-v0", scenario=crowd(), **kinder)
    found = {
        SIMULATOR.format(worlds): simulator(crowd(), worlds, 20),
        **{OTHER.format(name): simulator(SCENARIOS[name], worlds, 20) for name in LARGE},
        VECTOR.format(worlds): vector(ours, worlds, 5, 20),
        CARTPOLES.format(worlds): vector(gymnasium.make_vec("CartPole-v1", **kinder), worlds, 2, 20),
        SINGLE_WORLD: simulator(crowd(), 1, 500),
        CROSSING: others.single(gymnasium.make("Kindergarten/Crossing-v0"), 500),
        FOLLOW: others.single(gymnasium.make("Kindergarten/Follow-v0"), 500),
        CARTPOLE: others.single(gymnasium.make("CartPole-v1"), 500),
    }
    try:
        from kindergarten.envs.sb3 import make_sb3

        vec = make_sb3("Kindergarten/Crossing-v0", sb3_worlds, seed=0, scenario=crowd())
        found[SB3.format(sb3_worlds)] = vector(vec, sb3_worlds, 5, 20)
    except ModuleNotFoundError:
        print("stable-baselines3 is not installed: left out")
    return found | others.entries()


def ratios(rates: dict[str, Rates], worlds: int) -> dict[str, dict[str, float]]:
    """What was promised, and what people ask about."""
    core, envs = rates[SIMULATOR.format(worlds)], rates[VECTOR.format(worlds)]
    pairs = [
        ("vector env / simulator", envs, core, 0.5),
        ("Crossing-v0 / CartPole-v1, gymnasium.make", rates[CROSSING], rates[CARTPOLE], 0.5),
        ("Follow-v0 / CartPole-v1, gymnasium.make", rates[FOLLOW], rates[CARTPOLE], 0.5),
        ("vector env / CartPole-v1, vector env", envs, rates[CARTPOLES.format(worlds)], None),
    ]
    found = {name: ratio(above.decisions, below.decisions, target) for name, above, below, target in pairs}
    if other := rates.get(others.HIGHWAY_CLOCK):
        # By our clock it decides more often, by its own it moves more road users: each time what is better for it.
        steps = max((rates.get(others.HIGHWAY, other).user_steps, other.user_steps), key=np.median)
        found["Crossing-v0 / highway-env, decisions"] = ratio(rates[CROSSING].decisions, other.decisions)
        found["vector env / highway-env, road-user steps"] = ratio(envs.user_steps, steps)
    return found


def start_up(warm: int) -> dict[str, dict[str, dict[str, float]]]:
    """Seconds that a new process needs to its first step: all kernels compiled, and from the cache.

    On the wall from the import on; ``processor`` is the process's whole time on a core.
    """
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {"NUMBA_CACHE_DIR": folder}

        def once() -> list[float]:
            shell = [sys.executable, "-c", FIRST_STEP]
            done = subprocess.run(shell, cwd=ROOT, env=environment, check=True, capture_output=True, text=True)
            return [float(word) for word in done.stdout.split()]

        cold = [once()]
        found = {"cold": cold, "warm": [once() for _ in range(warm)]}
    names = ("import", "first_step", "processor")
    return {
        state: {name: spread(column, 2) for name, column in zip(names, np.transpose(runs), strict=True)}
        for state, runs in found.items()
    }


def measure(worlds: int, sb3_worlds: int, rounds: int, seconds: float) -> dict[str, Any]:
    """The race and its ratios."""
    made = about("simulator", PACKAGES)
    rates = race(entries(worlds, sb3_worlds), rounds, seconds)
    return {
        **made,
        "settings": {"road_users": USERS, "rounds": rounds, "seconds_per_turn": seconds, "threads": 1},
        "rates": {name: rate.summary() for name, rate in rates.items()},
        "ratios": ratios(rates, worlds),
    }


def show(result: dict[str, Any]) -> None:
    """Print a result as people read it."""
    print(f"\n{'median (least..most), per second of one core':44} {'decisions':>38} {'road-user steps':>16}")
    for name, row in result["rates"].items():
        rate, steps = row["decisions_per_s"], row.get("road_user_steps_per_s", {"median": 0.0})["median"]
        cells = f"{rate['median']:,.0f} ({rate['min']:,.0f}..{rate['max']:,.0f})"
        print(f"{name:44} {cells:>38} {f'{steps:,.0f}' if steps else '':>16}")
    print()
    for name, row in result["ratios"].items():
        target = f"   at least {row['target']:g}" if "target" in row else ""
        print(f"{name:44} {row['median']:10,.2f} ({row['min']:,.2f}..{row['max']:,.2f}){target}")
    for name, row in result.get("start_up_s", {}).items():
        imports, first, processor = (row[part]["median"] for part in ("import", "first_step", "processor"))
        print(f"first step, {name}: {imports:.1f} s importing, then {first:.1f} s; {processor:.1f} s on a core")


def main(argv: list[str] | None = None) -> int:
    """Run the command line."""
    parser = command_line("simulator", __doc__)
    parser.add_argument("--quick", action="store_true", help="a few seconds; rough, and no compile times")
    parser.add_argument("--rounds", type=int, default=9, help="turns of each (default: %(default)s)")
    parser.add_argument("--seconds", type=float, default=1.0, help="length of a turn (default: %(default)s)")
    options = parser.parse_args(argv)
    rounds, seconds = (2, 0.1) if options.quick else (options.rounds, options.seconds)
    result = measure(1024, 256, rounds, seconds)
    if not options.quick:
        result["start_up_s"] = start_up(warm=3)
    show(result)
    if options.out:
        write(options.out, result)
    return 0


if __name__ == "__main__":
    sys.exit(main())
