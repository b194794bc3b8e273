"""What one attempt of a flow may use: counted while it runs, and stopped when a limit is passed (R4.7, §10).

    usage = Usage(str(flow.label))
    with usage:
        …                      # the flow
    usage.figures()            # {"queries": 87, "writes": 3, …}

The time is looked at with each statement; and, inside of `alarm()`, several times a second whatever the flow does.

This is a safety belt for flows that the site trusts, not a sandbox: in threads of its own, or behind Django's back, a flow is not counted.
"""

from __future__ import annotations

import math
import re
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from types import FrameType, TracebackType
from typing import Any

from django.core.signals import setting_changed
from django.db import connections
from django.dispatch import receiver
from django.utils.text import format_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from orchestration import conf
from orchestration.errors import Fault

LIMITS: Mapping[str, tuple[str, Any]] = {
    "queries": ("MOST_QUERIES", gettext_lazy("queries")),
    "writes": ("MOST_WRITES", gettext_lazy("write statements")),
    "rows": ("MOST_ROWS", gettext_lazy("rows written")),
    "seconds": ("RUN_SECONDS", gettext_lazy("seconds of run time")),
    "calls": ("MOST_CALLS", gettext_lazy("call-outs")),
    "mails": ("MOST_MAILS", gettext_lazy("mails and messages")),
    "input": ("INPUT_BYTES", gettext_lazy("bytes of inputs")),
    "output": ("OUTPUT_BYTES", gettext_lazy("bytes of outputs")),
}
"""Each limit: its setting, and what is counted, in words."""

COUNTED = ("queries", "writes", "rows", "calls", "mails")

LOOK_SECONDS = 0.1
"""How often the alarm looks at a running flow; one that catches even the alarm is alarmed again after this."""

WRITING = re.compile(r"\b(?:insert|update|delete|merge)\b", re.IGNORECASE)
NEITHER = frozenset({"SAVEPOINT", "RELEASE", "ROLLBACK", "BEGIN", "START", "COMMIT", "END", "SET", "SHOW", "PRAGMA", "EXPLAIN"})
READING = frozenset({"SELECT", "VALUES", "TABLE"})


class LimitPassed(KeyboardInterrupt):
    """Stops a flow where it stands; becomes a Fault on the way out.

    No Exception, so that a flow does not catch it by accident. And the kind that Ctrl-C is, because psycopg then cancels the statement
    that it was waiting for, instead of leaving it, and its locks, to the server.
    """


def most(name: str) -> float:
    """The limit of this name, as the site has set it."""
    limit: float = getattr(conf, LIMITS[name][0])
    return limit


def fault(name: str, figure: float, where: str) -> Fault:
    """The fault of a passed limit: which, the figure, and the flow."""
    about = {"flow": where, "most": f"{most(name):g}", "what": LIMITS[name][1], "figure": f"{figure:g}"}
    return Fault(_("“%(flow)s” passed the limit of %(most)s %(what)s: it came to %(figure)s.") % about, kind="limit")


def said(figures: Mapping[str, float]) -> list[str]:
    """What an attempt has used, in words: “87 of 200 queries”."""
    return [
        str(format_lazy(_("{figure:g} of {most:g} {what}"), figure=figures[name], most=most(name), what=what))
        for name, (_setting, what) in LIMITS.items()
        if figures.get(name)
    ]


