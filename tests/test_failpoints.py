"""A process dies, fails or freezes at each named place of the engine, in turn: others go on, and every effect is there exactly once."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import redis
from django.db import OperationalError, connection, connections
from django.utils.crypto import get_random_string

from chaos.nursery import STOPPED, Nursery
from demo.models import BuildingAccess, ChatInvitation, Employee, ITTicket, ReviewTask
from orchestration import conf, engine, failpoints, jobs
from orchestration.errors import Busy
from orchestration.invariants import broken
from orchestration.models import Effect, Instance, Milestone, Orchestration, StartRequest, StepInstance, Submission, WorkItem
from orchestration.states import EffectStatus, InstanceStatus, StartOutcome
from tests import stories
from tests.cast import Cast
from tests.stories import later

pytestmark = [
    pytest.mark.proof,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(sys.platform != "linux", reason="finds the processes of a session in Linux's /proc"),
]

ROOT = Path(__file__).resolve().parent.parent
ABSENT = "unix:///nowhere/queue-server.sock"
MADE = {ITTicket: 1, ChatInvitation: 1, BuildingAccess: 1, ReviewTask: 3}

INSIDE_A_TRANSACTION = (
    *("start.before_commit", "claim.before_commit", "flow.done", "finish.locked", "finish.step_done", "finish.settled"),
    "item.before_commit",
)
HOLDS_AN_ATTEMPT = ("claim.committed", "flow.done", "finish.locked", "finish.step_done", "finish.settled")

NOTHING = {"instances": 1, "attempts": 0, "completed": 0, "made": 0, "submissions": 0, "sent": 0, "lost": 0}
LEFT_BEHIND = {
    "start.before_commit": NOTHING | {"instances": 0},
    "start.committed": NOTHING,
    "item.before_commit": NOTHING,
    "item.committed": NOTHING | {"submissions": 1},
    "claim.before_commit": NOTHING | {"submissions": 1},
    "claim.committed": NOTHING | {"submissions": 1, "attempts": 1},
    "flow.done": NOTHING | {"submissions": 1, "attempts": 1},
    "finish.locked": NOTHING | {"submissions": 1, "attempts": 1},
    "finish.step_done": NOTHING | {"submissions": 1, "attempts": 1},
    "finish.settled": NOTHING | {"submissions": 1, "attempts": 1},
    "finish.committed": NOTHING | {"submissions": 1, "attempts": 2, "completed": 1, "made": 1},
    "tick.rescued": NOTHING | {"submissions": 1, "attempts": 2, "lost": 1},
    "effect.claimed": NOTHING | {"submissions": 2, "attempts": 5, "completed": 5, "made": 6},
    "effect.sent": NOTHING | {"submissions": 2, "attempts": 5, "completed": 5, "made": 6, "sent": 1},
}
"""What others see at the moment at which a process dies there: all of what it committed, and nothing of what it had not."""


@pytest.fixture(scope="module")
def mail_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("mail")


@pytest.fixture(scope="module")
def environment(django_db_setup: None, mail_folder: Path) -> dict[str, str]:
    """For processes that work in the tests' database, can send mail, and find no queue server."""
    name = str(connection.settings_dict["NAME"])
    url = f"sqlite:///{name}" if connection.vendor == "sqlite" else urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}").geturl()
    return os.environ | {
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "DATABASE_URL": url,
        "REDIS_URL": ABSENT,
        "EMAIL_URL": f"file://{mail_folder}",
        "SEGUE_DATA_DIR": str(mail_folder.parent),
    }


@pytest.fixture(scope="module")
def nursery(environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nursery]:
    with Nursery(environment, tmp_path_factory.mktemp("nursery") / "said") as ours:
        yield ours


