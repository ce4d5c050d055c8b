"""What the page shows in a browser."""

from __future__ import annotations

from typing import Any


def drawn(page: Any) -> Any:
    """The page, once it has drawn what has happened to it."""
    page.evaluate("new Promise(requestAnimationFrame)")
    return page


def now(page: Any) -> float:
    """Where the play head stands [s]."""
    drawn(page)
    return float(page.get_attribute("[role=slider]", "aria-valuenow"))


def pressed(page: Any, name: str) -> bool:
    return page.get_attribute(f"#{name}", "aria-pressed") == "true"
