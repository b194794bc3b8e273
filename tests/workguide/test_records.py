"""Record pages, the Work Guide on any page, and times in the reader's zone."""

import pytest
from django.contrib.auth.models import AnonymousUser, User
from django.template import Context, Template
from django.test import RequestFactory

from demo.models import Employee
from orchestration.models import StepInstance
from orchestration.states import StepStatus
from tests.cast import Cast
from tests.stories import drain, hired, item_of, later, provisioned
from tests.workguide.conftest import Browse


def panel(record: object, reader: User | AnonymousUser) -> str:
    """What the tag makes of a record on somebody's own page."""
    request = RequestFactory().get("/anything/")
    request.user = reader  # type: ignore[attr-defined]
    template = Template("{% load work_guide %}{% work_guide record %}{% work_guide record %}")
    return template.render(Context({"request": request, "record": record}))


def test_the_panel_says_what_is_for_the_reader_and_brings_its_files_once(cast: Cast) -> None:
    words = panel(hired(cast), cast.hanna)
    assert "For you" in words
    assert "Claim and start" in words
    assert words.count("orc.css") == 1


def test_the_panel_says_whom_the_reader_waits_for(cast: Cast) -> None:
    words = panel(provisioned(cast), cast.hanna)
    assert "Waiting on others" in words
    assert "Marta Kowalska" in words
    assert "For you" not in words


def test_who_may_not_view_the_record_sees_no_panel(cast: Cast) -> None:
    employee = hired(cast)
    stranger = User.objects.create_user("stranger")
    assert panel(employee, stranger) == panel(employee, AnonymousUser()) == panel("no record", cast.hanna) == ""


def test_the_panel_is_on_the_admins_change_page(cast: Cast, browse: Browse) -> None:
    employee = hired(cast)
    words = browse(cast.admin).get(f"/admin/demo/employee/{employee.pk}/change/").content.decode()
    assert "orc-guide-demo-employee" in words
    assert "orc-guide-" not in browse(cast.admin).get("/admin/demo/employee/add/").content.decode()


def test_who_may_add_is_asked_before_and_after(cast: Cast, browse: Browse) -> None:
    assert "Add employee" not in browse(cast.marta).get("/records/demo.employee/").content.decode()
    assert browse(cast.marta).get("/records/demo.employee/add/").status_code == 403
    assert browse(cast.hanna).get("/records/demo.employee/add/").status_code == 200


def test_an_incomplete_record_is_not_saved(cast: Cast, browse: Browse) -> None:
    answer = browse(cast.hanna).post("/records/demo.employee/add/", {"name": "Astrid Berg"})
    assert answer.status_code == 422
    assert "Astrid Berg" in answer.content.decode()
    assert not Employee.objects.exists()


@pytest.mark.parametrize(
    "address", ["demo.employee/abc/", "demo.employee/99/", "auth.user/1/", "no.model/", "demo.employee/abc/work-guide/"]
)
def test_what_is_not_there_is_not_found(cast: Cast, browse: Browse, address: str) -> None:
    assert browse(cast.hanna).get(f"/records/{address}").status_code == 404


def test_a_name_is_text_wherever_it_is_shown(cast: Cast, browse: Browse) -> None:
    employee = hired(cast, "<script>alert(1)</script>")
    item = item_of(employee)
    hanna = browse(cast.hanna)
    record = f"/records/demo.employee/{employee.pk}/"
    for address in (
        "/",
        "/inbox/?tab=queues",
        record,
        "/records/demo.employee/",
        f"/work-items/{item.pk}/",
        f"/instances/{item.instance_id}/",
    ):
        assert "<script>alert" not in hanna.get(address).content.decode()


def test_an_instance_is_found_only_by_those_who_may_see_it(cast: Cast, browse: Browse) -> None:
    instance = item_of(hired(cast)).instance_id
    assert browse(cast.hanna).get(f"/instances/{instance}/").status_code == 200
    assert browse(User.objects.create_user("stranger")).get(f"/instances/{instance}/").status_code == 404
    assert browse(cast.hanna).get(f"/instances/{instance}/retry").status_code == 404


def test_an_operator_takes_a_failed_step_up_again_with_a_reason(cast: Cast, browse: Browse) -> None:
    employee = provisioned(cast, building=cast.annex)
    for hours in (1, 2):
        with later(hours=hours):
            drain()
    petra, failed = browse(cast.petra), StepInstance.objects.get(status=StepStatus.ERROR)
    assert str(employee) in petra.get("/").content.decode()
    address = f"/instances/{failed.instance_id}/retry"
    assert "Old Annex" in petra.get(f"/instances/{failed.instance_id}/").content.decode()
    assert petra.post(address, {"step": failed.pk}).status_code == 422
    assert petra.post(address, {"step": failed.pk, "reason": "badge system put in"}).status_code == 302
    assert petra.post(address, {"step": failed.pk, "reason": "once more"}).status_code == 409
