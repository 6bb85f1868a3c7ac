"""Documents made from good ones: spoilt so that it must show, or changed so that it must not. The same seed, the same document."""

from __future__ import annotations

import copy
import gzip
import random
import re
from collections.abc import Callable

from lxml import etree

from tests.peppol.samples import CAC, CBC, OWN, dump, own, tree

BASIC = CBC[1:-1]
AGGREGATE = CAC[1:-1]
INVOICE = "urn:oasis:names:specification:ubl:schema:xsd:Invoice-2"
SBDH = "http://www.unece.org/cefact/namespaces/StandardBusinessDocumentHeader"

# --- Spoilt: whoever reads it must refuse it or say what is wrong ---

_NO_NUMBERS = [
    "NaN",
    "INF",
    "1e3",
    "12,50",
    "1.234,56",
    "0x1F",
    "\u0661\u0662",
    "twelve",
    "--5",
    "9" * 30,
    "1 000.00",
    "€ 5",
    "5-",
]
_NO_DATES = [
    "2026-13-01",
    "2026-02-30",
    "01/10/2026",
    "20261001",
    "yesterday",
    "2026-1-1",
    "\u0662\u0660\u0662\u0666-10-01",
    "0000-00-00",
]
_AMOUNTS = [
    "LegalMonetaryTotal/LineExtensionAmount",
    "LegalMonetaryTotal/TaxExclusiveAmount",
    "LegalMonetaryTotal/TaxInclusiveAmount",
    "LegalMonetaryTotal/PayableAmount",
    "TaxTotal/TaxAmount",
    "TaxSubtotal/TaxableAmount",
    "TaxSubtotal/TaxAmount",
    "InvoiceLine/LineExtensionAmount",
    "CreditNoteLine/LineExtensionAmount",
]
_NEEDED = [
    "ID",
    "IssueDate",
    "DocumentCurrencyCode",
    "InvoiceTypeCode",
    "CreditNoteTypeCode",
    "AccountingSupplierParty",
    "AccountingCustomerParty",
    "LegalMonetaryTotal",
    "TaxTotal",
    "InvoiceLine",
    "CreditNoteLine",
]


def _basic(root: etree._Element, path: str) -> list[etree._Element]:
    parent, name = path.split("/")
    return root.findall(f".//{CAC}{parent}/{CBC}{name}")


def _pick(rng: random.Random, root: etree._Element, paths: list[str]) -> etree._Element:
    return rng.choice([element for path in paths for element in _basic(root, path)])


def spoil_an_amount(rng: random.Random, data: bytes) -> bytes:
    root = etree.fromstring(data)
    _pick(rng, root, _AMOUNTS).text = rng.choice(_NO_NUMBERS)
    return dump(root)


def change_an_amount(rng: random.Random, data: bytes) -> bytes:
    root = etree.fromstring(data)
    element = _pick(rng, root, _AMOUNTS)
    element.text = f"{float(element.text or 0) + rng.choice([-900, -7.77, 3, 12.34, 100_000]):.2f}"
    return dump(root)


def nest_in_an_amount(rng: random.Random, data: bytes) -> bytes:
    root = etree.fromstring(data)
    etree.SubElement(_pick(rng, root, _AMOUNTS), CBC + "Amount").text = "1"
    return dump(root)


def change_the_currency(rng: random.Random, data: bytes) -> bytes:
    root = etree.fromstring(data)
    _pick(rng, root, _AMOUNTS).set("currencyID", rng.choice(["JPY", "", "EURO", "gbp"]))
    return dump(root)


def spoil_the_day(rng: random.Random, data: bytes) -> bytes:
    root = etree.fromstring(data)
    root.find(CBC + "IssueDate").text = rng.choice(_NO_DATES)
    return dump(root)


def remove_something(rng: random.Random, data: bytes) -> bytes:
    root = etree.fromstring(data)
    found = [child for child in root if etree.QName(child).localname in _NEEDED]
    root.remove(rng.choice(found))
    return dump(root)


