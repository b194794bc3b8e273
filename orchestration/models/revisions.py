"""Each change of a draft, kept: who made it and when, to be undone and redone, and to tell two people who edit at once."""

from typing import Any

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from orchestration import clock
from orchestration.models.definitions import Version
from orchestration.models.flows import FlowVersion


class RevisionQuerySet(models.QuerySet[Any]):
    """Revisions of drafts."""

    def standing(self) -> "RevisionQuerySet":
        """Those that are not undone, and whose document is still kept."""
        return self.filter(is_undone=False, document__isnull=False)


class Change(models.Model):
    """A draft after one change. The newest that is not undone is what the draft says.

    Of old ones the document goes and the change stays, for whoever asks who did what: `changes` are [place, before, after].
    """

    number = models.PositiveIntegerField(_("number"))
    document: Any = models.JSONField(_("document"), null=True)
    changes = models.JSONField(_("changes"), default=list)
    says = models.CharField(_("what was changed"), max_length=200)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("by"))
    by_label = models.CharField(_("by"), max_length=200, blank=True)
    at = models.DateTimeField(_("at"), default=clock.now)
    is_undone = models.BooleanField(_("undone"), default=False)

    objects = RevisionQuerySet.as_manager()

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.says

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save, the words cut to what fits."""
        self.says = self.says[:200]
        super().save(*args, **kwargs)


class Revision(Change):
    """Of the draft of a flow that is built without code."""

    version = models.ForeignKey(FlowVersion, models.CASCADE, related_name="revisions")

    class Meta:
        verbose_name = _("revision")
        verbose_name_plural = _("revisions")
        ordering = ["version", "number"]
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["version", "number"], name="revision_number_once")]


class DrawingRevision(Change):
    """Of the draft of an orchestration's version."""

    version = models.ForeignKey(Version, models.CASCADE, related_name="revisions")

    class Meta:
        verbose_name = _("revision of a drawing")
        verbose_name_plural = _("revisions of drawings")
        ordering = ["version", "number"]
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["version", "number"], name="drawing_revision_number_once")]
