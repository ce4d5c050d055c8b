"""A run's folder: everything that is needed to run it again, and what came out."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from kindergarten.agents.learner.config import PPOConfig
from kindergarten.agents.learner.encoders import Encoder
from kindergarten.agents.learner.ppo import MemoryPPO
from kindergarten.agents.runs import checkpoint
from kindergarten.envs.sb3 import make_sb3
from kindergarten.files import write_whole
from kindergarten.provenance import made_with
from kindergarten.scenarios import scenario_named
from kindergarten.world.config import Config, Scenario, make_config
from kindergarten.world.observation import units

PACKAGES = ("torch", "stable-baselines3", "sb3-contrib", "gymnasium", "numpy", "numba")


@dataclass(frozen=True)
class Run:
    """A folder with config.json, metrics.csv, TensorBoard events, checkpoints/, evaluation.json, replays/."""

    folder: Path
    options: dict[str, Any]
    hyperparameters: PPOConfig
    columns: dict[str, str] | None  # that it was trained with, and their units; None: an older version kept no note

    @classmethod
    def create(cls, folder: Path, options: dict[str, Any], hyperparameters: PPOConfig) -> Run:
        """Make a new folder.

        Raises:
            ValueError: it exists already; nothing is ever overwritten.
            OSError: it cannot be written.
        """
        if folder.exists():
            raise ValueError(f"{folder} exists: choose another --out, or go on with it by --resume {folder}")
        (folder / "checkpoints").mkdir(parents=True)
        run = cls(folder, options, hyperparameters, units(Encoder(hyperparameters.encoder).observation))
        about = {"options": options, "hyperparameters": asdict(hyperparameters), "columns": run.columns}
        run.write_json("config.json", about | {"made_with": made_with(PACKAGES)})
        return run

    @classmethod
    def open(cls, folder: Path) -> Run:
        """A run that exists.

        Raises:
            ValueError: the folder is no run.
        """
        try:
            about = json.loads((folder / "config.json").read_text())
            return cls(folder, about["options"], PPOConfig(**about["hyperparameters"]), about.get("columns"))
        except (OSError, KeyError, TypeError, json.JSONDecodeError):
            raise ValueError(f"{folder} is no run: it has no readable config.json") from None

    @cached_property
    def scenario(self) -> Scenario:
        """What it was trained on."""
        return scenario_named(self.options["scenario"])

    @cached_property
    def config(self) -> Config:
        """... and in which setting."""
        asked = self.options  # older runs name neither colours nor order
        spurious, shuffled = asked.get("spurious", 0.0), asked.get("shuffled", False)
        return make_config(
            control=asked["control"], delay_s=tuple(asked["delay"]), spurious=spurious, shuffled=shuffled
        )

    @property
    def identity(self) -> dict[str, Any]:
        """What tells this run's results from another's."""
        told = {name: self.options[name] for name in ("scenario", "memory", "seed")}
        return told | {"eyes": self.eyes, "taught": self.taught}

    @property
    def eyes(self) -> str:
        """What stands before its memory, such as "attention, residual 8"; nothing if that is the default."""
        numbers = self.hyperparameters
        trunk = f"{numbers.trunk} {numbers.depth}" if numbers.depth > 1 else ""
        return ", ".join(part for part in (numbers.encoder, trunk) if part not in ("", PPOConfig.encoder))

    @property
    def taught(self) -> str:
        """What is out of the ordinary in its lessons, such as "colours 0.9"; nothing by default."""
        numbers = self.hyperparameters
        captions = f"captions {numbers.caption_coef:g}" if numbers.caption_coef != PPOConfig.caption_coef else ""
        colours = f"colours {self.config.spurious:g}" if self.config.spurious else ""
        redistributed = "redistributed" if numbers.redistribute else ""
        shuffled = "shuffled" if self.config.shuffled else ""
        return ", ".join(part for part in (captions, colours, shuffled, redistributed) if part)

    def check_columns(self) -> None:
        """See that today's observation is the one that it was trained with.

        Raises:
            ValueError: it is not; the message says in what they differ.
        """
        now = units(Encoder(self.hyperparameters.encoder).observation)
        then = now if self.columns is None else self.columns
        if list(then.items()) != list(now.items()):
            raise ValueError(f"{self.folder} was trained with other columns: {difference(then, now)}")

    def untrained(self, worlds: int) -> MemoryPPO:
        """The agent as it was before its first decision, with so many worlds around it.

        Raises:
            ValueError: see ``check_columns``.
        """
        self.check_columns()
        options = self.options
        env = make_sb3(
            f"Kindergarten/{self.scenario.name}-v0",
            worlds,
            options["seed"],
            observation=Encoder(self.hyperparameters.encoder).observation,
            control=options["control"],
            delay_s=self.config.delay_s,
            spurious=self.config.spurious,
            shuffled=self.config.shuffled,
        )
        threads = options["threads"]
        return MemoryPPO.from_config(env, self.hyperparameters, options["memory"], options["seed"], threads=threads)

    def checkpoint(self, name: str) -> Path:
        """The file of a checkpoint: ``"best"``, weights alone, or ``"last"``, all that training goes on from."""
        return self.folder / "checkpoints" / f"{name}.safetensors"

    @property
    def pickle(self) -> Path:
        """The best agent as Stable-Baselines3 saves it, for other people's programs."""
        return self.folder / "checkpoints" / "best.zip"

    def load_model(self, allow_pickle: bool = False) -> MemoryPPO:
        """The best agent, with one world around it.

        Args:
            allow_pickle: read ``best.zip`` if there is nothing else. A pickle can run code.

        Raises:
            ValueError: there is none yet, or it is a pickle; or see ``check_columns``.
        """
        self.check_columns()
        if self.checkpoint("best").exists():
            model = self.untrained(1)
            checkpoint.put_weights(model, checkpoint.read(self.checkpoint("best")))
            return model
        if not self.pickle.exists():
            raise ValueError(f"{self.folder} has no checkpoint yet: it was stopped before the first one")
        if not allow_pickle:
            raise ValueError(f"{self.pickle} is a pickle and may run code: if you trust it, add --allow-pickle")
        return MemoryPPO.load(self.pickle, device="cpu")

    def read_json(self, name: str) -> Any:
        """Read one of the run's JSON files."""
        return json.loads((self.folder / name).read_text())

    def write_json(self, name: str, content: Any) -> None:
        """Write one of the run's JSON files in one go."""
        write_whole(self.folder / name, (json.dumps(content, indent=2) + "\n").encode())


def difference(then: dict[str, str], now: dict[str, str]) -> str:
    """In what the columns of two observations differ, each with its unit by its name."""
    lacks, had = ([name for name in one if name not in other] for one, other in ((now, then), (then, now)))
    changed = [f"{name} in {then[name]}, now in {now[name]}" for name in now if then.get(name, now[name]) != now[name]]
    parts = {"lacks": lacks, "has": [*had, *changed]}
    found = [f"{verb} {', '.join(names)}" for verb, names in parts.items() if names]
    return "; ".join(found) or "the same in another order"


def runs_in(folder: Path) -> list[Path]:
    """The runs of several seeds in a folder; none if it is a run itself, or anything else."""
    if (folder / "config.json").exists():
        return []
    return sorted(path.parent for path in folder.glob("seed*/config.json"))
