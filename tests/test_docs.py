"""The pages are current, and say all that they should; every scenario has a page, a line and a picture to come."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import numpy as np
import pygame
import pytest

from docs import exam_tables, pages, pictures, story
from kindergarten import cli
from kindergarten.agents.commands import Resume, TrainTogether
from kindergarten.commandline import options_of
from kindergarten.extras import ours
from kindergarten.scenarios import FILES, SCENARIOS
from kindergarten.viewer import Stage, Take
from kindergarten.viewer.model.frame import differences
from kindergarten.viewer.model.palette import LIGHT
from kindergarten.viewer.model.view import TONES
from kindergarten.world.codes import Action, End, Intent, Phase
from kindergarten.world.config import SETTINGS
from kindergarten.world.observation import columns
from tests.driving import steadily
from tests.pages import drive
from tests.pressing import thinking
from tests.recording import record, twins

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.glob("scenarios/*.md"))


def part(scenario: str, title: str) -> str:
    """What a scenario's page says under a title."""
    return (DOCS / "scenarios" / f"{scenario}.md").read_text("utf-8").split(f"## {title}\n")[1].split("\n## ")[0]


def check_tables(text: str) -> None:
    """Every row is as long as the first."""
    for block in re.findall(r"(?:^\|.*\n?)+", text, flags=re.MULTILINE):
        rows = [len(re.findall(r"(?<!\\)\|", line)) for line in block.splitlines()]
        assert len(set(rows)) == 1


def test_all_files_are_current():
    outdated = [str(path.relative_to(ROOT)) for path in pages.outdated()]
    assert outdated == [], "make pages"


def test_no_number_on_a_page_is_minus_nothing():
    for path in (ROOT / "README.md", *DOCS.rglob("*.md")):
        assert re.findall(r".*-0\.0+(?!\d).*", path.read_text("utf-8")) == [], path


SHELLS = ("sh", "bash")
PASTED = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(DOCS.glob("*.md"))]


def blocks(path: Path) -> list[tuple[str, str]]:
    """The languages and texts of a page's blocks of code."""
    return re.findall(r"^ *```(\w*)\n(.*?)^ *```", path.read_text("utf-8"), re.MULTILINE | re.DOTALL)


def asked_for(block: str) -> list[tuple[str, str]]:
    """The options that a block for the shell gives to our commands: each with its command."""
    found = []
    for line in block.replace("\\\n", " ").splitlines():
        for part in re.split(r"&&|[|;]", re.sub(r"(^|\s)#.*", "", line)):
            begun = re.match(r"(?:.*[\s/])?kindergarten ([\w-]+)(.*)", part)
            if begun and begun[1] in cli.COMMANDS:
                found += [(begun[1], option) for option in re.findall(r"(?<!\S)--[\w-]+", begun[2])]
    return found


def options(command: str) -> set[str]:
    """What a command may be told on some line or other: ``train`` takes others where it goes on, and for several."""
    classes = [cli._class_of(command)]
    if command == "train":
        classes += [Resume, TrainTogether]
    each = {option for its in classes for option in options_of(its).values()}
    return each | {f"--no-{option[2:]}" for option in each} | {"--help"}


@pytest.mark.parametrize("path", PASTED, ids=str)
def test_commands_can_be_pasted(path: Path):
    for language, block in blocks(path):
        assert language != "console"
        if language in SHELLS:
            assert "…" not in block and not re.search(r"^\$ ", block, re.MULTILINE)
            assert [(name, option) for name, option in asked_for(block) if option not in options(name)] == []


def test_options_of_pasted_commands_are_found():
    block = ".venv/bin/kindergarten train --a 1 \\\n  --b=2 && kindergarten watch x --c  # --d\nls kindergarten --e\n"
    assert asked_for(block) == [("train", "--a"), ("train", "--b"), ("watch", "--c")]
    assert "--more" in options("train") and "--espresso" not in options("train")
    assert sum(len(asked_for(block)) for path in PASTED for language, block in blocks(path) if language in SHELLS) > 50


def test_what_is_outdated_is_found_and_written(tmp_path, monkeypatch, capsys):
    page = tmp_path / "page.md"
    page.write_text("before\n\n<!-- generated: keys -->\n\nstale\n\n<!-- end -->\n\nafter\n")
    monkeypatch.setattr(pages, "FILES", [page])
    monkeypatch.setattr(pages, "ROOT", tmp_path)
    assert list(pages.outdated()) == [page]
    assert pages.main() == 0 and capsys.readouterr().out == "page.md\n"
    text = page.read_text()
    assert text.startswith("before\n\n<!-- generated: keys -->\n\n|") and text.endswith("|\n\n<!-- end -->\n\nafter\n")
    assert "stale" not in text and pages.outdated() == {}


