"""Many at once: the guards against lost, doubled and crossed moves, attacked at barriers. All outcomes are counted, none is timed."""

import threading
from collections import defaultdict
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django import forms
from django.contrib.auth.models import Group, User
from django.db import OperationalError, connections, transaction
from django.utils import timezone

from demo.flows.onboarding import ONBOARDING
from demo.models import Building, BuildingAccess, ChatInvitation, Employee, ITTicket, ReviewTask
from orchestration import access, builder, claiming, clock, conf, effects, engine, jobs
from orchestration.errors import Busy, Conflict, Stale
from orchestration.flows import Context, Screen, autolaunched_flow, screen_flow
from orchestration.invariants import broken
from orchestration.models import Draft, Effect, Instance, Milestone, StageInstance, StartRequest, StepInstance, Submission, WorkItem
from orchestration.states import InstanceStatus, StepStatus
from tests.cast import Cast
from tests.together import Crowd, count, unexpected

pytestmark = pytest.mark.django_db(transaction=True)

READINESS = {"desk_ready": ["on"], "buddy": ["Paul Fischer"]}


@pytest.fixture
def office() -> Building:
    """The demo's people and its active onboarding, and a building with a badge system; nobody is hired yet."""
    return Cast().headquarters


def user(name: str) -> User:
    return User.objects.get(username=name)


def hire(number: int, office: Building) -> list[Employee]:
    """So many new employees of Marta's, whose onboardings have started and wait for HR."""
    newcomers = [
        Employee.objects.create(
            name=f"Newcomer {index}",
            email=f"newcomer.{index}@segue.example",
            job_title="Engineer",
            department="Engineering",
            manager=user("marta"),
            building=office,
            start_date=timezone.localdate() + timedelta(days=30),
        )
        for index in range(number)
    ]
    while jobs._start_next():
        pass
    assert WorkItem.objects.open().count() == number
    return newcomers


def preferences(item: WorkItem, *, notes: str = "") -> dict[str, list[str]]:
    day = item.get_record().start_date.isoformat()
    return {"equipment": ["developer"], "extras": ["headset"], "notes": [notes], "start_date": [day], "confirmed": ["on"]}


def claim_all() -> dict[int, list[engine.Claim]]:
    """Every ready background step, claimed; by instance."""
    claims: dict[int, list[engine.Claim]] = defaultdict(list)
    while claim := engine.claim_step():
        claims[claim.instance_id].append(claim)
    return claims


def run_doubled(crowd: Crowd, claims: list[engine.Claim]) -> None:
    """Deliver each claim twice, all at one barrier: one of the two does it, the other is refused."""
    outcomes = crowd.at_once([partial(engine.run_step, claim) for claim in claims for _delivery in (1, 2)])
    for first, second in zip(outcomes[::2], outcomes[1::2], strict=True):
        assert {type(first), type(second)} == {type(None), Stale}, (first, second)


def submit_at_once(crowd: Crowd, item: WorkItem, people: list[User], answers: dict[str, list[str]]) -> list[Any]:
    deeds = [
        partial(engine.complete_work_item, item, by=person, answers=answers, submission_key=f"{item.pk}-{number}")
        for number, person in enumerate(people)
    ]
    outcomes = crowd.at_once(deeds)
    assert not unexpected(outcomes, Conflict)
    return outcomes


# The whole onboarding ------------------------------------------------------------------------------------------------


