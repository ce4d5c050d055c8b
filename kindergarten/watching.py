"""The commands that show something: watch, play, export-web. What is heavy is imported there."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from tyro.conf import Positional, arg

from kindergarten.commandline import Quiet, newest_run
from kindergarten.files import DEMO, RUNS, check_ending, check_writable, place_of, read_json
from kindergarten.output import decimals, note
from kindergarten.placed import InOneScenario
from kindergarten.scenarios import SCENARIOS, scenario_named
from kindergarten.world.codes import Control, SignalReliability
from kindergarten.world.config import SETTINGS, Config, Range, make_config
from kindergarten.world.kinds import Maybe, Whole, Word
from kindergarten.world.settings import option, same, setting, settle
from kindergarten.world.words import shortened

if TYPE_CHECKING:
    from kindergarten.replay.replay import Replay
    from kindergarten.viewer import Game, View


@dataclass(frozen=True)
class Watch(Quiet):
    """Look at a replay, in a window or as a video. In the window, ? shows all keys.

    A small GIF: --headless --video a.gif --episode 1 --street --still --size 640 360
    """

    source: Annotated[Positional[Path | None], arg(metavar="[RUN-or-REPLAY]")] = option(
        "a run's folder, an .npz file, or demo, which comes with the package; the newest in runs/ if left out"
    )
    beside: Annotated[Positional[Path | None], arg(metavar="[ANOTHER]")] = option("one beside it, in the same worlds")
    _: KW_ONLY
    scenario: str | None = setting(None, Maybe(Word(SCENARIOS)), "whose replay, of an agent of all scenarios")
    video: Path | None = option("write an .mp4 or a .gif")
    png: Path | None = option("write one moment as a picture")
    at: float | None = option("which moment [s]; while it signals if left out")
    sheet: Path | None = option("write t1, t2, t3 and the decision as one picture")
    episode: int | None = setting(None, Maybe(Whole(1)), "which episode, from 1; videos: all if left out")
    twins: bool = option("beside each episode its twin: the same seed, another intent", False)
    guess: bool = option("be asked what it will do, before it is shown", False)
    follow: bool = option("show new episodes of a training as it goes on", False)
    street: bool = option("the street alone, without panels", False)
    still: bool = option("a camera that stands still above the junction", False)
    dark: bool = option("the dark theme", False)
    no_beliefs: bool = option("do not show what the car believes", False)
    hide: bool = option("do not show what will happen, which nobody can see", False)
    size: Annotated[tuple[int, int] | None, arg(metavar="W H")] = option("of pictures and videos [pixels]")
    fps: float | None = option("frames per second of a video; .mp4 30, .gif 10 if left out")
    span: Annotated[tuple[float, float] | None, arg(metavar="FROM TO")] = option(
        "the part of each episode to write [s]"
    )
    headless: bool = option("open no window", False)

    def __post_init__(self) -> None:
        settle(self)
        written = self.video or self.png or self.sheet
        for name, file in {"at": self.png, "fps": self.video, "span": self.video, "size": written}.items():
            if getattr(self, name) is not None and not file:
                kinds = {"at": "--png", "size": "--video, --png or --sheet"}.get(name, "--video")
                raise ValueError(f"--{name} is of what is written: add {kinds} FILE")
        if self.headless and not written:
            raise ValueError("--headless shows nothing by itself: add --video FILE, --png FILE or --sheet FILE")
        if self.beside is not None and self.twins:
            raise ValueError("--twins: there is room for two, and another replay is shown already")
        if self.follow and (self.headless or self.beside or self.guess or self.twins or written):
            raise ValueError("--follow shows a training in a window, and nothing beside it")
        if self.follow and self.scenario is not None:
            raise ValueError(f"--scenario {self.scenario}: --follow shows whatever the training has driven last")
        if self.follow and self.episode is not None:
            raise ValueError(f"--episode {self.episode}: --follow shows all episodes of every new replay")
        if self.guess and self.twins:
            raise ValueError("--guess asks about one episode, and a twin beside it would tell: leave --twins out")
        if self.guess and self.headless:
            raise ValueError("--guess asks in a window, and --headless opens none: leave one of them out")

    def run(self) -> int:
        """Show it, or write it."""
        from kindergarten.replay import replay
        from kindergarten.viewer.app import window

        if self.follow:
            return self._follow()
        source = newest_replay(self.source or newest_run("replays/*.npz"), self.scenario)
        recorded, beside = of_scenario(replay.read(source), self.scenario, source), None
        if self.beside is not None:
            beside = of_scenario(replay.read(newest_replay(self.beside, self.scenario)), self.scenario, self.beside)
        if self.episode is not None and self.episode > len(recorded.episodes):
            count = len(recorded.episodes)
            raise ValueError(f"there is no episode {self.episode}: {source} has {count}, counted from 1")
        self._export(recorded, beside)
        if not self.headless:
            window.watch(recorded, (self.episode or 1) - 1, self._view(), beside, self.twins, self.guess)
        return 0

    def _view(self, window: bool = True) -> View:
        """How to look: in a window, what nobody can see is shown when a key asks for it."""
        from kindergarten.viewer.model.view import View

        reveal = not self.hide and not window
        return View(not self.still, 1.0, self.dark, reveal, not self.no_beliefs, panels=not self.street)

    def _export(self, recorded: Replay, beside: Replay | None) -> None:
        """Write the files that were asked for, and name them."""
        from kindergarten import viewer

        view = self._view(window=False)
        chosen = range(len(recorded.episodes)) if self.episode is None else [self.episode - 1]
        stages = viewer.stages_of(recorded, chosen, beside, self.twins)
        if self.png:
            viewer.write_picture(self.png, stages[0], self.at, view, self.size)
            print(self.png)
        if self.sheet:
            viewer.write_sheet(self.sheet, stages[0], view, self.size)
            print(self.sheet)
        if self.video:
            viewer.write_video(self.video, stages, view, self.size, self.fps, self.span, progress=True)
            print(self.video)

    def _follow(self) -> int:
        from kindergarten.replay import replay
        from kindergarten.viewer.app import window

        source = self.source or newest_run("config.json")
        if not source.is_dir():
            raise ValueError(f"{source} is no folder of a run: there is nothing to follow")
        words = f"Waiting for the first replay in {source}: training writes one whenever it checks its agent"
        window.watch(None, view=self._view(), fresh=replay.Newest(lambda: newest_replay(source)), awaited=words)
        return 0


@dataclass(frozen=True)
class Play(InOneScenario):
    """Drive yourself, seeing what the agent sees when it sees it."""

    scenario: Annotated[Positional[str], arg(metavar="SCENARIO", help="see kindergarten scenarios")]
    _: KW_ONLY
    episodes: int = setting(3, Whole(1, 1000), "how many")
    seed: int | None = setting(
        None, Maybe(Whole(0, (1 << 60) - 1)), "of the first world; the others follow; by chance if left out"
    )
    frames_only: bool = option("the street as it is: no timeline, nothing that helps to remember", False)
    replay: Path | None = option("write what you did, to be watched (.npz)")
    exam: str | None = option("this part of the exam, such as standard or long: its worlds and settings, in order")
    card: Path | None = option("with --exam: write the mark as JSON, a row for the leaderboard")
    control: Control = same(Config, "control")
    delay_s: Range = same(Config, "delay_s")
    signal_rate: float = same(Config, "signal_rate")
    signals: SignalReliability = same(Config, "signals")
    rewritten: float = same(Config, "rewritten")
    held: int = same(Config, "held")
    hands_on: bool = same(Config, "hands_on")
    spurious: float = same(Config, "spurious")

    def __post_init__(self) -> None:
        settle(self)
        scenario_named(self.scenario)
        check_ending(self.replay, "a replay", ".npz")
        check_ending(self.card, "a card", ".json")
        if self.card is not None and self.exam is None:
            raise ValueError(f"--card {self.card}: it is the exam's, add --exam standard")
        if self.exam is not None and self.seed is not None:
            raise ValueError(f"--seed {self.seed} and --exam {self.exam}: the exam has seeds of its own")
        if self.exam is not None and self.environment != Config(control=self.control):
            raise ValueError(f"--exam {self.exam} has settings of its own: leave the others out")
        from kindergarten.scoring.reference import relevant

        relevant(self.environment)  # what has no score is refused before anybody drives

    @property
    def environment(self) -> Config:
        """The settings."""
        return Config(**{name: getattr(self, name) for name in SETTINGS if hasattr(self, name)})

    def run(self) -> int:
        """Play, and say how well it went."""
        from kindergarten import viewer
        from kindergarten.interrupts import code_of, politely

        game, code = self._examined() if self.exam is not None else self._free(), 0
        for path in filter(None, (self.replay, self.card)):
            check_writable(path)  # before anybody drives
        try:
            with politely():
                viewer.play(game)
        except KeyboardInterrupt as stop:  # in the terminal: as if the window had been closed
            code = code_of(stop)
        try:
            if self.replay is not None:  # first what cannot be had again
                game.replay("you").write(self.replay)
                print(self.replay)
        finally:
            self._score(game)
        return code

    def _score(self, game: Game) -> None:
        """Write the card, if one is wanted, and say the score."""
        from kindergarten import viewer

        if self.card is not None and self.exam is not None and game.drives:
            from kindergarten.reportcard.command import write_card_of_a_person

            write_card_of_a_person(self.card, self.scenario, self.exam, viewer.mark(game, self._driven(game)))
            print(self.card)
        print(viewer.score(game))

    def _driven(self, game: Game) -> str:
        """What a person's mark is of, in words."""
        from kindergarten.scoring.score import delay_name
        from kindergarten.scoring.splits import split_of

        scenario = scenario_named(self.scenario)
        first, *others = split_of(scenario, self.exam or "").configs
        count = "one world" if len(game.drives) == 1 else f"{len(game.drives)} worlds"
        drawn = {drive.intent for drive in game.drives}
        lacking = [intent.name.lower() for intent in scenario.intents if intent not in drawn]
        part = f" with delays of {delay_name(first.delay_s)} alone" if others else ""
        part += f", none with {' or '.join(lacking)}" if lacking else ""
        return f"{count}{part}, driven by a person"

    def _free(self) -> Game:
        """Worlds of any seeds, in any setting."""
        import numpy as np

        from kindergarten import viewer

        first = int(np.random.default_rng().integers(1 << 20)) if self.seed is None else self.seed
        seeds = first + np.arange(self.episodes)
        config = self.environment
        known = known_agent(self.scenario, config)
        return viewer.Game(scenario_named(self.scenario), config, seeds, self.frames_only, known)

    def _examined(self) -> Game:
        """The first worlds of a part of the exam; where it has several delays, of the first."""
        from kindergarten import viewer
        from kindergarten.scoring.reference import FEW, SEEDS
        from kindergarten.scoring.splits import split_of

        if self.episodes > FEW:
            raise ValueError(f"--episodes {self.episodes}: a part of the exam has {FEW} worlds")
        scenario = scenario_named(self.scenario)
        split = split_of(scenario, self.exam or "")
        config, worlds = replace(split.configs[0], control=self.control), split.worlds(scenario)
        return viewer.Game(worlds, config, SEEDS[: self.episodes], self.frames_only, scale=split.scale)


