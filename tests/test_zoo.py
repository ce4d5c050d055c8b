"""rl_zoo3 runs hyperparams/ppo_lstm.yml unchanged (`make libraries`), and what the file names exists."""

from __future__ import annotations

import importlib
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from kindergarten.scenarios import SCENARIOS

ROOT = Path(__file__).resolve().parents[1]
FILE = ROOT / "hyperparams" / "ppo_lstm.yml"


def test_what_it_names_exists():
    text = FILE.read_text()
    named = re.findall(r"^Kindergarten/(\w+)-v0:", text, re.MULTILINE)
    assert sorted(named) == sorted(SCENARIOS)
    (policy,) = set(re.findall(r"policy: '([\w.]+)'", text))
    module, _, name = policy.rpartition(".")
    assert callable(getattr(importlib.import_module(module), name))


@pytest.mark.libraries
def test_the_zoo_trains_drives_and_films(tmp_path: Path):
    """As docs/other-libraries.md has it."""
    pytest.importorskip("rl_zoo3")

    def run(command: list[str], *words: str) -> str:
        common = ["--algo", "ppo_lstm", "--env", "Kindergarten/Follow-v0", "-f", str(tmp_path)]
        headless = os.environ | {"SDL_VIDEODRIVER": "dummy"}
        command = [sys.executable, *command, *common, *words]
        ran = subprocess.run(command, check=False, cwd=ROOT, capture_output=True, text=True, env=headless)
        assert ran.returncode == 0, ran.stderr
        return ran.stdout

    ours, few = ("--gym-packages", "kindergarten"), ("--eval-freq", "-1", "--num-threads", "1")
    run(["-m", "rl_zoo3.train"], *ours, *few, "--conf-file", str(FILE), "-n", "2048")
    assert list(tmp_path.glob("ppo_lstm/*/*.zip"))
    assert "Mean reward" in run(["-m", "rl_zoo3.enjoy"], *ours, "-n", "200", "--no-render")
    imported = "import kindergarten, runpy; runpy.run_module('rl_zoo3.record_video', run_name='__main__')"
    run(["-c", imported], "-n", "20", "-o", str(tmp_path / "video"))
    assert list(tmp_path.glob("video/*.mp4"))
