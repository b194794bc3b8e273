"""Endpoints and secrets in the admin. A secret can be entered and replaced; no page shows it again."""

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from orchestration import clock, outside
from orchestration.admin.instances import ReadOnly
from orchestration.errors import Fault
from orchestration.models import Attachment, Endpoint, EndpointHeader, Secret
from orchestration.models.outside import METHODS, EndpointKind


class SecretForm(forms.ModelForm):  # type: ignore[type-arg]
    """Takes a new value, and never shows the one that there is."""

    value = forms.CharField(
        label=_("Value"),
        required=False,
        strip=True,
        max_length=5000,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=_("Stored encrypted. It cannot be read again, only replaced: leave this empty to keep what there is."),
    )

    class Meta:
        model = Secret
        fields = ("name", "environment")

    def clean_value(self) -> str:
        """One line of plain characters, as headers need it."""
        value: str = self.cleaned_data["value"]
        if value and not (value.isascii() and value.isprintable()):
            raise ValidationError(_("Use one line of plain characters."))
        return value

    def clean(self) -> dict[str, Any]:
        """Take the new value up, so that the row can be checked as a whole."""
        cleaned = super().clean() or {}
        if value := cleaned.get("value"):
            if cleaned.get("environment"):
                raise ValidationError(_("Name an environment variable or enter a value, and not both."))
            self.instance.keep(value)
        elif cleaned.get("environment"):
            self.instance.sealed, self.instance.changed_at = "", clock.now()
        elif not self.instance.sealed:
            raise ValidationError(_("Name an environment variable or enter a value."))
        return cleaned


@admin.register(Secret)
class SecretAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    form = SecretForm
    list_display = ("name", "kept_in", "changed_at", "used_by")
    search_fields = ("name",)
    readonly_fields = ("changed_at", "used_by")
    fields = ("name", "environment", "value", "changed_at", "used_by")

    @admin.display(description=_("kept in"))
    def kept_in(self, secret: Secret) -> str:
        """The environment variable and whether it is set here, or the database."""
        if not secret.environment:
            return str(_("the database, encrypted"))
        word = _("%(name)s, set") if secret.is_set else _("%(name)s, not set here")
        return word % {"name": secret.environment}

    @admin.display(description=_("used by"))
    def used_by(self, secret: Secret) -> str:
        """The endpoints that send it."""
        if not secret.pk:
            return "–"
        using = {*secret.endpoints.all(), *Endpoint.objects.filter(headers__secret=secret)}
        return ", ".join(sorted(map(str, using))) or "–"


class EndpointForm(forms.ModelForm):  # type: ignore[type-arg]
    """Refuses what could never be called when it is saved, and not when a flow needs it."""

    methods = forms.MultipleChoiceField(
        label=_("Methods"),
        choices=[(method, method) for method in METHODS],
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("What flows may do there."),
    )

    class Meta:
        model = Endpoint
        fields = ("label", "api_name", "kind", "url", "methods", "timeout", "secret", "channel")

    def clean_url(self) -> str:
        """An address that may be called."""
        url: str = self.cleaned_data["url"]
        if url:
            try:
                outside.address(url)
            except Fault as fault:
                raise ValidationError(str(fault)) from fault
        return url

    def clean(self) -> dict[str, Any]:
        """An HTTP endpoint that allows nothing is none."""
        cleaned = super().clean() or {}
        if cleaned.get("kind") == EndpointKind.HTTP and not cleaned.get("methods"):
            self.add_error("methods", _("Choose at least one."))
        return cleaned


class HeaderInline(admin.StackedInline):  # type: ignore[type-arg]
    model = EndpointHeader
    extra = 0


@admin.register(Endpoint)
class EndpointAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Whoever may say where secrets are sent could have them sent to themselves: so that takes the permission to change secrets too."""

    form = EndpointForm
    fields = ("label", "api_name", "kind", "url", "methods", "timeout", "secret", "channel")
    list_display = ("label", "api_name", "kind", "url", "methods_in_words")
    list_filter = ("kind",)
    search_fields = ("label", "api_name", "url")
    prepopulated_fields = {"api_name": ("label",)}
    inlines = (HeaderInline,)

    def get_readonly_fields(self, request: HttpRequest, obj: Endpoint | None = None) -> tuple[str, ...]:
        """Flows know it by its API name, which stays."""
        return ("api_name",) if obj else ()

    def get_prepopulated_fields(self, request: HttpRequest, obj: Endpoint | None = None) -> dict[str, Any]:
        """Suggest the API name only while it can still be chosen."""
        return {} if obj else super().get_prepopulated_fields(request, obj)

    @admin.display(description=_("methods"))
    def methods_in_words(self, endpoint: Endpoint) -> str:
        """What flows may do there."""
        return ", ".join(endpoint.methods) or "–"

    def has_add_permission(self, request: HttpRequest) -> bool:
        """With the permission to change secrets."""
        return super().has_add_permission(request) and request.user.has_perm("orchestration.change_secret")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """With the permission to change secrets."""
        return super().has_change_permission(request, obj) and request.user.has_perm("orchestration.change_secret")


@admin.register(Attachment)
class AttachmentAdmin(ReadOnly, admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("name", "record_label", "size", "content_type", "made_label", "made_at", "is_draft")
    list_filter = ("content_type", "is_draft")
    search_fields = ("name", "record_label")
    exclude = ("content",)
