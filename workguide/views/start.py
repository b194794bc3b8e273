"""Starting an orchestration by hand, about the record that somebody looks at."""

import secrets
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_http_methods

from orchestration import access, dispatch, engine
from orchestration.errors import Conflict, Invalid
from workguide import records
from workguide.forms import start_form
from workguide.live import live_attributes
from workguide.request import Request
from workguide.views.page import render_page
from workguide.views.record import find_record


@require_http_methods(["GET", "POST"])
@login_required
def record_start(request: Request, model: str, pk: str, api_name: str) -> HttpResponse:
    """Ask for the inputs, if there are any, then start it; the person lands on the page of the instance."""
    record = find_record(request, model, pk)
    orchestration = get_object_or_404(access.startable_by(request.user, record), api_name=api_name)
    version = orchestration.active_version
    form: Any = start_form(version.inputs if version else {}, request.POST if request.method == "POST" else None)
    context = {
        "live": live_attributes(dispatch.keys_for_user(request.user)),
        "orchestration": orchestration,
        "record": record,
        "back": records.url_of(record),
        "form": form,
        "key": request.POST.get("orc-key", "")[:64] or secrets.token_hex(16),
    }
    if request.method == "GET":
        return render_page(request, "record_start", context)
    try:
        if not form.is_valid():
            return render_page(request, "record_start", context, status=422)
        # The same form sent twice starts one instance; nobody can name a key of somebody else's.
        key = f"by-hand-{request.user.pk}-{context['key']}"
        instance = engine.start(api_name, record=record, inputs=form.values(), by=request.user, key=key)
    except Invalid as invalid:
        for name, errors in (invalid.errors or {"__all__": [invalid.message]}).items():
            form.add_error(name if name in form.fields else None, errors)
        return render_page(request, "record_start", context, status=422)
    except Conflict as refusal:
        return render_page(request, "record_start", context | {"refusal": refusal, "key": secrets.token_hex(16)}, status=409)
    return redirect("workguide:instance", instance.pk)
