"""A run's folder: everything that is needed to run it again, and what came out."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import torch as th

from kindergarten.agents.learner.config import PPOConfig
from kindergarten.agents.learner.past import PastSelves
from kindergarten.agents.learner.ppo import MemoryPPO
from kindergarten.agents.runs import checkpoint
from kindergarten.agents.runs.folders import new_folder
from kindergarten.agents.runs.options import ALL, Options, Together, unusual, usual
from kindergarten.agents.runs.pickles import model_in
from kindergarten.agents.runs.stored import read_file
from kindergarten.envs.mixed import make_mixed
from kindergarten.envs.rows import KindergartenRowsEnv
from kindergarten.envs.sb3 import KindergartenVecEnv, make_sb3
from kindergarten.files import DEMO, place_of, read_json, write_whole
from kindergarten.output import pasteable
from kindergarten.provenance import made_with
from kindergarten.scenarios import id_of, scenario_named
from kindergarten.scoring.reference import stake
from kindergarten.scoring.score import anticipation_of, delay_name
from kindergarten.world.config import Config, Scenario
from kindergarten.world.crowd import among
from kindergarten.world.kinds import Whole
from kindergarten.world.observation import difference
from kindergarten.world.settings import plain
from kindergarten.world.words import quoted

#: Options that every config.json names, however old.
ALWAYS = ("scenario", "memory", "steps", "worlds", "seed")
ANEW = "begin anew, in another folder"
PACKAGES = ("torch", "stable-baselines3", "sb3-contrib", "gymnasium", "numpy", "numba")


class Unready(ValueError):
    """There is something, but no run that is done, or none that has such scores."""


@dataclass(frozen=True)
class Run:
    """A folder with config.json, metrics.csv, TensorBoard events, checkpoints/, evaluation.json, replays/."""

    folder: Path
    options: Options
    columns: dict[str, str] | None  # that it was trained with, and their units; None: an older version kept no note
    schedule_begins: int = 0  # decisions that it had when the present schedule of its numbers began

    @classmethod
    def create(cls, folder: Path, options: Options, first: checkpoint.Checkpoint | None = None) -> Run:
        """Make a new folder, of a run that begins with the weights ``first``, or with its own.

        Raises:
            ValueError: it exists already; nothing is ever overwritten.
            OSError: it cannot be written.
        """
        run = cls(folder, options.decided(), options.columns)
        about = {
            **run.options.as_json(),
            "schedule_begins": 0,
            "columns": run.columns,
            "made_with": made_with(PACKAGES),
        }
        with new_folder(folder) as draft:
            (draft / "checkpoints").mkdir()
            replace(run, folder=draft).write_json("config.json", about)
            if first is not None:
                checkpoint.write(replace(run, folder=draft).checkpoint("first"), first)
        return run

    @classmethod
    def open(cls, folder: Path) -> Run:
        """A run that exists.

        Raises:
            Unready: what is there is no run.
            ValueError: there is nothing, or a damaged run.
        """
        folder = place_of(folder)
        file = folder / "config.json"
        if not file.is_file():
            kind = Unready if folder.exists() else ValueError
            raise kind(f"{folder} is no run: it has no readable config.json")
        options, about = read_file(file)
        if lost := [name for name in ALWAYS if about.get("options", {}).get(name) is None]:
            raise ValueError(
                f"{file} is damaged: its options lack {lost[0]}, without which nothing can be made of the run"
            )
        begins = Whole(0, max((options.steps or 1) - 1, 0))
        return cls(
            folder,
            options,
            about.get("columns"),
            begins.settle(f"{file}: schedule_begins", about.get("schedule_begins", 0)),
        )

    def note(self) -> None:
        """Write into config.json what it is made of from now on."""
        about = self.read_json("config.json")
        now = {**about, **self.options.as_json(), "schedule_begins": self.schedule_begins}
        if now != about:
            self.write_json("config.json", now)

    @property
    def hyperparameters(self) -> PPOConfig:
        """The learner's numbers."""
        return self.options.learner

    @property
    def config(self) -> Config:
        """The setting that it was trained in."""
        return self.options.environment

    @property
    def threads(self) -> int:
        """On how many it is trained; older runs do not say."""
        return self.options.threads or 1

    @cached_property
    def scenarios(self) -> tuple[Scenario, ...]:
        """What it was trained on."""
        return self.options.scenarios

    @property
    def together(self) -> bool:
        """Whether several agents were trained in one world."""
        return isinstance(self.options, Together)

    @property
    def measure(self) -> str:
        """What its score is called."""
        return "communication" if self.together else "anticipation"

    @property
    def graduate(self) -> bool:
        """Whether it was trained on all scenarios at once."""
        return self.options.scenario == ALL

    @property
    def fewer(self) -> bool:
        """Whether it has learned to drive among fewer road users than its observation shows."""
        return self.graduate or self.options.crowd > 0

    def where(self, scenario: str | None = None) -> Scenario:
        """The scenario of that name, or the one that it was trained on.

        Raises:
            ValueError: there is none of that name, or it was trained on all, and none is named.
        """
        if self.together:
            raise ValueError(
                f"{self.folder} is of several agents in one world: evaluate and diagnose say what they learned"
            )
        if scenario is None and self.graduate:
            raise ValueError(f"{self.folder} drives in all scenarios: choose one with --scenario")
        return scenario_named(scenario or self.options.scenario)

    def identity(self, scenario: str) -> dict[str, Any]:
        """What tells this run's results in a scenario from another's."""
        own = self.options
        return {
            "scenario": scenario,
            "memory": own.memory.value,
            "seed": own.seed,
            "eyes": self.eyes,
            "taught": self.taught,
        }

    @property
    def eyes(self) -> str:
        """What stands before its memory, such as "attention, residual 8"; nothing if that is the default."""
        numbers = self.hyperparameters
        encoder = numbers.encoder.value if numbers.encoder is not PPOConfig.encoder else ""
        trunk = f"{numbers.trunk.value} {numbers.depth}" if numbers.depth > 1 else ""
        return ", ".join(part for part in (encoder, trunk) if part)

    @property
    def taught(self) -> str:
        """What is out of the ordinary in its training, such as "colours 0.9"; nothing by default."""
        but = f" but {self.options.without}" if self.options.without else ""
        everywhere = [f"all scenarios{but}"] if self.graduate else []
        ordinary = usual(self.options.scenario)
        changed = unusual(self.options.learner, ordinary.learner)
        raw = ["raw rewards"] if self.options.normalize_reward != ordinary.normalize_reward else []
        return ", ".join((*everywhere, *changed, *raw, *self.surroundings))

    @property
    def surroundings(self) -> tuple[str, ...]:
        """What is out of the ordinary in its world, who else was there, and the help that several agents had there."""
        own = self.options
        names = ("crowd", "legible", "fade", "past")
        helped = [f"{name} {its:g}" for name in names if (its := getattr(own, name, 0.0))]
        return *unusual(own.world[1], usual(own.scenario).world[1]), *helped

    def reward_scale(self, scenario: Scenario) -> float:
        """What rewards were multiplied by in its training; that of all scenarios: in this one."""
        return 1 / stake(scenario if self.graduate else self.scenarios[0]) if self.options.normalize_reward else 1.0

    def check_columns(self) -> None:
        """See that today's observation is the one that it was trained with.

        Raises:
            ValueError: it is not; the message says in what they differ.
        """
        now = self.options.columns
        then = now if self.columns is None else self.columns
        if list(then.items()) != list(now.items()):
            raise ValueError(f"{self.folder} was trained with other columns: {difference(then, now)}")

    def untrained(
        self,
        worlds: int,
        device: th.device | str = "cpu",
        trainer: type[MemoryPPO] = MemoryPPO,
        seed: int | None = None,
    ) -> MemoryPPO:
        """The agent as it was before its first decision, with so many worlds around it; ``seed``: another than its own.

        Raises:
            ValueError: see ``check_columns``.
        """
        self.check_columns()
        own, settings = self.options, plain(self.config)
        seed = own.seed if seed is None else seed
        if isinstance(own, Together):
            env = KindergartenVecEnv(KindergartenRowsEnv(own.scenarios[0], worlds, own.rules))
            env.seed(seed)
        elif self.graduate:
            env = make_mixed(self.scenarios, worlds, seed, normalize_reward=own.normalize_reward, **settings)
        else:
            (scenario,) = self.scenarios
            told = {"scenario": among(scenario, own.crowd), "reward_scale": self.reward_scale(scenario)}
            env = make_sb3(id_of(own.scenario), worlds, seed, **told, **settings)
        model = trainer.from_config(env, self.hyperparameters, own.memory, seed, threads=self.threads, device=device)
        model.schedule_begins = self.schedule_begins
        if isinstance(own, Together):
            model.legible = own.legible
            model.past = PastSelves(model.policy, worlds, model.n_envs // worlds, own.past) if own.past else None
        return model

    def checkpoint(self, name: str) -> Path:
        """The file of a checkpoint: ``"best"``, weights alone, or ``"last"``, all that training goes on from.

        ``"first"`` are the weights of another run, if it began with them.
        """
        return self.folder / "checkpoints" / f"{name}.safetensors"

    def replay(self, scenario: Scenario) -> Path:
        """The file of what the best agent does there."""
        return self.folder / "replays" / f"{scenario.name if self.graduate else 'twins'}.npz"

    @property
    def pickle(self) -> Path:
        """The best agent as Stable-Baselines3 saves it, for other people's programs."""
        return self.folder / "checkpoints" / "best.zip"

    def load_model(self, allow_pickle: bool = False) -> MemoryPPO:
        """The best agent, with one world around it.

        Args:
            allow_pickle: read ``best.zip`` if there is nothing else. A pickle can run code.

        Raises:
            ValueError: there is none, or it is a pickle; the message says what can be done. Or see ``check_columns``.
        """
        self.check_columns()
        best = self.checkpoint("best")
        if best.exists():
            model = self.untrained(1)
            try:
                checkpoint.put_weights(model, checkpoint.read(best))
            except ValueError as error:
                raise ValueError(f"{error}: {self.without_best()}") from None
            return model
        if self.pickle.exists() and allow_pickle:
            try:
                model = model_in(self.pickle, allow_pickle)
                if not isinstance(model, MemoryPPO):
                    raise ValueError(f"{self.pickle} holds another agent, of {type(model).__name__}")
                return model
            except ValueError as error:
                raise ValueError(f"{error}: {self.without_best(pickle=False)}") from None
        if self.pickle.exists():
            raise ValueError(
                f"{self.pickle} is a pickle and may run code: if you trust it, evaluate, diagnose and export-onnx "
                "read it with --allow-pickle"
            )
        raise ValueError(f"{best} is gone: {self.without_best()}" if self.begun else self.unbegun)

    @property
    def begun(self) -> bool:
        """Whether there has been an update, or may have been: a damaged checkpoint does not tell."""
        if self.checkpoint("last").exists() or (self.folder / "metrics.csv").exists():
            return True
        best = self.checkpoint("best")
        try:
            return best.exists() and checkpoint.read(best).decisions > 0  # the untrained one is kept as well
        except ValueError:
            return True

    @property
    def unbegun(self) -> str:
        """What is said of a run before its first update."""
        return f"{self.folder} has no checkpoint yet: {pasteable('train', '--resume', self.folder)}"

    def intact(self, name: str) -> bool:
        """Whether a checkpoint is there and can be read."""
        try:
            return checkpoint.read(self.checkpoint(name)).decisions >= 0
        except ValueError:
            return False

    def without_best(self, pickle: bool = True) -> str:
        """What can be done where the best checkpoint is gone or damaged; ``pickle``: that may still be of use."""
        more = pasteable("train", "--resume", self.folder, "--more")
        rest = f"{more} N makes another" if self.intact("last") else self.without_last(pickle)
        in_the_way = self.checkpoint("best").exists() and rest != ANEW
        return f"remove it, and {rest}" if in_the_way else rest

    def without_last(self, pickle: bool = True) -> str:
        """What can be done where the last checkpoint is gone or damaged; ``pickle``: that may still be of use."""
        if self.intact("best"):
            reads = "still reads the best one, with which --init begins a new run"
            return f"{pasteable('evaluate', self.folder)} {reads}"
        if pickle and self.pickle.exists():
            reads = f"reads {self.pickle.name}, if you trust it"
            return f"{pasteable('evaluate', self.folder, '--allow-pickle')} {reads}"
        return ANEW

    def results(self, name: str) -> list[dict[str, Any]]:
        """What ``evaluation.json`` or ``ladder.json`` holds: a score for each scenario, or delay.

        Raises:
            Unready: there is none yet, or never will be.
            ValueError: it is damaged.
        """
        if self.together:
            raise Unready(f"{self.folder} is of several agents in one world, which have no anticipation")
        try:
            found = self.read_json(name)
            rows = found if isinstance(found, list) else [found]
            for row in (rows[0], *rows):
                delay_name(row["delay_s"])
                anticipation_of(row)
            return rows
        except FileNotFoundError:
            goes_on = not self.begun or (self.intact("last") and self.intact("best"))
            again = pasteable("train", "--resume", self.folder) if goes_on else self.scored_by(name)
            again = "it comes as it is" if self.folder == DEMO else again
            raise Unready(f"{self.folder} has no {name} yet: {again}") from None
        except (OSError, ValueError, TypeError, KeyError, IndexError) as error:
            raise ValueError(f"{self.folder / name} is damaged ({quoted(error)}): {self.scored_by(name)}") from None

    def scored_by(self, name: str) -> str:
        """What makes ``evaluation.json`` or ``ladder.json`` once there has been an update."""
        pickle = not self.checkpoint("best").exists() and self.pickle.exists()
        if not (pickle or self.intact("best")):
            return f"{self.checkpoint('best')} cannot be read either: {self.without_best()}"
        words = ["--ladder"] * (name == "ladder.json") + ["--allow-pickle"] * pickle
        return f"{pasteable('evaluate', self.folder, *words)} makes it"

    def read_json(self, name: str) -> Any:
        """Read one of the run's JSON files."""
        return read_json(self.folder / name)

    def write_json(self, name: str, content: Any) -> None:
        """Write one of the run's JSON files in one go."""
        write_whole(self.folder / name, (json.dumps(content, indent=2) + "\n").encode())
