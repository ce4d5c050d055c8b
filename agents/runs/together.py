"""Runs of several agents in one world: what is said of them while they learn, and what became of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import permutations
from typing import Any

import numpy as np
from stable_baselines3.common.vec_env import VecEnv

from kindergarten.agents.evaluation.agent import PolicyAgent
from kindergarten.agents.learner.ppo import MemoryPPO
from kindergarten.agents.runs import checkpoint
from kindergarten.agents.runs.options import Together
from kindergarten.agents.runs.run import Run
from kindergarten.agents.runs.watcher import VALIDATION_SEEDS, Watcher
from kindergarten.envs.sb3 import KindergartenVecEnv
from kindergarten.output import decimals, note
from kindergarten.playground.rules import Lamps, Rules
from kindergarten.playground.world import Playground
from kindergarten.playground.worth import SEEDS, Channel, known_channel
from kindergarten.replay.replay import Replay
from kindergarten.replay.seats import replay_of
from kindergarten.scoring.agent import Agent
from kindergarten.scoring.convention import language, listens
from kindergarten.scoring.reference import Reference
from kindergarten.scoring.statistics import bootstrap
from kindergarten.scoring.together import Encounters, drive_together
from kindergarten.world.codes import End
from kindergarten.world.config import Scenario


def rules_of(run: Run) -> Rules:
    """The rules of a run's evaluation: its own, but among agents alone, whose lamps work and cost nothing.

    How social they are is seen by them, so it stays; the mean return is the same. What lamps cost is no part of the
    scale, and nobody sees it.
    """
    its = run.options.world[1]
    assert isinstance(its, Rules)
    return replace(its, humans=0.0, defects=0.0, honest=0.0, signal_cost=0.0)


class TogetherWatcher(Watcher):
    """Drives the validation seeds with all combinations of goals."""

    def _limits(self) -> dict[str, Reference]:
        return {}

    def _score(self) -> float:
        (scenario,) = self.run.scenarios
        agents = [PolicyAgent(self.model.policy)]
        story = drive_together(agents, scenario, rules_of(self.run), VALIDATION_SEEDS[: len(SEEDS)])
        for name, its in rates(story).items():
            self.logger.record(f"evaluation/{name}", its)
        return known_channel(scenario).communication(story.by_seed)

    def _set_worlds(self) -> VecEnv | None:
        """Set honestly the lamps of as many agents as it is time for."""
        env, own = self.model.get_env(), self.run.options
        assert isinstance(env, KindergartenVecEnv) and isinstance(own, Together)
        if not own.fade:
            return None
        done = (self.model.num_timesteps - self.run.schedule_begins) / (self.total - self.run.schedule_begins)
        env.envs.simulator.set_honest(max(1.0 - done / own.fade, own.rules.honest))
        return env

    def _show(self) -> None:
        """Nothing is drawn of several agents."""


def rates(story: Encounters) -> dict[str, float]:
    """How often agents collide, reach their goals, leave the road, and come too late."""
    ends = {"collision": End.COLLISION, "goal": End.GOAL, "off_road": End.OFF_ROAD, "time_limit": End.TIME_LIMIT}
    return {f"{name}_rate": story.share(end) for name, end in ends.items()}


def interval(found: Channel, returns: np.ndarray) -> tuple[float, float]:
    """95 % bootstrap interval over seeds of ``communication``, a ratio of means; returns (seeds,)."""

    def ratio(rows: np.ndarray) -> np.ndarray:
        told, muted, ours = (its[rows].mean(axis=1) for its in (found.told, found.muted, returns))
        return (ours - muted) / (told - muted)

    return bootstrap(ratio, len(returns))


@dataclass(frozen=True)
class Examined:
    """What became of agents on SEEDS.

    story: all combinations of goals. changed: (A, W) who listens, see ``listens``. found: score, fate, what they say,
    how they fare among honest humans, and without any lamp, as ``evaluation.json`` holds it.
    """

    story: Encounters
    changed: np.ndarray
    found: dict[str, Any]


def examined(model: MemoryPPO, scenario: Scenario, rules: Rules) -> Examined:
    """Drive all that is asked of one population."""
    agents, channel = [PolicyAgent(model.policy)], known_channel(scenario)
    story = drive_together(agents, scenario, rules, SEEDS)
    changed = listens(agents, scenario, rules, SEEDS, story)
    among = drive_together(agents, scenario, replace(rules, humans=1.0), SEEDS)
    beside = {"return_mean": float(among.by_seed.mean()), **rates(among)}
    dark = drive_together(agents, scenario, replace(rules, signals=Lamps.OFF), SEEDS)
    found = {
        "communication": channel.communication(story.by_seed),
        "communication_ci95": list(interval(channel, story.by_seed)),
        "return_mean": float(story.by_seed.mean()),
        "told": float(channel.told.mean()),
        "muted": float(channel.muted.mean()),
        **rates(story),
        "language": language(story, changed),
        "among_honest_humans": beside,
        "without_lamps": {"communication": channel.communication(dark.by_seed), **rates(dark)},
        "decisions": int(model.num_timesteps),
    }
    return Examined(story, changed, found)


def crossed(agents: Sequence[Agent], scenario: Scenario, rules: Sequence[Rules], home: Sequence[float]) -> np.ndarray:
    """(K, K) ``communication`` of each in the first seat, row by row, with each in the second.

    rules: of each; two meet by those of whoever has the first seat. home: what each reaches with its own.
    """
    channel, met = known_channel(scenario), np.diag(np.array(home, float))
    for i, j in permutations(range(len(agents)), 2):
        story = drive_together([agents[i], agents[j]], scenario, rules[i], SEEDS)
        met[i, j] = channel.communication(story.by_seed)
    return met


def film(model: MemoryPPO, scenario: Scenario, rules: Rules, agent: str) -> Replay:
    """A replay of the first seed, once with every combination of goals, as each seat sees it: all minds."""
    driver = PolicyAgent(model.policy, look=True)
    story = drive_together([driver], scenario, rules, SEEDS[:1], record=True)
    return replay_of(Playground(scenario, 1, rules), story.episodes, agent)


def evaluate_together(run: Run, allow_pickle: bool = False, quiet: bool = False) -> dict[str, Any]:
    """Score a run's best agents, write evaluation.json, and say what came out."""
    (scenario,) = run.scenarios
    rules = rules_of(run)
    model = run.load_model(allow_pickle)
    result = {**examined(model, scenario, rules).found, **run.identity(scenario.name)}
    result["signals"] = rules.signals.name.lower()
    if (total := decisions_of(run, result["decisions"])) != result["decisions"]:
        result["last_checkpoint"] = {"decisions": total}
    run.write_json("evaluation.json", result)
    if not quiet:
        print(told_in_words(result))
    return result


