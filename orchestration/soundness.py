"""What keeps a drawing from being activated (§11), and what of it is worth a second look: each with its place and its mend.

Works on documents, so that a draft is looked over while it is edited; what it asks of the database does not grow with the drawing.
"""

import copy
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from django.db.models import DateField
from django.utils.translation import gettext as _

from orchestration import drawing, editing, expressions, flow_builder, flows, references
from orchestration.errors import ExpressionError, FlowMissing
from orchestration.models import Orchestration
from orchestration.models.definitions import ExitRule, StartsOn, StepKind
from orchestration.models.records import model_named
from orchestration.references import Problem, Site, Spot

Document = Mapping[str, Any]

KIND_OF_FLOW = {StepKind.BACKGROUND: flows.FlowKind.AUTOLAUNCHED, StepKind.INTERACTIVE: flows.FlowKind.SCREEN}
"""Which kind of flow each kind of step runs."""

STAGE_CONDITIONS = ("entry_condition", "exit_condition")
STEP_CONDITIONS = ("wait_until", "only_if", "complete_when")


def problems(document: Document, site: Site | None = None) -> list[Problem]:
    """Everything that keeps the document from being activated, all at once."""
    site = site or Site.around(document)
    found = list(_of_start(document))
    if not document["stages"]:
        return [*found, Problem(str(document["orchestration"]["label"]), _("It has no stage. Add one."), code="no_stage")]
    for stage in document["stages"]:
        found += _of_stage(stage, site)
    readable, broken = _readable(document)
    found += [*broken, *_of_evaluations(readable, site), *_routes_to_nowhere(document)]
    if any(problem.code in ("after_lost", "route_lost", "fault_path_lost") for problem in found):
        return found  # nobody can say what leads where
    return [*found, *references.problems(readable, drawing.from_document(readable), site)]


def problems_of_gate(orchestration: Orchestration) -> Iterator[Problem]:
    """What the condition of the rollout gate reads, and cannot: only the record is there."""
    try:
        condition = expressions.condition(orchestration.rollout_condition)
    except ExpressionError as error:
        yield Problem(orchestration.label, str(error), code="gate_unreadable")
        return
    yield from references.problems_of_gate(orchestration.label, orchestration.record_model, condition)


# Places --------------------------------------------------------------------------------------------------------------


def conditions(document: Document) -> Iterator[tuple[Spot, Mapping[str, Any]]]:
    """Every condition of a document that says something, with where it stands."""
    yield Spot(str(document["orchestration"]["label"]), editing.START, "entry_condition"), document.get("entry_condition") or {}
    for stage in document["stages"]:
        spot = spot_of_stage(stage)
        yield from ((spot.at(name), stage.get(name) or {}) for name in STAGE_CONDITIONS)
        for number, route in enumerate(stage.get("routes", [])):
            yield Spot(spot.label, f"route:{stage['api_name']}:{number}", "condition"), route.get("condition") or {}
        for step in stage["steps"]:
            yield from ((spot_of_step(stage, step).at(name), step.get(name) or {}) for name in STEP_CONDITIONS)


def spot_of_stage(stage: Document) -> Spot:
    """Where the problems of a stage are."""
    return Spot(str(stage["label"]), editing.stage_address(stage["api_name"]))


def spot_of_step(stage: Document, step: Document) -> Spot:
    """Where the problems of a step are."""
    return Spot(f"{stage['label']} › {step['label']}", editing.step_address(step["api_name"]))


# What is wrong -------------------------------------------------------------------------------------------------------


def _of_start(document: Document) -> Iterator[Problem]:
    head = document["orchestration"]
    spot = Spot(str(head["label"]), editing.START, "start_field")
    if head["start_type"] != "record" or document.get("starts_on") != StartsOn.DUE:
        return
    model = model_named(head["record_model"]) if head["record_model"] else None
    names = {field.name for field in model._meta.concrete_fields if isinstance(field, DateField)} if model else set()
    if document.get("start_field") not in names:
        told = {"field": document.get("start_field", ""), "known": ", ".join(sorted(names)) or "–"}
        yield spot.problem("start_field", _("“%(field)s” is no date or time field of the record. Known: %(known)s.") % told)


def _of_stage(stage: Document, site: Site) -> Iterator[Problem]:
    spot, steps = spot_of_stage(stage), stage["steps"]
    if not steps:
        yield spot.problem("stage_empty", _("The stage has no step. Add one, or delete the stage."))
    if stage.get("exit_rule", ExitRule.ALL_STEPS) != ExitRule.ALL_STEPS and not stage.get("exit_condition"):
        told = _("It ends by a condition, and none is given: say when, or let it end when all steps are finished.")
        yield spot.at("exit_condition").problem("exit_condition_missing", told)
    for step in steps:
        yield from _of_step(stage, step, site)
    if circle := _circle(steps):
        told = _("These steps wait for each other: %(steps)s.") % {"steps": ", ".join(step["label"] for step in circle)}
        yield Problem(spot.label, told, editing.step_address(circle[0]["api_name"]), "after", "circle")


