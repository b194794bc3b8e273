"""Small things that every form of ours needs: native date fields, and answers in words."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any, TypeVar

from django import forms
from django.contrib.auth.models import AbstractUser
from django.core.exceptions import ValidationError
from django.forms.boundfield import BoundField
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from orchestration import values
from orchestration.flows import Screen
from orchestration.flows.built_screens import OUTCOME
from orchestration.flows.fields import LookupField, RowsField
from orchestration.flows.screens import Filling
from orchestration.models.instances import name_of
from workguide.records import Fact, RecordPage, in_words, url_of

Form = TypeVar("Form", bound=forms.BaseForm)

NATIVE = {
    forms.DateInput: ("date", "%Y-%m-%d"),
    forms.TimeInput: ("time", "%H:%M"),
    forms.DateTimeInput: ("datetime-local", "%Y-%m-%dT%H:%M"),
}


def with_native_dates(form: Form) -> Form:
    """The same form, its dates and times picked with the browser's own control."""
    for field in form.fields.values():
        if type(field.widget) in NATIVE:
            field.widget.input_type, field.widget.format = NATIVE[type(field.widget)]  # type: ignore[attr-defined]
            field.widget.attrs.pop("type", None)
    return form


def record_form(page: RecordPage) -> type[forms.ModelForm[Any]]:
    """The form that adds and edits records of a registered model."""
    return forms.modelform_factory(page.model, form=_RecordForm, fields=page.form_fields)


def start_form(declared: Mapping[str, Mapping[str, Any]], *args: Any) -> forms.Form:
    """The form that asks for the declared inputs of an orchestration."""
    form = _StartForm(*args)
    for name, about in declared.items():
        form.fields[name] = _field_for(name, about)
    return with_native_dates(form)


class _StartForm(forms.Form):
    use_required_attribute = False

    def values(self) -> dict[str, Any]:
        """What was filled in, in the types that the engine takes; what was left empty is left out."""
        return {name: value for name, value in self.cleaned_data.items() if value not in (None, "", [])}


class _LinesField(forms.CharField):
    """A list of texts, one on each line."""

    widget = forms.Textarea(attrs={"rows": 3})

    def clean(self, value: Any) -> Any:
        return [line.strip() for line in super().clean(value).splitlines() if line.strip()]


FIELD_FOR: Mapping[str, Callable[..., forms.Field]] = {
    "text": forms.CharField,
    "number": partial(forms.DecimalField, max_digits=24),
    "yes_no": partial(
        forms.TypedChoiceField,
        choices=[("", gettext_lazy("Choose…")), ("yes", gettext_lazy("Yes")), ("no", gettext_lazy("No"))],
        coerce=lambda answer: answer == "yes",
        empty_value=None,
    ),
    "date": partial(forms.DateField, widget=forms.DateInput),
    "datetime": partial(forms.DateTimeField, widget=forms.DateTimeInput),
    "list": partial(_LinesField, help_text=gettext_lazy("One on each line.")),
}
"""How each type of `orchestration.values` is asked for."""


def _field_for(name: str, about: Mapping[str, Any]) -> forms.Field:
    kind, default = about["type"], about.get("default")
    shown: Any = {True: "yes", False: "no"}.get(default) if kind == "yes_no" else default
    if kind == "list" and default:
        shown = "\n".join(map(str, default))
    elif kind in ("date", "datetime") and default:
        shown = values.TYPES[kind][1](default)
    label = name.replace("_", " ").capitalize()
    return FIELD_FOR[kind](label=label, required=bool(about.get("required")), initial=shown)


class _RecordForm(forms.ModelForm):  # type: ignore[type-arg]
    use_required_attribute = False  # errors come from one place, the server, in one wording

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        with_native_dates(self)
        for field in self.fields.values():
            if not isinstance(field, forms.ModelChoiceField):
                continue
            if field.empty_label:
                field.empty_label = _("Choose…")
            if field.queryset is not None and issubclass(field.queryset.model, AbstractUser):
                field.label_from_instance = name_of  # type: ignore[assignment]


def answers_in_words(screens: Iterable[Screen]) -> list[Fact]:
    """What has been answered on the bound screens, as people would say it."""
    return [Fact(label, _in_words(bound), f"#{anchor_of(bound)}") for form in screens for label, bound in form.asked()]


def decision_in_words(decision: Screen) -> list[Fact]:
    """How a flow was ended: the button that was pressed, and the comment."""
    decision.is_valid()
    chosen = decision.data.get(OUTCOME, "")
    label = next((outcome.label for outcome in getattr(decision, "outcomes", ()) if outcome.value == chosen), chosen)
    return [Fact(_("Decision"), label), *answers_in_words([decision])]


def known_in_words(filling: Filling) -> list[Fact]:
    """What earlier steps, or the definition, give to those who fill in the form."""
    context, declared = filling.context, getattr(getattr(filling, "document", None), "inputs", {})
    found = []
    for name, value in context.inputs.items():
        label = declared.get(name, {}).get("label") or capfirst(name.replace("_", " "))
        found.append(Fact(label, _said(value), url_of(value)))
    return [fact for fact in found if fact.value not in (None, "")]


def _said(value: Any) -> Any:
    if isinstance(value, Mapping):  # a record or a file, as a step returned it
        return value.get("label") or value.get("name") or ", ".join(f"{name}: {_said(inner)}" for name, inner in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(str(_said(inner)) for inner in value)
    return "" if value is None else in_words(value)


def problems_of(form: forms.BaseForm) -> list[tuple[str, str]]:
    """Each error of a form with the address of the field on the page; empty for what concerns the whole of it."""
    asked = form.asked() if isinstance(form, Screen) else [(str(bound.label), bound) for bound in form.visible_fields()]
    whole = [("", str(error)) for error in form.non_field_errors()]
    return whole + [(f"#{anchor_of(bound)}", _with_label(label, error)) for label, bound in asked for error in bound.errors]


def _with_label(label: str, error: str) -> str:
    return f"{label} {error}" if label.endswith(("?", ":", ".")) else f"{label}: {error}"


def anchor_of(bound: BoundField) -> str:
    """The id of the first thing on the page that a field's answer can be given with."""
    if isinstance(bound.field, RowsField):
        return f"orc-part-{bound.name}"
    if isinstance(bound.field, LookupField):
        return f"{bound.auto_id}_words"
    if bound.field.widget.use_fieldset:
        return f"{bound.auto_id}_0"
    return str(bound.id_for_label or bound.auto_id)


def _in_words(bound: BoundField) -> str:
    field, raw = bound.field, bound.data
    if isinstance(field, forms.BooleanField):
        return _("Yes") if raw else _("No")
    if raw in (None, "", []):
        return ""
    if hasattr(field, "choices"):
        labels = {str(key): str(label) for key, label in _flat(field.choices)}
        return ", ".join(labels.get(str(key), str(key)) for key in (raw if isinstance(raw, list) else [raw]))
    try:
        if hasattr(field, "in_words"):
            return str(field.in_words(field.clean(raw)))
        return str(in_words(field.to_python(raw)))
    except ValidationError:
        return _("Not visible to you") if isinstance(field, LookupField) else str(raw)


def _flat(choices: Iterable[Any]) -> Iterable[tuple[Any, Any]]:
    for key, label in choices:
        if isinstance(label, list | tuple):
            yield from label
        else:
            yield key, label
