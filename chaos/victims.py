"""Those to whom it is done: the workers and the ticker of a run."""

import os
import random
import signal
import time
from collections import Counter
from contextlib import suppress

import redis
from django.conf import settings
from django.db import connection

from chaos.nursery import Nursery, session_of


class Victims:
    """The workers and the ticker: who is there, and what can be done to them. Whoever dies is replaced at once."""

    def __init__(self, nursery: Nursery, workers: int, chance: random.Random) -> None:
        self._nursery, self._chance = nursery, chance
        self._workers = [self._worker() for _ in range(workers)]
        self._ticker = self._nursery.fork("django.core.management:call_command", "ticker")
        self._frozen: dict[int, tuple[float, list[int]]] = {}
        self._kills = 0
        self.done: Counter[str] = Counter()

    def kill(self) -> None:
        """kill -9: in turns with all that it has forked, and without; every tenth time the ticker."""
        self._kills += 1
        if self._kills % 10 == 0:
            self._send(signal.SIGKILL, [self._ticker])
            self._ticker = self._nursery.fork("django.core.management:call_command", "ticker")
            self.done["ticker_kills"] += 1
            return
        victim = self._busy()
        with_children = self._kills % 2 == 0
        self._send(signal.SIGKILL, [victim, *(session_of(victim) if with_children else [])])
        self.done["kills_with_children" if with_children else "kills_of_parent_only"] += 1
        self._workers[self._workers.index(victim)] = self._worker()

    def freeze(self) -> None:
        """SIGSTOP to a worker and all its children, for longer than its lease."""
        victim = self._busy()
        pids = [victim, *session_of(victim)]
        self._send(signal.SIGSTOP, pids)
        self._frozen[victim] = time.monotonic() + 1.5 * settings.ORCHESTRATION_LEASE_SECONDS, pids
        self.done["freezes"] += 1

    def thaw(self) -> None:
        """Let those go on whose time has come."""
        for victim, (until, pids) in list(self._frozen.items()):
            if time.monotonic() >= until:
                self._send(signal.SIGCONT, [*pids, *session_of(victim)])
                del self._frozen[victim]

    def cut(self) -> None:
        """PostgreSQL ends a session of theirs, if there is one, in the middle of a transaction."""
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
                " ORDER BY state = 'idle', random() LIMIT 1"
            )
            self.done["cuts"] += len(cursor.fetchall())

    def wipe(self) -> None:
        """The queue server forgets everything."""
        with redis.Redis.from_url(settings.REDIS_URL) as server:
            server.flushall()
        self.done["wipes"] += 1

    def _worker(self) -> int:
        return self._nursery.fork("orchestration.dispatch:work")

    def _busy(self) -> int:
        """One that has work in hand, if there is one, and is not frozen."""
        awake = [pid for pid in self._workers if pid not in self._frozen] or self._workers
        return self._chance.choice([pid for pid in awake if session_of(pid)] or awake)

    def _send(self, number: signal.Signals, pids: list[int]) -> None:
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, number)
