"""The forms of the side panel: one for each kind of part and setting of an orchestration's draft.

A form shows what the document says of the part, and `said()` is what it is to say then: of the fields that are valid, so that what is
half-typed in one keeps nobody from saving the others.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django import forms
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.db.models import Count, DateField, Q
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from orchestration import editing
from orchestration.admin.building import fields, site
from orchestration.admin.building.forms import Around, NamedSources, PartForm, wanted_inputs
from orchestration.expressions.readable import Readables
from orchestration.flows import FlowKind
from orchestration.flows.editing import free_name, is_name
from orchestration.models import Flow
from orchestration.models.definitions import ExitRule, Handles, RunAs, StartsOn, StartType, StepKind
from orchestration.models.records import model_named
from orchestration.references import Site

Document = Mapping[str, Any]

KIND_OF_STEP = {FlowKind.SCREEN: StepKind.INTERACTIVE, FlowKind.AUTOLAUNCHED: StepKind.BACKGROUND}


@dataclass
class Place:
    """Where a part stands: the draft's document, its address, what can be read there, and what the site has."""

    document: Document
    address: str
    known: Readables
    site: Site
    is_settled: bool = False
    """Whether a version has been active, so that what starts the orchestration cannot change any more."""

    @property
    def part(self) -> editing.Part | None:
        """The part itself; None for a setting."""
        return editing.find(self.document, self.address)

    @property
    def stage(self) -> Document:
        """The stage that a step or a route stands in."""
        assert self.part is not None
        return editing.found(self.document, self.part.inside).about

    @property
    def around(self) -> Around:
        """What conditions can ask: evaluation flows."""
        found = [flow for flow in self.site.flows.values() if flow.kind == FlowKind.EVALUATION]
        return Around(evaluations=[(flow.key, f"{flow.label} ({flow.key})") for flow in found])


class PanelForm(PartForm):
    """What all forms of the panel have."""

    has_name = False
    label = None  # type: ignore[assignment]
    place: Any
    keys: Sequence[str] = ()
    """Fields that stand in the document under their own names."""

    def __init__(self, place: Place, about: Document, data: Any = None) -> None:
        super().__init__(place, about, data)  # type: ignore[arg-type]

    def said(self) -> dict[str, Any]:
        """What the part is to say: of the fields that are valid."""
        return {key: self.cleaned_data[key] for key in self.keys if key in self.cleaned_data}

    def title(self) -> str:
        """What the panel is headed."""
        return str(self.about.get("label") or self.called)

    def hints(self) -> dict[str, str]:
        """Field → something friendly to think of; not wrong, and never in the way."""
        return {}


class Named(PanelForm):
    """A part with a label and an API name."""

    keys: Sequence[str] = ("label", "api_name")
    label = forms.CharField(label=gettext_lazy("Label"), max_length=100)  # type: ignore[assignment]
    api_name = forms.CharField(
        label=gettext_lazy("API name"),
        max_length=60,
        help_text=gettext_lazy("How expressions and code call it. What names it here follows when it changes."),
    )

    def clean_api_name(self) -> str:
        """A name that no other part of its kind has."""
        name: str = self.cleaned_data["api_name"].strip()
        part = self.place.part
        if not is_name(name):
            raise ValidationError(_("Use small letters, digits and underscores, beginning with a letter."))
        if name != part.name and name in editing.names(self.place.document, part.kind):
            raise ValidationError(_("Another part has this name. Choose another one."))
        return name

    def said(self) -> dict[str, Any]:
        """A name that was made from the label goes on following it, until somebody chooses one."""
        said = super().said()
        part = self.place.part
        others = editing.names(self.place.document, part.kind) - {part.name}
        was_made = part.name == free_name(str(self.about["label"]), others, fallback=part.kind)
        if was_made and "label" in said and said.get("api_name") == part.name:
            said["api_name"] = free_name(said["label"], others, fallback=part.kind)
        return said


# Stages --------------------------------------------------------------------------------------------------------------

