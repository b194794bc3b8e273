"""`manage.py ticker`: looks every second for what is due and for what was lost."""

import logging
import signal
import threading
from typing import Any

from django.core.management.base import BaseCommand
from django.db import Error as DatabaseError
from django.db import connection

from orchestration import conf, jobs

log = logging.getLogger(__name__)


class Command(BaseCommand):
    help = "Tick: wake workers for what is due, and take up what was lost. One is enough; more do no harm."

    def handle(self, *args: Any, **options: Any) -> None:
        """Tick until stopped by SIGTERM or Ctrl-C."""
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_signal: stop.set())
        log.info("Ticker started.")
        while not stop.wait(conf.TICK_SECONDS):
            try:
                jobs.tick()
            except DatabaseError as error:
                log.warning("The database does not answer (%s). Trying again.", error)
                connection.close()
            except Exception:  # one bad row must not stop the clock of all others
                log.exception("This tick failed.")
        log.info("Ticker stopped.")
