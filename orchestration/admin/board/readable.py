"""What can be read where in an orchestration's draft (R6.1, R6.2), from its document: for proposals, sentences and checks."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from django.utils.text import capfirst
from django.utils.translation import gettext as _

from orchestration import drawing, editing
from orchestration.drawing import StepDrawing
from orchestration.expressions.readable import Readable, Readables
from orchestration.flows import Flow
from orchestration.references import Paths

Document = Mapping[str, Any]
Flows = Mapping[str, Flow]


def everywhere(document: Document, flows: Flows) -> Readables:
    """All that can be read at any place: for sentences about conditions."""
    steps = [_of_step(step, flows) for step in drawing.steps_in(document)]
    return Readables(
        [*_record(document, "record", "start", "prior"), *_declared(document), *(one for few in steps for one in few), *_always(document)]
    )


def at(document: Document, address: str, flows: Flows) -> Readables:
    """What can be read at the part or setting with this address."""
    if address in (editing.START, editing.ABOUT, editing.DATA):
        return Readables([*_record(document, "record", "prior"), _starter(), *_times()])
    steps = [one for step in _finished_by(document, address) for one in _of_step(step, flows)]
    part = editing.find(document, address)
    fault = [Readable("fault", _("The fault"))] if part and part.about.get("handles") else []
    return Readables([*_record(document, "record", "start"), *_declared(document), *steps, *fault, *_always(document)])


def _finished_by(document: Document, address: str) -> Iterator[Mapping[str, Any]]:
    """The steps that can have been finished when something is read there; all of them where nobody can say."""
    part, steps = editing.find(document, address), drawing.steps_in(document)
    stage = address if part is None or part.kind == "stage" else part.inside
    whole = drawing.from_document(document)
    paths, drawn = Paths(whole), {step.api_name: step for step in whole.steps.values()}
    at_stage = next((one for one in whole.stages.values() if editing.stage_address(one.api_name) == stage), None)
    if at_stage is None:
        yield from steps
        return
    if part is not None and part.kind == "step" and part.name in drawn:
        reader = drawn[part.name]
        can: Callable[[StepDrawing], bool] = lambda step: step is reader or paths.step_after_step(reader, step, at_once=False)  # noqa: E731
    else:
        can = lambda step: paths.stage_holds(at_stage, step)  # noqa: E731
    yield from (step for step in steps if can(drawn[step["api_name"]]))


def _record(document: Document, *roots: str) -> Iterator[Readable]:
    model = document["orchestration"].get("record_model", "")
    labels = {"record": _("The record"), "start": _("At the start"), "prior": _("Before the save")}
    return (Readable(root, labels[root], "record" if model else "", model) for root in roots)


def _declared(document: Document) -> Iterator[Readable]:
    for path, key in (("inputs", "inputs"), ("vars", "variables")):
        for name, about in (document.get(key) or {}).items():
            yield Readable(f"{path}.{name}", _label(name, about), about.get("type", ""), about.get("model", ""))


def _of_step(step: Mapping[str, Any], flows: Flows) -> Iterable[Readable]:
    name, label = step["api_name"], step["label"]
    flow = flows.get(step["flow"])
    for output in sorted((flow.outputs if flow else None) or ()):
        yield Readable(f"steps.{name}.outputs.{output}", f"{label} › {capfirst(output.replace('_', ' '))}")
    if flow is None or flow.outputs is None:  # what its code returns, nobody knows beforehand
        yield Readable(f"steps.{name}.outputs", f"{label} › {_('Outputs')}")
    yield Readable(f"steps.{name}.status", f"{label} › {_('Status')}", "text")


def _always(document: Document) -> Iterator[Readable]:
    for stage in document["stages"]:
        yield Readable(f"stages.{stage['api_name']}.status", f"{stage['label']} › {_('Status')}", "text")
        yield Readable(f"stages.{stage['api_name']}.iteration", f"{stage['label']} › {_('How often it was come to')}", "number")
    yield Readable("instance.id", _("The instance › Number"), "number")
    yield Readable("instance.started_at", _("The instance › Started at"), "datetime")
    yield Readable("instance.version", _("The instance › Version"), "number")
    yield _starter()
    yield Readable("completer", _("Who completed the latest work item"), "record", "auth.user")
    yield from _times()


def _starter() -> Readable:
    return Readable("starter", _("The starter"), "record", "auth.user")


def _times() -> Iterator[Readable]:
    yield Readable("now", _("now"), "datetime")
    yield Readable("today", _("today"), "date")


def _label(name: str, about: Mapping[str, Any]) -> str:
    return about.get("label") or capfirst(name.replace("_", " "))
