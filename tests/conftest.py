"""What holds for all tests: the same examples at every run, and one thread each."""

import os
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import settings

# Tests run side by side; threads that wait for each other's cores cost more than they bring. torch reads this
# when it is imported, and so do the interpreters that tests start.
os.environ.setdefault("OMP_NUM_THREADS", "1")

settings.register_profile("kindergarten", deadline=None, derandomize=True)
settings.load_profile("kindergarten")


def pytest_configure(config: pytest.Config) -> None:
    # The generators count modulo 2^64; kernels do so in silence, numpy's scalars (without JIT) say so each time.
    config.addinivalue_line("filterwarnings", "ignore:overflow encountered in scalar:RuntimeWarning")


@pytest.fixture
def seeded() -> None:
    """For tests that draw from torch's and numpy's own generators."""
    np.random.seed(0)
    pytest.importorskip("torch").manual_seed(0)


@pytest.fixture(scope="module")
def few_seeds() -> Iterator[None]:
    """For tests that want a score and not its digits: here that is one of 8 worlds and not of 256."""
    from kindergarten.agents.runs import watcher
    from kindergarten.scoring import exam, reference

    with pytest.MonkeyPatch.context() as patch:
        for module in (exam, reference):
            patch.setattr(module, "seeds_of", lambda config: reference.SEEDS[:8])
        patch.setattr(watcher, "VALIDATION_SEEDS", watcher.VALIDATION_SEEDS[:8])
        patch.setattr(watcher, "FINAL_SEEDS", watcher.FINAL_SEEDS[:8])
        yield
