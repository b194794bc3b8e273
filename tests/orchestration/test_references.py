"""§6 and §11: what a drawing reads exists, and can be there when it is read; every stage and step can be come to."""

from typing import Any

import pytest

from demo.flows.onboarding import ONBOARDING
from orchestration import builder, engine
from orchestration.errors import Invalid
from orchestration.models import Orchestration, Route, Step, Version
from tests import flows  # noqa: F401  the flows register themselves
from tests.cast import Cast
from tests.stories import background, document, drain, interactive, stage

ABOUT_EMPLOYEES = {"record_model": "demo.employee"}
STARTER = {"path": "starter"}
ALWAYS = {"to": "stage_3"}
SOMETIMES = {"condition": {"formula": "record.is_ready"}}


def reading(name: str, path: str, **columns: Any) -> dict[str, Any]:
    """A step whose input is read from somewhere."""
    return background(name, "tests.note", inputs={"text": {"path": path}}, **columns)


def noting(name: str, **columns: Any) -> dict[str, Any]:
    return background(name, "tests.note", **columns)


def handler(name: str, handles: str = "stage", **columns: Any) -> dict[str, Any]:
    return background(name, "tests.recover", **{"inputs": {"resolution": {"value": "skip"}}, "handles": handles, **columns})


def formula(text: str) -> dict[str, str]:
    return {"formula": text}


def of(name: str) -> str:
    """The path of an output of a step."""
    return f"steps.{name}.outputs.text"


def from_(name: str) -> dict[str, Any]:
    """A handler's input from an output of a step."""
    return {"resolution": {"path": of(name)}}


def met(name: str) -> dict[str, str]:
    """A condition on an output of a step."""
    return formula(f"{of(name)} == 'x'")


def found(*stages: Any, **head: Any) -> list[str]:
    """The problems of a drawing, as sentences with their places."""
    return [str(problem) for problem in builder.problems(builder.load(document(*stages, **(ABOUT_EMPLOYEES | head))))]


# Whether it can be there


@pytest.mark.parametrize(
    "stages",
    [
        pytest.param([[noting("a")], [reading("b", of("a"))]], id="an earlier stage"),
        pytest.param([[noting("a"), reading("b", of("a"), after=["a"])]], id="a step before it"),
        pytest.param([[noting("a"), reading("b", of("a"))]], id="a step beside it, which may be quicker"),
        pytest.param([[noting("a"), noting("b", wait_until=formula("steps.a.outputs.text == 'x'"))]], id="what it waits for"),
        pytest.param([[noting("a"), noting("b", wait_until=SOMETIMES["condition"], only_if=met("a"))]], id="waits"),
        pytest.param([stage([noting("a")], exit_rule="condition", exit_condition=met("a"))], id="the exit"),
        pytest.param([stage([noting("a")], routes=[{"condition": met("a"), "to": None}])], id="a route"),
        pytest.param([[reading("a", of("b"))], stage([noting("b")], routes=[SOMETIMES | {"to": "stage_1"}])], id="a way back"),
        pytest.param([stage([reading("a", of("a"))], routes=[SOMETIMES | {"to": "stage_1"}])], id="itself, the time before"),
        pytest.param([[{**interactive("a", "tests.ask", STARTER), "complete_when": met("a")}]], id="form"),
        pytest.param([[noting("a"), handler("h"), reading("b", of("h"), after=["a"])]], id="a handler of a step before it"),
        pytest.param([[reading("a", of("h")), handler("h")]], id="a handler that has it tried again"),
        pytest.param([[noting("a")], [noting("b"), handler("h", inputs=from_("a"))]], id="in a handler"),
        pytest.param([[noting("a"), noting("b"), handler("h", inputs=from_("b"))]], id="beside failed"),
        pytest.param([[reading("a", of("b")), handler("h")], [noting("b"), handler("g")]], id="a handler may go back"),
        pytest.param([[noting("a"), {**interactive("b", "tests.ask", {"path": of("a")}), "after": ["a"]}]], id="an assignee"),
        pytest.param([[noting("a")], stage([noting("b")], entry_condition=met("a"))], id="an entry condition"),
        pytest.param([[noting("a"), reading("b", "steps.c.status"), noting("c", after=["b"])]], id="a status is always there"),
    ],
)
def test_an_output_that_can_be_there_may_be_read(cast: Cast, stages: list[Any]) -> None:  # R6.2
    assert found(*stages) == []


