"""The row of a flow: what permissions hang on. A flow in code gets its row when the database is migrated."""

from typing import Any

from django.db import models
from django.db.models.signals import post_migrate
from django.dispatch import receiver
from django.utils.translation import gettext_lazy as _

from orchestration import flows


class Flow(models.Model):
    """A flow that definitions may use, by its key in the catalogue."""

    key = models.CharField(_("key"), max_length=120, unique=True)
    label = models.CharField(_("label"), max_length=120)
    kind = models.CharField(_("kind"), max_length=20, choices=flows.FlowKind.choices)

    class Meta:
        verbose_name = _("flow")
        verbose_name_plural = _("flows")
        ordering = ["key"]
        permissions = [("run_flow", _("Can run flow"))]

    def __str__(self) -> str:
        return self.label


@receiver(post_migrate, dispatch_uid="orchestration.record_catalogue")
def record_catalogue(app_config: Any, **_signal: Any) -> None:
    """After each migrate, give every registered flow its row. Rows of flows that are gone stay, with their permissions."""
    if app_config.name != "orchestration":
        return
    for flow in flows.all_flows():
        Flow.objects.update_or_create(key=flow.key, defaults={"label": str(flow.label), "kind": flow.kind})
