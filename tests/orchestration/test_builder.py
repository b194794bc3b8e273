"""§1 and §11: definitions as documents, their problems, their activation."""

import pytest
from django.core.checks import run_checks
from django.db import IntegrityError, transaction

from demo.flows.onboarding import ONBOARDING
from orchestration import builder
from orchestration.checks import check_flows_exist, check_middleware
from orchestration.errors import Invalid
from orchestration.models import Orchestration, Step, Version
from orchestration.states import VersionStatus
from tests import flows  # noqa: F401  the flows register themselves
from tests.cast import Cast
from tests.stories import background, document, hired, interactive


def test_what_is_loaded_is_dumped_again_alike(cast: Cast) -> None:
    dumped = builder.dump(Version.objects.get())
    again = builder.dump(builder.load(dumped))
    assert again == dumped
    assert [stage["label"] for stage in dumped["stages"]] == [stage["label"] for stage in ONBOARDING["stages"]]  # type: ignore[index]


def test_a_draft_is_activated_and_the_active_one_becomes_inactive(cast: Cast) -> None:  # R1.2
    old = Version.objects.get()
    draft = builder.new_version(old)
    assert (draft.number, draft.status) == (2, VersionStatus.DRAFT)
    builder.activate(draft)
    old.refresh_from_db()
    assert (old.status, draft.orchestration.active_version) == (VersionStatus.INACTIVE, draft)
    builder.activate(old)  # and back
    assert draft.orchestration.active_version == old


def test_two_active_versions_are_refused_by_the_database(cast: Cast) -> None:  # R1.2
    draft = builder.new_version(Version.objects.get())
    with pytest.raises(IntegrityError), transaction.atomic():
        Version.objects.filter(pk=draft.pk).update(status=VersionStatus.ACTIVE)


@pytest.mark.parametrize(
    ("stages", "place", "message"),
    [
        ([], "Trial", "It has no stage"),
        ([[]], "Stage 1", "The stage has no step"),
        ([[background("a", "tests.gone")]], "Stage 1 › A", "No installed app has a flow named “tests.gone”"),
        ([[background("a", "tests.ask")]], "Stage 1 › A", "of the kind Screen flow; this step needs Autolaunched flow"),
        ([[interactive("a", "tests.note", {"path": "starter"})]], "Stage 1 › A", "this step needs Screen flow"),
        ([[interactive("a", "tests.ask", {})]], "Stage 1 › A", "Nobody is named to do it"),
        ([[background("a", "tests.double")]], "Stage 1 › A", "The input “number” has no value"),
        ([[background("a", "tests.note", inputs={"colour": {"value": 1}})]], "Stage 1 › A", "has no input “colour”"),
        (
            [[background("a", "tests.note", after=["b"]), background("b", "tests.note", after=["a"]), background("c", "tests.note")]],
            "Stage 1",
            "These steps wait for each other: A, B",
        ),
    ],
)
def test_a_problem_is_named_with_its_place_and_keeps_the_draft_a_draft(
    db: None, stages: list[list[dict[str, object]]], place: str, message: str
) -> None:  # R1.6
    version = builder.load(document(*stages))
    with pytest.raises(Invalid) as refused:
        builder.activate(version)
    [problem] = builder.problems(version)
    assert problem.place == place
    assert message in problem.message
    assert str(problem) in str(refused.value)
    version.refresh_from_db()
    assert version.status == VersionStatus.DRAFT


def test_all_problems_are_listed_at_once(db: None) -> None:  # R1.6
    version = builder.load(document([background("a", "tests.gone"), interactive("b", "tests.ask", {})], []))
    assert len(builder.problems(version)) == 3


@pytest.mark.parametrize(
    ("broken", "complaint"),
    [
        ({}, "not a definition"),
        ({"orchestration": {}}, "not a definition"),
        ({"orchestration": None}, "not a definition"),
        ({"orchestration": {"api_name": "x", "label": "x", "start_type": "nonsense"}, "stages": []}, "is not a valid choice"),
        ({"orchestration": {"api_name": "x"}, "stages": [{}]}, "cannot be blank"),
        ({"orchestration": {"api_name": "x", "label": "x", "start_type": "autolaunched"}, "stages": [{}]}, "not a definition"),
    ],
)
def test_what_is_no_definition_is_refused_and_leaves_nothing(db: None, broken: dict[str, object], complaint: str) -> None:
    with pytest.raises(Invalid, match=complaint):
        builder.load(broken)
    assert not Orchestration.objects.filter(api_name="x").exists()


def test_an_api_name_cannot_be_changed_and_a_model_must_exist(cast: Cast) -> None:  # R1.1
    orchestration = Orchestration.objects.get()
    orchestration.api_name = "renamed"
    for refused in (orchestration.full_clean, orchestration.save):
        with pytest.raises(Exception, match="cannot be changed"):
            refused()
    orchestration.refresh_from_db()
    orchestration.record_model = "demo.unicorn"
    with pytest.raises(Exception, match="No installed app has this model"):
        orchestration.full_clean()


def test_the_check_lists_flows_that_a_deploy_would_remove(cast: Cast) -> None:  # R9.3
    hired(cast)
    assert check_flows_exist(databases=["default"]) == []
    Step.objects.filter(api_name="it_ticket").update(flow="demo.renamed")
    [error] = check_flows_exist(databases=["default"])
    assert (error.id, "“demo.renamed”" in error.msg) == ("orchestration.E001", True)


def test_the_check_asks_for_the_middleware(settings: object) -> None:
    assert check_middleware() == []
    settings.MIDDLEWARE = []  # type: ignore[attr-defined]
    assert [warning.id for warning in check_middleware()] == ["orchestration.W001"]
    assert "orchestration.W001" in {message.id for message in run_checks()}
