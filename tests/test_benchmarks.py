"""The benchmarks run, at sizes that say nothing about speed."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest
from gymnasium import spaces

from benchmarks import before, common, playground, realism, simulator, soak, viewer
from kindergarten import cli
from kindergarten.playground import planner
from kindergarten.scenarios import SCENARIOS, scenario_named
from kindergarten.scoring.reference import compute, reference
from kindergarten.world.codes import Action, End, Intent, Signal
from kindergarten.world.config import Config
from kindergarten.world.settings import plain
from kindergarten.world.simulator import Simulator

pytestmark = pytest.mark.usefixtures("few_seeds")


def test_rates_are_per_turn_and_ratios_per_round():
    def work():
        sum(range(20_000))
        return common.Done(7, 14)

    rates = common.race({"a": work, "b": work}, rounds=3, seconds=0.01)
    assert rates["a"].decisions.shape == (3,) and (rates["a"].decisions > 0).all()
    np.testing.assert_allclose(rates["b"].user_steps, 2 * rates["b"].decisions)
    found = common.ratio(np.array([1.0, 4.0, 9.0]), np.array([1.0, 2.0, 3.0]), 1.5)
    assert found == {"median": 2.0, "min": 1.0, "max": 3.0, "target": 1.5}


def test_a_crowd_is_crossing_with_more_riders():
    few, many = simulator.crowd(7), simulator.crowd(8)
    assert (few.num_users, many.num_users) == (7, 8) and few.casts[0] == many.casts[0][:7]
    assert many.casts[0][-1].arrival_offset > few.casts[0][-1].arrival_offset


@pytest.mark.jit
@pytest.mark.slow
def test_playground(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(planner, "PREFIXES", planner.PREFIXES[:2])
    monkeypatch.setattr(planner, "CONTINUATIONS", planner.CONTINUATIONS[:1])
    words = ["--worlds", "2", "--rounds", "1", "--out", str(tmp_path / "playground.json")]
    playground.main([*words, "--seeds", "1"])
    playground.main([*words, "--seeds", "2", "--scenarios", "Meeting"])
    result = json.loads((tmp_path / "playground.json").read_text())
    assert [(row["scenario"], row["seed"]) for row in result["rows"]] == [
        *((name, 1000) for name in ("Meeting", "Junction4", "Square")),
        ("Meeting", 1001),
    ]
    for row in result["rows"]:
        assert row["returns"]["unbraked"] <= row["returns"]["muted"] + 1e-6 <= row["returns"]["told"] + 2e-6
        assert all(0.0 <= row["goals"][team] + row["collisions"][team] <= 1.0 + 1e-6 for team in playground.TEAMS)
    assert {name: row["agents"] for name, row in result["rates"].items()} == {
        **{"Meeting": 2, "Junction4": 4, "Square": 8},
        "Crowd": 8,
    }
    assert capsys.readouterr().out


@pytest.mark.slow
def test_before(tmp_path, capsys):
    """This checkout beside itself."""
    words = [str(common.ROOT), "--scenarios", "Follow", "--turns", "3", "--seconds", "0.1"]
    assert before.main([*words, "--out", str(tmp_path / "before.json")]) == 0
    result = json.loads((tmp_path / "before.json").read_text())
    assert result["scenarios"]["Follow"]["median"] == result["median"] == pytest.approx(1.0, abs=0.5)
    assert f"times as fast as {result['before']}" in capsys.readouterr().out


def test_simulator(tmp_path, capsys, monkeypatch):
    for name in ("highway_env", "metadrive", "minigrid"):
        monkeypatch.setitem(sys.modules, name, None)  # as where it is not installed
    result = simulator.measure(worlds=3, sb3_worlds=2, rounds=2, seconds=0.0)
    simulator.show(result)
    common.write(tmp_path / "results" / "simulator.json", result)
    assert json.loads((tmp_path / "results" / "simulator.json").read_text()) == result
    assert {"commit", "machine", "python", "packages", "date"} <= set(result["made_with"])
    assert all(row["decisions_per_s"]["min"] > 0 for row in result["rates"].values())
    core, envs = (result["rates"][name.format(3)] for name in (simulator.SIMULATOR, simulator.VECTOR))
    for row in (core, envs):  # 8 road users, 2 physics steps
        rates = row["road_user_steps_per_s"]["max"], 16 * row["decisions_per_s"]["max"]
        assert rates[0] == pytest.approx(rates[1], rel=0.01)
    said = capsys.readouterr().out
    assert "at least 0.5" in said and said.count(" is left out: ") == 4


@pytest.mark.slow
def test_trainer(tmp_path, capsys):
    trainer = pytest.importorskip("benchmarks.trainer")
    out = tmp_path / "trainer.json"
    assert trainer.main(["--quick", "--worlds", "4", "--out", str(out)]) == 0
    result = json.loads(out.read_text())
    assert result["ratios"]["MemoryPPO / RecurrentPPO"]["median"] > 0
    assert sum(result["phases"].values()) == pytest.approx(1.0, abs=0.01) and min(result["phases"].values()) >= 0
    assert 0 < result["kernels"] < 1
    assert "decisions/s" in capsys.readouterr().out


@pytest.mark.slow
def test_viewer(tmp_path, capsys):
    out = tmp_path / "viewer.json"
    assert viewer.main(["--quick", "--out", str(out)]) == 0
    result = json.loads(out.read_text())
    assert all(row["pictures_per_s"]["mean"] > 0 for row in result["drawing"].values())
    assert result["opening_s"]["decisions"] == 3000 and "pictures" in capsys.readouterr().out


@pytest.mark.slow
def test_pixels(tmp_path, capsys):
    pixels = pytest.importorskip("benchmarks.pixels")
    found = pixels.speed(worlds=3, rounds=2, seconds=0.0, python=sys.executable)
    ours = pixels.PAINTED, pixels.STEPPED, pixels.GREY
    assert all(found["frames_per_s"][name]["min"] > 0 for name in ours)
    said = capsys.readouterr().out
    for name in pixels.RIVALS:
        assert (name in found["frames_per_s"]) != (f"{name}: not installed for {sys.executable}: left out" in said)
    pixels.picture(tmp_path / "pixels.png")
    assert (tmp_path / "pixels.png").stat().st_size > 1000


@pytest.mark.parametrize(
    ("scenario", "rivals"), [pytest.param("Follow", ["--rivals"], marks=pytest.mark.slow), ("Crossing", [])]
)
def test_time_to_score(tmp_path, scenario, rivals):
    trainer = pytest.importorskip("benchmarks.trainer")
    out = tmp_path / "time.json"
    words = f"--time-to-score --scenario {scenario} --quick --worlds 2 --seeds 1 --validation 2 --limit 0.1 --score 2"
    assert trainer.main([*words.split(), *rivals, "--out", str(out)]) == 0
    result = json.loads(out.read_text())
    assert list(result["runs"]) == [trainer.OURS, *[trainer.ALONE, trainer.LIKE_OURS] * len(rivals)]
    assert result["settings"]["scenario"] == scenario
    for (run,) in result["runs"].values():
        assert not run["reached"] and run["curve"][-1]["processor_s"] == run["processor_s"] >= 0.1
        assert run["curve"][0]["decisions"] == 0


def test_the_score_is_that_of_the_evaluation():
    trainer = pytest.importorskip("benchmarks.trainer")
    from kindergarten.agents.evaluation.agent import PolicyAgent
    from kindergarten.scoring.exam import Exam
    from kindergarten.scoring.rollout import rollout

    scenario = scenario_named("Follow")
    limits = compute(scenario, Config(), np.arange(3))
    model = trainer.ours(seed=1, worlds=2)
    exam = Exam(scenario, seeds=limits.seeds)
    rollout(PolicyAgent(model.policy), exam)
    expected = limits.anticipation((exam.chances * exam.returns).sum(axis=0))
    assert trainer.anticipation(model, scenario, limits) == pytest.approx(expected, abs=1e-9)


@pytest.mark.slow
def test_the_ladder_is_done_in_pieces(tmp_path, monkeypatch, capfd):
    ladder = pytest.importorskip("benchmarks.ladder")
    words = ["--scenarios", "Follow", "--seeds", "1", "--steps", "256", "--worlds", "2", "--runs", str(tmp_path)]
    out = tmp_path / "ladder.json"
    assert ladder.main([*words, "--memories", "lstm"]) == 0
    first = tmp_path / "results" / "Follow-lstm-seed0.json"
    assert set(json.loads(first.read_text())["anticipation"]) >= {"0 s", "1 s", "32 s"}
    monkeypatch.setattr(ladder, "kindergarten", None)  # nobody is trained again
    assert ladder.main([*words, "--memories", "lstm", "none", "--sum-up", "--out", str(out)]) == 0
    (row,) = json.loads(out.read_text())["rows"]
    assert row["seeds"] == 1 and len(row["anticipation"]["8 s"]) == 3
    assert "32 s" in capfd.readouterr().out


@pytest.mark.parametrize("action", [Action.IDLE, Action.SLOWER])
@pytest.mark.parametrize(("name", "who"), [("alike", slice(-1, None)), ("signalling", slice(-2, None))])
def test_the_intents_of_whoever_comes_beside_in_a_crowd_never_matter(action: Action, name: str, who: slice):
    attention = pytest.importorskip("benchmarks.attention")
    crowd, seeds = attention.two_more(name), np.arange(40)
    assert crowd.num_users == attention.SCENARIO.num_users + 2 == 11
    returns = []
    for intent in (Intent.LEFT, Intent.RIGHT):
        worlds = Simulator(crowd, len(seeds))
        worlds.seed(seeds)
        intents = np.full((len(seeds), crowd.num_users - 1), -1)
        intents[:, who] = intent
        worlds.reset(intents=intents)
        assert (worlds.users["cue_signal"][:, who] != Signal.NONE).all()
        earned = np.zeros(len(seeds))
        while (worlds.worlds["end"] == End.RUNNING).any():
            earned += worlds.step(np.full(len(seeds), action)).rewards
        returns.append(earned)
    np.testing.assert_array_equal(*returns)


@pytest.mark.slow
def test_attention_is_done_in_pieces(tmp_path, capsys):
    attention = pytest.importorskip("benchmarks.attention")
    words = ["--orders", "shuffled", "--seeds", "1", "--steps", "256", "--worlds", "2", "--runs", str(tmp_path)]
    out = tmp_path / "attention.json"
    assert attention.main([*words, "--agents", "flat"]) == 0
    before = (tmp_path / "shuffled-flat" / "seed0" / "checkpoints" / "last.safetensors").stat().st_mtime_ns
    assert attention.main([*words, "--out", str(out)]) == 0
    assert (tmp_path / "shuffled-flat" / "seed0" / "checkpoints" / "last.safetensors").stat().st_mtime_ns == before
    flat, attending, among = json.loads(out.read_text())["rows"]
    assert abs(flat["weights"] / attending["weights"] - 1) < 0.02  # equal parameters
    assert attending["weights"] == among["weights"] and (attending["crowd"], among["crowd"]) == (0, 4)
    assert all(len(row["crowds"]["alike"]["left"]) == 1 and row["attention"]["times"] > 0 for row in (attending, among))
    assert attending["attention"]["times_by_phase"].keys() == {"before", "cue", "delay"}
    assert '"rows": "shuffled"' in capsys.readouterr().out


def finished(folder: Path, scenario: str, score: float, changed: float = 0.0) -> None:
    """What a finished run leaves behind, as far as the table of agents is made of it, in a world that has changed."""
    folder.mkdir(parents=True)
    limits = reference(SCENARIOS[scenario], Config())
    right = {"by_phase": {"delay": {"accuracy": 0.5}}}
    found = {
        "scenario": scenario,
        "memory": folder.parent.name.partition("-")[2],
        "seed": int(folder.name.removeprefix("seed")),
        "anticipation": score,
        "collision_rate": 0.1,
        "right_answers": 1.0,
        "goal_rate": 0.9,
    }
    found |= {"blind": limits.blind.mean() + changed, "oracle": limits.oracle.mean(), "settings": plain(Config())}
    found["captions"] = dict.fromkeys(("agent", "single_frame", "majority"), right)
    (folder / "evaluation.json").write_text(json.dumps(found))
    config = {"options": {"steps": 7}, "made_with": {"commit": "abc"}}
    (folder / "config.json").write_text(json.dumps(config))
    head = "time/total_timesteps,evaluation/anticipation,time/time_elapsed"
    (folder / "metrics.csv").write_text(f"{head}\n7,{score},3.0\n")


def test_a_learning_curve_that_is_damaged_is_not_read_as_far_as_it_goes(tmp_path):
    agents = pytest.importorskip("benchmarks.agents")
    whole = "time/total_timesteps,evaluation/anticipation,time/time_elapsed\n7,0.8,3.0\n"
    (tmp_path / "metrics.csv").write_text(whole)
    assert agents.course(tmp_path, "anticipation") == ([[7, 0.8]], 3.0)
    (tmp_path / "metrics.csv").write_text(f"{whole}14,0.9")
    with pytest.raises(ValueError, match="damaged in line 3"):
        agents.course(tmp_path, "anticipation")


def test_the_table_of_agents_is_renewed_in_parts(tmp_path, monkeypatch, capsys):
    agents = pytest.importorskip("benchmarks.agents")
    out = tmp_path / "agents.json"
    follow = {"scenario": "Follow", "memory": "none", "control": "signal shown until t3"}
    old = [{"scenario": "Town", "memory": "lstm", "control": "", "seeds": [0.4]}, follow]
    out.write_text(json.dumps({"made_with": "of the old", "rows": old}))
    for seed, score in enumerate((0.8, 0.9), start=agents.FIRST):
        finished(tmp_path / "Follow-lstm" / f"seed{seed}", "Follow", score)
    finished(tmp_path / "Follow-none" / f"seed{agents.FIRST}", "Follow", 0.1)
    words = ["--scenarios", "Follow", "--agents", "lstm", "none", "--seeds", "2", "--controls", "1"]
    monkeypatch.setattr(sys, "argv", ["agents", "--out", str(out), "--runs", str(tmp_path), *words])
    agents.main()
    result = json.loads(out.read_text())
    new, without, *others = result["rows"]
    assert result["made_with"] == "of the old" and {"commit", "machine", "date"} <= set(new["made_with"])
    assert others == [old[1], old[0]], "in the order of the scenarios, and otherwise as they were"
    assert new["seed_numbers"] == [agents.FIRST, agents.FIRST + 1]
    assert new["seeds"] == [0.8, 0.9] and new["anticipation"] == pytest.approx(0.85) and new["decisions"] == 7
    assert without["seeds"] == [0.1] and without["memory"] == "none"
    fewer = ["--out", str(out), "--runs", str(tmp_path), "--scenarios", "Follow", "--agents", "lstm", "--seeds", "1"]
    monkeypatch.setattr(sys, "argv", ["agents", *fewer])
    agents.main()
    assert json.loads(out.read_text())["rows"][0] == new, "the first seed of two replaces no two"
    finished(tmp_path / "Crossing-lstm" / f"seed{agents.FIRST}", "Crossing", 0.9, changed=0.1)
    monkeypatch.setattr(sys, "argv", ["agents", "--runs", str(tmp_path), "--scenarios", "Crossing", "--seeds", "1"])
    with pytest.raises(SystemExit, match="another Crossing"):
        agents.main()


@pytest.mark.slow
def test_depth_says_what_it_scored_and_where_the_gradient_is(tmp_path):
    depth = pytest.importorskip("benchmarks.depth")
    out, picture = tmp_path / "depth.json", tmp_path / "depth.png"
    words = ["--trunks", "plain", "residual", "--depths", "1", "16", "--seeds", "1", "--steps", "256", "--worlds", "2"]
    assert depth.main([*words, "--runs", str(tmp_path), "--out", str(out), "--picture", str(picture)]) == 0
    flat, plain, residual = json.loads(out.read_text())["rows"]
    assert flat["trunk"] == "any" and [len(row["gradients"]["start"]) for row in (flat, plain, residual)] == [1, 16, 16]
    assert plain["first_over_last"]["start"] < 1e-3 < residual["first_over_last"]["start"]
    assert picture.stat().st_size > 10_000


@pytest.mark.slow
def test_a_probe_is_trained_without_captions(tmp_path, monkeypatch, capsys):
    probe = pytest.importorskip("benchmarks.probe")

    def train(folder, scenario, memory, seed, *words):
        assert words == ("--captions", "0")
        options = ["--scenario", scenario, "--memory", memory, "--seed", str(seed), "--out", str(folder), *words]
        assert cli.main(["train", *options, "--steps", "256", "--worlds", "2"]) == 0

    monkeypatch.setattr(probe, "run", train)
    monkeypatch.setattr(probe, "SEEDS", probe.SEEDS[:64])
    assert probe.main(["--scenarios", "Follow", "--seeds", "1", "--runs", str(tmp_path)]) == 0
    row = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert len(row["right_by_phase"]["delay"]) == 1
    assert all(0.2 < share <= 1.0 for (share,) in row["read_off_in_the_delay"].values())


@pytest.mark.slow
def test_reasons(tmp_path, monkeypatch):
    reasons = pytest.importorskip("benchmarks.reasons")
    monkeypatch.setitem(reasons.PLAN, "Follow", ((0.0, 0.9), 1))
    out = tmp_path / "reasons.json"
    words = ["--scenarios", "Follow", "--steps", "1", "--runs", str(tmp_path), "--out", str(out)]
    assert reasons.main([*words, "--pictures", str(tmp_path)]) == 0
    rows = json.loads(out.read_text())["rows"]
    assert [row["spurious"] for row in rows] == [0.0, 0.9]
    for row in rows:
        (aligned,), (against,) = row["right"]["aligned"], row["right"]["against"]
        assert row["reliance"] == [pytest.approx(aligned - against, abs=1e-3)]
    assert (tmp_path / "reasons-follow.svg").read_text().startswith("<svg")


@pytest.mark.slow
def test_redistribution(tmp_path):
    redistribution = pytest.importorskip("benchmarks.redistribution")
    out, picture = tmp_path / "redistribution.json", tmp_path / "redistribution.svg"
    words = ["--seeds", "1", "--steps", "512", "--worlds", "2", "--runs", str(tmp_path), "--out", str(out)]
    assert redistribution.main([*words, "--pictures", str(tmp_path)]) == 0
    rows = json.loads(out.read_text())["rows"]
    assert [row["rewards"] for row in rows] == ["plain", "redistributed"] and picture.stat().st_size > 2000


def test_a_soak_finds_what_is_planted(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(soak, "SCENARIOS", ["Follow"])
    words = ["--decisions", "24", "--rounds", "2", "--worlds", "2"]
    assert soak.main([*words, "--out", str(tmp_path / "soak.json")]) == 0
    result = json.loads((tmp_path / "soak.json").read_text())
    assert result["settings"]["kinds_of_environments"] == 12 and result["total"]["decisions"] == 48
    assert result["total"]["outside"] == result["total"]["not_finite"] == 0 and len(result["rows"]) == 3
    real = soak.KindergartenVectorEnv.step

    def step(self, actions):
        seen, rewards, *others = real(self, actions)
        rewards[0] = np.nan
        return seen, rewards, *others

    monkeypatch.setattr(soak.KindergartenVectorEnv, "step", step)
    assert soak.main(words) == 1 and " 0 rewards" not in capsys.readouterr().out.splitlines()[-2]


def test_a_soak_counts_what_is_outside():
    box, bits = spaces.Box(-1.0, 1.0, (2,), np.float32), spaces.MultiBinary(2)
    good, bad = np.zeros((3, 2), np.float32), np.array([[0, np.nan], [2, 0], [0, -1.5]], np.float32)
    both = spaces.Dict({"a": box, "b": bits})
    flags = np.array([[0, 1], [1, 2], [0, 0]], np.int8)
    assert soak.faults(box, good) == 0 and soak.faults(box, bad) == 3
    assert soak.faults(both, {"a": bad, "b": flags}) == 4 and soak.faults(box, good[:, :1]) == 3


@pytest.mark.slow  # half a minute of processes
def test_a_killed_training_loses_nothing(tmp_path, monkeypatch, capsys):
    kills = pytest.importorskip("benchmarks.kills")
    monkeypatch.setattr(kills, "KINDS", {"Follow": "--scenario Follow"})
    assert kills.main(["--kills", "2", "--out", str(tmp_path / "kills.json")]) == 0
    assert json.loads((tmp_path / "kills.json").read_text())["rows"]["Follow"]["kills"] == 2
    assert "nothing lost" in capsys.readouterr().out


def test_gentler_scenes_are_measured(tmp_path, monkeypatch):
    out, few = tmp_path / "realism.json", range(realism.SEEDS[0], realism.SEEDS[0] + 1)
    monkeypatch.setattr(realism, "SEEDS", few)
    assert realism.main(["--scenarios", "CutIn", "--out", str(out)]) == 0
    (row,), gentler = (json.loads(out.read_text())[key] for key in ("rows", "gentler"))
    assert (
        gentler[0]["tried"] == 2 and row["lane_change_s"] >= 4.0 and row["signal_read_m"] < row["signal_read_longest_m"]
    )
    assert row["g"]["car"] == row["g"]["cyclist"] == 0.0 < row["g"]["truck"] < 0.35


def test_the_demo_is_scored(tmp_path):
    demo, out = pytest.importorskip("benchmarks.demo"), tmp_path / "demo.json"
    assert demo.main(["--scenarios", "Follow", "--out", str(out)]) == 0
    (row,) = json.loads(out.read_text())["rows"]
    assert row["scenario"] == "Follow" and row["anticipation"] > 0.9


@pytest.mark.slow
def test_graduates(tmp_path, capsys):
    """Trained, scored in all scenarios; and what is there is not trained again."""
    graduates, out = pytest.importorskip("benchmarks.graduates"), tmp_path / "graduates.json"
    words = "--without Crossing --seeds 1 --steps 1000 --worlds 9"
    for _ in range(2):
        assert graduates.main([*words.split(), "--runs", str(tmp_path), "--out", str(out)]) == 0
    every, but_one = json.loads(out.read_text())["rows"]
    assert len(every["scores"]) == 9 and every["never_seen"] is None
    assert "Crossing" not in but_one["scores"] and but_one["never_seen"]["scenario"] == but_one["without"] == "Crossing"
    assert every["least"]["anticipation"] == min(every["scores"].values()) <= every["mean"]
    assert capsys.readouterr().out.count("best checkpoint") == 2


@pytest.mark.slow
def test_data(tmp_path, monkeypatch, capsys):
    """Recordings, predictors, drivers, a picture; and what is there is not made again."""
    data = pytest.importorskip("benchmarks.data", exc_type=ImportError)
    monkeypatch.setattr(data, "DRIVEN", 20)
    monkeypatch.setattr(data, "TESTED", 20)
    words = ["--data", str(tmp_path), "--decisions", "900", "1800", "--red", "900", "--epochs", "1", "--seeds", "1"]
    words += ["--out", str(tmp_path / "data.json"), "--picture", str(tmp_path / "data.png")]
    assert data.main(words) == 0
    rows = json.loads((tmp_path / "data.json").read_text())["rows"]
    assert len(rows) == 8 and (tmp_path / "data.png").stat().st_size > 5_000
    assert all(set(row["demo"]) == {"before", "cue", "delay", "after"} for row in rows[:4])
    assert {"anticipation", "right_answers", "collision_rate"} <= set(rows[-1])
    monkeypatch.setattr(data.predict_intent, "train", None)
    monkeypatch.setattr(data.drive_offline, "train", None)
    assert data.main(words) == 0 and len(json.loads((tmp_path / "data.json").read_text())["rows"]) == 8
