"""Tells triggers who is signed in to the request that saves a record."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from orchestration import origin


class StarterMiddleware:
    """Put it after Django's AuthenticationMiddleware."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer the request; `request.user` is looked at only if something is saved."""
        with origin.signed_in(request.user):
            return self.get_response(request)