def decisions_of(run: Run, otherwise: int) -> int:
    """How many its training has taken so far; ``otherwise`` where no last checkpoint can tell."""
    try:
        return checkpoint.read(run.checkpoint("last")).decisions
    except ValueError as error:
        note(str(error))
        return otherwise


def told_in_words(result: dict[str, Any]) -> str:
    """What came out, as people read it."""
    low, high = map(decimals, result["communication_ci95"])
    mine, muted, told = (decimals(result[name], 3) for name in ("return_mean", "muted", "told"))
    its, decisions = result["language"], result["decisions"]
    total = result.get("last_checkpoint", {}).get("decisions", decisions)
    untrained = "These are the agents that the training began with: no others have been checked yet. Train longer."
    said = "; ".join(
        f"{goal}: " + ", ".join(f"{word} {share:.0%}" for word, share in words.items())
        for goal, words in its["said"].items()
    )
    return "\n".join(
        (
            f"{result['scenario']}, lamps {result['signals']}, best checkpoint, after {decisions:,} of {total:,} "
            "decisions:",
            f"communication {decimals(result['communication'])} ({low} to {high}): return {mine} where muted is "
            f"{muted} and told {told}; with all lamps dark {decimals(result['without_lamps']['communication'])}",
            f"goals reached {result['goal_rate']:.1%}, collisions {result['collision_rate']:.1%} of agents; among "
            f"honest humans {result['among_honest_humans']['goal_rate']:.1%} and "
            f"{result['among_honest_humans']['collision_rate']:.1%}",
            f"lamps carry {its['bits']:.2f} bits of the goal (chance {its['bits_by_chance']:.2f}), others' lamps "
            f"change what is done in {its['listening']:.0%} of worlds; convention "
            f"{decimals(its['convention'], sign='+')} (+1: the left lamp means left)",
            f"said with each goal: {said}",
            *([untrained] if decisions == 0 < total else []),
        )
    )
