"""What is installed, what importing it costs, and that imports run one way."""

from __future__ import annotations

import ast
import configparser
import importlib
import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import kindergarten
from kindergarten.scenarios import SCENARIOS

ROOT = Path(__file__).resolve().parents[1]
LINKED = ("envs", "agents")  # at the top of the tree, installed as parts of kindergarten

# Imports run from right to left along this line, never the other way. A new module needs a place in it: its own, or
# its folder's.
LAYERS = (
    *("extras", "files", "output", "markup", "world.cache", "world.jit", "world.words", "world.codes", "world.kinds"),
    *(
        "world.settings",
        "commandline",
        "world.sense",
        "world.ways",
        "world.config",
        "world.origin",
        "world.road",
        "world.crowd",
        "world.rng",
        "world.users",
        "world.limits",
    ),
    "world.signals",
    *("world.geometry", "world.visibility", "world.traffic", "world.dynamics"),
    *("world.observation", "world.terrain", "world.pixels"),
    *("world.reward", "world.params", "world.scene", "scenarios", "world.step", "world.simulator", "world.spaces"),
    "placed",
    *(
        *("playground.rules", "playground.drivers"),
        "playground.sight",
        "playground.many",
        "playground.world",
        "playground.meeting",
        "playground.junction4",
        "playground.square",
        "playground",
    ),
    *(
        "provenance",
        "progress",
        "interrupts",
        "replay.archive",
        "replay.thoughts",
        "replay.episode",
        "replay.replay",
        "replay.seats",
        "replay",
    ),
    *(
        "scoring.statistics",
        "scoring.splits",
        "scoring.planner",
        "scoring.legs",
        "scoring.evidence",
        "scoring.reference",
        "scoring.criterion",
        "scoring.agent",
    ),
    *("scoring.onnx", "scoring.score", "scoring.exam", "scoring.rollout", "scoring.drivers", "scoring"),
    *("viewer.model", "viewer.draw", "viewer.export", "viewer.app", "viewer", "envs"),
    *("agents.learner", "agents.evaluation", "agents.runs", "agents.diagnose", "agents", "api"),
    *(
        "evaluation",
        "reportcard",
        "data.table",
        "data.read",
        "data.record",
        "data.offline",
        "data",
        "commands",
        "watching",
        "cli",
        "__main__",
    ),
)

# Heavy packages, and the only places that may import them.
HOMES = {
    "torch": ("agents",),
    "stable_baselines3": ("agents", "envs"),
    "sb3_contrib": ("agents",),
    "sklearn": ("agents",),
    "jinja2": ("markup",),
    "pygame": ("viewer",),
    "pyarrow": ("data",),
    "minari": ("data",),
    "ray": ("agents",),
    "gymnasium": ("__init__", "world", "scoring", "envs", "agents", "api", "data"),
    "pettingzoo": ("envs",),
}


def layer_of(module: str) -> str:
    """The place in LAYERS of a module of the package; ``__init__`` for the package itself or a room of it."""
    parts = module.split(".")[1:] or ["__init__"]
    return next((name for name in (".".join(parts[:2]), parts[0]) if name in LAYERS), "__init__")


def modules() -> dict[str, Path]:
    """Every module of the package with its file."""
    found = {}
    for package in ("kindergarten", *LINKED):
        for file in (ROOT / package).rglob("*.py"):
            parts = file.relative_to(ROOT).with_suffix("").parts
            if parts[0] == "kindergarten" and parts[1] in LINKED:
                continue  # met under its own folder
            parts = ("kindergarten", *parts) if parts[0] in LINKED else parts
            found[".".join(parts).removesuffix(".__init__")] = file
    return found


@cache
def imports(name: str, file: Path) -> tuple[tuple[str, int], ...]:
    """Dotted names that a module imports, wherever in its text, with the line."""
    return tuple(_imports(name, file))


def _imports(name: str, file: Path) -> Iterator[tuple[str, int]]:
    package = name if file.name == "__init__.py" else name.rpartition(".")[0]
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, node.lineno
        elif isinstance(node, ast.ImportFrom):
            anchor = package.rsplit(".", node.level - 1)[0] + "." if node.level else ""
            base = (anchor + (node.module or "")).strip(".")
            for alias in node.names:
                yield f"{base}.{alias.name}", node.lineno


MODULES = modules()


