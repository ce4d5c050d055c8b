"""Replays come back exactly, and whatever else a file holds is said in one line."""

from __future__ import annotations

import dataclasses
import io
import json
import os
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kindergarten.replay import archive
from kindergarten.replay import replay as replay_module
from kindergarten.replay.episode import Recorder
from kindergarten.replay.replay import MAX_META, Replay, ReplayError, read
from kindergarten.replay.thoughts import Thoughts
from kindergarten.scenarios import SCENARIOS
from kindergarten.world.codes import Action, Control, End, Intent
from kindergarten.world.config import Config
from kindergarten.world.road import RoadMap
from kindergarten.world.simulator import Simulator
from kindergarten.world.users import ROAD_USER
from tests.driving import EXAMPLES
from tests.recording import record, twins


def drive(name: str = "Follow", seed: int = 3, control: Control = Control.DISCRETE, thoughts: bool = True) -> Replay:
    """The twins of one seed, driven by chance."""
    family, random = twins(name, seed, Config(control=control)), np.random.default_rng(seed)

    def act(simulator: Simulator) -> np.ndarray:
        worlds = simulator.num_worlds
        return random.integers(5, size=worlds) if simulator.discrete else random.uniform(-1, 1, (worlds, 2)) * [1, 0.1]

    def think(w: int) -> Thoughts:
        values, probabilities = np.array(random.normal()), random.dirichlet(np.ones(5))
        captions = random.dirichlet(np.ones(len(Intent)), family.num_users - 1)
        captions[1:] = 0.0  # of whom it thinks nothing
        attention, cells = random.random(family.num_users - 1), random.normal(0, 9, 7)
        return Thoughts(values, probabilities, captions, attention, cells, np.eye(3, 7))

    return record(family, act, think if thoughts else lambda w: Thoughts(), "chance", seed)


def same(a: object, b: object) -> bool:
    """Whether two replays, or parts of them, are the same, bit for bit."""
    if dataclasses.is_dataclass(a) and not isinstance(a, type):
        return type(a) is type(b) and all(same(getattr(a, f.name), getattr(b, f.name)) for f in dataclasses.fields(a))
    if isinstance(a, tuple):
        return isinstance(b, tuple) and len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, np.ndarray):
        return isinstance(b, np.ndarray) and a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
    return a == b


@pytest.fixture(scope="module")
def replay() -> Replay:
    return drive()


