"""The floor: the least durable writes that the work can be done with, in plain SQL and without an engine.

One transaction for each step: claim its row, make the step's own UPDATE, insert the rows that follow. The record's next step comes first.
"""

import sqlite3
from typing import Any

import psycopg
from django.conf import settings
from django.db import connection

from bench import marks
from bench.models import FloorStep

CLAIM = """
    UPDATE bench_floorstep SET is_done = {true} WHERE id = COALESCE(
        (SELECT id FROM bench_floorstep WHERE NOT is_done AND record_id = {0} ORDER BY id LIMIT 1 {lock}),
        (SELECT id FROM bench_floorstep WHERE NOT is_done ORDER BY id LIMIT 1 {lock}))
    RETURNING record_id, letter"""
INSERT = "INSERT INTO bench_floorstep (record_id, letter, is_done) VALUES "


def prepare(record_ids: list[int]) -> None:
    """A first step for each record."""
    FloorStep.objects.bulk_create(FloorStep(record_id=pk, letter=marks.FIRST) for pk in record_ids)


def work() -> dict[str, int]:
    """Until nothing is left. Returns how many statements it took, BEGIN and COMMIT apart."""
    is_sqlite = connection.vendor == "sqlite"
    database, sign = (_sqlite(), "?") if is_sqlite else (_postgresql(), "%s")
    claim = CLAIM.format(sign, true="1" if is_sqlite else "true", lock="" if is_sqlite else "FOR UPDATE SKIP LOCKED")
    mark = marks.SQL.format(sign)
    row = f"({sign}, {sign}, {'0' if is_sqlite else 'false'})"
    record_id = statements = 0
    while True:
        if is_sqlite:
            database.execute("BEGIN IMMEDIATE")
        claimed = database.execute(claim, (record_id,)).fetchone()
        if claimed is None:
            database.commit()
            if not _is_something_left(database):
                return {"statements": statements}
            continue
        record_id, letter = claimed
        left = database.execute(mark, (marks.mark(letter), record_id)).fetchone()[0]
        statements += 2
        if following := marks.following(letter, left):
            database.execute(INSERT + ", ".join([row] * len(following)), [value for each in following for value in (record_id, each)])
            statements += 1
        database.commit()


def _is_something_left(database: Any) -> bool:
    """Nothing was free; but the other process may be about to insert what follows."""
    left = database.execute("SELECT EXISTS (SELECT 1 FROM bench_floorstep WHERE NOT is_done)").fetchone()[0]
    database.commit()
    return bool(left)


def _postgresql() -> Any:
    place = settings.DATABASES["default"]
    return psycopg.connect(
        dbname=place["NAME"], user=place["USER"], password=place["PASSWORD"], host=place["HOST"], port=place["PORT"] or None
    )


def _sqlite() -> Any:
    place = settings.DATABASES["default"]
    database = sqlite3.connect(place["NAME"], timeout=place["OPTIONS"]["timeout"], isolation_level=None)
    database.executescript(place["OPTIONS"]["init_command"])
    return database
