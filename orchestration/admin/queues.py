"""Queues in the stock admin."""

from django.contrib import admin

from orchestration.models import Queue, QueueMember


class QueueMemberInline(admin.TabularInline):  # type: ignore[type-arg]
    model = QueueMember
    extra = 1
    autocomplete_fields = ("user", "group")


@admin.register(Queue)
class QueueAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("label", "api_name", "is_fallback")
    prepopulated_fields = {"api_name": ("label",)}
    inlines = (QueueMemberInline,)
