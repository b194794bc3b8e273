"""W4: what the pages cost on which orchestrations are built, for a drawing of 30 steps and for one of 200."""

import gzip
import time
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from typing import Any

from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import reverse

from bench.figures import in_ms
from bench.site import Asking, running, signed_in
from bench.statements import Statements
from orchestration import builder

SIZES = (30, 200)
IN_A_STAGE = 10
WARM = 4
"""Requests of each kind that come before those that count."""
AT = "?at=step:s5"


def measure(options: Any) -> Iterator[dict[str, Any]]:
    """The one line of W4."""
    admin = get_user_model().objects.create(username="builder", is_staff=True, is_superuser=True)
    boards = {size: _address(size) for size in SIZES}
    statements = {size: _statements(admin, board) for size, board in boards.items()}
    with running() as port:
        ask, cookies = Asking(port), signed_in(admin)
        hello = [_timed(lambda: ask.hello(0))[1] for _time in range(options.pages + WARM)][WARM:]
        yield {
            "work": "W4",
            "pages": options.pages,
            **in_ms(hello, "hello"),
            **{f"{size} steps": {**_costs(ask, board, cookies, options.pages), **statements[size]} for size, board in boards.items()},
        }


def document(steps: int) -> dict[str, Any]:
    """So many steps in stages of ten, every second one a person's; each begins when the one before is completed."""
    known = {"api_name": f"drawing_{steps}", "label": f"{steps} steps", "start_type": "autolaunched", "record_model": "bench.record"}
    drawn = [_step(number) for number in range(steps)]
    stages = [
        {"api_name": f"stage_{number}", "label": f"Stage {number}", "steps": drawn[number : number + IN_A_STAGE]}
        for number in range(0, steps, IN_A_STAGE)
    ]
    return {"orchestration": known, "stages": stages}


def _step(number: int) -> dict[str, Any]:
    known = {"api_name": f"s{number}", "label": f"Step {number}"}
    begins = {"only_if": {"formula": f"steps.s{number - 1}.status == 'completed'"}} if number else {}
    if number % 2:
        return {**known, **begins, "kind": "interactive", "flow": "bench.answer", "assignee": {"path": "starter"}}
    return {**known, **begins, "kind": "background", "flow": "bench.leave_mark", "inputs": {"letter": {"value": "a"}}}


def _address(steps: int) -> str:
    version = builder.load(document(steps))
    return reverse("admin:orchestration_orchestration_builder", args=[version.orchestration_id, version.number])


def _statements(admin: Any, board: str) -> dict[str, float]:
    """Counted in this process, the second time, when nothing is to be warmed up."""
    client, counts = Client(), {}
    client.force_login(admin)
    for name, query in (("page", ""), ("panel", AT)):
        client.get(board + query)
        statements = Statements()
        with statements.counted():
            page = client.get(board + query)
        counts |= {f"sql_per_{name}": statements.count, f"{name}_kb": len(gzip.compress(page.content)) / 1000}
    return counts


def _costs(ask: Asking, board: str, cookies: str, pages: int) -> dict[str, float]:
    """One person alone: the page, the page with a step's panel, and a save of that panel (without the page that follows)."""
    pages_s, panels_s, saves_s = [], [], []
    for number in range(pages + WARM):
        _page, page_s = _timed(lambda: ask.get(board, cookies))
        panel, panel_s = _timed(lambda: ask.get(board + AT, cookies))
        fields = {**_Panel.fields(panel), "label": f"Step {number}"}
        _place, save_s = _timed(lambda fields=fields: ask.post(board + AT, fields, cookies))
        if number >= WARM:
            pages_s.append(page_s)
            panels_s.append(panel_s)
            saves_s.append(save_s)
    return {**in_ms(pages_s, "page"), **in_ms(panels_s, "panel"), **in_ms(saves_s, "save")}


def _timed(ask: Callable[[], Any]) -> tuple[Any, float]:
    began = time.perf_counter()
    return ask(), time.perf_counter() - began


class _Panel(HTMLParser):
    """Reads what the form of the panel would send."""

    @classmethod
    def fields(cls, page: str) -> dict[str, str]:
        reader = cls()
        reader.feed(page)
        return reader.found

    def __init__(self) -> None:
        super().__init__()
        self.found: dict[str, str] = {}
        self._is_inside = False
        self._select = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        has = dict(attrs)
        if tag == "form":
            self._is_inside = "data-orc-autosave" in has
        elif not self._is_inside:
            return
        elif tag == "select":
            self._select = has.get("name") or ""
        elif tag == "option" and (self._select not in self.found or "selected" in has):
            self.found[self._select] = has.get("value") or ""
        elif tag in ("input", "textarea") and has.get("name") and (has.get("type") not in ("checkbox", "radio") or "checked" in has):
            self.found[has["name"] or ""] = has.get("value") or ""
