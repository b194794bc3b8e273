"""What one attempt may use: each limit passes at the limit and fails above it, with nothing of that attempt left behind (R4.7, §10)."""

import signal
import threading
from typing import Any

import pytest
from django.db import close_old_connections, connection

from demo.models import Building
from orchestration import engine, jobs
from orchestration.errors import Invalid
from orchestration.models import Effect, Instance, StepInstance
from orchestration.runner import limits
from tests import flows
from tests.cast import Cast
from tests.stories import access_to_run, active, background, complete, drain, interactive


@pytest.fixture(autouse=True)
def _nothing_done_yet() -> None:
    flows.calls.clear()


def attempted(flow: str, **inputs: Any) -> StepInstance:
    """What became of a step that was tried as often as it is."""
    active([background("greedy", f"tests.{flow}", inputs={name: {"value": value} for name, value in inputs.items()})])
    instance = engine.start("trial")
    drain()
    return StepInstance.objects.get(instance=instance)


AT_THE_LIMIT = [
    # What, and how much of it is just allowed; the flow itself has written one building and one mail before.
    ("queries", 200),
    ("writes", 149),
    ("raw", 149),
    ("rows", 9_999),
    ("updated", 9_998),
    ("mails", 9),
    ("output", 256 * 1024 - len('{"text": ""}')),
]

FIGURES = {
    "queries": "200 queries: it came to 201",
    "writes": "150 write statements: it came to 151",
    "raw": "150 write statements: it came to 151",
    "rows": "10000 rows written: it came to 10001",
    "updated": "10000 rows written: it came to 10001",
    "mails": "10 mails and messages: it came to 11",
    "output": "262144 bytes of outputs: it came to 262145",
}


@pytest.mark.parametrize(("what", "number"), AT_THE_LIMIT)
def test_what_is_within_the_limit_passes(cast: Cast, what: str, number: int) -> None:  # R4.7
    step = attempted("use_up", what=what, number=number)
    assert (step.status, step.error) == ("completed", {})
    assert Building.objects.filter(name="Left behind?").exists()


@pytest.mark.parametrize(("what", "number"), AT_THE_LIMIT)
def test_what_goes_beyond_it_fails_with_the_limit_and_the_figure_and_leaves_nothing(cast: Cast, what: str, number: int) -> None:  # R4.7
    before = Building.objects.count()
    step = attempted("use_up", what=what, number=number + (2 if what == "updated" else 1))
    assert (step.status, step.error["type"]) == ("error", "limit")
    assert step.error["message"] == f"“Use up” passed the limit of {FIGURES[what]}."
    assert (Building.objects.count(), Effect.objects.count()) == (before, 0)


def test_a_passed_limit_is_never_tried_again_by_itself(cast: Cast) -> None:  # R4.5
    step = attempted("use_up", what="queries", number=1000)
    assert (step.attempt, step.status) == (1, "error")
    assert Instance.objects.get().status == "error"


@pytest.mark.parametrize("what", ["queries", "writes", "rows", "mails"])
def test_a_flow_that_catches_everything_is_stopped_all_the_same(cast: Cast, what: str) -> None:  # R4.7
    before = Building.objects.count()
    step = attempted("catch_everything", what=what, number=20_000 if what == "rows" else 500)
    assert flows.calls == ["caught"]
    assert (step.status, step.error["type"]) == ("error", "limit")
    assert Building.objects.count() == before


@pytest.mark.parametrize("flow", ["use_up", "catch_everything"])
def test_run_time_is_limited(cast: Cast, settings: Any, flow: str) -> None:  # R4.7
    settings.ORCHESTRATION_RUN_SECONDS = 0.2
    before, handler = Building.objects.count(), signal.getsignal(signal.SIGALRM)
    step = attempted(flow, what="seconds", number=0)
    assert step.status == "error"
    assert "passed the limit of 0.2 seconds of run time" in step.error["message"]
    assert Building.objects.count() == before
    assert signal.getsignal(signal.SIGALRM) is handler


@pytest.mark.postgresql
def test_run_time_is_limited_within_a_statement(cast: Cast, settings: Any) -> None:  # R4.7
    settings.ORCHESTRATION_RUN_SECONDS = 0.2
    step = attempted("use_up", what="statement", number=0)
    assert (step.status, step.error["type"]) == ("error", "limit")


@pytest.mark.django_db(transaction=True)
def test_run_time_is_limited_where_no_alarm_rings(settings: Any) -> None:  # R4.7
    settings.ORCHESTRATION_RUN_SECONDS = 0.2
    settings.ORCHESTRATION_MOST_QUERIES = 10**9
    caught: list[BaseException] = []

    def elsewhere() -> None:
        usage = limits.Usage("Greedy")
        try:
            with usage:
                while True:
                    Building.objects.filter(name="").first()
        except limits.Fault as fault:
            caught.append(fault)
        finally:
            connection.close()

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join(20)
    close_old_connections()
    assert str(caught[0]).startswith("“Greedy” passed the limit of 0.2 seconds of run time: it came to 0.2")


