"""Worlds of several scenarios in one batch, and an agent that learned in all of them at once."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch as th
from gymnasium import spaces
from sb3_contrib.common.recurrent.type_aliases import RNNStates

import kindergarten
from kindergarten import cli
from kindergarten.agents.learner.buffer import AuxiliaryTargets, WorldRolloutBuffer
from kindergarten.agents.runs import options, stored
from kindergarten.agents.runs.run import Run
from kindergarten.envs.mixed import make_mixed
from kindergarten.envs.sb3 import make_sb3
from kindergarten.files import DEMO
from kindergarten.scenarios import FILES, SCENARIOS
from kindergarten.scoring.exam import Exam
from kindergarten.scoring.reference import SEEDS, reference
from kindergarten.world.codes import Intent
from kindergarten.world.config import Config

TWO = [SCENARIOS["Follow"], SCENARIOS["Crossing"]]
ALL = {scenario.name: FILES[scenario.name] for scenario in TWO}
SMALL = ["--worlds", "8", "--n-steps", "16", "--n-epochs", "1", "--hidden", "8", "--threads", "1"]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory, few_seeds: None) -> Path:
    """A run of two updates, in two scenarios for speed."""
    folder = tmp_path_factory.mktemp("runs") / "graduate"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(options, "FILES", ALL)
        assert cli.main(["train", "--scenario", "all", "--steps", "256", *SMALL, "--out", str(folder)]) == 0
    return folder


@pytest.fixture
def graduate(trained: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The same, where these two are all that there are."""
    monkeypatch.setattr(options, "FILES", ALL)
    return trained


def test_each_world_is_as_in_a_batch_of_its_own_scenario():
    mixed = make_mixed(TWO, 8, seed=5)
    sizes = np.bincount(mixed.groups).tolist()
    assert sum(sizes) == 8 and sizes[0] < sizes[1]  # Crossing takes longer to learn
    parts = [make_sb3(f"Kindergarten/{s.name}-v0", sizes[k], 5 + k * sizes[0]) for k, s in enumerate(TWO)]
    worth = [np.subtract(*(getattr(reference(s, Config()), name).mean() for name in ("oracle", "blind"))) for s in TWO]
    alone: list[Any] = [part.reset() for part in parts]
    seen: Any = mixed.reset()
    chance, episodes = np.random.default_rng(0), 0
    for _ in range(120):
        for rows, own in zip(mixed.rows, alone, strict=True):
            np.testing.assert_array_equal(seen[rows, : own.shape[1]], own)
            assert not seen[rows, own.shape[1] :].any()
        actions = chance.integers(0, 5, 8)
        seen, rewards, dones, infos = mixed.step(actions)
        steps = [part.step(actions[rows]) for part, rows in zip(parts, mixed.rows, strict=True)]
        alone = [step[0] for step in steps]
        np.testing.assert_allclose(rewards, np.concatenate([s[1] / w for s, w in zip(steps, worth, strict=True)]), 1e-5)
        np.testing.assert_array_equal(dones, np.concatenate([step[2] for step in steps]))
        for i in np.flatnonzero(dones):
            assert infos[i]["terminal_observation"].shape == mixed.observation_space.shape
            episodes += 1
    assert episodes > 4
    assert (mixed.labels()[mixed.rows[0], 1:] == -1).all() and len(mixed.driven()) == 8


@pytest.mark.parametrize("name", ["CutIn", "Town"])
def test_rewards_are_paid_by_what_a_leg_is_worth(name: str, tmp_path: Path):
    scenario, found = SCENARIOS[name], reference(SCENARIOS[name], Config())
    worth = found.unit / {"CutIn": 1, "Town": 3}[name]
    own = options.usual(name)
    run, raw = (Run.create(tmp_path / str(on), replace(own, normalize_reward=on)) for on in (True, False))
    envs = [it.untrained(4).get_env() for it in (run, raw, Run.open(raw.folder))] + [make_mixed([scenario], 4, 0)]
    paid = []
    for env in envs:
        assert env is not None
        env.reset()
        paid.append(np.array([env.step(np.zeros(4, int))[1] for _ in range(80)]))
    np.testing.assert_allclose(paid[0] * worth, paid[1], 1e-5)
    np.testing.assert_array_equal(paid[1], paid[2])
    np.testing.assert_array_equal(paid[0], paid[3])
    assert (run.taught, raw.taught) == ("", "raw rewards")
    assert (run.reward_scale(scenario), raw.reward_scale(scenario)) == (pytest.approx(1 / worth), 1.0)


