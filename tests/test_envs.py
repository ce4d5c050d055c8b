"""The shells: Gymnasium's environment, the vector environment, Stable-Baselines3's VecEnv."""

from __future__ import annotations

import copy
import inspect
import pickle
import subprocess
import sys
import warnings
from itertools import combinations
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.error import ResetNeeded
from gymnasium.utils.env_checker import check_env
from gymnasium.vector import AutoresetMode
from hypothesis import given, settings
from hypothesis import strategies as st

import kindergarten
from kindergarten.codes import Action, Control, Intent, Observation, Signals, names
from kindergarten.envs import KindergartenEnv, KindergartenVectorEnv
from kindergarten.observation import columns
from kindergarten.reward import TERMS
from kindergarten.scenarios import SCENARIOS
from kindergarten.simulator import Simulator
from kindergarten.users import MAX_STEERING
from tests.driving import JIT, same, sample

ROOT = Path(__file__).resolve().parents[1]
FOLLOW, CROSSING = "Kindergarten/Follow-v0", "Kindergarten/Crossing-v0"
QUICK = dict(delay_s=0.4)  # short episodes
ids = pytest.mark.parametrize("id", kindergarten.IDS)
controls = pytest.mark.parametrize("control", names(Control))


def make(id: str = CROSSING, **kwargs: Any) -> KindergartenEnv:
    env = gymnasium.make(id, **kwargs).unwrapped
    assert isinstance(env, KindergartenEnv)
    return env


def make_vec(id: str = CROSSING, num_envs: int = 3, **kwargs: Any) -> KindergartenVectorEnv:
    envs = gymnasium.make_vec(id, num_envs=num_envs, **kwargs)
    assert isinstance(envs, KindergartenVectorEnv)
    return envs


def make_sb3(id: str, num_envs: int, **kwargs: Any) -> Any:
    """Typed as anything: to SB3 an observation may be a dict, too."""
    from kindergarten.envs import make_sb3  # torch comes along

    return make_sb3(id, num_envs, **kwargs)


def actions_for(simulator: Simulator, rng: np.random.Generator) -> np.ndarray:
    """Any actions (W,) or (W, 2), braking more often than not, so that episodes end in more than one way."""
    if simulator.discrete:
        return rng.choice(5, simulator.num_worlds, p=(0.1, 0.3, 0.1, 0.1, 0.4))
    return rng.uniform((-1.0, -0.1), (0.5, 0.1), (simulator.num_worlds, 2)).astype(np.float32)


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
    wanted = [[str(cell) for cell in (i, *column)] for i, column in enumerate(columns(2))]
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


# ---- what cannot be asked for


@pytest.mark.parametrize("make_it", [make, make_vec])
@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (dict(scenario="Corssing"), "scenario 'Corssing'.*Follow, Crossing"),
        (dict(control="joystick"), "control 'joystick'.*discrete, continuous"),
        (dict(observation="lidar"), "observation 'lidar'.*features"),
        (dict(render_mode="ascii"), "render_mode 'ascii'.*rgb_array"),
        (dict(delay_s=-1.0), r"delay_s is \(-1.0, -1.0\)"),
        (dict(delay_s=(3.0, 1.0)), r"delay_s is \(3.0, 1.0\).*low <= high"),
        (dict(delay_s=float("nan")), "delay_s.*nan"),
        (dict(delay_s=float("inf")), "delay_s.*inf"),
        (dict(delay_s="long"), "delay_s is 'long'.*pair"),
        (dict(delay_s="12"), "delay_s is '12'.*pair"),
        (dict(delay_s=(1.0, 2.0, 3.0)), "delay_s is .*pair"),
        (dict(delay_s=None), "delay_s is None.*pair"),
        (dict(signal_rate=1.5), "signal_rate is 1.5.*between 0 and 1"),
        (dict(signal_rate="often"), "signal_rate is 'often'.*between 0 and 1"),
        (dict(signal_rate=float("nan")), "signal_rate is nan"),
    ],
)
def test_what_cannot_be_made_is_named(make_it, wrong: dict, words: str):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Gymnasium has its own thoughts on render modes
        with pytest.raises(ValueError, match=words):
            make_it(**wrong)


