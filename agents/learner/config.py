"""The trainer's hyperparameters, in one place."""

from dataclasses import dataclass

from kindergarten.agents.learner.choice import Encoder, Trunk
from kindergarten.world.config import Scenario
from kindergarten.world.kinds import Number, OneOf, Switch, Whole
from kindergarten.world.settings import setting, settle

DEEPEST = 32  # layers before the memory


@dataclass(frozen=True)
class PPOConfig:
    """Defaults of :class:`kindergarten.agents.learner.ppo.MemoryPPO`, for 256 worlds; for more see ``WIDE``.

    Figures are from tests/cue_delay.py (delay of 20 to 40 decisions, until 95 % of the answers are right; three seeds),
    or from Crossing (anticipation after 400,000 decisions; one seed, so hints only). What helps the small task does
    not always help the large one.
    """

    # 64: the cue-delay task in half the decisions, but Crossing at -0.05, not 0.84.
    n_steps: int = setting(128, Whole(1, 65_536), "decisions per world and update")
    # 8,192: solved by one of three seeds in 500 k decisions; 2,048: three, in 430 k, at the same cost per decision
    # (4 passes, step size 1e-3).
    batch_size: int = setting(2048, Whole(1, 2**32), "decisions per minibatch, in whole worlds")
    # 4 take 1.5 times the decisions, and about the same time. In as many decisions, paid by the stake: CutIn 0.95 and
    # 0.96 with 4, 1.00 and 0.95 with 8 (seeds 0 and 1), PullOut 0.94 and 0.95 (seed 0), in 0.55 times the time.
    n_epochs: int = setting(8, Whole(0, 1000), "passes over every rollout")
    # In minibatches of 8,192, 1e-3 solved one of three seeds, 3e-3 all.
    learning_rate: float = setting(3e-3, Number(0.0), "Adam's step size at the beginning")
    learning_rate_end: float = setting(1e-4, Number(0.0), "... and at the end, linearly")
    gamma: float = setting(0.99, Number(0.0, 1.0), "discount per decision")
    gae_lambda: float = setting(0.95, Number(0.0, 1.0), "trade between bias and variance of the advantages")
    clip_range: float = setting(0.2, Number(0.0), "how far a probability ratio may move")
    ent_coef: float = setting(0.05, Number(0.0), "entropy bonus at the beginning")
    ent_coef_end: float = setting(0.0, Number(0.0), "... and at the end, linearly")
    vf_coef: float = setting(0.5, Number(0.0), "weight of the value loss")
    max_grad_norm: float = setting(0.5, Number(0.0), "longer gradients are shortened to this")
    caption_coef: float = setting(
        0.5,
        Number(0.0),
        "weight of the captions' loss; 0 makes them a probe that teaches the memory nothing",
        option="captions",
    )
    # Who drives before it can tell the intents learns to brake for all or for none, and stays there: without it and
    # without held noise AllWayStop ended at -0.27, with both at 0.98 (one seed each).
    warmup: float = setting(
        0.1,
        Number(0.0, 1.0),
        "share of the training in which the policy drives at random, while its memory learns to tell the intents: in "
        "updates that end within it",
    )
    # 1: Roundabout at -0.11, never braking; 4: 0.94 (one seed, in the Roundabout of 2026-11-28).
    noise_hold: float = setting(
        Scenario.noise_hold,
        Number(1.0),
        "decisions for which exploration keeps its noise; the scenario's own if left out, 10 in Town",
    )
    redistribute: bool = setting(
        False, Switch(), "rewards are paid when they are decided, and not when they arrive (RUDDER)"
    )
    # CutIn, when its lane change took 2.4 s, with raw rewards, in equal time (seeds 100 to 103): 0.86, 0.95, 0.95, 0.92
    # in 2.4 million decisions; one each, in 1.5 million: 0.90, 0.87, 0.89, 0.93.
    shared_memory: bool = setting(True, Switch(), "actor and critic have one memory together, instead of one each")
    # 0, as in sb3-contrib: there two of two seeds (101, 102) never braked in that time.
    critic_gradient: float = setting(
        1.0, Number(0.0, 1.0), "share of the critic's gradient that reaches a shared memory"
    )
    # 32: the cue-delay task in half the time, but Crossing at -0.05 instead of 0.84.
    hidden: int = setting(64, Whole(1, 8192), "cells of each memory")
    features: int = setting(64, Whole(1, 8192), "units of the layer before the LSTM")
    frames: int = setting(8, Whole(2, 1024), "how many the memory stack sees at once")
    encoder: Encoder = setting(
        Encoder.FLAT,
        OneOf(Encoder),
        "what looks at a frame: flat; attention, to whom the order of the road users makes no difference; cnn, which "
        "looks at pictures",
    )
    trunk: Trunk = setting(Trunk.RELU, OneOf(Trunk), "what lies behind the encoder if depth is over 1")
    depth: int = setting(1, Whole(1, DEEPEST), "layers before the memory, the encoder's own included")

    def __post_init__(self) -> None:
        settle(self)


MANY = 512  # worlds
#: For MANY worlds, where trainings are long: fewer steps, each from more worlds, and more cells. One seed each, with
#: raw rewards, beside 256 worlds: Town 0.89 and 0.58, Crossroads 0.90 and 0.79; but CutIn, in 2.4 million decisions,
#: 0.84 and 0.94 (when its lane change took 2.4 s). Paid by the stake: Crossroads 0.94 with 5 passes, 0.91 with 3.
WIDE = PPOConfig(batch_size=4096, n_epochs=5, hidden=96)
#: For several agents, who see nothing come of braking at first: noise that is held for as long as braking takes; and 32
#: worlds, so many updates. In 128, with noise held for 4 decisions, 5 passes and 500 k decisions, seed 1 never braked,
#: not even for honest lamps (-0.49 of the scale).
SEVERAL = PPOConfig(noise_hold=12.0)