def say_it_twice(rng: random.Random, data: bytes) -> bytes:
    root = etree.fromstring(data)
    names = [
        "ID",
        "IssueDate",
        "DocumentCurrencyCode",
        "LegalMonetaryTotal",
        "AccountingSupplierParty",
        "AccountingCustomerParty",
    ]
    found = [child for child in root if etree.QName(child).localname in names]
    found += [each for path in _AMOUNTS for each in _basic(root, path)]
    chosen = rng.choice(found)
    chosen.addnext(copy.deepcopy(chosen))
    return dump(root)


def empty_something(rng: random.Random, data: bytes) -> bytes:
    root = etree.fromstring(data)
    rng.choice([element for element in root.iter() if not len(element)]).text = rng.choice([None, "", "  \n"])
    return dump(root)


def turn_an_allowance(rng: random.Random, data: bytes) -> bytes:
    root = etree.fromstring(data)
    found = root.findall(f".//{CBC}ChargeIndicator")
    if not found:
        return spoil_the_day(rng, data)
    chosen = rng.choice(found[:3])
    chosen.text = rng.choice(["maybe", "", "TRUE FALSE", "2", "no"])
    return dump(root)


def another_root(rng: random.Random, data: bytes) -> bytes:
    name = rng.choice(["Order", "Invoices", "invoice", "CreditNote2", "html", "ApplicationResponse"])
    return re.sub(rb"(</?)(Invoice|CreditNote)(?=[ >])", lambda found: found[1] + name.encode(), data)


def another_namespace(rng: random.Random, data: bytes) -> bytes:
    chosen = rng.choice(
        [b"CommonBasicComponents-2", b"CommonAggregateComponents-2", b"xsd:Invoice-2", b"xsd:CreditNote-2"]
    )
    if chosen not in data:
        chosen = b"CommonBasicComponents-2"
    return data.replace(chosen, chosen[:-1] + rng.choice([b"1", b"3", b"9"]))


def cut_off(rng: random.Random, data: bytes) -> bytes:
    return data[: rng.randrange(len(data) - 12)]


def break_a_sign(rng: random.Random, data: bytes) -> bytes:
    at = rng.randrange(60, len(data) - 20)
    return (
        data[:at] + rng.choice([b"<", b"&", b"\x00", b"]]>", b"\x0b", b"\xff", b"&nbsp;", b"&#0;", b"</x>"]) + data[at:]
    )


def append(rng: random.Random, data: bytes) -> bytes:
    return data + rng.choice([b"<more/>", b"text", data, b"\x00\x00", b"<!DOCTYPE x>"])


def nest_deeply(rng: random.Random, data: bytes) -> bytes:
    depth = rng.choice([41, 300, 20_000])
    return data.replace(
        b"<cac:AccountingSupplierParty>", b"<d>" * depth + b"</d>" * depth + b"<cac:AccountingSupplierParty>", 1
    )


def add_many(rng: random.Random, data: bytes) -> bytes:
    chosen = rng.choice(
        [b"<e/>" * 200_001, b"<e " + b" ".join(b'a%d="1"' % i for i in range(101)) + b"/>", b"<" + b"n" * 9_000 + b"/>"]
    )
    return data.replace(b"<cac:AccountingSupplierParty>", chosen + b"<cac:AccountingSupplierParty>", 1)


def wrong_encoding(rng: random.Random, data: bytes) -> bytes:
    name = rng.choice(
        [b"UTF-7", b"UTF-32", b"EBCDIC-CP-US", b"cp037", b"nonsense", b"Shift_JIS", b"rot13", b"UTF-16", b"hex"]
    )
    return data.replace(b'encoding="UTF-8"', b'encoding="' + name + b'"', 1)


def something_else(rng: random.Random, data: bytes) -> bytes:
    return rng.choice(
        [
            b"",
            b" \n\t ",
            b"\x00" * 64,
            b"\xef\xbb\xbf",
            b'{"Invoice": {"ID": "1"}}',
            b"%PDF-1.7\n1 0 obj",
            b"PK\x03\x04" + data,
            gzip.compress(data, mtime=0),
            b"<!DOCTYPE html><html><body>Invoice</body></html>",
            b"<html><body/></html>",
            b"ID;Amount\n1;2",
            b"\x89PNG\r\n\x1a\n",
            b"MZ\x90\x00",
            bytes(rng.randrange(256) for _ in range(500)),
            b"<?xml version='1.0'?>",
            b"<a/>",
        ]
    )


