"""Guards that nothing else shows at work, one deterministic test each: somebody is quicker at exactly the wrong moment."""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, OperationalError, connection, transaction

from demo.models import Building
from orchestration import clock, conf, effects, engine, failpoints
from orchestration.errors import Conflict, NotAllowed
from orchestration.invariants import broken
from orchestration.models import Effect, Instance, StartRequest, StepInstance, Submission
from orchestration.models.instances import StepInstanceQuerySet
from orchestration.models.outbox import EffectKind
from orchestration.states import EffectStatus, StartOutcome
from tests import flows, stories
from tests.cast import Cast
from tests.processes import wait_for
from tests.stories import active, background, drain, later
from tests.together import Crowd


@pytest.fixture
def cast(db: None) -> Cast:
    return Cast()


# Asked again under the lock ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("meanwhile", ["the person was deactivated", "a colleague completed it"])
def test_what_happened_while_the_form_was_being_checked_is_seen(cast: Cast, monkeypatch: pytest.MonkeyPatch, meanwhile: str) -> None:
    """R5.4 R5.5: the first look was in time, the one under the lock is not."""
    employee = stories.hired(cast)
    item, run_screens = stories.item_of(employee), engine.runner.run_screens

    def slow(*arguments: Any) -> Any:
        result = run_screens(*arguments)
        monkeypatch.setattr(engine.runner, "run_screens", run_screens)
        if meanwhile == "a colleague completed it":
            stories.complete(item, cast.omar, stories.preferences(employee))
        else:
            type(cast.hanna).objects.filter(pk=cast.hanna.pk).update(is_active=False)
            cast.hanna.is_active = False
        return result

    monkeypatch.setattr(engine.runner, "run_screens", slow)
    with pytest.raises(Conflict if meanwhile == "a colleague completed it" else NotAllowed):
        stories.complete(item, cast.hanna, stories.preferences(employee))
    assert not Submission.objects.exists()


# Said by the database ------------------------------------------------------------------------------------------------


