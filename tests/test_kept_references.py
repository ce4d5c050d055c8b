"""References by setting: what they depend on, where they are kept, and that they are those of today."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from kindergarten.commands import Scenarios
from kindergarten.scenarios import SCENARIOS, scenario_named
from kindergarten.scoring import reference
from kindergarten.scoring.legs import legs
from kindergarten.scoring.planner import drawn
from kindergarten.scoring.reference import (
    RUNGS,
    Reference,
    compute,
    fingerprint,
    relevant,
)
from kindergarten.world import jit
from kindergarten.world.codes import Control, Intent, SignalReliability
from kindergarten.world.config import Config, Scenario
from tests.driving import sample

pytestmark = pytest.mark.kernels

scenarios = pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=SCENARIOS.keys())


def test_the_ladder_has_a_name_for_every_rung():
    rungs = dict(RUNGS)
    assert list(rungs) == ["default", "0", "0.5", "1", "2", "4", "8", "16", "32"]
    assert rungs.pop("default") == Config()
    for name, config in rungs.items():
        assert config == Config(delay_s=(float(name), float(name)))


def test_every_setting_has_its_own_fingerprint():
    settings = [(s, c) for s in SCENARIOS.values() for c in RUNGS.values()]
    settings.append((scenario_named("Follow"), Config(hands_on=True)))
    assert len({fingerprint(*setting) for setting in settings}) == len(settings)


@scenarios
def test_who_signals_and_how_one_drives_does_not_change_the_references(scenario: Scenario):
    others = (
        Config(control=Control.CONTINUOUS),
        Config(signal_rate=0.5),
        Config(shuffled=True),
    )
    assert {relevant(config) for config in others} == {Config()}
    assert {fingerprint(scenario, config) for config in others} == {fingerprint(scenario, Config())}


@pytest.mark.jit
@scenarios
def test_where_colours_go_with_intents_blind_goes_by_them(scenario: Scenario):
    """Up to knowing all; the oracle gains nothing."""
    seeds = np.arange(2)
    plain, half, all_of_it, other = (
        compute(scenario, Config(spurious=share), seeds) for share in (0.0, 0.5, 1.0, -1.0)
    )
    assert (plain.blind <= half.blind + 1e-12).all() and (half.blind <= all_of_it.blind + 1e-12).all()
    np.testing.assert_allclose(all_of_it.blind, plain.oracle)
    np.testing.assert_allclose(other.blind, plain.oracle)
    for found in (half, all_of_it, other):
        np.testing.assert_allclose(found.oracle, plain.oracle)
        assert (found.worst == plain.worst).all()


@pytest.mark.jit
@scenarios
def test_where_signals_are_real_the_oracle_knows_no_more_than_they_said(scenario: Scenario):
    seeds, real = np.arange(2), SignalReliability.REAL
    perfect = compute(scenario, Config(), seeds)
    shown = compute(scenario, Config(signals=real), seeds)
    silent = compute(scenario, Config(signals=real, signal_rate=0.0), seeds)
    both = compute(scenario, Config(signals=real, spurious=1.0), seeds)
    assert (shown.blind == perfect.blind).all() and (shown.worst == perfect.worst).all()
    np.testing.assert_allclose(both.oracle, perfect.oracle)
    if scenario.casts[0][1].signals:
        # A quarter of those who turn do not say so; where there are three junctions, one of them is enough.
        assert (0.4 if scenario.road.legs > 1 else 0.5) < perfect.anticipation(shown.oracle) < 0.8
        np.testing.assert_allclose(silent.oracle, silent.blind)
    else:  # what somebody does is to be trusted
        np.testing.assert_allclose(shown.oracle, perfect.oracle)


@pytest.mark.drawn
@pytest.mark.jit
def test_on_later_legs_references_are_asked_what_agents_are_asked():
    """The first signaller is asked for every intent, the others do what the seed draws: so luck favours nobody."""
    town, seeds = SCENARIOS["Town"], np.arange(sample(4, 3))
    found, worlds = compute(town, Config(), seeds), drawn(town, Config(), seeds)
    oracle, worth = np.zeros(len(seeds)), np.zeros(len(seeds))
    for leg in legs(town, Config(), seeds):
        intents = worlds.users["intent"][:, town.signallers[leg.number]]
        for s in range(len(seeds)):
            best = [(leg.returns[i, s] + leg.survives[i, s] * oracle[s]).max() for i in range(len(town.intents))]
            likely = [(leg.returns[i, s] + leg.survives[i, s] * worth[s]).max() for i in range(len(town.intents))]
            asked = best[town.intents.index(intents[s])] if leg.number else leg.weights[:, s] @ best
            oracle[s], worth[s] = asked, leg.weights[:, s] @ likely
    np.testing.assert_allclose(found.oracle, oracle)
    assert found.unit == pytest.approx((worth - compute_blind(town, seeds)).mean(), abs=1e-4)
    assert compute(SCENARIOS["Follow"], Config(), seeds).worth is None


def compute_blind(scenario: Scenario, seeds: np.ndarray) -> np.ndarray:
    """What a driver without memory gets (S,) on average over all that may come on every leg."""
    blind = np.zeros(len(seeds))
    for leg in legs(scenario, Config(), seeds):
        worth = (leg.returns + leg.survives * blind[:, None, None]).max(3)
        blind = np.einsum("is,isp->sp", leg.weights, worth).max(1)
    return blind


@pytest.mark.jit
@pytest.mark.skipif(not reference.STORED.exists(), reason="no references are stored")
@pytest.mark.parametrize(
    "rung", ["default", *(pytest.param(rung, marks=pytest.mark.slow) for rung in ("0", "2", "32"))]
)
@scenarios
def test_stored_references_are_those_of_today(scenario: Scenario, rung: str):
    config = RUNGS[rung]
    entry = json.loads(reference.STORED.read_text()).get(fingerprint(scenario, config))
    assert entry is not None, "the scenario has changed: kindergarten scenarios --update"
    again = compute(scenario, config, reference.SEEDS[:4])
    assert (again.blind <= again.oracle + 1e-12).all() and (again.worst <= again.oracle + 1e-12).all()
    for name in ("oracle", "blind", "worst"):
        assert len(entry[name]) == len(reference.seeds_of(config))
        np.testing.assert_allclose(entry[name][:4], getattr(again, name), rtol=0.0, atol=6e-5)


def test_what_is_not_stored_is_computed_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    computed = []

    def fake(scenario: Scenario, config: Config, seeds: np.ndarray) -> Reference:
        computed.append(config)
        return Reference(seeds, *(np.full(len(seeds), v) for v in (1.0, 0.5, -1.0)))

    monkeypatch.setattr(reference, "compute", fake)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    config = Config(delay_s=(3.0, 3.5))
    for _ in range(3):
        kept = reference.reference(scenario_named("Follow"), config)
        assert (kept.oracle.mean(), kept.blind.mean(), kept.worst.mean()) == (1.0, 0.5, -1.0)
    assert computed == [config]


def test_references_of_another_physics_are_computed_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Whoever installs a newer version has the older one's in the cache; they stay there for the older one."""
    computed = []

    def fake(scenario: Scenario, config: Config, seeds: np.ndarray) -> Reference:
        computed.append(reference.text_digest(reference.PHYSICS))
        return Reference(seeds, *(np.full(len(seeds), v) for v in (float(len(computed)), 0.5, -1.0)))

    monkeypatch.setattr(reference, "compute", fake)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    follow, config, expected = scenario_named("Follow"), Config(delay_s=(3.0, 3.5)), {}
    package = Path(shutil.copytree(jit.PACKAGE, tmp_path / "kindergarten", ignore=shutil.ignore_patterns("[!_a-z]*")))
    for changed in (None, "world/dynamics.py", "scoring/planner.py", "scenarios/follow.py", "world/dynamics.py"):
        if changed is not None:
            monkeypatch.setattr(jit, "PACKAGE", package)
            (package / changed).write_text((package / changed).read_text() + "# another\n")
        digest = reference.text_digest(reference.PHYSICS)
        found = reference.reference(follow, config).oracle.mean()
        assert found == expected.setdefault(digest, found)
    assert computed == list(expected) and len(computed) == 4  # numbers of scenarios have a fingerprint of their own
    monkeypatch.undo()
    monkeypatch.setattr(reference, "compute", None)
    monkeypatch.setattr(reference, "text_digest", None)
    assert reference.reference(follow, Config()).oracle.shape == (256,)  # what is stored is asked first, as ever


