"""Keeps a few processes running: starts them in order, says when one dies, starts it again, and stops them in the reverse order.

One thread and one loop: whatever the children write, their deaths and our own signals all wake the same `select`. No threads, so
that it is safe to run code between fork and exec.
"""

import contextlib
import ctypes
import json
import os
import selectors
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import BinaryIO

LOUD = (" WARNING ", " ERROR ", " CRITICAL ", "[WARNING]", "[ERROR]", "[CRITICAL]")
LONGEST_PAUSE = 15.0
LARGEST_LOG = 5_000_000

_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


class Stopped(BaseException):
    """A signal asked us to stop. Not an Exception, so that no step of the set-up mistakes it for its own failure."""


@dataclass
class Child:
    name: str
    command: Sequence[str]
    grace: float  # how long it may take to end by itself
    pass_fds: tuple[int, ...] = ()
    quiet: bool = False  # what it writes goes to its log only
    process: "subprocess.Popen[bytes] | None" = None
    began: float = 0.0
    begin_again: float | None = None
    failures: int = 0
    unshown: deque[str] = field(default_factory=lambda: deque(maxlen=12))
    rest: bytes = b""
    loud: bool = False
    log: BinaryIO | None = None


class Supervisor:
    def __init__(self, folder: Path, root: Path, say: Callable[[str], None], changed: Callable[[], None]) -> None:
        self.children: list[Child] = []
        self._folder = folder
        self._root = root
        self._say = say
        self._changed = changed
        self._stopping = False
        self._interruptible = True
        self._impatient = False
        self._orphans: dict[int, int] = {}  # whom a child left behind when it died, and the session it had led
        self._selector = selectors.DefaultSelector()
        self._wake, wake_end = _pipe()
        self._selector.register(self._wake, selectors.EVENT_READ)
        signal.set_wakeup_fd(wake_end, warn_on_full_buffer=False)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._asked_to_stop)
        signal.signal(signal.SIGCHLD, lambda *_: None)  # it only has to wake us

    def start(self, child: Child) -> None:
        self.children.append(child)
        self._spawn(child)

    def wait_until(self, ready: Callable[[], bool], patience: float) -> bool:
        """False when it took too long, or when a child keeps dying."""
        deadline = time.monotonic() + patience
        while not ready():
            if time.monotonic() > deadline or any(child.failures >= 3 for child in self.children):
                return False
            self._look_after(0.05)
        return True

    def run(self) -> None:
        """Until a signal asks us to stop."""
        self._interruptible = False
        while not self._stopping:
            self._look_after(1.0)

    def stop(self) -> None:
        """Last started, first stopped. A second Ctrl-C ends the patience."""
        self._interruptible = False
        self._stopping = True
        while self.children:
            name = self.children[-1].name.partition("-")[0]
            together = [child for child in self.children if child.name.partition("-")[0] == name]
            self._end(together)
            self.children = [child for child in self.children if child not in together]
        _kill(pid for pid, session in self._orphans.items() if _session_of(pid) == session)

    def pids(self) -> dict[str, int]:
        return {child.name: child.process.pid for child in self.children if child.process}

    def _spawn(self, child: Child) -> None:
        child.log = child.log or _opened_log(self._folder, child.name)
        child.began, child.begin_again = time.monotonic(), None
        child.process = subprocess.Popen(
            child.command,
            cwd=self._root,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            pass_fds=child.pass_fds,
            start_new_session=True,  # Ctrl-C reaches us alone, and we stop the others in their order
            preexec_fn=_end_with_parent,  # safe here: there are no threads
        )
        assert child.process.stdout
        os.set_blocking(child.process.stdout.fileno(), False)
        self._selector.register(child.process.stdout, selectors.EVENT_READ, child)
        self._changed()

    def _look_after(self, patience: float) -> None:
        """Waits for the next thing that happens, at most so long, and deals with it."""
        pauses = [child.begin_again - time.monotonic() for child in self.children if child.begin_again is not None]
        for key, _ in self._selector.select(max(0.0, min([patience, *pauses]))):
            if key.data is None:
                _drain(self._wake)
            else:
                self._read(key.data)
        for child in self.children:
            if child.process and child.process.poll() is not None:
                self._bury(child)
            elif child.begin_again is not None and child.begin_again <= time.monotonic() and not self._stopping:
                self._spawn(child)

    def _read(self, child: Child) -> None:
        assert child.process
        assert child.process.stdout
        try:
            data = os.read(child.process.stdout.fileno(), 65_536)
        except BlockingIOError:
            return
        if not data:
            self._selector.unregister(child.process.stdout)
            return
        if child.log:
            with contextlib.suppress(OSError):  # a full disk must not take the supervisor down
                child.log.write(data)
        *lines, child.rest = (child.rest + data).split(b"\n")
        for line in lines:
            self._hear(child, line.decode(errors="replace").rstrip())

    def _hear(self, child: Child, line: str) -> None:
        """Warnings and errors, with what belongs to them, are shown; all the rest is in the log."""
        if not line.startswith((" ", "Traceback")):
            child.loud = any(mark in line[:80] for mark in LOUD)
        if child.loud and not child.quiet:
            self._say(f"{child.name}: {line}")
        else:
            child.unshown.append(line)

    def _bury(self, child: Child) -> None:
        """It ended. Nobody asked it to, unless we are stopping: say so, and begin again after a pause that grows."""
        assert child.process
        ended, code = child.process, child.process.returncode
        self._forget(child)
        if self._stopping:
            return
        lived = time.monotonic() - child.began
        child.failures = child.failures + 1 if lived < 30 else 1
        pause = min(0.25 * 2**child.failures, LONGEST_PAUSE)
        child.begin_again = time.monotonic() + pause
        self._say(f"{child.name} (process {ended.pid}) {_how_it_ended(code)} after {lived:.0f} s. Starting it again in {pause:g} s.")
        if code > 0:
            for line in child.unshown:
                self._say(f"  {child.name}: {line}")
        child.unshown.clear()

    def _end(self, children: list[Child]) -> None:
        for child in children:
            if child.process:
                with contextlib.suppress(ProcessLookupError):
                    child.process.terminate()
        deadline = time.monotonic() + max(child.grace for child in children)
        while any(child.process for child in children) and time.monotonic() < deadline and not self._impatient:
            self._look_after(0.2)
        for child in children:
            if child.process:
                self._say(f"{child.name} did not end by itself and was killed.")
                child.process.kill()
                child.process.wait()
                self._forget(child)

    def _forget(self, child: Child) -> None:
        """Takes what it still wrote. Whoever it left behind goes too when we stop; until then an orphan may finish what it is doing."""
        assert child.process
        assert child.process.stdout
        if child.process.stdout in self._selector.get_map():
            self._read(child)
        with contextlib.suppress(KeyError):
            self._selector.unregister(child.process.stdout)
        child.process.stdout.close()
        left = _members(child.process.pid)
        if self._stopping:
            _kill(left)
        else:
            _kill_group(child.process.pid)
            self._orphans |= dict.fromkeys(left, child.process.pid)
        child.process = None
        self._changed()

    def _asked_to_stop(self, number: int, frame: FrameType | None) -> None:
        self._impatient = self._stopping and number == signal.SIGINT
        self._stopping = True
        if self._interruptible:
            self._interruptible = False
            raise Stopped