WILD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 3),
    st.floats(),
    st.text(max_size=8),
    st.binary(max_size=4),
    st.lists(st.floats(-1.0, 5.0) | st.text(max_size=3), max_size=3),
    st.tuples(st.floats(), st.floats()),
    st.sampled_from([10**400, -0.0, 1e308, 1j, np.float32(0.5), np.array(1.0), np.array([1.0, 2.0]), object(), {}, ()]),
)
SENSE: dict[str, st.SearchStrategy[Any]] = {
    "scenario": st.sampled_from(list(SCENARIOS)),
    "observation": st.sampled_from(names(Observation)),
    "control": st.sampled_from(names(Control)),
    "delay_s": st.floats(0.0, 8.0) | st.tuples(st.floats(0.0, 2.0), st.floats(2.0, 4.0)),
    "signal_rate": st.floats(0.0, 1.0),
    "signals": st.sampled_from(names(Signals)),
    "hands_on": st.booleans(),
    "spurious": st.floats(-1.0, 1.0),
    "shuffled": st.booleans(),
    "render_mode": st.sampled_from([None, "rgb_array"]),
}


def test_every_argument_is_fuzzed():
    assert list(inspect.signature(KindergartenEnv).parameters) == list(SENSE)


@settings(max_examples=sample(200, 60))
@given(st.fixed_dictionaries({}, optional=SENSE), st.dictionaries(st.sampled_from(list(SENSE)), WILD, max_size=2))
def test_whatever_is_asked_for_is_made_or_refused_in_one_line(sense: dict, wild: dict):
    """A clear word about one of the arguments, or an environment that works."""
    try:
        env = KindergartenEnv(**{**sense, **wild})
    except ValueError as error:
        assert wild, "what makes sense is not refused"
        assert any(name in str(error) for name in (*wild, *(f"unknown {name}" for name in wild)))
        assert "\n" not in str(error)
        return
    observation, _ = env.reset(seed=1)
    rng = np.random.default_rng(0)
    for _ in range(4):
        assert env.observation_space.contains(observation)
        observation, reward, terminated, truncated, _ = env.step(actions_for(env.simulator, rng)[0])
        assert np.isfinite(reward)
        if terminated or truncated:
            break


@pytest.mark.parametrize("env", [make(), make_vec()])
@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (dict(intent=["left"]), "option 'intent'.*intents"),
        (dict(intents=["up"]), "road user 1 has no intent 'up'.*left, straight, right"),
        (dict(intents=[None, "left"]), "road user 2 has no intent 'left'.*straight"),
        (dict(intents=["left"] * 99), "at most"),
        (dict(intents="left"), "'left'.*list"),
    ],
)
def test_what_cannot_be_reset_to_is_named(env: Any, wrong: dict, words: str):
    with pytest.raises(ValueError, match=words):
        env.reset(seed=1, options=wrong)


WRONG_ACTIONS = [
    ("discrete", 5, "5"),
    ("discrete", -1, "-1"),
    ("discrete", 1.0, "float64"),
    ("discrete", float("nan"), "float64"),
    ("discrete", True, "bool"),
    ("discrete", [1], "shape"),
    ("discrete", "left", "whole numbers"),
    ("discrete", None, "object"),
    ("continuous", [0.0, 1.1], "1.1"),
    ("continuous", [float("nan"), 0.0], "nan"),
    ("continuous", [0.0, float("-inf")], "inf"),
    ("continuous", 0.5, "shape"),
    ("continuous", [0.0], "shape"),
    ("continuous", [[0.0, 0.0]], "shape"),
    ("continuous", ["a", "b"], "floats"),
    ("continuous", [True, False], "bool"),
]


@pytest.mark.parametrize(("control", "action", "words"), WRONG_ACTIONS)
def test_an_action_that_is_none_is_refused_and_changes_nothing(control: str, action: Any, words: str):
    env, envs = make(control=control), make_vec(control=control)
    shells: list[tuple[Any, Any]] = [(env, action), (envs, [action] * 3)]
    for shell, wrong in shells:
        shell.reset(seed=1)
        before = shell.simulator.snapshot()
        with pytest.raises(ValueError, match=words):
            shell.step(wrong)
        assert all(same(a, b) for a, b in zip(before, shell.simulator.snapshot(), strict=True))


@ids
def test_only_a_running_episode_can_be_stepped(id: str):
    env = make(id, **QUICK)
    with pytest.raises(ResetNeeded):
        env.step(Action.IDLE)
    env.reset(seed=1)
    done = False
    while not done:
        _, _, terminated, truncated, _ = env.step(Action.IDLE)
        done = terminated or truncated
    with pytest.raises(ResetNeeded):
        env.step(Action.IDLE)
    env.reset()
    env.step(Action.IDLE)


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
    fresh = [make(id).reset()[0] for _ in range(2)]
    assert not same(*fresh), "without a seed it is any world"


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