def own(name: str) -> str | None:
    """The layer that an imported name of ours belongs to; None for the bare package and what it defines."""
    layer = layer_of(name) if name.split(".", maxsplit=1)[0] == "kindergarten" else "__init__"
    return None if layer == "__init__" else layer


def kernels() -> list[str]:
    """The modules that hold compiled kernels."""
    return [
        name
        for name, file in MODULES.items()
        if name == "kindergarten.world.jit"
        or any(n.split(".")[0] == "numba" or own(n) == "world.jit" for n, _ in imports(name, file))
    ]


def run_python(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True).stdout


def test_every_module_has_a_layer():
    rooms = {"kindergarten", "kindergarten.world"}
    assert {m for m in MODULES if layer_of(m) == "__init__"} <= rooms


@pytest.mark.parametrize("name", sorted(MODULES))
def test_imports_run_one_way(name):
    mine = layer_of(name)
    if mine == "__init__":
        return  # it may name anything, as long as it does so lazily: see test_importing_is_cheap
    for imported, line in imports(name, MODULES[name]):
        layer = own(imported)
        assert layer is None or LAYERS.index(layer) <= LAYERS.index(mine), (
            f"{MODULES[name]}:{line}: {mine} comes before {layer} and may not import it"
        )


@pytest.mark.parametrize("name", sorted(MODULES))
def test_heavy_packages_stay_at_home(name):
    for imported, line in imports(name, MODULES[name]):
        homes = HOMES.get(imported.split(".")[0])
        assert homes is None or (name.split(".")[1:] or ["__init__"])[0] in homes, (
            f"{MODULES[name]}:{line}: {imported} may be imported in {', '.join(homes)} only"
        )


def test_no_public_class_has_a_namesake_in_another_module():
    """Enums and dataclasses too: one word for one thing, so that a name alone says what is meant."""
    homes: dict[str, list[str]] = {}
    for module, file in MODULES.items():
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                homes.setdefault(node.name, []).append(module)
    assert len(homes) > 100 and {"Config", "Intent", "MemoryPPO", "Story"} <= homes.keys()
    assert {name: where for name, where in homes.items() if len(where) > 1} == {}


def test_importing_is_cheap():
    loaded = set(run_python("import kindergarten, sys; print(*sys.modules)").split())
    assert "kindergarten" in loaded
    heavy = {"torch", "pygame", "numba", "stable_baselines3", "matplotlib", "envs", "agents", *kernels()}
    assert not loaded & heavy


@pytest.mark.slow
def test_what_few_commands_need_is_imported_by_them_alone():
    pytest.importorskip("torch")
    commands, few = "train, evaluate, compare, export", {"sklearn", "jinja2"}
    loaded = run_python(f"import sys; from kindergarten.agents.runs import {commands}; print(*sys.modules)").split()
    assert "torch" in loaded and not few & set(loaded)


def test_all_scenarios_share_the_same_compiled_kernels():
    """After the first one is made and driven, the others compile nothing: no kernel gets another version."""
    counts = run_python(
        """
import sys
import gymnasium, kindergarten
from numba.core.dispatcher import Dispatcher
import kindergarten
from kindergarten.scenarios import SCENARIOS

def versions():
    ours = [vars(module) for name, module in sys.modules.items() if name.startswith("kindergarten.")]
    return sum(len(value.signatures) for names in ours for value in names.values() if isinstance(value, Dispatcher))

for name in SCENARIOS:
    envs = gymnasium.make_vec(f"Kindergarten/{name}-v0", num_envs=2)
    envs.reset(seed=0)
    envs.step(envs.action_space.sample())
    print(versions())
"""
    ).split()
    assert len(counts) == len(SCENARIOS) and int(counts[0]) > 0
    assert set(counts) == {counts[0]}


@pytest.mark.parametrize("folder", LINKED)
def test_a_folder_has_one_name(folder):
    assert os.readlink(ROOT / "kindergarten" / folder) == f"../{folder}"
    importlib.import_module(f"kindergarten.{folder}")
    assert folder not in sys.modules


