"""A result names the commit that made it, and never somebody else's."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from kindergarten.provenance import UNKNOWN, commit, made_with

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="there is no git")
OURS = '[project]\nname = "kindergarten"\nversion = "0"\n'


def git(folder: Path, *words: str) -> str:
    who = ("-c", "user.name=a", "-c", "user.email=a@example.org")
    ran = subprocess.run(["git", "-C", str(folder), *who, *words], check=True, capture_output=True, text=True)
    return ran.stdout.strip()


def repository(folder: Path, project: str | None) -> Path:
    folder.mkdir(parents=True)
    (folder / "file").write_text("")
    if project is not None:
        (folder / "pyproject.toml").write_text(project)
    git(folder, "init", "-q")
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "one")
    return folder


def test_a_checkout_of_ours_names_its_commit(tmp_path: Path, monkeypatch):
    ours, other = repository(tmp_path / "ours", OURS), repository(tmp_path / "other", None)
    head = git(ours, "rev-parse", "--short", "HEAD")
    assert commit(ours) == head
    (ours / "file").write_text("changed")
    assert commit(ours) == f"{head}-dirty"
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    assert commit(ours) == f"{head}-dirty"


def test_somebody_elses_repository_is_not_ours(tmp_path: Path):
    theirs = repository(tmp_path / "theirs", '[project]\nname = "robots"\n')
    copy = theirs / "vendored"
    copy.mkdir()
    (copy / "pyproject.toml").write_text(OURS)
    installed = theirs / ".venv" / "lib" / "site-packages"
    installed.mkdir(parents=True)
    outside = tmp_path / "unpacked"
    outside.mkdir()
    (outside / "pyproject.toml").write_text(OURS)
    for folder in (theirs, copy, installed, outside, repository(tmp_path / "bare", None)):
        assert commit(folder) == UNKNOWN, folder


def test_without_git_nobody_knows(tmp_path: Path, monkeypatch):
    ours = repository(tmp_path / "ours", OURS)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert commit(ours) == UNKNOWN


def test_what_is_installed_has_a_version_and_what_is_not_has_none():
    made = made_with(("numpy", "no-such-package"))
    assert made["packages"]["numpy"].startswith(("1.", "2.")) and made["packages"]["no-such-package"] is None
    assert made["kindergarten"] and made["machine"]["cores"] >= 1 and made["date"].endswith("+00:00")
