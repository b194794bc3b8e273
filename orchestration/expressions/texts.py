"""Texts with values in them: `Quote of {{ record.account.name }}`. Paths and nothing else: no filters, no tags, no formulas.

    letter = expressions.text("Dear {{ record.name }}")
    letter.reads, letter.filled({"record": employee})

A value is put in as it is and never looked at again, whatever it holds.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from orchestration.errors import ExpressionError
from orchestration.expressions.formula import FormulaError, formula
from orchestration.expressions.paths import NEVER_READ, Scope, read
from orchestration.expressions.tree import Path

LONGEST = 20_000
"""Characters of a text as it is written."""

LONGEST_FILLED = 200_000
"""Characters of a text with its values."""

Escape = Callable[[str], str]


@dataclass(frozen=True)
class Text:
    """A text in parts: what stands there, and the paths whose values are put in. `reads` holds each path with its position."""

    parts: tuple[str | Path, ...]
    reads: tuple[tuple[str, int], ...]

    def filled(self, scope: Scope, escape: Escape = str) -> str:
        """The text with its values, each made harmless by `escape` for where the text goes.

        Raises ExpressionError when a path cannot be read, or the text becomes too long.
        """
        found = "".join(part if isinstance(part, str) else escape(written(read(part.path, scope))) for part in self.parts)
        if len(found) > LONGEST_FILLED:
            raise ExpressionError(_("With its values the text is longer than %(most)d characters.") % {"most": LONGEST_FILLED})
        return found


@lru_cache(maxsize=1024)
def text(source: str) -> Text:
    """The text in parts. Raises FormulaError with the position of what is none."""
    if len(source) > LONGEST:
        raise FormulaError(_("The text is longer than %(most)d characters.") % {"most": LONGEST}, LONGEST)
    if (position := source.find("\0")) >= 0:
        raise FormulaError(_("There is an invisible character."), position)
    if (position := source.find("{%")) >= 0:
        raise FormulaError(_("Only values can be put into a text, as {{ record.name }}: there are no tags."), position)
    parts: list[str | Path] = []
    reads: list[tuple[str, int]] = []
    end = 0
    while (start := source.find("{{", end)) >= 0:
        parts.append(source[end:start])
        end = source.find("}}", start)
        if end < 0:
            raise FormulaError(_("The value that begins here has no end: “}}” is missing."), start)
        path = _path(source[start + 2 : end], start)
        parts.append(path)
        reads.append((path.path, start))
        end += 2
    parts.append(source[end:])
    return Text(tuple(part for part in parts if part), tuple(reads))


def written(value: Any) -> str:
    """A value as people write it in a letter: nothing for null, dates in the site's format, lists with commas."""
    match value:
        case None:
            return ""
        case bool():
            return _("yes") if value else _("no")
        case Decimal() | float():
            return f"{Decimal(str(value)):f}"
        case datetime():
            return date_format(timezone.localtime(value) if timezone.is_aware(value) else value, "DATETIME_FORMAT")
        case date():
            return date_format(value, "DATE_FORMAT")
        case list() | tuple():
            return ", ".join(map(written, value))
    return str(value)


def _path(inside: str, position: int) -> Path:
    try:
        node = formula(inside)
    except FormulaError:
        node = None
    if not isinstance(node, Path):
        raise FormulaError(_("“%(inside).100s” is not the path of a value.") % {"inside": inside.strip()}, position)
    if forbidden := NEVER_READ & set(node.path.split(".")):
        raise FormulaError(_("“%(name)s” can be read nowhere.") % {"name": ", ".join(sorted(forbidden))}, position)
    return node
