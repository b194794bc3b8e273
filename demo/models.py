"""Plain models, as any project has them. Nothing in here knows that it is orchestrated."""

from decimal import Decimal

from django.conf import settings
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.formats import date_format
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


class Account(models.Model):
    name = models.CharField(_("name"), max_length=100, unique=True)
    country = models.CharField(_("country"), max_length=60)
    regional_vp = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        verbose_name=_("regional VP"),
        related_name="accounts",
        null=True,
        blank=True,
        help_text=_("Approves quotes with a high discount. Without one they wait in the queue “Unassigned work”."),
    )

    class Meta:
        verbose_name = _("account")
        verbose_name_plural = _("accounts")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Opportunity(models.Model):
    class Stage(models.TextChoices):
        PROPOSAL = "proposal", _("Proposal")
        NEGOTIATION = "negotiation", _("Negotiation")
        WON = "won", _("Won")
        LOST = "lost", _("Lost")

    account = models.ForeignKey(Account, models.PROTECT, verbose_name=_("account"), related_name="opportunities")
    name = models.CharField(_("name"), max_length=100)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, verbose_name=_("account executive"), related_name="opportunities")
    stage = models.CharField(_("stage"), max_length=20, choices=Stage.choices, default=Stage.PROPOSAL)
    amount = models.DecimalField(_("amount in EUR"), max_digits=12, decimal_places=2, validators=[MinValueValidator(0)])
    closed_on = models.DateField(_("closed on"), null=True, blank=True)

    class Meta:
        verbose_name = _("opportunity")
        verbose_name_plural = _("opportunities")
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.account}: {self.name}"


class Quote(models.Model):
    class Status(models.TextChoices):
        DRAFT = "draft", _("Draft")
        SENT = "sent", _("Sent")
        WITHDRAWN = "withdrawn", _("Withdrawn")

    account = models.ForeignKey(Account, models.PROTECT, verbose_name=_("account"), related_name="quotes")
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, verbose_name=_("account executive"), related_name="quotes")
    product = models.CharField(_("product"), max_length=100)
    seats = models.PositiveIntegerField(_("seats"), validators=[MinValueValidator(1), MaxValueValidator(100_000)])
    list_price = models.DecimalField(
        _("list price"),
        max_digits=9,
        decimal_places=2,
        validators=[MinValueValidator(Decimal("0.01"))],
        help_text=_("In EUR, per seat and year."),
    )
    unit_cost = models.DecimalField(
        _("our cost"), max_digits=9, decimal_places=2, validators=[MinValueValidator(0)], help_text=_("In EUR, per seat and year.")
    )
    discount = models.DecimalField(
        _("discount"),
        max_digits=4,
        decimal_places=1,
        default=0,
        validators=[MinValueValidator(0), MaxValueValidator(60)],
        help_text=_("In percent. More than 15 needs approval."),
    )
    custom_terms = models.BooleanField(
        _("custom terms"), default=False, help_text=_("Legal reviews the clauses before the quote goes out.")
    )
    clauses = models.TextField(_("custom clauses"), max_length=4000, blank=True)
    contact_name = models.CharField(_("contact"), max_length=100)
    contact_email = models.EmailField(_("contact’s e-mail"))
    valid_until = models.DateField(_("valid until"))
    status = models.CharField(_("status"), max_length=20, choices=Status.choices, default=Status.DRAFT)

    class Meta:
        verbose_name = _("quote")
        verbose_name_plural = _("quotes")
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"Q-{self.pk} {self.account}"

    def clean(self) -> None:
        """Custom terms are some: raise ValidationError when there are no clauses."""
        if self.custom_terms and not self.clauses.strip():
            raise ValidationError({"clauses": _("Enter the clauses, or untick “Custom terms”")})

    @admin.display(description=_("quote"))
    def name(self) -> str:
        """What the quote is called in lists."""
        return str(self)


class Contract(models.Model):
    class Status(models.TextChoices):
        IN_REVIEW = "in_review", _("In review")
        SIGNED = "signed", _("Signed")

    opportunity = models.ForeignKey(Opportunity, models.PROTECT, verbose_name=_("opportunity"), related_name="contracts")
    title = models.CharField(_("title"), max_length=100)
    value = models.DecimalField(_("value per year, in EUR"), max_digits=12, decimal_places=2, validators=[MinValueValidator(0)])
    starts_on = models.DateField(_("starts on"))
    ends_on = models.DateField(_("ends on"))
    contact_name = models.CharField(_("customer’s contact"), max_length=100)
    contact_email = models.EmailField(_("contact’s e-mail"))
    status = models.CharField(_("status"), max_length=20, choices=Status.choices, default=Status.IN_REVIEW)
    signed_on = models.DateField(_("signed on"), null=True, blank=True)
    kickoff_on = models.DateField(_("kickoff on"), null=True, blank=True)

    class Meta:
        verbose_name = _("contract")
        verbose_name_plural = _("contracts")
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(ends_on__gt=models.F("starts_on")),
                name="demo_contract_ends_after_it_starts",
                violation_error_message=_("A contract ends after it has started."),
            )
        ]

    def __str__(self) -> str:
        return f"{self.title} · {self.opportunity.account}"


class RenewalReminder(models.Model):
    contract = models.ForeignKey(Contract, models.CASCADE, related_name="renewal_reminders")
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, verbose_name=_("owner"))
    due_on = models.DateField(_("due on"))

    class Meta:
        verbose_name = _("renewal reminder")
        verbose_name_plural = _("renewal reminders")
        ordering = ["due_on", "pk"]

    def __str__(self) -> str:
        return _("Talk about renewal from %(day)s, %(owner)s") % {
            "day": date_format(self.due_on, "j F Y"),
            "owner": self.owner.get_full_name(),
        }
