"""Quote approval and Contract review, as those who do them see them: in the browser, against the real processes."""

import os
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, BrowserContext, Page

from demo.models import Contract, Quote
from orchestration.invariants import broken
from orchestration.models import Attachment, Flow
from orchestration.outside.pdf import pdf
from tests.browsing import Person, patiently
from tests.pdfs import words_in
from tests.processes import Product, wait_for

pytestmark = pytest.mark.usefixtures("browser")

Seat = Callable[[str], Person]


@pytest.fixture
def seat(browser: Browser, product: Product) -> Iterator[Seat]:
    """Seats somebody in front of a browser of their own: `lena = seat("lena")`."""
    contexts: list[BrowserContext] = []

    def sit_down(username: str) -> Person:
        contexts.append(browser.new_context())
        return Person(product, contexts[-1], username)

    yield sit_down
    for context in contexts:
        context.close()


def look(page: Page, name: str) -> None:
    """With SEGUE_LOOK=folder: keep how the page looks, wide and narrow, light and dark."""
    folder = os.environ.get("SEGUE_LOOK")
    if not folder:
        return
    before = page.viewport_size
    for width, height, scheme in ((1280, 900, "light"), (390, 844, "dark")):
        page.set_viewport_size({"width": width, "height": height})
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        page.wait_for_timeout(150)
        page.screenshot(path=f"{folder}/{name}-{width}-{scheme}.png", full_page=True)
    page.emulate_media(color_scheme="light")
    if before:
        page.set_viewport_size(before)


def start(person: Person, about: str, step: str) -> None:
    """Take the item about a record from the inbox's list of queues, and open its form."""
    person.open("/inbox/?tab=queues")
    row = person.row(about)
    patiently(row).to_contain_text(step)
    look(person.page, f"inbox-{person.username}")
    row.get_by_role("button", name="Claim item").click()
    patiently(row.get_by_role("button", name="Claim item")).to_have_count(0)
    row.get_by_role("link", name=step).click()
    patiently(person.page.get_by_role("heading", level=1)).to_have_text(step)


def press(person: Person, name: str) -> int:
    """Press a button that sends the whole page, and wait for what comes of it: forms that follow the answers send smaller things too."""
    with person.page.expect_response(lambda answer: answer.request.method == "POST" and answer.request.is_navigation_request()) as sent:
        person.page.get_by_role("button", name=name, exact=True).click()
    person.page.wait_for_load_state()
    return sent.value.status


def finish(person: Person, button: str, step: str) -> None:
    assert press(person, button) == 302
    patiently(person.page.get_by_role("heading", name=f"Done: {step}")).to_be_visible()


