"""What the learners of others reach on Follow: as they come, and with what docs/other-libraries.md changes.

python -m benchmarks.libraries --out benchmarks/results/libraries.json [--entries NAME ...] [--seeds 3]

In an environment that has the library (`make libraries` makes them); what is not installed is left out. After each
training the result is written anew, so it may be stopped, and goes on where it was.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.util import find_spec
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

import torch as th

import kindergarten
from benchmarks.common import ROOT, about, command_line, read, show_row, write
from kindergarten.scenarios import id_of

SCENARIO = "Follow"
PACKAGES = ("torch", "gymnasium", "numpy", "numba", "ray", "rl_zoo3", "sb3-contrib")


class Trained(NamedTuple):
    """An agent that `kindergarten.score` takes, the decisions that it was trained for, and how long that took."""

    agent: Any
    decisions: int
    wall_s: float


def rllib(change: Callable[[Any], Any]) -> Callable[[int, int], Trained]:
    """RLlib's PPO in this process, its config the one of `kindergarten.agents.rllib` after ``change``."""

    def train(decisions: int, seed: int) -> Trained:
        import ray  # pyright: ignore[reportMissingImports]

        from kindergarten.agents.rllib import RLlibAgent, ppo_config

        ray.init("local", num_cpus=1, include_dashboard=False, log_to_driver=False, logging_level="ERROR")
        algorithm = change(ppo_config(SCENARIO, decisions, seed=seed)).build_algo()
        began, done = time.monotonic(), 0
        while done < decisions:
            done = int(algorithm.train()["num_env_steps_sampled_lifetime"])
        found = Trained(RLlibAgent(algorithm.get_module()), done, time.monotonic() - began)
        algorithm.stop()
        ray.shutdown()
        return found

    return train


def as_it_comes(config: Any) -> Any:
    """RLlib's own numbers and its own LSTM."""
    from ray.rllib.algorithms.ppo import PPOConfig  # pyright: ignore[reportMissingImports]
    from ray.rllib.core.rl_module.default_model_config import (  # pyright: ignore[reportMissingImports]
        DefaultModelConfig,
    )

    return (
        PPOConfig()
        .environment(config.env)
        .env_runners(num_env_runners=0)
        .rl_module(model_config=DefaultModelConfig(use_lstm=True))
        .debugging(seed=config.seed)
    )


def half_open(config: Any) -> Any:
    """Our numbers, and the gates as PyTorch begins them."""
    from ray.rllib.algorithms.ppo.torch.default_ppo_torch_rl_module import (  # pyright: ignore[reportMissingImports]
        DefaultPPOTorchRLModule,
    )
    from ray.rllib.core.rl_module.rl_module import RLModuleSpec  # pyright: ignore[reportMissingImports]

    return config.rl_module(rl_module_spec=RLModuleSpec(module_class=DefaultPPOTorchRLModule))


def zoo(decisions: int, seed: int) -> Trained:
    """rl_zoo3 with hyperparams/ppo_lstm.yml."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        words = ["--algo", "ppo_lstm", "--env", id_of(SCENARIO), "--gym-packages", "kindergarten"]
        words += ["--conf-file", "hyperparams/ppo_lstm.yml", "-f", folder, "-n", str(decisions), "--seed", str(seed)]
        few = ["--eval-freq", "-1", "--num-threads", "1", "--verbose", "0"]
        subprocess.run([sys.executable, "-m", "rl_zoo3.train", *words, *few], check=True, cwd=ROOT)
        (saved,) = Path(folder).glob("ppo_lstm/*/*.zip")
        agent = kindergarten.load(saved, allow_pickle=True)
    return Trained(agent, decisions, time.monotonic() - began)


#: By name: the library, and what trains.
ENTRIES: dict[str, tuple[str, Callable[[int, int], Trained]]] = {
    "RLlib as it comes, use_lstm": ("ray", rllib(as_it_comes)),
    "RLlib, ppo_config, gates half open": ("ray", rllib(half_open)),
    "RLlib, ppo_config": ("ray", rllib(lambda config: config)),
    "rl_zoo3, hyperparams/ppo_lstm.yml": ("rl_zoo3", zoo),
}


def main(argv: list[str] | None = None) -> int:
    """Train what is missing, print the scores, write them."""
    parser = command_line("libraries", __doc__, seeds=3)
    parser.add_argument("--entries", nargs="+", choices=ENTRIES, default=list(ENTRIES), metavar="NAME")
    parser.add_argument("--decisions", type=int, default=400_000, help="of each (default: %(default)s)")
    options = parser.parse_args(argv)
    th.set_num_threads(1)
    made = about("libraries", PACKAGES)
    rows = read(options.out)["rows"]
    there = {(row["entry"], row["seed"]) for row in rows}
    wanted: list[tuple[int, str]] = list(product(range(options.seeds), options.entries))
    for seed, name in wanted:
        library, train = ENTRIES[name]
        if (name, seed) in there or find_spec(library) is None:
            continue
        trained = train(options.decisions, seed)
        score = kindergarten.score(trained.agent, SCENARIO)
        row = {
            "entry": name,
            "seed": seed,
            "decisions": trained.decisions,
            "wall_s": round(trained.wall_s),
            "anticipation": round(float(score.anticipation or 0.0), 3),
            "collision_rate": round(score.collision_rate, 4),
        }
        rows.append({**row, **made})
        show_row(row)
        if options.out:
            write(options.out, {"benchmark": "libraries", "scenario": SCENARIO, "rows": rows})
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
