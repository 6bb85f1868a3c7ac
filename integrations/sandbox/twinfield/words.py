"""The ways in which the service says no, in Dutch and English.

Dutch wordings marked `seen` stand in public reports; the others follow their pattern and are UNSURE, so no client may
rely on them.
"""

from __future__ import annotations

# (Dutch, English); {0}, {1} are filled in
TEXTS: dict[str, tuple[str, str]] = {
    "unbalanced": (  # seen
        "De boeking is niet in balans. Er ontbreekt {0} {1}.//De boeking balanceert niet in de basisvaluta. "
        "Er ontbreekt {0} {1}.",
        "The transaction is not in balance. {0} {1} is missing.//The transaction does not balance in the base "
        "currency. {0} {1} is missing.",
    ),
    "date_period": (  # seen
        "Datum {0} valt buiten de opgegeven periode ({1}).",
        "Date {0} is not within the given period ({1}).",
    ),
    "period_absent": (  # seen
        "De boeking kan niet gemaakt worden omdat periode {0} niet bestaat",
        "The transaction cannot be made because period {0} does not exist",
    ),
    "period_closed": ("Periode {0} is gesloten.", "Period {0} is closed."),
    "duplicate": ("Factuurnummer {0} komt reeds voor.", "Invoice number {0} already exists."),  # seen
    "mask": ("De code voldoet niet aan het formaat {0}.", "The code does not comply with the format {0}."),  # seen
    "no_free_code": (  # seen
        "Het is niet gelukt de eerste vrije code aan te maken die voldoet aan het formaat",
        "The first free code that complies with the format could not be created",
    ),
    "dimension_absent": ("Dimensie {0} bestaat niet.", "Dimension {0} does not exist."),  # seen
    "dimension_unknown": (  # seen
        "Dimensie {0} komt niet voor in administratie {1}.",
        "Dimension {0} does not exist in company {1}.",
    ),
    "dimension_inactive": ("Dimensie {0} is niet actief.", "Dimension {0} is not active."),
    "type_absent": ("Dimensietype {0} bestaat niet.", "Dimension type {0} does not exist."),  # seen
    "vat_unknown": ("Btw {0} bestaat niet of is (nog) niet actief.", "VAT {0} does not exist or is not (yet) active."),
    "vat_kind": ("Btw-code {0} is hier niet toegestaan.", "VAT code {0} is not allowed here."),
    "cost_centre": (  # seen
        "Grootboekrekening {0} vereist de specificatie van een relatie of kostenplaats",
        "General ledger account {0} requires a relation or cost centre to be specified",
    ),
    "ascription": ("Begunstigde is ongeldig.", "The account holder is invalid."),  # seen
    "ebilling": (  # seen
        "Als Elektronisch factureren is ingeschakeld, mag het e-mailadres niet leeg zijn",
        "If electronic invoicing is switched on, the e-mail address may not be empty",
    ),
    "no_name": ("Naam moet worden ingevuld", "Name must be filled in"),  # seen
    "read_only": ("Het element '{0}' mag niet worden aangeleverd.", "The element '{0}' may not be supplied."),  # seen
    "destiny": ("Incorrecte XML - de bestemming is ongeldig.", "Incorrect XML - the destiny is invalid."),  # seen
    "line_order": ("Incorrecte XML - de volgorde van de regels is ongeldig.", "Incorrect XML - invalid line order."),
    "element": ("Incorrecte XML - element {0} is ongeldig.", "Incorrect XML - element {0} is invalid."),
    "office_absent": ("De administratie bestaat niet.", "The company does not exist."),  # seen
    "office_closed": (  # seen
        "U hebt geen toegang tot deze administratie.",
        "You do not have access to this company.",
    ),
    "not_draft": ("De status van de boeking moet Concept zijn.", "The status of the transaction must be Draft."),
    "transaction_absent": ("De boeking bestaat niet.", "The transaction does not exist."),
    "daybook": ("Dagboek {0} bestaat niet.", "Transaction type {0} does not exist."),
    "currency": ("Valuta {0} bestaat niet.", "Currency {0} does not exist."),
    "field": ("Veld bestaat niet", "Field does not exist"),  # seen
    "list_type": ("Type niet geïmplementeerd", "Type not implemented"),  # seen
    "performance": (
        "Prestatiesoort moet worden ingevuld bij btw-code {0}.",
        "Performance type must be filled in with VAT code {0}.",
    ),
    "value": ("Waarde {0} is ongeldig.", "Value {0} is invalid."),
    "country": ("Land {0} bestaat niet.", "Country {0} does not exist."),
    "no_company": (  # seen
        "Toegang geweigerd. Company ontbreekt in request header.",
        "Access denied. Company is missing in request header.",
    ),
}


def say(language: str, text: str, *values: object) -> str:
    """Return a text in a language, filled in."""
    return TEXTS[text][0 if language == "nl" else 1].format(*values)