ACTIONS = (
    *("add", "ask", "approve", "assign", "build", "call", "check", "choose", "close", "collect", "complete", "confirm", "create", "decide"),
    *("deliver", "do", "draft", "escalate", "fill", "finish", "get", "give", "inform", "invite", "make", "notify", "open", "order", "pay"),
    *(
        "plan",
        "prepare",
        "process",
        "provision",
        "publish",
        "record",
        "reject",
        "review",
        "run",
        "schedule",
        "select",
        "send",
        "set",
        "sign",
    ),
    *("start", "submit", "tell", "test", "update", "upload", "verify", "wait", "welcome", "write"),
)
"""Verbs with which a name says what is done, and not what has been reached by then."""

UNNAMED = re.compile(r"(?i)^\s*(stage|step|phase|part|new stage|untitled)?\s*#?\d*\s*$")


def outcome_hint(label: str) -> str:
    """A friendly word when a stage is named after an action or a number instead of an outcome; "" when not."""
    words = re.findall(r"[A-Za-z]+", label)
    if UNNAMED.match(label):
        return _("Name the outcome that is reached when the stage is done, like “Equipment ordered”: everybody reads this name.")
    if words and words[0].lower() in ACTIONS and len(words) > 1:
        rest, verb = " ".join(label.split()[1:]), _participle(words[0].lower())
        return _("This names what is done. A stage is better named for its outcome: “%(better)s”.") % {"better": capfirst(f"{rest} {verb}")}
    return ""


IRREGULAR = {
    "build": "built",
    "choose": "chosen",
    "do": "done",
    "draft": "drafted",
    "get": "got",
    "give": "given",
    "make": "made",
    "pay": "paid",
    "run": "run",
    "send": "sent",
    "set": "set",
    "tell": "told",
    "write": "written",
    "submit": "submitted",
    "plan": "planned",
    "notify": "notified",
    "verify": "verified",
}


def _participle(verb: str) -> str:
    return IRREGULAR.get(verb) or (f"{verb}d" if verb.endswith("e") else f"{verb}ed")


class StageForm(Named):
    kind = "stage"
    called = gettext_lazy("Stage")
    icon = "list-checks"
    explained = gettext_lazy("Stages run one after the other. The steps in one begin together, unless a step says otherwise.")
    keys = ("label", "api_name", "entry_condition", "exit_rule", "exit_condition")

    entry_condition = fields.ConditionField(
        label=gettext_lazy("Only if"),
        always=gettext_lazy("Always"),
        help_text=gettext_lazy("Looked at once, when the stage is come to. When it does not hold, the whole stage is skipped."),
    )
    exit_rule = forms.ChoiceField(label=gettext_lazy("Ends when"), choices=ExitRule.choices)
    exit_condition = fields.ConditionField(
        label=gettext_lazy("Exit condition"),
        always=gettext_lazy("None"),
        help_text=gettext_lazy("For stages that end by a condition. Looked at whenever a step finishes or the record is saved."),
    )
    groups = ((gettext_lazy("Name in expressions"), ("api_name",)),)

    def initial_of(self, about: Document) -> dict[str, Any]:
        return {"exit_rule": ExitRule.ALL_STEPS, **about}

    def hints(self) -> dict[str, str]:
        """An outcome makes the better name."""
        hint = outcome_hint(str(self.data.get("label", self.about.get("label", ""))))
        return {"label": hint} if hint else {}

    def folded(self) -> list[Any]:
        return [(heading, found, False) for heading, found, _is_open in super().folded()]


class RouteForm(PanelForm):
    kind = "route"
    called = gettext_lazy("Route")
    icon = "arrow-right"
    explained = gettext_lazy(
        "When the stage has ended, its routes are looked at in order: the first that holds is taken, else the next stage."
    )
    keys = ("condition", "to")

    condition = fields.ConditionField(label=gettext_lazy("Taken"), always=gettext_lazy("Always"))
    to = forms.ChoiceField(label=gettext_lazy("Goes to"), required=False)

    def prepare(self) -> None:
        """The stages that it can go to, those further back marked."""
        here = self.place.stage["api_name"]
        names = [stage["api_name"] for stage in self.place.document["stages"]]
        told = []
        for stage in self.place.document["stages"]:
            goes_back = names.index(stage["api_name"]) <= names.index(here)
            label = _("%(label)s (goes back)") % {"label": stage["label"]} if goes_back else stage["label"]
            told.append((stage["api_name"], label))
        self.fields["to"].choices = [*told, ("", _("End: the instance is completed"))]  # type: ignore[attr-defined]
        self.fields["to"].is_wanted = True  # type: ignore[attr-defined]

    def said(self) -> dict[str, Any]:
        said = super().said()
        return {**said, "to": said["to"] or None} if "to" in said else said

    def title(self) -> str:
        return _("Route from “%(stage)s”") % {"stage": self.place.stage["label"]}


