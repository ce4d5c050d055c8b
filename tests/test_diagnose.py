"""What was planted is found, and the gradients are those of finite differences."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure

th = pytest.importorskip("torch")

from sb3_contrib import RecurrentPPO  # noqa: E402
from sb3_contrib.common.recurrent.policies import RecurrentActorCriticPolicy  # noqa: E402

from kindergarten import cli  # noqa: E402
from kindergarten.agents import MemoryPPO  # noqa: E402
from kindergarten.agents.diagnose import QUICK, Finding, RecurrentPolicy, Verdict, command, diagnose, prepare  # noqa: E402
from kindergarten.agents.diagnose.finding import Case, plain  # noqa: E402
from kindergarten.agents.diagnose.questions import cheating, credit, decided, memory, probes, reasons, vanishing  # noqa: E402
from kindergarten.agents.diagnose.report import figures  # noqa: E402
from kindergarten.agents.diagnose.report.page import page  # noqa: E402
from kindergarten.agents.diagnose.twin_set import TwinSet, drive  # noqa: E402
from kindergarten.agents.evaluation import linear  # noqa: E402
from kindergarten.agents.learner.choice import Memory  # noqa: E402
from kindergarten.agents.learner.encoders import AttentionFeatures, Trunk  # noqa: E402
from kindergarten.envs import make_sb3  # noqa: E402
from kindergarten.scenarios import SCENARIOS  # noqa: E402
from kindergarten.world.config import Config  # noqa: E402
from tests import planted  # noqa: E402

SMALL = replace(QUICK, seeds=12, delays=(1.0, 8.0), credit_delays=(1.0, 4.0, 8.0))
FOLLOW = SCENARIOS["Follow"]


@lru_cache
def case(kind: type[planted.Planted], hands_on: bool = False) -> Case:
    return prepare(kind(), FOLLOW, Config(hands_on=hands_on), SMALL)


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever only wants to see that all is asked waits neither for a good prediction nor for 60 probes."""
    monkeypatch.setattr(decided, "SEEDS", 4)
    monkeypatch.setattr(decided, "STEPS", 2)
    monkeypatch.setattr(probes, "SPAN", (-3, 9))
    monkeypatch.setattr(probes, "SILENCED", (1, 8))
    monkeypatch.setattr(vanishing, "DELAY", 8.0)
    monkeypatch.setattr(vanishing, "PROJECTIONS", 1)


class TwoMemories:
    """Stands for ``Memory``: what two untrained networks show on a page, ten would show again."""

    def __call__(self, name: str) -> Memory:
        return Memory(name)

    def __iter__(self) -> Iterator[Memory]:
        return iter((Memory("lstm"), Memory("gru")))


def follow(memory: str = "lstm") -> RecurrentPolicy:
    """A small network that has learned nothing; ``stock``: sb3-contrib's own; ``attention``: an LSTM behind it."""
    env, small = make_sb3("Kindergarten/Follow-v0", 1, 0), {"lstm_hidden_size": 16}
    if memory == "stock":
        policy = RecurrentPPO("MlpLstmPolicy", env, policy_kwargs=small, seed=0).policy
        assert isinstance(policy, RecurrentActorCriticPolicy)
        return RecurrentPolicy(policy)
    if memory == "attention":
        memory, small = "lstm", {**small, "features_extractor_class": AttentionFeatures}
    return RecurrentPolicy(MemoryPPO("MemoryPolicy", env, policy_kwargs={**small, "memory": memory}, seed=0).policy)


def rates(finding: Finding) -> dict[str, float]:
    return {name: found["mean"] for name, found in finding.numbers["answers"].items()}


def test_who_remembers_is_right_until_its_memory_is_wiped():
    found = memory.ask(case(planted.Remembers))
    assert found.verdict is Verdict.YES
    right = rates(found)
    assert right["as it is"] == 1.0
    assert right["memory wiped at t2"] == right["signal deleted"] == pytest.approx(1 / 3)
    assert right["shown its twin's past"] == 0.0
    assert right["history shuffled"] == 1.0, "the order of frames is nothing to it"
    assert found.numbers["rewriting"]["mean"] == 1.0
    for row in found.numbers["sweep"]:
        assert row["as it is"] > 0.9 and row["memory wiped at t2"] < 0.1


