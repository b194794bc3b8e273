"""`manage.py export_definitions new_hire_onboarding --output onboarding.yaml`"""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from orchestration import portable
from orchestration.models import Orchestration


class Command(BaseCommand):
    help = (
        "Write orchestrations, with the flows, queues and groups that they name, as one file: the active version of each, else the newest."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Which, how, and where to."""
        parser.add_argument("api_name", nargs="*", help="orchestrations by their API names; none: all")
        parser.add_argument("--format", choices=["yaml", "json"], default="yaml")
        parser.add_argument("--output", type=Path, help="the file; without it, the terminal")

    def handle(self, *, api_name: list[str], format: str, output: Path | None, **options: Any) -> None:
        """Write it."""
        found = Orchestration.objects.filter(api_name__in=api_name) if api_name else Orchestration.objects.all()
        if missing := sorted(set(api_name) - set(found.values_list("api_name", flat=True))):
            raise CommandError(f"There is no orchestration “{missing[0]}”.")
        versions = [one.active_version or one.versions.order_by("-number").first() for one in found]
        text = portable.write(portable.export(version for version in versions if version is not None), format)
        if output is None:
            self.stdout.write(text, ending="")
        else:
            output.write_text(text, encoding="utf-8")
