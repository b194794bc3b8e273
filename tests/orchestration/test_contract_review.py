"""The stories of Contract review: from the uploaded contract to the kickoff, and back when Legal says no."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.utils import timezone

from demo.flows.contract_review import CONTRACT_REVIEW, FLOWS
from demo.management.commands.seed_demo import make_definitions
from demo.models import Account, Contract, Opportunity, RenewalReminder
from orchestration import access, engine, origin
from orchestration.errors import Invalid
from orchestration.models import Attachment, Effect, Flow, Instance, StageInstance, StepInstance, WorkItem
from orchestration.outside.pdf import pdf
from tests.cast import Cast
from tests.pdfs import words_in
from tests.stories import attempt, complete, drain

GOALS = {"goals": ["0"], "goals-0-goal": ["All vehicles report their place"], "goals-0-owner": [""]}


@pytest.fixture
def contract(cast: Cast) -> Contract:
    """Lena has won Kestrel Logistics and saves the contract; nothing has been done about it yet but the work item."""
    make_definitions([(CONTRACT_REVIEW, FLOWS)])
    account = Account.objects.create(name="Kestrel Logistics", country="Ireland")
    with origin.signed_in(cast.lena):
        opportunity = Opportunity.objects.create(account=account, name="Fleet tracking", owner=cast.lena, amount=Decimal(9600))
        contract = Contract.objects.create(
            opportunity=opportunity,
            title="Fleet tracking, one year",
            value=Decimal(9600),
            starts_on=date(2027, 1, 1),
            ends_on=date(2027, 12, 31),
            contact_name="Aoife Brennan",
            contact_email="aoife@kestrel.example",
        )
    drain()
    return contract


def item_of(contract: Contract) -> WorkItem:
    return WorkItem.objects.open().for_record(contract).get()


def uploaded(contract: Contract, by: User) -> Attachment:
    """Somebody has chosen the contract's file in the open form."""
    made = pdf("Fleet tracking", "As the customer signed it")
    return engine.keep_upload(item_of(contract), by=by, name="Kestrel.pdf", content=made, content_type="application/pdf")


def confirm(cast: Cast, contract: Contract, **answers: str) -> None:
    """Lena uploads the contract and confirms what it says."""
    given = {
        "document": str(uploaded(contract, cast.lena).key),
        "starts_on": "2027-01-01",
        "ends_on": "2027-12-31",
        "value": "9600",
        "agreed": "on",
    } | answers
    complete(item_of(contract), cast.lena, {name: [value] for name, value in given.items() if value})
    drain()


def review(cast: Cast, contract: Contract, outcome: str = "sign", comment: str = "", **answers: str) -> None:
    """Inès of Legal signs it, or sends it back."""
    given = {"risk": "low", "signed_by": "Inès Laurent", "signed_on": timezone.localdate().isoformat()} | answers
    sent = {name: [value] for name, value in given.items()} | {"orc-outcome": [outcome], "orc-comment": [comment]}
    complete(item_of(contract), cast.ines, sent)


def plan_kickoff(cast: Cast, contract: Contract, **answers: str) -> None:
    """Grace of customer success plans the kickoff, in ten days."""
    given = {"kickoff_on": kickoff_day().isoformat(), "place": "online"} | answers
    complete(item_of(contract), cast.grace, {name: [value] for name, value in given.items()} | GOALS)
    drain()


def kickoff_day() -> date:
    return timezone.localdate() + timedelta(days=10)


def steps_of(contract: Contract) -> dict[str, str]:
    """The status of each step that the contract's instance has come to; the newest, where it has come there twice."""
    found = StepInstance.objects.filter(instance__in=Instance.objects.for_record(contract)).order_by("pk")
    return dict(found.values_list("step__api_name", "status"))