@pytest.fixture(scope="module")
def written(replay: Replay, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("replays") / "good.npz"
    replay.write(path)
    return path


@pytest.mark.parametrize("name", SCENARIOS)
@pytest.mark.parametrize("control", Control)
@pytest.mark.parametrize("thoughts", [True, False])
def test_what_was_written_is_read(name, control, thoughts, tmp_path):
    replay = drive(name, control=control, thoughts=thoughts)
    replay.write(tmp_path / "new" / "one.npz")
    again = read(tmp_path / "new" / "one.npz")
    assert same(again, replay)
    assert [episode.end for episode in again.episodes] == [episode.end for episode in replay.episodes]


def test_nothing_is_left_beside_the_file_and_the_file_is_the_same_every_time(replay, tmp_path):
    replay.write(tmp_path / "one.npz")
    before = (tmp_path / "one.npz").read_bytes()
    replay.write(tmp_path / "one.npz")
    assert os.listdir(tmp_path) == ["one.npz"]
    assert (tmp_path / "one.npz").read_bytes() == before


def test_a_replay_that_cannot_be_written_leaves_the_old_one(replay, tmp_path):
    path = tmp_path / "one.npz"
    replay.write(path)
    mixed = dataclasses.replace(replay.episodes[0], actions=replay.episodes[0].actions[:-1])
    for broken in (dataclasses.replace(replay, episodes=()), dataclasses.replace(replay, episodes=(mixed,))):
        with pytest.raises(ValueError):
            broken.write(path)
    assert same(read(path), replay)


def test_the_recorder_records_every_decision_and_nothing_after_the_end():
    simulator = Simulator(SCENARIOS["Follow"], 2)
    simulator.reset()
    recorder = Recorder(simulator, 1, seed=1)
    rewards, ticks = [], [0]
    for _ in range(200):
        running = simulator.worlds["end"][1] == End.RUNNING
        step = simulator.step(np.full(2, Action.IDLE))
        recorder.record(Action.IDLE)
        if running:
            rewards.append(step.rewards[1])
            ticks.append(int(simulator.worlds["tick"][1]))
    episode = recorder.episode()
    assert episode.worlds["tick"].tolist() == ticks
    assert episode.terms.sum(axis=1) == pytest.approx(rewards)
    assert episode.end is not End.RUNNING and episode.thoughts == Thoughts()
    assert np.array_equal(episode.users[-1], simulator.users[1])


def test_an_episode_that_has_only_begun_can_be_written(tmp_path):
    simulator = Simulator(SCENARIOS["Follow"])
    simulator.reset()
    replay = Replay.of(simulator, [Recorder(simulator).episode()])
    replay.write(tmp_path / "one.npz")
    assert same(read(tmp_path / "one.npz"), replay)


def test_a_memory_of_any_size_fits_into_half_the_bits():
    simulator = Simulator(SCENARIOS["Follow"])
    simulator.reset()
    recorder = Recorder(simulator)
    simulator.step(np.array([Action.IDLE]))
    recorder.record(Action.IDLE, Thoughts(cells=np.array([1e9, -1e9, 0.1])))
    cells = recorder.episode().thoughts.cells
    assert cells is not None and cells.dtype == np.float16
    assert np.isfinite(cells).all() and cells[0, 2] == pytest.approx(0.1, rel=1e-3)


def test_arrays_that_are_read_cannot_be_changed(written):
    with pytest.raises(ValueError):
        read(written).episodes[0].users["x"] = 0.0


def test_the_order_of_a_records_fields_does_not_matter(replay, written, tmp_path):
    arrays = dict(np.load(written))
    users = arrays["users"]
    turned = np.empty(users.shape, [(name, users.dtype[name]) for name in reversed(users.dtype.names)])
    for name in users.dtype.names:
        turned[name] = users[name]
    np.savez(tmp_path / "turned.npz", **{**arrays, "users": turned})
    assert same(read(tmp_path / "turned.npz"), replay)


# ------------------------------------------------------------------------------------------------ damaged files


def refused(path: Path, words: str) -> None:
    """The file is refused in one line that names it and says ``words``."""
    with pytest.raises(ReplayError) as caught:
        read(path)
    message = str(caught.value)
    assert words in message and path.name in message and "\n" not in message, message


def change(written: Path, path: Path, **arrays: np.ndarray) -> Path:
    """A copy with other arrays."""
    np.savez(path, **{**np.load(written), **arrays})
    return path


def change_meta(written: Path, path: Path, **entries: object) -> Path:
    """A copy whose JSON has other entries."""
    meta = {**json.loads(np.load(written)["meta"].tobytes()), **entries}
    return change(written, path, meta=np.frombuffer(json.dumps(meta).encode(), np.uint8))


def altered(written: Path, path: Path, name: str, field: str | None, value: float) -> Path:
    """A copy in which one number is another."""
    array = np.load(written)[name].copy()
    (array[field] if field else array).flat[6] = value
    return change(written, path, **{name: array})


def test_what_is_no_replay_is_refused(tmp_path, written):
    path = tmp_path / "x.npz"
    path.write_bytes(b"")
    refused(path, "not a replay")
    path.write_bytes(b"hello " * 1000)
    refused(path, "not a replay")
    np.savez(path, a=np.zeros(3))
    refused(path, "not a replay")
    np.savez(path, meta=np.zeros(3))
    refused(path, "not a replay")
    path.write_bytes(written.read_bytes()[:-200])
    refused(path, "not a replay")
    with pytest.raises(OSError):
        read(tmp_path / "missing.npz")


def test_a_replay_of_schema_3_is_read_with_its_former_names(tmp_path, written, replay):
    former = {"cue_signal": "shows", "truthful": "signals", "drawn_kind": "later", "last_speed_factor": "dawdle"}
    arrays = dict(np.load(written))
    arrays["users"] = arrays["users"].astype([(former.get(n, n), ROAD_USER[n]) for n in ROAD_USER.names or ()])
    path = tmp_path / "old.npz"
    np.savez(path, **arrays)
    refused(path, "other fields")  # today's schema has today's names
    assert same(read(change_meta(path, path, schema=3)), replay)


def test_another_schema_is_named(tmp_path, written):
    refused(change_meta(written, tmp_path / "x.npz", schema=99), "newer schema 99")
    refused(change_meta(written, tmp_path / "x.npz", schema=1), "older schema 1")
    refused(change_meta(written, tmp_path / "x.npz", schema="2"), "no schema number")
    refused(change_meta(written, tmp_path / "x.npz", codes={}), "other names")


@pytest.mark.parametrize(
    "entries",
    [
        {"decisions": [1, 2]}, {"decisions": []}, {"decisions": [-1, 500, 2]}, {"decisions": "many"},
        {"seeds": []}, {"seeds": ["a", "b", "c"]}, {"terms": ["one"]}, {"scenario": 5}, {"agent": "a" * 1000},
        {"physics_step": 0.0}, {"physics_step": float("nan")}, {"substeps": 0}, {"control": "telepathy"},
        {"control": "continuous"}, {"seeds": [0, 1, 1 << 64]}, {"seeds": [0, 10**4000, 1]}, {"seeds": [-1, 0, 1]},
        {"agent": "\33[31mred"}, {"version": "0\n1"}, {"scenario": "\ud800"}, {"agent": "\33]0;title\7"},
    ],
)  # fmt: skip
def test_what_it_says_about_itself_must_make_sense(tmp_path, written, entries):
    refused(change_meta(written, tmp_path / "x.npz", **entries), "")


@pytest.mark.parametrize("agent", ["\33[31mred", "a" * 201, "two\nlines"])
def test_what_could_not_be_shown_is_not_written(tmp_path, replay, agent):
    with pytest.raises(ValueError, match="is not a short text"):
        dataclasses.replace(replay, agent=agent).write(tmp_path / "x.npz")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("name", "field", "value"),
    [
        ("users", "x", np.nan), ("users", "y", np.inf), ("users", "x", 1e12), ("users", "kind", 7),
        ("users", "intent", -1), ("users", "signal", 3), ("users", "route", 12), ("users", "length", 0.0),
        ("users", "length", 1e-200), ("users", "cos", 5.0), ("users", "t1", 1 << 40), ("worlds", "tick", -5),
        ("worlds", "end", 6), ("worlds", "target_speed", np.nan), ("actions", None, 5.0), ("actions", None, 0.5),
        ("terms", None, np.nan), ("values", None, -np.inf), ("captions", None, np.nan), ("captions", None, -0.5),
        ("captions", None, 1.5), ("attention", None, -0.5), ("attention", None, np.nan), ("cells", None, np.inf),
        ("cells", None, np.nan), ("gates", None, 1.5), ("probabilities", None, 2.0),
        ("road.points", None, np.nan), ("road.entry", None, np.nan),
        ("road.points", None, 100.0), ("road.lane_width", None, -1.0),
    ],
)  # fmt: skip
def test_numbers_that_cannot_be_are_refused(tmp_path, written, name, field, value):
    if name in ("road.entry", "road.lane_width"):
        refused(change(written, tmp_path / "x.npz", **{name: np.array(value)}), "damaged")
    else:
        refused(altered(written, tmp_path / "x.npz", name, field, value), "damaged")


