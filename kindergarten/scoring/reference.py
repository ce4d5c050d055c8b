"""The 0 and the 1 of every score: what the best driver without memory earns, and the best that knows the intents.

Both are found by search, running the simulator itself on twins. With every prefix p and every continuation c of the
planner tried on every seed s and every intent i

    oracle = mean_s mean_i max_{p,c} return(s, i, p, c)
    blind  = mean_s max_p mean_i max_c return(s, i, p, c)      # one prefix for all intents, then free

where mean_i is weighted by the intents' probabilities, and prefixes end at the first frame that tells. Where more is to
go by, or less, a prefix is chosen for each finding of the `evidence`: by the colour where colours go with intents, and
by what was shown where signals are as on real roads: then the oracle is who remembers that, and knows how far it is to
be trusted. An oracle found by search is a lower bound: an agent that scores above 1 has found a better plan.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from kindergarten.files import write_whole
from kindergarten.output import decimals, print_json
from kindergarten.scenarios import SCENARIOS, id_of
from kindergarten.scoring.evidence import both, earned, in_every_frame, preferred, remembered
from kindergarten.scoring.legs import Leg, legs
from kindergarten.scoring.planner import BACK, HOLDS, SHARES, drawn
from kindergarten.scoring.splits import scales
from kindergarten.scoring.statistics import bootstrap
from kindergarten.world import cache
from kindergarten.world.codes import Intent, SignalReliability, names
from kindergarten.world.config import SETTINGS, Config, Scenario
from kindergarten.world.jit import text_digest
from kindergarten.world.origin import described

#: Seeds that agents are scored on; none of them is trained on, which happens from seed 0 on.
SEEDS = 1_000_000 + np.arange(256)
FEW = 64  # of them are enough for other settings than the default ones
#: The ladder: every scenario is scored at each of these delays [s]. At 0 the signal is shown until t3: the control.
LADDER = (0.0, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0)
#: The settings that are stored of every scenario: the default delays, and every rung of the ladder.
RUNGS = {"default": Config()} | {f"{delay:g}": Config(delay_s=(delay, delay)) for delay in LADDER}
#: [m/s^2] What cars can do: something must be at stake however hard the ego brakes.
BRAKES = (7.0, 8.0)
LEAST = 0.05  # of what the worst answer costs: where less is at stake no score is given, for it would be of nothing
PLANS = "a prefix ends at the first frame that tells"  # of which the search makes use, for fingerprints
LATER = "later legs are valued as drawn"  # likewise, where there are any
PHYSICS = ("world", "scoring")  # the folders of the package whose text may make other references of the same numbers
NAMES, PLACES = ("oracle", "blind", "worst"), 4  # of the arrays, and how many they are stored with
STORED = Path(__file__).parent.parent / "scenarios" / "references.json"


@dataclass(frozen=True)
class Reference:
    """The two references of one setting, seed by seed, and what the worst answer earns. All arrays are (S,).

    An answer is what the oracle does for one intent; the worst answer is that to another intent, carried through.
    ``worth``: what knowing is worth on average over all that may come on later legs; None: as much as on these seeds.
    """

    seeds: np.ndarray
    oracle: np.ndarray
    blind: np.ndarray
    worst: np.ndarray
    worth: float | None = field(default=None, kw_only=True)

    @cached_property
    def stakes(self) -> float:
        """What anticipation is worth, as a share of what the worst answer costs."""
        cost = self.oracle.mean() - self.worst.mean()
        return float((self.oracle.mean() - self.blind.mean()) / cost) if cost > 0 else 0.0

    @property
    def unit(self) -> float:
        """What knowing the intents is worth, oracle - blind, whatever later legs draw; 1 where that is nothing."""
        worth = float((self.oracle - self.blind).mean()) if self.worth is None else self.worth
        return worth if worth > 1e-6 else 1.0

    def anticipation(self, returns: np.ndarray) -> float:
        """Score of mean ``returns`` (S,) over these seeds: 0 = blind, 1 = oracle; nan where too little is at stake."""
        value = self.oracle.mean() - self.blind.mean()
        return float((np.mean(returns) - self.blind.mean()) / value) if self.stakes >= LEAST else float("nan")

    def interval(self, returns: np.ndarray) -> tuple[float, float]:
        """95 % bootstrap interval of the anticipation, over seeds; the same resamples at every call."""

        def score(rows: np.ndarray) -> np.ndarray:
            blind = self.blind[rows].mean(1)
            value = self.oracle[rows].mean(1) - blind
            return (np.asarray(returns)[rows].mean(1) - blind) / np.where(value > 1e-6, value, np.nan)

        return bootstrap(score, len(self.seeds))


def compute(scenario: Scenario, config: Config, seeds: np.ndarray = SEEDS) -> Reference:
    """Search all plans on all ``seeds``, leg by leg; takes all cores, a minute at most for 256 seeds."""
    config = relevant(config)
    worlds = drawn(scenario, config, seeds)
    likely = actual = {name: np.zeros(len(seeds)) for name in NAMES}  # what is to come: on average, and as drawn
    for leg in legs(scenario, config, seeds):
        on_average = {name: leg.worth(value) for name, value in likely.items()}
        as_drawn = {name: leg.worth(value) for name, value in actual.items()}
        asked = leg.weights
        if leg.number > 0:
            users = worlds.users[worlds.users["member"] == scenario.signallers[leg.number]]
            asked = 1.0 * (np.array(scenario.intents)[:, None] == users["intent"])
        actual = _references(leg, config, on_average, as_drawn, asked)
        likely = _references(leg, config, on_average, on_average, leg.weights)
    rounded = {name: np.round(likely[name], PLACES) for name in ("oracle", "blind")}
    worth = float((rounded["oracle"] - rounded["blind"]).mean()) if scenario.road.legs > 1 else None
    return Reference(seeds, *(actual[name] for name in NAMES), worth=worth)


def _references(
    leg: Leg, config: Config, chosen_by: dict[str, np.ndarray], valued_by: dict[str, np.ndarray], weights: np.ndarray
) -> dict[str, np.ndarray]:
    """Oracle, blind and worst answer (S,) from what each plan is worth (I, S, P, C) to each of them.

    chosen_by, valued_by: worths that plans are chosen by, and those that count. weights: (I, S) of the twins, likewise.
    """
    frame, memory = in_every_frame(leg.family, config, leg.number), remembered(leg.family, config, leg.number)
    intents, seeds = weights.shape
    found = {}
    for name, evidence in (("oracle", both(frame, memory)), ("blind", frame)):
        then = chosen_by[name].argmax(3)[..., None]  # the continuation: free, since a frame has told
        before, after = (np.take_along_axis(worth[name], then, 3)[..., 0] for worth in (chosen_by, valued_by))
        found[name] = earned(after, weights, evidence, preferred(before, leg.weights, evidence))
    right = chosen_by["oracle"].reshape(intents, seeds, -1).argmax(2)  # (I, S): the plan that is right for each intent
    flat, rows = chosen_by["worst"].reshape(intents, seeds, -1), np.arange(seeds)
    worst = np.min([[flat[i, rows, right[j]] for j in range(intents)] for i in range(intents)], axis=(0, 1))
    return {**found, "worst": worst}


def stake(scenario: Scenario) -> float:
    """What knowing the intents is worth in one leg, with default settings.

    Rewards by the stake are of the same size in every scenario, and large enough for a critic to learn from.
    """
    return reference(scenario, Config()).unit / scenario.road.legs


def relevant(config: Config) -> Config:
    """``config`` without what makes no difference to the references, such as control and observation.

    How many signal does make one where the oracle goes by what was shown; else it knows the intents all the same.
    """
    plain, real = Config(), config.signals == SignalReliability.REAL
    if real and config.rewritten:
        raise ValueError(
            f"signals 'real' and rewritten {config.rewritten:g} do not go together in a score: a signal that is taken "
            "back is a true one there, so the oracle is not the best that remembering can do"
        )
    kept = [name for name, its in SETTINGS.items() if its.earns and (real or name != "signal_rate")]
    return replace(plain, **{name: getattr(config, name) for name in kept})


def braking(scenario: Scenario, strength: float) -> Scenario:
    """``scenario`` with an ego that brakes at ``strength`` [m/s^2]."""
    tasks = tuple(replace(task, braking=strength) for task in scenario.tasks)
    return replace(scenario, task=tasks if isinstance(scenario.task, tuple) else tasks[0])


def fingerprint(scenario: Scenario, config: Config) -> str:
    """Names everything that a reference depends on, but for the kernels' own text."""
    what = (scenario, relevant(config), PLANS, SHARES, BACK, HOLDS, SEEDS[0], len(seeds_of(config)))
    what += (LATER,) if scenario.road.legs > 1 else ()
    return hashlib.sha256(described(what).encode()).hexdigest()[:16]


