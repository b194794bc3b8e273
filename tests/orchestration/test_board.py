"""The board: who may do what with it, what a save keeps, what it costs; versions, gate, comparison and changes beside it."""

import gzip
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from orchestration import access, builder, drafting
from orchestration.admin.board import forms
from orchestration.admin.board.pages import address
from orchestration.models import Flow, Orchestration, Queue, Version
from tests.cast import Cast
from tests.stories import background, document, hire, interactive

Browse = Callable[[User], Client]


@pytest.fixture
def browse() -> Browse:
    def sign_in(user: User) -> Client:
        client = Client()
        client.force_login(user)
        return client

    return sign_in


@pytest.fixture
def draft(cast: Cast) -> Version:
    return builder.new_version(Version.objects.get())


@pytest.fixture
def alex(cast: Cast, browse: Browse) -> Client:
    return browse(cast.admin)


def words(answer: Any) -> str:
    return str(answer.content.decode())


def basis(version: Version) -> int:
    return int(drafting.current(version).pk)


def said(version: Version, name: str) -> dict[str, Any]:
    steps = {step["api_name"]: step for stage in builder.dump(Version.objects.get(pk=version.pk))["stages"] for step in stage["steps"]}
    return dict(steps[name])


def data_of(version: Version, client: Client, at: str) -> dict[str, Any]:
    """What the form of a part would send, untouched."""
    form = client.get(address("builder", version, at=at)).context["form"]
    sent: dict[str, Any] = {"basis": basis(version)}
    for name, field in form.fields.items():
        value = form.initial.get(name, field.initial)
        match field.widget.__class__.__name__:
            case "SourceWidget":
                typed = value if isinstance(value, dict) and "mode" in value else forms.fields.typed_source(value)
                sent |= {f"{name}-mode": typed["mode"], name: typed["words"]}
            case "ConditionWidget":
                typed = forms.fields.typed_condition(value)
                sent |= {f"{name}-mode": typed["mode"], f"{name}-formula": typed["formula"]}
            case "AssigneeWidget":
                for kind, chosen in (value or {}).items():
                    sent |= {f"{name}-kind": kind, f"{name}-{kind}": chosen}
            case _:
                sent[name] = field.prepare_value(value) if value is not None else ""
    return sent


# What a save keeps ---------------------------------------------------------------------------------------------------


def test_saving_a_part_untouched_changes_nothing(cast: Cast, draft: Version, alex: Client) -> None:
    before = builder.fingerprint(builder.dump(draft))
    for at in ("step:it_ticket", "step:collect_preferences", "step:welcome_mail", "stage:provisioned", ":about", ":start"):
        answer = alex.post(address("builder", draft, at=at), data_of(draft, alex, at))
        assert answer.status_code == 302, (at, answer.context["form"].errors)
    assert builder.fingerprint(builder.dump(Version.objects.get(pk=draft.pk))) == before
    assert draft.revisions.count() == 1


def test_what_is_valid_is_saved_and_what_is_not_is_told_and_kept_in_the_form(cast: Cast, draft: Version, alex: Client) -> None:
    sent = data_of(draft, alex, "step:it_ticket") | {
        "label": "Ticket",
        "inputs-equipment": "record.equipmnt",
        "inputs-notes": "record.name",
    }
    answer = alex.post(address("builder", draft, at="step:it_ticket"), sent)
    assert answer.status_code == 422
    assert "Did you mean “record.equipment”?" in words(answer)
    assert 'value="record.equipmnt"' in words(answer)
    step = said(draft, "it_ticket")
    assert (step["label"], step["inputs"]["notes"]) == ("Ticket", {"path": "record.name"})
    assert step["inputs"]["equipment"] == {"path": "steps.collect_preferences.outputs.equipment"}


