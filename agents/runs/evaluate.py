"""Scoring runs again, on their own delays or on others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch as th

from kindergarten.agents.evaluation.agent import PolicyAgent
from kindergarten.agents.evaluation.evaluate import Evaluation, evaluate, exam_for, print_all
from kindergarten.agents.learner.ppo import MemoryPPO
from kindergarten.agents.runs import checkpoint
from kindergarten.agents.runs.folders import runs_in
from kindergarten.agents.runs.run import Run
from kindergarten.agents.runs.together import score_together
from kindergarten.files import DEMO
from kindergarten.output import note, print_json
from kindergarten.scoring.rollout import rollout
from kindergarten.world.config import Config, Scenario


def evaluate_runs(
    folder: Path, delays: Sequence[float], ladder: bool = False, allow_pickle: bool = False, as_json: bool = False
) -> None:
    """Score a run, or those of several seeds, at each of ``delays`` [s], or at its own, and print what came out.

    Raises:
        OSError: a file of a run cannot be written; everything is printed all the same.
    """
    th.set_num_threads(1)
    results, unwritten = [], list[OSError]()
    for place in runs_in(folder) or [folder]:
        run = Run.open(place)
        configs = [replace(run.config, delay_s=(delay, delay)) for delay in delays]
        found = score_run(run, configs, ladder, allow_pickle, quiet=as_json)
        try:
            keep(run, found, bool(configs), ladder)
        except OSError as error:
            unwritten.append(error)
        results += found
    if as_json:
        print_json(results if delays or len(results) > 1 else results[0])
    if unwritten:
        raise unwritten[0]


def score_run(
    run: Run, configs: Sequence[Config] = (), ladder: bool = False, allow_pickle: bool = False, quiet: bool = False
) -> list[dict[str, Any]]:
    """Score a run on its own delays, or on others, and print what came out."""
    if run.together:
        if configs or ladder:
            raise ValueError(f"{run.folder} is of several agents in one world, where there are no delays")
        return [score_together(run, allow_pickle, quiet)]
    model = run.load_model(allow_pickle)
    last = None if configs or run.folder == DEMO else last_model(run)
    where = [(scenario, config) for config in configs or [run.config] for scenario in run.scenarios]
    found = [beside_last(model, last, *each) for each in where]
    if not quiet:
        print_all(found)
    return [{**each.to_dict(), **run.identity(each.score.scenario)} for each in found]


def keep(run: Run, results: list[dict[str, Any]], others: bool = False, ladder: bool = False) -> None:
    """Write what ``score_run`` found where it stays: in ladder.json, or in evaluation.json if no ``others`` were asked.

    Raises:
        OSError: it cannot be written.
    """
    if run.folder == DEMO:
        return  # it comes as it is
    if ladder:
        run.write_json("ladder.json", results)
    elif not others:
        run.write_json("evaluation.json", results if run.graduate else results[0])


def last_model(run: Run) -> MemoryPPO | None:
    """The agent of the last checkpoint; None if that cannot be read: the best one drives without it."""
    last = run.untrained(1)
    try:
        checkpoint.put_weights(last, checkpoint.read(run.checkpoint("last")))
        return last
    except ValueError as error:
        note(str(error))
        return None


def beside_last(best: MemoryPPO, last: MemoryPPO | None, scenario: Scenario, config: Config) -> Evaluation:
    """The best agent, beside what the last one scores, if that is another."""
    found = evaluate(best, scenario, config)
    if last is None or last.num_timesteps == found.decisions:
        return found
    exam = exam_for(last, scenario, config)
    rollout(PolicyAgent(last.policy), exam)
    return replace(found, last=(exam.score(), last.num_timesteps))
