"""A run's folder that somebody damaged, or that two want at once: one line, and what it says can be done."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest
import torch as th

from kindergarten import cli
from kindergarten.agents import PPOConfig
from kindergarten.agents.runs import checkpoint, evaluate, train
from kindergarten.agents.runs.options import Options
from kindergarten.agents.runs.run import ALWAYS, Run
from kindergarten.agents.runs.train import begin
from kindergarten.files import alone, whole_folder

ROOT = Path(__file__).resolve().parents[1]
OPTIONS = Options(worlds=8, steps=1024, learner=PPOConfig(n_epochs=1, hidden=16, features=16))
pytestmark = pytest.mark.usefixtures("few_seeds")


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory, few_seeds) -> Path:
    """A run that is finished."""
    th.set_num_threads(1)
    run = begin(replace(OPTIONS, out=tmp_path_factory.mktemp("runs") / "run"))
    assert train.train(run) == 0
    run.write_json("ladder.json", run.results("evaluation.json"))
    return run.folder


@pytest.fixture
def folder(done: Path, tmp_path: Path) -> Path:
    """A copy of it, in a folder with an awkward name."""
    return Path(shutil.copytree(done, tmp_path / "a run's folder"))


def said(capsys: pytest.CaptureFixture[str], *words: object) -> str:
    """The one line that a command ends with; nothing else is said on stderr."""
    capsys.readouterr()
    assert cli.main([str(word) for word in words]) == 2
    line = capsys.readouterr().err
    assert line.count("\n") == 1 and line.startswith("kindergarten: error: "), line
    return line


def advised(pattern: str, line: str) -> list[str]:
    """The words of the one command that a line advises, as a shell would take them apart."""
    (command,) = re.findall(f"kindergarten {pattern}", line)
    return shlex.split(command)


def cut(path: Path, size: int = -20) -> None:
    path.write_bytes(path.read_bytes()[:size])


def without(name: str, *keys: str) -> Callable[[Path], None]:
    """What takes a part from a JSON file."""

    def damage(folder: Path) -> None:
        about = json.loads((folder / name).read_text())
        inner = about
        for key in keys[:-1]:
            inner = inner[key]
        del inner[keys[-1]]
        (folder / name).write_text(json.dumps(about))

    return damage


def null(name: str) -> Callable[[Path], None]:
    """What leaves nothing of an option but its name."""

    def damage(folder: Path) -> None:
        about = json.loads((folder / "config.json").read_text())
        about["options"][name] = None
        (folder / "config.json").write_text(json.dumps(about))

    return damage


def notes(change: dict[str, object]) -> Callable[[Path], None]:
    """What changes the last checkpoint's notes, its digest too."""

    def damage(folder: Path) -> None:
        path = folder / "checkpoints" / "last.safetensors"
        last = checkpoint.read(path)
        kept = {name: value for name, value in (last.notes | change).items() if value is not ...}
        checkpoint.write(path, last._replace(notes=kept))

    return damage


def removed(*names: str) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        for name in names:
            shutil.rmtree(folder / name) if (folder / name).is_dir() else (folder / name).unlink()

    return damage


LAST, BEST, ZIP = (f"checkpoints/{name}" for name in ("last.safetensors", "best.safetensors", "best.zip"))


