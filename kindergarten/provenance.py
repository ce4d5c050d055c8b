"""What a result depends on beside its options: versions, commit, machine, date."""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Iterable
from datetime import datetime, timezone
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from kindergarten import __version__

ROOT = Path(__file__).resolve().parents[1]  # of a checkout; where packages are installed otherwise
UNKNOWN = "unknown"
#: With these git would speak of another repository than the folder's; a hook is started with them.
ELSEWHERE = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE")


def made_with(packages: Iterable[str]) -> dict[str, Any]:
    """Version, commit, machine, load, date, and the versions of ``packages``."""
    return {
        "kindergarten": __version__,
        "commit": commit(),
        "machine": {"cpu": _cpu(), "cores": os.cpu_count(), "system": platform.system()},
        "load_average": [round(load, 2) for load in os.getloadavg()] if hasattr(os, "getloadavg") else None,
        "date": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "packages": {package: _version(package) for package in packages},
    }


def cores() -> int:
    """How many this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def commit(root: Path = ROOT) -> str:
    """Kindergarten's commit, as ``git describe`` names it, if ``root`` is a checkout of it; else UNKNOWN.

    Somebody else's repository may hold a copy of Kindergarten, or the environment in which it is installed.
    """
    try:
        if '\nname = "kindergarten"\n' not in (root / "pyproject.toml").read_text(encoding="utf-8"):
            return UNKNOWN
        top = Path(_git(root, "rev-parse", "--show-toplevel"))
        return _git(root, "describe", "--always", "--dirty") if top.samefile(root) else UNKNOWN
    except (OSError, subprocess.CalledProcessError):
        return UNKNOWN


def _git(root: Path, *words: str) -> str:
    environment = {name: value for name, value in os.environ.items() if name not in ELSEWHERE}
    command = ["git", "-C", str(root), *words]
    return subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout.strip()


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        return next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()
