"""`manage.py try_flow`: tries a flow on a record, and leaves nothing behind."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from orchestration import flows
from orchestration.errors import FlowMissing, Invalid
from orchestration.expressions.tree import shown
from orchestration.flows import Mail
from orchestration.management import arguments
from orchestration.models import FlowVersion
from orchestration.runner.trial import Trial, try_flow


class Command(BaseCommand):
    help = "Try a flow in a transaction that is rolled back, and print what came of it. Nothing is sent, and nobody is called."

    def add_arguments(self, parser: CommandParser) -> None:
        """Which flow, about which record, with which inputs, as whom."""
        parser.add_argument("flow", help="the key of the flow, such as site.quote_approval")
        parser.add_argument("--number", type=int, default=None, help="the number of a version; drafts can be tried")
        parser.add_argument("--record", default="", help="the record that it is about, as app.model:key")
        parser.add_argument("--input", action="append", default=[], help="an input as name=value; JSON, or else text")
        parser.add_argument("--answer", action="append", default=[], help="an answer to a screen flow as name=value; may be repeated")
        parser.add_argument("--reply", action="append", default=[], help="the sample reply to a call-out as its name=JSON")
        parser.add_argument("--as", dest="user", default="", help="the user as whom it runs")

    def handle(self, *args: Any, **options: Any) -> None:
        """Try it. Raises CommandError when there is nothing to try, or the trial failed."""
        answers: dict[str, list[str]] = {}
        for name, value in (arguments.split(text) for text in options["answer"]):
            answers.setdefault(name, []).append(value)
        trial = try_flow(
            _flow(options["flow"], options["number"]),
            record=arguments.record(*_halves(options["record"])) if options["record"] else None,
            inputs=dict(arguments.named(text) for text in options["input"]),
            user=arguments.user(options["user"]) if options["user"] else None,
            answers=answers,
            replies=dict(arguments.named(text) for text in options["reply"]),
        )
        self._tell(trial)
        if not trial.is_good:
            raise CommandError(f"{trial.error['type']}: {trial.error['message']}")

    def _tell(self, trial: Trial) -> None:
        for done in trial.elements:
            what = done.error or ", ".join(f"{name} = {_short(value)}" for name, value in done.outputs.items())
            self.stdout.write(f"  {done.label} ({done.kind}): {what or 'done'} · {done.queries} queries, {1000 * done.seconds:.0f} ms")
        for call in trial.calls:
            self.stdout.write(f"Would have called {call.endpoint}: {call.method} /{call.path} {_short(call.body)}")
        for sent in trial.sent:
            if isinstance(sent, Mail):
                self.stdout.write(f"Would have mailed {', '.join(sent.to)}: {sent.subject}")
            else:
                self.stdout.write(f"Would have posted to {sent.endpoint}: {sent.text}")
        for wait in trial.waits:
            self.stdout.write(f"Would have waited {wait}.")
        for file in trial.files:
            self.stdout.write(f"Would have made {file.name}, {len(file.content)} bytes.")
        for fact in trial.facts:
            self.stdout.write(
                f"  {'yes' if fact.met else 'no'}: {fact.test} ({', '.join(f'{name} = {found}' for name, found in fact.found.items())})"
            )
        if trial.met is not None:
            self.stdout.write(f"It is {shown(trial.met)}.")
        elif trial.outputs is not None:
            self.stdout.write(f"Outputs: {json.dumps(trial.outputs, ensure_ascii=False)}")
        self.stdout.write(f"Used {', '.join(trial.used) or 'nothing'}.")


def _flow(key: str, number: int | None) -> flows.Flow:
    if number is None:
        try:
            return flows.get(key)
        except FlowMissing as missing:
            raise CommandError(str(missing)) from missing
    version = FlowVersion.objects.filter(flow__key=key, number=number).select_related("flow").first()
    if version is None:
        raise CommandError(f"There is no version {number} of “{key}”.")
    try:
        return version.as_flow()
    except Invalid as invalid:
        raise CommandError(f"{version} is not finished: {invalid}") from invalid


def _halves(text: str) -> tuple[str, str]:
    label, colon, key = text.partition(":")
    if not colon:
        raise CommandError(f"“{text}” is no record. Write it as app.model:key.")
    return label, key


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 100 else f"{text[:100]}…"
