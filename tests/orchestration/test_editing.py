"""An orchestration's document is edited: parts come, go, move and get other names, and what names them follows."""

from typing import Any

import pytest

from orchestration import editing
from orchestration.errors import Conflict

DOCUMENT: dict[str, Any] = {
    "orchestration": {"api_name": "o", "label": "O"},
    "starts_on": "created",
    "stages": [
        {
            "api_name": "first",
            "label": "First",
            "exit_condition": {"formula": "steps.a.outputs.x > 1 and stages.first.status == 'x'"},
            "steps": [
                {"api_name": "a", "label": "A", "kind": "background", "flow": "t.a"},
                {
                    "api_name": "b",
                    "label": "B",
                    "kind": "background",
                    "flow": "t.b",
                    "after": ["a"],
                    "fault_path": "h",
                    "inputs": {"x": {"path": "steps.a.outputs.x"}, "y": {"text": "{{ steps.a.outputs.x }} of steps.ab"}},
                },
                {"api_name": "h", "label": "H", "kind": "background", "flow": "t.h", "handles": "named"},
            ],
            "routes": [{"condition": {"rows": [{"path": "steps.a.outputs.x", "operator": "equals", "value": 1}]}, "to": "second"}],
        },
        {"api_name": "second", "label": "Second", "steps": [{"api_name": "c", "label": "C", "kind": "background", "flow": "t.c"}]},
    ],
}


def step(document: dict[str, Any], name: str) -> Any:
    part = editing.find(document, f"step:{name}")
    assert part is not None
    return part.about


def test_every_part_has_an_address() -> None:
    assert [part.address for part in editing.parts(DOCUMENT)] == [
        *("stage:first", "step:a", "step:b", "step:h", "route:first:0"),
        *("stage:second", "step:c"),
    ]


def test_a_new_name_is_taken_wherever_the_part_is_named() -> None:
    changed = editing.with_changed(DOCUMENT, "step:a", {"api_name": "begin"})
    assert step(changed, "b")["after"] == ["begin"]
    assert step(changed, "b")["inputs"] == {
        "x": {"path": "steps.begin.outputs.x"},
        "y": {"text": "{{ steps.begin.outputs.x }} of steps.ab"},
    }
    assert changed["stages"][0]["exit_condition"]["formula"].startswith("steps.begin.outputs.x > 1")
    assert changed["stages"][0]["routes"][0]["condition"]["rows"][0]["path"] == "steps.begin.outputs.x"
    changed = editing.with_changed(DOCUMENT, "stage:second", {"api_name": "later"})
    assert changed["stages"][0]["routes"][0]["to"] == "later"
    assert "stages.first.status" in editing.with_changed(DOCUMENT, "step:h", {"api_name": "z"})["stages"][0]["exit_condition"]["formula"]


def test_what_is_taken_out_is_named_nowhere_any_more() -> None:
    changed = editing.without(editing.without(DOCUMENT, "step:a"), "step:h")
    assert step(changed, "b")["after"] == []
    assert step(changed, "b")["fault_path"] is None
    assert editing.without(DOCUMENT, "stage:second")["stages"][0]["routes"] == []
    assert editing.find(editing.without(DOCUMENT, "route:first:0"), "route:first:0") is None


def test_a_copy_has_names_of_its_own() -> None:
    changed, address = editing.doubled(DOCUMENT, "step:a")
    assert address == "step:a_2"
    assert [part.index for part in editing.parts(changed) if part.address == address] == [1]
    changed, address = editing.doubled(DOCUMENT, "stage:first")
    copied = editing.found(changed, address).about
    assert [each["api_name"] for each in copied["steps"]] == ["a_2", "b_2", "h_2"]
    assert copied["steps"][1]["after"] == ["a_2"]
    assert copied["steps"][1]["fault_path"] == "h_2"
    assert copied["steps"][1]["inputs"]["x"] == {"path": "steps.a_2.outputs.x"}
    assert step(changed, "b") == step(DOCUMENT, "b")


def test_a_step_that_moves_to_another_stage_lets_go_of_its_old_one() -> None:
    changed = editing.moved_across(DOCUMENT, "step:b", 1)
    assert [part.address for part in editing.parts(changed) if part.inside == "stage:second"] == ["step:c", "step:b"]
    assert step(changed, "b")["after"] == []
    assert step(changed, "b")["fault_path"] is None
    assert editing.moved_across(DOCUMENT, "step:b", -1) == DOCUMENT
    changed = editing.moved_to(DOCUMENT, "step:a", "stage:second", 0)
    assert [part.address for part in editing.parts(changed) if part.inside == "stage:second"] == ["step:a", "step:c"]
    assert step(changed, "b")["after"] == []


def test_parts_change_places_with_their_neighbours_and_no_further() -> None:
    changed = editing.moved(DOCUMENT, "stage:second", -1)
    assert [stage["api_name"] for stage in changed["stages"]] == ["second", "first"]
    assert editing.moved(DOCUMENT, "stage:second", 1) == DOCUMENT
    assert [part.name for part in editing.parts(editing.moved(DOCUMENT, "step:a", 1)) if part.kind == "step"] == ["b", "a", "h", "c"]


def test_a_part_that_is_gone_is_said_to_be() -> None:
    with pytest.raises(Conflict, match="“nowhere” is no longer there"):
        editing.without(DOCUMENT, "step:nowhere")
    with pytest.raises(Conflict, match="no longer there"):
        editing.with_step(DOCUMENT, "stage:third", {"api_name": "x"})


def test_nothing_changes_what_it_was_given() -> None:
    before = repr(DOCUMENT)
    editing.doubled(DOCUMENT, "stage:first")
    editing.with_changed(DOCUMENT, "step:a", {"api_name": "z"})
    editing.moved_to(DOCUMENT, "step:a", "stage:second")
    editing.without(DOCUMENT, "stage:first")
    assert repr(DOCUMENT) == before
