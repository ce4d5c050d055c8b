"""The fast trainer is RecurrentPPO: the same numbers, gradients and actions, from other code."""

import numpy as np
import pytest
import torch as th
from gymnasium import spaces
from sb3_contrib import RecurrentPPO
from sb3_contrib.common.recurrent.buffers import RecurrentRolloutBuffer
from sb3_contrib.common.recurrent.policies import RecurrentActorCriticPolicy
from sb3_contrib.common.recurrent.type_aliases import RecurrentRolloutBufferSamples, RNNStates
from stable_baselines3.common.utils import LinearSchedule

from kindergarten.agents import Memory, MemoryPolicy, MemoryPPO
from kindergarten.agents.learner.buffer import WorldRolloutBuffer
from kindergarten.agents.learner.encoders import MlpFeatures
from tests.cue_delay import CueDelay
from tests.learning import (
    CONTINUOUS,
    DISCRETE,
    HIDDEN,
    OBSERVATIONS,
    STEPS,
    WIDTH,
    WORLDS,
    assert_same,
    assert_same_weights,
    make_learner,
    make_policy,
    moved_by,
)

pytestmark = pytest.mark.usefixtures("seeded")


def make_parent(policy: MemoryPolicy) -> RecurrentActorCriticPolicy:
    """sb3-contrib's policy with the same weights."""
    parent = RecurrentActorCriticPolicy(
        policy.observation_space,
        policy.action_space,
        lambda _: 1e-3,
        net_arch=[],
        features_extractor_class=MlpFeatures,
        lstm_hidden_size=HIDDEN,
        shared_lstm=policy.shared_lstm,
        enable_critic_lstm=not policy.shared_lstm,
    )
    parent.load_state_dict(policy.state_dict())
    return parent


def fill(buffer: RecurrentRolloutBuffer, seed: int = 0) -> None:
    """A rollout of random numbers with episodes of random length, some of one decision only."""
    rng = np.random.default_rng(seed)
    draws = th.Generator().manual_seed(seed)
    for step in range(buffer.buffer_size):
        states = [th.randn(1, WORLDS, buffer.hidden_state_shape[3], generator=draws) * 0.5 for _ in range(4)]
        discrete = isinstance(buffer.action_space, spaces.Discrete)
        action = rng.integers(5, size=(WORLDS, 1)) if discrete else rng.uniform(-1, 1, (WORLDS, 2))
        obs = rng.uniform(-1, 1, (WORLDS, WIDTH)).astype(np.float32)
        obs[:, 0] = np.arange(WORLDS) * STEPS + step  # a row's number, so that it can be found again
        buffer.add(
            obs,
            action,
            rng.normal(size=WORLDS),
            rng.random(WORLDS) < 0.2,
            th.randn(WORLDS, 1, generator=draws),
            th.randn(WORLDS, generator=draws),
            lstm_states=RNNStates((states[0], states[1]), (states[2], states[3])),
        )
    buffer.compute_returns_and_advantage(th.randn(WORLDS, 1, generator=draws), rng.random(WORLDS) < 0.5)


def make_buffer(
    kind: type[RecurrentRolloutBuffer], actions: spaces.Space = DISCRETE, state_size: int = HIDDEN
) -> RecurrentRolloutBuffer:
    buffer = kind(STEPS, OBSERVATIONS, actions, (STEPS, 1, WORLDS, state_size), "cpu", 0.9, 0.97, WORLDS)
    fill(buffer)
    return buffer


def evaluate(
    cls: type[RecurrentActorCriticPolicy],
    policy: RecurrentActorCriticPolicy,
    batch: RecurrentRolloutBufferSamples,
    actions: spaces.Space = DISCRETE,
) -> list[th.Tensor]:
    """Values, log-probabilities, entropies and every gradient of ``cls``'s pass, in float64."""
    policy.double().zero_grad()
    policy.extract_features = policy.features_extractor.forward  # SB3's own begins with a cast to float32
    states = RNNStates(*(tuple(s.double() for s in pair) for pair in batch.lstm_states))
    chosen = batch.actions.long().flatten() if isinstance(actions, spaces.Discrete) else batch.actions.double()
    obs = batch.observations.double().clone()
    obs[:, 0] = obs[:, 0] / (WORLDS * STEPS)
    outputs = cls.evaluate_actions(policy, obs, chosen, states, batch.episode_starts.double())
    keep = batch.mask > 0.5
    outputs = [output.flatten()[keep] for output in outputs]
    weight = th.linspace(-1, 1, int(keep.sum()), dtype=th.float64)  # each row has its own say in the loss
    th.stack([(weight * output.sin()).sum() for output in outputs]).sum().backward()
    return [*outputs, *(p.grad.clone() for p in policy.parameters() if p.grad is not None)]


