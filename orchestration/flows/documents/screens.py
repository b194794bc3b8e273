"""The document of a screen flow: screens with their items, the decisions at the end, and what is written."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Annotated, Any, Literal, Self

from django.utils.dateparse import parse_date, parse_datetime
from django.utils.translation import gettext as _
from pydantic import AfterValidator, StringConstraints, model_validator
from pydantic import Field as Bounds

from orchestration.flows.documents.parts import (
    MOST_NAMES,
    Condition,
    Document,
    FieldName,
    Label,
    Name,
    Part,
    PatternText,
    Source,
    Sources,
    Text,
    Words,
    a_model,
    a_source,
    refusal,
)

MOST_SCREENS = 30


NUMBERS = frozenset({"number", "money"})
TIMES = frozenset({"date", "datetime"})
TEXTS = frozenset({"text", "long_text", "email", "phone", "url"})
CHOOSING = frozenset({"choice", "multiple_choice", "radio"})

FieldType = Literal[
    "text",
    "long_text",
    "number",
    "money",
    "date",
    "datetime",
    "checkbox",
    "choice",
    "multiple_choice",
    "radio",
    "email",
    "phone",
    "url",
    "user",
    "record",
    "file",
]


class Pattern(Part):
    """What a text must look like as a whole, and what is said when it does not."""

    pattern: PatternText
    message: Label


class Check(Part):
    """A formula that must hold, and what is said when it does not."""

    formula: Annotated[str, AfterValidator(lambda value: a_source({"formula": value})["formula"])]
    message: Label


class Choice(Part):
    value: Annotated[str, StringConstraints(min_length=1, max_length=100)]
    label: Label


class Field(Part):
    """One question. Which of its settings make sense depends on its type."""

    kind: Literal["field"] = "field"
    name: Name
    type: FieldType
    label: Label
    help: Words = ""
    required: bool = False
    default: Source | None = None
    min: int | float | str | None = None
    max: int | float | str | None = None
    places: Annotated[int, Bounds(ge=0, le=6)] | None = None
    min_length: Annotated[int, Bounds(ge=0, le=10_000)] | None = None
    max_length: Annotated[int, Bounds(ge=1, le=10_000)] | None = None
    pattern: Pattern | None = None
    check: Check | None = None
    choices: Annotated[list[Choice], Bounds(max_length=200)] = []
    model: Annotated[str, AfterValidator(lambda value: value and a_model(value))] = ""
    show_when: Condition = {}

    @model_validator(mode="after")
    def _settings_fit_the_type(self) -> Self:
        told = {
            _("Only numbers and dates have a smallest and a largest value."): self.type not in NUMBERS | TIMES and self._has("min", "max"),
            _("Only texts have a length and a pattern."): self.type not in TEXTS and self._has("min_length", "max_length", "pattern"),
            _("Only numbers have decimal places."): self.type not in NUMBERS and self._has("places"),
            _("Give at least one choice."): self.type in CHOOSING and not self.choices,
            _("Only a choice has choices."): self.type not in CHOOSING and bool(self.choices),
            _("Two choices have the same value."): len({choice.value for choice in self.choices}) < len(self.choices),
            _("Name the model whose records can be looked up."): self.type == "record" and not self.model,
            _("Only a record has a model."): self.type != "record" and bool(self.model),
            _("The smallest length is larger than the largest."): (self.min_length or 0) > (self.max_length or 10_000),
        }
        for message, is_wrong in told.items():
            if is_wrong:
                raise refusal(message)
        low, high = self.limit("min"), self.limit("max")
        if low is not None and high is not None and low > high:
            raise refusal(_("The smallest value is larger than the largest."))
        return self

    def limit(self, which: Literal["min", "max"]) -> Any:
        """The smallest or the largest value in the type of the answers; None when there is none."""
        value = getattr(self, which)
        if value is None:
            return None
        if self.type in NUMBERS and not isinstance(value, str):
            return Decimal(str(value))
        found: Any = None
        if self.type in TIMES and isinstance(value, str):
            try:
                found = (parse_date if self.type == "date" else parse_datetime)(value)
            except ValueError:
                found = None
        if found is None or (self.type == "datetime" and found.tzinfo is None):
            raise refusal(_("“%(value)s” is no limit for this type of field.") % {"value": value})
        return found

    def _has(self, *names: str) -> bool:
        return any(getattr(self, name) is not None for name in names)


class DisplayText(Part):
    """Words on a screen, with values in them."""

    kind: Literal["text"]
    name: Name
    text: Text
    show_when: Condition = {}


class Section(Part):
    """Items under a heading."""

    kind: Literal["section"]
    name: Name
    label: Label
    items: list[Annotated[Field | DisplayText, Bounds(discriminator="kind")]] = []
    show_when: Condition = {}


class Group(Part):
    """Fields that are answered once for each of several rows."""

    kind: Literal["group"]
    name: Name
    label: Label
    help: Words = ""
    least: Annotated[int, Bounds(ge=0, le=100)] = 0
    most: Annotated[int, Bounds(ge=1, le=100)] = 20
    fields: Annotated[list[Field], Bounds(min_length=1)]
    show_when: Condition = {}

    @model_validator(mode="after")
    def _limits_fit(self) -> Self:
        if self.least > self.most:
            raise refusal(_("The smallest number of rows is larger than the largest."))
        if any(field.type == "file" for field in self.fields):
            raise refusal(_("A file stands by itself, not in a repeating group."))
        return self


Item = Annotated[Field | DisplayText | Section | Group, Bounds(discriminator="kind")]


class Screen(Part):
    """One page of questions."""

    name: Name
    title: Label
    intro: Text = ""
    show_when: Condition = {}
    items: list[Item] = []

    def fields(self) -> Iterator[Field | Group]:
        """Its questions in order, those in sections too; a repeating group counts as one."""
        for item in self.items:
            if isinstance(item, Section):
                yield from (inner for inner in item.items if isinstance(inner, Field))
            elif isinstance(item, Field | Group):
                yield item


class Outcome(Part):
    """A button that ends the flow with a decision."""

    value: Name
    label: Label
    tone: Literal["primary", "danger", "plain"] = "plain"
    comment: Literal["no", "optional", "required"] = "no"


class ScreenDocument(Document):
    """Screens that a person goes through; the answers are the outputs."""

    screens: Annotated[list[Screen], Bounds(min_length=1, max_length=MOST_SCREENS)]
    outcomes: Annotated[list[Outcome], Bounds(max_length=6)] = []
    writes: Annotated[dict[FieldName, Source], Bounds(max_length=MOST_NAMES)] = {}
    as_system: bool = False
    outputs: Annotated[Sources, Bounds(max_length=MOST_NAMES)] = {}

    @model_validator(mode="after")
    def _outcomes_differ(self) -> Self:
        if len({outcome.value for outcome in self.outcomes}) < len(self.outcomes):
            raise refusal(_("Two decisions have the same value."))
        return self

    def fields(self) -> Iterator[Field | Group]:
        """All questions in order; a repeating group counts as one."""
        for screen in self.screens:
            yield from screen.fields()


def items_of(items: Sequence[Any], place: str) -> Iterator[tuple[str, Any]]:
    """Every item with its place, those in sections and the fields of groups too."""
    for number, item in enumerate(items):
        yield f"{place}.{number}", item
        if isinstance(item, Section):
            yield from items_of(item.items, f"{place}.{number}.items")
        elif isinstance(item, Group):
            yield from items_of(item.fields, f"{place}.{number}.fields")
