"""Thirty purchases of every kind that the books have to take, approved as a person does it."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from integrations.models import Connection, Posting
from invoicing.models import (
    FileRole,
    LedgerAccount,
    LedgerAccountKind,
    PurchaseDocument,
    PurchaseFile,
    PurchaseKind,
    PurchaseLine,
    PurchaseSource,
    PurchaseVatTotal,
    ReviewState,
    VatRateVersion,
)
from tests import factories

from .profiles import Profile
from .world import ZERO, Amounts, ToolBox, booked

_CENT = Decimal("0.01")
PDF = b"%PDF-1.4 what the supplier printed"


def purchase(
    connection: Connection,
    profile: Profile,
    lines: Sequence[tuple[str, str, str | None]] = (("100.00", "21", None),),
    **fields: Any,
) -> PurchaseDocument:
    """An approved Peppol document. `lines`: net, our rate, ledger account (None: that of the rate)."""
    entity = connection.entity
    supplier = fields.pop("supplier", None) or factories.CompanyFactory(country=profile.country, is_supplier=True)
    vat: dict[tuple[str, Decimal], list[Decimal]] = {}
    for net, code, _ in lines:
        version = factories.vat_rate(code, profile.country)
        group = vat.setdefault((version.rate.category, version.percentage), [ZERO])
        group[0] += Decimal(net)
    sums = {key: (base, (base * key[1] / 100).quantize(_CENT, ROUND_HALF_UP)) for key, (base,) in vat.items()}
    net_total = sum((base for base, _ in sums.values()), ZERO)
    vat_total = sum((tax for _, tax in sums.values()), ZERO)
    count = PurchaseDocument.objects.count()
    values: dict[str, Any] = {
        "kind": PurchaseKind.INVOICE,
        "source": PurchaseSource.PEPPOL,
        "number": f"F-{count + 1:04d}",
        "date": profile.day,
        "due_date": profile.day + timedelta(days=30),
        "review": ReviewState.APPROVED,
        "payment_reference": "+++090/9337/55493+++",
        "supplier_snapshot": {"vat_number": profile.country + supplier.vat_number.removeprefix("BE")},
        **fields,
    }
    document = PurchaseDocument.objects.create(
        entity=entity,
        supplier=supplier,
        supplier_name=supplier.name,
        net_total=net_total,
        vat_total=vat_total,
        total=net_total + vat_total,
        payable=net_total + vat_total,
        sha256=f"{count:064d}",
        **values,
    )
    for position, (net, code, account) in enumerate(lines):
        version: VatRateVersion = factories.vat_rate(code, profile.country)
        PurchaseLine.objects.create(
            document=document,
            position=position,
            description=f"Line {position + 1}, {code}",
            net=Decimal(net),
            vat_category=version.rate.category,
            vat_percent=version.percentage,
            vat_rate=version.rate,
            ledger_account=_account(connection, account) if account else None,
        )
    for (category, percent), (base, tax) in sums.items():
        PurchaseVatTotal.objects.create(document=document, category=category, percent=percent, base=base, vat=tax)
    content = b"<Invoice>" + document.number.encode() + b"</Invoice>"
    for role, name, media_type, data in (
        (FileRole.ORIGINAL, f"{document.number}.xml", "application/xml", content),
        (FileRole.ATTACHMENT, f"{document.number}.pdf", "application/pdf", PDF),
    ):
        PurchaseFile.objects.create(
            document=document, role=role, name=name, media_type=media_type, content=data, size=len(data)
        )
    return document


def _account(connection: Connection, code: str) -> LedgerAccount:
    account, _ = LedgerAccount.objects.get_or_create(
        entity=connection.entity, code=code, defaults={"name": code, "kind": LedgerAccountKind.COST}
    )
    return account


def mixed(connection: Connection, profile: Profile, count: int = 30, seed: int = 20261121) -> list[PurchaseDocument]:
    """Every linked rate, several rates and accounts in one document, discounts on the document, credit notes, one
    number at two suppliers."""
    dice = random.Random(seed)
    suppliers = [factories.CompanyFactory(country=profile.country, is_supplier=True) for _ in range(6)]
    rates = list(profile.purchase_vat_codes) or ["21", "6", "0"]
    accounts: list[str | None] = [None, *profile.cost_accounts]
    made = []
    for n in range(count):
        codes = [rates[n % len(rates)], *(dice.choice(rates) for _ in range(dice.randrange(3)))]
        lines = [(f"{dice.randrange(101, 90_000) / 100:.2f}", code, dice.choice(accounts)) for code in codes]
        if n % 7 == 3:
            lines.append(("-1.01", codes[0], None))  # a discount on the document
        fields: dict[str, Any] = {"supplier": suppliers[n % len(suppliers)], "date": profile.day + timedelta(days=n)}
        if n % 5 == 4:
            fields["kind"] = PurchaseKind.CREDIT_NOTE
        if n in (10, 11):
            fields["number"] = "2026-001"
        made.append(purchase(connection, profile, lines, **fields))
    return made


def effect(document: PurchaseDocument, profile: Profile) -> tuple[Decimal, Amounts]:
    """What a purchase does to the books: its signed total, and base and VAT per code of the tool."""
    sign = -1 if document.is_credit_note else 1
    amounts: Amounts = {}
    shares = {(total.category, total.percent): total.vat for total in document.vat_totals.all()}
    by_code: dict[str, tuple[str, Decimal]] = {}
    for line in document.lines.select_related("vat_rate"):
        assert line.vat_rate is not None
        code = profile.purchase_vat_codes[line.vat_rate.code]
        base, vat = amounts.get(code, (ZERO, ZERO))
        amounts[code] = (base + sign * line.net, vat)
        by_code[code] = (line.vat_category, line.vat_percent or ZERO)
    for code, key in by_code.items():
        base, _ = amounts[code]
        amounts[code] = (base, sign * shares[key])
    return sign * document.total, amounts


def writes(profile: Profile) -> dict[str, str]:
    """What a call that books a purchase, or files it, is known by."""
    if not profile.purchase_vat_codes:
        return {"method": "POST", "body_contains": ":UploadDocument"}
    changed = {"path": profile.writes.get("path", "").replace("salesentry/Sales", "purchaseentry/Purchase")}
    return {**profile.writes, **(changed if changed["path"] else {})}


def numbers_there(box: ToolBox) -> list[str]:
    """The suppliers' numbers of what stands in the books, or lies in the archive to be booked."""
    if box.profile.purchase_vat_codes:
        return [row["reference"] for row in entries(box).values()]
    return [row["files"][0]["name"].rpartition("_")[0] for row in box._books("documents") if row["folder"] == 1]


