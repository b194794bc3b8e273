"""The demo's models in the stock admin; the Work Guide appears on their pages by itself."""

from django.contrib import admin

from demo.models import (
    Account,
    Building,
    BuildingAccess,
    ChatInvitation,
    Contract,
    Employee,
    ITTicket,
    Opportunity,
    Quote,
    RenewalReminder,
    ReviewTask,
)


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


@admin.register(Account)
class AccountAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("name", "country", "regional_vp")
    search_fields = ("name",)
    list_select_related = ("regional_vp",)


@admin.register(Opportunity)
class OpportunityAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("name", "account", "owner", "stage", "amount")
    list_filter = ("stage",)
    list_select_related = ("account", "owner")


@admin.register(Quote)
class QuoteAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("name", "product", "owner", "discount", "custom_terms", "status")
    list_filter = ("status", "custom_terms")
    list_select_related = ("account", "owner")


@admin.register(Contract)
class ContractAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("title", "opportunity", "value", "ends_on", "status")
    list_filter = ("status",)
    list_select_related = ("opportunity__account",)


@admin.register(RenewalReminder)
class RenewalReminderAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("contract", "owner", "due_on")
    list_select_related = ("contract__opportunity__account", "owner")
