"""What our views know of a request, for the type checker's sake."""

from django.contrib.auth.models import AbstractUser
from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails

from workguide.inbox import Counts


class Request(HttpRequest):
    """A request of somebody signed in, marked by django-htmx."""

    user: AbstractUser  # type: ignore[assignment]
    htmx: HtmxDetails
    inbox_counts: Counts  # what a view has asked already, and the header shows too
