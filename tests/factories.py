"""The smallest valid things, and documents booked in one call or by the thousand.

A test states only what matters to it. `booked_invoice` goes through the services like a person would;
`booked_documents` writes what they would write, without asking them for each document (a test compares both).
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import factory
from django.contrib.auth import get_user_model
from django.db import connection, transaction
from django.utils import timezone

from crm.models import Company, Contact, Party, PartyKind, Tag, VatType
from invoicing import services
from invoicing.models import (
    CompanyEntity,
    DocumentDiscount,
    FiscalYear,
    LedgerAccount,
    PaymentTerm,
    PaymentTermKind,
    SalesDocument,
    SalesKind,
    SalesLine,
    SalesVatTotal,
    VatCategory,
    VatRate,
    VatRateVersion,
)
from invoicing.services import DiscountInput, LineInput, contents
from invoicing.services.booking import booked_fields

DAY = date(2026, 3, 14)


def vat_number_be(n: int) -> str:
    """A Belgian VAT number with right check digits, another one for each n."""
    body = 1_000_000 + n
    return f"BE{body:08d}{97 - body % 97:02d}"


class UserFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = get_user_model()

    username = factory.Sequence(lambda n: f"user{n}")
    is_staff = True


class TagFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Tag

    name = factory.Sequence(lambda n: f"Tag {n}")


class PaymentTermFactory(factory.django.DjangoModelFactory):
    """30 days after invoice date."""

    class Meta:
        model = PaymentTerm
        django_get_or_create = ("code",)

    code = "30D"
    name = "30 days"
    kind = PaymentTermKind.AFTER_INVOICE_DATE
    days = 30


class EntityFactory(factory.django.DjangoModelFactory):
    """A Belgian entity with fiscal years 2025 and 2026, both open."""

    class Meta:
        model = CompanyEntity
        skip_postgeneration_save = True

    name = factory.Sequence(lambda n: f"Entity {n}")
    country = "BE"
    vat_number = factory.Sequence(vat_number_be)
    street = "Kaai 1"
    postcode = "9000"
    city = "Gent"
    iban = "BE68539007547034"

    @factory.post_generation
    def years(self, create: bool, extracted: Sequence[int] | None, **kwargs: Any) -> None:
        for year in (2025, 2026) if extracted is None else extracted:
            FiscalYearFactory(entity=self, year=year)


class FiscalYearFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = FiscalYear

    class Params:
        year = 2026

    entity = factory.SubFactory(EntityFactory, years=())
    label = factory.LazyAttribute(lambda o: str(o.year))
    start = factory.LazyAttribute(lambda o: date(o.year, 1, 1))
    end = factory.LazyAttribute(lambda o: date(o.year, 12, 31))
    invoice_prefix = factory.LazyAttribute(lambda o: f"{o.year}/")
    credit_note_prefix = factory.LazyAttribute(lambda o: f"C{o.year}/")


class LedgerAccountFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = LedgerAccount
        django_get_or_create = ("entity", "code")

    entity = factory.SubFactory(EntityFactory)
    code = "700000"
    name = "Sales"


class PartyFactory(factory.django.DjangoModelFactory):
    """A Belgian company, VAT liable, with a valid VAT number and an address."""

    class Meta:
        model = Party
        skip_postgeneration_save = True

    name = factory.Sequence(lambda n: f"Customer {n}")
    kind = PartyKind.COMPANY
    vat_type = VatType.VAT_LIABLE
    vat_number = factory.Sequence(lambda n: vat_number_be(n + 500_000))
    enterprise_number = factory.LazyAttribute(lambda o: o.vat_number.removeprefix("BE"))
    street = "Markt 1"
    postcode = "8000"
    city = "Brugge"
    country = "BE"
    language = "nl"

    @factory.post_generation
    def tags(self, create: bool, extracted: Iterable[Tag] | None, **kwargs: Any) -> None:
        if extracted:
            self.tags.set(extracted)


class CompanyFactory(PartyFactory):
    class Meta:
        model = Company
        skip_postgeneration_save = True


class ContactFactory(PartyFactory):
    """A private person without VAT number."""

    class Meta:
        model = Contact
        skip_postgeneration_save = True

    kind = PartyKind.PERSON
    name = ""
    first_name = "An"
    last_name = factory.Sequence(lambda n: f"Peeters {n}")
    vat_type = VatType.NOT_VAT_LIABLE
    vat_number = ""
    enterprise_number = ""


_RATES: dict[str, tuple[str, VatCategory, str]] = {
    # code: percentage, category, exemption code
    "21": ("21", VatCategory.S, ""),
    "12": ("12", VatCategory.S, ""),
    "9": ("9", VatCategory.S, ""),
    "6": ("6", VatCategory.S, ""),
    "0": ("0", VatCategory.Z, ""),
    "MC": ("0", VatCategory.AE, "VATEX-EU-AE"),
    "VERL": ("0", VatCategory.AE, "VATEX-EU-AE"),
    "CM": ("0", VatCategory.K, "VATEX-EU-IC"),
    "VCMD": ("0", VatCategory.AE, "VATEX-EU-AE"),
    "EX": ("0", VatCategory.G, "VATEX-EU-G"),
    "EXD": ("0", VatCategory.O, "VATEX-EU-O"),
}


def vat_rate(code: str = "21", country: str = "BE", *, since: date = date(2020, 1, 1)) -> VatRateVersion:
    """The version of a country's rate, made at first use."""
    percentage, category, exemption = _RATES[code]
    rate, _ = VatRate.objects.get_or_create(
        country=country,
        entity=None,
        code=code,
        defaults={"name": code, "category": category, "exemption_code": exemption},
    )
    version, _ = VatRateVersion.objects.get_or_create(
        rate=rate, valid_from=since, defaults={"percentage": Decimal(percentage)}
    )
    return version


