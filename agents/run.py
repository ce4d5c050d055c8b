"""A run's folder: everything that is needed to run it again, and what came out."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from dataclasses import dataclass
from datetime import datetime, timezone
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch as th

from kindergarten import __version__
from kindergarten.agents.ppo import MemoryPPO
from kindergarten.config import Config, Scenario, make_config
from kindergarten.scenarios import scenario_named

PACKAGES = ("torch", "stable-baselines3", "sb3-contrib", "gymnasium", "numpy", "numba")


@dataclass(frozen=True)
class Run:
    """A folder with config.json, metrics.csv, TensorBoard events, checkpoints/, evaluation.json, replays/."""

    folder: Path
    options: dict[str, Any]

    @classmethod
    def create(cls, folder: Path, options: dict[str, Any], hyperparameters: dict[str, Any]) -> Run:
        """Make a new folder.

        Raises:
            ValueError: it exists already; nothing is ever overwritten.
        """
        if folder.exists():
            raise ValueError(f"{folder} exists: choose another --out, or go on with it by --resume {folder}")
        (folder / "checkpoints").mkdir(parents=True)
        run = cls(folder, options)
        about = {"options": options, "hyperparameters": hyperparameters, "made_with": made_with()}
        run.write_json("config.json", about)
        return run

    @classmethod
    def open(cls, folder: Path) -> Run:
        """A run that exists.

        Raises:
            ValueError: the folder is no run.
        """
        try:
            return cls(folder, json.loads((folder / "config.json").read_text())["options"])
        except (OSError, KeyError, TypeError, json.JSONDecodeError):
            raise ValueError(f"{folder} is no run: it has no readable config.json") from None

    @cached_property
    def scenario(self) -> Scenario:
        """What it was trained on."""
        return scenario_named(self.options["scenario"])

    @cached_property
    def config(self) -> Config:
        """... and in which setting."""
        return make_config(control=self.options["control"], delay_s=tuple(self.options["delay"]))

    @property
    def identity(self) -> dict[str, Any]:
        """What tells this run's results from another's."""
        return {name: self.options[name] for name in ("scenario", "memory", "seed")}

    def checkpoint(self, name: str) -> Path:
        """The file of a checkpoint: ``"best"`` or ``"last"``."""
        return self.folder / "checkpoints" / f"{name}.zip"

    def save(self, model: MemoryPPO, name: str) -> None:
        """Write a checkpoint in one go, so that an interrupted write leaves the one before it."""
        fresh = self.checkpoint(f"{name}.{os.getpid()}")
        model.save(fresh)
        os.replace(fresh, self.checkpoint(name))

    def load_model(self, name: str = "best", env: Any = None) -> MemoryPPO:
        """The agent of a checkpoint.

        Raises:
            ValueError: there is none yet.
        """
        path = self.checkpoint(name)
        if not path.exists():
            raise ValueError(f"{self.folder} has no checkpoint {path.name}: it was stopped before the first one")
        return MemoryPPO.load(path, env, device="cpu")

    def write_json(self, name: str, content: Any) -> None:
        """Write one of the run's JSON files in one go."""
        fresh = self.folder / f"{name}.{os.getpid()}"
        fresh.write_text(json.dumps(content, indent=2) + "\n")
        os.replace(fresh, self.folder / name)


def made_with() -> dict[str, Any]:
    """Versions, commit, machine and date."""
    root = Path(__file__).resolve().parent.parent
    git = ["git", "-C", str(root), "describe", "--always", "--dirty"]
    try:
        commit = subprocess.run(git, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        commit = "unknown"
    return {
        "kindergarten": __version__,
        "commit": commit,
        "python": platform.python_version(),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "threads": th.get_num_threads(),
        "date": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        **{package: version(package) for package in PACKAGES},
    }
