"""Forms without code in a real browser: the page follows the answers, and nobody loses a letter, the caret, or their way."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from playwright.sync_api import Browser, Page, expect

from orchestration.models import Attachment, StepInstance, WorkItem
from tests.browsing import PATIENCE_MS
from tests.built import REQUEST, asked, field, is_set, screen
from tests.cast import Cast
from tests.stories import hire
from tests.test_accessibility import problems

PDF = {"name": "offer.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7 %%EOF"}

Open = Callable[..., Page]


@pytest.fixture
def cast(transactional_db: None) -> Cast:
    return Cast()


@pytest.fixture
def open_item(browser: Browser, live_server: Any) -> Iterator[Open]:
    """`open_item(item, cast.hanna)`: the item's page in a browser of her own, signed in."""
    opened = []

    def open_page(item: WorkItem, user: User, **options: Any) -> Page:
        client = Client()
        client.force_login(user)
        context = browser.new_context(**options)
        context.set_default_timeout(PATIENCE_MS)
        context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}])
        page = context.new_page()
        opened.append(context)
        page.goto(f"{live_server.url}/work-items/{item.pk}/")
        return page

    yield open_page
    for context in opened:
        context.close()


def walk(page: Page, at: Callable[[str], None] = lambda _place: None) -> None:
    """From the first screen to the end, with every kind of part; `at` is called at each place."""
    at("first screen")
    page.get_by_label("Replace").check()
    page.get_by_label("What is broken?").fill("The hinge")
    page.get_by_label("It is urgent").check()
    expect(page.get_by_label("Needed on")).not_to_be_empty()
    at("conditional fields")
    page.get_by_label("What is broken?").fill("")
    page.get_by_role("button", name="Continue").click()
    expect(page.locator(".orc-summary")).to_be_focused()
    at("errors")
    page.get_by_label("What is broken?").fill("The hinge")
    page.get_by_role("button", name="Continue").click()
    page.get_by_label("Product").fill("Desk")
    page.get_by_label("Quantity").fill("2")
    page.get_by_role("button", name="Add Item").click()
    expect(page.locator("#id_lines-1-product")).to_be_focused()
    page.locator("#id_lines-1-product").fill("Chair")
    page.get_by_role("searchbox").nth(1).fill("hann")
    page.get_by_role("searchbox").nth(1).press("Enter")
    page.get_by_label("Hanna Lindqvist").check()
    page.get_by_label("Headquarters").check()
    expect(page.get_by_text("It goes to Headquarters.")).to_be_visible()
    expect(page.locator("#id_lines-1-product")).to_have_value("Chair")
    at("rows and lookups")
    page.get_by_role("button", name="Remove Item 2").click()
    expect(page.locator("#id_lines-1-product")).to_have_count(0)
    expect(page.locator("#orc-add-lines")).to_be_focused()
    page.get_by_role("button", name="Continue").click()
    page.get_by_label("Amount").fill("700")
    page.set_input_files("input[type=file]", PDF)
    expect(page.get_by_role("button", name="Remove offer.pdf")).to_be_visible()
    page.get_by_role("button", name="Continue").click()
    expect(page.locator(".orc-summary")).to_contain_text("Amount: This is more than the budget")
    at("upload and formula")
    page.get_by_label("Amount").fill("400")
    page.get_by_role("button", name="Continue").click()
    page.wait_for_url("**review=1")
    at("review")
    page.get_by_role("button", name="Reject").click()
    expect(page.locator(".orc-summary")).to_contain_text("needs a comment")
    at("decision without its comment")
    page.get_by_label("Comment").fill("Too dear")
    page.get_by_role("button", name="Reject").click()
    page.wait_for_url("**done=1")


def test_from_the_first_screen_to_a_decision(cast: Cast, open_item: Open) -> None:
    item = asked(REQUEST, cast.hanna, hire(cast), budget=500)
    said: list[str] = []
    page = open_item(item, cast.hanna)
    page.on("pageerror", lambda error: said.append(str(error)))
    walk(page)
    outputs = StepInstance.objects.get().outputs
    assert outputs["lines"] == [{"product": "Desk", "quantity": 2, "serial": ""}]
    assert outputs["contact"]["label"] == "hanna"
    assert (outputs["broken"], outputs["amount"], outputs["outcome"], outputs["comment"]) == ("The hinge", 400, "reject", "Too dear")
    assert Attachment.objects.get().as_value() == outputs["offer"]
    assert said == []


@pytest.mark.proof
@pytest.mark.once
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 375])
def test_keeps_nobody_out(cast: Cast, open_item: Open, width: int, scheme: Any) -> None:
    item = asked(REQUEST, cast.hanna, hire(cast), budget=500)
    page = open_item(item, cast.hanna, viewport={"width": width, "height": 900}, color_scheme=scheme)
    wrong: list[str] = []
    walk(page, lambda place: wrong.extend(f"{place}: {problem}" for problem in problems(page)))
    assert wrong == []


