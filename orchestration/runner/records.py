"""The elements that touch business records: create, update, find. What a flow may write is asked again each time it writes."""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.core.exceptions import FieldError, ValidationError
from django.db import models
from django.db.models import Model, Q, QuerySet
from django.utils.translation import gettext as _

from orchestration import access
from orchestration.errors import Fault
from orchestration.flows import documents
from orchestration.flows.documents.elements import Requirement
from orchestration.models.records import model_label, model_named

MOST_UPDATED = 1000
"""Records that one element may change; the limits of the attempt come besides."""

CLOSED_TO_FINDING = frozenset({"sessions", "admin", "contenttypes", "guardian", "orchestration"})
"""Apps whose rows no flow looks for: sessions, rights, secrets."""


def named(value: Any, label: str, user: Any) -> Model:
    """The record of the model that `value` is, or names by model and key, if `user` may see it (None: the system itself sees all).

    Raises Fault when it is of another model, or there is none.
    """
    model = _model(label)
    if isinstance(value, Model):
        if model_label(value) != model_label(model):
            raise Fault(_("“%(record)s” is no record of %(model)s.") % {"record": value, "model": label}, kind="input")
        return value
    if value["model"] != model_label(model):
        raise Fault(_("%(value).100r names no record of %(model)s.") % {"value": value, "model": label}, kind="input")
    visible: QuerySet[Any] = access.records_for(user, model) if user is not None else model._default_manager.all()
    try:
        found: Model | None = visible.filter(pk=value["id"]).first()
    except (ValueError, TypeError, ValidationError):
        found = None
    if found is None:
        raise Fault(_("The record “%(record)s” is gone.") % {"record": value.get("label") or value["id"]}, kind="record_gone")
    return found


def create(label: str, values: Mapping[str, Any], user: Any) -> Model:
    """Make a record of the model with these values, as `user` (None: the system itself), and save it.

    Raises Fault when flows may not write it or its validation refuses it.
    """
    model = _model(label)
    _refuse_unwritable(label, values)
    if user is not None and not access.may_add_record(user, model):
        raise Fault(_("%(user)s may not add records of %(model)s.") % {"user": user, "model": label}, kind="permission")
    record = model()
    _set(record, values)
    _refuse_invalid(record, exclude=None)
    record.save()
    return record


def update(found: Any, values: Mapping[str, Any], user: Any) -> int:
    """Give one record, or each of a list, these values; returns how many there were.

    Raises Fault when there is no record, flows may not write it, `user` may not change it, or its validation refuses it.
    """
    records = [found] if not isinstance(found, list | tuple) else found
    if any(not isinstance(record, Model) for record in records):
        raise Fault(_("There is no record to update: %(found).100r.") % {"found": found}, kind="record_gone")
    if len(records) > MOST_UPDATED:
        raise Fault(_("One element updates at most %(most)d records, not %(count)d.") % {"most": MOST_UPDATED, "count": len(records)})
    for record in records:
        _update_one(record, values, user)
    return len(records)


def _update_one(record: Model, values: Mapping[str, Any], user: Any) -> None:
    _refuse_unwritable(model_label(record), values)
    if user is not None and not access.may_change_record(user, record):
        raise Fault(_("%(user)s may not change “%(record)s”.") % {"user": user, "record": record}, kind="permission")
    if not record._meta.model._base_manager.filter(pk=record.pk).exists():
        raise Fault(_("The record “%(record)s” is gone.") % {"record": record}, kind="record_gone")
    _set(record, values)
    _refuse_invalid(record, exclude={field.name for field in record._meta.fields if field.name not in values})
    touched = {field.name for field in record._meta.concrete_fields if getattr(field, "auto_now", False)}
    record.save(update_fields={*values, *touched})


def find(label: str, where: Sequence[tuple[Requirement, Any]], *, logic: str, order: Sequence[str], most: int, user: Any) -> list[Model]:
    """The records for which the requirements hold, of those that `user` may see (None: the system itself sees all).

    Raises Fault when flows may not look there, or a requirement cannot be asked of the database.
    """
    model = _model(label)
    if model._meta.app_label in CLOSED_TO_FINDING:
        raise Fault(_("Flows do not look for %(model)s.") % {"model": label}, kind="permission")
    paths = [row.field for row, _value in where] + [name.removeprefix("-") for name in order]
    for path in paths:
        if message := documents.why_no_field(path, model, path.split(".")):
            raise Fault(message, kind="expression")
    visible: QuerySet[Any] = access.records_for(user, model) if user is not None else model._default_manager.all()
    try:
        asked = [_asked(model, row, value) for row, value in where]
        query = Q()
        for each in asked:
            query = query & each if logic == "all" else query | each
        return list(visible.filter(query).order_by(*(order or ["pk"]))[:most])
    except (FieldError, ValidationError, ValueError, TypeError) as error:
        raise Fault(_("The records cannot be looked for: %(error)s") % {"error": error}, kind="expression") from error


