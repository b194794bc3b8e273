"""The pages that build flows, as plain forms: who may see, build, try and activate; two editors; refusals."""

import json
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse

from orchestration import access, drafting, flow_builder
from orchestration.models import Flow, FlowVersion
from tests.cast import Cast

DOCUMENT: dict[str, Any] = {
    "record_model": "demo.employee",
    "screens": [
        {
            "name": "first",
            "title": "First",
            "items": [{"kind": "field", "name": "custom_terms", "type": "checkbox", "label": "Custom terms"}],
        }
    ],
}


@pytest.fixture
def version(cast: Cast) -> FlowVersion:
    return flow_builder.new_flow("terms", "Terms", "screen", document=DOCUMENT, by=cast.admin)


def page(name: str, version: FlowVersion, **query: str) -> str:
    told = "&".join(f"{key}={value}" for key, value in query.items())
    return reverse(f"admin:orchestration_flow_{name}", args=[version.flow_id, version.number]) + (f"?{told}" if told else "")


def words(answer: Any) -> str:
    return str(answer.content.decode())


def staff(cast: Cast, client: Client, *codenames: str) -> User:
    """Omar, who may do these things in the admin and nothing else there."""
    cast.omar.groups.clear()
    cast.omar.is_staff = True
    cast.omar.save()
    cast.omar.user_permissions.set(Permission.objects.filter(content_type__app_label="orchestration", codename__in=codenames))
    client.force_login(cast.omar)
    return cast.omar


@pytest.fixture
def admin(cast: Cast, client: Client) -> Client:
    client.force_login(cast.admin)
    return client


PAGES = ("draft", "history", "document")


def test_nobody_without_permission_sees_a_flow_or_what_can_be_read(cast: Cast, client: Client, version: FlowVersion) -> None:
    staff(cast, client)
    assert client.get(reverse("admin:orchestration_flow_changelist")).status_code == 403
    assert client.get(reverse("admin:orchestration_flow_change", args=[version.flow_id])).status_code == 403
    for name in (*PAGES, "test", "preview", "activation", "standing"):
        assert client.get(page(name, version, at="custom_terms")).status_code == 403, name
    assert client.get(page("readable", version, at="custom_terms"), HTTP_ACCEPT="application/json").status_code == 403
    assert client.post(page("check", version, at="custom_terms", field="show_when")).status_code == 403


def test_people_who_are_not_staff_are_sent_to_the_login(cast: Cast, client: Client, version: FlowVersion) -> None:
    client.force_login(cast.hanna)
    for name in (*PAGES, "readable"):
        assert client.get(page(name, version)).status_code == 302


def test_who_may_view_looks_and_changes_nothing(cast: Cast, client: Client, version: FlowVersion) -> None:
    staff(cast, client, "view_flow")
    looked = words(client.get(page("draft", version, at="custom_terms")))
    assert "Custom terms" in looked
    assert "Take out" not in looked
    assert "Save</button>" not in looked
    assert client.post(page("draft", version, at="custom_terms"), {"label": "X", "type": "checkbox"}).status_code == 403
    assert client.post(page("edit", version), {"action": "remove", "part": "custom_terms"}).status_code == 403
    assert client.get(page("readable", version, at="custom_terms")).status_code == 403
    assert client.post(page("activation", version)).status_code == 403
    assert client.post(page("copy", version)).status_code == 403
    assert client.get(page("test", version)).status_code == 403
    assert client.get(reverse("admin:orchestration_flow_add")).status_code == 403
    version.refresh_from_db()
    assert version.document == DOCUMENT


def test_who_may_run_a_flow_tries_it(cast: Cast, client: Client, version: FlowVersion) -> None:
    omar = staff(cast, client, "view_flow")
    access.grant("orchestration.run_flow", omar, version.flow)
    answer = client.get(page("test", version))
    assert answer.status_code == 200
    assert "the system" not in words(answer)


def test_a_record_that_the_person_may_not_view_is_not_offered(cast: Cast, client: Client, version: FlowVersion) -> None:
    from_demo = version.flow
    omar = staff(cast, client, "view_flow", "change_flow")
    access.grant("orchestration.run_flow", omar, from_demo)
    answer = client.post(page("test", version), {"record": "1", "try": "1"})
    assert answer.status_code == 422
    assert "Select a valid choice" in words(answer)


