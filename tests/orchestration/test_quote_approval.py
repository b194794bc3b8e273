"""The stories of Quote approval: who is asked about which quote, what becomes of a no, and what the customer gets."""

import copy
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.utils import timezone

from demo.flows.quote_approval import FLOWS, QUOTE_APPROVAL
from demo.management.commands.seed_demo import make_definitions
from demo.models import Account, Quote
from orchestration import access, engine, flow_builder, origin
from orchestration.errors import Invalid
from orchestration.models import Attachment, Flow, Instance, Milestone, StageInstance, StepInstance, WorkItem
from tests.cast import Cast
from tests.pdfs import words_in
from tests.stories import complete, drain

CLAUSES = "Our liability is unlimited.\nEither side may end the contract at any time."


@pytest.fixture
def account(cast: Cast) -> Account:
    """Kestrel Logistics, with Victoria as its regional VP; quotes with a high discount need approval."""
    make_definitions([(QUOTE_APPROVAL, FLOWS)])
    return Account.objects.create(name="Kestrel Logistics", country="Ireland", regional_vp=cast.victoria)


def quoted(cast: Cast, account: Account, discount: str = "20", **columns: Any) -> Quote:
    """Lena saves a quote for 10 seats at 100 EUR, which cost us 60, and the workers have done what was ready."""
    columns = {
        "product": "Fleet tracking",
        "seats": 10,
        "list_price": Decimal(100),
        "unit_cost": Decimal(60),
        "contact_name": "Aoife Brennan",
        "contact_email": "aoife@kestrel.example",
        "valid_until": timezone.localdate() + timedelta(days=30),
    } | columns
    with origin.signed_in(cast.lena):
        quote = Quote.objects.create(account=account, owner=cast.lena, discount=Decimal(discount), **columns)
    drain()
    return quote


def item_of(quote: Quote) -> WorkItem:
    return WorkItem.objects.open().for_record(quote).get()


def answer(quote: Quote, by: User, outcome: str, comment: str = "", **answers: str | list[str]) -> WorkItem:
    """Somebody completes the open item of the quote, and the workers do what follows."""
    item = item_of(quote)
    given = {name: value if isinstance(value, list) else [value] for name, value in answers.items()}
    complete(item, by, given | {"orc-outcome": [outcome], "orc-comment": [comment]})
    drain()
    return item


def deal_desk(cast: Cast, quote: Quote, outcome: str = "approve", comment: str = "", **answers: str) -> None:
    answer(quote, cast.rosa, outcome, comment, **{"finding": "healthy"} | answers)


def regional_vp(cast: Cast, quote: Quote, outcome: str = "approve", comment: str = "") -> None:
    answer(quote, cast.victoria, outcome, comment, valid_until=quote.valid_until.isoformat())


def legal(cast: Cast, quote: Quote, outcome: str = "approve", comment: str = "") -> None:
    answer(quote, cast.ines, outcome, comment, topics=["liability", "termination"], liability_cap="1000")


def stages_of(quote: Quote) -> list[tuple[str, int, str]]:
    """Every stage that the quote's instance has come to: its name, which time, and what became of it."""
    found = StageInstance.objects.filter(instance__in=Instance.objects.for_record(quote)).order_by("pk")
    return list(found.values_list("stage__api_name", "iteration", "status"))


def status_of(quote: Quote) -> tuple[str, str]:
    """Of the quote, and of its only instance."""
    quote.refresh_from_db()
    return quote.status, Instance.objects.for_record(quote).get().status


# What starts it ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("discount", "count"), [("0", 0), ("15.0", 0), ("15.1", 1), ("60", 1)])
def test_a_discount_over_15_percent_starts_it(cast: Cast, account: Account, discount: str, count: int) -> None:  # R2.1
    quote = quoted(cast, account, discount)
    assert Instance.objects.for_record(quote).count() == count


def test_a_discount_that_is_raised_starts_it_once(cast: Cast, account: Account) -> None:  # R2.1
    quote = quoted(cast, account, "10")
    assert not Instance.objects.exists()
    quote.discount = Decimal(20)
    quote.save()
    drain()
    assert Instance.objects.for_record(quote).count() == 1
    answered = Instance.objects.get()
    deal_desk(cast, quote)
    regional_vp(cast, quote)
    assert status_of(quote) == ("sent", "completed")
    quote.save()  # again at 20
    drain()
    assert list(Instance.objects.all()) == [answered]


