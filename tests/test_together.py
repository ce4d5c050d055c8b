"""Several agents learn in one world: as rows of a batch, one sequence each, and what is said of them."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any, cast

import numpy as np
import pytest

pytest.importorskip("torch")

import torch as th
from gymnasium.vector import AutoresetMode

from kindergarten import cli
from kindergarten.agents.diagnose.finding import Verdict
from kindergarten.agents.diagnose.questions import together as questions
from kindergarten.agents.diagnose.questions.together import MINE, Company
from kindergarten.agents.learner import past
from kindergarten.agents.learner.config import PPOConfig
from kindergarten.agents.learner.driving import auxiliary_targets_of
from kindergarten.agents.learner.legible import clarity
from kindergarten.agents.learner.past import EVERY, SELVES, PastSelves
from kindergarten.agents.learner.ppo import MemoryPPO
from kindergarten.agents.runs import checkpoint, together
from kindergarten.agents.runs.options import Together
from kindergarten.agents.runs.run import Run
from kindergarten.agents.runs.together import TogetherWatcher
from kindergarten.envs import rows_env
from kindergarten.envs.sb3 import KindergartenVecEnv
from kindergarten.playground import PLAYGROUNDS
from kindergarten.playground.drivers import GUIDED, SOUND, Deed
from kindergarten.playground.meeting import SCENARIO as MEETING
from kindergarten.playground.rules import make_rules
from kindergarten.playground.sight import columns_of_seat
from kindergarten.playground.world import Playground
from kindergarten.replay.replay import read
from kindergarten.scoring import convention
from kindergarten.scoring.agent import FunctionAgent
from kindergarten.scoring.together import Encounters, drive_together
from kindergarten.world.codes import End, Intent, Signal

pytestmark = pytest.mark.jit
COLUMNS = [column.name for column in columns_of_seat(2)]
SEEDS = np.arange(3)


def playground_of(env: KindergartenVecEnv) -> Playground:
    assert isinstance(env.envs.simulator, Playground)
    return env.envs.simulator


def targets_of(env: KindergartenVecEnv) -> Any:
    return auxiliary_targets_of(env)


def test_rows_wait_until_nobody_drives_in_their_world():
    env, rng = rows_env("Meeting", 8, humans=0.25), np.random.default_rng(0)
    assert env.metadata["autoreset_mode"] is AutoresetMode.SAME_STEP and env.num_envs == 16
    seen, infos = env.reset(seed=3)
    ended = waited = 0
    for _ in range(80):
        before = infos["present"]
        assert seen[before].any(axis=1).all() and not seen[~before].any(), "nobody sees from an empty seat"
        seen, rewards, terminated, truncated, infos = env.step(rng.integers(0, 8, 16))
        done = terminated | truncated
        assert not rewards[~before].any() and not done[~before].any()
        for i in np.flatnonzero(done):
            assert env.single_observation_space.contains(infos["final_obs"][i])
        ended, waited = ended + done.sum(), waited + (~infos["present"]).sum()
        assert infos["present"].reshape(8, 2).any(axis=1).all(), "a world that is over has begun anew"
    assert ended and waited / (80 * 16) == pytest.approx(0.24, abs=0.06), "as docs/playground.md has it"
    with pytest.raises(ValueError, match="one for each of 16 rows"):
        env.step(np.zeros(8, int))


def test_an_episode_is_as_long_as_its_agent_drove():
    env, rng = KindergartenVecEnv(rows_env("Meeting", 8, humans=0.25)), np.random.default_rng(0)
    env.seed(3)
    env.reset()
    decisions, ended = np.zeros(16, int), 0
    for _ in range(200):
        decisions += env.driven()
        _, _, done, infos = env.step(rng.integers(0, 8, 16))
        assert all(infos[i]["episode"]["l"] == decisions[i] for i in np.flatnonzero(done))
        decisions[done] = 0
        ended += done.sum()
    assert ended > 16


def test_in_an_endless_world_a_row_waits_for_room_alone():
    env, rng = KindergartenVecEnv(rows_env("Square", 4, endless=True)), np.random.default_rng(0)
    env.seed(0)
    env.reset()
    followed, playground = 0, playground_of(env)
    for _ in range(150):
        waited = ~env.driven()
        seen, _, done, _ = env.step(rng.integers(0, 8, 32))
        assert isinstance(seen, np.ndarray)
        fresh = targets_of(env).fresh
        assert not fresh[~waited].any(), "whoever follows comes into a seat that was empty"
        assert seen[env.driven()].any(axis=1).all() and not seen[done | ~env.driven()].any()
        followed += fresh.sum()
    assert followed > 32 and (playground.worlds["tick"] == 300).all(), "no world begins anew"
    env.restore(env.snapshot())


def test_a_learner_is_told_the_others_goals_and_who_is_there():
    env = KindergartenVecEnv(rows_env("Meeting", 4))
    env.seed(0)
    env.reset()
    targets = targets_of(env)
    goals = playground_of(env).goals()
    assert (targets.labels.reshape(4, 2) == goals[:, ::-1]).all() and targets.fresh.all() and targets.driven.all()
    env.step(np.full(8, 3))
    assert not targets_of(env).fresh.any()


def test_whoever_is_understood_is_rewarded_for_what_the_others_think_of_its_goal():
    env = KindergartenVecEnv(rows_env("Junction4", 2, humans=0.25))
    env.seed(0)
    model = MemoryPPO.from_config(env, PPOConfig(n_steps=30, n_epochs=0), seed=0)
    buffer, states = model.learn(240).rollout_buffer, model.policy.no_memories(8)
    wanted = np.zeros((30, 8))
    for t, seen in enumerate(buffer.observations):
        _, states, thoughts = model.policy.think(th.as_tensor(seen), states, th.as_tensor(buffer.episode_starts[t]))
        for row, here in enumerate(buffer.driven[t]):
            world, seat = divmod(row, 4)
            thinkers = [
                4 * world + other for other in range(4) if other != seat and buffer.driven[t, 4 * world + other]
            ]
            columns = [(seat - thinker) % 4 - 1 for thinker in thinkers]
            known = [(k, c, buffer.labels[t, k, c]) for k, c in zip(thinkers, columns, strict=True)]
            beliefs = [np.log(np.asarray(thoughts.captions)[place]) for place in known if place[2] >= 0]
            wanted[t, row] = np.mean(beliefs) if here and beliefs else 0.0
    assert (wanted < 0).any() and (wanted == 0).any()
    np.testing.assert_allclose(clarity(model.policy, buffer), wanted, atol=1e-5)


def test_past_selves_drive_in_a_share_of_the_seats_and_count_in_no_loss(monkeypatch):
    env = KindergartenVecEnv(rows_env("Junction4", 4))
    env.seed(0)
    model = MemoryPPO.from_config(env, PPOConfig(n_steps=8, n_epochs=1, batch_size=64), seed=0)
    model.past = selves = PastSelves(model.policy, 4, 4, 0.5)
    assert selves.rows.tolist() == [0, 5, 10, 15, 1, 6, 11, 12], "in each world two of four"
    biases = dict(model.policy.named_parameters())["action_net.bias"].detach()
    biases[Deed.FASTER] = 50.0
    selves.keep(0)
    biases[Deed.FASTER] = -50.0
    speeds, learners = playground_of(env).drivers["target_speed"], np.ones(16, bool)
    learners[selves.rows] = False
    monkeypatch.setattr(selves, "keep", lambda updates: None)
    model.learn(128)
    buffer = model.rollout_buffer
    assert (speeds.ravel()[selves.rows] == 7.0).all(), "they do what they did: drive as fast as they can"
    assert (speeds.ravel()[learners] < 7.0).any()
    for mask in (buffer.driven, buffer.present, buffer.labels.max(axis=2) >= 0):
        assert not mask[:, selves.rows].any() and mask[:, learners].any()


def test_the_oldest_self_is_forgotten():
    env = KindergartenVecEnv(rows_env("Meeting", 2))
    policy = MemoryPPO.from_config(env, PPOConfig(n_steps=8), seed=0).policy
    selves, bias = PastSelves(policy, 2, 2, 0.5), dict(policy.named_parameters())["value_net.bias"].detach()
    for updates in range(EVERY * (SELVES + 1) + 1):
        bias.fill_(updates)
        selves.keep(updates)
    known = sorted(weights["value_net.bias"].item() for weights in selves.selves)
    assert known == [EVERY * k for k in range(2, SELVES + 2)]


def test_rows_go_on_from_a_snapshot_bit_for_bit():
    def make() -> KindergartenVecEnv:
        env = KindergartenVecEnv(rows_env("Meeting", 8, humans=0.5, signals="early", defects=0.2))
        env.seed(1)
        env.reset()
        return env

    rng, one, other = np.random.default_rng(0), make(), make()
    for _ in range(25):
        one.step(rng.integers(0, 8, 16))
    other.restore(one.snapshot())
    for deeds in rng.integers(0, 8, (40, 16)):
        a, b = cast(Any, one.step(deeds)), cast(Any, other.step(deeds))
        assert all(np.array_equal(mine, its) for mine, its in zip(a[:3], b[:3], strict=True))
    broken = one.snapshot()
    broken["drivers"][:] = 255
    with pytest.raises(ValueError, match="no snapshot of these worlds"):
        other.restore(broken)


def planted(words: np.ndarray, goals: np.ndarray) -> Encounters:
    """One decision in which everybody shows ``words`` (W, 2)."""
    shape, nothing = goals.shape, np.zeros(goals.shape)
    return Encounters(
        nothing, nothing, goals, np.ones(shape, bool), words[None], np.ones((1, shape[0]), bool), nothing[None], None, 8
    )


@pytest.mark.parametrize("signals", ["honest", "told"])
def test_the_simulator_says_where_they_go(signals):
    env = rows_env("Meeting", 16, signals=signals)
    lamps = {"left": COLUMNS.index("user1.signals_left"), "right": COLUMNS.index("user1.signals_right")}
    seen = [env.reset(seed=0)[0]] + [env.step(np.full(32, int(Deed.IDLE)))[0] for _ in range(5)]
    left = env.simulator.goals()[:, ::-1].ravel() == Intent.LEFT
    shown = np.stack(seen)[:, :, lamps["left"]] == 1.0
    assert shown[:, left].any(axis=0).all() and not shown[:, ~left].any() and left.any()
    assert shown[:, left].all() == (signals == "told"), "lamps flash, but for those who are told"


def test_lamps_are_set_honestly_of_a_share_of_agents_that_may_change():
    playground = Playground(MEETING, 200, make_rules(honest=0.5, defects=0.25))
    playground.seed(np.arange(200))
    for wanted in (0.5, 0.0):
        playground.set_honest(wanted)
        playground.reset()
        counts = np.bincount(playground.drivers["works"].ravel(), minlength=3) / 400
        assert np.abs(counts - (0.25, 0.75 - wanted, wanted)).max() < 0.08
        playground.check(playground.snapshot())
        lit = np.zeros((200, 2), int)
        for _ in range(5):
            playground.step(np.full((200, 2), int(Deed.SIGNAL_RIGHT)))
            lit = np.maximum(lit, playground.users["signal"][:, :2])
        left, works = playground.goals() == Intent.LEFT, playground.drivers["works"]
        honest = np.where(left, int(Signal.LEFT), int(Signal.NONE))
        shown = np.where(works == 2, honest, np.where(works == 1, int(Signal.RIGHT), int(Signal.NONE)))
        assert (lit == shown).all()


def test_bits_and_the_sign_of_a_convention():
    goals = np.tile([[0, 0], [0, 1], [1, 0], [1, 1]], (8, 1))
    assert (int(Intent.LEFT), int(Intent.STRAIGHT)) == (0, 1)
    honest = np.where(goals == Intent.LEFT, int(Signal.LEFT), int(Signal.NONE))
    for words, bits, sign, truthful in (
        (honest, 1.0, 1.0, 1.0),
        (np.where(honest, int(Signal.RIGHT), 0), 1.0, -1.0, 0.0),  # a dialect
        (np.full_like(honest, int(Signal.LEFT)), 0.0, 0.0, 1.0),  # always on
        (np.where(honest, 0, int(Signal.RIGHT)), 1.0, 0.0, 0.0),  # a code, but neither lamp ever means left
    ):
        story = planted(words, goals)
        by_goal = convention.shares(goals, convention.said(story)[-1])
        found, chance, _ = convention.bits(goals, convention.said(story))
        assert found == pytest.approx(bits) and chance < 0.25
        assert convention.sign(by_goal) == sign and convention.honesty(by_goal)["left"] == truthful
    early = np.stack([honest, *[np.full_like(honest, int(Signal.RIGHT))] * 3])  # what is shown when nobody needs it
    story = replace(planted(honest, goals), lamps=early, undecided=np.ones((4, len(goals)), bool))
    assert convention.bits(goals, convention.said(story))[0::2] == (pytest.approx(1.0), 0)
    for seat in (0, 1):
        at = convention.twins(planted(honest, goals), seat)
        assert (goals[at, seat] == goals[:, seat]).all() and (goals[at, 1 - seat] != goals[:, 1 - seat]).all()


def test_who_listens_is_told_apart_from_who_is_deaf():
    """By worlds in which the other's lamp is what its other goal would have shown."""
    lamp, speed = COLUMNS.index("user1.signals_left"), 3
    rules = make_rules(signals="honest")

    def listener(seen: np.ndarray) -> np.ndarray:
        return np.where(seen[:, lamp] == 1.0, 4, speed)

    for function, heard in ((listener, 1.0), (lambda seen: np.full(len(seen), speed), 0.0)):
        agents = [FunctionAgent(function)]
        story = drive_together(agents, MEETING, rules, SEEDS)
        changed = convention.listens(agents, MEETING, rules, SEEDS, story)
        assert (changed == heard).all()
        its = convention.language(story, changed)
        assert (its["listening"], its["convention"]) == (heard, 1.0)


