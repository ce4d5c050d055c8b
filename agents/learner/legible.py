"""A reward for being understood: how sure the others' captions are of what one is really about to do.

Whoever shows something that nobody reads yet earns nothing by it, and so nobody begins (Eccles et al. 2019, Biases for
emergent communication). It is help for the beginning, and falls to 0: what remains is what pays by itself.
"""

import numpy as np
import torch as th
from sb3_contrib.common.recurrent.type_aliases import RNNStates

from kindergarten.agents.learner.buffer import WorldRolloutBuffer
from kindergarten.agents.learner.machine import to_device
from kindergarten.agents.learner.policies import MemoryPolicy


@th.inference_mode()
def clarity(policy: MemoryPolicy, buffer: WorldRolloutBuffer) -> np.ndarray:
    """(steps, rows) the mean log-probability [nat] that the others' captions give to each row's true intent.

    Rows are the seats of worlds, world by world, and their labels are of the other seats, from the next one on. 0 where
    nobody drives, or nobody else is there who could think of it.
    """
    steps, rows, others = buffer.labels.shape

    def by_row(array: np.ndarray) -> th.Tensor:
        return to_device(np.ascontiguousarray(array.swapaxes(0, 1)), policy.device).flatten(0, 1)

    h, c = (buffer.to_torch(state[0]) for state in (buffer.hidden_states_pi, buffer.cell_states_pi))
    h_vf, c_vf = (buffer.to_torch(state[0]) for state in (buffer.hidden_states_vf, buffer.cell_states_vf))
    observations = by_row(buffer.observations)
    latent, _ = policy.latents(observations, RNNStates((h, c), (h_vf, c_vf)), by_row(buffer.episode_starts))
    labels = by_row(buffer.labels)
    beliefs = policy.captions(latent, observations).log_softmax(2)
    found = beliefs.gather(2, labels.clamp(min=0).unsqueeze(2)).squeeze(2) * (labels >= 0)
    seats = (-1, others + 1, steps, others)
    told = found.view(seats).cpu().numpy()
    counts = (buffer.labels >= 0).swapaxes(0, 1).reshape(told.shape)
    # What seat b thinks of seat b + 1 + k stands in column k.
    mine, heard = (sum(np.roll(its[..., k], k + 1, axis=1) for k in range(others)) for its in (told, counts))
    return (mine / np.maximum(heard, 1)).reshape(rows, steps).T * buffer.driven
