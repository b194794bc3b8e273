"""New hire onboarding.

HR collects equipment preferences and confirms the start date. Then an IT ticket, a chat invitation and building access are made in
parallel. The hiring manager confirms that all is ready. At last the newcomer gets the welcome mail, and the manager three review tasks.
"""

from datetime import date, timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from demo.models import BuildingAccess, ChatInvitation, Employee, ITTicket, ReviewTask
from orchestration import clock
from orchestration.errors import Failure
from orchestration.flows import Context, Screen, autolaunched_flow, screen_flow


class EquipmentScreen(Screen):
    title = gettext_lazy("Equipment")
    intro = gettext_lazy("What should be on the desk on the first day?")

    equipment = forms.ChoiceField(label=gettext_lazy("Computer"), choices=Employee.Equipment.choices, widget=forms.RadioSelect)
    extras = forms.MultipleChoiceField(
        label=gettext_lazy("Extras"),
        required=False,
        choices=[
            ("headset", gettext_lazy("Headset")),
            ("standing_desk", gettext_lazy("Standing desk")),
            ("phone", gettext_lazy("Phone")),
        ],
        widget=forms.CheckboxSelectMultiple,
    )
    notes = forms.CharField(
        label=gettext_lazy("Notes for IT"),
        required=False,
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("Anything unusual: a keyboard layout, an accessibility need."),
    )


class StartDateScreen(Screen):
    title = gettext_lazy("Start date")
    intro = gettext_lazy("Confirm the day with the new colleague before you continue.")

    start_date = forms.DateField(label=gettext_lazy("First day"), widget=forms.DateInput(attrs={"type": "date"}))
    confirmed = forms.BooleanField(
        label=gettext_lazy("The new colleague has agreed to this day"),
        error_messages={"required": gettext_lazy("Ask the new colleague first, then tick this box")},
    )

    def initial_answers(self, context: Context) -> dict[str, Any]:
        return {"start_date": context.record.start_date}

    def clean_start_date(self) -> date:
        day: date = self.cleaned_data["start_date"]
        if day < timezone.localdate(clock.now()):
            raise forms.ValidationError(_("Enter a first day that is not in the past"))
        return day


@screen_flow(screens=[EquipmentScreen, StartDateScreen], label=gettext_lazy("Collect preferences"), changes_record=True)
def collect_preferences(context: Context, answers: dict[str, Any]) -> dict[str, Any]:
    employee = context.record
    employee.equipment = answers["equipment"]
    employee.start_date = answers["start_date"]
    employee.save(update_fields=["equipment", "start_date"])
    return {name: answers[name] for name in ("equipment", "extras", "notes", "start_date")}


@autolaunched_flow(label=gettext_lazy("Create an IT ticket"))
def create_it_ticket(context: Context, *, equipment: str, extras: list[str] | None = None, notes: str = "") -> dict[str, Any]:
    wanted = [Employee.Equipment(equipment).label, *(extras or []), *([notes] if notes else [])]
    ticket = ITTicket.objects.create(
        employee=context.record,
        summary=f"{context.record.name}: {', '.join(str(item) for item in wanted)}"[:200],
        created_at=clock.now(),
    )
    return {"ticket": ticket.pk}


@autolaunched_flow(label=gettext_lazy("Invite to the chat"))
def invite_to_chat(context: Context) -> dict[str, Any]:
    channel = context.record.department.lower().replace(" ", "-")
    invitation = ChatInvitation.objects.create(employee=context.record, channel=channel)
    return {"invitation": invitation.pk, "channel": channel}


@autolaunched_flow(label=gettext_lazy("Give building access"))
def give_building_access(context: Context) -> dict[str, Any]:
    employee = context.record
    if not employee.building.has_badge_system:
        raise Failure(
            _("“%(building)s” has no badge system. Give the access by hand, or tick the building's badge system and try again.")
            % {"building": employee.building}
        )
    access = BuildingAccess.objects.create(employee=employee, building=employee.building, valid_from=employee.start_date)
    return {"access": access.pk}


