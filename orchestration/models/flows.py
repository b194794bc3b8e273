"""The rows of flows: what permissions hang on, and the versions of those that are built without code.

A flow in code gets its row when the database is migrated. A built one has versions, each of them one document; they stand in the
catalogue too, on the shelf at the end of this file.
"""

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.db.models.signals import post_migrate
from django.dispatch import receiver
from django.utils.translation import gettext_lazy as _

from orchestration import flows
from orchestration.errors import FlowNotActive, Invalid
from orchestration.flows import documents
from orchestration.models.versions import Versioned
from orchestration.states import VersionStatus

key_validator = RegexValidator(
    r"^[A-Za-z0-9_]+\.[A-Za-z0-9_]+\Z", _("A key has two parts of letters, digits and underscores, with a dot between them.")
)


class Flow(models.Model):
    """A flow that definitions may use, by its key in the catalogue."""

    key = models.CharField(_("key"), max_length=120, unique=True, validators=[key_validator])
    label = models.CharField(_("label"), max_length=120)
    kind = models.CharField(_("kind"), max_length=20, choices=flows.FlowKind.choices)
    description = models.TextField(_("description"), blank=True)
    is_built = models.BooleanField(_("built without code"), default=False, editable=False)

    class Meta:
        verbose_name = _("flow")
        verbose_name_plural = _("flows")
        ordering = ["key"]
        permissions = [("run_flow", _("Can run flow"))]

    def __str__(self) -> str:
        return self.label

    @property
    def active_version(self) -> "FlowVersion | None":
        """The version that steps begin with, if there is one."""
        return self.versions.filter(status=VersionStatus.ACTIVE).first()


class FlowVersion(Versioned):
    """One version of a flow that is built without code: one document. Frozen for good once it has been active."""

    flow = models.ForeignKey(Flow, models.CASCADE, related_name="versions")
    document = models.JSONField(_("document"), default=dict)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, editable=False, related_name="+")

    class Meta:
        verbose_name = _("flow version")
        verbose_name_plural = _("flow versions")
        ordering = ["flow", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["flow", "number"], name="flow_version_number_once"),
            models.UniqueConstraint(fields=["flow"], condition=Q(status=VersionStatus.ACTIVE), name="one_active_flow_version"),
        ]

    def __str__(self) -> str:
        return f"{self.flow} v{self.number}"

    def parsed(self) -> Any:
        """Its document, read. Raises Invalid when it has not the shape of its kind: a draft may be unfinished."""
        return documents.parse(self.flow.kind, self.document)

    def as_flow(self) -> flows.Flow:
        """It as the catalogue has it, a draft too. Raises Invalid when its document has not the shape of its kind."""
        return flow_of(self.flow.key, self.flow.kind, self.flow.label, self.parsed(), self.pk, self.number)


def flow_of(key: str, kind: str, label: str, document: Any, version: int | None = None, number: int | None = None) -> flows.Flow:
    """What the catalogue holds of a document."""
    is_screens = isinstance(document, documents.ScreenDocument)
    return flows.Flow(
        key=key,
        kind=flows.FlowKind(kind),
        label=label,
        inputs=dict.fromkeys(document.inputs, object),
        required=frozenset(name for name, about in document.inputs.items() if about.get("required") and about.get("default") is None),
        declared=document.inputs,
        outputs=documents.outputs_of_flow(document),
        changes_record=is_screens and bool(document.writes),
        as_system=is_screens and document.as_system,
        document=document,
        version=version,
        number=number,
    )


class BuiltFlows:
    """The shelf of the flows that are built without code. Finding one costs one small query; its document is read once in each process."""

    def find(self, key: str, version: int | None) -> flows.Flow | None:
        """The flow of this version, or of the active one. Raises FlowNotActive when it has none."""
        if not key.startswith(f"{flows.BUILT}."):
            return None
        wanted = Q(pk=version) if version is not None else Q(status=VersionStatus.ACTIVE)
        found = FlowVersion.objects.filter(wanted, flow__key=key).values_list("pk", "activated_at", "flow__label").first()
        if found is not None:
            pk, activated_at, label = found
            return _read(pk, activated_at, label) if activated_at else _read.__wrapped__(pk, None, label)
        if flow := Flow.objects.filter(key=key).first():
            raise FlowNotActive(flow.label)
        return None

    def all(self) -> Iterable[flows.Flow]:
        """Those that have an active version."""
        active = FlowVersion.objects.filter(status=VersionStatus.ACTIVE)
        return [_read(*found) for found in active.values_list("pk", "activated_at", "flow__label")]


@lru_cache(maxsize=512)
def _read(version_id: int, _activated_at: object, label: str) -> flows.Flow:
    """A version by what tells it apart, also in a database that was made anew. A draft can change, and is not kept."""
    try:
        return FlowVersion.objects.select_related("flow").get(pk=version_id).as_flow()
    except Invalid as invalid:
        raise FlowNotActive(label, str(invalid)) from invalid


flows.add_shelf(BuiltFlows())


@receiver(post_migrate, dispatch_uid="orchestration.record_catalogue")
def record_catalogue(app_config: Any, **_signal: Any) -> None:
    """After each migrate, give every flow in code its row. Rows of flows that are gone stay, with their permissions."""
    if app_config.name != "orchestration":
        return
    for flow in flows.in_code():
        Flow.objects.update_or_create(key=flow.key, defaults={"label": str(flow.label), "kind": flow.kind})
