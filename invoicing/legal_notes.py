"""The sentences that the law wants on a document whose VAT is not charged, in the customer's language. Pure.

An entity's own sentence on its VAT rate goes before these.
Source: Directive 2006/112/EC, articles 44, 138, 141, 146, 194 to 196 and 226; Belgian VAT code, articles 21 and 25ter.
"""

from __future__ import annotations

from invoicing.issued import Issued, Rate

LANGUAGES = ("nl", "fr", "en")
# The code of the rate for triangular supplies (domain rules 4.2).
TRIANGULAR = "TR"
# The code of the rate for services to businesses outside the Union: not exported goods, but not subject to VAT here.
SERVICES_OUTSIDE = "EXD"

_NOTES = {
    "AE": {
        "nl": "Btw verlegd naar de afnemer.",
        "fr": "Autoliquidation de la TVA par le preneur.",
        "en": "Reverse charge: VAT is to be paid by the customer.",
    },
    "AE abroad": {
        "nl": "Btw verlegd naar de afnemer (artikel 196, Richtlijn 2006/112/EG).",
        "fr": "Autoliquidation de la TVA par le preneur (article 196, directive 2006/112/CE).",
        "en": "Reverse charge: VAT is to be paid by the customer (article 196, Directive 2006/112/EC).",
    },
    "K": {
        "nl": "Intracommunautaire levering, vrijgesteld van btw (artikel 138, Richtlijn 2006/112/EG).",
        "fr": "Livraison intracommunautaire exonérée de TVA (article 138, directive 2006/112/CE).",
        "en": "Intra-Community supply, exempt from VAT (article 138, Directive 2006/112/EC).",
    },
    # A triangular supply shares its category with any other supply to another member state; its own code tells it.
    "K triangular": {
        "nl": "Btw verlegd: driehoeksverkeer (artikel 25ter W.Btw, artikel 141 Richtlijn 2006/112/EG).",
        "fr": "Autoliquidation: opération triangulaire (article 25ter CTVA, article 141 directive 2006/112/CE).",
        "en": "Reverse charge: triangular supply (Article 141, Directive 2006/112/EC).",
    },
    "K triangular abroad": {
        "nl": "Btw verlegd: driehoeksverkeer (artikel 141, Richtlijn 2006/112/EG).",
        "fr": "Autoliquidation: opération triangulaire (article 141, directive 2006/112/CE).",
        "en": "Reverse charge: triangular supply (Article 141, Directive 2006/112/EC).",
    },
    "G": {
        "nl": "Uitvoer buiten de Europese Unie, vrijgesteld van btw (artikel 146, Richtlijn 2006/112/EG).",
        "fr": "Exportation hors de l’Union européenne, exonérée de TVA (article 146, directive 2006/112/CE).",
        "en": "Export outside the European Union, exempt from VAT (article 146, Directive 2006/112/EC).",
    },
    "E": {
        "nl": "Vrijgesteld van btw.",
        "fr": "Exonéré de TVA.",
        "en": "Exempt from VAT.",
    },
    # By its own code too: nought for this reason is not nought for any other.
    "O services": {
        "nl": "Niet onderworpen aan Belgische btw: dienst aan een onderneming buiten de Europese Unie (artikel 21, § 2, W.Btw, artikel 44 Richtlijn 2006/112/EG).",
        "fr": "Non soumis à la TVA belge: service à une entreprise hors de l’Union européenne (article 21, § 2, CTVA, article 44 directive 2006/112/CE).",
        "en": "Not subject to Belgian VAT: service to a business outside the European Union (Article 44, Directive 2006/112/EC).",
    },
    "O services abroad": {
        "nl": "Niet onderworpen aan btw: dienst aan een onderneming buiten de Europese Unie (artikel 44, Richtlijn 2006/112/EG).",
        "fr": "Non soumis à la TVA: service à une entreprise hors de l’Union européenne (article 44, directive 2006/112/CE).",
        "en": "Not subject to VAT: service to a business outside the European Union (Article 44, Directive 2006/112/EC).",
    },
    "O": {
        "nl": "Niet onderworpen aan btw.",
        "fr": "Non soumis à la TVA.",
        "en": "Not subject to VAT.",
    },
}


def language_of(issued: Issued) -> str:
    """The language of the document, English where we do not speak the customer's."""
    return issued.language if issued.language in LANGUAGES else "en"


def legal_note(rate: Rate, issued: Issued) -> str:
    """Return the sentence for one VAT rate; empty for rates that charge VAT and for the zero rate."""
    if rate.legal_note.strip():
        return " ".join(rate.legal_note.split())
    return _NOTES.get(_case(rate, issued), {}).get(language_of(issued), "")


def is_service_outside(category: str, code: str) -> bool:
    """Whether a VAT rate is that of services to businesses outside the Union."""
    return category == "O" and code.strip().upper() == SERVICES_OUTSIDE


def _case(rate: Rate, issued: Issued) -> str:
    if rate.category == "AE" and issued.buyer.country not in ("", issued.seller.country):
        return "AE abroad"
    if rate.category == "K" and rate.code.strip().upper() == TRIANGULAR:
        return "K triangular" if issued.seller.country == "BE" else "K triangular abroad"
    if is_service_outside(rate.category, rate.code):
        return "O services" if issued.seller.country == "BE" else "O services abroad"
    return rate.category


def legal_notes(issued: Issued) -> tuple[str, ...]:
    """Return each sentence that the document needs, once, in the order of its rates."""
    return tuple(dict.fromkeys(filter(None, (legal_note(total.rate, issued) for total in issued.rates))))
