"""What a saved trainer may be told when it is loaded."""

from inspect import signature
from typing import Any

from stable_baselines3.common.utils import FloatSchedule

from kindergarten.world.words import quoted

NOT_TOLD = ("self", "policy", "env", "device", "_init_setup_model")  # the file says it, or ``load`` itself is told


def kept_names(trainer: type, arguments: dict[str, Any]) -> dict[str, Any]:
    """Arguments of a trainer's constructor by the names under which it keeps them, where ``load`` puts them.

    Raises:
        ValueError: there is no such argument.
    """
    known = [name for name in signature(trainer).parameters if name not in NOT_TOLD]
    for name in arguments:
        if name not in known:
            raise ValueError(f"{trainer.__name__}.load takes no {quoted(name)}: choose from {', '.join(known)}")
    kept = {"_stats_window_size" if name == "stats_window_size" else name: its for name, its in arguments.items()}
    return kept | {"entropy_schedule": FloatSchedule(kept["ent_coef"])} if "ent_coef" in kept else kept
