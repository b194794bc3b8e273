"""Definitions as files, in the admin: taken out with what belongs to them, looked at and taken in as drafts; and the diagram."""

import json
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from orchestration import access, builder, portable
from orchestration.admin.board import readable
from orchestration.admin.board.pages import of_version, page
from orchestration.admin.building.views import shown
from orchestration.errors import Invalid
from orchestration.models import Version
from orchestration.references import Site

TYPES = {"yaml": "application/yaml", "json": "application/json"}


@of_version()
def export(request: HttpRequest, version: Version) -> HttpResponse:
    """The version with the flows, queues and groups that it names, as a file."""
    how = request.GET.get("format", "yaml")
    how = how if how in TYPES else "yaml"
    answer = HttpResponse(portable.write(portable.export([version]), how), content_type=f"{TYPES[how]}; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{version.orchestration.api_name}-v{version.number}.{how}"'
    return answer


@of_version()
def diagram(request: HttpRequest, version: Version) -> HttpResponse:
    """The drawing as text that other tools draw."""
    document = builder.dump(version)
    known = readable.everywhere(document, Site.around(document).flows)
    return HttpResponse(portable.mermaid(document, known), content_type="text/plain; charset=utf-8")


def schema(request: HttpRequest) -> HttpResponse:
    """The JSON Schema of the files."""
    if not access.may_see_definition(request.user):
        raise PermissionDenied
    return HttpResponse(json.dumps(portable.json_schema(), indent=2), content_type="application/schema+json")


class FileForm(forms.Form):
    """A file, or its text."""

    use_required_attribute = False

    file = forms.FileField(label=gettext_lazy("File"), required=False, help_text=gettext_lazy("YAML or JSON, at most 1 MB."))
    text = forms.CharField(
        label=gettext_lazy("or its text"), required=False, widget=forms.Textarea({"rows": 8, "spellcheck": "false"}), strip=False
    )
    make_missing = forms.BooleanField(
        label=gettext_lazy("Make queues, and empty groups, that are not there"), required=False, widget=forms.CheckboxInput
    )
    anyway = forms.BooleanField(label=gettext_lazy("Take it in although something does not resolve"), required=False)

    def clean(self) -> dict[str, Any]:
        """One of the two."""
        cleaned = super().clean() or {}
        if not cleaned.get("file") and not cleaned.get("text"):
            self.add_error("file", _("Choose a file, or paste its text."))
        return cleaned

    def data_of_file(self) -> bytes | str:
        """What is in it."""
        given = self.cleaned_data["file"]
        return given.read(2 * 1024 * 1024) if given else str(self.cleaned_data["text"])


RIGHTS = {
    "orchestration": ("orchestration.add_orchestration", "orchestration.change_orchestration"),
    "flow": ("orchestration.add_flow", "orchestration.change_flow"),
    "queue": ("orchestration.add_queue",),
    "group": ("auth.add_group",),
}
"""What somebody must be permitted who takes in new or changed things of a kind."""


def take_in(request: HttpRequest) -> HttpResponse:
    """GET asks for the file; POST shows what it would do, and with `go` does it."""
    user = request.user
    if not (access.may(user, "orchestration.add_orchestration") or access.may(user, "orchestration.change_orchestration")):
        raise PermissionDenied
    form = FileForm(request.POST, request.FILES) if request.method == "POST" else FileForm()
    told: dict[str, Any] = {"title": _("Import definitions"), "form": form}
    if request.method != "POST" or not form.is_valid():
        return page(request, "import", 422 if form.errors else 200, **told)
    try:
        data = form.data_of_file()
        plan = portable.plan(portable.read(data))
        if "go" in request.POST:
            return _go(request, plan, form)
    except Invalid as invalid:
        form.add_error(None, str(invalid))
        return page(request, "import", 422, **told)
    told["text"] = data.decode("utf-8-sig") if isinstance(data, bytes) else data
    told["items"] = [(item, [(place, shown(here), shown(there)) for place, here, there in item.changes]) for item in plan.items]
    return page(request, "import", **told, plan=plan, lacking=_lacking(user, plan, make_missing=True))


def _go(request: HttpRequest, plan: portable.Plan, form: FileForm) -> HttpResponse:
    make_missing = form.cleaned_data["make_missing"]
    if lacking := _lacking(request.user, plan, make_missing=make_missing):
        raise Invalid(_("You lack the permission to make these: %(what)s.") % {"what": ", ".join(lacking)})
    made = portable.carry_out(plan, by=request.user, make_missing=make_missing, anyway=form.cleaned_data["anyway"])
    for words in made:
        messages.success(request, _("Made: %(what)s.") % {"what": words})
    if not made:
        messages.info(request, _("Nothing to do: the site has all of it."))
    return HttpResponseRedirect(reverse("admin:orchestration_orchestration_changelist"))


def _lacking(user: Any, plan: portable.Plan, *, make_missing: bool) -> list[str]:
    """The things that would be made, and that the person may not make."""
    wanted = ("new", "changed", "missing") if make_missing else ("new", "changed")
    found = [item for item in plan.items if item.verdict in wanted]
    return [item.label for item in found if not all(access.may(user, right) for right in RIGHTS[item.kind])]
