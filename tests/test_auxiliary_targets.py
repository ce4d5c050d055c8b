"""Auxiliary targets: what is learned beside the reward, and which decisions count; and how noise is held."""

import numpy as np
import pytest
import torch as th

from kindergarten.agents import MemoryPolicy, MemoryPPO
from kindergarten.agents.learner.loss import LossWeights, ppo_loss, prepared
from tests.cue_delay import CUE_STEPS, CueDelay
from tests.learning import WIDTH, WORLDS, assert_equal_weights, assert_same_weights

pytestmark = pytest.mark.usefixtures("seeded")


class CueDelayWithTargets(CueDelay):
    """A cue-delay task that tells the learner which decisions count and what the cue was."""

    def driven(self) -> np.ndarray:
        return self.time >= CUE_STEPS

    def labels(self) -> np.ndarray:
        return np.where(self.time < CUE_STEPS + 1, self.cue, -1)[:, None]


def trained(
    threads: int = 1, caption_coef: float = 0.5, num_labels: int = 1, warmup: float = 0.0, steps: int = 2
) -> MemoryPPO:
    learner = MemoryPPO(
        MemoryPolicy,
        CueDelayWithTargets(WORLDS, delay=(2, 6), width=WIDTH),
        n_steps=16,
        batch_size=16 * WORLDS,
        policy_kwargs=dict(lstm_hidden_size=8, num_labels=num_labels),
        threads=threads,
        caption_coef=caption_coef,
        warmup=warmup,
        ent_coef=0.0,
    )
    with th.no_grad():
        for parameter in learner.policy.parameters():
            parameter.copy_(th.linspace(-0.3, 0.3, parameter.numel()).view_as(parameter))
    learner.set_random_seed(0)
    return learner.learn(steps * 16 * WORLDS) if steps else learner


def test_captions_and_mask_are_the_same_on_two_threads():
    two = trained(threads=2)
    assert_same_weights(trained(threads=1), two)
    assert_equal_weights(two, trained(threads=2))


def test_a_probe_takes_part_in_nothing():
    probed, plain, taught = trained(caption_coef=0.0), trained(num_labels=0), trained(caption_coef=0.5)
    for name, weight in plain.policy.state_dict().items():
        assert th.equal(weight, probed.policy.state_dict()[name]), name
    name = "lstm_actor.weight_ih_l0"
    assert not th.equal(taught.policy.state_dict()[name], plain.policy.state_dict()[name])


def test_only_decisions_that_count_teach_the_actor():
    learner = trained(num_labels=0)
    (batch,) = learner.rollout_buffer.get()
    idle = batch.mask == 0
    assert 0 < idle.sum() < len(idle)
    other = batch._replace(
        advantages=th.where(idle, 9.0, batch.advantages),
        old_log_prob=th.where(idle, -9.0, batch.old_log_prob),
    )
    weights = LossWeights(clip_range=0.2, clip_range_vf=None, ent_coef=0.1, vf_coef=0.5)
    losses = [ppo_loss(learner.policy, prepared(b, True), weights, labels_per_row=0.0)[0] for b in (batch, other)]
    th.testing.assert_close(*losses)


def test_who_is_not_there_is_in_no_number_of_the_log():
    learner = trained(num_labels=0)
    buffer, dice = learner.rollout_buffer, np.random.default_rng(0)
    weights = LossWeights(clip_range=0.2, clip_range_vf=None, ent_coef=0.1, vf_coef=0.5)
    buffer.present[:] = there = dice.random(buffer.present.shape) < 0.5
    buffer.driven *= there

    def logged() -> dict[str, float]:
        buffer.generator_ready = False
        (batch,) = buffer.get()
        learner._log([ppo_loss(learner.policy, prepared(batch, True), weights, labels_per_row=0.0)[1]], 0.2)
        return {name: its for name, its in learner.logger.name_to_value.items() if not name.startswith("time")}

    before = logged()
    for numbers, other in ((buffer.values, 9.0), (buffer.returns, -9.0), (buffer.log_probs, -9.0)):
        numbers[~there] = other
    assert logged() == pytest.approx(before, rel=1e-5) and before["train/explained_variance"] != 0


def test_held_noise_changes_what_is_drawn_together_not_what_is_drawn():
    """Every action is as likely as the policy says, and held for as many decisions as asked for."""
    learner = trained()
    policy, logits = learner.policy, th.tensor([[0.5, -0.5, 0.0]])
    policy.exploration.hold = 5.0
    th.manual_seed(0)
    drawn = th.stack([policy._draw_discrete(logits.expand(2000, 3), False)[0] for _ in range(200)])
    shares = drawn.flatten().bincount(minlength=3) / drawn.numel()
    th.testing.assert_close(shares, logits[0].softmax(0), atol=0.01, rtol=0.0)
    kept = (drawn[1:] == drawn[:-1]).float().mean()
    chance = logits[0].softmax(0).square().sum()
    assert kept == pytest.approx(float(0.8 + 0.2 * chance), abs=0.01)


def test_in_the_warmup_the_memory_learns_and_the_policy_does_not():
    fresh, warm, driving = trained(steps=0), trained(warmup=1.0), trained()

    def moved(learner: MemoryPPO, part: str) -> bool:
        weights = learner.policy.state_dict()
        return any(not th.equal(weights[name], old) for name, old in fresh.policy.state_dict().items() if part in name)

    for part in ("lstm_actor", "lstm_critic", "caption_net", "action_net"):
        assert moved(driving, part)
        assert moved(warm, part) == (part != "action_net")