def test_where_no_world_has_others_with_other_goals_nobody_is_asked_who_listens():
    """Of four or eight agents goals are as the seeds draw them."""
    agents, scenario, rules = (
        [FunctionAgent(lambda seen: np.full(len(seen), 3))],
        PLAYGROUNDS["Junction4"],
        make_rules(),
    )
    story = drive_together(agents, scenario, rules, SEEDS)
    changed = convention.listens(agents, scenario, rules, SEEDS, story)
    assert changed.shape == (4, len(SEEDS)) and np.isnan(convention.language(story, changed)["listening"])


def test_a_dialect_is_found_out_and_who_does_not_listen():
    """Both show right if they go left; the one stops for it, the other drives on."""
    goal, lamp = COLUMNS.index("ego.goal_left"), COLUMNS.index("user1.signals_right")

    def speaker(slows: bool) -> FunctionAgent:
        def decide(seen: np.ndarray) -> np.ndarray:
            says = (seen[:, goal] == 1.0) & (seen[:, COLUMNS.index("ego.asks_right")] == 0.0)
            return np.where(says, Deed.SIGNAL_RIGHT, np.where(slows & (seen[:, lamp] == 1.0), Deed.SLOWER, Deed.IDLE))

        return FunctionAgent(decide)

    for slows, verdict in ((True, Verdict.YES), (False, Verdict.NO)):
        agent, rules = speaker(slows), make_rules()
        story = drive_together([agent], MEETING, rules, SEEDS)
        changed = convention.listens([agent], MEETING, rules, SEEDS, story)
        its = convention.language(story, changed)
        case = Company({MINE: agent}, {MINE: {"language": its}}, MEETING, {MINE: rules}, story, changed)
        found = {ask.__name__: ask(case) for ask in (questions.speech, questions.listening, questions.convention)}
        verdicts = [found[key].verdict for key in ("speech", "listening", "convention")]
        assert verdicts == [Verdict.YES, verdict, Verdict.NO]
        assert found["listening"].numbers["changed"]["south, goes left"]["mean"] == float(slows)
        assert found["listening"].numbers["slower"]["south straight, north left"] == {"south": slows, "north": 0.0}
        told = replace(case, all_rules={MINE: make_rules(signals="told")})
        assert questions.listening(told).verdict is Verdict.OPEN
        assert questions.beliefs(case).verdict is Verdict.OPEN, "it says nothing of what it believes"


