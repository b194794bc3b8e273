"""`manage.py import_definitions onboarding.yaml --check`"""

import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from orchestration import portable
from orchestration.errors import Invalid


class Command(BaseCommand):
    help = (
        "Take definitions in from a file: as drafts, nothing is activated. With --check nothing is changed: it ends with 0 when the "
        "site has all of it already, with 1 when drafts would be made, with 2 when something does not resolve."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """The file, and how far to go."""
        parser.add_argument("file", type=Path)
        parser.add_argument("--check", action="store_true", help="say what would be done, and do nothing")
        parser.add_argument("--make-missing", action="store_true", help="make queues, and empty groups, that are not there")
        parser.add_argument("--anyway", action="store_true", help="take it in although something does not resolve")

    def handle(self, *, file: Path, check: bool, make_missing: bool, anyway: bool, **options: Any) -> None:
        """Say the plan; carry it out."""
        try:
            plan = portable.plan(portable.read(file.read_bytes()))
        except OSError as error:
            raise CommandError(f"{file}: {error.strerror}") from error
        except Invalid as invalid:
            raise CommandError(str(invalid)) from invalid
        for item in plan.items:
            self.stdout.write(f"{item.verdict:8} {item.kind} {item.name}")
            for place, here, there in item.changes:
                self.stdout.write(f"         {place}: {here!r} → {there!r}")
        for place, message in plan.problems:
            self.stdout.write(self.style.WARNING(f"does not resolve: {place}: {message}"))
        if check:
            sys.exit(2 if plan.problems else 1 if plan.changes_something else 0)
        try:
            made = portable.carry_out(plan, by=None, make_missing=make_missing, anyway=anyway)
        except Invalid as invalid:
            raise CommandError(str(invalid)) from invalid
        for words in made:
            self.stdout.write(self.style.SUCCESS(f"made: {words}"))
        if not made:
            self.stdout.write("Nothing to do: the site has all of it.")
