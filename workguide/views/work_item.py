"""A work item: its screens, the review, the draft, claiming and releasing, and the end.

The answers travel in the page's own form and are kept by the server as the draft. Each screen is checked alone; the engine
checks all of them once more when the item is completed.
"""

import secrets
from collections.abc import Callable, Mapping
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from orchestration import access, dispatch, engine, timeline
from orchestration.errors import Conflict, FlowMissing, Invalid, NotAllowed, Refused
from orchestration.flows import Flow, Screen
from orchestration.models import Draft, Submission, WorkItem
from workguide import inbox, records
from workguide.forms import answers_in_words, with_native_dates
from workguide.live import live_attributes
from workguide.request import Request
from workguide.standing import standing
from workguide.views.page import render_page

Answers = dict[str, list[str]]


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@never_cache  # the browser's Back shows what is true now, never a form that is done
def work_item(request: Request, pk: int) -> HttpResponse:
    """One screen of the item, its review, or what became of it; POST checks one screen and goes on to the next."""
    live = _live(request, pk)
    item = _find(request, pk)
    if request.method == "POST":
        return _answer_screen(request, item)
    if request.GET.get("done") and item.completed_by_id == request.user.pk:
        return _done(request, item, live)
    if request.htmx:  # the form stays as it is, only the banner above it is news
        return render(request, "workguide/_work_item_banner.html", _common(request, item, live))
    if not item.standing.may_answer:  # type: ignore[attr-defined]
        return _closed(request, item, live=live)
    flow, answers = item.get_flow(), _draft_answers(item)
    place = _asked_screen(request, item, flow)
    if place == len(flow.screens) and len(flow.screens) > 1:
        return _review(request, item, flow, answers, live)
    form = flow.drafted(place, answers, engine.context_for(item, request.user))
    return _screen(request, item, flow, place, form, live=live)


@require_POST
@login_required
def work_item_draft(request: Request, pk: int) -> HttpResponse:
    """Save what is typed, valid or not. The page's script gets a word to show; a plain form goes back to the record."""
    item = _find(request, pk)
    try:
        flow = item.get_flow()
        draft = _save_draft(request, item, flow, _posted_screen(request, flow))
    except FlowMissing:
        return _closed(request, item, status=409)
    except Refused as refusal:
        if request.htmx:
            return HttpResponse(refusal.message, status=_status(refusal), content_type="text/plain; charset=utf-8")
        return _refused(request, item, refusal)
    saved = _("Saved %(time)s") % {"time": date_format(timezone.localtime(draft.saved_at), "H:i")}
    if request.htmx:
        return HttpResponse(saved, content_type="text/plain; charset=utf-8")
    messages.success(request, _("Your answers to “%(item)s” are kept as a draft.") % {"item": item})
    return redirect(records.url_of(item.get_record()) or "workguide:inbox")


@require_POST
@login_required
def work_item_completion(request: Request, pk: int) -> HttpResponse:
    """Complete the item with the posted answers of all its screens."""
    item = _find(request, pk)
    try:
        flow = item.get_flow()
        answers = _posted(request, flow)
        engine.complete_work_item(item, by=request.user, answers=answers, submission_key=request.POST.get("orc-key", "")[:64] or _new_key())
    except Invalid as invalid:
        return _invalid(request, item, flow, answers, invalid)
    except FlowMissing:
        return _closed(request, item, status=409)
    except Refused as refusal:
        return _refused(request, item, refusal)
    return redirect(f"{reverse('workguide:work_item', args=[pk])}?done=1")


@require_POST
@login_required
def work_item_claim(request: Request, pk: int) -> HttpResponse:
    """Take the item; a row is answered with the row, a page leads to the item."""
    return _change_hands(request, pk, engine.claim_work_item, lambda item: redirect("workguide:work_item", pk))


@require_POST
@login_required
def work_item_release(request: Request, pk: int) -> HttpResponse:
    """Give the item back; a row is answered with the row, a page leads to the inbox."""

    def released(item: WorkItem) -> HttpResponse:
        told = _("Released “%(item)s” to %(assignee)s. Its draft is kept.")
        messages.success(request, told % {"item": item, "assignee": item.assignee_label})
        return redirect("workguide:inbox")

    return _change_hands(request, pk, engine.release_work_item, released)


