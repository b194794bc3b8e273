"""Form fields for what definitions are made of, so that nobody types JSON: sources of values, conditions, rows of small things.

Each is a plain group of inputs that works without a script. `known` on a field says what can be read at its place; it proposes
those paths, and refuses others with the nearest one.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from django import forms
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.templatetags.static import static
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.text import capfirst
from django.utils.timezone import is_naive, make_aware
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from orchestration import expressions, values
from orchestration.admin.numbers import whole_number
from orchestration.errors import ExpressionError
from orchestration.expressions.readable import Readables
from orchestration.expressions.wording import Mistake, check, check_condition
from orchestration.flows import editing

NOT_SET, VALUE, PATH, FORMULA, TEXT = "", "value", "path", "formula", "text"

MODES = {
    NOT_SET: gettext_lazy("Not set"),
    VALUE: gettext_lazy("Fixed value"),
    PATH: gettext_lazy("Value of…"),
    FORMULA: gettext_lazy("Formula"),
    TEXT: gettext_lazy("Text with values"),
}

OPERATORS = {
    "equals": gettext_lazy("is"),
    "not_equals": gettext_lazy("is not"),
    "greater": gettext_lazy("is more than / after"),
    "greater_or_equal": gettext_lazy("is at least / not before"),
    "less": gettext_lazy("is less than / before"),
    "less_or_equal": gettext_lazy("is at most / not after"),
    "contains": gettext_lazy("contains"),
    "starts_with": gettext_lazy("starts with"),
    "ends_with": gettext_lazy("ends with"),
    "one_of": gettext_lazy("is one of (comma-separated)"),
    "is_empty": gettext_lazy("is empty"),
    "is_not_empty": gettext_lazy("is not empty"),
}
"""The operators of requirements in the order and the words in which they are offered."""

_ORDERED = frozenset({"greater", "greater_or_equal", "less", "less_or_equal"})
_IN_TEXT = frozenset({"contains", "starts_with", "ends_with"})
UNFIT: Mapping[str, frozenset[str]] = {
    "text": _ORDERED,
    "number": _IN_TEXT,
    "date": _IN_TEXT,
    "datetime": _IN_TEXT,
    "yes_no": _ORDERED | _IN_TEXT | {"one_of"},
    "record": _ORDERED | _IN_TEXT | {"one_of"},
    "file": frozenset(OPERATORS) - {"is_empty", "is_not_empty"},
    "list": frozenset(OPERATORS) - {"contains", "is_empty", "is_not_empty", "equals", "not_equals"},
}
"""Type of a value → the operators that make no sense with it. A script hides them; a row with one is refused."""

BLANK_ROWS = 2
MOST_ROWS = 200


def literal(text: str, kind: str) -> Any:
    """What somebody typed as a JSON value of the type; raises ValidationError when it is none. An unknown type takes what it looks like."""
    text = text.strip()
    try:
        match kind:
            case "number":
                return _number(text)
            case "yes_no":
                return _yes_no(text)
            case "date":
                return _checked(parse_date(text), text).isoformat()
            case "datetime":
                moment = _checked(parse_datetime(text), text)
                return (make_aware(moment) if is_naive(moment) else moment).isoformat()
            case "list":
                return [part.strip() for part in text.split(",") if part.strip()]
            case "text":
                return text
    except ValueError:
        raise ValidationError(NOT_OF[kind]) from None
    for other in ("number", "yes_no"):
        try:
            return literal(text, other)
        except ValidationError:
            continue
    return text


NOT_OF = {
    "number": gettext_lazy("Enter a number, like 12 or 0.5."),
    "yes_no": gettext_lazy("Enter yes or no."),
    "date": gettext_lazy("Enter a date as 2026-12-31."),
    "datetime": gettext_lazy("Enter a date and time as 2026-12-31 14:00."),
}


def typed_text(value: Any) -> str:
    """A JSON value as somebody would type it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return str(value)


class Known:
    """A field that knows what can be read where it stands."""

    known: Readables | None = None