@pytest.mark.proof
def test_60_onboardings_with_parallel_finishes_doubled_deliveries_and_three_people_at_each_item(office: Building) -> None:
    newcomers = hire(60, office)
    people = [user("hanna"), user("omar"), user("yuki")]
    marta = user("marta")
    with Crowd(6) as crowd:
        for item in WorkItem.objects.open():
            outcomes = submit_at_once(crowd, item, people, preferences(item))
            assert (count(outcomes, Submission), count(outcomes, Conflict)) == (1, 2)
        assert broken() == []

        provision = claim_all()
        assert [len(claims) for claims in provision.values()] == [3] * 60
        for claims in provision.values():
            run_doubled(crowd, claims)
        assert broken() == []

        for item in WorkItem.objects.open():
            outcomes = submit_at_once(crowd, item, [marta] * 3, READINESS)  # three tabs of hers: each its own submission
            assert (count(outcomes, Submission), count(outcomes, Conflict)) == (1, 2)
            refusal = next(outcome for outcome in outcomes if isinstance(outcome, Conflict))
            assert "was completed by Marta Kowalska at" in refusal.message

        welcome = claim_all()
        assert [len(claims) for claims in welcome.values()] == [2] * 60
        for claims in welcome.values():
            run_doubled(crowd, claims)

        assert Effect.objects.count() == 60
        while any(crowd.at_once([effects.deliver_next] * 4)):
            pass

    assert broken() == []
    assert {instance.status for instance in Instance.objects.all()} == {InstanceStatus.COMPLETED}
    assert_each_got_everything_once(newcomers)


def test_20_onboardings_with_workers_ticker_and_people_all_running_freely(office: Building) -> None:
    newcomers = hire(20, office)
    everybody_done = threading.Event()

    def work() -> None:
        while not everybody_done.wait(0.01):
            jobs.drain()

    def tick() -> None:
        while not everybody_done.wait(0.01):
            jobs.tick()

    def person(name: str) -> int:
        """Goes on taking whatever is there to do until all 20 have completed; how much of it was theirs."""
        me, mine = user(name), 0
        while Instance.objects.filter(status=InstanceStatus.COMPLETED).count() < 20:
            for item in WorkItem.objects.open().for_user(me)[:5]:
                answers = READINESS if item.flow == "demo.confirm_readiness" else preferences(item)
                try:
                    engine.complete_work_item(item, by=me, answers=answers, submission_key=f"{name}-{item.pk}")
                    mine += 1
                except Conflict:
                    continue
        return mine

    def people_at_work() -> list[Any]:
        try:
            with Crowd(4) as people:
                return people.at_once([partial(person, name) for name in ("hanna", "omar", "yuki", "marta")])
        finally:
            everybody_done.set()

    with Crowd(5) as crowd:
        *rest, done = crowd.at_once([work, work, work, tick, people_at_work])
    assert unexpected([*rest, done]) == []
    assert unexpected(done) == []
    jobs.drain()  # mails that were still to be delivered when the last instance ended

    assert sum(done) == 40
    assert broken() == []
    assert_each_got_everything_once(newcomers)


def assert_each_got_everything_once(newcomers: list[Employee]) -> None:
    everybody = sorted(newcomer.pk for newcomer in newcomers)
    for model in (ITTicket, ChatInvitation, BuildingAccess):
        assert sorted(model.objects.values_list("employee", flat=True)) == everybody, model
    assert sorted(ReviewTask.objects.values_list("employee", "after_days")) == [(pk, days) for pk in everybody for days in (30, 60, 90)]
    assert Submission.objects.count() == 2 * len(everybody)
    assert not Draft.objects.exists()
    steps = sum(len(stage["steps"]) for stage in ONBOARDING["stages"])
    assert Milestone.objects.filter(kind="step_completed").count() == steps * len(everybody)
    assert sorted(Effect.objects.values_list("status", "attempt")) == [("delivered", 1)] * len(everybody)


# One item, many hands ------------------------------------------------------------------------------------------------


def test_the_same_submission_sent_five_times_at_once_has_one_effect_and_five_successes(office: Building) -> None:  # R5.4
    hire(20, office)
    hanna = user("hanna")
    with Crowd(5) as crowd:
        for item in WorkItem.objects.open():
            deed = partial(engine.complete_work_item, item, by=hanna, answers=preferences(item), submission_key="one-click")
            outcomes = crowd.at_once([deed] * 5)
            assert {getattr(outcome, "pk", outcome) for outcome in outcomes} == {item.submission.pk}
    assert Submission.objects.count() == 20
    assert Milestone.objects.filter(kind="work_item_completed").count() == 20
    assert StepInstance.objects.ready().count() == 60
    assert broken() == []