def _compared(lookup: str) -> Callable[[str, Any], Q]:
    """A comparison; one with null is never met, as in every condition (R3.9)."""
    return lambda field, value: NOTHING if value is None else Q(**{f"{field}__{lookup}": value})


def _one_of(field: str, value: Any) -> Q:
    if not isinstance(value, list | tuple):
        raise Fault(_("“one of” compares with a list."), kind="expression")
    return Q(**{f"{field}__in": [each for each in value if each is not None]})


def _not_equals(field: str, value: Any) -> Q:
    return NOTHING if value is None else ~Q(**{field: value}) & Q(**{f"{field}__isnull": False})


NOTHING = Q(pk__in=[])

OPERATIONS: Mapping[str, Callable[[str, Any], Q]] = {
    "equals": _compared("exact"),
    "not_equals": _not_equals,
    "less": _compared("lt"),
    "less_or_equal": _compared("lte"),
    "greater": _compared("gt"),
    "greater_or_equal": _compared("gte"),
    "one_of": _one_of,
    "contains": _compared("icontains"),
    "starts_with": _compared("istartswith"),
    "ends_with": _compared("iendswith"),
}
"""Operators of requirements as questions to the database; those that ask for emptiness depend on the field."""


def _asked(model: type[Model], row: Requirement, value: Any) -> Q:
    path = row.field.replace(".", "__")
    if row.operator not in ("is_empty", "is_not_empty"):
        return OPERATIONS[row.operator](path, value)
    empty = Q(**{f"{path}__isnull": True})
    if _is_text(model, row.field.split(".")):
        empty |= Q(**{path: ""})
    return empty if row.operator == "is_empty" else ~empty


def _is_text(model: Any, names: Sequence[str]) -> bool:
    for name in names[:-1]:
        model = model._meta.get_field(name).related_model
    return names[-1] != "pk" and isinstance(model._meta.get_field(names[-1]), models.CharField | models.TextField)


def _model(label: str) -> type[Model]:
    model = model_named(label)
    if model is None:
        raise Fault(_("No installed app has a model “%(model)s”.") % {"model": label}, kind="model_missing")
    return model


def _refuse_unwritable(label: str, values: Mapping[str, Any]) -> None:
    for name in values:
        if message := documents.why_not_write(label, name):
            raise Fault(message, kind="permission")


def _set(record: Model, values: Mapping[str, Any]) -> None:
    for name, value in values.items():
        field = record._meta.get_field(name)
        setattr(record, field.attname if field.is_relation else name, _fitting(field, value))  # type: ignore[union-attr]


def _fitting(field: Any, value: Any) -> Any:
    """A value as the field takes it: the key of a record, plain numbers for JSON, nothing for null in a text."""
    if field.is_relation:
        return _key_for(field, value)
    if isinstance(value, Model):
        raise Fault(_("“%(field)s” takes a value, not the record “%(value)s”.") % {"field": field.name, "value": value}, kind="input")
    if isinstance(value, str) and "\0" in value:
        raise Fault(_("A text holds a character that cannot be stored."), kind="input")
    if isinstance(field, models.JSONField):
        return _as_json(value)
    if value is None and not field.null and field.empty_strings_allowed:
        return ""
    if isinstance(field, models.CharField | models.TextField) and isinstance(value, Decimal):
        return f"{value:f}"
    return value


def _key_for(field: Any, value: Any) -> Any:
    wanted = field.related_model._meta.concrete_model
    if isinstance(value, Model):
        if not isinstance(value, wanted):
            raise Fault(
                _("“%(field)s” takes a record of another model than “%(value)s”.") % {"field": field.name, "value": value}, kind="input"
            )
        return value.pk
    if isinstance(value, Mapping):
        if value.get("model") != wanted._meta.label_lower:
            raise Fault(_("“%(field)s” takes a record of another model.") % {"field": field.name}, kind="input")
        return value.get("id")
    return value


def _as_json(value: Any) -> Any:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, Mapping):
        return {name: _as_json(inner) for name, inner in value.items()}
    return [_as_json(inner) for inner in value] if isinstance(value, list | tuple) else value


def _refuse_invalid(record: Model, exclude: set[str] | None) -> None:
    """Raise Fault with what the model's own validation says. A number with a fraction where none fits is refused, not rounded."""
    name = record._meta.verbose_name
    try:
        record.full_clean(exclude=exclude)
    except ValidationError as error:
        raise Fault(
            _("This %(name)s cannot be saved: %(problems)s") % {"name": name, "problems": _said(error)}, kind="validation"
        ) from error
    except (TypeError, ValueError, OverflowError) as error:
        raise Fault(_("This %(name)s cannot be saved: %(problems)s") % {"name": name, "problems": error}, kind="validation") from error


def _said(error: ValidationError) -> str:
    if not hasattr(error, "error_dict"):
        return " ".join(error.messages)
    return " ".join(f"{name}: {' '.join(messages)}".removeprefix("__all__: ") for name, messages in error.message_dict.items())
