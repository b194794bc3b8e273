"""Reads a path such as `record.manager.email` or `steps.collect.outputs.size` from the facts of an instance.

Paths follow fields and foreign keys only: no call, no underscore name, no manager, no settings.
"""

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import FieldDoesNotExist, ObjectDoesNotExist
from django.db.models import Model
from django.utils.translation import gettext as _

from orchestration.errors import ExpressionError

Scope = Mapping[str, Any]

NEVER_READ = frozenset({"password"})
"""Fields that no definition may read, of whatever model."""


class Known(dict[str, Any]):
    """A mapping that has all the names there are: any other is a mistake, not something that is not there yet."""


def read(path: str, scope: Scope) -> Any:
    """The value at `path` in `scope`; null where a step of the path is null or an output is not there yet.

    Raises ExpressionError when the path names something that does not exist.
    """
    first, *rest = path.split(".")
    if first not in scope:
        raise ExpressionError(
            _("“%(path)s”: there is no “%(name)s” here. Known: %(known)s.")
            % {"path": path, "name": first, "known": ", ".join(sorted(scope))}
        )
    value = scope[first]
    for name in rest:
        value = _follow(value, name, path)
    return value


def _follow(value: Any, name: str, path: str) -> Any:
    if value is None:
        return None
    if isinstance(value, Mapping):
        if isinstance(value, Known) and name not in value:
            raise _no_such(name, path)
        return value.get(name)
    if isinstance(value, Model) and not name.startswith("_"):
        return _field(value, name, path)
    raise _no_such(name, path)


def _field(record: Model, name: str, path: str) -> Any:
    if name == "pk":
        return record.pk
    try:
        field = record._meta.get_field(name)
    except FieldDoesNotExist:
        raise _no_such(name, path) from None
    if not field.concrete or field.many_to_many or name in NEVER_READ:
        raise _no_such(name, path)
    try:
        return getattr(record, field.name)
    except ObjectDoesNotExist:
        return None


def _no_such(name: str, path: str) -> ExpressionError:
    return ExpressionError(_("“%(path)s”: there is no field “%(name)s”.") % {"path": path, "name": name})
