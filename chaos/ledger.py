"""What was asked for, how far it has come, and what the rows, the marks and the mails say of it at the end."""

import re
from collections import Counter
from pathlib import Path

from django.conf import settings
from django.db import transaction

from bench import marks, segue
from bench.models import Record
from orchestration import builder, conf, engine, invariants
from orchestration.models import Effect, Instance, Milestone, StartRequest, StepInstance
from orchestration.states import EffectStatus, InstanceStatus, StartOutcome, StepStatus

NAME = "chaos"
STAGES = ("a", "bc")
STEPS = len("".join(STAGES))


class Ledger:
    """Of so many instances, all asked for at once; each has STEPS steps, and each of these leaves a mark and sends a mail."""

    def __init__(self, instances: int) -> None:
        self.instances = instances
        version = builder.load(segue.document(NAME, STAGES, "bench.leave_mark_and_mail"))
        builder.activate(version)
        with transaction.atomic():
            for record in Record.objects.bulk_create(Record() for _ in range(instances)):
                engine.request_start(version.orchestration, record=record)

    @property
    def asked(self) -> int:
        """Starts, steps and mails that are to be."""
        return self.instances * (1 + 2 * STEPS)

    def done(self) -> int:
        """How many of them have been done."""
        return (
            StartRequest.objects.filter(outcome=StartOutcome.STARTED).count()
            + StepInstance.objects.filter(status=StepStatus.COMPLETED).count()
            + Effect.objects.filter(status=EffectStatus.DELIVERED).count()
        )

    def reconcile(self) -> dict[str, int]:
        """The count at the end. All but the last three must be 0."""
        judgement = marks.judge(Record.objects.values_list("marks", flat=True), STAGES)
        effects = dict(Effect.objects.values_list("key", "status"))
        sent = self._sent()
        return {
            "unfinished": self.instances - Instance.objects.filter(status=InstanceStatus.COMPLETED).count(),
            "lost": judgement.lost,
            "doubled": judgement.doubled,
            "out_of_order": judgement.out_of_order,
            "effects_missing_or_too_many": abs(self.instances * STEPS - len(effects)),
            "undelivered": sum(status != EffectStatus.DELIVERED for status in effects.values()),
            "mails_missing": len(effects.keys() - sent.keys()),
            "mails_of_nobody": len(sent.keys() - effects.keys()),
            "broken_invariants": len(invariants.broken()),
            "mails_sent_again": sum(sent.values()) - len(sent),
            "attempts_lost": Milestone.objects.filter(kind="attempt_lost").count(),
            "attempts_failed": Milestone.objects.filter(kind="attempt_failed").count(),
        }

    def _sent(self) -> Counter[str]:
        """How often a mail left, by the key of its effect."""
        ending = re.escape(f"@{conf.MAIL_DOMAIN}>")
        written = (path.read_text() for path in Path(settings.EMAIL_FILE_PATH).glob("*.log"))
        return Counter(key for text in written for key in re.findall(rf"^Message-ID: <(.+){ending}$", text, re.MULTILINE))