def test_a_new_contract_goes_all_the_way_to_the_kickoff(cast: Cast, contract: Contract) -> None:  # R2.1 R3.2 R3.4 R3.10
    item = item_of(contract)
    assert (item.label, item.user) == ("Confirm the contract", cast.lena)
    confirm(cast, contract)

    item = item_of(contract)
    assert (item.label, item.queue and item.queue.label) == ("Review the contract", "Legal")
    told = engine.context_for(item, cast.ines).inputs
    assert told["contract"]["name"] == "Kestrel.pdf"
    assert access.may_open(cast.ines, Attachment.objects.get(key=told["contract"]["attachment"]))
    review(cast, contract)

    in_parallel = {"signed_contract": "in_progress", "win_opportunity": "in_progress", "renewal_reminder": "in_progress"}
    assert in_parallel.items() <= steps_of(contract).items()
    drain()
    contract.refresh_from_db()
    assert (contract.status, contract.signed_on) == ("signed", timezone.localdate())
    opportunity = contract.opportunity
    assert (opportunity.stage, opportunity.amount, opportunity.closed_on) == ("won", 9600, timezone.localdate())
    reminder = contract.renewal_reminders.get()
    assert (reminder.owner, reminder.due_on) == (cast.lena, date(2027, 10, 2))  # 90 days before the end

    item = item_of(contract)
    assert (item.label, item.queue and item.queue.label) == ("Plan the kickoff", "Customer success")
    assert mail.outbox == []
    plan_kickoff(cast, contract)
    contract.refresh_from_db()
    assert contract.kickoff_on == kickoff_day()
    assert Instance.objects.for_record(contract).get().status == "completed"


def test_the_signed_contract_is_made_attached_and_goes_to_the_customer(cast: Cast, contract: Contract) -> None:  # R4.2 R4.3
    confirm(cast, contract)
    review(cast, contract)
    drain()
    uploaded_one, signed = Attachment.objects.for_record(contract).order_by("pk")
    assert (uploaded_one.name, signed.name) == ("Kestrel.pdf", f"Signed contract C-{contract.pk}.pdf")
    words = words_in(signed.read())
    for expected in (
        "Fleet tracking, one year",
        f"Contract no. C-{contract.pk}",
        "Kestrel Logistics, Ireland",
        "Lena Fischer, lena@segue.example",
        "Jan. 1, 2027",
        "Dec. 31, 2027",
        "9600.00 EUR",
        "Inès Laurent",
    ):
        assert expected in words, expected

    plan_kickoff(cast, contract, place="on site", address="1 Quay Street, Galway")
    drain()
    [sent] = mail.outbox
    assert sent.to == ["aoife@kestrel.example"]
    assert "1 Quay Street, Galway. Grace Achieng looks after you" in sent.body
    [(name, content, _kind)] = sent.attachments
    assert (name, bytes(content)) == (signed.name, signed.read())


def test_each_of_the_three_effects_is_there_once_though_a_worker_dies(cast: Cast, contract: Contract) -> None:  # R4.2
    confirm(cast, contract)
    review(cast, contract)
    claims = [engine.claim_step() for _each in range(3)]
    assert all(claims)
    assert engine.claim_step() is None
    for claim in claims:
        assert claim
        attempt(claim)
        attempt(claim)  # the same attempt comes back, its token is used up
    drain()
    assert RenewalReminder.objects.count() == 1
    assert Attachment.objects.for_record(contract).filter(name__startswith="Signed").count() == 1
    assert [
        status for name, status in steps_of(contract).items() if name in ("signed_contract", "win_opportunity", "renewal_reminder")
    ] == [*("completed", "completed", "completed")]
    assert item_of(contract).label == "Plan the kickoff"
    assert not Effect.objects.exists()  # nobody has written to the customer yet


