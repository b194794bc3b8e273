"""What the steps of the works run."""

from typing import Any

from django import forms

from bench import marks
from orchestration.flows import Context, Screen, autolaunched_flow, screen_flow


@autolaunched_flow
def leave_mark(context: Context, *, letter: str) -> dict[str, Any]:
    """One UPDATE of the record."""
    marks.leave(int(context.record_id), letter)
    return {"letter": letter}


@autolaunched_flow
def leave_mark_and_mail(context: Context, *, letter: str) -> dict[str, Any]:
    """One UPDATE of the record, and something that leaves the database."""
    marks.leave(context.record.pk, letter)
    context.mail("somebody@segue.example", f"{context.record}: {letter}", "This step is done.\n")
    return {"letter": letter}


@autolaunched_flow
def wait_for_callback(context: Context, *, letter: str) -> Any:
    """Nothing, until the outside calls."""
    return context.wait_for_callback()


class AnswerScreen(Screen):
    title = "Answer"
    answer = forms.CharField()


@screen_flow(screens=[AnswerScreen])
def answer(context: Context, answers: dict[str, Any]) -> dict[str, Any]:
    """What a person fills in, and nothing written but that."""
    return answers
