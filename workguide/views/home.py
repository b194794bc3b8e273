"""The first page: what waits for me, where I can help, what became of what I started."""

from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import AbstractUser
from django.db.models import Count, Min, Q, QuerySet
from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from orchestration import clock, dispatch
from orchestration.models import Queue
from workguide import inbox
from workguide.live import live_attributes
from workguide.request import Request
from workguide.views.page import render_page

ROWS = 5


@require_safe
@login_required
def home(request: Request) -> HttpResponse:
    """The page, or its live part."""
    user = request.user
    started = list(inbox.started(user)[:ROWS])
    keys = [*dispatch.keys_for_user(user), *(f"instance:{instance.pk}" for instance in started)]
    live = live_attributes(keys)
    counts = request.inbox_counts = inbox.counts(user)  # the header shows the same figures
    return render_page(
        request,
        "home",
        {
            "live": live,
            "greeting": _greeting(),
            "items": inbox.mine(user)[:ROWS] if counts.mine else [],
            "unclaimed": inbox.unclaimed(user)[:ROWS] if counts.unclaimed else [],
            "queues": _queues(user),
            "started": started,
            "attention": inbox.in_error(user)[:ROWS],
        },
    )


def _queues(user: AbstractUser) -> QuerySet[Queue]:
    """The reader's queues, each with how many open items nobody has claimed, and since when the oldest has waited."""
    groups = user.groups.values("pk")
    unclaimed = Q(work_items__status="assigned", work_items__claimed_by=None)
    queues = Queue.objects.filter(pk__in=Queue.objects.filter(Q(members__user=user) | Q(members__group__in=groups)).values("pk"))
    return queues.annotate(unclaimed=Count("work_items", filter=unclaimed), oldest=Min("work_items__assigned_at", filter=unclaimed))


def _greeting() -> str:
    hour = timezone.localtime(clock.now()).hour
    if 5 <= hour < 12:
        return _("Good morning")
    return _("Good afternoon") if 12 <= hour < 18 else _("Good evening")
