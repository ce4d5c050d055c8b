"""The commands that need an agent: what each takes, and where it is done. Nothing here needs torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass, fields, replace
from pathlib import Path
from typing import Annotated

from tyro.conf import Positional, arg

from kindergarten.agents.runs.options import ALL, GOES_WITH, MOST_STEPS, Options, Together, usual
from kindergarten.agents.runs.stored import read_file
from kindergarten.commandline import BEST, Quiet, check_said, newest_run, read, value_of
from kindergarten.playground import PLAYGROUNDS
from kindergarten.scenarios import SCENARIOS
from kindergarten.world.kinds import Maybe, Whole, Word
from kindergarten.world.settings import option, setting, settle
from kindergarten.world.words import chosen

WHERE = ("wandb", "hub", "address")  # a run went: that is no other run's affair


@dataclass(frozen=True, kw_only=True)
class Train(Options, Quiet):
    """Teach a car to read what others are about to do."""

    seeds: int = setting(
        1, Whole(1, 1000), "train so many agents, from seed on, side by side as far as there are cores"
    )
    config: Path | None = option("a file with options, such as a run's config.json; those on the line come first")
    resume: Path | None = option("go on with this run, or with these of several seeds; with --steps or --more alone")
    more: int | None = setting(
        None, Maybe(Whole(1, MOST_STEPS)), "with --resume: so many decisions on top of those it has"
    )

    @classmethod
    def of_words(cls, words: Sequence[str], prog: str) -> Train | Resume:
        """What a command line asks for.

        Raises:
            ValueError: something makes no sense.
        """
        if value_of("--resume", words) is not None:
            return read(Resume, words, prog)
        file, scenario = value_of("--config", words), value_of("--scenario", words)
        if scenario is not None:
            chosen("scenario", scenario, dict.fromkeys((*SCENARIOS, ALL, *PLAYGROUNDS)))
        given = usual(scenario or cls.scenario) if file is None else _options_in(Path(file), scenario)
        command = TrainTogether if isinstance(given, Together) else cls
        found = replace(read(command, words, prog, command.like(given)), every=given.every)
        check_said(found, words, GOES_WITH)
        return found

    @classmethod
    def like(cls, options: Options) -> Train:
        """Another run with the same options."""
        return cls(**{f.name: getattr(options, f.name) for f in fields(options)})

    def run(self) -> int:
        """Train; the exit code."""
        from kindergarten.agents.runs import train

        if self.more is not None:
            raise ValueError(f"--more is {self.more}: it goes with --resume RUN alone")
        return train.start(self, self.seeds)


def _options_in(file: Path, scenario: str | None) -> Options:
    """Those in a file; of a run's, without where that went.

    Raises:
        ValueError: it holds something else, or is of a run that no single training makes again.
    """
    given, about = read_file(file, scenario)
    if about.get("schedule_begins"):
        raise ValueError(
            f"{file} is of a run that was trained on with --more, which no single training is like: choose another, or "
            "remove its schedule_begins, and see to its steps and warmup"
        )
    return replace(given, **dict.fromkeys(WHERE)) if "made_with" in about else given


@dataclass(frozen=True, kw_only=True)
class TrainTogether(Together, Train):  # pyright: ignore[reportIncompatibleVariableOverride]
    """Teach several cars in one world to signal, and to read signals: they share their parameters."""


@dataclass(frozen=True, kw_only=True)
class Resume(Quiet):
    """Go on with a run, or with those of several seeds."""

    resume: Path
    steps: int | None = setting(None, Maybe(Whole(1, MOST_STEPS)), "decisions that it shall have in all")
    more: int | None = setting(None, Maybe(Whole(1, MOST_STEPS)), "decisions on top of those that it has")

    def __post_init__(self) -> None:
        settle(self)
        if self.steps is not None and self.more is not None:
            raise ValueError(f"--steps {self.steps} and --more {self.more}: one of them says where it ends")

    def run(self) -> int:
        """Go on; the exit code."""
        from kindergarten.agents.runs import train

        return train.resume(self.resume, self.steps, self.more)


@dataclass(frozen=True)
class Compare(Quiet):
    """What several runs say together, as a table and as a picture."""

    runs: Annotated[Positional[tuple[Path, ...]], arg(metavar="RUN...", help="runs, or folders of several seeds")]
    _: KW_ONLY
    out: Path | None = option("draw learning curves and ladder (.png, .svg, .pdf)")
    json: bool = option("print JSON instead of a table", False)

    def __post_init__(self) -> None:
        if not self.runs:
            raise ValueError("RUN... is missing: name one run or more")

    def run(self) -> int:
        """Compare them."""
        from kindergarten.agents.runs.compare import compare

        compare(self.runs, self.out, self.json)
        return 0


@dataclass(frozen=True)
class ExportOnnx(Quiet):
    """Write a trained car as one file that other programs can drive with."""

    source: Annotated[Positional[Path], arg(metavar="RUN", help="a run's folder")]
    out: Annotated[Positional[Path], arg(metavar="OUT.onnx", help="the file to write")]
    _: KW_ONLY
    allow_pickle: bool = option("read a .zip if there is no .safetensors; it may run code", False)

    def run(self) -> int:
        """Write it."""
        from kindergarten.agents.runs.export import export
        from kindergarten.agents.runs.run import Run

        export(Run.open(self.source), self.out, self.allow_pickle)
        print(self.out)
        return 0


@dataclass(frozen=True)
class Diagnose(Quiet):
    """What did a car learn, and for the right reason? A page, the numbers, and a verdict for each question."""

    source: Annotated[Positional[Path | None], arg(metavar="[RUN]")] = option(
        "a run's folder, one of several seeds, or a .zip of RecurrentPPO; the newest in runs/ if left out"
    )
    _: KW_ONLY
    beside: Annotated[tuple[Path, ...], arg(metavar="RUN...")] = option("others, shown beside it", ())
    scenario: str | None = setting(
        None, Maybe(Word(SCENARIOS)), "where a .zip was trained, or where an agent of all scenarios is asked"
    )
    quick: bool = option("fewer worlds and shorter delays", False)
    allow_pickle: bool = option("read a .zip; it may run code", False)

    def __post_init__(self) -> None:
        settle(self)

    def run(self) -> int:
        """Ask, write, print."""
        from kindergarten.agents.diagnose.command import examine_all

        source = self.source or newest_run(BEST)
        for page in examine_all(source, self.beside, self.scenario, self.quick, self.allow_pickle):
            print(page)
        return 0
