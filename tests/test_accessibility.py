"""Every page of ours, wide and narrow, light and dark: no violation of WCAG 2.2 AA that axe can find, no sideways scrolling."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from orchestration.models import Instance, WorkItem
from tests.browsing import Person
from tests.processes import Product

pytestmark = [pytest.mark.proof, pytest.mark.once]

AXE = (Path(__file__).parent / "vendor" / "axe.min.js").read_text()
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]

PAGES = {
    "hanna": {
        "home": "/",
        "inbox": "/inbox/?tab=queues",
        "started by me": "/inbox/?tab=started",
        "done": "/inbox/?tab=done",
        "no match": "/inbox/?tab=queues&q=nobody",
        "records": "/records/",
        "employees": "/records/demo.employee/",
        "employee": "/records/demo.employee/{waiting.record_id}/",
        "finished employee": "/records/demo.employee/{finished.record_id}/",
        "add": "/records/demo.employee/add/",
        "form": "/work-items/{unclaimed.pk}/?screen=0",
        "second screen": "/work-items/{unclaimed.pk}/?screen=1",
        "review": "/work-items/{unclaimed.pk}/?review=1",
        "claimed by somebody else": "/work-items/{claimed.pk}/",
        "completed item": "/work-items/{completed.pk}/",
        "after completing": "/work-items/{completed.pk}/?done=1",
        "instance": "/instances/{waiting.pk}/",
        "not found": "/nothing/",
        "not allowed": "/records/demo.building/add/",
    },
    "marta": {"form of one screen": "/work-items/{single.pk}/", "employee of a manager": "/records/demo.employee/{single.record_id}/"},
    "petra": {"operator's home": "/", "instance in error": "/instances/{failed.pk}/", "retry": "/instances/{failed.pk}/retry"},
    "chen": {"empty inbox": "/inbox/"},
    "lena": {"quotes": "/records/demo.quote/", "add a quote": "/records/demo.quote/add/", "revise a quote": "/work-items/{revise.pk}/"},
    "rosa": {"review a margin": "/work-items/{margin.pk}/", "quote": "/records/demo.quote/{margin.record_id}/"},
    "joon": {"review a contract": "/work-items/{contract.pk}/"},
    "grace": {"plan a kickoff": "/work-items/{kickoff.pk}/", "signed contract": "/records/demo.contract/{kickoff.record_id}/"},
    "admin": {
        "what can be started": "/records/demo.employee/{finished.record_id}/",
        "start by hand": "/records/demo.employee/{finished.record_id}/starts/new_hire_onboarding/",
    },
}
"""Username → what is looked at → address, with the demo's own rows in it."""


@pytest.fixture
def rows(product: Product) -> dict[str, Any]:
    """The rows of the demo that the addresses name."""
    items, instances = WorkItem.objects.using(product.database), Instance.objects.using(product.database)
    collect = items.filter(flow="demo.collect_preferences")
    return {
        "waiting": instances.filter(status="in_progress").earliest("pk"),
        "finished": instances.filter(status="completed").earliest("pk"),
        "failed": instances.filter(status="error").earliest("pk"),
        "unclaimed": collect.open().filter(claimed_by=None).earliest("pk"),
        "claimed": collect.open().exclude(claimed_by=None).earliest("pk"),
        "completed": collect.filter(completed_by__username="hanna").earliest("pk"),
        "revise": items.open().filter(flow="site.revise_quote").earliest("pk"),
        "margin": items.open().filter(flow="site.review_margin").earliest("pk"),
        "contract": items.open().filter(flow="site.review_contract").earliest("pk"),
        "kickoff": items.open().filter(flow="site.plan_kickoff").earliest("pk"),
        "single": items.open().filter(flow="demo.confirm_readiness", user__username="marta").earliest("pk"),
    }


def problems(page: Page) -> Iterator[str]:
    """What is wrong with the page that is open."""
    page.evaluate(AXE)
    for found in page.evaluate("tags => axe.run({ runOnly: tags })", TAGS)["violations"]:
        yield f"{found['id']}: {' '.join(node['html'][:150] for node in found['nodes'][:3])}"
    usual = page.viewport_size or {"width": 1280, "height": 800}
    for width in {usual["width"], 320}:
        page.set_viewport_size({**usual, "width": width})
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            yield f"scrolls sideways at {width} px"
    page.set_viewport_size(usual)
    if (headings := page.locator("h1").count()) != 1:
        yield f"{headings} first headings"
    doubled = page.evaluate("[...document.querySelectorAll('[id]')].map(e => e.id).filter((id, at, all) => all.indexOf(id) !== at)")
    if doubled:
        yield f"ids that are not unique: {doubled}"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 375])
def test_no_page_keeps_anybody_out(product: Product, browser: Browser, rows: dict[str, Any], width: int, scheme: Any) -> None:
    wrong = []
    for username, pages in PAGES.items():
        context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
        if username == "hanna":  # the first one looks at the login page too
            page = context.new_page()
            page.goto(f"{product.url}/accounts/login/")
            wrong += [f"login: {problem}" for problem in problems(page)]
        person = Person(product, context, username)
        for name, address in pages.items():
            person.open(address.format(**rows))
            wrong += [f"{name}: {problem}" for problem in problems(person.page)]
        context.close()
    assert wrong == []


def test_what_is_wrong_is_found(product: Product, browser: Browser) -> None:
    """The test above would see a picture without words."""
    page = browser.new_page()
    page.goto(f"{product.url}/accounts/login/")
    page.evaluate("document.querySelector('main').append(new Image())")
    assert any("image-alt" in problem for problem in problems(page))
    page.context.close()


def test_a_refused_form_tells_where(product: Product, browser: Browser, rows: dict[str, Any]) -> None:
    hanna = Person(product, browser.new_context(viewport={"width": 375, "height": 800}), "hanna")
    hanna.open("/records/demo.employee/add/")
    assert hanna.press("Add employee") == 422
    hanna.page.wait_for_selector(".orc-summary:focus")
    assert hanna.page.title().startswith("Error: ")
    assert list(problems(hanna.page)) == []
    hanna.context.close()
