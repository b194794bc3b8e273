"""Makes a PDF of a text with light markup, such as a quote or a letter of confirmation.

    # Heading            ## Smaller heading        ---  (a line across)
    - item of a list     **bold**  *italic*        | cell | cell |  (a row; the first one is the table's head)

Lines that follow each other are one paragraph. Values are put in with `literal`, so that no value is taken for markup.
"""

import os
import re
from collections.abc import Iterator, Sequence
from functools import cache
from io import BytesIO
from typing import Any
from xml.sax.saxutils import escape

from django.utils.translation import gettext as _
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFError, TTFont
from reportlab.platypus import Flowable, HRFlowable, ListFlowable, ListItem, Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

from orchestration import conf
from orchestration.errors import Fault

SIGNS = "*#|-\n"
"""What is markup where it stands at the right place."""

# Each sign has a stand-in from Unicode's private area, which the markup does not know and which is taken back at the very end.
_TO_LITERAL = {ord(sign): 0xE000 + number for number, sign in enumerate(SIGNS)}
_FROM_LITERAL = {0xE000 + number: sign for number, sign in enumerate(SIGNS)}

BOLD = re.compile(r"\*\*(?=\S)([^*]+?)\*\*")
ITALIC = re.compile(r"\*(?=\S)([^*]+?)\*")
MARGIN = 22 * mm
WIDTH = A4[0] - 2 * MARGIN - 12  # the frame of a page keeps six points on each side to itself
MOST_COLUMNS = 12

WIDE_FONTS = ("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf",)
"""Where fonts that write most alphabets lie on common systems, for sites that name none."""


def literal(value: str) -> str:
    """A value as it is put into a text, none of its characters markup."""
    return value.replace("\r\n", "\n").replace("\r", "\n").translate(_TO_LITERAL)


def plain(text: str) -> str:
    """A text with literal values as people read it."""
    return text.translate(_FROM_LITERAL)


def pdf(title: str, body: str, *, compress: bool = True) -> bytes:
    """The document. Raises Fault when it holds characters that no font at hand can write."""
    fonts = _fonts_for(plain(title + body))
    styles = _Styles(*fonts)
    written = BytesIO()
    document = SimpleDocTemplate(
        written,
        pagesize=A4,
        leftMargin=MARGIN,
        rightMargin=MARGIN,
        topMargin=MARGIN,
        bottomMargin=MARGIN,
        title=plain(title),
        author="",
        creator="Segue",
        pageCompression=int(compress),
    )
    numbered = _page_numbered(fonts[0])
    story = [Paragraph(_inline(title), styles.title), *_blocks(body, styles)]
    document.build(story, onFirstPage=numbered, onLaterPages=numbered)
    return written.getvalue()


class _Styles:
    def __init__(self, regular: str, bold: str) -> None:
        text = {"fontName": regular, "fontSize": 10, "leading": 14, "spaceAfter": 6}
        self.bold = bold
        self.text = ParagraphStyle("text", **text)
        self.cell = ParagraphStyle("cell", **{**text, "spaceAfter": 0})
        self.head = ParagraphStyle("head", **{**text, "spaceAfter": 0, "fontName": bold})
        self.title = ParagraphStyle("title", **{**text, "fontName": bold, "fontSize": 18, "leading": 23, "spaceAfter": 12})
        self.headings = {
            "#": ParagraphStyle("h1", **{**text, "fontName": bold, "fontSize": 14, "leading": 18, "spaceBefore": 10}),
            "##": ParagraphStyle("h2", **{**text, "fontName": bold, "fontSize": 11, "leading": 15, "spaceBefore": 8}),
        }


def _blocks(body: str, styles: _Styles) -> Iterator[Flowable]:
    """The body's paragraphs, headings, lists, tables and lines."""
    lines: list[str] = []
    kind = ""
    for line in [*body.replace("\r\n", "\n").split("\n"), ""]:
        line = line.strip()
        this = _kind_of(line)
        if lines and (this != kind or this == "heading"):
            yield from _block(kind, lines, styles)
            lines = []
        kind = this
        if line:
            lines.append(line)


def _kind_of(line: str) -> str:
    if not line:
        return ""
    if line.startswith(("# ", "## ")):
        return "heading"
    if line.startswith("- "):
        return "list"
    if line.startswith("|"):
        return "table"
    return "rule" if set(line) == {"-"} and len(line) >= 3 else "text"


