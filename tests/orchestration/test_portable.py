"""Definitions as a file: out, wiped, in again, and the same; what is hostile, or does not resolve, changes nothing."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.test import Client

from demo.flows import contract_review, onboarding, quote_approval
from demo.management.commands.seed_demo import make_definitions
from orchestration import access, builder, flow_builder, portable
from orchestration.admin.board.pages import address
from orchestration.errors import Invalid
from orchestration.models import Flow, FlowVersion, Instance, Orchestration, Queue, Version
from tests import stories
from tests.cast import Cast

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture
def everything(cast: Cast) -> list[Version]:
    """The demo's three use cases, active."""
    make_definitions([(quote_approval.QUOTE_APPROVAL, quote_approval.FLOWS), (contract_review.CONTRACT_REVIEW, contract_review.FLOWS)])
    return list(Version.objects.all())


def wipe() -> None:
    """Every definition, and every flow that was built, is gone."""
    Version.objects.all().delete()
    FlowVersion.objects.update(status="draft")  # what is active is not deleted
    Orchestration.objects.all().delete()
    FlowVersion.objects.all().delete()
    Flow.objects.filter(is_built=True).delete()


def rows() -> dict[str, int]:
    return {model.__name__: model._default_manager.count() for model in (Orchestration, Version, Flow, FlowVersion, Queue)}


@pytest.mark.parametrize("how", ["yaml", "json"])
def test_out_wiped_and_in_again_is_the_same(cast: Cast, everything: list[Version], how: str) -> None:
    prints = {version.orchestration.api_name: builder.fingerprint(builder.dump(version)) for version in everything}
    text = portable.write(portable.export(everything), how)
    wipe()
    plan = portable.plan(portable.read(text.encode()))
    assert plan.problems == []
    portable.carry_out(plan, by=cast.petra)
    assert {version.orchestration.api_name: builder.fingerprint(builder.dump(version)) for version in Version.objects.all()} == prints
    assert set(Version.objects.values_list("status", "created_by_label")) == {("draft", "Petra Novak")}
    assert set(FlowVersion.objects.values_list("status", flat=True)) == {"draft"}
    again = portable.plan(portable.read(text))
    assert {item.verdict for item in again.items} == {"same"}
    assert portable.write(portable.export(Version.objects.all()), how) == text, "the file is the same each time"


def test_what_was_taken_in_behaves_alike(cast: Cast, everything: list[Version]) -> None:
    text = portable.write(portable.export(everything), "yaml")
    wipe()
    portable.carry_out(portable.plan(portable.read(text)), by=None)
    for flow in FlowVersion.objects.order_by("-flow__kind"):
        flow_builder.activate(flow)
    for version in Version.objects.all():
        builder.activate(version)
    for person in ("hanna", "marta"):
        stories.access_to_run(getattr(cast, person))
    employee = stories.provisioned(cast)
    stories.complete(stories.item_of(employee), cast.marta, stories.READINESS)
    stories.drain()
    assert Instance.objects.get().status == "completed"


def test_a_change_is_shown_old_and_new_and_makes_a_draft(cast: Cast) -> None:
    told = portable.export([Version.objects.get()])
    del told["orchestrations"][0]["fingerprint"]
    told["orchestrations"][0]["stages"][1]["steps"][0]["label"] = "Ticket, please"
    plan = portable.plan(portable.read(json.dumps(told)))
    [item] = [item for item in plan.items if item.kind == "orchestration"]
    assert (item.verdict, item.changes) == ("changed", [("stages.provisioned.steps.it_ticket.label", "Create IT ticket", "Ticket, please")])
    portable.carry_out(plan, by=cast.admin)
    assert list(Version.objects.order_by("number").values_list("status", flat=True)) == ["active", "draft"]
    assert Version.objects.get(status="draft").steps.filter(label="Ticket, please").exists()


def test_a_queue_that_is_not_there_is_told_and_made_only_when_asked(cast: Cast) -> None:
    text = portable.write(portable.export([Version.objects.get()]), "yaml")
    wipe()
    Queue.objects.filter(api_name="hr").delete()
    plan = portable.plan(portable.read(text))
    assert [message for _place, message in plan.problems] == ["There is no queue “hr” to do it. Add it, or name another one."]
    before = rows()
    with pytest.raises(Invalid, match="Nothing was taken in: 1 things do not resolve"):
        portable.carry_out(plan, by=None)
    assert rows() == before
    portable.carry_out(plan, by=None, make_missing=True)
    assert Queue.objects.get(api_name="hr").has_active_member
    assert builder.problems(Version.objects.get()) == []


