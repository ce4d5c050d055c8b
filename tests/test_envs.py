"""The shells: Gymnasium's environment."""

from __future__ import annotations

import copy
import inspect
import pickle
import subprocess
import sys
import threading
import warnings
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.envs.registration import EnvSpec
from gymnasium.utils.env_checker import check_env
from gymnasium.utils.play import PlayableGame

import kindergarten
from kindergarten.envs import KindergartenEnv
from kindergarten.world.codes import Action, End, Intent, Phase, names
from kindergarten.world.observation import columns
from kindergarten.world.origin import ORIGIN
from kindergarten.world.reward import TERMS
from kindergarten.world.users import MAX_STEERING
from tests.driving import JIT, same, sample
from tests.shells import CROSSING, FOLLOW, actions_for, controls, ids, make, make_sb3, make_vec

ROOT = Path(__file__).resolve().parents[1]


# ---- what others demand of an environment


#: Every id that is registered: of each scenario one for each variant.
every_id = pytest.mark.parametrize("id", [id for id in gymnasium.registry if id.startswith("Kindergarten/")])


def test_every_variant_has_an_id():
    ids = [id for id in gymnasium.registry if id.startswith("Kindergarten/")]
    assert len(ids) >= len(kindergarten.VARIANTS) * len(kindergarten.IDS) and set(kindergarten.IDS) <= set(ids)
    assert (
        make("Kindergarten/Town-continuous-v0").action_space
        == make("Kindergarten/Town-v0", control="continuous").action_space
    )
    assert isinstance(make("Kindergarten/Follow-users-v0").observation_space, gymnasium.spaces.Dict)
    assert make("Kindergarten/Follow-pixels-v0").observation_space.shape == (64, 64, 3)


@every_id
def test_gymnasium_is_content(id: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        check_env(make(id), skip_render_check=not JIT or id not in kindergarten.IDS)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere there is always a screen")
def test_without_a_screen_gymnasium_is_content_and_is_told_what_to_set(monkeypatch: pytest.MonkeyPatch):
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "SDL_VIDEODRIVER"):
        monkeypatch.delenv(name, raising=False)
    with pytest.warns(UserWarning, match="nothing is shown: no display .*; set DISPLAY, or use render_mode"):
        check_env(gymnasium.make(FOLLOW).unwrapped)
    env = gymnasium.make(FOLLOW, render_mode="human").unwrapped
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        env.reset(seed=1)
        for _ in range(3):
            env.step(0)
    assert len(caught) == 1


@every_id
def test_stable_baselines3_is_content(id: str):
    from stable_baselines3.common.env_checker import check_env

    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        warnings.filterwarnings("ignore", "Your observation users has an unconventional shape")  # a row for each
        check_env(make(id))


@ids
def test_no_episode_is_longer_than_somebody_wants(id: str):
    """By whatever shell: Gymnasium keeps the limit itself for one environment, and hands it to a vector."""
    env, envs = gymnasium.make(id, max_episode_steps=7), make_vec(id, sample(32, 2), max_episode_steps=7)
    assert env.spec is not None and env.spec.max_episode_steps == 7
    assert KindergartenEnv(id[13:-3], max_episode_steps=7).simulator.config.max_episode_steps == 7
    envs.reset(seed=0)
    for k in range(1, 8):
        step = envs.simulator.step(np.full(envs.num_envs, Action.SLOWER))
        assert (step.truncated == (k >= 7)).all()


def test_a_spec_keeps_a_limit_that_somebody_gave_and_no_other():
    """With other settings it makes episodes of their length; -1 is no limit, as to Gymnasium."""
    spec, short = gymnasium.make(FOLLOW).spec, gymnasium.make(FOLLOW, max_episode_steps=7).spec
    assert spec is not None and short is not None and spec.max_episode_steps is None
    wanted = length(gymnasium.make(FOLLOW, delay_s=30.0))
    again = EnvSpec.from_json(spec.to_json())
    assert wanted > 150
    its: Any
    given: Any
    unlimited = {"max_episode_steps": -1}
    for its, given, steps in ((spec, {}, wanted), (again, {}, wanted), (short, {}, 7), (short, unlimited, wanted)):
        assert length(gymnasium.make(its, delay_s=30.0, **given)) == steps
        assert length_of_rows(gymnasium.make_vec(its, num_envs=2, delay_s=30.0, **given)) == steps
    assert make_sb3(FOLLOW, 2, max_episode_steps=-1).envs.simulator.config.max_episode_steps is None


def length(env: gymnasium.Env) -> int:
    env.reset(seed=0)
    return next(k for k in range(1, 1000) if any(env.step(Action.SLOWER)[2:4]))


def length_of_rows(envs: Any) -> int:
    envs.reset(seed=0)
    return next(k for k in range(1, 1000) if any(row[0] for row in envs.step(np.full(2, Action.SLOWER))[2:4]))


@pytest.mark.parametrize("limit", [79, 80])
def test_every_shell_cuts_episodes_off_after_the_same_decision(limit: int):
    """In Town, where some have passed a junction by then: the decision that does so is as short as it may be."""
    seeds, counts = range(sample(12, 2)), {}
    envs = make_vec("Kindergarten/Town-v0", len(seeds), max_episode_steps=limit)
    envs.reset(seed=list(seeds))
    running, cut, passed = np.ones(len(seeds), bool), np.zeros(len(seeds), int), np.zeros(len(seeds), int)
    for k in range(1, limit + 3):
        passed[running] = envs.simulator.worlds["leg"][running]
        _, _, terminated, truncated, _ = envs.step(np.full(len(seeds), Action.IDLE))
        cut[running & truncated] = k
        running &= ~(terminated | truncated)
    assert set(cut) <= {0, limit} and (passed[cut > 0] > 0).any()
    counts["vector"] = cut.tolist()
    for name, env in {
        "made": gymnasium.make("Kindergarten/Town-v0", max_episode_steps=limit),
        "itself": KindergartenEnv("Town", max_episode_steps=limit),
    }.items():
        counts[name] = [cut_off(env, seed) for seed in seeds]
    assert counts["made"] == counts["itself"] == counts["vector"]


