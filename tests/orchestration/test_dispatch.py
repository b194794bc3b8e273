"""Hints and live versions: nothing depends on them, and they say what they should."""

import pytest
import redis
from rq import Queue
from rq.serializers import JSONSerializer

from orchestration import dispatch, jobs
from orchestration.models import WorkItem
from tests import stories
from tests.cast import Cast

ON_COMMIT = "django_capture_on_commit_callbacks"


@pytest.fixture(autouse=True)
def _fresh(wiped_queue_server: redis.Redis) -> None:
    dispatch._connection.cache_clear()
    dispatch._quiet_until = 0.0


def test_a_hint_is_one_drain_without_arguments(wiped_queue_server: redis.Redis) -> None:
    dispatch.hint()
    [job] = _queue(wiped_queue_server).jobs
    assert (job.func_name, job.args, job.kwargs) == (dispatch.DRAIN, [], {})


def test_more_hints_than_workers_could_use_are_not_sent(wiped_queue_server: redis.Redis) -> None:
    for _ in range(5):
        dispatch.hint(5)
    assert _queue(wiped_queue_server).count == dispatch.MOST_HINTS


@pytest.mark.parametrize("function", ["os.system", "subprocess.run", "orchestration.jobs.tick", "orchestration.engine.claim_step"])
def test_a_job_that_is_no_drain_is_never_run(wiped_queue_server: redis.Redis, function: str) -> None:  # RELIABILITY S11
    job = Queue(dispatch.QUEUE, connection=wiped_queue_server, serializer=JSONSerializer).enqueue(function, "echo hacked")
    fetched = dispatch.DrainJob.fetch(job.id, connection=wiped_queue_server, serializer=JSONSerializer)
    with pytest.raises(ValueError, match="is no drain and is not run"):
        fetched.perform()
    assert (fetched.success_callback, fetched.failure_callback, fetched.stopped_callback) == (None, None, None)


def test_a_commit_changes_the_version_of_those_pages_and_of_no_other(cast: Cast, request: pytest.FixtureRequest) -> None:
    stories.hired(cast)
    item = WorkItem.objects.get()
    keys = {
        name: [key]
        for name, key in (("queue", f"queue:{item.queue_id}"), ("record", f"record:demo.employee:{item.record_id}"), ("other", "user:0"))
    }
    before = {name: dispatch.live_version(keys[name]) for name in keys}
    with request.getfixturevalue(ON_COMMIT)(execute=True):
        stories.engine.claim_work_item(item, by=cast.hanna)
    changed = {name: dispatch.live_version(keys[name]) != before[name] for name in keys}
    assert changed == {"queue": True, "record": True, "other": False}


def test_saving_a_draft_again_tells_nobody(cast: Cast, request: pytest.FixtureRequest) -> None:
    stories.hired(cast)
    item = WorkItem.objects.get()
    stories.engine.save_draft(item, by=cast.hanna, answers={}, screen=0)
    keys = [f"record:demo.employee:{item.record_id}", f"queue:{item.queue_id}"]
    before = dispatch.live_version(keys)
    with request.getfixturevalue(ON_COMMIT)(execute=True):
        stories.engine.save_draft(item, by=cast.hanna, answers={"notes": ["more"]}, screen=0)
    assert dispatch.live_version(keys) == before


def test_a_person_listens_to_themselves_their_groups_and_their_queues(cast: Cast) -> None:
    keys = dispatch.keys_for_user(cast.hanna)
    assert (keys[0], [key.split(":")[0] for key in keys]) == (f"user:{cast.hanna.pk}", ["user", "group", "queue"])


def test_a_wiped_server_makes_every_page_look_again_once(wiped_queue_server: redis.Redis) -> None:
    before = dispatch.live_version(["user:1"])
    assert dispatch.live_version(["user:1"]) == before
    wiped_queue_server.flushdb()
    after = dispatch.live_version(["user:1"])
    assert after != before
    assert dispatch.live_version(["user:1"]) == after


def test_without_a_queue_server_the_version_is_the_newest_milestone(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable() -> None:
        raise ConnectionRefusedError

    monkeypatch.setattr(dispatch, "_connection", unreachable)
    before = dispatch.live_version(["user:1"])
    assert before.startswith("db-")
    stories.hired(cast)
    assert dispatch.live_version(["user:1"]) != before


@pytest.mark.django_db
def test_after_a_failure_the_server_is_left_alone_for_a_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    tried = []

    def unreachable() -> None:
        tried.append(1)
        raise ConnectionRefusedError

    monkeypatch.setattr(dispatch, "_connection", unreachable)
    for _ in range(10):
        dispatch.hint()
        assert dispatch.live_version(["user:1"]).startswith("db-")
    assert len(tried) == 1


def test_the_ticker_hints_at_what_was_lost(cast: Cast, wiped_queue_server: redis.Redis) -> None:  # R3.1
    stories.hire(cast)
    wiped_queue_server.flushdb()
    jobs.tick()
    assert _queue(wiped_queue_server).count == 1
    stories.drain()
    wiped_queue_server.flushdb()
    jobs.tick()
    assert _queue(wiped_queue_server).count == 0


def _queue(connection: redis.Redis) -> Queue:
    return Queue(dispatch.QUEUE, connection=connection, serializer=JSONSerializer)
