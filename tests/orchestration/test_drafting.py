"""Editing the draft of a flow: parts and places, undo and redo, two people at once."""

from typing import Any

import pytest
from django.contrib.auth.models import User

from orchestration import builder, drafting, flow_builder
from orchestration import editing as drawing_editing
from orchestration.errors import Conflict, Invalid
from orchestration.flows import editing
from orchestration.models import Change, FlowVersion, Orchestration, Version
from tests.cast import Cast

DOCUMENT: dict[str, Any] = {
    "elements": [
        {"kind": "assign", "name": "first", "set": {"x": {"value": 1}}},
        {"kind": "decide", "name": "d", "otherwise": [],
         "branches": [{"label": "Yes", "condition": {"formula": "elements.first.x == 1"}, "elements": []}]},
        {"kind": "fail", "name": "stop", "message": "{{ elements.first.x }} is enough"},
    ]
}  # fmt: skip


def names(document: dict[str, Any]) -> list[str]:
    return [part.name for part in editing.walk("autolaunched", document)]


def test_parts_are_found_by_name_and_know_their_place() -> None:
    assert names(DOCUMENT) == ["first", "d", "d:0", "d:otherwise", "stop"]
    part = editing.find("autolaunched", DOCUMENT, "d:0")
    assert part is not None
    assert (part.label, part.place, part.holds) == ("Yes", "elements.1.branches.0", True)
    assert editing.place_of("autolaunched", DOCUMENT, "elements.1.branches.0.condition") == "d:0"
    assert editing.place_of("autolaunched", DOCUMENT, "elements.2.message") == "stop"
    assert editing.place_of("autolaunched", DOCUMENT, "outputs.x") == ""


def test_parts_are_moved_doubled_and_taken_out() -> None:
    kind = "autolaunched"
    inside = editing.moved_into(kind, DOCUMENT, "stop", "d:otherwise")
    assert names(inside) == ["first", "d", "d:0", "d:otherwise", "stop"]
    assert editing.find(kind, inside, "stop").inside == "d:otherwise"  # type: ignore[union-attr]
    assert names(editing.moved(kind, DOCUMENT, "stop", -1)) == ["first", "stop", "d", "d:0", "d:otherwise"]
    assert editing.moved(kind, DOCUMENT, "first", -1) == DOCUMENT
    doubled, name = editing.doubled(kind, DOCUMENT, "d")
    assert name == "d_2"
    assert names(doubled) == ["first", "d", "d:0", "d:otherwise", "d_2", "d_2:0", "d_2:otherwise", "stop"]
    assert names(editing.without(kind, DOCUMENT, "d")) == ["first", "stop"]
    with pytest.raises(Conflict, match="cannot be moved into itself"):
        editing.moved_into(kind, DOCUMENT, "d", "d:0")
    with pytest.raises(Conflict, match="no longer there"):
        editing.without(kind, DOCUMENT, "gone")


def test_a_new_name_is_followed_by_what_reads_it() -> None:
    renamed = editing.with_new_name(DOCUMENT, "first", "begin")
    assert renamed["elements"][1]["branches"][0]["condition"] == {"formula": "elements.begin.x == 1"}
    assert renamed["elements"][2]["message"] == "{{ elements.begin.x }} is enough"
    assert editing.with_new_name(DOCUMENT, "fir", "x") == DOCUMENT


def test_names_are_made_from_labels() -> None:
    assert editing.free_name("Start date?", set()) == "start_date"
    assert editing.free_name("Start date", {"start_date"}) == "start_date_2"
    assert editing.free_name("日本", set(), fallback="field") == "field"
    assert editing.free_name("2nd", set(), fallback="field") == "field_2nd"


@pytest.fixture
def version(cast: Cast) -> FlowVersion:
    return flow_builder.new_flow("tell", "Tell", "autolaunched", document=DOCUMENT, by=cast.admin)


def take_out(version: FlowVersion, name: str, by: User, basis: int | None = None) -> Change:
    def edit(document: editing.Document) -> editing.Document:
        return editing.without("autolaunched", document, name)

    return drafting.change(version, edit, touching=[name], basis=basis, by=by, says=f"Take out {name}")


