"""Tells open pages, cheaply, whether something that they show has changed.

A page carries a signed list of the keys that it shows and the version that it was made from. It asks for the version
every two seconds while it is visible; the answer costs one round trip to the queue server, no session and no database.
"""

from collections.abc import Callable, Iterable

from django.core.signing import BadSignature, Signer
from django.http import HttpRequest, HttpResponse, HttpResponseNotFound, JsonResponse
from django.urls import get_script_prefix
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from orchestration import dispatch

PATH = "/live/"


def live_attributes(keys: Iterable[str]) -> SafeString:
    """The attributes of an element that make its page follow `keys`.

    Call it before reading what the page shows: then a change in between is seen, at worst once too often.
    """
    names = sorted(set(keys))
    return format_html(
        'data-orc-live="{}{}{}/" data-orc-version="{}" data-orc-paused="{}"',
        get_script_prefix().rstrip("/"),
        PATH,
        _signer().sign_object(names, compress=True),
        dispatch.live_version(names),
        _("Live updates paused, retrying."),
    )


class LiveVersionMiddleware:
    """Answers /live/<signed keys>/?v=<known version> before anything else runs: 204 when unchanged, else the version."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path_info.startswith(PATH):
            return self.get_response(request)
        try:
            keys = _signer().unsign_object(request.path_info.removeprefix(PATH).rstrip("/"))
        except BadSignature:
            return HttpResponseNotFound()
        version = dispatch.live_version(keys)
        unchanged = version == request.GET.get("v")
        answer: HttpResponse = HttpResponse(status=204) if unchanged else JsonResponse({"v": version})
        answer["Cache-Control"] = "no-store"
        return answer


def _signer() -> Signer:
    return Signer(salt="workguide.live")
