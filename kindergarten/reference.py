"""The 0 and the 1 of every score: what the best driver without memory earns, and the best that knows the intents.

Both are found by search, running the simulator itself on twins. A plan is a prefix p, followed until the scene's
t3, and a continuation c, chosen after it. With every plan tried on every seed s and every intent i

    oracle = mean_s mean_i max_{p,c} return(s, i, p, c)
    blind  = mean_s max_p mean_i max_c return(s, i, p, c)      # one prefix for all intents, then free

where mean_i is weighted by the intents' probabilities. Where the ego never sees the intent acted out (Follow),
there is no "after t3": the prefix lasts to the end. Plans are made of the discrete meta-actions; what lies between
them (other switching times, several switches in the prefix) the search can miss, so an oracle found here is a
lower bound: an agent that scores above 1 has found a better plan.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from kindergarten.codes import Action, End, Intent, names
from kindergarten.config import Config, Scenario
from kindergarten.jit import njit, user_cache
from kindergarten.scenarios import SCENARIOS
from kindergarten.simulator import Simulator, step_world

IDLE, FASTER, SLOWER = int(Action.IDLE), int(Action.FASTER), int(Action.SLOWER)
TURN_LEFT, TURN_RIGHT = int(Action.LEFT), int(Action.RIGHT)
RUNNING = int(End.RUNNING)
NEVER = 1 << 40  # a tick that never comes
KEEP = 99.0  # a continuation's side: as before

#: Seeds that agents are scored on; none of them is trained on, which happens from seed 0 on.
SEEDS = 1_000_000 + np.arange(256)
FEW = 64  # of them are enough for other delays than the default ones
#: The ladder: every scenario is scored at each of these delays [s]. At 0 the signal is shown until t3: the control.
LADDER = (0.0, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0)
#: When in the time between hands-on and t3 the prefix acts, as a share of it.
SHARES = tuple(np.arange(10) / 10)
#: When it goes back to the highest speed, as a share of what is left of that time then; at 1 not before t3.
BACK = (1.0, 0.7, 0.4)
#: [s] How long the continuation keeps its first speed after t3 before it goes on at the highest.
HOLDS = (*np.arange(0.0, 7.0, 0.2), *np.arange(7.0, 11.0, 0.5))
STORED = Path(__file__).parent / "scenarios" / "references.json"


@dataclass(frozen=True)
class Plans:
    """prefixes (P, 4): share of the time to t3, speed, side, share at which it goes back to the highest speed.
    continuations (C, 3): speed, hold [s], side.

    Speeds count in the task's steps. The side is the branch to take, or, where LEFT and RIGHT move the ego aside, the
    offset to the left [m]; a continuation's may be ``KEEP``, that of the prefix.
    """

    prefixes: np.ndarray
    continuations: np.ndarray


def plans_of(scenario: Scenario) -> Plans:
    """Every plan that the search tries in ``scenario``."""
    task = scenario.tasks[0]
    speeds = np.arange(0.0, task.max_speed / task.speed_step + 1e-9)
    shares = SHARES if scenario.revealed else (0.0,)
    sides, later = task.branches or (Intent.STRAIGHT,), (KEEP,)
    if task.side_step > 0:
        sides = later = (-task.side_step, 0.0, task.side_step)
    cruises = scenario.revealed and scenario.casts[0][0].speed[1] >= task.max_speed
    prefixes = [
        (share, v, side, share + (1.0 - share) * back)
        for side in sides
        for v in speeds
        for share in shares
        for back in (BACK if cruises and v < speeds[-1] else (1.0,))
    ]
    holds = HOLDS[:: len(later)]
    then = [(v, hold) for v in speeds[:-1] for hold in holds] + [(speeds[-1], 0.0)]
    continuations = [(*plan, side) for side in later for plan in then]
    return Plans(np.array(prefixes, float), np.array(continuations if scenario.revealed else [(0.0, 0.0, KEEP)]))


@njit
def action_towards(world, ego, speed, side, params):
    """The meta-action that brings the targets nearer to ``side`` and ``speed``."""
    if params["side_step"] > 0.0:
        if abs(world["target_offset"] - side) > 0.1:
            return TURN_LEFT if side > world["target_offset"] else TURN_RIGHT
    elif ego["intent"] != side and params["branches"][int(side)] >= 0:
        return TURN_LEFT if side < ego["intent"] else TURN_RIGHT
    if world["target_speed"] > speed + 0.5 * params["speed_step"]:
        return SLOWER
    if world["target_speed"] < speed - 0.5 * params["speed_step"]:
        return FASTER
    return IDLE


@njit
def follow_plan(world, users, road, casts, params, speed, side, until, terms):
    """Drive towards ``speed`` and ``side`` until physics step ``until``, the end, or the next leg."""
    action = np.empty(1)
    leg = world["leg"]
    while world["end"] == RUNNING and world["tick"] < until and world["leg"] == leg:
        action[0] = action_towards(world, users[0], speed, side, params)
        step_world(world, users, road, casts, params, action, terms)


@njit
def begin_plan(world, users, road, casts, params, prefix, revealed, terms):
    """Carry out a prefix: keep on until its share of the time to t3 is over, then towards its speed and side."""
    t3, start = users[world["signaller"]]["t3"], world["hands_on"]
    left = max(t3 - start, 0)
    act_at, back_at = int(start + prefix[0] * left), int(start + prefix[3] * left)
    keep = world["target_offset"] if params["side_step"] > 0.0 else float(users[0]["intent"])
    follow_plan(world, users, road, casts, params, 0.0, keep, start, terms)  # by itself, whatever is asked of it
    follow_plan(world, users, road, casts, params, world["target_speed"], keep, act_at, terms)
    speed = prefix[1] * params["speed_step"]
    follow_plan(world, users, road, casts, params, speed, prefix[2], back_at if revealed else NEVER, terms)
    follow_plan(world, users, road, casts, params, params["max_speed"], prefix[2], t3, terms)


@njit
def side_after(prefix, continuation):
    """The side on which the ego drives after t3."""
    return prefix[2] if continuation[2] == KEEP else continuation[2]


@njit
def hold(world, users, road, casts, params, side, continuation, terms):
    """Carry out the first part of a continuation: its speed for a while after t3."""
    until = users[world["signaller"]]["t3"] + int(continuation[1] / params["dt"])
    follow_plan(world, users, road, casts, params, continuation[0] * params["speed_step"], side, until, terms)


@njit
def finish(world, users, road, casts, params, side, terms):
    """Carry out the last part: the highest speed to the end of the leg."""
    follow_plan(world, users, road, casts, params, params["max_speed"], side, NEVER, terms)


@njit
def changes_nothing(world, ego, params, prefix):
    """Whether a prefix asks for what the ego does already, so that it does not matter when."""
    aside = world["target_offset"] if params["side_step"] > 0.0 else float(ego["intent"])
    return abs(world["target_speed"] - prefix[1] * params["speed_step"]) < 0.1 and prefix[2] == aside


@njit
def search(worlds, users, road, casts, params, prefixes, continuations, revealed, returns, survives):
    """Try every plan in each world, on the leg on which it is.

    Continuations that differ in how long they hold alone go on from each other: that takes a third of the time.
    Fills returns (W, P, C), what the plan earns on this leg, and survives (W, P, C), whether it gets to the next.
    """
    world, cast = worlds[:1].copy(), users[:1].copy()
    held_world, held_cast = worlds[:1].copy(), users[:1].copy()
    later_world, later_cast = worlds[:1].copy(), users[:1].copy()
    for w in range(len(worlds)):
        leg, rules = worlds[w]["leg"], params[worlds[w]["cast"]]
        earned, held = np.zeros(len(rules["weights"])), np.zeros(len(rules["weights"]))
        for p in range(len(prefixes)):
            if p > 0 and prefixes[p, 1] == prefixes[p - 1, 1] and prefixes[p, 2] == prefixes[p - 1, 2]:
                if changes_nothing(worlds[w], users[w, 0], rules, prefixes[p]):
                    returns[w, p], survives[w, p] = returns[w, p - 1], survives[w, p - 1]
                    continue
            world[0], cast[0] = worlds[w], users[w]
            earned[:] = 0.0
            begin_plan(world[0], cast[0], road, casts, rules, prefixes[p], revealed, earned)
            for c in range(len(continuations)):
                other = c > 0 and continuations[c, 2] != continuations[c - 1, 2]
                if c == 0 or other or continuations[c, 0] != continuations[c - 1, 0]:
                    held_world[0], held_cast[0] = world[0], cast[0]
                    held[:] = earned
                side = side_after(prefixes[p], continuations[c])
                if held_world[0]["leg"] == leg:
                    hold(held_world[0], held_cast[0], road, casts, rules, side, continuations[c], held)
                later_world[0], later_cast[0] = held_world[0], held_cast[0]
                total = held.copy()
                if later_world[0]["leg"] == leg:
                    finish(later_world[0], later_cast[0], road, casts, rules, side, total)
                returns[w, p, c] = (total * rules["weights"]).sum()
                survives[w, p, c] = later_world[0]["leg"] > leg


@njit
def carry_out(worlds, users, road, casts, params, prefixes, continuations, revealed):
    """Drive each world to the end of its leg by a plan of its own: prefixes (W, 4), continuations (W, 3)."""
    terms = np.zeros(len(params[0]["weights"]))
    for w in range(len(worlds)):
        leg, rules = worlds[w]["leg"], params[worlds[w]["cast"]]
        begin_plan(worlds[w], users[w], road, casts, rules, prefixes[w], revealed, terms)
        side = side_after(prefixes[w], continuations[w])
        if worlds[w]["leg"] == leg:
            hold(worlds[w], users[w], road, casts, rules, side, continuations[w], terms)
        if worlds[w]["leg"] == leg:
            finish(worlds[w], users[w], road, casts, rules, side, terms)


def twins(scenario: Scenario, config: Config, seeds: np.ndarray, leg: int = 0) -> Simulator:
    """A simulator, reset, whose world ``k * len(seeds) + j`` is seed ``seeds[j]`` with the k-th intent.

    It is the intent of whoever signals on ``leg``.
    """
    simulator = Simulator(scenario, len(scenario.intents) * len(seeds), config)
    every = np.tile(seeds, len(scenario.intents))
    simulator.seed(every)
    simulator.reset()  # in which row the signaller stands depends on the seed alone
    rows = (simulator.users["member"] == scenario.signallers[leg]).argmax(axis=1)
    intents = np.full((simulator.num_worlds, simulator.num_users - 1), -1)
    wanted = np.repeat([int(intent) for intent in scenario.intents], len(seeds))
    intents[np.arange(simulator.num_worlds), rows - 1] = wanted
    simulator.seed(every)
    simulator.reset(intents=intents)
    return simulator


def chances(simulator: Simulator, leg: int = 0) -> np.ndarray:
    """Probability of each twin (I, S) of a simulator that ``twins`` made; sums to 1 over the intents."""
    scenario = simulator.scenario
    casts = simulator.worlds["cast"].reshape(len(scenario.intents), -1)[0]
    return simulator.casts["chances"][casts, scenario.signallers[leg]][:, list(scenario.intents)].T


@dataclass(frozen=True)
class Reference:
    """The two references of one setting, seed by seed, and what the worst answer earns. All arrays are (S,).

    An answer is what the oracle does for one intent; the worst answer is that to another intent, carried through.
    """

    seeds: np.ndarray
    oracle: np.ndarray
    blind: np.ndarray
    worst: np.ndarray

    @cached_property
    def stakes(self) -> float:
        """What anticipation is worth, as a share of what the worst answer costs."""
        cost = self.oracle.mean() - self.worst.mean()
        return float((self.oracle.mean() - self.blind.mean()) / cost) if cost > 0 else 0.0

    def anticipation(self, returns: np.ndarray) -> float:
        """Score of mean ``returns`` (S,) over these seeds: 0 = blind, 1 = oracle; nan where nothing is at stake."""
        value = self.oracle.mean() - self.blind.mean()
        return float((np.mean(returns) - self.blind.mean()) / value) if value > 1e-6 else float("nan")

    def interval(self, returns: np.ndarray, resamples: int = 2000) -> tuple[float, float]:
        """95 % bootstrap interval of the anticipation, over seeds; the same resamples at every call."""
        rows = np.random.default_rng(0).integers(len(self.seeds), size=(resamples, len(self.seeds)))
        blind = self.blind[rows].mean(1)
        value = self.oracle[rows].mean(1) - blind
        if value.min() <= 1e-6:
            return float("nan"), float("nan")
        low, high = np.quantile((np.asarray(returns)[rows].mean(1) - blind) / value, [0.025, 0.975])
        return float(low), float(high)


def compute(scenario: Scenario, config: Config, seeds: np.ndarray = SEEDS) -> Reference:
    """Search all plans on all ``seeds``; takes all cores, a minute at most for 256 seeds.

    On a road of several legs the legs are searched from the last to the first. Before each the car cruises by itself
    until it drives as it drove before, so that what is to be had there does not depend on how it got there.
    """
    config, plans = relevant(config), plans_of(scenario)
    to_come = {name: np.zeros(len(seeds)) for name in ("oracle", "blind", "worst")}
    for leg in reversed(range(scenario.road.legs)):
        simulator = twins(scenario, config, seeds, leg)
        weights = chances(simulator, leg)
        for _ in range(leg):
            _to_next_leg(simulator, plans)
        returns, survives = _search(simulator, plans)
        shape = (*weights.shape, *returns.shape[1:])
        returns, survives = returns.reshape(shape), survives.reshape(shape)  # (I, S, P, C)
        worths = {name: returns + survives * to_come[name][:, None, None] for name in to_come}
        to_come = _references(worths, weights)
    return Reference(seeds, **to_come)


def _references(worths: dict[str, np.ndarray], weights: np.ndarray) -> dict[str, np.ndarray]:
    """Oracle, blind and worst answer (S,) from what each plan is worth (I, S, P, C) to each of them."""
    oracle = np.einsum("is,is->s", weights, worths["oracle"].max((2, 3)))
    blind = np.einsum("is,isp->sp", weights, worths["blind"].max(3)).max(1)
    intents, seeds = weights.shape
    right = worths["oracle"].reshape(intents, seeds, -1).argmax(2)  # (I, S): the plan that is right for each intent
    flat, rows = worths["worst"].reshape(intents, seeds, -1), np.arange(seeds)
    worst = np.min([[flat[i, rows, right[j]] for j in range(intents)] for i in range(intents)], axis=(0, 1))
    return {"oracle": oracle, "blind": blind, "worst": worst}


def _search(simulator: Simulator, plans: Plans) -> tuple[np.ndarray, np.ndarray]:
    """What every plan earns in every world (W, P, C), and whether it gets to the next leg."""
    returns = np.zeros((simulator.num_worlds, len(plans.prefixes), len(plans.continuations)))
    survives = np.zeros(returns.shape, bool)

    def part(rows: np.ndarray) -> None:
        found, lived = np.zeros((len(rows), *returns.shape[1:])), np.zeros((len(rows), *returns.shape[1:]), bool)
        arrays = (simulator.worlds[rows], simulator.users[rows], simulator.road, simulator.casts, simulator.params)
        search(*arrays, plans.prefixes, plans.continuations, simulator.scenario.revealed, found, lived)
        returns[rows], survives[rows] = found, lived

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(part, np.array_split(np.arange(simulator.num_worlds), min(16, simulator.num_worlds))))
    return returns, survives


def _to_next_leg(simulator: Simulator, plans: Plans) -> None:
    """Drive every world to its next leg, as well as can be."""
    returns, survives = _search(simulator, plans)
    best = np.where(survives, returns, -np.inf).reshape(len(returns), -1).argmax(1)
    p, c = np.divmod(best, len(plans.continuations))
    arrays = (simulator.worlds, simulator.users, simulator.road, simulator.casts, simulator.params)
    carry_out(*arrays, plans.prefixes[p], plans.continuations[c], simulator.scenario.revealed)


def relevant(config: Config) -> Config:
    """``config`` without what makes no difference to the references: control, signals, colours, order of rows."""
    plain = Config()
    return replace(
        config,
        control=plain.control,
        signal_rate=plain.signal_rate,
        signals=plain.signals,
        spurious=plain.spurious,
        shuffled=plain.shuffled,
    )


def fingerprint(scenario: Scenario, config: Config) -> str:
    """Names everything that a reference depends on, but for the kernels' own text."""
    what = (scenario, relevant(config), SHARES, BACK, HOLDS, SEEDS[0], len(seeds_of(config)))
    return hashlib.sha256(repr(what).encode()).hexdigest()[:16]