class SourceWidget(forms.Widget):
    """A choice of how the value is given, and the words."""

    template_name = "orchestration/widgets/source.html"

    def __init__(self, modes: Iterable[str], attrs: Any = None, *, is_long: bool = False) -> None:
        self.modes, self.is_long = list(modes), is_long
        self.choices: Sequence[tuple[str, str]] = ()
        super().__init__(attrs)

    def value_from_datadict(self, data: Any, files: Any, name: str) -> dict[str, str]:
        """Mode and words; words without a mode are a fixed value."""
        words = data.get(name, "")
        return {"mode": data.get(f"{name}-mode", VALUE if words else NOT_SET), "words": words}

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:
        return name not in data and f"{name}-mode" not in data

    def get_context(self, name: str, value: Any, attrs: Any) -> dict[str, Any]:
        """Mode and words of a stored source, or of what was typed."""
        context = super().get_context(name, None, attrs)
        typed = value if isinstance(value, dict) and "mode" in value else typed_source(value)
        typed["mode"] = typed["mode"] if typed["mode"] in self.modes else self.modes[0]
        context["widget"] |= {
            "typed": typed,
            "modes": [(mode, MODES[mode]) for mode in self.modes],
            "is_long": self.is_long,
            "only": self.modes[0] if len(self.modes) == 1 else "",
            "proposals": self.choices,
            "mode_label": _labelled(self, attrs, _("how the value is given")),
        }
        return context


def _labelled(widget: forms.Widget, attrs: Any, words: str) -> str:
    """A name for a second control beside the one that has the label."""
    label = (attrs or {}).get("aria-label", "") or getattr(widget, "says", "")
    return f"{label}: {words}" if label else capfirst(words)


def typed_source(source: Any) -> dict[str, str]:
    """A stored source as mode and words."""
    if not isinstance(source, Mapping) or not source:
        return {"mode": NOT_SET, "words": ""}
    for mode in (PATH, FORMULA, TEXT):
        if mode in source:
            return {"mode": mode, "words": str(source[mode])}
    return {"mode": VALUE, "words": typed_text(source.get("value"))}


class SourceField(Known, forms.Field):
    """Where a value comes from; cleaned to a source as documents keep it, or None.

    `type` is what a fixed value must be. `with_text` offers texts with `{{ values }}` in them.
    """

    widget = SourceWidget

    def __init__(self, *, type: str = "", with_text: bool = False, modes: Sequence[str] = (), is_long: bool = False, **kwargs: Any) -> None:
        self.type = type
        offered = modes or [NOT_SET, VALUE, PATH, FORMULA, *([TEXT] if with_text else [])]
        if kwargs.get("required", True) and not modes:
            offered = offered[1:]
        super().__init__(widget=SourceWidget(offered, is_long=is_long), **kwargs)

    def clean(self, value: Any) -> Any:
        """The source; raises ValidationError with the position when it is none."""
        mode, words = value["mode"], value["words"].strip()
        if mode == NOT_SET or (not words and not (mode == VALUE and self.type == "text")):
            if self.required:
                raise ValidationError(self.error_messages["required"])
            return None
        if mode == VALUE:
            return {"value": literal(words, self.type)}
        if mode == TEXT:
            return {"text": checked_text(words, self.known)}
        if mode in (PATH, FORMULA):
            words = words.removeprefix("{{").removesuffix("}}").strip() if mode == PATH else words
            refuse_mistakes(check(words, self.known if self.known is not None else Anything()))
            if mode == PATH and not is_path(words):
                raise ValidationError(_("“%(words)s” is no single value. Choose “Formula” to calculate with it.") % {"words": words})
            return {mode: words}
        raise ValidationError(_("Choose how the value is given."))

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool(typed_source(initial) != data)


class Anything(Readables):
    """Where nobody knows what can be read: every path is taken."""

    def find(self, path: str) -> Any:
        """Something."""
        return expressions.Readable(path, path)


def is_path(words: str) -> bool:
    """Whether the words are one path."""
    return all(part.isidentifier() for part in words.split("."))


def refuse_mistakes(mistake: Mistake | None) -> None:
    """Raise what is wrong as a ValidationError."""
    if mistake is not None:
        raise ValidationError(mistake.message, params={"position": mistake.position, "nearest": mistake.nearest})


def checked_text(words: str, known: Readables | None) -> str:
    """A text whose `{{ paths }}` can all be read; raises ValidationError with the position of the first that cannot."""
    try:
        expressions.text(words)
    except ExpressionError as error:
        raise ValidationError(str(error), params={"position": getattr(error, "position", 0)}) from error
    for position, path in paths_of_text(words):
        mistake = check(path, known) if known is not None else None
        if mistake is not None:
            raise ValidationError(
                _("%(message)s (at character %(position)d)") % {"message": mistake.message, "position": position + 1},
                params={"position": position, "nearest": mistake.nearest},
            )
    return words


