"""The trainer's hyperparameters, in one place."""

from dataclasses import dataclass

from kindergarten.agents.learner.memory import FRAMES


@dataclass(frozen=True)
class PPOConfig:
    """Defaults of :class:`kindergarten.agents.learner.ppo.MemoryPPO`, for 256 worlds.

    Figures are from tests/cue_delay.py (delay of 20 to 40 decisions, until 95 % of the answers are right; three seeds),
    or from Crossing (anticipation after 400,000 decisions; one seed, so hints only). What helps the small task does
    not always help the large one.
    """

    n_steps: int = 128
    """Decisions per world and update. 64: the cue-delay task in half the decisions, but Crossing at -0.05, not 0.84."""
    batch_size: int = 2048
    """Decisions per minibatch, in whole worlds. 8,192: solved by one of three seeds in 500 k decisions; 2,048: three,
    in 430 k, at the same cost per decision (4 passes, step size 1e-3)."""
    n_epochs: int = 8
    """Passes over every rollout. 4 take 1.5 times the decisions, and about the same time."""
    learning_rate: float = 3e-3
    """Adam's step size at the beginning. In minibatches of 8,192, 1e-3 solved one of three seeds, 3e-3 all."""
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
    warmup: float = 0.1
    """Share of the training in which the policy drives at random, while its memory learns to tell the intents. Who
    drives before it can tell them learns to brake for all or for none, and stays there: without it and without held
    noise AllWayStop ended at -0.27, with both at 0.98 (one seed each)."""
    noise_hold: float = 4.0
    """Decisions for which exploration keeps its noise. 1: Roundabout at -0.11, never braking; 4: 0.94 (one seed)."""
    redistribute: bool = False
    """Whether rewards are paid when they are decided, and not when they arrive (RUDDER)."""
    hidden: int = 64
    """Cells of each LSTM (one for the actor, one for the critic). 32: the cue-delay task in half the time, but Crossing
    at -0.05 instead of 0.84."""
    features: int = 64
    """Units of the layer before the LSTM."""
    frames: int = FRAMES
    """How many the memory ``stack`` sees at once."""
    encoder: str = "flat"
    """What looks at a frame: flat, attention, or cnn, which looks at pictures."""
    trunk: str = "relu"
    """What lies between encoder and memory: relu, selu, highway, residual or plain layers."""
    depth: int = 1
    """Layers before the memory, the encoder's own included: at 1 there is no trunk."""