@pytest.mark.parametrize("lost", LINKED)
def test_a_checkout_without_its_links_says_so(tmp_path, lost):
    """As where git writes a symbolic link as a file with the target's name in it, and another tree is installed."""
    tree = tmp_path / "kindergarten"
    shutil.copytree(ROOT / "kindergarten", tree, symlinks=True, ignore=shutil.ignore_patterns("__pycache__"))
    for folder in LINKED:
        (tree / folder).unlink()
        if folder == lost:
            (tree / folder).write_text(f"../{folder}")
        else:
            (tree / folder).symlink_to(ROOT / folder)
    command = [sys.executable, "-c", "import kindergarten"]
    failed = subprocess.run(command, check=False, cwd=tmp_path, capture_output=True, text=True)
    said = failed.stderr.splitlines()[-1]
    assert failed.returncode == 1 and said.startswith("ImportError: ") and "lost its symbolic links" in said
    assert str(tree / lost) in said
    (tree / lost).unlink()
    if lost == "agents":  # whoever deletes that folder keeps the rest
        subprocess.run(command, check=True, cwd=tmp_path)


@pytest.fixture(scope="module")
def distributions(tmp_path_factory) -> tuple[Path, Path]:
    """The wheel and the sdist of a copy of the tree, built without the network."""
    tree, out = tmp_path_factory.mktemp("build") / "tree", tmp_path_factory.mktemp("dist")
    skipped = {"runs", "build", "dist", "site"}

    def skip(folder: str, names: list[str]) -> set[str]:
        return {
            n
            for n in names
            if n.startswith(".")
            or n.endswith((".egg-info", "__pycache__"))
            or (n in skipped and Path(folder) == ROOT)
            or Path(folder, n, "pyvenv.cfg").exists()
        }

    shutil.copytree(ROOT, tree, symlinks=True, ignore=skip)
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(out), str(tree)]
    built = subprocess.run(command, check=False, cwd=out, capture_output=True, text=True)
    assert built.returncode == 0, built.stdout + built.stderr
    (wheel,), (sdist,) = out.glob("*.whl"), out.glob("*.tar.gz")
    return wheel, sdist


def test_the_wheel_is_the_package_and_nothing_else(distributions):
    names = zipfile.ZipFile(distributions[0]).namelist()
    tops = {name.split("/")[0] for name in names}
    assert tops == {
        "kindergarten",
        *(t for t in tops if t.startswith("kindergarten-") and t.endswith(".dist-info")),
    }
    wheel = {n.removesuffix(".py").replace("/", ".").removesuffix(".__init__") for n in names if n.endswith(".py")}
    assert wheel == set(MODULES)  # a package that pyproject.toml does not list would be missing
    data = {
        f"kindergarten/scenarios/{f.name}"
        for f in (ROOT / "kindergarten/scenarios").iterdir()
        if f.suffix in {".npz", ".json"}
    }
    for folder in (
        "viewer/export/page",
        "agents/diagnose/report/page",
        "reportcard/page",
        "demo/checkpoints",
        "demo/replays",
    ):
        data |= {f"kindergarten/{folder}/{f.name}" for f in (ROOT / "kindergarten" / folder).iterdir()}
    assert {"kindergarten/py.typed", "kindergarten/demo/config.json", *data} <= set(names)


def test_the_sdist_is_what_the_wheel_is_made_of(distributions):
    with tarfile.open(distributions[1]) as archive:
        files = [m.name.split("/", 1)[1] for m in archive.getmembers() if not m.isdir()]
    folders = {f.split("/")[0] for f in files if "/" in f}
    assert folders == {"kindergarten", "kindergarten.egg-info"}
    assert {f for f in files if "/" not in f} == {
        "LICENSE", "MANIFEST.in", "PKG-INFO", "README.md", "pyproject.toml", "setup.cfg",
    }  # fmt: skip
    assert {(ROOT / f).resolve() for f in files if f.endswith(".py")} == set(MODULES.values())


def test_every_console_command_exists(distributions):
    with zipfile.ZipFile(distributions[0]) as wheel:
        (name,) = (n for n in wheel.namelist() if n.endswith(".dist-info/entry_points.txt"))
        points = configparser.ConfigParser()
        points.read_string(wheel.read(name).decode())
    assert "kindergarten" in points["console_scripts"]
    for target in points["console_scripts"].values():
        module, _, function = target.partition(":")
        assert callable(getattr(importlib.import_module(module), function))


def test_one_version_stands_everywhere():
    """In the package, in the citation, and at the head of the changelog."""
    (cited,) = re.findall(r"^version: (.*)$", (ROOT / "CITATION.cff").read_text("utf-8"), re.MULTILINE)
    released = re.findall(r"^## \[(\d.*)\] - (\S+)$", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    assert (cited, released[0][0]) == (kindergarten.__version__, kindergarten.__version__)
    assert f"date-released: {released[0][1]}\n" in (ROOT / "CITATION.cff").read_text("utf-8")
