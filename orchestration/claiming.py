"""How background steps are claimed and finished: what a worker asks of the database for each step, and no more.

Set-based, beside `move()`: the one other place where a status is written, from the same tables of `states`. A claim is a conditional
update that sets token and lease; a finish must show the token, and locks the row of the instance first.
"""

import secrets
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from django.db import connection
from django.db.models import Exists, OuterRef

from orchestration import clock, conf, drawing
from orchestration.errors import Stale
from orchestration.models import Instance, Milestone, Orchestration, StageInstance, StepInstance, Version, rows
from orchestration.states import LIVE, STEP_MOVES, StageStatus, StepStatus, check_move

check_move(STEP_MOVES, StepStatus.IN_PROGRESS, StepStatus.COMPLETED)

KNOWN_FOR = 0.2
"""Seconds for which a worker goes round among the orchestrations that had ready steps, before it asks again which have."""


@dataclass(frozen=True)
class Claim:
    """One attempt of one background step, held by its token until its lease ends. `step` is the row as it was claimed."""

    step: StepInstance = field(repr=False)
    token: str

    @property
    def step_id(self) -> int:
        """The key of the step."""
        return self.step.pk

    @property
    def instance_id(self) -> int:
        """The key of its instance."""
        return self.step.instance_id


class Turns(threading.local):
    """The orchestrations with ready steps, which take turns (R4.2): a new start never waits behind another's backlog."""

    def __init__(self) -> None:
        self._lanes: deque[int] = deque()
        self._until = 0.0

    def next(self) -> int | None:
        """The orchestration whose turn it is; None when none has a ready step."""
        if not self._lanes or time.monotonic() >= self._until:
            behind = self._lanes[-1] if self._lanes else 0
            known = lanes()
            self._lanes = deque(sorted(known, key=lambda lane: (lane <= behind, lane)))
            self._until = time.monotonic() + KNOWN_FOR
        if not self._lanes:
            return None
        self._lanes.rotate(-1)
        return self._lanes[-1]

    def drop(self, lane: int) -> None:
        """It has no ready step any more."""
        if lane in self._lanes:
            self._lanes.remove(lane)


_turns = Turns()


def lanes() -> list[int]:
    """The orchestrations that have a step which a worker may claim now. Costs a look at an index for each orchestration."""
    ready = StepInstance.objects.filter(lane=OuterRef("pk"), ready_at__lte=clock.now())
    return list(Orchestration.objects.filter(Exists(ready)).order_by("pk").values_list("pk", flat=True))


def claim(own_first: int = 0) -> Claim | None:
    """Take a ready background step for one attempt, of the instance `own_first` if it has one; None when there is none.

    The attempt is counted here, so that a step which kills its worker runs out of attempts too (R4.6).
    """
    asked: set[int] = set()  # what is left of a lane may be in the hands of somebody who has not committed, and may be frozen
    while (lane := _turns.next()) is not None and lane not in asked:
        if found := _claim(own_first, lane):
            return found
        _turns.drop(lane)
        asked.add(lane)
    return None


def hold(step: StepInstance) -> Claim:
    """Let the object, whose row is not written yet, be claimed."""
    token = secrets.token_hex(16)
    step.attempt, step.tries_left = step.attempt + 1, step.tries_left - 1
    step.token, step.lease_until, step.callback_key = token, _lease(), step.callback_key or token
    step.ready_at = step.lane = None
    return Claim(step, token)


def claim_unwritten(instance: Instance) -> Claim | None:
    """Claim the first of the instance's steps that are ready and about to be inserted: it is inserted as claimed."""
    ready = next((step for step in instance.unwritten if step.lane is not None), None)
    if ready is None:
        return None
    instance.ready_steps -= 1
    return hold(ready)


CHANGING = ("status", "variables", "ended_at", "look_again_at")
"""What may have changed of an instance since its step was claimed."""

HELD = ("attempt", "tries_left", "token", "lease_until", "callback_key", "ready_at", "lane")
"""What a claim writes."""


def finish(claim: Claim, outputs: dict[str, Any], usage: dict[str, Any]) -> Instance:
    """Lock the claim's instance and complete its step. Returns the instance, which knows where it stands.

    Raises Stale when the attempt was superseded, or the instance has ended.
    """
    step, now = claim.step, clock.now()
    done = {
        "status": StepStatus.COMPLETED,
        "outputs": outputs,
        "usage": usage,
        "ended_at": now,
        "token": "",
        "lease_until": None,
        "error": {},
        "looked": {},
        "checkpoint": {},
    }
    for name, value in done.items():
        setattr(step, name, value)
    instance = _finish(claim, done)
    instance.untold = []
    drawn = drawing.of(instance.version)
    stage = _stage_of(step, instance, drawn.stage_of[step.step_id].id)
    steps = _steps_in(stage) if len(drawn.stage_of[step.step_id].steps) > 1 else [step]
    for each in steps:
        each.instance, each.stage_instance = instance, stage
    Milestone.record(
        StepInstance.MILESTONES[StepStatus.COMPLETED],
        **next(each for each in steps if each.pk == step.pk).milestone_place(),
        before=StepStatus.IN_PROGRESS,
        after=StepStatus.COMPLETED,
        data={"outputs": {drawn.steps[step.step_id].api_name: outputs}},
    )
    instance.present = (stage, steps)
    return instance


def _lease() -> datetime:
    return clock.now() + timedelta(seconds=conf.LEASE_SECONDS)


# Statements ----------------------------------------------------------------------------------------------------------

