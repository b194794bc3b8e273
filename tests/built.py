"""Screen flows without code for the stories: their documents, and a work item that asks them."""

from typing import Any

from django.contrib.auth.models import User

from demo.models import Employee
from orchestration import access, engine
from orchestration.flows import documents
from orchestration.models import Flow, FlowVersion, WorkItem
from orchestration.states import VersionStatus
from tests.stories import active, interactive


def field(name: str, kind: str = "text", **settings: Any) -> dict[str, Any]:
    """One question."""
    return {"kind": "field", "name": name, "type": kind, "label": name.replace("_", " ").capitalize(), **settings}


def screen(*items: dict[str, Any], name: str = "only", **settings: Any) -> dict[str, Any]:
    """One screen."""
    return {"name": name, "title": name.capitalize(), "items": list(items), **settings}


def is_set(path: str) -> dict[str, Any]:
    """A condition: this box is ticked."""
    return {"rows": [{"path": path, "operator": "equals", "value": True}]}


REQUEST: dict[str, Any] = {
    "inputs": {"budget": {"type": "number", "label": "Budget left"}},
    "screens": [
        screen(
            field(
                "reason",
                "radio",
                label="Why is it needed?",
                required=True,
                choices=[{"value": v, "label": v.capitalize()} for v in ("new", "replace")],
            ),
            field(
                "broken",
                "long_text",
                label="What is broken?",
                required=True,
                show_when={"rows": [{"path": "answers.reason", "operator": "equals", "value": "replace"}]},
            ),
            field("urgent", "checkbox", label="It is urgent"),
            field(
                "needed_on",
                "date",
                label="Needed on",
                required=True,
                default={"path": "record.start_date"},
                show_when=is_set("answers.urgent"),
            ),
            name="need",
            title="What is needed",
            intro="For {{ record.name }}, who begins soon.",
        ),
        screen(
            {
                "kind": "group",
                "name": "lines",
                "label": "Item",
                "help": "One for each thing to buy.",
                "least": 1,
                "most": 3,
                "fields": [
                    field("product", required=True, max_length=60),
                    field("quantity", "number", required=True, places=0, min=1, max=100),
                    field(
                        "serial",
                        label="Old serial number",
                        pattern={"pattern": "[A-Z]{2}[0-9]{4}", "message": "Two letters, four digits"},
                        show_when={"rows": [{"path": "answers.reason", "operator": "equals", "value": "replace"}]},
                    ),
                ],
            },
            {
                "kind": "section",
                "name": "delivery",
                "label": "Delivery",
                "items": [
                    field("building", "record", model="demo.building", label="Building", required=True),
                    {
                        "kind": "text",
                        "name": "hint",
                        "text": "It goes to {{ answers.building.name }}.",
                        "show_when": {"rows": [{"path": "answers.building", "operator": "is_not_empty"}]},
                    },
                    field("contact", "user", label="Contact person"),
                ],
            },
            name="items",
            title="Items and delivery",
        ),
        screen(
            field(
                "amount",
                "money",
                label="Amount",
                required=True,
                check={"formula": "answers.amount <= inputs.budget", "message": "This is more than the budget"},
            ),
            field("offer", "file", label="Offer", help="The supplier's offer, as PDF."),
            name="money",
            title="Money",
            show_when={"rows": [{"path": "inputs.budget", "operator": "is_not_empty"}]},
        ),
    ],
    "outcomes": [
        {"value": "approve", "label": "Approve", "tone": "primary", "comment": "optional"},
        {"value": "reject", "label": "Reject", "tone": "danger", "comment": "required"},
    ],
    "outputs": {"count": {"formula": "len(answers.lines)"}},
}
"""Three screens with conditional fields, a repeating group, lookups, an upload and decisions."""


def flow(document: dict[str, Any], name: str = "request", label: str = "Request") -> FlowVersion:
    """An active version of a screen flow with this document."""
    documents.parse("screen", document)
    row, _ = Flow.objects.get_or_create(key=f"site.{name}", defaults={"label": label, "kind": "screen", "is_built": True})
    number = row.versions.count() + 1
    for before in row.versions.filter(status=VersionStatus.ACTIVE):
        before.move(VersionStatus.INACTIVE)
    version = FlowVersion.objects.create(flow=row, number=number, document=document)
    version.move(VersionStatus.ACTIVE)
    return version


def asked(document: dict[str, Any], who: User, record: Employee | None = None, **inputs: Any) -> WorkItem:
    """A work item that asks somebody to fill in a screen flow with this document."""
    flow(document)
    access.grant("orchestration.run_flow", who)
    step = interactive("ask", "site.request", {"user": who.username}) | {
        "inputs": {name: {"value": value} for name, value in inputs.items()}
    }
    active([step])
    instance = engine.start("trial", record=record)
    return WorkItem.objects.open().get(instance=instance)
