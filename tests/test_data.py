"""Recorded data: what stands in the files is what happened, and nothing of it is lost."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import gymnasium
import numpy as np
import pytest

import kindergarten
from kindergarten import cli, files
from kindergarten.scenarios import SCENARIOS
from kindergarten.scoring.exam import Exam
from kindergarten.scoring.planner import outcomes, plans_of, twins
from kindergarten.scoring.rollout import rollout
from kindergarten.world.codes import Intent, Phase
from kindergarten.world.config import Config
from kindergarten.world.observation import columns
from kindergarten.world.settings import plain

pq = pytest.importorskip("pyarrow.parquet")
from kindergarten.data import record as recording  # noqa: E402
from kindergarten.data.read import PADDING, padded, shards  # noqa: E402
from kindergarten.data.record import MANIFEST, Recording, record, shard_name, write_shard  # noqa: E402
from kindergarten.data.table import table_of  # noqa: E402

SEEDS = 77 + np.arange(6)


def driven(name: str, driver: str, seeds: np.ndarray = SEEDS, **settings: Any) -> tuple[Exam, Any]:
    """An exam of worlds as they are drawn, and the table of how ``driver`` drove it."""
    exam = Exam.of(SCENARIOS[name], replace(Config(), **settings), seeds, as_drawn=True)
    return exam, table_of(kindergarten.load(driver), exam, 3)


@pytest.mark.parametrize("observation", ["features", "users", "pixels"])
@pytest.mark.parametrize(("name", "control"), [("Follow", "discrete"), ("Town", "continuous")])
def test_the_table_is_what_an_environment_gives(name: str, control: Any, observation: Any):
    exam, table = driven(name, "random", control=control, observation=observation, image_size=(32, 40))
    rows = table.to_pydict()
    env = gymnasium.make(f"Kindergarten/{name}-v0", control=control, observation=observation, image_size=(32, 40))
    names = [column.name for column in columns(exam.simulator.num_users)]
    k = 0
    for j, seed in enumerate(SEEDS):
        seen, _ = env.reset(seed=int(seed))
        over, step = False, 0
        while not over:
            assert (rows["episode"][k], rows["seed"][k], rows["step"][k]) == (3 + j, seed, step)
            if observation == "pixels":
                assert rows["image"][k] == seen.tobytes()
            else:
                numbers = seen if observation == "features" else np.append(seen["ego"], seen["users"])
                assert [rows[each][k] for each in names] == numbers.tolist()
            simulator = env.unwrapped.simulator  # pyright: ignore[reportAttributeAccessIssue]
            order = simulator.order()[0]
            for i, who in enumerate(order, start=1):
                assert rows[f"user{i}.phase"][k] == simulator.users[0, who]["phase"]
                chooses = simulator.choosing()[0, who - 1]
                assert rows[f"user{i}.intent"][k] == (simulator.users[0, who]["intent"] if chooses else -1)
                known = simulator.users[0, who]["leg"] <= simulator.worlds[0]["leg"]
                for time in ("t1", "t2", "t3"):
                    expected = np.float32(simulator.users[0, who][time] * 0.1) if known else np.nan
                    np.testing.assert_equal(rows[f"user{i}.{time}"][k], expected)
            if control == "discrete":
                action: Any = rows["action"][k]
            else:
                action = np.array([rows["pedal"][k], rows["steering"][k]], np.float32)
            seen, reward, terminated, truncated, _ = env.step(action)
            assert rows["reward"][k] == pytest.approx(reward, abs=1e-12)
            assert (rows["terminated"][k], rows["truncated"][k]) == (terminated, truncated)
            over, step, k = terminated or truncated, step + 1, k + 1
    assert k == table.num_rows


@pytest.mark.parametrize("held", [1, 2, 3])
def test_times_on_legs_to_come_are_nan_but_for_signals_that_are_shown(held: int):
    """When the ego gets there depends on how it drives: nobody knows yet. Who signals beforehand does so at a time."""
    exam, table = driven("Town", "random", held=held)
    times = np.array([[table[f"user{i}.{t}"] for t in ("t1", "t2", "t3")] for i in range(1, exam.simulator.num_users)])
    assert not (times > 600.0).any()  # no placeholder
    first, last = (np.array(table["episode"]) == 3) & (np.array(table["step"]) == 0), len(exam.scenario.signallers)
    signallers = np.array(exam.scenario.signallers) - 1  # on the first leg the rows are those of the cast
    begun = times[:, :, first][..., 0]
    assert np.isfinite(begun[: signallers[1]]).all()
    for leg in range(1, last):
        shown = leg < held
        np.testing.assert_array_equal(np.isfinite(begun[signallers[leg]]), [shown, shown, False])
        if shown:
            np.testing.assert_array_equal(begun[signallers[leg], :2], begun[signallers[0], :2])
    others = np.setdiff1d(np.arange(signallers[1], len(begun)), signallers)
    assert np.isnan(begun[others]).all()


@pytest.mark.parametrize(
    "name", ["Follow", *(pytest.param(name, marks=pytest.mark.slow) for name in ("Overtake", "PullOut"))]
)
def test_planned_drivers_earn_what_the_planner_promised(name: str):
    """The oracle all that there is, blind no more than it knows; a signal that is to be trusted tells the intent."""
    scenario, config = SCENARIOS[name], Config()
    found, _ = outcomes(twins(scenario, config, SEEDS), plans_of(scenario))
    best = found.reshape(len(scenario.intents), len(SEEDS), -1).max(axis=2)
    earned = {}
    for driver in ("oracle", "blind", "last-signal", "random"):
        exam = Exam.of(scenario, config, SEEDS, as_drawn=True)
        signaller = exam.simulator.users[np.arange(len(SEEDS)), exam.simulator.worlds["signaller"]]
        true = [scenario.intents.index(Intent(intent)) for intent in signaller["intent"]]
        rollout(kindergarten.load(driver), exam)
        earned[driver] = exam.returns[0]
    np.testing.assert_allclose(earned["oracle"], best[true, np.arange(len(SEEDS))], atol=1e-9)
    np.testing.assert_array_equal(earned["last-signal"], earned["oracle"])
    assert (earned["blind"] <= earned["oracle"] + 1e-9).all() and earned["blind"].sum() < earned["oracle"].sum() - 0.1
    assert earned["random"].mean() < earned["oracle"].mean()


def wanted(episodes: int, **more: Any) -> Recording:
    return replace(Recording("Follow", "random", episodes, 5, plain(replace(Config(), delay_s=(0.5, 0.5)))), **more)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shards of four episodes, written by this process."""
    monkeypatch.setattr(recording, "SHARD", 4)

    class Here:
        def __init__(self, *_: Any, **__: Any) -> None: ...

        def submit(self, function: Any, *arguments: Any) -> Any:
            from concurrent.futures import Future

            future: Any = Future()
            try:
                future.set_result(function(*arguments))
            except (OSError, BrokenProcessPool) as error:
                future.set_exception(error)
            return future

        def shutdown(self, **_: Any) -> None: ...

    monkeypatch.setattr(recording, "ProcessPoolExecutor", Here)


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.glob("part-*.parquet")}


