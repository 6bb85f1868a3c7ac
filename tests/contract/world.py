"""A tool's side of the sandbox from outside, and an entity connected to it as the set-up does it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.contrib.auth.models import AbstractBaseUser

from integrations import registry, services
from integrations.base.signin import SignInKind
from integrations.models import Connection, Posting
from integrations.registry import get_tool
from integrations.yuki import unsure as yuki_unsure
from invoicing.models import CompanyEntity, SalesDocument, VatRate
from tests import bridge, factories

from .profiles import Profile

ZERO = Decimal("0.00")
Amounts = dict[str, tuple[Decimal, Decimal]]


class ToolBox(bridge.Box):
    """The sandbox of one tool: books, faults, payments, its request log."""

    def __init__(self, base_url: str, profile: Profile) -> None:
        super().__init__(base_url)
        self.profile = profile

    def verb(self, name: str, **data: Any) -> Any:
        """A control verb of the tool, about its administration."""
        return self.call(name, {"vendor": self.profile.key, "division": self.profile.administration, **data})

    def switch(self, **switches: Any) -> None:
        self.call("settings", {self.profile.key: switches})

    def fault(self, kind: str, **fields: Any) -> None:
        self.call("faults", {"kind": kind, "vendor": self.profile.key, **fields})

    def _books(self, part: str) -> list[dict[str, Any]]:
        path = f"books/{self.profile.key}?division={self.profile.administration}&parts={part}"
        found: list[dict[str, Any]] = self.call(path, method="GET")["divisions"][0][part]
        return found

    def entries(self, division: str = "") -> dict[str, dict[str, Any]]:
        """Sales entries by our reference; an entry that stands twice fails here, whatever the test is about."""
        found: dict[str, dict[str, Any]] = {}
        for row in self._books("entries"):
            if row["kind"] != "sales":
                continue
            assert row["reference"] not in found, f"{row['reference']} stands twice in the books"
            found[row["reference"]] = row
        return found

    def files(self) -> dict[str, list[tuple[str, str]]]:
        """Names and SHA-256 of the files beside each sales entry, by our reference; entries without any left out."""
        there: dict[str, list[tuple[str, str]]] = {}
        for row in self._books("documents"):
            found = [(file["name"], file["sha256"]) for file in row["files"] if file["bytes"]]
            there.setdefault(row.get("entry_id") or row["id"], []).extend(found)
        beside = {
            reference: sorted(there.get(row.get("document") or row["entry_id"], []))
            for reference, row in self.entries().items()
        }
        return {reference: files for reference, files in beside.items() if files}

    def parties(self, division: str = "") -> list[dict[str, Any]]:
        return self._books("parties")

    def requests(self, since: int = 0) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.call(f"requests?since={since}&vendor={self.profile.key}", method="GET")[
            "requests"
        ]
        return found

    def pay(self, reference: str, amount: str | None = None, **fields: Any) -> None:
        payment = {"reference": reference, "kind": "sales", **fields}
        self.verb("pay", **(payment if amount is None else {**payment, "amount": amount}))


def settings_of(profile: Profile, base_url: str) -> dict[str, str]:
    """The settings that point the product to the sandbox."""
    name = f"BOEKBRUG_{profile.key.upper()}"
    return {
        f"{name}_BASE_URL": f"{base_url}{profile.home}",
        f"{name}_CLIENT_ID": profile.client_id,
        f"{name}_CLIENT_SECRET": "demo-secret",
    }


def tool_box(profile: Profile, base_url: str, settings: Any) -> ToolBox:
    """The tool's side of the sandbox, its limits off; the settings point to it."""
    for name, value in settings_of(profile, base_url).items():
        setattr(settings, name, value)
    box = ToolBox(base_url, profile)
    box.switch(**profile.switches)
    return box


def show_at_once(patch: Callable[[Any, str, Any], None]) -> None:
    """Yuki needs a while before what it took shows up; the sandbox shows it at once. `patch`: sets an attribute."""
    shown = replace(registry.TOOLS["yuki"], limits=replace(registry.TOOLS["yuki"].limits, quiet_seconds=0))
    patch(registry, "TOOLS", {**registry.TOOLS, "yuki": shown})
    patch(yuki_unsure, "DEFAULT_READINGS", replace(yuki_unsure.DEFAULT_READINGS, processing=timedelta(0)))


