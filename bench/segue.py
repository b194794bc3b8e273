"""The work as Segue does it: an orchestration of three stages."""

import time
from collections.abc import Sequence
from typing import Any

from bench import marks
from bench.models import Record
from bench.statements import Statements
from orchestration import builder, engine, jobs
from orchestration.models import Instance, Orchestration
from orchestration.states import InstanceStatus

NAME = "bench_background"


def prepare(record_ids: list[int]) -> None:
    """An instance for each record, its first step ready."""
    if not Orchestration.objects.filter(api_name=NAME).exists():
        builder.activate(builder.load(document()))
    for record in Record.objects.in_bulk(record_ids).values():
        engine.start(NAME, record=record)


def work() -> dict[str, int]:
    """Drain, as a worker's job does, until no instance is in progress."""
    statements = Statements()
    while True:
        with statements.counted():
            jobs.drain()
        if not is_in_progress():
            return {"statements": statements.count}
        time.sleep(0.002)  # the other process has the last steps, or is about to make the next ones ready


def is_in_progress() -> bool:
    """Whether anything is left to do. What has failed is not: its marks are missing, and that is seen."""
    return Instance.objects.filter(status=InstanceStatus.IN_PROGRESS).exists()


def document(name: str = NAME, letters_of_stages: Sequence[str] = marks.STAGES, flow: str = "bench.leave_mark") -> dict[str, Any]:
    """The orchestration: a stage for each group of letters, a step for each letter."""
    known = {"api_name": name, "label": name.replace("_", " ").capitalize(), "start_type": "autolaunched"}
    stages = [
        {"api_name": f"stage_{number}", "label": f"Stage {number}", "steps": [_step(letter, flow) for letter in letters]}
        for number, letters in enumerate(letters_of_stages, start=1)
    ]
    return {"orchestration": known, "stages": stages}


def _step(letter: str, flow: str) -> dict[str, Any]:
    return {
        "api_name": letter,
        "label": letter.upper(),
        "kind": "background",
        "flow": flow,
        "inputs": {"letter": {"value": letter}},
    }
