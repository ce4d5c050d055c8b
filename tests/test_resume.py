"""A run that is stopped, in whatever way, goes on as if it had not been."""

from __future__ import annotations

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch as th

from kindergarten import cli, files
from kindergarten.agents import Memory, PPOConfig
from kindergarten.agents.learner.ppo import MemoryPPO
from kindergarten.agents.runs import checkpoint, watcher
from kindergarten.agents.runs.metrics import STEPS, read_rows
from kindergarten.agents.runs.options import Options
from kindergarten.agents.runs.run import Run
from kindergarten.agents.runs.train import attempt, begin, finish, learn
from kindergarten.agents.runs.watcher import Watcher
from kindergarten.envs.sb3 import KindergartenVecEnv, make_sb3
from kindergarten.files import alone
from kindergarten.interrupts import politely
from kindergarten.world.config import Config
from kindergarten.world.observation import NUM_EGO, NUM_USER

ROOT = Path(__file__).resolve().parents[1]
UPDATE = 8 * 128  # decisions
OPTIONS = Options(worlds=8, steps=6 * UPDATE, learner=PPOConfig(n_epochs=1, hidden=16, features=16))
CLOCKS = {"time/fps", "time/time_elapsed"}
SEEDS = 8  # of validation: no digit of a score matters here
#: ``kindergarten train --resume RUN`` in a process of its own, with as few of them.
RESUMES = f"""
import sys
from kindergarten.agents.runs import watcher
from kindergarten.cli import main
watcher.VALIDATION_SEEDS = watcher.VALIDATION_SEEDS[:{SEEDS}]
sys.exit(main(["train", "--resume", sys.argv[1]]))
"""


