"""Ends a screen flow that was built without code: its answers become outputs, and what it writes goes to the record."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

import orchestration.runner.records as records
from orchestration import expressions
from orchestration.errors import Fault
from orchestration.flows import Flow
from orchestration.flows.built_screens import BuiltFilling
from orchestration.flows.fields import as_json
from orchestration.models import Attachment


def finish(flow: Flow, filling: BuiltFilling, answers: Mapping[str, Any]) -> dict[str, Any]:
    """The outputs of the flow, from the cleaned answers to all that was asked. Its writes are in the caller's transaction.

    Raises Fault when the record does not take what is written, or the document cannot be carried out.
    """
    context, document = filling.context, filling.document
    if document.writes:
        if context.record is None:
            raise Fault(_("It writes the record, and there is none."), kind="record_gone")
        records.update(context.record, _values(document.writes, filling), None if flow.as_system else context.user)
    if flow.form.takes_files:
        context.reach.hand_in({str(value.key) for value in answers.values() if isinstance(value, Attachment)})
    return {name: as_json(value) for name, value in {**answers, **_values(document.outputs, filling)}.items()}


def _values(sources: Mapping[str, Any], filling: BuiltFilling) -> dict[str, Any]:
    return {name: expressions.source(source).value(filling.scope) for name, source in sources.items()}
