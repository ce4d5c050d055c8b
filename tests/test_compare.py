"""What runs say together."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kindergarten import cli
from kindergarten.agents import PPOConfig
from kindergarten.agents.learner.choice import Encoder, Memory, Trunk
from kindergarten.agents.runs.compare import (
    THRESHOLDS,
    cell,
    curve_of,
    delays_of,
    expand,
    grouped,
    looks_of,
    picture,
)
from kindergarten.agents.runs.options import Options, usual
from kindergarten.agents.runs.run import Run
from kindergarten.scoring.score import delay_name


def fake_run(
    folder: Path,
    scenario: str,
    memory: str,
    seed: int,
    score: float,
    ladder: bool = True,
    numbers: PPOConfig = PPOConfig(),  # noqa: B008  # it is frozen
    **more: Any,
) -> None:
    """A run's folder as far as comparing reads it."""
    run = Run.create(folder, Options(scenario=scenario, memory=Memory(memory), seed=seed, learner=numbers, **more))
    run.write_json("evaluation.json", {"delay_s": [1.0, 4.0], "anticipation": score})
    if ladder:
        rungs = (0.0, 0.5, 8.0, 32.0)
        run.write_json("ladder.json", [{"delay_s": [d, d], "anticipation": score - d / 100} for d in rungs])
    rows = [f"{step},{score * step / 4000}" for step in range(0, 4001, 1000)]
    text = "time/total_timesteps,evaluation/anticipation\n" + "\n".join(rows) + "\n"
    (folder / "metrics.csv").write_text(text)


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    for scenario in ("Follow", "Crossing"):
        for memory, score in (("lstm", 0.9), ("none", 0.0)):
            for seed in range(3):
                fake_run(tmp_path / f"{scenario}-{memory}" / f"seed{seed}", scenario, memory, seed, score + seed / 100)
    return tmp_path


def test_runs_with_other_eyes_are_another_group(tmp_path: Path):
    attention = PPOConfig(encoder=Encoder.ATTENTION)
    eyes = PPOConfig(), attention, replace(attention, trunk=Trunk.RESIDUAL, depth=4)
    for k, numbers in enumerate((*eyes, PPOConfig(trunk=Trunk.SELU))):
        fake_run(tmp_path / str(k), "Follow", "lstm", 0, 0.9, numbers=numbers)
    groups = grouped(expand(sorted(tmp_path.iterdir())))
    assert {group.trained: len(group.curves) for group in groups} == {
        "1..4 s": 2,  # without a trunk it makes no difference what it would be made of
        "1..4 s, attention": 1,
        "1..4 s, attention, residual 4": 1,
    }
    names, colours = zip(*looks_of(groups).values(), strict=True)
    assert names == ("lstm, 1..4 s", "lstm, 1..4 s, attention", "lstm, 1..4 s, attention, residual 4")
    assert len(set(colours)) == 3
    assert [text.get_text() for text in picture(groups).legends[0].get_texts()] == list(names)


def test_runs_that_were_trained_for_longer_or_otherwise_are_another_group(tmp_path: Path):
    others: list[dict[str, Any]] = [{}, {"steps": 200_000}, {"steps": 9}, {"worlds": 16}, {"curriculum": True}, {}]
    for k, more in enumerate(others):
        fake_run(tmp_path / str(k), "Follow", "lstm", k, 0.9, **more)
    groups = grouped(expand(sorted(tmp_path.iterdir())))
    assert {group.trained: len(group.curves) for group in groups} == {
        "1..4 s": 3,  # 200,000 are usual
        "1..4 s, 9 decisions": 1,
        "1..4 s, 16 worlds": 1,
        "1..4 s, curriculum": 1,
    }