class Usage:
    """What an attempt has used so far. A context manager that counts and stops; entered again, it goes on counting.

    `where` is how a fault calls the flow. With `read_only` every write is refused (the part of a flow that talks to the network).
    """

    def __init__(self, where: str = "") -> None:
        self.where = where
        self.read_only = False
        self.queries = self.writes = self.rows = self.calls = self.mails = 0
        self.seconds = 0.0
        self._passed: Fault | None = None
        self._most = _all_limits()
        self._began = self._until = 0.0
        self._connections: list[Any] = []
        self._before: Usage | None = None

    def count(self, name: str, more: int = 1) -> None:
        """Note that so much more was used. Past the limit the flow is stopped."""
        figure = getattr(self, name) + more
        setattr(self, name, figure)
        if figure > self._most[name]:
            self._pass(fault(name, figure, self.where))

    def figures(self) -> dict[str, float]:
        """What was used, without what was not."""
        found = {name: getattr(self, name) for name in COUNTED if getattr(self, name)}
        return {**found, "seconds": round(self.seconds, 3)}

    def __enter__(self) -> Usage:
        self._connections = [connections[alias] for alias in connections]
        for connection in self._connections:
            connection.execute_wrappers.append(self._watch)
        self._began = time.monotonic()
        self._until = self._began + self._most["seconds"] - self.seconds
        self._before = _alarm.now(self)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        _alarm.now(self._before)
        for connection in self._connections:
            connection.execute_wrappers.remove(self._watch)
        self.seconds += time.monotonic() - self._began
        # Asked here as well, in case that the flow caught what stopped it. What ends the process itself goes its way.
        if self._passed is not None and (error is None or isinstance(error, LimitPassed | Exception)):
            self._passed.usage = self.figures()  # type: ignore[attr-defined]
            raise self._passed from error
        if error is not None:
            error.usage = self.figures()  # type: ignore[attr-defined]  # for the step, which keeps what a failed attempt has used

    def time_is_up(self) -> bool:
        """Whether the flow has run for too long; from then on nothing that it does is kept."""
        now = time.monotonic()
        if self._passed is None and now > self._until:
            self._passed = fault("seconds", round(self.seconds + now - self._began, 1), self.where)
        return now > self._until

    def _watch(self, execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: Mapping[str, Any]) -> Any:
        """Around each statement of the flow, on every connection of its thread."""
        if self._passed is not None:
            raise LimitPassed
        if self.time_is_up():
            raise LimitPassed
        kind = kind_of(sql)
        if kind == "writes" and self.read_only:
            self._pass(Fault(_("“%(flow)s” writes to the database while it talks to the network.") % {"flow": self.where}, kind="network"))
        if kind:
            self.count(kind)
        result = execute(sql, params, many, context)
        if kind == "writes":
            self.count("rows", _rows_written(sql, context["cursor"]))
        return result

    def _pass(self, passed: Fault) -> None:
        self._passed = passed
        raise LimitPassed


class _Alarm:
    """The one alarm of the process: while it is on, it looks at the flow in the main thread several times a second."""

    def __init__(self) -> None:
        self._usage: Usage | None = None
        self._main = 0
        self._others: tuple[Any, float] = (None, math.inf)

    def now(self, usage: Usage | None) -> Usage | None:
        """From now on it is this one that is looked at; returns the one before. Nothing changes but in the main thread of an alarm."""
        if threading.get_ident() != self._main:
            return None
        before, self._usage = self._usage, usage
        return before

    @contextmanager
    def on(self) -> Iterator[None]:
        """Inside the block flows are interrupted when their time is up. In the main thread alone, where alone signals arrive."""
        if self._main or threading.current_thread() is not threading.main_thread():
            yield
            return
        handler, (rest, interval) = signal.getsignal(signal.SIGALRM), signal.setitimer(signal.ITIMER_REAL, 0)
        began = time.monotonic()
        self._others = handler, began + rest if rest else math.inf
        self._main = threading.get_ident()
        signal.signal(signal.SIGALRM, self._ring)
        signal.setitimer(signal.ITIMER_REAL, LOOK_SECONDS, LOOK_SECONDS)
        try:
            yield
        finally:
            self._main, self._usage = 0, None
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, handler)
            if rest:  # whose it was before: RQ watches over the whole job
                signal.setitimer(signal.ITIMER_REAL, max(0.001, rest - (time.monotonic() - began)), interval)

    def _ring(self, number: int, frame: FrameType | None) -> None:
        handler, due = self._others
        if time.monotonic() > due and callable(handler):
            handler(number, frame)
        # Never from within this file: between a flow's end and ours, it would go past what turns it into a fault.
        if self._usage is not None and self._usage.time_is_up() and (frame is None or frame.f_code.co_filename != __file__):
            raise LimitPassed


_alarm = _Alarm()
alarm = _alarm.on


@cache
def _all_limits() -> dict[str, float]:
    return {name: most(name) for name in LIMITS}


@receiver(setting_changed, dispatch_uid="orchestration.limits")
def _forget_limits(**_signal: Any) -> None:
    _all_limits.cache_clear()


def kind_of(sql: Any) -> str:
    """Whether a statement counts as a query, as a write or not at all. What is not known counts as a write."""
    text = sql if isinstance(sql, str) else str(sql)
    if text.startswith("SELECT "):
        return "queries"
    words = text[:60].lstrip(" \r\n\t(").split(None, 1)
    word = words[0].upper().rstrip(";") if words else ""
    if word in NEITHER:
        return ""
    if word in READING or (word == "WITH" and not WRITING.search(text)):
        return "queries"
    return "writes"


def _rows_written(sql: Any, cursor: Any) -> int:
    """How many rows a write has written; at least those that its text lists, since SQLite counts none while it still returns them."""
    listed = 0
    if isinstance(sql, str) and sql.startswith("INSERT") and (start := sql.find(" VALUES ")) > 0:
        listed = 1 + sql.count("), (", start)
    return max(listed, int(cursor.rowcount))
