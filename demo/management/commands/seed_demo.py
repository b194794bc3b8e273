"""`manage.py seed_demo`: people, definitions, and a few weeks of life, lived through by the engine itself with moved time."""

import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, User
from django.core.management.base import BaseCommand
from django.db.models import Model
from django.utils import timezone

from demo.flows import contract_review, quote_approval
from demo.flows.contract_review import CONTRACT_REVIEW
from demo.flows.onboarding import ONBOARDING
from demo.flows.quote_approval import QUOTE_APPROVAL
from demo.models import Account, Building, Contract, Employee, Opportunity, Quote
from demo.people import FALLBACK_QUEUE, OPERATES, PASSWORD, PEOPLE, PERMISSIONS, QUEUES, RUNS, Person
from orchestration import access, builder, clock, engine, flow_builder, jobs, origin
from orchestration.models import Flow, Orchestration, Queue, QueueMember, WorkItem
from orchestration.outside.pdf import pdf

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)

PREFERENCES = {"equipment": ["developer"], "extras": ["headset"], "notes": [""], "confirmed": ["on"]}
READINESS = {"desk_ready": ["on"], "buddy": ["Paul Fischer"]}

Answers = dict[str, list[str]]
UseCase = tuple[Mapping[str, Any], Sequence[Mapping[str, Any]]]
USE_CASES: Sequence[UseCase] = (
    (ONBOARDING, ()),
    (QUOTE_APPROVAL, quote_approval.FLOWS),
    (CONTRACT_REVIEW, contract_review.FLOWS),
)
"""Each orchestration with the flows that are built for it."""


class Command(BaseCommand):
    help = "Fill an empty database with the demo. Does nothing when the demo's people are already there."

    def handle(self, *args: Any, **options: Any) -> None:
        """Seed, and say what was made."""
        if get_user_model().objects.filter(username=PEOPLE[0].username).exists():
            self.stdout.write("The demo is already there.")
            return
        make_people()
        make_definitions()
        live_through_weeks()
        sell_for_weeks()
        counted = f"{Employee.objects.count()} employees, {Quote.objects.count()} quotes and {Contract.objects.count()} contracts"
        self.stdout.write(f"Seeded {len(PEOPLE)} people, {counted}, with their orchestrations.")


def make_people() -> None:
    """Users with their groups, queues and permissions."""
    groups = {}
    for name, permissions in PERMISSIONS.items():
        groups[name] = Group.objects.create(name=name)
        for permission in permissions:
            access.grant(permission, groups[name])
    for person in PEOPLE:
        _make_person(person).groups.set(groups[name] for name in person.groups)
    for api_name, (label, group) in QUEUES.items():
        queue = Queue.objects.create(api_name=api_name, label=label, is_fallback=api_name == FALLBACK_QUEUE)
        QueueMember.objects.create(queue=queue, group=groups[group])


def make_definitions(use_cases: Iterable[UseCase] = USE_CASES) -> None:
    """The orchestrations and their flows, active; who may run them, and who operates them."""
    for document, built in use_cases:
        for flow in built:
            flow_builder.activate(flow_builder.new_flow(**flow))
        version = builder.load(document)
        Orchestration.objects.filter(pk=version.orchestration_id).update(owner=_user("petra"), is_template=True)
        builder.activate(version)
    groups = {group.name: group for group in Group.objects.all()}
    for name, keys in RUNS.items():
        for flow_row in Flow.objects.filter(key__in=keys):
            access.grant("orchestration.run_flow", groups[name], flow_row)
    for name, api_names in OPERATES.items():
        for orchestration in Orchestration.objects.filter(api_name__in=api_names):
            access.grant("orchestration.operate_orchestration", groups[name], orchestration)


