"""R3.9: requirements and formulas, their nulls, types and explanations; and what is refused."""

import contextlib
import string
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from orchestration import expressions
from orchestration.errors import ExpressionError
from orchestration.expressions.formula import FormulaError

FACTS = {
    "record": {
        "amount": Decimal("15.1"),
        "name": "Globex",
        "open": True,
        "day": date(2026, 11, 23),
        "tags": ["a", "b"],
        "nothing": None,
        "count": 3,
    },
    "steps": {"ask": {"outputs": {"day": "2026-12-01", "size": 4}, "status": "completed"}},
    "now": datetime(2026, 11, 23, 12, tzinfo=UTC),
    "today": date(2026, 11, 23),
}


def met(text: str) -> bool:
    return expressions.condition({"formula": text}).look(FACTS).met


def rows(*given: tuple[str, str, Any], logic: str = "all") -> bool:
    document = {"rows": [{"path": path, "operator": name, "value": value} for path, name, value in given], "logic": logic}
    return expressions.condition(document).look(FACTS).met


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("record.amount > 15", True),
        ("record.amount > 15.1", False),
        ("15 < record.amount <= 20", True),
        ("record.name == 'Globex' and record.open", True),
        ("not record.open or record.count == 3", True),
        ("record.name in ['Acme', 'Globex']", True),
        ("'b' in record.tags", True),
        ("'z' not in record.tags", True),
        ("record.amount * 2 - 0.2 == 30", True),
        ("record.count / 2 == 1.5", True),
        ("-record.count == -3", True),
        ("7 % record.count == 1", True),
        ("0.1 + 0.2 == 0.3", True),
        ("steps.ask.outputs.size == 4", True),
        ("steps.ask.status == 'completed'", True),
        ("steps.ask.outputs.day > today", True),
        ("steps.ask.outputs.day == date('2026-12-01')", True),
        ("record.day == today", True),
        ("now > today", False),
        ("now - hours(1) < now", True),
        ("today + days(8) == date('2026-12-01')", True),
        ("days_between(today, date('2026-12-01')) == 8", True),
        ("contains(record.name, 'LOB')", True),
        ("starts_with(record.name, 'glo') and ends_with(record.name, 'EX')", True),
        ("len(record.name) == 6 and len(record.tags) == 2", True),
        ("round(record.amount) == 15 and round(2.345, 2) == 2.34", True),
        ("max(1, record.count, 2) == 3 and min(1, 2) == 1 and abs(-2) == 2", True),
        ("upper(record.name) == 'GLOBEX' and lower('A') == 'a'", True),
        ("(1 if record.open else 2) == 1", True),
        ("is_empty(record.nothing) and not is_empty(record.name)", True),
        ("true and not false", True),
    ],
)
def test_a_formula_is_evaluated(formula: str, expected: bool) -> None:
    assert met(formula) is expected


@pytest.mark.parametrize("sign", ["==", "!=", "<", "<=", ">", ">="])
def test_every_comparison_with_null_is_not_met(sign: str) -> None:
    assert met(f"record.nothing {sign} 1") is False
    assert met(f"1 {sign} record.nothing") is False
    assert met(f"record.nothing {sign} null") is False
    assert met(f"record.nothing + 1 {sign} 1") is False  # arithmetic with null gives null


def test_and_or_and_not_are_two_valued() -> None:
    assert met("record.nothing or record.open") is True
    assert met("not record.nothing") is True
    assert met("record.nothing and record.open") is False


