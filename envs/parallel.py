"""PettingZoo's ParallelEnv: one world of several agents."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import gymnasium
import numpy as np
from gymnasium import spaces
from pettingzoo import ParallelEnv

from kindergarten.envs.common import check_options, check_seed, started
from kindergarten.playground import playground_named
from kindergarten.playground.drivers import Deed
from kindergarten.playground.rules import Rules, make_rules
from kindergarten.playground.world import Playground
from kindergarten.world.codes import Intent, names
from kindergarten.world.config import Scenario
from kindergarten.world.settings import spelled_out
from kindergarten.world.words import quoted

Frames = dict[str, np.ndarray]
OPTIONS = ("goals", "options")  # the second means nothing: PettingZoo's own tests hand it


class KindergartenParallelEnv(ParallelEnv):
    """One world with ``seat_0``, ``seat_1``, ...: ``parallel_env`` makes it.

    Each has ``Discrete(8)``, in the order of ``kindergarten.playground.drivers.Deed``: they move targets and set lamps,
    and both persist. Each sees one frame, ``kindergarten.playground.sight``'s columns, among them its goal, and nobody
    else's. Whose episode ends leaves ``agents``: terminated at its goal, at a collision or off the road, truncated when
    time is up. ``infos`` are empty: goals are private.
    """

    metadata: ClassVar[dict[str, Any]] = {"name": "kindergarten_playground_v0", "render_modes": []}
    render_mode = None

    def __init__(self, scenario: Scenario, rules: Rules) -> None:
        if rules.endless:
            raise ValueError("endless is True: PettingZoo's agents cannot come back, so their worlds end")
        self.playground = Playground(scenario, 1, rules)
        self.possible_agents = [f"seat_{a}" for a in range(self.playground.agents)]
        self.agents: list[str] = []
        low, high = self.playground.observation_low, self.playground.observation_high
        self._seen, self._does = spaces.Box(low, high, dtype=np.float32), spaces.Discrete(len(Deed))
        every = np.tile(low, len(self.possible_agents)), np.tile(high, len(self.possible_agents))
        self.state_space = spaces.Box(*every, dtype=np.float32)
        self._frames = np.zeros((len(self.possible_agents), len(low)), np.float32)
        self._seeded = False

    def observation_space(self, agent: str) -> spaces.Space:
        """The same for all seats.

        Raises:
            ValueError: there is no such seat.
        """
        self._seat(agent)
        return self._seen

    def action_space(self, agent: str) -> spaces.Space:
        """The same for all seats.

        Raises:
            ValueError: there is no such seat.
        """
        self._seat(agent)
        return self._does

    def reset(self, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Frames, dict[str, dict]]:
        """Sample a new scene.

        Args:
            seed: without one the generator goes on as it was.
            options: ``{"goals": {"seat_0": "left"}}`` gives goals instead of those that are drawn; all else stays.

        Raises:
            ValueError: a seed that is none, an unknown option, seat or goal; nothing has changed.
        """
        goals = self._goals(check_options(options, OPTIONS).get("goals", {}))
        if seed is not None:
            self.playground.seed(started([check_seed(seed)]))
        elif not self._seeded:
            self.playground.seed(np.random.default_rng().integers(1 << 62, size=1))
        self._seeded = True
        self._frames = self.playground.reset(goals=goals)[0]
        self.agents = self._acting()
        return self._by_seat(self._frames, self.agents), {agent: {} for agent in self.agents}

    def step(
        self, actions: Mapping[str, Any]
    ) -> tuple[Frames, dict[str, float], dict[str, bool], dict[str, bool], dict[str, dict]]:
        """Take one decision (0.2 s) of everybody in ``agents``.

        Raises:
            ValueError: an action is lacking, none, or of somebody who has no seat or has ended; nothing has changed.
            gymnasium.error.ResetNeeded: no episode is running.
        """
        if not self.agents:
            raise gymnasium.error.ResetNeeded("call reset() before step(): no episode is running")
        moment = self.playground.step(self._deeds(actions)[None])
        stepped, self._frames = self.agents, moment.observations[0]
        self.agents = self._acting()
        rewards, terminated, truncated = (
            dict(zip(self.possible_agents, row[0].tolist(), strict=True)) for row in moment[1:4]
        )
        ours = ({agent: row[agent] for agent in stepped} for row in (rewards, terminated, truncated))
        return self._by_seat(self._frames, stepped), *ours, {agent: {} for agent in stepped}  # pyright: ignore[reportReturnType]

    def state(self) -> np.ndarray:
        """What all of them see, in the order of ``possible_agents``; zeros for those who are gone."""
        return self._frames.ravel().copy()

    def render(self) -> None:
        """Nothing is drawn."""

    def close(self) -> None:
        """Nothing stays open."""

    def _seat(self, agent: Any) -> int:
        if agent not in self.possible_agents:
            raise ValueError(f"unknown seat {quoted(agent)}: choose from {', '.join(self.possible_agents)}")
        return self.possible_agents.index(agent)

    def _acting(self) -> list[str]:
        return [agent for agent, on in zip(self.possible_agents, self.playground.acting()[0], strict=True) if on]

    def _by_seat(self, frames: np.ndarray, agents: list[str]) -> Frames:
        return {agent: frames[self.possible_agents.index(agent)].copy() for agent in agents}

    def _deeds(self, actions: Mapping[str, Any]) -> np.ndarray:
        """Deeds (A,); IDLE in seats of which nothing is asked."""
        if not isinstance(actions, Mapping):
            raise ValueError(f"actions are {quoted(actions)}: give a dict from seats to actions")
        deeds = np.full(len(self.possible_agents), int(Deed.IDLE))
        for agent in actions:
            if agent not in self.possible_agents:
                raise ValueError(f"unknown seat {quoted(agent)}: choose from {', '.join(self.agents)}")
            if agent not in self.agents:
                raise ValueError(f"{agent} does not drive any more: give actions for {', '.join(self.agents)} alone")
        for agent in self.agents:
            if agent not in actions:
                raise ValueError(f"the action of {agent} is lacking: give one for each of {', '.join(self.agents)}")
            if not self._does.contains(actions[agent]):
                raise ValueError(f"action {quoted(actions[agent])} of {agent} is not within 0..{len(Deed) - 1}")
            deeds[self.possible_agents.index(agent)] = actions[agent]
        return deeds

    def _goals(self, wanted: Any) -> np.ndarray:
        """Goals (1, A) as ``Playground.reset`` takes them."""
        if not isinstance(wanted, dict):
            raise ValueError(f"goals is {quoted(wanted)}: give a dict from seats to goals")
        goals = np.full((1, len(self.possible_agents)), -1)
        for agent, goal in wanted.items():
            seat = self._seat(agent)
            choices = self.playground.choices(seat)
            if goal not in choices:
                raise ValueError(f"{agent} has no goal {quoted(goal)}: choose from {', '.join(choices)}")
            goals[0, seat] = names(Intent).index(goal)
        return goals


@spelled_out(Rules)
def parallel_env(scenario: str | Scenario = "Meeting", **rules: Any) -> KindergartenParallelEnv:
    """One world of several agents, as PettingZoo's ParallelEnv.

    Args:
        scenario: by name, or one whose first members learn.
        rules: see ``kindergarten.playground.rules.Rules``.

    Raises:
        ValueError: there is no such scenario, it has no seats, or a rule makes no sense here.
    """
    return KindergartenParallelEnv(playground_named(scenario), make_rules(**rules))
