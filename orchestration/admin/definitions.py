"""Definitions in the stock admin: read any, edit drafts, activate, make a new draft of a frozen one."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.options import InlineModelAdmin
from django.contrib.auth.models import Group
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from orchestration import builder, flows
from orchestration.admin.building import fields, site
from orchestration.errors import FlowMissing, Refused
from orchestration.flows import FlowKind, editing
from orchestration.models import Orchestration, Queue, QueueMember, Route, Stage, Step, Version
from orchestration.models.definitions import ConditionField as ConditionColumn
from orchestration.models.definitions import StepKind
from orchestration.states import IllegalMove


class WithoutJSON:
    """Conditions and declarations are rows to fill in, and a model is picked; nobody types JSON."""

    class Media:
        css = {"all": ["workguide/orc.css", "orchestration/building.css"]}
        js = ["orchestration/building.js"]

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Our own fields for what the stock admin would show as JSON."""
        told = {"label": capfirst(str(db_field.verbose_name)), "help_text": db_field.help_text}
        if isinstance(db_field, ConditionColumn):
            return fields.ConditionField(**told)
        if db_field.name in ("inputs", "variables") and db_field.model is Version:
            return fields.DeclarationField(models=site.models(), **told)
        if db_field.name == "record_model":
            return forms.ChoiceField(choices=[("", "–"), *site.models()], required=False, **told)
        return super().formfield_for_dbfield(db_field, request, **kwargs)  # type: ignore[misc]


class KnowsVersion:
    """Forms of what is drawn in a version: what they read is checked against what can be read there."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        version = self.version()
        known = site.readable_in(version)
        evaluations = [(flow.key, f"{flow.label} ({flow.key})") for flow in flows.all_flows() if flow.kind == FlowKind.EVALUATION]
        for form_field in self.fields.values():  # type: ignore[attr-defined]
            if isinstance(form_field, fields.Known):
                form_field.known = known
            if isinstance(form_field, fields.ConditionField):
                form_field.widget.flows = evaluations
            form_field.widget.says = str(form_field.label or "")

    def version(self) -> Version | None:
        """The version that it is drawn in; None while there is none yet."""
        part = self.instance  # type: ignore[attr-defined]
        if isinstance(part, Version):
            return part if part.pk else None
        if isinstance(part, Stage):
            return part.version if part.version_id else None
        return part.stage.version if part.stage_id else None


class NamesItself:
    """A form whose API name is made from the label when it is left empty."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if name := self.fields.get("api_name"):  # type: ignore[attr-defined]
            name.required = False
            name.help_text = _("How expressions and code call it. Made from the label when left empty.")

    def clean_api_name(self) -> str:
        """The name that was typed, or one from the label that nothing else has."""
        typed: str = self.cleaned_data["api_name"].strip()  # type: ignore[attr-defined]
        label = str(self.data.get(self.add_prefix("label")) or "")  # type: ignore[attr-defined]
        return typed or editing.free_name(label, self.taken(), fallback="part")

    def taken(self) -> set[str]:
        """The names that others have."""
        part = self.instance  # type: ignore[attr-defined]
        others = type(part)._default_manager.exclude(pk=part.pk)
        if isinstance(part, Stage):
            others = others.filter(version=part.version_id)
        elif isinstance(part, Step):
            others = others.filter(version=part.stage.version_id if part.stage_id else None)
        return set(others.values_list("api_name", flat=True))


class OrchestrationForm(NamesItself, forms.ModelForm):  # type: ignore[type-arg]
    """The form of an orchestration."""


class PartForm(NamesItself, KnowsVersion, forms.ModelForm):  # type: ignore[type-arg]
    """A form of a part that needs no more."""


class FrozenWithVersion:
    """Parts of a version can be added, changed and deleted while it is a draft, by those who may change orchestrations."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Only to a draft. An inline is asked with the version, a page of its own without."""
        known = (obj,) if isinstance(self, InlineModelAdmin) else ()
        return super().has_add_permission(request, *known) and not _is_frozen(obj)  # type: ignore[misc]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Only of a draft."""
        return super().has_change_permission(request, obj) and not _is_frozen(obj)  # type: ignore[misc]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Only from a draft."""
        return super().has_delete_permission(request, obj) and not _is_frozen(obj)  # type: ignore[misc]


def _is_frozen(part: Any) -> bool:
    if part is None or part.pk is None:
        return False
    version: Version = part if isinstance(part, Version) else part.drawn_in()
    return version.is_frozen