@pytest.mark.parametrize(
    ("path", "operator", "complaint"),
    [
        ("record.start_date", "contains", "“contains” does not fit “Start date”, which is a date."),
        ("record.is_ready", "greater", "does not fit “Ready for the first day”, which is a yes or no."),
        ("record.name", "less", "does not fit “Name”, which is a text."),
        ("record.name", "contains", ""),
        ("record.start_date", "greater", ""),
    ],
)
def test_a_comparison_fits_the_type_of_what_is_compared(
    cast: Cast, draft: Version, alex: Client, path: str, operator: str, complaint: str
) -> None:
    row = {"only_if-mode": "rows", "only_if-row-rows": 1, "only_if-row-0-path": path, "only_if-row-0-operator": operator}
    value = "2027-01-01" if operator == "greater" and "date" in path else "x"
    sent = data_of(draft, alex, "step:it_ticket") | row | {"only_if-row-0-against-mode": "value", "only_if-row-0-against": value}
    answer = alex.post(address("builder", draft, at="step:it_ticket"), sent)
    assert answer.status_code == (422 if complaint else 302)
    assert complaint in words(answer)


def test_a_name_that_was_made_follows_the_label_and_what_reads_it_follows_too(cast: Cast, draft: Version, alex: Client) -> None:
    sent = data_of(draft, alex, "step:collect_preferences") | {"label": "Ask for wishes"}
    answer = alex.post(address("builder", draft, at="step:collect_preferences"), sent)
    assert answer["Location"].endswith("at=step:ask_for_wishes&saved=1")
    assert said(draft, "it_ticket")["inputs"]["equipment"] == {"path": "steps.ask_for_wishes.outputs.equipment"}
    assert builder.problems(Version.objects.get(pk=draft.pk)) == []


def test_another_flow_brings_its_own_inputs_and_says_which_need_a_value(cast: Cast, draft: Version, alex: Client) -> None:
    sent = data_of(draft, alex, "step:chat_invitation") | {"flow": "demo.send_welcome_mail"}
    page = words(alex.post(address("builder", draft, at="step:chat_invitation"), sent, follow=True))
    assert 'name="inputs-buddy"' in page
    assert "Needs a value: choose where it comes from." in page
    assert "The input “buddy” has no value." in page


def test_somebody_elses_change_of_the_same_part_is_not_overwritten(cast: Cast, draft: Version, alex: Client, browse: Browse) -> None:
    access.grant("orchestration.change_orchestration", cast.petra)
    User.objects.filter(pk=cast.petra.pk).update(is_staff=True)
    petra, at = browse(cast.ask_again(cast.petra)), address("builder", draft, at="step:it_ticket")
    mine, hers = data_of(draft, alex, "step:it_ticket") | {"label": "Mine"}, data_of(draft, petra, "step:it_ticket") | {"label": "Hers"}
    assert petra.post(at, hers).status_code == 302
    refused = alex.post(at, mine)
    assert refused.status_code == 409
    assert "Petra Novak has changed this since you opened it" in words(refused)
    assert 'value="Mine"' in words(refused)
    assert "<ins>Hers</ins>" in words(refused)
    assert "Petra Novak is editing too" in words(alex.get(at))
    standing = alex.get(f"{address('standing', draft)}?revision={mine['basis']}")
    assert "Petra Novak has just changed this draft" in words(standing)
    again = alex.post(at, mine | {"basis": basis(draft)})
    assert again.status_code == 302
    assert said(draft, "it_ticket")["label"] == "Mine"