def change_the_type(rng: random.Random, data: bytes) -> bytes:
    return re.sub(
        rb">(380|381)</cbc:(Invoice|CreditNote)TypeCode",
        lambda m: b">" + rng.choice([b"389", b"261", b"999", b"", b"38O"]) + b"</cbc:" + m[2] + b"TypeCode",
        data,
    )


def self_bill(rng: random.Random, data: bytes) -> bytes:
    return data.replace(b"poacc:billing:3.0", b"poacc:selfbilling:3.0").replace(
        b"billing:01:1.0", b"selfbilling:01:1.0"
    )


def spoil_an_attachment(rng: random.Random, data: bytes) -> bytes:
    root = tree("invoice-full.xml")
    element = root.find(f".//{CBC}EmbeddedDocumentBinaryObject")
    if rng.random() < 0.5:
        element.set("mimeCode", rng.choice(["text/html", "image/svg+xml", "image/png", "application/x-msdownload", ""]))
    else:
        element.text = rng.choice(["====", "PGh0bWw+", "TVqQAAMAAAAEAAAA", "!!!!", "a"])
    return dump(root)


SPOILING: list[Callable[[random.Random, bytes], bytes]] = [
    spoil_an_amount,
    change_an_amount,
    nest_in_an_amount,
    change_the_currency,
    spoil_the_day,
    remove_something,
    say_it_twice,
    empty_something,
    turn_an_allowance,
    another_root,
    another_namespace,
    cut_off,
    break_a_sign,
    append,
    nest_deeply,
    add_many,
    wrong_encoding,
    something_else,
    change_the_type,
    self_bill,
    spoil_an_attachment,
]


def attacks(secret: str) -> list[Callable[[random.Random, bytes], bytes]]:
    """Ways to make a reader fetch the file at `secret`, or choke."""
    uri = f"file://{secret}"

    def with_type(subset: str, use: str = "&x;") -> Callable[[random.Random, bytes], bytes]:
        def attack(rng: random.Random, data: bytes) -> bytes:
            head, body = data.split(b"?>", 1)
            name = b"CreditNote" if b"<CreditNote " in body else b"Invoice"
            body = re.sub(rb"(<cbc:ID>)[^<]*", rb"\g<1>" + use.encode(), body, count=rng.choice([1, 2]))
            whole = head + b"?><!DOCTYPE " + name + b" " + subset.encode() + b">" + body
            if rng.random() < 0.3:
                text = whole.decode().replace('encoding="UTF-8"', 'encoding="UTF-16"')
                return text.encode("utf-16")
            return whole

        return attack

    laughs = "".join(f'<!ENTITY l{i} "{f"&l{i - 1};" * 10}">' for i in range(1, 10))

    def include(rng: random.Random, data: bytes) -> bytes:
        root = etree.fromstring(data)
        element = etree.SubElement(root, "{http://www.w3.org/2001/XInclude}include")
        element.set("href", uri)
        element.set("parse", "text")
        root.find(CBC + "ID").append(copy.deepcopy(element))
        root.find(CBC + "IssueDate").text = "soon"
        return dump(root)

    def stylesheet(rng: random.Random, data: bytes) -> bytes:
        data = data.replace(b"?>", f'?><?xml-stylesheet type="text/xsl" href="{uri}"?>'.encode(), 1)
        return data.replace(b"<cbc:IssueDate>", b"<cbc:IssueDate>x", 1)

    def schema(rng: random.Random, data: bytes) -> bytes:
        hint = f' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="{INVOICE} {uri}"'.encode()
        return change_an_amount(
            rng, re.sub(rb"<(Invoice|CreditNote) ", lambda m: b"<" + m[1] + hint + b" ", data, count=1)
        )

    def link(rng: random.Random, data: bytes) -> bytes:
        root = tree("invoice-full.xml")
        root.find(f".//{CBC}URI").text = uri
        root.find(f".//{CBC}EmbeddedDocumentBinaryObject").set("filename", f"../../..{secret}")
        root.find(f".//{CBC}EmbeddedDocumentBinaryObject").text = ""
        return dump(root)

    return [
        with_type(f'[<!ENTITY x SYSTEM "{uri}">]'),
        with_type(f'[<!ENTITY x SYSTEM "{secret}">]'),
        with_type('[<!ENTITY x SYSTEM "http://127.0.0.1:9/secret">]'),
        with_type(f'SYSTEM "{uri}"', "1"),
        with_type('PUBLIC "-//X//Y" "http://127.0.0.1:9/x.dtd"', "1"),
        with_type(f'[<!ENTITY % p SYSTEM "{uri}"> %p;]', "1"),
        with_type(f"[<!ENTITY % p \"<!ENTITY x SYSTEM '{uri}'>\"> %p;]"),
        with_type(f'[<!ENTITY l0 "ha">{laughs}]', "&l9;"),
        with_type(f'[<!ENTITY x "{"a" * 50_000}">]', "&x;" * 2_000),
        with_type("[<!ENTITY x '5'>]"),
        with_type("[<!ATTLIST cbc:ID schemeID CDATA 'x'>]", "1"),
        include,
        stylesheet,
        schema,
        link,
    ]


