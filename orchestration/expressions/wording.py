"""A condition as a sentence for people, and what is wrong with one that is being typed."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from difflib import get_close_matches
from typing import Any

from django.utils.translation import gettext as _

from orchestration.errors import ExpressionError
from orchestration.expressions.conditions import condition
from orchestration.expressions.formula import FormulaError, formula
from orchestration.expressions.readable import Readables
from orchestration.expressions.tree import Arithmetic, Call, Comparison, Evaluated, Literal, Logic, Node, Path, paths_in, shown

LABEL_BEGINS, LABEL_ENDS = "\ue000", "\ue001"
"""Around each label in a sentence with `marked=True`: signs that nobody types, for a page to make emphasis of."""


@dataclass(frozen=True)
class Mistake:
    """What is wrong with an expression: the sentence, the index of the character where it is, and what was probably meant."""

    message: str
    position: int = 0
    nearest: str = ""


def in_words(document: Mapping[str, Any] | None, known: Readables, *, marked: bool = False) -> str:
    """The condition as a clause: `Custom terms is yes`, `Discount is more than 15 and Owner is not empty`; empty when it always holds.

    Labels are those of `known`; a path that is not known there stands as it is. Raises ExpressionError when it is no condition.
    """
    speaker = _Speaker(known, marked)
    tree = condition(document).tree
    return speaker.clause(tree) if tree else ""


def check(source: str, known: Readables) -> Mistake | None:
    """What is wrong with a formula (a path is one too) where `known` can be read; None when nothing is."""
    try:
        tree = formula(source)
    except FormulaError as error:
        return Mistake(str(error), error.position)
    for path in paths_in(tree):
        if known.find(path) is None:
            return _unknown(path, known, _position(path, source))
    return _unlike(tree, known)


def check_condition(document: Mapping[str, Any] | None, known: Readables) -> Mistake | None:
    """The same for a condition. The position is that of a formula, or the index of a row."""
    if document and "formula" in document:
        return check(str(document["formula"]), known)
    try:
        condition(document)
    except ExpressionError as error:
        return Mistake(str(error))
    for place, row in enumerate((document or {}).get("rows", [])):
        for path in filter(None, (row.get("path"), row.get("other"))):
            if known.find(path) is None:
                return _unknown(path, known, place)
        if mistake := _unlike(condition({"rows": [row]}).tree, known):
            return Mistake(mistake.message, place)
    return None


class _Speaker:
    """Says a tree in words."""

    def __init__(self, known: Readables, marked: bool) -> None:
        self.known, self.is_marked = known, marked

    def marked(self, label: str) -> str:
        return f"{LABEL_BEGINS}{label}{LABEL_ENDS}" if self.is_marked else label

    def clause(self, node: Node | None) -> str:
        """A node that holds or does not."""
        match node:
            case Logic("not", (Call("is_empty", (thing,)),)):
                return _("%(thing)s is not empty") % {"thing": self.noun(thing)}
            case Logic("not", (Path() as path,)):
                return _("%(thing)s is no") % {"thing": self.noun(path)}
            case Logic("not", (part,)):
                return _("not (%(clause)s)") % {"clause": self.clause(part)}
            case Logic(word, parts):
                between = _(" and ") if word == "and" else _(" or ")
                return between.join(f"({self.clause(part)})" if _is_other_logic(part) else self.clause(part) for part in parts)
            case Comparison():
                return self._compared(node)
            case Call(name, (left, right)) if name in ("contains", "starts_with", "ends_with"):
                verb = {"contains": _("contains"), "starts_with": _("starts with"), "ends_with": _("ends with")}[name]
                return f"{self.noun(left)} {verb} {self.noun(right)}"
            case Call("is_empty", (thing,)):
                return _("%(thing)s is empty") % {"thing": self.noun(thing)}
            case Evaluated(flow, _):
                return _("%(flow)s says yes") % {"flow": self.marked(flow)}
            case None:
                return ""
        return _("%(thing)s is yes") % {"thing": self.noun(node)}

    def noun(self, node: Node) -> str:
        """A node that is a value."""
        match node:
            case Path("now"):
                return _("now")
            case Path("today"):
                return _("today")
            case Path(path):
                found = self.known.find(path)
                return self.marked(found.label if found else path)
            case Literal(str(text)):
                return f"“{text}”"
            case Literal(list(values)):
                return ", ".join(self.noun(Literal(value)) for value in values) or _("nothing")
            case Literal(value):
                return shown(value)
            case Arithmetic("-", Literal(Decimal()) as zero, right) if zero.value == 0:
                return f"−{self.noun(right)}"
            case Arithmetic(sign, left, right):
                return f"{self._part(left)} {SIGNS.get(sign, sign)} {self._part(right)}"
            case Call("if_", (test, yes, no)):
                words = {"yes": self.noun(yes), "no": self.noun(no), "test": self.clause(test)}
                return _("%(yes)s if %(test)s, else %(no)s") % words
            case Call(name, arguments):
                return f"{name}({', '.join(map(self.noun, arguments))})"
        return f"({self.clause(node)})"

    def _part(self, node: Node) -> str:
        return f"({self.noun(node)})" if isinstance(node, Arithmetic) else self.noun(node)

    def _compared(self, node: Comparison) -> str:
        match node:
            case Comparison("==" | "!=" as sign, thing, Literal(bool(value))):
                return f"{self.noun(thing)} {_('is yes') if value == (sign == '==') else _('is no')}"
            case Comparison("in" | "not in" as sign, thing, Literal(list()) as listed):
                return f"{self.noun(thing)} {_('is one of') if sign == 'in' else _('is none of')} {self.noun(listed)}"
            case Comparison("==" | "!=", Path(path), Literal(str(value))) if found := self.known.find(path):
                # A choice is said by its label.
                shown_as = dict(found.choices).get(value)
                if shown_as:
                    return f"{self.noun(node.left)} {VERBS[node.sign]()} “{shown_as}”"
        verbs = TIMES if _is_time(node.left, self.known) or _is_time(node.right, self.known) else {}
        return f"{self.noun(node.left)} {verbs.get(node.sign, VERBS[node.sign])()} {self.noun(node.right)}"


SIGNS = {"-": "−", "*": "×", "/": "÷", "%": "mod"}

VERBS = {
    "==": lambda: _("is"),
    "!=": lambda: _("is not"),
    "<": lambda: _("is less than"),
    "<=": lambda: _("is at most"),
    ">": lambda: _("is more than"),
    ">=": lambda: _("is at least"),
    "in": lambda: _("is in"),
    "not in": lambda: _("is not in"),
}

TIMES = {
    "<": lambda: _("is before"),
    "<=": lambda: _("is not after"),
    ">": lambda: _("is after"),
    ">=": lambda: _("is not before"),
}


def _is_other_logic(node: Node) -> bool:
    return isinstance(node, Logic) and node.word != "not"


def _is_time(node: Node, known: Readables) -> bool:
    return _type(node, known) in ("date", "datetime")


def _type(node: Node, known: Readables) -> str:
    """The type of the value, "" when it cannot be told beforehand."""
    match node:
        case Literal(bool()):
            return "yes_no"
        case Literal(Decimal()):
            return "number"
        case Literal(str()):
            return "text"
        case Literal(date()):
            return "date"
        case Path(path):
            found = known.find(path)
            return found.type if found else ""
        case Call("date", _):
            return "date"
        case Call("len" | "abs" | "round" | "min" | "max" | "days_between", _):
            return "number"
        case Call("lower" | "upper", _):
            return "text"
        case Comparison() | Logic():
            return "yes_no"
    return ""


def _unlike(node: Node | None, known: Readables) -> Mistake | None:
    """A comparison of two types that can never be compared; what an evaluation would refuse with certainty."""
    match node:
        case Comparison("in" | "not in", _, _):
            return None
        case Comparison(_, left, right):
            types = {_type(left, known), _type(right, known)}
            # A text beside a date is read as one, and dates go with date-times.
            if (
                types & {"", "list", "file"}
                or len(types) == 1
                or (types & {"date", "datetime"} and not types & {"number", "yes_no", "record"})
            ):
                return None
            names = {"left": _kind(left, known), "right": _kind(right, known), "test": str(node)}
            return Mistake(_("“%(test)s” compares %(left)s with %(right)s: they are never alike.") % names)
        case Logic(_, parts) | Call(_, parts):
            return next(filter(None, (_unlike(part, known) for part in parts)), None)
    return None


def _kind(node: Node, known: Readables) -> str:
    return {
        "text": _("a text"),
        "number": _("a number"),
        "yes_no": _("yes or no"),
        "date": _("a date"),
        "datetime": _("a date and time"),
        "record": _("a record"),
    }[_type(node, known)]


def _unknown(path: str, known: Readables, position: int) -> Mistake:
    nearest = near(path, known)
    said = _("There is no “%(path)s” here.") % {"path": path}
    if nearest:
        said += " " + _("Did you mean “%(nearest)s”?") % {"nearest": nearest}
    return Mistake(said, position, nearest)


def near(path: str, known: Readables) -> str:
    """The readable path that looks most like the one that is none; empty when nothing does."""
    paths = [readable.path for readable in known.all()]
    above, _dot, last = path.rpartition(".")
    beside = {other.rpartition(".")[2]: other for other in paths if other.rpartition(".")[0] == above}
    if close := get_close_matches(last, beside, n=1, cutoff=0.6):
        return beside[close[0]]
    if close := get_close_matches(path, paths, n=1, cutoff=0.9):
        return close[0]
    return next((other for other in paths if other.rpartition(".")[2] == last), "")


def _position(path: str, source: str) -> int:
    found = re.search(rf"(?<![\w.]){re.escape(path)}(?![\w.])", source)
    return found.start() if found else 0
