"""What a driver has to go by before any frame tells: the signal that was shown, and the colour that every frame shows.

Evidence is an array (I, S, E): the probability of each of E findings in a world of seed s with intent i. What is found
in W worlds, whose signallers are ``users`` (W,), is the number of a finding for each (W,).
"""

from __future__ import annotations

import numpy as np

from kindergarten.world.codes import Colour, Intent, Signal, SignalReliability
from kindergarten.world.config import Config
from kindergarten.world.signals import SIGNALLING, STALE, WRONG_SIDE
from kindergarten.world.simulator import Simulator

OTHER_SIDE = {Signal.LEFT: Signal.RIGHT, Signal.RIGHT: Signal.LEFT}
TRUTH = {Intent.LEFT: Signal.LEFT, Intent.RIGHT: Signal.RIGHT}


def weighed(worth: np.ndarray, weights: np.ndarray, evidence: np.ndarray) -> np.ndarray:
    """What each choice is worth after each finding, times the finding's chance (S, E, P).

    Args:
        worth: (I, S, P) of every choice.
        weights: (I, S) of the twins.
        evidence: (I, S, E).
    """
    return np.einsum("is,ise,isp->sep", weights, evidence, worth)


def preferred(worth: np.ndarray, weights: np.ndarray, evidence: np.ndarray) -> np.ndarray:
    """The choice (S, E) of whoever goes by the evidence alone; see ``weighed``."""
    return weighed(worth, weights, evidence).argmax(2)


def earned(worth: np.ndarray, weights: np.ndarray, evidence: np.ndarray, choice: np.ndarray) -> np.ndarray:
    """What such a ``choice`` earns (S,), where worth and weights may be others than those it was made by."""
    taken = np.take_along_axis(worth, np.broadcast_to(choice, (len(worth), *choice.shape)), 2)
    return np.einsum("is,ise,ise->s", weights, evidence, taken)


def both(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """The evidence (I, S, E * F) of two kinds together; finding e of the one and f of the other is e * F + f."""
    return (one[..., None] * other[:, :, None]).reshape(*one.shape[:2], -1)


def in_every_frame(family: Simulator, config: Config, leg: int) -> np.ndarray:
    """The evidence of a driver without memory, in twins: with ``spurious`` the signaller's colour, else none."""
    intents, member = list(family.scenario.intents), family.scenario.signallers[leg]
    found = np.ones((len(family.casts), len(intents), len(Colour))) / len(Colour)
    for cast, row in zip(family.casts, found, strict=True):
        possible = [intent for intent in Intent if cast[member]["chances"][intent] > 0.0]
        for k, intent in enumerate(intents):
            if intent in possible and len(possible) > 1:
                rank = possible.index(intent) + (config.spurious < 0.0)
                row[k] *= 1.0 - abs(config.spurious)
                row[k, rank % len(possible) % len(Colour)] += abs(config.spurious)
    return _of_each_seed(family, found if config.spurious else np.ones((*found.shape[:2], 1)))


def found_in_frames(users: np.ndarray, config: Config) -> np.ndarray:
    """What a driver without memory finds; see ``in_every_frame``."""
    return users["colour"] if config.spurious else np.zeros(len(users), int)


def remembered(family: Simulator, config: Config, leg: int) -> np.ndarray:
    """What memory adds: with perfect signals the intent itself; with real ones what was shown, which may mislead.

    Who gives no signals at all shows its intent by what it does, and that is to be trusted.
    """
    intents = list(family.scenario.intents)
    if _tells_the_intent(family, config, leg):
        return _of_each_seed(family, np.tile(np.eye(len(intents)), (len(family.casts), 1, 1)))
    shown = np.array([_shown(intent, config.signal_rate) for intent in intents])
    return _of_each_seed(family, np.tile(shown, (len(family.casts), 1, 1)))


def found_in_memory(family: Simulator, users: np.ndarray, config: Config, leg: int) -> np.ndarray:
    """What a driver with memory finds beside; see ``remembered``."""
    if _tells_the_intent(family, config, leg):
        return places(family, users["intent"])
    return users["cue_signal"]


def places(family: Simulator, intents: np.ndarray) -> np.ndarray:
    """Intents (W,) as places in those of the scenario."""
    return (np.array(family.scenario.intents) == intents[:, None]).argmax(axis=1)


def _tells_the_intent(family: Simulator, config: Config, leg: int) -> bool:
    member = family.scenario.signallers[leg]
    return config.signals == SignalReliability.PERFECT or not family.casts[0][member]["signals"]


def _shown(intent: Intent, rate: float) -> np.ndarray:
    """The probability of each Signal where signals are real: as ``signals.draw_signal`` draws it."""
    chances = np.zeros(len(Signal))
    if intent in TRUTH:
        chances[TRUTH[intent]] = SIGNALLING - WRONG_SIDE
        chances[OTHER_SIDE[TRUTH[intent]]] = WRONG_SIDE
    else:
        chances[[Signal.LEFT, Signal.RIGHT]] = STALE / 2.0
    chances *= rate
    chances[Signal.NONE] = 1.0 - chances.sum()
    return chances


def _of_each_seed(family: Simulator, by_cast: np.ndarray) -> np.ndarray:
    """(casts, I, E) -> (I, S, E)."""
    intents = by_cast.shape[1]
    return by_cast[family.worlds["cast"].reshape(intents, -1)[0]].transpose(1, 0, 2)