def live_through_weeks() -> None:
    """Employees in every state that an onboarding can be in, oldest first."""
    headquarters = Building.objects.create(name="Headquarters")
    riverside = Building.objects.create(name="Riverside")
    annex = Building.objects.create(name="Old Annex", has_badge_system=False)

    for days, name, title, department, manager in (
        (24, "Ingrid Solheim", "Data engineer", "Engineering", "marta"),
        (19, "Tomás Herrera", "Account executive", "Sales", "diego"),
        (15, "Priya Nair", "Support engineer", "Support", "aisha"),
        (11, "Jonas Weber", "Frontend developer", "Engineering", "marta"),
    ):
        employee = _hire(days, name, title, department, manager, headquarters, by="hanna")
        _collect(employee, days - 1, by="hanna")
        _confirm(employee, days - 3, by=manager)

    waiting_for_manager = _hire(9, "Elif Demir", "Solutions consultant", "Sales", "diego", riverside, by="omar")
    _collect(waiting_for_manager, 8, by="omar")

    without_manager = _hire(7, "Rafael Costa", "Financial analyst", "Finance", "sven", headquarters, by="omar")
    _collect(without_manager, 6, by="yuki")

    stuck = _hire(5, "Mei Nakamura", "Hardware engineer", "Engineering", "marta", annex, by="hanna")
    _collect(stuck, 4, by="hanna")
    for hours in (1, 2, 3):  # by then the last try has failed
        with _ago(4 * DAY - hours * HOUR):
            jobs.drain()

    just_confirmed = _hire(4, "Björn Åkesson", "Site reliability engineer", "Engineering", "marta", riverside, by="yuki")
    _collect(just_confirmed, 2, by="yuki")

    _hire(6, "Zanele Dlamini", "Product designer", "Engineering", "marta", headquarters, by="hanna")

    half_done = _hire(3, "Lucas Martin", "Sales development", "Sales", "diego", riverside, by="hanna")
    with _ago(2 * DAY):
        answers = {"equipment": ["standard"], "extras": ["phone"], "notes": ["French keyboard, please"]}
        engine.save_draft(_item(half_done), by=_user("yuki"), answers=answers, screen=1)

    claimed = _hire(1, "Fatima Zahra", "Customer success", "Support", "aisha", headquarters, by="omar")
    with _ago(3 * HOUR):
        engine.claim_work_item(_item(claimed), by=_user("omar"))

    _hire(0, "Samuel Osei", "Backend developer", "Engineering", "marta", riverside, by="hanna")


