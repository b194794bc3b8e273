"""What a builder draws: an orchestration's versions, their stages and their steps."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, RegexValidator
from django.db import models
from django.db.models import Q
from django.db.models.signals import m2m_changed
from django.dispatch import receiver
from django.utils.translation import gettext_lazy as _

from orchestration import expressions, values
from orchestration.errors import ExpressionError
from orchestration.models.records import model_named
from orchestration.models.versions import Versioned
from orchestration.states import VersionStatus

api_name_validator = RegexValidator(r"^[a-z][a-z0-9_]*\Z", _("Use small letters, digits and underscores, beginning with a letter."))


class StartType(models.TextChoices):
    RECORD_TRIGGERED = "record", _("Record-triggered")
    AUTOLAUNCHED = "autolaunched", _("Autolaunched")


class StartsOn(models.TextChoices):
    CREATED = "created", _("when a record is created")
    UPDATED = "updated", _("when a record is updated")
    SAVED = "saved", _("when a record is created or updated")
    DUE = "due", _("at a time that the record names")


class Rollout(models.TextChoices):
    EVERYONE = "everyone", _("for everyone")
    OFF = "off", _("for nobody")
    STAFF = "staff", _("when the starter is staff")
    PERMITTED = "permitted", _("when the starter may start it by hand")
    CONDITION = "condition", _("when a condition on the record holds")
    PERCENTAGE = "percentage", _("for a share of the records")


class StepKind(models.TextChoices):
    BACKGROUND = "background", _("Background step")
    INTERACTIVE = "interactive", _("Interactive step")


class Handles(models.TextChoices):
    """Whose faults a handler takes."""

    NAMED = "named", _("of the steps that name it")
    STAGE = "stage", _("of its stage")
    ORCHESTRATION = "orchestration", _("of the whole orchestration")


class RunAs(models.TextChoices):
    SERVICE = "service", _("the service user")
    COMPLETER = "completer", _("whoever completed the latest work item")
    USER = "user", _("a named user")


class ExitRule(models.TextChoices):
    ALL_STEPS = "all_steps", _("all steps are finished")
    CONDITION = "condition", _("as soon as the condition holds")
    ALL_AND_CONDITION = "all_and_condition", _("all steps are finished and the condition holds")


def valid_condition(document: Any) -> None:
    """Refuse what describes no condition."""
    try:
        expressions.condition(document)
    except ExpressionError as error:
        raise ValidationError(str(error)) from error


def valid_declaration(document: Any) -> None:
    """Refuse what declares no inputs or variables."""
    if found := values.problems_of(document):
        raise ValidationError(found)


class ConditionField(models.JSONField):
    """A condition as a document (see `expressions.condition`); an empty one always holds."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("default", dict)
        kwargs.setdefault("blank", True)
        super().__init__(*args, **kwargs)

    default_validators = [valid_condition]


