"""Names a business record by text, so that no model has to change and history outlives the record."""

import json
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.apps import apps
from django.core.exceptions import ValidationError
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from orchestration.expressions import NEVER_READ

PLAIN = (str, int, float, bool, type(None), list, dict, Decimal, datetime, date, time, timedelta, UUID)
"""Types of column values that JSON can keep; any other (a file, say) is kept as its text."""


def model_label(record: models.Model | type[models.Model]) -> str:
    """The "app.model" of a record or a model; a proxy counts as its concrete model."""
    return record._meta.concrete_model._meta.label_lower  # type: ignore[union-attr]


def model_named(label: str) -> type[models.Model] | None:
    """The installed model with this label, or None when its app is gone."""
    try:
        return apps.get_model(label)
    except (LookupError, ValueError):
        return None


def reference(record: models.Model | None) -> dict[str, str]:
    """The columns of AboutRecord that name `record`, or no record."""
    if record is None:
        return {"record_model": "", "record_id": "", "record_label": ""}
    return {"record_model": model_label(record), "record_id": str(record.pk), "record_label": str(record)[:200]}


def snapshot(record: models.Model | None) -> dict[str, Any]:
    """The record's own columns as JSON values: what expressions read as `start`. Passwords and raw bytes are left out."""
    if record is None:
        return {}
    columns = {
        field.name: _plain(field.value_from_object(record))
        for field in record._meta.concrete_fields
        if field.name not in NEVER_READ and not isinstance(field, models.BinaryField)
    }
    kept: dict[str, Any] = json.loads(json.dumps(columns, cls=DjangoJSONEncoder))
    return kept


def _plain(value: Any) -> Any:
    return value if isinstance(value, PLAIN) else str(value)


class AboutRecord(models.Model):
    """Columns that name a record of any model."""

    record_model = models.CharField(_("record's model"), max_length=200, blank=True)
    record_id = models.CharField(_("record's key"), max_length=200, blank=True)
    record_label = models.CharField(_("record"), max_length=200, blank=True)

    class Meta:
        abstract = True

    @cached_property
    def record(self) -> Any:
        """The record as it was when this object was first asked for it: for whoever only looks, in one go."""
        return self.get_record()

    def get_record(self) -> Any:
        """The record as it is now; None when there is none, or it or its model is gone."""
        model = model_named(self.record_model)
        if model is None or not self.record_id:
            return None
        try:
            return model._default_manager.filter(pk=self.record_id).first()
        except (ValueError, ValidationError):
            return None
