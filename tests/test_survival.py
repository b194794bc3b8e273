"""The real processes, mistreated: whatever is killed, frozen or wiped, the onboarding completes and nothing is made twice."""

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError, connections

from demo.models import BuildingAccess, ChatInvitation, ITTicket, ReviewTask
from orchestration.invariants import broken
from tests.newcomers import Newcomer
from tests.processes import Product, Visitor, wait_for

pytestmark = [
    pytest.mark.proof,
    pytest.mark.skipif(sys.platform != "linux", reason="finds the processes of a worker in Linux's /proc"),
]

LEASE_SECONDS = 4
WORKERS = ("worker-1", "worker-2")
MADE = {ITTicket: 1, ChatInvitation: 1, BuildingAccess: 1, ReviewTask: 3}


@pytest.fixture(scope="module")
def module_product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    product = Product(
        tmp_path_factory.mktemp("survivor"), ORCHESTRATION_LEASE_SECONDS=str(LEASE_SECONDS), ORCHESTRATION_RETRY_SECONDS="0.5"
    )
    product.start()
    yield product
    product.stop()


@pytest.fixture
def product(module_product: Product, django_db_blocker: Any) -> Iterator[Product]:
    with django_db_blocker.unblock():
        module_product.queue_server.wait()
        yield module_product


def assert_welcomed_once(newcomer: Newcomer) -> None:
    """The onboarding completes, with one of each thing that it makes."""
    product = newcomer.product
    wait_for(f"the onboarding of {newcomer.name} to complete", newcomer.is_completed)
    made = {model: model.objects.using(product.database).filter(employee=newcomer.pk) for model in MADE}
    assert {model.__name__: rows.count() for model, rows in made.items()} == {model.__name__: number for model, number in MADE.items()}
    assert sorted(made[ReviewTask].values_list("after_days", flat=True)) == [30, 60, 90]
    wait_for(f"the mail to {newcomer.email}", lambda: product.mails_to(newcomer.email))
    assert len(product.mails_to(newcomer.email)) == 1
    assert newcomer.milestones("step_completed") == 7
    assert broken(product.database) == []


@pytest.fixture
def hanna(product: Product) -> Visitor:
    return product.visitor("hanna")


class Brake:
    """While it is pulled, a trigger keeps each insert of an IT ticket busy inside its transaction for some seconds."""

    POSTGRESQL = (
        "CREATE TABLE brake (pulled integer)",
        """CREATE FUNCTION brake() RETURNS trigger AS $$ BEGIN
            IF EXISTS (SELECT 1 FROM brake) THEN PERFORM pg_sleep(12); END IF; RETURN NEW; END $$ LANGUAGE plpgsql""",
        "CREATE TRIGGER brake BEFORE INSERT ON demo_itticket FOR EACH ROW EXECUTE FUNCTION brake()",
    )
    SQLITE = (
        "CREATE TABLE brake (pulled integer)",
        """CREATE TRIGGER brake BEFORE INSERT ON demo_itticket WHEN EXISTS (SELECT 1 FROM brake) BEGIN SELECT count(*) FROM
            (WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 15000000) SELECT x FROM n); END""",
    )

    def __init__(self, product: Product) -> None:
        self._connection = connections[product.database]
        for statement in self.POSTGRESQL if self._is_postgresql else self.SQLITE:
            self._execute(statement)

    @contextmanager
    def pulled(self) -> Iterator[None]:
        """Inside the block whoever makes an IT ticket is stuck in the middle of it."""
        self._forgotten = self._asleep()  # sessions whose worker was killed sleep on for a while
        self._execute("INSERT INTO brake VALUES (1)")
        try:
            yield
        finally:
            self._execute("DELETE FROM brake")

    def holds_somebody(self) -> bool:
        """Whether a worker is inside its flow's transaction right now."""
        if self._is_postgresql:
            return bool(self._asleep() - self._forgotten)
        try:
            self._execute("PRAGMA busy_timeout = 0")
            self._execute("BEGIN IMMEDIATE")
            self._execute("ROLLBACK")
        except OperationalError:
            return True
        finally:
            self._execute("PRAGMA busy_timeout = 20000")
        return False

    @property
    def _is_postgresql(self) -> bool:
        return self._connection.vendor == "postgresql"

    def _execute(self, statement: str) -> None:
        with self._connection.cursor() as cursor:
            cursor.execute(statement)

    def _asleep(self) -> set[int]:
        if not self._is_postgresql:
            return set()
        with self._connection.cursor() as cursor:
            cursor.execute("SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'")
            return {pid for (pid,) in cursor.fetchall()}


@pytest.fixture(scope="module")
def module_brake(module_product: Product, django_db_blocker: Any) -> Brake:
    with django_db_blocker.unblock():
        return Brake(module_product)


@pytest.fixture
def brake(module_brake: Brake, product: Product) -> Brake:
    return module_brake


# Workers -------------------------------------------------------------------------------------------------------------


def test_workers_killed_with_all_their_processes_in_the_middle_of_a_step(product: Product, hanna: Visitor, brake: Brake) -> None:
    newcomer = Newcomer(product, hanna, "Killed Withall")
    with brake.pulled():
        newcomer.collect_preferences()
        wait_for("a worker to be inside the flow", lambda: newcomer.step("it_ticket").token and brake.holds_somebody())
        product.kill(*WORKERS)
    newcomer.confirm_readiness()
    assert_welcomed_once(newcomer)
    assert newcomer.step("it_ticket").attempt == 2
    assert newcomer.milestones("attempt_lost") >= 1


