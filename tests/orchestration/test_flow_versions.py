"""Versions of flows without code: drafts, activation and its refusals, pins, where one is used (R1.4); and evaluation flows."""

from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import ProtectedError

from orchestration import builder, engine, expressions, flow_builder, flows, operating
from orchestration.errors import ExpressionError, FlowMissing, Invalid
from orchestration.models import Flow, FlowVersion, Instance, StepInstance, WorkItem
from orchestration.states import InstanceStatus, StepStatus, VersionStatus
from tests import flows as test_flows
from tests.cast import Cast
from tests.stories import active, background, built, drain, hire, interactive, later
from tests.stories import document as document_of

pytestmark = pytest.mark.django_db


def saying(word: str, **more: Any) -> dict[str, Any]:
    """A flow whose output `said` is this word."""
    return {
        "elements": [{"kind": "run", "name": "note", "flow": "tests.note", "inputs": {"text": {"value": word}}}],
        "outputs": {"said": {"path": "elements.note.text"}},
        **more,
    }


def step(name: str = "only") -> StepInstance:
    return StepInstance.objects.get(step__api_name=name)


# Drafts


def test_a_new_flow_has_a_draft_that_can_be_edited_until_it_is_active() -> None:
    version = flow_builder.new_flow("greet", "Greet", "autolaunched")
    assert (version.flow.key, version.number, version.status) == ("site.greet", 1, "draft")
    flow_builder.save_draft(version, {"elements": "not finished"})
    flow_builder.save_draft(version, saying("hello"))
    flow_builder.activate(version)
    with pytest.raises(ValidationError, match="Greet v1 has been active and cannot be changed"):
        flow_builder.save_draft(version, saying("bye"))


@pytest.mark.parametrize("name", ["", "Greet", "1st", "a.b", "a b", "größe", "x" * 120])
def test_a_name_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(Invalid) as caught:
        flow_builder.new_flow(name, "Greet", "autolaunched")
    assert "api_name" in caught.value.errors


def test_a_name_is_given_once() -> None:
    built("greet", "autolaunched", saying("hello"))
    with pytest.raises(Invalid) as caught:
        flow_builder.new_flow("greet", "Greet", "screen")
    assert caught.value.errors["api_name"] == ["Flow with this Key already exists."]


def test_a_draft_cannot_be_run_and_says_what_to_do() -> None:
    flow_builder.new_flow("greet", "Greet", "autolaunched", document=saying("hello"))
    with pytest.raises(FlowMissing, match="“Greet” has no version that can be used"):
        flows.get("site.greet")
    with pytest.raises(FlowMissing, match="No installed app has a flow named"):
        flows.get("site.nobody")


def test_activation_lists_every_problem_with_its_place() -> None:
    version = flow_builder.new_flow(
        "greet",
        "Greet",
        "autolaunched",
        document={
            "elements": [
                {"kind": "run", "name": "a", "flow": "tests.nothing"},
                {"kind": "run", "name": "b", "flow": "tests.double"},
                {"kind": "run", "name": "c", "flow": "site.greet"},
                {"kind": "run", "name": "d", "flow": "tests.ask"},
                {"kind": "start", "name": "e", "orchestration": "nothing"},
                {"kind": "run", "name": "f", "flow": "tests.double", "inputs": {"number": {"value": "3"}, "more": {"value": 1}}},
            ]
        },
    )
    with pytest.raises(Invalid) as caught:
        flow_builder.activate(version)
    assert (
        [str(problem) for problem in flow_builder.problems(version)]
        == caught.value.errors["__all__"]
        == [
            "elements.0.flow: No installed app has a flow named “tests.nothing”. Bring it back, or move the step to another flow.",
            "elements.1.flow: The input “number” has no value.",
            "elements.2.flow: A flow does not run itself.",
            "elements.3.flow: “Ask” is no autolaunched flow.",
            "elements.4.orchestration: There is no autolaunched orchestration “nothing”.",
            "elements.5.flow: “Double” has no input “more”. “Double” takes a number as “number”.",
        ]
    )
    version.refresh_from_db()
    assert version.status == VersionStatus.DRAFT


def test_one_version_is_active_and_the_database_holds_to_it() -> None:
    first = built("greet", "autolaunched", saying("hello"))
    second = built("greet", "autolaunched", saying("bye"))
    first.refresh_from_db()
    assert (first.status, second.status) == ("inactive", "active")
    with pytest.raises(IntegrityError), transaction.atomic():
        FlowVersion.objects.filter(pk=first.pk).update(status="active")


