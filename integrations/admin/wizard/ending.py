"""The last steps: customers of the tool, nights and notices, and the check before the connection is switched on."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import islice
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from config.figures import day, month
from crm.models import Party
from invoicing.models import FiscalYear

from ... import services
from ...base.errors import IntegrationError
from ...base.provider import Capability
from ...messages import problem_text
from ...models import Connection, FiscalPeriod, NotificationPreference
from ...registry import get_tool
from ...services import wizard as saved
from .filling import Accounts, Journals, VatCodes
from .frame import Step, Wizard
from .starting import proposed_situation, situation_words

# So many documents in scope are worked out while a person waits; the preview shows them all.
CHECKED_DOCUMENTS = 1_000


class Import(Step):
    key = "customers"
    title = gettext_lazy("Import of customers")
    template = "admin/integrations/wizard/customers.html"

    def context(self, wizard: Wizard) -> dict[str, Any]:
        facts = wizard.progress.facts
        words = situation_words(wizard.tool)
        ours = _parties()
        now = proposed_situation(ours, facts.get("relations"))
        chosen = facts.get("situation", "")
        return {
            "parties": ours,
            "relations": facts.get("relations"),
            "more_relations": facts.get("more_relations"),
            "situation": words[now]["title"] if now else "",
            "differs": now and chosen and now != chosen,
            "situation_url": wizard.url("situation"),
            "advice": words[now or chosen]["list"] if now or chosen else [],
            # Whoever has customers on one side only wants them on both; with both filled a person should think first.
            "wanted": facts.get("import_relations", (now or chosen) == "app-empty"),
            "tag": f"{wizard.tool} Import",
        }

    def save(self, wizard: Wizard, mark: str) -> None:
        wanted = wizard.request.POST.get("customers") == "all"
        saved.save_step(
            connection=wizard.connection, step=self.key, user=wizard.user, mark=mark, import_relations=wanted
        )


def _parties() -> int:
    return Party.objects.filter(deleted_at=None).order_by()[:10_000].count()


class Automatic(Step):
    key = "automatic"
    title = gettext_lazy("Automatic sync")
    template = "admin/integrations/wizard/automatic.html"

    def context(self, wizard: Wizard) -> dict[str, Any]:
        facts = wizard.progress.facts
        wish = NotificationPreference.objects.filter(user=wizard.user, connection=wizard.connection).first()
        return {
            "automatic": facts.get("automatic", True),
            "wish": wish or NotificationPreference(on_payment=False, by_email=True),
            "address": getattr(wizard.user, "email", ""),
        }

    def save(self, wizard: Wizard, mark: str) -> None:
        posted = wizard.request.POST
        services.save_preference(
            user=wizard.user,
            connection=wizard.connection,
            on_payment="on_payment" in posted,
            by_email="by_email" in posted,
        )
        saved.save_step(
            connection=wizard.connection, step=self.key, user=wizard.user, mark=mark, automatic="automatic" in posted
        )


class Check(Step):
    key = "check"
    title = gettext_lazy("Check and finish")
    template = "admin/integrations/wizard/check.html"

    def context(self, wizard: Wizard) -> dict[str, Any]:
        connection = wizard.connection
        standing = wizard.progress.facts.get("standing")
        if standing and standing["since"] != (connection.start_date or date.min).isoformat():
            standing = None
        return {
            **_worked_out(wizard),
            "years": _year_remarks(connection),
            "knows_periods": _knows_periods(connection),
            "standing": {**standing, "at": datetime.fromisoformat(standing["at"])} if standing else None,
            "overview": _overview(wizard),
            "missing": services.missing_settings(connection=connection),
        }

    def save(self, wizard: Wizard, mark: str) -> None:
        connection = services.finish_setup(connection=wizard.connection, user=wizard.user)
        saved.save_step(connection=connection, step=self.key, user=wizard.user, mark=mark)

    def after_save(self, wizard: Wizard) -> None:
        names = {"entity": wizard.connection.entity, "tool": wizard.tool}
        if wizard.progress.facts.get("import_relations") and _import(wizard):
            words = _("%(entity)s is connected. The relations of %(tool)s are imported first; syncs start after that.")
        else:
            words = _("%(entity)s is connected. Look at Preview, then start the first sync.")
        messages.success(wizard.request, words % names)

    def choices(self, wizard: Wizard) -> dict[str, Any]:
        return {}

    def other(self, wizard: Wizard, go: str) -> HttpResponse | None:
        if go == "look":
            try:
                saved.look_into_books(connection=wizard.connection)
            except (services.ConnectError, IntegrationError) as error:
                wizard.say(error)
        return None


def _import(wizard: Wizard) -> bool:
    """Start the import that was asked for; False when one began already, by a second click."""
    if services.last_import(wizard.connection) is not None:
        return False
    try:
        services.start_import(connection=wizard.connection, user=wizard.user)
    except (services.AlreadyRunning, services.NotReady):
        return False
    return True


def _worked_out(wizard: Wizard) -> dict[str, Any]:
    """What the first sync would do, worked out from what is known here; nothing is sent."""
    causes: dict[tuple[str, str], dict[str, Any]] = {}
    ready = 0
    sums: dict[bool, dict[str, Decimal]] = {False: {}, True: {}}  # of sales, of purchases
    lines = services.preview(connection=wizard.connection)
    checked = list(islice(lines, CHECKED_DOCUMENTS + 1))
    for line in checked[:CHECKED_DOCUMENTS]:
        if line.problem is not None:
            cause = causes.setdefault(line.problem.cause, {"problem": line.problem, "count": 0, "first": line.number})
            cause["count"] += 1
        elif line.booking is not None:
            ready += 1
            sign = -1 if line.booking.kind.is_credit_note else 1
            of_side, currency = sums[line.is_purchase], line.booking.currency
            of_side[currency] = of_side.get(currency, Decimal(0)) + sign * line.booking.total
    held = [
        {"words": problem_text(cause["problem"].code, cause["problem"].params, wizard.tool), **cause}
        for cause in sorted(causes.values(), key=lambda cause: -cause["count"])
    ]
    return {
        "ready": ready,
        "sums": sorted(sums[False].items()),
        "expense_sums": sorted(sums[True].items()),
        "held": held,
        "held_count": sum(cause["count"] for cause in held),
        "cut": len(checked) > CHECKED_DOCUMENTS,
        "bound": CHECKED_DOCUMENTS,
    }


def _year_remarks(connection: Connection) -> list[str]:
    """What is wrong with the periods from the start date to today, on either side; empty when nothing is."""
    start, today = connection.start_date, timezone.localdate()
    if start is None:
        return []
    remarks = []
    periods = list(FiscalPeriod.objects.filter(administration=connection.administration, active=True))
    if not _knows_periods(connection):
        pass  # said beside them
    elif not periods:
        remarks.append(_("No financial year of the administration is known; the accountant has to open one."))
    else:
        for when, words in (
            (start, _("The start date lies in no financial year of the administration.")),
            (today, _("Today lies in no financial year of the administration; the accountant has to open one.")),
        ):
            if not any(period.start <= when <= period.end for period in periods):
                remarks.append(words)
        closed = [p for p in periods if p.end >= start and p.start <= today and _is_closed(p, connection)]
        if closed:
            names = ", ".join(period_name(p) for p in sorted(closed, key=lambda p: p.start)[:6])
            remarks.append(
                _("Closed for your journals since the start date: %(periods)s. Documents dated there are blocked.")
                % {"periods": names}
            )
    if not FiscalYear.objects.filter(entity=connection.entity_id, start__lte=today, end__gte=today).exists():
        remarks.append(
            _("%(entity)s has no fiscal year for today, so nothing can be booked here.") % {"entity": connection.entity}
        )
    return remarks


def period_name(period: FiscalPeriod) -> str:
    """A period by its name: the month where it is exactly one, else year and number."""
    whole = period.start.day == 1 and (period.end + timedelta(days=1)).day == 1
    is_month = whole and (period.start.year, period.start.month) == (period.end.year, period.end.month)
    return month(period.start) if is_month else f"{period.year} / {period.period:02d}"


def _knows_periods(connection: Connection) -> bool:
    return Capability.PERIODS in get_tool(connection.tool).capabilities


def _is_closed(period: FiscalPeriod, connection: Connection) -> bool:
    chosen = (
        connection.invoice_journal,
        connection.credit_note_journal,
        connection.purchase_journal,
        connection.purchase_credit_note_journal,
    )
    journals = {journal.code for journal in chosen if journal is not None}
    return period.closed or bool(journals & set(period.closed_journals))


def _overview(wizard: Wizard) -> list[dict[str, Any]]:
    """What was chosen, each with the step in which it is changed."""
    connection = wizard.connection
    journals = [
        str(journal)
        for journal in (
            connection.invoice_journal,
            connection.credit_note_journal,
            connection.purchase_journal,
            connection.purchase_credit_note_journal,
        )
        if journal is not None
    ]
    vat, ledger = connection.vat_links.count(), connection.ledger_links.count()
    night = _("every night after the first successful sync") if wizard.progress.facts.get("automatic") else _("by hand")
    wanted = wizard.progress.facts.get("import_relations")
    everyone = _("all relations of %(tool)s") % {"tool": wizard.tool} if wanted else _("only those of documents")
    capabilities = get_tool(connection.tool).capabilities
    journal_rows: list[tuple[str, Any, str]] = []
    if Capability.JOURNALS in capabilities:
        journal_rows.append((_("Journals"), ", ".join(journals), Journals.key))
    if Capability.PAYMENT_TERMS in capabilities:
        journal_rows.append((_("Default payment term"), connection.default_payment_term, Journals.key))
    rows: list[tuple[str, Any, str]] = [
        (_("Administration"), connection.administration, "administration"),
        (_("Start date"), day(connection.start_date), Journals.key),
        *journal_rows,
        (_("VAT codes linked"), vat, VatCodes.key),
        (_("Ledger accounts linked"), ledger, Accounts.key),
        (_("Account for discounts"), connection.discount_account, Accounts.key),
        (_("Default ledger account"), connection.default_ledger_account, Accounts.key),
        (_("Import of customers"), everyone, Import.key),
        (_("Sync"), night, Automatic.key),
    ]
    return [{"words": words, "value": value, "url": wizard.url(key)} for words, value, key in rows]
