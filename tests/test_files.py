"""A file is written whole or not at all, and nothing else is left behind."""

from __future__ import annotations

import ast
import os
import platform
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from kindergarten.files import check_writable, whole_file, whole_folder, write_whole

ROOT = Path(__file__).resolve().parents[1]
#: Calls that write, as ``ast`` puts them.
WRITES = re.compile(
    r"os\.(replace|rename)\(|shutil\.(copy|move)|(np|numpy)\.save|(.*\.)?imsave\("
    r"|.*\.(write_text|write_bytes|savefig|rename|tofile)\(|.*\.replace\([^,=]*\)$"  # of a string it takes two
    r"|(.*\.)?open\(.*'[rbt]*[wxa+][rbt+]*'"
)
#: Those that may: into a draft, into the memory, into nothing, or at the end of a log.
ALLOWED = re.compile(
    r"open\((draft|os\.devnull)\b|(.*\.)?imsave\(draft\b|.*\.savefig\((draft|text)\b|np\.savez_compressed\(file\b"
    r"|open\(run / LOG, 'ab'\)$"
)


def test_a_file_and_its_folder_are_made(tmp_path: Path):
    path = tmp_path / "new" / "folder" / "a.txt"
    write_whole(path, b"one")
    write_whole(path, b"two")
    assert path.read_bytes() == b"two" and list(path.parent.iterdir()) == [path]


def test_the_old_file_stands_until_the_new_one_is_whole(tmp_path: Path):
    path = tmp_path / "a.png"
    write_whole(path, b"old")
    with whole_file(path) as draft:
        draft.write_bytes(b"new")
        assert path.read_bytes() == b"old"
        assert draft.suffix == ".png"  # by which many programs choose what they write
    assert path.read_bytes() == b"new" and list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("stop", [ValueError, KeyboardInterrupt, OSError("no room on the moon")])
def test_whatever_ends_the_writing_leaves_the_old_file(tmp_path: Path, stop):
    path = tmp_path / "a"
    write_whole(path, b"old")
    with pytest.raises(BaseException) as raised, whole_file(path) as draft:
        draft.write_bytes(b"half of the ne")
        raise stop
    assert raised.value is stop or raised.type is stop  # what somebody else says is left as it is
    assert path.read_bytes() == b"old" and list(tmp_path.iterdir()) == [path]


def test_a_folder_that_is_made_anew_stands_until_the_new_one_is_whole(tmp_path: Path):
    path = tmp_path / "a"
    for k in range(2):
        with whole_folder(path, anew=True) as draft:
            (draft / str(k)).touch()
            assert not path.exists() or (path / "0").exists()
    with pytest.raises(ValueError), whole_folder(path, anew=True) as draft:
        raise ValueError
    assert list(tmp_path.iterdir()) == [path] and list(path.iterdir()) == [path / "1"]
    with pytest.raises(FileExistsError), whole_folder(path):
        pass


def test_two_may_write_the_same_file_at_once(tmp_path: Path):
    path = tmp_path / "a"
    with whole_file(path) as one, whole_file(path) as other:
        one.write_bytes(b"one")
        other.write_bytes(b"other")
    assert path.read_bytes() == b"one" and list(tmp_path.iterdir()) == [path]


def test_an_error_names_the_file(tmp_path: Path):
    folder = tmp_path / "folder"
    folder.mkdir()
    with pytest.raises(IsADirectoryError, match=f"{folder} is a folder"):
        write_whole(folder, b"")
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(OSError, match="file"):
        write_whole(tmp_path / "file" / "a.txt", b"")
    with pytest.raises(FileNotFoundError, match=r"a\.txt'"), whole_file(tmp_path / "a.txt"):
        pass  # nobody wrote anything
    with pytest.raises(FileNotFoundError, match="elsewhere"), whole_file(tmp_path / "a.txt"):
        (tmp_path / "elsewhere").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder"] and not list(folder.iterdir())


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no disk that is always full")
def test_a_full_disk_is_said_of_the_file(tmp_path: Path):
    with (
        pytest.raises(OSError, match=r"No space left on device: '.*a\.txt'") as raised,
        whole_file(tmp_path / "a.txt") as draft,
    ):
        draft.symlink_to("/dev/full")
        draft.write_bytes(b"anything")
    assert raised.value.filename == str(tmp_path / "a.txt") and not list(tmp_path.iterdir())


