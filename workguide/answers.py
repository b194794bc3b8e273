"""What a page of a form sent: raw answers, which screen it was, and which of its small buttons was pressed."""

import re
from typing import Any

from orchestration.flows.fields import rows_of
from orchestration.flows.screens import Screens
from workguide.request import Request

Answers = dict[str, list[str]]

ACTIONS = ("orc-add", "orc-remove", "orc-upload", "orc-unfile")
"""Buttons that change the answers, by the names that they send; their value says of what."""

NAME = re.compile(r"[a-z0-9_-]{1,140}")


def sent_by(request: Request) -> Answers:
    """Everything that the page sent, raw."""
    return dict(request.POST.lists())


def posted_place(request: Request, form: Screens, *, beyond: bool = False) -> int:
    """The screen that the page is; `beyond` the last one is the review."""
    place = request.POST.get("orc-screen", "")
    return min(int(place), len(form) - (not beyond)) if is_place(place) else 0


def is_place(text: str) -> bool:
    """Whether a text from outside is the number of a screen; Python itself refuses to read a very long one."""
    return text.isdecimal() and len(text) < 10


def answers_with(before: Answers, form: Screens, place: int, sent: Answers) -> Answers:
    """The answers so far, with those of one screen as they are on its page; of the review's page, all."""
    here = form.own_answers(sent) if place == len(form) else form.answers_to(place, sent)
    gone = tuple(f"{name}-" for name in here)  # rows that are no longer on the page
    return {name: values for name, values in before.items() if not name.startswith(gone)} | here


def change_rows(request: Request, form: Screens, answers: Answers) -> None:
    """Add or remove the row that the page asks for."""
    group, removed = request.POST.get("orc-add", ""), request.POST.get("orc-remove", "")
    if group and form.own_answers({group: []}):
        rows = rows_of(answers.get(group, []))
        answers[group] = [*rows, str(max(map(int, rows), default=-1) + 1)]
    name, _dash, row = removed.partition("-")
    if row and name in answers:
        answers[name] = [key for key in rows_of(answers[name]) if key != row]
        for cell in [cell for cell in answers if cell.startswith(f"{removed}-")]:
            del answers[cell]


def is_small_step(request: Request) -> bool:
    """Whether one of the small buttons was pressed, and not one that goes on."""
    return any(name in request.POST for name in (*ACTIONS, "orc-find", "orc-update"))


def acts(request: Request) -> bool:
    """Whether the page asks for more than to be shown as it is."""
    return bool(request.FILES) or any(name in request.POST for name in ACTIONS)


def anchor(request: Request) -> str:
    """Where the page goes on after a small button: the part that it changed."""
    for name in (*ACTIONS, "orc-find"):
        part = request.POST.get(name, "")
        if NAME.fullmatch(part):
            return f"#orc-part-{part.partition('-')[0] if name == 'orc-remove' else part}"
    return ""


def uploads_in(request: Request, form: Screens) -> list[tuple[str, Any]]:
    """The files that came with the page, each with the name of the question that it answers."""
    named = [(sent_as.removesuffix("-file"), file) for sent_as, file in request.FILES.items() if sent_as.endswith("-file")]
    return [(name, file) for name, file in named if form.own_answers({name: []})]
