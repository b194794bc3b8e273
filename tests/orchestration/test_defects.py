"""§11: thirty drawings, each with one defect. It is reported at its place, with its mend, and none is activated."""

import copy
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from orchestration import builder, soundness
from orchestration.admin.board.pages import address
from orchestration.errors import Invalid
from orchestration.models import Version
from tests import flows  # noqa: F401  the flows register themselves
from tests.cast import Cast

SOUND: dict[str, Any] = {
    "orchestration": {"api_name": "sound", "label": "Sound", "start_type": "record", "record_model": "demo.employee"},
    "starts_on": "created",
    "stages": [
        {
            "api_name": "one",
            "label": "One",
            "steps": [
                {"api_name": "ask", "label": "Ask", "kind": "interactive", "flow": "demo.collect_preferences", "assignee": {"queue": "hr"}},
                {
                    "api_name": "ticket",
                    "label": "Ticket",
                    "kind": "background",
                    "flow": "demo.create_it_ticket",
                    "after": ["ask"],
                    "inputs": {"equipment": {"path": "steps.ask.outputs.equipment"}},
                },
            ],
        },
        {
            "api_name": "two",
            "label": "Two",
            "steps": [{"api_name": "chat", "label": "Chat", "kind": "background", "flow": "demo.invite_to_chat"}],
        },
    ],
}

Spoil = Callable[[dict[str, Any]], Any]


def stage(document: dict[str, Any], number: int = 0) -> Any:
    return document["stages"][number]


def step(document: dict[str, Any], name: str) -> Any:
    return next(step for stage in document["stages"] for step in stage["steps"] if step["api_name"] == name)


def told(name: str, **columns: Any) -> Spoil:
    """A step that says something else."""
    return lambda document: step(document, name).update(columns)


def handled(document: dict[str, Any]) -> None:
    handler = {"api_name": "mend", "label": "Mend", "kind": "background", "flow": "tests.recover", "handles": "stage"}
    stage(document)["steps"].append({**handler, "inputs": {"resolution": {"value": "skip"}}})
    step(document, "ticket")["after"] = ["mend"]


def in_a_circle(document: dict[str, Any]) -> None:
    other = {**step(document, "chat"), "api_name": "other", "label": "Other", "after": ["chat"]}
    stage(document, 1)["steps"].append(other)
    step(document, "chat")["after"] = ["other"]


def two_routes(document: dict[str, Any]) -> None:
    stage(document)["routes"] = [{"condition": {}, "to": None}]