def test_parts_are_added_moved_doubled_and_taken_out_and_each_can_be_undone(cast: Cast, draft: Version, alex: Client) -> None:
    def press(action: str, **more: Any) -> str:
        answer = alex.post(address("edit", draft), {"action": action, "basis": basis(draft), **more}, follow=True)
        return " ".join(str(message) for message in answer.context["messages"])

    press("add-stage", label="Settled in")
    press("add-step", part="stage:settled_in", kind="background", label="Say hello")
    assert press("up", part="step:review_tasks") == "“Create review tasks” is now 1 of 2 in “Welcomed”."
    assert press("right", part="step:review_tasks") == "“Create review tasks” is now 2 of 2 in “Settled in”."
    assert press("drop", part="step:review_tasks", inside="stage:welcomed", after="step:welcome_mail").endswith("2 of 2 in “Welcomed”.")
    press("duplicate", part="step:welcome_mail")
    press("add-route", part="stage:welcomed")
    assert press("left", part="stage:settled_in") == "“Settled in” is now stage 4 of 5."
    assert press("remove", part="stage:settled_in") == "“Settled in” was taken out. Undo brings it back."
    for _number in range(9):
        press("undo")
    assert press("undo") == "There is nothing to undo."
    assert builder.fingerprint(builder.dump(Version.objects.get(pk=draft.pk))) == builder.fingerprint(drafting.current(draft).document)
    assert [stage.label for stage in draft.stages.all()][-1] == "Welcomed"


def test_a_flow_a_queue_and_a_group_are_made_in_place_by_those_who_may(cast: Cast, draft: Version, alex: Client, browse: Browse) -> None:
    made = alex.post(
        address("edit", draft), {"action": "new-flow", "part": "step:collect_preferences", "label": "Ask nicely", "basis": basis(draft)}
    )
    assert made.status_code == 302
    assert Flow.objects.get(key="site.ask_nicely").versions.get().document["record_model"] == "demo.employee"
    assert "activate it" in words(alex.get(address("builder", draft))).lower()
    alex.post(
        address("edit", draft),
        {"action": "new-queue", "part": "step:collect_preferences", "label": "Front desk", "group": "HR", "basis": basis(draft)},
    )
    assert said(draft, "collect_preferences")["assignee"] == {"queue": "front_desk"}
    assert Queue.objects.get(api_name="front_desk").has_active_member
    group = {"action": "new-group", "part": "step:collect_preferences", "label": "Reception"}
    assert "Nobody is called “ghost”." in words(alex.post(address("edit", draft), group | {"members": "yuki, ghost"}, follow=True))
    alex.post(address("edit", draft), group | {"members": "yuki, omar", "basis": basis(draft)})
    assert said(draft, "collect_preferences")["assignee"] == {"group": "Reception"}
    assert {user.username for user in Group.objects.get(name="Reception").user_set.all()} == {"yuki", "omar"}
    assert "/admin/auth/user/add/" in alex.get(address("builder", draft, at="step:collect_preferences")).content.decode()
    access.grant("orchestration.change_orchestration", cast.petra)
    User.objects.filter(pk=cast.petra.pk).update(is_staff=True)
    refused = browse(cast.ask_again(cast.petra)).post(
        address("edit", draft), {"action": "new-flow", "part": "step:it_ticket", "label": "No"}
    )
    assert refused.status_code == 403


# Who may do what -----------------------------------------------------------------------------------------------------

GETS = ("changelist", "add", "change", "builder", "readable", "history", "compare", "activation", "debug")
POSTS = ("builder", "edit", "check", "copy", "activation", "deactivation", "gate", "template", "placement", "share", "delete", "debug")
ALLOWED: dict[str, set[str]] = {
    "nobody": set(),
    "view": {"changelist", "change", "builder", "history", "compare"},
    "change": {"changelist", "change", "builder", "readable", "history", "compare", "activation"}
    | {"post builder", "post edit", "post check", "post copy", "post template", "post placement"},
    "debug": {"changelist", "change", "builder", "history", "compare", "debug", "post debug"},
    "activate": {
        "changelist",
        "change",
        "builder",
        "history",
        "compare",
        "activation",
        "post activation",
        "post deactivation",
        "post gate",
    },
    "operate": set(),
    "add": {"add"},
    "delete": set(),  # who may not even look deletes nothing
}
"""A right that a person has, and what it opens. Building, debugging, activating and operating are separate."""