def _change_hands(request: Request, pk: int, verb: Callable[..., WorkItem], answer: Callable[[WorkItem], HttpResponse]) -> HttpResponse:
    item, refusal = _find(request, pk), None
    try:
        verb(item, by=request.user)
    except Refused as refused:
        refusal = refused
    if request.htmx:
        context = {"item": _find(request, pk), "refusal": refusal, "is_new": refusal is None}
        return render(request, "workguide/_work_item.html", context, status=_status(refusal))
    return _refused(request, item, refusal) if refusal else answer(item)


# Screens -------------------------------------------------------------------------------------------------------------


def _answer_screen(request: Request, item: WorkItem) -> HttpResponse:
    """Keep the screen's answers, right or wrong; go on when they are right."""
    try:
        flow = item.get_flow()
        place = _posted_screen(request, flow)
        form = flow.screen(place, _posted(request, flow), engine.context_for(item, request.user))
        is_valid = form.is_valid()
        _save_draft(request, item, flow, place + is_valid)
    except FlowMissing:
        return _closed(request, item, status=409)
    except Refused as refusal:
        return _refused(request, item, refusal)
    if not is_valid:
        return _screen(request, item, flow, place, form, status=422)
    is_last = place + 1 == len(flow.screens) or request.POST.get("orc-return") == "review"
    return redirect(f"{reverse('workguide:work_item', args=[item.pk])}?{'review=1' if is_last else f'screen={place + 1}'}")


def _screen(request: Request, item: WorkItem, flow: Flow, place: int, form: Screen, *, live: str = "", status: int = 200) -> HttpResponse:
    is_only = len(flow.screens) == 1
    address = reverse("workguide:work_item", args=[item.pk])
    returns = request.GET.get("return") == "review" or request.POST.get("orc-return") == "review"
    context = _common(request, item, live) | {
        "form": with_native_dates(form),
        "place": place,
        "number": place + 1,
        "of": len(flow.screens),
        "is_only": is_only,
        "returns": returns,
        "action": reverse("workguide:work_item_completion", args=[item.pk]) if is_only else f"{address}?screen={place}",
        "back": f"{address}?review=1" if returns else f"{address}?screen={place - 1}" if place else "",
        "key": request.POST.get("orc-key") or _new_key(),
    }
    return render(request, "workguide/work_item.html", context, status=status)


def _review(request: Request, item: WorkItem, flow: Flow, answers: Answers, live: str) -> HttpResponse:
    """All answers once more, before they count; those shown are those that are sent."""
    screens = _bound(flow, answers, item, request)
    address = reverse("workguide:work_item", args=[item.pk])
    context = _common(request, item, live) | {
        "sections": [
            (form.title, f"{address}?screen={place}&return=review", answers_in_words([form])) for place, form in enumerate(screens)
        ],
        "answers": [(name, value) for form in screens for name in form.fields for value in answers.get(name, [])],
        "back": f"{address}?screen={len(flow.screens) - 1}",
        "coming": _coming(item),
        "key": _new_key(),
    }
    return render(request, "workguide/work_item_review.html", context)


def _invalid(request: Request, item: WorkItem, flow: Flow, answers: Answers, invalid: Invalid) -> HttpResponse:
    """The screen with the first error, everything typed still there."""
    form = flow.screen(invalid.screen, answers, engine.context_for(item, request.user))
    form.is_valid()
    for name, errors in invalid.errors.items():
        if name not in form.errors:
            form.add_error(name if name in form.fields else None, errors)
    if not form.errors:
        form.add_error(None, invalid.message)
    return _screen(request, item, flow, invalid.screen, form, status=422)


# Ends ----------------------------------------------------------------------------------------------------------------


def _done(request: Request, item: WorkItem, live: str) -> HttpResponse:
    """The page after one's own completion: what happens next, and where to go."""
    view = timeline.of(item.instance)
    context = _common(request, item, live) | {"view": view, "next_item": inbox.mine(request.user).first()}
    return render_page(request, "work_item_done", context)


def _refused(request: Request, item: WorkItem, refusal: Refused) -> HttpResponse:
    """Nothing was sent: say why, and keep what was typed in sight."""
    try:
        flow = item.get_flow()
        typed = answers_in_words(_bound(flow, _posted(request, flow), item, request, posted_only=True))
    except FlowMissing:
        typed = []
    return _closed(request, _find(request, item.pk), refusal=refusal, typed=typed, status=_status(refusal))