def test_who_never_remembers_guesses():
    found = memory.ask(case(planted.NeverRemembers))
    assert found.verdict is Verdict.NO and rates(found)["as it is"] == pytest.approx(1 / 3)
    assert credit.ask(case(planted.NeverRemembers)).verdict is Verdict.NO
    assert probes.ask(case(planted.NeverRemembers)).verdict is Verdict.NO
    assert cheating.ask(case(planted.NeverRemembers)).verdict is Verdict.OPEN, "it keeps no cue anywhere"


def test_where_one_answer_is_always_right_nobody_is_asked_whether_it_remembers():
    perfect = {"mean": 1.0, "low": 1.0, "high": 1.0}
    answers = {"as it is": perfect, "memory wiped at t2": perfect}
    assert memory.judged(answers, 1.0)[0] is Verdict.OPEN


def test_who_loses_nothing_with_its_memory_does_not_remember():
    """One that is shown the signal until t3 and has none is right all the same."""
    perfect, half = ({"mean": mean, "low": mean, "high": mean} for mean in (1.0, 0.75))
    for left, verdict in ((perfect, Verdict.NO), (half, Verdict.PARTLY)):
        assert memory.judged({"as it is": perfect, "memory wiped at t2": left}, 0.5)[0] is verdict


def test_who_reads_the_colour_is_found_out():
    found = reasons.ask(case(planted.ReadsColour))
    assert found.verdict is Verdict.NO and found.numbers["agents"]["this agent"]["reliance"] == 1.0
    mine = found.numbers["agents"]["this agent"]
    assert mine["colour alone"]["right"]["mean"] == 1.0 and mine["signal alone"]["right"]["mean"] < 0.5
    assert memory.ask(case(planted.ReadsColour)).verdict is Verdict.NO, "where colours tell nothing it knows nothing"
    honest = reasons.ask(case(planted.Remembers))
    assert honest.verdict is Verdict.YES and honest.numbers["agents"]["this agent"]["reliance"] == 0.0
    assert reasons.ask(case(planted.NeverRemembers)).verdict is Verdict.OPEN


def test_who_writes_the_cue_into_its_speed_is_found_out():
    cheat = case(planted.WritesIntoSpeed, hands_on=True)
    found = cheating.ask(cheat)
    assert found.verdict is Verdict.NO and "speed" in found.answer
    assert found.numbers["hands on"]["columns"]["target_speed"] > 0.9
    assert found.numbers["hands on"]["wiped"]["mean"] == found.numbers["hands on"]["right"]["mean"] > 0.8
    assert found.numbers["hands off"]["probe"] <= found.numbers["hands off"]["bound"], "held, it can write nothing"
    assert memory.ask(cheat).verdict is Verdict.NO, "it knows, but not by its memory"
    assert cheating.ask(case(planted.Remembers)).verdict is Verdict.YES


def test_the_gradient_of_what_fades_fades_by_as_much():
    found = credit.ask(case(planted.Fades)).numbers["agents"]["this agent"]
    assert found["slope"] == pytest.approx(math.log(planted.Fades.kept), abs=1e-3)
    assert found["half_life"] == pytest.approx(math.log(2) / -math.log(planted.Fades.kept), rel=0.02)


def test_credit_is_even_for_who_remembers_wherever_the_cue_is():
    finding = credit.ask(case(planted.Remembers))
    found = finding.numbers["agents"]["this agent"]
    assert finding.verdict is Verdict.YES
    assert abs(found["slope"]) < 1e-3 and found["share"] == pytest.approx(1.0)
    assert [place["mean"] for place in finding.numbers["places"].values()] == [1.0, 1.0, 1.0]
    assert all(flip["irrelevant"] == 0.0 < flip["cue"] for flip in finding.numbers["flips"])


