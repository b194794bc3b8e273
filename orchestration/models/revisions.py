"""Each change of a flow's draft, kept: who made it and when, to be undone and redone, and to tell two people who edit at once."""

from typing import Any

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from orchestration import clock
from orchestration.models.flows import FlowVersion


class RevisionQuerySet(models.QuerySet["Revision"]):
    """Revisions of drafts."""

    def standing(self) -> "RevisionQuerySet":
        """Those that are not undone."""
        return self.filter(is_undone=False)


class Revision(models.Model):
    """The document of a draft after one change. The newest that is not undone is what the draft says."""

    version = models.ForeignKey(FlowVersion, models.CASCADE, related_name="revisions")
    number = models.PositiveIntegerField(_("number"))
    document = models.JSONField(_("document"))
    says = models.CharField(_("what was changed"), max_length=200)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("by"))
    by_label = models.CharField(_("by"), max_length=200, blank=True)
    at = models.DateTimeField(_("at"), default=clock.now)
    is_undone = models.BooleanField(_("undone"), default=False)

    objects = RevisionQuerySet.as_manager()

    class Meta:
        verbose_name = _("revision")
        verbose_name_plural = _("revisions")
        ordering = ["version", "number"]
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["version", "number"], name="revision_number_once")]

    def __str__(self) -> str:
        return self.says

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save, the words cut to what fits."""
        self.says = self.says[:200]
        super().save(*args, **kwargs)