def test_older_runs_were_paid_as_the_world_pays():
    before = {"options": {"scenario": "CutIn"}, "made_with": {}}
    assert not stored.from_json(before).normalize_reward
    assert stored.from_json({"options": {"scenario": "all"}, "made_with": {}}).normalize_reward
    assert stored.from_json({"options": {"scenario": "CutIn"}}).normalize_reward


def test_worlds_go_on_from_a_snapshot():
    one, two = (make_mixed(TWO, 4, seed) for seed in (1, 2))
    one.reset()
    for _ in range(30):
        one.step(np.zeros(4, int))
    two.restore(one.snapshot())
    for _ in range(60):
        for mine, theirs in zip(*(env.step(np.zeros(4, int))[:3] for env in (one, two)), strict=True):
            np.testing.assert_array_equal(mine, theirs)
    broken = one.snapshot() | {"1/returns": np.full(1, np.nan)}
    before = two.snapshot()
    with pytest.raises(ValueError, match="make no sense"):
        two.restore(broken)
    assert all(np.array_equal(its, before[name]) for name, its in two.snapshot().items())


def test_advantages_of_each_task_have_their_own_scale():
    buffer = WorldRolloutBuffer(16, spaces.Box(-1, 1, (3,)), spaces.Discrete(2), (16, 1, 4, 2), "cpu", n_envs=4)
    buffer.reset()
    chance, groups = np.random.default_rng(0), np.array([0, 0, 1, 1])
    zeros = th.zeros(4)
    none = th.zeros(1, 4, 2)
    for _ in range(16):
        rewards = chance.normal(size=4) * (1, 1, 100, 100)
        targets = AuxiliaryTargets(np.array([True, False, True, True]), np.empty((4, 0)), groups)
        told = {"lstm_states": RNNStates((none, none), (none, none)), "targets": targets}
        buffer.add(np.zeros((4, 3)), np.zeros(4), rewards, np.zeros(4), zeros, zeros, **told)
    buffer.compute_returns_and_advantage(th.zeros(4), np.zeros(4, bool))
    for found in (buffer.advantages[:, :1], buffer.advantages[:, 2:]):  # the second world's decisions do not count
        assert found.mean() == pytest.approx(0.0, abs=1e-5) and found.std() == pytest.approx(1.0, abs=1e-3)
    assert buffer.returns[:, 2:].std() > 10 * buffer.returns[:, :2].std()


def test_whoever_is_not_there_is_out_of_sight(graduate: Path):
    policy = Run.open(graduate).load_model().policy
    columns = [spaces.flatdim(space) for space in (Exam("Follow").single_observation_space, policy.observation_space)]
    follow = th.rand(3, columns[0])
    wide = th.nn.functional.pad(follow, (0, columns[1] - columns[0]))
    states, starts = policy.no_memories(3), th.ones(3)
    narrow, padded = (policy.think(seen, states, starts).thoughts for seen in (follow, wide))
    np.testing.assert_array_equal(narrow.values, padded.values)
    assert narrow.captions is not None and padded.captions is not None
    np.testing.assert_array_equal(narrow.captions, padded.captions[:, :1])


def test_all_is_scored_recorded_compared_and_watched(graduate: Path, tmp_path: Path, capsys: pytest.CaptureFixture):
    found = Run.open(graduate).results("evaluation.json")
    assert [row["scenario"] for row in found] == ["Follow", "Crossing"]
    score = kindergarten.score(graduate, "Crossing")
    assert score.anticipation == pytest.approx(found[1]["anticipation"])
    with pytest.raises(ValueError, match="the agent's observations are"):
        kindergarten.score(graduate, "Crossroads")  # one more road user than Crossing has
    assert cli.main(["evaluate", str(graduate)]) == 0
    assert "mean" in capsys.readouterr().out
    assert cli.main(["compare", str(graduate)]) == 0
    assert "Crossing, lstm, 1..4 s, all scenarios" in " ".join(capsys.readouterr().out.split())
    assert cli.main(["diagnose", str(graduate)]) == 2
    assert "choose one with --scenario" in capsys.readouterr().err
    picture = tmp_path / "follow.png"
    assert cli.main(["watch", str(graduate), "--scenario", "Follow", "--headless", "--png", str(picture)]) == 0
    assert picture.exists()


