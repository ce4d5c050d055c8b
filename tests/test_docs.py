"""The pages can be made: every table that they ask for exists, and so does every result that it is made from."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest

DOCS = Path(__file__).resolve().parents[1] / "docs"
SPEC = importlib.util.spec_from_file_location("hooks", DOCS / "hooks.py")
assert SPEC is not None and SPEC.loader is not None
hooks = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(hooks)


def test_pages_ask_for_what_there_is():
    asked = {name for page in DOCS.glob("*.md") for name in re.findall(r"\{\{ (\w+) \}\}", page.read_text())}
    assert asked == set(hooks.FILL)


@pytest.mark.parametrize("name", sorted(set(hooks.FILL) - {"references"}))  # that one may have to compute
def test_tables_can_be_made(name):
    text = hooks.on_page_markdown(f"before\n\n{{{{ {name} }}}}\n\nafter")
    assert text.startswith("before\n\n") and "{{" not in text and len(text.split()) > 5
    for block in re.findall(r"(?:^\|.*\n?)+", text, flags=re.MULTILINE):  # every row as long as the first
        rows = [len(re.findall(r"(?<!\\)\|", line)) for line in block.splitlines()]
        assert len(set(rows)) == 1
