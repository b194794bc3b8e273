"""§4: what a worker does, and what happens when it fails, dies or comes back too late."""

import pytest
from django.db import IntegrityError, transaction

from demo.models import Employee, ITTicket
from orchestration import clock, conf, engine, jobs, operating, runner
from orchestration.errors import Stale
from orchestration.flows import catalogue
from orchestration.models import Effect, Instance, Milestone, StepInstance
from tests import flows, stories
from tests.cast import Cast
from tests.stories import active, background, drain, later


@pytest.fixture(autouse=True)
def _nothing_done_yet() -> None:
    flows.calls.clear()
    flows.failing.clear()


def trial(*steps: dict[str, object], record: Employee | None = None) -> Instance:
    """A live instance of an orchestration with one stage of these steps."""
    active(list(steps))
    return engine.start("trial", record=record)


def noting(name: str, **columns: object) -> dict[str, object]:
    """A step whose flow notes that it was called."""
    return background(name, "tests.note", inputs={"text": {"value": name}}, **columns)


def test_steps_that_may_begin_together_do(cast: Cast) -> None:  # R3.4
    instance = trial(noting("one"), noting("two"), noting("three"))
    claims = [engine.claim_step() for _ in range(3)]
    assert len({claim.step_id for claim in claims if claim}) == 3
    assert engine.claim_step() is None
    for claim in claims:
        assert claim is not None
        engine.run_step(claim)
    instance.refresh_from_db()
    assert instance.status == "completed"


def test_a_step_waits_for_those_that_it_comes_after(cast: Cast) -> None:  # R3.4
    trial(noting("last", after=["left", "right"]), noting("left"), noting("right"))
    drain()
    assert [text for text, *_ in flows.calls] == ["left", "right", "last"]


def test_stages_run_strictly_in_order(cast: Cast) -> None:  # R3.2
    active([noting("a"), noting("b")], [noting("c")], [noting("d")])
    instance = engine.start("trial")
    assert instance.stage_instances.count() == 1
    drain()
    assert [text for text, *_ in flows.calls] == ["a", "b", "c", "d"]
    assert [stage.status for stage in instance.stage_instances.all()] == ["completed"] * 3


def test_outputs_are_read_by_later_steps_each_in_its_own_name(cast: Cast) -> None:  # R4.9 R6.1
    first = background("first", "tests.double", inputs={"number": {"value": 4}})
    other = background("other", "tests.double", inputs={"number": {"value": 50}})
    second = background("second", "tests.double", inputs={"number": {"path": "steps.first.outputs.number"}})
    active([first, other], [second])
    instance = engine.start("trial")
    drain()
    outputs = dict(instance.step_instances.values_list("step__api_name", "outputs"))
    assert outputs == {"first": {"number": 8}, "other": {"number": 100}, "second": {"number": 16}}


def test_a_failing_step_leaves_the_earlier_ones_committed(cast: Cast) -> None:  # R4.1
    employee = stories.hired(cast, building=cast.annex)
    stories.complete(stories.item_of(employee), cast.hanna, stories.preferences(employee))
    drain()
    assert stories.statuses(employee) == {
        "collect_preferences": "completed",
        "it_ticket": "completed",
        "chat_invitation": "completed",
        "building_access": "in_progress",
    }
    assert employee.it_tickets.count() == 1


