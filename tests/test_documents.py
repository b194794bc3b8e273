"""The documents say what the code does: every rule is named by a test, and the tables of statuses are those of `states.py`."""

import json
import re
from pathlib import Path

import pytest

from orchestration import states
from orchestration.flows import documents
from orchestration.flows.documents.elements import SEGMENTING
from orchestration.runner.interpreter import ELEMENTS

ROOT = Path(__file__).resolve().parent.parent
RULES = (ROOT / "docs/rules.md").read_text()
LIFECYCLE = (ROOT / "docs/lifecycle.md").read_text()
TESTS = "\n".join(path.read_text() for path in sorted((ROOT / "tests").rglob("test_*.py")))

NUMBERS = re.findall(r"^- \*\*(R\d+\.\d+)\*\*", RULES, re.MULTILINE)


def test_the_rules_are_numbered_once_and_in_order() -> None:
    assert len(NUMBERS) > 50
    assert sorted(NUMBERS, key=lambda rule: [int(part) for part in rule[1:].split(".")]) == NUMBERS
    assert len(set(NUMBERS)) == len(NUMBERS)


@pytest.mark.parametrize("rule", NUMBERS)
def test_every_rule_is_named_by_a_test(rule: str) -> None:
    assert re.search(rf"# .*\b{re.escape(rule)}\b(?!\d)", TESTS), f"no test names {rule}"


@pytest.mark.parametrize(
    ("heading", "moves"),
    [
        ("Version", states.VERSION_MOVES),
        ("Instance", states.INSTANCE_MOVES),
        ("Stage instance", states.STAGE_MOVES),
        ("Step instance", states.STEP_MOVES),
        ("Work item", states.WORK_ITEM_MOVES),
    ],
)
def test_the_tables_of_the_lifecycle_are_those_of_the_code(heading: str, moves: states.Moves) -> None:
    section = LIFECYCLE.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    rows = re.findall(r"^\| (\w+) \| ?([\w, ]*?) ?\|$", section, re.MULTILINE)
    written = {before: {after for after in afters.split(", ") if after} for before, afters in rows if before != "from"}
    assert written == {str(before): set(map(str, afters)) for before, afters in moves.items()}


def test_the_examples_of_flows_without_code_are_flows() -> None:
    screens, elements = map(json.loads, re.findall(r"```json\n(.*?)```", (ROOT / "docs/flows_without_code.md").read_text(), re.DOTALL))
    for kind, document in (("screen", screens), ("autolaunched", elements)):
        assert documents.problems(documents.parse(kind, document)) == []


def test_every_kind_of_element_is_described() -> None:
    table = (ROOT / "docs/flows_without_code.md").read_text()
    kinds = {*ELEMENTS, *(element.model_fields["kind"].annotation.__args__[0] for element in SEGMENTING)}
    assert {kind for kind in kinds if f"`{kind}`" not in table} == set()


def test_every_proof_that_the_page_on_reliability_names_is_there() -> None:
    named = set(re.findall(r"`(test_\w+)`", (ROOT / "docs/reliability.md").read_text()))
    assert len(named) > 20
    assert {name for name in named if f"def {name}(" not in TESTS} == set()
