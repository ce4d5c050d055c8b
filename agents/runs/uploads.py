"""Runs on other people's sites: Weights & Biases while they train, Hugging Face when they are done."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

from stable_baselines3.common.callbacks import BaseCallback

from kindergarten.agents.runs.run import Run
from kindergarten.extras import explained
from kindergarten.files import write_whole
from kindergarten.scenarios import id_of
from kindergarten.scoring.score import scale

NOT_UPLOADED = ["*.zip", "*.draft*", ".lock", "wandb/*"]  # pickles stay at home


def needed(module: str, option: str) -> Any:
    """A module that not everybody has.

    Raises:
        ModuleNotFoundError: it is not installed.
    """
    with explained(option, module.split(".", maxsplit=1)[0].replace("_", "-")):
        return import_module(module)


@contextmanager
def reaching(site: str) -> Iterator[None]:
    """Turn whatever goes wrong with somebody else's site, in whoever's classes, into an OSError that names it."""
    try:
        yield
    except Exception as error:
        raise OSError(f"{site}: {error or type(error).__name__}") from error


def wandb_callback(project: str, run: Run) -> BaseCallback:
    """Weights & Biases' own callback, for a run that shows there under its folder's name, resumed or not."""
    callbacks = needed("wandb.integration.sb3", "--wandb")
    with reaching(f"--wandb {project}"):
        needed("wandb", "--wandb").init(
            project=project,
            name=run.folder.name,
            id=hashlib.sha256(str(run.folder.resolve()).encode()).hexdigest()[:12],
            resume="allow",
            dir=run.folder,
            config={name: value for part in run.options.as_json().values() for name, value in part.items()},
            sync_tensorboard=True,
        )
    return callbacks.WandbCallback()


def close_wandb() -> None:
    """Send what has not been sent yet."""
    needed("wandb", "--wandb").finish()


def push_to_hub(repository: str, run: Run) -> str:
    """Upload a finished run's folder to Hugging Face, where it is made if need be; its address."""
    hub = needed("huggingface_hub", "--hub")
    write_whole(run.folder / "README.md", model_card(run, repository).encode())
    with reaching(f"--hub {repository}"):
        hub.create_repo(repository, exist_ok=True)
        return str(hub.upload_folder(repo_id=repository, folder_path=run.folder, ignore_patterns=NOT_UPLOADED))


def model_card(run: Run, repository: str) -> str:
    """The page that Hugging Face shows."""
    found = [run.read_json("evaluation.json")] if run.together else run.results("evaluation.json")
    rows = "\n".join(
        f"| `{id_of(row['scenario'])}` | {scale(row[run.measure], row[f'{run.measure}_ci95'])} "
        f"| {row['collision_rate']:.1%} |"
        for row in found
    )
    zero, one = "without memory", "with all intents known"
    if run.together:
        zero, one = "that heeds neither lamps nor speeds", "where everybody is told everything"
    return f"""---
library_name: kindergarten
tags: [reinforcement-learning, memory, lstm, stable-baselines3]
---
# A car that anticipates

`{run.options.memory.value}`, seed {run.options.seed}, {found[0]["decisions"]:,} decisions. {run.measure.capitalize()}:
0 is the best {zero}, 1 the best {one}.

| | {run.measure} | collisions |
| --- | --- | --- |
{rows}

    hf download {repository} --local-dir run
    kindergarten evaluate run
    kindergarten watch run
"""
