"""From one command to an agent, its scores and a replay; and what the command refuses."""

import csv
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch as th

from kindergarten import cli
from kindergarten.agents import PPOConfig
from kindergarten.agents.runs import checkpoint, watcher
from kindergarten.agents.runs.options import Options
from kindergarten.agents.runs.run import Run
from kindergarten.agents.runs.train import attempt, begin, learn
from kindergarten.envs.sb3 import KindergartenVecEnv
from kindergarten.replay import replay
from kindergarten.world.codes import Action

pytestmark = pytest.mark.usefixtures("few_seeds")
TINY = ["--steps", "2048", "--worlds", "8"]
KEYS = {
    "scenario",
    "memory",
    "seed",
    "decisions",
    "episodes",
    "return_mean",
    "blind",
    "oracle",
    "anticipation",
    "anticipation_ci95",
    "collision_rate",
    "goal_rate",
    "by_intent",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, few_seeds: None) -> Path:
    """A run that has learned next to nothing."""
    out = tmp_path_factory.mktemp("runs") / "tiny"
    assert cli.main(["train", "--scenario", "Follow", *TINY, "--out", str(out)]) == 0
    return out


def test_a_run_keeps_all_that_it_takes_to_run_it_again(folder: Path):
    about = json.loads((folder / "config.json").read_text())
    assert about["options"]["scenario"] == "Follow" and about["options"]["steps"] == 2048
    assert about["hyperparameters"]["n_epochs"] >= 1 and "torch" in about["made_with"]["packages"]
    with (folder / "metrics.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 2 and int(rows[-1]["time/total_timesteps"]) == 2048  # one row per update
    assert list(folder.glob("events.out.tfevents*"))
    assert {path.name for path in (folder / "checkpoints").iterdir()} == {
        "best.safetensors",
        "last.safetensors",
        "best.zip",
    }


def test_the_evaluation_holds_what_the_contract_names(folder: Path):
    found = json.loads((folder / "evaluation.json").read_text())
    assert found.keys() >= KEYS
    assert found["episodes"] == 3 * 8, "each intent of few_seeds"
    assert set(found["by_intent"]) == {"left", "straight", "right"}
    low, high = found["anticipation_ci95"]
    assert low <= found["anticipation"] <= high
    scale = found["oracle"] - found["blind"]
    assert found["anticipation"] == pytest.approx((found["return_mean"] - found["blind"]) / scale)


def test_the_replay_shows_twins_and_what_the_car_believes(folder: Path):
    recorded = replay.read(folder / "replays" / "twins.npz")
    assert [int(episode.users["intent"][0, 1]) for episode in recorded.episodes] == [0, 1, 2]
    assert len({episode.seed for episode in recorded.episodes}) == 1
    for episode in recorded.episodes:
        assert episode.thoughts.captions is not None
        np.testing.assert_allclose(episode.thoughts.captions.sum(-1), 1.0, atol=1e-5)


@pytest.mark.parametrize("better", ["first", "last"])
def test_of_the_best_underway_and_the_last_the_better_is_kept(folder: Path, tmp_path: Path, better: str):
    run = Run.open(Path(shutil.copytree(folder, tmp_path / "run")))
    agents = {name: run.load_model() for name in ("first", "last")}
    for name, model in agents.items():  # one goes always the same way, which is as good as blind; the other never moves
        deed = Action.RIGHT if name == better else Action.SLOWER
        head = model.policy.action_net
        assert isinstance(head, th.nn.Linear)
        with th.no_grad():
            head.weight.zero_()
            head.bias.copy_(1e3 * (th.arange(5) == deed))
        model.num_timesteps = 1000 * len(name)
    checkpoint.write(run.checkpoint("best"), checkpoint.weights(agents["first"]))
    watcher.settle_best(run, agents["last"])
    assert run.load_model().num_timesteps == 1000 * len(better)


def test_what_counts_is_how_it_did_lately(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Half a check and half what counted before: one lucky check makes no best agent. Nor does a start count."""
    scores = iter([1.0, 0.2, 0.9, 0.7, 0.7, 0.0])  # lately -, 0.2, 0.55, 0.625, 0.66, 0.33
    monkeypatch.setattr(watcher.Watcher, "_score", lambda self: next(scores))
    run = begin(Options(worlds=2, steps=5 * 256, learner=PPOConfig(n_epochs=1, hidden=8), out=tmp_path / "run"))
    assert attempt(learn, run) == 0 and not list(scores)
    assert checkpoint.read(run.checkpoint("best")).decisions == 1024  # by single checks 512, or 0


def test_resume_goes_on_to_the_end(folder: Path, tmp_path: Path):
    out = Path(shutil.copytree(folder, tmp_path / "run"))
    about = json.loads((out / "config.json").read_text())
    about["options"]["steps"] = 3072
    (out / "config.json").write_text(json.dumps(about))
    assert cli.main(["train", "--resume", str(out)]) == 0
    assert checkpoint.read(Run.open(out).checkpoint("last")).notes["num_timesteps"] == 3072


@pytest.mark.slow
def test_seeds_are_trained_side_by_side_and_summed_up(tmp_path: Path, capfd: pytest.CaptureFixture[str]):
    out = tmp_path / "runs"
    words = ["train", "--steps", "1024", "--worlds", "8", "--seeds", "2", "--seed", "3", "--out", str(out)]
    assert cli.main(words) == 0
    printed = capfd.readouterr().out
    assert "seed3: anticipation" in printed and "2 seeds: anticipation" in printed
    assert all((out / name / "evaluation.json").exists() for name in ("seed3", "seed4"))
    shutil.rmtree(out / "seed3")  # it would be started again, to find that it has nothing to do
    (out / "seed4" / "checkpoints" / "last.safetensors").write_bytes(b"")
    assert cli.main(["train", "--resume", str(out)]) == 2
    assert "seed4: ended with exit code 2" in capfd.readouterr().err


def test_a_delay_may_be_one_number(tmp_path: Path):
    assert cli.main(["train", "--delay", "2", "--steps", "1", "--worlds", "1", "--out", str(tmp_path / "a")]) == 0
    assert json.loads((tmp_path / "a" / "evaluation.json").read_text())["delay_s"] == [2.0, 2.0]


def test_colours_may_go_with_the_intents(tmp_path: Path):
    options = ["--spurious", "0.9", "--steps", "1", "--worlds", "3", "--out", str(tmp_path / "a")]
    assert cli.main(["train", *options]) == 0
    run = Run.open(tmp_path / "a")
    env = run.untrained(1).get_env()
    assert isinstance(env, KindergartenVecEnv)
    assert run.config.spurious == env.envs.simulator.config.spurious == 0.9
    assert run.read_json("evaluation.json")["taught"] == "colours 0.9"


def test_the_road_users_may_stand_in_random_order(tmp_path: Path):
    assert cli.main(["train", "--shuffled", "--steps", "1", "--worlds", "1", "--out", str(tmp_path / "a")]) == 0
    run = Run.open(tmp_path / "a")
    env = run.untrained(1).get_env()
    assert isinstance(env, KindergartenVecEnv)
    assert run.config.shuffled and env.envs.simulator.config.shuffled and run.taught == "shuffled"


def test_evaluate_scores_a_run_again_and_on_other_delays(folder: Path, capsys: pytest.CaptureFixture[str]):
    before = json.loads((folder / "evaluation.json").read_text())
    assert cli.main(["evaluate", str(folder)]) == 0
    assert json.loads((folder / "evaluation.json").read_text()) == before  # deterministic
    assert cli.main(["evaluate", str(folder), "--delay", "8"]) == 0
    assert "delay 8 s," in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--scenario", "Nowhere"], "unknown scenario 'Nowhere': choose from Follow, Crossing"),
        (["--memory", "elephant"], "unknown memory 'elephant'"),
        (["--control", "telepathy"], "unknown control 'telepathy': choose from discrete, continuous"),
        (["--delay", "4", "1"], "--delay is (4.0, 1.0)"),
        (["--worlds", "0"], "--worlds is 0"),
        (["--spurious", "2"], "spurious is 2.0: it must be between -1 and 1"),
        (["--delay", "1", "2", "3"], "--delay is (1.0, 2.0, 3.0)"),
    ],
)
def test_what_makes_no_sense_is_one_line(options: list[str], said: str, capsys: pytest.CaptureFixture[str]):
    assert cli.main(["train", *options]) == cli.ERROR
    errors = capsys.readouterr().err
    assert said in errors and errors.count("\n") == 1


def test_nothing_is_overwritten(folder: Path, capsys: pytest.CaptureFixture[str]):
    before = (folder / "evaluation.json").read_bytes()
    assert cli.main(["train", *TINY, "--out", str(folder)]) == cli.ERROR
    assert str(folder) in capsys.readouterr().err
    assert (folder / "evaluation.json").read_bytes() == before
