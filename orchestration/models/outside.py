"""What flows reach outside the database: endpoints and the secrets they need; and the files that flows and people attach."""

from __future__ import annotations

import hashlib
import os
import re
import uuid
from typing import Any, Self

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext as _say
from django.utils.translation import gettext_lazy as _

from orchestration import clock, sealing, secrecy
from orchestration.errors import Fault
from orchestration.models.instances import Instance, StepInstance, WorkItem, name_of
from orchestration.models.people import Person
from orchestration.models.records import AboutRecord, reference

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")

VARIABLES = r"\AORCHESTRATION_SECRET_[A-Z0-9_]+\Z"
"""Variables that may be sent out. Any other, such as the key of the site, is nobody's to send."""

api_name = RegexValidator(r"\A[a-z][a-z0-9_]*\Z", _("Use lower-case letters, digits and underscores, beginning with a letter."))
header_name = RegexValidator(r"\A[A-Za-z0-9-]{1,100}\Z", _("A header's name has letters, digits and hyphens."))
one_line = RegexValidator(r"\A[\x20-\x7e]*\Z", _("Use one line of plain characters."))


class Secret(models.Model):
    """A password or token by name: the name of an environment variable that holds it, or the value itself, sealed.

    The value can be replaced and used, never read: no page, log, milestone or export shows it.
    """

    name = models.CharField(_("name"), max_length=60, unique=True, validators=[api_name])
    environment = models.CharField(
        _("environment variable"),
        max_length=100,
        blank=True,
        validators=[RegexValidator(VARIABLES, _("Its name begins with ORCHESTRATION_SECRET_ and has capital letters and digits."))],
        help_text=_("ORCHESTRATION_SECRET_… that holds the value, in every process. Then nothing is stored here."),
    )
    sealed = models.TextField(_("sealed value"), blank=True, editable=False)
    changed_at = models.DateTimeField(_("changed at"), default=clock.now, editable=False)

    class Meta:
        verbose_name = _("secret")
        verbose_name_plural = _("secrets")
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                condition=Q(environment="") & ~Q(sealed="") | ~Q(environment="") & Q(sealed=""),
                name="secret_in_one_place",
                violation_error_message=_("Name an environment variable or enter a value, and not both."),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def keep(self, value: str) -> None:
        """Seal a new value in place of what there was; the row is not saved."""
        self.environment, self.sealed, self.changed_at = "", sealing.seal(value), clock.now()

    def reveal(self) -> str:
        """The value, for whoever sends it. Raises Fault when it cannot be had, or could break out of a header."""
        value = self._from_environment() if self.environment else sealing.unseal(self.sealed)
        if not value:
            raise Fault(
                _say("Secret “%(name)s”: the environment variable %(variable)s is not set.")
                % {"name": self.name, "variable": self.environment},
                kind="secret",
            )
        if not (value.isascii() and value.isprintable()):
            raise Fault(_say("Secret “%(name)s” is not one line of plain characters.") % {"name": self.name}, kind="secret")
        return value

    @property
    def is_set(self) -> bool:
        """Whether there is a value, as far as this process can tell."""
        return bool(self._from_environment() if self.environment else self.sealed)

    def _from_environment(self) -> str:
        if not re.match(VARIABLES, self.environment):
            return ""
        return secrecy.remembered(os.environ.get(self.environment, "").strip())


class EndpointKind(models.TextChoices):
    HTTP = "http", _("HTTP")
    SLACK = "slack", _("Slack")


class Endpoint(models.Model):
    """A place outside that flows may call, by name. Flows name endpoints and never addresses, so nobody can point one elsewhere."""

    api_name = models.CharField(_("API name"), max_length=60, unique=True, validators=[api_name])
    label = models.CharField(_("label"), max_length=100)
    kind = models.CharField(_("kind"), max_length=10, choices=EndpointKind.choices, default=EndpointKind.HTTP)
    url = models.CharField(
        _("base address"),
        max_length=500,
        blank=True,
        help_text=_("https://helpdesk.example.com/api/v2. What a flow gives as path is added to it. Not for Slack."),
    )
    methods = models.JSONField(_("methods"), default=list, blank=True, help_text=_("What flows may do there, such as GET and POST."))
    timeout = models.PositiveSmallIntegerField(
        _("time-out"),
        default=10,
        validators=[MinValueValidator(1), MaxValueValidator(60)],
        help_text=_("Seconds for the whole call."),
    )
    secret = models.ForeignKey(
        Secret,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="endpoints",
        verbose_name=_("secret"),
        help_text=_("For Slack: the bot's token, or the address of an incoming webhook."),
    )
    channel = models.CharField(
        _("channel"), max_length=100, blank=True, validators=[one_line], help_text=_("For Slack with a bot's token.")
    )

    class Meta:
        verbose_name = _("endpoint")
        verbose_name_plural = _("endpoints")
        ordering = ["api_name"]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind=EndpointKind.HTTP) & ~Q(url="") | Q(kind=EndpointKind.SLACK, url="", secret__isnull=False),
                name="endpoint_has_an_address",
                violation_error_message=_("An HTTP endpoint needs a base address; one of Slack needs a secret and no address."),
            ),
        ]

    def __str__(self) -> str:
        return self.label

    def clean(self) -> None:
        """Raise ValidationError for methods that there are not."""
        if not isinstance(self.methods, list) or any(method not in METHODS for method in self.methods):
            raise ValidationError({"methods": _("Choose from %(methods)s.") % {"methods": ", ".join(METHODS)}})

    def revealed_headers(self) -> dict[str, str]:
        """The headers of each call, secrets and all. Raises Fault when a secret cannot be had."""
        return {header.name: header.revealed() for header in self.headers.select_related("secret")}


