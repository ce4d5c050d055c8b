"""A CNN on pictures: in our trainer and in the stock one, in a run, in replays, and for other programs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gymnasium import spaces

pytest.importorskip("torch")

import torch as th
from stable_baselines3.common.callbacks import BaseCallback

from kindergarten import cli
from kindergarten.agents import MemoryPPO, PPOConfig
from kindergarten.agents.evaluation.agent import PolicyAgent
from kindergarten.agents.evaluation.evaluate import exam_for, record
from kindergarten.agents.learner.choice import Encoder
from kindergarten.agents.learner.encoders import CnnFeatures
from kindergarten.agents.runs import checkpoint
from kindergarten.envs import make_sb3
from kindergarten.replay import replay
from kindergarten.scenarios import SCENARIOS
from kindergarten.world.config import Config
from tests.learning import moved_by
from tests.probing import assert_that_captions_are_a_probe

FOLLOW = "Kindergarten/Follow-v0"
SMALL = PPOConfig(n_steps=16, batch_size=64, n_epochs=1, hidden=16, features=16, encoder=Encoder.CNN)


def learner(worlds: int = 8, **kwargs: Any) -> MemoryPPO:
    return MemoryPPO.from_config(make_sb3(FOLLOW, worlds, seed=0, observation="pixels", **kwargs), SMALL, seed=0)


def test_channels_first_or_last_makes_no_difference():
    last, first = spaces.Box(0, 255, (40, 64, 3), np.uint8), spaces.Box(0, 255, (3, 40, 64), np.uint8)
    one, two = CnnFeatures(last, 16), CnnFeatures(first, 16)
    two.load_state_dict(one.state_dict())
    pictures = th.rand(5, 40, 64, 3)
    th.testing.assert_close(one(pictures), two(pictures.permute(0, 3, 1, 2)))
    with pytest.raises(ValueError, match="the encoder 'cnn' needs pictures: observation='pixels'"):
        CnnFeatures(spaces.Box(-1, 1, (22,)))


@pytest.mark.parametrize("kwargs", [{}, {"image_size": (32, 40), "grayscale": True}], ids=str)
def test_our_trainer_learns_from_pictures_as_they_are(kwargs: dict[str, Any]):
    """... channels last, in bytes, in a rollout too."""
    model = learner(**kwargs)
    assert any(moved for name, moved in moved_by(model, 256).items() if "extractor" in name)
    observations = model.rollout_buffer.observations
    assert observations.dtype == np.uint8 and observations.shape == (16, 8, *(model.observation_space.shape or ()))
    assert observations.any() and (observations[0] != observations[-1]).any()
    action, _ = model.predict(observations[0], deterministic=True)
    assert action.shape == (8,)


@pytest.mark.slow
def test_stock_recurrent_ppo_learns_from_pictures_with_its_own_network():
    from sb3_contrib import RecurrentPPO

    envs = make_sb3(FOLLOW, 2, seed=0, observation="pixels", delay_s=0.4)
    model = RecurrentPPO("CnnLstmPolicy", envs, 16, batch_size=16, n_epochs=1)
    assert all(moved_by(model, 32).values())


def test_captions_are_a_probe_here_too():
    assert_that_captions_are_a_probe(learner().learn(128))


class Keep(BaseCallback):
    """Writes a checkpoint after so many decisions."""

    def __init__(self, path: Path, decisions: int) -> None:
        super().__init__()
        self.path, self.decisions = path, decisions

    def _on_rollout_start(self) -> None:
        if self.num_timesteps == self.decisions:
            checkpoint.write(self.path, checkpoint.capture(self.model))  # pyright: ignore[reportArgumentType]

    def _on_step(self) -> bool:
        return True


def test_training_goes_on_bit_for_bit(tmp_path: Path):
    path, whole, other = tmp_path / "last.safetensors", learner(), learner()
    whole.learn(384, Keep(path, 128))
    checkpoint.put(other, checkpoint.read(path))
    other.learn(256, reset_num_timesteps=False)
    assert (whole.num_timesteps, other.num_timesteps) == (384, 384)
    assert all(map(th.equal, whole.policy.parameters(), other.policy.parameters()))


def test_a_driver_sees_what_it_was_trained_on():
    model = learner()
    exam = exam_for(model, SCENARIOS["Follow"], Config(), np.arange(2))
    seen, _ = exam.reset()
    probabilities = PolicyAgent(model.policy).decide(seen, None, np.ones(6, bool)).thoughts.probabilities
    envs = make_sb3(FOLLOW, 2, seed=0, observation="pixels")
    pictures = th.as_tensor(envs.reset())
    states = model.policy.no_memories(2)
    wanted = model.policy.think(pictures, states, th.zeros(2)).thoughts.probabilities
    assert probabilities is not None and wanted is not None
    np.testing.assert_allclose(probabilities[:2], wanted, rtol=1.3e-6, atol=1e-5)  # the first intents, before the cue


def test_a_replay_holds_no_pictures():
    """It is as small as any other: they can be painted again."""
    found = record(learner(), SCENARIOS["Follow"], Config(), "somebody")
    assert found.episodes[0].thoughts.captions is not None and found.episodes[0].thoughts.cells is not None


@pytest.mark.usefixtures("few_seeds")
def test_a_run_that_sees_pixels(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    out = tmp_path / "run"
    small = "--worlds 4 --steps 64 --n-steps 16 --n-epochs 1 --hidden 16 --image-size 32 32"
    assert cli.main(["train", "--encoder", "cnn", *small.split(), "--out", str(out)]) == 0
    found = json.loads((out / "evaluation.json").read_text())
    assert found["eyes"] == "cnn" and found["captions"]["agent"]["frames"] > 0
    assert len(replay.read(out / "replays" / "twins.npz").episodes) == 3
    capsys.readouterr()
    assert cli.main(["evaluate", str(out)]) == 0
    assert json.loads((out / "evaluation.json").read_text())["anticipation"] == found["anticipation"]
    assert cli.main(["diagnose", str(out)]) == cli.ERROR
    assert "looks at pixels: diagnose asks what single columns of 'features' do" in capsys.readouterr().err


def test_other_programs_take_pictures():
    pytest.importorskip("onnx")
    runtime = pytest.importorskip("onnxruntime")
    from kindergarten.agents.runs.export import to_onnx

    policy = learner().policy
    session = runtime.InferenceSession(to_onnx(policy), providers=["CPUExecutionProvider"])
    pictures = np.random.default_rng(0).integers(0, 256, (5, 64, 64, 3)).astype(np.uint8)
    h, c = policy.no_memories(5).pi
    outputs = session.run(["outputs"], {"observation": pictures, "h": h.numpy(), "c": c.numpy()})[0]
    wanted = policy.think(th.as_tensor(pictures), policy.no_memories(5), th.zeros(5)).thoughts.probabilities
    assert wanted is not None
    np.testing.assert_allclose(th.as_tensor(outputs).softmax(1), wanted, atol=1e-4, rtol=0)