def test_pages_ask_for_what_there_is():
    begun = re.compile(r"^ *(?:<!--|#) generated: (\w+)", re.MULTILINE)
    asked = {name for path in pages.FILES for name in begun.findall(path.read_text("utf-8"))}
    assert asked == set(pages.MAKERS)
    with pytest.raises(KeyError, match="tail"):
        pages.filled("<!-- generated: tail -->\n<!-- end -->")


@pytest.mark.parametrize("name", sorted(pages.MAKERS))
def test_tables_can_be_made(name):
    text = pages.MAKERS[name]()
    assert "{{" not in text and len(text.split()) > 5
    check_tables(text)


def test_every_scenario_has_a_page_and_every_page_a_scenario():
    assert len(FILES) == len(list((ROOT / "kindergarten" / "scenarios").glob("[!_]*.py"))), "no two of one name"
    assert {page.stem for page in PAGES} == set(FILES) <= set(SCENARIOS)
    nav = re.findall(r"- scenarios/(\w+)\.md", (ROOT / "mkdocs.yml").read_text("utf-8"))
    assert nav == list(FILES), "in the order in which they are registered"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_tells_all_of_its_own_scenario(page):
    text = page.read_text("utf-8")
    assert "{{" not in text and f"`Kindergarten/{page.stem}-v0`" in text
    check_tables(text)
    for t in ("t1", "t2", "t3"):
        assert f"\n- **{t}**: " in text
    titles = ["What happens", "The point of no return", "Who is there", "Observation", "Reward", "Arguments"]
    assert re.findall(r"^## (.*)", text, re.MULTILINE) == [*titles, "References", "Baselines", "Versions"]


@pytest.mark.parametrize("name", FILES)
def test_the_columns_on_the_page_are_those_of_the_observation(name):
    section = part(name, "Observation")
    table = columns(SCENARIOS[name].num_users)
    assert section.split()[0] == str(len(table))
    named = re.findall(r"^\| (\d+)[^|]*\| `([\w.]+)`", section, re.MULTILINE)
    assert named == [(str(i), table[i].name) for i in range(len(named))]
    last = [int(numbers.split(",")[-1]) for numbers in re.findall(r"^\| (\d[^|]*) \|", section, re.MULTILINE)]
    assert max(last) == len(table) - 1


def test_every_argument_is_on_the_page():
    text = part("Follow", "Arguments")
    arguments = [*SETTINGS, "render_mode"]
    assert re.findall(r"^\| `(\w+)`", text, re.MULTILINE) == arguments
    page = (DOCS / "environments.md").read_text("utf-8")
    assert sorted(set(arguments) - set(re.findall(r"^- `(\w+)`: ", page, re.MULTILINE))) == []


def test_what_the_architecture_names_exists():
    text = (DOCS / "architecture.md").read_text("utf-8")
    named = re.findall(r"`((?:kindergarten|agents|envs|tests|docs|world)/[\w/.]*)`", text)
    missing = [name for name in named if not ((ROOT / name).exists() or (ROOT / "kindergarten" / name).exists())]
    assert len(named) > 20 and missing == []
    check_tables(text)


def test_the_readme_lists_all_scenarios():
    listed = re.findall(
        r'href="(.*)"><img src="(.*)" width.* title="(.*)"><br><b>(\w+)</b>', (ROOT / "README.md").read_text("utf-8")
    )
    assert [(name, summary) for *_, summary, name in listed] == [(name, SCENARIOS[name].summary) for name in FILES]
    assert all((ROOT / path).exists() for page, picture, *_ in listed for path in (page, picture))


def test_a_picture_of_each_run(tmp_path, monkeypatch, capsys):
    """The newest replay of a scenario becomes a small GIF; those that have none are named."""
    monkeypatch.setattr(pictures, "IMAGES", tmp_path / "images")
    monkeypatch.setattr(pictures, "SMALL", (160, 90))
    recorded = record(twins("Crossing", 3), steadily(Action.IDLE), seed=3)
    recorded.write(tmp_path / "Crossing-lstm" / "seed0" / "replays" / "final.npz")
    assert pictures.main([str(tmp_path)]) == 2
    assert [path.name for path in (tmp_path / "images" / "scenarios").iterdir()] == ["Crossing.gif"]
    assert (tmp_path / "images" / "scenarios" / "Crossing.gif").stat().st_size < pictures.LARGEST
    err = capsys.readouterr().err
    assert "Follow" in err and "Crossing-lstm" not in err and "Crossing-none" in err
    assert pictures.main([str(tmp_path), "Crossing.gif"]) == 0
    assert pictures.main([str(tmp_path), "Crossing.png"]) == 2
    assert "unknown picture 'Crossing.png': choose from Crossing.gif" in capsys.readouterr().err

    chosen = recorded.episodes[pictures.best(recorded)]
    assert chosen.end is End.GOAL and chosen.users[0, 1]["intent"] != Intent.STRAIGHT, "it arrives, and saw an arm"
    start, stop = pictures.interesting(chosen, recorded.physics_step)
    t1, t3 = (float(chosen.users[0, 1][t]) * recorded.physics_step for t in ("t1", "t3"))
    assert 0.0 <= start <= t1 < t3 < stop <= start + pictures.LONGEST


