"""Trying a flow alone: everything is seen, nothing is left behind, nobody outside hears of it."""

import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from demo.models import Employee, ITTicket
from orchestration import flow_builder, flows
from orchestration.models import Effect, Endpoint, StartRequest
from orchestration.runner.trial import Trial, try_flow
from tests.cast import Cast
from tests.stories import active, background, built, hire

pytestmark = pytest.mark.django_db

ELEMENTS = [
    {"kind": "find", "name": "found", "label": "Find colleagues", "model": "demo.employee"},
    {"kind": "update", "name": "u", "records": {"path": "record"}, "values": {"job_title": {"text": "{{ inputs.title }}"}}},
    {
        "kind": "call",
        "name": "ask",
        "endpoint": "helpdesk",
        "path": "tickets",
        "body": {"title": {"path": "record.job_title"}},
        "outputs": {"id": {"reply": "ticket.id", "required": True}},
    },
    {"kind": "wait", "name": "pause", "for": {"value": 3600}},
    {"kind": "wait", "name": "signed", "callback": True},
    {"kind": "mail", "name": "tell", "to": {"value": "a@example.com"}, "subject": "Ticket {{ elements.ask.id }}", "body": "…"},
    {"kind": "document", "name": "letter", "title": "Letter", "body": "Dear {{ record.name }}", "file_name": "letter"},
    {"kind": "start", "name": "follow", "orchestration": "follow_up"},
]
DOCUMENT = {
    "elements": ELEMENTS,
    "inputs": {"title": {"type": "text", "required": True}},
    "outputs": {"ticket": {"path": "elements.ask.id"}, "by": {"path": "elements.signed.body"}},
}


@pytest.fixture
def flow(cast: Cast, settings: Any) -> flows.Flow:
    settings.ORCHESTRATION_WRITABLE = {"demo.employee": ["job_title"]}
    Endpoint.objects.create(api_name="helpdesk", label="Helpdesk", url="https://helpdesk.example.com", methods=["POST"])
    active([background("only", "tests.note")], api_name="follow_up")
    return flow_builder.new_flow("whole", "Whole", "autolaunched", document=DOCUMENT).as_flow()


def tried(flow: flows.Flow, employee: Employee, **more: Any) -> Trial:
    return try_flow(flow, record=employee, **({"inputs": {"title": "Boss"}} | more))


def test_a_draft_is_tried_on_a_record_and_nothing_is_left(cast: Cast, flow: flows.Flow) -> None:
    employee = hire(cast)
    requests = StartRequest.objects.count()
    trial = tried(flow, employee, replies={"ask": {"ticket": {"id": 7}}, "signed": {"name": "Ann"}})
    assert trial.error == {}
    assert trial.outputs == {"ticket": "7", "by": {"name": "Ann"}}
    assert [(call.endpoint, call.body, call.is_answered) for call in trial.calls] == [("helpdesk", {"title": "Boss"}, True)]
    assert [mail.subject for mail in trial.sent] == ["Ticket 7"]
    assert trial.waits == ["for 3600 seconds", "until somebody calls back"]
    assert trial.files[0].name == "letter.pdf"
    assert trial.files[0].content.startswith(b"%PDF")
    assert Employee.objects.get().job_title == "Engineer"
    assert StartRequest.objects.count() == requests
    assert not Effect.objects.exists()


def test_each_element_is_told_with_its_result_its_queries_and_its_time(cast: Cast, flow: flows.Flow) -> None:
    trial = tried(flow, hire(cast), replies={"ask": {"ticket": {"id": 7}}})
    assert [done.name for done in trial.elements] == ["found", "u", "ask", "pause", "signed", "tell", "letter", "follow"]
    found = trial.elements[0]
    assert (found.label, found.queries) == ("Find colleagues", 1)
    assert found.outputs["count"] == 1
    assert found.outputs["first"]["label"] == "Sam Lee"
    assert trial.elements[2].outputs == {"status": 200, "id": "7"}
    assert json.dumps([done.outputs for done in trial.elements])
    assert trial.used[0].endswith("of 200 queries")


def test_a_call_out_without_a_sample_reply_is_noted_and_gives_null(cast: Cast, flow: flows.Flow) -> None:
    trial = tried(flow, hire(cast))
    assert trial.is_good
    assert trial.outputs == {"ticket": None, "by": None}
    assert not trial.calls[0].is_answered


def test_a_sample_reply_may_be_a_refusal(cast: Cast, flow: flows.Flow) -> None:
    trial = tried(flow, hire(cast), replies={"ask": {"status": 404, "body": "gone"}})
    assert trial.outputs is None
    assert trial.error == {"type": "refused", "message": '“ask”: The answer was 404: "gone"'}


def test_what_fails_is_told_with_the_element_and_what_came_before(cast: Cast, flow: flows.Flow, settings: Any) -> None:
    settings.ORCHESTRATION_WRITABLE = {}
    trial = tried(flow, hire(cast))
    assert trial.error["type"] == "permission"
    assert [bool(done.error) for done in trial.elements] == [False, True]


def test_missing_inputs_are_told(cast: Cast, flow: flows.Flow) -> None:
    assert tried(flow, hire(cast), inputs={}).error["message"] == "“Whole”: title: A value is missing."


