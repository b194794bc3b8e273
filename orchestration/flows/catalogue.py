"""Registers flows and finds them again by their stable key: those in code, and those built without code, which stand on shelves."""

import contextvars
import inspect
import typing
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property
from typing import Any, Protocol

from django.core.exceptions import ImproperlyConfigured
from django.db import connection, transaction
from django.db.models import TextChoices
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from orchestration import clock, expressions, values
from orchestration.errors import ExpressionError, Fault, FlowMissing, Invalid
from orchestration.expressions import Known, Scope
from orchestration.flows.built_screens import BuiltScreens
from orchestration.flows.context import Context, Wait
from orchestration.flows.documents import AnyDocument, EvaluationDocument, ScreenDocument
from orchestration.flows.screens import Screen, Screens

Function = Callable[..., Mapping[str, Any] | Wait | bool | None]

BUILT = "site"
"""The first half of the keys of flows that are built without code, as `site.quote_approval`."""

MOST_EVALUATIONS = 5
"""Evaluation flows that may look at each other in a chain."""

TYPE_OF: Mapping[Any, str] = {
    str: "text",
    int: "number",
    float: "number",
    Decimal: "number",
    bool: "yes_no",
    date: "date",
    datetime: "datetime",
    list: "list",
}
"""What an annotation of a function's argument is called where inputs are declared."""


class FlowKind(TextChoices):
    AUTOLAUNCHED = "autolaunched", _("Autolaunched flow")
    SCREEN = "screen", _("Screen flow")
    EVALUATION = "evaluation", _("Evaluation flow")