class ReadinessScreen(Screen):
    title = gettext_lazy("Is everything ready for the first day?")

    desk_ready = forms.BooleanField(
        label=gettext_lazy("Desk and computer are in place"),
        error_messages={"required": gettext_lazy("Check the desk, then tick this box")},
    )
    buddy = forms.CharField(label=gettext_lazy("Buddy"), max_length=100, help_text=gettext_lazy("Who shows the newcomer around?"))


@screen_flow(screens=[ReadinessScreen], label=gettext_lazy("Confirm readiness"), changes_record=True, as_system=True)
def confirm_readiness(context: Context, answers: dict[str, Any]) -> dict[str, Any]:
    employee = context.record
    employee.is_ready = True
    employee.save(update_fields=["is_ready"])
    return {"buddy": answers["buddy"]}


@autolaunched_flow(label=gettext_lazy("Send the welcome mail"))
def send_welcome_mail(context: Context, *, buddy: str) -> None:
    employee = context.record
    context.mail(
        employee.email,
        _("Welcome, %(name)s") % {"name": employee.name},
        _(
            "Hello %(name)s,\n\nwe look forward to your first day, %(day)s. Come to %(building)s; %(buddy)s will show you around.\n\n"
            "See you soon,\n%(manager)s\n"
        )
        % {
            "name": employee.name,
            "day": employee.start_date,
            "building": employee.building,
            "buddy": buddy,
            "manager": employee.manager.get_full_name(),
        },
    )


@autolaunched_flow(label=gettext_lazy("Create the review tasks"))
def create_review_tasks(context: Context) -> dict[str, Any]:
    employee = context.record
    tasks = [
        ReviewTask.objects.create(
            employee=employee,
            owner=employee.manager,
            after_days=days,
            due_on=employee.start_date + timedelta(days=days),
        )
        for days in (30, 60, 90)
    ]
    return {"due_on": [task.due_on for task in tasks]}


ONBOARDING = {
    "orchestration": {
        "api_name": "new_hire_onboarding",
        "label": "New hire onboarding",
        "description": "From the signed contract to a first day on which everything works.",
        "start_type": "record",
        "record_model": "demo.employee",
        "one_live_per_record": True,
    },
    "starts_on": "created",
    "stages": [
        {
            "api_name": "preferences_collected",
            "label": "Preferences collected",
            "steps": [
                {
                    "api_name": "collect_preferences",
                    "label": "Collect preferences",
                    "kind": "interactive",
                    "flow": "demo.collect_preferences",
                    "assignee": {"queue": "hr"},
                }
            ],
        },
        {
            "api_name": "provisioned",
            "label": "Provisioned",
            "steps": [
                {
                    "api_name": "it_ticket",
                    "label": "Create IT ticket",
                    "kind": "background",
                    "flow": "demo.create_it_ticket",
                    "inputs": {
                        "equipment": {"path": "steps.collect_preferences.outputs.equipment"},
                        "extras": {"path": "steps.collect_preferences.outputs.extras"},
                        "notes": {"path": "steps.collect_preferences.outputs.notes"},
                    },
                },
                {
                    "api_name": "chat_invitation",
                    "label": "Invite to chat",
                    "kind": "background",
                    "flow": "demo.invite_to_chat",
                },
                {
                    "api_name": "building_access",
                    "label": "Give building access",
                    "kind": "background",
                    "flow": "demo.give_building_access",
                },
            ],
        },
        {
            "api_name": "readiness_confirmed",
            "label": "Readiness confirmed",
            "steps": [
                {
                    "api_name": "confirm_readiness",
                    "label": "Confirm readiness",
                    "kind": "interactive",
                    "flow": "demo.confirm_readiness",
                    "assignee": {"path": "record.manager"},
                }
            ],
        },
        {
            "api_name": "welcomed",
            "label": "Welcomed",
            "steps": [
                {
                    "api_name": "welcome_mail",
                    "label": "Send welcome mail",
                    "kind": "background",
                    "flow": "demo.send_welcome_mail",
                    "inputs": {"buddy": {"path": "steps.confirm_readiness.outputs.buddy"}},
                },
                {
                    "api_name": "review_tasks",
                    "label": "Create review tasks",
                    "kind": "background",
                    "flow": "demo.create_review_tasks",
                },
            ],
        },
    ],
}
"""The definition, as the document that `builder.load` takes."""
