"""Exploration that tries manoeuvres instead of twitches."""

import torch as th


class HeldNoise:
    """Noise that every row keeps for ``hold`` decisions on average, after which it draws anew.

    Drawn afresh at every decision, a target speed that goes up and down by steps stays about where it is: nobody ever
    finds out what it is like to stand and wait. Every single action is drawn from the policy's distribution as before.
    (Correlated noise in PPO: Hollenstein et al., AAAI 2024.)
    """

    def __init__(self, hold: float = 1.0) -> None:
        self.hold = hold
        self.noise: th.Tensor | None = None  # (rows, ...) that was used last, if any is held

    def __call__(self, fresh: th.Tensor) -> th.Tensor:
        """``fresh`` noise (rows, actions) for the rows that draw anew, and for all others what they have."""
        if self.hold <= 1.0:
            return fresh
        if self.noise is not None and self.noise.shape == fresh.shape:
            anew = th.rand(len(fresh), 1, device=fresh.device) < 1.0 / self.hold
            fresh = th.where(anew, fresh, self.noise)
        self.noise = fresh
        return fresh