def paths_of_text(words: str) -> list[tuple[int, str]]:
    """The paths in a text, each with the index at which its braces open."""
    return [(found.start(), found[1]) for found in re.finditer(r"{{\s*([^{}]*?)\s*}}", words)]


class TextWidget(forms.Textarea):
    """A text in which values can stand."""

    def __init__(self, attrs: Any = None, *, is_line: bool = False) -> None:
        super().__init__({"data-orc-complete": "text", "rows": 1 if is_line else 4, **(attrs or {})})


class TextField(Known, forms.CharField):
    """A text with `{{ values }}`; its paths are checked."""

    def __init__(self, *, is_line: bool = False, **kwargs: Any) -> None:
        super().__init__(widget=TextWidget(is_line=is_line), max_length=kwargs.pop("max_length", 10_000), **kwargs)

    def clean(self, value: Any) -> str:
        """The text."""
        return checked_text(super().clean(value), self.known)


class PathInput(forms.TextInput):
    """One path, with proposals."""

    def __init__(self, attrs: Any = None) -> None:
        super().__init__({"data-orc-complete": "path", "autocomplete": "off", "spellcheck": "false", **(attrs or {})})


class PathField(Known, forms.CharField):
    """One path; cleaned to `{"path": …}` or None."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(widget=PathInput(), **kwargs)

    def prepare_value(self, value: Any) -> Any:
        return value.get("path", "") if isinstance(value, Mapping) else value

    def clean(self, value: Any) -> Any:
        """The source that the path is."""
        path = super().clean(value)
        if not path:
            return None
        refuse_mistakes(check(path, self.known if self.known is not None else Anything()))
        return {"path": path}


class RowsWidget(forms.Widget):
    """Rows of the same inputs, with some blank ones below."""

    template_name = "orchestration/widgets/rows.html"

    def __init__(self, columns: Mapping[str, forms.Field], *, most: int = MOST_ROWS, add: Any = "", blank: int = BLANK_ROWS) -> None:
        self.columns, self.most, self.add, self.blank = columns, most, add, blank
        super().__init__()

    def value_from_datadict(self, data: Any, files: Any, name: str) -> list[dict[str, Any]]:
        """One mapping for each row that is not all blank, in the order in which they stand."""
        rows = []
        for index in range(_count(data.get(f"{name}-rows"), self.most)):
            row = {
                column: field.widget.value_from_datadict(data, files, f"{name}-{index}-{column}") for column, field in self.columns.items()
            }
            if not all(_is_blank(field, row[column]) for column, field in self.columns.items()):
                rows.append(row)
        return rows

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:
        return f"{name}-rows" not in data

    def get_context(self, name: str, value: Any, attrs: Any) -> dict[str, Any]:
        """The cells of all rows, rendered."""
        context = super().get_context(name, None, attrs)
        rows = [*(value or []), *[{}] * self.blank][: self.most]
        context["widget"] |= {
            "headings": [field.label for field in self.columns.values()],
            "rows": [self._cells(name, attrs or {}, index, row) for index, row in enumerate(rows)],
            "count": len(rows),
            "sprite": static("workguide/orc-icons.svg"),
            "add": self.add or _("Add row"),
        }
        return context

    def _cells(self, name: str, attrs: Mapping[str, Any], index: int, row: Mapping[str, Any]) -> list[dict[str, Any]]:
        cells = []
        for column, field in self.columns.items():
            label = _("%(column)s, row %(number)d") % {"column": field.label, "number": index + 1}
            own = {"id": f"{attrs.get('id', name)}-{index}-{column}", "aria-label": label, "data-orc-row": str(index + 1)}
            value = field.prepare_value(row.get(column, field.initial if not row else None))
            html = field.widget.render(f"{name}-{index}-{column}", value, own)
            cells.append({"label": field.label, "html": html, "name": column, "is_wide": isinstance(field.widget, SourceWidget)})
        return cells


def _count(text: Any, most: int) -> int:
    return min(whole_number(text) or 0, most)


def _is_blank(field: forms.Field, value: Any) -> bool:
    if isinstance(value, dict):
        return not value.get("words")
    # A choice or a tick alone makes no row: each blank row has them.
    return isinstance(field, forms.ChoiceField | forms.BooleanField) or value in (None, "", [])


class RowsField(Known, forms.Field):
    """Rows with the same columns; cleaned to a list of mappings. `unique` names a column whose values differ."""

    is_composite = True

    def __init__(
        self, columns: Mapping[str, forms.Field], *, unique: str = "", add: Any = "", blank: int = BLANK_ROWS, **kwargs: Any
    ) -> None:
        self.columns, self.unique = columns, unique
        super().__init__(widget=RowsWidget(columns, add=add, blank=blank), **kwargs)

    def clean(self, value: Any) -> list[dict[str, Any]]:
        """The rows, each cell cleaned by its column; raises ValidationError naming row and column."""
        errors, rows = [], []
        for number, row in enumerate(value or [], start=1):
            cleaned = {}
            for name, column in self.columns.items():
                if isinstance(column, Known):
                    column.known = self.known
                try:
                    cleaned[name] = self.clean_cell(name, column, row)
                except ValidationError as error:
                    errors += [
                        ValidationError(
                            _("Row %(row)d, %(column)s: %(message)s") % {"row": number, "column": column.label, "message": message},
                            params={"row": number - 1, "column": name},
                        )
                        for message in error.messages
                    ]
            rows.append(cleaned)
        if self.unique and not errors:
            seen = [row[self.unique] for row in rows]
            doubled = sorted({str(one) for one in seen if seen.count(one) > 1})
            errors += [ValidationError(_("“%(value)s” stands there twice.") % {"value": value}) for value in doubled]
        if errors:
            raise ValidationError(errors)
        if self.required and not rows:
            raise ValidationError(self.error_messages["required"])
        return rows

    def clean_cell(self, name: str, column: forms.Field, row: Mapping[str, Any]) -> Any:
        """One cell."""
        return column.clean(row[name])

    def has_changed(self, initial: Any, data: Any) -> bool:
        return True


class ConditionWidget(forms.Widget):
    """Always, requirements, a formula, or an evaluation flow."""

    template_name = "orchestration/widgets/condition.html"

    def __init__(self, rows: RowsWidget, *, always: Any) -> None:
        self.rows, self.always = rows, always
        self.flows: Sequence[tuple[str, str]] = ()
        super().__init__()

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        """What was typed, of all ways; the mode says which counts."""
        return {
            "mode": data.get(f"{name}-mode", ""),
            "logic": data.get(f"{name}-logic", "all"),
            "custom": data.get(f"{name}-custom", ""),
            "formula": data.get(f"{name}-formula", ""),
            "flow": data.get(f"{name}-flow", ""),
            "rows": self.rows.value_from_datadict(data, files, f"{name}-row"),
            "inputs": self.inputs.value_from_datadict(data, files, f"{name}-input"),
        }

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:
        return f"{name}-mode" not in data

    @property
    def inputs(self) -> RowsWidget:
        """The inputs of an evaluation flow."""
        return RowsWidget(input_columns(), add=_("Add input"), blank=1)

    def get_context(self, name: str, value: Any, attrs: Any) -> dict[str, Any]:
        """All parts, rendered."""
        context = super().get_context(name, None, attrs)
        typed = value if isinstance(value, dict) and "mode" in value else typed_condition(value)
        identity = (attrs or {}).get("id", name)
        context["widget"] |= {
            "typed": typed,
            "always": self.always,
            "mode_label": _labelled(self, attrs, _("when")),
            "flows": self.flows,
            "rows": self.rows.render(f"{name}-row", typed["rows"], {"id": f"{identity}-row"}),
            "inputs": self.inputs.render(f"{name}-input", typed["inputs"], {"id": f"{identity}-input"}),
        }
        return context


def typed_condition(document: Any) -> dict[str, Any]:
    """A stored condition as what was typed."""
    typed: dict[str, Any] = {"mode": "", "logic": "all", "custom": "", "formula": "", "flow": "", "rows": [], "inputs": []}
    if not isinstance(document, Mapping) or not document:
        return typed
    if "formula" in document:
        return typed | {"mode": "formula", "formula": document["formula"]}
    if "flow" in document:
        inputs = [{"name": name, "source": source} for name, source in (document.get("inputs") or {}).items()]
        return typed | {"mode": "flow", "flow": document["flow"], "inputs": inputs}
    logic = str(document.get("logic", "all"))
    rows = [
        {
            "path": row.get("path"),
            "operator": row.get("operator"),
            "against": {"path": row["other"]} if "other" in row else {"value": row.get("value")} if row.get("value") is not None else None,
        }
        for row in document.get("rows", [])
    ]
    is_plain = logic in ("all", "any")
    return typed | {"mode": "rows", "logic": logic if is_plain else "custom", "custom": "" if is_plain else logic, "rows": rows}


def input_columns() -> dict[str, forms.Field]:
    """The inputs of a flow that is called: a name and where its value comes from."""
    return {
        "name": forms.CharField(label=_("Input"), max_length=60),
        "source": SourceField(label=_("Value")),
    }


class OperatorSelect(forms.Select):
    """The operators, each with the types of values that it makes no sense with, for the script that hides it then."""

    def create_option(self, name: str, value: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """One operator."""
        option: dict[str, Any] = super().create_option(name, value, *args, **kwargs)
        unfit = [kind for kind, operators in UNFIT.items() if str(value) in operators]
        if unfit:
            option["attrs"]["data-orc-unfit"] = " ".join(unfit)
        return option


class _Requirements(RowsField):
    """The rows of a condition. What is compared with is read in the type of what is compared."""

    def clean_cell(self, name: str, column: forms.Field, row: Mapping[str, Any]) -> Any:
        if name == "operator":
            return self._fitting(column.clean(row[name]), row["path"])
        if name != "against":
            return column.clean(row[name])
        assert isinstance(column, SourceField)
        if row["operator"] in ("is_empty", "is_not_empty"):
            return None
        found = self.known.find(row["path"]) if self.known is not None and row["path"] else None
        column.type = (
            "list" if row["operator"] == "one_of" else (found.type if found and found.type not in ("list", "record", "file") else "")
        )
        if found and found.choices and row["against"]["mode"] == VALUE and row["operator"] != "one_of":
            return {"value": _choice(row["against"]["words"], found.choices)}
        return column.clean(row["against"])

    def _fitting(self, operator: str, path: str) -> str:
        found = self.known.find(path) if self.known is not None and path else None
        if found and operator in UNFIT.get(found.type, ()):
            told = {"operator": OPERATORS[operator], "value": found.label, "type": str(WORDS.get(found.type, found.type)).lower()}
            raise ValidationError(_("“%(operator)s” does not fit “%(value)s”, which is a %(type)s. Choose another comparison.") % told)
        return operator


def _choice(words: str, choices: Iterable[tuple[str, str]]) -> str:
    """The value of a choice that was named by its label or its value; what was typed when it is neither."""
    wanted = words.strip().casefold()
    return next((value for value, label in choices if wanted in (value.casefold(), label.casefold())), words.strip())


class ConditionField(Known, forms.Field):
    """A condition; cleaned to its document, an empty one when it always holds."""

    is_composite = is_condition = True

    def __init__(self, *, always: Any = None, **kwargs: Any) -> None:
        columns = {
            "path": forms.CharField(label=_("Value"), widget=PathInput(), max_length=200),
            "operator": forms.ChoiceField(
                label=_("Comparison"), choices=list(OPERATORS.items()), initial="equals", widget=OperatorSelect()
            ),
            "against": SourceField(label=_("Compared with"), modes=[VALUE, PATH], required=True),
        }
        self.requirements = _Requirements(columns, add=_("Add requirement"), required=False, blank=1)
        self.inputs = RowsField(input_columns(), required=False)
        kwargs.setdefault("required", False)
        for unused in ("encoder", "decoder"):
            kwargs.pop(unused, None)
        widget = self.requirements.widget
        assert isinstance(widget, RowsWidget)
        kwargs["widget"] = ConditionWidget(widget, always=always or gettext_lazy("Always"))
        super().__init__(**kwargs)

    def clean(self, value: Any) -> dict[str, Any]:
        """The document; raises ValidationError with the row or the position of what is wrong."""
        document = self._document(value or {"mode": ""})
        if not document and self.required:
            raise ValidationError(_("Say when it holds."))
        if document and "flow" not in document:
            try:
                expressions.condition(document)
            except ExpressionError as error:
                raise ValidationError(str(error)) from error
            if self.known is not None:
                refuse_mistakes(check_condition(document, self.known))
        return document

    def _document(self, typed: Mapping[str, Any]) -> dict[str, Any]:
        match typed["mode"]:
            case "rows":
                self.requirements.known = self.known
                rows = [_requirement(row) for row in self.requirements.clean(typed["rows"])]
                if not rows:
                    raise ValidationError(_("Add a requirement, or choose “%(always)s”.") % {"always": self.widget.always})
                logic = typed["custom"].strip() if typed["logic"] == "custom" else typed["logic"]
                return {"rows": rows, "logic": logic or "all"}
            case "formula":
                if not typed["formula"].strip():
                    raise ValidationError(_("Write the formula."))
                return {"formula": typed["formula"].strip()}
            case "flow":
                if not typed["flow"]:
                    raise ValidationError(_("Choose an evaluation flow."))
                self.inputs.known = self.known
                inputs = {row["name"]: row["source"] for row in self.inputs.clean(typed["inputs"])}
                return {"flow": typed["flow"], "inputs": inputs} if inputs else {"flow": typed["flow"]}
        return {}

    def has_changed(self, initial: Any, data: Any) -> bool:
        return True


def _requirement(row: Mapping[str, Any]) -> dict[str, Any]:
    requirement = {"path": row["path"].strip(), "operator": row["operator"]}
    against = row["against"] or {}
    if "path" in against:
        return {**requirement, "other": against["path"]}
    return {**requirement, **({"value": against["value"]} if "value" in against else {})}


def _number(text: str) -> int | float:
    try:
        number = Decimal(text.replace(" ", ""))
    except InvalidOperation:
        raise ValueError(text) from None
    if not number.is_finite():
        raise ValueError(text)
    return int(number) if number == number.to_integral_value() and "." not in text else float(number)


def _yes_no(text: str) -> bool:
    words = {"yes": True, "true": True, _("yes"): True, "no": False, "false": False, _("no"): False}
    if text.lower() not in words:
        raise ValueError(text)
    return words[text.lower()]


def _checked(found: Any, text: str) -> Any:
    if found is None:
        raise ValueError(text)
    return found


# For steps of orchestrations -----------------------------------------------------------------------------------------


ASSIGNEES = {
    "": gettext_lazy("Choose…"),
    "queue": gettext_lazy("A queue"),
    "group": gettext_lazy("A group"),
    "user": gettext_lazy("A person"),
    "path": gettext_lazy("Whoever a value names"),
}


class AssigneeWidget(forms.Widget):
    """Who gets an interactive step."""

    template_name = "orchestration/widgets/assignee.html"

    def __init__(self) -> None:
        self.queues: Sequence[tuple[str, str]] = ()
        self.groups: Sequence[str] = ()
        self.people: Sequence[tuple[str, str]] = ()
        super().__init__()

    def value_from_datadict(self, data: Any, files: Any, name: str) -> dict[str, str]:
        """The kind, and the name that was given for that kind."""
        kind = data.get(f"{name}-kind", "")
        return {kind: data.get(f"{name}-{kind}", "").strip()} if kind else {}

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:
        return f"{name}-kind" not in data

    def get_context(self, name: str, value: Any, attrs: Any) -> dict[str, Any]:
        """All kinds, each with its control."""
        context = super().get_context(name, None, attrs)
        kind, chosen = next(iter(value.items()), ("", "")) if isinstance(value, Mapping) else ("", "")
        context["widget"] |= {
            "kind": kind,
            "chosen": chosen,
            "kinds": ASSIGNEES.items(),
            "queues": self.queues,
            "groups": self.groups,
            "people": self.people,
        }
        return context


class AssigneeField(Known, forms.Field):
    """Who gets an interactive step; cleaned to `{"queue": name}` and the like, or {}."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(widget=AssigneeWidget(), required=False, **{k: v for k, v in kwargs.items() if k in ("label", "help_text")})

    def clean(self, value: Any) -> dict[str, str]:
        """The assignee; raises ValidationError when nobody is named, or the path cannot be read."""
        kind, chosen = next(iter((value or {}).items()), ("", ""))
        if not kind:
            return {}
        if not chosen:
            raise ValidationError(_("Name who gets the step."))
        if kind == "user" and not get_user_model()._default_manager.filter(**{get_user_model().USERNAME_FIELD: chosen}).exists():
            raise ValidationError(_("There is no user “%(name)s”. Choose one of those that are proposed.") % {"name": chosen})
        if kind == "path":
            refuse_mistakes(check(chosen, self.known if self.known is not None else Anything()))
        return {kind: chosen}

    def has_changed(self, initial: Any, data: Any) -> bool:
        return (initial or {}) != (data or {})


