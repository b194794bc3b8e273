import logging
import sys

from config.logs import OneLine


def test_what_a_visitor_sends_cannot_begin_a_line_of_the_log():
    record = logging.LogRecord("django", logging.WARNING, __file__, 1, "Not found: %s", ("/x\r\n2026-01-01 ERROR forged",), None)
    assert OneLine("%(levelname)s %(message)s").format(record) == "WARNING Not found: /x\\r\\n2026-01-01 ERROR forged"


def test_the_text_of_an_error_cannot_either():
    try:
        raise ValueError("bad\nERROR forged")
    except ValueError:
        record = logging.LogRecord("django", logging.ERROR, __file__, 1, "Failed", (), sys.exc_info())
    first, *others = OneLine("%(levelname)s %(message)s").format(record).splitlines()
    assert first == "ERROR Failed"
    assert all(line.startswith("    ") for line in others)