def digests(manifest: dict[str, Any]) -> dict[str, str]:
    return {name: its["sha256"] for name, its in manifest["shards"].items()}


def sizes(manifest: dict[str, Any]) -> list[int]:
    return [its["episodes"] for its in manifest["shards"].values()]


@pytest.mark.usefixtures("small")
def test_a_recording_goes_on_and_grows(tmp_path: Path):
    whole = record(wanted(10), tmp_path / "whole", 1)
    assert sizes(whole) == [4, 4, 2] and whole["episodes"] == 10
    record(wanted(4), tmp_path / "part", 1)
    first = (tmp_path / "part" / "part-000000.parquet").stat().st_mtime_ns
    (tmp_path / "part" / ".draft.parquet").write_bytes(b"what a killed process left")
    manifest = record(wanted(10), tmp_path / "part", 1)
    assert (tmp_path / "part" / "part-000000.parquet").stat().st_mtime_ns == first
    assert digests(manifest) == digests(whole) and content(tmp_path / "part") == content(tmp_path / "whole")
    (tmp_path / "part" / "part-000001.parquet").write_bytes(b"cut")
    assert digests(record(wanted(10), tmp_path / "part", 1)) == digests(whole)
    table = pq.ParquetDataset([*sorted((tmp_path / "whole").glob("*.parquet"))]).read()
    assert sorted(set(table["episode"].to_pylist())) == list(range(10)) and table.num_rows == whole["decisions"]
    assert set(table["user1.phase"].to_pylist()) == set(Phase)


