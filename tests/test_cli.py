"""The command line: what it does, and that whoever mistypes gets one line and exit code 2."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
import pygame

from kindergarten import __version__, cli
from kindergarten.agents import Memory, PPOConfig
from kindergarten.agents.learner.choice import Encoder, Trunk
from kindergarten.commandline import options_of
from kindergarten.extras import EXTRAS, NotInstalled, explained, ours
from kindergarten.replay.episode import Recorder
from kindergarten.replay.replay import Replay
from kindergarten.scenarios import SCENARIOS
from kindergarten.watching import newest_replay
from kindergarten.world.codes import Action
from kindergarten.world.config import SETTINGS
from kindergarten.world.settings import declared
from kindergarten.world.simulator import Simulator
from kindergarten.world.words import shortened

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run's folder with two replays, of one and of two short episodes."""
    folder = tmp_path_factory.mktemp("run")
    for name, count in (("old", 1), ("new", 2)):
        simulator = Simulator(SCENARIOS["Follow"], count)
        simulator.reset()
        recorders = [Recorder(simulator, w, w) for w in range(count)]
        for _ in range(5):
            simulator.step(np.full(count, Action.IDLE))
            for recorder in recorders:
                recorder.record(Action.IDLE)
        replay = Replay.of(simulator, [recorder.episode() for recorder in recorders], "idle")
        replay.write(folder / "replays" / f"{name}.npz")
    os.utime(folder / "replays" / "old.npz", (1, 1))
    return folder


def fails(capsys: pytest.CaptureFixture[str], *argv: object) -> str:
    """Run a command that goes wrong; returns its one line."""
    assert cli.main([str(word) for word in argv]) == 2
    printed = capsys.readouterr()
    assert printed.out == "" and printed.err.startswith("kindergarten: error: ")
    assert printed.err.endswith("\n") and printed.err.count("\n") == 1, printed.err
    return printed.err


def command(*argv: object, **environment: str) -> subprocess.CompletedProcess[str]:
    """``python -m kindergarten`` in a process without a screen."""
    kept = {k: v for k, v in os.environ.items() if k not in ("DISPLAY", "WAYLAND_DISPLAY", "SDL_VIDEODRIVER")}
    words = [sys.executable, "-m", "kindergarten", *map(str, argv)]
    return subprocess.run(
        words, cwd=ROOT, env={**kept, **environment}, capture_output=True, text=True, timeout=120, check=False
    )


def test_help_and_version(capsys):
    for argv in ([], ["--help"], ["help"]):
        assert cli.main(argv) == 0
        printed = capsys.readouterr().out
        assert all(name in printed for name in ("train", "evaluate", "watch", "scenarios"))
    assert cli.main(["--version"]) == 0
    assert capsys.readouterr().out == f"kindergarten {__version__}\n"
    assert cli.main(["watch", "--help"]) == 0
    assert "--headless" in capsys.readouterr().out


def test_importing_the_command_line_imports_nothing_heavy():
    code = "import sys, kindergarten.cli; print([m for m in ('numba', 'pygame', 'torch') if m in sys.modules])"
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert ran.stdout == "[]\n"


def test_watch_writes_a_video_and_a_picture_without_a_screen(run, tmp_path):
    pytest.importorskip("imageio_ffmpeg")
    files = ("--video", tmp_path / "a.mp4", "--png", tmp_path / "a.png")
    ran = command("watch", run, "--headless", *files, "--at", 0.4, "--size", 320, 180)
    assert ran.returncode == 0 and ran.stderr == "", ran.stderr
    assert ran.stdout.split() == [str(tmp_path / "a.png"), str(tmp_path / "a.mp4")]
    assert (tmp_path / "a.mp4").stat().st_size > 1000
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")


def test_watch_writes_pictures_of_the_size_and_the_part_that_are_asked_for(run, tmp_path):
    images = pytest.importorskip("PIL.Image")
    words = ["watch", str(run), "--headless", "--episode", "1", "--street", "--size", "320", "180"]
    assert cli.main([*words, "--png", str(tmp_path / "a.png"), "--still", "--no-beliefs"]) == 0
    assert cli.main([*words, "--video", str(tmp_path / "a.gif"), "--fps", "5", "--span", "0.2", "1"]) == 0
    with images.open(tmp_path / "a.png") as picture, images.open(tmp_path / "a.gif") as gif:
        assert picture.size == gif.size == (320, 180)
        assert gif.n_frames <= 4 and gif.info["duration"] == 200


