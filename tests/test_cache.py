"""Nobody else's code is run, and a cache that fails stops nobody."""

from __future__ import annotations

import os
import pickle
import shutil
import stat
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kindergarten.scenarios import SCENARIOS
from kindergarten.scoring import reference
from kindergarten.world import cache
from kindergarten.world.config import Config

ROOT = Path(__file__).resolve().parents[1]
VICTIM, ATTACKER = 61234, 61235  # users without an entry in the table of users, and so without a home
needs_root = pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can be two users")
#: Imports and compiles as the user that may read the interpreter, then lives on as another.
AS_USER = """
import os, sys, ctypes, encodings.idna, gymnasium, numba, numpy, resource
numba.njit(lambda x: x + 1.0)(1.0)
user = int(sys.argv[1])
sys.dont_write_bytecode = True
sys.path.insert(0, sys.argv[2])
import kindergarten.world.cache
if user != os.geteuid():
    os.setgroups([])
    os.setgid(user)
    os.setuid(user)
"""
CLIP = "from kindergarten.world.observation import clip; print(clip(3.0), clip(-0.25))"
SAID = "1.0 -0.25\n"


@pytest.fixture
def public() -> Iterator[Path]:
    """A folder that every user can read, with the package in it as if it were installed."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "kindergarten", folder / "site" / "kindergarten", ignore=ignored)
    (folder / "tmp").mkdir()
    (folder / "tmp").chmod(0o1777)
    (folder / "home").mkdir()
    yield folder
    shutil.rmtree(folder)


def run(public: Path, environment: dict[str, str], code: str = CLIP, user: int | None = None) -> tuple[str, list[str]]:
    """What another process says, as another user if need be, and the lines of its warnings."""
    skipped = ("HOME", "XDG_CACHE_HOME", "NUMBA_CACHE_DIR", "NUMBA_DISABLE_JIT", "PYTHONPATH", "TMPDIR")
    variables = {k: v for k, v in os.environ.items() if k not in skipped} | {"TMPDIR": str(public / "tmp")}
    user = os.geteuid() if user is None else user
    command = [sys.executable, "-c", AS_USER + code, str(user), str(public / "site")]
    done = subprocess.run(command, env=variables | environment, cwd="/", check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout, [line for line in done.stderr.splitlines() if "Warning" in line]


def files_below(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


class Evil:
    """Runs when it is unpickled."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self):
        return os.mkdir, (str(self.marker),)


