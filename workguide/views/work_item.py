"""A work item: its screens, the review, the draft, claiming and releasing, and the end.

The answers travel in the page's own form and are kept by the server as the draft. Each screen is checked alone; the engine
checks all of them once more when the item is completed.
"""

import secrets
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from orchestration import access, dispatch, engine, timeline, uploads
from orchestration.errors import Conflict, FlowMissing, Invalid, NotAllowed, Refused
from orchestration.flows import Flow, Screen
from orchestration.flows.built_screens import COMMENT, OUTCOME
from orchestration.flows.screens import Filling
from orchestration.models import Draft, Submission, WorkItem
from workguide import inbox, records
from workguide.answers import Answers, acts, anchor, answers_with, change_rows, is_place, is_small_step, posted_place, sent_by, uploads_in
from workguide.forms import answers_in_words, decision_in_words, known_in_words, with_native_dates
from workguide.live import live_attributes
from workguide.request import Request
from workguide.standing import standing
from workguide.views.page import render_page


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@never_cache  # the browser's Back shows what is true now, never a form that is done
def work_item(request: Request, pk: int) -> HttpResponse:
    """One screen of the item, its review, or what became of it; POST checks one screen and goes on to the next."""
    live = _live(request, pk)
    item = _find(request, pk)
    if request.method == "POST":
        return _follow(request, item) if is_small_step(request) else _answer_screen(request, item)
    if request.GET.get("done") and item.completed_by_id == request.user.pk:
        return _done(request, item, live)
    if request.htmx:  # the form stays as it is, only the banner above it is news
        return render(request, "workguide/_work_item_banner.html", _common(request, item, live))
    if not item.standing.may_answer:  # type: ignore[attr-defined]
        return _closed(request, item, live=live)
    try:
        flow = item.get_flow()
        filling = _filling(request, item, flow, _draft_answers(item))
    except Refused as refusal:
        return _closed(request, item, live=live, refusal=refusal, status=_status(refusal))
    place = _asked_screen(request, item, flow, filling)
    if place == len(flow.form) and len(flow.form) > 1:
        return _review(request, item, flow, flow.form.fill(filling.answers, filling.context, final=True), live=live)
    return _screen(request, item, flow, filling, place, filling.drafted(place), live=live)


@require_POST
@login_required
def work_item_draft(request: Request, pk: int) -> HttpResponse:
    """Save what is typed, valid or not. The page's script gets a word to show; a plain form goes back to the record."""
    item = _find(request, pk)
    try:
        flow = item.get_flow()
        place = posted_place(request, flow.form, beyond=True)
        draft = engine.save_draft(
            item, by=request.user, answers=answers_with(_draft_answers(item), flow.form, place, sent_by(request)), screen=place
        )
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
    return redirect(records.url_of(item.record) or "workguide:inbox")


@require_POST
@login_required
def work_item_screen(request: Request, pk: int) -> HttpResponse:
    """What one screen is like with the answers so far: after a change, a search, a row added or removed, a file handed in or taken back.

    The page's script gets the parts of the screen. A plain form gets the page, with the answers kept.
    """
    return _follow(request, _find(request, pk))


@require_POST
@login_required
def work_item_completion(request: Request, pk: int) -> HttpResponse:
    """Complete the item with the posted answers of all its screens."""
    item = _find(request, pk)
    if is_small_step(request):  # on a form of one screen, without a script
        return _follow(request, item)
    try:
        flow = item.get_flow()
        answers = flow.form.own_answers(sent_by(request))
        _refuse_other_form(request, flow)
        if len(flow.form) == 1 and (filling := _brought_up(request, item, flow, 0)):
            return _screen(request, item, flow, filling, 0, filling.drafted(0), status=422, has_more=True)
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
        place = posted_place(request, flow.form)
        _refuse_other_form(request, flow)
        answers = answers_with(_draft_answers(item), flow.form, place, sent_by(request))
        problems = _act(request, item, flow, answers)
        filling = _filling(request, item, flow, answers)
        form, has_more = filling.bound(place), bool(filling.unseen(place, sent_by(request)))
        for name, message in problems.items():
            form.say(name, message)
        goes_on = form.is_valid() and not has_more
        engine.save_draft(item, by=request.user, answers=answers, screen=filling.after(place) if goes_on else place)
    except FlowMissing:
        return _closed(request, item, status=409)
    except Refused as refusal:
        return _refused(request, item, refusal)
    if not goes_on:
        shown = filling.drafted(place) if has_more else form
        return _screen(request, item, flow, filling, place, shown, status=422, has_more=has_more)
    coming = filling.after(place)
    if coming == len(flow.form) or request.POST.get("orc-return") == "review":
        return redirect(f"{reverse('workguide:work_item', args=[item.pk])}?review=1")
    return redirect(f"{reverse('workguide:work_item', args=[item.pk])}?screen={coming}")


