"""Ends a screen flow that was built without code: its answers become outputs, and what it writes goes to the record."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import IntegerField, Model
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from orchestration import expressions
from orchestration.errors import Failure, Fault
from orchestration.flows import Flow
from orchestration.flows.built_screens import BuiltFilling
from orchestration.flows.documents import why_not_write
from orchestration.flows.fields import as_json
from orchestration.models import Attachment
from orchestration.models.records import model_label


def finish(flow: Flow, filling: BuiltFilling, answers: Mapping[str, Any]) -> dict[str, Any]:
    """The outputs of the flow, from the cleaned answers to all that was asked. Its writes are in the caller's transaction.

    Raises Failure, in words for the person, when the record does not take what is written; Fault when the document cannot be carried out.
    """
    if filling.document.writes:
        _write(filling)
    if flow.form.takes_files:
        filling.context.reach.hand_in({str(value.key) for value in answers.values() if isinstance(value, Attachment)})
    named = {name: expressions.source(source).value(filling.scope) for name, source in filling.document.outputs.items()}
    return {name: as_json(value) for name, value in {**answers, **named}.items()}


def _write(filling: BuiltFilling) -> None:
    record = filling.context.record
    if record is None:
        raise Fault(_("It writes the record, and there is none."), kind="record_gone")
    written = {name: expressions.source(source).value(filling.scope) for name, source in filling.document.writes.items()}
    for name, value in written.items():
        if why_not := why_not_write(model_label(record), name):
            raise Fault(why_not, kind="not_writable")
        _set(record, name, value)
    try:
        record.clean_fields(exclude={field.name for field in record._meta.concrete_fields} - written.keys())
    except ValidationError as error:
        raise Failure(" ".join(_said(record, name, messages) for name, messages in error.message_dict.items())) from error
    record.save(update_fields=list(written))


def _set(record: Model, name: str, value: Any) -> None:
    field = record._meta.get_field(name)
    if value is None and not getattr(field, "null", True) and getattr(field, "empty_strings_allowed", False):
        value = ""  # how Django's text columns say that there is nothing
    if isinstance(field, IntegerField) and isinstance(value, Decimal) and value != value.to_integral_value():
        raise Failure(_said(record, name, [_("Enter a whole number")]))
    try:
        setattr(record, name, value)
    except ValueError as error:  # a record of another model
        raise Failure(_said(record, name, [_("This cannot be taken")])) from error


def _said(record: Model, name: str, messages: list[str]) -> str:
    label = capfirst(str(getattr(record._meta.get_field(name), "verbose_name", name)))
    return f"{label}: {' '.join(messages)}"
