"""How each of our pages is answered: whole, or only its live part when htmx asks for that."""

from collections.abc import Mapping
from typing import Any

from django.core.paginator import Page, Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers

from workguide.request import Request

PER_PAGE = 25


def render_page(request: Request, name: str, context: Mapping[str, Any], *, status: int = 200) -> HttpResponse:
    """`<name>.html`; for htmx `_<name>.html`, when there is one."""
    parts = [f"workguide/_{name}.html"] if request.htmx else []
    response = render(request, [*parts, f"workguide/{name}.html"], context, status=status)
    patch_vary_headers(response, ["HX-Request"])
    response["Cache-Control"] = "no-store"  # the browser's Back shows what is true now, never a form that is done
    return response


def paged(request: Request, rows: Any) -> Page[Any]:
    """The page of `rows` that the address asks for; the nearest one when there is no such page."""
    return Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))


def searched(request: Request) -> str:
    """The words that are searched for, without the one character that PostgreSQL cannot look for; at most 200 characters."""
    return request.GET.get("q", "").replace("\0", "").strip()[:200]
