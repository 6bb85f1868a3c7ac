"""Import and merge: IMP and MRG."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from .texts import Effect, Fix, Message

MESSAGES: dict[str, Message] = {
    "IMP-301": Message(
        effect=Effect.ALONE,
        cause=(
            _("the file is too large: at most %(mb)s MB, %(rows)s rows and %(columns)s columns"),
            _("the file is too large"),
        ),
        advice=(_("Split it, and import the parts one after the other."),),
    ),
    "IMP-302": Message(
        effect=Effect.ALONE,
        cause=(_("this kind of file cannot be read"),),
        advice=(_("Save it as XLSX, XLS or CSV, and try again."),),
    ),
    "IMP-303": Message(
        effect=Effect.ALONE,
        cause=(_("no column is chosen for the name"),),
        advice=(_("Choose the column that holds the name."),),
    ),
    "IMP-304": Message(
        effect=Effect.ALONE,
        cause=(
            _("%(criterion)s is empty in %(rows)s rows"),
            _("the value to compare by is empty in many rows"),
        ),
        advice=(_("Choose another rule to find existing companies."),),
    ),
    "IMP-305": Message(
        effect=Effect.ALONE,
        cause=(_("some rows fit more than one company"),),
        advice=(_("Decide for each of these rows."),),
    ),
    "IMP-306": Message(
        party_is_customer=False,
        cause=(
            _("number %(external)s of %(tool)s is already linked to %(party)s"),
            _("number %(external)s of %(tool)s is already linked to another customer"),
            _("the relation in %(tool)s is already linked to %(party)s"),
            _("the relation in %(tool)s is already linked to another customer"),
        ),
        headline=(
            _("a relation in %(tool)s is already linked to %(party)s"),
            _("a relation in %(tool)s is already linked to another customer"),
        ),
        advice=(_("Merge the two customers if they are the same; else give each a relation of its own."),),
        fix=Fix.PARTY,
    ),
    "IMP-307": Message(
        effect=Effect.ALONE,
        cause=(
            _("row %(row)s: “%(value)s” is not a valid value"),
            _("a row holds a value that is not valid"),
        ),
        advice=(_("Write dates as 2026-11-17, and yes or no as 1 or 0."),),
    ),
    "IMP-308": Message(
        effect=Effect.ALONE,
        cause=(_("the import is already running"),),
        advice=(_("Wait until it has finished; nothing is imported twice."),),
        who="nobody",
    ),
    "IMP-309": Message(
        effect=Effect.ALONE,
        cause=(_("this import can no longer be undone"),),
        advice=(_("Select the companies in the list and delete them there."),),
    ),
    "MRG-310": Message(
        effect=Effect.ALONE,
        cause=(_("both have a number in %(tool)s"),),
        advice=(_("Choose which one stays; the other remains known for older entries."),),
    ),
    "MRG-311": Message(
        effect=Effect.ALONE,
        cause=(_("only two companies or two contacts can be merged"),),
        advice=(_("Choose two of the same kind."),),
    ),
    "MRG-312": Message(
        effect=Effect.ALONE,
        cause=(_("some companies have invoices and were kept"),),
        advice=(_("Merge them into another company to have one less."),),
    ),
}
