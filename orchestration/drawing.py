"""A version as the engine reads it: stages, steps and routes in order, with their conditions compiled.

A frozen version never changes, so each process keeps those that it has read.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, lru_cache
from typing import Any

from orchestration import expressions
from orchestration.expressions import Condition
from orchestration.models import Route, Stage, Step, Version
from orchestration.models.definitions import ExitRule, Handles, RunAs, StepKind


@dataclass(frozen=True)
class StepDrawing:
    """One step. `after` are the ids of the steps that it comes after."""

    id: int
    api_name: str
    label: str
    is_interactive: bool
    flow: str
    after: frozenset[int]
    inputs: Mapping[str, Any]
    assignee: Mapping[str, Any]
    wait_until: Condition
    only_if: Condition
    complete_when: Condition
    max_attempts: int | None
    run_as: RunAs
    run_as_user: str
    handles: str
    handles_types: frozenset[str]
    fault_path: int | None

    def takes(self, kind: str) -> bool:
        """Whether this handler takes faults of the type."""
        return not self.handles_types or kind in self.handles_types


@dataclass(frozen=True)
class RouteDrawing:
    """One route; `target` is a stage's id, or None for the end."""

    condition: Condition
    target: int | None


@dataclass(frozen=True)
class StageDrawing:
    """One stage with its steps and routes."""

    id: int
    api_name: str
    label: str
    entry: Condition
    exit_rule: ExitRule
    exit: Condition
    steps: Mapping[int, StepDrawing]
    routes: Sequence[RouteDrawing]


@dataclass(frozen=True)
class Drawing:
    """A whole version, its stages by id and in order."""

    version: Version
    stages: Mapping[int, StageDrawing]

    def handler_of(self, step: StepDrawing, stage: StageDrawing, kind: str) -> StepDrawing | None:
        """Who takes a fault of this type of the step; None when nobody does."""
        return next((handler for handler in self.handlers_of(step, stage) if handler.takes(kind)), None)

    def handlers_of(self, step: StepDrawing, stage: StageDrawing) -> Sequence[StepDrawing]:
        """Who is asked in turn when the step fails: its own fault path, its stage's handlers, the orchestration's (R7.1)."""
        named = [self.steps[step.fault_path]] if step.fault_path else []
        of_stage = [other for other in stage.steps.values() if other.handles == Handles.STAGE]
        of_all = [other for other in self.steps.values() if other.handles == Handles.ORCHESTRATION]
        return [*named, *of_stage, *of_all]

    @cached_property
    def steps(self) -> Mapping[int, StepDrawing]:
        """All steps of all stages, by id."""
        return {step.id: step for stage in self.stages.values() for step in stage.steps.values()}

    @cached_property
    def stage_of(self) -> Mapping[int, StageDrawing]:
        """The stage of each step, by the step's id."""
        return {step_id: stage for stage in self.stages.values() for step_id in stage.steps}

    def after(self, stage_id: int | None) -> StageDrawing | None:
        """The next stage in order; the first one after None; None after the last."""
        stages = list(self.stages.values())
        if stage_id is None:
            return stages[0] if stages else None
        place = [stage.id for stage in stages].index(stage_id) + 1
        return stages[place] if place < len(stages) else None


def of(version: Version) -> Drawing:
    """The drawing of a version. Raises ExpressionError when one of its conditions is none (which activation refuses)."""
    return frozen(version.pk, version.activated_at) if version.is_frozen else frozen.__wrapped__(version.pk, None)


def from_document(document: Mapping[str, Any]) -> Drawing:
    """The drawing that a document describes, with keys of its own. Raises ExpressionError when one of its conditions is none."""
    stages = {stage["api_name"]: number for number, stage in enumerate(document["stages"], start=1)}
    steps = {step["api_name"]: number for number, step in enumerate(steps_in(document), start=1)}
    drawn = {stages[stage["api_name"]]: _drawn_stage(stage, stages, steps) for stage in document["stages"]}
    return Drawing(Version(inputs=document.get("inputs", {}), variables=document.get("variables", {})), drawn)


def steps_in(document: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Every step that a document describes, in order."""
    return [step for stage in document["stages"] for step in stage["steps"]]


def _drawn_stage(stage: Mapping[str, Any], stages: Mapping[str, int], steps: Mapping[str, int]) -> StageDrawing:
    row = Stage(
        api_name=stage["api_name"],
        label=stage["label"],
        **{name: stage[name] for name in ("entry_condition", "exit_rule", "exit_condition") if name in stage},
    )
    return StageDrawing(
        id=stages[row.api_name],
        api_name=row.api_name,
        label=row.label,
        entry=expressions.condition(row.entry_condition),
        exit_rule=ExitRule(row.exit_rule),
        exit=expressions.condition(row.exit_condition),
        steps={steps[step["api_name"]]: _drawn_step(step, steps) for step in stage["steps"]},
        routes=[
            RouteDrawing(expressions.condition(route.get("condition", {})), stages.get(route["to"], 0) if route.get("to") else None)
            for route in stage.get("routes", [])
        ],
    )


def _drawn_step(step: Mapping[str, Any], steps: Mapping[str, int]) -> StepDrawing:
    said = {name: value for name, value in step.items() if name not in ("after", "fault_path")}
    after = frozenset(steps[name] for name in step.get("after", []))
    return _step_drawing(Step(pk=steps[step["api_name"]], **said), after, steps.get(step.get("fault_path") or ""))


@lru_cache(maxsize=512)
def frozen(version_id: int, _activated_at: datetime | None) -> Drawing:
    """The drawing of a version that has been active. The moment of its activation tells versions apart that got the same key in a
    database that was made anew."""
    stages = Stage.objects.filter(version=version_id).prefetch_related("steps__after", "routes").order_by("order", "pk")
    return Drawing(Version.objects.get(pk=version_id), {stage.pk: _stage(stage) for stage in stages})


def _stage(stage: Stage) -> StageDrawing:
    return StageDrawing(
        id=stage.pk,
        api_name=stage.api_name,
        label=stage.label,
        entry=expressions.condition(stage.entry_condition),
        exit_rule=ExitRule(stage.exit_rule),
        exit=expressions.condition(stage.exit_condition),
        steps={step.pk: _step(step) for step in sorted(stage.steps.all(), key=lambda step: (step.order, step.pk))},
        routes=[_route(route) for route in sorted(stage.routes.all(), key=lambda route: (route.order, route.pk))],
    )


def _step(step: Step) -> StepDrawing:
    return _step_drawing(step, frozenset(before.pk for before in step.after.all()), step.fault_path_id)


def _step_drawing(step: Step, after: frozenset[int], fault_path: int | None) -> StepDrawing:
    return StepDrawing(
        id=step.pk,
        api_name=step.api_name,
        label=step.label,
        is_interactive=step.kind == StepKind.INTERACTIVE,
        flow=step.flow,
        after=after,
        inputs=step.inputs,
        assignee=step.assignee,
        wait_until=expressions.condition(step.wait_until),
        only_if=expressions.condition(step.only_if),
        complete_when=expressions.condition(step.complete_when),
        max_attempts=step.max_attempts,
        run_as=RunAs(step.run_as),
        run_as_user=step.run_as_user,
        handles=step.handles,
        handles_types=frozenset(step.handles_types),
        fault_path=fault_path,
    )


def _route(route: Route) -> RouteDrawing:
    return RouteDrawing(expressions.condition(route.condition), route.target_id)
