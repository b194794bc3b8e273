"""Where the Work Guide is shown on the pages of a model: a switch, so that no template need be edited."""

from collections.abc import Callable

from django.db import models
from django.utils.translation import gettext_lazy as _

has_record_page: list[Callable[[str], bool]] = []
"""Whoever brings record pages says here of which models: the Work Guide's app does when it is ready."""


class PlacementManager(models.Manager["WorkGuidePlacement"]):
    def of(self, label: str) -> "WorkGuidePlacement":
        """Where it is shown for the model with this "app.model"; on both pages as long as nobody has said otherwise."""
        return self.filter(record_model=label).first() or WorkGuidePlacement(record_model=label)


class WorkGuidePlacement(models.Model):
    """On which pages of a model's records the Work Guide is shown."""

    record_model = models.CharField(_("record's model"), max_length=200, unique=True)
    on_record_page = models.BooleanField(_("on the record page"), default=True)
    on_admin_page = models.BooleanField(_("on the admin page"), default=True)

    objects = PlacementManager()

    class Meta:
        verbose_name = _("placement of the Work Guide")
        verbose_name_plural = _("placements of the Work Guide")
        default_permissions = ()

    def __str__(self) -> str:
        return self.record_model
