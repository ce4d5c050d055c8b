"""Evaluation: every intent of every seed once, on the scale from blind (0) to oracle (1)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch as th
from rich.console import Console
from rich.table import Table

from kindergarten.agents.evaluation.captions import Diary, Frames, assess, attention_found, caption_table
from kindergarten.agents.learner.policies import Thoughts
from kindergarten.agents.learner.ppo import MemoryPPO
from kindergarten.replay.episode import Recorder
from kindergarten.replay.replay import Replay
from kindergarten.scoring.planner import chances, twins
from kindergarten.scoring.reference import SEEDS, reference
from kindergarten.world.codes import End, Intent, Kind, names
from kindergarten.world.config import Config, Scenario
from kindergarten.world.simulator import Simulator
from kindergarten.world.spaces import Observer

MATTERS = 1e-3  # of the return: where knowing the signaller's intent is worth more than that, it matters


@dataclass(frozen=True)
class Outcome:
    """What became of S seeds with each of I intents."""

    returns: np.ndarray  # (I, S)
    ends: np.ndarray  # (I, S) End
    chances: np.ndarray  # (I, S) of the intents
    frames: Frames | None = None  # what the agent thought of the others, if that was noted
    attended: np.ndarray | None = None  # (I * S, phases, 3) to whom it attended, see Diary

    def mean(self, values: np.ndarray) -> np.ndarray:
        """Mean of ``values`` (I, S) over the intents, weighted by their chances: (S,)."""
        return (self.chances * values).sum(axis=0)


class Driver:
    """A trained agent at the wheel of all worlds of a simulator; deterministic, with its memory and its eyes."""

    def __init__(self, model: MemoryPPO, simulator: Simulator) -> None:
        self.policy = model.policy
        self.policy.set_training_mode(False)
        self._observer = Observer.for_space(self.policy.observation_space, simulator)
        self._states = self.policy.no_memories(simulator.num_worlds)
        self._starts = th.zeros(simulator.num_worlds)  # nothing is remembered yet, so nothing has to be forgotten

    def think(self, observations: np.ndarray, look: bool = False) -> Thoughts:
        """Decide on the simulator's observations (W, D), and remember them; ``look`` inside the memory while at it."""
        thoughts = self.policy.think(
            th.as_tensor(self._observer.observe(observations)), self._states, self._starts, look
        )
        self._states = thoughts.states
        return thoughts


def drive(
    model: MemoryPPO, scenario: Scenario, config: Config, seeds: np.ndarray = SEEDS, captions: bool = False
) -> Outcome:
    """Drive every intent of every seed to its end; with ``captions`` note what the agent thinks, if it says so."""
    simulator = twins(scenario, config, seeds)
    driver, observations = Driver(model, simulator), simulator.observe()
    returns, weights = np.zeros(simulator.num_worlds), chances(simulator)
    every = np.tile(seeds, len(scenario.intents))
    diary = Diary(simulator, every, weights.flatten()) if captions and model.policy.num_labels else None
    while (simulator.worlds["end"] == End.RUNNING).any():
        thoughts = driver.think(observations)
        if diary is not None and thoughts.captions is not None:
            attention = None if thoughts.attention is None else thoughts.attention.numpy()
            diary.note(thoughts.captions.numpy(), attention)
        observations, rewards, *_ = simulator.step(thoughts.actions.numpy())
        returns += rewards  # worlds that have ended earn nothing
    ends = simulator.worlds["end"].reshape(weights.shape)
    outcome = Outcome(returns.reshape(weights.shape), ends, weights)
    return replace(outcome, frames=diary.frames(), attended=diary.attended) if diary else outcome