class VersionInline(admin.TabularInline):  # type: ignore[type-arg]
    model = Version
    extra = 0
    fields = ("number", "status", "starts_on", "note", "activated_at")
    readonly_fields = ("number", "status", "starts_on", "note", "activated_at")
    show_change_link = True
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Versions are added on their own page."""
        return False


@admin.register(Orchestration)
class OrchestrationAdmin(WithoutJSON, admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("label", "api_name", "start_type", "record_model", "active", "owner")
    list_filter = ("start_type",)
    form = OrchestrationForm
    search_fields = ("label", "api_name")
    inlines = (VersionInline,)

    def get_readonly_fields(self, request: HttpRequest, obj: Orchestration | None = None) -> tuple[str, ...]:
        """The API name is settled once saved."""
        return ("api_name",) if obj else ()

    @admin.display(description=_("active version"))
    def active(self, orchestration: Orchestration) -> str:
        """The number of the version that new starts use."""
        version = orchestration.active_version
        return f"v{version.number}" if version else "–"


class StageInlineForm(NamesItself, forms.ModelForm):  # type: ignore[type-arg]
    """A stage in the list of its version."""


class StageInline(FrozenWithVersion, admin.TabularInline):  # type: ignore[type-arg]
    model = Stage
    form = StageInlineForm
    extra = 0
    fields = ("order", "label", "api_name", "steps")
    readonly_fields = ("steps",)
    show_change_link = True

    @admin.display(description=_("steps"))
    def steps(self, stage: Stage) -> str:
        """The labels of its steps."""
        return ", ".join(stage.steps.values_list("label", flat=True)) if stage.pk else ""


@admin.register(Version)
class VersionAdmin(WithoutJSON, FrozenWithVersion, admin.ModelAdmin):  # type: ignore[type-arg]
    form = PartForm
    list_display = ("__str__", "status", "starts_on", "activated_at", "note")
    list_filter = ("status", "orchestration")
    fieldsets = (
        (None, {"fields": ("orchestration", "number", "status", "note", "activated_at", "problems")}),
        (_("Starts"), {"fields": ("starts_on", "entry_condition", "changed_into", "start_field", "start_offset")}),
        (_("Data"), {"fields": ("inputs", "variables")}),
    )
    readonly_fields = ("status", "activated_at", "problems")
    inlines = (StageInline,)
    actions = ("activate", "deactivate", "copy_as_draft")

    @admin.display(description=_("problems"))
    def problems(self, version: Version) -> str:
        """What keeps it from being activated."""
        if not version.pk:
            return "–"
        return "\n".join(str(problem) for problem in builder.problems(version)) or str(_("None"))

    @admin.action(description=_("Activate"), permissions=["activate"])
    def activate(self, request: HttpRequest, versions: QuerySet[Version]) -> None:
        """Activate each, and say what came of it."""
        for version in versions:
            try:
                builder.activate(version)
            except (Refused, IllegalMove) as refused:
                self.message_user(request, str(refused), messages.ERROR)
            else:
                self.message_user(request, _("%(version)s is active: new starts use it.") % {"version": version})

    @admin.action(description=_("Deactivate"), permissions=["activate"])
    def deactivate(self, request: HttpRequest, versions: QuerySet[Version]) -> None:
        """Deactivate each, and say what came of it."""
        for version in versions:
            try:
                builder.deactivate(version)
            except IllegalMove:
                self.message_user(request, _("%(version)s is not active.") % {"version": version}, messages.ERROR)
            else:
                self.message_user(request, _("%(version)s is inactive: nothing new starts.") % {"version": version})

    @admin.action(description=_("Copy as a new draft"), permissions=["activate"])
    def copy_as_draft(self, request: HttpRequest, versions: QuerySet[Version]) -> None:
        """Make a draft of each."""
        made = [builder.new_version(version) for version in versions]
        text = ngettext("%(count)d draft was made.", "%(count)d drafts were made.", len(made)) % {"count": len(made)}
        self.message_user(request, text)

    def has_activate_permission(self, request: HttpRequest) -> bool:
        """Whoever may change versions may activate them, until the builder tells the two apart."""
        return bool(request.user.has_perm("orchestration.change_version"))


class RouteInline(WithoutJSON, FrozenWithVersion, admin.StackedInline):  # type: ignore[type-arg]
    model = Route
    form = PartForm
    extra = 0
    fk_name = "stage"
    fields = ("order", "condition", "target")

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Only stages of the same version can be gone to."""
        if db_field.name == "target" and request.resolver_match is not None:
            here = Stage.objects.filter(pk=str(request.resolver_match.kwargs.get("object_id", 0)))
            kwargs["queryset"] = Stage.objects.filter(version__in=here.values("version"))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)


FAULT_FIELDS = ("max_attempts", "run_as", "run_as_user", "handles", "handles_types", "fault_path")


