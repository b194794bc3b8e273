"""The site's addresses, and the least page that it can answer with."""

from django.http import HttpRequest, HttpResponse
from django.urls import include, path


def hello(request: HttpRequest) -> HttpResponse:
    """Through all middleware, and nothing behind it."""
    return HttpResponse("hello")


urlpatterns = [path("hello", hello), path("", include("config.urls"))]
