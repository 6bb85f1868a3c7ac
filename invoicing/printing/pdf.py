"""An invoice or credit note as a PDF, in the customer's language and with the entity's logo.

The same record gives the same bytes, so that a document can be attached or sent again at any time.
"""

from __future__ import annotations

import io
import textwrap
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, KeepTogether, Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

from invoicing.amounts import ZERO, round_cents
from invoicing.issued import Issued, Rate, Side
from invoicing.legal_notes import language_of, legal_notes
from invoicing.peppol.document import Kind
from invoicing.printing import epc, figures
from invoicing.printing.parts import RULE, SHADE, QrCode, exact, logo, numbered, text
from invoicing.printing.words import word

_MARGIN = 18 * mm
_WIDTH = A4[0] - 2 * _MARGIN
_TOP = 22 * mm
_LOW = 12 * mm
_FRAME = 6  # what the library leaves free inside its margins
_QR = 30 * mm
# A row of a table cannot be cut: a long description goes on in the next.
_ROW_LINES = 10
_ROW_SIGNS = 400


def render(issued: Issued) -> bytes:
    """Return the PDF of a booked document."""
    return _Pdf(issued).render()


class _Pdf:
    def __init__(self, issued: Issued) -> None:
        self._issued = issued
        self._language = language_of(issued)
        self._has_discounts = any(line.discount for line in issued.lines)
        self._logo = logo(issued.logo)

    def render(self) -> bytes:
        issued = self._issued
        file = io.BytesIO()
        footer = self._footer()
        _, self._footer_height = footer.wrap(_WIDTH - 30 * mm, 30 * mm)
        title = f"{self._word(issued.kind)} {issued.number}"
        document = SimpleDocTemplate(
            file,
            pagesize=A4,
            leftMargin=_MARGIN - _FRAME,
            rightMargin=_MARGIN - _FRAME,
            topMargin=_TOP,
            bottomMargin=_LOW + self._footer_height + 6 * mm,
            title=title,
            author=issued.seller.name,
            subject=title,
            creator="Boekbrug",
            lang=self._language,
            invariant=1,
        )
        document.build(list(self._story()), canvasmaker=numbered(self._finish))
        return file.getvalue()

    # --- words and figures in the customer's language ---

    def _word(self, key: str) -> str:
        return word(key, self._language)

    def _amount(self, value: Decimal) -> str:
        return figures.amount(value, self._language)

    def _percentage(self, value: Decimal) -> str:
        return figures.percentage(value, self._language)

    def _rate(self, rate: Rate) -> str:
        return self._percentage(rate.percent) if rate.category == "S" else self._word(rate.category)

    # --- every page ---

    def _footer(self) -> Paragraph:
        seller = self._issued.seller
        place = " ".join(filter(None, (seller.postcode, seller.city)))
        parts = (
            seller.name,
            ", ".join(filter(None, (seller.street, place, seller.country))),
            seller.vat_number and f"{self._word('vat-of')} {seller.vat_number}",
            # In Belgium it is the VAT number; a Dutch company states its own.
            f"KvK {seller.enterprise_number}" if seller.country == "NL" and seller.enterprise_number else "",
            figures.iban(seller.iban),
            seller.email,
            seller.phone,
        )
        return text(" · ".join(filter(None, parts)), size=7.5, faint=True)

    def _finish(self, canvas: Canvas, page: int, pages: int) -> None:
        """Foot and, from the second page on, head."""
        canvas.saveState()
        canvas.setStrokeColor(RULE)
        canvas.setLineWidth(0.5)
        line = _LOW + self._footer_height + 2 * mm
        canvas.line(_MARGIN, line, A4[0] - _MARGIN, line)
        footer = self._footer()
        footer.wrapOn(canvas, _WIDTH - 30 * mm, 30 * mm)
        footer.drawOn(canvas, _MARGIN, _LOW)
        number = exact(self._word("page") % (page, pages), size=7.5, faint=True, right=True)
        _, height = number.wrapOn(canvas, 28 * mm, 20 * mm)
        number.drawOn(canvas, A4[0] - _MARGIN - 28 * mm, _LOW + self._footer_height - height)
        if page > 1:
            head = text(f"{self._word(self._issued.kind)} {self._issued.number}", faint=True)
            _, height = head.wrapOn(canvas, _WIDTH, 20 * mm)
            head.drawOn(canvas, _MARGIN, A4[1] - _TOP + 3 * mm)
        canvas.restoreState()

    # --- the document from top to bottom ---

    def _story(self) -> Iterator[Flowable]:
        issued = self._issued
        yield self._head()
        yield Spacer(0, 9 * mm)
        yield self._sides()
        yield Spacer(0, 9 * mm)
        yield self._lines()
        yield Spacer(0, 4 * mm)
        yield KeepTogether([self._totals()])
        notes = legal_notes(issued)
        if notes:
            yield Spacer(0, 5 * mm)
            yield KeepTogether([text(note) for note in notes])
        if issued.note.strip():
            yield Spacer(0, 5 * mm)
            yield text(issued.note)
        payment = self._payment()
        if payment is not None:
            yield Spacer(0, 8 * mm)
            yield KeepTogether([payment])

    def _head(self) -> Table:
        issued = self._issued
        left = self._logo or text(issued.seller.name, size=15, bold=True)
        right = [
            text(self._word(issued.kind), size=20, bold=True, right=True),
            text(issued.number, size=11, right=True, faint=True),
        ]
        return _table([[left, right]], [_WIDTH * 0.55, _WIDTH * 0.45], [("VALIGN", (0, 0), (-1, -1), "TOP")])

    def _sides(self) -> Table:
        issued = self._issued
        # Without a logo the name stands large above it.
        name = [text(issued.seller.name, bold=True)] if self._logo else []
        seller = [*name, *self._address(issued.seller)]
        buyer = [
            text(self._word("customer"), size=7.5, faint=True),
            text(issued.buyer.name, size=10, bold=True),
            *self._address(issued.buyer),
        ]
        pairs = [
            (self._word("date"), figures.day(issued.day, self._language)),
            (self._word("due"), figures.day(issued.day_due, self._language) if issued.kind is Kind.INVOICE else ""),
            (self._word("reference"), issued.customer_reference),
            (self._word("credits"), issued.credited_number),
        ]
        facts = [[text(name, faint=True), text(value, right=True)] for name, value in pairs if value]
        width = _WIDTH * 0.3
        meta = _table(facts, [width * 0.5, width * 0.5], [("BOTTOMPADDING", (0, 0), (-1, -1), 1.5)])
        return _table(
            [[seller, buyer, meta]],
            [_WIDTH * 0.33, _WIDTH * 0.37, width],
            [("VALIGN", (0, 0), (-1, -1), "TOP"), ("RIGHTPADDING", (0, 0), (1, 0), 16)],
        )

    def _address(self, side: Side) -> list[Paragraph]:
        place = " ".join(filter(None, (side.postcode, side.city)))
        is_abroad = side.country and self._issued.seller.country != self._issued.buyer.country
        rows = [side.street, f"{side.country} {place}".strip() if is_abroad else place]
        if side.vat_number:
            rows.append(f"{self._word('vat-number')} {side.vat_number}")
        elif side.enterprise_number:
            rows.append(f"{self._word('enterprise-number')} {side.enterprise_number}")
        return [text(row) for row in rows if row]

    def _lines(self) -> Table:
        """The lines with their heads, which are repeated on every page."""
        heads = [
            "description",
            "quantity",
            "price",
            *(["discount-short"] if self._has_discounts else []),
            "vat",
            "amount",
        ]
        widths = [0.0, 20 * mm, 27 * mm, *([17 * mm] if self._has_discounts else []), 21 * mm, 31 * mm]
        widths[0] = _WIDTH - sum(widths)
        rows: list[list[Any]] = [
            [text(self._word(head), size=8, bold=True, right=place > 0) for place, head in enumerate(heads)]
        ]
        rules: list[tuple[Any, ...]] = [
            ("BACKGROUND", (0, 0), (-1, 0), SHADE),
            ("TOPPADDING", (0, 0), (-1, -1), 4),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 4),
            ("LEFTPADDING", (0, 0), (-1, -1), 4),
            ("RIGHTPADDING", (-1, 0), (-1, -1), 4),
            ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ]
        for line in self._issued.lines:
            first, *more = _chunks(line.description)
            shown = [
                figures.number(line.quantity, self._language),
                figures.number(line.unit_price, self._language, 2),
                *([self._percentage(line.discount) if line.discount else ""] if self._has_discounts else []),
                self._rate(line.rate),
                self._amount(line.net),
            ]
            figure = [exact(words, right=True, width=width - 8) for words, width in zip(shown, widths[1:], strict=True)]
            begin = len(rows)
            rows.append([text(first), *figure])
            rows += [[text(part), *[""] * len(figure)] for part in more]
            end = len(rows) - 1
            if more:
                rules += [("TOPPADDING", (0, begin + 1), (-1, end), 0), ("BOTTOMPADDING", (0, begin), (-1, end - 1), 0)]
            rules.append(("LINEBELOW", (0, end), (-1, end), 0.5, RULE))
        return _table(rows, widths, rules, repeat=1)

    def _totals(self) -> Table:
        width = _WIDTH * 0.48
        return _table(
            [[self._rates_table(_WIDTH * 0.46), "", self._sums_table(width)]],
            [_WIDTH * 0.46, _WIDTH * 0.06, width],
            [("VALIGN", (0, 0), (-1, -1), "TOP")],
        )

    def _rates_table(self, width: float) -> Table:
        heads = ("rate", "base", "vat")
        rows = [[text(self._word(head), size=8, faint=True, right=place > 0) for place, head in enumerate(heads)]]
        for total in self._issued.rates:
            rows.append(
                [
                    text(self._rate(total.rate)),
                    exact(self._amount(total.base), right=True),
                    exact(self._amount(total.vat), right=True),
                ]
            )
        return _table(
            rows,
            [width * 0.3, width * 0.4, width * 0.3],
            [
                ("LINEBELOW", (0, 0), (-1, 0), 0.5, RULE),
                ("TOPPADDING", (0, 0), (-1, -1), 2),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 2),
            ],
        )

    def _sums_table(self, width: float) -> Table:
        issued = self._issued
        rows = []
        if issued.discounts:
            rows.append((self._word("lines"), self._amount(sum((line.net for line in issued.lines), ZERO))))
            rows += [(name, self._amount(value)) for name, value in self._discounts()]
        rows.append((self._word("net"), self._amount(issued.net)))
        rows.append((self._word("vat"), self._amount(issued.vat)))
        cells = [[text(name), exact(value, right=True)] for name, value in rows]
        name = f"{self._word('total')} {issued.currency}"
        cells.append(
            [text(name, size=11, bold=True), exact(self._amount(issued.total), size=11, bold=True, right=True)]
        )
        last = len(cells) - 1
        if issued.currency != issued.home_currency:
            rate = (
                f"1 {issued.currency} = {figures.number(issued.exchange_rate, self._language)} {issued.home_currency}"
            )
            vat = self._amount(round_cents(issued.vat * issued.exchange_rate))
            cells.append(
                [
                    text(f"{self._word('vat-in') % issued.home_currency} ({rate})", size=8),
                    exact(vat, size=8, right=True),
                ]
            )
        return _table(
            cells,
            [width * 0.6, width * 0.4],
            [
                ("TOPPADDING", (0, 0), (-1, -1), 2),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 2),
                ("LINEABOVE", (0, last), (-1, last), 1, RULE),
                ("TOPPADDING", (0, last), (-1, last), 5),
                ("RIGHTPADDING", (-1, 0), (-1, -1), 4),
            ],
        )

    def _discounts(self) -> Iterator[tuple[str, Decimal]]:
        """Each document discount and what it takes off, added up over the rates as booking did."""
        issued = self._issued
        left = [total.lines_net for total in issued.rates]
        for discount in issued.discounts:
            amounts = [round_cents(net * discount.percentage / 100) for net in left]
            left = [net - taken for net, taken in zip(left, amounts, strict=True)]
            name = f"{discount.description.strip() or self._word('discount')} {self._percentage(discount.percentage)}"
            yield name, -sum(amounts, ZERO)

    def _payment(self) -> Table | None:
        """How to pay; None where there is nothing to pay."""
        issued, seller = self._issued, self._issued.seller
        if issued.kind is not Kind.INVOICE or issued.total <= 0:
            return None
        amount = f"{self._amount(issued.total)} {issued.currency}"
        head = text(self._word("payment"), bold=True)
        if issued.is_direct_debit:
            return _table([[[head, text(self._word("debit"))]]], [_WIDTH], _BOX)
        pairs = [
            (self._word("to-pay"), amount),
            (self._word("due"), figures.day(issued.day_due, self._language)),
            (self._word("account"), figures.iban(seller.iban) + (f" (BIC {seller.bic})" if seller.bic else "")),
            (self._word("in-name-of"), seller.name if seller.iban else ""),
            (self._word("communication"), issued.structured_communication or issued.number),
        ]
        facts = [
            [text(name, faint=True), text(value, bold=place == 0)] for place, (name, value) in enumerate(pairs) if value
        ]
        code = epc.payload(issued)
        width = _WIDTH - (_QR + 22 * mm if code else 12)
        left = [
            head,
            Spacer(0, 2 * mm),
            _table(facts, [34 * mm, width - 34 * mm], [("BOTTOMPADDING", (0, 0), (-1, -1), 2)]),
        ]
        if not code:
            return _table([[left]], [_WIDTH], _BOX)
        right = [QrCode(code, _QR), text(self._word("scan"), size=7, faint=True)]
        return _table([[left, right]], [_WIDTH - _QR - 10 * mm, _QR + 10 * mm], _BOX)


