"""Flows that the stories need and no real project would have."""

import socket
import time
from datetime import datetime
from typing import Any

from django import forms
from django.db import connection

from demo.models import Building
from orchestration import clock, engine
from orchestration.errors import Failure
from orchestration.flows import Context, Screen, autolaunched_flow, evaluation_flow, screen_flow
from orchestration.models import Secret

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
def start_another(context: Context, *, api_name: str) -> dict[str, Any]:
    return {"instance": engine.start(api_name, record=context.record, inputs={"note": "from a flow"}).pk}


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


@autolaunched_flow
def try_later(context: Context) -> Any:
    calls.append(("try_later", context.attempt))
    return context.try_again_in(minutes=10) if len(calls) < 6 else {"after": context.attempt}


@autolaunched_flow
def sleep_until(context: Context, *, at: str) -> Any:
    moment = datetime.fromisoformat(at)
    calls.append(("sleep_until", context.attempt))
    return context.wait_until(moment) if clock.now() < moment else {"woken": True}


@autolaunched_flow
def await_callback(context: Context) -> Any:
    if context.callback is None:
        context.mail("partner@example.com", "Please sign", context.callback_url)
        return context.wait_for_callback()
    return {"signed_by": context.callback["name"]}


@autolaunched_flow(changes_record=True)
def rename_with_rights(context: Context, *, name: str) -> dict[str, Any]:
    context.record.name = name
    context.record.save()
    return {"by": context.user.username if context.user else None}


@autolaunched_flow
def recover(context: Context, *, resolution: str, stage: str = "", fault: Any = None) -> dict[str, Any]:
    assert context.fault is not None
    calls.append(("recover", context.fault["step"], context.fault["type"], context.fault["message"], context.fault["attempt"]))
    if resolution == "break":
        raise Failure("The handler itself fails.")
    if resolution == "retry":
        failing.clear()
    return {"resolution": resolution, "stage": stage, "outputs": {"text": "from the handler"}}


class ResolutionScreen(Screen):
    title = "What now?"
    resolution = forms.CharField()


@screen_flow(screens=[ResolutionScreen])
def resolve(context: Context, answers: dict[str, Any]) -> dict[str, Any]:
    return answers


@autolaunched_flow
def use_up(context: Context, *, what: str, number: int, text: str = "") -> dict[str, Any]:
    """Uses so much of something that is limited, after having written a little."""
    Building.objects.bulk_create([Building(name="Left behind?")])  # without signals, whose queries would count
    context.mail("partner@example.com", "Left behind?", "…")
    _use(context, what, number)
    return {"text": "x" * number} if what == "output" else {}


@autolaunched_flow
def catch_everything(context: Context, *, what: str, number: int) -> dict[str, Any]:
    """The same, by somebody who lets nothing out."""
    Building.objects.bulk_create([Building(name="Left behind?")])  # without signals, whose queries would count
    try:
        _use(context, what, number)
    except:  # noqa: E722  the very thing that a limit has to survive
        calls.append("caught")
    return {"all": "well"}


def _use(context: Context, what: str, number: int) -> None:
    match what:
        case "queries":
            for _turn in range(number):
                Building.objects.filter(name="").first()
        case "writes":
            for turn in range(number):
                Building.objects.filter(pk=-turn).update(name="x")
        case "rows":
            Building.objects.bulk_create([Building(name=f"B{turn}") for turn in range(number)], batch_size=450)
        case "updated":
            Building.objects.bulk_create([Building(name=f"B{turn}") for turn in range(number // 2)], batch_size=450)
            Building.objects.filter(name__startswith="B").update(has_badge_system=False)
        case "raw":
            with connection.cursor() as cursor:
                for turn in range(number):
                    cursor.execute("  /* sly */ update demo_building set name = 'x' where id = %s", [-turn])
        case "mails":
            for _turn in range(number):
                context.mail("partner@example.com", "Hello", "…")
        case "seconds":
            until = time.monotonic() + 20
            while time.monotonic() < until:
                pass
        case "statement":
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_sleep(20)")


def ask_for_ticket(context: Context, *, subject: str) -> Any:
    reply = context.http.post("helpdesk", "tickets", {"subject": subject})
    if not reply.is_ok:
        raise Failure(f"The helpdesk answered with {reply.status}.")
    return reply.json()


@autolaunched_flow(network=ask_for_ticket)
def open_ticket(context: Context, *, subject: str) -> dict[str, Any]:
    ticket = context.reply["ticket"]["id"]
    return {"ticket": ticket, "building": Building.objects.create(name=ticket).name}


def write_too_early(context: Context) -> None:
    Building.objects.bulk_create([Building(name="Left behind?")])


@autolaunched_flow(network=write_too_early)
def write_while_asking(context: Context) -> None: ...


@autolaunched_flow
def ask_while_writing(context: Context) -> None:
    context.http.get("helpdesk")


def ask_often(context: Context, *, number: int) -> None:
    for _turn in range(number):
        context.http.get("helpdesk")


@autolaunched_flow(network=ask_often)
def call_often(context: Context, *, number: int) -> None:
    Building.objects.create(name="Left behind?")


@autolaunched_flow
def tell_everybody(context: Context, *, text: str) -> None:
    context.slack("sales", text)


@autolaunched_flow
def mail_wait_mail(context: Context) -> Any:
    if context.attempt == 1:
        context.mail("partner@example.com", "Before", "…")
        return context.try_again_in(hours=1)
    context.mail("partner@example.com", "After", "…")
    return {}


@autolaunched_flow
def take_a_note(context: Context, *, text: str) -> None:
    context.log(text)


def ask_for_echo(context: Context) -> Any:
    return context.http.post("helpdesk", "echo", {"hello": "you"})


@autolaunched_flow(network=ask_for_echo)
def repeat_reply(context: Context) -> dict[str, Any]:
    context.log(f"It said {context.reply.text}")
    return {"reply": context.reply.text, "headers": dict(context.reply.headers)}


@autolaunched_flow
def blurt_out(context: Context) -> None:
    token = Secret.objects.get(name="helpdesk_token").reveal()
    raise RuntimeError(f"This token was refused: {token}")


@evaluation_flow
def is_long(context: Context, *, least: int, text: str = "") -> bool | None:
    calls.append(("is_long", context.record))
    return len(text) >= least if text else None


@evaluation_flow
def break_down(context: Context) -> bool:
    raise Failure("It cannot be said today.")


@screen_flow(screens=[AnswerScreen])
def ask_and_use_much(context: Context, answers: dict[str, Any]) -> dict[str, Any]:
    Building.objects.bulk_create([Building(name="Left behind?")])
    _use(context, "queries", int(answers["answer"]))
    return {}


@evaluation_flow
def write_while_looking(context: Context) -> bool:
    context.record.save()
    return True


@autolaunched_flow
def open_a_connection(context: Context) -> dict[str, Any]:
    """Reaches outside by itself, past every endpoint."""
    with socket.create_connection(("127.0.0.1", 9), timeout=1):
        return {}