def relabel(version: FlowVersion, name: str, label: str, by: User, basis: int) -> Change:
    def edit(document: editing.Document) -> editing.Document:
        part = editing.find("autolaunched", document, name)
        assert part is not None
        return editing.with_changed("autolaunched", document, name, {**part.about, "label": label})

    return drafting.change(version, edit, touching=[name], basis=basis, by=by, says=f"Label {label}")


def test_every_change_can_be_undone_and_redone(cast: Cast, version: FlowVersion) -> None:
    assert drafting.undoable(version) == ("", "")
    take_out(version, "stop", cast.admin)
    take_out(version, "first", cast.admin)
    assert drafting.undoable(version) == ("Take out first", "")
    drafting.undo(version, basis=None, by=cast.admin)
    assert drafting.undoable(version) == ("Take out stop", "Take out first")
    version.refresh_from_db()
    assert names(version.document) == ["first", "d", "d:0", "d:otherwise"]
    drafting.redo(version, basis=None, by=cast.admin)
    drafting.undo(version, basis=None, by=cast.admin)
    drafting.undo(version, basis=None, by=cast.admin)
    version.refresh_from_db()
    assert version.document == DOCUMENT
    with pytest.raises(Conflict, match="nothing to undo"):
        drafting.undo(version, basis=None, by=cast.admin)
    take_out(version, "d", cast.admin)  # another way on: what was undone is gone
    assert drafting.undoable(version) == ("Take out d", "")


def test_two_people_who_edit_different_parts_both_keep_their_work(cast: Cast, version: FlowVersion) -> None:
    seen = drafting.current(version).pk
    relabel(version, "first", "Begin", cast.hanna, seen)
    relabel(version, "stop", "The end", cast.marta, seen)
    version.refresh_from_db()
    assert [part.get("label") for part in version.document["elements"]] == ["Begin", None, "The end"]


def test_of_two_people_who_edit_the_same_part_the_second_is_told(cast: Cast, version: FlowVersion) -> None:
    seen = drafting.current(version).pk
    relabel(version, "first", "Begin", cast.hanna, seen)
    with pytest.raises(drafting.Overtaken, match=r"Hanna .* has changed this since you opened it: “Label Begin”") as overtaken:
        relabel(version, "first", "Start", cast.marta, seen)
    relabel(version, "first", "Start", cast.marta, overtaken.value.revision.pk)
    version.refresh_from_db()
    assert version.document["elements"][0]["label"] == "Start"


def test_a_part_that_somebody_took_out_cannot_be_changed(cast: Cast, version: FlowVersion) -> None:
    seen = drafting.current(version).pk
    take_out(version, "first", cast.hanna, seen)
    with pytest.raises(Conflict, match="has changed this since"):
        relabel(version, "first", "Start", cast.marta, seen)


def test_nobody_undoes_what_they_have_not_seen(cast: Cast, version: FlowVersion) -> None:
    mine = take_out(version, "stop", cast.marta)
    take_out(version, "first", cast.hanna)
    with pytest.raises(drafting.Overtaken, match="Look at it first"):
        drafting.undo(version, basis=mine.pk, by=cast.marta)


def test_a_version_that_was_active_is_not_changed(cast: Cast) -> None:  # R1.4
    fine = {"elements": [{"kind": "fail", "name": "stop", "message": "No."}]}
    version = flow_builder.new_flow("fine", "Fine", "autolaunched", document=fine, by=cast.admin)
    flow_builder.activate(version)
    with pytest.raises(Conflict, match="has been active and cannot be changed"):
        take_out(version, "stop", cast.admin)


def test_a_draft_does_not_keep_more_changes_than_it_should(cast: Cast, version: FlowVersion, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drafting, "KEPT", 3)
    for number in range(6):
        relabel(version, "first", f"Label {number}", cast.admin, drafting.current(version).pk)
    assert version.revisions.filter(document__isnull=False).count() == 4
    assert [change.says for change in version.revisions.order_by("number")][1:3] == ["Label Label 0", "Label Label 1"]


