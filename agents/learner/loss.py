"""PPO's loss on a minibatch of whole worlds, and its gradient, on one thread or on several."""

import math
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass

import torch as th
from sb3_contrib.common.recurrent.type_aliases import RNNStates
from torch import nn

from kindergarten.agents.learner.buffer import WorldSamples
from kindergarten.agents.learner.policies import MemoryPolicy

Log = dict[str, th.Tensor]
"""What the logger shows of a minibatch: means by name."""


@dataclass(frozen=True)
class LossWeights:
    """What weighs how much in the loss, as the schedules have it at this update."""

    clip_range: float
    clip_range_vf: float | None
    ent_coef: float
    vf_coef: float
    caption_coef: float = 0.0
    policy_coef: float = 1.0


def prepared(batch: WorldSamples, normalize: bool) -> WorldSamples:
    """The minibatch with advantages of mean 0 and deviation 1 over the decisions that count, if so wanted.

    The masks are scaled to mean 1, so that mean(x * mask) is x's mean over them, in the whole and summed over shares.
    """
    counts = batch.mask > 0
    advantages = batch.advantages
    mask, present = (its / its.mean().clamp(min=1e-8) for its in (batch.mask, batch.present))
    if normalize and counts.sum() > 1:
        chosen = advantages[counts]
        advantages = (advantages - chosen.mean()) / (chosen.std() + 1e-8)
    return batch._replace(advantages=advantages, mask=mask, present=present)


def caption_loss(policy: MemoryPolicy, latent: th.Tensor, batch: WorldSamples, probe: bool) -> th.Tensor:
    """Cross-entropy of the captions, summed over all labels and divided by the number of rows.

    A ``probe``'s gradient stops at the memory.
    """
    labels = batch.labels
    logits = policy.captions(latent.detach() if probe else latent, batch.observations).flatten(0, 1)
    known = (labels.flatten() >= 0).nonzero().squeeze(1)  # one road user of seven: 0.6 ms instead of 1.4 for 2,048 rows
    chosen = logits.index_select(0, known), labels.flatten().index_select(0, known)
    return nn.functional.cross_entropy(*chosen, reduction="sum") / len(labels)


def ppo_loss(
    policy: MemoryPolicy, batch: WorldSamples, weights: LossWeights, labels_per_row: float
) -> tuple[th.Tensor, Log]:
    """PPO's clipped loss (a scalar), and what the logger shows of it. labels_per_row: in the whole minibatch."""
    latents = policy.latents(batch.observations, batch.lstm_states, batch.episode_starts)
    values, log_prob, entropy = policy.judge(*latents, batch.actions)
    log_ratio = log_prob - batch.old_log_prob
    ratio = log_ratio.exp()
    clipped = ratio.clamp(1 - weights.clip_range, 1 + weights.clip_range)
    policy_loss = -(th.min(batch.advantages * ratio, batch.advantages * clipped) * batch.mask).mean()
    values = values.flatten()
    if weights.clip_range_vf is not None:
        reach = weights.clip_range_vf
        values = batch.old_values + (values - batch.old_values).clamp(-reach, reach)
    value_loss = ((batch.returns - values).square() * batch.present).mean()
    entropy_loss = -(entropy * batch.mask).mean()
    loss = weights.policy_coef * policy_loss + weights.ent_coef * entropy_loss + weights.vf_coef * value_loss
    with th.no_grad():
        log = {
            "entropy_loss": entropy_loss.detach(),
            "policy_gradient_loss": policy_loss.detach(),
            "value_loss": value_loss.detach(),
            "approx_kl": ((ratio - 1 - log_ratio) * batch.present).mean(),  # http://joschu.net/blog/kl-approx.html
            "clip_fraction": (((ratio - 1).abs() > weights.clip_range) * batch.present).mean(),
        }
    if labels_per_row > 0:
        probe = weights.caption_coef == 0
        captions = caption_loss(policy, latents[0], batch, probe) / labels_per_row
        loss = loss + (1.0 if probe else weights.caption_coef) * captions
        log["caption_loss"] = captions.detach()
    return loss, log | {"loss": loss.detach()}


def shares(batch: WorldSamples, parts: int) -> list[WorldSamples]:
    """Split a minibatch into at most ``parts`` of whole worlds."""
    if parts == 1:
        return [batch]
    worlds = batch.lstm_states.pi[0].shape[1]
    steps = len(batch.returns) // worlds

    def share(chosen: th.Tensor) -> WorldSamples:
        first, last = int(chosen[0]), int(chosen[-1]) + 1
        rows = slice(first * steps, last * steps)
        h_pi, c_pi, h_vf, c_vf = (s[:, first:last] for pair in batch.lstm_states for s in pair)
        parts = {name: part[rows] for name, part in batch._asdict().items() if name != "lstm_states"}
        return batch._replace(lstm_states=RNNStates((h_pi, c_pi), (h_vf, c_vf)), **parts)

    return [share(chosen) for chosen in th.arange(worlds).tensor_split(min(parts, worlds))]


def shorten(parameters: Sequence[nn.Parameter], longest: float) -> float:
    """Scale all gradients so that they are no longer than ``longest`` together; how long they were.

    Raises:
        FloatingPointError: the length is no number, or infinite.
    """
    gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
    length = th.cat([gradient.flatten() for gradient in gradients]).norm().item()  # 40 us; one by one 200
    if not math.isfinite(length):
        raise FloatingPointError(f"the gradient's length became {length}")
    if length > longest:
        for gradient in gradients:
            gradient.mul_(longest / (length + 1e-6))
    return length


def add_gradients(
    policy: MemoryPolicy,
    batch: WorldSamples,
    weights: LossWeights,
    threads: int,
    pool: Executor | None,
) -> Log:
    """Set the policy's gradients to those of the minibatch's loss, ``threads`` shares of it side by side.

    The shares' sum is the whole's gradient but for rounding (about 1e-8), and always the same one.
    """
    parameters = [p for p in policy.parameters() if p.requires_grad]
    parts = shares(batch, threads)
    sizes = [len(part.returns) / len(batch.returns) for part in parts]
    labels_per_row = int((batch.labels >= 0).sum()) / len(batch.returns)

    def work(part: WorldSamples, size: float) -> tuple[tuple[th.Tensor, ...], Log]:
        loss, log = ppo_loss(policy, part, weights, labels_per_row)
        return th.autograd.grad(loss * size, parameters, materialize_grads=True), log

    spread: Callable[..., Iterable[tuple[tuple[th.Tensor, ...], Log]]] = (
        map if len(parts) == 1 or pool is None else pool.map
    )
    gradients, logs = zip(*spread(work, parts, sizes), strict=True)
    for parameter, *pieces in zip(parameters, *gradients, strict=True):
        # Contiguous: the fused Adam reads memory in order, and autograd.grad returns transposed views.
        parameter.grad = pieces[0].contiguous() if len(pieces) == 1 else th.stack(pieces).sum(0)
    share_of = th.tensor(sizes, device=batch.returns.device)
    return {name: (th.stack([log[name] for log in logs]) * share_of).sum() for name in logs[0]}
