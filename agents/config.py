"""The trainer's hyperparameters, in one place."""

from dataclasses import dataclass


@dataclass(frozen=True)
class PPOConfig:
    """Defaults of :class:`kindergarten.agents.ppo.MemoryPPO`, chosen on a cue-delay task with 256 worlds."""

    n_steps: int = 128
    """Decisions per world and update."""
    batch_size: int = 2048
    """Decisions per minibatch: batch_size / n_steps whole worlds."""
    n_epochs: int = 8
    """Passes over every rollout."""
    learning_rate: float = 3e-3
    """Adam's step size at the beginning."""
    learning_rate_end: float = 1e-4
    """... and at the end, linearly."""
    gamma: float = 0.99
    """Discount per decision."""
    gae_lambda: float = 0.95
    """Trade between bias and variance of the advantages."""
    clip_range: float = 0.2
    """How far a probability ratio may move."""
    ent_coef: float = 0.05
    """Entropy bonus at the beginning."""
    ent_coef_end: float = 0.0
    """... and at the end, linearly."""
    vf_coef: float = 0.5
    """Weight of the value loss."""
    max_grad_norm: float = 0.5
    """Longer gradients are shortened to this."""
    caption_coef: float = 0.5
    """Weight of the captions' loss; 0 makes them a probe that teaches the memory nothing."""
    hidden: int = 64
    """Cells of each LSTM (one for the actor, one for the critic)."""
    features: int = 64
    """Units of the layer before the LSTM."""


#: Decisions that a scenario is trained for by default.
STEPS = {"Follow": 200_000, "Crossing": 1_200_000, "other": 1_500_000}
