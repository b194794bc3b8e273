"""The pages that build flows: the catalogue, a flow, the editor of its draft, preview, comparison. Thin: what changes a draft is a verb of
`drafting`, what activates a version one of `flow_versions`.

Everything is a plain page and a plain form; htmx swaps the editor for the one that the answer brings.
"""

import json
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.sites import AdminSite
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from orchestration import access, drafting, expressions, flows
from orchestration.admin.building import fields, site
from orchestration.admin.building.forms import FORMS, SETTINGS, PartForm, Place, SettingForm, addable
from orchestration.errors import Conflict, ExpressionError, Refused
from orchestration.expressions.readable import Readable, Readables
from orchestration.flows import documents, editing, reading
from orchestration.models import Flow, FlowVersion, Revision, Step
from orchestration.models.versions import why_not_delete
from orchestration.states import IllegalMove, VersionStatus

View = Callable[..., HttpResponse]
BLANK: Mapping[str, Mapping[str, Any]] = {
    "screen": {"inputs": {}, "screens": []},
    "autolaunched": {"inputs": {}, "elements": []},
    "evaluation": {"inputs": {}, "condition": {}},
}


def may_see(user: Any) -> bool:
    """Whether the person may look at flows."""
    return access.may(user, "orchestration.view_flow") or access.may(user, "orchestration.change_flow")


def may_build(user: Any, flow: Flow | None = None) -> bool:
    """Whether the person may change what a flow does."""
    return access.may(user, "orchestration.change_flow", flow)


def page(request: HttpRequest, name: str, status: int = 200, **context: Any) -> TemplateResponse:
    """A page inside the admin."""
    own: AdminSite = admin.site
    whole = {**own.each_context(request), "is_nav_sidebar_enabled": False, "is_fragment": bool(request.headers.get("HX-Request")), **context}
    return TemplateResponse(request, f"orchestration/building/{name}.html", whole, status=status)


def of_version(*, builds: bool = False) -> Callable[[View], View]:
    """Hand a view the version that the address names, if the person may see it; with `builds`, may change it."""

    def decorated(view: View) -> View:
        @wraps(view)
        def checked(request: HttpRequest, pk: int, number: int, **more: Any) -> HttpResponse:
            if not may_see(request.user):
                raise PermissionDenied
            version = get_object_or_404(FlowVersion.objects.select_related("flow"), flow=pk, number=number)
            if builds and not may_build(request.user, version.flow):
                raise PermissionDenied
            return view(request, version, **more)

        return checked

    return decorated


def address(name: str, version: FlowVersion, **query: str) -> str:
    """The address of a page about a version."""
    told = "&".join(f"{key}={value}" for key, value in query.items() if value)
    return reverse(f"admin:orchestration_flow_{name}", args=[version.flow_id, version.number]) + (f"?{told}" if told else "")


# The catalogue ---------------------------------------------------------------------------------------------------------


def catalogue(request: HttpRequest) -> HttpResponse:
    """Every flow, built or in code."""
    if not may_see(request.user):
        raise PermissionDenied
    words, kind, made = (request.GET.get(name, "").strip() for name in ("q", "kind", "made"))
    rows = Flow.objects.prefetch_related("versions").order_by("label")
    if words:
        rows = rows.filter(label__icontains=words) | rows.filter(key__icontains=words)
    if kind in flows.FlowKind.values:
        rows = rows.filter(kind=kind)
    if made in ("built", "code"):
        rows = rows.filter(is_built=made == "built")
    in_code = {flow.key for flow in flows.in_code()}
    listed = [
        {
            "flow": row,
            "active": next((version for version in row.versions.all() if version.status == VersionStatus.ACTIVE), None),
            "draft": next((version for version in row.versions.all() if version.status == VersionStatus.DRAFT), None),
            "is_missing": not row.is_built and row.key not in in_code,
        }
        for row in rows
    ]
    return page(
        request,
        "catalogue",
        title=_("Flows"),
        rows=listed,
        kinds=flows.FlowKind.choices,
        q=words,
        kind=kind,
        made=made,
        is_filtered=bool(words or kind or made),
        may_add=access.may(request.user, "orchestration.add_flow"),
    )