def _screen(
    request: Request,
    item: WorkItem,
    flow: Flow,
    filling: Filling,
    place: int,
    form: Screen,
    *,
    decision: Screen | None = None,
    live: str = "",
    status: int = 200,
    has_more: bool = False,
) -> HttpResponse:
    is_only, before = len(flow.form) == 1, filling.before(place)
    address = reverse("workguide:work_item", args=[item.pk])
    returns = request.GET.get("return") == "review" or request.POST.get("orc-return") == "review"
    places = list(filling.places)
    context = _common(request, item, live) | {
        "form": with_native_dates(form),
        "decision": decision or _decision(flow, filling),
        "has_more": has_more,
        "place": place,
        "number": places.index(place) + 1 if place in places else place + 1,
        "of": len(places),
        "is_only": is_only,
        "returns": returns,
        "action": reverse("workguide:work_item_completion", args=[item.pk]) if is_only else f"{address}?screen={place}",
        "back": f"{address}?review=1" if returns else f"{address}?screen={before}" if before is not None else "",
        "key": request.POST.get("orc-key") or _new_key(),
        "flow": flow,
        "known": known_in_words(filling),
    }
    return render(request, "workguide/work_item.html", context, status=status)


def _decision(flow: Flow, filling: Filling) -> Screen | None:
    """The buttons that end the flow, where they stand on the screen itself because it is the only one."""
    return filling.decision() if len(flow.form) == 1 else None


def _review(
    request: Request,
    item: WorkItem,
    flow: Flow,
    filling: Filling,
    *,
    decision: Screen | None = None,
    live: str = "",
    status: int = 200,
    errors: Sequence[str] = (),
) -> HttpResponse:
    """All answers once more, before they count; those shown are those that are sent."""
    address = reverse("workguide:work_item", args=[item.pk])
    before = filling.before(len(flow.form))
    own = {OUTCOME, COMMENT}
    context = _common(request, item, live) | {
        "sections": [
            (form.title, f"{address}?screen={place}&return=review", answers_in_words([form]))
            for place in filling.places
            for form in [filling.bound(place)]
        ],
        "answers": [(name, value) for name, values in filling.kept().items() if name not in own for value in values],
        "decision": decision or filling.decision(),
        "errors": errors,
        "back": f"{address}?screen={before}" if before is not None else "",
        "coming": _coming(item),
        "key": _new_key(),
        "flow": flow,
        "place": len(flow.form),
        "known": known_in_words(filling),
    }
    return render(request, "workguide/work_item_review.html", context, status=status)


def _invalid(request: Request, item: WorkItem, flow: Flow, answers: Answers, invalid: Invalid) -> HttpResponse:
    """The screen with the first error, everything typed still there."""
    filling = _filling(request, item, flow, answers, final=True)
    is_at_the_end = invalid.screen not in filling.places
    if is_at_the_end and len(flow.form) > 1:
        decision = filling.decision(bound=True)
        errors = invalid.errors.get("__all__", []) if decision is None or decision.is_valid() else []
        return _review(request, item, flow, filling, decision=decision, errors=errors, status=422)
    place = 0 if is_at_the_end else invalid.screen
    form, decision = filling.bound(place), filling.decision(bound=True) if is_at_the_end else None
    if form.is_valid() and (decision is None or decision.is_valid()):
        for name, messages_of in invalid.errors.items():
            form.add_error(name if name in form.fields else None, messages_of)
        if not form.errors:
            form.add_error(None, invalid.message)
    return _screen(request, item, flow, filling, place, form, decision=decision, status=422)


# Doing something on a screen -----------------------------------------------------------------------------------------


def _follow(request: Request, item: WorkItem) -> HttpResponse:
    """Do what a small button asks for, and show the same screen again."""
    try:
        if not item.standing.may_answer:  # type: ignore[attr-defined]
            raise Conflict(item.standing.sentence or _("You cannot fill this in now. Reload to see why."))  # type: ignore[attr-defined]
        flow = item.get_flow()
        place = posted_place(request, flow.form)
        answers = answers_with(_draft_answers(item), flow.form, place, sent_by(request))
        problems = _act(request, item, flow, answers)
        if acts(request) or not request.htmx:
            engine.save_draft(item, by=request.user, answers=answers, screen=place)
        filling = _filling(request, item, flow, answers)
    except FlowMissing:
        return _closed(request, item, status=409)
    except Refused as refusal:
        if request.htmx:
            return HttpResponse(refusal.message, status=_status(refusal), content_type="text/plain; charset=utf-8")
        return _refused(request, item, refusal)
    form = filling.drafted(place)
    for name, message in problems.items():
        form.say(name, message)
    if request.htmx:
        context = {"form": with_native_dates(form), "decision": _decision(flow, filling), "item": item}
        return render(request, "workguide/_screen_parts.html", context)
    if problems:
        return _screen(request, item, flow, filling, place, form, status=422)
    return redirect(_place_address(request, item, place) + anchor(request))


