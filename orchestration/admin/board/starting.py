"""New orchestrations: two ways to start, or a copy of a template; and a short talk about whether one is needed at all."""

from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from orchestration import access, builder
from orchestration.admin.board.pages import address, page
from orchestration.admin.building import site
from orchestration.errors import Invalid
from orchestration.flows.editing import free_name
from orchestration.models import Orchestration, Version
from orchestration.models.definitions import StartType, api_name_validator


class NewOrchestration(forms.Form):
    """What it is called, how it starts, and what it begins with."""

    use_required_attribute = False

    label = forms.CharField(
        label=gettext_lazy("Label"), max_length=100, help_text=gettext_lazy("What people call the process: New hire onboarding")
    )
    start_type = forms.ChoiceField(label=gettext_lazy("How it starts"), choices=StartType.choices, widget=forms.HiddenInput)
    record_model = forms.ChoiceField(label=gettext_lazy("The record is"), required=False)
    template = forms.ModelChoiceField(
        label=gettext_lazy("Begin with"), queryset=Orchestration.objects.none(), required=False, empty_label=gettext_lazy("An empty board")
    )
    api_name = forms.CharField(
        label=gettext_lazy("API name"),
        max_length=60,
        required=False,
        validators=[api_name_validator],
        help_text=gettext_lazy(
            "How code and other orchestrations call it. It cannot be changed later. Made from the label when left empty."
        ),
    )

    def __init__(self, start_type: str, data: Any = None) -> None:
        super().__init__(data, initial={"start_type": start_type})
        none = _("Choose…") if start_type == StartType.RECORD_TRIGGERED else _("No record")
        self.fields["record_model"].choices = [("", none), *site.models()]  # type: ignore[attr-defined]
        self.fields["template"].queryset = templates(start_type)  # type: ignore[attr-defined]
        for name in ("record_model", "template"):
            self.fields[name].is_wanted = True  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """A name of its own; a record-triggered one watches a model."""
        cleaned = super().clean() or {}
        if template := cleaned.get("template"):
            cleaned["record_model"] = cleaned.get("record_model") or template.record_model
        if cleaned.get("start_type") == StartType.RECORD_TRIGGERED and not cleaned.get("record_model"):
            self.add_error("record_model", _("Choose the model whose records start it."))
        if "label" in cleaned and "api_name" in cleaned:
            taken = set(Orchestration.objects.values_list("api_name", flat=True))
            name = cleaned["api_name"] or free_name(cleaned["label"], taken, fallback="orchestration")
            cleaned["api_name"] = name
            if name in taken:
                self.add_error("api_name", _("There is an orchestration “%(name)s” already. Choose another name.") % {"name": name})
        return cleaned


def templates(start_type: str = "") -> Any:
    """The orchestrations that are offered as templates, and have a version to copy."""
    found = Orchestration.objects.filter(is_template=True, versions__isnull=False).distinct()
    return found.filter(start_type=start_type) if start_type else found


def new(request: HttpRequest) -> HttpResponse:
    """The two tiles, then the form; POST makes the orchestration with its first draft."""
    if not access.may(request.user, "orchestration.add_orchestration"):
        raise PermissionDenied
    start_type = request.POST.get("start_type") or request.GET.get("start", "")
    if start_type not in StartType.values:
        return page(request, "new", title=_("New orchestration"), templates=templates(), advice=_advice(request))
    form = NewOrchestration(start_type, request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            return HttpResponseRedirect(address("builder", _made(form.cleaned_data, request.user)))
        except Invalid as invalid:
            form.add_error(None, str(invalid))
    elif template := request.GET.get("template", ""):
        form.initial["template"] = template
    return page(request, "new", 422 if form.errors else 200, title=_("New orchestration"), form=form, start=StartType(start_type))


@transaction.atomic
def _made(said: dict[str, Any], user: Any) -> Version:
    """The first draft: empty, or what the template's newest active version (else its newest) says, and from then on its own."""
    head = {name: said[name] for name in ("api_name", "label", "start_type", "record_model")}
    document: dict[str, Any] = {"stages": []}
    if template := said["template"]:
        document = dict(builder.dump(template.active_version or template.versions.order_by("-number")[0]))
        head = {**document["orchestration"], **head}
    return builder.load({**document, "orchestration": head}, by=user)


NO_OR_YES = (("no", gettext_lazy("No")), ("yes", gettext_lazy("Yes")))
QUESTIONS = (
    ("people", gettext_lazy("How many people have something to do in it?"), (("0", "0"), ("1", "1"), ("2", gettext_lazy("2 or more")))),
    ("waits", gettext_lazy("Does it wait: for a person, a day, an answer from outside?"), NO_OR_YES),
    ("steps", gettext_lazy("Are there several steps that can fail or be waited for one by one?"), NO_OR_YES),
)
"""The short talk: name, question, answers."""


def _advice(request: HttpRequest) -> dict[str, Any]:
    answers = {name: request.GET.get(name, "") for name, _question, _choices in QUESTIONS}
    told = _advised(**answers) if all(answers.values()) else ""
    questions = [(name, question, choices, answers[name]) for name, question, choices in QUESTIONS]
    return {"questions": questions, "told": told}


def _advised(people: str, waits: str, steps: str) -> str:
    if people == "2" or (people == "1" and waits == "yes") or (waits == "yes" and steps == "yes"):
        return _("An orchestration is right: it keeps who has it, why it waits, and what has been done.")
    if people == "1":
        return _("A single form will do: build a screen flow, and an orchestration with one step to hand it out. More is not needed.")
    return _(
        "A simple automation will do: an autolaunched flow, run by one background step when the record is saved. No stages are needed."
    )
