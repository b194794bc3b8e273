"""The inbox: my work, my queues, what I started, what I did."""

from django.contrib.auth.decorators import login_required
from django.db import models
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from orchestration import dispatch
from workguide import inbox as questions
from workguide.live import live_attributes
from workguide.request import Request
from workguide.views.page import paged, render_page, searched


class Tab(models.TextChoices):
    """The lists of the inbox."""

    MINE = "mine", _("My work")
    QUEUES = "queues", _("Queues")
    STARTED = "started", _("Started by me")
    DONE = "done", _("Done")


ROWS = {Tab.MINE: questions.mine, Tab.QUEUES: questions.shared, Tab.STARTED: questions.started, Tab.DONE: questions.done}


@require_safe
@login_required
def inbox(request: Request) -> HttpResponse:
    """One tab of the inbox, searched and paged; the page, or the list alone."""
    keys = dispatch.keys_for_user(request.user)
    live = live_attributes(keys)
    counts = questions.counts(request.user)
    request.inbox_counts = counts  # the header shows the same figures
    tab = _tab(request, counts)
    words = searched(request)
    page = paged(request, questions.search(ROWS[tab](request.user), words))
    if tab == Tab.STARTED:
        live = live_attributes([*keys, *(f"instance:{instance.pk}" for instance in page)])
    figures = {Tab.MINE: counts.mine, Tab.QUEUES: counts.shared}
    context = {
        "live": live,
        "tab": tab,
        "tabs": [(each, figures.get(each)) for each in Tab],
        "words": words,
        "page": page,
        "counts": counts,
    }
    return render_page(request, "inbox", context)


@require_safe
@login_required
def inbox_count(request: Request) -> HttpResponse:
    """The figure in the header, and what to announce when it has grown."""
    user = request.user
    counts = questions.counts(user)
    newest = questions.mine(user).model.objects.filter(pk=counts.newest).first() if counts.newest else None
    return render(request, "workguide/_inbox_count.html", {"counts": counts, "newest": newest})


def _tab(request: Request, counts: questions.Counts) -> Tab:
    """The tab asked for; else my work, or the queues when only they have something to do."""
    if request.GET.get("tab") in Tab.values:
        return Tab(request.GET["tab"])
    return Tab.QUEUES if not counts.mine and counts.unclaimed else Tab.MINE
