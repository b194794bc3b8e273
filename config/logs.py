"""How a log line looks: one line for each message, whatever a visitor put into it."""

import logging
import textwrap
from typing import Any


class OneLine(logging.Formatter):
    def formatMessage(self, record: logging.LogRecord) -> str:
        return super().formatMessage(record).replace("\r", "\\r").replace("\n", "\\n")

    def formatException(self, ei: Any) -> str:
        """Indented, so that no line of an error's text can pass for a line of ours."""
        return textwrap.indent(super().formatException(ei).replace("\r", "\\r"), "    ")