def known_agent(scenario: str, config: Config) -> str:
    """The score of the run in runs/ that was evaluated last in these worlds, in words; "" if there is none."""

    def same_worlds(other: Config) -> bool:  # how they are shown to it is its own business
        alike = (name for name, its in SETTINGS.items() if its.earns or hasattr(Play, name))
        return all(getattr(other, name) == getattr(config, name) for name in alike)

    for file in sorted(RUNS.glob("**/evaluation.json"), key=lambda path: -path.stat().st_mtime):
        try:
            found = read_json(file)
            for row in found if isinstance(found, list) else [found]:
                if row["scenario"] == scenario and same_worlds(make_config(**row["settings"])):
                    return f"The agent of {file.parent}: {decimals(row['anticipation'])}."
        except (ValueError, KeyError, TypeError, OSError):
            continue  # half a file, or another's
    return ""


@dataclass(frozen=True)
class ExportWeb(Quiet):
    """Write a replay as one HTML page that needs no server and no network.

    Open it at a moment of your choice: out.html#episode=2&t=4.5&reveal&twins&theme=dark&junction&story&play
    """

    source: Annotated[Positional[Path], arg(metavar="REPLAY", help="an .npz file, or a run's folder")]
    page: Annotated[Positional[Path], arg(metavar="OUT.html", help="the page to write")]
    _: KW_ONLY
    scenario: str | None = same(Watch, "scenario")

    def __post_init__(self) -> None:
        settle(self)

    def run(self) -> int:
        """Write it."""
        from kindergarten.replay import replay
        from kindergarten.viewer.export import web

        found = replay.read(newest_replay(self.source, self.scenario))
        web.write_page(self.page, of_scenario(found, self.scenario, self.source))
        print(self.page)
        return 0