@pytest.mark.parametrize(
    ("stages", "place"),
    [
        pytest.param([[reading("a", of("b"))], [noting("b")]], "Stage 1 › A", id="a later stage"),
        pytest.param([[reading("a", of("a"))]], "Stage 1 › A", id="itself"),
        pytest.param([[reading("a", of("b")), noting("b", after=["a"])]], "Stage 1 › A", id="a step after it"),
        pytest.param([[reading("a", of("c")), noting("b", after=["a"]), noting("c", after=["b"])]], "Stage 1 › A", id="and further on"),
        pytest.param([[noting("a"), noting("b", only_if=met("a"))]], "Stage 1 › B", id="looked at at once"),
        pytest.param([[noting("a"), interactive("b", "tests.ask", {"path": of("a")})]], "Stage 1 › B", id="found as it begins"),
        pytest.param([[noting("b", wait_until=met("b"))]], "Stage 1 › B", id="waits for itself"),
        pytest.param([stage([noting("a")], entry_condition=met("a"))], "Stage 1", id="an entry condition"),
        pytest.param(
            [stage([noting("a")], routes=[{"condition": met("b"), "to": None}]), [noting("b")]],
            "Stage 1",
            id="a route",
        ),
        pytest.param(
            [stage([noting("a")], exit_rule="condition", exit_condition=met("b")), [noting("b")]],
            "Stage 1",
            id="exit",
        ),
        pytest.param(
            [
                stage([noting("a")], routes=[SOMETIMES | {"to": "stage_3"}, {"to": None}], entry_condition=SOMETIMES["condition"]),
                [noting("b")],
                [reading("c", of("b"))],
                stage([noting("d")], routes=[{"to": "stage_3"}]),
                [reading("e", of("a"))],
            ],
            "Stage 5",
            id="nothing leads there at all",
        ),
        pytest.param(
            [stage([noting("a")], entry_condition=SOMETIMES["condition"], routes=[{"to": None}]), [reading("b", of("a"))]],
            "Stage 2 › B",
            id="come to only when the step's stage was skipped",
        ),
    ],
)
def test_an_output_that_can_never_be_there_is_a_problem(cast: Cast, stages: list[Any], place: str) -> None:  # R6.2 R1.6
    problems = found(*stages)
    assert [problem.split(": ")[0] for problem in problems] == [place]
    assert "can never be finished by then" in problems[0] or "Nothing leads to this stage" in problems[0]


# Whether there is such a thing


@pytest.mark.parametrize(
    ("path", "complaint"),
    [
        ("record.salary", "“record.salary”, which does not exist"),
        ("record.manager.shoe_size", "which does not exist"),
        ("record.manager.password", "which does not exist"),
        ("record.name.first", "which does not exist"),
        ("record.it_tickets", "which does not exist"),
        ("start.salary", "which does not exist"),
        ("start.manager.email", "which does not exist"),
        ("prior.name", "there is no “prior” here. Known: completer, inputs, instance, now, record"),
        ("fault.message", "there is no “fault” here"),
        ("nothing.x", "there is no “nothing” here"),
        ("inputs.colour", "which does not exist"),
        ("vars.colour", "which does not exist"),
        (of("b"), "which does not exist"),
        ("steps.a.output.x", "which does not exist"),
        ("stages.stage_9.status", "which does not exist"),
        ("stages.stage_1.outputs", "which does not exist"),
        ("instance.color", "which does not exist"),
        ("starter.manager", "which does not exist"),
        ("now.year", "which does not exist"),
    ],
)
def test_a_name_that_there_is_not_is_a_problem(cast: Cast, path: str, complaint: str) -> None:  # R1.6 R6.1 R6.3
    [problem] = found([noting("a")], [reading("c", path)])
    assert problem.startswith("Stage 2 › C: The input “text” reads")
    assert complaint in problem
    assert complaint in found([noting("a")], [noting("c", wait_until=formula(f"is_empty({path})"))])[0]


