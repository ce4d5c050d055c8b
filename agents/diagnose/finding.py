"""What comes out of a question: a verdict, a sentence, and the numbers that everything else is made from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

import numpy as np

from kindergarten.agents.diagnose.policy import Policy
from kindergarten.agents.diagnose.twin_set import Rollout, TwinSet
from kindergarten.scoring.criterion import Criterion


class Verdict(Enum):
    """How an answer is to be taken."""

    YES = "yes"
    PARTLY = "partly"
    NO = "no"
    OPEN = "not asked"


@dataclass(frozen=True)
class Finding:
    """The answer to one question. ``numbers`` is plain JSON."""

    key: str
    question: str
    verdict: Verdict
    answer: str
    numbers: dict[str, Any]


@dataclass(frozen=True)
class Effort:
    """How much is tried."""

    seeds: int = 48
    delays: tuple[float, ...] = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0)  # [s] of the sweep
    credit_delays: tuple[float, ...] = (1.0, 2.0, 3.0, 4.0, 6.0, 8.0)  # [s]


FULL = Effort()
QUICK = Effort(16, (0.5, 1.0, 2.0, 4.0, 8.0), (1.0, 2.0, 4.0, 8.0))


@dataclass(frozen=True)
class Case:
    """Whom the questions are about: an agent on its worlds, what it did there, and how that is marked."""

    policy: Policy
    twins: TwinSet
    rollout: Rollout
    criterion: Criterion
    effort: Effort
    #: The same network untrained, with each memory, by the memory's name; the run's own memory first.
    untrained: Mapping[str, Policy] = field(default_factory=dict)
    #: Other agents for the same scenario, by what they are called.
    beside: Mapping[str, Policy] = field(default_factory=dict)


def plain(value: Any) -> Any:
    """``value`` as JSON knows it: arrays as lists, numbers rounded to six digits, nan as None."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    if isinstance(value, (float, np.floating)):
        return float(f"{value:.6g}") if np.isfinite(value) else None
    return int(value) if isinstance(value, np.integer) else value
