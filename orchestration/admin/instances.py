"""What runs, in the stock admin: to read. Whatever changes an instance is a verb of the engine, on its own page."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from orchestration.models import Effect, Instance, Milestone, StartRequest, WorkItem


class ReadOnly:
    """Rows that only the engine writes."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never by hand."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never by hand."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never by hand."""
        return False


class MilestoneInline(ReadOnly, admin.TabularInline):  # type: ignore[type-arg]
    model = Milestone
    fields = ("at", "kind", "subject", "actor_label", "reason")
    readonly_fields = ("subject",)
    ordering = ("pk",)

    def get_queryset(self, request: HttpRequest) -> Any:
        """With the names of what moved."""
        related = ("instance__orchestration", "stage_instance__stage", "step_instance__step", "work_item")
        return super().get_queryset(request).select_related(*related)


@admin.register(Instance)
class InstanceAdmin(ReadOnly, admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("pk", "orchestration", "record_label", "status", "starter_label", "started_at", "ended_at")
    list_filter = ("status", "orchestration")
    search_fields = ("record_label",)
    list_select_related = ("orchestration",)
    inlines = (MilestoneInline,)


class WithNobodyFilter(admin.SimpleListFilter):
    """The open items that nobody can do (R5.2)."""

    title = _("who can do it")
    parameter_name = "can"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """One choice beside “all”."""
        return [("nobody", _("Nobody"))]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        """All, or those."""
        return queryset.with_nobody() if self.value() == "nobody" else queryset


@admin.register(WorkItem)
class WorkItemAdmin(ReadOnly, admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("label", "record_label", "status", "assignee_label", "claimed_by", "completed_label", "assigned_at")
    list_filter = ("status", WithNobodyFilter, "queue")
    search_fields = ("label", "record_label")
    list_select_related = ("claimed_by",)


@admin.register(StartRequest)
class StartRequestAdmin(ReadOnly, admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("orchestration", "record_label", "outcome", "reason", "requested_at")
    list_filter = ("outcome", "orchestration")
    list_select_related = ("orchestration",)


@admin.register(Effect)
class EffectAdmin(ReadOnly, admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("key", "kind", "status", "attempt", "due_at", "delivered_at", "error")
    list_filter = ("status", "kind")
