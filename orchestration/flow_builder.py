"""Flows that are built without code: new ones, drafts, what keeps one from being activated, where one is used (R1.4)."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Max, Q
from django.utils.translation import gettext as _

from orchestration import expressions, flows, values
from orchestration.errors import ExpressionError, FlowMissing, Invalid
from orchestration.flows import FlowKind, documents
from orchestration.flows.documents import Problem, Surroundings
from orchestration.flows.documents.elements import Run
from orchestration.models import Endpoint, Flow, FlowVersion, Orchestration, Route, Stage, Step, Version
from orchestration.models.definitions import StartType
from orchestration.models.flows import flow_of
from orchestration.models.people import Person
from orchestration.runner import why_not_run_inside
from orchestration.states import LIVE, VersionStatus

BEGINNINGS: Mapping[str, dict[str, Any]] = {
    FlowKind.SCREEN: {"screens": [{"name": "first", "title": "First screen", "items": []}]},
    FlowKind.AUTOLAUNCHED: {"elements": []},
    FlowKind.EVALUATION: {"condition": {}},
}
"""What the first draft of a new flow holds."""


@dataclass(frozen=True)
class Usage:
    """One place at which a flow is used: a version of an orchestration or of another flow, and where in it."""

    of: Version | FlowVersion
    where: str
    is_live: bool

    def __str__(self) -> str:
        return f"{self.of} › {self.where}"


def new_flow(
    api_name: str, label: str, kind: str, *, document: Mapping[str, Any] | None = None, description: str = "", by: Person | None = None
) -> FlowVersion:
    """Make a flow with its first draft. Raises Invalid when the name is none, or taken, or the document cannot be kept."""
    documents.refuse_what_cannot_be_kept(document)
    flow = Flow(key=f"{flows.BUILT}.{api_name}", label=label, kind=kind, description=description, is_built=True)
    if not (api_name.isascii() and api_name.islower() and api_name.isidentifier()):
        raise Invalid(
            _("Use small letters, digits and underscores."), errors={"api_name": [_("Use small letters, digits and underscores.")]}
        )
    try:
        flow.full_clean()
    except ValidationError as error:
        told = {"api_name" if name == "key" else name: messages for name, messages in error.message_dict.items()}
        raise Invalid(" ".join(error.messages), errors=told) from error
    flow.save()
    return FlowVersion.objects.create(flow=flow, number=1, document=dict(document or BEGINNINGS[kind]), created_by=by)


def save_draft(version: FlowVersion, document: Mapping[str, Any]) -> None:
    """Keep the document of a draft, finished or not. Raises Invalid when it cannot be kept at all, ValidationError when frozen."""
    documents.refuse_what_cannot_be_kept(document)
    version.document = dict(document)
    version.save()


def copy(version: FlowVersion, *, by: Person | None = None) -> FlowVersion:
    """A new draft that is a copy of `version`."""
    return new_draft(version.flow, version.document, by=by, note=_("Copy of version %(number)d") % {"number": version.number})


def new_draft(flow: Flow, document: Mapping[str, Any], *, by: Person | None = None, note: str = "") -> FlowVersion:
    """A new draft of a flow. Raises Invalid when the document cannot be kept."""
    documents.refuse_what_cannot_be_kept(document)
    with transaction.atomic():
        flow = Flow.objects.select_for_update().get(pk=flow.pk)
        newest = flow.versions.aggregate(newest=Max("number"))["newest"] or 0
        return FlowVersion.objects.create(flow=flow, number=newest + 1, document=dict(document), created_by=by, note=note)


def problems(version: FlowVersion) -> list[Problem]:
    """Everything that keeps the version from being activated, all at once: in its document, and in the definitions that use the flow."""
    try:
        document = version.parsed()
    except Invalid as invalid:
        return [Problem(place, message) for place, messages in invalid.errors.items() for message in messages]
    found = documents.problems(document, surroundings(version.flow.key))
    return [*found, *_misfits(version, document)]


def activate(version: FlowVersion) -> None:
    """Make it the version that steps begin with; those that have begun keep theirs (R1.4).

    Raises Invalid with every problem listed when there is one.
    """
    with transaction.atomic():
        Flow.objects.select_for_update().get(pk=version.flow_id)
        if found := problems(version):
            told = [str(problem) for problem in found]
            raise Invalid(
                _("%(version)s cannot be activated: %(problems)s") % {"version": version, "problems": " · ".join(told)},
                errors={"__all__": told},
            )
        for active in version.flow.versions.filter(status=VersionStatus.ACTIVE):
            active.move(VersionStatus.INACTIVE)
        version.move(VersionStatus.ACTIVE)


def deactivate(version: FlowVersion) -> None:
    """Take the active version away; steps that have begun go on. Raises Invalid, naming them, while live definitions use the flow."""
    with transaction.atomic():
        Flow.objects.select_for_update().get(pk=version.flow_id)
        if used := [usage for usage in used_by(version.flow.key) if usage.is_live]:
            names = {"version": version, "names": "; ".join(map(str, used))}
            raise Invalid(_("%(version)s cannot be deactivated while it is used by %(names)s.") % names)
        version.move(VersionStatus.INACTIVE)


def differences(old: FlowVersion, new: FlowVersion) -> list[tuple[str, Any, Any]]:
    """Where two versions differ, in the order of the old one: the place, what stood there, what stands there; None for nothing."""
    return list(documents.changed_places(old.document, new.document))


# Where used ----------------------------------------------------------------------------------------------------------


def used_by(key: str) -> list[Usage]:
    """Every version, of orchestrations and of flows, that uses the flow; live are active ones, and those with live instances."""
    live = set(Version.objects.filter(Q(status=VersionStatus.ACTIVE) | Q(instances__status__in=LIVE)).values_list("pk", flat=True))
    found = [Usage(step.version, step.label, step.version_id in live) for step in _steps().filter(flow=key)]
    found += [Usage(version, where, version.pk in live) for version, where, condition in _conditions() if key in _flows_in(condition)]
    for version in FlowVersion.objects.select_related("flow").exclude(flow__key=key):
        found += [Usage(version, place, version.status == VersionStatus.ACTIVE) for place, named in named_in(version) if named == key]
    return found


def calling(endpoint: str) -> list[Usage]:
    """Every version of a flow built without code that calls the endpoint, or posts to it."""
    return [
        Usage(version, element.label or element.name, version.status == VersionStatus.ACTIVE)
        for version in FlowVersion.objects.select_related("flow").filter(flow__kind=flows.FlowKind.AUTOLAUNCHED)
        for element in _elements_of(version)
        if getattr(element, "endpoint", "") == endpoint
    ]


def _elements_of(version: FlowVersion) -> Iterator[Any]:
    """The elements of a version; of a draft that cannot be read, none."""
    with suppress(Invalid):
        document = version.parsed()
        if isinstance(document, documents.AutolaunchedDocument):
            yield from (element for _place, element, _depth in documents.walk(document.elements))


def _steps() -> Any:
    return Step.objects.select_related("version__orchestration", "stage").order_by("version", "order", "pk")


def conditions_of(version: Version) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every condition of a version, with where it stands."""
    return ((where, condition) for _of, where, condition in _conditions(pk=version.pk))