def spoilt(number: int, secret: str) -> tuple[str, bytes]:
    """The `number`-th spoilt document and the name of what was done to it."""
    rng = random.Random(number)
    ways = SPOILING + attacks(secret)
    way = ways[number % len(ways)]
    return f"{number} {way.__name__}", way(rng, own(rng.choice(OWN)))


# --- Harmless: read exactly like the original ---


def blanks_between(rng: random.Random, root: etree._Element) -> None:
    for element in root.iter():
        if len(element):
            element.text = rng.choice(["", "\n", "\t \n", "    "])
        if element is not root:
            element.tail = rng.choice(["", "\n", "\r\n\t", " "])


def blanks_around(rng: random.Random, root: etree._Element) -> None:
    for element in root.iter():
        if not len(element) and rng.random() < 0.5:
            element.text = rng.choice(["\n  ", " ", "\t"]) + (element.text or "") + rng.choice(["\n", "  ", ""])


def comments(rng: random.Random, root: etree._Element) -> None:
    for element in list(root.iter()):
        if rng.random() < 0.3:
            remark = rng.choice([etree.Comment(" 99.00 "), etree.ProcessingInstruction("render", "now='1'")])
            text = element.text or ""
            at = rng.randrange(len(text) + 1)
            element.text, remark.tail = text[:at], text[at:]
            element.insert(0, remark)


def order(rng: random.Random, root: etree._Element) -> None:
    """Elements of one name keep their order; the names change places."""
    for element in root.iter():
        names = list(dict.fromkeys(child.tag for child in element if isinstance(child.tag, str)))
        rng.shuffle(names)
        rank = {name: place for place, name in enumerate(names)}
        element[:] = sorted(element, key=lambda child: rank.get(child.tag, 0))


def extras(rng: random.Random, root: etree._Element) -> None:
    for name, text in [
        ("UBLVersionID", "2.1"),
        ("UUID", "8f2d"),
        ("IssueTime", "10:00:00"),
        ("CopyIndicator", "false"),
        ("LineCountNumeric", "3"),
    ]:
        if rng.random() < 0.6:
            element = etree.Element(CBC + name)
            element.text = text
            root.insert(rng.randrange(len(root)), element)
    if rng.random() < 0.5:
        foreign = etree.SubElement(root, "{urn:example:ours}PayableAmount")
        foreign.text = "1.00"
    if rng.random() < 0.5:
        extension = etree.Element(
            "{urn:oasis:names:specification:ubl:schema:xsd:CommonExtensionComponents-2}UBLExtensions"
        )
        etree.SubElement(extension, CBC + "ID").text = "other"
        root.insert(0, extension)
    root.set("{http://www.w3.org/2001/XMLSchema-instance}schemaLocation", f"{INVOICE} UBL-Invoice-2.1.xsd")


