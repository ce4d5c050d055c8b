"""What a run is made of: options on the line, in a file, and in the config.json of runs old and new."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch as th

from kindergarten import cli
from kindergarten.agents import Memory, PPOConfig
from kindergarten.agents.commands import Resume, Train, TrainTogether
from kindergarten.agents.learner.choice import Encoder, Trunk
from kindergarten.agents.learner.config import WIDE
from kindergarten.agents.runs.options import FROM_PIXELS, Options, usual
from kindergarten.agents.runs.run import Run
from kindergarten.commandline import read
from kindergarten.scenarios import SCENARIOS
from kindergarten.world.codes import Observation
from kindergarten.world.config import SETTINGS, Config, make_config
from kindergarten.world.kinds import Whole
from kindergarten.world.settings import declared

pytestmark = pytest.mark.usefixtures("few_seeds")

TOWN = replace(WIDE, noise_hold=10.0)

#: An option for every setting and every number of the learner, none at its default.
UNUSUAL = {
    "--observation": ["pixels"],
    "--control": ["continuous"],
    "--delay": ["0.5", "2"],
    "--signal-rate": ["0.75"],
    "--signals": ["real"],
    "--rewritten": ["0.5"],
    "--held": ["2"],
    "--hands-on": [],
    "--spurious": ["-0.5"],
    "--shuffled": [],
    "--image-size": ["32", "40"],
    "--grayscale": [],
    "--max-episode-steps": ["50"],
    "--n-steps": ["16"],
    "--batch-size": ["32"],
    "--n-epochs": ["2"],
    "--learning-rate": ["1e-3"],
    "--learning-rate-end": ["1e-5"],
    "--gamma": ["0.9"],
    "--gae-lambda": ["0.8"],
    "--clip-range": ["0.1"],
    "--ent-coef": ["0.01"],
    "--ent-coef-end": ["0.001"],
    "--vf-coef": ["0.25"],
    "--max-grad-norm": ["1"],
    "--captions": ["0.25"],
    "--warmup": ["0.2"],
    "--noise-hold": ["2"],
    "--redistribute": [],
    "--no-shared-memory": [],
    "--critic-gradient": ["0.5"],
    "--hidden": ["8"],
    "--features": ["9"],
    "--frames": ["4"],
    "--encoder": ["cnn"],
    "--trunk": ["selu"],
    "--depth": ["2"],
}


def line(words: dict[str, list[str]]) -> list[str]:
    return [word for option, values in words.items() for word in (option, *values)]


def parsed(*words: str) -> Train:
    found = Train.of_words(words, "kindergarten train")
    assert isinstance(found, Train)
    return found


def test_every_setting_and_every_number_is_an_option():
    found = read(Train, line(UNUSUAL), "train")
    for whole, defaults in ((found.environment, Config()), (found.learner, PPOConfig())):
        assert [name for name in declared(type(whole)) if getattr(whole, name) == getattr(defaults, name)] == []
    assert found.environment == make_config(
        observation="pixels",
        control="continuous",
        delay_s=(0.5, 2.0),
        signal_rate=0.75,
        signals="real",
        rewritten=0.5,
        held=2,
        hands_on=True,
        spurious=-0.5,
        shuffled=True,
        image_size=(32, 40),
        grayscale=True,
        max_episode_steps=50,
    )
    assert (found.learner.trunk, found.learner.learning_rate, found.learner.caption_coef) == (Trunk.SELU, 1e-3, 0.25)
    assert len(UNUSUAL) == len(SETTINGS) + len(declared(PPOConfig))


@pytest.mark.parametrize(
    ("words", "goes"),
    [
        (["--runners", "8"], ["--engine", "ray", "--worlds", "64"]),
        (["--address=auto"], ["--engine=ray"]),
        (["--image-size", "32"], ["--observation", "pixels"]),
        (["--image_size", "32"], ["--encoder", "cnn"]),
        (["--grayscale"], ["--observation", "pixels"]),
        (["--frames", "32"], ["--memory", "stack"]),
        (["--held", "8"], ["--scenario", "Town"]),
        (["--held", "2"], ["--scenario", "all"]),
        (["--trunk", "selu"], ["--depth", "3"]),
        (["--curriculum"], ["--delay", "1", "8"]),
        (["--threads", "3"], ["--engine", "local"]),
        (["--critic-gradient", "0.5", "--no-shared-memory"], ["--shared-memory"]),
        (["--warmup", "0.2"], []),
        (["--scenario", "Meeting", "--frames", "9"], ["--memory", "stack"]),
    ],
)
def test_what_does_nothing_is_refused_where_it_is_said(words, goes, tmp_path: Path, capsys):
    vain = {"--warmup": ["--init", "run"], "--threads": ["--engine", "ray", "--worlds", "64"]}.get(words[0], [])
    assert cli.main(["train", *words, *vain]) == cli.ERROR
    error = capsys.readouterr().err
    name = "--frames" if "--frames" in words else words[0].partition("=")[0].replace("_", "-")
    assert f"{name} does nothing here: it goes with " in error and error.count("\n") == 1
    parsed(*words, *goes)
    (tmp_path / "a.json").write_text(json.dumps({"options": {"runners": 8}, "environment": {"held": 8}}))
    assert parsed("--config", str(tmp_path / "a.json")).runners == 8, "a file may be for others as well"


def test_what_looks_and_what_is_seen_go_together():
    assert parsed("--encoder", "cnn").environment.observation is Observation.PIXELS
    assert parsed("--observation", "pixels").learner.encoder is Encoder.CNN
    for words in (["--observation", "users"], ["--observation", "pixels", "--encoder", "attention"]):
        with pytest.raises(ValueError, match="do not go together"):
            parsed(*words)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ["--resume", "a", "--memory", "gru"],
            "unknown option --memory: choose from --quiet, --resume, --steps, --more",
        ),
        (["--shuffled", "--resume=a"], "unknown option --shuffled: choose from --quiet, --resume, --steps, --more"),
        (["--resume", "a", "--steps", "2", "--more", "3"], "--steps 2 and --more 3: one of them says where it ends"),
        (["--resume", "a", "--more", "0"], "--more is 0: it must be a whole number, from 1 to 1000000000000"),
        (["--more", "3"], "--more is 3: it goes with --resume RUN alone"),
        (["--resume"], "--resume needs PATH"),
        (["--threads", "0"], "--threads is 0: it must be a whole number, from 1 to 1024"),
        (["--signals", "real", "--rewritten", "0.5"], "signals 'real' and rewritten 0.5 do not go together in a score"),
        (
            ["--scenario", "Narrow"],
            "unknown scenario 'Narrow': choose from Follow, Crossing, Overtake, PullOut, CutIn, ",
        ),
        (["--scenario", "Narrow"], ", Town, all, Meeting, "),
        (["--steps", "9" * 400], "--steps is 999"),
        (
            ["--scenario", "Meeting", "--worlds", str(10**12)],
            "--worlds is 1000000000000: it must be a whole number, from",
        ),
        (["--seeds", "1000000000"], "--seeds is 1000000000: it must be a whole number, from 1 to 1000"),
        (["--hidden", "10000000"], "--hidden is 10000000: it must be a whole number, from 1 to 8192"),
        (["--gamma", "x"], "--gamma: 'x' is not a number"),
        (["--gamma", "nan"], "--gamma is nan: it must be between 0 and 1"),
        (["--depth", "33"], "--depth is 33: it must be a whole number, from 1 to 32"),
        (["--device", "quantum"], "there is no device 'quantum' here: choose from auto, cpu"),
        pytest.param(
            ["--device", "cuda"],
            "there is no device 'cuda' here: choose from auto, cpu",
            marks=pytest.mark.skipif(th.cuda.is_available(), reason="there is one"),
        ),
        (
            ["--memory", "transformer", "--hidden", "30"],
            "hidden is 30: a transformer's layer of 4 heads takes a multiple",
        ),
        (["--encoder", "attention", "--features", "30"], "features is 30: attention of 4 heads takes a multiple of 4"),
        (["--encoder", "cnn", "--redistribute"], "redistribute needs frames of numbers"),
        (
            ["--engine", "ray", "--scenario", "all", "--runners", "64"],
            "worlds is 512: each of 64 runners needs 17",
        ),
        (["--memory", "x" * 10_000], "unknown memory 'xxx"),
        (["--out", "x" * 10_000, "--seeds", "0"], "--seeds is 0"),
        (["y" * 10_000], "nothing is known of yyy"),
    ],
)
def test_wrong_options_are_one_line(words: list[str], said: str, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert cli.main(["train", *words]) == cli.ERROR
    error = capsys.readouterr().err
    assert said in error and error.count("\n") == 1 and len(error) < 400
    assert not list(tmp_path.glob("runs/*")), "and nothing is left that would be in the way of the next one"


@pytest.mark.parametrize("part", [Train, TrainTogether, Resume, PPOConfig])
def test_no_size_is_beyond_all_measure(part: type):
    kinds = {name: getattr(its.kind, "kind", its.kind) for name, its in declared(part).items()}
    sizes = [kind for kind in kinds.values() if isinstance(kind, Whole)]
    assert len(sizes) >= 2 and all(kind.high < 10**13 for kind in sizes)


def test_a_folder_that_is_there_is_refused_at_once(tmp_path: Path, monkeypatch, capsys):
    def build(self: Run, *_: object) -> None:
        raise AssertionError("it takes long")

    monkeypatch.setattr(Run, "untrained", build)
    for more in ([], ["--seeds", "2"]):
        assert cli.main(["train", *more, "--out", str(tmp_path)]) == cli.ERROR
        assert f"{tmp_path} exists: choose another --out, or go on with it" in capsys.readouterr().err


@pytest.mark.parametrize("seeds", ["1", "2"])
def test_a_folder_whose_name_no_file_format_knows_is_refused_before_it_is_made(tmp_path: Path, capsys, seeds: str):
    out = tmp_path / "r\udcff" / "run"
    assert cli.main(["train", "--seeds", seeds, "--out", str(out)]) == cli.ERROR
    line = capsys.readouterr().err
    assert "is no name in UTF-8" in line and "--out" in line and line.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_options_can_be_made_in_python():
    assert Options(memory=Memory("rnn"), environment=Config(shuffled=True)).as_json()["environment"]["shuffled"]
    with pytest.raises(ValueError, match="unknown scenario 'Nowhere'"):
        Options(scenario="Nowhere")


@pytest.mark.parametrize(
    ("scenario", "worlds", "learner"), [("Crossing", 256, PPOConfig()), ("Town", 512, TOWN), ("all", 512, WIDE)]
)
def test_the_scenario_decides_in_how_many_worlds_it_is_trained(scenario: str, worlds: int, learner: PPOConfig) -> None:
    found = Train.of_words(["--scenario", scenario], "train")
    assert isinstance(found, Train)
    assert (found.worlds, found.learner) == (worlds, learner)
    assert usual(scenario).as_json() == found.as_json()


@pytest.mark.parametrize(
    ("options", "budget"),
    [
        (Options(), 200_000),
        (Options(steps=5), 5),
        (Options(learner=PPOConfig(encoder=Encoder.CNN)), FROM_PIXELS),
        (Options(scenario="Crossing", learner=PPOConfig(encoder=Encoder.CNN)), SCENARIOS["Crossing"].training),
        (Options(scenario="all"), sum(scenario.training for scenario in SCENARIOS.values())),
    ],
)
def test_how_long_it_is_trained(options: Options, budget: int) -> None:
    assert options.budget == budget


def test_what_is_said_comes_before_what_a_scenario_would_have() -> None:
    found = Train.of_words(["--hidden", "32", "--scenario=Town", "--worlds", "64"], "train")
    assert isinstance(found, Train)
    assert (found.worlds, found.learner) == (64, replace(TOWN, hidden=32))


def test_of_an_option_that_is_said_twice_the_last_counts(tmp_path: Path) -> None:
    """Also where the others depend on it."""
    files = [tmp_path / f"{n}.json" for n in (16, 32)]
    for n, file in zip((16, 32), files, strict=True):
        file.write_text(json.dumps({"hyperparameters": {"n_steps": n}}))
    for first, last in (
        (["--scenario", "Follow"], ["--scenario", "Crossroads"]),
        (["--scenario=Town"], ["--scenario", "Follow"]),
        (["--config", str(files[0])], [f"--config={files[1]}"]),
    ):
        assert replace(parsed(*first, *last), config=None) == replace(parsed(*last), config=None)
