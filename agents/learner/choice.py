"""What people choose by name. Nothing here needs torch."""

import ast
from collections.abc import Iterator
from enum import Enum
from pathlib import Path

from kindergarten.world.codes import Observation
from kindergarten.world.words import quoted


class Choice(Enum):
    """An Enum of the names that people type; ``ValueError`` with the choices for any other."""

    @classmethod
    def _missing_(cls, value: object) -> "Choice":
        choices = ", ".join(choice.value for choice in cls)
        raise ValueError(f"unknown {cls.__name__.lower()} {quoted(value)}: choose from {choices}")


def _named_classes(file: Path) -> Iterator[tuple[str, str]]:
    """The ``name`` of each class in a file that has one, and the first line of its docstring."""
    for kind in ast.parse(file.read_text(encoding="utf-8")).body:
        if isinstance(kind, ast.ClassDef):
            for line in kind.body:
                match line:
                    case ast.Assign(targets=[ast.Name(id="name")], value=ast.Constant(value=str(name))):
                        yield name, (ast.get_docstring(kind) or "").partition("\n")[0]


_MEMORIES = dict(_named_classes(Path(__file__).with_name("memory.py")))


class Memory(Choice):
    """The memories to choose from, from the least on: the classes in memory.py that have a ``name``.

    They are read from the text of that file, for importing it takes torch, and with it a second.
    """

    _ignore_ = ["_name"]
    for _name in _MEMORIES:
        vars()[_name.upper().replace("-", "_")] = _name

    @property
    def meaning(self) -> str:
        """What it is, in a sentence."""
        return _MEMORIES[self.value]

    @property
    def called(self) -> str:
        """What it is, in a few words."""
        return self.meaning.partition(":")[0].rstrip(".")


class Encoder(Choice):
    """What looks at a frame."""

    FLAT = "flat"
    ATTENTION = "attention"
    CNN = "cnn"

    @property
    def observation(self) -> Observation:
        """What it looks at."""
        return Observation.PIXELS if self is Encoder.CNN else Observation.FEATURES


class Trunk(Choice):
    """What a deep trunk is made of."""

    PLAIN = "plain"
    RELU = "relu"
    SELU = "selu"
    HIGHWAY = "highway"
    RESIDUAL = "residual"