def numbers(rng: random.Random, root: etree._Element) -> None:
    for element in root.iter(
        *(CBC + name for name in ("Percent", "PriceAmount", "InvoicedQuantity", "CreditedQuantity"))
    ):
        text = element.text or ""
        if "<" not in text and not len(element) and re.fullmatch(r"[0-9.]+", text):
            element.text = rng.choice(["0", "00", "+"]) + text + ("0" if "." in text else ".0")


TREES: list[Callable[[random.Random, etree._Element], None]] = [
    blanks_between,
    blanks_around,
    comments,
    order,
    extras,
    numbers,
]


def prefixes(rng: random.Random, data: bytes) -> bytes:
    one, two = rng.sample(["a", "b", "ns0", "x-y", "cbc2", "_"], 2)
    text = data.decode()
    text = re.sub(r"(</?)cac:", rf"\1{one}:", text).replace("xmlns:cac=", f"xmlns:{one}=")
    text = re.sub(r"(</?)cbc:", rf"\1{two}:", text).replace("xmlns:cbc=", f"xmlns:{two}=")
    if rng.random() < 0.5:
        text = re.sub(r"(</?)(Invoice|CreditNote)(?=[ >])", r"\1doc:\2", text).replace("xmlns=", "xmlns:doc=")
    return text.encode()


def encoded(rng: random.Random, data: bytes) -> bytes:
    name = rng.choice(["utf-16", "ISO-8859-1", "utf-8-sig", "us-ascii", "windows-1252"])
    text = data.decode()
    if name == "utf-8-sig":
        return text.encode(name)
    text = re.sub(r"encoding=['\"][^'\"]*['\"]", f'encoding="{name}"', text, count=1)
    return text.encode(name)


def in_sections(rng: random.Random, data: bytes) -> bytes:
    """Texts as CDATA or as character references."""

    def say(found: re.Match[str]) -> str:
        text = found[1]
        if "&" in text or "]]>" in text or not text.strip() or rng.random() < 0.5:
            return found[0]
        if rng.random() < 0.5:
            return f"><![CDATA[{text}]]></"
        return ">" + "".join(f"&#{ord(sign)};" for sign in text) + "</"

    return re.sub(r">([^<>]*)</", say, data.decode()).encode()


def blanks_before(rng: random.Random, data: bytes) -> bytes:
    return rng.choice([b"\n", b"  \r\n", b"\t"]) + data


def enveloped(rng: random.Random, data: bytes) -> bytes:
    body = data.split(b"?>", 1)[1]
    header = f"""<StandardBusinessDocument xmlns="{SBDH}"><StandardBusinessDocumentHeader><HeaderVersion>1.0</HeaderVersion>
    <Sender><Identifier Authority="iso6523-actorid-upis">0208:0631425755</Identifier></Sender>
    <Receiver><Identifier Authority="iso6523-actorid-upis">0208:0721538458</Identifier></Receiver>
    <DocumentIdentification><InstanceIdentifier>m-{rng.randrange(10**6)}</InstanceIdentifier></DocumentIdentification>
    </StandardBusinessDocumentHeader>"""
    return b'<?xml version="1.0" encoding="UTF-8"?>' + header.encode() + body + b"</StandardBusinessDocument>"


BYTES: list[Callable[[random.Random, bytes], bytes]] = [prefixes, in_sections, enveloped]


def harmless(number: int) -> tuple[str, str, bytes]:
    """The `number`-th harmless change: the sample's name, what was done, the document."""
    rng = random.Random(number)
    name = OWN[number % len(OWN)]
    ways = rng.sample(TREES, rng.randint(1, 3))
    root = tree(name)
    done = []
    # Comments come last of these: they take texts apart.
    for way in sorted(ways, key=lambda each: each is comments):
        way(rng, root)
        done.append(way.__name__)
    data = dump(root)
    for change in BYTES:
        if rng.random() < 0.3 and not (change is in_sections and comments in ways):
            data = change(rng, data)
            done.append(change.__name__)
    # A letter that an encoding lacks cannot be written in it.
    last = rng.choice([encoded, blanks_before, None])
    if last is not None:
        data = last(rng, data)
        done.append(last.__name__)
    return name, " ".join([str(number), *done]), data
