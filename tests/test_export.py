"""The exported policy decides as torch's does."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch as th
from gymnasium import spaces

from kindergarten import cli
from kindergarten.agents import Memory, MemoryPolicy, PPOConfig
from kindergarten.agents.runs.export import to_onnx
from kindergarten.agents.runs.options import Options
from kindergarten.agents.runs.train import begin, learn
from kindergarten.envs.sb3 import make_sb3
from kindergarten.scoring.onnx import INPUTS, OUTPUTS

pytest.importorskip("onnx")
runtime = pytest.importorskip("onnxruntime")


def session(model: bytes):
    options = runtime.SessionOptions()
    options.intra_op_num_threads = 1
    return runtime.InferenceSession(model, options)


@pytest.mark.parametrize("memory", list(Memory))
@pytest.mark.parametrize("actions", [spaces.Discrete(5), spaces.Box(-1.0, 1.0, (2,), np.float32)])
def test_every_memory_can_be_exported(memory, actions):
    th.manual_seed(0)
    box = spaces.Box(-1.0, 1.0, (6,), np.float32)
    policy = MemoryPolicy(box, actions, lambda _: 1e-3, memory=memory, lstm_hidden_size=8, frames=3, net_arch=[7])
    exported = session(to_onnx(policy))
    rng = np.random.default_rng(0)
    for worlds in (1, 3):
        states = policy.no_memories(worlds)
        h, c = (state.numpy() for state in states.pi)
        for _ in range(5):
            obs = rng.uniform(-1, 1, (worlds, 6)).astype(np.float32)
            decision = policy.think(th.as_tensor(obs), states, th.zeros(worlds))
            states = decision.state
            action, _, h, c = exported.run(OUTPUTS, dict(zip(INPUTS, (obs, h, c), strict=True)))
            np.testing.assert_allclose(
                np.clip(action, -1, 1) if action.ndim > 1 else action, decision.actions, atol=1e-6
            )
            np.testing.assert_allclose(h, states.pi[0], atol=1e-6)
            np.testing.assert_allclose(c, states.pi[1], atol=1e-6)


@pytest.mark.usefixtures("few_seeds")
def test_a_run_is_exported_and_drives_a_thousand_steps_as_torch_does(tmp_path: Path, capsys):
    small = PPOConfig(n_epochs=1, hidden=16, features=16)
    run = begin(Options(worlds=8, steps=1024, learner=small, out=tmp_path / "run"))
    learn(run)
    assert cli.main(["export-onnx", str(run.folder), str(tmp_path / "car.onnx")]) == 0
    assert capsys.readouterr().out == f"{tmp_path / 'car.onnx'}\n"
    exported, policy = session((tmp_path / "car.onnx").read_bytes()), run.load_model().policy
    env = make_sb3("Kindergarten/Follow-v0", 2, seed=5)
    obs, states = env.reset(), policy.no_memories(2)
    memory: Any = np.stack([state.numpy() for state in states.pi])  # h and c; Any: a type checker gets lost in it
    starts: Any = np.ones(2, np.float32)
    for _ in range(1000):
        h, c = memory * (1.0 - starts)[None, None, :, None]  # an episode begins without memories
        action, logits, *memory = exported.run(OUTPUTS, dict(zip(INPUTS, (obs, h, c), strict=True)))
        memory = np.stack(memory)
        decision = policy.think(th.as_tensor(obs), states, th.as_tensor(starts))
        states = decision.state
        assert decision.thoughts.probabilities is not None
        np.testing.assert_allclose(th.softmax(th.as_tensor(logits), 1), decision.thoughts.probabilities, atol=1e-5)
        np.testing.assert_array_equal(action, decision.actions)
        obs, _, dones, _ = env.step(action)
        starts = dones.astype(np.float32)


def test_without_onnx_it_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx", None)
    policy = MemoryPolicy(spaces.Box(-1.0, 1.0, (6,)), spaces.Discrete(2), lambda _: 1e-3)
    with pytest.raises(ModuleNotFoundError, match=r"\[onnx\]"):
        to_onnx(policy)


def foreign(observation: Any = ("n", 22), h: Any = (1, "n", 3), node: str = "Identity", kind: int = 1) -> bytes:
    """Somebody else's network with our names, whose one real node makes new_h of h; its actions are none."""
    from onnx import helper

    shapes = {"observation": observation, "h": h, "c": (1, "n", 3)}
    inputs = [helper.make_tensor_value_info(name, 1, shape) for name, shape in shapes.items()]
    outputs = [helper.make_tensor_value_info(name, kind if name == "action" else 1, None) for name in OUTPUTS]
    more: dict[str, Any] = {"to": kind} if kind != 1 else {}
    nodes = [
        helper.make_node("Cast" if more else "Identity", ["h"], ["action"], **more),
        helper.make_node("Identity", ["h"], ["outputs"]),
        helper.make_node(node, ["h", "c"] if node == "MatMul" else ["h"], ["new_h"]),
        helper.make_node("Identity", ["c"], ["new_c"]),
    ]
    graph = helper.make_graph(nodes, "foreign", inputs, outputs)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8).SerializeToString()


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (dict(h=("n",)), "leaves none but the number of worlds open"),
        (dict(h=()), "leaves none but"),
        (dict(h=(1, "n", "size")), "leaves none but"),
        (dict(observation=("n", "columns")), "leaves none but"),
        (dict(observation=("n",)), "leaves none but"),
        (dict(observation=("n", 10**9)), "no world has more than"),
        (dict(h=(1, "n", 10**9)), "no world has more than"),
        (dict(node="MatMul"), "cannot drive"),
        (dict(h=(1, "n", 4), node="MatMul"), "cannot drive"),
        (dict(kind=8), "action"),
        (dict(), "action"),
    ],
)
def test_a_file_of_somebody_else_is_one_line(made: dict, said: str, tmp_path: Path, capsys):
    (tmp_path / "a.onnx").write_bytes(foreign(**made))
    assert cli.main(["evaluate", str(tmp_path / "a.onnx"), "--scenario", "Follow", "--delay", "2"]) == cli.ERROR
    line = capsys.readouterr().err
    assert said in line and line.count("\n") == 1
