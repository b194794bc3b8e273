"""What can be read at a place: paths with the names that people give them, and their types.

Fields of records are found by their model, foreign keys followed; never a password, never what no expression could read.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.utils.text import capfirst

from orchestration.expressions.paths import NEVER_READ

DEPTH = 2
"""How many foreign keys a list follows. Deeper paths can be written, and are found, but are not proposed."""


@dataclass(frozen=True)
class Readable:
    """A value that can be read. `type` is one of `values.TYPES`, "record", "file", or "" where any value may come.

    `model` is the "app.model" of a record, `choices` the values that it can have, with their labels, `of` the "app.model" of the
    records in a list.
    """

    path: str
    label: str
    type: str = ""
    model: str = ""
    choices: tuple[tuple[str, str], ...] = ()
    of: str = ""

    @property
    def is_open(self) -> bool:
        """Whether paths may go on below it in ways that nobody knows beforehand."""
        return self.type == "" and not self.model


class Readables:
    """All that can be read at one place."""

    def __init__(self, roots: Iterable[Readable] = ()) -> None:
        self._roots = {root.path: root for root in roots}

    def __add__(self, others: Iterable[Readable]) -> "Readables":
        return Readables([*self._roots.values(), *others])

    def __iter__(self) -> Iterator[Readable]:
        return iter(self._roots.values())

    def find(self, path: str) -> Readable | None:
        """What stands at the path, however many foreign keys it follows; None when nothing can."""
        if path in self._roots:
            return self._roots[path]
        above, _dot, name = path.rpartition(".")
        parent = self.find(above) if above else None
        if parent is None or name.startswith("_"):
            return None
        if parent.model:
            return _field(parent, name)
        return Readable(path, path) if parent.is_open else None

    def all(self, depth: int = DEPTH) -> list[Readable]:
        """Everything to propose: the roots and, below records, their fields, `depth` foreign keys deep."""
        return [found for root in self._roots.values() for found in (root, *_below(root, depth))]


def fields_of(model: type[models.Model]) -> list[models.Field]:  # type: ignore[type-arg]
    """The fields that an expression can read."""
    return [field for field in model._meta.concrete_fields if _may_be_read(field)]


def type_of(field: models.Field) -> str:  # type: ignore[type-arg]
    """The type that the field's values have in an expression."""
    if field.is_relation:
        return "record"
    for kinds, name in TYPES:
        if isinstance(field, kinds):
            return name
    return "text"


TYPES: tuple[tuple[tuple[type, ...], str], ...] = (
    ((models.BooleanField,), "yes_no"),
    ((models.DateTimeField,), "datetime"),
    ((models.DateField,), "date"),
    ((models.IntegerField, models.DecimalField, models.FloatField), "number"),
    ((models.FileField,), "file"),
    ((models.JSONField,), ""),
)


def _may_be_read(field: models.Field) -> bool:  # type: ignore[type-arg]
    return field.name not in NEVER_READ and not field.name.startswith("_") and not isinstance(field, models.BinaryField)


def _field(parent: Readable, name: str) -> Readable | None:
    model = _model(parent.model)
    if model is None:
        return None
    if name == "pk":
        return Readable(f"{parent.path}.pk", f"{parent.label} › {capfirst(str(model._meta.pk.verbose_name))}", type_of(model._meta.pk))
    try:
        field = model._meta.get_field(name)
    except FieldDoesNotExist:
        return None
    if not isinstance(field, models.Field) or not field.concrete or field.many_to_many or not _may_be_read(field):
        return None
    return _readable(parent, field)


def _readable(parent: Readable, field: models.Field) -> Readable:  # type: ignore[type-arg]
    label = capfirst(str(field.verbose_name))
    if parent.path != "record":
        label = f"{parent.label} › {label}"
    found = Readable(f"{parent.path}.{field.name}", label, type_of(field))
    if field.is_relation and field.related_model is not None:
        return replace(found, model=field.related_model._meta.label_lower)
    return replace(found, choices=tuple((str(value), str(words)) for value, words in field.flatchoices))


def _below(parent: Readable, depth: int) -> Iterator[Readable]:
    model = _model(parent.model)
    if model is None:
        return
    for field in fields_of(model):
        child = _readable(parent, field)
        yield child
        if child.model and depth > 1:
            yield from _below(child, depth - 1)


def _model(label: str) -> type[models.Model] | None:
    try:
        return apps.get_model(label) if label else None
    except (LookupError, ValueError):
        return None