def test_a_flow_is_made_without_a_script(admin: Client) -> None:
    add = reverse("admin:orchestration_flow_add")
    refused = admin.post(add, {"kind": "screen", "label": ""})
    assert (refused.status_code, "This field is required" in words(refused)) == (422, True)
    made = admin.post(add, {"kind": "screen", "label": "Approve a discount", "record_model": "demo.employee"})
    flow = Flow.objects.get(key="site.approve_a_discount")
    assert made["Location"] == page("draft", flow.versions.get())
    assert flow.versions.get().document["record_model"] == "demo.employee"
    again = admin.post(add, {"kind": "screen", "label": "Approve a discount"})
    assert "There is a flow “approve_a_discount” already" in words(again)


def field(**changed: str) -> dict[str, str]:
    """What the form of a field sends, as a browser without a script does."""
    return {"label": "Why?", "type": "text", "choices-rows": "0", "default-mode": "", "show_when-mode": "", **changed}


ROWS = {
    "show_when-mode": "rows",
    "show_when-logic": "all",
    "show_when-row-rows": "2",
    "show_when-row-0-path": "answers.custom_terms",
    "show_when-row-0-operator": "equals",
    "show_when-row-0-against-mode": "value",
    "show_when-row-0-against": "yes",
    "show_when-row-1-path": "",
    "show_when-row-1-operator": "equals",
    "show_when-row-1-against-mode": "value",
    "show_when-row-1-against": "",
}


def test_a_field_with_a_condition_is_added_and_said_in_words(admin: Client, version: FlowVersion) -> None:
    added = admin.post(page("draft", version, add="field", inside="first"), field(**ROWS))
    assert added.status_code == 302, words(added)
    version.refresh_from_db()
    assert version.document["screens"][0]["items"][1] == {
        "kind": "field",
        "name": "why",
        "label": "Why?",
        "type": "text",
        "show_when": {"rows": [{"path": "answers.custom_terms", "operator": "equals", "value": True}], "logic": "all"},
    }
    assert "shown when <em>Custom terms</em> is yes" in words(admin.get(added["Location"]))


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({**ROWS, "show_when-row-0-path": "answers.custom_term"}, "Did you mean “answers.custom_terms”?"),
        ({**ROWS, "show_when-row-0-against": "perhaps"}, "Row 1, Compared with: Enter yes or no."),
        ({"show_when-mode": "formula", "show_when-formula": "answers.custom_terms and"}, "(at character"),
        ({"show_when-mode": "formula", "show_when-formula": "record.manager.password == &#x27;x&#x27;"}, "character"),
        ({"show_when-mode": "formula", "show_when-formula": "user.password"}, "There is no “user.password” here."),
        ({"name": "custom_terms"}, "Another part of the flow has this name."),
        ({"name": "No name"}, "Use small letters, digits and underscores"),
        ({"type": "choice"}, "Add at least one choice."),
        ({"type": "number", "min": "many"}, "Enter a number, like 12 or 0.5."),
        ({"pattern": "[A-Z]+"}, "Say in words what is wrong"),
        ({"default-mode": "path", "default": "record.nmae"}, "Did you mean “record.name”?"),
        ({"default-mode": "text", "default": "Dear {{ record.nmae }}"}, "(at character 6)"),
    ],
)
def test_what_is_wrong_is_told_and_not_saved(admin: Client, version: FlowVersion, changed: dict[str, str], message: str) -> None:
    refused = admin.post(page("draft", version, add="field", inside="first"), field(**changed))
    assert refused.status_code == 422
    assert message in words(refused)
    version.refresh_from_db()
    assert version.document == DOCUMENT


def test_an_expression_is_checked_while_it_is_typed(admin: Client, version: FlowVersion) -> None:
    address = page("check", version, add="field", inside="first", field="show_when")
    assert "When <em>Custom terms</em> is yes." in words(admin.post(address, field(**ROWS)))
    wrong = admin.post(address, field(**{**ROWS, "show_when-row-0-path": "answers.custum_terms"}))
    assert 'data-orc-use="answers.custom_terms"' in words(wrong)
    assert admin.post(page("check", version, add="field", inside="first", field="nothing"), field()).status_code == 404


