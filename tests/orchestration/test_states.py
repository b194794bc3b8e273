"""§12: every pair of statuses is either a move or refused, and each move writes one milestone."""

import itertools
from typing import Any

import pytest
from django.db import transaction

from orchestration import states
from orchestration.models import Instance, Milestone, StageInstance, StepInstance, Version, WorkItem
from orchestration.models.instances import MilestoneKind, Moved, StaleRow
from orchestration.states import IllegalMove, InstanceStatus
from tests import stories
from tests.cast import Cast

TABLES = [
    (states.VersionStatus, states.VERSION_MOVES),
    (states.InstanceStatus, states.INSTANCE_MOVES),
    (states.StageStatus, states.STAGE_MOVES),
    (states.StepStatus, states.STEP_MOVES),
    (states.WorkItemStatus, states.WORK_ITEM_MOVES),
]
PAIRS = [(moves, before, after) for statuses, moves in TABLES for before, after in itertools.product(statuses, repeat=2) if before in moves]


@pytest.mark.parametrize(("moves", "before", "after"), PAIRS)
def test_each_pair_is_a_move_or_refused(moves: states.Moves, before: str, after: str) -> None:
    if after in moves[before]:
        states.check_move(moves, before, after)
    else:
        with pytest.raises(IllegalMove, match=f"{before} → {after}"):
            states.check_move(moves, before, after)


@pytest.mark.parametrize("moved", [Instance, StageInstance, StepInstance, WorkItem])
def test_every_move_has_a_milestone_of_its_own(moved: type[Moved]) -> None:
    reachable = {after for moves in moved.MOVES.values() for after in moves}
    assert reachable <= set(moved.MILESTONES)
    assert set(moved.MILESTONES.values()) <= set(MilestoneKind.values)


def test_what_has_ended_never_moves_again() -> None:
    for status in (states.InstanceStatus.COMPLETED, states.InstanceStatus.CANCELED):
        assert states.INSTANCE_MOVES[status] == ()
    assert set(states.LIVE) | {states.InstanceStatus.COMPLETED, states.InstanceStatus.CANCELED} == set(states.InstanceStatus)


def test_a_move_writes_the_status_and_its_milestone_together(cast: Cast) -> None:
    instance = stories.instance_of(stories.hired(cast))
    instance.move(InstanceStatus.SUSPENDED, by=cast.petra, reason="The vendor is on strike.")
    milestone = Milestone.objects.latest("pk")
    assert (milestone.kind, milestone.before, milestone.after) == ("instance_suspended", "in_progress", "suspended")
    assert (milestone.actor_label, milestone.reason) == ("Petra Novak", "The vendor is on strike.")
    instance.refresh_from_db()
    assert instance.status == "suspended"


def test_a_row_that_somebody_else_moved_meanwhile_is_not_moved(cast: Cast) -> None:
    employee = stories.hired(cast)
    mine, theirs = stories.instance_of(employee), stories.instance_of(employee)
    theirs.move(InstanceStatus.SUSPENDED)
    with pytest.raises(StaleRow):
        mine.move(InstanceStatus.ERROR)
    assert Milestone.objects.filter(kind="instance_failed").count() == 0


def test_history_keeps_the_name_of_a_deleted_user(cast: Cast) -> None:  # R9.2
    employee = stories.provisioned(cast)
    cast.hanna.delete()
    done = Milestone.objects.get(kind="work_item_completed")
    assert (done.actor, done.actor_label) == (None, "Hanna Lindqvist")
    assert stories.instance_of(employee).starter_label == "Hanna Lindqvist"


def test_a_version_that_was_active_cannot_be_changed(cast: Cast) -> None:  # R1.2
    version = Version.objects.get()
    stage = version.stages.first()
    assert stage is not None
    step = stage.steps.get()
    changes: list[Any] = [version.save, stage.save, stage.delete, step.save, step.delete, step.after.clear, lambda: step.after.add(step)]
    for change in changes:
        with pytest.raises(Exception, match="has been active and cannot be changed"), transaction.atomic():
            change()