def line(
    unit_price: str | Decimal = "100",
    *,
    code: str = "21",
    country: str = "BE",
    quantity: str | Decimal = "1",
    discount: str | Decimal = "0",
    description: str = "Work",
    account: LedgerAccount | None = None,
) -> LineInput:
    return LineInput(
        description=description,
        quantity=Decimal(quantity),
        unit_price=Decimal(unit_price),
        discount=Decimal(discount),
        vat_rate=vat_rate(code, country),
        ledger_account=account,
    )


def draft_invoice(
    *,
    entity: CompanyEntity | None = None,
    party: Party | None = None,
    day: date = DAY,
    lines: Sequence[LineInput] | None = None,
    discounts: Sequence[str] = (),
    kind: str = SalesKind.INVOICE,
    **fields: Any,
) -> SalesDocument:
    """A draft of one line of 100.00 at 21 %, or of what is given."""
    entity = entity or EntityFactory()
    return services.create_draft(
        entity=entity,
        party=party or PartyFactory(),
        day=day,
        kind=kind,
        lines=[line(country=entity.country)] if lines is None else lines,
        discounts=[DiscountInput(percentage=Decimal(p)) for p in discounts],
        **fields,
    )


def booked_invoice(**fields: Any) -> SalesDocument:
    """A booked invoice, made and booked by the services; takes what `draft_invoice` takes, and `by`."""
    by = fields.pop("by", None)
    return services.book(document=draft_invoice(**fields), by=by)