def cut_off(env: gymnasium.Env, seed: int) -> int:
    """The decision after which an episode is truncated; 0 if it ends by itself."""
    env.reset(seed=seed)
    for k in range(1, 1000):
        _, _, terminated, truncated, _ = env.step(Action.IDLE)
        if terminated or truncated:
            return k if truncated else 0
    raise AssertionError("it does not end")


def test_people_can_play_it():
    """As ``gymnasium.utils.play`` does: keys make actions, each of them of the space."""
    for control in ("discrete", "continuous"):
        env = make(control=control)
        keys = env.get_keys_to_action()
        assert all(env.action_space.contains(action) for action in keys.values())
        assert {key for pressed in keys for key in pressed} == set("wasd")
        shown = gymnasium.make(CROSSING, control=control, render_mode="rgb_array")
        shown.reset(seed=1)
        assert PlayableGame(shown).relevant_keys == set("wasd")


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


@pytest.mark.parametrize("clone", [copy.deepcopy, lambda env: pickle.loads(pickle.dumps(env))])
def test_a_copy_opens_a_window_of_its_own(clone: Any, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    env = make(FOLLOW, render_mode="human")
    env.reset(seed=5)
    env._screen = threading.Lock()  # as a window, it cannot be copied
    again = clone(env)
    assert again._screen is None and env._screen is not None and again.snapshot() == env.snapshot()
    env._screen = None


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
    intent = env.simulator.scenario.casts[env.simulator.worlds["cast"][0]][1].intents[-1][0]
    _, info = env.reset(seed=3, options={"intents": [None] * row + [names(Intent)[intent]]})
    assert info["intents"][row] == intent and len(info["intents"]) == env.simulator.num_users - 1
    assert info["phases"][row] == Phase.BEFORE and not info["terms"].any()
    seen, done = [Phase.BEFORE], False
    while not done:
        _, reward, terminated, truncated, info = env.step(Action.SLOWER)
        assert type(reward) is float and type(terminated) is bool and type(truncated) is bool
        assert reward == pytest.approx(info["terms"].sum(), abs=1e-12)
        assert info["terms"].shape == (len(TERMS),) and info["intents"][row] == intent
        seen += [info["phases"][row]] if info["phases"][row] != seen[-1] else []
        done = terminated or truncated
        assert info["is_success"] == (env.simulator.worlds["end"][0] == End.GOAL)
        assert all(np.asarray(value).dtype.kind in "biuf" for value in info.values())
    assert seen == list(Phase)
    assert info["terms"].any()
    _, info = env.reset()
    assert not info["terms"].any(), "no step has been taken yet"


def _equal(one: dict[str, Any], two: dict[str, Any]) -> bool:
    return one.keys() == two.keys() and all(same(one[name], two[name]) for name in one)


@ids
@controls
def test_a_seed_is_a_world(id: str, control: str):
    env, again = make(id, control=control), make(id, control=control)
    first, other = env.reset(seed=8), env.reset(seed=9)
    assert same(first[0], again.reset(seed=8)[0]) and _equal(first[1], again.reset(seed=8)[1])
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
        for action, (observation, *rest, info) in zip(plan, wanted, strict=True):
            found, *others, its = again.step(action)
            assert same(found, observation) and others == rest and _equal(its, info)


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


@pytest.mark.parametrize(
    ("other", "named"),
    [
        (dict(id=FOLLOW), "it is of Follow, and they are of Crossing"),
        (dict(delay_s=30.0), "it is of Crossing with other settings, and they are of Crossing"),
        (dict(control="continuous"), "it is of Crossing with other settings"),
    ],
)
def test_a_snapshot_is_of_one_scenario_and_its_settings(other: dict[str, Any], named: str):
    env, foreign = make(CROSSING), make(**other)
    for one in (env, foreign):
        one.reset(seed=3)
    before, blob = env.snapshot(), foreign.snapshot()
    with pytest.raises(ValueError, match=f"no snapshot of these worlds: {named}"):
        env.restore(blob)
    with pytest.raises(ValueError, match=f"no snapshot of these worlds: {named}"):
        env.simulator.restore(foreign.simulator.snapshot())
    assert env.snapshot() == before, "nothing has changed"


def test_a_snapshot_serves_however_its_worlds_are_shown_and_as_older_versions_took_it():
    env, shown = make(CROSSING), make(CROSSING, observation="pixels", image_size=(32, 40), grayscale=True)
    env.reset(seed=3)
    blob = env.snapshot()
    shown.restore(blob)
    older = blob[ORIGIN.itemsize :]
    env.reset(seed=4)
    env.restore(older)
    assert env.snapshot() == shown.snapshot() == blob
    env.simulator.set_delay(1.5, 2.0)
    env.restore(blob)  # what was changed in place is no other scenario


@pytest.mark.parametrize("wrong", [None, 3, "text", [1, 2], np.zeros(3)])
def test_what_is_no_bytes_is_no_snapshot(wrong: Any):
    with pytest.raises(ValueError, match="the snapshot is .*: bytes were expected"):
        make(CROSSING).restore(wrong)