@pytest.mark.usefixtures("small")
def test_nothing_that_was_recorded_is_lost_however_many_are_wanted_next(tmp_path: Path):
    """More than there are are added in files of their own, fewer change nothing, what is gone comes back as it was."""
    kept: dict[str, bytes] = {}
    for episodes, found in ((6, [4, 2]), (3, [4, 2]), (7, [4, 2, 1]), (1, [4, 2, 1]), (12, [4, 2, 1, 4, 1])):
        manifest = record(wanted(episodes), tmp_path, 1)
        assert sizes(manifest) == found and manifest["episodes"] == sum(found)
        assert kept.items() <= content(tmp_path).items()
        kept = content(tmp_path)
    table = pq.ParquetDataset([*sorted(tmp_path.glob("*.parquet"))]).read()
    starts = table.filter(np.equal(table["step"], 0))
    assert starts["episode"].to_pylist() == list(range(12)) and starts["seed"].to_pylist() == list(range(5, 17))
    (tmp_path / shard_name(1)).unlink()
    shutil.move(tmp_path / shard_name(3), tmp_path / "elsewhere")
    manifest = json.loads((tmp_path / MANIFEST).read_text())
    del manifest["shards"][shard_name(3)]  # as if a process had been killed before it was done
    (tmp_path / MANIFEST).write_text(json.dumps(manifest))
    assert sizes(record(wanted(2), tmp_path, 1)) == [4, 2, 1, 4, 1] and content(tmp_path) == kept


@pytest.mark.usefixtures("small")
def test_every_file_says_with_what_it_was_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Also where an older manifest had one note for all."""

    def by(version: str, episodes: int) -> list[str]:
        with monkeypatch.context() as patch:
            patch.setattr(recording, "made_with", lambda packages: {"kindergarten": version})
            manifest = record(wanted(episodes), tmp_path, 1)
        return [its["made_with"]["kindergarten"] for its in manifest["shards"].values()]

    assert by("1", 4) == ["1"] and by("2", 4) == ["1"] and by("2", 8) == ["1", "2"] and by("3", 8) == ["1", "2"]
    manifest = json.loads((tmp_path / MANIFEST).read_text())
    for its in manifest["shards"].values():
        del its["made_with"]
    del manifest["recording"]["weights"]
    (tmp_path / MANIFEST).write_text(json.dumps({**manifest, "made_with": {"kindergarten": "0"}}))
    assert by("3", 9) == ["0", "0", "3"]


@pytest.mark.usefixtures("small")
def test_another_agent_under_the_same_name_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(recording, "agent_named", lambda name: kindergarten.load("random"))  # reading one takes long
    shutil.copytree(files.DEMO, tmp_path / "run", ignore=shutil.ignore_patterns("replays"))
    ours = wanted(2, driver=str(tmp_path / "run"))
    record(ours, tmp_path / "out", 1)
    assert record(ours, tmp_path / "out", 1)["recording"]["weights"] == ours.about["weights"] is not None
    assert wanted(2, driver="demo").about["weights"] == ours.about["weights"]
    best = tmp_path / "run" / "checkpoints" / "best.safetensors"
    best.write_bytes(best.read_bytes() + b"more training")
    with pytest.raises(ValueError, match=f"before {tmp_path / 'run'} got other weights: choose another --out"):
        record(ours, tmp_path / "out", 1)
    with pytest.raises(ValueError, match="got other weights"):  # while it is being recorded
        write_shard(ours, {**ours.about, "weights": "of before"}, tmp_path / "new" / shard_name(0), range(2))
    assert not (tmp_path / "new").exists()


ENDED = """
import os, signal, time
from kindergarten.data.record import _workers
from kindergarten.interrupts import politely
if __name__ == "__main__":
    with politely(), _workers(1, 1) as pool:
        pool.submit(os.getpid).result()
        print("begun", flush=True)
        pool.submit(time.sleep, 1000).result()
