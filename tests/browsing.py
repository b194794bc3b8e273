"""People in front of a browser, and what they do again and again."""

from typing import Any

from playwright.sync_api import BrowserContext, Locator, Page, expect

from tests.processes import Product

PATIENCE_MS = 15_000  # until something that should appear counts as missing; nothing waits for it to pass


class Person:
    """Somebody with a browser of their own, signed in by their button on the demo's login page."""

    def __init__(self, product: Product, context: BrowserContext, username: str) -> None:
        self.product, self.context, self.username = product, context, username
        context.set_default_timeout(PATIENCE_MS)
        self.page = context.new_page()
        self.sign_in()

    def sign_in(self) -> None:
        self.page.goto(f"{self.product.url}/accounts/login/")
        self.page.locator(f"button[name=username][value={self.username}]").click()
        self.page.wait_for_url(f"{self.product.url}/")

    def sign_out(self) -> None:
        self.page.locator("details.orc-menu summary").click()
        self.page.get_by_role("button", name="Sign out").click()
        self.page.wait_for_url("**/accounts/login/**")

    def open(self, path: str, page: Page | None = None) -> int:
        """Go to an address; its status."""
        answer = (page or self.page).goto(f"{self.product.url}{path}")
        assert answer
        return answer.status

    def new_tab(self, path: str) -> Page:
        page = self.context.new_page()
        self.open(path, page)
        return page

    def row(self, name: str, page: Page | None = None) -> Locator:
        """The row of an inbox that is about somebody."""
        return (page or self.page).locator("#orc-inbox .orc-row").filter(has_text=name)

    def press(self, name: str, page: Page | None = None) -> int:
        """Press a button that sends a form; the status of the answer, before any redirect."""
        page = page or self.page
        with page.expect_response(lambda answer: answer.request.method == "POST") as sent:
            page.get_by_role("button", name=name, exact=True).click()
        page.wait_for_load_state()
        return sent.value.status


def patiently(locator: Locator) -> Any:
    """`expect`, with our patience."""
    expect.set_options(timeout=PATIENCE_MS)
    return expect(locator)