@pytest.mark.parametrize(
    "path",
    [
        *("record.name", "record.manager.email", "record.building.name", "start.name", "inputs.note", "vars.word", "starter.username"),
        *("completer.email", "steps.a.outputs.any.depth", "steps.a.status", "stages.stage_1.status"),
    ],
)
def test_a_name_that_there_is_may_be_read(cast: Cast, path: str) -> None:  # R6.1
    declared = {"inputs": {"note": {"type": "text"}}, "variables": {"word": {"type": "text"}}}
    assert found([noting("a")], [reading("c", path)], **declared) == []


def test_a_handler_reads_the_fault(cast: Cast) -> None:  # R7.2
    assert found([noting("a"), handler("h", inputs={"resolution": {"path": "fault.message"}})]) == []
    assert "“fault.color”, which does not exist" in found([noting("a"), handler("h", inputs={"resolution": {"path": "fault.color"}})])[0]


def test_without_a_model_of_its_own_any_record_may_be_meant(cast: Cast) -> None:
    assert found([reading("a", "record.anything.at_all")], record_model="") == []


def test_an_entry_condition_reads_the_record_and_what_it_was(cast: Cast) -> None:  # R2.1 R2.3
    about = {"start_type": "record", **ABOUT_EMPLOYEES}
    assert found([noting("a")], starts_on="updated", entry_condition=formula("prior.name != record.name"), **about) == []
    for columns, complaint in (
        ({"entry_condition": formula("inputs.x == 1")}, "The starts only if reads “inputs.x”; there is no “inputs” here"),
        ({"entry_condition": formula("record.salary > 1")}, "“record.salary”, which does not exist"),
        ({"starts_on": "due", "start_field": "start_date", "entry_condition": formula("prior.name == ''")}, "there is no “prior” here"),
    ):
        assert complaint in found([noting("a")], **about, **columns)[0]


def test_the_rollout_condition_is_looked_over_too(cast: Cast) -> None:  # R1.5
    version = builder.load(document([noting("a")], **ABOUT_EMPLOYEES))
    Orchestration.objects.filter(pk=version.orchestration_id).update(rollout_condition=formula("record.salary > 1"))
    assert "The rollout condition reads “record.salary”" in str(builder.problems(Version.objects.get(pk=version.pk))[0])


# Values and people


@pytest.mark.parametrize(
    ("source", "complaint"),
    [
        ({"value": "three"}, "takes a number as “number”"),
        ({"value": None}, "The input “number” has no value"),
        ({"path": "record.name"}, "takes int as “number”, and record.name is something else"),
        ({"path": "record.manager"}, "takes int as “number”, and record.manager is something else"),
        ({"colour": 3}, "neither a value nor a path, a formula or a text"),
        (3, "neither a value nor a path, a formula or a text"),
    ],
)
def test_a_value_of_the_wrong_type_is_a_problem(cast: Cast, source: Any, complaint: str) -> None:  # R1.6
    [problem] = found([background("a", "tests.double", inputs={"number": source})])
    assert complaint in problem
    assert found([background("a", "tests.double", inputs={"number": {"path": "record.id"}})]) == []


@pytest.mark.parametrize(
    ("assignee", "complaint"),
    [
        ({"user": "nobody"}, "There is no user “nobody” to do it"),
        ({"group": "Unicorns"}, "There is no group “Unicorns” to do it"),
        ({"queue": "gone"}, "There is no queue “gone” to do it"),
        ({"path": "record.owner"}, "The assignee reads “record.owner”, which does not exist"),
        ({"path": "record.start_date"}, "is neither a user, a group nor a queue"),
        ({"path": "record.building"}, "is neither a user, a group nor a queue"),
        ({"mail": "a@b.example"}, "names neither a user, a group, a queue nor a path"),
        ({"user": "hanna", "queue": "hr"}, "names neither a user, a group, a queue nor a path"),
    ],
)
def test_an_assignee_that_there_is_not_is_a_problem(cast: Cast, assignee: dict[str, str], complaint: str) -> None:  # R5.2 R1.6
    [problem] = found([interactive("a", "tests.ask", assignee)])
    assert complaint in problem


