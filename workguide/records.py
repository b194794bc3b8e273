"""Which models have a record page, and what it shows. An app says so in its own `records.py`:

records.register(Employee, fields=["name", "manager"], list_fields=["name"], form_fields=["name", "manager"])
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import reduce
from operator import or_
from typing import Any

from django.contrib.auth.models import AbstractUser
from django.core.exceptions import FieldDoesNotExist
from django.db.models import ForeignKey, Model, Q, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format, localize
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from orchestration.models import placement
from orchestration.models.instances import name_of
from orchestration.models.records import model_label


@dataclass(frozen=True)
class Fact:
    """One labelled value of a record, with the address of what it points to when that has a page."""

    label: str
    value: Any
    url: str = ""


@dataclass(frozen=True)
class RecordPage:
    """What the pages of one model show. `related` names reverse relations whose records are listed on the page."""

    model: type[Model]
    fields: Sequence[str]
    list_fields: Sequence[str]
    form_fields: Sequence[str]
    search_fields: Sequence[str]
    related: Sequence[str]

    @property
    def label(self) -> str:
        """The "app.model" in addresses."""
        return model_label(self.model)

    @property
    def name(self) -> str:
        """What one record is called, capitalised."""
        return capfirst(str(self.model._meta.verbose_name))

    @property
    def plural(self) -> str:
        """What several are called, capitalised."""
        return capfirst(str(self.model._meta.verbose_name_plural))

    def headings(self) -> list[str]:
        """The labels of the list's columns."""
        return [self.label_of(name) for name in self.list_fields]

    def label_of(self, name: str) -> str:
        """How people call a field, or a method that is shown as one."""
        try:
            return capfirst(str(getattr(self.model._meta.get_field(name), "verbose_name", name)))
        except FieldDoesNotExist:
            return capfirst(str(getattr(getattr(self.model, name), "short_description", name.replace("_", " "))))

    def facts(self, record: Model, names: Iterable[str] | None = None) -> list[Fact]:
        """The record's values, by default all that its page shows."""
        return [_fact(self.label_of(name), record, name) for name in (names or self.fields)]

    def row(self, record: Model) -> list[Fact]:
        """The record's values in the list."""
        return self.facts(record, self.list_fields)

    def with_related(self, records: QuerySet[Any], names: Iterable[str]) -> QuerySet[Any]:
        """The records with what `names` point to, so that a list costs one query however long it is."""
        keys = {field.name for field in self.model._meta.concrete_fields if isinstance(field, ForeignKey)}
        return records.select_related(*keys.intersection(names)) if keys.intersection(names) else records

    def search(self, records: QuerySet[Any], words: str) -> QuerySet[Any]:
        """Those records in whose search fields each of the words is found."""
        for word in words.split()[:8]:
            records = records.filter(reduce(or_, (Q(**{f"{name}__icontains": word}) for name in self.search_fields)))
        return records

    def relations(self, record: Model) -> list[tuple[str, list[Any]]]:
        """What is listed below the record: a heading and its records, for each relation that has some."""
        found = []
        for name in self.related:
            records = list(getattr(record, name).all()[:20])
            if records:
                found.append((capfirst(str(records[0]._meta.verbose_name_plural)), records))
        return found


_pages: dict[str, RecordPage] = {}


def register(
    model: type[Model],
    *,
    fields: Sequence[str],
    list_fields: Sequence[str] = (),
    form_fields: Sequence[str] = (),
    search_fields: Sequence[str] = (),
    related: Sequence[str] = (),
) -> None:
    """Give a model record pages. Without `form_fields` records cannot be added or edited there."""
    _pages[model_label(model)] = RecordPage(model, fields, list_fields or fields[:4], form_fields, search_fields, related)


def page_for(model: str | Model | type[Model]) -> RecordPage | None:
    """The pages of a model, given as "app.model", as a record or as the class; None when it has none."""
    return _pages.get(model if isinstance(model, str) else model_label(model))


def pages() -> list[RecordPage]:
    """All models that have pages, in the order of their registration."""
    return list(_pages.values())


def url_of(record: Any) -> str:
    """The address of the record's page; empty when its model has none."""
    if not isinstance(record, Model) or page_for(record) is None:
        return ""
    return reverse("workguide:record", args=[model_label(record), record.pk])


def _fact(label: str, record: Model, name: str) -> Fact:
    shown = getattr(record, f"get_{name}_display", None)
    value = shown() if shown else getattr(record, name)
    if callable(value):
        value = value()
    return Fact(label, in_words(value), url_of(value))


def in_words(value: Any) -> Any:
    """A value as people read it."""
    if isinstance(value, datetime):
        return date_format(timezone.localtime(value), "j F Y, H:i")
    if isinstance(value, date):
        return date_format(value, "j F Y")
    if isinstance(value, AbstractUser):
        return name_of(value)
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    return localize(value)


placement.has_record_page.append(lambda label: page_for(label) is not None)