def newest_replay(source: Path, scenario: str | None = None) -> Path:
    """The replay that ``source`` means: itself, or in a run's folder that of a scenario, or the newest.

    Agents of all scenarios call their replays by them; what has another name may be of any.

    Raises:
        ValueError: the folder has none, or there is nothing of that name.
    """
    source = place_of(source)
    if not source.exists():
        raise ValueError(f"{source}: there is no such replay (.npz) or run: name one, or demo")
    if not source.is_dir():
        return source
    if source == DEMO and scenario is None:
        scenario = "Crossing"
        note(f"in {scenario}; --scenario says where else")
    places = source / "replays", source, *source.glob("seed*/replays")
    found = [path for folder in places for path in folder.glob("[!.]*.npz")]  # no drafts
    if not found:
        raise ValueError(f"{source} has no replays: there is no {source / 'replays' / '*.npz'}")
    meant = [path for path in found if scenario is None or path.stem == scenario or path.stem not in SCENARIOS]
    if not meant:
        there = ", ".join(name for name in SCENARIOS if name in {path.stem for path in found})
        raise ValueError(f"{source} has no replay of {scenario}: choose from {there}")
    return max(meant, key=lambda path: (path.stem == scenario, path.stat().st_mtime, path.name))


def of_scenario(found: Replay, scenario: str | None, source: Path) -> Replay:
    """``found``, which was read from ``source``, if it is of ``scenario``, or that is left out.

    Raises:
        ValueError: it is of another.
    """
    if scenario not in (None, found.scenario):
        raise ValueError(f"{source}: a replay of {shortened(found.scenario)}, and --scenario says {scenario}")
    return found