_STEP, _INSTANCE, _VERSION = (f'"{model._meta.db_table}"' for model in (StepInstance, Instance, Version))

PICK = f"""COALESCE(
    (SELECT id FROM {_STEP} WHERE instance_id = %s AND lane IS NOT NULL AND ready_at <= %s ORDER BY ready_at, id LIMIT 1 {{lock}}),
    (SELECT id FROM {_STEP} WHERE lane = %s AND ready_at <= %s ORDER BY ready_at, id LIMIT 1 {{lock}}))"""  # noqa: S608
"""The oldest ready step of one instance, else of one orchestration; with a lock, those that other workers are taking are passed by."""

CLAIM = f"""UPDATE {_STEP} AS s SET ready_at = NULL, lane = NULL, attempt = s.attempt + 1, tries_left = s.tries_left - 1,
    token = %s, lease_until = %s, callback_key = CASE s.callback_key WHEN '' THEN %s ELSE s.callback_key END
    FROM {_INSTANCE} AS i JOIN {_VERSION} AS v ON v.id = i.version_id
    WHERE i.id = s.instance_id AND s.status = '{StepStatus.IN_PROGRESS}' AND s.token = ''
    AND s.id = {PICK.format(lock="FOR UPDATE SKIP LOCKED")} RETURNING """  # noqa: S608

_LIVE = ", ".join(f"'{status}'" for status in LIVE)
FINISH = f"""WITH i AS (SELECT * FROM {_INSTANCE} WHERE id = %s FOR NO KEY UPDATE),
    done AS (UPDATE {_STEP} AS s SET status = '{StepStatus.COMPLETED}', outputs = %s, usage = %s, ended_at = %s, token = '',
        lease_until = NULL, error = '{{}}', looked = '{{}}', checkpoint = '{{}}'
        FROM i WHERE s.id = %s AND s.token = %s AND s.status = '{StepStatus.IN_PROGRESS}' AND i.status IN ({_LIVE}) RETURNING s.id)
    SELECT """  # noqa: S608
"""The lock comes first, since the update reads what it returns; having waited for it, both see the rows as they are then."""


@cache
def _columns(model: Any, alias: str, *names: str) -> rows.Columns:
    return rows.Columns(model, alias, names or [each.name for each in model._meta.concrete_fields])


def _claim(own: int, lane: int) -> Claim | None:
    parts = (_columns(StepInstance, "s"), _columns(Instance, "i"), _columns(Version, "v", "id", "status", "activated_at"))
    (as_time,) = rows.prepared(StepInstance, ["ready_at"])
    chosen, now, token = ", ".join(part.sql for part in parts), as_time(clock.now()), secrets.token_hex(16)
    whose = [own, now, lane, now]
    if connection.vendor == "postgresql":
        found = rows.fetch(CLAIM + chosen, [token, as_time(_lease()), token, *whose])
    else:
        joined = f"{_STEP} AS s JOIN {_INSTANCE} AS i ON i.id = s.instance_id JOIN {_VERSION} AS v ON v.id = i.version_id"
        found = rows.fetch(f"SELECT {chosen} FROM {joined} WHERE s.id = {PICK.format(lock='')}", whose)  # noqa: S608
    if not found:
        return None
    step, instance, version = rows.objects(parts, found[0])
    step.instance, instance.version = instance, drawing.of(version).version
    if connection.vendor == "postgresql":
        return Claim(step, token)
    held = hold(step)
    return held if rows.update(step, HELD, status=StepStatus.IN_PROGRESS, token="") else None


def _finish(claim: Claim, done: dict[str, Any]) -> Instance:
    columns = _columns(Instance, "i", *CHANGING)
    if connection.vendor == "postgresql":
        names = ("outputs", "usage", "ended_at")
        values = [prepare(done[name]) for name, prepare in zip(names, rows.prepared(StepInstance, names), strict=True)]
        found = rows.fetch(FINISH + columns.sql + " FROM i, done", [claim.instance_id, *values, claim.step_id, claim.token])
    else:
        is_done = rows.update(claim.step, tuple(done), token=claim.token, status=StepStatus.IN_PROGRESS)
        found = rows.fetch(f"SELECT {columns.sql} FROM {_INSTANCE} AS i WHERE i.id = %s", [claim.instance_id]) if is_done else []  # noqa: S608
    if found:
        instance = claim.step.instance
        instance.begin_anew()
        columns.renew(instance, found[0])
        if instance.is_live:
            return instance
    raise Stale(f"step {claim.step_id}: this attempt was superseded")


def _stage_of(step: StepInstance, instance: Instance, stage_id: int) -> StageInstance:
    """The passage through a stage that a step in progress belongs to: it is in progress itself, so its row need not be read."""
    known = {"id": step.stage_instance_id, "instance_id": instance.pk, "stage_id": stage_id, "status": StageStatus.IN_PROGRESS}
    stage = StageInstance.from_db(connection.alias, list(known), list(known.values()))
    stage.instance = instance
    return stage


def _steps_in(stage: StageInstance) -> list[StepInstance]:
    """All steps of the stage as they are now; what only a few of them are asked for is fetched then."""
    columns = _columns(StepInstance, "s", "id", "step", "status", "handles", "looked", "ready_at", "lane")
    found = rows.fetch(f"SELECT {columns.sql} FROM {_STEP} AS s WHERE s.stage_instance_id = %s ORDER BY s.id", [stage.pk])  # noqa: S608
    return [columns.row(values) for values in found]