"""


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_no_worker_outlives_who_recorded(how: signal.Signals):
    """It holds standard output as well, which ends when nobody does any more."""
    process = subprocess.Popen([sys.executable, "-c", ENDED], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert process.stdout is not None and process.stdout.readline() == b"begun\n"
    os.kill(process.pid, how)
    process.communicate(timeout=60)


@pytest.mark.usefixtures("small")
def test_whatever_ends_the_work_is_one_line_with_the_command_that_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys
):
    words = ["record", "--scenario", "Follow", "--episodes", "10", "--delay", "0.5", "--out", str(tmp_path / "out")]
    monkeypatch.setattr(sys, "argv", ["kindergarten", *words])
    real = recording.write_shard

    def until_the_second(ended: Any) -> Any:
        def write(wanted: Recording, about: dict[str, Any], path: Path, episodes: range) -> Any:
            if path.name == shard_name(1):
                ended()
            return real(wanted, about, path, episodes)

        return write

    def broken() -> None:
        raise BrokenProcessPool

    def stopped() -> None:
        raise KeyboardInterrupt

    for ended, code, said in (
        (broken, 1, "error: a process was ended from outside"),
        (stopped, 130, "stopped; "),
        (lambda: os.kill(os.getpid(), signal.SIGTERM), 143, "stopped; "),
    ):
        monkeypatch.setattr(recording, "write_shard", until_the_second(ended))
        assert cli.main(words) == code
        printed = capsys.readouterr().err
        assert said in printed and f"{tmp_path / 'out'} is whole. Go on: " in printed and shlex.join(words) in printed
        assert printed.count("kindergarten: ") == 1


@pytest.mark.usefixtures("small")
def test_a_full_disk_leaves_what_is_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys):
    real, out, count = files.os.fsync, tmp_path / "out", [0]

    def fsync(descriptor: int) -> None:
        count[0] += 1
        if count[0] == 5:  # the manifest, a shard, the manifest, a shard, the manifest
            raise OSError(28, "No space left on device")
        real(descriptor)

    words = ["record", "--scenario", "Follow", "--episodes", "10", "--delay", "0.5", "--out", str(out)]
    with monkeypatch.context() as patch:
        patch.setattr(files.os, "fsync", fsync)
        patch.setattr(sys, "argv", ["kindergarten", *words])
        assert cli.main(words) == 1
    said = capsys.readouterr().err
    assert (
        "No space left" in said
        and said.count("kindergarten: ") == 1
        and f"what is in {out} is whole. Go on: " in said
        and shlex.join(words) in said
    )
    found = [*out.glob("*.parquet")]
    assert found and all(pq.read_table(path).num_rows for path in found)
    assert cli.main(words) == 0
    assert json.loads((out / MANIFEST).read_text())["episodes"] == 10
    assert "10 episodes" in capsys.readouterr().out


@pytest.mark.usefixtures("small")
def test_a_folder_is_recorded_in_by_one_process_at_a_time(tmp_path: Path):
    """Also before there is a manifest; whatever a killed process left behind is in nobody's way."""
    said = f"{tmp_path} is being recorded by another process"
    with files.alone(tmp_path, "recorded"), pytest.raises(ValueError, match=said):
        record(wanted(4), tmp_path, 1)
    assert not (tmp_path / MANIFEST).exists()
    (tmp_path / ".draft.json").write_bytes(b"half a manif")
    assert record(wanted(4), tmp_path, 1)["episodes"] == 4


