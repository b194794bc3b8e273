"""Autolaunched flows that are built without code: what each element does, and what it refuses."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.utils import timezone

from demo.models import Building, Employee, ITTicket
from orchestration import access, clock, engine, jobs, operating, runner
from orchestration.errors import Failure, Fault, Stale, Unavailable
from orchestration.flows import Context, Reply
from orchestration.models import Effect, Endpoint, Instance, Milestone, StartRequest, StepInstance
from orchestration.states import InstanceStatus, StepStatus
from tests import flows as test_flows
from tests.cast import Cast
from tests.stories import active, background, built, drain, hire, later

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _allowed(settings: Any) -> None:
    settings.ORCHESTRATION_WRITABLE = {
        "demo.itticket": "*",
        "demo.employee": ["job_title", "department", "building", "is_ready", "start_date"],
        "demo.building": ["name"],
    }


@pytest.fixture
def stranger() -> User:
    """Somebody without any permission."""
    return User.objects.create_user("stranger")


def perform(*elements: dict[str, Any], record: Any = None, user: Any = None, inputs: dict[str, Any] | None = None, **more: Any) -> Any:
    """The outputs of a flow with these elements."""
    version = built(f"trial_{Instance.objects.count()}", "autolaunched", {"elements": list(elements), **more})
    return runner.run_autolaunched(version.as_flow(), Context(record=record, user=user, inputs=inputs or {}, key="step-1")).outputs


def refused(*elements: dict[str, Any], **more: Any) -> str:
    with pytest.raises((Fault, Failure)) as caught:
        perform(*elements, **more)
    return str(caught.value)


FIND_EMPLOYEES = {"kind": "find", "name": "found", "model": "demo.employee"}
TICKET = {
    "kind": "create",
    "name": "ticket",
    "model": "demo.itticket",
    "values": {
        "employee": {"path": "record"},
        "summary": {"text": "Laptop for {{ record.name }}"},
        "created_at": {"path": "now"},
    },
}


# Each element


def test_variables_are_assigned_and_returned() -> None:
    sources = {"total": {"formula": "inputs.amount * 2"}, "who": {"text": "Dear {{ inputs.name }}"}}
    document = {
        "inputs": {"amount": {"type": "number", "required": True}, "name": {"type": "text"}},
        "variables": {"total": {"type": "number"}, "who": {"type": "text"}, "unset": {"type": "date"}},
        "elements": [
            {"kind": "assign", "name": "a", "set": sources},
            {"kind": "assign", "name": "b", "set": {"total": {"formula": "vars.total + 0.5"}}},
        ],
        "outputs": {name: {"path": f"vars.{name}"} for name in ("total", "who", "unset")},
    }
    flow = built("sums", "autolaunched", document).as_flow()
    outputs = runner.run_autolaunched(flow, Context(inputs={"amount": 21, "name": "Sam"})).outputs
    assert outputs == {"total": 42.5, "who": "Dear Sam", "unset": None}


def test_variables_of_one_element_are_set_at_once() -> None:
    swap = {"kind": "assign", "name": "swap", "set": {"a": {"path": "vars.b"}, "b": {"path": "vars.a"}}}
    variables = {"a": {"type": "number", "default": 1}, "b": {"type": "number", "default": 2}}
    assert perform(swap, variables=variables, outputs={"a": {"path": "vars.a"}, "b": {"path": "vars.b"}}) == {"a": 2, "b": 1}


def test_a_variable_takes_its_own_type_alone() -> None:
    wrong = {"kind": "assign", "name": "a", "set": {"total": {"value": "3"}}}
    assert refused(wrong, variables={"total": {"type": "number"}}) == "“a”: “total” takes a number, not '3'."


def test_a_record_is_created_with_values_from_the_record(cast: Cast) -> None:
    employee = hire(cast)
    outputs = perform(TICKET, record=employee, outputs={"id": {"path": "elements.ticket.id"}, "ticket": {"path": "elements.ticket.record"}})
    ticket = ITTicket.objects.get()
    assert ticket.summary == "Laptop for Sam Lee"
    assert ticket.employee == employee
    assert outputs == {"id": ticket.pk, "ticket": {"model": "demo.itticket", "id": str(ticket.pk), "label": str(ticket)}}


def test_the_models_own_validation_decides_and_nothing_is_written(cast: Cast) -> None:
    message = refused({**TICKET, "values": {**TICKET["values"], "summary": {"value": "x" * 201}}}, record=hire(cast))
    assert message.startswith("“ticket”: This IT ticket cannot be saved: summary: Ensure this value has at most 200 characters")
    assert not ITTicket.objects.exists()


def test_a_record_is_updated_and_later_elements_see_it(cast: Cast) -> None:
    employee = hire(cast)
    update = {"kind": "update", "name": "u", "records": {"path": "record"}, "values": {"job_title": {"value": "Lead"}}}
    outputs = perform(update, record=employee, outputs={"now": {"path": "record.job_title"}, "count": {"path": "elements.u.count"}})
    assert outputs == {"now": "Lead", "count": 1}
    assert Employee.objects.get().job_title == "Lead"


def test_an_update_writes_the_named_columns_only(cast: Cast) -> None:
    employee = hire(cast)
    Employee.objects.update(department="Sales")  # somebody else, meanwhile
    perform({"kind": "update", "name": "u", "records": {"path": "record"}, "values": {"job_title": {"value": "Lead"}}}, record=employee)
    assert Employee.objects.get().department == "Sales"


@pytest.mark.parametrize(
    ("operator", "source", "found"),
    [
        ("equals", {"value": "Sales"}, ["Ann"]),
        ("not_equals", {"value": "Sales"}, ["Bob", "Cleo"]),
        ("one_of", {"value": ["Sales", "Legal"]}, ["Ann", "Cleo"]),
        ("contains", {"value": "ALE"}, ["Ann"]),
        ("starts_with", {"value": "leg"}, ["Cleo"]),
        ("ends_with", {"value": "ing"}, ["Bob"]),
        ("equals", {"path": "record.department"}, ["Bob"]),
        ("equals", {"value": None}, []),
        ("not_equals", {"value": None}, []),
        ("is_empty", None, []),
        ("is_not_empty", None, ["Ann", "Bob", "Cleo"]),
    ],
)
def test_records_are_found_by_requirements(cast: Cast, operator: str, source: Any, found: list[str]) -> None:
    for name, department in (("Ann", "Sales"), ("Bob", "Engineering"), ("Cleo", "Legal")):
        hire(cast, name, department=department)
    row = {"field": "department", "operator": operator} | ({"source": source} if source else {})
    outputs = perform(
        {**FIND_EMPLOYEES, "where": [row], "order": ["name"]},
        record=Employee.objects.get(name="Bob"),
        outputs={"found": {"path": "elements.found.records"}, "first": {"path": "elements.found.first.name"}},
    )
    assert [each["label"] for each in outputs["found"]] == found
    assert outputs["first"] == (found[0] if found else None)


def test_any_of_several_requirements_and_a_related_field(cast: Cast) -> None:
    hire(cast, "Ann", building=cast.annex)
    hire(cast, "Bob")
    rows = [
        {"field": "building.has_badge_system", "operator": "equals", "source": {"value": False}},
        {"field": "name", "operator": "equals", "source": {"value": "Nobody"}},
    ]
    for logic, count in (("any", 1), ("all", 0)):
        outputs = perform({**FIND_EMPLOYEES, "where": rows, "logic": logic}, outputs={"count": {"path": "elements.found.count"}})
        assert outputs == {"count": count}


def test_no_more_records_are_found_than_said(cast: Cast) -> None:
    for name in ("Ann", "Bob", "Cleo"):
        hire(cast, name)
    assert perform({**FIND_EMPLOYEES, "most": 2}, outputs={"n": {"path": "elements.found.count"}}) == {"n": 2}


def test_a_person_finds_only_what_they_may_see(cast: Cast, stranger: User) -> None:
    hire(cast)
    outputs = {"n": {"path": "elements.found.count"}}
    assert perform(FIND_EMPLOYEES, user=stranger, outputs=outputs) == {"n": 0}
    access.grant("demo.view_employee", stranger)
    assert perform(FIND_EMPLOYEES, user=cast.ask_again(stranger), outputs=outputs) == {"n": 1}


@pytest.mark.parametrize("model", ["orchestration.secret", "sessions.session", "orchestration.stepinstance"])
def test_nobody_looks_for_sessions_or_secrets(model: str) -> None:
    assert "Flows do not look for" in refused({**FIND_EMPLOYEES, "model": model})


def test_the_first_branch_whose_condition_holds_is_done() -> None:
    def branch(label: str, formula: str) -> dict[str, Any]:
        assign = {"kind": "assign", "name": f"set_{label}", "set": {"size": {"value": label}}}
        return {"label": label, "condition": {"formula": formula}, "elements": [assign]}

    decide = {
        "kind": "decide",
        "name": "d",
        "branches": [branch("big", "inputs.amount > 100"), branch("medium", "inputs.amount > 10")],
        "otherwise": [{"kind": "assign", "name": "set_small", "set": {"size": {"value": "small"}}}],
    }
    document = {
        "elements": [decide],
        "inputs": {"amount": {"type": "number"}},
        "variables": {"size": {"type": "text"}},
        "outputs": {"size": {"path": "vars.size"}, "branch": {"path": "elements.d.branch"}},
    }
    flow = built("sizes", "autolaunched", document).as_flow()
    for amount, size, branch_taken in ((101, "big", "big"), (100, "medium", "medium"), (10, "small", None), (None, "small", None)):
        outputs = runner.run_autolaunched(flow, Context(inputs={"amount": amount})).outputs
        assert outputs == {"size": size, "branch": branch_taken}


def test_a_loop_does_the_same_for_each_record_and_forgets_between_turns(cast: Cast) -> None:
    for name in ("Ann", "Bob"):
        hire(cast, name)
    first_only = {
        "label": "Ann",
        "condition": {"formula": "person.name == 'Ann'"},
        "elements": [{"kind": "find", "name": "inner", "model": "demo.building"}],
    }
    loop = {
        "kind": "loop",
        "name": "l",
        "over": {"path": "elements.found.records"},
        "as": "person",
        "elements": [
            {"kind": "decide", "name": "d", "branches": [first_only]},
            {"kind": "assign", "name": "add", "set": {"seen": {"formula": "vars.seen + if_(is_empty(elements.inner.count), 1, 10)"}}},
            {"kind": "update", "name": "u", "records": {"path": "person"}, "values": {"job_title": {"text": "{{ person.name }} II"}}},
        ],
    }
    outputs = perform(
        {**FIND_EMPLOYEES, "order": ["name"]},
        loop,
        variables={"seen": {"type": "number", "default": 0}},
        outputs={"seen": {"path": "vars.seen"}, "turns": {"path": "elements.l.count"}},
    )
    assert outputs == {"seen": 11, "turns": 2}
    assert sorted(Employee.objects.values_list("job_title", flat=True)) == ["Ann II", "Bob II"]


def test_a_loop_is_bounded() -> None:
    loop = {"kind": "loop", "name": "l", "over": {"path": "inputs.many"}, "as": "each", "elements": []}
    flow = built("much", "autolaunched", {"elements": [loop], "inputs": {"many": {"type": "list"}}}).as_flow()
    assert runner.run_autolaunched(flow, Context(inputs={"many": [0] * 1000})).outputs == {}
    with pytest.raises(Fault, match="at most 1000 turns, not 1001"):
        runner.run_autolaunched(flow, Context(inputs={"many": [0] * 1001}))


def test_loops_in_loops_are_bounded_together() -> None:
    inner = {
        "kind": "loop",
        "name": "i",
        "over": {"path": "inputs.many"},
        "as": "b",
        "elements": [{"kind": "decide", "name": "d", "branches": [{"label": "x", "condition": {}, "elements": []}]}],
    }
    outer = {"kind": "loop", "name": "o", "over": {"path": "inputs.many"}, "as": "a", "elements": [inner]}
    flow = built("very_much", "autolaunched", {"elements": [outer], "inputs": {"many": {"type": "list"}}}).as_flow()
    with pytest.raises(Fault, match="more than 10000 elements"):
        runner.run_autolaunched(flow, Context(inputs={"many": [0] * 200}))


def test_failing_says_why() -> None:
    assert refused({"kind": "fail", "name": "stop", "label": "Stop here", "message": "Not {{ key }}."}) == "“Stop here”: Not step-1."


def test_an_orchestration_is_started_by_a_request_in_the_same_transaction(cast: Cast) -> None:
    active([background("only", "tests.note")], api_name="follow_up", inputs={"size": {"type": "number", "required": True}})
    start = {"kind": "start", "name": "s", "orchestration": "follow_up", "record": {"path": "record"}, "inputs": {"size": {"value": 3}}}
    outputs = perform(start, record=hire(cast), outputs={"request": {"path": "elements.s.request"}})
    request = StartRequest.objects.get(orchestration__api_name="follow_up")
    assert outputs == {"request": request.pk}
    drain()
    assert Instance.objects.get(orchestration__api_name="follow_up").inputs == {"size": 3}


def test_a_start_with_wrong_inputs_is_the_flows_fault() -> None:
    active([background("only", "tests.note")], api_name="follow_up", inputs={"size": {"type": "number", "required": True}})
    start = {"kind": "start", "name": "s", "orchestration": "follow_up"}
    assert refused(start) == "“s”: size: A value is missing."
    assert not StartRequest.objects.exists()


def test_a_person_starts_only_what_they_may_start(stranger: User) -> None:
    active([background("only", "tests.note")], api_name="follow_up")
    assert "may not start" in refused({"kind": "start", "name": "s", "orchestration": "follow_up"}, user=stranger)


def test_a_code_action_is_run_with_inputs_and_gives_outputs() -> None:
    run = {"kind": "run", "name": "r", "flow": "tests.double", "inputs": {"number": {"value": 4}}}
    assert perform(run, outputs={"twice": {"path": "elements.r.number"}}) == {"twice": 8}


def test_another_built_flow_is_run_and_mails_what_it_mails() -> None:
    built(
        "inner",
        "autolaunched",
        {
            "elements": [{"kind": "run", "name": "m", "flow": "tests.mail_somebody", "inputs": {"to": {"path": "inputs.to"}}}],
            "inputs": {"to": {"type": "text", "required": True}},
            "outputs": {"said": {"value": "yes"}},
        },
    )
    run = {"kind": "run", "name": "r", "flow": "site.inner", "inputs": {"to": {"value": "a@example.com"}}}
    flow = built("outer", "autolaunched", {"elements": [run], "outputs": {"said": {"path": "elements.r.said"}}}).as_flow()
    result = runner.run_autolaunched(flow, Context(key="step-1"))
    assert result.outputs == {"said": "yes"}
    assert [tuple(mail.to) for mail in result.outbox] == [("a@example.com",)]


def test_flows_that_run_each_other_come_to_an_end() -> None:
    nothing = {"elements": [{"kind": "assign", "name": "a", "set": {"x": {"value": 1}}}], "variables": {"x": {"type": "number"}}}
    built("ping", "autolaunched", nothing)
    built("pong", "autolaunched", {"elements": [{"kind": "run", "name": "r", "flow": "site.ping"}]})
    ping = built("ping", "autolaunched", {"elements": [{"kind": "run", "name": "r", "flow": "site.pong"}]})
    with pytest.raises(Fault, match="More than 5 flows run each other"):
        runner.run_autolaunched(ping.as_flow(), Context())


# What is refused when it happens


def test_what_the_site_lets_flows_write_is_asked_again_at_each_write(cast: Cast, settings: Any) -> None:
    update = {"kind": "update", "name": "u", "records": {"path": "record"}, "values": {"job_title": {"value": "Boss"}}}
    flow = built("promote", "autolaunched", {"elements": [update]}).as_flow()
    settings.ORCHESTRATION_WRITABLE = {}
    with pytest.raises(Fault, match="ORCHESTRATION_WRITABLE"):
        runner.run_autolaunched(flow, Context(record=hire(cast)))
    assert Employee.objects.get().job_title == "Engineer"


def test_a_person_writes_only_what_they_may_change(cast: Cast, stranger: User) -> None:
    update = {"kind": "update", "name": "u", "records": {"path": "record"}, "values": {"job_title": {"value": "Boss"}}}
    employee = hire(cast)
    assert "may not change" in refused(update, record=employee, user=stranger)
    assert "may not add" in refused(TICKET, record=employee, user=stranger)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ({"value": 3_000_000}, "is not a valid choice"),
        ({"value": "Headquarters"}, "must be"),
        ({"value": {"model": "auth.user", "id": 1}}, "takes a record of another model"),
        ({"path": "record"}, "takes a record of another model"),
    ],
)
def test_a_relation_takes_a_record_of_its_model(cast: Cast, source: Any, message: str) -> None:
    update = {"kind": "update", "name": "u", "records": {"path": "record"}, "values": {"building": source}}
    assert message in refused(update, record=hire(cast))
    assert Employee.objects.get().building == cast.headquarters


def test_a_text_that_postgresql_cannot_store_is_refused_on_every_database(cast: Cast) -> None:
    flow = built(
        "names",
        "autolaunched",
        {
            "elements": [{"kind": "update", "name": "u", "records": {"path": "record"}, "values": {"job_title": {"path": "inputs.title"}}}],
            "inputs": {"title": {"type": "text"}},
        },
    ).as_flow()
    with pytest.raises(Fault, match="cannot be stored"):
        runner.run_autolaunched(flow, Context(record=hire(cast), inputs={"title": "a\0b"}))


def test_a_value_is_never_read_as_a_formula_or_a_text_again(cast: Cast) -> None:
    flow = built(
        "echo",
        "autolaunched",
        {
            "elements": [{"kind": "assign", "name": "a", "set": {"said": {"text": "You said {{ inputs.words }}"}}}],
            "inputs": {"words": {"type": "text"}},
            "variables": {"said": {"type": "text"}},
            "outputs": {"said": {"path": "vars.said"}},
        },
    ).as_flow()
    assert runner.run_autolaunched(flow, Context(inputs={"words": "{{ user.password }} {{ inputs.words }}"})).outputs == {
        "said": "You said {{ user.password }} {{ inputs.words }}"
    }


def test_an_input_of_the_wrong_type_is_named() -> None:
    flow = built(
        "typed", "autolaunched", {"elements": [{"kind": "fail", "name": "f", "message": "x"}], "inputs": {"n": {"type": "number"}}}
    )
    with pytest.raises(Fault, match="n: This is no number"):
        runner.run_autolaunched(flow.as_flow(), Context(inputs={"n": "3"}))


@pytest.mark.parametrize("form", ["the record itself", "its name"])
def test_an_input_may_be_a_record_or_name_one(cast: Cast, form: str) -> None:
    update = {"kind": "update", "name": "u", "records": {"path": "inputs.who"}, "values": {"job_title": {"value": "Boss"}}}
    inputs = {"who": {"type": "record", "model": "demo.employee", "required": True}}
    flow = built("promote", "autolaunched", {"inputs": inputs, "elements": [update]}).as_flow()
    employee = hire(cast)
    given: Any = employee if form == "the record itself" else {"model": "demo.employee", "id": str(employee.pk), "label": "Sam Lee"}
    runner.run_autolaunched(flow, Context(inputs={"who": given}))
    assert Employee.objects.get().job_title == "Boss"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"model": "demo.employee", "id": "0", "label": "Sam Lee"}, "The record “Sam Lee” is gone."),
        ({"model": "demo.employee", "id": "x"}, "The record “x” is gone."),
        ({"model": "auth.user", "id": "1"}, "names no record of demo.employee"),
        ("Sam Lee", "This is no record"),
    ],
)
def test_an_input_that_names_no_record_of_its_model_is_a_fault(cast: Cast, given: Any, message: str) -> None:
    inputs = {"who": {"type": "record", "model": "demo.employee"}}
    flow = built("promote", "autolaunched", {"inputs": inputs, "elements": [FIND_EMPLOYEES]}).as_flow()
    with pytest.raises(Fault, match=message):
        runner.run_autolaunched(flow, Context(inputs={"who": given}))


# In an orchestration: segments


CALL = {
    "kind": "call",
    "name": "ask",
    "endpoint": "helpdesk",
    "path": "tickets/{{ record.name }}",
    "body": {"subject": {"text": "For {{ record.name }}"}, "count": {"path": "elements.before.count"}, "plain": [1, True, None]},
    "outputs": {"id": {"reply": "ticket.id"}, "urgent": {"reply": "urgent", "type": "yes_no"}},
}
BEFORE = {**FIND_EMPLOYEES, "name": "before"}


class Outside:
    """Stands for the network: answers calls, and remembers them with whether a transaction was open."""

    def __init__(self) -> None:
        self.calls: list[Any] = []
        self.answers: list[Any] = []

    def __call__(self, endpoint: str, method: str, path: str = "", **options: Any) -> Reply:
        self.calls.append((endpoint, method, path, options["body"], options["key"]))
        answer = self.answers.pop(0)
        if isinstance(answer, BaseException):
            raise answer
        return answer


@pytest.fixture
def network(db: None, monkeypatch: pytest.MonkeyPatch) -> Outside:
    outside = Outside()
    Endpoint.objects.create(api_name="helpdesk", label="Helpdesk", url="https://helpdesk.example.com", methods=["POST"])
    monkeypatch.setattr("orchestration.outside.call", outside)
    return outside


def running(cast: Cast, *elements: dict[str, Any], **more: Any) -> Instance:
    """An instance about Sam Lee, of an orchestration whose one step runs these elements."""
    built("worked", "autolaunched", {"elements": list(elements), **more})
    active([background("only", "site.worked")], record_model="demo.employee", one_live_per_record=False)
    return engine.start("trial", record=Employee.objects.filter(name="Sam Lee").first() or hire(cast))


def step() -> StepInstance:
    return StepInstance.objects.get(instance__orchestration__api_name="trial")


def test_a_call_out_is_made_between_two_segments_and_its_reply_is_mapped(cast: Cast, network: Outside) -> None:  # R4.3
    network.answers = [Reply(200, {}, '{"ticket": {"id": 77}, "urgent": true}')]
    instance = running(
        cast,
        BEFORE,
        CALL,
        TICKET,
        outputs={"id": {"path": "elements.ask.id"}, "urgent": {"path": "elements.ask.urgent"}, "status": {"path": "elements.ask.status"}},
    )
    drain()
    assert network.calls == [
        ("helpdesk", "POST", "tickets/Sam%20Lee", {"subject": "For Sam Lee", "count": 1, "plain": [1, True, None]}, f"{step().key}-ask")
    ]
    assert step().outputs == {"id": "77", "urgent": True, "status": 200}
    assert ITTicket.objects.count() == 1
    instance.refresh_from_db()
    assert instance.status == InstanceStatus.COMPLETED
    assert step().checkpoint == {}


def test_a_retry_goes_on_after_the_last_call_out_that_answered(cast: Cast, network: Outside) -> None:  # R4.3
    network.answers = [Reply(200, {}, '{"ticket": {"id": "A-1"}}')]
    note = {"kind": "run", "name": "n", "flow": "tests.note", "inputs": {"text": {"value": "later"}}}
    test_flows.calls.clear()
    test_flows.failing.add("later")
    try:
        running(cast, {**TICKET, "name": "first"}, {**CALL, "body": None}, note, outputs={"id": {"path": "elements.ask.id"}})
        drain()
        assert step().status == StepStatus.IN_PROGRESS
        assert step().checkpoint["next"] == 2
        test_flows.failing.clear()
        with later(minutes=5):
            drain()
    finally:
        test_flows.failing.clear()
    assert step().outputs == {"id": "A-1"}
    assert len(network.calls) == 1
    assert ITTicket.objects.count() == 1  # the first segment was committed once


def test_an_operators_retry_of_the_same_version_asks_nothing_again(cast: Cast, network: Outside) -> None:
    network.answers = [Reply(200, {}, '{"ticket": {"id": "A-1"}}')]
    fail = {"kind": "fail", "name": "f", "message": "No."}
    not_ready = {"label": "Not ready", "condition": {"formula": "not record.is_ready"}, "elements": [fail]}
    stop = {"kind": "decide", "name": "d", "branches": [not_ready]}
    running(cast, {**CALL, "body": None}, stop, outputs={"id": {"path": "elements.ask.id"}})
    for minutes in (0, 5, 10):
        with later(minutes=minutes):
            drain()
    assert step().status == StepStatus.ERROR
    Employee.objects.update(is_ready=True)
    operating.retry_step(step(), by=cast.admin, reason="Ready now.")
    drain()
    assert step().outputs == {"id": "A-1"}
    assert len(network.calls) == 1


def test_a_call_out_that_is_not_answered_is_made_again_under_the_same_key(cast: Cast, network: Outside) -> None:  # R4.3
    network.answers = [Unavailable("Nobody there."), Reply(503, {}, ""), Reply(200, {}, "{}")]
    running(cast, {**TICKET, "name": "first"}, {**CALL, "body": None, "outputs": {}})
    drain()
    for minutes in (5, 10):
        with later(minutes=minutes):
            drain()
    assert step().status == StepStatus.COMPLETED
    assert {key for *_rest, key in network.calls} == {f"{step().key}-ask"}
    assert len(network.calls) == 3
    assert ITTicket.objects.count() == 1


@pytest.mark.parametrize(
    ("reply", "message"),
    [
        (Reply(404, {}, "no such thing"), "“ask”: The answer was 404: no such thing"),
        (Reply(200, {}, "<html>"), "“ask”: The reply is no JSON: <html>"),
        (Reply(200, {}, '{"urgent": "maybe"}'), "“ask”: At “urgent” the reply has 'maybe', which is no yes or no."),
    ],
)
def test_a_reply_that_cannot_be_used_is_the_steps_fault(cast: Cast, network: Outside, reply: Reply, message: str) -> None:
    network.answers = [reply] * 3
    running(cast, {**CALL, "body": None})
    drain()
    for minutes in (5, 10):
        with later(minutes=minutes):
            drain()
    assert step().status == StepStatus.ERROR
    assert step().error["message"] == message


def test_what_a_reply_says_is_never_taken_for_a_record(cast: Cast, network: Outside) -> None:
    hanna = cast.hanna
    network.answers = [
        Reply(200, {}, json.dumps({"who": [{"model": "auth.user", "id": hanna.pk}, ["record", "auth.user", str(hanna.pk)]]}))
    ]
    call = {**CALL, "body": None, "outputs": {"who": {"reply": "who", "type": "list"}}}
    loop = {
        "kind": "loop",
        "name": "l",
        "over": {"path": "elements.ask.who"},
        "as": "each",
        "elements": [
            {"kind": "assign", "name": "a", "set": {"found": {"text": "{{ vars.found }}{{ each }};"}}},
        ],
    }
    running(
        cast,
        call,
        {"kind": "wait", "name": "w", "for": {"value": 60}},
        loop,
        variables={"found": {"type": "text", "default": ""}},
        outputs={"found": {"path": "vars.found"}},
    )
    drain()
    with later(minutes=2):
        drain()
    assert step().error == {}
    assert "'model': 'auth.user'" in step().outputs["found"]
    assert hanna.username not in step().outputs["found"]


def test_records_that_were_found_are_read_anew_after_a_wait(cast: Cast) -> None:
    wait = {"kind": "wait", "name": "w", "for": {"formula": "60 * 10"}}
    name = {"kind": "assign", "name": "a", "set": {"title": {"path": "elements.before.first.job_title"}}}
    running(cast, BEFORE, wait, name, variables={"title": {"type": "text"}}, outputs={"title": {"path": "vars.title"}})
    drain()
    assert step().status == StepStatus.IN_PROGRESS
    assert step().attempt == 1
    Employee.objects.update(job_title="Director")
    with later(minutes=9):
        drain()
        assert step().status == StepStatus.IN_PROGRESS
    with later(minutes=11):
        drain()
    assert step().outputs == {"title": "Director"}
    assert step().tries_left == 3 - 1  # waiting uses up no attempt


def test_a_wait_for_a_time_that_is_over_is_no_wait(cast: Cast) -> None:
    running(
        cast,
        {"kind": "wait", "name": "w", "until": {"formula": "now - days(1)"}},
        {"kind": "wait", "name": "w2", "until": {"value": "2020-01-01"}},
    )
    drain()
    assert step().status == StepStatus.COMPLETED
    assert not Milestone.objects.filter(kind="attempt_deferred").exists()


def test_a_wait_for_a_callback_gets_its_body(cast: Cast) -> None:
    running(cast, {"kind": "wait", "name": "signed", "callback": True}, outputs={"body": {"path": "elements.signed.body"}})
    drain()
    assert step().status == StepStatus.IN_PROGRESS
    assert engine.call_back(step(), step().callback_key, {"name": "Ann"})
    drain()
    assert step().outputs == {"body": {"name": "Ann"}}


def test_a_callback_during_another_wait_does_not_cut_it_short(cast: Cast) -> None:
    running(cast, {"kind": "wait", "name": "pause", "for": {"value": 3600}}, {"kind": "wait", "name": "signed", "callback": True})
    drain()
    engine.call_back(step(), step().callback_key, {})
    drain()
    assert step().status == StepStatus.IN_PROGRESS
    with later(minutes=61):
        drain()
    assert step().status == StepStatus.COMPLETED


def test_a_wait_that_is_no_time_is_the_steps_fault(cast: Cast) -> None:
    running(cast, {"kind": "wait", "name": "w", "until": {"path": "record.name"}})
    drain()
    assert step().error["message"] == "“w”: 'Sam Lee' is no time to wait until."


def test_mails_of_two_segments_are_both_sent(cast: Cast) -> None:
    def mail(name: str) -> dict[str, Any]:
        return {"kind": "run", "name": name, "flow": "tests.mail_somebody", "inputs": {"to": {"value": f"{name}@example.com"}}}

    running(cast, mail("one"), {"kind": "wait", "name": "w", "for": {"value": 60}}, mail("two"))
    drain()
    with later(minutes=2):
        drain()
    assert Effect.objects.count() == 2


def test_an_attempt_that_was_superseded_keeps_no_reply(cast: Cast, network: Outside, monkeypatch: pytest.MonkeyPatch) -> None:  # R4.2
    network.answers = [Reply(200, {}, "{}")]
    running(cast, {**CALL, "body": None, "outputs": {}})
    claim = engine.claim_step()
    assert claim is not None
    ask = runner.call_out

    def ask_for_long(*arguments: Any) -> Any:
        answered = ask(*arguments)
        StepInstance.objects.filter(pk=claim.step_id).update(token="of another attempt")
        return answered

    monkeypatch.setattr(runner, "call_out", ask_for_long)
    with pytest.raises(Stale):
        engine.run_step(claim)
    assert step().checkpoint["next"] == 0
    assert step().status == StepStatus.IN_PROGRESS


def test_no_transaction_is_open_while_the_network_is_asked(cast: Cast, network: Outside, monkeypatch: pytest.MonkeyPatch) -> None:  # R4.3
    depth: list[int] = []

    def look(*_arguments: Any, **_options: Any) -> Reply:
        depth.append(len(connection.savepoint_ids))
        return Reply(200, {}, "{}")

    monkeypatch.setattr("orchestration.outside.call", look)
    running(cast, TICKET, {**CALL, "body": None, "outputs": {}})
    drain()
    assert depth == [0]


def test_time_moves_while_a_flow_waits_and_so_does_now(cast: Cast) -> None:
    running(cast, {"kind": "wait", "name": "w", "for": {"value": 3600}}, outputs={"at": {"path": "now"}})
    before = clock.now()
    drain()
    with later(minutes=61):
        drain()
    assert timezone.datetime.fromisoformat(step().outputs["at"]) > before + timedelta(minutes=59)


def test_buildings_are_unique_and_the_sentence_says_so(cast: Cast) -> None:
    create = {"kind": "create", "name": "c", "model": "demo.building", "values": {"name": {"value": "Headquarters"}}}
    assert refused(create) == "“c”: This building cannot be saved: name: Building with this Name already exists."
    assert Building.objects.count() == 2


def test_a_worker_that_dies_after_the_answer_leaves_it_for_the_next(cast: Cast, network: Outside, monkeypatch: pytest.MonkeyPatch) -> None:
    """R4.3, R4.6: what was answered is kept before the next segment begins."""
    network.answers = [Reply(200, {}, '{"ticket": {"id": "A-1"}}')]
    running(cast, {**TICKET, "name": "first"}, {**CALL, "body": None}, outputs={"id": {"path": "elements.ask.id"}})
    claim = engine.claim_step()
    assert claim is not None
    run = runner.run_autolaunched
    segments = iter([run])

    def die_in_the_second(*arguments: Any) -> Any:
        if segment := next(segments, None):
            return segment(*arguments)
        raise KeyboardInterrupt

    monkeypatch.setattr(runner, "run_autolaunched", die_in_the_second)
    with pytest.raises(KeyboardInterrupt):
        engine.run_step(claim)
    monkeypatch.setattr(runner, "run_autolaunched", run)
    with later(minutes=2):
        jobs.tick()
    with later(minutes=5):
        drain()
    assert step().outputs == {"id": "A-1"}
    assert step().attempt == 2
    assert len(network.calls) == 1
    assert ITTicket.objects.count() == 1


def test_a_flow_may_begin_with_a_call_out_and_keeps_nothing_before_it(cast: Cast, network: Outside) -> None:
    network.answers = [Reply(200, {}, "{}"), Reply(200, {}, "{}")]
    second = {**CALL, "name": "again", "body": None, "outputs": {}}
    running(cast, {**CALL, "body": None, "outputs": {}}, second)
    drain()
    assert [key for *_rest, key in network.calls] == [f"{step().key}-ask", f"{step().key}-again"]
    assert step().status == StepStatus.COMPLETED
