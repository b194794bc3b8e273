"""What the pages that build orchestrations have in common: how one is made, what its address is, and who may open it."""

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.contrib.admin.sites import AdminSite
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse

from orchestration import access
from orchestration.models import Orchestration, Version

View = Callable[..., HttpResponse]
Right = Callable[[Any, Orchestration], bool]


def page(request: HttpRequest, name: str, status: int = 200, **context: Any) -> TemplateResponse:
    """A page inside the admin; its template is `orchestration/board/<name>.html`."""
    own: AdminSite = admin.site
    whole = {**own.each_context(request), "is_nav_sidebar_enabled": False, **context}
    return TemplateResponse(request, f"orchestration/board/{name}.html", whole, status=status)


def tab(request: HttpRequest, version: Version, name: str) -> dict[str, Any]:
    """What the head of each page about one version shows: which page it is, and where else the person may go."""
    orchestration = version.orchestration
    return {
        "orchestration": orchestration,
        "version": version,
        "tab": name,
        "may_debug": access.may_debug(request.user, orchestration),
        "may_activate": access.may_activate(request.user, orchestration),
        "may_see_go_live": access.may_see_go_live(request.user, orchestration),
    }


def of_orchestration(right: Right = access.may_see_definition) -> Callable[[View], View]:
    """Hand a view the orchestration that the address names, if the person has the right to do this with it."""

    def decorated(view: View) -> View:
        @wraps(view)
        def checked(request: HttpRequest, pk: int, **more: Any) -> HttpResponse:
            _refuse_strangers(request)
            orchestration = get_object_or_404(Orchestration, pk=pk)
            _refuse_without(right, request, orchestration)
            return view(request, orchestration, **more)

        return checked

    return decorated


def of_version(right: Right = access.may_see_definition) -> Callable[[View], View]:
    """Hand a view the version that the address names, if the person has the right to do this with its orchestration."""

    def decorated(view: View) -> View:
        @wraps(view)
        def checked(request: HttpRequest, pk: int, number: int, **more: Any) -> HttpResponse:
            _refuse_strangers(request)
            version = get_object_or_404(Version.objects.select_related("orchestration"), orchestration=pk, number=number)
            _refuse_without(right, request, version.orchestration)
            return view(request, version, **more)

        return checked

    return decorated


def _refuse_strangers(request: HttpRequest) -> None:
    """Before anything is looked for: to them nothing is there."""
    if not request.user.is_staff:
        raise PermissionDenied


def _refuse_without(right: Right, request: HttpRequest, orchestration: Orchestration) -> None:
    if not right(request.user, orchestration):
        raise PermissionDenied


def address(name: str, of: Orchestration | Version, **query: Any) -> str:
    """The address of a page about an orchestration or a version: `address("builder", version, at="step:it_ticket")`."""
    args = [of.pk] if isinstance(of, Orchestration) else [of.orchestration_id, of.number]
    told = urlencode({key: value for key, value in query.items() if value not in ("", None)}, safe=":")
    return reverse(f"admin:orchestration_orchestration_{name}", args=args) + (f"?{told}" if told else "")
