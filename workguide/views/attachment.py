"""A file that a flow made or somebody handed in: to download, never to be shown by the browser on our site."""

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from orchestration import access
from orchestration.models import Attachment
from workguide.request import Request


@require_safe
@login_required
def attachment(request: Request, key: UUID) -> HttpResponse:
    """The file itself; 404 for whoever may not see what it is about."""
    found = get_object_or_404(Attachment, key=key)
    if not access.may_open(request.user, found):
        raise Http404(_("There is no such file."))
    response = HttpResponse(found.read(), content_type=found.content_type)
    response["Cache-Control"] = "private, no-store"
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Disposition"] = content_disposition_header(True, found.name) or "attachment"
    # Whatever the file holds: opened after all, it can run nothing and belongs to no site.
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response