class NewFlow(forms.Form):
    """What a flow is called, and of which kind it is."""

    use_required_attribute = False

    kind = forms.ChoiceField(label=gettext_lazy("What it does"), widget=forms.RadioSelect)
    label = forms.CharField(label=gettext_lazy("Label"), max_length=120, help_text=gettext_lazy("What people call it: Approve a discount"))
    record_model = forms.ChoiceField(
        label=gettext_lazy("The record is"),
        required=False,
        help_text=gettext_lazy("Then its fields are offered wherever a value can be chosen. It can be changed later."),
    )
    api_name = forms.RegexField(
        r"^[a-z][a-z0-9_]*\Z",
        label=gettext_lazy("API name"),
        max_length=60,
        required=False,
        help_text=gettext_lazy("Steps and code call it site.<name>. It cannot be changed later. Made from the label when left empty."),
        error_messages={"invalid": gettext_lazy("Use small letters, digits and underscores, beginning with a letter.")},
    )

    KINDS = (
        ("screen", gettext_lazy("Screen flow: a person answers questions on one or more screens")),
        ("autolaunched", gettext_lazy("Autolaunched flow: elements that run by themselves, in the background")),
        ("evaluation", gettext_lazy("Evaluation flow: one condition with a name, that says yes or no")),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["kind"].choices = self.KINDS  # type: ignore[attr-defined]
        self.fields["record_model"].choices = [("", _("Any record, or none")), *site.models()]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if "api_name" in self.errors or "label" in self.errors:
            return cleaned
        name = cleaned.get("api_name") or editing.free_name(cleaned["label"], set(), fallback="flow")
        cleaned["key"] = f"{flows.BUILT}.{name}"
        if Flow.objects.filter(key=cleaned["key"]).exists():
            self.add_error("api_name", _("There is a flow “%(key)s” already. Choose another name.") % {"key": cleaned["key"]})
        return cleaned


def new(request: HttpRequest) -> HttpResponse:
    """The form that makes a flow and its first draft."""
    if not access.may(request.user, "orchestration.add_flow"):
        raise PermissionDenied
    form = NewFlow(request.POST or None, initial={"kind": request.GET.get("kind", "screen")})
    if request.method == "POST" and form.is_valid():
        version = _made(form.cleaned_data, request.user)
        return HttpResponseRedirect(address("draft", version))
    return page(request, "new", status=422 if form.errors else 200, title=_("New flow"), form=form)


@transaction.atomic
def _made(said: Mapping[str, Any], user: Any) -> FlowVersion:
    flow = Flow.objects.create(key=said["key"], label=said["label"], kind=said["kind"], is_built=True)
    document = {**BLANK[said["kind"]], **({"record_model": said["record_model"]} if said["record_model"] else {})}
    return FlowVersion.objects.create(flow=flow, number=1, document=document, created_by=user)


# A flow ----------------------------------------------------------------------------------------------------------------


def detail(request: HttpRequest, pk: int) -> HttpResponse:
    """A flow: its versions, what it takes and gives, and where it is used."""
    if not may_see(request.user):
        raise PermissionDenied
    flow = get_object_or_404(Flow, pk=pk)
    versions = list(flow.versions.select_related("created_by").order_by("-number"))
    try:
        found = flows.get(flow.key)
    except Refused:
        found = None
    except Exception:
        found = None
    return page(
        request,
        "flow",
        title=flow.label,
        flow=flow,
        found=found,
        versions=versions,
        draft=next((version for version in versions if version.status == VersionStatus.DRAFT), None),
        used_by=used_by(flow),
        why_not_delete=why_not_delete(flow) if flow.is_built else "",
        may_build=may_build(request.user, flow),
        may_delete=flow.is_built and access.may(request.user, "orchestration.delete_flow"),
        may_run=access.may_run(request.user, flow.key),
    )


def used_by(flow: Flow) -> list[Step]:
    """The steps that run it, of whatever version."""
    return list(Step.objects.filter(flow=flow.key).select_related("version__orchestration", "stage").order_by("version__orchestration", "-version__number"))