@pytest.mark.parametrize(
    ("damage", "file"),
    [
        *((without("config.json", "options", name), "config.json") for name in ALWAYS),
        (without("config.json", "options"), "config.json"),
        (lambda folder: cut(folder / "config.json"), "config.json"),
        (lambda folder: (folder / "config.json").write_text("[]"), "config.json"),
        (lambda folder: (folder / "config.json").write_text("[" * 100_000), "config.json"),
        *((null(name), "config.json") for name in ALWAYS),
        (removed("config.json"), "config.json"),
        (lambda folder: cut(folder / "metrics.csv"), "metrics.csv"),
        (lambda folder: cut(folder / "metrics.csv", 30), "metrics.csv"),
        (lambda folder: (folder / "metrics.csv").write_bytes(b"\x93NUMPY\0\xff" * 9), "metrics.csv"),
        (lambda folder: (folder / "metrics.csv").write_text("a,b\n1,2\n"), "metrics.csv"),
        (lambda folder: (folder / "metrics.csv").write_text("1" * 200_000), "metrics.csv"),
        (lambda folder: cut(folder / LAST), LAST),
        (removed(LAST), LAST),
        (removed("checkpoints"), LAST),
        (notes({"watcher": ...}), LAST),
        (notes({"watcher": [1]}), LAST),
        (notes({"watcher": {"seconds": "long"}}), LAST),
        (notes({"watcher": {"next_check": float("nan")}}), LAST),
        (notes({"watcher": {"unwritten": {"a": None}}}), LAST),
        (notes({"num_timesteps": ...}), LAST),
        (notes({"episodes": ...}), LAST),
    ],
)  # fmt: skip
def test_whatever_is_damaged_training_says_so_in_one_line(folder: Path, capsys, damage, file: str):
    damage(folder)
    line = said(capsys, "train", "--resume", folder, "--more", "1")
    assert file in line and str(folder) in line


@pytest.mark.parametrize("damage", [removed(BEST), removed(BEST, ZIP), lambda folder: cut(folder / BEST)])
def test_without_the_best_checkpoint(folder: Path, capsys, damage):
    damage(folder)
    for words in (("evaluate", folder), ("train", "--resume", folder), ("diagnose", folder, "--quick")):
        line = said(capsys, *words)
        assert BEST in line or (
            ZIP in line and "evaluate, diagnose and export-onnx read it with --allow-pickle" in line
        )


@pytest.mark.parametrize("change", [{"policy.pth": -9}, {"data": 0}, {"data": b"[]"}, {"data": b"{}"}, {"data": None}])
def test_a_damaged_pickle_is_one_line(folder: Path, capsys, change: dict[str, bytes | int | None]):
    """Each change makes something else of a file in the archive, cuts it, or leaves it out."""
    with zipfile.ZipFile(folder / ZIP) as whole:
        files = {name: whole.read(name) for name in whole.namelist()}
    with zipfile.ZipFile(folder / ZIP, "w") as damaged:
        for name, content in files.items():
            new = change.get(name, content)
            if new is not None:
                damaged.writestr(name, content[:new] if isinstance(new, int) else new)
    removed(BEST)(folder)
    line = said(capsys, "evaluate", folder, "--allow-pickle")
    assert ZIP in line and "--more N makes another" in line
    line = said(capsys, "evaluate", folder / ZIP, "--scenario", "Follow", "--allow-pickle")
    assert ZIP in line and "pip install" not in line


def test_a_pickle_of_a_module_that_is_not_here_says_which(folder: Path, capsys, monkeypatch: pytest.MonkeyPatch):
    module, model = ModuleType("mypol"), Run.open(folder).load_model()
    policy = type("MyPolicy", (type(model.policy),), {"__module__": "mypol"})
    module.__dict__["MyPolicy"] = policy
    model.policy_class = policy
    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, "mypol", module)
        model.save(folder / "mine.zip")
    line = said(capsys, "evaluate", folder / "mine.zip", "--scenario", "Follow", "--allow-pickle")
    assert "mine.zip holds no policy" in line and "No module named 'mypol'" in line and "pip install" not in line


WHOLE, CUT, GONE = range(3)