def test_one_may_be_left_out_and_asked_about(tmp_path: Path, few_seeds: None):
    folder, few = tmp_path / "run", dict.fromkeys(("Follow", "Overtake", "CutIn"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(options, "FILES", few)
        words = ["--scenario", "all", "--without", "Follow", "--steps", "128"]
        assert cli.main(["train", *words, *SMALL, "--out", str(folder)]) == 0
        assert {row["scenario"] for row in json.loads((folder / "evaluation.json").read_text())} == {
            "Overtake",
            "CutIn",
        }
        assert Run.open(folder).taught.startswith("all scenarios but Follow")
        assert kindergarten.score(folder, "Follow", seeds=SEEDS[:4]).anticipation is not None


def test_it_goes_on_where_it_was_stopped(graduate: Path, capsys: pytest.CaptureFixture):
    assert cli.main(["train", "--resume", str(graduate), "--more", "128"]) == 0
    assert "384" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["train", "--scenario", "all", "--curriculum"], "choose one"),
        (["train", "--scenario", "all", "--observation", "users"], "do not go together"),
        (["train", "--scenario", "everything"], "Town, all"),
        (["train", "--without", "Town"], "choose --scenario all"),
        (["train", "--scenario", "all", "--without", "Nowhere"], "choose from Follow"),
    ],
)
def test_what_makes_no_sense_is_said_in_a_line(words: list[str], says: str, capsys: pytest.CaptureFixture):
    assert cli.main(words) == 2
    said = capsys.readouterr().err
    assert says in said and said.count("\n") == 1


def test_an_agent_comes_with_the_package(tmp_path: Path, capsys: pytest.CaptureFixture):
    agent = kindergarten.load("demo")
    for name in ("Follow", "CutIn", "AllWayStop"):
        score = kindergarten.score(agent, name, seeds=SEEDS[:8])
        assert score.anticipation is not None and score.anticipation > 0.7
    assert {file.stem for file in (DEMO / "replays").iterdir()} == set(FILES)
    assert (DEMO / "checkpoints" / "best.safetensors").stat().st_size < 1_000_000
    picture = tmp_path / "demo.png"
    assert cli.main(["watch", "demo", "--headless", "--png", str(picture)]) == 0 and picture.exists()
    assert "--scenario says where else" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["train", "--resume", "demo"], "with which --init begins a new run"),
        (["train", "--resume", "demo", "--more", "1000"], "with which --init begins a new run"),
        (["train", "--resume", "demo", "--steps", "20000000"], "with which --init begins a new run"),
        (["compare", "demo"], "has no evaluation.json"),
    ],
)
def test_what_comes_with_the_package_stays_as_it_is(words, says, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    before = {file: file.read_bytes() for file in DEMO.rglob("*") if file.is_file()}
    assert cli.main(words) == 2
    said = capsys.readouterr().err
    assert says in said and said.count("\n") == 1
    assert {file: file.read_bytes() for file in DEMO.rglob("*") if file.is_file()} == before
    assert not list(tmp_path.iterdir())


def test_options_and_attributes_reach_every_part():
    mixed = make_mixed(TWO, 4, seed=0)
    mixed.set_options({"intents": ["left"]})
    mixed.reset()
    assert (mixed.labels()[:, 0] == Intent.LEFT).all()
    drawn = set()
    for _ in range(8):
        mixed.reset()  # what was asked for held for one reset
        drawn |= set(mixed.labels()[:, 0].tolist())
    assert len(drawn) > 1
    mixed.set_attr("render_mode", "human")
    assert mixed.get_attr("render_mode") == ["human"] * 4
    for some in ([0], mixed.rows[0], [3]):
        chosen = np.arange(4)[some].tolist()
        with pytest.raises(NotImplementedError, match=f"all worlds share it, it cannot be set in \\{chosen} alone"):
            mixed.set_attr("render_mode", None, chosen)
        assert mixed.get_attr("render_mode") == ["human"] * 4