def test_a_disk_that_is_read_only_is_said_of_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def refuse(path: Path, *_: object) -> None:
        raise OSError(30, "Read-only file system", str(path))

    monkeypatch.setattr(Path, "write_bytes", refuse)
    monkeypatch.setattr(Path, "unlink", refuse)
    with pytest.raises(OSError, match=r"Read-only file system: '.*a\.txt'"):
        write_whole(tmp_path / "a.txt", b"anything")


def test_whether_a_file_can_be_written_is_seen_before_it_is(tmp_path: Path):
    old, new = tmp_path / "old", tmp_path / "folder" / "new"
    old.write_bytes(b"old")
    check_writable(old)
    check_writable(new)
    assert old.read_bytes() == b"old" and not list(new.parent.iterdir())
    for wrong in (tmp_path, old / "a", tmp_path / ("a" * 300)):
        with pytest.raises(OSError, match=wrong.name[:50]):
            check_writable(wrong)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder", "old"]


@pytest.mark.skipif(os.name == "nt", reason="nobody can be asked there whether he lives")
def test_the_next_to_write_removes_what_a_killed_process_left_and_nothing_else(tmp_path: Path):
    code = f"""
import os, time
from pathlib import Path
from kindergarten.files import whole_file
with whole_file(Path({str(tmp_path)!r}, "a.npz")) as draft:
    draft.write_bytes(b"half")
    print("ready", flush=True)
    time.sleep(60)
"""
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, cwd=ROOT)
    assert process.stdout is not None and process.stdout.readline() == b"ready\n"
    (left,) = tmp_path.iterdir()
    write_whole(tmp_path / "b.txt", b"")
    assert left.exists()  # it is being written
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    elsewhere = tmp_path / f".{platform.node()}x-{process.pid}-00.draft.npz"  # on another machine
    mine = tmp_path / f".{platform.node()}-notes.draft.txt"  # somebody's own file
    numbered = tmp_path / f".{platform.node()}-{process.pid}-777-aaaa0000.draft.npz"  # on one with a number in its name
    for path in (elsewhere, mine, numbered):
        path.write_bytes(b"")
    write_whole(tmp_path / "b.txt", b"")
    assert not left.exists() and elsewhere.exists() and mine.exists() and numbered.exists()


def by_hand(call: str) -> bool:
    return WRITES.match(call) is not None and ALLOWED.match(call) is None


@pytest.mark.parametrize(
    "call",
    [
        *("path.write_text(text)", "path.write_bytes(text.encode())", "path.write_bytes(draft)", "np.savez(path, **a)"),
        *("open(text_file, 'w')", "open(path, 'a')", "path.open('w+')", "open(path, mode='r+b')", "open(drafts, 'xb')"),
        *("shutil.copy(a, b)", "shutil.move(a, b)", "path.rename(b)", "path.replace(b)", "os.replace(a, b)"),
        *("plt.imsave(path, pixels)", "figure.savefig(path)", "pixels.tofile(path)"),
    ],
)
def test_what_writes_by_hand_is_found(call: str):
    assert by_hand(ast.unparse(ast.parse(call)))


@pytest.mark.parametrize(
    "call",
    ["open(path)", "open(path, 'rb')", "path.open(encoding='ascii')", "text.replace('a', 'b')", "open(draft, 'wb')"],
)
def test_what_does_not_is_not(call: str):
    assert not by_hand(ast.unparse(ast.parse(call)))


@pytest.mark.parametrize("folder", ["kindergarten", "envs", "agents", "benchmarks", "docs"])
def test_nobody_writes_a_file_by_hand(folder: str):
    """Whoever opens a file to write to it, or lets a library do so, hands it a draft."""
    for file in (ROOT / folder).rglob("*.py"):
        if file == ROOT / "kindergarten" / "files.py":
            continue
        for call in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            assert not isinstance(call, ast.Call) or not by_hand(words := ast.unparse(call)), (
                f"{file}:{call.lineno}: {words}"
            )