def test_an_inactive_version_can_be_activated_again() -> None:
    first = built("greet", "autolaunched", saying("hello"))
    built("greet", "autolaunched", saying("bye"))
    first.refresh_from_db()
    flow_builder.activate(first)
    assert flows.get("site.greet").number == 1


def test_two_versions_differ_in_places() -> None:
    first = built("greet", "autolaunched", saying("hello"))
    second = flow_builder.copy(first)
    assert flow_builder.differences(first, second) == []
    flow_builder.save_draft(second, saying("bye"))
    assert flow_builder.differences(first, second) == [("elements.note.inputs.text.value", "hello", "bye")]


# Pins


def test_a_step_that_has_begun_keeps_its_version_through_automatic_retries(cast: Cast) -> None:  # R1.4
    built("greet", "autolaunched", saying("hello"))
    active([background("only", "site.greet")])
    test_flows.failing.add("hello")
    try:
        engine.start("trial")
        drain()
        built("greet", "autolaunched", saying("bye"))
    finally:
        test_flows.failing.clear()
    with later(minutes=5):
        drain()
    assert step().outputs == {"said": "hello"}


def test_an_operators_retry_takes_the_active_version(cast: Cast) -> None:  # R1.4
    built("greet", "autolaunched", {"elements": [{"kind": "fail", "name": "f", "message": "Broken."}], "outputs": {}})
    active([background("only", "site.greet", max_attempts=1)])
    engine.start("trial")
    drain()
    assert step().status == StepStatus.ERROR
    mended = built("greet", "autolaunched", saying("bye"))
    operating.retry_step(step(), by=cast.admin, reason="Mended the flow.")
    drain()
    assert step().outputs == {"said": "bye"}
    assert step().flow_version == mended


ASKING = {
    "screens": [{"name": "one", "title": "One", "items": [{"kind": "field", "name": "answer", "type": "text", "label": "Answer"}]}],
}


def test_a_work_item_keeps_the_form_that_somebody_has_begun(cast: Cast) -> None:  # R1.4
    first = built("form", "screen", ASKING)
    active([interactive("only", "site.form", {"user": "hanna"})], record_model="demo.employee", one_live_per_record=False)
    employee = hire(cast)
    engine.start("trial", record=employee)
    second = {"screens": [*ASKING["screens"], {"name": "two", "title": "Two", "items": []}]}
    built("form", "screen", second)
    item = WorkItem.objects.get(flow="site.form")
    assert item.get_flow().version == first.pk
    assert len(item.get_flow().document.screens) == 1
    assert len(flows.get("site.form").document.screens) == 2


