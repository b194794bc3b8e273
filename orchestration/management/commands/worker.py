"""`manage.py worker`: does background steps, starts and effects, whenever it is woken."""

from typing import Any

from django.core.management.base import BaseCommand

from orchestration import dispatch


class Command(BaseCommand):
    help = "Work: starts instances, runs background steps and delivers effects. Run as many as you like."

    def handle(self, *args: Any, **options: Any) -> None:
        """Work until stopped by SIGTERM or Ctrl-C; the job in hand is finished first."""
        dispatch.work()