class Orchestration(models.Model):
    """A named process. How it runs is drawn in its versions."""

    label = models.CharField(_("label"), max_length=100)
    api_name = models.CharField(
        _("API name"),
        max_length=60,
        unique=True,
        validators=[api_name_validator],
        help_text=_("How code and other orchestrations call it. Cannot be changed later."),
    )
    description = models.TextField(_("description"), blank=True)
    start_type = models.CharField(_("start type"), max_length=20, choices=StartType.choices)
    record_model = models.CharField(
        _("record's model"), max_length=200, blank=True, help_text=_("The model that it watches, as app.model.")
    )
    one_live_per_record = models.BooleanField(
        _("one live instance per record"),
        default=True,
        help_text=_("While an instance is live for a record, another start for that record is skipped."),
    )
    rollout = models.CharField(_("starts"), max_length=20, choices=Rollout.choices, default=Rollout.EVERYONE)
    rollout_condition = ConditionField(_("rollout condition"))
    rollout_percentage = models.PositiveSmallIntegerField(
        _("rollout share"), default=100, validators=[MaxValueValidator(100)], help_text=_("In percent of the records.")
    )
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        verbose_name=_("owner"),
        related_name="owned_orchestrations",
    )
    is_template = models.BooleanField(
        _("a template"), default=False, help_text=_("It is offered under “New orchestration”; a copy of it is independent.")
    )

    class Meta:
        verbose_name = _("orchestration")
        verbose_name_plural = _("orchestrations")
        ordering = ["label"]
        permissions = [
            ("start_orchestration", _("Can start orchestration")),
            ("debug_orchestration", _("Can debug orchestration")),
            ("activate_orchestration", _("Can activate orchestration")),
            ("operate_orchestration", _("Can operate orchestration")),
        ]
        constraints = [
            models.CheckConstraint(
                condition=~Q(start_type=StartType.RECORD_TRIGGERED) | ~Q(record_model=""),
                name="record_triggered_names_a_model",
                violation_error_message=_("A record-triggered orchestration names the model that it watches."),
            ),
        ]

    def __str__(self) -> str:
        return self.label

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save, unless the API name was changed."""
        self._refuse_another_name()
        super().save(*args, **kwargs)

    def clean(self) -> None:
        """Refuse an unknown model, and a changed API name."""
        self.record_model = self.record_model.lower()
        if self.record_model and model_named(self.record_model) is None:
            raise ValidationError({"record_model": _("No installed app has this model.")})
        self._refuse_another_name()

    def _refuse_another_name(self) -> None:
        if self.pk and Orchestration.objects.exclude(api_name=self.api_name).filter(pk=self.pk).exists():
            raise ValidationError({"api_name": _("The API name cannot be changed: expressions and code use it.")})

    @property
    def active_version(self) -> "Version | None":
        """The version that new starts use, if there is one."""
        return self.versions.filter(status=VersionStatus.ACTIVE).first()

    @property
    def was_ever_active(self) -> bool:
        """Whether a version of it has been active: from then on what it watches, and how it starts, is settled."""
        return self.versions.exclude(status=VersionStatus.DRAFT).exists()


class Version(Versioned):
    """One drawing of an orchestration. Frozen for good once it has been active."""

    orchestration = models.ForeignKey(Orchestration, models.PROTECT, related_name="versions")
    head = models.JSONField(
        _("the orchestration's settings"),
        default=dict,
        blank=True,
        editable=False,
        help_text=_("What activating this version makes of the orchestration's label, description and the like; empty: nothing."),
    )
    created_by_label = models.CharField(_("made by"), max_length=200, blank=True, editable=False)
    activated_by_label = models.CharField(_("activated by"), max_length=200, blank=True, editable=False)
    debugged_at = models.DateTimeField(_("debugged at"), null=True, blank=True, editable=False)
    debugged_by_label = models.CharField(_("debugged by"), max_length=200, blank=True, editable=False)
    debugged_fingerprint = models.CharField(
        _("what was debugged"), max_length=64, blank=True, editable=False, help_text=_("The fingerprint of the drawing as it was then.")
    )
    starts_on = models.CharField(_("starts"), max_length=10, choices=StartsOn.choices, default=StartsOn.CREATED)
    entry_condition = ConditionField(_("starts only if"))
    changed_into = models.BooleanField(
        _("only when changed into it"), default=False, help_text=_("An update starts it only if the condition did not hold before.")
    )
    start_field = models.CharField(_("time field"), max_length=60, blank=True, help_text=_("A date or time field of the record."))
    start_offset = models.DurationField(_("after that time"), default=timedelta(0))
    due_until = models.DateTimeField(_("times gone through until"), null=True, blank=True, editable=False)
    inputs = models.JSONField(_("inputs"), default=dict, blank=True, validators=[valid_declaration])
    variables = models.JSONField(_("variables"), default=dict, blank=True, validators=[valid_declaration])

    class Meta:
        verbose_name = _("version")
        verbose_name_plural = _("versions")
        ordering = ["orchestration", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["orchestration", "number"], name="version_number_once"),
            models.UniqueConstraint(fields=["orchestration"], condition=Q(status=VersionStatus.ACTIVE), name="one_active_version"),
        ]

    def __str__(self) -> str:
        return f"{self.orchestration} v{self.number}"


class PartOfVersion(models.Model):
    """What a version is drawn of: has an API name and a place, and can be changed only while the version is a draft."""

    api_name = models.CharField(_("API name"), max_length=60, validators=[api_name_validator])
    label = models.CharField(_("label"), max_length=100)
    order = models.PositiveIntegerField(_("order"), default=0)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.label

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save, unless the version is frozen."""
        self.refuse_if_frozen()
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        """Delete, unless the version is frozen."""
        self.refuse_if_frozen()
        return super().delete(*args, **kwargs)

    def refuse_if_frozen(self) -> None:
        """Raise ValidationError when the version has been active."""
        version = self.drawn_in()
        if version.is_frozen:
            raise ValidationError(
                _("%(version)s has been active and cannot be changed. Make a new draft of it instead.") % {"version": version}
            )

    def drawn_in(self) -> Version:
        """The version that this is a part of."""
        raise NotImplementedError


