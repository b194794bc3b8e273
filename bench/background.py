"""W1: background work under load, in turns with the floor and plain RQ; and how soon an idle system begins."""

import json
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

import redis
from django.conf import settings

from bench import marks, segue
from bench.figures import in_ms, median
from bench.models import Record
from orchestration import engine, invariants
from orchestration.models import Instance, Orchestration

PROCESSES = 2
PATIENCE = 600.0
"""Seconds after which a round that does not end is given up."""


@dataclass
class Contestant:
    """Who does the work, and what each round brought.

    `module` prepares it and does it, unless a `command` does; `times` as many instances make a round long enough to be timed.
    """

    name: str
    module: str
    command: list[str] | None = None
    times: int = 1
    rounds: list[dict[str, float]] = field(default_factory=list)
    hand_overs: list[float] = field(default_factory=list)
    faults: dict[str, int] = field(default_factory=lambda: {"lost": 0, "doubled": 0, "out_of_order": 0})

    def median(self, figure: str) -> float:
        """Over the rounds; 0 where it was not measured."""
        return median(each.get(figure, 0.0) for each in self.rounds)

    def ratio(self, other: "Contestant", figure: str) -> float:
        """To another contestant, each time of the same round."""
        return median(ours[figure] / theirs[figure] for ours, theirs in zip(self.rounds, other.rounds, strict=True))


def measure(options: Any) -> Iterator[dict[str, Any]]:
    """The two lines of W1."""
    yield _under_load(options)
    yield _idle(options)


def _under_load(options: Any) -> dict[str, Any]:
    floor, rq = Contestant("floor", "bench.floor", times=5), Contestant("rq", "bench.plain_rq")
    ours = Contestant("segue", "bench.segue")
    command = Contestant("segue_worker", "bench.segue", [sys.executable, "-m", "django", "worker"])
    contestants = [floor, ours, rq, command]
    for _round in range(options.rounds):
        for contestant in contestants:
            _one_round(contestant, options.instances * contestant.times)
    return {
        "work": "W1",
        "instances": options.instances,
        "rounds": options.rounds,
        "steps_per_s": ours.median("steps_per_s"),
        "floor_ratio": ours.ratio(floor, "steps_per_s"),
        "rq_ratio": ours.ratio(rq, "steps_per_s"),
        "cpu_ratio": ours.ratio(floor, "cpu_ms_per_step"),
        "sql_per_step": ours.median("sql_per_step"),
        "sql_per_step_beyond_flow": ours.median("sql_per_step") - 1,
        "redis_per_step": ours.median("redis_per_step"),
        **in_ms(ours.hand_overs, "hand_over"),
        "peak_memory_mb": max(each["peak_memory_mb"] for each in ours.rounds),
        **{fault: ours.faults[fault] + command.faults[fault] for fault in ours.faults},
        "broken_invariants": len(invariants.broken()),
        **{each.name: _row(each, floor) for each in contestants},
    }


def _row(contestant: Contestant, floor: Contestant) -> dict[str, Any]:
    figures = ("steps_per_s", "cpu_ms_per_step", "sql_per_step", "redis_per_step", "peak_memory_mb")
    known = {figure: contestant.median(figure) for figure in figures if figure in contestant.rounds[0]}
    return {
        "floor_ratio": contestant.ratio(floor, "steps_per_s"),
        **known,
        **in_ms(contestant.hand_overs, "hand_over"),
        **contestant.faults,
    }


def _one_round(contestant: Contestant, instances: int) -> None:
    records = [record.pk for record in Record.objects.bulk_create(Record() for _ in range(instances))]
    import_module(contestant.module).prepare(records)
    server = redis.Redis.from_url(settings.REDIS_URL)
    before = _commands(server)
    reports = _drained_by_command(contestant.command) if contestant.command else _drained(contestant.module)
    commands = _commands(server) - before
    judgement = marks.judge(Record.objects.filter(pk__in=records).values_list("marks", flat=True))
    steps = instances * len(marks.LETTERS)
    figures = {"steps_per_s": steps / judgement.elapsed, "redis_per_step": commands / steps}
    if reports:
        figures["cpu_ms_per_step"] = 1000 * sum(report["cpu_seconds"] for report in reports) / steps
        figures["peak_memory_mb"] = max(report["peak_memory_mb"] for report in reports)
    if reports and "statements" in reports[0]:
        figures["sql_per_step"] = sum(report["statements"] for report in reports) / steps
    contestant.rounds.append(figures)
    contestant.hand_overs += judgement.hand_overs
    for fault in contestant.faults:
        contestant.faults[fault] += getattr(judgement, fault)


def _drained(module: str) -> list[dict[str, float]]:
    """Let the contestant's processes begin together, and wait for their reports."""
    command = [sys.executable, "-m", "bench.contestant", module]
    processes = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=settings.BASE_DIR) for _ in range(PROCESSES)
    ]
    try:
        for process in processes:
            assert process.stdout
            assert process.stdout.readline() == "ready\n", f"{module} does not start"
        for process in processes:
            assert process.stdin
            process.stdin.write("begin\n")
            process.stdin.flush()
        return [json.loads(process.communicate(timeout=PATIENCE)[0]) for process in processes]
    finally:
        for process in processes:
            process.kill()


def _drained_by_command(command: list[str]) -> list[dict[str, float]]:
    """The same by the command that a site uses. What its processes need is not seen from here: no reports."""
    with _workers(command):
        wait_until(lambda: not segue.is_in_progress(), pause=0.05)
    return []


@contextmanager
def _workers(command: list[str]) -> Iterator[None]:
    processes = [subprocess.Popen(command, cwd=settings.BASE_DIR) for _ in range(PROCESSES)]
    try:
        yield
    finally:
        for process in processes:
            process.send_signal(signal.SIGTERM)
        for process in processes:
            process.wait(60)


def _commands(server: "redis.Redis") -> int:
    """Commands that the queue server has carried out so far, ours for asking apart."""
    return sum(about["calls"] for name, about in server.info("commandstats").items() if name != "cmdstat_info")


def wait_until(done: Callable[[], bool], pause: float) -> None:
    """Look again and again."""
    deadline = time.monotonic() + PATIENCE
    while not done():
        assert time.monotonic() < deadline, f"nothing came of it in {PATIENCE:g} s"
        time.sleep(pause)


# Idle ----------------------------------------------------------------------------------------------------------------


def _idle(options: Any) -> dict[str, Any]:
    """One instance at a time, by workers that have nothing else to do."""
    starts: list[float] = []
    hand_overs: list[float] = []
    with _workers([sys.executable, "-m", "django", "worker"]):
        _alone()  # until the workers are up
        for _number in range(options.alone):
            time.sleep(random.uniform(0.05, 0.15))
            asked, found = _alone()
            starts.append(float(found.split()[0][1:]) - asked)
            hand_overs += marks.judge([found]).hand_overs
    return {"work": "W1 idle", "instances": options.alone, **in_ms(starts, "start"), **in_ms(hand_overs, "hand_over")}


def _alone() -> tuple[float, str]:
    """Ask for one instance and wait until it has ended. When it was asked for, and its marks."""
    record = Record.objects.create()
    asked = time.time()
    engine.request_start(Orchestration.objects.get(api_name=segue.NAME), record=record)
    wait_until(lambda: Instance.objects.for_record(record).filter(ended_at__isnull=False).exists(), pause=0.01)
    record.refresh_from_db()
    return asked, record.marks
