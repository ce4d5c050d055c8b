"""Writes into the pages what the code and benchmarks/results say: ``make pages``.

What stands between ``<!-- generated: NAME -->`` and ``<!-- end -->`` in one of FILES is what the maker NAME returns (in
YAML the signs are ``# generated: NAME`` and ``# end``). The scenarios' pages are made as a whole. Nothing is computed
here that takes long: where something has not been computed or measured yet, the page says so.
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from docs import benchmark_tables, beyond_tables, exam_tables, playground_tables, readme_tables, scenario_pages, tables
from docs.tables import DOCS, ROOT, table
from kindergarten.agents.learner.config import PPOConfig
from kindergarten.agents.runs.options import Options
from kindergarten.envs import KindergartenEnv
from kindergarten.files import write_whole
from kindergarten.viewer.model.keys import GAME, PAGE, PLAYER, Key
from kindergarten.world.settings import declared

FILES = [ROOT / "README.md", ROOT / "mkdocs.yml", ROOT / "hyperparams" / "ppo_lstm.yml", *sorted(DOCS.glob("*.md"))]
PLACE = re.compile(r"(^ *(<!--|#) generated: (\w+)(?: -->)?\n)(.*?)(^ *\2 end(?: -->)?$)", re.MULTILINE | re.DOTALL)


def environment() -> str:
    """The environment's page: its class docstring."""
    return inspect.cleandoc(KindergartenEnv.__doc__ or "")


def own_scenario() -> str:
    """The example of a scenario outside the package."""
    return f"```python\n{(ROOT / 'examples' / 'own_scenario.py').read_text(encoding='utf-8').rstrip()}\n```"


def keys() -> str:
    """What the keys of the window do."""
    return _keys(PLAYER)


def game_keys() -> str:
    """What the keys do for whoever drives."""
    return _keys(GAME)


def page_keys() -> str:
    """What the keys of the page do."""
    return _keys(key for key in PLAYER if key.does in PAGE)


def _keys(entries: Iterable[Key]) -> str:
    return table(("key", "does"), [(f"`{key.shown}`", key.words) for key in entries])


def training_options() -> str:
    """The trainer's own options, beside the environment's settings."""
    rows = [
        (f"`--{its.option.replace('_', '-')}`", "" if its.default is None else f"`{its.default}`", its.explained)
        for its in (*declared(Options).values(), *declared(PPOConfig).values())
    ]
    return table(("option", "default", "meaning"), rows)


MAKERS: dict[str, Callable[[], str]] = {
    maker.__name__: maker
    for maker in (
        *(
            environment,
            own_scenario,
            keys,
            game_keys,
            page_keys,
            tables.agents,
            scenario_pages.scenarios,
            scenario_pages.stakes,
            training_options,
        ),
        *(*benchmark_tables.MAKERS, *beyond_tables.MAKERS, *exam_tables.MAKERS),
        *(*playground_tables.MAKERS, *readme_tables.MAKERS),
    )
}


def filled(text: str) -> str:
    """``text`` with everything between its marks made anew.

    Raises:
        KeyError: there is no maker of that name.
    """
    return PLACE.sub(_filled, text)


def _filled(match: re.Match[str]) -> str:
    begin, sign, name, _, end = match.groups()
    space = "\n" if sign == "<!--" else ""  # Markdown wants it around a table
    return f"{begin}{space}{MAKERS[name]()}\n{space}{end}"


def outdated() -> dict[Path, str]:
    """The files that are not as they should be, and what they should hold."""
    wanted = {path: filled(path.read_text(encoding="utf-8")) for path in FILES}
    wanted |= {DOCS / "scenarios" / f"{one.name}.md": scenario_pages.page(one) for one in scenario_pages.OURS}
    return {
        path: text for path, text in wanted.items() if not path.exists() or path.read_text(encoding="utf-8") != text
    }


def main() -> int:
    """Write what is outdated, and say what it was."""
    for path, text in outdated().items():
        write_whole(path, text.encode())
        print(path.relative_to(ROOT))
    return 0


if __name__ == "__main__":
    sys.exit(main())