class Stage(PartOfVersion):
    """A phase, named for its outcome. Stages run one after the other; the steps in one run in parallel unless told otherwise."""

    version = models.ForeignKey(Version, models.CASCADE, related_name="stages")
    entry_condition = ConditionField(_("only if"), help_text=_("Looked at on arrival; the stage is skipped when it does not hold."))
    exit_rule = models.CharField(_("ends when"), max_length=20, choices=ExitRule.choices, default=ExitRule.ALL_STEPS)
    exit_condition = ConditionField(_("exit condition"))

    class Meta:
        verbose_name = _("stage")
        verbose_name_plural = _("stages")
        ordering = ["version", "order", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["version", "api_name"], name="stage_api_name_once"),
        ]

    def drawn_in(self) -> Version:
        return self.version


class Step(PartOfVersion):
    """One unit of work: runs a flow, by itself in the background or by way of a work item.

    `inputs` maps the flow's inputs, each to `{"path": "record.email"}` or `{"value": 3}`. `assignee` says who gets an
    interactive step: `{"queue": api name}`, `{"group": name}`, `{"user": username}` or `{"path": "record.manager"}`.
    """

    stage = models.ForeignKey(Stage, models.CASCADE, related_name="steps")
    version = models.ForeignKey(Version, models.CASCADE, related_name="steps", editable=False)
    kind = models.CharField(_("kind"), max_length=20, choices=StepKind.choices)
    flow = models.CharField(_("flow"), max_length=120, blank=True)
    after = models.ManyToManyField("self", symmetrical=False, blank=True, verbose_name=_("after"), related_name="before")
    wait_until = ConditionField(_("wait until"), help_text=_("Holds the step back until it holds."))
    only_if = ConditionField(_("only if"), help_text=_("Looked at once, when the step would begin; it is skipped when it does not hold."))
    complete_when = ConditionField(_("complete when"), help_text=_("After the form is finished, the step waits until this holds."))
    max_attempts = models.PositiveSmallIntegerField(
        _("attempts"), null=True, blank=True, help_text=_("How often it is tried; empty: as often as the site says.")
    )
    run_as = models.CharField(_("runs as"), max_length=20, choices=RunAs.choices, default=RunAs.SERVICE)
    run_as_user = models.CharField(_("named user"), max_length=150, blank=True)
    handles = models.CharField(
        _("handles faults"), max_length=20, choices=Handles.choices, blank=True, help_text=_("Empty: an ordinary step.")
    )
    handles_types = models.JSONField(_("types of faults"), default=list, blank=True, help_text=_("Empty: all."))
    fault_path = models.ForeignKey(
        "self", models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("on fault"), help_text=_("A handler.")
    )
    inputs = models.JSONField(_("inputs"), default=dict, blank=True)
    assignee = models.JSONField(_("assignee"), default=dict, blank=True)

    class Meta:
        verbose_name = _("step")
        verbose_name_plural = _("steps")
        ordering = ["stage", "order", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["version", "api_name"], name="step_api_name_once"),
        ]

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save; the version is its stage's, so that API names are unique in the whole drawing."""
        self.version = self.stage.version
        super().save(*args, **kwargs)

    def drawn_in(self) -> Version:
        return self.stage.version

    @property
    def is_interactive(self) -> bool:
        """Whether a person does it."""
        return self.kind == StepKind.INTERACTIVE


@receiver(m2m_changed, sender=Step.after.through, dispatch_uid="orchestration.after_is_frozen")
def refuse_if_frozen(instance: Step, action: str, **_signal: Any) -> None:
    """What a step comes after is frozen with the rest of its version (R1.2)."""
    if action.startswith("pre_"):
        instance.refuse_if_frozen()


class Route(models.Model):
    """Where to go after a stage has ended. Looked at in order; the first whose condition holds is taken, else the next stage is."""

    stage = models.ForeignKey(Stage, models.CASCADE, related_name="routes")
    order = models.PositiveIntegerField(_("order"), default=0)
    condition = ConditionField(_("condition"))
    target = models.ForeignKey(
        Stage, models.CASCADE, null=True, blank=True, related_name="+", verbose_name=_("goes to"), help_text=_("Empty: the instance ends.")
    )

    class Meta:
        verbose_name = _("route")
        verbose_name_plural = _("routes")
        ordering = ["stage", "order", "pk"]

    def __str__(self) -> str:
        return f"{self.stage} → {self.target or _('End')}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save, unless the version is frozen."""
        self.stage.refuse_if_frozen()
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        """Delete, unless the version is frozen."""
        self.stage.refuse_if_frozen()
        return super().delete(*args, **kwargs)

    def drawn_in(self) -> Version:
        """The version that this is a part of."""
        return self.stage.version