def test_workers_killed_while_their_orphans_live_on(product: Product, hanna: Visitor, brake: Brake) -> None:
    newcomer = Newcomer(product, hanna, "Orphan Annie")
    with brake.pulled():
        newcomer.collect_preferences()
        wait_for("a worker to be inside the flow", lambda: newcomer.step("it_ticket").token and brake.holds_somebody())
        orphans = product.kill(*WORKERS, with_children=False)
        assert orphans
    newcomer.confirm_readiness()
    wait_for("the orphans to end", lambda: not any(is_alive(pid) for pid in orphans))
    assert_welcomed_once(newcomer)


@pytest.mark.postgresql  # with one write lock for all, everybody waits for a frozen writer: accepted there
def test_a_worker_frozen_beyond_its_lease_comes_back_too_late(product: Product, hanna: Visitor, brake: Brake) -> None:
    newcomer = Newcomer(product, hanna, "Frozen Stiff")
    with brake.pulled():
        newcomer.collect_preferences()
        wait_for("a worker to be inside the flow", lambda: newcomer.step("it_ticket").token and brake.holds_somebody())
        for other in ("chat_invitation", "building_access"):  # nobody is frozen with the instance's lock in hand
            wait_for(other, lambda other=other: newcomer.step(other).status == "completed")
        frozen = product.processes(*WORKERS)
        send(signal.SIGSTOP, frozen)
    try:
        wait_for("the ticker to give the step up", lambda: newcomer.milestones("attempt_lost"))
    finally:
        send(signal.SIGCONT, frozen)
    newcomer.confirm_readiness()
    wait_for("the late attempt to come back", lambda: not brake.holds_somebody())
    assert_welcomed_once(newcomer)
    assert newcomer.step("it_ticket").attempt >= 2


def send(number: signal.Signals, pids: list[int]) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):  # the fork of a job that has just ended
            os.kill(pid, number)


# The queue server ----------------------------------------------------------------------------------------------------


def test_the_queue_server_frozen_for_ten_seconds(product: Product, hanna: Visitor) -> None:
    before = Newcomer(product, hanna, "Before Outage")
    before.item("collect_preferences")
    workers = [product.pids[name] for name in WORKERS]
    back_at = time.monotonic() + 10
    with product.queue_server.frozen():
        during = Newcomer(product, hanna, "During Outage")  # a save succeeds
        before.collect_preferences()  # and so does a completion
        assert hanna.get(during.address)[0] == hanna.get("/inbox/")[0] == 200
        time.sleep(max(0.0, back_at - time.monotonic()))
    during.collect_preferences()
    for newcomer in (before, during):
        newcomer.confirm_readiness()
        assert_welcomed_once(newcomer)
    assert [product.pids[name] for name in WORKERS] == workers


def test_the_queue_server_killed_while_a_worker_is_busy(product: Product, hanna: Visitor, brake: Brake) -> None:
    before = Newcomer(product, hanna, "Before Crash")
    workers = [product.pids[name] for name in WORKERS]
    with brake.pulled():
        before.collect_preferences()
        wait_for("a worker to be inside the flow", lambda: before.step("it_ticket").token and brake.holds_somebody())
        product.queue_server.kill()
    during = Newcomer(product, hanna, "During Crash")
    wait_for("the flow to end", lambda: not brake.holds_somebody())
    product.queue_server.start_again()
    during.collect_preferences()
    for newcomer in (before, during):
        newcomer.confirm_readiness()
        assert_welcomed_once(newcomer)
    assert [product.pids[name] for name in WORKERS] == workers, "a worker waits for its queue server, and does not end"


def test_the_queue_server_wiped_again_and_again(product: Product, hanna: Visitor) -> None:
    enough = threading.Event()
    wipes = []

    def wipe() -> None:
        while not enough.wait(0.1):
            product.queue_server.wipe()
            wipes.append(1)

    wiper = threading.Thread(target=wipe)
    wiper.start()
    try:
        newcomers = [Newcomer(product, hanna, f"Wiped Out {number}") for number in (1, 2, 3)]
        for newcomer in newcomers:
            newcomer.collect_preferences()
        for newcomer in newcomers:
            newcomer.confirm_readiness()
        for newcomer in newcomers:
            assert_welcomed_once(newcomer)
    finally:
        enough.set()
        wiper.join()
    assert len(wipes) >= 3


# All of it -----------------------------------------------------------------------------------------------------------


def test_a_worker_killed_in_provision_then_ten_seconds_without_queue_server_which_comes_back_empty(
    product: Product, hanna: Visitor, brake: Brake
) -> None:
    newcomer = Newcomer(product, hanna, "Job Everything")
    back_at = time.monotonic() + 10
    with brake.pulled():
        newcomer.collect_preferences()
        wait_for("a worker to be inside the flow", lambda: newcomer.step("it_ticket").token and brake.holds_somebody())
        product.kill(*WORKERS)
    with product.queue_server.frozen():
        time.sleep(max(0.0, back_at - time.monotonic()))
    product.queue_server.wipe()
    newcomer.confirm_readiness()
    assert_welcomed_once(newcomer)


def test_every_process_killed_at_once(product: Product, hanna: Visitor, brake: Brake) -> None:
    newcomer = Newcomer(product, hanna, "Phoenix Ash")
    with brake.pulled():
        newcomer.collect_preferences()
        wait_for("a worker to be inside the flow", lambda: newcomer.step("it_ticket").token and brake.holds_somebody())
        product.kill(*product.pids)
    wait_for("the site to answer", product.answers)
    newcomer.confirm_readiness()
    assert_welcomed_once(newcomer)


def is_alive(pid: int) -> bool:
    try:
        return (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