def seeds_of(config: Config) -> np.ndarray:
    """The seeds on which a setting is scored: all of SEEDS on the default references, else the first FEW."""
    return SEEDS if relevant(config) == Config() else SEEDS[:FEW]


def reference(scenario: Scenario, config: Config) -> Reference:
    """The reference of a setting on its seeds: stored with the package, else in the user's cache, else computed."""
    found = stored(scenario, config)
    return _computed(scenario, config) if found is None else found


def _computed(scenario: Scenario, config: Config) -> Reference:
    """The reference of a setting that is not stored; the user's cache keeps it for this physics and this search."""
    folder = cache.own_folder(f"references-{text_digest(PHYSICS)}")
    path = None if folder is None else folder / fingerprint(scenario, config)
    kept = None if path is None else cache.read(path)
    if kept is not None:
        return _reference_of(json.loads(kept))
    entry = _entry(scenario, config, compute(scenario, config, seeds_of(config)))
    if path is not None:
        cache.write(path, json.dumps(entry).encode())
    return _reference_of(entry)  # as everybody will read it from now on


def reference_on(scenario: Scenario, config: Config, seeds: np.ndarray) -> Reference:
    """The reference of a setting on ``seeds`` (S,): part of the stored one where that has them, else computed."""
    whole = stored(scenario, config)
    place = {int(seed): row for row, seed in enumerate(seeds_of(config) if whole is None else whole.seeds)}
    rows = [place.get(int(seed)) for seed in seeds]
    if None in rows:
        return compute(scenario, config, seeds)
    whole = _computed(scenario, config) if whole is None else whole
    return Reference(seeds, *(getattr(whole, name)[rows] for name in NAMES), worth=whole.worth)


