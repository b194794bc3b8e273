"""The marks that steps leave on their record, how steps follow each other, and what the marks prove afterwards.

All contestants do the same: an instance is stage 1 (a), stage 2 (b, c and d side by side, joined), stage 3 (e); each step makes one UPDATE
of its record, which appends the step's letter and the moment.
"""

import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from django.db import connection

STAGES = ("a", "bcd", "e")
LETTERS = "".join(STAGES)
FIRST = STAGES[0]

SQL = "UPDATE bench_record SET marks = marks || {0} WHERE id = {0} RETURNING marks"
"""The one statement of a step's own. `{0}` is the placeholder of the database's driver."""


def leave(record_id: int, letter: str) -> str:
    """Leave a mark; all marks of the record so far."""
    with connection.cursor() as cursor:
        cursor.execute(SQL.format("%s"), [mark(letter), record_id])
        marks: str = cursor.fetchone()[0]
    return marks


def mark(letter: str) -> str:
    """A letter and the moment."""
    return f"{letter}{time.time():.6f} "


def following(letter: str, marks: str) -> str:
    """The letters of the steps that begin now that `letter` has left its mark: the next stage's, once this one is complete."""
    stage = next(number for number, letters in enumerate(STAGES) if letter in letters)
    left = {each[0] for each in marks.split()}
    return STAGES[stage + 1] if stage + 1 < len(STAGES) and left.issuperset(STAGES[stage]) else ""


@dataclass(frozen=True)
class Judgement:
    """What the marks of many records prove. Times are in seconds."""

    lost: int
    doubled: int
    out_of_order: int
    elapsed: float
    hand_overs: list[float]


def judge(records: Iterable[str], stages: Sequence[str] = STAGES) -> Judgement:
    """Read the marks of all records of one round, of instances whose stages have these letters."""
    letters, stage_of = "".join(stages), {letter: number for number, stage in enumerate(stages) for letter in stage}
    lost = doubled = out_of_order = 0
    moments: list[float] = []
    hand_overs: list[float] = []
    for marks in records:
        found = [(each[0], float(each[1:])) for each in marks.split()]
        counts = Counter(letter for letter, _ in found)
        lost += sum(counts[letter] == 0 for letter in letters)
        doubled += sum(count - 1 for count in counts.values())
        out_of_order += [letter for letter, _ in found] != sorted((letter for letter, _ in found), key=stage_of.__getitem__)
        moments += [moment for _, moment in found]
        if len(found) == len(letters):
            hand_overs += _hand_overs(found, stages)
    return Judgement(lost, doubled, out_of_order, max(moments, default=0.0) - min(moments, default=0.0), hand_overs)


def _hand_overs(found: list[tuple[str, float]], stages: Sequence[str]) -> Iterable[float]:
    """From the last mark of each stage to the first of the next."""
    moments = [[moment for letter, moment in found if letter in letters] for letters in stages]
    return [min(following) - max(stage) for stage, following in pairwise(moments)]