def booked_credit_note(**fields: Any) -> SalesDocument:
    return booked_invoice(kind=SalesKind.CREDIT_NOTE, **fields)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A document for `booked_documents`."""

    party: Party
    lines: Sequence[LineInput]
    day: date = DAY
    kind: str = SalesKind.INVOICE
    discounts: Sequence[str] = ()
    payment_term: PaymentTerm | None = None
    currency: str = "EUR"
    exchange_rate: Decimal = Decimal(1)


def booked_documents(entity: CompanyEntity, plans: Iterable[Plan], *, batch: int = 500) -> list[int]:
    """Book thousands of documents in seconds; returns their ids in the order of `plans`.

    Leaves exactly what `create_draft` and `book` leave, save for the log entries. Numbers follow the plans.
    """
    years = list(FiscalYear.objects.filter(entity=entity))
    ids: list[int] = []
    iterator = iter(plans)
    while chunk := list(itertools.islice(iterator, batch)):
        with transaction.atomic():
            ids += _book_chunk(entity, chunk, years)
    return ids


def bench_plans(
    parties: Sequence[Party], count: int, *, lines_each: int = 3, account: LedgerAccount | None = None
) -> Iterable[Plan]:
    """`count` invoices over the parties in turn: rates 21 and 6, prices that round, every tenth with a discount."""
    high, low = vat_rate("21"), vat_rate("6")
    for n in range(count):
        yield Plan(
            party=parties[n % len(parties)],
            day=date(2026, 1 + n * 9 // count, 1 + n % 28),
            discounts=("2.5",) if n % 10 == 0 else (),
            lines=[
                LineInput(
                    description=f"Item {i + 1} of {n + 1}",
                    quantity=Decimal(1 + (n + i) % 7),
                    unit_price=Decimal(1000 + (n * 37 + i * 11) % 9000) / 100 + Decimal("0.005"),
                    vat_rate=low if i == lines_each - 1 and lines_each > 1 else high,
                    ledger_account=account,
                )
                for i in range(lines_each)
            ],
        )


def _book_chunk(entity: CompanyEntity, plans: Sequence[Plan], years: Sequence[FiscalYear]) -> list[int]:
    now = timezone.now()
    terms = {
        party: services.default_payment_term(entity=entity, party=party) for party in {plan.party for plan in plans}
    }
    documents = SalesDocument.objects.bulk_create(
        SalesDocument(
            kind=plan.kind,
            entity=entity,
            party=plan.party,
            date=plan.day,
            currency=plan.currency,
            exchange_rate=plan.exchange_rate,
            payment_term=plan.payment_term or terms[plan.party],
            language=plan.party.language or entity.language,
        )
        for plan in plans
    )
    loaded = [_contents(document, plan) for document, plan in zip(documents, plans, strict=True)]
    SalesLine.objects.bulk_create(row for one in loaded for row in one.lines)
    DocumentDiscount.objects.bulk_create(row for one in loaded for row in one.discounts)
    SalesVatTotal.objects.bulk_create(row for one in loaded for row in contents.vat_total_rows(one))

    rows = []
    for one in loaded:
        year = next(y for y in years if y.start <= one.document.date <= y.end)
        field = "next_credit_note_number" if one.document.is_credit_note else "next_invoice_number"
        sequence = getattr(year, field)
        setattr(year, field, sequence + 1)
        rows.append((one.document.pk, booked_fields(one, year=year, sequence=sequence, by=None, moment=now)))
    FiscalYear.objects.bulk_update(years, ["next_invoice_number", "next_credit_note_number"])
    _write_booked(rows)
    return [document.pk for document in documents]


def _contents(document: SalesDocument, plan: Plan) -> contents.Contents:
    lines = [
        SalesLine(
            document=document,
            position=position,
            description=row.description,
            quantity=row.quantity,
            unit_price=row.unit_price,
            discount=row.discount,
            vat_rate=row.vat_rate,
            ledger_account=row.ledger_account,
        )
        for position, row in enumerate(plan.lines, start=1)
    ]
    discounts = [
        DocumentDiscount(document=document, position=position, percentage=Decimal(percentage))
        for position, percentage in enumerate(plan.discounts, start=1)
    ]
    return contents.compute(document, lines, discounts)


def _write_booked(rows: Sequence[tuple[int, dict[str, Any]]]) -> None:
    """One statement, many rows: a bulk_update of this many columns would take minutes."""
    fields = [SalesDocument._meta.get_field(name) for name in rows[0][1]]
    sets = ", ".join(f'"{field.column}" = %s' for field in fields)
    values = [
        [
            *(
                field.get_db_prep_save(getattr(changes[field.name], "pk", changes[field.name]), connection)
                for field in fields
            ),
            pk,
        ]
        for pk, changes in rows
    ]
    with connection.cursor() as cursor:
        cursor.executemany(f'UPDATE "{SalesDocument._meta.db_table}" SET {sets} WHERE id = %s', values)