def _conditions(**which: Any) -> Iterator[tuple[Version, str, Mapping[str, Any]]]:
    versions = Version.objects.filter(**which).select_related("orchestration")
    for version in versions:
        yield version, _("starts only if"), version.entry_condition
    for stage in Stage.objects.filter(version__in=versions).select_related("version__orchestration"):
        yield stage.version, stage.label, stage.entry_condition
        yield stage.version, stage.label, stage.exit_condition
    for step in _steps().filter(version__in=versions):
        yield from ((step.version, step.label, condition) for condition in (step.wait_until, step.only_if, step.complete_when))
    for route in Route.objects.filter(stage__version__in=versions).select_related("stage__version__orchestration", "target"):
        yield route.stage.version, str(route), route.condition


def _flows_in(condition: Any) -> frozenset[str]:
    return expressions.condition(condition).flows if isinstance(condition, dict) and "flow" in condition else frozenset()


def named_in(version: FlowVersion) -> Iterator[tuple[str, str]]:
    """(place, key) of each flow that a version of a built flow names."""
    try:
        document = version.parsed()
    except Invalid:  # an unfinished draft uses nothing yet
        return
    for use in documents.uses(document):
        if use.kind == "condition":
            yield from ((use.place, key) for key in _flows_in(use.what))
    if isinstance(document, documents.AutolaunchedDocument):
        yield from ((place, element.flow) for place, element, _depth in documents.walk(document.elements) if isinstance(element, Run))


# What does not fit ---------------------------------------------------------------------------------------------------


def surroundings(key: str) -> Surroundings:
    """What a flow with this key may name on this site."""
    orchestrations = Orchestration.objects.filter(start_type=StartType.AUTOLAUNCHED)
    return Surroundings(
        endpoints=dict(Endpoint.objects.values_list("api_name", "kind")),
        orchestrations=frozenset(orchestrations.values_list("api_name", flat=True)),
        why_not_run=lambda element: _why_not_run(key, element),
        why_not_evaluate=lambda condition: _why_not_evaluate(key, condition),
    )


def _why_not_run(key: str, element: Run) -> str:
    if element.flow == key:
        return _("A flow does not run itself.")
    try:
        flow = flows.get(element.flow)
    except FlowMissing as missing:
        return str(missing)
    return why_not_run_inside(flow) or why_not_given(flow, element.inputs)


def _why_not_evaluate(key: str, condition: Mapping[str, Any]) -> str:
    if condition.get("flow") == key:
        return _("A flow does not ask itself.")
    return why_not_asked(condition)


