"""Periods, journals and numbers: PER, JRN and NUM."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from . import menus
from .texts import Effect, Fix, Message

_CLOSED = Message(
    cause=(_("period %(period)s is closed in %(tool)s"), _("the period is closed in %(tool)s")),
    advice=(
        _("Reopen the period in %(tool)s under %(menu)s, or ask your accountant; the next sync goes on."),
        _("Ask your accountant to reopen the period in %(tool)s; the next sync goes on."),
    ),
    ask=(_("Could you reopen the period in %(tool)s, or tell us which date to use?"),),
    fix=Fix.IN_TOOL,
    for_accountant=True,
    who="accountant",
    menu=menus.PERIODS,
    cases={
        # The period is open, its sales journal is not.
        "journal": Message(
            cause=(
                _("period %(period)s is closed for journal %(journal)s in %(tool)s"),
                _("the period is closed for journal %(journal)s in %(tool)s"),
            ),
            advice=(
                _("Reopen it in %(tool)s under %(menu)s, or ask your accountant; the next sync goes on."),
                _("Ask your accountant to reopen the period in %(tool)s; the next sync goes on."),
            ),
            ask=(_("Could you reopen the period in %(tool)s, or tell us which date to use?"),),
            fix=Fix.IN_TOOL,
            for_accountant=True,
            who="accountant",
            menu=menus.PERIODS,
        )
    },
)

_NO_YEAR = Message(
    cause=(
        _("%(tool)s has no fiscal year that contains %(date)s"),
        _("a fiscal year is missing in %(tool)s"),
    ),
    advice=(
        _("Create the year in %(tool)s under %(menu)s, or ask your accountant; the next sync goes on."),
        _("Create the year in %(tool)s, or ask your accountant; the next sync goes on."),
    ),
    ask=(_("Could you create the fiscal year in %(tool)s?"),),
    fix=Fix.IN_TOOL,
    for_accountant=True,
    who="accountant",
    menu=menus.FISCAL_YEARS,
)

_NUMBER_IN_BOOKS = Message(
    cause=(
        _("number %(reference)s already stands in journal %(journal)s of %(tool)s, as entry %(number)s"),
        _("number %(reference)s already stands in %(tool)s, as entry %(number)s"),
        _("number %(reference)s is already used in %(tool)s"),
        _("the number is already used in %(tool)s"),
    ),
    headline=(
        _("number %(reference)s is already used in %(tool)s"),
        _("the number is already used in %(tool)s"),
    ),
    advice=(_("Compare both. Link to the existing entry if it is this document, else mark it as another one."),),
    fix=Fix.POSTING,
    cases={
        "differences": Message(
            effect=Effect.ALONE,
            cause=(
                _("%(document)s may stand in %(tool)s as entry %(number)s, but something differs: %(differences)s"),
                _("%(document)s may stand in %(tool)s, but something differs: %(differences)s"),
                _("a document may stand in %(tool)s, but something differs: %(differences)s"),
            ),
            headline=(_("an entry in %(tool)s is not quite the same"),),
            advice=(_("Compare both. Link to the existing entry if it is this document, else delete it in %(tool)s."),),
            fix=Fix.POSTING,
        ),
        "equal": Message(
            effect=Effect.ALONE,
            cause=(
                _("%(document)s stands more than once in %(tool)s"),
                _("a document stands more than once in %(tool)s"),
            ),
            advice=(_("Delete the superfluous entries in %(tool)s. Then link to the one that stays."),),
            fix=Fix.POSTING,
        ),
    },
)

MESSAGES: dict[str, Message] = {
    "PER-501": _CLOSED,
    "PER-502": _CLOSED,
    "PER-503": _NO_YEAR,
    "PER-504": Message(
        cause=(
            _("period %(period)s does not exist or is closed in %(tool)s"),
            _("the period does not exist or is closed in %(tool)s"),
        ),
        advice=(
            _("Open the period in %(tool)s under %(menu)s, or ask your accountant; the next sync goes on."),
            _("Ask your accountant to open the period in %(tool)s; the next sync goes on."),
        ),
        ask=(_("Could you open the period in %(tool)s?"),),
        fix=Fix.IN_TOOL,
        for_accountant=True,
        who="accountant",
        menu=menus.PERIODS,
    ),
    "PER-505": Message(
        cause=(_("period %(period)s is locked in %(tool)s"), _("the period is locked in %(tool)s")),
        advice=(_("Ask your accountant; the VAT return of the period may have been filed."),),
        ask=(_("Could you unlock the period in %(tool)s, or tell us which date to use?"),),
        fix=Fix.IN_TOOL,
        for_accountant=True,
        who="accountant",
    ),
    "PER-506": _NO_YEAR,
    "JRN-510": Message(
        cause=(
            _("journal %(journal)s of %(tool)s has the wrong type"),
            _("the journal chosen has the wrong type in %(tool)s"),
        ),
        advice=(
            _("Change its entry type in %(tool)s under %(menu)s, or choose another journal here."),
            _("Change its entry type in %(tool)s, or choose another journal here."),
        ),
        fix=Fix.JOURNALS,
        menu=menus.JOURNALS,
    ),
    "JRN-511": Message(
        cause=(
            _("journal %(journal)s of %(tool)s does not accept this kind of document"),
            _("the journal chosen does not accept this kind of document in %(tool)s"),
        ),
        advice=(
            _("Choose another journal on the connection, or check this one in %(tool)s under %(menu)s."),
            _("Choose another journal on the connection, or check this one in %(tool)s."),
        ),
        fix=Fix.JOURNALS,
        menu=menus.JOURNALS,
    ),
    "JRN-512": Message(
        cause=(_("%(tool)s asks for a journal, and none is chosen"),),
        advice=(_("Choose the journals on the connection; the next sync goes on."),),
        fix=Fix.JOURNALS,
    ),
    "JRN-513": Message(
        cause=(
            _("journal %(journal)s is in use in %(tool)s"),
            _("the journal is in use in %(tool)s"),
        ),
        advice=(
            _("Close it there, or choose %(menu)s; we try again by ourselves."),
            _("Close it there; we try again by ourselves."),
        ),
        ask=(_("Could you close the journal in %(tool)s, so that it is free?"),),
        fix=Fix.IN_TOOL,
        for_accountant=True,
        menu=menus.RELEASE_JOURNAL,
    ),
    "JRN-514": Message(
        cause=(
            _("the receivables account of %(party)s differs from that of the sales journal in %(tool)s"),
            _("the receivables account of the customer differs from that of the sales journal in %(tool)s"),
        ),
        advice=(_("Let one of the two accounts be corrected in %(tool)s, then retry."),),
        ask=(_("Could you give both the same receivables account in %(tool)s?"),),
        fix=Fix.IN_TOOL,
        for_accountant=True,
        who="accountant",
    ),
    "NUM-520": _NUMBER_IN_BOOKS,
    "NUM-521": _NUMBER_IN_BOOKS,
    "NUM-522": _NUMBER_IN_BOOKS,
    "NUM-523": Message(
        effect=Effect.ALONE,
        cause=(_("%(document)s stands twice in %(tool)s"), _("a document stands twice in %(tool)s")),
        advice=(_("Delete the entry made by hand in %(tool)s. Then link to the one that stays."),),
        fix=Fix.POSTING,
    ),
    "NUM-524": Message(
        cause=(
            _("it is not clear yet whether a document was booked in journal %(journal)s of %(tool)s"),
            _("it is not clear yet whether a document was booked in %(tool)s"),
        ),
        advice=(_("Nothing more goes to that journal until it is; the next sync looks again."),),
    ),
}