@pytest.mark.parametrize("right", ALLOWED)
def test_each_right_opens_what_it_is_for_and_nothing_else(cast: Cast, draft: Version, browse: Browse, right: str) -> None:
    User.objects.filter(pk=cast.petra.pk).update(is_staff=True)
    petra = cast.ask_again(cast.petra)
    petra.groups.clear()
    if right != "nobody":
        access.grant(f"orchestration.{right}_orchestration", petra)
    client, opened = browse(petra), set()
    for method, names in (("get", GETS), ("post", POSTS)):
        for name in names:
            of: Any = draft.orchestration if name in ("change", "compare", "gate", "template", "placement", "share", "delete") else draft
            where = (
                address(name, of)
                if name not in ("changelist", "add")
                else f"/admin/orchestration/orchestration/{'add/' if name == 'add' else ''}"
            )
            where += "?at=step:it_ticket&field=label" if name in ("builder", "readable", "check") else ""
            status = getattr(client, method)(
                where, {"basis": basis(draft), "action": "up", "part": "step:it_ticket"} if method == "post" else {}
            ).status_code
            if status not in (403, 404):
                opened.add(name if method == "get" else f"post {name}")
    assert opened == ALLOWED[right]


def test_rights_are_handed_out_by_who_may_change_groups(cast: Cast, draft: Version, browse: Browse) -> None:
    operators = Group.objects.get(name="Operators")
    sent = {f"group-{operators.pk}": ["view", "operate", "activate"]}
    assert browse(cast.beatriz).post(address("share", draft.orchestration), sent).status_code == 403
    access.grant("auth.change_group", cast.beatriz)
    beatriz = browse(cast.ask_again(cast.beatriz))
    assert "Who may do what with it" in words(beatriz.get(address("change", draft.orchestration)))
    assert beatriz.post(address("share", draft.orchestration), sent).status_code == 302
    assert access.rights_on(draft.orchestration)[operators] == {"view", "operate", "activate"}


def test_who_builds_sees_what_stands_before_the_activation_and_that_another_does_it(cast: Cast, draft: Version, browse: Browse) -> None:
    beatriz = browse(cast.beatriz)
    assert "Go-live list" in words(beatriz.get(address("builder", draft)))
    told = words(beatriz.get(address("activation", draft)))
    assert "Who can really do each step" in told
    assert "You may build it, and not activate it." in told
    assert beatriz.post(address("activation", draft)).status_code == 403


@pytest.mark.parametrize("number", ["9" * 5000, "9" * 30, "٣", "-1", "1.5", "x", "\0"])
def test_numbers_that_are_none_do_no_harm(cast: Cast, draft: Version, alex: Client, number: str) -> None:
    sent = {"action": "up", "part": "step:review_tasks", "basis": number}
    assert alex.post(address("edit", draft), sent).status_code in (302, 409)
    assert alex.get(address("standing", draft), {"revision": number}).status_code in (200, 204)
    assert alex.get(address("compare", draft.orchestration), {"old": number, "new": number}).status_code == 200
    assert alex.get(address("activation", draft), {"record": number}).status_code == 200
    for deed in (
        {"do": "later", "seconds": number},
        {"do": "reply", "endpoint": "x", "reply-status": number},
        {"do": "run", "made": number},
    ):
        assert alex.post(address("debug", draft), {"script": "{}"} | deed).status_code in (200, 422)


def test_who_is_not_staff_is_sent_to_the_login(cast: Cast, draft: Version, browse: Browse) -> None:
    assert browse(cast.hanna).get(address("builder", draft)).status_code == 302


def test_a_frozen_version_is_read_and_not_changed(cast: Cast, alex: Client) -> None:  # R1.2
    version = Version.objects.get()
    page = words(alex.get(address("builder", version, at="step:it_ticket")))
    assert "has been active and stays as it is" in page
    assert '<fieldset class="orc-fields" disabled>' in page
    assert alex.post(address("builder", version, at="step:it_ticket"), {"label": "No"}).status_code == 403
    answer = alex.post(address("edit", version), {"action": "remove", "part": "step:it_ticket"}, follow=True)
    assert "has been active and cannot be changed" in words(answer)


# Versions, gate, comparison ------------------------------------------------------------------------------------------


