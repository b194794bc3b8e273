"""Flows that the stories need and no real project would have."""

from typing import Any

from django import forms

from orchestration.errors import Failure
from orchestration.flows import Context, Screen, autolaunched_flow, screen_flow

calls: list[Any] = []
"""What the flows did, for stories that ask."""

failing: set[str] = set()
"""Names of steps whose flow is to fail."""


@autolaunched_flow
def note(context: Context, *, text: str = "") -> dict[str, Any]:
    calls.append((text, context.attempt, context.key))
    if text in failing:
        raise Failure(f"{text} does not work today.")
    return {"text": text, "attempt": context.attempt}


@autolaunched_flow
def double(context: Context, *, number: int) -> dict[str, Any]:
    return {"number": number * 2}


@autolaunched_flow
def return_nonsense(context: Context) -> Any:
    return {"value": object()}


@autolaunched_flow
def return_much(context: Context) -> dict[str, Any]:
    return {"text": "x" * 300_000}


@autolaunched_flow
def rename_record(context: Context, *, name: str) -> None:
    context.record.name = name
    context.record.save()


@autolaunched_flow
def mail_somebody(context: Context, *, to: str, subject: str = "Hello") -> None:
    context.mail(to, subject, "…")


class AnswerScreen(Screen):
    title = "Answer"
    answer = forms.CharField()


@screen_flow(screens=[AnswerScreen])
def ask(context: Context, answers: dict[str, Any]) -> dict[str, Any]:
    calls.append(("ask", answers["answer"], context.user.username))
    if answers["answer"] == "fail":
        raise Failure("This answer is refused by the flow.")
    return answers
