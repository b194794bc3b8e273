"""The page that tries a flow alone: a record, sample inputs, answers and replies go in, what would have happened comes out."""

from collections.abc import Iterator, Mapping
from typing import Any, Protocol

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Model
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from orchestration import access, expressions
from orchestration.admin.building import site
from orchestration.admin.building.fields import literal
from orchestration.errors import ExpressionError, Refused, describe
from orchestration.expressions import Fact, Readables
from orchestration.flows import Context, Flow, FlowKind
from orchestration.flows.built_screens import COMMENT, OUTCOME
from orchestration.flows.documents import AutolaunchedDocument
from orchestration.flows.documents.elements import Call
from orchestration.flows.fields import rows_of
from orchestration.flows.screens import Filling
from orchestration.models.records import model_label, model_named
from orchestration.reach import Reach
from orchestration.runner.trial import Trial, try_flow

SHOWN_RECORDS = 50

WIDGETS = {"number": "number", "date": "date", "datetime": "datetime-local"}


class Sample(forms.Form):
    """What a flow is tried with."""

    use_required_attribute = False
    _errors: Any

    model = forms.ChoiceField(label=gettext_lazy("The record is"), required=False)
    find = forms.CharField(
        label=gettext_lazy("Find the record"),
        required=False,
        max_length=100,
        help_text=gettext_lazy("Press “Update” to look."),
    )
    record = forms.ChoiceField(label=gettext_lazy("Record"), required=False)
    run_as = forms.ChoiceField(
        label=gettext_lazy("Runs as"), choices=[("me", gettext_lazy("me")), ("system", gettext_lazy("the system"))], required=False
    )

    def __init__(self, flow: Flow, user: Any, data: Any = None, *, may_be_system: bool = False) -> None:
        super().__init__(data)
        self.flow, self.user, self.reach = flow, user, Reach(user)
        document = flow.document
        self.record_model = getattr(document, "record_model", "") or str(self.data.get("model") or "")
        if getattr(document, "record_model", ""):
            del self.fields["model"]
        else:
            self.fields["model"].choices = [("", _("No record")), *site.models()]  # type: ignore[attr-defined]
        self._offer_records()
        for name in ("model", "record", "run_as"):
            if name in self.fields:
                self.fields[name].is_wanted = True  # type: ignore[attr-defined]  # a choice that has an answer anyway
        if not may_be_system or flow.kind == FlowKind.SCREEN:
            del self.fields["run_as"]
        for name, about in flow.declared.items():
            self.fields[f"input-{name}"] = _input(name, about)
        self.calls = list(self._calls())
        for call in self.calls:
            self.fields[f"status-{call.name}"] = forms.IntegerField(label=_("Status"), min_value=100, max_value=599, required=False)
            for output, reply in call.outputs.items():
                self.fields[f"reply-{call.name}-{output}"] = forms.CharField(label=f"{reply.reply}", required=False, max_length=2000)

    def leave_unchecked(self) -> None:
        """Show what was typed as it is: nothing is tried yet."""
        self._errors = forms.utils.ErrorDict()
        self.cleaned_data = {}

    def _offer_records(self) -> None:
        model = model_named(self.record_model) if self.record_model else None
        if model is None:
            del self.fields["find"], self.fields["record"]
            return
        found = self.reach.search(access.records_for(self.user, model), str(self.data.get("find") or "")).order_by("-pk")[:SHOWN_RECORDS]
        self.fields["record"].choices = [("", _("No record")), *((str(record.pk), self.reach.label(record)) for record in found)]  # type: ignore[attr-defined]
        if found and not self.is_bound:
            self.initial["record"] = str(found[0].pk)
        if len(found) < SHOWN_RECORDS and not self.data.get("find"):
            del self.fields["find"]

    def _calls(self) -> Iterator[Call]:
        if isinstance(self.flow.document, AutolaunchedDocument):
            yield from (element for element in self.flow.document.elements if isinstance(element, Call))

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        for name, about in self.flow.declared.items():
            text = str(cleaned.get(f"input-{name}") or "").strip()
            try:
                if text:
                    cleaned[f"input-{name}"] = _sample(text, about, self.user)
            except ValidationError as error:
                self.add_error(f"input-{name}", error)
        for call in self.calls:
            for output, reply in call.outputs.items():
                key = f"reply-{call.name}-{output}"
                try:
                    if cleaned.get(key):
                        cleaned[key] = literal(cleaned[key], reply.type)
                except ValidationError as error:
                    self.add_error(key, error)
        return cleaned

    def groups(self) -> list[tuple[str, list[forms.BoundField]]]:
        """The fields under their headings."""
        first = [self[name] for name in ("model", "find", "record", "run_as") if name in self.fields]
        found = [(_("Record"), first)] if first else []
        if inputs := [self[name] for name in self.fields if name.startswith("input-")]:
            found.append((_("Inputs"), inputs))
        for call in self.calls:
            own = [self[name] for name in self.fields if name == f"status-{call.name}" or name.startswith(f"reply-{call.name}-")]
            found.append((_("Reply to “%(call)s”") % {"call": call.label or call.name}, own))
        return found

    def chosen_record(self) -> Model | None:
        """The record, if the person may view it."""
        model = model_named(self.record_model) if self.record_model else None
        key = self.data.get("record") if self.is_bound else self.initial.get("record")
        return access.records_for(self.user, model).filter(pk=key).first() if model is not None and key else None

    def inputs(self) -> dict[str, Any]:
        """The sample inputs that are given."""
        return {name: value for name in self.flow.declared if (value := self.cleaned_data.get(f"input-{name}")) not in (None, "")}

    def replies(self) -> dict[str, Any]:
        """Sample replies to call-outs: a call without any value is not answered."""
        found: dict[str, Any] = {}
        for call in self.calls:
            status = self.cleaned_data.get(f"status-{call.name}")
            body: dict[str, Any] = {}
            for output, reply in call.outputs.items():
                if (value := self.cleaned_data.get(f"reply-{call.name}-{output}")) not in (None, ""):
                    _put(body, reply.reply.split("."), value)
            if status or body:
                found[call.name] = {"status": status or 200, "body": body}
        return found

    def context(self) -> Context:
        """What the screens of the flow are shown with."""
        inputs = self.inputs() if self.is_bound and not self.errors else {}
        return Context(record=self.chosen_record(), inputs=inputs, user=self.user, reach=self.reach)