class Onboarding:
    """A newcomer's onboarding, up to the moment at which a process comes by a place."""

    def __init__(self, cast: Cast, mail_folder: Path, queue_server: redis.Redis) -> None:
        self.cast, self._mail_folder, self._queue_server = cast, mail_folder, queue_server
        self.email = f"{get_random_string(12).lower()}@segue.example"

    def until(self, place: str) -> None:
        """Bring it there: what comes next is what passes `place`."""
        self.employee: Employee = stories.hire(self.cast, email=self.email)
        if place.startswith("start."):
            return
        stories.drain()
        if place.startswith("item."):
            return
        self._complete_item()
        if place == "tick.rescued":
            assert engine.claim_step()
            assert engine.claim_step()
        if place.startswith("effect."):
            stories.drain()
            self._complete_item()

    def pass_by(self, place: str, nursery: Nursery, failpoint: str) -> int:
        """A process of its own does what comes next, with a failpoint armed. Its number."""
        if place.startswith("item."):
            item = stories.item_of(self.employee)
            answers = stories.preferences(self.employee)
            return nursery.fork("tests.deeds:complete", item.pk, "hanna", answers, "hers", failpoint=failpoint)
        if place == "tick.rescued":
            return nursery.fork("tests.deeds:tick", conf.LEASE_SECONDS + 1, failpoint=failpoint)
        return nursery.fork("tests.deeds:drain", failpoint=failpoint)

    def goes_on(self) -> None:
        """Other workers and people, time and a ticker, and a queue server that has forgotten everything, bring it to its end."""
        for turn in range(12):
            with later(minutes=2 * turn):
                self._queue_server.flushdb()
                jobs.tick()
                assert bool(self._queue_server.llen("rq:queue:orchestration")) == bool(jobs._due()), "whatever is due is hinted at again"
                jobs.drain()
                if WorkItem.objects.open().for_record(self.employee).exists():
                    self._complete_item()
            if self._has_ended():
                return
        pytest.fail(f"It does not come to its end: {stories.statuses(self.employee)}")

    def left_behind(self) -> dict[str, int]:
        """What others see of it."""
        steps = StepInstance.objects.filter(instance__record_id=str(self.employee.pk), step__kind="background")
        milestones = Milestone.objects.filter(instance__record_id=str(self.employee.pk))
        return {
            "instances": Instance.objects.for_record(self.employee).count(),
            "attempts": sum(steps.values_list("attempt", flat=True)),
            "completed": steps.filter(status="completed").count(),
            "made": sum(model.objects.filter(employee=self.employee).count() for model in MADE),
            "submissions": Submission.objects.filter(work_item__record_id=str(self.employee.pk)).count(),
            "sent": len(self.mails()),
            "lost": milestones.filter(kind="attempt_lost").count(),
        }

    def assert_everything_once(self) -> None:
        """Completed, with one of each thing that it makes, and a mail under one key."""
        assert stories.instance_of(self.employee).status == InstanceStatus.COMPLETED
        made = {model: model.objects.filter(employee=self.employee).count() for model in MADE}
        assert made == MADE
        milestones = Milestone.objects.filter(instance__record_id=str(self.employee.pk))
        assert milestones.filter(kind="step_completed").count() == 7
        assert milestones.filter(kind="work_item_completed").count() == self.left_behind()["submissions"] == 2
        effect = Effect.objects.get(step_instance__instance__record_id=str(self.employee.pk))
        assert effect.status == EffectStatus.DELIVERED
        assert set(self.mails()) == {f"{effect.key}@{conf.MAIL_DOMAIN}"}
        assert broken() == []

    def mails(self) -> list[str]:
        """The Message-ID of each mail that the newcomer has got."""
        written = "".join(path.read_text() for path in self._mail_folder.glob("*.log"))
        messages = [message for message in written.split("-" * 79 + "\n") if f"To: {self.email}\n" in message]
        return [re.findall(r"^Message-ID: <(.+)>$", message, re.MULTILINE)[0] for message in messages]

    def _complete_item(self) -> None:
        item = stories.item_of(self.employee)
        if item.flow == "demo.confirm_readiness":
            stories.complete(item, self.cast.marta, stories.READINESS)
        else:
            stories.complete(item, self.cast.hanna, stories.preferences(self.employee))

    def _has_ended(self) -> bool:
        effects_of_it = Effect.objects.filter(step_instance__instance__record_id=str(self.employee.pk))
        ended = Instance.objects.for_record(self.employee).filter(ended_at__isnull=False).exists()
        return ended and not effects_of_it.filter(status=EffectStatus.PENDING).exists()


