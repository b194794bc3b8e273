"""The supervisor with real processes: what dies is said and started again, and nothing outlives it."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPT = """
import sys
from pathlib import Path
from config.supervisor import Child, Stopped, Supervisor, write_json

folder = Path(sys.argv[1])
def write(): write_json(folder / "run.json", supervisor.pids())
supervisor = Supervisor(folder / "log", folder, lambda line: print(line, flush=True), write)
try:
    for name in sys.argv[2:]:
        supervisor.start(Child(name, [sys.executable, "-c", Path(folder / name).read_text()], grace=1))
    supervisor.run()
except Stopped:
    pass
finally:
    supervisor.stop()
"""
PATIENT = """
import time, signal, sys
signal.signal(signal.SIGTERM, lambda *_: sys.exit(print('{0} ends') or 0))
print('{0} is there')
time.sleep(60)
"""
STUBBORN = "import time, signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nprint('deaf', flush=True)\ntime.sleep(60)"
PARENT = """
import os, time
pid = os.fork()
if pid == 0:
    time.sleep(60)
os.setpgid(pid, pid)
print(pid, flush=True)
time.sleep(60)
"""
FAILING = "print('one thing')\nraise ValueError('the reason')"
NOISY = """
import time
print('2026-01-01 10:00:00 INFO x: quiet', flush=True)
print('2026-01-01 10:00:00 ERROR x: loud\\n    why', flush=True)
time.sleep(60)
"""


class Running:
    def __init__(self, folder, **children):
        self.folder = folder
        for name, code in children.items():
            (folder / name).write_text(code.format(name) if code is PATIENT else code)
        self.process = subprocess.Popen(
            [sys.executable, "-c", SCRIPT, str(folder), *children], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        if FAILING not in children.values():  # it is there for a moment only
            _until(lambda: set(self.pids()) == set(children))

    def hear(self, words):
        """What it says until it says this."""
        said = ""
        while words not in said:
            line = self.process.stdout.readline()
            assert line, said
            said += line
        return said

    def pids(self):
        try:
            return json.loads((self.folder / "run.json").read_text())
        except FileNotFoundError:
            return {}

    def stop(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        return self.process.communicate(timeout=15)[0]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_the_last_started_first_and_leaves_nothing(tmp_path, number):
    running = Running(tmp_path, store=PATIENT, web=PATIENT)
    logs = {name: tmp_path / "log" / f"{name}.log" for name in ("store", "web")}
    _until(lambda: all("is there" in log.read_text() for log in logs.values()))
    pids = running.pids()
    running.stop(number)
    assert running.process.returncode == 0
    for name, log in logs.items():
        assert log.read_text() == f"{name} is there\n{name} ends\n"
    assert not any(_lives(pid) for pid in pids.values())


def test_a_killed_child_is_said_and_started_again(tmp_path):
    running = Running(tmp_path, web=PATIENT)
    first = running.pids()["web"]
    os.kill(first, signal.SIGKILL)
    _until(lambda: running.pids().get("web", first) != first)
    assert f"web (process {first}) was killed by SIGKILL" in running.stop()


def test_a_child_that_fails_shows_its_last_words_and_is_tried_less_and_less_often(tmp_path):
    running = Running(tmp_path, worker=FAILING)
    said = running.hear("Starting it again in 2 s.")
    running.stop()
    assert "worker: one thing" in said
    assert "ValueError: the reason" in said
    assert "ended with exit code 1" in said
    assert re.findall(r"Starting it again in (.*) s\.", said) == ["0.5", "1", "2"]


def test_a_deaf_child_is_killed_after_its_grace(tmp_path):
    running = Running(tmp_path, deaf=STUBBORN)
    _until(lambda: "deaf" in (tmp_path / "log" / "deaf.log").read_text())
    pid = running.pids()["deaf"]
    assert "deaf did not end by itself and was killed." in running.stop()
    assert not _lives(pid)


def test_an_orphan_with_a_group_of_its_own_may_live_on_until_we_stop(tmp_path):
    running = Running(tmp_path, worker=PARENT)
    log = tmp_path / "log" / "worker.log"
    _until(lambda: log.read_text().endswith("\n"))
    orphan, first = int(log.read_text()), running.pids()["worker"]
    os.kill(first, signal.SIGKILL)
    _until(lambda: running.pids().get("worker", first) != first)
    assert _lives(orphan)
    running.stop()
    _until(lambda: not _lives(orphan))


def test_only_warnings_and_errors_are_shown_and_the_log_has_all(tmp_path):
    running = Running(tmp_path, web=NOISY)
    _until(lambda: "why" in (tmp_path / "log" / "web.log").read_text())
    said = running.stop()
    assert "web: 2026-01-01 10:00:00 ERROR x: loud" in said
    assert "web:     why" in said
    assert "quiet" not in said
    assert "quiet" in (tmp_path / "log" / "web.log").read_text()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child that its parent was killed")
def test_children_end_with_a_killed_supervisor(tmp_path):
    running = Running(tmp_path, web=PATIENT)
    time.sleep(0.3)
    pid = running.pids()["web"]
    running.process.kill()
    running.process.wait()
    _until(lambda: not _lives(pid))


def _lives(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().split(") ")[1][0] != "Z" if sys.platform == "linux" else not os.kill(pid, 0)
    except (FileNotFoundError, ProcessLookupError):
        return False


def _until(true, patience=10):
    deadline = time.monotonic() + patience
    while not true():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)
