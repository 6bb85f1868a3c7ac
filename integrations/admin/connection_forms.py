"""Forms of a connection. Choices come from the administration's mirrors: active rows, exclusive VAT codes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django import forms
from django.conf import settings
from django.db.models import Q, QuerySet
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from config.figures import number, rate_name
from invoicing.models import CompanyEntity, SalesLine, VatRate, VatRateVersion

from ..base.provider import Capability
from ..base.records import JournalKind, VatDirection
from ..base.signin import Tool
from ..messages.values import shown_credential
from ..models import (
    Connection,
    Journal,
    LedgerLink,
    LinkDirection,
    ToolLedgerAccount,
    ToolPaymentTerm,
    VatCode,
    VatLink,
)
from ..registry import TOOLS, get_tool

SELECT = {"class": "bb-select"}
INPUT = {"class": "bb-input"}
Choice = tuple[str, str]


class CredentialsForm(forms.Form):
    """What a tool asks for that does not sign in in the browser. Nothing secret is ever shown again."""

    def __init__(self, tool: Tool, data: Mapping[str, Any] | None = None) -> None:
        super().__init__(data)
        for wanted in tool.credential_fields:
            attrs = {**INPUT, "autocomplete": "off", "spellcheck": "false"}
            if wanted.is_secret:
                widget: forms.Widget = forms.PasswordInput(attrs={**attrs, "autocomplete": "new-password"})
            else:
                widget = forms.TextInput(attrs=attrs)
            self.fields[wanted.name] = forms.CharField(
                label=shown_credential(wanted.label),
                help_text=shown_credential(wanted.hint),
                max_length=200,
                widget=widget,
            )


class ConnectForm(forms.Form):
    """Which entity is connected with which tool."""

    entity = forms.ModelChoiceField(
        label=_("Entity"), queryset=CompanyEntity.objects.none(), widget=forms.Select(attrs=SELECT)
    )
    tool = forms.ChoiceField(label=_("Bookkeeping tool"), widget=forms.Select(attrs=SELECT))
    site = forms.ChoiceField(label=_("Country of your account there"), widget=forms.Select(attrs=SELECT))

    def __init__(self, *args: Any, tool: str = "", **kwargs: Any) -> None:
        """`tool`: chosen on the page before, so only its country sites are asked for; without it the country comes next."""
        super().__init__(*args, **kwargs)
        offered = {tool: TOOLS[tool]} if tool in TOOLS else TOOLS
        if len(offered) == 1:
            self.fields["tool"].widget = forms.HiddenInput()
            self.initial["tool"] = next(iter(offered))
        free = connectable_entities()
        self.fields["entity"].empty_label = "–"  # type: ignore[attr-defined]
        self.fields["entity"].queryset = free  # type: ignore[attr-defined]
        self.fields["tool"].choices = [(one.key, one.label) for one in offered.values()]  # type: ignore[attr-defined]
        if len(offered) > 1:
            del self.fields["site"]
            return
        sites = {site.code: site.label for one in offered.values() for site in one.sites}
        if len(sites) == 1:
            self.fields["site"].widget = forms.HiddenInput()
            self.initial["site"] = next(iter(sites))
        self.fields["site"].choices = [(code, gettext(label)) for code, label in sites.items()]  # type: ignore[attr-defined]


def connectable_entities() -> QuerySet[CompanyEntity]:
    """Entities of an offered country without a live connection, or with one that is not finished."""
    unfinished = ["connecting", "configuration_needed"]
    busy = Connection.objects.live().exclude(status__in=unfinished)
    return CompanyEntity.objects.filter(country__in=settings.BOEKBRUG_CONNECTOR_COUNTRIES).exclude(
        pk__in=busy.values("entity")
    )


def _choices(rows: Iterable[Any], current: Any = None) -> list[Choice]:
    """Codes with their names; the one in use stays choosable when it is no longer active."""
    found = [(row.code, str(row)) for row in rows]
    if current is not None and current.code not in dict(found):
        found.append((current.code, gettext("%(name)s (no longer active)") % {"name": current}))
    return [("", "–"), *found]


class SettingsForm(forms.Form):
    """Start date, journals, terms and accounts of a connection, by the tool's codes, as far as the tool has them."""

    start_date = forms.DateField(
        label=_("Start date"), required=False, widget=forms.DateInput(attrs={**INPUT, "type": "date"}, format="%Y-%m-%d"),
        help_text=_("Documents dated before this day stay out of scope."),
    )  # fmt: skip
    invoice = forms.ChoiceField(label=_("Journal for invoices"), required=False, widget=forms.Select(attrs=SELECT))
    credit_note = forms.ChoiceField(
        label=_("Journal for credit notes"), required=False, widget=forms.Select(attrs=SELECT)
    )
    purchase_invoice = forms.ChoiceField(
        label=_("Journal for incoming invoices"), required=False, widget=forms.Select(attrs=SELECT)
    )
    purchase_credit_note = forms.ChoiceField(
        label=_("Journal for incoming credit notes"), required=False, widget=forms.Select(attrs=SELECT)
    )
    default_payment_term = forms.ChoiceField(
        label=_("Default payment term"), required=False, widget=forms.Select(attrs=SELECT),
        help_text=_("For documents whose own term the tool does not have."),
    )  # fmt: skip
    discount_account = forms.ChoiceField(
        label=_("Account for discounts"), required=False, widget=forms.Select(attrs=SELECT),
        help_text=_("Needed for documents with a discount on the whole."),
    )  # fmt: skip
    default_ledger_account = forms.ChoiceField(
        label=_("Default ledger account"), required=False, widget=forms.Select(attrs=SELECT),
        help_text=_("For lines without an account, where the VAT rate names none."),
    )  # fmt: skip
    JOURNALS = ("invoice", "credit_note", "purchase_invoice", "purchase_credit_note")

    def __init__(self, connection: Connection, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("initial", _settings_of(connection))
        super().__init__(*args, **kwargs)
        here = {"administration_id": connection.administration_id, "active": True}
        journals = list(Journal.objects.filter(**here))
        sales = [row for row in journals if row.kind == JournalKind.SALES]
        purchases = [row for row in journals if row.kind == JournalKind.PURCHASE]
        accounts = list(ToolLedgerAccount.objects.filter(**here, bookable=True))
        choices: dict[str, list[Choice]] = {
            "invoice": _choices(sales, connection.invoice_journal),
            "credit_note": _choices(sales, connection.credit_note_journal),
            "purchase_invoice": _choices(purchases, connection.purchase_journal),
            "purchase_credit_note": _choices(purchases, connection.purchase_credit_note_journal),
            "default_payment_term": _choices(ToolPaymentTerm.objects.filter(**here), connection.default_payment_term),
            "discount_account": _choices(accounts, connection.discount_account),
            "default_ledger_account": _choices(accounts, connection.default_ledger_account),
        }
        for name, found in choices.items():
            self.fields[name].choices = found  # type: ignore[attr-defined]
        capabilities = get_tool(connection.tool).capabilities
        self.has_journals = Capability.JOURNALS in capabilities
        if not self.has_journals:
            for name in self.JOURNALS:
                del self.fields[name]
        if Capability.PAYMENT_TERMS not in capabilities:
            del self.fields["default_payment_term"]

    def values(self) -> dict[str, Any]:
        """What the service takes; what is not asked for is left out, and stays."""
        data = self.cleaned_data
        asked = ("default_payment_term", "discount_account", "default_ledger_account")
        found: dict[str, Any] = {name: data[name] or None for name in asked if name in self.fields}
        if self.has_journals:
            found["journals"] = {name: data[name] or None for name in self.JOURNALS}
        return {**found, "start_date": data["start_date"]}


def _settings_of(connection: Connection) -> dict[str, Any]:
    def code(row: Any) -> str:
        return row.code if row is not None else ""

    return {
        "start_date": connection.start_date,
        "invoice": code(connection.invoice_journal),
        "credit_note": code(connection.credit_note_journal),
        "purchase_invoice": code(connection.purchase_journal),
        "purchase_credit_note": code(connection.purchase_credit_note_journal),
        "default_payment_term": code(connection.default_payment_term),
        "discount_account": code(connection.discount_account),
        "default_ledger_account": code(connection.default_ledger_account),
    }


# --- links: one row per VAT rate ----------------------------------------------------------------------------------


@dataclass(slots=True)
class LinkRow:
    rate: VatRate
    percentage: Decimal | None
    used: bool
    fields: list[forms.BoundField]

    @property
    def words(self) -> str:
        return rate_name(self.percentage, self.rate.name or self.rate.code)

    @property
    def code(self) -> str:
        """The rate's code where it says more than its percentage."""
        return "" if self.rate.code == number(self.percentage) else self.rate.code


class LinksForm(forms.Form):
    """A select per VAT rate and direction; `directions` are those that this kind of link knows."""

    directions: tuple[str, ...] = (LinkDirection.SALES, LinkDirection.PURCHASE)

    def __init__(
        self,
        connection: Connection,
        *args: Any,
        rates: Iterable[VatRate] | None = None,
        proposed: Mapping[str, str] | None = None,
        **kwargs: Any,
    ) -> None:
        """`rates`: only these rows; `proposed`: codes by field name for fields without a link yet."""
        self.connection = connection
        self.rates = rates_of(connection) if rates is None else list(rates)
        self.used = used_rates(connection)
        present = self.present()
        initial = dict(proposed or {})
        initial |= {f"{direction}-{rate_id}": row.code for (direction, rate_id), row in present.items()}
        super().__init__(*args, **{**kwargs, "initial": initial})
        for direction in self.directions:
            everything = list(self.offered(direction))
            for rate in self.rates:
                offered = [row for row in everything if self.fits(row, rate)]
                current = present.get((direction, rate.pk))
                named = initial.get(f"{direction}-{rate.pk}")
                missing = not named and rate.pk in self.used and direction == LinkDirection.SALES
                attrs = {
                    "class": "bb-select is-missing" if missing else "bb-select",
                    "aria-label": f"{rate} {direction}",
                }
                self.fields[f"{direction}-{rate.pk}"] = forms.ChoiceField(
                    required=False, choices=_choices(offered, current), widget=forms.Select(attrs=attrs)
                )

    def present(self) -> dict[tuple[str, int], Any]:
        """The linked rows by direction and rate."""
        raise NotImplementedError

    def offered(self, direction: str) -> Iterable[Any]:
        """The rows of the tool that may be chosen."""
        raise NotImplementedError

    def fits(self, row: Any, rate: VatRate) -> bool:
        """Whether a row of the tool may belong to `rate` at all."""
        return True

    def rows(self) -> list[LinkRow]:
        """The form as a table, rates in use first."""
        found = [
            LinkRow(rate, percentage_of(rate), rate.pk in self.used, [self[f"{d}-{rate.pk}"] for d in self.directions])
            for rate in self.rates
        ]
        return sorted(found, key=lambda row: (not row.used, -(row.percentage or Decimal(-1)), row.rate.code))

    def links(self, direction: str) -> dict[int, str | None]:
        """What the service takes: rate id -> code, None unlinks."""
        return {rate.pk: self.cleaned_data[f"{direction}-{rate.pk}"] or None for rate in self.rates}


class VatLinksForm(LinksForm):
    def present(self) -> dict[tuple[str, int], Any]:
        rows = VatLink.objects.filter(connection=self.connection).select_related("vat_code")
        return {(row.direction, row.rate_id): row.vat_code for row in rows}

    def offered(self, direction: str) -> Iterable[Any]:
        wanted = Q(direction=VatDirection.BOTH) | Q(direction=direction)
        return VatCode.objects.filter(
            wanted, administration_id=self.connection.administration_id or 0, active=True, inclusive=False
        ).order_by("code")

    def fits(self, row: Any, rate: VatRate) -> bool:
        # A code of another country is for that country's rate alone.
        return not row.country or row.country == rate.country

    def hidden_count(self) -> int:
        """How many codes of the tool are not offered: inclusive, or not active."""
        hidden = Q(inclusive=True) | Q(active=False)
        return VatCode.objects.filter(hidden, administration_id=self.connection.administration_id or 0).count()


class LedgerLinksForm(LinksForm):
    def present(self) -> dict[tuple[str, int], Any]:
        rows = LedgerLink.objects.filter(connection=self.connection).select_related("account")
        return {(row.direction, row.rate_id): row.account for row in rows}

    def offered(self, direction: str) -> Iterable[Any]:
        kind = "revenue" if direction == LinkDirection.SALES else "cost"
        return ToolLedgerAccount.objects.filter(
            administration_id=self.connection.administration_id or 0,
            active=True,
            bookable=True,
            kind__in=[kind, "other"],
        ).order_by("code")


def rates_of(connection: Connection) -> list[VatRate]:
    """The active VAT rates that documents of the entity may use."""
    entity = connection.entity
    theirs = Q(entity=entity) | Q(entity__isnull=True, country=entity.country)
    return list(VatRate.objects.filter(theirs, active=True).prefetch_related("versions"))


def used_rates(connection: Connection) -> set[int]:
    """The rates that stand on a line of the entity."""
    lines = SalesLine.objects.filter(document__entity=connection.entity)
    return set(VatRateVersion.objects.filter(pk__in=lines.values("vat_rate")).values_list("rate", flat=True))


def percentage_of(rate: VatRate) -> Decimal | None:
    """The percentage of the newest version."""
    versions = sorted(rate.versions.all(), key=lambda version: version.valid_from, reverse=True)
    return versions[0].percentage if versions else None
