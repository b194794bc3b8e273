"""What is wrong with what a document speaks of: names that are not there, fields that the site does not let flows write."""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist
from django.utils.translation import gettext as _

from orchestration import conf
from orchestration.flows.documents.elements import (
    SEGMENTING,
    Assign,
    AutolaunchedDocument,
    Call,
    Create,
    Find,
    Loop,
    Run,
    Slack,
    Start,
    Update,
    Wait,
    walk,
)
from orchestration.flows.documents.parts import installed_model, no_model
from orchestration.flows.documents.reading import Use, names_everywhere, readable, uses, why_no_field, why_not_read
from orchestration.flows.documents.screens import Field, ScreenDocument, items_of
from orchestration.flows.documents.shape import AnyDocument

NEVER_WRITTEN = frozenset({"password", "is_superuser", "is_staff", "is_active", "groups", "user_permissions", "last_login"})
"""Fields that no flow writes, whatever the site allows."""

CLOSED_APPS = frozenset({"auth", "contenttypes", "sessions", "admin", "guardian", "orchestration"})
"""Apps whose models no flow writes, whatever the site allows: rights, sessions, and the engine's own rows."""


@dataclass(frozen=True)
class Problem:
    """What keeps a document from being activated: where, what, and how to mend it."""

    place: str
    message: str

    def __str__(self) -> str:
        return f"{self.place}: {self.message}" if self.place else self.message


@dataclass(frozen=True)
class Surroundings:
    """What there is on this site: the endpoints and the orchestrations that flows may name, and for a flow's key what is wrong with running
    it from this one ("" for nothing). None: not looked at."""

    endpoints: Mapping[str, str] | None = None
    orchestrations: Collection[str] | None = None
    why_not_run: Callable[[Run], str] | None = None
    why_not_evaluate: Callable[[Mapping[str, Any]], str] | None = None


def problems(document: AnyDocument, around: Surroundings | None = None) -> list[Problem]:
    """Everything that is wrong with what the document speaks of, all at once."""
    found = [problem for use in uses(document) for problem in _problems_of_use(use, around or Surroundings())]
    if document.record_model and installed_model(document.record_model) is None:
        found.append(Problem("record_model", no_model(document.record_model)))
    if isinstance(document, ScreenDocument):
        found += _problems_of_screens(document)
    elif isinstance(document, AutolaunchedDocument):
        callbacks = [place for place, element, _depth in walk(document.elements) if isinstance(element, Wait) and element.callback]
        found += [Problem(place, _("A flow waits for a callback once: it has one address.")) for place in callbacks[1:]]
        for place, element, depth in walk(document.elements):
            found += _problems_of_element(document, place, element, depth, around or Surroundings())
    return found


def _problems_of_use(use: Use, around: Surroundings) -> Iterator[Problem]:
    for path in sorted(use.reads):
        if message := why_not_read(path, use.names):
            yield Problem(use.place, message)
    if use.kind == "condition" and "flow" in use.what and around.why_not_evaluate and (message := around.why_not_evaluate(use.what)):
        yield Problem(use.place, message)


def _problems_of_screens(document: ScreenDocument) -> Iterator[Problem]:
    for place, item in (
        (place, item) for n, screen in enumerate(document.screens) for place, item in items_of(screen.items, f"screens.{n}.items")
    ):
        if isinstance(item, Field) and item.type == "record" and installed_model(item.model) is None:
            yield Problem(f"{place}.model", no_model(item.model))
    for name in document.writes:
        if not document.record_model:
            yield Problem("record_model", _("Name the model of the record, because this flow writes it."))
            return
        if message := why_not_write(document.record_model, name):
            yield Problem(f"writes.{name}", message)


