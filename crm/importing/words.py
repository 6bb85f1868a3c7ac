"""What people read of refusals, of single rows and of values. Codes and values are stored; sentences are made here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from config.countries import LANGUAGES, country_name

from ..models import VatType
from .errors import ImportRefused
from .fields import COMPANY, label_of


def refusal_words(error: ImportRefused | Mapping[str, Any]) -> str:
    """Why a file was refused, and what to do: one or two sentences."""
    stored = error.as_json() if isinstance(error, ImportRefused) else error
    params = {key: _shown(value) for key, value in stored.get("params", {}).items()}
    reason = stored.get("reason", "")
    limits = {"mb": "", "rows": "", "columns": "", **params}
    if stored.get("code") == "IMP-301":
        first = {
            "bomb": _("The file unpacks to far more than it seems."),
            "rows": _("The file has too many rows."),
            "columns": _("The file has too many columns."),
        }.get(reason, _("The file is too large."))
        rest = _("At most %(mb)s MB, %(rows)s rows and %(columns)s columns are read; split it, and import the parts.")
        return f"{first} {rest % limits}"
    words = {
        "kind": _("This kind of file is not read. Save it as XLSX, XLS or CSV, and try again."),
        "broken": _("The file is damaged or is no spreadsheet. Open it, save it again as XLSX, and try again."),
        "macros": _("The file holds macros. Save it as XLSX without macros, and try again."),
        "password": _("The file is protected by a password. Save it without one, and try again."),
        "hostile": _(
            "The file defines things that no spreadsheet program writes. Save it again as XLSX, and try again."
        ),
        "encoding": _("The letters of the file cannot be read. Save it as XLSX, or as CSV UTF-8."),
        "other-letters": _("The file cannot be read with these letters. Choose others, or save it as XLSX."),
        "empty": _("The file is empty."),
        "only-headers": _("The file has headers and no rows below them."),
        "no-column": _("No column is chosen by which companies can be found. Choose at least the name."),
        "role-alone": _("A role is one at a company. Choose the column that names the company, or leave the role out."),
        "name-and-parts": _(
            "Name is the whole name, so it cannot be read beside first name or last name. Choose last name for that "
            "column, or leave one of them out."
        ),
        "no-criterion": _("Choose how rows find your companies."),
        "no-administration": _("Choose the administration that the external IDs belong to."),
        "failed": _("The import stopped by an error of this program. Nothing was written. Try again."),
    }
    if reason == "given-up":
        return _(
            "It was begun %(times)s times and did not come to its end. Nothing was written. Split the file and try "
            "again; if it stops once more, ask whoever runs this installation."
        ) % {"times": params.get("times", "")}
    if reason == "cell":
        return _(
            "A cell holds more than %(limit)s characters. A quotation mark that is never closed does that, too."
        ) % {"limit": params.get("limit", "")}
    if reason == "sheet":
        return _("The workbook has no sheet “%(sheet)s”.") % {"sheet": params.get("sheet", "")}
    if reason == "twice":
        return _("Two columns are chosen for %(field)s. Leave one of them out.") % {
            "field": label_of(params.get("field", ""))
        }
    if stored.get("code") == "IMP-309":
        return _("This import can no longer be undone: %(days)s days have passed.") % {"days": params.get("days", "")}
    return words.get(reason, words["broken"])


def note_words(note: Mapping[str, Any]) -> str:
    """What is to be said of one row."""
    params = dict(note.get("params", {}))
    reason = note.get("reason", "")
    if reason in ("company-unknown", "company-several"):
        return _company_words(reason, params)
    if note.get("code") == "IMP-307":
        return _value_words(params)
    if reason == "several":
        return ngettext("fits %(count)d of yours", "fits %(count)d of yours", params["count"]) % params
    if reason == "same-party":
        rows = ", ".join(str(row) for row in params["rows"])
        return _("rows %(rows)s find the same company") % {"rows": rows}
    if reason == "row-twice":
        return _("the same as row %(row)s of the file, which is added") % params
    if reason == "kept-changed":
        fields = ", ".join(label_of(key) for key in params["fields"])
        return (_("kept: changed since (%(fields)s)") % {"fields": fields}) if fields else _("kept: changed since")
    if reason == "vat-country":
        params["country"] = country_name(params["country"])
    texts = {
        "vat-country": _("VAT number %(number)s does not fit the country, %(country)s"),
        "left-out": _("left out by you"),
        "binned": _("%(party)s in the recycle bin fits; restore it there to have it back instead"),
        "taken": _("external ID %(number)s is already used by %(party)s"),
        "number-twice": _("external ID %(number)s stands in several rows"),
        "number-unknown": _(
            "%(administration)s has no relation with number %(number)s, as far as it was read. "
            "If it was made there just now, import the relations and try again."
        ),
        "number-several": _("%(administration)s has several relations with number %(number)s"),
        "no-name": _("the name is missing"),
        "kept-gone": _("kept: it is in the recycle bin or was merged"),
        "kept-used": _("kept: documents, contacts or merges point to it"),
        "kept-number-taken": _("kept: its former external ID is used by another one now"),
    }
    words = texts.get(reason, "")
    return words % {**{"party": "", "number": "", "administration": "", "country": ""}, **params} if words else ""


def _company_words(reason: str, params: Mapping[str, Any]) -> str:
    values = {**params, "field": label_of(params["field"])}
    if reason == "company-unknown":
        return _("%(field)s: “%(value)s” is none of your companies; import or add the company first") % values
    words = ngettext(
        "%(field)s: “%(value)s” fits %(count)d of your companies",
        "%(field)s: “%(value)s” fits %(count)d of your companies",
        params["count"],
    )
    if params["field"] == COMPANY:
        return f"{words % values}; " + _("tell it by its VAT number")
    return f"{words % values}; " + _("merge them, or tell it by its external ID")


def _value_words(params: Mapping[str, Any]) -> str:
    kinds = {
        "vat-number": _("a valid VAT number"),
        "enterprise-number": _("a valid enterprise number"),
        "country": _("a country"),
        "language": _("one of the languages nl, fr, en, de"),
        "email": _("an e-mail address"),
        "website": _("a web address"),
        "iban": _("a valid IBAN"),
        "bic": _("a valid BIC"),
        "yes-no": _("yes or no (1 or 0)"),
        "vat-type": _("a VAT type"),
        "payment-term": _("one of your payment terms"),
    }
    values = {
        "field": label_of(params.get("field", "")),
        "value": params.get("value", ""),
        "kind": kinds.get(params.get("kind", ""), ""),
    }
    if params.get("kind") == "too-long":
        return _("%(field)s is longer than %(limit)s characters") % {**values, "limit": params.get("limit", "")}
    return _("%(field)s: “%(value)s” is not %(kind)s") % values


def shown_value(key: str, value: Any, terms: Mapping[int, str]) -> str:
    """A value as people read it; empty stays empty. `terms`: the names of payment terms by key."""
    if value in ("", None, []):
        return ""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, list):
        return ", ".join(str(part) for part in value)
    if key in ("payment_term", "payment_term_id"):
        return terms.get(value, "")
    if key == "vat_type":
        return str(dict(VatType.choices).get(value, value))
    if key == "country":
        return country_name(value)
    if key == "language":
        return str(dict(LANGUAGES).get(value, value))
    return str(value)


def _shown(value: Any) -> Any:
    from config.figures import number

    return number(value) if isinstance(value, int) else value
