"""What versions have in common, of orchestrations and of built flows: a draft can be edited, what has been active is frozen for good."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from orchestration import clock
from orchestration.states import VERSION_MOVES, VersionStatus, check_move


class Versioned(models.Model):
    """One version of something: draft, active, inactive."""

    number = models.PositiveIntegerField(_("number"))
    status = models.CharField(_("status"), max_length=10, choices=VersionStatus.choices, default=VersionStatus.DRAFT, editable=False)
    note = models.CharField(_("note"), max_length=200, blank=True)
    created_at = models.DateTimeField(_("created at"), default=clock.now, editable=False)
    activated_at = models.DateTimeField(_("activated at"), null=True, blank=True, editable=False)

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save; of a frozen version only single columns, as `move` and the engine write them."""
        if self.pk and self.is_frozen and "update_fields" not in kwargs:
            raise ValidationError(
                _("%(version)s has been active and cannot be changed. Make a new draft of it instead.") % {"version": self}
            )
        super().save(*args, **kwargs)

    @property
    def is_frozen(self) -> bool:
        """Whether it was ever active, and so can no longer be edited."""
        return self.status != VersionStatus.DRAFT

    def move(self, status: VersionStatus) -> None:
        """Go to `status` and save; raises IllegalMove."""
        check_move(VERSION_MOVES, self.status, status)
        self.status = status
        if status == VersionStatus.ACTIVE:
            self.activated_at = clock.now()
        self.save(update_fields=["status", "activated_at"])
