"""What of ours needs Ray, as far as it can be asked without: Ray's modules have stand-ins here."""

from __future__ import annotations

import dataclasses
import socket
import sys
from collections.abc import Iterator
from importlib import import_module
from types import ModuleType, SimpleNamespace
from typing import Any

import gymnasium
import numpy as np
import pytest

from kindergarten import VARIANTS
from kindergarten.agents.runs.options import Options
from kindergarten.envs.rows import rows_env
from kindergarten.playground.drivers import Deed
from kindergarten.scenarios import SCENARIOS
from kindergarten.world.config import Config


class RayError(Exception):
    """Ray's."""


class RayActorError(RayError):
    """Ray's, of a runner that is no more."""


STAND_INS = {
    "ray.exceptions": {"RayError": RayError, "RayActorError": RayActorError},
    **{
        f"ray.rllib.{place}": {name: type(name, (), {}) for name in names}
        for place, names in {
            "algorithms.ppo": ["PPOConfig"],
            "algorithms.ppo.torch.default_ppo_torch_rl_module": ["DefaultPPOTorchRLModule"],
            "core.columns": ["Columns"],
            "core.rl_module.default_model_config": ["DefaultModelConfig"],
            "core.rl_module.rl_module": ["RLModule", "RLModuleSpec"],
            "env.multi_agent_env": ["MultiAgentEnv"],
        }.items()
    },
}
OURS = ("kindergarten.agents.rllib", "kindergarten.agents.runs.cluster")


@pytest.fixture
def ray(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Ray itself, of which a test says what it needs."""
    for place in STAND_INS:
        parts = place.split(".")
        for parent in (".".join(parts[: k + 1]) for k in range(len(parts))):
            monkeypatch.setitem(sys.modules, parent, ModuleType(parent))
    for place, classes in STAND_INS.items():
        vars(sys.modules[place]).update(classes)
    for name in OURS:
        monkeypatch.delitem(sys.modules, name, raising=False)
    yield sys.modules["ray"]
    for name in OURS:
        sys.modules.pop(name, None)


def test_after_a_reset_every_row_drives_from_its_first_action_on(ray: Any):
    """Also where an episode had ended in the step before."""
    rllib, faster = import_module("kindergarten.agents.rllib"), np.full(8, int(Deed.FASTER))
    rows, like = rllib.SeatRows({"scenario": "Meeting", "num_envs": 8}), rows_env("Meeting", 4, endless=True)
    rows.reset(seed=0)
    ended = False
    while not ended:
        _, _, terminated, truncated, _ = rows.step(faster)
        ended = bool((terminated | truncated).any())
    np.testing.assert_array_equal(rows.reset(seed=1)[0], like.reset(seed=1)[0])
    for _ in range(3):
        np.testing.assert_array_equal(rows.step(faster)[0], like.step(faster)[0])


@pytest.mark.parametrize(
    ("settings", "said"), [({"control": "continuous"}, "control='discrete'"), ({"observation": "users"}, "'features'")]
)
def test_an_agent_of_rllib_that_could_not_drive_is_refused(ray: Any, settings: dict[str, Any], said: str):
    rllib, env = import_module("kindergarten.agents.rllib"), gymnasium.make("Kindergarten/Follow-v0", **settings)
    module = sys.modules["ray.rllib.core.rl_module.rl_module"].RLModule()
    vars(module).update(observation_space=env.observation_space, action_space=env.action_space)
    with pytest.raises(ValueError, match=said):
        rllib.RLlibAgent(module)


def test_a_runner_knows_the_scenarios_of_whoever_hires_it(ray: Any, monkeypatch: pytest.MonkeyPatch):
    """Also one of somebody's own, which was registered in another process."""
    cluster, hired = import_module("kindergarten.agents.runs.cluster"), []
    own = dataclasses.replace(SCENARIOS["Follow"], name="Elsewhere")
    monkeypatch.setitem(SCENARIOS, own.name, own)
    options = Options(scenario=own.name, normalize_reward=False, engine="ray", worlds=4)
    remote = SimpleNamespace(remote=lambda *words: hired.append(words) or SimpleNamespace(__ray_ready__=remote))
    ray.remote = lambda **_: lambda runner: remote
    ray.wait = lambda *_, **__: ([], [])
    ray.get_runtime_context = lambda: SimpleNamespace(was_current_actor_reconstructed=False)
    cluster.Crew(options, 2, 0)
    monkeypatch.delitem(SCENARIOS, own.name)
    runner = cluster.Runner(*hired[0])
    assert runner.model.n_envs == 2 and SCENARIOS.pop(own.name) == own
    for variant in VARIANTS:
        del gymnasium.registry[f"Kindergarten/{own.name}{variant}-v0"]


def test_why_no_runner_answers_is_said(ray: Any):
    cluster = import_module("kindergarten.agents.runs.cluster")

    def get(_: Any) -> None:
        raise RayActorError("The actor died in its creation task\n  File x, line 3\nValueError: unknown scenario 'X'\n")

    ray.wait, ray.get = (lambda refs, **_: (refs[:1], refs[1:])), get
    crew = cluster.Crew.__new__(cluster.Crew)
    crew.runners = [SimpleNamespace(drive=SimpleNamespace(remote=object)) for _ in range(2)]
    crew._silent = {}
    with pytest.raises(OSError, match="^none of 2 runners answers: ValueError: unknown scenario 'X'$"):
        crew.ask(range(2), "drive")


@pytest.mark.parametrize(
    ("noted", "variable", "reached"),
    [
        ("old:1", "new:2", ("new", 2)),
        (None, "new:2", ("new", 2)),
        ("old:1", "", ("old", 1)),
        ("old:1", "local", None),
        (None, None, None),
    ],
)
def test_a_run_that_goes_on_is_sent_to_another_cluster(
    ray: Any, monkeypatch: pytest.MonkeyPatch, noted: str | None, variable: str | None, reached: Any
):
    """By RAY_ADDRESS, whatever address it has noted; RAY_ADDRESS=local is this machine."""
    cluster, asked, begun = import_module("kindergarten.agents.runs.cluster"), [], []

    def refuse(where: Any, _: float) -> None:
        asked.append(where)
        raise ConnectionRefusedError("nobody")

    monkeypatch.setattr(socket, "create_connection", refuse)
    ray.init = lambda *words, **_: begun.append(words)
    monkeypatch.setenv("RAY_ADDRESS", variable) if variable is not None else monkeypatch.delenv("RAY_ADDRESS", False)
    options = Options(engine="ray", address=noted, environment=Config())
    if reached is None:
        cluster.connect(options)
        assert begun == [("local",)] and not asked
        return
    with pytest.raises(OSError, match=f"no cluster at {reached[0]}:{reached[1]} .nobody.: .*RAY_ADDRESS=local"):
        cluster.connect(options)
    assert asked == [reached]
