"""The memories to choose from: what each remembers, and that each is saved and loaded."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch as th
from stable_baselines3.common.utils import FloatSchedule

from kindergarten.agents import Memory, MemoryPolicy, MemoryPPO
from kindergarten.agents.learner.memory import FRAMES, MEMORIES, MemorylessLSTM
from kindergarten.agents.runs.compare import COLOURS
from tests.cue_delay import CueDelay
from tests.learning import (
    DISCRETE,
    HIDDEN,
    OBSERVATIONS,
    STEPS,
    WIDTH,
    WORLDS,
    assert_same,
    make_learner,
    make_policy,
)

pytestmark = pytest.mark.usefixtures("seeded")
TRAINING = Path(__file__).resolve().parents[1] / "docs" / "training.md"


@pytest.mark.parametrize("memory", list(Memory))
def test_only_a_memory_remembers(memory):
    """Change a world's first observation: later decisions notice it, except without memory or in a new episode."""
    policy = make_policy(memory.value)
    states = policy.no_memories(WORLDS)
    obs = th.rand(WORLDS, STEPS, WIDTH)
    changed = obs.clone()
    changed[:, 0] += 1.0
    starts = th.zeros(WORLDS, STEPS)
    starts[: WORLDS // 2, STEPS // 2] = 1.0
    latents = [policy.latents(o.flatten(0, 1), states, starts.flatten()) for o in (obs, changed)]
    for before, after in zip(*latents, strict=True):
        differs = (before != after).any(1).view(WORLDS, STEPS)
        assert differs[:, 0].all()
        assert differs[:, 1].all() == (memory is not Memory("none"))
        assert differs[WORLDS // 2 :, -1].any() == (memory not in (Memory("none"), Memory("stack")))
        if memory is Memory("stack"):
            assert differs[:, FRAMES - 1].all() and not differs[:, FRAMES:].any()
        assert not differs[: WORLDS // 2, STEPS // 2 :].any()


def test_without_memory_predictions_forget_too():
    policy = make_policy("none")
    obs = np.random.rand(WORLDS, WIDTH).astype(np.float32)
    _, state = policy.predict(np.random.rand(WORLDS, WIDTH).astype(np.float32), deterministic=True)
    assert state is not None
    with_past, _ = policy.predict(obs, state, np.zeros(WORLDS, bool), deterministic=True)
    noise = tuple(np.random.randn(*s.shape) for s in state)
    with_noise, _ = policy.predict(obs, noise, np.zeros(WORLDS, bool), deterministic=True)
    np.testing.assert_array_equal(with_past, with_noise)


def test_none_is_the_same_network():
    th.manual_seed(7)
    with_memory = make_policy("lstm")
    th.manual_seed(7)
    without = make_policy("none")
    assert isinstance(without.lstm_actor, MemorylessLSTM)
    assert_same(list(with_memory.parameters()), list(without.parameters()), atol=0)


def test_a_stack_of_one_frame_is_no_stack():
    with pytest.raises(ValueError, match="frames is 1"):
        MemoryPolicy(OBSERVATIONS, DISCRETE, lambda _: 1e-3, memory="stack", frames=1)


def test_forget_bias():
    def bias(policy: MemoryPolicy) -> th.Tensor:
        assert isinstance(policy.lstm_critic, th.nn.LSTM)
        _, _, bias_ih, bias_hh = policy.lstm_critic.all_weights[0]
        return (bias_ih + bias_hh)[HIDDEN : 2 * HIDDEN].detach()

    chosen = MemoryPolicy(OBSERVATIONS, DISCRETE, lambda _: 1e-3, forget_bias=1.5, lstm_hidden_size=HIDDEN)
    assert (bias(chosen) == 1.5).all()
    assert (bias(make_policy("lstm")) == 3.0).all()
    assert bias(make_policy("lstm-default")).abs().max() <= 2 / HIDDEN**0.5


def test_a_memory_is_one_class():
    """What people can type, what they read about it and the colour in pictures follow from the class."""
    assert [memory.value for memory in Memory] == list(MEMORIES)
    for memory in Memory:
        assert memory.meaning and memory.meaning == (MEMORIES[memory.value].__doc__ or "").splitlines()[0]
        assert f"| `{memory.value}` | {memory.meaning} |" in TRAINING.read_text("utf-8")
    assert list(COLOURS) == list(Memory) and len(set(COLOURS.values())) == len(Memory)


def test_unknown_memory_names_itself_and_the_choices():
    with pytest.raises(ValueError, match="'elephant'.*none, stack, rnn, gru, lstm, lstm-default"):
        make_policy("elephant")


@pytest.mark.parametrize("memory", list(Memory))
def test_save_and_load(tmp_path, memory):
    learner = make_learner(memory=memory.value).learn(256)
    learner.save(tmp_path / "model.zip")
    learner.policy.save(tmp_path / "policy.pt")
    obs, starts = np.random.rand(8, WIDTH).astype(np.float32), np.ones(8, bool)
    expected, state = learner.predict(obs, None, starts, deterministic=True)
    again = MemoryPPO.load(tmp_path / "model.zip", env=CueDelay(8, delay=(2, 6), width=WIDTH))
    policy = MemoryPolicy.load(tmp_path / "policy.pt")
    for model in (again, policy):
        actions, new_state = model.predict(obs, None, starts, deterministic=True)
        np.testing.assert_array_equal(actions, expected)
        np.testing.assert_array_equal(new_state, state)
    assert again.policy.memory is memory
    again.learn(128, reset_num_timesteps=False)


def test_what_is_changed_in_loading_counts(tmp_path: Path):
    """Each argument of the constructor; one that does not exist, or that the file decides, is named."""
    model = MemoryPPO("MemoryPolicy", CueDelay(8, delay=(2, 6), width=WIDTH), n_steps=16, batch_size=64, ent_coef=0.5)
    model.learn(128)
    model.save(tmp_path / "model.zip")

    def load(**changed: Any) -> MemoryPPO:
        return MemoryPPO.load(tmp_path / "model.zip", env=CueDelay(8, delay=(2, 6), width=WIDTH), **changed)

    again = load(ent_coef=0.25, clip_range=0.125, learning_rate=1e-4, stats_window_size=7, n_steps=8, noise_hold=3.0)
    again.learn(64)
    assert again.ent_coef == 0.25 and FloatSchedule(again.clip_range)(1.0) == 0.125 and again.lr_schedule(1.0) == 1e-4
    assert again.ep_info_buffer is not None and again.ep_info_buffer.maxlen == 7
    assert again.rollout_buffer.buffer_size == again.n_steps == 8 and again.policy.exploration.hold == 3.0
    assert load().learn(128).ent_coef == 0.5
    for wrong in ("entcoef", "policy", "x" * 10_000):
        with pytest.raises(ValueError, match=f"load takes no '{wrong[:6]}.*choose from .*ent_coef"):
            load(**{wrong: 1})
