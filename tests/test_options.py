"""What a run is made of: options on the line, in a file, and in the config.json of runs old and new."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch as th

from kindergarten import cli
from kindergarten.agents import Memory, PPOConfig
from kindergarten.agents.commands import Resume, Train, TrainTogether
from kindergarten.agents.learner.choice import Encoder, Trunk
from kindergarten.agents.learner.config import WIDE
from kindergarten.agents.runs import checkpoint, options, seeds, train
from kindergarten.agents.runs.metrics import read_rows
from kindergarten.agents.runs.options import FROM_PIXELS, NINE, Options, from_json, usual
from kindergarten.agents.runs.run import Run
from kindergarten.agents.runs.train import attempt, begin, extended, go_on, learn
from kindergarten.commandline import read
from kindergarten.scenarios import FILES, SCENARIOS
from kindergarten.world.codes import Control, Observation, SignalReliability
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
    for wrong in ([], "Follow", ["Nowhere"], [3]):
        with pytest.raises(ValueError, match=r"scenario.* is |unknown scenario"):
            from_json({**about, "scenarios": wrong})


def test_where_a_run_goes_is_taken_from_a_file_of_ones_own(tmp_path: Path):
    goes = {"wandb": "cars", "hub": "me/car", "engine": "ray", "address": "auto"}
    about, file = {"options": goes}, tmp_path / "a.json"
    for made_with, hub, address in (({}, "me/car", "auto"), ({"made_with": {}}, None, None)):
        file.write_text(json.dumps(about | made_with))
        found = parsed("--config", str(file))
        assert (found.hub, found.address, found.engine) == (hub, address, "ray")


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
        (["--critic-gradient", "0.5", "--no-shared-memory"], ["--shared-memory"]),
        (["--warmup", "0.2"], []),
        (["--scenario", "Meeting", "--frames", "9"], ["--memory", "stack"]),
    ],
)
def test_what_does_nothing_is_refused_where_it_is_said(words, goes, tmp_path: Path, capsys):
    assert cli.main(["train", *words, *(["--init", "run"] if "--warmup" in words else [])]) == cli.ERROR
    error = capsys.readouterr().err
    name = "--frames" if "--frames" in words else words[0].partition("=")[0].replace("_", "-")
    assert f"{name} does nothing here: it goes with " in error and error.count("\n") == 1
    parsed(*words, *goes)
    (tmp_path / "a.json").write_text(json.dumps({"options": {"runners": 8}, "environment": {"held": 8}}))
    assert parsed("--config", str(tmp_path / "a.json")).runners == 8, "a file may be for others as well"


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


# ---- runs that are made again, or go on further

TINY = ["--worlds", "8", "--n-steps", "16", "--batch-size", "64", "--n-epochs", "1", "--hidden", "8", "--features", "8"]


def decisions(folder: Path) -> int:
    return checkpoint.read(Run.open(folder).checkpoint("last")).notes["num_timesteps"]


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small run that is done, with settings that older ones could not have."""
    out = tmp_path_factory.mktemp("runs") / "first"
    words = ["--steps", "500", "--signals", "real", "--signal-rate", "0.9", "--hands-on", "--delay", "0.5"]
    assert cli.main(["train", *TINY, *words, "--out", str(out)]) == 0
    return out


@pytest.mark.jit
def test_a_run_is_made_again_from_its_config(first: Path, tmp_path: Path):
    assert cli.main(["train", "--config", str(first / "config.json"), "--out", str(tmp_path / "again")]) == 0
    one, two = (checkpoint.read(Run.open(path).checkpoint("last")).tensors for path in (first, tmp_path / "again"))
    assert one.keys() == two.keys() and all(th.equal(one[name], two[name]) for name in one)
    run = Run.open(first)
    env = run.untrained(1).get_env()
    assert env is not None and env.get_attr("simulator")[0].config == run.config
    assert run.taught.endswith("signal rate 0.9, signals real, hands on") and "hidden 8" in run.taught