def test_what_a_failing_attempt_wrote_is_rolled_back(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:  # R4.1
    employee = stories.hired(cast)
    stories.complete(stories.item_of(employee), cast.hanna, stories.preferences(employee))

    def broken(*args: object) -> None:
        raise RuntimeError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(engine, "finish_step", broken)
        drain()
    assert ITTicket.objects.count() == 0
    with later(minutes=5):
        drain()
    assert ITTicket.objects.count() == 1


def test_an_attempt_is_tried_again_later_and_later(cast: Cast) -> None:  # R4.5
    flows.failing.add("shaky")
    instance = trial(noting("shaky"))
    step = instance.step_instances.get()
    waits = []
    for _ in range(2):
        drain()
        step.refresh_from_db()
        assert step.ready_at is not None
        waits.append((step.ready_at - clock.now()).total_seconds())
        StepInstance.objects.update(ready_at=clock.now())
    longest = [conf.RETRY_SECONDS * 2, conf.RETRY_SECONDS * 4]
    assert all(top / 2 - 1 <= wait <= top for wait, top in zip(waits, longest, strict=True))


def test_a_step_that_fails_and_then_works_is_completed(cast: Cast) -> None:  # R4.5
    flows.failing.add("shaky")
    instance = trial(noting("shaky"))
    drain()
    flows.failing.clear()
    with later(minutes=1):
        drain()
    instance.refresh_from_db()
    assert instance.status == "completed"
    assert instance.step_instances.get().outputs == {"text": "shaky", "attempt": 2}
    assert [attempt for _, attempt, _ in flows.calls] == [1, 2]


def test_each_attempt_shows_the_same_idempotency_key(cast: Cast) -> None:  # R4.3
    flows.failing.add("shaky")
    trial(noting("shaky"))
    for minutes in (0, 5, 10):
        with later(minutes=minutes):
            drain()
    assert len(flows.calls) == 3
    assert len({key for *_, key in flows.calls}) == 1


def test_attempts_used_up_put_the_instance_in_error_and_keep_the_message(cast: Cast) -> None:  # R7.1
    flows.failing.add("shaky")
    instance = trial(noting("shaky"))
    for minutes in (0, 5, 10, 15):
        with later(minutes=minutes):
            drain()
    instance.refresh_from_db()
    step = instance.step_instances.get()
    assert (instance.status, step.status, step.stage_instance.status) == ("error", "error", "error")
    assert step.error == {"type": "Failure", "message": "shaky does not work today."}
    assert len(flows.calls) == conf.MAX_ATTEMPTS
    kinds = list(Milestone.objects.filter(kind__in=["attempt_failed", "step_failed"]).values_list("kind", flat=True))
    assert kinds == ["attempt_failed", "attempt_failed", "step_failed"]


def test_while_an_instance_is_in_error_nothing_new_begins_but_what_runs_is_kept(cast: Cast) -> None:  # R7.3
    flows.failing.add("shaky")
    instance = trial(noting("shaky"), noting("slow"), noting("next", after=["slow"]))
    running = {}
    for _ in range(2):
        claim = engine.claim_step()
        assert claim is not None
        running[StepInstance.objects.get(pk=claim.step_id).step.api_name] = claim
    StepInstance.objects.update(tries_left=0)
    engine.fail_step(running["shaky"], RuntimeError("no"))
    engine.run_step(running["slow"])
    drain()
    assert dict(instance.step_instances.values_list("step__api_name", "status")) == {
        "shaky": "error",
        "slow": "completed",
        "next": "not_started",
    }


def test_an_operator_takes_a_failed_step_up_again_at_any_age(cast: Cast) -> None:  # R7.4
    flows.failing.add("shaky")
    instance = trial(noting("shaky"))
    for minutes in (0, 5, 10):
        with later(minutes=minutes):
            drain()
    flows.failing.clear()
    with later(days=400):
        operating.retry_step(instance.step_instances.get(), by=cast.admin, reason="The service is back.")
        drain()
    instance.refresh_from_db()
    step = instance.step_instances.get()
    assert (instance.status, step.attempt) == ("completed", 4)  # the number only grows
    retried = Milestone.objects.get(kind="step_retried")
    assert (retried.actor, retried.reason) == (cast.admin, "The service is back.")


def test_a_delivery_that_comes_twice_changes_nothing(cast: Cast) -> None:  # R4.2
    trial(noting("once"))
    claim = engine.claim_step()
    assert claim is not None
    engine.run_step(claim)
    with pytest.raises(Stale):
        engine.run_step(claim)
    assert Milestone.objects.filter(kind="step_completed").count() == 1


def test_a_worker_that_dies_is_noticed_by_its_lease(cast: Cast) -> None:  # R4.6
    instance = trial(noting("lost"))
    assert engine.claim_step() is not None  # and is never heard of again
    jobs.tick()
    assert instance.step_instances.get().token
    with later(seconds=conf.LEASE_SECONDS + 1):
        jobs.tick()
    with later(minutes=10):
        drain()
    instance.refresh_from_db()
    assert (instance.status, instance.step_instances.get().attempt) == ("completed", 2)


def test_a_step_that_kills_its_worker_again_and_again_ends_as_a_fault(cast: Cast) -> None:  # R4.6
    instance = trial(noting("deadly"))
    for attempt in range(conf.MAX_ATTEMPTS):
        with later(minutes=10 * attempt):
            assert engine.claim_step() is not None
        with later(minutes=10 * attempt + 5):
            jobs.tick()
    instance.refresh_from_db()
    assert (instance.status, instance.step_instances.get().error["type"]) == ("error", "worker_lost")


def test_an_attempt_that_comes_back_too_late_rolls_back(cast: Cast) -> None:  # R4.2
    employee = stories.hired(cast)
    stories.complete(stories.item_of(employee), cast.hanna, stories.preferences(employee))
    late = engine.claim_step()
    assert late is not None
    with later(minutes=5):
        jobs.tick()
    with later(minutes=10):
        drain()
    assert ITTicket.objects.count() == 1
    with pytest.raises(Stale):
        engine.run_step(late)
    assert ITTicket.objects.count() == 1


def test_a_late_failure_does_not_fail_the_next_attempt(cast: Cast) -> None:  # R4.2
    instance = trial(noting("slow"))
    late = engine.claim_step()
    assert late is not None
    with later(minutes=5):
        jobs.tick()
    with later(minutes=10):
        again = engine.claim_step()
        engine.fail_step(late, RuntimeError("too late"))
        assert again is not None
        engine.run_step(again)
    instance.refresh_from_db()
    assert instance.status == "completed"
    assert not Milestone.objects.filter(kind="attempt_failed").exists()


def test_a_step_is_claimed_or_ready_but_never_both(cast: Cast) -> None:  # a constraint of the database
    trial(noting("one"))
    with pytest.raises(IntegrityError), transaction.atomic():
        StepInstance.objects.update(token="somebody's", lease_until=clock.now())


@pytest.mark.parametrize(
    ("flow", "inputs", "kind", "message"),
    [
        ("tests.return_nonsense", {}, "output", "cannot be stored"),
        ("tests.return_much", {}, "limit", "the limit of 262144 bytes of outputs"),
        ("tests.double", {"number": {"value": "four"}}, "input", "takes int as “number”, not 'four'"),
        ("tests.double", {"number": {"path": "steps.step.outputs.x"}}, "input", "needs a value for “number”"),
        ("tests.double", {"number": {"path": "steps.nowhere.outputs.x"}}, "expression", "there is no field “nowhere”"),
        ("tests.double", {"number": {"path": "record.salary"}}, "expression", "there is no field “salary”"),
        ("tests.double", {"number": {"path": "nothing.x"}}, "expression", "there is no “nothing” here. Known:"),
    ],
)
def test_a_fault_names_the_place_and_is_not_retried(
    cast: Cast, flow: str, inputs: dict[str, object], kind: str, message: str
) -> None:  # R3.9 R4.9 R7.5
    employee = stories.hire(cast)
    version = active([noting("step")])
    version.steps.update(flow=flow, inputs=inputs)  # as no check before the activation would let it pass
    instance = engine.start("trial", record=employee)
    drain()
    step = instance.step_instances.get()
    assert (step.status, step.attempt, step.error["type"]) == ("error", 1, kind)
    assert message in step.error["message"]


def test_a_flow_that_a_deploy_removed_faults_with_its_name(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:  # R9.3
    instance = trial(background("one", "tests.double", inputs={"number": {"value": 1}}), noting("two"))
    monkeypatch.delitem(catalogue._catalogue, "tests.double")
    drain()
    steps = {step.step.api_name: step for step in instance.step_instances.all()}
    assert (steps["one"].status, steps["one"].error["type"]) == ("error", "flow_missing")
    assert "“tests.double”" in steps["one"].error["message"]


def test_a_record_that_is_gone_faults_its_step(cast: Cast) -> None:
    employee = stories.hire(cast)
    instance = trial(background("one", "tests.rename_record", inputs={"name": {"value": "Sam"}}), record=employee)
    employee.delete()
    StepInstance.objects.exclude(instance=instance).delete()
    for step in StepInstance.objects.filter(instance=instance):
        claim = engine.claim_step()
        assert claim is not None
        assert claim.step_id == step.pk
        with pytest.raises(Exception, match="“Sam Lee” is gone"):
            engine.run_step(claim)
        engine.fail_step(claim, runner.code.Fault("gone"))


def test_mail_leaves_once_the_step_is_committed_under_a_key_that_never_changes(
    cast: Cast, mailoutbox: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:  # R4.3
    trial(background("tell", "tests.mail_somebody", inputs={"to": {"value": "a@b.example"}}))
    claim = engine.claim_step()
    assert claim is not None
    engine.run_step(claim)
    assert mailoutbox == []
    effect = Effect.objects.get()
    drain()
    drain()
    assert len(mailoutbox) == 1
    assert effect.key in mailoutbox[0].extra_headers["Message-ID"]  # type: ignore[attr-defined]
    effect.refresh_from_db()
    assert (effect.status, effect.attempt) == ("delivered", 1)


def test_a_mail_server_that_is_down_delays_the_mail_and_not_the_instance(
    cast: Cast, mailoutbox: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:  # R4.3
    instance = trial(background("tell", "tests.mail_somebody", inputs={"to": {"value": "a@b.example"}}))
    with monkeypatch.context() as patch:
        patch.setattr("django.core.mail.EmailMessage.send", _refused)
        drain()
    instance.refresh_from_db()
    effect = Effect.objects.get()
    assert (instance.status, effect.status, effect.error) == ("completed", "pending", "ConnectionRefusedError: mail server is down")
    with later(minutes=1):
        drain()
    assert len(mailoutbox) == 1


def test_a_mail_that_never_goes_is_given_up_and_stays_visible(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    trial(background("tell", "tests.mail_somebody", inputs={"to": {"value": "a@b.example"}}))
    monkeypatch.setattr("django.core.mail.EmailMessage.send", _refused)
    for hours in range(15):
        with later(hours=2 * hours):
            drain()
    effect = Effect.objects.get()
    assert (effect.status, effect.attempt) == ("failed", 12)


@pytest.mark.parametrize(
    ("to", "subject"),
    [
        ("a@b.example, c@d.example", "Hi"),
        ("a@b.example\nBcc: c@d.example", "Hi"),
        ("nobody", "Hi"),
        ("a@b.example", "Hi\r\nBcc: x@y.example"),
        ("a@b.example", "x" * 201),
    ],
)
def test_a_mail_goes_to_one_address_with_one_line_as_subject(cast: Cast, to: str, subject: str, mailoutbox: list[object]) -> None:
    instance = trial(background("tell", "tests.mail_somebody", inputs={"to": {"value": to}, "subject": {"value": subject}}))
    drain()
    assert instance.step_instances.get().error["type"] == "Failure"
    assert not Effect.objects.exists()


def _refused(*args: object, **kwargs: object) -> None:
    raise ConnectionRefusedError("mail server is down")