@pytest.mark.parametrize(
    ("formula", "complaint"),
    [
        ("record.salary > 1 if false else record.name > 1", "cannot be compared"),
        ("record.name > 1", "“Globex” (text) cannot be compared with 1 (number)"),
        ("record.open < true", "cannot be compared"),
        ("record.name == 1", "cannot be compared"),
        ("record.amount", "neither yes nor no"),
        ("record.name and true", "neither yes nor no"),
        ("1 / 0 == 1", "cannot be calculated"),
        ("record.name * 3 == 'x'", "“Globex” is no number"),
        ("unknown > 1", "there is no “unknown” here. Known: now, record, steps, today"),
        ("record.name.upper == 1", "there is no field “upper”"),
        ("1000000000000000000000000 * 100 > 1", "The number is too large"),
        ("days(999999999999) == days(1)", "cannot be calculated"),
        ("round(1, 999999) == 1", "Round to at most 20 places"),
        ("date('31 Feb') == today", "is no date"),
        ("date('2026-02-31') == today", "is no date"),
    ],
)
def test_what_cannot_be_evaluated_is_a_fault_with_the_place_and_the_value(formula: str, complaint: str) -> None:
    with pytest.raises(ExpressionError) as refused:
        met(formula)
    assert complaint in str(refused.value)


HOSTILE = [
    "",
    "   ",
    "x" * 2001,
    "x" * 1_000_000,
    "1 if",
    "a =",
    "a==",
    "(",
    "(" * 300 + ")" * 300,
    "not " * 400 + "x",
    "not " * 3000 + "x",
    "().__class__",
    "x.__init__",
    "getattr(x, 'y')",
    "__import__('os')",
    "open('/etc/passwd')",
    "eval('1')",
    "lambda: 1",
    "[x for x in y]",
    "(x for x in y)",
    "{x: 1 for x in y}",
    "f'{x:>999999999}'",
    "'%999999999d' % 1 == 1 and x()",
    "9**9**9",
    "1<<10**9",
    "10**400",
    "1e999 > 1",
    "9" * 1500,
    "x\0y",
    "\u202ex",
    "\u0430mount > 1",
    "(x := 1)",
    "await x",
    "*x",
    "x[0]",
    "x[1:2]",
    "{1: 2}",
    "{1}",
    "b'x'",
    "1j",
    "record.save()",
    "record.objects.all()",
    "x is None",
    "x @ y",
    "~x",
    "x | y",
    "'a'.join(y)",
    "len(x, y)",
    "len()",
    "len(x=1)",
    "if_(1)",
    "print(1)",
    "nan > 1 and inf()",
    "x; y",
    "import os",
    "x\ny",
    "...",
    "yield 1",
    "[[1]]",
    "'a' 'b' is c",
    "+x",
]


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: ascii(text[:30]))
def test_hostile_and_broken_formulas_are_refused_with_a_position(text: str) -> None:  # RELIABILITY EX
    with pytest.raises(ExpressionError) as refused:  # a few are well-formed, and read what is not there
        met(text)
    assert not isinstance(refused.value, FormulaError) or refused.value.position >= 0


@given(some.text(alphabet=string.printable, max_size=60))
def test_any_text_is_a_formula_or_an_error_and_never_anything_else(text: str) -> None:
    with contextlib.suppress(ExpressionError):
        met(text)


@given(
    some.recursive(
        some.sampled_from(
            [
                "1",
                "0",
                "'a'",
                "record.amount",
                "record.nothing",
                "record.name",
                "record.day",
                "record.tags",
                "true",
                "null",
                "today",
                "now",
                "9e23",
            ]
        ),
        lambda part: (
            some.builds(
                "({} {} {})".format, part, some.sampled_from(["+", "-", "*", "/", "%", "==", "!=", "<", ">", "and", "or", "in"]), part
            )
            | some.builds("not {}".format, part)
            | some.builds("days({})".format, part)
            | some.builds("round({}, {})".format, part, part)
        ),
        max_leaves=12,
    )
)
def test_any_well_formed_formula_has_a_value_or_a_fault(text: str) -> None:
    with contextlib.suppress(ExpressionError):
        met(text)


def test_requirements_are_rows_with_all_any_or_their_own_logic() -> None:
    yes, no, open_ = ("record.count", "equals", 3), ("record.count", "greater", 3), ("record.open", "equals", True)
    assert rows(yes, open_) is True
    assert rows(yes, no) is False
    assert rows(yes, no, logic="any") is True