def _block(kind: str, lines: Sequence[str], styles: _Styles) -> Iterator[Flowable]:
    match kind:
        case "heading":
            sign, _space, text = lines[0].partition(" ")
            yield Paragraph(_inline(text), styles.headings[sign])
        case "list":
            items = [ListItem(Paragraph(_inline(line[2:]), styles.cell)) for line in lines]
            yield ListFlowable(items, bulletType="bullet", start="•", leftIndent=14, bulletFontName=styles.text.fontName)
            yield Spacer(1, 6)
        case "table":
            yield _table(lines, styles)
            yield Spacer(1, 8)
        case "rule":
            yield HRFlowable(width="100%", thickness=0.5, color=colors.grey, spaceBefore=4, spaceAfter=8)
        case _:
            yield Paragraph(_inline(" ".join(lines)), styles.text)


def _table(lines: Sequence[str], styles: _Styles) -> Table:
    rows = [[cell.strip() for cell in line.strip("|").split("|")][:MOST_COLUMNS] for line in lines]
    rows = [row for row in rows if not all(set(cell) <= set("-:") and cell for cell in row)]  # the line below the head, as some write it
    columns = max((len(row) for row in rows), default=1)
    cells = [
        [Paragraph(_inline(cell), styles.cell if number else styles.head) for cell in [*row, *[""] * (columns - len(row))]]
        for number, row in enumerate(rows)
    ] or [[""]]
    look = [
        ("LINEBELOW", (0, 0), (-1, 0), 0.8, colors.black),
        ("LINEBELOW", (0, 1), (-1, -1), 0.25, colors.lightgrey),
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("LEFTPADDING", (0, 0), (-1, -1), 4),
    ]
    return Table(cells, colWidths=[WIDTH / columns] * columns, repeatRows=1, style=TableStyle(look), hAlign="LEFT")


def _inline(text: str) -> str:
    """One line's markup in the words of reportlab, with everything else escaped."""
    found = ITALIC.sub(r"<i>\1</i>", BOLD.sub(r"<b>\1</b>", escape(text)))
    return plain(found.replace("\ue004", "<br/>"))


def _page_numbered(font: str) -> Any:
    def write(canvas: Any, document: Any) -> None:
        canvas.saveState()
        canvas.setFont(font, 8)
        canvas.setFillColor(colors.grey)
        canvas.drawRightString(A4[0] - MARGIN, 12 * mm, _("Page %(number)d") % {"number": document.page})
        canvas.restoreState()

    return write


def _fonts_for(text: str) -> tuple[str, str]:
    """The regular and the bold font that can write the text: the built-in ones, else the site's own."""
    try:
        text.encode("cp1252")
    except UnicodeEncodeError:
        return _site_fonts(text)
    return "Helvetica", "Helvetica-Bold"


def _site_fonts(text: str) -> tuple[str, str]:
    family, known = _registered(conf.PDF_FONT or next(filter(os.path.exists, WIDE_FONTS), ""))
    missing = sorted({sign for sign in text if ord(sign) not in known and not sign.isspace()})
    if missing:
        shown = " ".join(missing[:10])
        raise Fault(
            _("No font at hand can write %(signs)s. Name a TrueType font that can in ORCHESTRATION_PDF_FONT.") % {"signs": shown},
            kind="document",
        )
    return family, f"{family}-Bold"


@cache
def _registered(path: str) -> tuple[str, frozenset[int]]:
    """The family's name and the characters that it has. Without a font of the site's, the one that reportlab brings."""
    regular = path or "Vera.ttf"
    bold = "VeraBd.ttf" if not path else re.sub(r"(?:-Regular)?\.ttf$", "-Bold.ttf", path)
    family = f"Site{abs(hash(path))}"
    try:
        font = TTFont(family, regular)
        pdfmetrics.registerFont(font)
    except (TTFError, OSError) as error:
        raise Fault(_("The font %(path)s cannot be read: %(error)s") % {"path": regular, "error": error}, kind="document") from None
    try:
        pdfmetrics.registerFont(TTFont(f"{family}-Bold", bold))
    except (TTFError, OSError):  # it has no bold: then what is bold looks as the rest
        pdfmetrics.registerFont(TTFont(f"{family}-Bold", regular))
    pdfmetrics.registerFontFamily(family, normal=family, bold=f"{family}-Bold", italic=family, boldItalic=f"{family}-Bold")
    return family, frozenset(font.face.charToGlyph)
