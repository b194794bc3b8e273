"""The one tree that requirements and formulas become, and the one evaluator of it.

The rules (R3.9): a comparison with null is not met, ≠ included; `and`, `or` and `not` are two-valued; arithmetic with null gives null.
Numbers are decimal. What cannot be evaluated raises ExpressionError with the place and the value in it, never a silent false.
"""

import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Context, Decimal, InvalidOperation, Overflow
from typing import Any

from django.db.models import Model
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.translation import gettext as _

from orchestration.errors import ExpressionError
from orchestration.expressions.paths import Scope, read

LONGEST_TEXT = 10_000
"""Characters that a text may have while an expression is evaluated."""

LARGEST = Decimal(10) ** 24
"""The magnitude beyond which a number is refused."""

MATHS = Context(prec=34)


@dataclass(frozen=True)
class Literal:
    """A value written into the expression."""

    value: Any

    def __str__(self) -> str:
        return shown(self.value)


@dataclass(frozen=True)
class Path:
    """A value read from the facts."""

    path: str

    def __str__(self) -> str:
        return self.path


@dataclass(frozen=True)
class Comparison:
    """Two values compared: `sign` is a key of COMPARISONS."""

    sign: str
    left: "Node"
    right: "Node"

    def __str__(self) -> str:
        return f"{self.left} {self.sign} {self.right}"


@dataclass(frozen=True)
class Logic:
    """`and` or `or` over parts, or `not` over one."""

    word: str
    parts: tuple["Node", ...]

    def __str__(self) -> str:
        if self.word == "not":
            return f"not ({self.parts[0]})"
        return f" {self.word} ".join(f"({part})" if isinstance(part, Logic) else str(part) for part in self.parts)


@dataclass(frozen=True)
class Arithmetic:
    """Two values calculated with: `sign` is a key of ARITHMETIC."""

    sign: str
    left: "Node"
    right: "Node"

    def __str__(self) -> str:
        return f"({self.left} {self.sign} {self.right})"


@dataclass(frozen=True)
class Call:
    """A function of the short list FUNCTIONS."""

    name: str
    arguments: tuple["Node", ...]

    def __str__(self) -> str:
        return f"{self.name}({', '.join(map(str, self.arguments))})"


@dataclass(frozen=True)
class Evaluated:
    """An evaluation flow that decides, with what it is given."""

    flow: str
    inputs: tuple[tuple[str, "Node"], ...] = ()

    def __str__(self) -> str:
        return f"{self.flow}({', '.join(f'{name}={node}' for name, node in self.inputs)})"


Node = Literal | Path | Comparison | Logic | Arithmetic | Call | Evaluated


@dataclass(frozen=True)
class Fact:
    """One test that was looked at: its text, whether it was met, and the values that decided it."""

    test: str
    met: bool
    found: Mapping[str, str]


Evaluator = Callable[[str, Mapping[str, Any], Scope], tuple[bool, Sequence[Fact]]]
"""Looks at an evaluation flow: its key, its inputs, and what can be read here; whether it holds, and the tests that decided it."""


def _no_flows(key: str, _inputs: Mapping[str, Any], _scope: Scope) -> tuple[bool, Sequence[Fact]]:
    raise ExpressionError(_("There is no evaluation flow “%(key)s” here.") % {"key": key})


_evaluator: list[Evaluator] = [_no_flows]


def evaluate_flows_by(evaluator: Evaluator) -> None:
    """Say how evaluation flows are looked at. The catalogue of flows does so; expressions know none themselves."""
    _evaluator[0] = evaluator


@dataclass
class Evaluation:
    """One walk over a tree: the facts to read from, and those that were found."""

    scope: Scope
    facts: list[Fact] = field(default_factory=list)

    def value(self, node: Node) -> Any:
        """The node's value. Raises ExpressionError when it has none."""
        match node:
            case Literal(value):
                return value
            case Path(path):
                return _plain(read(path, self.scope))
            case Comparison():
                return self._tested(node, _compare(node, self.value(node.left), self.value(node.right)))
            case Logic(word, parts):
                return self._logic(word, parts)
            case Arithmetic(sign, left, right):
                return _calculate(sign, self.value(left), self.value(right))
            case Call("if_", (test, yes, no)):
                return self.value(yes) if self.met(test) else self.value(no)
            case Call(name, arguments):
                value = _call(name, [self.value(argument) for argument in arguments])
                return self._tested(node, value) if isinstance(value, bool) else value
            case Evaluated():
                return self._evaluated(node)

    def met(self, node: Node) -> bool:
        """Whether the node holds; null does not. Raises ExpressionError when it is neither true, false nor null."""
        value = self.value(node)
        if value is None:
            return False
        if not isinstance(value, bool):
            raise ExpressionError(_("“%(node)s” is %(value)s: neither yes nor no.") % {"node": node, "value": shown(value)})
        if isinstance(node, Path):
            self._tested(node, value)
        return value

    def _logic(self, word: str, parts: tuple[Node, ...]) -> bool:
        if word == "not":
            return not self.met(parts[0])
        # Every part is looked at, so that the explanation is whole and a fault does not hide behind a short cut.
        results = [self.met(part) for part in parts]
        return all(results) if word == "and" else any(results)

    def _evaluated(self, node: Evaluated) -> bool:
        inputs = {name: self.value(inner) for name, inner in node.inputs}
        met, facts = _evaluator[0](node.flow, inputs, self.scope)
        self.facts.append(Fact(str(node), met, {name: shown(value) for name, value in inputs.items()}))
        self.facts.extend(facts)
        return met

    def _tested(self, node: Node, met: bool) -> bool:
        found = {path: shown(_plain(read(path, self.scope))) for path in sorted(set(paths_in(node)))}
        self.facts.append(Fact(str(node), met, found))
        return met


