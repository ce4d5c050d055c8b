"""Runs that are made again from their options, go on for longer, or begin with the weights of others."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch as th

from kindergarten import cli
from kindergarten.agents import PPOConfig
from kindergarten.agents.commands import Resume, Train
from kindergarten.agents.runs import checkpoint, seeds, train
from kindergarten.agents.runs.metrics import read_rows
from kindergarten.agents.runs.options import Options
from kindergarten.agents.runs.run import Run
from kindergarten.agents.runs.train import attempt, begin, extended, go_on, learn
from tests.test_options import parsed

TINY = ["--worlds", "8", "--n-steps", "16", "--batch-size", "64", "--n-epochs", "1", "--hidden", "8", "--features", "8"]


def decisions(folder: Path) -> int:
    return checkpoint.read(Run.open(folder).checkpoint("last")).notes["num_timesteps"]


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small run that is done, with settings that older ones could not have."""
    out = tmp_path_factory.mktemp("runs") / "first"
    words = ["--steps", "500", "--signals", "real", "--signal-rate", "0.9", "--hands-on", "--delay", "0.5"]
    assert cli.main(["train", *TINY, *words, "--out", str(out)]) == 0
    return out


@pytest.mark.jit
def test_a_run_is_made_again_from_its_config(first: Path, tmp_path: Path):
    assert cli.main(["train", "--config", str(first / "config.json"), "--out", str(tmp_path / "again")]) == 0
    one, two = (checkpoint.read(Run.open(path).checkpoint("last")).tensors for path in (first, tmp_path / "again"))
    assert one.keys() == two.keys() and all(th.equal(one[name], two[name]) for name in one)
    run = Run.open(first)
    env = run.untrained(1).get_env()
    assert env is not None and env.get_attr("simulator")[0].config == run.config
    assert run.taught.endswith("signal rate 0.9, signals real, hands on") and "hidden 8" in run.taught


