"""What holds of every kernel: it makes no array, nobody counts who holds those that it is given, and bits stay bits."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numba.core.errors import NumbaError

from kindergarten.scenarios import SCENARIOS
from kindergarten.world.codes import Control
from kindergarten.world.config import Config
from kindergarten.world.jit import Direct, njit
from kindergarten.world.simulator import Simulator
from tests.driving import JIT, batch, same

ROOT = Path(__file__).resolve().parents[1]
#: Takes from numba the option that a later version might lack.
WITHOUT = """
from numba.core.cpu import CPUTargetOptions
for owner in CPUTargetOptions.__mro__:
    if "_nrt" in vars(owner):
        del owner._nrt
"""
SCALED = """
import numpy
from kindergarten.world import jit
from kindergarten.world.observation import clip
print('_nrt' in jit.OPTIONS, clip(3.0), clip(-0.25), getattr(clip, "targetoptions", {}).get("_nrt"))
"""
#: Uses every kernel there is, and says which were compiled, how, and what came of it.
EVERYTHING = """
import hashlib, itertools, json, sys
from pathlib import Path
import numpy as np
from numba.core.dispatcher import Dispatcher
from kindergarten.scenarios import SCENARIOS
from kindergarten.scoring.reference import compute
from kindergarten.world.codes import Control, SignalReliability
from kindergarten.world.config import Config
from kindergarten.world.pixels import Rasterizer
from kindergarten.world.simulator import Simulator

found = {}
for scenario in map(SCENARIOS.get, NAMES):
    for control, signals, shuffled in itertools.product(Control, SignalReliability, (False, True)):
        simulator = Simulator(scenario, 32, Config(control=control, signals=signals, shuffled=shuffled, spurious=0.5))
        digest, rng = hashlib.sha256(simulator.reset().tobytes()), np.random.default_rng(0)
        painter = Rasterizer(simulator.road, (32, 32))
        for _ in range(200):
            actions = rng.uniform(-1, 1, (32, 2)) if control else rng.integers(5, size=32)
            step = simulator.step(actions)
            for part in (*step, simulator.observe(), simulator.users, simulator.worlds):
                digest.update(part.tobytes())
            simulator.reset(step.terminated | step.truncated)
        digest.update(painter.paint(simulator.users, step.observations).tobytes())
        found[f"{scenario.name} {control.name} {signals.name} {shuffled}"] = digest.hexdigest()
    planned = compute(scenario, Config(), np.arange(2))
    found[f"{scenario.name} planned"] = [planned.oracle.tolist(), planned.blind.tolist(), planned.worst.tolist()]
ours = [vars(module) for name, module in sys.modules.items() if name.startswith("kindergarten.")]
kernels = {k for names in ours for k in names.values() if isinstance(k, Dispatcher)}
kernels = {k for k in kernels if k.targetoptions.get("inline") != "always"}  # those are compiled within others
how = {}
for k in kernels:
    name = f"{k.__module__}.{k.__name__}"  # whoever was compiled within others, once and for all, has a file as well
    how[name] = [any(Path(k.stats.cache_path).glob(f"{name}-*")), k.targetoptions.get("_nrt")]
print(json.dumps([found, how]))
"""


def python(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def made(a):
    return np.zeros(3)[0]


def copied(a):
    return a.copy()[0]


def added(a):
    return (a + a)[0]


def cut(a):
    return a[1:]


def flat(a):
    return a.ravel()[0]


def listed(a):
    return [a[0], a[1]][0]


@pytest.mark.parametrize("function", [made, copied, added, cut, flat, listed])
def test_a_kernel_that_makes_an_array_is_not_compiled(function):
    """Nobody would free it: so it does not even compile."""
    with pytest.raises(NumbaError):
        njit(function)(np.ones(3))


def test_every_kernel_is_compiled_and_none_is_counted():
    """All have been compiled here, so none makes an array, which the test before this one shows."""
    _, how = json.loads(python(f"NAMES = ['Town', 'Overtake']\n{EVERYTHING}"))
    assert len(how) > 50
    assert {name: found for name, found in how.items() if found != [True, False]} == {}


@pytest.mark.slow
def test_where_numba_has_no_such_option_kernels_work_all_the_same():
    counted, uncounted = python(WITHOUT + SCALED).split(), python(SCALED).split()
    assert counted[1:3] == uncounted[1:3] == ["1.0", "-0.25"]
    assert counted[::3] == ["False", "None"]
    assert not JIT or uncounted[::3] == ["True", "False"]


@pytest.mark.slow
def test_counted_or_not_the_bits_are_the_same():
    """All scenarios, controls, signals and orders; what the planner finds; and pictures."""
    code = f"NAMES = {list(SCENARIOS)}\n{EVERYTHING}"
    (counted, _), (uncounted, how) = (json.loads(python(before + code)) for before in (WITHOUT, ""))
    assert len(uncounted) == 9 * len(SCENARIOS) and len(how) > 50
    assert counted == uncounted


@pytest.mark.kernels
def test_a_direct_call_does_what_the_kernel_does():
    def fill(array, value):
        for k in range(len(array)):
            array[k] = value + k
        return value

    kernel, array = njit(fill), np.zeros(3)
    direct = Direct(kernel)
    for value in (1.0, 2.0):
        assert direct(array, value) == value and array.tolist() == [value, value + 1, value + 2]
    assert not JIT or len(kernel.signatures) == 1


@pytest.mark.kernels
@pytest.mark.parametrize("control", Control)
def test_whatever_holds_the_actions_the_step_is_the_same(control: Control):
    """Calls are direct, so the simulator itself sees to it that a kernel gets what it was compiled for."""
    config, rng = Config(control=control), np.random.default_rng(0)
    plain = rng.integers(5, size=6) if control is Control.DISCRETE else rng.uniform(-1, 1, (6, 2)).astype(np.float32)
    many = np.repeat(plain, 2, axis=0)[::2]
    found = []
    for actions in (
        plain, many, np.asfortranarray(plain), plain.tolist(), plain.astype(plain.dtype.newbyteorder()),
        np.lib.stride_tricks.as_strided(plain, plain.shape, plain.strides, writeable=False),
    ):  # fmt: skip
        simulator = batch(SCENARIOS["Overtake"], np.arange(6), config)
        simulator.worlds["hands_on"] = 0
        found.append(simulator.step(actions))
    assert all(same(a, b) for step in found[1:] for a, b in zip(step, found[0], strict=True))


@pytest.mark.kernels
@pytest.mark.parametrize(
    ("control", "wrong"),
    [
        *((Control.CONTINUOUS, wrong) for wrong in (np.nan, np.inf, -1.5, 5.0, 1.0 + 1e-9)),
        *((Control.DISCRETE, wrong) for wrong in (5, -1, 1 << 40)),
    ],
)
def test_a_wrong_action_changes_nothing_in_any_world(control: Control, wrong: float):
    simulator = Simulator(SCENARIOS["Crossing"], 3, Config(control=control))
    simulator.reset()
    before = simulator.snapshot()
    discrete = control is Control.DISCRETE
    actions = np.array([0, 0, wrong]) if discrete else np.array([[0.0, 0.0], [0.0, 0.0], [0.0, wrong]])
    with pytest.raises(ValueError, match="is not within"):
        simulator.step(actions)
    assert all(same(a, b) for a, b in zip(before, simulator.snapshot(), strict=True))
