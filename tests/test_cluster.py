"""Training by way of Ray: a run as any other, on one machine or three, whoever is lost. In `make libraries`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from kindergarten import cli

pytestmark = pytest.mark.libraries
ROOT = Path(__file__).resolve().parents[1]
SMALL = ["--worlds", "16", "--n-steps", "32", "--batch-size", "128", "--n-epochs", "2"]


def train(*words: object) -> int:
    return cli.main(["train", *map(str, words)])


@pytest.mark.usefixtures("few_seeds")
def test_a_run_by_way_of_ray_is_a_run(tmp_path: Path):
    """The same files; evaluate reads it; it goes on by way of Ray."""
    pytest.importorskip("ray")
    out = tmp_path / "run"
    assert train("--engine", "ray", "--steps", 1000, *SMALL, "--out", out) == 0
    rows = (out / "metrics.csv").read_text().splitlines()
    assert len(rows) == 3 and json.loads((out / "evaluation.json").read_text())["decisions"] in (512, 1024)
    assert (out / "replays" / "twins.npz").exists() and cli.main(["evaluate", str(out)]) == 0
    assert train("--resume", out, "--more", 512) == 0
    assert len((out / "metrics.csv").read_text().splitlines()) == 4


@pytest.mark.usefixtures("few_seeds")
def test_a_run_outlives_the_process_that_was_started(tmp_path: Path):
    """Killed in mid-training, with no time to say anything: the run goes on from its last update."""
    pytest.importorskip("ray")
    out, home = tmp_path / "run", {"PYTHONPATH": str(ROOT)}
    words = ["-m", "kindergarten", "train", "--engine", "ray", "--steps", "100000", *SMALL, "--out", str(out)]
    driver = subprocess.Popen([sys.executable, *words], cwd=ROOT, env=os.environ | home, stdout=subprocess.DEVNULL)
    rows = out / "metrics.csv"
    while driver.poll() is None and not (rows.exists() and rows.read_text().count("\n") > 2):
        time.sleep(0.2)
    assert driver.poll() is None
    driver.kill()
    driver.wait()
    before = rows.read_text().splitlines()
    assert train("--resume", out, "--more", 1024) == 0
    after = rows.read_text().splitlines()
    assert before[:2] == after[:2] and len(after) in (len(before) + 1, len(before) + 2)


def test_what_runners_cannot_share_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    pytest.importorskip("ray")
    for words, said in (
        (["--worlds", "15"], "with 2 runners it must be a multiple"),
        (["--curriculum"], "curriculum and engine 'ray' do not go together"),
        (["--redistribute"], "redistribute and engine 'ray' do not go together"),
    ):
        assert train("--engine", "ray", *words, "--out", tmp_path / "run") == cli.ERROR
        assert said in capsys.readouterr().err


def test_a_cluster_that_is_not_there_is_one_line_within_half_a_minute(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
):
    services = pytest.importorskip("ray._private.services")
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    others = services.find_gcs_addresses()  # a cluster of somebody on this machine, which auto would find
    for k, address in enumerate(["127.0.0.1:1", "nowhere", *([] if others else ["auto"])]):
        began = time.monotonic()
        assert train("--engine", "ray", "--address", address, *SMALL, "--out", tmp_path / f"run{k}") == 1
        said = capfd.readouterr().err
        assert f"no cluster at {address}" in said and said.count("\n") == 1 and time.monotonic() - began < 30


class Node(NamedTuple):
    """A machine of the test's own: a network namespace."""

    name: str
    address: str

    def run(self, *words: str, **more: str) -> subprocess.Popen[str]:
        """Start a program there; its network has nobody else, so Ray needs no token."""
        at = {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}
        environment = os.environ | at | {"RAY_AUTH_MODE": "disabled", "RAY_USAGE_STATS_ENABLED": "0"}
        words = ("ip", "netns", "exec", self.name, *words)
        return subprocess.Popen(
            words, cwd=ROOT, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )

    def kill(self) -> None:
        """As if somebody had pulled the plug."""
        for process in ip("netns", "pids", self.name).split():
            subprocess.run(["kill", "-9", process], check=False, capture_output=True)


def ip(*words: str) -> str:
    return subprocess.run(["ip", *words], check=True, capture_output=True, text=True).stdout


@pytest.fixture
def nodes() -> Iterator[list[Node]]:
    """A head and two workers, each with one address, on a bridge at the head."""
    found = [Node(f"kg-{os.getpid()}-{k}", f"10.77.0.{k + 1}") for k in range(3)]
    head = found[0].name
    try:
        for node in found:
            ip("netns", "add", node.name)
            ip("-n", node.name, "link", "set", "lo", "up")
        ip("-n", head, "link", "add", "bridge", "type", "bridge")
        for k, node in enumerate(found[1:]):
            ip("-n", node.name, "link", "add", "eth0", "type", "veth", "peer", "name", f"to{k}", "netns", head)
            ip("-n", head, "link", "set", f"to{k}", "master", "bridge", "up")
        for node, device in zip(found, ("bridge", "eth0", "eth0"), strict=True):
            ip("-n", node.name, "addr", "add", f"{node.address}/24", "dev", device)
            ip("-n", node.name, "link", "set", device, "up")
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("no network namespaces here")
    yield found
    for node in found:
        node.kill()
        ip("netns", "del", node.name)


def test_training_outlives_a_machine(nodes: list[Node], tmp_path: Path):
    """Three machines, of which one goes away in mid-training: its runner works on elsewhere, and Follow is learned."""
    pytest.importorskip("ray")
    head, *workers = nodes
    common = ["--object-store-memory", "80000000", "--node-ip-address"]
    first = ["ray", "start", "--head", "--port", "6379", "--num-cpus", "0", "--include-dashboard", "false"]
    assert head.run(*first, *common, head.address).wait(120) == 0
    there = f"{head.address}:6379"
    for worker in workers:
        said = worker.run("ray", "start", "--address", there, "--num-cpus", "2", *common, worker.address)
        assert said.wait(120) == 0
    out = tmp_path / "run"
    words = ["--engine", "ray", "--runners", "3", "--worlds", "192", "--address", there, "--steps", "250000"]
    training = head.run("python", "-m", "kindergarten", "train", *words, "--out", str(out))
    assert training.stdout is not None
    for line in training.stdout:  # the first two updates
        if line.startswith("49,152 of"):
            break
    else:
        pytest.fail(f"it ended, with exit code {training.wait()}, before anything was pulled")
    workers[1].kill()
    said, _ = training.communicate(timeout=900)
    assert training.returncode == 0, said
    assert json.loads((out / "evaluation.json").read_text())["anticipation"] >= 0.9
