"""Conditions as sentences, mistakes with the place and the nearest name, and what can be read."""

from typing import Any

import pytest

from orchestration import expressions
from orchestration.expressions import Readable, Readables
from orchestration.expressions.wording import LABEL_BEGINS, LABEL_ENDS
from orchestration.flows import documents, reading

KNOWN = Readables(
    [
        Readable("record", "The record", "record", "demo.employee"),
        Readable("answers.custom_terms", "Custom terms", "yes_no"),
        Readable("answers.discount", "Discount", "number"),
        Readable("answers.size", "Size", "text", choices=(("s", "Small"), ("l", "Large"))),
        Readable("answers.start", "Start", "date"),
        Readable("elements.call", "Call"),
        Readable("today", "today", "date"),
    ]
)


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ({}, ""),
        ({"formula": "answers.custom_terms"}, "Custom terms is yes"),
        ({"formula": "answers.custom_terms == true"}, "Custom terms is yes"),
        ({"formula": "answers.custom_terms != true"}, "Custom terms is no"),
        ({"formula": "not answers.custom_terms"}, "Custom terms is no"),
        ({"formula": "answers.discount > 15 and not is_empty(record.manager)"}, "Discount is more than 15 and Hiring manager is not empty"),
        ({"formula": "answers.discount > 15 and (answers.custom_terms or is_empty(record.name))"},
         "Discount is more than 15 and (Custom terms is yes or Name is empty)"),
        ({"formula": "record.manager.email == 'a@b.example'"}, "Hiring manager › Email address is “a@b.example”"),
        ({"formula": "answers.size == 'l'"}, "Size is “Large”"),
        ({"formula": "answers.size in ['s', 'm']"}, "Size is one of “s”, “m”"),
        ({"formula": "answers.start < today"}, "Start is before today"),
        ({"formula": "contains(record.name, 'Lee')"}, "Name contains “Lee”"),
        ({"formula": "not (answers.discount > 1 or answers.custom_terms)"}, "not (Discount is more than 1 or Custom terms is yes)"),
        ({"formula": "answers.discount * 2 + 1 <= 10"}, "(Discount × 2) + 1 is at most 10"),
        ({"formula": "elements.call.anything == 1"}, "elements.call.anything is 1"),
        ({"rows": [{"path": "answers.discount", "operator": "greater", "value": 15}, {"path": "answers.size", "operator": "is_empty"}],
          "logic": "any"},
         "Discount is more than 15 or Size is empty"),
        ({"flow": "site.is_big", "inputs": {}}, "site.is_big says yes"),
    ],
)  # fmt: skip
def test_a_condition_is_said_in_words(document: dict[str, Any], words: str) -> None:
    assert expressions.in_words(document, KNOWN) == words


def test_labels_can_be_marked_for_a_page_to_emphasise() -> None:
    marked = expressions.in_words({"formula": "answers.custom_terms"}, KNOWN, marked=True)
    assert marked == f"{LABEL_BEGINS}Custom terms{LABEL_ENDS} is yes"


@pytest.mark.parametrize(
    ("source", "position", "nearest", "message"),
    [
        ("answers.discunt > 15", 0, "answers.discount", "There is no “answers.discunt” here. Did you mean “answers.discount”?"),
        ("1 + answers.discont", 4, "answers.discount", "Did you mean “answers.discount”?"),
        ("record.mnager.email == 'x'", 0, "record.manager.email", "Did you mean “record.manager.email”?"),
        ("record.manager.password == 'x'", 0, "", "There is no “record.manager.password” here."),
        ("record._state", 0, "", "Names are plain letters"),
        ("discount > 15", 0, "answers.discount", "Did you mean “answers.discount”?"),
        ("answers.discount > ", 19, "", "This is no formula"),
        ("answers.discount == 'much'", 0, "", "compares a number with a text: they are never alike"),
        ("answers.custom_terms > 3", 0, "", "compares yes or no with a number"),
        ("fetch('https://x')", 0, "", "There is no function “fetch”"),
    ],
)
def test_a_mistake_has_its_position_and_the_nearest_name(source: str, position: int, nearest: str, message: str) -> None:
    mistake = expressions.check(source, KNOWN)
    assert mistake is not None
    assert message in mistake.message
    assert mistake.nearest == nearest
    assert abs(mistake.position - position) <= 1