@pytest.mark.usefixtures("small")
def test_what_cannot_be_recorded_is_one_line(tmp_path: Path, capsys):
    record(wanted(2), tmp_path / "there", 1)
    capsys.readouterr()
    for name, manifest in (("a", {"recording": []}), ("b", {"recording": {}, "shards": {"part-000000.parquet": {}}})):
        (tmp_path / name).mkdir()
        (tmp_path / name / MANIFEST).write_text(json.dumps({"shards": {}, **manifest}))
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "a").touch()
    for words, said in (
        (["--driver", "nobody"], "or choose from demo, oracle, blind, last-signal, random"),
        (["--driver", "nobody.zip"], "there is no such file"),
        (["--driver", "nobody.onnx"], "nobody.onnx"),
        (["--out", "/proc/x"], "/proc/x"),
        (["--driver", "blind", "--control", "continuous"], "the agent's actions are Discrete(5)"),
        (["--episodes", "0"], "episodes is 0"),
        (["--format", "csv"], "choose from parquet, minari"),
        (["--scenario", "Nowhere"], "unknown scenario 'Nowhere': choose from Follow"),
        (["--out", str(tmp_path / "there")], "has scenario 'Follow', and not 'Crossing'"),
        (["--out", str(tmp_path / "other")], "is no recording"),
        (["--out", str(tmp_path / "a")], "has scenario None"),
        (["--out", str(tmp_path / "b")], "manifest.json is damaged: choose another --out"),
    ):
        out = [] if "--out" in words else ["--out", str(tmp_path / "new")]
        assert cli.main(["record", *words, *out]) == cli.ERROR
        printed = capsys.readouterr().err
        assert said in printed and printed.count("\n") == 1 and "is whole" not in printed
        assert not (tmp_path / "new").exists()


@pytest.mark.libraries
@pytest.mark.parametrize("observation", ["features", "users", "pixels"])
@pytest.mark.parametrize("control", ["discrete", "continuous"])
def test_minari_reads_what_was_recorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, observation: str, control: str
):
    """Its own reader opens it, finds every number, and makes the same environment of it."""
    minari = pytest.importorskip("minari")
    monkeypatch.setenv("MINARI_DATASETS_PATH", str(tmp_path / "minari"))
    words = ["--scenario", "Follow", "--episodes", "5", "--delay", "0.5", "--jobs", "1", "--format", "minari"]
    monkeypatch.chdir(tmp_path.parent)
    words += ["--observation", observation, "--control", control, "--out", tmp_path.name]
    assert cli.main(["record", *words]) == 0
    (tmp_path / "minari" / "somebody-elses").mkdir()
    assert cli.main(["record", *words]) == 0 and (tmp_path / "minari" / "somebody-elses").exists()
    data = minari.load_dataset("follow-random-v0")
    table = pq.ParquetDataset([*sorted(tmp_path.glob("*.parquet"))]).read()
    assert (data.total_episodes, data.total_steps) == (5, table.num_rows)
    env = data.recover_environment()
    for episode in data.iterate_episodes():
        rows = table.filter(np.equal(table["episode"], episode.id)).to_pydict()
        seen, _ = env.reset(seed=rows["seed"][0])
        for k, action in enumerate(episode.actions):
            shown = episode.observations
            if isinstance(shown, dict):
                assert set(shown) == set(seen) and all(
                    np.array_equal(its[k], seen[name]) for name, its in shown.items()
                )
            else:
                assert np.array_equal(shown[k], seen)
            seen, reward, *ends, _ = env.step(action)
            assert reward == pytest.approx(episode.rewards[k], abs=1e-12)
            assert ends == [episode.terminations[k], episode.truncations[k]]
        assert any(ends) and len(episode.infos["phases"]) == len(episode.actions) + 1
        assert episode.infos["intents"][:-1, 0].tolist() == rows["user1.intent"]