def test_the_alarm_of_others_is_given_back(cast: Cast) -> None:
    rang: list[int] = []
    before = signal.signal(signal.SIGALRM, lambda *_: rang.append(1))
    try:
        signal.setitimer(signal.ITIMER_REAL, 30)
        with limits.alarm(), limits.Usage("Quick"):
            pass
        rest, _interval = signal.getitimer(signal.ITIMER_REAL)
        assert 25 < rest <= 30
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def test_inputs_are_limited_in_size(cast: Cast) -> None:  # R4.7
    fixed = len('{"what": "", "number": 0, "text": ""}')
    assert attempted("use_up", what="", number=0, text="x" * (32 * 1024 - fixed)).status == "completed"


def test_larger_inputs_are_a_fault_before_the_flow_is_called(cast: Cast) -> None:  # R4.7
    before = Building.objects.count()
    fixed = len('{"what": "", "number": 0, "text": ""}')
    step = attempted("use_up", what="", number=0, text="x" * (32 * 1024 - fixed + 1))
    assert step.error == {"type": "limit", "message": "“Use up” passed the limit of 32768 bytes of inputs: it came to 32769."}
    assert Building.objects.count() == before


def test_what_was_used_is_kept_and_said_in_words(cast: Cast) -> None:  # R4.7
    step = attempted("use_up", what="queries", number=87)
    assert step.usage | {"seconds": 0} == {"queries": 87, "writes": 1, "rows": 1, "mails": 1, "seconds": 0}
    words = limits.said(step.usage | {"seconds": 0.25})
    assert words == [
        "87 of 200 queries",
        "1 of 150 write statements",
        "1 of 10000 rows written",
        "0.25 of 60 seconds of run time",
        "1 of 10 mails and messages",
    ]


def test_limits_are_settings(cast: Cast, settings: Any) -> None:
    settings.ORCHESTRATION_MOST_QUERIES = 3
    assert "limit of 3 queries: it came to 4" in attempted("use_up", what="queries", number=4).error["message"]


def test_what_the_engine_itself_asks_does_not_count_for_the_flow(cast: Cast, settings: Any) -> None:
    settings.ORCHESTRATION_MOST_QUERIES = settings.ORCHESTRATION_MOST_WRITES = 1
    assert attempted("note").status == "completed"


@pytest.mark.parametrize(
    ("sql", "kind"),
    [
        ("SELECT 1", "queries"),
        ("  select 1", "queries"),
        ("(SELECT 1) UNION (SELECT 2)", "queries"),
        ("WITH a AS (SELECT 1) SELECT * FROM a", "queries"),
        ("WITH a AS (DELETE FROM t RETURNING *) SELECT * FROM a", "writes"),
        ("SAVEPOINT s1", ""),
        ('RELEASE SAVEPOINT "s1"', ""),
        ("BEGIN", ""),
        ("INSERT INTO t VALUES (1)", "writes"),
        ("/* SELECT */ DELETE FROM t", "writes"),
        ("TRUNCATE t", "writes"),
        ("", "writes"),
    ],
)
def test_statements_are_told_apart(sql: str, kind: str) -> None:
    assert limits.kind_of(sql) == kind


def test_a_step_stopped_in_a_drain_leaves_the_worker_alive(cast: Cast) -> None:  # R4.7
    active([background("greedy", "tests.use_up", inputs={"what": {"value": "queries"}, "number": {"value": 999}})], api_name="first")
    active([background("modest", "tests.note")], api_name="second")
    engine.start("first")
    engine.start("second")
    jobs.drain()
    assert set(StepInstance.objects.values_list("step__api_name", "status")) == {("greedy", "error"), ("modest", "completed")}


def test_a_failed_attempt_keeps_what_it_has_used(cast: Cast) -> None:  # R4.7
    step = attempted("use_up", what="queries", number=999)
    assert (step.usage["queries"], step.usage["writes"]) == (201, 1)
    flows.failing.add("no")
    try:
        active([background("failing", "tests.note", inputs={"text": {"value": "no"}})], api_name="other")
        failing = engine.start("other").step_instances.get()
        drain()
    finally:
        flows.failing.clear()
    failing.refresh_from_db()
    assert (failing.status, failing.attempt) == ("in_progress", 1)
    assert "seconds" in failing.usage


def test_a_form_that_goes_beyond_a_limit_is_refused_and_writes_nothing(cast: Cast) -> None:  # R4.7
    access_to_run(cast.hanna)
    active([interactive("form", "tests.ask_and_use_much", {"user": "hanna"})])
    item = engine.start("trial").work_items.get()
    before = Building.objects.count()
    with pytest.raises(Invalid, match="passed the limit of 200 queries: it came to 201"):
        complete(item, cast.hanna, {"answer": ["201"]})
    assert Building.objects.count() == before
    item.refresh_from_db()
    assert item.is_open
    complete(item, cast.hanna, {"answer": ["199"]})
    item.refresh_from_db()
    assert not item.is_open