def test_how_sure_they_are_goes_by_each_worlds_own_t3():
    """One way shows early, and seven late: the verdict is on all of them, and not on those that are left at the end."""
    goals, words = np.tile([[0, 0], [0, 1], [1, 0], [1, 1]], (2, 1)), np.zeros((8, 2), int)
    undecided = np.arange(4)[:, None] < np.array([2, 4, *[2] * 6])
    truth = np.where(undecided[:, :, None], np.where(np.arange(8)[:, None] == 1, 0.2, 0.95), 0.0)  # (T, W, 1)
    sure = np.broadcast_to(truth, (4, 8, 2))[..., None]
    given = np.where(goals[None, :, ::-1, None] == np.arange(5), sure, (1.0 - sure) / 4)[:, :, :, None]
    story = replace(planted(words, goals), undecided=undecided, beliefs=given)
    case = Company({}, {}, MEETING, {MINE: make_rules()}, story, np.zeros((2, 8)))
    found = questions.beliefs(case)
    assert found.verdict is Verdict.PARTLY and "given 86% to what is true" in found.answer
    assert found.numbers["sure"]["left"][-1] == pytest.approx(0.2), "one world is left"


def test_everyone_meets_everyone_by_the_rules_of_the_first_seat_and_is_at_home_by_its_own(monkeypatch):
    free, told = make_rules(social=0.5), make_rules(signals="told")
    agents, met = [FunctionAgent(lambda seen: np.full(len(seen), 3)) for _ in range(2)], []
    monkeypatch.setattr(together, "drive_together", lambda pair, *its: met.append((pair, its[1])) or drive(pair, *its))
    drive = drive_together
    found: Any = {
        name: {"communication": home, "among_honest_humans": {"collision_rate": 0.0}}
        for name, home in ((MINE, 0.75), ("told", 0.5))
    }
    case = Company(
        {MINE: agents[0], "told": agents[1]}, found, MEETING, {MINE: free, "told": told}, cast(Any, None), np.zeros(0)
    )
    said = questions.company(case)
    assert met == [(agents, free), (agents[::-1], told)], "who is at home is not driven again"
    assert [said.numbers["met"][name][k] for k, name in enumerate(case.agents)] == [0.75, 0.5]
    assert "0.75 at home" in said.answer and "those of whoever has the first seat" in said.answer
    same = questions.company(replace(case, all_rules={MINE: free, "told": free}))
    assert "first seat" not in same.answer