def _closed(request: Request, item: WorkItem, *, live: str = "", status: int = 200, **extra: Any) -> HttpResponse:
    """An item that the reader cannot fill in: done, canceled, somebody else's, or refused just now."""
    context = _common(request, item, live) | {"given": _given(request, item)} | extra
    return render(request, "workguide/work_item_closed.html", context, status=status)


def _given(request: Request, item: WorkItem) -> list[records.Fact]:
    """The answers that completed the item."""
    submission = Submission.objects.filter(work_item=item).first()
    if submission is None:
        return []
    try:
        return answers_in_words(_bound(item.get_flow(), submission.answers, item, request))
    except FlowMissing:
        return []


# Parts ---------------------------------------------------------------------------------------------------------------


def _find(request: Request, pk: int) -> WorkItem:
    items: Any = inbox.with_parts(access.work_items_for(request.user))
    found: WorkItem = get_object_or_404(items, pk=pk)
    found.standing = standing(found, request.user)  # type: ignore[attr-defined]
    return found


def _common(request: Request, item: WorkItem, live: str) -> dict[str, Any]:
    record = item.get_record()
    page = records.page_for(record) if record is not None and access.may_view_record(request.user, record) else None
    return {
        "live": live or _live(request, item.pk),
        "item": item,
        "standing": item.standing,  # type: ignore[attr-defined]
        "record": record,
        "facts": page.facts(record) if page else [],
    }


def _live(request: Request, pk: int) -> str:
    instance = WorkItem.objects.filter(pk=pk).values_list("instance", flat=True).first()
    return live_attributes([f"instance:{instance}", *dispatch.keys_for_user(request.user)])


def _asked_screen(request: Request, item: WorkItem, flow: Flow) -> int:
    """The screen that the address asks for, else the one where the draft was left; one beyond the last is the review."""
    count = len(flow.screens)
    if count == 1:
        return 0
    if request.GET.get("review"):
        return count
    asked = request.GET.get("screen", "")
    return min(int(asked), count - 1) if _is_place(asked) else min(_draft(item).screen, count)


def _posted_screen(request: Request, flow: Flow) -> int:
    place = request.POST.get("orc-screen", "")
    return min(int(place), len(flow.screens) - 1) if _is_place(place) else 0


def _is_place(text: str) -> bool:
    """Whether a text from outside is the number of a screen; Python itself refuses to read a very long one."""
    return text.isdecimal() and len(text) < 10


def _posted(request: Request, flow: Flow) -> Answers:
    """The posted answers of all screens, raw; an unticked box is an empty list."""
    return {name: request.POST.getlist(name) for screen in flow.screens for name in screen.base_fields}


def _save_draft(request: Request, item: WorkItem, flow: Flow, place: int) -> Draft:
    """The screen's answers beside those of the other screens; `place` is where the person goes on."""
    here = flow.screens[_posted_screen(request, flow)].base_fields
    answers = _draft_answers(item) | {name: request.POST.getlist(name) for name in here}
    return engine.save_draft(item, by=request.user, answers=answers, screen=place)


def _draft(item: WorkItem) -> Draft:
    return getattr(item, "draft", None) or Draft()


def _draft_answers(item: WorkItem) -> Answers:
    answers: Answers = dict(_draft(item).answers)
    return answers


def _bound(flow: Flow, answers: Mapping[str, Any], item: WorkItem, request: Request, *, posted_only: bool = False) -> list[Screen]:
    context = engine.context_for(item, request.user)
    return [
        flow.screen(place, answers, context)
        for place, screen in enumerate(flow.screens)
        if not posted_only or any(name in request.POST for name in screen.base_fields)
    ]


def _coming(item: WorkItem) -> list[str]:
    """What the instance is to do after this item: the steps of the next stage."""
    planned = [stage for stage in timeline.of(item.instance).stages if stage.status == timeline.PLANNED]
    return [step.label for step in planned[0].steps] if planned else []


def _status(refusal: Refused | None) -> int:
    if refusal is None:
        return 200
    return 403 if isinstance(refusal, NotAllowed) else 409 if isinstance(refusal, Conflict) else 422


def _new_key() -> str:
    return secrets.token_hex(16)
