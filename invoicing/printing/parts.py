"""What pages are made of: fonts, styles, the QR code, and a canvas that knows how many pages there are."""

from __future__ import annotations

import io
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import segno
from PIL import Image as Picture
from reportlab.lib.colors import HexColor
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.utils import ImageReader
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, Image, Paragraph

REGULAR = "Document"
BOLD = "Document-Bold"
INK = HexColor(0x1F2937)
FAINT = HexColor(0x6B7280)
RULE = HexColor(0xD1D5DB)
SHADE = HexColor(0xF3F4F6)

# A name with its numbers must not fill a page; a logo is as large as a business card allows.
LOGO_WIDTH, LOGO_HEIGHT = 170.0, 56.0

_FOLDER = Path(__file__).parent / "fonts"
_PIXELS = 40_000_000


@cache
def _register_fonts() -> None:
    pdfmetrics.registerFont(TTFont(REGULAR, str(_FOLDER / "LiberationSans-Regular.ttf")))
    pdfmetrics.registerFont(TTFont(BOLD, str(_FOLDER / "LiberationSans-Bold.ttf")))


@cache
def style(*, size: float = 9, bold: bool = False, right: bool = False, faint: bool = False) -> ParagraphStyle:
    _register_fonts()
    return ParagraphStyle(
        name=f"{size}{bold}{right}{faint}",
        fontName=BOLD if bold else REGULAR,
        fontSize=size,
        leading=size * 1.35,
        alignment=2 if right else 0,
        textColor=FAINT if faint else INK,
    )


def text(words: str, **kind: Any) -> Paragraph:
    """A paragraph of plain words: nothing in them is markup, line ends stay."""
    lines = (" ".join(line.split()) if line.strip() else "" for line in words.splitlines())
    return Paragraph("<br/>".join(escape(_printable(line)) for line in lines), style(**kind))


def exact(words: str, *, width: float = 0, size: float = 9, **kind: Any) -> Paragraph:
    """A paragraph of words that stay on one line, such as an amount; smaller where `width` would not hold them."""
    words = words.replace(" ", "\u00a0")
    needed = pdfmetrics.stringWidth(words, style(size=size, **kind).fontName, size)
    if width and needed > width:
        size = round(size * width / needed - 0.05, 1)
    return Paragraph(escape(words), style(size=size, **kind))


def _printable(words: str) -> str:
    return "".join(sign for sign in words if sign.isprintable())


def logo(content: bytes | None) -> Image | None:
    """The entity's logo in its frame; None where there is none, or no picture that can be drawn."""
    if not content:
        return None
    try:
        with Picture.open(io.BytesIO(content)) as picture:
            width, height = picture.size
            if width * height > _PIXELS:
                return None
            picture.load()
            # Drawn from pixels alone, so that the same logo gives the same bytes whatever its file carries along.
            plain = picture.convert("RGBA" if picture.mode in ("RGBA", "LA", "P", "PA") else "RGB")
    except (OSError, ValueError, SyntaxError, Picture.DecompressionBombError):
        return None
    kept = io.BytesIO()
    plain.save(kept, "PNG")
    kept.seek(0)
    ImageReader(kept)
    kept.seek(0)
    scale = min(LOGO_WIDTH / width, LOGO_HEIGHT / height)
    return Image(kept, width=width * scale, height=height * scale, hAlign="LEFT")


class QrCode(Flowable):
    """A QR code, `size` points wide with its quiet zone, of error correction M as banks want it."""

    def __init__(self, content: str, size: float) -> None:
        super().__init__()
        self.width = self.height = size
        self._rows = [
            list(row) for row in segno.make_qr(content, error="m", boost_error=False, encoding="utf-8").matrix
        ]

    def draw(self) -> None:
        quiet = 4
        module = self.width / (len(self._rows) + 2 * quiet)
        self.canv.setFillColor(HexColor(0xFFFFFF))  # a reader wants light around the code, whatever it stands on
        self.canv.rect(0, 0, self.width, self.height, stroke=0, fill=1)
        self.canv.setFillColor(HexColor(0x000000))
        for down, row in enumerate(self._rows):
            for across, is_dark in enumerate(row):
                if is_dark:
                    left, low = (across + quiet) * module, self.height - (down + quiet + 1) * module
                    self.canv.rect(left, low, module, module, stroke=0, fill=1)


def numbered(finish: Callable[[Canvas, int, int], None]) -> type[Canvas]:
    """A canvas that calls `finish(canvas, page, pages)` on every page once their number is known."""

    class Numbered(Canvas):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            self._pages: list[dict[str, Any]] = []

        def showPage(self) -> None:
            self._pages.append(dict(self.__dict__))
            self._startPage()

        def save(self) -> None:
            for place, page in enumerate(self._pages, start=1):
                self.__dict__.update(page)
                finish(self, place, len(self._pages))
                super().showPage()
            super().save()

    return Numbered
