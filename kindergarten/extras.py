"""What is not installed, and the command that brings it."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

#: Which of our extras brings which module.
EXTRAS = {
    **dict.fromkeys(("torch", "stable_baselines3", "sb3_contrib", "safetensors", "sklearn"), "agents"),
    **dict.fromkeys(("tensorboard", "rich", "imageio_ffmpeg", "jinja2", "matplotlib", "PIL"), "agents"),
    **{"filelock": "data", "pyarrow": "data", "minari": "offline", "h5py": "offline"},
    **{"ray": "distributed", "pettingzoo": "multiagent", "onnx": "onnx", "onnxruntime": "onnx", "playwright": "test"},
}


class NotInstalled(ModuleNotFoundError):
    """What is missing, and how to get it, in one line."""


def ours(extra: str) -> str:
    """What to tell pip for an extra of ours; out of a clone never by name, for an index may know another by it."""
    clone = Path(__file__).resolve().parents[1]
    inside = (clone / "pyproject.toml").exists()
    return f"-e {shlex.quote(f'{clone}[{extra}]')}" if inside else shlex.quote(f"kindergarten[{extra}]")


@contextmanager
def explained(what: object = "this", package: str | None = None) -> Iterator[None]:
    """Say of what is not installed how to get it.

    Args:
        what: what needs it.
        package: what to install; the extra of ours that brings it if left out.

    Raises:
        NotInstalled: something that is imported meanwhile is not there.
    """
    try:
        yield
    except NotInstalled:
        raise
    except ModuleNotFoundError as error:
        missing = (error.name or "").split(".")[0]
        if missing == "kindergarten":
            raise
        brings = shlex.quote(package) if package else ours(EXTRAS[missing]) if missing in EXTRAS else None
        how = f": pip install {brings}" if brings else ", which is not installed"
        raise NotInstalled(f"{what} needs {package or missing}{how}", name=error.name) from None


def lazily(module: str, places: Mapping[str, str]) -> Callable[[str], Any]:
    """A module's ``__getattr__`` for what costs something, or may not be installed: only who asks for it pays.

    Args:
        module: the module's own name.
        places: in which other module each name is.
    """

    def found(name: str) -> Any:
        if name not in places:
            raise AttributeError(f"module {module!r} has no attribute {name!r}")
        with explained(name):
            return getattr(import_module(places[name]), name)

    return found
