"""A condition as a document: rows of requirements with their logic, a formula, or an evaluation flow."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Any

from django.utils.translation import gettext as _

from orchestration.errors import ExpressionError
from orchestration.expressions.formula import formula
from orchestration.expressions.paths import Scope
from orchestration.expressions.sources import path_node, source
from orchestration.expressions.texts import Text
from orchestration.expressions.tree import Call, Comparison, Evaluated, Evaluation, Literal, Logic, Node, Path, nodes_in, number, paths_in

MOST_ROWS = 50


@dataclass(frozen=True)
class Verdict:
    """What came of looking at a condition: whether it is met, and the tests that decided it, as JSON values."""

    met: bool
    facts: Sequence[Mapping[str, Any]] = ()


@dataclass(frozen=True)
class Condition:
    """A condition that can be looked at; `tree` is None for the one that always holds."""

    tree: Node | None = None

    @cached_property
    def reads(self) -> frozenset[str]:
        """Everything that it reads."""
        return frozenset(paths_in(self.tree)) if self.tree else frozenset()

    @cached_property
    def flows(self) -> frozenset[str]:
        """The keys of the evaluation flows that it looks at."""
        return frozenset(node.flow for node in nodes_in(self.tree) if isinstance(node, Evaluated)) if self.tree else frozenset()

    @property
    def changes_by_itself(self) -> bool:
        """Whether it can come true without a save of the instance's own record (R3.8): it names the time, or another record's field,
        or asks a flow, which may read anything.
        """
        return bool(self.flows) or any(
            path in ("now", "today") or (path.startswith("record.") and path.count(".") > 1) for path in self.reads
        )

    def look(self, scope: Scope) -> Verdict:
        """Look at it. Changes nothing (R3.9). Raises ExpressionError when it cannot be evaluated."""
        if self.tree is None:
            return Verdict(True)
        evaluation = Evaluation(scope)
        met = evaluation.met(self.tree)
        return Verdict(met, [asdict(fact) for fact in evaluation.facts])

    def __str__(self) -> str:
        return str(self.tree) if self.tree else _("always")


ALWAYS = Condition()


def _comparing(sign: str) -> Callable[[Node, Node], Node]:
    return lambda left, right: Comparison(sign, left, right)


def _calling(name: str) -> Callable[[Node, Node], Node]:
    return lambda left, right: Call(name, (left, right))


OPERATORS: Mapping[str, Callable[[Node, Node], Node]] = {
    "equals": _comparing("=="),
    "not_equals": _comparing("!="),
    "less": _comparing("<"),
    "less_or_equal": _comparing("<="),
    "greater": _comparing(">"),
    "greater_or_equal": _comparing(">="),
    "one_of": _comparing("in"),
    "contains": _calling("contains"),
    "starts_with": _calling("starts_with"),
    "ends_with": _calling("ends_with"),
    "is_empty": lambda left, _right: Call("is_empty", (left,)),
    "is_not_empty": lambda left, _right: Logic("not", (Call("is_empty", (left,)),)),
}
"""What a requirement can ask of a resource."""


def condition(document: Mapping[str, Any] | None) -> Condition:
    """The condition that a document describes; an empty one always holds.

    `{"rows": [{"path": …, "operator": …, "value": … or "other": path}], "logic": "all" | "any" | "1 AND (2 OR 3)"}`,
    `{"formula": text}`, or `{"flow": key of an evaluation flow, "inputs": {name: source}}`. Raises ExpressionError when it describes none.
    """
    match document:
        case None | {} if not document:
            return ALWAYS
        case {"formula": str(text)} if len(document) == 1:
            return Condition(formula(text))
        case {"rows": [*rows]} if set(document) <= {"rows", "logic"} and 0 < len(rows) <= MOST_ROWS:
            return Condition(_combined([_row(row) for row in rows], document.get("logic", "all")))
        case {"flow": str(key)} if set(document) <= {"flow", "inputs"} and isinstance(document.get("inputs", {}), Mapping):
            return Condition(Evaluated(key, tuple((name, _given(name, given)) for name, given in document.get("inputs", {}).items())))
    raise ExpressionError(_("This is no condition: %(document).200s") % {"document": document})


def _row(row: Any) -> Node:
    match row:
        case {"path": str(path), "operator": str(name)} if name in OPERATORS:
            left = path_node(path)
            if "other" in row:
                return OPERATORS[name](left, path_node(row["other"]))
            return OPERATORS[name](left, Literal(_literal(row.get("value"))))
    raise ExpressionError(_("This is no requirement: %(row).200s") % {"row": row})


def _given(name: Any, given: Any) -> Node:
    found = source(given).of
    if isinstance(found, Text) or not isinstance(name, str):
        raise ExpressionError(_("“%(name)s” of an evaluation flow is a value, a path or a formula.") % {"name": name})
    return found


def _literal(value: Any) -> Any:
    if isinstance(value, list):
        return [_literal(item) for item in value]
    if isinstance(value, bool | str | date | datetime) or value is None:
        return value
    return number(value)


def _combined(rows: list[Node], logic: Any) -> Node:
    if logic in ("all", "any"):
        return rows[0] if len(rows) == 1 else Logic("and" if logic == "all" else "or", tuple(rows))
    if not isinstance(logic, str):
        raise ExpressionError(_("The logic is “all”, “any”, or like “1 AND (2 OR 3)”."))
    return _custom(rows, logic)


def _custom(rows: list[Node], logic: str) -> Node:
    """Numbers stand for rows. Read as a formula in which row 2 is the name `row2`, so that it has the formula's fence."""
    words = re.fullmatch(r"(?:\s*(?:\d{1,3}|AND|OR|NOT|\(|\)))+\s*", logic, re.IGNORECASE)
    if words is None or len(logic) > 500:
        raise ExpressionError(_("The logic is “all”, “any”, or like “1 AND (2 OR 3)”."))
    named = re.sub(r"\d+", lambda found: f" row{int(found[0])} ", logic.lower())
    tree = formula(f"({named})")
    used = set(paths_in(tree))
    known = {f"row{number}": row for number, row in enumerate(rows, start=1)}
    if missing := sorted(used - known.keys()):
        raise ExpressionError(_("The logic names row %(row)s, and there are %(count)d rows.") % {"row": missing[0][3:], "count": len(rows)})
    return _with_rows(tree, known)


def _with_rows(tree: Node, rows: Mapping[str, Node]) -> Node:
    match tree:
        case Path(name):
            return rows[name]
        case Logic(word, parts):
            return Logic(word, tuple(_with_rows(part, rows) for part in parts))
    raise ExpressionError(_("The logic is “all”, “any”, or like “1 AND (2 OR 3)”."))