def test_what_is_no_part_of_the_scene_makes_no_other_references():
    follow = scenario_named("Follow")
    taught = replace(follow, training=1, place=77)
    assert taught == follow and fingerprint(taught, Config()) == fingerprint(follow, Config())
    assert fingerprint(replace(follow, sight=59.0), Config()) != fingerprint(follow, Config())


def test_references_are_brought_up_to_date(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Without a name what is lacking is computed and what nobody has any more dropped; with one all of that one's."""
    computed = []

    def fake(scenario: Scenario, config: Config, seeds: np.ndarray) -> Reference:
        computed.append((scenario.name, config))
        return Reference(seeds, *(np.full(len(seeds), v) for v in (1.0, 0.5, -1.0)))

    few = {name: scenario_named(name) for name in ("Follow", "Crossing")}
    brakes = {"Crossing": 2, "Follow": 3}  # with which it is computed once more; Crossing's own are among them
    settings = {
        name: [(worlds.name, config) for worlds, config, _ in reference.asked(scenario).values()]
        for name, scenario in few.items()
    }
    for name, kept in settings.items():
        kept[1:1] = [(name, Config())] * brakes[name]
    monkeypatch.setattr(reference, "compute", fake)
    monkeypatch.setattr(reference, "STORED", tmp_path / "references.json")
    monkeypatch.setattr(reference, "SCENARIOS", few)
    reference.update("Crossing")
    assert computed == settings["Crossing"]
    entries = json.loads(reference.STORED.read_text())
    reference.STORED.write_text(json.dumps(entries | {"of a scenario that has changed": {}}))
    reference.update()
    assert computed == settings["Crossing"] + settings["Follow"]
    assert {entry["scenario"] for entry in json.loads(reference.STORED.read_text()).values()} == set(few)
    assert Scenarios(update=("Follow",)).run() == 0
    assert computed == settings["Crossing"] + settings["Follow"] * 2
    with pytest.raises(ValueError, match="'Folow'.*Follow, Crossing"):
        Scenarios(update=("Folow",)).run()


@scenarios
def test_a_scenario_is_summed_up(scenario: Scenario, monkeypatch: pytest.MonkeyPatch):
    made_up = Reference(np.arange(2), *map(np.array, ([1.0, 0.5], [0.25, 0.25], [-1.0, -1.0])))
    monkeypatch.setattr(reference, "reference", lambda *_: made_up)
    row = reference.summary(scenario)
    assert row["id"] == f"Kindergarten/{scenario.name}-v0" and row["summary"] == scenario.summary
    assert sum(row["intents"].values()) == pytest.approx(1.0)
    if scenario.name == "Crossroads":  # where in one cast of three nobody can turn left
        assert row["intents"] == pytest.approx({"left": 0.3, "straight": 0.35, "right": 0.35})
    assert set(row["intents"]) == {Intent(intent).name.lower() for intent in scenario.intents}
    assert list(row["delay_ladder"]) == list(RUNGS)[1:]
    for cell in (row, *row["delay_ladder"].values()):
        assert cell["collision"] <= cell["blind"] <= cell["oracle"]
    assert row["stakes"] >= 0.15 and list(row["stakes_by_braking"]) == ["task", "7", "8"]
