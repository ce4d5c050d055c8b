"""Runs of several agents in one world: what is said of them while they learn, and what became of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from kindergarten.agents.evaluation.agent import PolicyAgent
from kindergarten.agents.learner.ppo import MemoryPPO
from kindergarten.agents.runs.options import Together
from kindergarten.agents.runs.run import Run
from kindergarten.agents.runs.watcher import VALIDATION_SEEDS, Watcher
from kindergarten.envs.sb3 import KindergartenVecEnv
from kindergarten.output import decimals
from kindergarten.playground.rules import Lamps, Rules
from kindergarten.playground.world import Playground
from kindergarten.playground.worth import SEEDS, Channel, known_channel
from kindergarten.replay.replay import Replay
from kindergarten.replay.seats import SeatsRecorder, replay_of
from kindergarten.replay.thoughts import Thoughts
from kindergarten.scoring.agent import Agent
from kindergarten.scoring.convention import language
from kindergarten.scoring.reference import Reference
from kindergarten.scoring.statistics import bootstrap
from kindergarten.scoring.together import Encounters, combinations, drive_together
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

    def _on_rollout_start(self) -> None:
        super()._on_rollout_start()
        env, own = self.model.get_env(), self.run.options
        assert isinstance(env, KindergartenVecEnv) and isinstance(own, Together)
        if own.fade:
            done = (self.model.num_timesteps - self.run.schedule_begins) / (self.total - self.run.schedule_begins)
            env.envs.simulator.set_honest(max(1.0 - done / own.fade, own.rules.honest))

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


def judged(model: MemoryPPO, scenario: Scenario, rules: Rules, story: Encounters) -> dict[str, Any]:
    """What became of agents in their ``story``, on SEEDS: score, fate, what they say; and among honest humans."""
    agents, found = [PolicyAgent(model.policy)], known_channel(scenario)
    among = drive_together(agents, scenario, replace(rules, humans=1.0), SEEDS)
    beside = {"return_mean": float(among.by_seed.mean()), **rates(among)}
    return {
        "communication": found.communication(story.by_seed),
        "communication_ci95": list(interval(found, story.by_seed)),
        "return_mean": float(story.by_seed.mean()),
        "told": float(found.told.mean()),
        "muted": float(found.muted.mean()),
        **rates(story),
        "language": language(agents, scenario, rules, SEEDS, story),
        "among_honest_humans": beside,
        "decisions": int(model.num_timesteps),
    }


def crossed(agents: Sequence[Agent], scenario: Scenario, rules: Rules) -> np.ndarray:
    """(K, K) ``communication`` of each in the first seat, row by row, with each in the second."""
    size, found = len(agents), known_channel(scenario)
    each = [drive_together([one, other], scenario, rules, SEEDS).by_seed for one in agents for other in agents]
    return np.array([found.communication(returns) for returns in each]).reshape(size, size)


def film(model: MemoryPPO, scenario: Scenario, rules: Rules, agent: str) -> Replay:
    """A replay of the first seed, once with every combination of goals, as each seat sees it: all minds."""
    goals = combinations(Playground(scenario, 1, rules))
    playground, (worlds, seats) = Playground(scenario, len(goals), rules), goals.shape
    playground.seed(np.full(worlds, SEEDS[0]))
    seen = playground.reset(goals=goals)
    recorders = [SeatsRecorder(playground, w, int(SEEDS[0])) for w in range(worlds)]
    driver, state, starts = PolicyAgent(model.policy, look=True), None, np.ones(worlds * seats, bool)
    while playground.acting().any():
        decision = driver.decide(seen.reshape(worlds * seats, -1), state, starts)
        deeds, state, starts = decision.actions.reshape(worlds, seats), decision.state, np.zeros(worlds * seats, bool)
        thoughts = of_everybody(decision.thoughts, playground.num_users)
        seen = playground.step(deeds).observations
        for w, recorder in enumerate(recorders):
            recorder.record(deeds[w], {seat: thoughts[w * seats + seat] for seat in range(seats)})
    episodes = [episode for recorder in recorders for episode in recorder.episodes()]
    return replay_of(playground, episodes, agent)


def of_everybody(thoughts: Thoughts, num_users: int) -> Thoughts:
    """Thoughts whose captions are of the other seats alone, as if they were of all road users: of the rest, nothing."""
    if thoughts.captions is None:
        return thoughts
    missing = num_users - 1 - thoughts.captions.shape[1]
    return replace(thoughts, captions=np.pad(thoughts.captions, ((0, 0), (0, missing), (0, 0))))


def evaluate_together(run: Run, allow_pickle: bool = False, quiet: bool = False) -> dict[str, Any]:
    """Score a run's best agents, write evaluation.json, and say what came out."""
    (scenario,) = run.scenarios
    rules = rules_of(run)
    model = run.load_model(allow_pickle)
    story = drive_together([PolicyAgent(model.policy)], scenario, rules, SEEDS)
    result = {**judged(model, scenario, rules, story), **run.identity(scenario.name)}
    result["signals"] = Lamps(rules.signals).name.lower()
    run.write_json("evaluation.json", result)
    if not quiet:
        print(told_in_words(result))
    return result


def told_in_words(result: dict[str, Any]) -> str:
    """What came out, as people read it."""
    low, high = map(decimals, result["communication_ci95"])
    mine, muted, told = (decimals(result[name], 3) for name in ("return_mean", "muted", "told"))
    its = result["language"]
    said = "; ".join(
        f"{goal}: " + ", ".join(f"{word} {share:.0%}" for word, share in words.items())
        for goal, words in its["said"].items()
    )
    return "\n".join(
        (
            f"{result['scenario']}, lamps {result['signals']}, after {result['decisions']:,} decisions:",
            f"communication {decimals(result['communication'])} ({low} to {high}): return {mine} where muted is "
            f"{muted} and told {told}",
            f"goals reached {result['goal_rate']:.1%}, collisions {result['collision_rate']:.1%} of agents; among "
            f"honest humans {result['among_honest_humans']['goal_rate']:.1%} and "
            f"{result['among_honest_humans']['collision_rate']:.1%}",
            f"lamps carry {its['bits']:.2f} bits of the goal (chance {its['bits_by_chance']:.2f}), others' lamps "
            f"change what is done in {its['listening']:.0%} of worlds; convention "
            f"{decimals(its['convention'], sign='+')} (+1: the left lamp means left)",
            f"said with each goal: {said}",
        )
    )