def test_what_can_be_read_is_told_as_data_and_as_a_page(admin: Client, version: FlowVersion) -> None:
    address = page("readable", version, add="field", inside="first")
    told = json.loads(admin.get(address, HTTP_ACCEPT="application/json").content)
    paths = {one["path"]: one for one in told["readable"]}
    assert paths["answers.custom_terms"] == {"path": "answers.custom_terms", "label": "Custom terms", "type": "yes_no"}
    assert paths["record.manager.email"]["label"] == "Hiring manager › Email address"
    assert not [path for path in paths if "password" in path]
    assert "Hiring manager › Email address" in words(admin.get(address))


def test_a_new_name_is_followed_by_the_conditions_that_read_it(admin: Client, version: FlowVersion) -> None:
    admin.post(page("draft", version, add="field", inside="first"), field(**ROWS))
    admin.post(page("draft", version, at="custom_terms"), field(label="Own terms", type="checkbox", name="own_terms"))
    version.refresh_from_db()
    assert version.document["screens"][0]["items"][1]["show_when"]["rows"][0]["path"] == "answers.own_terms"
    assert drafting.problems("screen", version.document) == []


def test_the_second_of_two_editors_is_told_and_keeps_what_they_typed(cast: Cast, admin: Client, version: FlowVersion) -> None:
    seen = drafting.current(version).pk
    petra = Client()
    cast.petra.is_superuser = cast.petra.is_staff = True
    cast.petra.save()
    petra.force_login(cast.petra)
    changed = field(type="checkbox", name="custom_terms", basis=str(seen))
    petra.post(page("draft", version, at="custom_terms"), changed | {"label": "Petra's terms"})
    told = admin.get(page("standing", version, revision=str(seen)))
    assert "has just changed this flow" in words(told)
    answer = admin.post(page("draft", version, at="custom_terms"), changed | {"label": "My own terms"})
    assert answer.status_code == 409
    assert "has changed this since you opened it" in words(answer)
    assert 'value="My own terms"' in words(answer)
    assert "Petra&#x27;s terms</ins>" in words(answer)
    basis = str(drafting.current(version).pk)
    assert f'name="basis" value="{basis}"' in words(answer)
    assert admin.post(page("draft", version, at="custom_terms"), changed | {"label": "My own terms", "basis": basis}).status_code == 302


def test_parts_are_moved_taken_out_and_brought_back(admin: Client, version: FlowVersion) -> None:
    admin.post(page("draft", version, add="field", inside="first"), field())
    moved = admin.post(page("edit", version), {"action": "up", "part": "why"}, follow=True)
    assert "“Why?” is now 1 of 2." in words(moved)
    gone = admin.post(page("edit", version), {"action": "remove", "part": "why"}, follow=True)
    assert "“Why?” was taken out. Undo brings it back." in words(gone)
    back = admin.post(page("edit", version), {"action": "undo"}, follow=True)
    assert "Undone: Take out “Why?”." in words(back)
    version.refresh_from_db()
    assert [item["name"] for item in version.document["screens"][0]["items"]] == ["why", "custom_terms"]
    assert admin.post(page("edit", version), {"action": "explode"}).status_code == 404


def test_problems_link_to_the_field_and_keep_it_from_being_activated(admin: Client, version: FlowVersion) -> None:
    broken = {**DOCUMENT, "screens": [{**DOCUMENT["screens"][0], "show_when": {"formula": "answers.gone"}}]}
    drafting.change(version, lambda _document: broken, touching=[], basis=None, by=None, says="Break it")
    shown = words(admin.get(page("draft", version)))
    assert f"{page('draft', version, at='first')}&amp;field=show_when" in shown
    refused = admin.post(page("activation", version))
    assert (refused.status_code, "One problem keeps it from being activated" in words(refused)) == (422, True)
    assert 'data-orc-focus-on="id_show_when"' in words(admin.get(page("draft", version, at="first", field="show_when")))