def test_a_quote_is_sent_back_revised_approved_by_three_and_mailed(product: Product, seat: Seat) -> None:
    lena, rosa, victoria, ines = seat("lena"), seat("rosa"), seat("victoria"), seat("ines")

    # Lena saves a quote with a high discount and custom terms. The deal desk finds it too thin.
    lena.open("/records/demo.quote/add/")
    lena.page.get_by_label("Account", exact=True).select_option(label="Nordwind Energie")
    lena.page.get_by_label("Account executive").select_option(label="Lena Fischer")
    for label, value in {
        "Product": "Depot planning",
        "Seats": "40",
        "List price": "200",
        "Our cost": "130",
        "Discount": "25",
        "Contact": "Klara Voss",
        "Contact’s e-mail": "klara.voss@nordwind.example",
        "Valid until": str(timezone.localdate() + timedelta(days=30)),
    }.items():
        lena.page.get_by_label(label, exact=True).fill(value)
    lena.page.get_by_label("Custom terms").check()
    lena.page.get_by_label("Custom clauses").fill("Our liability is unlimited.")
    look(lena.page, "quote-add")
    assert press(lena, "Add quote") == 302
    quote = Quote.objects.using(product.database).get(product="Depot planning")
    name = f"Q-{quote.pk} Nordwind Energie"
    patiently(lena.page.get_by_text("Review the margin").first).to_be_visible()
    look(lena.page, "quote")

    start(rosa, name, "Review the margin")
    patiently(rosa.page.get_by_text("That leaves a margin of 13.3 %.")).to_be_visible()
    rosa.page.get_by_label("Too thin").check()
    rosa.page.get_by_label("Highest discount that you would accept").fill("18")
    assert press(rosa, "Send back") == 422
    patiently(rosa.page.get_by_role("alert")).to_contain_text("“Send back” needs a comment")
    look(rosa.page, "margin-refused")
    rosa.page.get_by_label("Comment").fill("13 % is not enough for a new depot.")
    finish(rosa, "Send back", "Review the margin")

    # The comment is with Lena, who changes the discount.
    lena.open("/inbox/")
    patiently(lena.row(name)).to_contain_text("Revise the quote")
    lena.row(name).get_by_role("link", name="Revise the quote").click()
    patiently(lena.page.get_by_text("Deal desk sent it back: “13 % is not enough for a new depot.”")).to_be_visible()
    patiently(lena.page.get_by_text("The deal desk would accept a discount of 18 %.")).to_be_visible()
    patiently(lena.page.get_by_label("Custom clauses")).to_have_value("Our liability is unlimited.")
    lena.page.get_by_label("Discount").fill("17.5")
    lena.page.get_by_label("Custom clauses").fill("Our liability is capped at one year’s fees.")
    lena.page.get_by_label("What has changed?").fill("17.5 %, and a cap.")
    look(lena.page, "revise")
    finish(lena, "Submit again", "Revise the quote")

    # Round again: deal desk, regional VP, Legal.
    start(rosa, name, "Review the margin")
    patiently(rosa.page.get_by_text("17.5 %, and a cap.")).to_be_visible()
    rosa.page.get_by_label("Thin, but the account is strategic").check()
    rosa.page.get_by_label("What makes the account strategic?").fill("Their first depot of five.")
    look(rosa.page, "margin")
    finish(rosa, "Approve", "Review the margin")

    victoria.open("/inbox/")
    patiently(victoria.row(name)).to_contain_text("Approve the terms")
    victoria.row(name).get_by_role("link", name="Approve the terms").click()
    patiently(victoria.page.get_by_text("Their first depot of five.")).to_be_visible()
    patiently(victoria.page.get_by_text("Legal reviews them once you have approved.")).to_be_visible()
    look(victoria.page, "terms")
    finish(victoria, "Approve", "Approve the terms")

    start(ines, name, "Review the clauses")
    patiently(ines.page.get_by_text("Our liability is capped at one year’s fees.").first).to_be_visible()
    ines.page.get_by_label("Liability", exact=True).check()
    ines.page.get_by_label("Our liability is capped at").fill("6600")
    look(ines.page, "clauses")
    finish(ines, "Approve", "Review the clauses")

    # The customer has it.
    (mailed,) = wait_for("the quote's mail", lambda: [mail for mail in product.mails_to(quote.contact_email) if "Depot planning" in mail])
    assert f"Subject: Your quote Q-{quote.pk}: Depot planning" in mailed
    file = Attachment.objects.using(product.database).get(name=f"Quote Q-{quote.pk}.pdf")
    words = words_in(bytes(file.content))
    for expected in ("Quote for Nordwind Energie", "17.5 %", "8000.00 EUR", "6600.00 EUR", "Our liability is capped at one year"):
        assert expected in words, expected
    keep(file)
    lena.open(f"/records/demo.quote/{quote.pk}/")
    patiently(lena.page.get_by_role("link", name=file.name)).to_be_visible()
    patiently(lena.page.locator("dd").filter(has_text="Sent").first).to_be_visible()
    look(lena.page, "quote-sent")
    lena.page.locator(".orc-guide-body").get_by_role("link", name="Quote approval").first.click()
    patiently(lena.page.locator("#orc-instance .orc-card-head").first).to_contain_text("Completed")
    look(lena.page, "quote-instance")
    assert broken(product.database) == []