def write_json(path: Path, content: object) -> None:
    """At once or not at all: who reads it never sees half of it."""
    draft = path.with_suffix(".new")
    draft.write_text(json.dumps(content, indent=2) + "\n")
    draft.replace(path)


def _end_with_parent() -> None:
    """Linux sends the child a SIGTERM when we are killed, so that nothing is left behind even then."""
    if _libc:
        _libc.prctl(1, signal.SIGTERM)


def _members(session: int) -> list[int]:
    """All processes of the session that a child leads. Its group is not enough: a worker's forked child has a group of its own."""
    if sys.platform == "linux":
        names = [name for name in os.listdir("/proc") if name.isdecimal()]
    else:
        names = subprocess.run(["/bin/ps", "-A", "-o", "pid="], capture_output=True, text=True, check=False).stdout.split()
    return [pid for pid in map(int, names) if _session_of(pid) == session]


def _session_of(pid: int) -> int | None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        return os.getsid(pid)
    return None


def _kill_group(leader: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)


def _kill(pids: Iterable[int]) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)


def _how_it_ended(code: int) -> str:
    return f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"


def _opened_log(folder: Path, name: str) -> BinaryIO:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.log"
    if path.exists() and path.stat().st_size > LARGEST_LOG:
        path.replace(path.with_suffix(".log.1"))
    return path.open("ab", buffering=0)


def _pipe() -> tuple[int, int]:
    ends = os.pipe()
    for end in ends:
        os.set_blocking(end, False)
    return ends


def _drain(descriptor: int) -> None:
    with contextlib.suppress(BlockingIOError):
        while os.read(descriptor, 4096):
            pass