# Whom it asks --------------------------------------------------------------------------------------------------------


def test_without_custom_terms_legal_is_skipped_and_that_is_kept_with_the_value(cast: Cast, account: Account) -> None:  # R3.3 R3.11
    quote = quoted(cast, account)
    item = item_of(quote)
    assert (item.label, item.queue and item.queue.label) == ("Review the margin", "Deal desk")
    deal_desk(cast, quote)
    item = item_of(quote)
    assert (item.label, item.user) == ("Approve the terms", cast.victoria)
    regional_vp(cast, quote)
    assert status_of(quote) == ("sent", "completed")
    assert stages_of(quote) == [
        ("margin_reviewed", 1, "completed"),
        ("terms_approved", 1, "completed"),
        ("clauses_reviewed", 1, "skipped"),
        ("sent", 1, "completed"),
    ]
    skipped = Milestone.objects.get(kind="stage_skipped")
    assert skipped.data["facts"] == [{"test": "record.custom_terms == yes", "met": False, "found": {"record.custom_terms": "no"}}]


def test_with_custom_terms_legal_reviews_them(cast: Cast, account: Account) -> None:
    quote = quoted(cast, account, custom_terms=True, clauses=CLAUSES)
    deal_desk(cast, quote)
    regional_vp(cast, quote)
    item = item_of(quote)
    assert (item.label, item.queue and item.queue.label) == ("Review the clauses", "Legal")
    assert mail.outbox == []
    legal(cast, quote)
    assert status_of(quote) == ("sent", "completed")
    assert [stage for stage, _time, status in stages_of(quote) if status == "completed"] == [
        *("margin_reviewed", "terms_approved", "clauses_reviewed", "sent")
    ]


def test_each_reviewer_is_told_what_the_ones_before_have_found(cast: Cast, account: Account) -> None:  # R6.1
    quote = quoted(cast, account)
    assert engine.context_for(item_of(quote), cast.rosa).inputs == {
        "list_total": 1000,
        "net_total": 800,
        "margin": 25,
        "round": 1,
        "owner_note": None,
    }
    deal_desk(cast, quote, finding="thin, but strategic", strategy="They bring three others along.", comment="Only this once.")
    told = engine.context_for(item_of(quote), cast.victoria).inputs
    assert told["finding"] == "thin, but strategic"
    assert told["strategy"] == "They bring three others along."
    assert told["deal_desk_comment"] == "Only this once."


def test_where_nobody_is_regional_vp_the_terms_wait_in_the_fallback_queue(cast: Cast, account: Account) -> None:  # R5.2
    account.regional_vp = None
    account.save()
    quote = quoted(cast, account)
    deal_desk(cast, quote)
    item = item_of(quote)
    assert item.queue is not None
    assert item.queue.label == "Unassigned work"
    answer(quote, cast.petra, "approve", valid_until=quote.valid_until.isoformat())
    assert status_of(quote) == ("sent", "completed")


def test_a_regional_vp_who_has_left_is_nobody(cast: Cast, account: Account) -> None:  # R5.2
    User.objects.filter(pk=cast.victoria.pk).update(is_active=False)
    quote = quoted(cast, account)
    deal_desk(cast, quote)
    item = item_of(quote)
    assert item.queue is not None
    assert item.queue.label == "Unassigned work"


# A no, and round again -----------------------------------------------------------------------------------------------


def test_a_no_needs_a_comment(cast: Cast, account: Account) -> None:
    quote = quoted(cast, account)
    with pytest.raises(Invalid) as refused:
        deal_desk(cast, quote, "reject")
    assert refused.value.errors == {"orc-comment": ["Say why: “Send back” needs a comment"]}
    assert item_of(quote).label == "Review the margin"


