"""Real processes that cost no start: one process imports everything, once, and forks a child for each deed.

The nursery itself (`python -m chaos.nursery`) opens no connection to any server, so that its children share none.
"""

import json
import os
import random
import signal
import subprocess
import sys
import traceback
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any, Self

import django

from orchestration import failpoints

ROOT = Path(__file__).resolve().parent.parent

STOPPED = "stopped"
"""What `Nursery.wait` says of a child that has been frozen; of one that has ended it says its exit code, negative for a signal."""


class Nursery:
    """The nursery as others see it. A context, which begins when everything is imported, and at whose end it goes, and all its children."""

    def __init__(self, environment: dict[str, str], said: Path) -> None:
        self._environment = environment
        self._said = said

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "chaos.nursery", str(self._said)],
            cwd=ROOT,
            env=self._environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._hear() == "ready", "the nursery does not start"
        return self

    def __exit__(self, *_error: object) -> None:
        self.clear()
        self._ask("end")
        self._process.wait(30)

    def fork(self, deed: str, *arguments: Any, failpoint: str = "") -> int:
        """A child that calls `deed` ("module:function"), with a failpoint armed as SEGUE_FAILPOINTS would. The number of its process."""
        pid: int = self._ask("fork", deed, arguments, failpoint)
        return pid

    def wait(self, pid: int) -> Any:
        """Until the child is STOPPED or has ended; then its exit code."""
        return self._ask("wait", pid)

    def clear(self) -> None:
        """kill -9 all children, frozen ones too, and all that they have forked."""
        self._ask("clear")

    @property
    def said(self) -> str:
        """All that the children have written so far."""
        return self._said.read_text()

    def _ask(self, *words: Any) -> Any:
        assert self._process.stdin
        print(json.dumps(words), file=self._process.stdin, flush=True)
        return self._hear()

    def _hear(self) -> Any:
        assert self._process.stdout
        line = self._process.stdout.readline()
        assert line, "the nursery has ended"
        return json.loads(line)


def session_of(leader: int) -> list[int]:
    """What a child has forked, or what is left of that when it is gone: each child leads a session of its own."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            state, *_rest = fields = (entry / "stat").read_text().rpartition(")")[2].split() if entry.name.isdecimal() else ["Z"]
        except OSError:  # it has just ended
            continue
        if state != "Z" and int(fields[3]) == leader != int(entry.name):
            found.append(int(entry.name))
    return found


def main(said: str) -> None:
    """Be the nursery: do what is asked on stdin until told to end, one JSON line for each answer."""
    django.setup()
    import_module("orchestration.jobs")
    children: set[int] = set()
    _answer("ready")
    for line in sys.stdin:
        word, *arguments = json.loads(line)
        if word == "fork":
            children -= {pid for pid in children if os.waitpid(pid, os.WNOHANG)[0]}
            children.add(pid := _fork(said, *arguments))
            _answer(pid)
        elif word == "wait":
            answer = _wait(*arguments)
            children -= {arguments[0]} if answer != STOPPED else set()
            _answer(answer)
        elif word == "clear":
            for leader in children:
                for pid in (leader, *session_of(leader)):
                    with suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)
                os.waitpid(leader, 0)
            children.clear()
            _answer("cleared")
        else:
            break
    _answer("ended")


def _fork(said: str, deed: str, arguments: list[Any], failpoint: str) -> int:
    if pid := os.fork():
        return pid
    code = 1
    try:
        os.setsid()
        nowhere, file = os.open(os.devnull, os.O_RDONLY), os.open(said, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        for number, descriptor in enumerate((nowhere, file, file)):
            os.dup2(descriptor, number)
        random.seed()
        failpoints.arm(failpoint)
        module, _colon, name = deed.partition(":")
        getattr(import_module(module), name)(*arguments)
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)


def _wait(pid: int) -> str | int:
    _pid, status = os.waitpid(pid, os.WUNTRACED)
    return STOPPED if os.WIFSTOPPED(status) else os.waitstatus_to_exitcode(status)


def _answer(answer: Any) -> None:
    print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
