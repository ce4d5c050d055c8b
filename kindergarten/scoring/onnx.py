"""An agent in an .onnx file, as ``kindergarten export-onnx`` writes it: driven by onnxruntime, without torch."""

from __future__ import annotations

import math
import os
from typing import Any

import numpy as np
from gymnasium import spaces

from kindergarten.extras import explained
from kindergarten.scoring.agent import Decision
from kindergarten.world.spaces import Observed
from kindergarten.world.words import quoted

INPUTS = ("observation", "h", "c")
OUTPUTS = ("action", "outputs", "new_h", "new_c")
MOST = 1 << 22  # numbers in one world's observation, or in its memory
FEWER = "fewer"  # among the file's notes: it has learned to drive among fewer road users than it takes, too


class OnnxAgent:
    """Drives by the file's network; its memory (h, c) goes in and comes out.

    Raises:
        ValueError: it is no such file.
        OSError: there is no such file.
        ModuleNotFoundError: onnxruntime is not installed.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = os.fspath(path)
        with explained(self._path):
            import onnxruntime
        with open(path, "rb") as file:
            content = file.read()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.log_severity_level = 4  # what is wrong is raised as well
        try:
            self._session = onnxruntime.InferenceSession(content, options)
        except Exception as error:  # onnxruntime has its own, which it does not export
            raise ValueError(f"{self._path} is no ONNX model, or a damaged one: {_reason(error)}") from None
        shapes: dict[str, Any] = {each.name: each.shape for each in self._session.get_inputs()}
        found = tuple(shapes), tuple(each.name for each in self._session.get_outputs())
        if found != (INPUTS, OUTPUTS):
            raise ValueError(
                f"{self._path} has inputs {found[0]} and outputs {found[1]}: kindergarten export-onnx writes "
                f"{INPUTS} and {OUTPUTS}"
            )
        columns, memory = shapes["observation"][1:], shapes["h"]
        fixed = columns and len(memory) == 3 and all(isinstance(axis, int) for axis in (*columns, memory[2]))
        if not fixed or max(math.prod(columns), memory[2]) > MOST:
            raise ValueError(
                f"{self._path} takes inputs of shapes {quoted(shapes)}: kindergarten export-onnx leaves none but the "
                f"number of worlds open, and no world has more than {MOST:,} numbers"
            )
        self._state_size: int = memory[2]
        self.fewer = FEWER in self._session.get_modelmeta().custom_metadata_map
        pictures = self._session.get_inputs()[0].type == "tensor(uint8)"
        low, high, dtype = (0, 255, np.uint8) if pictures else (-1.0, 1.0, np.float32)
        self.observation_space = spaces.Box(low, high, tuple(columns), dtype)  # pyright: ignore[reportArgumentType]
        continuous = len(self._session.get_outputs()[0].shape) == 2
        self.action_space = spaces.Box(-1.0, 1.0, (2,)) if continuous else spaces.Discrete(5)

    def decide(self, observations: Observed, state: Any, episode_starts: np.ndarray) -> Decision:
        """The likeliest actions, or the means within their bounds. Whoever an observation lacks is not in sight.

        Raises:
            ValueError: the file's network fails.
        """
        missing = (self.observation_space.shape or (0,))[-1] - np.shape(observations)[-1]
        if missing:
            observations = np.pad(observations, ((0, 0), (0, missing)))
        h, c = np.zeros((2, 1, len(episode_starts), self._state_size), np.float32) if state is None else state
        alive = (1.0 - episode_starts.astype(np.float32))[None, :, None]
        try:
            inputs = dict(zip(INPUTS, (observations, h * alive, c * alive), strict=True))
            actions, _, h, c = (np.asarray(each) for each in self._session.run(OUTPUTS, inputs))
            bounded = np.clip(actions, -1.0, 1.0) if isinstance(self.action_space, spaces.Box) else actions
        except Exception as error:  # whatever is in a file of somebody else
            raise ValueError(f"{self._path} cannot drive: {_reason(error)}") from None
        return Decision(bounded, (h, c))


def _reason(error: Exception) -> str:
    """What a library has to say, in one line."""
    return (str(error).splitlines() or [type(error).__name__])[0][:120]
