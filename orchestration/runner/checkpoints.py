"""What a flow knows between two of its segments, as JSON: variables, outputs of elements, records by their keys.

Each value is kept with its type before it, so that nothing that came from outside (a reply, a callback) can be taken for a record.
"""

import json
from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Model
from django.utils.translation import gettext as _

from orchestration import conf, values
from orchestration.errors import Fault
from orchestration.expressions import Known
from orchestration.models.records import model_label, model_named


def kept(value: Any) -> Any:
    """The value as JSON. Raises Fault when it cannot be kept."""
    match value:
        case str() if values.is_storable(value):
            return str(value)
        case None | bool() | int():
            return value
        case Model():
            return ["record", model_label(value), str(value.pk)]
        case Decimal():
            return ["number", str(value)]
        case float():
            return ["number", str(Decimal(str(value)))]
        case datetime():
            return ["datetime", value.isoformat()]
        case date():
            return ["date", value.isoformat()]
        case timedelta():
            return ["seconds", value.total_seconds()]
        case Mapping():
            return ["known" if isinstance(value, Known) else "mapping", {name: kept(inner) for name, inner in value.items()}]
        case list() | tuple():
            return ["list", [kept(inner) for inner in value]]
    raise Fault(_("%(value).100r cannot be kept until the flow goes on.") % {"value": value}, kind="checkpoint")


def restored(whole: Any) -> Any:
    """What was kept; each record as it is now, None when it is gone."""
    keys: dict[str, set[str]] = {}
    for label, key in _records_in(whole):
        keys.setdefault(label, set()).add(key)
    return _restored(whole, {label: _by_key(label, wanted) for label, wanted in keys.items()})


def refuse_too_large(checkpoint: Mapping[str, Any]) -> None:
    """Raise Fault when a checkpoint is larger than the outputs of a step may be."""
    size = len(json.dumps(checkpoint).encode())
    if size > conf.OUTPUT_BYTES:
        names = {"size": size, "limit": conf.OUTPUT_BYTES}
        raise Fault(_("What the flow has to remember is %(size)d bytes; the limit is %(limit)d.") % names, kind="limit")


def _records_in(whole: Any) -> Iterator[tuple[str, str]]:
    match whole:
        case ["record", label, key]:
            yield label, key
        case ["list", [*parts]]:
            for part in parts:
                yield from _records_in(part)
        case ["known" | "mapping", dict(parts)]:
            for part in parts.values():
                yield from _records_in(part)


def _by_key(label: str, keys: set[str]) -> Mapping[str, Any]:
    model = model_named(label)
    return {} if model is None else {str(record.pk): record for record in model._default_manager.filter(pk__in=keys)}


def _restored(whole: Any, records: Mapping[str, Mapping[str, Any]]) -> Any:
    match whole:
        case ["record", label, key]:
            return records[label].get(key)
        case ["number", text]:
            return Decimal(text)
        case ["datetime", text]:
            return datetime.fromisoformat(text)
        case ["date", text]:
            return date.fromisoformat(text)
        case ["seconds", seconds]:
            return timedelta(seconds=seconds)
        case ["known", parts]:
            return Known({name: _restored(part, records) for name, part in parts.items()})
        case ["mapping", parts]:
            return {name: _restored(part, records) for name, part in parts.items()}
        case ["list", parts]:
            return [_restored(part, records) for part in parts]
    return whole
