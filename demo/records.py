"""The record pages of the demo's models."""

from demo.models import Building, Employee
from workguide import records

records.register(
    Employee,
    fields=["job_title", "department", "manager", "building", "start_date", "email", "equipment", "is_ready"],
    list_fields=["name", "job_title", "department", "manager", "start_date", "is_ready"],
    form_fields=["name", "email", "job_title", "department", "manager", "building", "start_date"],
    search_fields=["name", "job_title", "department"],
    related=["it_tickets", "chat_invitations", "building_accesses", "review_tasks"],
)
records.register(
    Building,
    fields=["has_badge_system"],
    list_fields=["name", "has_badge_system"],
    form_fields=["name", "has_badge_system"],
    search_fields=["name"],
)