class WordsField(forms.CharField):
    """A list of words, typed with commas between them."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(required=False, **{k: v for k, v in kwargs.items() if k in ("label", "help_text")})

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(value) if isinstance(value, list) else value

    def clean(self, value: Any) -> list[str]:
        """The words."""
        return [word.strip() for word in str(super().clean(value)).split(",") if word.strip()]

    def has_changed(self, initial: Any, data: Any) -> bool:
        return (initial or []) != self.clean(data)


def declaration_columns(models: Iterable[tuple[str, str]] = (), *, has_required: bool = True) -> dict[str, forms.Field]:
    """The columns of a declaration of inputs or variables."""
    columns: dict[str, forms.Field] = {
        "label": forms.CharField(label=_("Label"), max_length=100),
        "type": forms.ChoiceField(label=_("Type"), choices=type_choices(models)),
    }
    if has_required:
        columns["required"] = forms.BooleanField(label=_("Required"), required=False)
    columns["default"] = forms.CharField(label=_("Default"), required=False, max_length=1000)
    columns["name"] = forms.CharField(label=_("Name in expressions"), required=False, max_length=60)
    return columns


WORDS = {"text": gettext_lazy("Text"), "number": gettext_lazy("Number"), "yes_no": gettext_lazy("Yes or no"), "date": gettext_lazy("Date")}
WORDS |= {
    "datetime": gettext_lazy("Date and time"),
    "list": gettext_lazy("List"),
    "file": gettext_lazy("File"),
    "record": gettext_lazy("Record"),
}
"""How the types of values are called."""


def type_choices(models: Iterable[tuple[str, str]] = ()) -> list[tuple[str, Any]]:
    """The types of inputs and variables, a record of each model among them."""
    plain = [(name, WORDS[name]) for name in values.TYPES if name in WORDS and name != "record"]
    return [*plain, *((f"record:{label}", _("Record: %(model)s") % {"model": words}) for label, words in models)]


class DeclarationField(RowsField):
    """Inputs or variables; cleaned to their declaration, `{name: {"type": …, "label": …}}`."""

    def __init__(self, *, models: Iterable[tuple[str, str]] = (), has_required: bool = True, **kwargs: Any) -> None:
        columns = declaration_columns(models, has_required=has_required)
        told = {k: v for k, v in kwargs.items() if k in ("label", "help_text")}
        super().__init__(columns, required=False, add=_("Add"), blank=1, **told)

    def prepare_value(self, value: Any) -> Any:
        if not isinstance(value, Mapping):
            return value
        return [
            {
                "label": about.get("label") or capfirst(name.replace("_", " ")),
                "name": name,
                "type": f"record:{about['model']}" if about.get("model") else about.get("type"),
                "required": about.get("required", False),
                "default": typed_text(about.get("default")),
            }
            for name, about in value.items()
        ]

    def clean(self, value: Any) -> Any:
        """The declaration; raises ValidationError with the row of what is wrong."""
        declared: dict[str, Any] = {}
        errors: list[str] = []
        for number, row in enumerate(super().clean(value), start=1):
            name = row["name"].strip() or editing.free_name(row["label"], set(declared), fallback="value")
            if not editing.is_name(name) or name in declared:
                errors.append(_("Row %(row)d: “%(name)s” is no name, or is given twice.") % {"row": number, "name": name})
                continue
            kind, _colon, model = row["type"].partition(":")
            about: dict[str, Any] = {"type": kind, "label": row["label"], **({"model": model} if model else {})}
            if row.get("required"):
                about["required"] = True
            if row["default"]:
                try:
                    about["default"] = literal(row["default"], kind)
                except ValidationError as error:
                    errors.append(_("Row %(row)d, default: %(message)s") % {"row": number, "message": error.messages[0]})
            declared[name] = about
        if errors:
            raise ValidationError(errors)
        return declared
