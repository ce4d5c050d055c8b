"""Whoever drives: what is called, and how; what is refused, and with which words."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest
from stable_baselines3 import PPO
from stable_baselines3.common.vec_env import VecNormalize

import kindergarten
from kindergarten.envs import make_sb3
from kindergarten.scoring.agent import Decision, FunctionAgent, PredictAgent
from kindergarten.scoring.exam import Exam
from tests.test_score import FEW, Predicts, idle


def refused(words: str, agent: object = idle, scenario: str = "Follow", **settings: Any) -> None:
    with pytest.raises((ValueError, OSError)) as caught:
        kindergarten.score(agent, scenario, **settings)
    assert words in str(caught.value), caught.value


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda o: np.ones(3, int), "actions have shape (3,)"),
        (lambda o: np.full(len(o), np.nan), "action nan is float64: whole numbers are needed"),
        (lambda o: np.full(len(o), 7), "action 7 is not within 0..4"),
        (lambda o: None, "actions"),
        (lambda o: [[1], [1, 2]], "the agent's actions are [[1], [1, 2]]: an array was expected"),
        (lambda o: (idle(o), None), "the agent's actions are (array([1, 1, 1"),
    ],
)
def test_impossible_actions_are_named(answer, words):
    refused(words, answer, seeds=FEW)


@pytest.mark.parametrize("value", [np.nan, 1.5, -np.inf])
def test_impossible_pedals_are_named(value):
    refused(f"action {value:g} is not within -1..1", lambda o: np.full((len(o), 2), value), control="continuous")


def test_what_does_not_fit_is_named_with_the_choices():
    refused("unknown scenario 'Folow': choose from Follow, Crossing", scenario="Folow")
    refused("speed", speed=3)
    refused("delay_s is", delay_s=-1)
    refused("seeds is []", seeds=[])
    refused("seeds is [-1]", seeds=[-1])
    refused("the agent is 3", 3)
    refused("the agent is the class Predicts: name one that has been made, as Predicts()", Predicts)
    refused("takes other arguments", lambda a, b: a)
    refused("(actions, state) was expected", lambda o, s, e: idle(o))
    refused("no.zip", "no.zip")
    refused("is no agent", "no.txt")
    refused("xxx...xxx", "x" * 10_000)


@pytest.mark.parametrize("observation", ["features", "users"])
def test_an_agent_sees_what_its_own_normalization_makes_of_observations(observation: Any, tmp_path: Path):
    envs = make_sb3("Kindergarten/Follow-v0", 4, seed=0, observation=observation)
    vec = VecNormalize(envs, clip_obs=1.0)
    model: Any = PPO("MultiInputPolicy" if observation == "users" else "MlpPolicy", vec, n_steps=32, seed=0)
    model.learn(256)
    model.save(tmp_path / "model.zip")
    vec.save(str(tmp_path / "normalize.pkl"))
    again = PPO.load(tmp_path / "model.zip", env=VecNormalize.load(str(tmp_path / "normalize.pkl"), envs))
    raw: Any = envs.reset()
    normal = vec.normalize_obs(raw)
    bare = PPO.load(tmp_path / "model.zip")
    for agent, wanted in ((model, normal), (again, normal), (bare, raw)):
        assert alike(handed(agent, raw), wanted) and not alike(raw, normal)
    vec.norm_obs = False
    assert alike(handed(model, raw), raw)
    assert kindergarten.score(model, "Follow", seeds=FEW, observation=observation).returns.shape[1] == len(FEW)


def handed(model: Any, observations: Any) -> Any:
    """What ``predict`` gets of them."""
    found = []
    model.predict = lambda seen, **others: found.append(seen) or type(model).predict(model, seen, **others)
    PredictAgent(model).decide(observations, None, np.ones(4, bool))
    del model.predict
    return found[0]


def alike(one: Any, two: Any) -> bool:
    names = one if isinstance(one, dict) else [...]
    return all(np.array_equal(one[name], two[name]) for name in names)


@pytest.mark.parametrize("observation", ["features", "users"])
def test_an_agent_of_another_observation_is_refused(observation: Any):
    crossing = Exam("Crossing", seeds=FEW[:1], observation=observation)

    class Other(Predicts):
        observation_space = crossing.single_observation_space

    ours = Exam("Follow", seeds=FEW[:1], observation=observation).single_observation_space
    with pytest.raises(ValueError) as caught:
        kindergarten.score(Other(), "Follow", seeds=FEW, observation=observation)
    sizes = [(space["users"] if isinstance(space, gymnasium.spaces.Dict) else space).shape
             for space in (crossing.single_observation_space, ours)]  # fmt: skip
    assert all(str(size) in str(caught.value) for size in sizes) and len(str(caught.value)) < 300


class Wrong:
    """Agents that nearly are."""

    class NoState:
        def predict(self, observation, state=None, episode_start=None, deterministic=False):
            return idle(observation)

    class OneArgument:
        def predict(self, observation):
            return idle(observation)

    class NoDecision:
        def decide(self, observations, state, episode_starts):
            return idle(observations)

    class TwoArguments:
        def decide(self, observations, state):
            return Decision(idle(observations), None)

    class Ragged:
        def decide(self, observations, state, episode_starts):
            return Decision([[1], [1, 2]], None)  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        (Wrong.NoState(), "the agent's predict returned array([1, 1"),
        (Wrong.OneArgument(), "the agent's predict takes (observation): it must take (observation, state, episode_s"),
        (Wrong.NoDecision(), "the agent's decide returned array([1, 1"),
        (Wrong.TwoArguments(), "the agent's decide takes (observations, state): it must take (observations, state, ep"),
        (Wrong.Ragged(), "the agent's actions are [[1], [1, 2]]: an array was expected"),
    ],
)
def test_an_agent_that_nearly_is_one_is_told_what_is_expected(agent: object, words: str):
    with pytest.raises(ValueError) as caught:
        kindergarten.score(agent, "Follow", seeds=FEW)
    assert words in str(caught.value) and len(str(caught.value)) < 250 and "\n" not in str(caught.value)


def decorated(function):
    """As those do it who forget functools.wraps."""

    def call(*arguments):
        return function(*arguments)

    return call


class Module:
    """As torch has them: called with anything, they go forward."""

    def __init__(self, forward) -> None:
        self.forward = forward

    def __call__(self, *arguments, **named):
        return self.forward(*arguments, **named)


ONE, THREE = (lambda o: 1), (lambda o, s, e: 3)


@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        (ONE, 1),
        (THREE, 3),
        (lambda o, /: 1, 1),
        (lambda o, threshold=0.5, loud=False: 1, 1),
        (lambda o, threshold=0.5, loud=False, *more: 1, 1),
        (lambda o, state=None, starts=None: 3, 3),
        (lambda o, state, starts=None: 3, 3),
        (lambda o, s, e, loud=False: 3, 3),
        (lambda o, s, *rest: 3, 3),
        (lambda *anything: 1, 1),
        (lambda o, *rest, **named: 1, 1),
        (lambda o, *, loud=False: 1, 1),
        (decorated(ONE), 1),
        (functools.wraps(ONE)(decorated(ONE)), 1),
        (functools.wraps(THREE)(decorated(THREE)), 3),
        (functools.partial(lambda o, threshold, loud: 1, threshold=1, loud=2), 1),
        (functools.partial(lambda own, o, s, e: 3, "own"), 3),
        (Module(ONE), 1),
        (Module(THREE), 3),
        (Module(lambda o, hidden=None: 1), 1),
        (len, 1),
        (lambda: 0, None),
        (lambda a, b: 0, None),
        (lambda a, b, c, d: 0, None),
        (lambda o, *, needed: 0, None),
    ],
)
def test_a_callable_is_called_with_as_many_arguments_as_it_needs(function: Any, arguments: int | None):
    if arguments is None:
        return refused("takes other arguments", function)
    agent = FunctionAgent(function)
    assert agent.remembers == (arguments == 3)
    asked = (np.zeros((2, 2)), None, np.zeros(2, bool))[:arguments]
    assert function(*asked) == (2 if function is len else arguments)


def test_a_network_of_torch_is_asked_what_its_forward_takes():
    torch = pytest.importorskip("torch")

    class Network(torch.nn.Module):
        def forward(self, observations):
            return idle(observations)

    found, same = (kindergarten.score(agent, "Follow", seeds=FEW) for agent in (Network(), idle))
    assert found.to_dict() == same.to_dict() and found != same, "arrays are not compared in one go"


@pytest.mark.parametrize(
    "seeds",
    [[2**64], [0, 2**70], [[1], [1, 2]], [[1, 2]], [True], [1.0], "12", 3, np.array(3), np.ones((2, 2), int), {1}],
)
def test_impossible_seeds_are_refused_with_their_limits(seeds: Any):
    refused(f": it must be a list of whole numbers from 0 to {2**64 - 1}", seeds=seeds)


@pytest.mark.parametrize("seeds", [[2**63, 1], range(2), (2**64 - 1,), np.array([3, 2], np.uint8)])
def test_possible_seeds_are_taken_as_they_are(seeds: Any):
    assert Exam("Follow", seeds=seeds).seeds.tolist() == list(seeds)


@pytest.mark.parametrize("recurrent", [False, True], ids=["PPO", "RecurrentPPO"])
def test_models_that_see_pictures_are_scored(recurrent: bool, tmp_path: Path):
    """Stable-Baselines3 turns channels to the front, and its models speak of their space as turned."""
    sb3, contrib = pytest.importorskip("stable_baselines3"), pytest.importorskip("sb3_contrib")
    from kindergarten.envs import make_sb3

    kind, policy = (contrib.RecurrentPPO, "CnnLstmPolicy") if recurrent else (sb3.PPO, "CnnPolicy")
    look: Any = {"observation": "pixels", "image_size": (40, 48), "grayscale": recurrent}
    model = kind(policy, make_sb3("Kindergarten/Follow-v0", 2, **look), n_steps=8, batch_size=8, device="cpu")
    model.save(tmp_path / "it.zip")
    own, told = (
        kindergarten.score(agent, "Follow", seeds=FEW[:2], allow_pickle=True, **more)
        for agent, more in ((model, {}), (tmp_path / "it.zip", look))
    )
    assert own.settings["image_size"] == (40, 48) and own.returns.tolist() == told.returns.tolist()
    refused("observations", model, observation="features")


def test_real_signals_that_are_taken_back_have_no_score():
    """Those that are taken back are true ones there: the oracle, who goes by the last, would not be the best."""
    refused("signals 'real' and rewritten 1 do not go together", signals="real", rewritten=1.0, seeds=FEW)