def test_20_items_claimed_by_nine_people_at_once_have_one_owner_each(office: Building) -> None:  # R5.3
    hire(20, office)
    people = [user("hanna"), user("omar"), user("yuki")]
    for number in range(6):
        helper = User.objects.create_user(f"helper{number}", first_name="Helper", last_name=str(number))
        helper.groups.add(Group.objects.get(name="HR"))
        people.append(helper)
    with Crowd(len(people)) as crowd:
        for item in WorkItem.objects.open():
            outcomes = crowd.at_once([partial(engine.claim_work_item, item, by=person) for person in people])
            assert not unexpected(outcomes, Conflict)
            (owner,) = [person for person, outcome in zip(people, outcomes, strict=True) if isinstance(outcome, WorkItem)]
            item.refresh_from_db()
            assert item.claimed_by == owner
            assert all(owner.get_full_name() in outcome.message for outcome in outcomes if isinstance(outcome, Conflict))
    assert Milestone.objects.filter(kind="work_item_claimed").count() == 20
    assert broken() == []


def test_a_claim_and_a_submission_at_once_leave_one_of_the_two(office: Building) -> None:
    hire(20, office)
    hanna, omar = user("hanna"), user("omar")
    with Crowd(2) as crowd:
        for item in WorkItem.objects.open():
            submit = partial(engine.complete_work_item, item, by=hanna, answers=preferences(item), submission_key="hers")
            claimed, submitted = crowd.at_once([partial(engine.claim_work_item, item, by=omar), submit])
            assert {type(claimed), type(submitted)} in ({WorkItem, Conflict}, {Conflict, Submission})
            item.refresh_from_db()
            assert (item.claimed_by, item.completed_by) == ((omar, None) if isinstance(claimed, WorkItem) else (None, hanna))
    assert broken() == []


def test_a_step_is_claimed_once_however_many_workers_ask(office: Building) -> None:
    hire(20, office)
    for item in WorkItem.objects.open():
        engine.complete_work_item(item, by=user("hanna"), answers=preferences(item), submission_key="x")
    claims: list[engine.Claim] = []
    with Crowd(8) as crowd:
        while any(found := crowd.at_once([engine.claim_step] * 8)):
            assert not unexpected(found)
            claims += filter(None, found)
    assert len({claim.step_id for claim in claims}) == len({claim.token for claim in claims}) == len(claims) == 60
    assert set(StepInstance.objects.exclude(token="").values_list("attempt", flat=True)) == {1}


# An attempt that comes back too late ---------------------------------------------------------------------------------


def stale_claim(office: Building) -> engine.Claim:
    """An attempt at the IT ticket whose lease has ended and whose step was taken up again, as the ticker does."""
    hire(1, office)
    item = WorkItem.objects.open().get()
    engine.complete_work_item(item, by=user("hanna"), answers=preferences(item), submission_key="x")
    (claims,) = claim_all().values()
    for claim in claims[1:]:
        engine.run_step(claim)
    assert flow_of(claims[0]) == "demo.create_it_ticket"
    with clock.moved(timedelta(seconds=conf.LEASE_SECONDS + 1)):
        jobs.tick()
    return claims[0]


def flow_of(claim: engine.Claim) -> str:
    return StepInstance.objects.get(pk=claim.step_id).step.flow


def second_claim() -> engine.Claim:
    with clock.moved(timedelta(hours=1)):  # whatever the back-off was
        claim = engine.claim_step()
    assert claim
    return claim


def test_a_superseded_attempt_that_comes_back_after_the_second_one_has_finished_leaves_nothing(office: Building) -> None:  # R4.2
    first = stale_claim(office)
    engine.run_step(second_claim())
    with pytest.raises(Stale):
        engine.run_step(first)
    assert ITTicket.objects.count() == 1
    assert StepInstance.objects.get(pk=first.step_id).attempt == 2
    assert Milestone.objects.filter(kind="attempt_lost").count() == 1
    assert WorkItem.objects.open().get().flow == "demo.confirm_readiness"
    assert broken() == []


@pytest.mark.parametrize("taken_up", [False, True])
def test_a_superseded_attempt_that_comes_back_before_the_second_one_has_finished_leaves_nothing(office: Building, taken_up: bool) -> None:
    first = stale_claim(office)
    second = second_claim() if taken_up else None
    with pytest.raises(Stale):
        engine.run_step(first)
    engine.fail_step(first, RuntimeError("too late to complain"))
    assert ITTicket.objects.count() == 0
    assert broken() == []
    engine.run_step(second or second_claim())
    assert ITTicket.objects.count() == 1
    assert Milestone.objects.filter(kind="attempt_failed").count() == 0
    assert broken() == []


