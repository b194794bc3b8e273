"""Each guard of the engine is taken out of a copy of the code, in turn: a deterministic test must then fail. Chaos hardly notices.

The text that a mutant takes out must be there exactly once, so that a guard that moves is noticed here.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from django.conf import settings

pytestmark = pytest.mark.proof

ROOT = Path(__file__).resolve().parent.parent
COPIED = ("orchestration", "config", "demo", "workguide", "templates", "tests", "manage.py", "pyproject.toml")


@dataclass(frozen=True)
class Mutant:
    """A guard, how to take it out, and the test that notices."""

    guard: str
    file: str
    old: str
    new: str
    test: str


ENGINE, CLAIMING, MOVING = "orchestration/engine.py", "orchestration/claiming.py", "orchestration/moving.py"
JOBS = "orchestration/jobs.py"
INSTANCES = "orchestration/models/instances.py"
STEPS, GUARDS, RACES = "tests/orchestration/test_background_steps.py", "tests/test_guards.py", "tests/test_races.py"

ANYWHERE = [
    Mutant(
        "a finish shows the token of its attempt",
        CLAIMING,
        "update(claim.step, tuple(done), token=claim.token, status",
        "update(claim.step, tuple(done), status",
        f"{RACES}::test_a_superseded_attempt_that_comes_back_before_the_second_one_has_finished_leaves_nothing",
    ),
    Mutant(
        "a failure shows the token of its attempt",
        ENGINE,
        "filter(pk=claim.step_id, token=claim.token, status",
        "filter(pk=claim.step_id, status",
        f"{STEPS}::test_a_late_failure_does_not_fail_the_next_attempt",
    ),
    Mutant(
        "only steps of an instance in progress are claimed",
        INSTANCES,
        "return self.orchestration_id if self.status == InstanceStatus.IN_PROGRESS else None",
        "return self.orchestration_id",
        "tests/orchestration/test_operating.py::test_while_suspended_no_worker_takes_a_ready_step",
    ),
    Mutant(
        "an attempt is counted when it is claimed",
        CLAIMING,
        "= step.attempt + 1, step.tries_left - 1",
        "= step.attempt + 1, step.tries_left",
        f"{STEPS}::test_a_step_that_kills_its_worker_again_and_again_ends_as_a_fault",
    ),
    Mutant(
        "the ticker takes up what has outlived its lease",
        JOBS,
        "in StepInstance.objects.lease_expired():",
        "in StepInstance.objects.none():",
        f"{STEPS}::test_a_worker_that_dies_is_noticed_by_its_lease",
    ),
    Mutant(
        "the ticker hints again at whatever is due",
        JOBS,
        "if due := _due():",
        "if due := 0:",
        "tests/orchestration/test_dispatch.py::test_the_ticker_hints_at_what_was_lost",
    ),
    Mutant(
        "a step's writes and its completion are one transaction",
        ENGINE,
        "    with transaction.atomic():\n        context = _background_context(step, drawn, flow)",
        "    if True:\n        context = _background_context(step, drawn, flow)",
        f"{STEPS}::test_what_a_failing_attempt_wrote_is_rolled_back",
    ),
    Mutant(
        "a row is moved only from the status that the mover knows",
        INSTANCES,
        'rows.update(self, ("status", *columns), status=before)',
        'rows.update(self, ("status", *columns))',
        "tests/orchestration/test_states.py::test_a_row_that_somebody_else_moved_meanwhile_is_not_moved",
    ),
    Mutant(
        "a step is ready or claimed, never both",
        INSTANCES,
        """condition=Q(ready_at__isnull=True, token="", lease_until__isnull=True)
                |""",
        """condition=Q(pk__gt=0)
                |""",
        f"{STEPS}::test_a_step_is_claimed_or_ready_but_never_both",
    ),
    Mutant(
        "orchestrations take turns",
        CLAIMING,
        "self._lanes.rotate(-1)",
        "self._lanes = deque(sorted(self._lanes, reverse=True))",
        "tests/orchestration/test_claiming.py::test_a_new_start_is_taken_up_in_turn_and_not_behind_anothers_backlog",
    ),
    Mutant(
        "a start key makes one instance",
        "orchestration/models/outbox.py",
        'models.UniqueConstraint(fields=["orchestration", "key"], name="start_key_once"),',
        "",
        f"{GUARDS}::test_two_calls_with_one_key_make_one_instance",
    ),
    Mutant(
        "one live instance for each record",
        INSTANCES,
        "condition=Q(status__in=LIVE, is_guarded=True) & ~Q(record_id=",
        "condition=Q(pk__lt=0) & ~Q(record_id=",
        "tests/orchestration/test_starting.py::test_one_live_instance_per_record",
    ),
    Mutant(
        "a start that was made is not refused afterwards",
        ENGINE,
        "StartRequest.objects.pending().filter(pk=request_id).update(outcome=StartOutcome.REFUSED",
        "StartRequest.objects.filter(pk=request_id).update(outcome=StartOutcome.REFUSED",
        f"{GUARDS}::test_a_start_that_fails_after_its_commit_is_not_refused",
    ),
    Mutant(
        "a start waits while the database is busy",
        JOBS,
        "except MOMENTARY as error:",
        "except ZeroDivisionError as error:",
        f"{RACES}::test_a_database_that_is_busy_for_a_moment_loses_no_start",
    ),
    Mutant(
        "a save never fails because the queue server is away",
        "orchestration/dispatch.py",
        """            _enqueue(drains)
    except (RedisError, OSError) as error:""",
        """            _enqueue(drains)
    except ZeroDivisionError as error:""",
        "tests/orchestration/test_dispatch.py::test_after_a_failure_the_server_is_left_alone_for_a_moment",
    ),
    Mutant(
        "a queue server that fails is left alone for a moment",
        "orchestration/dispatch.py",
        "_quiet_until = time.monotonic() + QUIET_SECONDS",
        "_quiet_until = 0.0",
        "tests/orchestration/test_dispatch.py::test_after_a_failure_the_server_is_left_alone_for_a_moment",
    ),
    Mutant(
        "a job that is no drain is never run",
        "orchestration/dispatch.py",
        "if self.func_name != DRAIN:",
        "if not self.func_name:",
        "tests/orchestration/test_dispatch.py::test_a_job_that_is_no_drain_is_never_run",
    ),
    Mutant(
        "one submission for each work item",
        INSTANCES,
        'work_item = models.OneToOneField(WorkItem, models.CASCADE, related_name="submission")',
        'work_item = models.ForeignKey(WorkItem, models.CASCADE, related_name="submission")',
        f"{GUARDS}::test_a_work_item_has_one_submission",
    ),
    Mutant(
        "who may submit is asked again under the lock",
        ENGINE,
        "        item = _open_item(item, by, instance, to_submit=True)",
        "        item.instance = instance",
        f"{GUARDS}::test_what_happened_while_the_form_was_being_checked_is_seen",
    ),
    Mutant(
        "a second call from outside changes nothing",
        ENGINE,
        "if step.callback is not None or step.status",
        "if step.status",
        "tests/orchestration/test_waiting.py::test_a_call_from_outside_lets_the_flow_go_on_and_a_second_one_changes_nothing",
    ),
    Mutant(
        "a canceled instance sends nothing more",
        MOVING,
        "filter(step_instance__instance=instance, status=EffectStatus.PENDING)",
        "filter(step_instance__instance=instance, status=EffectStatus.DROPPED)",
        "tests/orchestration/test_operating.py::test_cancel_drops_what_was_not_sent_yet",
    ),
    Mutant(
        "a delivery that comes too late notes nothing",
        "orchestration/effects.py",
        "filter(pk=effect.pk, attempt=effect.attempt, status=EffectStatus.PENDING)",
        "filter(pk=effect.pk)",
        f"{GUARDS}::test_a_late_failure_does_not_send_a_delivered_mail_again",
    ),
    Mutant(
        "a changed record is a signal in its own transaction",
        ENGINE,
        "    if signals:\n",
        "    if not signals:\n",
        "tests/orchestration/test_moving.py::test_wait_until_holds_a_step_back_until_the_record_is_saved_so",
    ),
    Mutant(
        "a loop of stages comes to an end",
        MOVING,
        "if stage.iteration > conf.MAX_ITERATIONS:",
        "if stage.iteration > conf.MAX_ITERATIONS + 1:",
        "tests/orchestration/test_moving.py::test_iteration_51_is_a_fault_named_loop_limit",
    ),
    Mutant(
        "a chain of orchestrations comes to an end",
        ENGINE,
        "if depth > MAX_DEPTH:",
        "if depth > MAX_DEPTH + 1:",
        "tests/orchestration/test_starting.py::test_orchestrations_that_start_each_other_are_cut",
    ),
    Mutant(
        "what an instance saves itself starts no other of its kind",
        "orchestration/triggers.py",
        "    if _is_own_save(version.orchestration, record):",
        "    if version is None:",
        "tests/orchestration/test_starting.py::test_a_record_that_an_instance_saves_itself_starts_no_other_of_its_kind",
    ),
    Mutant(
        "on SQLite a transaction takes the write lock when it begins",
        "config/env.py",
        '"transaction_mode": "IMMEDIATE",',
        "",
        f"{GUARDS}::test_who_has_read_may_still_write_whoever_wants_to_write_meanwhile",
    ),
]

ON_POSTGRESQL = [
    Mutant(
        "the instance's row is locked before its steps are counted",
        CLAIMING,
        " WHERE id = %s FOR NO KEY UPDATE)",
        " WHERE id = %s)",
        f"{GUARDS}::test_the_last_two_steps_of_a_stage_do_not_miss_each_other",
    ),
    Mutant(
        "a finish shows the token of its attempt, in the statement for PostgreSQL",
        CLAIMING,
        "AND s.token = %s AND s.status",
        "AND (s.token = %s OR TRUE) AND s.status",
        f"{RACES}::test_a_superseded_attempt_that_comes_back_before_the_second_one_has_finished_leaves_nothing",
    ),
    Mutant(
        "an attempt is counted when it is claimed, in the statement for PostgreSQL",
        CLAIMING,
        "tries_left = s.tries_left - 1",
        "tries_left = s.tries_left",
        f"{STEPS}::test_a_step_that_kills_its_worker_again_and_again_ends_as_a_fault",
    ),
    Mutant(
        "what is in somebody else's hands is not asked for again and again",
        CLAIMING,
        "is not None and lane not in asked:",
        "is not None:",
        f"{GUARDS}::test_a_worker_frozen_over_a_claim_does_not_keep_others_from_claiming",
    ),
    Mutant(
        "workers pass by a step that somebody is claiming",
        CLAIMING,
        'PICK.format(lock="FOR UPDATE SKIP LOCKED")',
        'PICK.format(lock="FOR UPDATE")',
        f"{GUARDS}::test_a_worker_frozen_over_a_claim_does_not_keep_others_from_claiming",
    ),
    Mutant(
        "workers pass by a start that somebody is making",
        ENGINE,
        '.select_for_update(skip_locked=True, of=("self",))\n            .select_related("orchestration"',
        '.select_for_update(of=("self",))\n            .select_related("orchestration"',
        f"{RACES}::test_a_worker_frozen_over_a_start_does_not_keep_others_from_starting_and_working",
    ),
    Mutant(
        "the ticker passes by an instance that somebody is moving",
        INSTANCES,
        "self.select_for_update(no_key=True, skip_locked=True)",
        "self.select_for_update(no_key=True)",
        f"{RACES}::test_a_worker_frozen_over_a_finish_does_not_keep_the_ticker_from_rescuing_others",
    ),
    Mutant(
        "a step that takes long keeps its lease",
        ENGINE,
        "token=claim.token).update(lease_until=lease)",
        "token=claim.token).update(lease_until=None)",
        f"{GUARDS}::test_a_step_that_takes_long_keeps_its_lease",
    ),
    Mutant(
        "a heartbeat outlives a lost session",
        ENGINE,
        "except DatabaseError as error:  # the next beat",
        "except ZeroDivisionError as error:  # the next beat",
        f"{GUARDS}::test_a_step_that_takes_long_keeps_its_lease[True]",
    ),
]


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the tree to take guards out of."""
    folder = tmp_path_factory.mktemp("mutants") / "tree"
    for name in COPIED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, folder / name)
    return folder


