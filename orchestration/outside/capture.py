"""For runs that are rolled back: whatever would leave is given to somebody else instead, and nothing can leave by another way."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from django.utils.translation import gettext as _

from orchestration.errors import Failure

Answer = Callable[..., Any]

_instead: ContextVar[Answer | None] = ContextVar("outside_instead", default=None)
_is_guarded = False

REFUSED = frozenset({"socket.connect", "socket.sendto", "socket.sendmsg", "socket.getaddrinfo", "subprocess.Popen", "os.system"})
"""What the interpreter tells before something leaves the process. A database's own library does not pass by here."""


@contextmanager
def captured(answer: Answer) -> Iterator[None]:
    """Inside the block no call-out leaves: `answer(endpoint, method, path, body=…)` says what came back. Code that opens a connection by
    itself fails with a word that says why."""
    _guard()
    token = _instead.set(answer)
    try:
        yield
    finally:
        _instead.reset(token)


def instead() -> Answer | None:
    """Who answers call-outs here; None where they really leave."""
    return _instead.get()


def _guard() -> None:
    """Listen to the interpreter, from the first time on: a hook that is added stays."""
    global _is_guarded
    if not _is_guarded:
        sys.addaudithook(_refuse)
        _is_guarded = True


def _refuse(event: str, _arguments: Any) -> None:
    if event in REFUSED and _instead.get() is not None:
        raise Failure(
            _("In a debug run nothing leaves: this code opens a connection by itself. Let it call an endpoint, or mock the step.")
        )