@pytest.mark.parametrize("values", [(a, b, c) for a in (True, False) for b in (True, False) for c in (True, False)])
def test_custom_logic_follows_its_truth_table(values: tuple[bool, bool, bool]) -> None:
    a, b, c = values
    given = [("record.open", "equals", value) for value in values]
    assert rows(*given, logic="1 AND (2 OR 3)") is (a and (b or c))
    assert rows(*given, logic="not 1 or 2 and 3") is (not a or (b and c))


@pytest.mark.parametrize(
    "logic",
    ["1 AND", "1 AND (2 OR", "1 AND 4", "1 2", "0 AND 1", "x", "1 AND record.open", "", "__import__('os')", "1+2", "all()", 3, None],
)
def test_bad_logic_is_refused(logic: Any) -> None:
    with pytest.raises(ExpressionError):
        rows(("record.open", "equals", True), ("record.open", "equals", True), ("record.open", "equals", True), logic=logic)


@pytest.mark.parametrize(
    ("path", "name", "value", "expected"),
    [
        ("record.amount", "greater", 15, True),
        ("record.amount", "less_or_equal", 15, False),
        ("record.name", "contains", "lobe", True),
        ("record.name", "starts_with", "Glo", True),
        ("record.name", "ends_with", "Glo", False),
        ("record.name", "one_of", ["Acme", "Globex"], True),
        ("record.nothing", "is_empty", None, True),
        ("record.name", "is_not_empty", None, True),
        ("record.nothing", "not_equals", 1, False),
        ("record.day", "equals", "2026-11-23", True),
    ],
)
def test_each_operator(path: str, name: str, value: Any, expected: bool) -> None:
    assert rows((path, name, value)) is expected


def test_a_requirement_can_compare_with_another_value() -> None:
    document = {"rows": [{"path": "steps.ask.outputs.size", "operator": "greater", "other": "record.count"}]}
    assert expressions.condition(document).look(FACTS).met


@pytest.mark.parametrize(
    "document",
    [
        {"rows": []},
        {"rows": "all"},
        {"rows": [{}]},
        {"rows": [{"path": "record.name", "operator": "regex", "value": "(a+)+$"}]},
        {"rows": [{"path": "record.__class__", "operator": "equals", "value": 1}]},
        {"rows": [{"path": "1", "operator": "equals", "value": 1}]},
        {"rows": [{"path": "a", "operator": "equals", "other": "1+1"}]},
        {"rows": [{"path": "a", "operator": "equals", "value": {"_connector": "OR"}}]},
        {"formula": "1", "rows": []},
        {"formula": 3},
        {"flow": 3},
        {"_negated": True},
        [],
        "record.open",
        {"rows": [{"path": "a", "operator": "equals", "value": 1}] * 51},
    ],
    ids=str,
)
def test_what_is_no_condition_is_refused(document: Any) -> None:
    with pytest.raises(ExpressionError):
        expressions.condition(document or {"rows": []})


def test_an_empty_condition_always_holds() -> None:
    assert expressions.condition({}).look({}).met
    assert expressions.condition(None) == expressions.ALWAYS


def test_the_explanation_keeps_each_test_with_the_values_that_decided_it() -> None:  # R3.11
    verdict = expressions.condition({"formula": "record.amount > 20 and record.name == 'Globex'"}).look(FACTS)
    assert (verdict.met, list(verdict.facts)) == (
        False,
        [
            {"test": "record.amount > 20", "met": False, "found": {"record.amount": "15.1"}},
            {"test": "record.name == “Globex”", "met": True, "found": {"record.name": "“Globex”"}},
        ],
    )


@pytest.mark.parametrize(
    ("formula", "alone"),
    [
        ("now > record.due", True),
        ("record.day == today", True),
        ("record.manager.is_active", True),
        ("record.amount > 1", False),
        ("steps.ask.outputs.size == 1", False),
    ],
)
def test_a_condition_knows_whether_it_can_come_true_by_itself(formula: str, alone: bool) -> None:  # R3.8
    assert expressions.condition({"formula": formula}).changes_by_itself is alone