def test_twins_are_pictured_as_long_as_they_see_the_same():
    """As the words below the picture have it: a moment later one brakes."""
    stage = Stage(*(Take(thinking("Crossing", brakes=True), k) for k in (0, 1)))
    moment, differ = pictures.still_alike(stage), differences(*(s.episode for s in stage.stories if s.episode))
    k, role = int(np.searchsorted(stage.times, moment)), stage.stories[0].role(1)
    assert role.t2 <= moment < role.t3 and not differ[k] and differ[k + 1]
    left, right = (frame.users for frame in stage.frames(moment))
    assert np.allclose([left["x"], left["y"]], [right["x"], right["y"]])


def test_a_picture_that_takes_what_is_not_there_is_not_said_to_be_made(tmp_path, monkeypatch, capsys):
    recorded = record(twins("Crossing", 3), steadily(Action.IDLE), seed=3, decisions=1)
    path = tmp_path / "web.png"
    path.write_text("the old one")
    monkeypatch.setattr(pictures, "newest", lambda *which: recorded)
    monkeypatch.setattr(pictures, "IMAGES", tmp_path)
    monkeypatch.setitem(sys.modules, "playwright.sync_api", None)
    monkeypatch.setattr(pictures.shutil, "which", lambda name: None)
    for chromium, words in (("", "it takes Chromium"), ("chromium", f"pip install {ours('test')}")):
        monkeypatch.setenv("KINDERGARTEN_CHROMIUM", chromium)
        assert pictures.main([str(tmp_path), "web.png"]) == 2
        printed = capsys.readouterr()
        assert printed.out == "" and printed.err.startswith("pictures: error: web.png: it ") and words in printed.err
        assert path.read_text() == "the old one" and list(tmp_path.iterdir()) == [path]


@pytest.mark.usefixtures("few_seeds")
def test_the_first_lines_of_python_run(capsys):
    """README's, word for word, with the agent that comes along."""
    pytest.importorskip("torch")
    snippet = re.findall(r"^```python\n(.*?)^```", (ROOT / "README.md").read_text("utf-8"), re.MULTILINE | re.DOTALL)[0]
    assert snippet.count("\n") <= 12, "ten lines, and a blank one"
    exec(snippet, {})
    assert capsys.readouterr().out.startswith("True Crossing, "), "it arrives"


def test_the_first_picture_shows_the_arm_the_delay_and_what_comes_of_it(tmp_path):
    story.write(tmp_path / "story.png", Stage(Take(drive("Crossing"), 0)))
    picture = pygame.image.load(tmp_path / "story.png")
    assert picture.get_size() == story.SIZE
    middles = [(2 * k + 1) * story.SIZE[0] // 6 for k in range(3)]
    heads = [tuple(picture.get_at((x, 8)))[:3] for x in middles]
    assert heads == [getattr(LIGHT, TONES[phase][0]) for phase in (Phase.CUE, Phase.DELAY, Phase.AFTER)]
    bubbles = [tuple(picture.get_at((x, story.SIZE[1] * 6 // 10 + 12)))[:3] for x in middles]
    assert all(bubble == pytest.approx(LIGHT.belief, abs=2) for bubble in bubbles), "what it believes, all the while"


def test_what_a_card_that_somebody_sent_says_is_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    card = json.loads((ROOT / "benchmarks" / "results" / "exam" / "Follow-blind.json").read_text("utf-8"))
    card["agent"] = "<img src=x onerror=alert(1)>|![a](http://b)\n\n# mine"
    card["made_with"]["machine"]["cpu"] = "<script>"
    (tmp_path / "exam").mkdir()
    (tmp_path / "exam" / "a.json").write_text(json.dumps(card))
    monkeypatch.setattr(exam_tables, "RESULTS", tmp_path)
    header, _, row, *_ = exam_tables.leaderboard().splitlines()
    assert row.count("|") == header.count("|") and not set(row) & set("<>[]!") and "&#33;&#91;a&#93;" in row
    assert "<script>" not in exam_tables.leaderboard()