def sell_for_weeks() -> None:
    """Quotes and contracts at each place of their ways, oldest first."""
    nordwind, alpenblick, kestrel = (
        Account.objects.create(name=name, country=country, regional_vp=_user("victoria"))
        for name, country in (("Nordwind Energie", "Germany"), ("Alpenblick Hotels", "Austria"), ("Kestrel Logistics", "Ireland"))
    )
    tasman = Account.objects.create(name="Tasman Dairy", country="New Zealand")  # nobody is its VP yet
    wording = "Our liability is unlimited for loss of data. Either side may end the contract at the end of each quarter."

    won = _quote(26, nordwind, "lena", "Fleet tracking", 120, "240.00", "110.00", "18.0", "Klara Voss")
    _complete(won, 25, "rosa", _says("approve", finding="thin, but strategic", strategy="Nordwind brings its four subsidiaries along."))
    _complete(won, 24, "victoria", _says("approve", valid_until=won.valid_until.isoformat()))

    twice = _quote(17, kestrel, "tariq", "Route planning", 60, "310.00", "150.00", "22.5", "Aoife Brennan", clauses=wording)
    _complete(twice, 16, "kofi", _says("approve", finding="healthy"))
    _complete(twice, 15, "victoria", _says("approve", valid_until=twice.valid_until.isoformat()))
    no = "We cannot accept unlimited liability. Offer a cap of one year’s fees."
    _complete(twice, 14, "ines", _says("reject", no, topics=["liability", "termination"]))
    capped = "Our liability for loss of data is capped at one year’s fees. Either side may end the contract at the end of each quarter."
    note = "Liability is capped now, as Legal asked."
    _complete(twice, 13, "tariq", _says("resubmit", discount="22.5", custom_terms="on", clauses=capped, note=note))
    _complete(twice, 12, "rosa", _says("approve", finding="healthy"))
    _complete(twice, 12, "victoria", _says("approve", valid_until=twice.valid_until.isoformat()), hours=3)
    _complete(twice, 11, "joon", _says("approve", topics=["liability", "termination"], liability_cap="14415"))

    for_victoria = _quote(4, alpenblick, "lena", "Energy monitoring", 45, "180.00", "95.00", "20.0", "Josef Gruber", clauses=wording)
    _complete(for_victoria, 3, "kofi", _says("approve", finding="thin, but strategic", strategy="Our first group of hotels."))

    sent_back = _quote(3, kestrel, "lena", "Driver safety", 200, "90.00", "60.00", "30.0", "Aoife Brennan")
    no = "Hardly anything is left at 30 %. Kestrel has budget; offer less, or more seats."
    _complete(sent_back, 2, "rosa", _says("reject", no, finding="too thin", acceptable_discount="18"))

    without_vp = _quote(2, tasman, "tariq", "Cold chain monitoring", 80, "260.00", "120.00", "16.0", "Hemi Walker")
    _complete(without_vp, 1, "kofi", _says("approve", finding="healthy"))

    _quote(0, nordwind, "tariq", "Charging reports", 30, "150.00", "60.00", "17.5", "Klara Voss")
    _quote(0, alpenblick, "lena", "Fleet tracking", 12, "240.00", "110.00", "10.0", "Josef Gruber")  # needs no approval

    done = _contract(20, nordwind, "lena", "Fleet tracking, one year", "23616.00", "Klara Voss")
    _confirm_contract(done, 19, "lena")
    _review_contract(done, 17, "joon")
    day = (timezone.localdate() - timedelta(days=9)).isoformat()
    goals = {"goals": ["0"], "goals-0-goal": ["All 120 vehicles report their place"], "goals-0-owner": [str(_user("grace").pk)]}
    _complete(done, 15, "grace", {"kickoff_on": [day], "place": ["online"], **goals})

    to_kick_off = _contract(8, kestrel, "tariq", "Route planning, one year", "14415.00", "Aoife Brennan")
    _confirm_contract(to_kick_off, 7, "tariq")
    _review_contract(to_kick_off, 5, "ines")

    for_legal = _contract(3, alpenblick, "lena", "Guest transfers, one year", "6900.00", "Josef Gruber")
    _confirm_contract(for_legal, 2, "lena")

    _contract(1, tasman, "tariq", "Milk tank monitoring, one year", "9800.00", "Hemi Walker")


def _make_person(person: Person) -> User:
    first, _space, last = person.name.partition(" ")
    return User.objects.create_user(
        username=person.username,
        email=f"{person.username}@segue.example",
        password=PASSWORD,
        first_name=first,
        last_name=last,
        is_active=person.is_active,
        is_staff=person.is_staff,
        is_superuser=person.is_admin,
    )


def _user(username: str) -> User:
    return User.objects.get(username=username)


@contextmanager
def _ago(time: timedelta) -> Iterator[None]:
    with clock.moved(-time):
        yield


def _hire(days: int, name: str, title: str, department: str, manager: str, building: Building, *, by: str) -> Employee:
    """HR saves an employee, `days` ago; the onboarding starts by itself."""
    with _ago(days * DAY + 7 * MINUTE), origin.signed_in(_user(by)):
        first, _space, last = name.partition(" ")
        employee = Employee.objects.create(
            name=name,
            email=f"{_plain(first)}.{_plain(last)}@segue.example",
            job_title=title,
            department=department,
            manager=_user(manager),
            building=building,
            start_date=_first_day(days),
        )
        jobs.drain()
    return employee


def _plain(name: str) -> str:
    """A name as it stands in a mail address: “Åkesson” as “akesson”."""
    return unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()


def _first_day(days: int) -> date:
    """A Monday about a month after the hire."""
    day = timezone.localdate() + timedelta(days=30 - days)
    return day + timedelta(days=-day.weekday() % 7)


def _collect(employee: Employee, days: int, *, by: str) -> None:
    _complete(employee, days, by, {**PREFERENCES, "start_date": [employee.start_date.isoformat()]})


