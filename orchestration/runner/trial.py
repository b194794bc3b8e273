"""Tries a flow alone: on a record, with sample inputs, in a transaction that is rolled back; nothing is sent and nobody is called.

trial = try_flow(version.as_flow(), record=quote, inputs={"size": 3}, replies={"ask": {"ticket": {"id": 7}}})
trial.outputs, trial.error, trial.elements, trial.used, trial.sent
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction
from django.utils.translation import gettext as _

from orchestration import clock, expressions, flows
from orchestration.errors import Invalid, describe
from orchestration.flows import Context, Flow, FlowKind, Http, Mail, Message, Reply, Wait
from orchestration.flows.documents import AutolaunchedDocument
from orchestration.flows.documents.elements import Call
from orchestration.models import Attachment
from orchestration.reach import Reach
from orchestration.runner import checkpoints, code, interpreter, limits
from orchestration.runner.interpreter import CallOut, Done
from orchestration.runner.limits import Usage

MOST_PAUSES = 100
"""Call-outs and waits that a trial goes through."""


@dataclass(frozen=True)
class Called:
    """A call-out that would have been made, and whether a sample reply stood for the answer."""

    element: str
    endpoint: str
    method: str
    path: str
    body: Any
    is_answered: bool


@dataclass(frozen=True)
class File:
    """A document that would have been made."""

    name: str
    content: bytes


@dataclass
class Trial:
    """What came of a trial. `outputs` is None when it failed, and `error` is then its type and message."""

    outputs: dict[str, Any] | None = None
    met: bool | None = None
    facts: Sequence[expressions.Fact] = ()
    error: dict[str, Any] = field(default_factory=dict)
    answers: Invalid | None = None
    elements: list[Done] = field(default_factory=list)
    sent: Sequence[Mail | Message] = ()
    calls: list[Called] = field(default_factory=list)
    waits: list[str] = field(default_factory=list)
    files: list[File] = field(default_factory=list)
    usage: Mapping[str, float] = field(default_factory=dict)

    @property
    def is_good(self) -> bool:
        """Whether it came to its end."""
        return not self.error

    @property
    def used(self) -> list[str]:
        """What it has used, in words: “87 of 200 queries”."""
        return limits.said(self.usage)


def try_flow(
    flow: Flow,
    *,
    record: Any = None,
    inputs: Mapping[str, Any] | None = None,
    user: Any = None,
    answers: Mapping[str, Sequence[str]] | None = None,
    replies: Mapping[str, Any] | None = None,
) -> Trial:
    """Run any flow, a draft too, and leave nothing behind.

    Args:
        record: the business object that it runs about.
        inputs: sample inputs by name.
        user: as whom it runs; None: as the system itself.
        answers: for a screen flow the raw answers of all its screens.
        replies: sample replies by the name of a call-out or of a wait for a callback, of a flow in code by the name of an endpoint: the
            JSON body, or `{"status": 404, "body": …}`. A call-out without one is noted, and its outputs are null.
    """
    trial = Trial()
    usage = Usage(str(flow.label))
    context = Context(
        record=record, inputs=dict(inputs or {}), user=user, key="trial", address_of_callback=lambda: "https://callback.invalid/trial"
    )
    context.reach = Reach(user) if user is not None else None  # what lookups of a form can pick from
    try:
        with transaction.atomic():
            try:
                _try(trial, flow, context, usage, answers or {}, replies or {})
                trial.files = _files(trial)
            finally:
                transaction.set_rollback(True)
    except Invalid as invalid:
        trial.answers, trial.error = invalid, describe(invalid)
    except Exception as error:
        trial.error = describe(error)
    trial.sent, trial.usage = tuple(context.outbox), usage.figures()
    for done in trial.elements:
        done.outputs = _as_json(done.outputs)
    return trial


def _try(
    trial: Trial, flow: Flow, context: Context, usage: Usage, answers: Mapping[str, Sequence[str]], replies: Mapping[str, Any]
) -> None:
    match flow.kind:
        case FlowKind.EVALUATION:
            with usage:
                trial.met, trial.facts = flows.look(flow, context.inputs, {"record": context.record, "user": context.user})
            trial.outputs = {}
        case FlowKind.SCREEN:
            trial.outputs = code.run_screens(flow, context, answers, usage).outputs
        case _ if flow.is_built:
            trial.outputs = _try_elements(trial, flow, context, usage, replies)
        case _:
            trial.outputs = _try_code(trial, flow, context, usage, replies)


def _try_code(trial: Trial, flow: Flow, context: Context, usage: Usage, replies: Mapping[str, Any]) -> dict[str, Any]:
    if flow.network is not None:
        context.http = Http(_caller(trial, usage, replies))
        with usage:
            context.reply = flow.network(context, **flow.accepted(context.inputs))
        context.http = Http()
    result = code.run_autolaunched(flow, context, usage)
    if result.wait is not None:
        _note_wait(trial, result.wait)
    return result.outputs


def _try_elements(trial: Trial, flow: Flow, context: Context, usage: Usage, replies: Mapping[str, Any]) -> dict[str, Any]:
    checkpoint: Mapping[str, Any] = {}
    assert isinstance(flow.document, AutolaunchedDocument)
    for _pause in range(MOST_PAUSES):
        result = code.run_autolaunched(flow, context, usage, checkpoint, trial.elements)
        if result.checkpoint is None:
            return result.outputs
        element = flow.document.elements[result.checkpoint["next"]]
        if result.call is not None:
            usage.count("calls")
            checkpoint = _answer(trial, flow, element, result.call, result.checkpoint, replies)
        else:
            assert result.wait is not None
            _note_wait(trial, result.wait)
            checkpoint = interpreter.passed(flow, result.checkpoint, {"body": replies.get(element.name)})
    raise AssertionError("a document has more elements than a trial goes through")


def _answer(
    trial: Trial, flow: Flow, element: Call, call: CallOut, checkpoint: Mapping[str, Any], replies: Mapping[str, Any]
) -> dict[str, Any]:
    """Go on with the sample reply; without one, as if the other side had said nothing."""
    is_answered = element.name in replies
    trial.calls.append(Called(element.name, call.endpoint, call.method, call.path, call.body, is_answered))
    if is_answered:
        after = interpreter.answered(flow, checkpoint, _reply(replies[element.name]))
    else:
        after = interpreter.passed(flow, checkpoint, {"status": None, **dict.fromkeys(element.outputs)})
    trial.elements[-1].outputs = checkpoints.restored(after["known"]["elements"])[element.name]
    return after


def _caller(trial: Trial, usage: Usage, replies: Mapping[str, Any]) -> Any:
    def call(endpoint: str, method: str, path: str = "", *, body: Any = None, timeout: float | None = None) -> Reply:
        usage.count("calls")
        trial.calls.append(Called("", endpoint, method, path, body, endpoint in replies))
        return _reply(replies.get(endpoint, {}))

    return call


def _reply(sample: Any) -> Reply:
    match sample:
        case {"status": int(status), "body": body} if len(sample) == 2:
            return Reply(status, {}, json.dumps(body))
    return Reply(200, {}, json.dumps(sample))


def _note_wait(trial: Trial, wait: Wait) -> None:
    seconds = 0 if wait.until is None else round((wait.until - clock.now()).total_seconds())
    trial.waits.append(_("until somebody calls back") if wait.until is None else _("for %(seconds)d seconds") % {"seconds": seconds})


def _files(trial: Trial) -> list[File]:
    keys = [done.outputs["file"]["attachment"] for done in trial.elements if done.kind == "document" and "file" in done.outputs]
    return [File(kept.name, kept.read()) for kept in Attachment.objects.filter(key__in=keys).order_by("pk")]


def _as_json(outputs: Mapping[str, Any]) -> dict[str, Any]:
    shown: dict[str, Any] = json.loads(json.dumps(interpreter.as_output(outputs), cls=DjangoJSONEncoder))
    return shown
