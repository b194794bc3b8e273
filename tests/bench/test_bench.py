"""The bench sees what goes wrong, and still runs."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from bench import marks

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.mark.parametrize(
    ("record", "faults"),
    [
        ("a1 c2 b3 d4 e5 ", (0, 0, 0)),
        ("a1 b2 c3 d4 ", (1, 0, 0)),
        ("", (5, 0, 0)),
        ("a1 b2 b3 c4 d5 e6 ", (0, 1, 0)),
        ("a1 b2 c3 e4 d5 ", (0, 0, 1)),
    ],
)
def test_marks_show_what_was_lost_doubled_or_out_of_order(record: str, faults: tuple[int, int, int]) -> None:
    judgement = marks.judge([record])
    assert (judgement.lost, judgement.doubled, judgement.out_of_order) == faults


def test_a_hand_over_is_from_the_last_mark_of_a_stage_to_the_first_of_the_next() -> None:
    assert marks.judge(["a1 b3 c4 d6 e10 "]).hand_overs == [2, 4]


@pytest.mark.parametrize(
    ("letter", "left", "following"), [("a", "a1 ", "bcd"), ("b", "a1 b2 d3 ", ""), ("c", "a1 b2 d3 c4 ", "e"), ("e", "e", "")]
)
def test_a_stage_is_followed_once_it_is_complete(letter: str, left: str, following: str) -> None:
    assert marks.following(letter, left) == following


@pytest.mark.proof
@pytest.mark.once
def test_the_bench_measures_every_work() -> None:
    few = {"instances": 3, "rounds": 1, "alone": 1, "saves": 10, "people": 2, "completions": 4, "pages": 2}
    few |= {"waiting": 5, "ready": 200, "seconds": 1}
    asked = [argument for name, number in few.items() for argument in (f"--{name}", str(number))]
    done = subprocess.run(
        [sys.executable, "-m", "bench", "--places", "sqlite", "--works", "w1", "w2", "w3", "w4", "load", *asked],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    lines = {line["work"]: line for line in map(json.loads, done.stdout.splitlines())}
    assert lines.keys() == {"W1", "W1 idle", "W2", "W3", "W4", "load: ticks", "load: a second orchestration", "load: memory"}
    assert lines["load: ticks"]["ready_steps"] == 210
    assert lines["load: ticks"]["looks_due"]["statements"] > lines["load: ticks"]["nothing_due"]["statements"]
    assert lines["W1"]["floor_ratio"] > 0
    assert lines["W3"]["condition_us"] < 5000
    assert lines["W4"]["30 steps"]["sql_per_panel"] == lines["W4"]["200 steps"]["sql_per_panel"]
    assert lines["W3"]["condition_queries"] == 0
    assert lines["W3"]["started"]["statements"] > lines["W3"]["condition_false"]["statements"] > lines["W3"]["unwatched"]["statements"] == 1
