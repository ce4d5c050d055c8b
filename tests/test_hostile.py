"""What somebody else hands over, or has left lying about, runs no code and stops nothing: it is read, or refused."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from kindergarten import cli, evaluation, watching
from kindergarten.files import DEMO, read_json
from kindergarten.reportcard import command
from kindergarten.world.config import Config
from kindergarten.world.kinds import Text

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


DEEP, HUGE = "[" * 100_000, str(10**400)

SHARD = """
{"recording": {"shard": 9}, "shards": {"part-000000.parquet": {"episodes": 1, "decisions": 1, "bytes": BYTES}}}
"""


@pytest.mark.parametrize("content", [DEEP, HUGE, "9" * 5000, "{", "\0", b"\xff"])
def test_json_that_cannot_be_worked_with_is_a_value_error(here: Path, content: str | bytes):
    (here / "a.json").write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(ValueError):
        read_json(here / "a.json")
    (here / "runs" / "a").mkdir(parents=True)
    (here / "a.json").rename(here / "runs" / "a" / "evaluation.json")
    assert watching.known_agent("Follow", Config()) == ""  # somebody wants to play, whatever lies about


@pytest.mark.parametrize(
    "manifest",
    [
        DEEP,
        SHARD.replace("BYTES", HUGE),
        SHARD.replace("BYTES", "-1"),
        SHARD.replace("BYTES", "1").replace("000000", "\u0661" * 6),
    ],
)
def test_a_manifest_that_makes_no_sense_is_damaged(here: Path, manifest: str, capsys: pytest.CaptureFixture[str]):
    pytest.importorskip("pyarrow")
    (here / "manifest.json").write_text(manifest, encoding="utf-8")
    assert cli.main(["record", "--scenario", "Follow", "--out", "."]) == 2
    assert capsys.readouterr().err == "kindergarten: error: manifest.json is damaged: choose another --out\n"
    assert [path.name for path in here.iterdir()] == ["manifest.json"]


def test_no_terminal_is_told_what_to_do(capsys: pytest.CaptureFixture[str]):
    assert cli.main(["watch", "\33[31mred\u202e.npz"]) == 2
    line = capsys.readouterr().err
    assert "\\x1b[31mred\\u202e.npz" in line and "\33" not in line and "\u202e" not in line
    with pytest.raises(ValueError, match=r"hub is '\\x1b\[2J': it must be a text"):
        Text().settle("hub", "\33[2J")
