"""Where a save comes from: the person signed in to the request, and the instance whose flow is running."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from orchestration.models import Instance

_user: ContextVar[Any] = ContextVar("origin_user", default=None)
_cause: ContextVar[Instance | None] = ContextVar("origin_cause", default=None)


def user() -> Any:
    """The person signed in to the request that is being answered, or None."""
    person = _user.get()
    return person if person is not None and person.is_authenticated else None


def cause() -> Instance | None:
    """The instance whose flow is running here, or None."""
    return _cause.get()


@contextmanager
def signed_in(person: Any) -> Iterator[None]:
    """Inside the block, saves are this person's."""
    token = _user.set(person)
    try:
        yield
    finally:
        _user.reset(token)


@contextmanager
def caused_by(instance: Instance) -> Iterator[None]:
    """Inside the block, saves are made by a flow of this instance."""
    token = _cause.set(instance)
    try:
        yield
    finally:
        _cause.reset(token)