def seeds_of(config: Config) -> np.ndarray:
    """The seeds on which a setting is scored: all of SEEDS at the default delays, else the first FEW."""
    return SEEDS if config.delay == Config().delay else SEEDS[:FEW]


def reference(scenario: Scenario, config: Config) -> Reference:
    """The reference of a setting on its seeds: stored with the package, else in the user's cache, else computed."""
    key = fingerprint(scenario, config)
    kept = user_cache() / "references" / f"{key}.json"
    for path in (STORED, kept):
        if path.exists():
            entry = json.loads(path.read_text()).get(key)
            if entry is not None:
                return _reference_of(entry)
    entry = _entry(scenario, config, compute(scenario, config, seeds_of(config)))
    kept.parent.mkdir(parents=True, exist_ok=True)
    _write(kept, {key: entry})
    return _reference_of(entry)  # as everybody will read it from now on


def ladder(scenario: Scenario) -> list[tuple[str, Config]]:
    """The settings that are stored: the default delays, and every rung."""
    return [("default", Config())] + [(f"{delay:g}", Config(delay=(delay, delay))) for delay in LADDER]


def update() -> None:
    """Bring STORED up to date: keep the settings that it has, compute those that it lacks, drop all others."""
    kept = json.loads(STORED.read_text()) if STORED.exists() else {}
    entries = {}
    for scenario in SCENARIOS.values():
        for _, config in ladder(scenario):
            key = fingerprint(scenario, config)
            entries[key] = kept.get(key) or _entry(scenario, config, compute(scenario, config, seeds_of(config)))
    _write(STORED, entries)