@pytest.mark.parametrize(
    ("who", "custom_terms"),
    [("deal_desk", False), ("deal_desk", True), ("regional_vp", False), ("regional_vp", True), ("legal", True)],
)
def test_whoever_says_no_it_goes_back_to_the_owner_and_round_again(cast: Cast, account: Account, who: str, custom_terms: bool) -> None:
    reviewers = {"deal_desk": deal_desk, "regional_vp": regional_vp, "legal": legal}
    asked = [name for name in reviewers if name != "legal" or custom_terms]
    quote = quoted(cast, account, custom_terms=custom_terms, clauses=CLAUSES if custom_terms else "")
    for name in asked[: asked.index(who)]:
        reviewers[name](cast, quote)
    reviewers[who](cast, quote, "reject", "Not like this.")

    item = item_of(quote)
    assert (item.label, item.user) == ("Revise the quote", cast.lena)
    told = engine.context_for(item, cast.lena).inputs
    by = {"deal_desk": "Deal desk", "regional_vp": "Regional VP", "legal": "Legal"}[who]
    assert (told["sent_back_by"], told["comment"]) == (by, "Not like this.")
    assert mail.outbox == []

    clauses = {"custom_terms": "on", "clauses": "Liability is capped."} if custom_terms else {}
    answer(quote, cast.lena, "resubmit", discount="17.5", note="Less discount.", **clauses)
    quote.refresh_from_db()
    assert (quote.discount, quote.custom_terms) == (Decimal("17.5"), custom_terms)
    told = engine.context_for(item_of(quote), cast.rosa).inputs  # R3.7: the newest iteration
    assert (told["round"], told["owner_note"], told["net_total"]) == (2, "Less discount.", 825)
    for name in asked:
        reviewers[name](cast, quote)
    assert status_of(quote) == ("sent", "completed")
    assert len(mail.outbox) == 1
    assert Instance.objects.for_record(quote).count() == 1  # R2.6: the revision itself starts nothing


def test_the_comment_shown_is_always_that_of_the_newest_no(cast: Cast, account: Account) -> None:  # R3.7
    quote = quoted(cast, account, custom_terms=True, clauses=CLAUSES)
    deal_desk(cast, quote)
    regional_vp(cast, quote)
    legal(cast, quote, "reject", "Cap the liability.")
    answer(quote, cast.lena, "resubmit", discount="20", custom_terms="on", clauses="Capped.", note="Capped.")
    deal_desk(cast, quote, "reject", "Now the margin is gone.", finding="too thin", acceptable_discount="16")
    told = engine.context_for(item_of(quote), cast.lena).inputs
    assert (told["sent_back_by"], told["comment"], told["acceptable_discount"]) == ("Deal desk", "Now the margin is gone.", 16)
    answer(quote, cast.lena, "resubmit", discount="16", custom_terms="on", clauses="Capped.", note="16 %, as you said.")
    deal_desk(cast, quote)
    regional_vp(cast, quote, "reject", "Kestrel owes us for two quarters.")
    told = engine.context_for(item_of(quote), cast.lena).inputs
    assert (told["sent_back_by"], told["comment"]) == ("Regional VP", "Kestrel owes us for two quarters.")
    assert told["acceptable_discount"] is None


def test_custom_terms_that_were_given_up_are_not_reviewed_again(cast: Cast, account: Account) -> None:  # R3.3
    quote = quoted(cast, account, custom_terms=True, clauses=CLAUSES)
    deal_desk(cast, quote)
    regional_vp(cast, quote)
    legal(cast, quote, "reject", "We do not sign this.")
    answer(quote, cast.lena, "resubmit", discount="20", note="They take our terms.")
    deal_desk(cast, quote)
    regional_vp(cast, quote)
    assert status_of(quote) == ("sent", "completed")
    assert (quote.custom_terms, quote.clauses) == (False, "")
    assert [(time, status) for stage, time, status in stages_of(quote) if stage == "clauses_reviewed"] == [(1, "completed"), (2, "skipped")]


def test_the_owner_can_withdraw_it(cast: Cast, account: Account) -> None:
    quote = quoted(cast, account)
    deal_desk(cast, quote, "reject", "Too thin.")
    answer(quote, cast.lena, "withdraw", discount="20", note="They chose somebody else.")
    assert status_of(quote) == ("withdrawn", "completed")
    assert mail.outbox == []
    assert not Attachment.objects.exists()


