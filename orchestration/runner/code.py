"""Runs a flow that is written in code."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.utils.translation import gettext as _

from orchestration import outside
from orchestration.errors import Failure, Fault, Invalid
from orchestration.flows import Context, Flow, Http, Mail, Message, Reply, Wait
from orchestration.runner import limits
from orchestration.runner.limits import Usage


@dataclass(frozen=True)
class Result:
    """What a flow returned: JSON `outputs` or a `wait`; the `outbox` to send once its step is committed; and what it has used."""

    outputs: dict[str, Any]
    outbox: Sequence[Mail | Message]
    wait: Wait | None = None
    usage: Mapping[str, float] = field(default_factory=dict)


def ask_network(flow: Flow, context: Context, usage: Usage) -> Any:
    """Call the flow's network part, with no transaction open and every write refused; what it returns is to be the `reply` (R4.3).

    Raises Fault as `run_autolaunched` does, and whatever the flow raises.
    """
    assert flow.network is not None
    _check_inputs(flow, context.inputs)
    context.http = Http(_counted_calls(context, usage))
    usage.read_only = True
    try:
        with usage:
            return flow.network(context, **context.inputs)
    finally:
        usage.read_only = False


def run_autolaunched(flow: Flow, context: Context, usage: Usage | None = None) -> Result:
    """Run an autolaunched flow with the context's inputs; `usage` is what its attempt has used before.

    Raises Fault when an input is missing, unknown or of the wrong type, a limit is passed, or the outputs are no JSON;
    and whatever the flow raises.
    """
    usage = usage or Usage(str(flow.label))
    _check_inputs(flow, context.inputs)
    context.count = usage.count
    with usage:
        returned = flow.function(context, **context.inputs)
    return _result(flow, returned, context, usage)


def run_screens(flow: Flow, context: Context, answers: Mapping[str, Sequence[str]]) -> Result:
    """Check the raw answers of all screens, then run the screen flow with the cleaned ones.

    Raises Invalid with the first screen that has errors, or with what the flow itself refuses.
    """
    usage = Usage(str(flow.label))
    context.count = usage.count
    try:
        with usage:
            cleaned = _cleaned(flow, context, answers)
            returned = flow.function(context, cleaned)
        return _result(flow, returned, context, usage)
    except (Failure, Fault) as failure:
        if isinstance(failure, Fault) and failure.kind != "limit":
            raise
        last = len(flow.screens) - 1
        raise Invalid(failure, screen=last, errors={"__all__": [str(failure)]}) from failure


def _cleaned(flow: Flow, context: Context, answers: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    cleaned: dict[str, Any] = {}
    for index in range(len(flow.screens)):
        screen = flow.screen(index, answers, context)
        if not screen.is_valid():
            errors = {name: [str(message) for message in messages] for name, messages in screen.errors.items()}
            raise Invalid(_("Some answers are missing or cannot be taken."), screen=index, errors=errors)
        cleaned.update(screen.cleaned_data)
    return cleaned


def _counted_calls(context: Context, usage: Usage) -> Any:
    """What calls an endpoint for the flow: counted, and each call under a key of its own that is the same for each attempt."""

    def call(endpoint: str, method: str, path: str = "", **options: Any) -> Reply:
        usage.count("calls")
        return outside.call(endpoint, method, path, key=f"{context.key}-call-{usage.calls}", **options)

    return call


def _check_inputs(flow: Flow, inputs: Mapping[str, Any]) -> None:
    if unknown := sorted(set(inputs) - set(flow.inputs)):
        raise Fault(_("“%(flow)s” has no input %(names)s.") % {"flow": flow.label, "names": unknown}, kind="input")
    for name in sorted(flow.required):
        if inputs.get(name) is None:
            raise Fault(_("“%(flow)s” needs a value for “%(name)s”.") % {"flow": flow.label, "name": name}, kind="input")
    for name, value in inputs.items():
        wanted = flow.inputs[name]
        if isinstance(wanted, type) and value is not None and not isinstance(value, wanted):
            raise Fault(
                _("“%(flow)s” takes %(wanted)s as “%(name)s”, not %(value)r.")
                % {"flow": flow.label, "wanted": wanted.__name__, "name": name, "value": value},
                kind="input",
            )
    if inputs:
        size = len(json.dumps(inputs, default=str).encode())  # records are counted by their names
        if size > limits.most("input"):
            raise limits.fault("input", size, str(flow.label))


def _result(flow: Flow, returned: Any, context: Context, usage: Usage) -> Result:
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
    if (size := len(text.encode())) > limits.most("output"):
        raise limits.fault("output", size, str(flow.label))
    return Result(json.loads(text), tuple(context.outbox), None, usage.figures())