@pytest.fixture
def mutated(copy: Path, mutant: Mutant) -> Iterator[Path]:
    """The copy without the mutant's guard."""
    whole = (copy / mutant.file).read_text()
    assert whole.count(mutant.old) == 1, f"“{mutant.guard}” is no longer where this table says: {mutant.file} has {mutant.old!r} elsewhere"
    (copy / mutant.file).write_text(whole.replace(mutant.old, mutant.new))
    yield copy
    (copy / mutant.file).write_text(whole)


def run(folder: Path, tests: Sequence[str], *, on_sqlite: bool) -> subprocess.CompletedProcess[str]:
    """The named tests of this tree, on tables made from the models, since constraints are mutated there and not in the migrations."""
    left_out = ("SEGUE_DATA_DIR", "PYTEST_ADDOPTS", "PYTEST_XDIST_WORKER", *(("DATABASE_URL", "REDIS_URL") if on_sqlite else ()))
    environment = {name: value for name, value in os.environ.items() if name not in left_out}
    command = [sys.executable, "-B", "-m", "pytest", "-q", "-x", "--no-migrations", "-p", "no:cacheprovider", "--tb=short", *tests]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=300)


def assert_killed(folder: Path, mutant: Mutant, *, on_sqlite: bool) -> None:
    done = run(folder, [mutant.test], on_sqlite=on_sqlite)
    assert f"FAILED {mutant.test}" in done.stdout, f"Without the guard “{mutant.guard}” its test should fail:\n{done.stdout}{done.stderr}"


@pytest.mark.once
@pytest.mark.parametrize("mutant", ANYWHERE, ids=lambda mutant: mutant.guard)
def test_without_the_guard_its_test_fails(mutated: Path, mutant: Mutant) -> None:
    assert_killed(mutated, mutant, on_sqlite=True)


@pytest.mark.postgresql
@pytest.mark.parametrize("mutant", ON_POSTGRESQL, ids=lambda mutant: mutant.guard)
def test_without_the_guard_its_test_fails_on_postgresql(mutated: Path, mutant: Mutant) -> None:
    assert_killed(mutated, mutant, on_sqlite=False)


def test_with_all_guards_the_same_tests_pass(copy: Path) -> None:
    is_postgresql = settings.DATABASES["default"]["ENGINE"].endswith("postgresql")
    for mutants, on_sqlite in ((ANYWHERE, True), *(((ON_POSTGRESQL, False),) if is_postgresql else ())):
        done = run(copy, sorted({mutant.test for mutant in mutants}), on_sqlite=on_sqlite)
        assert done.returncode == 0, done.stdout + done.stderr
