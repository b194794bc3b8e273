"""Plain RQ: one job for each step, which makes the step's UPDATE and puts its followers on the queue. Not durable; for comparison only."""

from typing import Any

from django.conf import settings
from redis import Redis
from rq import Queue, SimpleWorker
from rq.serializers import JSONSerializer

from bench import marks

QUEUE = "bench"


def prepare(record_ids: list[int]) -> None:
    """A first job for each record."""
    queue = _queue()
    for pk in record_ids:
        queue.enqueue_call("bench.plain_rq.step", args=(pk, marks.FIRST), result_ttl=0)


def step(record_id: int, letter: str) -> None:
    """What a job does."""
    for each in marks.following(letter, marks.leave(record_id, letter)):
        _queue().enqueue_call("bench.plain_rq.step", args=(record_id, each), result_ttl=0)


def work() -> dict[str, int]:
    """Until the queue is empty, in this process: without the fork that RQ's own worker makes for each job."""
    queue = _queue()
    worker = SimpleWorker([queue], connection=queue.connection, serializer=JSONSerializer)
    worker.work(burst=True, logging_level="ERROR")
    return {}


_known: dict[str, Any] = {}


def _queue() -> Any:
    if "queue" not in _known:
        _known["queue"] = Queue(QUEUE, connection=Redis.from_url(settings.REDIS_URL), serializer=JSONSerializer)
    return _known["queue"]