def test_legal_sends_it_back_with_a_comment_and_it_comes_round_again(cast: Cast, contract: Contract) -> None:  # R3.7
    confirm(cast, contract)
    with pytest.raises(Invalid) as refused:
        review(cast, contract, "send_back")
    assert refused.value.errors == {"orc-comment": ["Say why: “Send back” needs a comment"]}
    review(cast, contract, "send_back", "Page 3 is missing.", risk="high", risk_note="We do not know what page 3 says.")
    drain()
    item = item_of(contract)
    assert (item.label, item.user) == ("Confirm the contract", cast.lena)
    assert engine.context_for(item, cast.lena).inputs["legal_comment"] == "Page 3 is missing."
    assert not RenewalReminder.objects.exists()
    assert contract.opportunity.stage == "proposal"

    confirm(cast, contract)
    review(cast, contract)
    drain()
    plan_kickoff(cast, contract)
    instance = Instance.objects.for_record(contract).get()
    assert instance.status == "completed"
    came_to = StageInstance.objects.filter(instance=instance).order_by("pk").values_list("stage__api_name", "iteration")
    assert list(came_to) == [
        *(("confirmed", 1), ("legal_reviewed", 1), ("confirmed", 2), ("legal_reviewed", 2)),
        *(("put_into_effect", 1), ("kicked_off", 1)),
    ]
    assert RenewalReminder.objects.count() == 1


def test_what_the_account_executive_corrects_is_what_counts(cast: Cast, contract: Contract) -> None:
    confirm(cast, contract, value="9000", ends_on="2028-06-30", difference="The pilot was free.")
    assert engine.context_for(item_of(contract), cast.ines).inputs["difference"] == "The pilot was free."
    review(cast, contract)
    drain()
    contract.refresh_from_db()
    assert (contract.value, contract.opportunity.amount) == (9000, 9000)
    assert contract.renewal_reminders.get().due_on == date(2028, 4, 1)


@pytest.mark.parametrize(
    ("answers", "errors"),
    [
        ({"document": ""}, {"document": ["Choose a file"]}),
        ({"agreed": ""}, {"agreed": ["Tick this box to continue"]}),
        ({"ends_on": "2026-12-31"}, {"ends_on": ["The last day comes after the first"]}),
        ({"value": "9000"}, {"difference": ["Enter an answer"]}),
    ],
)
def test_a_contract_that_cannot_be_right_is_not_confirmed(
    cast: Cast, contract: Contract, answers: dict[str, str], errors: dict[str, list[str]]
) -> None:
    with pytest.raises(Invalid) as refused:
        confirm(cast, contract, **answers)
    assert refused.value.errors == errors


def test_nobody_signs_in_the_future_and_no_kickoff_was_yesterday(cast: Cast, contract: Contract) -> None:
    confirm(cast, contract)
    today = timezone.localdate()
    with pytest.raises(Invalid) as refused:
        review(cast, contract, signed_on=(today + timedelta(days=1)).isoformat())
    assert refused.value.errors == {"signed_on": ["Nobody signs in the future: choose today or a day before"]}
    review(cast, contract)
    drain()
    with pytest.raises(Invalid) as refused:
        plan_kickoff(cast, contract, kickoff_on=(today - timedelta(days=1)).isoformat())
    assert refused.value.errors == {"kickoff_on": ["Choose today or a later day"]}


def test_a_contract_that_is_saved_again_starts_nothing(cast: Cast, contract: Contract) -> None:  # R2.1
    contract.save()
    drain()
    assert Instance.objects.for_record(contract).count() == 1


def test_each_form_is_for_those_whose_form_it_is(cast: Cast, contract: Contract) -> None:  # R5.5
    who = {"confirm_contract": "tariq", "review_contract": "joon", "plan_kickoff": "grace"}
    assert set(who) == {flow.key.removeprefix("site.") for flow in Flow.objects.filter(is_built=True, kind="screen")}
    for name, person in who.items():
        assert access.may_run(getattr(cast, person), f"site.{name}")
        assert not access.may_run(cast.rosa, f"site.{name}")


def answers_of(step: str) -> Any:
    return StepInstance.objects.get(step__api_name=step).outputs


def test_the_kickoff_keeps_its_goals(cast: Cast, contract: Contract) -> None:  # R4.9
    confirm(cast, contract)
    review(cast, contract)
    drain()
    plan_kickoff(cast, contract)
    kept = answers_of("plan_kickoff")
    assert kept["goals"] == [{"goal": "All vehicles report their place", "owner": None}]
    assert (kept["host"], kept["where"]) == ("Grace Achieng", "a video call")
