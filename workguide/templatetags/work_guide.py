"""`{% work_guide record %}`: the Work Guide, on any page of any Django project. And the small words of our own pages."""

from datetime import datetime
from typing import Any

from django import template
from django.contrib.auth.models import AbstractUser
from django.db.models import Model
from django.forms import BaseForm
from django.templatetags.static import static
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timesince import timesince
from django.utils.translation import gettext as _

from orchestration import access, clock
from orchestration.models import Orchestration, WorkGuidePlacement, WorkItem
from orchestration.models.instances import name_of
from orchestration.timeline import StepView
from workguide import guide, inbox, records
from workguide.forms import problems_of
from workguide.request import Request

register = template.Library()

TONES = {
    "planned": ("idle", "circle-dashed"),
    "not_started": ("idle", "circle-dashed"),
    "in_progress": ("running", "loader-circle"),
    "waiting": ("waiting", "user"),
    "assigned": ("waiting", "user"),
    "completed": ("done", "circle-check"),
    "error": ("failed", "circle-x"),
    "suspended": ("paused", "pause"),
    "skipped": ("skipped", "skip-forward"),
    "discontinued": ("canceled", "ban"),
    "canceled": ("canceled", "ban"),
}
"""Status → tone and icon. Colour never speaks alone: each chip has both, and the word."""


@register.simple_tag(takes_context=True)
def work_guide(context: template.Context, record: Any) -> SafeString:
    """The panel of a record: who is to do what, what comes next. Empty for people who may not view the record.

    Needs `request` in the context. Brings its own style and script, once for each page.
    """
    request: Request = context["request"]
    if not isinstance(record, Model) or record.pk is None or not request.user.is_authenticated:
        return SafeString("")
    if not access.may_view_record(request.user, record):
        return SafeString("")
    return SafeString(orc_assets(context) + guide.render(request, record))


@register.simple_tag(takes_context=True)
def orc_assets(context: template.Context) -> SafeString:
    """The links to our style and script, the first time that a page asks for them."""
    request = context["request"]
    if getattr(request, "has_orc_assets", False):
        return SafeString("")
    request.has_orc_assets = True
    return format_html(
        '<link rel="stylesheet" href="{}"><script src="{}" data-htmx="{}" defer></script>',
        static("workguide/orc.css"),
        static("workguide/orc.js"),
        static("workguide/htmx.min.js"),
    )


@register.simple_tag
def icon(name: str) -> SafeString:
    """An icon of the sprite; the words beside it say what it means."""
    return format_html(
        '<svg class="orc-icon" aria-hidden="true" focusable="false"><use href="{}#{}"/></svg>',
        static("workguide/orc-icons.svg"),
        name,
    )


@register.simple_tag
def chip(status: str, label: str = "") -> SafeString:
    """A status as icon and word."""
    tone, sign = TONES[status]
    return format_html('<span class="orc-chip orc-tone-{}">{}{}</span>', tone, icon(sign), label or status)


@register.filter
def state(step: StepView) -> str:
    """A step's status; one more word for "in progress, and a person is to do it"."""
    return "waiting" if step.item and step.item.is_open else step.status


@register.filter
def state_label(step: StepView) -> str:
    """The words for that."""
    return _("Waiting for a person") if step.item and step.item.is_open else step.status_label


@register.filter
def has_work_guide(opts: Any) -> bool:
    """Whether the admin page of this model shows the Work Guide: it has a record page, or an orchestration watches it."""
    label = opts.label_lower
    if not WorkGuidePlacement.objects.of(label).on_admin_page:
        return False
    return records.page_for(label) is not None or Orchestration.objects.filter(record_model=label).exists()


@register.filter
def is_on_record_page(label: str) -> bool:
    """Whether the record page of the model with this "app.model" shows the Work Guide."""
    return WorkGuidePlacement.objects.of(label).on_record_page


@register.filter
def tone(status: str) -> str:
    """The tone of a status: the end of a class name."""
    return TONES[status][0]