@pytest.fixture
def onboarding(
    transactional_db: None, nursery: Nursery, mail_folder: Path, wiped_queue_server: redis.Redis, settings: Any
) -> Iterator[Onboarding]:
    settings.EMAIL_BACKEND, settings.EMAIL_FILE_PATH = "django.core.mail.backends.filebased.EmailBackend", str(mail_folder)
    yield Onboarding(Cast(), mail_folder, wiped_queue_server)
    nursery.clear()


# Each place, three times ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("place", sorted(failpoints.PLACES))
def test_a_process_killed_there(onboarding: Onboarding, nursery: Nursery, place: str) -> None:  # R4.2 R4.6
    onboarding.until(place)
    pid = onboarding.pass_by(place, nursery, f"{place}=kill")
    assert nursery.wait(pid) == -signal.SIGKILL
    assert onboarding.left_behind() == LEFT_BEHIND[place]
    onboarding.goes_on()
    onboarding.assert_everything_once()


@pytest.mark.parametrize("place", sorted(failpoints.PLACES))
def test_an_exception_there(onboarding: Onboarding, nursery: Nursery, place: str) -> None:  # R4.1 R4.5
    onboarding.until(place)
    code = nursery.wait(onboarding.pass_by(place, nursery, f"{place}=raise"))
    assert code in (0, 1)
    if place == "start.before_commit":  # a request that cannot be handled is put aside, whole, with the reason; others get their turn
        request = StartRequest.objects.get(record_id=str(onboarding.employee.pk))
        assert (request.outcome, request.instance, request.reason) == (StartOutcome.REFUSED, None, place)
        engine.request_start(Orchestration.objects.get(api_name="new_hire_onboarding"), record=onboarding.employee)
    if place == "item.committed":  # it was committed, so the person is told so
        assert code == 0
    if place in HOLDS_AN_ATTEMPT[1:]:
        failed = Milestone.objects.filter(kind="attempt_failed", instance__record_id=str(onboarding.employee.pk))
        assert failed.get().reason == place
    onboarding.goes_on()
    onboarding.assert_everything_once()


@pytest.mark.parametrize("place", sorted(failpoints.PLACES))
def test_a_process_frozen_there_beyond_its_lease(onboarding: Onboarding, nursery: Nursery, place: str) -> None:  # R4.2 R4.6
    onboarding.until(place)
    pid = onboarding.pass_by(place, nursery, f"{place}=stop")
    assert nursery.wait(pid) == STOPPED
    assert onboarding.left_behind() == LEFT_BEHIND[place]
    held = list(StepInstance.objects.exclude(token="").values_list("pk", flat=True))
    comes_late = not (connection.vendor == "sqlite" and place in INSIDE_A_TRANSACTION)
    if place in INSIDE_A_TRANSACTION:
        if connection.vendor == "sqlite":
            others_wait_for_it()
            os.kill(pid, signal.SIGCONT)
            assert nursery.wait(pid) == 0
        elif place != "flow.done":  # there it holds nothing that anybody else needs
            others_pass_it_by(onboarding, place)
            cut_off()
    onboarding.goes_on()
    onboarding.assert_everything_once()
    before, heard = onboarding.left_behind() | {"sent": 0}, len(nursery.said)
    if comes_late:
        os.kill(pid, signal.SIGCONT)
        nursery.wait(pid)
        assert ("this attempt was superseded" in nursery.said[heard:]) == (place in ("claim.committed", "flow.done", "finish.committed"))
    onboarding.assert_everything_once()
    assert onboarding.left_behind() | {"sent": 0} == before, "what comes back too late changes nothing"
    assert bool(held) == (place in (*HOLDS_AN_ATTEMPT, "finish.committed", "tick.rescued"))  # a finish claims what comes next
    assert {attempt for (attempt,) in StepInstance.objects.filter(pk__in=held).values_list("attempt")} <= {2 if comes_late else 1}
    if place in ("effect.claimed", "effect.sent"):  # at least once, always under the same key
        assert len(onboarding.mails()) == 2