# ---- the vector environment


@ids
@controls
@pytest.mark.parametrize("mode", AutoresetMode, ids=lambda mode: mode.value)
def test_a_vector_is_single_environments_stepped_by_hand(id: str, control: str, mode: AutoresetMode):
    count, seed, rng = sample(4, 2), 11, np.random.default_rng(0)
    envs = make_vec(id, count, control=control, autoreset_mode=mode, **QUICK)
    assert envs.metadata["autoreset_mode"] is mode
    singles = [make(id, control=control, **QUICK) for _ in range(count)]
    observations, _ = envs.reset(seed=seed)
    for i, single in enumerate(singles):
        assert same(observations[i], single.reset(seed=seed + i)[0])
    over, episodes = np.zeros(count, bool), 0
    for _ in range(200):
        if mode is AutoresetMode.DISABLED and over.any():
            before = observations
            with pytest.raises(ResetNeeded):
                envs.step(actions_for(envs.simulator, rng))
            observations, _ = envs.reset(options={"reset_mask": over})
            assert same(observations[~over], before[~over])
            for i in np.flatnonzero(over):
                assert same(observations[i], singles[i].reset()[0])
            over[:] = False
        actions = actions_for(envs.simulator, rng)
        observations, rewards, terminated, truncated, infos = envs.step(actions)
        for i, single in enumerate(singles):
            if over[i]:  # NextStep: this step was the reset
                wanted, reward, end, cut, info = single.reset()[0], 0.0, False, False, None
            else:
                wanted, reward, end, cut, info = single.step(actions[i])
            if (end or cut) and mode is AutoresetMode.SAME_STEP:
                assert same(infos["final_obs"][i], wanted)
                wanted = single.reset()[0]
            assert same(observations[i], wanted)
            assert (rewards[i], terminated[i], truncated[i]) == (reward, end, cut)
            if info is not None:
                assert {name: values[i] for name, values in infos["terms"].items()} == info["terms"]
            users = single.simulator.users[0, 1:]
            assert same(infos["intents"][i], users["intent"]) and same(infos["phases"][i], users["phase"])
        ended = terminated | truncated
        episodes += ended.sum()
        if mode is AutoresetMode.SAME_STEP:
            assert ("final_obs" in infos) == ended.any()
            if ended.any():
                assert same(infos["_final_obs"], ended) and same(infos["_final_info"], ended)
                assert [row is None for row in infos["final_obs"]] == (~ended).tolist()
        else:
            over = ended
    assert episodes >= count


def test_the_default_is_the_next_step():
    assert make_vec().autoreset_mode is AutoresetMode.NEXT_STEP
    assert make_vec(autoreset_mode="SameStep").autoreset_mode is AutoresetMode.SAME_STEP


def test_seeds_can_be_given_one_by_one():
    envs = make_vec(num_envs=2)
    a, _ = envs.reset(seed=[7, 3])
    assert same(a[0], make().reset(seed=7)[0]) and same(a[1], make().reset(seed=3)[0])
    wrong_seeds: tuple[tuple[Any, str], ...] = (
        ([1, 2, 3], "2 worlds"),
        ([0.5, 1.0], "whole number"),
        ([1, -1], "-1 is negative"),
    )
    for wrong, words in wrong_seeds:
        with pytest.raises(ValueError, match=words):
            envs.reset(seed=wrong)


def test_intents_hold_for_every_world_and_one_reset():
    envs = make_vec(num_envs=20)
    _, infos = envs.reset(seed=0, options={"intents": ["right"]})
    assert (infos["intents"][:, 0] == Intent.RIGHT).all()
    _, infos = envs.reset()
    assert not (infos["intents"][:, 0] == Intent.RIGHT).all()


def test_a_mask_of_the_wrong_shape_is_refused():
    envs = make_vec()
    with pytest.raises(ValueError, match=r"reset_mask has shape \(2,\)"):
        envs.reset(options={"reset_mask": np.ones(2, bool)})
    with pytest.raises(ResetNeeded):
        envs.step(np.zeros(3, int))