def test_a_step_of_a_flow_in_code_asks_the_database_nothing_about_versions(cast: Cast, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        assert flows.pinned("tests.note") is None
        assert flows.get("tests.note").version is None


def test_finding_a_built_flow_costs_one_query(django_assert_num_queries: Any) -> None:
    version = built("greet", "autolaunched", saying("hello"))
    flows.get("site.greet")
    with django_assert_num_queries(1):
        flows.get("site.greet")
    with django_assert_num_queries(1):
        flows.get("site.greet", version.pk)


def test_a_step_without_an_active_version_fails_with_what_to_do() -> None:
    version = built("greet", "autolaunched", saying("hello"))
    active([background("only", "site.greet")])
    FlowVersion.objects.filter(pk=version.pk).update(status="inactive")
    engine.start("trial")
    assert step().status == StepStatus.ERROR
    assert "Activate one" in step().error["message"]


# What does not fit any more


def test_a_version_that_no_longer_fits_an_active_definition_is_refused_by_name() -> None:  # R1.4
    built("greet", "autolaunched", saying("hello", inputs={"size": {"type": "number"}}))
    later_step = background("later", "tests.note", inputs={"text": {"path": "steps.only.outputs.said"}}, after=["only"])
    mapped = background("only", "site.greet", inputs={"size": {"formula": "1 + 1"}})
    active([mapped, later_step])
    for document, message in (
        (saying("hello"), "Trial v1 › Only: “Greet” has no input “size”."),
        (saying("hello", inputs={"size": {"type": "text"}}), "Trial v1 › Only: the type of size would change."),
        (
            saying("hello", inputs={"size": {"type": "number"}, "more": {"type": "text", "required": True}}),
            "Trial v1 › Only: The input “more” has no value.",
        ),
        (
            saying("hello", inputs={"size": {"type": "number"}}, outputs={}),
            "Trial v1 › Only: it reads steps.only.outputs.said, which would be gone.",
        ),
    ):
        with pytest.raises(Invalid) as caught:
            built("greet", "autolaunched", document)
        assert caught.value.errors["__all__"] == [message]
    assert flows.get("site.greet").number == 1


def test_a_version_of_a_definition_that_only_live_instances_have_counts_too() -> None:  # R1.4
    built("greet", "autolaunched", saying("hello", inputs={"size": {"type": "number"}}))
    version = active([background("only", "site.greet", inputs={"size": {"value": 1}})])
    engine.start("trial")
    builder.deactivate(version)
    with pytest.raises(Invalid, match="has no input “size”"):
        built("greet", "autolaunched", saying("hello"))
    drain()
    assert Instance.objects.get().status == InstanceStatus.COMPLETED
    assert built("greet", "autolaunched", saying("hello"))


def test_a_version_that_another_active_flow_could_no_longer_run_is_refused() -> None:
    built("inner", "autolaunched", saying("hello"))
    built(
        "outer",
        "autolaunched",
        {
            "elements": [{"kind": "run", "name": "r", "flow": "site.inner"}],
            "outputs": {"said": {"path": "elements.r.said"}},
        },
    )
    with pytest.raises(Invalid, match=r"Outer v1 › elements.0: “Inner” has call-outs or waits.*it reads elements.r.said"):
        built("inner", "autolaunched", {"elements": [{"kind": "wait", "name": "w", "callback": True}]})


def test_a_version_in_use_cannot_be_deactivated_nor_its_flow_deleted() -> None:  # R9.2
    version = built("greet", "autolaunched", saying("hello"))
    active([background("only", "site.greet")])
    with pytest.raises(Invalid, match="cannot be deactivated while it is used by Trial v1 › Only"):
        flow_builder.deactivate(version)
    with pytest.raises(ProtectedError, match="“Greet” is used by Trial v1 › Only"), transaction.atomic():
        version.flow.delete()
    with pytest.raises(ProtectedError, match="Greet v1 is active"), transaction.atomic():
        version.delete()


def test_a_flow_that_nothing_uses_goes_with_its_versions() -> None:
    version = built("greet", "autolaunched", saying("hello"))
    version.flow.delete()
    assert not FlowVersion.objects.exists()
    assert not Flow.objects.filter(key="site.greet").exists()


def test_a_pinned_version_cannot_be_deleted_while_a_step_may_use_it() -> None:
    first = built("greet", "autolaunched", saying("hello"))
    active([background("only", "site.greet")])
    engine.start("trial")
    built("greet", "autolaunched", saying("bye"))
    first.refresh_from_db()
    with pytest.raises(ProtectedError, match=r"StepInstance\.flow_version"), transaction.atomic():
        first.delete()
    drain()
    first.delete()
    assert step().flow_version is None
    assert step().outputs == {"said": "hello"}


def test_where_a_flow_is_used_is_told_live_or_not() -> None:
    built("is_it", "evaluation", {"condition": {"formula": "1 == 1"}})
    asked = {"flow": "site.is_it"}
    active([background("only", "tests.note", only_if=asked)], entry_condition={}, api_name="first", label="First")
    builder.load(
        {
            "orchestration": {"api_name": "second", "label": "Second", "start_type": "autolaunched"},
            "stages": [{"api_name": "s", "label": "S", "entry_condition": asked, "steps": [background("a", "tests.note")]}],
        }
    )
    built("decides", "autolaunched", {"elements": [{"kind": "decide", "name": "d", "branches": [{"label": "x", "condition": asked}]}]})
    assert [(str(usage), usage.is_live) for usage in flow_builder.used_by("site.is_it")] == [
        ("Second v1 › S", False),
        ("First v1 › Only", True),
        ("Decides v1 › elements.0.branches.0.condition", True),
    ]
    with pytest.raises(ProtectedError):
        Flow.objects.get(key="site.is_it").delete()


# Evaluation flows


def met(condition: dict[str, Any], **scope: Any) -> bool:
    return expressions.condition(condition).look(scope).met


def test_a_built_evaluation_flow_is_a_condition_with_its_explanation(cast: Cast) -> None:
    built(
        "is_big",
        "evaluation",
        {
            "inputs": {"amount": {"type": "number", "required": True}},
            "condition": {
                "rows": [
                    {"path": "inputs.amount", "operator": "greater", "value": 100},
                    {"path": "record.department", "operator": "equals", "value": "Engineering"},
                ]
            },
        },
    )
    employee = hire(cast)
    condition = expressions.condition({"flow": "site.is_big", "inputs": {"amount": {"formula": "vars.a * 2"}}})
    assert condition.reads == {"vars.a"}
    verdict = condition.look({"record": employee, "vars": {"a": 51}})
    assert verdict.met
    assert [(fact["test"], fact["met"]) for fact in verdict.facts] == [
        ("site.is_big(amount=(vars.a * 2))", True),
        ("inputs.amount > 100", True),
        ("record.department == “Engineering”", True),
    ]
    assert not condition.look({"record": employee, "vars": {"a": 50}}).met


def test_nothing_returned_counts_as_false() -> None:
    asked = {"flow": "tests.is_long", "inputs": {"least": {"value": 3}}}
    assert not met(asked)
    assert met({"flow": "tests.is_long", "inputs": {"least": {"value": 3}, "text": {"value": "four"}}})
    built("unset", "evaluation", {"inputs": {"flag": {"type": "yes_no"}}, "condition": {"formula": "inputs.flag"}})
    assert not met({"flow": "site.unset"})


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        ({"flow": "tests.nothing"}, "No installed app has a flow named “tests.nothing”"),
        ({"flow": "tests.note"}, "“Note” is no evaluation flow"),
        ({"flow": "tests.is_long"}, "needs a value for “least”"),
        ({"flow": "tests.is_long", "inputs": {"least": {"value": "three"}}}, "takes int as “least”"),
        ({"flow": "tests.break_down"}, "“Break down” failed: It cannot be said today."),
    ],
)
def test_an_evaluation_flow_that_cannot_be_asked_is_an_error_never_false(condition: dict[str, Any], message: str) -> None:  # R3.9
    with pytest.raises(ExpressionError, match=message):
        met(condition)


