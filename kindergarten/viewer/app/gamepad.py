"""A gamepad as arrow keys: its stick and its cross drive, its first button is the space bar, its second one escape."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pygame

HALF = 0.5  # how far a stick has to be pushed, of all its way
AXES = {0: (pygame.K_LEFT, pygame.K_RIGHT), 1: (pygame.K_UP, pygame.K_DOWN)}
BUTTONS = {0: pygame.K_SPACE, 1: pygame.K_ESCAPE, 7: pygame.K_SPACE}


class Gamepad:
    """Turns what gamepads do into keys; all other events pass through."""

    def __init__(self) -> None:
        """Listens to whatever is plugged in now, or later."""
        self._held: dict[int, int] = {}  # the key that each axis holds down
        self._pads = []
        if not pygame.joystick.get_init():
            pygame.joystick.init()
        self._pads = [pygame.joystick.Joystick(k) for k in range(pygame.joystick.get_count())]

    def keys(self, events: Iterable[pygame.event.Event]) -> Iterator[pygame.event.Event]:
        """The same events, with keys for what a gamepad did."""
        for event in events:
            if event.type == pygame.JOYDEVICEADDED:
                self._pads.append(pygame.joystick.Joystick(event.device_index))
            elif event.type in (pygame.JOYBUTTONDOWN, pygame.JOYBUTTONUP) and event.button in BUTTONS:
                kind = pygame.KEYDOWN if event.type == pygame.JOYBUTTONDOWN else pygame.KEYUP
                yield _key(kind, BUTTONS[event.button])
            elif event.type == pygame.JOYAXISMOTION and event.axis in AXES:
                yield from self._push(event.axis, event.value)
            elif event.type == pygame.JOYHATMOTION:
                for axis, value in ((0, event.value[0]), (1, -event.value[1])):
                    yield from self._push(axis, value)
            else:
                yield event

    def _push(self, axis: int, value: float) -> Iterator[pygame.event.Event]:
        """The keys that go up and down when an axis stands at ``value`` (-1..1)."""
        key = 0 if abs(value) < HALF else AXES[axis][value > 0]
        before = self._held.get(axis, 0)
        self._held[axis] = key
        if before and before != key:
            yield _key(pygame.KEYUP, before)
        if key and before != key:
            yield _key(pygame.KEYDOWN, key)


def _key(kind: int, key: int) -> pygame.event.Event:
    return pygame.event.Event(kind, key=key, unicode="", mod=0)