# Steps ---------------------------------------------------------------------------------------------------------------


class StepForm(NamedSources, Named):
    kind = "step"
    called = gettext_lazy("Step")
    icon = "cog"
    keys = (
        *("label", "api_name", "flow", "after", "wait_until", "only_if", "complete_when", "assignee"),
        *("max_attempts", "run_as", "run_as_user", "handles", "handles_types", "fault_path"),
    )

    flow = forms.ChoiceField(label=gettext_lazy("Flow"), required=False, help_text=gettext_lazy("What the step does."))
    assignee = fields.AssigneeField(label=gettext_lazy("Who does it"))
    after = forms.MultipleChoiceField(
        label=gettext_lazy("Begins after"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("None ticked: it begins with the stage, beside the others."),
    )
    wait_until = fields.ConditionField(
        label=gettext_lazy("Wait until"),
        always=gettext_lazy("Do not wait"),
        help_text=gettext_lazy("Holds the step back until it holds; it is then done."),
    )
    only_if = fields.ConditionField(
        label=gettext_lazy("Only if"),
        always=gettext_lazy("In any case"),
        help_text=gettext_lazy("Looked at once, when the step would begin. When it does not hold, the step is dropped."),
    )
    complete_when = fields.ConditionField(
        label=gettext_lazy("Complete when"),
        always=gettext_lazy("The form is finished"),
        help_text=gettext_lazy("After the form is finished the step waits until this holds too."),
    )
    fault_path = forms.ChoiceField(
        label=gettext_lazy("When it fails"),
        required=False,
        help_text=gettext_lazy("After all attempts. A handler is a step of this stage."),
    )
    max_attempts = forms.IntegerField(
        label=gettext_lazy("Attempts"),
        required=False,
        min_value=1,
        max_value=100,
        help_text=gettext_lazy("How often it is tried. Empty: as often as the site says."),
    )
    run_as = forms.ChoiceField(label=gettext_lazy("Runs as"), choices=RunAs.choices)
    run_as_user = forms.CharField(label=gettext_lazy("Named user"), required=False, max_length=150, help_text=gettext_lazy("A username."))
    handles = forms.ChoiceField(
        label=gettext_lazy("Handles faults"), required=False, choices=[("", gettext_lazy("No: an ordinary step")), *Handles.choices]
    )
    handles_types = fields.WordsField(
        label=gettext_lazy("Types of faults"), help_text=gettext_lazy("With commas between them, as the history names them. Empty: all.")
    )

    groups = (
        (gettext_lazy("Only if, wait until, complete when"), ("wait_until", "only_if", "complete_when")),
        (gettext_lazy("Faults and attempts"), ("fault_path", "max_attempts", "handles", "handles_types")),
        (gettext_lazy("Rights"), ("run_as", "run_as_user")),
        (gettext_lazy("Name in expressions"), ("api_name",)),
    )

    def initial_of(self, about: Document) -> dict[str, Any]:
        return {"run_as": RunAs.SERVICE, **about}

    def prepare(self) -> None:
        """Offer what there is; the inputs are those of the flow that is chosen."""
        place, is_interactive = self.place, self.is_interactive
        self._offer_flows()
        chosen = str(self.data.get("flow", self.about.get("flow") or ""))
        self.chosen = place.site.flows.get(chosen)
        self.add_sources("inputs", wanted_inputs(self.chosen.declared if self.chosen else {}), given=self.about.get("inputs") or {})
        for name, about in self.chosen.declared.items() if self.chosen else ():
            if about.get("required") and not self.initial.get(f"inputs-{name}"):  # most are mapped from somewhere: ready to be typed
                self.initial[f"inputs-{name}"] = {"mode": fields.PATH, "words": ""}
            self.fields[f"inputs-{name}"].of_type = fields.WORDS.get(about.get("type", ""), "")  # type: ignore[attr-defined]
        # The rest stands below the inputs.
        for name in ("after", "wait_until", "only_if", "complete_when"):
            self.fields[name] = self.fields.pop(name)
        for name in ("assignee", "complete_when") if not is_interactive else ("max_attempts", "run_as", "run_as_user"):
            del self.fields[name]
        self._offer_people()
        self._offer_siblings()
        for name in ("flow", "assignee", "fault_path", "handles"):
            if name in self.fields:
                self.fields[name].is_wanted = True  # type: ignore[attr-defined]

    @property
    def is_interactive(self) -> bool:
        """Whether a person does it."""
        return bool(self.about.get("kind") == StepKind.INTERACTIVE)

    def _offer_flows(self) -> None:
        wanted = FlowKind.SCREEN if self.is_interactive else FlowKind.AUTOLAUNCHED
        found = [flow for flow in self.place.site.flows.values() if flow.kind == wanted]
        listed: list[tuple[str, Any]] = [("", _("Choose…"))]
        listed += sorted(((flow.key, f"{flow.label} ({flow.key})") for flow in found), key=lambda one: one[1].lower())
        given = self.about.get("flow")
        if given and given not in {flow.key for flow in found}:
            draft = self.place.site.drafts.get(given)
            told = _("%(label)s (not active yet)") % {"label": draft} if draft else _("%(key)s (missing)") % {"key": given}
            listed.append((given, told))
        self.fields["flow"].choices = listed  # type: ignore[attr-defined]
        self.fields["flow"].widget.attrs["data-orc-reshape"] = ""

    def _offer_people(self) -> None:
        if "assignee" in self.fields:
            widget: Any = self.fields["assignee"].widget
            widget.queues = list(self.place.site.queues.items())
            widget.groups = sorted(self.place.site.groups)
            widget.people = people()

    def _offer_siblings(self) -> None:
        stage, own = self.place.stage, self.about["api_name"]
        later = editing.later(stage, own)
        ordinary = [step for step in stage["steps"] if not step.get("handles")]
        after = [(step["api_name"], step["label"]) for step in ordinary if step["api_name"] != own and step["api_name"] not in later]
        self.fields["after"].choices = after  # type: ignore[attr-defined]
        if not after:
            del self.fields["after"]
        handlers = [(step["api_name"], step["label"]) for step in stage["steps"] if step.get("handles") and step["api_name"] != own]
        self.fields["fault_path"].choices = [("", _("The stage’s handler, or an operator")), *handlers]  # type: ignore[attr-defined]

    def clean_run_as_user(self) -> str:
        """A person that is there."""
        name: str = self.cleaned_data["run_as_user"].strip()
        if name and not get_user_model()._default_manager.filter(**{get_user_model().USERNAME_FIELD: name}).exists():
            raise ValidationError(_("There is no user “%(name)s”.") % {"name": name})
        return name

    def said(self) -> dict[str, Any]:
        said = super().said()
        said["inputs"] = {
            name: source for name, source in (self.about.get("inputs") or {}).items() if f"inputs-{name}" in self.errors
        } | self.sources("inputs")
        if "fault_path" in said:
            said["fault_path"] = said["fault_path"] or None
        return said

    def nothing(self) -> str:
        """What is to be known of the flow before its inputs."""
        if self.about.get("flow") and self.chosen is None:
            return _("Its inputs appear here as soon as the flow has an active version.")
        return ""

    def hints(self) -> dict[str, str]:
        """Inputs that need a value; an assignee that nobody stands behind."""
        told = {}
        for name in sorted(self.chosen.required if self.chosen else ()):
            if f"inputs-{name}" in self.fields and not (self.about.get("inputs") or {}).get(name) and not self.data.get(f"inputs-{name}"):
                told[f"inputs-{name}"] = _("Needs a value: choose where it comes from.")
        if "assignee" in self.fields and (count := members_of(self.about.get("assignee") or {})) is not None:
            words = _("%(count)d people with an active account can take it now.") if count != 1 else _("One person can take it now.")
            nobody = _("Nobody with an active account is in it now: the step would go to the fallback queue.")
            told["assignee"] = words % {"count": count} if count > 1 else words if count else nobody
        return told

    @property
    def flow_page(self) -> Flow | None:
        """The row of the chosen flow, for a link to its builder."""
        row: Flow | None = self.place.site.flow_rows.get(self.about.get("flow") or "")
        return row


MOST_PEOPLE = 500
"""People that are proposed while a name is typed; others are found by their username."""


def people() -> list[tuple[str, str]]:
    """Active people to propose, as (username, name)."""
    model = get_user_model()
    found = model._default_manager.filter(is_active=True).order_by(model.USERNAME_FIELD)[:MOST_PEOPLE]
    return [(person.get_username(), person.get_full_name() or person.get_username()) for person in found]


def members_of(assignee: Mapping[str, Any]) -> int | None:
    """How many people with an active account can take what is assigned so; None where nobody knows before it runs."""
    users = get_user_model()._default_manager.filter(is_active=True)
    match assignee:
        case {"queue": name}:
            inside = Q(queue_memberships__queue__api_name=name) | Q(groups__queue_memberships__queue__api_name=name)
            return users.filter(inside).aggregate(count=Count("pk", distinct=True))["count"]  # type: ignore[no-any-return]
        case {"group": name}:
            return users.filter(groups__name=name).count()
    return None


# The whole -----------------------------------------------------------------------------------------------------------


class AboutForm(PanelForm):
    kind = editing.ABOUT
    called = gettext_lazy("About")
    icon = "info"
    keys = ("label", "description", "one_live_per_record", "start_type", "record_model")

    label = forms.CharField(label=gettext_lazy("Label"), max_length=100)  # type: ignore[assignment]
    description = forms.CharField(
        label=gettext_lazy("Description"),
        required=False,
        max_length=5000,
        widget=forms.Textarea({"rows": 3}),
        help_text=gettext_lazy("What it is for, in a sentence or two."),
    )
    start_type = forms.ChoiceField(label=gettext_lazy("Starts"), choices=StartType.choices, widget=forms.RadioSelect)
    record_model = forms.ChoiceField(label=gettext_lazy("The record is"), required=False)
    one_live_per_record = forms.BooleanField(
        label=gettext_lazy("One live instance per record"),
        required=False,
        help_text=gettext_lazy("While an instance is live for a record, another start for that record is skipped."),
    )

    def prepare(self) -> None:
        """What starts it is settled once a version has been active."""
        self.fields["record_model"].choices = [("", _("No record")), *site.models()]  # type: ignore[attr-defined]
        if self.place.is_settled:
            for name in ("start_type", "record_model"):
                self.fields[name].disabled = True
            self.fields["record_model"].help_text = _("Settled: a version has been active. Another model needs another orchestration.")

    def clean(self) -> dict[str, Any]:
        """A record-triggered one watches a model."""
        cleaned = super().clean() or {}
        if cleaned.get("start_type") == StartType.RECORD_TRIGGERED and not cleaned.get("record_model"):
            self.add_error("record_model", _("Choose the model whose records start it."))
            cleaned.pop("start_type", None)
        return cleaned

    def title(self) -> str:
        return str(self.called)


OFFSETS = {"minutes": gettext_lazy("minutes"), "hours": gettext_lazy("hours"), "days": gettext_lazy("days")}


class StartForm(PanelForm):
    kind = editing.START
    called = gettext_lazy("Start")
    icon = "arrow-right"
    keys = ("starts_on", "entry_condition", "changed_into", "start_field")

    starts_on = forms.ChoiceField(label=gettext_lazy("Starts"), choices=StartsOn.choices)
    start_field = forms.ChoiceField(
        label=gettext_lazy("Time"), required=False, help_text=gettext_lazy("For starts at a time: a date or time of the record.")
    )
    offset = forms.IntegerField(label=gettext_lazy("After that time"), required=False, min_value=-100_000, max_value=100_000)
    offset_unit = forms.ChoiceField(label=gettext_lazy("Unit"), choices=list(OFFSETS.items()), required=False)
    entry_condition = fields.ConditionField(
        label=gettext_lazy("Only if"),
        always=gettext_lazy("In any case"),
        help_text=gettext_lazy("Looked at with the record as it has just been saved."),
    )
    changed_into = forms.BooleanField(
        label=gettext_lazy("Only when changed into it"),
        required=False,
        help_text=gettext_lazy("An update starts it only if the condition did not hold before."),
    )

    def prepare(self) -> None:
        """Only what its kind of start asks for."""
        self.fields["starts_on"].widget.attrs["data-orc-reshape"] = ""
        head = self.place.document["orchestration"]
        is_due = str(self.data.get("starts_on", self.about.get("starts_on"))) == StartsOn.DUE
        model = model_named(head["record_model"]) if head.get("record_model") else None
        times = [field for field in model._meta.concrete_fields if isinstance(field, DateField)] if model else []
        self.fields["start_field"].choices = [("", _("Choose…")), *((field.name, capfirst(str(field.verbose_name))) for field in times)]  # type: ignore[attr-defined]
        for name in ("offset_unit", "start_field"):
            self.fields[name].is_wanted = True  # type: ignore[attr-defined]
        for name in ("changed_into",) if is_due else ("start_field", "offset", "offset_unit"):
            del self.fields[name]
        if head.get("start_type") != StartType.RECORD_TRIGGERED:
            self.fields.clear()

    def nothing(self) -> str:
        """Why there is nothing to set."""
        if self.fields:
            return ""
        return _("It is started by code, another flow, a command, or by hand on a record page. What it takes is declared under “Data”.")

    def initial_of(self, about: Document) -> dict[str, Any]:
        seconds = int(about.get("start_offset") or 0)
        unit = next((unit for unit in ("days", "hours") if seconds and not seconds % _seconds(unit)), "minutes" if seconds else "hours")
        return {**about, "offset": seconds // _seconds(unit), "offset_unit": unit}

    def said(self) -> dict[str, Any]:
        said = super().said()
        if {"offset", "offset_unit"} <= self.cleaned_data.keys():
            said["start_offset"] = float((self.cleaned_data["offset"] or 0) * _seconds(self.cleaned_data["offset_unit"] or "hours"))
        return said

    def title(self) -> str:
        return str(self.called)


def _seconds(unit: str) -> int:
    return int(timedelta(**{unit: 1}).total_seconds())


class DataForm(PanelForm):
    kind = editing.DATA
    called = gettext_lazy("Data")
    icon = "list-checks"
    explained = gettext_lazy("What the instance is given when it starts, and what it remembers besides what its steps give.")
    keys = ("inputs", "variables")

    def prepare(self) -> None:
        """Inputs and variables, of the types that there are."""
        self.fields["inputs"] = fields.DeclarationField(
            models=site.models(), label=_("Inputs"), help_text=_("What a start by code, a flow or by hand hands over: inputs.<name>")
        )
        self.fields["variables"] = fields.DeclarationField(
            models=site.models(), has_required=False, label=_("Variables"), help_text=_("What the instance remembers: vars.<name>")
        )

    def title(self) -> str:
        return str(self.called)


FORMS: Mapping[str, type[PanelForm]] = {form.kind: form for form in (StageForm, StepForm, RouteForm, AboutForm, StartForm, DataForm)}
SETTINGS: Sequence[type[PanelForm]] = (StartForm, DataForm, AboutForm)


def form_for(place: Place, data: Any = None) -> PanelForm | None:
    """The form of the part or setting at the place; None when there is none."""
    if place.address in FORMS:
        return FORMS[place.address](place, editing.said_of(place.document, place.address), data)
    part = place.part
    return FORMS[part.kind](place, part.about, data) if part is not None else None
