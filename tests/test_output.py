"""What is printed: nobody who stops reading ends anything, and what is printed can be pasted and fits the screen."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kindergarten import cli
from kindergarten.output import aligned, columns, decimals, pasteable, patiently
from kindergarten.scoring.score import Score
from tests.test_damage import ROOT

pytest.importorskip("torch")
from kindergarten.agents.diagnose import command as diagnose
from kindergarten.agents.diagnose.questions import memory
from kindergarten.agents.evaluation.evaluate import Evaluation, print_all
from kindergarten.agents.runs import evaluate
from kindergarten.agents.runs.options import Options
from kindergarten.agents.runs.run import Run
from kindergarten.agents.runs.train import begin, train

pytestmark = pytest.mark.usefixtures("few_seeds")


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory, few_seeds) -> Path:
    """A run that is finished, with an awkward name, in a folder that is called runs."""
    run = begin(Options(worlds=8, steps=1024, out=tmp_path_factory.mktemp("here") / "runs" / "it's one"))
    assert train(run) == 0
    return run.folder


@pytest.fixture
def run(done: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it, in runs/ of the working directory."""
    monkeypatch.chdir(tmp_path)
    return Path(shutil.copytree(done, Path("runs", done.name)))


# ---- readers that go away


def no_reader() -> object:
    reader, writer = os.pipe()
    os.close(reader)
    return open(writer, "w")


def full_disk() -> object:
    return open("/dev/full", "w")


@pytest.mark.parametrize("lost", [no_reader, pytest.param(lambda: None, marks=pytest.mark.slow), full_disk])
@pytest.mark.parametrize(
    ("line", "made"),
    [
        ("evaluate RUN", "RUN/evaluation.json"),
        ("evaluate RUN --json", "RUN/evaluation.json"),
        ("compare RUN --out a.png", "a.png"),
        ("diagnose RUN --quick", "RUN/report/index.html"),
        ("export-onnx RUN a.onnx", "a.onnx"),
        ("export-web RUN a.html", "a.html"),
        ("watch RUN --headless --png a.png --sheet b.png", "b.png"),
        ("train --resume RUN --more 1", "RUN/replays/twins.npz"),
        ("train --worlds 8 --steps 1 --out new", "new/evaluation.json"),
    ],
)
def test_whoever_stops_reading_ends_nothing(
    run: Path, monkeypatch: pytest.MonkeyPatch, line: str, made: str, lost: Callable[[], object]
):
    place = Path(made.replace("RUN", str(run)))
    if place.is_file() and not line.startswith("compare"):
        place.unlink()
    with monkeypatch.context() as patch:
        patch.setattr(diagnose.DiagnosedAgent, "questions", (memory.ask,))
        patch.setattr(diagnose, "QUICK", replace(diagnose.QUICK, seeds=4, delays=(1.0,)))
        for stream in ("stdout", "stderr"):
            patch.setattr(sys, stream, lost())
        code = cli.main([str(run) if word == "RUN" else word for word in line.split()])
    assert place.exists() and code == (2 if lost is full_disk else 0)  # what nobody wants to read is not missed


@pytest.mark.parametrize(
    "closed", [*(pytest.param(one, marks=pytest.mark.slow) for one in (">&-", "2>&-")), ">&- 2>&- <&-"]
)
def test_closed_streams_are_no_files_of_ours(run: Path, closed: str):
    """Python gives the first file that it opens the number of a closed stream, into which others then print."""
    words = shlex.join([sys.executable, "-m", "kindergarten", "watch", str(run), "--headless", "--png", "a.png"])
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    ran = subprocess.run(f"{words} {closed}", shell=True, env={**os.environ, "PYTHONPATH": path}, check=False)
    assert ran.returncode == 0 and Path("a.png").read_bytes().startswith(b"\x89PNG")


# ---- what can be pasted


