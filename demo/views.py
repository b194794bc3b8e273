"""Signing in with one click, in the demo alone."""

from django.conf import settings
from django.contrib.auth import authenticate, login
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from demo.people import PASSWORD, PEOPLE


@require_POST
def demo_login(request: HttpRequest) -> HttpResponse:
    """Sign in as one of the demo's people, with the password that is known to everybody."""
    username = request.POST.get("username", "")
    user = authenticate(request, username=username, password=PASSWORD)
    if not settings.DEMO or user is None or username not in {person.username for person in PEOPLE}:
        raise Http404
    login(request, user)
    target = request.POST.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure())
    return redirect(target if is_ours else settings.LOGIN_REDIRECT_URL)