def test_two_calls_with_one_key_make_one_instance(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:  # R2.4
    """The second call comes between the first one's look for the key and its insert."""
    active([background("note", "tests.note")])
    accepted = engine.values.accepted
    quicker = []

    def overtaken(*arguments: Any) -> Any:
        monkeypatch.setattr(engine.values, "accepted", accepted)
        quicker.append(engine.start("trial", key="order-7"))
        return accepted(*arguments)

    monkeypatch.setattr(engine.values, "accepted", overtaken)
    assert [engine.start("trial", key="order-7")] == quicker
    assert Instance.objects.filter(orchestration__api_name="trial").count() == 1
    flows.calls.clear()
    drain()
    assert len(flows.calls) == 1


def test_a_work_item_has_one_submission(cast: Cast) -> None:  # R5.4
    employee = stories.hired(cast)
    first = stories.complete(stories.item_of(employee), cast.hanna, stories.preferences(employee))
    with pytest.raises(IntegrityError), transaction.atomic():
        Submission.objects.create(work_item=first.work_item, key="another", user=cast.omar)


# What comes too late -------------------------------------------------------------------------------------------------


def test_a_start_that_fails_after_its_commit_is_not_refused(cast: Cast) -> None:  # R2.2
    stories.hire(cast)
    with failpoints.armed("start.committed", _fail):
        drain()
    assert StartRequest.objects.get().outcome == StartOutcome.STARTED


def test_a_late_failure_does_not_send_a_delivered_mail_again(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:  # R4.3
    active([background("tell", "tests.mail_somebody", inputs={"to": {"value": "a@b.example"}})])
    engine.start("trial")
    claim = engine.claim_step()
    assert claim
    engine.run_step(claim)
    send = effects._send_mail

    def slow(effect: Effect) -> None:
        monkeypatch.setitem(effects.SENDERS, EffectKind.MAIL, send)
        with later(seconds=conf.EFFECT_LEASE_SECONDS + 1):
            assert effects.deliver_next()
        raise ConnectionResetError("the mail server took too long")

    monkeypatch.setitem(effects.SENDERS, EffectKind.MAIL, slow)
    assert effects.deliver_next()
    effect = Effect.objects.get()
    assert (effect.status, effect.attempt, effect.error) == (EffectStatus.DELIVERED, 2, "")


# Held back by nobody -------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_who_has_read_may_still_write_whoever_wants_to_write_meanwhile() -> None:
    """SQLite: a transaction that took no write lock when it began would fail at its first write, without waiting."""
    building = Building.objects.get_or_create(name="Headquarters")[0]
    other = Building.objects.create(name="Annex")

    def impatient() -> None:
        if connection.vendor == "sqlite":
            with connection.cursor() as cursor:
                cursor.execute("PRAGMA busy_timeout = 0")
        Building.objects.filter(pk=other.pk).update(has_badge_system=False)

    with Crowd(1) as crowd, transaction.atomic():
        assert Building.objects.get(pk=building.pk).has_badge_system
        (outcome,) = crowd.at_once([impatient])
        Building.objects.filter(pk=building.pk).update(has_badge_system=False)
    assert outcome is None or isinstance(outcome, OperationalError)
    assert not Building.objects.get(pk=building.pk).has_badge_system


def three_ready_steps() -> Instance:
    """An instance with three steps that a worker may claim."""
    people = Cast()
    employee = stories.hired(people)
    stories.complete(stories.item_of(employee), people.hanna, stories.preferences(employee))
    assert StepInstance.objects.ready().count() == 3
    return stories.instance_of(employee)


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_a_worker_frozen_over_a_claim_does_not_keep_others_from_claiming() -> None:
    three_ready_steps()
    has_it, go_on = threading.Event(), threading.Event()

    def freeze() -> None:
        has_it.set()
        assert go_on.wait(10)

    def others() -> list[engine.Claim | None]:
        assert has_it.wait(30)
        try:
            with connection.cursor() as cursor:
                cursor.execute("SET lock_timeout = '300ms'")
            return [engine.claim_step() for _ in range(3)]
        finally:
            go_on.set()

    with failpoints.armed("claim.before_commit", freeze), Crowd(2) as crowd:
        frozen, others_have = crowd.at_once([engine.claim_step, others])
    assert isinstance(frozen, engine.Claim)
    *two, nothing = others_have
    assert len({claim.step_id for claim in (frozen, *two)}) == 3
    assert nothing is None


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_the_last_two_steps_of_a_stage_do_not_miss_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each is held after its own move, until the other is as far, or waits for the lock that keeps it from getting there."""
    instance = three_ready_steps()
    claims = [engine.claim_step() for _ in range(3)]
    assert claims[0]
    engine.run_step(claims[0])
    arrived: list[int] = []

    def reach(place: str) -> None:
        if place == "finish.settled":
            arrived.append(1)
            wait_for("the other one", lambda: len(arrived) == 2 or somebody_waits_for_a_lock())

    monkeypatch.setattr(failpoints, "reach", reach)
    with Crowd(2) as crowd:
        assert crowd.at_once([_running(claim) for claim in claims[1:]]) == [None, None]
    assert instance.work_items.open().get().flow == "demo.confirm_readiness"
    assert broken() == []


def somebody_waits_for_a_lock() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock')")
        return bool(cursor.fetchone()[0])


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("session_is_lost", [False, True])
def test_a_step_that_takes_long_keeps_its_lease(settings: Any, monkeypatch: pytest.MonkeyPatch, session_is_lost: bool) -> None:  # R4.6
    three_ready_steps()
    claim = engine.claim_step()
    assert claim
    settings.ORCHESTRATION_LEASE_SECONDS = 0.3
    StepInstance.objects.filter(pk=claim.step_id).update(lease_until=clock.now() - timedelta(seconds=1))
    heartbeat, update, lost = engine.Heartbeat(), StepInstanceQuerySet.update, []

    def lose_the_first(rows: StepInstanceQuerySet, **columns: Any) -> int:
        if session_is_lost and not lost and threading.current_thread() is heartbeat._thread:
            lost.append(True)
            raise OperationalError("the connection is closed")
        return update(rows, **columns)

    monkeypatch.setattr(StepInstanceQuerySet, "update", lose_the_first)
    with heartbeat:
        heartbeat.at(claim)
        wait_for("a beat", lambda: not StepInstance.objects.lease_expired().exists(), patience=10)
    heartbeat._thread.join(10)  # and closes its connection
    assert bool(lost) == session_is_lost


def _running(claim: engine.Claim | None) -> Callable[[], Any]:
    assert claim
    return lambda: engine.run_step(claim)


def _fail() -> None:
    raise RuntimeError("too late")