def test_wrong_shapes_and_types_are_refused(tmp_path, written):
    arrays = dict(np.load(written))
    path = tmp_path / "x.npz"
    refused(change(written, path, users=arrays["users"][:-1]), "does not go with")
    refused(change(written, path, users=arrays["users"][:, :0]), "0 road users")
    refused(change(written, path, users=np.repeat(arrays["users"], 300, axis=1)), "road users")
    refused(change(written, path, terms=arrays["terms"][:, 0]), "axes")
    refused(change(written, path, actions=arrays["actions"].astype(np.float32)), "other fields")
    refused(change(written, path, users=arrays["users"]["x"]), "other fields")
    refused(change(written, path, captions=np.repeat(arrays["captions"], 2, axis=1)), "does not go with")
    refused(change(written, path, captions=arrays["captions"][:, :, :2]), "does not go with")
    refused(change(written, path, captions=arrays["captions"][1:]), "does not go with")
    refused(change(written, path, attention=np.repeat(arrays["attention"], 2, axis=1)), "does not go with")
    more = {name: np.repeat(arrays[name], 2, axis=1) for name in ("captions", "attention")}
    refused(change(written, path, **more), "captions of 2 road users")
    refused(change(written, path, cells=arrays["cells"][:, :0], gates=arrays["gates"][:, :, :0]), "0 cells")
    refused(change(written, path, gates=arrays["gates"][:, :, 1:]), "does not go with")
    refused(change(written, path, gates=arrays["gates"][:, :2]), "does not go with")
    refused(change(written, path, cells=arrays["cells"].astype(np.float64)), "other fields")
    refused(change(written, path, stranger=np.zeros(2)), "stranger is unknown")
    refused(change(written, path, **{"road.points": arrays["road.points"][:, :1]}), "samples")
    del arrays["worlds"]
    np.savez(path, **arrays)
    refused(path, "worlds is missing")