@register.filter
def sign(status: str) -> str:
    """The icon of a status."""
    return TONES[status][1]


@register.simple_tag
def ago(at: datetime | None) -> SafeString:
    """How long ago, kept true by the script; the full time is the tooltip."""
    if at is None:
        return SafeString("")
    seconds = (clock.now() - at).total_seconds()
    words = _("%(time)s ago") % {"time": timesince(at, clock.now(), depth=1)} if seconds >= 60 else _("just now")
    full = date_format(timezone.localtime(at), "DATETIME_FORMAT")
    return format_html('<time datetime="{}" title="{}" data-orc-ago="{}">{}</time>', at.isoformat(), full, _("just now"), words)


@register.simple_tag
def problems(form: Any, more: Any = (), decision: Any = None) -> list[tuple[str, str]]:
    """What is wrong on a page, each with the address of its field: on the form, of the page as a whole, and of the decision."""
    found = [("", str(message)) for message in more or ()]
    for part in (form, decision):
        if isinstance(part, BaseForm) and part.is_bound | bool(part.errors):
            found += [problem for problem in problems_of(part) if problem not in found]
    return found


@register.simple_tag
def moment(at: datetime | None) -> SafeString:
    """A day and a time, in the reader's zone."""
    if at is None:
        return SafeString("")
    local = timezone.localtime(at)
    this_year = local.year == timezone.localtime(clock.now()).year
    words = date_format(local, "j M, H:i" if this_year else "j M Y, H:i")
    return format_html('<time datetime="{}">{}</time>', at.isoformat(), words)


@register.simple_tag
def when(at: datetime | None) -> str:
    """The end of a sentence: at 14:02, or, when it was not today, on 3 Dec at 14:02."""
    if at is None:
        return ""
    local, today = timezone.localtime(at), timezone.localtime(clock.now())
    time = date_format(local, "H:i")
    if local.date() == today.date():
        return _("at %(time)s") % {"time": time}
    day = date_format(local, "j M" if local.year == today.year else "j M Y")
    return _("on %(day)s at %(time)s") % {"day": day, "time": time}


@register.simple_tag(takes_context=True)
def whose(context: template.Context, item: WorkItem) -> str:
    """Who has the item, seen by the reader."""
    reader = context["request"].user
    shared_by = _shared_by(item)
    if item.claimed_by_id == reader.pk:
        return _("You claimed this")
    if item.claimed_by_id is not None:
        return _("%(name)s has this") % {"name": name_of(item.claimed_by)}
    if item.user_id == reader.pk:
        return _("You")
    if shared_by:
        return _("%(assignee)s · unclaimed") % {"assignee": shared_by}
    return name_of(item.user) or item.assignee_label or _("Nobody yet")


@register.simple_tag(takes_context=True)
def inbox_counts(context: template.Context) -> inbox.Counts | None:
    """How much waits for the reader; asked once for each page."""
    request = context["request"]
    if not getattr(request, "user", None) or not request.user.is_authenticated:
        return None
    if not hasattr(request, "inbox_counts"):
        request.inbox_counts = inbox.counts(request.user)
    found: inbox.Counts = request.inbox_counts
    return found


@register.simple_tag
def record_models() -> list[records.RecordPage]:
    """The models that have record pages."""
    return records.pages()


@register.simple_tag
def record_url(about: Any) -> str:
    """The address of the record that a row is about; empty when there is none, or its model has no page."""
    if not about.record_id or records.page_for(about.record_model) is None:
        return ""
    return reverse("workguide:record", args=[about.record_model, about.record_id])


@register.filter
def name(user: AbstractUser | None) -> str:
    """How we call a person."""
    return name_of(user)


@register.filter
def initials(text: str) -> str:
    """One or two letters for an avatar."""
    parts = [part for part in str(text).split() if part]
    return "".join(part[0] for part in (parts[:1] + parts[-1:] if len(parts) > 1 else parts)).upper()


def _shared_by(item: WorkItem) -> str:
    return str(item.queue or item.group or "") if item.is_shared else ""
