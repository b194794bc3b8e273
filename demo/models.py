"""Plain models, as any project has them. Nothing in here knows that it is orchestrated."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class Building(models.Model):
    name = models.CharField(_("name"), max_length=60, unique=True)
    has_badge_system = models.BooleanField(
        _("has a badge system"), default=True, help_text=_("Without one, nobody can be given access automatically.")
    )

    class Meta:
        verbose_name = _("building")
        verbose_name_plural = _("buildings")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Employee(models.Model):
    class Equipment(models.TextChoices):
        STANDARD = "standard", _("Standard laptop")
        DEVELOPER = "developer", _("Developer laptop, 32 GB")
        DESKTOP = "desktop", _("Desktop with two screens")

    name = models.CharField(_("name"), max_length=100)
    email = models.EmailField(_("e-mail"))
    job_title = models.CharField(_("job title"), max_length=100)
    department = models.CharField(_("department"), max_length=60)
    manager = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, verbose_name=_("hiring manager"), related_name="reports")
    building = models.ForeignKey(Building, models.PROTECT, verbose_name=_("building"))
    start_date = models.DateField(_("start date"))
    equipment = models.CharField(_("equipment"), max_length=20, choices=Equipment.choices, blank=True)
    is_ready = models.BooleanField(_("ready for the first day"), default=False)

    class Meta:
        verbose_name = _("employee")
        verbose_name_plural = _("employees")
        ordering = ["-pk"]

    def __str__(self) -> str:
        return self.name


class ITTicket(models.Model):
    employee = models.ForeignKey(Employee, models.CASCADE, related_name="it_tickets")
    summary = models.CharField(_("summary"), max_length=200)
    created_at = models.DateTimeField(_("created at"))

    class Meta:
        verbose_name = _("IT ticket")
        verbose_name_plural = _("IT tickets")
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"IT-{self.pk} {self.summary}"


class ChatInvitation(models.Model):
    employee = models.ForeignKey(Employee, models.CASCADE, related_name="chat_invitations")
    channel = models.CharField(_("channel"), max_length=60)

    class Meta:
        verbose_name = _("chat invitation")
        verbose_name_plural = _("chat invitations")
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"#{self.channel}"


class BuildingAccess(models.Model):
    employee = models.ForeignKey(Employee, models.CASCADE, related_name="building_accesses")
    building = models.ForeignKey(Building, models.PROTECT)
    valid_from = models.DateField(_("valid from"))

    class Meta:
        verbose_name = _("building access")
        verbose_name_plural = _("building accesses")
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.building} · {self.valid_from}"


class ReviewTask(models.Model):
    employee = models.ForeignKey(Employee, models.CASCADE, related_name="review_tasks")
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, verbose_name=_("owner"))
    after_days = models.PositiveSmallIntegerField(_("after days"))
    due_on = models.DateField(_("due on"))

    class Meta:
        verbose_name = _("review task")
        verbose_name_plural = _("review tasks")
        ordering = ["due_on", "pk"]

    def __str__(self) -> str:
        return _("%(days)d-day review of %(employee)s") % {"days": self.after_days, "employee": self.employee}
