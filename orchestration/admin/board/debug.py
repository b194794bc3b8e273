"""The page of a debug run: what it is tried with, the form that waits, what came of each move. It carries its script; see `debugging`."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from django import forms
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from orchestration import access, debugging, engine
from orchestration.admin.board.forms import people
from orchestration.admin.board.pages import of_version, page, tab
from orchestration.admin.building import trying
from orchestration.admin.building.fields import literal, typed_text
from orchestration.admin.building.views import shown
from orchestration.admin.numbers import whole_number
from orchestration.debugging import Run, Script
from orchestration.errors import FlowMissing, Invalid, Refused
from orchestration.flows import Context
from orchestration.models import Version, WorkItem
from orchestration.models.instances import name_of
from orchestration.models.records import model_label, model_named

MOST_RECORDS = 50
CHANGES = 3
"""Fields whose change the save that starts it can be given."""

LATER = (("3600", gettext_lazy("An hour later")), ("86400", gettext_lazy("A day later")), ("604800", gettext_lazy("A week later")))


class SetUp(forms.Form):
    """What a run begins with."""

    use_required_attribute = False

    record = forms.ChoiceField(label=gettext_lazy("Record"), required=False)
    starter = forms.CharField(
        label=gettext_lazy("Started by"), required=False, max_length=150, help_text=gettext_lazy("A username. Empty: by nobody.")
    )
    skips_timers = forms.BooleanField(label=gettext_lazy("Skip waits and pauses"), required=False, initial=True)

    def __init__(self, version: Version, user: Any, data: Any = None) -> None:
        super().__init__(data, initial={"starter": user.get_username()})
        self.version, self.user = version, user
        label = version.orchestration.record_model
        self.model: type[Model] | None = model_named(label) if label else None
        self.fields["starter"].widget.attrs |= {"list": "orc-people", "autocomplete": "off"}
        if self.model is None:
            del self.fields["record"]
        else:
            self._offer(self.model)
        for name, about in version.inputs.items():
            required = bool(about.get("required")) and about.get("default") is None
            words = about.get("label") or capfirst(name.replace("_", " "))
            self.fields[f"input-{name}"] = forms.CharField(label=words, required=required, max_length=2000)

    def _offer(self, model: type[Model]) -> None:
        """The newest records that the person may view, and the fields that the save can change."""
        found = access.records_for(self.user, model).order_by("-pk")[:MOST_RECORDS]
        choices = [(f"{model_label(record)}:{record.pk}", str(record)) for record in found]
        if self.is_bound and (given := str(self.data.get("record", ""))) and given not in dict(choices):
            choices += [(given, str(record)) for record in [viewable(self.user, given)] if record is not None]
        self.fields["record"].choices = [("", _("No record")), *choices]  # type: ignore[attr-defined]
        self.fields["record"].is_wanted = True  # type: ignore[attr-defined]
        names = [field for field in model._meta.concrete_fields if not field.primary_key and field.editable]
        fields = [("", _("Nothing")), *((field.name, capfirst(str(field.verbose_name))) for field in names)]
        for number in range(CHANGES):
            self.fields[f"change-{number}"] = forms.ChoiceField(label=_("The save changes"), choices=fields, required=False)
            self.fields[f"value-{number}"] = forms.CharField(label=_("to"), required=False, max_length=2000)

    def shown_fields(self) -> list[forms.BoundField]:
        """All but the changes, which stand in a table."""
        return [field for field in self.visible_fields() if not field.name.startswith(("change-", "value-"))]

    def changes(self) -> list[tuple[forms.BoundField, forms.BoundField]]:
        """Field and value, side by side."""
        return [(self[f"change-{number}"], self[f"value-{number}"]) for number in range(CHANGES)] if self.model else []

    def script(self) -> Script:
        """The script of a run that has not begun. Raises Invalid naming an input of the wrong type."""
        said = self.cleaned_data
        inputs = {}
        for name, about in self.version.inputs.items():
            if words := said.get(f"input-{name}"):
                try:
                    inputs[name] = literal(words, about.get("type", "text"))
                except forms.ValidationError as error:
                    self.add_error(f"input-{name}", error)
        if self.errors:
            raise Invalid(_("Some inputs cannot be taken."))
        change = {said[f"change-{number}"]: said[f"value-{number}"] for number in range(CHANGES) if said.get(f"change-{number}")}
        return Script(
            record=said.get("record", ""), starter=said["starter"], inputs=inputs, change=change, skips_timers=said["skips_timers"]
        )


def viewable(user: Any, reference: str) -> Model | None:
    """The record that a script names, if the person may view it."""
    label, _colon, key = reference.partition(":")
    model = model_named(label)
    try:
        return access.records_for(user, model).filter(pk=key).first() if model is not None else None
    except ValueError:
        return None


@of_version(access.may_debug)
def debug(request: HttpRequest, version: Version) -> HttpResponse:
    """GET shows what it can be tried with; POST plays the script that the page carries, with whatever was pressed added to it."""
    if request.method != "POST" or ("script" not in request.POST and "begin" not in request.POST):
        return _set_up(request, version, SetUp(version, request.user))
    if "begin" in request.POST:
        form = SetUp(version, request.user, request.POST)
        if not form.is_valid():
            return _set_up(request, version, form)
        try:
            script = form.script()
        except Invalid:
            return _set_up(request, version, form)
        return _play(request, version, replace(script, most=1) if request.POST["begin"] == "step" else script)
    try:
        script = Script.read(request.POST["script"])
    except Invalid as invalid:
        form = SetUp(version, request.user)
        return _set_up(request, version, form, refused=str(invalid), status=422)
    return _play(request, version, _pressed(script, request.POST))


def _set_up(request: HttpRequest, version: Version, form: SetUp, refused: str = "", status: int = 0) -> HttpResponse:
    return page(
        request,
        "debug",
        status or (422 if form.errors else 200),
        **_about(request, version),
        form=form,
        refused=refused,
    )


def _about(request: HttpRequest, version: Version) -> dict[str, Any]:
    return {
        "title": str(version.orchestration.label),
        **tab(request, version, "debug"),
        "people": people(),
    }


def _pressed(script: Script, sent: Any) -> Script:
    """The script with what was pressed: on, back, a form completed, a step mocked, time that passes."""
    pressed, step = sent.get("do", ""), str(sent.get("step", ""))
    made = whole_number(sent.get("made"), debugging.MOST_MOVES) or 0
    forward = 0 if script.most == 0 else made + 1
    match pressed:
        case "step":
            return replace(script, most=made + 1)
        case "run":
            return replace(script, most=0)
        case "back":
            return replace(script, most=max(1, made - 1), deeds=script.deeds)
        case "restart":
            return replace(script, most=1, deeds=[])
        case "complete":
            answers = {name: values for name, values in sent.lists() if name not in OWN}
            deed = {"complete": step, "as": sent.get("other", "").strip() or sent.get("as", ""), "answers": answers}
            return replace(script, deeds=[*script.deeds, deed], most=forward)
        case "mock":
            outputs = {name: _value(sent.get(f"mock-value-{number}", "")) for number, name in _names(sent)}
            return replace(script, mocks={**script.mocks, step: {"outputs": outputs}}, most=script.most)
        case "fail":
            told = {"type": sent.get("fail-type", "").strip() or "mocked", "message": sent.get("fail-message", "").strip()}
            return replace(script, mocks={**script.mocks, step: {"fail": told}})
        case "unmock":
            return replace(script, mocks={name: mock for name, mock in script.mocks.items() if name != step})
        case "reply":
            body = _value(sent.get("reply-body", ""), is_json=True)
            status = whole_number(sent.get("reply-status"), 599) or 200
            return replace(script, replies={**script.replies, str(sent.get("endpoint", "")): {"status": status, "body": body}})
        case "later" if seconds := whole_number(sent.get("seconds")):
            return replace(script, deeds=[*script.deeds, {"later": seconds}], most=forward)
    return script


OWN = frozenset({"csrfmiddlewaretoken", "script", "made", "do", "step", "as", "other"})
"""Fields of the page itself; all others are answers to the form."""


def _names(sent: Any) -> Iterator[tuple[int, str]]:
    for number in range(10):
        if name := str(sent.get(f"mock-name-{number}", "")).strip():
            yield number, name


def _value(words: str, *, is_json: bool = False) -> Any:
    if is_json:
        try:
            return json.loads(words or "{}")
        except ValueError:
            return words
    return literal(words, "") if words else None


def _play(request: HttpRequest, version: Version, script: Script) -> HttpResponse:
    """Replay it, and make the page while its rows are there."""
    if script.record and viewable(request.user, script.record) is None:
        refused = _("You may not view this record, or it is not there.")
        return _set_up(request, version, SetUp(version, request.user), refused=refused, status=422)
    with debugging.replayed(version, script) as run:
        if run.refusal is not None:
            script = replace(script, deeds=script.deeds[:-1])
        is_proof = run.is_proof
        told = _told(run, request, script)
        answer = page(request, "debug", 422 if run.refusal is not None else 200, **_about(request, version), **told)
        answer.render()
    if is_proof:
        debugging.mark(version, by=request.user)
    return answer


def _told(run: Run, request: HttpRequest, script: Script) -> dict[str, Any]:
    items = [_item(item, request, run) for item in run.items]
    return {
        "run": run,
        "script": script.written(),
        "made": len(run.moves),
        "view": run.view if run.instance else None,
        "moves": [(move, [(name, _shown(old), _shown(new)) for name, old, new in move.changes]) for move in run.moves],
        "variables": [(name, _shown(value)) for name, value in run.variables],
        "items": items,
        "mocks": [(step, _mocked(mock)) for step, mock in script.mocks.items()],
        "later": LATER,
        "unanswered": sorted({call.endpoint for call in run.calls if not call.is_answered}),
        "numbers": range(3),
        "steps": list(run.version.steps.order_by("stage__order", "order").values_list("api_name", "label")),
    }


def _shown(value: Any) -> str:
    if isinstance(value, Mapping) and "attachment" in value:  # a file
        return str(value.get("name"))
    return "–" if value is None else shown(value) or typed_text(value)


def _mocked(mock: Mapping[str, Any]) -> str:
    if "fail" in mock:
        return _("is made to fail: %(message)s") % {"message": mock["fail"].get("message") or mock["fail"].get("type")}
    outputs = ", ".join(f"{name} = {_shown(value)}" for name, value in mock.get("outputs", {}).items())
    return _("is mocked: %(outputs)s") % {"outputs": outputs or _("without outputs")}


def _item(item: WorkItem, request: HttpRequest, run: Run) -> dict[str, Any]:
    """An open work item with its real form, and who could complete it."""
    able = debugging.people_for(item)
    name = item.step_instance.step.api_name
    chosen = request.POST.get("other", "").strip() or request.POST.get("as", "") if request.POST.get("step") == name else ""
    who = next((person for person in able if person.get_username() == chosen), able[0] if able else request.user)
    was_refused = run.refusal is not None and request.POST.get("do") == "complete" and request.POST.get("step") == name
    asked_for_rows = request.POST.get("step") == name and request.POST.get("do", "") in ("update", "")
    sent = dict(request.POST.lists()) if was_refused or asked_for_rows else {}
    try:
        screens: Any = trying.Screens(_Sample(item, who), sent, is_tried=was_refused)
    except (FlowMissing, Refused) as error:
        screens = None
        run.notes.append(str(error))
    return {
        "item": item,
        "step": name,
        "screens": screens,
        "able": [(person.get_username(), name_of(person), debugging.why_not(item, person)) for person in able],
        "chosen": chosen or (able[0].get_username() if able else ""),
    }


class _Sample:
    """A work item's flow and context, as `trying` wants them."""

    def __init__(self, item: WorkItem, who: Any) -> None:
        self.flow, self._context = item.get_flow(), engine.context_for(item, who)
        self._context.reach = debugging.SampleReach(who, item)

    def context(self) -> Context:
        """What the screens are shown with."""
        return self._context
