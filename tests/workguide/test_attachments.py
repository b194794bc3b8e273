"""Files: kept with the step that made them, and opened by those who may see what they are about."""

import hashlib

import pytest
from django.db import transaction

from demo.models import Employee
from orchestration.models import Attachment
from orchestration.models.outside import safe_name
from tests.cast import Cast
from tests.stories import hired, instance_of, item_of, provisioned
from tests.workguide.conftest import Browse

PDF = b"%PDF-1.4\x00 not really"


def kept(employee: Employee, **columns: object) -> Attachment:
    columns = {"name": "Offer.pdf", "content_type": "application/pdf", "record": employee} | columns
    return Attachment.objects.keep(PDF, **columns)  # type: ignore[arg-type, no-any-return]


def test_a_file_is_kept_with_its_size_and_checksum(cast: Cast) -> None:
    employee = hired(cast)
    kept(employee, by=cast.hanna)
    found = Attachment.objects.for_record(employee).get()
    assert (found.read(), found.size, found.made_label) == (PDF, len(PDF), "Hanna Lindqvist")
    assert found.sha256 == hashlib.sha256(PDF).hexdigest()


def test_nothing_is_left_of_a_file_whose_transaction_rolls_back(cast: Cast) -> None:
    employee = hired(cast)
    with transaction.atomic():
        kept(employee)
        transaction.set_rollback(True)
    assert not Attachment.objects.exists()


def test_whoever_may_see_the_record_downloads_it_and_nobody_else(cast: Cast, browse: Browse) -> None:
    attachment = kept(hired(cast))
    answer = browse(cast.hanna).get(f"/attachments/{attachment.key}/")
    assert (answer.status_code, answer.content) == (200, PDF)
    assert answer["Content-Disposition"] == 'attachment; filename="Offer.pdf"'
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer["Content-Security-Policy"]
    cast.liam.groups.clear()
    assert browse(cast.liam).get(f"/attachments/{attachment.key}/").status_code == 404


def test_a_part_of_a_draft_is_seen_only_by_those_who_see_the_work_item(cast: Cast, browse: Browse) -> None:
    employee = hired(cast)
    attachment = kept(employee, work_item=item_of(employee), is_draft=True)
    assert browse(cast.hanna).get(f"/attachments/{attachment.key}/").status_code == 200
    assert browse(cast.marta).get(f"/attachments/{attachment.key}/").status_code == 404
    assert not Attachment.objects.for_record(employee).exists()


def test_a_file_without_a_record_is_seen_with_its_instance(cast: Cast, browse: Browse) -> None:
    employee = hired(cast)
    step = instance_of(employee).step_instances.first()
    attachment = kept(employee, record=None, step_instance=step)
    assert browse(cast.hanna).get(f"/attachments/{attachment.key}/").status_code == 200
    cast.liam.groups.clear()
    assert browse(cast.liam).get(f"/attachments/{attachment.key}/").status_code == 404


def test_files_are_listed_with_the_record_and_with_the_instance(cast: Cast, browse: Browse) -> None:
    employee = hired(cast)
    instance = instance_of(employee)
    attachment = kept(employee, instance=instance)
    kept(employee, name="Draft.pdf", work_item=item_of(employee), is_draft=True)
    for page in (f"/records/demo.employee/{employee.pk}/", f"/instances/{instance.pk}/"):
        words = browse(cast.admin).get(page).content.decode()
        assert f'href="/attachments/{attachment.key}/"' in words
        assert "Offer.pdf" in words
        assert "Draft.pdf" not in words


def test_an_operator_sees_what_a_step_has_used_and_others_do_not(cast: Cast, browse: Browse) -> None:  # R4.7
    instance = instance_of(provisioned(cast))
    page = f"/instances/{instance.pk}/"
    assert "of 150 write statements" in browse(cast.admin).get(page).content.decode()
    assert "write statements" not in browse(cast.hanna).get(page).content.decode()


@pytest.mark.parametrize(
    ("given", "safe"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\temp\\a.pdf", "a.pdf"),
        ("a\0b\n.pdf", "ab.pdf"),
        ("fdp.\u202eexe", "fdp.exe"),
        ("", "file"),
        ("...", "file"),
        ("x" * 300 + ".pdf", "x" * 146 + ".pdf"),
    ],
)
def test_a_files_name_is_a_name_and_no_path(given: str, safe: str) -> None:  # RELIABILITY UP
    assert safe_name(given) == safe
