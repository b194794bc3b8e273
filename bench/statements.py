"""Counts what the ORM sends to the database."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection


class Statements:
    """How many statements were sent inside `counted` blocks; savepoints count, beginning and ending a transaction do not."""

    def __init__(self) -> None:
        self.count = 0

    @contextmanager
    def counted(self) -> Iterator[None]:
        """Statements of the block are counted."""
        with connection.execute_wrapper(self._count):
            yield

    def _count(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        self.count += not sql.startswith("BEGIN")
        return execute(sql, params, many, context)
