"""Blots out of a text whatever secret this process has used, so that none ends up in a log, a milestone or an export."""

BLOT = "•••"

SHORTEST = 6
"""A shorter value is not blotted out: it would tear holes into texts that have nothing to do with it."""

_used: set[str] = set()


def remembered(value: str) -> str:
    """The value, which from now on is blotted out of what this process writes."""
    if len(value) >= SHORTEST:
        _used.add(value)
    return value


def blotted(text: str) -> str:
    """The text without any secret that this process has used."""
    for value in _used:
        if value in text:
            text = text.replace(value, BLOT)
    return text
