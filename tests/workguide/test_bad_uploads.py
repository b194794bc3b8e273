"""Files that are handed in by mistake or on purpose: what is not plainly of one of the types that are taken is refused, and not kept."""

import io
import stat
import struct
import zipfile
import zlib
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from orchestration import uploads
from orchestration.errors import Invalid
from orchestration.models import Attachment, StepInstance, WorkItem
from tests.built import asked, field, screen
from tests.cast import Cast
from tests.stories import hire
from tests.workguide.conftest import Browse

FORM = {"screens": [screen(field("offer", "file", required=True))]}

PDF = b"%PDF-1.7\n1 0 obj << >> endobj\ntrailer << >>\n%%EOF\n"


@pytest.fixture
def item(cast: Cast) -> WorkItem:
    return asked(FORM, cast.hanna, hire(cast))


def hand_in(browse: Browse, cast: Cast, item: WorkItem, name: str, content: bytes) -> Any:
    """Hanna chooses a file and presses Upload; the name is sent as it is."""
    fields = {"orc-screen": "0", "orc-version": str(item.get_flow().version), "orc-upload": "offer"}
    parts = [f'--x\r\nContent-Disposition: form-data; name="{field}"\r\n\r\n{value}\r\n'.encode() for field, value in fields.items()]
    head = f'--x\r\nContent-Disposition: form-data; name="offer-file"; filename="{name}"\r\nContent-Type: application/pdf\r\n\r\n'
    body = b"".join(parts) + head.encode() + content + b"\r\n--x--\r\n"
    return browse(cast.hanna).post(f"/work-items/{item.pk}/screen", body, content_type="multipart/form-data; boundary=x")


def zipped(*entries: tuple[str | zipfile.ZipInfo, bytes]) -> bytes:
    kept = io.BytesIO()
    with zipfile.ZipFile(kept, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries:
            archive.writestr(name, content)
    return kept.getvalue()


def picture(kind: str = "PNG") -> bytes:
    kept = io.BytesIO()
    Image.new("RGB", (20, 10), "navy").save(kept, kind)
    return kept.getvalue()


def huge_picture() -> bytes:
    """A PNG that says it is 50,000 by 50,000, in a few bytes."""
    head = struct.pack(">IIBBBBB", 50_000, 50_000, 8, 2, 0, 0, 0)
    chunks = b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in ((b"IHDR", head), (b"IDAT", zlib.compress(b"\0" * 1000)), (b"IEND", b""))
    )
    return b"\x89PNG\r\n\x1a\n" + chunks


def link() -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo("passwords")
    entry.external_attr = (stat.S_IFLNK | 0o777) << 16
    return entry


SVG = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"

REFUSED: dict[str, tuple[str, bytes]] = {
    "nothing in it": ("offer.pdf", b""),
    "one byte over 5 MB": ("offer.pdf", PDF.ljust(5 * 1024 * 1024 + 1 - 6, b"\n") + b"%%EOF\n"),
    "a page": ("offer.html", b"<script>alert(1)</script>"),
    "a drawing with a script": ("offer.svg", SVG),
    "a program called pdf": ("offer.pdf", b"MZ\x90\0" + b"\0" * 200),
    "a picture that is a script too": ("offer.png", picture() + b"*/=alert(1);/*"),
    "a gif that is a script too": ("offer.gif", b"GIF89a/*\x01\0\0\0*/=alert(1);"),
    "two endings": ("offer.php.pdf", PDF),
    "two endings, the wrong way round": ("offer.pdf.exe", PDF),
    "a name of 300 characters": ("x" * 296 + ".pdf", PDF),
    "a name that reads backwards": ("offer\u202efdp.exe", PDF),
    "a zip that unpacks to a hundred times and more": ("offers.zip", zipped(("a", b"\0" * 20_000_000))),
    "a zip that climbs out of its folder": ("offers.zip", zipped(("../../etc/passwd", b"x"))),
    "a zip with a link": ("offers.zip", zipped((link(), b"/etc/passwd"))),
    "a picture of 50,000 by 50,000": ("offer.png", huge_picture()),
    "a drawing called text": ("offer.txt", SVG),
    "a zip called docx": ("offer.docx", zipped(("a", b"x"))),
    "no ending": ("offer", PDF),
}


@pytest.mark.parametrize(("name", "content"), REFUSED.values(), ids=REFUSED)
def test_refused_with_a_word_and_not_kept(cast: Cast, browse: Browse, item: WorkItem, name: str, content: bytes) -> None:
    answer = hand_in(browse, cast, item, name, content)
    assert answer.status_code == 422
    assert "There is a problem" in answer.content.decode()
    assert not Attachment.objects.exists()


