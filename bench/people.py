"""W2: people who complete work items over HTTP, each completion making the next item appear."""

import secrets
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.test import Client

from bench.figures import in_ms
from bench.models import Record
from bench.site import Asking, running, signed_in
from bench.statements import Statements
from orchestration import access, builder, engine
from orchestration.models import WorkItem

NAME = "bench_people"
THREADS = 8
"""Requests at a time; the people take turns."""


def measure(options: Any) -> Iterator[dict[str, Any]]:
    """The one line of W2."""
    builder.activate(builder.load(document()))
    people = _people(options.people)
    items = _items(people, options.completions + 2)
    counted = {person.pk: cookies for person, cookies in people}
    statements = _statements(items[:2])
    with running() as port:
        ask = Asking(port)
        _timed(ask.hello, [0] * 100)  # until the site is warm
        hello, _seconds = _timed(ask.hello, [0] * options.completions)
        completed, seconds = _timed(lambda item: _complete(ask, item.pk, counted[item.user_id]), items[2:])
    yield {
        "work": "W2",
        "people": options.people,
        "completions": len(items) - 2,
        "completions_per_s": completed,
        "hello_share": completed / hello,
        **in_ms(seconds, "completion"),
        **statements,
        "left_open": WorkItem.objects.open().filter(label="First").count(),
    }


def document() -> dict[str, Any]:
    """Two work items one after the other, for whoever started it."""
    known = {"api_name": NAME, "label": "People", "start_type": "autolaunched"}
    stages = [
        {"api_name": label.lower(), "label": label, "steps": [{**_STEP, "api_name": f"{label.lower()}_step", "label": label}]}
        for label in ("First", "Second")
    ]
    return {"orchestration": known, "stages": stages}


_STEP = {"kind": "interactive", "flow": "bench.answer", "assignee": {"path": "starter"}}


def _people(number: int) -> list[tuple[Any, str]]:
    """Members of one group, each with the cookies of somebody signed in."""
    made, group = [], Group.objects.create(name="People")
    for permission in ("orchestration.run_flow", "bench.view_record"):
        access.grant(permission, group)
    for place in range(number):
        person = get_user_model().objects.create(username=f"person-{place}")
        person.groups.add(group)
        made.append((person, signed_in(person)))
    return made


def _items(people: list[tuple[Any, str]], number: int) -> list[WorkItem]:
    """So many open items, dealt out in turn."""
    for place in range(number):
        engine.start(NAME, record=Record.objects.create(), by=people[place % len(people)][0])
    return list(WorkItem.objects.open().order_by("pk"))


def _statements(items: list[WorkItem]) -> dict[str, float]:
    """How many statements requests cost, counted in this process: the second of each kind, when nothing is to be warmed up."""
    for item in items:
        client = Client()
        client.force_login(item.user)
        counts = {
            name: _counted(ask)
            for name, ask in {
                "sql_per_form": lambda client=client, item=item: client.get(f"/work-items/{item.pk}/"),
                "sql_per_completion": lambda client=client, item=item: client.post(f"/work-items/{item.pk}/completion", {"answer": "yes"}),
                "sql_per_inbox": lambda client=client: client.get("/inbox/"),
            }.items()
        }
    return counts


def _counted(ask: Callable[[], Any]) -> int:
    statements = Statements()
    with statements.counted():
        answer = ask()
    assert answer.status_code in (200, 302), answer.status_code
    return statements.count


def _complete(ask: Asking, item_id: int, cookies: str) -> None:
    """Submit the form, and fetch the page that the browser is sent to."""
    ask.get(ask.post(f"/work-items/{item_id}/completion", {"answer": "yes", "orc-key": secrets.token_hex(8)}, cookies), cookies)


def _timed(ask: Callable[[Any], None], things: list[Any]) -> tuple[float, list[float]]:
    """Ask for all of them, a few at a time. How many were answered in a second, and how long each took."""

    def one(thing: Any) -> float:
        began = time.perf_counter()
        ask(thing)
        return time.perf_counter() - began

    began = time.perf_counter()
    with ThreadPoolExecutor(THREADS) as threads:
        seconds = list(threads.map(one, things))
    return len(things) / (time.perf_counter() - began), seconds