def test_a_limit_is_met_in_a_trial_too(cast: Cast, settings: Any) -> None:
    settings.ORCHESTRATION_MOST_QUERIES = 5
    loop = {"kind": "loop", "name": "l", "over": {"value": [1, 2, 3, 4, 5, 6]}, "as": "n", "elements": [ELEMENTS[0]]}
    flow = flow_builder.new_flow("hungry", "Hungry", "autolaunched", document={"elements": [loop]}).as_flow()
    trial = try_flow(flow)
    assert trial.error["type"] == "limit"
    assert trial.used[0] == "6 of 5 queries"


def test_flows_in_code_are_tried_in_the_same_way(cast: Cast) -> None:
    trial = try_flow(flows.get("tests.mail_somebody"), inputs={"to": "a@example.com"})
    assert (trial.outputs, [mail.subject for mail in trial.sent]) == ({}, ["Hello"])
    assert try_flow(flows.get("tests.await_callback")).waits == ["until somebody calls back"]
    assert try_flow(flows.get("tests.ask"), answers={"answer": [""]}).answers.errors == {"answer": ["This field is required."]}  # type: ignore[union-attr]
    assert try_flow(flows.get("tests.ask"), answers={"answer": ["yes"]}, user=cast.hanna).outputs == {"answer": "yes"}
    long = try_flow(flows.get("tests.is_long"), inputs={"least": 3, "text": "four"})
    assert (long.met, long.is_good) == (True, True)


def test_an_evaluation_flow_is_explained() -> None:
    document = {"inputs": {"amount": {"type": "number"}}, "condition": {"formula": "inputs.amount > 3 and today > '2020-01-01'"}}
    trial = try_flow(flow_builder.new_flow("is_big", "Is big", "evaluation", document=document).as_flow(), inputs={"amount": 3})
    assert trial.met is False
    assert [(fact.test, fact.met) for fact in trial.facts] == [("inputs.amount > 3", False), ("today > “2020-01-01”", True)]


SCREENS = {
    "record_model": "demo.employee",
    "screens": [
        {
            "name": "one",
            "title": "One",
            "items": [
                {"kind": "field", "name": "title", "type": "text", "label": "Title", "required": True},
                {
                    "kind": "field",
                    "name": "why",
                    "type": "text",
                    "label": "Why?",
                    "required": True,
                    "show_when": {"formula": "answers.title == 'Boss'"},
                },
            ],
        }
    ],
    "writes": {"job_title": {"path": "answers.title"}},
    "outputs": {"loud": {"formula": "upper(answers.title)"}},
}


def test_a_screen_flow_is_tried_with_sample_answers(cast: Cast, settings: Any) -> None:
    settings.ORCHESTRATION_WRITABLE = {"demo.employee": ["job_title"]}
    flow = flow_builder.new_flow("promote", "Promote", "screen", document=SCREENS).as_flow()
    employee = hire(cast)
    trial = try_flow(flow, record=employee, user=cast.admin, answers={"title": ["Lead"]})
    assert trial.error == {}
    assert trial.outputs == {"title": "Lead", "loud": "LEAD"}
    assert Employee.objects.get().job_title == "Engineer"
    trial = try_flow(flow, record=employee, user=cast.admin, answers={"title": ["Boss"]})
    assert trial.answers is not None
    assert trial.answers.errors.keys() == {"why"}
    assert "seconds" in trial.usage


# The command


def command(*arguments: str) -> str:
    said = StringIO()
    call_command("try_flow", *arguments, stdout=said)
    return said.getvalue()


def test_the_command_says_what_came_of_it(cast: Cast, flow: flows.Flow) -> None:
    employee = hire(cast)
    said = command(
        *("site.whole", "--number", "1", "--record", f"demo.employee:{employee.pk}", "--input", "title=Boss"),
        *("--reply", 'ask={"ticket": {"id": 7}}', "--as", "admin"),
    )
    assert "Find colleagues (find): records = " in said
    assert 'Would have called helpdesk: POST /tickets {"title": "Boss"}' in said
    assert "Would have mailed a@example.com: Ticket 7" in said
    assert "Would have waited for 3600 seconds." in said
    assert json.loads(said.partition("Outputs: ")[2].partition("\n")[0]) == {"ticket": "7", "by": None}
    assert Employee.objects.get().job_title == "Engineer"
    assert not ITTicket.objects.exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["site.nothing"], "No installed app has a flow named “site.nothing”"),
        (["site.whole"], "“Whole” has no version that can be used"),
        (["site.whole", "--number", "9"], "There is no version 9 of “site.whole”."),
        (["site.whole", "--number", "1", "--record", "demo.employee:0"], "There is no demo.employee with the key 0."),
        (["site.whole", "--number", "1", "--record", "7"], "“7” is no record. Write it as app.model:key."),
        (["site.whole", "--number", "1", "--input", "title"], "“title” has no value. Write it as name=value."),
        (["site.whole", "--number", "1", "--as", "nobody"], "There is no user “nobody”."),
        (["site.whole", "--number", "1"], "input: “Whole”: title: A value is missing."),
    ],
)
def test_the_command_says_what_is_wrong(flow: flows.Flow, arguments: list[str], message: str) -> None:
    with pytest.raises(CommandError) as caught:
        command(*arguments)
    assert message in str(caught.value)


def test_the_command_explains_an_evaluation_flow() -> None:
    built("is_big", "evaluation", {"inputs": {"n": {"type": "number"}}, "condition": {"formula": "inputs.n > 3"}})
    assert "  no: inputs.n > 3 (inputs.n = 2)\nIt is no.\n" in command("site.is_big", "--input", "n=2")
