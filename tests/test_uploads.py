"""Weights & Biases and Hugging Face are called as they want to be, if they are there at all."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from stable_baselines3.common.callbacks import BaseCallback

from kindergarten import cli
from kindergarten.agents.runs import seeds, uploads
from kindergarten.agents.runs.options import usual
from kindergarten.agents.runs.run import Run

pytestmark = pytest.mark.usefixtures("few_seeds")
TINY = ["train", "--steps", "256", "--worlds", "2"]


@pytest.mark.parametrize(("option", "package"), [("--wandb", "wandb"), ("--hub", "huggingface-hub")])
def test_without_the_package_it_says_so_before_training(option, package, tmp_path: Path, monkeypatch, capsys):
    for module in ("wandb", "wandb.integration.sb3", "huggingface_hub"):
        monkeypatch.setitem(sys.modules, module, None)
    assert cli.main([*TINY, "--out", str(tmp_path / "run"), option, "somewhere"]) == 2
    assert f"{option} needs {package}: pip install {package}" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_both_get_what_they_need(tmp_path: Path, monkeypatch, capsys):
    calls = []

    class WandbCallback(BaseCallback):
        def _on_step(self) -> bool:
            return True

        def _on_training_end(self) -> None:
            calls.append("trained")

    wandb = SimpleNamespace(init=lambda **words: calls.append(words), finish=lambda: calls.append("finish"))
    monkeypatch.setitem(sys.modules, "wandb", wandb)
    monkeypatch.setitem(sys.modules, "wandb.integration", SimpleNamespace())
    monkeypatch.setitem(sys.modules, "wandb.integration.sb3", SimpleNamespace(WandbCallback=WandbCallback))
    hub = SimpleNamespace(
        create_repo=lambda name, exist_ok: calls.append(name),
        upload_folder=lambda **words: calls.append(words) or "https://hub/me/car",
    )
    monkeypatch.setitem(sys.modules, "huggingface_hub", hub)
    assert cli.main([*TINY, "--out", str(tmp_path / "run"), "--wandb", "cars", "--hub", "me/car"]) == 0
    began, *rest, uploaded = calls
    assert began["project"] == "cars" and began["config"]["scenario"] == "Follow" and began["sync_tensorboard"]
    assert rest == ["trained", "finish", "me/car"]
    assert uploaded["repo_id"] == "me/car" and "*.zip" in uploaded["ignore_patterns"]
    assert "anticipation" in (tmp_path / "run" / "README.md").read_text().lower()
    assert "https://hub/me/car" in capsys.readouterr().out


def test_several_agents_have_a_card_and_a_sum_of_their_own(tmp_path: Path):
    found = {"scenario": "Meeting", "decisions": 5, "communication": 0.5, "communication_ci95": [0.4, 0.6]}
    folders = [tmp_path / f"seed{seed}" for seed in range(2)]
    for seed, folder in enumerate(folders):
        run = Run.create(folder, replace(usual("Meeting"), seed=seed))
        run.write_json("evaluation.json", {**found, "collision_rate": 0.1})
    card = uploads.model_card(Run.open(folders[0]), "me/cars")
    assert "| `Kindergarten/Meeting-v0` | 0.500 (0.400..0.600) | 10.0% |" in card
    assert "where everybody is told everything" in card
    assert "hf download me/cars --local-dir run" in card, "huggingface-cli is gone"
    assert seeds._together(folders) == "communication 0.500 (mean; least 0.500, most 0.500)"


def test_a_site_out_of_reach_is_one_line_and_the_run_is_kept(tmp_path: Path, monkeypatch, capsys):
    class OutOfReach(Exception):
        """Of a class that we do not know."""

    def fail(*_, **__):
        raise OutOfReach("no such host")

    monkeypatch.setitem(sys.modules, "huggingface_hub", SimpleNamespace(create_repo=fail))
    assert cli.main([*TINY, "--out", str(tmp_path / "run"), "--hub", "me/car"]) == 1
    said = capsys.readouterr().err.splitlines()[-1]
    assert "--hub me/car: no such host" in said and f"--resume {tmp_path / 'run'}" in said
    assert (tmp_path / "run" / "evaluation.json").exists()