@pytest.fixture(scope="module", autouse=True)
def _quickly() -> Iterator[None]:
    th.set_num_threads(1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(watcher, "VALIDATION_SEEDS", watcher.VALIDATION_SEEDS[:SEEDS])
        yield


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run that nobody stopped."""
    run = begin(replace(OPTIONS, out=tmp_path_factory.mktemp("runs") / "whole"))
    assert attempt(learn, run) == 0
    return run


def assert_same_end(one: Run, two: Run) -> None:
    """All that the last checkpoints and the metrics hold is equal, but for the clocks."""
    for name in ("last", "best"):
        mine, theirs = (checkpoint.read(run.checkpoint(name)) for run in (one, two))
        assert mine.tensors.keys() == theirs.tensors.keys() and len(mine.tensors) > 10
        for key, tensor in mine.tensors.items():
            assert th.equal(tensor, theirs.tensors[key]), key
        for notes in (mine.notes, theirs.notes):
            for episode in notes.get("episodes", []):
                episode.pop("t")
            watched = notes.get("watcher", {})
            for its, clock in ((watched, "seconds"), *((watched.get("unwritten", {}), clock) for clock in CLOCKS)):
                its.pop(clock, None)
        assert mine.notes == theirs.notes
    rows = [
        [{k: v for k, v in row.items() if k not in CLOCKS} for row in read_rows(run.folder / "metrics.csv")]
        for run in (one, two)
    ]
    assert len(rows[0]) >= 4
    for mine, theirs in zip(*rows, strict=True):
        assert mine == theirs


def test_killed_in_the_middle_it_goes_on_bit_for_bit(whole: Run, tmp_path: Path):
    """2N updates are N updates, kill -9 during the next, resume, and the rest.

    Until it is killed nobody else may train there, and then anybody.
    """
    run = begin(replace(OPTIONS, out=tmp_path / "run"))
    command = [sys.executable, "-c", RESUMES, str(run.folder)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 120
    while len(read_rows(run.folder / "metrics.csv")) < 2 and time.monotonic() < deadline:
        time.sleep(0.005)
    with pytest.raises(ValueError, match="another process"), alone(run.folder, "trained"):
        pass
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    with alone(run.folder, "trained"):
        pass
    kept = checkpoint.read(run.checkpoint("last")).notes["num_timesteps"]
    assert UPDATE <= kept < 6 * UPDATE
    assert attempt(learn, Run.open(run.folder)) == 0
    assert_same_end(whole, run)


def stop_after(calls: int, stop: BaseException) -> Callable[[Watcher], bool]:
    def on_step(self: Watcher) -> bool:
        if self.n_calls == calls:
            raise stop
        return True

    return on_step


FULL_DISK = OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize(
    ("stop", "code", "when"),
    [
        (KeyboardInterrupt(), 130, 128 * 3 + 5),
        (FULL_DISK, 1, 40),
        pytest.param(KeyboardInterrupt(), 130, 40, marks=pytest.mark.slow),
        pytest.param(FULL_DISK, 1, 128 * 3 + 5, marks=pytest.mark.slow),
    ],
)
def test_stopped_in_the_middle_of_a_rollout(whole: Run, tmp_path, monkeypatch, capsys, stop, code, when):
    run = begin(replace(OPTIONS, out=tmp_path / "run"))

    with monkeypatch.context() as patch:
        patch.setattr(Watcher, "_on_step", stop_after(when, stop))
        assert attempt(learn, run) == code
    said = capsys.readouterr().err.splitlines()[-1]
    assert f"--resume {run.folder}" in said and f"of {when // 128 * UPDATE:,} decisions" in said
    assert attempt(learn, run) == 0
    assert_same_end(whole, run)


def test_sigterm(tmp_path, monkeypatch, capsys):
    run = begin(replace(OPTIONS, out=tmp_path / "run"))
    monkeypatch.setattr(Watcher, "_on_rollout_end", lambda self: os.kill(os.getpid(), signal.SIGTERM))
    before = signal.getsignal(signal.SIGTERM)
    assert attempt(learn, run) == 143
    assert "the last checkpoint, of 0 decisions, is intact" in capsys.readouterr().err
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_full_disk_leaves_the_checkpoint_before(tmp_path, monkeypatch, capsys):
    run = begin(replace(OPTIONS, out=tmp_path / "run"))
    real, count = os.fsync, 0

    def fsync(descriptor: int) -> None:
        nonlocal count
        count += 1
        if count > 5:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        real(descriptor)

    monkeypatch.setattr(files.os, "fsync", fsync)
    assert attempt(learn, run) == 1
    said = capsys.readouterr().err.splitlines()[-1]
    assert "No space left" in said and "is intact" in said
    names = {path.name for path in (run.folder / "checkpoints").iterdir()}
    assert names == {"best.safetensors", "last.safetensors"}
    assert checkpoint.read(run.checkpoint("last")).notes["num_timesteps"] % UPDATE == 0
    assert {int(row[STEPS]) % UPDATE for row in read_rows(run.folder / "metrics.csv")} == {0}


def full_disk(descriptor: int) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_disk_that_is_full_from_the_start(tmp_path, monkeypatch, capsys):
    run = begin(replace(OPTIONS, out=tmp_path / "run"))
    monkeypatch.setattr(files.os, "fsync", full_disk)
    assert attempt(learn, run) == 1
    said = capsys.readouterr().err.splitlines()[-1]
    assert "No space left" in said and "there is no checkpoint yet" in said


@pytest.mark.usefixtures("few_seeds")
def test_a_disk_that_is_full_at_the_end(tmp_path, monkeypatch, capsys):
    run = begin(Options(worlds=2, steps=1, out=tmp_path / "run"))
    assert attempt(learn, run) == 0
    with monkeypatch.context() as patch:
        patch.setattr(files.os, "fsync", full_disk)
        assert attempt(finish, run) == 1
    said = capsys.readouterr().err.splitlines()[-1]
    assert "No space left" in said and "of 256 decisions, is intact" in said and f"--resume {run.folder}" in said
    assert attempt(finish, run) == 0
    assert (run.folder / "evaluation.json").exists()


def test_a_thread_that_meets_a_full_disk_draws_no_traceback(monkeypatch):
    uncaught: list[type[BaseException]] = []
    monkeypatch.setattr(threading, "excepthook", lambda args: uncaught.append(args.exc_type))

    def meet(error: Exception) -> None:
        raise error

    for error in (OSError("full"), ValueError("odd")):
        thread = threading.Thread(target=meet, args=(error,))
        with politely():
            thread.start()
            thread.join()
    assert uncaught == [ValueError]


def test_a_loss_that_is_no_number_ends_the_training(tmp_path, monkeypatch, capsys):
    run = begin(replace(OPTIONS, out=tmp_path / "run"))
    real = MemoryPPO._bootstrapped
    monkeypatch.setattr(MemoryPPO, "_bootstrapped", lambda *args: real(*args) * np.nan)
    assert attempt(learn, run) == 1
    assert "became nan" in capsys.readouterr().err
    assert all(
        t.isfinite().all() for k, t in checkpoint.read(run.checkpoint("last")).tensors.items() if "worlds" not in k
    )


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    assert cli.main(["train", "--out", str(tmp_path / "file" / "run")]) == 2
    printed = capsys.readouterr().err
    assert "file" in printed and printed.count("\n") == 1


def test_the_curriculum_begins_with_short_delays(tmp_path):
    """In the very first episodes too, which began before anybody set their delays."""
    options = replace(
        OPTIONS, curriculum=True, environment=Config(delay_s=(1.0, 32.0)), worlds=64, out=tmp_path / "run"
    )
    run = begin(options)
    model = run.untrained(64)
    _, callback = model._setup_learn(1, Watcher(run, {}))
    callback.on_training_start({}, {})
    env = model.get_env()
    assert isinstance(env, KindergartenVecEnv)
    user = env.envs.simulator.signallers()
    assert ((user["t3"] - user["t2"]) * env.envs.simulator.config.physics_step).max() <= 4.0
    assert (model._last_obs == env.envs.simulator.observe()).all()


@pytest.mark.slow
def test_the_curriculum_goes_on_where_it_was(tmp_path, monkeypatch):
    monkeypatch.setattr(watcher, "PASS", -9.0)  # everybody passes
    monkeypatch.setattr(watcher, "FIRST", 1.0)
    options = replace(OPTIONS, curriculum=True, environment=Config(delay_s=(0.25, 3.0)), worlds=64, steps=4 * 64 * 128)
    whole, run = (begin(replace(options, out=tmp_path / name)) for name in ("whole", "run"))
    assert attempt(learn, whole) == 0
    with monkeypatch.context() as patch:
        patch.setattr(Watcher, "_on_step", stop_after(128 + 50, KeyboardInterrupt()))
        assert attempt(learn, run) == 130
    assert attempt(learn, run) == 0
    assert_same_end(whole, run)
    longest = [float(row["curriculum/longest_delay"]) for row in read_rows(run.folder / "metrics.csv")]
    assert longest == [1.0, 2.0, 3.0, 3.0]


@pytest.mark.parametrize(
    ("memory", "shared"),
    [
        *((memory, True) for memory in Memory),
        *(pytest.param(m, False, marks=[pytest.mark.slow] * (m is not Memory("lstm"))) for m in Memory),
    ],
)
def test_every_memory_goes_on(tmp_path, memory, shared):
    def learner(seed: int) -> MemoryPPO:
        config = PPOConfig(n_steps=16, batch_size=32, n_epochs=2, hidden=8, features=8, shared_memory=shared)
        env = make_sb3("Kindergarten/Follow-v0", 4, seed)
        return MemoryPPO.from_config(env, config, memory, seed)

    one, two = learner(0), learner(1)
    one.learn(128)
    checkpoint.write(tmp_path / "c", checkpoint.capture(one))
    one.learn(64, reset_num_timesteps=False)
    checkpoint.put(two, checkpoint.read(tmp_path / "c"))
    two.learn(64, reset_num_timesteps=False)
    mine, theirs = checkpoint.capture(one).tensors, checkpoint.capture(two).tensors
    assert all(th.equal(tensor, theirs[name]) for name, tensor in mine.items())


@pytest.mark.parametrize("content", [b"", b"nonsense" * 9, b"\x10\0\0\0\0\0\0\0{}              ", None])
def test_a_damaged_checkpoint_is_one_line(whole: Run, tmp_path, capsys, content):
    run = begin(replace(OPTIONS, out=tmp_path / "run"))
    bytes_ = whole.checkpoint("last").read_bytes() if content is None else content
    run.checkpoint("last").write_bytes(bytes_[: len(bytes_) // 2] if content is None else content)
    assert cli.main(["train", "--resume", str(run.folder)]) == 2
    printed = capsys.readouterr()
    assert "damaged" in printed.err and printed.err.count("\n") == 1


def test_a_checkpoint_of_another_run_is_refused(whole: Run, tmp_path, capsys):
    for options, said in (
        (replace(OPTIONS, memory=Memory("gru")), "another network"),
        (replace(OPTIONS, worlds=9), "9 worlds"),
    ):
        run = begin(replace(options, out=tmp_path / options.memory.value))
        run.checkpoint("last").write_bytes(whole.checkpoint("last").read_bytes())
        assert cli.main(["train", "--resume", str(run.folder)]) == 2
        assert said in capsys.readouterr().err
    run.checkpoint("last").write_bytes(whole.checkpoint("best").read_bytes())
    assert cli.main(["train", "--resume", str(run.folder)]) == 2
    assert "cannot go on" in capsys.readouterr().err


def test_a_run_with_other_columns_says_which(whole: Run, tmp_path, capsys):
    """What an agent saw, and in which units, is noted: a run of another version is refused with what has changed."""
    folder = Path(shutil.copytree(whole.folder, tmp_path / "run"))
    about = json.loads((folder / "config.json").read_text())
    ours = about["columns"]
    assert ours["ego.speed"] == "20 m/s" and ours["user.seen"] == "-" and len(ours) == NUM_EGO + NUM_USER
    fewer = {name: unit for name, unit in ours.items() if name != "ego.drift"}
    for columns, said in (
        (fewer | {"user.height": "2 m"}, "lacks ego.drift; has user.height"),
        (ours | {"ego.speed": "30 m/s"}, "has ego.speed in 30 m/s, now in 20 m/s"),
        (dict(reversed(ours.items())), "the same in another order"),
    ):
        (folder / "config.json").write_text(json.dumps(about | {"columns": columns}))
        assert cli.main(["train", "--resume", str(folder)]) == 2
        assert f"{folder} was trained with other columns: {said}\n" in capsys.readouterr().err
        with pytest.raises(ValueError, match=f"other columns: {said}"):
            Run.open(folder).load_model()
    about.pop("columns")  # as an older version wrote it
    (folder / "config.json").write_text(json.dumps(about))
    mine, theirs = (checkpoint.weights(run.load_model()) for run in (Run.open(folder), whole))
    assert mine.decisions == theirs.decisions and mine.tensors.keys() == theirs.tensors.keys()


def test_pickles_need_a_flag(whole: Run, tmp_path, capsys):
    run = begin(replace(OPTIONS, out=tmp_path / "run"))
    assert cli.main(["evaluate", str(run.folder)]) == 2
    assert "no checkpoint yet" in capsys.readouterr().err
    whole.load_model().save(run.pickle)
    assert cli.main(["evaluate", str(run.folder)]) == 2
    assert "--allow-pickle" in capsys.readouterr().err
    loaded = run.load_model(allow_pickle=True)
    for mine, theirs in zip(loaded.policy.parameters(), whole.load_model().policy.parameters(), strict=True):
        assert th.equal(mine, theirs)


def test_worlds_go_on_bit_for_bit():
    one, two = (make_sb3("Kindergarten/Crossing-v0", 5, seed) for seed in (0, 9))
    one.reset()
    rng = np.random.default_rng(0)
    for k in range(120):
        if k == 60:
            two.restore(one.snapshot())
        actions = rng.integers(5, size=5)
        mine = one.step(actions)
        if k >= 60:
            theirs = two.step(actions)
            for a, b in zip(mine[:3], theirs[:3], strict=True):
                np.testing.assert_array_equal(a, b)
            assert [i.get("episode", {}).get("r") for i in mine[3]] == [
                i.get("episode", {}).get("r") for i in theirs[3]
            ]


def test_worlds_refuse_what_makes_no_sense():
    envs = make_sb3("Kindergarten/Follow-v0", 3, 0)
    envs.reset()
    for name, value in (("users", 255), ("worlds", 255)):
        snapshot = envs.snapshot()
        snapshot[name][:] = value
        with pytest.raises(ValueError, match="no snapshot of these worlds"):
            envs.restore(snapshot)