@pytest.mark.parametrize(
    ("script", "path", "here", "expected"),
    [
        (True, "", ".", ".venv/bin/kindergarten watch 'it'\"'\"'s one'"),
        (True, "", "elsewhere", "{}/.venv/bin/kindergarten watch 'it'\"'\"'s one'"),
        (True, ".venv/bin", ".", "kindergarten watch 'it'\"'\"'s one'"),
        (False, ".venv/bin", ".", ".venv/bin/python -m kindergarten watch 'it'\"'\"'s one'"),
    ],
)
def test_commands_are_printed_as_they_work_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: bool, path: str, here: str, expected: str
):
    programs = tmp_path / ".venv" / "bin"
    programs.mkdir(parents=True)
    (tmp_path / "elsewhere").mkdir()
    if script:
        (programs / "kindergarten").touch(mode=0o755)
    monkeypatch.chdir(tmp_path / here)
    monkeypatch.setenv("PATH", str(tmp_path / path) if path else "")
    monkeypatch.setattr(sys, "executable", str(programs / "python"))
    assert pasteable("watch", Path("it's one")) == expected.format(tmp_path)


@pytest.mark.parametrize(
    ("started", "by_module", "commanded", "expected"),
    [
        ("examples/own scenario.py", False, True, ".venv/bin/python 'examples/own scenario.py' train --resume a"),
        ("{tmp}/examples/own scenario.py", False, True, ".venv/bin/python 'examples/own scenario.py' train --resume a"),
        ("/elsewhere/train.py", False, True, ".venv/bin/python /elsewhere/train.py train --resume a"),
        ("{root}/train.py", False, True, ".venv/bin/kindergarten train --resume a"),
        ("{root}/kindergarten/__main__.py", False, True, ".venv/bin/kindergarten train --resume a"),
        ("{root}/benchmarks/agents.py", True, True, ".venv/bin/kindergarten train --resume a"),
        ("examples/own scenario.py", False, False, ".venv/bin/kindergarten train --resume a"),
        (".venv/bin/kindergarten", False, True, ".venv/bin/kindergarten train --resume a"),
        ("-c", False, True, ".venv/bin/kindergarten train --resume a"),
        (None, False, True, ".venv/bin/kindergarten train --resume a"),
    ],
)
def test_whose_scenario_nobody_else_knows_is_called_by_its_script(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    started: str | None,
    by_module: bool,
    commanded: bool,
    expected: str,
):
    """But not where a script asks for something itself, and hands nothing on that it is asked."""
    programs = tmp_path / ".venv" / "bin"
    programs.mkdir(parents=True)
    (programs / "kindergarten").touch(mode=0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(sys, "executable", str(programs / "python"))
    monkeypatch.setattr(sys, "argv", [] if started is None else [started.format(tmp=tmp_path, root=ROOT)])
    monkeypatch.setattr(sys.modules["__main__"], "__spec__", object() if by_module else None)
    with patiently() if commanded else nullcontext():
        said = pasteable("train", "--resume", "a")
    assert said == expected


def test_what_train_prints_can_be_pasted(run: Path, capsys: pytest.CaptureFixture[str]):
    assert cli.main(["train", "--resume", str(run)]) == 0
    (line,) = (line for line in capsys.readouterr().out.splitlines() if line.startswith("Watch it:"))
    *_, name, folder = shlex.split(line)
    assert (name, folder) == ("watch", str(run))


def test_without_a_run_the_newest_is_meant(run: Path, capsys: pytest.CaptureFixture[str]):
    older = Path(shutil.copytree(run, "runs/older"))
    for file in older.rglob("*.*"):
        os.utime(file, (1, 1))
    for words in (["evaluate"], ["watch", "--headless", "--png", "a.png"]):
        assert cli.main(words) == 0
        assert f"the newest run, {run}" in capsys.readouterr().err
    several = Path("runs/several")
    shutil.copytree(run, several / "seed0")
    for file in several.rglob("*.*"):
        os.utime(file, (1e10, 1e10))
    assert cli.main(["watch", "--headless", "--png", "b.png"]) == 0
    assert f"the newest run, {several}" in capsys.readouterr().err


# ---- what is said


def test_quiet_says_nothing(run: Path, capfd: pytest.CaptureFixture[str]):
    for words in (["train", "--worlds", "8", "--steps", "1"], ["evaluate", str(run)], ["compare", str(run)]):
        assert cli.main([*words, "--quiet"]) == 0
        assert capfd.readouterr() == ("", "")
    assert cli.main(["evaluate", "nowhere", "--quiet"]) == 2
    assert capfd.readouterr().err.count("\n") == 1


def test_json_is_printed_however_quiet_the_rest_is(run: Path, capfd: pytest.CaptureFixture[str]):
    for words in (["evaluate", str(run)], ["compare", str(run)]):
        assert cli.main([*words, "--quiet", "--json"]) == 0
        printed = capfd.readouterr()
        assert json.loads(printed.out) and printed.err == ""


@pytest.mark.parametrize("words", [[], ["--scenario", "Follow"]])
def test_scores_at_a_delay_are_a_list_and_so_are_those_of_several_seeds(run: Path, capsys, words: list[str]):
    assert cli.main(["evaluate", str(run), *words, "--delay", "2", "--json"]) == 0
    (one,) = json.loads(capsys.readouterr().out)
    for seed in ("seed0", "seed1"):
        shutil.copytree(run, Path("runs", "two", seed))
    assert cli.main(["evaluate", "runs/two", *words, "--delay", "2", "--json"]) == 0
    two = json.loads(capsys.readouterr().out)
    assert [row["anticipation"] for row in two] == [one["anticipation"]] * 2
    assert cli.main(["evaluate", "runs/two", *words]) == 0
    assert capsys.readouterr().out.count("Follow, delay 1..4 s") == 2
    shutil.rmtree("runs/two")


@pytest.mark.parametrize("words", [[], ["--json"]])
def test_scores_that_cannot_be_kept_are_printed_all_the_same(tmp_path: Path, capsys, monkeypatch, words: list[str]):
    """Of all seeds; and then it is said."""

    def refuse(run: Run, name: str, content: object) -> None:
        raise OSError(30, "Read-only file system", str(run.folder / name))

    def score(run: Run, *_: object, quiet: bool) -> list[dict[str, object]]:
        print("a table" * (not quiet))
        return [{"anticipation": 0.5}]

    for seed in range(2):
        begin(Options(seed=seed, out=tmp_path / f"seed{seed}"))
    monkeypatch.setattr(Run, "write_json", refuse)
    monkeypatch.setattr(evaluate, "score_run", score)
    capsys.readouterr()
    assert cli.main(["evaluate", str(tmp_path), *words]) == 2
    printed = capsys.readouterr()
    assert len(json.loads(printed.out)) == 2 if words else printed.out.count("a table") == 2
    assert "seed0/evaluation.json" in printed.err and printed.err.count("\n") == 1


def test_scores_as_json(run: Path, capsys: pytest.CaptureFixture[str]):
    assert cli.main(["evaluate", str(run), "--json"]) == 0
    score = json.loads(capsys.readouterr().out)["anticipation"]
    assert cli.main(["compare", str(run), "--json", "--out", "a.png"]) == 0
    (group,) = json.loads(capsys.readouterr().out)
    assert group["delays"]["1..4 s"] == {"middle": score, "low": score, "high": score, "failed": None, "runs": [score]}
    assert Path("a.png").exists()


def test_compare_leaves_out_what_is_not_done_and_says_so(run: Path, capsys: pytest.CaptureFixture[str]):
    unfinished = Path(shutil.copytree(run, "runs/unfinished"))
    (unfinished / "evaluation.json").unlink()
    Path("runs/a.png").touch()
    assert cli.main(["compare", *map(str, sorted(Path("runs").iterdir()))]) == 0
    printed = capsys.readouterr()
    assert f"{unfinished} has no evaluation.json yet" in printed.err and "runs/a.png is no run" in printed.err
    assert printed.err.count("left out: ") == 2 and "Follow, lstm" in printed.out


def test_the_table_says_what_it_is_of(run: Path, capsys: pytest.CaptureFixture[str]):
    """The last checkpoint stands beside the best, and a best that has learned nothing is named."""
    assert cli.main(["evaluate", str(run)]) == 0
    assert "best checkpoint, after 1,024 of 1,024 decisions" in capsys.readouterr().out
    opened = Run.open(run)
    from kindergarten.agents.runs import checkpoint

    checkpoint.write(opened.checkpoint("best"), checkpoint.weights(opened.untrained(1)))
    assert cli.main(["evaluate", str(run)]) == 0
    said = capsys.readouterr().out
    assert "best checkpoint, after 0 of 1,024 decisions" in said and "untrained network" in said
    assert "\nlast checkpoint " in said
    last = opened.read_json("evaluation.json")["last_checkpoint"]
    assert last["decisions"] == 1024 and f"{last['return_mean']:.3f}" in said


def test_a_table_of_several_scenarios_says_so_too(capsys: pytest.CaptureFixture[str]):
    def score(name: str, value: float | None) -> Score:
        at, worlds = {"delay_s": (1.0, 4.0)}, np.zeros((1, 1))
        return Score(name, at, value, None, 1.0, 0.0, 1.0, {}, 1.0, 0.0, 1.0, 1.0, worlds, np.zeros(1, int))

    values = {"Follow": 0.25, "CutIn": None, "Town": 0.75}
    print_all([Evaluation(score(name, 0.0), 0, last=(score(name, it), 2048)) for name, it in values.items()])
    said = capsys.readouterr().out
    assert "best checkpoint, after 0 of 2,048 decisions" in said and "\nlast checkpoint: mean 0.500\n" in said
    assert "untrained network" in said


@pytest.mark.parametrize("width", [40, 60, 80])
def test_tables_fit(run: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, width: int):
    monkeypatch.setenv("COLUMNS", str(width))
    opened = Run.open(run)
    rungs = [{"delay_s": [d, d], "anticipation": d / 32} for d in (0.0, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0)]
    opened.write_json("ladder.json", rungs)
    for words in (["evaluate", str(run)], ["compare", str(run)]):
        assert cli.main(words) == 0
        table = capsys.readouterr().out.split("decisions:\n")[-1].splitlines()
        assert max(map(len, table)) <= width
    assert columns() == width


def test_a_table_that_is_too_wide_goes_on_below():
    rows = [("", "one", "two", "three"), ("a name that is long", "1", "2\n3", "x" * 20)]
    assert aligned(rows, 80).splitlines() == [
        "                     one  two                 three",
        "a name that is long    1    2  xxxxxxxxxxxxxxxxxxxx",
        "                            3",
    ]
    narrow = aligned(rows, 34)
    assert [part.split() for part in narrow.splitlines()] == [
        ["one", "two"], ["a", "name", "that", "1", "2"], ["is", "long", "3"], [],
        ["three"], ["a", "name", "that", "x" * 20], ["is", "long"],
    ]  # fmt: skip
    assert max(map(len, narrow.splitlines())) <= 34


@given(st.floats(-1e6, 1e6), st.integers(1, 4), st.sampled_from(["", "+"]))
def test_no_number_is_minus_nothing(value, digits, sign):
    said = decimals(value, digits, sign)
    assert abs(float(said) - value) <= 0.5 * 10**-digits + 1e-9 and len(said.split(".")[1]) == digits
    assert said.startswith("-") == (float(said) < 0) and (said.startswith("+") == (float(said) >= 0) or not sign)