def entity_of(profile: Profile) -> CompanyEntity:
    entity = factories.EntityFactory(country=profile.country, years=())
    for year in (2025, 2026):
        factories.FiscalYearFactory(entity=entity, year=year, next_invoice_number=profile.first_number)
    return entity


def sign_in(connection: Connection, box: ToolBox, user: AbstractBaseUser) -> Connection:
    """As a person does: in the tool's own page, or by what it asks for."""
    if get_tool(connection.tool).sign_in is SignInKind.OAUTH:
        return bridge.sign_in(connection, box, user)
    return services.log_in(connection=connection, credentials=box.profile.credentials, user=user)


def connect(
    box: ToolBox,
    entity: CompanyEntity | None = None,
    user: AbstractBaseUser | None = None,
    *,
    attach_files: bool = False,
) -> Connection:
    """A connected entity with every setting made, ready to sync.

    Without `attach_files` no PDF is drawn and no call made for it: they are counted apart, and tried in
    test_attaching.py.
    """
    profile = box.profile
    user = user or factories.UserFactory()
    entity = entity or entity_of(profile)
    for code in profile.vat_codes:
        factories.vat_rate(code, profile.country)
    connection = services.start_connection(entity=entity, tool=profile.key, site=profile.site, user=user)
    connection = sign_in(connection, box, user)
    connection = services.choose_administration(connection=connection, external_id=profile.administration, user=user)
    assert [right for right in services.check_access(connection=connection) if not right.optional] == []
    services.load_lists(connection=connection)
    services.save_settings(
        connection=connection,
        user=user,
        start_date=profile.start,
        journals=profile.journals,
        default_payment_term=profile.payment_term,
        discount_account=profile.discount_account,
        attach_files=attach_files,
    )
    ids = dict(VatRate.objects.filter(country=profile.country, entity=None).values_list("code", "pk"))
    vat = {ids[rate]: code for rate, code in profile.vat_codes.items()}
    services.link_vat(connection=connection, direction="sales", links=vat, user=user)
    accounts = {ids[rate]: code for rate, code in profile.accounts.items() if rate in profile.vat_codes}
    services.link_ledger(connection=connection, direction="sales", links=accounts, user=user)
    bought = {ids[rate]: code for rate, code in profile.purchase_vat_codes.items()}
    services.link_vat(connection=connection, direction="purchase", links=bought, user=user)
    costs = dict.fromkeys(bought, profile.cost_accounts[0]) if profile.cost_accounts else {}
    services.link_ledger(connection=connection, direction="purchase", links=costs, user=user)
    return services.finish_setup(connection=connection, user=user)


def effect(document: SalesDocument, profile: Profile) -> tuple[Decimal, Amounts]:
    """What a document does to the books: its signed total, and base and VAT per code of the tool."""
    sign = -1 if document.is_credit_note else 1
    amounts: Amounts = {}
    for total in document.vat_totals.select_related("vat_rate__rate"):
        code = profile.vat_codes[total.vat_rate.rate.code]
        base, vat = amounts.get(code, (ZERO, ZERO))
        amounts[code] = (base + sign * total.base, vat + sign * total.vat)
    return sign * document.total, amounts


def booked(entry: dict[str, Any]) -> tuple[Decimal, Amounts]:
    """The same of an entry of the sandbox."""
    amounts: Amounts = {}
    for line in entry["lines"]:
        base, vat = amounts.get(line["vat_code"], (ZERO, ZERO))
        amounts[line["vat_code"]] = (base + Decimal(line["net"]), vat + Decimal(line["vat"]))
    return Decimal(entry["total"]), amounts


def assert_books(box: ToolBox, documents: Sequence[SalesDocument]) -> None:
    """Each document stands there once, to the cent and per VAT code, under the id that its posting holds."""
    entries = box.entries()
    postings = {p.sales_document_id: p for p in Posting.objects.filter(sales_document__in=documents)}
    assert {p.reference: p.state for p in postings.values() if p.state != "posted"} == {}
    assert len(postings) == len(documents)
    for document in documents:
        posting = postings[document.pk]
        entry = entries[posting.reference]
        assert booked(entry) == effect(document, box.profile), posting.reference
        assert entry["date"] == document.date.isoformat()
        assert str(entry["number"]) == posting.number
    ids = [posting.external_id for posting in postings.values()]
    assert all(ids)
    assert len(set(ids)) == len(ids)