def test_watch_without_a_screen_says_what_to_do_and_does_not_hang(run, capsys, monkeypatch):
    if not sys.platform.startswith("linux"):
        pytest.skip("elsewhere there is always a screen")
    start = time.monotonic()
    ran = command("watch", run, DISPLAY=":4711")  # in a process of its own: whoever waits for a screen may hang
    assert ran.returncode == 2 and "--headless --video" in ran.stderr.splitlines()[-1], ran
    assert "Traceback" not in ran.stderr and time.monotonic() - start < 60
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "SDL_VIDEODRIVER"):
        monkeypatch.delenv(name, raising=False)
    for driver in (None, "dummy", "offscreen"):
        if driver is not None:
            monkeypatch.setenv("SDL_VIDEODRIVER", driver)
        pygame.display.quit()
        assert "--headless --video" in fails(capsys, "watch", run), driver


def test_a_run_means_its_newest_replay(run, capsys, tmp_path):
    assert newest_replay(run).name == "new.npz"
    assert newest_replay(run / "replays").name == "new.npz"
    assert "has 2" in fails(capsys, "watch", run, "--headless", "--png", tmp_path / "a.png", "--episode", 3)
    old = run / "replays" / "old.npz"
    assert "has 1" in fails(capsys, "watch", old, "--headless", "--png", tmp_path / "a.png", "--episode", 2)
    assert cli.main(["watch", str(run), "--headless", "--png", str(tmp_path / "a.png"), "--episode", "2"]) == 0


