"""Debug runs: a draft, or an active version, is lived through on a real record, in a transaction that is rolled back; nothing leaves.

    with debugging.replayed(version, script) as run:
        run.moves, run.items, run.waiting, run.sent

A run is made from its script alone, each time from the start: what was chosen at first (record, change, mocks), and what people did since
(deeds). Nothing else is kept, so that each request of whoever debugs is one transaction, and going back is leaving out the last deed.
"""

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction
from django.db.models import Model
from django.utils.translation import gettext as _

from orchestration import (
    access,
    assignment,
    builder,
    claiming,
    clock,
    engine,
    expressions,
    moving,
    origin,
    outside,
    runner,
    timeline,
    values,
)
from orchestration.errors import ExpressionError, Fault, Invalid, Refused, describe
from orchestration.flows import Reply
from orchestration.models import Attachment, Effect, Instance, Milestone, Signal, StartRequest, StepInstance, Version, WorkItem, rows
from orchestration.models.instances import name_of
from orchestration.models.records import model_named, reference, snapshot
from orchestration.reach import Reach
from orchestration.states import StepStatus

MOST_BYTES = 200_000
"""How large a script may be."""

MOST_MOVES = 300
MOST_SECONDS = 10.0
"""What one replay may take; then it stops where it is, and says so."""


@dataclass(frozen=True)
class Script:
    """What a debug run is made from; all of it plain JSON, so that a page can carry it."""

    record: str = ""
    starter: str = ""
    inputs: Mapping[str, Any] = field(default_factory=dict)
    change: Mapping[str, Any] = field(default_factory=dict)
    """Fields of the record with the values that the save which starts it gives them."""

    mocks: Mapping[str, Any] = field(default_factory=dict)
    """Step → `{"outputs": {…}}`, or `{"fail": {"type": …, "message": …}}`: instead of running its flow."""

    replies: Mapping[str, Any] = field(default_factory=dict)
    """Endpoint → `{"status": 200, "body": …}`: what it would answer."""

    deeds: Sequence[Mapping[str, Any]] = ()
    """What people did, in order: `{"complete": step, "as": username, "answers": {…}}`, `{"later": seconds}`."""

    skips_timers: bool = True
    most: int = 0
    """After so many moves it stops; 0: where something must be decided."""

    @classmethod
    def read(cls, text: str) -> "Script":
        """The script in a page's field. Raises Invalid when it is none."""
        if len(text) > MOST_BYTES:
            raise Invalid(_("The debug run has become too long. Begin again."))
        try:
            told = json.loads(text or "{}")
            script = cls(**{name: value for name, value in told.items() if value not in (None, "")})
        except (ValueError, TypeError, AttributeError, RecursionError) as error:
            raise Invalid(_("This is no script of a debug run. Begin again.")) from error
        kinds: dict[str, Any] = {
            "record": str,
            "starter": str,
            "inputs": dict,
            "change": dict,
            "mocks": dict,
            "replies": dict,
            "deeds": (list, tuple),
        }
        kinds |= {"skips_timers": bool, "most": int}
        if any(not isinstance(getattr(script, name), kind) for name, kind in kinds.items()):
            raise Invalid(_("This is no script of a debug run. Begin again."))
        mocks = [mock for mock in script.mocks.values() if isinstance(mock, dict)]
        inner = [*script.deeds, *script.mocks.values(), *(part for mock in mocks for part in mock.values())]
        if not all(isinstance(one, dict) for one in inner):
            raise Invalid(_("This is no script of a debug run. Begin again."))
        return script

    def written(self) -> str:
        """The script as a page's field."""
        return json.dumps(self.__dict__, default=str, ensure_ascii=False)


SAMPLE_FILE = "orc-sample-file"
"""What a script says for a file: it carries no content, so that one small PDF stands for whatever would be handed in."""

_SAMPLE_NAME = "sample.pdf"
_SAMPLE_CONTENT = (
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
)


class SampleReach(Reach):
    """The reach of somebody whose work is tried: the one file that they can hand in is the sample."""

    sample_file = SAMPLE_FILE

    @property
    def files(self) -> dict[str, Attachment]:
        """The sample, which is kept only when the item is completed with it."""
        return {SAMPLE_FILE: Attachment(name=_SAMPLE_NAME, size=len(_SAMPLE_CONTENT))}