@pytest.mark.parametrize("last", [WHOLE, CUT, GONE])
@pytest.mark.parametrize("best", [WHOLE, CUT, GONE])
def test_every_advice_can_be_followed(folder: Path, capsys, monkeypatch: pytest.MonkeyPatch, last: int, best: int):
    """Whatever is gone or damaged: who does as told is done after a few commands, or begins anew where all is lost."""
    pickle, table = (last + best) % 3, WHOLE if (last + 2 * best) % 3 else GONE
    scores = CUT if (last + best) % 2 else GONE
    states = {LAST: last, BEST: best, ZIP: pickle, "metrics.csv": table, "evaluation.json": scores}
    for name, state in states.items():
        (cut if state == CUT else Path.unlink if state == GONE else Path.stat)(folder / name)
    monkeypatch.setattr(evaluate, "score_run", lambda run, configs, ladder, pickles, quiet: [run.load_model(pickles)])
    monkeypatch.setattr(evaluate, "keep", lambda *_: None)
    monkeypatch.setattr(train, "train", lambda run: 0)  # what it would go on from has been read
    kept = {name: (folder / name).read_bytes() for name, state in states.items() if state != GONE}
    for first in (["evaluate"], ["train", "--resume"], ["compare"]):
        words = [*first, str(folder)]
        for _ in range(4):
            capsys.readouterr()
            if cli.main(words) == 0:
                break
            line = capsys.readouterr().err
            if "begin anew" in line:
                assert WHOLE not in (last, best)
                assert pickle != WHOLE or best == CUT
                break
            if "remove it, and" in line:
                (folder / BEST).unlink()
            if "if you trust it, evaluate, diagnose and export-onnx read it with --allow-pickle" in line:
                words = ["evaluate", str(folder), "--allow-pickle"]
                continue
            (advice,) = re.findall(r"kindergarten ((?:evaluate|train) .*?)(?: makes| reads| still reads|\n)", line)
            words = ["1" if word == "N" else word for word in shlex.split(advice)]
        else:
            raise AssertionError(f"{states}: {first} leads nowhere: {line}")
        for name, content in kept.items():
            (folder / name).write_bytes(content)


def test_what_is_advised_can_be_done(folder: Path, capsys):
    """Each hint is followed as it stands, with a number for N; and a run is whole again."""
    removed(BEST, ZIP)(folder)
    more = advised("(train --resume .*? --more) N makes another", said(capsys, "evaluate", folder))
    assert cli.main([*more, "1"]) == 0
    assert (folder / BEST).exists() and (folder / ZIP).exists()

    removed(BEST)(folder)
    assert "--allow-pickle" in said(capsys, "train", "--resume", folder)
    assert cli.main(["evaluate", str(folder), "--allow-pickle"]) == 0

    cut(folder / "evaluation.json")
    assert cli.main(advised("(evaluate .*?) makes it", said(capsys, "compare", folder))) == 0
    assert cli.main(["compare", str(folder)]) == 0

    (folder / "metrics.csv").write_text("time/total_timesteps\n12,13\n")
    line = said(capsys, "train", "--resume", folder, "--more", 1)
    (folder / "metrics.csv").rename(folder / "metrics.old")
    assert cli.main(advised("(train --resume .*?) goes on without it", line)) == 0
    assert (folder / "metrics.csv").exists() and (folder / BEST).exists()

    cut(folder / LAST)
    line = said(capsys, "train", "--resume", folder)
    assert cli.main(advised("(evaluate .*?) still reads the best one", line)) == 0

    for name in (LAST, "metrics.csv", "evaluation.json"):  # as an agent that is given away
        removed(name)(folder)
    best = (folder / BEST).read_bytes()
    line = said(capsys, "train", "--resume", folder)
    assert "with which --init begins a new run" in line and (folder / BEST).read_bytes() == best
    assert cli.main(advised("(evaluate .*?) makes it", said(capsys, "compare", folder))) == 0
    assert cli.main(["compare", str(folder)]) == 0


@pytest.mark.parametrize("name", ["evaluation.json", "ladder.json"])
@pytest.mark.parametrize(
    "content",
    [
        *("", "{", "[]", "[" * 100_000, "3", "{}", '{"delay_s": [1]}', '{"delay_s": [1, 4], "anticipation": "good"}'),
        f'{{"delay_s": [1, 4], "anticipation": {10**400}}}',
    ],
)
def test_damaged_scores_are_one_line(folder: Path, capsys, name: str, content: str):
    (folder / name).write_text(content)
    line = said(capsys, "compare", folder)
    assert str(folder / name) in line and "makes it" in line


def test_what_is_no_run_is_one_line(tmp_path: Path, capsys):
    for place in (tmp_path, tmp_path / "nowhere", Path(__file__)):
        for words in (("train", "--resume"), ("compare",)):
            assert f"{place} is no run" in said(capsys, *words, place)
    assert not list(tmp_path.iterdir())


# ---- two at once