# ---- folders


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """Where a folder would be sought: in the user's cache, and in the temporary folder."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(cache, "_failed", set())
    return tmp_path / "cache" / "kindergarten" / "a", tmp_path / f"kindergarten-{os.geteuid()}-a"


def test_a_folder_is_the_users_own(places: tuple[Path, Path]):
    assert cache.own_folder("a") == places[0] == cache.own_folder("a")
    assert stat.S_IMODE(places[0].lstat().st_mode) == 0o700
    first = places[0].parent.parent / "first"
    assert cache.own_folder("a", first) == first / "a"


@pytest.mark.parametrize("mode", [0o701, 0o710, 0o720, 0o702, 0o755, 0o777, 0o1777])
def test_a_folder_that_is_open_to_others_is_not_used(places: tuple[Path, Path], mode: int):
    places[0].mkdir(parents=True)
    places[0].chmod(mode)
    assert cache.own_folder("a") == places[1]


def test_neither_links_nor_files_are_used(places: tuple[Path, Path], recwarn):
    places[0].parent.mkdir(parents=True)
    own = places[0].with_name("own")
    own.mkdir(mode=0o700)
    places[0].symlink_to(own)
    assert cache.own_folder("a") == places[1]
    places[1].rmdir()
    places[1].symlink_to("nowhere")
    assert cache.own_folder("a") is None
    for place in places:
        place.unlink()
        place.write_text("a file")
    assert cache.own_folder("a") is None
    assert len(recwarn) == 1 and all(str(place) in str(recwarn[0].message) for place in places)


@needs_root
@pytest.mark.parametrize("mode", [0o700, 0o755, 0o777, 0o1777])
def test_other_peoples_folders_and_files_are_not_used(places: tuple[Path, Path], mode: int):
    cache.write(places[0] / "file", b"theirs")
    os.chown(places[0] / "file", ATTACKER, -1)
    assert cache.own_folder("a") == places[0]
    with pytest.warns(RuntimeWarning, match="file is of another user"):
        assert cache.read(places[0] / "file") is None
    os.chown(places[0], ATTACKER, -1)
    places[0].chmod(mode)
    assert cache.own_folder("a") == places[1]


def test_without_home_and_temporary_folder_there_is_none(monkeypatch: pytest.MonkeyPatch, recwarn):
    monkeypatch.setattr(cache, "_failed", set())
    monkeypatch.setenv("XDG_CACHE_HOME", "relative/paths/mean/nothing")
    monkeypatch.setattr(os.path, "expanduser", lambda path: path)  # as it does for who is not in the table of users
    monkeypatch.setattr(tempfile, "gettempdir", lambda: (_ for _ in ()).throw(FileNotFoundError("no usable one")))
    assert cache.own_folder("a") is None
    assert len(recwarn) == 1 and "neither a home nor" in str(recwarn[0].message)


# ---- files


@given(st.binary(max_size=200), st.data())
def test_no_damaged_file_is_believed(content: bytes, data: st.DataObject):
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        path = Path(folder) / "a"
        cache.write(path, content)
        assert cache.read(path) == content
        kept = bytearray(path.read_bytes())
        if data.draw(st.booleans()):
            kept[data.draw(st.integers(0, len(kept) - 1))] ^= 1 << data.draw(st.integers(0, 7))
        else:
            del kept[data.draw(st.integers(0, len(kept) - 1)) :]
        path.write_bytes(kept)
        assert cache.read(path) is None


def test_a_failing_cache_is_named_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, recwarn):
    monkeypatch.setattr(cache, "_failed", set())
    folder = tmp_path / "own"
    folder.mkdir(mode=0o700)
    (folder / "folder").mkdir()
    (folder / "link").symlink_to(__file__)
    assert cache.read(folder / "absent") is None and not recwarn
    cache.write(folder / "folder", b"")
    assert cache.read(folder / "folder") is None and cache.read(folder / "link") is None
    folder.chmod(0o777)
    cache.write(folder / "new", b"")
    assert not (folder / "new").exists()
    assert len(recwarn) == 1 and str(folder) in str(recwarn[0].message)


def test_a_cache_that_was_emptied_is_made_again_for_its_owner_alone(tmp_path: Path):
    cache.write(tmp_path / "gone" / "a", b"a")
    assert cache.read(tmp_path / "gone" / "a") == b"a"
    assert stat.S_IMODE((tmp_path / "gone").lstat().st_mode) == 0o700


# ---- kernels


@pytest.mark.slow
def test_an_installed_package_keeps_its_kernels_elsewhere(public: Path):
    before = files_below(public / "site")
    for _ in range(2):
        assert run(public, {"HOME": str(public / "home")}) == (SAID, [])
    assert files_below(public / "site") == before
    assert len(files_below(public / "home" / ".cache" / "kindergarten")) == 1
    (public / "site" / "pyproject.toml").touch()  # a source tree has its own
    assert run(public, {"HOME": str(public / "home")}) == (SAID, [])
    assert len(files_below(public / "site" / "kindergarten" / "__pycache__")) == 1


@pytest.mark.slow
def test_damaged_kernels_are_compiled_again(public: Path):
    home = {"HOME": str(public / "home")}
    assert run(public, home) == (SAID, [])
    (path,) = files_below(public / "home")
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])  # no other damage is believed either: above, without processes
    said, warned = run(public, home)
    assert said == SAID and len(warned) == 1 and str(path.parent) in warned[0]
    assert cache.read(path) is not None
    cache.write(path, pickle.dumps("what another version wrote"))
    said, warned = run(public, home)
    assert said == SAID and len(warned) == 1


@pytest.mark.slow
def test_where_bounds_are_checked_the_kernels_are_others(public: Path):
    home = {"HOME": str(public / "home")}
    assert run(public, home) == run(public, home | {"NUMBA_BOUNDSCHECK": "1"}) == (SAID, [])
    assert len(files_below(public / "home")) == 2


def test_a_full_disk_stops_no_kernel(public: Path):
    """A limit on the size of files stands for it: the write fails in the same place."""
    code = "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n" + CLIP
    code += "; from kindergarten.world.rng import mix; print(mix(numpy.uint64(0)))"
    said, warned = run(public, {"HOME": str(public / "home")}, code)
    assert said == SAID + "0\n" and len(warned) == 1 and str(public / "home") in warned[0]
    assert not files_below(public / "home")


@pytest.mark.slow
@needs_root
def test_whoever_has_no_cache_compiles_all_the_same(public: Path):
    said, warned = run(public, {}, user=VICTIM)
    assert (said, warned) == (SAID, [])
    (folder,) = (public / "tmp").iterdir()
    assert folder.stat().st_uid == VICTIM and stat.S_IMODE(folder.stat().st_mode) == 0o700
    for place in (public / "tmp", public / "home"):
        place.chmod(0o755)  # root's alone
    shutil.rmtree(folder)
    code = "import tempfile; tempfile.tempdir = os.environ['TMPDIR']\n" + CLIP  # or it looks for one that is writable
    for home in ({}, {"HOME": str(public / "home")}, {"HOME": "/nonexistent"}, {"XDG_CACHE_HOME": "/proc/none"}):
        said, warned = run(public, home, code, VICTIM)
        assert said == SAID and len(warned) == 1 and str(public / "tmp") in warned[0]
    assert not files_below(public / "tmp") and not files_below(public / "home")


@needs_root
def test_nobody_runs_what_somebody_else_left_there(public: Path):
    assert run(public, {}, user=VICTIM)[0] == SAID
    (kernel,) = files_below(public / "tmp")
    marker = public / "tmp" / "marker"
    for owner, mode, runs in ((VICTIM, 0o700, True), (ATTACKER, 0o777, False)):
        shutil.rmtree(kernel.parent)
        cache.write(kernel, pickle.dumps(Evil(marker)))
        for path in (kernel, kernel.parent):
            os.chown(path, owner, -1)
        kernel.parent.chmod(mode)
        said, warned = run(public, {}, user=VICTIM)
        assert said == SAID and len(warned) == 1 and str(kernel.parent) in warned[0]
        assert marker.exists() == runs, "what the user has written runs; so the test can see it"
        if runs:
            marker.rmdir()


# ---- references


def test_references_are_computed_where_nothing_can_be_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, recwarn):
    computed = []

    def compute(scenario, config, seeds):
        computed.append(config)
        return reference.Reference(seeds, *(np.full(len(seeds), v) for v in (1.0, 0.5, -1.0)))

    monkeypatch.setattr(reference, "compute", compute)
    monkeypatch.setattr(cache, "_failed", set())
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere" / "at" / "all"))
    config = Config(delay_s=(3.0, 3.5))

    def found() -> tuple[float, int]:
        return reference.reference(SCENARIOS["Follow"], config).oracle.mean(), len(computed)

    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))  # no folder can be made there
    (tmp_path / "nowhere").touch()
    assert found() == (1.0, 1) and found() == (1.0, 2)
    assert len(recwarn) == 1 and str(tmp_path / "file") in str(recwarn[0].message)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert found() == (1.0, 3) and found() == (1.0, 3)
    (kept,) = files_below(tmp_path / "cache")
    kept.write_bytes(kept.read_bytes()[:-9])
    assert found() == (1.0, 4) and found() == (1.0, 4)
    assert len(recwarn) == 2 and str(kept.parent) in str(recwarn[1].message)
