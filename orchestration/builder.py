"""Defines orchestrations: a definition as a document, its problems, its activation."""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import DateField, Max
from django.utils.translation import gettext as _

from orchestration import flow_builder, flows, references
from orchestration.errors import FlowMissing, Invalid
from orchestration.models import Orchestration, Route, Stage, Step, Version
from orchestration.models.definitions import StartsOn, StepKind
from orchestration.models.records import model_named
from orchestration.references import Problem
from orchestration.states import VersionStatus

Document = Mapping[str, Any]

HEAD_FIELDS = ("api_name", "label", "description", "start_type", "record_model", "one_live_per_record")
VERSION_FIELDS = ("starts_on", "entry_condition", "changed_into", "start_field", "inputs", "variables")
STAGE_FIELDS = ("entry_condition", "exit_rule", "exit_condition")
STEP_FIELDS = (
    *("wait_until", "only_if", "complete_when", "inputs", "assignee"),
    *("max_attempts", "run_as", "run_as_user", "handles", "handles_types"),
)
"""Columns that stand in a document under their own names, and may be left out of it."""

KIND_OF_FLOW = {StepKind.BACKGROUND: flows.FlowKind.AUTOLAUNCHED, StepKind.INTERACTIVE: flows.FlowKind.SCREEN}
"""Which kind of flow each kind of step runs."""


@transaction.atomic
def load(document: Document) -> Version:
    """Make a draft from a document; the orchestration itself is made or updated by its API name.

    Raises Invalid when the document has not the shape that `dump` writes.
    """
    try:
        orchestration = _load_head(document["orchestration"])
        version = Version(orchestration=orchestration, number=_next_number(orchestration))
        for name in VERSION_FIELDS:
            setattr(version, name, document.get(name, getattr(version, name)))
        version.start_offset = timedelta(seconds=document.get("start_offset", 0))
        _refuse_problems(version)
        version.save()
        made = {drawn["api_name"]: _load_stage(version, order, drawn) for order, drawn in enumerate(document["stages"])}
        for drawn in document["stages"]:
            _load_routes(made, drawn)
    except (KeyError, TypeError, AttributeError) as error:
        raise Invalid(_("The document is not a definition: %(error)r.") % {"error": error}) from error
    return version


def dump(version: Version) -> Document:
    """The version as a document: what `load` takes."""
    orchestration = version.orchestration
    return {
        "orchestration": {name: getattr(orchestration, name) for name in HEAD_FIELDS},
        **{name: getattr(version, name) for name in VERSION_FIELDS},
        "start_offset": version.start_offset.total_seconds(),
        "stages": [_dump_stage(stage) for stage in version.stages.prefetch_related("steps__after", "steps__fault_path", "routes__target")],
    }


def new_version(version: Version) -> Version:
    """A new draft that is a copy of `version`."""
    return load(dump(version))


def activate(version: Version) -> None:
    """Make the draft (or an inactive version) the one that new starts use; running instances keep theirs.

    Raises Invalid with every problem listed when there is one.
    """
    with transaction.atomic():
        Orchestration.objects.select_for_update().get(pk=version.orchestration_id)
        if found := problems(version):
            raise Invalid(
                _("%(version)s cannot be activated: %(problems)s")
                % {"version": version, "problems": " · ".join(str(problem) for problem in found)},
                errors={"__all__": [str(problem) for problem in found]},
            )
        for active in version.orchestration.versions.filter(status=VersionStatus.ACTIVE):
            active.move(VersionStatus.INACTIVE)
        version.move(VersionStatus.ACTIVE)


def deactivate(version: Version) -> None:
    """Stop new starts; running instances go on."""
    version.move(VersionStatus.INACTIVE)


def problems(version: Version) -> list[Problem]:
    """Everything that keeps the version from being activated, all at once."""
    stages = list(version.stages.prefetch_related("steps__after"))
    if not stages:
        return [*_problems_of_start(version), Problem(str(version), _("It has no stage. Add one."))]
    drawn = (problem for stage in stages for problem in _problems_of_stage(stage))
    return [*_problems_of_start(version), *drawn, *_problems_of_conditions(version), *references.problems(version)]


def _problems_of_conditions(version: Version) -> Iterable[Problem]:
    for where, condition in flow_builder.conditions_of(version):
        if why := flow_builder.why_not_asked(condition):
            yield Problem(where, why)


def _problems_of_start(version: Version) -> Iterable[Problem]:
    if version.starts_on != StartsOn.DUE:
        return
    model = model_named(version.orchestration.record_model)
    names = {field.name for field in model._meta.concrete_fields if isinstance(field, DateField)} if model else set()
    if version.start_field not in names:
        yield Problem(
            str(version),
            _("“%(field)s” is no date or time field of the record. Known: %(known)s.")
            % {"field": version.start_field, "known": ", ".join(sorted(names)) or "–"},
        )