def test_only_agents_of_one_kind_are_summed_up_over_scenarios(tmp_path: Path, capsys):
    numbers = PPOConfig(), PPOConfig(caption_coef=0.0)
    for k, (scenario, taught) in enumerate(zip(("Follow", "Crossing"), numbers, strict=True)):
        fake_run(tmp_path / str(k), scenario, "lstm", 0, 0.9, numbers=taught)
    assert cli.main(["compare", *map(str, sorted(tmp_path.iterdir()))]) == 0
    printed = capsys.readouterr().out
    assert "captions 0" in printed and "all" not in printed


def test_runs_are_grouped_by_what_they_are(runs: Path):
    groups = grouped(expand(sorted(runs.iterdir(), reverse=True)))
    names = [group.name for group in groups]
    assert names == ["Follow, lstm", "Follow, none", "Crossing, lstm", "Crossing, none"]
    assert [name for name, _ in looks_of(groups).values()] == ["lstm", "none"]
    assert groups[0].scores["1..4 s"] == [0.9, 0.91, 0.92] and len(groups[0].curves) == 3
    assert delays_of(groups) == ["1..4 s", "0 s", "0.5 s", "8 s", "32 s"]


def test_a_curve_is_that_of_the_metrics(runs: Path):
    (run,) = expand([runs / "Follow-lstm" / "seed0"])
    np.testing.assert_allclose(curve_of(run)[1], 0.9 * np.linspace(0, 1, 5))


def test_cells():
    assert cell([0.5]) == "0.500" and cell([]) == "" and cell([math.nan], [math.nan]) == "nothing\nat stake"
    assert cell([0.5], [math.nan]) == "0.500\n0.50..0.50"
    assert cell([0.9, 0.91, 0.92]) == "0.910\n0.90..0.92"
    assert cell([0.5, 0.5], []) == "" and cell([0.5, 0.5], [1.5, 1.5]) == "1.000\n0.50..1.50"
    assert cell([0.5] * 5, [1.5] * 5) == "1.000\n1.00..1.00\n0% failed"
    assert cell([0.2, 0.9, 0.9, 0.9, 0.4]).endswith("\n40% failed")
    assert delay_name([1, 4]) == "1..4 s" and delay_name([0.5, 0.5]) == "0.5 s"


def test_where_nothing_is_at_stake_it_says_so(tmp_path: Path, capsys):
    fake_run(tmp_path / "a", "Follow", "lstm", 0, 0.9)
    run = Run.open(tmp_path / "a")
    run.write_json("ladder.json", [{"delay_s": [0, 0], "anticipation": None}, {"delay_s": [8, 8], "anticipation": 0.5}])
    assert cli.main(["compare", str(tmp_path / "a"), "--out", str(tmp_path / "a.png")]) == 0
    printed = capsys.readouterr().out
    assert "nothing" in printed and "at stake" in printed and "nan" not in printed