def test_what_is_printed_says_which_decisions_and_whether_any_were_learned_from(tmp_path):
    rates = {"goal_rate": 0.5, "collision_rate": 0.5}
    its = {"bits": 0.0, "bits_by_chance": 0.1, "listening": 0.0, "convention": 0.0, "said": {}}
    result = {"scenario": "Meeting", "signals": "free", "communication_ci95": [0, 1], "communication": 0.5, **rates}
    result |= {"return_mean": 0, "muted": 0, "told": 1, "language": its, "among_honest_humans": rates, "decisions": 0}
    result["without_lamps"] = {"communication": -0.5}
    assert "after 0 of 0 decisions" in together.told_in_words(result) and "Train" not in together.told_in_words(result)
    early = together.told_in_words(result | {"last_checkpoint": {"decisions": 2048}})
    assert "best checkpoint, after 0 of 2,048 decisions" in early and early.endswith("Train longer.")


def test_policies_may_differ_by_seat_and_the_ends_are_theirs():
    wild, stands = FunctionAgent(lambda seen: np.full(len(seen), 3)), FunctionAgent(lambda seen: np.full(len(seen), 4))
    story = drive_together([wild, stands], MEETING, make_rules(), SEEDS)
    assert (story.ends[:, 1] == End.TIME_LIMIT).all() and (story.ends[:, 0] == End.GOAL).all()
    assert story.by_seed.shape == (3,) and story.share(End.GOAL) == 0.5


