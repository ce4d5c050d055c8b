"""rl_zoo3 runs hyperparams/ppo_lstm.yml unchanged; where it is not installed, what the file names exists."""

from __future__ import annotations

import importlib
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


def test_the_zoo_runs_it(tmp_path: Path):
    pytest.importorskip("rl_zoo3")
    words = ["--algo", "ppo_lstm", "--env", "Kindergarten/Follow-v0", "--gym-packages", "kindergarten"]
    words += ["--conf-file", str(FILE), "-n", "2048", "-f", str(tmp_path), "--eval-freq", "-1", "--num-threads", "1"]
    command = [sys.executable, "-m", "rl_zoo3.train", *words]
    ran = subprocess.run(command, check=False, cwd=ROOT, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    assert list(tmp_path.glob("ppo_lstm/*/*.zip"))
