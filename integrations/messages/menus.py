"""Where something stands in each tool's own menu, as a hint beside the advice.

Menu names change, so all of them stand here. Seen in manuals and help pages in 2025; what nobody confirmed is left
out, and the advice then does without. Source: glossary 2.4; error catalogue.
"""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from .texts import Template

JOURNALS, LEDGER_ACCOUNTS, VAT_CODES = "journals", "ledger-accounts", "vat-codes"
PERIODS, FISCAL_YEARS, RELEASE_JOURNAL = "periods", "fiscal-years", "release-journal"
OPEN_ITEMS, API_KEYS = "open-items", "api-keys"

MENUS: dict[str, dict[str, Template]] = {
    "exact online": {
        JOURNALS: _("Master data > Financial > Journals"),
        LEDGER_ACCOUNTS: _("Master data > Financial > Ledger accounts"),
        VAT_CODES: _("Master data > Financial > VAT codes"),
        FISCAL_YEARS: _("Master data > Financial > Period/date table"),
        OPEN_ITEMS: _("Sales > Outstanding items"),
    },
    "octopus": {
        JOURNALS: _("Management > Journals"),
        LEDGER_ACCOUNTS: _("Management > Accounts"),
        VAT_CODES: _("Management > VAT codes"),
        PERIODS: _("Management > Journals > fiscal year"),
        FISCAL_YEARS: _("Management > Fiscal years"),
        RELEASE_JOURNAL: _("Management > Journals > Release journal"),
    },
    "twinfield": {
        PERIODS: _("Settings > Administration settings > Periods"),
        FISCAL_YEARS: _("Settings > Administration settings > Periods"),
    },
    "yuki": {
        API_KEYS: _("Settings > Integrations > Web services"),
    },
}


def menu_of(tool: str, topic: str) -> str:
    """The place of `topic` in the menu of the tool called `tool`; empty where we do not know it."""
    return str(MENUS.get(tool.lower(), {}).get(topic, ""))