def test_a_film_shows_what_each_seat_thinks_with_all_combinations_of_goals():
    model = MemoryPPO.from_config(KindergartenVecEnv(rows_env("Meeting", 1)), PPOConfig(n_steps=8), seed=0)
    replay = together.film(model, MEETING, make_rules(), "untrained")
    assert len(replay.episodes) == 8 and replay.scenario == "Meeting"
    for episode in replay.episodes:
        captions = np.asarray(episode.thoughts.captions)
        assert captions.shape == (len(episode.actions), MEETING.num_users - 1, len(Intent))
        assert np.allclose(captions[:, 0].sum(axis=1), 1.0) and not captions[:, 1:].any(), "of the other seat alone"
        assert episode.thoughts.cells is not None, "and its memory is seen"
    first = np.stack([episode.thoughts.probabilities[0] for episode in replay.episodes])  # pyright: ignore[reportOptionalSubscript]
    assert len(np.unique(first.round(9), axis=0)) > 1, "with other goals they think other things"


@pytest.mark.parametrize("notes, guided", [({}, True), ({"next_check": 5.0}, False)], ids=["new", "resumed"])
def test_while_lamps_fade_the_first_episodes_are_honest_and_a_run_that_goes_on_keeps_its_own(
    notes, guided, tmp_path, monkeypatch
):
    learner = PPOConfig(n_steps=16, batch_size=64)
    run = Run(tmp_path, Together(worlds=4, steps=512, fade=0.6, learner=learner), None)
    model = run.untrained(4)
    monkeypatch.setattr(TogetherWatcher, "_keep", lambda watcher, check: None)
    monkeypatch.setattr(TogetherWatcher, "_on_step", lambda watcher: False)
    model.learn(512, TogetherWatcher(run, notes), reset_num_timesteps=False)
    playground = playground_of(cast(KindergartenVecEnv, model.get_env()))
    assert (playground.drivers["works"] == (GUIDED if guided else SOUND)).all()