def asked(scenario: Scenario) -> dict[str, tuple[Scenario, Config, np.ndarray]]:
    """All that the package stores, by fingerprint: the ladder, and what the exam's splits are scored on."""
    found: dict[str, tuple[Scenario, Config, np.ndarray]] = {}
    for config in RUNGS.values():
        found[fingerprint(scenario, config)] = scenario, config, seeds_of(config)
    for worlds, config in scales(scenario):
        found.setdefault(fingerprint(worlds, config), (worlds, config, SEEDS[:FEW]))
    return found


def stakes_by_braking(scenario: Scenario) -> dict[str, float]:
    """What is at stake at the default delays, on FEW seeds: with the task's own brakes, and with those of a real car.

    Stored with the package, or computed.
    """
    entry = _read(STORED).get(fingerprint(scenario, Config()), {})
    return entry.get("stakes_by_braking") or _stakes_by_braking(scenario)


def _stakes_by_braking(scenario: Scenario) -> dict[str, float]:
    braked = {"task": scenario} | {f"{strength:g}": braking(scenario, strength) for strength in BRAKES}
    found = {one: compute(one, Config(), SEEDS[:FEW]).stakes for one in dict.fromkeys(braked.values())}
    return {name: round(found[one], 4) for name, one in braked.items()}