def stored(scenario: Scenario, config: Config) -> Reference | None:
    """The reference of a setting as the package has it; None if it has none."""
    entry = json.loads(STORED.read_text(encoding="utf-8")).get(fingerprint(scenario, config))
    return None if entry is None else _reference_of(entry)


def _reference_of(entry: dict[str, Any]) -> Reference:
    return Reference(SEEDS[: len(entry["oracle"])], *(np.array(entry[name]) for name in ("oracle", "blind", "worst")))


def _entry(scenario: Scenario, config: Config, found: Reference) -> dict[str, Any]:
    lists = {name: np.round(getattr(found, name), 4).tolist() for name in ("oracle", "blind", "worst")}
    return {"scenario": scenario.name, "delay": config.delay, **lists}


def _write(path: Path, entries: dict[str, Any]) -> None:
    """Write in one go, so that nobody ever reads half a file."""
    fresh = path.with_suffix(f".{os.getpid()}")
    fresh.write_text("{\n" + ",\n".join(f"{json.dumps(k)}: {json.dumps(v)}" for k, v in entries.items()) + "\n}\n")
    os.replace(fresh, path)


def summary(scenario: Scenario) -> dict[str, Any]:
    """What ``kindergarten scenarios --json`` says of one scenario."""
    rows = {}
    for name, config in ladder(scenario):
        found = reference(scenario, config)
        rows[name] = {
            "oracle": round(float(found.oracle.mean()), 4),
            "blind": round(float(found.blind.mean()), 4),
            "collision": round(float(found.worst.mean()), 4),
            "stakes": round(found.stakes, 4),
        }
    intents = {names(Intent)[intent]: chance for intent, chance in scenario.casts[0][1].intents}
    first = {"id": f"Kindergarten/{scenario.name}-v0", "summary": scenario.summary}
    return {**first, **rows.pop("default"), "intents": intents, "delay_ladder": rows}