def test_problems_name_the_part_and_the_place_in_it(cast: Cast, version: FlowVersion) -> None:
    found = drafting.problems("autolaunched", DOCUMENT)
    assert {(problem.part, problem.place) for problem in found} >= {("first", "set.x"), ("d:0", "condition"), ("stop", "message")}


def test_the_draft_of_an_orchestration_is_changed_undone_and_done_again(cast: Cast) -> None:
    version = builder.new_version(Version.objects.get(), by=cast.petra)
    assert version.created_by_label == "Petra Novak"
    begun = builder.dump(version)

    def renamed(document: dict[str, Any]) -> dict[str, Any]:
        return drawing_editing.with_changed(document, "step:it_ticket", {"label": "Ticket", "api_name": "ticket"})

    made = drafting.change(version, renamed, touching=["step:it_ticket"], basis=None, by=cast.petra, says="Rename")
    assert {tuple(change[:1]) for change in made.changes} >= {("stages.provisioned.steps.ticket",)}
    assert set(version.steps.values_list("api_name", flat=True)) >= {"ticket", "chat_invitation"}
    assert not version.steps.filter(api_name="it_ticket").exists()
    kept = set(version.steps.exclude(api_name="ticket").values_list("pk", flat=True))
    drafting.undo(version, basis=made.pk, by=cast.petra)
    assert builder.dump(Version.objects.get(pk=version.pk)) == begun
    assert set(version.steps.exclude(api_name="it_ticket").values_list("pk", flat=True)) == kept, "rows that say the same stay"
    drafting.redo(version, basis=None, by=cast.petra)
    assert version.steps.filter(api_name="ticket", label="Ticket").exists()


def test_what_an_active_orchestration_is_called_changes_with_the_activation_and_not_before(cast: Cast) -> None:
    version = builder.new_version(Version.objects.get())

    def called(document: dict[str, Any]) -> dict[str, Any]:
        return drawing_editing.with_settings(document, drawing_editing.ABOUT, {"label": "Welcome aboard"})

    drafting.change(version, called, touching=[":about"], basis=None, by=cast.admin, says="Call it otherwise")
    assert Orchestration.objects.get().label == "New hire onboarding"
    builder.activate(Version.objects.get(pk=version.pk), by=cast.admin, note="A nicer name")
    assert Orchestration.objects.get().label == "Welcome aboard"
    assert (Version.objects.get(pk=version.pk).activated_by_label, Version.objects.get(pk=version.pk).note) == (
        "Alex Morgan",
        "A nicer name",
    )

    def about_quotes(document: dict[str, Any]) -> dict[str, Any]:
        return drawing_editing.with_settings(document, drawing_editing.ABOUT, {"record_model": "demo.quote"})

    other = builder.new_version(Version.objects.get(pk=version.pk))
    with pytest.raises(Invalid, match="is settled"):
        drafting.change(other, about_quotes, touching=[":about"], basis=None, by=cast.admin, says="Watch quotes")


def test_two_people_who_change_different_steps_lose_nothing(cast: Cast) -> None:
    version = builder.new_version(Version.objects.get())
    seen = drafting.current(version).pk

    def relabelled(name: str, label: str) -> drafting.Edit:
        return lambda document: drawing_editing.with_changed(document, f"step:{name}", {"label": label})

    drafting.change(version, relabelled("it_ticket", "Hers"), touching=["step:it_ticket"], basis=seen, by=cast.hanna, says="Hers")
    drafting.change(version, relabelled("welcome_mail", "His"), touching=["step:welcome_mail"], basis=seen, by=cast.omar, says="His")
    assert set(version.steps.values_list("label", flat=True)) >= {"Hers", "His"}
    with pytest.raises(drafting.Overtaken, match=r"Hanna .* has changed this"):
        drafting.change(version, relabelled("it_ticket", "Mine"), touching=["step:it_ticket"], basis=seen, by=cast.omar, says="Mine")
