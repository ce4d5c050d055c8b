"""Devices by the names that people type, and how arrays get there."""

import numpy as np
import pytest
import torch as th

from kindergarten.agents.learner import machine


def test_devices_are_those_that_are_there(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(th.accelerator, "current_accelerator", lambda check_available: None)
    assert machine.device_named("auto") == machine.device_named("cpu") == th.device("cpu")
    for wrong in ("cuda", "cuda:0", "meta", "quantum", ""):
        with pytest.raises(ValueError, match=f"no device '{wrong}' here: choose from auto, cpu$"):
            machine.device_named(wrong)
    monkeypatch.setattr(th.accelerator, "current_accelerator", lambda check_available: th.device("cuda"))
    monkeypatch.setattr(th.accelerator, "device_count", lambda: 2)
    assert [machine.device_named(name).type for name in ("auto", "cpu", "cuda")] == ["cuda", "cpu", "cuda"]
    assert machine.device_named("cuda:1") == th.device("cuda:1")
    with pytest.raises(ValueError, match="'cuda:2' here: choose from auto, cpu, cuda, cuda:0, cuda:1$"):
        machine.device_named("cuda:2")


def test_arrays_stay_where_they_are_on_the_processor():
    array = np.arange(6.0)
    tensor = machine.to_device(array, th.device("cpu"))
    array[0] = 9.0
    assert tensor[0] == 9.0
    starts = machine.to_device(np.array([True, False]), th.device("cpu"))
    assert starts.dtype == th.float32 and starts.tolist() == [1.0, 0.0]


def test_a_gpu_fetches_them_from_pinned_memory_while_the_processor_goes_on(monkeypatch: pytest.MonkeyPatch):
    asked = []

    def to(tensor: th.Tensor, device: th.device, non_blocking: bool = False) -> th.Tensor:
        asked.append((device.type, non_blocking))
        return tensor

    monkeypatch.setattr(th.Tensor, "pin_memory", lambda tensor: asked.append("pinned") or tensor)
    monkeypatch.setattr(th.Tensor, "to", to)
    assert machine.to_device(np.ones(3), th.device("cuda")).tolist() == [1.0, 1.0, 1.0]
    assert asked == ["pinned", ("cuda", True)]