def _act(request: Request, item: WorkItem, flow: Flow, answers: Answers) -> dict[str, str]:
    """Do what the page's small buttons ask for, on the raw answers. Returns what is wrong, by field."""
    change_rows(request, flow.form, answers)
    taken_back, problems = request.POST.get("orc-unfile", ""), {}
    if taken_back in answers and taken_back:
        _drop_file(request, item, answers[taken_back])
        answers[taken_back] = []
    for name, file in uploads_in(request, flow.form):
        try:
            file_name, content_type, content = uploads.check(file)
            kept = engine.keep_upload(item, by=request.user, name=file_name, content=content, content_type=content_type)
        except Invalid as invalid:
            problems[name] = invalid.message
            continue
        _drop_file(request, item, answers.get(name, []))
        answers[name] = [str(kept.key)]
    return problems


def _drop_file(request: Request, item: WorkItem, keys: Sequence[str]) -> None:
    for key in keys:
        with suppress(ValueError):
            engine.drop_upload(item, str(UUID(key)), by=request.user)


def _place_address(request: Request, item: WorkItem, place: int) -> str:
    returns = "&return=review" if request.POST.get("orc-return") == "review" else ""
    return f"{reverse('workguide:work_item', args=[item.pk])}?screen={place}{returns}"


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
        answers = flow.form.own_answers(sent_by(request))
        filling = _filling(request, item, flow, answers)
        typed = answers_in_words(form for place in filling.places for form in [filling.bound(place)] if answers.keys() & form.fields.keys())
    except (FlowMissing, Refused):
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
        filling = _filling(request, item, item.get_flow(), submission.answers, final=True)
    except (FlowMissing, Refused):
        return []
    ending = filling.decision(bound=True)
    return answers_in_words(map(filling.bound, filling.places)) + (decision_in_words(ending) if ending else [])


# Parts ---------------------------------------------------------------------------------------------------------------


def _find(request: Request, pk: int) -> WorkItem:
    """The item, if the person may see it; where they stand to it is asked for when a page shows it."""
    items: Any = inbox.with_parts(access.work_items_for(request.user).marked_for(request.user))
    found: WorkItem = get_object_or_404(items.select_related("step_instance__step"), pk=pk)
    found.step_instance.instance = found.instance
    found.standing = SimpleLazyObject(lambda: standing(found, request.user))  # type: ignore[attr-defined]
    return found


def _common(request: Request, item: WorkItem, live: str) -> dict[str, Any]:
    record = item.record
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


def _asked_screen(request: Request, item: WorkItem, flow: Flow, filling: Filling) -> int:
    """The screen that the address asks for, else the one where the draft was left; one beyond the last is the review."""
    count = len(flow.form)
    if count == 1:
        return 0
    if request.GET.get("review"):
        return count
    asked = request.GET.get("screen", "")
    place = min(int(asked), count - 1) if is_place(asked) else min(_draft(item).screen, count)
    return place if place in filling.places else filling.after(place)


def _refuse_other_form(request: Request, flow: Flow) -> None:
    """A flow built without code has versions: raise when the page was made from another one than the item has, or does not say."""
    if flow.version is None:
        return
    sent = request.POST.get("orc-version", "")
    if not sent:
        raise Refused(_("The page did not send its form whole. Reload it, and send it again."))
    if sent != str(flow.version):
        raise Conflict(_("This form has been changed since you opened it. Reload to fill in the new one; your draft is kept."))


def _filling(request: Request, item: WorkItem, flow: Flow, answers: Answers, *, final: bool = False) -> Filling:
    return flow.form.fill(answers, engine.context_for(item, request.user), final=final)


def _brought_up(request: Request, item: WorkItem, flow: Flow, place: int) -> Filling | None:
    """The screen again, when an answer on its page has brought up questions that the page did not show."""
    filling = _filling(request, item, flow, answers_with(_draft_answers(item), flow.form, place, sent_by(request)))
    return filling if filling.unseen(place, sent_by(request)) else None


def _draft(item: WorkItem) -> Draft:
    return getattr(item, "draft", None) or Draft()


def _draft_answers(item: WorkItem) -> Answers:
    answers: Answers = dict(_draft(item).answers)
    return answers


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
