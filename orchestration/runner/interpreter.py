"""Runs an autolaunched flow that is built without code: its elements, one after the other.

    perform(flow, context)            # its outputs, or a Pause: a call-out or a wait stands in the way
    perform(flow, context, pause.checkpoint)

Read `perform` first. What an element does is a function in ELEMENTS, by its kind. All of a segment, from one pause to the next, happens in
one transaction; the engine keeps the checkpoint, and asks the network when none is open (R4.3).
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from datetime import time as midnight
from decimal import Decimal
from typing import Any
from urllib.parse import quote

from django.db import connection
from django.db.models import Model
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.translation import gettext as _

import orchestration.runner.checkpoints as checkpoints
import orchestration.runner.records as records
from orchestration import access, clock, dispatch, expressions, flows, origin, outside, values
from orchestration.errors import Failure, Fault, Invalid, Unavailable
from orchestration.expressions import Known
from orchestration.expressions.tree import number
from orchestration.flows import Context, Flow, FlowKind, Reply
from orchestration.flows import Wait as ToWait
from orchestration.flows.documents import AutolaunchedDocument, sources_in, walk
from orchestration.flows.documents import elements as parts
from orchestration.models import Orchestration, StartRequest
from orchestration.models.definitions import StartType

MOST_TURNS = 1000
"""Turns of one loop."""

MOST_DONE = 10_000
"""Elements that one segment may do, those in loops counted each time."""

PATIENCE = frozenset({408, 425, 429})
"""Answers below 500 that ask to try again later."""

DEEPEST_RUNS = 5
"""Flows that may run each other in a chain."""


@dataclass(frozen=True)
class CallOut:
    """What is to be asked over the network while no transaction is open. `key` is the same for each attempt."""

    endpoint: str
    method: str
    path: str
    body: Any
    timeout: int
    key: str


@dataclass(frozen=True)
class Pause:
    """The flow has not ended: it wants a reply, or it waits. `checkpoint` is where it goes on, as JSON."""

    checkpoint: dict[str, Any]
    call: CallOut | None = None
    wait: ToWait | None = None


@dataclass
class Done:
    """What became of one element, for whoever tries the flow. Elements in loops are there once for each turn."""

    name: str
    kind: str
    label: str
    outputs: Mapping[str, Any] = field(default_factory=dict)
    error: str = ""
    queries: int = 0
    seconds: float = 0.0


@dataclass
class Work:
    """One segment of one flow: what its elements can read and change. `seen` is told of each element, when somebody wants to know."""

    flow: Flow
    context: Context
    scope: dict[str, Any]
    depth: int = 0
    seen: list[Done] | None = None
    done: int = 0

    def value(self, source: Mapping[str, Any]) -> Any:
        """The value of a source now."""
        return expressions.value_of(source, self.scope)

    def text(self, text: str, escape: Callable[[str], str] = str) -> str:
        """A text with its values."""
        return expressions.text(text).filled(self.scope, escape)

    def values(self, sources: Mapping[str, Any]) -> dict[str, Any]:
        """The values of several sources."""
        return {name: self.value(source) for name, source in sources.items()}


Outputs = Mapping[str, Any] | None


def perform(
    flow: Flow,
    context: Context,
    checkpoint: Mapping[str, Any] | None = None,
    *,
    depth: int = 0,
    seen: list[Done] | None = None,
) -> Mapping[str, Any] | Pause:
    """Do the elements of the flow, from the beginning or from a checkpoint: returns the outputs, or the pause that it has come to.

    Raises Fault when something cannot be carried out, Failure when an element says so, and whatever the database raises.
    """
    document = flow.document
    assert isinstance(document, AutolaunchedDocument)
    work = Work(flow, context, _scope(flow, document, context, checkpoint or {}), depth, seen)
    first = int((checkpoint or {}).get("next", 0))
    for place, element in enumerate(document.elements[first:], start=first):
        if isinstance(element, parts.SEGMENTING):
            pause = _pause(work, element, place, checkpoint or {})
            if pause is not None:
                return pause
        else:
            _do(work, element)
    return {name: as_output(work.value(source)) for name, source in document.outputs.items()}


def answered(flow: Flow, checkpoint: Mapping[str, Any], reply: Reply) -> dict[str, Any]:
    """The checkpoint after the call-out that it stands before was answered.

    Raises Unavailable when the other side asks for patience, Fault when it refuses, or the reply has not what is mapped from it.
    """
    document = flow.document
    assert isinstance(document, AutolaunchedDocument)
    element = document.elements[checkpoint["next"]]
    assert isinstance(element, parts.Call)
    with _named(element):
        outputs = {"status": Decimal(reply.status)} | _mapped_outputs(element, reply)
    return passed(flow, checkpoint, outputs)


def passed(flow: Flow, checkpoint: Mapping[str, Any], outputs: Mapping[str, Any]) -> dict[str, Any]:
    """The checkpoint after the call-out or the wait that it stands before is over, with these outputs of it."""
    document = flow.document
    assert isinstance(document, AutolaunchedDocument)
    name = document.elements[checkpoint["next"]].name
    tag, done = checkpoint["known"]["elements"]
    known = {**checkpoint["known"], "elements": [tag, {**done, name: checkpoints.kept(Known(outputs))}]}
    after = {"next": checkpoint["next"] + 1, "known": known}
    checkpoints.refuse_too_large(after)
    return after


# Walking -------------------------------------------------------------------------------------------------------------


def _scope(flow: Flow, document: AutolaunchedDocument, context: Context, checkpoint: Mapping[str, Any]) -> dict[str, Any]:
    now = clock.now()
    defaults = {name: about.get("default") for name, about in document.variables.items()}
    done = checkpoints.restored(["known", checkpoint["known"]]) if checkpoint else None
    names = [element.name for _place, element, _depth in walk(document.elements)]
    return {
        "record": context.record,
        "user": context.user,
        "inputs": done["inputs"] if done else _inputs(flow, context),
        "vars": done["vars"] if done else Known(values.typed(document.variables, defaults)),
        "elements": Known(dict.fromkeys(names) | (dict(done["elements"]) if done else {})),
        "now": now,
        "today": timezone.localdate(now),
        "callback_url": context.callback_url,
        "key": context.key,
    }


def _inputs(flow: Flow, context: Context) -> Known:
    """The inputs, with records in place of what only names them (an answer to a lookup, an output)."""
    accepted = Known(flow.accepted(context.inputs))
    for name, about in flow.declared.items():
        if about["type"] == "record" and accepted[name] is not None:
            accepted[name] = records.named(accepted[name], about["model"], context.user)
    return accepted


def _do_all(work: Work, elements: Sequence[Any]) -> None:
    for element in elements:
        _do(work, element)


def _do(work: Work, element: Any) -> None:
    """Do one element and keep its outputs; what goes wrong is told with its name."""
    work.done += 1
    if work.done > MOST_DONE:
        raise Fault(_("The flow does more than %(most)d elements without a pause.") % {"most": MOST_DONE}, kind="limit")
    with _named(element), _observed(work, element) as seen:
        if element.kind not in ELEMENTS:
            raise Fault(_("A call-out or a wait stands at the top level of the flow, not inside another element."), kind="flow_unfit")
        outputs = Known(ELEMENTS[element.kind](work, element) or {})
        work.scope["elements"][element.name] = outputs
        seen.outputs = outputs


@contextmanager
def _named(element: Any) -> Iterator[None]:
    """Faults and failures inside the block name the element; the innermost does."""
    try:
        yield
    except (Fault, Failure) as error:
        if not getattr(error, "names_element", False):
            error.args = (_("“%(element)s”: %(error)s") % {"element": element.label or element.name, "error": error}, *error.args[1:])
            error.names_element = True  # type: ignore[union-attr]
        raise


@contextmanager
def _observed(work: Work, element: Any) -> Iterator[Done]:
    seen = Done(element.name, element.kind, element.label or element.name)
    if work.seen is None:
        yield seen
        return
    work.seen.append(seen)
    began = time.perf_counter()

    def counted(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        seen.queries += 1
        return execute(sql, params, many, context)

    try:
        with connection.execute_wrapper(counted):
            yield seen
    except Exception as error:
        seen.error = str(error)
        raise
    finally:
        seen.seconds = time.perf_counter() - began


# Pauses --------------------------------------------------------------------------------------------------------------


def _pause(work: Work, element: Any, number: int, came_from: Mapping[str, Any]) -> Pause | None:
    """The pause that a call-out or a wait makes; None when there is nothing to wait for (any more)."""
    with _named(element), _observed(work, element) as seen:
        if isinstance(element, parts.Call):
            return Pause(_checkpoint(work, number), call=_call_out(work, element))
        if element.callback:
            if work.context.callback is None:
                return Pause(_checkpoint(work, number), wait=ToWait(None))
            work.scope["elements"][element.name] = seen.outputs = Known(body=work.context.callback)
            return None
        is_waiting = came_from.get("next") == number and "until" in came_from
        until = datetime.fromisoformat(came_from["until"]) if is_waiting else _until(work, element)
        if until <= clock.now():
            return None
        return Pause({**_checkpoint(work, number), "until": until.isoformat()}, wait=ToWait(until))


def _checkpoint(work: Work, number: int) -> dict[str, Any]:
    done = {name: outputs for name, outputs in work.scope["elements"].items() if outputs is not None}
    known = {"inputs": work.scope["inputs"], "vars": work.scope["vars"], "elements": Known(done)}
    checkpoint = {"next": number, "known": {name: checkpoints.kept(part) for name, part in known.items()}}
    checkpoints.refuse_too_large(checkpoint)
    return checkpoint


def _until(work: Work, element: parts.Wait) -> datetime:
    if element.seconds is not None:
        seconds = work.value(element.seconds)
        if isinstance(seconds, timedelta):
            return clock.now() + seconds
        try:
            return clock.now() + timedelta(seconds=float(number(seconds)))
        except OverflowError:
            raise Fault(_("%(seconds)s seconds is longer than anybody can wait.") % {"seconds": seconds}, kind="input") from None
    return _moment(work.value(element.until or {}))


def _moment(value: Any) -> datetime:
    """A time to wait until; of a date its first moment here. Raises Fault when it is none."""
    found = value
    if isinstance(value, str):
        with suppress(ValueError):
            found = parse_datetime(value) or parse_date(value)
    if isinstance(found, datetime):
        return found if timezone.is_aware(found) else timezone.make_aware(found)
    if isinstance(found, date):
        return timezone.make_aware(datetime.combine(found, midnight.min))
    raise Fault(_("%(value).100r is no time to wait until.") % {"value": value}, kind="input")


def _call_out(work: Work, element: parts.Call) -> CallOut:
    path = work.text(element.path, lambda value: quote(value, safe=""))
    body = _filled(work, element.body)
    return CallOut(element.endpoint, element.method, path, body, element.timeout, f"{work.context.key}-{element.name}")


def _filled(work: Work, body: Any) -> Any:
    """A JSON body with the values of its sources."""
    if isinstance(body, dict):
        if [place for place, _source in sources_in(body)] == [""]:
            return as_output(work.value(body))
        return {name: _filled(work, inner) for name, inner in body.items()}
    return [_filled(work, inner) for inner in body] if isinstance(body, list) else body


def _mapped_outputs(element: parts.Call, reply: Reply) -> dict[str, Any]:
    if reply.status in PATIENCE or reply.status >= 500:
        raise Unavailable(_("The answer was %(status)d.") % {"status": reply.status}, after=outside.wait_wanted(reply) or 0.0)
    if not reply.is_ok:
        names = {"status": reply.status, "text": reply.text}
        raise Fault(_("The answer was %(status)d: %(text).300s") % names, kind="refused")
    body = reply.json() if element.outputs else None
    return {name: _mapped(body, mapped) for name, mapped in element.outputs.items()}


def _mapped(body: Any, reply: parts.Reply) -> Any:
    """What stands in a reply where an output is said to; null when it is not there and need not be."""
    found = body
    for step in reply.reply.split("."):
        if isinstance(found, Mapping):
            found = found.get(step)
        elif isinstance(found, list) and step.isdigit():
            found = found[int(step)] if int(step) < len(found) else None
        else:
            found = None
    if found is None:
        if reply.required:
            raise Fault(_("The reply has nothing at “%(place)s”.") % {"place": reply.reply}, kind="reply")
        return None
    if reply.type == "text" and isinstance(found, int | float) and not isinstance(found, bool):
        found = str(found)
    try:
        return values.TYPES[reply.type][1](found)
    except (ValueError, ArithmeticError):
        names = {"place": reply.reply, "type": values.TYPES[reply.type][0], "found": found}
        raise Fault(_("At “%(place)s” the reply has %(found).100r, which is no %(type)s.") % names, kind="reply") from None


def as_output(value: Any) -> Any:
    """A value as JSON takes it: a record by its model, key and name."""
    if isinstance(value, Model):
        label = value._meta.concrete_model._meta.label_lower  # type: ignore[union-attr]
        return {"model": label, "id": str(value.pk), "label": str(value)}
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, date | datetime | timedelta):
        return value
    if isinstance(value, Mapping):
        return {name: as_output(inner) for name, inner in value.items()}
    return [as_output(inner) for inner in value] if isinstance(value, list | tuple) else value


# Elements ------------------------------------------------------------------------------------------------------------


def _assign(work: Work, element: parts.Assign) -> Outputs:
    document = work.flow.document
    assert isinstance(document, AutolaunchedDocument)
    # All are read before any is set: the database does not keep the order of names.
    for name, value in work.values(element.set).items():
        if name not in document.variables:
            raise Fault(_("There is no variable “%(name)s”.") % {"name": name}, kind="expression")
        kind = document.variables[name]["type"]
        try:
            work.scope["vars"][name] = None if value is None else values.TYPES[kind][1](value)
        except (ValueError, ArithmeticError):
            about = {"name": name, "type": values.TYPES[kind][0], "value": value}
            raise Fault(_("“%(name)s” takes a %(type)s, not %(value).100r.") % about, kind="input") from None
    return None


def _create(work: Work, element: parts.Create) -> Outputs:
    record = records.create(element.model, work.values(element.values), work.context.user)
    return {"record": record, "id": record.pk}


def _update(work: Work, element: parts.Update) -> Outputs:
    found = work.value(element.records)
    count = records.update(found, work.values(element.values), work.context.user)
    return {"count": Decimal(count)}


def _find(work: Work, element: parts.Find) -> Outputs:
    where = [(row, None if row.source is None else work.value(row.source)) for row in element.where]
    found = records.find(element.model, where, logic=element.logic, order=element.order, most=element.most, user=work.context.user)
    return {"records": found, "first": found[0] if found else None, "count": Decimal(len(found))}


def _decide(work: Work, element: parts.Decide) -> Outputs:
    for branch in element.branches:
        if expressions.condition(branch.condition).look(work.scope).met:
            _do_all(work, branch.elements)
            return {"branch": branch.label}
    _do_all(work, element.otherwise)
    return {"branch": None}


def _loop(work: Work, element: parts.Loop) -> Outputs:
    over = work.value(element.over)
    if over is not None and not isinstance(over, list | tuple):
        raise Fault(_("%(value).100r is no list to go through.") % {"value": over}, kind="expression")
    turns = list(over or [])
    if len(turns) > MOST_TURNS:
        raise Fault(_("A loop has at most %(most)d turns, not %(count)d.") % {"most": MOST_TURNS, "count": len(turns)}, kind="limit")
    inside = [inner.name for _place, inner, _depth in walk(element.elements)]
    for each in turns:
        work.scope[element.each] = each
        work.scope["elements"].update(dict.fromkeys(inside))  # of the turn before nothing is left
        _do_all(work, element.elements)
    work.scope.pop(element.each, None)
    return {"count": Decimal(len(turns))}


def _start(work: Work, element: parts.Start) -> Outputs:
    orchestration = Orchestration.objects.filter(api_name=element.orchestration, start_type=StartType.AUTOLAUNCHED).first()
    version = orchestration.active_version if orchestration else None
    if orchestration is None or version is None:
        names = {"name": element.orchestration}
        raise Fault(_("There is no autolaunched orchestration “%(name)s” with an active version.") % names, kind="orchestration_missing")
    user = work.context.user
    if user is not None and not access.may_start(user, orchestration):
        raise Fault(_("%(user)s may not start “%(name)s”.") % {"user": user, "name": orchestration}, kind="permission")
    record = None if element.record is None else work.value(element.record)
    if record is not None and not isinstance(record, Model):
        raise Fault(_("“%(name)s” is about a record, not about %(record).100r.") % {"name": orchestration, "record": record}, kind="input")
    try:
        accepted = values.accepted(version.inputs, as_output(work.values(element.inputs)))
    except Invalid as invalid:
        raise Fault(str(invalid), kind="input") from invalid
    request = StartRequest.objects.about(orchestration, record, inputs=accepted, starter=user, caused_by=origin.cause())
    request.save(force_insert=True)
    dispatch.after_commit(drains=1)
    return {"request": Decimal(request.pk)}


def _run(work: Work, element: parts.Run) -> Outputs:
    flow = flows.get(element.flow)
    if why := why_not_run_inside(flow):
        raise Fault(why, kind="flow_unfit")
    if work.depth >= DEEPEST_RUNS:
        raise Fault(_("More than %(most)d flows run each other.") % {"most": DEEPEST_RUNS}, kind="limit")
    outer = work.context
    record = outer.record if element.record is None else work.value(element.record)
    if record is not None and not isinstance(record, Model):
        raise Fault(_("“%(flow)s” is about a record, not about %(record).100r.") % {"flow": flow.label, "record": record}, kind="input")
    own_rights = flow.changes_record and not flow.as_system and outer.user is not None
    if own_rights and record is not None and not access.may_change_record(outer.user, record):
        raise Fault(_("%(user)s may not change “%(record)s”.") % {"user": outer.user, "record": record}, kind="permission")
    inner = outer.inside(f"{element.name}-{work.done}", record=record, inputs=work.values(element.inputs))
    if flow.document is not None:
        returned: Any = perform(flow, inner, depth=work.depth + 1, seen=work.seen)
    else:
        assert flow.function is not None
        returned = flow.function(inner, **flow.accepted(inner.inputs))
    if not (returned is None or isinstance(returned, Mapping)):
        raise Fault(_("“%(flow)s” wants to wait, and cannot inside another flow.") % {"flow": flow.label}, kind="flow_unfit")
    return returned


def why_not_run_inside(flow: Flow) -> str:
    """Why another flow cannot run this one; "" when it can."""
    if flow.kind != FlowKind.AUTOLAUNCHED:
        return _("“%(flow)s” is no autolaunched flow.") % {"flow": flow.label}
    if flow.network is not None or (isinstance(flow.document, AutolaunchedDocument) and flow.document.is_segmented):
        return _("“%(flow)s” has call-outs or waits, so that no other flow can run it.") % {"flow": flow.label}
    return ""


def _fail(work: Work, element: parts.Fail) -> Outputs:
    raise Failure(work.text(element.message))


ELEMENTS: dict[str, Callable[[Work, Any], Outputs]] = {
    "assign": _assign,
    "create": _create,
    "update": _update,
    "find": _find,
    "decide": _decide,
    "loop": _loop,
    "start": _start,
    "run": _run,
    "fail": _fail,
}
"""What each kind of element does. Call-outs and waits are none of them: they end a segment."""
