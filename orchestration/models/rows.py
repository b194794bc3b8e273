"""Reads and writes rows by statements whose text is composed once and then kept; PostgreSQL also keeps what it has planned for them.

Django composes the SQL of a queryset anew at each call, which takes several times as long as the database takes to answer. That
matters nowhere but where a worker passes at every step; there, and in `move()`, rows go through here. Values are converted by the
fields themselves, so a row means the same whichever way it was written.
"""

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from functools import cached_property, lru_cache
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections, models

try:
    import psycopg
except ImportError:  # a site on SQLite alone need not have it
    psycopg = None  # type: ignore[assignment]

Convert = Callable[[Any], Any]

TAKEN_AS_THEY_ARE = (models.CharField, models.TextField, models.IntegerField, models.ForeignKey)
"""Fields whose values every driver takes as a row's object has them."""


def _database() -> Any:
    return connections[DEFAULT_DB_ALIAS]


class Columns:
    """Some fields of a model as they stand in a SELECT or RETURNING list, and the object that an answer becomes.

    `names` are the fields to read; those left out are fetched when they are asked for. `alias` is the table's name in the statement.
    """

    def __init__(self, model: type[models.Model], alias: str, names: Iterable[str]) -> None:
        self._model = model
        self._fields: list[Any] = [model._meta.get_field(name) for name in names]
        self._attnames = [field.attname for field in self._fields]
        self.sql = ", ".join(f"{alias}.{field.column}" for field in self._fields)
        self.count = len(self._fields)

    def row(self, values: Sequence[Any]) -> Any:
        """The object of which these are the values."""
        return self._model.from_db(DEFAULT_DB_ALIAS, self._attnames, self._as_the_fields_have_them(values))

    def renew(self, row: models.Model, values: Sequence[Any]) -> None:
        """Give these values to an object that is there already."""
        for name, value in zip(self._attnames, self._as_the_fields_have_them(values), strict=True):
            setattr(row, name, value)

    def _as_the_fields_have_them(self, values: Sequence[Any]) -> list[Any]:
        converted = list(values)
        for place, convert in self._converted:
            converted[place] = convert(converted[place])
        return converted

    @cached_property
    def _converted(self) -> list[tuple[int, Convert]]:
        """Which of the values are not yet what the field's are, and how they become it."""
        found = ((place, _converter(field)) for place, field in enumerate(self._fields))
        return [(place, convert) for place, convert in found if convert is not None]


def _converter(field: Any) -> Convert | None:
    database, column = _database(), field.get_col(field.model._meta.db_table)
    known = [*database.ops.get_db_converters(column), *column.get_db_converters(database)]

    def convert(value: Any) -> Any:
        for each in known:
            value = each(value, column, database)
        return value

    return convert if known else None


def objects(parts: Sequence[Columns], values: Sequence[Any]) -> list[Any]:
    """The objects in one answer to a statement that asked for several kinds of columns, one kind after the other."""
    found, start = [], 0
    for part in parts:
        found.append(part.row(values[start : start + part.count]))
        start += part.count
    return found