def test_the_command_prints_the_table_and_draws_the_picture(runs: Path, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")  # no number is folded, however narrow the screen
    out = runs / "picture.png"
    folders = sorted(str(folder) for folder in runs.iterdir())
    assert cli.main(["compare", *folders, "--out", str(out)]) == 0
    printed = capsys.readouterr().out
    for word in ("Follow", "Crossing", "lstm", "none", "1..4 s", "32 s", "0.910", "0.90..0.92", "all"):
        assert word in printed
    assert out.read_bytes().startswith(b"\x89PNG") and out.stat().st_size > 20_000


def test_what_has_no_such_scores_is_left_out(runs: Path, capsys):
    Run.create(runs / "Meeting", usual("Meeting"))
    folders = sorted(str(folder) for folder in runs.iterdir())
    assert cli.main(["compare", *folders]) == 0
    said = f"left out: {runs / 'Meeting'} is of several agents in one world, which have no anticipation"
    assert said in capsys.readouterr().err
    assert cli.main(["compare", str(runs / "Meeting")]) == cli.ERROR


def test_a_mean_is_of_all_in_which_something_is_at_stake(tmp_path: Path, capsys):
    for scenario, rung in (("Follow", 0.5), ("CutIn", None)):
        fake_run(tmp_path / scenario, scenario, "lstm", 0, 0.9)
        Run.open(tmp_path / scenario).write_json("ladder.json", [{"delay_s": [8, 8], "anticipation": rung}])
    assert cli.main(["compare", *map(str, sorted(tmp_path.iterdir()))]) == 0
    (row,) = (line for line in capsys.readouterr().out.splitlines() if line.startswith("all, "))
    assert row.endswith("0.500")


def test_what_cannot_be_compared_is_one_line(runs: Path, capsys):
    run = runs / "Follow-lstm" / "seed0"
    (run / "evaluation.json").unlink()
    for words, said in (
        ([runs / "nowhere"], "is no run"),
        ([run], "no evaluation.json yet"),
        ([runs / "Follow-none", "--out", "a.txt"], ".png, .svg or .pdf"),
    ):
        assert cli.main(["compare", *map(str, words)]) == 2
        printed = capsys.readouterr().err
        assert said in printed and printed.count("\n") == 1


def test_runs_without_a_ladder_are_drawn_too(tmp_path: Path, capsys):
    fake_run(tmp_path / "a", "Follow", "gru", 0, 0.5, ladder=False)
    assert cli.main(["compare", str(tmp_path / "a"), "--out", str(tmp_path / "a.svg")]) == 0
    assert "<svg" in (tmp_path / "a.svg").read_text()
    assert json.loads((tmp_path / "a" / "config.json").read_text())


def test_five_seeds_have_a_profile(tmp_path: Path):
    for seed, score in enumerate((0.2, 0.9, 0.9, 0.95, 0.99)):
        fake_run(tmp_path / str(seed), "Follow", "lstm", seed, score, ladder=False)
    groups = grouped(expand(sorted(tmp_path.iterdir())))
    *_, axes = picture(groups).axes
    (share,) = (line for line in (np.array(line.get_ydata()) for line in axes.lines) if len(line) == len(THRESHOLDS))
    assert share[[0, -1]].tolist() == [1.0, 0.0] and axes.get_ylabel() == "share of seeds"
    assert len(picture([replace(groups[0], scores={"1..4 s": [0.9] * 4})]).axes) == len(picture(groups).axes) - 1


def test_a_ladder_that_an_earlier_agent_drove_is_left_out(tmp_path: Path, capsys):
    fake_run(tmp_path / "a", "Follow", "lstm", 0, 0.9)
    run = Run.open(tmp_path / "a")
    rungs = [{"delay_s": [8, 8], "anticipation": 0.5, "decisions": 9}]
    run.write_json("ladder.json", rungs)
    run.write_json("evaluation.json", {"delay_s": [1, 4], "anticipation": 0.9, "decisions": 10})
    assert delays_of(grouped(expand([run.folder]))) == ["1..4 s"]
    assert "ladder.json is of an earlier agent: " in capsys.readouterr().err
    run.write_json("ladder.json", [{**rungs[0], "decisions": 10}])
    assert delays_of(grouped(expand([run.folder]))) == ["1..4 s", "8 s"] and not capsys.readouterr().err


def test_an_agent_of_all_scenarios_is_one_seed_and_four_curves_have_a_plain_mean(tmp_path: Path, capsys):
    its = usual("all")
    fake_run(tmp_path / "all", "all", "lstm", 0, 0.9, ladder=False, numbers=its.learner, worlds=its.worlds)
    assert cli.main(["compare", str(tmp_path / "all")]) == 0
    rows = [line.split() for line in capsys.readouterr().out.splitlines() if line.startswith("all, lstm")]
    assert rows and rows[0][-2:] == ["1", "0.900"]
    for seed, score in enumerate((0.0, 0.8, 0.8, 0.8)):
        fake_run(tmp_path / "four" / str(seed), "Follow", "lstm", seed, score, ladder=False)
    (line, *_) = picture(grouped(expand(sorted((tmp_path / "four").iterdir())))).axes[0].lines
    assert np.array(line.get_ydata())[-1] == pytest.approx(0.6)