def test_anyway_makes_a_draft_that_cannot_be_activated(cast: Cast) -> None:
    text = portable.write(portable.export([Version.objects.get()]), "json")
    wipe()
    Queue.objects.filter(api_name="hr").delete()
    portable.carry_out(portable.plan(portable.read(text)), by=None, anyway=True)
    with pytest.raises(Invalid, match="There is no queue"):
        builder.activate(Version.objects.get())


# Hostile files -------------------------------------------------------------------------------------------------------


def file(**changes: Any) -> dict[str, Any]:
    document = copy.deepcopy({**onboarding.ONBOARDING, "orchestration": {**onboarding.ONBOARDING["orchestration"], "api_name": "hostile"}})  # type: ignore[dict-item]
    document.update(changes)
    return {"segue": 1, "orchestrations": [document]}


def with_step(**columns: Any) -> dict[str, Any]:
    told = file()
    told["orchestrations"][0]["stages"][1]["steps"][0].update(columns)
    return told


def with_head(**columns: Any) -> dict[str, Any]:
    told = file()
    told["orchestrations"][0]["orchestration"].update(columns)
    return told


def many_steps() -> dict[str, Any]:
    told = file()
    step = told["orchestrations"][0]["stages"][1]["steps"][1]
    told["orchestrations"][0]["stages"][1]["steps"] = [{**step, "api_name": f"s{number}"} for number in range(1001)]
    return told


def without_end() -> dict[str, Any]:
    told = file()
    told["orchestrations"][0]["stages"][-1]["routes"] = [{"to": "preferences_collected"}]
    return told


def twice() -> dict[str, Any]:
    told = file()
    told["orchestrations"][0]["stages"][1]["steps"][0]["api_name"] = "chat_invitation"
    return told


def bomb() -> str:
    lines = ["a0: &a0 [x, x]"] + [f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]" for n in range(1, 30)]
    return "\n".join(["segue: 1", *lines])


