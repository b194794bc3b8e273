"""The stock admin: definitions can be read by everybody who may, edited while they are drafts, activated and copied."""

import pytest
from django.test import Client
from django.urls import reverse

from orchestration import builder
from orchestration.models import Instance, Orchestration, Queue, Stage, Version
from tests import stories
from tests.cast import Cast


@pytest.fixture
def admin(cast: Cast, client: Client) -> Client:
    client.force_login(cast.admin)
    return client


MODELS = [
    *("orchestration", "version", "stage", "queue", "flow", "instance", "workitem", "startrequest", "effect"),
    *("endpoint", "secret", "attachment"),
]


@pytest.mark.parametrize("model", MODELS)
def test_every_list_and_every_page_opens(cast: Cast, admin: Client, model: str) -> None:
    stories.provisioned(cast)
    assert admin.get(reverse(f"admin:orchestration_{model}_changelist")).status_code == 200
    rows = {"version": Version, "stage": Stage, "orchestration": Orchestration, "queue": Queue, "instance": Instance}
    if model in rows:
        row = rows[model].objects.all()[0]
        assert admin.get(reverse(f"admin:orchestration_{model}_change", args=[row.pk])).status_code == 200


def test_a_draft_can_be_edited_and_a_frozen_version_only_read(cast: Cast, admin: Client) -> None:  # R1.2
    frozen = Version.objects.get()
    draft = builder.new_version(frozen)
    for version, editable in ((frozen, False), (draft, True)):
        words = admin.get(reverse("admin:orchestration_version_change", args=[version.pk])).content.decode()
        assert ('name="starts_on"' in words) is editable
        stage = version.stages.all()[0]
        page = reverse("admin:orchestration_stage_change", args=[stage.pk])
        assert ('name="steps-0-label"' in admin.get(page).content.decode()) is editable


def test_a_stage_of_a_draft_is_saved_with_its_steps(cast: Cast, admin: Client) -> None:
    stage = builder.new_version(Version.objects.get()).stages.all()[0]
    step = stage.steps.get()
    page = reverse("admin:orchestration_stage_change", args=[stage.pk])
    form = {
        "order": 0,
        "label": "Wishes known",
        "api_name": stage.api_name,
        "exit_rule": "all_steps",
        "entry_condition-mode": "",
        "exit_condition-mode": "",
        "steps-TOTAL_FORMS": 1,
        "steps-INITIAL_FORMS": 1,
        "routes-TOTAL_FORMS": 0,
        "routes-INITIAL_FORMS": 0,
        "steps-0-id": step.pk,
        "steps-0-stage": stage.pk,
        "steps-0-order": 0,
        "steps-0-label": "Ask for wishes",
        "steps-0-api_name": step.api_name,
        "steps-0-flow": "demo.collect_preferences",
        "steps-0-assignee-kind": "queue",
        "steps-0-assignee-queue": "hr",
        "steps-0-wait_until-mode": "",
        "steps-0-only_if-mode": "formula",
        "steps-0-only_if-formula": "record.is_ready ==",
        "steps-0-complete_when-mode": "",
        "steps-0-run_as": "service",
        "steps-0-handles_types": "",
    }
    refused = admin.post(page, form)
    assert "This is no formula" in refused.content.decode()
    misread = admin.post(page, form | {"steps-0-only_if-formula": "not record.is_redy"})
    assert "Did you mean “record.is_ready”?" in misread.content.decode()
    nobody = admin.post(page, form | {"steps-0-only_if-formula": "true", "steps-0-assignee-kind": ""})
    assert "A person does this step: name who gets it." in nobody.content.decode()
    accepted = admin.post(page, form | {"steps-0-only_if-formula": "not record.is_ready"})
    assert accepted.status_code == 302, accepted.context["errors"]
    stage.refresh_from_db()
    assert (stage.label, stage.steps.get().label, stage.steps.get().only_if) == (
        "Wishes known",
        "Ask for wishes",
        {"formula": "not record.is_ready"},
    )


def test_versions_are_activated_deactivated_and_copied_from_the_list(cast: Cast, admin: Client) -> None:
    version = Version.objects.get()
    page = reverse("admin:orchestration_version_changelist")
    said = []
    for action in ("deactivate", "activate", "copy_as_draft"):
        answer = admin.post(page, {"action": action, "_selected_action": [version.pk]}, follow=True)
        said.append(str(next(iter(answer.context["messages"]))))
    assert said == [
        "New hire onboarding v1 is inactive: nothing new starts.",
        "New hire onboarding v1 is active: new starts use it.",
        "1 draft was made.",
    ]
    assert Version.objects.count() == 2


def test_a_draft_with_problems_is_not_activated_and_the_admin_says_why(cast: Cast, admin: Client) -> None:  # R1.6
    version = builder.load(stories.document([]))
    answer = admin.post(
        reverse("admin:orchestration_version_changelist"), {"action": "activate", "_selected_action": [version.pk]}, follow=True
    )
    assert "The stage has no step" in answer.content.decode()


def test_what_runs_can_be_looked_at_and_not_changed(cast: Cast, admin: Client) -> None:
    instance = stories.instance_of(stories.hired(cast))
    page = reverse("admin:orchestration_instance_change", args=[instance.pk])
    assert "Work item assigned" in admin.get(page).content.decode()
    assert admin.post(page, {"status": "completed"}).status_code == 403
    assert admin.post(reverse("admin:orchestration_instance_delete", args=[instance.pk]), {"post": "yes"}).status_code == 403


def test_a_queue_that_is_used_is_not_deleted_from_the_admin(cast: Cast, admin: Client) -> None:  # R9.2
    queue = Queue.objects.get(api_name="hr")
    page = reverse("admin:orchestration_queue_delete", args=[queue.pk])
    named = admin.post(page, {"post": "yes"})
    assert (named.status_code, "is used by New hire onboarding v1 › Collect preferences" in named.content.decode()) == (403, True)
    stories.hired(cast)
    assert "Cannot delete queue" in admin.get(page).content.decode()
    assert Queue.objects.filter(pk=queue.pk).exists()


def test_the_work_guide_is_on_the_admin_page_of_a_record(cast: Cast, admin: Client) -> None:
    employee = stories.hired(cast)
    words = admin.get(reverse("admin:demo_employee_change", args=[employee.pk])).content.decode()
    assert "Work Guide" in words
    assert "Collect preferences" in words