def why_not_asked(condition: Mapping[str, Any], get: Callable[[str], flows.Flow] = flows.get) -> str:
    """Why a condition cannot ask the evaluation flow that it names; "" when it can, or asks none. `get` finds a flow by its key."""
    if "flow" not in condition:
        return ""
    try:
        flow = get(condition["flow"])
    except FlowMissing as missing:
        return str(missing)
    if flow.kind != FlowKind.EVALUATION:
        return _("“%(flow)s” is no evaluation flow.") % {"flow": flow.label}
    return why_not_given(flow, condition.get("inputs", {}))


def why_not_given(flow: flows.Flow, inputs: Mapping[str, Any]) -> str:
    """What is wrong with the inputs that somebody gives the flow; "" for nothing."""
    return " ".join(message for _name, message in misgiven(flow, inputs))


def misgiven(flow: flows.Flow, inputs: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """(input, what is wrong with it) of the inputs that somebody gives the flow, as far as their names and plain values tell."""
    yield from ((name, _("The input “%(name)s” has no value.") % {"name": name}) for name in sorted(flow.required - set(inputs)))
    for name, source in sorted(inputs.items()):
        if name not in flow.inputs:
            yield name, _("“%(flow)s” has no input “%(name)s”.") % {"flow": flow.label, "name": name}
            continue
        match source:
            case {"value": value} if not flow.takes(name, value):
                about = {"flow": flow.label, "name": name, "type": values.TYPES[flow.declared[name]["type"]][0]}
                yield name, _("“%(flow)s” takes a %(type)s as “%(name)s”.") % about


def _misfits(version: FlowVersion, document: Any) -> Iterator[Problem]:
    """Active and live definitions that the version would no longer fit: what they give it, and what they read of it (R1.4)."""
    flow = flow_of(version.flow.key, version.flow.kind, version.flow.label, document)
    active = version.flow.active_version
    for usage in used_by(flow.key):
        if usage.is_live and (message := _why_no_longer(flow, active, usage)):
            yield Problem("", _("%(usage)s: %(message)s") % {"usage": usage, "message": message})


def _why_no_longer(flow: flows.Flow, active: FlowVersion | None, usage: Usage) -> str:
    if isinstance(usage.of, FlowVersion):
        return " ".join(filter(None, _misfit_of_flow(flow, usage.of)))
    told = []
    before = active.as_flow() if active else None
    for step in usage.of.steps.filter(flow=flow.key, label=usage.where):
        told += [why_not_given(flow, step.inputs), _why_retyped(flow, before, step.inputs)]
        told.append(_why_gone(flow, f"steps.{step.api_name}.outputs.", _read_in(usage.of)))
    for where, condition in conditions_of(usage.of):
        if where == usage.where and flow.key in _flows_in(condition):
            told += [why_not_given(flow, condition.get("inputs", {})), _why_retyped(flow, before, condition.get("inputs", {}))]
    return " ".join(message for message in told if message)


def _misfit_of_flow(flow: flows.Flow, user: FlowVersion) -> Iterator[str]:
    document = user.parsed()
    for use in documents.uses(document):
        if use.kind == "condition" and flow.key in _flows_in(use.what):
            yield why_not_given(flow, use.what.get("inputs", {}))
    if not isinstance(document, documents.AutolaunchedDocument):
        return
    read = {path for use in documents.uses(document) for path in use.reads}
    for _place, element, _depth in documents.walk(document.elements):
        if isinstance(element, Run) and element.flow == flow.key:
            yield why_not_run_inside(flow)
            yield why_not_given(flow, element.inputs)
            yield _why_gone(flow, f"elements.{element.name}.", read)


def _why_gone(flow: flows.Flow, before: str, read: set[str]) -> str:
    """Outputs that are read, each as `before` and its name, and that the flow would not have."""
    names = {path: path.removeprefix(before).split(".")[0] for path in read if path.startswith(before)}
    gone = sorted(path for path, name in names.items() if flow.outputs is not None and name not in flow.outputs)
    return _("it reads %(paths)s, which would be gone.") % {"paths": ", ".join(gone)} if gone else ""


def _why_retyped(flow: flows.Flow, before: flows.Flow | None, inputs: Mapping[str, Any]) -> str:
    """Inputs that are mapped from somewhere, and would get another type than those that the mapping was made for."""
    if before is None:
        return ""
    same = set(inputs) & set(flow.declared) & set(before.declared)
    retyped = sorted(name for name in same if flow.declared[name]["type"] != before.declared[name]["type"] and "value" not in inputs[name])
    return _("the type of %(names)s would change.") % {"names": ", ".join(retyped)} if retyped else ""


def _read_in(version: Version) -> set[str]:
    """Every path that something in the version reads."""
    found: set[str] = set()
    for _where, condition in conditions_of(version):
        found |= expressions.condition(condition).reads
    for step in version.steps.all():
        for source in (*step.inputs.values(), *([step.assignee] if "path" in step.assignee else [])):
            with suppress(ExpressionError):  # then it reads nothing, and its own activation says so
                found |= expressions.source(source).reads
    return found
