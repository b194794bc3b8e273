"""Before a version is activated: what keeps it, what to look at, who can really do each step, and what happens to what runs."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _

from orchestration import access, builder, golive, soundness
from orchestration.admin.board.pages import address, of_version, page
from orchestration.errors import Refused
from orchestration.models import Version
from orchestration.models.records import model_named
from orchestration.references import Problem
from orchestration.states import IllegalMove


@of_version(access.may_see_go_live)
def activation(request: HttpRequest, version: Version) -> HttpResponse:
    """GET shows the go-live list, POST activates."""
    if request.method == "POST":
        if not access.may_activate(request.user, version.orchestration):
            raise PermissionDenied
        try:
            builder.activate(version, by=request.user, note=request.POST.get("note", "").strip())
        except (Refused, IllegalMove) as refused:
            messages.error(request, str(refused))
            return _list(request, version, 422)
        messages.success(request, _("%(version)s is active: what starts from now on runs it.") % {"version": version})
        return HttpResponseRedirect(address("change", version.orchestration))
    return _list(request, version)


def _list(request: HttpRequest, version: Version, status: int = 200) -> HttpResponse:
    orchestration = version.orchestration
    may_activate = access.may_activate(request.user, orchestration)
    errors = builder.problems(version)
    asked = request.GET.getlist("record")
    records = golive.samples(version, request.user, asked)
    model = model_named(orchestration.record_model) if orchestration.record_model else None
    return page(
        request,
        "activation",
        status,
        title=(_("Activate v%(number)d") if may_activate else _("Before v%(number)d goes live")) % {"number": version.number},
        orchestration=orchestration,
        version=version,
        may_activate=may_activate,
        active=orchestration.active_version,
        errors=[(problem, _link(version, problem)) for problem in errors],
        warnings=[(problem, _link(version, problem)) for problem in soundness.warnings(builder.dump(version))],
        checks=[(check, address("builder", version, at=check.part)) for check in golive.who_can(version, records, request.user)],
        points=list(golive.points(version)),
        model=model._meta.verbose_name if model else "",
        asked=" ".join(asked),
        is_stopped=orchestration.rollout == "off",
    )


def _link(version: Version, problem: Problem) -> str:
    return address("builder", version, at=problem.part, field=problem.field) if problem.part else address("builder", version)
