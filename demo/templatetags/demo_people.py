"""The demo's people on the login page."""

from django import template
from django.conf import settings

from demo.people import PEOPLE, Person

register = template.Library()


@register.simple_tag
def demo_people() -> list[Person]:
    """Those who can sign in with one click; nobody outside the demo."""
    return [person for person in PEOPLE if person.is_active] if settings.DEMO else []