def test_a_shard_says_what_it_is_of(tmp_path: Path):
    name, its = write_shard(wanted(3), wanted(3).about, tmp_path / "part-000000.parquet", range(3))
    file = pq.ParquetFile(tmp_path / name)
    about = json.loads(file.schema_arrow.metadata[b"kindergarten"])
    assert about["scenario"] == "Follow" and about["settings"]["delay_s"] == [0.5, 0.5]
    assert (its["episodes"], its["decisions"]) == (3, file.metadata.num_rows)


@pytest.mark.parametrize(("driver", "control"), [("random", "continuous"), ("demo", "discrete")])
def test_episodes_are_the_rows_of_the_table(driver: str, control: Any):
    _, table = driven("Follow", driver, control=control)
    episodes, k = padded(table), 0
    seen = [column.name for column in columns(episodes.phases.shape[2] + 1)]
    for e, length in enumerate(np.unique(table["episode"].to_numpy(), return_counts=True)[1]):
        rows = table[k : k + length]
        np.testing.assert_array_equal(episodes.frames[e, :length].T, [rows[name].to_numpy() for name in seen])
        np.testing.assert_array_equal(episodes.rewards[e, :length], rows["reward"].to_numpy())
        np.testing.assert_array_equal(episodes.intents[e, :length, 0], rows["user1.intent"].to_numpy())
        names = ("action",) if control == "discrete" else ("pedal", "steering")
        done = episodes.actions[e, :length].reshape(length, -1).T
        np.testing.assert_array_equal(done, [rows[name].to_numpy() for name in names])
        ends = np.stack([episodes.terminated[e], episodes.truncated[e]])
        assert ends[:, length - 1].sum() == ends.sum() == 1, "it ends once, and padding does not"
        assert ends[:, length - 1].tolist() == [rows[name][length - 1].as_py() for name in ("terminated", "truncated")]
        assert (episodes.phases[e, :length] != PADDING).all() and (episodes.phases[e, length:] == PADDING).all()
        assert not episodes.frames[e, length:].any() and not episodes.rewards[e, length:].any()
        if episodes.captions is not None:
            said = rows["user1.caption.straight"].to_numpy()
            np.testing.assert_array_equal(episodes.captions[e, :length, 0, Intent.STRAIGHT], said)
        k += length
    assert k == table.num_rows and (episodes.captions is None) == (driver == "random")


@pytest.mark.usefixtures("small")
def test_shards_are_read_one_by_one_until_there_are_enough(tmp_path: Path):
    record(wanted(10), tmp_path, 1)

    def decisions(limit: int | None) -> list[int]:
        return [int((one.phases[..., 0] != PADDING).sum()) for one in shards(tmp_path, limit)]

    whole = decisions(None)
    assert len(whole) == 3 and decisions(whole[0] + 5) == [whole[0], 5] and decisions(whole[0]) == whole[:1]
    (cut,) = shards(str(tmp_path), whole[0] // 2)
    ends = np.any(cut.terminated | cut.truncated, axis=1)
    assert ends[:-1].all() and not ends[-1], "what is cut has not ended"
    for wrong in (0, -5, 1.5, "x"):
        with pytest.raises(ValueError, match=f"decisions is {wrong!r}: it must be a whole number, at least 1"):
            next(shards(tmp_path, cast(Any, wrong)))
    (tmp_path / ".machine-1-abcd.draft.parquet").write_bytes(b"what is being written")
    assert decisions(None) == whole
    with pytest.raises(ValueError, match="nothing is no recording: kindergarten record --out"):
        next(shards(tmp_path / "nothing"))
    pictures = wanted(1, settings=plain(replace(Config(), observation="pixels", image_size=(32, 40))))
    write_shard(pictures, pictures.about, tmp_path / "pictures" / "part-000000.parquet", range(1))
    with pytest.raises(ValueError, match="pictures is a recording of pictures, .*: for features or users record anew"):
        next(shards(tmp_path / "pictures"))
