"""Anybody's agent is scored in one call: objects with predict, callables, files; or by whoever owns the loop."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import gymnasium
import numpy as np
import pytest

import kindergarten
from kindergarten import cli
from kindergarten.scenarios import SCENARIOS
from kindergarten.scoring.agent import Decision, agent_of
from kindergarten.scoring.criterion import Criterion, answers
from kindergarten.scoring.exam import Exam
from kindergarten.scoring.planner import outcomes, plans_of, twins
from kindergarten.scoring.reference import SEEDS, reference
from kindergarten.scoring.rollout import Hook, rollout
from kindergarten.world.codes import Action, End, Signal
from kindergarten.world.config import Config
from kindergarten.world.observation import NUM_EGO, USER_COLUMNS

FEW = SEEDS[:8]
LEFT, RIGHT = (
    NUM_EGO + [column.name for column in USER_COLUMNS].index(f"signals_{side}") for side in ("left", "right")
)


def idle(observations: np.ndarray) -> np.ndarray:
    return np.full(len(observations), Action.IDLE)


def last_signal(
    observations: np.ndarray, state: np.ndarray | None, starts: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Follow, solved by one number per world: the side that was signalled last is the side to take."""
    assert state is None or not starts.any()
    side = np.zeros(len(observations), int) if state is None else state.copy()
    side[observations[:, LEFT] > 0], side[observations[:, RIGHT] > 0] = -1, 1
    aims = np.rint(observations[:, 3]).astype(int)
    return np.select([side < aims, side > aims], [Action.LEFT, Action.RIGHT], Action.IDLE), side


class Predicts:
    """As Stable-Baselines3's models do."""

    def predict(self, observation, state=None, episode_start=None, deterministic=False):
        assert deterministic and episode_start is not None
        return last_signal(observation, state, episode_start)


def test_one_call_scores_a_callable_from_blind_to_oracle():
    blind, best = kindergarten.score(idle, "Follow"), kindergarten.score(last_signal, "Follow")
    assert blind.anticipation == pytest.approx(0.0, abs=0.1) and best.anticipation == pytest.approx(1.0, abs=0.1)
    assert best.right_answers == best.goal_rate == 1.0 and best.collision_rate == 0.0
    assert blind.right_answers == pytest.approx(1 / 3, abs=0.01)
    assert best.anticipation is not None and best.ci95 is not None and best.ci95[0] <= best.anticipation <= best.ci95[1]
    assert best.returns.shape == (3, len(SEEDS)) and list(best.by_intent) == ["left", "straight", "right"]


def test_an_object_with_predict_and_a_function_with_state_are_the_same_agent():
    one, two = (kindergarten.score(agent, "Follow", seeds=FEW) for agent in (last_signal, Predicts()))
    assert one.to_dict() == two.to_dict()


def test_whoever_owns_the_loop_gets_the_same_score():
    exam = kindergarten.Exam("Follow", seeds=FEW, delay_s=2.0)
    observations, _ = exam.reset()
    state, starts = None, np.ones(exam.num_envs, bool)
    while not exam.done:
        actions, state = last_signal(observations, state, starts)
        observations, rewards, terminated, truncated, _ = exam.step(actions)
        starts = np.zeros(exam.num_envs, bool)
        assert rewards.shape == terminated.shape == truncated.shape == (exam.num_envs,)
        assert exam.done == (terminated | truncated).all()
    assert exam.observation_space.contains(observations)
    assert exam.score().to_dict() == kindergarten.score(last_signal, "Follow", seeds=FEW, delay_s=2.0).to_dict()


def test_a_score_is_what_the_reference_makes_of_the_returns():
    found, limits = kindergarten.score(idle, "Crossing", seeds=FEW), reference(SCENARIOS["Crossing"], Config())
    exam = Exam("Crossing", seeds=FEW)
    rollout(agent_of(idle), exam)
    returns = (exam.chances * found.returns).sum(0).mean()
    blind, oracle = limits.blind[:8].mean(), limits.oracle[:8].mean()
    assert found.anticipation == pytest.approx((returns - blind) / (oracle - blind))
    assert found.collision_rate == pytest.approx(((exam.ends == End.COLLISION) * exam.chances).sum(0).mean())
    assert found.return_mean == pytest.approx(returns) and found.blind == pytest.approx(blind)