def test_a_version_is_activated_copied_and_compared(admin: Client, version: FlowVersion) -> None:  # R1.4
    done = admin.post(page("activation", version), {"note": "The first"}, follow=True)
    assert "Terms v1 is active: steps that begin from now on run it." in words(done)
    copied = admin.post(page("copy", version))
    draft = version.flow.versions.get(number=2)
    assert copied["Location"] == page("draft", draft)
    admin.post(page("draft", draft, add="field", inside="first"), field())
    compared = words(admin.get(reverse("admin:orchestration_flow_compare", args=[version.flow_id]) + "?old=1&new=2"))
    assert "<ins>Why?</ins>" in compared
    assert admin.post(page("draft", version, at="first"), {"title": "X"}).status_code == 403
    gone = admin.post(page("deactivation", version), follow=True)
    assert "Terms v1 is inactive" in words(gone)


def test_a_flow_that_is_used_is_not_deleted(admin: Client, version: FlowVersion) -> None:  # R9.2
    delete = reverse("admin:orchestration_flow_delete", args=[version.flow_id])
    flow_builder.activate(version)
    ask = {"kind": "run", "name": "go", "flow": "site.helper"}
    helper = flow_builder.new_flow(
        "helper", "Helper", "autolaunched", document={"elements": [{"kind": "fail", "name": "f", "message": "No"}]}
    )
    flow_builder.activate(helper)
    user = flow_builder.new_flow("user", "User", "autolaunched", document={"elements": [ask]})
    flow_builder.activate(user)
    refused = admin.post(reverse("admin:orchestration_flow_delete", args=[helper.flow_id]), follow=True)
    assert "is used by User v1" in words(refused)
    assert "was deleted" in words(admin.post(delete, follow=True))
    assert not Flow.objects.filter(pk=version.flow_id).exists()


def test_groups_are_let_run_a_flow_on_its_page(cast: Cast, admin: Client, version: FlowVersion) -> None:  # R5.5
    assert not access.may_run(cast.hanna, "site.terms")
    runners = reverse("admin:orchestration_flow_runners", args=[version.flow_id])
    said = admin.post(runners, {"group": [cast.hanna.groups.get().pk]}, follow=True)
    assert "is run by: HR." in words(said)
    assert access.may_run(cast.ask_again(cast.hanna), "site.terms")
    admin.post(runners, {})
    assert not access.may_run(cast.ask_again(cast.hanna), "site.terms")
    staff(cast, admin, "view_flow")
    assert admin.post(runners, {"group": ["1"]}).status_code == 403


def test_a_flow_in_code_is_shown_and_cannot_be_changed(admin: Client) -> None:
    flow = Flow.objects.get(key="demo.collect_preferences")
    shown = words(admin.get(reverse("admin:orchestration_flow_change", args=[flow.pk])))
    assert "In code" in shown
    assert admin.post(reverse("admin:orchestration_flow_delete", args=[flow.pk])).status_code == 404
    assert admin.get(reverse("admin:orchestration_flow_test_code", args=[flow.pk])).status_code == 200


def test_the_list_can_be_searched(admin: Client, version: FlowVersion) -> None:
    catalogue = reverse("admin:orchestration_flow_changelist")
    assert "site.terms" in words(admin.get(catalogue, {"q": "TERM"}))
    assert "site.terms" not in words(admin.get(catalogue, {"made": "code"}))
    assert "No flow is like that" in words(admin.get(catalogue, {"q": "xyzzy"}))


def test_the_editor_costs_the_same_queries_however_large_the_flow_is(
    admin: Client, version: FlowVersion, django_assert_max_num_queries: Any
) -> None:
    items = [{"kind": "field", "name": f"f{number}", "type": "text", "label": f"Field {number}"} for number in range(50)]
    large = {**DOCUMENT, "screens": [{**DOCUMENT["screens"][0], "items": items}]}
    drafting.change(version, lambda _document: large, touching=[], basis=None, by=None, says="Grow")
    with django_assert_max_num_queries(30):
        admin.get(page("draft", version, at="f3"))


def test_the_document_can_be_taken_along(admin: Client, version: FlowVersion) -> None:
    answer = admin.get(page("document", version, download="1"))
    assert json.loads(answer.content) == DOCUMENT
    assert answer["Content-Disposition"] == 'attachment; filename="site.terms-v1.json"'