@pytest.mark.parametrize("name", ["of\0fer.pdf", "../../offer.pdf", "..\\offer.pdf", "offer\u202efdp.pdf", "x" * 300 + ".pdf", ".pdf"])
def test_a_name_that_tricks_is_refused_wherever_it_comes_from(name: str) -> None:
    """Django tidies up the names that browsers send; ours is the second look."""
    file = SimpleUploadedFile("x", PDF)
    file._name = name  # type: ignore[attr-defined]
    with pytest.raises(Invalid):
        uploads.check(file)


@pytest.mark.parametrize("sent_as", ["../../offer.pdf", "of\0fer.pdf", "C:\\fakepath\\offer.pdf"])
def test_of_a_path_only_the_name_is_kept(cast: Cast, browse: Browse, item: WorkItem, sent_as: str) -> None:
    assert hand_in(browse, cast, item, sent_as, PDF).status_code == 302
    assert Attachment.objects.get().name == "offer.pdf"


TAKEN = {
    "a PDF": ("offer.pdf", PDF),
    "a PNG": ("plan.PNG", picture()),
    "a JPEG": ("plan.jpg", picture("JPEG")),
    "a text": ("notes.txt", "Grüße".encode()),
    "a table": ("list.csv", b"a;b\n1;2\n"),
    "a letter": ("letter.docx", zipped(("[Content_Types].xml", b"<Types/>"), ("word/document.xml", b"<w/>"))),
    "an archive": ("offers.zip", zipped(("a/offer.txt", b"Dear Sam"))),
    "a name with dots": ("offer v1.2 final.pdf", PDF),
}


@pytest.mark.parametrize(("name", "content"), TAKEN.values(), ids=TAKEN)
def test_taken(cast: Cast, browse: Browse, item: WorkItem, name: str, content: bytes) -> None:
    assert hand_in(browse, cast, item, name, content).status_code == 302
    kept = Attachment.objects.get()
    assert (kept.name, kept.read(), kept.is_draft, kept.work_item) == (name, content, True, item)
    assert name in browse(cast.hanna).get(f"/work-items/{item.pk}/").content.decode()


def test_the_eleventh_file_is_refused(cast: Cast, browse: Browse, item: WorkItem) -> None:
    for number in range(10):
        Attachment.objects.keep(PDF, name=f"{number}.pdf", content_type="application/pdf", work_item=item, is_draft=True)
    answer = hand_in(browse, cast, item, "eleventh.pdf", PDF)
    assert answer.status_code == 422
    assert "At most 10 files" in answer.content.decode()
    assert Attachment.objects.count() == 10


def test_a_file_is_kept_with_the_record_and_what_was_replaced_or_taken_back_is_gone(cast: Cast, browse: Browse, item: WorkItem) -> None:
    hanna = browse(cast.hanna)
    hand_in(browse, cast, item, "first.pdf", PDF)
    hand_in(browse, cast, item, "second.pdf", PDF)
    only = Attachment.objects.get()
    assert only.name == "second.pdf"
    page = {"orc-screen": "0", "orc-version": str(item.get_flow().version), "offer": str(only.key)}
    hanna.post(f"/work-items/{item.pk}/screen", page | {"orc-unfile": "offer"})
    assert not Attachment.objects.exists()
    hand_in(browse, cast, item, "third.pdf", PDF)
    third = Attachment.objects.get()
    assert not Attachment.objects.for_record(item.get_record()).exists()
    assert hanna.post(f"/work-items/{item.pk}/completion", page | {"offer": str(third.key)}).status_code == 302
    assert [file.name for file in Attachment.objects.for_record(item.get_record())] == ["third.pdf"]
    assert StepInstance.objects.get().outputs["offer"] == third.as_value()
    assert "third.pdf" in hanna.get(f"/work-items/{item.pk}/").content.decode()


def test_somebody_who_may_not_fill_in_the_form_hands_in_nothing(cast: Cast, browse: Browse, item: WorkItem) -> None:
    file = SimpleUploadedFile("offer.pdf", PDF)
    answer = browse(cast.diego).post(f"/work-items/{item.pk}/screen", {"orc-upload": "offer", "offer-file": file})
    assert answer.status_code == 404
    assert not Attachment.objects.exists()


def test_more_than_a_page_may_send_is_not_even_read(cast: Cast, browse: Browse, item: WorkItem) -> None:
    answer = browse(cast.hanna).post(f"/work-items/{item.pk}/screen", {"x": "y"}, CONTENT_LENGTH=str(200 * 1024 * 1024))
    assert answer.status_code == 413