class StepForm(NamesItself, KnowsVersion, forms.ModelForm):  # type: ignore[type-arg]
    """Offers the catalogue's flows by name; the kind of the step is that of its flow, and its inputs are the flow's."""

    flow = forms.ChoiceField(label=_("Flow"))
    inputs = fields.InputsField(label=_("Inputs"))
    assignee = fields.AssigneeField(label=_("Assignee"), help_text=_("Who gets it, when a person does it."))
    handles_types = fields.WordsField(label=_("Types of faults"), help_text=_("With commas between them. Empty: all."))

    class Meta:
        model = Step
        fields = (
            *("order", "label", "api_name", "flow", "inputs", "assignee", "after"),
            *("wait_until", "only_if", "complete_when", "max_attempts", "run_as", "run_as_user"),
            *("handles", "handles_types", "fault_path"),
        )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        catalogue = {flow.key: flow for flow in flows.all_flows()}
        self.fields["flow"].choices = self._grouped(catalogue)  # type: ignore[attr-defined]
        chosen = str(self.data.get(self.add_prefix("flow")) or self.instance.flow) if self.is_bound else self.instance.flow
        widget = self.fields["inputs"].widget
        widget.declared = catalogue[chosen].declared if chosen in catalogue else {}
        widget.flow, widget.address = chosen, reverse("admin:orchestration_flow_inputs")
        who = self.fields["assignee"].widget
        who.queues, who.groups = (
            Queue.objects.order_by("label").values_list("api_name", "label"),
            Group.objects.values_list("name", flat=True),
        )
        self.fields["flow"].widget.attrs["data-orc-flow"] = self.add_prefix("inputs")
        if self.instance.pk:
            siblings = Step.objects.filter(stage=self.instance.stage).exclude(pk=self.instance.pk)
            self.fields["after"].queryset = siblings  # type: ignore[attr-defined]
            self.fields["fault_path"].queryset = siblings.exclude(handles="")  # type: ignore[attr-defined]
        else:
            for name in ("after", "fault_path"):
                self.fields[name].queryset = Step.objects.none()  # type: ignore[attr-defined]

    def _grouped(self, catalogue: Mapping[str, flows.Flow]) -> list[Any]:
        """The flows that steps run, by kind: those that a person does, those that run by themselves."""
        groups: list[Any] = [("", _("Choose…"))]
        for kind in (FlowKind.SCREEN, FlowKind.AUTOLAUNCHED):
            groups.append((kind.label, [(flow.key, f"{flow.label} ({flow.key})") for flow in catalogue.values() if flow.kind == kind]))
        if self.instance.flow and self.instance.flow not in catalogue:
            groups.append((self.instance.flow, _("%(key)s (missing)") % {"key": self.instance.flow}))
        return groups

    def clean(self) -> dict[str, Any]:
        """The step's kind is what its flow says; a missing flow leaves it."""
        cleaned = super().clean() or {}
        try:
            flow = flows.get(cleaned.get("flow", ""))
        except FlowMissing:
            return cleaned
        self.instance.kind = StepKind.INTERACTIVE if flow.kind == FlowKind.SCREEN else StepKind.BACKGROUND
        if self.instance.kind == StepKind.INTERACTIVE and not cleaned.get("assignee") and "assignee" not in self.errors:
            self.add_error("assignee", _("A person does this step: name who gets it."))
        if self.instance.kind == StepKind.BACKGROUND:
            cleaned["assignee"] = {}
        return cleaned


class StepInline(WithoutJSON, FrozenWithVersion, admin.StackedInline):  # type: ignore[type-arg]
    model = Step
    form = StepForm
    extra = 0
    fieldsets = (
        (None, {"fields": ("order", "label", "api_name", "flow", "inputs", "assignee", "after")}),
        (_("When"), {"fields": ("wait_until", "only_if", "complete_when"), "classes": ("collapse",)}),
        (
            _("Attempts, rights and faults"),
            {"fields": FAULT_FIELDS, "classes": ("collapse",)},
        ),
    )


@admin.register(Stage)
class StageAdmin(WithoutJSON, FrozenWithVersion, admin.ModelAdmin):  # type: ignore[type-arg]
    form = PartForm
    list_display = ("label", "version", "order")
    list_filter = ("version__orchestration", "version")
    list_select_related = ("version__orchestration",)
    fields = ("drawn_in_version", "order", "label", "api_name", "entry_condition", "exit_rule", "exit_condition")
    readonly_fields = ("drawn_in_version",)
    inlines = (StepInline, RouteInline)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Stages are added on their version's page."""
        return False

    @admin.display(description=_("version"))
    def drawn_in_version(self, stage: Stage) -> str:
        """The version that the stage is a part of, as a link."""
        return format_html('<a href="{}">{}</a>', reverse("admin:orchestration_version_change", args=[stage.version_id]), stage.version)


class QueueMemberInline(admin.TabularInline):  # type: ignore[type-arg]
    model = QueueMember
    extra = 1
    autocomplete_fields = ("user", "group")


@admin.register(Queue)
class QueueAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("label", "api_name", "is_fallback")
    prepopulated_fields = {"api_name": ("label",)}
    inlines = (QueueMemberInline,)
