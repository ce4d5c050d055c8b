"""What is shown of a memory is what happened in it."""

from __future__ import annotations

import numpy as np
import pytest

th = pytest.importorskip("torch")

from kindergarten.agents.evaluation.evaluate import record  # noqa: E402
from kindergarten.agents.learner.choice import Memory  # noqa: E402
from kindergarten.agents.learner.memory import look_inside, make_memory  # noqa: E402
from kindergarten.agents.learner.ppo import MemoryPPO  # noqa: E402
from kindergarten.envs import make_sb3  # noqa: E402
from kindergarten.scenarios import SCENARIOS  # noqa: E402
from kindergarten.world.config import Config  # noqa: E402


def test_the_gates_are_those_that_the_lstm_used():
    th.manual_seed(0)
    lstm = make_memory(Memory("lstm"), 5, 8)
    before = (th.randn(1, 3, 8), th.randn(1, 3, 8))
    frame = th.randn(3, 5)
    output, after = lstm(frame[None], before)
    cells, gates = look_inside(lstm, frame, before, after)
    assert cells is not None and gates is not None
    assert th.equal(cells, after[1][0])
    through, forget, out = gates.unbind(1)
    assert th.allclose(out * cells.tanh(), output[0], atol=1e-6)
    added = (cells - forget * before[1][0]) / through  # the cell's own input, which is a tanh
    assert th.all(added.abs() <= 1.0 + 1e-4)


def test_what_it_expects_is_in_the_worlds_own_rewards():
    model = MemoryPPO.from_config(make_sb3("Kindergarten/Follow-v0", 2, 0), seed=0)
    plain, scaled = (record(model, SCENARIOS["Follow"], Config(), "somebody", scale) for scale in (1.0, 4.0))
    one, other = (replay.episodes[0].thoughts.values for replay in (plain, scaled))
    assert one is not None and other is not None and np.abs(one).max() > 1e-3
    np.testing.assert_allclose(other, one / 4, atol=2e-4)


@pytest.mark.parametrize("memory", [memory.value for memory in Memory])
def test_a_replay_tells_what_was_remembered(memory):
    model = MemoryPPO.from_config(make_sb3("Kindergarten/Follow-v0", 2, 0), memory=memory, seed=0)
    episode = record(model, SCENARIOS["Follow"], Config(), "somebody").episodes[0]
    remembers, gated = memory not in ("none", "stack", "transformer"), memory.startswith("lstm")
    cells, gates = episode.thoughts.cells, episode.thoughts.gates
    assert (cells is not None) == remembers and (gates is not None) == gated
    for array in (cells, gates):
        assert array is None or (array.dtype == np.float16 and len(array) == len(episode.actions))
    if gates is not None:
        assert gates.shape[1] == 3 and 0 <= gates.min() <= gates.max() <= 1
