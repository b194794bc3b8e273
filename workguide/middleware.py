"""Refuses what is too large to be read; shows times in the reader's own zone, which the page's script puts into a cookie."""

import zoneinfo
from collections.abc import Callable
from functools import cache

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _

from orchestration import conf


class BodyLimitMiddleware:
    """Answer 413 to more than any form of ours sends, before it is read. Put it first among those that look at a request's body.

    A form is at most DATA_UPLOAD_MAX_MEMORY_SIZE, and one with files as much again for each file that a work item takes.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        length = request.META.get("CONTENT_LENGTH") or ""
        sent = int(length) if length.isascii() and length.isdecimal() and len(length) < 20 else 0
        most = settings.DATA_UPLOAD_MAX_MEMORY_SIZE or 0
        if request.content_type == "multipart/form-data":
            most += conf.UPLOAD_BYTES * conf.UPLOADS_PER_ITEM
        if most and sent > most:
            told = _("This is too much to send at once: %(sent)d bytes, and %(most)d are taken. Go back, and send less.")
            return HttpResponse(told % {"sent": sent, "most": most}, status=413, content_type="text/plain; charset=utf-8")
        return self.get_response(request)


class TimezoneMiddleware:
    """For each request: the zone named by the cookie `tz`, or the site's own."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        name = request.COOKIES.get("tz")
        with timezone.override(name if name in _known_zones() else None):
            return self.get_response(request)


@cache
def _known_zones() -> frozenset[str]:
    return frozenset(zoneinfo.available_timezones())