@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize("actions", [DISCRETE, CONTINUOUS])
@pytest.mark.parametrize("kind", [WorldRolloutBuffer, RecurrentRolloutBuffer])
@pytest.mark.parametrize("batch_size", [STEPS * WORLDS, 3 * STEPS + 7])
def test_whole_sequences_equal_the_parent(kind, batch_size, actions, shared):
    """Outputs and every gradient, on our minibatches and on sb3-contrib's padded ones."""
    policy = make_policy(actions=actions, shared=shared)
    parent = make_parent(policy)
    for batch in make_buffer(kind, actions).get(batch_size):
        assert batch.episode_starts.sum() > 1
        ours = evaluate(MemoryPolicy, policy, batch, actions)
        assert_same(ours, evaluate(RecurrentActorCriticPolicy, parent, batch, actions))


@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize("memory", list(Memory))
def test_every_memory_equals_its_steps(memory, shared):
    """The parent's loop over time, on our own modules: one step after the other gives the same."""
    policy = make_policy(memory.value, shared=shared)
    (batch,) = make_buffer(WorldRolloutBuffer, state_size=policy.lstm_hidden_state_shape[2]).get()
    assert_same(evaluate(MemoryPolicy, policy, batch), evaluate(RecurrentActorCriticPolicy, policy, batch))


def test_a_shared_memory_hears_as_much_of_the_critic_as_it_is_told():
    """The values are the same; the gradient is the actor's own plus that share of the critic's."""
    policies = [make_policy(shared=True, critic_gradient=share) for share in (0.0, 0.25, 1.0)]
    (batch,) = make_buffer(WorldRolloutBuffer).get()
    values, gradients = [], []
    for policy in policies:
        policy.load_state_dict(policies[0].state_dict())
        _, latent = policy.latents(batch.observations, batch.lstm_states, batch.episode_starts)
        values.append(policy.value_net(latent))
        values[-1].square().mean().backward()
        gradients.append(policy.lstm_actor.get_parameter("weight_hh_l0").grad)
    assert th.equal(values[0], values[1]) and th.equal(values[0], values[2])
    assert not gradients[0].any() and gradients[2].abs().max() > 1e-3
    th.testing.assert_close(gradients[1], 0.25 * gradients[2])


@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize("actions", [DISCRETE, CONTINUOUS])
@pytest.mark.parametrize("deterministic", [False, True])
def test_a_decision_equals_the_parent(actions, deterministic, shared):
    policy = make_policy(actions=actions, shared=shared)
    obs, starts = th.rand(WORLDS, WIDTH), (th.arange(WORLDS) % 3 == 0).float()
    state = th.randn(1, WORLDS, HIDDEN)
    states = RNNStates((state, state * 2), (state, state * 2) if shared else (state * 3, state * 4))
    results = []
    for each in (policy, make_parent(policy)):
        th.manual_seed(1)
        action, value, log_prob, (pi, vf) = each.forward(obs, states, starts, deterministic)
        results.append([action, value, log_prob, *pi, *vf])
    assert_same(*results, atol=1e-6)


def learners(threads: int, shared: bool) -> tuple[MemoryPPO, RecurrentPPO]:
    """Ours and sb3-contrib's with the same settings, weights and worlds."""
    steps, rate, epochs, gamma, gae_lambda, clip = 24, 1e-3, 2, 0.9, 0.9, 0.1
    numbers = (rate, steps, steps * WORLDS, epochs, gamma, gae_lambda, clip)
    size = dict(lstm_hidden_size=8, shared_lstm=shared)
    layers = dict(net_arch=[], features_extractor_class=MlpFeatures, enable_critic_lstm=not shared, **size)
    ours, theirs = (
        MemoryPPO(MemoryPolicy, env, *numbers, ent_coef=0.02, policy_kwargs=size, threads=threads)
        if mine
        else RecurrentPPO(RecurrentActorCriticPolicy, env, *numbers, ent_coef=0.02, policy_kwargs=layers, device="cpu")
        for mine in (True, False)
        for env in [CueDelay(WORLDS, delay=(2, 9), width=WIDTH, limit=9)]
    )
    theirs.policy.load_state_dict(ours.policy.state_dict())
    assert isinstance(ours, MemoryPPO) and isinstance(theirs, RecurrentPPO)
    return ours, theirs


@pytest.mark.parametrize(("threads", "shared"), [(1, False), (2, False), (1, True), (2, True)])
def test_training_equals_the_parent(monkeypatch, threads, shared):
    """Three updates, rollouts and truncated episodes included, with the rotation of the parent switched off."""
    monkeypatch.setattr(np.random, "randint", lambda *_: 0)
    ours, theirs = learners(threads, shared)
    for learner in (ours, theirs):
        learner.set_random_seed(5)
        learner.learn(3 * 24 * WORLDS)
    assert_same_weights(ours, theirs)