def test_a_pickle_is_not_opened(tmp_path, written):
    class Bomb:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "exploded"),)

    path = tmp_path / "x.npz"
    np.savez(path, **{**np.load(written), "users": np.array([Bomb()], dtype=object)})
    refused(path, "array users is a pickle")
    assert not (tmp_path / "exploded").exists()


def test_absurd_sizes_fill_no_memory(tmp_path, written, monkeypatch):
    path = tmp_path / "x.npz"
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "<f8", "fortran_order": False, "shape": (1 << 40,)})
    with zipfile.ZipFile(written) as source, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target:
        for info in source.infolist():
            target.writestr(info, header.getvalue() if info.filename == "values.npy" else source.read(info))
    refused(path, "array values is not as long as it says")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target, target.open("meta.npy", "w") as file:
        for _ in range((archive.MAX_BYTES >> 20) + 1):  # 256 MiB of nothing in 256 KiB
            file.write(bytes(1 << 20))
    assert path.stat().st_size < 1 << 20
    monkeypatch.setattr(zipfile.ZipFile, "open", None)  # nothing may be unpacked
    refused(path, "too large")


def test_much_that_a_file_says_about_itself_is_not_parsed(tmp_path, written, monkeypatch):
    """JSON packs to a thousandth and is parsed to many times its length."""
    entries = {"ballast": [[]] * 300_000}, {"agent": "a" * MAX_META}, {"seeds": [0] * MAX_META}
    paths = [change_meta(written, tmp_path / f"{k}.npz", **entry) for k, entry in enumerate(entries)]
    paths += [change(written, tmp_path / "flat.npz", meta=np.zeros((MAX_META >> 9, 1 << 10), np.uint8))]
    monkeypatch.setattr(json, "loads", None)
    for path in paths:
        refused(path, "more than 1 MiB about itself")


def test_what_a_file_says_about_itself_is_parsed_once(written, monkeypatch):
    texts, loads = [], json.loads
    monkeypatch.setattr(json, "loads", lambda text: texts.append(text) or loads(text))
    read(written)
    assert len(texts) == 1