@pytest.mark.parametrize(
    "assignee", [{"user": "hanna"}, {"group": "IT"}, {"queue": "hr"}, {"path": "record.manager"}, {"path": "record.email"}]
)
def test_an_assignee_that_there_is_may_be_named(cast: Cast, assignee: dict[str, str]) -> None:  # R5.2
    assert found([interactive("a", "tests.ask", assignee)]) == []


def test_a_named_user_as_whom_a_step_runs_exists(cast: Cast) -> None:  # R4.8
    assert found([noting("a", run_as="user", run_as_user="hanna")]) == []
    assert "runs as “nobody”, and there is no such user" in found([noting("a", run_as="user", run_as_user="nobody")])[0]


# Whether it can be come to


def test_a_stage_that_nothing_leads_to_is_a_problem(cast: Cast) -> None:  # R1.6
    assert found(stage([noting("a")], routes=[ALWAYS]), [noting("b")], [noting("c")]) == [
        "Stage 2: Nothing leads to this stage. Change the routes before it, or delete it."
    ]
    assert found(stage([noting("a")], routes=[SOMETIMES | ALWAYS]), [noting("b")], [noting("c")]) == []
    assert found(stage([noting("a")], routes=[ALWAYS], entry_condition=SOMETIMES["condition"]), [noting("b")], [noting("c")]) == []
    assert found(stage([noting("a"), handler("h")], routes=[ALWAYS]), [noting("b")], [noting("c")]) == []  # it may say “go to”


def test_a_handler_that_no_fault_comes_to_is_a_problem(cast: Cast) -> None:  # R1.6 R7.1
    complaint = "No fault can come to this handler"
    assert complaint in found([noting("a"), handler("h", "named")])[0]
    assert found([noting("a", fault_path="h"), handler("h", "named")]) == []
    assert found([noting("a"), handler("h"), handler("g")])[0].startswith("Stage 1 › G")
    assert found([noting("a"), handler("h", handles_types=["Failure"]), handler("g")]) == []
    assert found([noting("a")], [noting("b"), handler("h", "orchestration")]) == []


def test_nothing_comes_after_a_handler(cast: Cast) -> None:
    assert "after “H”, a handler" in found([noting("a"), handler("h"), noting("b", after=["h"])])[0]


def test_a_route_and_a_fault_path_lead_to_their_own_version(cast: Cast) -> None:  # R1.6
    other = builder.load(document([noting("a"), handler("h", "named")], **ABOUT_EMPLOYEES))
    version = builder.load(document([noting("a")], **ABOUT_EMPLOYEES))
    Route.objects.create(stage=version.stages.get(), target=other.stages.get())
    Step.objects.filter(version=version).update(fault_path=other.steps.get(api_name="h"))
    assert [str(problem) for problem in builder.problems(version)] == [
        "Stage 1 › A: Its faults go to “h of another version”, which is in another stage. Choose a handler of this stage.",
        "Stage 1: The route goes to “stage_1 of another version”, which is not there. Choose a stage, or the end.",
    ]


def test_the_demos_own_drawing_has_no_problem_and_a_misspelt_one_stays_a_draft(cast: Cast) -> None:  # R1.6
    version = builder.load(ONBOARDING)
    assert builder.problems(version) == []
    Step.objects.filter(version=version, api_name="it_ticket").update(inputs={"equipment": {"path": "steps.colect.outputs.equipment"}})
    with pytest.raises(Invalid, match=r"“equipment” reads “steps\.colect\.outputs\.equipment”, which does not exist"):
        builder.activate(version)
    assert Version.objects.get(pk=version.pk).status == "draft"


def test_an_output_that_is_not_there_yet_is_null(cast: Cast) -> None:  # R6.2
    builder.activate(
        builder.load(document([noting("a", only_if=formula("1 == 2"))], [noting("b", only_if=formula("is_empty(steps.a.outputs.text)"))]))
    )
    instance = engine.start("trial")
    drain()
    assert dict(instance.step_instances.values_list("step__api_name", "status")) == {"a": "skipped", "b": "completed"}