class EndpointHeader(models.Model):
    """A header that every call to an endpoint carries: `Authorization`, “Bearer” and a secret."""

    endpoint = models.ForeignKey(Endpoint, models.CASCADE, related_name="headers")
    name = models.CharField(_("header"), max_length=100, validators=[header_name])
    text = models.CharField(
        _("text"),
        max_length=500,
        blank=True,
        validators=[one_line],
        help_text=_("What stands before the secret, with a space between: “Bearer”."),
    )
    secret = models.ForeignKey(Secret, models.PROTECT, null=True, blank=True, related_name="headers", verbose_name=_("secret"))

    class Meta:
        verbose_name = _("header")
        verbose_name_plural = _("headers")
        ordering = ["endpoint", "name"]
        constraints = [models.UniqueConstraint(fields=["endpoint", "name"], name="header_once")]

    def __str__(self) -> str:
        return self.name

    def revealed(self) -> str:
        """Its value, secret and all. Raises Fault when the secret cannot be had."""
        return " ".join(filter(None, (self.text, self.secret.reveal() if self.secret else "")))


class AttachmentQuerySet(models.QuerySet["Attachment"]):
    def for_record(self, record: models.Model) -> Self:
        """Those of this record, newest first; what is only part of a draft is not among them."""
        names = reference(record)
        return self.filter(record_model=names["record_model"], record_id=names["record_id"], is_draft=False).order_by("-pk")

    def keep(
        self,
        content: bytes,
        *,
        name: str,
        content_type: str,
        record: models.Model | None = None,
        instance: Instance | None = None,
        step_instance: StepInstance | None = None,
        work_item: WorkItem | None = None,
        by: Person | None = None,
        is_draft: bool = False,
    ) -> Attachment:
        """Keep a file, in the transaction in hand. `content_type` is what it was found to be, not what somebody says that it is."""
        return self.create(
            **reference(record),
            content=content,
            name=safe_name(name),
            size=len(content),
            sha256=hashlib.sha256(content).hexdigest(),
            content_type=content_type,
            instance=instance or (step_instance.instance if step_instance else work_item.instance if work_item else None),
            step_instance=step_instance,
            work_item=work_item,
            made_by=by,
            made_label=name_of(by),
            made_at=clock.now(),
            is_draft=is_draft,
        )


class AttachmentManager(models.Manager.from_queryset(AttachmentQuerySet)):  # type: ignore[misc]
    def get_queryset(self) -> AttachmentQuerySet:
        """Without the content: lists of files need not load them."""
        found: AttachmentQuerySet = super().get_queryset().defer("content")
        return found


class Attachment(AboutRecord):
    """A file about a record: made by a flow, or handed in with a work item. Never changed once kept.

    The content is in the database: it is committed with the step that made it, or not at all, and no address leads to it but the one
    that asks for permission.
    """

    key = models.UUIDField(_("key"), default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField(_("file name"), max_length=150)
    content = models.BinaryField(_("content"))
    size = models.PositiveIntegerField(_("bytes"))
    sha256 = models.CharField(_("SHA-256"), max_length=64)
    content_type = models.CharField(_("content type"), max_length=100)
    instance = models.ForeignKey(Instance, models.CASCADE, null=True, blank=True, related_name="attachments")
    step_instance = models.ForeignKey(StepInstance, models.CASCADE, null=True, blank=True, related_name="attachments")
    work_item = models.ForeignKey(WorkItem, models.CASCADE, null=True, blank=True, related_name="attachments")
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    made_label = models.CharField(_("made by"), max_length=150, blank=True)
    made_at = models.DateTimeField(_("made at"), default=clock.now)
    is_draft = models.BooleanField(_("part of a draft"), default=False, help_text=_("Handed in, and its work item is not completed yet."))

    objects = AttachmentManager()

    class Meta:
        verbose_name = _("attachment")
        verbose_name_plural = _("attachments")
        ordering = ["-pk"]
        indexes = [models.Index(fields=["record_model", "record_id", "-id"], name="attachment_by_record")]

    def __str__(self) -> str:
        return self.name

    def read(self) -> bytes:
        """The content."""
        return bytes(self.content)  # PostgreSQL's driver hands out a memoryview

    def as_value(self) -> dict[str, Any]:
        """How answers and outputs name it: a value of type “file”."""
        return {"attachment": str(self.key), "name": self.name, "size": self.size}


def safe_name(name: str) -> str:
    """A file's name without folders and invisible characters, at most 150 long, ending as it did."""
    name = name.replace("\\", "/").rpartition("/")[2]
    name = "".join(sign for sign in name if sign.isprintable()).strip(" .") or "file"
    stem, dot, ending = name.rpartition(".")
    if len(name) > 150 and dot and len(ending) <= 10:
        return f"{stem[: 149 - len(ending)]}.{ending}"
    return name[:150]
