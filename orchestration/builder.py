"""Defines orchestrations: a definition as a document, its problems, its activation."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any, TypeVar

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Field, Max
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from orchestration import soundness
from orchestration.errors import Conflict, Invalid
from orchestration.models import Orchestration, Route, Stage, Step, Version
from orchestration.models.instances import name_of
from orchestration.models.people import Person
from orchestration.references import Problem
from orchestration.states import VersionStatus

Document = Mapping[str, Any]
Row = TypeVar("Row", Stage, Step)

HEAD_FIELDS = ("api_name", "label", "description", "start_type", "record_model", "one_live_per_record")
SETTLED_FIELDS = {
    "api_name": gettext_lazy("API name"),
    "start_type": gettext_lazy("start type"),
    "record_model": gettext_lazy("record's model"),
}
"""Of the head, what can no longer change once a version has been active, and what it is called."""

VERSION_FIELDS = ("starts_on", "entry_condition", "changed_into", "start_field", "inputs", "variables")
STAGE_FIELDS = ("entry_condition", "exit_rule", "exit_condition")
STEP_FIELDS = (
    *("wait_until", "only_if", "complete_when", "inputs", "assignee"),
    *("max_attempts", "run_as", "run_as_user", "handles", "handles_types"),
)
"""Columns that stand in a document under their own names, and may be left out of it."""

MOST_STAGES, MOST_STEPS = 100, 1000
"""What one drawing may hold."""


@transaction.atomic
def load(document: Document, *, by: Person | None = None, note: str = "") -> Version:
    """Make a draft from a document. A new orchestration is made with it; what an existing one is called and says stays until activation.

    Raises Invalid when the document has not the shape that `dump` writes, or contradicts the orchestration that is there.
    """
    try:
        orchestration = _orchestration_of(document["orchestration"])
        number = _next_number(orchestration)
        version = Version.objects.create(orchestration=orchestration, number=number, note=note, created_by_label=name_of(by))
        write(version, document)
    except (KeyError, TypeError, AttributeError) as error:
        raise Invalid(_("The document is not a definition: %(error)r.") % {"error": error}) from error
    return version


@transaction.atomic
def write(version: Version, document: Document) -> None:
    """Let the rows of a draft say what the document says, touching only those that differ. A draft may be unfinished.

    Raises Invalid when the document cannot be kept as rows, or contradicts the orchestration.
    """
    refuse_what_no_rows_can_say(document)
    _write_head(version, document["orchestration"])
    for name in VERSION_FIELDS:
        setattr(version, name, document.get(name, _default(version, name)))
    version.start_offset = timedelta(seconds=document.get("start_offset", 0))
    _checked(version)
    _write_parts(version, document["stages"])


def dump(version: Version) -> Document:
    """The version as a document: what `load` takes."""
    orchestration = version.orchestration
    return {
        "orchestration": {name: version.head.get(name, getattr(orchestration, name)) for name in HEAD_FIELDS},
        **{name: getattr(version, name) for name in VERSION_FIELDS},
        "start_offset": version.start_offset.total_seconds(),
        "stages": [_dump_stage(stage) for stage in version.stages.prefetch_related("steps__after", "steps__fault_path", "routes__target")],
    }


def fingerprint(document: Document) -> str:
    """The SHA-256 of a document: the same for the same drawing, wherever and whenever it was made."""
    return hashlib.sha256(json.dumps(document, sort_keys=True, separators=(",", ":"), default=str).encode()).hexdigest()


def new_version(version: Version, *, by: Person | None = None) -> Version:
    """A new draft that is a copy of `version`."""
    return load(dump(version), by=by, note=_("Copy of version %(number)d") % {"number": version.number})


def activate(version: Version, *, by: Person | None = None, note: str | None = None) -> None:
    """Make the draft (or an inactive version) the one that new starts use; running instances keep theirs.

    Raises Invalid with every problem listed when there is one.
    """
    with transaction.atomic():
        orchestration = Orchestration.objects.select_for_update().get(pk=version.orchestration_id)
        if found := problems(version):
            raise Invalid(
                _("%(version)s cannot be activated: %(problems)s")
                % {"version": version, "problems": " · ".join(str(problem) for problem in found)},
                errors={"__all__": [str(problem) for problem in found]},
            )
        for active in orchestration.versions.filter(status=VersionStatus.ACTIVE):
            active.move(VersionStatus.INACTIVE)
        version.move(VersionStatus.ACTIVE)
        version.activated_by_label = name_of(by)
        version.note = version.note if note is None else note[:200]
        version.save(update_fields=["activated_by_label", "note"])
        if version.head:
            _set_head(orchestration, version.head)
            orchestration.save()
            version.orchestration = orchestration


def deactivate(version: Version) -> None:
    """Stop new starts; running instances go on. Raises IllegalMove when it is not active."""
    version.move(VersionStatus.INACTIVE)


@transaction.atomic
def delete(orchestration: Orchestration) -> None:
    """Delete an orchestration with its drafts. Raises Conflict when a version of it has been active: then instances may tell of it."""
    if orchestration.was_ever_active:
        raise Conflict(_("“%(name)s” has been active and stays. Deactivate it, and nothing starts any more.") % {"name": orchestration})
    orchestration.versions.all().delete()
    orchestration.delete()


def problems(version: Version) -> list[Problem]:
    """Everything that keeps the version from being activated, all at once."""
    return [*soundness.problems(dump(version)), *soundness.problems_of_gate(version.orchestration)]


def _next_number(orchestration: Orchestration) -> int:
    newest: int | None = orchestration.versions.aggregate(newest=Max("number"))["newest"]
    return (newest or 0) + 1


def _orchestration_of(head: Document) -> Orchestration:
    """The orchestration that a document is about; made when there is none with its API name."""
    known = Orchestration.objects.filter(api_name=head["api_name"]).first()
    if known is not None:
        return known
    made = Orchestration(**{name: head[name] for name in HEAD_FIELDS if name in head})
    _refuse_problems(made)
    made.save()
    return made


def _write_head(version: Version, head: Document) -> None:
    """What the document says of the orchestration itself: at once while nothing of it was ever active, else with the activation."""
    orchestration = version.orchestration
    said = {name: head.get(name, getattr(orchestration, name)) for name in HEAD_FIELDS}
    differing = {name: value for name, value in said.items() if value != getattr(orchestration, name)}
    if not differing:
        version.head = {}
        return
    is_settled = orchestration.was_ever_active
    for name in SETTLED_FIELDS if is_settled else ("api_name",):
        if name in differing:
            message = _(
                "“%(name)s” is settled: the %(what)s of “%(label)s” cannot become “%(value)s”. Make another orchestration for that."
            )
            what = SETTLED_FIELDS[name]
            names = {"name": orchestration.api_name, "what": what, "label": orchestration.label, "value": differing[name]}
            raise Invalid(message % names, errors={name: [message % names]})
    version.head = differing if is_settled else {}
    if not is_settled:
        _set_head(orchestration, differing)
        orchestration.save()


def _set_head(orchestration: Orchestration, said: Document) -> None:
    for name, value in said.items():
        setattr(orchestration, name, value)
    _refuse_problems(orchestration)


def refuse_what_no_rows_can_say(document: Document) -> None:
    """Raise Invalid for API names that stand twice, steps that are not there, and more than one drawing may hold."""
    stages = [stage["api_name"] for stage in document["stages"]]
    steps = [step["api_name"] for stage in document["stages"] for step in stage["steps"]]
    for most, listed in ((MOST_STAGES, stages), (MOST_STEPS, steps)):
        if len(listed) > most:
            raise Invalid(_("At most %(most)d stages and %(steps)d steps can be drawn.") % {"most": MOST_STAGES, "steps": MOST_STEPS})
        if twice := sorted({name for name in listed if listed.count(name) > 1}):
            raise Invalid(_("The API name “%(name)s” stands there twice.") % {"name": twice[0]})
    for stage in document["stages"]:
        own = {step["api_name"] for step in stage["steps"]}
        named = [name for step in stage["steps"] for name in (*step.get("after", []), step.get("fault_path")) if name]
        lost = [name for name in named if name not in own]
        lost += [route["to"] for route in stage.get("routes", []) if route.get("to") and route["to"] not in stages]
        if lost:
            names = {"stage": stage.get("label", ""), "name": lost[0]}
            raise Invalid(_("“%(stage)s” names “%(name)s”, which is not there.") % names)


def _write_parts(version: Version, drawn: Sequence[Document]) -> None:
    """Stages, steps, routes; rows are found again by their API names."""
    stages = {stage.api_name: stage for stage in version.stages.prefetch_related("routes__target")}
    steps = {step.api_name: step for step in version.steps.prefetch_related("after").select_related("fault_path")}
    wanted_stages = {stage["api_name"] for stage in drawn}
    wanted_steps = {step["api_name"] for stage in drawn for step in stage["steps"]}
    saved: dict[str, Stage] = {}
    for order, stage in enumerate(drawn):
        row = stages.get(stage["api_name"]) or Stage(version=version, api_name=stage["api_name"])
        saved[row.api_name] = _saved(row, {"label": stage["label"], "order": order, **_columns(row, stage, STAGE_FIELDS)})
    made: dict[str, Step] = {}
    for stage in drawn:
        for order, step in enumerate(stage["steps"]):
            found = steps.get(step["api_name"]) or Step(api_name=step["api_name"], version=version)
            place = saved[stage["api_name"]]
            columns = {"label": step["label"], "order": order, "kind": step["kind"], "flow": step["flow"]}
            has_moved, found.stage = found.stage_id != place.pk, place
            made[found.api_name] = _saved(found, {**columns, **_columns(found, step, STEP_FIELDS)}, anyway=has_moved)
    for step in (step for stage in drawn for step in stage["steps"]):
        _connect(made[step["api_name"]], [made[name] for name in step.get("after", [])], made.get(step.get("fault_path") or ""))
    for stage in drawn:
        _write_routes(saved[stage["api_name"]], saved, stage.get("routes", []))
    if gone := [step.pk for name, step in steps.items() if name not in wanted_steps]:
        version.steps.filter(pk__in=gone).delete()
    if lost := [stage.pk for name, stage in stages.items() if name not in wanted_stages]:
        version.stages.filter(pk__in=lost).delete()


def _columns(row: Stage | Step, drawn: Document, names: Iterable[str]) -> dict[str, Any]:
    return {name: drawn.get(name, _default(row, name)) for name in names}


def _default(row: Version | Stage | Step, name: str) -> Any:
    column = row._meta.get_field(name)
    assert isinstance(column, Field)
    return column.get_default()


def _saved(row: Row, columns: Mapping[str, Any], *, anyway: bool = False) -> Row:
    """The row, saved if it says something else now."""
    if row.pk and not anyway and all(getattr(row, name) == value for name, value in columns.items()):
        return row
    for name, value in columns.items():
        setattr(row, name, value)
    _checked(row)
    return row


def _connect(step: Step, after: list[Step], fault_path: Step | None) -> None:
    if {before.pk for before in step.after.all()} != {before.pk for before in after}:
        step.after.set(after)
    if step.fault_path_id != (fault_path.pk if fault_path else None):
        step.fault_path = fault_path
        step.save(update_fields=["fault_path"])


def _write_routes(stage: Stage, stages: Mapping[str, Stage], drawn: Sequence[Document]) -> None:
    wanted = [(route.get("condition", {}), route.get("to") or None) for route in drawn]
    if wanted == [(route.condition, route.target.api_name if route.target else None) for route in stage.routes.all()]:
        return
    stage.routes.all().delete()
    for order, (condition, to) in enumerate(wanted):
        _checked(Route(stage=stage, order=order, condition=condition, target=stages[to] if to else None))


def _checked(row: Version | Stage | Step | Route) -> None:
    """Save a row of a document, if its own validation lets it. That names are unique is seen to by then, and by the database."""
    try:
        row.clean_fields(exclude=[field.name for field in row._meta.concrete_fields if field.is_relation])
    except ValidationError as error:
        raise Invalid(_("“%(row)s”: %(problems)s") % {"row": row, "problems": " ".join(error.messages)}) from error
    row.save()


def _refuse_problems(orchestration: Orchestration) -> None:
    try:
        orchestration.full_clean()
    except ValidationError as error:
        told = {"row": orchestration, "problems": " ".join(error.messages)}
        raise Invalid(_("“%(row)s”: %(problems)s") % told, errors=getattr(error, "message_dict", {})) from error


def _dump_stage(stage: Stage) -> Document:
    return {
        "api_name": stage.api_name,
        "label": stage.label,
        **{name: getattr(stage, name) for name in STAGE_FIELDS},
        "routes": [{"condition": route.condition, "to": _name_in(stage.version_id, route.target)} for route in stage.routes.all()],
        "steps": [
            {
                "api_name": step.api_name,
                "label": step.label,
                "kind": step.kind,
                "flow": step.flow,
                "after": [before.api_name for before in step.after.all()],
                "fault_path": _name_in(stage.version_id, step.fault_path),
                **{name: getattr(step, name) for name in STEP_FIELDS},
            }
            for step in stage.steps.all()
        ],
    }


def _name_in(version_id: int, part: Stage | Step | None) -> str | None:
    """How the drawing calls one of its parts; a part of another version it cannot call anything."""
    if part is None or part.version_id == version_id:
        return part.api_name if part else None
    return _("%(name)s of another version") % {"name": part.api_name}
