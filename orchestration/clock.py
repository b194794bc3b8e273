"""What time it is. Everything in the product asks here, so that tests and the demo can move time."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime, timedelta

from django.utils import timezone

_offset: ContextVar[timedelta] = ContextVar("clock_offset", default=timedelta(0))


def now() -> datetime:
    """The current moment, aware, in UTC."""
    return timezone.now() + _offset.get()


@contextmanager
def moved(by: timedelta) -> Iterator[None]:
    """Inside the block, every clock of this thread is `by` later (or earlier, when negative)."""
    token = _offset.set(_offset.get() + by)
    try:
        yield
    finally:
        _offset.reset(token)
