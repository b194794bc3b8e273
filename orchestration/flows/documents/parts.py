"""What the documents of flows are made of: names, texts, sources and conditions, each checked as it is read."""

import re
from typing import Annotated, Any

import re2
from django.apps import apps
from django.db.models import Model
from django.utils.translation import gettext as _
from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints
from pydantic import Field as Bounds
from pydantic_core import PydanticCustomError

from orchestration import expressions, values
from orchestration.errors import ExpressionError

MOST_NAMES = 200
"""Names that one declaration, or one mapping, may hold."""


class Part(BaseModel):
    """Any part of a document: takes the types of JSON as they are, and nothing that it does not know."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


def refusal(message: str) -> PydanticCustomError:
    return PydanticCustomError("refused", "{message}", {"message": message})


def a_source(value: Any) -> Any:
    """A source of a value: one of path, value, formula, text."""
    try:
        expressions.source(value)
    except ExpressionError as error:
        raise refusal(str(error)) from None
    return value


def _a_condition(value: Any) -> Any:
    try:
        expressions.condition(value)
    except ExpressionError as error:
        raise refusal(str(error)) from None
    return value


def _a_text(value: str) -> str:
    try:
        expressions.text(value)
    except ExpressionError as error:
        raise refusal(str(error)) from None
    return value


def _a_pattern(value: str) -> str:
    """A pattern of the engine that cannot run away: it knows no look-around and no back-reference, and takes linear time."""
    try:
        re2.compile(value, PATTERN_OPTIONS)
    except re2.error as error:
        raise refusal(_("This pattern cannot be used: %(error)s.") % {"error": error.args[0]}) from None
    return value


def _pattern_options() -> Any:
    options = re2.Options()
    options.log_errors = False
    options.max_mem = 1 << 20
    return options


PATTERN_OPTIONS = _pattern_options()


def _a_declaration(value: Any) -> Any:
    if found := values.problems_of(value):
        raise refusal(" ".join(found))
    if len(value) > MOST_NAMES:
        raise refusal(_("More than %(most)d names are declared.") % {"most": MOST_NAMES})
    return value


def a_model(value: str) -> str:
    label = value.lower()
    if not re.fullmatch(r"[a-z_][a-z0-9_]*\.[a-z_][a-z0-9_]*", label):
        raise refusal(_("Name the model as app.model."))
    return label


Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=60)]
Label = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Words = Annotated[str, StringConstraints(max_length=2000)]
Text = Annotated[str, StringConstraints(max_length=20_000), AfterValidator(_a_text)]
Line = Annotated[str, StringConstraints(max_length=1000, pattern=r"^[^\r\n]*$"), AfterValidator(_a_text)]
Source = Annotated[dict[str, Any], AfterValidator(a_source)]
Condition = Annotated[dict[str, Any], AfterValidator(_a_condition)]
Declaration = Annotated[dict[str, Any], AfterValidator(_a_declaration)]
ModelName = Annotated[str, AfterValidator(a_model)]
PatternText = Annotated[str, StringConstraints(min_length=1, max_length=200), AfterValidator(_a_pattern)]
FieldName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-zA-Z0-9_]*$", max_length=100)]
Sources = dict[Name, Source]
Values = Annotated[dict[FieldName, Source], Bounds(min_length=1, max_length=MOST_NAMES)]
Key = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_]+\.[A-Za-z0-9_]+$", max_length=120)]


class Document(Part):
    """What the documents of all kinds have: typed inputs, and the model of the record that the flow is made for (empty: any)."""

    inputs: Declaration = {}
    record_model: Annotated[str, AfterValidator(lambda value: value and a_model(value))] = ""


def installed_model(label: str) -> type[Model] | None:
    """The installed model with this label, or None."""
    try:
        return apps.get_model(label)
    except (LookupError, ValueError):
        return None


def no_model(label: str) -> str:
    """What is said when there is none."""
    return _("No installed app has a model “%(model)s”.") % {"model": label}


def join(place: str, name: object) -> str:
    """A place one level further in."""
    return f"{place}.{name}" if place else str(name)
