"""Eyes: one row for each road user, and an encoder that attends to those that matter, whatever their order."""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

import kindergarten
from kindergarten.world.codes import Action, Intent, Phase
from kindergarten.world.observation import NUM_EGO, NUM_USER
from tests.driving import same

pytest.importorskip("torch")

import torch as th

from kindergarten import cli
from kindergarten.agents import MemoryPPO, PPOConfig
from kindergarten.agents.evaluation.captions import attention_found
from kindergarten.agents.evaluation.evaluate import record
from kindergarten.agents.learner.choice import Encoder
from kindergarten.agents.learner.encoders import AttentionFeatures, split
from kindergarten.envs import make_sb3
from kindergarten.replay import replay
from kindergarten.scenarios import SCENARIOS
from kindergarten.world.config import Config
from tests.learning import moved_by
from tests.probing import assert_that_captions_are_a_probe

CROSSING = "Kindergarten/Crossing-v0"
SMALL = PPOConfig(n_steps=32, batch_size=256, n_epochs=1, hidden=16, features=16, encoder=Encoder.ATTENTION)
USERS = SCENARIOS["Crossing"].num_users - 1
ids = pytest.mark.parametrize("id", kindergarten.IDS)


def flat(seen: dict[str, np.ndarray]) -> np.ndarray:
    """The observation "users" as "features" has it."""
    return np.concatenate([seen["ego"], seen["users"].reshape(*seen["ego"].shape[:-1], -1)], axis=-1)


def frames(rows: int, users: int = USERS, seed: int = 0) -> th.Tensor:
    """Observations (rows, D) of road users, of whom some are not in sight."""
    dice = np.random.default_rng(seed)
    found = dice.uniform(-1, 1, (rows, NUM_EGO + NUM_USER * users)).astype(np.float32)
    others = found[:, NUM_EGO:].reshape(rows, users, NUM_USER)
    others[:, :, 0] = dice.random((rows, users)) < 0.6
    others *= others[:, :, :1]
    return th.as_tensor(found)


def shuffled(observations: th.Tensor, order: np.ndarray) -> th.Tensor:
    """The same with the road users in another order."""
    users = observations[:, NUM_EGO:].unflatten(1, (-1, NUM_USER))[:, order]
    return th.cat((observations[:, :NUM_EGO], users.flatten(1)), dim=1)


def learner(config: PPOConfig = SMALL, worlds: int = 8) -> MemoryPPO:
    return MemoryPPO.from_config(make_sb3(CROSSING, worlds, seed=0), config, seed=0)


# ---- observation="users"


@ids
def test_the_checkers_are_content_with_rows(id: str):
    from stable_baselines3.common.env_checker import check_env as check_sb3

    env = gymnasium.make(id, observation="users", delay_s=0.4).unwrapped
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        check_env(env, skip_render_check=True)
        warnings.filterwarnings("ignore", message=".*unconventional shape")  # rows are what was asked for
        check_sb3(env)


@ids
def test_rows_hold_the_same_numbers(id: str):
    plain, rows = (gymnasium.make(id, observation=name) for name in ("features", "users"))
    for one, two in [(plain.reset(seed=3)[0], rows.reset(seed=3)[0])] + [
        (plain.step(Action.IDLE)[0], rows.step(Action.IDLE)[0]) for _ in range(12)
    ]:
        assert same(one, flat(two)) and (two["mask"] == (two["users"][:, 0] > 0)).all()
        assert not two["users"][two["mask"] == 0].any()


@pytest.mark.parametrize("mode", ["NextStep", "SameStep"])
def test_a_batch_of_rows_is_the_batch_of_numbers(mode: str):
    made = [
        gymnasium.make_vec(CROSSING, num_envs=3, observation=name, delay_s=0.4, autoreset_mode=mode)
        for name in ("features", "users")
    ]
    (one, _), (two, _) = (envs.reset(seed=3) for envs in made)
    assert same(one, flat(two)) and made[1].observation_space.contains(two)
    ends = 0
    for _ in range(90):
        (one, _, done, late, infos), (two, *_, others) = (envs.step(np.full(3, Action.IDLE)) for envs in made)
        assert same(one, flat(two))
        for i in np.flatnonzero(done | late):
            ends += 1
            if mode == "SameStep":
                assert same(infos["final_obs"][i], flat(others["final_obs"][i]))
    assert ends > 2


@pytest.mark.slow
def test_stock_recurrent_ppo_learns_from_rows_with_our_encoder():
    from sb3_contrib import RecurrentPPO

    envs = make_sb3(CROSSING, 4, seed=0, observation="users", delay_s=0.4)
    kwargs = dict(features_extractor_class=AttentionFeatures, features_extractor_kwargs=dict(size=16))
    model = RecurrentPPO("MultiInputLstmPolicy", envs, 64, batch_size=64, n_epochs=1, policy_kwargs=kwargs)
    assert all(moved_by(model, 256).values())


def test_our_trainer_says_what_it_takes():
    with pytest.raises(ValueError, match="needs a Box: observation 'features' holds all"):
        MemoryPPO("MemoryPolicy", make_sb3(CROSSING, 2, seed=0, observation="users"))


# ---- the encoder