def test_threads_are_as_many_as_cores_that_are_free(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A new run has them in its config.json: whoever goes on with it, or makes it again, takes as many."""
    monkeypatch.setattr(seeds, "cores", lambda: 8)
    monkeypatch.setattr(seeds.os, "cpu_count", lambda: 16)

    def threads(running: int, agents: int = 1) -> int:
        monkeypatch.setattr(Path, "read_text", lambda self: f"0.1 0.2 0.3 {running}/99 4711\n")
        return seeds.threads(agents)

    with monkeypatch.context() as patch:
        patch.delenv("OMP_NUM_THREADS", raising=False)
        assert [threads(running) for running in (1, 13, 14, 15, 16, 99)] == [4, 4, 3, 2, 1, 1]
        assert [threads(1, agents) for agents in (2, 3, 4, 5, 9)] == [4, 2, 2, 1, 1]
        patch.setenv("OMP_NUM_THREADS", "3")
        assert [threads(running) for running in (1, 15, 16)] == [3, 2, 1]
    monkeypatch.undo()
    monkeypatch.setattr(seeds, "free_cores", lambda: 3)
    assert [run_with(tmp_path / f"{wanted}", wanted).options.threads for wanted in (None, 1, 7)] == [3, 1, 7]


def run_with(folder: Path, threads: int | None) -> Run:
    return Run.open(begin(Options(threads=threads, out=folder)).folder)


@pytest.mark.jit
def test_what_is_trained_is_said_before(first: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    run = begin(parsed(*TINY, "--steps", "500", "--out", str(tmp_path / "a")))
    assert attempt(learn, run) == 0
    printed = capsys.readouterr()
    assert "512 decisions: 4 whole updates of 128, to have 500" in printed.out
    assert "512 of 512 decisions" in printed.err and "of 500 decisions" not in printed.err
    assert decisions(run.folder) == 512


@pytest.mark.jit
def test_a_run_goes_on_for_longer(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    out = tmp_path / "run"
    run = begin(parsed(*TINY, "--steps", "512", "--out", str(out)))
    assert attempt(learn, run) == 0
    before = json.loads((out / "config.json").read_text())
    assert cli.main(["train", "--resume", str(out), "--more", "256"]) == 0  # it was done
    assert decisions(out) == 768
    run = Run.open(out)
    longer = extended(run, steps=896, more=None)
    assert longer.schedule_begins == 512 and attempt(learn, longer) == 0
    assert decisions(out) == 896
    longer.note()
    after = json.loads((out / "config.json").read_text())
    assert after["options"] == before["options"] | {"steps": 896} and after["made_with"] == before["made_with"]
    assert after["hyperparameters"] == before["hyperparameters"] | {"warmup": 0.0}  # it is over
    bonus = [float(row["train/ent_coef"]) for row in read_rows(out / "metrics.csv") if row["train/ent_coef"]]
    remaining = [3 / 4, 2 / 4, 1 / 4, 0, 1 / 2, 0]  # with --more anew; a row tells of the update before
    assert bonus == pytest.approx([PPOConfig.ent_coef * share for share in remaining], abs=1e-8)
    capsys.readouterr()
    assert cli.main(["train", "--resume", str(out), "--steps", "100"]) == cli.ERROR
    assert "--steps is 100" in capsys.readouterr().err
    extended(Run.open(out), None, 10**6).note()  # what --more notes at once, before Ctrl-C
    assert cli.main(["train", "--resume", str(out), "--steps", "896"]) == 0, "back again"
    assert Run.open(out).options.steps == 896


@pytest.mark.jit
def test_where_nothing_is_at_stake_the_latest_agent_is_kept(tmp_path: Path):
    run = begin(
        parsed(*TINY, "--steps", "256", "--scenario", "CutIn", "--delay", "0.5", "--out", str(tmp_path / "run"))
    )
    assert attempt(learn, run) == 0
    assert checkpoint.read(run.checkpoint("best")).decisions == decisions(run.folder) == 256


def test_the_warmup_stays_as_many_decisions_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    run = begin(parsed("--steps", "1000", "--warmup", "0.2", "--out", str(tmp_path / "run")))

    def warmup(done: int, steps: int | None, more: int | None) -> float:
        monkeypatch.setattr(train, "last_of", lambda run: checkpoint.Checkpoint({}, {"num_timesteps": done}))
        return extended(run, steps, more).hyperparameters.warmup

    assert [warmup(100, steps, None) for steps in (100, 500, 2000)] == pytest.approx([1.0, 0.4, 0.1])
    assert [warmup(done, None, 400) for done in (0, 100, 200, 900)] == pytest.approx([0.5, 0.25, 0.0, 0.0])


@pytest.mark.jit
@pytest.mark.slow
def test_several_seeds_go_on_for_longer(tmp_path: Path):
    words = ["--steps", "256", "--delay", "0.5", "--seeds", "2", "--out", str(tmp_path / "runs")]
    assert cli.main(["train", *TINY, *words]) == 0
    assert isinstance(Train.of_words(["--resume", str(tmp_path / "runs"), "--more", "9"], "train"), Resume)
    assert cli.main(["train", "--resume", str(tmp_path / "runs"), "--more", "128"]) == 0
    for name in ("seed0", "seed1"):
        assert decisions(tmp_path / "runs" / name) == 384


@pytest.mark.jit
def test_a_run_begins_with_the_weights_of_another(first: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    words = [*TINY, "--steps", "128", "--init", str(first)]
    run = begin(parsed(*words, "--scenario", "CutIn", "--out", str(tmp_path / "second")))
    given, _ = go_on(Run.open(run.folder))
    assert given.num_timesteps == 0 and run.hyperparameters.warmup == 0.0
    for name, weight in Run.open(first).load_model().policy.state_dict().items():
        assert th.equal(given.policy.state_dict()[name], weight)
    weights = run.checkpoint("first").rename(tmp_path / "elsewhere")
    with pytest.raises(ValueError, match="is gone, the weights that it begins with: begin anew"):
        go_on(Run.open(run.folder))
    weights.rename(run.checkpoint("first"))
    assert attempt(learn, run) == 0 and decisions(run.folder) == 128
    capsys.readouterr()
    for more, said in (
        (["--memory", "gru"], f"--init {first}: its memory is lstm, and here it is gru: choose the same"),
        (["--no-shared-memory"], "its shared_memory is True, and here it is False"),
        (["--scenario", "Crossing"], "its network is another, for observations of shape (22,), and here they are ("),
        (["--init", str(tmp_path)], f"{tmp_path} is no run"),
    ):
        assert cli.main(["train", *words, *more, "--out", str(tmp_path / "third")]) == cli.ERROR
        error = capsys.readouterr().err
        assert said in error and error.count("\n") == 1 and not (tmp_path / "third").exists()


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
