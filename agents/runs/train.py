"""``kindergarten train``: from one command to an agent, its scores and a replay."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import torch as th
import tyro
from stable_baselines3.common.logger import Logger, TensorBoardOutputFormat

from kindergarten.agents.evaluation.evaluate import evaluate, record
from kindergarten.agents.learner.choice import Memory
from kindergarten.agents.learner.config import PPOConfig
from kindergarten.agents.learner.encoders import Encoder, Trunk, trunk_layers
from kindergarten.agents.learner.ppo import MemoryPPO
from kindergarten.agents.runs import checkpoint, seeds, uploads
from kindergarten.agents.runs.interrupts import code_of, politely
from kindergarten.agents.runs.metrics import Metrics
from kindergarten.agents.runs.run import Run, runs_in
from kindergarten.agents.runs.watcher import Watcher
from kindergarten.files import whole_file
from kindergarten.scenarios import scenario_named
from kindergarten.world.config import Config, Scenario, make_config

FAILED = 1  # exit code
#: The least that an option may be.
LOWEST = {"worlds": 1, "frames": 2, "seeds": 1, "threads": 1, "seed": 0, "captions": 0.0}


@dataclass(frozen=True)
class Options:
    """Teach a car to read what others are about to do."""

    scenario: str = "Follow"
    """Which lesson: see `kindergarten scenarios`."""
    memory: str = "lstm"
    """lstm, lstm-default (PyTorch's initialisation), gru, rnn, stack (the last frames), or none."""
    steps: int | None = None
    """Decisions to train for; the scenario's own number if left out."""
    frames: int = PPOConfig.frames
    """How many the memory stack sees at once."""
    encoder: str = PPOConfig.encoder
    """flat; attention: the car attends to the road users that matter, whatever their order; cnn: it sees pixels."""
    trunk: str = PPOConfig.trunk
    """relu, selu, highway, residual, or plain, as PyTorch begins: what lies behind the encoder if `depth` is over 1."""
    depth: int = PPOConfig.depth
    """Layers before the memory, the encoder's own included."""
    worlds: int = 256
    """Worlds side by side."""
    seed: int = 0
    """Of everything random."""
    seeds: int = 1
    """Train this many agents, from `seed` on, side by side as far as there are cores."""
    out: Path | None = None
    """The run's folder; it must not exist yet. Default: runs/SCENARIO-MEMORY-TIME."""
    resume: Path | None = None
    """Go on with this run, or with these runs of several seeds, where the last checkpoint was written."""
    control: str = "discrete"
    """discrete or continuous."""
    delay: tuple[float, ...] = (1.0, 4.0)
    """Seconds from the signal's end to the movement: a number, or two between which it is drawn."""
    spurious: float = 0.0
    """How far colours go with intents in training, -1..1: does it learn the signal, or the jacket?"""
    curriculum: bool = False
    """Begin with delays of at most four seconds, and double them up to `delay` as the agent succeeds."""
    shuffled: bool = False
    """The road users stand in random order, so that no row of the observation tells who matters."""
    captions: float = PPOConfig.caption_coef
    """Weight of the captions' loss; 0 makes them a probe that teaches nothing."""
    redistribute: bool = PPOConfig.redistribute
    """Pay rewards when they are decided, and not when they arrive (RUDDER)."""
    threads: int = 1
    """Shares of each minibatch that are worked on side by side."""
    wandb: str | None = None
    """Log to this project of Weights & Biases (if wandb is installed)."""
    hub: str | None = None
    """Upload the finished run to this repository of Hugging Face (if huggingface-hub is installed)."""


def check_options(options: Options) -> tuple[Scenario, Config]:
    """What the options mean.

    Raises:
        ValueError: one of them makes no sense; the message names the value and the choices.
    """
    scenario = scenario_named(options.scenario)
    delay = options.delay[0] if len(options.delay) == 1 else options.delay
    config = make_config(control=options.control, delay_s=delay, spurious=options.spurious, shuffled=options.shuffled)  # pyright: ignore[reportArgumentType]  # it looks itself
    Memory(options.memory)
    Encoder(options.encoder)
    trunk_layers(Trunk(options.trunk), 1, options.depth)
    for name, least in LOWEST.items():
        if not getattr(options, name) >= least:
            raise ValueError(f"--{name} is {getattr(options, name)}: it must be at least {least:g}")
    if options.wandb:
        uploads.needed("wandb.integration.sb3", "--wandb")
    if options.hub and options.seeds > 1:
        raise ValueError(f"--hub {options.hub}: one repository holds one run, and --seeds is {options.seeds}")
    if options.hub:
        uploads.needed("huggingface_hub", "--hub")
    if options.steps is not None and options.steps < 1:
        raise ValueError(f"--steps is {options.steps}: it must be at least 1")
    return scenario, config


def folder_for(options: Options) -> Path:
    """Where a new run goes."""
    stamp = datetime.now().strftime("%Y%m%d-%H%M%S")
    return options.out or Path("runs") / f"{options.scenario}-{options.memory}-{stamp}"


def begin(options: Options, numbers: PPOConfig | None = None) -> Run:
    """A new run, with the hyperparameters that ``options`` name, or with ``numbers``."""
    scenario, config = check_options(options)
    steps = options.steps or scenario.training
    folder = folder_for(options)
    settled = replace(options, steps=steps, delay=config.delay_s, seeds=1)
    kept = {**asdict(settled), "out": str(folder), "resume": None}
    return Run.create(folder, kept, numbers or numbers_of(options))


def numbers_of(options: Options) -> PPOConfig:
    """The hyperparameters that are options."""
    return PPOConfig(
        caption_coef=options.captions,
        frames=options.frames,
        encoder=options.encoder,
        trunk=options.trunk,
        depth=options.depth,
        redistribute=options.redistribute,
    )


def go_on(run: Run) -> tuple[MemoryPPO, dict[str, Any]]:
    """The agent as the run's last checkpoint left it, and what the watcher had noted; a new one if there is none."""
    model = run.untrained(run.options["worlds"])
    if not run.checkpoint("last").exists():
        return model, {}
    last = checkpoint.read(run.checkpoint("last"))
    checkpoint.put(model, last)
    return model, last.notes["watcher"]


def kept(run: Run) -> str:
    """What there is to go on from; it has been read, so it can be."""
    if not run.checkpoint("last").exists():
        return "there is no checkpoint yet"
    decisions = checkpoint.read(run.checkpoint("last")).notes["num_timesteps"]
    return f"the last checkpoint, of {decisions:,} decisions, is intact"


def attempt(work: Callable[[Run], None], run: Run) -> int:
    """Do ``work`` on a run; the exit code. Whatever ends it early is told in one line."""
    try:
        with politely():
            work(run)
        return 0
    except KeyboardInterrupt as stop:
        code, why = code_of(stop), "stopped"
    except (OSError, FloatingPointError) as error:
        code, why = FAILED, f"error: {error}"
    print(f"kindergarten: {why}; {kept(run)}. Go on: kindergarten train --resume {run.folder}", file=sys.stderr)
    return code


def learn(run: Run) -> None:
    """Train until the run has all its decisions."""
    model, notes = go_on(run)
    total = run.options["steps"]
    if model.num_timesteps >= total:
        return
    watcher = Watcher(run, notes)
    project = run.options["wandb"]
    callbacks = [watcher, *([uploads.wandb_callback(project, run)] if project else [])]
    try:
        metrics = Metrics(run.folder / "metrics.csv", model.num_timesteps)
        model.set_logger(Logger(str(run.folder), [metrics, TensorBoardOutputFormat(str(run.folder))]))
        model.learn(total - model.num_timesteps, callbacks, reset_num_timesteps=False)
    finally:
        watcher.close()
        if project:
            uploads.close_wandb()


def finish(run: Run) -> None:
    """Evaluate the best checkpoint, write what came out, and say how to look at it."""
    model = run.load_model()
    agent = f"{run.options['memory']}, seed {run.options['seed']}, {model.num_timesteps:,} decisions"
    found = evaluate(model, run.scenario, run.config)
    run.write_json("evaluation.json", {**found.to_dict(), **run.identity})
    record(model, run.scenario, run.config, agent).write(run.folder / "replays" / "twins.npz")
    with whole_file(run.pickle) as draft:
        model.save(draft)
    found.print()
    print(f"Watch it:  kindergarten watch {run.folder}")
    if run.options["hub"]:
        print(uploads.push_to_hub(run.options["hub"], run))


def train(run: Run) -> int:
    """Train one agent, or go on with it, and evaluate it; the exit code."""
    th.set_num_threads(1)
    print(f"{run.options['scenario']}, memory {run.options['memory']}, seed {run.options['seed']}: {run.folder}")
    return attempt(learn, run) or attempt(finish, run)


def main(argv: list[str] | None = None) -> int:
    """Run the command line; the exit code."""
    options = tyro.cli(Options, prog="train", args=argv)
    if options.resume is not None:
        several = runs_in(options.resume)
        return seeds.resume(options.resume, several) if several else train(Run.open(options.resume))
    check_options(options)
    if options.seeds == 1:
        return train(begin(options))
    numbers = range(options.seed, options.seed + options.seeds)
    folder = folder_for(options)
    runs = [begin(replace(options, seed=seed, out=folder / f"seed{seed}")) for seed in numbers]
    return seeds.resume(folder, [run.folder for run in runs])