@pytest.mark.parametrize("by", ["arrays", "meta", "a header"])
def test_what_nobody_could_read_is_not_written(replay, tmp_path, monkeypatch, by):
    """The old one stays, and what is just small enough is read."""
    path = tmp_path / "one.npz"
    replay.write(path)
    arrays = np.load(path)
    if by == "meta":
        monkeypatch.setattr(replay_module, "MAX_META", len(arrays["meta"]) - 1)
    else:
        size = sum(arrays[name].nbytes for name in arrays)
        monkeypatch.setattr(archive, "MAX_BYTES", size - 1 if by == "arrays" else size + 1)
    with pytest.raises(ValueError, match="cannot be written as a replay: .*(too large|about itself)"):
        dataclasses.replace(replay, agent="another").write(path)
    monkeypatch.undo()
    assert same(read(path), replay)


def test_what_is_written_at_the_limits_is_read(replay, tmp_path, monkeypatch):
    replay.write(tmp_path / "one.npz")
    arrays = np.load(tmp_path / "one.npz")
    monkeypatch.setattr(replay_module, "MAX_META", len(arrays["meta"]))
    monkeypatch.setattr(archive, "MAX_BYTES", sum(arrays[name].nbytes + archive.HEADER for name in arrays))
    replay.write(tmp_path / "two.npz")
    assert same(read(tmp_path / "two.npz"), replay)


def test_an_episode_that_never_ends_is_refused_before_its_moments_fill_the_memory(tmp_path, written):
    worlds = np.load(written)["worlds"].copy()
    last = np.flatnonzero(np.diff(worlds["tick"]) < 0)[0]  # of the first episode
    for tick, step, seconds in ((1_000_000, 60.0, "6e+07"), (864_001, 0.1, "86400.1"), (864_000, 0.1, "")):
        worlds["tick"][last] = tick
        path = change_meta(change(written, tmp_path / "x.npz", worlds=worlds), tmp_path / "y.npz", physics_step=step)
        if seconds:
            refused(path, f"an episode ends after {seconds} s, and not within 86400")
        else:
            assert isinstance(read(path), Replay)


@pytest.mark.drawn
@settings(max_examples=150 * EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_damaged_file_is_refused_or_a_replay(written, tmp_path, data):
    blob = bytearray(written.read_bytes())
    where = st.integers(0, len(blob) - 1) | st.integers(0, 400) | st.integers(len(blob) - 1500, len(blob) - 1)
    for _ in range(data.draw(st.integers(1, 4))):
        at, kind = data.draw(where), data.draw(st.integers(0, 3))
        if kind < 2:
            blob[at % len(blob)] ^= 1 << data.draw(st.integers(0, 7))
        elif kind == 2:
            del blob[at : at + data.draw(st.integers(1, 300))]
        else:
            blob[at:at] = data.draw(st.binary(min_size=1, max_size=40))
    path = tmp_path / "x.npz"
    path.write_bytes(blob)
    try:
        assert isinstance(read(path), Replay)
    except ReplayError as error:
        assert path.name in str(error) and "\n" not in str(error)


@pytest.mark.drawn
@settings(max_examples=100 * EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damaged_numbers_are_refused_or_a_replay(written, tmp_path, data):
    """Damage that the zip's checksums do not notice, because somebody made them anew."""
    arrays = dict(np.load(written))
    name = data.draw(st.sampled_from(sorted(name for name in arrays if arrays[name].size)))
    blob = bytearray(arrays[name].tobytes())
    for _ in range(data.draw(st.integers(1, 3))):
        blob[data.draw(st.integers(0, len(blob) - 1))] = data.draw(st.integers(0, 255))
    arrays[name] = np.frombuffer(bytes(blob), arrays[name].dtype).reshape(arrays[name].shape)
    np.savez(tmp_path / "x.npz", **arrays)
    try:
        assert isinstance(read(tmp_path / "x.npz"), Replay)
    except ReplayError as error:
        assert "x.npz" in str(error) and "\n" not in str(error)


def test_the_file_holds_all_of_the_road(written):
    assert {f"road.{name}" for name in RoadMap._fields} <= set(np.load(written).files)
