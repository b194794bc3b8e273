"""Lets a project's own models tell of bulk changes, for which Django sends no signal: `update`, `bulk_update`, `bulk_create`.

    class Quote(models.Model):
        objects = TellingQuerySet.as_manager()

Nothing of ours is imported in here, so that any `models.py` can import it.
"""

from typing import Any

from django.db import models, transaction
from django.dispatch import Signal

changing = Signal()
"""Records are about to be updated. A receiver that is interested answers with a function that is called when they have been."""

created = Signal()
"""Records have been created by `bulk_create`."""


class TellingQuerySet(models.QuerySet[Any]):
    """A queryset whose bulk changes start orchestrations, and have conditions looked at again, as saves do (R2.2).

    The change and what it asks for are one transaction. A model that nothing watches pays nothing. Raw SQL, and rows that
    `bulk_create(ignore_conflicts=True)` or `(update_conflicts=True)` touches without naming them, are not seen.
    """

    def update(self, **values: Any) -> int:
        """Django's `update`, and `bulk_update` by way of it."""
        with transaction.atomic(using=self.db, savepoint=False):
            answers: list[Any] = [answer for _receiver, answer in changing.send(sender=self.model, records=self) if answer]
            count = super().update(**values)
            for tell in answers:
                tell()
        return count

    update.alters_data = True  # type: ignore[attr-defined]

    def bulk_create(self, objs: Any, *args: Any, **kwargs: Any) -> list[Any]:
        """Django's `bulk_create`."""
        with transaction.atomic(using=self.db, savepoint=False):
            made = super().bulk_create(objs, *args, **kwargs)
            if not kwargs.get("update_conflicts") and (known := [record for record in made if record.pk is not None]):
                created.send(sender=self.model, records=known)
        return made
