"""What holds for all tests: the same examples at every run, and one thread each."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from kindergarten.replay.replay import Replay

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


@pytest.fixture(scope="module")
def crossing() -> "Replay":
    """Twins of Crossing, as the page's tests show them."""
    from tests.pages import drive

    return drive("Crossing")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Chromium. KINDERGARTEN_CHROMIUM says where it is, and then it must be there."""
    wanted = os.environ.get("KINDERGARTEN_CHROMIUM")
    path = wanted or shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if not path:
        pytest.skip("no chromium found to show the page in (Debian: apt install chromium)")
    try:
        from playwright.sync_api import sync_playwright
    except ModuleNotFoundError:
        if wanted:
            raise
        pytest.skip("playwright is not installed: pip install -e .[test]")
    with sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=path)
        yield opened
        opened.close()


@pytest.fixture
def show(browser: Any, tmp_path: Path) -> Iterator[Any]:
    """Opens a replay as a page; afterwards nothing may have been fetched, and nothing may have gone wrong."""
    from kindergarten.viewer.export import web
    from tests.browsing import drawn

    requests, problems, contexts = [], [], []

    def opened(replay: "Replay", wish: str = "", width: int = 1280, height: int = 720, scheme: str = "light") -> Any:
        web.write_page(tmp_path / "a.html", replay)
        context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme, offline=True)
        contexts.append(context)
        page = context.new_page()
        page.on("request", lambda request: requests.append(request.url))
        page.on("console", lambda message: problems.append(message.text))
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.goto(f"{(tmp_path / 'a.html').as_uri()}#{wish}")
        return drawn(page)

    yield opened
    for context in contexts:
        context.close()
    assert not problems
    assert all(url.split("#")[0] in ((tmp_path / "a.html").as_uri(), "data:,") for url in requests), requests