@pytest.mark.slow
def test_the_return_is_decided_at_the_cue_for_who_answers_always_the_same():
    found = decided.ask(case(planted.Remembers))
    assert found.verdict is Verdict.YES
    assert found.numbers["share"]["cue"] > 0.7 > 0.3 > found.numbers["count"]["cue"]
    after = found.numbers["predicted"][:, -decided.SPAN[0]]  # left, straight, right: it always goes straight on
    assert after[1] > max(after[0], after[2]) + 0.8


@pytest.mark.slow
def test_where_nothing_is_shown_nothing_is_decided_at_the_cue():
    silent = prepare(planted.Remembers(), FOLLOW, Config(signal_rate=0.0), SMALL)
    assert decided.ask(silent).verdict is Verdict.OPEN


def test_probes_find_the_intent_in_the_memory_and_not_in_the_frame():
    found = probes.ask(case(planted.Remembers))
    assert found.verdict is Verdict.YES
    start = -probes.SPAN[0]
    inside, outside = (np.array(found.numbers["intent"][name]) for name in ("memory", "frame"))
    assert np.nanmin(inside[start:]) == 1.0 and np.nanmax(outside[start:]) <= found.numbers["bound"]
    assert found.numbers["silenced"][-1]["right"] == pytest.approx(1 / 3)


@pytest.mark.parametrize("memory", [*(memory.value for memory in Memory), "attention"])
def test_gradients_agree_with_finite_differences(memory: str):
    policy = follow(memory)
    policy = RecurrentPolicy(policy.policy.double())
    twins = TwinSet(FOLLOW, Config(), np.arange(2))
    rollout = drive(policy, twins)
    frames, at = rollout.frames.astype(np.float64), credit.decision(policy, twins, rollout)
    slopes = credit.gradients(policy, frames, at)
    assert slopes is not None and np.isfinite(slopes).all()
    rng, step = np.random.default_rng(0), 1e-5
    largest = np.argsort(-np.abs(slopes).ravel())[:200]
    for place in rng.choice(largest, 8, replace=False):
        t, w, d = np.unravel_index(place, slopes.shape)
        moved = []
        for sign in (1.0, -1.0):
            near = frames.copy()
            near[t, w, d] += sign * step
            moved.append(credit.margins(policy, th.as_tensor(near), at)[w].item())
        assert (moved[0] - moved[1]) / (2 * step) == pytest.approx(slopes[t, w, d], rel=1e-4)


def test_gradients_through_layers_are_those_of_the_trunks():
    """Weights of variance 1 / 3n, of which ReLU lets half through: a gradient of 1 / sqrt(6) at every layer."""
    plain = vanishing.down(Trunk.PLAIN)
    assert (plain[-1] / plain[0]) ** (1 / vanishing.DEPTH) == pytest.approx(6**-0.5, rel=0.05)
    np.testing.assert_array_equal(vanishing.down(Trunk.RESIDUAL), 1.0)  # it begins as the identity
    assert all(vanishing.down(kind)[-1] > 1e-3 for kind in Trunk if kind is not Trunk.PLAIN)


def test_gradients_through_time_are_those_of_the_memory():
    """A tanh network whose matrix is known: the norm shrinks by its factor at every frame."""
    policy = follow("rnn")
    with th.no_grad():
        for name, weight in policy.memory.named_parameters():
            weight.zero_()
            if name == "weight_hh_l0":
                weight += 0.5 * th.eye(len(weight))
            if name == "weight_ih_l0":
                weight += 1e-3 * th.eye(*weight.shape)
    curve = vanishing.through_time(policy, np.zeros((12, 3, planted.WIDTH), np.float32))
    np.testing.assert_allclose(curve, 0.5 ** np.arange(12), rtol=1e-3)


def test_probes_are_tested_on_what_they_were_not_fitted_on():
    rng = np.random.default_rng(0)
    noise, labels = rng.normal(size=(400, 50)), rng.integers(3, size=400)
    train = np.arange(400) % 2 == 0
    assert linear.accuracy(noise, labels, train) < 0.45
    assert linear.accuracy(np.hstack((noise, labels[:, None] == np.arange(3))), labels, train) > 0.95
    assert linear.explained(noise, noise[:, 0] + 0.01, train) > 0.95


#: Similar to others: one begins otherwise, the other lacks gates.
SIMILAR = {
    Memory(name) for name in ("none", "stack", "lstm-default", "gru", "rnn", "slstm", "mingru", "lru", "transformer")
}