def test_evaluation_flows_that_ask_each_other_come_to_an_end() -> None:
    built("ping", "evaluation", {"condition": {"formula": "1 == 1"}})
    built("pong", "evaluation", {"condition": {"flow": "site.ping"}})
    built("ping", "evaluation", {"condition": {"flow": "site.pong"}})
    with pytest.raises(ExpressionError, match="More than 5 evaluation flows ask each other"):
        met({"flow": "site.ping"})


def test_a_flow_does_not_ask_itself() -> None:
    with pytest.raises(Invalid, match="A flow does not ask itself"):
        built("ping", "evaluation", {"condition": {"flow": "site.ping"}})


def test_a_step_waits_until_an_evaluation_flow_says_yes(cast: Cast) -> None:
    built("is_boss", "evaluation", {"record_model": "demo.employee", "condition": {"formula": "record.job_title == 'Boss'"}})
    active([background("only", "tests.note", wait_until={"flow": "site.is_boss"})], record_model="demo.employee", one_live_per_record=False)
    employee = hire(cast)
    instance = engine.start("trial", record=employee)
    assert step().status == StepStatus.NOT_STARTED
    instance.refresh_from_db()
    assert instance.look_again_at is not None  # a flow may read anything, so the ticker looks again
    employee.job_title = "Boss"
    employee.save()
    drain()
    assert step().status == StepStatus.COMPLETED


def test_an_evaluation_flow_may_only_look(cast: Cast) -> None:  # R3.9
    active([background("only", "tests.note", only_if={"flow": "tests.write_while_looking"})], record_model="demo.employee")
    engine.start("trial", record=hire(cast))
    assert step().status == StepStatus.ERROR
    assert "writes to the database, and may only look" in step().error["message"]


def test_a_definition_that_asks_what_is_no_evaluation_flow_is_not_activated() -> None:
    with pytest.raises(Invalid, match="Only: “Note” is no evaluation flow"):
        active([background("only", "tests.note", only_if={"flow": "tests.note"})])


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ({"path": "record.name"}, ""),
        ({"formula": "upper(record.name)"}, ""),
        ({"text": "For {{ record.name }}"}, ""),
        ({"path": "record.is_ready"}, "“Greet” takes text as “who”, and record.is_ready is something else."),
        ({"value": 3}, "“Greet” takes a text as “who”."),
        ({"formula": "upper(record.nobody)"}, "The input “who” reads “record.nobody”, which does not exist."),
        ({"text": "For {{ record.nobody }}"}, "The input “who” reads “record.nobody”, which does not exist."),
        ({"formula": "upper("}, "The input “who” cannot be read."),
    ],
)
def test_what_a_step_gives_a_built_flow_is_looked_at_when_it_is_activated(source: dict[str, Any], message: str) -> None:  # R1.6
    built("greet", "autolaunched", saying("hello", inputs={"who": {"type": "text"}}))
    document = document_of([background("only", "site.greet", inputs={"who": source})], record_model="demo.employee")
    told = [str(problem) for problem in builder.problems(builder.load(document))]
    assert told == [] if not message else [each for each in told if message in each] == told != []