def test_what_is_wrong_is_said_in_one_line(run, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert "'wtach': choose from" in fails(capsys, "wtach")
    assert "SCENARIO is missing" in fails(capsys, "play")
    for name in ("watch", "evaluate", "diagnose"):
        assert f"{tmp_path / 'runs'} holds no run" in fails(capsys, name)
    assert "--espresso" in fails(capsys, "watch", run, "--espresso")
    assert "--episode: 'one' is not a whole number" in fails(capsys, "watch", run, "--episode", "one")
    assert "add --video" in fails(capsys, "watch", run, "--headless")
    assert "missing.npz" in fails(capsys, "watch", tmp_path / "missing.npz", "--headless", "--png", "a.png")
    assert "no replays" in fails(capsys, "watch", tmp_path, "--headless", "--png", "a.png")
    damaged = tmp_path / "damaged.npz"
    damaged.write_bytes((run / "replays" / "new.npz").read_bytes()[:-100])
    assert "damaged.npz: not a replay" in fails(capsys, "watch", damaged, "--headless", "--png", "a.png")
    assert ".mp4 or .gif" in fails(capsys, "watch", run, "--headless", "--video", tmp_path / "a.avi")
    assert "within the episode" in fails(capsys, "watch", run, "--headless", "--png", tmp_path / "a.png", "--at", 99)
    assert "within the episode" in fails(capsys, "watch", run, "--headless", "--png", tmp_path / "a.png", "--at", "nan")
    gif = ("watch", run, "--headless", "--video", tmp_path / "a.gif")
    assert "320 x 0 pixels" in fails(capsys, *gif, "--size", 320, 0)
    assert "frames per second" in fails(capsys, *gif, "--fps", "nan")
    assert "must come before" in fails(capsys, *gif, "--span", 3, 2)
    (tmp_path / "file").write_text("")
    fails(capsys, "watch", run, "--headless", "--png", tmp_path / "file" / "a.png")


def test_no_option_is_dropped_silently(run, tmp_path, capsys):
    gif = ("watch", run, "--headless", "--video", tmp_path / "a.gif")
    assert "0 frames per second" in fails(capsys, *gif, "--fps", 0)
    assert "--fps is of what is written: add --video FILE" in fails(capsys, "watch", run, "--fps", 5)
    assert "--at is of what is written: add --png FILE" in fails(capsys, *gif, "--at", 1)
    assert "--span is of what is written" in fails(capsys, "watch", run, "--span", 1, 2)
    assert "--size is of what is written" in fails(capsys, "watch", run, "--size", 64, 64)
    assert "--follow" in fails(capsys, "watch", run, "--follow", "--png", tmp_path / "a.png")
    assert "--episode 2: --follow shows all" in fails(capsys, "watch", run, "--follow", "--episode", 2)
    assert "--guess asks in a window" in fails(capsys, *gif, "--guess")
    assert "--guess asks about one episode" in fails(capsys, "watch", run, "--guess", "--twins")
    said = fails(capsys, "evaluate", run, "--delay", 2, "--ladder")
    assert "--ladder is every delay, --delay 2 is one" in said
    simulator = Simulator(SCENARIOS["Town"])
    simulator.reset()
    recorder = Recorder(simulator, 0, 0)
    simulator.step(np.array([Action.IDLE]))
    recorder.record(Action.IDLE)
    Replay.of(simulator, [recorder.episode()], "idle").write(tmp_path / "town.npz")
    said = fails(capsys, "watch", run, tmp_path / "town.npz", "--headless", "--png", tmp_path / "a.png")
    assert "a replay of Town beside one of Follow" in said


@pytest.mark.parametrize(
    ("line", "goes"),
    [
        ("record --held 2", "--scenario Town"),
        ("record --image-size 32", "--observation pixels"),
        ("record --grayscale", "--observation=pixels"),
        ("play Follow --held=2", "Town"),
    ],
)
def test_a_setting_that_does_nothing_is_refused_where_it_is_said(line: str, goes: str, capsys):
    name, *words = line.split()
    assert cli.main([name, *words]) == cli.ERROR
    option = words[-2 if "=" not in line and "gray" not in line else -1].partition("=")[0]
    assert f"{option} does nothing here: it goes with " in capsys.readouterr().err
    words = [goes, *words[1:]] if name == "play" else [*words, *goes.split()]
    assert cli._read(name, words) is not None


def test_a_scenario_is_the_replays_or_said_to_be_another(run, tmp_path, capsys, monkeypatch):
    """Whatever the replay is called: only those of agents of all scenarios are called by them."""
    new, shown = run / "replays" / "new.npz", tmp_path / "a.png"
    picture, page = ("--headless", "--png", shown), tmp_path / "a.html"
    for source in (run, new):
        for words in (("watch", source, *picture), ("export-web", source, page)):
            assert cli.main([*map(str, words), "--scenario", "Follow"]) == 0
            assert capsys.readouterr().out == f"{words[-1]}\n"
            said = fails(capsys, *words, "--scenario", "Town")
            assert said.endswith(": a replay of Follow, and --scenario says Town\n")
    said = fails(capsys, "watch", "demo", new, *picture, "--scenario", "Town")
    assert said.endswith(f"{new}: a replay of Follow, and --scenario says Town\n")
    assert cli.main(["export-web", "demo", str(page), "--scenario", "Town"]) == 0 and "Town" in page.read_text()[:1000]
    assert capsys.readouterr().out == f"{page}\n"
    several = tmp_path / "several"
    for name in ("Follow", "Crossing"):
        (several / "replays").mkdir(parents=True, exist_ok=True)
        shutil.copy(new, several / "replays" / f"{name}.npz")
    assert newest_replay(several, "Follow").name == "Follow.npz"
    said = fails(capsys, "export-web", several, page, "--scenario", "Town")
    assert said.endswith(f"{several} has no replay of Town: choose from Follow, Crossing\n")
    assert "--scenario Town: --follow shows" in fails(capsys, "watch", run, "--follow", "--scenario", "Town")


def test_a_traceback_can_be_had(monkeypatch):
    monkeypatch.setenv("KINDERGARTEN_TRACEBACK", "1")
    with pytest.raises(ValueError):
        cli.main(["wtach"])


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_every_command_says_what_it_may_be_told(name: str, capsys: pytest.CaptureFixture[str]):
    assert cli.main([name, "--help"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert said.startswith(f"usage: kindergarten {name} ")
    for option in options_of(cli._class_of(name)).values():
        assert option in said


def test_the_help_of_train_shows_all_choices(capsys: pytest.CaptureFixture[str]):
    assert cli.main(["train", "--help"]) == 0
    said = "".join(word for line in capsys.readouterr().out.splitlines() for word in line.strip("│ ").split())
    assert f"--scenario{{{','.join((*SCENARIOS, 'all'))}}}" in said and "--signals{perfect,real}" in said
    for codes in (Memory, Encoder, Trunk):
        assert f"--{codes.__name__.lower()}{{{','.join(code.value for code in codes)}}}" in said
    for its in (*SETTINGS.values(), *declared(PPOConfig).values()):
        assert f"--{its.option.replace('_', '-')}" in said and "".join(its.meaning.split()) in said


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_can_complete_all_of_it(shell: str, capsys: pytest.CaptureFixture[str], tmp_path: Path):
    assert cli.main(["--tyro-print-completion", shell]) == 0
    script = capsys.readouterr().out
    for word in (*cli.COMMANDS, "--signal-rate", "--headless", "lstm-default", "AllWayStop"):
        assert word in script
    if shell == "bash" and (bash := shutil.which("bash")):
        (tmp_path / "complete.sh").write_text(script)
        asked = f"source {tmp_path}/complete.sh; COMP_WORDS=(kindergarten train --memory ls); COMP_CWORD=3; " \
            "$(complete -p kindergarten | sed 's/.*-F \\([^ ]*\\).*/\\1/'); echo ${COMPREPLY[@]}"  # fmt: skip
        said = subprocess.run([bash, "-c", asked], capture_output=True, text=True, check=True).stdout.split()
        assert said == ["lstm", "lstm-default"]


def test_what_completes_is_written_whole_for_a_shell_that_there_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    file = tmp_path / "complete.sh"
    assert cli.main(["--tyro-write-completion", "bash", str(file)]) == 0 and "complete" in file.read_text()
    for words, said in (
        (["--tyro-print-completion", "foo"], "unknown shell 'foo': choose from bash, zsh, fish"),
        (["--tyro-write-completion", "tcsh", str(file)], "unknown shell 'tcsh'"),
        (["--tyro-print-completion"], "unknown shell ''"),
        (["watch", "--tyro_write_completion", "bash"], "needs a file"),
        (["--tyro-write-completion", "bash", str(file / "a")], "complete.sh"),
    ):
        assert cli.main(words) == cli.ERROR
        line = capsys.readouterr().err
        assert said in line and line.count("\n") == 1
    assert "complete" in file.read_text()


def test_help_costs_little():
    """Beside what numpy and Gymnasium cost, which is most of it, in turns: processor time."""
    spent = "print(*resource.getrusage(resource.RUSAGE_SELF)[:2], file=sys.stderr)"
    needs = f"import resource, sys, numpy, gymnasium; {spent}"
    for words, most in (([], 2.0), (["train"], 3.0)):
        asks = f"import resource, sys, kindergarten.cli as c; c.main({[*words, '--help']}); {spent}; " \
            "print(*(m for m in ('numba', 'pygame', 'torch') if m in sys.modules), file=sys.stderr)"  # fmt: skip
        taken: dict[str, list[float]] = {needs: [], asks: []}
        for code in [needs, asks] * 2:
            ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
            user, system, *heavy = ran.stderr.split()
            taken[code].append(float(user) + float(system))
            assert heavy == []
        assert min(taken[asks]) < most * min(taken[needs])


def test_how_commands_end(monkeypatch, capsys):
    def ends(error: BaseException) -> int:
        def run(argv: list[str]) -> int:
            raise error

        monkeypatch.setattr(cli, "_run", run)
        return cli.main([])

    assert ends(SystemExit(3)) == 3 and ends(SystemExit()) == 0 and ends(SystemExit("no")) == 1
    capsys.readouterr()
    assert ends(KeyboardInterrupt()) == 130
    assert capsys.readouterr().err == "kindergarten: stopped\n"
    assert ends(ValueError("one\n  two")) == 2
    assert capsys.readouterr().err == "kindergarten: error: one two\n"
    assert ends(MemoryError()) == ends(MemoryError("Unable to allocate 7 TiB")) == 2
    assert capsys.readouterr().err.splitlines() == [
        "kindergarten: error: not enough memory",
        "kindergarten: error: Unable to allocate 7 TiB",
    ]
    with pytest.raises(RuntimeError):  # what is no mistake of the user's is not hidden
        ends(RuntimeError())


@pytest.mark.parametrize("word", ["\x01", "a/", "x", "x y ", "\x01 ", "\xe4\n", "'", "../"])
@pytest.mark.parametrize("line", ["{}", "{}.zip", "{}.onnx", "{}.html", "{}:drive", "os:{}"])
def test_long_words_are_cut_however_they_are_quoted(word: str, line: str, capsys: pytest.CaptureFixture[str]):
    assert len(fails(capsys, "evaluate", line.format(word * 10_000), "--scenario", "Follow")) < 500


def test_paths_that_are_there_are_said_in_full(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    folder = tmp_path / ("long" * 30)
    folder.mkdir()
    (folder / "config.json").write_text("no json")
    assert str(folder) in fails(capsys, "evaluate", folder)
    words = [f"--out={folder}", "x" * 999]
    assert cli._line(ValueError(f"{folder / 'a'}: {words[1]}"), words) == f"{folder / 'a'}: {shortened(words[1])}"


def test_an_extra_is_named_for_what_it_brings_and_nothing_else():
    """A pickle may need any module: none of ours brings what somebody else's agent is made of."""
    with pytest.raises(NotInstalled, match=r"^a.zip needs mypol, which is not installed$"), explained("a.zip"):
        raise ModuleNotFoundError(name="mypol.nets")
    listed = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    called = {"sklearn": "scikit-learn", "PIL": "matplotlib", "h5py": "minari"}  # or what it comes with
    for module, extra in EXTRAS.items():
        (brings,) = re.findall(rf"^{extra} = \[(.*?)\]$", listed, re.DOTALL | re.MULTILINE)
        assert f'"{called.get(module, module.replace("_", "-"))}' in brings, (module, extra)


def test_python_too_says_how_to_get_what_is_missing():
    wanted = {
        "from kindergarten.agents import MemoryPPO": f"MemoryPPO needs torch: pip install {ours('agents')}",
        "from kindergarten.agents import rllib": f"open_forget_gates needs torch: pip install {ours('agents')}",
        "from kindergarten.envs import make_sb3": f"make_sb3 needs torch: pip install {ours('agents')}",
        "from kindergarten.data import read": f"kindergarten.data needs pyarrow: pip install {ours('data')}",
        "from kindergarten import load; load('a.onnx')": f"a.onnx needs onnxruntime: pip install {ours('onnx')}",
    }
    script = f"""import sys
sys.modules.update(dict.fromkeys(("torch", "pyarrow", "onnxruntime")))
for line in {list(wanted)}:
    try:
        exec(line)
    except ImportError as error:
        print(error)
"""
    ran = subprocess.run([sys.executable, "-c", script], check=True, cwd=ROOT, capture_output=True, text=True)
    assert ran.stdout.splitlines() == list(wanted.values())


@pytest.mark.parametrize("missing", ["torch", pytest.param("stable_baselines3", marks=pytest.mark.slow)])
def test_without_torch_it_says_how_to_get_it(missing, tmp_path):
    blocked = tmp_path / missing
    blocked.mkdir()
    (blocked / "__init__.py").write_text(f"raise ModuleNotFoundError('No module named {missing}', name='{missing}')")
    path = os.pathsep.join(filter(None, [str(tmp_path), os.environ.get("PYTHONPATH", "")]))
    assert command("--help", PYTHONPATH=path).returncode == 0
    if not (ROOT / "agents" / "runs" / "train.py").exists():
        pytest.skip("nothing to train with")
    ran = command("train", "--steps", "1", PYTHONPATH=path)
    assert ran.returncode == 2 and f"pip install {ours('agents')}" in ran.stderr
    assert ran.stderr.count("\n") == 1


def test_whoever_reads_may_stop_reading():
    reader, writer = os.pipe()
    os.close(reader)
    ran = subprocess.run(
        [sys.executable, "-m", "kindergarten"],
        cwd=ROOT,
        stdout=writer,
        stderr=subprocess.PIPE,
        timeout=60,
        check=True,
    )
    os.close(writer)
    assert ran.stderr == b""


@pytest.mark.parametrize("late", ["gymnasium", "tyro"])
def test_ctrl_c_during_the_imports_is_one_line(tmp_path: Path, late: str):
    """Whatever is being imported then: here a package that is interrupted itself."""
    (tmp_path / f"{late}.py").write_text("raise KeyboardInterrupt")
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(tmp_path), str(ROOT)])}
    command = [sys.executable, "-m", "kindergarten", "scenarios"]
    done = subprocess.run(command, check=False, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode in (130, -2) and done.stdout == "" and done.stderr == "kindergarten: stopped\n"
