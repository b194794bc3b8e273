"""Files that people hand in: what is taken, judged by what a file is and not by what it calls itself."""

from __future__ import annotations

import io
import stat
import struct
import unicodedata
import zipfile
from pathlib import PurePosixPath
from typing import Any

from django.core.files.base import File
from django.utils.translation import gettext as _
from PIL import Image

from orchestration import conf
from orchestration.errors import Invalid

TYPES = {
    "pdf": "application/pdf",
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "txt": "text/plain",
    "csv": "text/csv",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "odt": "application/vnd.oasis.opendocument.text",
    "ods": "application/vnd.oasis.opendocument.spreadsheet",
    "zip": "application/zip",
}
"""The endings that are taken, each with the content type that the file is given back with."""

RUNS_SOMEWHERE = frozenset(
    {"exe", "com", "bat", "cmd", "msi", "scr", "ps1", "vbs", "js", "mjs", "jar", "sh", "py", "php", "phtml", "asp", "aspx", "jsp", "cgi"}
    | {"pl", "htm", "html", "xhtml", "svg", "xml", "lnk", "hta"}
)
"""Endings that no part of a name may have: `offer.exe.pdf` wants to be taken for something else."""

LONGEST_NAME = 150
MOST_PIXELS = 40_000_000
MOST_UNPACKED = 100 * 1024 * 1024
MOST_RATIO = 100
MOST_ENTRIES = 2000


DAMAGED = (
    *(OSError, ValueError, SyntaxError, RuntimeError, NotImplementedError),
    *(struct.error, zipfile.BadZipFile, Image.DecompressionBombError),
)
"""What the readers of these types raise for a file that is none of theirs."""


def accepted() -> str:
    """The endings that are taken, as a browser's file picker wants them."""
    return ",".join(f".{ending}" for ending in TYPES)


def check(file: File[Any]) -> tuple[str, str, bytes]:
    """The name, content type and content of an uploaded file. Raises Invalid, with a sentence for the person, when it is not taken."""
    name = _checked_name(file.name or "")
    if not file.size:
        raise Invalid(_("The file is empty. Choose another one"))
    if file.size > conf.UPLOAD_BYTES:
        sizes = {"size": _megabytes(file.size), "most": _megabytes(conf.UPLOAD_BYTES)}
        raise Invalid(_("The file is %(size)s MB; the limit is %(most)s MB") % sizes)
    ending = name.rpartition(".")[2].lower()
    content = file.read()
    if not _is_what_it_says(ending, content):
        raise Invalid(_("This is not a file of the type “.%(ending)s”, or it is damaged") % {"ending": ending})
    return name, TYPES[ending], content


def _megabytes(size: int) -> str:
    return f"{size / 1024 / 1024:.1f}".removesuffix(".0")


def _checked_name(name: str) -> str:
    if any(sign in name for sign in "/\\") or any(unicodedata.category(sign).startswith("C") for sign in name):
        raise Invalid(_("The file's name has characters that cannot be taken. Rename it"))
    if len(name) > LONGEST_NAME:
        raise Invalid(_("The file's name is longer than %(most)d characters. Rename it") % {"most": LONGEST_NAME})
    parts = name.lower().split(".")
    if len(parts) < 2 or not parts[0].strip() or parts[-1] not in TYPES:
        raise Invalid(_("Choose a file of one of these types: %(types)s") % {"types": ", ".join(TYPES)})
    if RUNS_SOMEWHERE.intersection(parts[1:-1]):
        raise Invalid(_("The file's name has two endings. Rename it"))
    return name


def _is_what_it_says(ending: str, content: bytes) -> bool:
    try:
        match ending:
            case "pdf":
                return content.startswith(b"%PDF-") and b"%%EOF" in content[-1024:]
            case "png" | "jpg" | "jpeg":
                return _is_image(ending, content)
            case "txt" | "csv":
                return _is_text(content)
            case "zip":
                return _is_harmless_zip(content)
            case "odt" | "ods":
                return _is_harmless_zip(content, needs="mimetype")
        return _is_harmless_zip(content, needs="[Content_Types].xml")
    except (
        OSError,
        ValueError,
        SyntaxError,
        struct.error,
        zipfile.BadZipFile,
        NotImplementedError,
        RuntimeError,
        Image.DecompressionBombError,
    ):
        return False


def _is_text(content: bytes) -> bool:
    """Readable text that no browser takes for a page."""
    text = content.decode("utf-8-sig") if not content.startswith((b"\xff\xfe", b"\xfe\xff")) else content.decode("utf-16")
    return "\0" not in text and not text.lstrip()[:200].lower().startswith(("<!doctype", "<html", "<svg", "<script", "<?xml"))


def _is_image(ending: str, content: bytes) -> bool:
    """A picture of a sane size, with nothing behind its end."""
    kind = "PNG" if ending == "png" else "JPEG"
    with Image.open(io.BytesIO(content), formats=(kind,)) as image:
        width, height = image.size
        if width * height > MOST_PIXELS:
            return False
        image.verify()
    if kind == "PNG":
        return _ends_with_its_last_chunk(content)
    return content.endswith(b"\xff\xd9")


def _ends_with_its_last_chunk(content: bytes) -> bool:
    place = 8
    while place < len(content):
        length, name = struct.unpack(">I4s", content[place : place + 8])
        place += 12 + int(length)
        if name == b"IEND":
            return place == len(content)
    return False


def _is_harmless_zip(content: bytes, needs: str = "") -> bool:
    """An archive that unpacks to a sane size, inside its own folder, without links."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        entries = archive.infolist()
        if len(entries) > MOST_ENTRIES or (needs and needs not in {entry.filename for entry in entries}):
            return False
        unpacked = sum(entry.file_size for entry in entries)
        if unpacked > MOST_UNPACKED or unpacked > MOST_RATIO * max(len(content), 1):
            return False
        return all(_stays_inside(entry) for entry in entries)


def _stays_inside(entry: zipfile.ZipInfo) -> bool:
    path = PurePosixPath(entry.orig_filename.replace("\\", "/"))
    is_link = stat.S_ISLNK(entry.external_attr >> 16)
    return not (is_link or path.is_absolute() or ".." in path.parts or ":" in entry.orig_filename)
