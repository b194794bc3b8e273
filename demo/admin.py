"""The demo's models in the stock admin; the Work Guide appears on their pages by itself."""

from django.contrib import admin

from demo.models import Building, BuildingAccess, ChatInvitation, Employee, ITTicket, ReviewTask


@admin.register(Employee)
class EmployeeAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("name", "job_title", "department", "manager", "start_date", "is_ready")
    list_filter = ("is_ready", "department")
    search_fields = ("name", "email", "job_title")
    list_select_related = ("manager",)


@admin.register(Building)
class BuildingAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("name", "has_badge_system")


@admin.register(ITTicket, ChatInvitation, BuildingAccess, ReviewTask)
class OutcomeAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("__str__", "employee")
    list_select_related = ("employee",)
