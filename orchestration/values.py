"""The types of inputs, variables and outputs: what a value of each looks like as JSON, and in an expression."""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from django.db.models import Model
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.timezone import is_aware
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from orchestration.errors import Invalid


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError
    return value


def _number(value: Any) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise ValueError
    number = Decimal(str(value))
    if not number.is_finite():
        raise ValueError
    return number


def _yes_no(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError
    return value


def _date(value: Any) -> date:
    found = parse_date(value) if isinstance(value, str) else value
    if not isinstance(found, date) or isinstance(found, datetime):
        raise ValueError
    return found


def _datetime(value: Any) -> datetime:
    found = parse_datetime(value) if isinstance(value, str) else value
    if not isinstance(found, datetime) or not is_aware(found):
        raise ValueError
    return found


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise ValueError
    return value


def _record(value: Any) -> Any:
    if not (isinstance(value, Model) or (isinstance(value, Mapping) and {"model", "id"} <= value.keys())):
        raise ValueError
    return value


def _file(value: Any) -> Any:
    if not (isinstance(value, Mapping) and {"attachment", "name"} <= value.keys()):
        raise ValueError
    return value


TYPES: Mapping[str, tuple[Any, Callable[[Any], Any]]] = {
    "text": (gettext_lazy("text"), _text),
    "number": (gettext_lazy("number"), _number),
    "yes_no": (gettext_lazy("yes or no"), _yes_no),
    "date": (gettext_lazy("date, as 2026-12-31"), _date),
    "datetime": (gettext_lazy("date and time with zone, as 2026-12-31T12:00:00Z"), _datetime),
    "list": (gettext_lazy("list"), _list),
    "record": (gettext_lazy("record"), _record),
    "file": (gettext_lazy("file"), _file),
}
"""Each type: how people call it, and the function that takes a value for it or raises ValueError."""

SETTINGS = frozenset({"type", "required", "default", "label", "model"})
"""What a declaration says of a name; `model` is for records."""


def problems_of(declared: Any) -> list[str]:
    """What is wrong with a declaration: `{name: {"type": …, "required": bool, "default": …}}`."""
    if not isinstance(declared, Mapping):
        return [_("The declaration is no mapping of names.")]
    found = []
    for name, about in declared.items():
        if not (isinstance(name, str) and name.isascii() and name.isidentifier() and not name.startswith("_")):
            found.append(_("“%(name)s” is no name: use letters, digits and underscores.") % {"name": name})
        elif not isinstance(about, Mapping) or not _is_typed(about) or set(about) - SETTINGS:
            found.append(_("“%(name)s” needs a type: %(types)s.") % {"name": name, "types": ", ".join(TYPES)})
        elif about["type"] == "record" and not isinstance(about.get("model"), str):
            found.append(_("“%(name)s” needs the model of its record, as app.model.") % {"name": name})
        elif about.get("default") is not None and not is_of(about["type"], about["default"]):
            found.append(_("The default of “%(name)s” is no %(type)s.") % {"name": name, "type": TYPES[about["type"]][0]})
    return found


def _is_typed(about: Mapping[str, Any]) -> bool:
    return isinstance(about.get("type"), str) and about["type"] in TYPES


def accepted(declared: Mapping[str, Mapping[str, Any]], given: Mapping[str, Any]) -> dict[str, Any]:
    """The given values with the declared defaults. Raises Invalid that names each missing, unknown or wrongly typed one."""
    errors: dict[str, list[str]] = {}
    for name in given.keys() - declared.keys():
        errors[name] = [_("There is no such input.")]
    values = {}
    for name, about in declared.items():
        value = given.get(name)
        value = about.get("default") if value is None else value
        if value is None and about.get("required"):
            errors[name] = [_("A value is missing.")]
        elif value is not None and not is_of(about["type"], value):
            errors[name] = [_("This is no %(type)s.") % {"type": TYPES[about["type"]][0]}]
        values[name] = value
    if errors:
        said = " ".join(f"{name}: {messages[0]}" for name, messages in sorted(errors.items()))
        raise Invalid(said, errors=errors)
    return values


def typed(declared: Mapping[str, Mapping[str, Any]], stored: Mapping[str, Any]) -> dict[str, Any]:
    """Stored JSON values in the types that expressions know."""
    return {name: None if (value := stored.get(name)) is None else _typed(about["type"], value) for name, about in declared.items()}


def _typed(kind: str, value: Any) -> Any:
    if kind == "number" and isinstance(value, str):  # JSON keeps a Decimal exactly only as text
        return Decimal(value)
    return TYPES[kind][1](value)


def is_storable(value: Any) -> bool:
    """Whether PostgreSQL can keep the texts in a JSON value: without its one forbidden character, and without halves of characters."""
    if isinstance(value, str):
        return "\0" not in value and not any("\ud800" <= sign <= "\udfff" for sign in value)
    if isinstance(value, Mapping):
        return all(is_storable(name) and is_storable(inner) for name, inner in value.items())
    return not isinstance(value, list | tuple) or all(map(is_storable, value))


def is_of(kind: str, value: Any) -> bool:
    """Whether the value is of this type."""
    try:
        TYPES[kind][1](value)
    except (ValueError, InvalidOperation):
        return False
    return True