def test_threads_are_as_many_as_cores_that_are_free(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A new run has them in its config.json: whoever goes on with it, or makes it again, takes as many."""
    monkeypatch.setattr(seeds, "cores", lambda: 8)
    monkeypatch.setattr(seeds.os, "cpu_count", lambda: 16)

    def threads(running: int, agents: int = 1) -> int:
        monkeypatch.setattr(Path, "read_text", lambda self: f"0.1 0.2 0.3 {running}/99 4711\n")
        return seeds.threads(agents)

    with monkeypatch.context() as patch:
        patch.delenv("OMP_NUM_THREADS", raising=False)
        assert [threads(running) for running in (1, 13, 14, 15, 16, 99)] == [4, 4, 3, 2, 1, 1]
        assert [threads(1, agents) for agents in (2, 3, 4, 5, 9)] == [4, 2, 2, 1, 1]
        patch.setenv("OMP_NUM_THREADS", "3")
        assert [threads(running) for running in (1, 15, 16)] == [3, 2, 1]
    monkeypatch.undo()
    monkeypatch.setattr(seeds, "free_cores", lambda: 3)
    assert [run_with(tmp_path / f"{wanted}", wanted).options.threads for wanted in (None, 1, 7)] == [3, 1, 7]


def run_with(folder: Path, threads: int | None) -> Run:
    return Run.open(begin(Options(threads=threads, out=folder)).folder)


@pytest.mark.jit
def test_what_is_trained_is_said_before(first: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    run = begin(parsed(*TINY, "--steps", "500", "--out", str(tmp_path / "a")))
    assert attempt(learn, run) == 0
    printed = capsys.readouterr()
    assert "512 decisions: 4 whole updates of 128, to have 500" in printed.out
    assert "512 of 512 decisions" in printed.err and "of 500 decisions" not in printed.err
    assert decisions(run.folder) == 512


@pytest.mark.jit
def test_a_run_goes_on_for_longer(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    out = tmp_path / "run"
    run = begin(parsed(*TINY, "--steps", "512", "--out", str(out)))
    assert attempt(learn, run) == 0
    before = json.loads((out / "config.json").read_text())
    assert cli.main(["train", "--resume", str(out), "--more", "256"]) == 0  # it was done
    assert decisions(out) == 768
    run = Run.open(out)
    longer = extended(run, steps=896, more=None)
    assert longer.schedule_begins == 512 and attempt(learn, longer) == 0
    assert decisions(out) == 896
    longer.note()
    after = json.loads((out / "config.json").read_text())
    assert after["options"] == before["options"] | {"steps": 896} and after["made_with"] == before["made_with"]
    assert after["hyperparameters"] == before["hyperparameters"] | {"warmup": 0.0}  # it is over
    bonus = [float(row["train/ent_coef"]) for row in read_rows(out / "metrics.csv") if row["train/ent_coef"]]
    remaining = [3 / 4, 2 / 4, 1 / 4, 0, 1 / 2, 0]  # with --more anew; a row tells of the update before
    assert bonus == pytest.approx([PPOConfig.ent_coef * share for share in remaining], abs=1e-8)
    capsys.readouterr()
    assert cli.main(["train", "--config", str(out / "config.json"), "--out", str(tmp_path / "again")]) == cli.ERROR
    assert "trained on with --more, which no single training is like" in capsys.readouterr().err
    assert cli.main(["train", "--resume", str(out), "--steps", "100"]) == cli.ERROR
    assert "--steps is 100" in capsys.readouterr().err
    extended(Run.open(out), None, 10**6).note()  # what --more notes at once, before Ctrl-C
    assert cli.main(["train", "--resume", str(out), "--steps", "896"]) == 0, "back again"
    assert Run.open(out).options.steps == 896


@pytest.mark.jit
def test_where_nothing_is_at_stake_the_latest_agent_is_kept(tmp_path: Path):
    run = begin(
        parsed(*TINY, "--steps", "256", "--scenario", "CutIn", "--delay", "0.5", "--out", str(tmp_path / "run"))
    )
    assert attempt(learn, run) == 0
    assert checkpoint.read(run.checkpoint("best")).decisions == decisions(run.folder) == 256


def test_the_warmup_stays_as_many_decisions_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    run = begin(parsed("--steps", "1000", "--warmup", "0.2", "--out", str(tmp_path / "run")))

    def warmup(done: int, steps: int | None, more: int | None) -> float:
        monkeypatch.setattr(train, "last_of", lambda run: checkpoint.Checkpoint({}, {"num_timesteps": done}))
        return extended(run, steps, more).hyperparameters.warmup

    assert [warmup(100, steps, None) for steps in (100, 500, 2000)] == pytest.approx([1.0, 0.4, 0.1])
    assert [warmup(done, None, 400) for done in (0, 100, 200, 900)] == pytest.approx([0.5, 0.25, 0.0, 0.0])


@pytest.mark.jit
@pytest.mark.slow
def test_several_seeds_go_on_for_longer(tmp_path: Path):
    words = ["--steps", "256", "--delay", "0.5", "--seeds", "2", "--out", str(tmp_path / "runs")]
    assert cli.main(["train", *TINY, *words]) == 0
    assert isinstance(Train.of_words(["--resume", str(tmp_path / "runs"), "--more", "9"], "train"), Resume)
    assert cli.main(["train", "--resume", str(tmp_path / "runs"), "--more", "128"]) == 0
    for name in ("seed0", "seed1"):
        assert decisions(tmp_path / "runs" / name) == 384


@pytest.mark.jit
def test_a_run_begins_with_the_weights_of_another(first: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    words = [*TINY, "--steps", "128", "--init", str(first)]
    run = begin(parsed(*words, "--scenario", "CutIn", "--out", str(tmp_path / "second")))
    given, _ = go_on(Run.open(run.folder))
    assert given.num_timesteps == 0 and run.hyperparameters.warmup == 0.0
    for name, weight in Run.open(first).load_model().policy.state_dict().items():
        assert th.equal(given.policy.state_dict()[name], weight)
    weights = run.checkpoint("first").rename(tmp_path / "elsewhere")
    with pytest.raises(ValueError, match="is gone, the weights that it begins with: begin anew"):
        go_on(Run.open(run.folder))
    weights.rename(run.checkpoint("first"))
    assert attempt(learn, run) == 0 and decisions(run.folder) == 128
    capsys.readouterr()
    for more, said in (
        (["--memory", "gru"], f"--init {first}: its memory is lstm, and here it is gru: choose the same"),
        (["--no-shared-memory"], "its shared_memory is True, and here it is False"),
        (["--scenario", "Crossing"], "its network is another, for observations of shape (22,), and here they are ("),
        (["--init", str(tmp_path)], f"{tmp_path} is no run"),
    ):
        assert cli.main(["train", *words, *more, "--out", str(tmp_path / "third")]) == cli.ERROR
        error = capsys.readouterr().err
        assert said in error and error.count("\n") == 1 and not (tmp_path / "third").exists()