@pytest.mark.parametrize(
    "source", ["answers.discount > 15", "record.manager.first_name == 'Ada'", "elements.call.ticket.id == 3",
               "answers.start <= '2026-12-31'", "record.pk"]
)  # fmt: skip
def test_what_can_be_read_is_no_mistake(source: str) -> None:
    assert expressions.check(source, KNOWN) is None


def test_a_mistake_in_a_row_says_which_row() -> None:
    rows = [{"path": "answers.discount", "operator": "greater", "value": 1}, {"path": "answers.sice", "operator": "equals", "value": "s"}]
    mistake = expressions.check_condition({"rows": rows}, KNOWN)
    assert mistake is not None
    assert (mistake.position, mistake.nearest) == (1, "answers.size")


def test_no_password_is_ever_proposed() -> None:
    paths = [one.path for one in KNOWN.all(depth=3)]
    assert "record.manager.email" in paths
    assert not [path for path in paths if "password" in path]


SCREENS: dict[str, Any] = {
    "record_model": "demo.employee",
    "inputs": {"amount": {"type": "number", "label": "Amount"}},
    "screens": [
        {"name": "first", "title": "First", "items": [{"kind": "field", "name": "size", "type": "text", "label": "Size"}]},
        {"name": "second", "title": "Second", "items": [
            {"kind": "group", "name": "lines", "label": "Line", "fields": [
                {"kind": "field", "name": "what", "type": "text", "label": "What"},
                {"kind": "field", "name": "count", "type": "number", "label": "Count"}]},
            {"kind": "field", "name": "late", "type": "checkbox", "label": "Late"}]},
    ],
}  # fmt: skip


def own(found: Readables) -> set[str]:
    return {one.path for one in found} - {"record", "user", "now", "today", "inputs.amount"}


def test_a_part_reads_what_comes_before_it() -> None:
    assert own(reading.at_part("screen", SCREENS, "first")) == set()
    assert own(reading.at_part("screen", SCREENS, "second")) == {"answers.size"}
    assert {"answers.size", "item.what"} <= own(reading.at_part("screen", SCREENS, "count"))
    assert own(reading.at_new_part("screen", SCREENS, "second")) == {"answers.size", "answers.lines", "answers.late"}
    assert own(reading.at_new_part("screen", SCREENS, "lines")) == {"answers.size", "item.what", "item.count"}
    at_end = reading.at_part("screen", SCREENS, ":outputs")
    assert at_end.find("answers.late").label == "Late"  # type: ignore[union-attr]
    assert at_end.find("record.manager.email").label == "Hiring manager › Email address"  # type: ignore[union-attr]


def test_a_draft_with_gaps_is_read_too() -> None:
    empty = {"record_model": "demo.employee", "screens": []}
    assert reading.at_new_part("screen", empty, "").find("record.name")
    gaps = {
        "elements": [
            {"kind": "decide", "name": "d", "branches": []},
            {"kind": "loop", "name": "l", "over": {"path": "record"}, "as": "one"},
        ]
    }
    assert reading.at_new_part("autolaunched", gaps, "l").find("one")


def test_elements_are_read_below_them_and_the_loop_in_it() -> None:
    document = {
        "elements": [
            {"kind": "find", "name": "found", "label": "Open tickets", "model": "demo.itticket"},
            {"kind": "loop", "name": "each_one", "over": {"path": "elements.found.records"}, "as": "ticket", "elements": []},
        ]
    }
    assert documents.parse("autolaunched", document)
    assert reading.at_part("autolaunched", document, "found").find("elements.found.count") is None
    inside = reading.at_new_part("autolaunched", document, "each_one")
    assert inside.find("ticket.employee.name")
    assert inside.find("elements.found.count").label == "Open tickets › Count"  # type: ignore[union-attr]
