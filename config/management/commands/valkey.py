"""The embedded Valkey in the foreground, for those who run each process in a terminal of its own."""

import os
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from config import valkey


class Command(BaseCommand):
    help = "Runs the embedded Valkey until Ctrl-C. Not needed with REDIS_URL, nor beside `manage.py demo`, which starts its own."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        folder = Path(settings.DATA_DIR)
        try:
            descriptor = valkey.lock(folder)
            command = valkey.command(folder)
        except valkey.NoValkey as error:
            raise CommandError(str(error)) from error
        os.set_inheritable(descriptor, True)  # the server keeps the folder locked for as long as it lives
        self.stdout.write(f"Valkey listens on {valkey.socket_path(folder)}")
        self.stdout.flush()
        os.execv(command[0], command)
