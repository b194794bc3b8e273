"""The record pages of the demo's models."""

from demo.models import Account, Building, Contract, Employee, Opportunity, Quote
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
records.register(
    Account,
    fields=["country", "regional_vp"],
    list_fields=["name", "country", "regional_vp"],
    form_fields=["name", "country", "regional_vp"],
    search_fields=["name", "country"],
)
records.register(
    Opportunity,
    fields=["account", "owner", "stage", "amount", "closed_on"],
    list_fields=["name", "account", "owner", "stage", "amount"],
    form_fields=["account", "name", "owner", "stage", "amount"],
    search_fields=["name", "account__name"],
)
records.register(
    Quote,
    fields=[
        *("account", "product", "seats", "list_price", "unit_cost", "discount", "custom_terms", "clauses"),
        *("contact_name", "contact_email", "valid_until", "owner", "status"),
    ],
    list_fields=["name", "product", "discount", "custom_terms", "owner", "status"],
    form_fields=[
        *("account", "owner", "product", "seats", "list_price", "unit_cost", "discount", "custom_terms", "clauses"),
        *("contact_name", "contact_email", "valid_until"),
    ],
    search_fields=["product", "account__name", "contact_name"],
)
records.register(
    Contract,
    fields=["opportunity", "value", "starts_on", "ends_on", "contact_name", "contact_email", "status", "signed_on", "kickoff_on"],
    list_fields=["title", "opportunity", "value", "ends_on", "status"],
    form_fields=["opportunity", "title", "value", "starts_on", "ends_on", "contact_name", "contact_email"],
    search_fields=["title", "opportunity__account__name"],
    related=["renewal_reminders"],
)
