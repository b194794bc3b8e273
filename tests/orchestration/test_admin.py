"""The stock admin: queues and what runs can be looked at by everybody who may; orchestrations have pages of their own (test_board)."""

import pytest
from django.test import Client
from django.urls import reverse

from orchestration.models import Instance, Orchestration, Queue
from tests import stories
from tests.cast import Cast


@pytest.fixture
def admin(cast: Cast, client: Client) -> Client:
    client.force_login(cast.admin)
    return client


MODELS = [
    *("orchestration", "queue", "flow", "instance", "workitem", "startrequest", "effect"),
    *("endpoint", "secret", "attachment"),
]


@pytest.mark.parametrize("model", MODELS)
def test_every_list_and_every_page_opens(cast: Cast, admin: Client, model: str) -> None:
    stories.provisioned(cast)
    assert admin.get(reverse(f"admin:orchestration_{model}_changelist")).status_code == 200
    rows = {"orchestration": Orchestration, "queue": Queue, "instance": Instance}
    if model in rows:
        row = rows[model].objects.all()[0]
        assert admin.get(reverse(f"admin:orchestration_{model}_change", args=[row.pk])).status_code == 200


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
