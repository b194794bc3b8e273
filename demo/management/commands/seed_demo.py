"""`manage.py seed_demo`: people, definitions, and a few weeks of life, lived through by the engine itself with moved time."""

import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, User
from django.core.management.base import BaseCommand
from django.utils import timezone

from demo.flows.onboarding import ONBOARDING
from demo.models import Building, Employee
from demo.people import FALLBACK_QUEUE, OPERATES, PASSWORD, PEOPLE, PERMISSIONS, QUEUES, RUNS, Person
from orchestration import access, builder, clock, engine, jobs, origin
from orchestration.models import Flow, Orchestration, Queue, QueueMember, WorkItem

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)

PREFERENCES = {"equipment": ["developer"], "extras": ["headset"], "notes": [""], "confirmed": ["on"]}
READINESS = {"desk_ready": ["on"], "buddy": ["Paul Fischer"]}


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
        self.stdout.write(f"Seeded {len(PEOPLE)} people and {Employee.objects.count()} employees with their onboardings.")


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
    for name, keys in RUNS.items():
        for flow in Flow.objects.filter(key__in=keys):
            access.grant("orchestration.run_flow", groups[name], flow)


def make_definitions() -> None:
    """The orchestrations, active, and who operates them."""
    version = builder.load(ONBOARDING)
    Orchestration.objects.filter(pk=version.orchestration_id).update(owner=_user("petra"))
    builder.activate(version)
    for name, api_names in OPERATES.items():
        for orchestration in Orchestration.objects.filter(api_name__in=api_names):
            access.grant("orchestration.operate_orchestration", Group.objects.get(name=name), orchestration)


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


def _make_person(person: Person) -> User:
    first, _space, last = person.name.partition(" ")
    return User.objects.create_user(
        username=person.username,
        email=f"{person.username}@segue.example",
        password=PASSWORD,
        first_name=first,
        last_name=last,
        is_active=person.is_active,
        is_staff=person.is_admin or "Operators" in person.groups,
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


def _complete(employee: Employee, days: int, by: str, answers: dict[str, list[str]]) -> None:
    with _ago(days * DAY + 90 * MINUTE):
        item = _item(employee)
        if item.is_shared:
            engine.claim_work_item(item, by=_user(by))
    with _ago(days * DAY):
        engine.complete_work_item(item, by=_user(by), answers=answers, submission_key=f"seed-{item.pk}")
        jobs.drain()


def _item(employee: Employee) -> WorkItem:
    return WorkItem.objects.open().for_record(employee).get()
