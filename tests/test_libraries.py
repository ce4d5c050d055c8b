"""What docs/other-libraries.md says of each library runs: `make libraries`, where the libraries are."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs" / "other-libraries.md").read_text("utf-8")
SNIPPETS = {
    title: code
    for title, text in re.findall(r"^## (.+?)\n(.*?)(?=^## |\Z)", PAGE, flags=re.MULTILINE | re.DOTALL)
    for code in re.findall(r"^```python\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)
}
#: What has to be installed for a title's snippet.
NEEDED = {
    "Gymnasium": "gymnasium",
    "Stable-Baselines3 and sb3-contrib": "sb3_contrib",
    "TorchRL": "torchrl",
    "RLlib": "ray",
    "RLlib, several agents": "ray",
    "skrl": "skrl",
    "Tianshou": "tianshou",
}


@pytest.mark.libraries
@pytest.mark.parametrize("title", SNIPPETS)
def test_the_snippet_runs(title: str, tmp_path: Path):
    library = NEEDED[title]
    if importlib.util.find_spec(library) is None:
        pytest.skip(f"{library} is not installed")
    (tmp_path / "snippet.py").write_text(SNIPPETS[title])
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "snippet.py"]
    where = {"cwd": tmp_path, "env": environment}
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=600, **where)
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.strip()


def test_every_snippet_says_what_it_needs():
    assert set(SNIPPETS) == set(NEEDED)
