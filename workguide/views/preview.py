"""How a screen flow that is being built would look: its document comes with the request, and nothing is kept."""

import json
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse, HttpResponseForbidden
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from orchestration import access
from orchestration.errors import Invalid, Refused
from orchestration.flows import Context, documents
from orchestration.flows.built_screens import BuiltScreens
from orchestration.flows.screens import Filling
from orchestration.models.records import model_named
from orchestration.reach import Reach
from workguide.answers import Answers, answers_with, change_rows, posted_place, sent_by, uploads_in
from workguide.forms import answers_in_words, known_in_words, with_native_dates
from workguide.request import Request
from workguide.views.page import render_page

MOST_BYTES = 400 * 1024


@require_POST
@login_required
def screen_preview(request: Request) -> HttpResponse:
    """One screen of the posted `document`, filled with the posted answers; the page's script gets it without the page around.

    `orc-screen` is the screen; `record` ("app.model:key") what it is about, if the person may view it; `inputs` a JSON object. For those
    who may build flows.
    """
    if not access.may(request.user, "orchestration.change_flow"):
        return HttpResponseForbidden(_("You may not build flows. Ask an administrator for “Can change flow”."))
    try:
        form = BuiltScreens(_document(request))
        context = Context(record=_record(request), inputs=_json(request, "inputs"), user=request.user, reach=Reach(request.user))
        place = posted_place(request, form, beyond=True)
        answers = answers_with(form.own_answers(sent_by(request)), form, place, sent_by(request))
        change_rows(request, form, answers)
        filling = form.fill(answers, context)
    except Invalid as invalid:
        problems = [f"{place}: {message}" for place, messages in invalid.errors.items() for message in messages]
        return render_page(request, "screen_preview", {"problems": problems or [invalid.message]}, status=422)
    except Refused as refusal:
        return render_page(request, "screen_preview", {"problems": [refusal.message]}, status=422)
    return _shown(request, form, filling, place, answers)


def _shown(request: Request, form: BuiltScreens, filling: Filling, place: int, answers: Answers) -> HttpResponse:
    """The screen; the next one when it was sent and is right; its errors when it is not."""
    is_sent = "orc-go-on" in request.POST and place < len(form)
    bound = filling.bound(place) if is_sent else None
    if "orc-back" in request.POST:
        place = filling.before(place) or 0
    elif bound is not None and bound.is_valid():
        place, bound = filling.after(place), None
    elif place < len(form) and place not in filling.places:
        place = filling.after(place)
    at_end = place == len(form)
    shown = None if at_end else bound or filling.drafted(place)
    for name, _file in uploads_in(request, form) if shown else ():
        shown.say(name, _("A preview takes no files"))
    elsewhere = {name: values for name, values in answers.items() if form.place_of(name) not in (place, None)}
    context: dict[str, Any] = {
        "form": with_native_dates(shown) if shown else None,
        "decision": filling.decision() if at_end or len(form) == 1 else None,
        "facts": answers_in_words(map(filling.bound, filling.places)) if at_end else [],
        "place": place,
        "number": list(filling.places).index(place) + 1 if place in filling.places else len(filling.places),
        "of": len(filling.places),
        "is_first": filling.before(place) is None,
        "known": known_in_words(filling),
        "carried": [(name, value) for name, values in elsewhere.items() for value in values],
        "sent": {name: request.POST.get(name, "") for name in ("document", "record", "inputs")},
    }
    return render_page(request, "screen_preview", context, status=200 if bound is None else 422)


def _document(request: Request) -> documents.ScreenDocument:
    parsed = documents.parse("screen", _json(request, "document"))
    assert isinstance(parsed, documents.ScreenDocument)
    return parsed


def _json(request: Request, name: str) -> dict[str, Any]:
    text = request.POST.get(name) or "{}"
    try:
        found = json.loads(text) if len(text) <= MOST_BYTES else None
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise Invalid(_("“%(name)s” is no JSON object.") % {"name": name})
    return found


def _record(request: Request) -> Any:
    label, _colon, key = request.POST.get("record", "").partition(":")
    model = model_named(label) if key else None
    if model is None:
        return None
    try:
        return access.records_for(request.user, model).filter(pk=key).first()
    except (ValueError, TypeError, OverflowError):
        return None
