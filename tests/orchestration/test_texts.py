"""Texts with values in them: what may stand there, and that a value stays a value."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from orchestration import expressions
from orchestration.errors import ExpressionError
from orchestration.expressions.formula import FormulaError

SCOPE: dict[str, Any] = {
    "record": {"name": "Sam", "amount": Decimal("12.50"), "owner": None, "tags": ["a", "b"], "signed": True},
    "vars": {"secret": "{{ record.name }}", "day": date(2027, 2, 1), "at": datetime(2027, 2, 1, 12, 0, tzinfo=UTC)},
}


@pytest.mark.parametrize(
    ("source", "filled"),
    [
        ("Dear {{ record.name }},", "Dear Sam,"),
        ("{{record.name}}{{ record.amount }}", "Sam12.50"),
        ("Owner: {{ record.owner }}.", "Owner: ."),
        ("{{ record.tags }} / {{ record.signed }}", "a, b / yes"),
        ("{{ vars.day }} {{ vars.at }}", "Feb. 1, 2027 Feb. 1, 2027, noon"),
        ("", ""),
        ("{0.__class__} %s ${x} { } }}", "{0.__class__} %s ${x} { } }}"),
        ("value: {{ vars.secret }}", "value: {{ record.name }}"),
    ],
)
def test_values_are_put_in_and_nothing_else_happens(source: str, filled: str) -> None:  # RELIABILITY TP
    assert expressions.text(source).filled(SCOPE) == filled


@pytest.mark.parametrize(
    ("source", "position"),
    [
        ("Hi {{ user.password }}", 3),
        ("{% debug %}", 0),
        ("ab {% include 'x' %}", 3),
        ("{% load x %}", 0),
        ("{{ record.name|center:20000000 }}", 0),
        ("Hi {{ record.name", 3),
        ("{{ }}", 0),
        ("{{ 1 + 1 }}", 0),
        ("{{ record.__class__ }}", 0),
        ("{{ record.name() }}", 0),
        ("{{ {{ record.name }} }}", 0),
        ("a\0b", 1),
        ("x" * 20_001, 20_000),
    ],
)
def test_what_is_no_path_is_refused_with_its_position(source: str, position: int) -> None:  # RELIABILITY TP
    with pytest.raises(FormulaError) as refused:
        expressions.text(source)
    assert refused.value.position == position


def test_a_text_says_what_it_reads_and_where() -> None:
    assert expressions.text("{{ record.a }} and {{ vars.b }}").reads == (("record.a", 0), ("vars.b", 19))


def test_a_name_that_is_not_there_is_a_fault() -> None:
    with pytest.raises(ExpressionError, match="there is no “x” here"):
        expressions.text("{{ x.y }}").filled(SCOPE)


def test_values_are_escaped_for_where_the_text_goes_and_the_text_itself_is_not() -> None:
    assert expressions.text("<b>{{ record.name }}</b>").filled({"record": {"name": "<i>"}}, lambda value: value.replace("<", "&lt;")) == (
        "<b>&lt;i></b>"
    )


def test_a_text_cannot_grow_without_end() -> None:
    with pytest.raises(ExpressionError, match="longer than 200000 characters"):
        expressions.text("{{ vars.long }}" * 30).filled({"vars": {"long": "x" * 10_000}})
