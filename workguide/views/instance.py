"""An instance: why it waits, where it stands, who did what and when."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from orchestration import access, dispatch, operating, timeline
from orchestration.errors import Refused
from orchestration.models import StepInstance
from orchestration.states import StepStatus
from workguide.live import live_attributes
from workguide.request import Request
from workguide.views.page import render_page


@require_safe
@login_required
def instance(request: Request, pk: int) -> HttpResponse:
    """The page, or its live part."""
    live = live_attributes([f"instance:{pk}", *dispatch.keys_for_user(request.user)])
    found = get_object_or_404(access.instances_for(request.user).select_related("orchestration"), pk=pk)
    context = {
        "live": live,
        "view": timeline.of(found),
        "milestones": found.milestones.select_related("work_item", "step_instance__step", "stage_instance__stage").order_by("-pk"),
        "files": found.attachments.filter(is_draft=False),
        "reachable": set(access.work_items_for(request.user).filter(instance=found).values_list("pk", flat=True)),
        "may_operate": access.may_operate(request.user, found.orchestration),
    }
    return render_page(request, "instance", context)


@require_http_methods(["GET", "POST"])
@login_required
def instance_retry(request: Request, pk: int) -> HttpResponse:
    """Ask for a reason, then take a failed step up again."""
    found = get_object_or_404(access.instances_for(request.user).select_related("orchestration"), pk=pk)
    if not access.may_operate(request.user, found.orchestration):
        raise Http404
    reason = request.POST.get("reason", "").strip()
    failed = found.step_instances.filter(status=StepStatus.ERROR).select_related("step")
    context = {
        "live": live_attributes([f"instance:{pk}", *dispatch.keys_for_user(request.user)]),
        "instance": found,
        "failed": failed,
        "asked": request.POST.get("step") or request.GET.get("step", ""),
        "reason": reason,
    }
    if request.method == "GET":
        return render_page(request, "instance_retry", context)
    if not reason:
        missing = {"error": _("Enter a reason: it is kept in the history.")}
        return render_page(request, "instance_retry", context | missing, status=422)
    step = get_object_or_404(StepInstance, pk=request.POST.get("step") or 0, instance=found)
    try:
        operating.retry_step(step, by=request.user, reason=reason)
    except Refused as refusal:
        return render_page(request, "instance_retry", context | {"refusal": refusal}, status=409)
    messages.success(request, _("“%(step)s” is being tried again.") % {"step": step})
    return redirect("workguide:instance", pk)
