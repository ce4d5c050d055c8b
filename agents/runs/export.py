"""``kindergarten export-onnx``: the trained car as one file that other programs can drive with."""

from __future__ import annotations

import io
import warnings
from importlib import import_module
from pathlib import Path

import numpy as np
import torch as th
from stable_baselines3.common.preprocessing import preprocess_obs
from torch import nn

from kindergarten.agents.learner.policies import MemoryPolicy
from kindergarten.agents.runs.run import Run
from kindergarten.extras import explained
from kindergarten.files import check_ending, write_whole
from kindergarten.scoring.onnx import FEWER, INPUTS, OUTPUTS


class Actor(nn.Module):
    """What acting takes of a policy: no critic, no captions, no chance; its memory goes in and comes out."""

    def __init__(self, policy: MemoryPolicy) -> None:
        super().__init__()
        self.features, self.memory = policy.pi_features_extractor, policy.lstm_actor
        self.body, self.head = policy.mlp_extractor.policy_net, policy.action_net
        self.space, self.discrete = policy.observation_space, hasattr(policy.action_space, "n")

    def forward(
        self, observation: th.Tensor, h: th.Tensor, c: th.Tensor
    ) -> tuple[th.Tensor, th.Tensor, th.Tensor, th.Tensor]:
        """One decision of N worlds.

        Args:
            observation: (N, D), or pictures (N, H, W, C) uint8.
            h: (1, N, state size), zeros where an episode begins.
            c: likewise.

        Returns:
            The action, (N,) or (N, A) before it is clipped to its bounds; the logits (N, A) that it is the largest of,
            or the action once more; the new h and c.
        """
        seen = preprocess_obs(observation, self.space)
        assert isinstance(seen, th.Tensor)
        latent, (h, c) = self.memory(self.features(seen).unsqueeze(0), (h, c))
        outputs = self.head(self.body(latent.squeeze(0)))
        return outputs.argmax(1) if self.discrete else outputs, outputs, h, c


def to_onnx(policy: MemoryPolicy, fewer: bool = False) -> bytes:
    """The acting policy as an ONNX model with inputs INPUTS and outputs OUTPUTS, for any number of worlds.

    fewer: it has learned to drive among fewer road users than it takes, too, and the file says so (FEWER).

    PyTorch's newer exporter fixes the number of worlds for most memories, and takes 8 s; so the older one it is.

    Raises:
        ModuleNotFoundError: onnx is not installed.
    """
    with explained():
        onnx = import_module("onnx")  # the exporter would say it in many words
    h, c = policy.no_memories(2).pi
    observation = th.as_tensor(np.zeros((2, *(policy.observation_space.shape or ())), policy.observation_space.dtype))
    axes = {"observation": 0, "h": 1, "c": 1, "action": 0, "outputs": 0, "new_h": 1, "new_c": 1}
    file = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that it is the older one; that the number of worlds is not 1
        th.onnx.export(
            Actor(policy).eval(),
            (observation, h, c),
            file,  # pyright: ignore[reportArgumentType] torch takes any file
            input_names=INPUTS,
            output_names=OUTPUTS,
            dynamic_axes={name: {axis: "worlds"} for name, axis in axes.items()},
            dynamo=False,
        )
    model = onnx.load_model_from_string(file.getvalue())
    onnx.helper.set_model_props(model, {FEWER: ""} if fewer else {})
    return model.SerializeToString()


def export(run: Run, out: Path, allow_pickle: bool = False) -> None:
    """Write a run's best agent as ONNX."""
    check_ending(out, "an agent", ".onnx")
    write_whole(out, to_onnx(run.load_model(allow_pickle).policy, run.fewer))