def update(name: str | None = None) -> None:
    """Compute the settings that STORED lacks and drop those that nobody has any more; or compute ``name``'s anew."""
    kept = _read(STORED)
    entries = {}
    for scenario in SCENARIOS.values():
        for key, (worlds, config, seeds) in asked(scenario).items():
            if scenario.name == name or (name is None and key not in kept):
                entries[key] = _entry(worlds, config, compute(worlds, config, seeds))
                if (worlds, config) == (scenario, Config()):
                    entries[key]["stakes_by_braking"] = _stakes_by_braking(scenario)
            elif key in kept:
                entries[key] = kept[key]
    _write(STORED, entries)


def stored(scenario: Scenario, config: Config) -> Reference | None:
    """The reference of a setting as the package has it; None if it has none."""
    entry = _read(STORED).get(fingerprint(scenario, config))
    return None if entry is None else _reference_of(entry)


def _read(path: Path) -> dict[str, Any]:
    """The entries of a file, by fingerprint; none if there is no such file. They are read again when it has changed."""
    return _entries(path, path.stat().st_mtime_ns) if path.exists() else {}


@lru_cache(maxsize=2)
def _entries(path: Path, changed: int) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8"))


def _reference_of(entry: dict[str, Any]) -> Reference:
    arrays = (np.array(entry[name]) for name in NAMES)
    return Reference(SEEDS[: len(entry["oracle"])], *arrays, worth=entry.get("worth"))


def _entry(scenario: Scenario, config: Config, found: Reference) -> dict[str, Any]:
    lists = {name: np.round(getattr(found, name), PLACES).tolist() for name in NAMES}
    worth = {} if found.worth is None else {"worth": found.worth}
    return {"scenario": scenario.name, "delay": config.delay_s, **worth, **lists}


def _write(path: Path, entries: dict[str, Any]) -> None:
    rows = ",\n".join(f"{json.dumps(key)}: {json.dumps(entry)}" for key, entry in entries.items())
    write_whole(path, f"{{\n{rows}\n}}\n".encode())


def summary(scenario: Scenario) -> dict[str, Any]:
    """What ``kindergarten scenarios --json`` says of one scenario."""
    rows = {}
    for name, config in RUNGS.items():
        found = reference(scenario, config)
        rows[name] = {
            "oracle": round(float(found.oracle.mean()), 4),
            "blind": round(float(found.blind.mean()), 4),
            "collision": round(float(found.worst.mean()), 4),
            "stakes": round(found.stakes, 4),
        }
    drawn = [dict(cast[1].intents) for cast in scenario.casts]  # each as likely as any other
    intents = {
        names(Intent)[intent]: sum(chances[intent] for chances in drawn) / len(drawn) for intent in scenario.intents
    }
    first = {"id": id_of(scenario.name), "summary": scenario.summary}
    brakes = {"stakes_by_braking": stakes_by_braking(scenario)}
    return {**first, **rows.pop("default"), **brakes, "intents": intents, "delay_ladder": rows}


def show(scenarios: Iterable[Scenario], as_json: bool) -> None:
    """Print ``scenarios`` and their references."""
    found = [summary(scenario) for scenario in scenarios]
    if as_json:
        print_json(found)
        return
    for row in found:
        print(f"\n{row['id']}: {row['summary']}")
        chances = ", ".join(f"{name} {chance:.0%}" for name, chance in row["intents"].items())
        print(f"  road user 1: {chances}\n  {'delay':>8} {'blind':>8} {'oracle':>8} {'collision':>10} {'stakes':>7}")
        for delay, cell in {"1..4 s": row, **row["delay_ladder"]}.items():
            blind, oracle, collision = (decimals(cell[name], 3) for name in ("blind", "oracle", "collision"))
            name = delay if "s" in delay else f"{delay} s"
            print(f"  {name:>8} {blind:>8} {oracle:>8} {collision:>10} {cell['stakes']:7.2f}")
    print("\nblind: best without memory (score 0); oracle: intents known (score 1); collision: the worst answer.")