def _problems_of_element(document: AutolaunchedDocument, place: str, element: Any, depth: int, around: Surroundings) -> Iterator[Problem]:
    if depth > 1 and isinstance(element, SEGMENTING):
        yield Problem(place, _("A call-out or a wait stands at the top level of the flow, not inside another element."))
    match element:
        case Assign():
            for name in sorted(element.set.keys() - document.variables.keys()):
                yield Problem(f"{place}.set.{name}", _("There is no variable “%(name)s”. Declare it first.") % {"name": name})
        case Create():
            yield from _problems_of_values(place, element.model, element.values)
        case Update():
            word = _word_of(document, place, element.records)
            _kind, _colon, label = word.partition(":")
            if label:
                yield from _problems_of_values(place, label, element.values)
        case Find():
            yield from _problems_of_find(place, element)
        case Loop():
            if element.each in {*names_everywhere(document), "elements"}:
                yield Problem(f"{place}.as", _("“%(name)s” already means something else here.") % {"name": element.each})
        case Slack() | Call():
            wanted = "slack" if isinstance(element, Slack) else "http"
            if around.endpoints is not None and around.endpoints.get(element.endpoint) != wanted:
                yield Problem(
                    f"{place}.endpoint",
                    _("There is no endpoint “%(name)s” of the kind %(kind)s.") % {"name": element.endpoint, "kind": wanted},
                )
        case Start():
            if around.orchestrations is not None and element.orchestration not in around.orchestrations:
                yield Problem(
                    f"{place}.orchestration", _("There is no autolaunched orchestration “%(name)s”.") % {"name": element.orchestration}
                )
        case Run():
            if around.why_not_run is not None and (message := around.why_not_run(element)):
                yield Problem(f"{place}.flow", message)


def _word_of(document: AutolaunchedDocument, place: str, source: Mapping[str, Any]) -> str:
    """The type of what a path reads at a place, as far as it is known."""
    below: Any = readable(document, place)
    for name in str(source.get("path", "")).split("."):
        below = below.get(name, "open") if isinstance(below, Mapping) else "open"
    return below if isinstance(below, str) else "open"


def _problems_of_values(place: str, label: str, given: Mapping[str, Any]) -> Iterator[Problem]:
    for name in given:
        if message := why_not_write(label, name):
            yield Problem(f"{place}.values.{name}", message)


def _problems_of_find(place: str, element: Find) -> Iterator[Problem]:
    model = installed_model(element.model)
    if model is None:
        yield Problem(f"{place}.model", no_model(element.model))
        return
    for number, row in enumerate(element.where):
        if message := why_no_field(row.field, model, row.field.split(".")):
            yield Problem(f"{place}.where.{number}.field", message)
    for number, name in enumerate(element.order):
        if message := why_no_field(name, model, [name.removeprefix("-")]):
            yield Problem(f"{place}.order.{number}", message)


def why_not_write_any(label: str) -> str:
    """Why flows may write nothing of this model; "" when the site lets them write something."""
    model = installed_model(label)
    if model is None:
        return no_model(label)
    if model._meta.app_label in CLOSED_APPS or _allowed(label) is None:
        return _("This site does not let flows write %(model)s. Its setting ORCHESTRATION_WRITABLE says what they may.") % {"model": label}
    return ""


def why_not_write(label: str, name: str) -> str:
    """Why flows may not write this field of this model; "" when the site lets them. Asked at save and again when it happens."""
    if message := why_not_write_any(label):
        return message
    model, allowed = apps.get_model(label), _allowed(label)
    try:
        field = model._meta.get_field(name)
    except FieldDoesNotExist:
        return _("%(model)s has no field “%(name)s”.") % {"model": label, "name": name}
    closed = name in NEVER_WRITTEN or not field.concrete or field.many_to_many or field.primary_key or not field.editable
    if closed or not (allowed == "*" or name in (allowed or ())):
        return _("This site does not let flows write “%(name)s” of %(model)s.") % {"name": name, "model": label}
    return ""


def _allowed(label: str) -> Any:
    return {known.lower(): fields for known, fields in conf.WRITABLE.items()}.get(label.lower())
