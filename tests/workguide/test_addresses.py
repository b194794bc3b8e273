"""Every address: nobody gets in without signing in, what is not yours is not there, GET never acts, and no number breaks a page."""

from typing import Any

import pytest
from django.apps import apps
from django.test import Client
from django.urls import reverse

from orchestration.models import Attachment, WorkItem
from tests.cast import Cast
from tests.stories import hired, instance_of, item_of
from tests.workguide.conftest import Browse
from workguide.urls import urlpatterns

POST_ONLY = {"screen_preview", "work_item_screen", "work_item_claim", "work_item_release", "work_item_draft", "work_item_completion"}

NUMBERS = ["0", "-1", str(2**31), str(2**63), str(2**200), "abc", "1 OR 1=1", "1%00", "١", "1.0", " 1", "9" * 10_000, "../"]
"""Keys that are none, or belong to nothing."""


@pytest.fixture
def item(cast: Cast) -> WorkItem:
    return item_of(hired(cast))


def address(name: str, item: WorkItem) -> str:
    """An address of each kind that leads somewhere."""
    arguments: tuple[Any, ...] = ()
    if name.startswith("work_item"):
        arguments = (item.pk,)
    elif name.startswith("instance"):
        arguments = (item.instance_id,)
    elif name == "attachment":
        arguments = (attachment_of(item).key,)
    elif name in ("record_list", "record_add"):
        arguments = ("demo.employee",)
    elif name == "record_start":
        arguments = ("demo.employee", item.record_id, "new_hire_onboarding")
    elif name in ("record", "record_edit", "work_guide"):
        arguments = ("demo.employee", item.record_id)
    return reverse(f"workguide:{name}", args=arguments)


def attachment_of(item: WorkItem) -> Attachment:
    """A file about the item's record."""
    kept = Attachment.objects.first()
    return kept or Attachment.objects.keep(b"%PDF-", name="a.pdf", content_type="application/pdf", record=item.get_record(), work_item=item)


NAMES = [pattern.name for pattern in urlpatterns]


@pytest.mark.parametrize("name", NAMES)
def test_nobody_gets_in_without_signing_in(client: Client, item: WorkItem, name: str) -> None:
    answers = [method(address(name, item)) for method in (client.get, client.post)]
    assert {answer.status_code for answer in answers} <= {302, 405}
    assert {answer["Location"][:17] for answer in answers if answer.status_code == 302} == {"/accounts/login/?"}


@pytest.mark.parametrize("name", [name for name in NAMES if name.startswith(("work_item", "instance", "attachment"))])
def test_what_is_somebody_elses_is_not_there(cast: Cast, browse: Browse, item: WorkItem, name: str) -> None:  # R5.3
    cast.liam.groups.clear()
    stranger = browse(cast.liam)
    for method in (stranger.get, stranger.post):
        assert method(address(name, item)).status_code in (404, 405)


@pytest.mark.parametrize("name", NAMES)
def test_get_never_acts(cast: Cast, browse: Browse, item: WorkItem, name: str) -> None:  # R5.11
    asked = address(name, item)
    before = counts()
    answer = browse(cast.hanna).get(asked)
    assert answer.status_code == (405 if name in POST_ONLY else 404 if name in ("instance_retry", "record_start") else 200)
    assert counts() == before


def counts() -> dict[str, int]:
    """How many rows each of our tables has."""
    return {
        model._meta.label: model._default_manager.count()
        for label in ("orchestration", "demo")
        for model in apps.get_app_config(label).get_models()
    }


@pytest.mark.parametrize("number", NUMBERS, ids=lambda number: ascii(number[:12]))
def test_no_number_breaks_a_page(cast: Cast, browse: Browse, number: str) -> None:  # RELIABILITY ID
    instance_of(hired(cast))
    hanna = browse(cast.hanna)
    hanna.raise_request_exception = False
    for path in (
        f"/work-items/{number}/",
        f"/work-items/{number}/completion",
        f"/instances/{number}/",
        f"/records/demo.employee/{number}/",
        f"/records/demo.employee/{number}/edit/",
        f"/records/demo.employee/{number}/work-guide/",
        f"/records/demo.employee/{number}/starts/new_hire_onboarding/",
        f"/records/demo.employee/1/starts/{number}/",
        f"/records/{number}/",
        f"/live/{number}/",
        f"/callbacks/{number}/",
        f"/work-items/1/?screen={number}",
        f"/inbox/?page={number}",
        f"/inbox/?tab={number}",
        f"/inbox/?q={number}",
        f"/inbox/?tab=done&q={number}",
        f"/records/demo.employee/?q={number}",
        f"/records/demo.employee/?page={number}",
    ):
        for answer in (hanna.get(path), hanna.post(path)):
            assert answer.status_code < 500, path


@pytest.mark.parametrize(
    "model", ["auth.user", "auth.group", "sessions.session", "orchestration.instance", "demo.ITTicket", "x", "demo.", "."]
)
def test_only_models_that_were_registered_have_record_pages(cast: Cast, browse: Browse, model: str) -> None:
    admin = browse(cast.admin)
    for path in (f"/records/{model}/", f"/records/{model}/1/", f"/records/{model}/add/", f"/records/{model}/1/edit/"):
        assert admin.get(path).status_code == 404


def test_fields_that_the_form_does_not_offer_cannot_be_written(cast: Cast, browse: Browse) -> None:  # RELIABILITY S8
    employee = hired(cast)
    form = {"name": "Changed", "email": "a@b.example", "job_title": "x", "department": "y", "manager": cast.marta.pk}
    form |= {"building": cast.headquarters.pk, "start_date": "2027-02-01"}
    answer = browse(cast.hanna).post(f"/records/demo.employee/{employee.pk}/edit/", form | {"is_ready": "on", "id": "99", "pk": "99"})
    assert answer.status_code == 302
    employee.refresh_from_db()
    assert (employee.name, employee.is_ready) == ("Changed", False)


HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{ settings.SECRET_KEY }}",
    "javascript:alert(1)",
    "=cmd|'/c calc'!A1",
    "\u202etxt.exe",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_are_shown_as_text_everywhere(cast: Cast, browse: Browse, name: str) -> None:  # RELIABILITY S14
    employee = hired(cast, name)
    admin = browse(cast.admin)
    pages = ["/", "/inbox/?tab=queues", "/records/demo.employee/", f"/records/demo.employee/{employee.pk}/"]
    pages += [
        f"/work-items/{item_of(employee).pk}/",
        f"/instances/{instance_of(employee).pk}/",
        f"/admin/demo/employee/{employee.pk}/change/",
    ]
    for page in pages:
        answer = admin.get(page)
        assert answer.status_code == 200
        words = answer.content.decode()
        assert "<script>alert" not in words
        assert "<img src=x" not in words
        assert 'href="javascript:' not in words
