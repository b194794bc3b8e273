"""What a drawing reads, and whether it can be there when it is read (R6.2): names, fields, outputs of steps, types of values."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any, get_origin

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from orchestration import drawing, editing, expressions, flows, values
from orchestration.drawing import Drawing, StageDrawing, StepDrawing
from orchestration.errors import ExpressionError, FlowMissing, FlowNotActive
from orchestration.expressions import Condition
from orchestration.flows import Flow
from orchestration.models import Flow as FlowRow
from orchestration.models import Queue, Version
from orchestration.models.definitions import RunAs, StartsOn, StartType
from orchestration.models.records import model_named

AT_TRIGGER = frozenset({"record", "starter", "now", "today"})
"""What an entry condition can read; one that a save looks at can read `prior` too."""

IN_INSTANCE = frozenset({"record", "start", "inputs", "vars", "steps", "stages", "instance", "starter", "completer", "now", "today"})

TYPE_OF_FIELD: Mapping[type[Any], type] = {
    models.BooleanField: bool,
    models.CharField: str,
    models.TextField: str,
    models.DateTimeField: datetime,
    models.DateField: date,
    models.DecimalField: Decimal,
    models.FloatField: float,
    models.IntegerField: int,
}
"""The Python type of what a column holds; the first that fits."""

TYPE_OF_DECLARED: Mapping[str, type] = {
    "text": str,
    "number": Decimal,
    "yes_no": bool,
    "date": date,
    "datetime": datetime,
    "list": list,
}


TAKEN_AS: Mapping[str, tuple[type, ...]] = {
    "text": (str, date),
    "number": (int, float, Decimal),
    "yes_no": (bool,),
    "date": (date, str),
    "datetime": (datetime, str),
    "list": (list,),
}
"""What a built flow takes for an input of each type."""


@dataclass(frozen=True)
class Problem:
    """Something that keeps a version from being activated, or is worth a second look (`is_warning`): where, what, and how to mend it.

    `part` is the address of what it is in (see `editing`), `field` what of that a builder opens, `code` a stable word for the check.
    """

    place: str
    message: str
    part: str = ""
    field: str = ""
    code: str = ""
    is_warning: bool = False

    def __str__(self) -> str:
        return f"{self.place}: {self.message}"


@dataclass(frozen=True)
class Site:
    """What there is on this site that a drawing can name; asked for once for a whole drawing."""

    flows: Mapping[str, Flow]
    flow_rows: Mapping[str, FlowRow]
    """Every flow that has a page in the admin, also those that cannot be used now."""

    drafts: Mapping[str, str]
    """Built flows that have no active version, with their labels."""

    queues: Mapping[str, str]
    """API names with labels."""

    groups: frozenset[str]
    users: frozenset[str]

    @classmethod
    def around(cls, document: Mapping[str, Any]) -> "Site":
        """What is there of what the document may name: five queries, however long it is."""
        steps = drawing.steps_in(document)
        named = {
            name for step in steps for name in (step.get("assignee", {}).get("user"), step.get("run_as_user")) if isinstance(name, str)
        }
        people = get_user_model()._default_manager.filter(**{f"{get_user_model().USERNAME_FIELD}__in": named - {""}})
        known = {flow.key: flow for flow in flows.all_flows()}
        rows = {row.key: row for row in FlowRow.objects.only("key", "label", "is_built")}
        return cls(
            flows=known,
            flow_rows=rows,
            drafts={key: row.label for key, row in rows.items() if row.is_built and key not in known},
            queues=dict(Queue.objects.order_by("label").values_list("api_name", "label")),
            groups=frozenset(Group.objects.values_list("name", flat=True)),
            users=frozenset(people.values_list(get_user_model().USERNAME_FIELD, flat=True)) if named - {""} else frozenset(),
        )

    def get(self, key: str) -> Flow:
        """The flow. Raises FlowMissing when it cannot be used."""
        if key in self.flows:
            return self.flows[key]
        if key in self.drafts:
            raise FlowNotActive(self.drafts[key])
        raise FlowMissing(key)


NO_SITE = Site({}, {}, {}, {}, frozenset(), frozenset())


def problems(document: Mapping[str, Any], drawn: Drawing, site: Site) -> Iterator[Problem]:
    """Everything that a drawing reads and that cannot be there, and every stage and step that nothing leads to."""
    paths = Paths(drawn)
    yield from _unreachable(drawn, paths)
    yield from _Reader(document, drawn, paths, site).problems()


def problems_of_gate(label: str, record_model: str, condition: Condition) -> Iterator[Problem]:
    """What the condition of a rollout gate reads, and cannot: only the record is there."""
    nothing = Drawing(Version(), {})
    reader = _Reader({"orchestration": {"label": label, "record_model": record_model}}, nothing, Paths(nothing), NO_SITE)
    yield from reader.condition(Spot(label, "", "rollout_condition"), _("rollout condition"), condition, frozenset({"record"}), _never)


class Paths:
    """The ways through a drawing: what can have been finished when something is read.

    A way leads from a stage to the next one, along its routes up to the first that always holds, and, where a handler may be called,
    to any stage, since it can resolve “go to”. A stage with an entry condition can also be passed over.
    """

    def __init__(self, drawn: Drawing) -> None:
        self._drawn = drawn
        self.handled_by = dict(_handlers(drawn))
        """Each handler that can be called at all, with the ids of the steps whose faults come to it."""
        self._left = {stage.id: self._ways_out(stage) for stage in drawn.stages.values()}
        self._passed = {stage.id: self._left[stage.id] | self._ways_past(stage) for stage in drawn.stages.values()}
        first = drawn.after(None)
        self.reached = self._from({first.id} if first else set())

    @property
    def can_end(self) -> bool:
        """Whether a way leads to the end."""
        if self.handled_by:  # a handler can resolve “end”
            return True
        last = list(self._drawn.stages)[-1:]
        for stage in (self._drawn.stages[key] for key in self.reached):
            always = next((route for route in stage.routes if route.condition.tree is None), None)
            ends = [route for route in stage.routes if route.target is None]
            if any(always is None or stage.routes.index(route) <= stage.routes.index(always) for route in ends):
                return True
            if [stage.id] == last and (always is None or stage.entry.tree is not None):
                return True
        return not self.reached

    def stage_after_step(self, stage: StageDrawing, step: StepDrawing) -> bool:
        """Whether the stage can be come to after the step has been finished."""
        return any(stage.id in self._from(self._left[where]) for where in self._places_of(step))

    def step_after_step(self, reader: StepDrawing, step: StepDrawing, *, at_once: bool) -> bool:
        """Whether `reader` can begin (`at_once`: be looked at as its stage begins) after `step` has been finished."""
        return any(self._begins_after(place, step, at_once=at_once and place is reader) for place in self._begins_at(reader))

    def stage_holds(self, stage: StageDrawing, step: StepDrawing) -> bool:
        """Whether the step can be finished while the stage is in progress, or before."""
        return stage.id in self._places_of(step) or self.stage_after_step(stage, step)

    def _begins_after(self, reader: StepDrawing, step: StepDrawing, *, at_once: bool) -> bool:
        stage = self._drawn.stage_of[reader.id]
        if self.stage_after_step(stage, step):
            return True
        if step.handles:  # a handler is finished before the step that it mended goes on, and before what comes after that
            mended = [self._drawn.steps[failed] for failed in self.handled_by.get(step.id, ())]
            return any(failed is reader or self._beside(reader, failed) for failed in mended)
        is_retried = any(reader.id in failed for failed in self.handled_by.values())
        return (not at_once or is_retried) and self._beside(reader, step)

    def _beside(self, reader: StepDrawing, step: StepDrawing) -> bool:
        """Whether the step is another one of the same stage, and does not wait for the reader."""
        stage = self._drawn.stage_of[reader.id]
        return step.id in stage.steps and step.id not in self._waiting_for(stage, reader.id)

    def _waiting_for(self, stage: StageDrawing, first: int) -> set[int]:
        """The step, and all that come after it."""
        waiting: set[int] = set()
        more = {first}
        while more:
            waiting |= more
            more = {step.id for step in stage.steps.values() if step.after & more} - waiting
        return waiting

    def _begins_at(self, reader: StepDrawing) -> list[StepDrawing]:
        """A handler begins wherever a step whose faults it takes has failed; any other step by itself."""
        return [self._drawn.steps[failed] for failed in self.handled_by.get(reader.id, ())] if reader.handles else [reader]

    def _places_of(self, step: StepDrawing) -> set[int]:
        """The stages in which the step can be finished."""
        return {self._drawn.stage_of[place.id].id for place in self._begins_at(step)}

    def _ways_out(self, stage: StageDrawing) -> set[int]:
        """The stages to which one that has begun can lead."""
        if any(failed in stage.steps for steps in self.handled_by.values() for failed in steps):
            return set(self._drawn.stages)
        targets: set[int] = set()
        for route in stage.routes:
            targets |= {route.target} if route.target else set()
            if route.condition.tree is None:
                return targets
        return targets | self._next(stage)

    def _ways_past(self, stage: StageDrawing) -> set[int]:
        """The stage that comes when this one is skipped."""
        return self._next(stage) if stage.entry.tree is not None else set()

    def _next(self, stage: StageDrawing) -> set[int]:
        following = self._drawn.after(stage.id)
        return {following.id} if following else set()

    def _from(self, stages: set[int]) -> set[int]:
        """The stages, and all that can be come to from there."""
        found: set[int] = set()
        more = set(stages)
        while more:
            found |= more
            more = {target for stage in more for target in self._passed[stage]} - found
        return found


def _handlers(drawn: Drawing) -> Iterator[tuple[int, set[int]]]:
    """Each handler with the ids of the steps whose faults can come to it: up to the first that takes them all (R7.1)."""
    taken: dict[int, set[int]] = {}
    for stage in drawn.stages.values():
        for step in stage.steps.values():
            if step.handles:
                continue
            for handler in drawn.handlers_of(step, stage):
                taken.setdefault(handler.id, set()).add(step.id)
                if not handler.handles_types:
                    break
    yield from taken.items()


def _unreachable(drawn: Drawing, paths: Paths) -> Iterator[Problem]:
    if not paths.can_end:
        first = next(iter(drawn.stages.values()))
        told = _("No way leads to the end: it would go round for ever. Give a route a condition, or let one go to the end.")
        yield Problem(first.label, told, f"stage:{first.api_name}", code="no_end")
    for stage in drawn.stages.values():
        if stage.id not in paths.reached:
            told = _("Nothing leads to this stage. Change the routes before it, or delete it.")
            yield Problem(stage.label, told, f"stage:{stage.api_name}", code="stage_unreachable")
            continue
        for step in stage.steps.values():
            here = _place(stage, step), f"step:{step.api_name}"
            if step.handles and step.id not in paths.handled_by:
                told = _("No fault can come to this handler. Name it where it is to help, or delete it.")
                yield Problem(here[0], told, here[1], "handles", "handler_unreachable")
            for before in (stage.steps[other] for other in step.after if other in stage.steps):
                if before.handles:
                    message = _("It comes after “%(step)s”, a handler, which begins only when something fails. Name another step.")
                    yield Problem(here[0], message % {"step": before.label}, here[1], "after", "after_handler")


def _place(stage: StageDrawing, step: StepDrawing) -> str:
    return f"{stage.label} › {step.label}"


UNKNOWN: Any = object()
"""The end of a path of which nothing is known before it is read: the output of a step, say."""


class _Reader:
    """Goes through everything in a version that reads something."""

    def __init__(self, document: Mapping[str, Any], drawn: Drawing, paths: Paths, site: Site) -> None:
        self.document, self.drawn, self.paths, self.site = document, drawn, paths, site
        self.head = document["orchestration"]
        self.steps = {step.api_name: step for step in drawn.steps.values()}
        label = self.head.get("record_model", "")
        self.record: Any = (model_named(label) if label else None) or UNKNOWN

    def problems(self) -> Iterator[Problem]:
        """Everything that is read and cannot be there."""
        if self.head.get("start_type") == StartType.RECORD_TRIGGERED:
            known = AT_TRIGGER if self.document.get("starts_on") == StartsOn.DUE else AT_TRIGGER | {"prior"}
            start = Spot(str(self.head["label"]), editing.START, "entry_condition")
            yield from self.condition(
                start, _("starts only if"), expressions.condition(self.document.get("entry_condition")), known, _never
            )
        for stage in self.drawn.stages.values():
            if stage.id in self.paths.reached:
                yield from self._stage(stage)

    def _stage(self, stage: StageDrawing) -> Iterator[Problem]:
        def before(step: StepDrawing) -> bool:
            return self.paths.stage_after_step(stage, step)

        def within(step: StepDrawing) -> bool:
            return self.paths.stage_holds(stage, step)

        here = Spot(stage.label, f"stage:{stage.api_name}")
        yield from self.condition(here.at("entry_condition"), _("only if"), stage.entry, IN_INSTANCE, before)
        yield from self.condition(here.at("exit_condition"), _("exit condition"), stage.exit, IN_INSTANCE, within)
        for number, route in enumerate(stage.routes):
            spot = Spot(stage.label, f"route:{stage.api_name}:{number}", "condition")
            yield from self.condition(spot, _("route"), route.condition, IN_INSTANCE, within)
        for step in stage.steps.values():
            yield from self._step(Spot(_place(stage, step), f"step:{step.api_name}"), step)

    def _step(self, here: "Spot", step: StepDrawing) -> Iterator[Problem]:
        begins_with_stage = not step.after and step.wait_until.tree is None

        def beginning(other: StepDrawing) -> bool:
            return self.paths.step_after_step(step, other, at_once=begins_with_stage)

        def waiting(other: StepDrawing) -> bool:
            return self.paths.step_after_step(step, other, at_once=False)

        def finishing(other: StepDrawing) -> bool:
            return other is step or waiting(other)

        known = IN_INSTANCE | {"fault"} if step.handles else IN_INSTANCE
        yield from self.condition(here.at("wait_until"), _("wait until"), step.wait_until, IN_INSTANCE, waiting)
        yield from self.condition(here.at("only_if"), _("only if"), step.only_if, IN_INSTANCE, beginning)
        yield from self.condition(here.at("complete_when"), _("complete when"), step.complete_when, IN_INSTANCE, finishing)
        yield from self._inputs(here, step, known, waiting)
        if step.is_interactive:
            yield from self._assignee(here.at("assignee"), step.assignee, known, beginning)
        elif step.run_as == RunAs.USER and step.run_as_user not in self.site.users:
            told = _("It runs as “%(name)s”, and there is no such user. Choose another one.") % {"name": step.run_as_user}
            yield here.at("run_as_user").problem("run_as_missing", told)

    # What is read ----------------------------------------------------------------------------------------------------

    def condition(
        self, here: "Spot", what: str, condition: Condition, known: frozenset[str], may_be_there: Callable[[StepDrawing], bool]
    ) -> Iterator[Problem]:
        for path in sorted(condition.reads):
            yield from self._path(here, what, path, known, may_be_there)

    def _inputs(
        self, whole: "Spot", step: StepDrawing, known: frozenset[str], may_be_there: Callable[[StepDrawing], bool]
    ) -> Iterator[Problem]:
        flow = self.site.flows.get(step.flow)
        for name, source in sorted(step.inputs.items()):
            here = whole.at(f"inputs-{name}")
            what = _("input “%(name)s”") % {"name": name}
            match source:
                case {"path": str(path)} if len(source) == 1:
                    wrong = list(self._path(here, what, path, known, may_be_there))
                    yield from wrong
                    if flow and not wrong and not _fits(flow, name, self._end(path)):
                        yield here.problem("input_wrong_type", _wrong_type(flow, name, path))
                case {"value": value} if len(source) == 1:  # its type is looked at with the names of the inputs
                    if flow and value is None and name in flow.required:
                        yield here.problem("input_missing", _("The input “%(name)s” has no value.") % {"name": name})
                case _:
                    yield from self._source(here, what, source, known, may_be_there)

    def _source(
        self, here: "Spot", what: str, source: Any, known: frozenset[str], may_be_there: Callable[[StepDrawing], bool]
    ) -> Iterator[Problem]:
        """A formula, or a text with values in it."""
        try:
            reads = expressions.source(source).reads
        except ExpressionError as error:
            yield here.problem("unreadable", _("The %(what)s cannot be read. %(error)s") % {"what": what, "error": error})
            return
        for path in sorted(reads):
            yield from self._path(here, what, path, known, may_be_there)

    def _assignee(self, here: "Spot", source: Any, known: frozenset[str], may_be_there: Callable[[StepDrawing], bool]) -> Iterator[Problem]:
        match source:
            case None | {} if not source:
                return  # that nobody is named is said already
            case {"path": str(path)} if len(source) == 1:
                wrong = list(self._path(here, _("assignee"), path, known, may_be_there))
                yield from wrong
                if not wrong and not _is_person(self._end(path)):
                    told = _("The assignee “%(path)s” is neither a user, a group nor a queue.") % {"path": path}
                    yield here.problem("assignee_is_nobody", told)
            case {**one} if len(one) == 1 and set(one) <= NAMED.keys():
                kind, name = next(iter(one.items()))
                if not isinstance(name, str) or name not in getattr(self.site, f"{kind}s"):
                    missing = _("There is no %(kind)s “%(name)s” to do it. Add it, or name another one.")
                    yield here.problem("assignee_missing", missing % {"kind": NAMED[str(kind)], "name": name})
            case _:
                yield here.problem("assignee_unreadable", _("The assignee names neither a user, a group, a queue nor a path."))

    def _path(
        self, here: "Spot", what: str, path: str, known: frozenset[str], may_be_there: Callable[[StepDrawing], bool]
    ) -> Iterator[Problem]:
        """What is wrong with one path that is read there."""
        first, *rest = path.split(".")
        if first not in known:
            message = _("The %(what)s reads “%(path)s”; there is no “%(name)s” here. Known: %(known)s.")
            told = {"what": what, "path": path, "name": first, "known": ", ".join(sorted(known))}
            yield here.problem("reads_unknown", message % told)
            return
        if self._end(path) is None:
            told = {"what": what, "path": path}
            yield here.problem("reads_unknown", _("The %(what)s reads “%(path)s”, which does not exist.") % told)
        elif first == "steps" and rest[1:2] == ["outputs"] and not may_be_there(self.steps[rest[0]]):
            message = _("The %(what)s reads “%(path)s”, and “%(step)s” can never be finished by then.")
            yield here.problem("reads_too_early", message % {"what": what, "path": path, "step": self.steps[rest[0]].label})

    # Where a path ends -----------------------------------------------------------------------------------------------

    def _end(self, path: str) -> Any:
        """What stands at the end of a path: a model, a type, UNKNOWN; None when there is no such thing."""
        value: Any = self._roots()
        for name in path.split("."):
            value = _follow(value, name)
            if value is None or value is UNKNOWN:
                return value
        return value

    def _roots(self) -> Mapping[str, Any]:
        person = get_user_model()
        step = {"outputs": UNKNOWN, "status": str}
        stage = {"status": str, "iteration": int}
        return {
            "record": self.record,
            "prior": self.record,
            "start": UNKNOWN if self.record is UNKNOWN else _columns(self.record),
            "inputs": _declared(self.document.get("inputs", {})),
            "vars": _declared(self.document.get("variables", {})),
            "steps": dict.fromkeys(self.steps, step),
            "stages": dict.fromkeys((drawn.api_name for drawn in self.drawn.stages.values()), stage),
            "instance": {"id": int, "started_at": datetime, "version": int},
            "starter": person,
            "completer": person,
            "now": datetime,
            "today": date,
            "fault": {"step": str, "label": str, "attempt": int, "type": str, "message": str, "inputs": UNKNOWN},
        }


NAMED: Mapping[str, Any] = {"user": gettext_lazy("user"), "group": gettext_lazy("group"), "queue": gettext_lazy("queue")}
"""What an assignee can name, and how people call it."""


@dataclass(frozen=True)
class Spot:
    """Where something is read: how people call the place, the address of the part, the field of it."""

    label: str
    part: str
    field: str = ""

    def at(self, field: str) -> "Spot":
        """A field of the same part."""
        return replace(self, field=field)

    def problem(self, code: str, message: str) -> Problem:
        """A problem there."""
        return Problem(self.label, message, self.part, self.field, code)


def _never(_step: StepDrawing) -> bool:
    return False


def _follow(value: Any, name: str) -> Any:
    """One name further along a path, as `expressions.read` will follow it."""
    if isinstance(value, Mapping):
        return value.get(name)
    if isinstance(value, type) and issubclass(value, models.Model):
        return _field(value, name)
    return None


def _field(model: type[models.Model], name: str) -> Any:
    if name == "pk":
        return UNKNOWN
    try:
        field = model._meta.get_field(name)
    except FieldDoesNotExist:
        return None
    if not field.concrete or field.many_to_many or name in expressions.NEVER_READ:
        return None
    if field.is_relation:
        return field.related_model
    return _type_of(field)


def _columns(model: type[models.Model]) -> Mapping[str, Any]:
    """The names of `start`: foreign keys stand there as keys."""
    return {
        field.name: _type_of(field.target_field if isinstance(field, models.ForeignKey) else field)
        for field in model._meta.concrete_fields
        if field.name not in expressions.NEVER_READ and not isinstance(field, models.BinaryField)
    }


def _type_of(field: Any) -> Any:
    return next((kind for known, kind in TYPE_OF_FIELD.items() if isinstance(field, known)), UNKNOWN)


def _declared(declared: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Any]:
    return {name: TYPE_OF_DECLARED[about["type"]] for name, about in declared.items()}


def _is_person(end: Any) -> bool:
    """Whether what stands at the end of a path can be an assignee; a text is taken for a user's name."""
    return end in (UNKNOWN, str) or (isinstance(end, type) and issubclass(end, (get_user_model(), Group, Queue)))


def _fits(flow: Flow, name: str, end: Any) -> bool:
    if end is UNKNOWN or not isinstance(end, type):
        return True
    if flow.is_built:
        wanted: Any = TAKEN_AS.get(flow.declared.get(name, {}).get("type", ""), (object, bool))
        return issubclass(end, wanted) and not (end is bool and bool not in wanted)
    wanted = flow.inputs.get(name)
    return not isinstance(wanted, type) or issubclass(end, get_origin(wanted) or wanted)


def _wrong_type(flow: Flow, name: str, given: str) -> str:
    wanted = getattr(flow.inputs[name], "__name__", str(flow.inputs[name]))
    if flow.is_built:
        wanted = values.TYPES[flow.declared[name]["type"]][0]
    return _("“%(flow)s” takes %(wanted)s as “%(name)s”, and %(given)s is something else.") % {
        "flow": flow.label,
        "wanted": wanted,
        "name": name,
        "given": given,
    }