def wait_for(condition: Callable[[], bool], seconds: float = 90.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def is_alive(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def kindergarten(*words: object) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "kindergarten", *map(str, words)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def test_a_run_is_trained_by_one_process_at_a_time(folder: Path, capsys):
    with alone(folder, "trained"):
        before = (folder / "config.json").read_bytes()
        for words in ((), ("--more", "1"), ("--steps", "9999")):
            line = said(capsys, "train", "--resume", folder, *words)
            assert f"{folder} is being trained by another process" in line
        assert (folder / "config.json").read_bytes() == before
        assert cli.main(["evaluate", str(folder)]) == 0  # that is allowed
    assert cli.main(["train", "--resume", str(folder)]) == 0


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="asks Linux who is alive")
@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_children_end_with_their_parent(tmp_path: Path, capsys, how: signal.Signals):
    out = tmp_path / "runs"
    parent = kindergarten("train", "--seeds", 2, "--worlds", 8, "--steps", 10**9, "--out", out)
    wait_for(lambda: len(list(out.glob(f"seed*/{LAST}"))) > 0)
    children = [int(path.name) for path in Path("/proc").glob("[0-9]*") if _parent_of(path) == parent.pid]
    assert children and all(map(is_alive, children))
    assert f"{out} is being trained by another process" in said(capsys, "train", "--resume", out)
    parent.send_signal(how)
    parent.wait()
    wait_for(lambda: not any(map(is_alive, children)), 30.0)
    for seed in ("seed0", "seed1"):
        with alone(out / seed, "trained"):  # nobody holds it any more
            assert not (out / seed / LAST).exists() or checkpoint.read(out / seed / LAST)


def _parent_of(process: Path) -> int:
    try:
        return int((process / "stat").read_text().rpartition(")")[2].split()[1])
    except (FileNotFoundError, ProcessLookupError):
        return 0


# ---- killed at the very beginning


def test_a_folder_is_there_whole_or_not_at_all(tmp_path: Path):
    with whole_folder(tmp_path / "new" / "folder") as draft:
        (draft / "a").touch()
        assert not (tmp_path / "new" / "folder").exists()
    assert [path.name for path in (tmp_path / "new").rglob("*")] == ["folder", "a"]
    with pytest.raises(FileExistsError), whole_folder(tmp_path / "new" / "folder"):
        raise AssertionError("it must not come this far")
    with pytest.raises(KeyError), whole_folder(tmp_path / "new" / "other") as draft:
        raise KeyError
    other = tmp_path / "new" / "other"
    with pytest.raises(FileExistsError), whole_folder(other), whole_folder(other) as faster:
        (faster / "b").touch()
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == ["folder", "other"]
    assert [path.name for path in (tmp_path / "new" / "other").iterdir()] == ["b"]


DIES = """
import os, sys
from kindergarten import files
from kindergarten.cli import main
steps, real = int(sys.argv[1]), {name: getattr(os, name) for name in ("mkdir", "rename", "replace", "fsync")}
def dying(name):
    def call(*arguments, **more):
        global steps
        steps -= 1
        if steps < 0:
            os.kill(os.getpid(), 9)
        return real[name](*arguments, **more)
    return call
for name in real:
    setattr(os, name, dying(name))
sys.exit(main(sys.argv[2:]))
"""


@pytest.mark.slow
@pytest.mark.parametrize("seeds", [1, 2])
def test_killed_at_any_moment_of_the_beginning_nothing_is_in_the_way(tmp_path: Path, seeds: int):
    """Whenever it is killed: the same command begins anew, or says how to go on; and then it is done."""
    options = ["--worlds", "2", "--steps", "1", "--seeds", str(seeds)]
    for moment in range(0, 12, seeds):
        out = tmp_path / f"run{moment}"
        command = ["train", *options, "--out", str(out)]
        dying = [sys.executable, "-c", DIES, str(moment), *command]
        first = subprocess.run(dying, cwd=ROOT, check=False, capture_output=True)
        assert first.returncode in (-signal.SIGKILL, 0), first.stderr.decode()
        if out.exists():
            command = ["train", "--resume", str(out)]
        assert cli.main(command) == 0
        assert len(list(out.glob("**/evaluation.json"))) == seeds
    assert not list(tmp_path.glob(".*"))
