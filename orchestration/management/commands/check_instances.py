"""`manage.py check_instances`: looks all instances over for anything that must never be."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from orchestration.invariants import broken


class Command(BaseCommand):
    help = "Look all instances over for contradictions between their rows. Reads only; exits with 1 when there is one."

    def handle(self, *args: Any, **options: Any) -> None:
        """Print one line for each contradiction; raise CommandError when there is any."""
        found = broken()
        for sentence in found:
            self.stdout.write(sentence)
        if found:
            raise CommandError(f"{len(found)} contradictions. Please report them: the engine should never leave one.")
        self.stdout.write("All instances are sound.")
