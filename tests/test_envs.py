"""The shells: Gymnasium's environment."""

from __future__ import annotations

import copy
import inspect
import pickle
import subprocess
import sys
import warnings
from pathlib import Path

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

import kindergarten
from kindergarten.envs import KindergartenEnv
from kindergarten.world.codes import Action, Intent, names
from kindergarten.world.observation import columns
from kindergarten.world.reward import TERMS
from kindergarten.world.users import MAX_STEERING
from tests.driving import JIT, same
from tests.shells import CROSSING, FOLLOW, actions_for, controls, ids, make

ROOT = Path(__file__).resolve().parents[1]


# ---- what others demand of an environment


@ids
@controls
def test_gymnasium_is_content(id: str, control: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        check_env(make(id, control=control), skip_render_check=not JIT)


@ids
@controls
def test_stable_baselines3_is_content(id: str, control: str):
    from stable_baselines3.common.env_checker import check_env

    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        check_env(make(id, control=control))


def test_an_id_imports_what_it_needs():
    code = "import gymnasium; gymnasium.make('kindergarten:Kindergarten/Crossing-v0').reset(seed=1)"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


@ids
@pytest.mark.parametrize("clone", [copy.deepcopy, lambda spec: pickle.loads(pickle.dumps(spec))])
def test_a_spec_makes_the_same_environment_again(id: str, clone):
    env = gymnasium.make(id, delay_s=(2.0, 3.0), control="continuous")
    again = gymnasium.make(clone(env.spec))
    assert again.spec == env.spec
    assert same(env.reset(seed=5)[0], again.reset(seed=5)[0])


@ids
def test_an_environment_can_be_copied_in_the_middle_of_an_episode(id: str):
    env = make(id)
    env.reset(seed=5)
    env.step(Action.IDLE)
    again = pickle.loads(pickle.dumps(env))
    assert same(env.step(Action.IDLE)[0], again.step(Action.IDLE)[0])


# ---- the page


def test_the_docstring_is_the_page():
    page = inspect.getdoc(KindergartenEnv) or ""
    sections = [line[3:] for line in page.splitlines() if line.startswith("## ")]
    standard = ("Description", "Action Space", "Observation Space", "Rewards", "Starting State")
    for section in (*standard, "Episode End", "Arguments", "Version History"):
        assert section in sections
    assert "$" not in page
    tables = [line[2:-2].split(" | ") for line in page.splitlines() if line.startswith("|")]
    wanted = [[str(cell) for cell in (i, *column.cells)] for i, column in enumerate(columns(2))]
    assert [row for row in tables if len(row) == 6 and row[0].isdigit()] == wanted
    assert [row for row in tables if row[0] in {term.name for term in TERMS}] == [list(term) for term in TERMS]
    for id in kindergarten.IDS:
        assert f"`{id}`" in page
    for name in inspect.signature(KindergartenEnv).parameters:
        assert f"- `{name}`:" in page


@ids
def test_the_observation_has_one_number_per_row_of_the_table(id: str):
    env = make(id)
    table = columns(env.simulator.num_users)
    assert isinstance(env.observation_space, gymnasium.spaces.Box)
    assert env.observation_space.shape == (len(table),)
    assert len({column.name for column in table}) == len(table)
    np.testing.assert_array_equal(env.observation_space.low, [column.low for column in table])
    np.testing.assert_array_equal(env.observation_space.high, [column.high for column in table])
    assert {column.name: column.unit for column in table}["ego.steering"] == f"{MAX_STEERING:g} rad"


# ---- one environment


@ids
def test_info_says_what_is_going_on(id: str):
    env = make(id)
    env.reset(seed=3)
    row = int(env.simulator.worlds["signaller"][0]) - 1  # in info the ego is left out
    intent = names(Intent)[env.simulator.scenario.casts[env.simulator.worlds["cast"][0]][1].intents[-1][0]]
    _, info = env.reset(seed=3, options={"intents": [None] * row + [intent]})
    assert info["intents"][row] == intent and len(info["intents"]) == env.simulator.num_users - 1
    assert info["phases"][row] == "before" and not any(info["terms"].values())
    seen, done = ["before"], False
    while not done:
        _, reward, terminated, truncated, info = env.step(Action.SLOWER)
        assert type(reward) is float and type(terminated) is bool and type(truncated) is bool
        assert reward == pytest.approx(sum(info["terms"].values()), abs=1e-12)
        assert list(info["terms"]) == [term.name for term in TERMS] and info["intents"][row] == intent
        seen += [info["phases"][row]] if info["phases"][row] != seen[-1] else []
        done = terminated or truncated
    assert seen == ["before", "cue", "delay", "after"]
    assert any(info["terms"].values())
    _, info = env.reset()
    assert not any(info["terms"].values()), "no step has been taken yet"


@ids
@controls
def test_a_seed_is_a_world(id: str, control: str):
    env, again = make(id, control=control), make(id, control=control)
    first, other = env.reset(seed=8), env.reset(seed=9)
    assert same(first[0], again.reset(seed=8)[0]) and first[1] == again.reset(seed=8)[1]
    assert not same(first[0], other[0])
    env.reset(seed=8)
    assert same(env.reset()[0], again.reset()[0]), "the next scene follows from the seed too"
    fresh = [make(id).reset()[0] for _ in range(6)]  # AllWayStop's first frames differ little: two may be the same
    assert not all(same(fresh[0], one) for one in fresh), "without a seed it is any world"


@ids
@controls
@pytest.mark.parametrize("moment", [0, 5, 15])
def test_a_snapshot_is_bytes_and_exact(id: str, control: str, moment: int):
    env, other, rng = make(id, control=control), make(id, control=control), np.random.default_rng(0)
    env.reset(seed=3)
    for _ in range(moment):
        env.step(actions_for(env.simulator, rng)[0])
    blob = env.snapshot()
    assert isinstance(blob, bytes)
    plan, wanted = [], []
    while len(plan) < 10 and not env.simulator.worlds["end"][0]:
        plan.append(actions_for(env.simulator, rng)[0])
        wanted.append(env.step(plan[-1]))
    assert plan
    other.restore(blob)  # one that was never reset
    for again in (env, other):
        again.restore(blob)
        assert again.snapshot() == blob
        for action, (observation, *rest) in zip(plan, wanted, strict=True):
            found, *others = again.step(action)
            assert same(found, observation) and others == rest


@pytest.mark.parametrize("damage", ["short", "long", "foreign", "noise", "nan", "intent", "route", "member"])
def test_bytes_that_are_no_snapshot_are_refused(damage: str):
    env = make(CROSSING)
    env.reset(seed=3)
    blob, foreign = env.snapshot(), make(FOLLOW)
    foreign.reset(seed=3)
    head = len(blob) - env.simulator.users.nbytes
    users = env.simulator.users.copy()
    if damage == "nan":
        users["s"][0, 2] = np.nan
    if damage == "intent":
        users["intent"][0, 1] = len(Intent)
    if damage == "route":
        users["route"][0, 1] = -1
    if damage == "member":
        users["member"][0, 1] = 2
    wrongs: dict[str, bytes] = {
        "short": blob[:-1],
        "long": blob + b"\0",
        "foreign": foreign.snapshot(),
        "noise": np.random.default_rng(0).bytes(len(blob)),
    }
    wrong = wrongs.get(damage) or blob[:head] + users.tobytes()
    with pytest.raises(ValueError, match="no snapshot"):
        env.restore(wrong)
    assert env.snapshot() == blob, "nothing has changed"
