"""Several threads, each with its own database connection, that do something at the very same moment."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Any, Self

from django.db import connections

PATIENCE = 300  # seconds until a race that never finishes is a failure and not a hang


class Crowd:
    """Up to `size` threads. Used as a context, so that their connections are closed before the test database goes."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._pool = ThreadPoolExecutor(max_workers=size)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.at_once([connections.close_all] * self.size)
        self._pool.shutdown()

    def at_once(self, deeds: Sequence[Callable[[], Any]]) -> list[Any]:
        """Let each deed go at one barrier. What each returned, in their order; or the exception with which it ended."""
        assert len(deeds) <= self.size, "a barrier needs a thread for each deed"
        barrier = threading.Barrier(len(deeds))

        def do(deed: Callable[[], Any]) -> Any:
            barrier.wait(PATIENCE)
            try:
                return deed()
            except Exception as error:
                return error

        return [future.result(PATIENCE) for future in [self._pool.submit(do, deed) for deed in deeds]]


def count(outcomes: Sequence[Any], kind: type) -> int:
    """How many of the outcomes are of this kind."""
    return sum(isinstance(outcome, kind) for outcome in outcomes)


def unexpected(outcomes: Sequence[Any], *foreseen: type) -> list[BaseException]:
    """The exceptions among the outcomes that nobody foresaw."""
    return [outcome for outcome in outcomes if isinstance(outcome, BaseException) and not isinstance(outcome, foreseen)]