def others_wait_for_it() -> None:
    """SQLite has one write lock: a process that is frozen over it stops all that write, until it goes on. Readers go on."""
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA busy_timeout = 0")
        with pytest.raises(OperationalError, match="database is locked"):
            engine.claim_step()
        cursor.execute("PRAGMA busy_timeout = 20000")


def others_pass_it_by(onboarding: Onboarding, place: str) -> None:
    """PostgreSQL: workers and ticker do not wait for what is frozen; a person is told that somebody else is at work."""
    with connection.cursor() as cursor, later(minutes=2):
        cursor.execute("SET lock_timeout = '100ms'")
        jobs.tick()
        jobs.drain()
        if place.startswith("item."):
            with pytest.raises((Busy, OperationalError)):  # of the instance, or of the record that the form writes
                stories.complete(stories.item_of(onboarding.employee), onboarding.cast.hanna, stories.preferences(onboarding.employee))
        cursor.execute("RESET lock_timeout")


def cut_off() -> None:
    """What DATABASE_IDLE_TIMEOUT does to a session that stays inside a transaction, at once."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND state LIKE 'idle in transaction%' AND pid <> pg_backend_pid()"
        )
        assert cursor.fetchall() == [(True,)]


# What else can be lost -----------------------------------------------------------------------------------------------


def test_a_failpoint_is_armed_by_the_environment(onboarding: Onboarding, environment: dict[str, str]) -> None:
    onboarding.until("claim.committed")
    deed = "import django; django.setup(); from tests import deeds; deeds.drain()"
    armed = environment | {"SEGUE_FAILPOINTS": "finish.committed=kill@2"}
    done = subprocess.run([sys.executable, "-c", deed], env=armed, cwd=ROOT, check=False, capture_output=True)
    assert done.returncode == -signal.SIGKILL
    assert onboarding.left_behind()["completed"] == 2
    onboarding.goes_on()
    onboarding.assert_everything_once()


@pytest.mark.parametrize("place", ["start.committed", "item.committed", "finish.committed"])
def test_without_a_queue_server_everything_is_committed_and_only_told_later(
    onboarding: Onboarding, nursery: Nursery, place: str
) -> None:  # R2.2
    onboarding.until(place)
    heard = len(nursery.said)
    assert nursery.wait(onboarding.pass_by(place, nursery, "")) == 0
    assert "The queue server does not answer" in nursery.said[heard:]
    onboarding.goes_on()
    onboarding.assert_everything_once()


@pytest.mark.postgresql
@pytest.mark.parametrize("committed", [True, False])
def test_a_worker_that_does_not_hear_what_became_of_its_commit(
    onboarding: Onboarding, monkeypatch: pytest.MonkeyPatch, committed: bool
) -> None:  # R4.2
    """The session is cut off before, or after, the server has carried the COMMIT out: the same error for the worker."""
    onboarding.until("finish.settled")
    commit, cut = type(connections["default"])._commit, []

    def lose_the_answer(wrapper: Any) -> None:
        if finishing and not cut:
            cut.append(True)
            if committed:
                commit(wrapper)
            with wrapper.connection.cursor() as cursor:
                cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")
        commit(wrapper)

    finishing: list[bool] = []
    with monkeypatch.context() as patch, failpoints.armed("finish.settled", lambda: finishing.append(True)):
        patch.setattr(type(connections["default"]), "_commit", lose_the_answer)
        jobs.drain()
    assert cut == [True]
    failed = Milestone.objects.filter(kind="attempt_failed", instance__record_id=str(onboarding.employee.pk))
    assert failed.count() == (0 if committed else 1), "whether it was committed is read from the row, never assumed"
    onboarding.goes_on()
    onboarding.assert_everything_once()


def test_the_lease_of_an_effect_outlasts_a_mail_server_that_is_slow_to_answer(settings: Any) -> None:
    assert conf.EFFECT_LEASE_SECONDS > settings.EMAIL_TIMEOUT