def test_a_version_is_activated_with_a_note_and_the_list_says_who(cast: Cast, draft: Version, alex: Client) -> None:
    page = words(alex.get(address("activation", draft)))
    assert "What runs stays on the version that it began with" in page
    alex.post(address("activation", draft), {"note": "Nicer words"})
    listed = words(alex.get(address("change", draft.orchestration)))
    assert ("Alex Morgan" in listed, "Nicer words" in listed) == (True, True)
    assert draft.orchestration.active_version == draft
    alex.post(address("activation", Version.objects.get(number=1)), {"note": "Back again"})
    assert Orchestration.objects.get().active_version == Version.objects.get(number=1)


def test_the_go_live_list_says_who_can_really_do_each_step(cast: Cast, draft: Version, alex: Client) -> None:

    employee = hire(cast)
    cast.omar.groups.clear()
    cast.omar.user_permissions.clear()
    Queue.objects.get(api_name="hr").members.create(user=cast.omar)
    page = words(alex.get(address("activation", draft), {"record": employee.pk}))
    assert "Omar Haddad: You have no permission" in page
    assert "Marta Kowalska" in page
    employee.manager = cast.chen
    employee.save()
    assert "Chen Wei: You have no permission to run this form" in words(alex.get(address("activation", draft)))


def test_the_gate_is_closed_and_opened_without_a_new_version(cast: Cast, alex: Client) -> None:  # R1.5
    orchestration = Orchestration.objects.get()
    alex.post(address("gate", orchestration), {"switch": "stop"})
    assert Orchestration.objects.get().rollout == "off"
    assert "Nothing new starts" in words(alex.get(address("change", orchestration)))
    sent = {
        "rollout": "condition",
        "rollout_percentage": 100,
        "rollout_condition-mode": "formula",
        "rollout_condition-formula": "record.nme == 'x'",
    }
    wrong = alex.post(address("gate", orchestration), sent)
    assert (wrong.status_code, "Did you mean “record.name”?" in words(wrong)) == (422, True)
    alex.post(address("gate", orchestration), sent | {"rollout_condition-formula": "record.department == 'Sales'"})
    assert Orchestration.objects.get().rollout_condition == {"formula": "record.department == 'Sales'"}


def test_the_work_guide_is_placed_by_a_switch(cast: Cast, alex: Client) -> None:
    employee, orchestration = hire(cast), Orchestration.objects.get()
    admin_page, record_page = f"/admin/demo/employee/{employee.pk}/change/", f"/records/demo.employee/{employee.pk}/"
    for on in ({"on_record_page": "on"}, {"on_admin_page": "on"}, {"on_record_page": "on", "on_admin_page": "on"}, {}):
        alex.post(address("placement", orchestration), on)
        assert ("orc-guide" in words(alex.get(record_page))) is ("on_record_page" in on)
        assert ("orc-guide" in words(alex.get(admin_page))) is ("on_admin_page" in on)
    assert "The Work Guide is on no page of this model (employee)" in words(
        alex.get(address("activation", builder.new_version(Version.objects.get())))
    )


def test_two_versions_are_compared_part_by_part(cast: Cast, draft: Version, alex: Client) -> None:
    for action, part in (("down", "step:it_ticket"), ("remove", "step:chat_invitation"), ("add-step", "stage:welcomed")):
        alex.post(address("edit", draft), {"action": action, "part": part, "kind": "background", "label": "Wave", "basis": basis(draft)})
    sent = data_of(draft, alex, "step:building_access") | {"only_if-mode": "formula", "only_if-formula": "record.is_ready"}
    alex.post(address("builder", draft, at="step:building_access"), sent)
    parts = alex.get(address("compare", draft.orchestration), {"old": 1, "new": draft.number}).context["parts"]
    found = {part.title: (part.what, part.rows) for part in parts}
    assert found["Provisioned › Invite to chat"][0] == "removed"
    assert found["Welcomed › Wave"][0] == "added"
    [(_name, before, after)] = [row for row in found["Provisioned › Give building access"][1] if "if" in row[0]]
    assert (before, after.startswith("Ready for the first day")) == ("always", True)