def main(argv: list[str]) -> int:
    """``kindergarten scenarios``: print the scenarios and their references."""
    parser = argparse.ArgumentParser("kindergarten scenarios", description="The scenarios and their references.")
    parser.add_argument("--json", action="store_true", help="print a JSON list")
    parser.add_argument("--update", action="store_true", help=f"compute what {STORED.name} lacks")
    options = parser.parse_args(argv)
    if options.update:
        update()
    found = [summary(scenario) for scenario in SCENARIOS.values()]
    if options.json:
        print(json.dumps(found, indent=2))
        return 0
    for row in found:
        print(f"\n{row['id']}: {row['summary']}")
        chances = ", ".join(f"{name} {chance:.0%}" for name, chance in row["intents"].items())
        print(f"  road user 1: {chances}\n  {'delay':>8} {'blind':>8} {'oracle':>8} {'collision':>10} {'stakes':>7}")
        for delay, cell in {"1..4 s": row, **row["delay_ladder"]}.items():
            numbers = f"{cell['blind']:8.3f} {cell['oracle']:8.3f} {cell['collision']:10.3f} {cell['stakes']:7.2f}"
            print(f"  {delay if 's' in delay else delay + ' s':>8} {numbers}")
    print("\nblind: best without memory (score 0); oracle: intents known (score 1); collision: the worst answer.")
    return 0