@dataclass
class Move:
    """One thing that happened: what, how long it took, what is different since, and the milestones that it left."""

    label: str
    seconds: float = 0.0
    error: str = ""
    changes: list[tuple[str, Any, Any]] = field(default_factory=list)
    milestones: list[Milestone] = field(default_factory=list)
    used: Sequence[str] = ()

    @property
    def reasons(self) -> list[tuple[str, bool, str]]:
        """Which rules were looked at, whether they held, and the values that decided them (R3.11)."""
        facts = [fact for milestone in self.milestones for fact in milestone.data.get("facts", [])]
        return [(fact["test"], fact["met"], "; ".join(f"{name}: {value}" for name, value in fact["found"].items())) for fact in facts]


@dataclass
class Call:
    """A call-out that would have been made."""

    endpoint: str
    method: str
    path: str
    body: Any
    is_answered: bool


class Run:
    """A debug run as far as its script goes. Good inside the `with` block only: after it, its rows are gone."""

    def __init__(self, version: Version, script: Script) -> None:
        self.version, self.script = version, script
        self.instance: Instance | None = None
        self.moves: list[Move] = []
        self.calls: list[Call] = []
        self.notes: list[str] = []
        self.refused = ""
        """Why it does not start; empty when it does."""

        self.ahead = timedelta(0)
        self._facts: dict[str, Any] = {}
        self._seen = 0
        self._deeds = list(script.deeds)
        self._until = time.monotonic() + MOST_SECONDS

    # What a page asks ------------------------------------------------------------------------------------------------

    @property
    def view(self) -> timeline.InstanceView:
        """Its stages and steps."""
        assert self.instance is not None
        with clock.moved(self.ahead):
            return timeline.of(self.instance)

    @property
    def items(self) -> list[WorkItem]:
        """The open work items."""
        if self.instance is None:
            return []
        return list(self.instance.work_items.open().select_related("step_instance__step", "user", "group", "queue").order_by("pk"))

    @property
    def sent(self) -> list[Effect]:
        """Mails and messages that would have been sent."""
        return list(Effect.objects.filter(step_instance__instance=self.instance).order_by("pk")) if self.instance else []

    @property
    def started(self) -> list[StartRequest]:
        """Starts of other orchestrations that would have been asked for."""
        caused = StartRequest.objects.filter(caused_by=self.instance) if self.instance else StartRequest.objects.none()
        return list(caused.select_related("orchestration").order_by("pk"))

    @property
    def variables(self) -> list[tuple[str, Any]]:
        """What can be read now: variables and outputs."""
        return sorted(self._facts.items())

    @property
    def has_ended(self) -> bool:
        """Whether it came to its end."""
        return self.instance is not None and not self.instance.is_live

    @property
    def is_proof(self) -> bool:
        """Whether it shows that the version can be lived through: to the end, with nothing made to fail or left to a mock."""
        return self.instance is not None and self.instance.status == "completed" and not self.script.mocks

    # How it goes -----------------------------------------------------------------------------------------------------

    def play(self) -> None:
        """Begin, and go on until something must be decided, or the script says to stop."""
        try:
            if self._begin():
                while not self._is_to_stop() and self._one_move():
                    pass
        except Fault as fault:  # a drawing with a condition that is none
            self.refused = _("It cannot go on: %(error)s Look at the problems of the drawing.") % {"error": fault}

    def _is_to_stop(self) -> bool:
        if self.script.most and len(self.moves) >= self.script.most:
            return True
        if len(self.moves) >= MOST_MOVES:
            self.notes.append(_("It stopped after %(most)d moves. Is there a way out of the loop?") % {"most": MOST_MOVES})
            return True
        if time.monotonic() > self._until:
            self.notes.append(
                _("It stopped after %(most)d seconds: everybody else waits for a debug run on some databases.") % {"most": MOST_SECONDS}
            )
            return True
        return False

    def _begin(self) -> bool:
        starter = assignment.user_named(self.script.starter) if self.script.starter else None
        record = self._record()
        if self.refused:
            return False
        try:
            inputs = values.accepted(self.version.inputs, self.script.inputs)
        except Invalid as invalid:
            self.refused = str(invalid)
            return False
        if record is not None and not self._is_wanted(record, starter):
            return False
        orchestration = self.version.orchestration
        self.instance = Instance.objects.create(
            orchestration=orchestration,
            version=self.version,
            is_guarded=False,
            **reference(record),
            start_values=snapshot(record) if record is not None else {},
            inputs=inputs,
            variables={name: about.get("default") for name, about in self.version.variables.items()},
            starter=starter,
            starter_label=name_of(starter),
            started_at=clock.now(),
        )
        if orchestration.one_live_per_record and record is not None and self._has_another(record):
            self.notes.append(_("There is a live instance for this record already: a real start would be skipped."))
        instance = self.instance
        self._move(_("Start"), lambda: engine.begin(instance))
        return True

    def _record(self) -> Model | None:
        if not self.script.record:
            if self.version.orchestration.start_type == "record":
                self.refused = _("Choose the record that it is to run about.")
            return None
        label, _colon, key = self.script.record.partition(":")
        model = model_named(label)
        try:
            found = model._default_manager.filter(pk=key).first() if model is not None else None
        except ValueError:
            found = None
        if found is None or label != self.version.orchestration.record_model:
            self.refused = _("The record is not there, or is none that this orchestration is about.")
            return None
        return found

    def _is_wanted(self, record: Model, starter: Any) -> bool:
        """Save the record as the script says, and look whether that save would start it (R2.1)."""
        prior = type(record)._base_manager.get(pk=record.pk)
        if self.script.change:
            try:
                _change(record, self.script.change)
            except Invalid as invalid:
                self.refused = str(invalid)
                return False
        condition = expressions.condition(self.version.entry_condition)
        try:
            verdict = condition.look(
                {"record": record, "prior": prior, "starter": starter, "now": clock.now(), "today": clock.now().date()}
            )
            held = (
                self.script.change
                and self.version.changed_into
                and condition.look({"record": prior, "prior": prior, "starter": starter}).met
            )
        except (Fault, ExpressionError) as fault:
            self.refused = _("Its condition cannot be looked at: %(error)s") % {"error": fault}
            return False
        facts = [fact if isinstance(fact, Mapping) else fact.__dict__ for fact in verdict.facts]
        self._entry = facts
        if not verdict.met:
            found = "; ".join(f"{name}: {value}" for fact in facts for name, value in fact["found"].items())
            self.refused = _("It would not start: its condition does not hold (%(found)s).") % {"found": found}
        elif held:
            self.refused = _("It would not start: its condition held before this change too, and it starts only when changed into it.")
        return not self.refused

    def _has_another(self, record: Model) -> bool:
        assert self.instance is not None
        others = Instance.objects.live().for_record(record).filter(orchestration=self.version.orchestration_id)
        return others.exclude(pk=self.instance.pk).exists()

    def _one_move(self) -> bool:
        """The next thing that can be done. Returns whether there was one."""
        instance = self._fresh()
        if not instance.is_live:
            return False
        if Signal.objects.filter(instance=instance).exists():
            engine.settle(instance.pk)
            return True
        if step := self._ready(instance):
            self._move(step.step.label, lambda: self._run(step))
            return True
        if mocked := next((item for item in self.items if item.step_instance.step.api_name in self.script.mocks), None):
            self._move(mocked.label, lambda: self._mock_item(mocked))
            return True
        if self.script.skips_timers and (at := self._next_timer(instance)):
            self._wait_until(at)
            return True
        return self._do_deed(instance)

    def _ready(self, instance: Instance) -> StepInstance | None:
        with clock.moved(self.ahead):
            ready = StepInstance.objects.filter(instance=instance, status=StepStatus.IN_PROGRESS, token="", ready_at__lte=clock.now())
        found = ready.select_related("step", "instance__orchestration", "instance__version", "stage_instance", "handles__step")
        return found.order_by("stage_instance", "step__order", "pk").first()

    def _next_timer(self, instance: Instance) -> datetime | None:
        waiting = StepInstance.objects.filter(instance=instance, status=StepStatus.IN_PROGRESS, token="", ready_at__isnull=False)
        return waiting.order_by("ready_at").values_list("ready_at", flat=True).first()

    def _wait_until(self, at: datetime) -> None:
        self.ahead += max(timedelta(0), at - (clock.now() + self.ahead)) + timedelta(milliseconds=1)
        self.notes.append(_("It would have waited until %(at)s.") % {"at": f"{at:%Y-%m-%d %H:%M:%S}"})

    def _run(self, step: StepInstance) -> None:
        claim = claiming.hold(step)
        rows.update(step, claiming.HELD)
        mock = self.script.mocks.get(step.step.api_name, {})
        try:
            if "fail" in mock:
                raise Fault(str(mock["fail"].get("message") or _("Made to fail.")), kind=str(mock["fail"].get("type") or "mocked"))
            if "outputs" in mock:
                with transaction.atomic():
                    engine.finish_step(claim, runner.Result(outputs=dict(mock["outputs"]), outbox=()))
            else:
                with origin.signed_in(self.instance.starter if self.instance else None):
                    engine.run_step(claim)
        except Exception as error:  # whatever a flow can raise is what a worker would note
            self._error = describe(error)["message"]
            engine.fail_step(claim, error)

    def _mock_item(self, item: WorkItem) -> None:
        mock = self.script.mocks[item.step_instance.step.api_name]
        with transaction.atomic(), moving.lock(item.instance_id) as instance:
            step = moving.steps_of(instance).get(pk=item.step_instance_id)
            moving.close_items(instance, step, _("Mocked in a debug run."))
            if "fail" in mock:
                kind, message = mock["fail"].get("type") or "mocked", mock["fail"].get("message") or _("Made to fail.")
                moving.fault_step(instance, step, {"type": str(kind), "message": str(message)})
            else:
                step.outputs = dict(mock.get("outputs") or {})
                moving.complete_step(step, reason=_("Mocked in a debug run."))
                moving.after_recovery(instance, step)
            moving.settle(instance)

    def _do_deed(self, instance: Instance) -> bool:
        """What somebody did next; False when nobody has done anything yet."""
        if not self._deeds:
            return False
        deed = self._deeds.pop(0)
        match deed:
            case {"later": int(seconds)} if 0 < seconds <= 10 * 366 * 86400:
                self.ahead += timedelta(seconds=seconds)
                self._move(_("Time passes"), lambda: engine.settle(instance.pk))
            case {"complete": str(name), "as": str(username)}:
                return self._complete(name, username, deed)
            case _:
                self.notes.append(_("A step of the script could not be understood, and was left out."))
        return True

    def _complete(self, name: str, username: str, deed: Mapping[str, Any]) -> bool:
        item = next((item for item in self.items if item.step_instance.step.api_name == name), None)
        person = assignment.user_named(username)
        if item is None or person is None:
            self.notes.append(_("“%(step)s” is not there to be completed by “%(name)s” any more.") % {"step": name, "name": username})
            return False
        given = deed.get("answers")
        answers = (
            {str(key): [str(one) for one in listed] for key, listed in given.items() if isinstance(listed, list)}
            if isinstance(given, dict)
            else {}
        )
        refused: list[Refused] = []

        def handed_in(answer: str) -> str:
            if answer != SAMPLE_FILE:
                return answer
            kept = engine.keep_upload(item, by=person, name=_SAMPLE_NAME, content=_SAMPLE_CONTENT, content_type="application/pdf")
            return str(kept.key)

        def complete() -> None:
            try:
                whole = {key: [handed_in(one) for one in listed] for key, listed in answers.items()}
                engine.complete_work_item(item, by=person, answers=whole, submission_key=f"debug-{len(self.moves)}")
            except Refused as error:
                refused.append(error)
                self._error = str(error)

        self._move(_("%(step)s, as %(name)s") % {"step": item.label, "name": name_of(person)}, complete)
        self.refusal = refused[0] if refused else None
        return not refused

    refusal: Refused | None = None
    """Why the last form was not taken, as the person would have been told."""

    _error = ""
    _entry: Sequence[Mapping[str, Any]] = ()

    def _move(self, label: str, act: Any) -> None:
        """Do one thing, and note what came of it."""
        began, self._error = time.monotonic(), ""
        with clock.moved(self.ahead), outside.captured(self._answer):
            act()
            self.moves.append(Move(str(label), time.monotonic() - began, self._error))
            self._note(self.moves[-1])

    def _note(self, move: Move) -> None:
        instance = self._fresh()
        new = Milestone.objects.filter(instance=instance, pk__gt=self._seen).select_related(
            "work_item", "step_instance__step", "stage_instance__stage", "instance__orchestration"
        )
        move.milestones = list(new)
        self._seen = max([self._seen, *(milestone.pk for milestone in move.milestones)])
        facts = _facts(instance)
        move.changes = [(name, self._facts.get(name), value) for name, value in sorted(facts.items()) if value != self._facts.get(name)]
        self._facts = facts

    def _answer(self, endpoint: str, method: str, path: str = "", *, body: Any = None, **_more: Any) -> Reply:
        """What a call-out gets: the sample reply, or an empty one."""
        self.calls.append(Call(endpoint, method, path, body, endpoint in self.script.replies))
        match self.script.replies.get(endpoint):
            case {"status": int(status), "body": reply}:
                return Reply(status, {}, json.dumps(reply))
            case None:
                return Reply(200, {}, "{}")
            case reply:
                return Reply(200, {}, json.dumps(reply))

    def _fresh(self) -> Instance:
        assert self.instance is not None
        self.instance = Instance.objects.select_related("orchestration", "version", "starter").get(pk=self.instance.pk)
        return self.instance


