"""What a drawing reads, and whether it can be there when it is read (R6.2): names, fields, outputs of steps, types of values."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, get_origin

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from orchestration import assignment, drawing, expressions, flows, values
from orchestration.drawing import Drawing, StageDrawing, StepDrawing
from orchestration.errors import ExpressionError, FlowMissing
from orchestration.expressions import Condition
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


def problems(version: Version) -> Iterator[Problem]:
    """Everything that the version reads and that cannot be there, and every stage and step that nothing leads to."""
    try:
        drawn = drawing.of(version)
        entry = expressions.condition(version.entry_condition)
        rollout = expressions.condition(version.orchestration.rollout_condition)
    except ExpressionError as error:
        yield Problem(str(version), str(error))
        return
    if lost := list(_routes_to_nowhere(drawn)):
        yield from lost
        return
    paths = Paths(drawn)
    yield from _unreachable(drawn, paths)
    yield from _Reader(version, drawn, paths).problems(entry, rollout)


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


def _routes_to_nowhere(drawn: Drawing) -> Iterator[Problem]:
    for stage in drawn.stages.values():
        if any(route.target and route.target not in drawn.stages for route in stage.routes):
            yield Problem(stage.label, _("A route goes to a stage of another version. Choose one of this version, or the end."))
        for step in stage.steps.values():
            if step.fault_path and step.fault_path not in drawn.steps:
                yield Problem(_place(stage, step), _("Its faults go to a step of another version. Choose a handler of this version."))


def _unreachable(drawn: Drawing, paths: Paths) -> Iterator[Problem]:
    for stage in drawn.stages.values():
        if stage.id not in paths.reached:
            yield Problem(stage.label, _("Nothing leads to this stage. Change the routes before it, or delete it."))
            continue
        for step in stage.steps.values():
            if step.handles and step.id not in paths.handled_by:
                yield Problem(_place(stage, step), _("No fault can come to this handler. Name it where it is to help, or delete it."))
            for before in (stage.steps[other] for other in step.after if other in stage.steps):
                if before.handles:
                    message = _("It comes after “%(step)s”, a handler, which begins only when something fails. Name another step.")
                    yield Problem(_place(stage, step), message % {"step": before.label})


def _place(stage: StageDrawing, step: StepDrawing) -> str:
    return f"{stage.label} › {step.label}"


UNKNOWN: Any = object()
"""The end of a path of which nothing is known before it is read: the output of a step, say."""


class _Reader:
    """Goes through everything in a version that reads something."""

    def __init__(self, version: Version, drawn: Drawing, paths: Paths) -> None:
        self.version, self.drawn, self.paths = version, drawn, paths
        self.steps = {step.api_name: step for step in drawn.steps.values()}
        label = version.orchestration.record_model
        self.record: Any = (model_named(label) if label else None) or UNKNOWN

    def problems(self, entry: Condition, rollout: Condition) -> Iterator[Problem]:
        """Everything that is read and cannot be there."""
        place = str(self.version)
        if self.version.orchestration.start_type == StartType.RECORD_TRIGGERED:
            known = AT_TRIGGER if self.version.starts_on == StartsOn.DUE else AT_TRIGGER | {"prior"}
            yield from self._condition(place, _("starts only if"), entry, known, self._never)
        yield from self._condition(place, _("rollout condition"), rollout, frozenset({"record"}), self._never)
        for stage in self.drawn.stages.values():
            if stage.id in self.paths.reached:
                yield from self._stage(stage)

    def _stage(self, stage: StageDrawing) -> Iterator[Problem]:
        def before(step: StepDrawing) -> bool:
            return self.paths.stage_after_step(stage, step)

        def within(step: StepDrawing) -> bool:
            return self.paths.stage_holds(stage, step)

        yield from self._condition(stage.label, _("only if"), stage.entry, IN_INSTANCE, before)
        yield from self._condition(stage.label, _("exit condition"), stage.exit, IN_INSTANCE, within)
        for route in stage.routes:
            yield from self._condition(stage.label, _("route"), route.condition, IN_INSTANCE, within)
        for step in stage.steps.values():
            yield from self._step(_place(stage, step), step)

    def _step(self, place: str, step: StepDrawing) -> Iterator[Problem]:
        begins_with_stage = not step.after and step.wait_until.tree is None

        def beginning(other: StepDrawing) -> bool:
            return self.paths.step_after_step(step, other, at_once=begins_with_stage)

        def waiting(other: StepDrawing) -> bool:
            return self.paths.step_after_step(step, other, at_once=False)

        def finishing(other: StepDrawing) -> bool:
            return other is step or waiting(other)

        known = IN_INSTANCE | {"fault"} if step.handles else IN_INSTANCE
        yield from self._condition(place, _("wait until"), step.wait_until, IN_INSTANCE, waiting)
        yield from self._condition(place, _("only if"), step.only_if, IN_INSTANCE, beginning)
        yield from self._condition(place, _("complete when"), step.complete_when, IN_INSTANCE, finishing)
        yield from self._inputs(place, step, known, waiting)
        if step.is_interactive:
            yield from self._assignee(place, step.assignee, known, beginning)
        elif step.run_as == RunAs.USER and assignment.user_named(step.run_as_user) is None:
            yield Problem(place, _("It runs as “%(name)s”, and there is no such user.") % {"name": step.run_as_user})

    # What is read ----------------------------------------------------------------------------------------------------

    def _condition(
        self, place: str, what: str, condition: Condition, known: frozenset[str], may_be_there: Callable[[StepDrawing], bool]
    ) -> Iterator[Problem]:
        for path in sorted(condition.reads):
            yield from self._path(place, what, path, known, may_be_there)

    def _inputs(
        self, place: str, step: StepDrawing, known: frozenset[str], may_be_there: Callable[[StepDrawing], bool]
    ) -> Iterator[Problem]:
        flow = _flow(step.flow)
        for name, source in sorted(step.inputs.items()):
            what = _("input “%(name)s”") % {"name": name}
            match source:
                case {"path": str(path)} if len(source) == 1:
                    wrong = list(self._path(place, what, path, known, may_be_there))
                    yield from wrong
                    if flow and not wrong and not _fits(flow, name, self._end(path)):
                        yield Problem(place, _wrong_type(flow, name, path))
                case {"value": value} if len(source) == 1:  # its type is looked at with the names of the inputs
                    if flow and value is None and name in flow.required:
                        yield Problem(place, _("The input “%(name)s” has no value.") % {"name": name})
                case _:
                    yield from self._source(place, what, source, known, may_be_there)

    def _source(
        self, place: str, what: str, source: Any, known: frozenset[str], may_be_there: Callable[[StepDrawing], bool]
    ) -> Iterator[Problem]:
        """A formula, or a text with values in it."""
        try:
            reads = expressions.source(source).reads
        except ExpressionError as error:
            yield Problem(place, _("The %(what)s cannot be read. %(error)s") % {"what": what, "error": error})
            return
        for path in sorted(reads):
            yield from self._path(place, what, path, known, may_be_there)

    def _assignee(self, place: str, source: Any, known: frozenset[str], may_be_there: Callable[[StepDrawing], bool]) -> Iterator[Problem]:
        match source:
            case None | {} if not source:
                return  # that nobody is named is said already
            case {"path": str(path)} if len(source) == 1:
                wrong = list(self._path(place, _("assignee"), path, known, may_be_there))
                yield from wrong
                if not wrong and not _is_person(self._end(path)):
                    yield Problem(place, _("The assignee “%(path)s” is neither a user, a group nor a queue.") % {"path": path})
            case {**one} if len(one) == 1 and set(one) <= NAMED.keys():
                kind, name = next(iter(one.items()))
                title, exists = NAMED[str(kind)]
                if not isinstance(name, str) or not exists(name):
                    missing = _("There is no %(kind)s “%(name)s” to do it. Add it, or name another one.")
                    yield Problem(place, missing % {"kind": title, "name": name})
            case _:
                yield Problem(place, _("The assignee names neither a user, a group, a queue nor a path."))

    def _path(
        self, place: str, what: str, path: str, known: frozenset[str], may_be_there: Callable[[StepDrawing], bool]
    ) -> Iterator[Problem]:
        """What is wrong with one path that is read at `place`."""
        first, *rest = path.split(".")
        if first not in known:
            message = _("The %(what)s reads “%(path)s”; there is no “%(name)s” here. Known: %(known)s.")
            yield Problem(place, message % {"what": what, "path": path, "name": first, "known": ", ".join(sorted(known))})
            return
        if self._end(path) is None:
            yield Problem(place, _("The %(what)s reads “%(path)s”, which does not exist.") % {"what": what, "path": path})
        elif first == "steps" and rest[1:2] == ["outputs"] and not may_be_there(self.steps[rest[0]]):
            message = _("The %(what)s reads “%(path)s”, and “%(step)s” can never be finished by then.")
            yield Problem(place, message % {"what": what, "path": path, "step": self.steps[rest[0]].label})

    @staticmethod
    def _never(_step: StepDrawing) -> bool:
        return False

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
            "inputs": _declared(self.version.inputs),
            "vars": _declared(self.version.variables),
            "steps": dict.fromkeys(self.steps, step),
            "stages": dict.fromkeys((drawn.api_name for drawn in self.drawn.stages.values()), stage),
            "instance": {"id": int, "started_at": datetime, "version": int},
            "starter": person,
            "completer": person,
            "now": datetime,
            "today": date,
            "fault": {"step": str, "label": str, "attempt": int, "type": str, "message": str, "inputs": UNKNOWN},
        }


NAMED: Mapping[str, tuple[Any, Callable[[str], bool]]] = {
    "user": (gettext_lazy("user"), lambda name: assignment.user_named(name) is not None),
    "group": (gettext_lazy("group"), lambda name: Group.objects.filter(name=name).exists()),
    "queue": (gettext_lazy("queue"), lambda name: Queue.objects.filter(api_name=name).exists()),
}
"""What an assignee can name: how people call it, and whether there is one with this name."""


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


def _flow(key: str) -> flows.Flow | None:
    try:
        return flows.get(key)
    except FlowMissing:
        return None


def _fits(flow: flows.Flow, name: str, end: Any) -> bool:
    if end is UNKNOWN or not isinstance(end, type):
        return True
    if flow.is_built:
        wanted: Any = TAKEN_AS.get(flow.declared.get(name, {}).get("type", ""), (object, bool))
        return issubclass(end, wanted) and not (end is bool and bool not in wanted)
    wanted = flow.inputs.get(name)
    return not isinstance(wanted, type) or issubclass(end, get_origin(wanted) or wanted)


def _wrong_type(flow: flows.Flow, name: str, given: str) -> str:
    wanted = getattr(flow.inputs[name], "__name__", str(flow.inputs[name]))
    if flow.is_built:
        wanted = values.TYPES[flow.declared[name]["type"]][0]
    return _("“%(flow)s” takes %(wanted)s as “%(name)s”, and %(given)s is something else.") % {
        "flow": flow.label,
        "wanted": wanted,
        "name": name,
        "given": given,
    }
