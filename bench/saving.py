"""W3: what it costs that Segue listens to every `save()`, beside a save to which it does not listen; and what a condition costs."""

import random
import time
import timeit
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from django.core.signals import request_started
from django.db import transaction
from django.db.models.signals import post_save, pre_save

from bench.figures import median
from bench.models import Saved, Unwatched, Watched
from bench.statements import Statements
from orchestration import builder, expressions, triggers
from orchestration.models import StartRequest

LARGE = 1000
CONDITION = {"rows": [{"path": "record.amount", "operator": "greater", "value": LARGE}]}
FORMULA = {"formula": f"record.amount > {LARGE} and not is_empty(record.name)"}
IN_ONE_GO = 10
"""Saves of one kind before the next kind has its turn."""


@dataclass
class Kind:
    """One kind of save. `before` is called before each."""

    record: Saved
    is_heard: bool = True
    before: Callable[[], None] = lambda: None
    seconds: list[float] = field(default_factory=list)
    statements: Statements = field(default_factory=Statements)


def measure(options: Any) -> Iterator[dict[str, Any]]:
    """The one line of W3."""
    builder.activate(builder.load(document()))
    kinds = {
        "plain": Kind(Unwatched.objects.create(), is_heard=False),
        "unwatched": Kind(Unwatched.objects.create()),
        "unwatched_first_of_request": Kind(Unwatched.objects.create(), before=lambda: request_started.send(sender=Kind)),
        "condition_false": Kind(Watched.objects.create(amount=1)),
        "started": Kind(Watched.objects.create(amount=LARGE + 1)),
    }
    for _turn in range(options.saves // IN_ONE_GO):
        for kind in random.sample(list(kinds.values()), len(kinds)):  # none always after the same other
            _save(kind)
        StartRequest.objects.all().delete()  # nobody is there to take them up
    plain = median(kinds["plain"].seconds)
    yield {
        "work": "W3",
        "saves": len(kinds["plain"].seconds),
        "condition_us": _microseconds(CONDITION),
        "formula_us": _microseconds(FORMULA),
        "condition_queries": _queries(CONDITION) + _queries(FORMULA),
        "reading_condition_us": 1e6 * min(timeit.repeat(lambda: expressions.condition(CONDITION), number=500, repeat=3)) / 500,
        **{
            name: {
                "ratio": median(kind.seconds) / plain,
                "ms": 1000 * median(kind.seconds),
                "statements": kind.statements.count / len(kind.seconds),
            }
            for name, kind in kinds.items()
        },
    }


def document() -> dict[str, Any]:
    """An orchestration that a save of a large amount starts."""
    known = {"api_name": "bench_saving", "label": "Saving", "start_type": "record", "record_model": "bench.watched"}
    step = {"api_name": "a", "label": "A", "kind": "background", "flow": "bench.leave_mark", "inputs": {"letter": {"value": "a"}}}
    stages = [{"api_name": "stage", "label": "Stage", "steps": [step]}]
    return {"orchestration": known, "starts_on": "updated", "entry_condition": CONDITION, "stages": stages}


def _save(kind: Kind) -> None:
    """Some saves, each in a transaction of its own; the first two warm up and do not count."""
    if not kind.is_heard:
        pre_save.disconnect(dispatch_uid="orchestration.record_about_to_be_saved")
        post_save.disconnect(dispatch_uid="orchestration.record_saved")
    for _time in range(2):
        _save_once(kind.record)
    for _time in range(IN_ONE_GO):
        kind.before()
        with kind.statements.counted():
            kind.seconds.append(_save_once(kind.record))
    if not kind.is_heard:
        pre_save.connect(triggers.record_about_to_be_saved, dispatch_uid="orchestration.record_about_to_be_saved")
        post_save.connect(triggers.record_saved, dispatch_uid="orchestration.record_saved")


def _save_once(record: Saved) -> float:
    began = time.perf_counter()
    with transaction.atomic():
        record.save()
    return time.perf_counter() - began


def _queries(document: dict[str, Any]) -> int:
    """What looking at a condition about a record in hand asks of the database."""
    statements, record = Statements(), Watched.objects.create(amount=LARGE + 1)
    with statements.counted():
        expressions.condition(document).look({"record": record})
    return statements.count


def _microseconds(document: dict[str, Any]) -> float:
    condition, scope = expressions.condition(document), {"record": Watched(amount=LARGE + 1)}
    return 1e6 * min(timeit.repeat(lambda: condition.look(scope), number=500, repeat=3)) / 500
