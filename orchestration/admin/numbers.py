"""Numbers in what browsers send."""

from typing import Any

LARGEST = 2**63 - 1
"""What a column for whole numbers has room for."""


def whole_number(text: Any, most: int = LARGEST) -> int | None:
    """The whole number from 0 to `most` that a field or an address says; None when it says anything else."""
    said = str(text or "")
    if not (said.isascii() and said.isdecimal() and len(said) <= len(str(most))):
        return None
    return int(said) if int(said) <= most else None