@pytest.mark.parametrize(
    ("answers", "errors"),
    [
        ({"finding": "too thin", "acceptable_discount": "20"}, {"acceptable_discount": ["Enter less than the discount of this quote"]}),
        ({"finding": "thin, but strategic"}, {"strategy": ["Enter an answer"]}),
        ({}, {"finding": ["Choose one"]}),
    ],
)
def test_the_deal_desk_is_held_to_a_sound_answer(
    cast: Cast, account: Account, answers: dict[str, str], errors: dict[str, list[str]]
) -> None:
    quote = quoted(cast, account)
    with pytest.raises(Invalid) as refused:
        answer(quote, cast.rosa, "approve", **answers)
    assert refused.value.errors == errors


def test_a_quote_is_valid_for_at_least_a_day(cast: Cast, account: Account) -> None:
    quote = quoted(cast, account)
    deal_desk(cast, quote)
    with pytest.raises(Invalid) as refused:
        answer(quote, cast.victoria, "approve", valid_until=timezone.localdate().isoformat())
    assert refused.value.errors == {"valid_until": ["Choose a day after today"]}
    day = timezone.localdate() + timedelta(days=3)
    answer(quote, cast.victoria, "approve", valid_until=day.isoformat())
    quote.refresh_from_db()
    assert quote.valid_until == day


# What the customer gets ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("custom_terms", [False, True])
def test_the_quote_is_made_attached_and_mailed_exactly_once(cast: Cast, account: Account, custom_terms: bool) -> None:  # R4.2 R4.3
    quote = quoted(cast, account, "17.5", custom_terms=custom_terms, clauses=CLAUSES if custom_terms else "")
    deal_desk(cast, quote)
    regional_vp(cast, quote)
    if custom_terms:
        legal(cast, quote)
    drain()
    kept = Attachment.objects.for_record(quote).get()
    words = words_in(kept.read())
    name = f"Quote Q-{quote.pk}.pdf"
    assert kept.name == name
    for expected in (
        "Quote for Kestrel Logistics",
        f"Q-{quote.pk}",
        "Dear Aoife Brennan",
        "Fleet tracking",
        "100.00 EUR",
        "1000.00 EUR",
        "17.5 %",
    ):
        assert expected in words, expected
    assert "Your price per year: 825.00 EUR" in words
    assert "Lena Fischer" in words
    assert ("Our liability is unlimited." in words, "general terms and conditions" in words) == (custom_terms, not custom_terms)

    [sent] = mail.outbox
    assert (sent.to, sent.subject) == (["aoife@kestrel.example"], f"Your quote Q-{quote.pk}: Fleet tracking")
    assert "825.00 EUR a year" in sent.body
    [(attached, content, kind)] = sent.attachments
    assert (attached, bytes(content), kind) == (name, kept.read(), "application/pdf")
    assert StepInstance.objects.get(step__api_name="send_quote").outputs["net_total"] == 825


# Who may -------------------------------------------------------------------------------------------------------------


def test_each_form_is_for_those_whose_form_it_is(cast: Cast, account: Account) -> None:  # R5.5
    who = {"review_margin": "rosa", "approve_terms": "victoria", "review_clauses": "joon", "revise_quote": "tariq"}
    assert set(who) == {flow.key.removeprefix("site.") for flow in Flow.objects.filter(is_built=True, kind="screen")}
    for name, person in who.items():
        assert access.may_run(getattr(cast, person), f"site.{name}")
        assert not access.may_run(cast.grace, f"site.{name}")


def test_a_form_in_use_can_be_changed_and_open_items_keep_theirs(cast: Cast, account: Account) -> None:  # R1.4
    before = quoted(cast, account)
    draft = flow_builder.copy(Flow.objects.get(key="site.review_margin").versions.get())
    document = copy.deepcopy(draft.document)
    document["screens"][0]["title"] = "Is there enough left?"
    flow_builder.save_draft(draft, document)
    flow_builder.activate(draft)
    after = quoted(cast, account)
    titles = [item_of(quote).get_flow().document.screens[0].title for quote in (before, after)]
    assert titles == ["Does the margin hold?", "Is there enough left?"]
    deal_desk(cast, before)
    assert item_of(before).label == "Approve the terms"
