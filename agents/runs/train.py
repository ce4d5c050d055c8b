"""``kindergarten train``: from one command to an agent, its scores and a replay."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import torch as th
from stable_baselines3.common.logger import Logger, TensorBoardOutputFormat
from stable_baselines3.common.utils import get_device

from kindergarten.agents.evaluation.evaluate import evaluate, record
from kindergarten.agents.learner.ppo import MemoryPPO
from kindergarten.agents.runs import checkpoint, seeds, uploads
from kindergarten.agents.runs.interrupts import code_of, politely
from kindergarten.agents.runs.metrics import Metrics
from kindergarten.agents.runs.options import Options
from kindergarten.agents.runs.run import Run, runs_in
from kindergarten.agents.runs.watcher import Watcher
from kindergarten.files import whole_file
from kindergarten.scenarios import scenario_named
from kindergarten.world.words import quoted

FAILED = 1  # exit code


def begin(options: Options) -> Run:
    """A new run.

    Raises:
        ValueError: something that the options ask for is not to be had here.
    """
    check_needs(options)
    steps = options.steps or scenario_named(options.scenario).training
    return Run.create(folder_for(options), replace(options, steps=steps))


def check_needs(options: Options) -> None:
    """Look for what not every machine has.

    Raises:
        ValueError: it is missing.
    """
    if options.wandb:
        uploads.needed("wandb.integration.sb3", "--wandb")
    if options.hub:
        uploads.needed("huggingface_hub", "--hub")
    try:
        th.zeros(1, device=get_device(options.device))
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ValueError(f"--device {quoted(options.device)}: {reason}") from None


def folder_for(options: Options) -> Path:
    """Where a new run goes."""
    stamp = datetime.now().strftime("%Y%m%d-%H%M%S")
    return options.out or Path("runs") / f"{options.scenario}-{options.memory.value}-{stamp}"


def go_on(run: Run) -> tuple[MemoryPPO, dict[str, Any]]:
    """The agent as the run's last checkpoint left it, and what the watcher had noted; a new one if there is none."""
    model = run.untrained(run.options.worlds, run.options.device)
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
    """Do ``work`` on a run; the exit code. Whatever ends it early is one line."""
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
    total = run.options.steps
    assert total is not None
    if model.num_timesteps >= total:
        return
    update = model.n_steps * model.n_envs
    if total % update:
        whole = -(-total // update)
        print(f"{whole * update:,} decisions: {whole} whole updates of {update:,}, to have {total:,}")
    watcher = Watcher(run, notes)
    project = run.options.wandb
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
    agent = f"{run.options.memory.value}, seed {run.options.seed}, {model.num_timesteps:,} decisions"
    found = evaluate(model, run.scenario, run.config)
    run.write_json("evaluation.json", {**found.to_dict(), **run.identity})
    record(model, run.scenario, run.config, agent).write(run.folder / "replays" / "twins.npz")
    with whole_file(run.pickle) as draft:
        model.save(draft)
    found.print()
    print(f"Watch it:  kindergarten watch {run.folder}")
    if run.options.hub:
        print(uploads.push_to_hub(run.options.hub, run))


def train(run: Run) -> int:
    """Train one agent, or go on with it, and evaluate it; the exit code."""
    th.set_num_threads(1)
    own = run.options
    print(f"{own.scenario}, memory {own.memory.value}, seed {own.seed}: {run.folder}")
    return attempt(learn, run) or attempt(finish, run)


def start(options: Options, count: int = 1) -> int:
    """Train a new agent, or as many as that from its seed on, side by side as far as there are cores; the exit code.

    Raises:
        ValueError: what is asked for is not to be had.
    """
    if count == 1:
        return train(begin(options))
    if options.hub:
        raise ValueError(f"--hub {options.hub}: one repository holds one run, and --seeds is {count}")
    folder, numbers = folder_for(options), range(options.seed, options.seed + count)
    runs = [begin(replace(options, seed=seed, out=folder / f"seed{seed}")) for seed in numbers]
    return seeds.resume(folder, [run.folder for run in runs])


def resume(folder: Path, steps: int | None = None, more: int | None = None) -> int:
    """Go on with a run, or with those of several seeds; the exit code.

    Args:
        folder: the run's, or the one that holds several.
        steps: decisions that it shall have in all; what it was begun with if left out.
        more: decisions on top of those that it has; instead of ``steps``.

    Raises:
        ValueError: there is no such run, or it has more decisions than that.
    """
    several = runs_in(folder)
    runs = [extended(Run.open(path), steps, more) for path in several or [folder]]
    return seeds.resume(folder, several) if several else train(runs[0])


def extended(run: Run, steps: int | None, more: int | None) -> Run:
    """The run with another end: its learning rate and entropy bonus fall until then, its warm-up stays as it was.

    Raises:
        ValueError: it has more decisions already.
    """
    if steps is None and more is None:
        return run
    done = checkpoint.read(run.checkpoint("last")).notes["num_timesteps"] if run.checkpoint("last").exists() else 0
    total = steps if steps is not None else done + (more or 0)
    if total < done:
        raise ValueError(f"--steps is {total}: {run.folder} has {done:,} decisions already, so add --more N")
    if total != run.options.steps:
        warmup = run.hyperparameters.warmup * (run.options.steps or total) / total
        learner = replace(run.hyperparameters, warmup=min(warmup, 1.0))
        return run.change(replace(run.options, steps=total, learner=learner))
    return run