@pytest.mark.slow
def test_they_train_stop_go_on_and_are_scored(tmp_path, capsys, monkeypatch):
    """Bit for bit as if they had never been stopped."""
    begin = TogetherWatcher._on_rollout_start

    def stopped(watcher: TogetherWatcher) -> None:
        begin(watcher)
        if watcher.model.num_timesteps == 256:
            raise KeyboardInterrupt

    monkeypatch.setattr(past, "EVERY", 2)
    words = ["--worlds", "4", "--n-steps", "16", "--batch-size", "64", "--threads", "1", "--humans", "0.25"]
    words = [*words, "--legible", "0.1", "--fade", "0.9", "--past", "0.25", "--quiet"]
    once, twice = tmp_path / "once", tmp_path / "twice"
    assert cli.main(["train", "--scenario", "Meeting", "--steps", "512", "--out", str(once), *words]) == 0
    with monkeypatch.context() as patch:
        patch.setattr(TogetherWatcher, "_on_rollout_start", stopped)
        assert cli.main(["train", "--scenario", "Meeting", "--steps", "512", "--out", str(twice), *words]) != 0
    about = json.loads((twice / "config.json").read_text())
    assert about["rules"]["humans"] == 0.25 and "environment" not in about
    assert cli.main(["train", "--resume", str(twice), "--quiet"]) == 0
    last, again = (checkpoint.read(run / "checkpoints" / "last.safetensors") for run in (once, twice))
    assert last.decisions == again.decisions == 512
    assert last.tensors.keys() == again.tensors.keys()
    assert all((last.tensors[name] == again.tensors[name]).all() for name in last.tensors)
    found = json.loads((once / "evaluation.json").read_text())
    assert {"communication", "collision_rate", "goal_rate", "language", "among_honest_humans", "without_lamps"} <= set(
        found
    )
    assert cli.main(["evaluate", str(once)]) == 0
    assert "communication" in capsys.readouterr().out
    assert cli.main(["diagnose", str(once), "--beside", str(twice)]) == 0
    assert "Does left mean left?" in capsys.readouterr().out
    page = (once / "report" / "index.html").read_text("utf-8")
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids)) and page.count("<figure>") >= 5
    numbers = json.loads((once / "report" / "numbers.json").read_text("utf-8"))
    assert numbers["worth"]["agents"][MINE]["communication"] == pytest.approx(found["communication"], abs=1e-4)
    assert np.shape(list(numbers["company"]["met"].values())) == (2, 2)
    seen = read(once / "replays" / "twins.npz").episodes
    assert len(seen) == 8 and all(episode.thoughts.captions is not None for episode in seen), "each seat, each goals"
    for words in (["evaluate", str(once), "--ladder"], ["compare", str(once)]):
        assert cli.main(words) == 2
        assert "several agents" in capsys.readouterr().err


def test_what_goes_with_one_car_alone_is_refused(capsys):
    for words, said in (
        (["--curriculum"], "curriculum is not to be had among several agents"),
        (["--encoder", "attention"], "encoder is not to be had among several agents"),
        (["--humans", "2"], "humans is 2"),
        (["--endless"], "endless is not to be had among several agents"),
        (["--scenario", "Junction4"], "Junction4 has more than two agents"),
        (["--delay-s", "3"], "unknown option --delay-s"),
    ):
        assert cli.main(["train", *([] if "--scenario" in words else ["--scenario", "Meeting"]), *words]) == 2
        assert said in capsys.readouterr().err