def _confirm(employee: Employee, days: int, *, by: str) -> None:
    _complete(employee, days, by, READINESS)


def _quote(
    days: int,
    account: Account,
    owner: str,
    product: str,
    seats: int,
    price: str,
    cost: str,
    discount: str,
    contact: str,
    *,
    clauses: str = "",
) -> Quote:
    """An account executive saves a quote, `days` ago; with a high discount its approval starts by itself."""
    with _ago(days * DAY + 2 * HOUR), origin.signed_in(_user(owner)):
        quote = Quote.objects.create(
            account=account,
            owner=_user(owner),
            product=product,
            seats=seats,
            list_price=Decimal(price),
            unit_cost=Decimal(cost),
            discount=Decimal(discount),
            custom_terms=bool(clauses),
            clauses=clauses,
            contact_name=contact,
            contact_email=_address(contact, account),
            valid_until=timezone.localdate() + timedelta(days=30 - days // 2),
        )
        jobs.drain()
    return quote


def _contract(days: int, account: Account, owner: str, title: str, value: str, contact: str) -> Contract:
    """An account executive saves the contract of an opportunity, `days` ago; its review starts by itself."""
    name, _comma, _term = title.partition(",")
    starts = timezone.localdate() + timedelta(days=21 - days)
    with _ago(days * DAY + 2 * HOUR), origin.signed_in(_user(owner)):
        opportunity = Opportunity.objects.create(
            account=account, name=name, owner=_user(owner), stage=Opportunity.Stage.NEGOTIATION, amount=Decimal(value)
        )
        contract = Contract.objects.create(
            opportunity=opportunity,
            title=title,
            value=Decimal(value),
            starts_on=starts,
            ends_on=starts + timedelta(days=365),
            contact_name=contact,
            contact_email=_address(contact, account),
        )
        jobs.drain()
    return contract


def _address(person: str, account: Account) -> str:
    """“Klara Voss” of “Nordwind Energie” as klara.voss@nordwind.example."""
    return f"{_plain(person).replace(' ', '.')}@{_plain(account.name).split()[0]}.example"


def _confirm_contract(contract: Contract, days: int, by: str) -> None:
    item = _item(contract)
    body = f"Signed for {contract.opportunity.account} by {contract.contact_name}."
    with _ago(days * DAY + HOUR):
        made = pdf(contract.title, body)
        file = engine.keep_upload(item, by=_user(by), name="Contract.pdf", content=made, content_type="application/pdf")
    facts = {"starts_on": contract.starts_on.isoformat(), "ends_on": contract.ends_on.isoformat(), "value": str(contract.value)}
    _complete(contract, days, by, {"document": [str(file.key)], "agreed": ["on"], **{name: [value] for name, value in facts.items()}})


def _review_contract(contract: Contract, days: int, by: str) -> None:
    signed_on = (timezone.localdate() - timedelta(days=days)).isoformat()
    _complete(contract, days, by, _says("sign", risk="low", signed_by=_user(by).get_full_name(), signed_on=signed_on))


def _says(outcome: str, comment: str = "", **answers: str | list[str]) -> Answers:
    """Answers, and the button at the end."""
    given = {name: value if isinstance(value, list) else [value] for name, value in answers.items()}
    return given | {"orc-outcome": [outcome], "orc-comment": [comment]}


def _complete(record: Model, days: int, by: str, answers: Answers, *, hours: int = 0) -> None:
    """Somebody completes the record's open item, so many days and hours ago; an hour and a half before they have claimed it."""
    at = days * DAY - hours * HOUR
    with _ago(at + 90 * MINUTE):
        item = _item(record)
        if item.is_shared:
            engine.claim_work_item(item, by=_user(by))
    with _ago(at):
        engine.complete_work_item(item, by=_user(by), answers=answers, submission_key=f"seed-{item.pk}")
        jobs.drain()


def _item(record: Model) -> WorkItem:
    return WorkItem.objects.open().for_record(record).get()
