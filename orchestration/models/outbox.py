"""What was asked for and is still to be done: starts, and effects outside the database."""

from __future__ import annotations

from typing import Any, Self

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from orchestration import clock
from orchestration.models.definitions import Orchestration
from orchestration.models.instances import Instance, StepInstance
from orchestration.models.records import AboutRecord, reference, snapshot
from orchestration.states import EffectStatus, StartOutcome


class StartRequestQuerySet(models.QuerySet["StartRequest"]):
    def pending(self) -> Self:
        """Those that nobody has handled yet, oldest first."""
        return self.filter(outcome=StartOutcome.PENDING).order_by("pk")

    def about(self, orchestration: Orchestration, record: models.Model | None, **columns: Any) -> StartRequest:
        """A request, not inserted yet, for an instance about `record` as it is now (R2.2)."""
        now = {**reference(record), "start_values": snapshot(record), "requested_at": clock.now()}
        return StartRequest(orchestration=orchestration, **now, **columns)


class StartRequest(AboutRecord):
    """A start that was asked for in the transaction that saved a record; and, once handled, what came of it and why."""

    orchestration = models.ForeignKey(Orchestration, models.CASCADE, related_name="start_requests")
    start_values = models.JSONField(_("record at the start"), default=dict)
    inputs = models.JSONField(_("inputs"), default=dict, encoder=DjangoJSONEncoder)
    key = models.CharField(_("idempotency key"), max_length=200, null=True, blank=True)  # noqa: DJ001  null is not unique, "" would be
    due_at = models.DateTimeField(_("due at"), null=True, blank=True, help_text=_("The time of the record that started it."))
    starter = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    caused_by = models.ForeignKey(Instance, models.SET_NULL, null=True, blank=True, related_name="+")
    requested_at = models.DateTimeField(_("requested at"), default=clock.now)
    outcome = models.CharField(_("outcome"), max_length=10, choices=StartOutcome.choices, default=StartOutcome.PENDING)
    reason = models.TextField(_("reason"), blank=True)
    instance = models.OneToOneField(Instance, models.SET_NULL, null=True, blank=True, related_name="start_request")

    objects = StartRequestQuerySet.as_manager()

    class Meta:
        verbose_name = _("start request")
        verbose_name_plural = _("start requests")
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["orchestration", "key"], name="start_key_once"),
            models.UniqueConstraint(
                fields=["orchestration", "record_model", "record_id", "due_at"],
                condition=Q(due_at__isnull=False),
                name="due_time_once",
            ),
        ]
        indexes = [
            models.Index(fields=["id"], name="start_pending", condition=Q(outcome=StartOutcome.PENDING)),
        ]

    def __str__(self) -> str:
        return f"{self.orchestration} · {self.record_label}"


class Signal(models.Model):
    """“Look at this instance again”: something that its conditions read may have changed. Gone once it was looked at."""

    instance = models.ForeignKey(Instance, models.CASCADE, related_name="signals")
    created_at = models.DateTimeField(_("created at"), default=clock.now)

    class Meta:
        verbose_name = _("signal")
        verbose_name_plural = _("signals")
        ordering = ["pk"]

    def __str__(self) -> str:
        return str(self.instance)


class EffectKind(models.TextChoices):
    MAIL = "mail", _("Mail")
    SLACK = "slack", _("Slack message")


class EffectQuerySet(models.QuerySet["Effect"]):
    def due(self) -> Self:
        """Those to be delivered now: pending, their time come, and nobody else at it."""
        return self.filter(status=EffectStatus.PENDING, due_at__lte=clock.now()).order_by("due_at", "pk")


class Effect(models.Model):
    """Something that leaves the database once the step that asked for it is committed. Delivered at least once, under one key."""

    step_instance = models.ForeignKey(StepInstance, models.CASCADE, related_name="effects")
    kind = models.CharField(_("kind"), max_length=20, choices=EffectKind.choices)
    key = models.CharField(_("idempotency key"), max_length=80, unique=True)
    payload = models.JSONField(_("payload"))
    status = models.CharField(_("status"), max_length=10, choices=EffectStatus.choices, default=EffectStatus.PENDING)
    attempt = models.PositiveIntegerField(_("attempt"), default=0)
    due_at = models.DateTimeField(
        _("due at"), default=clock.now, help_text=_("While somebody delivers it: when to try again if nothing is heard.")
    )
    delivered_at = models.DateTimeField(_("delivered at"), null=True, blank=True)
    error = models.TextField(_("latest error"), blank=True)

    objects = EffectQuerySet.as_manager()

    class Meta:
        verbose_name = _("effect")
        verbose_name_plural = _("effects")
        ordering = ["-pk"]
        indexes = [
            models.Index(fields=["due_at", "id"], name="effect_due", condition=Q(status=EffectStatus.PENDING)),
        ]

    def __str__(self) -> str:
        return self.key
