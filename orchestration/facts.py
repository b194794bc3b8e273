"""What expressions can read about an instance at one moment (R6.1). Nothing is asked of the database before it is read."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext as _

from orchestration import clock, drawing, values
from orchestration.errors import ExpressionError
from orchestration.expressions import Known
from orchestration.models import Instance
from orchestration.models.records import model_named
from orchestration.runner.limits import kind_of
from orchestration.states import StepStatus

MOST_QUERIES = 20
"""Queries that looking at one condition may cost (R3.1): the instance's row is locked meanwhile."""


@contextmanager
def few_queries() -> Iterator[None]:
    """Inside the block, the query after the last allowed one raises ExpressionError, and so does every write: looking changes nothing."""
    left = iter(range(MOST_QUERIES))

    def counted(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if next(left, None) is None:
            raise ExpressionError(_("The condition needs more than %(most)d queries.") % {"most": MOST_QUERIES})
        if kind_of(sql) == "writes":
            raise ExpressionError(_("The condition writes to the database, and may only look."))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(counted):
        yield


class Facts(Mapping[str, Any]):
    """The names that an expression about `instance` can begin with. Make a new one when rows have moved."""

    def __init__(self, instance: Instance) -> None:
        self._instance = instance
        self._read: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self._read:
            self._read[name] = SOURCES[name](self._instance)
        return self._read[name]

    def __iter__(self) -> Iterator[str]:
        return iter(SOURCES.keys() | self._read.keys())

    def __len__(self) -> int:
        return len(SOURCES.keys() | self._read.keys())

    def add(self, name: str, value: Any) -> None:
        """Something that can be read here besides."""
        self._read[name] = value


def _start(instance: Instance) -> Mapping[str, Any]:
    """The record's columns at the start, in the types of its model."""
    model = model_named(instance.record_model)
    return Known({name: _typed(model, name, value) for name, value in instance.start_values.items()})


def _typed(model: Any, name: str, value: Any) -> Any:
    if model is None or value is None:
        return value
    try:
        field = model._meta.get_field(name)
        return (field.target_field if field.is_relation else field).to_python(value)
    except (FieldDoesNotExist, ValidationError):
        return value


def _steps(instance: Instance) -> Mapping[str, Any]:
    """Each step of the version: its newest iteration's outputs and status (R3.7)."""
    steps: dict[str, Any] = {
        step.api_name: {"outputs": {}, "status": str(StepStatus.NOT_STARTED)} for step in drawing.of(instance.version).steps.values()
    }
    names = {step.id: step.api_name for step in drawing.of(instance.version).steps.values()}
    for step_id, outputs, status in instance.step_instances.order_by("pk").values_list("step_id", "outputs", "status"):
        steps[names[step_id]] = {"outputs": outputs, "status": status}
    return Known(steps)


def _stages(instance: Instance) -> Mapping[str, Any]:
    """Each stage of the version: its newest iteration's status."""
    stages: dict[str, Any] = {
        stage.api_name: {"status": str(StepStatus.NOT_STARTED), "iteration": 0} for stage in drawing.of(instance.version).stages.values()
    }
    names = {stage.id: stage.api_name for stage in drawing.of(instance.version).stages.values()}
    for stage_id, status, iteration in instance.stage_instances.order_by("pk").values_list("stage_id", "status", "iteration"):
        stages[names[stage_id]] = {"status": status, "iteration": iteration}
    return Known(stages)


def _completer(instance: Instance) -> Any:
    """Who completed the latest work item."""
    item = instance.work_items.filter(completed_at__isnull=False).order_by("-completed_at").select_related("completed_by").first()
    return item.completed_by if item else None


SOURCES: Mapping[str, Callable[[Instance], Any]] = {
    "record": lambda instance: instance.get_record(),
    "start": _start,
    "inputs": lambda instance: Known(values.typed(instance.version.inputs, instance.inputs)),
    "vars": lambda instance: Known(values.typed(instance.version.variables, instance.variables)),
    "steps": _steps,
    "stages": _stages,
    "instance": lambda instance: Known({"id": instance.pk, "started_at": instance.started_at, "version": instance.version.number}),
    "starter": lambda instance: instance.starter,
    "completer": _completer,
    "now": lambda _instance: clock.now(),
    "today": lambda _instance: timezone.localdate(clock.now()),
}
