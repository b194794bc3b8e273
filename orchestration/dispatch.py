"""Hints to workers and open pages, sent after commit. The only module that names django-rq.

All state is in the database. What is put here may be lost, doubled or late: a drain that finds nothing to do ends, the
ticker hints again at what is due, and a page that hears nothing asks again.
"""

import gc
import hashlib
import logging
import secrets
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from functools import cache
from typing import Any

import django_rq
from django.db import transaction
from django.db.models import Q
from redis.exceptions import RedisError
from rq import Queue, Worker
from rq.exceptions import StopRequested
from rq.job import Job
from rq.serializers import JSONSerializer

from orchestration import conf
from orchestration.models import Milestone, WorkItem
from orchestration.models import Queue as PeopleQueue
from orchestration.models.instances import Instance
from orchestration.models.people import Person

log = logging.getLogger(__name__)

QUEUE = "orchestration"
DRAIN = "orchestration.jobs.drain"
MOST_HINTS = 8  # more drains than there are workers bring nothing
PREFIX = "orchestration:live:"
LIVE_SECONDS = 24 * 3600
GATHER_SECONDS = 0.05  # so long a worker gathers what it has to tell
QUIET_SECONDS = 2.0  # after a failure nothing is tried for this long, so that a dead server slows nobody down

_quiet_until = 0.0
_gathered: ContextVar["Gathering | None"] = ContextVar("dispatch_gathered", default=None)


def after_commit(*, drains: int = 0, changed: Iterable[str] = ()) -> None:
    """Once the transaction is committed: wake up to `drains` workers, and tell the pages that show `changed`."""
    keys = set(changed)
    transaction.on_commit(lambda: (_gathered.get() or _send)(drains, keys), robust=True)


@contextmanager
def gathered() -> Iterator[None]:
    """Inside the block, what is to be told after commits is told together, a moment later: many steps that follow each other cost few
    commands of the queue server."""
    gathering = Gathering()
    token = _gathered.set(gathering)
    try:
        yield
    finally:
        _gathered.reset(token)
        gathering.send()


class Gathering:
    """Wake-ups and news that wait to be sent together; the first of them for at most GATHER_SECONDS."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._timer: threading.Timer | None = None
        self._drains, self._keys = 0, set[str]()

    def __call__(self, drains: int, keys: set[str]) -> None:
        """Put these with the others."""
        with self._lock:
            self._drains = max(self._drains, drains)
            self._keys |= keys
            if self._timer is None:
                self._timer = threading.Timer(GATHER_SECONDS, self.send)
                self._timer.daemon = True
                self._timer.start()

    def send(self) -> None:
        """Send what has been gathered."""
        with self._lock:
            drains, keys, timer = self._drains, self._keys, self._timer
            self._drains, self._keys, self._timer = 0, set(), None
        if timer is not None:
            timer.cancel()
            _send(drains, keys)


def hint(drains: int = 1) -> None:
    """Wake up workers now, unless enough wake-ups are already waiting."""
    _send(drains, set())


def work() -> None:
    """Be a worker: run drains as they are asked for, until told to stop. A queue server that is away is waited for."""
    gc.collect()
    gc.freeze()  # what is loaded by now stays: no collection in a drain need look at it
    with suppress(StopRequested):
        while not DrainWorker.told_to_stop:
            try:
                connection = django_rq.get_connection(QUEUE)  # its own, since RQ gives it the long time-outs that waiting needs
                queue = Queue(QUEUE, connection=connection, serializer=JSONSerializer, job_class=DrainJob)
                worker = DrainWorker([queue], connection=connection, serializer=JSONSerializer, job_class=DrainJob)
                worker.max_connection_wait_time = 2.0  # a queue server that comes back is found within two seconds
                worker.work(logging_level="WARNING")
            except (RedisError, OSError) as error:
                log.warning("The queue server does not answer (%s). Trying again.", error)
            if not DrainWorker.told_to_stop:
                time.sleep(QUIET_SECONDS)


class DrainWorker(Worker):
    """RQ's worker also ends when the queue server fails it at the wrong moment. Ours remembers whether it was told to."""

    told_to_stop = False

    def request_stop(self, signum: Any, frame: Any) -> None:
        """SIGTERM or Ctrl-C."""
        DrainWorker.told_to_stop = True
        super().request_stop(signum, frame)  # type: ignore[no-untyped-call]