def test_the_changes_say_who_did_what_old_and_new(cast: Cast, draft: Version, alex: Client) -> None:
    alex.post(address("builder", draft, at="step:it_ticket"), data_of(draft, alex, "step:it_ticket") | {"label": "Ticket please"})
    page = words(alex.get(address("history", draft)))
    assert "Change “Ticket please”" in page
    assert "<del>Create IT ticket</del>" in page
    assert "<ins>Ticket please</ins>" in page
    assert "Alex Morgan" in page


def test_a_template_is_copied_and_the_copy_is_independent(cast: Cast, alex: Client) -> None:
    orchestration = Orchestration.objects.get()
    alex.post(address("template", orchestration), {"offer": "1"})
    assert "New hire onboarding" in words(alex.get("/admin/orchestration/orchestration/add/"))
    sent = {"label": "Our own", "start_type": "record", "record_model": "demo.employee", "template": orchestration.pk, "api_name": ""}
    assert alex.post("/admin/orchestration/orchestration/add/", sent).status_code == 302
    made = Version.objects.get(orchestration__api_name="our_own")
    alex.post(address("edit", made), {"action": "remove", "part": "step:it_ticket", "basis": basis(made)})
    assert Version.objects.get(orchestration=orchestration).steps.filter(api_name="it_ticket").exists()


@pytest.mark.parametrize(
    ("answers", "advice"),
    [
        ({"people": "0", "waits": "no", "steps": "no"}, "A simple automation will do"),
        ({"people": "1", "waits": "no", "steps": "no"}, "A single form will do"),
        ({"people": "2", "waits": "yes", "steps": "yes"}, "An orchestration is right"),
    ],
)
def test_which_tool(cast: Cast, alex: Client, answers: dict[str, str], advice: str) -> None:
    assert advice in words(alex.get("/admin/orchestration/orchestration/add/", answers))


@pytest.mark.parametrize(
    ("label", "better"),
    [
        ("Collect details", "Details collected"),
        ("Send contract", "Contract sent"),
        ("Step 4", "like “Equipment ordered”"),
        ("Details collected", ""),
        ("Welcomed", ""),
        ("Order", ""),
    ],
)
def test_a_stage_named_after_an_action_gets_a_hint(label: str, better: str) -> None:
    hint = forms.outcome_hint(label)
    assert (better in hint) if better else hint == ""


# What it costs -------------------------------------------------------------------------------------------------------


def large(steps: int) -> dict[str, Any]:
    """A drawing of so many steps in stages of ten, every second one interactive, each reading from the one before."""
    stages = []
    for number in range(0, steps, 10):
        inside: list[Any] = []
        for step in range(number, number + 10):
            name = f"s{step}"
            told = {"only_if": {"formula": f"steps.s{step - 1}.status == 'completed'"}} if step else {}
            inside.append(
                interactive(name, "demo.confirm_readiness", {"queue": "hr"}) | told
                if step % 2
                else background(name, "demo.send_welcome_mail", inputs={"buddy": {"path": "record.name"}}, **told)
            )
        stages.append(inside)
    return {**document(*stages, record_model="demo.employee", api_name=f"large_{steps}")}


@pytest.mark.parametrize("at", ["", "step:s5", "stage:stage_1"])
def test_a_board_costs_the_same_however_large_it_is(cast: Cast, alex: Client, at: str) -> None:
    spent = []
    for steps in (30, 200):
        version = builder.load(large(steps))
        alex.get(address("builder", version, at=at))  # the first revision is made
        with CaptureQueriesContext(connection) as queries:
            page = alex.get(address("builder", version, at=at))
        spent.append(len(queries))
        if steps == 30:
            assert len(gzip.compress(page.content)) <= 20 * 1024
        assert page.status_code == 200
    assert spent[0] == spent[1]
    assert spent[0] <= 15
