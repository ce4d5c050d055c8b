"""A setting is declared once: signatures, types, pages and checks all say what the declaration says."""

from __future__ import annotations

import ast
import inspect
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any, get_type_hints

import numpy as np
import pytest

from kindergarten.envs import KindergartenEnv, KindergartenVectorEnv
from kindergarten.world.codes import Control, Observation, SignalReliability
from kindergarten.world.config import SETTINGS, Config, Settings, make_config
from kindergarten.world.settings import plain
from kindergarten.world.words import LONGEST, quoted

ROOT = Path(__file__).resolve().parents[1]
#: For each setting some values that people may give, and what the code gets.
SENSE: dict[str, list[tuple[Any, Any]]] = {
    "observation": [("pixels", Observation.PIXELS), (Observation.USERS, Observation.USERS)],
    "control": [("continuous", Control.CONTINUOUS)],
    "delay_s": [(2, (2.0, 2.0)), ((1, 2), (1.0, 2.0)), ([0.0, 600.0], (0.0, 600.0))],
    "signal_rate": [(0, 0.0), (np.float32(0.5), 0.5)],
    "signals": [("real", SignalReliability.REAL)],
    "rewritten": [(1, 1.0)],
    "held": [(3, 3)],
    "hands_on": [(np.True_, True)],
    "spurious": [(-1, -1.0)],
    "shuffled": [(True, True)],
    "image_size": [(32, (32, 32)), ([40, 256], (40, 256)), (np.int64(64), (64, 64))],
    "grayscale": [(True, True)],
    "max_episode_steps": [(50, 50), (None, None)],
}
NONSENSE: list[Any] = [None, "nonsense", float("nan"), -7, 10**400, (1, 2, 3), [], np.zeros((2, 2)), object(), b"real"]


def shells() -> list[Any]:
    from kindergarten.envs import make_sb3  # torch comes along

    return [KindergartenEnv, KindergartenVectorEnv, make_sb3, make_config]


def test_type_checkers_know_every_setting():
    assert get_type_hints(Settings) == {name: its.kind.accepts for name, its in SETTINGS.items()}
    assert list(Settings.__annotations__) == list(SETTINGS) == list(SENSE)


@pytest.mark.parametrize("k", range(4))
def test_every_signature_shows_every_setting(k: int):
    parameters = inspect.signature(shells()[k]).parameters
    for name, its in SETTINGS.items():
        assert parameters[name].default == its.default and parameters[name].annotation == its.kind.accepts
    assert not any(p.kind is inspect.Parameter.VAR_KEYWORD for p in parameters.values())


def test_wrong_types_are_seen_before_anything_runs(tmp_path: Path):
    wrong = {"delay_s": '"long"', "control": '"joystick"', "hands_on": "3", "colour": '"red"'}
    lines = [f"{shell}(**{{}}, {k}={v})" for shell in ("KindergartenEnv", "make_config") for k, v in wrong.items()]
    right = 'KindergartenEnv("Follow", delay_s=2, control="continuous", image_size=(32, 40), render_mode=None)'
    head = "from kindergarten.envs import KindergartenEnv\nfrom kindergarten.world.config import make_config\n"
    (tmp_path / "a.py").write_text(head + "\n".join([right, *lines]) + "\n")
    words = [sys.executable, "-m", "pyright", "--pythonpath", sys.executable, str(tmp_path / "a.py")]
    said = subprocess.run(words, capture_output=True, text=True, check=False, cwd=tmp_path).stdout
    assert f"{len(lines)} errors" in said and ":3:" not in said, said


@pytest.mark.parametrize("name", SETTINGS)
def test_a_setting_takes_what_makes_sense(name: str):
    for given, settled in [*SENSE[name], (SETTINGS[name].default, getattr(Config(), name))]:
        config = make_config(**{name: given})
        assert getattr(config, name) == settled and type(getattr(config, name)) is type(settled)
        assert config == Config(**{name: settled}) == make_config(**plain(config))


@pytest.mark.parametrize("name", SETTINGS)
def test_a_setting_refuses_nonsense_in_one_line(name: str):
    for wrong in NONSENSE[name == "max_episode_steps" :]:  # which may be None
        with pytest.raises(ValueError, match=name) as refused:
            replace(Config(), **{name: wrong})
        assert quoted(wrong) in str(refused.value) or "array" in str(refused.value) or name == "delay_s"
        assert "\n" not in str(refused.value) and len(str(refused.value)) < 250


def test_what_is_no_setting_is_named_with_the_choices():
    for shell in (make_config, KindergartenEnv, KindergartenVectorEnv):
        with pytest.raises(ValueError, match="unexpected keyword argument 'colour': choose from observation, control"):
            shell(colour="red")  # pyright: ignore[reportCallIssue]
    with pytest.raises(TypeError, match="unexpected keyword argument 'substeps'"):
        make_config(substeps=1)  # pyright: ignore[reportCallIssue]


def test_the_pages_say_what_the_declaration_says():
    page, table = inspect.getdoc(KindergartenEnv) or "", (ROOT / "docs/scenarios/Follow.md").read_text("utf-8")
    for name, its in SETTINGS.items():
        said = f"- `{name}`: {its.explained}; `{its.written}` by default."
        assert said in " ".join(page.split())
        assert f"| `{name}` | `{its.written}` | {its.explained} |\n" in table


def test_shells_never_write_inside_the_simulator():
    for file in (ROOT / "envs").glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
            if isinstance(node, (ast.Assign, ast.AugAssign, ast.AnnAssign)):
                for target in targets:
                    inner = target.value if isinstance(target, (ast.Attribute, ast.Subscript)) else None
                    assert inner is None or "simulator" not in ast.unparse(inner), f"{file}:{node.lineno}"


def test_long_values_are_cut():
    for value in ("x" * 10_000, list(range(5000)), 10**9999, np.arange(3000.0)):
        assert len(quoted(value)) <= LONGEST and "\n" not in quoted(value)
    assert quoted("short") == "'short'"