@pytest.mark.parametrize(
    "memory",
    [*(pytest.param(memory.value, marks=[pytest.mark.slow] * (memory in SIMILAR)) for memory in Memory), "stock"],
)
def test_any_recurrent_policy_can_be_diagnosed(memory: str, hasty: None):
    """It says and remembers what the policy's own ``predict`` does; every question has an answer, twice the same."""
    policy = follow(memory)
    effort = replace(SMALL, seeds=4, delays=(1.0,), credit_delays=(1.0, 2.0))
    examined = prepare(policy, FOLLOW, Config(hands_on=memory == "lstm"), effort)  # who drives early is asked as well
    found = diagnose(examined)
    assert [finding.key for finding in found] == [
        "memory",
        "credit",
        "decided",
        "vanishing",
        "reasons",
        "probes",
        "cheating",
    ]
    if memory == "gru":
        assert plain([finding.numbers for finding in diagnose(examined)]) == plain([f.numbers for f in found])
    state, starts = None, np.ones(examined.rollout.frames.shape[1])
    for t in range(5):
        action, state = policy.policy.predict(examined.rollout.frames[t], state, starts, deterministic=True)
        np.testing.assert_array_equal(action, examined.rollout.actions[t])
        starts = np.zeros_like(starts)


@pytest.mark.parametrize("memory", ["none", "stack", "transformer"])
def test_a_memory_without_cells_is_not_asked_what_is_in_them(memory: str, hasty: None):
    """Of a transformer's states the worlds would have gigabytes, and their variances would take hours."""
    asked = prepare(follow(memory), FOLLOW, Config(), replace(SMALL, seeds=2), {memory: follow(memory)})
    assert asked.rollout.states.shape[2] == 0
    found = probes.ask(asked)
    assert found.verdict is Verdict.OPEN and list(found.numbers["intent"]) == ["frame"]
    assert page("a", "b", [found], {"probes": plain(found.numbers)}).count("<figure>") == 1


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory, few_seeds: None) -> Path:
    """Two runs that have learned next to nothing, of two memories and encoders."""
    folder = tmp_path_factory.mktemp("runs")
    for kind, eyes in (("lstm", "attention"), ("none", "flat")):
        words = ["train", "--memory", kind, "--encoder", eyes, "--steps", "1", "--worlds", "1"]
        assert cli.main([*words, "--out", str(folder / kind)]) == 0
    return folder


def test_what_a_run_is_called_is_text_and_nothing_else():
    written = page("<script>", "a & <b>", [], {})
    assert "<h1>&lt;script&gt;</h1>" in written and "a &amp; &lt;b&gt;" in written and "<script" not in written


def test_where_no_frame_has_any_credit_there_is_a_picture_all_the_same():
    numbers = {"agents": {"this agent": {"profile": {"credit": [None, None], "first": -1}}}, "decision_step": 0.2}
    figures.profile(Figure().add_subplot(), numbers)


def test_where_nobody_can_guess_no_line_says_where_guessing_gets():
    rate = {"mean": 0.5, "low": 0.4, "high": 0.6, "seconds_before": 1.0}
    axes = Figure().add_subplot()
    figures.placed(axes, {"places": {"early": rate}})
    assert not axes.texts and not any(line.get_linestyle() == ":" for line in axes.lines)


def test_untrained_networks_are_shown_with_its_memory_and_others_that_take_no_longer(runs):
    (agent,) = command.agents_at(runs / "none", None, False)
    assert isinstance(agent, command.DiagnosedAgent)
    own, *others = agent.case((), replace(SMALL, seeds=1)).untrained
    assert own == "none" and set(others) == {memory.value for memory in Memory} - {"none", "transformer"}