def test_minibatches_hold_every_transition_once_and_cut_no_episode():
    ours, theirs = make_buffer(WorldRolloutBuffer), make_buffer(RecurrentRolloutBuffer)
    columns = ["actions", "values", "log_probs", "advantages", "returns", "episode_starts"]
    expected = {name: getattr(theirs, name).swapaxes(0, 1).reshape(STEPS * WORLDS, -1) for name in columns}
    seen = []
    for batch in ours.get(5 * STEPS):
        row = batch.observations[:, 0].long()
        assert (th.diff(row.view(-1, STEPS), dim=1) == 1).all(), "every decision of a world, in order"
        assert (row.view(-1, STEPS)[:, 0] % STEPS == 0).all()
        found = dict(
            actions=batch.actions,
            values=batch.old_values,
            log_probs=batch.old_log_prob,
            advantages=batch.advantages,
            returns=batch.returns,
            episode_starts=batch.episode_starts,
        )
        for name, column in found.items():
            np.testing.assert_allclose(column.numpy().reshape(len(row), -1), expected[name][row], atol=1e-6)
        world = row.view(-1, STEPS)[:, 0] // STEPS
        np.testing.assert_array_equal(batch.lstm_states.pi[1][0], theirs.cell_states_pi[0, 0][world])
        np.testing.assert_array_equal(batch.lstm_states.vf[0][0], theirs.hidden_states_vf[0, 0][world])
        seen.append(row)
    assert sorted(th.cat(seen).tolist()) == list(range(STEPS * WORLDS))


def test_a_rollout_leaves_nothing_of_the_one_before():
    buffer, fresh = make_buffer(WorldRolloutBuffer), make_buffer(WorldRolloutBuffer)
    list(buffer.get())
    buffer.reset()
    fill(buffer, seed=1)
    fresh.__init__(STEPS, OBSERVATIONS, DISCRETE, (STEPS, 1, WORLDS, HIDDEN), "cpu", 0.9, 0.97, WORLDS)
    fill(fresh, seed=1)
    for a, b in zip(*(sorted(map(tuple, next(x.get()).observations.tolist())) for x in (buffer, fresh)), strict=True):
        assert a == b


def test_a_seed_gives_one_result():
    def weights(seed: int) -> th.Tensor:
        return th.cat([p.flatten() for p in make_learner(seed).learn(512).policy.parameters()])

    assert th.equal(weights(0), weights(0))
    assert not th.equal(weights(0), weights(1))


def test_schedules_reach_their_ends():
    learner = make_learner(learning_rate=1e-2, learning_rate_end=1e-3, ent_coef=0.5, ent_coef_end=0.1).learn(512)
    assert learner.policy.optimizer.param_groups[0]["lr"] == pytest.approx(1e-3)
    assert learner.ent_coef == pytest.approx(0.1)


def test_who_is_trained_on_from_the_start_has_its_schedules_from_the_start():
    """A run that went on with --more says in its .zip when its schedules began: not in another training."""
    learner = make_learner(learning_rate=1e-2, learning_rate_end=1e-3)
    learner.schedule_begins = 384
    learner.learn(512)
    assert learner.schedule_begins == 0
    assert learner.policy.optimizer.param_groups[0]["lr"] == pytest.approx(1e-3)


def test_target_kl_stops_an_update():
    learner = MemoryPPO(MemoryPolicy, CueDelay(8), n_steps=16, batch_size=16, target_kl=1e-9, learning_rate=1e-2)
    before = learner.policy.state_dict()["action_net.weight"].clone()
    learner.learn(128)
    assert not th.equal(before, learner.policy.state_dict()["action_net.weight"])
    assert learner._n_updates == 1


def test_wrong_policies_and_actions_are_refused():
    with pytest.raises(ValueError, match="MemoryPolicy"):
        MemoryPPO(RecurrentActorCriticPolicy, CueDelay(4))  # pyright: ignore[reportArgumentType]
    several = CueDelay(4)
    several.action_space = spaces.MultiDiscrete([3, 2])
    with pytest.raises(ValueError, match=r"actions that are a Box or Discrete, and not MultiDiscrete"):
        MemoryPPO(MemoryPolicy, several)
    with pytest.raises(ValueError, match="use_sde"):
        MemoryPolicy(OBSERVATIONS, CONTINUOUS, lambda _: 1e-3, use_sde=True)
    with pytest.raises(ValueError, match="share_features_extractor"):
        MemoryPolicy(OBSERVATIONS, DISCRETE, lambda _: 1e-3, shared_lstm=True, share_features_extractor=False)


def test_continuous_actions_train():
    env = CueDelay(8, delay=(2, 6), width=WIDTH, box_actions=True)
    learner = MemoryPPO(MemoryPolicy, env, n_steps=16, batch_size=64, learning_rate=LinearSchedule(1e-3, 0.0, 1.0))
    assert any(moved_by(learner, 256).values())