DEFECTS: dict[str, tuple[Spoil, str, str, str, str]] = {
    "no stage": (lambda d: d["stages"].clear(), "no_stage", "", "", "Add one"),
    "a stage without steps": (lambda d: stage(d, 1)["steps"].clear(), "stage_empty", "stage:two", "", "Add one, or delete the stage"),
    "no flow": (told("chat", flow=""), "flow_not_chosen", "step:chat", "flow", "Choose what it does"),
    "a missing flow": (told("chat", flow="demo.gone"), "flow_missing", "step:chat", "flow", "Bring it back, or move the step"),
    "a flow of the wrong kind": (told("chat", flow="demo.confirm_readiness"), "flow_kind", "step:chat", "flow", "this step needs"),
    "a required input without a value": (told("ticket", inputs={}), "input", "step:ticket", "inputs-equipment", "has no value"),
    "a required input that is null": (
        told("ticket", inputs={"equipment": {"value": None}}),
        "input_missing",
        "step:ticket",
        "inputs-equipment",
        "has no value",
    ),
    "an input that the flow has not": (
        told("chat", inputs={"size": {"value": 3}}),
        "input",
        "step:chat",
        "inputs-size",
        "has no input “size”",
    ),
    "an input of the wrong type": (
        told("ticket", inputs={"equipment": {"path": "record.is_ready"}}),
        "input_wrong_type",
        "step:ticket",
        "inputs-equipment",
        "takes str as “equipment”",
    ),
    "an input from a field that is not there": (
        told("ticket", inputs={"equipment": {"path": "record.equipmnt"}}),
        "reads_unknown",
        "step:ticket",
        "inputs-equipment",
        "does not exist",
    ),
    "an input from a formula that is none": (
        told("ticket", inputs={"equipment": {"formula": "record.name +"}}),
        "unreadable",
        "step:ticket",
        "inputs-equipment",
        "cannot be read",
    ),
    "an output that cannot be there yet": (
        told("ask", only_if={"formula": "steps.chat.outputs.channel == 'x'"}),
        "reads_too_early",
        "step:ask",
        "only_if",
        "can never be finished by then",
    ),
    "an output of a step that is not there": (
        told("chat", only_if={"formula": "steps.gone.outputs.x == 1"}),
        "reads_unknown",
        "step:chat",
        "only_if",
        "does not exist",
    ),
    "a name that is not there": (
        told("chat", wait_until={"formula": "nothing.x == 1"}),
        "reads_unknown",
        "step:chat",
        "wait_until",
        "Known:",
    ),
    "an entry condition that cannot be read": (
        lambda d: d.update(entry_condition={"formula": "record.gone == 1"}),
        "reads_unknown",
        ":start",
        "entry_condition",
        "does not exist",
    ),
    "outputs when it starts": (
        lambda d: d.update(entry_condition={"formula": "steps.ask.status == 'x'"}),
        "reads_unknown",
        ":start",
        "entry_condition",
        "there is no “steps” here",
    ),
    "nobody is named": (told("ask", assignee={}), "assignee_not_named", "step:ask", "assignee", "Name a user, a group, a queue or a path"),
    "a queue that is not there": (
        told("ask", assignee={"queue": "gone"}),
        "assignee_missing",
        "step:ask",
        "assignee",
        "Add it, or name another",
    ),
    "a user who is not there": (
        told("ask", assignee={"user": "nobody"}),
        "assignee_missing",
        "step:ask",
        "assignee",
        "Add it, or name another",
    ),
    "a group that is not there": (
        told("ask", assignee={"group": "Gone"}),
        "assignee_missing",
        "step:ask",
        "assignee",
        "Add it, or name another",
    ),
    "an assignee that is no person": (
        told("ask", assignee={"path": "record.start_date"}),
        "assignee_is_nobody",
        "step:ask",
        "assignee",
        "neither a user",
    ),
    "steps that wait for each other": (in_a_circle, "circle", "step:chat", "after", "wait for each other"),
    "a step after a handler": (handled, "after_handler", "step:ticket", "after", "Name another step"),
    "a handler that nothing comes to": (
        lambda d: stage(d, 1)["steps"].append(
            {"api_name": "mend", "label": "Mend", "kind": "background", "flow": "demo.invite_to_chat", "handles": "named"}
        ),
        "handler_unreachable",
        "step:mend",
        "handles",
        "Name it where it is to help",
    ),
    "faults that go to no handler": (
        told("ticket", fault_path="ask"),
        "fault_path_no_handler",
        "step:ticket",
        "fault_path",
        "is no handler",
    ),
    "a stage that nothing leads to": (two_routes, "stage_unreachable", "stage:two", "", "Change the routes before it"),
    "an exit condition that is not given": (
        lambda d: stage(d).update(exit_rule="condition"),
        "exit_condition_missing",
        "stage:one",
        "exit_condition",
        "say when",
    ),
    "a route on something that is not there": (
        lambda d: stage(d).update(routes=[{"condition": {"formula": "record.gone == 1"}, "to": None}]),
        "reads_unknown",
        "route:one:0",
        "condition",
        "does not exist",
    ),
    "an evaluation flow that is none": (
        told("chat", only_if={"flow": "demo.invite_to_chat"}),
        "evaluation",
        "step:chat",
        "only_if",
        "is no evaluation flow",
    ),
    "a time field that is none": (
        lambda d: d.update(starts_on="due", start_field="name"),
        "start_field",
        ":start",
        "start_field",
        "Known: start_date",
    ),
    "a user to run as who is not there": (
        told("chat", run_as="user", run_as_user="nobody"),
        "run_as_missing",
        "step:chat",
        "run_as_user",
        "Choose another one",
    ),
    "a condition that is none": (
        told("chat", only_if={"formula": "record.name =="}),
        "condition_unreadable",
        "step:chat",
        "only_if",
        "formula",
    ),
}
"""What is wrong → how it comes about, and the code, the part, the field and the mend that are told."""


def test_the_drawing_without_a_defect_is_sound(cast: Cast) -> None:
    assert soundness.problems(SOUND) == []


@pytest.mark.parametrize("defect", DEFECTS)
def test_a_defect_is_told_at_its_place_and_keeps_it_a_draft(cast: Cast, client: Client, defect: str) -> None:  # R1.6
    spoil, code, part, field, mend = DEFECTS[defect]
    document = copy.deepcopy(SOUND)
    spoil(document)
    version = Version.objects.get(pk=builder.load(SOUND).pk)
    builder_rows(version, document)
    problems = builder.problems(version)
    assert [(problem.code, problem.part, problem.field) for problem in problems] == [(code, part, field)]
    assert mend in problems[0].message
    with pytest.raises(Invalid):
        builder.activate(version)
    assert Version.objects.get(pk=version.pk).status == "draft"
    client.force_login(cast.admin)
    page = client.get(address("builder", version)).content.decode()
    link = address("builder", version, at=part, field=field).replace("&", "&amp;") if part else ""
    assert link in page
    assert client.post(address("activation", version)).status_code == 422
    assert Version.objects.get(pk=version.pk).status == "draft"


def builder_rows(version: Version, document: dict[str, Any]) -> None:
    """The rows of a draft say so, in whatever way it came about: also what no form would have taken."""
    try:
        builder.write(version, document)
    except Invalid:
        for name, said in ((step["api_name"], step) for stage in document["stages"] for step in stage["steps"]):
            version.steps.filter(api_name=name).update(**{key: said[key] for key in ("only_if", "wait_until") if key in said})
