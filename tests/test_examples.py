"""The example of a scenario of one's own: it is short, trains, is evaluated, and is known by its id."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("torch")

ROOT = Path(__file__).resolve().parents[1]
EXAMPLE = ROOT / "examples" / "own_scenario.py"


def run(*arguments: object) -> str:
    """What Python prints when it is run from the repository's root, where the package need not be installed."""
    line, path = [sys.executable, *map(str, arguments)], os.pathsep.join(map(str, (ROOT, EXAMPLE.parent)))
    environment = os.environ | {"PYTHONPATH": path, "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run(
        line, check=False, cwd=ROOT, env=environment, capture_output=True, encoding="utf-8", timeout=300
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_it_is_short():
    assert len(EXAMPLE.read_text(encoding="utf-8").splitlines()) < 60


@pytest.mark.slow
def test_it_trains_and_its_run_can_be_evaluated(tmp_path: Path):
    out = tmp_path / "run"
    common = "--worlds", 16, "--steps", 2048
    assert "this agent" in run(EXAMPLE, "train", "--scenario", "Detour", *common, "--out", out)
    assert json.loads((out / "evaluation.json").read_text())["scenario"] == "Detour"
    assert "Detour" in run(EXAMPLE, "evaluate", out)


def test_gymnasium_knows_it_and_another_of_its_name_is_refused():
    script = """
import dataclasses, gymnasium, kindergarten, own_scenario
env = gymnasium.make("Kindergarten/Detour-v0")
_, info = env.reset(seed=1, options={"intents": ["left"]})
assert info["intents"].tolist() == [kindergarten.world.codes.Intent.LEFT], info
kindergarten.register(dataclasses.replace(own_scenario.DETOUR, training=5, worlds=7))
registered = kindergarten.scenarios.SCENARIOS["Detour"]
assert (registered.training, registered.worlds) == (5, 7), "one may train it otherwise"
try:
    kindergarten.register(dataclasses.replace(own_scenario.DETOUR, sight=1.0))
except ValueError as error:
    print(error)
"""
    assert "Detour" in run("-c", script)


@pytest.mark.slow
def test_a_loop_of_ones_own_trains():
    assert "anticipation" in run("examples/ppo_lstm.py", "--steps", 4096)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("example", "words", "said"),
    [
        ("predict_intent", ["{data}", "--epochs", 1, "--decisions", 500], "delay"),
        ("drive_offline", ["--epochs", 1], "anticipation"),
    ],
)
def test_what_learns_from_recordings_runs(example: str, words: list, said: str, tmp_path: Path):
    data = tmp_path / "data"
    run("-m", "kindergarten", "record", "--scenario", "Crossing", "--episodes", 20, "--jobs", 1, "--out", data)
    assert said in run(f"examples/{example}.py", data, *(str(word).format(data=data) for word in words))


def notebook() -> list[str]:
    """The cells of code."""
    cells = json.loads((ROOT / "examples" / "kindergarten.ipynb").read_text(encoding="utf-8"))["cells"]
    return ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]


def run_cells(cells: list[str], folder: Path) -> str:
    """What cells print, run in ``folder``/examples as a notebook does it, but for the installing.

    The Python that runs does not know of the package, nor of any checkout that it found when it began; those that it
    starts once it is installed do.
    """
    shown = "types.SimpleNamespace(IFrame=lambda source, **size: print(source))"
    lines = [
        "import os, subprocess, sys, types",
        "sys.path[:] = [each for each in sys.path if not os.path.exists(os.path.join(each, 'pyproject.toml'))]",
        f"sys.modules['IPython'] = sys.modules['IPython.display'] = {shown}",
    ]
    for line in "\n".join(cells).split("\n"):
        if line.startswith("!{sys.executable} "):
            lines.append(f"subprocess.run([sys.executable, *{line.split()[1:]}], check=True)")
        elif line.startswith("%pip "):
            lines.append(f"os.environ['PYTHONPATH'] = {str(ROOT)!r}")
        else:
            lines.append(line)
    (folder / "examples").mkdir()
    (folder / "kindergarten").symlink_to(ROOT / "kindergarten")
    (folder / "examples" / "notebook.py").write_text("\n".join(lines), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "notebook.py"], check=False, cwd=folder / "examples", capture_output=True, encoding="utf-8",
        env=os.environ | {"PYTHONPATH": "", "PYTHONIOENCODING": "utf-8"}, timeout=600,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_notebook_finds_what_it_has_just_installed(tmp_path: Path):
    assert "Follow" in run_cells([notebook()[0], "import kindergarten\nprint(list(kindergarten.SCENARIOS))"], tmp_path)


@pytest.mark.slow
def test_the_notebook_runs_from_its_first_cell_to_its_last(tmp_path: Path):
    """Its shell lines run with this Python."""
    said = run_cells(notebook(), tmp_path)
    assert "=x" in said and "x=" in said, "the same, then different, then the same"
    assert (tmp_path / "examples" / "follow.html").stat().st_size > 50_000 and "follow.html" in said
