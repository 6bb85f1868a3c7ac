"""The PDF: in the customer's language, complete, the same bytes each time, whatever stands in the document."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pypdfium2
import pytest
import zxingcpp
from hypothesis import HealthCheck, Phase, given, settings
from PIL import Image

from invoicing.issued import Issued
from invoicing.peppol.document import Kind
from invoicing.printing import epc, figures, words
from invoicing.printing.pdf import render

from . import generated
from .generated import BUYERS, SELLER, TAXED, UNTAXED, issued, line


def pages(made: Issued) -> list[str]:
    """The text of each page, on one line."""
    document = pypdfium2.PdfDocument(render(made))
    return [" ".join(page.get_textpage().get_text_range().split()) for page in document]


def picture(size: tuple[int, int] = (300, 100)) -> bytes:
    file = io.BytesIO()
    Image.new("RGBA", size, (20, 90, 160, 128)).save(file, "PNG")
    return file.getvalue()


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("nl", ["Factuur", "Vervaldatum 13/04/2026", "Te betalen 1.210,00 EUR", "Mededeling +++000/3000/14229+++", "Pagina 1 van 1"]),
        ("fr", ["Facture", "Échéance 13/04/2026", "À payer 1 210,00 EUR", "Page 1 sur 1"]),
        ("en", ["Invoice", "Due date 13 Apr 2026", "To pay 1,210.00 EUR", "Page 1 of 1"]),
        ("de", ["Invoice", "To pay 1,210.00 EUR"]),
    ],
)  # fmt: skip
def test_an_invoice_in_the_customers_language(language: str, said: list[str]) -> None:
    (text,) = pages(issued([line(TAXED[3], "500", "2", words="Ontwerp & opmaak <b>")], language=language))
    always = [
        "2026/0142",
        "Ontwerp & opmaak <b>",
        "Bakkerij Zonnekorrel & Zoon <nv>",
        "BE0876543270",
        "BE68 5390 0754 7034",
    ]
    assert [words for words in (*said, *always) if words not in text] == [], text


def test_the_sellers_name_is_said_as_often_with_a_logo_as_without() -> None:
    plain = issued([line(TAXED[3])])
    (without,), (with_one,) = pages(plain), pages(replace(plain, logo=picture()))
    assert without.count(SELLER.name) == with_one.count(SELLER.name) > 0


def test_sixty_lines_repeat_the_heads_and_number_the_pages() -> None:
    found = pages(issued([line(TAXED[3], words=f"Werk {n}\nmet uitleg") for n in range(60)], ("10",)))
    assert len(found) > 2
    for place, text in enumerate(found, start=1):
        assert f"Pagina {place} van {len(found)}" in text
        assert place == 1 or text.endswith("Factuur 2026/0142")
    assert ["Omschrijving Aantal" in text for text in found[:2]] == [True, True]
    assert sum(text.count("met uitleg") for text in found) == 60
    assert "Korting 10% -600,00" in found[-1]
    assert "Totaal EUR 6.534,00" in found[-1]


def test_the_same_document_gives_the_same_bytes() -> None:
    made = issued([line(TAXED[3])], logo=picture())
    first = render(made)
    assert render(made) == first
    assert render(replace(made, note="x")) != first
    assert first.startswith(b"%PDF-")


def test_a_credit_note_names_its_invoice_and_asks_no_money() -> None:
    made = issued([line(TAXED[3])], kind=Kind.CREDIT_NOTE, credited_number="2026/0100", credited_day=date(2026, 2, 1))
    (text,) = pages(made)
    assert "Creditnota" in text
    assert "Crediteert factuur 2026/0100" in text
    assert "Betaling" not in text


def test_rates_without_vat_say_why() -> None:
    (text,) = pages(issued([line(UNTAXED[4]), line(UNTAXED[1])], language="fr", buyer=BUYERS[3]))
    assert "Autoliquidation de la TVA par le preneur (article 196, directive 2006/112/CE)." in text
    assert "Vrijgesteld" in text  # the entity's own words


def test_direct_debit_says_that_nothing_need_be_done() -> None:
    (text,) = pages(issued([line(TAXED[3])], is_direct_debit=True))
    assert "via domiciliëring" in text
    assert "BE68 5390 0754 7034 GKCC" not in text


def test_foreign_money_shows_its_vat_in_ones_own() -> None:
    (text,) = pages(issued([line(TAXED[3])], currency="USD", exchange_rate=Decimal("0.92345")))
    assert "Btw in EUR (1 USD = 0,92345 EUR) 19,39" in text


@settings(
    max_examples=40, phases=[Phase.explicit, Phase.reuse, Phase.generate], suppress_health_check=[HealthCheck.too_slow]
)
@given(generated.documents())
def test_whatever_can_be_booked_can_be_printed(made: Issued) -> None:
    text = " ".join(pages(made))
    assert figures.amount(made.total, made.language).replace("\u00a0", " ") in text


@pytest.mark.parametrize(
    "description",
    ["", "x" * 5_000, "word " * 4_000, "line\n" * 400, "\x00\x1b]0;&<br/><para>", "日本語 🙂 العربية"],
)
def test_odd_descriptions_are_printed(description: str) -> None:
    assert len(pages(issued([line(TAXED[3], words=description)], note=description))) >= 1


@pytest.mark.parametrize("logo", [b"", b"no picture", picture((1, 1)), picture((4000, 10)), picture((10, 4000))])
def test_any_logo_or_none(logo: bytes) -> None:
    assert "2026/0142" in pages(issued([line(TAXED[3])], logo=logo))[0]


def test_each_word_exists_in_three_languages() -> None:
    for key, three in words._WORDS.items():
        assert len(three) == 3, key
        assert all(three) or key == "S", key


def test_a_dutch_seller_names_its_chamber_of_commerce_number() -> None:
    assert "KvK 01234567" in pages(issued([line(TAXED[3])], seller=generated.DUTCH_SELLER))[0]
    assert "KvK" not in pages(issued([line(TAXED[3])]))[0]


# --- the code for banks ---


def scanned(made: Issued) -> list[str]:
    """What a reader of codes finds on the pages, drawn as fine as a phone sees them."""
    found = []
    for page in pypdfium2.PdfDocument(render(made)):
        found += [code.text for code in zxingcpp.read_barcodes(page.render(scale=2).to_pil())]
    return found


@pytest.mark.parametrize(
    ("made", "name", "bic", "iban", "amount", "words"),
    [
        (
            issued([line(TAXED[3], "1234.5")], language="fr"),
            "Brugpijlertje Digitaal bv", "GKCCBEBB", "BE68539007547034", "EUR1493.75", "+++000/3000/14229+++",
        ),
        (
            issued([line(TAXED[1], "0.01")], seller=generated.DUTCH_SELLER, structured_communication="", number="N-7"),
            "Grachtenmeetbureau", "", "NL91ABNA0417164300", "EUR0.01", "N-7",
        ),
        (
            issued([line(TAXED[3], "999999.99")] * 40, seller=replace(SELLER, name="Café Ä’t Œuvre & Zoon <bv>"), logo=picture()),
            "Café Ä’t Œuvre & Zoon <bv>", "GKCCBEBB", "BE68539007547034", "EUR48399999.52", "+++000/3000/14229+++",
        ),
    ],
)  # fmt: skip
def test_the_printed_code_is_read_back_field_by_field(
    made: Issued, name: str, bic: str, iban: str, amount: str, words: str
) -> None:
    [content] = scanned(made)
    assert content.split("\n") == ["BCD", "002", "1", "SCT", bic, name, iban, amount, "", "", words]


@pytest.mark.parametrize(
    "made", [issued([line(TAXED[3])], currency="USD"), issued([line(TAXED[3])], is_direct_debit=True)]
)
def test_no_code_is_printed_where_nothing_can_be_transferred(made: Issued) -> None:
    assert scanned(made) == []


def test_the_code_for_banks_is_that_of_the_guideline() -> None:
    assert epc.payload(issued([line(TAXED[3], "1234.5")])).split("\n") == [
        "BCD", "002", "1", "SCT", "GKCCBEBB", "Brugpijlertje Digitaal bv", "BE68539007547034", "EUR1493.75", "", "",
        "+++000/3000/14229+++",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "made",
    [
        issued([line(TAXED[3])], currency="USD"),
        issued([line(TAXED[3])], kind=Kind.CREDIT_NOTE),
        issued([line(TAXED[3], "-1")]),
        issued([line(TAXED[3], "0")]),
        issued([line(TAXED[3], "999999999999")]),
        issued([line(TAXED[3])], is_direct_debit=True),
        issued([line(TAXED[3])], seller=replace(SELLER, iban="")),
        issued([line(TAXED[3])], seller=replace(SELLER, iban="BE68539007547035")),
    ],
)
def test_no_code_where_nothing_can_be_transferred(made: Issued) -> None:
    assert epc.payload(made) == ""


@pytest.mark.parametrize(("number", "is_made"), [("2026/1", True), ("漢" * 40, True), ("漢" * 140, False)])
def test_the_code_never_grows_beyond_its_bound(number: str, is_made: bool) -> None:
    made = issued(
        [line(TAXED[3])], seller=replace(SELLER, name="漢" * 200, bic=""), number=number, structured_communication=""
    )
    content = epc.payload(made)
    assert len(content.encode()) <= 331
    assert bool(content) is is_made
    if is_made:
        lines = content.split("\n")
        assert (lines[4], lines[-1]) == ("", number)
        assert len(lines[5]) > 10
