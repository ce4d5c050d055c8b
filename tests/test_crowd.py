"""Road users more: whoever is added to a scenario is in nobody's way, but for those who make a group ride longer."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import kindergarten
from kindergarten import cli
from kindergarten.scenarios import SCENARIOS
from kindergarten.world.codes import Action, End, Intent
from kindergarten.world.config import Scenario
from kindergarten.world.crowd import among, crowded
from kindergarten.world.simulator import Simulator
from tests.worlds import worlds

SEEDS = np.arange(12)


def earned(scenario: Scenario, braking: int, added: Intent | None = None) -> np.ndarray:
    """What an ego earns (S,) that brakes so many physics steps, and then drives on; with this intent of all added."""
    worlds = Simulator(scenario, len(SEEDS))
    worlds.seed(SEEDS)
    intents = np.full((len(SEEDS), scenario.num_users - 1), -1)
    first = sum(member.leg == 0 for member in scenario.casts[0]) - 1
    intents[:, first - 6 : first] = -1 if added is None else added
    worlds.reset(intents=intents)
    found = np.zeros(len(SEEDS))
    while (worlds.worlds["end"] == End.RUNNING).any():
        brakes = worlds.worlds["tick"] < worlds.worlds["hands_on"] + braking
        found += worlds.step(np.where(brakes, Action.SLOWER, Action.FASTER)).rewards
    return found


@pytest.mark.parametrize("braking", [0, 20])
@pytest.mark.parametrize("name", SCENARIOS)
def test_an_ego_earns_the_same_whoever_of_a_crowd_is_there_and_wherever_they_go(name: str, braking: int):
    alone, there = (crowded(SCENARIOS[name], behind=(p, p), afar=(p,) * 4) for p in (0.0, 1.0))
    expected = earned(alone, braking)
    for intent in (None, Intent.LEFT, Intent.RIGHT):
        np.testing.assert_array_equal(earned(there, braking, intent), expected)


def test_a_training_is_among_up_to_so_many_who_may_signal(most: int = 4):
    scenario = SCENARIOS["Crossing"]
    assert among(scenario, 0) == scenario
    added = among(scenario, most).casts[0][scenario.num_users :]
    assert [member.arm for member in added] == ["south", "north", "east", "east"]
    assert all(member.presence == 0.5 for member in added)
    *strangers, rider = added
    assert all(member.signals and len(member.intents) == 3 for member in strangers)
    last = scenario.casts[0][-1]
    assert rider.arrival_offset[0] - last.arrival_offset[0] == pytest.approx(0.71)
    assert replace(rider, arrival_offset=last.arrival_offset, presence=1.0, convoy=last.convoy) == last
    assert [member.arm for member in among(SCENARIOS["Follow"], most).casts[0][2:]] == ["south"] * most
    first, _, again = crowded(scenario, afar=(1.0,) * 3).casts[0][scenario.num_users :]
    assert again.arm == "north" and again.arrival_position < first.arrival_position < -70.0
    (silent,) = crowded(scenario, afar=(1.0,), signals=False).casts[0][scenario.num_users :]
    assert not silent.signals and silent.intents == ((Intent.STRAIGHT, 1.0),)


@worlds
def test_any_scenario_can_be_among_others(scenario: Scenario):
    """Whether nobody closes up to others in it, one does, or many."""
    closing = [member for member in scenario.casts[0][1:] if member.desired_speed_factor > 1.0]
    alone = [
        member if member not in closing[1:] else replace(member, desired_speed_factor=1.0)
        for member in scenario.casts[0]
    ]
    for its in (scenario, replace(scenario, casts=(tuple(alone), *scenario.casts[1:]))):
        for most in range(17):
            assert among(its, most).num_users == its.num_users + most


@pytest.mark.parametrize("encoder", ["flat", "attention"])
def test_whoever_was_trained_in_a_crowd_drives_in_the_scenario_itself(encoder: str, tmp_path: Path, few_seeds: None):
    pytest.importorskip("torch")
    from kindergarten.agents.runs.run import Run
    from kindergarten.agents.runs.train import begin, weights_of

    small = ["--worlds", "8", "--n-steps", "16", "--n-epochs", "1", "--hidden", "8", "--threads", "1"]
    words = ["--crowd", "4", "--encoder", encoder, "--steps", "128", *small]
    assert cli.main(["train", *words, "--out", str(tmp_path / "run")]) == 0
    assert cli.main(["train", "--resume", str(tmp_path / "run"), "--more", "128"]) == 0
    run, follow = Run.open(tmp_path / "run"), SCENARIOS["Follow"]
    assert run.taught.endswith("crowd 4") and run.load_model().policy.num_labels == 5
    own = run.results("evaluation.json")[0]["anticipation"]
    assert kindergarten.score(run.folder, "Follow").anticipation == pytest.approx(own)
    kindergarten.score(run.folder, among(follow, 4), seeds=SEEDS[:2])

    weights_of(run, run.options)
    plain = replace(run.options, crowd=0)
    with nullcontext() if encoder == "attention" else pytest.raises(ValueError, match="choose a run with as many"):
        weights_of(run, plain)
    assert begin(replace(plain, out=tmp_path / "plain")).untrained(1).policy.num_labels == 1

    pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    assert cli.main(["export-onnx", str(run.folder), str(tmp_path / "car.onnx")]) == 0
    assert kindergarten.score(tmp_path / "car.onnx", "Follow").anticipation == pytest.approx(own)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--scenario", "all", "--crowd", "2"], "--crowd 2 goes with one scenario"),
        (["--scenario", "Meeting", "--crowd", "2"], "crowd is not to be had among several agents"),
        (["--crowd", "17"], "from 0 to 16"),
    ],
)
def test_a_crowd_that_is_not_to_be_had_is_said_in_a_line(words: list[str], says: str, capsys: pytest.CaptureFixture):
    assert cli.main(["train", *words]) == 2
    said = capsys.readouterr().err
    assert says in said and said.count("\n") == 1