def test_the_order_of_the_road_users_makes_no_difference():
    """... to what is done; and what is thought of them, and how much attention they get, goes where they go."""
    policy, observations = learner().policy, frames(9)
    order = np.random.default_rng(1).permutation(USERS)
    states, starts = policy.no_memories(9), th.ones(9)
    one, two = (policy.think(each, states, starts) for each in (observations, shuffled(observations, order)))
    th.testing.assert_close(one.state.pi[1], two.state.pi[1], atol=1e-5, rtol=0)
    before, after = one.thoughts, two.thoughts
    assert before.probabilities is not None and after.probabilities is not None
    np.testing.assert_allclose(before.probabilities, after.probabilities, atol=1e-5, rtol=0)
    for there, here in ((before.attention, after.attention), (before.captions, after.captions)):
        assert there is not None and here is not None and (there[:, 0] != there[:, 1]).any()
        np.testing.assert_allclose(there[:, order], here, atol=1e-5, rtol=0)


def test_attention_is_shared_among_those_in_sight():
    encoder = learner().policy.pi_features_extractor
    assert isinstance(encoder, AttentionFeatures)
    observations = frames(50)
    weights, unseen = encoder.weights(observations), observations[:, NUM_EGO::NUM_USER] == 0
    assert (weights >= 0).all() and (weights.sum(1) <= 1 + 1e-5).all()
    assert (weights[unseen] == 0).all() and (weights[~unseen] > 0).all()
    nobody = th.zeros(1, observations.shape[1])
    assert (encoder.weights(nobody) == 0).all() and encoder(nobody).isfinite().all()


def test_it_is_the_attention_of_the_module_itself():
    encoder, observations = learner().policy.pi_features_extractor, frames(40)
    assert isinstance(encoder, AttentionFeatures)
    th.nn.init.normal_(encoder.attention.in_proj_bias)  # zeros at the start
    ego, users = split(observations)
    ego, known = encoder.ego(ego).relu(), encoder.user(users).relu()
    answer, weights = encoder.attention(ego[:, None], known, known, users[:, :, 0] == 0)
    th.testing.assert_close(encoder.weights(observations), weights[:, 0, :-1], atol=1e-6, rtol=0)
    th.testing.assert_close(encoder(observations), encoder.layers(th.cat((ego, answer[:, 0]), 1)), atol=1e-5, rtol=0)


def test_the_weights_fit_any_number_of_road_users():
    policy = learner().policy
    more = MemoryPPO.from_config(make_sb3("Kindergarten/Crossroads-v0", 2, seed=0), SMALL, seed=1).policy
    more.load_state_dict(policy.state_dict())
    observations = frames(5)
    alone = th.cat((observations, th.zeros(5, NUM_USER)), dim=1)  # one more, out of sight
    th.testing.assert_close(policy.extract_features(observations), more.extract_features(alone), atol=1e-6, rtol=0)


def test_captions_are_a_probe_here_too():
    assert_that_captions_are_a_probe(learner(PPOConfig(**{**SMALL.__dict__, "caption_coef": 0.0})).learn(256))


def test_the_share_of_those_who_matter_is_over_frames_and_chances():
    attended = np.zeros((3, int(Phase.AFTER), 3))
    attended[0, Phase.CUE] = 1.6, 0.5, 2.0  # two frames: 90 % and 70 % of the attention, one of four in sight
    attended[1, Phase.DELAY] = 0.2, 0.5, 1.0
    attended[2, Phase.CUE] = 9.0, 9.0, 9.0  # of a world in which the signaller does not matter
    found = attention_found(attended, np.array([1.0, 0.5, 0.0]))
    assert found == {
        **{"matters": 0.68, "by_count": 0.3},
        "by_phase": {"cue": {"matters": 0.8, "by_count": 0.25}, "delay": {"matters": 0.2, "by_count": 0.5}},
    }
    assert attention_found(attended, np.zeros(3)) is None


def test_a_replay_tells_whom_the_car_attended_to():
    episode = record(learner(), SCENARIOS["Crossing"], Config(), "somebody").episodes[0]
    assert episode.thoughts.attention is not None and episode.thoughts.captions is not None
    seen = episode.users["seen"][:-1, 1:] == 1
    assert (episode.thoughts.attention[seen] > 0).all() and (episode.thoughts.attention[~seen] == 0).all()
    assert episode.thoughts.captions.shape[2] == len(Intent)


@pytest.mark.usefixtures("few_seeds")
def test_a_run_keeps_its_eyes(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    out = tmp_path / "run"
    small = "--steps 128 --worlds 8 --n-steps 16 --n-epochs 1 --hidden 8 --threads 1"
    words = ["--encoder", "attention", "--trunk", "residual", "--depth", "3", *small.split()]
    assert cli.main(["train", *words, "--out", str(out)]) == 0
    assert replay.read(out / "replays" / "twins.npz").episodes[0].thoughts.attention is not None
    attention = json.loads((out / "evaluation.json").read_text())["attention"]
    assert {attention["matters"], attention["by_count"]} == {1.0}  # in Follow there is nobody else
    assert set(attention["by_phase"]) == {"before", "cue", "delay"}
    capsys.readouterr()
    assert cli.main(["evaluate", str(out)]) == 0
    assert "attention to whoever matters, before t3: 100.0%" in capsys.readouterr().out
    for words, said in (
        (["--encoder", "eye"], "unknown encoder 'eye': choose from flat, attention"),
        (["--trunk", "oak"], "unknown trunk 'oak': choose from plain, relu, selu, highway, residual"),
        (["--depth", "0"], "depth is 0: it must be a whole number, from 1 to 32"),
        (["--depth", "33"], "depth is 33"),
    ):
        assert cli.main(["train", *words]) == cli.ERROR
        errors = capsys.readouterr().err
        assert said in errors and errors.count("\n") == 1
