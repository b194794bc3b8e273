"""A formula as text becomes a tree. Python's parser reads it; whatever is not on the short list below is refused, with its position."""

import ast
from decimal import Decimal
from functools import lru_cache

from django.utils.translation import gettext as _

from orchestration.errors import ExpressionError
from orchestration.expressions.tree import (
    FUNCTIONS,
    LONGEST_TEXT,
    Arithmetic,
    Call,
    Comparison,
    Literal,
    Logic,
    Node,
    Path,
    number,
)

LONGEST = 2000
MOST_NODES = 200
DEEPEST = 20

SIGNS: dict[type[ast.AST], str] = {
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.In: "in",
    ast.NotIn: "not in",
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.Mod: "%",
    ast.And: "and",
    ast.Or: "or",
}

WORDS = {"true": True, "false": False, "null": None, "empty": None}


class FormulaError(ExpressionError):
    """A formula that is none. `position` is the index of the character where it stops being one."""

    def __init__(self, message: str, position: int = 0) -> None:
        super().__init__(_("%(message)s (at character %(position)d)") % {"message": message, "position": position + 1})
        self.position = position


@lru_cache(maxsize=2048)
def formula(source: str) -> Node:
    """The tree of a formula. Raises FormulaError with the position when it cannot be one."""
    if not source.strip():
        raise FormulaError(_("The formula is empty."))
    if len(source) > LONGEST:
        raise FormulaError(_("The formula is longer than %(most)d characters.") % {"most": LONGEST}, LONGEST)
    for position, sign in enumerate(source):
        if not (sign.isprintable() or sign in "\n\t"):
            raise FormulaError(_("There is an invisible character."), position)
    try:
        parsed = ast.parse(source.strip(), mode="eval").body
    except SyntaxError as error:
        position = error.offset - 1 if error.offset else len(source.strip())  # without an offset: at the end, something is missing
        raise FormulaError(_("This is no formula: %(message)s.") % {"message": error.msg}, position) from None
    except (ValueError, MemoryError, RecursionError, OverflowError):
        raise FormulaError(_("This is no formula: it is nested too deeply, or holds too large a number.")) from None
    return _Reader().node(parsed, 0)


class _Reader:
    """Turns Python's syntax tree into ours, counting as it goes."""

    def __init__(self) -> None:
        self.nodes = 0

    def node(self, read: ast.expr, depth: int) -> Node:
        self.nodes += 1
        if self.nodes > MOST_NODES or depth > DEEPEST:
            raise FormulaError(_("The formula is too complicated. Split it up."), read.col_offset)
        match read:
            case ast.Constant():
                return self._literal(read)
            case ast.Name() | ast.Attribute():
                return self._path(read)
            case ast.BoolOp(op, values):
                return Logic(SIGNS[type(op)], tuple(self.node(value, depth + 1) for value in values))
            case ast.UnaryOp(ast.Not(), operand):
                return Logic("not", (self.node(operand, depth + 1),))
            case ast.UnaryOp(ast.USub(), operand):
                return Arithmetic("-", Literal(Decimal(0)), self.node(operand, depth + 1))
            case ast.BinOp(left, op, right) if type(op) in SIGNS:
                return Arithmetic(SIGNS[type(op)], self.node(left, depth + 1), self.node(right, depth + 1))
            case ast.Compare(left, ops, comparators):
                return self._comparison(read, [left, *comparators], ops, depth)
            case ast.IfExp(test, body, orelse):
                return Call("if_", tuple(self.node(part, depth + 1) for part in (test, body, orelse)))
            case ast.List(elements) | ast.Tuple(elements):
                return Literal([self._element(element) for element in elements])
            case ast.Call(ast.Name(name), arguments, []):
                return self._call(read, name, arguments, depth)
        raise FormulaError(_("This is not allowed in a formula."), read.col_offset)

    def _literal(self, read: ast.Constant) -> Literal:
        value = read.value
        if isinstance(value, str) and len(value) <= LONGEST_TEXT:
            return Literal(value)
        if isinstance(value, bool) or value is None:
            return Literal(value)
        if isinstance(value, int | float):
            try:
                return Literal(number(value))
            except ExpressionError as error:
                raise FormulaError(str(error), read.col_offset) from None
        raise FormulaError(_("This is not allowed in a formula."), read.col_offset)

    def _element(self, read: ast.expr) -> object:
        self.nodes += 1
        if self.nodes > MOST_NODES or not isinstance(read, ast.Constant):
            raise FormulaError(_("A list holds up to %(most)d plain values.") % {"most": MOST_NODES}, read.col_offset)
        return self._literal(read).value

    def _path(self, read: ast.Name | ast.Attribute) -> Node:
        names: list[str] = []
        place: ast.expr = read
        while isinstance(place, ast.Attribute):
            names.insert(0, place.attr)
            place = place.value
        if not isinstance(place, ast.Name):
            raise FormulaError(_("This is not allowed in a formula."), read.col_offset)
        names.insert(0, place.id)
        if any(name.startswith("_") or not name.isascii() for name in names):
            raise FormulaError(_("Names are plain letters, digits and underscores, beginning with a letter."), read.col_offset)
        if len(names) == 1 and names[0] in WORDS:
            return Literal(WORDS[names[0]])
        return Path(".".join(names))

    def _comparison(self, read: ast.expr, parts: list[ast.expr], ops: list[ast.cmpop], depth: int) -> Node:
        if any(type(op) not in SIGNS for op in ops):
            raise FormulaError(_("Compare with ==, !=, <, <=, >, >= or in."), read.col_offset)
        nodes = [self.node(part, depth + 1) for part in parts]
        pairs = [Comparison(SIGNS[type(op)], nodes[n], nodes[n + 1]) for n, op in enumerate(ops)]
        return pairs[0] if len(pairs) == 1 else Logic("and", tuple(pairs))

    def _call(self, read: ast.expr, name: str, arguments: list[ast.expr], depth: int) -> Node:
        if name not in FUNCTIONS:
            raise FormulaError(
                _("There is no function “%(name)s”. Known: %(known)s.") % {"name": name, "known": ", ".join(sorted(FUNCTIONS))},
                read.col_offset,
            )
        _function, fewest, most = FUNCTIONS[name]
        if not fewest <= len(arguments) <= most:
            raise FormulaError(
                _("%(name)s takes %(fewest)d to %(most)d values, not %(given)d.")
                % {"name": name, "fewest": fewest, "most": most, "given": len(arguments)},
                read.col_offset,
            )
        return Call(name, tuple(self.node(argument, depth + 1) for argument in arguments))