def evaluate(model: MemoryPPO, scenario: Scenario, config: Config) -> dict[str, Any]:
    """The scores of an agent on the setting's seeds, as ``evaluation.json`` holds them."""
    limits = reference(scenario, config)
    outcome = drive(model, scenario, config, limits.seeds, captions=True)
    returns = outcome.mean(outcome.returns)
    matters = np.where(limits.oracle - limits.blind > MATTERS, outcome.chances, 0.0)
    attention = None if outcome.attended is None else attention_found(outcome.attended, matters.flatten())
    crashed, arrived = outcome.ends == End.COLLISION, outcome.ends == End.GOAL
    return {
        "scenario": scenario.name,
        "delay_s": config.delay_s,
        "decisions": int(model.num_timesteps),
        "episodes": int(outcome.returns.size),
        "return_mean": float(returns.mean()),
        "blind": float(limits.blind.mean()),
        "oracle": float(limits.oracle.mean()),
        "stakes": limits.stakes,
        "anticipation": limits.anticipation(returns),
        "anticipation_ci95": limits.interval(returns),
        "collision_rate": float(outcome.mean(crashed).mean()),
        "goal_rate": float(outcome.mean(arrived).mean()),
        "by_intent": {
            names(Intent)[intent]: {
                "return_mean": float(outcome.returns[k].mean()),
                "collision_rate": float(crashed[k].mean()),
                "goal_rate": float(arrived[k].mean()),
            }
            for k, intent in enumerate(scenario.intents)
        },
        **({} if outcome.frames is None else {"captions": assess(outcome.frames)}),
        **({} if attention is None else {"attention": attention}),
    }


def record(model: MemoryPPO, scenario: Scenario, config: Config, agent: str) -> Replay:
    """A replay of twins: the first seed on which a cyclist signals, once with every intent."""
    simulator = twins(scenario, config, SEEDS)
    rows = np.arange(len(SEEDS))
    signaller = simulator.users[rows, simulator.worlds["signaller"][rows]]
    told = (signaller["kind"] == Kind.CYCLIST) & (signaller["truthful"] == 1)
    seed = SEEDS[int(told.argmax())]
    simulator = twins(scenario, config, np.array([seed]))
    recorders = [Recorder(simulator, w, int(seed)) for w in range(simulator.num_worlds)]
    driver, observations = Driver(model, simulator), simulator.observe()
    while (simulator.worlds["end"] == End.RUNNING).any():
        thoughts = driver.think(observations, look=True)
        actions, mind = thoughts.actions.numpy(), _mind(thoughts, simulator)
        observations = simulator.step(actions).observations
        for w, recorder in enumerate(recorders):
            recorder.record(actions[w], *(None if array is None else array[w] for array in mind))
    return Replay.of(simulator, [recorder.episode() for recorder in recorders], agent)


def _mind(thoughts: Thoughts, simulator: Simulator) -> list[np.ndarray | None]:
    """What ``Recorder.record`` wants to know of W worlds; no opinion on those of whom there is nothing to be told."""
    cells, gates = thoughts.inside or (None, None)
    told = (thoughts.values, thoughts.probabilities, thoughts.captions, thoughts.attention, cells, gates)
    values, chances, captions, attention, *inside = (None if array is None else array.numpy() for array in told)
    captions, attention = (None if rows is None else simulator.by_user(rows) for rows in (captions, attention))
    if captions is not None:
        captions = captions * simulator.choosing()[:, :, None]
    return [values, chances, captions, attention, *inside]


def print_table(found: dict[str, Any]) -> None:
    """Print one evaluation as people read it."""
    low, high = found["anticipation_ci95"]
    delay = "{:g}..{:g} s".format(*found["delay_s"])
    title = f"{found['scenario']}, delay {delay}, {found['episodes']:,} episodes"
    table = Table(title=title, title_justify="left")
    for heading in ("", "return", "anticipation", "collisions", "goal"):
        table.add_column(heading, justify="left" if heading == "" else "right")
    table.add_row("blind: no memory", f"{found['blind']:.3f}", "0", "", "")
    score = f"[bold]{found['anticipation']:.3f}[/bold] ({low:.3f}..{high:.3f})"
    rates = f"{found['collision_rate']:.1%}", f"{found['goal_rate']:.1%}"
    table.add_row("[bold]this agent[/bold]", f"{found['return_mean']:.3f}", score, *rates)
    for name, row in found["by_intent"].items():
        rates = f"{row['collision_rate']:.1%}", f"{row['goal_rate']:.1%}"
        table.add_row(f"  user 1: {name}", f"{row['return_mean']:.3f}", "", *rates)
    table.add_row("oracle: intents known", f"{found['oracle']:.3f}", "1", "", "")
    Console().print(table)
    if "captions" in found:
        Console().print(caption_table(found["captions"]))
    if "attention" in found:
        to, count = (found["attention"][name] for name in ("matters", "by_count"))
        print(f"attention to whoever matters, before t3: {to:.1%} (by count {count:.1%})")
