"""Data of parties and documents, found before anything is sent: APP-201 to APP-223."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from .texts import Effect, Fix, Message

_VAT_NUMBER_ADVICE = (
    _("Correct it on the customer. Expected: %(pattern)s."),
    _("Correct it on the customer; the next sync goes on."),
)

INVALID_VAT_NUMBER = Message(
    cause=(
        _("VAT number %(vat_number)s of %(party)s is not valid"),
        _("the VAT number of %(party)s is not valid"),
        _("the VAT number of the customer is not valid"),
    ),
    advice=_VAT_NUMBER_ADVICE,
    fix=Fix.PARTY,
    label=(_("Correct the VAT number"),),
)

MESSAGES: dict[str, Message] = {
    "APP-201": INVALID_VAT_NUMBER,
    "APP-202": Message(
        effect=Effect.REMARK,
        cause=(
            _("%(party)s is VAT liable but has no VAT number"),
            _("the customer is VAT liable but has no VAT number"),
        ),
        advice=(_("Fill it in on the customer, or change the VAT type."),),
        fix=Fix.PARTY,
        label=(_("Fill in the VAT number"),),
    ),
    "APP-203": Message(
        cause=(_("%(party)s has no valid country"), _("the customer has no valid country")),
        advice=(_("Choose the country on the customer; the next sync goes on."),),
        fix=Fix.PARTY,
        label=(_("Choose the country"),),
    ),
    "APP-204": Message(
        cause=(
            _("%(field)s is missing for %(party)s"),
            _("the name or a part of the address of %(party)s is missing"),
            _("the name or a part of the address of the customer is missing"),
        ),
        advice=(_("Fill it in on the customer; the next sync goes on."),),
        fix=Fix.PARTY,
    ),
    "APP-205": Message(
        cause=(
            _("%(tool)s does not accept e-mail address %(email)s of %(party)s"),
            _("%(tool)s does not accept the e-mail address of %(party)s"),
            _("%(tool)s does not accept the e-mail address of the customer"),
        ),
        advice=(_("Correct it on the customer: one address, without blanks."),),
        fix=Fix.PARTY,
        label=(_("Correct the e-mail address"),),
    ),
    "APP-206": Message(
        effect=Effect.REMARK,
        cause=(
            _("the name of %(party)s is cut to %(limit)s characters for %(tool)s"),
            _("the name of %(party)s is too long for %(tool)s and is cut there"),
            _("the name of the customer is too long for %(tool)s and is cut there"),
        ),
        advice=(_("Shorten the name on the customer if it should read otherwise there."),),
        fix=Fix.PARTY,
        who="nobody",
    ),
    "APP-207": Message(
        cause=(_("it is a draft"),),
        headline=(_("still a draft"),),
        advice=(_("Book it; it goes with the next sync."),),
        fix=Fix.DOCUMENT,
    ),
    "APP-208": Message(
        cause=(_("it has no lines, or its total is zero"),),
        headline=(_("nothing to book: no lines, or a total of zero"),),
        advice=(_("Exclude the document; there is nothing to post."),),
        fix=Fix.DOCUMENT,
    ),
    "APP-209": Message(
        cause=(
            _("its total of %(ours)s differs by %(difference)s from the sum per VAT rate, %(sum)s"),
            _("its total differs from the sum per VAT rate"),
        ),
        headline=(
            _("a total differs by %(difference)s from the sum per VAT rate"),
            _("a total differs from the sum per VAT rate"),
        ),
        advice=(_("Credit the document and make a new one. Tell whoever runs this program: it should not happen."),),
        fix=Fix.DOCUMENT,
        cases={
            "side=purchase": Message(
                cause=(
                    _("its total of %(ours)s differs by %(difference)s from the sum per VAT rate, %(sum)s"),
                    _("its total differs from the sum per VAT rate"),
                ),
                headline=(
                    _("a supplier's total differs by %(difference)s from the sum per VAT rate"),
                    _("a supplier's total differs from the sum per VAT rate"),
                ),
                advice=(
                    _(
                        "Take the approval back, refuse it and ask the supplier for a corrected one; or send it to the"
                        " bookkeeping by e-mail, on its page."
                    ),
                ),
                fix=Fix.DOCUMENT,
            ),
            "theirs": Message(
                effect=Effect.ALONE,
                cause=(
                    _("%(document)s stands in %(tool)s with another amount: %(what)s %(theirs)s there, %(ours)s here"),
                    _("a document stands in %(tool)s with another amount: %(what)s %(theirs)s there, %(ours)s here"),
                    _("a document stands in %(tool)s with another amount"),
                ),
                headline=(_("another amount in %(tool)s"),),
                advice=(
                    _("Let the entry in %(tool)s be corrected, or credit the document here. It is not sent again."),
                ),
                ask=(_("Could you correct the entry in %(tool)s, or tell us to credit the document?"),),
                fix=Fix.DOCUMENT,
                for_accountant=True,
                who="accountant",
            ),
        },
    ),
    "APP-210": Message(
        cause=(
            _("currency %(currency)s is not active in this administration of %(tool)s"),
            _("the currency or the exchange rate is not accepted in this administration of %(tool)s"),
        ),
        advice=(_("Activate the currency in %(tool)s, or exclude the document."),),
        ask=(_("Could you activate the currency in %(tool)s?"),),
        fix=Fix.IN_TOOL,
        for_accountant=True,
        who="accountant",
        cases={
            "missing=rate": Message(
                cause=(
                    _("it is in %(currency)s and has no exchange rate"),
                    _("it is in a foreign currency and has no exchange rate"),
                ),
                headline=(_("no exchange rate for %(currency)s"), _("no exchange rate")),
                advice=(_("Credit the document and make a new one with the exchange rate of its date."),),
                fix=Fix.DOCUMENT,
            ),
            "missing=rate-of-purchase": Message(
                cause=(
                    _("it is in %(currency)s and has no exchange rate"),
                    _("it is in a foreign currency and has no exchange rate"),
                ),
                headline=(_("no exchange rate for %(currency)s"), _("no exchange rate")),
                advice=(_("Enter the exchange rate on the expense; the next sync goes on."),),
                fix=Fix.DOCUMENT,
                label=(_("Enter the exchange rate"),),
            ),
        },
    ),
    "APP-211": Message(
        effect=Effect.ALONE,
        cause=(
            _("%(document)s and %(other)s have the same booking number in %(tool)s"),
            _("two documents have the same booking number in %(tool)s"),
        ),
        advice=(_("Look in %(tool)s which of them was deleted, and send that one again."),),
        fix=Fix.DOCUMENT,
    ),
    "APP-212": Message(
        effect=Effect.ALONE,
        cause=(
            _("%(document)s stands in %(tool)s as %(number)s and can no longer be changed"),
            _("%(document)s stands in %(tool)s and can no longer be changed"),
            _("the document stands in %(tool)s and can no longer be changed"),
        ),
        advice=(_("Make a credit note instead."),),
        fix=Fix.DOCUMENT,
    ),
    "APP-213": Message(
        effect=Effect.ALONE,
        cause=(_("a credit note needs the invoice that it corrects"),),
        advice=(_("Make the credit note from its invoice."),),
        fix=Fix.DOCUMENT,
    ),
    "APP-214": Message(
        cause=(_("it is not approved yet"),),
        headline=(_("not approved yet"),),
        advice=(_("Approve it; it goes with the next sync."),),
        fix=Fix.DOCUMENT,
        label=(_("Open for approval"),),
    ),
    "APP-215": Message(
        cause=(_("it did not come through Peppol"),),
        headline=(_("not received through Peppol"),),
        advice=(_("Use Send to bookkeeping for this document."),),
        fix=Fix.DOCUMENT,
    ),
    "APP-216": Message(
        cause=(_("no supplier is chosen"),),
        advice=(_("Choose the supplier on the expense."),),
        fix=Fix.DOCUMENT,
        label=(_("Choose the supplier"),),
    ),
    "APP-217": Message(
        cause=(_("the supplier's invoice number is missing"),),
        advice=(_("Ask the supplier for a right one, or send it to the bookkeeping by e-mail, on its page."),),
        fix=Fix.DOCUMENT,
    ),
    "APP-218": Message(
        effect=Effect.REMARK,
        party_is_customer=False,
        cause=(
            _("the customer was merged into %(party)s, which is used now"),
            _("the customer was merged; the remaining one is used now"),
        ),
        who="nobody",
    ),
    "APP-219": Message(
        cause=(
            _("more than one relation in %(tool)s fits %(party)s (%(relations)s)"),
            _("more than one relation in %(tool)s fits %(party)s"),
            _("more than one relation in %(tool)s fits the customer"),
        ),
        headline=(
            _("more than one relation in %(tool)s fits %(party)s"),
            _("more than one relation in %(tool)s fits the customer"),
        ),
        advice=(_("Choose the right one on the customer; the choice is kept."),),
        fix=Fix.PARTY,
        label=(_("Choose the relation"),),
    ),
    "APP-220": Message(
        effect=Effect.ALONE,
        cause=(_("nothing has changed since the last sync"),),
        advice=(_("If you expected documents, check the start date and the journals of the connection."),),
        who="nobody",
    ),
    "APP-221": Message(
        effect=Effect.ALONE,
        cause=(
            _("%(entity)s has no bookkeeping e-mail address yet"),
            _("no bookkeeping e-mail address is set yet"),
        ),
        advice=(_("Set it on the entity, then send the document again."),),
    ),
    "APP-222": Message(
        effect=Effect.ALONE,
        cause=(
            _("the bookkeeping mailbox did not accept %(document_lower)s"),
            _("the bookkeeping mailbox did not accept a message"),
        ),
        advice=(_("Let our sender address be allowed in %(tool)s, then send the document again."),),
        ask=(_("Could you allow our sender address in %(tool)s?"),),
        fix=Fix.IN_TOOL,
        for_accountant=True,
    ),
    "APP-223": Message(
        cause=(
            _("it went to the bookkeeping by e-mail on %(date)s, so it may be booked already"),
            _("it went to the bookkeeping by e-mail, so it may be booked already"),
        ),
        headline=(_("went to the bookkeeping by e-mail"),),
        advice=(_("Exclude it, or send it all the same if nobody booked the e-mail."),),
        fix=Fix.DOCUMENT,
    ),
}