def tried(sample: Sample, answers: Mapping[str, list[str]]) -> Trial:
    """Try the flow with a valid sample."""
    user = None if sample.cleaned_data.get("run_as") == "system" else sample.user
    return try_flow(
        sample.flow,
        record=sample.chosen_record(),
        inputs=sample.inputs(),
        user=user,
        answers=answers,
        replies=sample.replies(),
    )


class Shown(Protocol):
    """A flow whose screens are to be shown, and with what."""

    flow: Flow

    def context(self) -> Context:
        """What its forms are given."""


class Screens:
    """The screens of a flow on one page, with the answers so far."""

    def __init__(self, sample: Shown, sent: Mapping[str, list[str]], *, is_tried: bool) -> None:
        form = sample.flow.form
        self.answers = form.own_answers(sent)
        _change_rows(self.answers, sent)
        self.refused = ""
        self.shown: list[Any] = []
        self.decision: Any = None
        try:
            filling: Filling = form.fill(self.answers, sample.context(), final=is_tried)
            self.shown = [filling.bound(place) if is_tried else filling.drafted(place) for place in filling.places]
            self.decision = filling.decision(bound=is_tried)
        except Refused as refused:
            self.refused = str(refused)
        except Exception as error:  # a form in code may need a record, or do anything else
            self.refused = _("The screens cannot be shown: %(error)s") % {"error": describe(error)["message"]}
        self.outcome = next(iter(sent.get(OUTCOME, [])), "")
        self.comment = next(iter(sent.get(COMMENT, [])), "")
        self.outcomes = getattr(sample.flow.document, "outcomes", [])


def said(fact: Fact | Mapping[str, Any], known: Readables) -> str:
    """A test that was looked at, in words; as it is written when it is none that we can read."""
    test = fact["test"] if isinstance(fact, Mapping) else fact.test
    try:
        return expressions.in_words({"formula": test}, known, marked=True)
    except ExpressionError:
        return str(test)


def _change_rows(answers: dict[str, list[str]], sent: Mapping[str, list[str]]) -> None:
    for group in sent.get("orc-add", []):
        rows = rows_of(answers.get(group, []))
        answers[group] = [*rows, str(max(map(int, rows), default=-1) + 1)]
    for removed in sent.get("orc-remove", []):
        name, _dash, row = removed.partition("-")
        answers[name] = [key for key in rows_of(answers.get(name, [])) if key != row]


def _input(name: str, about: Mapping[str, Any]) -> forms.Field:
    label = about.get("label") or capfirst(name.replace("_", " "))
    kind = about.get("type", "text")
    required = bool(about.get("required")) and about.get("default") is None
    if kind == "yes_no":
        return forms.ChoiceField(label=label, choices=[("", "–"), ("yes", _("yes")), ("no", _("no"))], required=required)
    hint = {"list": _("With commas between them."), "record": _("The key of the record.")}.get(kind, "")
    widget = forms.TextInput({"type": WIDGETS.get(kind, "text"), **({"step": "any"} if kind == "number" else {})})
    return forms.CharField(label=label, required=required, widget=widget, help_text=hint, max_length=10_000)


def _sample(text: str, about: Mapping[str, Any], user: Any) -> Any:
    """A sample input in the type that is declared."""
    kind = about.get("type", "text")
    if kind != "record":
        return literal(text, kind if kind != "file" else "text")
    model = model_named(about.get("model", ""))
    try:
        record = access.records_for(user, model).filter(pk=text).first() if model else None
    except ValueError:
        record = None
    if record is None:
        raise ValidationError(_("There is no such record, or you may not view it."))
    return {"model": model_label(record), "id": record.pk}


def _put(body: dict[str, Any], names: list[str], value: Any) -> None:
    for name in names[:-1]:
        body = body.setdefault(name, {})
    body[names[-1]] = value
