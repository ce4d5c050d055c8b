"""What people choose by name."""

from enum import Enum


class Choice(Enum):
    """An Enum of the names that people type; ``ValueError`` with the choices for any other."""

    @classmethod
    def _missing_(cls, value: object) -> "Choice":
        choices = ", ".join(repr(choice.value) for choice in cls)
        raise ValueError(f"unknown {cls.__name__.lower()} {value!r}: choose one of {choices}")
