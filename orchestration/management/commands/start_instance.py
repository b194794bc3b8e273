"""`manage.py start_instance`: starts an orchestration from the shell, or from another system's cron."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from orchestration import engine
from orchestration.errors import Refused
from orchestration.management import arguments
from orchestration.models import Orchestration


class Command(BaseCommand):
    help = "Start an instance of an orchestration, and print its number."

    def add_arguments(self, parser: CommandParser) -> None:
        """What to start, about which record, with which inputs, as whom."""
        parser.add_argument("api_name", help="the orchestration's API name")
        parser.add_argument("--record", default="", help="the key of the record that it is about")
        parser.add_argument("--input", action="append", default=[], help="an input as name=value; JSON, or else text")
        parser.add_argument("--by", default="", help="the user who starts it")
        parser.add_argument("--key", default=None, help="the same key again starts nothing new")

    def handle(self, *args: Any, **options: Any) -> None:
        """Start it. Raises CommandError with the reason when it is refused."""
        try:
            orchestration = Orchestration.objects.get(api_name=options["api_name"])
        except Orchestration.DoesNotExist:
            raise CommandError(f"There is no orchestration “{options['api_name']}”.") from None
        inputs = dict(arguments.named(text) for text in options["input"])
        record = arguments.record(orchestration.record_model, options["record"]) if options["record"] else None
        by = arguments.user(options["by"]) if options["by"] else None
        try:
            instance = engine.start(orchestration.api_name, record=record, inputs=inputs, by=by, key=options["key"])
        except Refused as refused:
            raise CommandError(str(refused)) from refused
        self.stdout.write(f"Instance {instance.pk} of “{orchestration}” is {instance.get_status_display().lower()}.")