HOSTILE: dict[str, Any] = {
    "not JSON": "{",
    "empty": "",
    "a list": "[]",
    "null": "null",
    "a text": '"segue"',
    "NaN": '{"segue": NaN}',
    "doubled keys": '{"segue": 1, "segue": 1}',
    "UTF-16": json.dumps(file()).encode("utf-16"),
    "too large": b" " * (1024 * 1024 + 1),
    "100,000 nested lists": "[" * 100_000,
    "100,000 nested lists in YAML": "segue: " + "[" * 100_000,
    "an integer of 5,000 digits": '{"segue": ' + "9" * 5000 + "}",
    "another format": {"segue": 2},
    "no stages": file(stages=[]),
    "a stage without steps": file(stages=[{"api_name": "a", "label": "A", "steps": []}]),
    "1,001 steps": many_steps(),
    "a step twice": twice(),
    "an unknown kind of step": with_step(kind="parallel"),
    "an unknown flow": with_step(flow="demo.nothing"),
    "a path of Python as flow": with_step(flow="os.path.join"),
    "a module as flow": with_step(flow="os.system"),
    "stages that go round for ever": without_end(),
    "a route to a stage that is not there": file(
        stages=[{**onboarding.ONBOARDING["stages"][0], "routes": [{"to": "nowhere"}]}]  # type: ignore[dict-item]
    ),
    "a nested orchestration": with_step(orchestration="new_hire_onboarding"),
    "an assignee who is not there": with_step(kind="interactive", flow="demo.confirm_readiness", inputs={}, assignee={"user": "mallory"}),
    "an unknown model": with_head(record_model="demo.nothing"),
    "a model of users": with_head(record_model="auth.user"),
    "a password": with_step(only_if={"formula": "record.manager.password == 'x'"}),
    "a lookup": with_step(only_if={"rows": [{"path": "record.name__regex", "operator": "equals", "value": "(a+)+$"}], "logic": "all"}),
    "a connector": with_step(only_if={"_connector": "OR"}),
    "dunder": with_step(only_if={"formula": "record.__class__ == 1"}),
    "a call": with_step(only_if={"formula": "__import__('os').system('x')"}),
    "another fingerprint": file(fingerprint="0" * 64),
    "what nobody knows": file(evil=1),
    "a bomb of aliases": bomb(),
    "a tag of Python": "segue: !!python/object/apply:os.system ['true']",
    "another tag": "segue: !evil 1",
    "two documents": "segue: 1\n---\nsegue: 1",
    "a NUL": json.dumps(with_head(label="a\0b")),
    "a surrogate": json.dumps(with_head(label="a\ud800b")),
    "doubled keys in YAML": "segue: 1\nsegue: 1",
    "a number as key": "segue: 1\n1: 2",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_changes_nothing(cast: Cast, name: str) -> None:
    data = HOSTILE[name]
    before = rows()
    with pytest.raises(Invalid):
        portable.carry_out(portable.plan(portable.read(json.dumps(data) if isinstance(data, dict) else data)), by=None)
    assert rows() == before


def test_a_byte_order_mark_is_taken_and_words_of_yaml_stay_words(cast: Cast) -> None:
    told = with_head(description="no", label="1:30")
    assert portable.read("\ufeff".encode() + json.dumps(told).encode()).orchestrations[0].orchestration.description == "no"
    written = portable.read(
        "segue: 1\norchestrations:\n- orchestration: {api_name: x, label: 1:30, start_type: autolaunched, description: no}\n  stages: []"
    )
    head = written.orchestrations[0].orchestration
    assert (head.label, head.description) == ("1:30", "no")


# Commands, schema, diagram -------------------------------------------------------------------------------------------


def test_the_commands_promote_from_one_site_to_another(cast: Cast, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "onboarding.yaml"
    call_command("export_definitions", "new_hire_onboarding", output=target)
    assert yaml.safe_load(target.read_text())["orchestrations"][0]["orchestration"]["label"] == "New hire onboarding"

    def checked() -> int:
        with pytest.raises(SystemExit) as ended:
            call_command("import_definitions", target, check=True)
        return int(ended.value.code or 0)

    assert checked() == 0
    target.write_text(
        target.read_text().replace("label: Invite to chat", "label: Ask into the chat").replace("fingerprint:", "# fingerprint:")
    )
    before = rows()
    assert checked() == 1
    assert "'Invite to chat' → 'Ask into the chat'" in capsys.readouterr().out
    assert rows() == before
    call_command("import_definitions", target)
    assert Version.objects.get(status="draft").steps.filter(label="Ask into the chat").exists()
    target.write_text(target.read_text().replace("queue: hr", "queue: nobody"))
    assert checked() == 2
    with pytest.raises(CommandError, match="There is no orchestration “nothing”"):
        call_command("export_definitions", "nothing")


def test_the_published_schema_is_the_one_that_is_used() -> None:
    published = json.loads((ROOT / "docs" / "definition.schema.json").read_text())
    assert published == json.loads(json.dumps(portable.json_schema()))


def test_the_diagram_shows_stages_steps_and_routes_and_nothing_breaks_out_of_it(cast: Cast) -> None:
    document = copy.deepcopy(builder.dump(Version.objects.get()))
    document["stages"][0]["label"] = 'Evil"] --> x[<script>'
    document["stages"][1]["routes"] = [{"condition": {"formula": "record.is_ready"}, "to": None}]
    drawn = portable.mermaid(document)
    assert drawn.startswith("flowchart LR")
    assert 's1 -- "record.is#95;ready" --> finish' in drawn
    assert "<script>" not in drawn
    assert 'Evil"' not in drawn


def test_in_the_admin_a_file_is_taken_out_looked_at_and_taken_in(cast: Cast, client: Client) -> None:
    client.force_login(cast.admin)
    version = Version.objects.get()
    taken = client.get(address("export", version))
    assert taken["Content-Disposition"] == 'attachment; filename="new_hire_onboarding-v1.yaml"'
    assert client.get(address("diagram", version)).content.decode().startswith("flowchart LR")
    assert client.get("/admin/orchestration/orchestration/schema/").json()["title"] == "Definitions of Segue"
    text = taken.content.decode().replace("label: Invite to chat", "label: Ask into the chat").replace("fingerprint:", "# fingerprint:")
    where = "/admin/orchestration/orchestration/import/"
    assert client.get(where).status_code == 200
    before = rows()
    page = client.post(where, {"file": SimpleUploadedFile("onboarding.yaml", text.encode())})
    assert "<del>Invite to chat</del>" in page.content.decode()
    assert rows() == before
    assert client.post(where, {"text": page.context["text"], "go": "1"}, follow=True).status_code == 200
    assert Version.objects.get(status="draft").created_by_label == "Alex Morgan"
    assert client.post(where, {"text": "segue: 2"}).status_code == 422
    assert client.post(where, {}).status_code == 422
    User.objects.filter(pk=cast.petra.pk).update(is_staff=True)
    access.grant("orchestration.change_orchestration", cast.petra)
    client.force_login(cast.ask_again(cast.petra))
    new = text.replace("api_name: new_hire_onboarding", "api_name: another")
    refused = client.post(where, {"text": new, "go": "1"})
    assert (refused.status_code, "You lack the permission" in refused.content.decode()) == (422, True)
