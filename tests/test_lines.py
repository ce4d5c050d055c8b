"""Whatever is typed, and whatever somebody did to the files of a run: success, or one line that names what is wrong.

No traceback, nothing that takes ten seconds, no gigabyte. ``make fuzz`` tries ten thousand lines and as many files.
"""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kindergarten import cli, commands, watching
from kindergarten.commandline import options_of
from tests.driving import EXAMPLES
from tests.test_damage import ROOT
from tests.test_fuzz import COUNT, damaged

pytest.importorskip("torch")
from kindergarten.agents import commands as agents
from kindergarten.agents.runs.options import Options
from kindergarten.agents.runs.run import Run
from kindergarten.agents.runs.train import begin, last_of, train

LONGEST, MOST = 10.0, 1 << 30  # [s] of the processor, [bytes]
OPTIONS = sorted({option for name in cli.COMMANDS for option in options_of(cli._class_of(name)).values()})
WORDS = ["0", "-1", "nan", "1e400", "9" * 400, "Follow", "lstm", "real", "", "--", "=", "x" * 10_000, "\u00e4\n", "\0"]
FILES = ["run", "run/replays/twins.npz", "a.onnx", "a.zip", "a:b", "os:path", ".", "/dev/null", "a.html", "[/red]"]
VALUES = st.sampled_from(WORDS + FILES) | st.text(max_size=6) | st.integers().map(str) | st.floats().map(str)


def memory() -> int:
    """The most that this process has held so far [bytes]."""
    return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


@contextmanager
def soundly() -> Iterator[None]:
    """It ends soon, and does not grow."""
    start, before = time.process_time(), memory()
    yield
    assert time.process_time() - start < LONGEST and memory() - before < MOST


def said(words: list[str]) -> str:
    """What a command line says on standard error; nothing if it was done."""
    out, errors = StringIO(), StringIO()
    with soundly(), redirect_stdout(out), redirect_stderr(errors):
        code = cli.main(words)
    assert code == 0 or (code == 2 and one_line(errors.getvalue())), (words, code, errors.getvalue())
    return errors.getvalue() if code else ""


def one_line(text: str) -> bool:
    *notes, last = text.removesuffix("\n").split("\n")
    return last.startswith("kindergarten: error: ") and len(last) < 1000 and not any("error" in note for note in notes)


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory, few_seeds) -> Iterator[Path]:
    """A working directory with a finished run in it."""
    folder, before = tmp_path_factory.mktemp("here"), Path.cwd()
    os.chdir(folder)
    assert train(begin(Options(worlds=8, steps=1024, out=Path("run")))) == 0
    yield folder
    os.chdir(before)


@pytest.fixture
def nobody_works(monkeypatch: pytest.MonkeyPatch) -> None:
    """What takes long, opens a window or changes the package is read and refused as always, but not done."""
    ours = watching.Play, commands.Scenarios, commands.Evaluate, commands.Examine
    for command in (agents.Train, agents.Resume, agents.Diagnose, *ours):
        monkeypatch.setattr(command, "run", lambda self: 0)


@pytest.mark.drawn
@settings(max_examples=COUNT if EXAMPLES > 1 else 20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(list(cli.COMMANDS)), st.lists(st.sampled_from(OPTIONS) | VALUES, max_size=6))
def test_any_line_is_done_or_refused_in_one(here: Path, nobody_works: None, name: str, words: list[str]):
    said([name, *words])


@pytest.mark.drawn
def test_any_line_is_so_in_a_process_of_its_own(here: Path):
    rng, path = np.random.default_rng(0), os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    for _ in range(max(1, COUNT // 200)):
        name = rng.choice([name for name in cli.COMMANDS if name not in ("train", "play", "scenarios", "exam")])
        words = [str(word) for word in rng.choice([*OPTIONS, *WORDS[:-1], *FILES], size=rng.integers(1, 5))]
        line = [sys.executable, "-m", "kindergarten", name, *words]
        ran = subprocess.run(
            line, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, timeout=60, check=False
        )
        assert ran.returncode == 0 or (ran.returncode == 2 and one_line(ran.stderr)), (line, ran)


@pytest.mark.parametrize(
    "line",
    [
        *("export-web run", "export-onnx run", "exam run --page", "compare run --out"),
        *(f"watch run --headless --{what}" for what in ("png", "sheet", "video")),
        *("play Follow --replay", "play Follow --exam standard --card"),
    ],
)
def test_nothing_is_written_over_a_file_of_another_kind(here: Path, line: str):
    (here / "mine.txt").write_text("mine")
    assert "mine.txt: a" in said([*line.split(), "mine.txt"]) and (here / "mine.txt").read_text() == "mine"


def use(folder: Path, name: str) -> Any:
    """Do what reads a file of a run."""
    if name.endswith(".safetensors"):
        with soundly():
            return last_of(Run.open(folder)) if "last" in name else Run.open(folder).load_model()
    if name.endswith(".npz"):
        return said(["export-web", str(folder), str(folder / "a.html")])
    return said(["compare", str(folder), "--json"])


def test_a_damaged_file_is_used_or_named(here: Path, tmp_path: Path):
    """``test_checkpoint`` and ``test_fuzz`` have numbers that are damaged behind a digest that is right."""
    folder = Path(shutil.copytree(here / "run", tmp_path / "run"))
    names = ["config.json", "evaluation.json", "metrics.csv", "replays/twins.npz"]
    names += [f"checkpoints/{name}.safetensors" for name in ("last", "best")]
    refused = 0
    for k in range(COUNT):
        rng, name = np.random.default_rng(k), names[k % len(names)]
        whole = (folder / name).read_bytes()
        (folder / name).write_bytes(damaged(rng, whole))
        try:
            line = use(folder, name)
        except ValueError as error:
            line = str(error)
        if isinstance(line, str) and line:
            assert name.rpartition("/")[2] in line and "\n" not in line.removesuffix("\n"), (k, line)
            refused += 1
        (folder / name).write_bytes(whole)
    assert refused > 0.3 * COUNT
