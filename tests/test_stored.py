"""Options in files: config.json of whatever version, and files of one's own."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from kindergarten import cli
from kindergarten.agents import Memory, PPOConfig
from kindergarten.agents.commands import Train
from kindergarten.agents.learner.choice import Encoder
from kindergarten.agents.runs import options
from kindergarten.agents.runs.options import usual
from kindergarten.agents.runs.run import Run
from kindergarten.agents.runs.stored import NINE, from_json
from kindergarten.commandline import read
from kindergarten.scenarios import FILES, SCENARIOS
from kindergarten.world.codes import Control, Observation, SignalReliability
from kindergarten.world.config import Config
from tests.test_options import UNUSUAL, line, parsed

OLD = {
    "options": {
        **{"scenario": "Town", "memory": "gru", "steps": 70000, "frames": 8, "encoder": "cnn", "trunk": "relu"},
        **{"depth": 1, "worlds": 256, "seed": 3, "seeds": 1, "out": "/a", "resume": None, "control": "continuous"},
        **{"delay": [1.0, 2.0], "curriculum": True, "captions": 0.5, "redistribute": True, "threads": 1},
        **{"wandb": None, "hub": None},
    },
    "hyperparameters": {"caption_coef": 0.5, "redistribute": True, "encoder": "cnn", "learning_rate": 0.002},
    "made_with": {"kindergarten": "0.1.0"},
}


def test_options_survive_config_json():
    for found in (
        read(Train, line(UNUSUAL), "train"),
        parsed(),
        parsed("--scenario", "Town", "--steps", "5", "--device", "auto"),
    ):
        again = from_json(json.loads(json.dumps(found.as_json())))
        assert Train.like(again) == found


def test_older_runs_are_read():
    found = from_json(OLD)
    assert (found.scenario, found.memory, found.steps, found.seed) == ("Town", Memory("gru"), 70000, 3)
    assert found.curriculum and found.learner == PPOConfig(
        redistribute=True, encoder=Encoder.CNN, learning_rate=2e-3, shared_memory=False
    )
    seen = Config(observation=Observation.PIXELS, control=Control.CONTINUOUS, delay_s=(1.0, 2.0))
    assert found.environment == seen


def test_a_file_gives_options_and_the_line_comes_first(tmp_path: Path):
    file = tmp_path / "a.json"
    file.write_text(json.dumps({"options": {"worlds": 7}, "environment": {"signals": "real", "shuffled": True}}))
    found = parsed("--config", str(file), "--worlds", "8", "--no-shuffled")
    assert found.worlds == 8 and found.environment == Config(signals=SignalReliability.REAL)
    assert parsed(f"--config={file}", "--gamma", "0.5").worlds == 7


@pytest.mark.parametrize("scenario", ["Follow", "Crossroads", "Town", "all", "Meeting"])
def test_what_a_file_leaves_out_is_as_usual_in_the_scenario(scenario: str, tmp_path: Path):
    alone, file = parsed("--scenario", scenario, "--seed", "3"), tmp_path / "a.json"
    for content, words in (
        ({}, ["--scenario", scenario, "--seed", "3"]),
        ({"options": {"seed": 3}}, [f"--scenario={scenario}"]),
        ({"options": {"seed": 3, "scenario": scenario}, "hyperparameters": {}}, []),
        (
            {"options": {"seed": 3, "scenario": "Meeting" if scenario == "Meeting" else "CutIn"}},
            ["--scenario", scenario],
        ),
    ):
        file.write_text(json.dumps(content))
        assert replace(parsed("--config", str(file), *words), config=None) == alone
    file.write_text(json.dumps({"hyperparameters": {"gamma": 0.5}}))
    found = parsed("--config", str(file), "--scenario", scenario, "--seed", "3")
    assert replace(found, config=None) == replace(alone, learner=replace(alone.learner, gamma=0.5))
    with pytest.raises(ValueError, match="it is of '.*': .* takes other options"):
        file.write_text(json.dumps({"options": {"scenario": "Follow" if scenario == "Meeting" else "Meeting"}}))
        parsed("--config", str(file), "--scenario", scenario)


def test_a_graduate_keeps_its_scenarios_when_there_are_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    new = Run.create(tmp_path / "new", usual("all")).folder / "config.json"
    about = json.loads(new.read_text())
    assert about.pop("scenarios") == list(NINE) == list(FILES)
    (tmp_path / "old.json").write_text(json.dumps(about))
    monkeypatch.setattr(options, "FILES", {"Tenth": None, **FILES})
    for file in (new, tmp_path / "old.json"):
        found = parsed("--config", str(file))
        assert found.scenarios == from_json(json.loads(file.read_text())).scenarios == tuple(map(SCENARIOS.get, NINE))
    for wrong in ([], "Follow", ["Nowhere"], [3], ["Follow", "Follow"]):
        with pytest.raises(ValueError, match=r"scenario.* is |unknown scenario"):
            from_json({**about, "scenarios": wrong})
    with pytest.raises(ValueError, match="--without Town leaves nothing of scenarios"):
        from_json({**about, "options": {**about["options"], "without": "Town"}, "scenarios": ["Town"]})


def test_where_a_run_goes_is_taken_from_a_file_of_ones_own(tmp_path: Path):
    goes = {"wandb": "cars", "hub": "me/car", "engine": "ray", "address": "auto"}
    about, file = {"options": goes}, tmp_path / "a.json"
    for made_with, hub, address in (({}, "me/car", "auto"), ({"made_with": {}}, None, None)):
        file.write_text(json.dumps(about | made_with))
        found = parsed("--config", str(file))
        assert (found.hub, found.address, found.engine) == (hub, address, "ray")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ([], "is no config.json"),
        ({"columns": []}, "is no config.json"),
        ({"options": {"scenario": "Meeting"}, "rules": None}, "is no config.json"),
        ({"options": {"scenario": "Meeting"}, "rules": []}, "is no config.json"),
        ({"optoins": {}}, "unknown part 'optoins': choose from options, environment, hyperparameters"),
        ({"options": {"stpes": 1}}, "unknown name 'stpes' in options: choose from scenario, memory, steps"),
        ({"environment": {"delay": 1}}, "unknown name 'delay' in environment: choose from observation"),
        ({"hyperparameters": {"gamma": 2}}, "gamma is 2: it must be between 0 and 1"),
        ({"options": {"device": 3}}, "device is 3: it must be a text"),
        ({"options": {"worlds": 2.5}}, "worlds is 2.5: it must be a whole number, from 1 to 65536"),
        ("[" * 100_000, "it is nested too deeply"),
        ({"options": {"memory": "x" * 10_000}}, "unknown memory 'xxx"),
    ],
)
def test_a_file_without_sense_is_one_line(content: Any, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    (tmp_path / "a.json").write_text(content if isinstance(content, str) else json.dumps(content))
    assert cli.main(["train", "--config", str(tmp_path / "a.json")]) == cli.ERROR
    error = capsys.readouterr().err
    assert said in error and str(tmp_path / "a.json") in error and error.count("\n") == 1 and len(error) < 600
