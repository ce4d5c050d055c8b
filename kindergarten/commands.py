"""The commands that need no agent of ours: what each takes, and what it does. What is heavy is imported there."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass, field
from pathlib import Path
from typing import Annotated

from tyro.conf import Positional, arg

from kindergarten.commandline import BEST, Quiet, newest_run, read, value_of
from kindergarten.output import pasteable, say
from kindergarten.placed import InOneScenario
from kindergarten.playground import PLAYGROUNDS
from kindergarten.scenarios import SCENARIOS, scenario_named
from kindergarten.world.config import Config
from kindergarten.world.kinds import Maybe, Number, Whole, Word
from kindergarten.world.settings import option, plain, setting, settle

#: Who can be scored.
WHO = "demo, oracle, blind, last-signal, random, .onnx, .zip, module:attribute, or a run's folder"
#: What ``record`` writes.
FORMATS = {"parquet": "shards for whoever reads tables", "minari": "and a Minari data set made of them"}


class OfOneAgent(Quiet):
    """What is asked of agents that drive alone."""

    @classmethod
    def of_words(cls, words: Sequence[str], prog: str) -> OfOneAgent:
        """What a command line asks for.

        Raises:
            ValueError: something makes no sense.
        """
        if (name := value_of("--scenario", words)) in PLAYGROUNDS:
            raise ValueError(
                f"--scenario {name} is of several agents in one world: evaluate and diagnose take their run without it"
            )
        return read(cls, words, prog)


@dataclass(frozen=True)
class Evaluate(OfOneAgent):
    """How well an agent anticipates: a run, a file, or anybody's agent by its name in Python."""

    agent: Annotated[Positional[str | None], arg(metavar="[AGENT]")] = option(
        f"{WHO}, or that of several seeds; the newest in runs/ if left out"
    )
    _: KW_ONLY
    scenario: str | None = setting(
        None, Maybe(Word(SCENARIOS)), "where it drives; a run drives where it was trained if this is left out"
    )
    delay: float | None = setting(None, Maybe(Number(0.0, 600.0)), "one delay [s] instead of the default ones")
    ladder: bool = option("every delay of the ladder, 0 to 32 s", False)
    json: bool = option("print JSON instead of a table", False)
    allow_pickle: bool = option("read a .zip, which may run code", False)

    def __post_init__(self) -> None:
        settle(self)
        if self.ladder and self.delay is not None:
            raise ValueError(f"--ladder is every delay, --delay {self.delay:g} is one: give one of the two")

    def run(self) -> int:
        """Score it."""
        from kindergarten.evaluation import evaluate
        from kindergarten.scoring.reference import LADDER

        delays = LADDER if self.ladder else () if self.delay is None else (self.delay,)
        agent = self.agent or str(newest_run(BEST))
        evaluate(agent, self.scenario, delays, self.ladder, self.json, self.allow_pickle)
        return 0


@dataclass(frozen=True)
class Examine(OfOneAgent):
    """The report card of an agent: fixed worlds that ask for what its training did not show it."""

    agent: Annotated[Positional[str], arg(metavar="AGENT", help=f"{WHO}, or that of several seeds")]
    _: KW_ONLY
    scenario: str | None = setting(
        None, Maybe(Word(SCENARIOS)), "where it drives; a run drives where it was trained if this is left out"
    )
    json: bool = option("print JSON instead of a table", False)
    page: Path | None = option("write it as a page, too (.html)")
    allow_pickle: bool = option("read a .zip, which may run code", False)

    def __post_init__(self) -> None:
        settle(self)

    def run(self) -> int:
        """Examine it."""
        from kindergarten.reportcard.command import exam

        exam(self.agent, self.scenario, self.json, self.page, self.allow_pickle)
        return 0


@dataclass(frozen=True)
class Record(InOneScenario, Quiet):
    """Write labelled sequences of frames: what was seen, done and earned, and what the others would do.

    The same command again goes on where it was stopped; with more --episodes it adds them, with fewer it removes none.
    """

    scenario: str = setting("Crossing", Word(SCENARIOS), "where: see kindergarten scenarios")
    driver: str = option("demo, oracle, blind, last-signal, random, a run's folder, or an .onnx", "random")
    episodes: int = setting(10_000, Whole(1, 10**9), "how many")
    out: Path | None = option("the folder; data/SCENARIO-DRIVER if left out")
    seed: int = setting(
        10_000_000, Whole(0, 1 << 60), "of the first episode; the others follow, and none is what agents are scored on"
    )
    format: str = setting("parquet", Word(FORMATS), "; ".join(f"{name}: {its}" for name, its in FORMATS.items()))
    jobs: int | None = setting(None, Maybe(Whole(1, 1024)), "processes at once; as many as there are cores if left out")
    environment: Config = field(default_factory=Config)

    def __post_init__(self) -> None:
        settle(self)

    def run(self) -> int:
        """Record, and say what came of it."""
        from kindergarten.data.record import MANIFEST, Recording, Unfinished, record
        from kindergarten.interrupts import code_of, politely
        from kindergarten.provenance import cores

        convert = None
        if self.format == "minari":
            from kindergarten.data.offline import to_minari as convert
        wanted = Recording(self.scenario, self.driver, self.episodes, self.seed, plain(self.environment))
        out = self.out or Path("data", f"{self.scenario}-{Path(self.driver).stem}")
        try:
            with politely():
                manifest = record(wanted, out, self.jobs or cores())
        except (KeyboardInterrupt, Unfinished) as stop:
            code, why = (1, f"error: {stop}") if isinstance(stop, Unfinished) else (code_of(stop), "stopped")
            there = (out / MANIFEST).exists()
            rest = f"; what is in {out} is whole. Go on: {pasteable(*sys.argv[1:])}" if there else ""
            say(f"{why}{rest}")
            return code
        size = manifest["bytes"] / 1e6
        print(f"{out}: {manifest['episodes']:,} episodes, {manifest['decisions']:,} decisions, {size:,.1f} MB")
        if convert is not None:
            print(convert(wanted, out))
        return 0


@dataclass(frozen=True)
class Scenarios:
    """The scenarios, with what drivers without memory and drivers who know the intents get at every delay."""

    _: KW_ONLY
    json: bool = option("print a JSON list", False)
    update: Annotated[tuple[str, ...] | None, arg(metavar="[NAME ...]")] = option(
        "compute the references that are stored with the package: of these scenarios anew, or all that are missing"
    )

    def run(self) -> int:
        """Print them."""
        from kindergarten.scoring import reference

        asked = [scenario_named(name) for name in self.update or ()]
        if self.update is not None:
            for name in [scenario.name for scenario in asked] or [None]:
                reference.update(name)
        reference.show(asked or SCENARIOS.values(), self.json)
        return 0
