"""How a log line looks: one line for each message, whatever a visitor put into it; and without secrets."""

import logging
import textwrap
from typing import Any

from orchestration import secrecy


class OneLine(logging.Formatter):
    def formatMessage(self, record: logging.LogRecord) -> str:
        return secrecy.blotted(super().formatMessage(record)).replace("\r", "\\r").replace("\n", "\\n")

    def formatException(self, ei: Any) -> str:
        """Indented, so that no line of an error's text can pass for a line of ours."""
        return textwrap.indent(secrecy.blotted(super().formatException(ei)).replace("\r", "\\r"), "    ")
