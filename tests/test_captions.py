"""The captions' scores mean what they say, and labels never get into what an agent sees."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch")


from kindergarten.agents import MemoryPPO, PPOConfig
from kindergarten.agents.evaluation.captions import (
    STAGES,
    PredictionLog,
    Predictions,
    assess,
    caption_table,
    course,
    scores,
    shown_of,
)
from kindergarten.agents.evaluation.evaluate import evaluate
from kindergarten.envs import make_sb3
from kindergarten.replay.thoughts import Thoughts
from kindergarten.scenarios import SCENARIOS
from kindergarten.scoring.agent import Decision
from kindergarten.scoring.exam import Exam
from kindergarten.scoring.planner import twins
from kindergarten.scoring.reference import SEEDS
from kindergarten.scoring.rollout import rollout
from kindergarten.world.codes import Action, Colour, Intent, Phase, Signal
from kindergarten.world.config import Config
from kindergarten.world.observation import USER_COLUMNS
from tests.probing import assert_that_captions_are_a_probe

LEFT, STRAIGHT, RIGHT = (int(intent) for intent in (Intent.LEFT, Intent.STRAIGHT, Intent.RIGHT))


def sure(best: list[int]) -> np.ndarray:
    """Captions that are sure of ``best``."""
    return np.eye(len(Intent))[best]


def test_the_ends_of_every_scale():
    intent = np.array([LEFT, STRAIGHT, RIGHT, LEFT])
    ones = np.ones(4)
    perfect = scores(sure(intent.tolist()), intent, ones)
    assert perfect == {"accuracy": 1, "macro_f1": 1, "auc": 1, "brier": 0, "ece": 0, "frames": 4}
    wrong = scores(sure([RIGHT, LEFT, LEFT, RIGHT]), intent, ones)
    assert wrong["accuracy"] == wrong["macro_f1"] == 0 and wrong["brier"] == 2 and wrong["ece"] == 1
    shy = scores(np.full((4, len(Intent)), 0.2), intent, ones)
    assert shy["auc"] == 0.5 and shy["brier"] == pytest.approx(0.8)
    assert shy["ece"] == pytest.approx(abs(shy["accuracy"] - 0.2))
    assert scores(np.zeros((0, len(Intent))), intent[:0], ones[:0])["accuracy"] is None


def test_a_weight_is_a_number_of_frames():
    dice = np.random.default_rng(0)
    believed, intent = dice.dirichlet(np.ones(len(Intent)), 60), dice.integers(3, size=60)
    weight = dice.integers(1, 4, 60)
    often = [np.repeat(array, weight, axis=0) for array in (believed, intent)]
    one, other = scores(believed, intent, weight.astype(float)), scores(often[0], often[1], np.ones(weight.sum()))
    assert {**one, "frames": 0} == {**other, "frames": 0}


def test_what_never_happens_does_not_count():
    intent = np.array([LEFT, RIGHT, RIGHT])
    found = scores(sure([LEFT, LEFT, RIGHT]), intent, np.array([0.0, 1.0, 1.0]))
    assert found == scores(sure([LEFT, RIGHT]), intent[1:], np.ones(2)) and found["accuracy"] == 0.5
    assert scores(sure([LEFT]), intent[:1], np.zeros(1))["accuracy"] is None


def test_auc_is_the_share_of_pairs_in_the_right_order():
    dice = np.random.default_rng(1)
    believed, intent = np.zeros((40, len(Intent))), np.where(dice.random(40) < 0.4, LEFT, RIGHT)
    believed[:, LEFT] = dice.integers(6, size=40) / 5  # with many ties
    believed[:, RIGHT] = 1 - believed[:, LEFT]
    gaps = believed[intent == LEFT, LEFT][:, None] - believed[intent == RIGHT, LEFT][None]
    found = scores(believed, intent, np.ones(40))["auc"]
    assert found == pytest.approx(((gaps > 0) + 0.5 * (gaps == 0)).mean(), abs=1e-4)


def episode(best: list[int], phases: list[Phase]) -> tuple[Predictions, np.ndarray]:
    """One road user that turns left, a second per frame, t3 after the last one of the delay."""
    size, t3, t1 = len(best), phases.index(Phase.AFTER), phases.index(Phase.CUE)
    now, same = np.arange(size), np.zeros(size, int)
    frames = Predictions(
        track=same,
        half=same,
        weight=np.ones(size),
        intent=same + LEFT,
        stage=np.array([int(phase) for phase in phases]),
        since_cue=(now - t1).astype(float),
        to_event=(t3 - now).astype(float),
        signalled=same == 0,
        last=same,
        single=np.zeros((size, 1), np.float32),
        believed=sure(best),
    )
    return frames, frames.believed


def test_one_frame_shows_every_column_of_the_observation_as_seen_from_the_street():
    """And nothing of the ego: not where it is, nor how fast."""
    simulator = twins(SCENARIOS["Crossroads"], Config(), SEEDS[:4])
    users = simulator.users[:, 1:].reshape(-1).copy()
    users[3]["seen"] = 0
    shown = shown_of(users, np.arange(len(users)) % 5, 5)
    by_name = dict(zip([c.name for c in USER_COLUMNS if c.name != "seen"], shown[:, :-5].T, strict=True))
    seen = users["seen"] == 1
    for name, there in {"ahead": "x", "left": "y", "cos": "cos", "speed": "speed", "length": "length"}.items():
        np.testing.assert_array_equal(by_name[name], np.where(seen, users[there], 0.0).astype(np.float32))
    np.testing.assert_array_equal(by_name["blue"], seen & (users["colour"] == Colour.BLUE))
    np.testing.assert_array_equal(shown[:, -5:].argmax(1), np.arange(len(users)) % 5)
    assert not shown[3, :-5].any() and seen.sum() > len(users) / 2


def test_latency_retention_and_flips():
    before, cue, delay, after = list(Phase)
    phases = [before, cue, cue, cue, delay, delay, after]
    kept = course(*episode([RIGHT, RIGHT, RIGHT, LEFT, LEFT, LEFT, LEFT], phases))
    assert kept == {"noticed": 1, "latency_s": 2, "retention": 1, "flips": 1}
    lost = course(*episode([LEFT, LEFT, LEFT, LEFT, LEFT, RIGHT, LEFT], phases))
    assert lost == {"noticed": 1, "latency_s": 0, "retention": 0, "flips": 2}
    never = course(*episode([RIGHT, RIGHT, RIGHT, RIGHT, RIGHT, RIGHT, LEFT], phases))
    assert never == {"noticed": 0, "latency_s": None, "retention": None, "flips": 1}


class Undecided:
    """Does nothing, and thinks everything as likely as everything else."""

    def __init__(self, others: int) -> None:
        self.others = others

    def decide(self, observations: np.ndarray, state: None, episode_starts: np.ndarray) -> Decision:
        count = len(episode_starts)
        captions = np.full((count, self.others, len(Intent)), 1 / len(Intent), np.float32)
        return Decision(np.full(count, Action.IDLE), state, Thoughts(captions=captions))


@pytest.mark.parametrize("name", ["Crossing", "Crossroads"])
def test_in_the_delay_the_last_signal_tells_all_and_a_frame_nothing(name: str):
    seeds = SEEDS[:96]
    exam = Exam(name, seeds=seeds)
    log = PredictionLog(exam)
    rollout(Undecided(exam.simulator.num_users - 1), exam, [log])
    frames = log.frames()
    assert (frames.stage == Phase.DELAY).any() and (np.diff(frames.to_event)[np.diff(frames.track) == 0] < 0).all()
    found = assess(frames)
    delay = {name: found[name]["by_phase"]["delay"]["accuracy"] for name in ("last_signal", "single_frame")}
    assert delay["last_signal"] == 1.0
    assert delay["single_frame"] < found["majority"]["by_phase"]["delay"]["accuracy"] + 0.15
    assert found["single_frame"]["by_phase"]["cue"]["accuracy"] > delay["single_frame"] + 0.15
    assert found["last_signal"]["retention"] == 1.0 and found["agent"]["flips"] == 0.0


@pytest.fixture(scope="module")
def beginner() -> MemoryPPO:
    """An agent that has learned next to nothing, with captions that are a probe."""
    worlds = make_sb3("Kindergarten/Follow-v0", 8, seed=0)
    config = PPOConfig(n_steps=64, batch_size=512, n_epochs=1, hidden=8, features=8, caption_coef=0.0)
    return MemoryPPO.from_config(worlds, config, seed=0).learn(512)


def test_a_probe_changes_no_gradient(beginner: MemoryPPO):
    assert_that_captions_are_a_probe(beginner)


def test_an_evaluation_scores_the_captions_beside_two_others(
    beginner: MemoryPPO, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("COLUMNS", "80")
    found = evaluate(beginner, SCENARIOS["Follow"], Config())
    captions = found.captions
    assert captions is not None and found.to_dict()["captions"] == captions
    assert captions["majority"]["accuracy"] == pytest.approx(1 / 3, abs=0.01)
    measures = {"accuracy", "macro_f1", "auc", "brier", "ece", "noticed", "latency_s", "retention", "flips"}
    for name in ("agent", "last_signal", "single_frame"):
        assert captions[name].keys() >= measures and set(captions[name]["by_phase"]) == set(STAGES)
        assert sum(row["frames"] for row in captions[name]["by_time_to_event"]) > 0
    assert captions["last_signal"]["by_phase"]["hidden"]["accuracy"] == 1.0  # it turns in the fog
    assert captions["single_frame"]["by_phase"]["hidden"]["accuracy"] < 0.4
    found.print()
    printed = capsys.readouterr().out
    assert all(word in printed for word in ("last signal", "one frame", "majority", *STAGES, "latency", "kept", "ECE"))
    for width in (40, 80):
        assert max(map(len, caption_table(captions, width).splitlines())) <= width


def test_labels_travel_beside_the_observations_and_never_in_them():
    """Twins in the delay look alike although their labels differ; and who asks for labels sees nothing else."""
    simulator = twins(SCENARIOS["Crossing"], Config(), SEEDS[:1])
    compared = 0
    while not simulator.worlds["end"].any():
        frames = simulator.step(np.full(simulator.num_worlds, Action.IDLE)).observations
        if (simulator.users["phase"][:, 1] == Phase.DELAY).all():
            assert len(set(simulator.users["intent"][:, 1].tolist())) == 3 and (frames == frames[0]).all()
            compared += 1
    assert compared > 3
    asked, other = (make_sb3("Kindergarten/Crossing-v0", 4, seed=3) for _ in range(2))
    for envs in (asked, other):
        envs.reset()
    for _ in range(40):
        labels = asked.labels()
        labels[:] = RIGHT  # and they are a copy
        asked.driven()[:] = False
        one, two = (envs.step(np.full(4, Action.IDLE)) for envs in (asked, other))
        np.testing.assert_array_equal(one[0], two[0])


def test_chance_is_the_share_of_the_commonest_intent_phase_by_phase():
    cue, _ = episode([LEFT] * 5, [Phase.CUE, Phase.CUE, Phase.DELAY, Phase.DELAY, Phase.AFTER])
    cue.intent[:] = [LEFT, RIGHT, LEFT, RIGHT, RIGHT]
    cue.weight[:] = [3, 1, 1, 1, 2]
    found = assess(cue)["majority"]
    shares = {name: row["accuracy"] for name, row in found["by_phase"].items()}
    assert shares == {"before": None, "cue": 0.75, "delay": 0.5, "after": 1.0, "hidden": None}
    assert found["accuracy"] == 0.5


def test_what_nobody_signalled_means_as_little_as_can_be():
    frames, _ = episode([LEFT] * 3, [Phase.CUE, Phase.DELAY, Phase.AFTER])
    halves = Predictions(*(np.concatenate([column, column]) for column in frames))
    halves.half[3:], halves.last[:3], halves.last[3:] = 1, Signal.LEFT, Signal.RIGHT
    assert assess(halves)["last_signal"]["accuracy"] == 1.0  # only one intent was ever seen


@pytest.mark.parametrize("name", ["AllWayStop", "Town", "PullOut", "Crossroads"])
@pytest.mark.parametrize("shuffled", [False, True])
def test_what_is_recorded_adds_up_over_what_each_may_do(name: str, shuffled: bool):
    simulator = twins(SCENARIOS[name], Config(shuffled=shuffled), SEEDS[:4])
    others = simulator.num_worlds, simulator.num_users - 1
    captions = np.random.default_rng(0).dirichlet(np.ones(len(Intent)), others)
    for _ in range(3):
        simulator.step(np.full(simulator.num_worlds, Action.IDLE))
        found = Thoughts(captions=captions).by_user(simulator).captions
        assert found is not None
        np.testing.assert_allclose(found.sum(2), simulator.choosing())
        assert ((found > 0) <= simulator.possible()).all()
        users, (w, i) = simulator.users[:, 1:], np.nonzero(simulator.choosing())
        assert simulator.possible()[w, i, users["intent"][w, i]].all()
        assert (simulator.possible()[w, i].sum(1) >= users["choices"][w, i]).all()
