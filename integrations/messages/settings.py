"""Settings and mapping, found before anything is sent: APP-101 to APP-120."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from . import menus
from .texts import Effect, Fix, Message

MESSAGES: dict[str, Message] = {
    "APP-101": Message(
        effect=Effect.ALONE,
        cause=(
            _("the connection between %(entity)s and %(tool)s is not finished; still to do: %(step)s"),
            _("the connection with %(tool)s is not finished; still to do: %(step)s"),
            _("the connection between %(entity)s and %(tool)s is not finished"),
            _("the connection with %(tool)s is not finished"),
        ),
        advice=(_("Open the connection and complete the set-up."),),
        fix=Fix.SETUP,
    ),
    "APP-102": Message(
        cause=(
            _("VAT rate %(rate)s is not linked to a VAT code of %(tool)s"),
            _("a VAT rate is not linked to a VAT code of %(tool)s"),
        ),
        advice=(_("Link it under VAT codes; the next sync goes on."),),
        fix=Fix.VAT_CODES,
        label=(_("Link VAT rate %(rate)s"), _("Link the VAT rate")),
        cases={
            "missing=on-line": Message(
                cause=(
                    _("a line has VAT of %(rate)s, which is none of the VAT rates here"),
                    _("a line has no VAT rate"),
                ),
                advice=(_("Choose the VAT rate on the lines of the expense; the next sync goes on."),),
                fix=Fix.DOCUMENT,
                label=(_("Choose the VAT rate"),),
            ),
            "country": Message(
                cause=(
                    _("its VAT is of another country (%(country)s), which is not deducted here"),
                    _("its VAT is of another country, which is not deducted here"),
                ),
                headline=(_("VAT of another country"),),
                advice=(_("Choose a rate that is not subject to VAT on its lines: it becomes part of the cost."),),
                fix=Fix.DOCUMENT,
            ),
        },
    ),
    "APP-103": Message(
        cause=(
            _("VAT code %(vat_code)s does not exist in %(tool)s any more, or is blocked there"),
            _("a linked VAT code does not exist in %(tool)s any more, or is blocked there"),
        ),
        advice=(
            _("Choose another code under VAT codes, or restore this one in %(tool)s under %(menu)s."),
            _("Choose another code under VAT codes, or restore this one in %(tool)s."),
        ),
        fix=Fix.VAT_CODES,
        label=(_("Replace VAT code %(vat_code)s"), _("Choose another VAT code")),
        menu=menus.VAT_CODES,
    ),
    "APP-104": Message(
        cause=(_("a line has no ledger account, and no account is set for its VAT rate"),),
        advice=(_("Set an account per VAT rate, or choose one on the lines."),),
        fix=Fix.LEDGER_ACCOUNTS,
        label=(_("Set accounts per VAT rate"),),
    ),
    "APP-105": Message(
        cause=(
            _("ledger account %(account)s was not found in %(tool)s"),
            _("a ledger account was not found in %(tool)s"),
        ),
        advice=(
            _("Choose another on the lines or under Ledger accounts, or create it in %(tool)s under %(menu)s."),
            _("Choose another on the lines or under Ledger accounts, or create it in %(tool)s."),
        ),
        fix=Fix.LEDGER_ACCOUNTS,
        label=(_("Replace account %(account)s"), _("Choose another account")),
        menu=menus.LEDGER_ACCOUNTS,
    ),
    "APP-106": Message(
        cause=(_("there is a discount, but no ledger account for discounts is set"),),
        headline=(_("no ledger account for discounts is set"),),
        advice=(_("Choose the account on the connection; the next sync goes on."),),
        fix=Fix.DISCOUNT_ACCOUNT,
    ),
    "APP-107": Message(
        cause=(_("no journal is chosen for %(kind)s"), _("no journal is chosen for this kind of document")),
        advice=(_("Choose one on the connection; the next sync goes on."),),
        fix=Fix.JOURNALS,
        label=(_("Choose a journal for %(kind)s"), _("Choose a journal")),
        cases={
            "kind=same": Message(
                cause=(_("invoices and credit notes need different journals in %(tool)s"),),
                advice=(_("Choose a journal of its own for each on the connection."),),
                fix=Fix.JOURNALS,
            )
        },
    ),
    "APP-108": Message(
        cause=(
            _("journal %(journal)s of %(tool)s is of another type than needed"),
            _("the journal chosen is of another type than needed"),
        ),
        advice=(_("Choose another journal on the connection."),),
        fix=Fix.JOURNALS,
        cases={
            "found=blocked": Message(
                cause=(_("journal %(journal)s is blocked in %(tool)s"), _("the journal chosen is blocked in %(tool)s")),
                advice=(
                    _("Choose another journal on the connection, or unblock it in %(tool)s under %(menu)s."),
                    _("Choose another journal on the connection, or unblock it in %(tool)s."),
                ),
                fix=Fix.JOURNALS,
                label=(_("Replace journal %(journal)s"), _("Choose another journal")),
                menu=menus.JOURNALS,
            ),
            "needed=sales": Message(
                cause=(
                    _("journal %(journal)s is not a sales journal in %(tool)s"),
                    _("the journal chosen is not a sales journal in %(tool)s"),
                ),
                advice=(
                    _("Choose a sales journal on the connection, or correct its type in %(tool)s under %(menu)s."),
                    _("Choose a sales journal on the connection, or correct its type in %(tool)s."),
                ),
                fix=Fix.JOURNALS,
                label=(_("Replace journal %(journal)s"), _("Choose another journal")),
                menu=menus.JOURNALS,
            ),
            "needed=purchase": Message(
                cause=(
                    _("journal %(journal)s is not a purchase journal in %(tool)s"),
                    _("the journal chosen is not a purchase journal in %(tool)s"),
                ),
                advice=(
                    _("Choose a purchase journal on the connection, or correct its type in %(tool)s under %(menu)s."),
                    _("Choose a purchase journal on the connection, or correct its type in %(tool)s."),
                ),
                fix=Fix.JOURNALS,
                label=(_("Replace journal %(journal)s"), _("Choose another journal")),
                menu=menus.JOURNALS,
            ),
        },
    ),
    "APP-109": Message(
        cause=(
            _("payment term “%(term)s” does not exist in %(tool)s, and no default term is chosen"),
            _("no default payment term is chosen for %(tool)s"),
        ),
        advice=(_("Choose a default payment term on the connection; the next sync goes on."),),
        fix=Fix.PAYMENT_TERM,
    ),
    "APP-110": Message(
        effect=Effect.REMARK,
        cause=(
            _("payment term “%(term)s” does not exist in %(tool)s; the default term is used"),
            _("the payment term does not exist in %(tool)s; the default term is used"),
        ),
        advice=(_("To keep the term, create it in %(tool)s before the next sync."),),
        who="nobody",
    ),
    "APP-111": Message(
        effect=Effect.ALONE,
        cause=(_("%(entity)s already has a connection"), _("this entity already has a connection")),
        advice=(_("Deactivate it first; its links and history stay."),),
    ),
    "APP-112": Message(
        cause=(
            _("%(other)s has number %(reference)s in the same administration as well"),
            _("another entity has the same number in the same administration"),
        ),
        advice=(
            _("Exclude it here and enter it in %(tool)s by hand. Give each entity its own prefix for the next year."),
        ),
        headline=(
            _("number %(reference)s exists in two entities with the same administration"),
            _("two entities with the same administration use the same number"),
        ),
        fix=Fix.FISCAL_YEAR,
    ),
    "APP-113": Message(
        cause=(_("the booking number may contain digits only"),),
        advice=(_("Change the number prefix of the fiscal year to digits."),),
        fix=Fix.FISCAL_YEAR,
    ),
    "APP-114": Message(
        cause=(
            _("it is dated before the start date of the connection (%(start_date)s)"),
            _("it is dated before the start date of the connection"),
        ),
        advice=(_("To include it, choose an earlier start date on the connection."),),
        headline=(_("dated before the start date"),),
        fix=Fix.SETUP,
        label=(_("Change the start date"),),
        who="nobody",
    ),
    "APP-115": Message(
        effect=Effect.ALONE,
        cause=(_("automatic sync needs one successful sync first"),),
        advice=(_("Start a sync and look at its result."),),
        fix=Fix.SETUP,
        label=(_("Open the connection"),),
    ),
    "APP-116": Message(
        effect=Effect.ALONE,
        cause=(
            _("a sync is already running since %(since)s, started by %(by)s"),
            _("a sync is already running since %(since)s"),
            _("a sync is already running"),
        ),
        advice=(_("Wait until it has finished."),),
        who="nobody",
    ),
    "APP-117": Message(
        effect=Effect.ALONE,
        cause=(_("you may not change the settings of this connection"),),
        advice=(_("Ask an administrator."),),
    ),
    "APP-118": Message(
        effect=Effect.ALONE,
        cause=(
            _("no more than %(limit)s entities can be connected"),
            _("no more entities can be connected"),
        ),
        advice=(_("Ask an administrator to raise the number."),),
    ),
    "APP-119": Message(
        cause=(
            _("VAT code %(vat_code)s of %(tool)s includes VAT, but amounts are sent without VAT"),
            _("a linked VAT code of %(tool)s includes VAT, but amounts are sent without VAT"),
        ),
        advice=(_("Choose a code exclusive of VAT under VAT codes."),),
        fix=Fix.VAT_CODES,
        label=(_("Replace VAT code %(vat_code)s"), _("Choose another VAT code")),
    ),
    "APP-120": Message(
        effect=Effect.REMARK,
        cause=(
            _("the VAT on the lines does not fit the VAT type of %(party)s"),
            _("the VAT on the lines does not fit the VAT type of the customer"),
        ),
        advice=(_("Check the VAT type on the customer, and correct wrong VAT with a credit note."),),
        fix=Fix.PARTY,
    ),
}