def test_a_worker_that_dies_three_times_over_a_step_ends_it_in_error(office: Building) -> None:  # R4.6
    stale_claim(office)
    for attempt in (2, 3):
        with clock.moved(attempt * timedelta(hours=1)):
            assert engine.claim_step()
        with clock.moved(attempt * timedelta(hours=1) + timedelta(seconds=conf.LEASE_SECONDS + 1)):
            jobs.tick()
    step = StepInstance.objects.get(step__api_name="it_ticket")
    assert (step.status, step.attempt, step.error["type"]) == (StepStatus.ERROR, 3, "worker_lost")
    assert step.instance.status == InstanceStatus.ERROR
    with clock.moved(timedelta(days=1)):
        assert engine.claim_step() is None
    assert broken() == []


# PostgreSQL: what a database with one write lock cannot show ---------------------------------------------------------

meeting = threading.Barrier(1)
"""Where the form and the background step of one instance meet, both inside their transactions and before their writes."""


class TitleScreen(Screen):
    title = "Title"
    job_title = forms.CharField()


@screen_flow(screens=[TitleScreen], changes_record=True, as_system=True)
def write_title(context: Context, answers: dict[str, Any]) -> dict[str, Any]:
    meeting.wait(30)
    context.record.job_title = answers["job_title"]
    context.record.save(update_fields=["job_title"])
    return {"title": answers["job_title"]}


@autolaunched_flow
def write_department(context: Context) -> dict[str, Any]:
    meeting.wait(30)
    context.record.department = "Written by a worker"
    context.record.save(update_fields=["department"])
    return {"department": context.record.department}


BOTH_WRITE = {
    "orchestration": {
        "api_name": "both_write",
        "label": "Both write",
        "description": "",
        "start_type": "autolaunched",
        "record_model": "demo.employee",
        "one_live_per_record": True,
    },
    "stages": [
        {
            "api_name": "written",
            "label": "Written",
            "steps": [
                {
                    "api_name": "title",
                    "label": "Title",
                    "kind": "interactive",
                    "flow": "test_races.write_title",
                    "assignee": {"user": "hanna"},
                },
                {"api_name": "department", "label": "Department", "kind": "background", "flow": "test_races.write_department"},
            ],
        }
    ],
}


def both_write(number: int, office: Building) -> list[tuple[Employee, WorkItem, engine.Claim]]:
    """Instances whose form and whose background step write the same record; each with its open item and its claim."""
    access.grant("orchestration.run_flow", Group.objects.get(name="HR"))
    employees = hire(number, office)
    builder.activate(builder.load(BOTH_WRITE))
    found = []
    for employee in employees:
        instance = engine.start("both_write", record=employee)
        claim = engine.claim_step()
        assert claim
        assert claim.instance_id == instance.pk
        found.append((employee, instance.work_items.get(), claim))
    return found