def _problems_of_stage(stage: Stage) -> Iterable[Problem]:
    steps = list(stage.steps.all())
    if not steps:
        yield Problem(stage.label, _("The stage has no step. Add one, or delete the stage."))
    for step in steps:
        yield from _problems_of_step(step)
    if circle := _circle(steps):
        yield Problem(stage.label, _("These steps wait for each other: %(steps)s.") % {"steps": ", ".join(circle)})


def _problems_of_step(step: Step) -> Iterable[Problem]:
    place = f"{step.stage.label} › {step.label}"
    if step.is_interactive and not step.assignee:
        yield Problem(place, _("Nobody is named to do it. Name a user, a group, a queue or a path."))
    for before in step.after.all():
        if before.stage_id != step.stage_id:
            yield Problem(place, _("It comes after “%(step)s”, which is in another stage.") % {"step": before})
    try:
        flow = flows.get(step.flow)
    except FlowMissing as missing:
        yield Problem(place, str(missing))
        return
    wanted = KIND_OF_FLOW[StepKind(step.kind)]
    if flow.kind != wanted:
        yield Problem(
            place,
            _("“%(flow)s” is of the kind %(kind)s; this step needs %(wanted)s.")
            % {"flow": flow.label, "kind": flow.kind.label, "wanted": wanted.label},
        )
    if step.fault_path and not step.fault_path.handles:
        yield Problem(place, _("“%(step)s”, where its faults go, is no handler.") % {"step": step.fault_path})
    yield from (Problem(place, message) for message in flow_builder.misgiven(flow, step.inputs))


def _circle(steps: list[Step]) -> list[str]:
    """The steps that could never begin because they wait for each other."""
    waits = {step.pk: {before.pk for before in step.after.all()} for step in steps}
    while free := [pk for pk, before in waits.items() if not before & waits.keys()]:
        for pk in free:
            del waits[pk]
    return [step.label for step in steps if step.pk in waits]


def _next_number(orchestration: Orchestration) -> int:
    newest: int | None = orchestration.versions.aggregate(newest=Max("number"))["newest"]
    return (newest or 0) + 1


def _load_head(head: Document) -> Orchestration:
    """The orchestration that the document names, with what it says of it."""
    orchestration = Orchestration.objects.filter(api_name=head["api_name"]).first() or Orchestration()
    for name in HEAD_FIELDS:
        setattr(orchestration, name, head.get(name, getattr(orchestration, name)))
    _checked(orchestration)
    return orchestration


def _load_stage(version: Version, order: int, drawn: Document) -> Stage:
    stage = Stage(version=version, order=order, api_name=drawn["api_name"], label=drawn["label"])
    for name in STAGE_FIELDS:
        setattr(stage, name, drawn.get(name, getattr(stage, name)))
    _checked(stage)
    made: dict[str, Step] = {}
    for place, step in enumerate(drawn["steps"]):
        made[step["api_name"]] = row = Step(stage=stage, order=place, api_name=step["api_name"], label=step["label"])
        row.kind, row.flow = step["kind"], step["flow"]
        for name in STEP_FIELDS:
            setattr(row, name, step.get(name, getattr(row, name)))
        row.version = version
        _checked(row)
    for step in drawn["steps"]:
        made[step["api_name"]].after.set([made[name] for name in step.get("after", [])])
        if step.get("fault_path"):
            made[step["api_name"]].fault_path = made[step["fault_path"]]
            made[step["api_name"]].save()
    return stage


def _load_routes(stages: Mapping[str, Stage], drawn: Document) -> None:
    for order, route in enumerate(drawn.get("routes", [])):
        target = stages[route["to"]] if route.get("to") else None
        _checked(Route(stage=stages[drawn["api_name"]], order=order, condition=route.get("condition", {}), target=target))


def _checked(row: Orchestration | Stage | Step | Route) -> None:
    """Save a row of a document, if its own validation lets it."""
    _refuse_problems(row)
    row.save()


def _refuse_problems(row: Orchestration | Version | Stage | Step | Route) -> None:
    try:
        row.full_clean()
    except ValidationError as error:
        raise Invalid(_("“%(row)s”: %(problems)s") % {"row": row, "problems": " ".join(error.messages)}) from error


def _dump_stage(stage: Stage) -> Document:
    return {
        "api_name": stage.api_name,
        "label": stage.label,
        **{name: getattr(stage, name) for name in STAGE_FIELDS},
        "routes": [{"condition": route.condition, "to": route.target.api_name if route.target else None} for route in stage.routes.all()],
        "steps": [
            {
                "api_name": step.api_name,
                "label": step.label,
                "kind": step.kind,
                "flow": step.flow,
                "after": [before.api_name for before in step.after.all()],
                "fault_path": step.fault_path.api_name if step.fault_path else None,
                **{name: getattr(step, name) for name in STEP_FIELDS},
            }
            for step in stage.steps.all()
        ],
    }
