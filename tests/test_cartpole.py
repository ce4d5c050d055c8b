"""Another environment than ours: CartPole without velocities, made as Stable-Baselines3 makes it."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks import cartpole


def test_one_frame_does_not_show_the_velocities():
    env = cartpole.worlds(2, 0)
    observations = env.reset()
    assert isinstance(observations, np.ndarray) and observations.shape == (2, 2)
    assert env.observation_space.shape == (2,)


@pytest.mark.slow
def test_a_few_thousand_decisions_improve_the_return():
    found = cartpole.train("MemoryPPO", decisions=5_120, number=8, seed=0)
    returns = [point["return"] for point in found["curve"]]
    assert returns[-1] > 1.4 * np.mean(returns[:2]), returns


@pytest.mark.slow
def test_the_comparison_runs(tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(cartpole.NUMBERS, "n_epochs", 1)
    out = tmp_path / "cartpole.json"
    assert cartpole.main(["--decisions", "256", "--worlds", "2", "--seeds", "1", "--out", str(out)]) == 0
    printed = capsys.readouterr().out
    assert out.exists() and "MemoryPPO" in printed and "RecurrentPPO" in printed


def test_stocks_policy_name_means_ours():
    model = cartpole.MemoryPPO("MlpLstmPolicy", cartpole.worlds(1, 0), n_steps=8)
    assert model.policy.memory.value == "lstm"
    with pytest.raises(ValueError, match="unknown"):
        cartpole.MemoryPPO("CnnLstmPolicy", cartpole.worlds(1, 0))
