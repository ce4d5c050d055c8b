"""``kindergarten train``: from one command to an agent, its scores and a replay."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import torch as th
from stable_baselines3.common.logger import Logger, TensorBoardOutputFormat

from kindergarten.agents.evaluation.evaluate import record
from kindergarten.agents.learner.machine import device_named
from kindergarten.agents.learner.ppo import MemoryPPO
from kindergarten.agents.runs import checkpoint, seeds, uploads
from kindergarten.agents.runs.evaluate import keep, last_model, score_run
from kindergarten.agents.runs.folders import check_new, new_folder, runs_in
from kindergarten.agents.runs.metrics import Metrics
from kindergarten.agents.runs.options import Options
from kindergarten.agents.runs.run import Run
from kindergarten.agents.runs.together import TogetherWatcher, film, rules_of
from kindergarten.agents.runs.watcher import Watcher, checked_notes, settle_best
from kindergarten.files import RUNS, alone, place_of, whole_file
from kindergarten.interrupts import code_of, politely
from kindergarten.output import pasteable, say
from kindergarten.scoring.reference import relevant
from kindergarten.world.settings import plain

FAILED = 1  # exit code
#: What two agents must have in common for one to take the other's weights.
LAYOUT = (
    *("observation", "control", "memory", "encoder", "trunk", "depth", "features", "hidden", "frames"),
    "shared_memory",
)


def begin(options: Options, agents: int = 1) -> Run:
    """A new run, one of several ``agents`` that are trained side by side.

    Raises:
        ValueError: something that the options ask for is not to be had here, or there is such a folder.
    """
    folder = folder_for(options)
    check_new(folder)  # which takes no time
    check_needs(options)
    on_cores = device_named(options.device).type == "cpu"
    threads = options.threads or (seeds.threads(agents) if on_cores else 1)
    options = replace(options, threads=threads)
    if options.init is None:
        first = None
        Run(Path(), options, None).untrained(1)  # an agent that cannot be built is refused before there is a folder
    else:
        first = weights_of(Run.open(Path(options.init)), options)  # which builds it as well
    return Run.create(folder, options, first)


def weights_of(source: Run, options: Options) -> checkpoint.Checkpoint:
    """The weights of another run's best agent, for a new run to begin with.

    Raises:
        ValueError: it has none, or they are of another layout than the new run's.
    """
    said, theirs = f"--init {source.folder}", source.load_model()
    its, ours = (plain(own) | plain(own.world[1]) | plain(own.learner) for own in (source.options, options))
    for name in LAYOUT:
        if its.get(name) != ours.get(name):
            told = f"its {name} is {its.get(name)}, and here it is {ours.get(name)}"
            raise ValueError(f"{said}: {told}: choose the same")
    mine, weights = Run(source.folder, options, None).untrained(1), checkpoint.weights(theirs)
    try:
        checkpoint.put_weights(mine, weights)
    except ValueError:
        old, new = theirs.observation_space.shape, mine.observation_space.shape
        raise ValueError(
            f"{said}: its network is another, for observations of shape {old}, and here they are {new}: choose a run "
            "with as many columns"
        ) from None
    return weights


def check_needs(options: Options) -> None:
    """Look for what not every machine has, and whether what is learned will have a score.

    Raises:
        ValueError: it is missing, or will have none.
    """
    relevant(options.environment)
    if options.wandb:
        uploads.needed("wandb.integration.sb3", "--wandb")
    if options.hub:
        uploads.needed("huggingface_hub", "--hub")
    device_named(options.device)
    trainer_of(options)


def folder_for(options: Options) -> Path:
    """Where a new run goes."""
    stamp = datetime.now().strftime("%Y%m%d-%H%M%S")
    return options.out or RUNS / f"{options.scenario}-{options.memory.value}-{stamp}"


def go_on(run: Run) -> tuple[MemoryPPO, dict[str, Any]]:
    """The agent as the run's last checkpoint left it, and what the watcher had noted; a new one if there is none.

    Raises:
        ValueError: the checkpoint is damaged, or it is gone; the message says what can still be done.
    """
    model = run.untrained(run.options.worlds, device_named(run.options.device), trainer_of(run.options))
    last = last_of(run)
    if last is None:
        first = run.checkpoint("first")
        if first.exists():
            checkpoint.put_weights(model, checkpoint.read(first))
            model.num_timesteps = 0
        elif run.options.init is not None:
            raise ValueError(f"{first} is gone, the weights that it begins with: begin anew, with another --out")
        return model, {}
    checkpoint.put(model, last)
    return model, checked_notes(last)


def trainer_of(options: Options) -> type[MemoryPPO]:
    """The trainer of an engine."""
    if options.engine == "local":
        return MemoryPPO
    from kindergarten.agents.runs.cluster import ClusterPPO

    return ClusterPPO


def runners_of(model: MemoryPPO, options: Options) -> AbstractContextManager[None]:
    """Those that an engine other than this process itself needs."""
    if options.engine == "local":
        return nullcontext()
    from kindergarten.agents.runs.cluster import ClusterPPO, crew_of

    assert isinstance(model, ClusterPPO)
    return crew_of(model, options)


def last_of(run: Run) -> checkpoint.Checkpoint | None:
    """The run's last checkpoint; None before the first one.

    Raises:
        ValueError: it is damaged, or it is gone.
    """
    path = run.checkpoint("last")
    if not path.exists() and run.begun:
        raise ValueError(f"{path} is gone, and training cannot go on without it: {run.without_last()}")
    try:
        return checkpoint.read(path) if path.exists() else None
    except ValueError as error:
        raise ValueError(f"{error}: {run.without_last()}") from None


def kept(run: Run) -> str:
    """What there is to go on from, which has been read, so it can be; and how."""
    try:
        last = last_of(run)
        decisions = None if last is None else last.decisions
    except ValueError as error:
        return str(error)
    found = "there is no checkpoint yet"
    if decisions is not None:
        found = f"the last checkpoint, of {decisions:,} decisions, is intact"
    return f"{found}. Go on: {pasteable('train', '--resume', run.folder)}"


def attempt(work: Callable[[Run], None], run: Run) -> int:
    """Do ``work`` on a run; the exit code. Whatever ends it early is one line."""
    try:
        with politely():
            work(run)
        return 0
    except KeyboardInterrupt as stop:
        code, why = code_of(stop), "stopped"
    except (OSError, FloatingPointError, MemoryError) as error:
        code, why = FAILED, f"error: {error}"
    say(f"{why}; {kept(run)}")
    return code


def learn(run: Run) -> None:
    """Train until the run has all its decisions."""
    model, notes = go_on(run)
    total = run.options.steps
    assert total is not None, "every run's config.json has it"
    if model.num_timesteps >= total:
        return
    update = model.n_steps * model.n_envs
    if total % update:
        whole = -(-total // update)
        print(f"{whole * update:,} decisions: {whole} whole updates of {update:,}, to have {total:,}", flush=True)
    watcher = TogetherWatcher(run, notes) if run.together else Watcher(run, notes)
    project = run.options.wandb
    callbacks = [watcher, *([uploads.wandb_callback(project, run)] if project else [])]
    try:
        metrics = Metrics(run.folder / "metrics.csv", model.num_timesteps)
        model.set_logger(Logger(str(run.folder), [metrics, TensorBoardOutputFormat(str(run.folder))]))
        with runners_of(model, run.options):
            model.learn(total - model.num_timesteps, callbacks, reset_num_timesteps=False)
    finally:
        watcher.close()
        if project:
            uploads.close_wandb()


def finish(run: Run) -> None:
    """Record the best checkpoint, evaluate it, and say how to look at it."""
    if not run.together:  # several agents are checked in many episodes: with all combinations of goals
        settle_best(run, last_model(run))
    model = run.load_model()
    agent = f"{run.options.memory.value}, seed {run.options.seed}, {model.num_timesteps:,} decisions"
    for scenario in run.scenarios:
        if run.together:
            replay = film(model, scenario, rules_of(run), agent)
        else:
            replay = record(model, scenario, run.config, agent, run.reward_scale(scenario))
        replay.write(run.replay(scenario))
    with whole_file(run.pickle) as draft:
        model.save(draft)
    keep(run, score_run(run))
    print(f"Watch it:  {pasteable('watch', run.folder)}")
    if run.options.hub:
        print(uploads.push_to_hub(run.options.hub, run))


def train(run: Run) -> int:
    """Train one agent, or go on with it, and evaluate it; the exit code.

    Raises:
        ValueError: another process does so.
    """
    th.set_num_threads(1)
    own = run.options
    with alone(run.folder, "trained"):
        threads = f"{run.threads} thread{'s' * (run.threads != 1)}"
        print(f"{own.scenario}, memory {own.memory.value}, seed {own.seed}, {threads}: {run.folder}", flush=True)
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
    with new_folder(folder) as draft:
        for seed in numbers:
            begin(replace(options, seed=seed, out=draft / f"seed{seed}"), count)
    with alone(folder, "trained"):
        return seeds.resume(folder, [folder / f"seed{seed}" for seed in numbers])


def resume(folder: Path, steps: int | None = None, more: int | None = None) -> int:
    """Go on with a run, or with those of several seeds; the exit code.

    Args:
        folder: the run's, or the one that holds several.
        steps: decisions that it shall have in all; what it was begun with if left out.
        more: decisions on top of those that it has; instead of ``steps``.

    Raises:
        ValueError: there is no such run, or it has more decisions than that.
    """
    folder = place_of(folder)
    several = runs_in(folder)
    runs = [Run.open(path) for path in several or [folder]]
    if not several:
        last_of(runs[0])  # where nothing can go on, as in what comes with the package, nothing is written
    with alone(folder, "trained"):
        runs = [extended(run, steps, more) for run in runs]  # all, before the first is changed
        for run in runs:
            run.note()
        if several:
            return seeds.resume(folder, several)
    return train(runs[0])


def extended(run: Run, steps: int | None, more: int | None) -> Run:
    """A run with another end. The warm-up stays as many decisions as it was.

    With ``steps`` learning rate and entropy bonus fall until then; with ``more`` they begin anew, and so does all that
    depends on how far the training is.

    Raises:
        ValueError: it has more decisions already.
    """
    if steps is None and more is None:
        return run
    last = last_of(run)
    done = 0 if last is None else last.decisions
    total = steps if steps is not None else done + (more or 0)
    if total < done:
        raise ValueError(f"--steps is {total}: {run.folder} has {done:,} decisions already, so add --more N")
    begins, old = run.schedule_begins if more is None else done, run.schedule_begins
    begins = begins if begins < total else 0  # of a schedule that was to begin where it now ends nothing is left
    warm = old + run.hyperparameters.warmup * ((run.options.steps or total) - old)  # [decisions] its end
    warmup = min(max(warm - begins, 0.0) / max(total - begins, 1), 1.0)
    options = replace(run.options, steps=total, learner=replace(run.hyperparameters, warmup=warmup))
    return replace(run, options=options, schedule_begins=begins)