@dataclass(frozen=True)
class Flow:
    """One flow in the catalogue.

    `key` is "app.function", or "site.name" of one that was built without code, and never changes: definitions store it. A flow has a
    `function`, or a `document` and the `version` (a key of FlowVersion) that it is of. `inputs` are its typed inputs, `required` those
    without a default, and `declared` both in the words of `orchestration.values`. `outputs` are the names of its outputs, None where only
    running it tells. `changes_record` says that it writes the record; then the person needs the permission to change it, unless the
    flow runs `as_system`. `network` is the part of a flow in code that talks to the network, and comes first, with no transaction open
    (R4.3).
    """

    key: str
    kind: FlowKind
    label: str | Promise
    function: Function | None = None
    inputs: Mapping[str, type] = field(default_factory=dict)
    required: frozenset[str] = frozenset()
    screens: Sequence[type[Screen]] = ()
    changes_record: bool = False
    as_system: bool = False
    network: Function | None = None
    declared: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    outputs: frozenset[str] | None = None
    document: AnyDocument | None = None
    version: int | None = None
    number: int | None = None

    @property
    def is_built(self) -> bool:
        """Whether it was built without code."""
        return self.document is not None

    def takes(self, name: str, value: Any) -> bool:
        """Whether `value` is of the type of the input; null always is, and an input whose type is more than a class takes anything."""
        if self.is_built:
            return value is None or values.is_of(self.declared[name]["type"], value)
        wanted = self.inputs[name]
        return value is None or not isinstance(wanted, type) or isinstance(value, wanted)

    def accepted(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """The given inputs as the flow takes them. Raises Fault that names what is missing, unknown or of the wrong type."""
        if self.is_built:
            try:
                return values.typed(self.declared, values.accepted(self.declared, _as_json(given)))
            except Invalid as invalid:
                raise Fault(_("“%(flow)s”: %(problems)s") % {"flow": self.label, "problems": invalid}, kind="input") from invalid
        if unknown := sorted(set(given) - set(self.inputs)):
            raise Fault(_("“%(flow)s” has no input %(names)s.") % {"flow": self.label, "names": unknown}, kind="input")
        for name in sorted(self.required):
            if given.get(name) is None:
                raise Fault(_("“%(flow)s” needs a value for “%(name)s”.") % {"flow": self.label, "name": name}, kind="input")
        for name, value in given.items():
            self._refuse_other_type(name, value)
        return dict(given)

    def _refuse_other_type(self, name: str, value: Any) -> None:
        wanted = self.inputs[name]
        if isinstance(wanted, type) and value is not None and not isinstance(value, wanted):
            raise Fault(
                _("“%(flow)s” takes %(wanted)s as “%(name)s”, not %(value)r.")
                % {"flow": self.label, "wanted": wanted.__name__, "name": name, "value": value},
                kind="input",
            )

    @cached_property
    def form(self) -> Screens:
        """The screens of a screen flow, to be filled in."""
        return BuiltScreens(self.document) if isinstance(self.document, ScreenDocument) else Screens(self.screens)


_catalogue: dict[str, Flow] = {}


def autolaunched_flow(
    function: Function | None = None,
    *,
    label: str | Promise = "",
    changes_record: bool = False,
    as_system: bool = False,
    network: Callable[..., Any] | None = None,
) -> Any:
    """Register a function as a flow that a background step runs.

    The function takes the Context and its inputs as typed keyword-only arguments; it returns a mapping of outputs (JSON
    values) or None. It raises Failure, or anything else, when it cannot do its work. With `changes_record` the person that the step
    runs as needs the permission to change the record, unless the flow runs `as_system`.

    `network` is a function that takes the same and is called before: it may use `context.http`, and writes nothing. What it returns is
    `context.reply` when the flow itself is called.
    """

    def register(function: Function) -> Function:
        options = {"changes_record": changes_record, "as_system": as_system, "network": network}
        return _register(function, FlowKind.AUTOLAUNCHED, label, **options)

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


def evaluation_flow(function: Function | None = None, *, label: str | Promise = "") -> Any:
    """Register a function as a flow that a condition can ask: `{"flow": "app.function", "inputs": {…}}`.

    The function takes the Context (record, user, inputs) and its inputs as typed keyword-only arguments, and returns a Boolean; nothing
    returned counts as false. It changes nothing.
    """

    def register(function: Function) -> Function:
        return _register(function, FlowKind.EVALUATION, label)

    return register(function) if function else register


class Shelf(Protocol):
    """Where flows stand that are not in code."""

    def find(self, key: str, version: int | None) -> Flow | None:
        """The flow with this key: of the version with that number in its table, or of the active one; None when there is none here."""

    def all(self) -> Iterable[Flow]:
        """All that have an active version."""


_shelves: list[Shelf] = []


def add_shelf(shelf: Shelf) -> None:
    """Let flows be found on this shelf too."""
    _shelves.append(shelf)


def get(key: str, version: int | None = None) -> Flow:
    """The flow with this key, of a built one the version with this key, or the active one. Raises FlowMissing."""
    if key in _catalogue:
        return _catalogue[key]
    found = next((flow for shelf in _shelves if (flow := shelf.find(key, version)) is not None), None)
    if found is None:
        raise FlowMissing(key)
    return found


def pinned(key: str) -> int | None:
    """The version that a step which begins now stays with: of a built flow the active one, of one in code None. Raises FlowMissing."""
    return get(key).version if key.startswith(f"{BUILT}.") else None


def in_code() -> Iterable[Flow]:
    """The flows that are written in code, by key."""
    return [_catalogue[key] for key in sorted(_catalogue)]


def all_flows() -> Iterable[Flow]:
    """The whole catalogue, by key; of built flows those that have an active version."""
    return sorted([*_catalogue.values(), *(flow for shelf in _shelves for flow in shelf.all())], key=lambda flow: flow.key)


_chain: contextvars.ContextVar[tuple[str, ...]] = contextvars.ContextVar("evaluation flows that are being looked at", default=())


def evaluate(key: str, inputs: Mapping[str, Any], scope: Scope) -> tuple[bool, Sequence[expressions.Fact]]:
    """Look at an evaluation flow: whether it holds, and the tests that decided it. Raises ExpressionError when it cannot be looked at."""
    chain = _chain.get()
    if len(chain) >= MOST_EVALUATIONS:
        raise ExpressionError(
            _("More than %(most)d evaluation flows ask each other: %(chain)s.") % {"most": MOST_EVALUATIONS, "chain": chain}
        )
    reset = _chain.set((*chain, key))
    try:
        return look(get(key), inputs, scope)
    except ExpressionError:
        raise
    except Fault as fault:
        raise ExpressionError(str(fault)) from fault
    finally:
        _chain.reset(reset)


def look(flow: Flow, inputs: Mapping[str, Any], scope: Scope) -> tuple[bool, Sequence[expressions.Fact]]:
    """Look at this evaluation flow. Raises Fault when it cannot be looked at."""
    if flow.kind != FlowKind.EVALUATION:
        raise Fault(_("“%(flow)s” is no evaluation flow.") % {"flow": flow.label})
    accepted = flow.accepted(inputs)
    record, user = scope.get("record"), scope.get("user")
    if isinstance(flow.document, EvaluationDocument):
        now = scope.get("now") or clock.now()
        known = {"record": record, "user": user, "inputs": Known(accepted), "now": now, "today": timezone.localdate(now)}
        verdict = expressions.condition(flow.document.condition).look(known)
        return verdict.met, [expressions.Fact(**fact) for fact in verdict.facts]
    assert flow.function is not None
    try:
        # Whatever it tries is undone to here, so that the transaction of those who look can go on.
        with transaction.atomic() if connection.in_atomic_block else nullcontext():
            found = flow.function(Context(record=record, inputs=accepted, user=user), **accepted)
    except Exception as error:
        raise Fault(_("“%(flow)s” failed: %(error)s") % {"flow": flow.label, "error": error}) from error
    if found is not None and not isinstance(found, bool):
        raise Fault(_("“%(flow)s” returned %(found)r: neither yes nor no.") % {"flow": flow.label, "found": found})
    return bool(found), ()


expressions.evaluate_flows_by(evaluate)


def _register(function: Function, kind: FlowKind, label: str | Promise, **options: Any) -> Function:
    app = function.__module__.split(".flows")[0].rpartition(".")[2]
    key = f"{app}.{function.__name__}"
    known = _catalogue.get(key)
    if known and known.function and known.function.__module__ != function.__module__:
        raise ImproperlyConfigured(f"Two flows are called {key}: rename one of the functions.")
    if app == BUILT:
        raise ImproperlyConfigured(f"{key}: keys that begin with “{BUILT}” are of flows built without code. Label the app otherwise.")
    types = typing.get_type_hints(function)
    inputs = {p.name: p for p in inspect.signature(function).parameters.values() if p.kind is inspect.Parameter.KEYWORD_ONLY}
    _catalogue[key] = Flow(
        key=key,
        kind=kind,
        label=label or function.__name__.replace("_", " ").capitalize(),
        function=function,
        inputs={name: types.get(name, object) for name in inputs},
        required=frozenset(name for name, p in inputs.items() if p.default is inspect.Parameter.empty),
        declared={name: _declaration(types.get(name), p) for name, p in inputs.items()},
        **options,
    )
    return function


def _declaration(annotation: Any, parameter: inspect.Parameter) -> dict[str, Any]:
    """An argument in the words of `orchestration.values`; one of a type that they do not have is given as a text."""
    required = parameter.default is inspect.Parameter.empty
    of_optional = [inner for inner in typing.get_args(annotation) if inner is not type(None)]
    wanted = of_optional[0] if len(of_optional) == 1 and typing.get_origin(annotation) is not list else annotation
    kind = TYPE_OF.get(typing.get_origin(wanted) or wanted, "text")
    return {"type": kind, "required": required} | ({} if required or parameter.default is None else {"default": parameter.default})


def _as_json(given: Mapping[str, Any]) -> dict[str, Any]:
    """Inputs as their declarations look at them: a field of a record may give a value of a class of its own."""
    return {name: str(value) if isinstance(value, Promise) else value for name, value in given.items()}