def test_everything_works_without_a_script(cast: Cast, open_item: Open) -> None:
    page = open_item(asked(REQUEST, cast.hanna, hire(cast), budget=500), cast.hanna, java_script_enabled=False)
    page.get_by_label("Replace").check()
    page.get_by_role("button", name="Update").click()
    page.get_by_label("What is broken?").fill("The hinge")
    page.get_by_role("button", name="Continue").click()
    page.get_by_label("Product").fill("Desk")
    page.get_by_role("button", name="Add Item").click()
    expect(page.locator("#id_lines-0-product")).to_have_value("Desk")
    page.get_by_role("button", name="Remove Item 2").click()
    page.get_by_label("Quantity").fill("2")
    page.get_by_role("searchbox").nth(1).fill("hann")
    page.get_by_role("button", name="Search").nth(1).click()
    page.get_by_label("Hanna Lindqvist").check()
    page.get_by_label("Headquarters").check()
    page.get_by_label("Quantity").press("Enter")  # brings up the text that names the building, which asks nothing
    page.get_by_label("Amount").fill("400")
    page.set_input_files("input[type=file]", PDF)
    page.get_by_role("button", name="Upload").click()
    expect(page.get_by_role("button", name="Remove offer.pdf")).to_be_visible()
    expect(page.get_by_label("Amount")).to_have_value("400")
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("button", name="Approve").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Done")
    assert StepInstance.objects.get().outputs["outcome"] == "approve"


FOLLOWING = {
    "screens": [
        screen(
            field("custom", label="Custom terms"),
            {"kind": "text", "name": "echo", "text": "You wrote: {{ answers.custom }}"},
            field("clause", "long_text", label="Clause", show_when={"rows": [{"path": "answers.custom", "operator": "is_not_empty"}]}),
            field("free", label="Free text"),
            field("sure", "checkbox", label="Are you sure?"),
            field("why", label="Why", required=True, show_when=is_set("answers.sure")),
        )
    ]
}


def test_the_page_follows_and_the_caret_stays(cast: Cast, open_item: Open) -> None:
    page = open_item(asked(FOLLOWING, cast.hanna, hire(cast)), cast.hanna)
    expect(page.get_by_role("button", name="Update")).to_be_hidden()
    page.get_by_label("Free text").fill("typed before")
    custom = page.get_by_label("Custom terms")
    custom.press_sequentially("net 30")
    expect(page.get_by_label("Clause")).to_be_visible()
    expect(page.get_by_text("You wrote: net 30")).to_be_visible()
    expect(custom).to_be_focused()
    expect(page.locator("#orc-live")).to_have_text("More questions appeared.")
    custom.press("Home")
    custom.press_sequentially("90 or ")
    expect(page.get_by_text("You wrote: 90 or net 30")).to_be_visible()
    assert custom.evaluate("field => field.selectionStart") == len("90 or ")
    expect(page.get_by_label("Free text")).to_have_value("typed before")
    page.get_by_label("Clause").fill("Half a sente")
    page.get_by_label("Are you sure?").check()
    expect(page.get_by_label("Why")).to_be_visible()
    expect(page.get_by_label("Clause")).to_have_value("Half a sente")
    page.get_by_label("Are you sure?").uncheck()
    expect(page.get_by_label("Why")).to_have_count(0)
    expect(page.locator("#orc-live")).to_have_text("Questions were taken away.")
    expect(page.get_by_label("Are you sure?")).to_be_focused()


def test_what_is_typed_while_the_server_thinks_is_kept(cast: Cast, open_item: Open) -> None:
    page = open_item(asked(FOLLOWING, cast.hanna, hire(cast)), cast.hanna)
    waiting: list[Any] = []
    page.route("**/screen", lambda route: waiting.append(route))
    page.get_by_label("Are you sure?").check()
    page.wait_for_function("() => true")
    page.get_by_label("Free text").press_sequentially("meanwhile")
    while not waiting:
        page.wait_for_timeout(20)
    waiting.pop().continue_()
    expect(page.get_by_label("Why")).to_be_visible()
    expect(page.get_by_label("Free text")).to_have_value("meanwhile")
    expect(page.get_by_label("Free text")).to_be_focused()


XSS = "\"><img src=x onerror=alert(1)><script>alert(2)</script>{{constructor.constructor('alert(3)')()}}"


def test_what_somebody_types_is_never_run(cast: Cast, open_item: Open) -> None:  # S14
    ran: list[str] = []
    page = open_item(asked(FOLLOWING, cast.hanna, hire(cast, name=f"Sam {XSS}"[:100])), cast.hanna)
    page.on("dialog", lambda dialog: (ran.append(dialog.message), dialog.dismiss()))
    page.on("console", lambda said: ran.append(said.text) if "Content Security Policy" in said.text else None)
    page.get_by_label("Custom terms").fill(XSS)
    expect(page.get_by_text('You wrote: "><img')).to_be_visible()
    page.get_by_label("Clause").fill(XSS)
    page.get_by_role("button", name="Complete item").click()
    page.wait_for_url("**done=1")
    page.get_by_role("link", name="Your answers").click()
    expect(page.get_by_text('"><img').first).to_be_visible()
    assert ran == []
