"""Registers flows and finds them again by their stable key."""

import inspect
import typing
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.db.models import TextChoices
from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from orchestration.errors import FlowMissing
from orchestration.flows.context import Context, Wait
from orchestration.flows.screens import Screen

Function = Callable[..., Mapping[str, Any] | Wait | None]


class FlowKind(TextChoices):
    AUTOLAUNCHED = "autolaunched", _("Autolaunched flow")
    SCREEN = "screen", _("Screen flow")


@dataclass(frozen=True)
class Flow:
    """One flow in the catalogue.

    `key` is "app.function" and never changes: definitions store it. `inputs` are the typed keyword arguments of the
    function, `required` those without a default. `changes_record` says that a screen flow writes the record; then the
    person needs the permission to change it, unless the flow runs `as_system`.
    """

    key: str
    kind: FlowKind
    label: str | Promise
    function: Function
    inputs: Mapping[str, type] = field(default_factory=dict)
    required: frozenset[str] = frozenset()
    screens: Sequence[type[Screen]] = ()
    changes_record: bool = False
    as_system: bool = False

    def takes(self, name: str, value: Any) -> bool:
        """Whether `value` is of the type of the input; null always is, and an input whose type is more than a class takes anything."""
        wanted = self.inputs[name]
        return value is None or not isinstance(wanted, type) or isinstance(value, wanted)

    def screen(self, index: int, answers: Mapping[str, Sequence[str]] | None, context: Context) -> Screen:
        """The screen at `index`, bound to raw `answers` (a list of strings per field), or unbound when None."""
        form = self.screens[index]
        return form(None if answers is None else _as_query(answers), context=context)

    def drafted(self, index: int, answers: Mapping[str, Sequence[str]], context: Context) -> Screen:
        """The screen at `index` unbound, showing what a draft holds, valid or not."""
        screen = self.screen(index, None, context)
        data = _as_query(answers)
        for name, form_field in screen.fields.items():
            if name in answers:
                screen.initial[name] = form_field.widget.value_from_datadict(data, {}, name)
        return screen


_catalogue: dict[str, Flow] = {}


def autolaunched_flow(
    function: Function | None = None, *, label: str | Promise = "", changes_record: bool = False, as_system: bool = False
) -> Any:
    """Register a function as a flow that a background step runs.

    The function takes the Context and its inputs as typed keyword-only arguments; it returns a mapping of outputs (JSON
    values) or None. It raises Failure, or anything else, when it cannot do its work. With `changes_record` the person that the step
    runs as needs the permission to change the record, unless the flow runs `as_system`.
    """

    def register(function: Function) -> Function:
        return _register(function, FlowKind.AUTOLAUNCHED, label, changes_record=changes_record, as_system=as_system)

    return register(function) if function else register


def screen_flow(
    *,
    screens: Sequence[type[Screen]],
    label: str | Promise = "",
    changes_record: bool = False,
    as_system: bool = False,
) -> Callable[[Function], Function]:
    """Register a list of forms, and the function that is called once with the cleaned answers of all of them.

    The function takes the Context and a mapping of answers; what it returns are the step's outputs. Field names are
    unique across the screens.
    """

    def register(function: Function) -> Function:
        names = [name for form in screens for name in form.base_fields]
        if doubled := {name for name in names if names.count(name) > 1}:
            raise ImproperlyConfigured(f"{function.__name__}: two screens have a field {sorted(doubled)}.")
        return _register(function, FlowKind.SCREEN, label, screens=screens, changes_record=changes_record, as_system=as_system)

    return register


def get(key: str) -> Flow:
    """The flow with this key; raises FlowMissing."""
    try:
        return _catalogue[key]
    except KeyError:
        raise FlowMissing(key) from None


def all_flows() -> Iterable[Flow]:
    """The whole catalogue, by key."""
    return [_catalogue[key] for key in sorted(_catalogue)]


def _register(function: Function, kind: FlowKind, label: str | Promise, **options: Any) -> Function:
    app = function.__module__.split(".flows")[0].rpartition(".")[2]
    key = f"{app}.{function.__name__}"
    known = _catalogue.get(key)
    if known and known.function.__module__ != function.__module__:
        raise ImproperlyConfigured(f"Two flows are called {key}: rename one of the functions.")
    types = typing.get_type_hints(function)
    inputs = {p.name: p for p in inspect.signature(function).parameters.values() if p.kind is inspect.Parameter.KEYWORD_ONLY}
    _catalogue[key] = Flow(
        key=key,
        kind=kind,
        label=label or function.__name__.replace("_", " ").capitalize(),
        function=function,
        inputs={name: types.get(name, object) for name in inputs},
        required=frozenset(name for name, p in inputs.items() if p.default is inspect.Parameter.empty),
        **options,
    )
    return function


def _as_query(answers: Mapping[str, Sequence[str]]) -> QueryDict:
    data = QueryDict(mutable=True)
    for name, values in answers.items():
        data.setlist(name, list(values))
    return data
