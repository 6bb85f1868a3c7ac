"""The steps that fill in settings and links: journals, VAT codes, ledger accounts; suggestions with their reasons."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NoReturn

from django import forms
from django.contrib import messages
from django.db.models import Count
from django.http import HttpResponse, QueryDict
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from config.figures import day as shown_day
from config.figures import number as shown_number
from config.figures import percentage
from invoicing.models import DocumentDiscount, DocumentStatus, PaymentTerm, SalesLine, VatRate

from ... import services
from ...base.provider import Capability
from ...base.records import CatalogueKind, JournalKind
from ...models import Connection, Journal, LinkDirection, ToolLedgerAccount, ToolPaymentTerm, VatCode
from ...registry import get_tool
from ...services import suggesting
from ...services import wizard as saved
from ...services.suggesting import NOTHING, Suggestion
from ..connection_forms import LedgerLinksForm, LinksForm, SettingsForm, VatLinksForm, percentage_of, rates_of
from .frame import Stay, Step, Wizard

_DIRECTIONS = (LinkDirection.SALES, LinkDirection.PURCHASE)


@dataclass(frozen=True, slots=True)
class Field:
    """A field of the form with the reason of what stands in it; `asks`: a person has to choose."""

    field: forms.BoundField
    reason: str = ""
    asks: bool = False


def _field(form: forms.Form, name: str, suggestion: Suggestion, stored: str) -> Field:
    """The reason belongs to the suggestion; what somebody chose before speaks for itself."""
    if stored:
        return Field(form[name], suggestion.reason if stored == suggestion.code else "")
    if suggestion.needs_a_person:
        field: Any = form.fields[name]
        field.widget.attrs["class"] = "bb-select is-missing"
        field.choices = [("", _("Choose one")), *[choice for choice in field.choices if choice[0]]]
    return Field(form[name], suggestion.reason, suggestion.needs_a_person)


def _fetch_again(wizard: Wizard, kinds: Iterable[CatalogueKind]) -> NoReturn:
    """Read lists again; the page comes back with what was chosen on it and not saved yet. IntegrationError."""
    for kind in kinds:
        saved.fetch_list(connection=wizard.connection, kind=kind)
    wizard.reload()
    messages.success(wizard.request, _("The lists are read again."))
    raise Stay


def _standing_there(wizard: Wizard, proposed: Mapping[str, Any]) -> QueryDict | None:
    """What stood on a page that was sent without being saved, its blanks filled with what is proposed."""
    if wizard.request.method != "POST":
        return None
    found = wizard.request.POST.copy()
    if wizard.form is None:
        for name, value in proposed.items():
            if value and not found.get(name):
                found[name] = str(value)
    return found


def fetched_at(wizard: Wizard, kind: CatalogueKind) -> datetime | None:
    """When a list was read last, as the administration says; None when never."""
    administration = wizard.connection.administration
    stored = (administration.refreshed_at or {}).get(kind.value) if administration is not None else None
    return datetime.fromisoformat(stored) if stored else None


# --- start date, journals, default payment term -----------------------------------------------------------------------


class JournalsForm(SettingsForm):
    """The part of the settings that this step asks for, as far as the tool knows them."""

    def __init__(self, connection: Connection, *args: Any, **kwargs: Any) -> None:
        super().__init__(connection, *args, **kwargs)
        self._connection = connection
        capabilities = get_tool(connection.tool).capabilities
        self.needs_two = self.has_journals and Capability.SEPARATE_CREDIT_NOTE_JOURNAL in capabilities
        for name in ("discount_account", "default_ledger_account"):
            del self.fields[name]
        self.fields["start_date"].required = True
        for name in ("invoice", "credit_note", "default_payment_term"):
            if name in self.fields:
                self.fields[name].required = True

    def clean_start_date(self) -> date:
        day = self.cleaned_data["start_date"]
        try:
            services.check_start_date(connection=self._connection, day=day)
        except services.ConnectError as error:
            raise forms.ValidationError(str(error)) from None
        return day

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if self.needs_two:
            for first, second in (("invoice", "credit_note"), ("purchase_invoice", "purchase_credit_note")):
                if data.get(first) and data.get(first) == data.get(second):
                    self.add_error(second, _("Choose another journal than for invoices."))
        return data


class Journals(Step):
    key = "journals"
    title = gettext_lazy("Start date and journals")
    template = "admin/integrations/wizard/journals.html"

    def is_done(self, wizard: Wizard) -> bool:
        if self.key not in wizard.progress.steps:
            return False
        missing = services.missing_settings(connection=wizard.connection)
        return not {"start-date", "journals", "payment-term", "administration"} & set(missing)

    def context(self, wizard: Wizard) -> dict[str, Any]:
        connection = wizard.connection
        suggestions = _setting_suggestions(connection)
        stored = {
            "invoice": connection.invoice_journal,
            "credit_note": connection.credit_note_journal,
            "purchase_invoice": connection.purchase_journal,
            "purchase_credit_note": connection.purchase_credit_note_journal,
            "default_payment_term": connection.default_payment_term,
        }
        chosen = {name: row.code for name, row in stored.items() if row is not None}
        proposed = {name: suggestion.code for name, suggestion in suggestions.items()} | chosen
        start = connection.start_date or _proposed_start(wizard)
        initial: dict[str, Any] = {**proposed, "start_date": start}
        if (there := _standing_there(wizard, initial)) is not None:
            initial = there.dict()
        form = wizard.form or JournalsForm(connection, initial=initial)
        names = [name for name in (*JournalsForm.JOURNALS, "default_payment_term") if name in form.fields]
        return {
            "form": form,
            "start_field": form["start_date"],
            "fields": [_field(form, name, suggestions.get(name, NOTHING), chosen.get(name, "")) for name in names],
            "starts": _start_counts(connection),
            "hidden": _hidden_journals(connection) if form.has_journals else [],
            "fetched_at": fetched_at(wizard, CatalogueKind.JOURNALS),
        }

    def save(self, wizard: Wizard, mark: str) -> None:
        form = wizard.form = JournalsForm(wizard.connection, wizard.request.POST)
        if not form.is_valid():
            raise Stay
        services.save_settings(connection=wizard.connection, user=wizard.user, **form.values())
        saved.save_step(connection=wizard.connection, step=self.key, user=wizard.user, mark=mark)

    def after_save(self, wizard: Wizard) -> None:
        start = wizard.form.cleaned_data["start_date"]
        if start > timezone.localdate():
            words = _("The start date lies ahead: documents dated before %(day)s are never sent.")
            messages.warning(wizard.request, words % {"day": shown_day(start)})

    def other(self, wizard: Wizard, go: str) -> HttpResponse | None:
        if go == "again":
            _fetch_again(wizard, [k for k in saved.lists_of(wizard.connection) if k in _OF_JOURNALS])
        return None


_OF_JOURNALS = (CatalogueKind.JOURNALS, CatalogueKind.PAYMENT_TERMS, CatalogueKind.FISCAL_PERIODS)


def _setting_suggestions(connection: Connection) -> dict[str, Suggestion]:
    found = suggesting.suggest_journals(Journal.objects.filter(administration=connection.administration))
    standard = PaymentTerm.objects.filter(is_default=True, active=True).first()
    own = connection.entity.default_payment_term or standard
    offered = ToolPaymentTerm.objects.filter(administration=connection.administration)
    found["default_payment_term"] = suggesting.suggest_payment_term(own, offered)
    return found


def _proposed_start(wizard: Wizard) -> date:
    """Where there are no invoices yet, or both sides hold some: today; else the first day of the year."""
    today = timezone.localdate()
    return today.replace(month=1, day=1) if wizard.progress.facts.get("situation") == "tool-empty" else today


def _start_counts(connection: Connection) -> list[dict[str, Any]]:
    """How many booked documents each usual start date would bring into scope."""
    today = timezone.localdate()
    quarter = today.replace(month=today.month - (today.month - 1) % 3, day=1)
    days = sorted({today.replace(month=1, day=1), quarter, today.replace(day=1), today})
    return [{"day": day, "count": saved.documents_since(connection, day)} for day in days]


def _hidden_journals(connection: Connection) -> list[dict[str, str]]:
    """Journals that are not offered anywhere, by the reason why."""
    offered = (JournalKind.SALES.value, JournalKind.PURCHASE.value)
    inactive, other = [], []
    for journal in Journal.objects.filter(administration=connection.administration).order_by("code"):
        if journal.kind not in offered:
            other.append(str(journal))
        elif not journal.active:
            inactive.append(str(journal))
    found = []
    if inactive:
        found.append({"names": ", ".join(inactive), "why": _("blocked or closed there")})
    if other:
        found.append({"names": ", ".join(other), "why": _("of another type: no journal for sales or purchases")})
    return found


# --- links per VAT rate --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Row:
    """One VAT rate of ours, with a field per direction; without fields for one that nothing uses."""

    words: str
    about: str
    fields: list[Field]
    is_open: bool


def _about(rate: VatRate) -> str:
    if rate.category == "S":
        return rate.name
    return _("%(code)s, category %(letter)s") % {"code": rate.code, "letter": rate.category}


def _shown(wizard: Wizard, form_class: type[LinksForm]) -> tuple[list[VatRate], list[VatRate]]:
    """The rates with fields, and those that stand as text because no document uses them."""
    everything = rates_of(wizard.connection)
    if wizard.request.GET.get("all"):
        return everything, []
    bare = form_class(wizard.connection, rates=())
    linked = {rate for _direction, rate in bare.present()}
    shown = [rate for rate in everything if rate.pk in bare.used or rate.pk in linked]
    # A new company has used none yet: then all are asked for.
    return (shown, [rate for rate in everything if rate not in shown]) if shown else (everything, [])


class LinksStep(Step):
    """A table with our VAT rates, and for each what belongs to it in the tool."""

    form_class: type[LinksForm]

    def suggestions(self, wizard: Wizard, rates: Iterable[VatRate]) -> dict[str, Suggestion]:
        """By field name."""
        raise NotImplementedError

    def form(self, wizard: Wizard, rates: list[VatRate], suggestions: Mapping[str, Suggestion]) -> LinksForm:
        proposed = {name: suggestion.code for name, suggestion in suggestions.items() if suggestion.code}
        there = _standing_there(wizard, proposed)
        return self.form_class(wizard.connection, there, rates=rates, proposed=proposed)

    def table(self, wizard: Wizard) -> dict[str, Any]:
        shown, unused = _shown(wizard, self.form_class)
        suggestions = self.suggestions(wizard, shown)
        form = wizard.form or self.form(wizard, shown, suggestions)
        stored = {f"{direction}-{rate}": row.code for (direction, rate), row in form.present().items()}
        rows = []
        for row in form.rows():
            names = [f"{direction}-{row.rate.pk}" for direction in form.directions]
            fields = [_field(form, name, suggestions.get(name, NOTHING), stored.get(name, "")) for name in names]
            rows.append(Row(_rate_words(row.rate), _about(row.rate), fields, True))
        rows += [Row(_rate_words(rate), _about(rate), [], False) for rate in unused]
        open_names = {name for name in suggestions if not stored.get(name)}
        return {
            "form": form,
            "rows": rows,
            "suggested": sum(bool(suggestions[name].code) for name in open_names),
            "asked": sum(suggestions[name].needs_a_person for name in open_names),
            "is_saved": self.key in wizard.progress.steps,
        }


def _rate_words(rate: VatRate) -> str:
    figure = percentage_of(rate)
    return percentage(figure) if rate.category == "S" and figure is not None else rate.name or rate.code


class VatCodes(LinksStep):
    key = "vat-codes"
    title = gettext_lazy("VAT codes")
    template = "admin/integrations/wizard/vat_codes.html"
    form_class = VatLinksForm

    def is_done(self, wizard: Wizard) -> bool:
        return super().is_done(wizard) and wizard.connection.vat_links.exists()

    def suggestions(self, wizard: Wizard, rates: Iterable[VatRate]) -> dict[str, Suggestion]:
        codes = list(VatCode.objects.filter(administration=wizard.connection.administration).order_by("code"))
        return {
            f"{direction}-{rate.pk}": suggesting.suggest_vat_code(rate, percentage_of(rate), direction, codes)
            for rate in rates
            for direction in _DIRECTIONS
        }

    def context(self, wizard: Wizard) -> dict[str, Any]:
        return {
            **self.table(wizard),
            "hidden": _hidden_codes(wizard.connection),
            "fetched_at": fetched_at(wizard, CatalogueKind.VAT_CODES),
        }

    def save(self, wizard: Wizard, mark: str) -> None:
        form = wizard.form = self.form(wizard, _shown(wizard, self.form_class)[0], {})
        if not form.is_valid():
            raise Stay
        if not any(form.links(LinkDirection.SALES).values()):
            form.add_error(None, _("Link at least one rate for sales; without it nothing can be sent."))
            raise Stay
        for direction in form.directions:
            services.link_vat(
                connection=wizard.connection, direction=direction, links=form.links(direction), user=wizard.user
            )
        saved.save_step(connection=wizard.connection, step=self.key, user=wizard.user, mark=mark)

    def other(self, wizard: Wizard, go: str) -> HttpResponse | None:
        if go == "again":
            _fetch_again(wizard, [CatalogueKind.VAT_CODES])
        return None


def _hidden_codes(connection: Connection) -> list[dict[str, str]]:
    """VAT codes that are not offered, by the reason why (S-087)."""
    groups: dict[str, list[str]] = {}
    for code in VatCode.objects.filter(administration=connection.administration).order_by("code"):
        if reason := suggesting.hidden_because(code, connection.entity.country):
            groups.setdefault(reason, []).append(code.code)
    words = {
        "inclusive": _("inclusive: amounts go out without VAT"),
        "inactive": _("not active in %(tool)s") % {"tool": get_tool(connection.tool).label},
        "foreign": _("of another country, offered for that country's rate only"),
    }
    return [
        {"names": ", ".join(groups[reason]), "why": text, "count": str(len(groups[reason]))}
        for reason, text in words.items()
        if reason in groups
    ]


class AccountsForm(forms.Form):
    """Beside the links: the accounts for discounts and for whatever names none, and the lines to fill."""

    def __init__(self, connection: Connection, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        whole = SettingsForm(connection)
        for name in ("discount_account", "default_ledger_account"):
            self.fields[name] = whole.fields[name]
        self.fields["fill_lines"] = forms.BooleanField(required=False)


class Accounts(LinksStep):
    key = "ledger-accounts"
    title = gettext_lazy("Ledger accounts")
    template = "admin/integrations/wizard/accounts.html"
    form_class = LedgerLinksForm

    def suggestions(self, wizard: Wizard, rates: Iterable[VatRate]) -> dict[str, Suggestion]:
        accounts = _accounts(wizard.connection)
        used = _accounts_in_use(wizard.connection)
        return {
            f"{direction}-{rate.pk}": suggesting.suggest_account(
                rate,
                percentage_of(rate),
                direction,
                accounts,
                used.get(rate.pk, {}) if direction == LinkDirection.SALES else {},
            )
            for rate in rates
            for direction in _DIRECTIONS
        }

    def context(self, wizard: Wizard) -> dict[str, Any]:
        connection = wizard.connection
        accounts, in_use = _accounts(connection), _accounts_in_use(connection)
        overall: dict[str, int] = {}
        for counts in in_use.values():
            for code, number in counts.items():
                overall[code] = overall.get(code, 0) + number
        suggestions = {
            "discount_account": suggesting.suggest_discount_account(accounts),
            "default_ledger_account": suggesting.suggest_default_account(accounts, overall),
        }
        stored = {
            name: row.code
            for name, row in (
                ("discount_account", connection.discount_account),
                ("default_ledger_account", connection.default_ledger_account),
            )
            if row is not None
        }
        proposed = {name: suggestion.code for name, suggestion in suggestions.items()} | stored
        extra = AccountsForm(connection, _standing_there(wizard, proposed), initial=proposed)
        blank = saved.lines_without_account(connection)
        rates = {rate.pk: _rate_words(rate) for rate in rates_of(connection)}
        return {
            **self.table(wizard),
            "extra": [_field(extra, name, suggestions[name], stored.get(name, "")) for name in suggestions],
            "fill": extra["fill_lines"],
            "has_discounts": _has_discounts(connection),
            "blank_count": sum(blank.values()),
            "blank": [{"words": rates.get(rate, "–"), "count": n} for rate, n in sorted(blank.items())],
            "fetched_at": fetched_at(wizard, CatalogueKind.LEDGER_ACCOUNTS),
        }

    def save(self, wizard: Wizard, mark: str) -> None:
        connection = wizard.connection
        form = wizard.form = self.form(wizard, _shown(wizard, self.form_class)[0], {})
        extra = AccountsForm(connection, wizard.request.POST)
        if not form.is_valid() or not extra.is_valid():
            raise Stay
        discount = extra.cleaned_data["discount_account"] or None
        if discount is None and _has_discounts(connection):
            form.add_error(
                None, _("Documents in scope have a discount on the whole: choose the account for discounts.")
            )
            raise Stay
        default = extra.cleaned_data["default_ledger_account"] or None
        if default is None and not self._goes_on_knowingly(wizard, form):
            raise Stay
        services.save_settings(
            connection=connection,
            user=wizard.user,
            discount_account=discount,
            default_ledger_account=default,
        )
        for direction in form.directions:
            services.link_ledger(
                connection=connection, direction=direction, links=form.links(direction), user=wizard.user
            )
        saved.save_step(connection=connection, step=self.key, user=wizard.user, mark=mark)

    def _goes_on_knowingly(self, wizard: Wizard, form: LinksForm) -> bool:
        """Whether no document is left without an account, or a person said that these may wait.

        The number that was shown is agreed to, not whatever it has become since.
        """
        linked = [rate for rate, code in form.links(LinkDirection.SALES).items() if code]
        without = saved.documents_without_account(wizard.connection, linked)
        if not without or wizard.request.POST.get("without_account") == str(sum(without.values())):
            return True
        wizard.asks = {"number": sum(without.values()), "rows": _without_words(wizard.connection, without)}
        return False

    def after_save(self, wizard: Wizard) -> None:
        """Fill lines in their own batches: thousands of documents are not kept locked for one page."""
        if "fill_lines" in wizard.request.POST:
            filled = saved.fill_lines(connection=wizard.connection, user=wizard.user)
            words = ngettext("%(n)d line got its ledger account.", "%(n)d lines got their ledger account.", filled)
            messages.success(wizard.request, words % {"n": filled})

    def other(self, wizard: Wizard, go: str) -> HttpResponse | None:
        if go == "again":
            _fetch_again(wizard, [CatalogueKind.LEDGER_ACCOUNTS])
        return None


def _without_words(connection: Connection, without: Mapping[int, int]) -> list[str]:
    """A sentence per VAT rate, the rate with most documents first."""
    rates = {rate.pk: rate for rate in rates_of(connection)}
    found = []
    for pk, number in sorted(without.items(), key=lambda row: -row[1]):
        words = ngettext(
            "%(number)s document at %(rate)s has no account.",
            "%(number)s documents at %(rate)s have no account.",
            number,
        )
        found.append(words % {"number": shown_number(number), "rate": _rate_words(rates[pk]) if pk in rates else "–"})
    return found


def _accounts(connection: Connection) -> list[ToolLedgerAccount]:
    return list(ToolLedgerAccount.objects.filter(administration=connection.administration).order_by("code"))


def _accounts_in_use(connection: Connection) -> dict[int, dict[str, int]]:
    """How many of our lines with a VAT rate have which account, by rate id and account code."""
    rows = (
        SalesLine.objects.filter(document__entity=connection.entity_id, ledger_account__isnull=False)
        .order_by()
        .values_list("vat_rate__rate_id", "ledger_account__code")
        .annotate(n=Count("pk"))
    )
    found: dict[int, dict[str, int]] = {}
    for rate, code, number in rows:
        found.setdefault(rate, {})[code] = number
    return found


def _has_discounts(connection: Connection) -> bool:
    return DocumentDiscount.objects.filter(
        document__entity=connection.entity_id,
        document__status=DocumentStatus.BOOKED,
        document__date__gte=connection.start_date,
    ).exists()
