"""Record pages of the registered models: list, page with the Work Guide beside it, add, edit."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Model
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from orchestration import access, dispatch
from orchestration.models import Attachment
from orchestration.models.records import model_named
from workguide import guide, records
from workguide.forms import record_form
from workguide.live import live_attributes
from workguide.records import RecordPage
from workguide.request import Request
from workguide.views.page import paged, render_page, searched

MOST_FILES = 100


@require_safe
@login_required
def record_models(request: Request) -> HttpResponse:
    """The models whose records the person may see; straight to the list when there is only one."""
    visible = [(page, access.records_for(request.user, page.model).count()) for page in records.pages()]
    shown = [(page, count) for page, count in visible if count or access.may_add_record(request.user, page.model)]
    if len(shown) == 1:
        return redirect("workguide:record_list", shown[0][0].label)
    return render_page(request, "record_models", {"models": shown, "live": _live(request)})


@require_safe
@login_required
def record_list(request: Request, model: str) -> HttpResponse:
    """The records of a model, searched and paged."""
    page = _page_or_404(model)
    words = searched(request)
    visible = access.records_for(request.user, page.model)
    found = page.search(visible, words) if page.search_fields else visible
    rows = paged(request, page.with_related(found, page.list_fields))
    for row in rows:
        row.shown, row.url = page.row(row), records.url_of(row)
    context = {
        "page": page,
        "rows": rows,
        "words": words,
        "may_add": bool(page.form_fields) and access.may_add_record(request.user, page.model),
        "live": _live(request),
    }
    return render_page(request, "record_list", context)


@require_safe
@login_required
def record(request: Request, model: str, pk: str) -> HttpResponse:
    """A record, with the Work Guide."""
    page, found = _record_or_404(request, model, pk)
    context = {
        "page": page,
        "record": found,
        "facts": page.facts(found),
        "relations": page.relations(found),
        "files": Attachment.objects.for_record(found)[:MOST_FILES],
        "may_edit": bool(page.form_fields) and access.may_change_record(request.user, found),
    }
    return render_page(request, "record", context)


@require_safe
@login_required
def work_guide(request: Request, model: str, pk: str) -> HttpResponse:
    """The content of the panel, of a record of any model, registered or not."""
    found = find_record(request, model, pk)
    return HttpResponse(guide.render_content(request, found), headers={"Cache-Control": "no-store"})


@require_http_methods(["GET", "POST"])
@login_required
def record_add(request: Request, model: str) -> HttpResponse:
    """A new record."""
    page = _page_or_404(model)
    if not page.form_fields or not access.may_add_record(request.user, page.model):
        raise PermissionDenied(_("You have no permission to add one of these. Ask an administrator for it."))
    return _edit(request, page, None, _("Added “%(record)s”."))


@require_http_methods(["GET", "POST"])
@login_required
def record_edit(request: Request, model: str, pk: str) -> HttpResponse:
    """An existing record."""
    page, found = _record_or_404(request, model, pk)
    if not page.form_fields or not access.may_change_record(request.user, found):
        raise PermissionDenied(_("You have no permission to change this. Ask an administrator for it."))
    return _edit(request, page, found, _("Saved “%(record)s”."))


def _edit(request: Request, page: RecordPage, found: Model | None, told: str) -> HttpResponse:
    form = record_form(page)(request.POST if request.method == "POST" else None, instance=found)
    if form.is_bound and form.is_valid():
        with transaction.atomic():  # with the record, what its save starts is there, or neither
            saved = form.save()
        messages.success(request, told % {"record": saved})
        return redirect("workguide:record", page.label, saved.pk)
    context = {"page": page, "record": found, "form": form, "live": _live(request)}
    return render_page(request, "record_form", context, status=422 if form.is_bound else 200)


def find_record(request: Request, model: str, pk: str) -> Any:
    """The record of any model, registered or not, if the person may see it; else 404."""
    known = model_named(model)
    if known is None:
        raise Http404
    return _find(request, known, pk)


def _live(request: Request) -> str:
    return live_attributes(dispatch.keys_for_user(request.user))


def _page_or_404(model: str) -> RecordPage:
    page = records.page_for(model)
    if page is None:
        raise Http404
    return page


def _record_or_404(request: Request, model: str, pk: str) -> tuple[RecordPage, Model]:
    page = _page_or_404(model)
    return page, _find(request, page.model, pk)


def _find(request: Request, model: type[Model], pk: str) -> Any:
    try:
        return get_object_or_404(access.records_for(request.user, model), pk=pk)
    except (ValueError, ValidationError):
        raise Http404 from None