@pytest.mark.postgresql
def test_a_form_and_a_background_step_that_write_one_record_200_times_never_deadlock(
    office: Building, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.test_races.meeting", threading.Barrier(2))
    hanna = user("hanna")
    with Crowd(2) as crowd:
        for employee, item, claim in both_write(200, office):
            answers = {"job_title": [f"Title {item.pk}"]}
            submit = partial(engine.complete_work_item, item, by=hanna, answers=answers, submission_key="x")
            outcomes = crowd.at_once([submit, partial(engine.run_step, claim)])
            assert unexpected(outcomes) == []
            employee.refresh_from_db()
            assert (employee.job_title, employee.department) == (f"Title {item.pk}", "Written by a worker")
    assert set(Instance.objects.filter(orchestration__api_name="both_write").values_list("status", flat=True)) == {InstanceStatus.COMPLETED}
    assert broken() == []


@pytest.mark.postgresql
def test_with_the_instance_locked_before_the_record_they_would_deadlock(office: Building, monkeypatch: pytest.MonkeyPatch) -> None:
    """The lock order turned round in the form alone: the test above could then fail, so it is a judge of the order."""
    ((employee, item, claim),) = both_write(1, office)
    the_step_has_the_record, the_form_has_the_instance = threading.Event(), threading.Event()

    def write_record_then_instance() -> None:
        with transaction.atomic():
            Employee.objects.filter(pk=employee.pk).update(department="Worker")
            the_step_has_the_record.set()
            the_form_has_the_instance.wait(30)
            engine.finish_step(claim, engine.runner.Result({}, ()))

    def write_instance_then_record() -> None:
        with transaction.atomic():
            Instance.objects.locked(item.instance_id)
            the_form_has_the_instance.set()
            the_step_has_the_record.wait(30)
            Employee.objects.filter(pk=employee.pk).update(job_title="Form")

    with Crowd(2) as crowd:
        outcomes = crowd.at_once([write_record_then_instance, write_instance_then_record])
    (victim,) = filter(None, outcomes)  # the database chooses which of the two; a step that could not finish says that the instance is busy
    assert "deadlock" in str(victim.__cause__ if isinstance(victim, Busy) else victim)


@pytest.mark.postgresql
def test_without_the_lock_on_the_instance_the_last_two_finishes_would_miss_each_other(
    office: Building, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lock taken away, and both attempts held between their own move and the look at the others'."""
    hire(1, office)
    item = WorkItem.objects.open().get()
    engine.complete_work_item(item, by=user("hanna"), answers=preferences(item), submission_key="x")
    (claims,) = claim_all().values()
    engine.run_step(claims[0])
    both_have_moved, look = threading.Barrier(2), claiming._steps_in

    def look_together(stage: StageInstance) -> list[StepInstance]:
        both_have_moved.wait(30)
        return look(stage)

    with monkeypatch.context() as unguarded, Crowd(2) as crowd:
        assert claiming.FINISH.count(" FOR NO KEY UPDATE") == 1
        unguarded.setattr(claiming, "FINISH", claiming.FINISH.replace(" FOR NO KEY UPDATE", ""))
        unguarded.setattr(claiming, "_steps_in", look_together)
        assert crowd.at_once([partial(engine.run_step, claim) for claim in claims[1:]]) == [None, None]
    assert [sentence for sentence in broken() if "no reason to move" in sentence]
    engine.settle(item.instance_id)  # level-triggered: asking again repairs even that (R3.1)
    assert broken() == []
    assert WorkItem.objects.open().get().flow == "demo.confirm_readiness"


@pytest.mark.postgresql
def test_an_attempt_frozen_inside_its_transaction_stops_neither_its_successor_nor_the_others(office: Building) -> None:
    first = stale_claim(office)
    written, go_on = threading.Event(), threading.Event()

    def frozen() -> None:
        with transaction.atomic():
            ITTicket.objects.create(employee=Employee.objects.get(), summary="from the frozen attempt", created_at=clock.now())
            written.set()
            assert go_on.wait(30)
            engine.finish_step(first, engine.runner.Result({}, ()))

    def successor() -> None:
        assert written.wait(30)
        try:
            engine.run_step(second_claim())
        finally:
            go_on.set()

    with Crowd(2) as crowd:
        late, done = crowd.at_once([frozen, successor])
    assert (type(late), done) == (Stale, None)
    assert ITTicket.objects.get().summary != "from the frozen attempt"
    assert broken() == []


@pytest.mark.postgresql
def test_a_worker_frozen_over_a_start_does_not_keep_others_from_starting_and_working(
    office: Building, caplog: pytest.LogCaptureFixture
) -> None:
    hire(1, office)
    (item,) = WorkItem.objects.open()
    engine.complete_work_item(item, by=user("hanna"), answers=preferences(item), submission_key="x")
    columns = {"manager": user("marta"), "building": office, "start_date": timezone.localdate(), "email": "x@segue.example"}
    frozen_over, later = (Employee.objects.create(name=name, **columns) for name in ("Frozen Over", "Later"))
    has_it, go_on = threading.Event(), threading.Event()

    def frozen() -> None:
        with transaction.atomic():
            StartRequest.objects.select_for_update().get(record_id=str(frozen_over.pk))
            has_it.set()
            assert go_on.wait(60)

    def works() -> None:
        assert has_it.wait(30)
        try:
            jobs.drain()
        finally:
            go_on.set()

    with Crowd(2) as crowd:
        assert crowd.at_once([frozen, works]) == [None, None]
    assert Instance.objects.for_record(later).exists()
    assert ITTicket.objects.count() == 1
    assert "has to wait" not in caplog.text, "the worker waited for the lock until it timed out"
    jobs.drain()
    assert Instance.objects.for_record(frozen_over).exists()


@pytest.mark.postgresql
def test_a_worker_frozen_over_a_finish_does_not_keep_the_ticker_from_rescuing_others(
    office: Building, caplog: pytest.LogCaptureFixture
) -> None:
    hire(2, office)
    for item in WorkItem.objects.open():
        engine.complete_work_item(item, by=user("hanna"), answers=preferences(item), submission_key="x")
    claim_all()
    frozen_over, other = Instance.objects.order_by("pk")
    has_it, go_on = threading.Event(), threading.Event()

    def frozen() -> None:
        with transaction.atomic():
            Instance.objects.locked(frozen_over.pk)
            has_it.set()
            assert go_on.wait(60)

    def ticks() -> None:
        assert has_it.wait(30)
        try:
            with clock.moved(timedelta(seconds=conf.LEASE_SECONDS + 1)):
                jobs.tick()
        finally:
            go_on.set()

    with Crowd(2) as crowd:
        assert crowd.at_once([frozen, ticks]) == [None, None]
    assert other.step_instances.filter(ready_at__isnull=False).count() == 3
    assert frozen_over.step_instances.exclude(token="").count() == 3
    assert "could not be rescued" not in caplog.text, "the ticker waited for the lock until it timed out"
    with clock.moved(timedelta(seconds=conf.LEASE_SECONDS + 1)):
        jobs.tick()
    assert frozen_over.step_instances.filter(ready_at__isnull=False).count() == 3
    assert broken() == []


@autolaunched_flow
def lose_connection(context: Context) -> None:
    Building.objects.create(name=f"Attempt {context.attempt}")
    if context.attempt == 1:
        with connections["default"].cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")


@pytest.mark.postgresql
def test_a_worker_whose_database_session_is_cut_off_tries_the_step_again(office: Building) -> None:
    step = {"api_name": "cut", "label": "Cut", "kind": "background", "flow": "test_races.lose_connection"}
    head = {"api_name": "cut", "label": "Cut", "start_type": "autolaunched"}
    builder.activate(builder.load({"orchestration": head, "stages": [{"api_name": "cut", "label": "Cut", "steps": [step]}]}))
    instance = engine.start("cut")
    with Crowd(1) as crowd:
        assert crowd.at_once([jobs.drain]) == [None]
    assert (instance.step_instances.get().attempt, Building.objects.filter(name__startswith="Attempt").count()) == (1, 0)
    with clock.moved(timedelta(hours=1)):
        jobs.drain()
    instance.refresh_from_db()
    assert instance.status == InstanceStatus.COMPLETED
    assert Building.objects.get(name__startswith="Attempt").name == "Attempt 2"
    assert broken() == []


def test_a_database_that_is_busy_for_a_moment_loses_no_start(office: Building, monkeypatch: pytest.MonkeyPatch) -> None:  # R2.2
    def too_busy(request_id: int) -> bool:
        raise OperationalError("database is locked")

    Employee.objects.create(name="Ada", manager=user("marta"), building=office, start_date=timezone.localdate(), email="ada@segue.example")
    with monkeypatch.context() as busy:
        busy.setattr(engine, "take_up_start", too_busy)
        jobs.drain()
    assert not Instance.objects.exists()
    jobs.drain()
    assert Instance.objects.get().record_label == "Ada"


def test_no_connection_is_left_behind() -> None:
    """A crowd closes what its threads opened; a test database with guests could not be dropped."""
    with Crowd(3) as crowd:
        crowd.at_once([Instance.objects.count] * 3)
        inside = crowd.at_once([lambda: connections["default"].connection is not None] * 3)
    assert inside == [True] * 3
