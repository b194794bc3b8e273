"""The small words of the pages that build flows."""

from collections.abc import Mapping
from typing import Any

from django import template
from django.templatetags.static import static
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString, mark_safe

from orchestration.expressions.wording import LABEL_BEGINS, LABEL_ENDS

register = template.Library()


@register.simple_tag
def icon(name: str) -> SafeString:
    """An icon of the sprite; the words beside it say what it means."""
    return format_html(
        '<svg class="orc-icon" aria-hidden="true" focusable="false"><use href="{}#{}"/></svg>', static("workguide/orc-icons.svg"), name
    )


@register.filter
def emphasised(sentence: str) -> SafeString:
    """A sentence whose marked labels are emphasised; everything in it is escaped."""
    escaped = conditional_escape(sentence)
    return mark_safe(escaped.replace(LABEL_BEGINS, "<em>").replace(LABEL_ENDS, "</em>"))  # noqa: S308  escaped above


@register.filter
def item(mapping: Mapping[Any, Any], key: Any) -> Any:
    """What a mapping has under a key."""
    return mapping.get(key)


TONES = {"draft": ("paused", "pencil"), "active": ("done", "circle-check"), "inactive": ("idle", "circle-dashed")}


@register.inclusion_tag("orchestration/building/_chip.html")
def version_chip(version: Any) -> dict[str, Any]:
    """The number and status of a version, as icon and words."""
    tone, sign = TONES[version.status]
    return {"tone": tone, "sign": sign, "version": version}