def _of_step(stage: Document, step: Document, site: Site) -> Iterator[Problem]:
    spot = spot_of_step(stage, step)
    own = {other["api_name"]: other for other in stage["steps"]}
    if step["kind"] == StepKind.INTERACTIVE and not step.get("assignee"):
        told = _("Nobody is named to do it. Name a user, a group, a queue or a path.")
        yield spot.at("assignee").problem("assignee_not_named", told)
    for name in step.get("after") or []:
        if name not in own:
            yield spot.at("after").problem("after_lost", _("It comes after “%(step)s”, which is in another stage.") % {"step": name})
    handler = step.get("fault_path")
    if handler and handler not in own:
        told = _("Its faults go to “%(step)s”, which is in another stage. Choose a handler of this stage.") % {"step": handler}
        yield spot.at("fault_path").problem("fault_path_lost", told)
    elif handler and not own[handler].get("handles"):
        told = _("“%(step)s”, where its faults go, is no handler.") % {"step": own[handler]["label"]}
        yield spot.at("fault_path").problem("fault_path_no_handler", told)
    yield from _of_flow(spot, step, site)


def _of_flow(spot: Spot, step: Document, site: Site) -> Iterator[Problem]:
    if not step["flow"]:
        yield spot.at("flow").problem("flow_not_chosen", _("No flow is chosen. Choose what it does."))
        return
    try:
        flow = site.get(step["flow"])
    except FlowMissing as missing:
        yield spot.at("flow").problem("flow_missing", str(missing))
        return
    wanted = KIND_OF_FLOW[StepKind(step["kind"])]
    if flow.kind != wanted:
        told = {"flow": flow.label, "kind": flow.kind.label, "wanted": wanted.label}
        yield spot.at("flow").problem("flow_kind", _("“%(flow)s” is of the kind %(kind)s; this step needs %(wanted)s.") % told)
    # Of a function's own types `references` tells.
    for name, message in flow_builder.misgiven(flow, step.get("inputs") or {}):
        yield spot.at(f"inputs-{name}").problem("input", message)


def _circle(steps: Iterable[Document]) -> list[Document]:
    """The steps that could never begin because they wait for each other."""
    waits = {step["api_name"]: set(step.get("after") or []) for step in steps}
    while free := [name for name, before in waits.items() if not before & waits.keys()]:
        for name in free:
            del waits[name]
    return [step for step in steps if step["api_name"] in waits]


def _routes_to_nowhere(document: Document) -> Iterator[Problem]:
    stages = {stage["api_name"] for stage in document["stages"]}
    for stage in document["stages"]:
        for number, route in enumerate(stage.get("routes", [])):
            if route.get("to") and route["to"] not in stages:
                told = _("The route goes to “%(stage)s”, which is not there. Choose a stage, or the end.") % {"stage": route["to"]}
                yield Problem(str(stage["label"]), told, f"route:{stage['api_name']}:{number}", "to", "route_lost")


def _readable(document: Document) -> tuple[Document, list[Problem]]:
    """The document with the conditions that cannot be read left out, and a problem for each of those."""
    broken = []
    for spot, condition in conditions(document):
        try:
            expressions.condition(condition)
        except ExpressionError as error:
            broken.append((spot, str(error)))
    if not broken:
        return document, []
    mended = copy.deepcopy(dict(document))
    for spot, _message in broken:
        part = editing.find(mended, spot.part)
        about: Any = part.about if part else mended
        about[spot.field] = {}
    return mended, [spot.problem("condition_unreadable", message) for spot, message in broken]


def _of_evaluations(document: Document, site: Site) -> Iterator[Problem]:
    for spot, condition in conditions(document):
        if why := flow_builder.why_not_asked(condition, site.get):
            yield spot.problem("evaluation", why)


# Worth a second look -------------------------------------------------------------------------------------------------


def warnings(document: Document) -> list[Problem]:
    """What can be activated and may not be meant so, as far as the drawing itself tells."""
    found = []
    for spot, condition in conditions(document):
        found += [
            Problem(spot.label, told, spot.part, spot.field, "compared_with_itself", is_warning=True)
            for told in _compared_with_itself(condition)
        ]
    for stage in document["stages"]:
        for step in stage["steps"]:
            spot = spot_of_step(stage, step)
            found += [Problem(spot.label, told, spot.part, field, code, is_warning=True) for field, code, told in _doubts(stage, step)]
    return found


def _compared_with_itself(condition: Mapping[str, Any]) -> Iterator[str]:
    try:
        tree = expressions.condition(condition).tree
    except ExpressionError:
        return
    for comparison in expressions.comparisons_in(tree):
        if comparison.left == comparison.right:
            yield _("It compares “%(path)s” with itself, so it is always the same.") % {"path": comparison.left}


def _doubts(stage: Document, step: Document) -> Iterator[tuple[str, str, str]]:
    """(field, code, words) of what is odd about one step."""
    try:
        waits = expressions.condition(step.get("wait_until"))
    except ExpressionError:
        return
    later = editing.later(stage, step["api_name"])
    held = [other for other in stage["steps"] if other["api_name"] in later and _reads_step(waits.reads, other["api_name"])]
    if held:
        told = _("It waits for “%(step)s”, which comes after it: it may never begin, and the stage never end.") % {"step": held[0]["label"]}
        yield "wait_until", "waits_for_later", told
    if _reads_step(waits.reads, step["api_name"]):
        yield "wait_until", "waits_for_itself", _("It waits for something of its own, which is there only when it has begun.")
    if step.get("assignee") == {"path": "starter"} and step["kind"] == StepKind.INTERACTIVE and not step.get("handles"):
        told = _("Whoever starts it also does this step: nobody else looks at their request.")
        yield "assignee", "own_request", told


def _reads_step(reads: Iterable[str], name: str) -> bool:
    return any(path.split(".")[:2] == ["steps", name] for path in reads)
