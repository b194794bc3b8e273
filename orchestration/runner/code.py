"""Runs a flow: checks what goes in, calls its function or performs its elements, checks what comes out."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.utils.translation import gettext as _

import orchestration.runner.interpreter as interpreter
import orchestration.runner.limits as limits
from orchestration import outside, values
from orchestration.errors import Failure, Fault, Invalid
from orchestration.flows import Context, Flow, Http, Mail, Message, Reply, Screen, Wait
from orchestration.flows.built_screens import BuiltFilling
from orchestration.flows.screens import Filling
from orchestration.runner.forms import finish
from orchestration.runner.interpreter import CallOut, Done, Pause
from orchestration.runner.limits import Usage

UNSTORABLE = re.compile(r"\\u(?:0000|[dD][89a-fA-F])")
"""How JSON writes what PostgreSQL cannot keep; it may be there by another meaning too, so that the values are looked at then."""


@dataclass(frozen=True)
class Result:
    """What a flow returned: JSON `outputs` or a `wait`; the `outbox` to send once its step is committed; and what it has used.

    A built flow that has only come to a pause has a `checkpoint` at which it goes on, after its `call` was answered or its wait is over.
    `answers` are those of a screen flow that count.
    """

    outputs: dict[str, Any]
    outbox: Sequence[Mail | Message]
    wait: Wait | None = None
    usage: Mapping[str, float] = field(default_factory=dict)
    checkpoint: Mapping[str, Any] | None = None
    call: CallOut | None = None
    answers: Mapping[str, Sequence[str]] = field(default_factory=dict)


def ask_network(flow: Flow, context: Context, usage: Usage) -> Any:
    """Call the flow's network part, with no transaction open and every write refused; what it returns is to be the `reply` (R4.3).

    Raises Fault as `run_autolaunched` does, and whatever the flow raises.
    """
    assert flow.network is not None
    inputs = _accepted(flow, context.inputs)
    context.http = Http(_counted_calls(context, usage))
    usage.read_only = True
    try:
        with usage:
            return flow.network(context, **inputs)
    finally:
        usage.read_only = False


def call_out(flow: Flow, call: CallOut, checkpoint: Mapping[str, Any], usage: Usage) -> dict[str, Any]:
    """Ask what a built flow has come to, with no transaction open: the checkpoint at which it goes on with the reply (R4.3).

    Raises Unavailable when trying again may help, Fault when it will not.
    """
    usage.read_only = True
    try:
        with usage:
            usage.count("calls")
            reply = outside.call(call.endpoint, call.method, call.path, body=call.body, key=call.key, timeout=call.timeout)
            return interpreter.answered(flow, checkpoint, reply)
    finally:
        usage.read_only = False


def run_autolaunched(
    flow: Flow,
    context: Context,
    usage: Usage | None = None,
    checkpoint: Mapping[str, Any] | None = None,
    seen: list[Done] | None = None,
) -> Result:
    """Run an autolaunched flow with the context's inputs; `usage` is what its attempt has used before, `checkpoint` where a built flow
    goes on, `seen` is told of each of its elements.

    Raises Fault when an input is missing, unknown or of the wrong type, a limit is passed, or the outputs are no JSON;
    and whatever the flow raises.
    """
    usage = usage or Usage(str(flow.label))
    inputs = _accepted(flow, context.inputs)
    context.count = usage.count
    with usage:
        if flow.document is not None:
            returned: Any = interpreter.perform(flow, context, checkpoint, seen=seen)
        else:
            assert flow.function is not None
            returned = flow.function(context, **inputs)
    return _result(flow, returned, context, usage)


def run_screens(flow: Flow, context: Context, answers: Mapping[str, Sequence[str]], usage: Usage | None = None) -> Result:
    """Check the raw answers of all screens, then run the screen flow with the cleaned ones.

    Raises Invalid with the first screen that has errors, or with what the flow itself refuses.
    """
    usage = usage or Usage(str(flow.label))
    context.count = usage.count
    try:
        with usage:
            filling = flow.form.fill(answers, context, final=True)
            cleaned = _cleaned(flow, filling)
            returned: Any = finish(flow, filling, cleaned) if isinstance(filling, BuiltFilling) else _call(flow, context, cleaned)
        return replace(_result(flow, returned, context, usage), answers=filling.kept())
    except (Failure, Fault) as failure:
        raise Invalid(failure, screen=len(flow.form) - 1, errors={"__all__": [str(failure)]}) from failure


def _cleaned(flow: Flow, filling: Filling) -> dict[str, Any]:
    """The answers to all that is asked, checked; and how the flow is ended, where there are several ways."""
    cleaned: dict[str, Any] = {}
    for place in filling.places:
        cleaned |= _checked(filling.bound(place), place)
    decision = filling.decision(bound=True)
    return cleaned if decision is None else cleaned | _checked(decision, len(flow.form))


def _checked(screen: Screen, place: int) -> dict[str, Any]:
    if not screen.is_valid():
        errors = {name: [str(message) for message in messages] for name, messages in screen.errors.items()}
        raise Invalid(_("Some answers are missing or cannot be taken."), screen=place, errors=errors)
    return screen.cleaned_data


def _call(flow: Flow, context: Context, answers: Mapping[str, Any]) -> Any:
    assert flow.function is not None
    return flow.function(context, answers)


def _counted_calls(context: Context, usage: Usage) -> Any:
    """What calls an endpoint for the flow: counted, and each call under a key of its own that is the same for each attempt."""

    def call(endpoint: str, method: str, path: str = "", **options: Any) -> Reply:
        usage.count("calls")
        return outside.call(endpoint, method, path, key=f"{context.key}-call-{usage.calls}", **options)

    return call


def _accepted(flow: Flow, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """The inputs as the flow takes them. Raises Fault when they are not what it takes, or too large."""
    accepted = flow.accepted(inputs)
    if inputs:
        size = len(json.dumps(inputs, default=str).encode())  # records are counted by their names
        if size > limits.most("input"):
            raise limits.fault("input", size, str(flow.label))
    return accepted


def _result(flow: Flow, returned: Any, context: Context, usage: Usage) -> Result:
    if isinstance(returned, Pause):
        return Result({}, tuple(context.outbox), returned.wait, usage.figures(), returned.checkpoint, returned.call)
    if isinstance(returned, Wait):
        return Result({}, tuple(context.outbox), returned, usage.figures())
    if returned is not None and not isinstance(returned, Mapping):
        raise Fault(_("“%(flow)s” returned no mapping of outputs.") % {"flow": flow.label}, kind="output")
    try:
        text = json.dumps(dict(returned or {}), cls=DjangoJSONEncoder, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise Fault(
            _("An output of “%(flow)s” cannot be stored: %(error)s") % {"flow": flow.label, "error": error},
            kind="output",
        ) from error
    outputs = json.loads(text)
    if UNSTORABLE.search(text) and not values.is_storable(outputs):
        raise Fault(_("An output of “%(flow)s” holds a character that cannot be stored.") % {"flow": flow.label}, kind="output")
    if (size := len(text.encode())) > limits.most("output"):
        raise limits.fault("output", size, str(flow.label))
    return Result(outputs, tuple(context.outbox), None, usage.figures())