@contextmanager
def replayed(version: Version, script: Script) -> Iterator[Run]:
    """The run, for as long as the block goes; then everything that it did is rolled back."""
    with transaction.atomic():
        try:
            run = Run(version, script)
            with transaction.atomic():
                run.play()
            yield run
        finally:
            transaction.set_rollback(True)


def mark(version: Version, *, by: Any) -> None:
    """A debug run of the version as it is now came to its end: the go-live list says so until it is changed."""
    Version.objects.filter(pk=version.pk).update(
        debugged_at=clock.now(), debugged_by_label=name_of(by), debugged_fingerprint=builder.fingerprint(builder.dump(version))
    )


def people_for(item: WorkItem) -> list[Any]:
    """Who could be the one to complete the item: its person, or the members of its group or queue."""
    return [person for person in assignment.members(item) if person.is_active]


def why_not(item: WorkItem, person: Any) -> str:
    """Why this person could not complete the item; "" when they could."""
    marked = WorkItem.objects.marked_for(person).get(pk=item.pk)
    return access.why_not(person, marked)


def _change(record: Model, change: Mapping[str, Any]) -> None:
    """Give fields of the record other values, and save it. Raises Invalid naming the field that cannot have its value."""
    for name, value in change.items():
        field_of = next((one for one in record._meta.concrete_fields if one.name == name and not one.primary_key), None)
        if field_of is None:
            raise Invalid(_("The record has no field “%(name)s”.") % {"name": name})
        try:
            setattr(record, field_of.attname, field_of.clean(value, record) if not field_of.is_relation else field_of.get_prep_value(value))
        except Exception as error:
            raise Invalid(_("“%(value)s” is no value for “%(name)s”.") % {"value": value, "name": field_of.verbose_name}) from error
    record.save()


def _facts(instance: Instance) -> dict[str, Any]:
    """Variables, outputs of finished steps, and the status of each, as one flat list of what can be read."""
    found = {f"vars.{name}": value for name, value in instance.variables.items()}
    steps = instance.step_instances.order_by("pk").values_list("step__api_name", "outputs", "status")
    for name, outputs, status in steps:
        found[f"steps.{name}.status"] = status
        found |= {f"steps.{name}.outputs.{output}": value for output, value in (outputs or {}).items()}
    shown: dict[str, Any] = json.loads(json.dumps(found, cls=DjangoJSONEncoder))
    return shown
