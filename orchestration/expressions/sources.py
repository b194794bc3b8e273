"""Where a value comes from: it is written down, read from a path, calculated by a formula, or a text with values in it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from orchestration.errors import ExpressionError
from orchestration.expressions.formula import formula
from orchestration.expressions.paths import Scope, read
from orchestration.expressions.texts import Text, text
from orchestration.expressions.tree import Evaluation, Literal, Node, Path, paths_in

SOURCE_KINDS = ("path", "value", "formula", "text")


@dataclass(frozen=True)
class Source:
    """A source that has been read; its value can be asked for any number of times."""

    of: Node | Text

    @property
    def reads(self) -> frozenset[str]:
        """Every path that it reads."""
        return frozenset(path for path, _position in self.of.reads) if isinstance(self.of, Text) else frozenset(paths_in(self.of))

    def value(self, scope: Scope) -> Any:
        """Its value now; a record stays a record. Raises ExpressionError when it has none."""
        match self.of:
            case Text():
                return self.of.filled(scope)
            case Literal(value):
                return value
            case Path(path):
                return read(path, scope)
        return Evaluation(scope).value(self.of)


def source(document: Any) -> Source:
    """The source that a document describes: one of `{"value": 3}`, `{"path": "record.email"}`, `{"formula": "inputs.amount * 2"}` and
    `{"text": "Dear {{ record.name }}"}`. Raises ExpressionError when it describes none."""
    match document:
        case {"value": value} if len(document) == 1:
            return Source(Literal(value))
        case {"path": str(path)} if len(document) == 1:
            return Source(path_node(path))
        case {"formula": str(written)} if len(document) == 1:
            return Source(formula(written))
        case {"text": str(written)} if len(document) == 1:
            return Source(text(written))
    raise ExpressionError(_("“%(source).200s” is neither a value nor a path, a formula or a text.") % {"source": document})


def path_node(path: Any) -> Path:
    """The node of one path. Raises ExpressionError when it is no path."""
    node = formula(path) if isinstance(path, str) else None
    if not isinstance(node, Path):
        raise ExpressionError(_("“%(path).200s” is not the path of a value.") % {"path": path})
    return node


def value_of(document: Mapping[str, Any], scope: Scope) -> Any:
    """The value of a source now. Raises ExpressionError when there is none."""
    return source(document).value(scope)
