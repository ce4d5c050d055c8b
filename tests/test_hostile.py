"""What somebody else hands over, or has left lying about, runs no code and stops nothing: it is read, or refused."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from kindergarten import evaluation
from kindergarten.files import DEMO
from kindergarten.reportcard import command

ROOT = Path(__file__).resolve().parents[1]
EVIL = "from pathlib import Path\nPath('has run').touch()\n"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory, in which nothing of it may run."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", ["evil:run", "a 10:00", "evil:gone"])
def test_what_is_there_is_read_whatever_it_is_called(here: Path, name: str, monkeypatch: pytest.MonkeyPatch):
    """A run's folder with a colon in its name is no attribute of a module, and neither is a broken link."""
    (here / "evil.py").write_text(EVIL)
    (here / name).symlink_to(DEMO if "gone" not in name else here / "nowhere")
    if "gone" in name:
        with pytest.raises(ValueError, match="evil:gone' is no agent"):
            evaluation.named(name)
    else:
        pytest.importorskip("torch")
        asked: list[Any] = []
        monkeypatch.setattr(command, "examine", lambda agents, where: asked.append(*agents.values()) or [])
        assert command.cards(name, "Follow") == []
        assert type(evaluation.named(name)) is type(asked[0]) and type(asked[0]).__name__ == "PolicyAgent"
    assert not (here / "has run").exists()


def test_processes_of_ours_import_nothing_from_the_working_directory(here: Path):
    pytest.importorskip("torch")
    from kindergarten.agents.runs.seeds import CHILD

    (here / "kindergarten.py").write_text(EVIL)
    imports = CHILD.partition("end_with_parent()")[0]
    subprocess.run([sys.executable, "-c", imports], env={"PYTHONPATH": str(ROOT)}, check=True)
    assert not (here / "has run").exists()


WORKS = """
from kindergarten.data.record import _workers
if __name__ == "__main__":
    with _workers(1, 1) as pool:
        pool.submit(abs, 1).result()
"""


@pytest.mark.skipif(sys.version_info < (3, 11), reason="Python could not be told so")
def test_nor_do_those_who_record(here: Path):
    pytest.importorskip("pyarrow")
    (here / "tree").mkdir()
    (here / "tree" / "works.py").write_text(WORKS)
    (here / "multiprocessing.py").write_text(EVIL)
    subprocess.run([sys.executable, "tree/works.py"], env={"PYTHONPATH": str(ROOT)}, check=True)
    assert not (here / "has run").exists()
