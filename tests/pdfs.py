"""What stands in a PDF, for tests: read from the file itself, by no library of the product."""

import base64
import re
import zlib


def words_in(made: bytes) -> str:
    """What a PDF with built-in fonts shows: its streams unpacked, and the strings in them read."""
    assert made.rstrip().endswith(b"%%EOF")
    found = []
    for stream in re.findall(rb"stream\r?\n(.*?)\r?\n?endstream", made, re.DOTALL):
        try:
            content = zlib.decompress(base64.a85decode(stream.strip().removesuffix(b"~>")))
        except (zlib.error, ValueError):
            continue
        pieces = re.findall(rb"\(((?:\\.|[^\\()])*)\)\s*Tj|(T\*|\bET\b)", content)
        found += ["\n" if end else _string(text) for text, end in pieces]
    return "".join(found)


def _string(text: bytes) -> str:
    plain = re.sub(rb"\\([0-7]{3})", lambda octal: bytes([int(octal[1], 8)]), text)
    return re.sub(rb"\\(.)", rb"\1", plain).decode("cp1252")