@ids
def test_what_a_step_returns_is_kept_by_nobody(id: str):
    envs = make_vec(id)
    kept: list[np.ndarray] = []
    for step in (envs.reset(seed=0), *(envs.step(np.full(3, Action.IDLE)) for _ in range(3))):
        arrays = [part for part in step if isinstance(part, np.ndarray)]
        arrays += [step[-1]["intents"], step[-1]["phases"], *step[-1]["terms"].values()]
        for array in arrays:
            assert not any(np.shares_memory(array, other) for other in (*kept, envs.simulator.users))
        kept += arrays


# ---- Stable-Baselines3


@ids
@controls
def test_the_vecenv_reports_episodes_as_they_were(id: str, control: str):
    count, seed, rng = sample(4, 2), 5, np.random.default_rng(1)
    vec = make_sb3(id, num_envs=count, seed=seed, control=control, **QUICK)
    singles = [make(id, control=control, **QUICK) for _ in range(count)]
    observations = vec.reset()
    for i, single in enumerate(singles):
        assert same(observations[i], single.reset(seed=seed + i)[0])
    returns, lengths, episodes, kept = np.zeros(count), np.zeros(count, int), 0, observations
    for _ in range(200):
        actions = actions_for(vec.envs.simulator, rng)
        observations, rewards, dones, infos = vec.step(actions)
        assert rewards.dtype == np.float32 and dones.dtype == np.bool_
        assert not np.shares_memory(observations, kept) and not any(a is b for a, b in combinations(infos, 2))
        kept = observations
        for i, single in enumerate(singles):
            wanted, reward, terminated, truncated, _ = single.step(actions[i])
            returns[i], lengths[i] = returns[i] + reward, lengths[i] + 1
            assert rewards[i] == np.float32(reward) and dones[i] == (terminated or truncated)
            assert bool(infos[i]) == dones[i]
            if dones[i]:
                assert same(infos[i]["terminal_observation"], wanted)
                assert infos[i]["TimeLimit.truncated"] is truncated
                episode = infos[i]["episode"]
                assert episode["r"] == pytest.approx(returns[i]) and episode["l"] == lengths[i]
                assert episode["t"] >= 0.0
                returns[i], lengths[i], wanted = 0.0, 0, single.reset()[0]
                episodes += 1
            assert same(observations[i], wanted)
    assert episodes >= count


def test_an_episode_out_of_time_is_truncated():
    vec = make_sb3(FOLLOW, num_envs=2, seed=0, **QUICK)
    vec.reset()
    for _ in range(200):
        *_, dones, infos = vec.step(np.full(2, Action.SLOWER))
        if dones.any():
            break
    assert all(info["TimeLimit.truncated"] for info in infos if info) and dones.any()


@ids
def test_labels_are_the_intents_of_those_who_have_a_choice(id: str):
    vec = make_sb3(id, num_envs=50, seed=0)
    vec.reset()
    labels, simulator = vec.labels(), vec.envs.simulator
    assert labels.shape == (50, simulator.num_users - 1)
    for world, users, row in zip(simulator.worlds, simulator.users, labels, strict=True):
        cast = simulator.scenario.casts[world["cast"]]
        for user, label in zip(users[1:], row, strict=True):
            chosen = len(cast[user["member"]].intents) > 1
            assert label == (user["intent"] if chosen else -1)
    assert not np.shares_memory(labels, simulator.users)


@ids
def test_driven_says_when_the_agent_drives(id: str):
    vec = make_sb3(id, num_envs=20, seed=0)
    observations = vec.reset()
    assert not vec.driven().any()
    for _ in range(60):
        assert (vec.driven() == (observations[:, 0] == 1.0)).all()
        observations, *_ = vec.step(np.full(20, Action.IDLE))
    assert make_sb3(id, num_envs=2, hands_on=True).reset()[:, 0].all()


def test_the_vecenv_starts_over_with_its_seed():
    vec = make_sb3(CROSSING, num_envs=3, seed=7)
    first, second = vec.reset(), vec.reset()
    vec.seed(7)
    assert same(vec.reset(), first) and same(vec.reset(), second) and not same(first, second)


def test_the_vecenv_is_one_batch():
    from kindergarten.envs import make_sb3
    from kindergarten.envs.sb3 import KindergartenVecEnv

    vec = make_sb3(CROSSING, num_envs=3)
    assert len(vec.get_attr("num_envs")) == 3
    with pytest.raises(NotImplementedError, match="batch"):
        vec.env_method("reset")
    with pytest.raises(ValueError, match="NextStep.*SameStep"):
        KindergartenVecEnv(make_vec())
    with pytest.raises(ValueError, match="control"):
        make_sb3(CROSSING, num_envs=3, control="joystick")