def test_seeds_of_ones_own_are_scored_on_references_of_their_own():
    found = kindergarten.score(last_signal, "Follow", seeds=[3, 4])
    assert found.anticipation == pytest.approx(1.0, abs=0.1) and found.seeds.tolist() == [3, 4]


@pytest.mark.parametrize("name", SCENARIOS)
def test_the_right_answer_is_right_and_that_to_another_intent_is_wrong(name):
    """The criterion, asked about the planner's own best plans: right for their own intent, wrong for the others'."""
    scenario, config = SCENARIOS[name], Config()
    criterion = Criterion.of(scenario, config, FEW)
    returns, _ = outcomes(twins(scenario, config, FEW), plans_of(scenario))
    best = returns.reshape(*criterion.chances.shape, -1).max(axis=2)
    assert criterion.right(best).all()
    worst = returns.reshape(*criterion.chances.shape, -1).min(axis=2)
    assert not criterion.right(worst).any()
    assert 1 / len(scenario.intents) <= criterion.chance < 1.0


def test_in_which_row_a_world_stands_tells_nothing():
    """An exam has its worlds intent by intent; who is asked sees them in an order drawn anew."""

    def by_row(observations: np.ndarray) -> np.ndarray:
        side, aims = np.arange(len(observations)) * 3 // len(observations) - 1, np.rint(observations[:, 3])
        return np.select([side < aims, side > aims], [Action.LEFT, Action.RIGHT], Action.IDLE)

    assert kindergarten.score(by_row, "Follow").anticipation == pytest.approx(0.0, abs=0.2)
    seen = kindergarten.score(lambda frames: idle(frames["ego"]), "Follow", seeds=FEW, observation="users")
    assert (seen.returns == kindergarten.score(idle, "Follow", seeds=FEW).returns).all()


def test_nobody_else_is_handed_the_exam():
    """As those drivers are who come with the package and know the worlds."""

    class Peeps(Predicts):
        def enter(self, exam):
            raise AssertionError

    assert kindergarten.score(Peeps(), "Follow", seeds=FEW).anticipation == pytest.approx(1.0, abs=0.1)


def test_in_overtake_either_side_is_right_if_the_rider_goes_straight_on():
    """And the side to which the rider turns is wrong."""
    scenario, config = SCENARIOS["Overtake"], Config()
    criterion, (earned, _) = Criterion.of(scenario, config, FEW), answers(scenario, config, FEW)
    right = np.stack([criterion.right(each).mean(axis=1) for each in earned.swapaxes(0, 1)], axis=1)
    assert right.tolist() == [[1.0, 1.0, 0.0], [1.0, 1.0, 1.0], [0.0, 0.0, 1.0]]  # rows: it goes left, on, right


@pytest.mark.jit
def test_planned_drivers_keep_their_promise_on_later_legs():
    """In this world the oracle's plan for a later leg was a collision if it got there a little otherwise."""
    seeds = [1_000_003]
    found = {name: kindergarten.score(name, "Town", seeds=seeds) for name in ("oracle", "blind")}
    assert found["oracle"].anticipation == pytest.approx(1.0, abs=0.01) and found["oracle"].collision_rate == 0.0
    assert found["blind"].anticipation == pytest.approx(0.0, abs=0.03)


def test_where_nothing_is_at_stake_a_score_says_so():
    still = kindergarten.score(idle, "Follow", seeds=FEW, signals="real", signal_rate=0.0)
    assert still.oracle == still.blind
    assert "nothing at stake" in str(still) and "nan" not in str(still)
    assert json.loads(json.dumps(still.to_dict()))["anticipation"] is None


def test_the_table_fits_a_terminal_and_the_dict_is_json():
    found = kindergarten.score(idle, "Crossing", seeds=FEW)
    assert max(map(len, str(found).splitlines())) <= 80
    assert json.loads(json.dumps(found.to_dict()))["anticipation"] == found.anticipation
    assert found.to_dict()["settings"]["delay_s"] == (1.0, 4.0) and "anticipation" in str(found)


