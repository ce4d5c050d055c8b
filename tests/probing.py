"""What holds of captions with coefficient 0, whichever encoder the memory has."""

import torch as th

from kindergarten.agents import MemoryPPO
from kindergarten.agents.learner.loss import LossWeights, ppo_loss, prepared


def assert_that_captions_are_a_probe(model: MemoryPPO) -> None:
    """The gradients of a trained ``model`` are bit for bit the same with and without the captions."""
    (batch,) = model.rollout_buffer.get()
    own = set(model.policy.caption_parameters())
    others = [parameter for parameter in model.policy.parameters() if parameter not in own]
    weights = LossWeights(clip_range=0.2, clip_range_vf=None, ent_coef=0.1, vf_coef=0.5, caption_coef=0.0)
    results = [ppo_loss(model.policy, prepared(batch, True), weights, per_row) for per_row in (1.0, 0.0)]
    losses = [loss for loss, _ in results]
    assert all(log["loss"] == loss for loss, log in results), "what is minimised is what is logged"
    assert (batch.labels >= 0).any() and losses[0] != losses[1]
    assert all(map(th.equal, *(th.autograd.grad(loss, others) for loss in losses)))