def nodes_in(node: Node) -> Iterator[Node]:
    """Every node of the tree."""
    yield node
    match node:
        case Comparison(_, left, right) | Arithmetic(_, left, right):
            yield from nodes_in(left)
            yield from nodes_in(right)
        case Logic(_, parts) | Call(_, parts):
            for part in parts:
                yield from nodes_in(part)
        case Evaluated(_, inputs):
            for _name, part in inputs:
                yield from nodes_in(part)


def comparisons_in(node: "Node | None") -> Iterator[Comparison]:
    """Every comparison of an expression whose result it turns on."""
    match node:
        case Comparison():
            yield node
        case Logic(_word, parts):
            for part in parts:
                yield from comparisons_in(part)


def paths_in(node: Node) -> Iterator[str]:
    """Every path that the tree reads."""
    return (inner.path for inner in nodes_in(node) if isinstance(inner, Path))


def shown(value: Any) -> str:
    """A value as people read it in an explanation; at most 200 characters."""
    if value is None:
        return _("empty")
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, str):
        return f"“{value[:200]}”"
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    return str(value)[:200]


def number(value: Any) -> Decimal:
    """A value as a decimal number. Raises ExpressionError when it is none, or beyond all measure."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise ExpressionError(_("%(value)s is no number.") % {"value": shown(value)})
    decimal = Decimal(str(value)) if isinstance(value, float) else Decimal(value)
    if not decimal.is_finite() or abs(decimal) > LARGEST:
        raise ExpressionError(_("The number is too large."))
    return decimal


def text(value: Any) -> str:
    """A value as a text. Raises ExpressionError when it is none, or too long."""
    if not isinstance(value, str):
        raise ExpressionError(_("%(value)s is no text.") % {"value": shown(value)})
    if len(value) > LONGEST_TEXT:
        raise ExpressionError(_("The text is longer than %(most)d characters.") % {"most": LONGEST_TEXT})
    return value


def _plain(value: Any) -> Any:
    """A value read from the facts, in the types that expressions know."""
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int | float | Decimal):
        return number(value)
    return str(value) if isinstance(value, str) else value


COMPARISONS: Mapping[str, Callable[[Any, Any], Any]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "in": lambda left, right: left in right,
    "not in": lambda left, right: left not in right,
}

ARITHMETIC: Mapping[str, Callable[[Decimal, Decimal], Decimal]] = {
    "+": MATHS.add,
    "-": MATHS.subtract,
    "*": MATHS.multiply,
    "/": MATHS.divide,
    "%": MATHS.remainder,
}


def _compare(node: Comparison, left: Any, right: Any) -> bool:
    if left is None or right is None:
        return False
    if node.sign in ("in", "not in"):
        return _is_in(node, left, right)
    left, right = _alike(left, right)
    if node.sign in ("==", "!="):
        if not _comparable(left, right):
            raise _cannot_compare(node, left, right)
        return bool(COMPARISONS[node.sign](left, right))
    if isinstance(left, bool) or not _comparable(left, right) or not isinstance(left, Decimal | str | date | time | timedelta):
        raise _cannot_compare(node, left, right)
    return bool(COMPARISONS[node.sign](left, right))


def _is_in(node: Comparison, left: Any, right: Any) -> bool:
    if isinstance(right, str):
        return bool(COMPARISONS[node.sign](text(left), text(right)))
    if not isinstance(right, list | tuple):
        raise _cannot_compare(node, left, right)
    return bool(COMPARISONS[node.sign](left, [_plain(value) for value in right]))


def _alike(left: Any, right: Any) -> tuple[Any, Any]:
    """The two with dates in outputs and snapshots, which JSON keeps as text, made dates again beside a date."""
    if isinstance(left, date) and isinstance(right, str):
        right = _moment(right)
    elif isinstance(right, date) and isinstance(left, str):
        left = _moment(left)
    if isinstance(left, datetime) and isinstance(right, date) and not isinstance(right, datetime):
        left = timezone.localdate(left)
    elif isinstance(right, datetime) and isinstance(left, date) and not isinstance(left, datetime):
        right = timezone.localdate(right)
    return left, right


def _moment(value: str) -> Any:
    try:
        return (parse_date(value) if len(value) == 10 else parse_datetime(value)) or value
    except ValueError:
        return value


def _comparable(left: Any, right: Any) -> bool:
    if isinstance(left, Model) or isinstance(right, Model):
        return isinstance(left, Model) and isinstance(right, Model)
    return type(left) is type(right)


def _cannot_compare(node: Comparison, left: Any, right: Any) -> ExpressionError:
    return ExpressionError(
        _("“%(node)s”: %(left)s cannot be compared with %(right)s.") % {"node": node, "left": _kind(left), "right": _kind(right)}
    )


def _kind(value: Any) -> str:
    """A value with the name of its type, for the person who wrote the expression."""
    names = {bool: _("yes/no"), Decimal: _("number"), str: _("text"), date: _("date"), datetime: _("date and time"), list: _("list")}
    return f"{shown(value)} ({names.get(type(value), type(value).__name__)})"


def _calculate(sign: str, left: Any, right: Any) -> Any:
    if left is None or right is None:
        return None
    if sign == "+" and isinstance(left, str) and isinstance(right, str):
        return text(left + right)
    try:
        if isinstance(left, date | timedelta) or isinstance(right, date | timedelta):
            return _calculate_time(sign, left, right)
        return number(ARITHMETIC[sign](number(left), number(right)))
    except (ArithmeticError, InvalidOperation, Overflow, TypeError) as error:
        raise ExpressionError(
            _("%(left)s %(sign)s %(right)s cannot be calculated.") % {"left": _kind(left), "sign": sign, "right": _kind(right)}
        ) from error


def _calculate_time(sign: str, left: Any, right: Any) -> Any:
    if sign == "+":
        return left + right
    if sign == "-":
        return operator.sub(*_alike(left, right))
    raise TypeError(sign)


def _is_empty(value: Any) -> bool:
    return value is None or value in ("", [], {})


def _contains(whole: Any, part: Any) -> bool:
    if whole is None or part is None:
        return False
    if isinstance(whole, list):
        return part in [_plain(value) for value in whole]
    return text(part).casefold() in text(whole).casefold()


def _both_texts(test: Callable[[str, str], bool]) -> Callable[[Any, Any], bool]:
    def tested(whole: Any, part: Any) -> bool:
        return whole is not None and part is not None and test(text(whole).casefold(), text(part).casefold())

    return tested


def _unless_null(function: Callable[..., Any]) -> Callable[..., Any]:
    def guarded(*arguments: Any) -> Any:
        return None if any(argument is None for argument in arguments) else function(*arguments)

    return guarded


def _length(value: Any) -> Decimal:
    return Decimal(len(value if isinstance(value, list) else text(value)))


def _round(value: Any, places: Any = Decimal(0)) -> Decimal:
    wanted = int(number(places))
    if abs(wanted) > 20:
        raise ExpressionError(_("Round to at most 20 places."))
    return number(value).quantize(Decimal(1).scaleb(-wanted), context=MATHS)


def _a_date(value: Any) -> date:
    moment = _moment(text(value)) if isinstance(value, str) else value
    if isinstance(moment, datetime):
        return timezone.localdate(moment) if timezone.is_aware(moment) else moment.date()
    if not isinstance(moment, date):
        raise ExpressionError(_("%(value)s is no date. Write it as 2026-12-31.") % {"value": shown(value)})
    return moment


def _duration(unit: str) -> Callable[[Any], timedelta]:
    return lambda amount: timedelta(**{unit: float(number(amount))})


def _days_between(start: Any, end: Any) -> Decimal:
    return Decimal((_a_date(end) - _a_date(start)).days)


FUNCTIONS: Mapping[str, tuple[Callable[..., Any], int, int]] = {
    "is_empty": (_is_empty, 1, 1),
    "contains": (_contains, 2, 2),
    "starts_with": (_both_texts(str.startswith), 2, 2),
    "ends_with": (_both_texts(str.endswith), 2, 2),
    "lower": (_unless_null(lambda value: text(value).lower()), 1, 1),
    "upper": (_unless_null(lambda value: text(value).upper()), 1, 1),
    "len": (_unless_null(_length), 1, 1),
    "abs": (_unless_null(lambda value: abs(number(value))), 1, 1),
    "round": (_unless_null(_round), 1, 2),
    "min": (_unless_null(lambda *values: min(map(number, values))), 1, 10),
    "max": (_unless_null(lambda *values: max(map(number, values))), 1, 10),
    "date": (_unless_null(_a_date), 1, 1),
    "days": (_unless_null(_duration("days")), 1, 1),
    "hours": (_unless_null(_duration("hours")), 1, 1),
    "minutes": (_unless_null(_duration("minutes")), 1, 1),
    "days_between": (_unless_null(_days_between), 2, 2),
    "if_": (lambda test, yes, no: yes if test else no, 3, 3),
}
"""Each function with the fewest and the most arguments that it takes."""


def _call(name: str, arguments: list[Any]) -> Any:
    function, _fewest, _most = FUNCTIONS[name]
    try:
        return function(*arguments)
    except (ArithmeticError, ValueError, TypeError) as error:
        given = ", ".join(_kind(argument) for argument in arguments)
        raise ExpressionError(_("%(name)s(%(given)s) cannot be calculated.") % {"name": name, "given": given}) from error
