"""Load: a large backlog and many live instances. What a tick costs then, whether others get their turn, and whether memory stays flat."""

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

from django.conf import settings
from django.db import connection, models

from bench import segue
from bench.background import wait_until
from bench.figures import median
from bench.models import Record
from bench.statements import Statements
from orchestration import builder, clock, engine, jobs
from orchestration.models import Instance, Milestone, Orchestration, Signal, StageInstance, StepInstance
from orchestration.states import StepStatus

WIDTH = 10
"""Steps of one instance of the backlog, all ready at once."""

TICKS = 20
SAMPLES = 60
IN_ONE_INSERT = 2000


def measure(options: Any) -> Iterator[dict[str, Any]]:
    """The three lines of the load."""
    yield _ticks(options)
    yield _second(options)
    yield _memory(options)


def work() -> dict[str, int]:
    """A worker's drains, one after the other in one process, which no other work gives a rest, until SIGTERM."""
    enough = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_signal: enough.set())
    while not enough.is_set():
        jobs.drain()
    return {}


# What a tick costs ---------------------------------------------------------------------------------------------------


def _ticks(options: Any) -> dict[str, Any]:
    empty = _tick()
    waiting = segue.document("load_waiting", ("a",), "bench.wait_for_callback")
    _multiply(_sample(waiting, jobs.drain), options.waiting)
    nothing_due = _tick()
    # As if each of them waited for a condition that can come true by itself.
    looks_due = _tick(lambda: Instance.objects.filter(ended_at=None).update(look_again_at=clock.now()))
    Instance.objects.update(look_again_at=None)
    Signal.objects.all().delete()
    letters = "".join(chr(ord("a") + number) for number in range(WIDTH))
    began = time.perf_counter()
    _multiply(_sample(segue.document("load_backlog", (letters,))), options.ready // WIDTH)
    return {
        "work": "load: ticks",
        "live_instances": Instance.objects.live().count(),
        "ready_steps": StepInstance.objects.ready().count(),
        "filled_in_s": time.perf_counter() - began,
        "empty": empty,
        "nothing_due": nothing_due,
        "looks_due": looks_due,
        "backlog": _tick(),
    }


def _tick(before: Callable[[], Any] = lambda: None) -> dict[str, float]:
    """Some ticks. The time and the statements that they take."""
    seconds, statements = [], Statements()
    for _turn in range(TICKS):
        before()
        began = time.perf_counter()
        with statements.counted():
            jobs.tick()
        seconds.append(time.perf_counter() - began)
    return {"ms": 1000 * median(seconds), "slowest_ms": 1000 * max(seconds), "statements": statements.count / TICKS}


def _sample(document: dict[str, Any], then: Callable[[], Any] = lambda: None) -> Instance:
    """One instance as the engine itself makes it."""
    version = builder.load(document)
    builder.activate(version)
    instance = engine.start(version.orchestration.api_name, record=Record.objects.create())
    then()
    instance.refresh_from_db()
    return instance


def _multiply(sample: Instance, times: int) -> None:
    """So many more of the same, with their stages, steps and milestones, each about a record of its own."""
    records = Record.objects.bulk_create((Record() for _ in range(times)), batch_size=IN_ONE_INSERT)
    instances = _copies(Instance, [(sample, {"record_id": str(record.pk), "record_label": str(record)}) for record in records])
    (stage,) = StageInstance.objects.filter(instance=sample)
    stages = _copies(StageInstance, [(stage, {"instance": instance}) for instance in instances])
    places = [{"instance": instance, "stage_instance": made} for instance, made in zip(instances, stages, strict=True)]
    for step in StepInstance.objects.filter(instance=sample):
        _copies(StepInstance, [(step, place) for place in places])
    for milestone in Milestone.objects.filter(instance=sample, step_instance=None):
        _copies(Milestone, [(milestone, place if milestone.stage_instance_id else {"instance": place["instance"]}) for place in places])
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def _copies(model: type[models.Model], wanted: list[tuple[Any, dict[str, Any]]]) -> list[Any]:
    """Copies of rows, all columns but those that are given."""
    columns = [field for field in model._meta.concrete_fields if not field.primary_key]
    rows = (model(**{field.name: getattr(row, field.name) for field in columns} | other) for row, other in wanted)
    return model._default_manager.bulk_create(rows, batch_size=IN_ONE_INSERT)


# Whether others get their turn ---------------------------------------------------------------------------------------


def _second(options: Any) -> dict[str, Any]:
    """One instance of another orchestration, asked for while the backlog is being worked on."""
    builder.activate(builder.load(segue.document("load_second", ("a",))))
    record = Record.objects.create()
    with _draining():
        wait_until(lambda: _done() > 0, pause=0.02)
        asked = time.time()
        engine.request_start(Orchestration.objects.get(api_name="load_second"), record=record)
        deadline = asked + options.seconds
        wait_until(lambda: _marked(record) or time.time() > deadline, pause=0.02)
    found = _marked(record)
    began = float(found.split()[0][1:]) if found else time.time()
    others = [float(mark[1:]) for text in Record.objects.exclude(pk=record.pk).values_list("marks", flat=True) for mark in text.split()]
    return {
        "work": "load: a second orchestration",
        "taken_up": bool(found),
        "after_s": began - asked,
        "steps_run_before": sum(asked < moment < began for moment in others),
    }


def _marked(record: Record) -> str:
    record.refresh_from_db()
    return record.marks


def _done() -> int:
    return StepInstance.objects.filter(status=StepStatus.COMPLETED).count()


# Memory --------------------------------------------------------------------------------------------------------------


def _memory(options: Any) -> dict[str, Any]:
    """What a process that drains and one that ticks occupy, over the time that was asked for; in megabytes."""
    before = _done()
    with _draining() as worker, subprocess.Popen([sys.executable, "-m", "django", "ticker"], cwd=settings.BASE_DIR) as ticker:
        wait_until(lambda: _done() > before or not StepInstance.objects.ready().exists(), pause=0.1)
        began, sampled = time.monotonic(), []
        while time.monotonic() - began < options.seconds:
            time.sleep(options.seconds / SAMPLES)
            sampled.append((_occupied(worker), _occupied(ticker)))
        ticker.terminate()
    workers, tickers = zip(*sampled, strict=True)
    return {
        "work": "load: memory",
        "seconds": options.seconds,
        "steps_run": _done() - before,
        "ready_steps_left": StepInstance.objects.ready().count(),
        "worker": _course(workers),
        "ticker": _course(tickers),
    }


def _course(sampled: tuple[float, ...]) -> dict[str, float]:
    """After a tenth of the time, when all is imported and cached; at the end; and the most."""
    settled = sampled[len(sampled) // 10]
    return {"early_mb": settled, "last_mb": sampled[-1], "most_mb": max(sampled), "grown_by": sampled[-1] / settled - 1}


def _occupied(process: "subprocess.Popen[Any]") -> float:
    asked = subprocess.run(["ps", "-o", "rss=", "-p", str(process.pid)], capture_output=True, text=True, check=True)
    return int(asked.stdout) / 1024


class _draining:
    """Inside the block a process of its own drains."""

    def __enter__(self) -> "subprocess.Popen[Any]":
        command = [sys.executable, "-m", "bench.contestant", "bench.load"]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=settings.BASE_DIR)
        assert self._process.stdin
        assert self._process.stdout
        assert self._process.stdout.readline() == "ready\n", "the process that drains does not start"
        print("begin", file=self._process.stdin, flush=True)
        return self._process

    def __exit__(self, *_error: object) -> None:
        self._process.terminate()
        self._process.communicate(timeout=60)