_BOX: list[tuple[Any, ...]] = [
    ("BACKGROUND", (0, 0), (-1, -1), SHADE),
    ("VALIGN", (0, 0), (-1, -1), "TOP"),
    ("LEFTPADDING", (0, 0), (-1, -1), 8),
    ("RIGHTPADDING", (0, 0), (-1, -1), 4),
    ("TOPPADDING", (0, 0), (-1, -1), 7),
    ("BOTTOMPADDING", (0, 0), (-1, -1), 7),
]


def _table(rows: list[list[Any]], widths: list[float], rules: list[tuple[Any, ...]], *, repeat: int = 0) -> Table:
    """A table without lines or padding but those of `rules`."""
    plain = [
        ("LEFTPADDING", (0, 0), (-1, -1), 0),
        ("RIGHTPADDING", (0, 0), (-1, -1), 0),
        ("TOPPADDING", (0, 0), (-1, -1), 0),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 0),
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
    ]
    return Table(rows, colWidths=widths, repeatRows=repeat, style=TableStyle([*plain, *rules]), hAlign="LEFT")


def _chunks(description: str) -> list[str]:
    """A description in parts that fit on a page each; at least one."""
    parts: list[str] = []
    lines: list[str] = []
    signs = 0
    for line in description.strip().splitlines():
        for piece in textwrap.wrap(line, _ROW_SIGNS) or [""]:
            if lines and (len(lines) >= _ROW_LINES or signs + len(piece) > _ROW_SIGNS):
                parts.append("\n".join(lines))
                lines, signs = [], 0
            lines.append(piece)
            signs += len(piece)
    return [*parts, "\n".join(lines)]
