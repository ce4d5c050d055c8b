"""Pixels: how fast pictures are painted, beside MiniGrid's and highway-env's.

python -m benchmarks.pixels [--rivals PYTHON] [--out FILE]

The other two bring packages along that do not go with ours, so they run in processes of their own: PYTHON is the
interpreter of an environment with minigrid and highway-env in it. What is learned from pixels: benchmarks.agents.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import gymnasium
import numpy as np
from matplotlib.image import imsave

from benchmarks.common import Done, Work, about, command_line, race, ratio, spread, write
from benchmarks.simulator import USERS, crowd, vector
from kindergarten.agents.runs.run import PACKAGES
from kindergarten.files import whole_file
from kindergarten.scenarios import SCENARIOS
from kindergarten.scoring.planner import twins
from kindergarten.world.codes import Action, Phase, Signal
from kindergarten.world.config import Config, Scenario
from kindergarten.world.pixels import Rasterizer
from kindergarten.world.simulator import Simulator

LARGER = 3  # times as large are the pictures of pixels
#: Scenarios in the picture of what the agent sees, each with a seed whose first intent is worth a look.
SHOWN = {"Follow": 5, "Crossing": 3, "Overtake": 3, "CutIn": 3, "Crossroads": 5}
TARGET = 150_000  # frames/s of one core
#: Steps an environment and prints its frames per second of processor time, its package's version, and a frame's shape.
RIVAL = """
import sys, time, warnings
warnings.simplefilter("ignore")
from importlib.metadata import version
import gymnasium, numpy
package, make, seconds = sys.argv[1], sys.argv[2], float(sys.argv[3])
exec(make)
env.reset(seed=0)
dice, frames, start = numpy.random.default_rng(0), -20, 0.0
while frames < 1 or time.process_time() - start < seconds:
    if frames == 0:
        start = time.process_time()
    frame, _, terminated, truncated, _ = env.step(int(dice.integers(env.action_space.n)))
    frames += 1
    if terminated or truncated:
        env.reset()
