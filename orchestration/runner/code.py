"""Runs a flow: checks what goes in, calls its function or performs its elements, checks what comes out."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.utils.translation import gettext as _

from orchestration import conf
from orchestration.errors import Failure, Fault, Invalid
from orchestration.flows import Context, Flow, Mail, Wait
from orchestration.runner import interpreter
from orchestration.runner.interpreter import CallOut, Pause


@dataclass(frozen=True)
class Result:
    """What a flow returned: JSON `outputs` or a `wait`, and the `mails` to send once its step is committed.

    A built flow that has only come to a pause has a `checkpoint` at which it goes on, after its `call` was answered or its wait is over.
    """

    outputs: dict[str, Any]
    mails: Sequence[Mail]
    wait: Wait | None = None
    checkpoint: Mapping[str, Any] | None = None
    call: CallOut | None = None


def run_autolaunched(flow: Flow, context: Context, checkpoint: Mapping[str, Any] | None = None) -> Result:
    """Run an autolaunched flow with the context's inputs; a built one from its checkpoint on, if it has one.

    Raises Fault when an input is missing, unknown or of the wrong type, or the outputs are no JSON or too large;
    and whatever the flow raises.
    """
    if flow.document is not None:
        return _result(flow, interpreter.perform(flow, context, checkpoint), context)
    assert flow.function is not None
    return _result(flow, flow.function(context, **flow.accepted(context.inputs)), context)


def run_screens(flow: Flow, context: Context, answers: Mapping[str, Sequence[str]]) -> Result:
    """Check the raw answers of all screens, then run the screen flow with the cleaned ones.

    Raises Invalid with the first screen that has errors, or with what the flow itself refuses.
    """
    cleaned: dict[str, Any] = {}
    for index in range(len(flow.screens)):
        screen = flow.screen(index, answers, context)
        if not screen.is_valid():
            errors = {name: [str(message) for message in messages] for name, messages in screen.errors.items()}
            raise Invalid(_("Some answers are missing or cannot be taken."), screen=index, errors=errors)
        cleaned.update(screen.cleaned_data)
    assert flow.function is not None
    try:
        return _result(flow, flow.function(context, cleaned), context)
    except Failure as failure:
        last = len(flow.screens) - 1
        raise Invalid(failure, screen=last, errors={"__all__": [str(failure)]}) from failure


def _result(flow: Flow, returned: Any, context: Context) -> Result:
    if isinstance(returned, Wait):
        return Result({}, tuple(context.mails), returned)
    if isinstance(returned, Pause):
        return Result({}, tuple(context.mails), returned.wait, returned.checkpoint, returned.call)
    if returned is not None and not isinstance(returned, Mapping):
        raise Fault(_("“%(flow)s” returned no mapping of outputs.") % {"flow": flow.label}, kind="output")
    try:
        text = json.dumps(dict(returned or {}), cls=DjangoJSONEncoder, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise Fault(
            _("An output of “%(flow)s” cannot be stored: %(error)s") % {"flow": flow.label, "error": error},
            kind="output",
        ) from error
    size, limit = len(text.encode()), conf.OUTPUT_BYTES
    if size > limit:
        raise Fault(
            _("The outputs of “%(flow)s” are %(size)d bytes; the limit is %(limit)d.") % {"flow": flow.label, "size": size, "limit": limit},
            kind="output",
        )
    return Result(outputs=json.loads(text), mails=tuple(context.mails))
