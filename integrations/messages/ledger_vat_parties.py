"""Ledger accounts, VAT and parties as a tool refuses them: LED, VAT, PAR and MND."""

from __future__ import annotations

from dataclasses import replace

from django.utils.translation import gettext_lazy as _

from . import menus
from .parties_documents import INVALID_VAT_NUMBER
from .texts import Effect, Fix, Message

_REPLACE_ACCOUNT = (_("Replace account %(account)s"), _("Choose another account"))

MESSAGES: dict[str, Message] = {
    "LED-601": Message(
        cause=(
            _("ledger account %(account)s was not found in %(tool)s"),
            _("a ledger account was not found in %(tool)s"),
        ),
        advice=(
            _("Choose another on the lines or under Ledger accounts, or create it in %(tool)s under %(menu)s."),
            _("Choose another on the lines or under Ledger accounts, or create it in %(tool)s."),
        ),
        fix=Fix.LEDGER_ACCOUNTS,
        label=_REPLACE_ACCOUNT,
        menu=menus.LEDGER_ACCOUNTS,
    ),
    "LED-602": Message(
        cause=(
            _("ledger account %(account)s has a type in %(tool)s that may not be used on invoice lines"),
            _("a ledger account has a type in %(tool)s that may not be used on invoice lines"),
        ),
        advice=(
            _("Choose another on the lines or under Ledger accounts, or correct its type in %(tool)s under %(menu)s."),
            _("Choose another on the lines or under Ledger accounts, or correct its type in %(tool)s."),
        ),
        ask=(_("Could you correct the type of the account in %(tool)s, or tell us which account to use?"),),
        fix=Fix.LEDGER_ACCOUNTS,
        label=_REPLACE_ACCOUNT,
        for_accountant=True,
        menu=menus.LEDGER_ACCOUNTS,
    ),
    "LED-603": Message(
        cause=(
            _("ledger account %(account)s is blocked in %(tool)s"),
            _("a ledger account is blocked in %(tool)s"),
        ),
        advice=(
            _("Choose another on the lines or under Ledger accounts, or unblock it in %(tool)s under %(menu)s."),
            _("Choose another on the lines or under Ledger accounts, or unblock it in %(tool)s."),
        ),
        ask=(_("Could you unblock the account in %(tool)s, or tell us which account to use?"),),
        fix=Fix.LEDGER_ACCOUNTS,
        label=_REPLACE_ACCOUNT,
        for_accountant=True,
        menu=menus.LEDGER_ACCOUNTS,
    ),
    "LED-604": Message(
        cause=(_("%(tool)s found no ledger account on a line"),),
        advice=(_("Set an account for every VAT rate, or choose one on the lines."),),
        fix=Fix.LEDGER_ACCOUNTS,
        label=(_("Set accounts per VAT rate"),),
    ),
    "LED-605": Message(
        cause=(_("a line has no ledger account that %(tool)s knows"),),
        advice=(_("Choose an account on the line; the next sync goes on."),),
        fix=Fix.DOCUMENT,
    ),
    "LED-606": Message(
        cause=(
            _("account or cost centre %(account)s does not exist in %(tool)s"),
            _("an account or cost centre does not exist in %(tool)s"),
        ),
        advice=(_("Choose another on the lines or under Ledger accounts, or create it in %(tool)s."),),
        fix=Fix.LEDGER_ACCOUNTS,
        label=_REPLACE_ACCOUNT,
    ),
    "LED-607": Message(
        cause=(
            _("ledger account %(account)s needs a cost centre in %(tool)s"),
            _("a ledger account needs a cost centre in %(tool)s"),
        ),
        advice=(
            _("Choose another under Ledger accounts, or make the cost centre optional in %(tool)s under %(menu)s."),
            _("Choose another under Ledger accounts, or make the cost centre optional in %(tool)s."),
        ),
        ask=(_("Could you make the cost centre optional in %(tool)s, or tell us which account to use?"),),
        fix=Fix.LEDGER_ACCOUNTS,
        label=_REPLACE_ACCOUNT,
        for_accountant=True,
        menu=menus.LEDGER_ACCOUNTS,
    ),
    "VAT-620": Message(
        cause=(
            _("%(tool)s does not accept VAT code %(vat_code)s for the customer"),
            _("%(tool)s does not accept a VAT code for the customer"),
        ),
        headline=(
            _("%(tool)s does not accept VAT code %(vat_code)s"),
            _("%(tool)s does not accept a VAT code"),
        ),
        advice=(_("Check the country of the customer, and the code linked to the VAT rate under VAT codes."),),
        fix=Fix.VAT_CODES,
    ),
    "VAT-621": Message(
        cause=(_("%(tool)s did not accept the VAT total"),),
        advice=(
            _("Check under VAT codes that the codes are exclusive of VAT. If so, tell whoever runs this program."),
        ),
        fix=Fix.VAT_CODES,
    ),
    "VAT-622": Message(
        cause=(
            _("VAT code %(vat_code)s is missing or not active in %(tool)s"),
            _("a VAT code is missing or not active in %(tool)s"),
        ),
        advice=(_("Activate it in %(tool)s, or choose another code under VAT codes."),),
        fix=Fix.VAT_CODES,
        label=(_("Replace VAT code %(vat_code)s"), _("Choose another VAT code")),
    ),
    "VAT-623": Message(
        cause=(
            _("debit and credit differ by %(difference)s in %(tool)s"),
            _("debit and credit are not equal in %(tool)s"),
        ),
        advice=(_("Check that every VAT code linked is active in %(tool)s. If so, tell whoever runs this program."),),
        fix=Fix.VAT_CODES,
    ),
    "VAT-624": Message(
        cause=(
            _("VAT code %(vat_code)s posts to an unsuitable account in %(tool)s"),
            _("a VAT code may not be used in %(tool)s, or posts to an unsuitable account there"),
        ),
        advice=(
            _("Let your accountant check the code in %(tool)s under %(menu)s, or choose another one under VAT codes."),
            _("Let your accountant check the code in %(tool)s, or choose another one under VAT codes."),
        ),
        ask=(_("Could you check the VAT code in %(tool)s, or tell us which code to use?"),),
        fix=Fix.VAT_CODES,
        for_accountant=True,
        who="accountant",
        menu=menus.VAT_CODES,
    ),
    "VAT-625": Message(
        effect=Effect.REMARK,
        cause=(
            _("the VAT type of %(party)s does not exist in %(tool)s; the customer is sent as VAT liable"),
            _("the VAT type of the customer does not exist in %(tool)s; the customer is sent as VAT liable"),
        ),
        who="nobody",
    ),
    "VAT-626": Message(
        cause=(
            _("journal %(journal)s of %(tool)s works with amounts including VAT"),
            _("the journal chosen works with amounts including VAT in %(tool)s"),
        ),
        advice=(_("Choose a journal with amounts exclusive of VAT on the connection."),),
        fix=Fix.JOURNALS,
    ),
    "PAR-640": Message(
        cause=(
            _("%(party)s is not a customer in %(tool)s"),
            _("the relation is not a customer in %(tool)s"),
        ),
        advice=(_("Set the status of the relation to customer in %(tool)s, then retry."),),
        ask=(_("Could you set the status of the relation to customer in %(tool)s?"),),
        fix=Fix.IN_TOOL,
        for_accountant=True,
        who="accountant",
        cases={
            "blocked=yes": Message(
                cause=(
                    _("relation %(relation)s, which fits %(party)s, is blocked in %(tool)s"),
                    _("the relation that fits %(party)s is blocked in %(tool)s"),
                    _("the relation that fits the customer is blocked in %(tool)s"),
                ),
                advice=(_("Unblock the relation in %(tool)s, or choose another one on the customer."),),
                ask=(_("Could you unblock the relation in %(tool)s, or tell us which one to use?"),),
                fix=Fix.IN_TOOL,
                for_accountant=True,
                who="accountant",
            )
        },
    ),
    "PAR-641": Message(
        cause=(
            _("%(party)s no longer exists in %(tool)s"),
            _("the customer no longer exists in %(tool)s"),
        ),
        advice=(_("Retry: the relation is looked for again, and created when it is not there."),),
        fix=Fix.DOCUMENT,
    ),
    # The tool's own check of the number; ours found nothing wrong with it.
    "PAR-642": replace(
        INVALID_VAT_NUMBER,
        cause=(
            _("%(tool)s does not accept VAT number %(vat_number)s of %(party)s"),
            _("%(tool)s does not accept the VAT number of %(party)s"),
            _("%(tool)s does not accept the VAT number of the customer"),
        ),
        advice=(_("Check the number and the country on the customer; the next sync goes on."),),
    ),
    "PAR-643": Message(
        cause=(_("%(tool)s has no payment condition to use"),),
        headline=(_("a payment condition is missing in %(tool)s"),),
        advice=(_("Choose a default payment term on the connection, or set one in %(tool)s."),),
        fix=Fix.PAYMENT_TERM,
    ),
    "PAR-644": Message(
        cause=(
            _("customer number %(code)s does not fit the pattern of %(tool)s (%(pattern)s)"),
            _("the customer number does not fit the pattern of %(tool)s"),
        ),
        advice=(_("Let %(tool)s give the numbers, or change the pattern there."),),
        ask=(_("Could you change the pattern of customer numbers in %(tool)s?"),),
        fix=Fix.IN_TOOL,
        for_accountant=True,
        who="accountant",
    ),
    "PAR-645": Message(
        cause=(
            _("the number of %(party)s belongs to another relation in %(tool)s"),
            _("the customer's number belongs to another relation in %(tool)s"),
        ),
        advice=(_("Choose the right relation on the customer; the choice is kept."),),
        fix=Fix.PARTY,
        label=(_("Choose the relation"),),
    ),
    "PAR-646": Message(
        cause=(
            _("the account holder's name of %(party)s is too long for %(tool)s"),
            _("the account holder's name is too long for %(tool)s"),
        ),
        advice=(_("Shorten the name on the customer; the next sync goes on."),),
        fix=Fix.PARTY,
    ),
    "PAR-647": Message(
        cause=(
            _("%(tool)s asks for an e-mail address of %(party)s"),
            _("%(tool)s asks for an e-mail address of the customer"),
        ),
        advice=(_("Fill it in on the customer; the next sync goes on."),),
        fix=Fix.PARTY,
        label=(_("Fill in the e-mail address"),),
    ),
    "PAR-648": Message(
        cause=(_("the receivables account for new customers is wrong in %(tool)s"),),
        advice=(_("Let your accountant correct it in %(tool)s, then retry."),),
        ask=(_("Could you correct the account in %(tool)s?"),),
        fix=Fix.IN_TOOL,
        for_accountant=True,
        who="accountant",
    ),
    "PAR-649": Message(
        cause=(
            _("%(party)s exists in %(tool)s but is not linked"),
            _("the customer exists in %(tool)s but is not linked"),
        ),
        advice=(_("Choose the relation on the customer; the choice is kept."),),
        fix=Fix.PARTY,
        label=(_("Choose the relation"),),
    ),
    "PAR-650": Message(
        cause=(
            _("%(tool)s took %(party)s for another contact"),
            _("%(tool)s took the customer for another contact"),
        ),
        advice=(_("Choose the right relation on the customer; the choice is kept."),),
        fix=Fix.PARTY,
        label=(_("Choose the relation"),),
    ),
    "MND-655": Message(
        cause=(
            _("the direct-debit mandate of %(party)s cannot be used in %(tool)s"),
            _("the direct-debit mandate of the customer cannot be used in %(tool)s"),
        ),
        advice=(_("Let the mandate be completed in %(tool)s, then retry."),),
        ask=(_("Could you complete the mandate in %(tool)s?"),),
        fix=Fix.IN_TOOL,
        for_accountant=True,
        who="accountant",
    ),
}