def test_a_callable_needs_no_torch():
    code = (
        "import sys, numpy, kindergarten; kindergarten.score(lambda o: numpy.ones(len(o), int), 'Follow', seeds=[1]);"
        "assert not {'torch', 'stable_baselines3', 'pygame', 'rich'} & set(sys.modules), sorted(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[1])


# ---- hooks and records


class Shifts(Hook):
    """Shows the other side's signal, and notes what is seen."""

    def __init__(self) -> None:
        self.seen = 0

    def observations(self, t: int, observations: np.ndarray) -> np.ndarray:
        changed = observations.copy()
        changed[:, [LEFT, RIGHT]] = observations[:, [RIGHT, LEFT]]
        return changed

    def decided(self, t: int, exam: Exam, decision: Decision) -> None:
        self.seen += bool((exam.simulator.users["signal"] != Signal.NONE).any())


def test_hooks_change_what_is_shown_and_what_is_remembered():
    exam, shifts = Exam("Follow", seeds=FEW), Shifts()
    rollout(agent_of(last_signal), exam, [shifts])
    assert shifts.seen > 5 and exam.score().by_intent["left"]["right_answers"] == 0.0

    class Forgets(Hook):
        def state(self, t: int, state: np.ndarray | None) -> np.ndarray | None:
            worlds = exam.simulator
            t2 = worlds.users["t2"][np.arange(worlds.num_worlds), worlds.worlds["signaller"]]
            return None if state is None else np.where(worlds.worlds["tick"] > t2, 0, state)

    rollout(agent_of(last_signal), exam, [Forgets()])
    right = {name: its["right_answers"] for name, its in exam.score().by_intent.items()}
    assert right["straight"] == 1.0 and right["left"] == right["right"] == 0.0


def test_episodes_are_recorded_with_their_seeds():
    exam = Exam("Follow", seeds=FEW[:2])
    one, two = rollout(agent_of(last_signal), exam, record=(1, 5))
    assert (one.seed, two.seed) == (FEW[1], FEW[1]) and one.end is two.end is End.GOAL
    assert one.terms.sum() == pytest.approx(exam.returns[0, 1]) and two.terms.sum() == pytest.approx(exam.returns[2, 1])


def test_an_exam_can_be_taken_again():
    exam = Exam("Follow", seeds=FEW)
    rollout(agent_of(idle), exam)
    first = exam.returns.copy()
    rollout(agent_of(idle), exam)
    assert np.array_equal(exam.returns, first)


def test_the_exam_says_what_it_takes():
    exam = Exam("Follow", seeds=FEW)
    with pytest.raises(gymnasium.error.ResetNeeded):
        exam.step(idle(np.zeros(24)))
    with pytest.raises(ValueError, match="24 of 24 worlds still run"):
        exam.score()
    with pytest.raises(ValueError, match="seed 3: an exam has worlds of its own"):
        exam.reset(seed=3)


# ---- the command


def test_the_command_scores_an_attribute_of_a_module(tmp_path, monkeypatch, capsys):
    (tmp_path / "my_agent.py").write_text("def drive(observations):\n    return [1] * len(observations)\n")
    monkeypatch.chdir(tmp_path)
    assert cli.main(["evaluate", "my_agent:drive", "--scenario", "Follow", "--delay", "2", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found[0]["delay_s"] == [2.0, 2.0] and found[0]["anticipation"] == pytest.approx(0.0, abs=0.1)
    for words, message in (
        (["my_agent:drive"], "name it with --scenario"),
        (["my_agent:steer", "--scenario", "Follow"], "there is no agent my_agent:steer"),
        (["nobody:drive", "--scenario", "Follow"], "there is no agent nobody:drive"),
        (["./my_agent.py:drive", "--scenario", "Follow"], "there is no agent ./my_agent.py:drive"),
        ([":drive", "--scenario", "Follow"], "there is no agent :drive"),
        (["collections:Counter", "--scenario", "Follow"], "the agent is the class Counter"),
        (["my_agent:drive", "--scenario", "Follow", "--delay", "2", "--ladder"], "give one of the two"),
    ):
        assert cli.main(["evaluate", *words]) == 2
        error = capsys.readouterr().err
        assert message in error and error.count("\n") == 1


def test_impossible_intents_are_no_part_of_any_mean():
    """In one cast of Crossroads nobody can turn left."""
    found = kindergarten.score("oracle", "Crossroads", seeds=np.arange(8))
    assert found.right_answers == 1.0 and all(its["right_answers"] == 1.0 for its in found.by_intent.values())
