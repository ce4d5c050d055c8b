"""What an agent is made of, as options and as a run's config.json. Nothing here needs torch."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import Any, ClassVar

from kindergarten import placed
from kindergarten.agents.learner.choice import Encoder, Memory
from kindergarten.agents.learner.config import MANY, SEVERAL, WIDE, PPOConfig
from kindergarten.playground import PLAYGROUNDS
from kindergarten.playground.rules import Rules
from kindergarten.playground.worth import CHANNELS
from kindergarten.scenarios import FILES, SCENARIOS, scenario_named
from kindergarten.world.codes import Observation
from kindergarten.world.config import Config, Scenario
from kindergarten.world.kinds import Maybe, Number, OneOf, Switch, Text, Whole, Word
from kindergarten.world.settings import declared, option, plain, setting, settle
from kindergarten.world.words import quoted

ALL = "all"  # scenarios of the package, side by side
MOST_STEPS = 10**12  # decisions: a year at 30,000 a second
#: [s] The curriculum's longest delay at first: up to there a scenario is learned without one. Shorter is no easier: at
#: 1 s the controls of Crossing come alive one second before t3, and an agent that began there never braked.
FIRST = 4.0
FROM_PIXELS = 400_000  # decisions: in 200,000, which are seven updates, one seed of three learned but half of Follow

#: Who drives and learns.
ENGINES = {"local": "this process", "ray": "runners on as many machines as there are, by way of Ray"}

#: What is said elsewhere: with the scores, or as the run's eyes.
ELSEWHERE = {"delay_s", "observation", "encoder", "trunk", "depth"}
#: What some settings are called in tables; others by their names.
CALLED = {"caption_coef": "captions", "spurious": "colours", "redistribute": "redistributed"}


@dataclass(frozen=True, kw_only=True)
class Options:
    """What an agent is made of: where it learns, with which memory, for how long, and with which numbers.

    The encoder and what it looks at go together: whichever of the two is left out follows the other.
    """

    scenario: str = setting(
        "Follow",
        Word(SCENARIOS, (ALL,)),
        f"where it learns: see kindergarten scenarios; all: in all nine at once; {', '.join(CHANNELS)}: several agents "
        f"together, with other options (--scenario {next(iter(CHANNELS))} --help)",
    )
    memory: Memory = setting(
        Memory("lstm"),
        OneOf(Memory),
        f"what it remembers with ({'; '.join(f'{each.value}: {each.called}' for each in Memory)})",
    )
    steps: int | None = setting(
        None,
        Maybe(Whole(1, MOST_STEPS)),
        "decisions (environment steps) to train for, rounded up to whole updates; the scenario's own if left out, "
        f"and of all their sum; from pixels {FROM_PIXELS:,} at least",
    )
    worlds: int = setting(
        Scenario.worlds,
        Whole(1, 65_536),
        f"worlds side by side; where nothing is said the scenario decides, and with {MANY}, as in Crossroads, in Town "
        f"and in all, go other numbers of the learner: a batch size of {WIDE.batch_size}, {WIDE.n_epochs} passes, "
        f"{WIDE.hidden} cells",
    )
    seed: int = setting(0, Whole(0, 2**32 - 1), "of everything random")
    curriculum: bool = setting(
        False,
        Switch(),
        "begin with delays of at most four seconds, and double them up to the longest as the agent succeeds",
    )
    without: str | None = setting(
        None, Maybe(Word(FILES)), "with --scenario all: the one that it never sees, so that it may be asked there later"
    )
    crowd: int = setting(
        0,
        Whole(0, 16),
        "trained among up to so many road users more, each there by half, whose intents never matter; validated and "
        "evaluated without them",
    )
    normalize_reward: bool = setting(
        True,
        Switch(),
        "rewards are paid by what knowing the intents is worth in the scenario, so that the critic has as much to "
        "learn from in each; scores are of the world's own",
    )
    threads: int | None = setting(
        None,
        Maybe(Whole(1, 1024)),
        "shares of each minibatch that are worked on side by side; one for each core that is free now, and at most "
        "four, if left out",
    )
    device: str = setting(
        "cpu",
        Text(),
        "where all but the worlds is computed: auto, cpu, or what else there is, such as cuda",
    )
    engine: str = setting("local", Word(ENGINES), "; ".join(f"{name}: {its}" for name, its in ENGINES.items()))
    runners: int = setting(2, Whole(1, 4096), "with --engine ray: processes that share the worlds and each minibatch")
    address: str | None = setting(
        None,
        Maybe(Text()),
        "with --engine ray: the cluster's head, host:port, or auto; RAY_ADDRESS if that is set, this machine if not",
    )
    init: str | None = setting(
        None,
        Maybe(Text()),
        "begin with the weights of this run's best agent, and without a warm-up; it must have as many columns, and the "
        "same network",
    )
    wandb: str | None = setting(None, Maybe(Text()), "log to this project of Weights & Biases (if wandb is installed)")
    hub: str | None = setting(
        None, Maybe(Text()), "upload the finished run to this repository of Hugging Face (if huggingface-hub is)"
    )
    out: Path | None = option("the run's folder, which must not exist yet; runs/SCENARIO-MEMORY-TIME if left out")
    environment: Config = Config()
    learner: PPOConfig = PPOConfig()
    every: tuple[str, ...] | None = None  # with scenario all: which those are; those that there are now if None

    def __post_init__(self) -> None:
        settle(self)
        if self.scenario == ALL and self.curriculum:
            raise ValueError("--curriculum goes by how well one scenario is learned: choose one, or leave it out")
        if self.scenario == ALL and self.crowd:
            raise ValueError(f"--crowd {self.crowd} goes with one scenario: choose one, or leave it out")
        if self.without and self.scenario != ALL:
            raise ValueError(f"--without {self.without} leaves nothing of {self.scenario}: choose --scenario {ALL}")
        if self.every == (self.without,):
            raise ValueError(f"--without {self.without} leaves nothing of scenarios, which are {quoted(self.every)}")
        environment, learner = _matched(self.environment, self.learner)
        object.__setattr__(self, "environment", environment)
        if self.engine == "ray":
            _check_spread(self, learner)
        object.__setattr__(self, "learner", learner if self.init is None else replace(learner, warmup=0.0))

    @property
    def scenarios(self) -> tuple[Scenario, ...]:
        """Where it learns: in one of them, or in all that come with the package, but perhaps one."""
        every = (self.every or FILES) if self.scenario == ALL else (self.scenario,)
        return tuple(scenario_named(name) for name in every if name != self.without)

    @property
    def budget(self) -> int:
        """Decisions to train for."""
        own = sum(scenario.training for scenario in self.scenarios)
        return self.steps or (max(own, FROM_PIXELS) if self.learner.encoder is Encoder.CNN else own)

    def decided(self) -> Options:
        """The same with nothing left to what there will be later: how long, and in which scenarios."""
        return replace(self, steps=self.budget, every=(self.every or tuple(FILES)) if self.scenario == ALL else None)

    @property
    def world(self) -> tuple[str, Config | Rules]:
        """What of the world is chosen, and under which name config.json has it."""
        return "environment", self.environment

    @property
    def columns(self) -> dict[str, str]:
        """The columns that it looks at, and their units."""
        from kindergarten.world.observation import units  # with all kernels: the command line needs none

        return units(plain(self.environment)["observation"])

    def as_json(self) -> dict[str, Any]:
        """The sections of config.json that make the same run again."""
        names = declared(Together if isinstance(self, Together) else Options)
        own = {name: value for name, value in plain(self).items() if name in names}
        name, its = self.world
        every = {} if self.every is None else {"scenarios": list(self.every)}
        return {"options": own, name: plain(its), "hyperparameters": plain(self.learner), **every}


@dataclass(frozen=True, kw_only=True)
class Together(Options):
    """What agents with shared parameters are made of that learn in one world: where, by which rules, for how long."""

    scenario: str = setting("Meeting", Word(PLAYGROUNDS), "where they learn together")
    legible: float = setting(
        0.0,
        Number(0.0),
        "weight of a reward for being understood: how sure the others' captions are of one's goal; it falls to 0",
    )
    fade: float = setting(
        0.0,
        Number(0.0, 1.0),
        "share of the training in which the simulator sets agents' lamps honestly: of all at first, of fewer and fewer",
    )
    past: float = setting(
        0.0,
        Number(0.0, 0.5),
        "share of the seats in which not the agents drive but what they have been, which learns nothing any more",
    )
    environment: ClassVar[Config] = Config()  # pyright: ignore[reportIncompatibleVariableOverride]  # never another
    normalize_reward: ClassVar[bool] = False  # pyright: ignore[reportIncompatibleVariableOverride]  # never otherwise
    rules: Rules = Rules()

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.scenario not in CHANNELS:
            raise ValueError(
                f"{self.scenario} has more than two agents, and nobody has computed what their channel is worth: "
                f"choose {' or '.join(CHANNELS)}, or train on rows_env"
            )
        refused = {"engine": self.engine != "local", "curriculum": self.curriculum, "crowd": self.crowd}
        refused |= {"redistribute": self.learner.redistribute, "encoder": self.learner.encoder is not Encoder.FLAT}
        refused |= {"endless": self.rules.endless}
        for name, chosen in refused.items():
            if chosen:
                raise ValueError(f"{name} is not to be had among several agents: leave it out of {self.scenario}")

    @property
    def scenarios(self) -> tuple[Scenario, ...]:
        """Where they learn."""
        return (PLAYGROUNDS[self.scenario],)

    @property
    def world(self) -> tuple[str, Config | Rules]:
        """The rules."""
        return "rules", self.rules

    @property
    def columns(self) -> dict[str, str]:
        """The columns that each of them looks at, and their units."""
        from kindergarten.playground.sight import columns_of_seat

        return {column.name: column.unit for column in columns_of_seat(2)}


def usual(scenario: str) -> Options:
    """What is trained in ``scenario``, or in all, where nothing else is said: other numbers go with MANY worlds,
    and noise is held as long as the scenario has it; in all, no longer than in any.

    Raises:
        ValueError: there is none of that name.
    """
    if scenario in (*PLAYGROUNDS,):
        return Together(scenario=scenario, worlds=PLAYGROUNDS[scenario].worlds, learner=SEVERAL)
    own = Options(scenario=scenario)
    worlds, hold = max(each.worlds for each in own.scenarios), min(each.noise_hold for each in own.scenarios)
    learner = WIDE if worlds >= MANY else PPOConfig()
    return replace(own, worlds=worlds, learner=replace(learner, noise_hold=hold))


#: Options that do nothing unless something else is so: what that is, and how one sees it.
GOES_WITH: dict[str, tuple[str, Callable[[Options], bool]]] = {
    **placed.GOES_WITH,
    "runners": ("--engine ray", lambda own: own.engine == "ray"),
    "address": ("--engine ray", lambda own: own.engine == "ray"),
    "threads": ("--engine local", lambda own: own.engine == "local"),
    "curriculum": (f"--delay beyond {FIRST:g} s", lambda own: own.environment.delay_s[1] > FIRST),
    "frames": ("--memory stack", lambda own: own.memory == Memory("stack")),
    "trunk": ("--depth 2 or more", lambda own: own.learner.depth > 1),
    "critic_gradient": ("--shared-memory", lambda own: own.learner.shared_memory),
    "warmup": ("an agent that begins anew, not with --init", lambda own: own.init is None),
}


def _matched(environment: Config, learner: PPOConfig) -> tuple[Config, PPOConfig]:
    """Both, with an encoder for what there is to be looked at.

    Raises:
        ValueError: they do not go together, and none was left out.
    """
    seen, wanted = environment.observation, learner.encoder.observation
    if seen is wanted:
        return environment, learner
    if seen is Config.observation:
        return replace(environment, observation=wanted), learner
    if seen is Observation.PIXELS and learner.encoder is PPOConfig.encoder:
        return environment, replace(learner, encoder=Encoder.CNN)
    raise ValueError(
        f"observation {seen.name.lower()!r} and encoder {learner.encoder.value!r} do not go together: "
        f"{learner.encoder.value} looks at {wanted.name.lower()}"
    )


def _check_spread(options: Options, learner: PPOConfig) -> None:
    """Refuse what runners cannot share.

    Raises:
        ValueError: names it, and what goes instead.
    """
    if options.worlds % options.runners:
        raise ValueError(f"worlds is {options.worlds}: with {options.runners} runners it must be a multiple of them")
    own = options.worlds // options.runners
    if options.scenario == ALL and (least := _fewest(options.scenarios)) > own:
        raise ValueError(f"worlds is {options.worlds}: each of {options.runners} runners needs {least}")
    for name, wanted in (("curriculum", options.curriculum), ("redistribute", learner.redistribute)):
        if wanted:
            raise ValueError(f"{name} and engine 'ray' do not go together: choose engine 'local'")


def _fewest(scenarios: Sequence[Scenario]) -> int:
    """How many worlds it takes for some of each scenario, in the shares that they have among many."""
    from kindergarten.envs.mixed import sizes_of

    return next(worlds for worlds in count(len(scenarios)) if min(sizes_of(scenarios, worlds)) > 0)


def unusual(settings: Config | Rules | PPOConfig, default: Config | Rules | PPOConfig) -> Iterator[str]:
    """Those in which the two differ, in words."""
    for name, its in declared(type(settings)).items():
        value = its.kind.plain(getattr(settings, name))
        if value != its.kind.plain(getattr(default, name)) and name not in ELSEWHERE:
            number = f"{value:g}" if isinstance(value, float) else str(value)
            called = CALLED.get(name, name.replace("_", " "))
            yield called if value is True else f"no {called}" if value is False else f"{called} {number}"
