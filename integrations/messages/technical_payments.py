"""Limits, outages, payments, Peppol and what nobody knows: SYS, PAY, PEP and ALL."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from . import menus
from .texts import Effect, Fix, Message

_GOES_ON = (
    _("The sync goes on by itself at %(until)s; nothing is lost."),
    _("The sync goes on by itself; nothing is lost."),
)
_LOOKS_FIRST = (
    _("We check first whether the booking arrived. Next look at %(until)s."),
    _("We check first whether the booking arrived; nothing is sent twice."),
)

UNKNOWN = Message(
    effect=Effect.REFUSED,
    cause=(_("“%(text)s”"), _("the reason is not known")),
    headline=(_("%(tool)s answered: “%(text)s”"), _("%(tool)s refused something for an unknown reason")),
    advice=(_("Look at the technical details. Copy them for your accountant if the words do not help."),),
    ask=(_("Could you tell us what %(tool)s means by this?"),),
    fix=Fix.IN_TOOL,
    for_accountant=True,
    cases={
        # Not the tool: our own program stumbled.
        "cause=crash": Message(
            effect=Effect.STOPPED,
            cause=(_("an error in this program"),),
            headline=(_("the sync stopped because of an error in this program"),),
            advice=(
                _("Start it again; what was sent is checked first. If it stops again, tell whoever runs this program."),
            ),
        )
    },
)

MESSAGES: dict[str, Message] = {
    "SYS-701": Message(
        effect=Effect.ALONE,
        cause=(_("%(tool)s allows no more calls for now"),),
        advice=_GOES_ON,
        who="nobody",
        cases={
            "scope=day": Message(
                effect=Effect.ALONE,
                cause=(
                    _("the %(limit)s calls that %(tool)s allows per day are used up"),
                    _("the calls that %(tool)s allows per day are used up"),
                ),
                advice=_GOES_ON,
                who="nobody",
            )
        },
    ),
    "SYS-702": Message(
        effect=Effect.ALONE,
        cause=(_("the calls that %(tool)s allows per day are used up"),),
        advice=(
            _("The sync goes on by itself at %(until)s; nothing is lost."),
            _("The sync goes on by itself tomorrow; nothing is lost."),
        ),
        who="nobody",
    ),
    "SYS-703": Message(
        effect=Effect.ALONE,
        cause=(_("%(tool)s did not answer for %(document_lower)s"), _("%(tool)s did not answer")),
        headline=(_("%(tool)s did not answer"),),
        advice=_LOOKS_FIRST,
        who="nobody",
        cases={
            # No look will tell more than that.
            "seen=nowhere": Message(
                effect=Effect.ALONE,
                cause=(
                    _("%(tool)s did not answer for %(document_lower)s and does not show it anywhere"),
                    _("%(tool)s did not answer for a document and does not show it anywhere"),
                ),
                headline=(_("%(tool)s did not answer and does not show it"),),
                advice=(
                    _(
                        "Look for its file in %(tool)s. If it is there, link it by the file's name; if not, send it again."
                    ),
                ),
                fix=Fix.POSTING,
            ),
            # The tool said that it booked it, and what it booked was not to be seen any more.
            "taken=missing": Message(
                effect=Effect.ALONE,
                cause=(
                    _("%(tool)s took %(document_lower)s and does not show it in its books"),
                    _("%(tool)s took a document and does not show it in its books"),
                ),
                headline=(_("%(tool)s took it and does not show it"),),
                advice=(
                    _("Look for it in %(tool)s; somebody may have deleted it there. It is not sent again by itself."),
                ),
                fix=Fix.POSTING,
            ),
            "taken=yes": Message(
                effect=Effect.ALONE,
                cause=(
                    _("%(tool)s took %(document_lower)s and is processing it"),
                    _("%(tool)s took it and is processing it"),
                ),
                headline=(_("%(tool)s is processing it"),),
                advice=(
                    _("Next look at what was booked: %(until)s. Nothing is sent twice."),
                    _("The sync looks by itself at what was booked; nothing is sent twice."),
                ),
                who="nobody",
            ),
            "early=yes": Message(
                effect=Effect.ALONE,
                cause=(
                    _("%(tool)s did not answer for %(document_lower)s, and may still be processing it"),
                    _("%(tool)s did not answer, and may still be processing it"),
                ),
                headline=(_("%(tool)s may still be processing it"),),
                advice=_LOOKS_FIRST,
                who="nobody",
            ),
            "unproven": Message(
                effect=Effect.ALONE,
                cause=(
                    _("we cannot see whether %(document_lower)s arrived in %(tool)s: a right is missing"),
                    _("we cannot see whether a booking arrived in %(tool)s: a right is missing"),
                ),
                headline=(_("a right to see the entries is missing in %(tool)s"),),
                advice=(_("Ask your accountant to let the user see sales entries; until then it is not sent again."),),
                ask=(_("Could you let the user see sales entries in %(tool)s?"),),
                fix=Fix.IN_TOOL,
                for_accountant=True,
                who="accountant",
            ),
            "reason": Message(
                effect=Effect.ALONE,
                cause=(
                    _("we cannot tell whether %(document_lower)s arrived in %(tool)s"),
                    _("we cannot tell whether a booking arrived in %(tool)s"),
                ),
                advice=(_("Look for it in %(tool)s. It is not sent again before that is known."),),
                fix=Fix.POSTING,
            ),
            # Not one document: the tool was silent during a whole run.
            "whole=connection": Message(
                effect=Effect.ALONE,
                cause=(_("%(tool)s does not answer"),),
                advice=(_("Start the sync again later; nothing is lost. What was on its way is checked first."),),
            ),
        },
    ),
    "SYS-704": Message(
        effect=Effect.ALONE,
        cause=(
            _("%(tool)s gave an unexpected answer for %(document_lower)s"),
            _("%(tool)s gave an unexpected answer"),
        ),
        headline=(_("%(tool)s gave an unexpected answer"),),
        advice=(_("Send the technical details to whoever runs this program."),),
        cases={
            "what": Message(
                effect=Effect.ALONE,
                cause=(
                    _("%(document)s stands in %(tool)s with other data than we sent: %(what)s"),
                    _("a document stands in %(tool)s with other data than we sent: %(what)s"),
                ),
                headline=(_("other data in %(tool)s than we sent"),),
                advice=(_("Compare both, and let the entry in %(tool)s be corrected. It is not sent again."),),
                ask=(_("Could you compare both, and correct the entry in %(tool)s?"),),
                fix=Fix.DOCUMENT,
                for_accountant=True,
                who="accountant",
            )
        },
    ),
    "SYS-705": Message(
        effect=Effect.ALONE,
        cause=(_("the sync stopped halfway"),),
        advice=(_("The remaining documents follow in the next sync."),),
        who="nobody",
        cases={
            # A document was on its way when it stopped.
            "unclear=yes": Message(
                effect=Effect.ALONE,
                cause=(
                    _("the sync stopped while %(document_lower)s was being sent"),
                    _("the sync stopped while a document was being sent"),
                ),
                advice=_LOOKS_FIRST,
                who="nobody",
            )
        },
    ),
    "SYS-706": Message(
        cause=(_("%(tool)s did not accept the file: “%(text)s”"), _("%(tool)s did not accept the file")),
        advice=(_("Nothing was booked. Send the technical details to whoever runs this program."),),
    ),
    "SYS-707": UNKNOWN,
    "SYS-708": Message(
        effect=Effect.REMARK,
        cause=(
            _("posted, but the file was not attached: “%(text)s”"),
            _("posted, but the file was not attached"),
        ),
        headline=(_("posted without the file"),),
        advice=(_("Add the file in %(tool)s by hand; the booking itself is complete."),),
    ),
    "SYS-709": Message(
        effect=Effect.ALONE,
        cause=(_("too many calls to %(tool)s were refused within an hour, so we pause before it blocks us"),),
        headline=(_("paused after too many refused calls to %(tool)s"),),
        advice=(
            _("Solve the other issues first. The sync goes on by itself at %(until)s."),
            _("Solve the other issues first. The sync goes on by itself in about an hour."),
        ),
    ),
    "PAY-720": Message(
        effect=Effect.REMARK,
        cause=(
            _("partly paid in %(tool)s: %(paid)s of %(total)s"),
            _("partly paid in %(tool)s"),
        ),
        advice=(_("It stays open until the rest is settled in %(tool)s."),),
        who="nobody",
    ),
    "PAY-721": Message(
        effect=Effect.ALONE,
        cause=(
            _("%(document)s is marked paid here but is open in %(tool)s"),
            _("a document is marked paid here but is open in %(tool)s"),
        ),
        headline=(_("paid here, open in %(tool)s"),),
        advice=(
            _("Match the payment in %(tool)s under %(menu)s, or take back here that it is paid."),
            _("Match the payment in %(tool)s, or take back here that it is paid."),
        ),
        fix=Fix.DOCUMENT,
        menu=menus.OPEN_ITEMS,
    ),
    "PAY-725": Message(
        effect=Effect.ALONE,
        cause=(
            _("%(document)s is no longer open in %(tool)s, and nothing there says that it was paid"),
            _("a document is no longer open in %(tool)s, and nothing there says that it was paid"),
        ),
        headline=(_("not open in %(tool)s, and not paid there either"),),
        advice=(_("Look in %(tool)s what became of it. If it was paid, mark it paid here."),),
        fix=Fix.DOCUMENT,
        menu=menus.OPEN_ITEMS,
    ),
    "PAY-722": Message(
        effect=Effect.ALONE,
        cause=(
            _("entry %(number)s of %(document_lower)s was deleted in %(tool)s"),
            _("the entry of %(document_lower)s was deleted in %(tool)s"),
            _("an entry of ours was deleted in %(tool)s"),
        ),
        headline=(_("deleted in %(tool)s"),),
        advice=(_("Send the document again, or exclude it."),),
        fix=Fix.DOCUMENT,
        label=(_("Send again or exclude"),),
    ),
    "PAY-723": Message(
        effect=Effect.REMARK,
        cause=(
            _("the invoice amount is paid; %(open)s of costs are still open"),
            _("the invoice amount is paid; costs are still open"),
        ),
        who="nobody",
    ),
    "PAY-724": Message(
        effect=Effect.REMARK,
        cause=(_("a payment is not matched in %(tool)s"),),
        advice=(_("Match it in %(tool)s under %(menu)s."), _("Match it in %(tool)s.")),
        ask=(_("Could you match the payment in %(tool)s?"),),
        fix=Fix.IN_TOOL,
        for_accountant=True,
        who="accountant",
        menu=menus.OPEN_ITEMS,
    ),
    "PEP-730": Message(
        effect=Effect.REMARK,
        cause=(_("%(party)s was not found on Peppol"), _("the customer was not found on Peppol")),
        advice=(_("Send the document by e-mail."),),
        fix=Fix.DOCUMENT,
    ),
    "PEP-731": Message(
        effect=Effect.REMARK,
        cause=(_("it was already sent through Peppol, which is possible only once"),),
        advice=(_("Make a credit note and a new invoice."),),
        fix=Fix.DOCUMENT,
    ),
    "PEP-732": Message(
        effect=Effect.REMARK,
        cause=(_("the receiver rejected it: “%(text)s”"), _("the receiver rejected it")),
        advice=(_("Correct it with a credit note and a new invoice, and send that."),),
        fix=Fix.DOCUMENT,
    ),
    "ALL-999": UNKNOWN,
}