shape = numpy.shape(frame["image"] if isinstance(frame, dict) else frame)
print(frames / (time.process_time() - start), version(package), *shape)
"""
#: The other two, with the package that they come in and how they are made: each with small pictures of its own kind.
RIVALS = {
    "MiniGrid, RGB partial view": (
        "minigrid",
        "import minigrid\n"
        "from minigrid.wrappers import RGBImgPartialObsWrapper\n"
        "env = RGBImgPartialObsWrapper(gymnasium.make('MiniGrid-DoorKey-8x8-v0'))",
    ),
    "highway-env, grayscale": (
        "highway-env",
        "import highway_env\n"
        "look = dict(type='GrayscaleObservation', observation_shape=(64, 64), stack_size=1,"
        " weights=[0.2989, 0.587, 0.114], scaling=1.75)\n"
        "env = gymnasium.make('intersection-v0', config=dict(observation=look,"
        " simulation_frequency=10, policy_frequency=5))",
    ),
}
PAINTED, STEPPED, GREY = "painting alone", "vector env, steps and pictures", "the same in grey"


def painting(worlds: int) -> Work:
    """The rasteriser itself, on worlds that stand in different moments of their episodes."""
    simulator = Simulator(crowd(), worlds)
    simulator.reset()
    for _ in range(20):
        frames = simulator.step(np.ones(worlds, int)).observations
    rasterizer = Rasterizer(simulator.road)

    def work() -> Done:
        rasterizer.paint(simulator.users, frames)
        return Done(worlds)

    return work


def entries(worlds: int) -> dict[str, Work]:
    """Ours: every step with its pictures, 64 x 64, eight road users."""

    def envs(grayscale: bool) -> Any:
        kwargs = {"observation": "pixels", "grayscale": grayscale, "scenario": crowd(USERS)}
        return gymnasium.make_vec("Kindergarten/Crossing-v0", worlds, "vector_entry_point", **kwargs)

    stepping = {STEPPED: vector(envs(False), worlds, 5, 5), GREY: vector(envs(True), worlds, 5, 5)}
    return {PAINTED: painting(worlds), **stepping}


class Rival(NamedTuple):
    """What another environment has shown."""

    rate: float  # frames per second of processor time
    version: str
    shape: str  # of a frame


def rival(python: str, name: str, seconds: float) -> Rival | None:
    """Let another environment work for ``seconds``; None if it is not there.

    Raises:
        OSError: it failed.
    """
    words = [python, "-c", RIVAL, *RIVALS[name], str(seconds)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode and "ModuleNotFoundError" in done.stderr:
        return None
    if done.returncode:
        raise OSError(f"{name}: {done.stderr.strip().splitlines()[-1]}")
    rate, version, *shape = done.stdout.splitlines()[-1].split()
    return Rival(float(rate), version, " x ".join(shape))


def speed(worlds: int, rounds: int, seconds: float, python: str) -> dict[str, Any]:
    """Frames per second of one core, in turns."""
    works, rates = entries(worlds), {}
    shapes = {name: {"shape": f"64 x 64 x {1 if name == GREY else 3}"} for name in works}
    for _ in range(rounds):
        for name, found in race(works, 1, seconds).items():
            rates.setdefault(name, []).append(float(found.decisions[0]))
        for name in RIVALS:
            other = rival(python, name, seconds)
            if other is not None:
                rates.setdefault(name, []).append(other.rate)
                shapes[name] = {"shape": other.shape, "version": other.version}
    for name in RIVALS.keys() - rates.keys():
        print(f"{name}: not installed for {python}: left out (--rivals PYTHON names an interpreter that has it)")
    table = {name: np.array(row) for name, row in rates.items()}
    beside = {name: row for name, row in table.items() if name in RIVALS}
    return {
        "frames_per_s": {name: {**spread(row), **shapes[name]} for name, row in table.items()},
        "ratios": {
            f"{PAINTED} / target": ratio(table[PAINTED], np.array([TARGET]), 1.0),
            **{f"{STEPPED} / {name}": ratio(table[STEPPED], row) for name, row in beside.items()},
        },
    }


def moment(scenario: Scenario, phase: Phase, seed: int) -> np.ndarray:
    """What the agent sees (64, 64, 3) when one who will turn is first in a phase; in the cue, with its signal lit."""
    simulator = twins(scenario, Config(delay_s=(2.0, 2.0)), np.array([seed]))
    rasterizer, frames = Rasterizer(simulator.road), simulator.observe()
    signallers = np.arange(simulator.num_worlds), simulator.worlds["signaller"]
    w = int((simulator.users[signallers]["cue_signal"] != Signal.NONE).argmax())
    while True:
        signaller = simulator.users[w, signallers[1][w]]
        if signaller["phase"] == phase and (signaller["signal"] != Signal.NONE or phase is not Phase.CUE):
            return rasterizer.paint(simulator.users, frames)[w]
        frames = simulator.step(np.full(simulator.num_worlds, Action.IDLE)).observations


def picture(path: Path) -> None:
    """Write what the agent sees of some scenarios: the cue above, the delay below."""
    rows = []
    for phase in (Phase.CUE, Phase.DELAY):
        images = [moment(SCENARIOS[name], phase, seed) for name, seed in SHOWN.items()]
        large = [np.pad(image.repeat(LARGER, 0).repeat(LARGER, 1), ((4, 4), (4, 4), (0, 0)), constant_values=255)
                 for image in images]  # fmt: skip
        rows.append(np.concatenate(large, axis=1))
    with whole_file(path) as draft:
        imsave(draft, np.concatenate(rows))


def main() -> None:
    """Measure, print, write."""
    parser = command_line("pixels", __doc__)
    parser.add_argument("--worlds", type=int, default=256, help="side by side (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=7, help="of the race (default: %(default)s)")
    parser.add_argument("--seconds", type=float, default=1.0, help="of each turn (default: %(default)s)")
    parser.add_argument("--rivals", metavar="PYTHON", default=sys.executable, help="an interpreter with the other two")
    parser.add_argument("--picture", type=Path, metavar="FILE", help="draw what the agent sees, and do nothing else")
    options = parser.parse_args()
    if options.picture:
        picture(options.picture)
        return
    made = about("pixels", PACKAGES)
    found = speed(options.worlds, options.rounds, options.seconds, options.rivals)
    print(json.dumps(found, indent=1))
    if options.out:
        settings = {"road_users": USERS, "worlds": options.worlds, "rounds": options.rounds, "seconds": options.seconds}
        write(options.out, {**made, "settings": settings, **found})


if __name__ == "__main__":
    main()
