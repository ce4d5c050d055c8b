"""observation="pixels" in all shells: what others demand, and that every picture is a fresh one of the right frame."""

from __future__ import annotations

import warnings
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

import kindergarten
from kindergarten.world.codes import Action
from kindergarten.world.pixels import Rasterizer
from tests.driving import same

CROSSING = "Kindergarten/Crossing-v0"
TINY: dict[str, Any] = dict(observation="pixels", image_size=32)
QUICK: dict[str, Any] = {**TINY, "delay_s": 0.4}
ids = pytest.mark.parametrize("id", kindergarten.IDS)


def make_vec(mode: str = "NextStep", num_envs: int = 3, **kwargs: Any) -> Any:
    return gymnasium.make_vec(CROSSING, num_envs=num_envs, autoreset_mode=mode, **{**QUICK, **kwargs})


@ids
@pytest.mark.parametrize("grayscale", [False, True])
def test_the_checkers_are_content(id: str, grayscale: bool):
    from stable_baselines3.common.env_checker import check_env as check_sb3

    env = gymnasium.make(id, observation="pixels", image_size=(40, 48), grayscale=grayscale, delay_s=0.4).unwrapped
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        check_env(env, skip_render_check=True)
        check_sb3(env)


@ids
def test_by_default_it_is_64_by_64_in_colour(id: str):
    space = gymnasium.make(id, observation="pixels").observation_space
    assert isinstance(space, gymnasium.spaces.Box) and space.shape == (64, 64, 3) and space.dtype == np.uint8
    assert (space.low == 0).all() and (space.high == 255).all()


@ids
def test_a_picture_is_of_the_frame_as_it_stands_and_nobody_elses(id: str):
    env: Any = gymnasium.make(id, **TINY).unwrapped
    plain = gymnasium.make(id)
    rasterizer = Rasterizer(env.simulator.road, (32, 32))
    seen, numbers, kept = env.reset(seed=3)[0], plain.reset(seed=3)[0], []
    for _ in range(10):
        assert same(seen, rasterizer.paint(env.simulator.users, numbers[None])[0]) and seen in env.observation_space
        assert not any(np.shares_memory(seen, earlier) for earlier, _ in kept)
        kept.append((seen, seen.copy()))
        seen, numbers = env.step(Action.IDLE)[0], plain.step(Action.IDLE)[0]
    assert all(same(*pair) for pair in kept), "a picture that somebody holds never changes"


@pytest.mark.parametrize("mode", ["NextStep", "SameStep"])
def test_a_world_of_the_batch_is_the_environment_alone(mode: str):
    envs = make_vec(mode)
    alone: list[Any] = [gymnasium.make(CROSSING, **QUICK) for _ in range(3)]
    seen, _ = envs.reset(seed=5)
    views = [env.reset(seed=5 + i)[0] for i, env in enumerate(alone)]
    assert envs.observation_space.contains(seen) and all(same(seen[i], views[i]) for i in range(3))
    ended = np.zeros(3, bool)
    for _ in range(70):
        seen, _, done, late, infos = envs.step(np.full(3, Action.IDLE))
        for i, env in enumerate(alone):
            if ended[i]:
                continue
            view, _, over, out, _ = env.step(Action.IDLE)
            last = infos["final_obs"][i] if mode == "SameStep" and (done | late)[i] else seen[i]
            assert same(last, view) and (over, out) == (done[i], late[i])
        ended |= done | late
    assert ended.all()


def test_worlds_that_are_not_reset_are_painted_as_they_stand():
    envs = make_vec("Disabled")
    envs.reset(seed=1)
    seen = envs.step(np.full(3, Action.IDLE))[0]
    again, _ = envs.reset(options={"reset_mask": np.array([True, False, False])})
    assert same(again[1:], seen[1:]) and not same(again[0], seen[0])


def test_a_snapshot_brings_the_picture_back():
    env: Any = gymnasium.make(CROSSING, **TINY).unwrapped
    env.reset(seed=1)
    blob = env.snapshot()
    one = [env.step(Action.SLOWER)[0] for _ in range(5)]
    env.restore(blob)
    assert all(same(a, env.step(Action.SLOWER)[0]) for a in one)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"image_size": 30}, "image_size is 30: it must be one or two multiples of 8 from 32 to 256"),
        ({"image_size": 84}, "image_size is 84"),
        ({"image_size": (64, 512)}, r"image_size is \(64, 512\)"),
        ({"image_size": (64, 64, 3)}, "image_size is"),
        ({"image_size": 64.0}, "image_size is 64.0"),
        ({"image_size": True}, "image_size is True"),
        ({"image_size": "64"}, "image_size is '64'"),
        ({"image_size": None}, "image_size is None"),
        ({"grayscale": 1}, "grayscale is 1: it must be True or False"),
        ({"observation": "picture"}, "unknown observation 'picture': choose from features, users, pixels"),
    ],
    ids=str,
)
def test_what_cannot_be_asked_for(wrong: dict[str, Any], words: str):
    for make in (gymnasium.make, gymnasium.make_vec):
        with pytest.raises(ValueError, match=words):
            make(CROSSING, **{"observation": "pixels", **wrong})
