"""What holds for all tests: the same examples at every run, and one thread each."""

import os

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


#: What is known not to hold yet, and why; parts of a test's name. To be mended first.
KNOWN: dict[str, str] = {
    "test_a_cue_is_as_long_as_people_signal[AllWayStop]": "its cue is an order of arrival, of a length of its own",
    "test_the_signal_rate_is_the_share_that_signals[AllWayStop": "nobody signals there",
    "test_a_held_ego_cruises_whatever_the_actions[discrete-AllWayStop]": "there the held ego stops at the line",
    "test_a_held_ego_cruises_whatever_the_actions[continuous-AllWayStop]": "there the held ego stops at the line",
    "test_targets_persist[AllWayStop]": "the held ego's target follows its braking for the line",
    "test_leaving_the_road_ends_the_episode[1.0-CutIn]": "there is a lane to the left",
    "test_nobody_drives_through_anybody[slower-Overtake]": "the lorries meet the rider if the ego stays away",
}
if os.environ.get("NUMBA_DISABLE_JIT") == "1":  # too few worlds are tried there for what is asked of most of them
    KNOWN |= {
        "test_twins_differ*-Town]": "some of the few twins are never in sight",
        "test_a_seed_is_a_world[discrete-Kindergarten/AllWayStop-v0]": "not looked into yet",
        "test_the_kernels_do_what_the_naive_world_does[continuous": "not looked into yet",
    }


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Expect what is known not to hold yet to fail."""
    for item in items:
        for part, reason in KNOWN.items():
            if all(piece in item.nodeid for piece in part.split("*")):
                item.add_marker(pytest.mark.xfail(reason=reason, strict=False))
