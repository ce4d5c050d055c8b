"""How far something is, is said so that a log stays readable, and never costs the work itself."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from kindergarten.progress import Progress

pytest.importorskip("rich")
ROOT = Path(__file__).resolve().parents[1]
WORK = """
from contextlib import closing
from kindergarten.output import patiently
from kindergarten.progress import Progress
with patiently():
    with closing(Progress(3000, "frames", 1000)) as progress:
        for done in (1000, 2000, 2000, 4000):
            progress.update(done, "of x[/red].zip")
    print("done")
"""


def test_a_log_gets_one_line_for_each_update(capsys):
    progress = Progress(3000, "frames", 1000)
    for done, note in ((1000, "nothing new"), (2000, ""), (2000, "again"), (4000, "of x[/red].zip")):
        progress.update(done, note)
    progress.close()
    printed = capsys.readouterr()
    assert printed.err == "2,000 of 3,000 frames\n3,000 of 3,000 frames, of x[/red].zip\n" and printed.out == ""


def test_a_log_stays_empty_where_lines_would_be_too_many(capsys):
    progress = Progress(9, "frames", lines=False)
    progress.update(5)
    progress.close()
    assert capsys.readouterr() == ("", "")


def test_a_terminal_gets_a_bar_that_never_passes_its_end():
    pty = pytest.importorskip("pty")
    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "90"}
    command = [sys.executable, "-c", WORK]
    ran = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=theirs, env=environment, check=True)
    os.close(theirs)
    shown = os.read(ours, 1 << 16).decode()
    os.close(ours)
    assert "━" in shown and "3,000 of 3,000 frames" in shown and "4,000" not in shown and "of x[/red].zip" in shown
    assert ran.stdout == b"done\n"  # which is no part of the bar


@pytest.mark.parametrize("lost", ["closed", "no reader"])
def test_nobody_who_listens_does_not_end_the_work(lost: str):
    command = [sys.executable, "-c", WORK]
    if lost == "closed":
        ran = subprocess.run(
            ["sh", "-c", 'exec "$@" 2>&-', "sh", *command], cwd=ROOT, stdout=subprocess.PIPE, check=True
        )
    else:
        reader, writer = os.pipe()
        os.close(reader)
        ran = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=writer, check=True)
        os.close(writer)
    assert ran.stdout == b"done\n"
