"""Another environment: ``python -m benchmarks.cartpole [--out FILE]``.

CartPole-v1 without velocities: a single frame does not tell which way the pole falls. Our trainer and sb3-contrib's
RecurrentPPO with the same numbers, network and thread, until the mean return of the last 100 training episodes is 475
(Gymnasium's own threshold for CartPole-v1), and on to the end; then 50 episodes without chance.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import torch as th
from gymnasium import spaces
from sb3_contrib import RecurrentPPO
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.env_util import make_vec_env
from stable_baselines3.common.evaluation import evaluate_policy
from stable_baselines3.common.utils import LinearSchedule
from stable_baselines3.common.vec_env import VecEnv

from benchmarks.common import Clocks, command, made_with, write
from kindergarten.agents.encoders import MlpFeatures
from kindergarten.agents.ppo import MemoryPPO

SOLVED = 475.0
PACKAGES = ("gymnasium", "torch", "stable-baselines3", "sb3-contrib")
SEEN = [0, 2]  # the cart's place and the pole's angle; 1 and 3 are their velocities
NUMBERS = {
    "n_steps": 128,
    "batch_size": 512,
    "n_epochs": 10,
    "gamma": 0.99,
    "gae_lambda": 0.95,
    "ent_coef": 0.0,
    "vf_coef": 0.5,
    "max_grad_norm": 0.5,
}


class PositionsOnly(gymnasium.ObservationWrapper):
    """CartPole without velocities: Box(2,), in units of where an episode ends (small steps are hard to see)."""

    def __init__(self, env: gymnasium.Env) -> None:
        super().__init__(env)
        box = env.observation_space
        assert isinstance(box, spaces.Box)
        self.scale = box.high[SEEN] / 2  # the space reaches twice as far as an episode
        self.observation_space = spaces.Box(-2.0, 2.0, (2,), np.float32)

    def observation(self, observation: np.ndarray) -> np.ndarray:
        return observation[SEEN] / self.scale


def worlds(number: int, seed: int) -> VecEnv:
    """Such environments side by side, as Stable-Baselines3 makes them."""
    return make_vec_env("CartPole-v1", number, seed, wrapper_class=PositionsOnly)


def ours(number: int, seed: int) -> MemoryPPO:
    """Our trainer on them: nothing in it knows of cars."""
    rate = LinearSchedule(2e-3, 0.0, 1.0)
    policy = {"lstm_hidden_size": 64}
    return MemoryPPO("MemoryPolicy", worlds(number, seed), rate, policy_kwargs=policy, seed=seed, **NUMBERS)


def stock(number: int, seed: int) -> RecurrentPPO:
    """sb3-contrib's, with our network."""
    network = {"lstm_hidden_size": 64, "net_arch": [], "features_extractor_class": MlpFeatures}
    rate = LinearSchedule(2e-3, 0.0, 1.0)
    envs = worlds(number, seed)
    return RecurrentPPO("MlpLstmPolicy", envs, rate, policy_kwargs=network, seed=seed, device="cpu", **NUMBERS)


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


def train(make: Callable[[int, int], RecurrentPPO], decisions: int, number: int, seed: int) -> dict[str, Any]:
    """One training and what came out."""
    curve, model = Curve(), make(number, seed)
    model.learn(decisions, curve)
    final, spread = evaluate_policy(model, worlds(1, 1_000 + seed), n_eval_episodes=50)
    solved = next((point for point in curve.points if point["return"] >= SOLVED), None)
    found = {
        "seed": seed,
        "solved": solved,
        "final_return": round(float(np.mean(final)), 1),
        "std": round(float(np.mean(spread)), 1),
    }
    return {**found, "end": curve.points[-1], "curve": curve.points[:: max(1, len(curve.points) // 30)]}


def main(argv: list[str] | None = None) -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser("python -m benchmarks.cartpole", description=__doc__)
    parser.add_argument("--decisions", type=int, default=150_000, help="of each training (default: %(default)s)")
    parser.add_argument("--worlds", type=int, default=16, help="side by side (default: %(default)s)")
    parser.add_argument("--seeds", type=int, default=3, help="trainings of each (default: %(default)s)")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write the result as JSON")
    options = parser.parse_args(argv)
    th.set_num_threads(1)
    about, runs = made_with(PACKAGES), {}
    for seed in range(options.seeds):
        for name, make in {"MemoryPPO": ours, "RecurrentPPO": stock}.items():
            found = train(make, options.decisions, options.worlds, seed)
            runs.setdefault(name, []).append(found)
            when = "solved after {wall_s:.0f} s ({processor_s:.0f} s of processor time), {decisions:,.0f} decisions"
            said = when.format(**found["solved"]) if found["solved"] else "not solved"
            end = f"{found['end']['processor_s']:.0f} s of processor time in all"
            print(f"{name:14} seed {seed}: {said}; {end}; final return {found['final_return']:.0f}", flush=True)
    if options.out:
        settings = {"decisions": options.decisions, "worlds": options.worlds, **NUMBERS}
        result = {"benchmark": "cartpole", "command": command("benchmarks.cartpole"), "made_with": about}
        write(options.out, {**result, "settings": settings, "runs": runs})
    return 0


if __name__ == "__main__":
    sys.exit(main())
