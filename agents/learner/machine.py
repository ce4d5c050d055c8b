"""What the learner takes and wants of the machine: devices, copies to them, memory."""

import ctypes
import sys

import numpy as np
import torch as th

from kindergarten.world.words import quoted

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # <malloc.h>
_LARGE = 1 << 30  # [bytes]


def device_named(name: str) -> th.device:
    """The device that people call ``name``: cpu, another kind that is there, one of several ("cuda:1"), or auto.

    Raises:
        ValueError: there is none; the message has the choices.
    """
    gpu = th.accelerator.current_accelerator(check_available=True)
    gpus = [] if gpu is None else [gpu.type, *(f"{gpu.type}:{k}" for k in range(th.accelerator.device_count()))]
    choices = ["auto", "cpu", *gpus]
    if name not in choices:
        raise ValueError(f"there is no device {quoted(name)} here: choose from {', '.join(choices)}")
    return th.device([*gpus, "cpu"][0] if name == "auto" else name)


def to_device(array: np.ndarray, device: th.device) -> th.Tensor:
    """An array as a tensor, in the same memory on the processor; what is true or false becomes 1.0 or 0.0.

    A GPU fetches it from pinned memory, while the processor goes on.
    """
    tensor = th.from_numpy(array.astype(np.float32) if array.dtype == np.bool_ else array)
    return tensor.pin_memory().to(device, non_blocking=True) if device.type == "cuda" else tensor.to(device)


def keep_freed_memory() -> bool:
    """Tell glibc not to hand large blocks back to the system as soon as they are freed; True if it listened.

    PyTorch has no cache of its own on the CPU: every tensor of some megabytes is mapped, zeroed page by page at its
    first touch, and unmapped again. Updates took 30 % less time without that (1.01 s to 0.72 s for four passes over
    32,768 decisions). It costs nothing but that the process keeps its peak size. Elsewhere than on glibc: no effect.
    """
    if not sys.platform.startswith("linux"):
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    return mallopt is not None and all(mallopt(name, _LARGE) for name in (_TRIM_THRESHOLD, _MMAP_THRESHOLD))