class DrainJob(Job):
    """The one kind of job. Whoever can write to the queue server can name a function; nothing but the drain is ever run."""

    success_callback = failure_callback = stopped_callback = None

    @property
    def func(self) -> Any:
        """The drain; raises ValueError when the job names anything else."""
        if self.func_name != DRAIN:
            raise ValueError(f"Job {self.id} is no drain and is not run.")
        return super().func


def live_version(keys: Iterable[str]) -> str:
    """A word that changes whenever something that one of `keys` names has changed.

    One round trip to the queue server. While that is away, the word is the number of the newest milestone of all.
    """
    names = [f"{PREFIX}{key}" for key in keys]
    if time.monotonic() >= _quiet_until:
        try:
            connection = _connection()
            generation, *words = connection.mget([f"{PREFIX}generation", *names])
            if generation is None:  # a wiped server has forgotten what changed: every page looks again once
                connection.set(f"{PREFIX}generation", secrets.token_hex(8), nx=True)
                generation = connection.get(f"{PREFIX}generation")
            return hashlib.blake2s(repr((generation, words)).encode(), digest_size=8).hexdigest()
        except (RedisError, OSError) as error:
            _leave_alone(error)
    return f"db-{Milestone.objects.newest_id()}"


def keys_of(instance: Instance) -> set[str]:
    """The keys under which pages about an instance, or about its record, listen."""
    keys = {f"instance:{instance.pk}"}
    if instance.record_id:
        keys.add(f"record:{instance.record_model}:{instance.record_id}")
    return keys


def keys_of_item(item: WorkItem) -> set[str]:
    """The keys under which those who may do the item listen."""
    people = {"user": item.user_id, "group": item.group_id, "queue": item.queue_id}
    return {f"{kind}:{pk}" for kind, pk in people.items() if pk is not None}


def keys_for_user(user: Person) -> list[str]:
    """The keys of a person: their own, their groups' and their queues'."""
    groups = list(user.groups.values_list("pk", flat=True))
    queues = PeopleQueue.objects.filter(Q(members__user=user) | Q(members__group__in=groups)).values_list("pk", flat=True)
    return [
        f"user:{user.pk}",
        *(f"group:{pk}" for pk in sorted(groups)),
        *(f"queue:{pk}" for pk in sorted(set(queues))),
    ]


@cache  # one pool per process; redis-py itself notices a fork
def _connection() -> Any:
    return django_rq.get_connection(QUEUE)


def _send(drains: int, keys: set[str]) -> None:
    if time.monotonic() < _quiet_until:
        return
    try:
        if keys:
            _tell(keys)
        if drains:
            _enqueue(drains)
    except (RedisError, OSError) as error:
        _leave_alone(error)


def _leave_alone(error: Exception) -> None:
    """Ask nothing of a server that does not answer for a while: each question would cost a request half a second."""
    global _quiet_until
    _quiet_until = time.monotonic() + QUIET_SECONDS
    log.warning("The queue server does not answer (%s). Work waits in the database until it does.", error)


def _tell(keys: set[str]) -> None:
    with _connection().pipeline(transaction=False) as pipeline:
        for key in sorted(keys):
            pipeline.set(f"{PREFIX}{key}", secrets.token_hex(8), ex=LIVE_SECONDS)
        pipeline.execute()


def _enqueue(drains: int) -> None:
    queue = django_rq.get_queue(QUEUE, connection=_connection(), commit_mode="auto")  # we wait for the commit ourselves
    for _ in range(min(drains, MOST_HINTS - queue.count)):
        queue.enqueue_call(DRAIN, timeout=int(conf.DRAIN_SECONDS + conf.RUN_SECONDS + 60), result_ttl=0, failure_ttl=3600, ttl=3600)