def fetch(sql: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
    """What the statement answers."""
    with _cursor() as cursor:
        cursor.execute(sql, values)
        found: list[tuple[Any, ...]] = cursor.fetchall()
    return found


def update(row: models.Model, columns: Iterable[str], **expected: Any) -> bool:
    """Write these columns of one row as the object has them, if the row is still as `expected`. Returns whether it was."""
    names = tuple(columns)
    sql, changes, guards = _update(type(row), names, tuple(expected))
    values = [*_values(changes, row), row.pk]
    if expected:
        values += [value if prepare is None else prepare(value) for (_name, prepare), value in zip(guards, expected.values(), strict=True)]
    with _cursor() as cursor:
        cursor.execute(sql, values)
        return bool(cursor.rowcount == 1)


def insert(model: type[models.Model], rows: Sequence[Any], *, with_keys: bool = True, **computed: tuple[str, Sequence[Any]]) -> None:
    """Insert new rows by one statement, in their order. They are objects of the model, or others that have its columns.

    `with_keys`: each object is told its key. `computed`: fields whose value is a query, given with its values; the objects are told it.
    """
    if not rows:
        return
    if with_keys and not _database().features.can_return_rows_from_bulk_insert:
        _insert_one_by_one(rows, computed)
        return
    fields = _columns(model)
    table = [[getattr(row, name) for name, _prepare in fields] for row in rows]
    literals = tuple(_literal(column) for column in zip(*table, strict=True))
    sql = _insert(model, len(rows), with_keys, literals, tuple((name, query) for name, (query, _values) in computed.items()))
    values: list[Any] = []
    for row_values in table:
        for (name, prepare), literal, value in zip(fields, literals, row_values, strict=True):
            if name in computed:
                values += computed[name][1]
            elif literal is None:
                values.append(value if prepare is None else prepare(value))
    with _cursor() as cursor:
        cursor.execute(sql, values)
        answers = cursor.fetchall() if with_keys else ()
    for row, answer in zip(rows, answers, strict=with_keys):
        row._state.adding, row._state.db = False, DEFAULT_DB_ALIAS
        for name, value in zip(("pk", *computed), answer, strict=True):
            setattr(row, name, value)


def prepared(model: type[models.Model], names: Iterable[str]) -> list[Convert]:
    """For each of these fields, what makes a value of it what the database's driver takes."""
    return [prepare or _as_it_is for _name, prepare in _fields(model, names)]


# Statements ----------------------------------------------------------------------------------------------------------

Fields = list[tuple[str, Convert | None]]


@lru_cache(maxsize=512)
def _update(model: type[models.Model], names: tuple[str, ...], expected: tuple[str, ...]) -> tuple[str, Fields, Fields]:
    columns = {name: model._meta.get_field(name).column for name in (*names, *expected)}  # type: ignore[union-attr]
    changes = ", ".join(f"{columns[name]} = %s" for name in names)
    guards = "".join(f" AND {columns[name]} = %s" for name in expected)
    return f'UPDATE "{model._meta.db_table}" SET {changes} WHERE id = %s{guards}', _fields(model, names), _fields(model, expected)  # noqa: S608


@lru_cache(maxsize=512)
def _insert(
    model: type[models.Model], count: int, with_keys: bool, literals: tuple[str | None, ...], computed: tuple[tuple[str, str], ...]
) -> str:
    queries, fields = dict(computed), [field for field in model._meta.concrete_fields if not field.primary_key]
    pairs = zip(fields, literals, strict=True)
    values = (f"({queries[field.name]})" if field.name in queries else literal or "%s" for field, literal in pairs)
    row, names = f"({', '.join(values)})", ", ".join(str(field.column) for field in fields)
    returning = f" RETURNING {', '.join(['id', *queries])}" if with_keys else ""
    return f'INSERT INTO "{model._meta.db_table}" ({names}) VALUES {", ".join([row] * count)}{returning}'  # noqa: S608


@lru_cache(maxsize=512)
def _columns(model: type[models.Model]) -> Fields:
    return _fields(model, [field.name for field in model._meta.concrete_fields if not field.primary_key])


def _fields(model: type[models.Model], names: Iterable[str]) -> Fields:
    fields: list[Any] = [model._meta.get_field(name) for name in names]
    known = (*TAKEN_AS_THEY_ARE, models.DateTimeField) if _database().vendor == "postgresql" else TAKEN_AS_THEY_ARE
    return [(field.attname, None if isinstance(field, known) else _preparing(field)) for field in fields]


def _preparing(field: Any) -> Convert:
    return lambda value: field.get_db_prep_save(value, _database())


def _values(fields: Fields, row: Any) -> list[Any]:
    return [getattr(row, name) if prepare is None else prepare(getattr(row, name)) for name, prepare in fields]


def _literal(column: Sequence[Any]) -> str | None:
    """What stands for the values of a column that is empty in all rows, as most are: drivers take their time over each value."""
    first, *others = column
    for empty, literal in ((None, "NULL"), ("", "''"), ({}, "'{}'")):
        if first is empty or (first == empty and type(first) is type(empty)):
            return literal if all(other == first for other in others) else None
    return None


def _as_it_is(value: Any) -> Any:
    return value


def _insert_one_by_one(rows: Sequence[Any], computed: dict[str, tuple[str, Sequence[Any]]]) -> None:
    """For a SQLite that is too old to return keys."""
    for row in rows:
        for name, (query, values) in computed.items():
            setattr(row, name, fetch(query, values)[0][0])
        row.save(force_insert=True)


def _cursor() -> AbstractContextManager[Any]:
    """A cursor of Django's; on PostgreSQL one whose statements the server can keep (the option `prepare_threshold`), as its own cannot."""
    database = _database()
    database.ensure_connection()
    cursor: AbstractContextManager[Any] = (
        database.make_cursor(psycopg.Cursor(database.connection)) if database.vendor == "postgresql" and psycopg else database.cursor()
    )
    return cursor
