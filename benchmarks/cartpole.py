"""Another environment: ``python -m benchmarks.cartpole [--out FILE]``.

CartPole-v1 without velocities: a single frame does not tell which way the pole falls. Our trainer and sb3-contrib's
RecurrentPPO with the numbers and the network that rl_zoo3 has for stock on this task (CartPoleNoVel-v1), until the
mean return of the last 100 training episodes is 475 (Gymnasium's own threshold for CartPole-v1), and on to the end;
then 50 episodes without chance. Observations and rewards are scaled (VecNormalize), as there.

Our LSTM begins as stock's does, with PyTorch's own forget gates: what counts here is the change from one frame to the
next, and gates that begin open slow it down (a return of 31 after 25,600 decisions instead of 198, one seed).
"""

from __future__ import annotations

import sys
from typing import Any

import gymnasium
import numpy as np
import torch as th
from gymnasium import spaces
from sb3_contrib import RecurrentPPO
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.env_util import make_vec_env
from stable_baselines3.common.evaluation import evaluate_policy
from stable_baselines3.common.torch_layers import FlattenExtractor
from stable_baselines3.common.utils import LinearSchedule
from stable_baselines3.common.vec_env import VecNormalize
from torch import nn

from benchmarks.common import Clocks, about, command_line, write
from kindergarten.agents.learner.ppo import MemoryPPO

SOLVED = 475.0
PACKAGES = ("gymnasium", "torch", "stable-baselines3", "sb3-contrib")
SEEN = [0, 2]  # the cart's place and the pole's angle; 1 and 3 are their velocities
NUMBERS = {
    "n_steps": 32,
    "batch_size": 256,
    "n_epochs": 20,
    "gamma": 0.98,
    "gae_lambda": 0.8,
    "ent_coef": 0.0,
    "vf_coef": 0.5,
    "max_grad_norm": 0.5,
}
RATE, CLIP = 1e-3, 0.2  # both go down to 0
NETWORK = {
    "lstm_hidden_size": 64,
    "net_arch": {"pi": [64], "vf": [64]},
    "activation_fn": nn.ReLU,
    "ortho_init": False,
    "features_extractor_class": FlattenExtractor,
}
#: Either trainer, and what else its policy needs to know.
TRAINERS: dict[str, tuple[type[RecurrentPPO], dict[str, str]]] = {
    "MemoryPPO": (MemoryPPO, {"memory": "lstm-default"}),
    "RecurrentPPO": (RecurrentPPO, {}),
}


class PositionsOnly(gymnasium.ObservationWrapper):
    """CartPole without velocities: Box(2,)."""

    def __init__(self, env: gymnasium.Env) -> None:
        super().__init__(env)
        box = env.observation_space
        assert isinstance(box, spaces.Box)
        self.observation_space = spaces.Box(box.low[SEEN], box.high[SEEN])

    def observation(self, observation: np.ndarray) -> np.ndarray:
        return observation[SEEN]


def worlds(number: int, seed: int) -> VecNormalize:
    """Such environments side by side, as Stable-Baselines3 makes them, with observations and rewards scaled."""
    return VecNormalize(make_vec_env("CartPole-v1", number, seed, wrapper_class=PositionsOnly), gamma=NUMBERS["gamma"])


def made(name: str, envs: VecNormalize, seed: int) -> RecurrentPPO:
    """Either trainer on them."""
    trainer, beside = TRAINERS[name]
    rate, clip = (LinearSchedule(start, 0.0, 1.0) for start in (RATE, CLIP))
    network = NETWORK | beside
    return trainer(
        "MlpLstmPolicy", envs, rate, clip_range=clip, policy_kwargs=network, seed=seed, device="cpu", **NUMBERS
    )


def final_returns(model: RecurrentPPO, trained: VecNormalize, seed: int) -> tuple[float, float]:
    """Mean and deviation over 50 episodes without chance, with observations scaled as in the training."""
    envs = worlds(1, seed)
    envs.obs_rms, envs.training, envs.norm_reward = trained.obs_rms, False, False
    returns, _ = evaluate_policy(model, envs, n_eval_episodes=50, return_episode_rewards=True)
    return round(float(np.mean(returns)), 1), round(float(np.std(returns)), 1)


class Curve(BaseCallback):
    """The running return by decisions and seconds, update by update."""

    def __init__(self) -> None:
        super().__init__()
        self.points: list[dict[str, float]] = []
        self.start = Clocks.now()

    def _on_step(self) -> bool:
        return True

    def _on_rollout_end(self) -> None:
        wall, processor = Clocks.now().since(self.start)
        returns = [episode["r"] for episode in self.model.ep_info_buffer or ()]
        mean = float(np.mean(returns)) if returns else 0.0
        point = {"wall_s": wall, "processor_s": processor, "decisions": self.model.num_timesteps, "return": mean}
        self.points.append({name: round(value, 2) for name, value in point.items()})


def train(name: str, decisions: int, number: int, seed: int) -> dict[str, Any]:
    """One training and what came out."""
    curve, envs = Curve(), worlds(number, seed)
    model = made(name, envs, seed)
    model.learn(decisions, curve)
    mean, deviation = final_returns(model, envs, 1_000 + seed)
    solved = next((point for point in curve.points if point["return"] >= SOLVED), None)
    found = {"seed": seed, "solved": solved, "final_return": mean, "std": deviation}
    return {**found, "end": curve.points[-1], "curve": curve.points[:: max(1, len(curve.points) // 30)]}


def main(argv: list[str] | None = None) -> int:
    """Run the command line."""
    parser = command_line("cartpole", __doc__, seeds=3)
    parser.add_argument("--decisions", type=int, default=200_000, help="of each training (default: %(default)s)")
    parser.add_argument("--worlds", type=int, default=8, help="side by side (default: %(default)s)")
    options = parser.parse_args(argv)
    th.set_num_threads(1)
    header = about("cartpole", PACKAGES)
    settings = {"decisions": options.decisions, "worlds": options.worlds, "rate": RATE, "clip": CLIP, **NUMBERS}
    runs: dict[str, list[dict[str, Any]]] = {}
    for seed in range(options.seeds):
        for name in TRAINERS:
            found = train(name, options.decisions, options.worlds, seed)
            runs.setdefault(name, []).append(found)
            when = "solved after {wall_s:.0f} s ({processor_s:.0f} s of processor time), {decisions:,.0f} decisions"
            said = when.format(**found["solved"]) if found["solved"] else "not solved"
            end = f"{found['end']['processor_s']:.0f} s of processor time in all"
            print(f"{name:14} seed {seed}: {said}; {end}; final return {found['final_return']:.0f}", flush=True)
            if options.out:  # after every training, so that it can be stopped
                write(options.out, {**header, "settings": settings, "runs": runs})
    return 0


if __name__ == "__main__":
    sys.exit(main())