def entries(box: ToolBox) -> dict[str, dict[str, Any]]:
    """Purchase entries of the sandbox by the tool's own id of them."""
    found: dict[str, dict[str, Any]] = {}
    for row in box._books("entries"):
        if row["kind"] == "purchase":
            found[str(row["entry_id"])] = row
    return found


def assert_books(box: ToolBox, documents: Sequence[PurchaseDocument]) -> None:
    """Each document stands there once, to the cent and per VAT code, under the id that its posting holds."""
    there = entries(box)
    postings = {p.purchase_document_id: p for p in Posting.objects.filter(purchase_document__in=documents)}
    assert {
        p.reference: (p.state, p.reason_code, p.vendor_text) for p in postings.values() if p.state != "posted"
    } == {}
    assert len(postings) == len(documents)
    for document in documents:
        posting = postings[document.pk]
        entry = there[posting.external_id]
        total, amounts = booked(entry)
        assert (abs(total), entry["reference"]) == (document.total, document.number)
        sign = 1 if (total > 0) == (effect(document, box.profile)[0] > 0) else -1
        theirs = {code: (sign * base, sign * vat) for code, (base, vat) in amounts.items()}
        assert (sign * total, theirs) == effect(document, box.profile), posting.reference
        assert entry["date"] == document.date.isoformat()
    ours = {document.number for document in documents}
    stand = [row["reference"] for row in there.values() if row["reference"] in ours]
    assert len(stand) == len(documents)