def test_the_command_writes_a_page_that_needs_nothing_else(runs, hasty, monkeypatch, capsys):
    tiny = replace(SMALL, seeds=4, delays=(1.0, 4.0), credit_delays=(1.0, 2.0))
    monkeypatch.setattr(command, "QUICK", tiny)
    monkeypatch.setattr(command, "Memory", TwoMemories())
    monkeypatch.setenv("COLUMNS", "40")
    words = ["diagnose", str(runs / "lstm"), "--beside", str(runs / "none"), "--quick"]
    assert cli.main(words) == 0
    printed = capsys.readouterr().out
    *table, written = printed.splitlines()
    assert written == str(runs / "lstm" / "report" / "index.html") and "Does it remember?" in printed
    assert max(map(len, table)) <= 40
    page = (runs / "lstm" / "report" / "index.html").read_text("utf-8")
    assert not re.search(r"""(src|href)=["'](?!#)""", page) and "url(http" not in page and "@import" not in page
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids)) and set(re.findall(r'href="#([^"]+)"', page)) <= set(ids)
    assert page.count("<figure>") >= 12 and "nan" not in re.sub(r"<[^>]*>", " ", page).split()
    found = json.loads((runs / "lstm" / "report" / "numbers.json").read_text("utf-8"))
    assert {found[key]["verdict"] for key in ("memory", "credit", "reasons", "probes")} <= {v.value for v in Verdict}
    assert "none, seed 0" in found["memory"]["sweep"][0] and found["scenario"] == "Follow"


@pytest.mark.slow
def test_a_zip_of_the_stock_trainer_can_be_diagnosed(tmp_path, hasty, monkeypatch, capsys):
    monkeypatch.setattr(command, "QUICK", replace(SMALL, seeds=4, delays=(1.0,), credit_delays=(1.0, 2.0)))
    env, small = make_sb3("Kindergarten/Follow-v0", 2, 0), {"lstm_hidden_size": 8, "n_lstm_layers": 2}
    model = RecurrentPPO("MlpLstmPolicy", env, n_steps=16, batch_size=32, policy_kwargs=small, seed=0)
    model.learn(32).save(tmp_path / "stock.zip")
    words = ["diagnose", str(tmp_path / "stock.zip"), "--scenario", "Follow", "--quick", "--allow-pickle"]
    assert cli.main(words) == 0
    assert str(tmp_path / "stock-report" / "index.html") in capsys.readouterr().out
    found = json.loads((tmp_path / "stock-report" / "numbers.json").read_text("utf-8"))
    assert found["policy"] == "stock.zip" and found["memory"]["answers"]["as it is"]["mean"] < 0.9
    for left_out, said in (("--scenario", "name it with --scenario"), ("--allow-pickle", "add --allow-pickle")):
        rest = [w for w in words if w != left_out and not (left_out == "--scenario" and w == "Follow")]
        assert cli.main(rest) == 2
        printed = capsys.readouterr().err
        assert said in printed and printed.count("\n") == 1
    assert cli.main([*words[:3], "Crossing", *words[4:]]) == 2
    assert "not on Crossing" in capsys.readouterr().err


def test_what_cannot_be_diagnosed_is_one_line(runs, tmp_path, capsys):
    other = tmp_path / "other"
    about = json.loads((runs / "none" / "config.json").read_text())
    about["options"]["scenario"] = "Crossing"
    other.mkdir()
    (other / "config.json").write_text(json.dumps(about))
    several = tmp_path / "several"
    several.mkdir()
    own = {"scenario": "Meeting", "memory": "lstm", "steps": 1, "worlds": 1, "seed": 0}
    (several / "config.json").write_text(json.dumps({"options": own}))
    for words, said in (
        ([str(runs / "lstm"), "--beside", str(several)], "drives Meeting, not Follow"),
        ([str(tmp_path)], "is no run"),
        ([str(runs / "lstm"), "--scenario", "Crossing"], "lstm was trained in Follow alone, and is asked there"),
        ([str(several), "--scenario", "Follow"], "several was trained in Meeting alone, and is asked there"),
        ([str(runs / "lstm"), "--beside", str(other)], "drives Crossing, not Follow"),
        ([str(other)], "no checkpoint yet"),
        ([str(tmp_path / "no.zip"), "--scenario", "Follow", "--allow-pickle"], "holds no policy"),
    ):
        assert cli.main(["diagnose", *words]) == 2
        printed = capsys.readouterr().err
        assert said in printed and printed.count("\n") == 1