def test_a_contract_is_uploaded_reviewed_signed_and_kicked_off(product: Product, seat: Seat, tmp_path: Path) -> None:
    tariq, joon, grace = seat("tariq"), seat("joon"), seat("grace")
    document = tmp_path / "Contract Kestrel.pdf"
    document.write_bytes(pdf("Yard management", "As the customer signed it."))

    tariq.open("/records/demo.opportunity/add/")
    tariq.page.get_by_label("Account", exact=True).select_option(label="Kestrel Logistics")
    tariq.page.get_by_label("Name", exact=True).fill("Yard management")
    tariq.page.get_by_label("Account executive").select_option(label="Tariq Mansour")
    tariq.page.get_by_label("Amount in EUR").fill("12000")
    assert press(tariq, "Add opportunity") == 302

    tariq.open("/records/demo.contract/add/")
    tariq.page.get_by_label("Opportunity").select_option(label="Kestrel Logistics: Yard management")
    starts = timezone.localdate() + timedelta(days=14)
    for label, value in {
        "Title": "Yard management, one year",
        "Value per year, in EUR": "12000",
        "Starts on": str(starts),
        "Ends on": str(starts + timedelta(days=365)),
        "Customer’s contact": "Aoife Brennan",
        "Contact’s e-mail": "aoife@kestrel.example",
    }.items():
        tariq.page.get_by_label(label, exact=True).fill(value)
    assert press(tariq, "Add contract") == 302
    contract = Contract.objects.using(product.database).get(title="Yard management, one year")

    # Tariq uploads the document and confirms what it says.
    tariq.page.locator(".orc-guide-body").get_by_role("link", name="Confirm the contract").first.click()
    tariq.page.set_input_files("input[type=file]", document)
    patiently(tariq.page.get_by_role("button", name="Remove Contract Kestrel.pdf")).to_be_visible()
    look(tariq.page, "contract-upload")
    assert press(tariq, "Continue") == 302
    tariq.page.get_by_label("Value per year").fill("11500")
    tariq.page.get_by_label("Why does it differ from the opportunity?").fill("One yard comes later.")
    tariq.page.get_by_label("The document says what we agreed with the customer").check()
    look(tariq.page, "contract-facts")
    assert press(tariq, "Continue") == 302
    look(tariq.page, "contract-check")
    finish(tariq, "Complete item", "Confirm the contract")

    # Legal reads it and signs.
    start(joon, "Yard management", "Review the contract")
    patiently(joon.page.get_by_text("One yard comes later.")).to_be_visible()
    with joon.page.expect_download() as loaded:
        joon.page.get_by_role("link", name="Contract Kestrel.pdf").click()
    assert Path(loaded.value.path()).read_bytes() == document.read_bytes()
    patiently(joon.page.get_by_label("Signed for us by")).to_have_value("Joon Park")
    joon.page.get_by_label("Low: our standard wording").check()
    look(joon.page, "contract-review")
    finish(joon, "Approve and sign", "Review the contract")

    # Three things happen by themselves; then customer success plans the kickoff.
    start(grace, "Yard management", "Plan the kickoff")
    day = timezone.localdate() + timedelta(days=20)
    grace.page.get_by_label("Day of the kickoff").fill(str(day))
    grace.page.get_by_label("At the customer’s").check()
    grace.page.get_by_label("Address").fill("1 Quay Street, Galway")
    grace.page.get_by_label("What should be true?").fill("All trucks are checked in by their plates")
    patiently(grace.page.get_by_text("Tariq Mansour")).to_be_visible()
    look(grace.page, "kickoff")
    assert grace.page.get_by_role("link", name=f"Signed contract C-{contract.pk}.pdf").is_visible()
    finish(grace, "Complete item", "Plan the kickoff")

    (mailed,) = wait_for("the invitation", lambda: [mail for mail in product.mails_to("aoife@kestrel.example") if "Quay Street" in mail])
    assert "Grace Achieng looks after you" in mailed
    contract.refresh_from_db()
    assert (contract.status, contract.kickoff_on, contract.opportunity.stage, contract.opportunity.amount) == ("signed", day, "won", 11500)
    file = Attachment.objects.using(product.database).get(name=f"Signed contract C-{contract.pk}.pdf")
    words = words_in(bytes(file.content))
    for expected in ("Yard management, one year", "11500.00 EUR", "Joon Park"):
        assert expected in words, expected
    keep(file)
    tariq.open(f"/records/demo.contract/{contract.pk}/")
    patiently(tariq.page.get_by_role("link", name=file.name)).to_be_visible()
    patiently(tariq.page.get_by_text("Talk about renewal from")).to_be_visible()
    look(tariq.page, "contract-done")
    assert broken(product.database) == []


def test_the_admin_shows_the_flows_and_changes_a_form(product: Product, seat: Seat) -> None:
    admin = seat("admin")
    admin.open("/admin/orchestration/flow/")
    admin.page.get_by_role("link", name="Review the margin").click()
    patiently(admin.page.get_by_text("Quote approval v1 › Review the margin").first).to_be_visible()
    look(admin.page, "admin-flow")
    admin.page.get_by_role("button", name="New draft from v1").click()
    admin.page.wait_for_url("**/versions/2/**")
    patiently(admin.page.get_by_text("Does the margin hold?").first).to_be_visible()
    patiently(admin.page.get_by_text("Highest discount that you would accept").first).to_be_visible()
    look(admin.page, "admin-draft")
    flow = Flow.objects.using(product.database).get(key="site.review_margin")
    admin.open(f"/admin/orchestration/flow/{flow.pk}/versions/1/")
    patiently(admin.page.get_by_text("What makes the account strategic?").first).to_be_visible()


def keep(file: Attachment) -> None:
    """With SEGUE_LOOK=folder: keep the PDF."""
    if folder := os.environ.get("SEGUE_LOOK"):
        Path(folder, file.name.replace(" ", "-")).write_bytes(bytes(file.content))
